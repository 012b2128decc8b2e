"""What stands in what and what points where: lists, containers, concept schemes, and further pages where it is much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox
from cachetools import LRUCache

from endpoint.current import Snapshot
from endpoint.http.problems import ProblemError
from endpoint.pages.term_names import UNNAMED, Alternative, Names, Path, PathStep, Shown, follow
from endpoint.urls import with_parameters
from graph.model.description import MERGE, MOST_INCOMING, Incoming, Term, incoming_page, labels
from graph.model.errors import Sentence
from graph.model.rdf_terms import DCAT, OWL, PROV, RDF, RDF_TYPE, RDFS, SD, SH, SKOS, VOID

# What points to a thing, and what it points to, where that is much: a few on its page, all of it on further pages.
#
# Up to ten thousand are in the order of their names, whatever page they stand on. Beyond that nothing is sorted or
# named but what is shown, so it stays cheap for things to which very much points.

FEW = 8
PAGE = 100
LAST_PAGE = 10_000
MOST_STEPS = 1_000
"""So many steps are gone from nodes to what they belong to, for one page."""
RULES = (SH, OWL, RDFS)
BOOKS = (VOID, DCAT, SD, PROV)
MOST_SORTED = 10_000
ORDERS_KEPT = 64
INCOMING, VALUES = "incoming", "values"
"""The parameters that ask for a page of what points to a thing, or of what it points to, by a property."""


@dataclass(frozen=True, slots=True)
class Backlinks:
    """What points to the thing by one property.

    Attributes:
        name: the property.
        things: the first of them.
        total: how many there are, at least.
        counted: whether there are exactly so many.
        all_of_them: where all are listed; empty where all are here.
    """

    name: Shown
    things: tuple[Shown, ...]
    total: int
    counted: bool
    all_of_them: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of all that a property relates to a thing; ``before`` and ``after`` are the pages beside it.

    Attributes:
        name: the property.
        is_incoming: whether these point to the thing, or it to them.
        things: those of this page.
        first: the number of the first of them.
        total: how many there are; 0 where they have not been counted.
        before: the page before, or empty.
        after: the page after, or empty.
    """

    name: Shown
    is_incoming: bool
    things: tuple[Shown, ...]
    first: int
    total: int
    before: str
    after: str


def backlinks(here: Snapshot, found: Sequence[Incoming], iri: str, names: Names, terms: Names) -> tuple[Backlinks, ...]:
    """Return the groups of a page, the shortest first; of two with the same things one, the better named."""
    groups: dict[tuple[str, ...], Backlinks] = {}
    ours = f"{names.urls.base}ns"
    for each in sorted(found, key=lambda one: (not one.predicate.startswith(ours), one.predicate)):
        groups.setdefault((*sorted(each.subjects), str(each.total)), _group(here, each, iri, names, terms))
    # what only keeps the books, such as a catalogue's choice of examples, comes last
    return tuple(sorted(groups.values(), key=lambda one: (one.name.iri.startswith(BOOKS), one.total, one.name.text)))


def owners(store: ox.Store, found: Sequence[Incoming], names: Names, terms: Names) -> tuple[Backlinks, ...]:
    """Return what points here by way of lists, containers and nodes that were blank: what these belong to.

    Rules of shapes and axioms are left out, which hold what they are about in lists.
    """
    unnamed, steps = names.urls.base + UNNAMED, MOST_STEPS
    things: dict[str, dict[str, None]] = {}
    is_whole = all(each.total <= len(each.subjects) for each in found)
    for subject in dict.fromkeys(one for each in found for one in each.subjects if one.startswith(unnamed)):
        node, predicate, seen = subject, "", set[str]()
        while node.startswith(unnamed) and node not in seen and steps:
            seen.add(node)
            steps -= 1
            pointing = next(store.quads_for_pattern(None, None, ox.NamedNode(node), MERGE), None)
            if pointing is None or not isinstance(pointing.subject, ox.NamedNode):
                break
            node, predicate = pointing.subject.value, pointing.predicate.value
        if not node.startswith(unnamed) and not predicate.startswith(RULES):
            things.setdefault(predicate, {})[node] = None
    return tuple(
        Backlinks(terms.thing(predicate), _sorted(names, listed), len(listed), is_whole and steps > 0, "")
        for predicate, listed in sorted(things.items())
    )


def _sorted(names: Names, iris: Iterable[str]) -> tuple[Shown, ...]:
    return tuple(sorted((names.thing(each) for each in iris), key=lambda each: each.text.casefold()))


def _group(here: Snapshot, incoming: Incoming, iri: str, names: Names, terms: Names) -> Backlinks:
    subjects: Sequence[Term] = [ox.NamedNode(each) for each in incoming.subjects]
    if incoming.total <= MOST_INCOMING:
        subjects = by_name(here, subjects, names)
    elif incoming.total <= MOST_SORTED:
        subjects = in_order(here, iri, incoming.predicate, names, INCOMING) or subjects
    is_cut = incoming.total > FEW + 1
    href = listing_path(names, iri, incoming.predicate, INCOMING) if is_cut else ""
    shown = tuple(names.term(each) for each in (subjects[:FEW] if is_cut else subjects))
    return Backlinks(terms.thing(incoming.predicate), shown, incoming.total, incoming.counted, href)


