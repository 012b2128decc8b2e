"""How terms and properties look on a page: by their labels, and by what shapes say of names, order and paths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from urllib.parse import unquote

import pyoxigraph as ox
from babel.core import Locale, UnknownLocaleError
from flask import g

from endpoint.current import Snapshot
from endpoint.http.languages import grouped, in_script, interval, is_time, page_language, reached, readable, translated
from endpoint.urls import Urls
from graph.model.description import CONTACTS, Label, Term, called, language_chain, language_rank, preferred_tag
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    PLURAL,
    RANGES,
    RDF,
    RDF_TYPE,
    RDFS_LABEL,
    SH,
    XSD,
    finite_number,
    is_legal,
    truth_value,
    whole_number,
)

# How terms look on a page: by their label where they have one, in the reader's language, linked to where one reads on.
#
# It makes no HTML; templates do. Links lead only where a browser may safely go.

SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")
"""The schemes of the IRIs that a page links to; a link to any other (javascript:, data:) might do something."""
LETTERS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
"""Letters beyond ASCII that stand percent-encoded in an IRI."""
PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)\Z", re.ASCII)
"""Two days as ISO 8601 writes a period."""
UNNAMED = ".well-known/genid/"
TIMES = frozenset(XSD + name for name in ("date", "dateTime", "dateTimeStamp", "gYear", "gYearMonth", "time"))
PLAIN = TIMES | frozenset(XSD + name for name in (*RANGES, "string", "decimal", "boolean", "double"))
"""Datatypes that need not be named beside a value that is one of theirs."""


def is_followed(iri: str) -> bool:
    """Whether a page may link to an IRI that stands in the data; schemes are compared without case (RFC 3986 3.1)."""
    return iri.casefold().startswith(SAFE_SCHEMES)


@dataclass(frozen=True, slots=True)
class Shown:
    """A term as a page shows it.

    Attributes:
        text: what one reads.
        language: the tag of that text, or empty.
        href: where it leads, or empty.
        iri: the IRI behind it, or empty.
        note: what else is to be known of it: a datatype.
        is_time: whether the text is a date or time.
        is_long: whether it has lines of its own.
        datetime: the date or time as machines read it.
        tag: the language to be named beside the text, since it is not the one that was wanted.
        direction: the direction of the text, where the data names it (RDF 1.2).
    """

    text: str
    language: str = ""
    href: str = ""
    iri: str = ""
    note: str = ""
    is_time: bool = False
    is_long: bool = False
    datetime: str = ""
    tag: str = ""
    direction: str = ""


def _legible(encoded: re.Match[str]) -> str:
    """Return letters as letters, and whatever would not be seen as it stands."""
    try:
        text = unquote(encoded[0], errors="strict")
    except UnicodeDecodeError:
        return encoded[0]
    return text if text.isprintable() else encoded[0]


class Names:
    """The names of things in one reader's languages, looked up as they are asked for."""

    def __init__(self, snapshot: Snapshot, urls: Urls, languages: tuple[str, ...]) -> None:
        """Name things of a release.

        Args:
            snapshot: the release.
            urls: where one reads on.
            languages: what the reader prefers, the wanted one first.
        """
        self.urls, self.languages, self.prefixes = urls, languages, snapshot.prefixes
        self._snapshot, self._store = snapshot, snapshot.release.store
        self._shown: dict[str, Shown] = {}
        self._expected = _expected(languages, snapshot.publication.settings.languages)

    def short(self, iri: str) -> str:
        """Return an IRI written short: with a prefix, without the base, or as the plain number or address it is."""
        if iri.startswith(CONTACTS):
            return reached(iri)
        if iri.startswith(self.urls.base + UNNAMED):
            return f"unnamed {iri[-6:]}"
        fitting = [(len(start), prefix) for prefix, start in self.prefixes.items() if iri.startswith(start)]
        if fitting:
            length, prefix = max(fitting)
            return f"{prefix}:{iri[length:]}"
        return LETTERS.sub(_legible, iri.removeprefix(self.urls.base) or iri)

    def thing(self, iri: str) -> Shown:
        """Return an IRI by its label; a thing that nothing here names leads to its own address."""
        if iri not in self._shown:
            self._shown[iri] = self._thing(iri)
        return self._shown[iri]

    def plural(self, iri: str) -> Shown:
        """Return a class by what several of its things are called, where the vocabulary says so; else by its label."""
        quads = self._store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(PLURAL), None, ox.DefaultGraph())
        chain, one = language_chain(self.languages), self.thing(iri)
        said = self.best([self.term(quad.object) for quad in quads])
        is_better = said and language_rank(said[0].language, chain) <= language_rank(one.language, chain)
        return replace(one, text=said[0].text, language=said[0].language) if is_better else one

    def label(self, iri: str) -> Label | None:
        """Return what an IRI is called, in the best language; None where nothing names it."""
        return called(self._store, iri, self.languages, self.urls.base)

    def _thing(self, iri: str) -> Shown:
        found = self.label(iri)
        label = in_script(found, self.languages) if found else None
        if label != found:
            g.transliterated = True  # the footer says what the mark beside such names means
        text, language = (label.text, label.language) if label else (self.short(iri), "")
        is_ours = iri.startswith(self.urls.base)
        if label is None and is_ours and not self._is_read(iri):
            return Shown(text, language, "", iri)
        is_elsewhere = label is None and not is_ours and is_followed(iri) and not self._is_told_here(iri)
        return Shown(text, language, iri if is_elsewhere else self.urls.page(iri), iri, tag=self._tag(language))

    def best(self, texts: Sequence[Shown]) -> list[Shown]:
        """Return those of several texts that are in the reader's first language that there is, or in none."""
        chain = language_chain(self.languages)
        ranks = [language_rank(each.language, chain) for each in texts]
        first = min((rank for rank, each in zip(ranks, texts, strict=True) if each.language), default=None)
        return [each for rank, each in zip(ranks, texts, strict=True) if not each.language or rank == first]

    def told_apart(self, things: Iterable[Shown]) -> list[Shown]:
        """Return things, with their prefixed names behind texts that several of them have."""
        listed = list(things)
        counts = Counter(each.text for each in listed)
        return [
            replace(each, text=f"{each.text} ({self.short(each.iri)})") if each.iri and counts[each.text] > 1 else each
            for each in listed
        ]

    def _is_read(self, iri: str) -> bool:
        """Whether there is a page about an IRI of ours that has no name."""
        return self._snapshot.speaks_of(iri)

    def _is_told_here(self, iri: str) -> bool:
        """Whether the publication's own graphs say something of an IRI that is not ours."""
        graph = f"{self.urls.base}graph/"
        aside = {ox.DefaultGraph(), ox.NamedNode(graph + ENTAILED_GRAPH), ox.NamedNode(graph + CATALOG_GRAPH)}
        try:
            quads = self._store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
        except ValueError:
            return False
        return any(each.graph_name not in aside for each in quads)

    def _tag(self, language: str) -> str:
        """Return how the reader calls a language that is none of those expected, or an empty string."""
        if not language or language.partition("-")[0] in self._expected:
            return ""
        try:
            return Locale.parse(language, sep="-").get_display_name(page_language()) or language
        except (UnknownLocaleError, ValueError):
            return language

    def term(self, term: object) -> Shown:
        """Return any RDF term."""
        if isinstance(term, ox.NamedNode):
            return self.thing(term.value)
        if isinstance(term, ox.Literal):
            return self._literal(term)
        return Shown(str(term))

    def _literal(self, literal: ox.Literal) -> Shown:
        """Return a literal as one reads it; one whose text is none of its datatype's by its text, with the datatype."""
        datatype, value, tag = literal.datatype.value, literal.value, literal.language or ""
        if not is_legal(value, datatype):
            return Shown(value, note=self.short(datatype), is_long="\n" in value)
        if datatype in TIMES:
            return Shown(readable(value, datatype, page_language()), is_time=is_time(value), datetime=value)
        if datatype == XSD + "string" and (days := PERIOD.match(value)) is not None:
            return Shown(interval(days[1], days[2], page_language()))
        if datatype == XSD + "boolean":
            return Shown(translated("Yes") if truth_value(value) else translated("No"))
        if (number := whole_number(value, datatype)) is not None and len(value.strip("+-")) > len("9999"):
            return Shown(grouped(number, page_language()))
        note = "" if tag or datatype in PLAIN else self.short(datatype)
        stated = str(literal.direction or "")
        return Shown(value, tag, note=note, is_long="\n" in value, tag=self._tag(tag), direction=stated)


