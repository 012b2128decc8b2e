"""RDF/XML on its way to the parser: what pyoxigraph does not watch, expat does, block by block.

pyoxigraph expands entities, takes a document that breaks off for a whole one, leaves out what an unknown rdf:parseType
holds, and knows no line of its errors. So expat sees each block first and must find it well-formed XML in UTF-8, nested
and filled within bounds. Entities that are plain texts, as Protégé declares them, are written out before the parser
sees them; others are refused. It knows little of RDF, and fetches nothing: a DTD elsewhere is not read.
"""

from __future__ import annotations

import re
from typing import IO, cast
from xml.parsers import expat
from xml.sax.saxutils import escape

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Said, Sentence, SourceError

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
