"""Things that nobody has described yet: their names on the web, and where a place among them lies.

Forms and spreadsheets make such things of what somebody has written; how that is read, and where a fault is told, is
theirs. A region is told by the coordinates where these leave no doubt, and else asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import cos, hypot, radians
from types import MappingProxyType
from typing import TypeAlias

import pyoxigraph as ox

from graph.model.description import PERSON, kinds_of, narrowest
from graph.model.errors import NO_WORDS, Said, Sentence
from graph.model.locations import areas_at, point_of
from graph.model.rdf_terms import COMPUTED_GRAPHS, RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS, XSD, graph_iri
from graph.parts.proposals.coordinates import Position, Surroundings, decimal
from graph.parts.proposals.form_fields import FormField, KnownThings
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import ACCEPTED_GRAPH, ThingStatements
from graph.parts.templates.fields import Value

# What new things are called on the web.

ADDED = "added/"
"""Below the base: where the names of new things begin."""

LATIN = MappingProxyType(dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяўқғҳ",
    ("a", "b", "v", "g", "d", "e", "yo", "j", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "x",
     "ts", "ch", "sh", "shch", "", "i", "", "e", "yu", "ya", "o", "q", "g", "h"),
    strict=True,
)))  # fmt: skip
"""Cyrillic letters as Latin ones, for addresses alone."""
LONGEST_NAME = 60


def local_name(text: str) -> str:
    """Return a text as it may stand in an address: small Latin letters, digits and hyphens; perhaps nothing."""
    letters = "".join(LATIN.get(each, each) for each in text.casefold())
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[ʻʼ'’`]", "", letters)).strip("-")[:LONGEST_NAME].strip("-")


def minted(base: str, class_iri: str, label: str, nonce: str, space: str = "") -> str:
    """Return the IRI of a new thing, by its class and its name.

    Args:
        base: the publication's base.
        class_iri: the class.
        label: what the thing is called, or empty.
        nonce: what keeps it apart from others, where that is needed.
        space: where the names of somebody's things begin (``own_space``); those that nobody owns are put together.
    """
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", re.split(r"[/#]", class_iri)[-1])
    parts = [each for each in (local_name(label), local_name(nonce)) if each]
    return f"{space or base + ADDED}{local_name(kind) or 'thing'}/{'-'.join(parts)}"


def own_space(base: str, graph: str) -> str:
    """Return where the names of things begin that are made for a graph: with the first part of the graph's own name.

    A graph that is named on another host has no space of its own, since names there are not ours to give.
    """
    name = graph.removeprefix(f"{base}graph/")
    first = local_name(name.partition("/")[0])
    return f"{base}{ADDED}{first}/" if name != graph and first else f"{base}{ADDED}"


def new_thing(base: str, iri: str, home: str = "") -> ThingStatements:
    """Return what is stated of a thing of which nothing is stated yet; ``home`` is its graph, where it is to be one."""
    return ThingStatements(iri, base, {}, home=home)


def as_new(class_iri: str, changes: Sequence[ValueChange], base: str, graph: str = "") -> tuple[ValueChange, ...]:
    """Return the changes of a new thing, of which it is said first what it is; in a graph of its own by default."""
    typed = ValueChange(RDF_TYPE, "", f"<{class_iri}>", (graph or graph_iri(base, ACCEPTED_GRAPH),))
    return (typed, *changes)


# Of whom a new thing is.


def personal_home(store: ox.Store, base: str, class_iri: str, personal: Sequence[str]) -> str:
    """Return the graph of personal data to which new things of a class belong; empty for what is no person's.

    Theirs are persons, and what such graphs alone describe, as the roles of persons.

    Args:
        store: the release's.
        base: the publication's base.
        class_iri: the class.
        personal: the IRIs of the graphs of personal data.
    """
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri), None)
    named = {each.graph_name for each in islice(quads, MOST_PLACES) if isinstance(each.graph_name, ox.NamedNode)}
    stated = {each.value for each in named} - {graph_iri(base, each) for each in COMPUTED_GRAPHS}
    home = next((each for each in personal if each in stated), "")
    if PERSON in kinds_of((class_iri,), base):
        return home or next(iter(personal), "")
    return home if stated <= {*personal} else ""


# Where a new place lies.

WITHIN, LATITUDE, LONGITUDE = SCHEMA + "containedInPlace", SCHEMA + "latitude", SCHEMA + "longitude"
POINTS = frozenset(("city", "place"))
"""Kinds of things that lie at a point."""
MOST_PLACES, MARGIN, NEAR_KM = 500, 2.0, 60.0
"""So many places are looked at; so many degrees around them places are expected; so near to one is in its region."""
KnownPoints: TypeAlias = dict[str, list[tuple[str, Position]]]
"""Class → its things with coordinates."""


def lies_at_a_point(class_iri: str, base: str) -> bool:
    """Whether things of a class lie at a point, and not all over a region."""
    return bool(POINTS & {*narrowest(kinds_of((class_iri,), base))})


@dataclass(frozen=True, slots=True)
class ToldRegion:
    """In which region a place lies.

    Attributes:
        region: the region; empty where it is asked, or none is needed.
        problem: why it is asked, or nothing.
        likely: the regions in which it may lie.
    """

    region: str = ""
    problem: Said = NO_WORDS
    likely: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewPlaces:
    """What a release knows of places, and what its shapes ask of a further one.

    Attributes:
        things: the things of the release.
        fields_of: the fields of things of a class.
        points: where known places lie, by class; filled as it is asked for, and shared by all who read one release.
    """

    things: KnownThings
    fields_of: Callable[[str], Sequence[FormField]]
    points: KnownPoints = field(default_factory=dict)

    def class_of(self, of: FormField) -> str:
        """Return the class of the new places that a field takes; empty for one that takes none, or no points."""
        return next((each for each in of.classes if lies_at_a_point(each, self.things.base)), "")

    def region_field(self, class_iri: str) -> FormField | None:
        """Return by which field a thing of a class says within what it lies; None where its shapes do not ask."""
        return next((each for each in self.fields_of(class_iri) if each.path == WITHIN and not each.is_inverse), None)

    def known(self, class_iri: str) -> list[tuple[str, Position]]:
        """Return the known places of a class that have coordinates."""
        if class_iri not in self.points:
            kind, store = ox.NamedNode(class_iri), self.things.store
            quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, ox.DefaultGraph())
            named = (
                each.subject.value for each in islice(quads, MOST_PLACES) if isinstance(each.subject, ox.NamedNode)
            )
            found = ((each, point_of(store, each)) for each in named)
            self.points[class_iri] = [(each, Position(at[1], at[0])) for each, at in found if at is not None]
        return self.points[class_iri]

    def surroundings(self, class_iri: str) -> Surroundings | None:
        """Return between which degrees the known places of a class are, with some room; None where none is known."""
        points = [at for _, at in self.known(class_iri)]
        if not points:
            return None
        south, north = min(each.latitude for each in points), max(each.latitude for each in points)
        west, east = min(each.longitude for each in points), max(each.longitude for each in points)
        return Surroundings(south - MARGIN, west - MARGIN, north + MARGIN, east + MARGIN)

    def only_within(self, class_iri: str) -> str:
        """Return within what a thing of a class lies where there is one such thing alone; else nothing."""
        asked = self.region_field(class_iri)
        options = (self.things.options(asked) or ()) if asked is not None else ()
        return options[0][0] if len(options) == 1 else ""

    def told(self, class_iri: str, at: Position | None) -> ToldRegion:
        """Return in which region a place of a class lies, by its coordinates, or why it has to be asked."""
        asked = self.region_field(class_iri)
        if asked is None:
            return ToldRegion()
        found = self._regions_at(class_iri, at) if at is not None else (self.only_within(class_iri),)
        known = tuple(each for each in found if each and self.things.may_be(each, asked))
        if len(found) == 1 and known:
            return ToldRegion(known[0])
        return ToldRegion("", self._doubt(at, known) if asked.least else NO_WORDS, known)

    def _doubt(self, at: Position | None, known: Sequence[str]) -> Said:
        if at is None:
            return Sentence("nothing says in which region it lies")
        if len(known) > 1:
            names = " – ".join(self.things.label(each) for each in known)
            return Sentence("these coordinates lie at the border %(names)s", names=names)
        return Sentence("no region that is known here surely holds these coordinates")

    def _regions_at(self, class_iri: str, at: Position) -> tuple[str, ...]:
        """Return the regions in which a point may lie, an empty one for each that is not described."""
        areas = areas_at((at.longitude, at.latitude))
        if areas:
            return tuple(self._with_code(each.code) for each in areas)
        near = min(self.known(class_iri), key=lambda each: _kilometres(each[1], at), default=None)
        # beyond all outlines a place nearby tells the region only where it lies beyond them, too: else between the two
        # there is a border of the country
        if near is None or _kilometres(near[1], at) > NEAR_KM or areas_at((near[1].longitude, near[1].latitude)):
            return ()
        pattern = ox.NamedNode(near[0]), ox.NamedNode(WITHIN), None, ox.DefaultGraph()
        regions = (each.object for each in self.things.store.quads_for_pattern(*pattern))
        return tuple(each.value for each in regions if isinstance(each, ox.NamedNode))[:1]

    def _with_code(self, code: str) -> str:
        """Return the thing with a code of ISO 3166; empty where none is described."""
        pattern = None, ox.NamedNode(SKOS + "notation"), ox.Literal(code), ox.DefaultGraph()
        found = (each.subject for each in self.things.store.quads_for_pattern(*pattern))
        return next((each.value for each in found if isinstance(each, ox.NamedNode)), "")


def _kilometres(one: Position, other: Position) -> float:
    squeeze = cos(radians((one.latitude + other.latitude) / 2))
    return 111.2 * hypot((one.longitude - other.longitude) * squeeze, one.latitude - other.latitude)


def named_statements(
    class_iri: str, name: ox.Literal, at: Position | None = None, within: str = ""
) -> Iterator[tuple[str, Value]]:
    """Yield what is said of a new thing: its class, its name, and of a place where and within what it lies."""
    yield RDF_TYPE, ox.NamedNode(class_iri)
    yield RDFS_LABEL, name
    if at is not None:
        yield from point_statements(at)
    if within:
        yield WITHIN, ox.NamedNode(within)


def point_statements(at: Position) -> Iterator[tuple[str, ox.Literal]]:
    """Yield what says that something lies at a point."""
    for path, degrees in ((LATITUDE, at.latitude), (LONGITUDE, at.longitude)):
        yield path, ox.Literal(decimal(degrees), datatype=ox.NamedNode(XSD + "decimal"))
