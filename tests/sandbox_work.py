"""What the tests of the sandbox have done in it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

from graph.model.errors import SourceError
from graph.model.processes import ALLOW, CALL_NUMBERS, EQUAL, LOAD, NUMBER, REFUSE, RETURN, filtered, refuse_sockets


def echo(argument: str) -> str:
    """Say it again."""
    return argument


def process(_: str) -> int:
    """Say who works."""
    return os.getpid()


def fail(_: str) -> str:
    """Fail as a reader does."""
    raise SourceError("file.ttl", "it is wrong", 3, 4, "write it otherwise")


def stumble(_: str) -> str:
    """Fail as nobody should."""
    raise KeyError("unheard of")


def sleep(_: str) -> str:
    """Never come to an end."""
    time.sleep(60)
    return ""


def spin(_: str) -> str:
    """Never come to an end, and work hard."""
    while True:
        pass


def grow(_: str) -> str:
    """Take all the memory there is."""
    held = [bytearray(64 << 20) for _ in range(64)]
    return str(len(held))


def crash(_: str) -> str:
    """Die as the engine does."""
    os.abort()


def leave(_: str) -> str:
    """End without a word."""
    os._exit(3)


def fill(path: str) -> str:
    """Write more than there is room for."""
    Path(path).write_bytes(bytes(8 << 20))
    return ""


def ended_by(number: str) -> str:
    """Be ended by somebody else."""
    if int(number) != signal.SIGKILL:
        signal.signal(int(number), signal.SIG_DFL)  # where the tests run without a terminal, SIGHUP is ignored
    os.kill(os.getpid(), int(number))
    time.sleep(60)
    return ""


def without_server(_: str) -> str:
    """Lose the process that this one was forked from, which others are forked from, too."""
    os.kill(os.getppid(), 9)
    time.sleep(60)
    return ""


def fill_disk(_: str) -> str:
    """Write to a disk that is full."""
    with Path("/dev/full").open("wb", buffering=0) as file:
        file.write(b"x")
    return ""


def sockets(_: str) -> str:
    """Say which kinds of sockets there are."""
    return " ".join(name for name in ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK") if _is_made(name))


def _is_made(name: str) -> bool:
    try:
        socket.socket(getattr(socket, name), socket.SOCK_DGRAM).close()
    except PermissionError:
        return False
    return True


def ring(_: str) -> str:
    """Ask for a ring of calls, which can make sockets; return the error."""
    libc = ctypes.CDLL(None, use_errno=True)
    return os.strerror(ctypes.get_errno()) if libc.syscall(425, 1, 0) < 0 else ""


def on_an_older_kernel(_: str) -> str:
    """Have no filters of system calls, and say whether sockets are refused, and which there are."""
    seccomp = CALL_NUMBERS[os.uname().machine][2]
    program = ((LOAD, 0, 0, NUMBER), (EQUAL, 0, 1, seccomp), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW))
    assert filtered(program)
    return f"{refuse_sockets()} {sockets('')}"
