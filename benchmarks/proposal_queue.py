"""The reviewers' queue with many proposals and with few: how long its pages take, one after the other.

    python -m benchmarks.proposal_queue [--many 10000] [--few 10] [--rounds 40] [--write]

Two publications are served, each by a server of its own; the requests alternate, so that both see the same machine.
Each proposal has five changes and a reason of some sentences. Asked for are the first page, the middle and the last.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx

from benchmarks.machine import head
from benchmarks.section import RESULTS, WORK, table
from benchmarks.section import publish as write_section
from graph.model.contributors import contributors_of
from graph.model.publication import Publication, open_publication
from graph.parts.proposals.proposal_store import PAGE, Content, ValueChange, proposals_of
from tests.endpoint.serving import serving

GOAL_MS: Final = 100.0
BASE: Final = "https://example.org/"
REASON: Final = "The list of members that the club keeps itself says otherwise since last spring. " * 4


def publication_with(root: Path, proposals: int) -> Publication:
    """Return a publication of one thing, for which so many proposals wait."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    (root / "hamkor.toml").write_text(f'base = "{BASE}"\n', encoding="utf-8")
    (root / "data" / "a.nt").write_text(f'<{BASE}id/a> <{BASE}ns#p> "0" .\n', encoding="utf-8")
    publication = open_publication(root)
    store, graph = proposals_of(publication), f"{BASE}graph/a"
    for number in range(proposals):
        changes = tuple(ValueChange(f"{BASE}ns#p{each}", "", f'"{number}"', (graph,)) for each in range(5))
        store.add(Content("change", f"{BASE}id/a", f"Thing {number}", changes, REASON), most=1_000_000, keep_days=1000)
    return publication


def signed_in(publication: Publication, url: str) -> dict[str, str]:
    """Sign in as a reviewer; return the header that says so."""
    _, token = contributors_of(publication).create((), name="R. Reviewer", contact="", days=1, reviews=True)
    fields = {"token": token, "action": "sign-in"}
    answer = httpx.post(f"{url}/proposals", data=fields, headers={"Origin": url}, timeout=60)
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "Accept": "text/html"}


def measured(numbers: tuple[int, int], rounds: int, root: Path) -> list[tuple[object, ...]]:
    """Return a row for each page of each queue: how many wait, which page, median and 95th percentile in ms.

    Raises:
        SystemExit: a page is none.
    """
    with ExitStack() as stack:
        asked: list[tuple[int, int, httpx.Client, str]] = []
        for number in numbers:
            publication = publication_with(root / str(number), number)
            served = stack.enter_context(serving(publication.root))
            headers = signed_in(publication, served.url)
            last = max(1, -(-number // PAGE))
            client = stack.enter_context(httpx.Client(headers=headers, timeout=60))
            pages = dict.fromkeys((1, (last + 1) // 2, last))
            asked += [(number, page, client, f"{served.url}/proposals?page={page}") for page in pages]
        times: dict[tuple[int, int], list[float]] = {(number, page): [] for number, page, *_ in asked}
        for _ in range(rounds):
            for number, page, client, url in asked:
                begun = time.perf_counter()
                answer = client.get(url)
                times[number, page].append((time.perf_counter() - begun) * 1000)
                if answer.status_code != 200 or answer.text.count("<li>") < min(number, PAGE):
                    raise SystemExit(f"{url}: {answer.status_code}")
    return [(f"{number:,}", page, *told(took)) for (number, page), took in times.items()]


def told(took: list[float]) -> tuple[str, str, str]:
    """Return median and 95th percentile, and whether the median meets the goal."""
    median, high = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    return f"{median:.1f}", f"{high:.1f}", f"< {GOAL_MS:.0f} ms: {'met' if median < GOAL_MS else '**missed**'}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proposal_queue", description=__doc__.splitlines()[0])
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=WORK / "proposal_queue", help="where to work")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    rows = measured((options.many, options.few), options.rounds, options.folder)
    shutil.rmtree(options.folder)
    columns = ("proposals that wait", "page", "median, ms", "95th percentile, ms", "goal")
    write_section("proposal-queue", "\n\n".join([head(), table(columns, rows)]), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
