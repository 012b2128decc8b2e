"""The negotiation matrix: every route × the Accept headers of more than forty real clients, as one table.

``TABLE`` says what each client gets where a route has something to choose from; ``ROUTES`` says for every route which
of its columns holds, or which one type is sent whatever is accepted. A new route needs a line there.
"""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from endpoint.app import create_app
from graph.model.publication import Publication
from graph.releases.release import Release
from tests.endpoint import clients

TYPES = {
    "h": "text/html", "t": "text/turtle", "l": "application/ld+json", "n": "application/n-triples",
    "x": "application/rdf+xml", "q": "application/n-quads", "J": "application/json", "L": "application/linkset+json",
    "k": "application/linkset", "p": "application/rdf-patch", "j": "application/sparql-results+json",
    "X": "application/sparql-results+xml", "c": "text/csv", "m": "application/csvm+json",
}  # fmt: skip
KINDS = ("thing", "machine", "graph", "release", "list", "difference", "report", "class", "linkset",
         "SELECT", "ASK", "CONSTRUCT", "page")  # fmt: skip
"""The columns: things and the dataset; documents for machines that also have a page; named graphs; …"""
TABLE = [
    # thing, machine, graph, release, list, difference, report, class, linkset, SELECT, ASK, CONSTRUCT, page
    ("CHROME", "h h h h h h h h L h h h h"),
    ("FIREFOX", "h h h h h h h h L h h h h"),
    ("OLD_INTERNET_EXPLORER", "h t t h h p t h L j j t h"),
    ("GOOGLEBOT", "h h h h h h h h L h h h h"),
    ("RDFLIB", "t t t t h h t h L h h t h"),
    ("OLD_RDFLIB", "x x x x h p x h L j j x h"),
    ("RDFLIB_N3", "t t t t h p t h L j j t h"),
    ("JENA", "t t t t h q t h L j j t h"),
    ("JENA_RESULTS", "l l l J J p l c L j j l h"),
    ("RAPPER", "t t t t h h t h L h h t h"),
    ("OPEN_REFINE", "h t t h h p t h L X X t h"),
    ("SPARQLWRAPPER_JSON", "l l l J J - l m L j j l -"),
    ("SPARQLWRAPPER_XML", "- - - - - - - - - X X - -"),
    ("SPARQLWRAPPER_RDFXML", "x x x x - - x - - - - x -"),
    ("SPARQLWRAPPER_TURTLE", "t t t t - - t - - - - t -"),
    ("SPARQLWRAPPER_N3", "t t t t - - t - - - - t -"),
    ("SPARQLWRAPPER_CSV", "- - - - - - - c - c - - -"),
    ("RDFLIB_STORE", "x x x x - - x - - X X x -"),
    ("YASGUI", "h t t h h p t h L j j t h"),
    ("YASGUI_GRAPH", "n n n n h p n h L j j n h"),
    ("COMUNICA", "q q q q h q q h - X X q h"),
    ("COMUNICA_RESULTS", "- - - - - - - - - j j - -"),
    ("OXIGRAPH_SERVICE", "- - - - - - - - - j j - -"),
    ("RDF4J", "l l l J J - l c L j j l -"),
    ("F_UJI", "h h h h h h h h L h h h h"),
    ("F_UJI_RDF", "t t t t - - t - - - - t -"),
    ("JAVA", "h h h h h h h h L h h h h"),
    ("PROTEGE", "x x x x h p x h L j j x h"),
    ("JSON_LD_JAVA", "l l l l - - l - - - - l -"),
    ("JSON_LD_EXPANDED", "l l l l - - l - - - - l -"),
    ("CURL", "h t t h h p t h L j j t h"),
    ("LYNX", "h h h h h h h h k h h h h"),
    ("W3M", "h h h h h h h h L h h h h"),
    ("TWITTERBOT", "h h h h h h h h L h h h h"),
    ("R_HTTR", "l l l J J p l m L j j l h"),
    ("R_JSON", "l l l J J - l m L j j l -"),
    ("GO", "h t t h h p t h L j j t h"),
    ("AXIOS", "l l l J J p l m L j j l h"),
    ("JQUERY_JSON", "l l l J J p l m L j j l h"),
    ("TABLEAU_CSV", "h t t h h p t c L c j t h"),
    ("FEED_READER", "x x x x h p x h L X X x h"),
    ("ANY23", "t t t t h h t h - h h t h"),
    ("LDSPIDER", "x x x x - - x - - X X x -"),
    ("HYDRA_CONSOLE", "l l l l J - l m L j j l -"),
    ("VIRTUOSO_SPONGER", "t t t t J h t m L j j t h"),
    ("GEPHI", "h t t h h p t h L j j t h"),
    ("IMAGE_ONLY", "- - - - - - - - - - - - -"),
]
"""What each client gets, by the letters of ``TYPES``; ``-`` is 406."""

