"""The store of a release: a RocksDB index over its named graphs and over their merge; whole, or begun as a copy.

It can be made anew from the graph files at any time.
"""

from __future__ import annotations

import gc
import os
import shutil
import time
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from graph.model.errors import ReleaseError, Sentence, StorageError
from graph.model.rdf_terms import Place, Subject, Term, matching
from graph.releases.graph_files import link, read_member
from graph.releases.manifest import GraphEntry, Lanes, Manifest, repeated_keys, triple_hashes
from graph.sources.batches import Chunk

# The RDF merge of named graphs as a stream: each triple once, in bounded memory, read from the members.
#
# Only graphs that share triples are looked at twice. What stands in several is told by 128 bits of its SHA-256, as the
# overlap of graphs is, so that ten million triples of which all are shared take about 300 MB and others nothing.

KEY = np.dtype([("high", "<u8"), ("low", "<u8")])
Keys = NDArray[np.void]


def merged(folder: Path, manifest: Manifest, entries: Sequence[GraphEntry]) -> Iterator[Chunk]:
    """Yield the triples of some graphs of the release in ``folder``, each once, in the order of the graphs.

    Raises:
        ReleaseError: a member cannot be read.
    """
    sharing = frozenset(manifest.sharing)
    several = _in_several(folder, [each for each in entries if each.iri in sharing])
    passed = np.zeros(len(several), np.bool_)
    for entry in entries:
        for chunk in read_member(folder / entry.file, entry.iri):
            if entry.iri in sharing and len(several):
                chunk = _first_time(chunk, several, passed)  # noqa: PLW2901  what is left of it
            if chunk.triples:
                yield chunk


def _in_several(folder: Path, entries: Iterable[GraphEntry]) -> Keys:
    """Return the sorted keys of the triples that stand in more than one of the graphs."""
    parts = [
        triple_hashes(chunk.lines())[:, :2]
        for entry in entries
        for chunk in read_member(folder / entry.file, entry.iri)
    ]
    rows = np.concatenate([*parts, np.zeros((0, 2), np.uint64)])
    doubtful = _keys(rows[np.isin(rows[:, 0], repeated_keys(rows))])
    keys, counts = np.unique(doubtful, return_counts=True)
    return keys[counts > 1]


def _first_time(chunk: Chunk, several: Keys, passed: NDArray[np.bool_]) -> Chunk:
    """Return the triples of a chunk that have not passed yet, and note that they have."""
    lines = chunk.lines()
    keys = _keys(triple_hashes(lines)[:, :2])
    places = np.minimum(np.searchsorted(several, keys), len(several) - 1)
    known = several[places] == keys
    keep = ~(known & passed[places])
    passed[places[known]] = True
    kept = [line for line, kept in zip(lines, keep.tolist(), strict=True) if kept]
    return Chunk(chunk.graph, b"".join(line + b"\n" for line in kept))


def _keys(rows: Lanes) -> Keys:
    keys: Keys = np.ascontiguousarray(rows).view(KEY).reshape(-1)
    return keys


# A store that begins as a copy of a release's and changes: hard links, so that the copy costs nothing of its size.
#
# RocksDB writes what is new into a log, and moves it into its sorted files when a store is opened for writing again.
# Left to itself, it would so make a few small files at each release, and merge them with all others again and again: a
# change would cost what the data costs. So a release keeps the sorted files of the one before, and has logs beside
# them; who reads a store reads its logs, too. When they have grown, they become sorted files, once for many releases.
#
# The newest log is written anew at each release, of what differs in the end from what stands before it. What is written
# meanwhile is more (the catalogue is out of the merge, and most of it comes back as it was), and so are the logs of
# several releases together (what one has added the next removes). Beside it stand the triples in question, by which the
# next release finds the difference. A log that has grown stays as it is, since copies are sent what is written anew,
# and another one begins.

WORK_SUFFIX = ".work"
CHANGED_FILE = "changed.nt"
"""Which triples the newest log of a store is about, in N-Triples; comments name all its logs, with their sizes."""
LONGEST_LOG, REPEATED = 768 << 10, 2
"""In bytes: a log that is longer stays, and another begins, where it is about this many times what has changed now."""
LONGEST_LOGS = 6 << 20
"""In bytes: what all logs of a store may have together; whoever opens it reads them."""
MOST_TOUCHED = 20_000
"""Triples of so many at most it is looked whether they have changed."""
IMMUTABLE = (".sst", ".log")
CHATTER = ("LOCK", "LOG")
REOPENINGS, REOPENING_SECONDS = 40, 0.05

Quads = Collection[ox.Quad]
NOTHING_TOUCHED: frozenset[ox.Triple] = frozenset()


