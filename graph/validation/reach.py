"""What shapes read, as an automaton, and so which focus nodes a change can matter to.

Nothing is judged here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyoxigraph as ox
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.helper.sparql_query_helper import SPARQLQueryHelper
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, BNode, Literal, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, NegatedPath, SequencePath
from rdflib.plugins.sparql.algebra import translateGroupGraphPattern
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from graph.model.errors import HamkorError, Quotation, Said, Sentence
from graph.model.rdf_terms import Term, stored
from graph.validation.constraints import prepared
from graph.validation.validated_graph import ValidatedData

# What shapes read, as an automaton: its states are places in shapes, its steps the triples that lead from one on.
#
# A shape that is evaluated at a node reads the node's neighbourhood along paths; each triple that it can read is a step
# of some state here. So a triple that changes can matter to a focus node only if the focus node reaches such a state.
# Recursion, nesting and repeated paths are loops. This is the automaton; ``graph.validation.reach`` makes it.


@dataclass(frozen=True, slots=True)
class ReadStep:
    """A triple that is read: from its subject to its object, or the other way round.

    Attributes:
        source: the state from which it is read.
        predicate: its predicate's IRI; None for any.
        inverse: whether it leads from its object to its subject.
        target: the state that it leads to.
        returns: whether it leads back to where an evaluation has come from, so that none begins with it.
    """

    source: int
    predicate: str | None
    inverse: bool
    target: int
    returns: bool = False


@dataclass
class Reads:
    """The automaton of a shapes graph.

    Attributes:
        steps: all steps.
        skips: by state, the states that lead to it without reading anything.
        entries: the states in which shapes that have targets are at their focus nodes, and these shapes.
        unbounded: states from which anything may be read.
        nested: the shapes whose focus nodes are value nodes of other shapes that report in their own name.
    """

    steps: list[ReadStep] = field(default_factory=list)
    skips: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    entries: dict[int, Shape] = field(default_factory=dict)
    unbounded: set[int] = field(default_factory=set)
    nested: set[Node] = field(default_factory=set)
    _names: dict[tuple[str, Node], int] = field(default_factory=dict)
    _count: int = 0

    def state(self) -> int:
        """Return a new state."""
        self._count += 1
        return self._count

    def at_focus(self, shape: Node) -> int:
        """Return the state of being at a focus node of a shape."""
        return self._named("focus", shape)

    def at_value(self, shape: Node) -> int:
        """Return the state of being at a value node of a shape."""
        return self._named("value", shape)

    def step(
        self, source: int, predicate: str | None, target: int, *, inverse: bool = False, returns: bool = False
    ) -> None:
        """Add a step."""
        self.steps.append(ReadStep(source, predicate, inverse, target, returns))

    def skip(self, source: int, target: int) -> None:
        """Let ``source`` lead to ``target`` without reading anything."""
        self.skips[target].add(source)

    def everywhere(self) -> list[Shape]:
        """Return the shapes with targets that may read anything."""
        back = defaultdict(set, {target: set(sources) for target, sources in self.skips.items()})
        for step in self.steps:
            back[step.target].add(step.source)
        reached, waiting = set(self.unbounded), list(self.unbounded)
        while waiting:
            found = back[waiting.pop()] - reached
            reached |= found
            waiting += found
        return [shape for state, shape in self.entries.items() if state in reached]

    def _named(self, kind: str, shape: Node) -> int:
        key = kind, shape
        if key not in self._names:
            self._names[key] = self.state()
        return self._names[key]


# Which focus nodes a change can matter to: those that reach, as their shapes read, a triple that came or went.
#
# Walking back over the new data alone is enough. Evaluation is a sequence of reads; up to the first one that gives
# something else than before, both evaluations have read the same, so they reach that triple along what is there now.

Place = tuple[Term, int]
"""A node and the state in which it is read."""
MOST_PLACES = 200_000


@dataclass
class TooManyError(HamkorError):
    """A change matters to so much that everything had better be validated."""

    places: int

    @property
    def sentence(self) -> Said:
        """How many places there are; whoever gave up reads it, and nobody else."""
        return Quotation(f"more than {self.places} places to look at")


@dataclass
class BackwardReads:
    """The automaton of shapes, walked backwards over data.

    Attributes:
        reads: the automaton.
        most: how many places are looked at before it gives up.
    """

    reads: Reads
    most: int = field(default_factory=lambda: MOST_PLACES)
    _by_predicate: dict[str | None, list[ReadStep]] = field(default_factory=lambda: defaultdict(list))
    _by_target: dict[int, list[ReadStep]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Order the steps."""
        for step in self.reads.steps:
            self._by_predicate[step.predicate].append(step)
            self._by_target[step.target].append(step)

    def of_change(self, data: ValidatedData, triples: Iterable[ox.Triple]) -> set[Term]:
        """Return the nodes that are, or were, focus nodes for which triples that came or went can matter.

        Literals among them are as the index has them.

        Args:
            data: after the change.
            triples: those that came or went.

        Raises:
            TooManyError: there are too many places to look at.
        """
        return self._reached(data, {place for triple in triples for place in self._read_by(triple)})

    def roots(self, data: ValidatedData, node: Term, shape: Node) -> set[Term]:
        """Return the focus nodes of shapes with targets that lead to ``node`` as a focus node of ``shape``."""
        return self._reached(data, {(node, self.reads.at_focus(shape))})

    def _read_by(self, triple: ox.Triple) -> Iterator[Place]:
        for step in chain(self._by_predicate[triple.predicate.value], self._by_predicate[None]):
            yield (stored(triple.object) if step.inverse else triple.subject), step.source

    def _reached(self, data: ValidatedData, places: set[Place]) -> set[Term]:
        seen, waiting, found = set(places), list(places), set[Term]()
        while waiting:
            node, state = waiting.pop()
            if state in self.reads.entries:
                found.add(node)
            for place in self._before(data, node, state):
                if place not in seen:
                    seen.add(place)
                    waiting.append(place)
            if len(seen) > self.most:
                raise TooManyError(self.most)
        return found

    def _before(self, data: ValidatedData, node: Term, state: int) -> Iterator[Place]:
        for earlier in self.reads.skips.get(state, ()):
            yield node, earlier
        for step in self._by_target.get(state, ()):
            predicate = ox.NamedNode(step.predicate) if step.predicate is not None else None
            if not step.inverse:
                yield from ((quad.subject, step.source) for quad in data.quads(None, predicate, node))
            elif not isinstance(node, ox.Literal | ox.Triple):
                yield from ((quad.object, step.source) for quad in data.quads(node, predicate, None))


