"""Large answers: a SELECT of 1 M rows as TSV and JSON, a CONSTRUCT of 1 M triples, to the last byte.

    python -m benchmarks.large [--triples 1000000] [--rounds 5] [--write]

Against the Oxigraph server, in turn, over the same triples. Goals: no slower than Oxigraph, and a front (the process
that listens) that does not grow with the answer. Each answer is first fetched once, read as what it claims to be, and
its rows are counted; what is then timed is a client that only counts bytes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from benchmarks.client import get
from benchmarks.machine import head
from benchmarks.measure import CommandFailedError
from benchmarks.peers import NO_CACHE, Oxigraph, hamkor
from benchmarks.processes import forget_peak, peak
from benchmarks.section import RESULTS, publish, table
from benchmarks.servers import Data, Server, running

#: So much may the front grow, in MB, whatever the answer's size.
GROWTH_MB: Final = 64
_PIECE: Final = 1 << 20
_ROOMY: Final = {"limits.query_seconds": 900.0, "limits.result_mb": 16_384}


@dataclass(frozen=True, slots=True)
class Export:
    """One large answer: its name, media type, query, and how many rows or triples a body has."""

    name: str
    accept: str
    query: str
    count: Callable[[bytes], int]

    def request(self, server: Server) -> bytes:
        """The GET request, after which the server is to close the connection."""
        return get(f"{server.path}?query={quote(self.query, safe='')}", self.accept, "Connection: close") + b"\r\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One fetch: seconds to the first and to the last byte, bytes on the wire, and by how much the front grew."""

    first: float
    last: float
    size: int
    growth: int


def exports(rows: int) -> tuple[Export, ...]:
    """The three, of so many rows."""
    select = f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {rows}"
    construct = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }} LIMIT {rows}"
    return (
        Export("SELECT, TSV", "text/tab-separated-values", select, _rows_of_tsv),
        Export(
            "SELECT, JSON",
            "application/sparql-results+json",
            select,
            lambda body: len(json.loads(body)["results"]["bindings"]),
        ),
        Export(
            "CONSTRUCT, N-Triples",
            "application/n-triples",
            construct,
            lambda body: sum(1 for _ in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)),
        ),
    )


def _rows_of_tsv(body: bytes) -> int:
    lines = body.split(b"\n")
    if lines.pop():
        raise ValueError("the last line has no end")
    if any(line.count(b"\t") != 2 for line in lines):
        raise ValueError("a line has not three fields")
    return len(lines) - 1


def check(server: Server, export: Export, rows: int) -> None:
    """Fetch once and count. Raises CommandFailedError unless there are just so many rows in a whole answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=900)
    try:
        connection.request("GET", server.query_path(export.query), headers={"Accept": export.accept})
        response = connection.getresponse()
        body = response.read()
        found = export.count(body) if response.status == http.client.OK else f"{response.status} {body[:500]!r}"
    except (OSError, http.client.HTTPException, ValueError, SyntaxError) as problem:
        found = repr(problem)
    finally:
        connection.close()
    if found != rows:
        raise CommandFailedError(f"{server.name}, {export.name}: {found} instead of {rows:,} rows")


def fronts(server: Server) -> list[int]:
    """The processes that listen, their peaks forgotten. Raises CommandFailedError if there is none."""
    found = server.service.listening(server.port) if server.service else []
    if not found:
        raise CommandFailedError(f"{server.name}: nobody listens on {server.port}")
    for pid in found:
        forget_peak(pid)
    return found


def fetch(server: Server, export: Export, before: int) -> Run:
    """Fetch once and only count bytes; ``before`` is what the front took before it was asked anything large."""
    listening = fronts(server)
    buffer, size, first, last = bytearray(_PIECE), 0, 0.0, 0.0
    request = export.request(server)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", server.port), timeout=900) as connection:
        connection.sendall(request)
        while got := connection.recv_into(buffer):
            last = time.perf_counter() - began
            first = first or last
            size += got
    return Run(first, last, size, sum(peak(pid) for pid in listening) - before)


def measure(servers: Sequence[Server], rows: int, rounds: int) -> dict[tuple[str, str], list[Run]]:
    """(export, server) → its runs, in turn."""
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    before = {server.name: sum(peak(pid) for pid in fronts(server)) for server in servers}
    for export in exports(rows):
        for server in servers:
            check(server, export, rows)
        for turn in range(rounds):
            for server in servers if turn % 2 == 0 else reversed(servers):
                runs[export.name, server.name].append(fetch(server, export, before[server.name]))
    return runs


def section(runs: dict[tuple[str, str], list[Run]], rows: int) -> str:
    """The Markdown of the result."""
    lines, verdicts = [], []
    for (export, server), each in runs.items():
        last = [run.last for run in each]
        lines.append(
            [
                export,
                server,
                f"{statistics.median(last):.2f}",
                f"{min(last):.2f}–{max(last):.2f}",
                f"{statistics.median(run.first for run in each):.3f}",
                f"{statistics.median(run.size for run in each) / 2**20:,.0f}",
                f"{max(run.growth for run in each) / 2**20:,.0f}",
            ]
        )
        theirs = runs.get((export, "oxigraph"))
        if server != "oxigraph" and theirs:
            ratio = statistics.median(ours.last / other.last for ours, other in zip(each, theirs, strict=True))
            growth = max(run.growth for run in each) / 2**20
            verdicts.append([export, server, "time / Oxigraph's", f"{ratio:.2f}", "≤ 1", _met(ratio <= 1)])
            verdicts.append(
                [
                    export,
                    server,
                    "growth of the front, MB",
                    f"{growth:.0f}",
                    f"≤ {GROWTH_MB}",
                    _met(growth <= GROWTH_MB),
                ]
            )
    columns = (f"{rows:,} rows", "server", "last byte, median s", "range", "first byte s", "MB", "front grew by MB")
    return f"{table(columns, lines)}\n\n{table(('answer', 'server', '', 'value', 'goal', ''), verdicts)}"


def _met(fulfilled: bool) -> str:
    return "met" if fulfilled else "**missed**"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=1_000_000, help="how many rows (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="how many fetches of each (default 5)")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    data = Data(options.triples)
    try:
        with running([hamkor(data, "hamkor large", NO_CACHE, _ROOMY), Oxigraph(data, "oxigraph")]) as servers:
            runs = measure(servers, options.triples, options.rounds)
    except CommandFailedError as problem:
        raise SystemExit(f"no figures: {problem}") from problem
    publish("large", f"{head()}\n\n{section(runs, options.triples)}", RESULTS if options.write else None)


if __name__ == "__main__":
    main()
