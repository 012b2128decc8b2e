"""Answers from the index are the engine's, form by form; what SQL cannot tell exactly is left to the engine."""

from __future__ import annotations

from collections import Counter
from itertools import product

import duckdb
import pyoxigraph as ox
import pytest

from benchmarks.small_index import index_of
from graph.model.formats import RESULTS_TSV
from graph.query.embedded import evaluate
from graph.query.engine import QueryRequest
from graph.query.sparql.guard import read_query
from graph.query.sql.algebra import UnsupportedError
from graph.query.sql.index_engine import FoundSolutions, found_solutions
from graph.query.sql.index_lookup import IndexReader
from graph.query.sql.sql_expressions import DOTTED_I, LOWERED_OTHERWISE, MADE_OF_STRANGE

PROLOGUE = "PREFIX : <http://x/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
DATA = """
@prefix : <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:g1 {
:a :type :Club ; :in :r1 ; :n 10 ; :label "Alpha"@en , "Альфа"@ru ; :since "2009-03-01"^^xsd:date ; :knows :b .
:b :type :Club ; :in :r1 ; :n 020 ; :label "Beta \\"two\\""@en ; :since "2014-11-25"^^xsd:date ; :knows :c .
:c :type :Club ; :in :r2 ; :n "5"^^xsd:nonNegativeInteger ; :label "Gamma"@en , "Gamma" ; :knows :a .
}
:g2 {
:a :type :Club ; :in :r1 .
:d :type :Body ; :in :r2 ; :m 2.5 , 1 , 2.0e0 ; :label "Oʻzbekiston"@uz-Latn
   ; :at "2010-01-01T00:00:00"^^xsd:dateTime , "2010-01-01T10:20:30Z"^^xsd:dateTime ; :since "2010-01-01"^^xsd:date .
:e :at "2010-01-02"^^xsd:date ; :gone "2014-02-30"^^xsd:date , "2014-02-20"^^xsd:date ; :is true ;
  :motto "ΟΔΟΣ"@el .
:r1 :label "Region 1"@en ; :within :top . :r2 :label "Region 2"@en ; :within :top . :top :within :world .
}
"""


def merged_store(trig: str) -> ox.Store:
    """A store as a release has one: named graphs, and their merge as the default graph."""
    store = ox.Store()
    store.load(trig.encode(), ox.RdfFormat.TRIG, lenient=True)
    store.extend([ox.Quad(each.subject, each.predicate, each.object) for each in store])
    return store


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return merged_store(DATA)


@pytest.fixture(scope="module")
def index(store: ox.Store) -> IndexReader:
    return index_of(store)


def asked(text: str) -> QueryRequest:
    """What the front would ask."""
    read = read_query(PROLOGUE + text, base="http://x/")
    graphs = read.uses_graph_clause
    return QueryRequest(read.text, read.form, RESULTS_TSV, "http://x/", clauses=read.clauses, uses_graphs=graphs)


def by_engine(request: QueryRequest, store: ox.Store) -> FoundSolutions:
    """What the engine finds, asked as a worker asks it."""
    found = evaluate(store, request, frozenset({"http://x/g1", "http://x/g2"}))
    assert isinstance(found, ox.QuerySolutions)
    rows = [tuple(None if term is None else str(term) for term in row) for row in found]
    return FoundSolutions(tuple(each.value for each in found.variables), rows)


