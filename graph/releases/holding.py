"""Who reads a release holds it: a shared lock on its manifest, by which pruning sees that somebody needs it.

The system gives the lock back when its last descriptor is closed, also for a process that is killed; forked children
share it with their parent. It keeps nobody from reading or writing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from graph.releases.manifest import MANIFEST_FILE


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
