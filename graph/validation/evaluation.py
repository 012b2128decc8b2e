"""pySHACL at work: shapes evaluated at focus nodes, and its report. Which nodes these are is decided elsewhere.

``pyshacl.validate`` with its ``focus_nodes`` passes invalid data (they filter nested shapes, too); ``Shape.validate``
is what it is made of.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any

from pyshacl.errors import ShapeRecursionWarning
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from pyshacl.validator import Validator
from rdflib import Graph, URIRef
from rdflib.namespace import SH
from rdflib.term import Node

from graph.validation.shapes import FullIris, Shapes, usable
from graph.validation.terms import DataNode

FocusNodes = Callable[[Shape], Collection[Node]]
"""The focus nodes at which a shape with targets is evaluated."""
Found = tuple[str, Node, list[tuple[Any, Any, Any]]]
"""A result of pySHACL: text, node, triples whose objects may be pairs of a graph and a term of it."""


def evaluate(data: Graph, shapes: Shapes, focus: FocusNodes | None = None) -> Graph:
    """Return pySHACL's report on a data graph.

    Args:
        data: the graph, or as much of it as the shapes read from the focus nodes.
        shapes: the shapes.
        focus: at which of its focus nodes to evaluate a shape; at all of them by default.

    Raises:
        ShapesError: pySHACL cannot use the shapes.
    """
    data.namespace_manager = FullIris(data)
    logging.getLogger("pyshacl.shapes_graph").disabled = True  # it prints what it raises, too
    with usable(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ShapeRecursionWarning)  # it backs out by itself (SHACL 3.4.3)
        executor = SHACLExecutor()
        found = list[Found]()
        for shape in list(shapes.compiled.shapes):
            with usable(shapes.place(shape.node)[0]):
                nodes = shape.focus_nodes(data) if focus is None else focus(shape)
                for some in _together(shape, nodes):
                    found += shape.validate(executor, data, focus=some)[1]
        named = [(text, node, list(_named(triples, shapes))) for text, node, triples in found]
        report: Graph = Validator.create_validation_report(shapes.compiled, not named, named)[0]
    return report


def _together(shape: Shape, nodes: Collection[Node]) -> Iterator[list[Node]]:
    """Yield the focus nodes that are evaluated at once; custom components mix up the messages of several."""
    if shape.find_custom_constraints():
        yield from ([node] for node in nodes)
    elif nodes:
        yield list(nodes)


def _named(triples: list[tuple[Any, Any, Any]], shapes: Shapes) -> Iterator[tuple[Any, Any, Any]]:
    """Yield a result's triples; shapes and data without a name get the IRI that the release gives them."""
    for subject, predicate, object_ in triples:
        if predicate in (SH.sourceShape, SH.sourceConstraint) and isinstance(object_, tuple):
            yield subject, predicate, shapes.iris.get(object_[1], object_)
        elif isinstance(object_, tuple) and isinstance(object_[1], DataNode):
            yield subject, predicate, URIRef(object_[1])
        else:
            yield subject, predicate, object_
