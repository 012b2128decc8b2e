"""Views of things: what a release says of one in the words of one vocabulary, and all of a class as a table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from types import MappingProxyType
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES, Description, Period, is_contact, preferred_tag, published, spanned
from graph.model.errors import QueryLimitError, Sentence
from graph.model.rdf_terms import (
    CV,
    DCT,
    FOAF,
    ORG,
    OWL,
    PREFIXES,
    RDF_TYPE,
    SCHEMA,
    SKOS,
    VCARD,
    XSD,
    genid_iri,
    is_legal,
    whole_number,
)

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


# The columns of the table of a class: found in the data, so that each column holds terms of one kind.
#
# A property becomes a column for each language and each datatype of its texts, and for the things to which it leads one
# column for each of the most that a row has; so every cell can be read back as the very term it was made of. What
# cannot (a property that leads to very many things, an IRI that a URI template would change) is there to be read by
# people only.

MOST_ROWS, MOST_COLUMNS, MOST_SAID = 20_000, 250, 2_000
MOST_THINGS = 8
"""To so many things a property may lead in a row before they share one cell."""
SEPARATORS = ("|", ";", "¦", "␞", "\x1f")
ANY_SEPARATOR = re.compile(f"[{''.join(SEPARATORS)}]")
TEMPLATE_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[!#$&'()*+,;=:@/?\[\]A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*\Z")
"""IRIs that a URI template leaves as they are (RFC 6570 3.2.3)."""
LOCAL, NOT_LOCAL = re.compile(r"[\w.-]+\Z"), re.compile(r"[^\w.-]+")
HASHED = "~"
"""What stands before the hash in a name; no local name has it."""
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
TOO_MANY = Sentence("take a download, or ask for the properties you need by SPARQL and take the answer as CSV")
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableProperty:
    """A property that a table shows, with its names and descriptions by language tag."""

    predicate: str
    titles: Texts = field(hash=False)
    descriptions: Texts = field(hash=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """A column of a table.

    Attributes:
        name: its name in the CSVW description, unique in the table.
        property: what it shows.
        kind: ``thing``, ``name`` (what these things are called), or ``text``.
        language: the language of its texts, in small letters, or empty.
        datatype: the IRI of their datatype; of texts with a language, and of things, empty.
        place: which of several things of a row stands in it, from 0; -1 where all do.
        separator: what stands between several values of a cell; empty where there is only one.
        is_exact: whether its cells lead back to the terms they were made of; a text that is no form of its datatype
            could not be read as one.
        published: when the telephones or addresses of mail in it were published, as far as their sources say.
    """

    name: str
    property: TableProperty
    kind: str
    language: str = ""
    datatype: str = ""
    place: int = 0
    separator: str = ""
    is_exact: bool = True
    published: str = ""


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The table of a class: its things in order, its columns, and whether its rows name them exactly."""

    kind: str
    things: tuple[str, ...]
    columns: tuple[ClassColumn, ...]
    is_exact: bool


@dataclass
class _Found:
    """What a property's values are like, over all rows."""

    most: dict[tuple[str, str], int] = field(default_factory=dict)
    separators: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    ill_typed: set[tuple[str, str]] = field(default_factory=set)
    is_exact: bool = True
    periods: set[Period] = field(default_factory=set)

    def add(self, values: Sequence[ox.NamedNode | ox.Literal]) -> None:
        """Take the values of one row."""
        counts = dict[tuple[str, str], int]()
        for each in values:
            kind = kind_of(each)
            counts[kind] = counts.get(kind, 0) + 1
            if isinstance(each, ox.NamedNode):
                self.is_exact = self.is_exact and TEMPLATE_SAFE.match(each.value) is not None
            else:
                text = each.value
                self.separators.setdefault(kind, set()).update(ANY_SEPARATOR.findall(text))
                if not is_legal(text, each.datatype.value):
                    self.ill_typed.add(kind)
        for kind, count in counts.items():
            self.most[kind] = max(self.most.get(kind, 0), count)

    def separator(self, kind: tuple[str, str]) -> str | None:
        """Return what may stand between several values; empty where there is only one, None where nothing may."""
        if self.most[kind] == 1:
            return ""
        return next((each for each in SEPARATORS if each not in self.separators.get(kind, ())), None)


