"""What the front, the holder and its workers say to each other over a Unix socket, and what a dying worker says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from graph.model.errors import (
    EngineFaultError,
    EngineUnavailableError,
    FormatError,
    HamkorError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    Quotation,
    Said,
    Sentence,
    StorageError,
    unpacked,
)
from graph.model.formats import Format, format_named
from graph.model.settings import LimitSettings
from graph.query.engine import Answer, Dataset, QueryForm, QueryRequest, taken
from graph.query.external.external_engine import RemoteDataset

# What the front, the holder and its workers say to each other over a Unix socket: frames of a head and a body.
#
# A frame is two big-endian lengths (head 4 bytes, body 8 bytes), the head as MessagePack, the body as it is, and one
# byte that ends it. A worker can be killed while it sends, and the holder then says so on the same connection: without
# that byte, what the holder says could be taken for the end of an answer. It knows no SPARQL and no sockets beyond
# sending and receiving all of a frame.

LENGTHS = struct.Struct(">IQ")
RECEIVED_BYTES = 65536
END, END_OF_ENDED = 0xFF, 0xFE
"""The last byte of a frame: ``Ended`` has another one, and none of its bytes is the one of the others."""


FailureKind = Literal["syntax", "refused", "format", "result", "memory", "full", "storage", "engine", "fault", "time"]


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Front to worker: one query; its text is the body."""

    form: QueryForm
    format: str
    base: str
    dataset: Dataset
    clauses: Dataset
    uses_graphs: bool


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Worker to front, once: who it is and which release it answers from."""

    pid: int
    release: str


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """Worker to front: the answer is the body, or the spool file.

    ``last`` when the worker ends after it; ``index`` where that answered and not the engine; ``remote`` where an
    engine of others did.
    """

    spool: str | None
    digest: str
    last: bool
    index: bool = False
    remote: bool = False


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Worker to front: no answer; ``kind`` says which error, the rest are its fields, ``problem`` packed."""

    kind: FailureKind
    problem: dict[str, Any]
    line: int | None = None
    column: int | None = None
    last: bool = False
    form: str = ""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Holder to front: the worker is dead; ``signal`` is what killed it, 0 where it ended by itself.

    ``words`` is what the engine said at last, ASCII and short: no length in this frame may be a byte that ends another.
    """

    signal: int
    words: str = ""


Frame = Ask | Hello | Answered | Failed | Ended
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


# What the front and its holders say on the holders' control connections: one JSON line each. It stands here and not
# with the holder, since the front needs nothing of what that loads.

Mode = Literal["memory", "disk", "remote"]
"""Where queries run: on the release's store in memory or on disk, or in an engine of others."""


class HolderSettings(msgspec.Struct, frozen=True):
    """What a holder is told.

    Attributes:
        name: how the front calls this holder.
        release: the folder of the release.
        mode: how to hold it.
        socket: path of the Unix socket to listen on.
        control: path of the front's control socket.
        spool: folder for large answers; this holder's own.
        memory_bytes: what a query may take beyond the store.
        result_bytes: how large an answer may be.
        query_seconds: how long a query may take.
        calls: whether queries may call other services.
        remote: in an engine of others, the dataset that is asked.
        lock: the file that stands for that dataset: held as long as anybody may ask it.
    """

    name: str
    release: str
    mode: Mode
    socket: str
    control: str
    spool: str
    memory_bytes: int
    result_bytes: int
    query_seconds: float
    calls: bool
    remote: RemoteDataset | None = None
    lock: str = ""


class HolderReady(msgspec.Struct, frozen=True, tag="ready"):
    """Holder to front, first of all: it listens."""

    name: str


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """Holder to front: the successor of this name has ended, perhaps before it was ready."""

    name: str


class Succeed(msgspec.Struct, frozen=True):
    """Front to holder: fork a successor that holds another release."""

    name: str
    release: str
    socket: str
    spool: str


