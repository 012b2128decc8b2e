"""Processes: what they may not and may not leave behind; and a piece of work, bounded, in one of its own."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import gc
import logging
import os
import resource
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

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

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess


# What processes may not, and may not leave behind: sockets that the kernel refuses, orphans, temporary folders.

SET_SIGNAL_OF_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent, whose id is given, has ended; where it can (Linux).

    Nobody else would: a worker that evaluates reads nothing, so it does not see that a connection has ended.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_SIGNAL_OF_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


# Sockets that the kernel refuses: a filter of system calls (seccomp), which a process and all that it forks keep.
#
# What reads others' queries and documents calls nobody, so it need not be able to. pyseccomp does no more than this,
# wants the system's libseccomp, and its last release is of 2021; so the ten instructions stand here.

SET_NO_NEW_PRIVILEGES = 38
SET_FILTER, WITHOUT_SLOWER_MEMORY = 1, 4
"""SECCOMP_SET_MODE_FILTER and SECCOMP_FILTER_FLAG_SPEC_ALLOW: kernels before 5.16 slow a filtered process down."""
CALL_NUMBERS = {"x86_64": (0xC000003E, 41, 317), "aarch64": (0xC00000B7, 198, 277)}
"""By machine: what the kernel calls it, and its numbers of ``socket`` and of ``seccomp``."""
IO_URING_SETUP, X32 = 425, 0x40000000
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_sockets() -> bool:
    """Let the kernel refuse this process, and all that it forks, sockets but those of this machine's files (AF_UNIX).

    Calls fail with EPERM; open sockets stay. It cannot be taken back. To be called before threads begin, which are
    not held to it.

    Returns:
        whether it does: not on other systems, other machines than x86-64 and aarch64, and kernels without seccomp.
    """
    machine, socket_call, _ = CALL_NUMBERS.get(os.uname().machine, (0, 0, 0))
    return filtered(
        (
            (LOAD, 0, 0, MACHINE),
            (EQUAL, 0, 6, machine),  # each machine has other numbers, and a process may speak as a 32-bit one
            (LOAD, 0, 0, NUMBER),
            (AT_LEAST, 4, 0, X32),
            (EQUAL, 3, 0, IO_URING_SETUP),  # a ring makes sockets, too, and no filter sees it
            (EQUAL, 0, 3, socket_call),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (EQUAL, 1, 0, socket.AF_UNIX),
            (RETURN, 0, 0, REFUSE),
            (RETURN, 0, 0, ALLOW),
        )
    )


def filtered(program: tuple[Instruction, ...]) -> bool:
    """Have the kernel run a program (code, jumps if true and if not, operand) on each system call from now on.

    Returns:
        whether it does.
    """
    _, _, seccomp = CALL_NUMBERS.get(os.uname().machine, (0, 0, 0))
    if sys.platform != "linux" or not seccomp or sys.maxsize < 1 << 32:
        return False
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    kernel, none = ctypes.CDLL(None), ctypes.c_ulong(0)
    if kernel.prctl(SET_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), none, none, none) != 0:
        return False
    told = ctypes.byref(_Program(len(program), code))
    return bool(kernel.syscall(ctypes.c_long(seccomp), SET_FILTER, WITHOUT_SLOWER_MEMORY, told) == 0)


# Temporary folders that are taken away whatever happens: whoever uses one holds a lock in it.
#
# The system gives the lock back when its process is killed; whoever makes the next folder of the same place takes away
# those that nobody holds. What does not bear the mark is never touched, whatever its name is.

PREFIX = "hamkor-"
MARK = ".held"


class HeldFolder:
    """A folder of its own, gone when it is closed; a context manager.

    Attributes:
        path: where it is.
    """

    def __init__(self, place: Path | None = None) -> None:
        """Make one in a place, by default the system's for temporary files, and take away what was left there."""
        take_away_left(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        fresh = self.path / f"{MARK}-"
        self._lock = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):  # no locks on this file system: then it bears no mark either
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh.rename(self.path / MARK)  # locked before it can be seen

    def __enter__(self) -> Path:
        """Return its path."""
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self.close()

    def close(self) -> None:
        """Take it away, with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def take_away_left(place: Path | None = None) -> None:
    """Take away the folders of processes that were killed: those with a mark that nobody holds, and of this user."""
    for mark in (place or Path(tempfile.gettempdir())).glob(f"{PREFIX}*/{MARK}"):
        with contextlib.suppress(OSError):  # it is gone, somebody holds it, or it is another user's
            descriptor = os.open(mark, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(descriptor).st_uid == os.geteuid() and not mark.parent.is_symlink():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(mark.parent, ignore_errors=True)
            finally:
                os.close(descriptor)


# A piece of work in a process of its own: what others have sent is read, checked and published there.
#
# pyoxigraph can abort on hostile input, pySHACL holds the interpreter for seconds, and neither has a time-out. A
# process that is forked from a server without threads (``multiprocessing``'s) costs some milliseconds and can be
# killed. It knows nothing of what the work is; the argument is pickled, results and errors come back as data.

T = TypeVar("T")
PRELOADED = (
    "graph.parts.contribution.work",
    "graph.releases.dumps",
    "graph.query.sparql.guard",
    "graph.validation.conformance",
    "graph.validation.incremental",
    "graph.entailment.constructs",
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
        from multiprocessing import reduction  # noqa: PLC0415  as in ``_context``

        return _received, (reduction.DupFd(self.number),)


def _received(sent: Any) -> Descriptor:  # noqa: ANN401  multiprocessing names no type for it
    return Descriptor(sent.detach())


def _context() -> ForkServerContext:
    import multiprocessing  # noqa: PLC0415  takes 5 ms to load, and a publish starts no process

    return multiprocessing.get_context("forkserver")


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
    context = _context()
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
    context = _context()
    for _ in range(STARTS):
        with _STARTING, _without_main():
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


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Let ``multiprocessing`` see no main module until the block ends.

    Else each process begins with running the file anew that its parent was started with: the whole command line is
    loaded, which takes longer than most of the work.
    """
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


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
    gc.freeze()  # whoever looks for garbage writes to all that it shares with the others, and so has it copied
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
