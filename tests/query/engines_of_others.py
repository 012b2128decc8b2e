"""Engines of others for tests: an Oxigraph and a Virtuoso on loopback, and one that misbehaves as it is told."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import httpx

from benchmarks.start import free_port
from graph.model.settings import EngineDataset

OXIGRAPH = Path(sys.executable).parent / "oxigraph"
VIRTUOSO = shutil.which("virtuoso-t")
VIRTUOSO_SETTINGS = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
TempStorage = TempDatabase
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
CheckpointInterval = 0
CaseMode = 2
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 20
[SPARQL]
MaxConstructTriples = 1000000
"""


class EngineProcess:
    """An engine that runs: where it is, and its process."""

    def __init__(self, dataset: EngineDataset, command: list[str], log: Path) -> None:
        self.dataset, self._command, self._log = dataset, command, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 180
        while not self._answers():
            assert self.process.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < end, "the engine does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.post(self.dataset.url, data={"query": "ASK {}"}, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def running(engine: EngineProcess) -> Iterator[EngineProcess]:
    """An engine until the block ends."""
    engine.start()
    try:
        yield engine
    finally:
        engine.kill()


def oxigraph(folder: Path | None, log: Path, *more: str) -> EngineProcess:
    """An Oxigraph over a folder, or in memory, from where nothing comes back."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    location = ["--location", str(folder)] if folder is not None else []
    command = [str(OXIGRAPH), "serve", *location, "--bind", f"127.0.0.1:{port}", *more]
    return EngineProcess(EngineDataset(f"{here}/query", f"{here}/update", f"{here}/store"), command, log)


def virtuoso(folder: Path) -> EngineProcess:
    """A Virtuoso over an empty folder; its user is dba, and so is the password."""
    port = free_port()
    settings = folder / "virtuoso.ini"
    settings.write_text(VIRTUOSO_SETTINGS.format(folder=folder, port=port, sql_port=free_port()))
    here = f"http://127.0.0.1:{port}"
    dataset = EngineDataset(f"{here}/sparql", f"{here}/sparql-auth", f"{here}/sparql-graph-crud-auth")
    return EngineProcess(dataset, [str(VIRTUOSO), "+foreground", "+configfile", str(settings)], folder / "log")


CREDENTIALS = {"HAMKOR_ENGINE_USER": "dba", "HAMKOR_ENGINE_PASSWORD": "dba"}


@contextmanager
def with_credentials() -> Iterator[None]:
    """What Virtuoso asks for, in the environment of this process and of all that it starts."""
    os.environ.update(CREDENTIALS)
    try:
        yield
    finally:
        for name in CREDENTIALS:
            del os.environ[name]


class PlayedEngine:
    """Listens on loopback, and responds to each connection in a thread of its own."""

    def __init__(self, path: str = "/sparql") -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{path}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._respond, args=(connection,), daemon=True).start()

    def _respond(self, connection: socket.socket) -> None:
        raise NotImplementedError


class MisbehavingEngine(PlayedEngine):
    """Answers every request with the same bytes, and then closes, keeps the connection, waits, or goes on for ever."""

    def __init__(self, answer: bytes, then: str = "close") -> None:
        self._answer, self._then = answer, then
        self.requests: list[bytes] = []
        super().__init__()

    def _respond(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.requests.append(_request(connection))
                connection.sendall(self._answer)
                while self._then == "keep":
                    self.requests.append(_request(connection))
                    connection.sendall(self._answer)
                while self._then == "endless":
                    connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
                if self._then == "wait":
                    time.sleep(30)
            except OSError:
                return


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            raise ConnectionResetError
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class InterposedEngine(PlayedEngine):
    """Stands before an engine: passes on what that is asked, but for queries that name a fault.

    Those get the bytes that belong to the name, and then the connection ends; where there are none, nothing comes.
    """

    def __init__(self, url: str, faults: Mapping[str, bytes]) -> None:
        self._there, self._faults = urlsplit(url), faults
        super().__init__(self._there.path)

    def _respond(self, connection: socket.socket) -> None:
        with connection as asking, contextlib.suppress(OSError):
            place = str(self._there.hostname), int(self._there.port or 80)
            with socket.create_connection(place) as engine:
                threading.Thread(target=_copied, args=(engine, asking), daemon=True).start()
                while True:
                    request = _request(asking)
                    fault = next((each for each in self._faults if quote_plus(each).encode() in request), None)
                    if fault is None:
                        engine.sendall(request)
                        continue
                    if self._faults[fault]:
                        asking.sendall(self._faults[fault])
                        asking.shutdown(socket.SHUT_RDWR)
                    asking.recv(1)  # until it is given up
                    return


def _copied(source: socket.socket, target: socket.socket) -> None:
    """Send on what comes, and its end."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
