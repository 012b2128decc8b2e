"""A thing as a form: the fields that its shapes ask for, filled with what is stated, and the way back to statements.

Everything goes value by value. A value that comes back as it was shown is not touched, whatever its spelling, and one
that the form does not show stays as it is; so a form that is saved unchanged changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import islice
from typing import Literal

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES
from graph.model.errors import Said, Sentence
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    PROVENANCE_GRAPH,
    RANGES,
    RDF_TYPE,
    SHAPES_GRAPH,
    XSD,
    Term,
    genid_iri,
    graph_iri,
    is_legal,
)
from graph.parts.proposals.form_fields import MOST_OPTIONS, FormField, KnownThings, unexpected
from graph.parts.proposals.proposal_store import ValueChange, net_changes
from graph.parts.templates.fields import IRI
from graph.releases.exact_forms import LexicalForms

MOST_STATED, MOST_ROWS = 500, 1_000
ACCEPTED_GRAPH = "accepted"
"""The graph that takes what is new."""

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


# How a value is filled in, and what is read of what comes back.

Control = Literal["text", "lines", "date", "choice", "thing", "iri", "truth"]
LONG = 80
"""A text of so many characters gets lines."""
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
WRITTEN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
ONE_COMMA = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}", re.ASCII)
"""A comma that may divide thousands, or decimals."""
NUMERIC = frozenset((*RANGES, "decimal", "double", "float"))
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
    takes_texts = _takes_texts(of)  # what no list has can be written then
    if of.choices or (of.classes and not takes_texts and things.options(of) is not None):
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


def _takes_texts(of: FormField) -> bool:
    return any(each != IRI for each in of.kinds)


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
    if _takes_texts(of) or (isinstance(before, ox.Literal) and not (of.kinds or of.classes)):
        found = None if isinstance(before, ox.Literal) else _thing_or_none(text, of, things)
        return found or _literal(text, of, language, before if isinstance(before, ox.Literal) else None)
    if isinstance(before, ox.NamedNode) or of.classes or IRI in of.kinds:
        return _thing(text, of, things, before)
    return _literal(text, of, language, before if isinstance(before, ox.Literal) else None)


def _thing_or_none(text: str, of: FormField, things: KnownThings) -> Term | Unread | None:
    """Return the thing that is meant where a text is allowed as well: by its IRI, or by just its name."""
    iri = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    if IRI in of.kinds and SCHEME.match(iri) and not re.search(r"\s", iri):
        try:
            return ox.NamedNode(iri)
        except ValueError:  # then it is a text that has a colon in it
            return None
    return _named(text, of, things) if of.classes and things.named(text, of) else None


def _chosen(text: str, of: FormField) -> Term | Unread:
    found = next((each for each in of.choices if text in (str(each), getattr(each, "value", None))), None)
    return found if found is not None else Unread(Sentence("choose one of the list"))


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
    return _typed(text, sorted(datatypes, key=_narrowness))


def _typed(text: str, datatypes: Sequence[str]) -> ox.Literal | Unread:
    """Return the literal of the first of some datatypes of which a text is a form, as it is or as people write it."""
    if ONE_COMMA.fullmatch(text) and all(each.removeprefix(XSD) in NUMERIC for each in datatypes):
        one, other = text.replace(",", "."), text.replace(",", "")
        if not all(_narrowness(each) == 0 for each in datatypes):
            return Unread(Sentence("%(text)s may be %(one)s or %(other)s", text=text, one=one, other=other))
        text = other
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
    plain = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3})", "", text).replace("\u2212", "-")
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
        own = (each for each in self.stated.values.values() if each.graphs and each.fixed != "elsewhere")
        changes = net_changes(changes, {(each.predicate, str(each.term)) for each in own})
        changes += [(-1, each) for each in self._mirrored([each for _, each in changes])]
        return ReadForm(tuple(each for _, each in changes), tuple(number for number, _ in changes), unread, lost)

    def _read(self, row: PostedRow, known: StatedValue | None) -> ValueChange | Unread | None:
        predicate = known.predicate if known is not None else row.predicate
        of = self.field_of(predicate)
        if known is None:
            return None if row.is_blank else self._added(row, of)
        # as it was shown, even where the reader's language, or the name of what it means, is another by now
        if row.seal and not row.is_touched:
            return None
        control = control_of(of, known.term, self.things)
        tag = known.term.language or "" if isinstance(known.term, ox.Literal) else ""
        language = tag if row.language is None else row.language
        if same_text(row.text, displayed(known.term, control, self.things)) and language == tag:
            return None
        if row.is_blank:
            return ValueChange(predicate, str(known.term), "", known.graphs)
        found = read_value(row.text, of, self.things, language, known.term)
        if isinstance(found, Unread) or found == known.term:
            return found if isinstance(found, Unread) else None
        return ValueChange(predicate, str(known.term), str(found), known.graphs)

    def _added(self, row: PostedRow, of: FormField) -> ValueChange | Unread | None:
        if row.predicate not in self.by_path or row.predicate == RDF_TYPE:
            return Unread(Sentence("this form has no such field"))
        found = read_value(row.text, of, self.things, row.language or "")
        if isinstance(found, Unread):
            return found
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
