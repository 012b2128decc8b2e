"""Where things lie: their points as they are stated, and the outlines of regions that hold them.

Points are (longitude, latitude) in degrees (WGS 84). What people write is read elsewhere
(``graph.parts.proposals.coordinates``), and drawn by ``endpoint.pages.figures``.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

import pyoxigraph as ox

from graph.model.rdf_terms import PREFIXES, SCHEMA, XSD, finite_number

# Outlines of regions: Natural Earth's, made small enough for a page.
#
# ``python -m graph.model.locations FILE`` makes ``outlines.json`` from GeoJSON of Natural Earth 1:10m, admin-1
# states and provinces (public domain). Borders are simplified once for both of their sides, so that no gaps open
# between them.

Point = tuple[float, float]
Ring = tuple[Point, ...]

FILE = Path(__file__).with_name("outlines.json")
TOLERANCE = 0.025
"""Degrees by which a border may move: less than two pixels on the page."""


@dataclass(frozen=True, slots=True)
class Area:
    """A region: its ISO 3166-2 code, and its rings of (longitude, latitude)."""

    code: str
    rings: tuple[Ring, ...]

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it: a line from there to the east crosses its borders an odd number of times."""
        (x, y), crossed = point, False
        # a corner counts to one of its two sides alone (>), so that a line through it crosses once
        for ring in self.rings:
            for (x1, y1), (x2, y2) in pairwise((*ring, ring[0])):
                if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                    crossed = not crossed
        return crossed

    def borders(self, point: Point, within: float = TOLERANCE) -> bool:
        """Whether its border lies so near to a point, in degrees, that it may be on either side of it."""
        # taken as if degrees of longitude were as long as those of latitude: too near is asked, and asking is safe
        return any(
            _distance(point, start, end) <= within for ring in self.rings for start, end in pairwise((*ring, ring[0]))
        )


@dataclass(frozen=True, slots=True)
class Outlines:
    """The regions of a country, and the box that holds them: west, south, east, north."""

    areas: tuple[Area, ...]
    box: tuple[float, float, float, float]

    def holds(self, point: Point) -> bool:
        """Whether a point lies within the box."""
        west, south, east, north = self.box
        return west <= point[0] <= east and south <= point[1] <= north


@lru_cache(maxsize=1)
def outlines() -> tuple[Outlines, ...]:
    """Return the outlines that there are, one for each country."""
    read = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(_country(areas) for areas in read["countries"].values())


def _country(areas: dict[str, list[list[list[float]]]]) -> Outlines:
    found = tuple(
        Area(code, tuple(tuple((x, y) for x, y in ring) for ring in rings)) for code, rings in areas.items()
    )  # fmt: skip
    xs, ys = zip(*(point for area in found for ring in area.rings for point in ring), strict=True)
    return Outlines(found, (min(xs), min(ys), max(xs), max(ys)))


def areas_at(point: Point) -> tuple[Area, ...]:
    """Return the areas in which a point may lie: several at their borders, which are as exact as they are drawn."""
    # simplified borders lie up to ``TOLERANCE`` beside those that they stand for, on either side
    every = (each for country in outlines() for each in country.areas)
    return tuple(each for each in every if each.holds(point) or each.borders(point))


# Making the file


def simplified(areas: Sequence[Area], tolerance: float = TOLERANCE) -> tuple[Area, ...]:
    """Return areas with fewer points; a border that two areas share stays the same for both."""
    owners: dict[Point, set[str]] = defaultdict(set)
    for area in areas:
        for ring in area.rings:
            for point in ring:
                owners[point].add(area.code)
    thinned = tuple(
        Area(area.code, tuple(ring for each in area.rings if len(ring := _thin(each, owners, tolerance)) > 3))
        for area in areas
    )
    return tuple(area for area in thinned if area.rings)


def _thin(ring: Ring, owners: dict[Point, set[str]], tolerance: float) -> Ring:
    """Cut a ring where its neighbours change, and simplify each piece by itself."""
    points = ring[:-1] if ring[0] == ring[-1] else ring
    corners = [
        place
        for place, point in enumerate(points)
        if owners[point] != owners[points[place - 1]] or owners[point] != owners[points[(place + 1) % len(points)]]
    ] or [points.index(min(points))]
    turned = points[corners[0] :] + points[: corners[0] + 1]
    cuts = [place - corners[0] for place in corners] + [len(points)]
    kept: list[Point] = []
    for start, end in pairwise(cuts):
        piece = turned[start : end + 1]
        # the same direction from both sides, so that the same points stay
        forward = piece if piece[0] <= piece[-1] else piece[::-1]
        thin = _peucker(forward, tolerance)
        kept += (thin if forward is piece else thin[::-1])[:-1]
    return (*kept, kept[0])


def _peucker(line: Ring, tolerance: float) -> Ring:
    """Return a line with the points that lie further than the tolerance from it (Ramer, Douglas, Peucker)."""
    if len(line) < 3:
        return line
    far, place = max((_distance(point, line[0], line[-1]), place) for place, point in enumerate(line[1:-1], 1))
    if far <= tolerance:
        return line[0], line[-1]
    return _peucker(line[: place + 1], tolerance)[:-1] + _peucker(line[place:], tolerance)


def _distance(point: Point, start: Point, end: Point) -> float:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length)) if length else 0.0
    return float(((x - x1 - along * (x2 - x1)) ** 2 + (y - y1 - along * (y2 - y1)) ** 2) ** 0.5)


def _read(path: Path) -> Iterable[Area]:
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        shape = feature["geometry"]
        polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        rings = tuple(tuple((x, y) for x, y in ring) for polygon in polygons for ring in polygon)
        yield Area(feature["properties"]["iso_3166_2"], rings)


def _write(path: Path) -> None:
    areas = simplified(list(_read(path)))
    rounded = {
        area.code: [[[round(x, 3), round(y, 3)] for x, y in ring] for ring in area.rings]
        for area in sorted(areas, key=lambda each: each.code)
    }
    text = {"source": "Natural Earth 1:10m, admin-1 states and provinces, public domain", "countries": {"UZ": rounded}}
    FILE.write_text(json.dumps(text, separators=(",", ":")) + "\n", encoding="utf-8")


# Points of things: WKT points (GeoSPARQL), or latitude and longitude (schema.org, W3C geo).

GEO, WGS = PREFIXES["geo"], "http://www.w3.org/2003/01/geo/wgs84_pos#"
WKT = re.compile(r"\s*(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)\s*\Z", re.IGNORECASE)
MOST_SAID = 60
"""So many statements about a thing are looked at."""


def point_of(store: ox.Store, iri: str) -> Point | None:
    """Return longitude and latitude of a thing, as it says them itself or by its geometry, or None."""
    said = {quad.predicate.value: quad.object for quad in said_of(store, iri)}
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
    literals = {quad.predicate.value: quad.object.value for quad in said_of(store, node.value)
                if isinstance(quad.object, ox.Literal)}  # fmt: skip
    if (found := WKT.match(literals.get(GEO + "asWKT", ""))) is not None:
        return _valid(found[1], found[2])
    return _valid(literals.get(SCHEMA + "longitude", ""), literals.get(SCHEMA + "latitude", ""))


def said_of(store: ox.Store, iri: str) -> Iterator[ox.Quad]:
    """Yield the first statements about a thing."""
    return islice(store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()), MOST_SAID)


def _valid(x: str, y: str) -> Point | None:
    east, north = (finite_number(each, XSD + "double") for each in (x, y))
    if east is None or north is None or abs(east) > 180 or abs(north) > 90:
        return None
    return float(east), float(north)


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
