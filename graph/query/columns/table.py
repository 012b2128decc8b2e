"""The table: every triple twice as sorted numbers, the terms they stand for, and how long queries of a shape took."""

from __future__ import annotations

import math
import os
import re
from array import array
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

# Terms by number: sorted, so that IRIs compare as their numbers do; with what filters and sums ask of literals.
#
# A term is its canonical N-Triples text. It knows no triples.

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


class ColumnTermKind(IntEnum):
    """What a term is, as far as comparing it depends on that."""

    IRI = 0
    STRING = 1
    LANGUAGE_STRING = 2
    INTEGER = 3
    OTHER_NUMBER = 4
    DATE = 5
    OTHER = 6


@dataclass(frozen=True, slots=True)
class ReleaseTerms:
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


def describe(text: bytes) -> tuple[ColumnTermKind, int, str]:
    """Return the kind of a term, its value where it is an integer, and its language tag."""
    if text[:1] == b"<":
        return (ColumnTermKind.OTHER if text[:3] == b"<<(" else ColumnTermKind.IRI), 0, ""
    if text[:1] != b'"':
        return ColumnTermKind.OTHER, 0, ""
    end = text.rindex(b'"')
    rest = text[end + 1 :]
    if not rest:
        return ColumnTermKind.STRING, 0, ""
    if rest[:1] == b"@":
        tag = rest[1:].decode()
        return (ColumnTermKind.OTHER, 0, "") if "--" in tag else (ColumnTermKind.LANGUAGE_STRING, 0, tag)
    return _typed(text[1:end], rest[3:-1])


def _typed(lexical: bytes, datatype: bytes) -> tuple[ColumnTermKind, int, str]:
    name = datatype.removeprefix(XSD)
    if name == datatype:
        return ColumnTermKind.OTHER, 0, ""
    if name == b"integer" and SMALL_INTEGER.fullmatch(lexical):
        return ColumnTermKind.INTEGER, int(lexical), ""
    if name in NUMERIC:
        return ColumnTermKind.OTHER_NUMBER, 0, ""
    return (ColumnTermKind.DATE if name == b"date" and _is_day(lexical) else ColumnTermKind.OTHER), 0, ""


def _is_day(lexical: bytes) -> bool:
    """Whether a date without a zone is one that the calendar has; what is none cannot be compared (SPARQL 17.3)."""
    try:
        return PLAIN_DATE.fullmatch(lexical) is not None and bool(date.fromisoformat(lexical.decode()))
    except ValueError:
        return False


# The table: every triple twice, by predicate and subject and by predicate and object, as sorted 64-bit numbers.
#
# It is made once a release, by a process of its own, in a folder that all workers map into memory. It answers which
# pairs a predicate has; joining them is another matter (``relation``).

FILES = ("texts", "ends", "kinds", "numbers", "tags", "lowered", "lowered_ends", "by_subject", "by_object")
INDEX_FILE = "index.json"
TIMES_FILE = "times.npy"
HALF = 32
LOW = (1 << HALF) - 1


class Predicate(msgspec.Struct, frozen=True):
    """Where the pairs of a predicate stand, and how many different subjects and objects they have."""

    start: int
    end: int
    subjects: int
    objects: int


class _Index(msgspec.Struct, frozen=True):
    subjects: int
    objects: int
    predicates: dict[int, Predicate]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class TripleTable:
    """The triples of one release's merge.

    Attributes:
        terms: their terms.
        by_subject: for each predicate its pairs as ``subject << 32 | object``, sorted.
        by_object: for each predicate its pairs as ``object << 32 | subject``, sorted.
        predicates: where each predicate's pairs stand in both.
        subjects: how many different subjects there are.
        objects: how many different objects there are.
    """

    terms: ReleaseTerms
    by_subject: Ids
    by_object: Ids
    predicates: dict[int, Predicate]
    subjects: int
    objects: int

    def pairs(self, predicate: int, *, inverse: bool = False) -> Ids:
        """Return the sorted pairs of a predicate, those of objects and subjects where ``inverse``."""
        place = self.predicates.get(predicate)
        whole = self.by_object if inverse else self.by_subject
        return whole[place.start : place.end] if place is not None else whole[:0]

    @cached_property
    def size(self) -> int:
        """How many triples there are."""
        return len(self.by_subject)


