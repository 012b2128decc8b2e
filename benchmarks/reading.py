"""What it costs to read a query before the engine does: tokens, tree, guard, and what is written otherwise for it.

    python -m benchmarks.reading

It prints microseconds, the median over the queries of each set; of each query the fastest of seven turns counts, since
others may work beside it. It takes no part in answering.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from benchmarks import explore, queries
from benchmarks.knowledge import Registry
from graph.model.errors import HamkorError
from graph.query.embedded import RewrittenShapes, as_meant
from graph.query.short_cuts import QueryShapes
from graph.query.sparql.guard import read_query
from graph.query.sparql.tokens import tokens
from graph.query.sparql.tree import tree_of
from tests.query.sparql_suites import cases

BASE = "http://example.org/"
TURNS = 7


def main() -> None:
    """Print the median of each step over the queries of the W3C's suites and of both mixes, in microseconds."""
    registry, shapes, known = Registry.of(10_000), QueryShapes(), RewrittenShapes()
    sets = {
        "W3C's suites": sorted({case.query.read_bytes().decode() for case in cases().values()}),
        "registry mix": [query.text for query in queries.mix(registry, 8)],
        "explore mix": [query.text for query in explore.mix(registry, 4)],
        "lookups": [query.text for query in queries.mix(registry, 50, templates={"": queries.TEMPLATES["lookup"]})],
    }
    steps: dict[str, Callable[[str], object]] = {
        "tokens": lambda text: list(tokens(text)),
        "tree, with the tokens": tree_of,
        "guard, of a shape never seen": lambda text: read_query(text, base=BASE),
        "guard, of a shape seen before": lambda text: shapes.read(text, lambda each: read_query(each, base=BASE)),
        "written for the engine": lambda text: as_meant(text, lambda: [BASE]),
        "written so, of a shape seen before": lambda text: known.as_meant(text, lambda: [BASE]),
    }
    print("|", *(f"| {name}" for name in sets), "|\n|", " | ".join(["---"] * (len(sets) + 1)), "|")
    for name, step in steps.items():
        print(f"| {name} |", *(f"{_median(step, texts):.1f} |" for texts in sets.values()))


def _median(step: Callable[[str], object], texts: Iterable[str]) -> float:
    return statistics.median(min(_seconds(step, text) for _ in range(TURNS)) for text in texts) * 1e6


def _seconds(step: Callable[[str], object], text: str) -> float:
    start = time.perf_counter()
    with suppress(HamkorError):  # what is illegal is read, too
        step(text)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