JOINS = {
    "a doubtful condition, which letters of another property do not concern": """SELECT ?s (LANG(?l) AS ?x) {
        ?s :in ?r ; :label ?l . FILTER(CONTAINS(LCASE(STR(?l)), "a")) }""",
    "constants of conditions that are asked which term they are": """SELECT * { ?s :label|:n|:since ?l
        FILTER(SAMETERM(?l, "Gamma") || SAMETERM(?l, 10) || SAMETERM(?l, "2014-11-25"^^xsd:date)) }""",
    "constants of conditions that no triple has, and are two": """SELECT * { ?s :in ?r
        FILTER(!SAMETERM("one", "two") && !SAMETERM(IF(?r = :r1, "one", "two"), IF(?r = :r1, "two", "one"))) }""",
    "constants of conditions of which one is chosen": """SELECT * { ?s :in ?r ; :label ?l
        FILTER(COALESCE(IF(?r = :r1, "Gamma", ?l), "x") = "Gamma" && "Gamma" IN (?l, "x")) }""",
    "triples of one subject": "SELECT * { :a ?p ?o }",
    "a variable predicate": "SELECT ?p (COUNT(*) AS ?k) { ?s ?p ?o } GROUP BY ?p ORDER BY ?p",
    "a predicate that joins": "SELECT * { ?s ?p ?o . ?o ?p ?x }",
    "the same variable twice": "SELECT * { ?s ?p ?s }",
    "a product": "SELECT ?a ?b { ?a :in :r1 . ?b :in :r2 }",
    "nothing at all": "SELECT * {}",
    "a literal": "SELECT ?s { ?s :label 'Gamma'@en , 'Gamma' }",
    "a number in another spelling": "SELECT ?s { ?s :n 20 }",
    "an unknown term": "SELECT ?s { ?s :in :nowhere ; :type ?t }",
    "a blank node": "SELECT ?s { ?s :in [ :within _:b ] . _:b :within :world }",
    "optional": "SELECT * { ?s :type ?t OPTIONAL { ?s :since ?d } }",
    "optional in optional": "SELECT * { ?s :type ?t OPTIONAL { ?s :knows ?k OPTIONAL { ?k :n ?n } } }",
    "optional with a filter on both sides": "SELECT * { ?s :in ?r OPTIONAL { ?s :n ?n . ?x :n ?y FILTER(?y > ?n) } }",
    "optional first": "SELECT * { OPTIONAL { ?s :is ?n } ?s :at ?d }",
    "joined on what may be unbound": "SELECT ?s ?x ?w { { ?s :type ?t OPTIONAL { ?s :knows ?x } } ?x :in ?w }",
    "optional on what may be unbound": "SELECT * { ?s :type ?t OPTIONAL { ?s :knows ?x } OPTIONAL { ?x :in ?w } }",
    "union": "SELECT * { { ?s :in :r1 } UNION { ?s :in :r2 ; :n ?n } ?s :type :Club }",
    "union of equal arms": "SELECT ?s { { ?s :in :r1 } UNION { ?s :in :r1 } }",
    "minus": "SELECT * { ?s :type ?t MINUS { ?s :n ?n } }",
    "minus of nothing in common": "SELECT * { ?s :type ?t MINUS { ?x :n ?n } }",
    "minus what may be unbound": "SELECT * { ?s :type ?t OPTIONAL { ?s :n ?n } MINUS { ?x :n ?n ; :in :r1 } }",
    "exists": "SELECT * { ?s :type ?t FILTER EXISTS { ?s :knows ?k } }",
    "not exists with an outer variable": "SELECT * { ?s :n ?n FILTER NOT EXISTS { ?x :n ?m FILTER(?m > ?n) } }",
    "exists in an expression": "SELECT * { ?s :type ?t FILTER(?t = :Body || EXISTS { ?s :n 10 }) }",
    "values": "SELECT * { VALUES ?s { :a :nowhere } ?s :in ?r }",
    "values with gaps": "SELECT * { VALUES (?s ?r) { (:a UNDEF) (UNDEF :r2) (:a :r2) } ?s :in ?r }",
    "values alone": "SELECT * { VALUES (?a ?b) { (1 'x'@en) (UNDEF 01) (:new UNDEF) } }",
    "values behind": "SELECT * { ?s :in ?r } VALUES ?r { :r2 }",
    "bind": "SELECT * { ?s :n ?n BIND(?n * 2 AS ?m) BIND(STR(?s) AS ?t) }",
    "bind of a constant, joined": "SELECT * { BIND(:a AS ?s) ?s :in ?r }",
    "a subquery": "SELECT * { { SELECT ?s (COUNT(*) AS ?k) { ?s :label ?l } GROUP BY ?s } ?s :in ?r }",
    "a subquery with a limit": "SELECT * { { SELECT ?s ?n { ?s :n ?n } ORDER BY DESC(?n) LIMIT 2 } ?s :in ?r }",
    "what a subquery hides": "SELECT * { ?s :in ?r { SELECT ?t { ?s :type ?t } } }",
    "a filter on what is nowhere": "SELECT * { ?s :in ?r FILTER(?z > 3) }",
    "a variable that is nowhere": "SELECT ?s ?z { ?s :in ?o }",
}
GRAPHS = {
    "a named graph": "SELECT * { GRAPH :g1 { ?s :in ?o } }",
    "each named graph": "SELECT * { GRAPH ?g { ?s :in ?o } }",
    "joined within each graph": "SELECT * { GRAPH ?g { ?s :in ?o . ?s :type ?t } }",
    "optional within each graph": "SELECT * { GRAPH ?g { ?s :type ?t OPTIONAL { ?s :n ?n } } }",
    "missing within each graph": "SELECT * { GRAPH ?g { ?s :type ?t FILTER NOT EXISTS { ?s :n ?n } } }",
    "a graph that is named elsewhere": "SELECT * { VALUES ?g { :g2 :g9 } GRAPH ?g { ?s :in ?o } }",
    "from one graph": "SELECT * FROM :g2 { ?s :type ?o }",
    "from two graphs that share triples": "SELECT * FROM :g1 FROM :g2 { ?s :type ?o }",
    "from named": "SELECT * FROM NAMED :g2 { GRAPH ?g { ?s :in ?o } }",
    "from a graph that there is not": "SELECT * FROM :g9 { ?s :type ?o }",
    "the default graph beside from named": "SELECT * FROM NAMED :g2 { ?s :type ?o }",
}
PATHS = {
    "a sequence": "SELECT * { ?s :in/:within ?x }",
    "backwards": "SELECT * { :r1 ^:in ?x }",
    "alternatives": "SELECT * { ?s (:in|:knows|:in) ?x }",
    "above": "SELECT * { ?s :in/:within* ?x }",
    "above a constant": "SELECT * { ?x :within* :top }",
    "reached": "SELECT * { :a :knows+ ?x }",
    "all that are reached": "SELECT * { ?x :knows+ ?y }",
    "no step, everywhere": "SELECT * { ?x :within* ?y }",
    "no step of what is nowhere": "SELECT * { :nowhere :within* ?y }",
    "perhaps a step": "SELECT * { ?x :knows? ?y . ?x :type :Club }",
    "to itself": "SELECT * { ?x :knows+ ?x }",
    "between constants": "SELECT * { :a :knows* :c }",
    "no step, once or more, of what is nowhere": "SELECT * { :nowhere (:in?)+ ?y }",
    "from a graph": "SELECT * { GRAPH :g1 { :a :knows+ ?x } }",
    "repeated alternatives": "SELECT * { ?x (:in|:within)+ :world }",
    "repeated sequences": "SELECT * { ?x (:knows/:knows)+ ?y }",
    "negated": "SELECT * { :a !(:in|:type) ?y }",
    "negated backwards": "SELECT * { :r1 !(^:nothing) ?y }",
}
GROUPS = {
    "count": "SELECT (COUNT(*) AS ?k) { ?s :in ?o }",
    "count of nothing": "SELECT (COUNT(?s) AS ?k) (SUM(?s) AS ?l) (AVG(?s) AS ?m) (MIN(?s) AS ?n) { ?s :in :nowhere }",
    "groups of nothing": "SELECT ?s (COUNT(*) AS ?k) { ?s :in :nowhere } GROUP BY ?s",
    "count of different values": "SELECT (COUNT(DISTINCT ?o) AS ?k) { ?s :in ?o }",
    "count of different solutions": "SELECT (COUNT(DISTINCT *) AS ?k) { { ?s :in ?o } UNION { ?s :in ?o } }",
    "count of what is bound": "SELECT (COUNT(?n) AS ?k) { ?s :type ?t OPTIONAL { ?s :n ?n } }",
    "sum and average": "SELECT ?r (SUM(?n) AS ?k) (AVG(?n) AS ?l) { ?s :in ?r ; :n ?n } GROUP BY ?r",
    "an average that is cut": "SELECT (AVG(?n) AS ?k) { VALUES ?n { 1 2 2 } }",
    "sum of decimals": "SELECT (SUM(?n) AS ?k) (AVG(?n) AS ?l) { VALUES ?n { 1.5 2 -0.25 } }",
    "sum of different numbers": "SELECT (SUM(DISTINCT ?n) AS ?k) (AVG(DISTINCT ?n) AS ?l) { VALUES ?n { 1 1 1.0 2 } }",
    "sum with an error": "SELECT (SUM(?n) AS ?k) (AVG(?n) AS ?l) { VALUES ?n { 1 'x' } }",
    "least and greatest": "SELECT (MIN(?n) AS ?k) (MAX(?n) AS ?l) (MIN(?s) AS ?m) (MAX(?s) AS ?o) { ?s :n ?n }",
    "least of dates": "SELECT (MIN(?d) AS ?k) (MAX(?d) AS ?l) { ?s :since ?d }",
    "concatenated": "SELECT (GROUP_CONCAT(?l; SEPARATOR='|') AS ?k) { :b :label ?l }",
    "by an expression": "SELECT ?y (COUNT(*) AS ?k) { ?s :since ?d } GROUP BY (YEAR(?d) AS ?y)",
    "by what may be unbound": "SELECT ?n (COUNT(*) AS ?k) { ?s :type ?t OPTIONAL { ?s :n ?n } } GROUP BY ?n",
    "having": "SELECT ?r { ?s :in ?r } GROUP BY ?r HAVING(COUNT(?s) > 1)",
    "having without groups": "SELECT (COUNT(*) AS ?k) { ?s :in ?r } HAVING(COUNT(*) > 100)",
    "of aggregates": "SELECT (SUM(?n) / COUNT(*) + 1 AS ?k) { ?s :n ?n }",
    "of expressions": "SELECT (SUM(?n * 2) AS ?k) (MAX(STRLEN(STR(?s))) AS ?l) { ?s :n ?n }",
    "distinct": "SELECT DISTINCT ?r { ?s :in ?r }",
    "distinct of computed values": "SELECT DISTINCT (STRLEN(STR(?r)) AS ?k) { ?s :in ?r }",
}
ORDERS = {
    "by iri": "SELECT ?s { ?s :type :Club } ORDER BY DESC(?s) LIMIT 2",
    "a page": "SELECT ?s { ?s :type :Club } ORDER BY ?s LIMIT 1 OFFSET 1",
    "by number": "SELECT ?s ?n { ?s :n ?n } ORDER BY ?n",
    "by a text in languages": "SELECT ?s ?l { ?s :label ?l } ORDER BY ?l ?s",
    "unbound first": "SELECT ?s ?n { ?s :type ?t OPTIONAL { ?s :n ?n } } ORDER BY ?n ?s",
    "by dates and times": "SELECT ?d { ?s :since|:at ?d } ORDER BY DESC(?d)",
    "of many kinds": "SELECT ?o { ?s :in|:n|:m|:label|:since|:is ?o } ORDER BY ?o",
    "by an expression": "SELECT ?s { ?s :label ?l } ORDER BY STRLEN(?l) ?s",
    "by an aggregate": "SELECT ?r { ?s :in ?r } GROUP BY ?r ORDER BY DESC(COUNT(?s)) ?r",
    "by an alias": "SELECT ?r (COUNT(?s) AS ?k) { ?s :in ?r } GROUP BY ?r ORDER BY ?k ?r",
    "by what is not selected": "SELECT ?s { ?s :n ?n } ORDER BY DESC(?n)",
    "by iris of which one begins another": "SELECT ?s { VALUES ?s { :a :a1 :a- <x:a/b> <x:a> <x:a?> } } ORDER BY ?s",
    "by what may be unbound, in descending order": """SELECT ?s ?k { ?s :type ?t OPTIONAL {
        SELECT ?s (COUNT(?r) AS ?k) { ?s :in ?r } GROUP BY ?s } } ORDER BY DESC(?k) DESC(?s)""",
    "by two numbers": """SELECT ?r (COUNT(?s) AS ?k) (SUM(?n) AS ?m) { ?s :in ?r OPTIONAL { ?s :n ?n } } GROUP BY ?r
        ORDER BY DESC(?k) ?m""",
    "all columns": "SELECT * { ?s :in ?o } ORDER BY ?s ?o",
}
ANSWERED = {**JOINS, **GRAPHS, **PATHS, **GROUPS}


