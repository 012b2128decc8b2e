"""The index as a worker uses it: what it writes, when it is asked, and what stays the engine's."""

from __future__ import annotations

import math
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import duckdb
import pyoxigraph as ox
import pytest
from test_index_answers import DATA, PROLOGUE, merged_store

from benchmarks.small_index import TABLES, fill
from graph.model.formats import RESULTS_JSON, RESULTS_TSV, TURTLE, Format
from graph.query.embedded import evaluate, written
from graph.query.engine import QueryForm, QueryRequest
from graph.query.sql import index_engine
from graph.query.sql.index_engine import CONSTANTS, SMALL_TRIPLES, IndexLimits, LearntTimes, SqlEngine, Times, prepare
from graph.query.sql.index_lookup import IndexReader
from graph.releases.triple_index import INDEX_FILE

MANY = "".join(f":many {{ :m{n} :of :whole ; :size {n % 7} . }}\n" for n in range(600))
MANY += ":many { :many :from :whole }\n"
COUNTING = "SELECT ?n (COUNT(*) AS ?k) { ?s :of ?w ; :size ?n } GROUP BY ?n ORDER BY ?n"
MANY_TRIPLES = 1_000_000
LIGHT = "SELECT ?r { :a :in ?r }"


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return merged_store(DATA + MANY)


