"""Views of a thing: of what a release says of it, the part that one vocabulary has words for; schema.org among them.

Which view a request gets is negotiated in ``endpoint``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES, Description
from graph.model.rdf_terms import CV, DCT, FOAF, ORG, OWL, PREFIXES, RDF_TYPE, SCHEMA, SKOS, VCARD, XSD, genid_iri

# Views of a thing: of what a release says of it, the part that one vocabulary has words for.
#
# Names only, SKOS, and CPOV (the Core Public Organisation Vocabulary 2.1.2). That of schema.org stands below, those of
# the dataset in ``graph.catalogue.dataset_description``.

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


# A thing in the words of schema.org: what search engines read, made from the statements that a release has anyway.
#
# The data says much in schema.org already, by itself or by what follows from the ontology; the tables here add what it
# says in other well-known vocabularies (ORG, CPOV, SKOS, FOAF, DCT, GeoSPARQL, LOCN, vCard). Nothing is added that the
# data does not say, and what schema.org has no place for is left out: this is a view, not a translation back.

LOCN, GEO = PREFIXES["locn"], PREFIXES["geo"]
CLASSES = MappingProxyType({
    CV + "PublicOrganisation": "GovernmentOrganization",
    CV + "ContactPoint": "ContactPoint",
    ORG + "Organization": "Organization",
    ORG + "FormalOrganization": "Organization",
    ORG + "OrganizationalUnit": "Organization",
    FOAF + "Organization": "Organization",
    FOAF + "Person": "Person",
    LOCN + "Address": "PostalAddress",
    SKOS + "Concept": "DefinedTerm",
    SKOS + "ConceptScheme": "DefinedTermSet",
})  # fmt: skip
PROPERTIES = MappingProxyType(
    {
        SKOS + "altLabel": "alternateName",
        SKOS + "definition": "description",
        SKOS + "notation": "identifier",
        SKOS + "exactMatch": "sameAs",
        SKOS + "inScheme": "inDefinedTermSet",
        SKOS + "hasTopConcept": "hasDefinedTerm",
        OWL + "sameAs": "sameAs",
        DCT + "description": "description",
        DCT + "identifier": "identifier",
        DCT + "isPartOf": "isPartOf",
        FOAF + "homepage": "url",
        FOAF + "givenName": "givenName",
        FOAF + "familyName": "familyName",
        PREFIXES["person"] + "patronymicName": "additionalName",
        ORG + "subOrganizationOf": "parentOrganization",
        ORG + "unitOf": "parentOrganization",
        CV + "contactPoint": "contactPoint",
        LOCN + "thoroughfare": "streetAddress",
        LOCN + "postCode": "postalCode",
        LOCN + "postName": "addressLocality",
        LOCN + "adminUnitL1": "addressCountry",
    }
)
"""What means the same in schema.org. What is said in its own words stays as it is."""
ONLY_OF = MappingProxyType({
    "startDate": frozenset({"Event"}), "endDate": frozenset({"Event"}), "organizer": frozenset({"Event"}),
    "dissolutionDate": frozenset({"Organization", "GovernmentOrganization", "NGO", "Project"}),
    "foundingDate": frozenset({"Organization", "GovernmentOrganization", "NGO", "Project"}),
    "containedInPlace": frozenset({"Place", "City", "AdministrativeArea", "Country"}),
})  # fmt: skip
"""Properties that schema.org has for some classes only, and that data may well say of others."""
POINT = re.compile(r"\s*POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)\s*\Z", re.I)
PLACES = MappingProxyType({"City": "addressLocality", "AdministrativeArea": "addressRegion"})
ALPHA_2 = re.compile(r"[A-Z]{2}\Z")
MOST, DEPTH = 200, 2
BRIEF = frozenset({"name", "url", "containedInPlace", "streetAddress", "postalCode", "addressLocality",
                   "addressCountry", "telephone", "email", "identifier"})  # fmt: skip
"""What is said of a thing to which another points."""


def schema_types(store: ox.Store, iri: str) -> list[str]:
    """Return the classes of schema.org that a thing has, without the namespace; empty where it has none."""
    found = [each.value for each in _objects(store, ox.NamedNode(iri), RDF_TYPE) if isinstance(each, ox.NamedNode)]
    types = {each.removeprefix(SCHEMA) if each.startswith(SCHEMA) else CLASSES.get(each, "") for each in found} - {""}
    narrower = types - {"Organization"}
    return sorted(narrower if narrower & {"GovernmentOrganization", "NGO", "Project"} else types)


def schema_triples(store: ox.Store, iri: str, base: str) -> list[ox.Triple]:
    """Return what is said of a thing in the words of schema.org, and who or what the things are to which it points.

    Args:
        store: the release's.
        iri: the thing.
        base: below which nodes that the data does not name are named.
    """
    return sorted(_View(store, base).about(ox.NamedNode(iri), DEPTH), key=str)


class _View:
    """Things of one release in the words of schema.org, each once."""

    def __init__(self, store: ox.Store, base: str) -> None:
        self._store, self._base = store, base
        self._seen = set[ox.NamedNode]()

    def about(self, node: ox.NamedNode, depth: int) -> Iterator[ox.Triple]:
        types = schema_types(self._store, node.value)
        if node in self._seen or not types:
            return
        self._seen.add(node)
        yield from (ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(SCHEMA + each)) for each in types)
        for each in self._said(node, types):
            if depth < DEPTH and each.predicate.value.removeprefix(SCHEMA) not in BRIEF:
                continue
            yield each
            if depth and isinstance(each.object, ox.NamedNode):
                yield from self.about(each.object, depth - 1)
        yield from self._geo(node)
        yield from self._address(node, types)

    def _said(self, node: ox.NamedNode, types: list[str]) -> Iterator[ox.Triple]:
        found = dict[ox.Triple, None]()
        for quad in islice(self._store.quads_for_pattern(node, None, None, MERGE), MOST):
            iri = quad.predicate.value
            name = iri.removeprefix(SCHEMA) if iri.startswith(SCHEMA) else PROPERTIES.get(iri, "")
            if name and name != "name" and ONLY_OF.get(name, set(types)) & set(types):
                found[_triple(node, name, quad.object)] = None
        for text in self._names(node):
            found[_triple(node, "name", text)] = None
        yield from sorted(found, key=str)
        for scheme, name in (("tel:", "telephone"), ("mailto:", "email")):
            for value in self._reached(node, scheme):
                yield _triple(node, name, ox.Literal(value.removeprefix(scheme)))

    def _names(self, node: ox.NamedNode) -> list[ox.Literal]:
        """Return one name a language: schema.org's, else the best label."""
        best = dict[str | None, ox.Literal]()
        for predicate in dict.fromkeys((SCHEMA + "name", *LABEL_PROPERTIES)):
            for each in _objects(self._store, node, predicate):
                if isinstance(each, ox.Literal):
                    best.setdefault(each.language, each)
        return list(best.values())

    def _reached(self, node: ox.NamedNode, scheme: str) -> Iterator[str]:
        """Yield the telephone numbers or addresses of a contact point."""
        for predicate in (VCARD + "hasTelephone", VCARD + "hasEmail"):
            for each in _objects(self._store, node, predicate):
                values = [each, *(_objects(self._store, each, VCARD + "hasValue") if _is_node(each) else ())]
                yield from (value.value for value in values
                            if isinstance(value, ox.NamedNode) and value.value.startswith(scheme))  # fmt: skip

    def _geo(self, node: ox.NamedNode) -> Iterator[ox.Triple]:
        for geometry in _objects(self._store, node, GEO + "hasGeometry"):
            for text in _objects(self._store, geometry, GEO + "asWKT") if isinstance(geometry, ox.NamedNode) else ():
                point = POINT.match(text.value) if isinstance(text, ox.Literal) else None
                if point is None or not isinstance(geometry, ox.NamedNode):
                    continue
                yield _triple(node, "geo", geometry)
                yield ox.Triple(geometry, ox.NamedNode(RDF_TYPE), ox.NamedNode(SCHEMA + "GeoCoordinates"))
                for name, value in (("longitude", point[1]), ("latitude", point[2])):
                    yield _triple(geometry, name, ox.Literal(value, datatype=ox.NamedNode(XSD + "decimal")))

    def _address(self, node: ox.NamedNode, types: list[str]) -> Iterator[ox.Triple]:
        """Yield an address: that of its site, or of a place its name and country."""
        for site in _objects(self._store, node, ORG + "hasSite"):
            for address in _objects(self._store, site, ORG + "siteAddress") if isinstance(site, ox.NamedNode) else ():
                if isinstance(address, ox.NamedNode):
                    yield _triple(node, "address", address)
                    yield from self.about(address, 0)
        part = next((PLACES[each] for each in types if each in PLACES), None)
        if part is None:
            return
        address = ox.NamedNode(genid_iri(self._base, "address/" + node.value.removeprefix(self._base)))
        yield _triple(node, "address", address)
        yield ox.Triple(address, ox.NamedNode(RDF_TYPE), ox.NamedNode(SCHEMA + "PostalAddress"))
        yield from (_triple(address, part, name) for name in self._names(node))
        yield from (_triple(address, "addressCountry", code) for code in self._country(node, 4))

    def _country(self, place: ox.NamedNode, steps: int) -> list[ox.Literal]:
        """Return the codes of the country in which a place lies: of two letters (ISO 3166-1), where there is one."""
        if "Country" in schema_types(self._store, place.value):
            codes = [each for each in _objects(self._store, place, SKOS + "notation") if isinstance(each, ox.Literal)]
            return [each for each in codes if ALPHA_2.match(each.value)] or codes
        above = _objects(self._store, place, SCHEMA + "containedInPlace") if steps else ()
        found = (self._country(each, steps - 1) for each in above if isinstance(each, ox.NamedNode))
        return next((codes for codes in found if codes), [])


def _is_node(term: object) -> bool:
    return isinstance(term, ox.NamedNode)


def _objects(store: ox.Store, node: object, predicate: str) -> list[ox.NamedNode | ox.BlankNode | ox.Literal]:
    """Return the values of a property, in order."""
    if not isinstance(node, ox.NamedNode):
        return []
    quads = islice(store.quads_for_pattern(node, ox.NamedNode(predicate), None, MERGE), MOST)
    return sorted((quad.object for quad in quads if not isinstance(quad.object, ox.Triple)), key=str)


def _triple(subject: ox.NamedNode, name: str, term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(SCHEMA + name), term)
