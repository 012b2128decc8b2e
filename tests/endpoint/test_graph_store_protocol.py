"""The Graph Store Protocol's own tests, by their names in W3C's lists: requests one after another, as a table.

``$`` in a path is where graphs are: ``/graph/`` for direct identification, ``/graphs?graph=`` and the IRI for indirect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pyoxigraph as ox
import pytest

from tests.endpoint.contributing import BASE, SETTINGS, Writer, writer
from tests.endpoint.serving import Served, serving, write

PREFIXES = "@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix v: <http://www.w3.org/2006/vcard/ns#> .\n"
PERSON = "<http://www.example/gsp/person/1>"
JOHN, JANE = (
    f"{PERSON} a foaf:Person ; foaf:businessCard [ a v:VCard ; v:fn '{name} Doe' ] ." for name in ("John", "Jane")
)
ALICE = "[] a foaf:Person ; foaf:businessCard [ a v:VCard ; v:given-name 'Alice' ] ."
NAMED = f"{JANE} {PERSON} foaf:givenName 'Jane' ; foaf:familyName 'Doe' ."
TURTLE = "text/turtle; charset=utf-8"
BOUNDARY = "a6fe4cd636164618814be9f8d3d1a0de"
FORM = "".join(
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}.ttl"; filename="{name}.ttl"\r\n'
    f"Content-Type: {TURTLE}\r\n\r\n{PREFIXES}{PERSON} foaf:{name} '{value}' .\r\n"
    for name, value in (("familyName", "Doe"), ("givenName", "Jane"))
) + f"--{BOUNDARY}--\r\n"  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A request, the statuses that its answer may have, and the graph that it holds."""

    method: str
    path: str
    statuses: tuple[int, ...]
    body: str = ""
    content_type: str = TURTLE
    graph: str = ""


def put(path: str, turtle: str, *statuses: int) -> Step:
    return Step("PUT", path, statuses or (200, 201, 204), PREFIXES + turtle)


def get(path: str, turtle: str) -> Step:
    return Step("GET", path, (200,), graph=turtle)


