"""What the guard lets through, what it refuses, and the text that runs."""

from __future__ import annotations

import random
import re

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from query_material import LEGAL, answer, texts

from graph.model.errors import HamkorError, QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query.engine import Dataset
from graph.query.sparql.guard import read_query
from graph.query.sparql.tokens import UPDATES, escapes_resolved, tokens

EX = "PREFIX ex: <http://example.org/> "
ALLOWED = "https://data.example.org/service/sparql"
CALLS = "PREFIX ex: <http://a/> SELECT (ex:f(<http://g>(?x)) AS ?y) FROM ex:g { GRAPH ?g { ?x ex:p (1) } }"


@pytest.mark.parametrize("query", LEGAL)
def test_a_legal_query_passes_and_means_the_same(store: ox.Store, query: str) -> None:
    read = read_query(query, base="http://example.org/")
    if re.search(r"CONCAT \(|v1\.2\.3", query):
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
    text = escapes_resolved(query).text
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
        ("\ufeffdescribe <http://a/>", "DESCRIBE"),
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
    with pytest.raises(QuerySyntaxError, match="begins an update") as caught:
        read_query(f"{before}{word.lower()} <http://a/>")
    assert (caught.value.token, caught.value.column) == (word.lower(), len(before.rpartition("\n")[2]) + 1)


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
        ("ASK { ?s ?p '\\u0041' foo }", 1, 22, "foo", "no word"),
        ("\ufeffASK { ?s ?p foo }", 1, 14, "foo", "no word"),
        ("\\u0041SK {}", 1, 1, "\\", "in strings and IRIs only"),
        ("ASK { ?\\u0061 ?p ?o }", 1, 8, "\\", "stand in strings and IRIs only"),
        ("PREFIX e: <http://e/> ASK { ?s e:a\\u0062 ?o }", 1, 35, "\\", "in strings and IRIs only"),
        ("ASK { ?s ?p '\\uD83D\\uDE00' }", 1, 14, "\\uD83D", "surrogate"),
        ("ASK { ?s ?p '\\u00' }", 1, 14, "\\u", "four hexadecimal"),
        ("ASK { ?s ?p <http://e/\\u003E> }", 1, 23, "\\u003E", "no IRI may have this character"),
        ("ASK { ?s ?p <http://e/\\U00000020> }", 1, 23, "\\U00000020", "no IRI may have this character"),
        ("SELECT (COUNT(COUNT(*)) AS ?n) {}", 1, 15, "COUNT", "inside another one"),
        ("SELECT (SUM(1 + (MAX(?x))) AS ?n) {}", 1, 18, "MAX", "inside another one"),
        ("SELECT * { BIND(<<( 'a' <b:c> 1 )>> AS ?x) }", 1, 21, "'a'", "cannot stand here"),
        ("ASK { ?s ?p '\ud800' }", 1, 14, "'\\ud800'", "surrogate"),
        ("ASK {} \ufeff", 1, 8, "\ufeff", "no word"),
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
        *("SILENT ?x", "SILENT $x"),
    ],
)
def test_any_other_service_is_refused_with_a_remedy(endpoint: str) -> None:
    with pytest.raises(QueryRefusedError, match=r"SERVICE .* at line 1, column") as caught:
        read_query(f"SELECT * {{ SERVICE {endpoint} {{ ?s ?p ?o }} }}", services=[ALLOWED])
    assert caught.value.remedy


ELSEWHERE = "SERVICE SILENT <https://evil.org/>"
SILENT = {
    "alone": (f"SELECT * {{ {ELSEWHERE} {{ ?a ?b ?c }} }}", ["a", "b", "c"], 1),
    "without variables": (f"SELECT * {{ {ELSEWHERE} {{ ex:a ex:b ex:c }} }}", [], 1),
    "beside a pattern": (f"SELECT * {{ ex:s ex:p ?o {ELSEWHERE} {{ ?o ?b ?c }} }}", ["o", "b", "c"], 4),
    "before a pattern": (f"SELECT * {{ {ELSEWHERE} {{ ?o ?b ?c }} ex:s ex:p ?o }}", ["o", "b", "c"], 4),
    "in OPTIONAL": (f"SELECT * {{ ex:s ex:p ?o OPTIONAL {{ {ELSEWHERE} {{ ?o ?b ?c }} }} }}", ["o", "b", "c"], 4),
    "calls in it": (f"SELECT * {{ {ELSEWHERE} {{ ?a ?b ?c SERVICE <x:y> {{ ?d ?e ?f }} }} }}", list("abcdef"), 1),
    "functions of its own": (f"SELECT * {{ {ELSEWHERE} {{ ?a ?b ?c FILTER(ex:f(?d)) }} }}", ["a", "b", "c"], 1),
    "what hides variables": (
        f"SELECT * {{ {ELSEWHERE} {{ FILTER EXISTS {{ ?a ?b ?c }} MINUS {{ ?d ?e ?f }} BIND(?g AS ?h) "
        "{ SELECT ?i (MAX(?j) AS ?k) { ?i ?l ?j } GROUP BY ?i } { SELECT * { ?m ?n '}' } } "
        "VALUES (?o ?q) { (1 2) } GRAPH ?r { ?s ?t <<( ?u ?v ?w )>> } } }",
        [*"hikmnoqrstuvw"], 1,
    ),
    "letters of it": (f"SELECT * {{ {ELSEWHERE} {{ ?service ?b 'service' # service\n }} }}", ["service", "b"], 1),
    "a name": ("PREFIX evil: <https://evil.org/> SELECT * { SERVICE SILENT evil: { ?a ?b 1 } }", ["a", "b"], 1),
}  # fmt: skip