def pack(frame: Frame, body: bytes = b"") -> bytes:
    """Return a frame as bytes."""
    head = _encoder.encode(frame)
    end = END_OF_ENDED if type(frame) is Ended else END
    return b"".join((LENGTHS.pack(len(head), len(body)), head, body, end.to_bytes()))


def length(data: bytes | bytearray) -> int:
    """Return how many bytes the frame has that ``data`` begins; at least ``LENGTHS.size`` bytes are there."""
    head_size, body_size = LENGTHS.unpack_from(data)
    return int(LENGTHS.size + head_size + body_size + 1)


def unpack(data: bytes | bytearray) -> tuple[Frame, bytes] | None:
    """Return a frame and its body from all its bytes, or None where its end is not its own."""
    if data[-1] not in (END, END_OF_ENDED):
        return None
    start = LENGTHS.size + LENGTHS.unpack_from(data)[0]
    try:
        frame: Frame = _decoder.decode(data[LENGTHS.size : start])
    except msgspec.DecodeError:
        return None
    if (data[-1] == END_OF_ENDED) is not (type(frame) is Ended):
        return None
    return frame, bytes(data[start:-1])


def receive(connection: socket.socket) -> tuple[Frame, bytes] | None:
    """Return the next frame and its body, or None where the other side has closed.

    The other side sends a frame only after the one before it was answered, so nothing is read too far.
    """
    data = connection.recv(RECEIVED_BYTES)
    while 0 < len(data) < LENGTHS.size:
        data += _some(connection, LENGTHS.size - len(data))
    if not data:
        return None
    parts, missing = [data], length(data) - len(data)
    while missing > 0:
        parts.append(_some(connection, missing))
        missing -= len(parts[-1])
    found = unpack(data if len(parts) == 1 else b"".join(parts))
    if found is None:
        raise ConnectionResetError
    return found


def ask(request: QueryRequest) -> bytes:
    """Return a query request as a packed frame."""
    head = Ask(request.form, request.format.name, request.base, request.dataset, request.clauses, request.uses_graphs)
    return pack(head, request.text.encode())


def asked(head: Ask, body: bytes) -> QueryRequest:
    """Return the query request that a frame carries."""
    form: Format | None = format_named(head.format)
    assert form is not None  # noqa: S101  the front sends names of ours
    return QueryRequest(body.decode(), head.form, form, head.base, head.dataset, head.clauses, head.uses_graphs)


def _some(connection: socket.socket, most: int) -> bytes:
    data = connection.recv(min(most, 1 << 20))
    if not data:
        raise ConnectionResetError
    return data


# One connection of the front to a worker: a query goes out, an answer or an error comes back.
#
# It keeps no time and retries nothing; the pool does. Closing the connection kills the worker.

NICENESS = 15
TICKS = os.sysconf("SC_CLK_TCK")
MORE_SELECTIVE = Sentence("make it more selective, or page it with ORDER BY, LIMIT and OFFSET")
OTHERWISE = Sentence("write the query in another way, or page it with ORDER BY, LIMIT and OFFSET")
SMALLER = Sentence("ask for less, which needs no room on the disk, or try again later")
OWN_ENDS = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL})
"""How a query ends its process: memory or the stack does not suffice, or the engine gives up and says why (SIGABRT).

By other signals somebody else ends it.
"""


class WorkerLostError(EngineUnavailableError):
    """The worker ended without a word, through no fault of the query: it can be asked again elsewhere."""


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process; where the system does not say it, the time."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / TICKS


