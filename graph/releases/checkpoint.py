"""A store that begins as a copy of a release's and changes: hard links, so that the copy costs nothing of its size.

RocksDB writes what is new into a log, and moves it into its sorted files when a store is opened for writing again. Left
to itself, it would so make a few small files at each release, and merge them with all others again and again: a change
would cost what the data costs. So a release keeps the sorted files of the one before, and adds its log; who reads a
store reads its logs, too. When the logs have grown, they become sorted files, once for many releases.
"""

from __future__ import annotations

import gc
import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pyoxigraph as ox

from graph.errors import ReleaseError
from graph.releases.members import link
from graph.sources.matching import Place, Subject
from graph.sources.stored import Term

WORK_SUFFIX = ".work"
LONGEST_LOGS = 6 << 20
"""In bytes: what all logs of a store may have together; whoever opens it reads them."""
IMMUTABLE = (".sst", ".log")
CHATTER = ("LOCK", "LOG")
REOPENINGS, REOPENING_SECONDS = 40, 0.05


class Checkpoint:
    """A copy of a store, open for writing: a context manager; on exit it is where it should be, if it is to be kept."""

    def __init__(self, source: Path, folder: Path) -> None:
        """Copy the store in ``source``, which nobody writes to, to ``folder``, which must not exist."""
        self._source, self._folder, self._work = source, folder, folder.with_name(folder.name + WORK_SUFFIX)
        copy_store(source, self._work)
        self._store: ox.Store | None = ox.Store(self._work)
        self._logs = _logs(self._work)
        self._witness: tuple[ox.Quad, bool] | None = None

    def __enter__(self) -> Checkpoint:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store and bring it to its place; after an error it is left to whoever removes the folder."""
        traceback.clear_frames(trace)  # after an error the frames that it passed through hold the store, too
        if kind is None and self._witness is not None:
            self.finish()
        self._store = None

    def keep(self, quad: ox.Quad, *, is_there: bool = True) -> None:
        """Say that the store is to be kept.

        Args:
            quad: one that the last writes added; by it one sees that a log has been read to its end.
            is_there: otherwise one that they removed.
        """
        self._witness = quad, is_there

    def finish(self) -> None:
        """Close the store and bring it to its place: by its log alone where that will do, and is read."""
        own, before = _logs(self._work), _logs(self._source)
        size = sum(own.values())
        if size > LONGEST_LOGS:
            self.store.flush()
        self._store = None
        if size + sum(before.values()) <= LONGEST_LOGS and own.keys() == self._logs.keys():
            copy_store(self._source, self._folder)
            for name in own:
                link(self._work / name, self._folder / name)
            if self._is_read():
                shutil.rmtree(self._work)
                return
            shutil.rmtree(self._folder)
        tidy(self._work, reopen=size > LONGEST_LOGS)
        self._work.replace(self._folder)

    def _is_read(self) -> bool:
        """Whether who opens the store sees what was written last; RocksDB passes over a log that it mistrusts."""
        if self._witness is None:
            return False
        quad, is_there = self._witness
        return (quad in ox.Store.read_only(str(self._folder))) is is_there

    @property
    def store(self) -> ox.Store:
        """The store; whoever takes it lets go of it before the end."""
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store


def copy_store(source: Path, folder: Path) -> None:
    """Copy a store that nobody writes to: what never changes is linked, the few small files that might be are copied.

    Raises:
        OSError: the disk does not take it.
    """
    folder.mkdir()
    for path in source.iterdir():
        if path.suffix in IMMUTABLE:
            link(path, folder / path.name)
        elif not path.name.startswith(CHATTER):
            shutil.copyfile(path, folder / path.name)


def tidy(folder: Path, *, reopen: bool) -> None:
    """Remove what a store that has been closed needs no longer.

    Args:
        folder: the store's.
        reopen: whether its log, too, which RocksDB keeps until the store is opened again; it has been flushed.
    """
    if reopen:
        _reopen(folder)
    for left in (*folder.glob("LOG*"), *sorted(folder.glob("OPTIONS-*"))[:-1]):
        left.unlink()


def _reopen(folder: Path) -> None:
    """Open a store and close it; whoever still refers to it in a cycle lets go of it first."""
    for _ in range(REOPENINGS):
        try:
            ox.Store(folder)
        except OSError as problem:
            if "lock" not in str(problem):
                raise
            gc.collect()
            time.sleep(REOPENING_SECONDS)
        else:
            return
    ox.Store(folder)


def _logs(folder: Path) -> dict[str, int]:
    """Return the sizes of a store's logs, by file name."""
    return {path.name: path.stat().st_size for path in folder.glob("*.log")}


class Reading:
    """A store for somebody who may keep it longer than it is open: what reads through it holds no store.

    rdflib's graphs refer to themselves and so live until the collector comes; a store would stay open until then.
    """

    def __init__(self, store: ox.Store) -> None:
        """Read from ``store`` until ``close``."""
        self._store: ox.Store | None = store

    def quads_for_pattern(
        self, subject: Subject, predicate: ox.NamedNode | None, object_: Term | None, graph: Place = None, /
    ) -> Iterator[ox.Quad]:
        """Return what the store has of a pattern.

        Raises:
            ReleaseError: it has been closed.
        """
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store.quads_for_pattern(subject, predicate, object_, graph)

    def query(self, text: str, /) -> object:
        """Return the answer to a query.

        Raises:
            ReleaseError: it has been closed.
        """
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store.query(text)

    def close(self) -> None:
        """Let go of the store."""
        self._store = None


@contextmanager
def reading(store: ox.Store) -> Iterator[Reading]:
    """Give something that reads as the store does, and holds it no longer than this."""
    view = Reading(store)
    try:
        yield view
    finally:
        view.close()
