"""Hostile clients beside somebody who reads: slow readers, half bodies, long queries, floods, from 64 addresses.

    python -m benchmarks.hostile [--seconds 15] [--clients 64] [--runs 3] [--write]

The flagship is served beside a graph of 11 MiB. Another client asks for a page, then a lookup, four times a second;
owed to it is a 95th percentile within three times its quiet one, and no failure, while each kind of hostility goes on
for some seconds. All of it runs on this machine, so a flood takes processors away from the service, too; of several
runs the medians are told, each ratio within its run, and how loaded the machine was. Everything stays on loopback, and
ends by itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Final
from urllib.parse import quote

from benchmarks.machine import head
from benchmarks.section import RESULTS, publish, table
from benchmarks.start import answers, free_port
from graph.model.publication import open_publication
from graph.pipeline.build import build

ROOT: Final = Path(__file__).resolve().parent.parent
PARTS: Final = ("ontology", "shapes", "data", "hamkor.toml")
LARGE: Final = "".join(f'<https://e.org/{number}> <https://e.org/p> "{"x" * 100}" .\n' for number in range(80_000))
LOOKUP: Final = "SELECT ?p ?o WHERE { <https://w3id.org/hamkor/id/club/termez> ?p ?o }"
PAGES: Final = ("/doc/club/termez.html", "/", "/doc/forum/2014.html", "/search?q=termez")
LONG: Final = "SELECT * { ?s ?p ?o FILTER(" + " || ".join(f"?o = {number}" for number in range(38_000)) + " }"
SLOWER: Final = 3.0
PAUSE: Final = 0.25
FLOOD_PAUSE: Final = 0.05
"""Seconds between two requests of one client of a flood: 64 of them ask 1,280 times a second at most."""


@dataclass(frozen=True, slots=True)
class Fared:
    """How the other client fared: seconds at the 95th percentile, and how many of its requests failed."""

    page: float
    lookup: float
    failed: int
    asked: int


def percentile(times: list[float]) -> float:
    """The 95th percentile; nothing where nothing was measured."""
    return sorted(times)[int(len(times) * 0.95)] if times else float("nan")


def get(port: int, path: str, accept: str, address: str, patience: float = 30.0) -> bool:
    """Ask for something and read all of it; whether it was a 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("GET", path, headers={"Accept": accept, "X-Forwarded-For": address})
        answer = connection.getresponse()
        answer.read()
        is_whole = answer.status == 200
    except (OSError, HTTPException):
        is_whole = False
    finally:
        connection.close()
    return is_whole