EVERY_WAY = {
    "put_get_repeat": [
        put("$person/1.ttl", JOHN, 201), get("$person/1.ttl", JOHN), put("$person/1.ttl", JANE, 200, 204),
        get("$person/1.ttl", JANE),
    ],
    "put_delete_get_delete": [
        put("$person/2.ttl", ALICE), Step("DELETE", "$person/2.ttl", (200, 204)), Step("GET", "$person/2.ttl", (404,)),
        Step("DELETE", "$person/2.ttl", (404,)),
    ],
    "post_get_post_get": [
        Step("POST", "$person/3.ttl", (200, 201, 204), PREFIXES + JANE), get("$person/3.ttl", JANE),
        Step("POST", "$person/3.ttl", (200, 204), FORM, f"multipart/form-data; boundary={BOUNDARY}"),
        get("$person/3.ttl", NAMED),
    ],
    "head_existing": [put("$person/4.ttl", JOHN), Step("HEAD", "$person/4.ttl", (200,))],
    "head_non_existing": [Step("HEAD", "$person/5.ttl", (404,))],
    "put__mismatched_payload": [
        Step("PUT", "$person/6.ttl", (400,), '<?xml version="1.0"?><rdf:RDF/>', TURTLE),
        Step("GET", "$person/6.ttl", (404,)),
    ],
    "put__empty_graph": [
        Step("PUT", "$person/7.ttl", (201,)), get("$person/7.ttl", ""), put("$person/7.ttl", JOHN, 200, 204),
    ],
    "post__noop": [put("$person/8.ttl", JOHN), Step("POST", "$person/8.ttl", (204,)), get("$person/8.ttl", JOHN)],
    "an unknown media type": [Step("PUT", "$person/9", (415,), "x", "application/x-unknown")],
    "no media type is RDF/XML": [
        Step("PUT", "$person/10", (201,),
             '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
             '<rdf:Description rdf:about="http://e/s"><e:p>o</e:p></rdf:Description></rdf:RDF>', ""),
        get("$person/10", "<http://e/s> <http://e/p> 'o' ."),
    ],
    "relative names are those of the graph": [
        put("$person/11", "<#me> foaf:knows <12> .", 201),
        get("$person/11", f"<{BASE}graph/person/11#me> foaf:knows <{BASE}graph/person/12> ."),
    ],
    "a dataset of one graph": [
        Step("PUT", "$person/13", (201,), f"<{BASE}graph/person/13> {{ <http://e/s> <http://e/p> 1 }}",
             "application/trig"),
        get("$person/13", "<http://e/s> <http://e/p> 1 ."),
    ],
}  # fmt: skip
INDIRECT = {
    "put_get_default": [put("/graphs?default", ALICE), get("/graphs?default", ALICE)],
    "put_get_uri_pct_encoded": [
        put("/graphs?graph=http%3A%2F%2Fwww.example%2Fgsp%2Fperson%2F1.ttl", JOHN, 201),
        get("/graphs?graph=http://www.example/gsp/person/1.ttl", JOHN),
    ],
    "put_get_uri_pct_encoded_twice": [
        put("/graphs?graph=http://www.example/gsp/person/2.ttl", JOHN, 201),
        get("/graphs?graph=http://www.example/gsp/person/%32.ttl", JOHN),
        Step("GET", "/graphs?graph=http://www.example/gsp/person/%2532.ttl", (404,)),
    ],
    "post_get_new_graph": [
        Step("POST", "/graphs", (201,), PREFIXES + ALICE), get("/graphs?graph=$LOCATION$", ALICE),
        get("$LOCATION$", ALICE),
    ],
    "a relative IRI": [
        Step("GET", "/graphs?graph=person", (400,)), Step("PUT", "/graphs?graph=person", (400,), PREFIXES + JOHN),
        Step("DELETE", "/graphs?graph=/a", (400,)),
    ],
    "no graph at all": [Step("PUT", "/graphs", (400,), PREFIXES + JOHN), Step("DELETE", "/graphs", (400,))],
    "two graphs": [Step("DELETE", "/graphs?graph=http://e/a&graph=http://e/b", (400,)),
                   Step("DELETE", "/graphs?default&graph=http://e/b", (400,))],
}  # fmt: skip
WAYS = {"direct": "/graph/direct/", "indirect": f"/graphs?graph={BASE}graph/indirect/"}
TESTS = {f"{name}_{way}": (steps, place) for name, steps in EVERY_WAY.items() for way, place in WAYS.items()}
TESTS |= {name: (steps, "") for name, steps in INDIRECT.items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    files = {"hamkor.toml": SETTINGS, "data/one.nt": "<http://e/a> <http://e/b> <http://e/c> .\n"}
    with serving(write(tmp_path_factory.mktemp("store"), files)) as running:
        yield running


@pytest.fixture(scope="module")
def everybody(store: Served) -> Writer:
    return writer(store, "*")


@pytest.mark.parametrize("name", TESTS)
def test_protocol(everybody: Writer, name: str) -> None:
    steps, place = TESTS[name]
    location = ""
    for step in steps:
        path = step.path.replace("$LOCATION$", location).replace("$", place).removeprefix(everybody.served.url)
        headers = {"Accept": TURTLE} | ({"Content_Type": step.content_type} if step.content_type else {})
        answer = everybody.send(step.method, path, place_names(step.body, place), **headers)
        assert answer.status_code in step.statuses, f"{step.method} {path}: {answer.text}"
        location = answer.headers.get("Location", location)
        if answer.status_code == 200 and step.method in ("GET", "HEAD"):
            assert answer.headers["Content-Type"] == TURTLE
        if step.method == "GET" and answer.status_code == 200:
            found, wanted = canonical(answer), canonical_turtle(place_names(step.graph, place))
            assert found == wanted, f"{found}\n{wanted}"


def place_names(turtle: str, place: str) -> str:
    """Names below the graphs are those of the way in which the graphs are identified."""
    way = "direct" if place.startswith("/graph/") else "indirect"
    return turtle.replace(f"{BASE}graph/person", f"{BASE}graph/{way}/person")


def canonical(answer: httpx.Response) -> ox.Dataset:
    """What is in a graph, with blank nodes in place of skolem IRIs."""
    genid = rf"<{re.escape(BASE)}\.well-known/genid/([\w-]+)>"
    lines = ox.serialize(ox.parse(answer.text, format=ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES) or b""
    return canonical_turtle(re.sub(genid, r"_:n\1", lines.decode()))


def canonical_turtle(text: str) -> ox.Dataset:
    found = ox.Dataset(ox.parse(PREFIXES + text, format=ox.RdfFormat.TURTLE))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found


def test_what_is_read_and_written_is_said(everybody: Writer) -> None:
    answer = everybody.send("OPTIONS", "/graph/direct/options")
    assert answer.status_code == 204
    methods = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}
    assert set(answer.headers["Allow"].split(", ")) == methods
    assert methods == set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert "text/turtle" in answer.headers["Accept-Post"]
    assert answer.headers["Accept-Patch"] == "application/sparql-update"
    assert everybody.send("LINK", "/graph/direct/options").status_code == 405
