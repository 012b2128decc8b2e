"""The store of a release: a RocksDB index over its named graphs, and over their merge as the default graph.

The store rewrites numeric literals and is never the truth: that is in the members. The default graph holds each
distinct triple once, so that a query without a dataset counts over a set (SPARQL 1.1 Query 13.1: RDF merge).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import pyoxigraph as ox

from graph.errors import ReleaseError, StorageError
from graph.releases.checkpoint import tidy
from graph.sources.chunks import Chunk

STORE_FOLDER = "store"
BATCH_BYTES = 40 << 20
SMALL_BYTES = 1 << 20


class Index:
    """A store being filled: a context manager; on exit everything is in it and flushed.

    Two loaders run side by side, one for the named graphs and one for the merge; batches bound the memory.
    """

    def __init__(self, folder: Path) -> None:
        """Create the store in ``folder``, which must not hold one yet."""
        self._folder = folder
        self._store: ox.Store | None = ox.Store(folder)
        self._loaders = ThreadPoolExecutor(2, thread_name_prefix="index")
        self._running: list[Future[None]] = []
        self._chunks: list[Chunk] = []
        self._bytes = 0

    def __enter__(self) -> Index:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Load what is left, flush and close the store; after an error only wait for the loaders and close it.

        RocksDB goes on moving files until it is closed: nothing may copy or sync the folder before.
        """
        try:
            if kind is None:
                self.flush()
        finally:
            self._loaders.shutdown(wait=True, cancel_futures=True)
            traceback.clear_frames(trace)  # after an error the frames that it passed through hold the store, too
            self._store = None
        if kind is None:
            tidy(self._folder, reopen=True)

    @property
    def store(self) -> ox.Store:
        """The store, for queries while it is being filled; whoever takes it lets go of it before the end."""
        if self._store is None:
            raise ReleaseError("the store is closed")
        return self._store

    def add(self, chunk: Chunk) -> None:
        """Take a chunk; it is visible in the store after ``flush``."""
        self._chunks.append(chunk)
        self._bytes += len(chunk.triples)
        if self._bytes >= BATCH_BYTES:
            self._load()

    def flush(self) -> None:
        """Wait until everything that was added is in the store and on disk.

        Raises:
            ReleaseError: the store could not be written (disk full, for one).
        """
        self._load()
        self._wait()
        self.store.flush()

    def settle(self) -> None:
        """Sort everything into the lowest level, so that small changes afterwards do not make RocksDB do it."""
        self.store.optimize()

    def _load(self) -> None:
        chunks, size = self._chunks, self._bytes
        self._chunks, self._bytes = [], 0
        self._wait()
        if chunks:
            quads = (ox.RdfFormat.N_QUADS, [chunk.quads() for chunk in chunks])
            merge = (ox.RdfFormat.N_TRIPLES, [chunk.triples for chunk in chunks])
            load = self._insert if size < SMALL_BYTES else self._bulk_load
            self._running = [self._loaders.submit(load, *each) for each in (quads, merge)]

    def _wait(self) -> None:
        running, self._running = self._running, []
        for each in running:
            try:
                each.result()
            except OSError as problem:
                raise StorageError.of("the store could not be written", problem, "is the disk full?") from problem

    def _bulk_load(self, form: ox.RdfFormat, parts: Iterable[bytes]) -> None:
        self.store.bulk_load(b"".join(parts), form, lenient=True)

    def _insert(self, form: ox.RdfFormat, parts: Iterable[bytes]) -> None:
        self.store.load(b"".join(parts), form, lenient=True)
