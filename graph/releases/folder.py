"""The folder of releases: which there are, which one is current, and how a staged one becomes current in one step.

It moves whole folders and one link; what is inside a release is none of its business.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from graph.errors import BusyError, ReleaseError

CURRENT = "current"
STAGING = ".staging-"
LOCK = ".lock"
UNCOMMITTED = "uncommitted"
"""A file in a release that is not the current one yet, and never was."""
REHEARSAL, REHEARSAL_SECONDS = ".rehearsal-", 60
REMOVALS, REMOVAL_SECONDS = 40, 0.05


@dataclass(frozen=True, slots=True)
class ReleasesFolder:
    """Where a publication keeps its releases."""

    path: Path

    def current(self) -> Path | None:
        """Return the folder of the current release, or None before the first one."""
        link = self.path / CURRENT
        return link.resolve() if link.is_symlink() and link.exists() else None

    def release(self, release_id: str) -> Path:
        """Return the folder of a release.

        Raises:
            ReleaseError: there is no such release.
        """
        if release_id not in self.ids():
            raise ReleaseError(f"no release {release_id!r}", "hamkor releases list shows what there is")
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
            BusyError: somebody else is writing.
            ReleaseError: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK).open("w")
        except OSError as problem:
            raise ReleaseError(f"{self.path} cannot be written: {problem.strerror}") from problem
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                raise BusyError("another process is making a release", "wait until it is done") from problem
            self._clear()
            yield

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder to make a release in, to one writer at a time; it is gone afterwards.

        Raises:
            ReleaseError: as ``writing``.
        """
        with self.writing():
            folder = self.path / f"{STAGING}{token_hex(8)}"
            try:
                folder.mkdir()
            except OSError as problem:
                raise ReleaseError(f"{self.path} cannot be written: {problem.strerror}") from problem
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
            raise ReleaseError(f"{self.path} cannot be written: {problem.strerror}") from problem
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
        current = self.current()
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
        current = self.current()
        (staged / UNCOMMITTED).touch()
        _sync_tree(staged, set() if current is None else _files(current))
        folder = self.path / release_id
        if folder.exists():  # a writer was killed before the link moved, in this very second
            shutil.rmtree(folder)
        staged.rename(folder)
        _sync(self.path)
        self.make_current(release_id)
        (folder / UNCOMMITTED).unlink()
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
        fresh.replace(self.path / CURRENT)
        _sync(self.path)


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
