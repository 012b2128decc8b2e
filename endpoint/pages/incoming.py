"""What points to a thing: by property, with counts, the first few on its page and all of them a hundred at a time.

It stays cheap for things to which very much points: nothing is sorted or named but what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from endpoint.urls import with_parameters
from graph.description import MOST_INCOMING, Incoming

FEW = 8
PAGE = 100
LAST_PAGE = 1_000


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
    """One page of all that points to a thing by one property; ``before`` and ``after`` are the pages beside it."""

    name: Shown
    things: tuple[Shown, ...]
    number: int
    first: int
    before: str
    after: str


def backlinks(found: Sequence[Incoming], iri: str, names: Names, terms: Names) -> tuple[Backlinks, ...]:
    """Return the groups of a page, the shortest first; of two with the same things one, the better named."""
    groups: dict[tuple[str, ...], Backlinks] = {}
    ours = f"{names.urls.base}ns"
    for each in sorted(found, key=lambda one: (not one.predicate.startswith(ours), one.predicate)):
        groups.setdefault((*sorted(each.subjects), str(each.total)), _group(each, iri, names, terms))
    return tuple(sorted(groups.values(), key=lambda group: (group.total, group.name.text)))


def _group(incoming: Incoming, iri: str, names: Names, terms: Names) -> Backlinks:
    if incoming.total <= MOST_INCOMING:
        things = sorted((names.thing(each) for each in incoming.subjects), key=lambda each: each.text.casefold())
    else:
        things = [names.thing(each) for each in incoming.subjects[:FEW]]
    is_cut = incoming.total > FEW + 1
    href = listing_path(names, iri, incoming.predicate) if is_cut else ""
    shown = tuple(things[:FEW] if is_cut else things)
    return Backlinks(terms.thing(incoming.predicate), shown, incoming.total, incoming.counted, href)


def listing_path(names: Names, iri: str, predicate: str, number: int = 1) -> str:
    """Return where all that points to a thing by one property is listed."""
    path = names.urls.page(iri).partition("#")[0]
    return with_parameters(path, {"incoming": predicate, "page": str(number) if number > 1 else ""})


def listing(store: ox.Store, iri: str, predicate: str, number: int, names: Names, terms: Names) -> Listing | None:
    """Return one page of the things that point to a thing by a property; None where there is no such page.

    It is asked as a query, which passes over those before it twenty times as fast as reading them would.

    Raises:
        ValueError: the property is no IRI.
    """
    start = (number - 1) * PAGE
    pattern = f"?thing {ox.NamedNode(predicate)} {ox.NamedNode(iri)}"
    solutions = store.query(f"SELECT ?thing {{ {pattern} }} LIMIT {PAGE + 1} OFFSET {start}")
    found = [each["thing"] for each in solutions] if isinstance(solutions, ox.QuerySolutions) else []
    if not found:
        return None
    things = [names.thing(each.value) for each in found[:PAGE] if isinstance(each, ox.NamedNode)]
    before = listing_path(names, iri, predicate, number - 1) if number > 1 else ""
    after = listing_path(names, iri, predicate, number + 1) if len(found) > PAGE else ""
    ordered = tuple(sorted(things, key=lambda each: each.text.casefold()))
    return Listing(terms.thing(predicate), ordered, number, start + 1, before, after)
