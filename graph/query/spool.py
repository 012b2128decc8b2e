"""Where an answer is written: small ones stay in memory, large ones go to a file, too large ones are refused."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

KEPT_BYTES = 256 << 10


class ResultTooLargeError(Exception):
    """The answer is larger than ``limits.result_mb`` allows."""


class Spool:
    """A file-like object for the engine to write to."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Write at most ``limit`` bytes; a file, where needed, is made in ``folder``."""
        self._folder, self._limit = folder, limit
        self._parts: list[bytes] = []
        self._descriptor: int | None = None
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

    def complete(self) -> None:
        """Close the file and give it the name of a whole answer."""
        self._close()
        if self.path is not None:
            self.path = self.path.rename(self.path.with_name("whole-" + self.path.name))

    def discard(self) -> None:
        """Close and remove the file."""
        self._close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        self._descriptor, name = tempfile.mkstemp(prefix=partial_prefix(os.getpid()), dir=self._folder)
        self.path = Path(name)
        _write_all(self._descriptor, b"".join(self._parts))
        self._parts.clear()


def partial_prefix(pid: int) -> str:
    """Return how the names of files begin that the worker ``pid`` has not finished."""
    return f"part-{pid}-"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
