"""Whether links are sound: malformed identifiers, shared ones, those that point two ways, what is made one; answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyoxigraph as ox
import pytest

from graph.parts.linksets.link_checks import ask_all, check_links, foreign
from graph.parts.linksets.linkset import AUTHORITIES, identifier_of, is_as_written

BASE = "https://example.org/kb/"
PREFIXES = f"""@prefix : <{BASE}id/> . @prefix wd: <http://www.wikidata.org/entity/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix schema: <https://schema.org/> .
"""
GRAPH = ox.NamedNode(f"{BASE}graph/links")


def store(turtle: str) -> ox.Store:
    found = ox.Store()
    for quad in ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE):
        found.add(quad)
        found.add(ox.Quad(quad.subject, quad.predicate, quad.object, GRAPH))
    return found


SOUND = {
    "one identifier of each authority": ":a owl:sameAs wd:Q1 , <https://sws.geonames.org/12/> .",
    "two things with a shared page": ":a schema:sameAs wd:Q1 . :b schema:sameAs wd:Q1 .",
    "contributors that link to one thing": "<http://x.example/1> owl:sameAs :a . <http://y.example/1> owl:sameAs :a .",
    "an identifier of nobody that is known": ":a owl:sameAs <https://whatever.example/~~~> .",
}
UNSOUND = {
    "no number of Wikidata": (":a owl:sameAs wd:Tashkent .", "malformed"),
    "no number of GeoNames": (":a owl:sameAs <https://sws.geonames.org/tashkent/> .", "malformed"),
    "no concept of EuroVoc": (":a skos:exactMatch <http://eurovoc.europa.eu/child> .", "malformed"),
    "the page instead of the thing": (":a owl:sameAs <https://www.wikidata.org/wiki/Q1> .", "spelling"),
    "no slash at the end": (":a owl:sameAs <https://sws.geonames.org/12> .", "spelling"),
    "two of ours with one": (":a skos:exactMatch wd:Q1 . :b skos:exactMatch wd:Q1 .", "duplicate"),
    "two of ours with one in two spellings": (
        ":a skos:exactMatch wd:Q1 . :b skos:exactMatch <https://www.wikidata.org/wiki/Q1> .", "duplicate"
    ),
    "two of one authority": (":a owl:sameAs wd:Q1 , wd:Q2 .", "two ways"),
    "two of ours by a long chain": (
        ":a owl:sameAs <http://x/1> . <http://x/1> owl:sameAs <http://x/2> . :b owl:sameAs <http://x/2> .", "merged"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SOUND)
def test_sound_links_give_no_findings(what: str) -> None:
    assert check_links(store(SOUND[what]), BASE) == []


@pytest.mark.parametrize("what", UNSOUND)
def test_unsound_links_are_found_with_their_graph(what: str) -> None:
    turtle, kind = UNSOUND[what]
    found = check_links(store(turtle), BASE)
    assert kind in {each.kind for each in found}
    assert all(each.graphs == (GRAPH.value,) for each in found)
    assert any(each.is_serious for each in found) == (kind != "spelling")


def test_the_links_of_the_flagship_are_sound(flagship: ox.Store) -> None:
    assert check_links(flagship, "https://w3id.org/hamkor/") == []


@pytest.mark.parametrize("authority", AUTHORITIES, ids=lambda each: each.name)
def test_the_example_of_each_authority_is_as_it_writes_it(authority: object) -> None:
    example = authority.example  # type: ignore[attr-defined]
    found = identifier_of(example)
    assert found is not None
    assert found.authority is authority
    assert is_as_written(example)


class Answers(BaseHTTPRequestHandler):
    """Answers by the path: a status, a redirection, or not at all."""

    def do_HEAD(self) -> None:
        if self.path == "/slow":
            threading.Event().wait(2)
        status = int(self.path[1:4]) if self.path[1:4].isdigit() else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.path[4:] or "/302")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815  http.server's name

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_what_no_longer_answers_is_told_from_what_only_refuses_robots(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.parts.linksets.link_checks.SECONDS", 1.0)
    paths = {"200": True, "403": True, "405": True, "302/200": True, "404": False, "410": False, "503": False,
             "302": False, "slow": False}  # fmt: skip
    replies = ask_all([f"{server}/{each}" for each in paths], allow_private=True)
    assert {each.iri.removeprefix(f"{server}/"): each.is_there for each in replies} == paths


@pytest.mark.parametrize(
    "iri", ["http://127.0.0.1:1/", "http://localhost/x", "http://[::1]/", "http://169.254.169.254/"]
)
def test_no_private_address_is_called(iri: str) -> None:
    (reply,) = ask_all([iri])
    assert not reply.is_there
    assert "not public" in reply.problem


def test_only_web_addresses_of_others_are_asked_for() -> None:
    links = store(":a owl:sameAs wd:Q1 , <urn:x:1> , :b . <https://x.example/> skos:closeMatch :a .")
    assert foreign(links, BASE) == ["http://www.wikidata.org/entity/Q1", "https://x.example/"]
