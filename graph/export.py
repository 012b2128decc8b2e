"""Chunks out, in any RDF format: how graphs leave the house, with their literals exactly as they were put in.

It writes; which triples, and in which format, others decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO

import pyoxigraph as ox

from graph.formats import DATASET_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from graph.sources.chunks import Chunk

SERIALISATIONS = {
    TURTLE: ox.RdfFormat.TURTLE,
    N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    JSON_LD: ox.RdfFormat.JSON_LD,
    RDF_XML: ox.RdfFormat.RDF_XML,
    N_QUADS: ox.RdfFormat.N_QUADS,
    TRIG: ox.RdfFormat.TRIG,
}
WITH_PREFIXES = (TURTLE, TRIG, RDF_XML)


def write_chunks(chunks: Iterable[Chunk], stream: IO[bytes], form: Format, prefixes: Mapping[str, str]) -> None:
    """Write triples to a stream; a format that knows no named graphs gets their merge, each triple once.

    Args:
        chunks: the triples.
        stream: where to; it stays open.
        form: one of ``GRAPH_FORMATS`` or ``DATASET_FORMATS``.
        prefixes: prefix → IRI, for the formats that abbreviate.
    """
    used = dict(prefixes) if form in WITH_PREFIXES else None
    if form in DATASET_FORMATS:
        ox.serialize(_quads(chunks), stream, format=SERIALISATIONS[form], prefixes=used)
    else:
        ox.serialize(_triples(chunks), stream, format=SERIALISATIONS[form], prefixes=used)


def chunks_about(chunks: Iterable[Chunk], iri: str) -> Iterator[Chunk]:
    """Yield only the triples whose subject is ``iri``."""
    start = f"<{iri}> ".encode()
    for chunk in chunks:
        if start in chunk.triples:
            lines = [line for line in chunk.lines() if line.startswith(start)]
            yield Chunk(chunk.graph, b"".join(line + b"\n" for line in lines))


def _quads(chunks: Iterable[Chunk]) -> Iterator[ox.Quad]:
    for chunk in chunks:
        yield from ox.parse(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)


def _triples(chunks: Iterable[Chunk]) -> Iterator[ox.Triple]:
    """Yield each distinct triple once."""
    seen = set[bytes]()
    for chunk in chunks:
        lines = [line for line in chunk.lines() if line not in seen]
        seen.update(lines)
        for quad in ox.parse(b"\n".join([*lines, b""]), ox.RdfFormat.N_TRIPLES, lenient=True):
            yield quad.triple
