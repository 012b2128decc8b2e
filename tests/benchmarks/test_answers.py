"""Answers of servers compared: what counts as the same answer, and what does not."""

from __future__ import annotations

import json

import pytest

from benchmarks.answers import UnreadableError, difference, solutions, triples

XSD = "http://www.w3.org/2001/XMLSchema#"


def select(*terms: dict[str, str]) -> bytes:
    rows = [{"x": term} for term in terms]
    return json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": rows}}).encode()


def literal(value: str, datatype: str = "", language: str = "") -> dict[str, str]:
    more = {"datatype": XSD + datatype} if datatype else {"xml:lang": language} if language else {}
    return {"type": "literal", "value": value, **more}


IRI = {"type": "uri", "value": "https://example.org/a"}

SAME = {
    "numbers of another lexical form": (select(literal("5", "integer")), select(literal("05.0", "decimal"))),
    "numbers of a derived type": (select(literal("5", "nonNegativeInteger")), select(literal("5", "integer"))),
    "doubles of another lexical form": (select(literal("1.5E0", "double")), select(literal("1.5", "double"))),
    "xsd:string written out": (select(literal("a")), select(literal("a", "string"))),
    "the older name for a typed literal": (
        select(literal("5", "integer")),
        select(literal("5", "integer") | {"type": "typed-literal"}),
    ),
    "a language tag of another case": (
        select(literal("a", language="uz-Latn")),
        select(literal("a", language="uz-latn")),
    ),
    "rows in another order": (select(IRI, literal("a")), select(literal("a"), IRI)),
    "blank nodes of other names": (select({"type": "bnode", "value": "a"}), select({"type": "bnode", "value": "b"})),
}

DIFFERENT = {
    "a missing row": (select(IRI, literal("a")), select(IRI)),
    "a row twice": (select(IRI), select(IRI, IRI)),
    "another value": (select(literal("5", "integer")), select(literal("6", "integer"))),
    "an IRI and a text": (select(IRI), select(literal(IRI["value"]))),
    "another language": (select(literal("a", language="en")), select(literal("a", language="ru"))),
    "a date as a text": (select(literal("2014-11-25", "date")), select(literal("2014-11-25"))),
    "no value and an empty text": (b'{"head": {"vars": ["x"]}, "results": {"bindings": [{}]}}', select(literal(""))),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_is_the_same_answer(one: bytes, other: bytes) -> None:
    assert difference(solutions(one), solutions(other)) == ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_is_another_answer(one: bytes, other: bytes) -> None:
    assert difference(solutions(one), solutions(other)) != ""


def test_a_graph_is_a_set_of_triples() -> None:
    line = b'<https://example.org/a> <https://example.org/b> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    assert difference(triples(line), triples(line + line.replace(b'"5"', b'"05"'))) == ""


@pytest.mark.parametrize("body", [b"", b"{}", b'{"results": {"bindings": [{"x"', b"[]", select(IRI)[:-1]])
def test_half_an_answer_is_none(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        solutions(body)
