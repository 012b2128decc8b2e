"""The columns: what they answer is what the engine answers, and what they do not understand is the engine's."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from itertools import chain
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.formats import RESULTS_TSV
from graph.query.columns.columns_engine import Columns
from graph.query.columns.plan import UnsupportedError, read_plan
from graph.query.columns.solving import solve
from graph.query.columns.table import TripleTable, build, lexical, lowered, open_table, sort_key
from graph.query.embedded import evaluate
from graph.query.engine import QueryRequest

PROLOGUE = "PREFIX : <http://x/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
DATA = """
@prefix : <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:a :type :Club ; :in :r1 ; :n 10 ; :label "Alpha"@en , "Альфа"@ru ; :since "2009-03-01"^^xsd:date ; :knows :b .
:b :type :Club ; :in :r1 ; :n 020 ; :label "Beta \\"two\\""@en ; :since "2014-11-25"^^xsd:date ; :knows :c .
:c :type :Club ; :in :r2 ; :n "5"^^xsd:nonNegativeInteger ; :label "Gamma"@en , "Gamma" ; :knows :a .
:d :type :Body ; :in :r2 ; :n 2.5 ; :label "Oʻzbekiston"@uz-Latn
   ; :at "2010-01-01T00:00:00"^^xsd:dateTime ; :since "2010-01-01"^^xsd:date .
