"""One connection of the front to a worker: a query goes out, an answer or an error comes back.

It keeps no time and retries nothing; the pool does. Closing the connection kills the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from graph.errors import (
    EngineFaultError,
    EngineUnavailableError,
    FormatError,
    HamkorError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    StorageError,
)
from graph.query import last_words
from graph.query.engine import Answer
from graph.query.frames import LENGTHS, Answered, Ended, Failed, Frame, Hello, length, unpack
from graph.query.spool import taken
from graph.settings import LimitSettings

NICENESS = 15
SMALLER = "ask for less, which needs no room on the disk, or try again later"
OWN_ENDS = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL})
"""How a query ends its process: memory or the stack does not suffice, or the engine gives up and says why (SIGABRT).

By other signals somebody else ends it.
"""


class WorkerLostError(EngineUnavailableError):
    """The worker ended without a word, through no fault of the query: it can be asked again elsewhere."""


class WorkerConnection(asyncio.Protocol):
    """A worker's end at the front.

    Attributes:
        socket: the path of the holder's socket that it is connected to.
        release: the release that the worker answers from, once it has said hello.
        began: when its present query was sent, in the event loop's time.
        deadline: when that query is to be stopped.
        slow: to be called when its present query takes longer than a moment, or None.
        usable: whether it can be asked another query.
        columns: whether columns answered its last query.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: LimitSettings) -> None:
        """Make one that is not connected yet; the limits are for messages."""
        self._loop, self._limits = loop, limits
        self._buffer = bytearray()
        self._waiting: asyncio.Future[tuple[Frame, bytes]] | None = None
        self._transport: asyncio.Transport | None = None
        self._pid = 0
        self._calm = False
        self.socket = self.release = ""
        self.began = self.deadline = 0.0
        self.slow: Callable[[], None] | None = None
        self.usable = self.columns = False

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
            raise EngineUnavailableError(f"the query engine is starting: {problem.strerror}") from problem
        if not isinstance(frame, Hello):
            raise EngineUnavailableError("the query engine is starting")
        self.release, self._pid, self.usable = frame.release, frame.pid, True

    async def ask(self, frame: bytes) -> Answer:
        """Send a packed query and return its answer.

        Raises:
            HamkorError: one of the query errors.
        """
        self._waiting, self.columns = self._loop.create_future(), False
        if self._transport is not None:
            self._transport.write(frame)
        try:
            reply, body = await self._waiting
        except asyncio.CancelledError:
            self._discard()
            raise
        if type(reply) is Answered:
            self.usable, self.columns = not (reply.last or self._calm), reply.columns
            return Answer(Path(reply.spool) if reply.spool else body, self.release, reply.digest)
        self.usable = type(reply) is Failed and not (reply.last or self._calm)
        raise self._error(reply)

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
                    "the query took too long and was stopped",
                    "make it more selective, or page it with ORDER BY, LIMIT and OFFSET",
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
        match failed.kind:
            case "syntax":
                return QuerySyntaxError(failed.problem, failed.line, failed.column)
            case "refused" | "format":
                return FormatError(failed.form, failed.problem) if failed.form else QueryRefusedError(failed.problem)
            case "result":
                return QueryLimitError(
                    "limits.result_mb", self._limits.result_mb, "the answer is too large", "page it with LIMIT"
                )
            case "memory":
                return self._out_of_memory()
            case _:
                return _of_system(failed)

    def _ended(self, frame: Ended) -> HamkorError:
        if frame.signal not in OWN_ENDS:
            return WorkerLostError("the query's process was ended from outside; try again")
        if last_words.is_of_memory(frame.words) or (not frame.words and frame.signal != signal.SIGABRT):
            return self._out_of_memory()
        words = frame.words or "(no words)"
        return EngineFaultError(f"the engine gave up on this query: {words}", "write the query in another way")

    def _out_of_memory(self) -> QueryLimitError:
        return QueryLimitError(
            "limits.query_memory_mb",
            self._limits.query_memory_mb,
            "the query needs more memory than it may have",
            "ask for less: a LIMIT, fewer patterns without a shared variable, no sorting of everything",
        )


def _of_system(failed: Failed) -> HamkorError:
    if failed.kind in ("full", "storage"):
        return StorageError(failed.problem, SMALLER, is_full=failed.kind == "full")
    return EngineUnavailableError(failed.problem)
