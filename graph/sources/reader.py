"""Any source file of a publication in, chunks out: the one door through which files become triples."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.publication import SourceFile
from graph.settings import LimitSettings
from graph.sources.chunks import Chunk, Origin, chunks
from graph.sources.rdf import read_rdf


def read_source(source: SourceFile, *, base: str, limits: LimitSettings) -> Iterator[Chunk]:
    """Yield the triples of a source file; none of a table whose metadata says so (``suppressOutput``).

    Raises:
        SourceError: it cannot be read.
    """
    origin = Origin(source.name, source.graph, base, limits.literal_mb << 20)
    if source.path.suffix.lower() != ".csv":
        return chunks(read_rdf(source.path, source.name, base=base), origin)
    return _table(source, origin)


def _table(source: SourceFile, origin: Origin) -> Iterator[Chunk]:
    from graph.sources.table import is_suppressed, read_table  # noqa: PLC0415  csvw takes a while to import

    triples = read_table(source.path, base=origin.base, name=source.name, cell_limit=origin.literal_bytes)
    if is_suppressed(source.path, base=origin.base, name=source.name):
        for _ in triples:
            """Its cells are checked all the same."""
        return
    yield from chunks((ox.Quad(each.subject, each.predicate, each.object) for each in triples), origin)
