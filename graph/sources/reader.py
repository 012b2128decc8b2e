"""Any source file of a publication in, batches out: which reader it takes, how RDF is parsed, what RDF/XML hides."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat
from xml.sax.saxutils import escape

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Quotation, Said, Sentence, SourceError
from graph.model.formats import TABLE, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.sources.batches import Chunk, Origin, chunks
from graph.sources.document_checks import DocumentWarning, Told, check_triple_terms, comment_to_the_end, unheard
from graph.sources.json_ld import REMOTE, read_json_ld

# RDF/XML on its way to the parser: what pyoxigraph does not watch, expat does, block by block.
#
# pyoxigraph expands entities, takes a document that breaks off for a whole one, leaves out what an unknown
# rdf:parseType holds, and knows no line of its errors. So expat sees each block first and must find it well-formed XML
# in UTF-8, nested and filled within bounds. Entities that are plain texts, as Protégé declares them, are written out
# before the parser sees them; others are refused. It knows little of RDF, and fetches nothing: a DTD elsewhere is not
# read.

LEVELS = 1000
ATTRIBUTES = 1000
"""So many attributes of one element, and prefixes in force at once: pyoxigraph compares each with all others."""
BLOCK = 1 << 20
PARSE_TYPE, BAG_ID, RESOURCE, DATATYPE = (
    f"http://www.w3.org/1999/02/22-rdf-syntax-ns# {name}" for name in ("parseType", "bagID", "resource", "datatype")
)
PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
ENTITIES, ENTITY_CHARACTERS, ENTITY_GROWTH = 500, 1000, 8
"""How many entities there may be, how long each may be, and how many times longer they may make a document."""
REFERENCE = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|&(?P<name>[^\s;&<#]{1,200});"
    rb"|(?P<torn><!\[CDATA\[|<!--|<\?|<(?:!(?:\[[CDAT]*|-)?)?\Z|&[^;]{0,200}\Z)",
    re.DOTALL,
)
PROLOG = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE", re.DOTALL)
DTD = re.compile(rb"\"[^\"]*\"|'[^']*'|<!--.*?-->|<\?.*?\?>|[\[\]<>]", re.DOTALL)
PARSE_TYPES = frozenset({"Literal", "Resource", "Collection", "Triple"})


class WatchedXml:
    """A stream of RDF/XML, every block of which expat has seen before it is given out."""

    def __init__(self, stream: IO[bytes], name: str, text_bytes: int) -> None:
        """Watch ``stream``, called ``name`` in messages, whose texts are of ``text_bytes`` at most."""
        self._stream, self._name, self._text_bytes = stream, name, text_bytes
        self._block, self._given, self._taken, self._is_done = b"", 0, 0, False
        self._depth, self._text_start, self._literal, self._prefixes = 0, 0, 0, 0
        self._expat = parser = expat.ParserCreate(namespace_separator=" ")
        parser.XmlDeclHandler = self._declaration
        parser.EntityDeclHandler = self._entity
        self.entities, self.has_root = dict[bytes, bytes](), False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartNamespaceDeclHandler = self._prefix
        parser.EndNamespaceDeclHandler = self._prefix_ends

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most ``size`` of them.

        Raises:
            SourceError: they are not what is taken.
        """
        if self._given == len(self._block) and not self._is_done:
            self._take()
        piece = self._block[self._given : self._given + size] if size >= 0 else self._block[self._given :]
        self._given += len(piece)
        return piece

    def _take(self) -> None:
        self._block, self._given = self._stream.read(BLOCK), 0
        self._is_done = not self._block
        try:
            self._expat.Parse(self._block, self._is_done)
        except expat.ExpatError as problem:
            text = expat.errors.messages.get(problem.code, str(problem))
            raise SourceError(
                self._name, Sentence("no well-formed XML: %(words)s", words=text), problem.lineno, problem.offset + 1
            ) from problem
        self._taken += len(self._block)
        if self._taken - self._text_start > self._text_bytes:
            raise self._error(
                Sentence("a text of more than %(number)s bytes", number=self._text_bytes), Sentence("split it")
            )

    def _declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "US-ASCII"):
            raise self._error(
                Sentence("the file is in %(encoding)s, not in UTF-8", encoding=encoding),
                Sentence("save the file as UTF-8"),
            )

    def _entity(self, name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        """Take down an entity that is a plain text; of two declarations the first counts (XML 1.0, 4.2)."""
        if name in PREDEFINED and not is_parameter:
            return
        is_plain = value is not None and len(value) <= ENTITY_CHARACTERS and not {"<", "&"} & set(value)
        if is_parameter or value is None or not is_plain or len(self.entities) >= ENTITIES:
            raise self._error(Sentence("XML entity declarations are not read"), Sentence("write the text out in full"))
        self.entities.setdefault(name.encode(), escape(value, {'"': "&quot;", "'": "&apos;"}).encode())

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        self.has_root = True
        self._depth += 1
        if self._depth > LEVELS:
            raise self._error(Sentence("elements nest more than %(number)s deep", number=str(LEVELS)))
        if len(attributes) > ATTRIBUTES:
            raise self._error(
                Sentence("an element with more than %(number)s attributes", number=str(ATTRIBUTES)),
                Sentence("write properties as elements"),
            )
        if not self._literal:
            self._check(attributes)
            self._text_start = self._expat.CurrentByteIndex
            self._literal = self._depth if attributes.get(PARSE_TYPE) == "Literal" else 0

    def _check(self, attributes: dict[str, str]) -> None:
        """Refuse what the parser would leave out in silence."""
        if (found := attributes.get(PARSE_TYPE, "Literal")) not in PARSE_TYPES:
            raise self._error(
                Sentence("%(text)s is no rdf:parseType", text=repr(found[:100])),
                Sentence("write Literal, Resource, Collection or Triple"),
            )
        if BAG_ID in attributes:
            raise self._error(
                Sentence("rdf:bagID is no longer in RDF/XML, and would be left out"), Sentence("remove it")
            )
        if RESOURCE in attributes and (DATATYPE in attributes or PARSE_TYPE in attributes):
            raise self._error(
                Sentence("a property has rdf:resource, and a literal's attribute beside it"),
                Sentence("remove one of them"),
            )

    def _end(self, _: str) -> None:
        if self._literal in (0, self._depth):
            self._text_start, self._literal = self._expat.CurrentByteIndex, 0
        self._depth -= 1

    def _prefix(self, *_: object) -> None:
        self._prefixes += 1
        if self._prefixes > ATTRIBUTES:
            raise self._error(
                Sentence("more than %(number)s prefixes at once", number=str(ATTRIBUTES)), Sentence("declare fewer")
            )

    def _prefix_ends(self, _: object) -> None:
        self._prefixes -= 1

    def _error(self, problem: Said, remedy: Said = NO_WORDS) -> SourceError:
        line, column = self._expat.CurrentLineNumber, self._expat.CurrentColumnNumber + 1
        return SourceError(self._name, problem, line, column, remedy)


class WithoutEntities:
    """A watched document with its entities written out, and without its DTD; lines stay the lines that they were."""

    def __init__(self, watched: WatchedXml, name: str) -> None:
        """Read ``watched``, called ``name`` in messages."""
        self._watched, self._name = watched, name
        self._rest, self._ready, self._is_done = b"", b"", False
        self._has_begun, self._taken, self._added = False, 0, 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most ``size`` of them.

        Raises:
            SourceError: they are not what is taken, or the entities make too much of them.
        """
        while not self._ready and not self._is_done:
            self._take()
        cut = size if size >= 0 else len(self._ready)
        piece, self._ready = self._ready[:cut], self._ready[cut:]
        return piece

    def read_all(self) -> bytes:
        """Return all that is left."""
        return b"".join(iter(lambda: self.read(BLOCK), b""))

    def _take(self) -> None:
        block = self._watched.read(BLOCK)
        self._is_done, self._taken = not block, self._taken + len(block)
        self._rest += block
        if not self._has_begun and not self._watched.has_root and not self._is_done:
            return  # the DTD may not be whole yet; the bound of texts is that of what stands before the root, too
        if not self._watched.entities:
            self._ready, self._rest = self._rest, b""
        else:
            self._rest = self._rest if self._has_begun else _without_dtd(self._rest)
            self._ready, self._rest = self._written_out()
        self._has_begun = True

    def _written_out(self) -> tuple[bytes, bytes]:
        """Return what is ready, and what is not whole yet."""
        parts, end = list[bytes](), 0
        for found in REFERENCE.finditer(self._rest):
            if found["torn"] is not None and not self._is_done:
                return b"".join((*parts, self._rest[end : found.start()])), self._rest[found.start() :]
            text = self._watched.entities.get(found["name"] or b"")
            if text is not None:
                parts += (self._rest[end : found.start()], text)
                end = found.end()
                self._added += len(text)
        if self._added > ENTITY_GROWTH * self._taken:
            problem = Sentence("its XML entities make it more than %(number)s times as long", number=str(ENTITY_GROWTH))
            raise SourceError(self._name, problem, remedy=Sentence("write the text out in full"))
        return b"".join((*parts, self._rest[end:])), b""


def _without_dtd(document: bytes) -> bytes:
    """Return the beginning of a document with nothing but line ends in the place of its DTD."""
    begins = next((found for found in PROLOG.finditer(document) if found[0] == b"<!DOCTYPE"), None)
    depth = 0
    for found in DTD.finditer(document, begins.end()) if begins is not None else ():
        depth += (found[0] in (b"[", b"<")) - (found[0] in (b"]", b">"))
        if depth < 0 and begins is not None:
            lines = document.count(b"\n", begins.start(), found.end())
            return document[: begins.start()] + b"\n" * lines + document[found.end() :]
    return document


class _TagByTag:
    """A document given out to the end of a tag at a time, so that it is known where the parser stopped."""

    def __init__(self, document: bytes) -> None:
        self._document, self.start, self.end = document, 0, 0

    def read(self, size: int = -1, /) -> bytes:
        self.start = self.end
        tag = self._document.find(b">", self.start) + 1 or len(self._document)
        self.end = min(tag, self.start + size) if size >= 0 else tag
        return self._document[self.start : self.end]


def place_of_error(document: bytes, base: str) -> tuple[int, int]:
    """Return line and column (from 1, in bytes) of the tag at which pyoxigraph stops reading an RDF/XML document."""
    stream = _TagByTag(document)
    try:
        for _ in ox.parse(input=cast(IO[bytes], stream), format=ox.RdfFormat.RDF_XML, base_iri=base):
            pass
    except SyntaxError:
        pass
    before = document[: document.find(b"<", stream.start, stream.end) + 1 or stream.start + 1]
    return before.count(b"\n") + 1, len(before) - before.rfind(b"\n") - 1


# RDF files in: Turtle, TriG, N-Triples, N-Quads, JSON-LD and RDF/XML, parsed by pyoxigraph, quad by quad.
#
# It refuses what could hurt (entity declarations, remote contexts, giant literals, bottomless nesting) and says where a
# file is wrong. Relative IRIs are resolved against the publication's base, so that they do not depend on where the
# folder lies. It stores nothing and fetches nothing.

RDF_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "nquads": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
}
"""The formats that are read, by the names of ``graph.model.formats``."""
WITH_GRAPHS = frozenset({"jsonld", "nquads", "trig"})
"""Those in which quads may be of named graphs."""
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


# Any source file of a publication in, chunks out: the one door through which files become triples.
#
# What is packed with gzip or Zstandard is unpacked into a file that is gone afterwards, within a bound.

PIECE = 1 << 20
PIECE_OF_ZSTD = 1 << 10
"""A block of Zstandard may be four bytes and give 128 KiB: this much gives 32 MiB at most."""
NOT_WHOLE = Sentence("the file breaks off")


def read_source(source: SourceFile, *, base: str, limits: LimitSettings, told: Told = unheard) -> Iterator[Chunk]:
    """Yield the triples of a source file; none of a table whose metadata says so (``suppressOutput``).

    Args:
        source: the file.
        base: the publication's base.
        limits: the publication's limits.
        told: told what is left out of the file, or doubtful in it.

    Raises:
        SourceError: it cannot be read.
    """
    found = recognised(source.path)
    form, origin = source.form or found.form, Origin(source.name, source.graph, base, limits.literal_mb << 20)
    if not form:
        raise SourceError(source.name, found.reason)
    with unpacked(source.path, source.name, found.coding, limits.unpacked_mb) as content:
        if form == TABLE:
            yield from _table(source, content, origin)
        else:
            quads = read_rdf(content, source.name, form=form, base=base, told=told)
            yield from chunks(quads, origin, may_be_named=form in WITH_GRAPHS)


def lies_in_lines(source: SourceFile) -> bool:
    """Whether each line of a file is a triple, if it is what its name says, and it can be read more than once."""
    found = recognised(source.path)
    return (source.form or found.form) == "ntriples" and not found.coding and source.path.is_file()


def _table(source: SourceFile, content: Path, origin: Origin) -> Iterator[Chunk]:
    from graph.sources.csvw.conversion import TableFile, is_suppressed, read_described  # noqa: PLC0415  csvw is slow to import

    file = TableFile(source.path, origin.base, source.name, content, source.inner, origin.literal_bytes)
    quads = read_described(file)
    if is_suppressed(file):
        for _ in quads:
            """Its cells are checked all the same."""
        return
    yield from chunks(quads, origin)


@contextmanager
def unpacked(path: Path, name: str, coding: str, most_mb: int) -> Iterator[Path]:
    """Give a file that holds what a packed one does; the file itself where it is not packed.

    Args:
        path: the file.
        name: how the user calls it, for messages.
        coding: as ``graph.model.formats`` has it.
        most_mb: how much it may be, unpacked, in MiB.

    Raises:
        SourceError: it is not packed so, breaks off, or is too much.
    """
    if not coding:
        yield path
        return
    with HeldFolder() as folder, (folder / "unpacked").open("wb") as spool:
        left = most_mb << 20
        for piece in _pieces(path, name, coding):
            left -= len(piece)
            if left < 0:
                problem = Sentence("unpacked, it is more than %(number)s MiB", number=most_mb)
                raise SourceError(
                    name, problem, remedy=Sentence("divide it, or raise limits.unpacked_mb in hamkor.toml")
                )
            spool.write(piece)
        spool.flush()
        yield Path(spool.name)


def _pieces(path: Path, name: str, coding: str) -> Iterator[bytes]:
    try:
        yield from _gzip(path) if coding == "gzip" else _zstd(path)
    except EOFError as problem:
        raise SourceError(name, NOT_WHOLE, remedy=Sentence("fetch or pack it again")) from problem
    except (gzip.BadGzipFile, zlib.error, ValueError) as problem:
        raise SourceError(
            name,
            Sentence("it is no %(coding)s file: %(words)s", coding=coding, words=problem),
            remedy=Sentence("pack it again"),
        ) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def _gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _zstd(path: Path) -> Iterator[bytes]:
    """Yield what all frames of a file hold; a frame that has no end is an error, which the library's stream is not."""
    import zstandard  # noqa: PLC0415  few files are packed so

    library = zstandard.ZstdDecompressor()
    frame, rest, has_begun = library.decompressobj(), b"", False
    try:
        with path.open("rb") as stream:
            while rest or (rest := stream.read(PIECE_OF_ZSTD)):
                has_begun = True
                yield frame.decompress(rest)
                rest = frame.unused_data
                if frame.eof:
                    frame, has_begun = library.decompressobj(), False
    except zstandard.ZstdError as problem:
        raise ValueError(str(problem)) from problem
    if has_begun:
        raise EOFError
