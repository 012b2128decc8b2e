"""Temporary folders that are taken away whatever happens: whoever uses one holds a lock in it.

The system gives the lock back when its process is killed; whoever makes the next folder of the same place takes away
those that nobody holds. What does not bear the mark is never touched, whatever its name is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "hamkor-"
MARK = ".held"


class HeldFolder:
    """A folder of its own, gone when it is closed; a context manager.

    Attributes:
        path: where it is.
    """

    def __init__(self, place: Path | None = None) -> None:
        """Make one in a place, by default the system's for temporary files, and take away what was left there."""
        take_away_left(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        fresh = self.path / f"{MARK}-"
        self._lock = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):  # no locks on this file system: then it bears no mark either
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh.rename(self.path / MARK)  # locked before it can be seen

    def __enter__(self) -> Path:
        """Return its path."""
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self.close()

    def close(self) -> None:
        """Take it away, with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def take_away_left(place: Path | None = None) -> None:
    """Take away the folders of processes that were killed: those with a mark that nobody holds, and of this user."""
    for mark in (place or Path(tempfile.gettempdir())).glob(f"{PREFIX}*/{MARK}"):
        with contextlib.suppress(OSError):  # it is gone, somebody holds it, or it is another user's
            descriptor = os.open(mark, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(descriptor).st_uid == os.geteuid() and not mark.parent.is_symlink():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(mark.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