def _expected(languages: Sequence[str], own: Sequence[str]) -> frozenset[str]:
    """Return the languages, without regions, that a reader need not be told of: up to the first of the publication's.

    Whoever prefers Hungarian, of which there may be little, expects what the publication is written in beside it.
    """
    found, ours = list[str](), {each.partition("-")[0].lower() for each in own}
    for each in languages:
        found.append(each.partition("-")[0])
        if found[-1] in ours:
            break
    return frozenset(found)


def names_for(
    snapshot: Snapshot, urls: Urls, languages: tuple[str, ...], iris: Iterable[str] = ()  # noqa: ARG001
) -> Names:  # fmt: skip
    """Return the names of things in a reader's languages; they are looked up when they are asked for."""
    return Names(snapshot, urls, languages)


# Property paths of shapes (SHACL 2.3.1), followed from a thing to its values, each with the statement that gives it.
#
# Predicates, inverses, sequences and alternatives are followed; a path with ``*``, ``+`` or ``?`` belongs to
# validation, and a page leaves it out.

MOST_VALUES = 200
NIL = RDF + "nil"
LONGEST = 20


@dataclass(frozen=True, slots=True)
class PathStep:
    """One predicate, followed forwards or backwards."""

    predicate: str
    is_inverse: bool = False


@dataclass(frozen=True, slots=True)
class SequencePath:
    """One path after the other."""

    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any of several paths."""

    parts: tuple[Path, ...]


Path = PathStep | SequencePath | Alternative


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A value, and the statement that led to it last."""

    term: Term
    subject: str
    predicate: str
    object: Term