def kind_of(term: ox.NamedNode | ox.Literal) -> tuple[str, str]:
    """Return what terms of one column share: language or datatype, both empty for things."""
    if isinstance(term, ox.NamedNode):
        return "", ""
    return (term.language.lower(), "") if term.language else ("", term.datatype.value)


Values = dict[str, tuple[ox.NamedNode | ox.Literal, ...]]
SaidOf = Callable[[Sequence[str], Iterable[str] | None], Iterator[Values]]
"""Gives for each of some things what ``said_of`` says of it."""


def said_by_store(store: ox.Store) -> SaidOf:
    """Return who says thing by thing what a store says."""
    return lambda things, wanted: (said_of(store, each, wanted) for each in things)


def table_of(store: ox.Store, kind: str, properties: Sequence[TableProperty], said: SaidOf | None = None) -> ClassTable:
    """Return the table of a class.

    Args:
        store: the release's.
        kind: the IRI of the class.
        properties: what it shows, in order; where there are none, all that its things have, by IRI.
        said: who says of many things at once what the store says.

    Raises:
        QueryLimitError: it has more rows or columns than a table may have.
    """
    things = things_of(store, kind)
    shown = {each.predicate: each for each in properties}
    found = {each: _Found() for each in shown}
    told = (said or said_by_store(store))(things, shown if properties else None)
    for thing, about in zip(things, told, strict=True):
        for predicate, values in about.items():
            of = found.setdefault(predicate, _Found())
            of.add(values)
            if any(is_contact(predicate, each) for each in values) and (when := published(store, thing)) is not None:
                of.periods.add(when)
    ordered = list(found) if properties else sorted(found)
    columns = [column for each in ordered for column in _columns(shown.get(each, TableProperty(each, {})), found[each])]
    if len(columns) > MOST_COLUMNS:
        raise QueryLimitError(
            "columns of a table",
            MOST_COLUMNS,
            Sentence("this table would have %(number)s", number=str(len(columns))),
            TOO_MANY,
        )
    return ClassTable(kind, things, tuple(named_apart(columns)), all(TEMPLATE_SAFE.match(each) for each in things))


def things_of(store: ox.Store, kind: str) -> tuple[str, ...]:
    """Return the things of a class, in order.

    Raises:
        QueryLimitError: they are too many for a table.
    """
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(kind), MERGE)
    found = [quad.subject.value for quad in islice(quads, MOST_ROWS + 1) if isinstance(quad.subject, ox.NamedNode)]
    if len(found) > MOST_ROWS:
        raise QueryLimitError(
            "rows of a table", MOST_ROWS, Sentence("the class has more things than a table holds"), TOO_MANY
        )
    return tuple(sorted(found))


def said_of(store: ox.Store, thing: str, wanted: Iterable[str] | None) -> Values:
    """Return the values of a thing's properties, each in order; of these properties, or of all but its classes."""
    found = dict[str, set[ox.NamedNode | ox.Literal]]()
    keys = None if wanted is None else set(wanted)
    for quad in islice(store.quads_for_pattern(ox.NamedNode(thing), None, None, MERGE), MOST_SAID):
        predicate, term = quad.predicate.value, quad.object
        is_wanted = predicate != RDF_TYPE if keys is None else predicate in keys
        if is_wanted and isinstance(term, ox.NamedNode | ox.Literal) and term.value:
            found.setdefault(predicate, set()).add(term)
    return {predicate: tuple(sorted(values, key=str)) for predicate, values in found.items()}


