"""Filters: which solutions an expression is true for (SPARQL 17.2, 17.3).

An expression is true, false or an error; what is neither true nor false here is an error, as a comparison of terms
that have no order is. Only comparisons whose outcome is certain are made; all others are unsupported.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.query.columns.plan import Call, Constant, Expression, UnsupportedError, Variable
from graph.query.columns.relation import Relation
from graph.query.columns.terms import Ids, Kind, Terms, describe, unescaped

Mask = NDArray[np.bool_]
COMPARE: dict[str, Callable[[Ids, int], Mask]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": operator.contains, "STRSTARTS": str.startswith, "STRENDS": str.endswith,
}  # fmt: skip
WITH_TEXT = (Kind.IRI, Kind.STRING, Kind.LANGUAGE_STRING, Kind.INTEGER, Kind.DATE)


@dataclass(frozen=True, slots=True)
class Truth:
    """For which solutions an expression is true, and for which false."""

    true: Mask
    false: Mask


def satisfied(expression: Call, relation: Relation, terms: Terms) -> Mask:
    """Return for which solutions the expression is true.

    Raises:
        UnsupportedError: it is not certain.
    """
    return _truth(expression, relation, terms).true


def _truth(expression: Expression, relation: Relation, terms: Terms) -> Truth:
    if not isinstance(expression, Call):
        raise UnsupportedError
    if expression.name in ("&&", "||"):
        parts = [_truth(each, relation, terms) for each in expression.arguments]
        true, false = [each.true for each in parts], [each.false for each in parts]
        if expression.name == "&&":
            return Truth(np.logical_and.reduce(true), np.logical_or.reduce(false))
        return Truth(np.logical_or.reduce(true), np.logical_and.reduce(false))
    if expression.name == "!":
        inner = _truth(expression.arguments[0], relation, terms)
        return Truth(inner.false, inner.true)
    return _atom(expression, relation, terms)


def _atom(call: Call, relation: Relation, terms: Terms) -> Truth:
    """Decide an expression of one variable for each of its different values, then for all solutions."""
    names = sorted(call.variables)
    if len(names) != 1 or names[0] not in relation.columns:
        raise UnsupportedError
    values, rows = np.unique(relation.columns[names[0]], return_inverse=True)
    bound = values >= 0
    if call.name == "BOUND":
        return Truth(bound[rows], ~bound[rows])
    found = _decided(call, values[bound], terms)
    true, false = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    true[bound], false[bound] = found.true, found.false
    return Truth(true[rows], false[rows])


def _decided(call: Call, values: Ids, terms: Terms) -> Truth:
    if call.name in TEXT_TESTS:
        return _text_test(call, values, terms)
    if call.name == "LANGMATCHES":
        return _language_matches(call, values, terms)
    if call.name not in COMPARE:
        raise UnsupportedError
    left, right = call.arguments
    if isinstance(left, Constant):
        return _decided(Call(MIRRORED[call.name], (right, left)), values, terms)
    if not isinstance(right, Constant):
        raise UnsupportedError
    if isinstance(left, Variable):
        return _comparison(call.name, values, right.text, terms)
    if left.name == "LANG" and call.name in ("=", "!=") and isinstance(left.arguments[0], Variable):
        return _language_is(call.name, values, right.text, terms)
    raise UnsupportedError


def _comparison(sign: str, values: Ids, constant: bytes, terms: Terms) -> Truth:
    kind, number, _ = describe(constant)
    kinds = terms.kinds[values]
    if kind is Kind.INTEGER and not (kinds == Kind.OTHER_NUMBER).any() and not (kinds == Kind.OTHER).any():
        comparable = kinds == Kind.INTEGER
        outcome = COMPARE[sign](terms.numbers[values], number)
        return _unless_incomparable(sign, comparable, outcome)
    if kind is Kind.DATE and ((kinds == Kind.DATE) | (kinds == Kind.INTEGER) | (kinds == Kind.IRI)).all():
        days = np.array([_day(terms.text(value)) for value in values.tolist()], np.int64)
        return _unless_incomparable(sign, kinds == Kind.DATE, COMPARE[sign](days, _day(constant)))
    if kind is Kind.IRI and sign in ("=", "!=") and (kinds == Kind.IRI).all():
        outcome = COMPARE[sign](values, terms.find(constant))
        return Truth(outcome, ~outcome)
    raise UnsupportedError


def _unless_incomparable(sign: str, comparable: Mask, outcome: Mask) -> Truth:
    """Terms without an order are an error; with ``=`` and ``!=`` it depends on the terms, so that is unsupported."""
    if sign in ("=", "!=") and not comparable.all():
        raise UnsupportedError
    return Truth(outcome & comparable, ~outcome & comparable)


def _day(text: bytes) -> int:
    """Return the digits of a date as a number, which orders as dates do; 0 for anything else."""
    return int(text[1:5] + text[6:8] + text[9:11]) if text[5:6] == b"-" and text[8:9] == b"-" else 0


def _string(expression: Expression) -> str:
    if not isinstance(expression, Constant) or describe(expression.text)[0] is not Kind.STRING:
        raise UnsupportedError
    return unescaped(expression.text[1:-1].decode())


def _language_is(sign: str, values: Ids, constant: bytes, terms: Terms) -> Truth:
    wanted = _string(Constant(constant))
    tagged = np.array([tag == wanted for tag in terms.languages], np.bool_)[terms.tags[values]]
    return _of_literals(tagged if sign == "=" else ~tagged, values, terms)


def _language_matches(call: Call, values: Ids, terms: Terms) -> Truth:
    """Basic filtering (RFC 4647 3.3.1)."""
    tested, constant = call.arguments
    if not (isinstance(tested, Call) and tested.name == "LANG" and isinstance(tested.arguments[0], Variable)):
        raise UnsupportedError
    wanted = _string(constant).lower()
    matches = [
        bool(tag) if wanted == "*" else tag.lower() == wanted or tag.lower().startswith(f"{wanted}-")
        for tag in terms.languages
    ]
    return _of_literals(np.array(matches, np.bool_)[terms.tags[values]], values, terms)


def _of_literals(outcome: Mask, values: Ids, terms: Terms) -> Truth:
    """Only literals have a language; directional ones are not told apart here."""
    kinds = terms.kinds[values]
    if (kinds == Kind.OTHER).any():
        raise UnsupportedError
    literal = kinds != Kind.IRI
    return Truth(outcome & literal, ~outcome & literal)


def _in_text(name: str, wanted: str, values: Ids, terms: Terms) -> Mask:
    test = TEXT_TESTS[name]
    return np.fromiter((test(terms.lexical(value), wanted) for value in values.tolist()), np.bool_, len(values))


def _in_lowered(name: str, wanted: str, values: Ids, terms: Terms) -> Mask:
    places = terms.places_in_lowered(values)
    if places is None:
        raise UnsupportedError
    wanted_here = re.compile(re.escape(wanted.encode()) + (rb"\Z" if name == "STRENDS" else b""))
    find = wanted_here.match if name == "STRSTARTS" else wanted_here.search
    texts = terms.lowered.data
    found = (find(texts, start, end) is not None for start, end in zip(*places, strict=True))
    return np.fromiter(found, np.bool_, len(values))


def _text_test(call: Call, values: Ids, terms: Terms) -> Truth:
    tested, constant = call.arguments
    wanted, lower = _string(constant), False
    if isinstance(tested, Call) and tested.name == "LCASE":
        tested, lower = tested.arguments[0], True
    of_any = isinstance(tested, Call) and tested.name == "STR"
    variable = tested.arguments[0] if isinstance(tested, Call) and of_any else tested
    if not isinstance(variable, Variable):
        raise UnsupportedError
    kinds = terms.kinds[values]
    if not np.isin(kinds, WITH_TEXT if of_any else (Kind.IRI, Kind.STRING, Kind.LANGUAGE_STRING)).all():
        raise UnsupportedError
    outcome = (_in_lowered if lower else _in_text)(call.name, wanted, values, terms)
    textual = np.ones(len(values), np.bool_) if of_any else kinds != Kind.IRI
    return Truth(outcome & textual, ~outcome & textual)
