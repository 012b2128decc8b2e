"""Joining: the solutions of a group graph pattern, its patterns taken in the order that keeps them few.

Each pattern joined goes through the sorted pairs of its predicate; filters are applied as soon as their variables
are bound, which changes no solution (SPARQL 18.2.2.2: they apply to the whole group).
"""

from __future__ import annotations

import numpy as np

from graph.query.columns import relation as bag
from graph.query.columns.filters import satisfied
from graph.query.columns.plan import Call, Constant, Group, Pattern, Slot, UnsupportedError, Variable
from graph.query.columns.relation import UNIT, Relation
from graph.query.columns.table import HALF, LOW, Table
from graph.query.columns.terms import Ids

MOST_CLOSURES = 2_000
NONE = np.zeros(0, np.int64)


def solutions(group: Group, table: Table, begun: Relation = UNIT) -> Relation:
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


def estimate(pattern: Pattern, found: Relation, table: Table) -> float:
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


def _pairs_of(slot: Slot, predicate: int, table: Table, *, inverse: bool) -> float:
    """Return how many pairs a constant has, a little above none where it has none; 0 for a variable."""
    if isinstance(slot, Variable):
        return 0.0
    _, counts = bag.ranges(table.pairs(predicate, inverse=inverse), _number(slot, table))
    return float(counts[0]) + 0.001


def _is_known(slot: Slot, found: Relation) -> bool:
    return isinstance(slot, Constant) or slot.name in found.columns


def _number(constant: Constant, table: Table) -> Ids:
    return np.array([table.terms.find(constant.text)], np.int64)


def _values(slot: Slot, found: Relation, table: Table) -> Ids | None:
    """Return the values of a slot in each solution, or None where it is bound in none.

    Raises:
        UnsupportedError: it is bound in some solutions only: where it is not, a pattern binds it (SPARQL 18.3).
    """
    if isinstance(slot, Constant):
        return np.full(found.size, _number(slot, table)[0], np.int64)
    return found.bound(slot.name) if slot.name in found.columns else None


def _extended(found: Relation, pattern: Pattern, table: Table) -> Relation:
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


def _whole(pattern: Pattern, predicate: int, table: Table) -> Relation:
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


def _repeated(found: Relation, pattern: Pattern, predicate: int, table: Table) -> Relation:
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
    filters: list[Call], found: Relation, table: Table, *, early: bool = False
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


def _union(arms: list[Group], table: Table) -> Relation:
    return bag.stacked([solutions(arm, table) for arm in arms])


def _optional(found: Relation, group: Group, table: Table) -> Relation:
    """Join with what may be missing; only on variables that are bound in every solution of both."""
    if group.absents or any(call.variables - _bound_by(group) for call in group.filters):
        raise UnsupportedError  # such a filter sees the variables of the left side, too (SPARQL 18.2.2.6)
    return bag.left_joined(found, _with_keys(found, group, table))


def _absent(found: Relation, group: Group, table: Table) -> Relation:
    if not _is_plain(group):
        raise UnsupportedError  # what is inside sees the solution's values at any depth (SPARQL 18.6, substitute)
    return bag.without(found, _with_keys(found, group, table))


def _is_plain(group: Group) -> bool:
    """Whether there is nothing but patterns and unions of such in a group."""
    if group.filters or group.optionals or group.absents:
        return False
    return all(_is_plain(arm) for arms in group.unions for arm in arms)


def _with_keys(found: Relation, group: Group, table: Table) -> Relation:
    """Return the solutions of a group that can match some solution: begun from the distinct values that they share."""
    shared = sorted(_bound_by(group) & found.columns.keys())
    if not shared:
        raise UnsupportedError
    for name in shared:
        found.bound(name)
    return solutions(group, table, bag.distinct(found, shared))


def _bound_by(group: Group) -> set[str]:
    return {name for pattern in group.patterns for name in pattern.variables}
