"""The files of a release as DCAT distributions and VoID dumps: sizes and checksums where they are known beforehand.

The dump of everything leaves this catalogue out, which could not hold the checksum of a file that it is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from graph.catalogue import authorities as eu
from graph.catalogue.names import Names
from graph.catalogue.statements import labelled, link, texts, typed, value
from graph.catalogue.wording import words
from graph.formats import DATASET_FORMATS, N_QUADS, Format
from graph.namespaces import DCAT, DCATAP, DCT, FORMATS, SPDX, VOID
from graph.releases.dumps import Dump, members_sha256, whole_dumps
from graph.releases.manifest import GraphEntry, Manifest
from graph.settings import Settings

VOID_FEATURES = {"nquads": "N-Quads", "trig": "TriG", "turtle": "Turtle", "ntriples": "N-Triples", "jsonld": "JSON-LD",
                 "rdfxml": "RDF_XML"}  # fmt: skip
HASHED_BYTES = 4 << 20
"""Of larger dumps the checksum is not in the catalogue: every change would have to read all of the data again."""


def distributions(settings: Settings, manifest: Manifest, folder: Path) -> Iterator[ox.Triple]:
    """Yield the distributions of the whole dataset: a file a format, and the SPARQL service.

    Args:
        settings: the publication's.
        manifest: of the release, without its catalogue.
        folder: where the members are.
    """
    names = Names(settings.base, manifest.id)
    for dump in whole_dumps(manifest):
        yield from _distribution(names, settings, dump)
        if dump.form is N_QUADS:
            yield from _size(names, dump, manifest, folder)
    yield from _service(names, settings)


def checksum(names: Names, subject: str, name: str, sha256: str) -> Iterator[ox.Triple]:
    """Yield the checksum of a file.

    Args:
        names: of the release.
        subject: what has the checksum.
        name: of the file.
        sha256: in hexadecimal.
    """
    iri = names.one_of("checksum", name)
    yield link(subject, SPDX + "checksum", iri)
    yield from typed(iri, SPDX + "Checksum")
    yield link(iri, SPDX + "algorithm", eu.SHA256)
    yield value(iri, SPDX + "checksumValue", sha256, "hexBinary")


def graph_file(names: Names, entry: GraphEntry) -> Iterator[ox.Triple]:
    """Yield the file of one named graph, with its size and checksum."""
    file = names.file(entry.file)
    yield link(entry.iri, VOID + "dataDump", file)
    yield value(file, DCAT + "byteSize", entry.size, "nonNegativeInteger")
    yield from checksum(names, file, entry.file, entry.sha256)


def _distribution(names: Names, settings: Settings, dump: Dump) -> Iterator[ox.Triple]:
    iri, file = names.part(f"dump-{dump.form.name}"), names.file(dump.name)
    title = words("dump", settings.languages, form=dump.form.title)
    yield link(names.dataset, DCAT + "distribution", iri)
    yield link(names.dataset, VOID + "dataDump", file)
    yield link(names.dataset, VOID + "feature", FORMATS + VOID_FEATURES[dump.form.name])
    yield from typed(iri, DCAT + "Distribution")
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    key = "dump-quads" if dump.form in DATASET_FORMATS else "dump-merge"
    yield from texts(iri, DCT + "description", words(key, settings.languages))
    yield link(iri, DCAT + "accessURL", file)
    yield link(iri, DCAT + "downloadURL", file)
    yield link(iri, DCAT + "mediaType", eu.media_type(dump.form))
    yield link(iri, DCAT + "compressFormat", eu.GZIP)
    yield link(iri, DCT + "format", eu.file_type(dump.form))
    yield from _terms(iri, settings)


def _size(names: Names, dump: Dump, manifest: Manifest, folder: Path) -> Iterator[ox.Triple]:
    iri, size = names.part(f"dump-{dump.form.name}"), sum(each.size for each in manifest.graphs)
    yield value(iri, DCAT + "byteSize", size, "nonNegativeInteger")
    if size <= HASHED_BYTES:
        yield from checksum(names, iri, dump.name, members_sha256(folder, manifest.graphs))


def _service(names: Names, settings: Settings) -> Iterator[ox.Triple]:
    iri = names.part("dump-sparql")
    yield link(names.dataset, DCAT + "distribution", iri)
    yield from typed(iri, DCAT + "Distribution")
    title = words("service", settings.languages, title="/sparql")
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    yield from texts(iri, DCT + "description", words("service-description", settings.languages))
    yield link(iri, DCAT + "accessURL", names.route("sparql"))
    yield link(iri, DCAT + "accessService", names.part("sparql"))
    yield link(iri, DCT + "format", eu.SPARQL_RESULTS)
    yield from _terms(iri, settings)


def _terms(iri: str, settings: Settings) -> Iterator[ox.Triple]:
    yield link(iri, DCT + "license", settings.about.license)
    yield link(iri, DCATAP + "availability", eu.STABLE)


def of_form(form: Format) -> str:
    """Return the fragment of the distribution in a format."""
    return f"dump-{form.name}"
