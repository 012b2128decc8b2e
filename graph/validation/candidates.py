"""Which focus nodes may violate a shape, found by queries over a whole index: all others certainly do not.

Whether a candidate does violate it, pySHACL says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import pyoxigraph as ox
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from graph.model.rdf_terms import ReadableStore, Term, stored
from graph.validation.shapes import Shapes
from graph.validation.validated_graph import ValidatedData, to_oxigraph

# Constraints on a value alone, as SPARQL expressions that are true only where pySHACL is certain to find nothing.
#
# They are evaluated by another engine than the one that judges, over another form of the data. So wherever the two may
# differ (patterns, comparisons, lexical forms) the expression is narrower than the constraint; where nothing is certain
# there is none. An expression that raises an error is not true.

MOST_MEMBERS = 300
NUMBERS = (str(XSD.integer), str(XSD.decimal))
DATE = r"^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$"
FORMS = {
    str(XSD.integer): "^[+-]?[0-9]+$",
    str(XSD.decimal): r"^[+-]?([0-9]+([.][0-9]+)?|[.][0-9]+)$",
    str(XSD.boolean): "^(true|false)$",
    str(XSD.gYear): "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})$",
    str(XSD.gYearMonth): "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])$",
}
"""By datatype, lexical forms that every engine takes; other datatypes of XML Schema are never certain."""
ANY_FORM = (str(XSD.string), str(XSD.anyURI))
NAMED = '(isIRI({0}) && !CONTAINS(STR({0}), "/.well-known/genid/"))'
"""An IRI that stands for no blank node."""
KINDS: dict[Node, str] = {
    SH.IRI: NAMED,
    SH.Literal: "isLiteral({0})",
    SH.IRIOrLiteral: f"({NAMED} || isLiteral({{0}}))",
    SH.BlankNodeOrIRI: "isIRI({0})",
    SH.BlankNodeOrLiteral: "isLiteral({0})",
}
BOUNDS = {SH.minInclusive: ">=", SH.minExclusive: ">", SH.maxInclusive: "<=", SH.maxExclusive: "<"}
PLAIN_PATTERN = re.compile(
    r"(?:[^\\.\[\](){}*+?|^$]|\\[\\.\[\](){}*+?|^$/-]|[.|^$)*+?]|\((?!\?)|\(\?:|\{[0-9]+(?:,[0-9]*)?\}"
    r"|\[\^?(?:[^\\\[\]&~-]|\\[\\\].-]|-(?!-))+\])*"
)
"""Regular expressions that mean the same in Python and in the store's engine, but for the end before a last newline."""

Expression = Callable[[Shape, Node, str], str | None]


def certain(shape: Shape, parameter: URIRef, value: str) -> str | None:
    """Return an expression that is true only where a value satisfies a constraint; None where nothing is certain.

    Args:
        shape: the shape.
        parameter: the constraint's parameter.
        value: the value's variable.
    """
    arguments = list(shape.objects(parameter))
    parts = [OF_A_SHAPE[parameter](shape, each, value) for each in arguments]
    return _all(parts)


def sparql(term: Node) -> str | None:
    """Return a term as SPARQL, None where the index would take it for another one."""
    found = to_oxigraph(term)
    return str(found) if found is not None and stored(found) == found else None


def comparable(first: str, operator: str, second: str) -> str:
    """Return an expression that is true only where two values compare so in every engine."""
    numbers = [f"DATATYPE({each}) IN (<{NUMBERS[0]}>, <{NUMBERS[1]}>)" for each in (first, second)]
    dates = [f'DATATYPE({each}) = <{XSD.date}> && REGEX(STR({each}), "{DATE}")' for each in (first, second)]
    kinds = " || ".join(f"COALESCE({_all_of(each)}, false)" for each in (numbers, dates))
    return f"(({kinds}) && {first} {operator} {second})"


def _all(parts: Sequence[str | None]) -> str | None:
    known = [each for each in parts if each is not None]
    return None if len(known) < len(parts) else _all_of(known)


def _all_of(parts: Sequence[str]) -> str:
    return f"({' && '.join(parts or ('true',))})"


