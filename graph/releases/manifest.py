"""The manifest of a release: what it holds, from what it was made, and the digests that prove it.

It is data, read and written as JSON; nothing here opens a store or judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from graph.model.errors import Sentence, unreadable

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


MANIFEST_FILE = "manifest.json"


Origin = Literal["source", "contributed", "computed"]


class LastContribution(msgspec.Struct, frozen=True):
    """Who wrote a graph last, and when.

    Attributes:
        id: of the contributor's token.
        name: who it is.
        contact: how to reach them; shown where it is a mailto: or web address.
        time: ISO 8601, UTC.
        source: the address that it was fetched from; empty where it was sent.
    """

    id: str
    name: str
    contact: str
    time: str
    source: str = ""


class GraphEntry(msgspec.Struct, frozen=True):
    """One named graph of a release.

    Attributes:
        iri: its name.
        file: its member below ``graphs/``: N-Quads, gzip.
        triples: how many distinct triples it holds.
        digest: its content digest (``graph_digest``), independent of order.
        sha256: of the member file.
        size: of the member file, in bytes.
        lanes: the sum that the digest is made of, in hexadecimal, to count on from.
        indexed: how many triples the store has of it, and SPARQL counts: it takes "01"^^xsd:integer and 1 for one.
        origin: whether files fill it, contributors, or the engine.
        contribution: by whom it was written last, where that was a contributor.
        fits_xml: whether RDF/XML can express it: no character and no property is one that XML has no place for.
        fits_json_ld: whether JSON-LD can express it: no triple is a term in it.
    """

    iri: str
    file: str
    triples: int
    digest: str
    sha256: str
    size: int
    lanes: str = ""
    indexed: int = 0
    origin: Origin = "source"
    contribution: LastContribution | None = None
    fits_xml: bool = True
    fits_json_ld: bool = True


class Statistics(msgspec.Struct, frozen=True):
    """Counts over the merge of all named graphs.

    Attributes:
        subjects: distinct subjects.
        objects: distinct objects.
        properties: how many triples each property has, by its IRI.
        classes: how many things each class has, by its IRI.
    """

    subjects: int = 0
    objects: int = 0
    properties: dict[str, int] = {}
    classes: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True):
    """What a release is.

    Attributes:
        id: time of the release and start of its content digest.
        created: ISO 8601, UTC.
        parent: id of the release before it, or None.
        base: the publication's base IRI.
        digest: content digest over all graphs but the computed catalogue: the same sources give the same everywhere.
        fingerprint: of everything the release was made from, to know whether a build would change anything.
        triples: distinct triples over all graphs (the default graph of a query).
        quads: triples summed over the graphs.
        graphs: one entry a named graph, ordered by IRI.
        shared: how many triples each graph has in common with other graphs, by its IRI; without those that have none.
        sources: the files it was made from, by name, and the graphs that each fills.
        warnings: how many validation results below sh:Violation the report holds.
        tools: versions of what made it.
        statistics: for those who plan queries.
        checksums: whether the checksums of all files stand beside it; releases of earlier versions have none.
        index: the files of the triple index, and the SHA-256 of each; releases of earlier versions have none.
    """

    id: str
    created: str
    parent: str | None
    base: str
    digest: str
    fingerprint: str
    triples: int
    quads: int
    graphs: tuple[GraphEntry, ...]
    shared: dict[str, int]
    sources: dict[str, tuple[str, ...]]
    warnings: int
    tools: dict[str, str]
    statistics: Statistics = Statistics()
    checksums: bool = False
    index: dict[str, str] = {}

    @property
    def sharing(self) -> tuple[str, ...]:
        """The IRIs of the graphs that have a triple in common with another graph."""
        return tuple(sorted(self.shared))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into a release's folder."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / MANIFEST_FILE).write_bytes(text + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the release in ``folder``.

    Raises:
        ReleaseError: there is none, or it cannot be read.
    """
    try:
        return msgspec.json.decode((folder / MANIFEST_FILE).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as problem:
        raise unreadable(f"{folder.name}: the manifest", problem, Sentence("hamkor releases recover")) from problem
