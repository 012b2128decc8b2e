"""Lines of N-Quads as arrays: where subject, predicate and object of each begin and end, found by numpy.

All lines are canonical and of one named graph, as members have them. It makes Python objects only of the lines that
are asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from graph.errors import unreadable
from graph.linking.statements import Statement

BLOCK = 4 << 20
BLANK, NEWLINE, LESS_THAN = 32, 10, 60
WORD, WORDS = 8, 8
PRIME = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def read_lines(path: Path, graph: str, size: int = BLOCK) -> Iterator[Lines]:
    """Yield the lines of a member file, so many bytes at a time.

    Raises:
        ReleaseError: the file cannot be read or is not whole.
    """
    ending, rest = f" <{graph}> .".encode(), b""
    try:
        with igzip.open(path, "rb") as stream:  # type: ignore[no-untyped-call]
            while part := stream.read(size):
                block, newline, rest = (rest + part).rpartition(b"\n")
                if newline:
                    yield Lines(block + newline, len(ending))
    except (OSError, EOFError, zlib.error) as problem:
        raise unreadable(path.name, problem) from problem


class Lines:
    """Some whole lines of N-Quads.

    Attributes:
        text: the lines, each with its end.
    """

    def __init__(self, text: bytes, ending: int) -> None:
        """Find where the parts of each line are; ``ending``: the length of blank, graph, blank and full stop."""
        self.text = text
        signs = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(signs == NEWLINE)
        self._starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        blanks = np.flatnonzero(signs == BLANK)
        first = np.searchsorted(blanks, self._starts)
        self._first, self._second = blanks[first], blanks[first + 1]
        self._ends = ends - ending
        self._signs = signs

    @cached_property
    def _predicates(self) -> Hashes:
        return hashed(self.text, self._second, self._second - self._first - 1, words=2)

    def _with(self, predicates: Collection[bytes]) -> Iterator[tuple[int, int, int, int]]:
        """Yield where the lines begin that most likely have one of some predicates, and where their parts end."""
        wanted = np.unique(hashes_of(tuple(predicates), words=2))
        at = np.minimum(np.searchsorted(wanted, self._predicates), len(wanted) - 1)
        found = np.flatnonzero(wanted[at] == self._predicates)
        places = (self._starts[found], self._first[found], self._second[found], self._ends[found])
        return zip(*(each.tolist() for each in places), strict=True)

    def targets(self, predicates: Collection[bytes]) -> Iterator[bytes]:
        """Yield the objects of the lines that have one of some predicates."""
        text = self.text
        for _, first, second, end in self._with(predicates):
            if text[first + 1 : second] in predicates:
                yield text[second + 1 : end]

    def said(self, role_of: Mapping[bytes, tuple[int, int]]) -> Iterator[tuple[bytes, list[Statement]]]:
        """Yield subjects with what is said of them by some properties; one may come more than once."""
        text, known, subject, found, role = self.text, -1, b"", list[Statement](), role_of.get
        for start, first, second, end in self._with(role_of):
            if (property_ := role(text[first + 1 : second])) is None:
                continue
            if first - start != known or not text.startswith(subject, start):  # its lines mostly follow each other
                if found:
                    yield subject, found
                subject, known, found = text[start:first], first - start, []
            kind, rank = property_
            found.append((kind, rank, text[second + 1 : end]))
        if found:
            yield subject, found

    def subjects(self) -> Iterator[bytes]:
        """Yield the subjects; one that has several lines, which mostly follow each other, mostly once."""
        hashes = hashed(self.text, self._first, self._first - self._starts)
        changes = np.flatnonzero(np.concatenate([np.ones(min(1, len(hashes)), bool), hashes[1:] != hashes[:-1]]))
        for start, end in zip(self._starts[changes].tolist(), self._first[changes].tolist(), strict=True):
            yield self.text[start:end]

    def hashes_of_targets(self, without: bytes) -> Hashes:
        """Return a hash of each object that is an IRI, as often as it stands there; not where the predicate is this."""
        is_iri = self._signs[self._second + 1] == LESS_THAN
        is_iri &= self._predicates != hashes_of((without,), words=2)[0]
        ends = self._ends[is_iri]
        return hashed(self.text, ends, ends - self._second[is_iri] - 1)


def hashes_of(terms: Sequence[bytes], words: int = WORDS) -> Hashes:
    """Return the hashes of terms as ``hashed`` makes them."""
    lengths = np.fromiter((len(each) for each in terms), np.int64, len(terms))
    return hashed(b"".join(terms), np.cumsum(lengths), lengths, words)


def hashed(text: bytes, ends: Places, lengths: Places, words: int = WORDS) -> Hashes:
    """Return a hash of each stretch of a text: of its length and its last eight bytes so many times.

    Eight times eight bytes tell IRIs apart for counting; who needs to be sure compares the bytes.
    """
    padding = WORD * words
    padded = bytes(padding) + text
    view: NDArray[np.uint64] = np.ndarray((len(padded) - WORD + 1,), "<u8", padded, strides=(1,))
    found = lengths.astype(np.uint64) * PRIME
    for number in range(1, words + 1):
        missing = np.clip(WORD * number - lengths, 0, WORD)
        part = view[ends + padding - WORD * number] >> (8 * np.minimum(missing, WORD - 1)).astype(np.uint64)
        part[missing == WORD] = 0
        found = (found ^ part) * PRIME
        found ^= found >> np.uint64(29)
    return found
