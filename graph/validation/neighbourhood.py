"""What is validated, read from a release's index as pySHACL asks for it: exact triples, each once, and no more of them.

The index rewrites numeric literals and holds more than is validated: the shapes themselves, and what is computed after
validation. So every read goes over the named graphs that count, and through the notes on lexical forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pyoxigraph as ox
from rdflib import Graph
from rdflib.plugins.stores.memory import SimpleMemory
from rdflib.term import Node

from graph.namespaces import genid_iri
from graph.sources.matching import ReadableStore, matching
from graph.sources.stored import Term
from graph.validation.memory import DataTriples
from graph.validation.terms import from_oxigraph, quiet_rdflib, to_oxigraph

HELD_TRIPLES = 200_000
Triple = tuple[Node, Node, Node]
Pattern = tuple[Node | None, Node | None, Node | None]


class Forms(Protocol):
    """What was written where the index says something (``graph.releases.lexical.LexicalForms``)."""

    def objects(self, quad: ox.Quad) -> Iterable[Term]:
        """Yield the objects, as they were written, that a quad of the index stands for in its named graph."""

    def rewritten(self) -> Iterable[ox.Triple]:
        """Yield all triples that the index does not give back as they were written."""


@dataclass(frozen=True)
class AsIndexed:
    """The forms where nothing was rewritten."""

    def objects(self, quad: ox.Quad) -> Iterable[Term]:
        """Yield the quad's object."""
        yield quad.object

    def rewritten(self) -> Iterable[ox.Triple]:
        """Yield nothing."""
        return ()


@dataclass(frozen=True)
class ValidatedData:
    """The union of the named graphs that validation looks at.

    Attributes:
        index: a release's store.
        forms: its notes on lexical forms.
        without: the named graphs that do not count: the shapes, and what is computed later.
        base: the publication's base, below which its blank nodes have IRIs.
    """

    index: ReadableStore
    forms: Forms = field(default_factory=AsIndexed)
    without: frozenset[str] = frozenset()
    base: str | None = None

    def term(self, term: object) -> Node:
        """Return a term of the index as pySHACL is to see it: blank nodes are some again."""
        return from_oxigraph(term, data_below=None if self.base is None else genid_iri(self.base, ""))

    def quads(self, subject: Term | None, predicate: ox.NamedNode | None, object_: Term | None) -> Iterator[ox.Quad]:
        """Yield the index's quads of the graphs that count; an object matches all forms that the index takes for it."""
        if isinstance(subject, ox.Literal):
            return
        for quad in matching(self.index, subject, predicate, object_):
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in self.without:
                yield quad

    @contextmanager
    def graph(self) -> Iterator[Graph]:
        """Yield it as a graph for pySHACL; afterwards nothing of rdflib's holds the index open."""
        neighbourhood = Neighbourhood(self)
        try:
            yield DataTriples(store=neighbourhood)
        finally:
            neighbourhood.close()


class Neighbourhood(SimpleMemory):
    """A read-only rdflib store over validated data that keeps what it has read, up to a bound."""

    def __init__(self, data: ValidatedData) -> None:
        """Read from ``data``, which must not change meanwhile."""
        super().__init__()
        quiet_rdflib()
        self._data: ValidatedData | None = data
        self._held: dict[Pattern, list[Triple]] = {}
        self._count = 0
        self._triple_terms: dict[Node, ox.Triple] = {}

    def triples(
        self,
        triple_pattern: Pattern,
        context: object = None,  # noqa: ARG002  rdflib's signature
    ) -> Iterator[tuple[Triple, Iterator[None]]]:
        """Yield the triples that match, as rdflib asks for them."""
        held = self._held.get(triple_pattern)
        if held is None:
            held = list(self._read(*triple_pattern))
            if self._count + len(held) > HELD_TRIPLES:
                self._held.clear()
                self._count = 0
            self._held[triple_pattern] = held
            self._count += len(held)
        for triple in held:
            yield triple, iter(())

    def _read(self, subject: Node | None, predicate: Node | None, object_: Node | None) -> Iterator[Triple]:
        pattern = [None if each is None else self._indexed(each) for each in (subject, predicate, object_)]
        if any(
            term is None and each is not None for term, each in zip(pattern, (subject, predicate, object_), strict=True)
        ):
            return
        if not isinstance(pattern[1], ox.NamedNode | None):
            return
        seen = set[Triple]()
        data = self._open()
        for quad in data.quads(pattern[0], pattern[1], pattern[2]):
            for term in data.forms.objects(quad):
                value = data.term(term)
                if isinstance(term, ox.Triple):
                    self._triple_terms[value] = term
                triple = data.term(quad.subject), from_oxigraph(quad.predicate), value
                if (object_ is None or value == object_) and triple not in seen:
                    seen.add(triple)
                    yield triple

    def close(self, commit_pending_transaction: bool = False) -> None:  # noqa: ARG002  rdflib's signature
        """Let go of the data; nothing can be read any more."""
        self._data = None
        self._held.clear()

    def _open(self) -> ValidatedData:
        if self._data is None:
            raise ValueError("read after it was closed")
        return self._data

    def _indexed(self, term: Node) -> Term | None:
        return self._triple_terms.get(term) or to_oxigraph(term)

    def __len__(self, context: object = None) -> int:
        """Return 1: pySHACL asks for the graph's truth only, and often."""
        return 1
