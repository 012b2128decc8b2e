"""Clients that read slowly, or not at all, or send half of what they promise: they hold nothing that others need."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from endpoint.delivery import LEAST_RATE, PIECE
from tests.endpoint.serving import Served, client, serving, write

SEND_SECONDS = 1.0
LARGE = "".join(f'<http://e/{number}> <http://e/p> "{"x" * 200}" .\n' for number in range(40_000))
EVERYTHING = "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with a graph that no socket's buffers hold."""
    files = {"hamkor.toml": f"[limits]\nsend_seconds = {SEND_SECONDS}", "data/large.nt": LARGE}
    with serving(write(tmp_path_factory.mktemp("large"), files)) as running:
        yield running


def asked(served: Served, path: str, address: str, accept: str = "application/n-triples") -> socket.socket:
    """A connection on which something has been asked for, and nothing is read."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.settimeout(20)
    head = (
        f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def length_until_closed(connection: socket.socket) -> int:
    size = 0
    while piece := connection.recv(1 << 20):
        size += len(piece)
    return size


def test_whoever_reads_nothing_stops_nobody_s_page_and_is_given_up(large: Served) -> None:
    paths = ("/graph/large", EVERYTHING, "/downloads/all.nq.gz", "/graph/large")
    with ExitStack() as stack:
        silent = [stack.enter_context(asked(large, paths[each % 4], f"198.51.100.{each // 8}")) for each in range(32)]
        time.sleep(0.5)
        with client(10) as other:
            for page in ("/", "/graphs", "/sparql?query=ASK%7B%7D"):
                answer = other.get(large.url + page, headers={"X-Forwarded-For": "203.0.113.1", "Accept": "text/html"})
                assert answer.status_code == 200
        time.sleep(SEND_SECONDS + PIECE / LEAST_RATE + 1)
        for connection in silent[:2]:
            assert length_until_closed(connection) < len(LARGE)


def test_whoever_reads_slowly_gets_everything(large: Served) -> None:
    with asked(large, "/graph/large", "198.51.100.9") as connection:
        size, begun = 0, time.monotonic()
        while piece := connection.recv(1 << 18):
            size += len(piece)
            if time.monotonic() - begun < 2 * SEND_SECONDS:
                time.sleep(0.2)
    assert size > len(LARGE)
