"""Sections of RESULTS.md: Markdown tables, and the one place that writes them into the file.

Each benchmark owns the text between ``<!-- name -->`` and ``<!-- /name -->`` and nothing else. It measures nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
WORK: Final = Path(__file__).with_name("scratch")


def table(columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; the first column is left-aligned, the others as they come."""
    lines = [_row(columns), _row("---" for _ in columns)]
    return "\n".join(lines + [_row(row) for row in rows])


def publish(name: str, text: str, results: Path | None = None) -> None:
    """Print a section, keep it as work/<name>.md, and put it in its place in RESULTS.md if a path is given.

    Raises ValueError if RESULTS.md has no place for a section of this name.
    """
    print(text)
    WORK.mkdir(exist_ok=True)
    (WORK / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    if results is None:
        return
    whole = results.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    if not place.search(whole):
        raise ValueError(f"{results.name} has no section {name}: add <!-- {name} --> and <!-- /{name} -->")
    results.write_text(place.sub(lambda match: f"{match[1]}{text}\n{match[2]}", whole), encoding="utf-8")


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
