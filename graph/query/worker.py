"""A worker: a forked process that answers one query at a time from one store, within limits that the system keeps.

It is killed, not asked, when a query runs too long; so it holds nothing that would be missed.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Literal, cast

import msgspec
import pyoxigraph as ox

from graph.model.errors import (
    FormatError,
    QueryRefusedError,
    QuerySyntaxError,
    Quotation,
    Sentence,
    StorageError,
    packed,
    said_by,
    storage_code,
)
from graph.query.embedded import RewrittenShapes, evaluate, write_answer
from graph.query.engine import QueryRequest, ResultTooLargeError, Spool
from graph.query.external.external_engine import RemoteEngine
from graph.query.external.whole_answers import RemoteFailureError
from graph.query.federation import hidden_call
from graph.query.frames import Answered, Ask, Failed, FailureKind, Frame, Hello, asked, pack, receive
from graph.query.sql.index_engine import SqlEngine

GROWTH_BYTES = 64 << 20
LOOK_SECONDS = 0.02
PAGE = resource.getpagesize()
FRAMES = 5_000
"""How deep Python may go: a query's brackets may nest 400 deep (``guard.MAX_NESTING``), at some calls a bracket."""
FAILURES: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (QueryRefusedError, "refused"),
    (ResultTooLargeError, "result"),
    (MemoryError, "memory"),
)
Source = Literal["index", "engine", "remote"]


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one query may take.

    Attributes:
        memory_bytes: memory beyond the store.
        result_bytes: how large an answer may be.
        spool: where large answers go.
        calls: whether it may call other services.
        file_bytes: how large a file of its own may be.
    """

    memory_bytes: int
    result_bytes: int
    spool: Path
    calls: bool
    file_bytes: int


@dataclass(frozen=True, slots=True)
class WorkerStore:
    """What a worker answers from.

    Attributes:
        release: the id of the release.
        opened: gives the release as the embedded engine has it.
        sharing: the graphs that have a triple in common with another.
        index: what answers from the release's index, where it has one.
        remote: what asks an engine of others, where queries run there; it is asked first.
    """

    release: str
    opened: Callable[[], ox.Store]
    sharing: frozenset[str]
    index: SqlEngine | None = None
    remote: RemoteEngine | None = None


def work(connection: socket.socket, held: WorkerStore, limits: WorkerLimits) -> None:
    """Answer queries from the connection until the other side closes it, which ends a worker that says ``last``."""
    _limit(limits)
    sys.setrecursionlimit(FRAMES)
    connection.sendall(pack(Hello(os.getpid(), held.release)))
    if held.index is not None:
        held.index.make_room = partial(_limit_memory, limits)
    start, known = _private(), RewrittenShapes()
    if held.index is not None:
        held.index.prepare()
    while (frame := receive(connection)) is not None:
        head, body = frame
        assert isinstance(head, Ask)  # noqa: S101  the front sends nothing else
        began = time.monotonic()
        spool = Spool(limits.spool, limits.result_bytes)
        outcome = _answer(asked(head, body), held, spool, known, calls=limits.calls)
        took = time.monotonic() - began
        growth = GROWTH_BYTES + (held.index.kept_bytes if held.index is not None else 0)
        last = took > LOOK_SECONDS and _private() - start > growth
        reply, content = _reply(outcome, spool, last=last)
        connection.sendall(pack(reply, content))


def _answer(
    request: QueryRequest, held: WorkerStore, spool: Spool, known: RewrittenShapes, *, calls: bool
) -> Source | Failed:
    """Write the answer; return who found it, or what is wrong."""
    try:
        return _written(request, held, spool, known)
    except QuerySyntaxError as problem:
        return Failed("syntax", packed(problem.problem), problem.line, problem.column)
    except FormatError as problem:
        return Failed("format", packed(problem.fault), form=problem.form)
    except RemoteFailureError as problem:
        return Failed("fault" if problem.kind == "declined" else problem.kind, packed(problem.problem))
    except OSError as problem:
        hidden = None if calls else hidden_call(problem)
        return Failed("refused", packed(hidden.sentence)) if hidden is not None else _failed_by_system(problem)
    except BaseException as problem:  # noqa: BLE001  a panic of the engine is no Exception
        other: FailureKind = "engine"
        kind = next((kind for error, kind in FAILURES if isinstance(problem, error)), other)
        return Failed(kind, packed(said_by(problem) or Quotation(type(problem).__name__)))


def _written(request: QueryRequest, held: WorkerStore, spool: Spool, known: RewrittenShapes) -> Source:
    """Write the answer; return who found it."""
    output = cast("IO[bytes]", spool)
    if held.remote is not None and held.remote.answered(request, output):
        return "remote"
    if held.index is not None and held.index.answered(request, output):
        return "index"
    began = time.process_time()
    found = evaluate(held.opened(), request, held.sharing, known)
    write_answer(found, request.format, output, directions=False)
    if held.index is not None:
        held.index.engine_took(request, time.process_time() - began)
    return "engine"


def _failed_by_system(problem: OSError) -> Failed:
    """Return that the answer could not be written, or the store not read; which of them, the store says in words."""
    if not storage_code(problem):
        return Failed("engine", packed(said_by(problem)))
    told = StorageError.of(Sentence("the answer could not be made"), problem)
    return Failed("full" if told.is_full else "storage", packed(told.problem))


def _reply(outcome: Source | Failed, spool: Spool, *, last: bool) -> tuple[Frame, bytes]:
    if isinstance(outcome, Failed):
        spool.discard()
        return msgspec.structs.replace(outcome, last=last), b""
    spool.close()
    path = str(spool.path) if spool.path else None
    return Answered(path, spool.digest(), last, outcome == "index", outcome == "remote"), spool.body()


def _limit(limits: WorkerLimits) -> None:
    """Set the system's limits for this process: address space, file size, no core files."""
    _limit_memory(limits)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes + (1 << 20),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_memory(limits: WorkerLimits, more: int = 0) -> None:
    """Let the address space grow by so much from what it is now, and by more for what is no query's."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE if sys.platform == "linux" else 0
    if mapped:
        resource.setrlimit(resource.RLIMIT_AS, (mapped + limits.memory_bytes + more, resource.RLIM_INFINITY))


def _private() -> int:
    """Return the resident memory of this process that is no file's, in bytes; 0 where the system does not say."""
    try:
        resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
        return (int(resident) - int(shared)) * PAGE
    except OSError:
        return 0
