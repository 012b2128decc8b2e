"""Which triples stand more than once: inside one graph, or in several.

It works on 128-bit keys of triples (the first lanes of their SHA-256), not on the triples, so that ten million of
them fit into 160 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.releases.digest import Lanes


@dataclass(frozen=True, slots=True)
class Overlap:
    """What the named graphs of a release have in common.

    Attributes:
        distinct: how many different triples there are over all graphs.
        sharing: the IRIs of the graphs that have a triple in common with another.
    """

    distinct: int
    sharing: tuple[str, ...]


def repeated_keys(keys: Lanes) -> Lanes:
    """Return the first lanes that occur more than once: a superset of what really repeats."""
    first = np.sort(keys[:, 0])
    return np.unique(first[1:][first[1:] == first[:-1]])


def overlap(keys: Mapping[str, Sequence[Lanes]]) -> Overlap:
    """Return what graphs share, given the keys of each one's distinct triples by its IRI."""
    per_graph = {iri: np.concatenate([*parts, np.zeros((0, 2), dtype=np.uint64)]) for iri, parts in keys.items()}
    rows = np.concatenate([*per_graph.values(), np.zeros((0, 2), dtype=np.uint64)])
    repeated = repeated_keys(rows)
    if not len(repeated):
        return Overlap(len(rows), ())
    doubtful = rows[np.isin(rows[:, 0], repeated)]
    return Overlap(
        distinct=len(rows) - len(doubtful) + len(np.unique(doubtful, axis=0)),
        sharing=tuple(iri for iri, own in sorted(per_graph.items()) if np.isin(own[:, 0], repeated).any()),
    )
