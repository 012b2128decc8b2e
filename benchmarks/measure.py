"""Time and memory of commands: one as a child process, two in turn (A B A B …).

    python -m benchmarks.measure 'first command' ['second command'] --pairs 5 [--prepare 'command']

Wall, user and system seconds and the peak of the largest process come from the kernel (wait4); the peak of the sum
over all processes of the command is sampled ten times a second from /proc, so a shorter peak can be missed there.
Resident memory counts a page that two processes share in both. It knows nothing of what it runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.section import table

_SAMPLE_SECONDS: Final = 0.1
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
#: Position of the session id among the fields of /proc/<pid>/stat that follow the command's name.
_SESSION_FIELD: Final = 3


class CommandFailedError(Exception):
    """A measured command ended with another status than 0, or did not end in time."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run of a command used; seconds, and bytes of resident memory at their peak."""

    wall: float
    user: float
    system: float
    largest: int
    total: int

    @classmethod
    def median(cls, runs: Sequence[Measurement]) -> Measurement:
        """The median of each value on its own."""
        fields = ("wall", "user", "system", "largest", "total")
        wall, user, system, largest, total = (statistics.median(getattr(run, f) for run in runs) for f in fields)
        return cls(wall, user, system, int(largest), int(total))


@dataclass(frozen=True, slots=True)
class Command:
    """A command under a name; ``prepare`` runs before each run and is not measured."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[], None] | None = None


def measure(command: Command, *, log: Path | None = None, timeout: float = 3600.0) -> Measurement:
    """Run the command once. Raises CommandFailedError with the end of its output if it fails or takes longer."""
    if command.prepare:
        command.prepare()
    with (log or Path(os.devnull)).open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(command.arguments, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        sampler = _Sampler(child.pid)
        deadline = threading.Timer(timeout, os.killpg, (child.pid, signal.SIGKILL))
        sampler.start()
        deadline.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        deadline.cancel()
        sampler.stop()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        said = log.read_bytes()[-2000:].decode(errors="replace") if log else ""
        raise CommandFailedError(f"{command.name} ended with {child.returncode} after {wall:.1f} s\n{said}")
    largest = usage.ru_maxrss * 1024
    return Measurement(wall, usage.ru_utime, usage.ru_stime, largest, max(largest, sampler.peak))


def in_turn(commands: Sequence[Command], pairs: int, *, log: Path | None = None) -> dict[str, list[Measurement]]:
    """Run the commands one after the other, the whole round so many times: A B A B …, by name."""
    runs: dict[str, list[Measurement]] = {command.name: [] for command in commands}
    for _ in range(pairs):
        for command in commands:
            runs[command.name].append(measure(command, log=log))
    return runs


def comparison(runs: dict[str, list[Measurement]], digits: int = 1) -> str:
    """Medians as a Markdown table; with two commands also the first as a multiple of the second."""
    medians = {name: Measurement.median(of) for name, of in runs.items()}
    rows = [[name, *_cells(medians[name], runs[name], digits)] for name in runs]
    if len(medians) == 2:
        first, second = medians.values()
        rows.append(["ratio", *(f"{a:.2f}" for a in ratios(first, second)), ""])
    return table(
        ("", "wall s", "user s", "system s", "largest process MB", "all processes MB", "wall s, each run"), rows
    )


def ratios(first: Measurement, second: Measurement) -> tuple[float, float, float, float, float]:
    """The first as a multiple of the second: wall, user, system, largest process, all processes."""
    return (
        first.wall / second.wall,
        first.user / max(second.user, 0.001),
        first.system / max(second.system, 0.001),
        first.largest / second.largest,
        first.total / second.total,
    )


def _cells(median: Measurement, runs: Iterable[Measurement], digits: int) -> Iterable[str]:
    yield from (f"{value:.{digits}f}" for value in (median.wall, median.user, median.system))
    yield from (f"{value / 2**20:.0f}" for value in (median.largest, median.total))
    yield " ".join(f"{run.wall:.{digits}f}" for run in runs)


class _Sampler(threading.Thread):
    """Watches the resident memory of every process of one session until told to stop."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = str(session)
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        """Sample until ``stop``."""
        while not self._done.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(self._resident(entry) for entry in Path("/proc").glob("[0-9]*")))

    def stop(self) -> None:
        """End, and wait for the end."""
        self._done.set()
        self.join()

    def _resident(self, process: Path) -> int:
        try:
            stat = (process / "stat").read_text(encoding="utf-8", errors="replace")
            if stat.rpartition(")")[2].split()[_SESSION_FIELD] != self._session:
                return 0
            return int((process / "statm").read_text(encoding="utf-8").split()[1]) * _PAGE
        except (OSError, IndexError):  # it ended meanwhile
            return 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__.splitlines()[0])
    parser.add_argument("commands", nargs="+", metavar="COMMAND", help="one word for the shell: quote it")
    parser.add_argument("--pairs", type=int, default=5, help="how many rounds (default 5)")
    parser.add_argument("--prepare", default="", help="a command run before each run and not measured")
    options = parser.parse_args()
    prepare = (lambda: _run(options.prepare)) if options.prepare else None
    commands = [Command(text, tuple(shlex.split(text)), prepare) for text in options.commands]
    try:
        print(comparison(in_turn(commands, options.pairs), digits=3))
    except (CommandFailedError, OSError) as error:
        raise SystemExit(str(error)) from error


def _run(text: str) -> None:
    subprocess.run(shlex.split(text), check=True)


if __name__ == "__main__":
    main()
