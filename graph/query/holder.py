"""The holder: a process that has a release open and forks a worker for each connection; as PostgreSQL does it.

It has no threads and runs no queries. In memory mode it has loaded the release into a store that all workers share
copy-on-write; in disk mode each worker opens the release's own store. When the front closes a connection, the holder
kills that worker; when a worker dies, the holder says so on its connection; when the front is gone, everything ends.

Started as ``python -m graph.query.holder SETTINGS`` (``HolderSettings`` in JSON). When it can serve, it connects to
the front's control socket, says ``Ready`` there, and takes commands from it, one JSON line each.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

import msgspec
import pyoxigraph as ox

from graph.query.frames import Ended, pack
from graph.query.spool import partial_prefix
from graph.query.succession import apply_difference, load
from graph.query.worker import WorkerLimits, work
from graph.releases.release import Release, open_release

Mode = Literal["memory", "disk"]
BACKLOG = 128


class HolderSettings(msgspec.Struct, frozen=True):
    """What a holder is told.

    Attributes:
        name: how the front calls this holder.
        release: the folder of the release.
        mode: how to hold it.
        socket: path of the Unix socket to listen on.
        control: path of the front's control socket.
        spool: folder for large answers.
        memory_bytes: what a query may take beyond the store.
        result_bytes: how large an answer may be.
    """

    name: str
    release: str
    mode: Mode
    socket: str
    control: str
    spool: str
    memory_bytes: int
    result_bytes: int


class Ready(msgspec.Struct, frozen=True):
    """Holder to front: it listens."""

    name: str
    pid: int


class Succeed(msgspec.Struct, frozen=True):
    """Front to holder: fork a successor that holds another release."""

    name: str
    release: str
    socket: str


@dataclass
class Holder:
    """One holder's state: what it holds, and the connections of its workers by process id."""

    settings: HolderSettings
    release: Release
    store: ox.Store | None
    listener: socket.socket
    control: socket.socket
    workers: dict[int, socket.socket] = field(default_factory=dict)
    wake: socket.socket = field(init=False)
    woken: socket.socket = field(init=False)

    def run(self) -> None:
        """Fork a worker for each connection, until the control connection ends."""
        gc.collect()
        gc.freeze()
        self.wake, self.woken = _wakeup()
        self.control.sendall(msgspec.json.encode(Ready(self.settings.name, os.getpid())) + b"\n")
        try:
            while self._turn():
                pass
        finally:
            signal.set_wakeup_fd(-1)
            for pid in self.workers:
                _kill(pid)
            Path(self.settings.socket).unlink(missing_ok=True)

    def _turn(self) -> bool:
        """Wait, do what is due, and return False when the front has gone."""
        poll = select.poll()
        for own in (self.listener, self.control, self.woken):
            poll.register(own, select.POLLIN)
        by_descriptor = {connection.fileno(): pid for pid, connection in self.workers.items()}
        for descriptor in by_descriptor:
            poll.register(descriptor, 0)  # only its end: what is said on it is the worker's to read
        for descriptor, _ in poll.poll():
            if descriptor == self.control.fileno():
                if not self._command():
                    return False
            elif descriptor == self.woken.fileno():
                _drain(self.woken)
                self._reap()
            elif descriptor == self.listener.fileno():
                self._fork(self.listener.accept()[0])
            elif descriptor in by_descriptor:
                pid = by_descriptor[descriptor]
                _kill(pid)
                self.workers.pop(pid).close()
        return True

    def _command(self) -> bool:
        line = self.control.recv(65536)
        if not line:
            return False
        command = msgspec.json.decode(line, type=Succeed)
        if os.fork() == 0:
            self._become(command)
        return True

    def _become(self, command: Succeed) -> NoReturn:
        """In the child: drop what belongs to the old holder, take up the new release, and serve."""
        self._drop()
        folder = Path(command.release)
        settings = msgspec.structs.replace(
            self.settings, name=command.name, release=command.release, socket=command.socket
        )
        release = open_release(folder)
        if self.store is not None:
            apply_difference(self.store, self.release, release)
        _exit_after(lambda: serve(settings, release, self.store))

    def _fork(self, connection: socket.socket) -> None:
        pid = os.fork()
        if pid == 0:
            self._drop()
            _exit_after(lambda: self._work(connection))
        self.workers[pid] = connection

    def _drop(self) -> None:
        """In a child: give back the signals and close every socket that is the holder's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for own in (self.listener, self.control, self.wake, self.woken, *self.workers.values()):
            own.close()
        self.workers.clear()

    def _work(self, connection: socket.socket) -> None:
        store = self.store if self.store is not None else self.release.store
        limits = WorkerLimits(self.settings.memory_bytes, self.settings.result_bytes, Path(self.settings.spool))
        work(connection, store, self.release.id, frozenset(self.release.manifest.sharing), limits)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)

    def _ended(self, pid: int, ended_by: int) -> None:
        """Say on a worker's connection how it ended, close it, and remove what it left unfinished in the spool."""
        connection = self.workers.pop(pid, None)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(pack(Ended(ended_by)))
            connection.close()
        for left in Path(self.settings.spool).glob(f"{partial_prefix(pid)}*"):
            left.unlink(missing_ok=True)


def serve(settings: HolderSettings, release: Release, store: ox.Store | None) -> None:
    """Listen, tell the front, and hold until the front has gone."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(settings.socket)
    listener.listen(BACKLOG)
    control = socket.socket(socket.AF_UNIX)
    control.connect(settings.control)
    Holder(settings, release, store, listener, control).run()


def _wakeup() -> tuple[socket.socket, socket.socket]:
    """Return a pair of sockets, the second of which becomes readable when a child ends."""
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    return wake, woken


def _drain(woken: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        woken.recv(4096)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _exit_after(task: Callable[[], None]) -> NoReturn:
    """Run the task in a forked child and end the process without the parent's clean-up."""
    status = 1
    try:
        task()
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0
    finally:
        os._exit(status)


def main(argument: str) -> None:
    """Hold what the argument says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = msgspec.json.decode(argument, type=HolderSettings)
    release = open_release(Path(settings.release))
    serve(settings, release, load(release) if settings.mode == "memory" else None)


if __name__ == "__main__":
    main(sys.argv[1])
