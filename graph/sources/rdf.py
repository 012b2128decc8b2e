"""RDF files in: Turtle, TriG, N-Triples, N-Quads, JSON-LD and RDF/XML, parsed by pyoxigraph, quad by quad.

It refuses what could hurt (entity declarations, remote contexts, giant literals) and says where a file is wrong. It
stores nothing and fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from graph.errors import SourceError

RDF_SUFFIXES = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)

REMEDIES = (
    ("LoadDocumentCallback", "remote JSON-LD contexts are never fetched; write the context into the file"),
    ("UTF-8", "save the file as UTF-8"),
    ("No scheme found", "write absolute IRIs, between < and >"),
    ("buffer maximal size", "a single literal or token is larger than 16 MiB; split it"),
    ("has not been declared", "declare it with @prefix"),
)


def read_rdf(path: Path, name: str, *, base: str) -> Iterator[ox.Quad]:
    """Yield the quads of the RDF file ``path``; triples come in the default graph.

    Args:
        path: the file; its suffix says the format.
        name: how the user calls the file, for messages.
        base: the IRI against which its relative IRIs are resolved (RFC 3986 5.1.4).

    Raises:
        SourceError: the file cannot be read or parsed; with line and column where the parser knows them.
    """
    form = RDF_SUFFIXES[path.suffix]
    try:
        with path.open("rb") as stream:
            yield from read_rdf_stream(stream, name, form=form, base=base)
    except OSError as problem:
        raise SourceError(name, problem.strerror or str(problem)) from problem


def read_rdf_stream(stream: IO[bytes], name: str, *, form: ox.RdfFormat, base: str) -> Iterator[ox.Quad]:
    """Yield the quads of an open RDF document; as ``read_rdf``."""
    start = stream.read(3)
    if not start:
        raise SourceError(name, "the file is empty", remedy="write at least one triple, or remove it")
    if start != BYTE_ORDER_MARK:
        stream.seek(0)
    if form == ox.RdfFormat.RDF_XML:
        stream = _without_entities(stream, name)
    try:
        yield from ox.parse(input=stream, format=form, base_iri=None if form == ox.RdfFormat.N_QUADS else base)
    except SyntaxError as problem:
        raise _source_error(name, problem) from problem
    except ValueError as problem:
        raise SourceError(name, str(problem)) from problem


def _without_entities(stream: IO[bytes], name: str) -> IO[bytes]:
    """Return the document, or refuse it: entity declarations can expand without bound (CWE-776) or read files."""
    text = stream.read()
    if found := ENTITY.search(text):
        line = text.count(b"\n", 0, found.start()) + 1
        raise SourceError(name, "XML entity declarations are not read", line, remedy="write the text out in full")
    if b"\0" in text[:4096]:
        raise SourceError(name, "the file is not UTF-8", 1, remedy="save the file as UTF-8")
    return BytesIO(text)


def _source_error(name: str, problem: SyntaxError) -> SourceError:
    text = re.sub(r"^Parser error at line \d+.*?: ", "", problem.msg).strip()
    text = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
    remedy = next((each for part, each in REMEDIES if part in text), "")
    return SourceError(name, text, problem.lineno, problem.offset, remedy)
