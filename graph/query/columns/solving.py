"""From a plan to the rows of its answer: patterns are joined, solutions grouped, counted, ordered and cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.query.columns import solutions as bag
from graph.query.columns.plan import (
    Aggregate,
    Anything,
    Call,
    Constant,
    GroupPattern,
    Pattern,
    Plan,
    Slot,
    UnsupportedError,
    Variable,
)
from graph.query.columns.solutions import UNBOUND, UNIT, Relation, satisfied
from graph.query.columns.table import HALF, LOW, ColumnTermKind, Ids, Predicate, TripleTable

# Joining: the solutions of a group graph pattern, its patterns taken in the order that keeps them few.
#
# Each pattern joined goes through the sorted pairs of its predicate; filters are applied as soon as their variables
# are bound, which changes no solution (SPARQL 18.2.2.2: they apply to the whole group).

MOST_CLOSURES = 2_000
NONE = np.zeros(0, np.int64)


def solutions(group: GroupPattern, table: TripleTable, begun: Relation = UNIT) -> Relation:
    """Return the solutions of a group.

    Raises:
        UnsupportedError: it needs something that is not done here.
    """
    if group.anything is not None:
        raise UnsupportedError  # all triples at once
    found, waiting, filters = begun, list(group.patterns), list(group.filters)
    for arms in group.unions:
        other = _union(arms, table)
        found = bag.joined(found, other) if found is not UNIT else other
    while waiting:
        pattern = min(waiting, key=lambda each: estimate(each, found, table))
        waiting.remove(pattern)
        found = _extended(found, pattern, table)
        filters, found = _filtered(filters, found, table, early=True)
    filters, found = _filtered(filters, found, table, early=True)
    for optional in group.optionals:
        found = _optional(found, optional, table)
    for absent in group.absents:
        found = _absent(found, absent, table)
    filters, found = _filtered(filters, found, table)
    if filters:
        raise UnsupportedError  # a filter on a variable that is nowhere bound is an error for every solution
    return found


def estimate(pattern: Pattern, found: Relation, table: TripleTable) -> float:
    """Return about how many solutions there will be when the pattern is joined next."""
    predicate = table.terms.find(pattern.predicate)
    place = table.predicates.get(predicate)
    if place is None:
        return 0.0
    count = place.end - place.start
    known = [_is_known(each, found) for each in (pattern.subject, pattern.object)]
    if pattern.repeated:
        return found.size * 8.0 if any(known) else float("inf")
    if all(known):
        return found.size * 0.5
    if any(known):
        different = place.subjects if known[0] else place.objects
        slot = pattern.subject if known[0] else pattern.object
        return found.size * (_pairs_of(slot, predicate, table, inverse=known[1]) or count / different)
    return float("inf") if found.columns else float(count)


def _pairs_of(slot: Slot, predicate: int, table: TripleTable, *, inverse: bool) -> float:
    """Return how many pairs a constant has, a little above none where it has none; 0 for a variable."""
    if isinstance(slot, Variable):
        return 0.0
    _, counts = bag.ranges(table.pairs(predicate, inverse=inverse), _number(slot, table))
    return float(counts[0]) + 0.001


def _is_known(slot: Slot, found: Relation) -> bool:
    return isinstance(slot, Constant) or slot.name in found.columns


def _number(constant: Constant, table: TripleTable) -> Ids:
    return np.array([table.terms.find(constant.text)], np.int64)


def _values(slot: Slot, found: Relation, table: TripleTable) -> Ids | None:
    """Return the values of a slot in each solution, or None where it is bound in none.

    Raises:
        UnsupportedError: it is bound in some solutions only: where it is not, a pattern binds it (SPARQL 18.3).
    """
    if isinstance(slot, Constant):
        return np.full(found.size, _number(slot, table)[0], np.int64)
    return found.bound(slot.name) if slot.name in found.columns else None


def _extended(found: Relation, pattern: Pattern, table: TripleTable) -> Relation:
    predicate = table.terms.find(pattern.predicate)
    if pattern.repeated:
        return _repeated(found, pattern, predicate, table)
    subjects, objects = (_values(each, found, table) for each in (pattern.subject, pattern.object))
    if subjects is not None and objects is not None:
        known = (subjects >= 0) & (objects >= 0)
        return found.take(known & bag.holds(table.pairs(predicate), subjects, objects))
    if subjects is not None and isinstance(pattern.object, Variable):
        return bag.expand(found, subjects, table.pairs(predicate), pattern.object.name)
    if objects is not None and isinstance(pattern.subject, Variable):
        return bag.expand(found, objects, table.pairs(predicate, inverse=True), pattern.subject.name)
    if found.columns or found.size != 1:
        raise UnsupportedError  # a product
    return _whole(pattern, predicate, table)


def _whole(pattern: Pattern, predicate: int, table: TripleTable) -> Relation:
    pairs = table.pairs(predicate)
    if len(pairs) > bag.MOST_ROWS:
        raise UnsupportedError
    subjects, objects = pairs >> HALF, pairs & LOW
    if not isinstance(pattern.subject, Variable) or not isinstance(pattern.object, Variable):
        raise UnsupportedError
    if pattern.subject == pattern.object:
        same = subjects == objects
        return Relation({pattern.subject.name: subjects[same]}, int(same.sum()))
    return Relation({pattern.subject.name: subjects, pattern.object.name: objects}, len(pairs))


def _repeated(found: Relation, pattern: Pattern, predicate: int, table: TripleTable) -> Relation:
    """Join with a path of one predicate repeated, which gives each pair once (SPARQL 9.3, 18.4 ALP)."""
    subjects, objects = (_values(each, found, table) for each in (pattern.subject, pattern.object))
    inverse = subjects is None
    keys, end = (objects, pattern.subject) if inverse else (subjects, pattern.object)
    if keys is None or not isinstance(end, Variable) or end.name in found.columns:
        raise UnsupportedError
    starts = np.unique(keys)
    if len(starts) > MOST_CLOSURES or (starts < 0).any():
        raise UnsupportedError
    steps = table.pairs(predicate, inverse=inverse)
    reached = [_closure(start, steps, reflexive=pattern.repeated == "*") for start in starts.tolist()]
    pairs = np.concatenate(
        [(np.full(len(ends), start) << HALF) | ends for start, ends in zip(starts, reached, strict=True)] or [NONE]
    )
    return bag.expand(found, keys, pairs, end.name)


def _closure(start: int, steps: Ids, *, reflexive: bool) -> Ids:
    """Return what can be reached from a term, sorted."""
    seen = fresh = np.array([start], np.int64)
    reached = seen if reflexive else NONE
    while len(fresh):
        starts, counts = bag.ranges(steps, fresh)
        rows = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
        ends = np.unique(steps[rows] & LOW)
        reached = np.union1d(reached, ends)
        fresh = np.setdiff1d(ends, seen)
        seen = np.union1d(seen, ends)
    return reached


def _filtered(
    filters: list[Call], found: Relation, table: TripleTable, *, early: bool = False
) -> tuple[list[Call], Relation]:
    """Apply the filters whose variables are known; return the others and what is left.

    Where more is to be joined (``early``), a variable is known if it is bound in every solution: else it may still be.
    """
    waiting = []
    for each in filters:
        known = each.variables <= found.columns.keys()
        if known and not (early and any(found.is_partial(name) for name in each.variables)):
            found = found.take(satisfied(each, found, table.terms))
        else:
            waiting.append(each)
    return waiting, found


def _union(arms: list[GroupPattern], table: TripleTable) -> Relation:
    return bag.stacked([solutions(arm, table) for arm in arms])


def _optional(found: Relation, group: GroupPattern, table: TripleTable) -> Relation:
    """Join with what may be missing; only on variables that are bound in every solution of both."""
    if group.absents or any(call.variables - _bound_by(group) for call in group.filters):
        raise UnsupportedError  # such a filter sees the variables of the left side, too (SPARQL 18.2.2.6)
    return bag.left_joined(found, _with_keys(found, group, table))


def _absent(found: Relation, group: GroupPattern, table: TripleTable) -> Relation:
    if not _is_plain(group):
        raise UnsupportedError  # what is inside sees the solution's values at any depth (SPARQL 18.6, substitute)
    return bag.without(found, _with_keys(found, group, table))


def _is_plain(group: GroupPattern) -> bool:
    """Whether there is nothing but patterns and unions of such in a group."""
    if group.filters or group.optionals or group.absents:
        return False
    return all(_is_plain(arm) for arms in group.unions for arm in arms)


def _with_keys(found: Relation, group: GroupPattern, table: TripleTable) -> Relation:
    """Return the solutions of a group that can match some solution: begun from the distinct values that they share."""
    shared = sorted(_bound_by(group) & found.columns.keys())
    if not shared:
        raise UnsupportedError
    for name in shared:
        found.bound(name)
    return solutions(group, table, bag.distinct(found, shared))


def _bound_by(group: GroupPattern) -> set[str]:
    return {name for pattern in group.patterns for name in pattern.variables}


# Questions about all triples at once: how many there are, of how many subjects, by predicate.
#
# They are the first that somebody asks who does not know the data. The table knows the answers without looking at a
# triple; every other question about all triples is the engine's.

Found = tuple[Relation, dict[str, Ids]]


def counted(plan: Plan, anything: Anything, table: TripleTable) -> Found:
    """Return one solution a group, and the aggregates' values by name, as ``solving`` does for other patterns.

    Raises:
        UnsupportedError: it asks for something else.
    """
    selected = [name for name, _ in plan.columns]
    if plan.groups is None and plan.distinct and selected == [anything.predicate]:
        return _by_predicate(anything, table), {}
    if plan.groups == [anything.predicate]:
        places = list(table.predicates.values())
        return _by_predicate(anything, table), _numbers(plan, anything, places)
    if plan.groups == []:
        whole = Predicate(0, table.size, table.subjects, table.objects)
        return Relation({}, 1), _numbers(plan, anything, [whole], len(table.predicates))
    raise UnsupportedError


def _by_predicate(anything: Anything, table: TripleTable) -> Relation:
    predicates = np.fromiter(table.predicates, np.int64, len(table.predicates))
    return Relation({anything.predicate: predicates}, len(predicates))


def _numbers(plan: Plan, anything: Anything, places: list[Predicate], predicates: int = 1) -> dict[str, Ids]:
    return {
        name: np.array([_count(aggregate, anything, each, predicates) for each in places], np.int64)
        for name, aggregate in plan.columns
        if aggregate is not None
    }


def _count(aggregate: Aggregate, anything: Anything, place: Predicate, predicates: int) -> int:
    if aggregate.name != "COUNT":
        raise UnsupportedError
    different = {anything.subject: place.subjects, anything.predicate: predicates, anything.object: place.objects}
    if aggregate.variable is not None and aggregate.variable not in different:
        raise UnsupportedError
    if aggregate.distinct and aggregate.variable is not None:
        return different[aggregate.variable]
    return place.end - place.start


# Solving: from a plan to the rows of its answer: groups, aggregates, order, slice (SPARQL 18.2.4, 18.2.5).

MOST_ANSWERS = 20_000
SAFE_SUM = 1 << 62
INTEGER = b"<http://www.w3.org/2001/XMLSchema#integer>"
Row = tuple[bytes | None, ...]


def solve(plan: Plan, table: TripleTable) -> list[Row]:
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


def _found(plan: Plan, table: TripleTable) -> tuple[Relation, dict[str, Ids]]:
    """Return the solutions, one a group where they are grouped, and the aggregates' values by name."""
    if plan.where.anything is not None:
        return counted(plan, plan.where.anything, table)
    found = solutions(plan.where, table)
    return _grouped(plan, plan.groups, found, table) if plan.groups is not None else (found, {})