@pytest.mark.parametrize("what", SILENT)
def test_a_silent_call_that_is_not_allowed_has_one_empty_solution(what: str, store: ox.Store) -> None:
    text, variables, count = SILENT[what]
    read = read_query(EX + text, services=[ALLOWED])
    found = store.query(read.text)
    assert isinstance(found, ox.QuerySolutions)
    assert sorted(each.value for each in found.variables) == sorted(variables)
    assert len(list(found)) == count
    assert read.services == ()


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("{ ?a ?b }", "cannot stand here"), ("{ ?a x:b ?c }", "x: is not declared"), ("?a ?b ?c", "a brace { must"),
        ("{ ?a ?b ?c", "never closed"), ("", "a brace { must"), ("{ ?a ?b ?c ) }", "does not close"),
    ],
)  # fmt: skip
def test_a_silent_call_is_read_although_nobody_is_asked(pattern: str, problem: str) -> None:
    with pytest.raises(QuerySyntaxError, match=problem):
        read_query(f"SELECT * {{ {ELSEWHERE} {pattern} }}", services=[ALLOWED])


def test_another_service_may_have_other_functions() -> None:
    text = f"PREFIX x: <y:> ASK {{ SERVICE <{ALLOWED}> {{ ?s ?p ?o {{ BIND(x:f(?o) AS ?v) }} }} FILTER(x:g(1)) }}"
    with pytest.raises(QuerySyntaxError, match="no function <y:g>"):
        read_query(text, services=[ALLOWED])
    assert read_query(text.replace("FILTER(x:g(1))", ""), services=[ALLOWED]).functions == ("y:f",)


NAMED_TWICE = {
    "an aggregate": ("SELECT (COUNT(?v) AS ?n) (?n + 1 AS ?m) { VALUES ?v { 1 2 3 } }", ["3 4"]),
    "names of names": ("SELECT (SUM(?v) AS ?n) (?n + 1 AS ?m) (?m * ?n AS ?k) { VALUES ?v { 1 2 3 } }", ["6 7 42"]),
    "groups": (
        "SELECT ?v (COUNT(*) AS ?n) (CONCAT(STR(?n), '!') AS ?m) { VALUES ?v { 1 1 2 } } GROUP BY ?v ORDER BY ?m",
        ["2 1 1!", "1 2 2!"],
    ),
    "groups without an aggregate": (
        "SELECT (?v AS ?w) (?w + 1 AS ?x) { VALUES ?v { 1 1 2 } } GROUP BY ?v ORDER BY ?x", ["1 2", "2 3"]
    ),
    "in a subquery": ("SELECT ?m { { SELECT (COUNT(*) AS ?n) (?n + 1 AS ?m) { VALUES ?v { 1 } } } }", ["2"]),
    "an error": ("SELECT (SUM(?v) AS ?n) (COALESCE(?n, 'no') AS ?m) { VALUES ?v { 'a' } }", [" no"]),
    "an aggregate of its own": ("SELECT (MAX(?v) AS ?n) (SUM(?v + ?v) + ?n AS ?m) { VALUES ?v { 1 2 } }", ["2 8"]),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED_TWICE)
def test_a_name_that_a_select_clause_gives_can_be_used_in_it(what: str, store: ox.Store) -> None:
    text, rows = NAMED_TWICE[what]
    found = store.query(read_query(text).text)
    assert isinstance(found, ox.QuerySolutions)
    assert [" ".join("" if term is None else term.value for term in row) for row in found] == rows


GROUPED = {
    "true": ("ASK { VALUES ?v { 1 1 2 } } GROUP BY ?v HAVING (COUNT(*) > 1)", True),
    "false": ("ASK { VALUES ?v { 1 1 2 } } GROUP BY ?v HAVING (COUNT(*) > 2)", False),
    "one group": ("ASK WHERE { VALUES ?v { 1 1 2 } } HAVING (SUM(?v) = 4)", True),
    "ordered": ("ASK { VALUES ?v { 1 1 2 } } GROUP BY ?v ORDER BY COUNT(*) LIMIT 1 OFFSET 2 # no more", False),
    "triples": ("CONSTRUCT { [] ex:v ?v ; ex:w ?w } { VALUES ?v { 1 1 2 } } GROUP BY ?v (?v + 1 AS ?w)", 4),
    "things": ("DESCRIBE ?s { ?s ex:p ?o } GROUP BY ?s HAVING (COUNT(*) > 3)", 9),
    "all things": ("DESCRIBE * WHERE { ?s ex:p ?o } GROUP BY ?s HAVING (COUNT(*) > 3)", 9),
}  # fmt: skip


