"""The servers under test on loopback, each over the same triples: Hamkor in its ways, and its peers.

    python -m benchmarks.peers --triples 100000 [oxigraph hamkor …]

makes what each needs (a release, a store, a database), starts it, waits until it answers and has come to rest, says
where and how much memory it takes, and ends it on Ctrl-C. Everything stands below benchmarks/work. A peer that is not
installed is left out with the reason. It measures no time.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

from benchmarks import virtuoso
from benchmarks.build import Places, generate
from benchmarks.measure import CommandFailedError
from benchmarks.processes import Service
from benchmarks.section import WORK
from benchmarks.start import free_port

_POLL_SECONDS: Final = 0.05
_PROGRAMS: Final = Path(sys.executable).parent
#: rdflib-endpoint is no part of this project's environment: it gets one of its own.
RDFLIB_ENDPOINT: Final = WORK / "rdflib-endpoint"
#: Settings for Hamkor with which every size here is held in memory.
MEMORY: Final = {"engine.memory_mb": 16_384}
DISK: Final = {"engine.memory_mb": 0}
NO_CACHE: Final = {"engine.cache_mb": 0}
#: More triples than this rdflib does not hold on this side of an hour and of the memory.
RDFLIB_MOST: Final = 1_000_000


class AbsentError(Exception):
    """A server cannot be tested here, and why."""


@dataclass(frozen=True, slots=True)
class Data:
    """The registry of one size, in the forms that the servers take."""

    triples: int

    @property
    def folder(self) -> Path:
        """Where everything of this size stands."""
        return WORK / f"serve-{self.triples}"

    @property
    def quads(self) -> Path:
        """In its named graphs."""
        return Places(self.triples).data

    @property
    def plain(self) -> Path:
        """The same triples in no named graph."""
        return self.folder / "data" / "registry.nt"

    def make(self) -> None:
        """Write both files where they are not there yet, and have them in the system's cache."""
        generate(Places(self.triples))
        if self.plain.exists():
            return
        self.plain.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.plain.with_suffix(".part")
        with self.quads.open("rb") as quads, unfinished.open("wb") as plain:
            plain.writelines(line.rsplit(b" ", 2)[0] + b" .\n" for line in quads)
        unfinished.rename(self.plain)


@dataclass
class Server(ABC):
    """One server over one registry: what it needs is made once, then it can be started and ended again and again."""

    data: Data
    name: str
    path: ClassVar[str] = "/sparql"
    port: int = field(default_factory=free_port)
    service: Service | None = None

    @abstractmethod
    def make(self) -> None:
        """Make what it serves. Raises AbsentError if it cannot be tested here."""

    @abstractmethod
    def command(self) -> Service:
        """What to start."""

    def ready(self) -> bool:
        """Whether it answers as it will from now on."""
        return self.answers("ASK { ?s ?p ?o }")

    def start(self, *, patience: float = 900.0) -> None:
        """Start it, wait until it is ready and has come to rest. Raises CommandFailedError if it does not."""
        self.service = self.command()
        self.service.start()
        until = time.monotonic() + patience
        while not self.ready():
            if not self.service.runs or time.monotonic() > until:
                said = self.service.said()
                self.end()
                raise CommandFailedError(f"{self.name} does not answer\n{said}")
            time.sleep(_POLL_SECONDS)
        self.service.settle()

    def end(self) -> None:
        """End it with all its processes."""
        if self.service is not None:
            self.service.end()
            self.service = None

    def query_path(self, query: str) -> str:
        """Path and query string of a GET request for a SPARQL query."""
        return f"{self.path}?query={quote(query, safe='')}"

    def answers(self, query: str) -> bool:
        """Whether it gives a whole 200 to a query."""
        status, body = self.fetch(self.query_path(query), "application/sparql-results+json")
        return status == http.client.OK and b"true" in body

    def fetch(self, path: str, accept: str = "*/*") -> tuple[int, bytes]:
        """Status and body of a GET; (0, b"") where no whole response comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def log(self) -> Path:
        """Where it writes what it says."""
        return self.data.folder / f"{self.name.replace(' ', '-')}.log"


@dataclass
class Hamkor(Server):
    """``hamkor serve`` with settings of its own; all variants of a size serve the one release."""

    settings: dict[str, int | float] = field(default_factory=dict)

    def make(self) -> None:
        """Build the release, if it is not the one of these sources, and write the variant's settings beside it."""
        program = _PROGRAMS / "hamkor"
        if not program.exists():
            raise AbsentError("hamkor is not installed in this environment: run make")
        self.data.make()
        whole = self.data.folder / "publication"
        source = whole / "data" / self.data.quads.name
        source.parent.mkdir(parents=True, exist_ok=True)
        if not source.exists():
            source.symlink_to(self.data.quads)
        (whole / "hamkor.toml").touch()
        _run(str(program), "build", "--publication", str(whole))
        self.folder.mkdir(exist_ok=True)
        (self.folder / "hamkor.toml").write_text(_toml(self.settings), encoding="utf-8")
        if not (self.folder / ".hamkor").is_symlink():
            (self.folder / ".hamkor").symlink_to(whole / ".hamkor")

    @property
    def folder(self) -> Path:
        """The publication of this variant: settings, and the releases that all variants share."""
        return self.data.folder / self.name.replace(" ", "-")

    def command(self) -> Service:
        """``hamkor serve`` of what is built."""
        publication = ("--publication", str(self.folder))
        program = str(_PROGRAMS / "hamkor")
        return Service((program, "serve", "--no-build", *publication, "--port", str(self.port)), self.log())

    def ready(self) -> bool:
        """Whether it answers, and from memory where it is to: it answers from disk while that is loaded."""
        if not super().ready():
            return False
        _, metrics = self.fetch("/metrics")
        held = next((line for line in metrics.splitlines() if line.startswith(b"hamkor_in_memory ")), b"")
        return not held or (float(held.split()[1]) == 1) == (self.settings.get("engine.memory_mb") != 0)


