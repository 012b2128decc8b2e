"""Which triples stand more than once, by their keys."""

from __future__ import annotations

import numpy as np

from graph.releases.manifest import repeated_keys


def test_repeated_keys_are_found_wherever_they_stand() -> None:
    rows = np.array([[3, 0], [1, 0], [3, 9], [2, 0], [1, 1]], dtype=np.uint64)
    assert repeated_keys(rows).tolist() == [1, 3]
