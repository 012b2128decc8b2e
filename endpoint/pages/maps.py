"""Maps drawn on the server: dots and regions over outlines of ours, so that nothing is fetched from anywhere.

Coordinates come from WKT points (GeoSPARQL) or latitude and longitude (schema.org, W3C geo). A map shows its dots and,
if they lie there, the country around them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.pages.outlines import Area, Outlines, Point, outlines
from endpoint.pages.term_names import Names, Shown
from graph.model.description import Term
from graph.model.literals import finite_number, matching
from graph.model.namespaces import PREFIXES, RDFS, SCHEMA, SKOS, XSD

GEO, WGS = PREFIXES["geo"], "http://www.w3.org/2003/01/geo/wgs84_pos#"
LOCALITIES = (PREFIXES["vcard"] + "locality", SCHEMA + "addressLocality")
"""Properties that name a city where the city itself is not linked."""
WKT = re.compile(r"\s*(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)\s*\Z", re.IGNORECASE)
WIDE, NARROW = 760.0, 352.0
"""Widths of a map: across the page, and beside the text."""
MARGIN, SMALLEST, LARGEST = 14.0, 5.0, 18.0
LETTER, LINE = 12.5, 24.0
"""Room for a letter and for a line, in the larger letters of small screens."""
MOST_SAID = 60
MOST_WITHIN = 500
"""Places within a region among which a city is looked for by its name."""
SMALLEST_SPAN = 0.5
"""Degrees that a map without outlines shows at least."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A thing at a place: its longitude and latitude, and how much there is of it, if that is known."""

    thing: Shown
    at: Point
    weight: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A dot on the map and where its text stands; ``anchor`` is SVG's text-anchor."""

    thing: Shown
    x: float
    y: float
    radius: float
    text_x: float
    text_y: float
    anchor: str
    detail: str


@dataclass(frozen=True, slots=True)
class Land:
    """A region on the map; ``is_here`` where the page is about it."""

    path: str
    thing: Shown | None
    is_here: bool


@dataclass(frozen=True, slots=True)
class Map:
    """A map, ready to be drawn."""

    width: int
    height: int
    lands: tuple[Land, ...]
    dots: tuple[Dot, ...]
    has_outlines: bool


def point_of(store: ox.Store, iri: str) -> Point | None:
    """Return longitude and latitude of a thing, as it says them itself or by its geometry, or None."""
    said = {quad.predicate.value: quad.object for quad in _said(store, iri)}
    for predicate in (GEO + "asWKT", GEO + "hasGeometry", GEO + "hasCentroid", SCHEMA + "geo", "http://schema.org/geo"):
        value = said.get(predicate)
        if isinstance(value, ox.Literal) and (found := WKT.match(value.value)) is not None:
            return _valid(found[1], found[2])
        if isinstance(value, ox.NamedNode) and value.value != iri and (point := _geometry(store, value)) is not None:
            return point
    for names in ((SCHEMA + "longitude", SCHEMA + "latitude"), (WGS + "long", WGS + "lat")):
        x, y = (said.get(name) for name in names)
        if isinstance(x, ox.Literal) and isinstance(y, ox.Literal):
            return _valid(x.value, y.value)
    return None


def _geometry(store: ox.Store, node: ox.NamedNode) -> Point | None:
    literals = {quad.predicate.value: quad.object.value for quad in _said(store, node.value)
                if isinstance(quad.object, ox.Literal)}  # fmt: skip
    if (found := WKT.match(literals.get(GEO + "asWKT", ""))) is not None:
        return _valid(found[1], found[2])
    return _valid(literals.get(SCHEMA + "longitude", ""), literals.get(SCHEMA + "latitude", ""))


def _said(store: ox.Store, iri: str) -> Iterator[ox.Quad]:
    return islice(store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()), MOST_SAID)


def _valid(x: str, y: str) -> Point | None:
    east, north = (finite_number(each, XSD + "double") for each in (x, y))
    if east is None or north is None or abs(east) > 180 or abs(north) > 90:
        return None
    return float(east), float(north)


def located(store: ox.Store, iri: str, objects: Sequence[Term]) -> str:
    """Return the IRI of the thing itself, or of the first thing that it points to, that has coordinates; or ""."""
    if point_of(store, iri) is not None:
        return iri
    if city := city_by_name(store, iri):
        return city
    links = [each.value for each in objects if isinstance(each, ox.NamedNode)][:MOST_SAID]
    return next((each for each in links if point_of(store, each) is not None), "")


def city_by_name(store: ox.Store, iri: str) -> str:
    """Return the place with coordinates that a thing names, within one that it links to, such as its region; or ""."""
    said = list(_said(store, iri))
    wanted = {each.object.value.casefold() for each in said
              if each.predicate.value in LOCALITIES and isinstance(each.object, ox.Literal)}  # fmt: skip
    if not wanted:
        return ""
    within, default = ox.NamedNode(SCHEMA + "containedInPlace"), ox.DefaultGraph()
    regions = [each.object for each in said if isinstance(each.object, ox.NamedNode)]
    places = (
        quad.subject.value
        for region in regions
        for quad in islice(store.quads_for_pattern(None, within, region, default), MOST_WITHIN)
        if isinstance(quad.subject, ox.NamedNode)
    )
    return next((each for each in places if wanted & _names(store, each) and point_of(store, each) is not None), "")


