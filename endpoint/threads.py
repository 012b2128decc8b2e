"""The Flask application in threads, of which no client holds all.

A thread is held until the last byte is sent, however slowly the client reads, and while a query is answered. It knows
no route.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from flask import Flask

from endpoint.exchange import Exchange, Message, Receive, Send
from graph.errors import EngineUnavailableError

COUNT, COUNT_OF_ONE = 32, 8
MOST_WAITING = 64
RETRY_SECONDS = 5.0


class Threads:
    """Some threads in which an application answers."""

    def __init__(self, application: Flask, count: int = COUNT, count_of_one: int = COUNT_OF_ONE) -> None:
        """Have so many threads, and so many of them for one client; they start as they are needed."""
        self._application = WSGIMiddleware(cast("Any", application), count)
        self._seats = Seats(count_of_one)

    async def answer(self, exchange: Exchange, receive: Receive, send: Send) -> int:
        """Let the application answer; return the status.

        Raises:
            EngineUnavailableError: too many requests of this client wait already.
        """
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        async with self._seats.taken(exchange.client):
            await self._application(cast("Any", exchange.scope), cast("Any", receive), cast("Any", counted))
        return status


@dataclass
class _Bench:
    seats: asyncio.Semaphore
    people: int = 0


@dataclass
class Seats:
    """So many seats for each client; it is used from one event loop.

    Attributes:
        each: how many requests of one client may go on at a time; the next ones wait.
    """

    each: int
    _benches: dict[str, _Bench] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, client: str) -> AsyncIterator[None]:
        """Hold one of a client's seats; wait for it where none is free.

        Raises:
            EngineUnavailableError: too many requests of this client wait already.
        """
        bench = self._benches.setdefault(client, _Bench(asyncio.Semaphore(self.each)))
        if bench.people >= self.each + MOST_WAITING:
            raise EngineUnavailableError("too many requests of yours wait already", RETRY_SECONDS)
        bench.people += 1
        try:
            async with bench.seats:
                yield
        finally:
            bench.people -= 1
            if not bench.people:
                del self._benches[client]
