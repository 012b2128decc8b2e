"""A thing as a form: the fields that its shapes ask for, filled with what is stated, and the way back to statements.

Everything goes value by value. A value that comes back as it was shown is not touched, whatever its spelling, and one
that the form does not show stays as it is; so a form that is saved unchanged changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain, islice
from types import MappingProxyType
from typing import Literal

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES, PERSON, called, kinds_of, narrowest
from graph.model.errors import Said, Sentence
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    PROVENANCE_GRAPH,
    RANGES,
    RDF_TYPE,
    RDFS_LABEL,
    SH,
    SHAPES_GRAPH,
    XSD,
    Term,
    genid_iri,
    graph_iri,
    is_legal,
)
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.templates.fields import IRI, TemplateShapes, both
from graph.releases.exact_forms import LexicalForms

# What shapes ask of a thing of some classes, one field a property, with all that a form needs to know of it.

MOST_OPTIONS, MOST_LOOKED_AT, MOST_STATED, MOST_INSIDE, MOST_MEANT = 60, 5_000, 500, 5, 20
MOST_ROWS = MOST_LOOKED_THROUGH = 1_000
CHECKS = "shape/group-checks"
"""The group, below the base, whose shapes check and are nothing to fill in; as ``endpoint.pages.term_names`` has it."""
LAST = 1e9
ACCEPTED_GRAPH, ADDED = "accepted", "added/"
"""The graph that takes what is new, and below the base the names of new things."""


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


# What is stated of a thing, value by value, as it was written.

Fixed = Literal["", "follows", "vocabulary", "kind", "structure", "elsewhere"]
"""Why a value is not changed in a form: it follows from others, is of the vocabulary, says what the thing is, hangs
together with others that have no name, or stands in another graph than the one that the form is for."""


@dataclass(frozen=True, slots=True)
class StatedValue:
    """One value that is stated of a thing.

    Attributes:
        predicate: the property.
        term: the value, as it was written.
        graphs: the named graphs that state it and can be changed.
        fixed: why it cannot be changed here, or empty.
    """

    predicate: str
    term: Term
    graphs: tuple[str, ...]
    fixed: Fixed = ""

    @property
    def key(self) -> str:
        """What a form calls it, so that it is known again when the form comes back."""
        return sha256(f"{self.predicate}\n{self.term}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class ThingStatements:
    """What a release states of a thing.

    Attributes:
        iri: the thing.
        base: the publication's base.
        values: the values, by what a form calls them.
        is_whole: whether these are all; of a thing with more than ``MOST_STATED`` the others are left alone.
        home: the one graph that may change; empty where any may that states a value.
    """

    iri: str
    base: str
    values: Mapping[str, StatedValue]
    is_whole: bool = True
    home: str = ""

    @classmethod
    def read(cls, store: ox.Store, forms: LexicalForms, base: str, iri: str) -> ThingStatements:
        """Return what a release states of a thing, with the spellings that its graph files have."""
        graphs = dict[tuple[str, Term], list[str]]()
        catalog = graph_iri(base, CATALOG_GRAPH)
        quads = list(islice(store.quads_for_pattern(ox.NamedNode(iri), None, None, None), MOST_STATED * 2 + 1))
        for quad in quads[: MOST_STATED * 2]:
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value != catalog:
                for term in forms.objects(quad):
                    graphs.setdefault((quad.predicate.value, term), []).append(quad.graph_name.value)
        values = [_stated(base, *each, tuple(sorted(found))) for each, found in graphs.items()]
        values.sort(key=lambda each: (each.predicate, str(each.term)))
        return cls(iri, base, {each.key: each for each in values}, len(quads) <= MOST_STATED * 2)

    def within(self, graph: str) -> ThingStatements:
        """Return the same as it is seen from one graph: nothing can be changed in any other."""
        seen = (_within(each, graph) for each in self.values.values())
        return replace(self, values={each.key: each for each in seen}, home=graph)

    @property
    def classes(self) -> list[str]:
        """The classes that are stated of it, or follow."""
        types = (each.term for each in self.values.values() if each.predicate == RDF_TYPE)
        return [each.value for each in types if isinstance(each, ox.NamedNode)]

    @cached_property
    def main_graph(self) -> str:
        """The graph to which a further value belongs: where it is said what the thing is, else where most is said."""
        if self.home:
            return self.home
        typed = [graph for each in self.values.values() if each.predicate == RDF_TYPE for graph in each.graphs]
        every = typed or [graph for each in self.values.values() for graph in each.graphs]
        return max(sorted(set(every)), key=every.count, default=graph_iri(self.base, ACCEPTED_GRAPH))

    @property
    def is_of_vocabulary(self) -> bool:
        """Whether nothing that is said of it can be changed, as it is said by the vocabulary or by shapes."""
        return bool(self.values) and not any(each.graphs for each in self.values.values())


def _within(value: StatedValue, graph: str) -> StatedValue:
    if graph in value.graphs:
        return replace(value, graphs=(graph,))
    return replace(value, fixed=value.fixed or "elsewhere")


def _stated(base: str, predicate: str, term: Term, graphs: tuple[str, ...]) -> StatedValue:
    reserved = {graph_iri(base, each) for each in (ENTAILED_GRAPH, PROVENANCE_GRAPH, ONTOLOGY_GRAPH, SHAPES_GRAPH)}
    own = tuple(each for each in graphs if each not in reserved)
    fixed: Fixed = ""
    if not own:
        fixed = "follows" if graphs == (graph_iri(base, ENTAILED_GRAPH),) else "vocabulary"
    elif predicate == RDF_TYPE:
        fixed = "kind"
    elif not isinstance(term, ox.NamedNode | ox.Literal) or term.value.startswith(genid_iri(base, "")):
        fixed = "structure"
    return StatedValue(predicate, term, own, fixed)


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
        return [each for each in found if self._is_of(each, of.classes) and fits(each, of.patterns)]

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

    def is_person(self, iri: str) -> bool:
        """Whether a thing is a person."""
        return PERSON in kinds_of(self._classes_of(iri), self.base)

    def _suits(self, iri: str, of: FormField) -> bool:
        return not self.is_person(iri) and self._is_of(iri, of.classes) and fits(iri, of.patterns)

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


# How a value is filled in, and what is read of what comes back.

Control = Literal["text", "lines", "date", "choice", "thing", "iri", "truth"]
LONG = 80
"""A text of so many characters gets lines."""
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
WRITTEN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
TELEPHONE = re.compile(r"\+?[\d\s().-]{5,}", re.ASCII)
ORDER = ("integer", "decimal", "double", "dateTime", "date", "gYearMonth", "gYear", "boolean", "anyURI", "string")
"""In this order the datatypes that are allowed are tried on a text: the narrowest first."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Why what was filled in is no value; ``candidates`` are things that may be meant."""

    problem: Said
    candidates: tuple[str, ...] = ()


