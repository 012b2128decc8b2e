"""Terms by number: sorted, so that IRIs compare as their numbers do; with what filters and sums ask of literals.

A term is its canonical N-Triples text. It knows no triples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
XSD = b"http://www.w3.org/2001/XMLSchema#"
PLAIN_DATE = re.compile(rb"\d{4}-\d\d-\d\d")
SMALL_INTEGER = re.compile(rb"-?\d{1,18}")
NUMERIC = frozenset({b"integer", b"decimal", b"double", b"float"})
ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
MOST_KNOWN = 10_000
NEWER_LETTERS = "\ua000"
UNKNOWN = b"\xff"
"""What stands for a text whose small letters are not known; no text is so in UTF-8."""
ESCAPE = re.compile(r"\\(?:u([0-9A-F]{4})|U([0-9A-F]{8})|(.))")


class Kind(IntEnum):
    """What a term is, as far as comparing it depends on that."""

    IRI = 0
    STRING = 1
    LANGUAGE_STRING = 2
    INTEGER = 3
    OTHER_NUMBER = 4
    DATE = 5
    OTHER = 6


@dataclass(frozen=True, slots=True)
class Terms:
    """All terms of a release.

    Attributes:
        texts: their texts, one after the other.
        ends: where each begins, and at last where the last one ends.
        kinds: the kind of each.
        numbers: the value of each integer; 0 for all others.
        tags: the number of each one's language tag; 0 for all that have none.
        languages: the tags by number.
        lowered: the texts of all terms in small letters, one after the other.
        lowered_ends: where each of these begins, and at last where the last one ends.
        known: the numbers of terms that were looked for before.
    """

    texts: NDArray[np.uint8]
    ends: Ids
    kinds: NDArray[np.uint8]
    numbers: Ids
    tags: NDArray[np.uint16]
    languages: tuple[str, ...]
    lowered: NDArray[np.uint8]
    lowered_ends: Ids
    known: dict[bytes, int] = field(default_factory=dict)

    def text(self, number: int) -> bytes:
        """Return the text of a term."""
        return self.texts[self.ends[number] : self.ends[number + 1]].tobytes()

    def find(self, text: bytes) -> int:
        """Return the number of a term, or -1 where no triple has it."""
        number = self.known.get(text)
        if number is None:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            number = self.known[text] = self._found(text)
        return number

    def _found(self, text: bytes) -> int:
        wanted, low, high = sort_key(text), 0, len(self.kinds)
        while low < high:
            middle = (low + high) // 2
            if sort_key(self.text(middle)) < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self.kinds) and self.text(low) == text else -1

    def lexical(self, number: int) -> str:
        """Return the IRI or the lexical form of a term (SPARQL 17.4.2.5, STR)."""
        return lexical(self.text(number))

    def places_in_lowered(self, numbers: Ids) -> tuple[list[int], list[int]] | None:
        """Return where the small letters of some terms begin and end; None where one's are not known."""
        starts, ends = self.lowered_ends[numbers], self.lowered_ends[numbers + 1]
        single = starts[ends - starts == 1]
        if (self.lowered[single] == UNKNOWN[0]).any():
            return None
        return starts.tolist(), ends.tolist()


def lexical(text: bytes) -> str:
    """Return the IRI or the lexical form of a term."""
    if text[0] == 60:
        return text[1:-1].decode()
    return unescaped(text[1 : text.rindex(b'"')].decode())


def lowered(text: bytes) -> bytes:
    """Return the small letters of what STR gives of a term; of newer letters the engine may know more."""
    if text[:1] not in b'<"' or text[:3] == b"<<(":
        return UNKNOWN
    plain = lexical(text)
    return UNKNOWN if not plain.isascii() and max(plain) >= NEWER_LETTERS else plain.lower().encode()


def sort_key(text: bytes) -> bytes:
    """Return by what terms are sorted: IRIs first, in the order of their characters."""
    return b"\x01" + text[1:-1] if text[:1] == b"<" and text[:3] != b"<<(" else b"\x02" + text


def unescaped(text: str) -> str:
    """Return a string without the escapes of N-Triples."""
    return ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    return ESCAPES[found[3]] if found[3] else chr(int(found[1] or found[2], 16))


def describe(text: bytes) -> tuple[Kind, int, str]:
    """Return the kind of a term, its value where it is an integer, and its language tag."""
    if text[:1] == b"<":
        return (Kind.OTHER if text[:3] == b"<<(" else Kind.IRI), 0, ""
    if text[:1] != b'"':
        return Kind.OTHER, 0, ""
    end = text.rindex(b'"')
    rest = text[end + 1 :]
    if not rest:
        return Kind.STRING, 0, ""
    if rest[:1] == b"@":
        tag = rest[1:].decode()
        return (Kind.OTHER, 0, "") if "--" in tag else (Kind.LANGUAGE_STRING, 0, tag)
    return _typed(text[1:end], rest[3:-1])


def _typed(lexical: bytes, datatype: bytes) -> tuple[Kind, int, str]:
    name = datatype.removeprefix(XSD)
    if name == datatype:
        return Kind.OTHER, 0, ""
    if name == b"integer" and SMALL_INTEGER.fullmatch(lexical):
        return Kind.INTEGER, int(lexical), ""
    if name in NUMERIC:
        return Kind.OTHER_NUMBER, 0, ""
    return (Kind.DATE if name == b"date" and _is_day(lexical) else Kind.OTHER), 0, ""


def _is_day(lexical: bytes) -> bool:
    """Whether a date without a zone is one that the calendar has; what is none cannot be compared (SPARQL 17.3)."""
    try:
        return PLAIN_DATE.fullmatch(lexical) is not None and bool(date.fromisoformat(lexical.decode()))
    except ValueError:
        return False