def _datatype(_: Shape, argument: Node, value: str) -> str | None:
    name = str(argument)
    same = f"DATATYPE({value}) = <{name}>"
    if argument == RDF.langString:
        return f'LANG({value}) != ""'
    if name in FORMS:
        return f'({same} && REGEX(STR({value}), "{FORMS[name]}"))'
    if argument == XSD.date:
        return f'({same} && REGEX(STR({value}), "{DATE}") && STR(<{name}>(STR({value}))) = STR({value}))'
    return same if name in ANY_FORM or not name.startswith((str(XSD), str(RDF))) else None


def _kind(_: Shape, argument: Node, value: str) -> str | None:
    return KINDS[argument].format(value) if argument in KINDS else None


def _bound(operator: str) -> Expression:
    def bound(_: Shape, argument: Node, value: str) -> str | None:
        if not isinstance(argument, Literal) or str(argument.datatype) not in (*NUMBERS, str(XSD.date)):
            return None
        return comparable(value, operator, written) if (written := sparql(argument)) is not None else None

    return bound


def _length(operator: str) -> Expression:
    def length(_: Shape, argument: Node, value: str) -> str | None:
        count = argument.value if isinstance(argument, Literal) else None
        if not isinstance(count, int) or count < 0:
            return None
        return f"({KINDS[SH.IRIOrLiteral].format(value)} && STRLEN(STR({value})) {operator} {count})"

    return length


def _pattern(shape: Shape, argument: Node, value: str) -> str | None:
    if any(shape.objects(SH.flags)) or not PLAIN_PATTERN.fullmatch(str(argument)):
        return None
    named = KINDS[SH.IRIOrLiteral].format(value)
    return f"({named} && REGEX(STR({value}), {to_oxigraph(Literal(str(argument)))}))"


def _certain_languages(shape: Shape, argument: Node, value: str) -> str | None:
    ranges = [str(each).lower() for each in shape.sg.graph.items(argument)]
    written = ", ".join(str(to_oxigraph(Literal(each))) for each in ranges if each != "*")
    if not written:
        return None
    tag = f"LCASE(LANG({value}))"
    return f'(LANG({value}) != "" && ({tag} IN ({written}) || STRBEFORE({tag}, "-") IN ({written})))'


def _members(shape: Shape, argument: Node, value: str) -> str | None:
    terms = [written for each in shape.sg.graph.items(argument) if (written := sparql(each)) is not None]
    if not terms or len(terms) > MOST_MEMBERS:
        return None
    return f"({' || '.join(f'sameTerm({value}, {each})' for each in terms)})"


EXPRESSIONS: dict[Node, Expression] = {
    SH.datatype: _datatype,
    SH.nodeKind: _kind,
    SH.pattern: _pattern,
    SH.languageIn: _certain_languages,
    SH["in"]: _members,
    SH.minLength: _length(">="),
    SH.maxLength: _length("<="),
    **{parameter: _bound(operator) for parameter, operator in BOUNDS.items()},
}
"""By parameter, what is certain."""


def _outside(shape: Shape, argument: Node, value: str) -> str | None:
    """Return that a name lies outside one pattern: of anything else it is not certain that it violates a shape."""
    within = shape.get_other_shape(argument)
    if within is None or within.is_property_shape or within.deactivated or any(within.objects(SH.flags)):
        return None
    (pattern, *more) = list(within.objects(SH.pattern)) or [None]
    if pattern is None or more or not PLAIN_PATTERN.fullmatch(str(pattern)):
        return None
    return f"({NAMED.format(value)} && !REGEX(STR({value}), {to_oxigraph(Literal(str(pattern)))}))"


OF_A_SHAPE: dict[Node, Expression] = {**EXPRESSIONS, SH["not"]: _outside}
"""The same for a shape that looks at nothing but its focus node, where its negations count, too."""


# SHACL paths (SHACL 2.3.1) as property paths of SPARQL, read as pySHACL walks them.

DEEPEST = 8
REPEATED = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


