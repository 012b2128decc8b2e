"""A count as a sentence: how many of what, at least or exactly, and between which days it was made.

It reads the terms of the publication's vocabulary for counts (``memberCount``, ``countUnit`` and their siblings). The
unit says in the data what it is called behind a number (``countForms``), one form for each plural category (CLDR).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
from babel.core import Locale

from endpoint.http.languages import page_language, translated
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.values import grouped, readable
from graph.model.literals import truth_value, whole_number
from graph.model.namespaces import RDF, XSD

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
    forms = {each.language or "": each.value for each in _all(store, unit.value, f"{ns}countForms")
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


def _all(store: ox.Store, iri: str, predicate: str) -> list[object]:
    quads = store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(predicate), None, ox.DefaultGraph())
    return [quad.object for quad in quads]


def _first(store: ox.Store, iri: str, predicate: str) -> object:
    return next(iter(_all(store, iri, predicate)), None)
