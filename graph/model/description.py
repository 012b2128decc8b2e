"""A thing described: what it is called, of which kind it is, and which triples a reader wants to know of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.errors import QueryLimitError, Sentence
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    CV,
    DCAT,
    DCT,
    FOAF,
    ORG,
    OWL,
    PROV,
    RDF,
    RDFS,
    RDFS_LABEL,
    SCHEMA,
    SH,
    SKOS,
    SKOS_XL,
    VCARD,
    VOID,
)

# Labels: what things are called, in the languages that a reader prefers.
#
# It reads labels as the data has them, many at once; it searches none (that is the label index) and invents none.

LABEL_PROPERTIES = (
    RDFS_LABEL, SKOS + "prefLabel", SCHEMA + "name", "http://schema.org/name", FOAF + "name", DCT + "title",
    SKOS_XL + "literalForm",
)  # fmt: skip
"""What is taken for a label, best first; the last is what labels that are things (SKOS-XL) are called themselves."""

LAST_RESORT = "en"
UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
"""Categories of Unicode of characters that show nothing: spaces, controls and marks of format."""
MOST_SAID = 200


Rank = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its language tag in small letters, which is empty where the data names no language."""

    text: str
    language: str = ""


def is_seen(text: str) -> bool:
    """Whether there is anything to see in a text: a name of spaces and marks of direction would be no name."""
    return any(unicodedata.category(each) not in UNSEEN for each in text)


def language_chain(preferred: Iterable[str]) -> tuple[str, ...]:
    """Return the language tags to look for, in order, in small letters (RFC 4647 3.4, lookup).

    A tag is followed by its shorter forms, and each by the one that names its usual script: Uzbek falls back between
    its scripts (``uz-Cyrl``, ``uz``, ``uz-Latn``), ``zh-TW`` to ``zh-Hant``. Everything ends in English.
    """
    return _chain(tuple(each.lower() for each in preferred))


@lru_cache(maxsize=1024)
def _chain(preferred: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for each in (*preferred, LAST_RESORT) for tag in _fallbacks(each)))


def _fallbacks(tag: str) -> Iterator[str]:
    """Yield a tag and what may stand for it, the nearest first."""
    scripts = script_of(tag)
    while tag:
        yield tag
        language, _, rest = tag.partition("-")
        if scripts and not re.match(r"[a-z]{4}(?:-|\Z)", rest):
            yield "-".join(filter(None, (language, scripts, rest)))
            if rest:
                yield f"{language}-{scripts}"
        tag = re.sub(r"(?:-[a-z0-9])?-[^-]*\Z", "", tag) if "-" in tag else ""
        scripts = script_of(tag) if tag else ""


def script_of(tag: str) -> str:
    """Return the code of the script in which a language is written, in small letters, as CLDR knows it; or nothing.

    Args:
        tag: a language tag; the script that it names itself comes first.
    """
    from babel.core import get_global  # noqa: PLC0415  reads a file of a megabyte

    parts = tag.lower().split("-")
    named = next((each for each in parts[1:] if len(each) == 4 and each.isalpha()), "")
    if named:
        return named
    region = next((each.upper() for each in parts[1:] if len(each) == 2 and each.isalpha()), "")
    likely = get_global("likely_subtags")
    found = likely.get(f"{parts[0]}_{region}") or likely.get(parts[0]) or ""
    return next((each.lower() for each in str(found).split("_") if len(each) == 4), "")


def language_rank(tag: str, chain: Sequence[str]) -> Rank:
    """Return a rank that is smaller the better; after the wanted languages come no language, then all others.

    Args:
        tag: of a text, in any letters; empty where it names no language.
        chain: what is wanted, as ``language_chain`` gives it. A wanted language is also met by each of its kinds, of
            which one that is wanted further behind comes first.
    """
    tag, end = tag.lower(), len(chain)
    if not tag:
        return end, 0, 0
    exact = chain.index(tag) if tag in chain else end + 1
    within = next((place for place, wanted in enumerate(chain) if tag.startswith(f"{wanted}-")), end + 1)
    return (exact, 0, 0) if exact <= within else (within, 1, exact)


