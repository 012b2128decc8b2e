"""A thing as a form on a page: its fields under the reader's names, what is in them, and what is wrong with that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypedDict

import pyoxigraph as ox
from flask import current_app

from endpoint.current import BY_NAME, Snapshot, languages, publication, snapshot, urls
from endpoint.http.languages import interface
from endpoint.pages.front import class_name, overview
from endpoint.pages.term_names import Names, Shown, text_in
from endpoint.pages.thing_page import content_names, interface_names
from graph.model.errors import NO_WORDS, Said, Sentence
from graph.model.rdf_terms import (
    DCAT,
    ENTAILED_GRAPH,
    OWL,
    PREFIXES,
    RDF,
    RDF_TYPE,
    RDFS,
    SD,
    SH,
    SKOS,
    VOID,
    graph_iri,
)
from graph.parts.contribution.contributed_document import FoundResult
from graph.parts.proposals.form_fields import LAST, FormField, KnownThings, form_fields
from graph.parts.proposals.new_things import new_thing
from graph.parts.proposals.proposal_store import CheckedProposal, ValueChange
from graph.parts.proposals.shape_form import (
    Control,
    FormReader,
    PostedRow,
    ReadForm,
    StatedValue,
    ThingStatements,
    control_of,
    displayed,
    label_among,
    seal_of,
    term_of,
)
from graph.parts.templates.fields import TemplateShapes
from graph.releases.exact_forms import LexicalForms, open_forms

MOST_RELATED = 20
MERGE = ox.DefaultGraph()
IRI_TERM = re.compile(r'<[^<>"\s]+>')


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list to choose from."""

    value: str
    text: str
    is_chosen: bool


class _OfThings(TypedDict):
    kinds: tuple[str, ...]
    is_of_many: bool


@dataclass(frozen=True, slots=True)
class FormInput:
    """One value in a form.

    Attributes:
        number: its row.
        control: how it is filled in.
        value: what stands in it.
        key: of which stated value it is; empty for one that is new.
        predicate: the property.
        options: what can be chosen, where something can.
        tags: the languages that it can be in, where it can be in one.
        fixed: the value, where it cannot be changed here.
        why: why not, a key of ``graph.parts.proposals.shape_form.Fixed``.
        graphs: the named graphs that state it.
        problem: what is wrong with what was filled in, or empty.
        seal: what stands for the stated value as it is shown, so that one sees whether it was touched.
        kinds: the kinds by which what it may name is searched for; empty where it names nothing, or persons.
        is_of_many: whether it may name more things than a list has.
    """

    number: int
    control: Control
    value: str
    key: str
    predicate: str
    options: tuple[Option, ...] = ()
    tags: tuple[Option, ...] = ()
    fixed: Shown | None = None
    why: str = ""
    graphs: tuple[Shown, ...] = ()
    problem: Said = NO_WORDS
    seal: str = ""
    kinds: tuple[str, ...] = ()
    is_of_many: bool = False


@dataclass(frozen=True, slots=True)
class FilledField:
    """One property in a form.

    Attributes:
        name: what it is called.
        description: what it means.
        inputs: its values, and where there may be more an empty one at the end.
        is_required: whether there must be a value.
        findings: what the shapes find.
        related: things that lead here by it, with where each is corrected.
        another: where one more of these is described, or empty.
        has_more: whether there may be further values.
        path: the property; empty where it leads here.
    """

    name: Shown
    description: str
    inputs: tuple[FormInput, ...]
    is_required: bool = False
    findings: tuple[FoundResult, ...] = ()
    related: tuple[tuple[Shown, str], ...] = ()
    another: str = ""
    has_more: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class FormPart:
    """Fields that belong together, under a title that may be empty."""

    title: Shown
    fields: tuple[FilledField, ...]


@dataclass(frozen=True)
class FormSubject:
    """What a form is about: a thing with what is stated of it, or a new one of a class.

    Attributes:
        reader: reads the form, and knows what is stated and which fields there are.
        class_iri: the class of a new thing; empty for one that there is.
        classes: the classes of the thing that are stated of it; those that follow where none is.
    """

    reader: FormReader
    class_iri: str
    classes: tuple[str, ...]

    @property
    def iri(self) -> str:
        """The thing; empty while it has no name."""
        return self.reader.stated.iri


def _notes(here: Snapshot) -> LexicalForms:
    return open_forms(here.release.folder)


def _known_fields(_: Snapshot) -> dict[tuple[str, ...], list[FormField]]:
    return {}


