"""How deeply a document nests, and what stands where JSON-LD has IRIs, read before the parser sees it.

The parser has no bound of its own: pyoxigraph's stack overflows on some ten thousand nested triple terms, its memory
grows with the square of the depth of JSON, and nodes whose ``@id`` is no IRI it drops in silence. Only tokens are read
here, so that strings, IRIs and comments do not count. It judges no grammar: what is no token, the parser will say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from graph.errors import SourceError

TRIPLE_TERMS = 100
JSON_LEVELS = 500
BLOCK = 1 << 20
LONGEST_TOKEN = 16 << 20

TURTLE_TOKEN = re.compile(
    rb'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""'
    rb"|'{3}[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'{3}"
    rb'|"(?!"")[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
    rb"|'(?!'')[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
    rb"|\#[^\n]*+\n|\\.|<<|>>|<[^<>\n]*+>"
    rb"|(?P<torn>[\"'\#<\\])",
    re.DOTALL,
)
JSON_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]|(?P<torn>")', re.DOTALL)
NO_IRI = re.compile(
    rb'[\x00-\x20<>{}|^`]|\\u00(?:[01][0-9a-f]|20|22|3[ce]|5[ce]|60|7[bcd])|\\[bfnrt"\\]', re.IGNORECASE
)

REMOTE = "none is ever fetched; write the context into the file"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the line on which it begins."""

    text: bytes
    line: int


def check_triple_terms(stream: IO[bytes], name: str) -> None:
    """Make sure that the triple terms of a Turtle, TriG, N-Triples or N-Quads document nest within the bound.

    Args:
        stream: the document; it can seek, and stands where it stood afterwards.
        name: how the user calls it, for messages.

    Raises:
        SourceError: they do not.
    """
    start, found = stream.tell(), 0
    while found <= TRIPLE_TERMS and (block := stream.read(BLOCK)):
        found += block.count(b"<<")
    stream.seek(start)
    if found <= TRIPLE_TERMS:  # at the border of two blocks one may be missed, which is no matter
        return
    depth = 0
    for token in _tokens(stream, TURTLE_TOKEN):
        depth += (token.text == b"<<") - (token.text == b">>")
        if depth > TRIPLE_TERMS:
            raise SourceError(name, f"triple terms nest more than {TRIPLE_TERMS} deep", token.line)
    stream.seek(start)


def check_json_ld(stream: IO[bytes], name: str) -> None:
    """Make sure that a JSON-LD document nests within the bound, and that what ``@id`` says can be an IRI.

    Args:
        stream: the document; it can seek, and stands where it stood afterwards.
        name: how the user calls it, for messages.

    Raises:
        SourceError: it nests too deeply, or a node's ``@id`` is no IRI.
    """
    start, depth, keys = stream.tell(), 0, {b'"@id"'}
    key, colon = b"", False
    for token in _tokens(stream, JSON_TOKEN):
        text = token.text
        if text in (b"{", b"[", b"}", b"]"):
            depth += 1 if text in (b"{", b"[") else -1
        elif text.startswith(b'"') and colon and key in keys:
            _check_iri(text, name, token.line)
        elif text.startswith(b'"') and colon and key in (b'"@context"', b'"@import"'):
            raise SourceError(name, f"{_shown(text)} is a remote JSON-LD context", token.line, remedy=REMOTE)
        elif text == b'"@id"' and colon and not key.startswith(b'"@'):
            keys.add(key)
        if depth > JSON_LEVELS:
            raise SourceError(name, f"objects and arrays nest more than {JSON_LEVELS} deep", token.line)
        key, colon = (key, True) if text == b":" else (text, False)
    stream.seek(start)


def _check_iri(text: bytes, name: str, line: int) -> None:
    if NO_IRI.search(text[1:-1]):
        raise SourceError(name, f"{_shown(text)} is no IRI", line, remedy="percent-encode what an IRI may not hold")


def _shown(text: bytes) -> str:
    return text[:200].decode(errors="replace")


def _tokens(stream: IO[bytes], pattern: re.Pattern[bytes]) -> Iterator[Token]:
    """Yield the tokens to the end, or to where one has no end within the longest that the parser takes."""
    rest, line, is_last = b"", 1, False
    while not is_last and len(rest) < LONGEST_TOKEN:
        block = stream.read(max(BLOCK, len(rest)))  # a long token is then searched twice, not once a block
        is_last = not block
        rest, taken = rest + block, 0
        for match in pattern.finditer(rest):
            if match["torn"] is not None or (match.end() > len(rest) - 3 and not is_last):
                break
            line += rest.count(b"\n", taken, match.start())
            taken = match.start()
            yield Token(match[0], line)
            line += rest.count(b"\n", taken, match.end())
            taken = match.end()
        else:
            match = None
        keep = match.start() if match is not None else max(taken, len(rest) - 3)
        line += rest.count(b"\n", taken, keep)
        rest = rest[keep:]
