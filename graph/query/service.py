"""The query service: holders are started, watched, replaced and ended; the pool is told where workers come from.

A release is first held on disk, which takes no time, and in memory as soon as it is loaded, where it fits. A new
release is taken over from the old holder's memory by the difference of their graphs. A holder that dies is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graph.model.errors import EngineUnavailableError, ReleaseError, Sentence
from graph.model.processes import HeldFolder
from graph.model.settings import Settings
from graph.query.holder import HolderReady, HolderSettings, Lost, Mode, Succeed
from graph.query.pool import Address, Pool
from graph.query.short_cuts import LookupStore
from graph.releases.release import Release

BYTES_A_QUAD = 330
SMALL_QUADS = 100_000
RESTART_SECONDS = 0.5
RETIRE_SECONDS = 1.0
END_SECONDS = 2


@dataclass(eq=False)
class _Held:
    """One holder process, from being asked for to its end."""

    name: str
    release: Release
    mode: Mode
    socket: str
    spool: Path
    parent: _Held | None = None
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
        self._holders: dict[str, _Held] = {}
        self._current: _Held | None = None
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
        self._server = await asyncio.start_unix_server(self._controlled, str(self._folder / "control"))
        try:
            async with self._changing:
                await self._begin(release)
        except EngineUnavailableError:
            await self.close()
            raise

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

    def _named(self, release: Release, mode: Mode, parent: _Held | None = None) -> _Held:
        self._numbers += 1
        name = f"holder-{self._numbers}"
        spool = self._spool / name
        spool.mkdir()
        held = self._holders[name] = _Held(name, release, mode, str(self._folder / name), spool, parent)
        return held

    async def _spawn(self, release: Release, mode: Mode) -> _Held:
        held, limits = self._named(release, mode), self._settings.limits
        told = HolderSettings(
            name=held.name,
            release=str(release.folder),
            mode=mode,
            socket=held.socket,
            control=str(self._folder / "control"),
            spool=str(held.spool),
            memory_bytes=limits.query_memory_mb << 20,
            result_bytes=limits.result_mb << 20,
            columns_from=self._settings.engine.columns_from,
            calls=bool(self._settings.federation.services),
        )
        argument = msgspec.json.encode(told).decode()
        held.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graph.query.holder",
            argument,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._later(self._watch_start(held))
        return held

    async def _watch_start(self, held: _Held) -> None:
        """Reap a holder that we started; where it ended before it was ready, say so."""
        if held.process is not None:
            await held.process.wait()
            held.fail()

    async def _settle(self, held: _Held) -> None:
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

    async def _retire(self, held: _Held) -> None:
        """End an old holder when its last query has ended, or must have."""
        end = time.monotonic() + self._settings.limits.query_seconds + 1
        await asyncio.sleep(RETIRE_SECONDS)  # a connection that was being made is busy by then
        while self.pool.uses(held.socket) and time.monotonic() < end:
            await asyncio.sleep(RETIRE_SECONDS)
        await self._dismiss(held)

    async def _dismiss(self, held: _Held) -> None:
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
        shutil.rmtree(f"{held.socket}.columns", ignore_errors=True)

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

    def _ended(self, held: _Held) -> None:
        """Give up what a holder that has ended was to bring forth, and replace it where queries go to it."""
        held.ended.set()
        for each in self._holders.values():
            if each.parent is held:
                each.fail()
        if held is self._current and not self._closing:
            self._later(self._restart(held))

    async def _restart(self, dead: _Held) -> None:
        while not self._closing:
            async with self._changing:
                if self._current is not dead:
                    return
                with contextlib.suppress(EngineUnavailableError):
                    await self._begin(dead.release)
                    return
            await asyncio.sleep(RESTART_SECONDS)

    def _later(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
