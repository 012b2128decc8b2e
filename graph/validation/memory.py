"""rdflib graphs that do not do the same work again for every focus node: what pySHACL reads and asks is kept.

pySHACL reads the triples of a shape anew for every value node, and parses a query anew for every focus node; most of
its time goes there. Neither changes while it works.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, Graph
from rdflib.query import Result
from rdflib.term import Identifier, Node

from graph.validation.constraints import JudgedShape, prepared

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
