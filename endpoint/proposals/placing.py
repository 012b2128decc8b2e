"""A place in a form that nobody has described yet: by its name and coordinates, in a region that is told or asked.

What comes of it is a new thing beside the one that the form is about, with statements of its own in the same proposal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pyoxigraph as ox

from endpoint.current import Snapshot, publication, snapshot
from endpoint.http.languages import interface
from endpoint.pages.figures import Map, Spot, draw
from endpoint.pages.thing_page import content_names
from endpoint.proposals.filled_form import FormSubject, fields_for, known_things
from graph.model.errors import Said, Sentence
from graph.parts.proposals.coordinates import Position, read_position
from graph.parts.proposals.form_fields import FormField, KnownThings
from graph.parts.proposals.new_things import KnownPoints, NewPlaces, ToldRegion, named_statements
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import ReadForm, Unread
from graph.parts.templates.fields import Value

NAMED = re.compile(r"new\.(\d{1,4})\.of", re.ASCII)
PARTS = ("name", "language", "at", "region", "other")
LONGEST_NAME = 200
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


def _points(_: Snapshot) -> KnownPoints:
    return {}


def new_places(things: KnownThings) -> NewPlaces:
    """Return what the release knows of places; where known ones lie is looked up once a release."""
    return NewPlaces(things, lambda class_iri: fields_for((class_iri,)), snapshot().once(_points))


# From what was written to statements.


@dataclass
class PlaceReader:
    """Reads the places of a form.

    Attributes:
        subject: what the form is about.
        mint: makes the IRI of a new thing, of its class and its name.
        problems: what is wrong, by the property and the part.
        told: in which region a place was found to be, by the property.
    """

    subject: FormSubject
    mint: Callable[[str, str], str]
    problems: dict[tuple[str, str], Said] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    _places: NewPlaces = field(default_factory=lambda: new_places(known_things()))

    @property
    def _things(self) -> KnownThings:
        return self._places.things

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
        class_iri = self._places.class_of(of)
        if not class_iri:
            return []
        at = read_position(given.at, self._places.surroundings(class_iri))
        if not given.name:
            self.problems[of.path, "name"] = Sentence("write what the place is called")
        if not isinstance(at, Position):
            self.problems[of.path, "at"] = at
            return []
        region = self._region(given, of, class_iri, at)
        if not given.name or (of.path, "region") in self.problems:
            return []
        within = region[0].thing if region else self.told.get(of.path, "")
        said = named_statements(class_iri, _named(given.name, given), at, within)
        return [*self._stated(self.mint(class_iri, given.name), said), *region]

    def _region(self, given: GivenPlace, of: FormField, class_iri: str, at: Position) -> list[ValueChange]:
        """Find out in which region a place is; return the statements of a new region, where it is one."""
        asked = self._places.region_field(class_iri)
        if asked is None:
            return []
        named = self._things.named(given.other, asked) if given.other and not given.region else []
        if given.other and not given.region and not named:
            return self._new_region(given, asked)
        if given.region or named:
            told = self._chosen_region(given.region[1:-1] or named[0], asked, len(named))
        else:
            told = self._places.told(class_iri, at)
        self.told[of.path] = told.region
        if told.problem:
            problem = Sentence("%(problem)s; choose one, or write its name", problem=told.problem)
            self.problems[of.path, "region"] = problem
        return []

    def _chosen_region(self, iri: str, asked: FormField, several: int) -> ToldRegion:
        if several > 1:
            return ToldRegion("", Sentence("several regions are called so"))
        known = {each for each, _ in self._things.options(asked) or ()}
        return ToldRegion(iri) if several or iri in known else ToldRegion("", Sentence("this is no region"))

    def _new_region(self, given: GivenPlace, asked: FormField) -> list[ValueChange]:
        class_iri = asked.classes[0]
        name, within = _named(given.other, given), self._places.only_within(class_iri)
        return self._stated(self.mint(class_iri, given.other), named_statements(class_iri, name, within=within))

    def _stated(self, iri: str, said: Iterable[tuple[str, Value]]) -> list[ValueChange]:
        graphs = (self.subject.reader.stated.main_graph,)
        return [ValueChange(path, "", str(value), graphs, iri) for path, value in said]


def _named(name: str, given: GivenPlace) -> ox.Literal:
    return ox.Literal(name, language=given.language or interface())


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
        asks_region: whether it has to be in one.
    """

    number: int
    path: str
    given: GivenPlace
    tags: tuple[str, ...]
    regions: tuple[tuple[str, str], ...]
    region: str
    problems: Mapping[str, Said]
    map: Map | None
    asks_region: bool

    @property
    def language(self) -> str:
        """The language of the name."""
        return self.given.language or self.tags[0]


def place_inputs(subject: FormSubject, fields: Mapping[str, str], reader: PlaceReader | None) -> dict[str, PlaceInput]:
    """Return the parts of a form for new places, by the property."""
    found, given, places = dict[str, PlaceInput](), given_places(fields), new_places(subject.reader.things)
    problems, told = (reader.problems, reader.told) if reader is not None else ({}, {})
    for of in subject.reader.by_path.values():
        if (class_iri := places.class_of(of)) and not (of.choices or of.given):
            asked = places.region_field(class_iri)
            regions = (subject.reader.things.options(asked) or ()) if asked is not None else ()
            said = given.get(of.path, GivenPlace(of.path))
            tags = dict.fromkeys((interface(), *(each.lower() for each in publication().settings.languages)))
            region = f"<{told[of.path]}>" if told.get(of.path) else ""
            found[of.path] = PlaceInput(
                len(found), of.path, said, tuple(tags), tuple((f"<{iri}>", name) for iri, name in regions),
                said.region or region,
                {part: problem for (path, part), problem in problems.items() if path == of.path},
                _map(places, class_iri), asked is not None,
            )  # fmt: skip
    return found


def _map(places: NewPlaces, class_iri: str) -> Map | None:
    names = content_names()
    spots = [Spot(names.thing(iri), (at.longitude, at.latitude)) for iri, at in places.known(class_iri)]
    return draw(snapshot().release.store, spots, names) if spots else None
