"""Content negotiation by profile: every listed representation is fetched; parameters, headers, and what is unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from rdflib import RDF, RDFS, Graph, Namespace, URIRef
from werkzeug.test import TestResponse

from endpoint.app import create_app
from endpoint.http.semantics import parse_accept_profile
from graph.model.publication import Publication
from graph.releases.release import Release

BASE = "https://w3id.org/hamkor/"
SCHEMA, ALTR = Namespace("https://schema.org/"), Namespace("http://www.w3.org/ns/dx/connegp/altr#")
DCT, CV, SKOS = (Namespace(each) for each in (
    "http://purl.org/dc/terms/", "http://data.europa.eu/m8g/", "http://www.w3.org/2004/02/skos/core#"))  # fmt: skip
FULL, LABELS = f"{BASE}profiles#full", f"{BASE}profiles#labels"
ALT = "http://www.w3.org/ns/dx/connegp/altr"
CLUB, BODY, TOPIC = "/doc/club/termez", "/doc/body/ncsac", "/scheme/topic"
RESOURCES = {
    CLUB: {"full", "labels", "schema", "alt"},
    BODY: {"full", "labels", "schema", "cpov", "alt"},
    TOPIC: {"full", "labels", "schema", "skos", "alt"},
    "/doc/forum/2014": {"full", "labels", "schema", "alt"},
    "/doc/geometry/termez": {"full", "labels", "alt"},
    "/dataset": {"full", "dcat", "schema", "alt"},
}


@pytest.fixture(scope="module")
def client(flagship_publication: Publication, flagship_release: Release) -> FlaskClient:
    """The flagship's application, asked without a port."""
    assert flagship_release.manifest.triples
    return create_app(flagship_publication).test_client()


def links(answer: TestResponse) -> list[tuple[str, dict[str, str]]]:
    found = (re.match(r"<([^>]*)>(.*)", each) for each in answer.headers.get_all("Link"))
    return [(each[1], dict(re.findall(r'(\w+)="([^"]*)"', each[2]))) for each in found if each]


def conforms(answer: TestResponse) -> set[str]:
    return {target for target, each in links(answer) if each["rel"] == "profile"}


def media_type(answer: TestResponse) -> str:
    return answer.headers["Content-Type"].partition(";")[0]


def listed(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path, query_string={"_profile": "alt", "_mediatype": "application/json"})
    found: list[dict[str, str]] = json.loads(answer.data)["representations"]
    return found


def read(answer: TestResponse) -> Graph:
    names = {"application/n-triples": "nt", "application/ld+json": "json-ld", "application/rdf+xml": "xml"}
    if media_type(answer) == "application/n-quads":  # without names of graphs they are N-Triples
        return Graph().parse(data=answer.data, format="nt")
    return Graph().parse(data=answer.data, format=names.get(media_type(answer), "turtle"))


@pytest.mark.parametrize("path", RESOURCES)
def test_a_resource_has_the_profiles_that_fit_it(client: FlaskClient, path: str) -> None:
    assert {each["token"] for each in listed(client, path)} == RESOURCES[path]


@pytest.mark.parametrize("path", RESOURCES)
def test_every_listed_representation_is_what_the_list_says(client: FlaskClient, path: str) -> None:
    rows = listed(client, path)
    for row in rows:
        for headers in ({}, {"Accept": "image/png", "Accept-Profile": "<urn:x>"}):  # parameters go before headers
            answer = client.get(row["url"], headers=headers if row["profile"] != FULL else {})
            assert (answer.status_code, media_type(answer)) == (200, row["mediatype"]), row
            assert row["profile"] in conforms(answer), row
    assert sum(bool(each["default"]) for each in rows) == 1


@pytest.mark.parametrize("path", RESOURCES)
def test_the_links_of_a_resource_lead_to_its_other_profiles(client: FlaskClient, path: str) -> None:
    alternates = [(target, each) for target, each in links(client.get(path)) if each["rel"] == "alternate"]
    assert {each["formats"] for _, each in alternates if "formats" in each} >= {
        each["profile"] for each in listed(client, path) if each["profile"] != FULL
    }
    for target, each in alternates:
        if each.get("formats", FULL) != FULL:
            answer = client.get(target)
            assert (media_type(answer), each["formats"] in conforms(answer)) == (each["type"], True)


