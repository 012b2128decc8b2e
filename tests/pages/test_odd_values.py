"""What pages, tables, markup and answers say of literals that are no forms of their datatypes, or very large."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.endpoint.serving import BROWSER, Served
from tests.pages.conftest import NUMBERS

ALL_LITERALS = "SELECT ?s ?o { ?s ?p ?o FILTER(isLiteral(?o) && STRSTARTS(STR(?s), 'https://example.org/odd/id/')) }"


def page(served: Served, path: str) -> str:
    answer = served.get(path, BROWSER)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def row(html: str, name: str) -> str:
    """What one reads in the row of a property."""
    found = html.partition(f">ns:{name}</a>")[2].partition("</div>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found)).strip()


@pytest.mark.parametrize(
    "path",
    [
        "/doc/numbers", "/doc/o0", "/resource?iri=https%3A%2F%2Fexample.org%2Fodd%2Fns%23set", "/", "/search?q=Numbers",
        "/search.json?q=Numbers", "/class/schema:Organization", "/class/schema:Organization.csv",
        "/class/schema:Organization.xlsx", "/class/schema:Organization.csv-metadata.json", "/doc/numbers.jsonld",
        "/doc/numbers.ttl", "/doc/numbers.rdf", "/doc/numbers.nt", "/doc/numbers?_profile=schema", "/suggest?q=Num",
    ],
)  # fmt: skip
def test_no_literal_breaks_an_answer(odd_served: Served, path: str) -> None:
    assert odd_served.get(path).status_code == 200


@pytest.mark.parametrize("form", ["html", "json", "csv"])
def test_no_literal_breaks_an_answer_of_a_query(odd_served: Served, form: str) -> None:
    answer = odd_served.get("/sparql", params={"query": ALL_LITERALS, "format": form})
    assert answer.status_code == 200
    assert "about 20" in answer.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("open", "True xsd:boolean"),
        ("closed", "Yes"),
        ("began", "2014-02-30 xsd:date"),
        ("lasted", "a year xsd:duration"),
        ("moment", "soon xsd:dateTime"),
        ("at", "25 November 2014, 10:00 (UTC+05:00)"),
        ("size", f"{10**30} about 2 xsd:decimal INF NaN"),
    ],
)
def test_what_is_ill_typed_is_shown_as_it_is_written(odd_served: Served, name: str, shown: str) -> None:
    assert row(page(odd_served, "/doc/numbers"), name) == shown


def test_numbers_are_grouped_where_they_are_numbers(odd_served: Served) -> None:
    shown = row(page(odd_served, "/doc/numbers"), "count")
    assert "99,999,999,999,999,999,999,999,999" in shown
    assert NUMBERS[3] in shown
    assert all(f"{each} xsd:integer" in shown for each in ("about 20", "NaN", "٣", "²"))
    assert "14 xsd:integer" not in shown


def test_no_date_that_is_none_is_told_to_machines_as_one(odd_served: Served) -> None:
    times = re.findall(r'<time datetime="([^"]*)"', page(odd_served, "/doc/numbers").partition("<article>")[2])
    assert [each for each in times if not each.startswith("20")] == []
    assert "2014-02-30" not in times


def test_search_engines_are_told_the_text_of_what_is_ill_typed(odd_served: Served) -> None:
    script = re.search(
        r'<script type="application/ld\+json">(.*?)</script>', page(odd_served, "/doc/numbers"), re.DOTALL
    )
    assert script is not None
    said = json.loads(script[1])
    assert (said["isAccessibleForFree"], said["publicAccess"]) == ("True", True)
    assert said["foundingDate"] == "2014-02-30"
    assert {each for each in said["numberOfEmployees"] if isinstance(each, int)} == {14}
    assert {each for each in said["numberOfEmployees"] if isinstance(each, str)} == set(NUMBERS) - {"14"}


def test_bars_are_those_of_finite_numbers(odd_served: Served) -> None:
    html = page(odd_served, "/resource?iri=https%3A%2F%2Fexample.org%2Fodd%2Fns%23set")
    figure = html.partition('<svg class="chart"')[2].partition("</svg>")[0]
    assert re.findall(r'<rect y="23" width="([\d.]+)".*?>([^<]+)</text></g>', figure) == [
        ("280.0", "1E30"), ("140.0", "500,000,000,000,000,000,000,000,000,000"),
    ]  # fmt: skip


def test_reconciliation_gives_values_that_json_can_say(odd_served: Served) -> None:
    names = ("count", "size", "open", "began")
    wanted = {"ids": ["numbers"], "properties": [{"id": f"ns.{each}"} for each in names]}
    answer = odd_served.request("POST", "/reconcile", data={"extend": json.dumps(wanted)})
    assert answer.status_code == 200, answer.text
    assert "Infinity" not in answer.text
    cells = answer.json()["rows"]["numbers"]
    counts, sizes, opened, began = (cells[f"ns.{each}"] for each in names)
    assert [each for each in ({"int": 14}, {"str": "about 20"}, {"str": NUMBERS[3]}) if each not in counts] == []
    assert [each for each in ({"float": 1e30}, {"str": "INF"}, {"str": "about 2"}) if each not in sizes] == []
    assert (opened, began) == ([{"str": "True"}], [{"str": "2014-02-30"}])
