"""Where the statements of a page come from: numbered like the notes of a book, each source once.

A statement's source is, as far as the data says so, that of the statement itself (``rdf:Statement``), else what its
subject was derived from in the graph that states it, else what that graph was derived from (``prov:wasDerivedFrom``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.backing import DERIVED, Backed, Backing, Statements
from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Found
from graph.description import Term
from graph.namespaces import ENTAILED_GRAPH, RDF
from graph.sources.matching import matching

MOST_STATEMENTS, MOST_OF_A_GRAPH = 200, 3


@dataclass(frozen=True, slots=True)
class Source:
    """One source of statements.

    Attributes:
        number: its number on the page.
        graph: the named graph that states them.
        backing: what backs them there.
    """

    number: int
    graph: Shown
    backing: Backing


@dataclass(frozen=True, slots=True)
class Reified:
    """A statement that has an IRI of its own."""

    iri: str
    predicate: str
    object: Term


class Sources:
    """The sources of one page, numbered as they are cited."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        """Cite what a release says."""
        self._store, self._names = snapshot.release.store, names
        self._statements = Statements(self._store, snapshot.publication.base)
        self._entailed = snapshot.publication.graph(ENTAILED_GRAPH)
        self._numbers: dict[tuple[str, Backed], int] = {}
        self._reified: dict[str, list[Reified]] = {}

    def cite(self, found: Found) -> tuple[int, ...]:
        """Return the numbers of the sources of a statement."""
        quads = matching(self._store, ox.NamedNode(found.subject), ox.NamedNode(found.predicate), found.object)
        graphs = sorted(quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode))
        stated = [each for each in graphs if each != self._entailed] or graphs
        own = [each.iri for each in self.reified(found.subject)
               if each.predicate == found.predicate and each.object == found.object]  # fmt: skip
        return tuple(dict.fromkeys(self._number(graph, found.subject, own) for graph in stated))

    def reified(self, subject: str) -> list[Reified]:
        """Return the statements about a thing that have IRIs of their own."""
        if subject not in self._reified:
            named = self._statements.of_which(RDF + "subject", subject, MOST_STATEMENTS)
            self._reified[subject] = [found for each in named if (found := self._read(each)) is not None]
        return self._reified[subject]

    def _read(self, iri: str) -> Reified | None:
        predicate = next(self._statements.values(iri, RDF + "predicate"), None)
        value = next(self._statements.values(iri, RDF + "object"), None)
        return Reified(iri, predicate.value, value) if isinstance(predicate, ox.NamedNode) and value else None

    def _number(self, graph: str, subject: str, own: list[str]) -> int:
        found = self._statements.backing(own)
        parts = found.parts or tuple(self._statements.values(subject, DERIVED, graph))
        if not parts:
            parts = tuple(islice(self._statements.values(graph, DERIVED), MOST_OF_A_GRAPH + 1))
            parts = parts if len(parts) <= MOST_OF_A_GRAPH else ()  # the graph's own page lists them
        key = graph, replace(found, parts=tuple(sorted(set(parts), key=str)))
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def listed(self) -> tuple[Source, ...]:
        """Return the sources that were cited, in the order of their numbers."""
        return tuple(
            Source(number, self._names.thing(graph), backed.shown(self._names))
            for (graph, backed), number in self._numbers.items()
        )
