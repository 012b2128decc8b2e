"""Charts of observations (W3C Data Cube): one bar for each thing that a data set counts.

A bar's thing is what the observation is about (a dimension that is no code), its length the measure. Where a data set
counts in several units, those of the unit in which most is counted stand side by side; others would not compare.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

import pyoxigraph as ox

from endpoint.language import page_language
from endpoint.pages.names import Names, Shown
from endpoint.pages.numbers import grouped
from graph.literals import finite_number
from graph.namespaces import PREFIXES, RDF_TYPE

QB = PREFIXES["qb"]
MOST_OBSERVATIONS, MOST_BARS = 500, 30
WIDTH, STEP, BAR = 340, 46, 12


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
    room = WIDTH - 60
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
    return Chart(terms.thing(first.measure), unit, bars, WIDTH, len(bars) * STEP)


def _properties(store: ox.Store, kind: str) -> list[ox.NamedNode]:
    node = ox.NamedNode(QB + kind)
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), node, ox.DefaultGraph())
    return [quad.subject for quad in islice(quads, 50) if isinstance(quad.subject, ox.NamedNode)]
