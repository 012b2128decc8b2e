"""Which triples stand more than once: inside one graph, or in several.

It works on 128-bit keys of triples (the first lanes of their SHA-256), not on the triples, so that ten million of
them fit into 160 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.releases.digest import Lanes, joined


@dataclass(frozen=True, slots=True)
class Overlap:
    """What the named graphs of a release have in common.

    Attributes:
        distinct: how many different triples there are over all graphs.
        shared: how many triples each graph has in common with others, by its IRI; without those that have none.
    """

    distinct: int
    shared: dict[str, int]


def repeated_keys(keys: Lanes) -> Lanes:
    """Return the first lanes that occur more than once: a superset of what really repeats."""
    first = np.sort(keys[:, 0])
    return np.unique(first[1:][first[1:] == first[:-1]])


def first_of_each(keys: Lanes) -> NDArray[np.bool_]:
    """Return which rows are the first with their key."""
    first = np.ones(len(keys), np.bool_)
    repeated = repeated_keys(keys)
    if len(repeated):
        doubtful = np.flatnonzero(np.isin(keys[:, 0], repeated))
        _, places = np.unique(keys[doubtful], axis=0, return_index=True)
        first[doubtful] = False
        first[doubtful[places]] = True
    return first


def overlap(keys: Mapping[str, Sequence[Lanes]]) -> Overlap:
    """Return what graphs share, given the keys of each one's triples by its IRI."""
    per_graph = {iri: joined(parts) for iri, parts in keys.items()}
    rows = joined(per_graph.values())
    repeated = repeated_keys(rows)
    if not len(repeated):
        return Overlap(len(rows), {})
    doubtful = {iri: own[np.isin(own[:, 0], repeated)] for iri, own in sorted(per_graph.items())}
    certain = len(rows) - sum(map(len, doubtful.values()))
    parts = [np.unique(own, axis=0) for own in doubtful.values()]
    distinct, places, counts = np.unique(joined(parts), axis=0, return_inverse=True, return_counts=True)
    several = np.split(counts[places.reshape(-1)] > 1, np.cumsum([len(each) for each in parts])[:-1])
    shared = {iri: int(own.sum()) for iri, own in zip(doubtful, several, strict=True) if own.any()}
    return Overlap(certain + len(distinct), shared)
