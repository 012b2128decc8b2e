"""Are shapes well formed (SHACL 3.4, and its rules of syntax), and does everything that they ask for happen here?

Every constraint is made and every query read, before any data is: whoever writes a shape is told, and not the first
whose data it meets. It does not validate data; what SHACL has words for stands in ``graph.validation.terminology``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.plugins.sparql import operators
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from graph.errors import ShapesError
from graph.sources.chunks import Chunk
from graph.validation.apart import apart
from graph.validation.constraints import JudgedShape, prepared
from graph.validation.memory import DataTriples
from graph.validation.queries import query_text
from graph.validation.reading import PathError, read_path
from graph.validation.reads import Reads
from graph.validation.shapes import Shapes, in_a_line, load_shapes
from graph.validation.terminology import BLANK_OR_IRI_OR_LITERAL, ENTAILMENT, NAMESPACE, not_evaluated, unknown

NOWHERE = URIRef("urn:x-hamkor:nowhere")
NAMING = frozenset({RDF.type, SH.nodeKind, SH.severity})
"""The properties of shapes whose values are terms of SHACL; what others have may be what a shape is about."""
LONGEST_LIST = 100_000
Test = Callable[[Graph, Node], bool]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is to be said of shapes.

    Attributes:
        shape: the shape, or the place in it, as people find it.
        problem: what is wrong with it.
        is_error: whether the shapes cannot be used so; else they can, but do not do all that they seem to.
        subject: the IRI under which a release has it.
        file: the name of the file that says it, where it is known.
    """

    shape: str
    problem: str
    is_error: bool
    subject: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file or 'shapes'}: {self.shape}: {self.problem}"


@apart
def remarks(shapes: Iterable[Chunk], *, base: str) -> list[Remark]:
    """Return what is to be said of shapes, what makes them unusable first.

    Args:
        shapes: the shapes.
        base: the publication's base.
    """
    chunks = tuple(shapes)
    try:
        usable = load_shapes(chunks, base=base)
    except ShapesError as problem:
        return [Remark(problem.path, problem.problem, True, problem.path.strip("<>"))]
    graph = usable.graph
    found = [*_terms(graph), *_values(graph), *_structure(graph)]
    if not any(is_error for _, _, is_error in found):  # else pySHACL says the same in its words
        found += _made(usable)
    said = dict.fromkeys(_remark(usable, *each) for each in found)
    return sorted(said, key=lambda each: (not each.is_error, each.shape, each.problem))


def refuse_malformed(shapes: Iterable[Chunk], file_of: Callable[[str], str], *, base: str) -> None:
    """Do nothing where shapes can be used.

    Args:
        shapes: the shapes.
        file_of: names the file that speaks of an IRI, or gives an empty text.
        base: the publication's base.

    Raises:
        ShapesError: they cannot; it names shape and file.
    """
    errors = [each for each in remarks(shapes, base=base) if each.is_error]
    if errors:
        first = errors[0]
        more = f" (and {len(errors) - 1} more; hamkor validate lists them)" if len(errors) > 1 else ""
        raise ShapesError(f"{file_of(first.subject) or 'shapes'}: {first.shape}", first.problem + more)


Finding = tuple[Node, str, bool]
"""A node of the shapes graph, what is wrong with it, whether that is an error."""


def _remark(shapes: Shapes, node: Node, problem: str, is_error: bool) -> Remark:
    shape, root = shapes.place(node)
    return Remark(shape, problem, is_error, str(shapes.iris.get(root, root)))


def _terms(graph: Graph) -> Iterator[Finding]:
    """Find terms of SHACL's namespace that do not exist, or mean what is not evaluated here."""
    for subject, predicate, value in graph:
        for term in (predicate, value) if predicate in NAMING else (predicate,):
            if isinstance(term, URIRef) and term.startswith(NAMESPACE):
                name = term.removeprefix(NAMESPACE)
                if (problem := unknown(name) or not_evaluated(name)) is not None:
                    yield subject, problem, name in ENTAILMENT


def _is_text(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal) and value.datatype in (None, XSD.string) and not value.language


def _is_message(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal) and value.datatype in (None, XSD.string, RDF.langString)


def _is_count(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal) and type(value.value) is int and value.value >= 0


def _is_truth(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, bool)


def _is_number(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, int | float | Decimal)


def _is_literal(_: Graph, value: Node) -> bool:
    return isinstance(value, Literal)


def _is_iri(_: Graph, value: Node) -> bool:
    return isinstance(value, URIRef)