def build(store: ox.Store, folder: Path) -> None:
    """Write the table of a store's default graph into ``folder``, which appears only when it is whole."""
    staged = folder.with_name(f"{folder.name}.making")
    staged.mkdir()
    text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    triples, texts = _numbered(text or b"")
    del text
    order = sorted(range(len(texts)), key=lambda number: sort_key(texts[number]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    subjects, predicates, objects = (place[np.frombuffer(each, np.int64)] for each in triples)
    languages = _write_terms([texts[number] for number in order], staged)
    found = _write_pairs(subjects, predicates, objects, staged)
    (staged / INDEX_FILE).write_bytes(
        msgspec.json.encode(_Index(_different(subjects), _different(objects), found, languages))
    )
    prepare(staged / TIMES_FILE)
    staged.rename(folder)


def open_table(folder: Path) -> TripleTable | None:
    """Return the table in a folder, mapped into memory; None where there is none (yet)."""
    if not os.path.exists(folder):  # noqa: PTH110  asked before every query
        return None
    index = msgspec.json.decode((folder / INDEX_FILE).read_bytes(), type=_Index)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in FILES}
    by_subject, by_object = arrays.pop("by_subject"), arrays.pop("by_object")
    terms = ReleaseTerms(**arrays, languages=index.languages)
    return TripleTable(terms, by_subject, by_object, index.predicates, index.subjects, index.objects)


def _numbered(text: bytes) -> tuple[tuple[array[int], ...], list[bytes]]:
    """Return subjects, predicates and objects by number, and what the numbers mean."""
    numbers: dict[bytes, int] = {}
    subjects, predicates, objects = array("q"), array("q"), array("q")
    for line in BytesIO(text):
        subject, predicate, rest = line.split(b" ", 2)
        subjects.append(numbers.setdefault(subject, len(numbers)))
        predicates.append(numbers.setdefault(predicate, len(numbers)))
        objects.append(numbers.setdefault(rest[:-3], len(numbers)))
    return (subjects, predicates, objects), list(numbers)


def _write_terms(texts: list[bytes], folder: Path) -> tuple[str, ...]:
    described = [describe(text) for text in texts]
    languages = {"": 0}
    tags = [languages.setdefault(tag, len(languages)) for _, _, tag in described]
    _write_texts(texts, "texts", "ends", folder)
    _write_texts([lowered(text) for text in texts], "lowered", "lowered_ends", folder)
    np.save(folder / "kinds.npy", np.array([kind for kind, _, _ in described], np.uint8))
    np.save(folder / "numbers.npy", np.array([number for _, number, _ in described], np.int64))
    np.save(folder / "tags.npy", np.array(tags, np.uint16))
    return tuple(languages)


def _write_texts(texts: list[bytes], name: str, name_of_ends: str, folder: Path) -> None:
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=ends[1:])
    np.save(folder / f"{name}.npy", np.frombuffer(b"".join(texts), np.uint8))
    np.save(folder / f"{name_of_ends}.npy", ends)


def _write_pairs(subjects: Ids, predicates: Ids, objects: Ids, folder: Path) -> dict[int, Predicate]:
    forward = (subjects << HALF) | objects
    backward = (objects << HALF) | subjects
    by_subject = forward[np.lexsort((forward, predicates))]
    by_object = backward[np.lexsort((backward, predicates))]
    np.save(folder / "by_subject.npy", by_subject)
    np.save(folder / "by_object.npy", by_object)
    names, counts = np.unique(predicates, return_counts=True)
    found, start = {}, 0
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        end = start + count
        found[name] = Predicate(start, end, _distinct(by_subject[start:end]), _distinct(by_object[start:end]))
        start = end
    return found


def _different(numbers: Ids) -> int:
    return int(np.count_nonzero(np.bincount(numbers)))


def _distinct(pairs: Ids) -> int:
    first = pairs >> HALF
    return 1 + int(np.count_nonzero(first[1:] != first[:-1])) if len(first) else 0


# How long queries of one shape took, by the engine and by the columns: what every worker learns, all of them know.
#
# A file of fixed size that all workers of a release map and write, without a lock: a shape has one place, where a later
# one takes the room of an earlier one. Two that write at once may leave a wrong time there, which the next queries put
# right: nothing but speed depends on it. It decides nothing (``answering`` does).

PLACES = 4096
LEARNT = 0.3
PLACE = np.dtype([("shape", "<u8"), ("engine", "<f4"), ("columns", "<f4")])


def prepare(path: Path) -> None:
    """Write a file in which nothing is known yet."""
    np.save(path, np.zeros(PLACES, PLACE))


class LearntTimes:
    """The times of all shapes, in a file that ``prepare`` has written."""

    def __init__(self, path: Path) -> None:
        """Map the file.

        Raises:
            OSError, ValueError: it is not there, or not such a file.
        """
        self._places: NDArray[np.void] = np.load(path, mmap_mode="r+")

    def of(self, shape: str) -> Times:
        """Return the times of a shape."""
        key = int.from_bytes(blake2b(shape.encode(), digest_size=8).digest(), "little")
        return Times(self._places[key % PLACES : key % PLACES + 1], key)


class Times:
    """The times of one shape, in seconds: None where they are not known, infinity where one cannot answer."""

    __slots__ = ("_key", "_place")

    def __init__(self, place: NDArray[np.void], key: int) -> None:
        """Stand for one place, which may hold another shape until something is learnt of this one."""
        self._place, self._key = place, key

    @property
    def engine(self) -> float | None:
        """How long the engine takes."""
        return self._read("engine")

    @property
    def columns(self) -> float | None:
        """How long the columns take."""
        return self._read("columns")

    def learn(self, *, engine: float | None = None, columns: float | None = None) -> None:
        """Note how long one of them took, which moves what is known a part of the way; infinity stays."""
        if self._place["shape"][0] != self._key:
            self._place[0] = (self._key, 0.0, 0.0)
        for name, seconds in (("engine", engine), ("columns", columns)):
            known = self._read(name)
            if seconds is not None and known != math.inf:
                first = known is None or seconds == math.inf
                self._place[name] = seconds if first else _moved(known or 0.0, seconds)

    def _read(self, name: str) -> float | None:
        return float(self._place[name][0]) or None if self._place["shape"][0] == self._key else None


def _moved(known: float, seconds: float) -> float:
    return known + LEARNT * (seconds - known)