def preferred_tag(tags: Iterable[str], languages: Iterable[str]) -> str:
    """Return which of some tags a reader of these languages prefers, as it is written; empty where there is none."""
    chain = language_chain(languages)
    return min(tags, key=lambda each: language_rank(each, chain), default="")


def labels(store: ox.Store, iris: Iterable[str], languages: Sequence[str]) -> dict[str, Label]:
    """Return the best label of each thing that has one.

    Args:
        store: the release's.
        iris: the things.
        languages: what the reader prefers, as ``language_chain`` takes it.
    """
    chain = language_chain(languages)
    best: dict[str, tuple[tuple[Rank, int, str], Label]] = {}
    for triple in label_triples(store, iris):
        iri, literal = triple.subject.value, triple.object
        if not is_seen(literal.value):
            continue
        tag = literal.language or ""
        rank = (language_rank(tag, chain), LABEL_PROPERTIES.index(triple.predicate.value), literal.value)
        if iri not in best or rank < best[iri][0]:
            best[iri] = rank, Label(literal.value, tag)
    return {iri: label for iri, (_, label) in best.items()}


def called(store: ox.Store, iri: str, languages: Sequence[str], base: str) -> Label | None:
    """Return what an IRI is called, in the best language; None where nothing names it.

    A named graph below ``base`` is called what the data calls it, which says more than the catalogue's own words; a
    property shape by the name that it gives to its property, which is all the name that it has.
    """
    return _graph_name(store, iri, languages, base) or labels(store, (iri,), languages).get(iri) or _shape_name(
        store, iri, languages
    )  # fmt: skip


def _graph_name(store: ox.Store, iri: str, languages: Sequence[str], base: str) -> Label | None:
    if not iri.startswith(f"{base}graph/"):
        return None
    catalog = ox.NamedNode(f"{base}graph/{CATALOG_GRAPH}")
    quads = store.quads_for_pattern(_node(iri), ox.NamedNode(RDFS_LABEL), None, None)
    return _best([quad.object for quad in quads
                  if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name != catalog], languages)  # fmt: skip


def _shape_name(store: ox.Store, iri: str, languages: Sequence[str]) -> Label | None:
    if (node := _node(iri)) is None:
        return None
    quads = store.quads_for_pattern(node, ox.NamedNode(SH + "name"), None, ox.DefaultGraph())
    return _best([quad.object for quad in quads], languages)


def _best(terms: Iterable[object], languages: Sequence[str]) -> Label | None:
    chain = language_chain(languages)
    found = [
        Label(each.value, each.language or "") for each in terms if isinstance(each, ox.Literal) and is_seen(each.value)
    ]
    return min(found, key=lambda each: (language_rank(each.language, chain), each.text), default=None)


@dataclass(frozen=True, slots=True)
class LabelTriple:
    """A statement that labels a thing."""

    subject: ox.NamedNode
    predicate: ox.NamedNode
    object: ox.Literal


def label_triples(store: ox.Store, iris: Iterable[str]) -> Iterator[LabelTriple]:
    """Yield every label of the things, in all languages.

    What is said of a thing is read through, which is faster than a query; of one of whom very much is said, only its
    labels are asked for.
    """
    merge = ox.DefaultGraph()
    for iri in dict.fromkeys(iris):
        node = _node(iri)
        said = list(islice(store.quads_for_pattern(node, None, None, merge), MOST_SAID)) if node is not None else []
        if len(said) == MOST_SAID:
            asked = (store.quads_for_pattern(node, ox.NamedNode(name), None, merge) for name in LABEL_PROPERTIES)
            said = [quad for found in asked for quad in islice(found, MOST_SAID)]
        for quad in said:
            label = quad.object
            if quad.predicate.value in LABEL_PROPERTIES and isinstance(label, ox.Literal) and node is not None:
                yield LabelTriple(node, quad.predicate, label)