# What a SPARQL constraint reads, where its query hangs together: every pattern is reached from $this through others.
#
# Such a query reads the neighbourhood of its focus node only. Every variable becomes a state, every triple pattern a
# step from each end that is a variable. A query that may read elsewhere is not understood, and then anything counts.

AROUND = frozenset({"SelectQuery", "Project", "Distinct", "Reduced", "OrderBy"})
EXISTS = frozenset({"Builtin_EXISTS", "Builtin_NOTEXISTS"})
Known = frozenset[str]
"""Variables that are certainly bound to nodes that the query reached from the focus node."""
KnownTriple = tuple[Node, object, Node, Known]
"""A triple pattern, and what is known when it is come to."""


class NotUnderstoodError(Exception):
    """A query may read more than the neighbourhood of its focus node."""


def read_query(reads: Reads, shape: Shape, constraint: Node) -> bool:
    """Add what a SPARQL constraint (SHACL 5) of a shape reads; return whether its query was understood."""
    texts = list(shape.sg.objects(constraint, SH.select))
    if len(texts) != 1 or not isinstance(texts[0], Literal):
        return False
    try:
        algebra = _parsed(shape, constraint, str(texts[0]))
        triples = list[KnownTriple]()
        _walk(algebra, frozenset({"this"}), triples)
        _Steps(reads, reads.at_focus(shape.node)).add(triples)
    except Exception:  # noqa: BLE001  rdflib raises plain ones over what is no query; pySHACL will say so
        return False
    return True


