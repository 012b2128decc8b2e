"""The named graphs: how many triples each holds, its file, and where it comes from (VoID, PROV).

A graph is filled by files of the publication, by a contributor, or by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.catalogue.files import graph_file
from graph.catalogue.names import Names
from graph.catalogue.statements import labelled, link, texts, typed, value
from graph.catalogue.wording import words
from graph.namespaces import (
    CATALOG_GRAPH,
    DCT,
    ENTAILED_GRAPH,
    FOAF,
    ONTOLOGY_GRAPH,
    PROV,
    RDFS_LABEL,
    SCHEMES_GRAPH,
    SD,
    SHAPES_GRAPH,
    VCARD,
    VOID,
)
from graph.publication import Publication
from graph.releases.manifest import Contribution, GraphEntry, Manifest

PUBLIC_CONTACTS = ("mailto:", "https://", "http://", "tel:")
KNOWN = frozenset({ONTOLOGY_GRAPH, SCHEMES_GRAPH, SHAPES_GRAPH, CATALOG_GRAPH, ENTAILED_GRAPH})
"""The graphs that every publication has; what is in them can be said in words."""


def graphs(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the named graphs; of the catalogue's own the number of triples is still missing.

    Args:
        publication: for names.
        store: of the release, without its catalogue; graphs that the data names keep their names.
        manifest: of the release, without its catalogue.
    """
    names = Names(publication.base, manifest.id)
    for entry in manifest.graphs:
        yield from _graph(names, entry.iri)
        if not _is_labelled(store, entry.iri):
            yield from _labels(publication, entry.iri)
        yield value(entry.iri, VOID + "triples", entry.indexed or entry.triples, "integer")
        yield from graph_file(names, entry)
        if entry.contribution is not None:
            yield from _contribution(publication, names, entry, entry.contribution)
        elif entry.origin == "computed":
            yield link(entry.iri, PROV + "wasGeneratedBy", names.part("making"))
    catalog = publication.graph(CATALOG_GRAPH)
    yield from _graph(names, catalog)
    if not _is_labelled(store, catalog):
        yield from _labels(publication, catalog)
    yield link(catalog, PROV + "wasGeneratedBy", names.part("making"))
    yield from _files(publication, names, manifest)


def _graph(names: Names, iri: str) -> Iterator[ox.Triple]:
    yield link(names.dataset, VOID + "subset", iri)
    yield from typed(iri, VOID + "Dataset", SD + "NamedGraph")
    yield link(iri, SD + "name", iri)


def _labels(publication: Publication, iri: str) -> Iterator[ox.Triple]:
    name = iri.removeprefix(publication.graph(""))
    key = f"graph-{name}" if name in KNOWN else "graph"
    return labelled(iri, words(key, publication.settings.languages, name=name))


def _is_labelled(store: ox.Store, iri: str) -> bool:
    found = store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), None, ox.DefaultGraph())
    return next(iter(found), None) is not None


def _files(publication: Publication, names: Names, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the files of the publication, and the graphs that came from each."""
    for name, filled in manifest.sources.items():
        file = names.one_of("file", name)
        yield from typed(file, PROV + "Entity")
        yield from labelled(file, words("file", publication.settings.languages, name=name))
        yield value(file, DCT + "identifier", name)
        yield link(names.part("making"), PROV + "used", file)
        yield from (link(graph, PROV + "wasDerivedFrom", file) for graph in filled)


def _contribution(
    publication: Publication, names: Names, entry: GraphEntry, contribution: Contribution
) -> Iterator[ox.Triple]:
    agent = names.one_of("contributor", contribution.id)
    yield link(entry.iri, PROV + "wasAttributedTo", agent)
    yield link(entry.iri, DCT + "contributor", agent)
    yield value(entry.iri, PROV + "generatedAtTime", contribution.time, "dateTime")
    yield value(entry.iri, DCT + "modified", contribution.time, "dateTime")
    yield from typed(agent, PROV + "Agent")
    if contribution.name:
        name = {publication.settings.languages[0]: contribution.name}
        yield from texts(agent, RDFS_LABEL, name)
        yield from texts(agent, FOAF + "name", name)
    if contribution.contact.startswith(PUBLIC_CONTACTS) and _is_iri(contribution.contact):
        is_mail = contribution.contact.startswith("mailto:")
        yield link(agent, VCARD + ("hasEmail" if is_mail else "hasURL"), contribution.contact)


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True
