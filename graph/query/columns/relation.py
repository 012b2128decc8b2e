"""A relation: solutions as columns of term numbers, and how a pattern extends them.

It joins as bags do (SPARQL 18.5): each pair of compatible solutions once. -1 stands for an unbound variable, which
only the right side of an OPTIONAL leaves, and which nothing is joined on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.query.columns.plan import UnsupportedError
from graph.query.columns.table import HALF, LOW
from graph.query.columns.terms import Ids

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
