"""What was learnt of a shape: remembered, moved by what comes, shared between workers, and forgotten for another."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import pytest

from graph.query.sql.index_engine import PLACES, LearntTimes, prepare


@pytest.fixture
def path(tmp_path: Path) -> Path:
    prepare(tmp_path / "times.npy")
    return tmp_path / "times.npy"


def test_nothing_is_known_in_the_beginning(path: Path) -> None:
    found = LearntTimes(path).of("a shape")
    assert (found.engine, found.index) == (None, None)


def test_what_is_learnt_is_known(path: Path) -> None:
    times = LearntTimes(path)
    times.of("a shape").learn(engine=0.5)
    assert (times.of("a shape").engine, times.of("a shape").index) == (0.5, None)
    assert times.of("another").engine is None


def test_later_times_move_it_a_part_of_the_way(path: Path) -> None:
    found = LearntTimes(path).of("a shape")
    found.learn(index=1.0)
    found.learn(index=2.0)
    assert found.index == pytest.approx(1.3)


def test_an_estimate_stands_until_a_time_is_known(path: Path) -> None:
    found = LearntTimes(path).of("a shape")
    found.learn(engine=7.0, is_estimate=True)
    assert found.engine == 7.0
    found.learn(engine=1.0)
    assert found.engine == 1.0


@pytest.mark.parametrize("later", [0.1, math.inf])
def test_who_cannot_answer_a_shape_never_can(path: Path, later: float) -> None:
    found = LearntTimes(path).of("a shape")
    found.learn(index=math.inf)
    found.learn(index=later)
    assert found.index == math.inf


def test_other_workers_know_it_at_once(path: Path) -> None:
    mine = LearntTimes(path)
    other = multiprocessing.get_context("spawn").Process(target=learn, args=(path,))
    other.start()
    other.join()
    assert mine.of("a shape").index == 0.25


def learn(path: Path) -> None:
    LearntTimes(path).of("a shape").learn(index=0.25)


def test_any_number_of_shapes_takes_the_same_room(path: Path) -> None:
    times, size = LearntTimes(path), path.stat().st_size
    for number in range(2 * PLACES):
        times.of(f"shape {number}").learn(engine=1.0)
    known = sum(times.of(f"shape {number}").engine is not None for number in range(2 * PLACES))
    assert 0 < known <= PLACES
    assert path.stat().st_size == size
