"""Views of the catalogue: what schema.org says of the dataset and nothing else, and what DCAT says of it."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from graph.namespaces import RDF_TYPE, RDFS_LABEL, SCHEMA, VOID

DCAT_AP_PROFILE = "http://data.europa.eu/r5r/"
SCHEMA_PROFILE = SCHEMA
COUNTS = (VOID + "classPartition", VOID + "propertyPartition", VOID + "class", VOID + "property", VOID + "entities")


def schema_view(triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    """Return the statements in the words of schema.org."""
    return [each for each in triples if _is_schema(each)]


def dcat_view(triples: Iterable[ox.Triple], dataset: str) -> list[ox.Triple]:
    """Return the statements of DCAT-AP and PROV, without those of schema.org and without counts by class and property.

    Args:
        triples: the catalogue's.
        dataset: IRI of the dataset.
    """
    partitions = (f"{dataset}#class-", f"{dataset}#property-")
    return [
        each
        for each in triples
        if not _is_schema(each)
        and each.predicate.value not in COUNTS
        and not (isinstance(each.subject, ox.NamedNode) and each.subject.value.startswith(partitions))
    ]


def _is_schema(triple: ox.Triple) -> bool:
    is_class = triple.predicate.value == RDF_TYPE and isinstance(triple.object, ox.NamedNode)
    name = triple.object.value if is_class and isinstance(triple.object, ox.NamedNode) else triple.predicate.value
    return name.startswith(SCHEMA) and triple.predicate.value != RDFS_LABEL