def path_text(shapes: ShapesGraph, path: Node, *, inverse: bool = False, depth: int = 0) -> str | None:
    """Return a path in SPARQL; None where it is none, or longer than pySHACL walks.

    pySHACL turns the members of an inverted sequence round and leaves their order; so does this.
    """
    if isinstance(path, URIRef):
        return f"{'^' if inverse else ''}<{path}>"
    if depth > DEEPEST:
        return None
    parts = dict(shapes.graph.predicate_objects(path))
    if RDF.first in parts or SH.alternativePath in parts:
        members = list(shapes.graph.items(parts.get(SH.alternativePath, path)))
        written = [path_text(shapes, each, inverse=inverse, depth=depth + 1) for each in members]
        known = [each for each in written if each is not None]
        join = "/" if RDF.first in parts else "|"
        return f"({join.join(known)})" if len(known) == len(written) > 1 and len(known) < DEEPEST else None
    if SH.inversePath in parts:
        return path_text(shapes, parts[SH.inversePath], inverse=not inverse, depth=depth + 1)
    for predicate, mark in REPEATED.items():
        if predicate in parts:
            inner = path_text(shapes, parts[predicate], inverse=inverse, depth=depth + 1)
            return None if inner is None else f"({inner}){mark}"
    return None


# What a node must be like to conform to a shape, as far as queries can tell: for sh:not, whose violators conform.
#
# Each condition is wider than its constraint; constraints that say nothing certain are left out.


def conditions(shape: Shape | None, data: Graph, value: str, other: str) -> str:
    """Return filters that every value which conforms to a shape passes.

    Args:
        shape: the shape.
        data: the validated data, for its class hierarchy.
        value: the value's variable.
        other: a variable that nothing else uses.
    """
    if shape is None or shape.deactivated or shape.is_property_shape:
        return ""
    found = list(_on_value(shape, value))
    for top in shape.objects(SH["class"]):
        below = data.transitive_subjects(RDFS.subClassOf, top)
        classes = ", ".join(sorted(str(to_oxigraph(each)) for each in below if each is not None))
        found.append(f"FILTER EXISTS {{ {value} a {other} . FILTER({other} IN ({classes})) }}")
    for each in shape.objects(SH.property):
        found += _on_property(shape.get_other_shape(each), value, other)
    return " ".join(found)


def _on_value(shape: Shape, value: str) -> Iterator[str]:
    for argument in shape.objects(SH.nodeKind):
        if argument in (SH.IRI, SH.Literal):
            yield f"FILTER({'isIRI' if argument == SH.IRI else 'isLiteral'}({value}))"
    for argument in shape.objects(SH.datatype):
        if str(argument).startswith(str(XSD)):
            yield f"FILTER(DATATYPE({value}) = <{argument}>)"
        elif argument == RDF.langString:
            yield f'FILTER(LANG({value}) != "")'
    for argument in shape.objects(SH.pattern):
        if PLAIN_PATTERN.fullmatch(str(argument)) and not any(shape.objects(SH.flags)):
            text = f"STR({value})"
            yield f'FILTER(REGEX({text}, {to_oxigraph(Literal(str(argument)))}) || CONTAINS({text}, "\\n"))'
    for argument in shape.objects(SH.hasValue):
        yield _one_of((argument,), value)
    for argument in shape.objects(SH["in"]):
        yield _one_of(tuple(shape.sg.graph.items(argument)), value)


def _one_of(terms: tuple[Node, ...], value: str) -> str:
    """Return that a value is one of some terms; one that the index rewrites is guarded against elsewhere."""
    same = [f"sameTerm({value}, {written})" for each in terms if (written := sparql(each)) is not None]
    return f"FILTER({' || '.join(same) or 'false'})"


def _on_property(shape: Shape | None, value: str, other: str) -> Iterator[str]:
    path = None if shape is None or shape.deactivated else path_text(shape.sg, shape.path())
    if shape is None or path is None or path.count("<") > 1 or path.startswith("("):
        return
    for argument in shape.objects(SH.minCount):
        if isinstance(argument, Literal) and isinstance(argument.value, int) and argument.value > 0:
            yield f"FILTER EXISTS {{ {value} {path} {other} }}"
    for argument in shape.objects(SH.hasValue):
        if (written := sparql(argument)) is not None:
            yield f"FILTER EXISTS {{ {value} {path} {written} }}"