def _is_node(_: Graph, value: Node) -> bool:
    return not isinstance(value, Literal)


def _is_target(_: Graph, value: Node) -> bool:
    return not isinstance(value, BNode)


def _is_kind(_: Graph, value: Node) -> bool:
    return value in BLANK_OR_IRI_OR_LITERAL


def _is_list(graph: Graph, value: Node) -> bool:
    return members(graph, value) is not None


def _is_list_of(test: Test, *, empty: bool = True) -> Test:
    def is_list(graph: Graph, value: Node) -> bool:
        found = members(graph, value)
        return found is not None and (empty or bool(found)) and all(test(graph, each) for each in found)

    return is_list


def members(graph: Graph, node: Node) -> list[Node] | None:
    """Return the members of a list, or None where it is no list, or one without end."""
    found, seen = list[Node](), set[Node]()
    while node != RDF.nil:
        first, rest = list(graph.objects(node, RDF.first)), list(graph.objects(node, RDF.rest))
        if len(first) != 1 or len(rest) != 1 or node in seen or len(seen) > LONGEST_LIST:
            return None
        seen.add(node)
        found.append(first[0])
        node = rest[0]
    return found


ONE_IRI, AN_IRI = ("one IRI", _is_iri), ("an IRI", _is_iri)
COUNT = ("one whole number, as 1 without quotes", _is_count)
BOUND = ("one literal", _is_literal)
TRUTH = ("true or false", _is_truth)
SHAPE = ("a shape, not a text", _is_node)
SHAPES = ("a list of shapes with at least one", _is_list_of(_is_node, empty=False))
VALUES: Mapping[str, tuple[str, Test]] = {
    "targetNode": ("an IRI or a literal", _is_target), "targetClass": AN_IRI, "targetSubjectsOf": AN_IRI,
    "targetObjectsOf": AN_IRI, "severity": ONE_IRI, "message": ("a text", _is_message), "deactivated": TRUTH,
    "class": AN_IRI, "datatype": ONE_IRI, "nodeKind": ("one of SHACL's six kinds of nodes", _is_kind),
    "minCount": COUNT, "maxCount": COUNT, "minLength": COUNT, "maxLength": COUNT, "qualifiedMinCount": COUNT,
    "qualifiedMaxCount": COUNT, "minExclusive": BOUND, "minInclusive": BOUND, "maxExclusive": BOUND,
    "maxInclusive": BOUND, "pattern": ("a text", _is_text), "flags": ("one text", _is_text),
    "languageIn": ("a list of language tags", _is_list_of(_is_text)), "uniqueLang": TRUTH, "equals": AN_IRI,
    "disjoint": AN_IRI, "lessThan": AN_IRI, "lessThanOrEquals": AN_IRI, "not": SHAPE, "node": SHAPE, "property": SHAPE,
    "qualifiedValueShape": SHAPE, "and": SHAPES, "or": SHAPES, "xone": SHAPES, "qualifiedValueShapesDisjoint": TRUTH,
    "closed": TRUTH, "ignoredProperties": ("a list of IRIs", _is_list_of(_is_iri)), "in": ("a list", _is_list),
    "sparql": ("a constraint with sh:select", _is_node), "select": ("one text", _is_text),
    "ask": ("one text", _is_text), "order": ("one number", _is_number),
    "path": ("one path", _is_node), "prefix": ("one text", _is_text),
}  # fmt: skip
"""By parameter, what a value of it must be, in words and in code."""
SEVERAL = frozenset({
    "targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "message", "class", "equals", "disjoint",
    "lessThan", "lessThanOrEquals", "not", "node", "property", "and", "or", "xone", "sparql", "minExclusive",
    "minInclusive", "maxExclusive", "maxInclusive", "pattern", "qualifiedValueShape",
})  # fmt: skip
"""The parameters that may have more than one value (the others are said to have one)."""
AT_PROPERTIES = ("minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals", "qualifiedValueShape")


def _values(graph: Graph) -> Iterator[Finding]:
    """Find values that a parameter cannot have."""
    for name, (words, test) in VALUES.items():
        for subject in set(graph.subjects(SH[name], None)):
            values = list(graph.objects(subject, SH[name]))
            for each in values:
                if not test(graph, each):
                    yield subject, f"sh:{name} takes {words}; here it has {_written(each)}", True
            if len(values) > 1 and name not in SEVERAL:
                yield subject, f"sh:{name} stands {len(values)} times; it takes {words}", True


