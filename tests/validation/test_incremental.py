"""Validation of a change says what validation of everything says, having looked at what the change can matter to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validation_material import BASE, DATA, read_shapes, shapes, state, told

from graph.model.errors import ShapesError
from graph.validation.incremental import validate_change
from graph.validation.report import Report, parse_report
from graph.validation.shapes import load_shapes
from tests.conftest import WHOLE


@settings(deadline=None, max_examples=200 if WHOLE else 20, suppress_health_check=[HealthCheck.too_slow])
@given(turtle=shapes(), one=DATA, two=DATA, changed=DATA)
def test_of_many_to_which_a_change_matters_those_in_doubt_are_judged(
    turtle: str, one: frozenset[bytes], two: frozenset[bytes], changed: frozenset[bytes]
) -> None:
    usable = read_shapes(turtle)
    before, after = state(one, two, usable), state(changed, two, usable)
    known, whole = outcome(lambda: before.report(usable)), outcome(lambda: after.report(usable))
    if known is not None and whole is not None:
        changes = before.changes(after)
        with pytest.MonkeyPatch.context() as lowered:
            lowered.setattr("graph.validation.incremental.MANY", 0)
            report = validate_change(before.data, after.data, changes, usable, known, after.index, base=BASE)
        assert told(report) == told(whole)


def outcome(validate: Callable[[], Report]) -> Report | None:
    """The report, or None where pySHACL gives up: it cannot compare a number with what is none."""
    try:
        return validate()
    except ShapesError:
        return None


@settings(deadline=None, max_examples=1000 if WHOLE else 75, suppress_health_check=[HealthCheck.too_slow])
@given(turtle=shapes(), one=DATA, two=DATA, changed=st.lists(DATA, min_size=1, max_size=3))
def test_a_change_is_judged_as_the_whole_would_be(
    turtle: str, one: frozenset[bytes], two: frozenset[bytes], changed: list[frozenset[bytes]]
) -> None:
    usable = read_shapes(turtle)
    before = state(one, two, usable)
    known = outcome(lambda: before.report(usable))
    for graph in changed:
        after = state(graph, two, usable)
        whole = outcome(partial(after.report, usable))
        if known is not None:
            stored = parse_report(known.turtle(), load_shapes(usable, base=BASE).graph)
            assert told(stored) == told(known)
            changes = before.changes(after)
            report = outcome(
                partial(validate_change, before.data, after.data, changes, usable, stored, after.index, base=BASE)
            )
            assert (report and told(report)) == (whole and told(whole))
        before, known = after, whole


# each example makes two indexes, and pySHACL judges three times
@settings(deadline=None, max_examples=1000 if WHOLE else 40, suppress_health_check=[HealthCheck.too_slow])
@given(turtle=shapes(), one=DATA, two=DATA)
def test_an_index_is_judged_as_its_members_would_be(turtle: str, one: frozenset[bytes], two: frozenset[bytes]) -> None:
    usable = read_shapes(turtle)
    made = state(one, two, usable)
    whole = outcome(lambda: made.report(usable))
    for judge in (made.by_index, made.by_sets):
        report = outcome(partial(judge, usable))
        assert whole is None or (report is not None and told(report) == told(whole))
