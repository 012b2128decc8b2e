"""What the guard lets through, what it refuses, and the text that runs."""

from __future__ import annotations

import random
import re

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_material import LEGAL, answer, texts

from graph.errors import HamkorError, QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query.engine import Dataset
from graph.query.escapes import resolved
from graph.query.guard import read_query
from graph.query.keywords import UPDATES
from graph.query.tokens import tokens

EX = "PREFIX ex: <http://example.org/> "
ALLOWED = "https://data.example.org/service/sparql"
CALLS = "PREFIX ex: <http://a/> SELECT (ex:f(<http://g>(?x)) AS ?y) FROM ex:g { GRAPH ?g { ?x ex:p (1) } }"


@pytest.mark.parametrize("query", LEGAL)
def test_a_legal_query_passes_and_means_the_same(store: ox.Store, query: str) -> None:
    read = read_query(query, base="http://example.org/")
    if re.search(r"CONCAT \(|v1\.2\.3|\\u0053ELECT", query):
        with pytest.raises(SyntaxError):
            answer(store, query)
        answer(store, read.text)
    else:
        assert answer(store, read.text) == answer(store, query)


@pytest.mark.parametrize("query", LEGAL)
def test_the_normal_form_means_the_same(store: ox.Store, query: str) -> None:
    read = read_query(query, base="http://example.org/")
    again = read_query(read.normalised, base="http://example.org/")
    assert again.normalised == read.normalised
    assert answer(store, again.text) == answer(store, read.text)


@pytest.mark.parametrize("query", LEGAL)
def test_white_space_and_comments_do_not_change_the_normal_form(query: str) -> None:
    chance = random.Random(query)  # noqa: S311  no secret
    text = resolved(query).text
    parts, end = [], 0
    for token in tokens(text):
        if token.start > end:
            parts.append(chance.choice([" ", "\n\t ", " # SERVICE, \"'<{\n", "#\r"]))
        parts.append(token.text)
        end = token.end
    assert read_query("".join(parts)).normalised == read_query(text).normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ASK{?s ?p ?o}", "  ASK\n{ ?s ?p ?o } # all"),
        ("SELECT*{?s ?p(1 2)}", "SELECT * { ?s ?p ( 1 2 ) }"),
        ("ASK{?s ?p ?o.?o ?q ?r}", "ASK { ?s ?p ?o . ?o ?q ?r }"),
        ("SELECT(COUNT(*)AS ?n){}", "SELECT (COUNT( * ) AS ?n) {}"),
        ("ASK{?s ?p 'x'@en,1;?q[]}", "ASK { ?s ?p 'x' @en , 1 ; ?q [ ] }"),
    ],
)
def test_queries_with_one_normal_form(one: str, other: str) -> None:
    assert read_query(one).normalised == read_query(other).normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ASK{?s ?p 'a b'}", "ASK{?s ?p 'a  b'}"),
        ("ASK{?s ?p '#a'}", "ASK{?s ?p '#b'}"),
        (EX + "ASK{?s ex:p+5}", EX + "ASK{?s ex:p +5}"),
        ("ASK{?s ?p ?o}", "ASK{?s ?p ?x}"),
        ("ASK{?s ?p 1 .?s ?q 2}", "ASK{?s ?p 1.2 }"),
        ("ASK{?s ?p ( )}", "ASK{?s ?p [ ]}"),
    ],
)
def test_queries_with_different_normal_forms(one: str, other: str) -> None:
    assert read_query(one).normalised != read_query(other).normalised


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("SELECT * {}", "SELECT"),
        ("# SELECT\nask{}", "ASK"),
        ('BASE <http://a/> PREFIX x: <b> VERSION "1.2" BASE <c> Construct {} {}', "CONSTRUCT"),
        ("\\u0064escribe <http://a/>", "DESCRIBE"),
        ("SELECT * { { SELECT * {} } }", "SELECT"),
    ],
)
def test_the_query_form(query: str, form: str) -> None:
    assert read_query(query).form == form


