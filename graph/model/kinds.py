"""Kinds of things: which classes mean which, which weigh more in a search, and which are never found by their name.

A class of another publication is a kind of its own, called by its local name, so that search, reconciliation and
templates work on any data. It reads no graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from graph.model.namespaces import CV, DCAT, FOAF, ORG, OWL, RDF, RDFS, SCHEMA, SH, SKOS, SKOS_XL, VCARD, VOID

QB = "http://purl.org/linked-data/cube#"
PERSON = "person"
DOCUMENT = "document"
DATA_SET, CLASS_KIND, PROPERTY_KIND = "dataset", "class", "property"
TERMS = (CLASS_KIND, PROPERTY_KIND)
"""Kinds of terms of a vocabulary: one looks for them, and no cell of a table means one unless that is asked for."""
UNTYPED = "thing"


@dataclass(frozen=True, slots=True)
class ThingKind:
    """A kind of thing.

    Attributes:
        id: how reconciliation and search call it.
        names: language tag → what people call it.
        weight: the larger, the earlier among equals.
        broader: the id of the kind that this one is part of, or empty.
    """

    id: str
    names: MappingProxyType[str, str]
    weight: int
    broader: str = ""


def _kind(name: str, weight: int, broader: str = "", /, **names: str) -> ThingKind:
    return ThingKind(name, MappingProxyType(names), weight, broader)


KINDS = MappingProxyType({each.id: each for each in (
    _kind("organisation", 9, en="Organisation", ru="Организация", uz="Tashkilot"),
    _kind("club", 8, "organisation", en="Parents’ club", ru="Родительский клуб", uz="Ota-onalar klubi"),
    _kind("place", 7, en="Place", ru="Место", uz="Joy"),
    _kind("city", 7, "place", en="City", ru="Город", uz="Shahar"),
    _kind("region", 6, "place", en="Region", ru="Регион", uz="Hudud"),
    _kind("country", 6, "place", en="Country", ru="Страна", uz="Mamlakat"),
    _kind("event", 6, en="Event", ru="Событие", uz="Tadbir"),
    _kind("project", 6, en="Project", ru="Проект", uz="Loyiha"),
    _kind("concept", 5, en="Concept", ru="Понятие", uz="Tushuncha"),
    _kind(DATA_SET, 4, en="Dataset", ru="Набор данных", uz="Maʼlumotlar toʻplami"),
    _kind(PERSON, 3, en="Person", ru="Лицо", uz="Shaxs"),
    _kind("query", 2, en="Query", ru="Запрос", uz="Soʻrov"),
    _kind(CLASS_KIND, 1, en="Class", ru="Класс", uz="Sinf"),
    _kind(PROPERTY_KIND, 1, en="Property", ru="Свойство", uz="Xossa"),
    _kind(DOCUMENT, 1, en="Document", ru="Документ", uz="Hujjat"),
    _kind(UNTYPED, 2, en="Thing", ru="Предмет", uz="Narsa"),
)})  # fmt: skip
OTHER_WEIGHT = 2

CLASSES = MappingProxyType({
    SCHEMA + "Project": "project", FOAF + "Project": "project",
    **dict.fromkeys((
        ORG + "Organization", ORG + "FormalOrganization", ORG + "OrganizationalUnit", CV + "PublicOrganisation",
        FOAF + "Organization", VCARD + "Organization", VCARD + "Group",
        SCHEMA + "Organization", SCHEMA + "NGO", SCHEMA + "GovernmentOrganization",
    ), "organisation"),
    **dict.fromkeys((
        SCHEMA + "Place", "http://purl.org/dc/terms/Location", "http://www.opengis.net/ont/geosparql#Feature",
        CV + "AdminUnit", VCARD + "Location",
    ), "place"),
    **dict.fromkeys((
        DCAT + "Dataset", DCAT + "DatasetSeries", VOID + "Dataset", VOID + "Linkset", QB + "DataSet",
        SCHEMA + "Dataset", "http://purl.org/dc/dcmitype/Dataset",
    ), DATA_SET),
    **dict.fromkeys((SH + f"SPARQL{each}Executable" for each in ("Ask", "Construct", "Select")), "query"),
    **dict.fromkeys((RDFS + "Class", RDFS + "Datatype", OWL + "Class", OWL + "DeprecatedClass"), CLASS_KIND),
    RDF + "Property": PROPERTY_KIND,
    **dict.fromkeys((OWL + each for each in (
        "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "OntologyProperty", "DeprecatedProperty",
        "FunctionalProperty", "InverseFunctionalProperty", "SymmetricProperty", "AsymmetricProperty",
        "TransitiveProperty", "ReflexiveProperty", "IrreflexiveProperty",
    )), PROPERTY_KIND),
    **dict.fromkeys((QB + each for each in (
        "ComponentProperty", "DimensionProperty", "MeasureProperty", "AttributeProperty", "CodedProperty",
    )), PROPERTY_KIND),
    SCHEMA + "City": "city", SCHEMA + "Country": "country",
    SCHEMA + "AdministrativeArea": "region", SCHEMA + "State": "region",
    SCHEMA + "Event": "event", "http://linkedevents.org/ontology/Event": "event",
    SKOS + "Concept": "concept",
    FOAF + "Person": PERSON, SCHEMA + "Person": PERSON, "http://www.w3.org/ns/person#Person": PERSON,
    VCARD + "Individual": PERSON, VCARD + "VCard": PERSON, VCARD + "Kind": PERSON,
    SCHEMA + "CreativeWork": DOCUMENT, SCHEMA + "Legislation": DOCUMENT, FOAF + "Document": DOCUMENT,
    SCHEMA + "DigitalDocument": DOCUMENT, "http://purl.org/ontology/bibo/Document": DOCUMENT,
})  # fmt: skip
"""Class → kind, for the classes that everybody uses."""
OWN_CLASSES = MappingProxyType({
    "ParentsClub": "club", "Forum": "event", "Project": "project", "ProjectOffice": "organisation",
})  # fmt: skip
"""The same for terms of the publication's own vocabulary; without entailment their superclasses are not stated."""

