"""Never hangs: made-up and mutated queries end honestly and in time, and leave nothing behind.

``python -m benchmarks.fuzz`` asks 20,000 of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.fuzz import ask, prepare, requests
from tests.endpoint.watching import Watched, watched

COUNT = 1_500
PATIENCE = 30.0  # the deadline is half a second; the rest is for a machine that others use, too


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(prepare(tmp_path_factory.mktemp("fuzzed"))) as running:
        yield running


@pytest.mark.parametrize("seed", [1])
def test_every_request_ends_honestly_in_time_and_leaves_nothing(fuzzed: Watched, seed: int) -> None:
    ask(fuzzed.url, list(requests(0, 200)), PATIENCE)  # every worker has worked
    before = fuzzed.state()
    statuses, faults = ask(fuzzed.url, list(requests(seed, COUNT)), PATIENCE)
    assert faults == []
    assert statuses[200] > COUNT / 5
    assert statuses[400] > COUNT / 10
    after = fuzzed.comes_back_to(before)
    assert after.memory < before.memory * 1.3 + (64 << 20)
    assert fuzzed.get("/sparql", params={"query": "ASK {}"}).json() == {"head": {}, "boolean": True}
    assert "unexpected error" not in fuzzed.said()
