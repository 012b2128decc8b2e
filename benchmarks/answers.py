"""Answers of several servers to one query, compared: multisets of solutions, sets of triples, numbers by their value.

What RDF calls equal is equal here: the order of rows (the queries order by what they say), the lexical form of a
number, ``xsd:string`` written out or not, the case of a language tag. Nothing else is: a missing row, another
datatype that is no number, a text cut short are differences.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_STRING: Final = f"{_XSD}string"
_WHOLE: Final = frozenset(
    f"{_XSD}{sign}{name}"
    for sign, names in {
        "": ("integer", "decimal", "long", "int", "short", "byte"),
        "unsigned": ("Long", "Int", "Short", "Byte"),
        "non": ("NegativeInteger", "PositiveInteger"),
        "negative": ("Integer",),
        "positive": ("Integer",),
    }.items()
    for name in names
)
_BINARY: Final = frozenset((f"{_XSD}double", f"{_XSD}float"))
#: Digits to which two floating-point numbers are compared: sums depend on their order.
_DIGITS: Final = 12


class Term(NamedTuple):
    """An RDF term as it is compared: its kind (iri, literal, number, bnode), value, and datatype or language."""

    kind: str
    value: str
    more: str = ""


class UnreadableError(Exception):
    """An answer that is none: not whole, or of another form than was asked for."""


Answer = Counter[object]


def solutions(body: bytes) -> Answer:
    """The answer of a SELECT or ASK in SPARQL 1.1 Query Results JSON. Raises UnreadableError."""
    try:
        document = json.loads(body)
        if "boolean" in document:
            return Counter([document["boolean"]])
        rows = document["results"]["bindings"]
        return Counter(frozenset((name, _of_json(term)) for name, term in row.items()) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableError(f"{type(problem).__name__}: {problem}: {body[:200]!r}") from problem


def triples(body: bytes) -> Answer:
    """The answer of a CONSTRUCT in N-Triples, as a set. Raises UnreadableError."""
    try:
        found = ox.parse(body, format=ox.RdfFormat.N_TRIPLES)
        return Counter({tuple(_of_ox(term) for term in quad.triple): 1 for quad in found})
    except SyntaxError as problem:
        raise UnreadableError(f"{problem}: {body[:200]!r}") from problem


def difference(one: Answer, other: Answer, most: int = 2) -> str:
    """What one has and the other has not, shortly; an empty string if they are equal."""
    if one == other:
        return ""
    missing, surplus = one - other, other - one
    parts = [f"{one.total()} against {other.total()} rows"]
    for sign, rows in (("-", missing), ("+", surplus)):
        parts += [f"{sign} {_shown(row)}" for row, _ in rows.most_common(most)]
    return "\n    ".join(parts)


def _shown(row: object) -> str:
    terms: Iterable[Any] = sorted(row, key=str) if isinstance(row, frozenset) else [row]
    return str([*terms])[:400]


def _of_json(term: Mapping[str, str]) -> Term:
    if term["type"] == "uri":
        return Term("iri", term["value"])
    if term["type"] == "bnode":
        return Term("bnode", "")
    return _literal(term["value"], term.get("datatype", _STRING), term.get("xml:lang", ""))


def _of_ox(term: object) -> Term:
    if isinstance(term, ox.NamedNode):
        return Term("iri", term.value)
    if isinstance(term, ox.Literal):
        return _literal(term.value, term.datatype.value, term.language or "")
    return Term("bnode", "")


def _literal(value: str, datatype: str, language: str) -> Term:
    if language:
        return Term("literal", value, f"@{language.lower()}")
    try:
        if datatype in _WHOLE:
            return Term("number", str(Decimal(value).normalize() + 0))
        if datatype in _BINARY:
            return Term("number", f"{float(value):.{_DIGITS}g}")
    except (InvalidOperation, ValueError):
        pass
    return Term("literal", value, datatype)