def _node(iri: str) -> ox.NamedNode | None:
    """Return the IRI as a term, or None where it is none and could not stand in a query."""
    try:
        return ox.NamedNode(iri)
    except ValueError:
        return None


# Kinds of things: which classes mean which, which weigh more in a search, and which are never found by their name.
#
# A class of another publication is a kind of its own, called by its local name, so that search, reconciliation and
# templates work on any data. It reads no graph.

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
themselves is left out by its graph (``graph.parts.linking.names_index``), and nothing for the vocabulary it is said in.
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


def narrowest(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return those of some kinds that no other of them narrows: of city and place, city."""
    given = tuple(kinds)
    broader = {KINDS[each].broader for each in given if each in KINDS}
    return tuple(each for each in given if each not in broader)


def _known(class_iri: str, base: str) -> str:
    return CLASSES.get(class_iri) or OWN_CLASSES.get(class_iri.removeprefix(f"{base}ns#"), "")


def words_of_kinds(kinds: Iterable[str]) -> frozenset[str]:
    """Return the folded words that say nothing of a thing but that it is of its kinds."""
    return frozenset().union(*(KIND_WORDS.get(each, ()) for each in kinds))


def weight(kind: str) -> int:
    """Return how much things of a kind weigh among others of the same name."""
    return KINDS[kind].weight if kind in KINDS else OTHER_WEIGHT


# Which triples describe a thing: what is said of it, what points to it, and the names of what it points to.
#
# It reads a release's store and writes nothing; how a description looks is decided elsewhere. Numbers come as the store
# has them (it rewrites derived integer types); the reads of whole graphs are exact.

MOST_INCOMING = 100
REPLACED_BY, DEPRECATED = f"{DCT}isReplacedBy", f"{OWL}deprecated"
MOST_REPLACED = 1_000
"""Of a longer chain of replacements the end is reached in several redirects."""
MOST_COUNTED = 100_000
MERGE = ox.DefaultGraph()

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about the thing, and the IRIs of the named graphs that make it, in order."""

    predicate: str
    object: Term
    graphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """The things that point here by one predicate.

    Attributes:
        predicate: its IRI.
        subjects: IRIs of the first ``MOST_INCOMING`` of them.
        total: how many there are; where ``counted`` is False, at least so many.
        counted: whether all were counted.
    """

    predicate: str
    subjects: tuple[str, ...]
    total: int
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Description:
    """What a release says of one thing."""

    iri: str
    statements: tuple[Statement, ...]
    incoming: tuple[Incoming, ...]

    def values(self, predicate: str) -> tuple[Term, ...]:
        """Return the objects of one predicate."""
        return tuple(each.object for each in self.statements if each.predicate == predicate)

    def mentioned(self) -> tuple[str, ...]:
        """Return the IRIs of everything that the description speaks of, so that it can be labelled."""
        found = [self.iri]
        for each in self.statements:
            found += (each.predicate, *each.graphs)
            found += [term.value for term in _parts(each.object) if isinstance(term, ox.NamedNode)]
            if isinstance(each.object, ox.Literal):
                found.append(each.object.datatype.value)
        for link in self.incoming:
            found += (link.predicate, *link.subjects)
        return tuple(dict.fromkeys(found))

    def own_triples(self) -> Iterator[ox.Triple]:
        """Yield what is said of the thing."""
        subject = ox.NamedNode(self.iri)
        for each in self.statements:
            yield ox.Triple(subject, ox.NamedNode(each.predicate), each.object)

    def incoming_triples(self) -> Iterator[ox.Triple]:
        """Yield what points to it, as far as the description lists it."""
        target = ox.NamedNode(self.iri)
        for link in self.incoming:
            for subject in link.subjects:
                yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(link.predicate), target)


