"""One list of queries asked of several servers, one server after the other, and their answers compared.

A pass gives figures only where every answer came back whole; where answers differ, it says in what. Which of that
makes a run worthless is for the caller to decide.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.answers import Answer, UnreadableError, difference, solutions, triples
from benchmarks.client import Job, Outcome, Sample, ask
from benchmarks.queries import Query
from benchmarks.servers import Server
from benchmarks.workloads import is_description, is_graph, request

_OK = 200


class Pass(msgspec.Struct, frozen=True):
    """One server's part in one pass: figures, and what was wrong with its answers.

    Attributes:
        server: its name.
        workload: which list.
        connections: how many clients at a time.
        turn: which of the alternating rounds.
        wall: seconds for the whole list.
        processor: the client's processor seconds meanwhile.
        spent: the processor seconds of all the server's processes meanwhile, to some hundredths.
        latencies: template → seconds of each request.
        failures: template → what was wrong, for requests without a whole 200.
        differences: template → in what an answer differs from the reference's.
    """

    server: str
    workload: str
    connections: int
    turn: int
    wall: float
    processor: float
    spent: float
    latencies: dict[str, list[float]]
    failures: dict[str, str]
    differences: dict[str, str]

    @property
    def count(self) -> int:
        """How many requests."""
        return sum(len(each) for each in self.latencies.values())

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return self.count / self.wall


def run(
    servers: Sequence[tuple[Server, int]],
    queries: Sequence[Query],
    workload: str,
    connections: int,
    turn: int,
    reference: str,
) -> list[Pass]:
    """Ask each server the first so many of the queries, one server after the other.

    Answers are compared with those of the server called ``reference``, which is among them.
    """
    asked = [(server, *_asked(server, queries[:most], connections)) for server, most in servers]
    answers = {server.name: _answers(queries, outcome.samples) for server, outcome, _ in asked}
    return [
        Pass(
            server.name,
            workload,
            connections,
            turn,
            outcome.wall,
            outcome.processor,
            spent,
            _latencies(queries, outcome),
            _failures(queries, outcome),
            _differences(queries, answers[reference], answers[server.name]),
        )
        for server, outcome, spent in asked
    ]


def _asked(server: Server, queries: Sequence[Query], connections: int) -> tuple[Outcome, float]:
    """What came of asking a server, and what processor time it took for that."""
    requests = [request(server.path, query) for query in queries]
    before = _spent(server)
    outcome = ask(Job(port=server.port, requests=requests, connections=connections, keep=True, patience=1800.0))
    return outcome, _spent(server) - before


def _spent(server: Server) -> float:
    return server.service.seconds() if server.service is not None else 0.0


def _latencies(queries: Sequence[Query], outcome: Outcome) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for sample in outcome.samples:
        seconds[queries[sample.request].name].append(sample.seconds)
    return dict(seconds)


def _failures(queries: Sequence[Query], outcome: Outcome) -> dict[str, str]:
    return {
        queries[sample.request].name: f"{sample.status} {sample.body[:300].decode(errors='replace')}"
        for sample in outcome.samples
        if sample.status != _OK
    }


def _answers(queries: Sequence[Query], samples: Iterable[Sample]) -> dict[int, Answer | str]:
    """Place in the list → the answer, or why it cannot be read; descriptions and failed requests are left out."""
    found: dict[int, Answer | str] = {}
    for sample in samples:
        query = queries[sample.request]
        if sample.status != _OK or is_description(query):
            continue
        try:
            found[sample.request] = triples(sample.body) if is_graph(query) else solutions(sample.body)
        except UnreadableError as problem:
            found[sample.request] = str(problem)
    return found


def _differences(
    queries: Sequence[Query], reference: dict[int, Answer | str], own: dict[int, Answer | str]
) -> dict[str, str]:
    differences = {}
    for place, answer in own.items():
        expected = reference.get(place)
        if isinstance(answer, str):
            differences[queries[place].name] = answer
        elif not isinstance(expected, str) and expected is not None and (said := difference(expected, answer)):
            differences[queries[place].name] = f"{said}\n    of {queries[place].text}"
    return differences


def ratio(ours: Iterable[Pass], theirs: Iterable[Pass]) -> float:
    """How many times the throughput of theirs ours is: the median over the rounds in which both took part."""
    others = {each.turn: each.throughput for each in theirs}
    return statistics.median(each.throughput / others[each.turn] for each in ours if each.turn in others)
