"""Figures, drawn on the server as SVG: maps over outlines of ours, bars of observations, diagrams of classes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, pairwise

import pyoxigraph as ox

from endpoint.http.languages import grouped, page_language
from endpoint.pages.term_names import Names, Shown
from graph.model.description import Term
from graph.model.locations import MOST_SAID, Area, Outlines, Point, outlines, point_of, said_of
from graph.model.rdf_terms import PREFIXES, RDF_TYPE, RDFS, SCHEMA, SKOS, finite_number, matching

# Maps drawn on the server: dots and regions over outlines of ours, so that nothing is fetched from anywhere.
#
# A map shows its dots and, if they lie there, the country around them.

LOCALITIES = (PREFIXES["vcard"] + "locality", SCHEMA + "addressLocality")
"""Properties that name a city where the city itself is not linked."""
WIDE, NARROW = 760.0, 352.0
"""Widths of a map: across the page, and beside the text."""
MAP_MARGIN, SMALLEST, LARGEST = 14.0, 5.0, 18.0
LETTER, LINE = 12.5, 24.0
"""Room for a letter and for a line, in the larger letters of small screens."""
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
    """A map, ready to be drawn; ``project`` says where on it a point lies."""

    width: int
    height: int
    lands: tuple[Land, ...]
    dots: tuple[Dot, ...]
    has_outlines: bool
    project: Projection
    margin: float = MAP_MARGIN


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
    said = list(said_of(store, iri))
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
    return {quad.object.value.casefold() for quad in said_of(store, iri)
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
        x = MAP_MARGIN + (point[0] - self.west) * self.squeeze * self.scale
        return round(x, 1), round(MAP_MARGIN + (self.north - point[1]) * self.scale, 1)


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
    project = Projection(west, north, squeeze, (width - 2 * MAP_MARGIN) / ((east - west) * squeeze))
    lands = [_land(store, each, names, here, project) for each in (country.areas if country else ())]
    height = round((north - south) * project.scale + 2 * MAP_MARGIN)
    dots = _dots(spots, project, width)
    return Map(round(width), height, tuple(sorted(lands, key=lambda each: each.is_here)), dots, bool(country), project)


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


LetterBox = tuple[float, float, float, float]


def _dots(spots: Sequence[Spot], project: Projection, width: float) -> tuple[Dot, ...]:
    """Return the dots, the largest first, their texts where they hide neither each other nor a dot, if they can."""
    most = max((each.weight for each in spots), default=0.0)
    placed = sorted(((project(each.at), _radius(each.weight, most), each) for each in spots), key=lambda one: -one[1])
    taken: list[LetterBox] = [(x - r, y - r, x + r, y + r) for (x, y), r, _ in placed]
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
) -> Iterator[tuple[LetterBox, tuple[float, float, str]]]:
    """Yield where a text may stand, best first: to the right of its dot, to the left, above, below, at the edge."""
    gap, half = radius + 6, LINE / 2
    yield (x + gap, y - half, x + gap + length, y + half), (x + gap, y + 5, "start")
    yield (x - gap - length, y - half, x - gap, y + half), (x - gap, y + 5, "end")
    yield (x - length / 2, y - gap - LINE, x + length / 2, y - gap), (x, y - gap - 2, "middle")
    yield (x - length / 2, y + gap, x + length / 2, y + gap + LINE), (x, y + gap + 12, "middle")
    yield (width - length, y - gap - LINE, width, y - gap), (width - 2, y - gap - 2, "end")
    yield (width - length, y + gap, width, y + gap + LINE), (width - 2, y + gap + 12, "end")


def _hits(box: LetterBox, taken: Sequence[LetterBox]) -> bool:
    return sum(not (box[2] < x1 or x2 < box[0] or box[3] < y1 or y2 < box[1]) for x1, y1, x2, y2 in taken) > 0


# Charts of observations (W3C Data Cube): one bar for each thing that a data set counts.
#
# A bar's thing is what the observation is about (a dimension that is no code), its length the measure. Where a data set
# counts in several units, those of the unit in which most is counted stand side by side; others would not compare.

QB = PREFIXES["qb"]
MOST_OBSERVATIONS, MOST_BARS = 500, 30
CHART_WIDTH, STEP = 340, 46


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: whose it is, how long it is, what it says, whether the page is about it."""

    thing: Shown
    text: str
    length: float
    y: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn: what is measured, in which unit, its bars, longest first."""

    title: Shown
    unit: Shown | None
    bars: tuple[Bar, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What one observation says: of what, in which unit, how much by which measure."""

    thing: str
    unit: str
    measure: str
    number: Decimal


