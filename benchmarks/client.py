"""A closed loop of HTTP clients in a process of its own: so many connections, each asking again once it has an answer.

    python -m benchmarks.client JOB RESULT

Plain sockets and epoll, requests made beforehand, keep-alive: it costs some tens of microseconds of processor time a
request, which it reports. ``ask`` runs it as a child process, which is how the benchmarks use it. It judges no answer:
it says what came back, whether it came back whole, and when.
"""

from __future__ import annotations

import gc
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from benchmarks.response import BrokenResponseError, Response

_PIECE: Final = 1 << 18
#: Seconds: a server that is gone is not asked as fast as this processor can fail.
_AFTER_FAILURE: Final = 0.01
#: Statuses of our own for what has no HTTP status.
BROKEN: Final = 0
TOO_LATE: Final = -1


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask.

    Attributes:
        port: on loopback.
        requests: whole requests without the empty line at their end; each is sent once, in this order.
        connections: how many at a time; each bears an address of its own in X-Forwarded-For.
        network: the first three bytes of those addresses, as text: ``10.0.1``.
        keep: whether the bodies come back.
        patience: seconds after which a request is given up and its connection closed.
        endless: begin anew at the end of the list, until SIGTERM.
    """

    port: int
    requests: list[bytes]
    connections: int = 1
    network: str = "10.0.1"
    keep: bool = False
    patience: float = 600.0
    endless: bool = False


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One request: its place in the list, seconds to the last byte, HTTP status (or BROKEN, TOO_LATE), size, body.

    Where it failed without an HTTP status, the body says why.
    """

    request: int
    seconds: float
    status: int
    size: int
    body: bytes = b""


class Outcome(msgspec.Struct, frozen=True):
    """All samples in the order in which they ended; the wall time of all, and the client's processor time."""

    samples: list[Sample]
    wall: float
    processor: float