@pytest.mark.parametrize(
    ("profile", "accept", "expected"),
    [
        (f"<{LABELS}>", "text/turtle", (LABELS, "text/turtle")),
        (f"<{LABELS}>", "*/*", (LABELS, "text/turtle")),
        (f"<{SCHEMA}>", None, (str(SCHEMA), "application/ld+json")),
        (f"<{SCHEMA}>;q=0.5, <{LABELS}>;q=0.9", "*/*", (LABELS, "text/turtle")),
        (f"<{SCHEMA}>;q=0.9, <{LABELS}>; q=0.5", "*/*", (str(SCHEMA), "application/ld+json")),
        (f"<urn:unknown>, <{LABELS}>;q=0.1", "*/*", (LABELS, "text/turtle")),
        ("<urn:unknown>", "text/turtle", (FULL, "text/turtle")),
        ("nonsense", "text/turtle", (FULL, "text/turtle")),
        (f"{LABELS}", "text/turtle", (FULL, "text/turtle")),  # without brackets it is no profile
        (f"<{LABELS}>;q=0", "text/turtle", (FULL, "text/turtle")),
        (f"<{FULL}>;q=0", "text/turtle", (LABELS, "text/turtle")),
        (f"<{LABELS}>", "text/html", (FULL, "text/html")),  # the profile has no page
        (None, "text/turtle", (FULL, "text/turtle")),
    ],
)
def test_accept_profile_is_followed(
    client: FlaskClient, profile: str | None, accept: str | None, expected: tuple[str, str]
) -> None:
    headers = {name: value for name, value in (("Accept-Profile", profile), ("Accept", accept)) if value}
    answer = client.get(CLUB, headers=headers)
    assert answer.status_code == 200
    assert (media_type(answer), conforms(answer)) == (expected[1], {expected[0]})
    assert {"Accept", "Accept-Profile"} <= {each.strip() for each in answer.headers["Vary"].split(",")}


@pytest.mark.parametrize("wanted", ["labels", LABELS])
def test_the_parameter_goes_before_the_header(client: FlaskClient, wanted: str) -> None:
    answer = client.get(CLUB, query_string={"_profile": wanted}, headers={"Accept-Profile": f"<{SCHEMA}>"})
    assert conforms(answer) == {LABELS}


@pytest.mark.parametrize("path", [CLUB, f"{CLUB}.ttl", "/dataset.ttl"])
def test_an_unknown_profile_gives_the_default_and_is_not_named(client: FlaskClient, path: str) -> None:
    answer = client.get(path, query_string={"_profile": "urn:nonsense"})
    assert (answer.status_code, FULL in conforms(answer)) == (200, True)
    assert "nonsense" not in repr(conforms(answer))


