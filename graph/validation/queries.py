"""What a SPARQL constraint reads, where its query hangs together: every pattern is reached from $this through others.

Such a query reads the neighbourhood of its focus node only. Every variable becomes a state, every triple pattern a
step from each end that is a variable. A query that may read elsewhere is not understood, and then anything counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.helper.sparql_query_helper import SPARQLQueryHelper
from pyshacl.shape import Shape
from rdflib import SH, BNode, Literal, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, NegatedPath, SequencePath
from rdflib.plugins.sparql.algebra import translateGroupGraphPattern
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from graph.validation.constraints import prepared
from graph.validation.reads import Reads

AROUND = frozenset({"SelectQuery", "Project", "Distinct", "Reduced", "OrderBy"})
EXISTS = frozenset({"Builtin_EXISTS", "Builtin_NOTEXISTS"})
Known = frozenset[str]
"""Variables that are certainly bound to nodes that the query reached from the focus node."""


class NotUnderstoodError(Exception):
    """A query may read more than the neighbourhood of its focus node."""


def read_query(reads: Reads, shape: Shape, constraint: Node) -> bool:
    """Add what a SPARQL constraint (SHACL 5) of a shape reads; return whether its query was understood."""
    texts = list(shape.sg.objects(constraint, SH.select))
    if len(texts) != 1 or not isinstance(texts[0], Literal):
        return False
    try:
        algebra = _parsed(shape, constraint, str(texts[0]))
        triples = list[tuple[Node, object, Node]]()
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


def _walk(part: CompValue, known: Known, triples: list[tuple[Node, object, Node]]) -> Known:
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


def _walk_patterns(
    patterns: Iterable[tuple[Node, object, Node]], known: Known, triples: list[tuple[Node, object, Node]]
) -> Known:
    waiting, bound = list(patterns), set(known)
    triples += waiting
    while waiting:
        reached = [each for each in waiting if {_variable(each[0]), _variable(each[2])} & bound]
        if not reached:
            raise NotUnderstoodError("a pattern that does not hang together with $this")
        for each in reached:
            waiting.remove(each)
            bound |= {name for end in (each[0], each[2]) if (name := _variable(end)) is not None}
    return frozenset(bound)


def _walk_expression(part: object, known: Known, triples: list[tuple[Node, object, Node]]) -> None:
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

    def add(self, triples: Iterable[tuple[Node, object, Node]]) -> None:
        for subject, path, object_ in triples:
            ends = self._state(subject), self._state(object_)
            if _variable(subject) is not None:
                self._path(path, ends, inverse=False)
            if _variable(object_) is not None:
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
            self._reads.step(source, str(path), target, inverse=inverse)
        elif isinstance(path, Variable):
            self._reads.step(source, None, target, inverse=inverse)
        elif isinstance(path, NegatedPath):
            self._reads.step(source, None, target, inverse=inverse)
            self._reads.step(source, None, target, inverse=not inverse)
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
