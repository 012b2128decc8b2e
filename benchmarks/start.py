"""From starting ``hamkor serve`` on the built flagship to its first answer over HTTP.

    python -m benchmarks.start [--runs 10] [--publication DIR] [--write]

Goal: below 1.5 s at the median. The clock runs from the start of the process to the whole of the first 200 on
``/sparql?query=ASK{}``. It says nothing of how fast later answers are.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.machine import head
from benchmarks.measure import CommandFailedError
from benchmarks.section import RESULTS, WORK, publish, table

GOAL_SECONDS: Final = 1.5
_POLL_SECONDS: Final = 0.005
_PORTS: Final = range(16_000, 32_000)
_FLAGSHIP: Final = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment, and that no other process of a test run is given.

    It is none that the kernel gives to connections: one of them may take it before the server that it is for.
    """
    each, processes = (
        os.environ.get("PYTEST_XDIST_WORKER", "gw0"),
        int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
    )
    ports = _PORTS[int(each.removeprefix("gw")) % processes :: processes]
    while True:
        port = random.choice(ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    """Whether the service gives a whole 200 to ``ASK {}``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/sparql?query=ASK%7B%7D", headers={"Accept": "application/sparql-results+json"})
        response = connection.getresponse()
        return response.status == 200 and b"true" in response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def compile_modules() -> None:
    """Make the bytecode of all modules, as an installation and the image do.

    Where the environment forbids to write it, each process of each start would compile them: half a second of two.
    """
    folders = [str(_FLAGSHIP / name) for name in ("graph", "endpoint")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *folders], check=True)


def first_answer(program: Path, publication: Path, *, patience: float = 30.0) -> float:
    """Seconds from the start of the service to its first answer; it is ended afterwards.

    Raises CommandFailedError if the service ends before it answers, or does not answer within ``patience`` seconds.
    """
    port = free_port()
    command = [str(program), "serve", "--publication", str(publication), "--port", str(port)]
    with (WORK / "start.log").open("wb") as log:
        started = time.perf_counter()
        service = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            while not answers(port):
                if service.poll() is not None or time.perf_counter() - started > patience:
                    said = (WORK / "start.log").read_bytes()[-2000:].decode(errors="replace")
                    raise CommandFailedError(f"no answer from hamkor serve\n{said}")
                time.sleep(_POLL_SECONDS)
            return time.perf_counter() - started
        finally:
            end(service)


def end(service: subprocess.Popen[bytes]) -> None:
    """End a service with all its processes: asked first, killed after five seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(service.pid, sign)
            service.wait(5)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    service.wait()


def section(times: list[float]) -> str:
    """The Markdown of the result."""
    median = statistics.median(times)
    row = (
        f"{median:.2f}",
        f"{min(times):.2f}",
        f"{max(times):.2f}",
        len(times),
        f"< {GOAL_SECONDS}",
        "met" if median < GOAL_SECONDS else "**missed**",
    )
    return table(("first answer, median s", "fastest", "slowest", "runs", "goal", ""), [row])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="how many starts (default 10)")
    parser.add_argument("--publication", type=Path, default=_FLAGSHIP, help="another publication than the flagship")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    program = Path(sys.executable).with_name("hamkor")
    if not program.exists():
        raise SystemExit("hamkor is not installed in this environment: run make, then again")
    WORK.mkdir(exist_ok=True)
    compile_modules()
    subprocess.run([str(program), "build", "--publication", str(options.publication)], check=True)
    try:
        times = [first_answer(program, options.publication) for _ in range(options.runs)]
    except CommandFailedError as error:
        raise SystemExit(str(error)) from error
    publish("start", f"{head()}\n\n{section(times)}", RESULTS if options.write else None)


if __name__ == "__main__":
    main()
