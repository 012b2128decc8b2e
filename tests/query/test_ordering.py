"""ORDER BY over whatever stands in data: numbers by value, texts by letters, moments by time, and never an abort."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_material import read_tree

from graph.model.errors import QuerySyntaxError
from graph.model.formats import RESULTS_TSV, TURTLE
from graph.model.rdf_terms import XSD
from graph.query.embedded import evaluate
from graph.query.engine import QueryForm, QueryRequest
from graph.query.sparql.ordering import in_order, sortable

NUMBERS = [
    ("integer", "2"), ("integer", "3"), ("integer", "11"), ("integer", "100982"), ("integer", "-5"), ("decimal", "2.4"),
    ("double", "2.5"), ("double", "1e3"), ("float", "0.5"), ("double", "9007199254740992"),
    ("integer", "9007199254740993"), ("integer", "18446744073709551615"), ("unsignedLong", "18446744073709551614"),
    ("integer", "12345678901234567890123456"), ("integer", "12345678901234567890123457"), ("integer", "-1" + "0" * 25),
    ("decimal", "-100000000000000000000000000.5"), ("double", "1e300"), ("integer", "7" * 400),
]  # fmt: skip
INFINITE = [
    ox.Literal("INF", datatype=ox.NamedNode(f"{XSD}double")),
    ox.Literal("-INF", datatype=ox.NamedNode(f"{XSD}float")),
]
TEXTS = [
    ox.Literal("a"),
    ox.Literal("10"),
    ox.Literal("9"),
    ox.Literal("b", language="en"),
    ox.Literal("ы", language="ru"),
]
IN_TURN = [
    [("date", "2009-01-01"), ("date", "2009-12-30-11:00"), ("date", "2010-01-01"), ("date", "2010-01-03+05:00")],
    [("dateTime", "2010-01-01T00:00:00+05:00"), ("dateTime", "2010-01-01T00:00:00Z"),
     ("dateTime", "2010-01-02T00:00:00")],
    [("gYearMonth", "2009-05"), ("gYearMonth", "2010-01+05:00"), ("gYearMonth", "2010-02"), ("gYearMonth", "12010-01")],
    [("time", "09:00:00+05:00"), ("time", "05:00:00Z"), ("time", "23:00:00")],
    [("duration", "-P1M"), ("dayTimeDuration", "PT1S"), ("duration", "P20D"), ("yearMonthDuration", "P1Y")],
    [("boolean", "false"), ("boolean", "true")],
]  # fmt: skip
ODD = [("integer", "x"), ("integer", ""), ("date", "2014-02-30"), ("double", "NaN"), ("gYear", "15"), ("time", "25:00")]
TERMS = [ox.NamedNode("http://x/i"), ox.NamedNode("http://x/h")]


def typed(name: str, text: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(f"{XSD}{name}"))


VALUES = [
    *(typed(*each) for each in (*NUMBERS, *ODD, *(each for turn in IN_TURN for each in turn))),
    *TEXTS,
    *TERMS,
    *INFINITE,
]


def stored(values: list[ox.Literal | ox.NamedNode]) -> ox.Store:
    store = ox.Store()
    for number, value in enumerate(values):
        store.add(ox.Quad(ox.NamedNode(f"http://x/s{number}"), ox.NamedNode("http://x/p"), value))
    return store


def asked(text: str, store: ox.Store, form: QueryForm = "SELECT") -> list[tuple[object, ...]]:
    """The solutions or triples that the engine finds, in their order."""
    into = TURTLE if form in ("CONSTRUCT", "DESCRIBE") else RESULTS_TSV
    found = evaluate(store, QueryRequest(f"PREFIX : <http://x/> {text}", form, into, "http://x/"), frozenset())
    return [(bool(found),)] if isinstance(found, ox.QueryBoolean) else [tuple(each) for each in found]


def number(term: object) -> Fraction | None:
    """The value of a finite number."""
    if not isinstance(term, ox.Literal):
        return None
    name, text = term.datatype.value.removeprefix(XSD), term.value
    if name in ("double", "float"):
        return Fraction(float(text)) if text not in ("NaN", "INF", "-INF") else None
    if name not in ("integer", "decimal", "unsignedLong") or not text.strip("x"):
        return None
    return Fraction(Decimal(text))


def test_numbers_come_in_the_order_of_their_values() -> None:
    values = [typed(*each) for each in NUMBERS]
    found = [number(each) for (each,) in asked("SELECT ?o { ?s :p ?o } ORDER BY ?o", stored(values * 3))]
    assert found == sorted(each for each in found if each is not None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(VALUES), min_size=25, max_size=80), st.booleans())
def test_whatever_is_mixed_has_an_order(values: list[ox.Literal | ox.NamedNode], descending: bool) -> None:
    condition = "DESC(?o)" if descending else "?o"
    rows = [row[0] for row in asked(f"SELECT ?o {{ ?s :p ?o }} ORDER BY {condition}", stored(values))]
    found = rows[::-1] if descending else rows
    numbers = [each for term in found if (each := number(term)) is not None]
    assert numbers == sorted(numbers)
    texts = [term.value for term in found if term in TEXTS and isinstance(term, ox.Literal)]
    assert texts == sorted(texts)
    for turn in IN_TURN:
        places = [turn.index(each) for term in found if (each := told(term)) in turn]
        assert places == sorted(places)
    assert len(found) == len(values)


def told(term: object) -> tuple[str, str]:
    if isinstance(term, ox.Literal):
        return term.datatype.value.removeprefix(XSD), term.value
    return "", ""


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False), min_size=2))
def test_a_text_compares_as_its_number_does(numbers: list[Decimal]) -> None:
    assert sorted(numbers) == sorted(numbers, key=sortable)


MIXED = [typed("integer", str(each)) for each in (100982, 2, 3, 7, 10)] + [*TEXTS, *INFINITE, *TERMS] * 4
WAYS = {
    "everything": ("SELECT * { ?s :p ?o } ORDER BY ?o ?s", 41),
    "without the name": ("SELECT ?s { ?s :p ?o } ORDER BY ?o LIMIT 30 OFFSET 5", 30),
    "once each": ("SELECT DISTINCT ?o { ?s :p ?o } ORDER BY DESC(?o)", 14),
    "reduced": ("SELECT REDUCED ?s { ?s :p ?o } ORDER BY ?o", 41),
    "under another name": ("SELECT (?o AS ?x) (STR(?s) AS ?y) { ?s :p ?o } ORDER BY ?x DESC(?y)", 41),
    "by an expression": ("SELECT ?o { ?s :p ?o } ORDER BY (COALESCE(?o + 0, ?o)) LIMIT 40", 40),
    "by names and expressions": ("SELECT (?o AS ?x) { ?s :p ?o } ORDER BY (IF(BOUND(?x), ?x, ?s)) ?s", 41),
    "by a random number": ("SELECT ?o { ?s :p ?o } ORDER BY RAND()", 41),
    "grouped": ("SELECT ?o (COUNT(*) AS ?n) { ?s :p ?o } GROUP BY ?o ORDER BY ?o", 14),
    "grouped by what is not selected": ("SELECT (COUNT(*) AS ?n) { ?s :p ?o } GROUP BY ?o ORDER BY ?o DESC(?n)", 14),
    "grouped with a condition": ("SELECT ?o { ?s :p ?o } GROUP BY ?o HAVING (COUNT(*) > 1) ORDER BY MAX(?s) ?o", 9),
    "by an aggregate": ("SELECT ?o { ?s :p ?o } GROUP BY ?o ORDER BY DESC(SAMPLE(?o))", 14),
    "with values behind": ("SELECT ?v { ?s :p ?o } ORDER BY ?v ?o VALUES ?v { 1 'a' 'b'@en }", 123),
    "all with values behind": ("SELECT * { ?s :p ?o } ORDER BY ?v ?o VALUES ?v { 1 'a' 'b'@en }", 123),
    "in a subquery": ("SELECT ?o { { SELECT ?o { ?s :p ?o } ORDER BY ?o LIMIT 7 } }", 7),
    "in both": ("SELECT * { { SELECT * { ?s :p ?o } ORDER BY DESC(?o) LIMIT 30 } } ORDER BY ?o", 30),
    "within EXISTS": ("SELECT ?s { ?s :p ?x FILTER EXISTS { SELECT ?o { ?s :p ?o } ORDER BY ?o LIMIT 1 } } "
                      "ORDER BY ?x", 41),
    "with dollars": ("SELECT $o { $s :p $o } ORDER BY $o", 41),
    "with names as ours": ("SELECT ?order1 { ?order2 :p ?order1 } ORDER BY ?order1 ?order2", 41),
    "what is nowhere": ("SELECT ?o { ?s :p ?o } ORDER BY ?none ?o", 41),
    "where nothing is named": ("SELECT * { :s0 :p 100982 } ORDER BY ?o", 1),
}  # fmt: skip


@pytest.mark.parametrize(("text", "count"), WAYS.values(), ids=WAYS.keys())
def test_every_way_of_asking_is_answered(text: str, count: int) -> None:
    assert len(asked(text, stored(MIXED))) == count


def test_a_page_is_a_part_of_the_whole() -> None:
    store = stored(MIXED)
    whole = asked("SELECT ?o ?s { ?s :p ?o } ORDER BY ?o ?s", store)
    pages = [
        asked(f"SELECT ?o ?s {{ ?s :p ?o }} ORDER BY ?o ?s LIMIT 10 OFFSET {start}", store)
        for start in range(0, 50, 10)
    ]
    assert [row for page in pages for row in page] == whole


@pytest.mark.parametrize("form", ["CONSTRUCT", "DESCRIBE", "ASK"])
def test_other_forms_may_be_ordered(form: QueryForm) -> None:
    heads = {"CONSTRUCT": "CONSTRUCT { ?s :q ?o }", "DESCRIBE": "DESCRIBE *", "ASK": "ASK"}
    found = asked(f"{heads[form]} {{ ?s :p ?o }} ORDER BY ?o LIMIT 4", stored(MIXED), form)
    assert len(found) == (1 if form == "ASK" else 4)


GROUPED = ["GROUP BY ?o", "GROUP BY (STR(?o) AS ?x) ?o"]


@pytest.mark.parametrize("group", GROUPED)
@pytest.mark.parametrize("order", ["?o", "DESC(?o)", "SAMPLE(?o) ?o"])
def test_groups_may_be_constructed_in_order(group: str, order: str) -> None:
    text = f"CONSTRUCT {{ :x :q ?o }} {{ ?s :p ?o }} {group} ORDER BY {order} LIMIT 9"
    assert len(asked(text, stored(MIXED), "CONSTRUCT")) == 9


def test_a_short_construct_may_be_ordered() -> None:
    assert len(asked("CONSTRUCT WHERE { ?s :p ?o } ORDER BY DESC(?o) LIMIT 3", stored(MIXED), "CONSTRUCT")) == 3


@pytest.mark.parametrize(
    "order",
    ["COUNT(?s)", "STRLEN(STR(?o))", "(LANG(?o))", "?n", "DESC(?n)", "NOT EXISTS { ?o :p ?s }", "DESC(YEAR(?o))"],
)
def test_what_is_of_one_kind_is_sorted_as_it_is(order: str) -> None:
    text = f"SELECT (COUNT(?s) AS ?n) {{ ?s :p ?o }} GROUP BY ?o ORDER BY {order}"
    assert in_order(read_tree(text)) == text


IRIS = [
    "SELECT ?s { ?s :p ?o } ORDER BY DESC(?s)",
    "SELECT (?s AS ?x) { ?s :p ?o } ORDER BY ?x",
    "SELECT ?o { ?s ?p ?o } ORDER BY ?p ?s",
    "SELECT * { { ?s :p 1 } UNION { ?x :p ?s } OPTIONAL { ?y :p ?s } ?s :q/:r ?z ; a ?o } ORDER BY ?s",
    "SELECT ?s (COUNT(*) AS ?n) { ?s :p ?o } GROUP BY ?s ORDER BY ?n ?s",
    "CONSTRUCT { ?s :q ?o } { ?s :p ?o } ORDER BY ?s",
]
ANYTHING = [
    "SELECT ?s { ?s :p? ?o } ORDER BY ?s",
    "SELECT ?s { ?s :p* ?o } ORDER BY ?s",
    "SELECT ?s { ?s ^:p ?o } ORDER BY ?s",
    "SELECT ?s { [ :p ?s ] :q ?o } ORDER BY ?s",
    "SELECT ?s { (?s) :q ?o } ORDER BY ?s",
    "SELECT ?s { <<?s :p ?o>> :q ?o } ORDER BY ?s",
    "SELECT ?s { OPTIONAL { ?s :p ?o } ?x :p ?s } ORDER BY ?s",
    "SELECT ?s { { ?s :p ?o } UNION { ?x :p ?s } } ORDER BY ?s",
    "SELECT ?s { ?x :p ?s MINUS { ?s :p ?o } } ORDER BY ?s",
    "SELECT ?s { ?x :p ?s FILTER NOT EXISTS { ?s :p ?o } } ORDER BY ?s",
    "SELECT (?o AS ?x) { ?s :p ?o } ORDER BY ?x",
    "SELECT (STR(?s) AS ?n) ?o { ?s :p ?o } ORDER BY ?s ?o",
]


@pytest.mark.parametrize("text", IRIS)
def test_what_is_an_iri_wherever_it_is_found_is_sorted_as_it_is(text: str) -> None:
    text = f"PREFIX : <http://x/> {text}"
    assert in_order(read_tree(text)) == text


@pytest.mark.parametrize("text", ANYTHING)
def test_what_may_be_anything_gets_keys(text: str) -> None:
    text = f"PREFIX : <http://x/> {text}"
    assert in_order(read_tree(text)) != text


def test_only_what_may_be_anything_gets_keys() -> None:
    text = "SELECT ?s ?o { ?s :p ?o } ORDER BY DESC(?s) ?o"
    assert "DESC(?s) ASC(?order" in in_order(read_tree(f"PREFIX : <http://x/> {text}"))
    found = [str(row[0]).strip("<>") for row in asked(text, stored(MIXED))]
    assert found == sorted(found, reverse=True)


ILLEGAL = ["ORDER BY", "ORDER BY LIMIT 3", "ORDER BY UNION (?o)", "ORDER BY ?o + 1", "ORDER BY 'a'", "ORDER BY ASC ?o",
           "ORDER BY (?o", "ORDER BY (?o, ?s)", "ORDER BY BOUND((?o))", "ORDER ?o"]  # fmt: skip


@pytest.mark.parametrize("order", ILLEGAL)
def test_what_is_no_condition_stays_an_error_where_it_is(order: str) -> None:
    with pytest.raises(QuerySyntaxError) as ours:
        asked(f"SELECT ?o {{ ?s :p ?o }} {order}", ox.Store())
    with pytest.raises(SyntaxError) as engines:
        ox.Store().query(f"PREFIX : <http://x/> SELECT ?o {{ ?s :p ?o }} {order}")
    assert (ours.value.line, ours.value.column) == (engines.value.lineno, engines.value.offset)


def test_what_another_endpoint_is_asked_stays_as_it_is() -> None:
    text = "SELECT ?o { SERVICE SILENT <http://x/> { SELECT ?o { ?s ?p ?o } ORDER BY ?o LIMIT 3 } }"
    assert in_order(read_tree(text)) == text


def test_solutions_stay_the_same() -> None:
    store = stored(MIXED)
    for text in ("SELECT ?o ?s { ?s :p ?o }", "SELECT DISTINCT ?o { ?s :p ?o }", "SELECT * { ?s :p ?o . ?t :p ?o }"):
        assert Counter(asked(f"{text} ORDER BY ?o", store)) == Counter(asked(text, store))
