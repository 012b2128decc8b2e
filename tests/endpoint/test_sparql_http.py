"""``/sparql`` over HTTP: the SPARQL 1.1 Protocol, formats, datasets, the service description, and real clients."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import quote

import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import RDF
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV as WRAPPED_CSV
from SPARQLWrapper import JSON as WRAPPED_JSON
from SPARQLWrapper import TURTLE as WRAPPED_TURTLE
from SPARQLWrapper import SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from endpoint.current import Snapshot
from endpoint.sparql.sparql_resource import graph_counts
from graph.model.publication import open_publication
from graph.releases.release import open_release
from tests.endpoint.conftest import BASE
from tests.endpoint.serving import BROWSER, Served

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
CLUBS = f"SELECT ?club WHERE {{ ?club a <{BASE}ns#Club> }} ORDER BY ?club"
LABELS = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ <{BASE}id/club/termez> }} ?s ?p ?o }}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DIRECT = {"Content-Type": "application/sparql-query"}


def ask(served: Served, query: str, accept: str | None = None, **more: str) -> object:
    answer = served.get("/sparql", accept, params={"query": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("query", ["ASK {}", "ASK%20%7B%7D"])
def test_get_is_decoded_once(served: Served, query: str) -> None:
    answer = served.get(f"/sparql?query={quote(query)}")
    assert answer.status_code == (200 if query == "ASK {}" else 400)


def test_ask_by_get(served: Served) -> None:
    assert ask(served, "ASK {}") == {"head": {}, "boolean": True}


def test_post_form(served: Served) -> None:
    answer = served.request("POST", "/sparql", data={"query": "ASK { ?s ?p ?o }"})
    assert (answer.status_code, answer.json()["boolean"]) == (200, True)


def test_post_direct_with_the_dataset_in_the_url(served: Served) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    path = f"/sparql?default-graph-uri={quote(BASE + 'graph/places')}"
    answer = served.request("POST", path, content=query, headers=DIRECT)
    assert answer.json()["results"]["bindings"][0]["n"]["value"] == "2"


@pytest.mark.parametrize(
    "content_type", ["application/sparql-query; charset=UTF-8", 'application/sparql-query;charset="utf-8"']
)
def test_utf_8_may_be_said(served: Served, content_type: str) -> None:
    answer = served.request("POST", "/sparql", content="ASK { }", headers={"Content-Type": content_type})
    assert answer.status_code == 200


def test_letters_beyond_ascii_arrive(served: Served) -> None:
    query = 'SELECT ?s WHERE { ?s ?p "Клуб Термеза"@ru }'
    for answer in (
        served.get("/sparql", params={"query": query}),
        served.request("POST", "/sparql", data={"query": query}),
        served.request("POST", "/sparql", content=query.encode(), headers=DIRECT),
    ):
        assert answer.json()["results"]["bindings"][0]["s"]["value"] == f"{BASE}id/club/termez"


def test_head_has_the_headers_of_get_and_no_body(served: Served) -> None:
    path = f"/sparql?query={quote(CLUBS)}"
    get, head = served.get(path), served.request("HEAD", path)
    assert head.content == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Vary", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_options_is_a_preflight(served: Served) -> None:
    headers = {"Origin": "https://yasgui.example", "Access-Control-Request-Method": "POST"}
    answer = served.request("OPTIONS", "/sparql", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert {"GET", "HEAD", "POST", "OPTIONS"} <= set(answer.headers["Allow"].split(", "))


TAKEN = {
    "a byte order mark": "\ufeffASK { FILTER(1 = 1) }",
    "a mark and an escape": '\ufeffASK { FILTER("a\\u003Cb" = "a<b") }',
    "a boolean in capitals": "ASK { FILTER(TRUE) }",
    "a silent call": "ASK { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } FILTER(!BOUND(?o)) }",
    "groups": "ASK { VALUES ?v { 1 1 2 } } GROUP BY ?v HAVING (COUNT(*) > 1)",
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_legal_is_answered(served: Served, what: str) -> None:
    query = TAKEN[what]
    direct = {"Content-Type": "application/sparql-query"}
    for answer in (
        served.get("/sparql", params={"query": query}),
        served.request("POST", "/sparql", data={"query": query}),
        served.request("POST", "/sparql", headers=direct, content=query.encode()),
        served.get("/sparql", BROWSER, params={"query": query}),
    ):
        assert answer.status_code == 200, answer.text
    assert served.get("/sparql", params={"query": query}).json()["boolean"] is True


REFUSED = [
    ("GET", "/sparql?query=ASK{}&query=ASK{}", {}, b"", 400),
    ("GET", "/sparql?default-graph-uri=http://x.example/", {}, b"", 400),
    ("GET", "/sparql?query=", {}, b"", 400),
    ("GET", "/sparql?query=SELECT%20nonsense", {}, b"", 400),
    ("GET", "/sparql?query=ASK{}&default-graph-uri=relative", {}, b"", 400),
    ("GET", "/sparql?query=ASK{}&named-graph-uri=a%20b:c", {}, b"", 400),
    ("GET", "/sparql?query=ASK{}&version=9", {}, b"", 400),
    ("GET", "/sparql?query=ASK{%22%FF%22}", {}, b"", 400),
    ("GET", "/sparql?update=CLEAR+ALL", {}, b"", 400),
    ("GET", "/sparql?query=CLEAR+ALL", {}, b"", 400),
    ("GET", "/sparql?query=ASK{SERVICE<http://127.0.0.1:9/>{}}", {}, b"", 403),
    ("POST", "/sparql", FORM, b"", 400),
    ("POST", "/sparql?query=ASK{}", FORM, b"query=ASK{}", 400),
    ("POST", "/sparql", FORM, b"update=CLEAR+ALL", 400),
    ("POST", "/sparql", FORM, b"query=ASK{}&update=CLEAR+ALL", 400),
    ("POST", "/sparql", FORM, b"query=%FF", 400),
    ("POST", "/sparql", {"Content-Type": "application/sparql-update"}, b"CLEAR ALL", 400),
    ("POST", "/sparql", {"Content-Type": "text/plain"}, b"ASK {}", 415),
    ("POST", "/sparql", {}, b"ASK {}", 415),
    ("POST", "/sparql", {"Content-Type": "application/sparql-query; charset=UTF-16"}, "ASK {}".encode("utf-16"), 415),
    ("POST", "/sparql", {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-16"}, b"query=ASK{}", 415),
    ("POST", "/sparql", DIRECT, "ASK {}".encode("utf-16"), 400),
    ("POST", "/sparql", DIRECT, b"ASK {} #" + b"x" * 60_000, 413),
    ("GET", "/sparql?query=ASK{}%23" + "x" * 56_000, {}, b"", 413),
    ("PUT", "/sparql?query=ASK{}", {}, b"", 405),
    ("DELETE", "/sparql?query=ASK{}", {}, b"", 405),
    ("PATCH", "/sparql", {}, b"", 405),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), REFUSED)
def test_what_the_protocol_does_not_allow_is_refused(
    served: Served, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = served.request(method, path, headers=headers, content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if status == 415:
        assert "application/sparql-query" in answer.headers["Accept-Post"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_a_syntax_error_names_line_column_and_token(served: Served) -> None:
    answer = served.get("/sparql", params={"query": "SELECT *\nWHERE { ?s ?p }"})
    problem = answer.json()
    assert (problem["line"], problem["column"], problem["token"]) == (2, 15, "}")


def test_a_function_that_is_not_there_is_named(served: Served) -> None:
    query = "SELECT (<http://x.example/f>(1) AS ?x) WHERE {}"
    answer = served.get("/sparql", params={"query": query})
    assert (answer.status_code, "http://x.example/f" in answer.json()["detail"]) == (400, True)


FORMATS = [
    (CLUBS, "application/sparql-results+json", "application/sparql-results+json"),
    (CLUBS, "application/sparql-results+xml", "application/sparql-results+xml"),
    (CLUBS, "text/csv", "text/csv; charset=utf-8"),
    (CLUBS, "text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
    ("ASK {}", "application/sparql-results+xml", "application/sparql-results+xml"),
    (LABELS, "text/turtle", "text/turtle; charset=utf-8"),
    (LABELS, "application/n-triples", "application/n-triples"),
    (LABELS, "application/rdf+xml", "application/rdf+xml"),
    (LABELS, "application/ld+json", "application/ld+json"),
    (f"DESCRIBE <{BASE}id/club/termez>", "text/turtle", "text/turtle; charset=utf-8"),
]


@pytest.mark.parametrize(("query", "accept", "content_type"), FORMATS)
def test_each_format_is_what_it_says(served: Served, query: str, accept: str, content_type: str) -> None:
    answer = served.get("/sparql", accept, params={"query": query})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert "Accept" in answer.headers["Vary"]


def test_csv_is_rfc_4180_and_tsv_writes_terms(served: Served) -> None:
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    query = f'SELECT ?c ?l WHERE {{ ?c a <{BASE}ns#Club> ; {label} ?l . FILTER(LANG(?l)="ru") }}'
    as_csv = served.get("/sparql", "text/csv", params={"query": query}).content.decode()
    as_tsv = served.get("/sparql", "text/tab-separated-values", params={"query": query}).content.decode()
    assert as_csv == f"c,l\r\n{BASE}id/club/termez,Клуб Термеза\r\n"
    assert as_tsv == f'?c\t?l\n<{BASE}id/club/termez>\t"Клуб Термеза"@ru\n'


@pytest.mark.parametrize(("query", "accept"), [("ASK {}", "text/csv"), (CLUBS, "text/turtle"), (LABELS, "text/csv")])
def test_nothing_acceptable_is_406_with_alternatives(served: Served, query: str, accept: str) -> None:
    answer = served.get("/sparql", f"{accept}, application/problem+json;q=0.1", params={"query": query})
    assert answer.status_code == 406
    assert answer.json()["alternatives"]


@pytest.mark.parametrize(
    ("parameters", "content_type"),
    [
        ({"format": "csv"}, "text/csv; charset=utf-8"),
        ({"output": "xml"}, "application/sparql-results+xml"),
        ({"results": "tsv"}, "text/tab-separated-values; charset=utf-8"),
        ({"format": "nonsense"}, "application/sparql-results+json"),
        ({"format": ["nonsense", "csv"]}, "text/csv; charset=utf-8"),
        ({"format": "csv", "output": "csv", "results": "csv"}, "text/csv; charset=utf-8"),
        ({"format": "turtle"}, "application/sparql-results+json"),
    ],
)
def test_known_format_parameters_count_and_unknown_ones_do_not(
    served: Served, parameters: dict[str, str], content_type: str
) -> None:
    answer = served.get("/sparql", params={"query": CLUBS, **parameters})
    assert answer.headers["Content-Type"] == content_type


def test_ask_has_no_csv(served: Served) -> None:
    assert served.get("/sparql", params={"query": "ASK {}", "format": "csv"}).status_code == 406


COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> 'Termez'@en }"
IN_GRAPHS = "SELECT (COUNT(DISTINCT ?g) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"


def count(served: Served, query: str, **dataset: object) -> int:
    answer = served.get("/sparql", params={"query": query, **dataset})  # type: ignore[arg-type]
    return int(answer.json()["results"]["bindings"][0]["n"]["value"])


def test_a_triple_in_two_graphs_is_one_triple(served: Served) -> None:
    assert count(served, COUNT) == 1


def test_the_dataset_of_the_protocol_replaces_the_whole(served: Served) -> None:
    clubs, places = f"{BASE}graph/clubs", f"{BASE}graph/places"
    assert count(served, COUNT, **{"default-graph-uri": places}) == 1
    assert count(served, COUNT, **{"default-graph-uri": [clubs, places]}) == 1
    assert count(served, COUNT, **{"named-graph-uri": places}) == 0
    assert count(served, IN_GRAPHS, **{"default-graph-uri": places}) == 0
    assert count(served, IN_GRAPHS, **{"named-graph-uri": [clubs, places]}) == 2
    assert count(served, COUNT, **{"default-graph-uri": "http://nowhere.example/"}) == 0


def test_the_dataset_of_the_protocol_overrides_from(served: Served) -> None:
    query = COUNT.replace("WHERE", f"FROM <{BASE}graph/clubs> WHERE")
    assert count(served, query) == 1
    assert count(served, query, **{"default-graph-uri": "http://nowhere.example/"}) == 0


def test_relative_iris_are_resolved_against_the_service(served: Served) -> None:
    assert ask(served, "ASK { <id/club/termez> ?p ?o }") == {"head": {}, "boolean": True}


def test_the_same_answer_is_304(served: Served) -> None:
    first = served.get("/sparql", params={"query": CLUBS})
    again = served.get("/sparql", params={"query": CLUBS}, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers[name] == first.headers[name]


def test_two_answers_have_the_same_tag_just_where_they_have_the_same_bytes(served: Served) -> None:
    answers = [
        served.get("/sparql", params={"query": CLUBS}),
        served.get("/sparql", params={"query": CLUBS + " LIMIT 1"}),
        served.get("/sparql", params={"query": CLUBS, "default-graph-uri": f"{BASE}graph/clubs"}),
        served.get("/sparql", "text/csv", params={"query": CLUBS}),
    ]
    assert len({each.headers["ETag"] for each in answers}) == len({each.content for each in answers}) == 3


def test_comments_and_white_space_do_not_make_another_tag(served: Served) -> None:
    first = served.get("/sparql", params={"query": CLUBS})
    other = served.get("/sparql", params={"query": "# a comment\n" + CLUBS.replace(" ", "\n ")})
    assert first.headers["ETag"] == other.headers["ETag"]


@pytest.mark.parametrize("call", ["NOW()", "RAND()", "UUID()"])
def test_what_changes_each_time_is_not_kept(served: Served, call: str) -> None:
    answer = served.get("/sparql", params={"query": f"SELECT ({call} AS ?x) WHERE {{}}"})
    assert (answer.headers["Cache-Control"], "ETag" in answer.headers) == ("no-store", False)


def test_every_answer_names_its_release(served: Served) -> None:
    for path in ("/sparql?query=ASK{}", "/sparql?query=x", "/nowhere", "/doc/club/termez"):
        assert served.get(path).headers["X-Hamkor-Release"] == served.release.id


# ---- the service description


def description(served: Served, accept: str | None = None) -> Graph:
    answer = served.get("/sparql", accept)
    assert answer.status_code == 200
    return Graph().parse(data=answer.content, format=answer.headers["Content-Type"].partition(";")[0])


@pytest.mark.parametrize(
    "accept", [None, "*/*", "text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples"]
)
def test_without_a_query_the_service_describes_itself(served: Served, accept: str | None) -> None:
    graph = description(served, accept)
    (service,) = graph.subjects(RDF.type, URIRef(f"{SD}Service"))
    assert list(graph.objects(service, URIRef(f"{SD}endpoint"))) == [URIRef(f"{served.url}/sparql")]


def test_the_description_is_true(served: Served) -> None:
    graph = description(served)
    (service,) = graph.subjects(RDF.type, URIRef(f"{SD}Service"))
    assert set(graph.objects(service, URIRef(f"{SD}feature"))) == {URIRef(f"{SD}UnionDefaultGraph")}
    assert len(set(graph.objects(service, URIRef(f"{SD}resultFormat")))) == 10
    dataset = graph.value(service, URIRef(f"{SD}defaultDataset"))
    triples = graph.value(graph.value(dataset, URIRef(f"{SD}defaultGraph")), URIRef(f"{VOID}triples"))
    assert int(str(triples)) == count(served, "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    named = list(graph.objects(dataset, URIRef(f"{SD}namedGraph")))
    assert len(named) == count(served, IN_GRAPHS)
    for each in named:
        iri = graph.value(each, URIRef(f"{SD}name"))
        size = graph.value(graph.value(each, URIRef(f"{SD}graph")), URIRef(f"{VOID}triples"))
        assert int(str(size)) == count(served, f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}")


def test_partitions_of_each_named_graph_are_what_sparql_counts(served: Served) -> None:
    graph = description(served)
    void = Namespace(VOID)
    for each in graph.objects(None, URIRef(f"{SD}namedGraph")):
        iri, described = graph.value(each, URIRef(f"{SD}name")), graph.value(each, URIRef(f"{SD}graph"))
        classes = {
            str(graph.value(part, void["class"])): int(graph.value(part, void.entities))
            for part in graph.objects(described, void.classPartition)
        }
        properties = {
            str(graph.value(part, void.property)): tuple(
                int(graph.value(part, void[name])) for name in ("triples", "distinctSubjects", "distinctObjects")
            )
            for part in graph.objects(described, void.propertyPartition)
        }
        within = f"{{ GRAPH <{iri}> {{"
        by_class = f"SELECT ?c (COUNT(?s) AS ?n) {within} ?s a ?c }} }} GROUP BY ?c"
        by_property = (
            "SELECT ?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?k) (COUNT(DISTINCT ?o) AS ?m) "
            f"{within} ?s ?p ?o }} }} GROUP BY ?p"
        )
        assert classes == {iri: numbers[0] for iri, numbers in counted(served, by_class).items()}
        assert properties == counted(served, by_property)


def counted(served: Served, query: str) -> dict[str, tuple[int, ...]]:
    """The rows of a query: an IRI and numbers."""
    rows = served.get("/sparql", "text/csv", params={"query": query}).text.split("\r\n")[1:-1]
    return {iri: tuple(map(int, numbers)) for iri, *numbers in (row.split(",") for row in rows)}


def test_partitions_are_of_graphs_that_are_small(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Snapshot(open_publication(served.folder), open_release(served.release.folder), None)
    sizes = {each.iri: each.triples for each in here.release.manifest.graphs}
    monkeypatch.setattr("endpoint.sparql.sparql_resource.MOST_TRIPLES", min(sizes.values()))
    assert graph_counts(here).keys() == {iri for iri, size in sizes.items() if size == min(sizes.values())}
    monkeypatch.setattr("endpoint.sparql.sparql_resource.MOST_TRIPLES", max(sizes.values()))
    monkeypatch.setattr("endpoint.sparql.sparql_resource.MOST_IN_ALL", max(sizes.values()))
    assert sum(sizes[iri] for iri in graph_counts(here)) <= max(sizes.values())


def test_each_extension_function_that_is_announced_is_known_to_the_guard(served: Served) -> None:
    graph = description(served)
    for function in graph.objects(None, URIRef(f"{SD}extensionFunction")):
        answer = served.get("/sparql", params={"query": f"ASK {{ FILTER(BOUND(?x) && <{function}>(?x)) }}"})
        assert "has no function" not in answer.text


# ---- people


def test_a_browser_gets_a_form_with_the_examples(served: Served) -> None:
    answer = served.get("/sparql", BROWSER)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<textarea" in answer.text
    assert "Which clubs are there?" in answer.text


def test_a_browser_gets_the_answer_as_a_table_with_labels(served: Served) -> None:
    answer = served.get("/sparql", BROWSER, params={"query": CLUBS, "format": "html"})
    assert "<table>" in answer.text
    assert re.search(r'<a href="/doc/club/termez[^"]*"[^>]*>Club of Termez</a>', answer.text)
    assert "2 solutions" in answer.text


@pytest.mark.parametrize(
    ("query", "expected"), [("ASK {}", "Yes"), (LABELS, "Club of Termez"), ("ASK { FILTER(false) }", "No")]
)
def test_a_browser_sees_every_query_form(served: Served, query: str, expected: str) -> None:
    answer = served.get("/sparql", BROWSER, params={"query": query})
    assert (answer.status_code, expected in answer.text) == (200, True)


def test_a_browser_sees_its_query_again_with_the_error(served: Served) -> None:
    answer = served.get("/sparql", BROWSER, params={"query": "SELECT <script>"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "SELECT &lt;script&gt;</textarea>" in answer.text
    assert "<script" not in answer.text


# ---- clients that people use


def test_rdflib_s_sparql_store_reads_the_endpoint(served: Served) -> None:
    graph = Graph(SPARQLStore(f"{served.url}/sparql"))
    rows = [str(row[0]) for row in graph.query(CLUBS)]  # type: ignore[index]
    assert rows == [f"{BASE}id/club/termez", f"{BASE}id/club/urgench"]
    assert (URIRef(f"{BASE}id/club/termez"), RDF.type, URIRef(f"{BASE}ns#Club")) in graph


def test_sparqlwrapper_reads_json_csv_and_turtle(served: Served) -> None:
    client = SPARQLWrapper(f"{served.url}/sparql")
    client.setQuery(CLUBS)
    client.setReturnFormat(WRAPPED_JSON)
    assert len(client.query().convert()["results"]["bindings"]) == 2
    client.setReturnFormat(WRAPPED_CSV)
    assert len(list(csv.reader(io.StringIO(client.query().convert().decode())))) == 3
    client.setQuery(LABELS)
    client.setReturnFormat(WRAPPED_TURTLE)
    assert len(Graph().parse(data=client.query().convert(), format="turtle")) > 5


def test_sparqlwrapper_by_post(served: Served) -> None:
    client = SPARQLWrapper(f"{served.url}/sparql")
    client.setMethod("POST")
    client.setQuery("ASK {}")
    client.setReturnFormat(WRAPPED_JSON)
    assert client.query().convert()["boolean"] is True


def test_sparqlwrapper_shows_a_syntax_error(served: Served) -> None:
    client = SPARQLWrapper(f"{served.url}/sparql")
    client.setQuery("SELECT nonsense")
    with pytest.raises(QueryBadFormed, match="line 1"):
        client.query()


def test_the_service_of_a_folder_that_is_not_ours_answers_too(bare: Served) -> None:
    query = "SELECT ?name WHERE { GRAPH <http://data.example/g> { ?s <http://xmlns.com/foaf/0.1/name> ?name } }"
    assert ask(bare, query)["results"]["bindings"] == [{"name": {"type": "literal", "value": "Bob"}}]  # type: ignore[index]


OF_ALL_KINDS = [
    "SELECT ?o (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?o ORDER BY ?o",
    "SELECT ?o { GRAPH ?g { ?s ?p ?o } } ORDER BY DESC(?o) LIMIT 500",
    "SELECT * { { SELECT ?p (SAMPLE(?o) AS ?v) { ?s ?p ?o } GROUP BY ?p ORDER BY ?v LIMIT 99 } } ORDER BY DESC(?v)",
]


@pytest.mark.parametrize("query", OF_ALL_KINDS)
def test_the_flagship_s_values_have_an_order(flagship_served: Served, query: str) -> None:
    rows = ask(flagship_served, query)["results"]["bindings"]  # type: ignore[index]
    name = "v" if "?v" in query else "o"
    numbers = [
        float(row[name]["value"]) for row in rows if row[name].get("datatype", "").endswith(("integer", "decimal"))
    ]
    assert len(rows) >= 50
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
