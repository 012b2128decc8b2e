"""From shapes to what they read (``graph.validation.reads``): targets, paths and constraints, as pySHACL reads them."""

from __future__ import annotations

from collections.abc import Callable

from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, URIRef
from rdflib.term import Node

from graph.validation.queries import read_query
from graph.validation.reads import Reads

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
        raise PathError("a path that is deeper than any that is walked")

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
        raise PathError("a path of no known kind")
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
