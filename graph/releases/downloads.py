"""The files of a release that have been made, kept beside it: each is written once, whole or not at all.

What is kept is no part of the release: its manifest knows nothing of it, and whoever removes the folder loses nothing
but time. N-Quads are never kept, being the members themselves.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from graph.errors import BusyError, FormatError, ReleaseError, StorageError
from graph.formats import N_QUADS
from graph.releases.dumps import ENDING, PIECE, Dump, dump_named, dumped_graphs, members_sha256, write_dump
from graph.releases.manifest import Manifest
from graph.releases.members import file_sha256

FOLDER = "downloads"
SUBJECTS = "subjects"
"""The folder of the lists of ``graph.releases.subjects``."""
LOCK, MAKING, DIGEST, FAULT = ".lock", ".making", ".sha256", ".fault"


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that can be sent: parts, one behind the other, and the SHA-256 of the whole in hexadecimal."""

    parts: tuple[tuple[Path, int], ...]
    sha256: str

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(size for _, size in self.parts)


@dataclass(frozen=True, slots=True)
class Downloads:
    """The files of one release.

    Attributes:
        folder: the release's.
        manifest: the release's.
        most: how many bytes of made files are kept; the oldest go first.
    """

    folder: Path
    manifest: Manifest
    most: int = 2 << 30

    def ready(self, dump: Dump) -> Ready | None:
        """Return a file that need not be made, or None.

        Raises:
            ReleaseError: a member cannot be read.
        """
        if dump.form is N_QUADS:
            entries = dumped_graphs(self.manifest, dump)
            digest = dump.graph.sha256 if dump.graph is not None else self._digest_of_members(dump)
            return Ready(tuple((self.folder / each.file, each.size) for each in entries), digest)
        path = self._path(dump)
        try:
            return Ready(((path, path.stat().st_size),), _beside(path).read_text("ascii"))
        except OSError:
            return None

    def refuse_impossible(self, dump: Dump) -> None:
        """Make sure that nobody has tried yet in vain to make a file.

        Raises:
            FormatError: the format cannot express what the graphs hold.
        """
        with suppress(OSError):
            raise FormatError(dump.form.title, self._fault(dump).read_text("utf-8"))

    def size(self, dump: Dump) -> int:
        """Return about how many bytes of members have to be read to make a file."""
        return sum(each.size for each in dumped_graphs(self.manifest, dump))

    def make(self, dump: Dump, prefixes: Mapping[str, str]) -> Ready:
        """Make a file, unless somebody has meanwhile; one is made at a time.

        Raises:
            BusyError: another file of this release is being made.
            FormatError: the format cannot express what the graphs hold.
            ReleaseError: a member cannot be read, or the file cannot be kept.
        """
        try:
            with making(self.folder) as folder:
                if (found := self.ready(dump)) is not None:
                    return found
                self.refuse_impossible(dump)
                self._make_room()
                fresh = folder / MAKING
                try:
                    self._write(dump, fresh, prefixes)
                    path = self._path(dump)
                    path.parent.mkdir(exist_ok=True)
                    _beside(path).write_text(file_sha256(fresh), "ascii")
                    fresh.replace(path)
                finally:
                    fresh.unlink(missing_ok=True)  # where the disk is full, it is this that fills it
        except OSError as problem:
            raise StorageError.of("the file cannot be kept", problem, "take N-Quads, or use hamkor export") from problem
        ready = self.ready(dump)
        if ready is None:
            raise ReleaseError("the file is gone already", "ask again")
        return ready

    def damaged(self) -> Iterator[str]:
        """Yield what is wrong with the files that are kept, a sentence each; every file is read."""
        return (_named(each, self.folder) for each in self._damaged())

    def discard_damaged(self) -> Iterator[str]:
        """Remove what is not as it was made, yielding what was: it is made again when it is asked for."""
        for path in list(self._damaged()):
            if path.parent.name == SUBJECTS:
                shutil.rmtree(path.parent)
            else:
                path.unlink(missing_ok=True)
                _beside(path).unlink(missing_ok=True)
            yield _named(path, self.folder)

    def _damaged(self) -> Iterator[Path]:
        top = self.folder / FOLDER
        for beside in sorted(top.rglob(f"*{DIGEST}")):
            path = beside.with_name(beside.name.removesuffix(DIGEST))
            try:
                known = beside.read_bytes()
                if path.name.endswith(ENDING):
                    dump = dump_named(self.manifest, path.relative_to(top).as_posix())
                    is_whole = dump is not None and known.decode() == self._sha256_of_members(dump)
                else:
                    is_whole = known.decode() == file_sha256(path)
            except (OSError, ValueError, ReleaseError):
                is_whole = False
            if not is_whole:
                yield path
        yield from (each for each in sorted((top / SUBJECTS).glob("*.gz")) if not _is_whole_gzip(each))

    def _write(self, dump: Dump, path: Path, prefixes: Mapping[str, str]) -> None:
        """Write a file; that it cannot be written, is remembered: a release never changes, and trying takes minutes."""
        try:
            with path.open("wb") as stream:
                write_dump(self.folder, self.manifest, dump, stream, prefixes)
                stream.flush()
                os.fsync(stream.fileno())
        except FormatError as problem:
            fault = self._fault(dump)
            try:
                fault.parent.mkdir(exist_ok=True)
                fault.write_text(problem.fault, "utf-8")
            except OSError:  # then it is tried again
                fault.unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """Remove the files that were made longest ago until what is kept is within bounds."""
        kept = [path for path in (self.folder / FOLDER).rglob("*.gz") if path.is_file()]
        total = 0
        for path in sorted(kept, key=lambda each: each.stat().st_mtime, reverse=True):
            total += path.stat().st_size
            if total > self.most:
                path.unlink()
                _beside(path).unlink(missing_ok=True)

    def _path(self, dump: Dump) -> Path:
        return self.folder / FOLDER / dump.name

    def _fault(self, dump: Dump) -> Path:
        path = self._path(dump)
        return path.with_name(path.name + FAULT)

    def _sha256_of_members(self, dump: Dump) -> str:
        return members_sha256(self.folder, dumped_graphs(self.manifest, dump))

    def _digest_of_members(self, dump: Dump) -> str:
        """Return the SHA-256 of several members, computed once and kept where that can be."""
        beside = _beside(self._path(dump))
        try:
            return beside.read_text("ascii")
        except OSError:
            digest = self._sha256_of_members(dump)
            fresh = beside.with_name(f"{beside.name}.{os.getpid()}")
            try:
                beside.parent.mkdir(exist_ok=True)
                fresh.write_text(digest, "ascii")
                fresh.replace(beside)
            except OSError:  # a read-only folder, or a full disk: it is computed again next time
                with suppress(OSError):
                    fresh.unlink(missing_ok=True)
            return digest


@contextmanager
def making(release: Path) -> Iterator[Path]:
    """Give the folder of what is made of the release in ``release``, to one process at a time.

    Raises:
        BusyError: something is being made of it.
        OSError: the folder cannot be written.
    """
    folder = release / FOLDER
    folder.mkdir(exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise BusyError("another file of this release is being made", "ask again in a moment") from problem
        yield folder


def is_busy(release: Path) -> bool:
    """Whether something is being made of the release in ``release``.

    Raises:
        ReleaseError: its folder cannot be written.
    """
    try:
        with making(release):
            return False
    except BusyError:
        return True
    except OSError as problem:
        raise StorageError.of("nothing can be kept", problem, "take N-Quads, or use hamkor export") from problem


def forget(folder: Path) -> None:
    """Remove every file that was made of the release in ``folder``: what it holds is no longer to be had."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _named(path: Path, folder: Path) -> str:
    return f"{path.relative_to(folder).as_posix()}: the file is not the one that was made"


def _is_whole_gzip(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as stream:
            while stream.read(PIECE):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}{DIGEST}")
