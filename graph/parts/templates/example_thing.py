"""An example of a class that passes, with what must be described together with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.kinds import PERSON, kinds_of
from graph.model.namespaces import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    MEANS_LIKE,
    MEANS_SAME,
    OWL,
    RDF_TYPE,
    VOID,
    XSD,
    graph_iri,
)
from graph.parts.templates.fields import Field, TemplateShapes

# Companions: what must be described together with a thing, so that it passes.
#
# Things must point to it (a count to the club that it counts), a constraint in SPARQL looks for what is about it (an
# organiser's participation in a forum), or it leads to somebody of whom no real example may be shown.

MOST_LOOKED_AT, MOST_PARTS, MOST_SAID = 50, 6, 5000
CONSTANT = re.compile(r"<(https?://[^>\s]+)>")
Need = tuple[str, str]
"""A thing of the release, and the class as which it comes along."""


@dataclass(frozen=True)
class Company:
    """What an example is made of.

    Attributes:
        parts: thing of the release → the class as which it is described; the example itself first.
        kept: thing and property → the values that the example has of it, where it may not have them all.
    """

    parts: dict[str, str]
    kept: dict[tuple[str, str], frozenset[str]]


@dataclass
class Companions:
    """Finds companions in a release.

    Attributes:
        shapes: what is asked of things.
        personal: the IRIs of graphs that hold personal data.
    """

    shapes: TemplateShapes
    personal: frozenset[str]

    @property
    def _computed(self) -> frozenset[str]:
        return frozenset(graph_iri(self.shapes.base, each) for each in (CATALOG_GRAPH, ENTAILED_GRAPH))

    def of(self, subject: str, class_iri: str) -> Company | None:
        """Return a thing and what must come along; None where that is not to be had, or too much."""
        company, waiting = Company({subject: class_iri}, {}), [subject]
        may_be_personal = self.is_personal(subject)
        while waiting:
            needed = self._needed(waiting.pop(), company, may_be_personal=may_be_personal)
            if needed is None or len(company.parts) + len(needed) > MOST_PARTS:
                return None
            for thing, of in needed:
                if any(thing.rpartition("/")[0] == each.rpartition("/")[0] for each in company.parts):
                    return None  # both would be called the same
                company.parts[thing] = of
                waiting.append(thing)
        return company

    def is_personal(self, thing: str) -> bool:
        """Whether a thing is a person, or is what it is by a graph of personal data only."""
        computed = self._computed
        types, said, typed = set[str](), set[str](), set[str]()
        for quad in islice(self.shapes.store.quads_for_pattern(ox.NamedNode(thing), None, None, None), MOST_SAID):
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed:
                said.add(quad.graph_name.value)
                if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
                    typed.add(quad.graph_name.value)
                    types.add(quad.object.value)
        return (bool(said & self.personal) and typed <= self.personal) or PERSON in kinds_of(types, self.shapes.base)

    def is_public(self, thing: str) -> bool:
        """Whether a thing is described by others than graphs of personal data, and is no person."""
        quads = islice(self.shapes.store.quads_for_pattern(ox.NamedNode(thing), None, None, None), MOST_SAID)
        graphs = (each.graph_name for each in quads)
        kept_apart = self.personal | self._computed
        is_described = any(isinstance(each, ox.NamedNode) and each.value not in kept_apart for each in graphs)
        return is_described and not self.is_personal(thing)

    def _needed(self, subject: str, company: Company, *, may_be_personal: bool) -> list[Need] | None:
        class_iri, found = company.parts[subject], dict[str, str]()
        for ways, classes in self.shapes.pointers(class_iri):
            pointing = dict(self._pointing(subject, ways, classes))
            if not pointing.keys() & (company.parts.keys() | found.keys()):
                fit = [each for each in pointing if may_be_personal or not self.is_personal(each)]
                if not fit:
                    return None
                found[fit[0]] = pointing[fit[0]]
        for rule in self.shapes.rules_about(class_iri):
            witness = self._witness(subject, rule)
            if witness is None or (not may_be_personal and self.is_personal(witness[0])):
                return None
            found[witness[0]] = witness[1]
            self._keep(subject, witness[0], rule, company)
        if may_be_personal:
            found |= self._people(subject, class_iri)
        return [each for each in found.items() if each[0] not in company.parts]

    def _people(self, subject: str, class_iri: str) -> dict[str, str]:
        return {
            value: field.classes[0]
            for field in self.shapes.fields(class_iri)
            if field.is_required and field.classes and not field.is_inverse
            for value in self._objects(subject, field.path)
            if self.is_personal(value)
        }

    def _pointing(self, subject: str, ways: tuple[str, ...], classes: tuple[str, ...]) -> Iterator[Need]:
        """Yield what points to a thing by one of some properties, with the class that its shape asks for."""
        targets = self.shapes.targets()
        for path in ways:
            quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(path), ox.NamedNode(subject), None)
            for thing in dict.fromkeys(each.subject for each in islice(quads, MOST_LOOKED_AT)):
                if isinstance(thing, ox.NamedNode):
                    types = classes or tuple(each for each in self._objects(thing.value, RDF_TYPE) if each in targets)
                    yield from ((thing.value, each) for each in types[:1])

    def _witness(self, subject: str, rule: str) -> Need | None:
        """Return a thing about this one that has everything which a constraint names."""
        asked, known = set(CONSTANT.findall(rule)), self.shapes.targets()
        quads = self.shapes.store.quads_for_pattern(None, None, ox.NamedNode(subject), None)
        for thing in dict.fromkeys(each.subject for each in islice(quads, MOST_LOOKED_AT * MOST_PARTS)):
            if isinstance(thing, ox.NamedNode) and asked and asked <= self._objects(thing.value):
                types = [each for each in self._objects(thing.value, RDF_TYPE) if each in known]
                if types:
                    return thing.value, types[0]
        return None

    def _keep(self, subject: str, witness: str, rule: str, company: Company) -> None:
        """Keep of the values that a constraint asks about those that this witness is for."""
        for field in self.shapes.fields(company.parts[subject]):
            local = re.escape(re.split(r"[/#]", field.path)[-1])
            if not field.is_inverse and re.search(rf":{local}\s+\?value\b", rule):
                company.kept[subject, field.path] = frozenset(self._objects(witness))

    def _objects(self, subject: str, predicate: str | None = None) -> set[str]:
        """Return the things that are stated of a thing."""
        path = None if predicate is None else ox.NamedNode(predicate)
        computed = self._computed
        return {
            quad.object.value
            for quad in self.shapes.store.quads_for_pattern(ox.NamedNode(subject), path, None, None)
            if isinstance(quad.object, ox.NamedNode)
            and isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed
        }  # fmt: skip


# An example of a class that passes: a thing of the release under a new name, with all that the shapes ask for.
#
# What must be described together with it comes along (``graph.parts.templates.example_thing``). Of people it shows what
# is said, and says it of nobody: names are invented, texts left out. Links to other datasets are left out: two things
# cannot be the same one elsewhere.

CANDIDATES, MOST_VALUES, MOST_SEEN = 50, 200, 5000
NAME = "example"
ELSEWHERE = "https://ngo-x.example/"
"""In place of the base: who fills a template in names things below an address of their own."""
LANGUAGES = ("en", "ru", "uz")
LEFT_OUT = frozenset({*MEANS_SAME, *MEANS_LIKE})
WITHOUT = frozenset({OWL + "Axiom", VOID + "Dataset"})
"""Nobody fills them in: the evidence of a link is written with it (``hamkor link``), datasets are the catalogue's."""
INVENTED = MappingProxyType({
    "name": ("Namuna Namunayeva", "Намуна Намунаева"), "label": ("Namuna Namunayeva", "Намуна Намунаева"),
    "givenName": ("Namuna", "Намуна"), "familyName": ("Namunayeva", "Намунаева"),
})  # fmt: skip
"""What people are called in examples, in Latin and in Cyrillic letters; *namuna* is Uzbek for example."""
Value = ox.NamedNode | ox.Literal


