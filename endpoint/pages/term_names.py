"""How terms look on a page: by their label where they have one, in the reader's language, linked to where one reads on.

It makes no HTML; templates do. Links lead only where a browser may safely go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

import pyoxigraph as ox
from babel.core import Locale, UnknownLocaleError
from flask import g

from endpoint.current import Snapshot
from endpoint.http.languages import grouped, in_script, interval, is_time, page_language, reached, readable, translated
from endpoint.urls import Urls
from graph.model.description import CONTACTS, Label, called, language_chain, language_rank
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    PLURAL,
    RANGES,
    XSD,
    is_legal,
    truth_value,
    whole_number,
)

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
