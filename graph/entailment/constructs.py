"""What a CONSTRUCT query depends on: its template, the patterns that it needs, and those that only add or take away.

It runs nothing. What it cannot see through is said to be so (``Form.WHOLE``, ``Form.UNKNOWN``), never guessed: a rule
that is read too narrowly would leave false conclusions standing. It is loaded for publications that state rules of
their own, and for no others: rdflib's parser takes a fifth of a second to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import pyoxigraph as ox
from rdflib import BNode, Literal, URIRef, Variable
from rdflib.namespace import XSD
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.algebra import translatePath, translatePName, translatePrologue, traverse
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from graph.entailment.rules import OWN, Form, Pattern, PatternGroup, Term

UNSTEADY = frozenset({"Builtin_NOW", "Builtin_RAND", "Builtin_UUID", "Builtin_STRUUID", "Builtin_BNODE",
                      "GraphGraphPattern", "ServiceGraphPattern"})  # fmt: skip
"""What makes an answer depend on more than the triples of the merge."""
EXISTS = frozenset({"Builtin_EXISTS", "Builtin_NOTEXISTS"})
ANYTHING: Pattern = (ox.Variable(OWN + "s"), ox.Variable(OWN + "p"), ox.Variable(OWN + "o"))


@dataclass(frozen=True, slots=True)
class Construct:
    """What a CONSTRUCT query depends on and what it can conclude."""

    form: Form
    heads: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    groups: tuple[PatternGroup, ...] = ()


class _OpaqueError(Exception):
    """Something that is not seen through stands in the query."""


@lru_cache(maxsize=256)
def read_construct(text: str) -> Construct:
    """Return what the query depends on; of what is no query nothing is known.

    Remembered, since it is the dearest part of a small change, and the rules seldom change.
    """
    try:
        tree, more = _parsed(text)
        if tree.name != "ConstructQuery" or tree.datasetClause or any(n.name in UNSTEADY for n in _nodes(tree)):
            return Construct(Form.UNKNOWN, (ANYTHING,), (ANYTHING,))
        heads = tuple(_patterns(tree.template or _blocks(_parts(tree.where))))
    except Exception:  # noqa: BLE001  rdflib raises plain ones, too; whether this is SPARQL the store says
        return Construct(Form.UNKNOWN, (ANYTHING,), (ANYTHING,))
    try:
        return _seen_through(heads, tree.where, has_more=more or bool(set(tree) - {"template", "where"}))
    except _OpaqueError:
        return Construct(Form.WHOLE, heads, tuple(_mentioned(tree.where)))


def _parsed(text: str) -> tuple[CompValue, bool]:
    """Return the syntax tree with its names resolved, and whether VALUES follows it."""
    parsed = parseQuery(text)
    names = partial(translatePName, prologue=translatePrologue(parsed[0], None))
    return traverse(traverse(parsed[1], visitPost=names), visitPost=translatePath), len(parsed) > 2


def _seen_through(heads: tuple[Pattern, ...], where: CompValue, *, has_more: bool) -> Construct:
    if has_more:
        raise _OpaqueError
    body, groups, plain = list[Pattern](), list[PatternGroup](), True
    for part in _parts(where):
        if part.name == "TriplesBlock":
            body += _patterns(part.triples)
            continue
        plain = False
        if part.name == "OptionalGraphPattern":
            inner = [part.graph]
        elif part.name in ("Filter", "Bind"):
            inner = [node.graph for node in _nodes(part) if node.name in EXISTS]
        else:
            raise _OpaqueError
        groups += [_group(each, body, is_optional=part.name == "OptionalGraphPattern") for each in inner]
    if groups:
        return Construct(Form.NEGATED, heads, tuple(body), tuple(groups))
    plain = plain and not any(_is_own(each, "literal") for each in body) and not any(_is_own(each) for each in heads)
    return Construct(Form.PLAIN if plain else Form.FILTERED, heads, tuple(body))


def _group(graph: CompValue, body: list[Pattern], *, is_optional: bool) -> PatternGroup:
    """Return a group; of what ties it to the rest only what stands before it is taken, which is never too much."""
    if any(part.name not in ("TriplesBlock", "Filter", "Bind") for part in _parts(graph)):
        raise _OpaqueError
    if any(node.name in EXISTS for node in _nodes(graph)):
        raise _OpaqueError
    patterns = tuple(_patterns(_blocks(_parts(graph))))
    return PatternGroup(patterns, _variables(patterns) & _variables(body), is_optional)


def _parts(group: CompValue) -> Iterable[CompValue]:
    if group.name == "SubSelect":
        raise _OpaqueError
    return group.part or ()


def _blocks(parts: Iterable[CompValue]) -> list[Sequence[object]]:
    return [triples for part in parts if part.name == "TriplesBlock" for triples in part.triples]


def _variables(patterns: Iterable[Pattern]) -> frozenset[ox.Variable]:
    return frozenset(slot for pattern in patterns for slot in pattern if isinstance(slot, ox.Variable))


def _is_own(pattern: Pattern, kind: str = "") -> bool:
    return any(isinstance(slot, ox.Variable) and slot.value.startswith(OWN + kind) for slot in pattern)


def _patterns(blocks: Iterable[Sequence[object]]) -> Iterator[Pattern]:
    for flat in blocks:
        for start in range(0, len(flat), 3):
            subject, predicate, object_ = (_slot(each) for each in flat[start : start + 3])
            yield subject, predicate, object_


def _slot(term: object) -> Term | ox.Variable:
    """Return a term as the store has it. A literal that the store may spell otherwise becomes a variable."""
    if isinstance(term, Variable):
        return ox.Variable(str(term))
    if isinstance(term, URIRef):
        return ox.NamedNode(str(term))
    if isinstance(term, BNode):
        return ox.Variable(f"{OWN}blank_{str(term).encode().hex()}")
    if not isinstance(term, Literal):
        raise _OpaqueError
    if term.language is None and term.datatype in (None, XSD.string):
        return ox.Literal(str(term))
    return ox.Variable(f"{OWN}literal_{term.n3().encode().hex()}")


def _nodes(tree: object) -> Iterator[CompValue]:
    """Yield the nodes of a syntax tree."""
    if isinstance(tree, CompValue):
        yield tree
        tree = tree.values()
    elif isinstance(tree, str) or not isinstance(tree, Iterable):
        return
    for each in tree:
        yield from _nodes(each)


def _mentioned(where: CompValue) -> Iterator[Pattern]:
    """Yield a pattern for each that stands anywhere, and for each predicate of a path."""
    for node in _nodes(where):
        if node.name == "TriplesBlock":
            for flat in node.triples:
                for start in range(0, len(flat), 3):
                    yield from _read_by(*flat[start : start + 3])


def _read_by(subject: object, predicate: object, object_: object) -> Iterator[Pattern]:
    if isinstance(predicate, URIRef | Variable):
        yield _slot(subject), _slot(predicate), _slot(object_)
    else:
        yield from _path_reads(predicate)


def _path_reads(path: object) -> Iterator[Pattern]:
    """Yield what a path may walk over; one of no length, and one of all predicates but some, reads everything."""
    if isinstance(path, URIRef):
        yield ANYTHING[0], ox.NamedNode(str(path)), ANYTHING[2]
    elif isinstance(path, SequencePath | AlternativePath):
        for each in path.args:
            yield from _path_reads(each)
    elif isinstance(path, InvPath):
        yield from _path_reads(path.arg)
    elif isinstance(path, MulPath) and path.mod == "+":
        yield from _path_reads(path.path)
    else:
        yield ANYTHING
