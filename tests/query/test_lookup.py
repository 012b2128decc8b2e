"""Lookups: what counts as one, what does not, and that it answers what the engine answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.formats import N_TRIPLES, RESULTS_JSON, RESULTS_TSV
from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import Dataset, QueryRequest
from graph.query.short_cuts import MANY, MUCH, LookupStore, looked_up
from graph.query.sparql.guard import ReadQuery, read_query
from graph.releases.release import Release

A = "https://e.org/a"
LOOKUPS = [
    f"SELECT ?p ?o WHERE {{ <{A}> ?p ?o }}",
    f"SELECT * {{ <{A}> ?p ?o . }} LIMIT 50",
    f"SELECT DISTINCT ?o {{ <{A}> <https://e.org/p> ?o }}",
    f"PREFIX e: <https://e.org/> SELECT ?o WHERE {{ <{A}> e:p ?o }}",
    f"SELECT ?type {{ <{A}> a ?type }}",
    f"ASK {{ <{A}> <https://e.org/p> <https://e.org/b> }}",
    f"DESCRIBE <{A}>",
    f"# a comment\nSELECT ?p\n?o\nWHERE\n{{\n<{A}>\n?p ?o\n}}",
]
OTHERS = {
    "no subject": "SELECT * { ?s ?p ?o }",
    "a subject in a prefix": "PREFIX e: <https://e.org/> SELECT * { e:a ?p ?o }",
    "two patterns": f"SELECT * {{ <{A}> ?p ?o . ?o ?q ?r }}",
    "a path": f"SELECT ?o {{ <{A}> <https://e.org/p>/<https://e.org/p> ?o }}",
    "a path without end": f"SELECT ?o {{ <{A}> <https://e.org/p>* ?o }}",
    "a filter": f"SELECT ?o {{ <{A}> ?p ?o FILTER(?o > 1) }}",
    "an optional part": f"SELECT ?o {{ <{A}> ?p ?o OPTIONAL {{ ?o ?q ?r }} }}",
    "an aggregate": f"SELECT (COUNT(*) AS ?n) {{ <{A}> ?p ?o }}",
    "an order": f"SELECT ?o {{ <{A}> ?p ?o }} ORDER BY ?o",
    "a graph": f"SELECT ?g {{ GRAPH ?g {{ <{A}> ?p ?o }} }}",
    "a dataset clause": f"SELECT ?o FROM <https://e.org/g> {{ <{A}> ?p ?o }}",
    "an object list": f"SELECT ?o {{ <{A}> ?p ?o, ?q }}",
    "a describe with a pattern": f"DESCRIBE ?o {{ <{A}> ?p ?o }}",
    "a relative subject": "SELECT * { <a> ?p ?o }",
    "a construct": f"CONSTRUCT {{ <{A}> ?p ?o }} WHERE {{ <{A}> ?p ?o }}",
    "values after it": f"SELECT * {{ <{A}> ?p ?o }} VALUES ?p {{ <{A}> }}",
}


def request_of(query: ReadQuery, dataset: Dataset | None = None) -> QueryRequest:
    forms = {"SELECT": RESULTS_TSV, "ASK": RESULTS_JSON}
    form = forms.get(query.form, N_TRIPLES)
    return QueryRequest(query.text, query.form, form, "https://e.org/sparql", dataset or Dataset(), query.clauses)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder: Path = tmp_path_factory.mktemp("lookup")
    (folder / "data").mkdir()
    shared = f"<{A}> <https://e.org/p> <https://e.org/b> ; a <https://e.org/C> ."
    hub = "".join(f"<https://e.org/hub> <https://e.org/p> {number} .\n" for number in range(MANY + 1))
    (folder / "data" / "one.ttl").write_text(shared + hub)
    long = f"<https://e.org/long> <https://e.org/p> '{'x' * (MUCH + 1)}', 'y' ."
    (folder / "data" / "two.ttl").write_text(shared + long + f"<{A}> <https://e.org/q> 05 .")
    return build(open_publication(folder))


@pytest.fixture(scope="module")
def store(release: Release) -> LookupStore:
    return LookupStore(release)


@pytest.mark.parametrize("text", LOOKUPS)
def test_a_lookup_names_its_subject_and_answers_as_the_engine_does(
    text: str, release: Release, store: LookupStore
) -> None:
    query = read_query(text)
    request = request_of(query)
    subject = looked_up(query, request)
    assert subject == A
    answer = store.answer(subject, request)
    expected = EmbeddedEngine(release).answer(request).body
    assert answer is not None
    assert isinstance(answer.body, bytes)
    assert isinstance(expected, bytes)
    assert sorted(answer.body.splitlines()) == sorted(expected.splitlines())


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_everything_else_goes_to_a_worker(text: str) -> None:
    query = read_query(text, base="https://e.org/")
    assert looked_up(query, request_of(query)) is None


def test_a_protocol_dataset_goes_to_a_worker() -> None:
    query = read_query(LOOKUPS[0])
    assert looked_up(query, request_of(query, Dataset(default_graphs=("https://e.org/g",)))) is None


def test_a_triple_in_two_graphs_is_one_solution(store: LookupStore) -> None:
    query = read_query(LOOKUPS[0])
    request = QueryRequest(query.text, query.form, RESULTS_TSV, "https://e.org/sparql")
    answer = store.answer(A, request)
    assert answer is not None
    assert isinstance(answer.body, bytes)
    assert len(answer.body.splitlines()) == 1 + 3


@pytest.mark.parametrize("subject", ["https://e.org/hub", "https://e.org/long"])
def test_a_subject_of_which_much_is_said_is_not_looked_up_here(store: LookupStore, subject: str) -> None:
    query = read_query(f"SELECT * {{ <{subject}> ?p ?o }}")
    for _ in range(2):
        assert store.answer(subject, request_of(query)) is None


def test_of_a_subject_that_is_not_there_nothing_is_found(store: LookupStore) -> None:
    answer = store.answer("https://e.org/none", request_of(read_query("ASK { <https://e.org/none> ?p ?o }")))
    assert answer is not None
    assert b"false" in answer.body  # type: ignore[operator]