def listing_path(names: Names, iri: str, predicate: str, which: str, number: int = 1) -> str:
    """Return where all that points to a thing by one property, or to which it points, is listed."""
    path = names.urls.page(iri).partition("#")[0]
    return with_parameters(path, {which: predicate, "page": str(number) if number > 1 else ""})


def by_name(here: Snapshot, terms: Iterable[Term], names: Names) -> list[Term]:
    """Return terms in the order of the names that a reader sees."""
    every = list(terms)
    found = labels(
        here.release.store, (each.value for each in every if isinstance(each, ox.NamedNode)), names.languages
    )

    def text(term: Term) -> tuple[str, str]:
        if isinstance(term, ox.NamedNode):
            return (found[term.value].text if term.value in found else names.short(term.value)).casefold(), term.value
        return (term.value.casefold() if isinstance(term, ox.Literal) else str(term)), ""

    return sorted(every, key=text)


def in_order(here: Snapshot, iri: str, predicate: str, names: Names, which: str) -> tuple[Term, ...] | None:
    """Return all that a property relates to a thing, by name; None where that is more than can be sorted."""
    kept, key = here.once(_orders), (iri, predicate, names.languages, which)
    if key not in kept:
        found = list(islice(_related(here.release.store, iri, predicate, which), MOST_SORTED + 1))
        kept[key] = tuple(by_name(here, dict.fromkeys(found), names)) if len(found) <= MOST_SORTED else None
    return kept[key]


def _orders(_: Snapshot) -> LRUCache[tuple[str, str, tuple[str, ...], str], tuple[Term, ...] | None]:
    return LRUCache(ORDERS_KEPT)


def _related(store: ox.Store, iri: str, predicate: str, which: str) -> Iterable[Term]:
    node, by = ox.NamedNode(iri), ox.NamedNode(predicate)
    if which == VALUES:
        return (quad.object for quad in store.quads_for_pattern(node, by, None, MERGE))
    return (
        quad.subject
        for quad in store.quads_for_pattern(None, by, node, MERGE)
        if isinstance(quad.subject, ox.NamedNode)
    )


def asked_number(number: str, iri: str, predicate: str) -> int:
    """Return the number of the page that is asked for.

    Raises:
        ProblemError: there is no page of this number, or the property is no IRI.
    """
    try:
        ox.NamedNode(predicate)
    except ValueError as problem:
        raise ProblemError(
            "bad-request", Sentence("incoming=%(predicate)s is no absolute IRI", predicate=repr(predicate[:200]))
        ) from problem
    if not (number.isdecimal() and len(number) < 9 and 0 < int(number) <= LAST_PAGE):
        raise no_page(number, iri, predicate)
    return int(number)


def no_page(number: object, iri: str, predicate: str) -> ProblemError:
    """Return the error that there is no such page of what points to a thing."""
    detail = Sentence(
        "what points to <%(iri)s> by <%(predicate)s> has no page %(number)s",
        iri=iri,
        predicate=predicate[:200],
        number=str(number)[:20],
    )
    return ProblemError("not-found", detail)


def listing(
    here: Snapshot, iri: str, predicate: str, number: int, names: Names, terms: Names, which: str = INCOMING
) -> Listing:
    """Return one page of the things that point to a thing by a property, or of those to which it points.

    Raises:
        ProblemError: there is no such page.
    """
    start, every = (number - 1) * PAGE, in_order(here, iri, predicate, names, which)
    if every is not None:
        found: Sequence[Term] = every[start : start + PAGE + 1]
    elif which == INCOMING:
        found = [ox.NamedNode(each) for each in incoming_page(here.release.store, iri, predicate, number, PAGE)]
    else:
        found = list(islice(_related(here.release.store, iri, predicate, which), start, start + PAGE + 1))
    if not found:
        raise no_page(number, iri, predicate)
    shown = tuple(names.term(each) for each in found[:PAGE])
    has_after = len(found) > PAGE and number < LAST_PAGE
    return Listing(
        name=terms.thing(predicate),
        is_incoming=which == INCOMING,
        things=shown,
        first=start + 1,
        total=len(every) if every is not None else 0,
        before=listing_path(names, iri, predicate, which, number - 1) if number > 1 else "",
        after=listing_path(names, iri, predicate, which, number + 1) if has_after else "",
    )


# What stands in RDF's lists and containers, in its order (RDF Schema 1.1, 5.1 and 5.2).
#
# It reads their members from a store; how a page shows them is decided in ``endpoint.pages.facts``.

FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))
ORDERED, UNORDERED = frozenset({RDF + "Seq", RDF + "List"}), frozenset({RDF + "Bag", RDF + "Alt"})
PLACE = re.compile(re.escape(RDF) + r"_([1-9][0-9]{0,17})\Z")
STRUCTURE = frozenset({FIRST.value, REST.value})
"""What says only how a list hangs together, as ``rdf:_1`` and so on do in a container (``is_place``)."""
MOST_MEMBERS_READ, MOST_COUNTED = 5_000, 10_000


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
