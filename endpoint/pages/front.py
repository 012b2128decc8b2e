"""The front page: what a release holds, named for one reader: numbers, a picture of an event, a map, a chart.

Which things these are is found in ``endpoint.pages.overview``, once a release.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyoxigraph as ox
from babel.numbers import format_decimal

from endpoint.current import Snapshot
from endpoint.language import page_language
from endpoint.pages.charts import Chart, chart
from endpoint.pages.holdings import Statements, class_name
from endpoint.pages.maps import WIDE, Map, Spot, draw
from endpoint.pages.names import Names, Shown
from endpoint.pages.numbers import grouped
from endpoint.pages.overview import Hub, Located, Overview, overview
from endpoint.pages.paths import Step, follow
from graph.namespaces import RDF_TYPE, SCHEMA

MOST_CLASSES = 12


@dataclass(frozen=True, slots=True)
class Number:
    """How many things of a class there are, and where they are listed."""

    thing: Shown
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An event with its dates, its place and its organisers by kind."""

    event: Shown
    dates: tuple[Shown, ...]
    place: Shown | None
    kinds: tuple[tuple[Shown, tuple[Shown, ...]], ...]
    size: int


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What the front page shows; what the release has not is empty or None."""

    numbers: tuple[Number, ...]
    picture: Picture | None
    map: Map | None
    located: Number | None
    chart: Chart | None
    sample: str
    statements: Statements


def front_page(snapshot: Snapshot, names: Names, terms: Names) -> FrontPage:
    """Return the front page of a release.

    Args:
        snapshot: the release.
        names: names of things, in the language of the content.
        terms: names of classes, in that of the interface.
    """
    found, store = snapshot.once(overview), snapshot.release.store
    return FrontPage(
        numbers=tuple(_number(snapshot, iri, count, terms) for iri, count in found.classes[:MOST_CLASSES]),
        picture=_picture(store, found.hub, names) if found.hub else None,
        map=_map(store, found.located, found, names) if found.located else None,
        located=_number(snapshot, found.located.kind, len(found.located.things), terms) if found.located else None,
        chart=chart(store, found.data_set, "", names, terms) if found.data_set else None,
        sample=found.located.kind if found.located else found.classes[0][0] if found.classes else "",
        statements=found.statements,
    )


def _number(here: Snapshot, iri: str, count: int, terms: Names) -> Number:
    text, name = format_decimal(count, locale=page_language()), class_name(here, iri)
    listed = terms.urls.link(f"class/{name}") if name else terms.urls.link("resource", iri=iri, incoming=RDF_TYPE)
    return Number(terms.plural(iri), text, listed)


def _picture(store: ox.Store, hub: Hub, names: Names) -> Picture:
    dates = [
        names.term(each.term)
        for name in ("startDate", "endDate")
        for each in follow(store, hub.event, Step(SCHEMA + name))
    ]  # fmt: skip
    places = [names.term(each.term) for each in follow(store, hub.event, Step(SCHEMA + "location"))]
    kinds = tuple((names.thing(kind), _sorted([names.thing(body) for body in bodies])) for kind, bodies in hub.kinds)
    return Picture(names.thing(hub.event), tuple(dict.fromkeys(dates)), places[0] if places else None, kinds, hub.size)


def _sorted(things: list[Shown]) -> tuple[Shown, ...]:
    return tuple(sorted(things, key=lambda each: each.text.casefold()))


def _map(store: ox.Store, located: Located, found: Overview, names: Names) -> Map | None:
    """Return the map: a dot leads to its thing and bears the name of its place; of several in a place, to the place."""
    at_place = Counter(place for _, place, _ in located.things)
    spots: dict[str, Spot] = {}
    for thing, place, point in located.things:
        count = found.counts.get(thing)
        several = at_place[place] > 1
        number = at_place[place] if several else count.number if count else None
        detail = grouped(number, page_language()) if number is not None else ""
        shown, target = names.thing(place), names.thing(place if several else thing)
        label = Shown(shown.text, shown.language, target.href, target.iri, note=target.text)
        spots.setdefault(place, Spot(label, point, float(count.number) if count and not several else 0.0, detail))
    return draw(store, list(spots.values()), names, width=WIDE)