class WorkerConnection(asyncio.Protocol):
    """A worker's end at the front.

    Attributes:
        socket: the path of the holder's socket that it is connected to.
        release: the release that the worker answers from, once it has said hello.
        began: when its present query was sent, in the event loop's time.
        deadline: when that query is to be stopped.
        slow: to be called when its present query takes longer than a moment, or None.
        usable: whether it can be asked another query.
        index: whether the release's index answered its last query.
        remote: whether an engine of others did.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: LimitSettings) -> None:
        """Make one that is not connected yet; the limits are for messages."""
        self._loop, self._limits = loop, limits
        self._buffer = bytearray()
        self._waiting: asyncio.Future[tuple[Frame, bytes]] | None = None
        self._transport: asyncio.Transport | None = None
        self._pid = 0
        self._calm, self._before = False, -1.0
        self.socket = self.release = ""
        self.began = self.deadline = 0.0
        self.slow: Callable[[], None] | None = None
        self.usable = self.index = self.remote = False

    async def connect(self, path: str) -> None:
        """Connect to the holder listening at ``path`` and wait for the worker's hello.

        Raises:
            EngineUnavailableError: nobody answers there.
        """
        self.socket, self._waiting = path, self._loop.create_future()
        try:
            await self._loop.create_unix_connection(lambda: self, path)
            frame, _ = await self._waiting
        except OSError as problem:
            raise EngineUnavailableError(
                Sentence("the query engine is starting: %(words)s", words=Quotation(problem.strerror))
            ) from problem
        if not isinstance(frame, Hello):
            raise EngineUnavailableError(Sentence("the query engine is starting"))
        self.release, self._pid, self.usable = frame.release, frame.pid, True

    async def ask(self, frame: bytes) -> Answer:
        """Send a packed query and return its answer.

        Raises:
            HamkorError: one of the query errors.
        """
        self._waiting, self._before = self._loop.create_future(), -1.0
        self.index = self.remote = False
        if self._transport is not None:
            self._transport.write(frame)
        try:
            reply, body = await self._waiting
        except asyncio.CancelledError:
            self._discard()
            raise
        if type(reply) is Answered:
            self.usable, self.index, self.remote = not (reply.last or self._calm), reply.index, reply.remote
            return Answer(Path(reply.spool) if reply.spool else body, self.release, reply.digest)
        self.usable = type(reply) is Failed and not (reply.last or self._calm)
        raise self._error(reply)

    def worked(self) -> float:
        """Return how many seconds of processor time its query has taken since this was first asked.

        Not how long it runs: on a busy machine whoever waits would be made to wait longer, and a worker that ends
        leaves what it has read to nobody.
        """
        used = _processor_seconds(self._pid)
        if self._before < 0:
            self._before = used
        return used - self._before

    def calm(self) -> None:
        """Let everything else on this machine run before this worker's query; the worker ends after it."""
        if not self._calm:
            self._calm = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._pid, NICENESS)

    def expire(self) -> None:
        """Stop the query: its deadline has come."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(
                QueryLimitError(
                    "limits.query_seconds",
                    self._limits.query_seconds,
                    Sentence("the query took too long and was stopped"),
                    MORE_SELECTIVE,
                )
            )
        self.close()

    def close(self) -> None:
        """Close the connection; the holder kills the worker, whatever it does."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio.Protocol)."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a frame is whole (asyncio.Protocol)."""
        self._buffer += data
        while len(self._buffer) >= LENGTHS.size and len(self._buffer) >= (end := length(self._buffer)):
            found = unpack(self._buffer[:end])
            del self._buffer[:end]
            self._settle(*(found or (Ended(0), b"")))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits (asyncio.Protocol)."""
        del exc
        self._settle(Ended(0), b"")

    def _settle(self, frame: Frame, body: bytes) -> None:
        self.usable = self.usable and type(frame) is not Ended
        if self._waiting is None or self._waiting.done():
            return  # nobody waits for it any more; a file is removed with its worker
        if type(frame) is Answered and frame.spool:
            try:
                frame = msgspec.structs.replace(frame, spool=str(taken(Path(frame.spool))))
            except OSError:  # the worker was ended in the same moment, and its file with it
                frame = Ended(0)
        self._waiting.set_result((frame, body))

    def _discard(self) -> None:
        """Remove the file of an answer that has come in the moment in which it was given up."""
        if self._waiting is None or self._waiting.cancelled() or self._waiting.exception() is not None:
            return
        reply, _ = self._waiting.result()
        if type(reply) is Answered and reply.spool:
            Path(reply.spool).unlink(missing_ok=True)

    def _error(self, frame: Frame) -> HamkorError:
        if isinstance(frame, Ended):
            return self._ended(frame)
        failed = cast("Failed", frame)
        said: Said = unpacked(failed.problem)
        match failed.kind:
            case "syntax":
                return QuerySyntaxError(said, failed.line, failed.column)
            case "refused" | "format":
                return FormatError(failed.form, said) if failed.form else QueryRefusedError(said)
            case "result" | "time":
                return self._of_limit(failed.kind, said)
            case "memory":
                return self._out_of_memory()
            case _:
                return _of_system(failed.kind, said)

    def _of_limit(self, kind: FailureKind, said: Said) -> QueryLimitError:
        if kind == "time":
            return QueryLimitError("limits.query_seconds", self._limits.query_seconds, said, MORE_SELECTIVE)
        told = Sentence("the answer is too large"), Sentence("page it with LIMIT")
        return QueryLimitError("limits.result_mb", self._limits.result_mb, *told)

    def _ended(self, frame: Ended) -> HamkorError:
        if frame.signal not in OWN_ENDS:
            return WorkerLostError(Sentence("the query's process was ended from outside; try again"))
        if is_of_memory(frame.words) or (not frame.words and frame.signal != signal.SIGABRT):
            return self._out_of_memory()
        words = frame.words or "(no words)"
        return EngineFaultError(
            Sentence("the engine gave up on this query: %(words)s", words=words),
            Sentence("write the query in another way"),
        )

    def _out_of_memory(self) -> QueryLimitError:
        return QueryLimitError(
            "limits.query_memory_mb",
            self._limits.query_memory_mb,
            Sentence("the query needs more memory than it may have"),
            Sentence("ask for less: a LIMIT, fewer patterns without a shared variable, no sorting of everything"),
        )