:e :at "2010-01-02"^^xsd:date ; :gone "2014-02-30"^^xsd:date , "2014-02-20"^^xsd:date .
:r1 :label "Region 1"@en ; :within :top . :r2 :label "Region 2"@en ; :within :top . :top :within :world .
"""


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return loaded(DATA)


@pytest.fixture(scope="module")
def table(store: ox.Store, tmp_path_factory: pytest.TempPathFactory) -> TripleTable:
    return made(store, tmp_path_factory.mktemp("columns") / "table")


def loaded(turtle: str) -> ox.Store:
    store = ox.Store()
    store.load(turtle.encode(), ox.RdfFormat.TURTLE)
    return store


def made(store: ox.Store, folder: Path) -> TripleTable:
    build(store, folder)
    table = open_table(folder)
    assert table is not None
    return table


def by_columns(query: str, table: TripleTable) -> list[tuple[str | None, ...]]:
    rows = solve(read_plan(query), table)
    return [tuple(None if term is None else term.decode() for term in row) for row in rows]


def by_engine(query: str, store: ox.Store) -> list[tuple[str | None, ...]]:
    found = store.query(query)
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(None if term is None else str(term) for term in solution) for solution in found]


def by_engine_in_order(query: str, store: ox.Store) -> list[tuple[str | None, ...]]:
    """What the engine finds, asked as a worker asks it."""
    asked = QueryRequest(query, "SELECT", RESULTS_TSV, "http://x/", uses_graphs=False)
    found = evaluate(store, asked, frozenset())
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(None if term is None else str(term) for term in solution) for solution in found]


ANSWERED = {
    "count": "SELECT (COUNT(*) AS ?k) { ?s :in ?o }",
    "count of nothing": "SELECT (COUNT(?s) AS ?k) { ?s :in :nowhere }",
    "groups of nothing": "SELECT ?s (COUNT(*) AS ?k) { ?s :in :nowhere } GROUP BY ?s",
    "count of different values": "SELECT (COUNT(DISTINCT ?o) AS ?k) { ?s :in ?o }",
    "sum by group": "SELECT ?r (SUM(?n) AS ?k) { ?s :type :Club ; :in ?r ; :n ?n } GROUP BY ?r ORDER BY DESC(?k)",
    "ordered by label": "SELECT ?s ?l { ?s :type :Club ; :label ?l FILTER(LANG(?l) = 'en') } ORDER BY ?l",
    "in descending order": "SELECT ?s { ?s :type :Club } ORDER BY DESC(?s) LIMIT 2",
    "a page": "SELECT ?s { ?s :type :Club } ORDER BY ?s LIMIT 1 OFFSET 1",
    "number compared": "SELECT ?s { ?s :type :Club ; :n ?n FILTER(?n > 5 && 20 >= ?n) } ORDER BY ?s",
    "number equal": "SELECT ?s { ?s :type :Club ; :n ?n FILTER(?n = 20) } ORDER BY ?s",
    "date compared": "SELECT ?s { ?s :type :Club ; :since ?d FILTER(?d < '2014-01-01'^^xsd:date) } ORDER BY ?s",
    "language matched": "SELECT ?s { ?s :label ?l FILTER(LANGMATCHES(LANG(?l), 'UZ')) } ORDER BY ?s",
    "any language": "SELECT ?s { ?s :type ?t ; :label ?l FILTER(LANGMATCHES(LANG(?l), '*')) } ORDER BY ?s",
    "text contained": "SELECT ?s { ?s :label ?l FILTER(CONTAINS(LCASE(STR(?l)), 'альф')) } ORDER BY ?s",
    "quotes contained": "SELECT ?s { ?s :label ?l FILTER(CONTAINS(STR(?l), 'a')) } ORDER BY ?s",
    "text in an IRI": "SELECT ?s { ?s :in ?r FILTER(STRENDS(STR(?r), '2')) } ORDER BY ?s",
    "begins and ends": "SELECT ?s { ?s :label ?l FILTER(STRSTARTS(LCASE(STR(?l)), 'be')) } ORDER BY ?s",
    "not so": "SELECT ?s { ?s :type :Club ; :n ?n FILTER(!(?n > 5)) } ORDER BY ?s",
    "either": "SELECT ?s { ?s :type :Club ; :n ?n FILTER(?n < 6 || ?n > 15) } ORDER BY ?s",
    "one or the other": "SELECT ?s { { ?s :in :r1 } UNION { ?s :in :r2 } ?s :type :Club } ORDER BY ?s",
    "what may be missing": "SELECT ?s ?d { ?s :type ?t OPTIONAL { ?s :since ?d } } ORDER BY ?s",
    "what is missing": "SELECT ?s { ?s :type ?t OPTIONAL { ?s :since ?d } FILTER(!BOUND(?d)) } ORDER BY ?s",
    "what must be missing": "SELECT ?s { ?s :type ?t FILTER NOT EXISTS { ?s :since ?d } } ORDER BY ?s",
    "everything above": "SELECT ?s ?p { ?s :type :Club ; :in/:within* ?p } ORDER BY ?s ?p",
    "everything reached": "SELECT ?x { :a :knows+ ?x } ORDER BY ?x",
    "everything below": "SELECT ?x { ?x :within* :top } ORDER BY ?x",
    "backwards": "SELECT ?x { :r1 ^:in ?x } ORDER BY ?x",
    "the same twice": "SELECT ?x ?y { ?x :in ?r . ?y :in ?r } ORDER BY ?x ?y",
    "a list of objects": "SELECT ?s { ?s :label 'Gamma'@en , 'Gamma' } ORDER BY ?s",
    "different values": "SELECT DISTINCT ?r { ?s :in ?r } ORDER BY ?r",
    "a number in another spelling": "SELECT ?s { ?s :n 20 } ORDER BY ?s",
    "how many triples": "SELECT (COUNT(*) AS ?k) { ?s ?p ?o }",
    "how many of each part": "SELECT (COUNT(DISTINCT ?s) AS ?a) (COUNT(DISTINCT ?p) AS ?b) (COUNT(DISTINCT ?o) AS ?c) "
    "(COUNT(?o) AS ?d) { ?s ?p ?o . }",
    "how often each predicate": "SELECT ?p (COUNT(*) AS ?k) (COUNT(DISTINCT ?s) AS ?l) (COUNT(DISTINCT ?o) AS ?m) "
    "(COUNT(DISTINCT ?p) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?k) ?p",
    "which predicates": "SELECT DISTINCT ?p { ?s ?p ?o } ORDER BY ?p LIMIT 3 OFFSET 1",
    "unknown terms": "SELECT ?s { ?s :in :nowhere ; :type ?t } ORDER BY ?s",
}


@pytest.mark.parametrize("query", ANSWERED.values(), ids=ANSWERED.keys())
def test_answers_as_the_engine_does(query: str, store: ox.Store, table: TripleTable) -> None:
    assert by_columns(PROLOGUE + query, table) == by_engine(PROLOGUE + query, store)


REFUSED = {
    "another form": "ASK { ?s :in ?o }",
    "everything selected": "SELECT * { ?s :in ?o } ORDER BY ?s",
    "a predicate that is a variable": "SELECT ?p { ?s ?p ?o } ORDER BY ?p",
    "all triples by subject": "SELECT ?s (COUNT(*) AS ?k) { ?s ?p ?o } GROUP BY ?s",
    "all triples and more": "SELECT (COUNT(*) AS ?k) { ?s ?p ?o . ?s :in ?r }",
    "more and all triples": "SELECT (COUNT(*) AS ?k) { ?s :in ?r . ?s ?p ?o }",
    "all triples or more": "SELECT (COUNT(*) AS ?k) { { ?s ?p ?o } UNION { ?s :in ?o } }",
    "all triples that": "SELECT (COUNT(*) AS ?k) { ?s ?p ?o FILTER(?o > 1) }",
    "all triples about themselves": "SELECT (COUNT(*) AS ?k) { ?s ?p ?s }",
    "a sum over all triples": "SELECT (SUM(?o) AS ?k) { ?s ?p ?o }",
    "a count of what is nowhere": "SELECT (COUNT(?z) AS ?k) { ?s ?p ?o }",
    "several predicates that vary": "SELECT (COUNT(*) AS ?k) { ?s ?p ?o ; ?q ?r }",
    "a named graph": "SELECT ?s { GRAPH ?g { ?s :in ?o } }",
    "arithmetic": "SELECT ?s { ?s :n ?n FILTER(?n + 1 > 5) }",
    "a decimal among the numbers": "SELECT ?s { ?s :n ?n FILTER(?n > 5) }",
    "a sum with a decimal": "SELECT (SUM(?n) AS ?k) { ?s :n ?n }",
    "an order of things of several kinds": "SELECT ?l { ?s :label ?l } ORDER BY ?l",
    "dates among times": "SELECT ?s { ?s :at ?d FILTER(?d < '2014-01-01'^^xsd:date) }",
    "a product": "SELECT ?a ?b { ?a :in :r1 . ?b :in :r2 . ?x :within ?y }",
    "a subquery": "SELECT ?s { { SELECT ?s { ?s :in ?o } } }",
    "values": "SELECT ?s { VALUES ?s { :a } ?s :in ?o }",
    "two dots": "SELECT ?s { ?s :in ?o . . }",
    "no dot between triples": "SELECT ?s { ?s :in ?o ?o :within ?p }",
    "no condition of the order": "SELECT ?s { ?s :in ?o } ORDER BY LIMIT 3",
    "two limits": "SELECT ?s { ?s :in ?o } LIMIT 3 LIMIT 4",
    "an unknown prefix": "SELECT ?s { ?s unknown:in ?o }",
    "a filter on what is nowhere bound": "SELECT ?s { ?s :in ?o FILTER(?z > 3) }",
    "a variable that is nowhere": "SELECT ?s ?z { ?s :in ?o }",
    "a variable beside groups": "SELECT ?s (COUNT(*) AS ?k) { ?s :in ?o } GROUP BY ?o",
    "something behind the end": "SELECT ?s { ?s :in ?o } }",
    "ordered by small letters": "SELECT ?s { ?s :label ?l } ORDER BY LCASE(?l)",
    "ordered by length": "SELECT ?s { ?s :label ?l } ORDER BY STRLEN(?l)",
    "ordered by a cast": "SELECT ?s { ?s :n ?n } ORDER BY xsd:integer(?n)",
    "ordered by a count": "SELECT ?r { ?s :in ?r } GROUP BY ?r ORDER BY COUNT(?s)",
    "ordered by a function behind a variable": "SELECT ?s { ?s :in ?r ; :label ?l } ORDER BY ?r STRLEN(?l)",
    "ordered by what is no condition": "SELECT ?s { ?s :in ?r } ORDER BY UNION (?r)",
    "a bound expression": "SELECT ?s { ?s :in ?r FILTER(BOUND((?r))) }",
    "a bound function": "SELECT ?s { ?s :in ?r FILTER(BOUND(STR(?r))) }",
    "a count under a name that is there": "SELECT (COUNT(*) AS ?r) { ?s :in ?r }",
    "a count under the name of a part": "SELECT (COUNT(*) AS ?r) { ?s ?p ?r }",
    "joined on what may be unbound": "SELECT ?s ?w { { ?s :type ?t OPTIONAL { ?s :knows ?x } } ?x :in ?w }",
    "groups joined on what may be unbound": "SELECT ?s ?w { { ?s :type ?t OPTIONAL { ?s :knows ?x } } "
    "{ ?x :in ?w ; :type ?t } }",
    "arms that leave unbound": "SELECT ?s ?w { { ?s :type ?t OPTIONAL { ?s :knows ?x } } UNION "
    "{ ?s :type ?t ; :in ?x } ?x :within ?w }",
    "optional on what may be unbound": "SELECT ?s ?w { { ?s :type ?t OPTIONAL { ?s :knows ?x } } "
    "OPTIONAL { ?x :in ?w } }",
    "missing on what may be unbound": "SELECT ?s { { ?s :type ?t OPTIONAL { ?s :knows ?x } } "
    "FILTER NOT EXISTS { ?x :in :r2 } }",
    "a filter before what binds": "SELECT ?s { { ?s :type ?t OPTIONAL { ?s :knows ?x } } FILTER(BOUND(?x)) ?x :in ?w }",
    "optional where something is missing": "SELECT ?s ?l { ?s :type ?t OPTIONAL { ?s :label ?l "
    "FILTER NOT EXISTS { ?l :in ?t } } }",
    "missing where something is missing": "SELECT ?s { ?s :in ?r FILTER NOT EXISTS { { ?s :label ?l "
    "FILTER NOT EXISTS { ?r :label ?l } } UNION { ?s :n 3 } ?s :type ?t } }",
    "a day that does not exist": "SELECT ?s { ?s :since ?d FILTER(?d < '2014-02-30'^^xsd:date) }",
    "a month that does not exist": "SELECT ?s { ?s :since ?d FILTER(?d < '2014-13-01'^^xsd:date) }",
    "days that do not exist": "SELECT ?s { ?s :gone ?d FILTER(?d < '2015-01-01'^^xsd:date) }",
    "an order of days that do not exist": "SELECT ?s { ?s :gone ?d } ORDER BY ?d",
    "deep brackets": "SELECT ?s { ?s :n ?n FILTER" + "(" * 50 + "?n > 3" + ")" * 50 + " }",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_leaves_to_the_engine(query: str, table: TripleTable) -> None:
    with pytest.raises(UnsupportedError):
        by_columns(PROLOGUE + query, table)


# Generated queries over generated data

THINGS = st.integers(0, 5).map(lambda n: f":t{n}")
LINKS = st.sampled_from([":p", ":q"])
ODD = ['"x"', "2.0", '"x"^^xsd:integer', '"1"', '"1"^^:t', "true", "1e0", ":t1", '"2010-02-30"^^xsd:date']
NUMBERS = ["1", "02", "-3", "7"]
TEXTS = ['"x"', '"x"@en', '"y y"@en', '"Ы"@ru', '"x y"@uz-Latn']
DATES = ['"2010-02-03"^^xsd:date', '"2011-02-03"^^xsd:date', '"2011-03-03"^^xsd:date']
ODD_DATES = ['"2010-02-30"^^xsd:date', '"2010-02-03Z"^^xsd:date', '"2010-02-03T00:00:00"^^xsd:dateTime']
LITERALS = st.sampled_from([(":n", each) for each in NUMBERS] + [(":l", each) for each in TEXTS]
                           + [(":d", each) for each in DATES])  # fmt: skip
STRAYS = st.sampled_from([(":n", each) for each in ODD] + [(":l", each) for each in ODD]
                         + [(":d", each) for each in ODD_DATES + ODD])  # fmt: skip
STATED = st.one_of(*[st.tuples(LINKS, THINGS)] * 4, *[LITERALS] * 3)
TRIPLES = st.tuples(
    st.lists(st.tuples(THINGS, STATED), min_size=4, max_size=40),
    st.lists(st.tuples(THINGS, STRAYS), max_size=1),
)
VARIABLES = st.sampled_from(["?a", "?a", "?b", "?c"])
STEPS = st.sampled_from([":p", ":p", ":q", ":q", ":p*", ":q+", "^:q", ":p/:q", ":p/:q*"])
PATTERNS = st.one_of(
    st.tuples(VARIABLES, STEPS, st.one_of(VARIABLES, VARIABLES, THINGS)).map(" ".join),
    st.tuples(VARIABLES, st.sampled_from([":n ?n", ":l ?l", ":d ?d"])).map(" ".join),
)
TESTS = st.sampled_from(
    ["?n > 1", "1 <= ?n", "?n = 2", "!(?n > 1)", "(?n > 0 && ?n < 3)", "(?n > 1 || BOUND(?c))", "BOUND(?b)",
     "BOUND(?n)", "BOUND(?c)", "!BOUND(?c)", "!BOUND(?l)", "LANG(?l) = 'en'", "LANG(?l) != 'en'",
     "LANGMATCHES(LANG(?l), 'en')", "CONTAINS(STR(?l), 'x')", "CONTAINS(LCASE(STR(?l)), 'ы')", "STRSTARTS(?l, 'y')",
     "?b = :t1", "?b != :t1", "?a = :t1", "?d >= '2010-05-05'^^xsd:date", "?d < '2010-02-29'^^xsd:date",
     "STRENDS(STR(?b), '2')"]
)  # fmt: skip


@st.composite
def groups(draw: st.DrawFn, depth: int = 0) -> str:
    """A group of one of a few forms, so that most are of the part of SPARQL that is read here, and many are not."""
    inner = groups(depth + 1) if depth < 2 else PATTERNS
    form = draw(st.integers(0, 7))
    parts = [f"{pattern} ." for pattern in draw(st.lists(PATTERNS, min_size=1, max_size=2))]
    if form == 0:
        parts.insert(0, f"{{ {draw(inner)} }}")
    elif form == 1:
        parts += [f"{{ {draw(inner)} }}", f"{{ {draw(inner)} }}"]
    elif form == 2:
        arm = draw(inner)
        parts.insert(0, f"{{ {arm} }} UNION {{ {arm.replace(':p', ':q')} }}")
    elif form in (3, 4):
        parts.append(f"OPTIONAL {{ {draw(inner)} }}")
    elif form == 5:
        parts.append(f"FILTER NOT EXISTS {{ {draw(inner)} }}")
    if draw(st.integers(0, 2)) == 0:
        parts.append(f"FILTER({draw(TESTS)})")
    return " ".join(parts)


HEADS = st.sampled_from(
    ["SELECT ?a ?b", "SELECT DISTINCT ?a", "SELECT (COUNT(*) AS ?k)", "SELECT ?a (COUNT(?b) AS ?k)", "SELECT ?a",
     "SELECT ?a (COUNT(DISTINCT ?b) AS ?k) (SUM(?n) AS ?m)", "SELECT ?b (COUNT(*) AS ?k)", "SELECT (SUM(?n) AS ?k)"]
)  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> str:
    head = draw(HEADS)
    grouped = f" GROUP BY {head.split()[1]}" if "(" in head and "?" in head.split()[1][:1] else ""
    order = draw(st.sampled_from(["", "", *(ORDERS if "(" not in head else [])]))
    return f"{PROLOGUE}{head} {{ {draw(groups())} }}{grouped}{order}"


ORDERS = [
    f" ORDER BY {each}"
    for each in ("?a", "DESC(?a)", "?n", "?l ?a", "DESC(?d)", "LCASE(?l)", "STRLEN(?l)", "(?n)", "?a xsd:integer(?n)")
]
Stated = list[tuple[str, tuple[str, str]]]


@settings(max_examples=400, deadline=None)
@given(triples=TRIPLES, query=queries())
def test_every_answer_is_the_engines(
    triples: tuple[Stated, Stated], query: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head = "@prefix : <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
    store = loaded(head + " ".join(f"{subject} {' '.join(stated)} ." for subject, stated in chain(*triples)))
    table = made(store, tmp_path_factory.mktemp("columns") / "table")
    try:
        found = by_columns(query, table)
    except UnsupportedError:
        return
    expected = by_engine_in_order(query, store)
    assert Counter(found) == Counter(expected)
    if "ORDER BY ?a" in query or "ORDER BY DESC(?a)" in query:
        assert [row[0] for row in found] == [row[0] for row in expected]


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2))
def test_iris_are_sorted_by_their_characters(names: list[str]) -> None:
    iris = sorted(name.encode() for name in names)
    assert sorted((b"<" + iri + b">" for iri in iris), key=sort_key) == [b"<" + iri + b">" for iri in iris]


@given(st.text())
def test_small_letters_are_those_of_the_engine(text: str) -> None:
    literal = str(ox.Literal(text)).encode()
    small = lowered(literal)
    if small != b"\xff":
        asked = f"SELECT (LCASE({ox.Literal(text)}) AS ?l) {{}}"
        (row,) = by_engine(asked, ox.Store())
        assert row == (str(ox.Literal(small.decode())),)
    assert lexical(literal) == text


# As a worker uses them


def request(text: str) -> QueryRequest:
    return QueryRequest(PROLOGUE + text, "SELECT", RESULTS_TSV, "http://x/", uses_graphs=False)


@pytest.fixture
def columns(store: ox.Store, tmp_path: Path) -> Columns:
    build(store, tmp_path / "table")
    held = Columns(tmp_path / "table")
    assert held.opened() is not None
    return held


COUNTING = "SELECT ?r (COUNT(*) AS ?k) { ?s :in ?r } GROUP BY ?r ORDER BY ?r"


def test_nothing_is_answered_before_the_table_is_made(tmp_path: Path) -> None:
    held = Columns(tmp_path / "none")
    assert held.opened() is None
    assert not held.answered(request(COUNTING), BytesIO())


def test_an_answer_is_written_as_the_engine_writes_it(columns: Columns, store: ox.Store) -> None:
    output, expected = BytesIO(), BytesIO()
    assert columns.answered(request(COUNTING), output)
    found = store.query(PROLOGUE + COUNTING)
    assert isinstance(found, ox.QuerySolutions)
    found.serialize(expected, format=ox.QueryResultsFormat.TSV)
    assert output.getvalue() == expected.getvalue()


def test_an_empty_answer_keeps_its_head(columns: Columns) -> None:
    output = BytesIO()
    query = request("SELECT ?s (COUNT(*) AS ?k) { ?s :in :nowhere } GROUP BY ?s")
    assert columns.answered(query, output)
    assert output.getvalue() == b"?s\t?k\n"


def test_what_the_engine_answers_faster_is_left_to_it(columns: Columns) -> None:
    columns.engine_took(request(COUNTING), 0.000001)
    assert not columns.answered(request(COUNTING), BytesIO())


def test_what_the_engine_is_slow_at_is_taken_over(columns: Columns) -> None:
    light = "SELECT ?s { ?s :in :r1 } ORDER BY ?s"
    assert not columns.answered(request(light), BytesIO())
    columns.engine_took(request(light), 1.0)
    assert columns.answered(request(light.replace(":r1", "<http://x/r2>")), BytesIO()) is False
    assert columns.answered(request(light), BytesIO())


def test_a_query_that_cannot_be_read_is_tried_once(columns: Columns) -> None:
    other = request("SELECT ?s (COUNT(*) AS ?k) { ?s ?p ?o } GROUP BY ?s")
    assert not columns.answered(other, BytesIO())
    columns.engine_took(other, 9.0)
    assert not columns.answered(other, BytesIO())


def test_illegal_queries_are_the_engines(columns: Columns) -> None:
    assert not columns.answered(request("SELECT ?s (COUNT(*) AS ?k) { ?s :in ?r GROUP BY ?s"), BytesIO())