def data_sets(store: ox.Store) -> list[str]:
    """Return the data sets of observations that there are, a few."""
    kind = ox.NamedNode(QB + "DataSet")
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, ox.DefaultGraph())
    return [quad.subject.value for quad in islice(quads, 5) if isinstance(quad.subject, ox.NamedNode)]


def data_set_of(store: ox.Store, iri: str) -> str:
    """Return the data set that counts a thing, or "": the thing itself, or one with an observation about it."""
    merge = ox.DefaultGraph()
    for each in data_sets(store):
        if each == iri:
            return each
    for dimension in _properties(store, "DimensionProperty"):
        about = next(store.quads_for_pattern(None, dimension, ox.NamedNode(iri), merge), None)
        if about is not None and isinstance(about.subject, ox.NamedNode):
            found = next(store.quads_for_pattern(about.subject, ox.NamedNode(QB + "dataSet"), None, merge), None)
            if found is not None and isinstance(found.object, ox.NamedNode):
                return found.object.value
    return ""


def observations(store: ox.Store, data_set: str) -> list[Observation]:
    """Return the observations of a data set, those of the most used unit and measure, the last of each thing."""
    dimensions = {each.value for each in _properties(store, "DimensionProperty")}
    coded = {each.value for each in _properties(store, "CodedProperty")}
    measures = {each.value for each in _properties(store, "MeasureProperty")}
    members = store.quads_for_pattern(None, ox.NamedNode(QB + "dataSet"), ox.NamedNode(data_set), ox.DefaultGraph())
    found = []
    for member in islice(members, MOST_OBSERVATIONS):
        said = {
            q.predicate.value: q.object for q in store.quads_for_pattern(member.subject, None, None, ox.DefaultGraph())
        }
        things = [said[each] for each in said if each in dimensions - coded and isinstance(said[each], ox.NamedNode)]
        units = [said[each] for each in said if each in coded and isinstance(said[each], ox.NamedNode)]
        for measure in measures & said.keys():
            value, thing = said[measure], things[0] if things else None
            number = finite_number(value.value, value.datatype.value) if isinstance(value, ox.Literal) else None
            if number is not None and isinstance(thing, ox.NamedNode):
                unit = units[0].value if units and isinstance(units[0], ox.NamedNode) else ""
                found.append(Observation(thing.value, unit, measure, number))
    common = Counter((each.unit, each.measure) for each in found).most_common(1)
    return [each for each in found if common and (each.unit, each.measure) == common[0][0]]


def chart(store: ox.Store, data_set: str, here: str, names: Names, terms: Names) -> Chart | None:
    """Return the chart of a data set; None where there is nothing to compare."""
    found = {each.thing: each for each in observations(store, data_set)}
    ordered = sorted(found.values(), key=lambda each: (-each.number, each.thing))[:MOST_BARS]
    if len(ordered) < 2 or ordered[0].number <= 0:
        return None
    room = CHART_WIDTH - 60
    bars = tuple(
        Bar(
            names.thing(each.thing),
            grouped(each.number, page_language()),
            round(max(2.0, float(each.number / ordered[0].number) * room), 1),
            place * STEP,
            each.thing == here,
        )
        for place, each in enumerate(ordered)
    )
    first = ordered[0]
    unit = names.thing(first.unit) if first.unit else None
    return Chart(terms.thing(first.measure), unit, bars, CHART_WIDTH, len(bars) * STEP)


def _properties(store: ox.Store, kind: str) -> list[ox.NamedNode]:
    node = ox.NamedNode(QB + kind)
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), node, ox.DefaultGraph())
    return [quad.subject for quad in islice(quads, 50) if isinstance(quad.subject, ox.NamedNode)]


