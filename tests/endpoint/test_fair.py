"""What F-UJI looks at (metrics v0.8): its seventeen metrics, each with what makes it pass on the dataset's page.

The machine that runs F-UJI comes by w3id.org, which cannot be asked here: of F1-02MD only the form of the name is
tested, and that the name's own path answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import urlsplit

import httpx
import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDF

from tests.endpoint.serving import Served

BASE = "https://w3id.org/hamkor/"
DATASET = URIRef(f"{BASE}dataset")
LINK = re.compile(r"<([^>]*)>(.*)")
PUBLIC = URIRef("http://publications.europa.eu/resource/authority/access-right/PUBLIC")
PERSISTENT = re.compile(r"https://(w3id\.org|purl\.org|doi\.org|hdl\.handle\.net)/")
GENERIC = ("dc/elements", "dc/terms", "schema.org", "22-rdf-syntax", "rdf-schema", "owl#", "skos", "dcat#", "foaf",
           "vcard")  # fmt: skip
COMMUNITY = ("http://www.w3.org/ns/adms#", "http://purl.org/linked-data/cube#")
LONG_LIVED = re.compile(r"(text/.*|application/(.*\+)?(xml|json))\Z")


class Harvest:
    """What a harvester has after it came to the landing page, as F-UJI goes about it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.page = served.get("/dataset", "text/html, application/xhtml+xml;q=0.5, */*;q=0.1")

    @cached_property
    def embedded(self) -> dict[str, object]:
        (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', self.page.text, re.DOTALL)
        found: dict[str, object] = json.loads(script)
        return found

    @cached_property
    def links(self) -> list[tuple[str, dict[str, str]]]:
        """Typed links of the header Link: target and attributes."""
        return list(links(self.page))

    @cached_property
    def rdf(self) -> Graph:
        """The metadata by content negotiation."""
        answer = self.served.get("/dataset", "text/turtle")
        assert answer.headers["Content-Type"].startswith("text/turtle")
        return Graph().parse(data=answer.content, format="turtle")

    def data_links(self) -> list[str]:
        """Addresses of data, as the metadata names them, on the host under test."""
        named = {str(each) for each in self.rdf.objects(None, DCAT.downloadURL)}
        return [f"/{url.removeprefix(BASE)}" for url in sorted(named)]


def links(answer: httpx.Response) -> Iterator[tuple[str, dict[str, str]]]:
    for each in answer.headers.get_list("Link"):
        found = LINK.match(each)
        assert found is not None, each
        yield found[1], dict(re.findall(r'(\w+)="([^"]*)"', found[2]))


@pytest.fixture(scope="module")
def served(flagship_served: Served) -> Served:
    """The flagship as the service has it."""
    return flagship_served


@pytest.fixture(scope="module")
def harvest(served: Served) -> Harvest:
    return Harvest(served)


def test_f1_01md_the_dataset_has_a_globally_unique_name(harvest: Harvest) -> None:
    assert urlsplit(str(harvest.embedded["identifier"])).scheme == "https"
    assert harvest.embedded["@id"] == str(DATASET)


def test_f1_02md_the_name_is_persistent_and_its_path_answers(harvest: Harvest) -> None:
    (cited,) = [target for target, each in harvest.links if each["rel"] == "cite-as"]
    assert PERSISTENT.match(cited)
    assert harvest.served.get(f"/{cited.removeprefix(BASE)}").status_code == 200


def test_f2_01m_the_core_is_there_in_rdf_and_in_the_page(harvest: Harvest) -> None:
    rdf = harvest.rdf
    (creator,), (publisher,) = rdf.objects(DATASET, DCTERMS.creator), rdf.objects(DATASET, DCTERMS.publisher)
    assert list(rdf.objects(creator, FOAF.name))
    assert list(rdf.objects(publisher, FOAF.name))
    for name in (DCTERMS.title, DCTERMS.identifier, DCTERMS.issued, DCTERMS.description, DCAT.keyword):
        assert list(rdf.objects(DATASET, name)), name
    for key in ("creator", "name", "identifier", "datePublished", "publisher", "description", "keywords", "@type"):
        assert harvest.embedded[key], key
    assert 50 <= len(str(harvest.embedded["description"])) <= 5000


def test_f3_01m_the_metadata_names_the_data(harvest: Harvest) -> None:
    assert harvest.data_links()
    assert all(each["contentUrl"] for each in harvest.embedded["distribution"])  # type: ignore[index,attr-defined]
    items = [(target, each) for target, each in harvest.links if each["rel"] == "item"]
    assert items
    for target, each in items:
        assert harvest.served.get(target.removeprefix(harvest.served.url)).headers["Content-Type"] == each["type"]


def test_f4_01m_search_engines_find_it(harvest: Harvest) -> None:
    assert harvest.embedded["@context"] == "https://schema.org"
    assert harvest.embedded["@type"] == "Dataset"
    assert harvest.page.text.count('type="application/ld+json">') == 1
    robots = harvest.served.get("/robots.txt").text
    (sitemap,) = re.findall(r"^Sitemap: (.*)$", robots, re.MULTILINE)
    assert harvest.served.get(sitemap.removeprefix(harvest.served.url)).status_code == 200


def test_a1_01m_access_is_said_to_be_public(harvest: Harvest) -> None:
    assert (DATASET, DCTERMS.accessRights, PUBLIC) in harvest.rdf
    assert harvest.embedded["isAccessibleForFree"] is True


def test_a1_02md_metadata_and_data_can_be_had(harvest: Harvest) -> None:
    assert harvest.page.status_code == 200
    for path in harvest.data_links():
        assert harvest.served.get(path).status_code == 200, path


@pytest.mark.parametrize("metric", ["A1.1-01MD", "A1.2-01MD"])
def test_a1_1_and_a1_2_protocols_are_standard_and_open(harvest: Harvest, metric: str) -> None:
    # both look at the scheme of the addresses, of metadata and of data
    described = [target for target, each in harvest.links if each["rel"] == "describedby"]
    data = [str(each) for each in harvest.rdf.objects(None, DCAT.downloadURL)]
    assert described
    assert data
    assert {urlsplit(each).scheme for each in (*described, *data)} <= {"http", "https"}, metric


def test_i1_01m_metadata_is_there_in_a_formal_language_three_ways(harvest: Harvest) -> None:
    assert harvest.embedded
    assert len(harvest.rdf) > 100
    described = [(target, each["type"]) for target, each in harvest.links if each["rel"] == "describedby"]
    for target, media_type in described:
        answer = harvest.served.get(target.removeprefix(harvest.served.url))
        assert answer.headers["Content-Type"].startswith(media_type)


def test_i2_01m_it_uses_registered_vocabularies_beyond_the_usual(harvest: Harvest) -> None:
    used = {str(each) for each in harvest.rdf.predicates()}
    beyond = {"http://www.w3.org/ns/prov#", "http://rdfs.org/ns/void#", "http://www.w3.org/ns/adms#"}
    assert all(any(each.startswith(namespace) for each in used) for namespace in beyond)
    assert not any(part in namespace for namespace in beyond for part in GENERIC)


def test_i3_01m_it_says_what_it_belongs_to(harvest: Harvest) -> None:
    assert list(harvest.rdf.objects(DATASET, DCTERMS.isPartOf))
    assert urlsplit(harvest.embedded["includedInDataCatalog"]["@id"]).scheme == "https"  # type: ignore[index,call-overload]


def test_r1_01m_it_says_what_the_data_is_and_how_large(harvest: Harvest) -> None:
    rdf = harvest.rdf
    assert (DATASET, RDF.type, DCAT.Dataset) in rdf
    sized = [each for each in rdf.subjects(DCAT.byteSize) if list(rdf.objects(each, DCAT.mediaType))]
    assert sized
    for each in sized:
        (url,), (size,) = rdf.objects(each, DCAT.downloadURL), rdf.objects(each, DCAT.byteSize)
        assert len(harvest.served.get(f"/{str(url).removeprefix(BASE)}").content) == int(str(size))
    (service,) = rdf.objects(None, DCAT.accessService)
    assert list(rdf.objects(service, DCAT.endpointDescription))


def test_r1_1_01m_it_has_a_licence(harvest: Harvest) -> None:
    (licence,) = harvest.rdf.objects(DATASET, DCTERMS.license)
    assert str(licence).startswith("https://creativecommons.org/licenses/")
    assert harvest.embedded["license"] == str(licence)
    assert [target for target, each in harvest.links if each["rel"] == "license"] == [str(licence)]


def test_r1_2_01m_it_says_where_it_comes_from(harvest: Harvest) -> None:
    assert list(harvest.rdf.objects(DATASET, PROV.wasGeneratedBy))
    assert len(set(harvest.rdf.objects(None, PROV.wasDerivedFrom))) > 10


def test_r1_3_01m_it_follows_a_standard_of_its_community(harvest: Harvest) -> None:
    used = {str(each) for each in harvest.rdf.predicates()}
    assert any(each.startswith(COMMUNITY) for each in used)
    assert (None, DCTERMS.conformsTo, URIRef("http://data.europa.eu/r5r/")) in harvest.rdf


def test_r1_3_02d_some_data_is_in_a_format_that_lasts(harvest: Harvest) -> None:
    types = {"/".join(str(each).split("/")[-2:]) for each in harvest.rdf.objects(None, DCAT.mediaType)}
    assert any(LONG_LIVED.match(each) for each in types), types


# What leads F-UJI astray


def test_the_dataset_is_the_only_one_and_the_richest_node(harvest: Harvest) -> None:
    assert set(harvest.rdf.subjects(RDF.type, DCAT.Dataset)) == {DATASET}
    sizes = {node: len(set(harvest.rdf.predicates(node, None))) for node in set(harvest.rdf.subjects())}
    assert max(sizes, key=lambda node: sizes[node]) == DATASET

    def nodes(value: object) -> Iterator[dict[str, object]]:
        if isinstance(value, dict):
            yield value
            for each in value.values():
                yield from nodes(each)
        elif isinstance(value, list):
            for each in value:
                yield from nodes(each)

    inner = [each for each in nodes(harvest.embedded) if each is not harvest.embedded]
    assert all(len(each) < len(harvest.embedded) for each in inner)
    assert not [each for each in inner if each.get("@type") == "Dataset"]


def test_every_distribution_has_an_address(harvest: Harvest) -> None:
    for each in harvest.rdf.subjects(RDF.type, DCAT.Distribution):
        assert list(harvest.rdf.objects(each, DCAT.accessURL)), each


# Signposting (FAIR Signposting Profile, 20231002)

PAGES = ["/dataset", "/doc/club/termez", "/doc/body/unicef-uzbekistan", "/scheme/topic"]
ABOUT = "https://schema.org/AboutPage"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PAGES)
def test_level_1_stands_in_the_header(served: Served, path: str, method: str) -> None:
    found = list(links(served.request(method, path, "text/html")))
    by_relation: dict[str, list[str]] = {}
    for target, each in found:
        by_relation.setdefault(each["rel"], []).append(target)
        assert "," not in target
        assert ";" not in target
        assert urlsplit(target).scheme in ("http", "https")
    assert len(by_relation["cite-as"]) == 1
    assert by_relation["describedby"]
    assert ABOUT in by_relation["type"]
    assert len(by_relation["type"]) >= 2
    assert len(by_relation["license"]) == 1
    assert by_relation["author"]


