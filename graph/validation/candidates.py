"""Which focus nodes may violate a shape, found by queries over a whole index: all others certainly do not.

For each constraint there are queries whose answers are a superset of its violators; pySHACL then judges these alone.
The queries see the index: rewritten literals, and graphs that are not validated. So the focus nodes to which these can
matter are candidates, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pyoxigraph as ox
from pyshacl.shape import Shape
from rdflib import RDFS, Graph

from graph.sources.matching import ReadableStore
from graph.sources.stored import Term, stored
from graph.validation.neighbourhood import ValidatedData
from graph.validation.shapes import Shapes
from graph.validation.terms import to_oxigraph
from graph.validation.violators import Body, Violators


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