class Checkpoint:
    """A copy of a store, open for writing: a context manager; on exit it is where it should be, if it is to be kept."""

    def __init__(self, source: Path, folder: Path) -> None:
        """Copy the store in ``source``, which nobody writes to, to ``folder``, which must not exist."""
        self._source, self._folder, self._work = source, folder, folder.with_name(folder.name + WORK_SUFFIX)
        copy_store(source, self._work)
        self._store: ox.Store | None = ox.Store(self._work)
        self._logs = _logs(self._work)
        self._is_kept, self._touched = False, NOTHING_TOUCHED
        self._come: Quads = ()
        self._gone: Quads = ()

    def __enter__(self) -> Checkpoint:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store and bring it to its place; after an error it is left to whoever removes the folder."""
        traceback.clear_frames(trace)  # after an error the frames that it passed through hold the store, too
        if kind is None and self._is_kept:
            self.finish()
        self._store = None

    def keep(self, quad: ox.Quad, touched: Iterable[ox.Triple], *, is_there: bool = True) -> None:
        """Say that the store is to be kept; who says it more than once means all of it together.

        Args:
            quad: one that the writes added; by it one sees that a log has been read.
            touched: all triples of which a graph may have got or lost one: so the log can say what has changed in the
                end, and not all that was written meanwhile.
            is_there: otherwise the quad is one that they removed.
        """
        self._is_kept, self._touched = True, self._touched.union(touched)
        self._come, self._gone = ((quad,), ()) if is_there else ((), (quad,))

    def finish(self) -> None:
        """Close the store and bring it to its place: by its log alone where that will do, and is read."""
        logs, known = _logs(self._source), len(self._touched) <= MOST_TOUCHED
        before, newest = _changed(self._source), _newest(logs)
        if before is not None and len(together := before | self._touched) <= MOST_TOUCHED:
            changed = self._begin_again(together, without=newest)
            size = sum(_logs(self._work).values())
            is_short = size <= LONGEST_LOG or len(together) < REPEATED * len(self._touched)
            total = sum(logs.values()) - logs.get(newest, 0) + size
            if is_short and total <= LONGEST_LOGS and self._is_placed(without=newest):
                _note_changed(self._folder, changed)
                return
        changed = self._begin_again(self._touched) if known else NOTHING_TOUCHED
        size = sum(_logs(self._work).values())
        if size + sum(logs.values()) > LONGEST_LOGS or not self._is_placed():
            self._keep_sorted(is_long=size > LONGEST_LOGS)
        if known:
            _note_changed(self._folder, changed)

    def _is_placed(self, *, without: str = "") -> bool:
        """Whether a copy of the store before, without one log, and the one that is written do: then they are placed."""
        own = _logs(self._work)
        if own.keys() != self._logs.keys():
            return False
        self._store = None
        copy_store(self._source, self._folder, without=without)
        (self._folder / CHANGED_FILE).unlink(missing_ok=True)
        for name in own:
            link(self._work / name, self._folder / name)
        if not self._is_read():
            shutil.rmtree(self._folder)
            self._store = ox.Store(self._work)
            return False
        shutil.rmtree(self._work)
        return True

    def _keep_sorted(self, *, is_long: bool) -> None:
        """Let the store be the one that has been written in: at its opening the logs before became sorted files."""
        if is_long:
            self.store.flush()
        self._store = None
        tidy(self._work, reopen=is_long)
        (self._work / CHANGED_FILE).unlink(missing_ok=True)
        self._work.replace(self._folder)

    def _begin_again(self, touched: Collection[ox.Triple], *, without: str = "") -> frozenset[ox.Triple]:
        """Begin again from the store before, without one log, and write what differs; return the triples of that."""
        made = self.store
        now, names = _holding(made, touched), {*made.named_graphs()}
        del made
        self._store, left = None, self._work
        self._work = left.with_name(left.name + "-again")
        copy_store(self._source, self._work, without=without)
        self._store = fresh = ox.Store(self._work)
        self._logs = _logs(self._work)
        shutil.rmtree(left)
        was, known = _holding(fresh, touched), {*fresh.named_graphs()}
        for name in known - names:
            fresh.remove_graph(name)
        for name in names - known:
            fresh.add_graph(name)
        self._come, self._gone = now - was, was - now
        for quad in self._gone:
            fresh.remove(quad)
        fresh.extend(self._come)
        return frozenset(quad.triple for quad in now ^ was)

    def _is_read(self) -> bool:
        """Whether who opens the store sees what was written; RocksDB passes over a log that it mistrusts."""
        store = ox.Store.read_only(str(self._folder))
        return all(quad in store for quad in self._come) and not any(quad in store for quad in self._gone)

    @property
    def store(self) -> ox.Store:
        """The store; whoever takes it lets go of it before the end."""
        if self._store is None:
            raise ReleaseError(Sentence("the store is closed"))
        return self._store


def copy_store(source: Path, folder: Path, *, without: str = "") -> None:
    """Copy a store that nobody writes to: what never changes is linked, the few small files that might be are copied.

    Args:
        source: the store's folder.
        folder: where to; it must not exist.
        without: the name of a file that is left out, the newest log: the copy says what the store said before it.

    Raises:
        OSError: the disk does not take it.
    """
    folder.mkdir()
    for path in source.iterdir():
        if path.name == without:
            continue
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


def _newest(logs: Mapping[str, int]) -> str:
    """Return the name of the log that is read last; an empty text where nothing is in any."""
    return max((name for name, size in logs.items() if size), key=lambda name: (len(name), name), default="")


def _holding(store: ox.Store, triples: Iterable[ox.Triple]) -> set[ox.Quad]:
    """Return the quads of a store that state some triples, in whichever graph."""
    return {quad for each in triples for quad in matching(store, each.subject, each.predicate, each.object)}


def _note_changed(folder: Path, triples: Iterable[ox.Triple]) -> None:
    """Write beside the logs of a store which triples the newest is about."""
    lines = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True)
    if named := _named_logs(folder):
        (folder / CHANGED_FILE).write_bytes(named + b"".join(sorted(lines)))


def _changed(folder: Path) -> frozenset[ox.Triple] | None:
    """Return which triples the newest log of a store is about; None where that is not known.

    What does not name the store's logs was written beside others: an earlier version may have added one since.
    """
    named, path = _named_logs(folder), folder / CHANGED_FILE
    if not named:
        return NOTHING_TOUCHED
    content = path.read_bytes() if path.is_file() else b""
    if not content.startswith(named):
        return None
    return frozenset(quad.triple for quad in ox.parse(content[len(named) :], ox.RdfFormat.N_TRIPLES, lenient=True))


def _named_logs(folder: Path) -> bytes:
    """Return the comments that name the logs of a store in which there is something."""
    logs = sorted(_logs(folder).items())
    return b"".join(f"# {name} {size}\n".encode() for name, size in logs if size)


class ReadingStore:
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
            raise ReleaseError(Sentence("the store is closed"))
        return self._store.quads_for_pattern(subject, predicate, object_, graph)

    def query(self, text: str, /) -> object:
        """Return the answer to a query.

        Raises:
            ReleaseError: it has been closed.
        """
        if self._store is None:
            raise ReleaseError(Sentence("the store is closed"))
        return self._store.query(text)

    def close(self) -> None:
        """Let go of the store."""
        self._store = None


@contextmanager
def reading(store: ox.Store) -> Iterator[ReadingStore]:
    """Give something that reads as the store does, and holds it no longer than this."""
    view = ReadingStore(store)
    try:
        yield view
    finally:
        view.close()


# The store of a release: a RocksDB index over its named graphs, and over their merge as the default graph.
#
# The store rewrites numeric literals and is never the truth: that is in the members. The default graph holds each
# distinct triple once, so that a query without a dataset counts over a set (SPARQL 1.1 Query 13.1: RDF merge).

STORE_FOLDER = "store"
SMALL_BYTES = 1 << 20
"""Up to so much is inserted: loading in bulk writes a dozen files, however little there is."""
RUN_TRIPLES = 1_000_000
"""So many the engine's loader sorts at a time into files of their own; who reads looks into the files of each."""


