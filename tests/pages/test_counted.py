"""Pages say counts as sentences, nothing twice, first who can be called, and what a body is called today."""

from __future__ import annotations

import re
from html import unescape

import pytest
from writing import Write

from endpoint.app import create_app
from endpoint.pages.term_names import form
from graph.model.publication import open_publication
from graph.pipeline.build import build
from tests.endpoint.serving import Served

RU = "родитель|родителя|родителей"
FORMS = [
    (RU, 1, "ru", False, "родитель"), (RU, 2, "ru", False, "родителя"), (RU, 14, "ru", False, "родителей"),
    (RU, 121, "ru", False, "родитель"), (RU, 1, "ru", True, "родителя"), (RU, 22, "ru", True, "родителей"),
    (RU, 90, "ru", True, "родителей"), ("parent|parents", 1, "en", False, "parent"),
    ("parent|parents", 0, "en", True, "parents"), ("ota-ona", 14, "uz", False, "ota-ona"),
    ("ota-ona", 1, "uz-latn", True, "ota-ona"), ("a", 5, "ru", True, "a"),
]  # fmt: skip
COUNTS = {
    "en": (
        "142 parents, counted between 1 September 2015 and 22 September 2016",
        "more than 90 families, counted between",
    ),
    "ru": ("142 родителя, подсчитано между 1 сентября 2015", "более 90 семей, подсчитано между"),
    "uz": ("142 ota-ona, 2015-yil 1-sentabr va 2016-yil 22-sentabr oraligʻida sanalgan", "90 tadan ortiq oila, "),
}


@pytest.mark.parametrize(("forms", "number", "language", "is_more", "expected"), FORMS)
def test_a_word_behind_a_number_has_its_form(
    forms: str, number: int, language: str, is_more: bool, expected: str
) -> None:
    assert form(forms, number, language, is_more=is_more) == expected


@pytest.mark.parametrize("language", COUNTS)
def test_a_count_is_a_sentence(flagship_served: Served, language: str) -> None:
    html = read(flagship_served, "/doc/club/urgench", language)
    assert all(each in html for each in COUNTS[language])


STATED = {
    "en": ("more than 90 families", "Counted between 21 September 2016 and 22 September 2016"),
    "ru": ("более 90 семей", "Подсчитано между 21 сентября 2016 года и 22 сентября 2016 года"),
    "uz": ("90 tadan ortiq oila", "2016-yil 21-sentabr va 2016-yil 22-sentabr oraligʻida sanalgan"),
}


@pytest.mark.parametrize("language", STATED)
def test_no_number_on_which_sources_disagree_is_bare(flagship_served: Served, language: str) -> None:
    for path in ("/doc/club/urgench", "/doc/discrepancy/urgench-club-members"):
        figures = re.findall(r'<p class="figure">(.*?)</p>', read(flagship_served, path, language), re.DOTALL)
        assert len(figures) == 2
        assert not [each for each in figures if re.sub(r"<[^>]+>", "", each).strip().isdecimal()]
        assert f"<span>{STATED[language][0]}</span>" in figures
        assert STATED[language][1] in read(flagship_served, path, language)
    html = read(flagship_served, "/doc/statement/urgench-club-90-families", language)
    assert html.count(f"{STATED[language][0]}, ") == 2  # of what is said, and what is said of it


NUMBERED = """
@prefix : <http://e/> . @prefix ns: <https://w3id.org/hamkor/ns#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:d ns:claim :a , :b . :height rdfs:label "height in metres"@en .
:a rdf:subject :tower ; rdf:predicate :height ; rdf:object 140 .
:b rdf:subject :tower ; rdf:predicate :height ; rdf:object "tall"@en .
"""


def test_a_number_of_others_stands_under_what_it_is_the_number_of(publication: Write) -> None:
    release = build(publication({"data/a.ttl": NUMBERED, "hamkor.toml": ""}))
    app = create_app(open_publication(release.folder.parents[2]))
    html = unescape(app.test_client().get("/resource?iri=http://e/d", headers={"Accept": "text/html"}).text)
    box = html.partition('<div class="versus">')[2].partition("</section>")[0]
    assert re.search(r"Height in metres</p>\s*<p class=\"figure\"><span>140<", box)
    assert box.count("Height in metres") == 1


def test_who_can_be_called_stands_before_who_cannot(flagship_served: Served) -> None:
    html = read(flagship_served, "/doc/club/urgench", "en")
    assert html.index("tel:+998939227122") < html.index(">Chairperson<")


@pytest.mark.parametrize("language", COUNTS)
def test_no_page_lists_anything_twice(flagship_served: Served, language: str) -> None:
    for path in ("/doc/forum/2014", "/doc/body/ministry-of-finance", "/doc/club/termez"):
        html = read(flagship_served, path, language)
        shown = html[html.index('class="main"') : html.index('aria-labelledby="data"')].partition('id="sources"')[0]
        links = re.findall(r'href="(/doc/(?:body|objective|forum)/[^"#?]+|/scheme/topic/[^"#?]+)[^"]*"', shown)
        assert not {each for each in links if links.count(each) > 1}, path


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Called today:"), ("ru", "Сегодня называется:"), ("uz", "Bugungi nomi:")]
)
def test_a_body_says_first_what_it_is_called_today(flagship_served: Served, language: str, said: str) -> None:
    html = read(flagship_served, "/doc/body/ministry-of-finance", language)
    assert re.search(rf"{said} <a [^>]*/doc/body/ministry-of-economy-and-finance", html)
    assert html.index(said) < html.index('class="columns"')
    assert said not in read(flagship_served, "/doc/body/ministry-of-economy-and-finance", language)


def test_the_dataset_is_cited_in_a_sentence_with_version_and_date(flagship_served: Served) -> None:
    html = re.sub("<[^>]*>", "", read(flagship_served, "/dataset", "en"))
    assert re.search(
        r"The Hamkor project \(\d{4}\)\. Hamkor: the 2014 .* Version \S+ of \d+ \w+ \d{4}\. https://w3id\.org/hamkor/",
        html,
    )


def read(served: Served, path: str, language: str) -> str:
    """A page in a language."""
    answer = served.get(path, "text/html", params={"ui": language})
    assert answer.status_code == 200
    return answer.text


def test_what_a_claim_comes_from_is_not_who_worded_its_name(flagship_served: Served) -> None:
    page = flagship_served.get("/doc/club/samarkand.html", "text/html").text
    box = page.partition('aria-labelledby="disagreement-1"')[2].partition("</section>")[0]
    assert "source/ie172" in box
    assert "source/hamkor" not in box