@dataclass
class Oxigraph(Server):
    """``oxigraph serve-read-only``; all triples in its default graph, which is what it is fastest with."""

    path: ClassVar[str] = "/query"
    more: ClassVar[tuple[str, ...]] = ()
    timeout: int | None = None

    @property
    def store(self) -> Path:
        """Its database."""
        return self.data.folder / "oxigraph"

    @property
    def source(self) -> Path:
        """What is loaded."""
        return self.data.plain

    def make(self) -> None:
        """Load and compact the database, if it is not there."""
        if not (_PROGRAMS / "oxigraph").exists():
            raise AbsentError("oxigraph is not installed in this environment: pip install oxigraph")
        self.data.make()
        if self.store.exists():
            return
        unfinished = self.store.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        program, location = str(_PROGRAMS / "oxigraph"), str(unfinished)
        _run(program, "load", "--location", location, "--file", str(self.source))
        _run(program, "optimize", "--location", location)
        unfinished.rename(self.store)

    def command(self) -> Service:
        """The server."""
        limit = ("--timeout-s", str(self.timeout)) if self.timeout else ()
        location = ("--location", str(self.store), "--bind", f"127.0.0.1:{self.port}")
        return Service((str(_PROGRAMS / "oxigraph"), "serve-read-only", *location, *limit, *self.more), self.log())


@dataclass
class OxigraphUnion(Oxigraph):
    """The same with the named graphs that the release has too, and their union as the default graph."""

    more: ClassVar[tuple[str, ...]] = ("--union-default-graph",)

    @property
    def store(self) -> Path:
        """Its database."""
        return self.data.folder / "oxigraph-union"

    @property
    def source(self) -> Path:
        """What is loaded."""
        return self.data.quads


@dataclass
class RdflibEndpoint(Server):
    """``rdflib-endpoint serve``: rdflib's graph in memory, as it comes."""

    path: ClassVar[str] = "/"

    def make(self) -> None:
        """Say whether it is installed."""
        if not (RDFLIB_ENDPOINT / "bin" / "rdflib-endpoint").exists():
            folder = RDFLIB_ENDPOINT.relative_to(WORK.parent.parent)
            raise AbsentError(
                f"not installed: python -m venv {folder} && {folder}/bin/pip install 'rdflib-endpoint[cli]'"
            )
        if self.data.triples > RDFLIB_MOST:
            raise AbsentError(f"rdflib holds no {self.data.triples:,} triples in the memory and the time there is")
        self.data.make()

    def command(self) -> Service:
        """The server; it reads the file at each start."""
        program = str(RDFLIB_ENDPOINT / "bin" / "rdflib-endpoint")
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        return Service((program, "serve", str(self.data.plain), *address), self.log())


@dataclass
class Virtuoso(Server):
    """Virtuoso with all triples in one graph, which is its default graph."""

    sql_port: int = 0

    @property
    def folder(self) -> Path:
        """Its database and settings."""
        return self.data.folder / "virtuoso"

    def make(self) -> None:
        """Load the database, if it is not there."""
        if virtuoso.PROGRAM is None or virtuoso.CLIENT is None:
            raise AbsentError("not installed: apt-get install virtuoso-opensource-7")
        self.data.make()
        whole = self.folder / "loaded"
        if whole.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.start()
        try:
            virtuoso.load(self.data.plain, self.sql_port)
        except (subprocess.CalledProcessError, ValueError) as problem:
            raise CommandFailedError(f"{self.name}: {problem}") from problem
        finally:
            self.end()
        whole.touch()

    def ready(self) -> bool:
        """Whether it answers, with data or without."""
        return self.answers("ASK {}")

    def command(self) -> Service:
        """The server, with settings written anew."""
        service, self.sql_port = virtuoso.service(self.folder, self.data.plain, self.port)
        return service


def hamkor(data: Data, name: str = "hamkor", *settings: Mapping[str, int | float]) -> Hamkor:
    """Hamkor with the settings of all the dictionaries; without any, held in memory."""
    merged = dict[str, int | float](MEMORY)
    for each in settings:
        merged |= each
    return Hamkor(data, name, settings=merged)


@contextmanager
def running(servers: Iterable[Server]) -> Iterator[list[Server]]:
    """Those of the servers that can be tested here, started; ended afterwards. Says which are left out and why."""
    started: list[Server] = []
    try:
        for server in servers:
            try:
                server.make()
            except AbsentError as problem:
                print(f"{server.name} is left out: {problem}", file=sys.stderr)
                continue
            started.append(server)
            server.start()
        yield started
    finally:
        for server in started:
            server.end()


def _toml(settings: dict[str, int | float]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr[-2000:]}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=100_000, help="the size of the registry (default 100,000)")
    parser.add_argument(
        "names", nargs="*", help="hamkor, hamkor-disk, oxigraph, oxigraph-union, virtuoso, rdflib-endpoint; all"
    )
    options = parser.parse_args()
    data = Data(options.triples)
    known: list[Server] = [
        hamkor(data),
        hamkor(data, "hamkor-disk", DISK),
        Oxigraph(data, "oxigraph"),
        OxigraphUnion(data, "oxigraph-union"),
        Virtuoso(data, "virtuoso"),
        RdflibEndpoint(data, "rdflib-endpoint"),
    ]
    with running(s for s in known if not options.names or s.name in options.names) as servers:
        for server in servers:
            memory = server.service.memory() if server.service else 0
            print(f"{server.name:16} http://127.0.0.1:{server.port}{server.path}  {memory / 2**20:,.0f} MB")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
