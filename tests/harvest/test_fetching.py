"""One document of others, fetched: what comes, and what each odd source is told to be."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from odd_sources import LINES, TURTLE, XML, Sources, odd_sources

from graph.model.errors import HarvestError
from graph.parts.harvest import fetching
from graph.parts.harvest.fetching import FetchedDocument, FetchRequest, check_whole, construct_of, fetch
from graph.query.sparql.guard import read_query

ASKED = FetchRequest("", "", "", "", "", seconds=20, most_mb=1, agent="test", allow_private=True)
CONSTRUCT = "CONSTRUCT WHERE { ?s ?p ?o }"


@pytest.fixture(scope="module")
def sources() -> Iterator[Sources]:
    with odd_sources() as running:
        yield running


def fetched(sources: Sources, name: str, path: Path, **more: object) -> FetchedDocument:
    return fetch(replace(ASKED, address=f"{sources.url}/{name}", **more), path)  # type: ignore[arg-type]


COME = {
    "turtle": "turtle", "ntriples": "ntriples", "rdfxml": "rdfxml", "jsonld": "jsonld", "nquads": "nquads",
    "charset": "turtle", "plain.ttl": "turtle", "no-type.nt": "ntriples", "old.owl": "rdfxml", "encoded": "turtle",
    "packed.ttl.gz": "turtle", "members.ttl.gz": "turtle", "moved": "turtle", "xml-without-length": "rdfxml",
}  # fmt: skip


@pytest.mark.parametrize("name", COME)
def test_what_comes_is_there_unpacked_and_in_its_format(sources: Sources, name: str, tmp_path: Path) -> None:
    found = fetched(sources, name, tmp_path / "document")
    assert (found.is_new, found.form) == (True, COME[name])
    assert (tmp_path / "document").read_bytes().startswith({"turtle": TURTLE, "ntriples": LINES, "rdfxml": XML}.get(
        found.form, b""))  # fmt: skip


REFUSED = {
    "no-address": "it redirects to what is no address",
    "circle": "it redirects in a circle",
    "ftp": "<ftp://ngo.example/clubs.ttl> is no http or https address",
    "password": "comes with a name or a password",
    "gone": "the server answered 410 Gone",
    "missing": "the server answered 404 Not Found",
    "failing": "the server answered 500 Internal Server Error",
    "no-change": "the server answered 304",
    "page": "it is an HTML page",
    "page-as-turtle": "it is an HTML page",
    "pdf": "its type application/pdf is no RDF that is read",
    "nameless": "neither its type application/octet-stream nor its name says its format",
    "said-latin": "it is in iso-8859-1, and RDF is read in UTF-8",
    "empty": "it is empty",
    "short": "it cannot be reached, or broke off",
    "short-lines": "nobody can tell whether it is whole",
    "half-gzip.ttl.gz": "it is packed with gzip and breaks off",
    "no-gzip": "it is no gzip",
    "brotli": "it comes in the encoding br",
    "part": "it is cut: the server answered with a part only (206)",
    "virtuoso": "it is cut: the server says X-SQL-State: S1TAT",
    "ceiling": "it is cut: the server says X-SPARQL-MaxRows: 10000",
    "huge": "it is larger than 1 MiB",
    "bomb": "it is larger than 1 MiB",
    "bomb.ttl.gz": "it is larger than 1 MiB",
    "twice.ttl.gz": "it is packed with gzip twice",
    "slow": "it has not come whole within 0.5 seconds",
    "endless": "it is larger than 1 MiB",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_says_why(sources: Sources, name: str, tmp_path: Path) -> None:
    with pytest.raises(HarvestError) as caught:
        fetched(sources, name, tmp_path / "document", seconds=0.5 if name == "slow" else 20)
    assert REFUSED[name] in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(("name", "seconds"), [("busy", 7200), ("closed", 86_400), ("failing", 0)])
def test_who_asks_to_be_left_alone_is(sources: Sources, name: str, seconds: float, tmp_path: Path) -> None:
    with pytest.raises(HarvestError) as caught:
        fetched(sources, name, tmp_path / "document")
    assert caught.value.retry_seconds == seconds


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/", "http://localhost/x", "http://[::1]/", "http://169.254.169.254/", "http://2130706433/"],
)
def test_no_private_address_is_called(address: str, tmp_path: Path) -> None:
    with pytest.raises(HarvestError, match="which is not public"):
        fetch(replace(ASKED, address=address, allow_private=False), tmp_path / "document")


def test_every_redirection_is_judged_anew(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "is_public", lambda address: str(address) == "127.0.0.1")
    with pytest.raises(HarvestError, match=r"127\.0\.0\.2, which is not public") as caught:
        fetched(sources, "elsewhere", tmp_path / "document", allow_private=False)
    assert "hidden" not in str(caught.value)


def test_the_address_that_was_judged_is_called(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says another address the second time is not asked a second time."""
    said, real = ["127.0.0.1"], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **how: real(
        said.pop() if host == "ngo.example" else host, *more, **how))  # fmt: skip
    port = sources.url.rpartition(":")[2]
    fetch(replace(ASKED, address=f"http://ngo.example:{port}/turtle"), tmp_path / "document")
    assert sources.asked[-1][1]["host"] == f"ngo.example:{port}"
    assert not said