def reader(port: int, seconds: float) -> Fared:
    """Be somebody who reads pages and looks things up, now and then."""
    pages, lookups, failed, asked = list[float](), list[float](), 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for times, path, accept in (
            (pages, PAGES[asked // 2 % len(PAGES)], "text/html"),
            (lookups, f"/sparql?query={quote(LOOKUP)}", "text/csv"),
        ):
            begun = time.perf_counter()
            failed += not get(port, path, accept, "203.0.113.1")
            times.append(time.perf_counter() - begun)
            asked += 1
        time.sleep(PAUSE)
    return Fared(percentile(pages), percentile(lookups), failed, asked)


def slow_reader(port: int, address: str, stop: Event) -> None:
    """Ask for a large graph on four sockets and read nothing; again when they are given up."""
    asked = (
        f"GET /graph/large HTTP/1.1\r\nHost: a\r\nAccept: text/turtle\r\nX-Forwarded-For: {address}\r\n\r\n".encode()
    )
    _holding(port, [asked] * 4, stop)


def half_body(port: int, address: str, stop: Event) -> None:
    """Send the first half of queries and documents, and nothing more."""
    sent = []
    for path, kind in (("/sparql", "application/sparql-query"), ("/validate", "text/turtle")):
        fields = f"Host: a\r\nContent-Type: {kind}\r\nContent-Length: 1000000\r\nX-Forwarded-For: {address}\r\n\r\n"
        sent.append(f"POST {path} HTTP/1.1\r\n{fields}".encode() + b"#" * 400_000)
    _holding(port, sent, stop)


def long_query(port: int, address: str, stop: Event) -> None:
    """Send malformed queries of half a megabyte, one after the other."""
    number = 0
    while not stop.is_set():
        number += 1
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            headers = {"Content-Type": "application/sparql-query", "X-Forwarded-For": address}
            connection.request("POST", "/sparql", f"{LONG}#{address} {number}", headers)
            connection.getresponse().read()
        except (OSError, HTTPException):
            time.sleep(FLOOD_PAUSE)
        finally:
            connection.close()


def flood(port: int, address: str, stop: Event) -> None:
    """Ask for pages and lookups, one after the other."""
    number = 0
    while not stop.is_set():
        path, accept = (PAGES[0], "text/html") if number % 4 == 0 else (f"/sparql?query={quote(LOOKUP)}", "text/csv")
        get(port, path, accept, address)
        number += 1
        stop.wait(FLOOD_PAUSE)


def _holding(port: int, requests: list[bytes], stop: Event) -> None:
    """Send requests and read nothing; send them again when the other side has closed."""
    while not stop.is_set():
        sockets = list[socket.socket]()
        try:
            for request in requests:
                sockets.append(socket.create_connection(("127.0.0.1", port), 10))
                sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sockets[-1].sendall(request)
            stop.wait(8)
        except OSError:
            stop.wait(0.5)
        finally:
            for each in sockets:
                each.close()


KINDS: Final[dict[str, Callable[[int, str, Event], None]]] = {
    "slow readers": slow_reader,
    "half bodies": half_body,
    "long queries": long_query,
    "a flood": flood,
}


def attack(kind: str, port: int, clients: int, seconds: float) -> None:
    """Be so many hostile clients for some seconds; runs in a process of its own, so that it shares no interpreter."""
    stop = Event()
    threads = [
        Thread(target=KINDS[kind], args=(port, f"198.51.100.{number + 1}", stop), daemon=True)
        for number in range(clients)
    ]
    for each in threads:
        each.start()
    time.sleep(seconds)
    stop.set()


@contextmanager
def attacked(kind: str, port: int, clients: int, seconds: float) -> Iterator[None]:
    """Let hostile clients do their work during the block."""
    command = [sys.executable, "-m", "benchmarks.hostile", "--attack", kind, "--port", str(port)]
    command += ["--clients", str(clients), "--seconds", str(seconds + 3)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            time.sleep(2)
            yield
        finally:
            process.kill()


@contextmanager
def served() -> Iterator[int]:
    """Serve the flagship beside a large graph; its port."""
    with tempfile.TemporaryDirectory(prefix="hamkor-hostile-") as folder:
        print("building", file=sys.stderr)
        for part in PARTS:
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, Path(folder) / part)
        (Path(folder) / "data" / "large.nt").write_text(LARGE)
        port = free_port()
        build(open_publication(Path(folder)))
        command = [sys.executable, "-m", "endpoint.server", folder, "127.0.0.1", str(port)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            try:
                while not answers(port):
                    time.sleep(0.1)
                yield port
            finally:
                process.terminate()


def measured(seconds: float, clients: int) -> list[tuple[str, Fared]]:
    """How the other client fares in quiet and under each kind of hostility."""
    with served() as port:
        for path in (*PAGES * 2, f"/sparql?query={quote(LOOKUP)}"):
            get(port, path, "text/html", "203.0.113.1")  # what is derived of a release once is derived
        found = [("in quiet", reader(port, seconds))]
        for kind in KINDS:
            with attacked(kind, port, clients, seconds):
                found.append((kind, reader(port, seconds)))
            time.sleep(3)
        return [*found, ("in quiet again", reader(port, seconds))]


def section(runs: list[list[tuple[str, Fared]]], loads: list[float], clients: int, seconds: float) -> str:
    """The section for RESULTS.md."""
    rows = [_row(number, runs) for number in range(len(runs[0]))]
    columns = (f"from {clients} addresses", "page, p95 ms", "times quiet",
               "lookup, p95 ms", "times quiet", "failed")  # fmt: skip
    command = f"`python -m benchmarks.hostile --clients {clients} --seconds {seconds:g} --runs {len(runs)}`"
    load = ", ".join(f"{each:.1f}" for each in loads)
    return f"{head()}\n\n{command}: medians. Load of the machine after each run: {load}\n\n{table(columns, rows)}"


def _row(number: int, runs: list[list[tuple[str, Fared]]]) -> tuple[str, ...]:
    found, quiet = [run[number][1] for run in runs], [run[0][1] for run in runs]
    pairs = list(zip(found, quiet, strict=True))
    return (
        runs[0][number][0],
        f"{median(each.page for each in found) * 1000:.1f}",
        f"{median(each.page / before.page for each, before in pairs):.1f}",
        f"{median(each.lookup for each in found) * 1000:.1f}",
        f"{median(each.lookup / before.lookup for each, before in pairs):.1f}",
        f"{sum(each.failed for each in found)} of {sum(each.asked for each in found)}",
    )


def main() -> None:
    """Measure and print, or be the hostile clients."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the section into RESULTS.md")
    parser.add_argument("--attack", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.attack:
        attack(wanted.attack, wanted.port, wanted.clients, wanted.seconds)
        return
    runs, loads = list[list[tuple[str, Fared]]](), list[float]()
    for number in range(wanted.runs):
        runs.append(measured(wanted.seconds, wanted.clients))
        loads.append(os.getloadavg()[0])
        print(f"run {number + 1}: {runs[-1]}", file=sys.stderr)
    publish("hostile", section(runs, loads, wanted.clients, wanted.seconds), RESULTS if wanted.write else None)


if __name__ == "__main__":
    main()