def _columns(of: TableProperty, found: _Found) -> Iterator[ClassColumn]:
    name = column_name(of.predicate)
    when = str(spanned(found.periods) or "")
    several = len([each for each in found.most if each[1]]) > 1
    for kind in sorted(found.most):
        language, datatype = kind
        if kind == ("", ""):
            yield from (
                replace(each, published=when) for each in _of_things(name, of, found.most[kind], found.is_exact)
            )
            continue
        separator = found.separator(kind)
        yield ClassColumn(
            column_name(of.predicate, language, datatype if several else ""), of, "text", language,
            datatype or (XSD + "string"), -1 if separator != "" else 0,
            " " if separator is None else separator, separator is not None and kind not in found.ill_typed,
            when,
        )  # fmt: skip


def column_name(predicate: str, language: str = "", datatype: str = "") -> str:
    """Return how the column of a property is called: by its local name, and by the language or datatype of its texts.

    Args:
        predicate: the property.
        language: of the texts in the column.
        datatype: of the texts in the column, where the property has texts of several.
    """
    name = NOT_IN_NAMES.sub("_", re.split(r"[/#:]", predicate.rstrip("/#"))[-1]).strip("_") or "property"
    kind = language or re.split(r"[/#]", datatype)[-1]
    return f"{name}_{NOT_IN_NAMES.sub('_', kind)}" if kind else name


def _of_things(name: str, of: TableProperty, most: int, is_exact: bool) -> Iterator[ClassColumn]:
    if most > MOST_THINGS:
        yield ClassColumn(name, of, "thing", place=-1, separator=" ", is_exact=False)
    else:
        for place in range(most):
            yield ClassColumn(name + (f"_{place + 1}" if place else ""), of, "thing", place=place, is_exact=is_exact)
    yield ClassColumn(f"{name}_name", of, "name", place=-1, separator="; " if most > 1 else "", is_exact=False)


def class_path_name(iri: str, base: str, prefixes: Mapping[str, str]) -> str:
    """Return the name of a class in the path ``/class/<name>`` and of its files.

    In the publication's own vocabulary it is the local name, in others that with a prefix; where no prefix is known, or
    what is behind it is no name, what can be read of the IRI and a hash, which lasts as long as the IRI.

    Args:
        iri: the class.
        base: the publication's.
        prefixes: prefix → IRI.
    """
    own = f"{base}ns#"
    if iri.startswith(own) and LOCAL.match(local := iri.removeprefix(own)):
        return local
    fitting = [(len(start), prefix) for prefix, start in prefixes.items() if iri.startswith(start)]
    length, prefix = max(fitting, default=(0, ""))
    return f"{prefix}:{iri[length:]}" if prefix and LOCAL.match(iri[length:]) else hashed_name(iri)


def hashed_name(iri: str) -> str:
    """Return a name for an IRI that has no shorter one: its last part, as far as it can be read, and a hash."""
    last = re.split(r"[#/:]", iri.rstrip("#/:"))[-1]
    return f"{NOT_LOCAL.sub('-', last)[-60:].strip('-.')}{HASHED}{sha256(iri.encode()).hexdigest()[:12]}"


def named_apart(columns: Sequence[ClassColumn]) -> Iterator[ClassColumn]:
    """Yield the columns with names that no two share; ``id`` is the row's."""
    taken = {"id", "type"}
    for each in columns:
        name, number = each.name, 2
        while name.lower() in taken:
            name, number = f"{each.name}_{number}", number + 1
        taken.add(name.lower())
        yield replace(each, name=name)


# The CSVW description of a table (Metadata Vocabulary for Tabular Data): what leads from its cells back to RDF.
#
# Titles stand in every language, so that it fits the table whatever language its header is in.

KNOWN = frozenset(XSD + name for name in (
    "anyURI", "boolean", "date", "dateTime", "dateTimeStamp", "decimal", "double", "duration", "float", "gDay",
    "gMonth", "gMonthDay", "gYear", "gYearMonth", "integer", "nonNegativeInteger", "positiveInteger", "string", "time",
))  # fmt: skip
"""Datatypes whose every lexical form CSVW takes as it is."""
ID, TYPE = "id", "type"
NAME = {"en": "name", "ru": "название", "uz": "nomi"}
"""What stands behind the heading of a column of names."""
PUBLISHED = {"en": "as published", "ru": "по публикации", "uz": "eʼlon qilingan:"}
"""What stands behind the heading of a column of telephones or addresses of mail, before the years."""