def read_path(store: ox.Store, node: Term) -> Path | None:
    """Return the path that a node of the shapes means, or None where a page does not follow it."""
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return None
    if (items := _list(store, node)) is not None:
        parts = [read_path(store, each) for each in items]
        return SequencePath(tuple(each for each in parts if each)) if parts and all(parts) else None
    if (inverse := _object(store, node, SH + "inversePath")) is not None:
        return PathStep(inverse.value, is_inverse=True) if isinstance(inverse, ox.NamedNode) else None
    if (either := _object(store, node, SH + "alternativePath")) is not None:
        choices = [read_path(store, each) for each in _list(store, either) or ()]
        return Alternative(tuple(each for each in choices if each)) if choices and all(choices) else None
    said = next(store.quads_for_pattern(node, None, None, ox.DefaultGraph()), None)
    is_operator = said is not None and said.predicate.value.startswith(SH) and said.predicate.value.endswith("Path")
    return PathStep(node.value) if isinstance(node, ox.NamedNode) and not is_operator else None


def _object(store: ox.Store, node: Term, predicate: str) -> Term | None:
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return None
    found = next(store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph()), None)
    return found.object if found else None


def _list(store: ox.Store, node: Term) -> list[Term] | None:
    """Return the members of an RDF list, or None where the node is none."""
    members: list[Term] = []
    while not (isinstance(node, ox.NamedNode) and node.value == NIL):
        first, rest = _object(store, node, RDF + "first"), _object(store, node, RDF + "rest")
        if first is None or rest is None or len(members) >= LONGEST:
            return None
        members.append(first)
        node = rest
    return members


