"""Outlines of regions, under the dots of a map: Natural Earth's, made small enough for a page.

``python -m endpoint.pages.outlines FOLDER`` makes ``outlines.json`` from GeoJSON of Natural Earth 1:10m, admin-1 states
and provinces (public domain). Borders are simplified once for both of their sides, so that no gaps open between them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

Point = tuple[float, float]
Ring = tuple[Point, ...]

FILE = Path(__file__).with_suffix(".json")
TOLERANCE = 0.025
"""Degrees by which a border may move: less than two pixels on the page."""


@dataclass(frozen=True, slots=True)
class Area:
    """A region: its ISO 3166-2 code, and its rings of (longitude, latitude)."""

    code: str
    rings: tuple[Ring, ...]


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


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