# Shapes as queries: for each constraint, patterns that bind ``?this`` to a superset of the nodes that violate it.
#
# They are joined set at a time by the store's engine. What is not understood (SPARQL, custom components, recursion, …)
# binds every node that comes as far.

BESIDE = frozenset({
    SH.flags, SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount, SH.qualifiedValueShapesDisjoint,
})  # fmt: skip
"""Parameters that only say more about another one."""
MOST_CLASSES = 300
Body = str
"""A group graph pattern without its braces; ``?this`` is the focus node."""


@dataclass(frozen=True, slots=True)
class ShapePlace:
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
            place = ShapePlace(shape, focus, None, focus, body, body, (*within, shape), self._variable())
            yield from self._constraints(place)
        elif (path := path_text(shape.sg, shape.path())) is None:
            yield body
        else:
            value = self._variable()
            inner = f"{body} {focus} {path} {value} ."
            place = ShapePlace(shape, focus, path, value, body, inner, (*within, shape), self._variable())
            yield from self._constraints(place)

    def inside(self, place: ShapePlace, argument: Node) -> Iterator[Body]:
        """Yield the violators of a shape to which every value node must conform."""
        return self.of(place.shape.get_other_shape(argument), place.value, place.inner, place.within)

    def _constraints(self, place: ShapePlace) -> Iterator[Body]:
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


