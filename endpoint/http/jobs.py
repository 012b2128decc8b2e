"""Work that requests give to processes of their own, so many at a time: writes, and files that are made once."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import TypeVar, cast

from cachetools import LRUCache
from flask import Flask, current_app

from endpoint.current import publication, snapshot
from endpoint.http.problems import ProblemError
from graph.model import processes
from graph.model.errors import BusyError, EngineUnavailableError, Sentence, WorkEndedError
from graph.model.processes import Bounds
from graph.model.settings import LimitSettings
from graph.releases.dumps import begin, fault_of, is_busy

# Work that requests give to processes of their own (``graph.model.processes``): so many at a time, the rest waits a
# little.
#
# It knows no request; what the work is, ``graph.parts.contribution`` and ``graph.parts.contribution`` say.

T = TypeVar("T")
EXTENSION = "hamkor-works"
AT_A_TIME = 2
MOST_CLIENTS = 10_000

log = logging.getLogger("hamkor")


@dataclass
class Works:
    """The work of one application: what is written and what is only rehearsed wait for different places."""

    limits: LimitSettings
    writing: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_A_TIME))
    rehearsing: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_A_TIME))
    _of_clients: LRUCache[str, BoundedSemaphore] = field(default_factory=lambda: LRUCache(MOST_CLIENTS))
    _guard: Lock = field(default_factory=Lock)

    def write(self, work: str, what: object, kind: type[T], *, calls: bool = False) -> T:
        """Return what comes of some work that may publish.

        Args:
            work: the function that does it, as ``module:name``.
            what: its argument.
            kind: what it returns.
            calls: whether it may connect to others.

        Raises:
            HamkorError: as the work, or it took too much of something.
            EngineUnavailableError: too many want to write.
        """
        return self._done(self.writing, work, what, kind, calls=calls)

    def rehearse(self, work: str, what: object, kind: type[T], client: str) -> T:
        """Return what comes of some work that publishes nothing; as ``write``, but one at a time for each client.

        Anybody may ask for that, so nobody shall have both places.
        """
        with self._guard:
            own = self._of_clients.setdefault(client, BoundedSemaphore())
        if not own.acquire(timeout=self.limits.queue_seconds):
            raise EngineUnavailableError(
                Sentence("too many documents are being read already"), self.limits.queue_seconds
            )
        try:
            return self._done(self.rehearsing, work, what, kind)
        finally:
            own.release()

    def _done(self, places: BoundedSemaphore, work: str, what: object, kind: type[T], *, calls: bool = False) -> T:
        limits = self.limits
        if not places.acquire(timeout=limits.queue_seconds):
            raise EngineUnavailableError(Sentence("too many documents are being read already"), limits.queue_seconds)
        try:
            bounds = Bounds(limits.upload_seconds, limits.upload_memory_mb, calls=calls)
            return processes.run(work, what, kind, bounds)
        except WorkEndedError as problem:
            log.warning("work for a request ended: %s", problem)
            raise
        finally:
            places.release()


def install(app: Flask, limits: LimitSettings) -> None:
    """Give an application its places for work."""
    app.extensions[EXTENSION] = Works(limits)


def works() -> Works:
    """Return the application's places for work."""
    return cast(Works, current_app.extensions[EXTENSION])


# What has to be made of a release before it can be sent: small things at once, large ones in a process of their own.
#
# The client waits a moment and is then asked to come back; the service never stands still.

AT_ONCE = 1 << 20
"""What is made of no more bytes of members than this is made within the request."""
WAIT_SECONDS, LOOK_SECONDS, RETRY_SECONDS = 5.0, 0.05, 10


def made(name: str, size: int, there: Callable[[], T | None], make: Callable[[], T], *, given: str = "") -> T:
    """Return something that is made of the release, and make it where it is not there.

    Args:
        name: what ``graph.releases.dumps`` calls it.
        size: how many bytes of members have to be read for it.
        there: returns it, or None.
        make: makes it in this process.
        given: what another process has to know besides to make it, as ``begin`` takes it.

    Raises:
        ProblemError: it takes longer than a client will wait, or cannot be made.
        HamkorError: as ``make`` does.
    """
    found = there()
    if found is not None:
        return found
    if size <= AT_ONCE:
        try:
            return make()
        except BusyError:
            return _awaited(name, there, given)
    return _awaited(name, there, given)


def _awaited(name: str, there: Callable[[], T | None], given: str) -> T:
    release, until = snapshot().release, time.monotonic() + WAIT_SECONDS
    process: subprocess.Popen[bytes] | None = None
    while time.monotonic() < until:
        if (found := there()) is not None:
            return found
        if process is None and not is_busy(release.folder):
            process = begin(publication(), release, name, given)
        if process is not None and process.poll():
            raise fault_of(process)
        time.sleep(LOOK_SECONDS)
    retry = {"Retry-After": str(RETRY_SECONDS)}
    raise ProblemError("unavailable", Sentence("%(name)s is being made; ask again in a moment", name=name), {}, retry)
