"""SPARQL endpoints on loopback for the tests of federation: real HTTP servers, each with one manner of answering."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyoxigraph as ox
import pytest

from graph.model.errors import HamkorError
from graph.model.settings import FederationSettings, Settings
from graph.query.forwarder import Forwarder
from graph.query.sparql.guard import read_query

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
RESULTS = json.dumps({
    "head": {"vars": ["s", "name"]},
    "results": {
        "bindings": [
            {"s": {"type": "uri", "value": f"http://example.org/{name}"}, "name": {"type": "literal", "value": name}}
            for name in ("a", "b")
        ]
    },
}).encode()  # fmt: skip
RESULTS_XML = (
    b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="name"/></head>'
    b'<results><result><binding name="name"><literal>a</literal></binding></result></results></sparql>'
)


class Handler(BaseHTTPRequestHandler):
    """One request at a time, remembered, and answered in the endpoint's manner."""

    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers.items()), body.decode()))
        self.close_connection = True
        try:
            self.server.manner(self)
        except OSError:
            self.server.broken.set()

    def answer(self, status: int, content_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


Manner = Callable[[Handler], None]


class Endpoint(ThreadingHTTPServer):
    """An endpoint that remembers what it was asked.

    Attributes:
        iri: where it is, by its address.
        requests: the header fields and the body of each request.
        broken: set when the other side has gone before the answer was whole.
    """

    daemon_threads = True

    def __init__(self, manner: Manner, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner = manner
        self.requests: list[tuple[dict[str, str], str]] = []
        self.broken = threading.Event()
        self.ended = threading.Event()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        self.iri = self.named("127.0.0.1", "https" if tls else "http")

    def named(self, host: str, scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/sparql"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go."""


@contextmanager
def endpoint(manner: Manner, tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    server = Endpoint(manner, tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()


@contextmanager
def forwarder(
    *services: str, tls: ssl.SSLContext | None = None, seconds: float = 10, allow_private: bool = False
) -> Iterator[Forwarder]:
    """A forwarder that runs on an event loop of its own, as in the front."""
    federation = FederationSettings(services=services, seconds=seconds, result_mb=1, allow_private=allow_private)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        running = Forwarder(Settings(federation=federation), tls)
        asyncio.run_coroutine_threadsafe(running.start(), loop).result(5)
        yield running
        asyncio.run_coroutine_threadsafe(running.close(), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def results(handler: Handler) -> None:
    handler.answer(200, JSON, RESULTS)


def results_as(content_type: str, body: bytes, **headers: str) -> Manner:
    return lambda handler: handler.answer(200, content_type, body, **headers)


def refusal(status: int, content_type: str, text: str) -> Manner:
    return lambda handler: handler.answer(status, content_type, text.encode())


def redirect(status: int, location: str) -> Manner:
    return lambda handler: handler.answer(status, "text/plain", b"", Location=location)


def silence(handler: Handler) -> None:
    """Accept the request and say nothing until the other side goes."""
    handler.connection.settimeout(10)
    if handler.connection.recv(1) == b"":
        handler.server.broken.set()


def trickle(handler: Handler) -> None:
    """Send a byte every now and then, for as long as anybody listens."""
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.end_headers()
    while not handler.server.ended.wait(0.05):
        handler.wfile.write(b" ")


def flood(handler: Handler) -> None:
    """Send chunks without an end and without a length."""
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not handler.server.ended.is_set():
        handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def broken_off(handler: Handler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.send_header("Content-Length", str(len(RESULTS) + 100))
    handler.end_headers()
    handler.wfile.write(RESULTS)


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-x\r\n")


def hanging_up(handler: Handler) -> None:
    """Say nothing, and close."""


def gzipped(handler: Handler) -> None:
    handler.answer(200, JSON, gzip.compress(RESULTS), Content_Encoding="gzip")


Rows = list[dict[str, str]]


def ask(running: Forwarder, text: str, store: ox.Store | None = None) -> Rows:
    """Answer a SELECT as the service does; what the engine says of a failed call is raised as clients see it."""
    rows = engine_says(store or ox.Store(), read_query(text, services=running.addresses).text)
    if isinstance(rows, str):
        raise running.failure(rows) or AssertionError(rows)
    return rows


def engine_says(store: ox.Store, text: str) -> Rows | str:
    """The rows, or the engine's error; no exception, which would carry the solutions to another thread."""
    try:
        found = store.query(text)
        assert isinstance(found, ox.QuerySolutions)
        names = [variable.value for variable in found.variables]
        return [{name: row[name].value for name in names if row[name] is not None} for row in found]
    except (OSError, RuntimeError) as problem:
        return str(problem)


def call(iri: str, silent: str = "") -> str:
    return f"SELECT * {{ SERVICE {silent} <{iri}> {{ ?s <http://example.org/name> ?name }} }}"


def failure(manner: Manner, seconds: float = 10) -> HamkorError:
    with endpoint(manner) as called, forwarder(called.iri, seconds=seconds) as running:
        with pytest.raises(HamkorError) as caught:
            ask(running, call(called.iri))
        assert f"<{called.iri}>" in str(caught.value)
        assert running.addresses[called.iri].rpartition("/")[0] not in str(caught.value)
        return caught.value
