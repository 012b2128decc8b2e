"""A cut answer never passes: what an engine sends by halves is an error of ours, whatever status it has."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from engines_of_others import MisbehavingEngine

from graph.model.errors import EngineUnavailableError
from graph.model.formats import RESULTS_CSV
from graph.query.engine import QueryRequest, ResultTooLargeError
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import RemoteDataset, RemoteEngine
from graph.query.external.whole_answers import RemoteFailureError

ROW = b'{"s":{"type":"uri","value":"http://e/s"}}'
WHOLE = b'{"head":{"vars":["s"]},"results":{"bindings":[' + ROW + b"," + ROW + b"]}}"
MANY = b'{"head":{"vars":["s"]},"results":{"bindings":[' + b",".join([ROW] * 20) + b"]}}"
JSON = b"Content-Type: application/sparql-results+json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SELECT = "SELECT ?s WHERE { ?s ?p ?o }"


def response(body: bytes, *fields: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """A response with its length."""
    told = b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    return b"HTTP/1.1 " + status + b"\r\n" + JSON + told + b"".join(each + b"\r\n" for each in fields) + b"\r\n" + body


def chunked(body: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A response in one chunk, and what comes behind that."""
    return b"HTTP/1.1 200 OK\r\n" + JSON + CHUNKED + b"\r\n%x\r\n" % len(body) + body + b"\r\n" + end


CUT: dict[str, tuple[bytes, str, str]] = {
    "status 206": (response(WHOLE, status=b"206 Partial"), "fault", "a part of the answer only"),
    "an anytime answer of Virtuoso": (
        response(WHOLE, b"X-SQL-State: S1TAT", b"X-SQL-Message: RC...: Returning incomplete results"), "time", "S1TAT"),
    "another state of SQL": (response(WHOLE, b"X-SQL-State: 42000"), "fault", "42000"),
    "the bound of rows of Virtuoso": (response(WHOLE, b"X-SPARQL-MaxRows: 2"), "fault", "no more than 2 rows"),
    "an end in the middle of a row": (response(WHOLE[:60]), "fault", "not whole"),
    "an end before the last bracket": (response(WHOLE[:-1]), "fault", "not whole"),
    "nothing": (response(b""), "fault", "not whole"),
    "something behind the end": (response(WHOLE + b"x"), "fault", "not whole"),
    "the mark of QLever": (
        chunked(WHOLE[:60] + b"\n!!!!>># An error has occurred while exporting the query result. Timed out"),
        "fault", "An error has occurred"),
    "the words of Neptune": (
        chunked(WHOLE[:60] + b'{"code":"TimeLimitExceededException"}'), "time", "TimeLimitExceeded"),
    "the trailer of Neptune": (
        chunked(WHOLE, b"0\r\nX-Neptune-Status: 500 TimeLimitExceededException\r\n\r\n"), "time", "took its answer"),
    "a trailer with a state of SQL": (chunked(WHOLE, b"0\r\nX-SQL-State: S1TAT\r\n\r\n"), "time", "S1TAT"),
    "a truth value that does not end": (response(b'{"head":{},"boolean":true'), "fault", "not whole"),
    "another format": (
        response(WHOLE).replace(b"sparql-results+json", b"sparql-results+xml"), "fault", "not with SPARQL results"),
    "a page": (response(b"<html>").replace(b"application/sparql-results+json", b"text/html"), "fault", "text/html"),
    "an encoding that nobody asked for": (response(WHOLE, b"Content-Encoding: gzip"), "fault", "gzip"),
    "a time-out under 500": (
        response(b"Virtuoso S1T00 Error SR171: Transaction timed out", status=b"500 Error"), "time", "S1T00"),
    "status 504": (response(b"", status=b"504 Gateway Timeout"), "time", "time was up"),
    "status 503": (response(b"busy", status=b"503 Unavailable"), "engine", "cannot answer now"),
    "status 429": (response(b"", status=b"429 Too Many"), "engine", "cannot answer now"),
    "status 401": (response(b"", status=b"401 Unauthorized"), "engine", "does not let us in"),
}  # fmt: skip
GONE: dict[str, bytes] = {
    "a chunk that does not end": chunked(WHOLE, b""),
    "chunks without the last": b"HTTP/1.1 200 OK\r\n" + JSON + CHUNKED + b"\r\n%x\r\n" % len(WHOLE) + WHOLE[:30],
    "fewer bytes than were told": response(WHOLE, length=len(WHOLE) + 1),
    "no HTTP": b"hello\r\n\r\n",
    "nothing at all": b"",
}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[MisbehavingEngine]:
    """An engine that answers as the test says."""
    found = MisbehavingEngine(*(request.param if isinstance(request.param, tuple) else (request.param,)))
    yield found
    found.close()


