"""Publishes under reading clients: no request fails, and every answer is of exactly one release, which it names.

    python -m benchmarks.turnover [--publishes 50] [--readers 8] [--things 2000] [--write]

Each release gives every thing in two graphs the same number, its own. Readers ask for these numbers in every way in
which the service answers (SPARQL by programs and by people, small and large, whole graphs, documents, conditional
requests); an answer with two numbers, or with another than that of the release that it names, is a mixture. Goal: none
of those, no failed request, and a new release is seen within a second.
"""

from __future__ import annotations

import argparse
import http.client
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from benchmarks.machine import head
from benchmarks.section import RESULTS, WORK, publish, table
from benchmarks.start import answers, end, free_port
from graph.model.publication import Publication, open_publication
from graph.pipeline.write import Put
from graph.pipeline.write import publish as publish_release
from graph.sources.batches import Chunk

GOAL_SECONDS: Final = 1.0
BASE: Final = "https://turnover.example/"
NUMBER: Final = re.compile(rb"turn-(\d+)")
SETTLED_SECONDS: Final = 1.5
ALL: Final = f"SELECT ?s ?v {{ ?s <{BASE}turn> ?v }}"
ONE: Final = f"SELECT ?v {{ <{BASE}id/thing/7> <{BASE}turn> ?v }}"
JOINED: Final = f"SELECT ?v ?w {{ ?s <{BASE}turn> ?v ; <{BASE}again> ?w }} LIMIT 50"
REQUESTS: Final = (
    (f"/sparql?query={quote(ONE)}", "application/sparql-results+json"),
    (f"/sparql?query={quote(JOINED)}", "text/csv"),
    (f"/sparql?query={quote(ALL)}", "application/sparql-results+json"),
    (f"/sparql?query={quote(JOINED)}", "text/html"),
    ("/doc/thing/7", "application/n-triples"),
    ("/doc/thing/8", "text/html"),
    ("/graph/turn", "application/n-triples"),
    ("/graph/again", "text/turtle"),
)


@dataclass
class Outcome:
    """What the readers saw.

    Attributes:
        requests: how many there were, by status.
        failures: what went wrong, a sentence each; empty where all is well.
        lags: seconds from the end of a publish until an answer of its release arrived, one a publish.
        publish_seconds: how long each publish took.
    """

    requests: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    publish_seconds: list[float] = field(default_factory=list)


@dataclass
class Seen:
    """One answer: when it had arrived, what it says it is, and the numbers in it."""

    at: float
    status: int
    path: str
    release: str
    tag: str
    numbers: frozenset[int]


def chunks(number: int, things: int) -> tuple[Put, Put]:
    """Return the writes that give every thing this number, in both graphs."""
    puts = []
    for name in ("turn", "again"):
        lines = (f'<{BASE}id/thing/{each}> <{BASE}{name}> "turn-{number}" .\n' for each in range(things))
        iri = f"{BASE}graph/{name}"
        puts.append(Put(iri, (Chunk(iri, "".join(lines).encode()),)))
    return puts[0], puts[1]


def publication_in(folder: Path, things: int) -> Publication:
    """Return a new publication in ``folder``, with its first release."""
    folder.mkdir(parents=True)
    (folder / "hamkor.toml").write_text(f'base = "{BASE}"\n', encoding="utf-8")
    publication = open_publication(folder)
    publish_release(publication, chunks(0, things))
    return publication


