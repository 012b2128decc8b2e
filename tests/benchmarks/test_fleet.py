"""The simulated fleet: the same for an equal seed, as fast as the real one was, and slower by each fault."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from benchmarks.fleet import Found, Scenario, Simulation

QUIET = Scenario(3)
MEASURED = 1.5
"""RESULTS.md, "Copies": seconds from the commit until all three copies answer from it, median."""


def found(scenario: Scenario, seed: int = 1, hours: float = 6) -> Found:
    return Simulation(scenario, seed).run(hours * 3600)


def test_an_equal_seed_gives_equal_figures_and_another_others() -> None:
    broken = Scenario(3, kills=24, losses=2, outages=24, builds=0.1)
    assert found(broken) == found(broken)
    assert found(broken) != found(broken, 2)


def test_without_faults_three_copies_are_as_late_as_the_measured_ones() -> None:
    quiet = found(QUIET)
    assert statistics.median(quiet.lags_of_all) == pytest.approx(MEASURED, abs=0.2)
    assert (quiet.old, quiet.none_up) == (0, 0)


def test_every_release_reaches_every_copy_but_what_was_made_in_the_last_seconds() -> None:
    quiet = found(QUIET)
    assert len(quiet.lags) == pytest.approx(3 * len(quiet.lags_of_all), abs=9)


@pytest.mark.parametrize("fault", [{"outages": 48, "away": 60.0}, {"builds": 0.5}])
def test_faults_make_answers_old(fault: dict[str, float]) -> None:
    assert found(replace(QUIET, **fault)).old > 0  # type: ignore[arg-type]


def test_one_copy_that_is_killed_leaves_nobody_who_answers_and_three_do_not() -> None:
    assert found(Scenario(1, kills=48)).none_up > 10 * found(Scenario(3, kills=48)).none_up
