r"""Codepoint escapes of strings and IRIs (``"a\u003Cb"``), and the byte order mark before a query.

Both are written out before anything else reads the text, so that what runs holds none: an escape becomes its
character, and where that would end the string or begin another escape, the character behind a backslash. Escapes
stand in strings and IRIs only (SPARQL 1.2 section 19.2; 1.1 had them everywhere): elsewhere they could make two
readers disagree about where code is, and the tokenizer refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from graph.errors import QuerySyntaxError
from graph.query.places import Edit, Revision, line_and_column, revised
from graph.query.tokens import Kind, Token, tokens

BYTE_ORDER_MARK = "\ufeff"
# Of two backslashes the second is escaped; what follows it is no codepoint escape.
_ESCAPE = re.compile(r"\\\\|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\[uU]")
_IN_STRINGS = {'"': '\\"', "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_NEVER_IN_IRIS = re.compile(r"[<>\"{}|^`\\\x00-\x20]")


def resolved(text: str) -> Revision:
    """Return a query or an update without a byte order mark, its codepoint escapes replaced by their characters.

    Raises:
        QuerySyntaxError: an escape is incomplete, stands for no character, or for one that no IRI may have; or there
            are escapes, and the text cannot be read.
    """
    marked = text.startswith(BYTE_ORDER_MARK)
    if not marked and "\\u" not in text and "\\U" not in text:
        return Revision(text)
    edits = [Edit(0, 1, "")] if marked else []
    for token in tokens(f" {text[1:]}" if marked else text):
        if token.kind in (Kind.STRING, Kind.IRI) and ("\\u" in token.text or "\\U" in token.text):
            edits += _edits(text, token)
    return revised(text, edits)


def _edits(text: str, token: Token) -> Iterator[Edit]:
    for found in _ESCAPE.finditer(token.text):
        if found[0] != "\\\\":
            start = token.start + found.start()
            yield Edit(start, start + len(found[0]), _written(text, found, start, token.kind))


def _written(text: str, escape: re.Match[str], start: int, kind: Kind) -> str:
    digits = escape[1] or escape[2]
    if digits is None:
        problem = "a codepoint escape needs four hexadecimal digits after \\u, eight after \\U"
    elif 0xD800 <= (code := int(digits, 16)) <= 0xDFFF:
        problem = "a surrogate is no character; write the whole codepoint after \\U, in eight digits"
    elif code > 0x10FFFF:
        problem = "there is no character with this codepoint"
    elif kind is Kind.STRING:
        return _IN_STRINGS.get(chr(code), chr(code))
    elif _NEVER_IN_IRIS.match(chr(code)):
        problem = "no IRI may have this character; percent-encode it"
    else:
        return chr(code)
    raise QuerySyntaxError(problem, *line_and_column(text, start), token=escape[0])
