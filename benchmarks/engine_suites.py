"""The W3C's evaluation suites through an engine of others: which tests are answered otherwise, and by whom.

    HAMKOR_ENGINE_USER=dba HAMKOR_ENGINE_PASSWORD=dba python -m benchmarks.engine_suites \
        http://127.0.0.1:8890/sparql http://127.0.0.1:8890/sparql-auth

writes each test's data into graphs of the engine, asks as a worker does, and compares with what the test expects. A
test that the embedded engine fails, too, is not counted against the engine. ``--bare`` leaves out what probes found:
so one sees what the engine answers by itself.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec
import pyoxigraph as ox

from graph.model.errors import HamkorError, QuerySyntaxError
from graph.model.settings import EngineDataset
from graph.query.embedded import evaluate, written
from graph.query.external.capabilities import probed
from graph.query.external.dataset_loading import DatasetWriter
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import MERGE, RemoteDataset, RemoteEngine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "query"))
import sparql_suites as suites

MOST_BYTES = 1 << 26


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine_suites", description=__doc__.splitlines()[0])
    parser.add_argument("url", help="where queries are asked")
    parser.add_argument("update_url", help="where updates are sent")
    parser.add_argument("--bare", action="store_true", help="ask everything, whatever the probes say")
    parser.add_argument("--only", default="", help="a part of the names of the tests")
    options = parser.parse_args()
    writer = DatasetWriter(EngineDataset(options.url, options.update_url), EngineClient("benchmark"))
    capabilities = probed(writer)
    dataset = RemoteDataset(options.url, "", "", capabilities.product, capabilities.counts_once)
    if not options.bare:
        dataset = msgspec.structs.replace(dataset, unreliable=capabilities.unreliable)
    outcomes = Counter[str]()
    for name, case in suites.cases().items():
        if case.kind != "evaluation" or options.only not in name:
            continue
        outcome = _outcome(case, writer, dataset)
        outcomes[outcome.partition(":")[0]] += 1
        if outcome.startswith(("differs", "error", "data not")):
            print(f"{name:60} {outcome}", flush=True)
    print(capabilities.product, dict(outcomes))


def _outcome(case: suites.Case, writer: DatasetWriter, dataset: RemoteDataset) -> str:
    wanted = suites.expected(case)
    try:
        query = suites.read(case)
        found = suites.world(case, query)
        request = suites.request(case, query, found)
        own = suites.read_answer(written(evaluate(found.store, request, found.sharing), request.format), request.format)
    except QuerySyntaxError:
        return "embedded fails"
    graphs = [each.value for each in found.store.named_graphs()]
    try:
        _load(writer, found.store, graphs)
    except HamkorError as problem:
        return f"data not taken: {problem}"
    client = writer.client
    client.has_connected = False
    engine = RemoteEngine(dataset, graphs, found.sharing, client, Path("/tmp"), MOST_BYTES, 20.0)  # noqa: S108
    output = io.BytesIO()
    try:
        if not engine.answered(request, output):
            return "embedded answers"
    except HamkorError as problem:
        return f"error: {str(problem)[:160]}"
    if suites.agree(suites.read_answer(output.getvalue(), request.format), wanted, lax=case.lax):
        return "as expected"
    return "differs" if suites.agree(own, wanted, lax=case.lax) else "both differ"


def _load(writer: DatasetWriter, store: ox.Store, graphs: list[str]) -> None:
    writer.replace(MERGE, lambda: [_lines(store, ox.DefaultGraph())])
    for graph in graphs:
        writer.replace(graph, partial(_documents, store, graph))


def _documents(store: ox.Store, graph: str) -> list[bytes]:
    return [_lines(store, ox.NamedNode(graph))]


def _lines(store: ox.Store, graph: ox.NamedNode | ox.DefaultGraph) -> bytes:
    quads = store.quads_for_pattern(None, None, None, graph)
    return b"".join(f"{quad.triple} .\n".encode() for quad in quads)


if __name__ == "__main__":
    main()
