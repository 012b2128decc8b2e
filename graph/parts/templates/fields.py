"""What the shapes ask of things of a class, one field a property, and an example of such a thing that passes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.description import PERSON, kinds_of
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    MEANS_LIKE,
    MEANS_SAME,
    ONTOLOGY_GRAPH,
    OWL,
    RDF,
    RDF_TYPE,
    RDFS,
    SH,
    SHAPES_GRAPH,
    VOID,
    XSD,
    finite_number,
    genid_iri,
    graph_iri,
)

# What the shapes ask of things of a class: one field a property, in the order of the pages.
#
# Read from the shapes graph of a release, by look-ups; superclasses count. Paths of several steps are no fields.

MOST, DEEPEST = 500, 50
UNORDERED = 100_000.0
DEEPEST_KINDS = 5
IRI, ANY_LANGUAGE = "IRI", "@*"
ABOUT_IT = re.compile(r"NOT\s+EXISTS\s*\{[^}]*\$this\b", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One property of a class.

    Attributes:
        path: the property.
        is_inverse: whether it leads to the thing instead of from it.
        names: language tag → what it is called.
        descriptions: language tag → what it means.
        is_required: whether there must be a value.
        classes: of what class its values are, where they are things.
        order: its place.
        kinds: of what kind its values may be (``IRI``, ``@`` and a language, or a datatype), where the shapes say so.
    """

    path: str
    is_inverse: bool
    names: Mapping[str, str] = dataclasses.field(hash=False)
    descriptions: Mapping[str, str] = dataclasses.field(hash=False)
    is_required: bool
    classes: tuple[str, ...]
    order: float
    kinds: tuple[str, ...] = ()


