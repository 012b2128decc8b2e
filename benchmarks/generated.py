"""Generated queries: the index against the engine, query by query. ``python -m benchmarks.generated 200000``.

Each answer of the index is compared with the engine's as the service calls it. What the index leaves to the engine is
counted, and is no difference.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pyoxigraph as ox

from benchmarks.generated_queries import GeneratedQuery, QueryGenerator, data
from benchmarks.small_index import fill, index_of
from graph.model.errors import HamkorError
from graph.model.formats import RESULTS_TSV
from graph.query.embedded import evaluate
from graph.query.engine import QueryRequest
from graph.query.sparql.guard import read_query
from graph.query.sql.algebra import UnsupportedError
from graph.query.sql.index_engine import found_solutions
from graph.query.sql.index_lookup import IndexReader

Row = tuple[str | None, ...]
QUERIES_A_DATASET = 25
NUMBER = re.compile(r'"([^"]*)"\^\^<http://www.w3.org/2001/XMLSchema#(?:integer|decimal|double|float)>')


def world(draw: random.Random) -> ox.Store:
    """A store as a release has one: named graphs, and their merge as the default graph."""
    store = ox.Store()
    store.load(data(draw).encode(), ox.RdfFormat.TRIG, lenient=True)
    for quad in list(store):
        store.add(ox.Quad(quad.subject, quad.predicate, quad.object))
    return store


def asked(text: str) -> QueryRequest:
    """The request for a query, as the guard reads it."""
    read = read_query(text, base="http://x/")
    return QueryRequest(
        read.text, read.form, RESULTS_TSV, "http://x/", clauses=read.clauses, uses_graphs=read.uses_graph_clause
    )


def by_engine(request: QueryRequest, store: ox.Store, sharing: frozenset[str]) -> list[Row]:
    """The rows that the engine finds."""
    found = evaluate(store, request, sharing)
    if not isinstance(found, ox.QuerySolutions):
        raise TypeError(found)
    return [tuple(None if term is None else str(term) for term in row) for row in found]


def difference(generated: GeneratedQuery, found: list[Row], names: tuple[str, ...], wanted: list[Row]) -> str:
    """What is wrong with the answer of the index; nothing where all is right.

    Args:
        generated: the query.
        found: the rows of the index.
        names: its columns.
        wanted: the engine's rows to the query without the LIMIT that leaves a choice.
    """
    if "GROUP_CONCAT" in generated.text:  # in any order
        found, wanted = (
            [tuple(each and "".join(sorted(each)) for each in row) for row in rows] for rows in (found, wanted)
        )
    if generated.is_cut:
        if Counter(found) - Counter(wanted):
            return "a row that is no solution"
    elif Counter(found) != Counter(wanted):
        return "other rows"
    if generated.ordered_by and "GROUP_CONCAT" not in generated.text:
        places = [names.index(each[1:]) for each in generated.ordered_by if each[1:] in names]
        keys = [[_value(row[place]) for place in places] for row in found]
        expected = [[_value(row[place]) for place in places] for row in wanted]
        start = _offset(generated.text) if generated.is_cut else 0
        if keys != expected[start : start + len(keys)]:
            return "another order"
    return ""


def _offset(text: str) -> int:
    found = re.search(r"OFFSET (\d+)$", text)
    return int(found[1]) if found else 0


def _value(term: str | None) -> str | float | None:
    """A term as far as an order is certain: numbers by value."""
    number = NUMBER.fullmatch(term) if term else None
    return float(number[1].replace("INF", "inf")) if number and re.fullmatch(r"[-\d.]+|-?INF", number[1]) else term


def compare(seed: int, reader: IndexReader) -> Iterator[tuple[str, GeneratedQuery, str]]:
    """Compare the queries of one dataset; yields for each what became of it: same, left, refused, or different."""
    draw = random.Random(f"generated {seed}")
    store = world(draw)
    reader = IndexReader(fill(reader.connection, store))
    sharing, generator = frozenset(f"http://x/g{n}" for n in (1, 2, 3)), QueryGenerator(draw)
    for _ in range(QUERIES_A_DATASET):
        generated = generator.query()
        try:
            request = asked(generated.text)
            wanted = by_engine(asked(generated.uncut) if generated.is_cut else request, store, sharing)
        except (HamkorError, SyntaxError, RuntimeError):
            try:
                found_solutions(asked(generated.text), reader)
            except (UnsupportedError, HamkorError):
                yield "refused", generated, ""
            else:
                yield "different", generated, "the engine refuses it"
            continue
        try:
            found = found_solutions(request, reader)
        except UnsupportedError as problem:
            yield "left", generated, str(problem.__cause__ or "its text")[:80]
            continue
        wrong = difference(generated, found.rows, found.names, wanted)
        if not wrong and generated.is_cut and len(found.rows) != len(by_engine(request, store, sharing)):
            wrong = "another number of rows"
        yield ("different" if wrong else "same"), generated, wrong


def main() -> None:
    """Compare as many queries as are asked for, and say what was different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reasons", action="store_true", help="say why queries were left to the engine")
    arguments = parser.parse_args()
    sys.setrecursionlimit(5_000)
    reader, counts, reasons = index_of(ox.Store()), Counter[str](), Counter[str]()
    began, seed = time.monotonic(), arguments.seed
    while sum(counts.values()) < arguments.number:
        for outcome, generated, why in compare(seed, reader):
            counts[outcome] += 1
            reasons[why] += outcome == "left"
            if outcome == "different":
                print(f"seed {seed}: {why}: {generated.text}", flush=True)
        seed += 1
    print(dict(counts), f"{time.monotonic() - began:.0f} s, seeds {arguments.seed} to {seed - 1}")
    if arguments.reasons:
        print(*reasons.most_common(20), sep="\n")
    sys.exit(counts["different"] > 0)


if __name__ == "__main__":
    main()
