"""Lists, containers and concept schemes, shown in their own order: what stands in what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.facts_of_shapes import Alternative, Path, PathStep, follow
from endpoint.pages.incoming import by_name
from endpoint.pages.term_names import Names, Shown
from endpoint.urls import with_parameters
from graph.model.description import Term
from graph.model.namespaces import RDF, RDF_TYPE, SKOS

# What stands in RDF's lists and containers, in its order (RDF Schema 1.1, 5.1 and 5.2).
#
# It reads their members from a store; how a page shows them is decided in ``endpoint.pages.facts``.

FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))
ORDERED, UNORDERED = frozenset({RDF + "Seq", RDF + "List"}), frozenset({RDF + "Bag", RDF + "Alt"})
PLACE = re.compile(re.escape(RDF) + r"_([1-9][0-9]{0,17})\Z")
STRUCTURE = frozenset({FIRST.value, REST.value})
"""What says only how a list hangs together, as ``rdf:_1`` and so on do in a container (``is_place``)."""
MOST_MEMBERS_READ, MOST_COUNTED = 5_000, 10_000
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
    for quad in islice(store.quads_for_pattern(node, None, None, MERGE), MOST_MEMBERS_READ):
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


# Concept schemes as trees (SKOS 8): what is narrower stands below what is broader.

MOST_CONCEPTS, DEEPEST = 600, 12
TOPS, MOST_CONCEPTS_READ = 200, 20_000
"""So many concepts stand at the top of a page, so many of one property are read and sorted."""
TOP = Alternative((PathStep(SKOS + "hasTopConcept"), PathStep(SKOS + "topConceptOf", is_inverse=True)))
CONCEPTS = "concepts"
"""The parameter that asks for a page of a scheme that has many concepts."""
MEMBERS = PathStep(SKOS + "inScheme", is_inverse=True)
NARROWER = Alternative((PathStep(SKOS + "narrower"), PathStep(SKOS + "broader", is_inverse=True)))
BROADER = Alternative((PathStep(SKOS + "broader"), PathStep(SKOS + "narrower", is_inverse=True)))
SCHEME = Alternative((PathStep(SKOS + "inScheme"), PathStep(SKOS + "topConceptOf")))


@dataclass(frozen=True, slots=True)
class Branch:
    """A concept, what it means, and the concepts below it; ``more`` is how many of these are not shown."""

    concept: Shown
    definition: Shown | None
    branches: tuple[Branch, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """The concepts of a scheme, or those of one page where they are many.

    Attributes:
        branches: those at the top.
        first: the number of the first of these.
        total: how many there are at the top.
        before: the page before, or empty.
        after: the page after, or empty.
    """

    branches: tuple[Branch, ...]
    first: int
    total: int
    before: str
    after: str


class Trees:
    """Reads schemes and concepts of a release."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        """Read from a release."""
        self._snapshot, self._store, self._names = snapshot, snapshot.release.store, names
        self._seen: set[str] = set()
        self._left = MOST_CONCEPTS

    def _reached(self, iri: str, path: Path) -> list[str]:
        things = (each.term for each in follow(self._store, iri, path, MOST_CONCEPTS_READ))
        iris = dict.fromkeys(each for each in things if isinstance(each, ox.NamedNode))
        ordered = by_name(self._snapshot, iris, self._names)
        return [each.value for each in ordered if isinstance(each, ox.NamedNode)]

    def of(self, scheme: str, number: int = 1) -> Tree | None:
        """Return a page of the concepts of a scheme, those at the top first; each once, whatever the data says.

        None where there is no such page.
        """
        tops = self._tops(scheme)
        start = (number - 1) * TOPS
        if number < 1 or (not tops[start:] and number != 1):
            return None
        self._seen = set()
        shown = tops[start : start + TOPS]
        self._left = MOST_CONCEPTS - len(shown)
        branches = tuple(branch for each in shown for branch in self._branch(each, DEEPEST))
        return Tree(
            branches,
            start + 1,
            len(tops),
            self._page(scheme, number - 1) if start else "",
            self._page(scheme, number + 1) if tops[start + TOPS :] else "",
        )

    def _page(self, scheme: str, number: int) -> str:
        page = self._names.urls.page(scheme).partition("#")[0]
        return with_parameters(page, {CONCEPTS: str(number)})

    def _tops(self, scheme: str) -> list[str]:
        """Return what stands at the top: the top concepts, then those that are below nothing of the scheme."""
        roots = self._reached(scheme, TOP)
        members = self._reached(scheme, MEMBERS)
        if len(members) > MOST_CONCEPTS:
            known = set(roots)
            strays = [each for each in members if each not in known and not follow(self._store, each, BROADER, 1)]
            return roots + strays
        self._seen, self._left = set(), MOST_CONCEPTS
        for each in roots:
            list(self._branch(each, DEEPEST))
        strays = []
        for each in members:
            if each not in self._seen:
                strays.append(each)
                list(self._branch(each, DEEPEST))
        return roots + strays

    def _branch(self, iri: str, depth: int) -> Iterator[Branch]:
        if iri in self._seen or depth == 0:
            return
        self._seen.add(iri)
        texts = self._names.best([self._names.term(each.term) for each in follow(
            self._store, iri, PathStep(SKOS + "definition"))])  # fmt: skip
        narrower = [each for each in self._reached(iri, NARROWER) if each not in self._seen]
        shown = narrower[: max(0, self._left)] if depth > 1 else []
        self._left -= len(shown)
        below = tuple(branch for each in shown for branch in self._branch(each, depth - 1))
        yield Branch(self._names.thing(iri), texts[0] if texts else None, below, len(narrower) - len(shown))

    def trail(self, concept: str) -> tuple[Shown, ...]:
        """Return the way to a concept: its scheme, then what is broader, the nearest last."""
        way: list[str] = []
        above = self._reached(concept, BROADER)[:1]
        while above and above[0] not in (*way, concept) and len(way) < DEEPEST:
            way.insert(0, above[0])
            above = self._reached(above[0], BROADER)[:1]
        scheme = list(islice(self._reached(concept, SCHEME), 1))
        return tuple(self._names.thing(each) for each in (*scheme, *way))
