"""Shapes of queries: programs ask one query with ever other constants; what the guard found out of one holds for all.

The shape of a query is its text without what stands in its plain IRIs and strings. These are tokens whatever stands
in them (SPARQL 1.1 Query 19.8: IRIREF, STRING_LITERAL2), and what the guard says does not depend on them, as long as
no dataset, service or function is named by an IRI, and nothing had to be written differently. Everything else is read
by the guard every time, and so is every text with an escape, a single or triple quotation mark or the letters of
SERVICE: of such a text this module says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from graph.query import disguises
from graph.query.guard import ReadQuery

LONGEST = 8_000
MOST_BYTES, COPIES, OVERHEAD_BYTES = 8 << 20, 6, 1_000
CONSTANT = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\'\x00-\x20\x7f]*>|\"[^\"\\\n\r]*\"")
UNCERTAIN = re.compile(r"[\\'\x00\ud800-\udfff]|\"\"\"")
MARKS = {"<": "\x00<", '"': '\x00"'}


@dataclass(frozen=True, slots=True)
class _Known:
    """What a query of some shape was read as, and its normal form without the constants."""

    query: ReadQuery
    pieces: tuple[str, ...]

    @property
    def size(self) -> int:
        """About how many bytes it takes, with its shape."""
        return COPIES * len(self.query.text) + OVERHEAD_BYTES


class Shapes:
    """What was read before, by shape: for one set of rules of the guard, the same at each call."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: LRUCache[str, _Known] = LRUCache(MOST_BYTES, getsizeof=lambda known: known.size)

    def read(self, text: str, read: Callable[[str], ReadQuery]) -> ReadQuery:
        """Return what ``read`` (``graph.query.guard.read_query``) returns for a text, where possible without asking it.

        Raises:
            HamkorError: as ``read``.
        """
        if len(text) > LONGEST or UNCERTAIN.search(text) or disguises.mentioned(text):
            return read(text)
        constants = CONSTANT.findall(text)
        shape = CONSTANT.sub(_mark, text)
        known = self._known.get(shape)
        if known is None:
            found = read(text)
            if (pieces := _pieces(found, constants)) is not None:
                self._known[shape] = _Known(found, pieces)
            return found
        normalised = _joined(known.pieces, constants)
        return replace(known.query, text=text, written=text, normalised=normalised)


def _mark(found: re.Match[str]) -> str:
    return MARKS[found[0][0]]


def _pieces(found: ReadQuery, constants: list[str]) -> tuple[str, ...] | None:
    """Return the normal form around the constants, or None where what was read may hold for this text only."""
    if found.text != found.written or found.services or found.functions or found.clauses.is_named:
        return None
    if CONSTANT.findall(found.normalised) != constants:
        return None  # some stand in a comment
    return tuple(CONSTANT.split(found.normalised))


def _joined(pieces: tuple[str, ...], constants: list[str]) -> str:
    parts = [pieces[0]]
    for constant, piece in zip(constants, pieces[1:], strict=True):
        parts += (constant, piece)
    return "".join(parts)