@pytest.mark.parametrize("query", ANSWERED.values(), ids=ANSWERED.keys())
def test_finds_what_the_engine_finds(query: str, store: ox.Store, index: IndexReader) -> None:
    found, wanted = found_solutions(asked(query), index), by_engine(asked(query), store)
    assert found.names == wanted.names
    assert Counter(found.rows) == Counter(wanted.rows)


@pytest.mark.parametrize("query", ORDERS.values(), ids=ORDERS.keys())
def test_orders_as_the_engine_orders(query: str, store: ox.Store, index: IndexReader) -> None:
    assert found_solutions(asked(query), index) == by_engine(asked(query), store)


LEFT = {
    "a service": "SELECT * { SERVICE SILENT <http://x/> { ?s :in ?o } }",
    "an illegal name": "SELECT (1 AS ?s) { ?s :in ?o }",
    "a variable beside groups": "SELECT ?s (COUNT(*) AS ?k) { ?s :in ?o } GROUP BY ?o",
    "reduced": "SELECT REDUCED ?s { ?s :in ?o }",
    "chance": "SELECT (RAND() AS ?r) { ?s :in ?o }",
    "a regular expression": "SELECT ?s { ?s :label ?l FILTER(REGEX(?l, '^[A-C]')) }",
    "an annotation": "SELECT ?s { ?s :in ?o {| :p ?x |} }",
    "days that do not exist": "SELECT ?s { ?s :gone ?d FILTER(?d < '2015-01-01'^^xsd:date) }",
    "an order of days that do not exist": "SELECT ?s { ?s :gone ?d } ORDER BY ?d",
    "a sum of doubles": "SELECT (SUM(?n) AS ?k) { ?s :m ?n }",
    "a least one of equal numbers": "SELECT (MIN(?n) AS ?k) { VALUES ?n { 1 1.0 } }",
    "letters that DuckDB does not know": "SELECT (LCASE(?x) AS ?k) { VALUES ?x { 'ΑΣ' } }",
    "a number out of range": "SELECT (?x + 1 AS ?k) { VALUES ?x { 9223372036854775807 } }",
    "no step of what no triple has": "SELECT * { VALUES ?x { :nowhere } ?x :in* ?y }",
    "a subquery of each graph": "SELECT * { GRAPH ?g { SELECT (COUNT(*) AS ?k) { ?s :in ?o } } }",
    "an empty graph": "SELECT * { GRAPH ?g { } }",
    "optional of each graph": "SELECT * { GRAPH ?g { OPTIONAL { ?s :at ?o } } }",
    "exists that looks inside first": "SELECT * { ?s :n ?n FILTER EXISTS { ?x :in ?r OPTIONAL { ?y :n ?n } } }",
    "a greatest one of doubles": "SELECT (COUNT(*) AS ?k) { ?s :in ?r } HAVING(MAX(2.5e0) > 2)",
    "exists that speaks of another group": "SELECT * { { ?s :in ?r FILTER NOT EXISTS { ?x :n ?n } } ?s :knows ?x }",
    "optional that speaks of what is outside": "SELECT * { ?s :n ?n OPTIONAL { ?x :in ?r OPTIONAL { ?s :m ?y } } }",
    "a codepoint escape": "SELECT * { ?s :label 'S\\u0045RVICE' }",
    "no step and no step to what is nowhere": "SELECT * { ?s (^:in)*/:within* :nowhere }",
    "minus within exists": "SELECT * { ?s :n ?n FILTER EXISTS { ?x :in ?r MINUS { :a :label ?l } } }",
    "negated between two that are bound": "SELECT * { ?s :in ?r . ?s !:type ?r }",
    "a string with the end of a string": "SELECT * { ?s :label ?l FILTER(?l = 'a\\u0000b') }",
    "deep brackets": "SELECT ?s { ?s :n ?n FILTER" + "(" * 70 + "?n > 3" + ")" * 70 + " }",
}


