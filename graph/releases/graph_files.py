"""The graph files of a release: each named graph as canonical N-Quads, gzip, written from the parse and counted.

They are the truth; the store is an index over them (``graph.releases.store``).
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
from isal import igzip, isal_zlib

from graph.model.errors import unreadable
from graph.releases.exact_forms import rewritten
from graph.releases.manifest import (
    GraphEntry,
    Lanes,
    graph_digest,
    joined,
    lanes_text,
    repeated_keys,
    sum_of,
    triple_hashes,
)
from graph.sources.batches import Chunk

# The members of a release: each named graph as N-Quads, gzip, written from the parse. They are the truth.
#
# It writes and reads these files and knows their digests. The store is another thing: an index made from the same
# triples (``graph.releases.store``).

GRAPHS_FOLDER = "graphs"
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,179}")
NOT_PLAIN = re.compile(r"[^a-z0-9._]+")
GZIP_WINDOW = 31
LEVEL = 2
NO_XML = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:[bf]|u00[01])|\xef\xbf[\xbe\xbf]")
"""Characters that XML cannot express, as N-Triples write them."""
TRIPLE_TERM = re.compile(rb"^<[^>]*> <[^>]*> <<\( ", re.MULTILINE)
"""The beginning of a line with a triple for its object; in a literal it would stand behind a quotation mark."""
UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, isal_zlib.error)  # type: ignore[assignment]
"""What reading a packed file raises where it cannot be read, or is not whole; the last is no error of zlib's."""
NO_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK)


def fits_xml(lines: bytes) -> bool:
    """Return whether all characters of canonical N-Triples are those of XML (XML 1.0, 2.2)."""
    # most lines have neither; to search for these bytes costs a twentieth of the expression
    return not ((b"\\" in lines or b"\xef\xbf" in lines) and NO_XML.search(lines))


def fits_json_ld(lines: bytes) -> bool:
    """Return whether JSON-LD can express canonical N-Triples: it has no triples as terms (RDF 1.2)."""
    return not (b" <<( " in lines and TRIPLE_TERM.search(lines))


def member_name(iri: str, base: str) -> str:
    """Return the file name of a graph: its name below ``<base>graph/`` where that will do on every file system.

    Any other graph's is made of what is readable in its IRI and a hash, so that no two graphs share a file.
    """
    name = iri.removeprefix(f"{base}graph/")
    if name == iri or not PLAIN_NAME.fullmatch(name):
        readable = NOT_PLAIN.sub("-", iri.lower())[-60:].strip("-.")
        name = f"{readable}~{sha256(iri.encode()).hexdigest()[:16]}"
    return f"{name}.nq.gz"


@dataclass
class Member:
    """One graph's file while it is being written.

    Attributes:
        iri: the graph.
        path: the file.
        lanes: the sum of its lines' hashes, for the digest.
        keys: a key of each line.
        triples: how many lines there are.
        fits_xml: whether XML can express all their characters.
        fits_json_ld: whether JSON-LD can express them.
    """

    iri: str
    path: Path
    lanes: Lanes = field(default_factory=lambda: np.zeros(4, dtype=np.uint64))
    keys: list[Lanes] = field(default_factory=list)
    triples: int = 0
    fits_xml: bool = True
    fits_json_ld: bool = True

    def __post_init__(self) -> None:
        """Open the file."""
        self._stream: IO[bytes] = self.path.open("wb")
        self._gzip = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)

    def write(self, chunk: Chunk) -> list[bytes]:
        """Append a chunk; return the lines that the index rewrites. Repeated lines go when the file is closed."""
        hashes = triple_hashes(chunk.lines())
        self.lanes = self.lanes + sum_of(hashes)
        self.triples += len(hashes)
        self.keys.append(hashes[:, :2].copy())
        self.fits_xml = self.fits_xml and fits_xml(chunk.triples)
        self.fits_json_ld = self.fits_json_ld and fits_json_ld(chunk.triples)
        self._stream.write(self._gzip.compress(chunk.quads()))
        return rewritten(chunk.triples)

    def close(self) -> GraphEntry:
        """Finish the file and return its entry; a triple that was written twice is now there once."""
        self.finish()
        repeated = repeated_keys(joined(self.keys))
        if len(repeated):
            self._rewrite_distinct(set(repeated.tolist()))
        return GraphEntry(
            iri=self.iri,
            file=f"{GRAPHS_FOLDER}/{self.path.name}",
            triples=self.triples,
            digest=graph_digest(self.lanes, self.triples),
            sha256=file_sha256(self.path),
            size=self.path.stat().st_size,
            lanes=lanes_text(self.lanes),
            fits_xml=self.fits_xml,
            fits_json_ld=self.fits_json_ld,
        )

    def finish(self) -> None:
        """End the compressed stream and close the file."""
        self._stream.write(self._gzip.flush())
        self._stream.close()

    def abandon(self) -> None:
        """Close the file without finishing it."""
        self._stream.close()

    def _rewrite_distinct(self, repeated: set[int]) -> None:
        """Write the file again without repeated lines (exact: lines are compared, not their keys)."""
        old, seen = self.path.with_suffix(".repeated"), set[bytes]()
        self.path.replace(old)
        fresh = Member(self.iri, self.path)
        for chunk in read_member(old, self.iri):
            keys = triple_hashes(chunk.lines())[:, 0].tolist()
            kept = [
                line
                for line, key in zip(chunk.lines(), keys, strict=True)
                if key not in repeated or not (line in seen or seen.add(line))  # type: ignore[func-returns-value]
            ]
            if kept:
                fresh.write(Chunk(self.iri, b"\n".join(kept) + b"\n"))
        fresh.finish()
        old.unlink()
        self.lanes, self.keys, self.triples = fresh.lanes, fresh.keys, fresh.triples


def read_member(path: Path, iri: str, size: int = 4 << 20) -> Iterator[Chunk]:
    """Yield the triples of a member file, ``size`` bytes at a time.

    Raises:
        ReleaseError: the file cannot be read or is not whole.
    """
    ending, rest = b" <" + iri.encode() + b"> .\n", b""
    try:
        with igzip.open(path, "rb") as stream:  # type: ignore[no-untyped-call]
            while part := stream.read(size):
                block, _, rest = (rest + part).rpartition(b"\n")
                if block:
                    yield Chunk(iri, (block + b"\n").replace(ending, b" .\n"))
    except UNREADABLE as problem:
        raise unreadable(path.name, problem) from problem


def is_member(path: Path, entry: GraphEntry) -> bool:
    """Whether a file is there and is the member that the manifest's entry says; it is read."""
    try:
        return path.stat().st_size == entry.size and file_sha256(path) == entry.sha256
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def link(source: Path, target: Path) -> None:
    """Let ``target`` be the same file as ``source``; where the file system has no hard links, a copy."""
    try:
        os.link(source, target)
    except OSError as problem:
        if problem.errno not in NO_LINKS:
            raise
        shutil.copyfile(source, target)
