"""The embedded engine: queries over a release's own store, in this process.

It answers completely or raises; what protects others from a runaway query stands around it, not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pyoxigraph as ox

from graph.errors import QueryRefusedError, QuerySyntaxError
from graph.formats import JSON_LD, N_TRIPLES, RDF_XML, RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TURTLE
from graph.formats import Format
from graph.query.engine import Answer, Dataset, QueryRequest
from graph.releases.release import Release

RESULTS = {
    RESULTS_JSON: ox.QueryResultsFormat.JSON,
    RESULTS_XML: ox.QueryResultsFormat.XML,
    RESULTS_CSV: ox.QueryResultsFormat.CSV,
    RESULTS_TSV: ox.QueryResultsFormat.TSV,
}
GRAPHS = {
    TURTLE: ox.RdfFormat.TURTLE,
    N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    JSON_LD: ox.RdfFormat.JSON_LD,
    RDF_XML: ox.RdfFormat.RDF_XML,
}


@dataclass(frozen=True)
class EmbeddedEngine:
    """Answers from one release."""

    release: Release
    prefixes: dict[str, str]

    def answer(self, request: QueryRequest) -> Answer:
        """Answer the request, as ``graph.query.engine.Engine`` says.

        Raises:
            QuerySyntaxError: the engine cannot parse the query, or lacks a function that it calls.
            QueryRefusedError: the wanted format cannot hold this kind of answer.
        """
        try:
            found = _evaluate(self.release.store, request)
            body = _serialised(found, request.format, self.prefixes)
        except SyntaxError as problem:
            raise QuerySyntaxError(problem.msg, problem.lineno, problem.offset) from problem
        return Answer(body, self.release.id)


def _evaluate(store: ox.Store, request: QueryRequest) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    default, named = _graphs(request.dataset)
    return store.query(request.text, base_iri=request.base, default_graph=default, named_graphs=named)


def _graphs(dataset: Dataset) -> tuple[list[_Graph] | None, list[_Name] | None]:
    """Return the dataset as pyoxigraph takes it: both lists or neither, or the rest of the store leaks in."""
    if not dataset.is_named:
        return None, None
    return [ox.NamedNode(iri) for iri in dataset.default_graphs], [ox.NamedNode(iri) for iri in dataset.named_graphs]


_Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
_Name = ox.NamedNode | ox.BlankNode


def _serialised(
    found: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, form: Format, prefixes: dict[str, str]
) -> bytes:
    output = BytesIO()
    if isinstance(found, ox.QueryTriples):
        if form not in GRAPHS:
            raise QueryRefusedError(f"{form.title} cannot hold a graph", "ask for Turtle, JSON-LD …")
        used = prefixes if form in (TURTLE, RDF_XML) else None
        ox.serialize(found, output, format=GRAPHS[form], prefixes=used)
    elif form not in RESULTS or (isinstance(found, ox.QueryBoolean) and form in (RESULTS_CSV, RESULTS_TSV)):
        raise QueryRefusedError(f"{form.title} cannot hold this answer", "ask for JSON or XML")
    else:
        found.serialize(output, format=RESULTS[form])
    return output.getvalue()