@pytest.mark.parametrize(
    ("path", "query", "accept"),
    [
        (f"{CLUB}", {"_profile": "labels"}, "text/html"),
        (f"{CLUB}.html", {"_profile": "labels"}, None),
        (f"{CLUB}", {"_mediatype": "image/png"}, None),
        (f"{CLUB}", {"_profile": "schema", "_mediatype": "text/html"}, "*/*"),
        (f"{CLUB}", {}, "image/png"),
    ],
)
def test_what_cannot_be_had_is_406_with_a_list(
    client: FlaskClient, path: str, query: dict[str, str], accept: str | None
) -> None:
    answer = client.get(path, query_string=query, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 406
    asked = client.get(path, query_string=query, headers={"Accept": "application/problem+json;q=0.1, image/png"})
    alternatives = json.loads(asked.data)["alternatives"]
    assert {each["profile"] for each in alternatives} == {FULL, LABELS, str(SCHEMA), ALT}
    assert client.get(alternatives[-1]["url"]).status_code == 200


def test_a_redirect_keeps_the_profile(client: FlaskClient) -> None:
    answer = client.get("/id/club/termez", query_string={"_profile": "labels"})
    assert (answer.status_code, conforms(answer)) == (303, {LABELS})
    assert conforms(client.get(answer.headers["Location"])) == {LABELS}


def test_each_profile_has_a_tag_of_its_own(client: FlaskClient) -> None:
    tags = {client.get(each["url"]).headers["ETag"] for each in listed(client, CLUB)}
    assert len(tags) == len(listed(client, CLUB))


def test_the_list_of_all_in_rdf_speaks_the_drafts_vocabulary(client: FlaskClient) -> None:
    graph = read(client.get(CLUB, query_string={"_profile": "alt", "_mediatype": "text/turtle"}))
    thing = URIRef(f"{BASE}id/club/termez")
    representations = set(graph.objects(thing, ALTR.hasRepresentation))
    assert len(representations) == len(listed(client, CLUB))
    assert graph.value(thing, ALTR.hasDefaultRepresentation) in representations
    for each in representations:
        assert graph.value(each, DCT.conformsTo) is not None
        assert graph.value(each, DCT["format"]) is not None


def test_tokens_and_profiles_are_explained(client: FlaskClient) -> None:
    page = client.get("/profiles", headers={"Accept": "text/html"}).text
    for name in ("full", "labels", "schema", "dcat", "skos", "cpov", "alt"):
        assert f'<li id="{name}">' in page
    assert (URIRef(LABELS), RDF.type, URIRef("http://www.w3.org/ns/dx/prof/Profile")) in read(
        client.get("/profiles.ttl")
    )


# ---- what the profiles say


def said(client: FlaskClient, path: str, profile: str) -> Graph:
    return read(client.get(path, query_string={"_profile": profile, "_mediatype": "text/turtle"}))


def test_labels_only_are_labels_only(client: FlaskClient) -> None:
    graph = said(client, CLUB, "labels")
    assert set(graph.predicates()) == {RDFS.label}
    assert {each.language for each in graph.objects()} == {"en", "ru", "uz-latn"}  # type: ignore[attr-defined]


def test_a_scheme_in_skos_holds_its_concepts(client: FlaskClient) -> None:
    graph = said(client, TOPIC, "skos")
    assert len(set(graph.subjects(RDF.type, SKOS.Concept))) == 17
    assert {str(each).partition("#")[0] for each in graph.predicates() if str(each).startswith(str(SKOS))}
    assert not [each for each in graph.predicates() if "rdf-schema" in str(each)]


def test_a_public_body_has_what_cpov_asks_for(client: FlaskClient) -> None:
    graph, body = said(client, BODY, "cpov"), URIRef(f"{BASE}id/body/ncsac")
    assert (body, RDF.type, CV.PublicOrganisation) in graph
    for predicate in (SKOS.prefLabel, DCT.identifier, DCT.spatial):
        assert graph.value(body, predicate) is not None, predicate


def test_all_formats_of_a_profile_say_the_same(client: FlaskClient) -> None:
    for token in ("labels", "schema", "skos"):
        graphs = [set(read(client.get(each["url"]))) for each in listed(client, TOPIC) if each["token"] == token]
        assert len(graphs) == 6
        assert all(each == graphs[0] for each in graphs)


def scripts(html: str) -> Iterator[dict[str, object]]:
    for each in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL):
        yield json.loads(each)


PROPERTIES = {
    "Thing": "name alternateName description identifier sameAs url subjectOf image mainEntityOfPage",
    "Event": "startDate endDate location organizer about funder audience",
    "Organization": "address location foundingDate dissolutionDate parentOrganization contactPoint email telephone "
    "funder subOrganization member areaServed",
    "Place": "address geo containedInPlace containsPlace telephone",
    "PostalAddress": "addressCountry addressLocality addressRegion postalCode streetAddress",
    "ContactPoint": "email telephone contactType",
    "GeoCoordinates": "latitude longitude",
    "Person": "givenName familyName additionalName telephone email",
    "CreativeWork": "about isPartOf pagination dateCreated datePublished license",
    "Legislation": "legislationDate legislationIdentifier legislationDateOfApplicability",
    "DefinedTerm": "inDefinedTermSet termCode",
    "DefinedTermSet": "hasDefinedTerm about isPartOf",
}
ABOVE = {"GovernmentOrganization": "Organization", "NGO": "Organization", "Project": "Organization", "City": "Place",
         "AdministrativeArea": "Place", "Country": "Place", "Legislation": "CreativeWork"}  # fmt: skip


