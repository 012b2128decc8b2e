"""What has to be made of a release before it can be sent: small things at once, large ones in a process of their own.

The client waits a moment and is then asked to come back; the service never stands still.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

from endpoint.current import publication, snapshot
from endpoint.problems import ProblemError
from endpoint.sentences import Sentence
from graph.errors import BusyError
from graph.releases.downloads import is_busy
from graph.releases.dumping import begin, fault_of

T = TypeVar("T")
AT_ONCE = 1 << 20
"""What is made of no more bytes of members than this is made within the request."""
WAIT_SECONDS, LOOK_SECONDS, RETRY_SECONDS = 5.0, 0.05, 10


def made(name: str, size: int, there: Callable[[], T | None], make: Callable[[], T]) -> T:
    """Return something that is made of the release, and make it where it is not there.

    Args:
        name: what ``graph.releases.dumping`` calls it.
        size: how many bytes of members have to be read for it.
        there: returns it, or None.
        make: makes it in this process.

    Raises:
        ProblemError: it takes longer than a client will wait, or cannot be made.
        HamkorError: as ``make`` does.
    """
    found = there()
    if found is not None:
        return found
    if size <= AT_ONCE:
        try:
            return make()
        except BusyError:
            return _awaited(name, there)
    return _awaited(name, there)


def _awaited(name: str, there: Callable[[], T | None]) -> T:
    release, until = snapshot().release, time.monotonic() + WAIT_SECONDS
    process: subprocess.Popen[bytes] | None = None
    while time.monotonic() < until:
        if (found := there()) is not None:
            return found
        if process is None and not is_busy(release.folder):
            process = begin(publication(), release, name)
        if process is not None and process.poll():
            raise fault_of(process)
        time.sleep(LOOK_SECONDS)
    retry = {"Retry-After": str(RETRY_SECONDS)}
    raise ProblemError("unavailable", Sentence("%(name)s is being made; ask again in a moment", name=name), {}, retry)