def test_what_else_is_read_from_a_query() -> None:
    read = read_query(CALLS, functions=None)
    assert (read.clauses, read.uses_graph_clause) == (Dataset(("http://a/g",)), True)
    assert read.functions == ("http://a/f", "http://g")
    plain = read_query("ASK { ?s ?p 'FROM', 'GRAPH' } # FROM GRAPH")
    assert (plain.clauses, plain.uses_graph_clause, plain.functions) == (Dataset(), False, ())


@pytest.mark.parametrize("word", sorted(UPDATES))
@pytest.mark.parametrize("before", ["", "PREFIX a: <b:c> ", "# SELECT\n", "ASK {} "])
def test_an_update_is_refused_by_name(word: str, before: str) -> None:
    with pytest.raises(QueryRefusedError, match=f"{word} at line") as caught:
        read_query(f"{before}{word.lower()} <http://a/>")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("query", "line", "column", "token", "problem"),
    [
        ("", 1, 1, "", "no query"),
        ("# nothing\n", 2, 1, "", "no query"),
        ("PREFIX a: <b:c>", 1, 16, "", "no query"),
        ("FOO {}", 1, 1, "FOO", "no word"),
        ("WHERE {}", 1, 1, "WHERE", "begins with"),
        ("ASK {}\nASK {}", 2, 1, "ASK", "one query"),
        ("ASK {} ; ASK {}", 1, 8, ";", "one query"),
        ("ASK { ASK {} }", 1, 7, "ASK", "inside"),
        ("ASK { PREFIX a: <b:c> }", 1, 7, "PREFIX", "inside"),
        ("SELECT * {\n ?s ?p 'x }", 2, 8, "'", "does not end"),
        ("SELECT * {\n ( }", 2, 4, "}", "does not close ( of line 2, column 2"),
        ("SELECT * { ?s ?p (1 ", 1, 18, "(", "never closed"),
        ("SELECT * } ", 1, 10, "}", "nothing is open"),
        ("SELECT * { ?s ex:p ?o }", 1, 15, "ex:p", "ex: is not declared"),
        ("PREFIX a:b <c:d> ASK {}", 1, 8, "a:b", "a prefix"),
        ("BASE a:b ASK {}", 1, 6, "a:b", "an IRI"),
        ("ASK { SERVICE 5 {} }", 1, 15, "5", "an IRI must follow SERVICE"),
        ("ASK { SERVICE GRAPH {} }", 1, 15, "GRAPH", "an IRI must follow SERVICE"),
        ("\\u0041SK { ?s \\u0021 foo }", 1, 22, "foo", "no word"),
        ("ASK { ?s ?p '\\uD83D\\uDE00' }", 1, 14, "\\uD83D", "surrogate"),
        ("ASK { ?s ?p '\\u00' }", 1, 14, "\\u", "four hexadecimal"),
        ("ASK { ?s ?p '\\u0027' }", 1, 14, "\\u0027", "delimiter"),
        ("ASK { ?s ?p '\ud800' }", 1, 14, "'\\ud800'", "surrogate"),
        ("\ufeffASK {}", 1, 1, "\ufeffASK", "no word"),
    ],
)
def test_what_is_no_query_is_named_with_its_place(query: str, line: int, column: int, token: str, problem: str) -> None:
    with pytest.raises(QuerySyntaxError, match=re.escape(problem)) as caught:
        read_query(query)
    assert (caught.value.line, caught.value.column, caught.value.token) == (line, column, token)


@pytest.mark.parametrize(
    "endpoint",
    [
        f"<{ALLOWED}>",
        "<https://DATA.example.org/service/sparql>",
        "<HTTPS://data.example.org:443/service/sparql>",
        "<https://data.example.org./service/sparql>",
        "<https://data.example.org/%73ervice/sparql>",
        "<https://data.example.org/s\\u0065rvice/sparql>",
        "SILENT x:service\\/sparql",
        "#\n<sparql>",
    ],
)
def test_an_allowed_service_is_called_as_the_list_spells_it(endpoint: str) -> None:
    prologue = "BASE <https://data.example.org/service/> PREFIX x: <https://data.example.org/> "
    read = read_query(f"{prologue} SELECT * {{ SERVICE {endpoint} {{ ?s ?p ?o }} }}", services=[ALLOWED])
    assert read.services == (ALLOWED,)
    assert "<https://data.example.org/s\\u0065rvice/sparql>" in read.text


