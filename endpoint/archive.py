"""Queries over older releases: a query service for each that is asked, a few at a time, ended when nobody asks.

They have the limits of every query (``graph.query.service``): workers in processes of their own, a deadline, memory. A
release is read from disk, never loaded. What is current is not its business.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from endpoint.bridge import unanswered, waited
from endpoint.past import IDLE_SECONDS
from graph.errors import EngineUnavailableError
from graph.query.engine import PROBE, Answer, QueryRequest
from graph.query.frames import ask
from graph.query.service import QueryService
from graph.releases.release import Release
from graph.settings import Settings

MOST = 2
RETRY_SECONDS = 5.0


@dataclass(eq=False)
class _Shelf:
    """One release that is asked."""

    service: QueryService
    started: asyncio.Future[None]
    users: int = 0
    asked: float = field(default_factory=time.monotonic)


class Archive:
    """Answers queries over older releases; used from one event loop."""

    def __init__(self, settings: Settings, most: int = MOST, idle_seconds: float = IDLE_SECONDS) -> None:
        """Have services for ``most`` releases at a time, each ended ``idle_seconds`` after its last query."""
        engine = msgspec.structs.replace(settings.engine, memory_mb=0, lookup_mb=0, workers=1)
        self._settings = msgspec.structs.replace(settings, engine=engine)
        self._most, self._idle = most, idle_seconds
        self._shelves: OrderedDict[str, _Shelf] = OrderedDict()
        self._sweeper: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to end services that nobody asks; called on the event loop."""
        self.loop = asyncio.get_running_loop()
        self._sweeper = self.loop.create_task(self._sweep())

    async def close(self) -> None:
        """End all services."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for release_id in tuple(self._shelves):
            await self._end(release_id)

    def engine(self, release: Release) -> ArchivedEngine:
        """Return what answers queries over a release, for Flask's threads."""
        return ArchivedEngine(self, release)

    async def answer(self, release: Release, frame: bytes, client: str) -> Answer:
        """Ask a release.

        Raises:
            EngineUnavailableError: as many others are being asked as can be at a time.
            HamkorError: as ``Pool.answer``.
        """
        shelf = await self._shelf(release)
        try:
            await asyncio.shield(shelf.started)
            return await shelf.service.pool.answer(frame, client)
        finally:
            shelf.users -= 1
            shelf.asked = time.monotonic()

    async def _shelf(self, release: Release) -> _Shelf:
        """Return the shelf of a release, its user counted already, so that nobody ends it meanwhile."""
        while (shelf := self._shelves.get(release.id)) is None and len(self._shelves) >= self._most:
            idle = next((each for each, shelf in self._shelves.items() if not shelf.users), None)
            if idle is None:
                raise EngineUnavailableError("other releases are being asked", RETRY_SECONDS)
            await self._end(idle)
        if shelf is None:
            service = QueryService(self._settings)
            shelf = self._shelves[release.id] = _Shelf(service, asyncio.ensure_future(service.start(release)))
            shelf.started.add_done_callback(lambda done: self._forget(release.id, done))
        shelf.users += 1
        self._shelves.move_to_end(release.id)
        return shelf

    def _forget(self, release_id: str, started: asyncio.Future[None]) -> None:
        """Forget a service that did not start; the next query tries again."""
        if started.cancelled() or started.exception() is not None:
            self._shelves.pop(release_id, None)

    async def _end(self, release_id: str) -> None:
        shelf = self._shelves.pop(release_id, None)
        if shelf is not None:
            with contextlib.suppress(EngineUnavailableError, asyncio.CancelledError):
                await shelf.started
            await shelf.service.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._idle / 4)
            for release_id, shelf in tuple(self._shelves.items()):
                if not shelf.users and shelf.asked < time.monotonic() - self._idle:
                    await self._end(release_id)


@dataclass(frozen=True)
class ArchivedEngine:
    """An engine (``graph.query.engine.Engine``) over one older release."""

    archive: Archive
    release: Release

    @property
    def services(self) -> Mapping[str, str]:
        """None: what another service says today is no part of the past."""
        return {}

    def check(self, seconds: float) -> None:
        """Make sure that queries are answered.

        Raises:
            HamkorError: as ``answer``; EngineUnavailableError, too, where none comes in time.
        """

        async def asked(client: str) -> Answer:
            async with asyncio.timeout(seconds):
                return await self.archive.answer(self.release, ask(PROBE), client)

        try:
            waited(self.archive.loop, asked)
        except TimeoutError as problem:
            raise EngineUnavailableError(unanswered(seconds)) from problem

    def answer(self, request: QueryRequest) -> Answer:
        """Answer the request; waits, so never to be called on the event loop.

        Raises:
            HamkorError: as ``Archive.answer``.
        """
        frame = ask(request)
        return waited(self.archive.loop, lambda client: self.archive.answer(self.release, frame, client))