@pytest.mark.parametrize("path", PAGES)
def test_level_2_is_the_same_as_a_linkset_anchored_at_the_page(served: Served, path: str) -> None:
    found = list(links(served.get(path, "text/html")))
    ((target, attributes),) = [each for each in found if each[1]["rel"] == "linkset"]
    answer = served.get(target.removeprefix(served.url))
    assert answer.headers["Content-Type"] == attributes["type"] == "application/linkset+json"
    contexts = answer.json()["linkset"]
    own = contexts[0]
    assert own["anchor"] == f"{served.url}{path}"
    in_header = {(each["rel"], target) for target, each in found}
    for relation, targets in own.items():
        if relation != "anchor":
            assert {(relation, each["href"]) for each in targets} <= in_header
    for context in contexts[1:]:
        ((relation, ((back),)),) = [(name, each) for name, each in context.items() if name != "anchor"]
        assert relation in ("describes", "collection")
        assert back["href"] == own["anchor"]


def test_a_linkset_can_be_had_as_text(served: Served) -> None:
    answer = served.get("/linkset", "application/linkset")
    assert answer.headers["Content-Type"] == "application/linkset"
    assert f'<{DATASET}>; rel="cite-as"; anchor="{served.url}/dataset"' in answer.text


@pytest.mark.parametrize("iri", ["nonsense", f"{BASE}id/nothing", "http://other.example/x", "a b", ""])
def test_of_what_is_unknown_there_is_no_linkset(served: Served, iri: str) -> None:
    assert served.get("/linkset.json", params={"iri": iri}).status_code == 404


