"""How new things are named: those of the rows, and those that a cell names and nobody has described.

Of the latter one is made only where somebody says that it is new. It gets its name and, being a place, where it lies:
by the coordinates of its row, and in the region that the row names, or that the coordinates tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.model.description import PERSON, kinds_of
from graph.model.errors import Said, Sentence
from graph.model.rdf_terms import RDF_TYPE, XSD, finite_number
from graph.parts.linking.name_comparison import fold
from graph.parts.proposals.coordinates import Position, Surroundings, decimal
from graph.parts.proposals.form_fields import FormField, KnownThings, form_fields
from graph.parts.proposals.new_things import (
    LATITUDE,
    LONGITUDE,
    NewPlaces,
    lies_at_a_point,
    local_name,
    minted,
    named_statements,
)
from graph.parts.proposals.shape_form import ThingStatements
from graph.parts.templates.fields import TemplateShapes, Value
from graph.releases.exact_forms import LexicalForms

NEW = "new"
"""What is answered where a cell names something that is new."""
COORDINATES = (LATITUDE, LONGITUDE)
MOST_NAMES = 5


@dataclass
class ImportSpace:
    """Where new things are named, and what is stated of those that are known.

    Attributes:
        store: the release's.
        forms: the spellings of its graph files.
        base: the publication's base.
        own: the address below which the contributor names things; empty for one below the base.
        class_iri: the class of the things.
        graph: the graph into which they go; empty for none.
        nonce: a word that keeps names of this graph apart from others below the base.
    """

    store: ox.Store
    forms: LexicalForms
    base: str
    own: str
    class_iri: str
    graph: str
    nonce: str
    _stated: dict[str, ThingStatements] = field(default_factory=dict)

    def stated(self, iri: str) -> ThingStatements:
        """Return what is stated of a thing."""
        if iri not in self._stated:
            self._stated[iri] = ThingStatements.read(self.store, self.forms, self.base, iri)
        return self._stated[iri]

    def named(self, label: str, number: int, class_iri: str = "") -> str:
        """Return the IRI of a new thing; ``number`` tells it from others that are called so, its class is the rows'."""
        ending, class_iri = f"-{number}" if number > 1 else "", class_iri or self.class_iri
        if not self.own:
            return minted(self.base, class_iri, label or "row", f"{self.nonce}{ending}")
        kind = minted("", class_iri, "", "").split("/")[1]
        return f"{self.own}{kind}/{local_name(label) or 'row'}{ending}"

    def things_there(self) -> list[str]:
        """Return the things of the class that the graph holds."""
        if not self.graph:
            return []
        quads = self.store.quads_for_pattern(
            None, ox.NamedNode(RDF_TYPE), ox.NamedNode(self.class_iri), ox.NamedNode(self.graph)
        )
        return sorted(each.subject.value for each in quads if isinstance(each.subject, ox.NamedNode))


@dataclass
class NamedThing:
    """A new thing beside those of the rows.

    Attributes:
        iri: the thing.
        class_iri: its class.
        name: what it is called.
        at: of a place, where it lies, as far as a row says it.
        within: within what it lies; empty where nothing says it.
    """

    iri: str
    class_iri: str
    name: ox.Literal
    at: Position | None = None
    within: str = ""

    def statements(self) -> Iterator[tuple[str, Value]]:
        """Yield all that is said of it."""
        return named_statements(self.class_iri, self.name, self.at, self.within)


@dataclass(frozen=True, slots=True)
class PlaceDoubt:
    """What is not clear of where a new place lies.

    Attributes:
        row: the number of the row that says where, or names it.
        path: the property of its cell.
        problem: what is not clear.
        remedy: what to do.
        is_fault: whether nothing can be made of it.
        asks: the text by which it is answered; empty where it cannot be.
        likely: the regions in which it may lie.
    """

    row: int
    path: str
    problem: Said
    remedy: Said
    is_fault: bool = True
    asks: str = ""
    likely: tuple[str, ...] = ()


def position_in(values: Iterable[tuple[str, Value]]) -> Position | None:
    """Return the point that values of a row name; None where they name none."""
    said = {path: finite_number(term.value, XSD + "double") for path, term in values if path in COORDINATES}
    latitude, longitude = (said.get(path) for path in COORDINATES)
    return Position(float(latitude), float(longitude)) if latitude is not None and longitude is not None else None


