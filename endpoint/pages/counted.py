"""A count as a sentence: how many of what, at least or exactly, and between which days it was made.

It reads the terms of the publication's vocabulary for counts (``memberCount``, ``countUnit`` and their siblings). The
unit says in the data what it is called behind a number (``countForms``), one form for each plural category (CLDR).
"""

from __future__ import annotations

import pyoxigraph as ox
from babel.core import Locale

from endpoint.http.languages import page_language, translated
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.values import grouped, readable
from graph.model.literals import truth_value, whole_number
from graph.model.namespaces import RDF, XSD

CATEGORIES = ("zero", "one", "two", "few", "many", "other")


def stated(store: ox.Store, base: str, statement: str) -> str:
    """Return what a statement (``rdf:Statement``) says a count is, as a sentence; empty where it says another thing."""
    subject, predicate, number = (_first(store, statement, RDF + name) for name in ("subject", "predicate", "object"))
    is_count = isinstance(subject, ox.NamedNode) and predicate == ox.NamedNode(f"{base}ns#memberCount")
    return counted(store, base, subject.value, number) if is_count and isinstance(subject, ox.NamedNode) else ""


def counted(store: ox.Store, base: str, iri: str, number: object = None) -> str:
    """Return a count as a sentence in the language of the interface; empty where a thing is none that says enough.

    ``number`` is how many somebody says they are; by itself the count says it.
    """
    ns = f"{base}ns#"
    number = number or _first(store, iri, f"{ns}memberCount")
    unit = _first(store, iri, f"{ns}countUnit")
    total = whole_number(number.value, number.datatype.value) if isinstance(number, ox.Literal) else None
    if total is None or not isinstance(unit, ox.NamedNode):
        return ""
    forms = {each.language or "": each.value for each in _all(store, unit.value, f"{ns}countForms")
             if isinstance(each, ox.Literal)}  # fmt: skip
    text, language = text_in(forms, (page_language(),))
    if not text:
        return ""
    bound = _first(store, iri, f"{ns}isLowerBound")
    is_least = isinstance(bound, ox.Literal) and truth_value(bound.value) is True
    said = {"number": grouped(total, page_language()), "unit": form(text, total, language, is_more=is_least)}
    count = translated("more than %(number)s %(unit)s", **said) if is_least else f"{said['number']} {said['unit']}"
    days = [each.value for name in ("countEarliest", "countLatest")
            if isinstance(each := _first(store, iri, f"{ns}{name}"), ox.Literal)]  # fmt: skip
    return _when(count, [readable(each, XSD + "date", page_language()) for each in days])


def _when(count: str, days: list[str]) -> str:
    if len(days) < 2:
        return count
    if days[0] == days[1]:
        return translated("%(count)s, counted on %(day)s", count=count, day=days[0])
    return translated("%(count)s, counted between %(first)s and %(last)s", count=count, first=days[0], last=days[1])


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
