"""What stands in RDF's lists and containers, in its order (RDF Schema 1.1, 5.1 and 5.2).

It reads their members from a store; how a page shows them is decided in ``endpoint.pages.facts``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.description import Term
from graph.namespaces import RDF, RDF_TYPE

FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))
ORDERED, UNORDERED = frozenset({RDF + "Seq", RDF + "List"}), frozenset({RDF + "Bag", RDF + "Alt"})
PLACE = re.compile(re.escape(RDF) + r"_([1-9][0-9]{0,17})\Z")
STRUCTURE = frozenset({FIRST.value, REST.value})
"""What says only how a list hangs together, as ``rdf:_1`` and so on do in a container (``is_place``)."""
MOST_READ, MOST_COUNTED = 5_000, 10_000
MERGE = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a list or container.

    Attributes:
        terms: the first of them, in order.
        more: how many follow, as far as they were counted.
        rest: the cell of the list from which on they follow; of a container empty.
        is_ordered: whether their order says something: not in a bag, and not among alternatives.
    """

    terms: tuple[Term, ...]
    more: int = 0
    rest: str = ""
    is_ordered: bool = True


def members_of(store: ox.Store, iri: str, most: int) -> Members | None:
    """Return the members of a list or container, ``most`` of them; None where the thing is neither.

    A list that has no end, or branches, ends where it is one no longer: there ``rest`` leads on.
    """
    node = ox.NamedNode(iri)
    if node == NIL:
        return Members(())
    if _cell(store, node) is not None:
        return _list(store, node, most)
    classes = {quad.object.value for quad in store.quads_for_pattern(node, ox.NamedNode(RDF_TYPE), None, MERGE)
               if isinstance(quad.object, ox.NamedNode)}  # fmt: skip
    if not classes & (ORDERED | UNORDERED) and not any(store.quads_for_pattern(node, _place(1), None, MERGE)):
        return None
    found = sorted(_places(store, node), key=lambda each: (each[0], str(each[1])))
    terms = tuple(term for _, term in found)
    return Members(terms[:most], max(0, len(terms) - most), "", not classes & UNORDERED)


def is_place(predicate: str) -> bool:
    """Whether a predicate leads to a member of a container, as ``rdf:_1`` does."""
    return PLACE.match(predicate) is not None


def _place(number: int) -> ox.NamedNode:
    return ox.NamedNode(f"{RDF}_{number}")


def _places(store: ox.Store, node: ox.NamedNode) -> Iterator[tuple[int, Term]]:
    for quad in islice(store.quads_for_pattern(node, None, None, MERGE), MOST_READ):
        if (found := PLACE.match(quad.predicate.value)) is not None:
            yield int(found[1]), quad.object


def _cell(store: ox.Store, node: Term) -> tuple[Term, Term] | None:
    """Return what a cell of a list holds, and what follows it; None where it is no cell, or says so twice."""
    if not isinstance(node, ox.NamedNode):
        return None
    parts = [list(islice(store.quads_for_pattern(node, each, None, MERGE), 2)) for each in (FIRST, REST)]
    return (parts[0][0].object, parts[1][0].object) if all(len(each) == 1 for each in parts) else None


def _list(store: ox.Store, node: Term, most: int) -> Members:
    terms, seen, rest, more = list[Term](), set[Term](), "", 0
    while node not in seen and more < MOST_COUNTED and (cell := _cell(store, node)) is not None:
        seen.add(node)
        if len(terms) < most:
            terms.append(cell[0])
        else:
            rest = rest or str(node)[1:-1]
            more += 1
        node = cell[1]
    if node != NIL and not rest and isinstance(node, ox.NamedNode):
        rest = node.value
    return Members(tuple(terms), more, rest)