ORG, CITY = (
    "iri=http%3A%2F%2Fwww.w3.org%2Fns%2Forg%23Organization",
    "iri=http%3A%2F%2Fwww.wikidata.org%2Fentity%2FQ491879",
)
JSON, LINKS, XML = "application/json", "application/link-format", "application/xml"
SELECT, ASK = "SELECT%20%2A%20%7B%20%3Fs%20a%20%3Fo%20%7D%20LIMIT%202", "ASK%20%7B%20%7D"
CONSTRUCT = "CONSTRUCT%20WHERE%20%7B%20%3Fs%20a%20%3Chttp%3A%2F%2Fwww.w3.org%2Fns%2Forg%23Site%3E%20%7D"
ROUTES: list[tuple[str, str, str]] = [
    ("/", "/", "thing"),
    ("/.well-known/api-catalog", "/.well-known/api-catalog", "application/linkset+json"),
    ("/.well-known/void", "/.well-known/void", "303 machine"),
    ("/<path:path>", "/scheme/topic", "thing"),
    ("/class", "/class", "page"),
    ("/class/<path:name>", "/class/ParentsClub", "class"),
    ("/class/<path:name>", "/class/ParentsClub.csv", "text/csv"),
    ("/class/<path:name>", "/class/ParentsClub.parquet", "application/vnd.apache.parquet"),
    ("/context.jsonld", "/context.jsonld", "application/ld+json"),
    ("/dataset", "/dataset", "thing"),
    ("/dataset.<suffix>", "/dataset.ttl", "text/turtle"),
    ("/doc/<path:path>", "/doc/club/termez", "thing"),
    ("/doc/<path:path>", "/doc/club/termez.jsonld", "application/ld+json"),
    ("/downloads", "/downloads", "list"),
    ("/downloads.<suffix>", "/downloads.json", JSON),
    ("/downloads/<path:name>", "/downloads/dataset.nq.gz", "application/gzip"),
    ("/downloads/<path:name>", "/downloads/dataset.parquet", "application/vnd.apache.parquet"),
    ("/graph/<path:path>", "/graph/clubs", "graph"),
    ("/graph/<path:path>", "/graph/clubs.nt", "application/n-triples"),
    ("/graphs", "/graphs", "page"),
    ("/graphs", "/graphs?graph=https%3A%2F%2Fw3id.org%2Fhamkor%2Fgraph%2Foffice", "graph"),
    ("/health", "/health", JSON),
    ("/id/<path:path>", "/id/club/termez", "303"),
    ("/linkset", "/linkset", "linkset"),
    ("/linkset.<suffix>", "/linkset.json", "application/linkset+json"),
    ("/ns", "/ns", "machine"),
    ("/ns.<suffix>", "/ns.rdf", "application/rdf+xml"),
    ("/privacy", "/privacy", "page"),
    ("/problems", "/problems", "page"),
    ("/profiles", "/profiles", "thing"),
    ("/profiles.<suffix>", "/profiles.ttl", "text/turtle"),
    ("/propose", "/propose?iri=https%3A%2F%2Fw3id.org%2Fhamkor%2Fid%2Fclub%2Ftermez", "page"),
    ("/queries", "/queries", "page"),
    ("/query/<path:path>", "/query/{query}", "thing"),
    ("/ready", "/ready", JSON),
    ("/reconcile", "/reconcile", JSON),
    ("/reconcile/features", "/reconcile/features", "page"),
    ("/reconcile/preview", "/reconcile/preview?id=club~termez", "page"),
    ("/reconcile/propose", "/reconcile/propose?type=club", JSON),
    ("/reconcile/suggest/<what>", "/reconcile/suggest/entity?prefix=ter", JSON),
    ("/reconcile/v1", "/reconcile/v1", JSON),
    ("/reconcile/v1/extend/propose", "/reconcile/v1/extend/propose?type=club", JSON),
    ("/reconcile/v1/preview", "/reconcile/v1/preview?id=club~termez", "page"),
    ("/reconcile/v1/suggest/<what>", "/reconcile/v1/suggest/entity?prefix=ter", JSON),
    ("/reconcile/view/<path:entity_id>", "/reconcile/view/club~termez", "303"),
    ("/release/<path:path>", "/release/{release}", "release"),
    ("/release/<release_id>/diff", "/release/{release}/diff?side=added", "difference"),
    ("/release/<release_id>/diff.<suffix>", "/release/{release}/diff.rdfp", "application/rdf-patch"),
    ("/release/<release_id>/report", "/release/{release}/report", "report"),
    ("/release/<release_id>/report.<suffix>", "/release/{release}/report.ttl", "text/turtle"),
    ("/releases", "/releases", "release"),
    ("/releases.<suffix>", "/releases.json", JSON),
    ("/resource", f"/resource?{ORG}", "thing"),
    ("/resource.<suffix>", f"/resource.nt?{ORG}", "application/n-triples"),
    ("/robots.txt", "/robots.txt", "text/plain"),
    ("/same-as", f"/same-as?{CITY}", "release"),
    ("/same-as.<suffix>", f"/same-as.json?{CITY}", JSON),
    ("/search", "/search?q=ter", "list"),
    ("/search.<suffix>", "/search.json?q=ter", JSON),
    ("/shapes/<path:name>", "/shapes/ParentsClub.ttl", "text/turtle"),
    ("/sitemap-<int:number>.xml", "/sitemap-1.xml", XML),
    ("/sitemap.xml", "/sitemap.xml", XML),
    ("/sparql", "/sparql", "machine"),
    ("/sparql", f"/sparql?query={SELECT}", "SELECT"),
    ("/sparql", f"/sparql?query={ASK}", "ASK"),
    ("/sparql", f"/sparql?query={CONSTRUCT}", "CONSTRUCT"),
    ("/static/<path:filename>", "/static/style.css", "text/css"),
    ("/suggest", "/suggest?q=ter", JSON),
    ("/timemap/", "/timemap/", LINKS),
    ("/timemap/<path:path>", "/timemap/doc/club/termez", LINKS),
    ("/upload", "/upload", "page"),
    ("/validate", "/validate", "page"),
]
"""Rule, a path of it, and a column of the table, or the one type that is sent; 303 for a redirect."""
NOT_HERE = {
    "/.well-known/security.txt",  # the flagship names no contact; test_discovery
    "/query/~<name>",  # a query that somebody kept
    "/static/editor/<name>",  # there if the editor is
    "/update",  # GET is 405
    "/replication/current",
    "/replication/releases/<name>",
    "/replication/files/<_>/<sha256>",  # for copies: one form
    "/metrics",
    "/proposals",
    "/proposals/<name>",  # for who holds a token: pages, tests/proposals
    "/my-data",
    "/my-data/graph",
    "/my-data/thing",
    "/my-data/delete",
    "/my-data/history",  # the same
    "/proposal/~<secret>",  # for who has proposed something: a page, tests/proposals
    "/upload/~<secret>",  # for who has sent a table: a page, tests/spreadsheets
    "/templates",  # files to be filled in: one type each
    "/templates/<name>",
}


