"""What a release holds at a glance: things by class, an event with its organisers, things on a map.

All is found in the data: classes that have pages by the shapes, whatever has most organisers, the class whose things
lie in most places. A publication without such things has a shorter front page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.charts import Observation, data_sets, observations
from endpoint.pages.facts import ORG, QB, RELATIONS, VCARD
from endpoint.pages.holdings import Statements, holdings, statements
from endpoint.pages.maps import GEO, WGS, city_by_name, point_of
from endpoint.pages.outlines import Point
from endpoint.pages.paths import Step, follow
from endpoint.pages.shapes import shapes_of
from graph.linking.kinds import is_auxiliary
from graph.namespaces import DCAT, DCT, ENTAILED_GRAPH, FOAF, OWL, PROV, RDF, RDF_TYPE, RDFS, SCHEMA, SD, SH, VOID

MACHINERY = (OWL, RDF, RDFS, SCHEMA, SD, SH, VOID, DCAT, DCT, QB, VCARD, GEO, "http://spdx.org/", FOAF + "Document")
"""Beginnings of IRIs of classes whose things are on no map: parts of things, and what describes the graph."""
ORGANIZERS = (SCHEMA + "organizer", "http://schema.org/organizer")
COORDINATES = (GEO + "asWKT", GEO + "hasGeometry", SCHEMA + "latitude", WGS + "lat")
MOST_READ, MOST_PLACES, MOST_AT_A_PLACE, FEWEST_SPOKES = 2_000, 300, 100, 3


@dataclass(frozen=True, slots=True)
class Hub:
    """An event and those who organise it, by kind; all as IRIs."""

    event: str
    kinds: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def size(self) -> int:
        """How many organise it."""
        return sum(len(bodies) for _, bodies in self.kinds)


@dataclass(frozen=True, slots=True)
class Located:
    """Things of one class, each with its place and where that lies."""

    kind: str
    things: tuple[tuple[str, str, Point], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a front page can show; IRIs and numbers, named when the reader is known."""

    classes: tuple[tuple[str, int], ...]
    hub: Hub | None
    located: Located | None
    data_set: str
    counts: dict[str, Observation]
    statements: Statements


def overview(snapshot: Snapshot) -> Overview:
    """Return what a release holds at a glance."""
    store, sets = snapshot.release.store, data_sets(snapshot.release.store)
    counted = {sets[0]: observations(store, sets[0])} if sets else {}
    return Overview(
        classes=tuple(_classes(snapshot)),
        hub=_hub(store),
        located=_located(snapshot),
        data_set=sets[0] if sets else "",
        counts={each.thing: each for found in counted.values() for each in found},
        statements=statements(snapshot),
    )


def _classes(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    """Yield the classes to be named, the publication's own first: where there are shapes, those that have pages."""
    shaped, base = snapshot.once(shapes_of).by_class, snapshot.publication.base
    abstract = RELATIONS | {PROV + name for name in ("Entity", "Agent", "Activity", "SoftwareAgent")}
    counts = holdings(snapshot)
    for iri in sorted(counts, key=lambda each: (not each.startswith(base), -counts[each], each)):
        is_relation = iri in abstract or _is_kind_of(snapshot.release.store, iri, RELATIONS)
        if not is_relation and not is_auxiliary(iri, base) and (not shaped or iri in shaped or iri.startswith(base)):
            yield iri, counts[iri]


def _is_kind_of(store: ox.Store, iri: str, classes: frozenset[str]) -> bool:
    above = follow(store, iri, Step(RDFS + "subClassOf"))
    return any(isinstance(each.term, ox.NamedNode) and each.term.value in classes for each in above)


def _hub(store: ox.Store) -> Hub | None:
    """Return the event with most organisers, if it has enough of them for a picture."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in ORGANIZERS:
        quads = store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph())
        for quad in islice(quads, MOST_READ):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                found[quad.subject.value].add(quad.object.value)
    if not found:
        return None
    event, bodies = max(sorted(found.items()), key=lambda each: len(each[1]))
    if len(bodies) < FEWEST_SPOKES:
        return None
    kinds: dict[str, list[str]] = defaultdict(list)
    for body in sorted(bodies):
        reached = [*follow(store, body, Step(ORG + "classification")), *follow(store, body, Step(RDF_TYPE))]
        kind = next((each.term.value for each in reached if isinstance(each.term, ox.NamedNode)), "")
        kinds[kind].append(body)
    ordered = sorted(kinds.items(), key=lambda each: (-len(each[1]), each[0]))
    return Hub(event, tuple((kind, tuple(each)) for kind, each in ordered))


def _located(snapshot: Snapshot) -> Located | None:
    """Return the things of the class that lies in most places; of two such classes the publication's own."""
    store, entailed = snapshot.release.store, snapshot.publication.graph(ENTAILED_GRAPH)
    places = dict(islice(_places(store), MOST_PLACES))
    lying: dict[str, dict[str, str]] = defaultdict(dict)
    for place in places:
        stated = _stated(store.quads_for_pattern(None, None, ox.NamedNode(place), None), entailed)
        for quad in islice(stated, MOST_AT_A_PLACE):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value not in places:
                for kind in _stated_kinds(store, quad.subject, entailed):
                    known = lying[kind].get(quad.subject.value)
                    if known is None or _is_within(store, place, known):
                        lying[kind][quad.subject.value] = place
    base = snapshot.publication.base
    ranked = sorted(
        ((len(set(found.values())), kind.startswith(base), -len(found), kind) for kind, found in lying.items()
         if not kind.startswith(MACHINERY)), reverse=True,
    )  # fmt: skip
    if not ranked:
        return None
    kind = ranked[0][3]
    found = {thing: city_by_name(store, thing) or place for thing, place in sorted(lying[kind].items())}
    points = {place: places.get(place) or point_of(store, place) for place in found.values()}
    return Located(kind, tuple((thing, place, at) for thing, place in found.items() if (at := points[place])))


def _is_within(store: ox.Store, place: str, other: str) -> bool:
    """Whether a place is said to lie in another: a thing that names both is shown in the smaller one."""
    pattern = ox.NamedNode(place), ox.NamedNode(SCHEMA + "containedInPlace"), ox.NamedNode(other), ox.DefaultGraph()
    return next(store.quads_for_pattern(*pattern), None) is not None


def _stated_kinds(store: ox.Store, thing: ox.NamedNode, entailed: str) -> Iterator[str]:
    for quad in _stated(store.quads_for_pattern(thing, ox.NamedNode(RDF_TYPE), None, None), entailed):
        if isinstance(quad.object, ox.NamedNode):
            yield quad.object.value


def _stated(quads: Iterator[ox.Quad], entailed: str) -> Iterator[ox.Quad]:
    """Yield the quads of named graphs but that of what follows: a club lies in its city, and so in its region."""
    for quad in quads:
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value != entailed:
            yield quad


def _places(store: ox.Store) -> Iterator[tuple[str, Point]]:
    """Yield what has coordinates of its own or by a geometry; a geometry itself is no place."""
    for name in COORDINATES:
        for quad in islice(store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph()), MOST_READ):
            if isinstance(quad.subject, ox.NamedNode) and not _is_geometry(store, quad.subject):
                point = point_of(store, quad.subject.value)
                if point is not None:
                    yield quad.subject.value, point


def _is_geometry(store: ox.Store, node: ox.NamedNode) -> bool:
    pattern = None, ox.NamedNode(GEO + "hasGeometry"), node, ox.DefaultGraph()
    return next(store.quads_for_pattern(*pattern), None) is not None