@pytest.mark.parametrize("query", LEFT.values(), ids=LEFT.keys())
def test_leaves_to_the_engine(query: str, index: IndexReader) -> None:
    text = PROLOGUE + query
    request = QueryRequest(text.replace("\\u0000", "\0"), "SELECT", RESULTS_TSV, "http://x/")
    with pytest.raises(UnsupportedError):
        found_solutions(request, index)


# Values: every operator and function over terms of every kind

TERMS = (
    ":a", '"a"', '"b"', '""', '"a"@en', '"b"@en', '"a"@ru', "1", "2", "-3", "0", "1.0", "1.5", "-2.5", "1e0", "1.5e0",
    '"NaN"^^xsd:double', '"INF"^^xsd:double', "true", "false", '"1"^^xsd:float', '"2010-01-01"^^xsd:date',
    '"2011-01-01"^^xsd:date', '"2010-01-01T00:00:00"^^xsd:dateTime', '"2010-01-01T10:20:30Z"^^xsd:dateTime', '"x"^^:t',
    '"x"^^xsd:integer', '"2010"^^xsd:gYear', "9223372036854775807", "0.000000000000000001", "12345678901234567890.5",
    '"a"@en--ltr', '"12"', '" 7"', '"Straße Ünï Ы"',
)  # fmt: skip
OF_TWO = ("?x = ?y", "?x != ?y", "?x < ?y", "?x >= ?y", "?x + ?y", "?x - ?y", "?x * ?y", "?x / ?y", "SAMETERM(?x, ?y)",
          "CONTAINS(?x, ?y)", "STRSTARTS(?x, ?y)", "STRBEFORE(?x, ?y)", "STRAFTER(?x, ?y)", "CONCAT(?x, ?y)",
          "?x IN (?y, 1)", "?x && ?y", "?x || ?y", "IF(?x, ?y, 1)", "COALESCE(?x + 1, ?y)", "!(?x < ?y)")  # fmt: skip
