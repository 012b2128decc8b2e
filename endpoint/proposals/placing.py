"""A place in a form that nobody has described yet: by its name and coordinates, in a region that is told or asked.

What comes of it is a new thing beside the one that the form is about, with statements of its own in the same proposal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import cos, hypot, radians

import pyoxigraph as ox

from endpoint.current import Snapshot, publication, snapshot
from endpoint.http.languages import interface
from endpoint.pages.figures import Map, Spot, draw
from endpoint.pages.thing_page import content_names
from endpoint.proposals.filled_form import FormSubject, fields_for, known_things
from graph.model.description import kinds_of, narrowest
from graph.model.errors import Said, Sentence
from graph.model.locations import Area, outlines, point_of
from graph.model.rdf_terms import RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS, XSD
from graph.parts.proposals.coordinates import Position, Surroundings, decimal, read_position
from graph.parts.proposals.form_fields import FormField, KnownThings
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import ReadForm, Unread

WITHIN = SCHEMA + "containedInPlace"
NAMED = re.compile(r"new\.(\d{1,4})\.of", re.ASCII)
PARTS = ("name", "language", "at", "region", "other")
LONGEST_NAME = 200
MOST_PLACES, MARGIN, NEAR_KM = 500, 2.0, 60.0
"""So many places are looked at; so many degrees around them places are expected; so near to one is in its region."""
OF_ROWS = 10_000
"""Numbers from here on are of no row: they say which part of a form cannot be read."""


@dataclass(frozen=True, slots=True)
class GivenPlace:
    """What somebody wrote of a place: its name and in which language, where it is, and in which region.

    Attributes:
        path: the property by which the form's thing has it.
        name: what it is called.
        language: the tag of that.
        at: the coordinates, as written.
        region: the known region that was chosen, in N-Triples syntax, or empty.
        other: the name of a region that is not known, or empty.
    """

    path: str
    name: str = ""
    language: str = ""
    at: str = ""
    region: str = ""
    other: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written."""
        return not (self.name.strip() or self.at.strip() or self.other.strip())


def given_places(fields: Mapping[str, str]) -> dict[str, GivenPlace]:
    """Return what was written of places, by the property."""
    found = dict[str, GivenPlace]()
    for name, path in fields.items():
        if number := NAMED.fullmatch(name):
            said = {each: fields.get(f"new.{number[1]}.{each}", "").strip()[:LONGEST_NAME] for each in PARTS}
            found[path] = GivenPlace(path, **said)
    return {path: each for path, each in found.items() if not each.is_blank}


# Which fields take a place, and what is known of places there.


def place_class(of: FormField) -> str:
    """Return the class of the new places that a field takes; empty for one that takes none, or no points."""
    base = publication().base
    kinds = ((each, narrowest(kinds_of((each,), base))) for each in of.classes)
    return next((each for each, found in kinds if {"city", "place"} & {*found}), "")


def region_field(class_iri: str) -> FormField | None:
    """Return by which field a place of a class says where it lies; None where its shapes do not ask."""
    return next((each for each in fields_for((class_iri,)) if each.path == WITHIN and not each.is_inverse), None)


def _points(_: Snapshot) -> dict[str, list[tuple[str, Position]]]:
    return {}


def known_points(class_iri: str) -> list[tuple[str, Position]]:
    """Return the known places of a class that have coordinates; looked up once a release."""
    here = snapshot()
    known = here.once(_points)
    if class_iri not in known:
        kind, store = ox.NamedNode(class_iri), here.release.store
        quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, ox.DefaultGraph())
        things = (each.subject.value for each in islice(quads, MOST_PLACES) if isinstance(each.subject, ox.NamedNode))
        found = ((each, point_of(store, each)) for each in things)
        known[class_iri] = [(each, Position(point[1], point[0])) for each, point in found if point is not None]
    return known[class_iri]


def surroundings(class_iri: str) -> Surroundings | None:
    """Return between which degrees the known places of a class are, with some room; None where none is known."""
    points = [at for _, at in known_points(class_iri)]
    if not points:
        return None
    south, north = min(each.latitude for each in points), max(each.latitude for each in points)
    west, east = min(each.longitude for each in points), max(each.longitude for each in points)
    return Surroundings(south - MARGIN, west - MARGIN, north + MARGIN, east + MARGIN)


