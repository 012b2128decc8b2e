"""The pool: whose turn it is. Queries wait for a worker, run until the deadline, and cost nobody else an answer.

A client holds at most ``engine.workers`` workers; one more is there, so that nobody can hold all. The queue is
bounded, and so is each client's part of it. It starts no process: workers come from wherever ``address`` points. It
is used from one event loop; a look around every few hundredths of a second keeps the time of all queries at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from graph.model.errors import EngineUnavailableError, Sentence
from graph.model.settings import Settings
from graph.query.engine import Answer
from graph.query.frames import WorkerConnection, WorkerLostError

LOOK_SECONDS = 0.05
CALM_SECONDS = 0.25
RETRY_SECONDS = 2.0
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
    columns: int = 0


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
    _loop: asyncio.AbstractEventLoop | None = None
    _idle: deque[WorkerConnection] = field(default_factory=deque)
    _busy: set[WorkerConnection] = field(default_factory=set)
    _using: Counter[str] = field(default_factory=Counter)
    _running: int = 0
    _queue: deque[_Waiter] = field(default_factory=deque)
    _spares: set[asyncio.Task[None]] = field(default_factory=set)
    _looking: bool = False
    _is_closed: bool = False
    _answered: float = float("-inf")

    @property
    def busy(self) -> int:
        """How many queries have a worker now."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many queries wait for a worker."""
        return len(self._queue)

    @property
    def answers(self) -> bool:
        """Whether all have a query now, and one was answered within the time that a query may take."""
        is_full = self._running > self.settings.engine.workers
        return is_full and self.loop.time() - self._answered < self.settings.limits.query_seconds

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the pool is used from: that of its first use."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def uses(self, socket: str) -> bool:
        """Whether a query has a worker now that came from a holder's socket."""
        return any(each.socket == socket for each in self._busy)

    async def answer(self, frame: bytes, client: str, slow: Callable[[], None] | None = None) -> Answer:
        """Answer a packed query (``graph.query.frames.ask``) for a client (its address, for fairness).

        ``slow`` is called where the query has to wait, or runs longer than a moment; perhaps more than once.

        The deadline runs from this call: what a query has waited, it cannot use. Cancelling it frees the worker.

        Raises:
            QueryLimitError: the deadline, the memory or the size of the answer was hit.
            EngineUnavailableError: the queue is full, or there is no engine at this moment.
            QuerySyntaxError: the engine cannot parse the query.
        """
        deadline = self.loop.time() + self.settings.limits.query_seconds
        if self._queue or not self._may_run(client):
            if slow is not None:
                slow()
            await self._wait(client)
        else:
            self._using[client] += 1
            self._running += 1
        try:
            for _ in range(self.settings.engine.workers + 1):  # as many idle workers may have died with their holder
                try:
                    return await self._answer_once(frame, deadline, slow)
                except WorkerLostError:
                    continue
            return await self._answer_once(frame, deadline, slow)
        finally:
            self._leave(client)

    async def _answer_once(self, frame: bytes, deadline: float, slow: Callable[[], None] | None) -> Answer:
        connection = await self._patient_connection(deadline, slow)
        connection.began, connection.deadline, connection.slow = self.loop.time(), deadline, slow
        self._busy.add(connection)
        if not self._looking:
            self._looking = True
            self.loop.call_later(LOOK_SECONDS, self._look)
        try:
            answer = await connection.ask(frame)
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            self._answered = self.loop.time()
            return answer
        finally:
            self.counts.columns += connection.columns
            self._busy.discard(connection)
            if connection.usable:
                self._keep(connection)
            else:
                self._replace(connection)

    def _keep(self, connection: WorkerConnection) -> None:
        """Have a worker ready for the next query, unless there are enough with those that are busy.

        A query whose turn has come may have no worker yet: it is for that one, too, that a worker is kept.
        """
        if len(self._idle) + len(self._busy) > self.settings.engine.workers:
            connection.close()
        else:
            self._idle.appendleft(connection)

    def _look(self) -> None:
        """Calm what runs long, stop what runs too long, and come back while anything runs."""
        now = self.loop.time()
        for connection in tuple(self._busy):
            if now >= connection.deadline:
                self.counts.timeouts += 1
                connection.expire()
                continue
            if connection.slow is not None:
                connection.slow()
            if now >= connection.began + CALM_SECONDS:
                connection.calm()
        self._looking = bool(self._busy)
        if self._looking:
            self.loop.call_later(LOOK_SECONDS, self._look)

    # Whose turn it is

    def _may_run(self, client: str) -> bool:
        workers = self.settings.engine.workers
        return self._running <= workers and self._using[client] < workers

    def _leave(self, client: str) -> None:
        self._running -= 1
        self._using[client] -= 1
        if not self._using[client]:
            del self._using[client]
        if self._queue:
            self._call_next()

    async def _wait(self, client: str) -> None:
        if len(self._queue) >= QUEUE or sum(each.client == client for each in self._queue) >= QUEUE_OF_ONE:
            raise self._full()
        waiter = _Waiter(client, self.loop.create_future())
        self._queue.append(waiter)
        self._call_next()
        limits = self.settings.limits
        try:
            async with asyncio.timeout(min(limits.queue_seconds, limits.query_seconds)):
                await waiter.turn
        except TimeoutError as problem:
            self._give_up(waiter)
            raise self._full() from problem
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: _Waiter) -> None:
        """Take a waiter out of the queue; where its turn had just come, pass it on."""
        with contextlib.suppress(ValueError):
            self._queue.remove(waiter)
        if waiter.turn.done() and not waiter.turn.cancelled():
            self._leave(waiter.client)

    def _call_next(self) -> None:
        """Give free workers to the clients that have fewest, and among them to who has waited longest."""
        while allowed := [each for each in self._queue if self._may_run(each.client)]:
            waiter = min(allowed, key=lambda each: self._using[each.client])
            self._queue.remove(waiter)
            if not waiter.turn.done():
                self._using[waiter.client] += 1
                self._running += 1
                waiter.turn.set_result(None)

    def _full(self) -> EngineUnavailableError:
        self.counts.refusals += 1
        return EngineUnavailableError(
            Sentence("all workers are busy and the queue is full; try again in a moment"),
            self.settings.limits.queue_seconds,
        )

    # Where workers come from

    async def _patient_connection(self, deadline: float, slow: Callable[[], None] | None) -> WorkerConnection:
        """Return a worker, once there is one.

        A holder that ends takes its socket away a moment before the front knows, and is replaced then: a query waits
        for that as it waits for its turn.
        """
        end = min(deadline, self.loop.time() + self.settings.limits.queue_seconds)
        while True:
            try:
                return await self._connection(deadline)
            except EngineUnavailableError:
                if self._is_closed or self.loop.time() + LOOK_SECONDS > end:
                    raise
            if slow is not None:
                slow()
            await asyncio.sleep(LOOK_SECONDS)

    async def _connection(self, deadline: float) -> WorkerConnection:
        address = self.address()
        while self._idle:
            connection = self._idle.popleft()
            if connection.usable and connection.socket == address.socket:
                return connection
            connection.close()
        return await self._connect(address, deadline)

    async def _connect(self, address: Address, deadline: float) -> WorkerConnection:
        connection = WorkerConnection(self.loop, self.settings.limits)
        try:
            async with asyncio.timeout_at(deadline):
                await connection.connect(address.socket)
        except TimeoutError as problem:
            raise EngineUnavailableError(Sentence("the query engine does not answer"), RETRY_SECONDS) from problem
        finally:
            if not connection.usable:
                connection.close()
        self.counts.started += 1
        return connection

    def _replace(self, connection: WorkerConnection) -> None:
        """End a worker and have another one ready instead."""
        self.counts.killed += 1
        connection.close()
        task = self.loop.create_task(self.warm(1))
        self._spares.add(task)
        task.add_done_callback(self._spares.discard)

    async def warm(self, count: int) -> None:
        """Have ``count`` more workers ready, so that the next query need not wait for a fork."""
        self._idle = deque(each for each in self._idle if each.usable)
        with contextlib.suppress(EngineUnavailableError):
            for _ in range(count):
                if len(self._idle) + len(self._busy) > self.settings.engine.workers:
                    return
                deadline = self.loop.time() + self.settings.limits.query_seconds
                connection = await self._connect(self.address(), deadline)
                self._keep(connection)

    async def refresh(self) -> None:
        """Replace idle workers of another address by workers of the present one."""
        address = self.address()
        stale = [each for each in self._idle if each.socket != address.socket]
        self._idle = deque(each for each in self._idle if each.socket == address.socket)
        for connection in stale:
            connection.close()
        await self.warm(self.settings.engine.workers + 1)

    def close(self) -> None:
        """Close all workers, and begin no more."""
        self._is_closed = True
        for task in self._spares:
            task.cancel()
        for connection in (*self._idle, *self._busy):
            connection.close()
        self._idle.clear()
