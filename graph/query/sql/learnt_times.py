"""How long queries of one shape took, by the engine and by the index: what every worker learns, all of them know.

A file of fixed size that all workers of a release map and write, without a lock: a shape has one place, where a later
one takes the room of an earlier one. Two that write at once may leave a wrong time there, which the next queries put
right: nothing but speed depends on it. It decides nothing (``index_engine`` does).
"""

from __future__ import annotations

import math
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PLACES = 4096
LEARNT = 0.3
PLACE = np.dtype([("shape", "<u8"), ("engine", "<f4"), ("index", "<f4")])


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
    def index(self) -> float | None:
        """How long the index take."""
        return self._read("index")

    def learn(self, *, engine: float | None = None, index: float | None = None) -> None:
        """Note how long one of them took, which moves what is known a part of the way; infinity stays."""
        if self._place["shape"][0] != self._key:
            self._place[0] = (self._key, 0.0, 0.0)
        for name, seconds in (("engine", engine), ("index", index)):
            known = self._read(name)
            if seconds is not None and known != math.inf:
                first = known is None or seconds == math.inf
                self._place[name] = seconds if first else _moved(known or 0.0, seconds)

    def _read(self, name: str) -> float | None:
        return float(self._place[name][0]) or None if self._place["shape"][0] == self._key else None


def _moved(known: float, seconds: float) -> float:
    return known + LEARNT * (seconds - known)
