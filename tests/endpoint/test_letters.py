"""An IRI is what it says, letter by letter: every one is found at its own address, and shows no other's statements."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlsplit

import httpx
import pyoxigraph as ox
import pytest

from tests.endpoint.serving import BROWSER, Served, serving, write

BASE = "https://example.org/kb/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
NAMES = [
    "id/club/Klub%20%28Termiz%29", "id/club/Klub%20(Termiz)", "id/O%27zbekiston", "id/O'zbekiston", "id/a%2Cb%3Bc",
    "id/a,b;c", "id/a%26b%21%40%2F", "id/a&b!@/", "id/lower%2fhex", "id/lower%2Fhex", "id/lower/hex",
    "id/%d0%ba%d0%bb", "id/погода", "id/%D0%BF%D0%BE%D0%B3%D0%BE%D0%B4%D0%B0", "id/клуб", "id/%D0%B4%D0%BE%D0%BC",
    "id/пол%D0%B4ня", "id/Дом%20%28Термиз%29", "id/x", "id/x?y=1", "id/x?y=%31", "id/x?", "id/file", "id/file.ttl",
    "id/100%25", "id/a+b", "id/a%2Bb", "id/~a", "id/%7Ea", "id/😀", "scheme/topic/a%28b%29", "scheme/topic/a(b)",
    "scheme/тема", "scheme/a?b=c&d", "graph/no-graph", "ns.old", "class/a", "query/a%28b", "id/a//b", "id/%D0",
]  # fmt: skip
"""Each of these is a thing of its own; its label says its name."""
TWINS = {"id/погода", "id/x?"}
"""Those whose address is another's, too."""
GRAPHS = {
    "club's (2)": "graph/club%27s%20%282%29",
    "клубы": "graph/%D0%BA%D0%BB%D1%83%D0%B1%D1%8B",
    "a,b": "graph/a%2Cb",
}
SETTINGS = f'base = "{BASE}"\n[about.title]\nen = "Letters"\n'


PEOPLE = f"""@prefix : <{BASE}people#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:alice rdfs:label "Alice" ; <{BASE}knows> :bob ; <{BASE}lives> [ rdfs:label "a house" ] .
:bob rdfs:label "Bob" . <{BASE}people/list> rdfs:label "a list" . <{BASE}people-2#x> rdfs:label "another" .
<{BASE}id/club> rdfs:label "A club" . <{BASE}id/club#address> rdfs:label "Its address" .
<{BASE}ns#Club> a rdfs:Class ; rdfs:label "Club" .
"""
MORE = f"""@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix : <{BASE}people#> .
:carol rdfs:label "Carol" . <{BASE}ns#Club> rdfs:comment "stated elsewhere" . <{BASE}ns#city> rdfs:label "city" .
"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Things and graphs with all sorts of names."""
    labels = "".join(f'<{BASE}{name}> <{LABEL}> "{name}" .\n' for name in NAMES)
    links = "".join(f"<{BASE}id/all> <{BASE}has> <{BASE}{name}> .\n" for name in NAMES)
    graphs = {f"data/{name}.nt": f'<{BASE}id/in> <{LABEL}> "{name}" .\n' for name in GRAPHS}
    files = {"hamkor.toml": SETTINGS, "data/names.nt": labels + links, "data/people.ttl": PEOPLE, "data/more.ttl": MORE}
    files |= graphs
    with serving(write(tmp_path_factory.mktemp("letters"), files)) as running:
        yield running


def ask(served: Served, target: str, accept: str = "application/n-triples", **headers: str) -> httpx.Response:
    """Ask for just this target: clients of the usual kind would encode it anew."""
    address = urlsplit(served.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    names = {each.replace("_", "-"): value for each, value in headers.items()}
    connection.putrequest("GET", target, skip_host=False)
    for name, value in ({"Accept": accept} | names).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())


