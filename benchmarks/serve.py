"""Queries over HTTP: Hamkor against the Oxigraph server, Virtuoso and rdflib-endpoint, over the same triples.

    python -m benchmarks.serve [--triples 1000000] [--rounds 3] [--write]

Four stages: evaluated (no cache of results), repeated (with the cache), disk (no release in memory), and default (no
cache, all other settings as they come), which only runs where it is asked for. In each, every server is asked the same
fixed lists by 1, 4 and 16 clients in a closed loop, in turn, and each list is drawn anew for each pass, so that nobody
has seen a query before except where repetition is the subject. Answers are compared before a time counts: where
Hamkor's differ from Oxigraph's, or any of its requests fails, there are no figures.

``--stages default --clients 1 4 --rounds 1`` takes, once releases and databases are made, some three minutes at 1 M and
some eight at 10 M on an idle machine with two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import passes
from benchmarks.knowledge import Registry
from benchmarks.measure import CommandFailedError
from benchmarks.passes import Pass
from benchmarks.peers import (
    DISK,
    NO_CACHE,
    Oxigraph,
    OxigraphUnion,
    RdflibEndpoint,
    Virtuoso,
    hamkor,
    hamkor_by_default,
)
from benchmarks.queries import TEMPLATES
from benchmarks.section import RESULTS, WORK, publish
from benchmarks.serve_tables import Stage, section
from benchmarks.servers import Data, Server, running
from benchmarks.workloads import DEFAULT, EVALUATED, LOOKUPS, MIX, REPEATED, Workload

_CONNECTIONS: Final = (1, 4, 16)
_WARM_SEED: Final = 9_999
_WARM_LOOKUPS: Final = 200
#: Limits that no query of these lists meets on any size: what is measured is how long a whole answer takes.
PATIENT: Final = {"limits.query_seconds": 900.0, "limits.queue_seconds": 900.0}
#: rdflib-endpoint answers one query at a time, slowly: it is asked one round of the mix a pass, in the first turn.
_RDFLIB_QUERIES: Final = len(TEMPLATES)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does."""

    data: Data
    registry: Registry
    turns: int
    scale: float
    connections: Sequence[int]


class WorthlessError(Exception):
    """Answers were wrong or missing: there are no figures."""


def stages(data: Data, wanted: Sequence[str]) -> Iterator[tuple[str, list[Server], Sequence[Workload]]]:
    """Name, servers and workloads of each stage; the first server is the reference for answers."""
    oxigraph, virtuoso = Oxigraph(data, "oxigraph"), Virtuoso(data, "virtuoso")
    union = OxigraphUnion(data, "oxigraph, union")
    known: dict[str, tuple[list[Server], Sequence[Workload]]] = {
        "evaluated": (
            [
                oxigraph,
                hamkor(data, "hamkor", NO_CACHE, PATIENT),
                union,
                virtuoso,
                RdflibEndpoint(data, "rdflib-endpoint"),
            ],
            EVALUATED,
        ),
        "repeated": ([oxigraph, hamkor(data, "hamkor with its cache", PATIENT), virtuoso], REPEATED),
        "disk": ([oxigraph, hamkor(data, "hamkor on disk", DISK, NO_CACHE, PATIENT), union], EVALUATED),
        "default": ([oxigraph, hamkor_by_default(data, "hamkor by default", NO_CACHE, PATIENT), virtuoso], DEFAULT),
    }
    return ((name, *known[name]) for name in known if name in wanted)


def run_stage(plan: Plan, name: str, wanted: Sequence[Server], workloads: Sequence[Workload]) -> Stage:
    """Start the servers, ask them everything, and end them. Raises WorthlessError."""
    print(f"{name}: starting {', '.join(server.name for server in wanted)}", file=sys.stderr)
    with running(wanted) as servers:
        _warm(plan, servers, workloads)
        found = [
            each
            for turn in range(plan.turns)
            for connections in plan.connections
            for workload in workloads
            for each in _pass(plan, servers, workload, connections, turn)
        ]
        memory = {server.name: server.service.memory() for server in servers if server.service}
        first = {server.name: server.first_answer for server in servers}
    return Stage(name, plan.data.triples, found, memory, first)


def _warm(plan: Plan, servers: Sequence[Server], workloads: Sequence[Workload]) -> None:
    """One round of everything, on several connections, so that all processes have run every kind of query."""
    registry = plan.registry
    queries = [query for workload in workloads for query in workload.first(registry)]
    if not queries:
        queries = [query for w in workloads if w is not LOOKUPS for query in w.make(registry, 1, _WARM_SEED)]
        queries += LOOKUPS.make(registry, _WARM_LOOKUPS, _WARM_SEED)
    for server in servers:
        most = len(queries) if not isinstance(server, RdflibEndpoint) else _RDFLIB_QUERIES
        passes.run([(server, most)], queries, "warm", 4, -1, server.name)


def _pass(plan: Plan, servers: Sequence[Server], workload: Workload, connections: int, turn: int) -> list[Pass]:
    seed = 1000 * turn + connections + 1
    queries = workload.queries(plan.registry, plan.data.triples, seed, plan.scale)
    part = [(server, _share(server, workload, turn, len(queries))) for server in servers]
    part = [(server, most) for server, most in part if most]
    first = turn % len(part)  # who begins has no advantage in the long run
    found = passes.run(
        part[first:] + part[:first], queries, workload.name, connections, turn, reference=servers[0].name
    )
    for each in found:
        _judge(each)
    said = "  ".join(f"{each.server} {each.throughput:.1f}/s" for each in found)
    print(f"  {workload.name}, {connections} clients, round {turn + 1}: {said}", file=sys.stderr)
    return found


def _share(server: Server, workload: Workload, turn: int, count: int) -> int:
    """How many of the queries a server is asked."""
    if not isinstance(server, RdflibEndpoint):
        return count
    return min(count, _RDFLIB_QUERIES) if workload.name == MIX.name and turn == 0 else 0


def _judge(found: Pass) -> None:
    """Print what was wrong; raise WorthlessError where that was Hamkor or the reference."""
    for kind, wrong in (("failed", found.failures), ("differs", found.differences)):
        for template, said in wrong.items():
            print(f"  {found.server}, {template} {kind}: {said}", file=sys.stderr)
    if (found.failures or found.differences) and found.server.startswith(("hamkor", "oxigraph")):
        raise WorthlessError(f"{found.server}: wrong or missing answers to {[*found.failures, *found.differences]}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=1_000_000, help="100000, 1000000 (default) or 10000000")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds (default 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="longer or shorter lists (default 1.0)")
    parser.add_argument("--clients", type=int, nargs="+", default=_CONNECTIONS, help="how many (default 1 4 16)")
    parser.add_argument("--stages", nargs="+", default=["evaluated", "repeated", "disk"], help="some of the four")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    data = Data(options.triples)
    plan = Plan(data, Registry.of(data.triples, 1), options.rounds, options.scale, options.clients)
    WORK.mkdir(exist_ok=True)
    try:
        done = [run_stage(plan, *stage) for stage in stages(data, options.stages)]
    except (WorthlessError, CommandFailedError) as problem:
        raise SystemExit(f"no figures: {problem}") from problem
    name = f"serve-default-{data.triples}" if options.stages == ["default"] else f"serve-{data.triples}"
    _keep(WORK / f"{name}.json", done)
    publish(name, section(done), RESULTS if options.write else None)


def _keep(path: Path, done: Sequence[Stage]) -> None:
    path.write_bytes(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
