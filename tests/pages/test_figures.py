"""Maps, outlines, class diagrams and dates: what is computed for them, whatever the data says."""

from __future__ import annotations

from itertools import combinations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint.http.languages import INTERFACE, interval, readable
from endpoint.pages.figures import (
    Diagram,
    Edge,
    LetterBox,
    _hits,
    _places,
    diagram,
    fitted,
)
from endpoint.pages.term_names import Names, Shown
from endpoint.urls import Urls
from graph.model.locations import Area, outlines, point_of, simplified
from graph.model.rdf_terms import PREFIXES, SCHEMA, XSD

EX, GEO = "https://example.org/", PREFIXES["geo"]


# ---- dates


@pytest.mark.parametrize(
    ("lexical", "kind", "language", "expected"),
    [
        ("2014-11-25", "date", "en", "25 November 2014"),
        ("2014-11-25", "date", "ru", "25 ноября 2014 года"),
        ("2014-11-25", "date", "uz", "2014-yil 25-noyabr"),
        ("2015-02", "gYearMonth", "en", "February 2015"),
        ("2015-02", "gYearMonth", "ru", "февраль 2015 года"),
        ("2015-02", "gYearMonth", "uz", "2015-yil fevral"),
        ("2004", "gYear", "ru", "2004"),
        ("2026-11-22T22:30:59Z", "dateTime", "en", "22 November 2026, 22:30 (UTC)"),
        ("2026-11-22T22:30:59", "dateTime", "uz", "2026-yil 22-noyabr, 22:30"),
        ("2014-02-30", "date", "en", "2014-02-30"),
        ("-0044-03-15", "date", "en", "-0044-03-15"),
        ("soon", "date", "en", "soon"),
        ("14:00:00", "time", "en", "14:00:00"),
        ("14:00:00+05:00", "time", "en", "14:00:00 (UTC+05:00)"),
        ("2014-11-25T10:00:00+05:00", "dateTime", "en", "25 November 2014, 10:00 (UTC+05:00)"),
        ("2014-11-25T10:00:00-03:30", "dateTimeStamp", "ru", "25 ноября 2014 года, 10:00 (UTC−03:30)"),
        ("2014-11-25+05:00", "date", "en", "25 November 2014 (UTC+05:00)"),
        ("2014-11Z", "gYearMonth", "en", "November 2014 (UTC)"),
        ("2014-05:00", "gYear", "en", "2014 (UTC−05:00)"),
        ("2014-11-25T24:00:00", "dateTime", "en", "2014-11-25T24:00:00"),
        ("20141125T100000", "dateTime", "en", "20141125T100000"),
        ("2014-W48-2T10:00:00", "dateTime", "en", "2014-W48-2T10:00:00"),
    ],
)
def test_dates_are_readable_and_never_more_precise_than_they_are(
    lexical: str, kind: str, language: str, expected: str
) -> None:
    assert readable(lexical, XSD + kind, language) == expected


@pytest.mark.parametrize(
    ("first", "last", "language", "expected"),
    [
        ("2014-11-25", "2014-11-26", "en", "25–26 November 2014"),
        ("2014-11-25", "2014-11-26", "ru", "25–26 ноября 2014 года"),
        ("2014-11-25", "2014-11-26", "uz", "2014-yil 25–26-noyabr"),
        ("2014-11-30", "2014-12-01", "en", "30 November 2014 – 1 December 2014"),
        ("2014-11-25", "2014-11-25", "en", "25 November 2014"),
        ("2014-11", "2014-12", "en", "November 2014 – December 2014"),
    ],
)
def test_days_in_a_row_name_their_month_once(first: str, last: str, language: str, expected: str) -> None:
    assert interval(first, last, language) == expected


@given(st.text(max_size=40), st.sampled_from(["date", "gYear", "gYearMonth", "dateTime"]), st.sampled_from(INTERFACE))
def test_what_is_no_date_stays_as_it_is_or_becomes_one(lexical: str, kind: str, language: str) -> None:
    assert isinstance(readable(lexical, XSD + kind, language), str)


