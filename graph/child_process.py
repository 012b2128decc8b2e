"""A piece of work in a process of its own: what others have sent is read, checked and published there.

pyoxigraph can abort on hostile input, pySHACL holds the interpreter for seconds, and neither has a time-out. A
process that is forked from a server without threads (``multiprocessing``'s) costs some milliseconds and can be
killed. It knows nothing of what the work is; the argument is pickled, results and errors come back as data.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import reduction
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from graph.model.errors import (
    Failure,
    HamkorError,
    QueryLimitError,
    Quotation,
    Sentence,
    StorageError,
    WorkEndedError,
    WorkKilledError,
    storage_code,
)
from graph.model.processes import end_with_parent, refuse_sockets

T = TypeVar("T")
PRELOADED = (
    "graph.parts.contribution.work",
    "graph.releases.dumps",
    "graph.query.sparql.guard",
    "graph.validation.conformance",
    "graph.validation.incremental",
    "graph.parts.linking.index_builder",  # where the part is left out, it is passed over
    "numpy.ma",  # numpy loads it at the first unique()
    "rdflib.plugins.serializers.turtle",
)
NICENESS = 5
SERVER_ENDED = 255
"""What ``multiprocessing`` gives as the status of a process whose fork server has been ended, and it with it."""
ARENA_MAX, ARENAS = -8, 2
STARTS, START_SECONDS = 20, 0.1
KILLED = Sentence("the process that did the work was ended from outside, or the machine has no memory left")
WHOLE = Sentence("a write is done whole or not at all: see whether it is, and if not, send it again")
_STARTING = threading.Lock()

log = logging.getLogger("hamkor")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a piece of work may take.

    Attributes:
        seconds: from its beginning to its end; also of processor time.
        memory_mb: address space beyond what the process has at its beginning.
        file_mb: how large a file it may write; 0 for no bound.
        calls: whether it may connect to others; else the kernel refuses it sockets, where it can.
    """

    seconds: float
    memory_mb: int
    file_mb: int = 0
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An open file that stands in the argument of some work: the process that works has it, too."""

    number: int

    def __reduce__(self) -> tuple[Callable[[Any], Descriptor], tuple[Any]]:
        """Pickle it for the process that is being started, and for no other use."""
        return _received, (reduction.DupFd(self.number),)


def _received(sent: Any) -> Descriptor:  # noqa: ANN401  multiprocessing names no type for it
    return Descriptor(sent.detach())


def run(work: str, argument: object, kind: type[T], bounds: Bounds) -> T:
    """Return what a function returns, called with one argument in a process of its own.

    Args:
        work: the function, as ``module:name``; what it returns can be written as MessagePack.
        argument: can be pickled.
        kind: the type of what it returns.
        bounds: what it may take.

    Raises:
        HamkorError: as ``work`` does, where the error is one of ``graph.model.errors``.
        QueryLimitError: it took too long, or more memory than it may.
        StorageError: the disk does not take what it writes.
        WorkKilledError: somebody else, or the system, has ended it.
        WorkEndedError: it died otherwise; ``graph.model.errors`` has no name for why.
    """
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe(duplex=False)
    with here:
        with there:
            process = _started((there, work, argument, bounds))
        try:
            answer = here.recv_bytes() if here.poll(bounds.seconds) else None
        except (EOFError, OSError):  # the latter where it was ended while it answered
            answer = b""
        finally:
            if process.is_alive() and not _ends(process):
                process.kill()
            process.join()
        code = process.exitcode or 0
        process.close()
    if not answer:
        raise _ended(code, bounds, late=answer is None)
    result = msgspec.msgpack.decode(answer, type=tuple[Failure | None, msgspec.Raw])
    if result[0] is not None:
        raise result[0].error()
    return msgspec.msgpack.decode(result[1], type=kind)


def _started(arguments: tuple[object, ...]) -> BaseProcess:
    """Return a process that has begun to work.

    Raises:
        WorkKilledError: the fork server has been ended, and no other comes up.
    """
    context = multiprocessing.get_context("forkserver")
    for _ in range(STARTS):
        with _STARTING:
            context.set_forkserver_preload(list(PRELOADED))
            process = context.Process(target=_work, args=arguments, daemon=True)
            try:
                process.start()
            except ConnectionError:  # it is ending; when it has ended, another one is started
                time.sleep(START_SECONDS)
            except EOFError as problem:
                raise WorkKilledError(KILLED, WHOLE) from problem
            else:
                return process
    raise WorkKilledError(KILLED, WHOLE)


def _ends(process: BaseProcess) -> bool:
    """Give a process that has answered a moment to end by itself."""
    process.join(0.5)
    return not process.is_alive()


def _ended(code: int, bounds: Bounds, *, late: bool) -> HamkorError:
    log.warning("a process that worked for a request ended with status %d", code)
    if late or code == -signal.SIGXCPU:
        problem = Sentence("what was sent takes too long to read and to check")
        return QueryLimitError("limits.upload_seconds", bounds.seconds, problem, Sentence("divide it"))
    if code in (-signal.SIGABRT, -signal.SIGSEGV):  # the engine aborts where memory ends
        return _too_much(bounds)
    if code < 0 or code == SERVER_ENDED:
        return WorkKilledError(KILLED, WHOLE)
    return WorkEndedError(Sentence("the work ended with status %(code)s", code=str(code)))


def _work(connection: Connection, work: str, argument: object, bounds: Bounds) -> None:
    """Do the work in the forked process, and send back what came of it."""
    end_with_parent(os.getppid())
    if not bounds.calls:
        refuse_sockets()
    module, _, name = work.partition(":")
    function = getattr(import_module(module), name)
    _limit(bounds)
    try:
        answer: tuple[Failure | None, object] = None, function(argument)
    except HamkorError as problem:
        answer = Failure.of(problem), None
    except MemoryError:
        answer = Failure.of(_too_much(bounds)), None
    except Exception as problem:  # noqa: BLE001  it is told to whoever waits, who logs it
        answer = Failure.of(_of_others(problem)), None
    connection.send_bytes(msgspec.msgpack.encode(answer))
    connection.close()


def _of_others(problem: Exception) -> HamkorError:
    if storage_code(problem):
        return StorageError.of(Sentence("the machine does not do what is needed"), problem, WHOLE)
    return WorkEndedError(Quotation(f"{type(problem).__name__}: {problem}"))


def _too_much(bounds: Bounds) -> QueryLimitError:
    problem = Sentence("what was sent takes too much memory to read and to check")
    return QueryLimitError("limits.upload_memory_mb", bounds.memory_mb, problem, Sentence("divide it"))


def _limit(bounds: Bounds) -> None:
    os.nice(NICENESS)
    with suppress(AttributeError, OSError):  # glibc: threads share two arenas, or their address space is no measure
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if _is_linux() else 0
    if mapped:
        resource.setrlimit(resource.RLIMIT_AS, (mapped + (bounds.memory_mb << 20),) * 2)
    seconds = int(bounds.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if bounds.file_mb:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bounds.file_mb << 20,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # the engine writes its last words there


def _is_linux() -> bool:
    return sys.platform == "linux"
