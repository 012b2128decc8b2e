"""How a service ends: with its first process, in time whatever is under way, and never in silence."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.processes import Service
from benchmarks.start import free_port
from endpoint.server import MOST, STOP_SECONDS
from tests.endpoint import contributing
from tests.endpoint.contributing import publication, token
from tests.endpoint.watching import ROOT, Watched, until, watched

LARGE = "".join(f'<http://e/{number}> <http://e/p> "{"x" * 200}" .\n' for number in range(20_000))
QUERY = "SELECT%20(COUNT(*)%20AS%20%3Fn)%20%7B%3Fa%20%3Fb%20%3Fc.%20%3Fd%20%3Fe%20%3Ff.%20%3Fg%20%3Fh%20%3Fi%7D"


def with_much(folder: Path) -> Path:
    """A publication that others write to, with a graph that no socket's buffers hold."""
    (publication(folder) / "data" / "large.nt").write_text(LARGE)
    return folder


def begun(served: Watched, head: str, body: bytes = b"") -> socket.socket:
    """A connection on which something has been asked for, and nothing is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection.connect((host, int(port)))
    connection.sendall(f"{head}\r\nHost: a\r\n\r\n".encode() + body)
    return connection


def test_all_of_it_ends_in_time_with_requests_of_every_kind_under_way(tmp_path: Path) -> None:
    with watched(with_much(tmp_path)) as served, ExitStack() as stack:
        key = token(served, f"{contributing.BASE}graph/x")
        sent = f"Authorization: Bearer {key}\r\nContent-Type: text/turtle\r\nContent-Length: 1000"
        for head in (
            f"PUT /graph/x HTTP/1.1\r\n{sent}",
            f"POST /validate HTTP/1.1\r\n{sent}",
            f"POST /sparql HTTP/1.1\r\n{sent}",
            f"GET /sparql?query={QUERY} HTTP/1.1\r\nAccept: text/html",
            f"GET /sparql?query={QUERY} HTTP/1.1\r\nAccept: text/csv",
            f"GET /release/{served.release.id}/sparql?query={QUERY} HTTP/1.1\r\nAccept: text/csv",
            "GET /graph/large HTTP/1.1\r\nAccept: text/turtle",
            "GET /downloads/all.nq.gz HTTP/1.1\r\nAccept: */*",
            "GET /downloads/all.rdf.gz HTTP/1.1\r\nAccept: */*",
        ):
            stack.enter_context(begun(served, head, b"<urn:a> "))
        time.sleep(1)
        process = served.service.process
        assert process is not None
        asked = time.monotonic()
        process.terminate()
        assert process.wait(60) == 0
        assert time.monotonic() - asked < STOP_SECONDS * 4, served.said()  # queries and senders may take far longer
        until(lambda: not served.service.processes())


def test_the_front_ends_with_its_parent_and_gives_the_port_back(tmp_path: Path) -> None:
    with watched(publication(tmp_path)) as served:
        process = served.service.process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not served.service.processes())
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not matter
            again.bind(("127.0.0.1", int(served.url.rpartition(":")[2])))


def test_a_front_that_is_told_to_stop_ends_with_threads_that_wait_and_is_started_again(tmp_path: Path) -> None:
    made = publication(tmp_path, settings=f"{contributing.SETTINGS}query_seconds = 4\n")
    with watched(made) as served, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(begun(served, f"GET /sparql?query={QUERY} HTTP/1.1\r\nAccept: text/html"))
        time.sleep(0.5)
        (front,) = served.service.listening(int(served.url.rpartition(":")[2]))
        os.kill(front, signal.SIGTERM)
        until(lambda: "it is started again" in served.said())
        assert "ended by itself, with status 0" in served.said()
        until(lambda: len(served.service.listening(int(served.url.rpartition(":")[2]))) == 1)


CRASHING = """
import os, sys, threading
from functools import partial
from endpoint.server import WatchedServer, supervise
from graph.model.errors import WorkEndedError
answered = threading.Event()
if sys.argv[2] == "later":
    answered.set()
try:
    make = partial(WatchedServer, "none", port=int(sys.argv[1]), interface="asgi", log_enabled=False)
    supervise(make, lambda: os._exit(3), answered)
except WorkEndedError as problem:
    sys.exit(str(problem))
"""


@pytest.mark.parametrize(("when", "starts"), [("later", MOST), ("at once", 1)])
def test_a_front_that_ends_again_and_again_is_given_up_with_words(when: str, starts: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASHING, str(free_port()), when],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.count("ended by itself, with status 3") == starts


def test_a_service_that_cannot_start_says_why_and_ends_with_a_status(tmp_path: Path) -> None:
    made = publication(tmp_path)
    command = (
        "/usr/bin/env",
        f"PYTHONPATH={ROOT}",
        sys.executable,
        "-m",
        "endpoint.server",
        str(made),
        "127.0.0.1",
        "0",
    )
    service = Service(command, tmp_path / "log", ROOT)
    service.start()
    assert service.process is not None
    assert service.process.wait(30) != 0
    assert "there is no release yet" in service.said()
    assert not service.processes()
