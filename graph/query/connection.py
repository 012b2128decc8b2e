"""One connection of the front to a worker: a query goes out, an answer or an error comes back.

It times nothing and retries nothing; the pool does. Closing the connection kills the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from graph.errors import EngineUnavailableError, HamkorError, QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query.engine import Answer, QueryRequest
from graph.query.frames import LENGTHS, Answered, Ended, Failed, Frame, Hello, ask, unpack

NICENESS = 15


class WorkerLostError(EngineUnavailableError):
    """The worker ended without a word, through no fault of the query: it can be asked again elsewhere."""


class WorkerConnection(asyncio.Protocol):
    """A worker's end at the front; ``release`` and ``pid`` are known once it has said hello."""

    def __init__(self, limits: dict[str, float]) -> None:
        """Make one that is not connected yet; ``limits`` are the settings' values by name, for messages."""
        self._limits = limits
        self._buffer = bytearray()
        self._waiting: asyncio.Future[tuple[Frame, bytes]] | None = None
        self._transport: asyncio.Transport | None = None
        self.release = self.socket = ""
        self.pid = 0
        self.usable = False

    async def connect(self, path: str) -> None:
        """Connect to the holder listening at ``path`` and wait for the worker's hello.

        Raises:
            EngineUnavailableError: nobody answers there.
        """
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        try:
            self.socket = path
            await loop.create_unix_connection(lambda: self, path)
            frame, _ = await self._waiting
        except OSError as problem:
            raise EngineUnavailableError(f"the query engine is starting: {problem.strerror}") from problem
        if not isinstance(frame, Hello):
            raise EngineUnavailableError("the query engine is starting")
        self.release, self.pid, self.usable = frame.release, frame.pid, True

    async def ask(self, request: QueryRequest) -> Answer:
        """Send a query and return its answer.

        Raises:
            HamkorError: one of the query errors.
        """
        assert self._transport is not None  # noqa: S101  connected
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(ask(request))
        frame, body = await self._waiting
        if isinstance(frame, Answered):
            self.usable = not frame.last
            return Answer(Path(frame.spool) if frame.spool else body, self.release)
        self.usable = isinstance(frame, Failed) and not frame.last
        raise self._error(frame)

    def lower_priority(self) -> None:
        """Let everything else on this machine run before this worker's query."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.pid, NICENESS)

    def close(self) -> None:
        """Close the connection; the holder kills the worker, whatever it does."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio.Protocol)."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a frame is whole (asyncio.Protocol)."""
        self._buffer += data
        if len(self._buffer) < LENGTHS.size:
            return
        head_size, body_size = LENGTHS.unpack_from(self._buffer)
        end = LENGTHS.size + head_size + body_size
        if len(self._buffer) < end:
            return
        head = bytes(self._buffer[LENGTHS.size : LENGTHS.size + head_size])
        body = bytes(self._buffer[LENGTHS.size + head_size : end])
        del self._buffer[:end]
        self._settle(unpack(head), body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits (asyncio.Protocol)."""
        del exc
        self._settle(Ended(0), b"")

    def _settle(self, frame: Frame, body: bytes) -> None:
        self.usable = self.usable and not isinstance(frame, Ended)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((frame, body))
        elif isinstance(frame, Answered) and frame.spool:
            Path(frame.spool).unlink(missing_ok=True)  # nobody waits for it any more

    def _error(self, frame: Frame) -> HamkorError:
        if isinstance(frame, Ended) and not frame.signal:
            return WorkerLostError("the query engine has just been replaced; try again")
        if isinstance(frame, Ended):
            return QueryLimitError(
                "limits.query_memory_mb",
                self._limits["query_memory_mb"],
                "the query needs more memory than it may have",
                "ask for less: a LIMIT, fewer patterns without a shared variable, no sorting of everything",
            )
        assert isinstance(frame, Failed)  # noqa: S101  nothing else comes here
        match frame.kind:
            case "syntax":
                return QuerySyntaxError(frame.problem, frame.line, frame.column)
            case "refused":
                return QueryRefusedError(frame.problem)
            case "result":
                return QueryLimitError(
                    "limits.result_mb", self._limits["result_mb"], "the answer is too large", "page it with LIMIT"
                )
            case _:
                return EngineUnavailableError(frame.problem)