@dataclass
class TemplateShapes:
    """The shapes of one release.

    Attributes:
        store: the release's.
        base: the publication's base.
    """

    store: ox.Store
    base: str

    def values(self, subject: str, predicate: str) -> list[ox.NamedNode | ox.Literal]:
        """Return the values of a property in the shapes graph."""
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        quads = self.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, graph)
        return [quad.object for quad in islice(quads, MOST) if isinstance(quad.object, ox.NamedNode | ox.Literal)]

    def texts(self, subject: str, predicate: str) -> dict[str, str]:
        """Return texts by language tag."""
        found = (each for each in self.values(subject, predicate) if isinstance(each, ox.Literal))
        return {each.language or "": each.value for each in found}

    def iris(self, subject: str, predicate: str) -> list[str]:
        """Return the things among the values, sorted."""
        return sorted(each.value for each in self.values(subject, predicate) if isinstance(each, ox.NamedNode))

    def targets(self) -> dict[str, list[str]]:
        """Return the classes that shapes target → their shapes."""
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        found: dict[str, list[str]] = {}
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(SH + "targetClass"), None, graph):
            if isinstance(quad.object, ox.NamedNode) and isinstance(quad.subject, ox.NamedNode):
                found.setdefault(quad.object.value, []).append(quad.subject.value)
        return {each: sorted(shapes) for each, shapes in sorted(found.items())}

    def fields(self, class_iri: str) -> list[Field]:
        """Return what the shapes ask of things of a class, required ones of a path first to be known as such."""
        targets, merged = self.targets(), dict[tuple[str, bool], Field]()
        for each in self.superclasses(class_iri):
            for shape in targets.get(each, ()):
                for found in self._fields(shape):
                    key = found.path, found.is_inverse
                    merged[key] = _merged(merged[key], found) if key in merged else found
        return sorted(merged.values(), key=lambda each: (each.order, each.path))

    def pointers(self, class_iri: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Return by which properties, any of each group, things must point to one of a class, and of what classes."""
        found = list[tuple[tuple[str, ...], tuple[str, ...]]]()
        for shape in self._of_class(class_iri):
            for each in self.iris(shape, SH + "property"):
                ways = self._ways_back(each)
                if (
                    ways
                    and any(count.value not in ("0", "") for count in self._least(each))
                    and not self._is_wished(each)
                ):
                    found.append((ways, tuple(self.iris(each, SH + "class"))))
        return found

    def rules_about(self, class_iri: str) -> list[str]:
        """Return the constraints in SPARQL that look for something about a thing of a class."""
        binding = (each for each in self._of_class(class_iri) if not self._is_wished(each))
        rules = (rule for shape in binding for rule in self.iris(shape, SH + "sparql"))
        queries = (each.value for rule in rules for each in self.values(rule, SH + "select"))
        return [each for each in queries if ABOUT_IT.search(each)]

    def patterns(self, class_iri: str) -> list[str]:
        """Return the patterns that the name of every thing of a class must match."""
        found = (each.value for shape in self._of_class(class_iri) for each in self.values(shape, SH + "pattern"))
        return [each for each in found if is_pattern(each)]

    def _of_class(self, class_iri: str) -> list[str]:
        targets = self.targets()
        return [shape for each in self.superclasses(class_iri) for shape in targets.get(each, ())]

    def _least(self, shape: str) -> list[ox.NamedNode | ox.Literal]:
        return [*self.values(shape, SH + "minCount"), *self.values(shape, SH + "qualifiedMinCount")]

    def _is_wished(self, shape: str) -> bool:
        return any(iri == SH + "Warning" for iri in self.iris(shape, SH + "severity"))

    def _ways_back(self, shape: str) -> tuple[str, ...]:
        """Return the properties of an inverse path, or of alternatives that are inverse paths."""
        paths = self.iris(shape, SH + "path")
        lists = [each for path in paths for each in self.iris(path, SH + "alternativePath")]
        items = [item.value for each in lists for item in self.items(each)] or paths
        return tuple(back for each in items for back in self.iris(each, SH + "inversePath") if not self._is_blank(back))

    def is_exclusive(self, path: str) -> bool:
        """Whether a thing is the value of a property for one thing only: its inverse may have one value."""
        inverse, node = ox.NamedNode(OWL + "inverseOf"), ox.NamedNode(path)
        ontology = ox.NamedNode(graph_iri(self.base, ONTOLOGY_GRAPH))
        there = (quad.object for quad in self.store.quads_for_pattern(node, inverse, None, ontology))
        back = (quad.subject for quad in self.store.quads_for_pattern(None, inverse, node, ontology))
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        return any(
            isinstance(quad.subject, ox.NamedNode) and bool(self.values(quad.subject.value, SH + "maxCount"))
            for each in (*there, *back)
            for quad in self.store.quads_for_pattern(None, ox.NamedNode(SH + "path"), each, graph)
        )

    def superclasses(self, class_iri: str) -> list[str]:
        """Return a class and all above it."""
        ontology = ox.NamedNode(graph_iri(self.base, ONTOLOGY_GRAPH))
        found, waiting = [class_iri], [class_iri]
        while waiting and len(found) < DEEPEST:
            above = ox.NamedNode(RDFS + "subClassOf")
            for quad in self.store.quads_for_pattern(ox.NamedNode(waiting.pop()), above, None, ontology):
                if isinstance(quad.object, ox.NamedNode) and quad.object.value not in found:
                    found.append(quad.object.value)
                    waiting.append(quad.object.value)
        return found

    def _fields(self, shape: str) -> Iterator[Field]:
        for each in self.iris(shape, SH + "property"):
            paths, is_inverse = self.paths(each)
            counts, is_wished = self._least(each), self._is_wished(each)
            is_required = not is_wished and len(paths) == 1 and any(count.value not in ("0", "") for count in counts)
            for path in paths:
                yield Field(
                    path, is_inverse, self.texts(each, SH + "name"), self.texts(each, SH + "description"), is_required,
                    tuple(self.iris(each, SH + "class")), self._order(each), self.kinds(each),
                )  # fmt: skip

    def _order(self, shape: str) -> float:
        numbers = (finite_number(each.value, XSD + "double") for each in self.values(shape, SH + "order"))
        return next((float(each) for each in numbers if each is not None), UNORDERED)

    def kinds(self, shape: str, depth: int = 0) -> tuple[str, ...]:
        """Return of what kind the values that conform to a shape may be, as ``Field.kinds``; nothing where any may."""
        if depth > DEEPEST_KINDS:
            return ()
        found: tuple[str, ...] = ()
        for kinds in (*self._kinds_of_values(shape), *self._kinds_within(shape, depth)):
            found = both(found, kinds)
        return found or self._kinds_of_some(shape, depth)

    def _kinds_of_some(self, shape: str, depth: int) -> tuple[str, ...]:
        """Return what is said of some of the values only, where nothing is said of all."""
        found = [kind_of(each) for each in self.values(shape, SH + "hasValue")]
        for each in self.iris(shape, SH + "qualifiedValueShape"):
            found += self.kinds(each, depth + 1)
        if not found and any(each.value == "true" for each in self.values(shape, SH + "uniqueLang")):
            found = [ANY_LANGUAGE]
        return tuple(dict.fromkeys(found))

    def _kinds_of_values(self, shape: str) -> Iterator[tuple[str, ...]]:
        """Yield what each constraint on a value alone says of its kind."""
        if self.iris(shape, SH + "class") or {*self.iris(shape, SH + "nodeKind")} & {SH + "IRI", SH + "BlankNodeOrIRI"}:
            yield (IRI,)
        for each in self.iris(shape, SH + "languageIn"):
            yield tuple(f"@{item.value}" for item in self.items(each))
        for each in self.iris(shape, SH + "datatype"):
            yield (ANY_LANGUAGE if each == RDF + "langString" else each,)
        for each in self.iris(shape, SH + "in"):
            yield tuple(dict.fromkeys(kind_of(item) for item in self.items(each)))
        for bound in ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"):
            yield from ((kind_of(each),) for each in self.values(shape, SH + bound))

    def _kinds_within(self, shape: str, depth: int) -> Iterator[tuple[str, ...]]:
        """Yield what the shapes to which a value must conform say of its kind."""
        for each in self.iris(shape, SH + "node"):
            yield self.kinds(each, depth + 1) or ((IRI,) if self.iris(each, SH + "property") else ())
        for name in ("or", "xone"):
            for each in self.iris(shape, SH + name):
                choices = [self.kinds(item.value, depth + 1) for item in self.items(each)]
                yield tuple(dict.fromkeys(kind for kinds in choices for kind in kinds)) if all(choices) else ()
        for each in self.iris(shape, SH + "and"):
            yield from (self.kinds(item.value, depth + 1) for item in self.items(each))

    def used(self, path: str) -> tuple[str, ...]:
        """Return of what kind the first value of a property in the release is, where there is one."""
        quads = self.store.quads_for_pattern(None, ox.NamedNode(path), None, None)
        values = (each.object for each in islice(quads, 1))
        return tuple(kind_of(each) for each in values if isinstance(each, ox.NamedNode | ox.Literal))

    def paths(self, shape: str) -> tuple[list[str], bool]:
        """Return the properties of a property shape, and whether they are inverted; none for a path of several steps.

        They are several where any of them will do.
        """
        for found in self.iris(shape, SH + "path"):
            if inverse := self.iris(found, SH + "inversePath"):
                return [each for each in inverse if not self._is_blank(each)], True
            if alternatives := self.iris(found, SH + "alternativePath"):
                items = [each.value for each in self.items(alternatives[0])]
                return [each for each in items if not self._is_blank(each)], False
            if not self._is_blank(found):
                return [found], False
        return [], False

    def items(self, node: str) -> list[ox.NamedNode | ox.Literal]:
        """Return the items of a list."""
        found = list[ox.NamedNode | ox.Literal]()
        for _ in range(DEEPEST):
            found += self.values(node, RDF + "first")
            rest = self.iris(node, RDF + "rest")
            if not rest or rest[0] == RDF + "nil":
                break
            node = rest[0]
        return found

    def _is_blank(self, iri: str) -> bool:
        return iri.startswith(genid_iri(self.base, "")) or iri == RDF + "nil"


def is_pattern(text: str) -> bool:
    """Whether a regular expression of the shapes can be tried here."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def kind_of(term: ox.NamedNode | ox.Literal) -> str:
    """Return the kind of a value, as ``Field.kinds``."""
    if isinstance(term, ox.NamedNode):
        return IRI
    return f"@{term.language}" if term.language else term.datatype.value


def both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds that two constraints allow; those of the first where they agree on none."""
    if not one or not other:
        return one or other
    if ANY_LANGUAGE in one and any(each.startswith("@") for each in other):
        one, other = other, one
    common = tuple(each for each in one if each in other or (ANY_LANGUAGE in other and each.startswith("@")))
    return common or one


def _merged(one: Field, other: Field) -> Field:
    """Return what two shapes together say of a property."""
    first, second = sorted((one, other), key=lambda each: each.order)
    return Field(
        one.path, one.is_inverse, {**second.names, **first.names}, {**second.descriptions, **first.descriptions},
        one.is_required or other.is_required, tuple(dict.fromkeys((*one.classes, *other.classes))), first.order,
        both(first.kinds, second.kinds),
    )  # fmt: skip


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
# What must be described together with it comes along. Of people it shows what is said, and says it of nobody: names are
# invented, texts left out. Links to other datasets are left out: two things cannot be the same one elsewhere.

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
