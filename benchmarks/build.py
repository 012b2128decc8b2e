"""Building a release of N-Quads against loading the same file with ``oxigraph load``, in turn, time and memory.

    python -m benchmarks.build [--large] [--pairs 3] [--write]

Goals: at most 1.5 times the time and 1.5 times the memory. Both read the same file from a warm cache of the system
and begin with nothing; what both stored is compared before a figure counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.knowledge import Registry
from benchmarks.machine import head
from benchmarks.measure import Command, CommandFailedError, Measurement, comparison, in_turn, ratios
from benchmarks.quads import BASE, GRAPHS
from benchmarks.registry import write
from benchmarks.section import RESULTS, WORK, publish, table

GOAL: Final = 1.5
_SIZES: Final = {False: (1_000_000,), True: (1_000_000, 10_000_000)}
_COUNT: Final = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
#: Counted by a process of its own, so that this one stays small: a child's peak begins with its parent's size.
_COUNTER: Final = f"""
import json, sys
from pyoxigraph import Store
rows = Store.read_only(sys.argv[1]).query({_COUNT!r})
print(json.dumps({{row["g"].value: int(row["n"].value) for row in rows}}))
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of one size stand, all below benchmarks/scratch."""

    triples: int

    @property
    def publication(self) -> Path:
        """The folder that ``hamkor build`` is pointed at: data and nothing else."""
        return WORK / f"registry-{self.triples}"

    @property
    def data(self) -> Path:
        """The registry as N-Quads."""
        return self.publication / "data" / "registry.nq"

    @property
    def releases(self) -> Path:
        """What ``hamkor build`` makes."""
        return self.publication / ".hamkor"

    @property
    def store(self) -> Path:
        """What ``oxigraph load`` makes."""
        return WORK / f"oxigraph-{self.triples}"


def generate(places: Places) -> Path:
    """Write the registry (seed 1) if it is not there yet, and read it once so that it is in the system's cache."""
    if not places.data.exists():
        places.data.parent.mkdir(parents=True, exist_ok=True)
        unfinished = places.data.with_suffix(".part")
        with unfinished.open("wb") as file:
            write(Registry.of(places.triples), file)
        unfinished.rename(places.data)
    with places.data.open("rb") as file:
        while file.read(1 << 22):
            pass
    return places.data


def commands(places: Places) -> list[Command]:
    """``hamkor build`` and ``oxigraph load``, of this environment; each begins with an empty folder."""

    def fresh(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        os.sync()  # what the run before still has to write is not this one's time

    programs = Path(sys.executable).parent
    build = (str(programs / "hamkor"), "build", "--publication", str(places.publication))
    load = (str(programs / "oxigraph"), "load", "--location", str(places.store), "--file", str(places.data))
    return [
        Command("hamkor build", build, lambda: fresh(places.releases)),
        Command("oxigraph load", load, lambda: fresh(places.store)),
    ]


def stored(store: Path) -> dict[str, int]:
    """Named graph of the registry → how many quads of it a store on disk holds."""
    done = subprocess.run([sys.executable, "-c", _COUNTER, str(store)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"{store.name} could not be counted\n{done.stderr[-2000:]}")
    counts: dict[str, int] = json.loads(done.stdout)
    return {graph: counts.get(graph, 0) for graph in (f"{BASE}graph/{name}" for name in GRAPHS)}


def section(places: Places, runs: dict[str, list[Measurement]]) -> str:
    """The Markdown of one size."""
    size = places.data.stat().st_size / 2**20
    lines = [f"### {places.triples:,} triples ({size:,.0f} MB of N-Quads)", "", comparison(runs)]
    if len(runs) == 2:
        wall, _, _, largest, total = ratios(*(Measurement.median(of) for of in runs.values()))
        rows = [
            (what, f"{value:.2f}", f"≤ {GOAL}", "met" if value <= GOAL else "**missed**")
            for what, value in (("time", wall), ("memory, largest process", largest), ("memory, all processes", total))
        ]
        lines += ["", table(("hamkor / oxigraph", "ratio", "goal", ""), rows)]
    return "\n".join(lines)


def run(triples: int, pairs: int) -> str:
    """Measure one size; without ``hamkor`` in the environment only the other side."""
    places = Places(triples)
    expected = generate(places)
    both = [command for command in commands(places) if Path(command.arguments[0]).exists()]
    if len(both) < 2:
        print(f"only {[c.name for c in both]}: the other is not installed in this environment", file=sys.stderr)
    print(f"measuring {triples:,} triples from {expected.name}, {pairs} rounds", file=sys.stderr)
    runs = in_turn(both, pairs, log=WORK / "build.log")
    stores = {"hamkor build": places.releases / "releases" / "current" / "store", "oxigraph load": places.store}
    counts = {name: stored(stores[name]) for name in runs}
    if any(sum(of.values()) != triples for of in counts.values()) or len({str(of) for of in counts.values()}) > 1:
        raise CommandFailedError(f"the stores do not hold the same {triples:,} quads: {counts}")
    text = section(places, runs)
    for folder in (places.releases, places.store):
        shutil.rmtree(folder, ignore_errors=True)
    return text


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="10 M triples too: some 15 minutes and 10 GB of disk")
    parser.add_argument("--pairs", type=int, default=3, help="how many rounds (default 3)")
    parser.add_argument("--triples", type=int, action="append", help="another size; can be repeated")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    try:
        parts = [run(triples, options.pairs) for triples in options.triples or _SIZES[options.large]]
    except CommandFailedError as error:
        raise SystemExit(str(error)) from error
    publish("build", "\n\n".join([head(), *parts]), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
