"""Problems: every error of ours has a status, and reads well as JSON, as text and as a page."""

from __future__ import annotations

import inspect

import pytest

from endpoint.http.problems import KINDS, Problem, ProblemError, problem_of, problem_of_status
from graph.model import errors
from graph.model.errors import (
    BusyError,
    EngineAwayError,
    EngineFaultError,
    EngineUnavailableError,
    FollowingError,
    ForeignReleaseError,
    FormatError,
    GraphNameError,
    HamkorError,
    HarvestError,
    OutOfScopeError,
    PreconditionError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    ReleaseError,
    ReplicationError,
    SettingError,
    ShapesError,
    SourceError,
    StorageAwayError,
    StorageError,
    UpdateError,
    WorkEndedError,
    WorkKilledError,
    WriteRefusedError,
)
from tests.endpoint.serving import BROWSER, Served

TABLE = [
    (QuerySyntaxError("wrong", 2, 3, "}"), 400, {"line": 2, "column": 3, "token": "}"}),
    (QuerySyntaxError("wrong"), 400, {}),
    (QueryRefusedError("no updates", "ask"), 403, {"remedy": "ask"}),
    (QueryLimitError("limits.query_mb", 1, "too long"), 413, {"limit": "limits.query_mb", "value": 1}),
    (QueryLimitError("limits.query_seconds", 30, "too slow", "ask less"), 503, {"limit": "limits.query_seconds"}),
    (QueryLimitError("limits.result_mb", 256, "too much"), 403, {"limit": "limits.result_mb"}),
    (EngineUnavailableError("busy", 3), 503, {}),
    (EngineAwayError("it is away", 3), 503, {}),
    (FollowingError("it is a copy", "write to the publisher"), 503, {"remedy": "write to the publisher"}),
    (ReleaseError("none yet", "run hamkor build"), 503, {"remedy": "run hamkor build"}),
    (StorageError("it is full", "make room", is_full=True), 507, {"remedy": "make room"}),
    (StorageError("it is read-only"), 503, {}),
    (WorkKilledError("it was ended", "again"), 503, {"remedy": "again"}),
    (EngineFaultError("it gave up", "write it otherwise"), 500, {"remedy": "write it otherwise"}),
    (SettingError("hamkor.toml", "bad"), 500, {}),
    (ShapesError("shapes/a.ttl", "bad"), 500, {}),
    (SourceError("data/a.ttl", "bad", 1, 2), 500, {}),
    (ProblemError("not-found", "no such thing"), 404, {}),
    (HamkorError("whatever"), 500, {}),
    (GraphNameError("urn:g", "it is longer than 1000 characters"), 400, {}),
    (WriteRefusedError("urn:g", "computed"), 403, {}),
    (PreconditionError("urn:g", "a", "b"), 412, {}),
    (BusyError("somebody else is writing"), 409, {}),
    (UpdateError("no such graph", "make it"), 400, {"remedy": "make it"}),
]


@pytest.mark.parametrize(("error", "status", "facts"), TABLE)
def test_every_error_has_a_status_and_its_facts(error: HamkorError, status: int, facts: dict[str, object]) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert facts.items() <= problem.facts.items()
    document = problem.document("http://x.example/problems#y")
    assert {"type", "title", "status", "detail"} <= document.keys()


def test_the_table_holds_every_error_that_there_is() -> None:
    classes = inspect.getmembers(errors, inspect.isclass)
    every = {each for name, each in classes if issubclass(each, HamkorError) and name[0] != "_"}
    on_the_way = {FormatError, WorkEndedError, OutOfScopeError}  # become problems where they are raised
    # of processes beside the service, which answer no request
    beside = {ReplicationError, StorageAwayError, ForeignReleaseError, HarvestError}
    assert every - on_the_way - beside <= {type(error) for error, _, _ in TABLE}


def test_a_busy_engine_says_when_to_come_back() -> None:
    assert problem_of(EngineUnavailableError("busy", 2.6)).headers["Retry-After"] == "3"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 408, 410, 413, 414, 415, 418, 500, 503])
def test_every_status_of_the_framework_is_a_problem(status: int) -> None:
    problem = problem_of_status(status, "detail")
    assert problem.status == (status if status in {kind.status for kind in KINDS.values()} else 400)


def test_a_huge_token_is_cut() -> None:
    assert len(str(problem_of(QuerySyntaxError("wrong", 1, 1, "x" * 10_000)).facts["token"])) == 200


def test_as_text_a_problem_says_everything() -> None:
    problem = Problem("query-syntax", "line 2: wrong", {"line": 2, "alternatives": [{"type": "text/csv"}]})
    assert problem.text() == (
        "The query is not legal SPARQL (400 Bad Request)\nline 2: wrong\nline: 2\nalternatives: text/csv\n"
    )


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("application/json", "application/problem+json"),
        ("application/sparql-results+json", "application/problem+json"),
        ("application/sparql-results+xml", "text/plain; charset=utf-8"),
        ("text/turtle", "text/plain; charset=utf-8"),
        ("image/png", "text/plain; charset=utf-8"),
        (BROWSER, "text/html; charset=utf-8"),
    ],
)
def test_a_client_gets_the_form_that_it_reads(served: Served, accept: str | None, content_type: str) -> None:
    answer = served.get("/doc/none", accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, content_type)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Accept" in answer.headers["Vary"]
    assert "Traceback" not in answer.text


def test_the_type_of_a_problem_is_explained(served: Served) -> None:
    url, _, fragment = served.get("/doc/none").json()["type"].partition("#")
    assert f'id="{fragment}"' in served.get(url.removeprefix(served.url), BROWSER).text


@pytest.mark.parametrize(
    "path", ["/%FF", "/id/%00", "/id/%0A", "/doc/%ED%A0%80", "/resource?iri=%FF", "/?lang=%FF", "/id/" + "a/" * 500]
)
def test_odd_paths_are_no_server_errors(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code < 500
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "\xff;q=x"},
        {"If-None-Match": '"'},
        {"Host": "a b"},
        {"Accept": "\x7f"},
        {"Range": "bytes=0-1"},
    ],
)
def test_odd_headers_are_no_server_errors(served: Served, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = served.client.get(f"{served.url}/doc/club/termez", headers=encoded)  # type: ignore[arg-type]
    assert answer.status_code < 500