def query_text(shape: Shape, constraint: Node, text: str) -> str:
    """Return the query of a constraint with its prefixes, and with the shape's path in place of $PATH."""
    helper = SPARQLQueryHelper(shape, constraint, text)
    helper.collect_prefixes()
    if (path := shape.path()) is not None:
        written = shacl_path_to_sparql_path(shape.sg, path, prefixes=helper.prefixes)
        text = helper.bind_path_regex.sub(rf"\g<1>{written}", text)
    return str(helper.apply_prefixes(text))


def _parsed(shape: Shape, constraint: Node, text: str) -> CompValue:
    query: CompValue = prepared(query_text(shape, constraint, text)).algebra
    if query.datasetClause:
        raise NotUnderstoodError("a query with a dataset of its own")
    return query


def _walk(part: CompValue, known: Known, triples: list[KnownTriple]) -> Known:
    """Collect the triple patterns of a part of the algebra; return which variables it certainly binds, too."""
    name = part.name
    if name in AROUND:
        return _walk(part.p, known, triples)
    if name == "BGP":
        return _walk_patterns(part.triples, known, triples)
    if name in ("Filter", "Extend"):
        inside = _walk(part.p, known, triples)
        _walk_expression(part.expr, inside, triples)
        return inside
    if name == "Join":
        first = _walk(part.p1, known, triples)
        return first | _walk(part.p2, first if _is_plain(part.p2) else known, triples)
    if name == "LeftJoin":
        first = _walk(part.p1, known, triples)
        second = _walk(part.p2, first, triples)
        _walk_expression(part.expr, second, triples)
        return first
    if name == "Union":
        return _walk(part.p1, known, triples) & _walk(part.p2, known, triples)
    raise NotUnderstoodError(name)


def _is_plain(part: CompValue) -> bool:
    """Whether a part only narrows what it is joined with: then it may start from what that has bound."""
    if part.name in ("Filter", "Extend"):
        return _is_plain(part.p)
    return part.name == "BGP" or (part.name == "Join" and _is_plain(part.p1) and _is_plain(part.p2))


def _walk_patterns(patterns: Iterable[tuple[Node, object, Node]], known: Known, triples: list[KnownTriple]) -> Known:
    waiting, bound = list(patterns), set(known)
    while waiting:
        reached = [each for each in waiting if {_variable(each[0]), _variable(each[2])} & bound]
        if not reached:
            raise NotUnderstoodError("a pattern that does not hang together with $this")
        for each in reached:
            waiting.remove(each)
            triples.append((*each, frozenset(bound)))
            bound |= {name for end in (each[0], each[2]) if (name := _variable(end)) is not None}
    return frozenset(bound)


def _walk_expression(part: object, known: Known, triples: list[KnownTriple]) -> None:
    if isinstance(part, list | tuple):
        for each in part:
            _walk_expression(each, known, triples)
    elif isinstance(part, CompValue):
        if part.name in EXISTS:
            _walk(translateGroupGraphPattern(part.graph), known, triples)
            return
        for each in part.values():
            _walk_expression(each, known, triples)


def _variable(term: object) -> str | None:
    return str(term) if isinstance(term, Variable | BNode) else None