def _parts(term: Term) -> Iterator[Term]:
    if isinstance(term, ox.Triple):
        for part in (term.subject, term.predicate, term.object):
            yield from _parts(part)
    else:
        yield term


def describe(store: ox.Store, iri: str) -> Description | None:
    """Return the description of a thing, or None where the release does not speak of it.

    Raises:
        ValueError: ``iri`` is no absolute IRI.
    """
    node = ox.NamedNode(iri)
    description = Description(iri, _statements(store, node), _incoming(store, node))
    return description if description.statements or description.incoming else None


def is_described(store: ox.Store, iri: str) -> bool:
    """Whether anything is said of an IRI, or points to it; what is no IRI is not described."""
    try:
        node = ox.NamedNode(iri)
    except ValueError:
        return False
    merge = ox.DefaultGraph()
    found = next(store.quads_for_pattern(node, None, None, merge), None)
    return (found or next(store.quads_for_pattern(None, None, node, merge), None)) is not None


def replacement(store: ox.Store, iri: str) -> str | None:
    """Return what has taken the place of a thing in the end, or None where it stands for itself.

    A thing has been merged into another where nothing is said of it but by what it is replaced, that it is deprecated
    (owl:deprecated), and how it is called. Things that the world has replaced are still described. So are things that
    are replaced in a circle: none of them is the one that is left.
    """
    passed = [iri]
    while (following := _replaced_by(store, passed[-1])) is not None and len(passed) < MOST_REPLACED:
        if following in passed:
            circle = passed[passed.index(following) :]
            return None if iri in circle else following
        passed.append(following)
    return passed[-1] if len(passed) > 1 else None


def _replaced_by(store: ox.Store, iri: str) -> str | None:
    """Return what has taken the place of a thing next, or None where it is still described."""
    found = list[str]()
    for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()):
        if quad.predicate.value == REPLACED_BY and isinstance(quad.object, ox.NamedNode):
            found.append(quad.object.value)
        elif quad.predicate.value not in (DEPRECATED, *LABEL_PROPERTIES):
            return None
    return found[0] if len(found) == 1 else None


def _statements(store: ox.Store, node: ox.NamedNode) -> tuple[Statement, ...]:
    graphs: dict[tuple[str, Term], set[str]] = {}
    for quad in store.quads_for_pattern(node, None, None, None):
        if isinstance(quad.graph_name, ox.NamedNode):
            graphs.setdefault((quad.predicate.value, quad.object), set()).add(quad.graph_name.value)
    ordered = sorted(graphs.items(), key=lambda each: (each[0][0], str(each[0][1])))
    return tuple(Statement(predicate, term, tuple(sorted(names))) for (predicate, term), names in ordered)


def _incoming(store: ox.Store, node: ox.NamedNode) -> tuple[Incoming, ...]:
    most = MOST_COUNTED + 1
    found = store.query(
        f"SELECT ?p (COUNT(*) AS ?n) {{ {{ SELECT ?s ?p {{ ?s ?p {node} }} LIMIT {most} }} }} GROUP BY ?p ORDER BY ?p"
    )
    if not isinstance(found, ox.QuerySolutions):
        return ()
    totals = [
        (predicate, int(number.value))
        for predicate, number in found
        if isinstance(predicate, ox.NamedNode) and isinstance(number, ox.Literal)
    ]
    counted = sum(number for _, number in totals) < most
    return tuple(
        Incoming(predicate.value, _subjects(store, predicate, node), total, counted) for predicate, total in totals
    )


def _subjects(store: ox.Store, predicate: ox.NamedNode, node: ox.NamedNode) -> tuple[str, ...]:
    quads = store.quads_for_pattern(None, predicate, node, ox.DefaultGraph())
    return tuple(quad.subject.value for quad in islice(quads, MOST_INCOMING) if isinstance(quad.subject, ox.NamedNode))