AUXILIARY = frozenset((
    *(ORG + each for each in ("Membership", "ChangeEvent", "Site", "Post")), CV + "ContactPoint",
    "http://www.w3.org/ns/locn#Address", "http://www.opengis.net/ont/geosparql#Geometry", SKOS_XL + "Label",
    RDF + "Statement", RDF + "List",
    *(OWL + each for each in (
        "Axiom", "Annotation", "Restriction", "NegativePropertyAssertion", "AllDifferent", "AllDisjointClasses",
        "AllDisjointProperties",
    )),
    *(VCARD + each for each in (
        "Address", "BBS", "Car", "Cell", "Dom", "Email", "Fax", "Home", "Internet", "Intl", "ISDN", "Label", "Modem",
        "Msg", "Name", "Pager", "Parcel", "PCS", "Postal", "Pref", "Telephone", "TelephoneType", "Tel", "Text",
        "TextPhone", "Type", "Video", "Voice", "Work", "X400",
    )),
    *(QB + each for each in (
        "Observation", "ObservationGroup", "Slice", "SliceKey", "DataStructureDefinition", "ComponentSpecification",
        "ComponentSet",
    )),
    *(SH + each for each in (
        "Shape", "NodeShape", "PropertyShape", "PropertyGroup", "Rule", "SPARQLRule", "TripleRule",
        "PrefixDeclaration", "SPARQLConstraint", "ValidationReport", "ValidationResult",
    )),
    *(DCAT + each for each in ("CatalogRecord", "Relationship")), VOID + "DatasetDescription",
))  # fmt: skip
OWN_AUXILIARY = frozenset({"MemberCount", "Participation"})
"""What only says how other things hang together: it has a label for readers, and nobody looks for it by name.

Telephones and addresses are among them: they are no way to a person here. What the engine and the shapes say for
themselves is left out by its graph (``graph.parts.linking.entities``), and nothing for the vocabulary it is said in.
"""
KIND_WORDS = MappingProxyType({
    "city": frozenset(("shahri", "shahar", "shahrining", "sh", "gorod", "goroda", "gor", "g", "city", "town")),
    "region": frozenset(("viloyati", "viloyat", "vil", "oblast", "obl", "region", "province")),
})  # fmt: skip
"""Kind → folded words that say nothing but that kind: *Термиз шаҳри* is Termez, *Termiz tumani* is not."""
ABSTRACT = frozenset({"Thing", "Resource", "Agent", "Activity", "Entity", "NamedIndividual", "Intangible"})
LOCAL_NAME_FORM = re.compile(r"[A-Za-z0-9._~-]+\Z")
MOST_KINDS = 6


def is_auxiliary(class_iri: str, base: str) -> bool:
    """Whether things of this class are not found by name."""
    own = class_iri.removeprefix(f"{base}ns#")
    return class_iri in AUXILIARY or own in OWN_AUXILIARY


def kinds_of(classes: Iterable[str], base: str) -> tuple[str, ...]:
    """Return the kinds of a thing with these classes, weightiest first; empty where it is not found by name."""
    every = sorted(classes)
    found = {kind for each in every if (kind := _known(each, base))}
    if "project" in found:
        found.discard("organisation")  # schema.org takes a project for an organisation
    found |= {broader for each in found if (broader := KINDS[each].broader)}
    if found - {DOCUMENT}:
        found.discard(DOCUMENT)
    if not found:
        if any(is_auxiliary(each, base) for each in every):
            return ()
        names = (re.split(r"[/#:]", each)[-1] for each in every)
        found = {each for each in names if LOCAL_NAME_FORM.match(each) and each not in ABSTRACT | KINDS.keys()}
    return tuple(sorted(found, key=lambda each: (-weight(each), each))[:MOST_KINDS]) or (UNTYPED,)


def _known(class_iri: str, base: str) -> str:
    return CLASSES.get(class_iri) or OWN_CLASSES.get(class_iri.removeprefix(f"{base}ns#"), "")


def words_of_kinds(kinds: Iterable[str]) -> frozenset[str]:
    """Return the folded words that say nothing of a thing but that it is of its kinds."""
    return frozenset().union(*(KIND_WORDS.get(each, ()) for each in kinds))


def weight(kind: str) -> int:
    """Return how much things of a kind weigh among others of the same name."""
    return KINDS[kind].weight if kind in KINDS else OTHER_WEIGHT