class _Steps:
    """Adds the steps of triple patterns: a state for each variable."""

    def __init__(self, reads: Reads, this: int) -> None:
        self._reads = reads
        self._states = {"this": this}
        self._returns = False

    def add(self, triples: Iterable[KnownTriple]) -> None:
        for subject, path, object_, known in triples:
            ends, is_known = (self._state(subject), self._state(object_)), _variable(subject) in known
            if _variable(subject) is not None:
                self._returns = not is_known
                self._path(path, ends, inverse=False)
            if _variable(object_) is not None:
                self._returns = is_known or _variable(object_) not in known
                self._path(path, (ends[1], ends[0]), inverse=True)

    def _state(self, term: Node) -> int:
        name = _variable(term)
        if name is None:
            return self._reads.state()
        if name not in self._states:
            self._states[name] = self._reads.state()
        return self._states[name]

    def _path(self, path: object, ends: tuple[int, int], *, inverse: bool) -> None:
        """Add a SPARQL property path (SPARQL 1.1 Query 9.1) from its start to its end, or backwards."""
        source, target = ends
        if isinstance(path, URIRef):
            self._reads.step(source, str(path), target, inverse=inverse, returns=self._returns)
        elif isinstance(path, Variable):
            self._reads.step(source, None, target, inverse=inverse, returns=self._returns)
        elif isinstance(path, NegatedPath):
            self._reads.step(source, None, target, inverse=inverse, returns=self._returns)
            self._reads.step(source, None, target, inverse=not inverse, returns=self._returns)
        elif isinstance(path, InvPath):
            self._path(path.arg, ends, inverse=not inverse)
        elif isinstance(path, AlternativePath):
            for each in path.args:
                self._path(each, ends, inverse=inverse)
        elif isinstance(path, SequencePath):
            parts = list(reversed(path.args)) if inverse else list(path.args)
            places = [source, *(self._reads.state() for _ in parts[1:]), target]
            for number, each in enumerate(parts):
                self._path(each, (places[number], places[number + 1]), inverse=inverse)
        elif isinstance(path, MulPath):
            self._repeated(path, ends, inverse=inverse)
        else:
            raise NotUnderstoodError(f"a path of the kind {type(path).__name__}")

    def _repeated(self, path: MulPath, ends: tuple[int, int], *, inverse: bool) -> None:
        middle = self._reads.state()
        if path.zero:
            self._reads.skip(ends[0], middle)
        self._path(path.path, (ends[0], middle), inverse=inverse)
        if path.more:
            self._path(path.path, (middle, middle), inverse=inverse)
        self._reads.skip(middle, ends[1])


# From shapes to what they read (``graph.validation.reach``): targets, paths and constraints, as pySHACL reads them.

AT_THE_VALUE = (
    SH.datatype, SH.nodeKind, SH.minCount, SH.maxCount, SH.minExclusive, SH.minInclusive, SH.maxExclusive,
    SH.maxInclusive, SH.minLength, SH.maxLength, SH.pattern, SH.flags, SH.languageIn, SH.uniqueLang, SH["in"],
    SH.hasValue, SH.closed, SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount,
    SH.qualifiedValueShapesDisjoint,
)  # fmt: skip
"""Parameters that read no triple beyond the value nodes; sh:closed, and what stands beside others, is seen to there."""
ELSEWHERE = frozenset({SH.qualifiedValueShape, SH["class"], SH.sparql, SH.property})
ONE_SHAPE = (SH.node, SH["not"], SH.qualifiedValueShape)
LISTS_OF_SHAPES = (SH["and"], SH["or"], SH.xone)
OTHER_PROPERTIES = (SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals)
KNOWN = {*AT_THE_VALUE, *ELSEWHERE, *ONE_SHAPE, *LISTS_OF_SHAPES, *OTHER_PROPERTIES}
DEEPEST_PATH = 50


class PathError(Exception):
    """A path is none; pySHACL says so in its own words once it comes to it."""


def read_shapes(shapes: ShapesGraph) -> Reads:
    """Return what the shapes read.

    Raises:
        PathError: a path is malformed.
        ValueError: a list is.
    """
    reads = Reads()
    for shape in shapes.shapes:
        focus, value = reads.at_focus(shape.node), reads.at_value(shape.node)
        path = shape.path()
        if path is None:
            reads.skip(focus, value)
        else:
            read_path(reads, shapes, path, (focus, value))
        _read_targets(reads, shape)
        _read_shapes_within(reads, shape)
        _read_properties(reads, shape)
        _read_queries(reads, shape)
    return reads


def read_path(
    reads: Reads, shapes: ShapesGraph, path: Node, ends: tuple[int, int], *, inverse: bool = False, depth: int = 0
) -> None:
    """Add the steps of a SHACL path (SHACL 2.3.1) as pySHACL walks it: an inverted sequence keeps its order there.

    Raises:
        PathError: it is malformed.
    """
    source, target = ends
    if isinstance(path, URIRef):
        reads.step(source, str(path), target, inverse=inverse)
        return
    if depth > DEEPEST_PATH:
        raise PathError(Sentence("a path that is deeper than any that is walked"))

    def part(node: Node, ends: tuple[int, int], *, turned: bool = inverse) -> None:
        read_path(reads, shapes, node, ends, inverse=turned, depth=depth + 1)

    parts = dict(shapes.graph.predicate_objects(path))
    if RDF.first in parts:
        nodes = list(shapes.graph.items(path))
        places = [source, *(reads.state() for _ in nodes[1:]), target]
        for number, node in enumerate(nodes):
            part(node, (places[number], places[number + 1]))
    elif SH.inversePath in parts:
        part(parts[SH.inversePath], ends, turned=not inverse)
    elif SH.alternativePath in parts:
        for each in shapes.graph.items(parts[SH.alternativePath]):
            part(each, ends)
    else:
        _read_repeated(reads, parts, ends, part)


