"""RDF files in: Turtle, TriG, N-Triples, N-Quads, JSON-LD and RDF/XML, parsed by pyoxigraph, quad by quad.

It refuses what could hurt (entity declarations, remote contexts, giant literals, bottomless nesting) and says where a
file is wrong. Relative IRIs are resolved against the publication's base, so that they do not depend on where the folder
lies. It stores nothing and fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Quotation, Sentence, SourceError
from graph.sources.document_checks import DocumentWarning, Told, check_triple_terms, comment_to_the_end, unheard
from graph.sources.json_ld import REMOTE, read_json_ld
from graph.sources.rdfxml import WatchedXml, WithoutEntities, place_of_error

RDF_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "nquads": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
}
"""The formats that are read, by the names of ``graph.model.formats``."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_TOKEN = 16 << 20
"""The buffer of pyoxigraph's parsers, in bytes: no token can be longer (in JSON-LD, half of it)."""
TOO_LONG = Sentence("split it: 8 MiB are taken in JSON-LD, 16 MiB elsewhere")

REMEDIES = (
    ("LoadDocumentCallback", REMOTE),
    ("UTF-8", Sentence("save the file as UTF-8")),
    ("utf-8", Sentence("save the file as UTF-8")),
    ("Unexpected byte: ", Sentence("save the file as UTF-8")),
    ("\\x00", Sentence("is the file UTF-8, and not UTF-16?")),
    ("No scheme found", Sentence("write absolute IRIs, between < and >")),
    ("has not been declared", Sentence("declare it with @prefix")),
)


def read_rdf(path: Path, name: str, *, form: str, base: str, told: Told = unheard) -> Iterator[ox.Quad]:
    """Yield the quads of the RDF file ``path``; triples come in the default graph.

    Args:
        path: the file.
        name: how the user calls the file, for messages.
        form: its format, one of ``RDF_FORMATS``.
        base: the IRI against which its relative IRIs are resolved (RFC 3986 5.1.4).
        told: told what is left out, though the file is read.

    Raises:
        SourceError: the file cannot be read or parsed; with line and column where the parser knows them.
    """
    try:
        with path.open("rb") as stream:
            yield from read_rdf_stream(stream, name, form=RDF_FORMATS[form], base=base, told=told)
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def read_rdf_stream(
    stream: IO[bytes], name: str, *, form: ox.RdfFormat, base: str, told: Told = unheard
) -> Iterator[ox.Quad]:
    """Yield the quads of an open RDF document that can seek; as ``read_rdf``."""
    start = stream.read(3)
    if not start:
        raise SourceError(
            name, Sentence("the file is empty"), remedy=Sentence("write at least one triple, or remove it")
        )
    if start != BYTE_ORDER_MARK:
        stream.seek(0)
    if form == ox.RdfFormat.RDF_XML:
        yield from _read_rdf_xml(stream, name, base)
        return
    try:
        if form == ox.RdfFormat.JSON_LD:
            yield from read_json_ld(stream, name, base=base, told=told)
            return
        check_triple_terms(stream, name)
        if (column := comment_to_the_end(stream)) is not None:
            told(DocumentWarning(name, "comment", line=1, column=column))
        yield from ox.parse(input=stream, format=form, base_iri=None if form == ox.RdfFormat.N_QUADS else base)
    except SyntaxError as problem:
        raise _source_error(name, problem, problem.lineno, problem.offset) from problem
    except MemoryError as problem:
        raise SourceError(
            name, Sentence("a literal or another token is too long"), _line(stream), remedy=TOO_LONG
        ) from problem


def _read_rdf_xml(stream: IO[bytes], name: str, base: str) -> Iterator[ox.Quad]:
    start, watched = stream.tell(), WatchedXml(stream, name, LONGEST_TOKEN)
    try:
        read = cast(IO[bytes], WithoutEntities(watched, name))
        yield from ox.parse(input=read, format=ox.RdfFormat.RDF_XML, base_iri=base)
        while watched.read(LONGEST_TOKEN):
            """The parser stops at the end of the root element; what follows must be XML, too."""
    except SyntaxError as problem:
        stream.seek(start)
        document = stream.read()
        if watched.entities:
            stream.seek(start)
            document = WithoutEntities(WatchedXml(stream, name, LONGEST_TOKEN), name).read_all()
        raise _source_error(name, problem, *place_of_error(document, base)) from problem


def _line(stream: IO[bytes]) -> int:
    """Return the line of the token that fills the parser's buffer, which ends where the stream stands."""
    end, line = stream.tell() - LONGEST_TOKEN, 1
    stream.seek(0)
    for start in range(0, end, 1 << 20):
        line += stream.read(min(1 << 20, end - start)).count(b"\n")
    return line


def _source_error(name: str, problem: SyntaxError, line: int | None, column: int | None) -> SourceError:
    text = re.sub(r"^Parser error at line \d+.*?: ", "", problem.msg).strip()
    text = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
    remedy = next((each for part, each in REMEDIES if part in text), NO_WORDS)
    return SourceError(name, Quotation(text), line, column, remedy)
