"""What a release says of itself: VoID and DCAT of its contents, computed from the manifest and the store.

Nothing here is typed by hand twice: texts come from the settings, numbers from the release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyoxigraph as ox

from graph.namespaces import DCAT, DCT, FOAF, PROV, RDF_TYPE, RDFS_LABEL, SD, VOID, XSD
from graph.publication import Publication
from graph.releases.manifest import GraphEntry
from graph.sources.chunks import Chunk

CLASSES = "SELECT ?class (COUNT(?thing) AS ?n) WHERE { ?thing a ?class } GROUP BY ?class ORDER BY ?class"
"""The default graph is a set: no DISTINCT is needed, and it would cost a second pass."""
DUMP_FORMAT = "http://www.w3.org/ns/formats/N-Quads"


def catalogue(publication: Publication, store: ox.Store, created: str, graphs: Sequence[GraphEntry]) -> Chunk:
    """Return the catalogue graph of a release.

    Args:
        publication: for names and texts.
        store: filled with everything else; its counts are those that SPARQL gives.
        created: ISO 8601 date and time of the release.
        graphs: the entries of the named graphs.
    """
    iri = publication.graph("catalog")
    triples = (*_dataset(publication, created), *_graphs(publication, graphs), *_classes(publication, store))
    return Chunk(iri, ox.serialize(sorted(triples, key=str), format=ox.RdfFormat.N_TRIPLES) or b"")


def _dataset(publication: Publication, created: str) -> Iterator[ox.Triple]:
    about, dataset = publication.settings.about, f"{publication.base}dataset"
    yield _link(dataset, RDF_TYPE, VOID + "Dataset")
    yield _link(dataset, RDF_TYPE, DCAT + "Dataset")
    for predicate, texts in (
        (DCT + "title", about.title),
        (RDFS_LABEL, about.title or {"en": "The dataset"}),
        (DCT + "description", about.description),
    ):
        yield from (_text(dataset, predicate, text, language) for language, text in texts.items())
    if about.publisher:
        agent = f"{dataset}#publisher"
        yield _link(dataset, DCT + "publisher", agent)
        yield _link(agent, RDF_TYPE, FOAF + "Agent")
        for language, text in about.publisher.items():
            yield _text(agent, FOAF + "name", text, language)
            yield _text(agent, RDFS_LABEL, text, language)
    yield _link(dataset, DCT + "license", about.license)
    yield _value(dataset, DCT + "issued", created, "dateTime")
    yield _value(dataset, VOID + "uriSpace", publication.base, "string")
    yield _link(dataset, VOID + "sparqlEndpoint", f"{publication.base}sparql")
    yield _link(dataset, VOID + "feature", DUMP_FORMAT)
    software = f"{dataset}#software"
    yield _link(dataset, PROV + "wasAttributedTo", software)
    yield _link(software, RDF_TYPE, PROV + "SoftwareAgent")
    yield _text(software, RDFS_LABEL, "Hamkor", "en")
    yield _link(software, DCT + "license", about.code_license)


def _graphs(publication: Publication, graphs: Sequence[GraphEntry]) -> Iterator[ox.Triple]:
    dataset = f"{publication.base}dataset"
    for entry in graphs:
        yield _link(dataset, VOID + "subset", entry.iri)
        yield _link(entry.iri, RDF_TYPE, VOID + "Dataset")
        yield _link(entry.iri, RDF_TYPE, SD + "NamedGraph")
        yield _link(entry.iri, SD + "name", entry.iri)
        yield _text(entry.iri, RDFS_LABEL, f"Graph {entry.iri.removeprefix(publication.base + 'graph/')}", "en")
        yield _value(entry.iri, VOID + "triples", str(entry.triples), "integer")


def _classes(publication: Publication, store: ox.Store) -> Iterator[ox.Triple]:
    dataset = f"{publication.base}dataset"
    answer = store.query(CLASSES)
    if not isinstance(answer, ox.QuerySolutions):
        return
    for number, solution in enumerate(answer, 1):
        partition = f"{dataset}#class-{number}"
        yield _link(dataset, VOID + "classPartition", partition)
        yield ox.Triple(ox.NamedNode(partition), ox.NamedNode(VOID + "class"), solution["class"])
        yield ox.Triple(ox.NamedNode(partition), ox.NamedNode(VOID + "entities"), solution["n"])


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str, predicate: str, text: str, language: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.Literal(text, language=language))


def _value(subject: str, predicate: str, value: str, datatype: str) -> ox.Triple:
    literal = ox.Literal(value, datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)
