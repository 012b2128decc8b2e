"""Coordinates as people write them, read where they are clear, and a fault told where they are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.parts.proposals.coordinates import (
    AS_EXAMPLE,
    ONE_OF_EACH,
    OUT_OF_RANGE,
    Position,
    Surroundings,
    decimal,
    read_position,
)

NUKUS, UZBEKISTAN = Position(42.46, 59.6), Surroundings(37, 55, 46, 74)


@pytest.mark.parametrize(
    "text",
    [
        "42.46, 59.6", "42.46 59.6", "42.46;59.6", "42.46,59.6", " 42,46  59,6 ", "42,46; 59,6", "42,46, 59,6",
        "42,46,59,6", "42.46 / 59.6", "+42.46 +59.60", "42.46° 59.6°", "42.46N 59.6E", "42.46°N, 59.6°E",
        "N 42.46 E 59.6", "59.6 E, 42.46 N", "42.46 n 59.6 e", "42.46 N, 59.6", "42.46, 59.6 E", "59.6 E 42.46",
        "42°27′36″N 59°36′E", "42°27'36\"N, 59°36'0\"E", "42° 27.6' N 59° 36' E", "42°27’36”N59°36’E",
        "42°27′36″ с. ш. 59°36′ в. д.", "42,46 с.ш., 59,6 в.д.", "С 42,46 В 59,6", "42.46 sh.k. 59.6 sh.u.",
        "geo:42.46,59.6", "geo:42.46,59.6;u=35", "POINT(59.6 42.46)", "point (59.60 42.46)", "59.6, 42.46",
    ],
)  # fmt: skip
def test_what_is_clear_is_read(text: str) -> None:
    assert read_position(text, UZBEKISTAN) == NUKUS


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("59.6, 42.46", Position(59.6, 42.46)), ("120.5, 30", Position(30, 120.5)),
        ("-33.9, 18.4", Position(-33.9, 18.4)),
        ("33.9 S 70.6 W", Position(-33.9, -70.6)), ("33.9 ю.ш. 70.6 з.д.", Position(-33.9, -70.6)),
        ("\u221233.9, 18.4", Position(-33.9, 18.4)), ("0, 0", Position(0, 0)), ("42,59", Position(42, 59)),
        ("34 j.k. 58 gʻ.u.", Position(-34, -58)),
    ],
)  # fmt: skip
def test_where_nothing_is_known_latitude_comes_first_unless_it_cannot(text: str, at: Position) -> None:
    assert read_position(text) == at


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", AS_EXAMPLE), ("42.46", AS_EXAMPLE), ("somewhere", AS_EXAMPLE), ("42 27 59 36", AS_EXAMPLE),
        ("42,5,59", AS_EXAMPLE), ("42.46.59.6", AS_EXAMPLE), ("1" * 300, AS_EXAMPLE), ("42.46, x", AS_EXAMPLE),
        ("95, 195", OUT_OF_RANGE), ("42°77′N 59°36′E", OUT_OF_RANGE), ("-42 N 59 E", OUT_OF_RANGE),
        ("N 42 N 59 E", OUT_OF_RANGE), ("120 N 30 E", OUT_OF_RANGE), ("POINT(30 120)", OUT_OF_RANGE),
        ("42 N 59 N", ONE_OF_EACH), ("42 в.д. 59 E", ONE_OF_EACH),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_told(text: str, problem: object) -> None:
    assert read_position(text, UZBEKISTAN) == problem


@settings(max_examples=100, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_what_is_written_as_decimals_comes_back(latitude: float, longitude: float) -> None:
    read = read_position(f"{decimal(latitude)}, {decimal(longitude)}")
    assert isinstance(read, Position)
    assert abs(read.latitude - latitude) < 1e-5
    assert abs(read.longitude - longitude) < 1e-5


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    assert read_position(text, UZBEKISTAN)