def _names(store: ox.Store, iri: str) -> set[str]:
    names = (RDFS + "label", SKOS + "altLabel")
    return {quad.object.value.casefold() for quad in _said(store, iri)
            if quad.predicate.value in names and isinstance(quad.object, ox.Literal)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Projection:
    """Where a longitude and latitude lie on the page: equirectangular, true to scale at the middle parallel."""

    west: float
    north: float
    squeeze: float
    scale: float

    def __call__(self, point: Point) -> Point:
        """Return a point of the page."""
        x = MARGIN + (point[0] - self.west) * self.squeeze * self.scale
        return round(x, 1), round(MARGIN + (self.north - point[1]) * self.scale, 1)


def draw(
    store: ox.Store, spots: Sequence[Spot], names: Names, here: Sequence[str] = (), width: float = NARROW
) -> Map | None:  # fmt: skip
    """Return a map of these spots; None where there is nothing to show.

    Args:
        store: where regions have names (things with the code of an area as ``skos:notation``).
        spots: what is shown as dots.
        names: what regions are called.
        here: codes of the regions that the page is about.
        width: of the map, in pixels.
    """
    country = next((each for each in outlines() if _fits(each, spots, here)), None)
    if country is None and not spots:
        return None
    west, south, east, north = country.box if country else _around([each.at for each in spots])
    squeeze = math.cos(math.radians((south + north) / 2))
    project = Projection(west, north, squeeze, (width - 2 * MARGIN) / ((east - west) * squeeze))
    lands = [_land(store, each, names, here, project) for each in (country.areas if country else ())]
    height = round((north - south) * project.scale + 2 * MARGIN)
    dots = _dots(spots, project, width)
    return Map(round(width), height, tuple(sorted(lands, key=lambda each: each.is_here)), dots, bool(country))


def _fits(country: Outlines, spots: Sequence[Spot], here: Sequence[str]) -> bool:
    if spots:
        return all(country.holds(each.at) for each in spots)
    return any(area.code in here for area in country.areas)


def _around(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """Return a box around points, never so narrow or so wide that the page would be a line."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    span = max(max(xs) - min(xs), (max(ys) - min(ys)) * 1.5, SMALLEST_SPAN) * 1.15
    high = span / 1.8
    return middle[0] - span / 2, middle[1] - high / 2, middle[0] + span / 2, middle[1] + high / 2


def _land(store: ox.Store, area: Area, names: Names, here: Sequence[str], project: Projection) -> Land:
    rings = ([project(point) for point in ring[:-1]] for ring in area.rings)
    path = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in ring) + "Z" for ring in rings)
    quads = matching(store, None, ox.NamedNode(SKOS + "notation"), ox.Literal(area.code), ox.DefaultGraph())
    found = next((quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)), None)
    return Land(path, names.thing(found.value) if found else None, area.code in here)


Box = tuple[float, float, float, float]


def _dots(spots: Sequence[Spot], project: Projection, width: float) -> tuple[Dot, ...]:
    """Return the dots, the largest first, their texts where they hide neither each other nor a dot, if they can."""
    most = max((each.weight for each in spots), default=0.0)
    placed = sorted(((project(each.at), _radius(each.weight, most), each) for each in spots), key=lambda one: -one[1])
    taken: list[Box] = [(x - r, y - r, x + r, y + r) for (x, y), r, _ in placed]
    dots = []
    for (x, y), radius, spot in placed:
        text = spot.thing.text + (f" · {spot.detail}" if spot.detail else "")
        choices = list(_places(x, y, radius, len(text) * LETTER * min(1.0, width / WIDE + 0.2), width))
        box, (text_x, text_y, anchor) = next(
            (each for each in choices if each[0][0] >= 0 and each[0][2] <= width and not _hits(each[0], taken)),
            choices[0],
        )
        taken.append(box)
        dots.append(Dot(spot.thing, x, y, radius, round(text_x, 1), round(text_y, 1), anchor, spot.detail))
    return tuple(dots)


def _radius(weight: float, most: float) -> float:
    """Return a radius whose area grows with the weight."""
    share = math.sqrt(weight / most) if most and weight > 0 else 0.0
    return round(SMALLEST + (LARGEST - SMALLEST) * share, 1) if most else SMALLEST + 1


def _places(
    x: float, y: float, radius: float, length: float, width: float
) -> Iterator[tuple[Box, tuple[float, float, str]]]:
    """Yield where a text may stand, best first: to the right of its dot, to the left, above, below, at the edge."""
    gap, half = radius + 6, LINE / 2
    yield (x + gap, y - half, x + gap + length, y + half), (x + gap, y + 5, "start")
    yield (x - gap - length, y - half, x - gap, y + half), (x - gap, y + 5, "end")
    yield (x - length / 2, y - gap - LINE, x + length / 2, y - gap), (x, y - gap - 2, "middle")
    yield (x - length / 2, y + gap, x + length / 2, y + gap + LINE), (x, y + gap + 12, "middle")
    yield (width - length, y - gap - LINE, width, y - gap), (width - 2, y - gap - 2, "end")
    yield (width - length, y + gap, width, y + gap + LINE), (width - 2, y + gap + 12, "end")


def _hits(box: Box, taken: Sequence[Box]) -> bool:
    return sum(not (box[2] < x1 or x2 < box[0] or box[3] < y1 or y2 < box[1]) for x1, y1, x2, y2 in taken) > 0
