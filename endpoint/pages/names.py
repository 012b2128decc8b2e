"""How terms look on a page: by their label where they have one, in the reader's language, linked to where one reads on.

It makes no HTML; templates do. Links lead only where a browser may safely go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.urls import Urls
from graph.description import is_described
from graph.labels import Label, labels
from graph.namespaces import XSD

SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")
UNNAMED = ".well-known/genid/"
TIMES = frozenset(XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth", "time"))
PLAIN = TIMES | frozenset(XSD + name for name in ("string", "integer", "decimal", "boolean", "double"))


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
    """

    text: str
    language: str = ""
    href: str = ""
    iri: str = ""
    note: str = ""
    is_time: bool = False
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the things on one page.

    Attributes:
        urls: where one reads on.
        prefixes: prefix → IRI.
        labels: the labels that were found.
        silent: IRIs below the base of which nothing is said, so that there is nothing to read.
    """

    urls: Urls
    prefixes: Mapping[str, str]
    labels: Mapping[str, Label]
    silent: frozenset[str] = frozenset()

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
        href = iri if not is_ours and iri.startswith(SAFE_SCHEMES) else self.urls.read(iri)
        return Shown(text, language, href, iri)

    def term(self, term: object) -> Shown:
        """Return any RDF term."""
        if isinstance(term, ox.NamedNode):
            return self.thing(term.value)
        if isinstance(term, ox.Literal):
            return self._literal(term)
        return Shown(str(term))

    def _literal(self, literal: ox.Literal) -> Shown:
        datatype = literal.datatype.value
        note = "" if literal.language or datatype in PLAIN else self.short(datatype)
        is_long = "\n" in literal.value
        return Shown(literal.value, literal.language or "", "", "", note, datatype in TIMES, is_long)


def names_for(snapshot: Snapshot, urls: Urls, languages: tuple[str, ...], iris: Iterable[str]) -> Names:
    """Return the names of these things, looked up at once."""
    store, wanted = snapshot.release.store, tuple(dict.fromkeys(iris))
    found = labels(store, wanted, languages)
    graphs = {each.iri for each in snapshot.release.manifest.graphs}
    nameless = (iri for iri in wanted if iri.startswith(urls.base) and iri not in found and iri not in graphs)
    silent = frozenset(iri for iri in nameless if not is_described(store, iri))
    return Names(urls, snapshot.prefixes, found, silent)
