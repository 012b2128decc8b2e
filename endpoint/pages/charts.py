"""Pictures drawn on the server, but for maps: bars of observations, and diagrams of classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, pairwise

import pyoxigraph as ox

from endpoint.http.languages import page_language
from endpoint.pages.term_names import Names, Shown
from endpoint.pages.values import grouped
from graph.model.literals import finite_number
from graph.model.namespaces import PREFIXES, RDF_TYPE

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
# cut into steps, each column sorted by where its neighbours stand.

DIAGRAM_WIDTH, GAP, PORT, BETWEEN, MARGIN = 150, 150, 22, 22, 8
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
    return Diagram(_x(len(layout.columns) - 1) + DIAGRAM_WIDTH + MARGIN, round(bottom) + MARGIN, boxes, lines)


def fitted(text: str, letters: int = LONGEST) -> str:
    """Return a text that fits, cut where it must be."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _x(place: int) -> int:
    return MARGIN + place * (DIAGRAM_WIDTH + GAP)


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
        top = MARGIN + (max(totals) - total) / 2
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
