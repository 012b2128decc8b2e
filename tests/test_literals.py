"""What literals mean: which texts are lexical forms, which numbers and truth values they stand for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from endpoint.http.languages import grouped
from graph.model.rdf_terms import XSD, finite_number, is_legal, truth_value, whole_number


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("14", "integer", 14),
        ("+05", "integer", 5),
        ("-0", "nonNegativeInteger", 0),
        ("9" * 26, "integer", 10**26 - 1),
        ("9" * 5_000, "integer", None),
        ("about 20", "integer", None),
        ("", "integer", None),
        (" 5 ", "integer", None),
        ("٣", "integer", None),
        ("²", "integer", None),
        ("1_000", "integer", None),
        ("5\n", "integer", None),
        ("-1", "nonNegativeInteger", None),
        ("128", "byte", None),
        ("-128", "byte", -128),
        ("9" * 400, "int", None),
        ("1.0", "decimal", None),
    ],
)
def test_a_whole_number_is_one_of_its_datatype(text: str, name: str, expected: int | None) -> None:
    assert whole_number(text, XSD + name) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("1.50", "decimal", Decimal("1.50")),
        ("1e30", "double", Decimal("1e30")),
        ("14", "integer", Decimal(14)),
        ("1e5", "decimal", None),
        ("INF", "double", None),
        ("-INF", "float", None),
        ("NaN", "double", None),
        ("nan", "double", None),
        ("1e400", "double", None),
        ("1e" + "9" * 30, "double", None),
        ("1e-" + "9" * 30, "double", Decimal(0)),
        ("about 20", "decimal", None),
        ("14", "string", None),
    ],
)
def test_a_finite_number_is_as_it_is_written(text: str, name: str, expected: Decimal | None) -> None:
    assert finite_number(text, XSD + name) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("2014-02-28", "date", True),
        ("2014-02-30", "date", False),
        ("2012-02-29T00:00:00Z", "dateTime", True),
        ("-0044-03-15", "date", True),
        ("9" * 5_000 + "-02-28", "date", True),
        ("2014-11-25T10:00", "dateTime", False),
        ("2014-11-25T10:00:00+25:00", "dateTime", False),
        ("2014-11-25T10:00:00", "dateTimeStamp", False),
        ("P1Y2M", "duration", True),
        ("1 year", "duration", False),
        ("true", "boolean", True),
        ("True", "boolean", False),
        ("9" * 5_000, "positiveInteger", True),
        ("-" + "9" * 5_000, "positiveInteger", False),
        ("any text", "string", True),
        ("any text", "noSuchType", True),
    ],
)
def test_a_text_is_a_form_of_its_datatype_or_it_is_not(text: str, name: str, expected: bool) -> None:
    assert is_legal(text, XSD + name) is expected


def test_truth_is_written_in_four_ways() -> None:
    assert [truth_value(each) for each in ("true", "1", "false", "0")] == [True, True, False, False]
    assert {truth_value(each) for each in ("True", "TRUE", "yes", "", " true ", "01")} == {None}


@pytest.mark.parametrize(
    ("number", "language", "expected"),
    [
        (12_345, "en", "12,345"),
        (-12_345, "ru", "-12\N{NO-BREAK SPACE}345"),
        (10**26 - 1, "en", "99,999,999,999,999,999,999,999,999"),
        (10**40, "en", "1E40"),
        (Decimal("1e30"), "en", "1E30"),
        (Decimal("0.000001"), "en", "0.000001"),
        (Decimal("0.30000000000000004"), "uz", "0,30000000000000004"),
        (Decimal("1.23456789e300"), "en", "1.23457E300"),
        (Decimal("1e-300"), "en", "1E-300"),
    ],
)
def test_numbers_keep_their_digits(number: int | Decimal, language: str, expected: str) -> None:
    assert grouped(number, language) == expected