def describing_triples(store: ox.Store, description: Description, skolem: str, most: int) -> list[ox.Triple]:
    """Return the triples of a document about the thing, each once, grouped by subject, its own first.

    These are its own and those of all nodes that hang on it and were blank in the source (whose IRIs start with
    ``skolem``): its concise bounded description; then the first of what points to it, and labels of its neighbours.

    Raises:
        QueryLimitError: that description has more than ``most`` statements.
    """
    own = dict.fromkeys(description.own_triples())
    for triple in blank_triples(store, list(own), skolem):
        own[triple] = None
        if len(own) > most:
            break
    if len(own) > most:
        raise too_much(description.iri, most)
    own.update(dict.fromkeys(description.incoming_triples()))
    neighbours = [triple.object.value for triple in own if isinstance(triple.object, ox.NamedNode)]
    neighbours += [subject for link in description.incoming for subject in link.subjects]
    own.update(dict.fromkeys(_labels(store, (iri for iri in neighbours if iri != description.iri))))
    return sorted(own, key=lambda triple: (str(triple.subject) != f"<{description.iri}>", str(triple)))


def too_much(iri: str, most: int) -> QueryLimitError:
    """Return the error that a document would have more statements than it may."""
    problem = Sentence(
        "the document about <%(iri)s> would have more than %(number)s statements", iri=iri, number=str(most)
    )
    return QueryLimitError("limits.document_statements", most, problem, Sentence("ask for less of it at /sparql"))


def _labels(store: ox.Store, iris: Iterable[str]) -> Iterator[ox.Triple]:
    return (ox.Triple(each.subject, each.predicate, each.object) for each in label_triples(store, iris))


def incoming_page(store: ox.Store, iri: str, predicate: str, number: int, size: int) -> list[str]:
    """Return a page of the things that point to a thing by a property, in the store's order, and one more if there is.

    It is asked as a query, which passes over those before it twenty times as fast as reading them would.

    Raises:
        ValueError: the property is no IRI.
    """
    pattern = f"?thing {ox.NamedNode(predicate)} {ox.NamedNode(iri)}"
    found = store.query(f"SELECT ?thing {{ {pattern} }} LIMIT {size + 1} OFFSET {(number - 1) * size}")
    things = [each["thing"] for each in found] if isinstance(found, ox.QuerySolutions) else []
    return [each.value for each in things if isinstance(each, ox.NamedNode)]


def pointing_triples(store: ox.Store, iri: str, predicate: str, things: Sequence[str]) -> list[ox.Triple]:
    """Return what says that some things point to a thing by a property, and their labels."""
    target = ox.NamedNode(iri)
    links = [ox.Triple(ox.NamedNode(each), ox.NamedNode(predicate), target) for each in things]
    return [*links, *dict.fromkeys(_labels(store, things))]


def blank_triples(store: ox.Store, triples: list[ox.Triple], skolem: str) -> Iterator[ox.Triple]:
    """Yield what hangs on nodes that were blank; each node once, however many ways lead to it."""
    seen, level = set[str](), triples
    while level:
        objects = {each.object.value for each in level if isinstance(each.object, ox.NamedNode)}
        nodes = sorted(each for each in objects - seen if each.startswith(skolem))
        seen.update(nodes)
        level = []
        for node in nodes:
            for quad in store.quads_for_pattern(ox.NamedNode(node), None, None, MERGE):
                yield quad.triple
                level.append(quad.triple)


# When what is said of a thing was published: from the dates of the documents that it was derived from.
#
# Telephones, addresses of mail and who answers them change. So whatever shows one says of which years it is, where the
# data knows. A document without a date has that of what it is a part of (``dct:isPartOf``).

