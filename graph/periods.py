"""When what is said of a thing was published: from the dates of the documents that it was derived from.

Telephones, addresses of mail and who answers them change. So whatever shows one says of which years it is, where the
data knows. A document without a date has that of what it is a part of (``dct:isPartOf``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.namespaces import DCAT, DCT, FOAF, ORG, PROV, SCHEMA, VCARD

CONTACTS = ("tel:", "mailto:")
"""The schemes of what one dials or writes to."""
REACHING = frozenset((
    *(SCHEMA + name for name in ("telephone", "email", "faxNumber")), FOAF + "phone", FOAF + "mbox",
    *(VCARD + name for name in ("hasTelephone", "hasEmail", "telephone", "email")),
))  # fmt: skip
"""Properties whose values say how one reaches somebody, whatever form they have."""
DATED = (SCHEMA + "temporalCoverage", DCT + "temporal", DCT + "date", DCT + "issued", SCHEMA + "datePublished")
"""What says of which time a document is; the first that it has counts. A period (``dct:PeriodOfTime``) has two ends."""
ENDS = (DCAT + "startDate", DCAT + "endDate", SCHEMA + "startDate", SCHEMA + "endDate")
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
MOST_SOURCES, MOST_WHOLES = 50, 8


@dataclass(frozen=True, slots=True)
class Period:
    """The years from the first to the last, as numbers with four digits."""

    first: str
    last: str

    def __str__(self) -> str:
        """Return it as one writes it: one year, or two with a dash."""
        return self.first if self.first == self.last else f"{self.first}–{self.last}"


def spanned(periods: Iterable[Period | None]) -> Period | None:
    """Return the period from the beginning of the first to the end of the last; None where there is none."""
    known = [each for each in periods if each is not None]
    return Period(min(each.first for each in known), max(each.last for each in known)) if known else None


def is_contact(predicate: str, value: object) -> bool:
    """Whether a statement says how one reaches somebody."""
    return predicate in REACHING or (isinstance(value, ox.NamedNode) and value.value.startswith(CONTACTS))


def published(store: ox.Store, subject: str) -> Period | None:
    """Return when the sources of a thing are from; None where they have no date."""
    sources = islice(_values(store, subject, PROV + "wasDerivedFrom"), MOST_SOURCES)
    return spanned(_of_document(store, each.value) for each in sources if isinstance(each, ox.NamedNode))


def contact_published(store: ox.Store, contact: str) -> Period | None:
    """Return when a telephone or an address of mail was published by the sources of whatever has it."""
    quads = store.quads_for_pattern(None, None, ox.NamedNode(contact), ox.DefaultGraph())
    named = (quad.subject.value for quad in islice(quads, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in named)


def person_published(store: ox.Store, person: str) -> Period | None:
    """Return when it was published who somebody is, and where: from their sources and those of their memberships."""
    found = store.quads_for_pattern(None, ox.NamedNode(ORG + "member"), ox.NamedNode(person), ox.DefaultGraph())
    roles = (quad.subject.value for quad in islice(found, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in (person, *roles))


def _of_document(store: ox.Store, document: str) -> Period | None:
    """Return of which years a document is, or what it is a part of."""
    for _ in range(MOST_WHOLES):
        if (found := _dated(store, document)) is not None:
            return found
        wholes = (each.value for each in _values(store, document, DCT + "isPartOf") if isinstance(each, ox.NamedNode))
        document = next(wholes, "")
        if not document:
            return None
    return None


def _dated(store: ox.Store, document: str) -> Period | None:
    for predicate in DATED:
        years = sorted(year for each in _values(store, document, predicate) for year in _years(store, each))
        if years:
            return Period(years[0], years[-1])
    return None


def _years(store: ox.Store, value: object) -> Iterator[str]:
    if isinstance(value, ox.Literal):
        yield from YEAR.findall(value.value[:100])
    elif isinstance(value, ox.NamedNode):
        ends = (each for end in ENDS for each in _values(store, value.value, end))
        yield from (
            year for each in ends if isinstance(each, ox.Literal) for year in YEAR.findall(each.value[:100])[:1]
        )


def _values(store: ox.Store, subject: str, predicate: str) -> Iterator[object]:
    try:
        quads = store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, ox.DefaultGraph())
    except ValueError:
        return
    yield from (quad.object for quad in islice(quads, MOST_SOURCES))