OF_ONE = ("STR(?x)", "LANG(?x)", "DATATYPE(?x)", "STRLEN(?x)", "UCASE(?x)", "LCASE(?x)", "ABS(?x)", "CEIL(?x)",
          "FLOOR(?x)", "ROUND(?x)", "-?x", "+?x", "!?x", "ISIRI(?x)", "ISLITERAL(?x)", "ISNUMERIC(?x)", "ISBLANK(?x)",
          "YEAR(?x)", "MONTH(?x)", "DAY(?x)", "HOURS(?x)", "MINUTES(?x)", "xsd:string(?x)", "xsd:integer(?x)",
          "xsd:decimal(?x)", "xsd:double(?x)", "SUBSTR(?x, 2)", "SUBSTR(?x, 0, 2)", "BOUND(?x)", "IF(?x, 1, 2)",
          "LANGMATCHES(LANG(?x), 'EN')", "REGEX(?x, 'a')", "REGEX(?x, '^A', 'i')", "STRLEN(STR(?x))",
          "COALESCE(?x / 0, 'none')")  # fmt: skip


@pytest.fixture(scope="module")
def values() -> ox.Store:
    return merged_store(
        "@prefix : <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . :g { "
        + " ".join(f":s{number} :v {term} ." for number, term in enumerate(TERMS))
        + " }"
    )