def _grouped(plan: Plan, names: list[str], found: Relation, table: TripleTable) -> tuple[Relation, dict[str, Ids]]:
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


def _aggregated(aggregate: Aggregate, found: Relation, group: Ids, count: int, table: TripleTable) -> Ids:
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
    if not bound.all() or (table.terms.kinds[values] != ColumnTermKind.INTEGER).any():
        raise UnsupportedError  # an error, a decimal or a double: the engine knows
    numbers = table.terms.numbers[values]
    if len(numbers) and int(np.abs(numbers).max()) * len(numbers) >= SAFE_SUM:
        raise UnsupportedError
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, numbers)
    return sums


def _ordered(plan: Plan, found: Relation, numbers: dict[str, Ids], table: TripleTable) -> Ids:
    """Return the places of the solutions in the wanted order."""
    ranks = []
    for name, descending in plan.order:
        rank = numbers[name] if name in numbers else _ranks(found.columns[name], table)
        ranks.append(-rank if descending else rank)
    return np.lexsort(ranks[::-1]) if ranks else np.arange(found.size)


def _ranks(values: Ids, table: TripleTable) -> Ids:
    """Return numbers that order as the terms do (SPARQL 15.1); only terms of one kind have a certain order."""
    different, rows = np.unique(values, return_inverse=True)
    terms = different[different >= 0]
    kinds, tags = table.terms.kinds[terms], table.terms.tags[terms]
    if (kinds == ColumnTermKind.IRI).all():
        return values
    if (
        (kinds != kinds[0]).any()
        or (tags != tags[0]).any()
        or kinds[0] in (ColumnTermKind.OTHER, ColumnTermKind.OTHER_NUMBER)
    ):
        raise UnsupportedError
    if kinds[0] == ColumnTermKind.INTEGER:
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


def _written(
    name: str, found: Relation, numbers: dict[str, Ids], rows: Ids, table: TripleTable
) -> Sequence[bytes | None]:
    if name in numbers:
        return [b'"%d"^^%s' % (number, INTEGER) for number in numbers[name][rows].tolist()]
    terms = table.terms
    return [None if value == UNBOUND else terms.text(value) for value in found.columns[name][rows].tolist()]
