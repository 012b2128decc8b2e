"""The gateway over HTTP: tags, compression, HEAD, CORS, large answers, metrics, logs, clients that leave, releases."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
import zstandard

from benchmarks.queries import prefixed
from benchmarks.runaways import RUNAWAYS
from endpoint.http.semantics import OFFERS
from endpoint.threads import COUNT_OF_ONE
from graph.model.publication import open_publication
from graph.model.settings import LimitSettings
from graph.pipeline.build import build
from tests.endpoint.conftest import PATIENT
from tests.endpoint.serving import Served, write
from tests.endpoint.watching import Watched, browser, until, watched

CLUBS = prefixed("SELECT ?club ?label WHERE { ?club a hk:ParentsClub ; rdfs:label ?label } ORDER BY ?club ?label")
LARGE = "SELECT * WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o"
TRIPLES = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
SMALL = "SELECT * WHERE { VALUES ?x { 1 2 3 } }"
ENDLESS = RUNAWAYS["cartesian-count"]()
GZIP = {"Accept-Encoding": "gzip"}
SELECT_FORMATS = {
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
}


def get(served: Served, query: str, accept: str | None = None, **headers: str) -> httpx.Response:
    return served.get("/sparql", accept, params={"query": query}, headers=headers)


# Tags


@pytest.mark.parametrize("query", [SMALL, CLUBS, LARGE], ids=["small", "medium", "from the spool"])
@pytest.mark.parametrize("named", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_the_answer_is_told_so(registry: Watched, query: str, named: str) -> None:
    tag = get(registry, query).headers["ETag"]
    again = get(registry, query, **{"If-None-Match": named.format(tag)})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"]
    assert "Accept-Encoding" in again.headers["Vary"]


def test_a_compressed_answer_has_a_tag_of_its_own_and_both_are_known(registry: Watched) -> None:
    plain, packed = get(registry, CLUBS), get(registry, CLUBS, **GZIP)
    assert packed.headers["ETag"] == plain.headers["ETag"].removesuffix('"') + '-gzip"'
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        assert get(registry, CLUBS, **{"If-None-Match": tag}).status_code == 304
        assert get(registry, CLUBS, **{"If-None-Match": tag}, **GZIP).headers["ETag"] == tag


def test_another_answer_is_not_known(registry: Watched) -> None:
    other = get(registry, SMALL).headers["ETag"]
    assert get(registry, CLUBS, **{"If-None-Match": other}).status_code == 200


def test_equal_tags_are_equal_bytes_and_other_formats_other_tags(registry: Watched) -> None:
    found = {get(registry, CLUBS, accept).headers["ETag"] for accept in SELECT_FORMATS.values()}
    assert len(found) == 4
    assert get(registry, CLUBS).headers["ETag"] == get(registry, f"# again\n{CLUBS}").headers["ETag"]


def test_a_post_is_answered_in_full_and_never_kept(registry: Watched) -> None:
    tag = get(registry, CLUBS).headers["ETag"]
    for named in (tag, "*"):
        again = registry.request("POST", "/sparql", data={"query": CLUBS}, headers={"If-None-Match": named})
        assert (again.status_code, again.headers["Cache-Control"]) == (200, "no-store")


# Compression


def test_gzip_is_the_same_answer_smaller(registry: Watched) -> None:
    plain = get(registry, CLUBS).content
    with browser().stream("GET", f"{registry.url}/sparql", params={"query": CLUBS}, headers=GZIP) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(raw) < len(plain) / 3
    assert gzip.decompress(raw) == plain


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "GZIP; q=0.0", "deflate, gzip;q=0.000"])
def test_who_does_not_take_gzip_gets_none(registry: Watched, accepted: str) -> None:
    assert "Content-Encoding" not in get(registry, CLUBS, **{"Accept-Encoding": accepted}).headers


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "GZIP", "deflate,x-gzip"])
def test_who_takes_gzip_gets_it(registry: Watched, accepted: str) -> None:
    assert get(registry, CLUBS, **{"Accept-Encoding": accepted}).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("accepted", ["zstd", "gzip, deflate, br, zstd", "gzip;q=0.9, ZSTD"])
def test_zstandard_is_the_same_answer_smaller(registry: Watched, accepted: str) -> None:
    plain = get(registry, CLUBS)
    headers = {"Accept-Encoding": accepted}
    with browser().stream("GET", f"{registry.url}/sparql", params={"query": CLUBS}, headers=headers) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["Content-Encoding"] == "zstd"
    assert packed.headers["ETag"] == plain.headers["ETag"].removesuffix('"') + '-zstd"'
    assert zstandard.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 3


def test_the_coding_with_the_highest_quality_is_used(registry: Watched) -> None:
    accepted = {"Accept-Encoding": "zstd;q=0.4, gzip;q=0.8"}
    assert get(registry, CLUBS, **accepted).headers["Content-Encoding"] == "gzip"


def test_what_is_small_stays_as_it_is(registry: Watched) -> None:
    assert "Content-Encoding" not in get(registry, SMALL, **GZIP).headers


# HEAD and CORS


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        *product((SMALL, CLUBS, LARGE, TRIPLES, "ASK {"), ("*/*", "application/json", "text/html")),
        (ENDLESS, "*/*"),
    ],
)
def test_head_says_what_get_says(registry: Watched, hurried: Watched, query: str, accept: str) -> None:
    served = hurried if query == ENDLESS else registry
    here, there = (served.request(each, "/sparql", accept, params={"query": query}) for each in ("HEAD", "GET"))
    assert (here.status_code, here.content) == (there.status_code, b"")
    assert {**here.headers, "date": ""} == {**there.headers, "date": ""}


REQUESTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "answer": ("GET", f"/sparql?query={quote(SMALL)}", {}),
    "answer from the spool": ("GET", f"/sparql?query={quote(LARGE)}", {}),
    "graph": ("GET", f"/sparql?query={quote(TRIPLES)}", {"Accept": "text/turtle"}),
    "page": ("GET", f"/sparql?query={quote(SMALL)}", {"Accept": "text/html"}),
    "syntax error": ("GET", "/sparql?query=ASK", {}),
    "limit": ("GET", f"/sparql?query={quote(ENDLESS)}", {}),
    "refused": ("GET", f"/sparql?query={quote('SELECT * { SERVICE <http://a/> {} }')}", {}),
    "not acceptable": ("GET", f"/sparql?query={quote(SMALL)}", {"Accept": "image/png"}),
    "no query": ("POST", "/sparql", {"Content-Type": "application/x-www-form-urlencoded"}),
    "media type": ("POST", "/sparql", {"Content-Type": "text/plain"}),
    "service description": ("GET", "/sparql", {"Accept": "text/turtle"}),
    "method": ("PUT", "/sparql", {}),
    "preflight": ("OPTIONS", "/sparql", {"Access-Control-Request-Method": "POST"}),
    "metrics": ("GET", "/metrics", {}),
    "health": ("GET", "/health", {}),
    "not found": ("GET", "/nothing/here", {}),
    "dataset": ("GET", "/dataset", {}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_and_error_may_be_read_by_any_page(registry: Watched, hurried: Watched, name: str) -> None:
    method, path, headers = REQUESTS[name]
    served = hurried if name == "limit" else registry
    answer = served.request(method, path, headers.get("Accept"), headers={**headers, "Origin": "https://a.example"})
    assert answer.status_code < 500 or name == "limit", answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


# The same answer on both ways: status, every field, and every byte

NOW = "SELECT (NOW() - NOW() AS ?x) {}"
HELD = ["{tag}", "W/{tag}", '"other", {tag}', "{packed}", "*", '"other"', "{bare}", ""]
SAID: list[list[tuple[str, str]]] = [
    [],
    *([("If-None-Match", each)] for each in HELD),
    [("If-None-Match", "{tag}"), ("If-None-Match", '"other"')],
    [("If-None-Match", "{tag}"), ("Accept-Encoding", "gzip")],
    [("If-None-Match", "{packed}"), ("Accept-Encoding", "gzip")],
    [("If-Modified-Since", "{date}")],
    [("If-Modified-Since", "Fri, 28 Nov 2014 09:00:00 GMT")],
    [("If-Modified-Since", "yesterday")],
    [("If-None-Match", '"other"'), ("If-Modified-Since", "{date}")],
    *([("If-Match", each)] for each in HELD),
    *([("If-Unmodified-Since", each)] for each in ("{date}", "Fri, 28 Nov 2014 09:00:00 GMT", "yesterday")),
    [("If-Match", '"other"'), ("If-None-Match", "{tag}"), ("Accept", "application/json")],
    [("If-Match", "{tag}"), ("If-None-Match", "{tag}")],
    [("Range", "bytes=0-3")],
    [("Range", "bytes=0-3"), ("If-Range", "{tag}")],
    *([("Accept-Encoding", each)] for each in ("gzip", "zstd, gzip", "br", "gzip;q=0")),
    [("Accept", "text/csv;q=0.5"), ("Accept", "application/sparql-results+xml")],
    [("Accept-Language", "ru"), ("Accept-Profile", "<http://example.org/>"), ("Origin", "https://a.example")],
    *([("Host", each)] for each in ("other.example:81", "other.example:80", "[::1]:80", "a_b", "no host")),
    [("Host", "other.example"), ("X-Forwarded-Proto", "https")],
]


def both(
    served: Served, method: str, query: str, headers: list[tuple[str, str]] | None = None
) -> tuple[httpx.Response, httpx.Response]:
    """What the short way answers, and what the Flask application does, for which a format= that nobody knows is."""
    found = []
    for more in ({}, {"format": "unknown"}):
        sent = {"data": {"query": query}, "params": more} if method == "POST" else {"params": {"query": query, **more}}
        request = served.client.build_request(method, f"{served.url}/sparql", **sent)  # type: ignore[arg-type]
        del request.headers["Accept"]
        fields = [
            each for each in request.headers.multi_items() if each[0] not in {name.lower() for name, _ in headers or ()}
        ]
        request.headers = httpx.Headers([*fields, *(headers or ())])
        found.append(served.client.send(request))
    return found[0], found[1]


def said(answer: httpx.Response) -> tuple[object, ...]:
    """All that an answer says but the hour; fields of one name in their order, names in any."""
    return (
        answer.status_code,
        sorted((each for each in answer.headers.multi_items() if each[0] != "date"), key=lambda each: each[0]),
        answer.content,
    )


@pytest.mark.parametrize("headers", SAID, ids=lambda each: "; ".join(map(": ".join, each)) or "nothing more")
def test_both_ways_understand_the_fields_of_a_request_alike(registry: Watched, headers: list[tuple[str, str]]) -> None:
    first = get(registry, CLUBS)
    tag = first.headers["ETag"]
    facts = {"tag": tag, "packed": tag[:-1] + '-gzip"', "bare": tag.strip('"'), "date": first.headers["Last-Modified"]}
    filled = [(name, value.format(**facts)) for name, value in headers]
    for method, query in product(("GET", "HEAD", "POST"), (CLUBS, NOW)):
        lane, flask = both(registry, method, query, filled)
        assert said(lane) == said(flask)


@pytest.mark.parametrize(
    ("method", "query"), [*product(("GET", "HEAD", "POST"), (SMALL, CLUBS, "ASK {}", TRIPLES)), ("GET", LARGE)]
)
def test_both_ways_answer_in_every_format_alike(registry: Watched, method: str, query: str) -> None:
    form = {"A": "ASK", "C": "CONSTRUCT"}.get(query[0], "SELECT")
    for each in OFFERS[form]:
        if each.format is not None:
            lane, flask = both(registry, method, query, [("Accept", each.media_type)])
            assert lane.headers["Content-Type"] == each.content_type
            assert said(lane) == said(flask)


def test_the_method_for_queries_gets_the_same_bytes(registry: Watched) -> None:
    headers = {"Content-Type": "application/sparql-query"}
    direct = registry.request("QUERY", "/sparql", SELECT_FORMATS["json"], content=CLUBS, headers=headers)
    lane, _ = both(registry, "POST", CLUBS)
    assert said(direct) == said(lane)


FAULTS = {
    "an answer too large": RUNAWAYS["stream"](),
    "an argument too many": "SELECT (<http://www.w3.org/2001/XMLSchema#integer>(1, ?s) AS ?x) { ?s ?p ?o }",
    "no XML": "SELECT * { VALUES ?no { '\\u0001' } }",
    "too long": ENDLESS,
}  # fmt: skip

STATUSES = dict(zip(FAULTS, (403, 400, 406, 503), strict=True))


@pytest.mark.parametrize("name", FAULTS)
def test_both_ways_tell_errors_alike(registry: Watched, hurried: Watched, name: str) -> None:
    served = hurried if name == "too long" else registry
    accepted = {"no XML": ["application/sparql-results+xml"], "too long": ["*/*"]}
    usual = ["application/json", "text/csv, text/html;q=0.5", "text/plain, */*;q=0.1", "application/sparql-results+xml"]
    for accept in accepted.get(name, usual):
        lane, flask = both(served, "GET", FAULTS[name], [("Accept", accept)])
        assert lane.status_code == STATUSES[name]
        assert said(lane) == said(flask)


# Large answers


def test_a_large_answer_that_is_not_what_was_demanded_leaves_nothing_behind(registry: Watched) -> None:
    for answer in both(registry, "GET", LARGE, [("If-Match", '"other"')]):
        assert answer.status_code == 412
    assert registry.settled().spooled == 0


def test_a_large_answer_is_the_sum_of_its_pieces(registry: Watched) -> None:
    whole = get(registry, LARGE, "text/csv").text.split("\r\n")[1:-1]
    pieces, size = list[str](), 3_000  # each small enough for the socket
    for offset in range(0, len(whole) + size, size):
        piece = get(registry, f"{LARGE} LIMIT {size} OFFSET {offset}", "text/csv")
        assert len(piece.content) < 1 << 20
        pieces += piece.text.split("\r\n")[1:-1]
    assert whole == pieces
    assert len(whole) == registry.release.manifest.triples


@pytest.mark.parametrize("name", SELECT_FORMATS)
def test_a_large_answer_comes_whole_to_a_client_that_reads_slowly(registry: Watched, name: str) -> None:
    expected = get(registry, LARGE, SELECT_FORMATS[name]).content
    with raw(registry, f"GET /sparql?query={quote(LARGE)} HTTP/1.1", f"Accept: {SELECT_FORMATS[name]}") as connection:
        received = b""
        while piece := connection.recv(200_000):
            received += piece
            time.sleep(0.002)
    assert received.partition(b"\r\n\r\n")[2] == expected
    assert registry.spooled() == []


NO_XML = {
    "a control character": (
        "SELECT * { VALUES ?no { '\\u0001' } ROWS }",
        "application/sparql-results+xml",
        "a control",
    ),
    "a character that is none": (
        "SELECT * { VALUES ?no { '\\uFFFF' } ROWS }",
        "application/sparql-results+xml",
        "a control",
    ),
    "a predicate without a name": (
        "CONSTRUCT { ?s <http://e/1> ?o . ?s ?p ?o } { ROWS }",
        "application/rdf+xml",
        "predicate",
    ),
}


@pytest.mark.parametrize("rows", ["?s ?p ?o", "{ SELECT * { ?s ?p ?o } LIMIT 3 }"], ids=["in the spool", "small"])
@pytest.mark.parametrize("name", NO_XML)
def test_what_xml_cannot_express_is_an_error(registry: Watched, name: str, rows: str) -> None:
    query, accept, said = NO_XML[name]
    for params in ({}, {"format": "unknown"}):
        answer = registry.get("/sparql", accept, params={"query": query.replace("ROWS", rows), **params})
        assert (answer.status_code, answer.headers["Content-Type"]) == (406, "text/plain; charset=utf-8")
        assert said in answer.text
        assert ("ask for JSON" in answer.text) is accept.endswith("results+xml")
    assert registry.spooled() == []


def test_the_page_of_a_large_answer_shows_its_beginning_and_leaves_no_file(registry: Watched) -> None:
    for query in (LARGE, TRIPLES):
        answer = get(registry, query, "text/html")
        assert answer.status_code == 200
        assert len(answer.content) < 2 << 20
        assert registry.spooled() == []


def test_a_client_that_leaves_in_the_middle_of_a_large_answer_leaves_nothing(registry: Watched) -> None:
    registry.get("/graph/clubs.nt")  # a large document is kept with its release, in one file
    before = registry.comes_back_to(registry.state())
    for path in (f"/sparql?query={quote(LARGE)}", "/graph/clubs.nt") * 12:
        with raw(registry, f"GET {path} HTTP/1.1", "Accept: */*") as connection:
            connection.recv(1000)
    registry.comes_back_to(before)
    for _ in range(20):  # no thread waits for one who has gone
        assert registry.get("/dataset", "text/html").status_code == 200


def test_clients_that_read_slowly_hold_nobody_else_up(registry: Watched) -> None:
    registry.get("/graph/clubs.nt")  # the process that writes large documents begins with the first, and stays
    before = registry.comes_back_to(registry.state())
    with ExitStack() as stack:
        lane, threads = (f"/sparql?query={quote(LARGE)}", "/graph/clubs.nt"), f"/sparql?query={quote(LARGE)}&format=x"
        for path in (*lane * 12, *[threads] * COUNT_OF_ONE):
            headers = "Accept: */*", "X-Forwarded-For: 10.0.0.1"
            stack.enter_context(raw(registry, f"GET {path} HTTP/1.1", *headers)).recv(1000)
        began = time.monotonic()
        for _ in range(5):
            assert registry.get("/dataset", "text/html").status_code == 200
            assert get(registry, SMALL, "text/html").status_code == 200
            assert get(registry, f"SELECT * {{ VALUES ?x {{ {time.time_ns()} }} }}").status_code == 200
        assert time.monotonic() - began < LimitSettings().send_seconds, (
            "they have waited until the slow ones were given up"
        )
    registry.comes_back_to(before)


# Metrics and logs


def test_answers_from_the_cache_are_counted(registry: Watched) -> None:
    query = f"{CLUBS} # {time.time()}\nOFFSET 1"
    hits, misses = registry.metric("cache_hits"), registry.metric("cache_misses")
    first = get(registry, query)
    assert (registry.metric("cache_hits"), registry.metric("cache_misses")) == (hits, misses + 1)
    for again in range(3):
        assert get(registry, query).content == first.content
        assert registry.metric("cache_hits") == hits + again + 1
    assert registry.metric("cache_bytes") > len(first.content)


def test_queries_are_counted_by_outcome(registry: Watched, hurried: Watched) -> None:
    def counted() -> dict[str, float]:
        served = {outcome: hurried if outcome == "limits.query_seconds" else registry for outcome in outcomes}
        return {outcome: by_outcome(each).get(outcome, 0.0) for outcome, each in served.items()}

    outcomes = ("answered", "cached", "limits.query_seconds", "limits.result_mb", "limits.query_memory_mb")
    before = counted()
    fresh = f"SELECT (COUNT(*) AS ?n) WHERE {{ ?s ?p ?o FILTER(?o != {time.time_ns()}) }}"
    for query in (fresh, fresh, RUNAWAYS["stream"](), RUNAWAYS["string-doubling"]()):
        get(registry, query)
    get(hurried, ENDLESS)
    after = counted()
    assert {outcome: after[outcome] - before[outcome] for outcome in outcomes} == dict.fromkeys(outcomes, 1.0)


def by_outcome(served: Watched) -> dict[str, float]:
    """How many queries ended how."""
    found = re.findall(r'^hamkor_queries_total\{outcome="(.*)"\} (.*)$', served.get("/metrics").text, re.MULTILINE)
    return {outcome: float(number) for outcome, number in found}


def test_metrics_are_prometheus_text(registry: Watched) -> None:
    answer = registry.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(line.startswith("hamkor_") and float(line.rpartition(" ")[2]) >= 0 for line in lines)
    assert {line.partition("{")[0].partition(" ")[0] for line in lines} >= {
        "hamkor_workers_busy", "hamkor_queue_length", "hamkor_query_seconds_bucket", "hamkor_responses_total",
        "hamkor_builds_total", "hamkor_build_seconds", "hamkor_build_age_seconds", "hamkor_release_age_seconds",
        "hamkor_disk_bytes", "hamkor_disk_free_bytes", "hamkor_memory_bytes", "hamkor_memory_peak_bytes",
        "hamkor_requests_total",
    }  # fmt: skip
    names = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert names == {line.split()[2] for line in answer.text.splitlines() if line.startswith("# HELP")}
    assert {line.partition("{")[0].partition(" ")[0] for line in lines} - names <= {
        "hamkor_query_seconds_bucket", "hamkor_query_seconds_count", "hamkor_query_seconds_sum",
    }  # fmt: skip


def test_the_access_log_has_a_line_for_each_request_and_no_query(registry: Watched) -> None:
    secret = f"secret{time.time_ns()}"
    get(registry, f"SELECT ('{secret}' AS ?x) {{}}")
    registry.get(f"/nothing/{secret}path")
    until(lambda: f"{secret}path" in registry.said())
    lines = [json.loads(line.partition("INFO ")[2]) for line in registry.said().splitlines() if '"path"' in line]
    assert lines[-1] == {"method": "GET", "path": f"/nothing/{secret}path", "status": 404, "ms": lines[-1]["ms"]}
    assert lines[-2] == {"method": "GET", "path": "/sparql", "status": 200, "ms": lines[-2]["ms"]}
    assert secret not in registry.said().replace(f"{secret}path", "")


def test_the_slow_query_log_has_a_digest_and_no_query(hurried: Watched) -> None:
    def lines() -> list[dict[str, object]]:
        found = [line for line in hurried.said().splitlines() if '"query"' in line]
        return [json.loads(line.partition("WARNING ")[2]) for line in found]

    secret, before = f"secret{time.time_ns()}", len(lines())
    query = ENDLESS.replace("?i }", f"?i FILTER(?i != '{secret}') }}")
    get(hurried, query)
    get(hurried, f"# the same\n{query}")
    until(lambda: len(lines()) == before + 2)
    one, two = lines()[before:]
    assert set(one) == {"query", "seconds", "outcome"}
    assert len(str(one["query"])) == 16
    assert float(str(one["seconds"])) >= 0.5
    assert (one["outcome"], two["query"]) == ("limits.query_seconds", one["query"])
    assert secret not in hurried.said()


# Clients that leave

LEAVING: dict[str, tuple[str, ...]] = {
    "program": (f"GET /sparql?query={quote(ENDLESS)} HTTP/1.1", "Accept: application/json"),
    "page": (f"GET /sparql?query={quote(ENDLESS)} HTTP/1.1", "Accept: text/html"),
    "form": ("POST /sparql HTTP/1.1", "Content-Type: application/x-www-form-urlencoded"),
    "page by form": ("POST /sparql HTTP/1.1", "Content-Type: application/x-www-form-urlencoded", "Accept: text/html"),
}


@pytest.mark.parametrize("name", LEAVING)
def test_a_client_that_goes_away_frees_its_worker(registry: Watched, name: str) -> None:
    until(lambda: registry.metric("workers_busy") == 0)
    body = urlencode({"query": ENDLESS}) if "POST" in LEAVING[name][0] else ""

    with raw(registry, *LEAVING[name], body=body):
        until(lambda: registry.metric("workers_busy") == 1)
    until(lambda: registry.metric("workers_busy") == 0, PATIENT / 2)  # long before the deadline of the query


def test_a_client_that_goes_away_while_it_waits_leaves_the_queue(registry: Watched) -> None:
    line = LEAVING["program"]
    with raw(registry, *line), raw(registry, *line), raw(registry, *line):
        with raw(registry, *line):
            until(lambda: registry.metric("queue_length") >= 1)
        until(lambda: registry.metric("queue_length") <= 1, PATIENT / 2)
    until(lambda: registry.metric("workers_busy") + registry.metric("queue_length") == 0, PATIENT / 2)


@contextmanager
def raw(served: Watched, *lines: str, body: str = "") -> Iterator[socket.socket]:
    """A connection on which a request has been sent, closed at the end without a word."""
    port = int(served.url.rpartition(":")[2])
    head = (*lines, "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}", "", "")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join(head).encode() + body.encode())
        yield connection


# Others


def test_long_queries_leave_others_their_answers(registry: Watched) -> None:
    query = "SELECT * { VALUES ?x { " + "'a' " * 190_000 + "} } LIMIT 1"
    headers = {"Content-Type": "application/sparql-query", "X-Forwarded-For": "10.0.0.1"}
    stop, statuses, waits = threading.Event(), list[int](), list[float]()

    def send() -> None:
        with browser() as client:
            while not stop.is_set():
                statuses.append(client.post(f"{registry.url}/sparql", content=query, headers=headers).status_code)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for each in senders:
        each.start()
    for _ in range(40):
        began = time.monotonic()
        assert get(registry, f"SELECT * {{ VALUES ?x {{ {time.time_ns()} }} }}").status_code == 200
        waits.append(time.monotonic() - began)
        time.sleep(0.02)
    stop.set()
    for each in senders:
        each.join()
    assert set(statuses) <= {200, 413, 503}  # 413 where a busy machine cannot read it in the time that a query has
    assert sorted(waits)[len(waits) // 2] < 1.0, waits  # one behind the long ones would wait for them: for seconds


def test_a_front_that_is_killed_is_replaced_and_leaves_nothing(tmp_path: Path) -> None:
    line = '<http://example.org/s> <http://example.org/n> "1" .\n'
    with watched(write(tmp_path, {"data/n.nt": line})) as served:
        (front,) = served.service.listening(int(served.url.rpartition(":")[2]))
        (folder,) = served.temporary.glob("hamkor-*")
        os.kill(front, signal.SIGKILL)
        until(lambda: not folder.exists())
        until(lambda: _answers(served))
        until(lambda: len(served.service.processes()) <= served.most)  # a spare worker may still be missing
        assert len(list(served.temporary.glob("hamkor-*"))) == 1


def _answers(served: Watched) -> bool:
    try:
        return get(served, "ASK {}").status_code == 200
    except httpx.TransportError:
        return False


# Releases


def test_a_new_release_is_served_at_once_and_no_request_fails(tmp_path: Path) -> None:
    line = '<http://example.org/s> <http://example.org/n> "{}"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    write(tmp_path, {"hamkor.toml": 'base = "https://example.org/kb/"\n', "data/n.nt": line.format(0)})
    query = "SELECT ?n { ?s <http://example.org/n> ?n FILTER(?n >= 0) }"
    with watched(tmp_path) as served:
        stop, failures, seen = threading.Event(), list[str](), dict[str, set[str]]()

        def ask(number: int) -> None:
            with browser() as client:
                while not stop.is_set():
                    fresh = f"{query} OFFSET 0 # {number}" if number else query
                    answer = client.get(f"{served.url}/sparql", params={"query": fresh})
                    if answer.status_code != 200:
                        failures.append(answer.text)
                        continue
                    value = answer.json()["results"]["bindings"][0]["n"]["value"]
                    seen.setdefault(answer.headers["X-Hamkor-Release"], set()).add(value)
                    time.sleep(0.02)

        askers = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
        for each in askers:
            each.start()
        releases = {served.release.id: "0"}
        for number in range(1, 4):
            write(tmp_path, {"data/n.nt": line.format(number)})
            release = build(open_publication(tmp_path))
            releases[release.id] = str(number)
            until(lambda new=release.id: new in seen)  # type: ignore[misc]
        stop.set()
        for each in askers:
            each.join()
        assert failures == []
        assert seen == {release: {value} for release, value in releases.items()}
        assert get(served, query).headers["X-Hamkor-Release"] == release.id
