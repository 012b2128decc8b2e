"""A small release, requests, and a running query service of which nothing may be left afterwards."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from graph.model.formats import RESULTS_JSON, TURTLE, Format
from graph.model.publication import Publication
from graph.model.settings import EngineSettings, LimitSettings, Settings
from graph.pipeline.build import build
from graph.query.engine import Answer, Dataset, QueryForm, QueryRequest
from graph.query.frames import ask
from graph.query.service import QueryService
from graph.releases.release import Release, open_release

MARK = "HAMKOR_TEST"
BASE = "https://example.org/kb/"
EX = "http://example.org/"
SIZE = 1500

COUNT = f"SELECT (COUNT(*) AS ?n) WHERE {{ ?s <{EX}p> ?o }}"
# over SIZE triples and more: never ends; takes all memory; takes most of a second; is a large answer
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
GREEDY = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?f ?c ?a"
SLOW = f"SELECT (COUNT(*) AS ?n) WHERE {{ ?a <{EX}p> ?c . ?d <{EX}p> ?f . FILTER(?c < ?f) }}"
LARGE = f"SELECT * WHERE {{ ?s <{EX}p> ?o . VALUES ?text {{ '{'x' * 1000}' }} }} ORDER BY ?o"
STREAM = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"

PATIENT = LimitSettings(query_seconds=120.0, query_memory_mb=256, result_mb=4, queue_seconds=0.5)
FAST = LimitSettings(query_seconds=1.0, query_memory_mb=256, result_mb=4, queue_seconds=0.5)
"""For queries that never end: what a slow machine is to answer, too, has more time (``PATIENT``)."""
MODES = {"memory": 2048, "disk": 0}


def triples(count: int = SIZE, first: int = 0) -> str:
    """So many triples, each a subject with a number."""
    return "".join(f'<{EX}s{n}> <{EX}p> "{n}"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
                   for n in range(first, first + count))  # fmt: skip


def released(publication: Publication, files: Mapping[str, str] | None = None) -> Release:
    """Write the files into the publication's folder, build it, and return the release."""
    for name, text in (files or {}).items():
        path = publication.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return build(publication)


def request(text: str, form: QueryForm = "SELECT", into: Format | None = None, **more: Dataset) -> QueryRequest:
    """A request as the front makes it."""
    fitting = into or (TURTLE if form in ("CONSTRUCT", "DESCRIBE") else RESULTS_JSON)
    return QueryRequest(text, form, fitting, f"{BASE}sparql", **more)


def settings(mode: str, limits: LimitSettings = PATIENT, workers: int = 2) -> Settings:
    """The settings of a service that holds releases in this mode."""
    engine = EngineSettings(memory_mb=MODES[mode], workers=workers)
    return Settings(base=BASE, engine=engine, limits=limits)


class Running:
    """A service that runs, and what belongs to it."""

    def __init__(self, service: QueryService, mark: str) -> None:
        self.service, self._mark = service, mark

    async def replace(self, release: Release) -> None:
        """Let the service hold another release, of its own: the caller's would keep its store open."""
        await self.service.replace(open_release(release.folder))

    async def ask(self, text: str | QueryRequest, client: str = "a") -> Answer:
        """Ask as a client."""
        wanted = text if isinstance(text, QueryRequest) else request(text)
        return await self.service.pool.answer(ask(wanted), client)

    async def count(self, text: str = COUNT, client: str = "a") -> int:
        """The only number of the answer to a query."""
        body = (await self.ask(text, client)).body
        assert isinstance(body, bytes)
        (row,) = msgspec.json.decode(body)["results"]["bindings"]
        (term,) = row.values()
        return int(term["value"])

    def begin(self, text: str, client: str = "a") -> asyncio.Task[Answer]:
        """Begin to ask."""
        return asyncio.create_task(self.ask(text, client))

    def holders(self) -> list[int]:
        """The ids of the processes that hold a release: those whose parent holds none or is another's."""
        found = self.processes()
        return [pid for pid in found if self.workers_of(pid)] or found[:1]

    def processes(self) -> list[int]:
        """The ids of all processes of the service."""
        return processes(self._mark)

    def workers_of(self, holder: int) -> list[int]:
        """The ids of the children of a process."""
        return [pid for pid in self.processes() if parent(pid) == holder]

    def workers(self) -> list[int]:
        """The ids of all processes that are nobody's parent."""
        found = self.processes()
        parents = {parent(pid) for pid in found}
        return [pid for pid in found if pid not in parents]

    def spooled(self) -> list[Path]:
        """The files that hold answers."""
        return [each for each in self.service._spool.rglob("*") if each.is_file()]

    async def busy(self, count: int) -> None:
        """Wait until so many queries have a worker."""
        await until(lambda: self.service.pool.busy == count)


def processes(mark: str) -> list[int]:
    """The ids of the processes with this mark in their environment, in order; neither zombies nor this one."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def parent(pid: int) -> int:
    """The id of a process's parent; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def descriptors() -> set[str]:
    """What this process has open: one entry each descriptor."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except OSError:
            continue
    return found


def left_open() -> set[str]:
    """What this process has open when nothing is kept that nobody refers to: a release is held by who refers to it."""
    gc.collect()
    return descriptors()


async def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come true"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(release: Release, wanted: Settings) -> AsyncIterator[Running]:
    """Hold a release until the block ends; then nothing of the service may be left."""
    mark, open_before = uuid4().hex, len(descriptors())
    os.environ[MARK] = mark
    # a release of its own: the caller's may have its store open
    service = QueryService(wanted)
    try:
        await service.start(open_release(release.folder))
        yield Running(service, mark)
    finally:
        await service.close()
        del os.environ[MARK]
    await until(lambda: not processes(mark))
    if len(descriptors()) > open_before:
        await until(lambda: len(left_open()) <= open_before)  # a thread may still be loading what nobody needs
    assert not service._folder.exists()
