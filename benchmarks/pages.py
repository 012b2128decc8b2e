"""How long pages take: those of the flagship, and of a thing to which 10,000 others point.

    python -m benchmarks.pages [--rounds 3] [--write]

Goals: p95 below 50 ms on the flagship, below 150 ms for the crowded thing. One client asks the real server for one page
after the other, each round in another order; pages are made anew for each request, nothing between is allowed to keep
them. It measures no throughput and no browser.
"""

from __future__ import annotations

import argparse
import http.client
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from benchmarks.machine import head
from benchmarks.section import RESULTS, WORK, publish, table
from benchmarks.start import end, free_port

FLAGSHIP: Final = Path(__file__).resolve().parent.parent
ACCEPT: Final = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
OWN: Final = (
    "/", "/?ui=ru", "/dataset", "/downloads", "/graphs", "/queries", "/search?q=Termiz", "/sparql", "/ns", "/releases",
    "/privacy", "/validate", "/problems",
)  # fmt: skip
CROWD: Final = 10_000
HUB: Final = "https://crowd.example/id/place/hub"
CROWDED: Final = (
    "/doc/place/hub",
    "/doc/place/hub?ui=ru",
    f"/doc/place/hub?incoming={quote('https://crowd.example/ns#in', safe='')}",
    f"/doc/place/hub?incoming={quote('https://crowd.example/ns#near', safe='')}&page=30",
)
GOALS: Final = {"flagship": 50, "crowd": 150}
PATIENCE_SECONDS: Final = 120


@dataclass(frozen=True)
class Timed:
    """How long the pages of a publication took, in milliseconds, and which took longest."""

    name: str
    pages: int
    times: tuple[float, ...]
    slowest: str

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.times, n=20)[-1]


def crowd(folder: Path) -> Path:
    """Write a publication in which 10,000 things, named in three languages, point to one, by three properties."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "hamkor.toml").write_text('base = "https://crowd.example/"\n', encoding="utf-8")
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    lines = [f'<{HUB}> {label} "Hub"@en .', f'<{HUB}> {label} "Узел"@ru .']
    for n in range(CROWD):
        thing, property_ = f"<https://crowd.example/id/club/{n}>", ("in", "near", "for")[n % 10 // 5 + (n % 10 == 0)]
        lines.append(f"{thing} <https://crowd.example/ns#{property_}> <{HUB}> .")
        lines += (
            f'{thing} {label} "{word} {n}"@{tag} .' for tag, word in (("en", "Club"), ("ru", "Клуб"), ("uz", "Klub"))
        )
        lines.append(f"{thing} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://crowd.example/ns#Club> .")
    (folder / "data" / "crowd.nt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@contextmanager
def served(publication: Path) -> Iterator[int]:
    """Serve a publication until the block ends; yields the port."""
    port, program = free_port(), Path(sys.executable).with_name("hamkor")
    command = [str(program), "serve", "--publication", str(publication), "--port", str(port)]
    with (WORK / "pages.log").open("wb") as log:
        service = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            until = time.monotonic() + PATIENCE_SECONDS
            while not is_ready(port):
                if service.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"no answer from hamkor serve: {(WORK / 'pages.log').read_text()[-2000:]}")
                time.sleep(0.05)
            yield port
        finally:
            end(service)


def is_ready(port: int) -> bool:
    """Whether a service is ready."""
    try:
        return get(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/ready")[0] == 200
    except OSError:
        return False


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    """Return status and body of a page."""
    connection.request("GET", path, headers=ACCEPT)
    response = connection.getresponse()
    return response.status, response.read()


def listed(port: int) -> list[str]:
    """Return the paths of all things in the sitemaps."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    maps = re.findall(r"<loc>([^<]*)</loc>", get(connection, "/sitemap.xml")[1].decode())
    found = [re.findall(r"<loc>([^<]*)</loc>", get(connection, urlsplit(each).path)[1].decode()) for each in maps]
    return [urlsplit(each).path for part in found for each in part]


def timed(name: str, port: int, paths: list[str], rounds: int) -> Timed:
    """Ask for each page once a round, after a first round that counts for nothing."""
    connection, times = http.client.HTTPConnection("127.0.0.1", port, timeout=30), list[tuple[float, str]]()
    for each in range(rounds + 1):
        random.Random(each).shuffle(paths)
        for path in paths:
            started = time.perf_counter()
            status, _ = get(connection, path)
            taken = (time.perf_counter() - started) * 1000
            if status not in (200, 303):
                raise SystemExit(f"{path} answers {status}")
            if each:
                times.append((taken, path))
    return Timed(name, len(set(paths)), tuple(taken for taken, _ in times), max(times)[1])


def section(results: list[tuple[Timed, int]]) -> str:
    """The Markdown of the results."""
    rows = [
        (
            each.name,
            f"{each.pages:,}",
            f"{statistics.median(each.times):.1f}",
            f"{each.p95:.1f}",
            f"{max(each.times):.1f}",
            f"`{each.slowest}`",
            f"< {goal}",
            "met" if each.p95 < goal else "**missed**",
        )
        for each, goal in results
    ]
    return table(("pages of", "pages", "median ms", "p95 ms", "slowest ms", "which", "goal (p95)", ""), rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is asked for (default 3)")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    results = []
    with served(FLAGSHIP) as port:
        paths = list(dict.fromkeys([*OWN, *listed(port)]))
        results.append((timed("the flagship", port, paths, options.rounds), GOALS["flagship"]))
    with served(crowd(WORK / "crowd")) as port:
        found = timed(f"a thing with {CROWD:,} incoming links", port, list(CROWDED), 25 * options.rounds)
        results.append((found, GOALS["crowd"]))
    publish("pages", f"{head()}\n\n{section(results)}", RESULTS if options.write else None)


if __name__ == "__main__":
    main()
