"""The pool for those who are not on the event loop: Flask's threads ask and wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from graph.errors import EngineUnavailableError
from graph.query.engine import Answer, QueryRequest
from graph.query.forwarder import Forwarder
from graph.query.frames import ask
from graph.query.pool import Pool

CLIENT = "pages"


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
        if self.loop is None:
            raise EngineUnavailableError("the query engine is starting")
        try:
            return asyncio.run_coroutine_threadsafe(self._pool.answer(ask(request), CLIENT), self.loop).result()
        except EngineUnavailableError as error:
            raise self._forwarder.failure(str(error)) or error from error

    @property
    def services(self) -> Mapping[str, str]:
        """The endpoints that queries may call, and the address through which the engine reaches each."""
        return self._forwarder.addresses
