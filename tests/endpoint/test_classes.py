"""Classes over HTTP: the list, the page, CSV and workbook with their description, for every class of the flagship."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from endpoint.app import create_app
from endpoint.current import EXTENSION
from endpoint.pages.front import class_name
from endpoint.things.classes import class_of, table
from graph.model.publication import Publication
from graph.model.rdf_terms import RDF_TYPE
from graph.releases.release import Release
from graph.sources.csvw.conversion import read_table

BASE = "https://w3id.org/hamkor/"
CLUBS = "/class/ParentsClub"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(flagship_publication: Publication, flagship_release: Release) -> FlaskClient:
    """The flagship's application, asked without a port."""
    assert flagship_release.manifest.triples
    return create_app(flagship_publication).test_client()


@pytest.fixture(scope="module")
def names(client: FlaskClient) -> list[str]:
    """The names of all classes."""
    here = client.application.extensions[EXTENSION].snapshot()
    return [name for iri in here.release.manifest.statistics.classes if (name := class_name(here, iri))]


def test_every_table_leads_back_to_the_graph(
    client: FlaskClient, names: list[str], flagship: ox.Store, tmp_path: Path
) -> None:
    assert len(names) > 60
    here = client.application.extensions[EXTENSION].snapshot()
    read = 0
    for name in names:
        iri, file = class_of(here, name), f"{name}.csv"
        (tmp_path / file).write_bytes(client.get(f"/class/{file}").data)
        (tmp_path / f"{file}-metadata.json").write_bytes(client.get(f"/class/{file}-metadata.json").data)
        found = set(read_table(tmp_path / file, base=f"{BASE}class/"))
        made = table(here, iri)
        exact = {each.property.predicate for each in made.columns if each.is_exact}
        expected = {quad.triple for thing in made.things
                    for quad in flagship.quads_for_pattern(ox.NamedNode(thing), None, None, ox.DefaultGraph())
                    if quad.predicate.value in exact
                    or (quad.predicate.value, quad.object) == (RDF_TYPE, ox.NamedNode(iri))}  # fmt: skip
        assert found == expected, name
        read += len(found)
    assert read > 4_000


@pytest.mark.parametrize(
    ("language", "city", "name"), [("en", "City", "Termez"), ("ru", "Город", "Термез"), ("uz", "Shahar", "Termiz")]
)
def test_headings_and_names_are_in_the_language_asked(client: FlaskClient, language: str, city: str, name: str) -> None:
    answer = client.get(f"{CLUBS}.csv", query_string={"lang": language})
    lines = list(csv.DictReader(io.StringIO(answer.data.decode())))
    assert [each[city] for each in lines if each["IRI"].endswith("/termez")] == [f"{BASE}id/place/termez"]
    assert [each for each in lines[0] if each.startswith(f"{city} (")]
    assert name in answer.text


@pytest.mark.parametrize(
    ("suffix", "accept", "expected"),
    [
        (".csv", None, "text/csv"),
        (".xlsx", None, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (".csv-metadata.json", None, "application/csvm+json"),
        (".html", None, "text/html"),
        ("", "text/csv", "text/csv"),
        ("", "application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("", "application/csvm+json", "application/csvm+json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("", "*/*", "text/html"),
    ],
)
def test_a_class_can_be_had_in_each_form(client: FlaskClient, suffix: str, accept: str | None, expected: str) -> None:
    answer = client.get(CLUBS + suffix, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, expected)
    assert answer.data


def test_the_csv_says_where_its_description_is(client: FlaskClient) -> None:
    (link,) = [each for each in client.get(f"{CLUBS}.csv").headers.get_all("Link") if 'rel="describedby"' in each]
    assert 'type="application/csvm+json"' in link
    target = link[1 : link.index(">")]
    assert json.loads(client.get(target).data)["url"] == "ParentsClub.csv"


def test_the_workbook_holds_every_club(client: FlaskClient) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{CLUBS}.xlsx?lang=uz").data)).active
    assert sheet is not None
    assert sheet.max_row == 6
    assert "Shahar" in [each.value for each in sheet[1]]


@pytest.mark.parametrize("path", [f"{CLUBS}.csv", f"{CLUBS}.xlsx", f"{CLUBS}.csv-metadata.json"])
def test_a_table_is_the_same_bytes_and_known_by_its_tag(client: FlaskClient, path: str) -> None:
    first, again = client.get(path), client.get(path)
    assert (first.data, first.headers["ETag"]) == (again.data, again.headers["ETag"])
    known = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    assert client.head(path).headers["Content-Length"] == str(len(first.data))


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_the_page_shows_what_the_class_is_and_its_things(client: FlaskClient, language: str) -> None:
    page = client.get(CLUBS, headers=HTML, query_string={"ui": language}).text
    assert page.count("<h1") == 1
    assert page.count("/doc/club/") == 5
    assert f"ParentsClub.xlsx?ui={language}" in page


def test_pages_are_turned(client: FlaskClient) -> None:
    first = client.get("/class/prov:Entity", headers=HTML).text
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'start="51"' in client.get("/class/prov:Entity?page=2", headers=HTML).text


@pytest.mark.parametrize("page", ["0", "99", "x", "-1", "²", "9" * 5_000])
def test_a_page_that_is_none_is_404(client: FlaskClient, page: str) -> None:
    assert client.get(CLUBS, query_string={"page": page}, headers=HTML).status_code == 404


@pytest.mark.parametrize("name", ["Nowhere", "nowhere:City", "schema:Nowhere", "Nowhere.csv", "a/b", "ParentsClub.ttl"])
def test_a_class_that_is_none_is_404(client: FlaskClient, name: str) -> None:
    assert client.get(f"/class/{name}").status_code == 404


def test_the_list_of_classes_leads_to_all_of_them(client: FlaskClient, names: list[str]) -> None:
    page = client.get("/class", headers=HTML).text
    assert [name for name in names if f'href="/class/{name}"' not in page] == []
