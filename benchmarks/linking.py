"""Search and reconciliation over 100,000 organisations: how right, how fast, how long the index takes.

    python -m benchmarks.linking [--clubs 88900] [--names 300] [--write]

Goals: of distorted names the right organisation first in 95 %, of names that nobody has at most 1 % matched; 500 names
a second over HTTP in batches of 50; suggestions below 20 ms at the 95th percentile; 20,000 entities a second into the
index, from the members of the release on.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from benchmarks.machine import head
from benchmarks.noise import DISTORTIONS
from benchmarks.organisations import CLUBS, foreign, lines, named
from benchmarks.section import RESULTS, WORK, publish, table
from benchmarks.start import answers, end, free_port
from graph.model.publication import open_publication
from graph.parts.linking.index_builder import make_index
from graph.pipeline.build import build
from graph.releases.release import Release

BATCH: Final = 50
RIGHT_GOAL, MATCH_GOAL, NAMES_GOAL, SUGGEST_GOAL, INDEX_GOAL = 0.95, 0.01, 500, 0.020, 20_000
TYPED: Final = (1, 2, 3, 4, 6, 9, 14, 20)
"""After so many letters suggestions are asked for."""
ROUNDS: Final = 3


def published(clubs: int) -> Release:
    """A release of the organisations, made once and kept among the scratch files."""
    folder = WORK / f"linking-{clubs}"
    data = folder / "data"
    if not data.exists():
        data.mkdir(parents=True)
        (folder / "hamkor.toml").touch()
        for graph, statements in lines(clubs):
            with (data / f"{graph.rpartition('/')[2]}.nq").open("w", encoding="utf-8") as file:
                file.writelines(statements)
    return build(open_publication(folder))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a service over a publication, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "endpoint.server", str(folder), "127.0.0.1", str(port), "1"]
    with (WORK / "linking.log").open("wb") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        while not answers(port):
            if service.poll() is not None:
                raise SystemExit("the service ended: see linking.log among the scratch files")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(service)


def index_rate(release: Release) -> tuple[int, float]:
    """How many things the index has, and the processor's seconds of the fastest of three makings from the members."""
    members, seconds, count = {each.iri: release.folder / each.file for each in release.manifest.graphs}, [], 0
    for _ in range(ROUNDS):
        folder = Path(tempfile.mkdtemp(dir=WORK))
        started = time.process_time()  # one thread and files in the system's cache: others do not count
        count = make_index(folder, release.manifest.base, members)
        seconds.append(time.process_time() - started)
        shutil.rmtree(folder)
    return count, min(seconds)


def reconciled(client: httpx.Client, texts: list[str]) -> tuple[list[tuple[str, bool]], float]:
    """Best candidate and match of each name, and the seconds that all batches took."""
    found, started = list[tuple[str, bool]](), time.perf_counter()
    for first in range(0, len(texts), BATCH):
        queries = {f"q{n}": {"query": text, "limit": 3} for n, text in enumerate(texts[first : first + BATCH])}
        answer = client.post("/reconcile", data={"queries": json.dumps(queries)}).raise_for_status().json()
        for key in queries:
            best = answer[key]["result"][:1]
            found.append((best[0]["id"], best[0]["match"]) if best else ("", False))
    return found, time.perf_counter() - started


def suggested(client: httpx.Client, clubs: int) -> list[float]:
    """Seconds of each suggestion while names are typed, in order."""
    seconds = []
    for each in named(clubs, 40, 9):
        for letters in TYPED:
            started = time.perf_counter()
            client.get("/suggest", params={"q": each.name[:letters]}).raise_for_status()
            seconds.append(time.perf_counter() - started)
    return sorted(seconds)


def quality(client: httpx.Client, clubs: int, count: int) -> tuple[str, float]:
    """The table of how right, and names a second."""
    chance, asked = random.Random(5), defaultdict[str, list[tuple[str, str]]](list)
    for each in named(clubs, count, 7):
        for what, distort in DISTORTIONS.items():
            if text := distort(each.name, chance):
                asked[what].append((each.slug, text))
    rows, total, right_of_all, seconds = [], 0, 0, 0.0
    for what, pairs in asked.items():
        found, took = reconciled(client, [text for _, text in pairs])
        right = sum(best == slug for (best, _), (slug, _) in zip(found, pairs, strict=True))
        matched = sum(match for _, match in found)
        rows.append((what, len(pairs), f"{right / len(pairs):.1%}", f"{matched / len(pairs):.1%}", ""))
        total, right_of_all, seconds = total + len(pairs), right_of_all + right, seconds + took
    rows.append(
        ("**all**", total, f"{right_of_all / total:.1%}", "", _goal(right_of_all / total >= RIGHT_GOAL, "≥ 95 %"))
    )
    strangers = list(foreign(clubs, 4 * count))
    found, took = reconciled(client, strangers)
    matched = sum(match for _, match in found) / len(found)
    rows.append(("**nobody’s**", len(strangers), "", f"{matched:.1%}", _goal(matched <= MATCH_GOAL, "≤ 1 % matched")))
    text = table(("names", "how many", "right one first", "matched", "goal"), rows)
    return text, (total + len(strangers)) / (seconds + took)


def _goal(met: bool, goal: str) -> str:
    return f"{goal}: {'met' if met else '**missed**'}"


def section(clubs: int, count: int) -> str:
    """The Markdown of the result."""
    release = published(clubs)
    things, seconds = index_rate(release)
    with serving(WORK / f"linking-{clubs}") as address, httpx.Client(base_url=address, timeout=60) as client:
        reconciled(client, [each.name for each in named(clubs, BATCH, 3)])
        right, rate = quality(client, clubs, count)
        waits = suggested(client, clubs)
    p95 = waits[int(len(waits) * 0.95)]
    speed = table(("what", "measured", "goal"), [
        ("names a second over HTTP, batches of 50", f"{rate:,.0f}", _goal(rate >= NAMES_GOAL, "≥ 500")),
        ("suggestions over HTTP, median ms", f"{statistics.median(waits) * 1000:.1f}", ""),
        ("suggestions over HTTP, 95th percentile ms", f"{p95 * 1000:.1f}", _goal(p95 < SUGGEST_GOAL, "< 20")),
        (f"entities into the index a second of processor time ({things:,} of them)", f"{things / seconds:,.0f}",
         _goal(things / seconds >= INDEX_GOAL, "≥ 20,000")),
    ])  # fmt: skip
    return f"{head()}\n\n{right}\n\n{speed}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking", description=__doc__.splitlines()[0])
    parser.add_argument("--clubs", type=int, default=CLUBS, help=f"clubs; an eighth as many bodies (default {CLUBS})")
    parser.add_argument("--names", type=int, default=300, help="names, each distorted in every way (default 300)")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    publish("linking", section(options.clubs, options.names), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
