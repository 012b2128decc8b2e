"""Validation of a change says what validation of everything says, having looked at what the change can matter to."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validation_material import BASE, DATA, read_shapes, shapes, state, told

from graph.validation.incremental import validate_change, validate_index
from graph.validation.report import parse_report
from graph.validation.shapes import load_shapes


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(turtle=shapes(), one=DATA, two=DATA, changed=st.lists(DATA, min_size=1, max_size=3))
def test_a_change_is_judged_as_the_whole_would_be(
    turtle: str, one: frozenset[bytes], two: frozenset[bytes], changed: list[frozenset[bytes]]
) -> None:
    usable = read_shapes(turtle)
    before = state(one, two, usable)
    report = before.report(usable)
    assert told(validate_index(before.data, usable, base=BASE)) == told(report)
    for graph in changed:
        after = state(graph, two, usable)
        kept = parse_report(report.turtle(), load_shapes(usable, base=BASE).graph)
        assert told(kept) == told(report)
        report = validate_change(before.data, after.data, before.changes(after), usable, kept, base=BASE)
        assert told(report) == told(after.report(usable))
        before = after
