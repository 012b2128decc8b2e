"""Solutions as columns of term numbers: how a pattern extends them, and for which an expression is true (SPARQL 17)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.query.columns.plan import Call, Constant, Expression, UnsupportedError, Variable
from graph.query.columns.table import HALF, LOW, ColumnTermKind, Ids, ReleaseTerms, describe, unescaped

# A relation: solutions as columns of term numbers, and how a pattern extends them.
#
# It joins as bags do (SPARQL 18.5): each pair of compatible solutions once. -1 stands for an unbound variable, which
# only the right side of an OPTIONAL leaves, and which nothing is joined on.

MOST_ROWS = 5_000_000
UNBOUND = -1


@dataclass(frozen=True, slots=True)
class Relation:
    """Solutions.

    Attributes:
        columns: the values of each variable.
        size: how many solutions there are.
    """

    columns: dict[str, Ids]
    size: int

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Relation:
        """Return some of the solutions, by their places or by a mask."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        if columns:
            return Relation(columns, len(next(iter(columns.values()))))
        return Relation({}, len(np.arange(self.size)[rows]))

    def is_partial(self, name: str) -> bool:
        """Whether some solution leaves a variable unbound."""
        return bool((self.columns[name] < 0).any())

    def bound(self, name: str) -> Ids:
        """Return the values of a variable to join on.

        Raises:
            UnsupportedError: some solution leaves it unbound, which is compatible with every value (SPARQL 18.3).
        """
        if self.is_partial(name):
            raise UnsupportedError
        return self.columns[name]

    def with_column(self, name: str, values: Ids) -> Relation:
        """Return the same solutions with one more variable."""
        return Relation({**self.columns, name: values}, self.size)


UNIT = Relation({}, 1)


def ranges(pairs: Ids, keys: Ids) -> tuple[Ids, Ids]:
    """Return where the pairs of each key begin, and how many there are."""
    shifted = keys << HALF
    starts = np.searchsorted(pairs, shifted)
    return starts, np.searchsorted(pairs, shifted | LOW, side="right") - starts


def expand(relation: Relation, keys: Ids, pairs: Ids, name: str) -> Relation:
    """Join with pairs whose first part is in ``keys``, one key a solution; the second part becomes ``name``.

    Raises:
        UnsupportedError: there would be too many solutions to hold.
    """
    starts, counts = ranges(pairs, keys)
    total = int(counts.sum())
    if total > MOST_ROWS:
        raise UnsupportedError
    rows = np.repeat(np.arange(len(keys)), counts)
    offsets = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    values = pairs[np.repeat(starts, counts) + offsets] & LOW
    return relation.take(rows).with_column(name, values)


def holds(pairs: Ids, first: Ids, second: Ids) -> NDArray[np.bool_]:
    """Return for which solutions the pair is there."""
    wanted = (first << HALF) | second
    places = np.searchsorted(pairs, wanted)
    found = np.zeros(len(wanted), np.bool_)
    inside = places < len(pairs)
    found[inside] = pairs[places[inside]] == wanted[inside]
    return found


def product_of_keys(columns: list[Ids], size: int) -> Ids:
    """Return one number a solution, equal for solutions that are equal in all columns."""
    if not columns:
        return np.zeros(size, np.int64)
    numbers = columns[0]
    for values in columns[1:]:
        _, left = np.unique(numbers, return_inverse=True)
        _, right = np.unique(values, return_inverse=True)
        numbers = left.astype(np.int64) * (int(right.max(initial=0)) + 1) + right
    return numbers


def stacked(parts: list[Relation]) -> Relation:
    """Return the solutions of all parts, one after the other; they have the same variables.

    Raises:
        UnsupportedError: they do not.
    """
    names = parts[0].columns.keys()
    if any(part.columns.keys() != names for part in parts):
        raise UnsupportedError
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in names}
    return Relation(columns, sum(part.size for part in parts))