def steps(path: Path) -> Iterator[PathStep]:
    """Yield every single predicate of a path."""
    if isinstance(path, PathStep):
        yield path
    else:
        for each in path.parts:
            yield from steps(each)


def ends(path: Path) -> Iterator[PathStep]:
    """Yield the predicates by which a path leaves a thing: what it shows of the thing's own statements."""
    if isinstance(path, PathStep):
        yield path
    elif isinstance(path, Alternative):
        for each in path.parts:
            yield from ends(each)


def spelt(path: Path) -> str:
    """Return a path as SPARQL writes it (9.1)."""
    match path:
        case PathStep(predicate, is_inverse):
            return f"{'^' if is_inverse else ''}<{predicate}>"
        case Alternative(parts):
            return f"({'|'.join(map(spelt, parts))})"
        case SequencePath(parts):
            return f"({'/'.join(map(spelt, parts))})"


def follow(store: ox.Store, thing: str, path: Path, most: int = MOST_VALUES) -> list[FoundValue]:
    """Return the values of a path from a thing, each once, at most so many."""
    found: dict[Term, FoundValue] = {}
    for each in islice(_follow(store, ox.NamedNode(thing), path, most), most):
        found.setdefault(each.term, each)
    return list(found.values())


def _follow(store: ox.Store, node: Term, path: Path, most: int) -> Iterator[FoundValue]:
    if not isinstance(node, ox.NamedNode | ox.BlankNode):
        return
    match path:
        case PathStep(predicate, is_inverse):
            yield from _step(store, node, ox.NamedNode(predicate), is_inverse=is_inverse)
        case Alternative(parts):
            for part in parts:
                yield from _follow(store, node, part, most)
        case SequencePath(parts):
            reached = [FoundValue(node, "", "", node)]
            for part in parts:
                reached = list(islice((far for near in reached for far in _follow(store, near.term, part, most)), most))
            yield from reached


def _step(
    store: ox.Store, node: ox.NamedNode | ox.BlankNode, predicate: ox.NamedNode, *, is_inverse: bool
) -> Iterator[FoundValue]:
    merge = ox.DefaultGraph()
    if is_inverse:
        for quad in store.quads_for_pattern(None, predicate, node, merge):
            if isinstance(quad.subject, ox.NamedNode):
                yield FoundValue(quad.subject, quad.subject.value, predicate.value, node)
    else:
        for quad in store.quads_for_pattern(node, predicate, None, merge):
            yield FoundValue(quad.object, node.value, predicate.value, quad.object)


# What the shapes say about pages: which properties of a class a page shows, in which order, under which names.
#
# It reads shapes for display only (``sh:order``, ``sh:group``, ``sh:name``, ``sh:description``; SHACL 2.3.2);
# judging data by them is done in ``graph.validation``.

UNSHOWN = "shape/group-checks"
"""The group, below the base, whose properties are checks and nothing to read."""
LAST = 1e9

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """A group of properties, and its names by language tag."""

    iri: str
    order: float
    names: Texts = field(hash=False)


@dataclass(frozen=True, slots=True)
class ShownProperty:
    """A property as the shapes want it shown.

    Attributes:
        shape: the IRI of the property shape.
        path: what leads to its values.
        order: where it stands.
        group: its group, where it has one.
        names: names by language tag.
        descriptions: descriptions likewise.
    """

    shape: str
    path: Path
    order: float
    group: PropertyGroup | None
    names: Texts = field(hash=False)
    descriptions: Texts = field(hash=False)


