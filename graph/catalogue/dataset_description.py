"""The dataset in the words of DCAT-AP 3.0.1, PROV and schema.org, and its counts as VoID."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from graph.catalogue import contents as eu
from graph.catalogue.contents import (
    CatalogueNames,
    around,
    class_distributions,
    distributions,
    graphs,
    labelled,
    link,
    linksets,
    of_form,
    personal_data,
    texts,
    typed,
    value,
    words,
)
from graph.export.documents import prefixes, read_context
from graph.model.formats import N_QUADS
from graph.model.publication import Publication
from graph.model.rdf_terms import (
    ADMS,
    CATALOG_GRAPH,
    DCAT,
    DCT,
    FOAF,
    PROV,
    RDF_TYPE,
    RDFS_LABEL,
    SCHEMA,
    VCARD,
    VOID,
    matching,
)
from graph.model.settings import Settings
from graph.releases.dumps import data_graphs, whole_dumps
from graph.releases.manifest import Manifest
from graph.sources.batches import Chunk

# The counts of a release, its catalogue's own triples included: what SPARQL says of the finished release (VoID 4).
#
# The catalogue counts itself, so its numbers depend on how many there are, but not on what they are: which triples hold
# a number is known before the number. Only one thing depends on the numbers themselves, how many distinct objects there
# are; where no number is right for that, it is left out.

TRIPLES, ENTITIES, OBJECTS = VOID + "triples", VOID + "entities", VOID + "distinctObjects"
PARTITIONS = (
    VOID + "classPartition", VOID + "class", ENTITIES, VOID + "propertyPartition", VOID + "property", TRIPLES,
    VOID + "classes", VOID + "properties", VOID + "distinctSubjects", OBJECTS, VOID + "vocabulary",
    "http://www.w3.org/2000/01/rdf-schema#label",
)  # fmt: skip
"""The properties that the counts are stated with."""
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
MERGE = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class Count:
    """A statement of which the number is still to come."""

    subject: str
    predicate: str
    of: str


@dataclass
class Counting:
    """What is counted: the release without its catalogue, and the catalogue's triples so far.

    Attributes:
        publication: for names.
        manifest: of the release without its catalogue.
        store: the same as an index.
        triples: the catalogue's, without counts.
        with_objects: whether the distinct objects are counted.
    """

    publication: Publication
    manifest: Manifest
    store: ox.Store
    triples: Sequence[ox.Triple]
    with_objects: bool = True
    _own: ox.Store = field(default_factory=ox.Store, init=False)

    def __post_init__(self) -> None:
        """Take the catalogue's triples, and the partitions that follow from them, as the index will take them."""
        self._names = CatalogueNames(self.publication.base, self.manifest.id)
        for triple in self.triples:
            self._own.add(ox.Quad(triple.subject, triple.predicate, triple.object))
        known = self.manifest.statistics
        predicates = {each.predicate.value for each in self.triples}
        classes = _classes_of(self.triples)
        stated = set(PARTITIONS) - (set() if self.with_objects else {OBJECTS})
        self._properties = sorted({*known.properties, *predicates, *stated})
        self._classes = sorted({*known.classes, *classes})
        self._partitions = tuple(self._partitioned())
        for triple in self._partitions:
            self._own.add(ox.Quad(triple.subject, triple.predicate, triple.object))

    def statements(self) -> list[ox.Triple]:
        """Return the partitions and counts that belong to the catalogue's other triples."""
        counts = list(self._counts())
        numbers = self._numbers(counts)
        if self.with_objects and not self._count_objects(counts, numbers):
            return Counting(self.publication, self.manifest, self.store, self.triples, False).statements()
        return [*self._partitions, *(_stated(each, numbers) for each in counts)]

    def _partitioned(self) -> Iterator[ox.Triple]:
        dataset, languages = self._names.dataset, self.publication.settings.languages
        known = prefixes(self.publication, read_context(self.publication))
        for iri in self._classes:
            part = self._names.one_of("class", iri)
            yield link(dataset, VOID + "classPartition", part)
            yield link(part, VOID + "class", iri)
            yield from labelled(part, words("class", languages, name=_short(iri, known)))
        for iri in self._properties:
            part = self._names.one_of("property", iri)
            yield link(dataset, VOID + "propertyPartition", part)
            yield link(part, VOID + "property", iri)
            yield from labelled(part, words("property", languages, name=_short(iri, known)))
        used = [*self._properties, *self._classes]
        for namespace in sorted({each for each in known.values() if any(iri.startswith(each) for iri in used)}):
            yield link(dataset, VOID + "vocabulary", namespace)

    def _counts(self) -> Iterator[Count]:
        dataset = self._names.dataset
        yield Count(dataset, TRIPLES, "triples")
        yield Count(dataset, VOID + "classes", "classes")
        yield Count(dataset, VOID + "properties", "properties")
        yield Count(dataset, VOID + "distinctSubjects", "subjects")
        if self.with_objects:
            yield Count(dataset, OBJECTS, "objects")
        yield Count(self.publication.graph(CATALOG_GRAPH), TRIPLES, "catalogue")
        yield from (Count(self._names.one_of("class", iri), ENTITIES, f"class {iri}") for iri in self._classes)
        yield from (Count(self._names.one_of("property", iri), TRIPLES, f"property {iri}") for iri in self._properties)

    def _numbers(self, counts: Sequence[Count]) -> dict[str, int]:
        """Return every number but that of the objects; those triples count that no other graph has."""
        known, own = self.manifest.statistics, [quad.triple for quad in self._own]
        fresh = [each for each in own if not self._is_known(each)]
        uses = Counter(each.predicate.value for each in fresh) + Counter(each.predicate for each in counts)
        entities = _classes_of(fresh)
        subjects = {each.subject for each in own} | {ox.NamedNode(each.subject) for each in counts}
        return {
            "triples": self.manifest.triples + len(fresh) + len(counts),
            "catalogue": len(own) + len(counts),
            "classes": len(self._classes),
            "properties": len(self._properties),
            "subjects": known.subjects + sum(not self._has(subject=each) for each in subjects),
            **{f"class {iri}": known.classes.get(iri, 0) + entities[iri] for iri in self._classes},
            **{f"property {iri}": known.properties.get(iri, 0) + uses[iri] for iri in self._properties},
        }

    def _count_objects(self, counts: Sequence[Count], numbers: dict[str, int]) -> bool:
        """Add how many distinct objects there are, if there is a number that is right when it is stated itself."""
        objects = {quad.object for quad in self._own}
        objects |= {_stated(each, numbers).object for each in counts if each.of in numbers}
        total = self.manifest.statistics.objects + sum(not self._has(object=each) for each in objects)
        for candidate in (total, total + 1):
            literal = _number(candidate)
            is_new = literal not in objects and not self._has(object=literal)
            if total + is_new == candidate:
                numbers["objects"] = candidate
                return True
        return False

    def _is_known(self, triple: ox.Triple) -> bool:
        return ox.Quad(triple.subject, triple.predicate, triple.object, MERGE) in self.store

    def _has(self, subject: ox.NamedNode | None = None, object: Term | None = None) -> bool:  # noqa: A002
        found = matching(self.store, subject, None, object, MERGE)
        return next(iter(found), None) is not None