def control_of(of: FormField, term: Term | None, things: KnownThings) -> Control:
    """Return how a value of a field is filled in: the value, or None for one that is still empty."""
    if of.choices or (of.classes and things.options(of) is not None):
        return "choice"
    if isinstance(term, ox.Literal):
        return _control_of_literal(of, term)
    if of.classes:
        return "thing"
    if isinstance(term, ox.NamedNode) or (of.kinds and set(of.kinds) == {IRI}):
        return "iri"
    if of.kinds == (XSD + "boolean",):
        return "truth"
    return "date" if of.kinds == (XSD + "date",) else "text"


def _control_of_literal(of: FormField, term: ox.Literal) -> Control:
    if "\n" in term.value or "\r" in term.value or len(term.value) > LONG:
        return "lines"  # a field of one line would lose the line ends
    if of.kinds == (XSD + "boolean",):
        return "truth"
    # of another text than a day a browser's field for days shows nothing, and nothing would come back
    is_day = of.kinds == (XSD + "date",) and DAY.fullmatch(term.value) and is_legal(term.value, XSD + "date")
    return "date" if is_day and not term.value.startswith("0000") else "text"


def displayed(term: Term, control: Control, things: KnownThings) -> str:
    """Return what a control shows of a value, and gives back when nobody touches it."""
    if control == "choice":
        return str(term)
    if control == "thing" and isinstance(term, ox.NamedNode):
        return things.label(term.value)
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for what browsers do to line ends (HTML 4.10.21.4)."""
    return _lines(one) == _lines(other)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_value(
    text: str, of: FormField, things: KnownThings, language: str = "", before: Term | None = None
) -> Term | Unread:
    """Return the value that is meant by what somebody filled in; its spelling is brought into that of the datatype.

    Args:
        text: what was filled in; not empty.
        of: the field.
        things: what it may name.
        language: the tag of its language, or empty.
        before: the value in whose place it comes, or None.
    """
    text = _lines(text).strip()
    if of.choices:
        return _chosen(text, of)
    if isinstance(before, ox.NamedNode) or of.classes or (IRI in of.kinds and _looks_like_iri(text, of)):
        return _thing(text, of, things, before)
    return _literal(text, of, language, before if isinstance(before, ox.Literal) else None)


def _chosen(text: str, of: FormField) -> Term | Unread:
    found = next((each for each in of.choices if text in (str(each), getattr(each, "value", None))), None)
    return found if found is not None else Unread(Sentence("choose one of the list"))


def _looks_like_iri(text: str, of: FormField) -> bool:
    return set(of.kinds) == {IRI} or bool(SCHEME.match(text))


def _thing(text: str, of: FormField, things: KnownThings, before: Term | None) -> Term | Unread:
    iri = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    is_number = any(each.startswith("^tel:") for each in of.patterns) or str(before).startswith("<tel:")
    if is_number and TELEPHONE.fullmatch(iri):
        iri = "tel:" + re.sub(r"[^\d+]", "", iri)
    if SCHEME.match(iri) and " " not in iri:
        try:
            return ox.NamedNode(iri)
        except ValueError:
            return Unread(Sentence("this is no address (IRI)"))
    if not of.classes:
        return Unread(Sentence("write an address that begins with https:// or the like"))
    return _named(text, of, things)


def _named(text: str, of: FormField, things: KnownThings) -> Term | Unread:
    found = things.named(text, of)
    if len(found) == 1:
        return ox.NamedNode(found[0])
    if found:
        return Unread(Sentence("several things are called so; choose one"), tuple(found[:MOST_OPTIONS]))
    if meant := things.meant(text, of):
        return Unread(Sentence("choose what is meant, or write another name"), tuple(meant))
    return Unread(Sentence("nothing that is known here is called so"))


def _literal(text: str, of: FormField, language: str, before: ox.Literal | None) -> ox.Literal | Unread:
    if language:
        try:
            return ox.Literal(text, language=language)
        except ValueError:
            return Unread(Sentence("%(tag)s is no language", tag=repr(language[:30])))
    datatypes = [each for each in of.kinds if not each.startswith("@") and each != IRI]
    if before is not None and not before.language and before.datatype.value not in datatypes:
        datatypes.insert(0, before.datatype.value)  # a value of another kind than the shapes expect keeps its own
    if not datatypes:
        return ox.Literal(text)
    if before is not None and is_legal(text, before.datatype.value) and before.datatype.value in datatypes:
        return ox.Literal(text, datatype=before.datatype)
    datatypes.sort(key=_narrowness)
    for spelling in _spellings(text):
        for each in datatypes:
            if is_legal(spelling, each):
                return ox.Literal(spelling, datatype=ox.NamedNode(each))
    return ox.Literal(text, datatype=ox.NamedNode(datatypes[0]))  # the shapes say what is wrong with it


def _narrowness(datatype: str) -> int:
    name = datatype.removeprefix(XSD)
    name = "integer" if name in RANGES else name
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _spellings(text: str) -> Iterator[str]:
    """Yield a text as it is, and as people write days and numbers for whom it is another spelling of one."""
    yield text
    if day := WRITTEN_DAY.fullmatch(text):
        yield f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    plain = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3})", "", text)
    yield plain
    yield plain.replace(",", ".")


# The way back: what was posted, compared with what was shown.

VALUE, KEY, PREDICATE, LANGUAGE, SEAL = "v.", "k.", "p.", "l.", "s."
"""What a row's parts are called in a form, each before its number."""
ROW = re.compile(r"v\.(\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PostedRow:
    """A row as it came back: what it holds, of which stated value, and of which property.

    ``seal`` stands for the property and for what the row showed, so that one sees whether somebody has touched it even
    where the value that it was about is not there any more.
    """

    number: int
    text: str
    key: str
    predicate: str
    language: str | None
    seal: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is filled in."""
        return not self.text.strip()

    @property
    def is_touched(self) -> bool:
        """Whether it holds something else than it showed, as far as one can tell."""
        return self.seal[SHORT:] != seal_of("", self.text, self.language or "")[SHORT:]

    def was_of(self, predicate: str) -> bool:
        """Whether the value that it was about is one of this property."""
        return bool(self.seal) and self.seal[:SHORT] == seal_of(predicate, "", "")[:SHORT]


SHORT = 8


def seal_of(predicate: str, text: str, language: str) -> str:
    """Return what stands for a property and for a text in a language, whatever browsers do to its line ends."""
    parts = (predicate, SHORT), (f"{language.lower()} {_lines(text)}", 2 * SHORT)
    return "".join(sha256(each.encode()).hexdigest()[:length] for each, length in parts)


def posted_rows(posted: Mapping[str, str]) -> list[PostedRow]:
    """Return the rows of a form as it came back, in their order, at most ``MOST_ROWS``."""
    numbers = sorted(int(found[1]) for name in posted if (found := ROW.fullmatch(name)))
    return [
        PostedRow(
            number, posted.get(f"{VALUE}{number}", ""), posted.get(f"{KEY}{number}", ""),
            posted.get(f"{PREDICATE}{number}", ""), posted.get(f"{LANGUAGE}{number}"),
            posted.get(f"{SEAL}{number}", ""),
        )
        for number in numbers[:MOST_ROWS]
    ]  # fmt: skip


@dataclass(frozen=True)
class ReadForm:
    """What a form that came back means.

    Attributes:
        changes: what would become of the thing's values.
        rows: of each change, the number of its row.
        unread: what could not be read, by the number of its row.
        lost: whether a value that somebody has touched in the form is not there any more.
    """

    changes: tuple[ValueChange, ...]
    rows: tuple[int, ...] = ()
    unread: Mapping[int, Unread] = field(default_factory=dict)
    lost: bool = False


@dataclass(frozen=True)
class FormReader:
    """Reads what comes back.

    Attributes:
        stated: what is stated of the thing.
        fields: the fields of the form.
        things: what values may name.
    """

    stated: ThingStatements
    fields: Sequence[FormField]
    things: KnownThings

    @cached_property
    def by_path(self) -> dict[str, FormField]:
        """The fields of the thing's own properties."""
        return {each.path: each for each in self.fields if not each.is_inverse}

    def field_of(self, predicate: str) -> FormField:
        """Return the field of a property; one that no shape speaks of takes what it has."""
        return self.by_path.get(predicate) or unexpected(predicate)

    def read(self, rows: Iterable[PostedRow]) -> ReadForm:
        """Return what rows mean: nothing for a row that is as it was, or blank and new."""
        changes, unread, lost = list[tuple[int, ValueChange]](), dict[int, Unread](), False
        for row in rows:
            known = self.stated.values.get(row.key)
            if row.key and known is None:
                lost = lost or row.is_touched
            elif known is None or not known.fixed:
                found = self._read(row, known)
                if isinstance(found, Unread):
                    unread[row.number] = found
                elif found is not None:
                    changes.append((row.number, found))
        changes = [*{(each.predicate, each.removed, each.added): (number, each) for number, each in changes}.values()]
        changes += [(-1, each) for each in self._mirrored([each for _, each in changes])]
        return ReadForm(tuple(each for _, each in changes), tuple(number for number, _ in changes), unread, lost)

    def _read(self, row: PostedRow, known: StatedValue | None) -> ValueChange | Unread | None:
        predicate = known.predicate if known is not None else row.predicate
        of = self.field_of(predicate)
        if known is None:
            return None if row.is_blank else self._added(row, of)
        control = control_of(of, known.term, self.things)
        tag = known.term.language or "" if isinstance(known.term, ox.Literal) else ""
        language = tag if row.language is None else row.language
        if same_text(row.text, displayed(known.term, control, self.things)) and language == tag:
            return None
        if row.is_blank:
            return ValueChange(predicate, str(known.term), "", known.graphs)
        found = read_value(row.text, of, self.things, language, known.term)
        if isinstance(found, Unread):
            return found
        if found == known.term:
            return None
        return ValueChange(predicate, str(known.term), str(found), known.graphs)

    def _added(self, row: PostedRow, of: FormField) -> ValueChange | Unread | None:
        if row.predicate not in self.by_path or row.predicate == RDF_TYPE:
            return Unread(Sentence("this form has no such field"))
        found = read_value(row.text, of, self.things, row.language or "")
        if isinstance(found, Unread):
            return found
        there = (each for each in self.stated.values.values() if each.predicate == row.predicate and each.graphs)
        if any(each.term == found for each in there):
            return None
        return ValueChange(row.predicate, "", str(found), (self.stated.main_graph,))

    def _mirrored(self, changes: Sequence[ValueChange]) -> Iterator[ValueChange]:
        """Yield what changes along, as shapes want two properties to have the same values (sh:equals)."""
        touched = {(each.predicate, each.removed) for each in changes}
        for change in changes:
            of = self.field_of(change.predicate)
            for path in of.equals:
                twin = next(
                    (
                        each for each in self.stated.values.values()
                        if each.predicate == path and str(each.term) == change.removed and not each.fixed
                    ),
                    None,
                )  # fmt: skip
                if twin is not None and (path, change.removed) not in touched:
                    yield ValueChange(path, change.removed, change.added, twin.graphs)


def unexpected(predicate: str) -> FormField:
    """Return the field of a property of which no shape speaks."""
    return FormField(predicate, is_inverse=False, names={}, descriptions={}, group=None, order=LAST)


# New things: what they are called on the web, and what is said of them from the beginning.

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


def label_among(changes: Iterable[ValueChange]) -> str:
    """Return what a thing is called by the values that come to it, English first; empty where by none."""
    named = [each for each in changes if each.added and not each.thing and each.predicate in LABEL_PROPERTIES]
    named.sort(key=lambda each: (LABEL_PROPERTIES.index(each.predicate), not each.added.endswith("@en")))
    for each in named:
        if isinstance(term := term_of(each.added), ox.Literal):
            return term.value
    return ""


def term_of(text: str) -> Term:
    """Return a term from N-Triples syntax, as it is written."""
    line = f"<urn:x> <urn:x> {text} .".encode()
    found: Term = next(iter(ox.parse(line, ox.RdfFormat.N_TRIPLES, lenient=True))).object
    return found