@pytest.mark.parametrize("what", GROUPED)
def test_every_form_can_group(what: str, store: ox.Store) -> None:
    text, expected = GROUPED[what]
    found = store.query(read_query(EX + text).text)
    assert (bool(found) if isinstance(found, ox.QueryBoolean) else len(list(found))) == expected


REPEATED = {
    "SELECT DISTINCT ?v $w ?v { { SELECT ?w ?w ?v { VALUES (?v ?w) { (1 2) } } } }": ["v", "w"],
    "SELECT?v?v{VALUES?v{1}}": ["v"],
    "SELECT $v ?v$v{VALUES?v{1}}": ["v"],
    "SELECT(1 AS ?a)?v ?v{VALUES?v{1}}": ["a", "v"],
    "SELECT ?v (?v AS ?a) ?v (1AS ?b) ?v {VALUES?v{1}}": ["v", "a", "b"],
    "SELECT ?v#{\n?v {VALUES?v{1}}": ["v"],
    "SELECT#{ ?v\nDISTINCT#\n?v#\n?v {VALUES?v{1}}": ["v"],
    "SELECT(EXISTS{SELECT?x?x{}}AS?a)?v?v{VALUES?v{1}}": ["a", "v"],
    "SELECT('{'AS?a)?v?v{VALUES?v{1}}": ["a", "v"],
    "SELECT*{?v a 1SELECT?v?v{VALUES?v{1}}}": None,
    "ASK{{SELECT?\u200c?\u200c{}}}": None,
    "SELECT (COUNT(*)+1AS ?a)(?a+1AS ?b){VALUES?v{1}}": ["a", "b"],
}  # fmt: skip


@pytest.mark.parametrize("text", REPEATED)
def test_a_variable_that_is_selected_twice_is_selected_once(text: str, store: ox.Store) -> None:
    read = read_query(text)
    assert read_query(read.normalised).normalised == read.normalised
    if (names := REPEATED[text]) is not None:
        found = store.query(read.text)
        assert isinstance(found, ox.QuerySolutions)
        assert [each.value for each in found.variables] == names
        assert len(list(found)) == 1


@pytest.mark.parametrize("text", ["SELECT(1 AS?v)?v{}", "SELECT?v(1 AS?v){}", "SELECT(1 AS?v)(2 AS?v){}"])
def test_a_name_that_is_given_to_what_is_selected_already_is_left_to_the_engine(text: str, store: ox.Store) -> None:
    with pytest.raises(SyntaxError, match="Duplicated variable name"):
        store.query(read_query(text).text)


def test_joined_texts_have_no_language(store: ox.Store) -> None:
    text = (
        "SELECT (GROUP_CONCAT(DISTINCT ?v ; SEPARATOR = '+') AS ?n) (GROUP_CONCAT(?v) AS ?m) { VALUES ?v { 'a'@en } }"
    )
    found = store.query(read_query(text).text)
    assert isinstance(found, ox.QuerySolutions)
    assert [tuple(row) for row in found] == [(ox.Literal("a"), ox.Literal("a"))]


def test_names_of_names_grow_within_bounds() -> None:
    names = " ".join(f"(?v{n} + ?v{n} AS ?v{n + 1})" for n in range(60))
    assert len(read_query(f"SELECT (COUNT(*) AS ?v0) {names} {{}}").text) < 1_000_000


def test_a_name_that_is_used_again_and_again_is_left_to_the_engine() -> None:
    names = " ".join(f"(?v{n} + ?v{n} AS ?v{n + 1})" for n in range(10))
    text = f"SELECT (COUNT(*) AS ?v0) {names} {' '.join(f'(?v10 AS ?w{n})' for n in range(500))} {{}}"
    assert read_query(text).text == text


def test_names_are_used_again_in_a_long_query(store: ox.Store) -> None:
    values = " ".join(map(str, range(6_000)))
    read = read_query(f"SELECT (COUNT(*) AS ?n) (?n + 1 AS ?m) {{ VALUES ?v {{ {values} }} }}")
    found = store.query(read.text)
    assert isinstance(found, ox.QuerySolutions)
    assert [[each.value for each in row] for row in found] == [["6000", "6001"]]


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
@example("SELECT?0?0")
@example("SELECT(1 AS ?a)?x ?x")
@example("SELECT#{\n?x#\n?x")
@example("$x ?x } SELECT$x?x")
@example("{SELECT?x(EXISTS{SELECT$x?x{}}AS?y)?x{}}")
@example("1SELECT?x?x")
@example("SELECT(1COUNT(*)1AS?x)(?x+1AS?y){}")
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
