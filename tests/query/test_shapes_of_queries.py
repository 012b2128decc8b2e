"""Shapes: a query of a known shape is read as the guard reads it, and nothing else is known."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import HamkorError
from graph.query.embedded import RewrittenShapes, as_meant
from graph.query.short_cuts import QueryShapes
from graph.query.sparql.guard import ReadQuery, read_query
from graph.query.sparql.tokens import CONSTANT, LONGEST_SHAPED
from tests.query.query_material import LEGAL, texts
from tests.query.sparql_suites import cases

IRI = "<https://e.org/a>"
KNOWN = {
    "an IRI": ("SELECT * { <https://e.org/a> ?p ?o . ?o ?q ?r }", "SELECT * { <urn:x:Олтин> ?p ?o . ?o ?q ?r }"),
    "a string": ('SELECT * { ?s ?p "a" }', 'SELECT * { ?s ?p "Oʻzbekiston } # {" }'),
    "a literal": ('ASK { ?s ?p "1"^^<urn:a:b> , "a"@en }', 'ASK { ?s ?p "2"^^<urn:c:d> , "b"@en }'),
    "a prefix": ("PREFIX e: <urn:a:> SELECT * { e:s ?p ?o, ?q }", "PREFIX e: <urn:b:> SELECT * { e:s ?p ?o, ?q }"),
    "a graph": ("SELECT * { GRAPH <urn:a:b> { ?s ?p ?o } }", "SELECT * { GRAPH <urn:c:d> { ?s ?p ?o } }"),
    "a number": ("SELECT * { ?s ?p 5 FILTER(?o > 7) } LIMIT 1", "SELECT * { ?s ?p 50 FILTER(?o > 0) } LIMIT 999"),
    "numbers in lists": (
        "ASK { VALUES ?s { 1 2 } ?s ?p (3 4), [ ?q 5 ] }",
        "ASK { VALUES ?s { 6 7 } ?s ?p (8 9), [ ?q 0 ] }",
    ),
    "a number in a name": ("SELECT ?x1 { ?x1 <urn:a:1> 1 }", "SELECT ?x1 { ?x1 <urn:a:2> 2 }"),
    "a comment": ("SELECT * { ?s ?p <urn:a:b> } # all of it", "SELECT * { ?s ?p <urn:c:d> } # all of it"),
    "a comparison": ('ASK { ?s ?p ?o FILTER(?o<"a"&&"b">?o) }', 'ASK { ?s ?p ?o FILTER(?o<"c"&&"d">?o) }'),
}
NEVER = {
    "a function": ("SELECT (<http://www.w3.org/2001/XMLSchema#date>(?o) AS ?x) { ?s ?p ?o }",
                   "SELECT (<http://www.w3.org/2001/XMLSchema#time>(?o) AS ?x) { ?s ?p ?o }"),
    "a dataset": ("SELECT * FROM <urn:a:b> { ?s ?p ?o }", "SELECT * FROM <urn:c:d> { ?s ?p ?o }"),
    "a constant in a comment": ("SELECT * { ?s ?p <urn:a:b> } # <urn:a:c>", "SELECT * { ?s ?p <urn:a:d> } # <urn:a:e>"),
    "a number in a comment": ("ASK { ?s ?p ?o FILTER(?o=5) } # 5 ", "ASK { ?s ?p ?o FILTER(?o=5) } # 6 "),
    "a number beside a sign": ("ASK { ?s ?p ?o FILTER(?o=5) }", "ASK { ?s ?p ?o FILTER(?o=6) }"),
    "a single quotation mark": ("SELECT * { ?s ?p 'a' , <urn:a:b> }", "SELECT * { ?s ?p 'a' , <urn:a:c> }"),
    "an escape": ('SELECT * { ?s ?p "\\n" , "a" }', 'SELECT * { ?s ?p "\\n" , "b" }'),
    "three quotation marks": ('SELECT * { ?s ?p """a""" , "a" }', 'SELECT * { ?s ?p """a""" , "b" }'),
    "a great length": (f'ASK {{ ?s ?p "{"b" * LONGEST_SHAPED}" }}', f'ASK {{ ?s ?p "{"c" * LONGEST_SHAPED}" }}'),
    "the letters of service": ('SELECT * { ?s ?p "service" }', 'SELECT * { ?s ?p "services" }'),
}  # fmt: skip
#: What constants are changed for in generated tests; some hold signs that mean something elsewhere.
IRIS = st.from_regex(re.compile(r"<[a-z]+:[A-Za-z0-9/#?=&%().,;:*+@!$~_\[\]-]{0,12}>"), fullmatch=True)
STRINGS = st.text(st.characters(exclude_characters='"\\\r\n\x00', exclude_categories=["Cs"]), max_size=9).map(
    '"{}"'.format
)

NUMBERS = st.from_regex(re.compile(r"[0-9]{1,3}"), fullmatch=True)


class Counting:
    """The guard, counting how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, text: str) -> ReadQuery:
        self.asked += 1
        return read_query(text)


