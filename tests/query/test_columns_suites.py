"""The columns and the W3C's evaluation tests: whatever they understand they answer as the engine does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest
from sparql_suites import ABSENT, Case, cases, read, request, world

from graph.model.errors import QuerySyntaxError
from graph.query.columns.plan import UnsupportedError, read_plan
from graph.query.columns.solving import Row, solve
from graph.query.columns.table import build, open_table
from graph.query.embedded import evaluate

UNDERSTOOD = 40
"""So many of the suites' tests the columns understand at least; with fewer this would show little."""


def both_answers(case: Case, folder: Path) -> tuple[list[Row], list[Row]] | None:
    """The rows that columns and engine find, or None where the columns leave the query to the engine."""
    try:
        query = read(case)
        plan, asked = read_plan(query.text), world(case, query)
        if asked.dataset.is_named or query.clauses.is_named:
            return None
        build(asked.store, folder)
        table = open_table(folder)
        assert table is not None
        rows = solve(plan, table)
    except (UnsupportedError, QuerySyntaxError):
        return None
    found = evaluate(asked.store, request(case, query, asked), asked.sharing)
    assert isinstance(found, ox.QuerySolutions)
    return rows, [tuple(None if term is None else str(term).encode() for term in each) for each in found]


@pytest.mark.skipif(not cases(), reason=ABSENT)
def test_every_answer_to_the_suites_is_the_engines(tmp_path: Path) -> None:
    asked = [case for case in cases().values() if case.kind == "evaluation"]
    answers = {case.name: both_answers(case, tmp_path / str(number)) for number, case in enumerate(asked)}
    found = {name: answer for name, answer in answers.items() if answer is not None}
    assert [name for name, (rows, expected) in found.items() if Counter(rows) != Counter(expected)] == []
    assert len(found) >= UNDERSTOOD