# ---- coordinates


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f'<{EX}a> <{GEO}asWKT> "POINT(67.28 37.22)" .', (67.28, 37.22)),
        (f'<{EX}a> <{GEO}asWKT> "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> Point (67 37)" .', (67.0, 37.0)),
        (f'<{EX}a> <{GEO}hasGeometry> <{EX}g> . <{EX}g> <{GEO}asWKT> "POINT(1 2)" .', (1.0, 2.0)),
        (f'<{EX}a> <{SCHEMA}geo> <{EX}g> . <{EX}g> <{SCHEMA}latitude> "2" ; <{SCHEMA}longitude> "1" .', (1.0, 2.0)),
        (f'<{EX}a> <{SCHEMA}latitude> "2" ; <{SCHEMA}longitude> "1" .', (1.0, 2.0)),
        (f'<{EX}a> <{GEO}asWKT> "POINT(670 37)" .', None),
        (f'<{EX}a> <{GEO}asWKT> "POLYGON((1 2, 3 4, 1 2))" .', None),
        (f'<{EX}a> <{SCHEMA}latitude> "north" ; <{SCHEMA}longitude> "1" .', None),
        (f"<{EX}a> <{GEO}hasGeometry> <{EX}a> .", None),
    ],
)
def test_coordinates_are_read_in_every_usual_way(said: str, expected: tuple[float, float] | None) -> None:
    store = ox.Store()
    store.load(said.encode(), format=ox.RdfFormat.TURTLE)
    assert point_of(store, f"{EX}a") == expected


def test_outlines_are_those_of_the_fourteen_regions_within_their_country() -> None:
    (country,) = outlines()
    assert len(country.areas) == 14
    assert {area.code for area in country.areas} >= {"UZ-TK", "UZ-SU", "UZ-XO", "UZ-NG", "UZ-SA"}
    assert country.holds((69.24, 41.3))
    assert not country.holds((37.6, 55.75))


def test_a_border_that_two_regions_share_stays_the_same_for_both() -> None:
    border = [(1.0, 0.0), (1.01, 0.2), (0.99, 0.4), (1.2, 0.6), (1.0, 0.8), (1.0, 1.0)]
    west = Area("W", (((0.0, 0.0), *border, (0.0, 1.0), (0.0, 0.0)),))
    east = Area("E", (((2.0, 1.0), *border[::-1], (2.0, 0.0), (2.0, 1.0)),))
    thin = {area.code: area.rings[0] for area in simplified([west, east], tolerance=0.05)}
    shared = [point for point in thin["W"] if point in border]
    assert shared == [point for point in thin["E"] if point in border][::-1]
    assert (1.2, 0.6) in shared
    assert (1.01, 0.2) not in shared


@given(st.floats(0, 700), st.floats(0, 400), st.floats(1, 20), st.floats(1, 300))
def test_the_text_of_a_dot_never_hides_it(x: float, y: float, radius: float, length: float) -> None:
    dot: LetterBox = (x - radius, y - radius, x + radius, y + radius)
    assert all(not _hits(box, [dot]) for box, _ in _places(x, y, radius, length, 700))


# ---- class diagrams

NODES = st.sampled_from([f"{EX}{letter}" for letter in "abcdefgh"])
EDGES = st.lists(st.builds(Edge, NODES, NODES, st.just(Shown("p"))), max_size=25)


def drawn(edges: list[Edge]) -> Diagram | None:
    labels = {iri: Shown(iri) for edge in edges for iri in (edge.source, edge.target)}
    return diagram(edges, frozenset(), labels)


@given(EDGES)
def test_boxes_of_a_diagram_do_not_overlap_and_every_property_has_a_line(edges: list[Edge]) -> None:
    found = drawn(edges)
    between = [each for each in edges if each.source != each.target]
    if found is None:
        assert not between
        return
    assert len(found.lines) == len(between)
    assert len(found.boxes) == len({iri for edge in between for iri in (edge.source, edge.target)})
    for one, other in combinations(found.boxes, 2):
        assert one.x != other.x or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert all(0 <= box.x <= found.width - box.width and box.y + box.height <= found.height for box in found.boxes)


def test_a_circle_of_properties_is_drawn_too() -> None:
    a, b, c = (f"{EX}{letter}" for letter in "abc")
    found = drawn([Edge(a, b, Shown("1")), Edge(b, c, Shown("2")), Edge(c, a, Shown("3"))])
    assert found is not None
    assert len(found.lines) == 3


@pytest.mark.parametrize(("text", "expected"), [("short", "short"), ("x" * 30, "x" * 17 + "…"), ("", "")])
def test_names_are_cut_where_a_box_ends(text: str, expected: str) -> None:
    assert fitted(text) == expected


# ---- names of things without a name


@pytest.mark.parametrize(
    ("iri", "expected"),
    [
        ("http://x.example/a%20b/%D0%B8%D0%BC%D1%8F%203", "http://x.example/a%20b/имя%203"),
        ("http://x.example/%FF%2F", "http://x.example/%FF%2F"),
        ("http://x.example/%E2%80%AEtxt", "http://x.example/%E2%80%AEtxt"),
        ("https://here.example/id/club/%D0%B0", "id/club/а"),
    ],
    ids=["letters", "no letters", "what turns the line round", "ours"],
)
def test_letters_of_an_iri_are_legible(iri: str, expected: str) -> None:
    names = Names.__new__(Names)
    names.urls, names.prefixes = Urls("https://here.example/"), {}
    assert names.short(iri) == expected