class Reader(threading.Thread):
    """Asks one thing after the other, with a pause between them, until it is told to stop."""

    def __init__(self, port: int, first: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.seen: list[Seen] = []
        self.problems: list[str] = []
        self.stopped = threading.Event()
        self._port, self._next, self._pause = port, first, pause
        self._tags: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        """Ask."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self.stopped.wait(self._pause):
            path, accept = REQUESTS[self._next % len(REQUESTS)]
            self._next += 1
            try:
                self.seen.append(self._asked(connection, path, accept))
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"{path[:40]}: {type(error).__name__} {error}")
                connection.close()
        connection.close()

    def _asked(self, connection: http.client.HTTPConnection, path: str, accept: str) -> Seen:
        headers = {"Accept": accept}
        if self._next % 3 == 0 and (known := self._tags.get((path, accept))):
            headers["If-None-Match"] = known
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        tag, release = response.getheader("ETag", ""), response.getheader("X-Hamkor-Release", "")
        self._tags[path, accept] = tag
        numbers = frozenset(int(each) for each in NUMBER.findall(body))
        return Seen(time.monotonic(), response.status, f"{path[:60]} {accept}", release, tag, numbers)


def turned_over(
    publication: Publication, port: int, *, publishes: int, readers: int, things: int, pause: float = 0.0
) -> Outcome:
    """Publish again and again while readers read from the service at a port; return what they saw."""
    outcome = Outcome()
    number_of = {_current(publication): 0}
    published: list[tuple[float, str]] = []
    clients = [Reader(port, place, pause) for place in range(readers)]
    for each in clients:
        each.start()
    for number in range(1, publishes + 1):
        began = time.monotonic()
        release = publish_release(publication, chunks(number, things)).release
        published.append((time.monotonic(), release.id))
        outcome.publish_seconds.append(time.monotonic() - began)
        number_of[release.id] = number
        time.sleep(0.2)
    time.sleep(SETTLED_SECONDS)
    for each in clients:
        each.stopped.set()
    for each in clients:
        each.join(60)
        outcome.failures += each.problems
    _judge(outcome, [seen for each in clients for seen in each.seen], number_of, published)
    return outcome


def _current(publication: Publication) -> str:
    return (publication.releases_folder / "current").resolve().name


def _judge(outcome: Outcome, seen: list[Seen], number_of: dict[str, int], published: list[tuple[float, str]]) -> None:
    tags: dict[tuple[str, str], frozenset[int]] = {}
    for each in seen:
        outcome.requests[each.status] += 1
        expected = number_of.get(each.release)
        if each.status not in (200, 304):
            outcome.failures.append(f"{each.path}: status {each.status}")
        elif expected is None:
            outcome.failures.append(f"{each.path}: names the release {each.release!r}, which never was current")
        elif each.status == 200 and each.numbers != {expected}:
            outcome.failures.append(f"{each.path}: {sorted(each.numbers)} in release {expected}")
        elif each.status == 200 and tags.setdefault((each.path, each.tag), each.numbers) != each.numbers:
            outcome.failures.append(f"{each.path}: one entity tag, two contents")
    for at, release in published:
        later = [each.at for each in seen if number_of.get(each.release, -1) >= number_of[release] and each.at >= at]
        outcome.lags.append(min(later, default=float("inf")) - at)


def section(outcome: Outcome, publishes: int, readers: int, things: int) -> str:
    """The Markdown of the result."""
    lags = sorted(outcome.lags)
    failed, slowest = len(outcome.failures), lags[-1]
    rows = [
        ("failed requests, or answers that are not of one release", failed, "0", "met" if not failed else "**missed**"),
        ("a new release is seen after, slowest s", f"{slowest:.2f}", f"≤ {GOAL_SECONDS:g}",
         "met" if slowest <= GOAL_SECONDS else "**missed**"),
    ]  # fmt: skip
    facts = [
        ("publishes", publishes), ("readers", readers), ("triples that change in each", 4 * things),
        ("requests answered with 200", outcome.requests[200]), ("with 304", outcome.requests[304]),
        ("a publish takes, median s", f"{sorted(outcome.publish_seconds)[len(outcome.publish_seconds) // 2]:.2f}"),
        ("a new release is seen after, median s", f"{lags[len(lags) // 2]:.2f}"),
    ]  # fmt: skip
    return f"{table(('', ''), facts)}\n\n{table(('', 'measured', 'goal', ''), rows)}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turnover", description=__doc__.splitlines()[0])
    parser.add_argument("--publishes", type=int, default=50)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--things", type=int, default=2000, help="a release has two triples of each (default 2000)")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    folder, port = WORK / "turnover", free_port()
    shutil.rmtree(folder, ignore_errors=True)
    publication = publication_in(folder, options.things)
    command = [sys.executable, "-m", "endpoint.server", str(folder), "127.0.0.1", str(port), "2"]
    with (WORK / "turnover.log").open("wb") as log:
        service = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while not answers(port):
            time.sleep(0.1)
        outcome = turned_over(
            publication, port, publishes=options.publishes, readers=options.readers, things=options.things
        )
    finally:
        end(service)
    for each in outcome.failures[:20]:
        print(each)
    text = section(outcome, options.publishes, options.readers, options.things)
    publish("turnover", f"{head()}\n\n{text}", RESULTS if options.write else None)
    sys.exit(bool(outcome.failures))


if __name__ == "__main__":
    main()