@pytest.fixture(scope="module")
def folder(store: ox.Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    connection = duckdb.connect(str(folder / INDEX_FILE))
    connection.execute(TABLES)
    fill(connection, store).close()
    return folder


@pytest.fixture
def index(folder: Path, tmp_path: Path) -> SqlEngine:
    prepare(tmp_path / "times.npy")
    return SqlEngine(folder, LearntTimes(tmp_path / "times.npy"), IndexLimits(256, 1, 20.0), MANY_TRIPLES)


def request(text: str, form: QueryForm = "SELECT", into: Format = RESULTS_TSV) -> QueryRequest:
    return QueryRequest(PROLOGUE + text, form, into, "http://x/", uses_graphs=False)


def answer(index: SqlEngine, asked: QueryRequest) -> bytes | None:
    output = BytesIO()
    return output.getvalue() if index.answered(asked, output) else None


def times_of(index: SqlEngine, query: str) -> Times:
    return index.times.of(f"{CONSTANTS.sub('', PROLOGUE + query)} False")


HEAVY: dict[str, tuple[QueryForm, Format, str]] = {
    "groups": ("SELECT", RESULTS_TSV, COUNTING),
    "a head without rows": ("SELECT", RESULTS_JSON, "SELECT ?s ?n { ?s :size ?n FILTER(?n > 100) } ORDER BY ?s"),
    "a test": ("ASK", RESULTS_JSON, "ASK { ?s :size ?n . ?x :size ?n FILTER(?n > 100) }"),
    "a test that holds": ("ASK", RESULTS_JSON, "ASK { ?s :size ?n . ?x :of ?y FILTER(?n > 5) }"),
    "a graph": ("CONSTRUCT", TURTLE, "CONSTRUCT { ?w :has ?n } { ?s :of ?w ; :size ?n } ORDER BY ?n LIMIT 3"),
    "computed numbers": ("SELECT", RESULTS_TSV, "SELECT (SUM(?n) / 7e0 AS ?k) (AVG(?n) AS ?l) { ?s :size ?n }"),
}


@pytest.mark.parametrize(("form", "into", "query"), HEAVY.values(), ids=HEAVY.keys())
def test_writes_what_the_engine_writes(
    index: SqlEngine, store: ox.Store, form: QueryForm, into: Format, query: str
) -> None:
    asked = request(query, form, into)
    assert answer(index, asked) == written(evaluate(store, asked, frozenset()), into)


@pytest.mark.parametrize(("triples", "opened"), [(MANY_TRIPLES, True), (SMALL_TRIPLES - 1, False)])
def test_is_open_before_the_first_query_unless_the_release_is_small(
    index: SqlEngine, triples: int, *, opened: bool
) -> None:
    index.triples = triples
    index.prepare()
    assert index.is_open is opened


def test_predicates_need_not_be_looked_up_once_it_is_prepared(
    index: SqlEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.prepare()
    monkeypatch.setattr(IndexReader, "_found", lambda *_: pytest.fail("looked up"))
    assert answer(index, request(COUNTING))


def test_is_opened_by_the_first_query_that_asks_for_it(index: SqlEngine) -> None:
    assert not index.is_open
    assert answer(index, request(COUNTING))
    assert index.is_open


def test_a_release_without_an_index_is_the_engines(tmp_path: Path) -> None:
    prepare(tmp_path / "times.npy")
    index = SqlEngine(tmp_path, LearntTimes(tmp_path / "times.npy"), IndexLimits(256, 1, 20.0), MANY_TRIPLES)
    assert answer(index, request(COUNTING)) is None
    assert answer(index, request(COUNTING)) is None


def test_a_fault_of_the_translation_is_the_engines_and_no_clients(
    index: SqlEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise KeyError("u")

    monkeypatch.setattr(index_engine, "translated_query", faulty)
    assert answer(index, request(COUNTING)) is None
    monkeypatch.undo()
    assert answer(index, request(COUNTING)) is None


def test_what_begins_with_few_triples_is_the_engines_first(index: SqlEngine) -> None:
    assert answer(index, request(LIGHT)) is None
    index.engine_took(request(LIGHT), 0.0005)
    assert answer(index, request(LIGHT)) is None


@pytest.mark.parametrize("start", ["?w :of+ :whole .", ":many :from ?w ."])
def test_what_begins_with_few_triples_and_leads_to_many_is_asked_of_the_index(index: SqlEngine, start: str) -> None:
    leading = f"SELECT ?n (COUNT(*) AS ?k) {{ {start} ?s :of ?w ; :size ?n }} GROUP BY ?n"
    assert answer(index, request(leading)) is not None


def test_what_the_engine_is_slow_at_is_taken_over(index: SqlEngine) -> None:
    index.engine_took(request(LIGHT), 1.0)
    assert answer(index, request(LIGHT)) == b"?r\n<http://x/r1>\n"


def test_what_the_engine_answers_faster_is_left_to_it(index: SqlEngine) -> None:
    index.engine_took(request(COUNTING), 0.000001)
    assert answer(index, request(COUNTING)) is None


@pytest.mark.parametrize(("took", "compared"), [(0.01, False), (0.1, True)])
def test_an_index_that_is_known_is_compared_where_the_engine_may_be_faster(
    index: SqlEngine, took: float, *, compared: bool
) -> None:
    """The engine goes through 600 triples for it, in some 12 ms."""
    times_of(index, COUNTING).learn(index=took)
    assert (answer(index, request(COUNTING)) is None) is compared


REPEATED = "SELECT ?w { :m1 :of* ?w }"


@pytest.mark.parametrize(("took", "asked"), [(0.006, False), (1.0, True)])
def test_the_index_is_tried_where_it_may_be_far_faster(index: SqlEngine, took: float, *, asked: bool) -> None:
    """A path that is repeated is searched in all 600 triples of its predicate."""
    index.prepare()
    index.engine_took(request(REPEATED), took)
    assert (answer(index, request(REPEATED)) is not None) is asked
    assert times_of(index, REPEATED).index is not None, "and it is known the next time"


def test_of_a_small_release_the_engine_is_asked_first(index: SqlEngine) -> None:
    index.triples = 1_000
    assert answer(index, request(COUNTING)) is None
    assert not index.is_open
    index.engine_took(request(COUNTING), 1.0)
    assert answer(index, request(COUNTING))


UNSUPPORTED = {
    "by its text": "SELECT (MD5(STR(?s)) AS ?m) { ?s :of ?w } ORDER BY ?m",
    "by its data": "SELECT ?x { ?x ?p ?d FILTER(?d < '2015-01-01'^^xsd:date) } ORDER BY ?x",
    "by its time": "SELECT (COUNT(*) AS ?k) { ?a :of ?w . ?b :of ?w . ?c :of ?w . ?d :of ?w }",
}


@pytest.fixture
def impatient(index: SqlEngine) -> SqlEngine:
    index.limits = IndexLimits(256, 1, 0.3)
    return index


@pytest.mark.parametrize("query", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_it_cannot_answer_is_tried_once(impatient: SqlEngine, query: str) -> None:
    assert answer(impatient, request(query)) is None
    assert times_of(impatient, query).index == math.inf
    assert answer(impatient, request(COUNTING)), "the next query is answered"


@pytest.mark.parametrize("text", ["SELECT ?s { ?s :of ?w", "SELECT (1 AS ?s) { ?s :of ?w } ORDER BY ?s", "DESCRIBE :a"])
def test_what_is_no_query_or_of_another_form_is_the_engines(index: SqlEngine, text: str) -> None:
    assert answer(index, request(text, "DESCRIBE" if "DESCRIBE" in text else "SELECT")) is None


IN_A_WORKER = """
import os, socket, sys
from pathlib import Path
import pyoxigraph as ox
from graph.model.formats import RESULTS_TSV
from graph.query import worker
from graph.query.engine import QueryRequest
from graph.query.frames import ask, receive
from graph.query.sql.index_engine import IndexLimits, LearntTimes, SqlEngine, prepare

folder, spool, counted, query = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "counted", sys.argv[4]
prepare(spool / "times.npy")
front, there = socket.socketpair()
if os.fork() == 0:
    front.close()
    worker.GROWTH_BYTES, worker.LOOK_SECONDS = 0, -1.0  # whatever grows is looked at
    if not counted:
        SqlEngine.kept_bytes = 0
    index = SqlEngine(folder, LearntTimes(spool / "times.npy"), IndexLimits(256, 1, 20.0), 1_000_000)
    held = worker.WorkerStore("r", ox.Store, frozenset(), index)
    worker.work(there, held, worker.WorkerLimits(2 << 30, 1 << 20, 1 << 20, spool, False))
    os._exit(0)
there.close()
receive(front)
for _ in range(4):
    front.sendall(ask(QueryRequest(query, "SELECT", RESULTS_TSV, "http://x/", uses_graphs=False)))
    answer, body = receive(front)
    print(getattr(answer, "index", answer), answer.last)
"""


@pytest.mark.parametrize("counted", [True, False])
def test_what_the_index_keeps_ends_no_worker(folder: Path, tmp_path: Path, counted: bool) -> None:
    """DuckDB keeps what it has read; were that taken for a query's, a worker would end after each heavy answer."""
    arguments = [str(folder), str(tmp_path), "counted" if counted else "", PROLOGUE + COUNTING]
    run = subprocess.run([sys.executable, "-c", IN_A_WORKER, *arguments], capture_output=True, text=True, check=False)
    answers = [line.split() for line in run.stdout.splitlines()]
    assert len(answers) == 4, run.stderr
    assert answers[0][0] == "True"  # later ones are timed with the engine, too
    assert {each[1] for each in answers} == {str(not counted)}
