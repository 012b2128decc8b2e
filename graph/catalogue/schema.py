"""The same dataset in the words of schema.org, for search engines: Dataset, DataDownload, DataCatalog, Organization."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.catalogue.dataset import description_of, title_of
from graph.catalogue.files import of_form
from graph.catalogue.names import Names
from graph.catalogue.statements import link, texts, typed, value
from graph.catalogue.wording import around
from graph.formats import N_QUADS
from graph.namespaces import SCHEMA
from graph.publication import Publication
from graph.releases.dumps import data_graphs, whole_dumps
from graph.releases.manifest import Manifest


def schema(publication: Publication, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the dataset, its files, its catalogue and, where it is named, its publisher as schema.org has them."""
    names = Names(publication.base, manifest.id)
    yield from _dataset(publication, names, manifest)
    yield from _downloads(names, manifest)
    catalog, publisher = names.part("catalog"), names.part("publisher")
    yield from typed(catalog, SCHEMA + "DataCatalog")
    yield from texts(catalog, SCHEMA + "name", around("catalog", title_of(publication.settings)))
    yield link(catalog, SCHEMA + "url", publication.base)
    if publication.settings.about.publisher:
        yield from typed(publisher, SCHEMA + "Organization")
        yield from texts(publisher, SCHEMA + "name", publication.settings.about.publisher)
        yield link(publisher, SCHEMA + "url", publication.base)


def _dataset(publication: Publication, names: Names, manifest: Manifest) -> Iterator[ox.Triple]:
    iri, settings = names.dataset, publication.settings
    yield from typed(iri, SCHEMA + "Dataset")
    yield from texts(iri, SCHEMA + "name", title_of(settings))
    yield from texts(iri, SCHEMA + "description", description_of(settings))
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


def _downloads(names: Names, manifest: Manifest) -> Iterator[ox.Triple]:
    for dump in whole_dumps(manifest):
        iri = names.part(of_form(dump.form))
        yield link(names.dataset, SCHEMA + "distribution", iri)
        yield from typed(iri, SCHEMA + "DataDownload")
        yield link(iri, SCHEMA + "contentUrl", names.file(dump.name))
        yield value(iri, SCHEMA + "encodingFormat", dump.form.media_type)
        if dump.form is N_QUADS:
            yield value(iri, SCHEMA + "contentSize", f"{sum(each.size for each in data_graphs(manifest))} B")