@dataclass(frozen=True)
class Node:
    """One thing of an example.

    Attributes:
        iri: its new name.
        class_iri: its class.
        types: all classes that it is said to have.
        values: its fields, in their order, with the values that they have; empty for those that may be filled in.
    """

    iri: str
    class_iri: str
    types: tuple[str, ...]
    values: tuple[tuple[Field, tuple[Value, ...]], ...]

    @property
    def folder(self) -> str:
        """What its IRI begins with."""
        return self.iri.removesuffix(NAME)

    def triples(self) -> Iterator[ox.Triple]:
        """Yield what is said of it."""
        subject = ox.NamedNode(self.iri)
        for class_iri in self.types:
            yield ox.Triple(subject, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri))
        for field, values in self.values:
            for each in values:
                yield ox.Triple(subject, ox.NamedNode(field.path), each)


@dataclass(frozen=True)
class ExampleThing:
    """A thing, and those that must point to it."""

    node: Node
    companions: tuple[Node, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them."""
        return self.node, *self.companions

    def triples(self) -> list[ox.Triple]:
        """Return what is said of them."""
        return [triple for each in self.nodes for triple in each.triples()]


@dataclass
class Examples:
    """Finds examples in a release.

    Attributes:
        shapes: what is asked of things.
        personal: the IRIs of graphs that hold personal data.
    """

    shapes: TemplateShapes
    personal: frozenset[str] = frozenset()

    def example(self, class_iri: str) -> ExampleThing | None:
        """Return an example of a class; None where nothing of it can be shown, or nobody fills it in."""
        if class_iri in WITHOUT:
            return None
        companions = Companions(self.shapes, self.personal)
        for subject in self._instances(class_iri, companions):
            company = companions.of(subject, class_iri)
            if company is not None:
                made = self._made(company, is_personal=companions.is_personal(subject))
                if made is not None:
                    return made
        return None

    def classes(self) -> list[str]:
        """Return the classes of which there is an example."""
        return [each for each in self.shapes.targets() if self.example(each) is not None]

    def _instances(self, class_iri: str, companions: Companions) -> list[str]:
        """Return things of a class that are described here: those that may be shown, or else all."""
        quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri), None)
        computed = {graph_iri(self.shapes.base, each) for each in (CATALOG_GRAPH, ENTAILED_GRAPH)}
        found = {
            quad.subject.value
            for quad in islice(quads, MOST_SEEN)
            if isinstance(quad.subject, ox.NamedNode)
            and isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed
        }  # fmt: skip
        own = self.shapes.base
        named = sorted(each for each in found if each.startswith(own) and "/" in each.removeprefix(own))
        return list(islice((each for each in named if not companions.is_personal(each)), CANDIDATES)) or named[:1]

    def _made(self, company: Company, *, is_personal: bool) -> ExampleThing | None:
        names = {each: self._name(each, class_iri) for each, class_iri in company.parts.items()}
        nodes = list[Node]()
        for subject, class_iri in company.parts.items():
            values = list[tuple[Field, tuple[Value, ...]]]()
            for field in self.shapes.fields(class_iri):
                if not field.is_inverse:
                    found = self._of_field(subject, field, company, names, is_personal=is_personal)
                    if field.is_required and is_personal and not found:
                        return None
                    known = field if found or field.kinds else replace(field, kinds=self.shapes.used(field.path))
                    values.append((known, found))
            stated = self._stated(subject, RDF_TYPE, is_personal=is_personal)
            types = (class_iri, *sorted(each.value for each in stated if isinstance(each, ox.NamedNode)))
            nodes.append(Node(names[subject], class_iri, tuple(dict.fromkeys(types)), tuple(values)))
        return ExampleThing(nodes[0], tuple(nodes[1:]))

    def _name(self, thing: str, class_iri: str) -> str:
        """Return what a thing is called in an example: elsewhere, unless the shapes want all of its class here."""
        name = f"{thing.rpartition('/')[0]}/{NAME}"
        folder = name.removeprefix(self.shapes.base).removeprefix("id/")
        elsewhere = ELSEWHERE + folder if name.startswith(self.shapes.base) else name
        return elsewhere if all(re.search(each, elsewhere) for each in self.shapes.patterns(class_iri)) else name

    def _of_field(
        self, subject: str, field: Field, company: Company, names: dict[str, str], *, is_personal: bool
    ) -> tuple[Value, ...]:
        """Return the values of a field: links to what comes along under their new names, and only these then."""
        values = self._values(subject, field, is_personal=is_personal)
        renamed = tuple(
            ox.NamedNode(names[each.value]) for each in values if isinstance(each, ox.NamedNode) and each.value in names
        )
        if renamed:
            return renamed
        if (kept := company.kept.get((subject, field.path))) is not None:
            values = tuple(each for each in values if each.value in kept)
        if is_personal:
            companions = Companions(self.shapes, self.personal)
            links = (each for each in values if isinstance(each, ox.NamedNode))
            shown = [each for each in links if companions.is_public(each.value)]
            return (*shown, *(it for each in values if isinstance(each, ox.Literal) for it in invented(field, each)))
        return values

    def _stated(
        self, subject: str, predicate: str, *, entailed: bool = False, is_personal: bool = False
    ) -> list[Value]:
        """Return values that are stated, and not in a personal graph; also those that follow, where they are wanted."""
        quads = self.shapes.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
        computed = () if entailed else (graph_iri(self.shapes.base, ENTAILED_GRAPH),)
        skipped = {*computed, *(() if is_personal else self.personal)}
        found = {
            quad.object: None
            for quad in quads
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
            and isinstance(quad.object, ox.NamedNode | ox.Literal)
        }  # fmt: skip
        return sorted(found, key=_order)

    def _values(self, subject: str, field: Field, *, is_personal: bool) -> tuple[Value, ...]:
        if field.path in LEFT_OUT or field.path == RDF_TYPE:
            return ()
        values = self._stated(subject, field.path, entailed=field.is_required, is_personal=is_personal)
        if field.is_required:
            return tuple(values)
        is_exclusive = self.shapes.is_exclusive(field.path)
        return tuple(each for each in values[:MOST_VALUES] if isinstance(each, ox.Literal) or not is_exclusive)


def invented(field: Field, value: ox.Literal) -> Iterator[ox.Literal]:
    """Yield what stands for a text about a person: nobody's name, or nothing."""
    local = re.split(r"[/#]", field.path)[-1]
    if local not in INVENTED and not field.is_required:
        return
    latin, cyrillic = INVENTED.get(local, INVENTED["name"])
    if value.language:
        yield ox.Literal(cyrillic if value.language == "ru" else latin, language=value.language)
    elif value.datatype.value == XSD + "string":
        yield ox.Literal(latin)


def _order(value: Value) -> tuple[int, str]:
    """Return where a value stands: texts in English first, then in Russian, then in Uzbek."""
    language = value.language or "" if isinstance(value, ox.Literal) else ""
    return LANGUAGES.index(language[:2]) if language[:2] in LANGUAGES else len(LANGUAGES), str(value)
