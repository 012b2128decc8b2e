"""How many distinct subjects, objects and uses of each property a release has, counted while it is written.

The counts are over the merge: a triple in several graphs counts once. Terms are told apart by a 64-bit hash of this
process, which is enough for statistics and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graph.releases.digest import Lanes
from graph.releases.manifest import Statistics
from graph.releases.overlap import repeated_keys

Hashes = NDArray[np.int64]


@dataclass
class TermHashes:
    """The terms of one graph's triples, in the order of its triples, as hashes."""

    subjects: list[Hashes] = field(default_factory=list)
    objects: list[Hashes] = field(default_factory=list)
    properties: list[Hashes] = field(default_factory=list)
    names: dict[int, bytes] = field(default_factory=dict)

    def add(self, lines: Sequence[bytes]) -> None:
        """Take canonical N-Triples lines."""
        parts = [line.split(b" ", 2) for line in lines]
        count = len(parts)
        self.subjects.append(np.fromiter((hash(part[0]) for part in parts), np.int64, count))
        self.objects.append(np.fromiter((hash(part[2]) for part in parts), np.int64, count))
        self.properties.append(np.fromiter((hash(part[1]) for part in parts), np.int64, count))
        self.names.update((hash(name), name) for name in {part[1] for part in parts})


def statistics(graphs: Mapping[str, tuple[Sequence[Lanes], TermHashes]]) -> Statistics:
    """Return the statistics of the merge of some graphs, given the keys and terms of each one's distinct triples."""
    terms = [each for _, each in graphs.values()]
    keys = np.concatenate([*(part for parts, _ in graphs.values() for part in parts), np.zeros((0, 2), np.uint64)])
    properties = _joined(part for each in terms for part in each.properties)
    names = {number: name for each in terms for number, name in each.names.items()}
    once = properties[_first_of_each(keys)]
    numbers, counts = np.unique(once, return_counts=True)
    uses = {names[int(number)][1:-1].decode(): int(count) for number, count in zip(numbers, counts, strict=True)}
    return Statistics(
        subjects=len(np.unique(_joined(part for each in terms for part in each.subjects))),
        objects=len(np.unique(_joined(part for each in terms for part in each.objects))),
        properties=dict(sorted(uses.items())),
    )


def _joined(parts: Iterable[Hashes]) -> Hashes:
    return np.concatenate([*parts, np.zeros(0, np.int64)])


def _first_of_each(keys: Lanes) -> NDArray[np.bool_]:
    """Return which rows are the first with their key."""
    first = np.ones(len(keys), np.bool_)
    repeated = repeated_keys(keys)
    if len(repeated):
        doubtful = np.flatnonzero(np.isin(keys[:, 0], repeated))
        _, places = np.unique(keys[doubtful], axis=0, return_index=True)
        first[doubtful] = False
        first[doubtful[places]] = True
    return first
