"""Questions about all triples at once: how many there are, of how many subjects, by predicate.

They are the first that somebody asks who does not know the data. The table knows the answers without looking at a
triple; every other question about all triples is the engine's.
"""

from __future__ import annotations

import numpy as np

from graph.query.columns.plan import Aggregate, Anything, Plan, UnsupportedError
from graph.query.columns.relation import Relation
from graph.query.columns.table import Predicate, Table
from graph.query.columns.terms import Ids

Found = tuple[Relation, dict[str, Ids]]


def counted(plan: Plan, anything: Anything, table: Table) -> Found:
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


def _by_predicate(anything: Anything, table: Table) -> Relation:
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
