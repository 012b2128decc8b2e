"""The service description of ``/sparql`` (SPARQL 1.1 Service Description), with VoID statistics (VoID 4).

It says only what is true: numbers come from the manifest and the catalogue, features from the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyoxigraph as ox

from endpoint.current import Snapshot
from graph.model.formats import (
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    RDF_XML,
    RESULTS_CSV,
    RESULTS_JSON,
    RESULTS_TSV,
    RESULTS_XML,
    TRIG,
    TURTLE,
)
from graph.model.namespaces import DCT, FORMATS, RDF_TYPE, RDFS_LABEL, SD, VOID, XSD
from graph.query.engine import EXTENSION_FUNCTIONS

SPARQL = "http://www.w3.org/ns/sparql#"
FORMAT_NAMES = {
    RESULTS_JSON: "SPARQL_Results_JSON", RESULTS_XML: "SPARQL_Results_XML", RESULTS_CSV: "SPARQL_Results_CSV",
    RESULTS_TSV: "SPARQL_Results_TSV", TURTLE: "Turtle", N_TRIPLES: "N-Triples", RDF_XML: "RDF_XML",
    JSON_LD: "JSON-LD", N_QUADS: "N-Quads", TRIG: "TriG",
}  # fmt: skip
LANGUAGES = ("SPARQL10Query", "SPARQL11Query", "SPARQLQuery")
"""The last is that of SPARQL 1.2, with the versions beside it; clients of 1.1 know the others."""
SERVICE = ox.BlankNode("service")
"""As in the specification's example; Comunica passes over a service that has another IRI than its endpoint."""
MOST_TRIPLES, MOST_IN_ALL = 20_000, 100_000
"""Named graphs up to so many triples have partitions, and so many triples are counted for them."""
CLASSES = f"SELECT ?class ?n {{ ?dataset <{VOID}classPartition> [ <{VOID}class> ?class ; <{VOID}entities> ?n ] }}"


def service_description(snapshot: Snapshot, endpoint: str) -> list[ox.Triple]:
    """Return the triples that describe the service.

    Args:
        snapshot: the release that it answers from.
        endpoint: the URL that was dereferenced, exactly (Service Description 2).
    """
    publication, manifest = snapshot.publication, snapshot.release.manifest
    service, default = SERVICE, f"{endpoint}#default-graph"
    dataset = f"{publication.base}dataset"
    return [
        _link(service, RDF_TYPE, f"{SD}Service"),
        _link(service, f"{SD}endpoint", endpoint),
        _text(service, RDFS_LABEL, f"SPARQL service of {publication.settings.about.title.get('en', publication.base)}"),
        *(_link(service, f"{SD}supportedLanguage", f"{SD}{name}") for name in LANGUAGES),
        *(_link(service, f"{SD}supportedVersion", f"{SPARQL}{name}") for name in ("version-1.1", "version-1.2")),
        *(_link(service, f"{SD}resultFormat", FORMATS + name) for name in FORMAT_NAMES.values()),
        *_features(snapshot, service),
        *(_link(service, f"{SD}extensionFunction", iri) for iri in sorted(EXTENSION_FUNCTIONS)),
        *(_link(iri, RDF_TYPE, f"{SD}Function") for iri in sorted(EXTENSION_FUNCTIONS)),
        _link(service, f"{SD}defaultEntailmentRegime", "http://www.w3.org/ns/entailment/Simple"),
        _link(service, f"{SD}defaultDataset", dataset),
        _link(dataset, RDF_TYPE, f"{SD}Dataset"),
        _link(dataset, f"{SD}defaultGraph", default),
        _link(default, RDF_TYPE, f"{SD}Graph"),
        _link(default, RDF_TYPE, f"{VOID}Dataset"),
        _number(default, f"{VOID}triples", manifest.triples),
        _text(default, f"{VOID}uriSpace", publication.base, None),
        _number(default, f"{VOID}distinctSubjects", manifest.statistics.subjects),
        _number(default, f"{VOID}distinctObjects", manifest.statistics.objects),
        _number(default, f"{VOID}properties", len(manifest.statistics.properties)),
        *_classes(snapshot, default),
        *_properties(snapshot, default),
        *(_link(default, f"{VOID}vocabulary", iri) for iri in _vocabularies(snapshot)),
        *_named_graphs(snapshot, dataset, endpoint),
        _link(dataset, f"{DCT}license", publication.settings.about.license),
    ]


def _features(snapshot: Snapshot, service: ox.BlankNode) -> Iterator[ox.Triple]:
    """The default graph is the union of the named graphs; federation is there where the settings allow a service."""
    yield _link(service, f"{SD}feature", f"{SD}UnionDefaultGraph")
    if snapshot.publication.settings.federation.services:
        yield _link(service, f"{SD}feature", f"{SD}BasicFederatedQuery")


def _named_graphs(snapshot: Snapshot, dataset: str, endpoint: str) -> Iterator[ox.Triple]:
    partitions = snapshot.once(graph_counts)
    for number, entry in enumerate(snapshot.release.manifest.graphs, 1):
        named, graph = f"{endpoint}#named-graph-{number}", f"{endpoint}#graph-{number}"
        yield _link(dataset, f"{SD}namedGraph", named)
        yield _link(named, RDF_TYPE, f"{SD}NamedGraph")
        yield _link(named, f"{SD}name", entry.iri)
        yield _link(named, f"{SD}graph", graph)
        yield _link(graph, RDF_TYPE, f"{SD}Graph")
        yield _link(graph, RDF_TYPE, f"{VOID}Dataset")
        yield _number(graph, f"{VOID}triples", entry.triples)
        if (counts := partitions.get(entry.iri)) is not None:
            yield from _partitions(graph, counts)


