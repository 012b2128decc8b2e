"""The query service over a small release: real processes, killed at every moment, in memory and on disk."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from benchmarks.runaways import RUNAWAYS
from graph.model.errors import (
    EngineFaultError,
    EngineUnavailableError,
    HamkorError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
)
from graph.model.formats import RESULTS_CSV, RESULTS_TSV, TURTLE
from graph.model.processes import CALL_NUMBERS
from graph.model.publication import Publication
from graph.model.settings import FederationSettings
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import Answer, Dataset
from graph.query.service import QueryService
from graph.releases.release import Release
from tests.query.query_material import Listener
from tests.query.service_material import (
    BASE,
    COUNT,
    ENDLESS,
    EX,
    FAST,
    GREEDY,
    LARGE,
    MARK,
    MODES,
    PATIENT,
    SIZE,
    SLOW,
    STREAM,
    Running,
    parent,
    processes,
    released,
    request,
    running,
    settings,
    triples,
    until,
)

Write = Callable[[Mapping[str, str | bytes]], Publication]
FILTERS = sys.platform == "linux" and os.uname().machine in CALL_NUMBERS
A, B = f"{BASE}graph/a", f"{BASE}graph/b"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """Two releases of one publication: the second has 10 numbers more, and 10 less."""
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "hamkor.toml").write_text(f'base = "{BASE}"\n')
    publication = Publication(folder, settings("memory"))
    shared = triples(5)
    one = released(publication, {"data/a.nt": triples(), "data/b.nt": shared})
    two = released(publication, {"data/a.nt": triples(SIZE + 10, first=10), "data/b.nt": shared})
    return one, two


@pytest.fixture
def release(made: tuple[Release, Release]) -> Release:
    return made[0]


@pytest.fixture
def later(made: tuple[Release, Release]) -> Release:
    return made[1]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Answers


async def test_it_holds_the_release_as_the_settings_say(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        assert (it.service.mode, it.service.release) == (mode, release.id)


async def test_answers_are_those_of_the_release_s_own_store(release: Release, mode: str) -> None:
    wanted = [
        request(f"SELECT * WHERE {{ ?s <{EX}p> ?o }} ORDER BY ?o LIMIT 7"),
        request(f"SELECT ?o WHERE {{ <{EX}s3> ?p ?o }}", into=RESULTS_CSV),
        request(f"SELECT ?s WHERE {{ ?s <{EX}p> 'Oʻzbek' }}", into=RESULTS_TSV),
        request("ASK {}", "ASK"),
        request(f"CONSTRUCT WHERE {{ <{EX}s5> ?p ?o }}", "CONSTRUCT"),
        request(f"DESCRIBE <{EX}s7>", "DESCRIBE"),
        request(COUNT, dataset=Dataset((A, B))),
        request(f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s <{EX}p> ?o }} }}", dataset=Dataset((), (B,))),
        request(COUNT.replace("WHERE", f"FROM <{A}> FROM <{B}>"), clauses=Dataset((A, B))),
    ]
    embedded = EmbeddedEngine(release)
    expected = [embedded.answer(each) for each in wanted]
    async with running(release, settings(mode)) as it:
        for each, answer in zip(wanted, expected, strict=True):
            assert await it.ask(each) == answer, each.text


async def test_a_large_answer_is_a_file_of_the_receiver_s(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        body = (await it.ask(LARGE)).body
        assert isinstance(body, Path)
        await it.count()
        rows = msgspec.json.decode(body.read_bytes())["results"]["bindings"]
        assert [each["s"]["value"] for each in rows] == [f"{EX}s{n}" for n in range(SIZE)]
        body.unlink()
        assert it.spooled() == []


async def test_the_engine_s_syntax_errors_come_back(release: Release) -> None:
    async with running(release, settings("memory")) as it:
        with pytest.raises(QuerySyntaxError):
            await it.ask("SELECT * WHERE { ?s ?p }")
        assert await it.count() == SIZE


async def test_a_format_that_cannot_hold_the_answer_is_refused(release: Release) -> None:
    async with running(release, settings("memory")) as it:
        with pytest.raises(QueryRefusedError):
            await it.ask(request("ASK {}", "ASK", RESULTS_CSV))
        with pytest.raises(QueryRefusedError):
            await it.ask(request(COUNT, "SELECT", TURTLE))


# Calls that the guard has not read, sent to workers as they are


@pytest.mark.skipif(not FILTERS, reason="the kernel has no filters of system calls, or we do not know its numbers")
async def test_a_worker_cannot_call_where_no_service_may_be_called(release: Release, mode: str) -> None:
    listener = Listener()
    async with running(release, settings(mode)) as it:
        for host in ("127.0.0.1", "[::1]", "localhost", "nowhere.example"):
            with pytest.raises(QueryRefusedError, match=r"^a SERVICE clause may be hidden in this query "):
                await it.ask(f"SELECT * {{ SERVICE <http://{host}:{listener.port}/> {{ ?s ?p ?o }} }}")
            await it.ask(f"SELECT * {{ SERVICE SILENT <http://{host}:{listener.port}/> {{ ?s ?p ?o }} }}")
        assert await it.count() == SIZE
    assert listener.dialled == 0
    listener.close()


async def test_a_worker_can_call_where_some_service_may_be_called(release: Release, mode: str) -> None:
    listener = Listener()
    allowed = msgspec.structs.replace(settings(mode), federation=FederationSettings(("http://example.org/",)))
    async with running(release, allowed) as it:
        with pytest.raises(HamkorError):
            await it.ask(f"SELECT * {{ SERVICE <{listener.iri}> {{ ?s ?p ?o }} }}")
        assert listener.dialled == 1
    listener.close()


# Limits


async def test_a_query_is_stopped_at_its_deadline_and_the_next_one_is_answered_at_once(
    release: Release, mode: str
) -> None:
    counted = set[int]()
    async with running(release, settings(mode, FAST)) as it:
        for number in range(1, 4):
            await until(lambda: len(it.service.pool._idle) > 1)
            began = time.monotonic()
            with pytest.raises(QueryLimitError) as error:
                await it.ask(ENDLESS)
            assert time.monotonic() - began >= FAST.query_seconds
            assert (error.value.limit, error.value.value) == ("limits.query_seconds", 1.0)
            assert it.service.pool._idle, "the next query has its worker already"
            with suppress(QueryLimitError):  # on a machine that stands still it has its second, too
                counted.add(await it.count())
            assert it.service.pool.counts.timeouts >= number
    assert counted == {SIZE}


async def test_a_query_that_needs_too_much_memory_is_an_error_that_says_so(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        with pytest.raises(QueryLimitError) as error:
            await it.ask(GREEDY)
        assert (error.value.limit, error.value.value) == ("limits.query_memory_mb", 256)
        assert await it.count() == SIZE


async def test_temporary_files_below_a_path_too_long_for_sockets_are_told(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 110)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(EngineUnavailableError, match="let TMPDIR be a shorter path"):
        await QueryService(settings("memory")).start(release)
    assert list(folder.iterdir()) == []


async def test_a_backtrace_does_not_hide_that_memory_ran_out(
    release: Release, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    async with running(release, settings(mode)) as it:
        with pytest.raises(QueryLimitError) as error:
            await it.ask(RUNAWAYS["string-doubling"]())
        assert error.value.limit == "limits.query_memory_mb"


async def test_an_answer_that_is_too_large_is_an_error_that_says_so(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        with pytest.raises(QueryLimitError) as error:
            await it.ask(STREAM)
        assert (error.value.limit, error.value.value) == ("limits.result_mb", 4)
        await until(lambda: it.spooled() == [])


async def test_the_memory_of_a_large_query_is_given_back(release: Release, mode: str) -> None:
    grouped = "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?a ?d { ?a ?b ?c . ?d ?e ?f } LIMIT 300000 }"
    async with running(release, settings(mode)) as it:
        assert await it.count(grouped) == 300_000
        await until(lambda: all(_resident(pid) < 100 << 20 for pid in it.workers()))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


# Workers that go


async def test_cancelling_a_query_ends_its_worker(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        asked = it.begin(ENDLESS)
        busy = await busy_worker(it)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert it.service.pool.busy == 0
        await until(lambda: busy not in it.processes())
        assert await it.count() == SIZE


async def test_an_answer_that_is_given_up_in_any_moment_leaves_no_file(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        for number in range(60):
            asked = it.begin(LARGE)
            await asyncio.sleep(number * 0.0007)
            asked.cancel()
            with suppress(asyncio.CancelledError):
                body = (await asked).body
                assert isinstance(body, Path)
                body.unlink()
        await until(lambda: it.spooled() == [])
        assert await it.count() == SIZE
        assert [*it.service._holders] == ["holder-1"]  # the holder has survived it


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
async def test_a_query_whose_worker_is_killed_is_asked_again(release: Release, mode: str, by: signal.Signals) -> None:
    async with running(release, settings(mode)) as it:
        asked = it.begin(SLOW)
        pid = await busy_worker(it)
        os.kill(pid, by)
        body = (await asked).body
        assert isinstance(body, bytes)
        assert f'"{SIZE * (SIZE - 1) // 2}"'.encode() in body
        assert await it.count() == SIZE


async def test_a_query_whose_workers_are_killed_again_and_again_is_an_error(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        asked = it.begin(ENDLESS)
        while not asked.done():
            for pid in busy_workers(it):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.02)
        with pytest.raises(EngineUnavailableError):
            await asked
        assert await it.count() == SIZE


MEMORY = "the query needs more memory than it may have (limits.query_memory_mb"
FAULT = "the engine gave up on this query: "
ENDS = [
    (signal.SIGSEGV, "", MEMORY),
    (signal.SIGABRT, "memory allocation of 8388608 bytes failed\n", MEMORY),
    (signal.SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'\n", MEMORY),
    (
        signal.SIGABRT,
        "thread '<unnamed>' panicked at lib.rs:1:2:\nno total order\nnote: see\n",
        f"{FAULT}no total order (",
    ),
    (signal.SIGABRT, "corrupted size\n", f"{FAULT}corrupted size ("),
    (signal.SIGABRT, "", f"{FAULT}(no words) ("),
]


@pytest.mark.skipif(sys.platform != "linux", reason="writes to another process's standard error")
async def test_a_query_that_ends_its_worker_is_an_error_that_says_why(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        for by, words, said in ENDS:
            asked = it.begin(ENDLESS)
            pid = await busy_worker(it)
            Path(f"/proc/{pid}/fd/2").write_text(words, encoding="ascii")
            os.kill(pid, by)
            with pytest.raises((QueryLimitError, EngineFaultError)) as error:
                await asked
            assert str(error.value).startswith(said)
        assert await it.count() == SIZE


async def test_killing_workers_all_the_time_makes_no_answer_wrong(release: Release, mode: str) -> None:
    right = EmbeddedEngine(release).answer(request(LARGE)).body
    async with running(release, settings(mode)) as it:
        answers = killed = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end or not (answers and killed):
            asked = [it.begin(LARGE, str(client)) for client in range(3)]
            await asyncio.sleep(0.002 * (answers % 7))
            for pid in busy_workers(it)[:2]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            for each in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(each, HamkorError):
                    continue
                assert not isinstance(each, BaseException)
                assert isinstance(each.body, Path)
                assert each.body.read_bytes() == right
                each.body.unlink()
                answers += 1
        await until(lambda: it.spooled() == [])
        assert [*it.service._holders] == ["holder-1"]  # the holder has survived it


async def test_idle_workers_that_are_killed_cost_no_answer(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        for pid in it.workers():
            os.kill(pid, signal.SIGKILL)
        assert [await it.count() for _ in range(4)] == [SIZE] * 4


# Holders that go


async def test_a_holder_that_is_killed_is_replaced_and_errors_are_honest_meanwhile(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        for _ in range(2):
            (holder,) = it.holders()
            os.kill(holder, signal.SIGKILL)
            await _comes_back(it)
            await until(lambda gone=holder: gone not in it.processes())
        assert it.service.release == release.id


async def test_a_query_waits_for_the_holder_that_follows_one_that_has_gone(release: Release) -> None:
    async with running(release, settings("memory", msgspec.structs.replace(PATIENT, queue_seconds=10.0))) as it:
        (holder,) = it.holders()
        for socket in it.service._folder.glob("holder-?"):
            socket.unlink()  # as a holder does that ends; the front does not know yet
        for worker in it.workers_of(holder):
            os.kill(worker, signal.SIGKILL)
        asked = it.begin(COUNT)
        await asyncio.sleep(0.2)
        os.kill(holder, signal.SIGKILL)
        assert msgspec.json.decode(await _body(asked))["results"]["bindings"][0]["n"]["value"] == str(SIZE)


async def _body(asked: asyncio.Task[Answer]) -> bytes:
    body = (await asked).body
    assert isinstance(body, bytes)
    return body


async def test_who_asks_while_it_stops_is_told_so(release: Release) -> None:
    async with running(release, settings("memory")) as it:
        await it.service.close()
        with pytest.raises(EngineUnavailableError, match="is stopping"):
            await it.count()


async def _comes_back(it: Running) -> None:
    """Ask until there are ten answers in a row."""
    good, end = 0, time.monotonic() + 120
    while good < 10:
        assert time.monotonic() < end, "it does not come back"
        try:
            assert await it.count() == SIZE
            good += 1
        except EngineUnavailableError as error:
            good, wait = 0, error.retry_after
            await asyncio.sleep(min(wait, 0.02))


async def test_the_queries_of_a_holder_that_is_killed_end_with_it(release: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        asked = it.begin(ENDLESS)
        busy, (holder,) = await busy_worker(it), it.holders()
        os.kill(holder, signal.SIGKILL)
        await until(lambda: busy not in it.processes(), PATIENT.query_seconds / 2)  # long before the deadline
        await _comes_back(it)
        asked.cancel()


async def test_a_holder_that_hangs_costs_no_query_more_than_its_deadline(release: Release) -> None:
    async with running(release, settings("memory", FAST)) as it:
        (holder,) = it.holders()
        os.kill(holder, signal.SIGSTOP)
        for pid in it.workers():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(HamkorError):
            await asyncio.wait_for(it.ask(COUNT), 60)  # it hangs for ever
        os.kill(holder, signal.SIGCONT)
        await _comes_back(it)


async def test_a_holder_that_does_not_start_is_an_error_and_leaves_nothing(publication: Write, tmp_path: Path) -> None:
    broken = released(publication({"hamkor.toml": f'base = "{BASE}"', "data/a.nt": triples(5)}))
    for member in (broken.folder / "graphs").iterdir():
        member.write_bytes(b"no gzip")
    service = QueryService(settings("memory"))
    with pytest.raises(EngineUnavailableError):
        await service.start(broken)
    assert not service._folder.exists()


# Releases that come


async def test_another_release_is_seen_by_the_next_query(release: Release, later: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        assert await it.count() == SIZE
        for each, count, first in ((later, SIZE + 15, 0), (release, SIZE, 0), (later, SIZE + 15, 0)):
            await it.replace(each)
            assert (it.service.release, it.service.mode) == (each.id, mode)
            assert (await it.ask(COUNT)).release == each.id
            assert await it.count() == count
            assert await it.count(f"SELECT (MIN(?o) AS ?n) {{ ?s <{EX}p> ?o }}") == first
            assert await it.count(f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s <{EX}p> ?o }} }}") == each_graph(each)


def each_graph(release: Release) -> int:
    return sum(each.triples for each in release.manifest.graphs if each.iri in (A, B))


async def test_in_memory_a_release_comes_from_the_difference(release: Release, later: Release) -> None:
    async with running(release, settings("memory")) as it:
        (first,) = it.holders()
        await it.replace(later)
        successor = next(pid for pid in it.processes() if parent(pid) == first and it.workers_of(pid))
        assert b"holder-2" not in Path(f"/proc/{successor}/cmdline").read_bytes()  # forked, not started


async def test_a_query_that_runs_finishes_on_the_release_it_began_with(
    release: Release, later: Release, mode: str
) -> None:
    slow = SLOW.replace("WHERE {", "WHERE { VALUES ?k { 1 2 3 }")
    async with running(release, settings(mode)) as it:
        asked = it.begin(slow)
        await busy_worker(it)
        await it.replace(later)
        assert not asked.done()
        assert (await it.ask(COUNT)).release == later.id
        found = await asked
        assert found.release == release.id
        assert isinstance(found.body, bytes)
        assert f'"{3 * SIZE * (SIZE - 1) // 2}"'.encode() in found.body


async def test_no_query_fails_while_releases_come(release: Release, later: Release, mode: str) -> None:
    counts = {release.id: SIZE, later.id: SIZE + 15}
    async with running(release, settings(mode, msgspec.structs.replace(PATIENT, queue_seconds=60.0))) as it:
        stop = asyncio.Event()

        async def asking(client: str) -> int:
            number = 0
            while not stop.is_set():
                found = await it.ask(COUNT, client)
                assert isinstance(found.body, bytes)
                assert f'"{counts[found.release]}"'.encode() in found.body
                number += 1
            return number

        clients = [asyncio.create_task(asking(str(number))) for number in range(3)]
        for each in (later, release, later, release):
            await it.replace(each)
            await asyncio.sleep(0.1)
        stop.set()
        assert sum(await asyncio.gather(*clients)) > 20


async def test_old_holders_end_when_their_last_query_can_have_ended(
    release: Release, later: Release, mode: str
) -> None:
    async with running(release, settings(mode)) as it:
        for each in (later, release, later):
            await it.replace(each)
        await until(lambda: len(it.service._holders) == 1)
        assert list(it.service._holders.values()) == [it.service._current]
        await until(lambda: len(it.processes()) <= 1 + 3)
        assert await it.count() == SIZE + 15


async def test_what_the_index_answers_is_right_and_counted(release: Release, later: Release, mode: str) -> None:
    # So many comparisons take the engine some ten times as long as opening the index would be worth.
    joined = f"SELECT (COUNT(*) AS ?n) {{ ?a <{EX}p> ?x . ?b <{EX}p> ?y FILTER(?x < 400 && ?x = ?y) }}"
    async with running(release, settings(mode)) as it:
        assert [await it.count(joined) for _ in range(3)] == [400] * 3
        assert it.service.pool.counts.by_index > 0, "the engine took long, the index is asked"
        await it.ask(f"SELECT ?o {{ <{EX}s1> ?p ?o }}")
        counted = it.service.pool.counts.by_index
        await it.replace(later)
        assert [await it.count(joined) for _ in range(3)] == [395] * 3, "its numbers begin anew"
        assert it.service.pool.counts.by_index > counted


async def test_a_release_that_cannot_be_held_leaves_the_old_one(
    release: Release, later: Release, tmp_path: Path, mode: str
) -> None:
    broken = tmp_path / later.id
    subprocess.run(["cp", "-r", later.folder, broken], check=True)
    for member in (broken / "graphs").iterdir():
        member.write_bytes(b"no gzip")
    for file in (broken / "store").iterdir():
        file.unlink()
    async with running(release, settings(mode)) as it:
        if mode == "memory":
            with pytest.raises(EngineUnavailableError):
                await it.service.replace(Release(broken, later.manifest))
            assert (await it.ask(COUNT)).release == release.id
            (holder,) = it.holders()
            os.kill(holder, signal.SIGKILL)
            await _comes_back(it)
        await it.replace(later)
        assert (await it.ask(COUNT)).release == later.id


async def test_a_release_comes_although_the_holder_has_just_died(release: Release, later: Release, mode: str) -> None:
    async with running(release, settings(mode)) as it:
        (holder,) = it.holders()
        os.kill(holder, signal.SIGKILL)
        await it.replace(later)
        assert (await it.ask(COUNT)).release == later.id
        await asyncio.sleep(1.0)  # whoever wanted to start the old one again has had the time
        assert (await it.ask(COUNT)).release == later.id


async def test_a_release_comes_although_the_holder_dies_while_it_makes_its_successor(
    release: Release, later: Release
) -> None:
    async with running(release, settings("memory")) as it:
        (holder,) = it.holders()
        os.kill(holder, signal.SIGSTOP)
        replacing = asyncio.create_task(it.replace(later))
        await asyncio.sleep(0.1)
        os.kill(holder, signal.SIGKILL)
        await asyncio.wait_for(replacing, 120)
        assert (await it.ask(COUNT)).release == later.id


async def test_a_release_too_large_for_memory_is_held_on_disk(release: Release, later: Release) -> None:
    async with running(release, settings("memory")) as it:
        large = msgspec.structs.replace(later.manifest, quads=10_000_000_000)
        await it.service.replace(Release(later.folder, large))
        assert it.service.mode == "disk"
        assert await it.count() == SIZE + 15


# The front that goes


FRONT = """
import asyncio, sys
from pathlib import Path
from tests.query.service_material import ENDLESS, LARGE, running, settings
from graph.releases.release import open_release

async def main():
    async with running(open_release(Path(sys.argv[1])), settings(sys.argv[2])) as it:
        await it.ask(LARGE)
        asked = it.begin(ENDLESS)
        await asyncio.sleep(0.2)
        print(it._mark, it.service._folder, flush=True)
        await asked

asyncio.run(main())
"""


def test_nothing_is_left_of_a_front_that_is_killed(release: Release, mode: str, pytestconfig: pytest.Config) -> None:
    path = os.pathsep.join((str(Path(__file__).parent), str(pytestconfig.rootpath)))
    command = [sys.executable, "-c", FRONT, str(release.folder), mode]
    front = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}, text=True)
    assert front.stdout is not None
    with front.stdout:
        mark, folder = front.stdout.readline().split()
    assert processes(mark), MARK
    front.kill()
    front.wait()
    asyncio.run(until(lambda: not processes(mark) and not Path(folder).exists()))


async def busy_worker(it: Running) -> int:
    """The process id of the worker that runs the only query, once there is one."""
    await until(lambda: bool(busy_workers(it)))
    (pid,) = busy_workers(it)
    return pid


def busy_workers(it: Running) -> list[int]:
    """The process ids of the workers that run a query."""
    return [connection._pid for connection in it.service.pool._busy]
