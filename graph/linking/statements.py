"""Which statements name a thing, date, place and identify it; read from a store for a few things.

Reading all of a release is ``graph.linking.harvest``'s, and making a thing of its statements that of
``graph.linking.naming``.
"""

from __future__ import annotations

import pyoxigraph as ox

from graph.labels import LABEL_PROPERTIES
from graph.namespaces import (
    CATALOG_GRAPH,
    DCT,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    OWL,
    RDF_TYPE,
    SCHEMA,
    SHAPES_GRAPH,
    SKOS,
    graph_iri,
)

ALTERNATIVES = (
    SKOS + "altLabel", SKOS + "hiddenLabel", SCHEMA + "alternateName", SCHEMA + "legalName", DCT + "alternative",
    "http://xmlns.com/foaf/0.1/nick",
)  # fmt: skip
IDENTIFIERS = (
    SKOS + "notation", DCT + "identifier", SCHEMA + "identifier", "http://www.w3.org/ns/adms#identifier",
    OWL + "sameAs", SKOS + "exactMatch", SCHEMA + "sameAs",
)  # fmt: skip
PLACES = (
    SCHEMA + "containedInPlace", SCHEMA + "location", "http://linkedevents.org/ontology/atPlace", DCT + "spatial",
)  # fmt: skip
FOUNDED = (SCHEMA + "foundingDate", SCHEMA + "startDate")
OWN_PLACES, OWN_NAMES = ("city", "region"), ("asWritten",)
MATCH_KINDS = ("exact", "close", "broad", "narrow", "related")
NOT_SEARCHED = (SHAPES_GRAPH, CATALOG_GRAPH)
"""Graphs of which no thing is found by name: what the shapes say, and what the engine says of the release."""

TERMS_GRAPH = ONTOLOGY_GRAPH
"""The graph of which only things with a class are found: it gives names to terms of others, too, for pages to show."""

AS_PRINTED = len(LABEL_PROPERTIES) + 1
"""The rank of a name as a source prints it; of a document it is its text, and no name."""
MATCHES = frozenset(
    f"<{each}>".encode()
    for each in (OWL + "sameAs", SCHEMA + "sameAs", *(f"{SKOS}{kind}Match" for kind in MATCH_KINDS))
)
NAME, IDENTIFIER, PLACE, DATE, CLASS, DESCRIBED = range(6)


Statement = tuple[int, int, bytes]
"""Role and rank of a property, and the object as N-Triples."""
IS_DESCRIBED: Statement = (DESCRIBED, 0, b"")
"""Stands for whatever else is said of a thing, by others than the engine."""


def roles(base: str) -> dict[bytes, tuple[int, int]]:
    """Return property, as N-Triples → its role and its rank among those of that role."""
    own = f"{base}ns#"
    found: dict[bytes, tuple[int, int]] = {f"<{RDF_TYPE}>".encode(): (CLASS, 0)}
    for role, properties in (
        (NAME, LABEL_PROPERTIES),
        (IDENTIFIER, IDENTIFIERS),
        (PLACE, (*(own + each for each in OWN_PLACES), *PLACES)),
        (DATE, FOUNDED),
    ):
        found |= {f"<{each}>".encode(): (role, rank) for rank, each in enumerate(properties)}
    found |= {f"<{each}>".encode(): (NAME, len(LABEL_PROPERTIES)) for each in ALTERNATIVES}
    return found | {f"<{own}{each}>".encode(): (NAME, AS_PRINTED) for each in OWN_NAMES}


def is_searched(graph: str, base: str) -> bool:
    """Whether the things of a named graph are found by name."""
    return graph not in {graph_iri(base, each) for each in NOT_SEARCHED}


def statements_of(store: ox.Store, iri: str, base: str) -> list[Statement]:
    """Return what a store says of one thing, as ``Harvest`` takes it from members."""
    role_of, skipped = roles(base), {graph_iri(base, each) for each in NOT_SEARCHED}
    quads = [
        quad
        for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
    ]
    terms = ox.NamedNode(graph_iri(base, TERMS_GRAPH))
    if not any(quad.graph_name == terms and quad.predicate.value == RDF_TYPE for quad in quads):
        quads = [quad for quad in quads if quad.graph_name != terms]
    found = [
        (*role, str(quad.object).encode())
        for quad in quads
        if (role := role_of.get(str(quad.predicate).encode())) is not None
    ]
    entailed = ox.NamedNode(graph_iri(base, ENTAILED_GRAPH))
    return [*found, IS_DESCRIBED] if any(quad.graph_name != entailed for quad in quads) else found


def links_to(store: ox.Store, iri: str, base: str) -> int:
    """Return how many statements of a store point to a thing."""
    skipped = {graph_iri(base, each) for each in (*NOT_SEARCHED, ENTAILED_GRAPH)}
    return sum(
        isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
        and quad.predicate.value != RDF_TYPE
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    )


def is_name_of_ours(store: ox.Store, iri: str, base: str) -> bool:
    """Whether somebody else's IRI is matched with a thing, which is found by it."""
    skipped = {graph_iri(base, each) for each in NOT_SEARCHED}
    return not iri.startswith(base) and any(
        str(quad.predicate).encode() in MATCHES
        and isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    )
