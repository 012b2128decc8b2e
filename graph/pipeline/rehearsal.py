"""Validation without a release: do these files conform to these shapes? Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from graph.model.errors import Sentence, SourceError
from graph.model.formats import OTHER, known_suffixes, recognised
from graph.model.namespaces import ONTOLOGY_GRAPH, graph_iri
from graph.model.publication import Publication, Role, SourceFile
from graph.model.settings import LimitSettings
from graph.pipeline.steps import conclusions, file_of_shape, usable_shapes
from graph.sources.batches import Chunk
from graph.sources.document_checks import DocumentWarning, Told
from graph.sources.reader import read_source
from graph.validation.conformance import validate
from graph.validation.report import Report, empty_report, with_warnings
from graph.validation.shapes import Remark, remarks


def check(data: Sequence[SourceFile], shapes: Sequence[SourceFile], *, base: str, limits: LimitSettings) -> Report:
    """Validate the union of the data files, and what follows from it, against the shapes; without these all conforms.

    Raises:
        SourceError: a file cannot be read.
        ShapesError: the shapes are not usable.
    """
    warnings = list[DocumentWarning]()
    read = {source.name: list(read_source(source, base=base, limits=limits, told=warnings.append)) for source in data}
    report = _validated(read, shapes, base, limits, warnings.append)
    for source in (*data, *shapes):
        report = with_warnings(report, [each for each in warnings if each.path == source.name], source.graph)
    return report


def _validated(
    read: dict[str, list[Chunk]], shapes: Sequence[SourceFile], base: str, limits: LimitSettings, told: Told
) -> Report:
    if not shapes:
        return empty_report()
    if (entailed := _entailed(chain.from_iterable(read.values()), base)) is not None:
        read["what follows from the ontology"] = [entailed]
    chunks = [chunk for each in shapes for chunk in read_source(each, base=base, limits=limits, told=told)]
    return validate(read, usable_shapes(chunks, shapes, base=base, limits=limits), base=base)


def shape_remarks(sources: Sequence[SourceFile], *, base: str, limits: LimitSettings) -> list[Remark]:
    """Return what is to be said of the shapes in some files, with the file of each.

    Raises:
        SourceError: a file cannot be read.
    """
    chunks = [chunk for source in sources for chunk in read_source(source, base=base, limits=limits)]
    file_of = file_of_shape(sources, base=base, limits=limits)
    return [replace(each, file=file_of(each.subject)) for each in remarks(chunks, base=base)]


def _entailed(chunks: Iterable[Chunk], base: str) -> Chunk | None:
    """Return what follows, as a build would have it.

    Unlike a build this keeps nothing: of the named graphs only the ontology is asked for, and the store is in memory.
    """
    ontology, store, has_axioms = graph_iri(base, ONTOLOGY_GRAPH), Store(), False
    for chunk in chunks:
        store.load(chunk.triples, RdfFormat.N_TRIPLES, lenient=True)
        if chunk.graph == ontology:
            store.load(chunk.quads(), RdfFormat.N_QUADS, lenient=True)
            has_axioms = True
    return conclusions(store, base) if has_axioms else None


def file_of_user(path: Path, publication_base: str, role: str = "data") -> SourceFile:
    """Return a file that the user named as a source.

    Raises:
        SourceError: its suffix says no format that can be read.
    """
    found = recognised(path)
    if not found.form:
        reason = (
            Sentence("the suffix %(suffix)s says no format", suffix=repr(path.suffix))
            if found.reason == OTHER
            else found.reason
        )
        raise SourceError(str(path), reason, remedy=Sentence("known are %(names)s", names=known_suffixes()))
    part: Role = "shapes" if role == "shapes" else "data"
    return SourceFile(path, str(path), part, graph_iri(publication_base, found.name), found.form)


def publication_files(publication: Publication) -> tuple[list[SourceFile], list[SourceFile]]:
    """Return the publication's files as (data and ontology, shapes)."""
    sources = publication.sources()
    return [each for each in sources if each.role != "shapes"], [each for each in sources if each.role == "shapes"]