@dataclass(frozen=True, slots=True)
class PageShapes:
    """The properties of each class that has a shape, in order."""

    by_class: dict[str, tuple[ShownProperty, ...]]

    def of(self, classes: Iterable[str]) -> tuple[ShownProperty, ...]:
        """Return the properties of a thing of these classes, in order, one a path."""
        found: dict[Path, ShownProperty] = {}
        for each in sorted((one for name in classes for one in self.by_class.get(name, ())), key=lambda one: one.order):
            found.setdefault(each.path, each)
        return tuple(found.values())


def text_in(texts: Texts, languages: Sequence[str]) -> tuple[str, str]:
    """Return a text in the first language that there is, and its tag; empty where there is none."""
    tag = preferred_tag(texts, languages)
    return texts.get(tag, ""), tag.lower()


def shapes_of(snapshot: Snapshot) -> PageShapes:
    """Return what the shapes of a release say about pages."""
    store, unshown = snapshot.release.store, snapshot.publication.base + UNSHOWN
    groups: dict[str, PropertyGroup] = {}
    by_class: dict[str, list[ShownProperty]] = {}
    for shape, target in _targets(store):
        for node in _all(store, shape, SH + "property"):
            shown = _property(store, node, groups)
            if shown is not None and (shown.group is None or shown.group.iri != unshown):
                by_class.setdefault(target, []).append(shown)
    return PageShapes({name: tuple(sorted(found, key=lambda each: each.order)) for name, found in by_class.items()})


def _targets(store: ox.Store) -> Iterator[tuple[ox.NamedNode, str]]:
    """Yield every node shape with a class it is about: its target, or itself where it is a class too."""
    merge = ox.DefaultGraph()
    for quad in store.quads_for_pattern(None, ox.NamedNode(SH + "targetClass"), None, merge):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            yield quad.subject, quad.object.value
    for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(SH + "NodeShape"), merge):
        if isinstance(quad.subject, ox.NamedNode) and any(
            isinstance(each, ox.NamedNode) and each.value.endswith(("#Class",))
            for each in _all(store, quad.subject, RDF_TYPE)
        ):
            yield quad.subject, quad.subject.value


def _property(store: ox.Store, node: object, groups: dict[str, PropertyGroup]) -> ShownProperty | None:
    if not isinstance(node, ox.NamedNode):
        return None
    path = next((read_path(store, each) for each in _all(store, node, SH + "path")), None)
    if path is None:
        return None
    group = next((each for each in _all(store, node, SH + "group") if isinstance(each, ox.NamedNode)), None)
    if group is not None and group.value not in groups:
        groups[group.value] = PropertyGroup(group.value, _order(store, group), _texts(store, group, RDFS_LABEL))
    return ShownProperty(
        node.value,
        path,
        _order(store, node),
        groups[group.value] if group is not None else None,
        _texts(store, node, SH + "name"),
        _texts(store, node, SH + "description"),
    )


def _all(store: ox.Store, node: ox.NamedNode, predicate: str) -> Iterator[ox.NamedNode | ox.BlankNode | ox.Literal]:
    for quad in store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph()):
        if not isinstance(quad.object, ox.Triple):
            yield quad.object


def _order(store: ox.Store, node: ox.NamedNode) -> float:
    for each in _all(store, node, SH + "order"):
        if (number := finite_number(each.value, XSD + "double")) is not None:
            return float(number)
    return LAST


def _texts(store: ox.Store, node: ox.NamedNode, predicate: str) -> Texts:
    found = (each for each in _all(store, node, predicate) if isinstance(each, ox.Literal))
    return {each.language or "": each.value for each in found}


def own_predicates(properties: Iterable[ShownProperty]) -> frozenset[str]:
    """Return the predicates of a thing that its shapes show."""
    return frozenset(step.predicate for each in properties for step in ends(each.path) if not step.is_inverse)


def incoming_predicates(properties: Iterable[ShownProperty]) -> frozenset[str]:
    """Return the predicates that lead to a thing and that its shapes show."""
    return frozenset(step.predicate for each in properties for step in ends(each.path) if step.is_inverse)


# A node shape as a table that people read: each property, what it is for, how many values of which kind it takes.

