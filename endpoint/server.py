"""The web server: granian (ASGI) in front of the gateway, in one process; queries run in processes of their own.

    python -m endpoint.server DIR [HOST [PORT [WORKERS]]]

``hamkor serve`` is the way for people; it builds first. This module serves whatever release there is.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import logging
import os
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from graph.model.errors import HamkorError, Quotation, Sentence, SettingError
from graph.model.processes import end_with_parent, take_away_left
from graph.model.publication import UPLOADS_FOLDER, Publication, open_publication
from graph.releases.folder import ReleasesFolder

if TYPE_CHECKING:
    from endpoint.gateway import Gateway

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
    from granian.constants import Interfaces  # noqa: PLC0415  not needed by those who only import the application

    import endpoint.gateway  # noqa: F401, PLC0415  loaded once, before the serving process is forked
    from endpoint.supervision import WatchedServer, supervise  # noqa: PLC0415

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
    gateway = Gateway(Publication(publication.root, settings))
    gc.collect()
    gc.freeze()  # modules and tables stay: whoever looks for garbage later need not walk through them
    return gateway


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