def fields_for(classes: Iterable[str]) -> list[FormField]:
    """Return the fields of things of some classes, read once a release."""
    here, key = snapshot(), tuple(sorted(classes))
    known = here.once(_known_fields)
    if key not in known:
        known[key] = form_fields(TemplateShapes(here.release.store, publication().base), key)
    return known[key]


def known_things() -> KnownThings:
    """Return the things of the release, by their names in the reader's languages."""
    by_name = current_app.extensions.get(BY_NAME)
    return KnownThings(snapshot().release.store, publication().base, languages(), by_name)


def lexical_forms() -> LexicalForms:
    """Return how the literals of the release were written."""
    return snapshot().once(_notes)


def subject_of(iri: str, graph: str = "") -> FormSubject:
    """Return the form's view of a thing; with a graph, of one of which nothing can be changed but in that graph."""
    here, base = snapshot(), publication().base
    stated = ThingStatements.read(here.release.store, lexical_forms(), base, iri)
    stated = stated.within(graph) if graph else stated
    fields = [] if stated.is_of_vocabulary else fields_for(stated.classes)
    said = [each for each in stated.values.values() if each.predicate == RDF_TYPE and each.graphs]
    classes = tuple(each.term.value for each in said if isinstance(each.term, ox.NamedNode)) or tuple(stated.classes)
    return FormSubject(FormReader(stated, fields, known_things()), "", classes)


def subject_of_class(class_iri: str, iri: str = "", graph: str = "") -> FormSubject:
    """Return the form's view of a new thing of a class, that may have its name already, and its graph."""
    reader = FormReader(new_thing(publication().base, iri, graph), fields_for((class_iri,)), known_things())
    return FormSubject(reader, class_iri, (class_iri,))


def first_rows(subject: FormSubject, by: str = "", to: str = "") -> list[PostedRow]:
    """Return what a form for a new thing begins with: values that there must be, and what the reader came from.

    Args:
        subject: a new thing.
        by: the property by which it leads to the thing that the reader came from, or empty.
        to: that thing, or empty.
    """
    found = list[PostedRow]()
    for each in subject.reader.fields:
        if not each.is_inverse:
            for term in each.given:
                control = control_of(each, term, subject.reader.things)
                found.append(PostedRow(0, displayed(term, control, subject.reader.things), "", each.path, None))
            if each.path == by and to:
                found.append(PostedRow(0, f"<{to}>", "", each.path, None))
    return found


@dataclass(frozen=True, slots=True)
class FormLeads:
    """Where a form leads to others: to that of a thing, by its IRI, and to an empty one, by what it begins with."""

    correcting: Callable[[str], str]
    adding: Callable[[Mapping[str, str]], str]


PROPOSED = FormLeads(lambda iri: urls().link("propose", iri=iri), lambda given: urls().link("propose", **given))


