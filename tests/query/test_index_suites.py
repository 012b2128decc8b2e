"""The index and the W3C's evaluation tests: whatever SQL answers, it answers as the engine does."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pyoxigraph as ox
import pytest
from query_material import read_tree
from sparql_suites import ABSENT, Case, Expected, base_of, cases, isomorphic, read, read_answer, request, world

from benchmarks.small_index import fill, index_of
from graph.model.errors import HamkorError
from graph.query.embedded import evaluate, written
from graph.query.sql.algebra import UnsupportedError
from graph.query.sql.index_engine import written_by_index
from graph.query.sql.index_lookup import IndexReader
from graph.query.sql.translation import translated_query

UNDERSTOOD = 320
"""So many of the suites' tests SQL answers at least; with fewer this would show little."""


def both_answers(case: Case, reader: IndexReader) -> tuple[Expected, Expected] | None:
    """What index and engine answer, or None where SQL leaves the query to the engine."""
    try:
        query = read(case)
        translated_query(read_tree(query.text), base_of(case))  # else the data need not be read
        asked = world(case, query)
        wanted = request(case, query, asked)
        output = BytesIO()
        written_by_index(wanted, IndexReader(fill(reader.connection, asked.store)), output)
    except (UnsupportedError, HamkorError, AssertionError):
        return None
    other = written(evaluate(asked.store, wanted, asked.sharing), wanted.format)
    return read_answer(output.getvalue(), wanted.format), read_answer(other, wanted.format)


@pytest.mark.skipif(not cases(), reason=ABSENT)
def test_every_answer_to_the_suites_is_the_engines() -> None:
    reader, different, found = index_of(ox.Store()), [], 0
    for case in cases().values():
        answers = both_answers(case, reader) if case.kind == "evaluation" else None
        if answers is None:
            continue
        found += 1
        one, other = answers
        is_same = one.is_true == other.is_true and one.variables == other.variables
        if not (is_same and (isomorphic(one.rows, other.rows) or Counter(one.rows) == Counter(other.rows))):
            different.append(case.name)
    assert different == []
    assert found >= UNDERSTOOD
