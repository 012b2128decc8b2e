"""The holder: a process that has a release's store in memory, forks workers over it, makes it the next one's."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
import pyoxigraph as ox

from graph.model.processes import end_with_parent, refuse_sockets
from graph.query import frames
from graph.query.engine import remove_left
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import RemoteEngine
from graph.query.frames import Ended, HolderReady, HolderSettings, Lost, Succeed, pack
from graph.query.sql.index_engine import IndexLimits, LearntTimes, SqlEngine, prepare
from graph.query.worker import WorkerLimits, WorkerStore, work
from graph.releases.release import Release, open_release
from graph.releases.triple_index import INDEX_FILE

# A release in memory, and how it becomes the next one: by the difference of their graphs, not by loading it anew.

TYPED = b'"^^<'


def load(release: Release) -> ox.Store:
    """Return a store in memory with the release's named graphs, and their merge as its default graph."""
    store = ox.Store()
    for chunk in release.read_all():
        store.bulk_load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
        store.bulk_load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)
    return store


def apply_difference(store: ox.Store, old: Release, new: Release) -> None:
    """Change a store that holds ``old`` into one that holds ``new``.

    Lines are compared as they were parsed, but the store takes ``"01"^^xsd:integer`` and ``1`` for one literal: what
    removing one of them may have taken along is put back.
    """
    before = {entry.iri: entry.digest for entry in old.manifest.graphs}
    after = {entry.iri: entry.digest for entry in new.manifest.graphs}
    changed = sorted(iri for iri in before.keys() | after.keys() if before.get(iri) != after.get(iri))
    removed, added = [], []
    for iri in changed:
        lines_before = _lines(old, iri) if iri in before else set()
        lines_after = _lines(new, iri) if iri in after else set()
        removed += list(_quads(lines_before - lines_after, iri))
        added += list(_quads(lines_after - lines_before, iri))
        added += list(_quads(_alike(lines_before - lines_after, lines_before & lines_after), iri))
    for quad in removed:
        store.remove(quad)
    store.extend(added)
    store.extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in added)
    for quad in removed:
        if not any(_named(store, quad)):
            store.remove(ox.Quad(quad.subject, quad.predicate, quad.object))


def _alike(removed: Iterable[bytes], kept: Iterable[bytes]) -> Iterable[bytes]:
    """Return the kept lines that the store may not tell from a removed one: typed literals of the same subject."""
    subjects = {line.split(b" ", 2)[0] for line in removed if TYPED in line}
    return [line for line in kept if TYPED in line and line.split(b" ", 2)[0] in subjects] if subjects else ()


def _lines(release: Release, iri: str) -> set[bytes]:
    return {line for chunk in release.read_graph(iri) for line in chunk.lines()}


def _quads(lines: Iterable[bytes], iri: str) -> Iterable[ox.Quad]:
    graph = ox.NamedNode(iri)
    for quad in ox.parse(b"".join(line + b"\n" for line in lines), ox.RdfFormat.N_TRIPLES, lenient=True):
        yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def _named(store: ox.Store, quad: ox.Quad) -> Iterable[bool]:
    """Yield True for each named graph that still holds the quad's triple."""
    for found in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None):
        if not isinstance(found.graph_name, ox.DefaultGraph):
            yield True


# The holder: a process that has a release open and forks a worker for each connection; as PostgreSQL does it.
#
# It has no threads and runs no queries. In memory mode it has loaded the release into a store that all workers share
# copy-on-write; in disk mode each worker opens the release's own store. When the front closes a connection, the holder
# kills that worker; when a worker dies, the holder says so on its connection; when the front is gone, everything ends;
# and when the holder is gone, the system kills its workers.
#
# Started as ``python -m graph.query.holder SETTINGS`` (``HolderSettings`` in JSON). When it can serve, it connects to
# the front's control socket, says ``Ready`` there, and takes commands from it, one JSON line each.

BACKLOG, MOST_THREADS = 128, 4
SHARE_OF_INDEX, SHARE_OF_TIME = 0.5, 0.4
"""What the index may take of a query's memory and time: after that the engine has the rest."""
LONGER_IN_JSON = 4
"""How much longer than an answer may be an engine of others may write it: in JSON, which repeats names and types."""
FRONT_ENDS_WITHIN = 1.0  # seconds in which the system closes all that a killed process had open


