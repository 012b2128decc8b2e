"""Content negotiation: one table of route × Accept × answer, with the headers that real clients send."""

from __future__ import annotations

import pytest

from endpoint.http.semantics import OFFERS, choose, named, parse_accept, with_suffix
from tests.endpoint.clients import (
    CHROME,
    COMUNICA,
    COMUNICA_RESULTS,
    F_UJI,
    F_UJI_RDF,
    FIREFOX,
    GOOGLEBOT,
    JAVA,
    JENA,
    JENA_RESULTS,
    JSON_LD_EXPANDED,
    JSON_LD_JAVA,
    OLD_INTERNET_EXPLORER,
    OLD_RDFLIB,
    OPEN_REFINE,
    OXIGRAPH_SERVICE,
    PROTEGE,
    R_SPARQL,
    RAPPER,
    RDF4J,
    RDFLIB,
    RDFLIB_N3,
    RDFLIB_STORE,
    SAFARI,
    SPARQLWRAPPER_CSV,
    SPARQLWRAPPER_JSON,
    SPARQLWRAPPER_N3,
    SPARQLWRAPPER_RDFXML,
    SPARQLWRAPPER_TURTLE,
    SPARQLWRAPPER_XML,
    YASGUI,
    YASGUI_GRAPH,
)

TABLE = [
    # no preference: the default of each route
    ("description", None, "text/html"),
    ("description", "", "text/html"),
    ("description", "*/*", "text/html"),
    ("vocabulary", "*/*", "text/turtle"),
    ("service", None, "text/turtle"),
    ("graph", "*/*", "text/turtle"),
    ("SELECT", "*/*", "application/sparql-results+json"),
    ("ASK", None, "application/sparql-results+json"),
    ("CONSTRUCT", "*/*", "text/turtle"),
    ("DESCRIBE", None, "text/turtle"),
    ("problem", "*/*", "application/problem+json"),
    # browsers and crawlers get pages
    *((route, browser, "text/html")
      for route in ("description", "vocabulary", "service", "graph", "SELECT", "ASK", "CONSTRUCT", "problem")
      for browser in (CHROME, FIREFOX, SAFARI, GOOGLEBOT)),
    ("description", OLD_INTERNET_EXPLORER, "text/html"),
    ("description", F_UJI, "text/html"),
    ("description", JAVA, "text/html"),
    ("SELECT", JAVA, "text/html"),
    # RDF clients get RDF
    ("description", RDFLIB, "text/turtle"),
    ("description", OLD_RDFLIB, "application/rdf+xml"),
    ("description", RDFLIB_N3, "text/turtle"),
    ("description", JENA, "text/turtle"),
    ("graph", JENA, "text/turtle"),
    ("description", RAPPER, "text/turtle"),
    ("description", COMUNICA, "application/n-quads"),
    ("graph", COMUNICA, "application/n-quads"),
    ("service", COMUNICA, "application/n-quads"),
    ("description", F_UJI_RDF, "text/turtle"),
    ("vocabulary", PROTEGE, "application/rdf+xml"),
    ("description", JSON_LD_JAVA, "application/ld+json"),
    ("description", JSON_LD_EXPANDED, "application/ld+json"),
    ("CONSTRUCT", SPARQLWRAPPER_RDFXML, "application/rdf+xml"),
    ("CONSTRUCT", SPARQLWRAPPER_TURTLE, "text/turtle"),
    ("CONSTRUCT", SPARQLWRAPPER_N3, "text/turtle"),
    ("CONSTRUCT", YASGUI_GRAPH, "application/n-triples"),
    ("CONSTRUCT", RDFLIB_STORE, "application/rdf+xml"),
    # SPARQL clients get results
    ("SELECT", SPARQLWRAPPER_JSON, "application/sparql-results+json"),
    ("SELECT", SPARQLWRAPPER_XML, "application/sparql-results+xml"),
    ("SELECT", SPARQLWRAPPER_CSV, "text/csv"),
    ("SELECT", RDFLIB_STORE, "application/sparql-results+xml"),
    ("SELECT", R_SPARQL, "application/sparql-results+xml"),
    ("SELECT", JENA_RESULTS, "application/sparql-results+json"),
    ("SELECT", OPEN_REFINE, "application/sparql-results+xml"),
    ("SELECT", YASGUI, "application/sparql-results+json"),
    ("SELECT", COMUNICA_RESULTS, "application/sparql-results+json"),
    ("SELECT", OXIGRAPH_SERVICE, "application/sparql-results+json"),
    ("SELECT", RDF4J, "application/sparql-results+json"),
    ("ASK", RDF4J, "application/sparql-results+json"),
    # names that are not ours: the generic ones, the outdated ones
    ("SELECT", "application/json", "application/sparql-results+json"),
    ("SELECT", "application/xml", "application/sparql-results+xml"),
    ("SELECT", "text/xml", "application/sparql-results+xml"),
    ("description", "application/json", "application/ld+json"),
    ("description", "application/xml", "application/rdf+xml"),
    ("description", "application/x-turtle", "text/turtle"),
    ("description", "text/ttl", "text/turtle"),
    ("description", "text/rdf+n3", "text/turtle"),
    ("problem", "application/sparql-results+json", "application/problem+json"),
    ("problem", "text/turtle, text/plain;q=0.1", "text/plain"),
    # quality
    ("description", "text/turtle;q=0.5, application/ld+json", "application/ld+json"),
    ("description", "text/turtle;q=0.5, application/ld+json;q=0.51", "application/ld+json"),
    ("description", "application/*;q=0.2, text/html", "text/html"),
    ("description", "text/html;q=0.1, text/turtle;q=0.2", "text/turtle"),
    ("description", "text/html;q=0, */*", "text/turtle"),
    ("description", "*/*;q=0.1, text/html;q=0", "text/turtle"),
    ("SELECT", "application/sparql-results+json;q=0, */*", "application/sparql-results+xml"),
    ("description", "text/turtle;q=0", None),
    ("description", "*/*;q=0", None),
    ("description", "text/html;q=0.000, text/turtle;q=0.001", "text/turtle"),
    ("description", "TEXT/TURTLE;Q=0.9, text/html;q=0.8", "text/turtle"),
    # wildcards and specificity
    ("description", "text/*", "text/html"),
    ("vocabulary", "text/*", "text/turtle"),
    ("description", "application/*", "application/ld+json"),
    ("description", "text/turtle, */*", "text/turtle"),
    ("description", "text/*, text/turtle;q=0.4", "text/html"),
    ("description", "text/*;q=0.4, text/turtle", "text/turtle"),
    ("description", "text/*;q=0, application/rdf+xml;q=0.1, text/turtle;q=0.1", "text/turtle"),
    # parameters
    ("description", "text/turtle;charset=utf-8", "text/turtle"),
    ("description", 'text/turtle;charset="UTF-8"', "text/turtle"),
    ("description", "text/turtle;charset=utf-8, text/turtle;q=0.1, text/html;q=0.9", "text/turtle"),
    ("description", "text/turtle;level=1, text/html;q=0.5", "text/html"),
    ("description", "text/turtle ; q=0.5 , text/html ; q=0.4", "text/turtle"),
    ("description", "text/turtle;q=0.3;ext=1, text/html;q=0.2", "text/turtle"),
    # nothing that we have
    ("description", "image/png", None),
    ("SELECT", "text/turtle", None),
    ("ASK", "text/csv", None),
    ("ASK", "text/csv, text/tab-separated-values", None),
    ("CONSTRUCT", "text/csv", None),
    ("CONSTRUCT", "application/sparql-results+json", None),
    # malformed: passed over, and with nothing left anything
    ("description", "text/turtle, nonsense", "text/turtle"),
    ("description", "nonsense", "text/html"),
    ("description", ";;;,,,", "text/html"),
    ("description", "text/turtle;q=nonsense", "text/html"),
    ("description", "text/turtle;q=2, application/ld+json;q=0.1", "application/ld+json"),
    ("description", "*/html", "text/html"),
    ("description", 'application/ld+json;profile="unterminated', "application/ld+json"),
    ("description", 'application/ld+json;profile="a,b;c", text/html;q=0.5', "text/html"),
]  # fmt: skip


