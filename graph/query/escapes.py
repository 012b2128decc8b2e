r"""Codepoint escapes of SPARQL (``\u0053ERVICE``), resolved before anything else reads the query.

SPARQL 1.1 section 19.2 wants them processed before the grammar; engines differ: pyoxigraph resolves them in strings
and IRIs only. So they are resolved here, everywhere, and what runs holds none. An escape for a character that
begins or ends a string, an IRI or a comment is refused: it alone could make two readers disagree about where code is.
"""

from __future__ import annotations

import re

from graph.errors import QuerySyntaxError
from graph.query.places import Edit, Revision, line_and_column, revised

# A pair of backslashes is one escaped backslash; what follows it is no codepoint escape.
_ESCAPE = re.compile(r"\\\\|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\[uU]")
_DELIMITERS = frozenset("\"'\\#<>\r\n")


def resolved(text: str) -> Revision:
    """Return the query with every codepoint escape replaced by its character.

    Raises:
        QuerySyntaxError: an escape is incomplete, stands for no character, or for one that delimits strings, IRIs or
            comments.
    """
    if "\\u" not in text and "\\U" not in text:
        return Revision(text)
    edits = [
        Edit(found.start(), found.end(), _character(text, found))
        for found in _ESCAPE.finditer(text)
        if found[0] != "\\\\"
    ]
    return revised(text, edits)


def _character(text: str, escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2]
    problem = ""
    if digits is None:
        problem = "a codepoint escape needs four hexadecimal digits after \\u, eight after \\U"
    elif 0xD800 <= (code := int(digits, 16)) <= 0xDFFF:
        problem = "a surrogate is no character; write the whole codepoint after \\U, in eight digits"
    elif code > 0x10FFFF:
        problem = "there is no character with this codepoint"
    elif chr(code) in _DELIMITERS:
        problem = "a codepoint escape must not stand for a delimiter; write it plainly, in a string behind a backslash"
    else:
        return chr(code)
    raise QuerySyntaxError(problem, *line_and_column(text, escape.start()), token=escape[0])
