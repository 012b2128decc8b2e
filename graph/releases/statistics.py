"""How many distinct subjects, objects and uses of each property a release has, counted while it is written.

The counts are over the merge: a triple in several graphs counts once. Terms are told apart by a 64-bit hash of this
process, which is enough for statistics and for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graph.namespaces import RDF_TYPE
from graph.releases.digest import Lanes, joined
from graph.releases.manifest import Statistics
from graph.releases.overlap import first_of_each

Hashes = NDArray[np.int64]
TYPE = f"<{RDF_TYPE}>".encode()
IRI = re.compile(rb"<[^<>]*> \.")


@dataclass
class TermHashes:
    """The terms of one graph's triples, in the order of its triples, as hashes."""

    subjects: list[Hashes] = field(default_factory=list)
    objects: list[Hashes] = field(default_factory=list)
    properties: list[Hashes] = field(default_factory=list)
    names: dict[int, bytes] = field(default_factory=dict)
    classes: dict[int, bytes] = field(default_factory=dict)

    def add(self, lines: Sequence[bytes]) -> None:
        """Take canonical N-Triples lines."""
        parts = [line.split(b" ", 2) for line in lines]
        count = len(parts)
        self.subjects.append(np.fromiter((hash(part[0]) for part in parts), np.int64, count))
        self.objects.append(np.fromiter((hash(part[2]) for part in parts), np.int64, count))
        self.properties.append(np.fromiter((hash(part[1]) for part in parts), np.int64, count))
        self.names.update((hash(name), name) for name in {part[1] for part in parts})
        found = {part[2] for part in parts if part[1] == TYPE}
        self.classes.update((hash(name), name) for name in found if IRI.fullmatch(name))


def statistics(graphs: Mapping[str, tuple[Sequence[Lanes], TermHashes]]) -> Statistics:
    """Return the statistics of the merge of some graphs, given the keys and terms of each one's distinct triples."""
    terms = [each for _, each in graphs.values()]
    keys = joined(part for parts, _ in graphs.values() for part in parts)
    properties = _joined(part for each in terms for part in each.properties)
    names = {number: name for each in terms for number, name in each.names.items()}
    classes = {number: name for each in terms for number, name in each.classes.items()}
    objects, first = _joined(part for each in terms for part in each.objects), first_of_each(keys)
    return Statistics(
        subjects=len(np.unique(_joined(part for each in terms for part in each.subjects))),
        objects=len(np.unique(objects)),
        properties=_counted(properties[first], {number: name[1:-1] for number, name in names.items()}),
        classes=_counted(
            objects[first & (properties == hash(TYPE))], {number: name[1:-3] for number, name in classes.items()}
        ),
    )


def _counted(hashes: Hashes, names: Mapping[int, bytes]) -> dict[str, int]:
    """Return how often each name occurs, in the order of names."""
    numbers, counts = np.unique(hashes, return_counts=True)
    pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
    return dict(sorted((names[number].decode(), count) for number, count in pairs if number in names))


def _joined(parts: Iterable[Hashes]) -> Hashes:
    return np.concatenate([*parts, np.zeros(0, np.int64)])
