"""The twelve runaways against a service that others use meanwhile: one by one, three at a time, from three clients.

    python -m benchmarks.runaway [--triples 1000000] [--deadline 2] [--write]

Each query is owed an honest error (or a whole answer) within the deadline and one second; another client's lookups
keep a 95th percentile within three times its quiet value; afterwards the memory of the whole service is back where it
was. The same one by one against the Oxigraph server with ``--timeout-s``, for the record, in an address space of
16 GiB so that the machine outlives it; it is started anew when it has died or goes on computing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Final, TypeVar

from benchmarks import client
from benchmarks.knowledge import Registry
from benchmarks.machine import head
from benchmarks.measure import CommandFailedError
from benchmarks.peers import NO_CACHE, Oxigraph, hamkor
from benchmarks.runaways import runaways
from benchmarks.section import RESULTS, publish, table
from benchmarks.servers import Data, Server, running
from benchmarks.stopped import Ending, send
from benchmarks.workloads import LIGHT, LOOKUPS, request

#: Seconds of grace after the deadline; how many times its quiet value the lookups' percentile may be; how many times
#: its memory before a service may take afterwards.
_GRACE: Final = 1.0
_SLOWER: Final = 3.0
_LARGER: Final = 1.1
_QUIET_SECONDS: Final = 6.0
#: What the lookups' client needs to be at work.
_START_SECONDS: Final = 0.3
_OXIGRAPH_GB: Final = 16
_OTHER: Final = "10.0.0"
Given = TypeVar("Given")
#: Phase → how many at a time, and from how many clients.
PHASES: Final = {
    "one by one": (1, 1),
    "three at a time, one client": (3, 1),
    "three at a time, three clients": (3, 3),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: after which a service is to stop a query, and after which a query without an end is given up."""

    deadline: float
    patience: float


@dataclass(frozen=True, slots=True)
class Visit:
    """How another client fared: 95th percentiles in seconds, and what failed.

    Attributes:
        lookups: of the lookups, for which there is a goal.
        light: of the light templates, which every service has to evaluate: for the record.
        failed_lookups: how many failed, of how many.
        failed_light: the same.
    """

    lookups: float
    light: float
    failed_lookups: tuple[int, int]
    failed_light: tuple[int, int]


@dataclass(frozen=True, slots=True)
class State:
    """What a service takes at rest: bytes of memory (proportional), processes, descriptors of its front."""

    memory: int
    processes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase on one server: before, meanwhile, afterwards."""

    server: str
    name: str
    endings: list[Ending]
    quiet: Visit
    meanwhile: Visit
    before: State
    after: State
    restarts: int = 0


class Visitor:
    """Another client, who asks lookups without a pause, and after every ten of them a query of a light template."""

    def __init__(self, server: Server, registry: Registry) -> None:
        """Prepare requests over the registry for a server."""
        lookups, light = LOOKUPS.make(registry, 2000, 77), LIGHT.make(registry, 25, 77)
        queries = [query for n, one in enumerate(light) for query in (*lookups[n * 10 : n * 10 + 10], one)]
        self._is_lookup = [n % 11 < 10 for n in range(len(queries))]
        requests = [request(server.path, query) for query in queries]
        self._job = client.Job(port=server.port, requests=requests, network=_OTHER, endless=True, patience=30.0)

    def during(self, work: Callable[[], Given]) -> tuple[Visit, Given]:
        """Ask while ``work()`` runs; how that went, and what the work gave."""
        outcome = client.start(self._job)
        time.sleep(_START_SECONDS)
        given = work()
        return self._visit(outcome().samples), given

    def quiet(self) -> Visit:
        """Ask while nobody else does."""
        return self.during(partial(time.sleep, _QUIET_SECONDS))[0]

    def _visit(self, samples: Sequence[client.Sample]) -> Visit:
        lookups = [_taken(sample) for sample in samples if self._is_lookup[sample.request]]
        light = [_taken(sample) for sample in samples if not self._is_lookup[sample.request]]
        return Visit(_high(lookups), _high(light), (lookups.count(inf), len(lookups)), (light.count(inf), len(light)))


def _taken(sample: client.Sample) -> float:
    """Seconds; a request that failed has taken for ever, however fast it failed."""
    return sample.seconds if sample.status == 200 else inf


def _high(seconds: Sequence[float]) -> float:
    """The 95th percentile; infinite where nothing ended."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else inf


def state(server: Server) -> State:
    """What the service takes once it has come to rest."""
    service = server.service
    if service is None or not service.runs:
        return State(0, 0, 0)
    service.settle(patience=60)
    front = service.listening(server.port)
    descriptors = sum(len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in front)
    return State(service.memory(), len(service.processes()), descriptors)


def phase(server: Server, registry: Registry, name: str, limits: Limits) -> Phase:
    """Send the twelve, so many at a time, while another client looks things up."""
    at_a_time, clients = PHASES[name]
    visitor = Visitor(server, registry)
    quiet, before = visitor.quiet(), state(server)

    def attack() -> list[Ending]:
        with ThreadPoolExecutor(at_a_time) as pool:
            addresses = [f"10.0.9.{number % clients + 1}" for number in range(len(runaways()))]
            sent = [
                pool.submit(send, server, query, address, limits.patience)
                for query, address in zip(runaways(), addresses, strict=True)
            ]
            return [each.result() for each in sent]

    meanwhile, endings = visitor.during(attack)
    return Phase(server.name, name, endings, quiet, meanwhile, before, state(server))


