"""How new things are named: those of the rows, and those that a cell names and nobody has described.

Of the latter one is made only where somebody says that it is new. It gets its name and, being a place, where it lies,
by the coordinates of its row and by the region that the row names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.model.description import PERSON, kinds_of, narrowest
from graph.model.rdf_terms import RDF_TYPE, RDFS_LABEL, SCHEMA
from graph.parts.linking.name_comparison import fold
from graph.parts.proposals.form_fields import FormField, KnownThings, form_fields
from graph.parts.proposals.new_things import local_name, minted
from graph.parts.proposals.shape_form import ThingStatements
from graph.parts.templates.fields import TemplateShapes, Value
from graph.releases.exact_forms import LexicalForms

NEW = "new"
"""What is answered where a cell names something that is new."""
WITHIN = SCHEMA + "containedInPlace"
COORDINATES = (SCHEMA + "latitude", SCHEMA + "longitude")
POINTS = frozenset(("city", "place"))
"""Kinds of things that lie at a point."""


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
        values: what else is said of it, by the property.
    """

    iri: str
    class_iri: str
    name: ox.Literal
    values: dict[str, Value] = field(default_factory=dict)

    def statements(self) -> Iterator[tuple[str, Value]]:
        """Yield all that is said of it."""
        yield RDF_TYPE, ox.NamedNode(self.class_iri)
        yield RDFS_LABEL, self.name
        yield from self.values.items()


@dataclass
class NamedThings:
    """The new things that the cells of one table name: each once, however many cells name it.

    Attributes:
        shapes: of the release.
        things: the things of the release.
        space: names new things.
    """

    shapes: TemplateShapes
    things: KnownThings
    space: ImportSpace
    _made: dict[tuple[str, str], NamedThing] = field(default_factory=dict)
    _fields: dict[str, dict[str, FormField]] = field(default_factory=dict)

    def class_of(self, of: FormField) -> str:
        """Return the class of a new value of a field; empty where none can be made: shapes say nothing, or persons."""
        known = self.shapes.targets()
        made = (each for each in of.classes if each in known and PERSON not in kinds_of((each,), self.things.base))
        return next(made, "")

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
            found |= {each.iri: each for each in self.among(one.values.items())}
        return list(found.values())

    def complete(self, row: Sequence[tuple[str, Value]]) -> None:
        """Say of the new things among the values of a row what their shapes ask and the row tells."""
        for each in self.among(row):
            fields = self._fields_of(each.class_iri)
            within = fields.get(WITHIN)
            places = self._places(row, within, each) if within is not None and WITHIN not in each.values else []
            if places:
                each.values[WITHIN] = places[0]
            said = {path: term for path, term in row if path in COORDINATES}
            is_point = POINTS & {*narrowest(kinds_of((each.class_iri,), self.things.base))}
            if is_point and len(said) == len(COORDINATES) and not each.values.keys() & said.keys():
                each.values |= said

    def _places(self, row: Sequence[tuple[str, Value]], within: FormField, of: NamedThing) -> list[ox.NamedNode]:
        """Return within which places a thing may lie: those that its row names, else the only one there is."""
        new = {each.iri: each.class_iri for each in self._made.values()}
        named = [term for _, term in row if isinstance(term, ox.NamedNode) and term.value != of.iri]
        found = [each for each in named if new.get(each.value) in within.classes or self._is_known(each, within)]
        options = self.things.options(within) or ()
        return found or [ox.NamedNode(iri) for iri, _ in options if len(options) == 1]

    def _is_known(self, thing: ox.NamedNode, within: FormField) -> bool:
        kinds = self.things.store.quads_for_pattern(thing, ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph())
        return any(isinstance(each.object, ox.NamedNode) and each.object.value in within.classes for each in kinds)

    def _fields_of(self, class_iri: str) -> dict[str, FormField]:
        if class_iri not in self._fields:
            found = form_fields(self.shapes, (class_iri,))
            self._fields[class_iri] = {each.path: each for each in found if not each.is_inverse}
        return self._fields[class_iri]
