"""Any source file of a publication in, chunks out: the one door through which files become triples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graph.publication import SourceFile
from graph.settings import LimitSettings
from graph.sources.chunks import Chunk, Origin, chunks
from graph.sources.rdf import read_rdf


def read_source(source: SourceFile, *, base: str, limits: LimitSettings) -> Iterator[Chunk]:
    """Yield the triples of a source file.

    Raises:
        SourceError: it cannot be read.
    """
    return chunks(_quads(source, base, limits), Origin(source.name, source.graph, base, limits.literal_mb << 20))


def _quads(source: SourceFile, base: str, limits: LimitSettings) -> Iterable[ox.Quad]:
    if source.path.suffix.lower() != ".csv":
        return read_rdf(source.path, source.name, base=base)
    from graph.sources.table import read_table  # noqa: PLC0415  csvw takes a while to import

    triples = read_table(source.path, base=base, name=source.name, cell_limit=limits.literal_mb << 20)
    return (ox.Quad(each.subject, each.predicate, each.object) for each in triples)
