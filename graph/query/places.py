"""Where a character of a rewritten query stood in the text that the client sent.

It knows nothing of SPARQL: it replaces slices of a text and finds the way back, so that an error in what was run
names a line and a column of what was written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """One slice to be replaced: from ``start`` to before ``end``, in characters."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A text, and how it came from an earlier one.

    Attributes:
        text: the text as it is now.
        marks: for each replaced slice where it begins and ends now, and where it began and ended before; ascending.
    """

    text: str
    marks: tuple[tuple[int, int, int, int], ...] = ()

    def origin(self, offset: int) -> int:
        """Return where the character at ``offset`` stood in the earlier text; a replacement maps to its slice."""
        index = bisect_right(self.marks, offset, key=lambda mark: mark[0]) - 1
        if index < 0:
            return offset
        _, end, was_start, was_end = self.marks[index]
        return was_start if offset < end else was_end + offset - end


def revised(text: str, edits: Sequence[Edit]) -> Revision:
    """Replace the slices, which are in ascending order and do not overlap."""
    parts: list[str] = []
    marks: list[tuple[int, int, int, int]] = []
    taken = length = 0
    for start, end, replacement in edits:
        kept = text[taken:start]
        parts += (kept, replacement)
        begins = length + len(kept)
        length = begins + len(replacement)
        marks.append((begins, length, start, end))
        taken = end
    parts.append(text[taken:])
    return Revision("".join(parts), tuple(marks))


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and the 1-based column, in characters, of an offset; LF ends a line."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_at(text: str, line: int, column: int) -> int:
    """Return the offset of a 1-based line and column; a place behind the end of the text is its end."""
    start = 0
    for _ in range(line - 1):
        found = text.find("\n", start)
        if found < 0:
            return len(text)
        start = found + 1
    return min(start + column - 1, len(text))