@pytest.mark.parametrize(("route", "accept", "expected"), TABLE)
def test_route_and_accept_decide_the_media_type(route: str, accept: str | None, expected: str | None) -> None:
    found = choose(accept, OFFERS[route])
    assert (found.media_type if found else None) == expected


def test_the_table_holds_the_headers_of_forty_clients() -> None:
    assert len({accept for _, accept, _ in TABLE}) >= 40


@pytest.mark.parametrize(
    ("quality", "accepted"),
    [("text/plain;q=0.7", 0.7), ("text/plain", 1.0), ("text/plain;q=1.000", 1.0), ("text/plain;q=.2", 0.2)],
)
def test_quality_is_read(quality: str, accepted: float) -> None:
    assert [each.quality for each in parse_accept(quality)] == [accepted]


def test_a_header_of_a_megabyte_is_read_in_no_time() -> None:
    assert choose("text/turtle, " + "a/b;q=0.1," * 100_000, OFFERS["description"]).media_type == "text/turtle"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("route", "name", "expected"),
    [
        ("SELECT", "json", "application/sparql-results+json"), ("SELECT", "xml", "application/sparql-results+xml"),
        ("SELECT", "CSV", "text/csv"), ("SELECT", "tsv", "text/tab-separated-values"), ("SELECT", "html", "text/html"),
        ("SELECT", "text/tab-separated-values", "text/tab-separated-values"),
        ("CONSTRUCT", "xml", "application/rdf+xml"), ("CONSTRUCT", "rdf+xml", "application/rdf+xml"),
        ("CONSTRUCT", "json", "application/ld+json"), ("CONSTRUCT", "json-ld", "application/ld+json"),
        ("CONSTRUCT", "ttl", "text/turtle"), ("CONSTRUCT", "n3", "text/turtle"),
        ("CONSTRUCT", "nt", "application/n-triples"),
        ("SELECT", "turtle", None), ("CONSTRUCT", "csv", None), ("ASK", "csv", None), ("SELECT", "nonsense", None),
    ],
)  # fmt: skip
def test_format_names_are_those_that_clients_send(route: str, name: str, expected: str | None) -> None:
    found = named(name, OFFERS[route])
    assert (found.media_type if found else None) == expected


@pytest.mark.parametrize("route", ["description", "graph", "vocabulary"])
def test_each_suffix_means_one_format(route: str) -> None:
    for offer in OFFERS[route]:
        assert with_suffix(offer.suffix, OFFERS[route]) is offer