def test_an_endpoint_is_asked_for_what_has_an_end(sources: Sources, tmp_path: Path) -> None:
    found = fetched(sources, "rdfxml", tmp_path / "document", query=CONSTRUCT)
    _, headers, body = sources.asked[-1]
    assert parse_qs(body.decode()) == {"query": [CONSTRUCT]}
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["accept"].startswith("application/rdf+xml")
    assert found.form == "rdfxml"


@pytest.mark.parametrize(
    ("name", "words"), [("turtle", "nobody can tell whether it is whole"), ("moved", "which is not followed"),
                        ("virtuoso", "it is cut"), ("half-gzip.ttl.gz", "breaks off")]
)  # fmt: skip
def test_an_answer_of_an_endpoint_that_may_be_cut_is_none(
    sources: Sources, name: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(HarvestError, match=words):
        fetched(sources, name, tmp_path / "document", query=CONSTRUCT)


def test_what_has_not_changed_is_not_sent_again(sources: Sources, tmp_path: Path) -> None:
    sources.replies["kept"] = replace(sources.replies["turtle"], fields={"ETag": '"1"', "Last-Modified": "then"})
    first = fetched(sources, "kept", tmp_path / "document")
    again = fetched(sources, "kept", tmp_path / "again", etag=first.etag, last_modified=first.last_modified)
    assert (again.is_new, again.etag, again.last_modified) == (False, '"1"', "then")
    assert not (tmp_path / "again").exists()


QUERIES = {
    "CONSTRUCT WHERE { ?s ?p ?o }": ("", "", "{ ?s ?p ?o }"),
    "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o } LIMIT 3": ("", "", "{ ?s ?p ?o } LIMIT 3"),
    "PREFIX e: <http://e.org/#>\nconstruct {} FROM <http://e.org/g> FROM NAMED <http://e.org/h> where { ?s ?p '}{' }":
        ("PREFIX e: <http://e.org/#>\n", "FROM <http://e.org/g> FROM NAMED <http://e.org/h>", "{ ?s ?p '}{' }"),
    "# SELECT {\nCONSTRUCT { ?s ?p \"}\" . # }\n [ ?a ?b ] } WHERE { { SELECT ?s { ?s ?p ?o } } # }\n }":
        ("# SELECT {", "", "{ { SELECT ?s { ?s ?p ?o } } # }\n }"),
}  # fmt: skip


@pytest.mark.parametrize("text", QUERIES)
def test_a_construct_in_pieces(text: str) -> None:
    found = construct_of(text)
    assert found is not None
    pieces = found.prologue, found.dataset, found.pattern
    assert [each.strip() for each in pieces] == [each.strip() for each in QUERIES[text]]
    for query in (found.rows, found.count):
        assert read_query(query, base="https://e.org/").form == "SELECT"


@pytest.mark.parametrize(
    "text", ["SELECT * { ?s ?p ?o }", "DESCRIBE <a>", "ASK {}", "# CONSTRUCT", "INSERT DATA {}", "CONSTRUCT"]
)
def test_what_is_no_construct(text: str) -> None:
    assert construct_of(text) is None


def test_an_endpoint_with_a_ceiling_that_it_does_not_tell_of_is_found(sources: Sources, tmp_path: Path) -> None:
    asked, query = replace(ASKED, address=f"{sources.url}/rdfxml", query=CONSTRUCT), construct_of(CONSTRUCT)
    assert query is not None
    check_whole(asked, query, tmp_path / "solutions")
    sources.solutions["rdfxml"] = 50, 93
    with pytest.raises(HarvestError, match="it is cut: the endpoint counts 93 solutions and gives 50"):
        check_whole(asked, query, tmp_path / "solutions")
    del sources.solutions["rdfxml"]


def test_what_cannot_be_sent_back_is_forgotten(sources: Sources, tmp_path: Path) -> None:
    sources.replies["odd-tag"] = replace(
        sources.replies["turtle"], fields={"ETag": '"caf\xe9"', "Last-Modified": "x" * 2_000}
    )
    found = fetched(sources, "odd-tag", tmp_path / "document")
    assert (found.etag, found.last_modified) == ("", "")


def test_an_endpoint_is_asked_without_conditions(sources: Sources, tmp_path: Path) -> None:
    fetched(sources, "rdfxml", tmp_path / "document", query=CONSTRUCT, etag='"1"', last_modified="then")
    assert not {"if-none-match", "if-modified-since"} & sources.asked[-1][1].keys()


def test_nothing_is_left_running(sources: Sources, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(HarvestError):
        fetched(sources, "slow", tmp_path / "document", seconds=0.2)
    assert threading.active_count() <= before + 1  # the server's own