def _written(node: Node) -> str:
    return "a blank node" if isinstance(node, BNode) else str(getattr(node, "n3", lambda: node)())


def _structure(graph: Graph) -> Iterator[Finding]:
    """Find what is a node shape and a property shape at once, or half of one."""
    for shape in {*graph.subjects(RDF.type, SH.PropertyShape), *graph.objects(None, SH.property)}:
        if isinstance(shape, Literal):
            continue
        if (shape, SH.path, None) not in graph:
            is_there = (shape, None, None) in graph
            problem = "a property shape needs sh:path" if is_there else "this property shape is described nowhere"
            yield shape, problem, True
    for shape in graph.subjects(RDF.type, SH.NodeShape):
        if (shape, SH.path, None) in graph:
            yield shape, "a node shape has no sh:path; leave that out, or make it a sh:PropertyShape", True
        for name in AT_PROPERTIES:
            if (shape, SH[name], None) in graph:
                yield shape, f"sh:{name} stands at property shapes only, those with sh:path", True


def _made(shapes: Shapes) -> Iterator[Finding]:
    """Make every constraint, read every query and try every shape at a node of which nothing is known."""
    try:
        compiled = list(shapes.compiled.shapes)
    except Exception as problem:  # noqa: BLE001  pySHACL raises all kinds over shapes that cannot be used
        yield shapes.graph.identifier, in_a_line(problem), True
        return
    for shape in (each for each in compiled if not each.deactivated):
        if (wrong := _problem(shapes, shape)) is not None:
            yield shape.node, wrong, True
    yield from _validators(shapes)


def _problem(shapes: Shapes, shape: Shape) -> str | None:
    try:
        if (path := shape.path()) is not None:
            read_path(Reads(), shapes.compiled, path, (0, 1))
        for constraint in shape.objects(SH.sparql):
            for text in shape.sg.objects(constraint, SH.select):
                if (wrong := wrong_query(query_text(shape, constraint, str(text)), "SelectQuery")) is not None:
                    return wrong
        if isinstance(shape, JudgedShape):
            shape.constraints()
        shape.validate(SHACLExecutor(), DataTriples(), focus=NOWHERE)
    except PathError as problem:
        return f"sh:path: {problem}"
    except Exception as problem:  # noqa: BLE001  plain Exception, KeyError, TypeError … over bad shapes
        return in_a_line(problem)
    return None


def wrong_query(text: str, form: str) -> str | None:
    """Return what is wrong with the query of a constraint, with its prefixes; None where nothing is.

    Args:
        text: the query.
        form: ``SelectQuery`` or ``AskQuery``.

    Raises:
        Exception: it is no SPARQL query; rdflib has no class of its own for that.
    """
    algebra = prepared(text).algebra
    if algebra.name != form:
        return f"the query must be {'a SELECT' if form == 'SelectQuery' else 'an ASK'}"
    if form == "SelectQuery" and not {"this", "value", "path", "failure"} & {str(each) for each in algebra.PV}:
        return "the query selects no $this, so nothing can violate it (SHACL 5.2.1)"
    for name in sorted(_functions(algebra)):
        return f"the query calls the function <{name}>, which is not known here"
    return None


def _functions(part: object) -> Iterator[str]:
    if isinstance(part, list | tuple):
        for each in part:
            yield from _functions(each)
    elif isinstance(part, CompValue):
        if part.name == "Function" and part.iri not in operators._CUSTOM_FUNCTIONS:
            yield str(part.iri)
        for each in part.values():
            yield from _functions(each)


def _validators(shapes: Shapes) -> Iterator[Finding]:
    """Read the queries of custom components, those that no shape uses yet, too."""
    graph = shapes.graph
    for predicate, form in ((SH.ask, "AskQuery"), (SH.select, "SelectQuery")):
        for validator, text in graph.subject_objects(predicate):
            above = list(graph.subjects(SH.validator, validator)) + list(graph.subjects(SH.nodeValidator, validator))
            above += graph.subjects(SH.propertyValidator, validator)
            if not above:
                continue
            try:
                helped = Shape(shapes.compiled, NOWHERE)
                wrong = wrong_query(
                    re.sub(r"[$?]PATH\b", "<urn:x:path>", query_text(helped, validator, str(text))), form
                )
            except Exception as problem:  # noqa: BLE001  the same
                wrong = in_a_line(problem)
            if wrong is not None:
                yield above[0], wrong, True
