"""Which things a release would speak of, were they not withheld: hashes of their IRIs, so that these answer 410.

One file a release, sorted, with a salt of its own; it is served to nobody.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

TRACES_FILE = "withheld.bin"
REVISED_FILE = "revised.txt"
SALT, MARK, SIZE = 16, 32, 16


def hashed(iri: str, salt: bytes) -> bytes:
    """Return the hash of an IRI."""
    return blake2b(iri.encode(), key=salt, digest_size=SIZE).digest()


@dataclass
class Traces:
    """The hashes while a release is made.

    Attributes:
        mark: the fingerprint of what is withheld (``Withholding.mark``).
        triples: how many triples have been withheld.
    """

    mark: bytes
    triples: int = 0
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(SALT))
    _hashes: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, mark: bytes, iris: Iterable[str]) -> Traces:
        """Return traces of what is withheld by its IRI, before anything has been read."""
        traces = cls(mark)
        for each in iris:
            traces.add(each)
        return traces

    def add(self, iri: str) -> None:
        """Note a thing."""
        self._hashes.add(hashed(iri, self._salt))

    def write(self, folder: Path) -> None:
        """Write them into a release's folder."""
        (folder / TRACES_FILE).write_bytes(self.mark + self._salt + b"".join(sorted(self._hashes)))


@dataclass(frozen=True)
class TracesFile:
    """The hashes of a release."""

    content: bytes

    @property
    def mark(self) -> bytes:
        """The fingerprint of what was withheld when the release was made; empty where nothing was."""
        return self.content[:MARK]

    def __contains__(self, iri: str) -> bool:
        """Whether an IRI was withheld."""
        wanted, start = hashed(iri, self.content[MARK : MARK + SALT]), MARK + SALT
        low, high = 0, (len(self.content) - start) // SIZE
        while low < high:
            middle = (low + high) // 2
            found = self.content[start + middle * SIZE : start + (middle + 1) * SIZE]
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False


def hand_on(parent: Path, folder: Path) -> None:
    """Let a release that was made of another one have its traces: nothing withheld has come or gone.

    It is marked as made of another: its store may still hold, out of anybody's reach, what the other one held.
    """
    (folder / REVISED_FILE).write_text(f"{parent.name}\n", encoding="utf-8")
    if (parent / TRACES_FILE).exists():
        os.link(parent / TRACES_FILE, folder / TRACES_FILE)


def read_traces(folder: Path) -> TracesFile:
    """Return what was withheld from the release in ``folder``."""
    path = folder / TRACES_FILE
    return TracesFile(path.read_bytes() if path.exists() else b"")
