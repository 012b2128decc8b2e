"""The dataset that a query's own FROM clauses name: as the guard reads it, and as the engine does."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph.model.errors import HamkorError, QuerySyntaxError
from graph.query.engine import Dataset
from graph.query.sparql.guard import read_query

BASE = "http://example.org/data/sparql"
PROLOGUE = "PREFIX g: <http://example.org/graph/> PREFIX : <http://example.org/> PREFIX odd: <http://h:> "
A, B, C = "http://example.org/graph/a", "http://example.org/graph/b", "http://example.org/c"


@pytest.mark.parametrize(
    ("head", "default", "named"),
    [
        ("SELECT *", [], []),
        (f"SELECT * FROM <{A}>", [A], []),
        (f"SELECT *FROM<{A}>FROM<{B}>", [A, B], []),
        (f"select * from <{B}> From <{A}>", [B, A], []),
        (f"SELECT * FROM NAMED <{A}>", [], [A]),
        (f"SELECT * FROM NAMED <{A}> FROM <{B}> FROM NAMED <{C}>", [B], [A, C]),
        (f"SELECT * FROM <{A}> FROM <{A}> FROM g:a FROM NAMED g:a", [A], [A]),
        ("SELECT * FROM g:a FROM :c", [A, C], []),
        ("SELECT * FROM <a> FROM </c> FROM <../graph/b>", ["http://example.org/data/a", C, B], []),
        ("BASE <http://example.org/graph/> SELECT * FROM <a>", [A], []),
        ("BASE </graph/> PREFIX x: <> SELECT * FROM x:a FROM NAMED <b>", [A], [B]),
        ("PREFIX g: <http://example.org/> SELECT * FROM g:c", [C], []),
        ("SELECT * FROM :graph\\/a FROM g:%61", [A, "http://example.org/graph/%61"], []),
        ("SELECT * FROM <http://example.org/gr\\u0061ph/a>", [A], []),
        (f"SELECT * # FROM <{B}>\n FROM # NAMED\n <{A}>", [A], []),
        (f'SELECT ("FROM <{B}>" AS ?x) FROM <{A}>', [A], []),
        (f"SELECT ?from FROM <{A}>", [A], []),
        ("PREFIX named: <http://example.org/graph/> SELECT * FROM named:a FROM NAMED named:b", [A], [B]),
        (f"ASK FROM <{A}>", [A], []),
        (f"DESCRIBE * FROM <{A}>", [A], []),
        (f"DESCRIBE g:a <{B}> FROM <{C}>", [C], []),
        (f"CONSTRUCT {{ ?s ?p ?o }} FROM <{A}>", [A], []),
        ("SELECT * FROM <http://example.org/service>", ["http://example.org/service"], []),
        ("SELECT * FROM :service FROM :v1.2.3", ["http://example.org/service", "http://example.org/v1.2.3"], []),
    ],
)
def test_the_dataset_that_a_query_names(head: str, default: list[str], named: list[str]) -> None:
    read = read_query(f"{PROLOGUE}{head} WHERE {{ ?s ?p ?o }}", base=BASE)
    assert read.clauses == Dataset(tuple(default), tuple(named))
    ox.Store().query(read.text, base_iri=BASE)


def test_a_construct_without_a_template_names_its_dataset() -> None:
    assert read_query(f"CONSTRUCT FROM <{A}> WHERE {{ ?s ?p ?o }}").clauses == Dataset((A,))


@pytest.mark.parametrize(
    ("query", "column", "problem"),
    [
        ("SELECT * FROM {}", 15, "must follow FROM"),
        ("SELECT * FROM ?g {}", 15, "must follow FROM"),
        ("SELECT * FROM NAMED {}", 21, "must follow FROM NAMED"),
        ("SELECT * FROM NAMED NAMED <http://a/> {}", 21, "must follow FROM NAMED"),
        ("SELECT * FROM SILENT <http://a/> {}", 15, "must follow FROM"),
        ("SELECT * FROM", 14, "must follow FROM"),
        ("SELECT * FROM x:a {}", 15, "not declared"),
        ("SELECT * FROM <a> {}", 15, "absolute IRI"),
        ("PREFIX x: <http://h:> SELECT * FROM x:WHERE {}", 37, "absolute IRI"),
        ("SELECT * { { SELECT * FROM <http://a/> {} } }", 23, "within brackets"),
        ("PREFIX ASKFROMx: <a:b> ASKFROMx:a {}", 24, "begins with"),
    ],
)
def test_a_clause_that_names_no_graph_is_an_error_at_its_place(query: str, column: int, problem: str) -> None:
    with pytest.raises(QuerySyntaxError, match=problem) as caught:
        read_query(query)
    assert caught.value.column == column


DISGUISES = {
    "prefix that begins with FROM": "PREFIX FROMg: <http://x/> SELECT * FROMg:a { ?s ?p ?o }",
    "prefix that is FROM": "PREFIX FROM: <http://x/> SELECT * FROM:c { ?s ?p ?o }",
    "in lower case": "PREFIX fromg: <http://x/> SELECT * fromg:a { ?s ?p ?o }",
    "prefix that is NAMED": "PREFIX NAMED: <http://example.org/graph/> SELECT * FROM NAMED:a { ?s ?p ?o }",
    "prefix that is both": "PREFIX FROMNAMEDg: <http://x/> SELECT * FROMNAMEDg:a { ?s ?p ?o }",
    "in a template": "PREFIX FROMg: <http://x/> CONSTRUCT FROMg:a WHERE { ?s ?p ?o }",
    "after what is described": "PREFIX FROMg: <http://x/> DESCRIBE ?s FROMg:a { ?s ?p ?o }",
    "described alone": f"PREFIX FROMg: <{A}#> DESCRIBE FROMg:x",
    "name that is no IRI": f"DESCRIBE odd:FROM <{A}> {{ ?s ?p ?o }}",
    "two names that are no IRIs": f"PREFIX b: <http://i:> DESCRIBE odd:b:FROM <{A}> {{ ?s ?p ?o }}",
    "name in FROM that is no IRI": "SELECT * FROM odd:WHERE { ?s ?p ?o }",
    "dots": f"DESCRIBE :a.b.FROM <{A}> {{ ?s ?p ?o }}",
    "variable": f"DESCRIBE ?sFROM <{A}> {{ ?s ?p ?o }}",
    "after a comment that ends with CR": f"SELECT * # x\rFROM <{A}> {{ ?s ?p ?o }}",
    "comment in the keyword": f"SELECT * FROM#\n<{A}> {{ ?s ?p ?o }}",
    "prefix that begins with GRAPH": "PREFIX GRAPHg: <http://x/> SELECT * { GRAPHg:a { ?s ?p ?o } }",
    "prefix that is GRAPH": "PREFIX graph: <http://x/> SELECT * { { graph:c { ?s ?p ?o } } }",
    "GRAPH behind a name that is no IRI": f"SELECT * {{ ?s ?p odd:GRAPH <{A}> {{ ?s ?p ?o }} }}",
    "GRAPH behind dots": f"SELECT * {{ ?s ?p :a.b.GRAPH <{A}> {{ ?s ?p ?o }} }}",
}


@pytest.fixture(scope="module")
def one_triple_a_graph() -> ox.Store:
    store = ox.Store()
    for graph in (ox.DefaultGraph(), *map(ox.NamedNode, (A, B, C))):
        name = graph.value if isinstance(graph, ox.NamedNode) else "default"
        store.add(ox.Quad(ox.NamedNode("http://example.org/s"), ox.NamedNode(BASE), ox.Literal(name), graph))
    return store


def graphs_seen(store: ox.Store, text: str) -> set[str]:
    """The graphs of which the engine sees the triples, by its own reading of the query."""
    found = store.query(text, base_iri=BASE)
    if isinstance(found, ox.QueryTriples):
        return {triple.object.value for triple in found if isinstance(triple.object, ox.Literal)}
    assert isinstance(found, ox.QuerySolutions)
    return {row["o"].value for row in found}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_the_engine_reads_no_other_dataset_than_the_guard(one_triple_a_graph: ox.Store, disguise: str) -> None:
    try:
        read = read_query(PROLOGUE + disguise, base=BASE)
        seen = graphs_seen(one_triple_a_graph, read.text)
    except (HamkorError, SyntaxError):
        return
    assert not read.uses_graph_clause
    assert seen <= set(read.clauses.default_graphs or ("default",))


@pytest.mark.parametrize("disguise", ["prefix that begins with FROM", "prefix that begins with GRAPH"])
def test_a_disguise_is_one(one_triple_a_graph: ox.Store, disguise: str) -> None:
    assert graphs_seen(one_triple_a_graph, PROLOGUE + DISGUISES[disguise]) == {A}