@dataclass(slots=True)
class _Uses:
    """How a property is used: in how many triples, of which subjects, with which objects."""

    triples: int = 0
    subjects: set[object] = field(default_factory=set)
    objects: set[object] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """What one named graph holds: the things of each class, and of each property triples, subjects and objects."""

    classes: Mapping[str, int]
    properties: Mapping[str, tuple[int, int, int]]
    subjects: int
    objects: int


def graph_counts(snapshot: Snapshot) -> dict[str, GraphCounts]:
    """Return the counts of each named graph that is small.

    Who plans a query over the union default graph adds up what is said of the named graphs (Comunica does).
    """
    left, found = MOST_IN_ALL, dict[str, GraphCounts]()
    for entry in snapshot.release.manifest.graphs:
        if entry.triples <= min(MOST_TRIPLES, left):
            left -= entry.triples
            found[entry.iri] = _counted(snapshot.release.store, entry.iri)
    return found


def _counted(store: ox.Store, graph: str) -> GraphCounts:
    classes, uses, subjects, objects = Counter[str](), dict[str, _Uses](), set[object](), set[object]()
    for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
        use = uses.setdefault(quad.predicate.value, _Uses())
        use.triples += 1
        use.subjects.add(quad.subject)
        use.objects.add(quad.object)
        subjects.add(quad.subject)
        objects.add(quad.object)
        if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
            classes[quad.object.value] += 1
    properties = {iri: (use.triples, len(use.subjects), len(use.objects)) for iri, use in sorted(uses.items())}
    return GraphCounts(dict(sorted(classes.items())), properties, len(subjects), len(objects))


def _partitions(graph: str, counts: GraphCounts) -> Iterator[ox.Triple]:
    yield _number(graph, f"{VOID}distinctSubjects", counts.subjects)
    yield _number(graph, f"{VOID}distinctObjects", counts.objects)
    yield _number(graph, f"{VOID}classes", len(counts.classes))
    for place, (iri, entities) in enumerate(counts.classes.items(), 1):
        partition = f"{graph}-class-{place}"
        yield _link(graph, f"{VOID}classPartition", partition)
        yield _link(partition, f"{VOID}class", iri)
        yield _number(partition, f"{VOID}entities", entities)
    for place, (iri, (triples, subjects, objects)) in enumerate(counts.properties.items(), 1):
        partition = f"{graph}-property-{place}"
        yield _link(graph, f"{VOID}propertyPartition", partition)
        yield _link(partition, f"{VOID}property", iri)
        yield _number(partition, f"{VOID}triples", triples)
        yield _number(partition, f"{VOID}distinctSubjects", subjects)
        yield _number(partition, f"{VOID}distinctObjects", objects)


def class_counts(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Return the classes of the release and how many things each has, as its catalogue says; most first."""
    found = snapshot.release.store.query(CLASSES)
    if not isinstance(found, ox.QuerySolutions):
        return []
    counts = {
        term.value: int(number.value)
        for term, number in found
        if isinstance(term, ox.NamedNode) and isinstance(number, ox.Literal)
    }
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _properties(snapshot: Snapshot, default: str) -> Iterator[ox.Triple]:
    for place, (iri, count) in enumerate(snapshot.release.manifest.statistics.properties.items(), 1):
        partition = f"{default}-property-{place}"
        yield _link(default, f"{VOID}propertyPartition", partition)
        yield _link(partition, f"{VOID}property", iri)
        yield _number(partition, f"{VOID}triples", count)


def _vocabularies(snapshot: Snapshot) -> list[str]:
    """Return the namespaces of the properties in use, by their known prefixes."""
    used = snapshot.release.manifest.statistics.properties
    return sorted({iri for iri in snapshot.prefixes.values() if any(name.startswith(iri) for name in used)})


def _classes(snapshot: Snapshot, default: str) -> Iterator[ox.Triple]:
    yield _number(default, f"{VOID}classes", len(class_counts(snapshot)))
    for place, (iri, count) in enumerate(class_counts(snapshot), 1):
        partition = f"{default}-class-{place}"
        yield _link(default, f"{VOID}classPartition", partition)
        yield _link(partition, f"{VOID}class", iri)
        yield _number(partition, f"{VOID}entities", count)


def _node(subject: str | ox.BlankNode) -> ox.NamedNode | ox.BlankNode:
    return ox.NamedNode(subject) if isinstance(subject, str) else subject


def _link(subject: str | ox.BlankNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(_node(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str | ox.BlankNode, predicate: str, text: str, language: str | None = "en") -> ox.Triple:
    return ox.Triple(_node(subject), ox.NamedNode(predicate), ox.Literal(text, language=language))


def _number(subject: str, predicate: str, number: int) -> ox.Triple:
    literal = ox.Literal(str(number), datatype=ox.NamedNode(f"{XSD}integer"))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)
