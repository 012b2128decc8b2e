"""The flagship with its contacts withheld: no name and no number of theirs is in anything that leaves the house."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from endpoint.app import create_app
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.releases.release import Release, ReleasesFolder

REPOSITORY = Path(__file__).resolve().parents[2]
BASE = "https://w3id.org/hamkor/"
SETTINGS = (REPOSITORY / "hamkor.toml").read_text(encoding="utf-8")
BROWSER = {"Accept": "text/html"}
LANGUAGES = ("en", "ru", "uz")


def quads(name: str) -> list[ox.Quad]:
    return list(ox.parse(path=str(REPOSITORY / "data" / name), base_iri=BASE))


def personal() -> dict[str, re.Pattern[bytes]]:
    """Every family name, joined name and telephone number of the contacts, as a pattern in which it may be written."""
    found = {}
    for quad in quads("contacts.ttl"):
        if quad.predicate.value.endswith("/name"):
            for word in quad.object.value.lower().split():
                if len(word) > 6:
                    found[word] = re.compile(re.escape(word.encode()))
        elif quad.predicate.value.endswith("hasValue"):
            digits = quad.object.value[-9:]
            found[digits] = re.compile(rb"[\s().-]{0,3}".join(digit.encode() for digit in digits))
    return found


PERSONAL = personal()
THINGS = sorted({
    quad.subject.value for quad in quads("contacts.ttl") if "/document/" not in quad.subject.value
})  # fmt: skip


@pytest.fixture(scope="module")
def withheld(
    flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Publication, Release, str]:
    """The flagship, first with its contacts, then without; and the id of the first release."""
    folder = flagship_copied(tmp_path_factory.mktemp("withheld"))
    first = build(open_publication(folder)).id
    text = SETTINGS.replace("[privacy]", '[privacy]\nwithhold_graphs = ["contacts"]', 1)
    (folder / "hamkor.toml").write_text(text, encoding="utf-8")
    publication = open_publication(folder)
    return publication, build(publication), first


@pytest.fixture(scope="module")
def client(withheld: tuple[Publication, Release, str]) -> FlaskClient:
    """A client of the service over it."""
    return create_app(withheld[0]).test_client()


def betrayed(content: bytes) -> list[str]:
    lower = content.lower()
    return [name for name, pattern in PERSONAL.items() if pattern.search(lower)]


def test_there_are_names_and_numbers_to_look_for() -> None:
    assert len(PERSONAL) >= 12
    assert betrayed((REPOSITORY / "data" / "contacts.ttl").read_bytes()) == list(PERSONAL)


def test_they_are_in_no_file_below_the_releases(withheld: tuple[Publication, Release, str]) -> None:
    for path in withheld[0].releases_folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            assert betrayed(content) == [], path.name


def test_the_earlier_release_is_gone_and_says_so(
    withheld: tuple[Publication, Release, str], client: FlaskClient
) -> None:
    publication, release, first = withheld
    assert ReleasesFolder(publication.releases_folder).ids() == (release.id,)
    for path in (f"/release/{first}", f"/release/{first}/diff", f"/release/{first}/doc/club/termez"):
        assert client.get(path).status_code == 410


def public_paths(release: Release) -> Iterator[str]:
    yield from (
        "/", "/graphs", "/queries", "/releases", "/releases.ttl", "/dataset", "/dataset.ttl", "/privacy", "/ns",
        "/problems", "/context.jsonld", "/sparql", "/.well-known/void", "/sitemap.xml",
        "/linkset", "/reconcile", "/downloads", "/class", "/class/foaf:Person.csv", "/class/org:Membership.csv",
        "/class/vcard:Voice.csv", "/class/rdf:Statement.csv", "/class/ParentsClub.csv", "/class/ParentsClub",
        "/search?q=urgench", "/search.json?q=club", "/suggest?q=may", "/timemap/doc/club/termez",
        f"/release/{release.id}", f"/release/{release.id}.json", f"/release/{release.id}/report",
        f"/release/{release.id}/diff", "/sparql?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D&format=csv",
        "/sparql?query=SELECT%20*%20%7B%20GRAPH%20%3Fg%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20%7D&format=json",
    )  # fmt: skip
    for entry in release.manifest.graphs:
        yield f"/graph/{entry.iri.removeprefix(f'{BASE}graph/')}.nq"
    found = {quad.subject.value for quad in release.store.quads_for_pattern(None, None, None, ox.DefaultGraph())}
    clubs = sorted(
        each for each in found if each.startswith((f"{BASE}id/club", f"{BASE}id/document", f"{BASE}id/member"))
    )
    yield from (f"/doc/{each.removeprefix(f'{BASE}id/')}" for each in clubs)


def test_they_are_in_no_answer(withheld: tuple[Publication, Release, str], client: FlaskClient) -> None:
    count = 0
    for path in public_paths(withheld[1]):
        for headers in (BROWSER, {}):
            answer = client.get(path, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, path
            assert betrayed(answer.data + repr(answer.headers).encode()) == [], path
            count += answer.status_code == 200
    assert count > 60


@pytest.mark.parametrize("name", ["dataset", "graphs/clubs", "classes/rdf:Statement", "classes/ParentsClub"])
def test_they_are_in_no_table(client: FlaskClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "t.parquet").write_bytes(client.get(f"/downloads/{name}.parquet").data)
    rows = duckdb.sql(f"FROM '{tmp_path / 't.parquet'}'").fetchall()
    assert rows
    assert betrayed(repr(rows).encode()) == []


@pytest.mark.parametrize("query", ["ibragimova", "Ganieva", "580-30-65", "maya"])
def test_nobody_is_found(client: FlaskClient, query: str) -> None:
    answer = client.get("/search.json", query_string={"q": query})
    assert "/person/" not in answer.text
    asked = {"q0": {"query": query}}
    found = client.post("/reconcile", data={"queries": json.dumps(asked)})
    assert found.status_code >= 400 or "person" not in found.text


@pytest.mark.parametrize("iri", THINGS)
@pytest.mark.parametrize("headers", [BROWSER, {"Accept": "text/turtle"}, {}])
def test_their_addresses_answer_410_without_a_name(client: FlaskClient, iri: str, headers: dict[str, str]) -> None:
    name = iri.removeprefix(f"{BASE}id/")
    for path in (f"/id/{name}", f"/doc/{name}", f"/doc/{name}.ttl", f"/resource?iri={iri}", f"/timemap/doc/{name}"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 410
        said = answer.data + repr(answer.headers).encode()
        assert betrayed(said) == []
        assert name.encode() not in said
        assert b"/privacy" in said
    then = client.get(f"/doc/{name}", headers={**headers, "Accept-Datetime": "Fri, 28 Nov 2014 09:00:00 GMT"})
    assert (then.status_code, name in repr(then.headers)) == (410, False)


def test_the_graph_itself_answers_410_and_the_catalogue_says_that_it_is_not_public(
    withheld: tuple[Publication, Release, str], client: FlaskClient
) -> None:
    assert client.get("/graph/contacts").status_code == 410
    assert client.get("/graphs", query_string={"graph": f"{BASE}graph/contacts"}).status_code == 410
    asked = f"SELECT ?rights {{ <{BASE}graph/contacts> <http://purl.org/dc/terms/accessRights> ?rights }}"
    (row,) = withheld[1].store.query(asked)  # type: ignore[misc]
    assert str(row["rights"]).endswith("NON_PUBLIC>")


def test_whom_to_call_is_answered_with_withheld(client: FlaskClient) -> None:
    query = next(
        str(quad.object.value) for quad in quads("queries.ttl")
        if quad.subject.value.endswith("/whom-to-call-in-termez") and quad.predicate.value.endswith("#select")
    )  # fmt: skip
    answer: Any = client.get("/sparql", query_string={"query": query, "format": "json"}).get_json()
    (row,) = answer["results"]["bindings"]
    assert row["contact"]["value"] == row["telephone"]["value"] == "withheld"


# The notice


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_on_privacy_speaks_the_readers_language(client: FlaskClient, language: str) -> None:
    texts = {each: client.get("/privacy", query_string={"ui": each}, headers=BROWSER).text for each in LANGUAGES}
    assert len(set(texts.values())) == len(LANGUAGES)
    purpose = {"en": "so that parents can reach them", "ru": "чтобы родители могли", "uz": "ota-onalar murojaat qila"}
    assert purpose[language] in texts[language]


def test_the_catalogue_has_a_notice_of_the_contacts(flagship: ox.Store) -> None:
    text = """PREFIX dpv: <https://w3id.org/dpv#> SELECT ?kind { <https://w3id.org/hamkor/graph/contacts> dpv:hasProcess
      [ a dpv:Process ; dpv:hasPersonalData ?kind ; dpv:hasNotice <https://w3id.org/hamkor/privacy> ; dpv:hasRight ?r ;
        dpv:hasPurpose [ a dpv:Purpose ] ; dpv:hasDataController ?who ] }"""
    found = {row["kind"].value.rpartition("#")[2] for row in flagship.query(text)}  # type: ignore[union-attr,index]
    assert found == {"Name", "TelephoneNumber"}