def record(server: Server, registry: Registry, limits: Limits) -> Phase:
    """One by one, the server started anew whenever it has died or no longer answers."""
    visitor = Visitor(server, registry)
    quiet, before = visitor.quiet(), state(server)
    restarts = 0
    endings, worst = list[Ending](), quiet

    for query in runaways():
        visit, ending = visitor.during(partial(send, server, query, "10.0.9.1", limits.patience))
        if not _recovers(server):
            ending = Ending(ending.name, ending.kind, f"{ending.said}; {_fate(server)}", ending.seconds)
            server.end()
            server.start()
            restarts += 1
        endings.append(ending)
        worst = max(worst, visit, key=lambda each: (each.failed_lookups[0], each.lookups))
        print(f"  {server.name}: {ending}", file=sys.stderr)
    return Phase(server.name, "one by one", endings, quiet, worst, before, state(server), restarts)


def _recovers(server: Server, seconds: float = 3.0) -> bool:
    """Whether within so many seconds the service has come to rest: alive, and no longer busy with the query."""
    time.sleep(seconds)
    if server.service is None or not server.service.runs:
        return False
    try:
        server.service.settle(patience=seconds)
    except TimeoutError:
        return False
    return True


def _fate(server: Server) -> str:
    return "went on computing" if server.service is not None and server.service.runs else "the server died"


def section(phases: Sequence[Phase], deadline: float) -> str:
    """The Markdown of the result."""
    rows = []
    for number, ending in enumerate(phases[0].endings):
        cells = [phase.endings[number] for phase in phases]
        rows.append([ending.name, *(_cell(each, deadline) for each in cells)])
    titles = [f"{phase.server}, {phase.name}" for phase in phases]
    summary = [row for phase in phases for row in _verdicts(phase, deadline)]
    return "\n\n".join(
        [
            f"Deadline {deadline:g} s. What came back, and after how many seconds; in bold what is not honest or late. "
            f"Oxigraph has an address space of {_OXIGRAPH_GB} GiB and ends when that is used up.",
            table(("query", *titles), rows),
            "Another client meanwhile (95th percentiles, quiet → meanwhile), and the service before → afterwards:",
            table(("", "", "value", "goal", ""), summary),
        ]
    )


def _cell(ending: Ending, deadline: float) -> str:
    text = f"{ending.said or ending.kind}, {ending.seconds:.1f}"
    return text if ending.honest and ending.seconds <= deadline + _GRACE else f"**{ending.kind}: {text}**"


def _verdicts(phase: Phase, deadline: float) -> Iterator[tuple[str, ...]]:
    """Rows of (phase, what, value, goal, verdict)."""
    where = f"{phase.server}, {phase.name}"
    good = sum(each.honest and each.seconds <= deadline + _GRACE for each in phase.endings)
    total = len(phase.endings)
    yield where, "honest within the deadline + 1 s", f"{good} of {total}", f"{total}", _met(good == total)
    quiet, meanwhile = phase.quiet, phase.meanwhile
    slower = meanwhile.lookups / quiet.lookups
    yield where, "lookups", _slowed(quiet.lookups, meanwhile.lookups), f"≤ {_SLOWER:g} times", _met(slower <= _SLOWER)
    yield where, "light queries", _slowed(quiet.light, meanwhile.light), "", ""
    failed, asked = meanwhile.failed_lookups
    yield where, "lookups that failed", f"{failed} of {asked}", "0", _met(failed == 0)
    yield where, "light queries that failed", "{} of {}".format(*meanwhile.failed_light), "", ""
    before, after = phase.before, phase.after
    value = f"{before.memory / 2**20:,.0f} → {after.memory / 2**20:,.0f} MB"
    yield where, "memory", value, f"≤ {_LARGER:g} times", _met(0 < after.memory <= before.memory * _LARGER)
    value = f"{before.processes} → {after.processes}"
    yield where, "processes", value, "no more", _met(0 < after.processes <= before.processes)
    value = f"{before.descriptors} → {after.descriptors}"
    yield where, "descriptors of the front", value, "no more", _met(0 < after.descriptors <= before.descriptors)
    if phase.restarts:
        yield where, "restarts", str(phase.restarts), "0", _met(fulfilled=False)


def _slowed(quiet: float, meanwhile: float) -> str:
    return f"{quiet * 1000:.1f} → {meanwhile * 1000:.1f} ms, {meanwhile / quiet:.1f} times"


def _met(fulfilled: bool) -> str:
    return "met" if fulfilled else "**missed**"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runaway", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=1_000_000, help="the size of the registry (default 1,000,000)")
    parser.add_argument("--deadline", type=int, default=2, help="seconds that a query may take (default 2)")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds after the deadline to wait (default 20)")
    parser.add_argument("--phases", nargs="+", default=[*PHASES], choices=[*PHASES], help="some of the three")
    parser.add_argument("--only", choices=("hamkor", "oxigraph"), help="one of the two servers")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    data, deadline = Data(options.triples), float(options.deadline)
    limits = Limits(deadline, deadline + options.patience)
    registry = Registry.of(data.triples, 1)
    ours = hamkor(data, "hamkor runaway", NO_CACHE, {"limits.query_seconds": deadline})
    phases = list[Phase]()
    theirs = Oxigraph(data, "oxigraph", timeout=options.deadline, memory_gb=_OXIGRAPH_GB)
    try:
        with running([ours] if options.only != "oxigraph" else []) as servers:
            for server in servers:
                time.sleep(deadline + 2)  # until what held the release while it was loaded has ended
                phases += [phase(server, registry, name, limits) for name in options.phases]
        with running([theirs] if options.only != "hamkor" else []) as servers:
            phases += [record(server, registry, limits) for server in servers]
    except CommandFailedError as problem:
        raise SystemExit(f"no figures: {problem}") from problem
    publish("runaway", f"{head()}\n\n{section(phases, deadline)}", RESULTS if options.write else None)


if __name__ == "__main__":
    main()
