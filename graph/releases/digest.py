"""The content digest of a named graph, and which triples stand more than once: both from sorted hashes of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

# The content digest of a named graph: equal for equal sets of triples, whatever their order, on every machine.
#
# It is the sum of the SHA-256 digests of the triples' canonical N-Triples lines, lane by lane (four lanes of 64 bits,
# modulo 2^64), hashed once more together with their number. A sum needs no sort and follows a change at the price of
# the change. It tells whether content changed; it does not replace a signature: against somebody who constructs triples
# so that sums collide, the SHA-256 of the member file stands beside it in the manifest.

Lanes = NDArray[np.uint64]


def triple_hashes(lines: Iterable[bytes]) -> Lanes:
    """Return the SHA-256 of each canonical N-Triples line as a row of four little-endian 64-bit lanes."""
    joined = b"".join([sha256(line).digest() for line in lines])
    return np.frombuffer(joined, dtype="<u8").reshape(-1, 4)


def sum_of(hashes: Lanes) -> Lanes:
    """Return the lane-wise sum of the rows, modulo 2^64."""
    total: Lanes = hashes.sum(axis=0, dtype=np.uint64)
    return total


def lanes_text(lanes: Lanes) -> str:
    """Return a sum in hexadecimal, to be kept and counted on from."""
    return lanes.astype("<u8").tobytes().hex()


def lanes_of(text: str) -> Lanes:
    """Return the sum that ``lanes_text`` wrote; of nothing, nought."""
    return np.frombuffer(bytes.fromhex(text or "0" * 64), dtype="<u8")


def joined(parts: Iterable[Lanes]) -> Lanes:
    """Return keys, the first two lanes of triples' hashes, in one piece."""
    return np.concatenate([*parts, np.zeros((0, 2), dtype=np.uint64)])


def graph_digest(lanes: Lanes, triples: int) -> str:
    """Return the digest of a graph of ``triples`` distinct triples whose hashes sum up to ``lanes``."""
    return sha256(lanes.astype("<u8").tobytes() + triples.to_bytes(8, "little")).hexdigest()


def release_digest(graphs: Mapping[str, str]) -> str:
    """Return the digest of a dataset, given the digest of each named graph by its IRI."""
    text = "".join(f"<{iri}> {digest}\n" for iri, digest in sorted(graphs.items()))
    return sha256(text.encode()).hexdigest()


# Which triples stand more than once: inside one graph, or in several.
#
# It works on 128-bit keys of triples (the first lanes of their SHA-256), not on the triples, so that ten million of
# them fit into 160 MB.


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
