"""The tables of benchmarks.serve: throughputs, goals, latencies by template, memory. It measures nothing."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from benchmarks import virtuoso
from benchmarks.machine import facts
from benchmarks.passes import Pass, ratio
from benchmarks.peers import RDFLIB_ENDPOINT
from benchmarks.section import table
from benchmarks.workloads import EXPLORE, LIGHT, LOOKUPS, MIX, OTHER_WORDS

#: Oxigraph over the same named graphs, whose union is its default graph: what Hamkor serves too.
UNION: Final = "oxigraph, union"
#: (workload, peer, how many times its throughput): what the service owes with its release in memory.
_GOALS: Final = {
    "evaluated": (
        (MIX.name, "oxigraph", 6),
        (MIX.name, "virtuoso", 1),
        (MIX.name, "rdflib-endpoint", 50),
        (LIGHT.name, "oxigraph", 3),
        (LOOKUPS.name, "oxigraph", 1),
        (MIX.name, UNION, 6),
        (LIGHT.name, UNION, 3),
        (LOOKUPS.name, UNION, 1),
    ),
    "default": (
        (MIX.name, "oxigraph", 15),
        (MIX.name, "virtuoso", 3),
        (LIGHT.name, "oxigraph", 0),
        (LIGHT.name, "virtuoso", 0),
        (LOOKUPS.name, "oxigraph", 0.8),
        (LOOKUPS.name, "virtuoso", 0),
        (OTHER_WORDS.name, "oxigraph", 0),
        (OTHER_WORDS.name, "virtuoso", 0),
    ),
    "repeated": tuple((f"{name}, repeated", "oxigraph", 5) for name in (MIX.name, LIGHT.name, LOOKUPS.name)),
}
#: What it owes with settings as they come, from this many triples on.
_LARGE, _GOALS_OF_LARGE = (
    5_000_000,
    {
        (MIX.name, "oxigraph"): 50,
        (MIX.name, "virtuoso"): 5,
        (LIGHT.name, "virtuoso"): 1,
    },
)
_TITLES: Final = {
    "evaluated": "Evaluated: no cache of results, the release in memory",
    "repeated": "Repeated queries: the cache of results",
    "disk": "Disk mode: `engine.memory_mb = 0`, no cache of results",
    "default": "Settings as they come, but no cache of results",
}


class Stage(msgspec.Struct, frozen=True):
    """What one stage found.

    Attributes:
        name: its name.
        triples: about how many there were.
        passes: what was asked.
        memory: of each service after that: proportional, in bytes.
        first: seconds from the start of each service to its first answer.
    """

    name: str
    triples: int
    passes: list[Pass]
    memory: dict[str, int]
    first: dict[str, float]

    def of(self, workload: str, server: str, connections: int) -> list[Pass]:
        """The passes of one cell, a round each."""
        wanted = (workload, server, connections)
        return [each for each in self.passes if (each.workload, each.server, each.connections) == wanted]

    @property
    def servers(self) -> list[str]:
        """Their names; ours first."""
        names = dict.fromkeys(each.server for each in self.passes)
        return sorted(names, key=lambda name: not name.startswith("hamkor"))

    @property
    def workloads(self) -> list[str]:
        """Their names, in the order in which they ran."""
        return [*dict.fromkeys(each.workload for each in self.passes)]

    @property
    def connections(self) -> list[int]:
        """How many clients there were, ascending."""
        return sorted({each.connections for each in self.passes})


def section(stages: Sequence[Stage]) -> str:
    """The Markdown of a run."""
    parts = [_head(stages)]
    for stage in stages:
        parts += [f"#### {_TITLES[stage.name]}", _throughput(stage), _processor(stage), *_goals(stage), *_wrong(stage)]
        if stage.name != "repeated":
            parts += [f"Milliseconds at one client, median / 95th percentile ({', '.join(_mixes(stage))}):"]
            parts += [_latencies(stage)]
    return "\n\n".join(parts)


def _head(stages: Sequence[Stage]) -> str:
    asked = [each for stage in stages for each in stage.passes]
    cost = statistics.median(each.processor / each.count for each in asked) * 1e6
    lookups = [each.processor / each.count for each in asked if each.workload.startswith(LOOKUPS.name)]
    busiest = max(asked, key=lambda each: each.processor / each.wall)
    rows = facts() | {
        "Virtuoso": virtuoso.version(),
        "rdflib-endpoint": _rdflib_version(),
        "client": f"{cost:.0f} µs of processor time a request at the median, "
        f"{statistics.median(lookups or [0]) * 1e6:.0f} µs a lookup, on the same cores; at most "
        f"{busiest.processor / busiest.wall:.0%} of a core ({busiest.server}, {busiest.workload}, "
        f"{busiest.connections} clients)",
        "memory afterwards, MB": "; ".join(
            f"{stage.name}: " + ", ".join(f"{name} {size / 2**20:,.0f}" for name, size in stage.memory.items())
            for stage in stages
        ),
        "first answer after the start, s": "; ".join(
            f"{stage.name}: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in stage.first.items())
            for stage in stages
        ),
    }
    return table(("measured with", ""), rows.items())


def _rdflib_version() -> str:
    program = RDFLIB_ENDPOINT / "bin" / "python"
    if not program.exists():
        return "none"
    code = "from importlib.metadata import version as v; print(v('rdflib-endpoint'), 'over rdflib', v('rdflib'))"
    return subprocess.run([str(program), "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def _throughput(stage: Stage) -> str:
    """Queries a second, median of the rounds; lowest and highest behind it."""

    def cell(workload: str, server: str, connections: int) -> str:
        found = [each.throughput for each in stage.of(workload, server, connections)]
        if not found:
            return ""
        value = statistics.median(found)
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        return f"{value:,.{digits}f} ({min(found):,.{digits}f}–{max(found):,.{digits}f})"

    rows = [
        [workload, connections, *(cell(workload, server, connections) for server in stage.servers)]
        for workload in stage.workloads
        for connections in stage.connections
    ]
    return table(("queries a second, median (lowest–highest)", "clients", *stage.servers), rows)


def _processor(stage: Stage) -> str:
    """Milliseconds of processor time of all a server's processes for a query: what others do meanwhile is not in it."""

    def cell(workload: str, server: str, connections: int) -> str:
        # below nothing: a process has ended and taken along what it had spent before, so it is not known
        found = [each.spent / each.count * 1000 for each in stage.of(workload, server, connections) if each.spent > 0]
        return f"{statistics.median(found):,.2f}" if found else "–"

    rows = [
        [workload, connections, *(cell(workload, server, connections) for server in stage.servers)]
        for workload in stage.workloads
        for connections in stage.connections
    ]
    return table(("processor ms a query, median", "clients", *stage.servers), rows)


