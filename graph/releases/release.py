"""Releases: the folder of them, with which one is current; and one of them, opened for reading and held.

The folder moves whole releases and one link; what is inside a release is none of its business. Reading changes nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path
from secrets import token_hex

import pyoxigraph as ox

from graph.model.errors import (
    NO_WORDS,
    BusyError,
    FollowingError,
    ReleaseError,
    Said,
    Sentence,
    StorageError,
    storage_code,
)
from graph.model.publication import CURRENT, ORIGIN_FILE, Publication
from graph.releases.graph_files import read_member
from graph.releases.manifest import MANIFEST_FILE, GraphEntry, Manifest, read_manifest
from graph.releases.store import STORE_FOLDER
from graph.sources.batches import Chunk

# The folder of releases: which there are, which one is current, and how a staged one becomes current in one step.
#
# It moves whole folders and one link; what is inside a release is none of its business.

STAGING = ".staging-"
LOCK = ".lock"
UNCOMMITTED = "uncommitted"
"""A file in a release that is not the current one yet, and never was."""
ASIDE = ".set-aside-"
REHEARSAL, REHEARSAL_SECONDS = ".rehearsal-", 60
REMOVALS, REMOVAL_SECONDS = 40, 0.05
LOOK_SECONDS = 0.05
"""How often one that waits asks whether it may write."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What to do while somebody else writes.

    Attributes:
        seconds: how long to wait at most.
        told: called once, where it has to be waited.
    """

    seconds: float = 0.0
    told: Callable[[], None] = lambda: None


AT_ONCE = Patience()


@dataclass(frozen=True, slots=True)
class ReleasesFolder:
    """Where a publication keeps its releases.

    Attributes:
        path: the folder.
        patience: how long its writers wait for each other.
        follows: whether who writes brings what a publisher has made; in a copy nobody else may.
    """

    path: Path
    patience: Patience = AT_ONCE
    follows: bool = False

    def current(self) -> Path | None:
        """Return the folder of the current release, or None before the first one.

        Raises:
            ReleaseError: there have been releases, and nothing says which is current.
        """
        if problem := self.fault():
            raise ReleaseError(problem, Sentence("hamkor releases recover"))
        return self._linked()

    def _linked(self) -> Path | None:
        """Return where the link to the current release leads, or None where there is none that leads to a folder."""
        link = self.path / CURRENT
        return link.resolve() if link.is_symlink() and link.is_dir() else None

    def fault(self) -> Said:
        """Return why nobody can tell which release is current, in words, or an empty string: none is one, too.

        A back-up that was made file by file leaves such a folder. To take it for one without releases would lose what
        contributors wrote, which stands nowhere else.
        """
        link = self.path / CURRENT
        if self._linked() is not None:
            return NO_WORDS
        if link.is_symlink():
            return Sentence("the link %(place)s leads to no release", place=self._place)
        if link.exists():
            return Sentence("%(place)s is no link to a release", place=self._place)
        if any(not (self.path / each / UNCOMMITTED).exists() for each in self.ids()):
            return Sentence("there are releases, but no link %(place)s to one of them", place=self._place)
        return NO_WORDS

    @property
    def _place(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}/{CURRENT}"

    def release(self, release_id: str) -> Path:
        """Return the folder of a release.

        Raises:
            ReleaseError: there is no such release.
        """
        if release_id not in self.ids():
            raise ReleaseError(
                Sentence("no release %(release)s", release=repr(release_id)),
                Sentence("hamkor releases list shows what there is"),
            )
        return self.path / release_id

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all releases, oldest first."""
        if not self.path.is_dir():
            return ()
        return tuple(sorted(each.name for each in self.path.iterdir() if each.is_dir() and _is_id(each.name)))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer: whoever changes what is in the folder holds this.

        Raises:
            BusyError: somebody else is writing, and still was when patience ended.
            ReleaseError: the folder cannot be written, or is a copy that follows its publisher.
        """
        if not self.follows and (self.path.parent / ORIGIN_FILE).exists():
            raise FollowingError(
                Sentence("this folder is a copy that follows its publisher; nothing is published in it"),
                Sentence(
                    "publish where the publisher is, or remove %(file)s to make it a publication of its own",
                    file=f"{self.path.parent.name}/{ORIGIN_FILE}",
                ),
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK).open("w")
        except OSError as problem:
            raise StorageError.of(Sentence("the folder of releases cannot be written"), problem) from problem
        with lock:
            self._wait(lock)
            self._clear()
            yield

    def _wait(self, lock: TextIOWrapper) -> None:
        """Take the lock; asked again and again, since a wait inside flock could only be ended by a signal."""
        end, told = time.monotonic() + self.patience.seconds, False
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                if time.monotonic() >= end:
                    raise BusyError(
                        Sentence("another process is making a release"), Sentence("wait until it is done")
                    ) from problem
            if not told:
                self.patience.told()
                told = True
            time.sleep(LOOK_SECONDS)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder to make a release in, to one writer at a time; it is gone afterwards.

        Raises:
            ReleaseError: as ``writing``.
        """
        with self.writing(), self.folder_for_staging() as folder:
            yield folder

    @contextmanager
    def folder_for_staging(self) -> Iterator[Path]:
        """Give the writer an empty folder to make a release in; it is gone afterwards.

        Raises:
            ReleaseError: the folder of releases cannot be written.
        """
        folder = self.path / f"{STAGING}{token_hex(8)}"
        try:
            folder.mkdir()
        except OSError as problem:
            raise StorageError.of(Sentence("the folder of releases cannot be written"), problem) from problem
        try:
            yield folder
        finally:
            _remove(folder)

    @contextmanager
    def rehearsal(self) -> Iterator[Path]:
        """Give an empty folder for something that is never committed, to anybody; it is gone afterwards.

        Raises:
            ReleaseError: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            folder = self.path / f"{REHEARSAL}{token_hex(8)}"
            folder.mkdir()
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as problem:
            raise StorageError.of(Sentence("the folder of releases cannot be written"), problem) from problem
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # by this a writer sees that somebody is still at it
            yield folder
        finally:
            os.close(lock)
            _remove(folder)

    def _clear(self) -> None:
        """Take away what a writer that was killed has left."""
        for left in self.path.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in self.path.glob(f"{REHEARSAL}*"):
            if time.time() - left.stat().st_mtime > REHEARSAL_SECONDS and not _is_locked(left):
                shutil.rmtree(left, ignore_errors=True)
        for link in self.path.glob(f".{CURRENT}-*"):
            link.unlink()
        if self.fault():  # what bears a mark may be all that is left
            return
        current = self._linked()
        for mark in self.path.glob(f"[!.]*/{UNCOMMITTED}"):
            if mark.parent.name == CURRENT:
                continue
            if current is not None and mark.parent.samefile(current):
                mark.unlink()
            else:  # the writer was killed before the link moved
                self.remove(mark.parent.name)

    def commit(self, staged: Path, release_id: str) -> Path:
        """Make the staged folder the release ``release_id`` and the current one; return its folder.

        Everything is on disk before the link moves; the link moves by a rename, which is atomic (POSIX rename).
        """
        folder = self._placed(staged, release_id)
        self.make_current(release_id)
        return folder

    def take_in(self, staged: Path, release_id: str) -> Path:
        """Make the staged folder the release ``release_id``, which is older than the current one; return its folder."""
        folder = self._placed(staged, release_id)
        (folder / UNCOMMITTED).unlink()
        return folder

    def _placed(self, staged: Path, release_id: str) -> Path:
        current = self._linked()
        (staged / UNCOMMITTED).touch()
        _sync_tree(staged, set() if current is None else _files(current))
        folder = self.path / release_id
        if folder.exists():  # a writer was killed before the link moved, in this very second
            shutil.rmtree(folder)
        staged.rename(folder)
        _sync(self.path)
        return folder

    def remove(self, release_id: str) -> None:
        """Take a release away, in one step as others see it; the writer's part to know that nobody needs it."""
        gone = self.path / f"{STAGING}{release_id}"
        (self.path / release_id).rename(gone)
        _sync(self.path)
        _remove(gone)

    def make_current(self, release_id: str) -> None:
        """Point ``current`` to a release."""
        fresh = self.path / f".{CURRENT}-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(release_id)
        try:
            fresh.replace(self.path / CURRENT)
        except OSError as problem:
            fresh.unlink()
            if storage_code(problem):
                raise
            raise ReleaseError(
                Sentence("%(name)s in %(path)s is no link to a release", name=CURRENT, path=self.path),
                Sentence("hamkor releases recover"),
            ) from problem
        _sync(self.path)
        with contextlib.suppress(OSError):  # it is current; the next writer takes the mark away
            (self.path / release_id / UNCOMMITTED).unlink(missing_ok=True)

    def set_aside(self) -> Path | None:
        """Move away what stands in the place of the link and is none; return where it is now, or None.

        Nothing is removed: it may be a copy of a release that is not whole elsewhere.
        """
        place = self.path / CURRENT
        return self._aside(place) if place.exists() and not place.is_symlink() else None

    def as_release(self, release_id: str) -> Path | None:
        """Let a folder in the place of the link be the release ``release_id``; return where the one of this id is now.

        It is None where there was none.
        """
        place = self.path / release_id
        aside = self._aside(place) if place.exists() else None
        (self.path / CURRENT).rename(place)
        return aside

    def _aside(self, place: Path) -> Path:
        aside = self.path / f"{ASIDE}{token_hex(4)}"
        place.rename(aside)
        return aside


