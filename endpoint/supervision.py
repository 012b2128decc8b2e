"""The serving process, watched: it ends with its parent, is started again where it ends by itself, and not in silence.

granian starts and stops it; here is decided what follows when it has ended.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from granian.server.mp import MPServer

from graph.model.errors import Sentence, WorkEndedError

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
