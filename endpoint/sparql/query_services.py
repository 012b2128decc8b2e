"""The query services of the current release and of older ones, for threads that ask and wait."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import cast

import msgspec

from endpoint.current import IDLE_SECONDS
from graph.model.errors import EngineUnavailableError, Sentence
from graph.model.settings import Settings
from graph.query.engine import PROBE, Answer, QueryRequest
from graph.query.forwarder import Forwarder
from graph.query.frames import ask
from graph.query.service import Pool, QueryService
from graph.releases.release import Release

# The pool for those who are not on the event loop: Flask's threads ask and wait.


@dataclass
class Visitor:
    """Who waits for a page: the address, for fairness, and what it waits for, to end that when it has gone."""

    client: str
    task: asyncio.Task[Answer] | None = None
    is_gone: bool = False

    def leave(self) -> None:
        """End what it waits for; called on the event loop."""
        self.is_gone = True
        if self.task is not None:
            self.task.cancel()


PROBING = "ready"
"""Who asks whether queries are answered, for fairness: nobody else has this address."""
VISITOR: ContextVar[Visitor] = ContextVar("visitor")
"""Set by whoever hands a request to Flask's threads."""


def waited(loop: asyncio.AbstractEventLoop | None, asking: Callable[[str], Awaitable[Answer]]) -> Answer:
    """Return an answer that is made on the event loop; waits, so never to be called there.

    Args:
        loop: the event loop, or None where it does not run yet.
        asking: makes the answer, given who asks.

    Raises:
        EngineUnavailableError: the loop does not run, or who asked has gone.
        HamkorError: as ``asking``.
    """
    if loop is None:
        raise EngineUnavailableError(Sentence("the query engine is starting"))
    visitor = VISITOR.get(Visitor("pages"))

    async def answered() -> Answer:
        if visitor.is_gone:
            raise asyncio.CancelledError
        visitor.task = cast("asyncio.Task[Answer]", asyncio.current_task())
        try:
            return await asking(visitor.client)
        finally:
            visitor.task = None

    try:
        # a connection or a process that is begun for the answer outlives the request: it must not keep its context
        return Context().run(asyncio.run_coroutine_threadsafe, answered(), loop).result()
    except concurrent.futures.CancelledError:
        raise EngineUnavailableError(Sentence("nobody waits for the answer any more")) from None


def unanswered(seconds: float) -> Sentence:
    """Return what is said where no query is answered in time."""
    return Sentence("no query is answered within %(number)s seconds", number=f"{seconds:g}")


class PooledEngine:
    """An engine (``graph.query.engine.Engine``) whose answers come from the pool."""

    def __init__(self, pool: Pool, forwarder: Forwarder) -> None:
        """Ask the pool; its event loop is set when it runs."""
        self._pool, self._forwarder = pool, forwarder
        self.loop: asyncio.AbstractEventLoop | None = None

    def answer(self, request: QueryRequest) -> Answer:
        """Answer the request; waits, so never to be called on the event loop.

        Raises:
            HamkorError: as ``Pool.answer``.
        """
        frame = ask(request)
        try:
            return waited(self.loop, lambda client: self._pool.answer(frame, client))
        except EngineUnavailableError as error:
            raise self._forwarder.failure(str(error)) or error from error

    def check(self, seconds: float) -> None:
        """Make sure that queries are answered; workers that are all busy with others' queries answer.

        Raises:
            HamkorError: as ``answer``; EngineUnavailableError, too, where none comes in time.
        """

        async def asked(_: str) -> Answer:
            async with asyncio.timeout(seconds):
                return await self._pool.answer(ask(PROBE), PROBING)

        try:
            waited(self.loop, asked)
        except TimeoutError as problem:
            if not self._pool.answers:
                raise EngineUnavailableError(unanswered(seconds)) from problem
        except EngineUnavailableError:
            if not self._pool.answers:
                raise

    @property
    def services(self) -> Mapping[str, str]:
        """The endpoints that queries may call, and the address through which the engine reaches each."""
        return self._forwarder.addresses


# Queries over older releases: a query service for each that is asked, a few at a time, ended when nobody asks.
#
# They have the limits of every query (``graph.query.service``): workers in processes of their own, a deadline, memory.
# A release is read from disk, never loaded. What is current is not its business.

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
        engine = msgspec.structs.replace(settings.engine, memory_mb=0, workers=1)
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
                raise EngineUnavailableError(Sentence("other releases are being asked"), RETRY_SECONDS)
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