def title(column: ClassColumn, language: str) -> str:
    """Return the heading of a column in a language, or in the first that there is: what it is, in which language."""
    titles = column.property.titles
    text = titles.get(preferred_tag(titles, (language,))) or column.name
    text = text[:1].upper() + text[1:]
    if column.kind == "name":
        text += f" ({NAME[preferred_tag(NAME, (language,))]})"
    if column.language:
        text += f" ({column.language})"
    if column.published:
        text += f" ({PUBLISHED[preferred_tag(PUBLISHED, (language,))]} {column.published})"
    return f"{text} {column.place + 1}" if column.place > 0 else text


def headings(table: ClassTable, language: str) -> list[str]:
    """Return the header of a table in a language; where two would be the same, their names stand behind them."""
    found = [title(each, language) for each in table.columns]
    return ["IRI"] + [
        text if found.count(text) == 1 and text != "IRI" else f"{text} [{column.name}]"
        for text, column in zip(found, table.columns, strict=True)
    ]


def description(
    table: ClassTable, url: str, languages: Sequence[str], titles: Mapping[str, str], about: Mapping[str, Any]
) -> bytes:
    """Return the description as a document.

    Args:
        table: the table.
        url: that of the CSV file, relative to the description's.
        languages: those of the headings.
        titles: what the class is called, by language tag.
        about: further properties of the table, such as its licence.
    """
    by_language = {language: headings(table, language) for language in languages}
    columns = [{"name": ID, "titles": "IRI", "required": True, "suppressOutput": True}] + [
        _column(each, {language: texts[place] for language, texts in by_language.items()})
        for place, each in enumerate(table.columns, 1)
    ]
    virtual = {"name": TYPE, "virtual": True, "propertyUrl": RDF_TYPE, "valueUrl": table.kind}
    schema = {"aboutUrl": "{+id}", "primaryKey": ID, "columns": [*columns, virtual]}
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": languages[0] if languages else "en"}],
        "url": url,
        "dc:title": [{"@value": text, "@language": tag} for tag, text in sorted(titles.items()) if tag],
        **about,
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "lineTerminators": ["\r\n"]},
        "tableSchema": schema,
    }
    if not table.is_exact:
        document["suppressOutput"] = True
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _column(column: ClassColumn, titles: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "titles": dict(titles)}
    if texts := column.property.descriptions:
        found["dc:description"] = [
            {"@value": text, "@language": tag} for tag, text in sorted(texts.items()) if tag
        ]  # fmt: skip
    found["propertyUrl"] = column.property.predicate
    if column.separator:
        found["separator"] = column.separator
    if not column.is_exact:
        return found | {"suppressOutput": True}
    if column.kind == "thing":
        return found | {"valueUrl": f"{{+{column.name}}}"}
    if column.language:
        return found | {"lang": column.language}
    if column.datatype in KNOWN:
        return found | {"datatype": column.datatype.removeprefix(XSD)}
    return found | {"datatype": {"@id": column.datatype, "base": "string"}}


# Tables as files: CSV (RFC 4180, UTF-8) and a workbook (.xlsx), the same bytes for the same release.
#
# A CSV file holds every text exactly as the data has it, so that it can be read back; a program that takes a text such
# as ``=1+1`` for a formula has to be told that columns are text. In the workbook texts are texts, whatever they begin
# with.