def _every(queries: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    for each in place.shape.sg.graph.items(argument):
        yield from queries.inside(place, each)


def _any(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    known = [_alone(place.shape.get_other_shape(each), place.value) for each in place.shape.sg.graph.items(argument)]
    yield " ".join((place.inner, *(f"FILTER(!{each})" for each in known if each is not None)))


def _not(queries: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    shape = place.shape.get_other_shape(argument)
    yield f"{place.inner} {conditions(shape, queries.data, place.value, place.other)}"


def _values(_: Violators, place: ShapePlace, __: Node) -> Iterator[Body]:
    """Yield every node with a value: sh:xone would need to know what certainly conforms to none or to two."""
    yield place.inner


def _qualified(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    shape = place.shape
    least = list(shape.objects(SH.qualifiedMinCount)) == [Literal(1)] and not any(shape.objects(SH.qualifiedMaxCount))
    expression = _alone(shape.get_other_shape(argument), place.value)
    if not least or any(shape.objects(SH.qualifiedValueShapesDisjoint)) or expression is None or not place.is_plain:
        yield place.body
    else:
        yield f"{place.body} FILTER NOT EXISTS {{ {place.reached(place.value)} FILTER({expression}) }}"


def _instance(queries: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    below = queries.data.transitive_subjects(RDFS.subClassOf, argument)
    classes = {str(to_oxigraph(each)) for each in below if each is not None}
    if len(classes) > MOST_CLASSES:
        yield place.inner
    else:
        kinds = f"{place.value} a {place.other} . FILTER({place.other} IN ({', '.join(sorted(classes))}))"
        yield f"{place.inner} FILTER NOT EXISTS {{ {kinds} }}"


def _least(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    count = argument.value if isinstance(argument, Literal) else None
    if place.path is None or not isinstance(count, int) or count < 0:
        yield place.body
    elif count == 1:
        yield f"{place.body} {place.without(place.value)}"
    elif count:
        yield place.counted(f"OPTIONAL {{ {place.reached(place.value)} }}", f"< {count}")


def _most(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    count = argument.value if isinstance(argument, Literal) else None
    if place.path is None or not isinstance(count, int) or count < 0:
        yield place.body
    elif count == 0:
        yield place.inner
    elif count == 1:
        yield f"{place.inner} {place.reached(place.other)} FILTER(!sameTerm({place.value}, {place.other}))"
    else:
        yield place.counted(place.reached(place.value), f"> {count}")


def _languages(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    one, other = place.value, place.other
    if place.path is None or not isinstance(argument, Literal):
        yield place.body
    elif argument.value is not False:
        same = f'LANG({one}) != "" && LCASE(LANG({one})) = LCASE(LANG({other})) && !sameTerm({one}, {other})'
        yield f"{place.inner} {place.reached(other)} FILTER({same})"


def _having(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    term = sparql(argument)
    if term is None:
        yield place.body
    elif place.path is None:
        yield f"{place.body} FILTER(!sameTerm({place.focus}, {term}))"
    else:
        yield f"{place.body} {place.without(term)}"


def _equal(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    if place.is_plain:
        said = f"{place.focus} {to_oxigraph(argument)} {place.value} ."
        yield f"{place.inner} FILTER NOT EXISTS {{ {said} }}"
        yield f"{place.body} {said} {place.without(place.value)}"
    else:
        yield place.body


def _disjoint(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
    yield f"{place.inner} {place.focus} {to_oxigraph(argument)} {place.value} ."


def _below(operator: str) -> Writer:
    def below(_: Violators, place: ShapePlace, argument: Node) -> Iterator[Body]:
        compared = comparable(place.value, operator, place.other)
        said = f"{place.focus} {to_oxigraph(argument)} {place.other} ."
        yield f"{place.inner} {said} FILTER(!COALESCE({compared}, false))"

    return below


def _closed(_: Violators, place: ShapePlace, __: Node) -> Iterator[Body]:
    graph = place.shape.sg.graph
    allowed = {each for members in place.shape.objects(SH.ignoredProperties) for each in graph.items(members)}
    allowed |= {path for each in place.shape.objects(SH.property) for path in graph.objects(each, SH.path)}
    names = ", ".join(sorted(str(to_oxigraph(each)) for each in allowed if isinstance(each, URIRef)))
    yield f"{place.inner} {place.value} {place.other} {place.other}o . FILTER({place.other} NOT IN ({names}))"


Writer = Callable[[Violators, ShapePlace, Node], Iterator[Body]]
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


# For each constraint there are queries whose answers are a superset of its violators; pySHACL then judges these alone.
# The queries see the index: rewritten literals, and graphs that are not validated. So the focus nodes to which these
# can matter are candidates, too.


def candidates(data: ValidatedData, shapes: Shapes) -> set[Term] | None:
    """Return a superset of the focus nodes that violate shapes; None where any node may.

    Args:
        data: what is validated; the index's default graph is the merge of all named graphs.
        shapes: the shapes.

    Raises:
        TooManyError: literals that were rewritten, or graphs that do not count, can matter to too many.
    """
    if shapes.reads is None:
        return None
    ignored = (data.index.quads_for_pattern(None, None, None, ox.NamedNode(graph)) for graph in sorted(data.without))
    triples = chain(data.forms.rewritten(), (quad.triple for quads in ignored for quad in quads))
    found = shapes.reads.of_change(data, triples)
    with data.graph() as graph:
        for shape in list(shapes.compiled.shapes):
            found |= _of_shape(shape, graph, data.index)
    return found


def _of_shape(shape: Shape, data: Graph, index: ReadableStore) -> set[Term]:
    named = (term for each in shape.target_nodes() if (term := to_oxigraph(each)) is not None)
    found, violators = {stored(each) for each in named if stored(each) != each}, Violators(data)  # not asked as written
    for target in _targets(shape, data):
        found |= _asked(index, target, " LIMIT 1")  # so that what is wrong with the shape itself is told
        for body in violators.of(shape, "?this", target):
            found |= _asked(index, body)
    return found


def _asked(index: ReadableStore, body: Body, limit: str = "") -> set[Term]:
    rows = index.query(f"SELECT DISTINCT ?this WHERE {{ {body} }}{limit}")
    return {row["this"] for row in rows} if isinstance(rows, ox.QuerySolutions) else set()


def _targets(shape: Shape, data: Graph) -> Iterator[Body]:
    """Yield what binds ``?this`` to the focus nodes (SHACL 2.1.3)."""
    nodes, classes, implicit, objects, subjects = (list(each) for each in shape.target())
    written = [str(term) for each in nodes if (term := to_oxigraph(each)) is not None]
    if written:
        yield f"VALUES ?this {{ {' '.join(written)} }}"
    for top in {*classes, *implicit}:
        below = {each for each in data.transitive_subjects(RDFS.subClassOf, top) if each is not None}
        yield from (f"?this a {to_oxigraph(each)} ." for each in below)
    yield from (f"?this {to_oxigraph(each)} ?any ." for each in subjects)
    yield from (f"?any {to_oxigraph(each)} ?this ." for each in objects)
