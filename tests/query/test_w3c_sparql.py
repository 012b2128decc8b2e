"""The W3C's SPARQL suites: evaluation, syntax and result formats, and by name and cause what is answered otherwise."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from sparql_suites import ABSENT, Case, agree, answer, base_of, cases, expected, read

from graph.model.errors import QuerySyntaxError

FAILURES = {
    "numbers": (
        "sparql10/distinct/distinct-1", "sparql10/distinct/distinct-9", "sparql10/expr-builtin/dawg-str-1",
        "sparql10/expr-builtin/dawg-str-2", "sparql10/expr-builtin/sameTerm-eq",
        "sparql10/expr-builtin/sameTerm-not-eq", "sparql10/expr-builtin/sameTerm-simple",
        "sparql10/expr-equals/eq-graph-1", "sparql10/expr-equals/eq-graph-2", "sparql10/open-world/open-eq-01",
        "sparql11/csv-tsv-res/tsv03", "sparql12/grouping/group01",
    ),
    "blank nodes": (
        "sparql10/expr-builtin/dawg-isBlank-1", "sparql10/expr-builtin/dawg-isIRI-1",
        "sparql10/expr-builtin/dawg-isURI-1", "sparql10/sort/dawg-sort-8", "sparql12/eval-triple-terms/order-1",
        "sparql12/eval-triple-terms/order-2",
    ),
    "unknown functions": (
        "sparql10/syntax-sparql1/syntax-expr-05", "sparql10/syntax-sparql1/syntax-order-05",
        "sparql10/syntax-sparql1/syntax-order-06", "sparql10/syntax-sparql2/syntax-function-01",
        "sparql10/syntax-sparql2/syntax-function-02", "sparql10/syntax-sparql2/syntax-function-03",
        "sparql10/syntax-sparql2/syntax-function-04", "sparql11/syntax-query/test_4",
    ),
    "dates without a time zone": ("sparql10/open-world/date-2",),
    "BNODE with a text": ("sparql11/functions/bnode01",),
    "comparisons without blanks": ("sparql10/syntax-sparql3/syn-bad-26",),
}  # fmt: skip
"""The tests that fail, by what docs/querying.md says of the cause."""
FAILING = frozenset(name for names in FAILURES.values() for name in names)
QUERYING = Path(__file__).parents[2] / "docs" / "querying.md"

present = pytest.mark.skipif(not cases(), reason=ABSENT)


def passes(case: Case) -> bool:
    """Whether the service does with a test's query what the test expects."""
    if case.kind == "evaluation":
        try:
            return agree(answer(case), expected(case), lax=case.lax)
        except QuerySyntaxError:
            return False
    return is_taken(case) == (case.kind == "legal")


def is_taken(case: Case) -> bool:
    """Whether the guard and the engine take a query; what they refuse is a syntax error."""
    try:
        ox.Store().query(read(case).text, base_iri=base_of(case))
    except (QuerySyntaxError, SyntaxError):
        return False
    return True


@present
@pytest.mark.parametrize("name", sorted(cases()))
def test_as_the_suite_expects(name: str) -> None:
    assert passes(cases()[name]) == (name not in FAILING)


@present
def test_every_failure_is_one_of_the_suites() -> None:
    assert cases().keys() >= FAILING
    assert len(FAILING) == sum(map(len, FAILURES.values()))


@present
def test_the_documentation_counts_right() -> None:
    text = QUERYING.read_text(encoding="utf-8")
    assert f"Of the {len(cases()):,} tests of queries" in text
    assert f"{len(cases()) - len(FAILING):,} give what they expect" in text


@pytest.mark.parametrize("cause", FAILURES)
def test_the_documentation_names_what_fails_and_why(cause: str) -> None:
    (section,) = [each for each in QUERYING.read_text(encoding="utf-8").split("\n- ") if each.startswith(f"*{cause}*")]
    missing = [name for name in FAILURES[cause] if f"`{name.rpartition('/')[2]}`" not in section]
    assert not missing
