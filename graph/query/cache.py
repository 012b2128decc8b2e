"""Answers that were given before: a release never changes, so neither does its answer to a query.

Bounded in bytes, least recently used first out. It holds whole answers only, and none that calls another service or a
function whose value changes (that is for its user to decide). It is used from one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from graph.query.engine import Answer

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
