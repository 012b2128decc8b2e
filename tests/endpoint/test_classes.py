"""Classes over HTTP: the list, the page, CSV and workbook with their description, for every class of the flagship."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import duckdb
import openpyxl
import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from endpoint.app import create_app
from endpoint.current import EXTENSION
from endpoint.pages.front import class_name
from endpoint.things.classes import class_of, table
from graph.export import views
from graph.export.views import hashed_name
from graph.model.publication import Publication, open_publication
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
        (".parquet", None, "application/vnd.apache.parquet"),
        (".csv-metadata.json", None, "application/csvm+json"),
        (".html", None, "text/html"),
        ("", "text/csv", "text/csv"),
        ("", "application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("", "application/csvm+json", "application/csvm+json"),
        ("", "application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("", "*/*", "text/html"),
    ],
)
def test_a_class_can_be_had_in_each_form(client: FlaskClient, suffix: str, accept: str | None, expected: str) -> None:
    answer = client.get(CLUBS + suffix, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, expected)
    assert answer.data


TABLES = ("ParentsClub", "MemberCount", "skos:Concept", "foaf:Person", "org:Membership", "schema:City",
          "sh:PropertyShape", "dcat:Distribution", "schema:Event")  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_the_parquet_file_holds_the_cells_of_the_csv(client: FlaskClient, tmp_path: Path, name: str) -> None:
    here = client.application.extensions[EXTENSION].snapshot()
    (tmp_path / "t.parquet").write_bytes(client.get(f"/class/{name}.parquet").data)
    found, columns = duckdb.sql(f"FROM '{tmp_path / 't.parquet'}'"), table(here, class_of(here, name)).columns
    assert found.columns == ["id", *(each.name for each in columns if each.place <= 0)]
    lines = list(csv.reader(io.StringIO(client.get(f"/class/{name}.csv").data.decode())))[1:]
    texts = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM (SELECT {', '.join(map(as_list, found.columns))} FROM found)")
    assert len(texts.fetchall()) == len(lines)
    rows = duckdb.sql(f"SELECT {', '.join(map(as_list, found.columns))} FROM found").fetchall()
    for row, line in zip(rows, lines, strict=True):
        assert row[0] == [line[0]]
        cells = dict(zip(found.columns[1:], row[1:], strict=True))
        for column, text in zip(columns, line[1:], strict=True):
            if column.place <= 0:
                others = [line[1:][at] for at, each in enumerate(columns)
                          if each.property == column.property and each.kind == "thing" == column.kind]  # fmt: skip
                cell = others if len(others) > 1 else [text] if not column.separator else text.split(column.separator)
                held = [each for each in cells[column.name] or [] if each]
                assert sorted(filter(None, cell)) == sorted(held), (line[0], column.name)


def as_list(name: str) -> str:
    return f"""CASE WHEN typeof("{name}") LIKE '%[]' THEN "{name}"::VARCHAR[] ELSE ["{name}"::VARCHAR] END"""


def test_a_class_of_any_size_is_a_file_of_the_release(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    here = client.application.extensions[EXTENSION].snapshot()
    answer = client.get(f"{CLUBS}.parquet", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.data) == (206, b"PAR1")
    assert client.get("/downloads/classes/ParentsClub.parquet").data == client.get(f"{CLUBS}.parquet").data
    assert client.get(f"/release/{here.release.id}{CLUBS}.parquet").data == client.get(f"{CLUBS}.parquet").data
    listed = {each["name"]: each for each in client.get("/downloads.json").get_json()["files"]}
    assert listed["classes/ParentsClub.parquet"]["class"] == f"{BASE}ns#ParentsClub"
    assert listed["classes/ParentsClub.parquet"]["byteSize"] == len(client.get(f"{CLUBS}.parquet").data)
    monkeypatch.setattr(views, "MOST_ROWS", 1)
    assert client.get("/class/skos:ConceptScheme.parquet").status_code == 200


def test_the_catalogue_describes_the_table_of_each_class(client: FlaskClient, flagship: ox.Store) -> None:
    found = flagship.query(
        """PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/>
        SELECT ?class ?url { <https://w3id.org/hamkor/dataset> dcat:distribution ?table .
          ?table dct:subject ?class ; dcat:downloadURL ?url ; dct:title ?title ;
            dcat:mediaType <http://www.iana.org/assignments/media-types/application/vnd.apache.parquet>
          FILTER(LANG(?title) = "uz") }"""
    )
    files = {each["class"].value: each["url"].value for each in found}  # type: ignore[index,union-attr]
    assert f"{BASE}ns#ParentsClub" in files
    assert "http://xmlns.com/foaf/0.1/Person" in files
    assert len(files) > 40
    for iri in sorted(files)[::12]:
        answer = client.get(f"/{files[iri].removeprefix(BASE)}")
        assert (answer.status_code, answer.mimetype) == (200, "application/vnd.apache.parquet")


@pytest.mark.parametrize("name", ["Nothing", "foaf:Nothing", "../manifest", "", "a:b:c"])
def test_what_is_no_class_has_no_file(client: FlaskClient, name: str) -> None:
    assert client.get(f"/downloads/classes/{name}.parquet").status_code == 404


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


@pytest.mark.parametrize("path", [f"{CLUBS}.csv", f"{CLUBS}.xlsx", f"{CLUBS}.csv-metadata.json", f"{CLUBS}.parquet"])
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


STRANGE = {
    "hamkor.toml": 'base = "https://e.org/"\n',
    "ontology/o.ttl": """@prefix owl: <http://www.w3.org/2002/07/owl#> .
        <https://e.org/o> a owl:Ontology . <https://e.org/o#A> a owl:Class .
    """,
    "data/d.ttl": """
        <https://e.org/a> a <http://schema.org/Person>, <https://e.org/T>, <http://例え.jp/人>, <urn:x:y/z> ;
            <http://schema.org/name> "Ann" .
        <https://e.org/b> a <http://a.example/v#Person>, <https://e.org/ns#a/b>,
            <https://schema.org/Person>, <http://o/> .
    """,
}


@pytest.fixture(scope="module")
def strange(built_once: Callable[[Mapping[str, str]], Path]) -> FlaskClient:
    """The application of somebody whose classes are in vocabularies without a known prefix."""
    return create_app(open_publication(built_once(STRANGE))).test_client()


def test_an_ontology_of_another_name_is_no_page_at_ns(strange: FlaskClient) -> None:
    """The ontology's terms are below its own name."""
    assert strange.get("/resource", query_string={"iri": "https://e.org/o#A"}, headers=HTML).status_code == 200
    for path in ("/", "/sitemap.xml"):
        assert not re.search(r"[\"'>/]ns[\"'<]", strange.get(path, headers=HTML).text), path


