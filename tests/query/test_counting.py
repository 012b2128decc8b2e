"""Never miscounts: every aggregate, join and DISTINCT is rdflib's over the merge as a set, whatever the dataset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from graph.model.formats import RESULTS_JSON
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import QueryRequest
from graph.query.sparql.guard import read_query
from graph.releases.release import Release
from tests.endpoint.serving import Served, serving
from tests.query.counting import BASE, CASES, PROLOGUE, QUERIES, Case, Solutions, contents, data, expected, found, seen

SEEDS = 4
SERVED_SEEDS = 2


def publication(folder: Path, seed: int) -> Publication:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "hamkor.toml").write_text(f'base = "{BASE}"\n')
    for name, text in data(seed).items():
        (folder / name).write_text(text)
    return open_publication(folder)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_through_the_engine(tmp_path: Path, seed: int) -> None:
    release = build(publication(tmp_path, seed))
    assert len(release.manifest.sharing) > 1, "graphs are to share triples"
    engine = EmbeddedEngine(release)
    for case, query, text, solutions in _asked(release):
        read = read_query(text, base=f"{BASE}sparql")
        wanted = QueryRequest(
            read.text, read.form, RESULTS_JSON, f"{BASE}sparql", case.protocol, read.clauses, read.uses_graph_clause
        )
        answer = engine.answer(wanted).body
        assert isinstance(answer, bytes)
        assert found(msgspec.json.decode(answer)) == solutions, (case, query)


def test_through_http(tmp_path: Path) -> None:
    publication(tmp_path, 0)
    with serving(tmp_path, workers=2) as served:
        _judge(served, served.release)
        for seed in range(1, SERVED_SEEDS):
            release = build(publication(tmp_path, seed))
            _wait_for(served, release)
            _judge(served, release)


def _judge(served: Served, release: Release) -> None:
    for case, query, text, solutions in _asked(release):
        dataset = {
            "default-graph-uri": list(case.protocol.default_graphs),
            "named-graph-uri": list(case.protocol.named_graphs),
        }
        answer = served.request("POST", "/sparql", data={"query": text, **dataset})
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Hamkor-Release"] == release.id
        assert found(answer.json()) == solutions, (case, query)


def _asked(release: Release) -> Iterator[tuple[Case, str, str, Solutions]]:
    """Every query over every dataset in every way to name it, and what it has to find."""
    held = contents(release)
    for cases in CASES.values():
        dataset = seen(held, cases[0])
        for query in QUERIES:
            solutions = expected(dataset, query)
            for case in cases:
                yield case, query, PROLOGUE + query.replace("DATASET", case.clauses), solutions


def _wait_for(served: Served, release: Release) -> None:
    for _ in range(2400):
        if served.get("/sparql?query=ASK{}").headers["X-Hamkor-Release"] == release.id:
            return
        time.sleep(0.05)
    raise AssertionError("the new release is not served")


WRITTEN_OUT = {
    "alternatives in a path are a union, not a set (SPARQL 1.1 Query 18.4)": (
        "SELECT (COUNT(*) AS ?n) { ?s :knows|:likes ?o }",
        "SELECT (COUNT(*) AS ?n) { { ?s :knows ?o } UNION { ?s :likes ?o } }",
    ),
    "so they are where they lead to a blank node of this place": (
        "SELECT (COUNT(*) AS ?n) { ?s (:knows|:likes)/(:knows|:likes) _:o . ?s :knows|^:likes _:p }",
        "SELECT (COUNT(*) AS ?n) { ?s (:knows|:likes)/(:knows|:likes) ?o . ?s :knows|^:likes [] }",
    ),
    "and where the blank node stands in other patterns as well": (
        "SELECT (COUNT(*) AS ?n) { ?s :knows|:likes _:o . _:o ^:knows|^:likes ?t . FILTER EXISTS { ?t ?p _:x } }",
        "SELECT (COUNT(*) AS ?n) { ?s :knows|:likes ?o . ?o ^:knows|^:likes ?t . FILTER EXISTS { ?t ?p ?x } }",
    ),
    "a path of length zero begins at a term that stands nowhere, too (SPARQL 1.1 Query 18.4)": (
        "SELECT (COUNT(*) AS ?n) { :nowhere :knows* ?o }",
        "SELECT (1 AS ?n) {}",
    ),
}


@pytest.mark.parametrize("rule", WRITTEN_OUT)
def test_where_the_engine_itself_differs_the_query_is_written_out(tmp_path: Path, rule: str) -> None:
    engine = EmbeddedEngine(build(publication(tmp_path, 1)))
    one, two = (
        engine.answer(QueryRequest(PROLOGUE + text, "SELECT", RESULTS_JSON, BASE)).body for text in WRITTEN_OUT[rule]
    )
    assert one == two
