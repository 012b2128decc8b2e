"""What a process that replicates tells others: in one small file, which ``/ready`` and ``/metrics`` read."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from graph.model.errors import BusyError, Sentence, StorageError
from graph.model.publication import WORK_FOLDER

STATE_FILE, LOCK_FILE = "replication.json", "replication.lock"
HOUR, LOOK_SECONDS = 3600, 0.1


class ReplicationState(msgspec.Struct):
    """How replication stands. Times are seconds since 1970, 0 for never.

    Attributes:
        role: whether releases are sent to the storage, or fetched from it.
        url: the storage; it holds no credentials.
        release: of a copy, its current release; of a publisher, the one that is current in the storage.
        latest: of a copy, the release that is current in the storage; of a publisher, its own.
        behind_since: since when these two differ; 0 where they do not.
        lag: how many seconds the last release took from becoming current at the publisher until it was here (or sent).
        reached: when the storage answered last.
        problem: why the last attempt failed; empty where it did not.
        failures: how many attempts have failed since the last that did not.
        files: how many files were sent or fetched since the process began.
        size: how many bytes these were, as sent.
        commits: how many releases became current here, or in the storage.
        awaited: of a copy, ids of the releases that are to be here.
    """

    role: Literal["push", "follow"]
    url: str
    release: str = ""
    latest: str = ""
    behind_since: float = 0.0
    lag: float = 0.0
    reached: float = 0.0
    problem: str = ""
    failures: int = 0
    files: int = 0
    size: int = 0
    commits: int = 0
    awaited: tuple[str, ...] = ()

    def is_stale(self, hours: float) -> bool:
        """Whether the storage has not answered for so many hours."""
        return time.time() - self.reached > hours * HOUR

    def behind(self) -> float:
        """Return for how many seconds a newer release has not been brought where it should be."""
        return max(0.0, time.time() - self.behind_since) if self.behind_since else 0.0

    def succeeded(self, release: str, moved: str) -> None:
        """Note that a release has arrived, which became current at a time (ISO 8601)."""
        self.release = self.latest = release
        self.behind_since, self.commits = 0.0, self.commits + 1
        self.lag = max(0.0, time.time() - datetime.fromisoformat(moved).timestamp())

    def differs(self, release: str, latest: str) -> None:
        """Note which release is where."""
        self.release, self.latest = release, latest
        self.behind_since = 0.0 if release == latest else self.behind_since or time.time()

    def write(self, root: Path) -> None:
        """Write it for others; who reads sees this or what was there before.

        Raises:
            StorageError: the disk does not take it.
        """
        path = root / WORK_FOLDER / STATE_FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{STATE_FILE}-{os.getpid()}")
            fresh.write_bytes(msgspec.json.encode(self) + b"\n")
            fresh.replace(path)
        except OSError as problem:
            raise StorageError.of(Sentence("%(name)s cannot be written", name=path.name), problem) from problem


def read_state(root: Path) -> ReplicationState | None:
    """Return how replication of the publication in ``root`` stands, or None where nobody has replicated anything."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((root / WORK_FOLDER / STATE_FILE).read_bytes(), type=ReplicationState)
    return None


@contextmanager
def the_one(root: Path, seconds: float) -> Iterator[None]:
    """Be the one process that replicates a publication; another one is waited for.

    Args:
        root: the publication's folder.
        seconds: how long to wait.

    Raises:
        BusyError: another one still replicates it.
        StorageError: the folder cannot be written.
    """
    path, end = root / WORK_FOLDER / LOCK_FILE, time.monotonic() + seconds
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as problem:
        raise StorageError.of(Sentence("%(name)s cannot be written", name=path.name), problem) from problem
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as problem:
                if time.monotonic() >= end:
                    raise BusyError(
                        Sentence("another process replicates this publication"), Sentence("wait until it is done")
                    ) from problem
                time.sleep(LOOK_SECONDS)
        yield
