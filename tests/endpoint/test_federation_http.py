"""Federation over HTTP: SERVICE calls from here to an endpoint that the settings allow, and from there to here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.endpoint.contributing import writer
from tests.endpoint.serving import Served, free_port, serving, write

CLUBS = "?club a <https://example.org/kb/ns#Club>"
MINE = "?mine <https://example.org/kb/id/likes> ?club"


@pytest.fixture(scope="module")
def caller(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second publication, which may call the first one and an address where nobody answers."""
    allowed = [f"{served.url}/sparql", f"http://127.0.0.1:{free_port()}/sparql"]
    files = {
        "hamkor.toml": f"base = 'https://example.org/kb/'\n[federation]\nservices = {allowed}\nseconds = 60\n",
        "data/likes.ttl": "<https://example.org/kb/id/me> <https://example.org/kb/id/likes> "
        "<https://example.org/kb/id/club/termez> .",
    }
    with serving(write(tmp_path_factory.mktemp("caller"), files), workers=2) as running:
        yield running


def ask(caller: Served, endpoint: str, silent: str = "") -> tuple[int, str]:
    query = f"SELECT ?club WHERE {{ {MINE} SERVICE {silent} <{endpoint}> {{ {CLUBS} }} }}"
    answer = caller.get("/sparql", "text/csv", params={"query": query})
    return answer.status_code, answer.text


def test_an_allowed_endpoint_is_asked_and_joined(caller: Served, served: Served) -> None:
    assert ask(caller, f"{served.url}/sparql") == (200, "club\r\nhttps://example.org/kb/id/club/termez\r\n")


def test_an_endpoint_that_is_not_allowed_is_refused_by_name(caller: Served, served: Served) -> None:
    status, text = ask(caller, f"{served.url}/other")
    assert status == 403
    assert f"{served.url}/other" in text


def test_an_endpoint_that_does_not_answer_is_an_error_that_names_it_and_no_address_of_ours(caller: Served) -> None:
    silent_one = caller.folder.joinpath("hamkor.toml").read_text().split("'")[-2]
    status, text = ask(caller, silent_one)
    assert status == 503
    assert silent_one in text


def test_silent_goes_on_without_it(caller: Served) -> None:
    silent_one = caller.folder.joinpath("hamkor.toml").read_text().split("'")[-2]
    assert ask(caller, silent_one, "SILENT") == (200, "club\r\nhttps://example.org/kb/id/club/termez\r\n")


def test_an_answer_in_which_another_service_has_a_part_is_not_kept(caller: Served, served: Served) -> None:
    query = f"SELECT ?club WHERE {{ SERVICE <{served.url}/sparql> {{ {CLUBS} }} }}"
    answer = caller.get("/sparql", params={"query": query})
    assert (answer.headers["Cache-Control"], "ETag" in answer.headers) == ("no-store", False)


def test_an_update_calls_what_queries_may_call(caller: Served, served: Served) -> None:
    pattern = f"SERVICE <{served.url}/sparql> {{ {CLUBS} }}"
    update = f"INSERT {{ <http://example.org/s> <http://example.org/p> ?club }} WHERE {{ {pattern} }}"
    sent = writer(caller, "*").send("POST", "/update", update, Content_Type="application/sparql-update")
    assert sent.status_code == 204, sent.text
    answer = caller.get(
        "/sparql", "text/csv", params={"query": "SELECT ?o { <http://example.org/s> ?p ?o } ORDER BY ?o"}
    )
    found = served.get("/sparql", "text/csv", params={"query": f"SELECT (?club AS ?o) {{ {CLUBS} }} ORDER BY ?o"})
    assert answer.text == found.text != "o\r\n"


def test_the_service_description_says_so_just_where_calls_are_allowed(caller: Served, served: Served) -> None:
    feature = "BasicFederatedQuery"
    assert feature in caller.get("/sparql", "text/turtle").text
    assert feature not in served.get("/sparql", "text/turtle").text