def _goals(stage: Stage) -> Iterator[str]:
    ours = stage.servers[0]
    rows = []
    goals = _GOALS.get(stage.name, tuple((name, peer, 0) for peer in ("oxigraph", UNION) for name in stage.workloads))
    if stage.name == "evaluated":
        goals = (*goals, *((EXPLORE.name, peer, 0) for peer in ("oxigraph", UNION, "virtuoso")))
    for workload, peer, of_small in goals:
        is_large = stage.name == "default" and stage.triples >= _LARGE
        least = _GOALS_OF_LARGE.get((workload, peer), of_small) if is_large else of_small
        ratios = [
            ratio(stage.of(workload, ours, n), theirs)
            for n in stage.connections
            if (theirs := stage.of(workload, peer, n))
        ]
        if not ratios:
            continue
        verdict = "" if not least else "met" if min(ratios) >= least else "**missed**"
        rows.append(
            [workload, peer, " / ".join(f"{value:.2f}" for value in ratios), f"≥ {least}" if least else "", verdict]
        )
    if rows:
        clients = " / ".join(str(n) for n in stage.connections)
        yield table(("ours as a multiple of", "the peer", f"at {clients} clients", "goal", ""), rows)


def _wrong(stage: Stage) -> Iterator[str]:
    """What the peers answered differently or not at all; of ours there is nothing, or there were no figures."""
    for server in stage.servers:
        for kind in ("failures", "differences"):
            names = sorted({name for each in stage.passes if each.server == server for name in getattr(each, kind)})
            if names:
                yield f"{server}, {kind}: {', '.join(names)}."


def _mixes(stage: Stage) -> list[str]:
    return [name for name in (MIX.name, OTHER_WORDS.name, EXPLORE.name) if name in stage.workloads]


def _latencies(stage: Stage) -> str:
    least = stage.connections[0]
    rows = []
    for workload in _mixes(stage):
        by_server = {server: stage.of(workload, server, least) for server in stage.servers}
        templates = sorted({name for found in by_server.values() for each in found for name in each.latencies})
        rows += [[name, *(_spread(found, name) for found in by_server.values())] for name in templates]
    return table(("template", *stage.servers), rows)


def _spread(found: Sequence[Pass], template: str) -> str:
    seconds = sorted(value for each in found for value in each.latencies.get(template, ()))
    if not seconds:
        return ""
    high = seconds[min(len(seconds) - 1, round(0.95 * len(seconds)))]
    return f"{statistics.median(seconds) * 1000:,.1f} / {high * 1000:,.1f}"