def allowed(kind: str) -> set[str]:
    own = set(PROPERTIES.get(kind, "").split()) | set(PROPERTIES["Thing"].split())
    return own | (allowed(ABOVE[kind]) if kind in ABOVE else set())


def faults(node: dict[str, object]) -> Iterator[str]:
    """What a validator of structured data would say: unknown types, properties that a type has not, no name."""
    types = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
    may = set().union(*(allowed(str(each)) for each in types))
    yield from (f"unknown type {each}" for each in types if each not in {*PROPERTIES, *ABOVE})
    yield from (f"{types}: {key}" for key in node if not key.startswith("@") and key not in may)
    if not {"PostalAddress", "GeoCoordinates"} & set(types) and "name" not in node:
        yield f"{types}: no name"
    for value in node.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from faults(each)


def test_every_page_about_a_thing_of_schema_org_passes_a_validators_rules(
    client: FlaskClient, flagship: ox.Store
) -> None:
    checked = 0
    kinds = (
        "id/forum",
        "id/event",
        "id/body",
        "id/club",
        "id/place",
        "id/office",
        "id/project",
        "id/person",
        "scheme/",
    )
    subjects = {quad.subject.value for quad in flagship.quads_for_pattern(None, None, None, ox.DefaultGraph())}
    for iri in sorted(each for each in subjects if each.startswith(tuple(BASE + kind for kind in kinds)))[::3]:
        page = client.get(iri.replace(BASE, "/").replace("/id/", "/doc/"), headers={"Accept": "text/html"})
        for each in scripts(page.text):
            assert each["@context"] == "https://schema.org"
            assert list(faults({key: value for key, value in each.items() if key != "@context"})) == [], iri
            checked += 1
    assert checked > 25


@pytest.mark.parametrize(
    ("path", "kind", "required"),
    [
        ("/doc/forum/2014", "Event", {"name", "startDate", "endDate", "location", "organizer", "description"}),
        (BODY, "GovernmentOrganization", {"name", "foundingDate"}),
        ("/doc/office/inclusive-education", "Organization", {"name", "address", "contactPoint"}),
        ("/doc/place/termez", "City", {"name", "address", "geo"}),
        ("/dataset", "Dataset", {"name", "description", "license", "creator", "distribution"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_search_engines_require_is_there(
    client: FlaskClient, path: str, kind: str, required: set[str], language: str
) -> None:
    page = client.get(path, headers={"Accept": "text/html"}, query_string={"ui": language})
    (found,) = scripts(page.text)
    assert found["@type"] == kind
    assert required <= set(found)
    if kind == "Event":
        location = found["location"]
        assert isinstance(location, dict)
        assert location["name"]
        assert location["address"]["addressCountry"] == "UZ"


def test_nothing_in_a_script_can_end_it(client: FlaskClient) -> None:
    page = client.get("/doc/forum/2014", headers={"Accept": "text/html"}).text
    (body,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert "<" not in body


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ()),
        ("", ()),
        ("<urn:a>", (("urn:a", 1.0),)),
        ("<urn:a>;q=0.2,<urn:b>", (("urn:b", 1.0), ("urn:a", 0.2))),
        ("<urn:a,b;c> ; q=0.5", (("urn:a,b;c", 0.5),)),
        ("<urn:a>;q=7", ()),
        ("urn:a", ()),
        ("<", ()),
        ("<urn:a>, nonsense, <urn:b>;q=0", (("urn:a", 1.0), ("urn:b", 0.0))),
    ],
)
def test_accept_profile_is_read(header: str | None, expected: tuple[tuple[str, float], ...]) -> None:
    assert parse_accept_profile(header) == expected


def test_a_header_of_a_megabyte_is_read_in_no_time() -> None:
    assert parse_accept_profile("<urn:a>;q=0.5," * 100_000)[0] == ("urn:a", 0.5)
