"""Does a graph conform to the shapes? pySHACL judges every focus node that may not; only what conforms is released.

Which focus nodes these are is found in ``graph.validation.candidates``.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pyshacl.errors import ShapeRecursionWarning
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from pyshacl.validator import Validator
from rdflib import SH, Graph, URIRef
from rdflib.term import Node

from graph.model.rdf_terms import genid_iri
from graph.sources.batches import Chunk
from graph.validation.constraints import apart
from graph.validation.exact_terms import DataNode, fill, subjects_of
from graph.validation.report import Report, read_report
from graph.validation.shapes import FullIris, Shapes, load_shapes, usable
from graph.validation.validated_graph import DataTriples

# pySHACL at work: shapes evaluated at focus nodes, and its report. Which nodes these are is decided elsewhere.
#
# ``pyshacl.validate`` with its ``focus_nodes`` passes invalid data (they filter nested shapes, too); ``Shape.validate``
# is what it is made of.

FocusNodes = Callable[[Shape], Collection[Node]]
"""The focus nodes at which a shape with targets is evaluated."""
Found = tuple[str, Node, list[tuple[Any, Any, Any]]]
"""A result of pySHACL: text, node, triples whose objects may be pairs of a graph and a term of it."""


Prepare = Callable[[Shape, Sequence[Node]], None]
"""Called with the focus nodes at which a shape is evaluated next."""
TOGETHER = 2_000
"""At so many focus nodes a shape is evaluated at once."""


def evaluate(data: Graph, shapes: Shapes, focus: FocusNodes | None = None, prepare: Prepare | None = None) -> Graph:
    """Return pySHACL's report on a data graph.

    Args:
        data: the graph, or as much of it as the shapes read from the focus nodes.
        shapes: the shapes.
        focus: at which of its focus nodes to evaluate a shape; at all of them by default.
        prepare: what makes the graph ready for the next ones.

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
                    if prepare is not None:
                        prepare(shape, some)
                    found += shape.validate(executor, data, focus=some)[1]
        named = [(text, node, list(_named(triples, shapes))) for text, node, triples in found]
        report: Graph = Validator.create_validation_report(shapes.compiled, not named, named)[0]
    return report


def _together(shape: Shape, nodes: Collection[Node]) -> Iterator[list[Node]]:
    """Yield the focus nodes that are evaluated at once; custom components mix up the messages of several."""
    if shape.find_custom_constraints():
        yield from ([node] for node in nodes)
    else:
        ordered = list(nodes)
        yield from (ordered[start : start + TOGETHER] for start in range(0, len(ordered), TOGETHER))


def _named(triples: list[tuple[Any, Any, Any]], shapes: Shapes) -> Iterator[tuple[Any, Any, Any]]:
    """Yield a result's triples; shapes and data without a name get the IRI that the release gives them."""
    for subject, predicate, object_ in triples:
        if predicate in (SH.sourceShape, SH.sourceConstraint) and isinstance(object_, tuple):
            yield subject, predicate, shapes.iris.get(object_[1], object_)
        elif isinstance(object_, tuple) and isinstance(object_[1], DataNode):
            yield subject, predicate, URIRef(object_[1])
        else:
            yield subject, predicate, object_


# The gate: does a graph conform to the shapes? Only what conforms is released.
#
# The data that is validated is parsed from the sources, never read from a store (the store rewrites numeric literals).


@apart
def validate(data: Mapping[str, Iterable[Chunk]], shapes: Iterable[Chunk], *, base: str) -> Report:
    """Validate the union of some named sources against shapes.

    Args:
        data: the chunks of each source (its name as messages shall call it).
        shapes: the shapes.
        base: the publication's base.

    Raises:
        ShapesError: the shapes themselves are not usable.
    """
    held = {name: list(each) for name, each in data.items()}
    usable = load_shapes(shapes, base=base)
    found = evaluate(fill(DataTriples(), chain.from_iterable(held.values()), data_below=genid_iri(base, "")), usable)
    return read_report(found, usable.graph, _Places(held).find)


def located(report: Report, data: Mapping[str, Iterable[Chunk]]) -> Report:
    """Return the report with its files found anew: those of ``data`` that speak of each focus node."""
    return report.located(_Places({name: list(each) for name, each in data.items()}).find)


class _Places:
    """In which sources a statement, or failing that its subject, stands."""

    def __init__(self, sources: Mapping[str, list[Chunk]]) -> None:
        self._sources = sources
        self._subjects: dict[str, tuple[str, ...]] = {}

    def find(self, focus: str, path: str | None, value: str | None) -> tuple[str, ...]:
        names = self._names(focus.strip("<>"))
        if path is not None and value is not None:
            start = f"{focus} <{path}> {value}".encode()
            if exact := tuple(name for name in names if self._states(name, start)):
                return exact
        return names

    def _states(self, name: str, start: bytes) -> bool:
        return any(start in chunk.triples for chunk in self._sources[name])

    def _names(self, subject: str) -> tuple[str, ...]:
        if not self._subjects:
            for name, chunks in self._sources.items():
                for each in {iri for chunk in chunks for iri in subjects_of(chunk)}:
                    self._subjects[each] = (*self._subjects.get(each, ()), name)
        return self._subjects.get(subject, ())
