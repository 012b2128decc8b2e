"""The catalogue of a release: one graph of metadata, computed; the cost follows graphs and classes, not the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from graph.catalogue.counts import Counting
from graph.catalogue.dataset import around_the_dataset, dataset
from graph.catalogue.files import distributions
from graph.catalogue.graphs import graphs
from graph.catalogue.linksets import linksets
from graph.catalogue.names import Names
from graph.catalogue.personal import personal_data
from graph.catalogue.schema import schema
from graph.catalogue.statements import link, value
from graph.namespaces import CATALOG_GRAPH, RDF_TYPE, VOID
from graph.publication import Publication
from graph.releases.manifest import Manifest
from graph.sources.chunks import Chunk

LOOKED_AT = 20
MOST_EXAMPLES = 100


def catalogue(publication: Publication, store: ox.Store, manifest: Manifest, folder: Path) -> Chunk:
    """Return the catalogue graph of a release.

    Args:
        publication: for names and texts.
        store: everything of the release but its catalogue.
        manifest: as it would be if the release had no catalogue: graphs, counts and statistics without it.
        folder: where the members of the graphs are.

    Raises:
        SettingError: the publication's JSON-LD context cannot be read.
        ReleaseError: a member cannot be read.
    """
    triples = [
        *dataset(publication, manifest),
        *around_the_dataset(publication, manifest),
        *distributions(publication.settings, manifest, folder),
        *schema(publication, manifest),
        *graphs(publication, store, manifest),
        *linksets(publication, store, manifest),
        *personal_data(publication, store, manifest),
        *_entrances(publication, store, manifest),
    ]
    triples += Counting(publication, manifest, store, triples).statements()
    lines = ox.serialize(sorted(set(triples), key=str), format=ox.RdfFormat.N_TRIPLES) or b""
    return Chunk(publication.graph(CATALOG_GRAPH), lines)


def _entrances(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield where one may begin: the IRIs' common beginning, and one thing of each class."""
    dataset_iri, things = Names(publication.base, manifest.id).dataset, f"{publication.base}id/"
    yield value(dataset_iri, VOID + "uriSpace", publication.base)
    for iri in sorted(manifest.statistics.classes)[:MOST_EXAMPLES]:
        found = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(iri), ox.DefaultGraph())
        for _, quad in zip(range(LOOKED_AT), found, strict=False):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(things):
                yield link(dataset_iri, VOID + "exampleResource", quad.subject.value)
                break
