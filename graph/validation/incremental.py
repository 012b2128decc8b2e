"""Validation of a change: only the focus nodes to which it can matter, and the parent's results for all others.

The report that comes out equals the one that validation of everything would give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import duckdb
import pyoxigraph as ox
from pyshacl.shape import Shape
from rdflib import RDFS, SH, Graph
from rdflib.term import Node

from graph.model.rdf_terms import RDF_TYPE, Term, stored
from graph.sources.batches import Chunk, GraphChange
from graph.validation.candidates import Candidates, candidates
from graph.validation.conformance import FocusNodes, evaluate
from graph.validation.constraints import apart
from graph.validation.exact_terms import to_oxigraph
from graph.validation.reach import TooManyError
from graph.validation.report import Report, read_report
from graph.validation.shapes import Shapes, load_shapes
from graph.validation.validated_graph import ValidatedData

TYPE = ox.NamedNode(RDF_TYPE)
MANY = 1_000
"""Where a change can matter to more nodes, the triple index is asked which of them are in doubt."""


@apart
def validate_index(
    data: ValidatedData, shapes: Iterable[Chunk], index: duckdb.DuckDBPyConnection | None, *, base: str
) -> Report:
    """Validate everything, read from a release's store and its notes rather than from its members.

    The triple index finds the candidates, pySHACL judges them: where few nodes are in doubt it is much faster than
    pySHACL on everything, and it holds no more in memory than these nodes' neighbourhood.

    Args:
        data: what is validated.
        shapes: the shapes.
        index: the triple index of the same; None: pySHACL judges all nodes.
        base: the publication's base.

    Raises:
        ShapesError: the shapes are not usable.
    """
    usable = load_shapes(shapes, base=base)
    doubtful = None if index is None else Doubtful.by(data, usable, index)
    with data.graph() as graph:
        focus = None if doubtful is None else doubtful.focus_nodes(graph)
        return read_report(evaluate(graph, usable, focus), usable.graph)


@apart
def validate_change(
    before: ValidatedData,
    after: ValidatedData,
    changes: Collection[GraphChange],
    shapes: Sequence[Chunk],
    parent: Report,
    index: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection | None]] = nullcontext,
    *,
    base: str,
) -> Report:
    """Validate a release that differs from its parent by some changes; return the report of the whole release.

    Its files are not located; ``graph.validation.conformance.located`` does that.

    Args:
        before: what was validated of the parent.
        after: what is to be validated: the changes, those of the entailed graph included, are in it.
        changes: how the named graphs have changed; those that are not validated may be among them.
        shapes: the shapes, the same as those of the parent; where they have changed, ``validate_index`` is right.
        parent: the parent's report (``Report.read``); it comes back itself where no result changes.
        index: gives the triple index of ``after``, which is asked where the change matters to many.
        base: the publication's base.

    Raises:
        ShapesError: the shapes are not usable.
    """
    usable = load_shapes(shapes, base=base)
    lines = {line for each in changes if each.iri not in after.without for line in each.added | each.removed}
    try:
        affected = Affected.by(lines, before, after, usable, parent)
    except TooManyError:
        affected = None
    if affected is None:
        with index() as asked:
            return validate_index(after, shapes, asked, base=base)
    with after.graph() as graph:
        focus = affected.focus_nodes(graph)
        if len(affected.nodes) > MANY:
            with index() as asked:
                doubtful = None if asked is None else Doubtful.by(after, usable, asked)
            focus = focus if doubtful is None else _both(focus, doubtful.focus_nodes(graph))
        report = evaluate(graph, usable, focus)
    if not affected.dropped and (None, SH.result, None) not in report:
        return parent
    return read_report(parent.merged(affected.dropped, report), usable.graph)


def _both(one: FocusNodes, other: FocusNodes) -> FocusNodes:
    """Return which focus nodes of a shape are among both: those to which a change can matter, and who is in doubt."""
    return lambda shape: {*one(shape)} & {*other(shape)}


@dataclass(frozen=True)
class Doubtful:
    """Who may violate the shapes, of everything.

    Attributes:
        data: what is validated.
        candidates: what the triple index says; what a shape names itself is in doubt in any case.
        affected: those for whom it cannot tell: whoever can read what the store has rewritten, and literals.
    """

    data: ValidatedData
    candidates: Candidates
    affected: Affected

    @staticmethod
    def by(data: ValidatedData, shapes: Shapes, index: duckdb.DuckDBPyConnection) -> Doubtful | None:
        """Return who may; None where anybody may."""
        if shapes.reads is None:
            return None
        try:
            nodes = shapes.reads.of_change(data, data.forms.rewritten())
        except TooManyError:
            return None
        found = candidates(index, shapes, data.without)
        literals = {each for some in found.values() for each in some.values() if not isinstance(each, ox.NamedNode)}
        return Doubtful(data, found, Affected(data, frozenset(nodes | literals), frozenset()))

    def focus_nodes(self, graph: Graph) -> FocusNodes:
        """Return which focus nodes of a shape are in doubt."""
        affected = self.affected.focus_nodes(graph)

        def of(shape: Shape) -> set[Node]:
            named = set[Node](shape.target()[0])
            terms = self.candidates.get(shape.node, {}).values()
            return (
                named | {*affected(shape)} | {self.data.term(each) for each in terms if isinstance(each, ox.NamedNode)}
            )

        return of


@dataclass(frozen=True)
class Affected:
    """What a change can matter to.

    Attributes:
        data: what is validated, after the change.
        nodes: the focus nodes, as the index has them.
        dropped: the parent's results that are not to be kept: they hold no longer, or are found again.
    """

    data: ValidatedData
    nodes: frozenset[Term]
    dropped: frozenset[Node]

    @staticmethod
    def by(
        lines: Collection[bytes], before: ValidatedData, after: ValidatedData, shapes: Shapes, parent: Report
    ) -> Affected | None:
        """Return what the lines that came or went can matter to; None where that cannot be told.

        Raises:
            TooManyError: to too much.
        """
        if shapes.reads is None:
            return None
        nodes = shapes.reads.of_change(after, map(_parsed, lines))
        if lines:
            with after.graph() as graph:
                for shape in shapes.reads.reads.everywhere():
                    nodes |= {_indexed(each) for each in shape.focus_nodes(graph)}
        dropped = set[Node]()
        for result in parent.graph.objects(None, SH.result):
            roots = _roots(result, parent.graph, before, shapes)
            if not nodes.isdisjoint(roots):
                dropped.add(result)
                nodes |= roots  # the other ones give the same result again
        return Affected(after, frozenset(nodes), frozenset(dropped))

    def focus_nodes(self, graph: Graph) -> FocusNodes:
        """Return which of the nodes are focus nodes of a shape."""

        def of(shape: Shape) -> set[Node]:
            nodes, classes, implicit, objects, subjects = (set[Node](each) for each in shape.target())
            below = {each for top in classes | implicit for each in graph.transitive_subjects(RDFS.subClassOf, top)}
            found = {each for each in nodes if _indexed(each) in self.nodes}
            for term in self.nodes:
                if self._is_instance(term, below) or self._has_any(term, subjects):
                    found.add(self.data.term(term))
                found.update(self._forms(term, objects))
            return found

        return of

    def _is_instance(self, term: Term, classes: set[Node | None]) -> bool:
        if not classes or not isinstance(term, ox.NamedNode):
            return False
        return any(self.data.term(quad.object) in classes for quad in self.data.quads(term, TYPE, None))

    def _has_any(self, term: Term, predicates: Iterable[Node]) -> bool:
        return isinstance(term, ox.NamedNode) and any(
            next(self.data.quads(term, ox.NamedNode(str(each)), None), None) is not None for each in predicates
        )

    def _forms(self, term: Term, predicates: Iterable[Node]) -> Iterator[Node]:
        """Yield a term as it was written, if any of the predicates has it as an object."""
        for each in predicates:
            for quad in self.data.quads(None, ox.NamedNode(str(each)), term):
                yield from (self.data.term(form) for form in self.data.forms.objects(quad))
                if isinstance(term, ox.NamedNode):
                    break


def _roots(result: Node, report: Graph, before: ValidatedData, shapes: Shapes) -> set[Term]:
    """Return the focus nodes whose evaluation gave a result: its own, or those that led to it through other shapes."""
    focus, source = report.value(result, SH.focusNode), report.value(result, SH.sourceShape)
    node = _indexed(focus)
    shape = shapes.blank_nodes.get(source, source) if source is not None else None
    if shape is not None and shapes.reads is not None and shape in shapes.reads.reads.nested:
        return shapes.reads.roots(before, node, shape)
    return {node}


def _indexed(node: Node | None) -> Term:
    """Return a focus node as the index has it; a triple term, which nothing reads from, as some node."""
    term = None if node is None else to_oxigraph(node)
    return ox.BlankNode() if term is None else stored(term)


def _parsed(line: bytes) -> ox.Triple:
    triple: ox.Triple = next(ox.parse(line, ox.RdfFormat.N_TRIPLES, lenient=True)).triple
    return triple
