"""The stored questions, with that on sources: each gives, row for row, the answer in tests/queries/."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from graph.query.saved_queries import read_examples

BASE = "https://w3id.org/hamkor/"
QUERIES = f"{BASE}query/"
CONTACTS = ox.NamedNode("https://w3id.org/hamkor/graph/contacts")
ANSWERS = {path.stem: path for path in sorted((Path(__file__).parent / "queries").glob("*.json"))}
LISTED = """PREFIX schema: <https://schema.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT ?query ?text ?position WHERE {
  ?query a sh:SPARQLSelectExecutable ; sh:select ?text ; schema:position ?position
} ORDER BY ?position"""
VERBATIM, IN_ANY_LANGUAGE = ("value",), "names-with-adaptation"
"""Columns of what is quoted as it stands."""
XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

Row = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def texts(flagship: ox.Store) -> dict[str, str]:
    """The text of each stored query by its slug, in the order of their positions."""
    return {each["query"].value.removeprefix(QUERIES): each["text"].value for each in _select(flagship, LISTED)}


@pytest.fixture(scope="session")
def reloaded(flagship: ox.Store) -> ox.Store:
    """The same graphs, loaded from the last triple to the first."""
    return _copy(flagship)


def test_there_are_thirteen_in_the_order_of_their_positions(flagship: ox.Store) -> None:
    positions = [int(each["position"].value) for each in _select(flagship, LISTED)]
    assert positions == list(range(1, 14))


def test_every_question_has_an_expected_answer(texts: dict[str, str]) -> None:
    assert set(texts) == set(ANSWERS)


@pytest.mark.parametrize("slug", ANSWERS)
def test_the_answer_is_the_expected_one(flagship: ox.Store, texts: dict[str, str], slug: str) -> None:
    assert _rows(flagship, texts[slug]) == _expected(slug)


@pytest.mark.parametrize("slug", ANSWERS)
def test_loaded_in_another_order_the_rows_are_the_same(reloaded: ox.Store, texts: dict[str, str], slug: str) -> None:
    assert _rows(reloaded, texts[slug]) == _expected(slug)


@pytest.mark.parametrize("slug", ANSWERS)
def test_question_and_description_are_in_three_languages(flagship: ox.Store, slug: str) -> None:
    for predicate in ("http://www.w3.org/2000/01/rdf-schema#label", "http://purl.org/dc/terms/description"):
        found = _select(flagship, f"SELECT ?text WHERE {{ <{QUERIES}{slug}> <{predicate}> ?text }}")
        assert sorted(each["text"].language for each in found) == ["en", "ru", "uz-latn"]


def test_every_fact_about_forum_clubs_and_bodies_stands_beside_its_source(
    flagship: ox.Store, texts: dict[str, str]
) -> None:
    rows = _select(flagship, texts["facts-beside-their-source"])
    parts = re.findall(r"graph/([a-z]+)>", texts["facts-beside-their-source"])
    assert len(rows) == len(parts)
    assert not [row["part"].value for row in rows if row["statements"] != row["besideTheirSource"]]


def test_a_fact_without_a_source_would_be_counted(flagship: ox.Store, texts: dict[str, str]) -> None:
    store, club = _copy(flagship), ox.NamedNode("https://w3id.org/hamkor/id/club/nowhere")
    graph = ox.NamedNode("https://w3id.org/hamkor/graph/clubs")
    store.add(ox.Quad(club, ox.NamedNode("https://schema.org/name"), ox.Literal("Nowhere"), graph))
    rows = _select(store, texts["facts-beside-their-source"])
    assert [int(row["statements"].value) - int(row["besideTheirSource"].value) for row in rows].count(1) == 1


def test_whom_to_call_is_withheld_where_the_contacts_are(flagship: ox.Store, texts: dict[str, str]) -> None:
    (row,) = _rows(_copy(flagship, without=CONTACTS), texts["whom-to-call-in-termez"])
    assert row["contact"] == row["telephone"] == {"value": "withheld"}
    assert row["club"]["value"] == "Parents’ club in Termez"


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("https://sws.geonames.org/1512473/", {"Parents’ club in Urgench"}),
        ("http://www.wikidata.org/entity/Q472925", {"Parents’ club in Urgench"}),
        ("https://sws.geonames.org/1484843/", {"Parents’ club in Urgench"}),  # Khorezm Region
        ("https://sws.geonames.org/1484838/", set()),  # Tashkent Region: nothing is there
    ],
)
def test_a_place_is_found_by_geonames_and_wikidata(
    flagship: ox.Store, texts: dict[str, str], identifier: str, found: set[str]
) -> None:
    text = texts["about-a-place"].replace("https://sws.geonames.org/1512569/", identifier)
    assert {row["name"]["value"] for row in _rows(flagship, text)} == found


def test_the_country_has_every_club(flagship: ox.Store, texts: dict[str, str]) -> None:
    text = texts["about-a-place"].replace("https://sws.geonames.org/1512569/", "http://www.wikidata.org/entity/Q265")
    assert [row["what"]["value"] for row in _rows(flagship, text)].count("club") == 5


@pytest.mark.parametrize("language", ["ru", "uz-latn"])
@pytest.mark.parametrize("slug", ANSWERS)
def test_it_answers_in_the_readers_language(flagship: ox.Store, slug: str, language: str) -> None:
    (example,) = [each for each in read_examples(flagship, BASE) if each.slug == slug]
    rows = _rows(flagship, example.asked((language,)))
    texts = [term for row in rows for name, term in row.items() if term.get("lang") and name not in VERBATIM]
    assert len(rows) == len(_expected(slug))
    assert slug == IN_ANY_LANGUAGE or any(language.startswith(each["lang"]) for each in texts)
    assert example.is_asked_by(example.asked((language,)).replace("\n", "\r\n"))
    assert all(set(example.columns[name]) == {"en", "ru", "uz-latn"} for row in rows for name in row)


@pytest.mark.parametrize(("reader", "asked"), [(("de",), "en"), (("uz",), "uz-latn"), (("uz-Cyrl", "ru"), "uz-latn")])
def test_who_reads_another_language_is_answered_in_the_nearest(
    flagship: ox.Store, reader: tuple[str, ...], asked: str
) -> None:
    (example,) = [each for each in read_examples(flagship, BASE) if each.slug == "clubs-by-region"]
    assert f'VALUES ?language {{ "{asked}" }}' in example.asked(reader)


@pytest.mark.parametrize("language", ["en", "ru", "uz-latn"])
def test_a_club_with_a_name_in_one_language_stands_in_every_answer(flagship: ox.Store, language: str) -> None:
    store = _copy(flagship)
    for text in (
        f"<{BASE}id/club/nukus> <{BASE}ns#city> <{BASE}id/place/termez>",
        f"<{BASE}id/club/nukus> <{BASE}ns#region> <{BASE}id/place/surkhandarya>",
        f"<{BASE}id/club/nukus> <http://www.w3.org/2000/01/rdf-schema#label> 'Nókis klubı'@kaa",
    ):
        store.update(f"INSERT DATA {{ {text} }}")
    for slug in ("clubs-by-region", "whom-to-call-in-termez"):
        (example,) = [each for each in read_examples(flagship, BASE) if each.slug == slug]
        assert {"value": "Nókis klubı", "lang": "kaa"} in [
            row["club"] for row in _rows(store, example.asked((language,)))
        ]


def _select(store: ox.Store, text: str) -> list[Any]:
    answer = store.query(text)
    assert isinstance(answer, ox.QuerySolutions)
    return list(answer)


def _rows(store: ox.Store, text: str) -> list[Row]:
    answer = store.query(text)
    assert isinstance(answer, ox.QuerySolutions)
    names = [variable.value for variable in answer.variables]
    return [{name: _term(row[name]) for name in names if row[name] is not None} for row in answer]


def _term(term: ox.NamedNode | ox.Literal) -> dict[str, str]:
    found = {"value": term.value}
    if isinstance(term, ox.Literal):
        if term.language:
            found["lang"] = term.language
        elif term.datatype.value != XSD_STRING:
            found["datatype"] = term.datatype.value
    return found


def _expected(slug: str) -> list[Row]:
    rows: list[Row] = json.loads(ANSWERS[slug].read_text(encoding="utf-8"))
    return rows


def _copy(store: ox.Store, without: ox.NamedNode | None = None) -> ox.Store:
    """Return a store of the named graphs but one, loaded in reverse, with their merge as its default graph."""
    made = ox.Store()
    quads = [quad for quad in store if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name != without]
    for quad in reversed(quads):
        made.add(quad)
        made.add(ox.Quad(quad.subject, quad.predicate, quad.object))
    return made