@dataclass
class Holder:
    """One holder's state: what it holds; by process id its workers' connections and records, and successors' names."""

    settings: HolderSettings
    release: Release
    store: ox.Store | None
    listener: socket.socket
    control: socket.socket
    workers: dict[int, socket.socket] = field(default_factory=dict)
    successors: dict[int, str] = field(default_factory=dict)
    records: dict[int, int] = field(default_factory=dict)
    wake: socket.socket = field(init=False)
    woken: socket.socket = field(init=False)

    def run(self) -> None:
        """Fork a worker for each connection, until the control connection ends."""
        gc.collect()
        gc.freeze()
        self.wake, self.woken = _wakeup()
        self._say(HolderReady(self.settings.name))
        try:
            while self._turn():
                pass
        finally:
            signal.set_wakeup_fd(-1)
            for pid in self.workers:
                _kill(pid)
            Path(self.settings.socket).unlink(missing_ok=True)
            _times_file(self.settings).unlink(missing_ok=True)
            if _nobody_listens(self.settings.control):
                shutil.rmtree(Path(self.settings.control).parent, ignore_errors=True)

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
            elif (pid := by_descriptor.get(descriptor, 0)) in self.workers:  # else it has just been reaped
                _kill(pid)
                self.workers.pop(pid).close()
        return True

    def _command(self) -> bool:
        line = self.control.recv(65536)
        if not line:
            return False
        command = msgspec.json.decode(line, type=Succeed)
        pid = _forked()
        if pid == 0:
            self._drop()
            _exit_after(lambda: self._become(command))
        if pid is None:
            self._say(Lost(command.name))
        else:
            self.successors[pid] = command.name
        return True

    def _say(self, message: HolderReady | Lost) -> None:
        with contextlib.suppress(OSError):  # the front has gone: the next turn finds out
            self.control.sendall(msgspec.json.encode(message) + b"\n")

    def _become(self, command: Succeed) -> None:
        """In the child: take up the new release, and serve."""
        settings = msgspec.structs.replace(
            self.settings,
            name=command.name,
            release=command.release,
            socket=command.socket,
            spool=command.spool,
        )
        release = open_release(Path(command.release))
        if self.store is not None:
            apply_difference(self.store, self.release, release)
        if self.release.hold is not None:
            self.release.hold.let_go()  # else each successor would hold all releases before it
        serve(settings, release, self.store)

    def _fork(self, connection: socket.socket) -> None:
        own, record = os.getpid(), frames.new_record(Path(self.settings.spool))
        pid = _forked()
        if pid == 0:
            self._drop()
            _exit_after(lambda: self._work(connection, own, record))
        if pid is None:
            connection.close()  # the front takes that for an engine that is not there
            frames.read(record)
        else:
            self.workers[pid], self.records[pid] = connection, record

    def _drop(self) -> None:
        """In a child: give back the signals and close every socket that is the holder's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for own in (self.listener, self.control, self.wake, self.woken, *self.workers.values()):
            own.close()
        for record in self.records.values():
            frames.read(record)
        self.workers.clear()
        self.successors.clear()
        self.records.clear()

    def _work(self, connection: socket.socket, holder: int, record: int) -> None:
        end_with_parent(holder)
        if record >= 0:
            os.dup2(record, sys.stderr.fileno())
            os.close(record)
        told = self.settings
        remote = _remote_of(self.release, told)
        file_bytes = told.result_bytes * (LONGER_IN_JSON if remote is not None else 1)
        limits = WorkerLimits(told.memory_bytes, told.result_bytes, Path(told.spool), told.calls, file_bytes)
        store, release = self.store, self.release
        if remote is None:
            store = store if store is not None else release.store  # opened now, and not within a query's limits
        sharing = frozenset(release.manifest.sharing)
        opened = partial(_opened, store, release)
        work(connection, WorkerStore(release.id, opened, sharing, _index_of(release, told), remote), limits)

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
        """Say how a worker or a successor ended, and remove what a worker left in the spool."""
        connection = self.workers.pop(pid, None)
        words = frames.read(self.records.pop(pid, -1))
        if (name := self.successors.pop(pid, None)) is not None:
            self._say(Lost(name))
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.send(pack(Ended(ended_by, words)), socket.MSG_DONTWAIT)
            connection.close()
        remove_left(Path(self.settings.spool), pid)


def serve(settings: HolderSettings, release: Release, store: ox.Store | None) -> None:
    """Listen, tell the front, and hold until the front has gone."""
    if (release.folder / INDEX_FILE).is_file():
        with contextlib.suppress(OSError):
            prepare(_times_file(settings))
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


def _times_file(settings: HolderSettings) -> Path:
    return Path(f"{settings.socket}.npy")


def _index_of(release: Release, settings: HolderSettings) -> SqlEngine | None:
    """Return what answers from the release's index; None where it has none."""
    try:
        times = LearntTimes(_times_file(settings))
    except (OSError, ValueError):  # the release has no index, or there is no room for the file
        return None
    memory = int((settings.memory_bytes >> 20) * SHARE_OF_INDEX)
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    limits = IndexLimits(memory, threads, settings.query_seconds * SHARE_OF_TIME)
    return SqlEngine(release.folder, times, limits, release.manifest.triples)


def _opened(store: ox.Store | None, release: Release) -> ox.Store:
    return store if store is not None else release.store


def _remote_of(release: Release, settings: HolderSettings) -> RemoteEngine | None:
    """Return what asks an engine of others; None where queries run here."""
    if settings.remote is None:
        return None
    manifest = release.manifest
    graphs = tuple(each.iri for each in manifest.graphs)
    client, most = EngineClient(f"Hamkor (+{manifest.base})"), settings.result_bytes * LONGER_IN_JSON
    sharing = frozenset(manifest.sharing)
    return RemoteEngine(settings.remote, graphs, sharing, client, Path(settings.spool), most, settings.query_seconds)


def _shared(path: str) -> int:
    """Hold a shared lock on a file, for as long as this process and its workers live; return its descriptor.

    Raises:
        BlockingIOError: somebody is changing what it stands for.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return descriptor


def _forked() -> int | None:
    """Fork; return the child's id, 0 in the child, None where the system gives no more processes."""
    try:
        return os.fork()
    except OSError:
        return None


def _nobody_listens(path: str) -> bool:
    """Say whether the front has gone; one that is killed loses its connections a moment before what it listens on."""
    end = time.monotonic() + FRONT_ENDS_WITHIN
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) != 0:
                return True
        time.sleep(0.02)
    return False


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
    if not settings.calls:
        refuse_sockets()  # here and not in each worker: before the store has threads, which would not be held to it
    if settings.remote is not None:
        import httpx  # noqa: F401, PLC0415  loaded once, before workers are forked, and by nobody who does not need it
    if settings.lock:
        _shared(settings.lock)
    release = open_release(Path(settings.release))
    serve(settings, release, load(release) if settings.mode == "memory" else None)


if __name__ == "__main__":
    main(sys.argv[1])
