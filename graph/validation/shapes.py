"""The shapes of a publication, checked before they are used: well formed, of known terms, runnable.

What they find is a matter of the other modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property, lru_cache

import duckdb
from pyparsing import ParseBaseException
from pyshacl.constraints.sparql.sparql_based_constraint_components import SPARQLConstraintComponentValidator
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.namespace import OWL, NamespaceManager
from rdflib.plugins.sparql import operators
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from graph.model.errors import Quotation, Said, Sentence, ShapesError
from graph.model.rdf_terms import genid_iri
from graph.sources.batches import Chunk
from graph.validation.constraints import JudgedShape, apart, prepared
from graph.validation.exact_terms import blank_node, fill
from graph.validation.reach import BackwardReads, PathError, Reads, query_text, read_path, read_shapes
from graph.validation.validated_graph import Constraints, DataTriples, ShapesTriples

# The shapes of a publication, checked before they are used: SHACL that pySHACL can run to the end.
#
# It does not validate data; that is the gate. Shapes that were loaded are kept for the next validation in this process.


@dataclass(frozen=True)
class Shapes:
    """Shapes that can be used.

    Attributes:
        graph: the shapes graph; what was a blank node in the source is one again.
        iris: by such a blank node, the IRI under which the release has it.
    """

    graph: ShapesTriples
    iris: dict[Node, URIRef]

    @cached_property
    def blank_nodes(self) -> dict[Node, Node]:
        """By the IRI that the release gives it, each blank node."""
        return {iri: node for node, iri in self.iris.items()}

    def place(self, node: Node) -> tuple[str, Node]:
        """Return where a node of the shapes graph is, as people find it, and the node that says so by its name."""
        path, seen = list[str](), set[Node]()
        while isinstance(node, BNode) and node not in seen:
            seen.add(node)
            if isinstance(step := self.graph.value(node, SH.path), URIRef):
                path.append(f" / <{step}>")
            above = min((each for each in self.graph.subjects(None, node) if each not in seen), key=str, default=None)
            node = node if above is None else above
        return "".join((f"<{node}>" if isinstance(node, URIRef) else "a shape without a name", *reversed(path))), node

    @cached_property
    def compiled(self) -> ShapesGraph:
        """The shapes as pySHACL takes them."""
        return Constraints(self.graph)

    @cached_property
    def reads(self) -> BackwardReads | None:
        """What they read; None where that cannot be told, because a path or a list is malformed."""
        try:
            return BackwardReads(read_shapes(self.compiled))
        except (PathError, ValueError, RecursionError):
            return None


class FullIris(NamespaceManager):
    """Writes IRIs in full: generated messages do not depend on which prefixes were made up before."""

    def normalizeUri(self, rdfTerm: str) -> str:  # noqa: N802, N803  rdflib's names
        """Return an IRI in N-Triples syntax."""
        return f"<{rdfTerm}>"


def load_shapes(chunks: Iterable[Chunk], *, base: str) -> Shapes:
    """Return the shapes.

    Raises:
        ShapesError: a pattern is no regular expression that pySHACL understands.
    """
    return _loaded(tuple(chunks), base)


@lru_cache(maxsize=2)
def _loaded(chunks: tuple[Chunk, ...], base: str) -> Shapes:
    below = genid_iri(base, "")
    graph = fill(ShapesTriples(), chunks, blank_below=below)
    graph.namespace_manager = FullIris(graph)
    for shape, pattern in graph.subject_objects(SH.pattern):
        try:
            re.compile(str(pattern))
        except re.error as problem:
            place = str(graph.value(shape, SH.path) if isinstance(shape, BNode) else shape)
            raise ShapesError(
                place,
                Sentence("sh:pattern %(pattern)s cannot be used: %(words)s", pattern=repr(str(pattern)), words=problem),
            ) from problem
    _take_over_prefixes(graph)
    SPARQLConstraintComponentValidator.validator_cache.clear()  # it goes by the address of the graph: others had it
    genid = re.compile(rb"<(" + re.escape(below.encode()) + rb"[^>]*)>")
    genids = {iri.decode() for chunk in chunks for iri in genid.findall(chunk.triples)}
    return Shapes(graph, {blank_node(iri, below): URIRef(iri) for iri in genids})


def _take_over_prefixes(graph: ShapesTriples) -> None:
    """Declare what a value of sh:prefixes imports at that value itself (SHACL 5.2.1): pySHACL reads no further."""
    for node in set(graph.objects(None, SH.prefixes)):
        for imported in list(graph.transitive_objects(node, OWL.imports)):
            for each in list(graph.objects(imported, SH.declare)):
                graph.add((node, SH.declare, each))


@contextmanager
def usable(place: str = "shapes") -> Iterator[None]:
    """Turn what pySHACL and rdflib raise over shapes into our error.

    Args:
        place: the shape, or what else to say of where it is.

    Raises:
        ShapesError: instead of everything else that shapes are to blame for.
    """
    try:
        yield
    except (ShapesError, MemoryError, duckdb.Error):  # of the data that is read meanwhile
        raise
    except Exception as problem:  # plain Exception, KeyError, TypeError … over bad shapes
        raise ShapesError(place, in_a_line(problem)) from problem


def in_a_line(problem: Exception) -> Said:
    """Return what pySHACL or rdflib say of shapes, in one line."""
    if isinstance(problem, ParseBaseException):
        return Sentence(
            "its query is no SPARQL: %(line)s: %(words)s",
            line=" ".join(problem.line.split()),
            words=Quotation(problem.msg),
        )
    text = str(problem).strip().partition("\n")[0] or type(problem).__name__
    if (name := re.match(r"Unknown namespace prefix : ?(.*)", text)) is not None:
        return Sentence(
            "its query uses the prefix %(name)s, which is not declared: add it to what sh:prefixes names",
            name=repr(name[1]),
        )
    return Sentence("pySHACL cannot use it: %(words)s", words=Quotation(text))


# The terms of SHACL's namespace: which there are, and which of them are not evaluated here.
#
# SHACL 1.0 (core and SPARQL) is evaluated. The Advanced Features, the JavaScript extensions and the drafts of SHACL 1.2
# are not: what a shape asks for with their terms does not happen.

NAMESPACE = str(SH)
BLANK_OR_IRI_OR_LITERAL = frozenset({
    SH.BlankNode, SH.IRI, SH.Literal, SH.BlankNodeOrIRI, SH.BlankNodeOrLiteral, SH.IRIOrLiteral,
})  # fmt: skip
"""The values of sh:nodeKind."""
JAVASCRIPT = frozenset({
    "js", "jsFunctionName", "jsLibrary", "jsLibraryURL", "JSConstraint", "JSConstraintComponent", "JSExecutable",
    "JSFunction", "JSLibrary", "JSRule", "JSTarget", "JSTargetType", "JSValidator", "scriptURL",
})  # fmt: skip
TARGETS = frozenset({"target", "SPARQLTarget", "SPARQLTargetType", "Target", "TargetType"})
RULES = frozenset({"rule", "Rule", "SPARQLRule", "TripleRule"})
EXPRESSIONS = frozenset({
    "expression", "values", "ExpressionConstraintComponent", "SPARQLFunction", "Function", "filterShape", "nodes",
    "intersection", "union", "if", "then", "else", "exists", "count", "distinct", "groupConcat", "limit", "offset",
    "orderBy", "min", "max", "sum",
})  # fmt: skip
ENTAILMENT = frozenset({"entailment"})
DRAFTS = frozenset({
    "reifierShape", "reificationRequired", "memberShape", "uniqueMembers", "minListLength", "maxListLength",
    "singleLine", "subsetOf", "someValue", "uniqueValuesFor", "rootClass", "nodeByExpression", "targetWhere",
    "ShapeClass", "Debug", "Trace", "NodeExpression", "NamedParameterExpression", "ListParameterExpression",
    "defaultValue",
    "propertyValuesFor", "SPARQLExpr", "SPARQLSelectExpression", "selectExpr", "sparqlExpr", "codeIdentifier", "intent",
    "agentInstruction", "conformanceDisallows", "resultSeverity",
})  # fmt: skip
SILENT = frozenset({"defaultValue", "codeIdentifier", "intent", "agentInstruction", "resultSeverity"})
"""Terms that ask for nothing: they tell people and forms something, or stand in reports."""
OTHERS = frozenset({"and", "class", "in", "not", "or", "values", "script"})
"""Terms that rdflib leaves out, as they are words of Python."""
KNOWN = frozenset(
    {str(each).removeprefix(NAMESPACE) for each in dir(SH)} | OTHERS | DRAFTS | JAVASCRIPT | EXPRESSIONS | {""}
)
REASONS = (
    (JAVASCRIPT, Sentence("JavaScript is not run here; write a constraint in SPARQL (sh:sparql)")),
    (TARGETS, Sentence("such targets are not sought here; use sh:targetClass, sh:targetSubjectsOf, …")),
    (RULES, Sentence("rules in shapes are not run; put it into ontology/, where rules are")),
    (ENTAILMENT, Sentence("shapes cannot ask for entailment; what follows from ontology/ is validated, too")),
    (EXPRESSIONS - {"nodes"}, Sentence("SHACL's Advanced Features are not evaluated here")),
    (DRAFTS - SILENT, Sentence("SHACL 1.2 is not evaluated here")),
)


def unknown(name: str) -> Said | None:
    """Return that SHACL has no such term, with one that is near; None where it has.

    Args:
        name: the term without the namespace.
    """
    if name in KNOWN:
        return None
    alike = sorted(each for each in KNOWN if each and each[0].isupper() == name[0].isupper())
    near = get_close_matches(name, alike, 1, 0.75) or [each for each in KNOWN if each.lower() == name.lower()]
    if near:
        return Sentence("SHACL has no sh:%(name)s, so it does nothing; is sh:%(near)s meant?", name=name, near=near[0])
    return Sentence("SHACL has no sh:%(name)s, so it does nothing", name=name)


def not_evaluated(name: str) -> Said | None:
    """Return that a term of SHACL is not evaluated here, and why; None where it is.

    Args:
        name: the term without the namespace.
    """
    reason = next((reason for terms, reason in REASONS if name in terms), None)
    if reason is None:
        return None
    return Sentence("sh:%(name)s is not evaluated: %(reason)s", name=name, reason=reason)


# Are shapes well formed (SHACL 3.4, and its rules of syntax), and does everything that they ask for happen here?
#
# Every constraint is made and every query read, before any data is: whoever writes a shape is told, and not the first
# whose data it meets. It does not validate data; what SHACL has words for stands in ``graph.validation.shapes``.

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
    problem: Said
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
        problem = first.problem
        if len(errors) > 1:
            problem = Sentence(
                "%(problem)s (and %(number)s more; hamkor validate lists them)",
                problem=problem,
                number=str(len(errors) - 1),
            )
        raise ShapesError(f"{file_of(first.subject) or 'shapes'}: {first.shape}", problem)


Finding = tuple[Node, Said, bool]
"""A node of the shapes graph, what is wrong with it, whether that is an error."""


def _remark(shapes: Shapes, node: Node, problem: Said, is_error: bool) -> Remark:
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


ONE_IRI, AN_IRI = (Sentence("one IRI"), _is_iri), (Sentence("an IRI"), _is_iri)
COUNT = (Sentence("one whole number, as 1 without quotes"), _is_count)
BOUND = (Sentence("one literal"), _is_literal)
TRUTH = ("true or false", _is_truth)
SHAPE = (Sentence("a shape, not a text"), _is_node)
SHAPES = (Sentence("a list of shapes with at least one"), _is_list_of(_is_node, empty=False))
VALUES: Mapping[str, tuple[str, Test]] = {
    "targetNode": (Sentence("an IRI or a literal"), _is_target), "targetClass": AN_IRI, "targetSubjectsOf": AN_IRI,
    "targetObjectsOf": AN_IRI, "severity": ONE_IRI, "message": (Sentence("a text"), _is_message), "deactivated": TRUTH,
    "class": AN_IRI, "datatype": ONE_IRI, "nodeKind": (Sentence("one of SHACL's six kinds of nodes"), _is_kind),
    "minCount": COUNT, "maxCount": COUNT, "minLength": COUNT, "maxLength": COUNT, "qualifiedMinCount": COUNT,
    "qualifiedMaxCount": COUNT, "minExclusive": BOUND, "minInclusive": BOUND, "maxExclusive": BOUND,
    "maxInclusive": BOUND, "pattern": (Sentence("a text"), _is_text), "flags": (Sentence("one text"), _is_text),
    "languageIn": (Sentence("a list of language tags"), _is_list_of(_is_text)), "uniqueLang": TRUTH, "equals": AN_IRI,
    "disjoint": AN_IRI, "lessThan": AN_IRI, "lessThanOrEquals": AN_IRI, "not": SHAPE, "node": SHAPE, "property": SHAPE,
    "qualifiedValueShape": SHAPE, "and": SHAPES, "or": SHAPES, "xone": SHAPES, "qualifiedValueShapesDisjoint": TRUTH,
    "closed": TRUTH, "ignoredProperties": (Sentence("a list of IRIs"), _is_list_of(_is_iri)),
    "in": (Sentence("a list"), _is_list),
    "sparql": (Sentence("a constraint with sh:select"), _is_node), "select": (Sentence("one text"), _is_text),
    "ask": (Sentence("one text"), _is_text), "order": (Sentence("one number"), _is_number),
    "path": (Sentence("one path"), _is_node), "prefix": (Sentence("one text"), _is_text),
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
                    yield (
                        subject,
                        Sentence(
                            "sh:%(name)s takes %(kind)s; here it has %(value)s",
                            name=name,
                            kind=words,
                            value=_written(each),
                        ),
                        True,
                    )
            if len(values) > 1 and name not in SEVERAL:
                yield (
                    subject,
                    Sentence(
                        "sh:%(name)s stands %(number)s times; it takes %(kind)s",
                        name=name,
                        number=str(len(values)),
                        kind=words,
                    ),
                    True,
                )


def _written(node: Node) -> str:
    return Sentence("a blank node") if isinstance(node, BNode) else str(getattr(node, "n3", lambda: node)())


def _structure(graph: Graph) -> Iterator[Finding]:
    """Find what is a node shape and a property shape at once, or half of one."""
    for shape in {*graph.subjects(RDF.type, SH.PropertyShape), *graph.objects(None, SH.property)}:
        if isinstance(shape, Literal):
            continue
        if (shape, SH.path, None) not in graph:
            is_there = (shape, None, None) in graph
            problem = Sentence("a property shape needs sh:path")
            if not is_there:
                problem = Sentence("this property shape is described nowhere")
            yield shape, problem, True
    for shape in graph.subjects(RDF.type, SH.NodeShape):
        if (shape, SH.path, None) in graph:
            yield shape, Sentence("a node shape has no sh:path; leave that out, or make it a sh:PropertyShape"), True
        for name in AT_PROPERTIES:
            if (shape, SH[name], None) in graph:
                yield shape, Sentence("sh:%(name)s stands at property shapes only, those with sh:path", name=name), True


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


def _problem(shapes: Shapes, shape: Shape) -> Said | None:
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
        return Sentence("%(name)s: %(problem)s", name="sh:path", problem=problem)
    except Exception as problem:  # noqa: BLE001  plain Exception, KeyError, TypeError … over bad shapes
        return in_a_line(problem)
    return None


def wrong_query(text: str, form: str) -> Said | None:
    """Return what is wrong with the query of a constraint, with its prefixes; None where nothing is.

    Args:
        text: the query.
        form: ``SelectQuery`` or ``AskQuery``.

    Raises:
        Exception: it is no SPARQL query; rdflib has no class of its own for that.
    """
    algebra = prepared(text).algebra
    if algebra.name != form:
        if form == "SelectQuery":
            return Sentence("the query must be a SELECT")
        return Sentence("the query must be an ASK")
    if form == "SelectQuery" and not {"this", "value", "path", "failure"} & {str(each) for each in algebra.PV}:
        return Sentence("the query selects no $this, so nothing can violate it (SHACL 5.2.1)")
    for name in sorted(_functions(algebra)):
        return Sentence("the query calls the function <%(iri)s>, which is not known here", iri=name)
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
