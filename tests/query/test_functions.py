"""Which functions can be called by IRI: what the list says, and what the engine does."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph.model.errors import QuerySyntaxError
from graph.query.engine import EXTENSION_FUNCTIONS, unsupported
from graph.query.sparql.guard import read_query

XSD = "http://www.w3.org/2001/XMLSchema#"
GEOF = "http://www.opengis.net/def/function/geosparql/"
PROLOGUE = f"PREFIX xsd: <{XSD}> PREFIX geof: <{GEOF}> PREFIX ex: <http://example.org/> "


@pytest.mark.parametrize("iri", sorted(EXTENSION_FUNCTIONS))
def test_the_engine_has_every_function_of_the_list(store: ox.Store, iri: str) -> None:
    query = f"SELECT (<{iri}>('1') AS ?x) {{}}"
    assert read_query(query).functions == (iri,)
    list(store.query(query))


@pytest.mark.parametrize(
    "iri",
    [
        *(
            f"{XSD}{name}"
            for name in ("long", "int", "anyURI", "nonNegativeInteger", "gyear", "String", "base64Binary")
        ),
        *(
            f"{GEOF}{name}"
            for name in ("buffer", "boundary", "metricDistance", "transform", "concaveHull", "sfcontains")
        ),
        *("http://www.w3.org/2005/xpath-functions#upper-case", "http://example.org/f"),
        *("http://jena.apache.org/ARQ/function#now", "urn:f", "http://www.w3.org/2005/xpath-functions/math#pi"),
    ],
)
def test_a_function_that_the_engine_lacks_is_named(store: ox.Store, iri: str) -> None:
    query = f"SELECT * {{ ?s ?p ?o FILTER(1 = <{iri}>('1')) }}"
    with pytest.raises(QuerySyntaxError, match="the engine has no function") as caught:
        read_query(query)
    assert f"<{iri}>" in caught.value.problem
    assert (caught.value.token, caught.value.column) == (f"<{iri}>"[:60], query.index(f"<{iri}>") + 1)
    with pytest.raises(RuntimeError, match="is not supported") as raised:
        list(store.query(query))
    assert unsupported(raised.value) is not None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (ex:f(?o) AS ?x) { ?s ?p ?o }",
        "SELECT ?s (1 AS ?y) (ex:f() AS ?x) { ?s ?p ?o }",
        "SELECT (SUM(ex:f(?o)) AS ?x) { ?s ?p ?o }",
        "SELECT (ex:f(DISTINCT ?o) AS ?x) { ?s ?p ?o }",
        "SELECT (xsd:integer(ex:f(?o)) AS ?x) { ?s ?p ?o }",
        "SELECT * { ?s ?p ?o FILTER ex:f(?o) }",
        "SELECT * { ?s ?p ?o FILTER(STR(?o) = ex:f(?o)) }",
        "SELECT * { ?s ?p ?o FILTER NOT EXISTS { ?s ex:q ?z FILTER(ex:f(?z)) } }",
        "SELECT * { ?s ?p ?o BIND(ex:f(?o) AS ?x) }",
        "SELECT * { ?s ?p ?o BIND(-ex:f(?o) AS ?x) }",
        "SELECT * { ?s ?p ?o } ORDER BY ex:f(?o)",
        "SELECT * { ?s ?p ?o } ORDER BY ?s DESC(ex:f(?o))",
        "SELECT ?x { ?s ?p ?o } GROUP BY (ex:f(?o) AS ?x)",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ex:f(?o)",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } HAVING ex:f(1)",
        "SELECT * { { SELECT * { ?s ?p ?o } ORDER BY ex:f(?o) LIMIT 1 } }",
        "ASK { FILTER(1 IN (ex:f(2))) }",
        "ASK { FILTER(1 < ex:f (2)) }",
    ],
)
def test_an_unknown_function_is_seen_wherever_one_can_be_called(query: str) -> None:
    with pytest.raises(QuerySyntaxError, match=r"the engine has no function <http://example\.org/f>"):
        read_query(PROLOGUE + query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ex:p (1 2) }",
        "SELECT * { ex:s (ex:p|ex:q) ?o }",
        "SELECT * { ex:s ex:p/(ex:q) ?o }",
        "SELECT * { (ex:a (ex:b)) ex:p ?o }",
        "SELECT * { FILTER(1 = 1) ?s ex:p (1) }",
        "SELECT * { FILTER xsd:boolean('1') ?s ex:p (1) }",
        "SELECT * { FILTER EXISTS { ?s ex:p (1) } ?s ex:p (1) }",
        "SELECT ?s { ?s ex:p (1) { SELECT ?s { ?s ex:p (1) } ORDER BY ?s } ?s ex:p (1) }",
        "SELECT * { ?s ?p ?o } ORDER BY ?s LIMIT 1 VALUES (?s ?p) { (ex:a ex:b) }",
        "SELECT * { VALUES (?s) { (ex:a) (ex:b) } BIND(1 AS ?x) ?s ex:p (1) }",
        "CONSTRUCT { ?s ex:p (1) } { ?s ex:p (1) } ORDER BY ?s",
        "SELECT * { ?s ?p [ ex:p (1) ] . ?s ?q ?o {| ex:p (1) |} }",
        "DESCRIBE ex:a { FILTER(?x IN (ex:a)) ?x ex:p (1) }",
    ],
)
def test_a_list_or_path_behind_an_iri_is_no_call(store: ox.Store, query: str) -> None:
    read = read_query(PROLOGUE + query)
    assert set(read.functions) <= {f"{XSD}boolean"}
    list(store.query(read.text))


def test_a_wrong_number_of_arguments_is_a_syntax_error(store: ox.Store) -> None:
    query = read_query(f"SELECT (<{XSD}integer>(1, 2) AS ?x) {{}}")
    with pytest.raises(RuntimeError) as raised:
        list(store.query(query.text))
    found = unsupported(raised.value)
    assert found is not None
    assert "another number of arguments" in str(found)
    assert unsupported(RuntimeError("something else")) is None
