"""The pool: whose turn it is, how long one waits, and what it makes of workers that misbehave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from graph.model.errors import EngineUnavailableError, HamkorError, QueryLimitError
from graph.model.publication import Publication
from graph.model.settings import LimitSettings
from graph.query.frames import LENGTHS, Answered, Ended, Hello, ask, length, pack
from graph.query.service import QUEUE_OF_ONE, Address, Pool
from graph.releases.release import Release
from tests.query.service_material import (
    BASE,
    COUNT,
    ENDLESS,
    FAST,
    PATIENT,
    SIZE,
    SLOW,
    released,
    request,
    running,
    settings,
    triples,
)

Write = Callable[[Mapping[str, str | bytes]], Publication]
LONG = msgspec.structs.replace(PATIENT, queue_seconds=60.0)
SHORT = msgspec.structs.replace(PATIENT, queue_seconds=0.3)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "hamkor.toml").write_text(f'base = "{BASE}"\n')
    return released(Publication(folder, settings("memory")), {"data/a.nt": triples()})


# Whose turn it is


async def test_one_client_cannot_hold_all_workers(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        greedy = [it.begin(ENDLESS, "greedy") for _ in range(5)]
        await it.busy(2)
        assert [await it.count(client="modest") for _ in range(5)] == [SIZE] * 5
        assert (it.service.pool.busy, it.service.pool.waiting) == (2, 3)
        await cancelled(greedy)


async def test_two_greedy_clients_leave_a_third_its_turn(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        greedy = [it.begin(SLOW, f"greedy {number % 2}") for number in range(8)]
        await it.busy(3)
        assert await it.count(client="modest") == SIZE
        assert sum(not each.done() for each in greedy) >= 3  # it came long before they were through
        await cancelled(greedy)


async def test_who_waits_longest_comes_first_among_those_who_may(release: Release) -> None:
    async with running(release, settings("memory", LONG, workers=1)) as it:
        busy = [it.begin(ENDLESS, "x"), it.begin(ENDLESS, "y")]
        await it.busy(2)
        waiting = [it.begin(SLOW, client) for client in ("a", "a", "b", "c")]
        while it.service.pool.waiting < len(waiting):
            await asyncio.sleep(0.01)
        await cancelled(busy)
        assert set(it.service.pool._using) == {"a", "b"}  # the second of a's has to wait for the first
        await asyncio.gather(*waiting)


async def test_a_query_that_found_no_worker_in_time_is_told_when_to_come_back(release: Release) -> None:
    async with running(release, settings("memory", SHORT)) as it:
        greedy = [it.begin(ENDLESS, "greedy") for _ in range(2)]
        await it.busy(2)
        began = time.monotonic()
        with pytest.raises(EngineUnavailableError) as error:
            await it.ask(COUNT, "greedy")
        assert SHORT.queue_seconds <= time.monotonic() - began < PATIENT.query_seconds / 2
        assert error.value.retry_after == SHORT.queue_seconds
        assert it.service.pool.counts.refusals == 1
        await cancelled(greedy)


async def test_a_client_s_part_of_the_queue_is_bounded(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        greedy = [it.begin(ENDLESS, "greedy") for _ in range(2 + QUEUE_OF_ONE)]
        await it.busy(2)
        began = time.monotonic()
        with pytest.raises(EngineUnavailableError):
            await it.ask(COUNT, "greedy")
        assert time.monotonic() - began < LONG.queue_seconds / 2, "it has not waited for a turn"
        assert await it.count(client="modest") == SIZE
        await cancelled(greedy)
        assert it.service.pool.waiting == 0


async def test_the_deadline_runs_while_a_query_waits(release: Release) -> None:
    limits = msgspec.structs.replace(FAST, queue_seconds=60.0)
    async with running(release, settings("memory", limits, workers=1)) as it:
        asked = [it.begin(ENDLESS, "a") for _ in range(3)]
        await asyncio.sleep(0)  # now all have begun
        pool, latest = it.service.pool, asyncio.get_running_loop().time() + limits.query_seconds
        while not all(each.done() for each in asked):
            assert all(each.deadline <= latest for each in pool._busy)
            await asyncio.sleep(0.01)
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, QueryLimitError | EngineUnavailableError) for each in found)


async def test_whoever_gives_up_waiting_makes_room(release: Release) -> None:
    async with running(release, settings("memory", LONG, workers=1)) as it:
        first, second, third = it.begin(ENDLESS), it.begin(ENDLESS), it.begin(COUNT)
        await it.busy(1)
        await cancelled([second])
        assert it.service.pool.waiting == 1
        await cancelled([first])
        await asyncio.wait_for(third, 60)
        assert (it.service.pool.busy, it.service.pool.waiting) == (0, 0)


async def test_giving_up_in_any_moment_leaves_the_pool_as_it_was(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        for number in range(80):
            asked = [it.begin(COUNT, f"client {each % 2}") for each in range(6)]
            await asyncio.sleep(number * 0.00005)
            await cancelled(asked[number % 3 :: 2])
            await asyncio.gather(*asked, return_exceptions=True)
        pool = it.service.pool
        assert (pool.busy, pool.waiting, len(pool._busy), dict(pool._using)) == (0, 0, 0, {})
        assert await it.count() == SIZE


async def test_slow_is_called_where_a_query_takes_longer_than_a_moment_or_waits(release: Release) -> None:
    called = list[str]()
    async with running(release, settings("memory", LONG, workers=1)) as it:

        def asking(text: str, name: str) -> Awaitable[object]:
            return it.service.pool.answer(ask(request(text)), "a", lambda: called.append(name))

        quick = [f"quick {number}" for number in range(20)]
        for each in quick:  # of which a few may be slow on a machine that is busy
            await asking(COUNT, each)
        await asking(SLOW, "slow")
        await asyncio.gather(asking(SLOW, "first"), asking(COUNT, "waits"))
    assert set(called) >= {"slow", "first", "waits"}
    assert not set(called) >= set(quick)


async def test_there_are_never_more_workers_than_one_more_than_the_setting(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        asked = [it.begin(SLOW, str(number)) for number in range(9)]
        most = 0
        while not all(each.done() for each in asked):
            most = max(most, it.service.pool.busy)
            await asyncio.sleep(0.02)
        assert most == 3


async def test_a_worker_that_becomes_free_is_kept_for_those_who_wait(release: Release) -> None:
    async with running(release, settings("memory", LONG)) as it:
        await it.count()
        before = it.service.pool.counts.started
        for _ in range(5):
            await asyncio.gather(*(it.count(client=str(number)) for number in range(16)))
        assert it.service.pool.counts.started - before <= 3


# Workers that misbehave, played by a server that says what a test wants


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = pack(Hello(1 << 23, "release"))  # no process has this number


@asynccontextmanager
async def played(folder: Path, script: Script, limits: LimitSettings = PATIENT) -> AsyncIterator[Pool]:
    """A pool whose workers do what the script says."""
    path = str(folder / "holder")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(connected, path)
    pool = Pool(settings("memory", limits), lambda: Address(path, "release"))
    try:
        yield pool
    finally:
        pool.close()
        server.close()


async def asked(reader: asyncio.StreamReader) -> None:
    """Take a query."""
    head = await reader.readexactly(LENGTHS.size)
    await reader.readexactly(length(head) - LENGTHS.size)


async def test_a_holder_that_never_answers_is_an_error_in_time(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with played(tmp_path, script, FAST) as pool:
        with pytest.raises(EngineUnavailableError):
            await asyncio.wait_for(pool.answer(ask(request(COUNT)), "a"), 60)


async def test_nobody_listening_is_an_error_at_once(tmp_path: Path) -> None:
    pool = Pool(settings("memory"), lambda: Address(str(tmp_path / "nobody"), "release"))
    with pytest.raises(EngineUnavailableError):
        await pool.answer(ask(request(COUNT)), "a")
    assert pool.busy == 0


@pytest.mark.parametrize("missing", [1, 5, 26, 40])
async def test_an_answer_that_breaks_off_is_asked_again(tmp_path: Path, missing: int) -> None:
    times = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        writer.write(HELLO)
        await asked(reader)
        times += 1
        answer = pack(Answered(None, "", last=False), b"x" * 100)
        writer.write(answer if times > 1 else answer[:-missing] + pack(Ended(9)))
        await writer.drain()

    async with played(tmp_path, script) as pool:
        assert (await pool.answer(ask(request(COUNT)), "a")).body == b"x" * 100
        assert times == 2


async def test_workers_that_always_end_are_an_error_in_the_end(tmp_path: Path) -> None:
    times = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        writer.write(HELLO)
        await asked(reader)

    async with played(tmp_path, script) as pool:
        with pytest.raises(HamkorError):
            await pool.answer(ask(request(COUNT)), "a")
        assert pool.busy == 0
        assert times < 12


@pytest.mark.parametrize("moment", [0, 1, 2, 3])
async def test_a_file_that_comes_as_its_query_is_given_up_is_removed(tmp_path: Path, moment: int) -> None:
    answered = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        await asked(reader)
        (tmp_path / "spool" / "holder").mkdir(parents=True, exist_ok=True)
        file = tmp_path / "spool" / "holder" / "123-x"
        file.write_bytes(b"x")
        writer.write(pack(Answered(str(file), "", last=False)))
        answered.set()
        await reader.read()
        file.unlink(missing_ok=True)  # as the holder does for a worker that has ended

    async with played(tmp_path, script) as pool:
        asking = asyncio.create_task(pool.answer(ask(request(COUNT)), "a"))
        await answered.wait()
        for _ in range(moment):
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            body = (await asking).body
            assert isinstance(body, Path)
            body.unlink()
        await asyncio.sleep(0.05)
        assert [each for each in (tmp_path / "spool").rglob("*") if each.is_file()] == []


async def test_a_file_that_went_with_its_worker_is_no_answer(tmp_path: Path) -> None:
    times = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        writer.write(HELLO)
        await asked(reader)
        times += 1
        gone = Answered(str(tmp_path / "holder" / "123-x"), "", last=True)
        writer.write(pack(gone) if times == 1 else pack(Answered(None, "", last=False), b"here"))
        await reader.read()

    async with played(tmp_path, script) as pool:
        assert (await pool.answer(ask(request(COUNT)), "a")).body == b"here"


async def cancelled(tasks: list[asyncio.Task[object]]) -> None:
    """Cancel tasks and wait for their ends."""
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
