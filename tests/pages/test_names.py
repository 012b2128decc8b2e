"""What things are called, for everybody: labels that are things, languages, scripts and directions."""

from __future__ import annotations

import json
from html import unescape

import pytest

from tests.endpoint.serving import BROWSER, Served

BASE = "https://example.org/odd/"


def page(served: Served, path: str, **headers: str) -> str:
    answer = served.get(path, BROWSER, headers=headers)
    assert answer.status_code == 200, path
    return unescape(answer.text)


# ---- labels that are things (SKOS-XL)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/doc/concept", "<h1>Kindergarten</h1>"),
        ("/doc/broader", ">Kindergarten</a>"),
        ("/doc/label", "<h1>Kindergarten</h1>"),
        ("/class/skos:Concept", ">Kindergarten</a>"),
    ],
)
def test_labels_that_are_things_are_names_on_pages(odd_served: Served, path: str, part: str) -> None:
    assert part in page(odd_served, path)


@pytest.mark.parametrize("text", ["Kindergarten", "Nursery school", "детский сад"])
def test_a_thing_is_found_by_labels_that_are_things_and_the_labels_are_not(odd_served: Served, text: str) -> None:
    found = odd_served.get("/search.json", params={"q": text}).json()["results"]
    assert [each["id"] for each in found] == ["concept"]


def test_a_thing_is_reconciled_by_labels_that_are_things(odd_served: Served) -> None:
    answer = odd_served.request("POST", "/reconcile", data={"queries": json.dumps({"q": {"query": "Kindergarten"}})})
    assert [(each["id"], each["match"]) for each in answer.json()["q"]["result"]] == [("concept", True)]


def test_documents_name_what_a_thing_points_to_by_labels_that_are_things(odd_served: Served) -> None:
    text = odd_served.get("/doc/broader.nt").text
    assert f'<{BASE}id/concept> <http://www.w3.org/2004/02/skos/core#prefLabel> "Kindergarten"@en .' in text
