"""The dataset, its catalogue and record, publisher and service: DCAT-AP 3.0.1 with PROV.

Everything is taken from the settings and the manifest; what schema.org says of the same is in ``schema``. Who publishes
nobody but the settings can say: where they do not, nothing is said, and ``left_out`` tells what that costs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.catalogue import authorities as eu
from graph.catalogue.names import Names
from graph.catalogue.statements import labelled, link, texts, typed, value
from graph.catalogue.wording import around, words
from graph.namespaces import ADMS, DCAT, DCT, FOAF, PROV, RDFS_LABEL, SCHEMA, VCARD, VOID
from graph.publication import Publication
from graph.releases.manifest import Manifest
from graph.settings import Settings

Texts = dict[str, str]


def title_of(settings: Settings) -> Texts:
    """Return the title of the dataset; where the settings name none, one made of its base."""
    return settings.about.title or words("title", settings.languages, base=settings.base)


def description_of(settings: Settings) -> Texts:
    """Return the description of the dataset."""
    return settings.about.description or words("description", settings.languages)


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
    settings, names = publication.settings, Names(publication.base, manifest.id)
    iri, about = names.dataset, settings.about
    yield from typed(iri, VOID + "Dataset", DCAT + "Dataset")
    yield from labelled(iri, title_of(settings))
    yield from texts(iri, DCT + "title", title_of(settings))
    yield from texts(iri, DCT + "description", description_of(settings))
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
    settings, names = publication.settings, Names(publication.base, manifest.id)
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


def _period(names: Names, settings: Settings) -> Iterator[ox.Triple]:
    start, _, end = settings.about.temporal.partition("/")
    if not start:
        return
    period = names.part("period")
    yield link(names.dataset, DCT + "temporal", period)
    yield from typed(period, DCT + "PeriodOfTime")
    yield from labelled(period, words("period", settings.languages, start=start, end=end))
    yield value(period, DCAT + "startDate", start, "date")
    yield value(period, DCAT + "endDate", end, "date")


def _catalog(names: Names, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
    iri, title = names.part("catalog"), around("catalog", title_of(settings))
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


def _record(names: Names, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
    iri = names.part("record")
    yield from typed(iri, DCAT + "CatalogRecord", VOID + "DatasetDescription")
    yield from labelled(iri, words("record", settings.languages))
    yield link(iri, FOAF + "primaryTopic", names.dataset)
    yield link(iri, DCT + "conformsTo", eu.DCAT_AP)
    yield link(iri, ADMS + "status", eu.CHANGE_TYPE + ("updated" if manifest.parent else "created"))
    yield from _dates(iri, manifest)


def _by_publisher(iri: str, names: Names, settings: Settings, *properties: str) -> Iterator[ox.Triple]:
    """Yield that something is the publisher's, if the settings say who that is."""
    if settings.about.publisher:
        yield from (link(iri, each, names.part("publisher")) for each in properties)


def _publisher(names: Names, settings: Settings) -> Iterator[ox.Triple]:
    iri, about = names.part("publisher"), settings.about
    if not about.publisher:
        return
    yield from typed(iri, FOAF + "Agent", PROV + "Agent")
    yield from labelled(iri, about.publisher)
    yield from texts(iri, FOAF + "name", about.publisher)
    yield link(iri, FOAF + "homepage", names.base)
    if about.publisher_type:
        yield link(iri, DCT + "type", eu.PUBLISHER_TYPE + about.publisher_type)


def _contact(names: Names, settings: Settings) -> Iterator[ox.Triple]:
    """Whom to ask; where the settings name no contact, by way of the home page, and called after the dataset."""
    iri, contact = names.part("contact"), settings.about.contact_iri or names.base
    called = settings.about.publisher or around("contact", title_of(settings))
    yield from typed(iri, VCARD + "Kind")
    yield from labelled(iri, called)
    yield from texts(iri, VCARD + "fn", called)
    yield link(iri, VCARD + ("hasEmail" if contact.startswith("mailto:") else "hasURL"), contact)


def _service(names: Names, settings: Settings) -> Iterator[ox.Triple]:
    iri, title, endpoint = names.part("sparql"), around("service", title_of(settings)), names.route("sparql")
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


def _making(names: Names, settings: Settings, manifest: Manifest) -> Iterator[ox.Triple]:
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