def rows_or_none(text: str, index: IndexReader) -> Counter[tuple[str | None, ...]] | None:
    try:
        return Counter(found_solutions(asked(text), index).rows)
    except UnsupportedError:
        return None


@pytest.fixture(scope="module")
def values_index(values: ox.Store) -> IndexReader:
    return index_of(values)


@pytest.mark.parametrize("expression", OF_ONE)
def test_functions_give_what_the_engine_gives(expression: str, values: ox.Store, values_index: IndexReader) -> None:
    told = 0
    for number in range(len(TERMS)):
        text = f"SELECT ?x ({expression} AS ?y) {{ :s{number} :v ?x }}"
        found = rows_or_none(text, values_index)
        if found is not None:
            told += 1
            assert found == Counter(by_engine(asked(text), values).rows)
    assert told >= len(TERMS) // 2


@pytest.mark.parametrize("expression", OF_TWO)
def test_operators_give_what_the_engine_gives(expression: str, values: ox.Store, values_index: IndexReader) -> None:
    told, pairs = 0, list(product(range(len(TERMS)), TERMS))[OF_TWO.index(expression) :: 29]
    for number, constant in pairs:
        text = f"SELECT ?x (({expression}) AS ?z) {{ :s{number} :v ?x BIND({constant} AS ?y) }}"
        found = rows_or_none(text, values_index)
        if found is not None:
            told += 1
            assert found == Counter(by_engine(asked(text), values).rows)
    assert told >= 20