@dataclass
class FormFiller:
    """Fills a form in.

    Attributes:
        subject: what it is about.
        rows: what was posted; nothing at first.
        read: what that means.
        checked: what the shapes say of it.
        leads: where another thing is corrected, and where a new one of a class is described, that leads here.
        places: the parts of the form for new places (``endpoint.proposals.placing``), by the property.
    """

    subject: FormSubject
    rows: Sequence[PostedRow] = ()
    read: ReadForm = field(default_factory=lambda: ReadForm(()))
    checked: CheckedProposal = field(default_factory=CheckedProposal)
    leads: FormLeads = field(default_factory=lambda: PROPOSED)
    places: Mapping[str, object] = field(default_factory=dict)
    _number: int = 0
    _names: Names = field(default_factory=content_names)
    _terms: Names = field(default_factory=interface_names)

    @property
    def _things(self) -> KnownThings:
        return self.subject.reader.things

    def parts(self) -> tuple[FormPart, ...]:
        """Return the form, part by part, in the order of the shapes."""
        parts = dict[str, list[FilledField]]()
        titles = dict[str, Shown]()
        for each in self.subject.reader.fields:
            made = self._inverse(each) if each.is_inverse else self._field(each)
            if made is not None:
                group = each.group.iri if each.group is not None else ""
                if group not in titles:
                    titles[group] = self._told(each.group.names if each.group is not None else {}, group)
                parts.setdefault(group, []).append(made)
        in_order = sorted(parts, key=self._order)
        return tuple(FormPart(titles[group], tuple(parts[group])) for group in in_order)

    def _order(self, group: str) -> float:
        groups = (each.group for each in self.subject.reader.fields)
        return next((each.order for each in groups if each is not None and each.iri == group), LAST)

    def rest(self) -> tuple[FilledField, ...]:
        """Return the values of which no shape speaks, property by property."""
        known = {*self.subject.reader.by_path, RDF_TYPE}
        by_predicate = dict[str, list[StatedValue]]()
        for each in self.subject.reader.stated.values.values():
            if each.predicate not in known:
                by_predicate.setdefault(each.predicate, []).append(each)
        return tuple(
            FilledField(
                self._terms.thing(predicate), "",
                tuple(self._inputs(self.subject.reader.field_of(predicate), values)),
                findings=self._findings(predicate),
            )
            for predicate, values in by_predicate.items()
        )  # fmt: skip

    def other_findings(self) -> tuple[FoundResult, ...]:
        """Return what the shapes find that belongs to no field."""
        shown = {*self.subject.reader.by_path, *(each.predicate for each in self.subject.reader.stated.values.values())}
        return tuple(each for each in self.checked.results if each.path not in shown or not self._is_here(each))

    def _is_here(self, result: FoundResult) -> bool:
        return result.focus == f"<{self.subject.iri}>"

    def _findings(self, path: str) -> tuple[FoundResult, ...]:
        return tuple(each for each in self.checked.results if each.path == path and self._is_here(each))

    def _told(self, texts: Mapping[str, str], iri: str) -> Shown:
        text, language = text_in(dict(texts), self._terms.languages) if texts else ("", "")
        if text or not iri:
            return Shown(text, language)
        return self._terms.thing(iri)

    def _field(self, of: FormField) -> FilledField:
        stated = [each for each in self.subject.reader.stated.values.values() if each.predicate == of.path]
        inputs = self._inputs(of, stated)
        inputs += [self._posted(of, row) for row in self.rows if not row.key and row.predicate == of.path and row.text]
        has_more = of.most is None or len(inputs) < of.most
        if has_more:
            inputs.append(self._posted(of, None))
        description, _ = text_in(dict(of.descriptions), self._terms.languages)
        return FilledField(
            self._told(of.names, of.path), description, tuple(inputs), is_required=of.least > 0,
            findings=self._findings(of.path), has_more=has_more and of.most != 1, path=of.path,
        )  # fmt: skip

    def _inputs(self, of: FormField, stated: Sequence[StatedValue]) -> list[FormInput]:
        """Return the values of a property, and what somebody has written over such as are not there any more.

        That stands in the row of the value that has come meanwhile, where there is one, and else in a row of its own.
        """
        known, sent = self.subject.reader.stated.values, {row.key for row in self.rows if row.key}
        stranded = [
            row for row in self.rows
            if row.key and row.key not in known and row.was_of(of.path) and row.is_touched
        ]  # fmt: skip
        inputs = list[FormInput]()
        for each in stated:
            is_fresh = bool(stranded) and each.key not in sent and not each.fixed
            inputs.append(self._stated(of, each, stranded.pop(0) if is_fresh else None))
        gone = Sentence("meanwhile the value was taken away that stood here")
        return inputs + [replace(self._posted(of, row), problem=gone) for row in stranded if row.text]

    def _inverse(self, of: FormField) -> FilledField | None:
        if not self.subject.iri or self.subject.class_iri:
            return None
        quads = snapshot().release.store.quads_for_pattern(
            None, ox.NamedNode(of.path), ox.NamedNode(self.subject.iri), MERGE
        )
        things = [each.subject.value for each in islice(quads, MOST_RELATED) if isinstance(each.subject, ox.NamedNode)]
        related = tuple((self._names.thing(each), self.leads.correcting(each)) for each in sorted(things))
        given = {"class": of.classes[0], "by": of.path, "to": self.subject.iri} if of.classes else {}
        another = self.leads.adding(given) if given else ""
        description, _ = text_in(dict(of.descriptions), self._terms.languages)
        return FilledField(self._told(of.names, of.path), description, (), related=related, another=another)

    def _stated(self, of: FormField, value: StatedValue, over: PostedRow | None = None) -> FormInput:
        """Return a value that is stated; ``over`` is what was written over the one before it."""
        graphs = tuple(self._names.thing(each) for each in value.graphs)
        control = control_of(of, value.term, self._things)
        if value.fixed:
            return FormInput(
                self._next(), control, "", value.key, value.predicate, fixed=self._names.term(value.term),
                why=value.fixed, graphs=graphs,
            )  # fmt: skip
        shown = displayed(value.term, control, self._things)
        tag = value.term.language or "" if isinstance(value.term, ox.Literal) else ""
        row = over or next((each for each in self.rows if each.key == value.key), None)
        problem = Sentence("meanwhile it has become %(value)s", value=shown) if over else self._problem(row)
        text = shown if row is None else row.text
        language = tag if row is None or row.language is None else row.language
        has_tags = isinstance(value.term, ox.Literal) and bool(tag or of.has_languages)
        control, options = self._chosen_from(of, control, text, shown, row)
        return FormInput(
            self._next(), control, text, value.key, value.predicate, options,
            self._tags(of, language, tag) if has_tags and control != "choice" else (), graphs=graphs,
            problem=problem, seal=seal_of(of.path, shown, tag if has_tags and control != "choice" else ""),
            **self._names_things(of, control),
        )  # fmt: skip

    def _posted(self, of: FormField, row: PostedRow | None) -> FormInput:
        control = control_of(of, None, self._things)
        text = row.text if row is not None else ""
        if "\n" in text and control == "text":
            control = "lines"
        language = row.language or "" if row is not None else ""
        is_text = control in ("text", "lines") or any(each.startswith("@") for each in of.kinds)
        has_tags = is_text and control != "choice" and of.has_languages
        control, options = self._chosen_from(of, control, text, "", row)
        return FormInput(
            self._next(), control, text, "", of.path, options,
            self._tags(of, language, None) if has_tags else (), problem=self._problem(row),
            **self._names_things(of, control),
        )  # fmt: skip

    def _problem(self, row: PostedRow | None) -> Said:
        found = self.read.unread.get(row.number) if row is not None else None
        return found.problem if found is not None else NO_WORDS

    def _chosen_from(
        self, of: FormField, control: Control, text: str, shown: str, row: PostedRow | None
    ) -> tuple[Control, tuple[Option, ...]]:
        """Return a control and its list: that of the field, or of the things that a name which was typed may mean."""
        found = self.read.unread.get(row.number) if row is not None else None
        if found is None or not found.candidates:
            is_chosen = control == "thing" and IRI_TERM.fullmatch(text)  # of a list that was shown, or by the script
            return (
                ("choice", self._chosen_thing(of, text))
                if is_chosen
                else (control, self._options(of, control, text, shown))
            )
        known = self._told_apart((f"<{iri}>", self._things.label(iri)) for iri in found.candidates)
        return "choice", (Option(text, text, is_chosen=True), *(Option(value, name, False) for value, name in known))

    def _chosen_thing(self, of: FormField, text: str) -> tuple[Option, ...]:
        """Return the thing that was chosen of many, with those of similar names, so that it can be chosen anew."""
        label = self._things.label(text[1:-1])
        known = dict.fromkeys((text, *(f"<{each}>" for each in self._things.meant(label, of))))
        told = self._told_apart((each, self._things.label(each[1:-1])) for each in known)
        return tuple(Option(value, name, value == text) for value, name in told)

    def _names_things(self, of: FormField, control: Control) -> _OfThings:
        if not of.classes or of.choices or control not in ("choice", "thing"):
            return {"kinds": (), "is_of_many": False}
        return {"kinds": self._things.kinds(of), "is_of_many": self._things.options(of) is None}

    def _told_apart(self, named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return things with names by which they differ: with kinds where names are equal, and then with addresses."""
        told = list(named)
        for how in (self._kinds, self._names.short):
            times = Counter(text for _, text in told)
            told = [
                (value, f"{text} ({more})" if times[text] > 1 and (more := how(value[1:-1])) else text)
                for value, text in told
            ]
        return told

    def _kinds(self, iri: str) -> str:
        """Return of what kinds a thing is said to be, in the reader's language."""
        quads = snapshot().release.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), None, None)
        aside = (MERGE, ox.NamedNode(graph_iri(publication().base, ENTAILED_GRAPH)))
        said = (each.object for each in quads if each.graph_name not in aside)
        kinds = {each.value for each in said if isinstance(each, ox.NamedNode)}
        return ", ".join(sorted(self._terms.thing(each).text for each in kinds))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _options(self, of: FormField, control: Control, text: str, shown: str) -> tuple[Option, ...]:
        if control == "truth":
            known = [("true", "true"), ("false", "false")]
        elif control != "choice":
            return ()
        elif of.choices:
            known = [(str(each), self._names.term(each).text) for each in of.choices]
        else:
            known = self._told_apart((f"<{iri}>", label) for iri, label in self._things.options(of) or ())
        values = {value for value, _ in known}
        # what stands there stays on the list, whether or not it should
        extra = [(each, self._text(each)) for each in dict.fromkeys((shown, text)) if each and each not in values]
        return tuple(Option(value, label, value == text) for value, label in (*known, *extra))

    def _text(self, value: str) -> str:
        if not value.startswith(("<", '"')):
            return value
        try:
            return self._names.term(term_of(value)).text
        except (ValueError, SyntaxError, StopIteration):  # whatever was sent is shown as it was sent
            return value

    def _tags(self, of: FormField, language: str, own: str | None) -> tuple[Option, ...]:
        """Return the languages to choose from; ``own`` is that of the stated value, None where there is none yet."""
        named = [each[1:].lower() for each in of.kinds if each.startswith("@") and each != "@*"]
        is_listed = bool(named) and all(each[1:].lower() in named for each in of.kinds)
        usual = () if is_listed else (each.lower() for each in publication().settings.languages)
        tags = dict.fromkeys((*usual, *named, own or "", language))
        offered = [each for each in tags if each]
        needs_one = bool(of.kinds) and all(each.startswith("@") for each in of.kinds)
        if not needs_one or own == "":
            offered.append("")
        theirs = next((each for each in languages() if each in offered), offered[0] if offered else "")
        chosen = language or ("" if own == "" or not needs_one else theirs)
        return tuple(Option(each, each, each == chosen) for each in offered)


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change as one reads it: of which property, what goes and what comes, with the tag of each, and where.

    ``of`` is what a new thing is called that is described along, or empty.
    """

    number: int
    name: Shown
    before: Shown | None
    after: Shown | None
    graphs: tuple[Shown, ...]
    is_stale: bool = False
    of: str = ""


def shown_changes(
    changes: Sequence[ValueChange], stale: Iterable[int] = (), fields: Iterable[FormField] = ()
) -> Iterator[ShownChange]:
    """Yield changes as one reads them.

    Args:
        changes: the changes.
        stale: the numbers of those whose value has changed since.
        fields: fields of a form, under whose names the properties are shown.
    """
    names, terms, gone = content_names(), interface_names(), frozenset(stale)
    named = {each.path: Shown(*text_in(dict(each.names), terms.languages)) for each in fields if each.names}
    told = {f"<{each.thing}>": label_among(_described(changes, each.thing)) for each in changes if each.thing}

    def shown(term: str) -> Shown | None:
        return Shown(told[term]) if term in told else names.term(term_of(term)) if term else None

    for number, each in enumerate(changes):
        graphs = tuple(names.thing(graph) for graph in each.graphs)
        before, after = shown(each.removed), shown(each.added)
        name = named.get(each.predicate) or terms.thing(each.predicate)
        yield ShownChange(number, name, before, after, graphs, number in gone, told.get(f"<{each.thing}>", ""))


def _described(changes: Iterable[ValueChange], thing: str) -> list[ValueChange]:
    """Return what is said along of another thing, as changes of it alone."""
    return [
        ValueChange(each.predicate, each.removed, each.added, each.graphs) for each in changes if each.thing == thing
    ]


# The classes of which somebody can add a thing.

MACHINERY = (OWL, RDF, RDFS, SH, SD, VOID, DCAT, SKOS, PREFIXES["qb"], PREFIXES["geo"])
"""Beginnings of IRIs of classes whose things say how graph and vocabulary are made; nobody adds such by hand."""


def offered(classes: Iterable[str]) -> list[str]:
    """Return the classes of which people are offered to add things: by a name in their language, where any has one."""
    terms, found = interface_names(), [each for each in classes if not each.startswith(MACHINERY)]
    named = [each for each in found if terms.thing(each).language.partition("-")[0] == interface()]
    return named or found


@dataclass(frozen=True, slots=True)
class AddableClass:
    """A class that has a shape: its name for people, and the one in addresses."""

    thing: Shown
    key: str


def _shaped_classes(here: Snapshot) -> tuple[str, ...]:
    """Return the classes of which shapes ask something, those first that the publication is about."""
    shapes = TemplateShapes(here.release.store, here.publication.base)
    targets = [
        each for each, nodes in shapes.targets().items() if any(shapes.iris(node, f"{SH}property") for node in nodes)
    ]
    first = [iri for iri, _ in here.once(overview).classes if iri in targets]
    return (*first, *(each for each in targets if each not in first))


def addable_classes() -> tuple[list[AddableClass], list[AddableClass]]:
    """Return the classes of which a thing can be added: those that the publication is about, and all others."""
    here, terms = snapshot(), interface_names()
    first = {iri for iri, _ in here.once(overview).classes}
    found = [AddableClass(terms.thing(iri), class_name(here, iri)) for iri in offered(here.once(_shaped_classes))]
    rest = [each for each in found if each.thing.iri not in first]
    return [each for each in found if each.thing.iri in first], sorted(
        rest, key=lambda each: each.thing.text.casefold()
    )
