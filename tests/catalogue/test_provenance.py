"""The catalogue says of every graph where it comes from, and of every release what came before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, PROV, RDF, RDFS
from writing import Write

from graph.model.contributors import Contributor
from graph.model.rdf_terms import SCHEMA
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import CATALOG_FILE, Release
from graph.sources.batches import Chunk

BASE = "https://w3id.org/hamkor/"
DATASET = URIRef(f"{BASE}dataset")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
VOID = Namespace("http://rdfs.org/ns/void#")
LANGUAGES = {"en", "ru", "uz"}
NGO = f"{BASE}graph/ngo-x/clubs"


def catalogue(release: Release) -> Graph:
    return Graph().parse(release.folder / CATALOG_FILE, format="turtle")


def by(contact: str) -> Contributor:
    now = datetime.now(UTC)
    return Contributor("ngo-x", "NGO X", contact, ("ngo-x/*",), now, now + timedelta(days=1))


def put(built: Write, contact: str) -> Release:
    opened = built({"data/a.ttl": "<http://e/a> <http://e/p> 1 ."})
    chunk = Chunk(NGO, b"<http://e/b> <http://e/p> <http://e/c> .\n")
    return publish(opened, [Put(NGO, (chunk,))], contributor=by(contact)).release


def test_a_graph_comes_from_its_files(publication: Write) -> None:
    found = catalogue(build(publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 .", "data/b.nt": ""
                                         "<http://e/b> <http://e/p> <http://e/c> .\n"})))  # fmt: skip
    for name in ("a.ttl", "b.nt"):
        (file,) = found.objects(URIRef(f"{BASE}graph/{name[0]}"), PROV.wasDerivedFrom)
        assert set(found.objects(file, DCTERMS.identifier)) == {Literal(f"data/{name}")}
        assert {each.language for each in found.objects(file, RDFS.label)} == LANGUAGES
    (making,) = found.objects(DATASET, PROV.wasGeneratedBy)
    assert set(found.objects(making, PROV.used)) == set(found.objects(None, PROV.wasDerivedFrom))


def test_a_contributed_graph_says_by_whom_and_when(publication: Write) -> None:
    release = put(publication, "mailto:x@example.org")
    found, graph = catalogue(release), URIRef(NGO)
    (agent,) = found.objects(graph, PROV.wasAttributedTo)
    assert set(found.objects(agent, RDFS.label)) == {Literal("NGO X", lang="en")}
    assert set(found.objects(agent, VCARD.hasEmail)) == {URIRef("mailto:x@example.org")}
    (moment,) = found.objects(graph, PROV.generatedAtTime)
    assert abs(moment.toPython() - datetime.now(UTC)) < timedelta(minutes=5)
    assert not list(found.objects(graph, PROV.wasDerivedFrom))


@pytest.mark.parametrize("contact", ["Anna, room 5", "+998 76 223 00 00", "", "javascript:alert(1)", "mailto:a b"])
def test_a_contact_that_is_no_address_is_kept_to_ourselves(publication: Write, contact: str) -> None:
    release = put(publication, contact)
    assert not list(catalogue(release).objects(None, VCARD.hasEmail))
    if contact:
        assert contact not in (release.folder / CATALOG_FILE).read_text(encoding="utf-8")


def test_a_release_names_the_one_before_it(publication: Write) -> None:
    opened = publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 ."})
    first = build(opened)
    (opened.root / "data/a.ttl").write_text("<http://e/a> <http://e/p> 2 .")
    second = build(opened)
    version, previous = URIRef(f"{DCAT}version"), URIRef(f"{DCAT}previousVersion")  # rdflib has DCAT 2's terms only
    assert not list(catalogue(first).objects(DATASET, previous))
    found = catalogue(second)
    assert set(found.objects(DATASET, version)) == {Literal(second.id)}
    assert set(found.objects(DATASET, previous)) == {URIRef(f"{BASE}release/{first.id}")}


def test_the_same_content_has_the_same_digest_whatever_the_catalogue_says(publication: Write) -> None:
    opened = publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 ."})
    first = build(opened)
    (opened.root / "hamkor.toml").write_text('[about.title]\nen = "Another title"\n')
    assert build(opened).manifest.digest == first.manifest.digest


def test_what_the_catalogue_names_has_a_name_in_every_language(flagship_release: Release) -> None:
    found = catalogue(flagship_release)
    for each in found.subjects(RDF.type, URIRef(f"{SCHEMA}DataDownload")):
        assert {label.language for label in found.objects(each, RDFS.label)} == LANGUAGES
    for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.DataService, DCAT.CatalogRecord, VOID.Linkset, PROV.Activity):
        for each in found.subjects(RDF.type, kind):
            assert {label.language for label in found.objects(each, RDFS.label)} == LANGUAGES, each
    for each in found.objects(None, VOID.classPartition | VOID.propertyPartition):
        assert {label.language for label in found.objects(each, RDFS.label)} == LANGUAGES, each


def test_graphs_that_the_data_names_keep_their_names(flagship_release: Release) -> None:
    found = catalogue(flagship_release)
    assert not list(found.objects(URIRef(f"{BASE}graph/clubs"), RDFS.label))
    assert list(found.objects(URIRef(f"{BASE}graph/entailed"), RDFS.label))


def test_no_blank_node_is_in_it(flagship_release: Release) -> None:
    assert "_:" not in (flagship_release.folder / CATALOG_FILE).read_text(encoding="utf-8")


def test_a_publication_without_settings_has_a_title_and_a_description(publication: Write) -> None:
    found = catalogue(build(publication({"data/a.nt": "<http://e/a> <http://e/p> <http://e/b> .\n"})))
    (contact,) = found.objects(DATASET, DCAT.contactPoint)
    for subject, predicate in ((DATASET, DCTERMS.title), (DATASET, DCTERMS.description), (contact, RDFS.label)):
        assert {text.language for text in found.objects(subject, predicate)} == LANGUAGES


def test_a_publisher_whom_nobody_has_named_is_not_invented(publication: Write) -> None:
    found = catalogue(build(publication({"data/a.nt": "<http://e/a> <http://e/p> <http://e/b> .\n"})))
    publisher = URIRef(f"{DATASET}#publisher")
    assert (publisher, None, None) not in found
    assert (None, None, publisher) not in found
    assert not list(found.triples((None, DCTERMS.publisher | DCTERMS.creator, None)))
