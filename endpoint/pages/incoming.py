"""What points to a thing, and what it points to, where that is much: a few on its page, all of it on further pages.

Up to ten thousand are in the order of their names, whatever page they stand on. Beyond that nothing is sorted or named
but what is shown, so it stays cheap for things to which very much points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox
from cachetools import LRUCache

from endpoint.current import Snapshot
from endpoint.http.problems import ProblemError
from endpoint.pages.term_names import UNNAMED, Names, Shown
from endpoint.urls import with_parameters
from graph.model.description import MERGE, MOST_INCOMING, Incoming, Term, incoming_page
from graph.model.errors import Sentence
from graph.model.labels import labels
from graph.model.namespaces import DCAT, OWL, PROV, RDFS, SD, SH, VOID

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
