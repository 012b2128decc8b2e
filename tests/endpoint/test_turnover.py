"""Nobody notices a publish: readers get answers, each of exactly one release (the whole is benchmarks/turnover.py)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.turnover import publication_in, turned_over
from tests.endpoint.serving import serving


def test_eight_publishes_under_eight_readers_fail_nobody_and_mix_nothing(tmp_path: Path) -> None:
    publication = publication_in(tmp_path / "turnover", 300)
    with serving(publication.root, workers=2) as running:
        port = urlsplit(running.url).port or 0
        outcome = turned_over(publication, port, publishes=8, readers=8, things=300, pause=0.1)
    assert outcome.failures == []
    assert outcome.requests[200] > 100
    assert max(outcome.lags) < 60  # a second on a machine that has nothing else to do
