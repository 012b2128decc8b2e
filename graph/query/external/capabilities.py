"""What an engine of others does, found out by asking it: nothing is believed, neither its manual nor its description.

Literals are written into a graph of their own and read back; two graphs share a triple and are asked together; a graph
is asked for that the dataset of the query does not name. How many rows it gives, and what it does when its time is up,
takes seconds to find out, and is found out later (``measured``). It judges no engine unfit: who asks it does.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import msgspec
import pyoxigraph as ox

from graph.model.errors import EngineUnavailableError
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import OWN, RemoteDataset
from graph.query.external.probed_constructs import IN_GRAPHS, TRIPLES, unreliable
from graph.query.external.whole_answers import (
    RESULTS_TYPE,
    RemoteFailureError,
    RemoteResults,
)

XSD = "http://www.w3.org/2001/XMLSchema#"
LONG = 100_000
PROBED: tuple[tuple[str, str], ...] = (
    ("an integer with a nought before it", f'"01"^^<{XSD}integer>'),
    ("a decimal that is whole", f'"1.0"^^<{XSD}decimal>'),
    ("a double", f'"1.50E0"^^<{XSD}double>'),
    ("a boolean", f'"true"^^<{XSD}boolean>'),
    ("a datatype derived from integer", f'"5"^^<{XSD}nonNegativeInteger>'),
    ("an integer of thirty digits", f'"123456789012345678901234567890"^^<{XSD}integer>'),
    ("a date and time with a zone", f'"2014-11-01T09:30:00+05:00"^^<{XSD}dateTime>'),
    ("a date and time without a zone", f'"2014-11-01T09:30:00"^^<{XSD}dateTime>'),
    ("a date with a zone", f'"2014-11-01+05:00"^^<{XSD}date>'),
    ("a year", f'"2014"^^<{XSD}gYear>'),
    ("a point", '"POINT(67.27831234 37.22421234)"^^<http://www.opengis.net/ont/geosparql#wktLiteral>'),
    ("a datatype of one's own", '"a b"^^<urn:x-hamkor:datatype>'),
    ("a language tag in capitals", '"x"@UZ-Latn'),
    ("control characters", '"a\\u0001\\u007Fb"'),
    ("line breaks and tabs", '"a\\r\\n\\tb"'),
    ("characters beyond the first plane", '"\\U0001F600"'),
    ("letters with marks that stand alone", '"e\\u0301"'),
    ("an empty text", '""'),
    ("a long text", f'"{"x" * LONG}"'),
)  # fmt: skip
"""Literals that some engine is known to change, as N-Triples, and what they are examples of."""
ALIKE: tuple[tuple[str, str], ...] = (
    (f'"01"^^<{XSD}integer>', f'"1"^^<{XSD}integer>'),
    (f'"1"^^<{XSD}integer>', f'"1.0"^^<{XSD}decimal>'),
    (f'"1"^^<{XSD}boolean>', f'"true"^^<{XSD}boolean>'),
    ('"x"@en', '"x"@EN'),
    ('"x"', '"x"@en'),
)
"""Pairs of terms that are two; some engines take them for one."""
SHOWN = 60
MANY_ROWS = (1_025, 1_024)
"""Their product is a little above the bound that is built into Virtuoso."""
MEASURE_SECONDS = 120.0
BRIEF_SECONDS = 1.0
MOST_BYTES = 512 << 20


class ChangedLiteral(msgspec.Struct, frozen=True):
    """A literal that comes back otherwise: what it is an example of, as it was written, as it came back."""

    what: str
    written: str
    read: str


class EngineCapabilities(msgspec.Struct, frozen=True):
    """What an engine does.

    Attributes:
        product: what it calls itself.
        default_graph: what a query without a dataset sees: ``isolated``, ``union``, or ``other``.
        counts_once: whether a triple that two default graphs share counts once.
        keeps_to_dataset: whether a query sees no graph that its dataset does not name.
        changed: literals that come back otherwise.
        merged: pairs of literals that it takes for one.
        unreliable: constructs that it answers otherwise than the embedded engine (``probed_constructs``).
    """

    product: str
    default_graph: str
    counts_once: bool
    keeps_to_dataset: bool
    changed: tuple[ChangedLiteral, ...] = ()
    merged: tuple[tuple[str, str], ...] = ()
    unreliable: tuple[tuple[str, ...], ...] = ()

    def lines(self) -> list[str]:
        """Return what there is to know, a line each, in English."""
        shared = "once" if self.counts_once else "once in each"
        said = [
            f"it calls itself {self.product or 'nothing'}",
            f"a query without a dataset sees {SEEN[self.default_graph]}",
            f"a triple in two default graphs counts {shared}",
            f"graphs that a dataset does not name are {'not seen' if self.keeps_to_dataset else 'SEEN'}",
        ]
        said += [f"it changes {each.what}: {each.written} comes back as {each.read}" for each in self.changed]
        said += [f"it takes {first} and {second} for one" for first, second in self.merged]
        if not self.changed and not self.merged:
            said.append("literals come back as they were")
        told = "; ".join(" with ".join(each) for each in self.unreliable) or "nothing"
        return [*said, f"it answers otherwise, so the embedded engine answers queries with: {told}"]


SEEN = {
    "isolated": "its own default graph alone",
    "union": "the union of all graphs",
    "other": "something that is neither its own default graph nor the union",
}


class Measured(msgspec.Struct, frozen=True):
    """What takes longer to find out.

    Attributes:
        most_rows: how many rows an answer has at most; 0 where no bound was met.
        proven_rows: so many it gave.
        at_its_end: what it does when the time that it was told is up, in words.
    """

    most_rows: int = 0
    proven_rows: int = 0
    at_its_end: str = ""

    def lines(self) -> list[str]:
        """Return what there is to know, a line each, in English."""
        bound = f"at most {self.most_rows:,} rows" if self.most_rows else f"{self.proven_rows:,} rows and perhaps more"
        return [f"an answer has {bound}", f"when its own time is up: {self.at_its_end}"]


class ProbedDataset(Protocol):
    """What is probed: a dataset that can be read and written (``graph.query.external.dataset_loading``)."""

    client: EngineClient

    def select(self, query: str, default: Sequence[str] = (), named: Sequence[str] = ()) -> list[Any]:
        """Return the solutions of a query."""

    def insert(self, graph: str, lines: Iterable[bytes]) -> None:
        """Add triples to a graph."""

    def drop(self, graph: str) -> None:
        """Take a graph away."""


def probed(dataset: ProbedDataset) -> EngineCapabilities:
    """Find out what an engine does, in graphs of a name that nobody else has, which are taken away again.

    Raises:
        EngineUnavailableError: it cannot be reached, or takes nothing.
    """
    place = f"{OWN}probe:{secrets.token_hex(8)}"
    first, second, third = (f"{place}:{letter}" for letter in "abc")
    asked = [f"{place}:{name}" for name in ("default", "named:1", "named:2")]
    shared = f"<{place}> <{place}> <{place}> ."
    try:
        dataset.insert(first, [shared.encode()])
        dataset.insert(second, [shared.encode()])
        seen = dataset.select(f"SELECT ?s WHERE {{ ?s <{place}> ?o }}")
        both = dataset.select(f"SELECT ?s WHERE {{ ?s <{place}> ?o }}", (first, second))
        beyond = dataset.select(
            f"SELECT ?s WHERE {{ {{ GRAPH <{second}> {{ ?s ?p ?o }} }} UNION {{ GRAPH ?g {{ ?s <{place}> ?o }} }} }}",
            (f"{place}:none",), (first,),
        )  # fmt: skip
        changed, merged = _changed(dataset, third, place), _merged(dataset, f"{third}2", place)
        for graph, triples in zip(asked, (TRIPLES, *IN_GRAPHS), strict=True):
            dataset.insert(graph, triples.encode().split(b"\n")[:-1])
        return EngineCapabilities(
            dataset.client.product,
            {0: "isolated", 1: "union", 2: "union"}.get(len(seen), "other"),
            len(both) == 1,
            len(beyond) == 1,
            changed,
            merged,
            unreliable(dataset.select, dataset.client.product, asked[0], asked[1:]),
        )
    finally:
        for graph in (first, second, third, f"{third}2", *asked):
            with contextlib.suppress(EngineUnavailableError):  # what was met first is told
                dataset.drop(graph)


def _changed(dataset: ProbedDataset, graph: str, place: str) -> tuple[ChangedLiteral, ...]:
    found = list[ChangedLiteral]()
    refused = dict[int, str]()
    for number, (_, literal) in enumerate(PROBED):
        try:
            dataset.insert(graph, [f"<{place}:{number}> <{place}> {literal} .".encode()])
        except EngineUnavailableError as problem:  # one literal that it does not take is no engine that is away
            refused[number] = str(problem)[:SHOWN]
    rows = dataset.select(f"SELECT ?s ?o WHERE {{ ?s <{place}> ?o }}", (graph,))
    read = {int(cast("ox.NamedNode", subject).value.rpartition(":")[2]): term for subject, term in rows}
    for number, (what, literal) in enumerate(PROBED):
        written = _term(literal)
        if (term := read.get(number)) != written:
            came = str(term) if term is not None else refused.get(number, "nothing")
            found.append(ChangedLiteral(what, _short(literal), _short(came)))
    return tuple(found)


def _merged(dataset: ProbedDataset, graph: str, place: str) -> tuple[tuple[str, str], ...]:
    found = list[tuple[str, str]]()
    for number, pair in enumerate(ALIKE):
        subject = f"<{place}:alike:{number}>"
        dataset.insert(graph, [f"{subject} <{place}> {literal} .".encode() for literal in pair])
        if len(dataset.select(f"SELECT ?o WHERE {{ {subject} <{place}> ?o }}", (graph,))) < len(pair):
            found.append(pair)
    return tuple(found)


def _term(literal: str) -> object:
    return next(ox.parse(f"<x:s> <x:p> {literal} .", format=ox.RdfFormat.N_TRIPLES, lenient=True)).object


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


# What takes seconds: how many rows there are in an answer at most, and what an engine does when its time is up.


def measured(dataset: RemoteDataset, client: EngineClient) -> Measured:
    """Find out what an engine does with many rows, and when the time that it is told is up.

    Raises:
        EngineUnavailableError: it cannot be reached.
    """
    first, second = MANY_ROWS
    query = (
        f"SELECT ?z WHERE {{ VALUES ?a {{ {' '.join(map(str, range(first)))} }} "
        f"VALUES ?b {{ {' '.join(map(str, range(second)))} }} }}"
    )
    try:
        given = _rows(client, dataset, [("query", query)])
    except RemoteFailureError:
        given = 0
    whole = first * second
    most = given if 0 < given < whole else 0
    return Measured(most, given if not most else most - 1, _at_its_end(client, dataset))


def _rows(client: EngineClient, dataset: RemoteDataset, fields: list[tuple[str, str]]) -> int:
    """Return how many rows come, also where the engine says that they are not all."""
    response = client.form(dataset.url, fields, RESULTS_TYPE, MEASURE_SECONDS)
    bound = response.headers.get("x-sparql-maxrows", "")
    if bound.isdecimal():
        client.close()
        return int(bound)
    results = RemoteResults(response, None, MOST_BYTES)
    try:
        return results.rows
    finally:
        results.close()


ENDLESS = (
    "SELECT (COUNT(*) AS ?n) WHERE {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} VALUES ?c {{ {values} }} "
    "VALUES ?d {{ {values} }} FILTER(?a * ?b + ?c * ?d < 0) }}"
)


def _at_its_end(client: EngineClient, dataset: RemoteDataset) -> str:
    """Return what it does with a query that takes longer than it was told that one may take."""
    if not dataset.patience:
        return "not known: no parameter of it is; we close the connection"
    values = " ".join(map(str, range(400)))
    fields = [("query", ENDLESS.format(values=values))]
    fields += [(name, str(int(BRIEF_SECONDS / unit))) for name, unit in dataset.patience.items()]
    began = time.monotonic()
    try:
        RemoteResults(client.form(dataset.url, fields, RESULTS_TYPE, MEASURE_SECONDS / 4), None, MOST_BYTES).close()
    except RemoteFailureError as problem:
        return f"{problem} (after {time.monotonic() - began:.1f} s)"
    except EngineUnavailableError:
        return "it goes on; we close the connection"
    return "nothing that can be told: the answer came"
