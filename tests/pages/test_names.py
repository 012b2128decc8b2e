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


# ---- languages


@pytest.mark.parametrize(
    ("query", "accepted", "title"),
    [
        ("", "", "Society"),
        ("", "uz-Cyrl", "Жамият"),
        ("", "uz", "Jamiyat"),
        ("", "uz-Latn-UZ", "Jamiyat"),
        ("", "pt-BR", "Associação"),
        ("", "pt", "Associação"),
        ("", "pt-PT, en;q=0.1", "Coletividade"),
        ("", "hu, en;q=0.5", "Egyesület"),
        ("", "hu;q=0, en", "Society"),
        ("", "*", "Society"),
        ("", "ja, xx-YY;q=0.9", "Society"),
        ("", "zh-TW", "協會"),
        ("", "zh-CN", "协会"),
        ("?lang=hu", "ar", "Egyesület"),
        ("?lang=uz-cyrl", "", "Жамият"),
        ("?lang=PT-br", "", "Associação"),
        ("?lang=he-IL", "en", "עמותה"),
        ("?lang=ja", "ar", "جمعية (2014)"),
    ],
)
def test_a_thing_is_called_in_the_language_that_is_asked_for(
    odd_served: Served, query: str, accepted: str, title: str
) -> None:
    html = page(odd_served, f"/doc/words{query}", **{"Accept-Language": accepted})
    assert html.partition("<h1")[2].partition(">")[2].partition("</h1>")[0] == title


@pytest.mark.parametrize(("lang", "name"), [("en", "English"), ("pt-BR", "português (Brasil)"), ("ar", "العربية")])
def test_every_language_of_the_settings_can_be_chosen(odd_served: Served, lang: str, name: str) -> None:
    footer = page(odd_served, f"/doc/words?lang={lang}").partition("<footer")[2]
    (chosen,) = [each for each in footer.split("<li>") if 'aria-current="true"' in each]
    assert f">{name}</a>" in chosen


def test_search_and_tables_speak_the_language_too(odd_served: Served) -> None:
    assert odd_served.get("/search.json?q=Office&lang=uz-Cyrl").json()["results"][0]["label"] == "Идора"
    answer = odd_served.request("POST", "/reconcile", data={"queries": json.dumps({"q": {"query": "Society"}})},
                                headers={"Accept-Language": "hu"})  # fmt: skip
    assert answer.json()["q"]["result"][0]["name"] == "Egyesület"


def test_what_a_reader_accepts_needs_no_telling(odd_served: Served) -> None:
    """Somebody who prefers Japanese, of which there is nothing, is not told at each name that it is English."""
    assert 'title="Language"' not in page(odd_served, "/doc/cyrillic", **{"Accept-Language": "ja"})
    assert 'title="Language"' in page(odd_served, "/doc/words?lang=uz-Cyrl")


# ---- directions


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/doc/words?lang=ar", '<h1 lang="ar" dir="rtl">جمعية (2014)</h1>'),
        ("/doc/words?lang=he", '<h1 lang="he" dir="rtl">'),
        ("/doc/words?lang=az-Arab", '<h1 lang="az-arab" dir="rtl">'),
        ("/doc/words?lang=ar", '<p class="lead" lang="ar" dir="rtl">وصف'),
        ("/doc/words", '<li lang="fa" dir="rtl">انجمن</li>'),
        ("/doc/words", '<li lang="ur" dir="rtl">تنظیم</li>'),
        ("/doc/words", '<li lang="hu">Egyesület</li>'),
        ("/doc/words", '<span dir="auto">شركة (plain)</span>'),
        ("/doc/words", '<span dir="ltr">mixed شركة</span>'),
        ("/doc/words?lang=ar", '<span lang="ar" dir="rtl">Acme</span>'),
        ("/doc/words?lang=ar", '<span lang="ar" dir="ltr">نعم</span>'),
        ("/search?q=Society&lang=ar", 'lang="ar" dir="rtl">جمعية (2014)</a>'),
        ("/search?q=Society", '<span class="soft">Thing</span>'),
    ],
)
def test_a_text_says_in_which_direction_it_runs(odd_served: Served, path: str, part: str) -> None:
    assert part in page(odd_served, path)


def test_an_answer_says_it_too(odd_served: Served) -> None:
    query = f"SELECT ?l {{ <{BASE}id/words> <http://www.w3.org/2000/01/rdf-schema#label> ?l }}"
    html = unescape(odd_served.get("/sparql", BROWSER, params={"query": query}).text)
    assert '<span lang="he" dir="rtl">עמותה</span>' in html


@pytest.mark.parametrize("suffix", ["ttl", "nt", "nq", "trig", "rdf"])
def test_documents_can_be_read_by_those_who_know_no_directions(odd_served: Served, suffix: str) -> None:
    text = odd_served.get(f"/doc/words.{suffix}").text
    assert "Acme" in text
    assert "--rtl" not in text
    assert "its:dir" not in text


def test_json_ld_tells_the_direction(odd_served: Served) -> None:
    assert '"@direction": "rtl"' in odd_served.get("/doc/words.jsonld").text
