"""Work in a process of its own: what comes back, and how it ends where it takes too much."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from endpoint.http.authorization import Rate
from graph.model.errors import HamkorError, QueryLimitError, SourceError, StorageError, WorkEndedError, WorkKilledError
from graph.model.processes import CALL_NUMBERS, Bounds, run

BOUNDS = Bounds(seconds=10, memory_mb=512)
FILTERS = sys.platform == "linux" and os.uname().machine in CALL_NUMBERS


def done(name: str, argument: str = "", bounds: Bounds = BOUNDS) -> str:
    return run(f"tests.sandbox_work:{name}", argument, str, bounds)


def test_what_is_returned_comes_back() -> None:
    assert done("echo", "Oʻzbekiston") == "Oʻzbekiston"
    assert run("tests.sandbox_work:process", "", int, BOUNDS) != os.getpid()


def test_an_error_of_ours_comes_back_with_its_facts() -> None:
    with pytest.raises(SourceError) as error:
        done("fail")
    assert error.value == SourceError("file.ttl", "it is wrong", 3, 4, "write it otherwise")


ENDS: dict[str, tuple[type[HamkorError], str]] = {
    "stumble": (WorkEndedError, "KeyError"),
    "sleep": (QueryLimitError, "limits.upload_seconds"),
    "spin": (QueryLimitError, "limits.upload_seconds"),
    "grow": (QueryLimitError, "limits.upload_memory_mb"),
    "crash": (QueryLimitError, "limits.upload_memory_mb"),
    "leave": (WorkEndedError, "status 3"),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_it_ends(name: str) -> None:
    kind, text = ENDS[name]
    began = time.monotonic()
    with pytest.raises(kind, match=text):
        done(name, bounds=Bounds(seconds=1.0, memory_mb=512) if name in ("sleep", "spin") else BOUNDS)
    assert time.monotonic() - began < 50, "it is ended when its time is up"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_what_is_ended_from_outside_was_not_too_much(number: int) -> None:
    with pytest.raises(
        WorkKilledError, match=r"ended from outside, or the machine has no memory left \(a write is done"
    ):
        done("ended_by", str(int(number)))


def test_where_the_server_of_processes_is_ended_the_next_work_starts_another() -> None:
    with pytest.raises(WorkKilledError):
        done("without_server")
    assert done("echo", "again") == "again"


def test_the_file_that_the_parent_was_started_with_is_not_run_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = ModuleType("__main__")
    started.__file__ = str(tmp_path / "command.py")
    (tmp_path / "command.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.setitem(sys.modules, "__main__", started)
    assert done("echo", "said") == "said"
    assert sys.modules["__main__"] is started
    assert not (tmp_path / "run").exists()


def test_where_files_are_scarce_that_is_told_and_it_goes_on_after() -> None:
    assert done("echo", "before") == "before"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for more in (1, 4):
        used = len([*Path("/proc/self/fd").iterdir()])
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + more, hard))
        try:
            with suppress(OSError, WorkKilledError):
                done("echo")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with suppress(WorkKilledError):  # the server of processes may just be ending
            done("echo")
        assert done("echo", "after") == "after"


def test_a_full_disk_is_told_as_one() -> None:
    with pytest.raises(StorageError, match=r"^the machine does not do what is needed: No space left") as error:
        done("fill_disk")
    assert error.value.is_full


def test_a_file_grows_no_larger_than_it_may(tmp_path: Path) -> None:
    with pytest.raises(HamkorError):
        done("fill", str(tmp_path / "file"), Bounds(10, 512, file_mb=1))
    assert (tmp_path / "file").stat().st_size <= 1 << 20


@pytest.mark.skipif(not FILTERS, reason="the kernel has no filters of system calls, or we do not know its numbers")
class TestSockets:
    """What the kernel refuses a process that calls nobody."""

    def test_there_are_those_of_this_machine_only(self) -> None:
        assert done("sockets") == "AF_UNIX"

    def test_whoever_may_call_has_all(self) -> None:
        assert done("sockets", bounds=Bounds(10, 512, calls=True)).startswith("AF_UNIX AF_INET AF_INET6")

    def test_no_ring_makes_them(self) -> None:
        assert done("ring") == os.strerror(errno.EPERM)

    def test_a_kernel_that_cannot_refuse_leaves_all_as_it_was(self) -> None:
        assert done("on_an_older_kernel", bounds=Bounds(10, 512, calls=True)).startswith("False AF_UNIX AF_INET")


def test_many_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda number: done("echo", str(number)), range(24))) == [str(n) for n in range(24)]


def test_how_often_something_may_happen() -> None:
    now = 0.0
    rate = Rate(3, clock=lambda: now)
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 0]
    assert rate.wait("a") == pytest.approx(20)
    assert rate.wait("b") == 0
    now = 19.0
    assert rate.wait("a") == pytest.approx(1)
    now = 21.0
    assert rate.wait("a") == 0
    assert rate.wait("a") > 0


def test_only_so_many_are_remembered() -> None:
    rate = Rate(1)
    for number in range(30_000):
        rate.wait(str(number))
    assert len(rate._left) <= 10_000
