"""Documents that others send, read as chunks of the one graph that they are for.

They are read as files of a publication are, with the same limits and the same names for blank nodes; but relative IRIs
are resolved against the graph (SPARQL 1.1 Graph Store HTTP Protocol 4), and quads of another graph are an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from graph.contribution.values import Document
from graph.errors import QueryLimitError, SourceError
from graph.recognition import TABLE
from graph.settings import LimitSettings
from graph.sources.chunks import Chunk, Origin, chunks
from graph.sources.document_warnings import Told, unheard
from graph.sources.rdf import RDF_FORMATS, read_rdf_stream

EXPANSION = 8
"""How many times larger than what was sent the same may be as N-Triples; prefixes can make it grow without end."""
CHUNK_QUADS = 10_000
FORMATS = RDF_FORMATS
LINES = frozenset({"turtle", "ntriples", "nquads", "trig"})
LOOKED_AT = 1 << 16
SENT_AS_FORM = "curl -d takes line ends out, so that all is one comment: send it with --data-binary"
EMPTYING = "DELETE, or hamkor withdraw, takes a graph away; PUT without a body empties it"


def read_documents(
    documents: Sequence[Document],
    graph: str,
    *,
    base: str,
    limits: LimitSettings,
    told: Told = unheard,
    may_be_empty: bool = False,
) -> tuple[Chunk, ...]:
    """Return the chunks of some documents that are to be one graph; their blank nodes stay apart.

    Args:
        documents: in the order in which they were sent.
        graph: the IRI of the graph.
        base: the publication's base.
        limits: the publication's limits.
        told: told what is left out of them, or doubtful in them.
        may_be_empty: whether one document without a single byte is an empty graph.

    Raises:
        SourceError: one cannot be read, holds no triple, or quads of another graph.
        QueryLimitError: what they say is too long.
    """
    if may_be_empty and len(documents) == 1 and not Path(documents[0].path).stat().st_size:
        return ()
    found, size, most = list[Chunk](), 0, (limits.upload_mb << 20) * EXPANSION
    for number, document in enumerate(documents):
        salt = graph if not number else f"{graph} {number}"
        for chunk in _chunks(document, graph, Origin(salt, graph, base, limits.literal_mb << 20), told):
            if chunk.graph != graph:
                problem = f"it speaks of the graph <{chunk.graph}>, and this is about <{graph}>"
                raise SourceError(document.name, problem, remedy="send each graph by itself")
            size += len(chunk.triples)
            if size > most:
                problem = f"written out, it takes more than {most >> 20} MiB"
                raise QueryLimitError("limits.upload_mb", limits.upload_mb, problem, "divide it")
            found.append(chunk)
    return tuple(found)


def _chunks(document: Document, graph: str, origin: Origin, told: Told) -> Iterator[Chunk]:
    with Path(document.path).open("rb") as stream:
        quads = _quads(document, stream, graph, origin, told)
        first = next(quads, None)
        if first is None:
            raise SourceError(document.name, "it holds no triple", remedy=_remedy(stream, document.format))
        try:
            yield from chunks(chain((first,), quads), origin, CHUNK_QUADS)
        except SourceError as problem:
            if problem.path != origin.name:
                raise
            raise SourceError(document.name, problem.problem, problem.line, problem.column, problem.remedy) from problem


def _remedy(stream: IO[bytes], form: str) -> str:
    """Return what to do about a document without a triple: often its line ends were taken out on the way."""
    stream.seek(0)
    start = stream.read(LOOKED_AT)
    if form in LINES and b"#" in start and b"\n" not in start.rstrip():
        return SENT_AS_FORM
    return EMPTYING


def _quads(document: Document, stream: IO[bytes], graph: str, origin: Origin, told: Told) -> Iterator[ox.Quad]:
    if document.format != TABLE:
        yield from read_rdf_stream(stream, document.name, form=FORMATS[document.format], base=graph, told=told)
        return
    from graph.sources.table import TableFile, read_described  # noqa: PLC0415  csvw takes a while to import

    limit = origin.literal_bytes
    yield from read_described(TableFile(Path(document.path), origin.base, document.name, cell_limit=limit))
