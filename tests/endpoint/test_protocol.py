"""The SPARQL 1.1 Protocol's own tests, by their names in W3C's list, with requests of ours: queries, and what is none.

The tests of update operations are there as far as they expect an error: this service has no updates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint.http.problems import ProblemError
from endpoint.sparql.protocol import read_operation
from tests.endpoint.serving import Served, serving, write

EX = "http://example.org/data/"
ONE, TWO, THREE = (f"{EX}data{number}.rdf" for number in (1, 2, 3))
FORM, DIRECT, UPDATE = (f"application/{name}" for name in ("x-www-form-urlencoded", "sparql-query", "sparql-update"))
RESULTS = {"application/sparql-results+json", "application/sparql-results+xml"}
TABLES = RESULTS | {"text/csv", "text/tab-separated-values"}
GRAPHS = {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"}


@dataclass(frozen=True)
class Request:
    """A request and what it is to bring.

    Attributes:
        body: what is sent; a query where it is text.
        boolean: the answer to an ASK, where one is expected.
        formats: the media types that the answer may have.
        errors: the statuses that it may have instead.
    """

    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    boolean: bool | None = None
    formats: frozenset[str] = frozenset()
    errors: frozenset[int] = frozenset()


def get(query: str, *params: tuple[str, str], boolean: bool | None = None, formats: set[str] | None = None) -> Request:
    return Request("GET", (("query", query), *params), boolean=boolean, formats=frozenset(formats or ()))


def form(*params: tuple[str, str], boolean: bool | None = None) -> Request:
    return Request("POST", (), urlencode(params).encode(), {"Content-Type": FORM}, boolean)


def posted(body: str | bytes, content_type: str, *params: tuple[str, str], boolean: bool | None = None) -> Request:
    content = body.encode() if isinstance(body, str) else body
    return Request("POST", params, content, {"Content-Type": content_type} if content_type else {}, boolean)


def default(*iris: str) -> tuple[tuple[str, str], ...]:
    return tuple(("default-graph-uri", iri) for iri in iris)


def named(*iris: str) -> tuple[tuple[str, str], ...]:
    return tuple(("named-graph-uri", iri) for iri in iris)


def refused(request: Request, *errors: int) -> Request:
    return Request(request.method, request.params, request.body, request.headers, errors=frozenset(errors))


BOTH = f"ASK {{ <{ONE}> a ?t . <{TWO}> a ?t }}"
THIRD = f"ASK {{ <{THREE}> a ?t }}"
IN_GRAPHS = f"ASK {{ GRAPH ?g {{ <{ONE}> a ?t }} GRAPH ?h {{ <{TWO}> a ?t }} }}"
NO_THIRD_GRAPH = f"ASK {{ GRAPH <{THREE}> {{ ?s ?p ?o }} }}"
FULL = f"ASK {{ <{THREE}> a ?t . GRAPH ?g {{ <{ONE}> a ?t }} GRAPH ?h {{ <{TWO}> a ?t }} }}"
MULTIPLE = f"ASK FROM <{THREE}> {{ GRAPH ?g {{ <{ONE}> a ?t }} GRAPH ?h {{ <{TWO}> a ?t }} }}"
CLEAR = "CLEAR DEFAULT"

QUERIES: dict[str, list[Request]] = {
    "query_get": [get("ASK {}", boolean=True)],
    "query_post_form": [form(("query", "ASK {}"), boolean=True)],
    "query_post_direct": [posted("ASK {}", DIRECT, boolean=True)],
    "query_dataset_default_graph": [
        get(f"ASK {{ <{ONE}> a ?t }}", *default(ONE), boolean=True),
        get(f"ASK {{ <{TWO}> a ?t }}", *default(ONE), boolean=False),
    ],
    "query_dataset_default_graphs_get": [
        get(BOTH, *default(ONE, TWO), boolean=True),
        get(THIRD, *default(ONE, TWO), boolean=False),
    ],
    "query_dataset_default_graphs_post": [
        form(("query", BOTH), *default(ONE, TWO), boolean=True),
        posted(BOTH, DIRECT, *default(ONE, TWO), boolean=True),
        posted(BOTH, DIRECT, *default(ONE), boolean=False),
    ],
    "query_dataset_named_graphs_get": [
        get(IN_GRAPHS, *named(ONE, TWO), boolean=True),
        get(NO_THIRD_GRAPH, *named(ONE, TWO), boolean=False),
        get(BOTH, *named(ONE, TWO), boolean=False),
    ],
    "query_dataset_named_graphs_post": [
        form(("query", IN_GRAPHS), *named(ONE, TWO), boolean=True),
        posted(IN_GRAPHS, DIRECT, *named(ONE, TWO), boolean=True),
    ],
    "query_dataset_full": [
        get(FULL, *default(THREE), *named(ONE, TWO), boolean=True),
        form(("query", FULL), *default(THREE), *named(ONE, TWO), boolean=True),
        get(FULL, *default(THREE), *named(ONE), boolean=False),
    ],
    "query_multiple_dataset": [
        get(MULTIPLE, *named(ONE, TWO), boolean=True),
        form(("query", MULTIPLE), *named(ONE, TWO), boolean=True),
        get(MULTIPLE, boolean=False),
        get(THIRD.replace("ASK", f"ASK FROM <{THREE}>"), *named(ONE, TWO), boolean=False),
        get(THIRD.replace("ASK", f"ASK FROM <{THREE}>"), boolean=True),
    ],
    "a graph that is not there is empty": [
        get("ASK { ?s ?p ?o }", *default(f"{EX}data0.rdf"), boolean=False),
        get("ASK { GRAPH ?g { ?s ?p ?o } }", *named(f"{EX}data0.rdf"), boolean=False),
    ],
    "query_content_type_select": [get("SELECT (1 AS ?value) {}", formats=TABLES)],
    "query_content_type_ask": [get("ASK {}", formats=RESULTS)],
    "query_content_type_describe": [get(f"DESCRIBE <{ONE}>", formats=GRAPHS)],
    "query_content_type_construct": [get("CONSTRUCT { <a:s> <a:p> 1 } WHERE {}", formats=GRAPHS)],
}  # fmt: skip

UTF_16 = "ASK {}".encode("utf-16")
ERRORS: dict[str, list[Request]] = {
    "bad_query_method": [
        refused(Request(method, (("query", "ASK {}"),)), 405) for method in ("PUT", "DELETE", "PATCH")
    ],
    "bad_multiple_queries": [
        refused(get("ASK {}", ("query", "SELECT * {}")), 400),
        refused(form(("query", "ASK {}"), ("query", "ASK {}")), 400),
        refused(posted("ASK {}", DIRECT, ("query", "ASK {}")), 400),
    ],
    "bad_query_wrong_media_type": [refused(posted("ASK {}", "text/plain"), 415)],
    "bad_query_missing_form_type": [
        refused(posted("query=ASK%20%7B%7D", ""), 415),
        # without a media type nothing of a POST is read, whatever GET would make of its URL
        refused(posted("", "", ("query", "ASK {}")), 415),
    ],
    "bad_query_missing_direct_type": [refused(posted("ASK {}", ""), 415)],
    "bad_query_non_utf8": [
        refused(posted(UTF_16, DIRECT), 400),
        refused(posted(UTF_16, f"{DIRECT}; charset=UTF-16"), 415),
        refused(posted(b"query=" + quote(UTF_16).encode(), FORM), 400),
    ],
    "bad_query_syntax": [
        refused(get("ASK"), 400),
        refused(form(("query", "ASK {")), 400),
        refused(posted("", DIRECT), 400),
    ],
    "bad_update_get": [refused(Request("GET", (("update", CLEAR),)), 400)],
    "bad_multiple_updates": [refused(form(("update", CLEAR), ("update", CLEAR)), 400)],
    "bad_update_wrong_media_type": [refused(posted(CLEAR, "text/plain"), 415)],
    "bad_update_missing_form_type": [refused(posted(f"update={quote(CLEAR)}", ""), 415)],
    "bad_update_non_utf8": [
        refused(posted(CLEAR.encode("utf-16"), UPDATE), 400),
        refused(posted(CLEAR.encode("utf-16"), f"{UPDATE}; charset=UTF-16"), 415),
    ],
    "bad_update_syntax": [refused(form(("update", "CLEAR XYZ")), 400)],
    "bad_update_dataset_conflict": [
        refused(form(("update", "DELETE DATA { <a:s> <a:p> 1 }"), ("using-named-graph-uri", ONE)), 400),
        refused(posted(f"WITH <{ONE}> DELETE {{ ?s ?p ?o }} WHERE {{}}", UPDATE, ("using-graph-uri", TWO)), 400),
    ],
    "no update runs as a query": [refused(get(CLEAR), 400), refused(posted(f"LOAD <{ONE}>", DIRECT), 400)],
}  # fmt: skip


@pytest.fixture(scope="module")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = "".join(f"<{iri}> a <http://xmlns.com/foaf/0.1/Document> <{iri}> .\n" for iri in (ONE, TWO, THREE))
    data = data.replace(" a ", " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ")
    with serving(write(tmp_path_factory.mktemp("protocol"), {"data/documents.nq": data}), workers=2) as running:
        yield running


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_answered(protocol: Served, name: str) -> None:
    for request in QUERIES[name]:
        answer = protocol.request(
            request.method, "/sparql", params=request.params, content=request.body, headers=request.headers
        )
        assert answer.status_code == 200, (request, answer.text)
        media_type = answer.headers["Content-Type"].partition(";")[0]
        assert media_type in (request.formats or RESULTS), request
        if request.boolean is not None:
            assert answer.json()["boolean"] is request.boolean, request


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_no_query_is_an_error(protocol: Served, name: str) -> None:
    before = protocol.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}).json()
    for request in ERRORS[name]:
        answer = protocol.request(
            request.method, "/sparql", params=request.params, content=request.body, headers=request.headers
        )
        assert answer.status_code in request.errors, (request, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    after = protocol.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}).json()
    assert after == before


@given(st.lists(st.sampled_from(["query", "a", "=", "&", "+", "%2B", "%26", "%3D", "%C3%A9", "%zz", "%", "%4", " "])))
def test_the_fields_of_a_form_are_read_as_the_standard_library_reads_them(pieces: list[str]) -> None:
    form = "".join(pieces) + "&query=ASK%20%7B%7D"
    try:
        pairs = parse_qsl(form, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:  # what is no UTF-8 is told, and not read as something else
        with pytest.raises(ProblemError, match="not percent-encoded UTF-8"):
            read_operation("GET", form.encode(), "", b"")
        return
    expected = [value for name, value in pairs if name == "query"]
    if len(expected) == 1:
        assert read_operation("GET", form.encode(), "", b"").query == expected[0]
