"""A store that begins as a copy of a release's: hard links to its files, so that the copy costs nothing of its size.

What is written goes to files of its own; the files of the release, which never change, are shared until one of the two
is removed.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import pyoxigraph as ox

from graph.errors import ReleaseError


class Checkpoint:
    """A copy of a store, open for writing: a context manager; on exit everything is on disk and the store closed."""

    def __init__(self, source: ox.Store, folder: Path) -> None:
        """Copy ``source``, which may be open for reading only, to ``folder``, which must not exist."""
        source.backup(folder)
        self._folder = folder
        self._store: ox.Store | None = ox.Store(folder)

    def __enter__(self) -> Checkpoint:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush and close the store; after an error only close it.

        It is opened once more: that leaves its log of writes, which has become superfluous, behind.
        """
        try:
            if kind is None:
                self.store.flush()
        finally:
            traceback.clear_frames(trace)  # after an error the frames that it passed through hold the store, too
            self._store = None
        if kind is None:
            ox.Store(self._folder)
            for left in (*self._folder.glob("LOG*"), *sorted(self._folder.glob("OPTIONS-*"))[:-1]):
                left.unlink()

    @property
    def store(self) -> ox.Store:
        """The store; whoever takes it lets go of it before the end."""
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store


class Reading:
    """A store for somebody who may keep it longer than it is open: what reads through it holds no store.

    rdflib's graphs refer to themselves and so live until the collector comes; a store would stay open until then.
    """

    def __init__(self, store: ox.Store) -> None:
        """Read from ``store`` until ``close``."""
        self._store: ox.Store | None = store

    def quads_for_pattern(self, *pattern: Any) -> Iterator[ox.Quad]:  # noqa: ANN401  the store's own types
        """Return what the store has of a pattern.

        Raises:
            ReleaseError: it has been closed.
        """
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store.quads_for_pattern(*pattern)

    def close(self) -> None:
        """Let go of the store."""
        self._store = None


@contextmanager
def reading(store: ox.Store) -> Iterator[ox.Store]:
    """Give something that reads as the store does, and holds it no longer than this."""
    view = Reading(store)
    try:
        yield cast("ox.Store", view)
    finally:
        view.close()
