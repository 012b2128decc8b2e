"""Solving: from a plan to the rows of its answer: groups, aggregates, order, slice (SPARQL 18.2.4, 18.2.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.query.columns import relation as bag
from graph.query.columns.anything import counted
from graph.query.columns.joining import solutions
from graph.query.columns.plan import Aggregate, Plan, UnsupportedError
from graph.query.columns.relation import UNBOUND, Relation
from graph.query.columns.table import Table
from graph.query.columns.terms import Ids, Kind

MOST_ANSWERS = 20_000
SAFE_SUM = 1 << 62
INTEGER = b"<http://www.w3.org/2001/XMLSchema#integer>"
Row = tuple[bytes | None, ...]


def solve(plan: Plan, table: Table) -> list[Row]:
    """Return the rows of the answer, each value a term or None where it is unbound.

    Raises:
        UnsupportedError: it needs something that is not done here.
    """
    found, numbers = _found(plan, table)
    if plan.groups is None and any(name not in found.columns for name in (*dict(plan.columns), *dict(plan.order))):
        raise UnsupportedError
    rows = _ordered(plan, found, numbers, table)
    names = [name for name, _ in plan.columns]
    if plan.distinct and plan.groups is None:
        rows = _first_of_equal(found, names, rows)
    elif plan.distinct:
        raise UnsupportedError
    end = None if plan.limit is None else plan.offset + plan.limit
    rows = rows[plan.offset : end]
    if len(rows) > MOST_ANSWERS:
        raise UnsupportedError
    columns = [_written(name, found, numbers, rows, table) for name in names]
    return list(zip(*columns, strict=True))


def _found(plan: Plan, table: Table) -> tuple[Relation, dict[str, Ids]]:
    """Return the solutions, one a group where they are grouped, and the aggregates' values by name."""
    if plan.where.anything is not None:
        return counted(plan, plan.where.anything, table)
    found = solutions(plan.where, table)
    return _grouped(plan, plan.groups, found, table) if plan.groups is not None else (found, {})


def _grouped(plan: Plan, names: list[str], found: Relation, table: Table) -> tuple[Relation, dict[str, Ids]]:
    """Return one solution a group, and the aggregates' values by name."""
    if any(name not in found.columns for name in names):
        raise UnsupportedError
    keys = bag.product_of_keys([found.columns[name] for name in names], found.size)
    different, first, group = np.unique(keys, return_index=True, return_inverse=True)
    count = len(different) if names else 1
    made = {
        name: _aggregated(aggregate, found, group, count, table)
        for name, aggregate in plan.columns
        if aggregate is not None
    }
    only = Relation({name: found.columns[name][first] for name in names}, count)
    return only, made


def _aggregated(aggregate: Aggregate, found: Relation, group: Ids, count: int, table: Table) -> Ids:
    if aggregate.variable is None:
        return np.bincount(group, minlength=count).astype(np.int64)
    values = found.columns.get(aggregate.variable)
    if values is None:
        raise UnsupportedError
    bound = values >= 0
    values, group = values[bound], group[bound]
    if aggregate.distinct:
        _, first = np.unique(bag.product_of_keys([group, values], len(values)), return_index=True)
        values, group = values[first], group[first]
    if aggregate.name == "COUNT":
        return np.bincount(group, minlength=count).astype(np.int64)
    if not bound.all() or (table.terms.kinds[values] != Kind.INTEGER).any():
        raise UnsupportedError  # an error, a decimal or a double: the engine knows
    numbers = table.terms.numbers[values]
    if len(numbers) and int(np.abs(numbers).max()) * len(numbers) >= SAFE_SUM:
        raise UnsupportedError
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, numbers)
    return sums


def _ordered(plan: Plan, found: Relation, numbers: dict[str, Ids], table: Table) -> Ids:
    """Return the places of the solutions in the wanted order."""
    ranks = []
    for name, descending in plan.order:
        rank = numbers[name] if name in numbers else _ranks(found.columns[name], table)
        ranks.append(-rank if descending else rank)
    return np.lexsort(ranks[::-1]) if ranks else np.arange(found.size)


def _ranks(values: Ids, table: Table) -> Ids:
    """Return numbers that order as the terms do (SPARQL 15.1); only terms of one kind have a certain order."""
    different, rows = np.unique(values, return_inverse=True)
    terms = different[different >= 0]
    kinds, tags = table.terms.kinds[terms], table.terms.tags[terms]
    if (kinds == Kind.IRI).all():
        return values
    if (kinds != kinds[0]).any() or (tags != tags[0]).any() or kinds[0] in (Kind.OTHER, Kind.OTHER_NUMBER):
        raise UnsupportedError
    if kinds[0] == Kind.INTEGER:
        if len(terms) < len(different):
            raise UnsupportedError
        return table.terms.numbers[values]
    texts = ["" if number < 0 else f" {table.terms.lexical(number)}" for number in different.tolist()]
    place = {text: number for number, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts], np.int64)[rows]


def _first_of_equal(found: Relation, names: list[str], rows: Ids) -> Ids:
    """Return of solutions that are equal in the selected variables the first in order, keeping the order."""
    keys = bag.product_of_keys([found.columns[name] for name in names], found.size)[rows]
    _, first = np.unique(keys, return_index=True)
    return rows[np.sort(first)]


def _written(name: str, found: Relation, numbers: dict[str, Ids], rows: Ids, table: Table) -> Sequence[bytes | None]:
    if name in numbers:
        return [b'"%d"^^%s' % (number, INTEGER) for number in numbers[name][rows].tolist()]
    terms = table.terms
    return [None if value == UNBOUND else terms.text(value) for value in found.columns[name][rows].tolist()]