# Class diagrams drawn on the server: boxes in columns, a line for each property from what it is said of to its values.
#
# The layout is the usual one for layered graphs (Sugiyama, Tagawa, Toda 1981): columns by the longest way, long lines
# cut into steps, each column sorted by where its neighbours stand. It is our own, since Graphviz would be a program to
# install, and its pictures know no style sheet.

DIAGRAM_WIDTH, GAP, PORT, BETWEEN, DIAGRAM_MARGIN = 150, 150, 22, 22, 8
LONGEST = 18
"""Letters that fit into a box, or beside a line."""
SWEEPS, MOST_EDGES = 8, 120


@dataclass(frozen=True, slots=True)
class Edge:
    """A property from a class to a class, by their IRIs."""

    source: str
    target: str
    label: Shown


@dataclass(frozen=True, slots=True)
class Box:
    """A class: where its box stands, what it is called, whether it is the vocabulary's own."""

    x: float
    y: float
    width: float
    height: float
    label: Shown
    is_own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A property: its way, and where its name stands (the end of the text)."""

    path: str
    x: float
    y: float
    label: Shown


@dataclass(frozen=True, slots=True)
class Diagram:
    """A diagram, ready to be drawn."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass
class Layout:
    """The layout while it is made: a node is an IRI, or (number of an edge, column) where an edge only passes."""

    columns: list[list[object]] = field(default_factory=list)
    above: dict[object, list[object]] = field(default_factory=lambda: defaultdict(list))
    below: dict[object, list[object]] = field(default_factory=lambda: defaultdict(list))
    ways: list[list[object]] = field(default_factory=list)
    tops: dict[object, float] = field(default_factory=dict)


def diagram(edges: Sequence[Edge], own: frozenset[str], labels: dict[str, Shown]) -> Diagram | None:
    """Return the diagram of these properties; None where there are none.

    Args:
        edges: the properties; those from a class to itself are left out.
        own: which classes are the vocabulary's own.
        labels: what each class is called.
    """
    drawn = [each for each in edges if each.source != each.target][:MOST_EDGES]
    if not drawn:
        return None
    layout = _layout(drawn)
    heights = {node: _height(layout, node) for column in layout.columns for node in column}
    _stack(layout, heights)
    boxes = tuple(
        Box(_x(place), layout.tops[node], DIAGRAM_WIDTH, heights[node], labels[node], node in own)
        for place, column in enumerate(layout.columns)
        for node in column
        if isinstance(node, str)
    )
    bottom = max(layout.tops[node] + heights[node] for node in heights)
    lines = tuple(_lines(drawn, layout, heights))
    return Diagram(
        _x(len(layout.columns) - 1) + DIAGRAM_WIDTH + DIAGRAM_MARGIN, round(bottom) + DIAGRAM_MARGIN, boxes, lines
    )