def asked(engine: MisbehavingEngine, folder: Path, seconds: float = 60.0, **more: int) -> bytes:
    """What is written of an engine's answer."""
    client = EngineClient("test", {})
    client.connect(engine.url)
    client.has_connected = False  # it has no marker
    dataset = RemoteDataset(engine.url, "release", "token", **more)
    remote = RemoteEngine(dataset, ("http://e/g",), frozenset(), client, folder, 100_000, seconds)
    output = io.BytesIO()
    assert remote.answered(QueryRequest(SELECT, "SELECT", RESULTS_CSV, "http://e/", uses_graphs=False), output)
    return output.getvalue()


@pytest.mark.parametrize(
    "engine", [response(WHOLE), chunked(WHOLE), chunked(WHOLE, b"0\r\nX-Neptune-Status: 200 OK\r\n\r\n")], indirect=True
)
def test_a_whole_answer_passes(engine: MisbehavingEngine, tmp_path: Path) -> None:
    assert asked(engine, tmp_path) == b"s\r\nhttp://e/s\r\nhttp://e/s\r\n"


@pytest.mark.parametrize(("engine", "kind", "said"), CUT.values(), ids=CUT.keys(), indirect=["engine"])
def test_a_cut_answer_is_an_error(engine: MisbehavingEngine, kind: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailureError) as met:
        asked(engine, tmp_path)
    assert met.value.kind == kind
    assert said in str(met.value)


@pytest.mark.parametrize("engine", GONE.values(), ids=GONE.keys(), indirect=True)
def test_an_answer_that_breaks_off_is_an_engine_that_is_away(engine: MisbehavingEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="broke off"):
        asked(engine, tmp_path)


@pytest.mark.parametrize("engine", [(b"", "wait"), (chunked(WHOLE, b""), "wait")], indirect=True, ids=["mute", "slow"])
def test_an_engine_that_takes_too_long_is_a_query_that_does(engine: MisbehavingEngine, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailureError, match="took too long") as met:
        asked(engine, tmp_path, seconds=0.3)
    assert met.value.kind == "time"


@pytest.mark.parametrize("engine", [(chunked(WHOLE, b""), "endless")], indirect=True)
def test_an_answer_without_an_end_is_bounded(engine: MisbehavingEngine, tmp_path: Path) -> None:
    with pytest.raises(ResultTooLargeError):
        asked(engine, tmp_path)


@pytest.mark.parametrize("engine", [response(WHOLE + b"x")], indirect=True)
def test_an_error_about_an_answer_may_end_in_any_thread(engine: MisbehavingEngine, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailureError) as met:
        asked(engine, tmp_path)
    cause = met.value.__cause__
    assert cause is not None
    frames = [frame for frame, _ in (*traceback.walk_tb(met.tb), *traceback.walk_tb(cause.__traceback__))]
    held = [value for frame in frames for value in frame.f_locals.values()]
    assert not any(isinstance(each, ox.QuerySolutions) for each in held)


@pytest.mark.parametrize("engine", [response(MANY)], indirect=True)
def test_as_many_rows_as_there_are_at_most_are_too_few(engine: MisbehavingEngine, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailureError, match="no more than 20 rows"):
        asked(engine, tmp_path, most_rows=20)


@pytest.mark.parametrize("engine", [(response(MANY), "keep")], indirect=True)
def test_more_rows_than_were_ever_seen_are_counted_by_the_engine(
    engine: MisbehavingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.query.external.external_engine.SURE_ROWS", 10)
    with pytest.raises(RemoteFailureError, match="20 rows of -1 that there are"):
        asked(engine, tmp_path)
    assert b"COUNT" in engine.requests[-1]


@pytest.mark.parametrize("engine", [response(b"syntax error", status=b"400 Bad Request")], indirect=True)
def test_a_query_that_the_engine_does_not_take_is_not_its_answer(engine: MisbehavingEngine, tmp_path: Path) -> None:
    client = EngineClient("test", {})
    remote = RemoteEngine(RemoteDataset(engine.url, "r", "t"), (), frozenset(), client, tmp_path, 1000, 1.0)
    assert not remote.answered(QueryRequest(SELECT, "SELECT", RESULTS_CSV, "http://e/"), io.BytesIO())


@pytest.mark.parametrize("engine", [response(WHOLE)], indirect=True)
def test_the_password_is_sent_to_nobody_who_does_not_ask(engine: MisbehavingEngine) -> None:
    client = EngineClient("test", {"HAMKOR_ENGINE_USER": "u", "HAMKOR_ENGINE_PASSWORD": "secret"})
    client.form(engine.url, [("query", "ASK {}")], "*/*", 1.0).text()
    assert b"authorization" not in engine.requests[0].lower()