def region_at(class_iri: str, at: Position) -> str:
    """Return the known region that holds a point, by the outlines, else that of a known place nearby; or nothing."""
    store, merge = snapshot().release.store, ox.DefaultGraph()
    area = next((each for country in outlines() for each in country.areas if area_holds(each, at)), None)
    if area is not None:
        quads = store.quads_for_pattern(None, ox.NamedNode(SKOS + "notation"), ox.Literal(area.code), merge)
        return next((each.subject.value for each in quads if isinstance(each.subject, ox.NamedNode)), "")
    near = min(known_points(class_iri), key=lambda each: _kilometres(each[1], at), default=None)
    if near is None or _kilometres(near[1], at) > NEAR_KM:
        return ""
    regions = store.quads_for_pattern(ox.NamedNode(near[0]), ox.NamedNode(WITHIN), None, merge)
    return next((each.object.value for each in regions if isinstance(each.object, ox.NamedNode)), "")


def area_holds(area: Area, at: Position) -> bool:
    """Whether a point lies in an area: a line from it to the east crosses the borders an odd number of times."""
    x, y, crossed = at.longitude, at.latitude, False
    for ring in area.rings:
        for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                crossed = not crossed
    return crossed


def _kilometres(one: Position, other: Position) -> float:
    squeeze = cos(radians((one.latitude + other.latitude) / 2))
    return 111.2 * hypot((one.longitude - other.longitude) * squeeze, one.latitude - other.latitude)


# From what was written to statements.


@dataclass
class PlaceReader:
    """Reads the places of a form.

    Attributes:
        subject: what the form is about.
        mint: makes the IRI of a new thing, of its class and its name.
        problems: what is wrong, by the property and the part.
        told: in which region a place was found to be, by the property, in N-Triples syntax.
    """

    subject: FormSubject
    mint: Callable[[str, str], str]
    problems: dict[tuple[str, str], Said] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    _things: KnownThings = field(default_factory=known_things)

    def read(self, fields: Mapping[str, str], read: ReadForm) -> ReadForm:
        """Return what a form means together with the new places in it."""
        changes = list(read.changes)
        for path, given in given_places(fields).items():
            of = self.subject.reader.by_path.get(path)
            made = self._place(given, of) if of is not None else []
            if made and of is not None:
                changes = [*made, *self._linked(changes, of, made[0])]
        if not changes and not self.problems:
            return read
        unread = {OF_ROWS + number: Unread(said) for number, said in enumerate(self.problems.values())}
        rows = (*read.rows, *[-1] * (len(changes) - len(read.rows)))
        return replace(read, changes=tuple(changes), rows=rows, unread={**read.unread, **unread})

    def _linked(self, changes: list[ValueChange], of: FormField, place: ValueChange) -> list[ValueChange]:
        """Let the form's thing have a new place besides; of a field with one value it takes that one's place."""
        if of.most != 1:
            return [*changes, ValueChange(of.path, "", f"<{place.thing}>", place.graphs)]
        stated = [each for each in self.subject.reader.stated.values.values() if each.predicate == of.path]
        old = next((each for each in stated if not each.fixed), None)
        removed, graphs = (str(old.term), old.graphs) if old is not None else ("", place.graphs)
        others = [each for each in changes if each.predicate != of.path or each.thing]
        return [*others, ValueChange(of.path, removed, f"<{place.thing}>", graphs)]

    def _place(self, given: GivenPlace, of: FormField) -> list[ValueChange]:
        """Return the statements of a new place, and of a new region of it; none where something is wrong."""
        class_iri = place_class(of)
        if not class_iri:
            return []
        at = read_position(given.at, surroundings(class_iri))
        if not given.name:
            self.problems[of.path, "name"] = Sentence("write what the place is called")
        if not isinstance(at, Position):
            self.problems[of.path, "at"] = at
            return []
        region = self._region(given, of, class_iri, at)
        if not given.name or (of.path, "region") in self.problems:
            return []
        above = f"<{region[0].thing}>" if region else self.told.get(of.path, "")
        said = {
            RDF_TYPE: f"<{class_iri}>", RDFS_LABEL: _named(given.name, given),
            SCHEMA + "latitude": _degrees(at.latitude), SCHEMA + "longitude": _degrees(at.longitude), WITHIN: above,
        }  # fmt: skip
        return [*self._stated(self.mint(class_iri, given.name), said), *region]

    def _region(self, given: GivenPlace, of: FormField, class_iri: str, at: Position) -> list[ValueChange]:
        """Find out in which region a place is; return the statements of a new region, where it is one."""
        asked = region_field(class_iri)
        if asked is None:
            return []
        options = {f"<{iri}>" for iri, _ in self._things.options(asked) or ()}
        if given.other and not given.region:
            return self._new_region(given, asked)
        found = given.region or f"<{region_at(class_iri, at)}>"
        self.told[of.path] = found if found in options else ""
        if found not in options and asked.least:
            self.problems[of.path, "region"] = Sentence(
                "no region that is known here holds these coordinates; choose one, or write its name"
            )
        return []

    def _new_region(self, given: GivenPlace, asked: FormField) -> list[ValueChange]:
        class_iri = asked.classes[0]
        above = region_field(class_iri)
        countries = (self._things.options(above) or ()) if above is not None else ()
        country = f"<{countries[0][0]}>" if len(countries) == 1 else ""
        said = {RDF_TYPE: f"<{class_iri}>", RDFS_LABEL: _named(given.other, given), WITHIN: country}
        return self._stated(self.mint(class_iri, given.other), said)

    def _stated(self, iri: str, said: Mapping[str, str]) -> list[ValueChange]:
        graphs = (self.subject.reader.stated.main_graph,)
        return [ValueChange(name, "", value, graphs, iri) for name, value in said.items() if value]


