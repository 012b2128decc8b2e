"""The RDF merge of several named graphs, as a set, for a query that names them as its default graph.

The engine would take a triple that stands in two of them for two (SPARQL 1.1 Query 13.2 wants the merge). It is used
only where the chosen graphs really share triples; the release knows which do.
"""

from __future__ import annotations

import pyoxigraph as ox

from graph.query.engine import Dataset


def merged_store(store: ox.Store, dataset: Dataset) -> ox.Store:
    """Return a store in memory whose default graph is the merge of the dataset's default graphs.

    Its named graphs are the dataset's named graphs.
    """
    merged = ox.Store()
    for iri in dataset.default_graphs:
        found = store.quads_for_pattern(None, None, None, ox.NamedNode(iri))
        merged.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in found)
    for iri in dataset.named_graphs:
        merged.bulk_extend(store.quads_for_pattern(None, None, None, ox.NamedNode(iri)))
    return merged
