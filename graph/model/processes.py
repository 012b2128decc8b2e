"""What processes may not, and may not leave behind: sockets that the kernel refuses, orphans, temporary folders.

Work that is given to a process of its own is a matter of ``graph.child_process``.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
from pathlib import Path
from types import TracebackType

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
