"""What pySHACL is given to read: a release's index as an rdflib graph, exact terms, nothing asked twice.

Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pyoxigraph as ox
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, Graph
from rdflib.plugins.stores.memory import SimpleMemory
from rdflib.query import Result
from rdflib.term import Identifier, Node

from graph.model.rdf_terms import ReadableStore, Term, genid_iri, matching
from graph.validation.constraints import JudgedShape, prepared
from graph.validation.exact_terms import (
    from_oxigraph,
    quiet_rdflib,
    to_oxigraph,
)

# rdflib graphs that do not do the same work again for every focus node: what pySHACL reads and asks is kept.
#
# pySHACL reads the triples of a shape anew for every value node, and parses a query anew for every focus node; most of
# its time goes there. Neither changes while it works.

PARAMETERS = {each: each for each in ALL_CONSTRAINT_PARAMETERS}
"""The parameters of constraints as pySHACL's own objects: it finds these in its list without comparing texts."""


class ShapesTriples(Graph):
    """A shapes graph that keeps what was read from it until something is added."""

    def __init__(self) -> None:
        """Make an empty graph in memory."""
        super().__init__()
        self._objects: dict[tuple[Node | None, Node | None], list[Node]] = {}
        self._items: dict[Node, list[Node]] = {}

    def add(self, triple: tuple[Node, Node, Node]) -> ShapesTriples:
        """Add a triple."""
        for kept in (self._objects, self._items):
            kept.clear()
        super().add(triple)
        return self

    def objects(  # type: ignore[override]  # a path or a list of subjects is never asked for
        self, subject: Node | None = None, predicate: Node | None = None, unique: bool = False
    ) -> Iterator[Node]:
        """Return the objects of a subject and a predicate."""
        key = subject, predicate
        if key not in self._objects:
            self._objects[key] = list(super().objects(subject, predicate, unique))
        return iter(self._objects[key])

    def items(self, list: Node) -> Generator[Node, None, None]:  # noqa: A002  rdflib's name
        """Yield the members of an RDF list."""
        if list not in self._items:
            self._items[list] = [*super().items(list)]
        yield from self._items[list]


class Constraints(ShapesGraph):
    """pySHACL's shapes; it gets the parameters of a shape's constraints without looking through its names and texts."""

    def __init__(self, graph: ShapesTriples) -> None:
        """Take the shapes of a graph."""
        super().__init__(graph)
        self._parameters: dict[Node, list[tuple[Node, Node]]] = {}

    def _build_node_shape_cache(self) -> None:
        super()._build_node_shape_cache()  # type: ignore[no-untyped-call]
        self._node_shape_cache = {node: JudgedShape(shape) for node, shape in self._node_shape_cache.items()}

    def predicate_objects(self, s: Node) -> Iterator[tuple[Node, Node]]:
        """Return what a shape says in parameters of constraints: all that is asked for without advanced features."""
        if s not in self._parameters:
            said = self.graph.predicate_objects(s)
            self._parameters[s] = [(PARAMETERS[each], value) for each, value in said if each in PARAMETERS]
        return iter(self._parameters[s])


class DataTriples(Graph):
    """A data graph that parses each query once."""

    def predicates(
        self,
        subject: Node | None = None,
        object: Node | None = None,  # noqa: A002  rdflib's name
        unique: bool = False,
    ) -> Generator[Node, None, None]:
        """Yield predicates; none of a blank node, which pySHACL would write out with all that it leads to."""
        if not isinstance(subject, BNode):
            yield from super().predicates(subject, object, unique)

    def query(  # type: ignore[override]  # as pySHACL calls it
        self,
        query_object: str,
        initBindings: Mapping[str, Identifier] | None = None,  # noqa: N803  rdflib's name
    ) -> Result:
        """Return the answer to a query."""
        return super().query(prepared(query_object), initBindings=initBindings)


# What is validated, read from a release's index as pySHACL asks for it: exact triples, each once, and no more of them.
#
# The index rewrites numeric literals and holds more than is validated: the shapes themselves, and what is computed
# after validation. So every read goes over the named graphs that count, and through the notes on lexical forms.

HELD_TRIPLES = 200_000
Triple = tuple[Node, Node, Node]
Pattern = tuple[Node | None, Node | None, Node | None]


class Forms(Protocol):
    """What was written where the index says something (``graph.releases.exact_forms.LexicalForms``)."""

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
