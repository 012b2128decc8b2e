"""The member of a graph after a change, made from the one before: the digest follows at the price of the change.

The file itself is copied and lengthened where lines were only added and it is large; otherwise it is written anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from isal import isal_zlib

from graph.change import GraphChange
from graph.releases.digest import graph_digest, lanes_of, lanes_text, sum_of, triple_hashes
from graph.releases.manifest import GraphEntry
from graph.releases.members import GRAPHS_FOLDER, GZIP_WINDOW, LEVEL, file_sha256, read_member
from graph.sources.chunks import Chunk

REWRITTEN_BYTES = 1 << 20
"""Smaller members are written anew also where lines are only added: a gzip stream for a few lines packs badly."""


def amended_member(old: Path | None, entry: GraphEntry | None, change: GraphChange, new: Path) -> GraphEntry:
    """Write the member of a graph after a change; return its entry, without what the file does not say.

    Args:
        old: the member before, or None where the graph is new.
        entry: its entry, or None where the graph is new.
        change: what changes: all removed lines are there, no added one is.
        new: the file to write.
    """
    if old is not None and not change.removed and old.stat().st_size > REWRITTEN_BYTES:
        shutil.copyfile(old, new)
        _write(new, added(change), "ab")
    else:
        _write(new, _all(old, change))
    lanes = lanes_of(entry.lanes if entry is not None else "")
    lanes = lanes + sum_of(triple_hashes(change.added)) - sum_of(triple_hashes(change.removed))
    triples = (entry.triples if entry is not None else 0) + len(change.added) - len(change.removed)
    return GraphEntry(
        iri=change.iri,
        file=f"{GRAPHS_FOLDER}/{new.name}",
        triples=triples,
        digest=graph_digest(lanes, triples),
        sha256=file_sha256(new),
        size=new.stat().st_size,
        lanes=lanes_text(lanes),
    )


def added(change: GraphChange) -> Iterator[Chunk]:
    """Yield the lines that come, sorted."""
    if change.added:
        yield Chunk(change.iri, b"\n".join(sorted(change.added)) + b"\n")


def _all(old: Path | None, change: GraphChange) -> Iterator[Chunk]:
    """Yield what stays of a member, in its order, and what comes."""
    for chunk in read_member(old, change.iri) if old is not None else ():
        kept = [line for line in chunk.lines() if line not in change.removed]
        if kept:
            yield Chunk(change.iri, b"\n".join(kept) + b"\n")
    yield from added(change)


def _write(path: Path, chunks: Iterable[Chunk], mode: str = "wb") -> None:
    stream = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    with path.open(mode) as file:
        for chunk in chunks:
            file.write(stream.compress(chunk.quads()))
        file.write(stream.flush())
