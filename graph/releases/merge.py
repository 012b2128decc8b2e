"""The RDF merge of named graphs as a stream: each triple once, in bounded memory, read from the members.

Only graphs that share triples are looked at twice. What stands in several is told by 128 bits of its SHA-256, as the
overlap of graphs is, so that ten million triples of which all are shared take about 300 MB and others nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graph.releases.digest import Lanes, triple_hashes
from graph.releases.manifest import GraphEntry, Manifest
from graph.releases.members import read_member
from graph.releases.overlap import repeated_keys
from graph.sources.chunks import Chunk

KEY = np.dtype([("high", "<u8"), ("low", "<u8")])
Keys = NDArray[np.void]


def merged(folder: Path, manifest: Manifest, entries: Sequence[GraphEntry]) -> Iterator[Chunk]:
    """Yield the triples of some graphs of the release in ``folder``, each once, in the order of the graphs.

    Raises:
        ReleaseError: a member cannot be read.
    """
    sharing = frozenset(manifest.sharing)
    several = _in_several(folder, [each for each in entries if each.iri in sharing])
    passed = np.zeros(len(several), np.bool_)
    for entry in entries:
        for chunk in read_member(folder / entry.file, entry.iri):
            if entry.iri in sharing and len(several):
                chunk = _first_time(chunk, several, passed)  # noqa: PLW2901  what is left of it
            if chunk.triples:
                yield chunk


def _in_several(folder: Path, entries: Iterable[GraphEntry]) -> Keys:
    """Return the sorted keys of the triples that stand in more than one of the graphs."""
    parts = [
        triple_hashes(chunk.lines())[:, :2]
        for entry in entries
        for chunk in read_member(folder / entry.file, entry.iri)
    ]
    rows = np.concatenate([*parts, np.zeros((0, 2), np.uint64)])
    doubtful = _keys(rows[np.isin(rows[:, 0], repeated_keys(rows))])
    keys, counts = np.unique(doubtful, return_counts=True)
    return keys[counts > 1]


def _first_time(chunk: Chunk, several: Keys, passed: NDArray[np.bool_]) -> Chunk:
    """Return the triples of a chunk that have not passed yet, and note that they have."""
    lines = chunk.lines()
    keys = _keys(triple_hashes(lines)[:, :2])
    places = np.minimum(np.searchsorted(several, keys), len(several) - 1)
    known = several[places] == keys
    keep = ~(known & passed[places])
    passed[places[known]] = True
    kept = [line for line, kept in zip(lines, keep.tolist(), strict=True) if kept]
    return Chunk(chunk.graph, b"".join(line + b"\n" for line in kept))


def _keys(rows: Lanes) -> Keys:
    keys: Keys = np.ascontiguousarray(rows).view(KEY).reshape(-1)
    return keys
