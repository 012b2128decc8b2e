"""Answers: written to memory or to a file, within bounds, and kept for who asks again; a release never changes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from graph.query.engine import Answer

# Answers that were given before: a release never changes, so neither does its answer to a query.
#
# Bounded in bytes, least recently used first out. It holds whole answers only, and none that calls another service or a
# function whose value changes (that is for its user to decide). It is used from one thread.

OVERHEAD_BYTES = 400
LARGEST_SHARE = 8


class AnswerKey(NamedTuple):
    """What determines an answer, byte for byte: the release, and the digest of query, dataset and format."""

    release: str
    digest: str


@dataclass(slots=True)
class CacheCounts:
    """What the cache has seen, for metrics."""

    hits: int = 0
    misses: int = 0


class AnswerCache:
    """Answers by what determines them."""

    def __init__(self, size: int) -> None:
        """Hold at most ``size`` bytes; 0 holds nothing."""
        self.counts = CacheCounts()
        self._largest = size // LARGEST_SHARE
        self._answers: LRUCache[AnswerKey, Answer] = LRUCache(size, getsizeof=_size)

    @property
    def size(self) -> int:
        """How many bytes are held now."""
        return int(self._answers.currsize)

    def get(self, key: AnswerKey) -> Answer | None:
        """Return the answer, or None where it is not held."""
        found = self._answers.get(key)
        if found is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return found

    def put(self, key: AnswerKey, answer: Answer) -> None:
        """Hold an answer, unless it would take more than its share, or is a spool file."""
        if isinstance(answer.body, bytes) and _size(answer) <= self._largest:
            self._answers[key] = answer

    def keep(self, release: str) -> None:
        """Forget the answers of every other release."""
        for key in [key for key in self._answers if key.release != release]:
            del self._answers[key]


def _size(answer: Answer) -> int:
    return len(answer.body) + OVERHEAD_BYTES if isinstance(answer.body, bytes) else OVERHEAD_BYTES


# Where an answer is written: small ones stay in memory, large ones go to a file, too large ones are refused.
#
# A file belongs to the worker that writes it, whose process id begins its name, until the front takes it by a new name.
# So whoever ends a worker knows what to remove.

KEPT_BYTES = 256 << 10
DIGEST_BYTES = 12


class ResultTooLargeError(Exception):
    """The answer is larger than ``limits.result_mb`` allows."""


class Spool:
    """A file-like object for the engine to write to."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Write at most ``limit`` bytes; a file, where needed, is made in ``folder``."""
        self._folder, self._limit = folder, limit
        self._parts: list[bytes] = []
        self._descriptor: int | None = None
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        self.path: Path | None = None
        self.size = 0

    def write(self, data: bytes) -> int:
        """Take some bytes.

        Raises:
            ResultTooLargeError: the answer has grown beyond the limit.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise ResultTooLargeError
        self._digest.update(data)
        if self._descriptor is None:
            self._parts.append(bytes(data))
            if self.size > KEPT_BYTES:
                self._open()
        else:
            _write_all(self._descriptor, data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is where it belongs."""

    def body(self) -> bytes:
        """Return what is kept in memory: all of it, unless there is a file."""
        return b"" if self.path is not None else b"".join(self._parts)

    def digest(self) -> str:
        """Return the digest of everything that was written."""
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Close and remove the file."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the answer is whole."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        self._descriptor, name = tempfile.mkstemp(prefix=f"{os.getpid()}-", dir=self._folder)
        self.path = Path(name)
        _write_all(self._descriptor, b"".join(self._parts))
        self._parts.clear()


def digest_of(body: bytes) -> str:
    """Return the digest that an answer of these bytes has."""
    return blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def taken(path: Path) -> Path:
    """Take a worker's file: it moves up one folder, and is the caller's from now on.

    Raises:
        FileNotFoundError: the worker has been ended, and the file with it.
    """
    return path.rename(path.parent.parent / path.name)


def remove_left(folder: Path, pid: int) -> None:
    """Remove what a worker that has ended left in the folder."""
    for left in folder.glob(f"{pid}-*"):
        left.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