@dataclass
class NamedThings:
    """The new things that the cells of one table name: each once, however many cells name it.

    Attributes:
        shapes: of the release.
        things: the things of the release.
        space: names new things.
        answers: folded text → the IRI that was answered.
    """

    shapes: TemplateShapes
    things: KnownThings
    space: ImportSpace
    answers: Mapping[str, str] = field(default_factory=dict)
    places: NewPlaces = field(init=False)
    _made: dict[tuple[str, str], NamedThing] = field(default_factory=dict)
    _fields: dict[str, list[FormField]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know the places of the release."""
        self.places = NewPlaces(self.things, self._fields_of)

    def _fields_of(self, class_iri: str) -> list[FormField]:
        if class_iri not in self._fields:
            self._fields[class_iri] = form_fields(self.shapes, (class_iri,))
        return self._fields[class_iri]

    def class_of(self, of: FormField) -> str:
        """Return the class of a new value of a field; empty where none can be made: shapes say nothing, or persons."""
        known = self.shapes.targets()
        made = (each for each in of.classes if each in known and PERSON not in kinds_of((each,), self.things.base))
        return next(made, "")

    def surroundings(self) -> Surroundings | None:
        """Return between which degrees the known places are that things of a row's class, or it itself, may name."""
        fields = self._fields_of(self.space.class_iri)
        named = (self.places.class_of(each) for each in fields)
        own = self.space.class_iri if lies_at_a_point(self.space.class_iri, self.things.base) else ""
        return next((found for each in (own, *named) if each and (found := self.places.surroundings(each))), None)

    def named(self, text: str, class_iri: str, language: str) -> NamedThing:
        """Return the new thing of a class that a cell names."""
        key = class_iri, fold(text)
        if key not in self._made:
            iri, number = self.space.named(text, 1, class_iri), 1
            while any(each.iri == iri for each in self._made.values()) or self.space.stated(iri).values:
                number += 1
                iri = self.space.named(text, number, class_iri)
            self._made[key] = NamedThing(iri, class_iri, ox.Literal(text, language=language))
        return self._made[key]

    def among(self, values: Iterable[tuple[str, Value]]) -> list[NamedThing]:
        """Return the new things among some values, and those within which they lie."""
        by_iri = {each.iri: each for each in self._made.values()}
        found = {each.iri: each for _, term in values if (each := by_iri.get(term.value)) is not None}
        for one in list(found.values()):
            if one.within in by_iri:
                found.setdefault(one.within, by_iri[one.within])
        return list(found.values())

    # Where new places lie: told when all rows have been read, since any of them may say it.

    def settle(self, rows: Iterable[tuple[int, Sequence[tuple[str, Value]]]]) -> Iterator[PlaceDoubt]:
        """Say of the new things what their shapes ask and the rows tell; yield what they do not tell."""
        origin = dict[str, tuple[int, str]]()
        for row, values in rows:
            at, paths = position_in(values), {term.value: path for path, term in values}
            for each in self.among(values):
                if at is not None and each.at is None and lies_at_a_point(each.class_iri, self.things.base):
                    each.at, origin[each.iri] = at, (row, COORDINATES[0])
                origin.setdefault(each.iri, (row, paths.get(each.iri, "")))
                each.within = each.within or self._within_by_row(values, each)
        for each in self._made.values():
            if each.iri in origin:
                yield from self._settled(each, *origin[each.iri])

    def _settled(self, each: NamedThing, row: int, path: str) -> Iterator[PlaceDoubt]:
        if not lies_at_a_point(each.class_iri, self.things.base):
            each.within = each.within or self.places.only_within(each.class_iri)
            return
        if each.at is None:
            problem = Sentence("the new place %(name)s has no coordinates, and is on no map", name=each.name.value)
            remedy = Sentence("give the table columns with latitude and longitude")
            yield PlaceDoubt(row, path, problem, remedy, is_fault=False)
        told = self.places.told(each.class_iri, each.at)
        if not each.within:
            each.within, doubt = self.region(each.class_iri, each.at, row, path)
            yield from doubt
        elif told.region not in ("", each.within) and not any(one.iri == each.within for one in self._made.values()):
            region = self.things.label(told.region)
            problem = Sentence("the coordinates lie in %(region)s, and the row says otherwise", region=region)
            yield PlaceDoubt(row, path, problem, Sentence("look which of the two is right"), is_fault=False)

    def region(
        self, class_iri: str, at: Position | None, row: int, path: str = COORDINATES[0]
    ) -> tuple[str, tuple[PlaceDoubt, ...]]:
        """Return in which region a place of a row lies, as told or answered; or nothing, and why that is asked."""
        asked = self.places.region_field(class_iri)
        text = f"{decimal(at.latitude)}, {decimal(at.longitude)}" if at is not None else ""
        answer = self.answers.get(fold(text), "") if text else ""
        if answer and asked is not None and "://" in answer and self.things.may_be(answer, asked):
            return answer, ()
        told = self.places.told(class_iri, at)
        if not told.problem:
            return told.region, ()
        likely = told.likely or tuple(iri for iri, _ in (self.things.options(asked) or ())) if asked is not None else ()
        remedy = Sentence("name the region in a column of its own")
        if text and likely:
            names = ", ".join(self.things.label(each) for each in likely[:MOST_NAMES])
            remedy = Sentence("say in which one it is (%(names)s), or name it in a column of its own", names=names)
        return "", (PlaceDoubt(row, path, told.problem, remedy, asks=text, likely=likely if text else ()),)

    def _within_by_row(self, row: Sequence[tuple[str, Value]], of: NamedThing) -> str:
        """Return within what a thing lies by the row that names it; empty where the row does not say it."""
        within = self.places.region_field(of.class_iri)
        if within is None:
            return ""
        new = {each.iri: each.class_iri for each in self._made.values()}
        named = (term.value for _, term in row if isinstance(term, ox.NamedNode) and term.value != of.iri)
        return next((each for each in named if new.get(each) in within.classes or self.things.may_be(each, within)), "")