@pytest.fixture(scope="module")
def client(flagship_publication: Publication, flagship_release: Release) -> FlaskClient:
    """The flagship's application, asked without a port."""
    assert flagship_release.manifest.triples
    return create_app(flagship_publication).test_client()


@pytest.fixture(scope="module")
def names(client: FlaskClient, flagship_release: Release) -> dict[str, str]:
    """What a path needs that is known only when there is a release."""
    query = next(iter(sorted(quad.subject.value for quad in flagship_release.store.quads_for_pattern(None, None, None)
                             if quad.subject.value.startswith("https://w3id.org/hamkor/query/"))))  # fmt: skip
    return {"release": flagship_release.id, "query": query.rpartition("/")[2]}


def expected(kind: str, letters: str) -> tuple[int, str]:
    """The status and type that a client gets; of an error, and of a redirect, the type is not looked at."""
    redirect, _, column = kind.rpartition(" ") if kind != "303" else ("303", "", "")
    if not column:
        return 303, ""
    if column not in KINDS:
        return 200, column
    letter = letters[KINDS.index(column)]
    return (406, "") if letter == "-" else (303, "") if redirect else (200, TYPES[letter])


@pytest.mark.parametrize("path", sorted({path for _, path, _ in ROUTES}))
def test_a_304_varies_by_what_the_answer_varies_by(client: FlaskClient, names: dict[str, str], path: str) -> None:
    url = path.format(**names)
    whole = client.get(url)
    if "ETag" in whole.headers:
        known = client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
        assert known.status_code == 304
        assert known.headers.get("Vary") == whole.headers.get("Vary")


