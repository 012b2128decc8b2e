r"""Ways in which the engine reads a text otherwise than the grammar does, and how to write it so that both agree.

Rewriting of single tokens, no judgement. The engine (pyoxigraph 0.5.13) reads characters, not tokens, and falls back
to a shorter reading where a longer one fails: ``e:SERVICE`` is the name ``e:`` and a keyword to it if the whole is no
legal IRI, as with ``PREFIX e: <http://host:>``; and where a keyword can stand, it takes one off the beginning of a
name, as FROM off ``FROMx:a``. It resolves ``\uXXXX`` in strings and IRIs, and nowhere else: letters
so written mean the same there and can be no keyword.
"""

from __future__ import annotations

import re

_SERVICE = re.compile("service", re.ASCII | re.IGNORECASE)
# The keywords that decide whom a query asks and of which graphs.
_DECISIVE = re.compile("service|from|graph", re.ASCII | re.IGNORECASE)
# A local part with dots in two places, or a character beyond the basic plane: legal, and unreadable for the engine.
_BEYOND = re.compile(r":[^.]*\.+[^.]+\.+[^.]|[\U00010000-\U0010FFFF]")

# The engine wants the parenthesis of these directly behind them.
GLUED = frozenset({"CONCAT", "COALESCE", "BNODE"})


def mentioned(text: str) -> bool:
    """Whether the letters of SERVICE stand in the text, in any case; only ASCII letters count, as for the engine."""
    return _SERVICE.search(text) is not None


def mentions(text: str) -> int:
    """Return how often the letters of SERVICE stand in the text."""
    return len(_SERVICE.findall(text))


def decisive(name: str) -> bool:
    """Whether the letters of SERVICE, FROM or GRAPH stand in a prefixed name; ``FROMx:a`` is FROM x:a to the engine."""
    return _DECISIVE.search(name) is not None


def broken(token: str) -> str:
    """Write the letters of SERVICE in a string or an IRI so that they mean the same and can be no keyword."""
    return _SERVICE.sub(lambda found: f"{found[0][0]}\\u{ord(found[0][1]):04X}{found[0][2:]}", token)


def beyond_engine(name: str) -> bool:
    """Whether the engine cannot read this prefixed name, so that its IRI has to be written out."""
    return (name.count(".") > 1 or not name.isascii()) and _BEYOND.search(name) is not None
