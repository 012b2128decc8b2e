"""The processes of a service under test: found by a mark in their environment, asked for memory and processor time.

The mark is inherited by whatever a service starts or forks, whichever session or parent it ends up with. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

_MARK: Final = "HAMKOR_BENCHMARK"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class Service:
    """A command that runs until it is ended, with everything that it starts."""

    command: tuple[str, ...]
    log: Path
    folder: Path | None = None
    mark: str = field(default_factory=lambda: uuid4().hex)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {_MARK: self.mark},
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether its first process is there."""
        return self.process is not None and self.process.poll() is None

    def processes(self) -> list[int]:
        """The ids of all its processes, zombies not among them."""
        wanted = f"{_MARK}={self.mark}".encode()
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if wanted in _read(entry / "environ")]

    def end(self, seconds: float = 10.0) -> None:
        """Ask it to end, wait, and kill what is still there."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_bytes()[-2000:].decode(errors="replace") if self.log.exists() else ""

    def seconds(self) -> float:
        """Processor time of all its processes that are there, and of their children that have ended."""
        return sum(_processor(pid) for pid in self.processes())

    def memory(self) -> int:
        """Proportional set size of all its processes in bytes: a page that n of them share counts 1/n in each."""
        return sum(_field(_read(Path(f"/proc/{pid}/smaps_rollup")), b"Pss:") for pid in self.processes())

    def own_memory(self, folder: Path) -> int:
        """As ``memory``, but of files only those below the folder.

        How much of a program and its libraries counts depends on how many others run them at the moment.
        """
        return sum(_own_memory(Path(f"/proc/{pid}"), bytes(folder)) for pid in self.processes())

    def settle(self, *, quiet: float = 1.0, patience: float = 600.0) -> None:
        """Wait until it needs less than a tenth of a processor for ``quiet`` seconds.

        Raises TimeoutError after ``patience`` seconds.
        """
        until = time.monotonic() + patience
        before = self.seconds()
        while time.monotonic() < until:
            time.sleep(quiet)
            now = self.seconds()
            if abs(now - before) < quiet / 10:
                return
            before = now
        raise TimeoutError(f"{self.command[0]} does not come to rest\n{self.said()}")

    def listening(self, port: int) -> list[int]:
        """The ids of those of its processes that listen on the port: its front."""
        inodes = {
            f"socket:[{line.split()[9]}]"
            for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
            if line.split()[3] == "0A" and int(line.split()[1].partition(":")[2], 16) == port
        }
        return [pid for pid in self.processes() if inodes & _descriptors(pid)]


def peak(pid: int) -> int:
    """The largest resident memory of a process in bytes since its start or ``forget_peak``."""
    return _field(_read(Path(f"/proc/{pid}/status")), b"VmHWM:")


def forget_peak(pid: int) -> None:
    """Let the peak begin anew at what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile, or is another user's
        return b""


def _field(text: bytes, name: bytes) -> int:
    line = next((line for line in text.splitlines() if line.startswith(name)), b"")
    return int(line.split()[1]) * 1024 if line else 0


def _own_memory(process: Path, folder: bytes) -> int:
    whole, is_below = _read(process / "smaps_rollup"), False
    found = _field(whole, b"Pss:") - _field(whole, b"Pss_File:")
    for line in _read(process / "smaps").splitlines():
        name, _, rest = line.partition(b" ")
        if not name.endswith(b":"):  # the address of a mapping, and its file
            is_below = folder in rest
        elif name == b"Pss:" and is_below:
            found += int(rest.split()[0]) * 1024
    return found


def _processor(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _descriptors(pid: int) -> set[str]:
    try:
        return {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return set()