def test_the_files_lead_back_to_the_page(harvest: Harvest) -> None:
    for target, each in harvest.links:
        if each["rel"] == "item":
            found = list(links(harvest.served.request("HEAD", target.removeprefix(harvest.served.url))))
            assert (str(DATASET), "collection") in [(target, other["rel"]) for target, other in found]


VOID = Namespace("http://rdfs.org/ns/void#")
PROFILES = {"dcat": "http://data.europa.eu/r5r/", "schema": "https://schema.org/"}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "nt", "rdf"])
def test_a_profile_narrows_the_metadata(served: Served, profile: str, suffix: str) -> None:
    for wanted in (profile, PROFILES[profile]):
        answer = served.get(f"/dataset.{suffix}", params={"_profile": wanted})
        graph = Graph().parse(data=answer.content, format=answer.headers["Content-Type"].partition(";")[0])
        assert (PROFILES[profile], "profile") in [(target, each["rel"]) for target, each in links(answer)]
        has_schema = any(str(each).startswith("https://schema.org/") for each in graph.predicates())
        assert (DATASET, RDF.type, DCAT.Dataset) in graph or profile == "schema"
        assert has_schema or profile == "dcat"
        assert not list(graph.subjects(VOID.classPartition))


def test_an_unknown_profile_gives_everything(served: Served) -> None:
    assert served.get("/dataset.ttl", params={"_profile": "nonsense"}).content == served.get("/dataset.ttl").content
