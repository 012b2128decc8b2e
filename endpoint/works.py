"""Work that requests give to processes of their own (``graph.sandbox``): so many at a time, the rest waits a little.

It knows no request; what the work is, ``graph.contribution`` and ``graph.update`` say.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import TypeVar, cast

from cachetools import LRUCache
from flask import Flask, current_app

from graph import sandbox
from graph.errors import EngineUnavailableError, WorkEndedError
from graph.sandbox import Bounds
from graph.settings import LimitSettings

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

    def write(self, work: str, what: object, kind: type[T]) -> T:
        """Return what comes of some work that may publish.

        Args:
            work: the function that does it, as ``module:name``.
            what: its argument.
            kind: what it returns.

        Raises:
            HamkorError: as the work, or it took too much of something.
            EngineUnavailableError: too many want to write.
        """
        return self._done(self.writing, work, what, kind)

    def rehearse(self, work: str, what: object, kind: type[T], client: str) -> T:
        """Return what comes of some work that publishes nothing; as ``write``, but one at a time for each client.

        Anybody may ask for that, so nobody shall have both places.
        """
        with self._guard:
            own = self._of_clients.setdefault(client, BoundedSemaphore())
        if not own.acquire(timeout=self.limits.queue_seconds):
            raise EngineUnavailableError("too many documents are being read already", self.limits.queue_seconds)
        try:
            return self._done(self.rehearsing, work, what, kind)
        finally:
            own.release()

    def _done(self, places: BoundedSemaphore, work: str, what: object, kind: type[T]) -> T:
        limits = self.limits
        if not places.acquire(timeout=limits.queue_seconds):
            raise EngineUnavailableError("too many documents are being read already", limits.queue_seconds)
        try:
            bounds = Bounds(limits.upload_seconds, limits.upload_memory_mb)
            return sandbox.run(work, what, kind, bounds)
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