CONTACTS = ("tel:", "mailto:")
"""The schemes of what one dials or writes to."""
REACHING = frozenset((
    *(SCHEMA + name for name in ("telephone", "email", "faxNumber")), FOAF + "phone", FOAF + "mbox",
    *(VCARD + name for name in ("hasTelephone", "hasEmail", "telephone", "email")),
))  # fmt: skip
"""Properties whose values say how one reaches somebody, whatever form they have."""
DATED = (SCHEMA + "temporalCoverage", DCT + "temporal", DCT + "date", DCT + "issued", SCHEMA + "datePublished")
"""What says of which time a document is; the first that it has counts. A period (``dct:PeriodOfTime``) has two ends."""
ENDS = (DCAT + "startDate", DCAT + "endDate", SCHEMA + "startDate", SCHEMA + "endDate")
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
MOST_SOURCES, MOST_WHOLES = 50, 8


@dataclass(frozen=True, slots=True)
class Period:
    """The years from the first to the last, as numbers with four digits."""

    first: str
    last: str

    def __str__(self) -> str:
        """Return it as one writes it: one year, or two with a dash."""
        return self.first if self.first == self.last else f"{self.first}–{self.last}"


def spanned(periods: Iterable[Period | None]) -> Period | None:
    """Return the period from the beginning of the first to the end of the last; None where there is none."""
    known = [each for each in periods if each is not None]
    return Period(min(each.first for each in known), max(each.last for each in known)) if known else None


def is_contact(predicate: str, value: object) -> bool:
    """Whether a statement says how one reaches somebody."""
    return predicate in REACHING or (isinstance(value, ox.NamedNode) and value.value.startswith(CONTACTS))


def published(store: ox.Store, subject: str) -> Period | None:
    """Return when the sources of a thing are from; None where they have no date."""
    sources = islice(_values(store, subject, PROV + "wasDerivedFrom"), MOST_SOURCES)
    return spanned(_of_document(store, each.value) for each in sources if isinstance(each, ox.NamedNode))


def contact_published(store: ox.Store, contact: str) -> Period | None:
    """Return when a telephone or an address of mail was published by the sources of whatever has it."""
    quads = store.quads_for_pattern(None, None, ox.NamedNode(contact), ox.DefaultGraph())
    named = (quad.subject.value for quad in islice(quads, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in named)


def person_published(store: ox.Store, person: str) -> Period | None:
    """Return when it was published who somebody is, and where: from their sources and those of their memberships."""
    found = store.quads_for_pattern(None, ox.NamedNode(ORG + "member"), ox.NamedNode(person), ox.DefaultGraph())
    roles = (quad.subject.value for quad in islice(found, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in (person, *roles))


def _of_document(store: ox.Store, document: str) -> Period | None:
    """Return of which years a document is, or what it is a part of."""
    for _ in range(MOST_WHOLES):
        if (found := _dated(store, document)) is not None:
            return found
        wholes = (each.value for each in _values(store, document, DCT + "isPartOf") if isinstance(each, ox.NamedNode))
        document = next(wholes, "")
        if not document:
            return None
    return None


def _dated(store: ox.Store, document: str) -> Period | None:
    for predicate in DATED:
        years = sorted(year for each in _values(store, document, predicate) for year in _years(store, each))
        if years:
            return Period(years[0], years[-1])
    return None


def _years(store: ox.Store, value: object) -> Iterator[str]:
    if isinstance(value, ox.Literal):
        yield from YEAR.findall(value.value[:100])
    elif isinstance(value, ox.NamedNode):
        ends = (each for end in ENDS for each in _values(store, value.value, end))
        yield from (
            year for each in ends if isinstance(each, ox.Literal) for year in YEAR.findall(each.value[:100])[:1]
        )


def _values(store: ox.Store, subject: str, predicate: str) -> Iterator[object]:
    try:
        quads = store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, ox.DefaultGraph())
    except ValueError:
        return
    yield from (quad.object for quad in islice(quads, MOST_SOURCES))
