"""What graphs have in common: counted exactly, whatever a key's first half says."""

from __future__ import annotations

import numpy as np
import pytest

from graph.releases.digest import Lanes, overlap, repeated_keys, triple_hashes


def keys(*lines: str) -> Lanes:
    return triple_hashes(line.encode() for line in lines)[:, :2]


@pytest.mark.parametrize(
    ("graphs", "distinct", "shared"),
    [
        ({}, 0, {}),
        ({"a": []}, 0, {}),
        ({"a": [keys("1", "2")], "b": [keys("3")]}, 3, {}),
        ({"a": [keys("1", "2")], "b": [keys("2")], "c": [keys("3")]}, 3, {"a": 1, "b": 1}),
        ({"a": [keys("1")], "b": [keys("1")], "c": [keys("1")]}, 1, {"a": 1, "b": 1, "c": 1}),
        ({"a": [keys("1", "2"), keys("3")], "b": [keys("3"), keys("4")]}, 4, {"a": 1, "b": 1}),
    ],
)
def test_distinct_triples_and_how_many_each_graph_shares(
    graphs: dict[str, list[Lanes]], distinct: int, shared: dict[str, int]
) -> None:
    found = overlap(graphs)
    assert (found.distinct, found.shared) == (distinct, shared)


def test_keys_that_are_equal_in_their_first_half_only_are_two_triples() -> None:
    one, other = np.array([[1, 2]], dtype=np.uint64), np.array([[1, 3]], dtype=np.uint64)
    assert overlap({"a": [one], "b": [other]}).distinct == 2


def test_repeated_keys_are_found_wherever_they_stand() -> None:
    rows = np.array([[3, 0], [1, 0], [3, 9], [2, 0], [1, 1]], dtype=np.uint64)
    assert repeated_keys(rows).tolist() == [1, 3]
