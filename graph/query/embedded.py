"""The embedded engine: queries over a release's own store, in this process.

It answers completely or raises; what protects others from a runaway query stands around it, not in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, cast

import pyoxigraph as ox

from graph.errors import QueryRefusedError, QuerySyntaxError
from graph.export import CarriageReturns, Undirected, kept_in_xml, undirected, write_statements
from graph.formats import RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TRIPLE_FORMATS, Format
from graph.namespaces import PREFIXES
from graph.query import order_keys
from graph.query.engine import PROBE, Answer, Dataset, QueryRequest
from graph.query.groups import by_specification
from graph.query.merge import merged_store
from graph.query.ordering import in_order
from graph.query.spool import digest_of
from graph.releases.release import Release

RESULTS = {
    RESULTS_JSON: ox.QueryResultsFormat.JSON,
    RESULTS_XML: ox.QueryResultsFormat.XML,
    RESULTS_CSV: ox.QueryResultsFormat.CSV,
    RESULTS_TSV: ox.QueryResultsFormat.TSV,
}
ORDER_FUNCTIONS: dict[ox.NamedNode, Callable[..., ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None]] = {
    ox.NamedNode(order_keys.KEY): order_keys.key,
    ox.NamedNode(order_keys.TIE): order_keys.tie,
}
Found = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


@dataclass(frozen=True)
class EmbeddedEngine:
    """Answers from one release."""

    release: Release

    @property
    def services(self) -> Mapping[str, str]:
        """None: calls from this process would have no limits (``graph.query.engine.Engine``)."""
        return {}

    def check(self, seconds: float) -> None:  # noqa: ARG002  a query here takes as long as it takes
        """Make sure that queries are answered; raise what a query would meet."""
        self.answer(PROBE)

    def answer(self, request: QueryRequest) -> Answer:
        """Answer the request, as ``graph.query.engine.Engine`` says.

        Raises:
            QuerySyntaxError: the engine cannot parse the query, or lacks a function that it calls.
            QueryRefusedError: the wanted format cannot hold this kind of answer.
        """
        body = written(evaluate(self.release.store, request, frozenset(self.release.manifest.sharing)), request.format)
        return Answer(body, self.release.id, digest_of(body))


def evaluate(store: ox.Store, request: QueryRequest, sharing: frozenset[str]) -> Found:
    """Return what the engine finds, not yet iterated.

    Args:
        store: the release's store.
        request: the query and its dataset.
        sharing: the graphs of the release that have a triple in common with another.

    Raises:
        QuerySyntaxError: the engine cannot parse the query.
    """
    dataset = request.effective_dataset
    default, named = _graphs(dataset)
    if len(sharing.intersection(dataset.default_graphs)) > 1:
        store = merged_store(store, dataset.default_graphs, dataset.named_graphs if request.uses_graphs else ())
        default = [ox.DefaultGraph()]
    plain = partial(store.query, base_iri=request.base, default_graph=default, named_graphs=named)
    try:
        text = in_order(by_specification(request.text, lambda: _visible_graphs(store, dataset)), request.base)
        if text != request.text:
            with contextlib.suppress(SyntaxError):  # then the query as it was written has an error, and its place
                return plain(text, custom_functions=ORDER_FUNCTIONS)
        return plain(request.text)
    except SyntaxError as problem:
        raise QuerySyntaxError(problem.msg, problem.lineno, problem.offset) from problem


def _visible_graphs(store: ox.Store, dataset: Dataset) -> list[str]:
    if dataset.is_named:
        return list(dict.fromkeys(dataset.named_graphs))
    return [graph.value for graph in store.named_graphs()]


def _graphs(dataset: Dataset) -> tuple[list[_Graph] | None, list[_Name] | None]:
    """Return the dataset as pyoxigraph takes it: both lists or neither, or the rest of the store leaks in."""
    if not dataset.is_named:
        return None, None
    default, named = dict.fromkeys(dataset.default_graphs), dict.fromkeys(dataset.named_graphs)  # twice is once
    return [ox.NamedNode(iri) for iri in default], [ox.NamedNode(iri) for iri in named]


_Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
_Name = ox.NamedNode | ox.BlankNode


def written(found: Found, form: Format, *, directions: bool = True) -> bytes:
    """Evaluate to the end and return the answer, as ``write_answer`` writes it; solutions without a detour.

    Raises:
        HamkorError: as ``write_answer``.
    """
    if isinstance(found, ox.QuerySolutions) and form in RESULTS:
        body = found.serialize(format=RESULTS[form]) or b""
        is_plain = form is RESULTS_TSV and not directions
        return kept_in_xml(body) if form is RESULTS_XML else undirected(body) if is_plain else body
    output = BytesIO()
    write_answer(found, form, output, directions=directions)
    return output.getvalue()


def write_answer(found: Found, form: Format, output: IO[bytes], *, directions: bool = True) -> None:
    """Evaluate to the end, writing the answer.

    Args:
        found: the answer.
        form: its format.
        output: where to; it stays open.
        directions: whether texts keep their direction where readers of RDF 1.1 would refuse the answer for it.

    Raises:
        QueryRefusedError: the wanted format cannot hold this kind of answer.
        QuerySyntaxError: the query calls a function that the engine does not have.
    """
    if isinstance(found, ox.QueryTriples):
        if form not in TRIPLE_FORMATS:
            raise QueryRefusedError(f"{form.title} cannot hold a graph", "ask for Turtle, JSON-LD …")
        write_statements(found, output, form, PREFIXES, directions=directions)
    elif form not in RESULTS or (isinstance(found, ox.QueryBoolean) and form in (RESULTS_CSV, RESULTS_TSV)):
        raise QueryRefusedError(f"{form.title} cannot hold this answer", "ask for JSON or XML")
    else:
        lines = Undirected(output) if form is RESULTS_TSV and not directions else None
        stream = lines or (CarriageReturns(output) if form is RESULTS_XML else output)
        found.serialize(cast("IO[bytes]", stream), format=RESULTS[form])
        if lines is not None:
            lines.end()
