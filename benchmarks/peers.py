"""The servers under test on loopback, each over the same triples: Hamkor in its ways, and its peers.

    python -m benchmarks.peers --triples 100000 [oxigraph hamkor …]

makes what each needs (a release, a store, a database), starts it, waits until it answers and has come to rest, says
where and how much memory it takes, and ends it on Ctrl-C. Everything stands below benchmarks/scratch. A peer that is
not installed is left out with the reason. It measures no time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from benchmarks import virtuoso
from benchmarks.measure import CommandFailedError
from benchmarks.processes import Service
from benchmarks.section import WORK
from benchmarks.servers import AbsentError, Data, Server, run, running
from benchmarks.start import compile_modules

_PROGRAMS: Final = Path(sys.executable).parent
#: rdflib-endpoint is no part of this project's environment: it gets one of its own.
RDFLIB_ENDPOINT: Final = WORK / "rdflib-endpoint"
#: Settings for Hamkor with which every size here is held in memory.
MEMORY: Final = {"engine.memory_mb": 16_384}
DISK: Final = {"engine.memory_mb": 0}
NO_CACHE: Final = {"engine.cache_mb": 0}
#: More triples than this rdflib does not hold on this side of an hour and of the memory.
RDFLIB_MOST: Final = 1_000_000


@dataclass
class Hamkor(Server):
    """``hamkor serve`` with settings of its own; all variants of a size serve the one release."""

    settings: dict[str, int | float] = field(default_factory=dict)

    def make(self) -> None:
        """Build the release, if it is not the one of these sources, and write the variant's settings beside it."""
        program = _PROGRAMS / "hamkor"
        if not program.exists():
            raise AbsentError("hamkor is not installed in this environment: run make")
        compile_modules()
        self.data.make()
        whole = self.data.folder / "publication"
        source = whole / "data" / self.data.quads.name
        source.parent.mkdir(parents=True, exist_ok=True)
        if not source.exists():
            source.symlink_to(self.data.quads)
        (whole / "hamkor.toml").touch()
        run(str(program), "build", "--publication", str(whole))
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
        wanted = self.settings.get("engine.memory_mb")
        return not held or wanted is None or (float(held.split()[1]) == 1) == (wanted != 0)


@dataclass
class Oxigraph(Server):
    """``oxigraph serve-read-only``; all triples in its default graph, which is what it is fastest with.

    Attributes:
        timeout: seconds after which it is to stop a query.
        memory_gb: address space that the system grants it.
    """

    path: ClassVar[str] = "/query"
    more: ClassVar[tuple[str, ...]] = ()
    timeout: int | None = None
    memory_gb: int | None = None

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
        run(program, "load", "--location", location, "--file", str(self.source))
        run(program, "optimize", "--location", location)
        unfinished.rename(self.store)

    def command(self) -> Service:
        """The server."""
        limit = ("--timeout-s", str(self.timeout)) if self.timeout else ()
        location = ("--location", str(self.store), "--bind", f"127.0.0.1:{self.port}")
        command = (str(_PROGRAMS / "oxigraph"), "serve-read-only", *location, *limit, *self.more)
        if self.memory_gb:  # it has no limit of its own, and this machine is to outlive it
            command = ("sh", "-c", f'ulimit -v {self.memory_gb << 20}; exec "$@"', "sh", *command)
        return Service(command, self.log())


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

    probe: ClassVar[str] = "ASK {}"  # with data or without
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

    def command(self) -> Service:
        """The server, with settings written anew."""
        service, self.sql_port = virtuoso.service(self.folder, self.data.plain, self.port)
        return service


def hamkor_by_default(data: Data, name: str, *settings: Mapping[str, int | float]) -> Hamkor:
    """Hamkor as it is without settings, but for these: it decides itself whether a release is held in memory."""
    return Hamkor(data, name, settings={name: value for each in settings for name, value in each.items()})


def hamkor(data: Data, name: str = "hamkor", *settings: Mapping[str, int | float]) -> Hamkor:
    """Hamkor with the settings of all the dictionaries; without any, held in memory."""
    merged = dict[str, int | float](MEMORY)
    for each in settings:
        merged |= each
    return Hamkor(data, name, settings=merged)


def _toml(settings: dict[str, int | float]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


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
