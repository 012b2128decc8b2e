"""RDF/XML on its way to the parser: what pyoxigraph does not watch, expat does, piece by piece.

pyoxigraph expands entities, takes a document that breaks off for a whole one, and knows no line of its errors. So each
piece passes expat first, which must find it well-formed XML in UTF-8 without entities, nested and filled within bounds.
It knows nothing of RDF, and fetches nothing: a DTD elsewhere is not read.
"""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

from graph.errors import SourceError

LEVELS = 1000
BLOCK = 1 << 16
PARSE_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns# parseType"


class WatchedXml:
    """A stream of RDF/XML that is read tag by tag, so that an error is on the line of the tag read last."""

    def __init__(self, stream: IO[bytes], name: str, text_bytes: int) -> None:
        """Watch ``stream``, called ``name`` in messages, whose texts are of ``text_bytes`` at most."""
        self._stream, self._name, self._text_bytes = stream, name, text_bytes
        self._held, self._depth, self._given, self._text_start, self._literal = b"", 0, 0, 0, 0
        self._is_done = False
        self._expat = parser = expat.ParserCreate(namespace_separator=" ")
        parser.XmlDeclHandler = self._declaration
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    @property
    def line(self) -> int:
        """The line that has been reached, from 1."""
        return self._expat.CurrentLineNumber

    @property
    def column(self) -> int:
        """The column that has been reached, from 1."""
        return self._expat.CurrentColumnNumber + 1

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, to the end of a tag at most.

        Raises:
            SourceError: they are not what is taken.
        """
        if self._is_done:
            return b""
        if not self._held:
            self._held = self._stream.read(BLOCK)
        end = self._held.find(b">") + 1 or len(self._held)
        end = min(end, size) if size >= 0 else end
        piece, self._held = self._held[:end], self._held[end:]
        try:
            self._expat.Parse(piece, not piece)
        except expat.ExpatError as problem:
            text = expat.errors.messages.get(problem.code, str(problem))
            raise SourceError(
                self._name, f"no well-formed XML: {text}", problem.lineno, problem.offset + 1
            ) from problem
        self._given, self._is_done = self._given + len(piece), not piece
        if self._given - self._text_start > self._text_bytes:
            raise self._error(f"a text of more than {self._text_bytes:,} bytes", "split it")
        return piece

    def _declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "US-ASCII"):
            raise self._error(f"the file is in {encoding}, not in UTF-8", "save the file as UTF-8")

    def _entity(self, *_: object) -> None:
        raise self._error("XML entity declarations are not read", "write the text out in full")

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > LEVELS:
            raise self._error(f"elements nest more than {LEVELS} deep")
        if not self._literal:
            self._text_start = self._expat.CurrentByteIndex
            self._literal = self._depth if attributes.get(PARSE_TYPE) == "Literal" else 0

    def _end(self, _: str) -> None:
        if self._literal in (0, self._depth):
            self._text_start, self._literal = self._expat.CurrentByteIndex, 0
        self._depth -= 1

    def _error(self, problem: str, remedy: str = "") -> SourceError:
        return SourceError(self._name, problem, self.line, self.column, remedy)