def joined(left: Relation, right: Relation) -> Relation:
    """Join two relations on the variables that they share, which must be bound in every solution of both.

    Raises:
        UnsupportedError: they share none, one of them is left unbound somewhere, or there would be too many solutions
            to hold.
    """
    shared = sorted(left.columns.keys() & right.columns.keys())
    if not shared:
        raise UnsupportedError
    both = stacked([_keys(left, shared), _keys(right, shared)])
    numbers = product_of_keys([both.columns[name] for name in shared], both.size)
    mine, theirs = numbers[: left.size], numbers[left.size :]
    order = np.argsort(theirs, kind="stable")
    ordered = theirs[order]
    starts = np.searchsorted(ordered, mine)
    counts = np.searchsorted(ordered, mine, side="right") - starts
    total = int(counts.sum())
    if total > MOST_ROWS:
        raise UnsupportedError
    rows = np.repeat(np.arange(left.size), counts)
    offsets = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    other = right.take(order[np.repeat(starts, counts) + offsets])
    return Relation({**other.columns, **left.take(rows).columns}, total)


def left_joined(left: Relation, right: Relation) -> Relation:
    """Join, and keep what finds no partner with the other's variables unbound (SPARQL 18.5, LeftJoin)."""
    numbered = left.with_column(" row", np.arange(left.size))
    found = joined(numbered, right)
    rows = found.columns.pop(" row")
    alone = np.ones(left.size, np.bool_)
    alone[rows] = False
    rest = left.take(alone)
    for name in found.columns.keys() - rest.columns.keys():
        rest = rest.with_column(name, np.full(rest.size, UNBOUND, np.int64))
    return stacked([Relation(found.columns, found.size), rest])


def without(left: Relation, right: Relation) -> Relation:
    """Keep what finds no partner in the other relation; they share a variable."""
    rows = joined(left.with_column(" row", np.arange(left.size)), right).columns[" row"]
    alone = np.ones(left.size, np.bool_)
    alone[rows] = False
    return left.take(alone)


def distinct(relation: Relation, names: list[str]) -> Relation:
    """Return the distinct solutions in some variables."""
    only = _only(relation, names)
    _, first = np.unique(product_of_keys(list(only.columns.values()), only.size), return_index=True)
    return only.take(first)


def _only(relation: Relation, names: list[str]) -> Relation:
    return Relation({name: relation.columns[name] for name in names}, relation.size)


def _keys(relation: Relation, names: list[str]) -> Relation:
    return Relation({name: relation.bound(name) for name in names}, relation.size)


# Filters: which solutions an expression is true for (SPARQL 17.2, 17.3).
#
# An expression is true, false or an error; what is neither true nor false here is an error, as a comparison of terms
# that have no order is. Only comparisons whose outcome is certain are made; all others are unsupported.

Mask = NDArray[np.bool_]
COMPARE: dict[str, Callable[[Ids, int], Mask]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": operator.contains, "STRSTARTS": str.startswith, "STRENDS": str.endswith,
}  # fmt: skip
WITH_TEXT = (
    ColumnTermKind.IRI,
    ColumnTermKind.STRING,
    ColumnTermKind.LANGUAGE_STRING,
    ColumnTermKind.INTEGER,
    ColumnTermKind.DATE,
)


@dataclass(frozen=True, slots=True)
class Truth:
    """For which solutions an expression is true, and for which false."""

    true: Mask
    false: Mask


def satisfied(expression: Call, relation: Relation, terms: ReleaseTerms) -> Mask:
    """Return for which solutions the expression is true.

    Raises:
        UnsupportedError: it is not certain.
    """
    return _truth(expression, relation, terms).true


def _truth(expression: Expression, relation: Relation, terms: ReleaseTerms) -> Truth:
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


def _atom(call: Call, relation: Relation, terms: ReleaseTerms) -> Truth:
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


def _decided(call: Call, values: Ids, terms: ReleaseTerms) -> Truth:
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