def _read_repeated(
    reads: Reads, parts: dict[Node, Node], ends: tuple[int, int], part: Callable[[Node, tuple[int, int]], None]
) -> None:
    source, target = ends
    if SH.zeroOrOnePath in parts:
        reads.skip(source, target)
        part(parts[SH.zeroOrOnePath], ends)
        return
    inner, middle = parts.get(SH.zeroOrMorePath) or parts.get(SH.oneOrMorePath), reads.state()
    if inner is None:
        raise PathError(Sentence("a path of no known kind"))
    if SH.zeroOrMorePath in parts:
        reads.skip(source, middle)
    else:
        part(inner, (source, middle))
    part(inner, (middle, middle))
    reads.skip(middle, target)


def _read_class(reads: Reads, source: int) -> None:
    """Add what tells a node's classes: its types, and all their superclasses."""
    classes = reads.state()
    reads.step(source, str(RDF.type), classes)
    reads.step(classes, str(RDFS.subClassOf), classes)


def _read_targets(reads: Reads, shape: Shape) -> None:
    """Add what tells whether a node is a focus node (SHACL 2.1.3)."""
    nodes, classes, implicit, objects, subjects = (list(each) for each in shape.target())
    focus, end = reads.at_focus(shape.node), reads.state()
    if nodes or classes or implicit or objects or subjects:
        reads.entries[focus] = shape
    if classes or implicit:
        _read_class(reads, focus)
    for predicate in subjects:
        reads.step(focus, str(predicate), end)
    for predicate in objects:
        reads.step(focus, str(predicate), end, inverse=True)


def _read_shapes_within(reads: Reads, shape: Shape) -> None:
    """Let the value nodes be focus nodes of the shapes that the shape names."""
    value = reads.at_value(shape.node)
    within = [each for parameter in ONE_SHAPE for each in shape.objects(parameter)]
    for parameter in LISTS_OF_SHAPES:
        within += [each for members in shape.objects(parameter) for each in shape.sg.graph.items(members)]
    if any(shape.objects(SH.qualifiedValueShapesDisjoint)):
        for parent in shape.sg.subjects(SH.property, shape.node):
            for sibling in shape.sg.objects(parent, SH.property):
                within += shape.sg.objects(sibling, SH.qualifiedValueShape)
    for each in within:
        reads.skip(value, reads.at_focus(each))
    for each in shape.objects(SH.property):
        reads.skip(value, reads.at_focus(each))
        if shape.is_property_shape:
            reads.nested.add(each)


def _read_properties(reads: Reads, shape: Shape) -> None:
    """Add the triples that other constraints read."""
    focus, value, end = reads.at_focus(shape.node), reads.at_value(shape.node), reads.state()
    for parameter in OTHER_PROPERTIES:
        for predicate in shape.objects(parameter):
            reads.step(focus, str(predicate), end)
    if any(shape.objects(SH["class"])):
        _read_class(reads, value)
    if any(shape.objects(SH.closed)):
        reads.step(value, None, end)
    parameters = {predicate for predicate, _ in shape.sg.predicate_objects(shape.node)}
    if parameters & (set(ALL_CONSTRAINT_PARAMETERS) - KNOWN) or shape.find_custom_constraints():
        reads.unbounded.add(value)


def _read_queries(reads: Reads, shape: Shape) -> None:
    """Add what the shape's SPARQL constraints read; anything, where a query is not understood."""
    for constraint in shape.objects(SH.sparql):
        if not read_query(reads, shape, constraint):
            reads.unbounded.add(reads.at_focus(shape.node))