KINDS = ("class", "datatype", "nodeKind", "hasValue", "node")
"""What constrains a value by an IRI."""
TEXTS = MappingProxyType({
    "pattern": "", "minInclusive": "≥ ", "maxInclusive": "≤ ", "minExclusive": "> ", "maxExclusive": "< ",
    "minLength": "… ≥ ", "maxLength": "… ≤ ",
})  # fmt: skip
"""What constrains it by a literal, and the sign before that; dots stand for the length of a text."""
MOST_RULES = 200


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """What a shape says of one property.

    Attributes:
        shape: the property shape, by the name of the property.
        path: the predicates that lead to the values.
        description: what it is for.
        count: how many values there may be, such as ``1``, ``0–1`` or ``≥ 1``, empty where any.
        kinds: of which kinds they are.
        texts: in which bounds they lie.
        severity: how grave it is to break the rule, where that is said.
    """

    shape: Shown
    path: tuple[Shown, ...]
    description: str
    count: str
    kinds: tuple[Shown, ...]
    texts: tuple[str, ...]
    severity: Shown | None


class ShapeRules:
    """Reads the rules of node shapes."""

    def __init__(self, store: ox.Store, terms: Names) -> None:
        """Read from a store."""
        self._store, self._terms = store, terms

    def of(self, shape: str) -> tuple[PropertyRule, ...]:
        """Return the rules of a node shape, in its order; none where it is none."""
        nodes = [each.value for each in self._values(shape, "property") if isinstance(each, ox.NamedNode)][:MOST_RULES]
        return tuple(self._rule(each) for each in sorted(nodes, key=lambda each: (self._order(each), each)))

    def _values(self, iri: str, name: str) -> list[Term]:
        return [each.term for each in follow(self._store, iri, PathStep(SH + name))]

    def _order(self, iri: str) -> float:
        numbers = (finite_number(each, XSD + "double") for each in self._literals(iri, "order"))
        return next((float(each) for each in numbers if each is not None), LAST)

    def _literals(self, iri: str, name: str) -> list[str]:
        return [each.value for each in self._values(iri, name) if isinstance(each, ox.Literal)]

    def _text(self, iri: str, name: str) -> tuple[str, str]:
        texts = {each.language or "": each.value for each in self._values(iri, name) if isinstance(each, ox.Literal)}
        return text_in(texts, self._terms.languages)

    def _rule(self, iri: str) -> PropertyRule:
        text, language = self._text(iri, "name")
        path = next((read_path(self._store, each) for each in self._values(iri, "path")), None)
        severity = next(iter(self._values(iri, "severity")), None)
        return PropertyRule(
            Shown(text or self._terms.short(iri), language, self._terms.urls.page(iri), iri),
            tuple(self._steps(path)) if path else (),
            self._text(iri, "description")[0],
            self._count(iri),
            tuple(self._terms.term(each) for name in KINDS for each in self._values(iri, name)),
            tuple(sign + text for name, sign in TEXTS.items() for text in self._literals(iri, name)),
            self._terms.term(severity) if severity is not None else None,
        )

    def _count(self, iri: str) -> str:
        least, most = self._literals(iri, "minCount"), self._literals(iri, "maxCount")
        if not most:
            return f"≥ {least[0]}" if least else ""
        return most[0] if least == most else f"{least[0] if least else 0}–{most[0]}"

    def _steps(self, path: Path) -> Iterator[Shown]:
        """Yield the predicates of a path, written as in SPARQL: ``^`` where they are followed backwards."""
        if isinstance(path, PathStep):
            arrow = "^" if path.is_inverse else ""
            yield Shown(arrow + self._terms.short(path.predicate), "", self._terms.urls.page(path.predicate))
            return
        for place, each in enumerate(path.parts):
            if place and isinstance(path, Alternative):
                yield Shown("|")
            yield from self._steps(each)


