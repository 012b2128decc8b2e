"""The normal form of a query: no comments, uniform white space, everything else as it was written.

It serves as a key: two queries with one normal form have the same answer. It is no rewriting: names, variables, the
case of keywords and the order of patterns stay.
"""

from __future__ import annotations

from graph.query.tokens import Kind, Token

_TIGHT_AFTER = frozenset("{}([;,")
_TIGHT_BEFORE = frozenset("{})];,([")
# Two signs that together would be another token.
_APART = frozenset({"<(", "{|", "|}"})
_STEPS = frozenset({Kind.IRI, Kind.PREFIXED_NAME})


def separator(previous: Token, token: Token, *, gap: bool) -> str:
    """Return what stands between two tokens in the normal form: a blank or nothing.

    Args:
        previous: the token before; an empty text at the beginning.
        token: the token after.
        gap: whether white space or a comment lies between them.
    """
    left, right = previous.text, token.text
    if left in _TIGHT_AFTER or right in _TIGHT_BEFORE:
        return " " if left[-1:] + right[0] in _APART else ""
    if not left:
        return ""
    if right[0] in "?*+-" and token.kind is not Kind.VARIABLE and (previous.kind in _STEPS or left in {")", "a"}):
        # In a path ``ex:p+5`` the engine reads the sign as part of the path, and after a blank as part of the number.
        return " " if gap else ""
    return " "
