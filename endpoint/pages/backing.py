"""What backs a statement: the documents that it comes from, how sure they are, and what is noted of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import MOST_VALUES
from graph.description import Term
from graph.namespaces import PROV, RDF, SKOS

DERIVED = PROV + "wasDerivedFrom"
NOTE = SKOS + "note"


@dataclass(frozen=True, slots=True)
class Backing:
    """As a page shows it.

    Attributes:
        parts: the documents, or parts of one, that it comes from.
        confidence: how sure they are, where that is said.
        notes: what is said about it.
    """

    parts: tuple[Shown, ...]
    confidence: Shown | None
    notes: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Backed:
    """As the data says it."""

    parts: tuple[Term, ...]
    confidence: Term | None
    notes: tuple[Term, ...]

    def shown(self, names: Names) -> Backing:
        """Return it as a page shows it."""
        return Backing(
            tuple(names.term(each) for each in self.parts),
            names.term(self.confidence) if self.confidence is not None else None,
            tuple(names.best([names.term(each) for each in self.notes])),
        )


class Statements:
    """Reads statements, and what backs those that have IRIs of their own (``rdf:Statement``)."""

    def __init__(self, store: ox.Store, base: str) -> None:
        """Read with the terms of the vocabulary below ``base``."""
        self._store, self._confidence = store, f"{base}ns#confidence"

    def values(self, iri: str, predicate: str, graph: str | None = None) -> Iterator[Term]:
        """Yield the values of a property, in one graph or in the merge of all, at most ``MOST_VALUES``."""
        where = ox.DefaultGraph() if graph is None else ox.NamedNode(graph)
        quads = self._store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(predicate), None, where)
        return (quad.object for quad in islice(quads, MOST_VALUES))

    def of_which(self, predicate: str, iri: str, most: int) -> Iterator[str]:
        """Yield what has a name and this as a value of a property, in the merge; looks at ``most`` statements."""
        quads = self._store.quads_for_pattern(None, ox.NamedNode(predicate), ox.NamedNode(iri), ox.DefaultGraph())
        return (each.subject.value for each in islice(quads, most) if isinstance(each.subject, ox.NamedNode))

    def _sources(self, statement: str) -> Iterator[Term]:
        """Yield what a statement comes from, as the graphs that state it say; others may speak of its name alone."""
        asked = ox.NamedNode(statement), ox.NamedNode(RDF + "object"), None, None
        places = (quad.graph_name for quad in self._store.quads_for_pattern(*asked))
        graphs = dict.fromkeys(each.value for each in places if isinstance(each, ox.NamedNode))
        for graph in graphs or (None,):
            yield from self.values(statement, DERIVED, graph)

    def backing(self, statements: Iterable[str]) -> Backed:
        """Return what backs these statements together; the first confidence that is given counts."""
        own = list(statements)
        sure = (each for one in own for each in self.values(one, self._confidence))
        return Backed(
            tuple(dict.fromkeys(each for one in own for each in self._sources(one))),
            next(sure, None),
            tuple(each for one in own for each in self.values(one, NOTE)),
        )