def labels_of(answer: httpx.Response, iri: str) -> set[str]:
    """The labels that an N-Triples document gives to just this IRI."""
    assert answer.status_code == 200, answer.text
    quads = ox.parse(answer.content, ox.RdfFormat.N_TRIPLES)
    return {each.object.value for each in quads if each.subject == ox.NamedNode(iri) and each.predicate.value == LABEL}


def uri(iri: str) -> str:
    """The URI of an IRI (RFC 3987 3.1)."""
    return quote(iri, safe="/%!$&'()*+,;=:@?~-._#")


def local(served: Served, url: str) -> str:
    return url.removeprefix(served.url)


@pytest.mark.parametrize(
    "name", [each for each in NAMES if each not in TWINS and not each.startswith(("ns.", "class/"))]
)
def test_every_thing_is_found_at_its_own_address(letters: Served, name: str) -> None:
    answer = ask(letters, f"/{uri(name)}")
    while answer.status_code == 303:
        answer = ask(letters, local(letters, answer.headers["Location"]))
    assert labels_of(answer, BASE + name) == {name}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", ["", ".ttl", ".nt"])
def test_every_thing_is_found_by_its_iri(letters: Served, name: str, suffix: str) -> None:
    answer = ask(letters, f"/resource{suffix}?iri={quote(BASE + name, safe='')}", "text/turtle")
    assert f'"{name}"' in answer.text


def test_every_link_on_a_page_leads_to_what_it_names(letters: Served) -> None:
    page = ask(letters, "/doc/all", BROWSER).text
    links = {unescape(text): unescape(href) for href, text in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page)}
    for name in NAMES:
        assert labels_of(ask(letters, uri(links[name])), BASE + name) == {name}


