"""A server under test: what it needs is made once, then it is started, asked and ended. Which there are: peers.py.

Everything stands below benchmarks/scratch, listens on a free port of loopback, and is ended with all that it started.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

from benchmarks.build import Places, generate
from benchmarks.measure import CommandFailedError
from benchmarks.processes import Service
from benchmarks.section import WORK
from benchmarks.start import free_port

_POLL_SECONDS: Final = 0.05


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
    """One server over one registry: what it needs is made once, then it can be started and ended again and again.

    Attributes:
        path: where it answers queries.
        probe: what it is asked to see whether it answers.
        data: the registry.
        name: how the tables call it.
        port: where it listens.
        service: its processes, while it runs.
        first_answer: seconds from its last start to its first answer.
    """

    data: Data
    name: str
    path: ClassVar[str] = "/sparql"
    probe: ClassVar[str] = "ASK { ?s ?p ?o }"
    port: int = field(default_factory=free_port)
    service: Service | None = None
    first_answer: float = 0.0

    @abstractmethod
    def make(self) -> None:
        """Make what it serves. Raises AbsentError if it cannot be tested here."""

    @abstractmethod
    def command(self) -> Service:
        """What to start."""

    def ready(self) -> bool:
        """Whether it answers as it will from now on."""
        return self.answers(self.probe)

    def start(self, *, patience: float = 900.0) -> None:
        """Start it, wait until it is ready and has come to rest. Raises CommandFailedError if it does not."""
        self.service = self.command()
        began = time.monotonic()
        self.service.start()
        self._await(lambda: self.answers(self.probe), began + patience)
        self.first_answer = time.monotonic() - began
        self._await(self.ready, began + patience)
        self.service.settle()

    def _await(self, happens: Callable[[], bool], until: float) -> None:
        assert self.service is not None  # noqa: S101  it was started before
        while not happens():
            if not self.service.runs or time.monotonic() > until:
                said = self.service.said()
                self.end()
                raise CommandFailedError(f"{self.name} does not answer\n{said}")
            time.sleep(_POLL_SECONDS)

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


def run(*command: str) -> None:
    """Run a command that makes something. Raises CommandFailedError with what it said if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr[-2000:]}")
