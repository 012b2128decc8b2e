"""What a publication of a size takes, for the table in docs/deployment.md: build, disk, start, memory, a publish.

    python -m benchmarks.sizing [--triples 10000 --triples 100000] [--write]

The registry without ontology and shapes. Seconds are of the clock, and of processor time, since the clock tells of
others' load, too; memory is what all processes take together (a shared page counts once): at most while it is built,
and after a lookup, a count over all triples and a page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Final

import httpx

from benchmarks.build import Places, generate
from benchmarks.machine import head
from benchmarks.processes import Service
from benchmarks.publish import changed, size_of
from benchmarks.section import RESULTS, WORK, publish, table
from benchmarks.start import free_port
from graph.model.publication import open_publication
from graph.releases.release import current_release

SIZES: Final = (10_000, 100_000)
PUBLISHES: Final = 5
ASKED: Final = (
    "/sparql?query=SELECT(COUNT(*)AS%20?n){?s?p?o}",
    "/sparql?query=SELECT*{?s%20a%20?c}LIMIT%2010",
    "/dataset",
)
COLUMNS: Final = (
    "triples",
    "build, s (processor)",
    "memory of a build, MB",
    "disk of a release, MB",
    "first answer after a start, s (processor)",
    "memory of the service, MB",
    "a publish of 100 triples, s (processor)",
)
LOOK_SECONDS: Final = 0.02


def hamkor(*arguments: str, log: Path) -> Service:
    """A command, not started yet."""
    return Service((sys.executable, "-c", "from endpoint.cli import main; main()", *arguments), log)


def built(root: Path) -> tuple[float, float, int]:
    """Build; return the seconds by the clock, those of processor time, and the most memory in bytes."""
    before, begun = os.times(), time.perf_counter()
    service = hamkor("build", "--quiet", "--publication", str(root), log=root / "log")
    service.start()
    process, largest = service.process, 0
    while process is not None and process.poll() is None:
        largest = max(largest, service.memory())
        time.sleep(LOOK_SECONDS)
    if process is None or process.returncode:
        raise SystemExit(service.said())
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, processor, largest


def served(root: Path) -> tuple[float, float, int]:
    """Start the service; return the seconds until it answers, those of processor time, and its memory when asked."""
    port = free_port()
    service = hamkor("serve", "--no-build", "--port", str(port), "--publication", str(root), log=root / "log")
    begun = time.perf_counter()
    service.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            while not _answers(client):
                if not service.runs:
                    raise SystemExit(service.said())
                time.sleep(LOOK_SECONDS)
            seconds, processor = time.perf_counter() - begun, service.seconds()
            for path in ASKED:
                client.get(path).raise_for_status()
            service.settle()
            return seconds, processor, service.memory()
    finally:
        service.end()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/sparql?query=ASK{}").status_code == 200
    except httpx.TransportError:
        return False


def row(triples: int) -> tuple[object, ...]:
    """The figures of one size."""
    root = WORK / f"sizing-{triples}"
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    data = generate(Places(triples))
    (root / "data" / data.name).symlink_to(data)
    clock, processor, build_memory = built(root)
    own = open_publication(root)
    disk = size_of(current_release(own).folder)
    start, start_processor, memory = served(root)
    begun = time.process_time()
    publishes = [changed(own, turn).seconds for turn in range(PUBLISHES)]
    processor_each = (time.process_time() - begun) / PUBLISHES
    shutil.rmtree(root)
    return (
        f"{triples:,}",
        f"{clock:.1f} ({processor:.1f})",
        round(build_memory / 1e6),
        f"{disk / 1e6:.1f}",
        f"{start:.1f} ({start_processor:.1f})",
        round(memory / 1e6),
        f"{statistics.median(publishes):.2f} ({processor_each:.2f})",
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, action="append", help="a size; can be repeated")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    rows = [row(triples) for triples in options.triples or SIZES]
    publish("sizing", "\n\n".join([head(), table(COLUMNS, rows)]), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
