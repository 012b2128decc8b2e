"""The shapes of a publication, checked before they are used: SHACL that pySHACL can run to the end.

It does not validate data; that is the gate. Shapes that were loaded are kept for the next validation in this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pyparsing import ParseBaseException
from pyshacl.constraints.sparql.sparql_based_constraint_components import SPARQLConstraintComponentValidator
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, URIRef
from rdflib.namespace import OWL, SH, NamespaceManager
from rdflib.term import Node

from graph.errors import ShapesError
from graph.sources.chunks import Chunk
from graph.validation.affected import BackwardReads
from graph.validation.memory import Constraints, ShapesTriples
from graph.validation.reading import PathError, read_shapes
from graph.validation.terms import blank_node, fill


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
    below = f"{base}.well-known/genid/"
    graph = fill(ShapesTriples(), chunks, blank_below=below)
    graph.namespace_manager = FullIris(graph)
    for shape, pattern in graph.subject_objects(SH.pattern):
        try:
            re.compile(str(pattern))
        except re.error as problem:
            place = str(graph.value(shape, SH.path) if isinstance(shape, BNode) else shape)
            raise ShapesError(place, f"sh:pattern {str(pattern)!r} cannot be used: {problem}") from problem
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
        ShapesError: instead of everything else.
    """
    try:
        yield
    except ShapesError:
        raise
    except Exception as problem:  # plain Exception, KeyError, TypeError … over bad shapes
        raise ShapesError(place, in_a_line(problem)) from problem


def in_a_line(problem: Exception) -> str:
    """Return what pySHACL or rdflib say of shapes, in one line."""
    if isinstance(problem, ParseBaseException):
        return f"its query is no SPARQL: {' '.join(problem.line.split())}: {problem.msg}"
    text = str(problem).strip().partition("\n")[0] or type(problem).__name__
    if (name := re.match(r"Unknown namespace prefix : ?(.*)", text)) is not None:
        return f"its query uses the prefix {name[1]!r}, which is not declared: add it to what sh:prefixes names"
    return f"pySHACL cannot use it: {text}"