def _named(name: str, given: GivenPlace) -> str:
    return str(ox.Literal(name, language=given.language or interface()))


def _degrees(number: float) -> str:
    return f'"{decimal(number)}"^^<{XSD}decimal>'


# What a form shows of it.


@dataclass(frozen=True, slots=True)
class PlaceInput:
    """The part of a form for a place that is not described yet.

    Attributes:
        number: which one it is in the form.
        path: the property.
        given: what was written.
        tags: the languages that its name can be in.
        regions: the known regions, in N-Triples syntax, and what they are called.
        region: the one that is chosen, or told.
        problems: what is wrong, by the part.
        map: the known places, to click between them; None where there are none.
    """

    number: int
    path: str
    given: GivenPlace
    tags: tuple[str, ...]
    regions: tuple[tuple[str, str], ...]
    region: str
    problems: Mapping[str, Said]
    map: Map | None

    @property
    def language(self) -> str:
        """The language of the name."""
        return self.given.language or self.tags[0]


def place_inputs(subject: FormSubject, fields: Mapping[str, str], reader: PlaceReader | None) -> dict[str, PlaceInput]:
    """Return the parts of a form for new places, by the property."""
    found, given = dict[str, PlaceInput](), given_places(fields)
    problems = reader.problems if reader is not None else {}
    for of in subject.reader.by_path.values():
        if (class_iri := place_class(of)) and not (of.choices or of.given):
            asked = region_field(class_iri)
            regions = (subject.reader.things.options(asked) or ()) if asked is not None else ()
            said = given.get(of.path, GivenPlace(of.path))
            tags = dict.fromkeys((interface(), *(each.lower() for each in publication().settings.languages)))
            found[of.path] = PlaceInput(
                len(found), of.path, said, tuple(tags), tuple((f"<{iri}>", name) for iri, name in regions),
                said.region or (reader.told.get(of.path, "") if reader is not None else ""),
                {part: problem for (path, part), problem in problems.items() if path == of.path}, _map(class_iri),
            )  # fmt: skip
    return found


def _map(class_iri: str) -> Map | None:
    names = content_names()
    spots = [Spot(names.thing(iri), (at.longitude, at.latitude)) for iri, at in known_points(class_iri)]
    return draw(snapshot().release.store, spots, names) if spots else None
