"""Views of a thing: of what a release says of it, the part that one vocabulary has words for.

Names only, SKOS, and CPOV (the Core Public Organisation Vocabulary 2.1.2). That of schema.org stands in
``graph.schema_org``, those of the dataset in ``graph.catalogue.views``.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import pyoxigraph as ox

from graph.description import Description
from graph.labels import LABEL_PROPERTIES
from graph.namespaces import CV, DCT, FOAF, ORG, RDF_TYPE, SCHEMA, SKOS

CONCEPT, SCHEME = SKOS + "Concept", SKOS + "ConceptScheme"
PUBLIC_ORGANISATION = CV + "PublicOrganisation"
MERGE = ox.DefaultGraph()
IN_CPOV = MappingProxyType({
    each: each for each in (
        SKOS + "prefLabel", SKOS + "altLabel", DCT + "description", DCT + "identifier", DCT + "spatial",
        ORG + "classification", ORG + "subOrganizationOf", ORG + "hasUnit", ORG + "unitOf", ORG + "changedBy",
        ORG + "resultedFrom", FOAF + "homepage", FOAF + "logo", CV + "contactPoint",
    )
} | {SCHEMA + "location": DCT + "spatial"})  # fmt: skip
"""The properties of a public organisation, by those that say the same."""


def labels_view(description: Description) -> list[ox.Triple]:
    """Return what a thing is called, in every language."""
    return [each for each in description.own_triples() if each.predicate.value in LABEL_PROPERTIES]


def skos_view(store: ox.Store, description: Description) -> list[ox.Triple]:
    """Return what SKOS says of a concept; of a scheme, what it says of it and of all its concepts."""
    found = dict.fromkeys(_in_skos(description.own_triples()))
    scheme = ox.NamedNode(description.iri)
    for quad in store.quads_for_pattern(None, ox.NamedNode(SKOS + "inScheme"), scheme, MERGE):
        said = store.quads_for_pattern(quad.subject, None, None, MERGE)
        found.update(dict.fromkeys(_in_skos(each.triple for each in said)))
    return sorted(found, key=lambda each: (str(each.subject) != str(scheme), str(each)))


def _in_skos(triples: Iterator[ox.Triple]) -> Iterator[ox.Triple]:
    for each in triples:
        is_class = each.predicate.value == RDF_TYPE and isinstance(each.object, ox.NamedNode)
        name = each.object.value if is_class and isinstance(each.object, ox.NamedNode) else each.predicate.value
        if name.startswith((SKOS, DCT)):
            yield each


def cpov_view(description: Description) -> list[ox.Triple]:
    """Return a public organisation as CPOV describes it; its identifier is its IRI where it has no other."""
    node = ox.NamedNode(description.iri)
    found = [ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(PUBLIC_ORGANISATION))]
    found += [
        ox.Triple(node, ox.NamedNode(IN_CPOV[each.predicate]), each.object)
        for each in description.statements
        if each.predicate in IN_CPOV
    ]
    if not description.values(SKOS + "prefLabel"):
        labels = [each.object for each in labels_view(description) if isinstance(each.object, ox.Literal)]
        first = {each.language: each for each in reversed(labels)}
        found += [ox.Triple(node, ox.NamedNode(SKOS + "prefLabel"), each) for each in first.values()]
    if not description.values(DCT + "identifier"):
        found.append(ox.Triple(node, ox.NamedNode(DCT + "identifier"), ox.Literal(description.iri)))
    return sorted(dict.fromkeys(found), key=str)