NO_LINE = b"!\n"
"""At this the loader gives up, and leaves the store as it was."""


class Index:
    """A store being filled: a context manager; on exit everything is in it and flushed.

    What is added flows through a pipe into one load in bulk, beside whoever adds: the loader sorts a million triples at
    a time, so that what it writes is compressed and needs no merging, and holds no more than these in memory. RocksDB
    would write what it merges without compression, at twice the size (``optimize_level_style_compaction``).
    """

    def __init__(self, folder: Path) -> None:
        """Create the store in ``folder``, which must not hold one yet."""
        self._folder = folder
        self._store: ox.Store | None = ox.Store(folder)
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._added = _Flow(self._loader, self._store, ox.RdfFormat.N_QUADS)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="merge")
        self._merging: Future[None] | None = None
        self._triples, self._is_given_up = 0, False

    def __enter__(self) -> Index:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Load what is left, flush and close the store; after an error only wait for the loader and close it.

        RocksDB goes on moving files until it is closed: nothing may copy or sync the folder before.
        """
        try:
            if kind is None:
                self.flush()
        finally:
            self._is_given_up = True
            self._reader.shutdown(wait=True, cancel_futures=True)
            self._merging = None
            self._added.abandon()
            self._loader.shutdown(wait=True, cancel_futures=True)
            traceback.clear_frames(trace)  # after an error the frames that it passed through hold the store, too
            del self._added
            self._store = None
        if kind is None:
            tidy(self._folder, reopen=True)

    @property
    def store(self) -> ox.Store:
        """The store, for queries while it is being filled; whoever takes it lets go of it before the end."""
        if self._store is None:
            raise ReleaseError(Sentence("the store is closed"))
        return self._store

    def add(self, chunk: Chunk) -> None:
        """Take a chunk into its named graph, where it is visible after ``flush``; it is not in the merge.

        Raises:
            ReleaseError: the store could not be written.
        """
        self._wait_for_merge()
        self._triples += chunk.triples.count(b"\n")
        self._added.write(chunk.quads())

    def merge(self, chunks: Iterable[Chunk]) -> None:
        """Let the default graph hold these triples, too, after all that was added; which stand there twice are one.

        It waits until these are loaded: two loaders would take twice the memory. What is merged is read and loaded
        beside whoever goes on, and is there after ``flush``, which raises what reading it raises.

        Raises:
            ReleaseError: the store could not be written.
        """
        self._wait_for_merge()
        self._added.end()
        self._merging = self._reader.submit(self._merge, chunks)

    def _merge(self, chunks: Iterable[Chunk]) -> None:
        merge = _Flow(self._loader, self.store, ox.RdfFormat.N_TRIPLES)
        try:
            for chunk in chunks:
                if self._is_given_up:
                    return
                merge.write(chunk.triples)
            merge.end()
        finally:
            merge.abandon()

    def _wait_for_merge(self) -> None:
        merging, self._merging = self._merging, None
        if merging is not None:
            merging.result()

    def load(self) -> None:
        """Wait until everything that was added is in the store, where it can be read.

        Raises:
            ReleaseError: the store could not be written (disk full, for one).
        """
        self._wait_for_merge()
        self._added.end()

    def flush(self) -> None:
        """Wait until everything that was added is in the store and on disk; errors as ``load``."""
        self.load()
        self.store.flush()

    @property
    def is_sorted(self) -> bool:
        """Whether who reads looks into one file, in each order, for all but a little."""
        return self._triples <= RUN_TRIPLES

    def settle(self) -> None:
        """Sort everything into the lowest level, so that small changes afterwards do not make RocksDB do it."""
        self.store.optimize()


class _Flow:
    """Lines on their way into a store: a little is inserted, much goes through a pipe into one load in bulk."""

    def __init__(self, loader: Executor, store: ox.Store, form: ox.RdfFormat) -> None:
        self._loader, self._form = loader, form
        self._store: ox.Store | None = store
        self._waiting, self._bytes = list[bytes](), 0
        self._pipe: IO[bytes] | None = None
        self._running: Future[None] | None = None

    def write(self, lines: bytes) -> None:
        self._waiting.append(lines)
        self._bytes += len(lines)
        if self._pipe is None and self._bytes >= SMALL_BYTES:
            reader, writer = os.pipe()
            self._pipe, self._running = os.fdopen(writer, "wb"), self._loader.submit(self._load, reader)
        if self._pipe is not None:
            waiting, self._waiting = self._waiting, []
            try:
                for each in waiting:
                    self._pipe.write(each)
            except BrokenPipeError:  # the loader has given up, and says why
                self.end()

    def end(self) -> None:
        """Wait until all is in the store, of which more may come later."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        running, self._running = self._running, None
        try:
            if self._pipe is not None:
                with suppress(BrokenPipeError):
                    self._pipe.close()
                self._pipe = None
            if running is not None:
                running.result()
            elif waiting and self._store is not None:
                self._store.load(b"".join(waiting), self._form, lenient=True)
        except OSError as problem:
            raise StorageError.of(
                Sentence("the store could not be written"), problem, Sentence("is the disk full?")
            ) from problem

    def abandon(self) -> None:
        """Let nothing more come, and nothing of what the loader still has; let go of the store."""
        if self._pipe is not None:
            with suppress(OSError), self._pipe as pipe:
                pipe.write(NO_LINE)
        self._pipe = self._running = None
        self._store = None  # who has an error that came through here would hold it

    def _load(self, reader: int) -> None:
        try:
            # by its path the loader reads the pipe itself; a file of Python's it would read under Python's lock
            if self._store is not None:
                self._store.bulk_load(path=f"/dev/fd/{reader}", format=self._form, lenient=True)
        finally:
            os.close(reader)
