"""The tokenizer: terminals by longest match, nothing lost, no text that hangs it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from query_material import LEGAL, texts

from graph.model.errors import QuerySyntaxError
from graph.query.sparql.tokens import TokenKind, escapes_resolved, tokens

SKIPPED = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*(?=[\r\n]|\Z))*")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("?a $b ?1", ["VARIABLE ?a", "VARIABLE $b", "VARIABLE ?1"]),
        ("<http://a/#b>#c", ["IRI <http://a/#b>"]),
        ("<a b>", ["OPERATOR <", "WORD a", "ERROR"]),
        ("?a<?b", ["VARIABLE ?a", "OPERATOR <", "VARIABLE ?b"]),
        (
            "?a<?b&&?c>?d",
            ["VARIABLE ?a", "OPERATOR <", "VARIABLE ?b", "OPERATOR &&", "VARIABLE ?c", "OPERATOR >", "VARIABLE ?d"],
        ),
        ("5<=?b,?c>", ["NUMBER 5", "OPERATOR <=", "VARIABLE ?b", "OPERATOR ,", "VARIABLE ?c", "OPERATOR >"]),
        (
            "?s <?b&&?c> ?o",
            ["VARIABLE ?s", "OPERATOR <", "VARIABLE ?b", "OPERATOR &&", "VARIABLE ?c", "OPERATOR >", "VARIABLE ?o"],
        ),
        ("{<?b&&?c>", ["OPERATOR {", "IRI <?b&&?c>"]),
        ("'a' \"b\" '' \"\"", ["STRING 'a'", 'STRING "b"', "STRING ''", 'STRING ""']),
        ("'''a'b''c'''", ["STRING '''a'b''c'''"]),
        ('"""a""""', ['STRING """a"""', "ERROR"]),
        ('"a\\"b"', ['STRING "a\\"b"']),
        ('"a\\z"', ["ERROR"]),
        ('"a\nb"', ["ERROR"]),
        ("ex:a.b.c. :x", ["PREFIXED_NAME ex:a.b.c", "OPERATOR .", "PREFIXED_NAME :x"]),
        ("ex:a\\,b%4A ex:", ["PREFIXED_NAME ex:a\\,b%4A", "PREFIXED_NAME ex:"]),
        ("e.x:a e.:b", ["PREFIXED_NAME e.x:a", "ERROR"]),
        ("_:b.1. _:2", ["BLANK_NODE _:b.1", "OPERATOR .", "BLANK_NODE _:2"]),
        ("'x'@en-GB--ltr", ["STRING 'x'", "LANGUAGE @en-GB--ltr"]),
        (
            "1 1.5 .5 1e3 1.e3 -1 +.5e-1 5.",
            [*(f"NUMBER {n}" for n in ("1", "1.5", ".5", "1e3", "1.e3", "-1", "+.5e-1", "5")), "OPERATOR ."],
        ),
        ("LIMIT10", ["WORD LIMIT", "NUMBER 10"]),
        ("true.FILTER", ["WORD true", "OPERATOR .", "WORD FILTER"]),
        ("sha256(SHA1", ["WORD sha256", "OPERATOR (", "WORD SHA1"]),
        ("GROUP_CONCAT a A", ["WORD GROUP_CONCAT", "WORD a", "ERROR"]),
        ("SERVICESILENT", ["ERROR"]),
        ("\u017fERVICE", ["ERROR"]),
        (
            "<<(?a)>><<?b>>{|?c|}~",
            [
                "OPERATOR <<(",
                "VARIABLE ?a",
                "OPERATOR )>>",
                "OPERATOR <<",
                "VARIABLE ?b",
                "OPERATOR >>",
                "OPERATOR {|",
                "VARIABLE ?c",
                "OPERATOR |}",
                "OPERATOR ~",
            ],
        ),
        ("ex:p? ex:q?x", ["PREFIXED_NAME ex:p", "OPERATOR ?", "PREFIXED_NAME ex:q", "VARIABLE ?x"]),
        ("# only a comment", []),
        ("# a\r?x", ["VARIABLE ?x"]),
    ],
)
def test_terminals(text: str, expected: list[str]) -> None:
    assert _until_error(text) == expected


def _until_error(text: str) -> list[str]:
    found = []
    try:
        for token in tokens(text):
            found.append(f"{token.kind.name} {token.text}")
    except QuerySyntaxError:
        found.append("ERROR")
    return found


@given(texts)
@settings(max_examples=600)
def test_tokens_and_what_lies_between_them_are_the_text(text: str) -> None:
    end = 0
    try:
        for token in tokens(text):
            assert SKIPPED.fullmatch(text, end, token.start)
            assert text[token.start : token.end] == token.text
            end = token.end
    except QuerySyntaxError:
        end = len(text)
    assert SKIPPED.fullmatch(text, end)


@pytest.mark.parametrize("query", LEGAL)
def test_every_legal_query_has_tokens(query: str) -> None:
    assert TokenKind.ERROR not in {token.kind for token in tokens(escapes_resolved(query).text)}


@pytest.mark.parametrize(
    "text",
    [
        *("a." * 200_000, "a-" * 200_000, "<a" * 200_000, "<" * 400_000, "true.a." * 60_000, "é." * 200_000),
        *('"""' + "a" * 400_000, '"' * 400_000, "''" * 200_000, '"' + "\\n" * 200_000, "?a<?b,?c>" * 50_000),
        *(":a" + "." * 400_000, ":%4" * 120_000, "@a-" * 120_000, "1." * 200_000, "1" * 400_000, "_:a." * 100_000),
    ],
    ids=lambda text: text[:9],
)
def test_a_hostile_text_takes_linear_time(text: str) -> None:
    def seconds(part: str) -> float:
        start = time.process_time()
        _until_error(part)
        return time.process_time() - start

    assert seconds(text) < 30 * max(seconds(text[: len(text) // 8]), 0.02)
