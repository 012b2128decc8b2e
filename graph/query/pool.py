"""The pool: whose turn it is. Queries wait for a worker, run until the deadline, and cost nobody else an answer.

A client holds at most ``engine.workers`` workers; one more is there, so that nobody can hold all. The queue is
bounded, and so is each client's part of it. It starts no process: workers come from wherever ``address`` points.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from graph.errors import EngineUnavailableError, QueryLimitError
from graph.query.connection import WorkerConnection, WorkerLostError
from graph.query.engine import Answer, QueryRequest
from graph.settings import Settings

LOW_PRIORITY_AFTER = 0.25
QUEUE = 256
QUEUE_OF_ONE = 64


@dataclass(frozen=True, slots=True)
class Address:
    """Where workers come from now: a holder's socket, and the release it holds."""

    socket: str
    release: str


@dataclass(slots=True)
class _Waiter:
    client: str
    turn: asyncio.Future[None]


@dataclass
class PoolCounts:
    """What the pool has seen, for metrics."""

    timeouts: int = 0
    refusals: int = 0
    killed: int = 0
    started: int = 0


@dataclass
class Pool:
    """Workers for queries.

    Attributes:
        settings: for the limits.
        address: says where workers come from now; raises EngineUnavailableError while nobody holds the release.
        counts: for metrics.
    """

    settings: Settings
    address: Callable[[], Address]
    counts: PoolCounts = field(default_factory=PoolCounts)
    _idle: deque[WorkerConnection] = field(default_factory=deque)
    _using: Counter[str] = field(default_factory=Counter)
    _queue: deque[_Waiter] = field(default_factory=deque)
    _spares: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def busy(self) -> int:
        """How many workers run a query now."""
        return self._using.total()

    @property
    def waiting(self) -> int:
        """How many queries wait for a worker."""
        return len(self._queue)

    async def answer(self, request: QueryRequest, client: str) -> Answer:
        """Answer a request for a client (its address, for fairness).

        The deadline runs from this call: what a query has waited, it cannot use. Cancelling it frees the worker.

        Raises:
            QueryLimitError: the deadline, the memory or the size of the answer was hit, or the queue is full.
            EngineUnavailableError: there is no engine at this moment.
            QuerySyntaxError: the engine cannot parse the query.
        """
        deadline = asyncio.get_running_loop().time() + self.settings.limits.query_seconds
        async with self._turn(client):
            for _ in range(self.settings.engine.workers + 1):  # as many idle workers may have died with their holder
                with contextlib.suppress(WorkerLostError):
                    return await self._answer_once(request, deadline)
            return await self._answer_once(request, deadline)

    async def _answer_once(self, request: QueryRequest, deadline: float) -> Answer:
        connection = await self._connection()
        try:
            return await self._ask(connection, request, deadline)
        finally:
            self._put_back(connection)

    async def _ask(self, connection: WorkerConnection, request: QueryRequest, deadline: float) -> Answer:
        loop = asyncio.get_running_loop()
        calm = loop.call_later(LOW_PRIORITY_AFTER, connection.lower_priority)
        try:
            async with asyncio.timeout_at(deadline):
                return await connection.ask(request)
        except TimeoutError as problem:
            self.counts.timeouts += 1
            connection.close()
            raise QueryLimitError(
                "limits.query_seconds",
                self.settings.limits.query_seconds,
                "the query took too long and was stopped",
                "make it more selective, or page it with ORDER BY, LIMIT and OFFSET",
            ) from problem
        except asyncio.CancelledError:
            connection.close()
            raise
        finally:
            calm.cancel()

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        if self._queue or not self._may_run(client):
            await self._wait(client)
        else:
            self._using[client] += 1
        try:
            yield
        finally:
            self._using[client] -= 1
            if not self._using[client]:
                del self._using[client]
            self._call_next()

    def _may_run(self, client: str) -> bool:
        workers = self.settings.engine.workers
        return self._using.total() <= workers and self._using[client] < workers

    async def _wait(self, client: str) -> None:
        if len(self._queue) >= QUEUE or sum(each.client == client for each in self._queue) >= QUEUE_OF_ONE:
            self.counts.refusals += 1
            raise self._full()
        waiter = _Waiter(client, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._call_next()
        try:
            limits = self.settings.limits
            async with asyncio.timeout(min(limits.queue_seconds, limits.query_seconds)):
                await waiter.turn
        except (TimeoutError, asyncio.CancelledError) as problem:
            self._give_up(waiter)
            if isinstance(problem, TimeoutError):
                self.counts.refusals += 1
                raise self._full() from problem
            raise

    def _give_up(self, waiter: _Waiter) -> None:
        """Take a waiter out of the queue; where its turn had just come, pass it on."""
        with contextlib.suppress(ValueError):
            self._queue.remove(waiter)
        if waiter.turn.done() and not waiter.turn.cancelled():
            self._using[waiter.client] -= 1
        self._call_next()

    def _call_next(self) -> None:
        """Give free workers to those who wait longest among the clients that may have one more."""
        for waiter in tuple(self._queue):
            if self._using.total() > self.settings.engine.workers:
                return
            if self._may_run(waiter.client):
                self._queue.remove(waiter)
                if not waiter.turn.done():
                    self._using[waiter.client] += 1
                    waiter.turn.set_result(None)

    def _full(self) -> EngineUnavailableError:
        return EngineUnavailableError(
            "all workers are busy and the queue is full; try again in a moment", self.settings.limits.queue_seconds
        )

    async def _connection(self) -> WorkerConnection:
        address = self.address()
        while self._idle:
            connection = self._idle.popleft()
            if connection.usable and connection.socket == address.socket:
                return connection
            connection.close()
        return await self._connect(address)

    async def _connect(self, address: Address) -> WorkerConnection:
        limits = self.settings.limits
        values = {"query_memory_mb": float(limits.query_memory_mb), "result_mb": float(limits.result_mb)}
        connection = WorkerConnection(values)
        await connection.connect(address.socket)
        self.counts.started += 1
        return connection

    def _put_back(self, connection: WorkerConnection) -> None:
        if connection.usable:
            self._idle.appendleft(connection)
            return
        self.counts.killed += 1
        connection.close()
        task = asyncio.get_running_loop().create_task(self.warm(1))
        self._spares.add(task)
        task.add_done_callback(self._spares.discard)

    async def warm(self, count: int) -> None:
        """Have ``count`` more workers ready, so that the next query need not wait for a fork."""
        with contextlib.suppress(EngineUnavailableError):
            for _ in range(count):
                if len(self._idle) + self.busy > self.settings.engine.workers:
                    return
                self._idle.append(await self._connect(self.address()))

    async def refresh(self) -> None:
        """Replace idle workers of another address by workers of the present one."""
        address = self.address()
        stale = [each for each in self._idle if each.socket != address.socket]
        self._idle = deque(each for each in self._idle if each.socket == address.socket)
        for connection in stale:
            connection.close()
        await self.warm(self.settings.engine.workers + 1)

    def close(self) -> None:
        """Close all idle workers."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
