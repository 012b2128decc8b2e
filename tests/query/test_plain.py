"""Plain queries: what is one, what is not, and that the short reading says what the long one says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import HamkorError
from graph.query.sparql.guard import LONGEST, PLAIN, PLAIN_TOKENS, read_plain, read_query

A = "<https://e.org/a>"
PLAINS = [
    f"SELECT ?p ?o WHERE {{ {A} ?p ?o }}",
    f"SELECT ?p?o WHERE {{ {A} ?p ?o }}".replace("?p?o", "?p\n\t?o"),
    f"  SELECT DISTINCT * {{{A} a ?type}}\r\n",
    f"SELECT * WHERE{{ {A} ?p ?o . }} LIMIT 10",
    f"ASK {{ {A} <https://e.org/p> <urn:x:1> }}",
    f"ASK WHERE {{ {A} ?p ?p }}",
    f"DESCRIBE {A}",
    "DESCRIBE <https://e.org/%D0%9E?x=1#y>",
]
OTHERS = {
    "a prefix": f"PREFIX e: <https://e.org/> SELECT * {{ {A} e:p ?o }}",
    "a comment": f"SELECT * {{ {A} ?p ?o }} # all",
    "a literal": f'SELECT * {{ {A} ?p "o" }}',
    "a number": f"SELECT * {{ {A} ?p 1 }}",
    "a relative IRI": "SELECT * { <a> ?p ?o }",
    "an escape": "SELECT * { <https://e.org/\\u0061> ?p ?o }",
    "an IRI in Cyrillic": "SELECT * { <https://e.org/Олтин> ?p ?o }",
    "small letters": f"select * {{ {A} ?p ?o }}",
    "two patterns": f"SELECT * {{ {A} ?p ?o . ?o ?p ?q }}",
    "a service": f"SELECT * {{ SERVICE {A} {{ {A} ?p ?o }} }}",
    "the letters of service": "SELECT * { <https://e.org/service> ?p ?o }",
    "a dataset": f"SELECT * FROM {A} {{ {A} ?p ?o }}",
    "a graph": f"SELECT * {{ GRAPH {A} {{ {A} ?p ?o }} }}",
    "a path": f"SELECT * {{ {A} <https://e.org/p>+ ?o }}",
    "a subject that varies": "SELECT * { ?s ?p ?o }",
    "two descriptions": f"DESCRIBE {A} {A}",
    "a great length": f"SELECT * {{ <https://e.org/{'a' * LONGEST}> ?p ?o }}",
    "an update": f"CLEAR GRAPH {A}",
}
BLANKS = st.text(" \t\r\n", min_size=1, max_size=3)
TERMS = st.sampled_from([A, "<urn:x:(y)>", "<http://e.org/?q=1&r=[2]#f>", "?x", "?long_name1", "a"])
NAMES = st.lists(st.sampled_from(["?x", "?y", "?_z"]), min_size=1, max_size=3).map(" ".join)


@st.composite
def nearly_plain(draw: st.DrawFn) -> str:
    """Texts of the shape of a plain query, or next to it, with any white space."""
    head = draw(st.sampled_from(["SELECT", "SELECT DISTINCT", "ASK", "DESCRIBE"]))
    chosen = draw(st.one_of(NAMES, st.just("*"))) if head.startswith("SELECT") else ""
    body = f"{{ {draw(TERMS)} {draw(TERMS)} {draw(TERMS)} {draw(st.sampled_from(['', '.']))} }}"
    words = f"{head} {chosen} {draw(st.sampled_from(['', 'WHERE']))} {body} {draw(st.sampled_from(['', 'LIMIT 5']))}"
    words = draw(TERMS).join((f"{head} ", "")) if head == "DESCRIBE" else words
    return "".join(word + draw(BLANKS) for word in words.split())


@pytest.mark.parametrize("query", PLAINS)
def test_a_plain_query_is_read_at_once(query: str) -> None:
    assert read_plain(query)


@pytest.mark.parametrize("query", OTHERS.values(), ids=OTHERS)
def test_whatever_else_is_the_guard_s(query: str) -> None:
    assert read_plain(query) is None


@pytest.mark.parametrize("query", PLAINS)
def test_the_short_reading_is_the_long_one(query: str) -> None:
    assert read_query(query) == read_query(query, max_tokens=PLAIN_TOKENS - 1)


@settings(max_examples=300, deadline=None)
@given(st.one_of(nearly_plain(), st.from_regex(PLAIN, fullmatch=True)))
def test_any_text_that_is_read_at_once_is_read_so_at_length(query: str) -> None:
    if read_plain(query) is None:
        return
    try:
        at_length = read_query(query, max_tokens=PLAIN_TOKENS - 1)
    except HamkorError as error:
        pytest.fail(f"the guard refuses it: {error}")
    assert read_query(query) == at_length