class _Connection:
    """One client: it has at most one request under way."""

    def __init__(self, job: Job, number: int, poll: select.epoll) -> None:
        self._job = job
        self._end = f"X-Forwarded-For: {job.network}.{number + 1}\r\n\r\n".encode()
        self._socket: socket.socket | None = None
        self.response = Response()
        self.request = 0
        self.began = 0.0
        self._poll = poll
        self._used = False

    def fileno(self) -> int:
        """The descriptor of its socket, -1 without one."""
        return self._socket.fileno() if self._socket else -1

    def begin(self, request: int) -> None:
        """Send a request, on the connection that is there or on a new one."""
        self.request, self.began = request, time.perf_counter()
        if self._socket is not None:
            try:
                self._send()
            except OSError:
                self.close()
        if self._socket is None:
            self._connect()
            self._send()

    def _connect(self) -> None:
        self._used = False
        self._socket = socket.create_connection(("127.0.0.1", self._job.port), timeout=self._job.patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll.register(self._socket, select.EPOLLIN)

    def _send(self) -> None:
        assert self._socket is not None  # noqa: S101  connected before
        self.response = Response()
        self._socket.sendall(self._job.requests[self.request] + self._end)

    def read(self) -> Sample | None:
        """Take what has come; a sample once the response is whole or has broken off."""
        assert self._socket is not None  # noqa: S101  epoll named it
        try:
            piece = self._socket.recv(_PIECE)
            if not piece and self._used and self.response.empty:
                self._ask_anew()
                return None
            whole = self.response.feed(piece)
        except (OSError, BrokenResponseError) as problem:
            return self._ended(BROKEN, repr(problem))
        return self._ended(self.response.status) if whole else None

    def _ask_anew(self) -> None:
        """Ask on a new connection: the server ended the old one between two requests (RFC 9112 9.3.1)."""
        self.close()
        self._connect()
        self._send()

    def give_up(self) -> Sample:
        """End a request that takes too long."""
        return self._ended(TOO_LATE, "patience ended")

    def _ended(self, status: int, why: str = "") -> Sample:
        seconds, body = time.perf_counter() - self.began, self.response.body()
        self._used = True
        if status <= 0 or self.response.closes:
            self.close()
        if why:
            return Sample(self.request, seconds, status, len(body), f"{why} after {len(body)} bytes".encode())
        return Sample(self.request, seconds, status, len(body), body if self._job.keep else b"")

    def close(self) -> None:
        """Close the socket; epoll forgets it by itself."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Loop:
    """The closed loop over one job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._poll = select.epoll()
        self._samples: list[Sample] = []
        self._busy: dict[int, _Connection] = {}
        self._next = 0
        self.stopped = False

    def run(self) -> Outcome:
        """Ask everything."""
        began, processor = time.perf_counter(), time.process_time()
        for number in range(self._job.connections):
            self._begin(_Connection(self._job, number, self._poll))
        while self._busy:
            ready = self._poll.poll(1.0)
            for descriptor, _ in ready:
                connection = self._busy.pop(descriptor)
                if sample := connection.read():
                    self._ended(connection, sample)
                else:
                    self._busy[connection.fileno()] = connection
            if not ready:
                self._lose_patience()
        return Outcome(self._samples, time.perf_counter() - began, time.process_time() - processor)

    def _begin(self, connection: _Connection) -> None:
        count = len(self._job.requests)
        while not self.stopped and (self._next < count or self._job.endless):
            request, self._next = self._next % count, self._next + 1
            try:
                connection.begin(request)
            except OSError:
                self._samples.append(Sample(request, time.perf_counter() - connection.began, BROKEN, 0))
                time.sleep(_AFTER_FAILURE)
                continue
            self._busy[connection.fileno()] = connection
            return
        connection.close()

    def _ended(self, connection: _Connection, sample: Sample) -> None:
        self._samples.append(sample)
        if sample.status == BROKEN:
            time.sleep(_AFTER_FAILURE)
        self._begin(connection)

    def _lose_patience(self) -> None:
        now = time.perf_counter()
        for descriptor, connection in tuple(self._busy.items()):
            if now - connection.began > self._job.patience:
                del self._busy[descriptor]
                self._ended(connection, connection.give_up())


def get(path: str, accept: str, *more: str) -> bytes:
    """A GET request as a job wants it; ``path`` is percent-encoded, ``more`` are further header lines."""
    return "".join(f"{line}\r\n" for line in (f"GET {path} HTTP/1.1", *_headers(accept), *more)).encode()


def _headers(accept: str) -> Iterable[str]:
    return "Host: 127.0.0.1", f"Accept: {accept}", "User-Agent: hamkor-benchmarks"


def ask(job: Job) -> Outcome:
    """Run a job in a process of its own and wait for its end. Raises subprocess.CalledProcessError if that fails."""
    return start(job)()


def start(job: Job) -> Callable[[], Outcome]:
    """Begin a job in a process of its own; what is returned ends it where it is endless, and gives the outcome."""
    folder = TemporaryDirectory(prefix="hamkor-client-")
    task, result = Path(folder.name) / "job", Path(folder.name) / "result"
    task.write_bytes(msgspec.msgpack.encode(job))
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.client", str(task), str(result)])

    def outcome() -> Outcome:
        if job.endless:
            child.send_signal(signal.SIGTERM)
        with folder:
            if child.wait():
                raise subprocess.CalledProcessError(child.returncode, "benchmarks.client")
            return msgspec.msgpack.decode(result.read_bytes(), type=Outcome)

    return outcome


def main(task: str, result: str) -> None:
    """Do the job in the file ``task``, write the outcome to the file ``result``."""
    gc.disable()  # a pause would be taken for the server's
    loop = _Loop(msgspec.msgpack.decode(Path(task).read_bytes(), type=Job))
    signal.signal(signal.SIGTERM, lambda *_: setattr(loop, "stopped", True))
    Path(result).write_bytes(msgspec.msgpack.encode(loop.run()))


if __name__ == "__main__":
    main(*sys.argv[1:3])