@pytest.mark.parametrize("name", NAMES)
def test_every_address_in_the_header_of_a_document_is_its_own(letters: Served, name: str) -> None:
    answer = ask(letters, f"/resource?iri={quote(BASE + name, safe='')}")
    links = re.findall(r'<([^>]*)>; rel="([^"]*)"(?:; type="([^"]*)")?', ", ".join(answer.headers.get_list("Link")))
    assert {url for url, relation, _ in links if relation in ("cite-as", "describes")} == {uri(BASE + name)}
    (canonical,) = {url for url, relation, _ in links if relation == "canonical"}
    addresses = [local(letters, answer.headers["Content-Location"]), "/" + canonical.removeprefix(BASE)]
    addresses += [
        local(letters, url) for url, relation, kind in links if relation == "alternate" and kind == "text/turtle"
    ]
    assert len(addresses) >= 3
    for each in addresses:
        triples = ox.parse(ask(letters, each, "text/turtle").content, ox.RdfFormat.TURTLE)
        assert (
            ox.Quad(ox.NamedNode(BASE + name), ox.NamedNode(LABEL), ox.Literal(name)) in set(triples) or "json" in each
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_thing_is_found_in_its_release_by_its_time_map_and_behind_a_proxy(letters: Served, name: str) -> None:
    page = ask(letters, f"/resource?iri={quote(BASE + name, safe='')}", X_Forwarded_Prefix="/data/x")
    place = urlsplit(page.headers["Content-Location"])
    assert place.path.startswith("/data/x/")
    target = f"{place.path.removeprefix('/data/x').removesuffix('.nt')}{f'?{place.query}' if place.query else ''}"
    moved = ask(letters, target, Accept_Datetime="Fri, 28 Nov 2036 09:00:00 GMT")
    assert moved.status_code == 302
    assert labels_of(ask(letters, local(letters, moved.headers["Location"])), BASE + name) == {name}
    mementos = re.findall(r'<([^>]*)>; rel="first last memento"', ask(letters, f"/timemap{target}").text)
    assert [local(letters, each) for each in mementos] == [local(letters, moved.headers["Location"])]


def test_of_two_things_at_one_address_each_shows_itself(letters: Served) -> None:
    encoded = f"/id/{quote('погода')}"
    assert labels_of(ask(letters, encoded.replace("/id/", "/doc/")), BASE + encoded[1:]) == {encoded[1:]}
    page = letters.get(f"/resource?iri={quote(BASE + 'id/погода', safe='')}", "application/n-triples")
    assert labels_of(page, BASE + "id/погода") == {"id/погода"}
    assert not labels_of(page, BASE + encoded[1:])


@pytest.mark.parametrize("name", ["id/lower%2fHEX", "id/none%28", "id/x%3Fy=1", "id/file%2Ettl.nt%2F"])
def test_what_nobody_is_called_is_404(letters: Served, name: str) -> None:
    assert ask(letters, f"/{name}").status_code == 404


@pytest.mark.parametrize(("file", "name"), GRAPHS.items())
def test_every_graph_of_a_file_is_found_and_downloaded(letters: Served, file: str, name: str) -> None:
    for target in (f"/{name}", f"/{name}.nt", f"/graphs?graph={quote(BASE + name, safe='')}"):
        assert labels_of(ask(letters, target), f"{BASE}id/in") == {file}
    listed = ask(letters, "/downloads.json", "application/json").json()["files"]
    (row,) = [each for each in listed if each["graph"] == BASE + name and each["mediaType"] == "application/n-quads"]
    assert ask(letters, local(letters, row["url"]), "*/*").status_code == 200
    assert f"<h1>{file}" not in ask(letters, f"/{name}", BROWSER).text


def test_sitemaps_name_addresses_that_are_their_own(letters: Served) -> None:
    listed = re.findall(r"<loc>([^<]*)</loc>", ask(letters, "/sitemap-1.xml", "*/*").text)
    for each in listed:
        assert (
            ask(letters, urlsplit(unescape(each))._replace(scheme="", netloc="").geturl(), BROWSER).status_code == 200
        )


# ---- hash IRIs


def texts(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    quads = ox.parse(answer.content, ox.RdfFormat.N_TRIPLES)
    return {each.object.value for each in quads if isinstance(each.object, ox.Literal)}


@pytest.mark.parametrize(
    "path", ["/people", "/people.nt", f"/resource?iri={BASE}people", f"/resource.nt?iri={BASE}people"]
)
def test_a_document_says_what_is_said_of_its_fragments_in_whichever_graph(letters: Served, path: str) -> None:
    assert texts(ask(letters, path)) == {"Alice", "Bob", "Carol", "a house"}


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/rdf+xml", BROWSER])
def test_it_can_be_had_in_every_form(letters: Served, accept: str) -> None:
    answer = ask(letters, "/people", accept)
    assert answer.status_code == 200
    assert {"Alice", "Bob", "Carol"} <= set(re.findall(r"Alice|Bob|Carol", answer.text))


def test_a_page_leads_to_each_of_its_fragments(letters: Served) -> None:
    page = ask(letters, "/people", BROWSER).text
    assert re.findall(r'<li id="(\w+)">', page) == ["alice", "bob", "carol"]
    hrefs = {text: unescape(href) for href, text in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page)}
    assert texts(ask(letters, hrefs["Alice"])) >= {"Alice", "a house"}


def test_a_thing_with_fragments_says_both(letters: Served) -> None:
    assert texts(ask(letters, "/doc/club")) == {"A club", "Its address"}


def test_the_vocabulary_shows_its_terms_wherever_they_are_stated(letters: Served) -> None:
    assert texts(ask(letters, "/ns")) == {"Club", "stated elsewhere", "city"}
    page = ask(letters, "/ns", BROWSER).text
    assert "stated elsewhere" in page
    assert 'id="city"' in page


@pytest.mark.parametrize("path", ["/peopl", "/people-3", "/people/", "/ns/x"])
def test_a_document_without_fragments_is_404(letters: Served, path: str) -> None:
    assert ask(letters, path).status_code == 404
