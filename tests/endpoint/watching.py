"""A served publication whose processes, descriptors, spool files and memory are watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import Service
from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.releases.triple_index import INDEX_FILES
from tests.endpoint.serving import Served, client, free_port

ROOT = Path(__file__).resolve().parents[2]
OF_A_WORKER = 16


@dataclass(frozen=True)
class State:
    """What a service has at rest: processes, open descriptors, files with answers, bytes of memory (proportional)."""

    processes: int
    descriptors: int
    spooled: int
    memory: int


@dataclass(frozen=True)
class Watched(Served):
    """A publication that is being served, and the service."""

    service: Service
    temporary: Path
    most: int = 0
    """How many processes it has with all its workers."""

    def state(self) -> State:
        """What the service has now."""
        pids = self.service.processes()
        return State(len(pids), sum(map(_descriptors, pids)), len(self.spooled()), self.service.own_memory(self.folder))

    def settled(self, seconds: float = 60.0) -> State:
        """What the service has when nothing changes any more, as ``comes_back_to`` sees it.

        A worker that has just been forked still opens files; and one connection is open, that of the looking client.
        """
        self.metric("workers_busy")
        end, state, same = time.monotonic() + seconds, self.state(), 0
        while same < 4 and time.monotonic() < end:
            time.sleep(0.1)
            now = self.state()
            same = same + 1 if (now.processes, now.descriptors) == (state.processes, state.descriptors) else 0
            state = now
        return state

    def spooled(self) -> list[Path]:
        """The files that hold answers."""
        return [each for each in self.temporary.glob("hamkor-*/spool/**/*") if each.is_file()]

    def metric(self, name: str) -> float:
        """A figure of ``/metrics``."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"hamkor_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def comes_back_to(self, before: State, seconds: float = 60.0) -> State:
        """Wait until there is no more than there was, memory apart; return what there is then."""
        self.client.close()  # the next request opens it again
        object.__setattr__(self, "client", browser())
        until(lambda: self.metric("workers_busy") + self.metric("queue_length") == 0, seconds)
        end = time.monotonic() + seconds
        while True:
            state = self.state()
            # a spare worker may have been missing before, and each has its descriptors
            more = max(0, state.processes - before.processes)
            is_back = state.processes <= max(before.processes, self.most)
            most = before.descriptors + more * OF_A_WORKER
            if is_back and state.descriptors <= most and not state.spooled:
                return state
            assert time.monotonic() < end, (before, state)
            time.sleep(0.05)

    def said(self) -> str:
        """All that the service has written to standard error."""
        return self.service.log.read_text()


def browser() -> httpx.Client:
    """A client with connections of its own, and with patience."""
    return client(60)


def until(true: Callable[[], bool], seconds: float = 60.0, told: Callable[[], str] = lambda: "") -> None:
    """Wait until something is true; where it does not come true, ``told`` says what there is instead."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it does not come true within {seconds:g} seconds; {told()}"
        time.sleep(0.02)


@contextmanager
def watched(folder: Path, *, workers: int = 2) -> Iterator[Watched]:
    """Build and serve a publication until the block ends; then nothing of the service may be left."""
    release, port, temporary = build(open_publication(folder)), free_port(), folder / "tmp"
    # the path of a socket below it has at most 107 bytes
    temporary.mkdir()
    command = (
        *("/usr/bin/env", f"PYTHONPATH={ROOT}", f"TMPDIR={temporary}"),
        *(sys.executable, "-m", "endpoint.server", str(folder), "127.0.0.1", str(port), str(workers)),
    )
    service = Service(command, folder / "log", ROOT)
    service.start()
    try:
        found = Watched(f"http://127.0.0.1:{port}", folder, release, browser(), service, temporary)
        until(lambda: _answers(found))
        for path in ("/sparql?query=ASK%7B%7D", "/dataset", "/"):  # it opens at the first page what pages need
            assert found.get(path, "text/html").status_code == 200
        time.sleep(0.3)
        object.__setattr__(found, "most", len(service.processes()))
        yield found
        found.client.close()
        assert service.process is not None
        service.process.terminate()
        service.process.wait(60)
        until(lambda: not service.processes())
        assert not list(temporary.glob("hamkor-*"))
    finally:
        service.end()


def _answers(served: Watched) -> bool:
    assert served.service.runs, served.said()
    try:
        return served.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def _descriptors(pid: int) -> int:
    """How many a process has open, but the index: a worker opens it with its first heavy query, once, and keeps it."""
    opened = list[str]()
    with suppress(OSError):  # it has ended
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # it has just been closed
                opened.append(str(each.readlink()))
    of_index = [each for each in opened if each.endswith(INDEX_FILES)]
    assert len(of_index) == len({*of_index}), of_index
    return len(opened) - len(of_index)
