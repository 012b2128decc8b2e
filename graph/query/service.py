"""The query service of one release: its holder, and the pool of connections to workers, of which nobody holds all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graph.model.errors import (
    EngineAwayError,
    EngineUnavailableError,
    QueryLimitError,
    Quotation,
    ReleaseError,
    Sentence,
)
from graph.model.processes import HeldFolder
from graph.model.settings import Settings
from graph.query.engine import Answer
from graph.query.frames import (
    HolderReady,
    HolderSettings,
    Lost,
    Mode,
    Succeed,
    WorkerConnection,
    WorkerLostError,
)
from graph.query.short_cuts import LookupStore
from graph.releases.release import Release

# The pool: whose turn it is. Queries wait for a worker, run until the deadline, and cost nobody else an answer.
#
# A client holds at most ``engine.workers`` workers; one more is there, so that nobody can hold all. The queue is
# bounded, and so is each client's part of it. It starts no process: workers come from wherever ``address`` points. It
# is used from one event loop; a look around every few hundredths of a second keeps the time of all queries at once.

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
    by_index: int = 0
    by_remote: int = 0


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
        except QueryLimitError as problem:
            self.counts.timeouts += problem.limit == "limits.query_seconds"
            raise
        else:
            self._answered = self.loop.time()
            return answer
        finally:
            self.counts.by_index += connection.index
            self.counts.by_remote += connection.remote
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
                connection.expire()
                continue
            if connection.slow is not None:
                connection.slow()
            if connection.worked() >= CALM_SECONDS:
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
            except EngineAwayError:
                raise
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


# The query service: holders are started, watched, replaced and ended; the pool is told where workers come from.
#
# A release is first held on disk, which takes no time, and in memory as soon as it is loaded, where it fits. A new
# release is taken over from the old holder's memory by the difference of their graphs. A holder that dies is replaced.

BYTES_A_QUAD = 330
SMALL_QUADS = 100_000
RESTART_SECONDS = 0.5
RETIRE_SECONDS = 1.0
END_SECONDS = 2


@dataclass(eq=False)
class HolderProcess:
    """One holder process, from being asked for to its end."""

    name: str
    release: Release
    mode: Mode
    socket: str
    spool: Path
    parent: HolderProcess | None = None
    process: asyncio.subprocess.Process | None = None
    control: asyncio.StreamWriter | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self) -> None:
        """Say that it has ended, where it was never ready."""
        if not self.ready.is_set():
            self.ended.set()
            self.ready.set()


class QueryService:
    """Answers queries over the current release; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        """Prepare a service that holds nothing yet."""
        self._settings = settings
        self.pool = Pool(settings, self._address)
        self._temporary = HeldFolder()
        self._folder = self._temporary.path
        self._spool = self._folder / "spool"
        self._spool.mkdir()
        self._holders: dict[str, HolderProcess] = {}
        self._current: HolderProcess | None = None
        self._numbers = 0
        self.lookup: LookupStore | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._closing = False
        self._changing = asyncio.Lock()

    @property
    def release(self) -> str:
        """The id of the release that queries see, or an empty string before there is one."""
        return self._current.release.id if self._current is not None else ""

    @property
    def mode(self) -> str:
        """How it is held: memory, disk, or an empty string."""
        return self._current.mode if self._current is not None else ""

    async def start(self, release: Release) -> None:
        """Hold a release; returns when queries can be asked.

        Raises:
            EngineUnavailableError: the engine does not start; nothing is left of the service.
        """
        await self._listen()
        try:
            async with self._changing:
                await self._begin(release)
        except EngineUnavailableError:
            await self.close()
            raise

    async def _listen(self) -> None:
        """Have a socket for what holders say.

        Raises:
            EngineUnavailableError: the folder for temporary files has too long a path; nothing is left of the service.
        """
        try:
            self._server = await asyncio.start_unix_server(self._controlled, str(self._folder / "control"))
        except OSError as problem:  # a socket's path has at most some hundred bytes
            await self.close()
            raise EngineUnavailableError(
                Sentence(
                    "the query service cannot listen at %(path)s: %(words)s; let TMPDIR be a shorter path",
                    path=str(self._folder / "control"),
                    words=Quotation(str(problem)),
                )
            ) from problem

    async def replace(self, release: Release) -> None:
        """Hold another release instead; returns when queries see it. Queries that run finish on the old one.

        Raises:
            EngineUnavailableError: it cannot be held; queries go on seeing the old one.
        """
        async with self._changing:
            if not await self._succeeded(release):
                await self._begin(release)

    async def _succeeded(self, release: Release) -> bool:
        """Let the present holder make its successor of the difference, where it can."""
        old = self._current
        if old is None or old.mode == "disk" or old.control is None or old.ended.is_set() or not self._fits(release):
            return False
        fresh = self._named(release, "memory", old)
        told = Succeed(fresh.name, str(release.folder), fresh.socket, str(fresh.spool))
        old.control.write(msgspec.json.encode(told) + b"\n")
        try:
            await self._settle(fresh)
        except EngineUnavailableError:
            return False
        return True

    async def close(self) -> None:
        """End all holders and remove the spool."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        self.pool.close()
        if self._server is not None:
            self._server.close()  # first: a holder that ends looks whether somebody listens there
        for held in tuple(self._holders.values()):
            await self._dismiss(held)
        self._current = self.lookup = None  # whoever holds a release keeps it from being pruned
        self._temporary.close()

    def _address(self) -> Address:
        if self._closing:  # holders end one after the other, and their sockets go before them
            raise EngineUnavailableError(Sentence("the service is stopping"), RESTART_SECONDS * 4)
        if self._current is None or self._current.ended.is_set():
            raise EngineUnavailableError(Sentence("the query engine is starting"), RESTART_SECONDS * 4)
        return Address(self._current.socket, self._current.release.id)

    async def _begin(self, release: Release) -> None:
        """Hold a release from nothing: small ones in memory at once, others on disk first."""
        fits = self._fits(release)
        if fits and release.manifest.quads <= SMALL_QUADS:
            await self._settle(await self._spawn(release, "memory"))
            return
        await self._settle(await self._spawn(release, "disk"))
        if fits:
            self._later(self._move_to_memory(release))

    async def _move_to_memory(self, release: Release) -> None:
        held = await self._spawn(release, "memory")
        await held.ready.wait()
        async with self._changing:
            if self.release != release.id or self.mode == "memory":
                await self._dismiss(held)
                return
            with contextlib.suppress(EngineUnavailableError):  # it stays on disk, which is slower but answers
                await self._settle(held)

    def _fits(self, release: Release) -> bool:
        needed = (release.manifest.quads + release.manifest.triples) * BYTES_A_QUAD
        return needed <= self._settings.engine.memory_mb << 20

    def _named(self, release: Release, mode: Mode, parent: HolderProcess | None = None) -> HolderProcess:
        self._numbers += 1
        name = f"holder-{self._numbers}"
        spool = self._spool / name
        spool.mkdir()
        held = self._holders[name] = HolderProcess(name, release, mode, str(self._folder / name), spool, parent)
        return held

    async def _spawn(self, release: Release, mode: Mode) -> HolderProcess:
        held = self._named(release, mode)
        argument = msgspec.json.encode(self._told(held)).decode()
        held.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graph.query.holder",
            argument,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            # With a backtrace behind it, what the engine says last is no longer what it says of memory.
            env=os.environ | {"RUST_BACKTRACE": "0"},
        )
        self._later(self._watch_start(held))
        return held

    def _told(self, held: HolderProcess) -> HolderSettings:
        """Return what a holder is told."""
        limits = self._settings.limits
        return HolderSettings(
            name=held.name,
            release=str(held.release.folder),
            mode=held.mode,
            socket=held.socket,
            control=str(self._folder / "control"),
            spool=str(held.spool),
            memory_bytes=limits.query_memory_mb << 20,
            result_bytes=limits.result_mb << 20,
            query_seconds=limits.query_seconds,
            calls=bool(self._settings.federation.services),
        )

    async def _watch_start(self, held: HolderProcess) -> None:
        """Reap a holder that we started; where it ended before it was ready, say so."""
        if held.process is not None:
            await held.process.wait()
            held.fail()

    async def _settle(self, held: HolderProcess) -> None:
        """Wait until a holder is ready and make it the one that queries are sent to."""
        await held.ready.wait()
        if held.ended.is_set():
            await self._dismiss(held)
            raise EngineUnavailableError(Sentence("the query engine did not start"), RESTART_SECONDS)
        held.parent = None  # else each holder would know all before it, and keep their releases
        old, self._current = self._current, held
        await self.pool.refresh()
        if self.lookup is None or self.lookup.release != held.release.id:
            self.lookup = None
            self._later(self._open_lookup(held.release))
        if old is not None:
            self._later(self._retire(old))

    async def _open_lookup(self, release: Release) -> None:
        """Read the store of a release in this process, too, for queries that are but a lookup."""
        with contextlib.suppress(ReleaseError):  # whatever is wrong with it, holders meet and tell
            opened = await asyncio.to_thread(LookupStore, release)
            if self.release == release.id and not self._closing:
                self.lookup = opened

    async def _retire(self, held: HolderProcess) -> None:
        """End an old holder when its last query has ended, or must have."""
        end = time.monotonic() + self._settings.limits.query_seconds + 1
        await asyncio.sleep(RETIRE_SECONDS)  # a connection that was being made is busy by then
        while self.pool.uses(held.socket) and time.monotonic() < end:
            await asyncio.sleep(RETIRE_SECONDS)
        await self._dismiss(held)

    async def _dismiss(self, held: HolderProcess) -> None:
        self._holders.pop(held.name, None)
        if held.control is not None:
            held.control.close()
        elif held.process is not None and held.process.returncode is None:
            held.process.kill()
        if held.process is not None:
            try:
                await asyncio.wait_for(held.process.wait(), END_SECONDS)
            except TimeoutError:
                held.process.kill()
        shutil.rmtree(held.spool, ignore_errors=True)
        Path(f"{held.socket}.npy").unlink(missing_ok=True)

    async def _controlled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a holder's control connection: it is ready now, and has ended when the connection ends."""
        held = None
        with contextlib.suppress(OSError, msgspec.DecodeError):
            while line := await reader.readline():
                said = msgspec.json.decode(line, type=HolderReady | Lost)
                named = self._holders.get(said.name)
                if named is None:
                    break  # it was given up before it was ready
                if isinstance(said, Lost):
                    named.fail()
                else:
                    held, named.control = named, writer
                    named.ready.set()
        writer.close()
        if held is not None:
            self._ended(held)

    def _ended(self, held: HolderProcess) -> None:
        """Give up what a holder that has ended was to bring forth, and replace it where queries go to it."""
        held.ended.set()
        for each in self._holders.values():
            if each.parent is held:
                each.fail()
        if held is self._current and not self._closing:
            self._later(self._restart(held))

    async def _restart(self, dead: HolderProcess) -> None:
        while not self._closing:
            async with self._changing:
                if self._current is not dead:
                    return
                with contextlib.suppress(EngineUnavailableError):
                    await self._begin(dead.release)
                    return
            await asyncio.sleep(RESTART_SECONDS)

    def _later(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Begin something that ends by itself, or with the service; the event loop alone would not keep it alive."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