def test_every_class_has_a_page_and_tables_whatever_its_vocabulary(strange: FlaskClient) -> None:
    here = strange.application.extensions[EXTENSION].snapshot()
    named = {class_name(here, iri): iri for iri in here.release.manifest.statistics.classes}
    assert len(named) == len(here.release.manifest.statistics.classes)
    assert {each.partition("~")[0] for each in named} > {"Person", "schema:Person", "T", "人", "z", "b", "o"}
    listed = unquote(strange.get("/class", headers=HTML).text)
    for name, iri in named.items():
        assert class_of(here, name) == iri
        assert f'"/class/{name}"' in listed
        for suffix in (".html", ".csv", ".xlsx", ".csv-metadata.json"):
            assert strange.get(f"/class/{quote(name)}{suffix}").status_code == 200, (name, suffix)
    assert strange.get("/class/Person~000000000000").status_code == 404


def test_the_catalogue_names_a_table_of_every_class_that_is_there(strange: FlaskClient) -> None:
    release = strange.application.extensions[EXTENSION].snapshot().release
    url = ox.NamedNode("http://www.w3.org/ns/dcat#downloadURL")
    files = [quad.object.value for quad in release.store.quads_for_pattern(None, url, None, ox.DefaultGraph())]
    [file] = [
        each
        for each in files
        if "/classes/Person~" in each and hashed_name("http://schema.org/Person") in unquote(each)
    ]
    assert strange.get(file.removeprefix("https://e.org")).status_code == 200
