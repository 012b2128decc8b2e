"""The serving process: granian (ASGI) in front of the gateway, watched by another, which starts it again."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from granian.constants import Interfaces
from granian.server.mp import MPServer

from endpoint.served_parts import SERVED, ServedPart
from graph.model.errors import HamkorError, Quotation, Sentence, SettingError, WorkEndedError
from graph.model.processes import end_with_parent, take_away_left
from graph.model.publication import UPLOADS_FOLDER, Publication, open_publication
from graph.releases.release import ReleasesFolder

if TYPE_CHECKING:
    from endpoint.gateway import Gateway


# The serving process, watched: it ends with its parent, is started again where it ends by itself, and not in silence.
#
# granian starts and stops it; here is decided what follows when it has ended.

MOST, WITHIN_SECONDS = 5, 60.0
"""So often may the serving process end by itself, in such a time."""
PAUSES = (0.0, 0.5, 1.0, 2.0)

log = logging.getLogger("hamkor")


class WatchedServer(MPServer):
    """granian's server, which remembers how its serving process ended.

    Attributes:
        status: its exit status, negative for a signal; None before it has ended.
    """

    status: int | None = None

    def _stop_workers(self) -> None:
        self.status = next((each.inner.exitcode for each in self.wrks), None)
        super()._stop_workers()  # type: ignore[no-untyped-call]


def supervise(make: Callable[[], WatchedServer], load: Callable[[], Any], has_answered: threading.Event) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); start again what ends by itself, unless it ends again and again.

    Args:
        make: makes a server that has not run yet.
        load: gives the application; called in the serving process.
        has_answered: set when it has answered for the first time.

    Raises:
        WorkEndedError: the serving process did not start, or ended too often.
    """
    stopped, ends = threading.Event(), list[float]()
    while not stopped.is_set():
        server = make()
        server.on_startup(partial(_pass_on, stopped, server))
        with suppress(SystemExit):  # granian's way to say that its process has ended by itself
            server.serve(target_loader=load, wrap_loader=False)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: stopped.set())
        if server.interrupt_signal:
            return
        now = time.monotonic()
        ends = [*(each for each in ends if each > now - WITHIN_SECONDS), now]
        said = Sentence("the serving process ended by itself, %(how)s", how=_how(server.status))
        if not has_answered.is_set() and (server.status or 0) > 0:
            raise WorkEndedError(Sentence("%(problem)s, before it answered", problem=said))
        if len(ends) >= MOST:
            raise WorkEndedError(
                Sentence(
                    "%(problem)s, for the %(number)sth time within %(seconds)s seconds",
                    problem=said,
                    number=str(MOST),
                    seconds=f"{WITHIN_SECONDS:g}",
                )
            )
        log.error("%s; it is started again", said)
        stopped.wait(PAUSES[len(ends) - 1])


def _pass_on(stopped: threading.Event, server: WatchedServer) -> None:
    """Stop a server that is starting where the signal came before it had its own handlers."""
    if stopped.is_set():
        server.signal_handler_interrupt()  # type: ignore[no-untyped-call]


def _how(status: int | None) -> str:
    if status is None or status >= 0:
        return f"with status {status}"
    try:
        return f"by signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"by signal {-status}"


# Processes beside the service, which replicate or harvest: each is started again where it ends, and ends with this one.

AGAIN_SECONDS, LONGEST_AGAIN = 1.0, 30.0


def accompany(publication: Publication, parts: Iterable[ServedPart] = SERVED) -> None:
    """Start what parts run beside the service, and watch it."""
    for each in parts:
        if each.companion and each.has_work(publication):
            command = [sys.executable, "-m", f"graph.{each.companion}", str(publication.root)]
            threading.Thread(target=_watch, args=(command,), daemon=True).start()