# A count as a sentence: how many of what, at least or exactly, and between which days it was made.
#
# It reads the terms of the publication's vocabulary for counts (``memberCount``, ``countUnit`` and their siblings). The
# unit says in the data what it is called behind a number (``countForms``), one form for each plural category (CLDR).

CATEGORIES = ("zero", "one", "two", "few", "many", "other")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of what, and the days between which they were counted, as one reads them: none, one or two."""

    many: str
    days: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """When it was counted, by itself; empty where that is not known."""
        if len(set(self.days)) < 2:
            return translated("counted on %(day)s", day=self.days[0]) if self.days else ""
        return translated("counted between %(first)s and %(last)s", first=self.days[0], last=self.days[1])

    @property
    def sentence(self) -> str:
        """All of it."""
        return ", ".join(filter(None, (self.many, self.when)))


def stated(store: ox.Store, base: str, statement: str) -> Tally | None:
    """Return what a statement (``rdf:Statement``) says a count is; None where it says another thing."""
    subject, predicate, number = (_first(store, statement, RDF + name) for name in ("subject", "predicate", "object"))
    is_count = isinstance(subject, ox.NamedNode) and predicate == ox.NamedNode(f"{base}ns#memberCount")
    return _read(store, base, subject.value, number) if is_count and isinstance(subject, ox.NamedNode) else None


def counted(store: ox.Store, base: str, iri: str) -> str:
    """Return a count as a sentence in the language of the interface; empty where a thing is none that says enough."""
    found = _read(store, base, iri, None)
    return found.sentence if found else ""


def _read(store: ox.Store, base: str, iri: str, number: object) -> Tally | None:
    """Return a count; ``number`` is how many somebody says they are, else the count says it."""
    ns = f"{base}ns#"
    number = number or _first(store, iri, f"{ns}memberCount")
    unit = _first(store, iri, f"{ns}countUnit")
    total = whole_number(number.value, number.datatype.value) if isinstance(number, ox.Literal) else None
    if total is None or not isinstance(unit, ox.NamedNode):
        return None
    forms = {each.language or "": each.value for each in _objects(store, unit.value, f"{ns}countForms")
             if isinstance(each, ox.Literal)}  # fmt: skip
    text, language = text_in(forms, (page_language(),))
    if not text:
        return None
    bound = _first(store, iri, f"{ns}isLowerBound")
    is_least = isinstance(bound, ox.Literal) and truth_value(bound.value) is True
    said = {"number": grouped(total, page_language()), "unit": form(text, total, language, is_more=is_least)}
    count = translated("more than %(number)s %(unit)s", **said) if is_least else f"{said['number']} {said['unit']}"
    days = [each.value for name in ("countEarliest", "countLatest")
            if isinstance(each := _first(store, iri, f"{ns}{name}"), ox.Literal)]  # fmt: skip
    told = tuple(readable(each, XSD + "date", page_language()) for each in days)
    return Tally(count, told if len(told) == 2 else ())


def form(forms: str, number: int, language: str, *, is_more: bool = False) -> str:
    """Return the form of a word behind a number.

    Args:
        forms: its forms with strokes between, in the order of the plural categories that the language has (UTS 35).
        number: the number.
        language: the language of the forms.
        is_more: whether "more than" stands before the number, behind which Russian has the genitive.
    """
    every, rule = forms.split("|"), Locale.parse(language, sep="-").plural_form
    has = [each for each in CATEGORIES if each in rule.tags or each == "other"]
    place = has.index(rule(number))
    if is_more and language.partition("-")[0] == "ru":
        place = max(1, place) if place == 0 else 2
    return every[min(place, len(every) - 1)]


def _objects(store: ox.Store, iri: str, predicate: str) -> list[object]:
    quads = store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(predicate), None, ox.DefaultGraph())
    return [quad.object for quad in quads]


def _first(store: ox.Store, iri: str, predicate: str) -> object:
    return next(iter(_objects(store, iri, predicate)), None)