def _classes_of(triples: Iterable[ox.Triple]) -> Counter[str]:
    """Return how many things each class has in some triples."""
    objects = (each.object for each in triples if each.predicate.value == RDF_TYPE)
    return Counter(each.value for each in objects if isinstance(each, ox.NamedNode))


def _stated(count: Count, numbers: Mapping[str, int]) -> ox.Triple:
    return value(count.subject, count.predicate, numbers[count.of], "integer")


def _number(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer"))


def _short(iri: str, known: Mapping[str, str]) -> str:
    """Return an IRI with the longest prefix that fits, or as it is."""
    fitting = max(((len(start), prefix) for prefix, start in known.items() if iri.startswith(start)), default=None)
    return f"{fitting[1]}:{iri[fitting[0] :]}" if fitting and len(iri) > fitting[0] else iri


# The dataset, its catalogue and record, publisher and service: DCAT-AP 3.0.1 with PROV.
#
# Everything is taken from the settings and the manifest; what schema.org says of the same is in ``schema``. Who
# publishes nobody but the settings can say: where they do not, nothing is said, and ``left_out`` tells what that costs.


def left_out(settings: Settings) -> Iterator[str]:
    """Yield a warning for all that the catalogue ought to say and cannot, since the settings do not name it."""
    if not settings.about.publisher:
        yield (
            "about.publisher is not set: the catalogue names no publisher and no creator, which DCAT-AP 3 demands, "
            "so data portals may refuse it and nobody can be cited"
        )
    if settings.privacy.personal_graphs and not settings.about.contact:
        yield (
            "about.contact is not set, and privacy.personal_graphs names personal data: the page /privacy can name "
            "nobody to whom those whom it is about could write; set an e-mail address or a web address that is read"
        )
    if unknown := eu.without_code(settings.languages):
        yield (
            f"languages: {', '.join(unknown)} has no code in ISO 639, so the catalogue does not name it; "
            "write the registered tag of the language"
        )


def dataset(publication: Publication, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield what is said of the dataset itself, without files, graphs and counts."""
    settings, names = publication.settings, CatalogueNames(publication.base, manifest.id)
    iri, about = names.dataset, settings.about
    yield from typed(iri, VOID + "Dataset", DCAT + "Dataset")
    yield from labelled(iri, settings.title)
    yield from texts(iri, DCT + "title", settings.title)
    yield from texts(iri, DCT + "description", settings.description)
    yield value(iri, DCT + "identifier", iri, "anyURI")
    yield from _by_publisher(iri, names, settings, DCT + "publisher", DCT + "creator", PROV + "wasAttributedTo")
    yield link(iri, DCAT + "contactPoint", names.part("contact"))
    yield link(iri, DCT + "isPartOf", names.part("catalog"))
    yield link(iri, DCAT + "landingPage", publication.base)
    yield from _rights(iri, settings)
    yield from _dates(iri, manifest)
    yield value(iri, DCAT + "version", manifest.id)
    yield link(iri, DCAT + "hasCurrentVersion", names.version(manifest.id))
    if manifest.parent:
        yield link(iri, DCAT + "previousVersion", names.version(manifest.parent))
    yield from (link(iri, DCT + "language", each) for each in eu.languages(settings.languages))
    yield from (link(iri, DCAT + "theme", f"{eu.DATA_THEME}/{each}") for each in about.themes)
    for language, keywords in about.keywords.items():
        for each in keywords:
            yield from texts(iri, DCAT + "keyword", {language: each})
    yield from (link(iri, DCT + "spatial", each) for each in about.spatial)
    yield from _period(names, settings)


def around_the_dataset(publication: Publication, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield its catalogue, the record in it, who publishes it, whom to ask, the service, and how it was made."""
    settings, names = publication.settings, CatalogueNames(publication.base, manifest.id)
    yield from _catalog(names, settings, manifest)
    yield from _record(names, settings, manifest)
    yield from _publisher(names, settings)
    yield from _contact(names, settings)
    yield from _service(names, settings)
    yield from _making(names, settings, manifest)


def _rights(iri: str, settings: Settings) -> Iterator[ox.Triple]:
    yield link(iri, DCT + "license", settings.about.license)
    yield link(iri, DCT + "accessRights", f"{eu.EU}access-right/{settings.about.access_rights}")


def _dates(iri: str, manifest: Manifest) -> Iterator[ox.Triple]:
    yield value(iri, DCT + "issued", manifest.created, "dateTime")
    yield value(iri, DCT + "modified", manifest.created, "dateTime")


def _period(names: CatalogueNames, settings: Settings) -> Iterator[ox.Triple]:
    start, _, end = settings.about.temporal.partition("/")
    if not start:
        return
    period = names.part("period")
    yield link(names.dataset, DCT + "temporal", period)
    yield from typed(period, DCT + "PeriodOfTime")
    yield from labelled(period, words("period", settings.languages, start=start, end=end))
    yield value(period, DCAT + "startDate", start, "date")
    yield value(period, DCAT + "endDate", end, "date")


def _catalog(names: CatalogueNames, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
    iri, title = names.part("catalog"), around("catalog", settings.title)
    yield from typed(iri, DCAT + "Catalog")
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    yield from texts(iri, DCT + "description", words("catalog-description", settings.languages))
    yield from _by_publisher(iri, names, settings, DCT + "publisher")
    yield link(iri, DCT + "license", settings.about.license)
    yield from _dates(iri, manifest)
    yield from (link(iri, DCT + "language", each) for each in eu.languages(settings.languages))
    yield from (link(iri, DCT + "spatial", each) for each in settings.about.spatial)
    yield link(iri, DCAT + "themeTaxonomy", eu.DATA_THEME)
    yield link(iri, FOAF + "homepage", names.base)
    yield from typed(names.base, FOAF + "Document")
    yield link(iri, DCAT + "dataset", names.dataset)
    yield link(iri, DCAT + "service", names.part("sparql"))
    yield link(iri, DCAT + "record", names.part("record"))


def _record(names: CatalogueNames, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
    iri = names.part("record")
    yield from typed(iri, DCAT + "CatalogRecord", VOID + "DatasetDescription")
    yield from labelled(iri, words("record", settings.languages))
    yield link(iri, FOAF + "primaryTopic", names.dataset)
    yield link(iri, DCT + "conformsTo", eu.DCAT_AP)
    yield link(iri, ADMS + "status", eu.CHANGE_TYPE + ("updated" if manifest.parent else "created"))
    yield from _dates(iri, manifest)


def _by_publisher(iri: str, names: CatalogueNames, settings: Settings, *properties: str) -> Iterator[ox.Triple]:
    """Yield that something is the publisher's, if the settings say who that is."""
    if settings.about.publisher:
        yield from (link(iri, each, names.part("publisher")) for each in properties)


def _publisher(names: CatalogueNames, settings: Settings) -> Iterator[ox.Triple]:
    iri, about = names.part("publisher"), settings.about
    if not about.publisher:
        return
    yield from typed(iri, FOAF + "Agent", PROV + "Agent")
    yield from labelled(iri, about.publisher)
    yield from texts(iri, FOAF + "name", about.publisher)
    yield link(iri, FOAF + "homepage", names.base)
    if about.publisher_type:
        yield link(iri, DCT + "type", eu.PUBLISHER_TYPE + about.publisher_type)


def _contact(names: CatalogueNames, settings: Settings) -> Iterator[ox.Triple]:
    """Whom to ask; where the settings name no contact, by way of the home page, and called after the dataset."""
    iri, contact = names.part("contact"), settings.about.contact_iri or names.base
    called = settings.about.publisher or around("contact", settings.title)
    yield from typed(iri, VCARD + "Kind")
    yield from labelled(iri, called)
    yield from texts(iri, VCARD + "fn", called)
    yield link(iri, VCARD + ("hasEmail" if contact.startswith("mailto:") else "hasURL"), contact)


def _service(names: CatalogueNames, settings: Settings) -> Iterator[ox.Triple]:
    iri, title, endpoint = names.part("sparql"), around("service", settings.title), names.route("sparql")
    yield link(names.dataset, VOID + "sparqlEndpoint", endpoint)
    yield from typed(iri, DCAT + "DataService")
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    yield from texts(iri, DCT + "description", words("service-description", settings.languages))
    yield link(iri, DCAT + "endpointURL", endpoint)
    yield link(iri, DCAT + "endpointDescription", endpoint)
    yield link(iri, DCAT + "servesDataset", names.dataset)
    yield link(iri, DCT + "conformsTo", eu.SPARQL_PROTOCOL)
    yield link(iri, DCAT + "contactPoint", names.part("contact"))
    yield from _by_publisher(iri, names, settings, DCT + "publisher")
    yield from _rights(iri, settings)
    yield from (link(iri, DCAT + "theme", f"{eu.DATA_THEME}/{each}") for each in settings.about.themes)
    yield from texts(iri, DCAT + "keyword", {"en": "SPARQL"})


def _making(names: CatalogueNames, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
    iri, software = names.part("making"), names.part("software")
    yield link(names.dataset, PROV + "wasGeneratedBy", iri)
    yield from typed(iri, PROV + "Activity")
    yield from labelled(iri, words("making", settings.languages))
    yield value(iri, PROV + "endedAtTime", manifest.created, "dateTime")
    yield link(iri, PROV + "wasAssociatedWith", software)
    yield from typed(software, PROV + "SoftwareAgent")
    yield from texts(software, RDFS_LABEL, {"en": "Hamkor"})
    yield link(software, DCT + "license", settings.about.code_license)
    yield value(software, SCHEMA + "softwareVersion", manifest.tools.get("hamkor", "unknown"))


# The same dataset in the words of schema.org, for search engines: Dataset, DataDownload, DataCatalog, Organization.


def schema(publication: Publication, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the dataset, its files, its catalogue and, where it is named, its publisher as schema.org has them."""
    names = CatalogueNames(publication.base, manifest.id)
    yield from _dataset(publication, names, manifest)
    yield from _downloads(names, manifest)
    catalog, publisher = names.part("catalog"), names.part("publisher")
    yield from typed(catalog, SCHEMA + "DataCatalog")
    yield from texts(catalog, SCHEMA + "name", around("catalog", publication.settings.title))
    yield link(catalog, SCHEMA + "url", publication.base)
    if publication.settings.about.publisher:
        yield from typed(publisher, SCHEMA + "Organization")
        yield from texts(publisher, SCHEMA + "name", publication.settings.about.publisher)
        yield link(publisher, SCHEMA + "url", publication.base)


def _dataset(publication: Publication, names: CatalogueNames, manifest: Manifest) -> Iterator[ox.Triple]:
    iri, settings = names.dataset, publication.settings
    yield from typed(iri, SCHEMA + "Dataset")
    yield from texts(iri, SCHEMA + "name", settings.title)
    yield from texts(iri, SCHEMA + "description", settings.description)
    yield link(iri, SCHEMA + "url", iri)
    yield value(iri, SCHEMA + "identifier", iri)
    yield link(iri, SCHEMA + "license", settings.about.license)
    yield value(iri, SCHEMA + "version", manifest.id)
    yield value(iri, SCHEMA + "datePublished", manifest.created, "dateTime")
    yield value(iri, SCHEMA + "dateModified", manifest.created, "dateTime")
    is_public = settings.about.access_rights == "PUBLIC"
    yield value(iri, SCHEMA + "isAccessibleForFree", str(is_public).lower(), "boolean")
    if settings.about.publisher:
        yield link(iri, SCHEMA + "creator", names.part("publisher"))
        yield link(iri, SCHEMA + "publisher", names.part("publisher"))
    yield link(iri, SCHEMA + "includedInDataCatalog", names.part("catalog"))
    yield from (value(iri, SCHEMA + "inLanguage", each) for each in settings.languages)
    for language, keywords in settings.about.keywords.items():
        for each in keywords:
            yield from texts(iri, SCHEMA + "keywords", {language: each})
    yield from (link(iri, SCHEMA + "spatialCoverage", each) for each in settings.about.spatial)
    if settings.about.temporal:
        yield value(iri, SCHEMA + "temporalCoverage", settings.about.temporal)


def _downloads(names: CatalogueNames, manifest: Manifest) -> Iterator[ox.Triple]:
    for dump in whole_dumps(manifest):
        iri = names.part(of_form(dump.form))
        yield link(names.dataset, SCHEMA + "distribution", iri)
        yield from typed(iri, SCHEMA + "DataDownload")
        yield link(iri, SCHEMA + "contentUrl", names.file(dump.name))
        yield value(iri, SCHEMA + "encodingFormat", dump.form.media_type)
        if dump.form is N_QUADS:
            yield value(iri, SCHEMA + "contentSize", f"{sum(each.size for each in data_graphs(manifest))} B")


# The catalogue of a release: one graph of metadata, computed; the cost follows graphs and classes, not the data.

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
        *class_distributions(publication, manifest),
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
    dataset_iri, things = CatalogueNames(publication.base, manifest.id).dataset, f"{publication.base}id/"
    yield value(dataset_iri, VOID + "uriSpace", publication.base)
    for iri in sorted(manifest.statistics.classes)[:MOST_EXAMPLES]:
        found = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(iri), ox.DefaultGraph())
        for _, quad in zip(range(LOOKED_AT), found, strict=False):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(things):
                yield link(dataset_iri, VOID + "exampleResource", quad.subject.value)
                break


# Views of the catalogue: what schema.org says of the dataset and nothing else, and what DCAT says of it.

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
