"""Where and with what something was measured: date, machine, versions, and how noisy the machine was meanwhile.

    python -m benchmarks.machine

Prints the head of every table in RESULTS.md. A figure without it means nothing; two figures of different heads are
not compared.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.section import table


@dataclass(frozen=True, slots=True)
class Noise:
    """How long one fixed piece of arithmetic took, again and again, in milliseconds."""

    fastest: float
    median: float
    slowest: float
    load: float

    def __str__(self) -> str:
        above = (self.median / self.fastest - 1) * 100
        worst = (self.slowest / self.fastest - 1) * 100
        return (
            f"a spin loop of {self.fastest:.1f} ms took {above:.0f} % more at the median, {worst:.0f} % at worst; "
            f"load {self.load:.1f}"
        )


def noise(rounds: int = 60) -> Noise:
    """Time a loop that needs nothing but the processor; what differs between rounds is the machine's noise."""
    times = []
    for _ in range(rounds):
        started, total = time.perf_counter(), 0
        for number in range(200_000):
            total += number * number
        times.append((time.perf_counter() - started) * 1000)
    return Noise(min(times), statistics.median(times), max(times), os.getloadavg()[0])


def facts() -> dict[str, str]:
    """Name → value of everything about this machine that a figure depends on."""
    oxigraph = Path(sys.executable).with_name("oxigraph")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}, {_file_system()}",
        "Python": platform.python_version(),
        "hamkor": _version("hamkor"),
        "pyoxigraph": _version("pyoxigraph"),
        "oxigraph": _printed([str(oxigraph), "--version"]).removeprefix("oxigraph ") if oxigraph.exists() else "none",
        "noise": str(noise()),
    }


def head() -> str:
    """The facts as a Markdown table."""
    return table(("measured with", ""), facts().items())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _file_system() -> str:
    """The type of the file system that holds benchmarks/scratch, as the kernel names it."""
    here, best, kind = str(Path(__file__).resolve()), "", "unknown file system"
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return kind
    for line in mounts:
        _, point, name, *_ = line.split(" ")
        if here.startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, name
    return kind


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _printed(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    print(head())