NEWER = (*range(0x1C80, 0x1C90), *range(0xA7C0, 0xA800))
"""Letters that Python may not know to have a case."""


def test_letters_are_lowered_as_the_engine_lowers_them_or_looked_for_first() -> None:
    letters = [each for each in map(chr, range(0x20, 0x110000)) if each.lower() != each or each.upper() != each]
    letters += map(chr, NEWER)
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("x:s"), ox.NamedNode("x:p"), ox.Literal("|".join(letters))))
    solutions = store.query("SELECT (LCASE(?o) AS ?l) { ?s ?p ?o }")
    assert isinstance(solutions, ox.QuerySolutions)
    engines = next(solutions)["l"].value.split("|")
    with duckdb.connect() as connection:
        lowered, strange = connection.execute(
            "SELECT [lower(x) FOR x IN $1], [x FOR x IN $1 IF regexp_matches(x, $2)]", [letters, LOWERED_OTHERWISE]
        ).fetchall()[0]
    pairs = dict(zip(letters, zip(engines, lowered, strict=True), strict=True))
    others = {letter for letter, (one, other) in pairs.items() if one != other}
    assert others <= set(strange)
    made = {made for letter in strange if letter != DOTTED_I for each in pairs[letter] for made in each}
    assert not {each for each in made if not MADE_OF_STRANGE.match(each)}


LOOKED_FOR = (
    ("İstanbul", "i"), ("İstanbul", "istanbul"), ("İstanbul", "i\u0307"), ("İstanbul", "bul"), ("xi\u0307y", "i"),
    ("ODOΣ", "σ"), ("ODOΣ", "ς"), ("ODOΣ", "odo"), ("οδοσ", "σ"), ("a\u1c89b", "\u1c89"), ("a\u1c89b", "\u1c8a"),
    ("a\u1c89b", "a"), ("\ua7cb", "\u0264"), ("\uff21\uff22", "\uff42"), ("\u212a", "k"), ("STRASSE", "ss"),
    ("\u0132SSEL", "\u0133"), ("\u0132SSEL", "ij"),
)  # fmt: skip


def test_what_is_looked_for_in_lowered_texts_is_found_as_by_the_engine() -> None:
    store = merged_store("<x:g> { " + "".join(f'<x:s> <x:p> "{text}" . ' for text in {*dict(LOOKED_FOR)}) + "}")
    reader = index_of(store)
    for text, wanted in LOOKED_FOR:  # each for itself, since one that is not told leaves all to the engine
        tests = " ".join(f'({test}(LCASE(?o), "{wanted}") AS ?{test})' for test in ("CONTAINS", "STRSTARTS", "STRENDS"))
        query = f'SELECT {tests} {{ <x:s> <x:p> ?o . FILTER(?o = "{text}") }}'
        rows = rows_or_none(query, reader)
        assert rows is None or rows == Counter(by_engine(asked(query), store).rows)
    assert rows_or_none('SELECT ?o { ?s <x:p> ?o . FILTER(CONTAINS(LCASE(?o), "odo")) }', reader) is not None
