"""Generated queries over generated data: whatever SQL answers, it answers as the engine does."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from benchmarks.generated import compare
from benchmarks.small_index import index_of

DATASETS, PARTS = 60, 4


@pytest.mark.parametrize("part", range(PARTS))
def test_answers_to_generated_queries_are_the_engines(part: int) -> None:
    reader = index_of(ox.Store())
    found = [each for seed in range(part, DATASETS, PARTS) for each in compare(seed, reader)]
    assert [(query.text, why) for outcome, query, why in found if outcome == "different"] == []
    assert sum(outcome == "same" for outcome, _, _ in found) > len(found) / 2