@pytest.mark.parametrize(("rule", "path", "kind"), ROUTES, ids=[path for _, path, _ in ROUTES])
def test_every_client_gets_what_the_table_says(
    client: FlaskClient, names: dict[str, str], rule: str, path: str, kind: str
) -> None:
    wrong = []
    for name, letters in TABLE:
        accept = getattr(clients, name)
        answer = client.get(path.format(**names), headers={} if accept is None else {"Accept": accept})
        status, media_type = expected(kind, letters.replace(" ", ""))
        found = (answer.status_code, answer.mimetype if answer.status_code == 200 else "")
        if found != (status, media_type):
            wrong.append((name, found, (status, media_type)))
        if kind in KINDS:
            assert "Accept" in answer.headers["Vary"], name
    assert wrong == [], rule


def test_the_table_holds_forty_clients_and_every_column() -> None:
    assert len({getattr(clients, name) for name, _ in TABLE}) >= 40
    assert {len(letters.split()) for _, letters in TABLE} == {len(KINDS)}
    assert {kind.rpartition(" ")[2] for _, _, kind in ROUTES} >= set(KINDS)


def test_every_route_is_in_the_matrix(client: FlaskClient) -> None:
    rules = {str(each) for each in client.application.url_map.iter_rules() if "GET" in (each.methods or ())}
    assert rules - {rule for rule, _, _ in ROUTES} - NOT_HERE == set()


@pytest.mark.parametrize("path", [
    "/", "/doc/club/termez", "/ns", "/dataset", "/class", "/class/ParentsClub", "/sparql", "/releases", "/queries",
])  # fmt: skip
def test_406_lists_what_there_is_and_each_of_it_is_there(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "image/png, application/problem+json;q=0.1"})
    assert (answer.status_code, answer.mimetype) == (406, "application/problem+json")
    for each in json.loads(answer.data)["alternatives"]:
        if "url" in each:
            assert client.get(each["url"]).mimetype == each["type"], each
