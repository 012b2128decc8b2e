"""A linkset as RDF: VoID says what it links, by what and how often, and each link has its evidence (owl:Axiom, SSSOM).

The terms for the evidence are those of SSSOM's own RDF form. Every node has an IRI below the linkset's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from graph.linksets.mapping import Mapping
from graph.namespaces import DCT, OWL, PREFIXES, RDF_TYPE, RDFS_LABEL, VOID, XSD

SSSOM = "https://w3id.org/sssom/"
SEMAPV = "https://w3id.org/semapv/vocab/"
DC = "http://purl.org/dc/elements/1.1/"
TOOL = "hamkor link"


@dataclass(frozen=True, slots=True)
class Linkset:
    """A set of mappings and what is said of it.

    Attributes:
        iri: its IRI.
        subjects: the IRI of the dataset from which it links.
        subject_space: where the IRIs of that begin.
        objects: the IRI of the dataset to which it links.
        object_space: where the IRIs of that begin.
        table: what the table is called.
        target: what the dataset to which it links is called.
        author: who answers for it.
        license: the IRI of its licence.
        date: the day on which it was made, as xsd:date.
        mappings: what it holds, negative ones included.
    """

    iri: str
    subjects: str
    subject_space: str
    objects: str
    object_space: str
    table: str
    target: str
    author: str
    license: str
    date: str
    mappings: Sequence[Mapping]

    @property
    def links(self) -> list[Mapping]:
        """What it links; negative mappings are no links."""
        return [each for each in self.mappings if not each.is_negative]


def turtle(linkset: Linkset) -> bytes:
    """Return a linkset as Turtle."""
    names = {**PREFIXES, "sssom": SSSOM, "semapv": SEMAPV, "dc": DC, "foaf": "http://xmlns.com/foaf/0.1/"}
    triples = [*_about(linkset), *_links(linkset.links), *_evidence(linkset)]
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    used = {prefix: iri for prefix, iri in names.items() if f"<{iri}".encode() in text}
    return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""


def _about(linkset: Linkset) -> Iterator[ox.Triple]:
    labels = {
        "en": f"Links from {linkset.table} to {linkset.target}",
        "ru": f"Ссылки из {linkset.table} в {linkset.target}",
        "uz": f"{linkset.table} dan {linkset.target} ga havolalar",
    }
    yield _link(linkset.iri, RDF_TYPE, VOID + "Linkset")
    for language, text in labels.items():
        yield _text(linkset.iri, RDFS_LABEL, ox.Literal(text, language=language))
    yield _link(linkset.iri, VOID + "subjectsTarget", linkset.subjects)
    yield _link(linkset.iri, VOID + "objectsTarget", linkset.objects)
    for predicate in sorted({each.predicate for each in linkset.links}):
        yield _link(linkset.iri, VOID + "linkPredicate", predicate)
    count = ox.Literal(str(len(linkset.links)), datatype=ox.NamedNode(XSD + "integer"))
    yield _text(linkset.iri, VOID + "triples", count)
    yield _text(linkset.iri, DC + "creator", ox.Literal(linkset.author))
    yield _link(linkset.iri, DCT + "license", linkset.license)
    yield _text(linkset.iri, DCT + "issued", ox.Literal(linkset.date, datatype=ox.NamedNode(XSD + "date")))
    yield _link(linkset.subjects, RDF_TYPE, VOID + "Dataset")
    yield _text(linkset.subjects, RDFS_LABEL, ox.Literal(f"Dataset of {linkset.author}", language="en"))
    yield _text(linkset.subjects, VOID + "uriSpace", ox.Literal(linkset.subject_space))


def _links(mappings: Iterable[Mapping]) -> Iterator[ox.Triple]:
    for each in mappings:
        yield _link(each.subject, each.predicate, each.entity.iri)


def _evidence(linkset: Linkset) -> Iterator[ox.Triple]:
    for each in linkset.links:
        node = f"{linkset.iri}{'-' if '#' in linkset.iri else '#'}row-{each.row}"
        yield _link(node, RDF_TYPE, OWL + "Axiom")
        yield _link(node, OWL + "annotatedSource", each.subject)
        yield _link(node, OWL + "annotatedProperty", each.predicate)
        yield _link(node, OWL + "annotatedTarget", each.entity.iri)
        yield _link(node, SSSOM + "mapping_justification", SEMAPV + each.justification)
        confidence = ox.Literal(f"{each.confidence:g}", datatype=ox.NamedNode(XSD + "decimal"))
        yield _text(node, SSSOM + "confidence", confidence)


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str, predicate: str, value: ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), value)
