"""What shapes ask of things of a class, one field a property, and the things that its value may be, by their names.

Nothing is known here of one thing and what is stated of it: that is ``graph.parts.proposals.shape_form``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES, PERSON, called, kinds_of, narrowest
from graph.model.rdf_terms import (
    RDF_TYPE,
    RDFS_LABEL,
    SH,
    XSD,
    Term,
    genid_iri,
    is_legal,
)
from graph.parts.templates.fields import TemplateShapes, both

# What shapes ask of a thing of some classes, one field a property, with all that a form needs to know of it.

MOST_OPTIONS, MOST_LOOKED_AT, MOST_INSIDE, MOST_MEANT, MOST_LOOKED_THROUGH = 60, 5_000, 5, 20, 1_000
CHECKS = "shape/group-checks"
"""The group, below the base, whose shapes check and are nothing to fill in; as ``endpoint.pages.term_names`` has it."""
LAST = 1e9


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """A group of fields; its names are by language tag."""

    iri: str
    order: float
    names: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class FormField:
    """One property in a form.

    Attributes:
        path: the property.
        is_inverse: whether it leads to the thing: what it gives is corrected where it stands.
        names: what it is called, by language tag.
        descriptions: what it means, likewise.
        group: its group, where it has one.
        order: its place.
        least: how many values there must be.
        most: how many there may be, or None.
        kinds: of what kind they may be, as ``graph.parts.templates.fields.Field`` has it; empty where of any.
        classes: of which classes things among them are.
        choices: the only values there may be, where they are listed.
        given: values that there must be, in any case.
        patterns: what their text must match.
        equals: properties that must have the same values.
    """

    path: str
    is_inverse: bool
    names: Mapping[str, str] = field(hash=False)
    descriptions: Mapping[str, str] = field(hash=False)
    group: FieldGroup | None
    order: float
    least: int = 0
    most: int | None = None
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    choices: tuple[Term, ...] = ()
    given: tuple[Term, ...] = ()
    patterns: tuple[str, ...] = ()
    equals: tuple[str, ...] = ()

    @property
    def has_languages(self) -> bool:
        """Whether a value may be a text in a language."""
        return not self.kinds or any(each.startswith("@") for each in self.kinds)


def form_fields(shapes: TemplateShapes, classes: Iterable[str]) -> list[FormField]:
    """Return the fields of things of some classes, in their order; what only checks is merged into what it checks."""
    targets, found, checks = shapes.targets(), dict[tuple[str, bool], FormField](), list[FormField]()
    above = dict.fromkeys(each for name in classes for each in shapes.superclasses(name))
    for shape in (shape for each in above for shape in targets.get(each, ())):
        for each in shapes.iris(shape, SH + "property"):
            for one in _fields_of(shapes, each):
                if one.group is not None and one.group.iri == shapes.base + CHECKS:
                    checks.append(one)
                else:
                    known = found.get((one.path, one.is_inverse))
                    found[one.path, one.is_inverse] = _with(known, one) if known else one
    for one in checks:
        if (known := found.get((one.path, one.is_inverse))) is not None:
            found[one.path, one.is_inverse] = _with(known, one)
    twins = [(path, each.path) for each in (*found.values(), *checks) for path in each.equals]
    in_order = sorted(found.values(), key=lambda each: (each.order, each.path))
    return [
        replace(
            each,
            equals=(*each.equals, *(to for of, to in twins if of == each.path)),
            choices=each.choices or (each.given if not each.classes else ()),  # what must be there can be chosen
        )
        for each in in_order
    ]


def _fields_of(shapes: TemplateShapes, node: str) -> Iterator[FormField]:
    paths, is_inverse = shapes.paths(node)
    listed = tuple(item for each in shapes.iris(node, SH + "in") for item in shapes.items(each))
    texts = shapes.texts
    for path in paths:
        yield FormField(
            path, is_inverse, texts(node, SH + "name"), texts(node, SH + "description"), _group(shapes, node),
            _number(shapes, node, "order", LAST), 0 if len(paths) > 1 else int(_number(shapes, node, "minCount", 0)),
            int(most) if (most := _number(shapes, node, "maxCount", -1)) >= 0 else None, shapes.kinds(node),
            _classes(shapes, node), listed, tuple(shapes.values(node, SH + "hasValue")),
            tuple(each.value for each in shapes.values(node, SH + "pattern")), tuple(shapes.iris(node, SH + "equals")),
        )  # fmt: skip


def _group(shapes: TemplateShapes, node: str) -> FieldGroup | None:
    for iri in shapes.iris(node, SH + "group"):
        return FieldGroup(iri, _number(shapes, iri, "order", LAST), shapes.texts(iri, RDFS_LABEL))
    return None


def _number(shapes: TemplateShapes, node: str, name: str, default: float) -> float:
    for each in shapes.values(node, SH + name):
        if is_legal(each.value, XSD + "decimal"):
            return float(each.value)
    return default


def _classes(shapes: TemplateShapes, node: str, depth: int = 0) -> tuple[str, ...]:
    """Return the classes of which a value may be, also where shapes that it must conform to say so."""
    found = shapes.iris(node, SH + "class")
    if depth < MOST_INSIDE:
        inner = [*shapes.iris(node, SH + "node"), *shapes.iris(node, SH + "qualifiedValueShape")]
        for name in ("or", "xone", "and"):
            inner += [each.value for one in shapes.iris(node, SH + name) for each in shapes.items(one)]
        found += [each for one in inner for each in _classes(shapes, one, depth + 1)]
    return tuple(dict.fromkeys(found))


def _with(one: FormField, other: FormField) -> FormField:
    """Return what two shapes together ask of a property; names and place are those of the one that comes first."""
    first, second = sorted((one, other), key=lambda each: each.order)
    mosts = [each.most for each in (one, other) if each.most is not None]
    return replace(
        first, names={**second.names, **first.names}, descriptions={**second.descriptions, **first.descriptions},
        least=max(one.least, other.least), most=min(mosts) if mosts else None, kinds=both(first.kinds, second.kinds),
        classes=tuple(dict.fromkeys((*first.classes, *second.classes))), choices=first.choices or second.choices,
        given=tuple(dict.fromkeys((*first.given, *second.given))),
        patterns=tuple(dict.fromkeys((*first.patterns, *second.patterns))),
        equals=tuple(dict.fromkeys((*first.equals, *second.equals))),
    )  # fmt: skip


def unexpected(predicate: str) -> FormField:
    """Return the field of a property of which no shape speaks."""
    return FormField(predicate, is_inverse=False, names={}, descriptions={}, group=None, order=LAST)


# The things that a value may be, by their names.


@dataclass(frozen=True)
class KnownThings:
    """The things of a release by what they are called.

    Attributes:
        store: the release's.
        base: the publication's base.
        languages: the reader's, the wanted one first.
        suggest: finds things by the beginning of a name, or by one that is like it, among those of some kinds; where
            nothing does, names are looked through.
    """

    store: ox.Store
    base: str
    languages: tuple[str, ...]
    suggest: Callable[[str, tuple[str, ...]], Iterable[str]] | None = None
    _options: dict[tuple[str, ...], tuple[tuple[str, str], ...] | None] = field(default_factory=dict)

    def label(self, iri: str) -> str:
        """Return what a thing is called; its IRI where nothing names it."""
        found = called(self.store, iri, self.languages, self.base)
        return found.text if found is not None else iri

    def options(self, of: FormField) -> tuple[tuple[str, str], ...] | None:
        """Return the things that the value of a field may be, with their names, in order; None where they are many."""
        if not of.classes:
            return None
        key = (*of.classes, "", *of.patterns)
        if key not in self._options:
            instances = list(islice(self._instances(of.classes), MOST_LOOKED_AT + 1))
            found = [each for each in instances if fits(each, of.patterns)][: MOST_OPTIONS + 1]
            named = sorted(((each, self.label(each)) for each in found), key=lambda each: (each[1].casefold(), each[0]))
            is_all = len(found) <= MOST_OPTIONS and len(instances) <= MOST_LOOKED_AT
            self._options[key] = tuple(named) if is_all else None
        return self._options[key]

    def named(self, text: str, of: FormField) -> list[str]:
        """Return the things of the classes of a field that bear just this name, in whatever language."""
        shown = [iri for iri, label in self.options(of) or () if label.casefold() == text.casefold()]
        tags = dict.fromkeys((*self.languages, "en", "ru", "uz", "uz-latn", "uz-cyrl"))
        literals = [ox.Literal(text), *(ox.Literal(text, language=each) for each in tags)]
        merge = ox.DefaultGraph()
        found = dict.fromkeys(shown) | dict.fromkeys(
            quad.subject.value
            for predicate in LABEL_PROPERTIES
            for each in literals
            for quad in islice(self.store.quads_for_pattern(None, ox.NamedNode(predicate), each, merge), MOST_OPTIONS)
            if isinstance(quad.subject, ox.NamedNode)
        )
        return [each for each in found if self.may_be(each, of)]

    def kinds(self, of: FormField) -> tuple[str, ...]:
        """Return the kinds by which the things that a field may name are searched for; persons are not searched for."""
        found = dict.fromkeys(kind for each in of.classes for kind in narrowest(kinds_of((each,), self.base)))
        return tuple(each for each in found if each != PERSON)

    def meant(self, text: str, of: FormField) -> list[str]:
        """Return things of the classes of a field that may be meant by a part of a name; at most ``MOST_MEANT``.

        A person is found by just their name alone (``named``).
        """
        kinds = self.kinds(of)
        if not kinds or not text.strip():
            return []
        # what suggests names passes over words that say little, such as "place"
        found = chain(self.suggest(text, kinds) if self.suggest is not None else (), self._beginning(text, of))
        return list(islice(dict.fromkeys(each for each in found if self._suits(each, of)), MOST_MEANT))

    def may_be(self, iri: str, of: FormField) -> bool:
        """Whether a thing is of the classes that a field asks for, and called as it has to be."""
        return self._is_of(iri, of.classes) and fits(iri, of.patterns)

    def is_person(self, iri: str) -> bool:
        """Whether a thing is a person."""
        return PERSON in kinds_of(self._classes_of(iri), self.base)

    def _suits(self, iri: str, of: FormField) -> bool:
        return not self.is_person(iri) and self.may_be(iri, of)

    def _beginning(self, text: str, of: FormField) -> Iterator[str]:
        wanted = text.strip().casefold()
        for each in islice(self._instances(of.classes), MOST_LOOKED_THROUGH):
            if any(f" {name.casefold()}".find(f" {wanted}") >= 0 for name in self._names(each)):
                yield each

    def _names(self, iri: str) -> Iterator[str]:
        for name in LABEL_PROPERTIES:
            for quad in self.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(name), None, ox.DefaultGraph()):
                if isinstance(quad.object, ox.Literal):
                    yield quad.object.value

    def _instances(self, classes: Iterable[str]) -> Iterator[str]:
        seen, unnamed = set[str](), genid_iri(self.base, "")
        for name in classes:
            kind = ox.NamedNode(name)
            for quad in self.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, ox.DefaultGraph()):
                thing = quad.subject
                if isinstance(thing, ox.NamedNode) and thing.value not in seen and not thing.value.startswith(unnamed):
                    seen.add(thing.value)
                    yield thing.value

    def _is_of(self, iri: str, classes: Sequence[str]) -> bool:
        return not self._classes_of(iri).isdisjoint(classes)

    def _classes_of(self, iri: str) -> set[str]:
        kinds = self.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph())
        return {each.object.value for each in kinds if isinstance(each.object, ox.NamedNode)}


def fits(text: str, patterns: Iterable[str]) -> bool:
    """Whether a text matches all patterns that can be tried here."""
    for each in patterns:
        try:
            if not re.search(each, text):
                return False
        except re.error:  # SHACL has expressions that Python does not know; the shapes judge, not the form
            continue
    return True
