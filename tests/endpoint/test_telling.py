"""Problems as people meet them: in the language of the page, with the words of others quoted as English."""

from __future__ import annotations

import ast
import pickle
import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import msgspec
import pytest
from flask import Flask

from endpoint.app import create_app
from endpoint.catalogues import TRANSLATED, collected, missing
from endpoint.http.languages import translated
from endpoint.http.problems import KINDS, Problem, document_problem, problem_of
from endpoint.http.responses import problem_response, told
from graph.model import errors
from graph.model.errors import (
    BUILD_ANEW,
    NO_WORDS,
    BusyError,
    EngineUnavailableError,
    Failure,
    FormatError,
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
    WorkEndedError,
    WriteRefusedError,
)
from graph.model.publication import Publication
from graph.model.rdf_terms import unfit_name
from graph.releases.release import Release
from tests.endpoint.serving import BROWSER

ROOT = Path(__file__).resolve().parents[2]
ERRORS: list[HamkorError] = [
    QuerySyntaxError(Quotation("expected one of WHERE"), 2, 3, "}"),
    QuerySyntaxError(
        Sentence("the engine has no function <%(iri)s>; the service description lists those it has", iri="urn:f")
    ),
    QueryRefusedError(
        Sentence("a SERVICE clause may be hidden in this query"), Sentence("write names with it as full IRIs")
    ),
    QueryLimitError(
        "limits.query_mb", 1, Sentence("the query is larger than %(number)s MiB", number=1), Sentence("divide it")
    ),
    QueryLimitError("limits.result_mb", 9, Sentence("the answer is too large"), Sentence("page it with LIMIT")),
    QueryLimitError(
        "limits.query_seconds", 30, Sentence("the query took too long and was stopped"), Sentence("divide it")
    ),
    EngineUnavailableError(
        Sentence("the query engine is starting: %(words)s", words=Quotation("No such file or directory"))
    ),
    ReleaseError(Sentence("there is no release yet"), BUILD_ANEW),
    SettingError("hamkor.toml", Sentence("no TOML: %(words)s", words=ValueError("Expected '='"))),
    SettingError("hamkor.toml", Sentence("the file is not UTF-8; save it as UTF-8")),
    GraphNameError("urn:g", unfit_name("x" * 2000, "urn:")),
    WriteRefusedError("urn:g", "computed"),
    WriteRefusedError("urn:g", "source", Sentence("change %(file)s and run hamkor build", file="data/a.ttl")),
    WriteRefusedError("urn:g", "withheld", Sentence("ask the publisher")),
    PreconditionError("urn:g", None, "b"),
    PreconditionError("urn:g", "a", "b"),
    BusyError(Sentence("another process is making a release"), Sentence("wait until it is done")),
    UpdateError(
        Sentence("there is no graph <%(graph)s>", graph="urn:g"), Sentence("say SILENT where that is no matter")
    ),
    document_problem(
        SourceError(
            "a.csv",
            Sentence(
                "%(problem)s: %(words)s",
                problem=Sentence("%(text)s is no %(datatype)s", text="'x'", datatype="date"),
                words=ValueError("month must be in 1..12"),
            ),
            3,
            "day",
            Sentence("write it such as %(example)s", example="2015"),
        )
    ),
]
SAMPLES = {kind: Problem(kind, Sentence("there is no such graph"), {"line": 1, "limit": "a.b"}) for kind in KINDS}
MOST_WORDS = 3
MOST_ERRORS_AT_LEAST = 300
READ_BY_PEOPLE = ("graph/sources/", "graph/model/", "graph/validation/reach.py", "graph/parts/")
"""Where the text of an error of another kind becomes part of a sentence."""


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
    problem = problem_of(QuerySyntaxError(Quotation("expected <"), 2, 3, "}"))
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


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Return every call of the source, with its place."""
    return tuple(
        (f"{file.relative_to(ROOT)}:{call.lineno}", call)
        for folder in ("graph", "endpoint")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
    )


def _name(function: ast.expr) -> str:
    return str(getattr(function, "id", "") or getattr(function, "attr", ""))


def is_text(value: ast.expr) -> bool:
    """Whether an expression is a text that is written there: no name, no sentence, not an empty one."""
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(value.value)
    )


def said_in(kind: type[HamkorError], call: ast.Call) -> list[ast.expr]:
    """Return what is given for those fields of an error that say something to people."""
    places = {number: field.name for number, field in enumerate(fields(kind)) if "Said" in str(field.type)}  # type: ignore[arg-type]
    return [each for number, each in enumerate(call.args) if number in places] + [
        each.value for each in call.keywords if each.arg in places.values()
    ]


def test_what_errors_say_is_made_of_sentences() -> None:
    """Every field of an error in which people read words is given a ``Sentence`` or a ``Quotation``."""
    kinds = {
        each.__name__: each for each in vars(errors).values() if is_dataclass(each) and issubclass(each, Exception)
    }
    given = [(place, kinds[name], call) for place, call in calls() if (name := _name(call.func)) in kinds]
    assert len(given) > MOST_ERRORS_AT_LEAST
    wrong = [place for place, kind, call in given if any(map(is_text, said_in(kind, call)))]
    assert wrong == []


def test_errors_of_other_kinds_that_people_read_say_sentences_too() -> None:
    raised = ("ValueError", "TypeError", "MissingValueError", "PathError")
    wrong = [
        place
        for place, call in calls()
        if place.startswith(READ_BY_PEOPLE) and _name(call.func) in raised and any(map(is_text, call.args))
    ]
    assert wrong == []


def test_a_template_is_a_literal_so_that_it_is_collected() -> None:
    sentences = [(place, call) for place, call in calls() if _name(call.func) == "Sentence"]
    written = [place for place, call in sentences if not isinstance(call.args[0], ast.Constant)]
    assert [place for place in written if not place.startswith("graph/model/errors.py")] == []  # it reads them back
    known = {str(each.id) for each in collected()}
    texts = [call.args[0].value for _, call in sentences if isinstance(call.args[0], ast.Constant)]
    assert [text for text in texts if text not in known] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_template_is_translated(language: str) -> None:
    assert list(missing(language)) == []


def test_no_words_of_ours_are_called_those_of_others() -> None:
    assert [
        place
        for place, call in calls()
        if _name(call.func) == "Quotation" and any(isinstance(each, ast.Constant) and each.value for each in call.args)
    ] == []


NESTED = SourceError(
    "a.csv",
    Sentence("%(problem)s: %(words)s", problem=Sentence("a list"), words=ValueError("month must be in 1..12")),
    3,
    "day",
    Sentence("at most %(number)s are read", number=2000),
    others=({"line": "4", "column": "", "problem": Sentence("a text"), "remedy": NO_WORDS},),
)


def test_an_error_of_another_process_still_has_templates_and_facts() -> None:
    written = msgspec.msgpack.encode(Failure.of(NESTED))
    found = msgspec.msgpack.decode(written, type=Failure).error()
    assert isinstance(found, SourceError)
    assert str(found) == str(NESTED)
    assert made_of(found.problem) == made_of(NESTED.problem)
    assert made_of(found.remedy) == ("at most %(number)s are read", {"number": 2000})
    assert made_of(found.others[0]["problem"]) == ("a text", {})


EVERY = [*ERRORS, NESTED, FormatError("RDF/XML", Sentence("a text")), WorkEndedError(Sentence("a list"))]


@pytest.mark.parametrize("error", [each for each in EVERY if is_dataclass(each)], ids=lambda each: type(each).__name__)
def test_every_error_says_the_same_in_another_process(error: HamkorError) -> None:
    written = msgspec.msgpack.encode(Failure.of(error))
    found = msgspec.msgpack.decode(written, type=Failure).error()
    pickled = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert {(type(each), str(each)) for each in (found, pickled)} == {(type(error), str(error.sentence))}
    assert made_of(found.sentence) == made_of(pickled.sentence) == made_of(error.sentence)


def test_an_error_of_no_fields_says_the_sentence_that_it_was_raised_with() -> None:
    assert made_of(HamkorError(Sentence("a list")).sentence) == ("a list", {})
    assert made_of(HamkorError("a", 1).sentence) == ("quoted", "('a', 1)")


def test_a_pickled_sentence_still_has_its_template_and_facts() -> None:
    assert made_of(pickle.loads(pickle.dumps(NESTED.problem))) == made_of(NESTED.problem)  # noqa: S301  our own


def made_of(said: object) -> object:
    """Return what a sentence is made of, and what a quotation quotes, to any depth."""
    if isinstance(said, Sentence):
        return said.template, {name: made_of(fact) for name, fact in said.facts.items()}
    return ("quoted", str(said)) if isinstance(said, Quotation) else said


def test_a_sentence_that_quotes_an_error_says_that_in_the_readers_language_too(app: Flask) -> None:
    error = ReleaseError(Sentence("there is no release yet"), BUILD_ANEW)
    said = Sentence("the publication cannot be used: %(words)s", words=error)
    assert said == "the publication cannot be used: there is no release yet (run hamkor build)"
    with app.test_request_context("/?ui=ru"):
        assert "выполните hamkor build" in told(said)


def test_every_sentence_gets_the_facts_that_it_names() -> None:
    wrong = []
    for place, call in calls():
        if _name(call.func) == "Sentence" and isinstance(call.args[0], ast.Constant):
            given = {each.arg for each in call.keywords}
            if None not in given and given != set(re.findall(r"%\((\w+)\)s", str(call.args[0].value))):
                wrong.append(place)
    assert wrong == []
