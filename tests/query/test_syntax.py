"""Where a query departs from SPARQL: line, column and token, in what the client wrote."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from query_material import LEGAL

from graph.model.errors import QuerySyntaxError
from graph.query.embedded import syntax_error
from graph.query.sparql.guard import read_query
from graph.query.sparql.tokens import TextEdit, escapes_resolved, line_and_column, offset_at, revised, tokens
from graph.query.sparql.tree import departure


@pytest.mark.parametrize("query", LEGAL)
def test_the_grammar_accepts_every_legal_query(query: str) -> None:
    assert departure(tokens(escapes_resolved(query).text)) is None


@pytest.mark.parametrize(
    ("query", "line", "column", "token", "problem"),
    [
        ("SELECT * { ?s ?p }", 1, 18, "}", "expected: (, "),
        ("SELECT * {\n  ?s ?p ?o .\n  . }", 3, 3, ".", "cannot stand here"),
        ("SELECT { ?s ?p ?o }", 1, 8, "{", "a variable"),
        ("SELECT ?s WHERE ?s ?p ?o", 1, 17, "?s", "expected: {"),
        ("SELECT COUNT(*) {}", 1, 8, "COUNT", "cannot stand here"),
        ("SELECT (COUNT(*) as) {}", 1, 20, ")", "expected: a variable"),
        ("ASK { FILTER(1 +) }", 1, 17, ")", "cannot stand here"),
        ("ASK { FILTER ?x }", 1, 14, "?x", "cannot stand here"),
        ("ASK { ?s ?p 'é日𐀀' ! }", 1, 19, "!", "cannot stand here"),
        ("ASK { # é\r\n ?s ?p 'é' 5 }", 2, 12, "5", "cannot stand here"),
        ("SELECT * {} LIMIT -1", 1, 19, "-1", "expected: an integer"),
        ("SELECT * {} LIMIT", 1, 18, "", "not complete"),
        ("SELECT * {} LIMIT 1 LIMIT 2", 1, 21, "LIMIT", "the end of the query"),
        ("SELECT * {} ORDER BY DESC ?s", 1, 27, "?s", "expected: ("),
        ("ASK { FILTER(STR(1, 2) = '') }", 1, 19, ",", "expected: )"),
        ("ASK { FILTER(NOW(1) = '') }", 1, 17, "(", "cannot stand here"),
        ("ASK { ?s ?p <<( ?s ?p ?o ) }", 1, 26, ")", "does not close"),
        ("ASK { 'service' 'service' ?o }", 1, 17, "'service'", "cannot stand here"),
        ("ASK { ?s ?p '\\u0041' ! }", 1, 22, "!", "cannot stand here"),
        ("SELECT (COUNT(*) AS ?n) (?n + 1 AS ?m) { ?s ?p ! }", 1, 48, "!", "cannot stand here"),
        ("ASK { <a> ?p ?o }", 1, 7, "<a>", "no absolute IRI"),
        ("ASK { <http://[/> ?p ?o }", 1, 7, "<http://[/>", "no absolute IRI"),
        ("PREFIX e: <http://h:> ASK { ?s ?p e:x }", 1, 35, "e:x", "<http://h:x>"),
        ("ASK { ?s ?p 'x'@abcdefghijkl }", 1, 16, "@abcdefghijkl", "language tag"),
        ("ASK { ?s ?p 'x'@en--up }", 1, 16, "@en--up", "ltr or rtl"),
        ("SELECT (1 AS ?x) ?x { ?y ?p ?o }", 1, 33, "", "Duplicated variable name in SELECT"),
        ("SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o }", 1, 40, "", "a variable that is unbound"),
    ],
)
def test_an_error_names_its_place(query: str, line: int, column: int, token: str, problem: str) -> None:
    found = refusal(query)
    assert problem in found.problem
    assert (found.line, found.column, found.token) == (line, column, token)


def refusal(query: str) -> QuerySyntaxError:
    """The error in which the guard ends, or else the engine."""
    try:
        read = read_query(query)
    except QuerySyntaxError as error:
        return error
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(read.text)
    return syntax_error(caught.value, read)


def test_a_message_of_another_form_is_passed_on() -> None:
    assert "odd" in str(syntax_error(SyntaxError("odd"), read_query("ASK {}")))


def test_the_way_back_from_a_rewritten_text() -> None:
    revision = revised("one two three", [TextEdit(0, 3, "1"), TextEdit(4, 7, ""), TextEdit(13, 13, "!")])
    assert revision.text == "1  three!"
    assert [revision.origin(offset) for offset in range(9)] == [0, 3, 7, 8, 9, 10, 11, 12, 13]


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (1, (1, 2)), (3, (2, 1)), (4, (3, 1)), (5, (3, 2)), (6, (3, 3))]
)
def test_lines_and_columns_count_characters(offset: int, place: tuple[int, int]) -> None:
    text = "aé\n\n𐀀b"
    assert line_and_column(text, offset) == place
    assert offset_at(text, *place) == offset