def _comparison(sign: str, values: Ids, constant: bytes, terms: ReleaseTerms) -> Truth:
    kind, number, _ = describe(constant)
    kinds = terms.kinds[values]
    if (
        kind is ColumnTermKind.INTEGER
        and not (kinds == ColumnTermKind.OTHER_NUMBER).any()
        and not (kinds == ColumnTermKind.OTHER).any()
    ):
        comparable = kinds == ColumnTermKind.INTEGER
        outcome = COMPARE[sign](terms.numbers[values], number)
        return _unless_incomparable(sign, comparable, outcome)
    if (
        kind is ColumnTermKind.DATE
        and ((kinds == ColumnTermKind.DATE) | (kinds == ColumnTermKind.INTEGER) | (kinds == ColumnTermKind.IRI)).all()
    ):
        days = np.array([_day(terms.text(value)) for value in values.tolist()], np.int64)
        return _unless_incomparable(sign, kinds == ColumnTermKind.DATE, COMPARE[sign](days, _day(constant)))
    if kind is ColumnTermKind.IRI and sign in ("=", "!=") and (kinds == ColumnTermKind.IRI).all():
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
    if not isinstance(expression, Constant) or describe(expression.text)[0] is not ColumnTermKind.STRING:
        raise UnsupportedError
    return unescaped(expression.text[1:-1].decode())


def _language_is(sign: str, values: Ids, constant: bytes, terms: ReleaseTerms) -> Truth:
    wanted = _string(Constant(constant))
    tagged = np.array([tag == wanted for tag in terms.languages], np.bool_)[terms.tags[values]]
    return _of_literals(tagged if sign == "=" else ~tagged, values, terms)


def _language_matches(call: Call, values: Ids, terms: ReleaseTerms) -> Truth:
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


def _of_literals(outcome: Mask, values: Ids, terms: ReleaseTerms) -> Truth:
    """Only literals have a language; directional ones are not told apart here."""
    kinds = terms.kinds[values]
    if (kinds == ColumnTermKind.OTHER).any():
        raise UnsupportedError
    literal = kinds != ColumnTermKind.IRI
    return Truth(outcome & literal, ~outcome & literal)


def _in_text(name: str, wanted: str, values: Ids, terms: ReleaseTerms) -> Mask:
    test = TEXT_TESTS[name]
    return np.fromiter((test(terms.lexical(value), wanted) for value in values.tolist()), np.bool_, len(values))


def _in_lowered(name: str, wanted: str, values: Ids, terms: ReleaseTerms) -> Mask:
    places = terms.places_in_lowered(values)
    if places is None:
        raise UnsupportedError
    wanted_here = re.compile(re.escape(wanted.encode()) + (rb"\Z" if name == "STRENDS" else b""))
    find = wanted_here.match if name == "STRSTARTS" else wanted_here.search
    texts = terms.lowered.data
    found = (find(texts, start, end) is not None for start, end in zip(*places, strict=True))
    return np.fromiter(found, np.bool_, len(values))


def _text_test(call: Call, values: Ids, terms: ReleaseTerms) -> Truth:
    tested, constant = call.arguments
    wanted, lower = _string(constant), False
    if isinstance(tested, Call) and tested.name == "LCASE":
        tested, lower = tested.arguments[0], True
    of_any = isinstance(tested, Call) and tested.name == "STR"
    variable = tested.arguments[0] if isinstance(tested, Call) and of_any else tested
    if not isinstance(variable, Variable):
        raise UnsupportedError
    kinds = terms.kinds[values]
    if not np.isin(
        kinds, WITH_TEXT if of_any else (ColumnTermKind.IRI, ColumnTermKind.STRING, ColumnTermKind.LANGUAGE_STRING)
    ).all():
        raise UnsupportedError
    outcome = (_in_lowered if lower else _in_text)(call.name, wanted, values, terms)
    textual = np.ones(len(values), np.bool_) if of_any else kinds != ColumnTermKind.IRI
    return Truth(outcome & textual, ~outcome & textual)
