"""An import as files for whoever takes it home: Turtle, JSON-LD, or CSV with the metadata that leads back to RDF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox

from graph.export.documents import compacted, prefixes, read_context, used_prefixes, write_graph
from graph.export.views import TableProperty, description, headings, rows, table_of, write_csv
from graph.model.formats import METADATA_SUFFIX, TURTLE
from graph.model.publication import Publication
from graph.parts.spreadsheets.import_preview import ImportPreview
from graph.sources.batches import Chunk

SUFFIXES: Mapping[str, str] = {"turtle": ".ttl", "jsonld": ".jsonld", "csv": ".csv"}


def import_files(
    preview: ImportPreview, form: str, name: str, publication: Publication, language: str
) -> dict[str, bytes]:
    """Return the files of an import by their names: one, or a table and its metadata.

    Args:
        preview: what came of it.
        form: a key of ``SUFFIXES``.
        name: how the file is to be called.
        publication: whose prefixes and context are used.
        language: of the headings of a table.

    Raises:
        QueryLimitError: a table would be too large.
    """
    chunk = Chunk("urn:x-hamkor:import", preview.statements)
    context = read_context(publication)
    names = prefixes(publication, context)
    if form == "turtle":
        stream = io.BytesIO()
        write_graph([chunk], stream, TURTLE, used_prefixes([chunk], names))
        return {name: stream.getvalue()}
    triples = list(ox.parse(preview.statements, ox.RdfFormat.N_TRIPLES, lenient=True))
    if form == "jsonld":
        return {name: compacted([each.triple for each in triples], context or names)}
    store = ox.Store()
    store.extend(ox.Quad(each.subject, each.predicate, each.object) for each in triples)
    titles = {path: {tag.lower(): text for tag, text in texts.items()} for path, texts, _ in preview.fields}
    stated = dict.fromkeys(each.predicate.value for each in triples)
    known = [each for path in titles if (each := _whole(path, names)) in stated]
    others = [each for each in stated if each not in known and not each.endswith("#type")]
    shown = [TableProperty(each, titles.get(_short_of(each, titles, names), {})) for each in (*known, *others)]
    table = table_of(store, preview.class_iri, shown)
    stream = io.BytesIO()
    write_csv(headings(table, language), rows(store, table, lambda _: ""), stream)
    settings = publication.settings
    about = description(table, quote(name), settings.languages, {}, {})
    return {name: stream.getvalue(), name + METADATA_SUFFIX: about}


def _whole(text: str, names: Mapping[str, str]) -> str:
    prefix, colon, local = text.partition(":")
    return names[prefix] + local if colon and prefix in names else text


def _short_of(iri: str, titles: Mapping[str, object], names: Mapping[str, str]) -> str:
    return next((each for each in titles if _whole(each, names) == iri), "")


def form_of(path: Path, otherwise: str = "turtle") -> str:
    """Return the form that a file's name asks for."""
    return next((form for form, suffix in SUFFIXES.items() if path.name.lower().endswith(suffix)), otherwise)
