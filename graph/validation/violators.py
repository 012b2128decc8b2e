"""Shapes as queries: for each constraint, patterns that bind ``?this`` to a superset of the nodes that violate it.

They are joined set at a time by the store's engine. What is not understood (SPARQL, custom components, recursion, …)
binds every node that comes as far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyshacl.shape import Shape
from rdflib import RDFS, SH, Graph, Literal, URIRef
from rdflib.term import Node

from graph.validation.certain import EXPRESSIONS, OF_A_SHAPE, certain, comparable, sparql
from graph.validation.paths import path_text
from graph.validation.possible import conditions
from graph.validation.terms import to_oxigraph

BESIDE = frozenset({
    SH.flags, SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount, SH.qualifiedValueShapesDisjoint,
})  # fmt: skip
"""Parameters that only say more about another one."""
DEEPEST = 8
MOST_CLASSES = 300
Body = str
"""A group graph pattern without its braces; ``?this`` is the focus node."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the shapes a query is.

    Attributes:
        shape: the shape.
        focus: the variable of its focus node.
        path: its path in SPARQL, None for a node shape.
        value: the variable of its value node.
        body: what binds ``focus``.
        inner: what binds ``value``, too.
        within: the shape and those that led to it.
        other: a variable that nothing else uses.
    """

    shape: Shape
    focus: str
    path: str | None
    value: str
    body: Body
    inner: Body
    within: tuple[Shape, ...]
    other: str

    def reached(self, term: str) -> Body:
        """Return that a term is a value."""
        return f"{self.focus} {self.path} {term} ."

    def without(self, term: str) -> Body:
        """Return that a term is no value. NOT EXISTS is fast for one pattern, and slow for the join of a long path."""
        return f"{'FILTER NOT EXISTS' if self.is_plain else 'MINUS'} {{ {self.reached(term)} }}"

    def counted(self, pattern: Body, condition: str) -> Body:
        """Return that the number of values meets a condition."""
        nodes = "?this" if self.focus == "?this" else f"?this {self.focus}"
        having = f"GROUP BY {nodes} HAVING (COUNT(DISTINCT {self.value}) {condition})"
        return f"{{ SELECT ?this WHERE {{ {self.body} {pattern} }} {having} }}"

    @property
    def is_plain(self) -> bool:
        """Whether the path is a single predicate or the inverse of one."""
        return self.path is not None and self.path.startswith(("<", "^<")) and self.path.count("<") == 1


@dataclass
class Violators:
    """Writes the queries for shapes.

    Attributes:
        data: the validated data, for its class hierarchy.
    """

    data: Graph
    _variables: int = 0

    def of(self, shape: Shape | None, focus: str, body: Body, within: tuple[Shape, ...] = ()) -> Iterator[Body]:
        """Yield patterns that bind ``?this`` wherever a node may violate a shape.

        Args:
            shape: the shape; None where there is none.
            focus: the variable of the node.
            body: what binds that and ``?this``.
            within: the shapes that led there.
        """
        if shape is None or shape in within or len(within) > DEEPEST or shape.find_custom_constraints():
            yield body
        elif not shape.is_property_shape:
            place = Place(shape, focus, None, focus, body, body, (*within, shape), self._variable())
            yield from self._constraints(place)
        elif (path := path_text(shape.sg, shape.path())) is None:
            yield body
        else:
            value = self._variable()
            inner = f"{body} {focus} {path} {value} ."
            place = Place(shape, focus, path, value, body, inner, (*within, shape), self._variable())
            yield from self._constraints(place)

    def inside(self, place: Place, argument: Node) -> Iterator[Body]:
        """Yield the violators of a shape to which every value node must conform."""
        return self.of(place.shape.get_other_shape(argument), place.value, place.inner, place.within)

    def _constraints(self, place: Place) -> Iterator[Body]:
        if place.shape.deactivated:
            return
        expressions = list[str]()
        for parameter in {each for each, _ in place.shape.sg.predicate_objects(place.shape.node)} - BESIDE:
            if parameter in EXPRESSIONS:
                if (expression := certain(place.shape, parameter, place.value)) is None:
                    yield place.inner
                else:
                    expressions.append(expression)
            elif parameter in WRITERS:
                for argument in list(place.shape.objects(parameter)):
                    yield from WRITERS[parameter](self, place, argument)
            else:
                yield place.body
        if expressions:
            yield f"{place.inner} FILTER(!COALESCE({' && '.join(expressions)}, false))"

    def _variable(self) -> str:
        self._variables += 1
        return f"?v{self._variables}"


def _alone(shape: Shape | None, value: str) -> str | None:
    """Return an expression that is true only where a value conforms to a shape that looks at nothing else."""
    if shape is None or shape.is_property_shape or shape.find_custom_constraints():
        return None
    if shape.deactivated:
        return "true"
    parameters = {each for each, _ in shape.sg.predicate_objects(shape.node)} - {SH.flags}
    if not parameters or not parameters <= OF_A_SHAPE.keys():
        return None
    parts = [certain(shape, each, value) for each in parameters]
    return None if None in parts else f"COALESCE({' && '.join(each for each in parts if each)}, false)"


def _every(queries: Violators, place: Place, argument: Node) -> Iterator[Body]:
    for each in place.shape.sg.graph.items(argument):
        yield from queries.inside(place, each)


def _any(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    known = [_alone(place.shape.get_other_shape(each), place.value) for each in place.shape.sg.graph.items(argument)]
    yield " ".join((place.inner, *(f"FILTER(!{each})" for each in known if each is not None)))


def _not(queries: Violators, place: Place, argument: Node) -> Iterator[Body]:
    shape = place.shape.get_other_shape(argument)
    yield f"{place.inner} {conditions(shape, queries.data, place.value, place.other)}"


def _values(_: Violators, place: Place, __: Node) -> Iterator[Body]:
    """Yield every node with a value: sh:xone would need to know what certainly conforms to none or to two."""
    yield place.inner


def _qualified(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    shape = place.shape
    least = list(shape.objects(SH.qualifiedMinCount)) == [Literal(1)] and not any(shape.objects(SH.qualifiedMaxCount))
    expression = _alone(shape.get_other_shape(argument), place.value)
    if not least or any(shape.objects(SH.qualifiedValueShapesDisjoint)) or expression is None or not place.is_plain:
        yield place.body
    else:
        yield f"{place.body} FILTER NOT EXISTS {{ {place.reached(place.value)} FILTER({expression}) }}"


def _instance(queries: Violators, place: Place, argument: Node) -> Iterator[Body]:
    below = queries.data.transitive_subjects(RDFS.subClassOf, argument)
    classes = {str(to_oxigraph(each)) for each in below if each is not None}
    if len(classes) > MOST_CLASSES:
        yield place.inner
    else:
        kinds = f"{place.value} a {place.other} . FILTER({place.other} IN ({', '.join(sorted(classes))}))"
        yield f"{place.inner} FILTER NOT EXISTS {{ {kinds} }}"


def _least(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    count = argument.value if isinstance(argument, Literal) else None
    if place.path is None or not isinstance(count, int) or count < 0:
        yield place.body
    elif count == 1:
        yield f"{place.body} {place.without(place.value)}"
    elif count:
        yield place.counted(f"OPTIONAL {{ {place.reached(place.value)} }}", f"< {count}")


def _most(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    count = argument.value if isinstance(argument, Literal) else None
    if place.path is None or not isinstance(count, int) or count < 0:
        yield place.body
    elif count == 0:
        yield place.inner
    elif count == 1:
        yield f"{place.inner} {place.reached(place.other)} FILTER(!sameTerm({place.value}, {place.other}))"
    else:
        yield place.counted(place.reached(place.value), f"> {count}")


def _languages(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    one, other = place.value, place.other
    if place.path is None or not isinstance(argument, Literal):
        yield place.body
    elif argument.value is not False:
        same = f'LANG({one}) != "" && LCASE(LANG({one})) = LCASE(LANG({other})) && !sameTerm({one}, {other})'
        yield f"{place.inner} {place.reached(other)} FILTER({same})"


def _having(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    term = sparql(argument)
    if term is None:
        yield place.body
    elif place.path is None:
        yield f"{place.body} FILTER(!sameTerm({place.focus}, {term}))"
    else:
        yield f"{place.body} {place.without(term)}"


def _equal(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    if place.is_plain:
        said = f"{place.focus} {to_oxigraph(argument)} {place.value} ."
        yield f"{place.inner} FILTER NOT EXISTS {{ {said} }}"
        yield f"{place.body} {said} {place.without(place.value)}"
    else:
        yield place.body


def _disjoint(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
    yield f"{place.inner} {place.focus} {to_oxigraph(argument)} {place.value} ."


def _below(operator: str) -> Writer:
    def below(_: Violators, place: Place, argument: Node) -> Iterator[Body]:
        compared = comparable(place.value, operator, place.other)
        said = f"{place.focus} {to_oxigraph(argument)} {place.other} ."
        yield f"{place.inner} {said} FILTER(!COALESCE({compared}, false))"

    return below


def _closed(_: Violators, place: Place, __: Node) -> Iterator[Body]:
    graph = place.shape.sg.graph
    allowed = {each for members in place.shape.objects(SH.ignoredProperties) for each in graph.items(members)}
    allowed |= {path for each in place.shape.objects(SH.property) for path in graph.objects(each, SH.path)}
    names = ", ".join(sorted(str(to_oxigraph(each)) for each in allowed if isinstance(each, URIRef)))
    yield f"{place.inner} {place.value} {place.other} {place.other}o . FILTER({place.other} NOT IN ({names}))"


Writer = Callable[[Violators, Place, Node], Iterator[Body]]
WRITERS: dict[Node, Writer] = {
    SH.node: Violators.inside,
    SH.property: Violators.inside,
    SH["and"]: _every,
    SH["or"]: _any,
    SH["not"]: _not,
    SH.xone: _values,
    SH.qualifiedValueShape: _qualified,
    SH["class"]: _instance,
    SH.minCount: _least,
    SH.maxCount: _most,
    SH.uniqueLang: _languages,
    SH.hasValue: _having,
    SH.equals: _equal,
    SH.disjoint: _disjoint,
    SH.lessThan: _below("<"),
    SH.lessThanOrEquals: _below("<="),
    SH.closed: _closed,
}
"""By parameter, what writes the violators of a constraint."""