def outcome(text: str, shapes: QueryShapes | None = None) -> ReadQuery | str:
    try:
        return shapes.read(text, read_query) if shapes else read_query(text)
    except HamkorError as error:
        return str(error)


@pytest.mark.parametrize(("one", "other"), KNOWN.values(), ids=KNOWN)
def test_another_query_of_a_shape_is_read_without_the_guard(one: str, other: str) -> None:
    shapes, guard = QueryShapes(), Counting()
    assert shapes.read(one, guard.read) == read_query(one)
    assert shapes.read(other, guard.read) == read_query(other)
    assert guard.asked == 1


@pytest.mark.parametrize(("one", "other"), NEVER.values(), ids=NEVER)
def test_what_depends_on_its_constants_is_the_guard_s_every_time(one: str, other: str) -> None:
    shapes, guard = QueryShapes(), Counting()
    for query in (one, other, one):
        assert shapes.read(query, guard.read) == read_query(query)
    assert guard.asked == 3


def test_what_the_guard_refuses_is_refused_every_time() -> None:
    shapes = QueryShapes()
    assert [outcome("SELECT * { <urn:a:b> }}", shapes) for _ in range(2)] == [outcome("SELECT * { <urn:a:b> }}")] * 2


def test_a_service_of_a_known_shape_is_refused() -> None:
    shapes = QueryShapes()
    shapes.read(f"SELECT * {{ {IRI} ?p ?o . ?s ?q ?r }}", read_query)
    refused = f"SELECT * {{ SERVICE {IRI} {{ ?s ?q ?r }} }}"
    assert outcome(refused, shapes) == outcome(refused) != ""


@settings(max_examples=400, deadline=None)
@given(st.data(), st.one_of(st.sampled_from(LEGAL), texts))
def test_with_any_other_constants_a_query_is_read_as_the_guard_reads_it(data: st.DataObject, query: str) -> None:
    shapes = QueryShapes()
    assert outcome(query, shapes) == outcome(query)

    def changed(found: re.Match[str]) -> str:
        return str(data.draw({"<": IRIS, '"': STRINGS}.get(found[0][0], NUMBERS)))

    other = CONSTANT.sub(changed, query)
    assert outcome(other, shapes) == outcome(other)


# What a worker writes for the engine.

GRAPHS = ["urn:g:1", "urn:g:2"]
WRITTEN = {
    "an order": ('SELECT * { ?s ?p 1, "a" } ORDER BY (?s > <urn:a:b>) LIMIT 5',
                 'SELECT * { ?s ?p 20, "b" } ORDER BY (?s > <urn:c:d>) LIMIT 6'),
    "alternatives": ("ASK { <urn:a:a> <urn:p:p>|<urn:q:q> 7 }", "ASK { <urn:b:b> <urn:q:q>|<urn:q:q> 87420319 }"),
    "no step": ("ASK { <urn:a:a> <urn:p:p>* 7 }", "ASK { 8 <urn:q:q>* <urn:c:c> }"),
    "every graph": ("SELECT * { GRAPH ?g { FILTER(1 < 2) } }", "SELECT * { GRAPH ?g { FILTER(3 < 4) } }"),
    "a mark of ours": ("SELECT ?x87420319 { ?s ?p 1 } ORDER BY ?s", "SELECT ?x87420319 { ?s ?p 2 } ORDER BY ?s"),
    "a constant like a mark": ("ASK { ?s ?p 1 } ORDER BY ?s", "ASK { ?s ?p 874203190000 } ORDER BY ?s"),
    "a star in a string": ('ASK { ?s ?p " a* ORDER " }', 'ASK { ?s ?p "" }'),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), WRITTEN.values(), ids=WRITTEN)
def test_a_query_of_a_known_shape_is_written_for_the_engine_as_by_its_tree(one: str, other: str) -> None:
    known = RewrittenShapes()
    for query in (one, other, one):
        assert known.as_meant(query, lambda: GRAPHS) == as_meant(query, lambda: GRAPHS)


def test_every_query_of_the_suites_is_written_so_with_other_constants() -> None:
    known = RewrittenShapes()
    texts = {case.query.read_bytes().decode() for case in cases().values()}
    for query in sorted(texts):
        others = {"<": "<urn:other:1>", '"': '"other # {"'}
        for each in (query, CONSTANT.sub(lambda found: others.get(found[0][0], "42"), query)):  # noqa: B023
            assert known.as_meant(each, lambda: GRAPHS) == as_meant(each, lambda: GRAPHS)
