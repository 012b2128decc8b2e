"""Where the statements of a page come from: numbered like the notes of a book, each source once.

A statement's source is, as far as the data says so, that of the statement itself (``rdf:Statement``), else what its
subject was derived from in the graph that states it, else what that graph was derived from (``prov:wasDerivedFrom``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Found
from graph.description import Term
from graph.namespaces import ENTAILED_GRAPH, PROV, RDF, SKOS
from graph.sources.matching import matching

MOST_STATEMENTS, MOST_OF_A_GRAPH = 200, 3
DERIVED = ox.NamedNode(PROV + "wasDerivedFrom")
NOTE = ox.NamedNode(SKOS + "note")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of statements.

    Attributes:
        number: its number on the page.
        graph: the named graph that states them.
        parts: the documents, or parts of one, that they come from.
        confidence: how sure they are, where that is said.
        notes: what is said about them.
    """

    number: int
    graph: Shown
    parts: tuple[Shown, ...]
    confidence: Shown | None
    notes: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Reified:
    """A statement that has an IRI of its own."""

    iri: ox.NamedNode
    predicate: str
    object: Term


class Sources:
    """The sources of one page, numbered as they are cited."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        """Cite what a release says."""
        self._store, self._names = snapshot.release.store, names
        self._entailed = snapshot.publication.graph(ENTAILED_GRAPH)
        self._confidence = ox.NamedNode(f"{snapshot.publication.base}ns#confidence")
        self._numbers: dict[tuple[str, tuple[Term, ...], Term | None, tuple[Term, ...]], int] = {}
        self._reified: dict[str, list[Reified]] = {}

    def cite(self, found: Found) -> tuple[int, ...]:
        """Return the numbers of the sources of a statement."""
        subject = ox.NamedNode(found.subject)
        quads = matching(self._store, subject, ox.NamedNode(found.predicate), found.object)
        graphs = sorted(quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode))
        stated = [each for each in graphs if each != self._entailed] or graphs
        own = [each.iri for each in self.reified(found.subject)
               if each.predicate == found.predicate and each.object == found.object]  # fmt: skip
        return tuple(dict.fromkeys(self._number(graph, subject, own) for graph in stated))

    def reified(self, subject: str) -> list[Reified]:
        """Return the statements about a thing that have IRIs of their own."""
        if subject not in self._reified:
            quads = self._store.quads_for_pattern(
                None, ox.NamedNode(RDF + "subject"), ox.NamedNode(subject), ox.DefaultGraph()
            )
            self._reified[subject] = [
                found for quad in islice(quads, MOST_STATEMENTS) if (found := self._read(quad.subject)) is not None
            ]
        return self._reified[subject]

    def _read(self, node: Term) -> Reified | None:
        if not isinstance(node, ox.NamedNode):
            return None
        predicate = next(self._objects(node, ox.NamedNode(RDF + "predicate")), None)
        value = next(self._objects(node, ox.NamedNode(RDF + "object")), None)
        return Reified(node, predicate.value, value) if isinstance(predicate, ox.NamedNode) and value else None

    def _objects(
        self, node: ox.NamedNode, predicate: ox.NamedNode, graph: ox.NamedNode | None = None
    ) -> Iterator[Term]:  # fmt: skip
        for quad in self._store.quads_for_pattern(node, predicate, None, graph or ox.DefaultGraph()):
            yield quad.object

    def _number(self, graph: str, subject: ox.NamedNode, own: list[ox.NamedNode]) -> int:
        name = ox.NamedNode(graph)
        parts = [each for one in own for each in self._objects(one, DERIVED)]
        if not parts:
            parts = list(self._objects(subject, DERIVED, name))
        if not parts:
            parts = list(islice(self._objects(name, DERIVED), MOST_OF_A_GRAPH + 1))
            parts = parts if len(parts) <= MOST_OF_A_GRAPH else []  # the graph's own page lists them
        notes = tuple(each for one in own for each in self._objects(one, NOTE))
        confidence = next((each for one in own for each in self._objects(one, self._confidence)), None)
        key = graph, tuple(sorted(set(parts), key=str)), confidence, notes
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def listed(self) -> tuple[Source, ...]:
        """Return the sources that were cited, in the order of their numbers."""
        return tuple(
            Source(
                number,
                self._names.thing(graph),
                tuple(self._names.term(each) for each in parts),
                self._names.term(confidence) if confidence is not None else None,
                tuple(self._names.best([self._names.term(each) for each in notes])),
            )
            for (graph, parts, confidence, notes), number in self._numbers.items()
        )

    def of_statement(self, statement: Reified) -> tuple[Shown, ...]:
        """Return the documents that a statement with an IRI of its own comes from."""
        return tuple(self._names.term(each) for each in self._objects(statement.iri, DERIVED))
