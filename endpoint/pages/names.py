"""How terms look on a page: by their label where they have one, in the reader's language, linked to where one reads on.

It makes no HTML; templates do. Links lead only where a browser may safely go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox
from babel.numbers import format_decimal

from endpoint.current import Snapshot
from endpoint.language import page_language, translated
from endpoint.pages.dates import readable
from endpoint.urls import Urls
from graph.description import is_described
from graph.labels import Label, labels
from graph.namespaces import XSD

SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")
UNNAMED = ".well-known/genid/"
TIMES = frozenset(XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth", "time"))
WHOLE = frozenset(XSD + name for name in ("integer", "nonNegativeInteger", "positiveInteger", "int", "long"))
PLAIN = TIMES | WHOLE | frozenset(XSD + name for name in ("string", "decimal", "boolean", "double"))


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


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the things on one page.

    Attributes:
        urls: where one reads on.
        prefixes: prefix → IRI.
        labels: the labels that were found.
        silent: IRIs below the base of which nothing is said, so that there is nothing to read.
        wanted: the language in which the content is wanted.
    """

    urls: Urls
    prefixes: Mapping[str, str]
    labels: Mapping[str, Label]
    silent: frozenset[str] = frozenset()
    wanted: str = ""

    def short(self, iri: str) -> str:
        """Return an IRI written short: with a prefix, without the base, or as the plain number or address it is."""
        for scheme in ("tel:", "mailto:"):
            if iri.startswith(scheme):
                return iri.removeprefix(scheme)
        if iri.startswith(self.urls.base + UNNAMED):
            return f"unnamed {iri[-6:]}"
        fitting = [(len(start), prefix) for prefix, start in self.prefixes.items() if iri.startswith(start)]
        if fitting:
            length, prefix = max(fitting)
            return f"{prefix}:{iri[length:]}"
        return iri.removeprefix(self.urls.base) or iri

    def thing(self, iri: str) -> Shown:
        """Return an IRI by its label; a thing that nothing here names leads to its own address."""
        label = self.labels.get(iri)
        text, language = (label.text, label.language) if label else (self.short(iri), "")
        is_ours = label is not None or iri.startswith(self.urls.base)
        if iri in self.silent:
            return Shown(text, language, "", iri)
        href = iri if not is_ours and iri.startswith(SAFE_SCHEMES) else self.urls.page(iri)
        return Shown(text, language, href, iri)

    def term(self, term: object) -> Shown:
        """Return any RDF term."""
        if isinstance(term, ox.NamedNode):
            return self.thing(term.value)
        if isinstance(term, ox.Literal):
            return self._literal(term)
        return Shown(str(term))

    def _literal(self, literal: ox.Literal) -> Shown:
        datatype, value, tag = literal.datatype.value, literal.value, literal.language or ""
        if datatype in TIMES:
            return Shown(readable(value, datatype, page_language()), is_time=True, datetime=value)
        if datatype == XSD + "boolean":
            return Shown(translated("Yes") if value in ("true", "1") else translated("No"))
        if datatype in WHOLE and value.isdecimal() and len(value) > len("9999"):
            return Shown(format_decimal(int(value), locale=page_language()))
        note = "" if tag or datatype in PLAIN else self.short(datatype)
        other = tag if tag and tag.partition("-")[0] != self.wanted.partition("-")[0] else ""
        return Shown(value, tag, note=note, is_long="\n" in value, tag=other)


def names_for(snapshot: Snapshot, urls: Urls, languages: tuple[str, ...], iris: Iterable[str]) -> Names:
    """Return the names of these things, looked up at once."""
    store, wanted = snapshot.release.store, tuple(dict.fromkeys(iris))
    found = labels(store, wanted, languages)
    graphs = {each.iri for each in snapshot.release.manifest.graphs}
    nameless = (iri for iri in wanted if iri.startswith(urls.base) and iri not in found and iri not in graphs)
    silent = frozenset(iri for iri in nameless if not is_described(store, iri))
    return Names(urls, snapshot.prefixes, found, silent, languages[0] if languages else "")
