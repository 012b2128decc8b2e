"""The interface of everything that answers queries: one read query in, one complete answer out.

It evaluates nothing itself. The embedded engine and a remote SPARQL 1.1 endpoint both fulfil it, so that what stands
above (HTTP, command line, pages) does not know which one it talks to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from graph.formats import RESULTS_JSON, Format

QueryForm = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The RDF dataset that a protocol request names (SPARQL 1.1 Protocol 2.1.4).

    Both tuples empty means: not named, the query sees the release's own default graph and named graphs, or what its
    FROM clauses say. As soon as either holds an IRI, the two together are the whole dataset.
    """

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether the request named any graph."""
        return bool(self.default_graphs or self.named_graphs)


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One query to be answered.

    Attributes:
        text: the query, already accepted by the guard.
        form: its query form, as the guard read it.
        format: in which format the answer is wanted; it fits the form.
        base: the IRI against which relative IRIs in the query are resolved.
        dataset: the dataset that the protocol request names.
        clauses: the dataset that the query's own FROM and FROM NAMED clauses name.
        uses_graphs: whether the query says GRAPH, so that it may look into named graphs.
    """

    text: str
    form: QueryForm
    format: Format
    base: str
    dataset: Dataset = field(default_factory=Dataset)
    clauses: Dataset = field(default_factory=Dataset)
    uses_graphs: bool = True

    @property
    def effective_dataset(self) -> Dataset:
        """The dataset that counts: the protocol's overrides the query's own (SPARQL 1.1 Protocol 2.1.4)."""
        return self.dataset if self.dataset.is_named else self.clauses


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, serialised.

    Attributes:
        body: the bytes, or the spool file that holds them (the receiver deletes it).
        release: the id of the release that was asked.
        digest: of the bytes.
    """

    body: bytes | Path
    release: str
    digest: str

    @property
    def tag(self) -> str:
        """The strong entity tag of these bytes (RFC 9110 8.8.3); it says which release they are from."""
        return f"{self.release.rpartition('-')[2]}-{self.digest}"


PROBE = QueryRequest("SELECT * WHERE { ?s ?p ?o } LIMIT 1", "SELECT", RESULTS_JSON, "http://localhost/")
"""A query that every release answers at once: whoever asks it wants to know whether queries are answered."""


class Engine(Protocol):
    """Whatever answers queries."""

    @property
    def services(self) -> Mapping[str, str]:
        """The endpoints that its queries may call, and what the guard writes in place of each."""

    def answer(self, request: QueryRequest) -> Answer:
        """Answer completely, or raise one of the query errors of ``graph.errors``."""

    def check(self, seconds: float) -> None:
        """Make sure that queries are answered, within some seconds; raise what a query would meet."""
