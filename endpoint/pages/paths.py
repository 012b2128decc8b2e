"""Property paths of shapes (SHACL 2.3.1), followed from a thing to its values, each with the statement that gives it.

Predicates, inverses, sequences and alternatives are followed; a path with ``*``, ``+`` or ``?`` belongs to validation,
and a page leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.description import Term
from graph.namespaces import RDF, SH

MOST_VALUES = 200
NIL = RDF + "nil"
LONGEST = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One predicate, followed forwards or backwards."""

    predicate: str
    is_inverse: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """One path after the other."""

    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any of several paths."""

    parts: tuple[Path, ...]


Path = Step | Sequence | Alternative


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the statement that led to it last."""

    term: Term
    subject: str
    predicate: str
    object: Term


def read_path(store: ox.Store, node: Term) -> Path | None:
    """Return the path that a node of the shapes means, or None where a page does not follow it."""
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return None
    if (items := _list(store, node)) is not None:
        parts = [read_path(store, each) for each in items]
        return Sequence(tuple(each for each in parts if each)) if parts and all(parts) else None
    if (inverse := _object(store, node, SH + "inversePath")) is not None:
        return Step(inverse.value, is_inverse=True) if isinstance(inverse, ox.NamedNode) else None
    if (either := _object(store, node, SH + "alternativePath")) is not None:
        choices = [read_path(store, each) for each in _list(store, either) or ()]
        return Alternative(tuple(each for each in choices if each)) if choices and all(choices) else None
    said = next(store.quads_for_pattern(node, None, None, ox.DefaultGraph()), None)
    is_operator = said is not None and said.predicate.value.startswith(SH) and said.predicate.value.endswith("Path")
    return Step(node.value) if isinstance(node, ox.NamedNode) and not is_operator else None


def _object(store: ox.Store, node: Term, predicate: str) -> Term | None:
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return None
    found = next(store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph()), None)
    return found.object if found else None


def _list(store: ox.Store, node: Term) -> list[Term] | None:
    """Return the members of an RDF list, or None where the node is none."""
    members: list[Term] = []
    while not (isinstance(node, ox.NamedNode) and node.value == NIL):
        first, rest = _object(store, node, RDF + "first"), _object(store, node, RDF + "rest")
        if first is None or rest is None or len(members) >= LONGEST:
            return None
        members.append(first)
        node = rest
    return members


def steps(path: Path) -> Iterator[Step]:
    """Yield every single predicate of a path."""
    if isinstance(path, Step):
        yield path
    else:
        for each in path.parts:
            yield from steps(each)


def ends(path: Path) -> Iterator[Step]:
    """Yield the predicates by which a path leaves a thing: what it shows of the thing's own statements."""
    if isinstance(path, Step):
        yield path
    elif isinstance(path, Alternative):
        for each in path.parts:
            yield from ends(each)


def spelt(path: Path) -> str:
    """Return a path as SPARQL writes it (9.1)."""
    match path:
        case Step(predicate, is_inverse):
            return f"{'^' if is_inverse else ''}<{predicate}>"
        case Alternative(parts):
            return f"({'|'.join(map(spelt, parts))})"
        case Sequence(parts):
            return f"({'/'.join(map(spelt, parts))})"


def follow(store: ox.Store, thing: str, path: Path, most: int = MOST_VALUES) -> list[Found]:
    """Return the values of a path from a thing, each once, at most so many."""
    found: dict[Term, Found] = {}
    for each in islice(_follow(store, ox.NamedNode(thing), path, most), most):
        found.setdefault(each.term, each)
    return list(found.values())


def _follow(store: ox.Store, node: Term, path: Path, most: int) -> Iterator[Found]:
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return
    match path:
        case Step(predicate, is_inverse):
            yield from _step(store, node, ox.NamedNode(predicate), is_inverse=is_inverse)
        case Alternative(parts):
            for part in parts:
                yield from _follow(store, node, part, most)
        case Sequence(parts):
            reached = [Found(node, "", "", node)]
            for part in parts:
                reached = list(islice((far for near in reached for far in _follow(store, near.term, part, most)), most))
            yield from reached


def _step(
    store: ox.Store, node: ox.NamedNode | ox.BlankNode, predicate: ox.NamedNode, *, is_inverse: bool
) -> Iterator[Found]:
    merge = ox.DefaultGraph()
    if is_inverse:
        for quad in store.quads_for_pattern(None, predicate, node, merge):
            if isinstance(quad.subject, ox.NamedNode):
                yield Found(quad.subject, quad.subject.value, predicate.value, node)
    else:
        for quad in store.quads_for_pattern(node, predicate, None, merge):
            yield Found(quad.object, node.value, predicate.value, quad.object)
