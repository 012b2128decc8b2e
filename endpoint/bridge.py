"""The pool for those who are not on the event loop: Flask's threads ask and wait."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import cast

from endpoint.sentences import Sentence
from graph.errors import EngineUnavailableError
from graph.query.engine import PROBE, Answer, QueryRequest
from graph.query.forwarder import Forwarder
from graph.query.frames import ask
from graph.query.pool import Pool


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
        raise EngineUnavailableError("the query engine is starting")
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
        raise EngineUnavailableError("nobody waits for the answer any more") from None


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