def _is_id(name: str) -> bool:
    return not name.startswith(".") and name != CURRENT


def _is_locked(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _remove(folder: Path) -> None:
    """Remove a folder that a store may still be writing to: after an error its last reference can live a moment."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVAL_SECONDS)


def _files(folder: Path) -> set[tuple[int, int]]:
    found = (path.lstat() for path in folder.rglob("*"))
    return {(each.st_dev, each.st_ino) for each in found}


def _sync_tree(folder: Path, known: set[tuple[int, int]]) -> None:
    """Wait until a folder is on disk; files that are linked from a release are there already."""
    for path in (*folder.rglob("*"), folder):
        status = path.lstat()
        if (status.st_dev, status.st_ino) not in known:
            _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Who reads a release holds it: a shared lock on its manifest, by which pruning sees that somebody needs it.
#
# The system gives the lock back when its last descriptor is closed, also for a process that is killed; forked children
# share it with their parent. It keeps nobody from reading or writing.


class Hold:
    """A shared lock on a release, held until it is let go or collected."""

    __slots__ = ("_descriptor",)

    def __init__(self, folder: Path) -> None:
        """Hold the release in ``folder``; where the system has no locks or there is no release, hold nothing."""
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._descriptor = os.open(folder / MANIFEST_FILE, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def let_go(self) -> None:
        """Hold it no longer."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Let go at the latest when nobody knows of it any more."""
        self.let_go()


def is_held(folder: Path) -> bool:
    """Whether any process, this one included, holds the release in ``folder``."""
    try:
        descriptor = os.open(folder / MANIFEST_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no locks on this file system: nothing is known, so nothing is taken away
        return True
    finally:
        os.close(descriptor)
    return False


# A release, opened for reading: its manifest, its graph files and its store. Nothing here ever changes one.

REPORT_FILE = "report.ttl"
CATALOG_FILE = "catalog.ttl"
GRAPHS_SHOWN = 20


@dataclass(frozen=True)
class Release:
    """One immutable release.

    Attributes:
        folder: where it is.
        manifest: what it says of itself.
        hold: keeps it from being pruned while it is read.
    """

    folder: Path
    manifest: Manifest
    hold: Hold | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """The release's id."""
        return self.manifest.id

    @cached_property
    def store(self) -> ox.Store:
        """The store, read-only; opened at the first use and kept."""
        try:
            return ox.Store.read_only(str(self.folder / STORE_FOLDER))
        except (OSError, RuntimeError) as problem:  # RuntimeError is RocksDB's word for corruption
            if storage_code(problem):
                raise StorageError.of(
                    Sentence("%(release)s: the store cannot be opened", release=self.id), problem
                ) from problem
            raise ReleaseError(
                Sentence("%(release)s: the store cannot be opened: %(words)s", release=self.id, words=problem),
                Sentence("run hamkor build"),
            ) from problem

    def entry(self, iri: str) -> GraphEntry:
        """Return the manifest's entry of a named graph.

        Raises:
            ReleaseError: the release has no such graph.
        """
        for each in self.manifest.graphs:
            if each.iri == iri:
                return each
        base = f"{self.manifest.base}graph/"
        names = ", ".join(each.iri.removeprefix(base) for each in self.manifest.graphs[:GRAPHS_SHOWN])
        if len(self.manifest.graphs) > GRAPHS_SHOWN:
            names += ", …"
        raise ReleaseError(
            Sentence("no graph <%(graph)s> in release %(release)s", graph=iri, release=self.id),
            Sentence("there are %(names)s", names=names),
        )

    def read_graph(self, iri: str) -> Iterator[Chunk]:
        """Yield the triples of a named graph, exactly as they were parsed."""
        yield from read_member(self.folder / self.entry(iri).file, iri)

    def read_all(self) -> Iterator[Chunk]:
        """Yield the triples of all named graphs, graph by graph."""
        for each in self.manifest.graphs:
            yield from self.read_graph(each.iri)


def open_release(folder: Path) -> Release:
    """Return the release in ``folder``; as long as somebody has it, it is not pruned.

    Raises:
        ReleaseError: its manifest cannot be read.
    """
    hold = Hold(folder)
    return Release(folder, read_manifest(folder), hold)


def current_release(publication: Publication) -> Release:
    """Return the publication's current release.

    Raises:
        ReleaseError: there is none yet, or it cannot be read.
    """
    folder = ReleasesFolder(publication.releases_folder).current()
    if folder is None:
        raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
    return open_release(folder)