@pytest.mark.parametrize(
    "endpoint",
    [
        *("<https://data.example.org/service/sparql2>", "<https://data.example.org/service/sparql?x>"),
        *("<http://data.example.org/service/sparql>", "<https://data.example.org:8443/service/sparql>"),
        *("<https://user@data.example.org/service/sparql>", "<https://data.example.org@evil.org/service/sparql>"),
        *("<https://data.example.org.evil.org/service/sparql>", "<https://data.example.org/Service/sparql>"),
        *("<https://data.example.org/service/sparql#x>", "<//data.example.org/service/sparql>", "<file:///etc/passwd>"),
        *("<https://data%2Eexample.org/service/sparql>", "<https://[::1]/service/sparql>", "<urn:x>", "<>", "?x", "$x"),
    ],
)
@pytest.mark.parametrize("silent", ["", "SILENT "])
def test_any_other_service_is_refused_with_a_remedy(endpoint: str, silent: str) -> None:
    with pytest.raises(QueryRefusedError, match=r"SERVICE .* at line 1, column") as caught:
        read_query(f"SELECT * {{ SERVICE {silent}{endpoint} {{ ?s ?p ?o }} }}", services=[ALLOWED])
    assert caught.value.remedy


def test_a_service_within_an_allowed_service_is_judged_too() -> None:
    with pytest.raises(QueryRefusedError, match="evil"):
        read_query(f"ASK {{ SERVICE <{ALLOWED}> {{ SERVICE <https://evil.org/> {{}} }} }}", services=[ALLOWED])


def test_names_that_the_engine_cannot_read_are_written_out(store: ox.Store) -> None:
    read = read_query(EX + "SELECT ?o { ex:s ex:v1.2.3 ?o }")
    assert answer(store, read.text) == [str([ox.Literal("three")])]
    with pytest.raises(SyntaxError):
        store.query(EX + "SELECT ?o { ex:s ex:v1.2.3 ?o }")


def test_an_ordinary_query_runs_as_it_was_written() -> None:
    query = EX + "SELECT * { ?s ex:p 'x' } # all of them"
    assert read_query(query).text is query


def test_a_query_with_too_many_tokens_is_refused() -> None:
    with pytest.raises(QueryLimitError, match=r"limits\.query_tokens"):
        read_query("SELECT * { VALUES ?x { " + "1 " * 2000 + "} }", max_tokens=1000)


@pytest.mark.parametrize("bracket", ["{", "(", "[", "<<", "<<("])
def test_a_query_that_nests_too_deeply_is_refused(bracket: str) -> None:
    with pytest.raises(QueryLimitError, match=r"limits\.query_nesting"):
        read_query("SELECT * {" + f"{bracket} " * 100_000)


@given(texts)
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_one_of_our_errors(text: str) -> None:
    for query in (text, f"SELECT * {{ {text} }}"):
        try:
            read = read_query(query)
        except HamkorError:
            continue
        assert read_query(read.normalised).normalised == read.normalised


PIECES = [
    "SERVICE",
    "service",
    "ſervice",
    "?service",
    "_:service",
    ":",
    "s:",
    "a:b",
    " ",
    "<b#",
    "<",
    ">",
    "'",
    '"',
    "#",
]


@given(
    st.lists(st.sampled_from([*PIECES, "\n", "{", "}", ".", "\\u0045", "?a", "FILTER(?a", ")", "1", "a"]), max_size=14)
)
@settings(max_examples=600)
def test_no_letters_of_service_remain_outside_sigils_and_permitted_calls(pieces: list[str]) -> None:
    prologue = "PREFIX : <a:> PREFIX s: <b:> PREFIX SERVICE: <c:> PREFIX a: <d:> "
    try:
        read = read_query(f"{prologue}ASK {{ {''.join(pieces)} }}")
    except HamkorError:
        return
    assert not re.search(r"(?<![?$@:\w])service", read.text, re.IGNORECASE | re.ASCII)
