"""The client of the benchmarks: it knows where a response ends and when it broke off, and asks what it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.client import BROKEN, TOO_LATE, Job, ask, get, start
from benchmarks.response import BrokenResponseError, Response

HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n"
CLOSING = HEAD + b"Connection: close\r\n\r\nhello"


def fed(message: bytes, size: int) -> tuple[Response, list[bool]]:
    response = Response()
    return response, [response.feed(message[n : n + size]) for n in range(0, len(message), size)]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("message", [LENGTH, CHUNKED], ids=["length", "chunks"])
def test_a_response_ends_with_its_last_byte(message: bytes, size: int) -> None:
    response, whole = fed(message, size)
    assert whole == [False] * (len(whole) - 1) + [True]
    assert (response.status, response.body(), response.closes) == (200, b"hello", False)


def test_a_response_without_a_length_ends_with_the_connection() -> None:
    response, whole = fed(CLOSING, 1000)
    assert whole == [False]
    assert response.feed(b"")
    assert (response.body(), response.closes) == (b"hello", True)


@pytest.mark.parametrize(
    "message", [LENGTH[:-1], CHUNKED[:-5], HEAD[:5], b""], ids=["length", "chunks", "head", "empty"]
)
def test_a_connection_that_ends_early_breaks_the_response(message: bytes) -> None:
    response = Response()
    if message:
        assert not response.feed(message)
    with pytest.raises(BrokenResponseError):
        response.feed(b"")


@pytest.mark.parametrize("message", [b"hello\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n"])
def test_what_is_no_http_breaks_the_response(message: bytes) -> None:
    with pytest.raises(BrokenResponseError):
        Response().feed(message)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(3)
        body = f"{self.path} {self.headers['X-Forwarded-For']}".encode()
        self.send_response(404 if self.path == "/none" else 200)
        self.send_header("Content-Length", str(len(body) + (10 if self.path == "/broken" else 0)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path in ("/broken", "/last")

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        pass  # the client that lost its patience


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_each_request_is_sent_once_and_each_connection_has_an_address(port: int) -> None:
    requests = [get(f"/{n}", "*/*") for n in range(20)]
    outcome = ask(Job(port=port, requests=requests, connections=3, keep=True))
    bodies = {sample.request: sample.body.decode().split() for sample in outcome.samples}
    assert {number: body[0] for number, body in bodies.items()} == {n: f"/{n}" for n in range(20)}
    assert {body[1] for body in bodies.values()} == {"10.0.1.1", "10.0.1.2", "10.0.1.3"}


def test_says_what_failed_and_goes_on(port: int) -> None:
    requests = [get(path, "*/*") for path in ("/none", "/broken", "/slow", "/last", "/fine")]
    outcome = ask(Job(port=port, requests=requests, patience=1.0))
    assert [sample.status for sample in outcome.samples] == [404, BROKEN, TOO_LATE, 200, 200]


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        outcome = ask(Job(port=unheard.getsockname()[1], requests=[get("/", "*/*")] * 3))
    assert [sample.status for sample in outcome.samples] == [BROKEN] * 3


def test_an_endless_job_ends_when_it_is_told(port: int) -> None:
    outcome = start(Job(port=port, requests=[get("/", "*/*")], endless=True))
    time.sleep(0.5)
    assert len(outcome().samples) > 3
