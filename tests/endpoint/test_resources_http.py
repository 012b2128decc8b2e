"""Linked data over HTTP: things and documents, formats, validators and links, named graphs, pages."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pyoxigraph as ox
import pytest
from rdflib import Dataset, Graph, Literal, URIRef
from rdflib.namespace import RDFS, XSD

from graph.model.publication import open_publication
from graph.pipeline.build import build
from tests.endpoint.conftest import BASE, CLUBS
from tests.endpoint.serving import BROWSER, Served, free_port, serving, write

TERMEZ_IRI = f"{BASE}id/club/termez"
DESCRIBED = f"DESCRIBE <{BASE}id/club/termez>"
CONSTRUCTED = f"CONSTRUCT {{ ?s ?p <{BASE}id/club/termez> }} WHERE {{ <{BASE}id/club/termez> ?p ?s FILTER(ISIRI(?s)) }}"

TERMEZ = URIRef(f"{BASE}id/club/termez")
RDF_TYPES = ["text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml"]
SUFFIXES = {"ttl": "text/turtle", "jsonld": "application/ld+json", "nt": "application/n-triples",
            "rdf": "application/rdf+xml", "html": "text/html"}  # fmt: skip


def parsed(answer: httpx.Response) -> Graph:
    return Graph().parse(data=answer.content, format=answer.headers["Content-Type"].partition(";")[0])


def links(answer: httpx.Response, relation: str) -> list[str]:
    return [
        found[1]
        for each in answer.headers.get_list("Link")
        if (found := re.match(r'<([^>]*)>; rel="([^"]*)"', each)) and found[2] == relation
    ]


@pytest.mark.parametrize("accept", [None, BROWSER, *RDF_TYPES])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_thing_is_303_to_its_document(served: Served, method: str, accept: str | None) -> None:
    answer = served.request(method, "/id/club/termez", accept)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{served.url}/doc/club/termez")
    assert "Accept" in answer.headers["Vary"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("accept", RDF_TYPES)
def test_a_document_describes_the_thing_in_each_rdf_format(served: Served, accept: str) -> None:
    answer = served.get("/doc/club/termez", accept)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, accept)
    graph = parsed(answer)
    assert (TERMEZ, RDFS.label, Literal("Клуб Термеза", lang="ru")) in graph
    assert (URIRef(f"{BASE}id/place/termez"), RDFS.label, Literal("Termez", lang="en")) in graph


def test_all_formats_say_the_same(served: Served) -> None:
    sizes = {suffix: len(parsed(served.get(f"/doc/club/termez.{suffix}"))) for suffix in ("ttl", "jsonld", "nt", "rdf")}
    assert len(set(sizes.values())) == 1, sizes


QUADS = {"nq": "application/n-quads", "trig": "application/trig"}


@pytest.mark.parametrize("suffix", QUADS)
@pytest.mark.parametrize(
    "path",
    ["/doc/club/termez", "/dataset", "/ns", "/profiles", f"/resource?iri={quote(TERMEZ_IRI, safe='')}", "/graph/clubs",
     "/releases", f"/sparql?query={quote(DESCRIBED)}", f"/sparql?query={quote(CONSTRUCTED)}", "/sparql"],
)  # fmt: skip
def test_the_formats_of_datasets_hold_a_graph_without_a_name(served: Served, path: str, suffix: str) -> None:
    answer = served.get(path, QUADS[suffix])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, QUADS[suffix])
    form = ox.RdfFormat.from_media_type(QUADS[suffix])
    quads = list(ox.parse(answer.content, form))
    assert {quad.graph_name for quad in quads} == {ox.DefaultGraph()}
    wanted = served.get(path, "application/n-triples").content
    assert {quad.triple for quad in quads} == {quad.triple for quad in ox.parse(wanted, ox.RdfFormat.N_TRIPLES)}


def test_a_document_says_what_points_to_the_thing(served: Served) -> None:
    graph = parsed(served.get("/doc/place/termez.ttl"))
    assert (TERMEZ, URIRef(f"{BASE}ns#city"), URIRef(f"{BASE}id/place/termez")) in graph


@pytest.mark.parametrize(("suffix", "media_type"), SUFFIXES.items())
def test_a_suffix_means_its_format_whatever_is_accepted(served: Served, suffix: str, media_type: str) -> None:
    for accept in (None, "image/png", BROWSER):
        answer = served.get(f"/doc/club/termez.{suffix}", accept)
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, media_type)


def test_a_negotiated_document_says_where_it_lies(served: Served) -> None:
    answer = served.get("/doc/club/termez", "text/turtle")
    assert answer.headers["Content-Location"] == f"{served.url}/doc/club/termez.ttl"
    assert "Accept" in answer.headers["Vary"]
    assert served.get(answer.headers["Content-Location"].removeprefix(served.url)).content == answer.content


def test_nothing_acceptable_is_406_with_alternatives_that_exist(served: Served) -> None:
    answer = served.get("/doc/club/termez", "image/png, application/problem+json;q=0.1")
    assert answer.status_code == 406
    for alternative in answer.json()["alternatives"]:
        found = served.get(alternative["url"].removeprefix(served.url))
        assert found.headers["Content-Type"].partition(";")[0] == alternative["type"]


def test_json_ld_is_compacted_with_its_context_inside(served: Served) -> None:
    document = served.get("/doc/club/termez.jsonld").json()
    assert document["@context"]["label"]["@container"] == "@language"
    (club,) = [each for each in document["@graph"] if each["@id"] == str(TERMEZ)]
    assert club["label"]["ru"] == "Клуб Термеза"
    assert club["city"] == f"{BASE}id/place/termez"
    assert club["@type"] == "ex:Club"


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "nt", "rdf", "html"])
def test_each_representation_has_its_own_tag_and_is_304_when_known(served: Served, suffix: str) -> None:
    answer = served.get(f"/doc/club/termez.{suffix}")
    tag = answer.headers["ETag"]
    assert tag.startswith('"')
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        again = served.get(f"/doc/club/termez.{suffix}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    assert served.get(f"/doc/club/termez.{suffix}", headers={"If-None-Match": '"other"'}).status_code == 200


LONG_AGO, LONG_HENCE = "Fri, 28 Nov 2014 09:00:00 GMT", "Fri, 28 Nov 2064 09:00:00 GMT"
#: What a client demands and has, and the status (RFC 9110 13.2.2).
DEMANDED: list[tuple[dict[str, str], int]] = [
    ({"If-Match": "{tag}"}, 200),
    ({"If-Match": '"other", {tag}'}, 200),
    ({"If-Match": "*"}, 200),
    ({"If-Match": '"other"'}, 412),
    ({"If-Match": "W/{tag}"}, 412),
    ({"If-Match": '"other", W/{tag}'}, 412),
    ({"If-Match": ""}, 412),
    ({"If-Match": '"*"'}, 412),
    ({"If-Unmodified-Since": "{date}"}, 200),
    ({"If-Unmodified-Since": LONG_HENCE}, 200),
    ({"If-Unmodified-Since": LONG_AGO}, 412),
    ({"If-Unmodified-Since": "yesterday"}, 200),
    ({"If-Match": "{tag}", "If-Unmodified-Since": LONG_AGO}, 200),
    ({"If-Match": '"other"', "If-Unmodified-Since": LONG_HENCE}, 412),
    ({"If-Match": "{tag}", "If-None-Match": "{tag}"}, 304),
    ({"If-Match": '"other"', "If-None-Match": "{tag}"}, 412),
    ({"If-Match": "{tag}", "If-None-Match": '"other"'}, 200),
    ({"If-Match": "*", "If-None-Match": "*"}, 304),
    ({"If-Unmodified-Since": LONG_AGO, "If-None-Match": "{tag}"}, 412),
    ({"If-Unmodified-Since": LONG_HENCE, "If-Modified-Since": "{date}"}, 304),
    ({"If-Match": "{tag}", "If-Modified-Since": "{date}"}, 304),
]
SELECTED = ["/doc/club/termez", "/doc/club/termez.ttl", "/", "/class/Club.csv", "/graph/clubs",
            "/downloads/dataset.nq.gz", "/sparql?query=ASK%7B%7D", "/sparql?query=ASK%7B%7D&format=html"]  # fmt: skip


@pytest.mark.parametrize("path", SELECTED)
def test_what_a_client_demands_of_an_answer_comes_before_what_it_has(served: Served, path: str) -> None:
    first = served.get(path)
    facts = {"tag": first.headers["ETag"], "date": first.headers["Last-Modified"]}
    found = []
    for method in ("GET", "HEAD"):
        for demanded, status in DEMANDED:
            sent = {name: value.format(**facts) for name, value in demanded.items()}
            answer = served.request(method, path, headers=sent)
            found += [(method, demanded, answer.status_code)] if answer.status_code != status else []
    assert found == []


def test_a_failed_demand_is_a_problem_that_nobody_keeps(served: Served) -> None:
    for path in SELECTED[:-1]:  # the last shows people the form of a query, with what is wrong
        answer = served.get(path, "application/problem+json, */*;q=0.1", headers={"If-Match": '"other"'})
        assert (path, answer.status_code, answer.headers["Content-Type"]) == (path, 412, "application/problem+json")
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/id/club/termez", 303), ("/sparql?query=nonsense", 400)]
)
def test_what_is_no_success_has_no_conditions(served: Served, path: str, status: int) -> None:
    for name, value in (("If-Match", '"other"'), ("If-None-Match", "*"), ("If-Unmodified-Since", LONG_AGO)):
        assert served.get(path, headers={name: value}).status_code == status
        assert served.get(path, BROWSER, headers={name: value}).status_code == status


def test_an_answer_that_nobody_keeps_has_no_tag_to_demand_and_no_date(served: Served) -> None:
    path = "/sparql?query=SELECT(NOW()AS%3Fnow)%7B%7D"
    demanded = [("If-Match", '"other"', 412), ("If-Match", "*", 200), ("If-Unmodified-Since", LONG_AGO, 200)]
    for name, value, status in demanded:
        assert served.get(path, headers={name: value}).status_code == status


def test_tags_differ_between_formats(served: Served) -> None:
    assert len({served.get(f"/doc/club/termez.{suffix}").headers["ETag"] for suffix in SUFFIXES}) == len(SUFFIXES)


@pytest.mark.parametrize(
    "path",
    ["/doc/club/termez", "/doc/club/termez.ttl", "/graph/clubs", "/ns", "/", "/queries", "/context.jsonld", "/nowhere"],
)
def test_head_has_the_headers_of_get(served: Served, path: str) -> None:
    get, head = served.get(path), served.request("HEAD", path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Vary"):
        assert head.headers.get(name) == get.headers.get(name)
    assert head.headers.get_list("Link") == get.headers.get_list("Link")


@pytest.mark.parametrize(
    "path", ["/", "/doc/club/termez", "/id/club/termez", "/graph/clubs", "/ns", "/health", "/nowhere"]
)
def test_options_answers_everywhere(served: Served, path: str) -> None:
    answer = served.request("OPTIONS", path)
    assert answer.status_code == 204
    assert "GET" in answer.headers["Allow"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_document_is_linked_with_what_belongs_to_it(served: Served) -> None:
    answer = served.get("/doc/club/termez", "text/turtle")
    assert links(answer, "describes") == [str(TERMEZ)]
    assert links(answer, "cite-as") == [str(TERMEZ)]
    assert links(answer, "canonical") == [f"{BASE}doc/club/termez"]
    assert links(answer, "describedby") == [f"{served.url}/doc/club/termez.ttl"]
    assert len(links(answer, "license")) == 1
    for url in links(answer, "alternate"):
        assert served.get(url.removeprefix(served.url)).status_code == 200


@pytest.mark.parametrize("path", ["/doc/club/termez.jsonld", "/doc/club/termez", "/sparql"])
def test_gzip_is_another_representation_of_the_same(served: Served, path: str) -> None:
    plain = served.get(path, headers={"Accept-Encoding": "identity"})
    small = served.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.content == plain.content
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in small.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    for tag in (small.headers["ETag"], plain.headers["ETag"]):
        assert served.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_the_date_of_the_release_is_a_validator_too(served: Served) -> None:
    date = served.get("/doc/club/termez.ttl").headers["Last-Modified"]
    assert served.get("/doc/club/termez.ttl", headers={"If-Modified-Since": date}).status_code == 304
    both = {"If-Modified-Since": date, "If-None-Match": '"other"'}
    assert served.get("/doc/club/termez.ttl", headers=both).status_code == 200


ODD = [
    ("id/club/клуб", "/doc/club/%D0%BA%D0%BB%D1%83%D0%B1", "Cyrillic slug"),
    ("id/club/a%20b", "/doc/club/a%20b", "A blank in its name"),
    ("id/club/v1.ttl", "/doc/club/v1.ttl", "Looks like a file"),
    ("scheme/topic/social", "/scheme/topic/social", "social"),
]


@pytest.mark.parametrize(("name", "path", "label"), ODD)
def test_odd_names_are_found(served: Served, name: str, path: str, label: str) -> None:
    graph = parsed(served.get(path, "text/turtle"))
    assert label in {str(each) for each in graph.objects(URIRef(BASE + name), None)}
    assert f"<h1>{label}</h1>" in served.get(path, BROWSER).text


@pytest.mark.parametrize(
    "iri", ["http://other.example/thing#1", f"{BASE}id/club/a//b", str(TERMEZ), f"{BASE}id/club/клуб"]
)
def test_every_iri_is_reachable_by_its_name(served: Served, iri: str) -> None:
    assert served.get(f"/resource?iri={quote(iri, safe='')}", "text/turtle").status_code == 200
    assert served.get(f"/resource.ttl?iri={quote(iri, safe='')}").headers["Content-Type"].startswith("text/turtle")


@pytest.mark.parametrize("iri", ["", "relative", "http://a b/", "<>"])
def test_what_is_no_iri_is_400(served: Served, iri: str) -> None:
    assert served.get("/resource", params={"iri": iri}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/id/club/none", "/doc/club/none", "/doc/club/none.ttl", "/graph/none", "/query/none", "/a/b/c",
        "/resource?iri=http://none.example/", "/graphs?graph=http://none.example/",
    ],
)  # fmt: skip
def test_what_is_not_known_is_404(served: Served, path: str) -> None:
    answer = served.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_what_a_format_cannot_express_is_said(served: Served) -> None:
    answer = served.get("/doc/odd.rdf")
    assert answer.status_code == 406
    assert "https://example.org/1" in answer.json()["detail"]
    assert served.get("/doc/odd.ttl").status_code == 200


LI = "http://www.w3.org/1999/02/22-rdf-syntax-ns#li"
LISTED = "CONSTRUCT { ?s rdf:li ?o } WHERE { ?s rdf:li ?o }"


@pytest.mark.parametrize("path", [
    "/doc/list.rdf", "/graph/syntax.rdf", f"/graphs?graph={BASE}graph/syntax&format=rdfxml",
    f"/sparql?format=rdfxml&query={quote('PREFIX rdf: <' + LI[:-2] + '> ' + LISTED)}",
    f"/sparql?format=rdfxml&query={quote(f'DESCRIBE <{BASE}id/list>')}",
    f"/resource.rdf?iri={BASE}id/list", "/downloads/graphs/syntax.rdf.gz", "/downloads/dataset.rdf.gz",
])  # fmt: skip
def test_names_of_rdf_xml_itself_are_406_in_rdf_xml_everywhere(served: Served, path: str) -> None:
    for _ in range(2):  # what has been tried once is known
        answer = served.get(path, "application/rdf+xml, application/problem+json;q=0.5")
        assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/problem+json"), answer.text
        assert "Retry-After" not in answer.headers
        assert "the predicate" in answer.json()["detail"]


def test_things_that_are_replaced_in_a_circle_are_described(served: Served) -> None:
    for name in ("ring", "ring/2"):
        answer = served.client.get(f"{served.url}/id/{name}", follow_redirects=True)
        assert (answer.status_code, len(answer.history)) == (200, 1)


# ---- named graphs


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [("ttl", "text/turtle"), ("nt", "application/n-triples"), ("jsonld", "application/ld+json"),
     ("nq", "application/n-quads"), ("trig", "application/trig")],
)  # fmt: skip
def test_a_named_graph_is_whole_and_exact(served: Served, suffix: str, media_type: str) -> None:
    answer = served.get(f"/graph/clubs.{suffix}")
    assert answer.headers["Content-Type"].partition(";")[0] == media_type
    dataset = Dataset().parse(data=answer.content, format=media_type)
    found = {
        (s, p, o) for s, p, o, _ in dataset.quads() if isinstance(o, Literal) and o.datatype == XSD.nonNegativeInteger
    }
    assert len(found) == 1
    entry = next(each for each in served.release.manifest.graphs if each.iri == f"{BASE}graph/clubs")
    assert len({(s, p, o) for s, p, o, _ in dataset.quads()}) == entry.triples


def test_a_named_graph_is_turtle_by_default_and_negotiated_otherwise(served: Served) -> None:
    assert served.get("/graph/places").headers["Content-Type"] == "text/turtle; charset=utf-8"
    assert served.get("/graph/places", "application/rdf+xml").headers["Content-Type"] == "application/rdf+xml"
    assert served.get("/graph/places", BROWSER).headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_named_graph_is_found_by_its_iri(served: Served) -> None:
    path = f"/graphs?graph={quote(BASE + 'graph/places', safe='')}"
    assert served.get(path, "application/n-triples").content == served.get("/graph/places.nt").content
    assert served.get(f"{path}&format=nquads").headers["Content-Type"] == "application/n-quads"


def test_a_relative_graph_is_400(served: Served) -> None:
    assert served.get("/graphs?graph=places").status_code == 400


def test_a_known_graph_is_304(served: Served) -> None:
    tag = served.get("/graph/clubs.nt").headers["ETag"]
    assert served.get("/graph/clubs.nt", headers={"If-None-Match": tag}).status_code == 304


# ---- the vocabulary and the queries


@pytest.mark.parametrize("accept", [None, *RDF_TYPES])
def test_the_vocabulary_is_one_document(served: Served, accept: str | None) -> None:
    answer = served.get("/ns", accept)
    assert (URIRef(f"{BASE}ns#Club"), RDFS.label, Literal("Клуб", lang="ru")) in parsed(answer)


def test_the_vocabulary_is_a_table_for_people(served: Served) -> None:
    page = served.get("/ns", BROWSER).text
    assert 'id="Club"' in page
    assert "A club of parents." in page


def test_the_context_is_served(served: Served) -> None:
    answer = served.get("/context.jsonld")
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert answer.json()["@context"]["ex"] == f"{BASE}ns#"


def test_an_example_query_is_a_page_with_a_link_that_runs_it(served: Served) -> None:
    page = served.get("/query/clubs", BROWSER).text
    run = re.search(r'class="button" href="([^"]*)"', page)
    assert run is not None
    assert "2 solutions" in served.get(run[1].replace("&amp;", "&"), BROWSER).text
    assert served.get("/query/clubs", "text/turtle").headers["Content-Type"] == "text/turtle; charset=utf-8"


# ---- pages


PAGES = ["/", "/sparql", "/queries", "/query/clubs", "/graphs", "/ns", "/doc/club/termez", "/dataset", "/problems",
         "/graph/clubs", "/scheme/topic/social"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_every_page_leads_somewhere(served: Served, path: str) -> None:
    page = served.get(path, BROWSER)
    assert page.status_code == 200
    for target in set(re.findall(r'(?:href|src)="(/[^"]*)"', page.text)):
        answer = served.get(target.partition("#")[0].replace("&amp;", "&"), BROWSER)
        assert answer.status_code == 200, target


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_no_script_and_load_nothing_from_elsewhere(served: Served, path: str) -> None:
    page = served.get(path, BROWSER)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script([^>]*)>", page.text)
    run = [each for each in scripts if 'type="application/' not in each]  # the others are data
    assert path.startswith(("/sparql", "/search")) or not run
    assert all(re.search(r'src="/static/[^"]*"', each) for each in run), run
    assert not re.search(r"\sstyle=|\son\w+=", page.text)
    assert not re.search(r'href="javascript:', page.text)


def test_the_page_of_an_iri_that_would_do_something_does_not_lead_to_it(served: Served) -> None:
    for path in ("/resource", "/sparql"):
        asked = {"iri": "javascript:alert(1)", "query": "SELECT ?s { ?s ?p ?o FILTER(STRSTARTS(STR(?s), 'java')) }"}
        page = served.get(path, "text/html", params=asked)
        assert page.status_code == 200
        assert "javascript:alert(1)" in page.text
        assert not re.search(r'(?:href|src|action)="\s*(?:javascript|data|vbscript):', page.text, re.IGNORECASE)


def test_a_page_shows_labels_in_the_reader_s_language(served: Served) -> None:
    russian = served.get("/doc/club/termez", BROWSER, headers={"Accept-Language": "ru,en;q=0.5"}).text
    assert '<html lang="ru">' in russian
    assert "<h1>Клуб Термеза</h1>" in russian
    assert '<h1 lang="uz-latn">Termiz klubi</h1>' in served.get("/doc/club/termez?lang=uz", BROWSER).text
    assert "<h1>Club of Termez</h1>" in served.get("/doc/club/termez", BROWSER).text


def test_a_page_links_telephones_and_shows_incoming_links(served: Served) -> None:
    assert '<a href="tel:+998762230000">+998 76 223 00 00</a>' in served.get("/doc/club/termez", BROWSER).text
    place = served.get("/doc/place/termez", BROWSER).text
    assert '<a href="/doc/club/termez">Club of Termez</a>' in place.partition("What points here")[2]


def test_markup_in_the_data_is_text(served: Served) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in served.get("/doc/club/termez", BROWSER).text


def test_the_front_page_says_what_is_here(served: Served) -> None:
    page = served.get("/", BROWSER).text
    assert "Clubs of somewhere" in page
    found = re.search(r'<a href="([^"]*)"[^>]*>Clubs?</a>[^<]*<span class="figure">2</span>', page)
    assert found
    assert (served.get(found[1], BROWSER).status_code, found[1].partition("?")[0]) == (200, "/class/Club")
    assert "Which clubs are there?" in page
    assert "curl -G" in page


# ---- operations


def test_health_and_ready(served: Served) -> None:
    assert served.get("/health").json() == {"status": "ok"}
    assert served.get("/ready").json()["release"] == served.release.id


def test_a_folder_that_is_not_ours_is_published_whole(bare: Served) -> None:
    for path in ("/", "/sparql", "/queries", "/graphs", "/dataset"):
        assert bare.get(path, BROWSER).status_code == 200
    person = bare.get("/resource?iri=http://data.example/p/1", BROWSER)
    assert "foaf:knows" in person.text
    assert "resource?iri=http%3A%2F%2Fdata.example%2Fp%2F2" in person.text
    assert ">Bob</a>" in person.text
    assert bare.get("/resource.jsonld?iri=http://data.example/p/1").json()["@context"]["foaf"]
    assert len(parsed(bare.get("/graphs?graph=http://data.example/g", "text/turtle"))) == 2


def test_a_new_release_is_served_by_itself(tmp_path: Path) -> None:
    folder = write(tmp_path, {"data/clubs.ttl": CLUBS, "hamkor.toml": f'base = "{BASE}"'})
    with serving(folder) as running:
        assert running.get("/doc/club/new").status_code == 404
        write(folder, {"data/new.ttl": f'<{BASE}id/club/new> <http://www.w3.org/2000/01/rdf-schema#label> "New"@en .'})
        release = build(open_publication(folder))
        time.sleep(1.1)
        answer = running.get("/doc/club/new")
        assert (answer.status_code, answer.headers["X-Hamkor-Release"]) == (200, release.id)


def test_before_the_first_release_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"data/clubs.ttl": CLUBS})
    from endpoint.app import create_app  # noqa: PLC0415

    client = create_app(open_publication(tmp_path)).test_client()
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert (answer.status_code, json.loads(answer.data)["remedy"]) == (503, "run hamkor build")


def test_below_a_prefix_links_stay_below_it(tmp_path: Path) -> None:
    folder = write(tmp_path, {"data/clubs.ttl": CLUBS, "hamkor.toml": f'base = "{BASE}"'})
    build(open_publication(folder))
    from endpoint.app import create_app  # noqa: PLC0415

    client = create_app(open_publication(folder)).test_client()
    page = client.get("/doc/club/termez.html", base_url="https://host.example/kb").text
    assert 'href="/kb/doc/place/termez"' in page
    assert client.get("/id/club/termez", base_url="https://host.example/kb").headers["Location"] == (
        "https://host.example/kb/doc/club/termez"
    )
    description = client.get("/sparql", base_url="https://host.example/kb").text
    assert "https://host.example/kb/sparql" in description


def test_a_proxy_on_this_machine_is_believed(served: Served) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "data.example", "X-Forwarded-Prefix": "/kb"}
    answer = served.get("/id/club/termez", headers=headers)
    assert answer.headers["Location"] == "https://data.example/kb/doc/club/termez"
    assert "<https://data.example/kb/sparql>" in served.get("/sparql", "application/n-triples", headers=headers).text


def test_a_port_that_is_taken_is_one_clear_line(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    command = [sys.executable, "-m", "endpoint.server", str(served.folder), "127.0.0.1", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "cannot listen there" in ended.stderr


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_server_starts_quickly_says_where_and_stops_cleanly(served: Served, sign: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "endpoint.server", str(served.folder), "127.0.0.1", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
    used = sum(os.times()[2:4])
    process.send_signal(sign)
    assert process.wait(10) == 0
    process.stderr.close()
    # processor time, of its children, too: how long it took depends on what else the machine has to do
    assert sum(os.times()[2:4]) - used < 5