def _of_system(kind: FailureKind, said: Said) -> HamkorError:
    if kind in ("full", "storage"):
        return StorageError(said, SMALLER, is_full=kind == "full")
    if kind == "fault":
        return EngineFaultError(said, OTHERWISE)
    return EngineUnavailableError(said)


# What the engine said before it ended its process: it writes to standard error, and the holder reads it there.
#
# It says what happened and not whose fault it was; that is for the front to tell (``connection``).

READ_BYTES = 8_000
MOST = 120
"""A frame's length stays far below 255."""
PANIC = re.compile(r"panicked at [^\n]*\n(.*)")
MEMORY = re.compile(r"memory allocation|bad_alloc|out of memory|cannot allocate|overflowed its stack", re.IGNORECASE)


def new_record(folder: Path) -> int:
    """Return the descriptor of an empty file without a name, for a worker's standard error; -1 where there is none."""
    try:
        descriptor, path = tempfile.mkstemp(dir=folder)
    except OSError:
        return -1
    os.unlink(path)  # noqa: PTH108  it has no name that anybody needs
    return descriptor


def read(record: int) -> str:
    """Return the last words in a record, in ASCII, and close it."""
    if record < 0:
        return ""
    try:
        size = os.fstat(record).st_size
        return said(os.pread(record, READ_BYTES, max(0, size - READ_BYTES)).decode("ascii", "replace"))
    finally:
        os.close(record)


def said(text: str) -> str:
    """Return the last thing that a text says that matters: the message of a panic, that memory failed, or its end."""
    found = PANIC.findall(text) or [line for line in text.splitlines() if MEMORY.search(line)]
    lines = [line for line in (found or text.splitlines()) if line.strip()]
    return lines[-1].strip().encode("ascii", "replace").decode()[:MOST] if lines else ""


def is_of_memory(words: str) -> bool:
    """Whether they say that memory, or the stack, did not suffice."""
    return MEMORY.search(words) is not None