def fitted(text: str, letters: int = LONGEST) -> str:
    """Return a text that fits, cut where it must be."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _x(place: int) -> int:
    return DIAGRAM_MARGIN + place * (DIAGRAM_WIDTH + GAP)


def _layout(edges: Sequence[Edge]) -> Layout:
    ranks, layout = _ranks(edges), Layout()
    layout.columns = [[] for _ in range(max(ranks.values()) + 1)]
    for node, rank in sorted(ranks.items()):
        layout.columns[rank].append(node)
    for number, edge in enumerate(edges):
        start, end = ranks[edge.source], ranks[edge.target]
        passing: list[object] = [(number, rank) for rank in range(start + 1, end)]
        way: list[object] = [edge.source, *passing, edge.target]
        for rank, passed in zip(range(start + 1, end), passing, strict=True):
            layout.columns[rank].append(passed)
        for near, far in pairwise(way):
            layout.below[near].append(far)
            layout.above[far].append(near)
        layout.ways.append(way)
    for _ in range(SWEEPS):
        _sort(layout.columns, layout.above)
        _sort(layout.columns[::-1], layout.below)
    return layout


def _ranks(edges: Sequence[Edge]) -> dict[str, int]:
    """Return the column of each class: one behind the furthest of those that lead to it; circles are cut."""
    following: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        following[edge.source].append(edge.target)
    ranks: dict[str, int] = {}
    targets = {edge.target for edge in edges}

    def visit(node: str, rank: int, path: tuple[str, ...]) -> None:
        if ranks.get(node, -1) < rank:
            ranks[node] = rank
            for each in following[node]:
                if each not in path:
                    visit(each, rank + 1, (*path, each))

    roots = sorted({edge.source for edge in edges} - targets) or [edges[0].source]
    for root in (*roots, *sorted(following)):
        if root not in ranks:
            visit(root, 0, (root,))
    return _forward(edges, ranks)


def _forward(edges: Sequence[Edge], ranks: dict[str, int]) -> dict[str, int]:
    """Return ranks by which no edge that can lead forward leads nowhere: two ends in one column are set apart."""
    for edge in edges:
        if ranks[edge.source] == ranks[edge.target]:
            ranks[edge.target] += 1
    return ranks


def _sort(columns: Sequence[list[object]], neighbours: dict[object, list[object]]) -> None:
    """Sort each column but the first by the mean place of its neighbours in the column before it."""
    for before, column in pairwise(columns):
        places = {node: place for place, node in enumerate(before)}
        own = {node: place for place, node in enumerate(column)}

        def key(node: object, places: dict[object, int] = places, own: dict[object, int] = own) -> float:
            known = [places[each] for each in neighbours[node] if each in places]
            return sum(known) / len(known) if known else float(own[node])

        column.sort(key=key)


def _height(layout: Layout, node: object) -> float:
    ports = max(len(layout.above[node]), len(layout.below[node]), 1)
    return ports * PORT + 14 if isinstance(node, str) else PORT


def _stack(layout: Layout, heights: dict[object, float]) -> None:
    """Place each column around the same middle line."""
    totals = [sum(heights[node] + BETWEEN for node in column) for column in layout.columns]
    for column, total in zip(layout.columns, totals, strict=True):
        top = DIAGRAM_MARGIN + (max(totals) - total) / 2
        for node in column:
            layout.tops[node] = round(top, 1)
            top += heights[node] + BETWEEN


def _lines(edges: Sequence[Edge], layout: Layout, heights: dict[object, float]) -> list[Line]:
    ranks = {node: place for place, column in enumerate(layout.columns) for node in column}
    ports = _ports(layout, heights)
    found = []
    for number, (edge, way) in enumerate(zip(edges, layout.ways, strict=True)):
        path, start = "", ports[number, 0, "out"]
        x = _x(ranks[way[0]]) + DIAGRAM_WIDTH
        path = f"M{x} {start:g}"
        for step, node in enumerate(way[1:], 1):
            y, far = ports[number, step, "in"], _x(ranks[node])
            middle = (x + far) / 2
            path += f"C{middle:g} {start:g} {middle:g} {y:g} {far} {y:g}"
            if step < len(way) - 1:
                path += f"H{far + DIAGRAM_WIDTH}"
            x, start = far + DIAGRAM_WIDTH, y
        end = ports[number, len(way) - 1, "in"]
        found.append(Line(path, _x(ranks[way[-1]]) - 12, round(end - 5, 1), edge.label))
    return found


def _ports(layout: Layout, heights: dict[object, float]) -> dict[tuple[int, int, str], float]:
    """Return the height at which each edge leaves and enters what it meets: sorted, so that lines cross less."""
    leaving: dict[object, list[tuple[float, int, int]]] = defaultdict(list)
    entering: dict[object, list[tuple[float, int, int]]] = defaultdict(list)
    for number, way in enumerate(layout.ways):
        for step, (near, far) in enumerate(pairwise(way)):
            leaving[near].append((layout.tops[far], number, step))
            entering[far].append((layout.tops[near], number, step + 1))
    found = {}
    for side, meetings in (("out", leaving), ("in", entering)):
        for node, each in meetings.items():
            room = heights[node] / len(each)
            for place, (_, number, step) in enumerate(sorted(each)):
                found[number, step, side] = layout.tops[node] + room * (place + 0.5)
    return found
