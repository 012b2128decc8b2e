"""A release described as RDF: which version of the dataset it is, when it was made, after which, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.namespaces import DCAT, DCT, PROV, RDF_TYPE, RDFS_LABEL, SD, VOID, XSD
from graph.releases.manifest import GraphEntry, Manifest

SPDX = "http://spdx.org/rdf/terms#"


def release_iri(base: str, release_id: str) -> str:
    """Return the IRI of a release."""
    return f"{base}release/{release_id}"


def described_briefly(manifest: Manifest, license_iri: str) -> Iterator[ox.Triple]:
    """Yield what a list of releases says of one."""
    iri, dataset = release_iri(manifest.base, manifest.id), f"{manifest.base}dataset"
    yield _link(dataset, DCAT + "hasVersion", iri)
    yield _link(iri, DCAT + "isVersionOf", dataset)
    yield _link(iri, RDF_TYPE, PROV + "Entity")
    yield _link(iri, RDF_TYPE, VOID + "Dataset")
    yield ox.Triple(ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), ox.Literal(f"Release {manifest.id}", language="en"))
    yield _value(iri, DCAT + "version", manifest.id, "string")
    yield _value(iri, DCT + "issued", manifest.created, "dateTime")
    yield _value(iri, VOID + "triples", str(manifest.triples), "integer")
    yield _link(iri, DCT + "license", license_iri)
    if manifest.parent is not None:
        parent = release_iri(manifest.base, manifest.parent)
        yield _link(iri, DCAT + "previousVersion", parent)
        yield _link(iri, PROV + "wasRevisionOf", parent)


def described(manifest: Manifest, license_iri: str) -> Iterator[ox.Triple]:
    """Yield what the document about a release says: the same, and its named graphs with their digests."""
    yield from described_briefly(manifest, license_iri)
    for place, entry in enumerate(manifest.graphs, 1):
        yield from _graph(release_iri(manifest.base, manifest.id), place, entry)


def _graph(release: str, place: int, entry: GraphEntry) -> Iterator[ox.Triple]:
    node, checksum = f"{release}#graph-{place}", f"{release}#checksum-{place}"
    yield _link(release, VOID + "subset", node)
    yield _link(node, RDF_TYPE, SD + "NamedGraph")
    yield _link(node, SD + "name", entry.iri)
    yield _value(node, VOID + "triples", str(entry.triples), "integer")
    yield _value(node, DCT + "identifier", entry.digest, "string")
    yield _link(node, SPDX + "checksum", checksum)
    yield _link(checksum, RDF_TYPE, SPDX + "Checksum")
    yield _link(checksum, SPDX + "algorithm", SPDX + "checksumAlgorithm_sha256")
    yield _value(checksum, SPDX + "checksumValue", entry.sha256, "hexBinary")


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _value(subject: str, predicate: str, value: str, datatype: str) -> ox.Triple:
    literal = ox.Literal(value, datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)
