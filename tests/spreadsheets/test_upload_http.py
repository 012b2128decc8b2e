"""A spreadsheet over HTTP: sent, looked at, mended in the form, published or proposed; who must not gets nothing."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from endpoint.app import create_app
from endpoint.spreadsheets import kept_uploads
from graph.model.contributors import contributors_of
from graph.model.publication import Publication, open_publication
from graph.parts.proposals.proposal_store import proposals_of
from graph.releases.release import current_release
from tests.proposals.proposing import forms_of
from tests.spreadsheets.faulty import ROWS, TITLE, as_csv, as_xlsx, mended
from tests.spreadsheets.workbooks import with_entry

GRAPH = "https://w3id.org/hamkor/graph/ngo-x/clubs"
HTML = {"Accept": "text/html"}
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)> {{ 7*1111111 }} %(x)s"""


@pytest.fixture(scope="module")
def publication(flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A flagship to which tables are sent as fast as one likes; the tests write to it one after another."""
    folder = flagship_copied(tmp_path_factory.mktemp("uploads") / "publication")
    settings = folder / "hamkor.toml"
    settings.write_text(settings.read_text() + "\n[proposals]\nseconds = 0\nper_minute = 1000\n")
    return open_publication(folder)


@pytest.fixture(scope="module")
def client(publication: Publication) -> FlaskClient:
    """Somebody without a token."""
    return create_app(publication).test_client()


def token_of(publication: Publication, *graphs: str) -> str:
    return contributors_of(publication).create(graphs, name="NGO X", contact="", days=1, reviews=False)[1]


def sent(client: FlaskClient, content: bytes, name: str = "clubs.csv", **fields: str) -> TestResponse:
    data = {"class": "ParentsClub", **fields, "file": (io.BytesIO(content), name)}
    return client.post("/upload", data=data, content_type="multipart/form-data", headers=HTML)


def address_of(client: FlaskClient, content: bytes, name: str = "clubs.csv") -> str:
    response = sent(client, content, name)
    assert response.status_code == 303, response.text
    return "/upload/" + response.headers["Location"].partition("/upload/")[2]


def form_of(page: TestResponse) -> dict[str, str]:
    return next(each for each in forms_of(page.text) if "ticket" in each)


def looked_at(client: FlaskClient, content: bytes, name: str = "clubs.csv") -> tuple[str, dict[str, str]]:
    address = address_of(client, content, name)
    return address, form_of(client.get(address, headers=HTML))


def posted(client: FlaskClient, address: str, fields: dict[str, str], action: str, **more: str) -> TestResponse:
    return client.post(address, data={**fields, "action": action, **more}, headers=HTML)


def stated(publication: Publication) -> str:
    store = current_release(publication).store
    return " ".join(str(each.triple) for each in store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH)))


@pytest.mark.parametrize(("language", "fault"), [("en", "Fault"), ("ru", "Ошибка"), ("uz", "Xato")])
def test_what_was_understood_is_shown_in_each_language(language: str, fault: str, client: FlaskClient) -> None:
    page = client.get(f"{address_of(client, as_csv(ROWS))}?ui={language}&lang={language}", headers=HTML)
    assert page.status_code == 200
    assert page.text.count(f">{fault}<") == 3
    assert TITLE in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_question_is_answered_in_the_form_and_the_answer_stays(client: FlaskClient) -> None:
    address, form = looked_at(client, as_csv(ROWS))
    (question,) = (name for name, value in form.items() if name.startswith("t.") and value == "Самаркнад")
    answered = form | {f"a.{question[2:]}": "https://w3id.org/hamkor/id/place/samarkand", "leaves_out": "on"}
    page = posted(client, address, answered, "check")
    assert "no fault" in page.text
    again = posted(client, address, form_of(page) | {"leaves_out": "on"}, "download.turtle")
    assert "id/place/samarkand>" in again.text
    assert again.headers["Content-Disposition"] == "attachment; filename=clubs.ttl"


def test_a_column_is_given_another_meaning(client: FlaskClient) -> None:
    address, form = looked_at(client, "Клуб;Прочее\nКлуб «Нур»;Хороший\n".encode())
    assert form["c.B"] == "-"
    page = posted(client, address, form | {"c.B": "dct:description@ru"}, "download.turtle")
    assert 'dct:description "Хороший"@ru' in page.text


def test_what_cannot_be_read_is_not_left_out_in_silence_when_a_table_goes_home(client: FlaskClient) -> None:
    address, form = looked_at(client, as_csv(ROWS))
    page = posted(client, address, form, "download.turtle")
    assert (page.status_code, "leave them out" in page.text) == (422, True)
    assert "@prefix" in posted(client, address, form, "download.turtle", leaves_out="on").text


@pytest.mark.parametrize("base", ["ngo-x.example", "https://ngo-x.example", 'https://e/"><script>/', "https://e/a b/"])
def test_an_own_address_that_is_none_costs_nothing_of_the_form(client: FlaskClient, base: str) -> None:
    address, form = looked_at(client, as_csv(mended()))
    page = posted(client, address, form | {"base": base, "reason": "so they say"}, "check")
    assert (page.status_code, "begins with https://" in page.text) == (422, True)
    assert form_of(page)["reason"] == "so they say"


def test_a_form_that_comes_twice_is_carried_out_once_and_told_twice(
    client: FlaskClient, publication: Publication
) -> None:
    address, form = looked_at(client, as_csv(mended()))
    before = proposals_of(publication).counts().get("waiting", 0)
    clients = [client.application.test_client() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        pages = [*pool.map(lambda each: posted(each, address, form, "propose").text, clients)]
    assert pages[0] == pages[1] == posted(client, address, form, "propose").text
    assert proposals_of(publication).counts()["waiting"] - before == pages[0].count("/proposal/~") / 2


def test_a_table_goes_home_with_its_metadata(client: FlaskClient) -> None:
    address, form = looked_at(client, as_xlsx(mended()), "clubs.xlsx")
    with zipfile.ZipFile(io.BytesIO(posted(client, address, form, "download.csv").data)) as archive:
        assert archive.namelist() == ["clubs.csv", "clubs.csv-metadata.json"]


def test_who_has_a_token_publishes_and_the_file_is_gone(client: FlaskClient, publication: Publication) -> None:
    address, form = looked_at(client, as_xlsx(mended()), "clubs.xlsx")
    given = {"graph": "ngo-x/clubs", "base": "https://ngo-x.example/", "token": token_of(publication, "ngo-x/*")}
    page = posted(client, address, form, "publish", **given)
    assert (page.status_code, "It is part of release" in page.text) == (200, True), page.text
    assert "https://ngo-x.example/parents-club/klub-roditeley-umid" in stated(publication)
    assert client.get(address, headers=HTML).status_code == 404
    address, form = looked_at(client, as_csv(mended()))
    page = posted(client, address, form, "publish", **given)
    assert "Nothing has changed" in page.text


def test_who_has_signed_in_publishes_without_a_token(publication: Publication) -> None:
    client = create_app(publication).test_client()
    client.post("/my-data", data={"token": token_of(publication, "ngo-x/*")}, headers=HTML)
    address, form = looked_at(client, as_csv(mended()))
    given = {"graph": "ngo-x/signed", "base": "https://ngo-x.example/signed/"}
    assert posted(client, address, form | {"csrf": "x"}, "publish", **given).status_code == 403
    assert "It is part of release" in posted(client, address, form, "publish", **given).text
    assert "csrf" not in looked_at(create_app(publication).test_client(), as_csv(mended()))[1]


@pytest.mark.parametrize(
    ("graph", "scope", "said"),
    [
        ("ngo-x/other", "", "a token of the publisher"), ("ngo-x/other", "ngo-y/*", "is not for the graph"),
        ("", "ngo-x/*", "into which graph"), ("catalog", "*", "can be"), ("places", "*", ""),
    ],
)  # fmt: skip
def test_who_may_not_write_a_graph_publishes_nothing(
    graph: str, scope: str, said: str, client: FlaskClient, publication: Publication
) -> None:
    before = current_release(publication).id
    address, form = looked_at(client, as_csv(mended()))
    token = token_of(publication, scope) if scope else "hk_nobody"
    page = posted(client, address, form, "publish", graph=graph, token=token)
    assert page.status_code >= 400
    assert said in page.text
    assert current_release(publication).id == before


def test_everybody_proposes_thing_by_thing(client: FlaskClient, publication: Publication) -> None:
    address, form = looked_at(client, as_csv(mended()))
    page = posted(client, address, form, "propose", reason="Our list")
    secrets = re.findall(r"/proposal/~([\w-]+)", page.text)
    found = [proposals_of(publication).of_secret(each) for each in dict.fromkeys(secrets)]
    assert {each.content.label for each in found if each and each.content} == {
        "Клуб родителей «Умид»", "Клуб родителей «Мехр»",
    }  # fmt: skip


def test_what_is_at_fault_is_neither_published_nor_proposed(client: FlaskClient, publication: Publication) -> None:
    waiting, release = proposals_of(publication).counts(), current_release(publication).id
    address, form = looked_at(client, as_csv(ROWS))
    posted(client, address, form, "propose")
    posted(client, address, form, "publish", graph="ngo-x/faulty", token=token_of(publication, "ngo-x/*"))
    assert (proposals_of(publication).counts(), current_release(publication).id) == (waiting, release)


def test_what_cells_hold_is_text_and_no_page(client: FlaskClient) -> None:
    rows = [["Клуб", HOSTILE], [HOSTILE, HOSTILE]]
    page = client.get(address_of(client, as_xlsx(rows), f"{HOSTILE}.xlsx"), headers=HTML)
    assert page.status_code == 200
    assert not re.search(r"<script>|<img|7777777", page.text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"), (b"\x89PNG\r\n\x1a\n\x00\x01", "no text"),
        (with_entry(as_xlsx(ROWS), "xl/vbaProject.bin", b"x"), "macros"),
        (with_entry(as_xlsx(ROWS), "xl/sharedStrings.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>'), "entities"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_said_on_the_page_where_one_chooses(content: bytes, said: str, client: FlaskClient) -> None:
    response = sent(client, content)
    page = client.get("/upload/" + response.headers["Location"].partition("/upload/")[2], headers=HTML)
    assert (page.status_code, said in page.text) == (422, True)
    assert 'type="file"' in page.text


def test_a_form_without_a_file_or_a_class_is_asked_for_again(client: FlaskClient) -> None:
    assert sent(client, b"a;b\n1;2\n", **{"class": "Person"}).status_code == 422
    data = {"class": "ParentsClub"}
    assert client.post("/upload", data=data, content_type="multipart/form-data", headers=HTML).status_code == 422
    assert client.post("/upload", data=b"a;b", content_type="text/csv", headers=HTML).status_code == 415


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_is_refused(headers: dict[str, str], client: FlaskClient) -> None:
    address, form = looked_at(client, as_csv(mended()))
    assert client.post(address, data={**form, "action": "propose"}, headers=HTML | headers).status_code == 403
    assert client.post("/upload", data={}, content_type="multipart/form-data", headers=headers).status_code == 403


def test_nobody_finds_the_file_of_another(client: FlaskClient) -> None:
    for secret in ("x", "..", "%2e%2e%2fhamkor.toml", "a" * 5000):
        assert client.get(f"/upload/~{secret}", headers=HTML).status_code == 404


def test_of_one_address_the_last_files_are_kept_and_a_file_has_a_size(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = address_of(client, b"a;b\n1;2\n")
    for _ in range(kept_uploads.MOST_OF_ONE):
        last = address_of(client, b"a;b\n1;2\n")
    assert client.get(first, headers=HTML).status_code == 404
    assert posted(client, last, {}, "remove").status_code == 303
    assert client.get(last, headers=HTML).status_code == 404
    monkeypatch.setattr(kept_uploads, "MOST_BYTES", 10)
    assert sent(client, b"a;b\n1;2\n3;4\n").status_code == 413


def test_a_file_is_kept_for_an_hour(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = address_of(client, b"a;b\n1;2\n")
    monkeypatch.setattr(kept_uploads, "KEPT_SECONDS", -1.0)
    assert client.get(address, headers=HTML).status_code == 404


def test_a_form_with_several_files_is_refused_since_one_would_be_dropped(client: FlaskClient) -> None:
    files = [(io.BytesIO(b"Name\nA\n"), "a.csv"), (io.BytesIO(b"Name\nB\n"), "b.csv")]
    answer = client.post("/upload", data={"file": files, "class": "ParentsClub"}, content_type="multipart/form-data")
    assert (answer.status_code, "several files" in answer.text) == (400, True)