Names = Callable[[str], str]
"""What a thing is called, or an empty string."""
CHARACTERS = 32_767
"""So many hold in a cell of a workbook."""
NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EPOCH = (1980, 1, 1, 0, 0, 0)
DIGITS = 15
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def rows(store: ox.Store, table: ClassTable, names: Names, said: SaidOf | None = None) -> Iterator[list[str]]:
    """Yield the cells of each row, the IRI of its thing first; ``said`` as in ``table_of``."""
    predicates = {each.property.predicate for each in table.columns}
    columns = [(each, (each.property.predicate, _kind_in(each))) for each in table.columns]
    told = (said or said_by_store(store))(table.things, predicates)
    for thing, about in zip(table.things, told, strict=True):
        texts = dict[tuple[str, tuple[str, str]], list[str]]()
        for predicate, terms in about.items():
            for each in terms:
                texts.setdefault((predicate, kind_of(each)), []).append(each.value)
        yield [thing, *(_cell(column, texts.get(key, ()), names) for column, key in columns)]


def _kind_in(column: ClassColumn) -> tuple[str, str]:
    """Return what the terms in a column share, as ``kind_of`` says it."""
    return ("", "") if column.kind != "text" else (column.language, "" if column.language else column.datatype)


def _cell(column: ClassColumn, texts: Sequence[str], names: Names) -> str:
    if column.kind == "name":
        return column.separator.join(filter(None, map(names, texts)))
    if column.place < 0:
        return column.separator.join(texts)
    return texts[column.place] if column.place < len(texts) else ""


def write_csv(header: Sequence[str], lines: Iterable[Sequence[str]], stream: IO[bytes]) -> None:
    """Write a table as CSV; the stream stays open."""
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    text.detach()


def write_workbook(
    table: ClassTable, header: Sequence[str], lines: Iterable[Sequence[str]], stream: IO[bytes], created: datetime
) -> None:
    """Write a table as a workbook of one sheet: whole numbers and days as such, all else as text.

    Args:
        table: its columns.
        header: their headings.
        lines: its rows.
        stream: where to; it stays open.
        created: the time of the release, which is that of the workbook.
    """
    from openpyxl import Workbook  # noqa: PLC0415  most answers need none
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.freeze_panes = "B2"
    kinds = [""] + [each.datatype if each.place == 0 else "" for each in table.columns]

    def cell(text: str, datatype: str) -> object:
        value = _native(text, datatype)
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type = "s"  # never a formula
        elif isinstance(value, date):
            made.number_format = "yyyy-mm-dd"
        return made

    book.properties.created = book.properties.modified = created.replace(tzinfo=None)
    book.properties.creator = "Hamkor"
    try:
        sheet.append([cell(text, "") for text in header])
        for line in lines:
            sheet.append([cell(text, kind) if text else None for text, kind in zip(line, kinds, strict=True)])
        with io.BytesIO() as whole:
            book.save(whole)
            _same_every_time(whole, stream, created)
    except BaseException:
        _discard(sheet)
        raise


def _discard(sheet: Any) -> None:  # noqa: ANN401  openpyxl has no types
    """Remove the temporary file of a sheet that was not finished: openpyxl would do so when the process ends."""
    with suppress(Exception):
        sheet.close()  # it writes what is missing, and may fail as before
    with suppress(OSError, AttributeError, ValueError):
        sheet._writer.cleanup()  # it has no other name


def _native(text: str, datatype: str) -> str | int | date:
    """Return a value as a spreadsheet has it; what it could not hold exactly stays text."""
    if len(text) < DIGITS and re.fullmatch(r"0|-?[1-9][0-9]*", text) and whole_number(text, datatype) is not None:
        return int(text)
    if datatype == XSD + "date" and re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", text) and is_legal(text, datatype):
        return date.fromisoformat(text)
    text = NO_XML.sub("\ufffd", text)
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"


def _same_every_time(whole: IO[bytes], stream: IO[bytes], created: datetime) -> None:
    """Copy a workbook without the time at which it was written."""
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with ZipFile(whole) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            entry = ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
            content = source.read(name)
            target.writestr(entry, MODIFIED.sub(rb"\g<1>" + moment, content) if name.endswith("core.xml") else content)
