"""SERVICE calls from the engine through the forwarder to endpoints on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
from endpoints import (
    JSON,
    RESULTS,
    RESULTS_XML,
    XML,
    Manner,
    ask,
    call,
    endpoint,
    engine_says,
    failure,
    flood,
    forwarder,
    results,
    results_as,
    silence,
    trickle,
)
from query_material import Listener

from benchmarks.start import free_port
from graph.model.errors import EngineUnavailableError, QueryLimitError, QueryRefusedError, SettingError
from graph.query.sparql.guard import read_query

# Calls that are answered


def test_an_allowed_endpoint_is_asked_and_its_answer_used() -> None:
    with endpoint(results) as called, forwarder(called.iri) as running:
        assert [row["name"] for row in ask(running, call(called.iri))] == ["a", "b"]
        [(headers, query)] = called.requests
    assert query == "SELECT * WHERE { ?s <http://example.org/name> ?name . }"
    assert headers["Content-Type"] == "application/sparql-query"
    assert JSON in headers["Accept"]
    assert headers["Host"] == f"127.0.0.1:{called.port}"
    assert headers["User-Agent"].startswith("Hamkor")


@pytest.mark.parametrize(
    ("content_type", "body", "names"),
    [
        (JSON, RESULTS, ["a", "b"]),
        (f"{JSON}; charset=utf-8", RESULTS, ["a", "b"]),
        ("application/json", RESULTS, ["a", "b"]),
        (XML, RESULTS_XML, ["a"]),
        ("application/xml;charset=UTF-8", RESULTS_XML, ["a"]),
        (JSON, b'{"results":{"bindings":[]},"head":{"vars":[]}}', []),
    ],
)
def test_answers_in_json_and_xml_are_taken(content_type: str, body: bytes, names: list[str]) -> None:
    with endpoint(results_as(content_type, body)) as called, forwarder(called.iri) as running:
        assert [row["name"] for row in ask(running, call(called.iri))] == names


def test_several_endpoints_each_have_their_own_address() -> None:
    with endpoint(results) as one, endpoint(results_as(XML, RESULTS_XML)) as other:
        with forwarder(one.iri, other.iri) as running:
            assert len(set(running.addresses.values())) == 2
            assert len(ask(running, call(one.iri))) == 2
            assert len(ask(running, call(other.iri))) == 1
        assert (len(one.requests), len(other.requests)) == (1, 1)


def test_an_endpoint_within_a_call_is_named_to_the_outer_one_as_it_is() -> None:
    with endpoint(results) as outer, endpoint(results) as inner, forwarder(outer.iri, inner.iri) as running:
        ask(running, f"SELECT * {{ SERVICE <{outer.iri}> {{ SERVICE SILENT <{inner.iri}> {{ ?s ?p ?o }} }} }}")
        [(_, query)] = outer.requests
        assert f"SERVICE SILENT <{inner.iri}>" in query
        assert not inner.requests


@pytest.fixture(scope="module")
def oxigraph() -> Iterator[str]:
    found = shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("the server of Oxigraph is not installed beside this Python")
    port = free_port()
    server = subprocess.Popen([found, "serve", "--bind", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    data = b'<http://example.org/a> <http://example.org/name> "\xd0\x90" . <http://example.org/b> <http://e/x> 1 .'
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/store?default", data, {"Content-Type": "text/turtle"}, method="PUT"
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < end, "the server of Oxigraph does not answer"
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        server.kill()
        server.wait()


def test_a_server_of_oxigraph_is_joined_with_the_store(oxigraph: str) -> None:
    local = ox.Store()
    local.load(b"<http://example.org/a> <http://example.org/in> <http://example.org/place> .", ox.RdfFormat.TURTLE)
    text = f"""PREFIX ex: <http://example.org/>
        SELECT * {{ ?s ex:in ?place SERVICE <{oxigraph}> {{ ?s ex:name ?name FILTER(lang(?name) = "") }} }}"""
    with forwarder(oxigraph) as running:
        assert ask(running, text, local) == [
            {"s": "http://example.org/a", "place": "http://example.org/place", "name": "А"}
        ]


def test_what_oxigraph_refuses_is_said_with_its_words(oxigraph: str) -> None:
    elsewhere = oxigraph.replace("/query", "/nothing")
    with (
        forwarder(elsewhere) as running,
        pytest.raises(EngineUnavailableError, match=r"answered 404 Not Found: \S.*nothing"),
    ):
        ask(running, call(elsewhere))


# Limits


@pytest.mark.parametrize("manner", [silence, trickle])
def test_an_endpoint_that_takes_too_long_is_given_up(manner: Manner) -> None:
    error = failure(manner, seconds=0.4)  # its answer would never end
    assert isinstance(error, QueryLimitError)
    assert (error.limit, error.value) == ("federation.seconds", 0.4)
    assert error.remedy


@pytest.mark.parametrize("manner", [flood, results_as(JSON, RESULTS[:-1] + b" " * (1 << 20) + b"}")])
def test_an_answer_that_is_too_large_is_refused(manner: Manner) -> None:
    error = failure(manner)
    assert isinstance(error, QueryLimitError)
    assert (error.limit, error.value) == ("federation.result_mb", 1)


def test_an_engine_that_goes_away_ends_the_call() -> None:
    with endpoint(silence) as called, forwarder(called.iri) as running:
        with _connected(running.addresses[called.iri]) as engine:
            engine.sendall(_request(running.addresses[called.iri]))
            while not called.requests:
                time.sleep(0.01)
        assert called.broken.wait(60)


def test_a_forwarder_that_is_closed_ends_its_calls() -> None:
    with endpoint(silence) as called:
        with forwarder(called.iri) as running:
            engine = _connected(running.addresses[called.iri])
            engine.sendall(_request(running.addresses[called.iri]))
            while not called.requests:
                time.sleep(0.01)
        assert called.broken.wait(60)
        assert engine.recv(1) == b""
        engine.close()


# Who is served


def test_without_allowed_services_nothing_listens_and_nothing_is_called(listener: Listener) -> None:
    before = _listening()
    with forwarder() as running:
        with pytest.raises(QueryRefusedError):
            ask(running, call(listener.iri))
        assert running.addresses == {}
        assert _listening() == before
    assert listener.dialled == 0


def _listening() -> int:
    """How many TCP sockets this process listens on."""
    if sys.platform != "linux":
        return 0
    own = {os.path.realpath(each).rpartition("/")[2] for each in Path("/proc/self/fd").iterdir()}
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "0A" and f"socket:[{row[9]}]" in own for row in rows)


@pytest.mark.parametrize(
    "service", ["ftp://a.org/", "urn:x", "http://", "http://u@a.org/", "http://a.org/#x", "a.org", "http://0177.0.0.1/"]
)
def test_a_service_that_is_no_http_address_is_an_error_of_the_setting(service: str) -> None:
    with pytest.raises(SettingError, match=r"federation\.services"), forwarder(service):
        pass


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("target", ["/", "/sparql", "/" + "0" * 64, "http://127.0.0.1/", "*", "/%00", "//"])
def test_a_request_without_the_token_is_not_served(method: str, target: str) -> None:
    with endpoint(results) as called, forwarder(called.iri) as running:
        answer = _raw(running.addresses[called.iri], _request(target, method))
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert not called.requests


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_a_post_is_served(method: str) -> None:
    with endpoint(results) as called, forwarder(called.iri) as running:
        address = running.addresses[called.iri]
        assert _raw(address, _request(address, method)).startswith(b"HTTP/1.1 404 ")
        assert not called.requests


@pytest.mark.parametrize("said", [b"hello\r\n\r\n", b"\x16\x03\x01\x00\xa5", b"", b"POST / HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_ends_the_connection(said: bytes) -> None:
    with endpoint(results) as called, forwarder(called.iri) as running:
        assert _raw(running.addresses[called.iri], said) == b""
        assert len(ask(running, call(called.iri))) == 2


def test_tokens_differ_between_forwarders() -> None:
    with forwarder("http://a.org/") as one, forwarder("http://a.org/") as other:
        tokens = {urlsplit(each.addresses["http://a.org/"]).path for each in (one, other)}
    assert len(tokens) == 2
    assert {len(token) for token in tokens} == {65}


def _connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


def _request(target: str, method: str = "POST") -> bytes:
    path = urlsplit(target).path if target.startswith("http://127.0.0.1:") else target
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nASK".encode()


def _raw(address: str, said: bytes) -> bytes:
    with _connected(address) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        return answer


def test_a_forwarder_that_is_not_there_is_not_named() -> None:
    with endpoint(results) as called, forwarder(called.iri) as running:
        read = read_query(call(called.iri), services=running.addresses)
    said = engine_says(ox.Store(), read.text)
    assert isinstance(said, str)
    assert "127.0.0.1" not in str(running.failure(said) or said)


def test_words_about_other_things_are_no_failure_of_a_call() -> None:
    with forwarder("http://a.org/") as running:
        assert running.failure("Error 502 Bad Gateway returned by http://a.org/ with payload:\nx") is None
        assert running.failure("The variable encoding the service name is unbound") is None
