"""Progress on standard error: a moving line on a terminal, a line a step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from graph.build import Progress


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """Give a function that shows what is being done and how many triples have been taken so far."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _plain(console)
        return
    with console.status("") as status:
        yield lambda step, taken: status.update(f"{step} · {taken:,} triples")


def _plain(console: Console) -> Progress:
    steps = set[str]()

    def show(step: str, taken: int) -> None:
        if step not in steps:
            steps.add(step)
            console.print(f"{step} ({taken:,} triples)", soft_wrap=True)

    return show
