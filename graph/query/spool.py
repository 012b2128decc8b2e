"""Where an answer is written: small ones stay in memory, large ones go to a file, too large ones are refused.

A file belongs to the worker that writes it, whose process id begins its name, until the front takes it by a new name.
So whoever ends a worker knows what to remove.
"""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from pathlib import Path

KEPT_BYTES = 256 << 10
DIGEST_BYTES = 12


class ResultTooLargeError(Exception):
    """The answer is larger than ``limits.result_mb`` allows."""


class Spool:
    """A file-like object for the engine to write to."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Write at most ``limit`` bytes; a file, where needed, is made in ``folder``."""
        self._folder, self._limit = folder, limit
        self._parts: list[bytes] = []
        self._descriptor: int | None = None
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        self.path: Path | None = None
        self.size = 0

    def write(self, data: bytes) -> int:
        """Take some bytes.

        Raises:
            ResultTooLargeError: the answer has grown beyond the limit.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise ResultTooLargeError
        self._digest.update(data)
        if self._descriptor is None:
            self._parts.append(bytes(data))
            if self.size > KEPT_BYTES:
                self._open()
        else:
            _write_all(self._descriptor, data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is where it belongs."""

    def body(self) -> bytes:
        """Return what is kept in memory: all of it, unless there is a file."""
        return b"" if self.path is not None else b"".join(self._parts)

    def digest(self) -> str:
        """Return the digest of everything that was written."""
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Close and remove the file."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the answer is whole."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        self._descriptor, name = tempfile.mkstemp(prefix=f"{os.getpid()}-", dir=self._folder)
        self.path = Path(name)
        _write_all(self._descriptor, b"".join(self._parts))
        self._parts.clear()


def digest_of(body: bytes) -> str:
    """Return the digest that an answer of these bytes has."""
    return blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def taken(path: Path) -> Path:
    """Take a worker's file: it moves up one folder, and is the caller's from now on.

    Raises:
        FileNotFoundError: the worker has been ended, and the file with it.
    """
    return path.rename(path.parent.parent / path.name)


def remove_left(folder: Path, pid: int) -> None:
    """Remove what a worker that has ended left in the folder."""
    for left in folder.glob(f"{pid}-*"):
        left.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
