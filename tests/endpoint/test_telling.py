"""Problems as people meet them: in the language of the page, with the words of others quoted as English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from endpoint.app import create_app
from endpoint.catalogues import TRANSLATED, collected
from endpoint.http.languages import translated
from endpoint.http.problems import KINDS, Problem, document_problem, problem_of
from endpoint.http.responses import problem_response
from endpoint.http.wordings import WORDINGS, recognised, told
from graph.model.errors import (
    BusyError,
    EngineUnavailableError,
    GraphNameError,
    HamkorError,
    PreconditionError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    Quotation,
    ReleaseError,
    Sentence,
    SettingError,
    SourceError,
    UpdateError,
    WriteRefusedError,
)
from graph.model.publication import Publication
from graph.releases.release import Release
from tests.endpoint.serving import BROWSER

ROOT = Path(__file__).resolve().parents[2]
ERRORS: list[HamkorError] = [
    QuerySyntaxError("expected one of WHERE", 2, 3, "}"),
    QuerySyntaxError("the engine has no function <urn:f>; the service description lists those it has"),
    QueryRefusedError("a SERVICE clause may be hidden in this query", "write names with it as full IRIs"),
    QueryLimitError("limits.query_mb", 1, "the query is larger than 1 MiB", "divide it"),
    QueryLimitError("limits.result_mb", 9, "the answer is too large", "page it with LIMIT"),
    QueryLimitError("limits.query_seconds", 30, "the query took too long and was stopped", "divide it"),
    EngineUnavailableError("the query engine is starting: No such file or directory"),
    ReleaseError("there is no release yet", "run hamkor build"),
    SettingError("hamkor.toml", "unknown setting"),
    GraphNameError("urn:g", "it is longer than 1000 characters"),
    WriteRefusedError("urn:g", "computed"),
    WriteRefusedError("urn:g", "source", "change data/a.ttl and run hamkor build"),
    WriteRefusedError("urn:g", "withheld", "ask the publisher"),
    PreconditionError("urn:g", None, "b"),
    PreconditionError("urn:g", "a", "b"),
    BusyError("another process is making a release", "wait until it is done"),
    UpdateError("there is no graph <urn:g>", "say SILENT where that is no matter"),
    document_problem(SourceError("a.csv", "'x' is no date: month must be in 1..12", 3, "day", "write it such as 2015")),
]
SAMPLES = {kind: Problem(kind, Sentence("there is no such graph"), {"line": 1, "limit": "a.b"}) for kind in KINDS}
MOST_WORDS = 3


@pytest.fixture(scope="module")
def app(flagship_release: Release, flagship_publication: Publication) -> Flask:
    assert flagship_release
    return create_app(flagship_publication)


def shown(app: Flask, problem: Problem, language: str) -> str:
    """Return the page of a problem, without what is marked as English or as code."""
    with app.test_request_context(f"/?ui={language}", headers={"Accept": BROWSER}):
        page = problem_response(problem).get_data(as_text=True)
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r'<(q|code)( lang="en")?>.*?</\1>', " ", main, flags=re.DOTALL)


def english(app: Flask, language: str) -> set[str]:
    """Return pieces of every text of ours that another language says otherwise."""
    with app.test_request_context(f"/?ui={language}"):
        texts = [str(each.id) for each in collected() if each.id and isinstance(each.id, str)]
        parts = (part for text in texts if translated(text) != text for part in re.split(r"%\(\w+\)s", text))
        return {part for part in parts if len(part.split()) >= MOST_WORDS}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_page_of_a_problem_says_our_sentences_in_english(app: Flask, language: str) -> None:
    unwanted = english(app, language)
    problems = [*SAMPLES.values(), *(problem_of(each) for each in ERRORS)]
    for problem in problems:
        page = shown(app, problem, language)
        assert [part for part in unwanted if part in page] == [], problem


def test_every_kind_of_problem_is_in_the_table() -> None:
    assert {problem_of(each).kind for each in ERRORS} <= set(SAMPLES) == set(KINDS)


def test_in_russian_no_english_words_are_left(app: Flask) -> None:
    for problem in (*SAMPLES.values(), *(problem_of(each) for each in ERRORS)):
        text = re.sub(r"<[^>]*>|&[lg]t;|&#\d+;", " ", shown(app, problem, "ru"))
        assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text.replace("hamkor build", "")), text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "line 2, column 3: expected &lt;, at &#39;}&#39;"),
        ("ru", 'строка 2, столбец 3: <q lang="en">expected &lt;</q> (&#39;}&#39;)'),
        ("uz", '2-qator, 3-ustun: <q lang="en">expected &lt;</q> (&#39;}&#39;)'),
    ],
)
def test_words_of_the_engine_are_quoted_as_english(app: Flask, language: str, said: str) -> None:
    problem = problem_of(QuerySyntaxError("expected <", 2, 3, "}"))
    with app.test_request_context(f"/?ui={language}"):
        assert told(problem.detail) == said
    assert problem.detail == "line 2, column 3: expected <, at '}'"


def test_facts_are_escaped_and_numbers_are_grouped_as_the_language_does_it(app: Flask) -> None:
    sentence = Sentence("the URL is longer than %(most)s bytes", most=16_000)
    assert sentence == "the URL is longer than 16,000 bytes"
    with app.test_request_context("/?ui=ru"):
        assert told(sentence).endswith("16\N{NO-BREAK SPACE}000")
        assert "&lt;b&gt;" in told(Sentence("there is no template %(name)s", name="<b>"))
        assert "&lt;b&gt;" in told(Quotation("<b>"))


@pytest.mark.parametrize(("accept", "word"), [(BROWSER, "ничего не сказано"), (None, "says nothing")])
def test_programs_get_english_and_people_their_language(app: Flask, accept: str | None, word: str) -> None:
    headers = {"Accept-Language": "ru"} | ({"Accept": accept} if accept else {})
    answer = app.test_client().get("/nowhere", headers=headers)
    assert word in answer.get_data(as_text=True)
    assert answer.status_code == 404


MET = {
    "QueryRefusedError": (0, 1),
    "QueryLimitError": (2, 3),
    "EngineUnavailableError": (0,),
    "WorkKilledError": (0, 1),
    "UpdateError": (0, 1),
    "BusyError": (0, 1),
    "OutOfScopeError": (1,),
    "SourceError": (1, 4),
    "misplaced": (2,),
    "_misplaced": (0, 1),
}
FOLDERS = (
    "graph/query",
    "graph/parts/update",
    "graph/parts/contribution",
    "graph/sources",
    "graph/export/tables.py",
    "graph/child_process.py",
)


def literals() -> Iterator[tuple[str, str]]:
    """Yield what the source says in the errors that people meet, with something in the place of each fact."""
    for folder in FOLDERS:
        path = ROOT / folder
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and (name := _name(call.func)) in MET:
                    given = [each for n, each in enumerate(call.args) if n in MET[name]]
                    given += [each.value for each in call.keywords if each.arg == "remedy"]
                    yield from ((f"{file.name}:{call.lineno}", text) for text in map(_text, given) if text)


def _name(function: ast.expr) -> str:
    return str(getattr(function, "id", "") or getattr(function, "attr", ""))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else _sample(each) for each in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _sample(value: ast.expr) -> str:
    return "line 1, column 2" if "_place" in ast.unparse(value) else "X1"


def test_what_the_packages_below_say_is_recognised() -> None:
    unknown = [f"{place}: {text}" for place, text in literals() if recognised(text) is None]
    assert not unknown, "write them in endpoint/http/wordings.py, and run make translations"


@pytest.mark.parametrize("template", WORDINGS)
def test_a_wording_is_recognised_as_itself(template: str) -> None:
    found = recognised(re.sub(r"%\(\w+\)s", "urn:x", template))
    assert found is not None
    assert found.template == template


@pytest.mark.parametrize(
    "text", ["this word is no word of Prolog", "expected one of WHERE", "the name is no longer known", "a b is no c d"]
)
def test_words_of_others_are_not_taken_for_ours(text: str) -> None:
    assert recognised(text) is None


def test_what_is_too_long_is_quoted() -> None:
    assert recognised("there is no graph <" + "x" * 5000 + ">") is None


def test_every_sentence_gets_the_facts_that_it_names() -> None:
    wrong = []
    for file in sorted((ROOT / "endpoint").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _name(call.func) == "Sentence" and isinstance(call.args[0], ast.Constant):
                given = {each.arg for each in call.keywords}
                if given != set(re.findall(r"%\((\w+)\)s", str(call.args[0].value))):
                    wrong.append(f"{file.name}:{call.lineno}")
    assert wrong == []