def _watch(command: list[str]) -> None:
    """Run a process again and again. The system ends it when this thread has ended (``end_with_parent``)."""
    pause = AGAIN_SECONDS
    while True:
        begun = time.monotonic()
        status = subprocess.run(command, check=False).returncode  # noqa: S603  our own module
        pause = AGAIN_SECONDS if time.monotonic() - begun > LONGEST_AGAIN else min(LONGEST_AGAIN, 2 * pause)
        log.error("%s ended, %s; it is started again in %g seconds", command[2], _how(status), pause)
        time.sleep(pause)


# The web server: granian (ASGI) in front of the gateway, in one process; queries run in processes of their own.
#
#     python -m endpoint.server DIR [HOST [PORT [WORKERS]]]
#
# ``hamkor serve`` is the way for people; it builds first. This module serves whatever release there is.

STOP_SECONDS = 5
SWITCH_SECONDS = 0.001
LOOK_SECONDS = 0.02


def serve(publication: Publication, host: str = "127.0.0.1", port: int = 8000, workers: int = 2) -> None:
    """Serve the publication until the process is told to stop (SIGINT, SIGTERM).

    Args:
        publication: what to serve.
        host: the address to listen on.
        port: the port; 0 takes a free one, which the line that is printed names.
        workers: how many queries run at a time.

    Raises:
        SettingError: the address cannot be listened on.
        WorkEndedError: the serving process did not start, or ended by itself again and again.
    """
    import endpoint.gateway  # noqa: F401, PLC0415  loaded once, before the serving process is forked

    port = _bindable(host, port)
    _clear(publication)
    make = partial(
        WatchedServer,
        "hamkor",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        workers_kill_timeout=STOP_SECONDS,
        log_enabled=False,
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    has_answered = threading.Event()
    accompany(publication)
    threading.Thread(target=_announce, args=(publication, host, port, has_answered), daemon=True).start()
    supervise(make, partial(application, publication.root, workers, os.getpid()), has_answered)


def application(root: Path, workers: int, parent: int) -> Gateway:
    """Return the application over the publication in ``root``; called in the serving process.

    That ends with its parent, whose process id is given: else it would keep the port and go on answering.
    """
    end_with_parent(parent)
    from endpoint.gateway import Gateway  # noqa: PLC0415  not needed by those who only ask for the address

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("hamkor.access").setLevel(logging.INFO)
    # a thread that reads a long query gives the interpreter up after a millisecond instead of five: lookups wait for it
    sys.setswitchinterval(SWITCH_SECONDS)
    publication = open_publication(root)
    engine = msgspec.structs.replace(publication.settings.engine, workers=workers)
    settings = msgspec.structs.replace(publication.settings, engine=engine)
    return Gateway(replace(publication, settings=settings))


def _clear(publication: Publication) -> None:
    """Take away what processes that were killed have left in the publication's work folder."""
    take_away_left(publication.root / UPLOADS_FOLDER)
    with contextlib.suppress(HamkorError), ReleasesFolder(publication.releases_folder).writing():
        pass  # a writer clears first; where another one is at work it does, and what is read-only stays as it is


def _bindable(host: str, port: int) -> int:
    """Return the port, having made sure that nobody else listens there: the workers would share it in silence."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
            return found
    except (OSError, OverflowError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise SettingError(
            f"{host}:{port}", Sentence("cannot listen there: %(words)s; try another --port", words=Quotation(reason))
        ) from problem


def _announce(publication: Publication, host: str, port: int, has_answered: threading.Event) -> None:
    """Print where it is served, once it answers."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    while not _answers(near, port):
        time.sleep(LOOK_SECONDS)
    has_answered.set()
    shown = f"[{near}]" if ":" in near else near
    sys.stderr.write(f"Serving {publication.root} at http://{shown}:{port}/ (stop with Ctrl-C)\n")
    sys.stderr.flush()


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=STOP_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """Serve from the command line; return the exit status."""
    folder, host, port, workers = (*arguments, *("", "127.0.0.1", "8000", "2")[len(arguments) :])
    try:
        serve(open_publication(Path(folder or ".")), host, int(port), int(workers))
    except HamkorError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:5]))
