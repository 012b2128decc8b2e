"""The process beside a service that replicates: it sends what becomes current, or fetches what does elsewhere.

    python -m graph.parts.replication.companion DIR

It is started and watched by whoever serves, and ends with it. What it does it tells in one file
(``graph.parts.replication.replication_state``); the service goes on whatever happens to it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from graph.model.errors import ForeignReleaseError, HamkorError
from graph.model.processes import end_with_parent
from graph.model.publication import CONTEXT_FILE, CURRENT, FRAMES_FOLDER, Publication, open_publication
from graph.parts.replication.follow import Copy
from graph.parts.replication.object_storage import open_storage
from graph.parts.replication.push import Push
from graph.parts.replication.replication_state import ReplicationState, the_one
from graph.releases.history import LOG_FILE, PURGED_FILE

LOOK_SECONDS, STATE_SECONDS = 0.1, 1.0
LONGEST_PAUSE, FOREIGN_PAUSE = 5.0, 30.0
"""How long it is waited after failures; no longer, so that a copy is up to date soon after the storage is back."""
MOST_ATTEMPTS = 12
"""How often who sends once tries; the next command that publishes, or a service, sends what was not."""

log = logging.getLogger("hamkor.replication")


def pause(failures: int, least: float) -> float:
    """Return how long to wait after so many failures in a row."""
    return min(LONGEST_PAUSE, max(least, LOOK_SECONDS) * float(1 << min(failures, 10)))


class Attempts:
    """What is tried again and again: how often it has failed, and what it has said last."""

    def __init__(self, root: Path, state: ReplicationState) -> None:
        """Tell of attempts in the state of the publication in ``root``."""
        self._root, self.state, self._written = root, state, 0.0

    def run(self, attempt: Callable[[], None]) -> bool:
        """Try once, and write down what came of it; return whether it succeeded. Each problem is logged once."""
        try:
            attempt()
        except HamkorError as problem:
            if self.state.problem != (said := str(problem)):
                log.warning("%s", said)
            self.state.problem, self.state.failures = said, self.state.failures + 1
            self.write()
            return False
        if self.state.failures:
            log.info("replication goes on: %s", self.state.url)
        self.state.problem, self.state.failures = "", 0
        return True

    def write(self, least: float = 0.0) -> None:
        """Write the state, unless that was done within so many seconds."""
        if time.monotonic() - self._written >= least:
            self._written = time.monotonic()
            with suppress(HamkorError):  # the disk is full: what it would tell can be seen
                self.state.write(self._root)


def follow(publication: Publication, url: str, *, once: bool = False) -> None:
    """Fetch what becomes current in a storage; for ever, or until something is current here."""
    replication, root = publication.settings.replication, publication.root
    copy = Copy(root, open_storage(url), replication.keep)
    attempts = Attempts(root, ReplicationState("follow", url, copy.current()))
    state = attempts.state

    def attempt() -> None:
        head = copy.look()
        state.reached = time.time()
        state.differs(copy.current(), head.release)
        state.awaited = tuple(copy.wanted(head))
        if not copy.has_taken(head):
            attempts.write()
            is_fresh = state.release != head.release
            copy.take(head)
            state.files, state.size = copy.fetched.files, copy.fetched.size
            if is_fresh:
                state.succeeded(head.release, head.moved)
            attempts.write()
        elif copy.fill(head):
            state.files, state.size = copy.fetched.files, copy.fetched.size

    while True:
        succeeded = attempts.run(attempt)
        attempts.write(STATE_SECONDS)
        if once and succeeded:
            return
        time.sleep(replication.seconds if succeeded else pause(state.failures, replication.seconds))


def push(publication: Publication, *, once: bool = False) -> None:
    """Send what becomes current here; for ever, or until that which is current now has been sent."""
    root, url = publication.root, publication.settings.replication.to
    push = Push(publication, open_storage(url))
    attempts = Attempts(root, ReplicationState("push", url))
    state, done = attempts.state, tuple[object, ...]()
    while True:
        mark = tuple(_marks(publication))
        state.differs(state.release, str(mark[0]))
        if mark != done:
            attempts.write()
            succeeded = attempts.run(lambda: _send(root, push, state))
            done = mark if succeeded else ()
            attempts.write()
            if once and (succeeded or state.failures >= MOST_ATTEMPTS):
                return
            if not succeeded:
                is_foreign = state.problem and push.meets_another
                time.sleep(FOREIGN_PAUSE if is_foreign else pause(state.failures, LOOK_SECONDS))
        attempts.write(STATE_SECONDS)
        time.sleep(LOOK_SECONDS)


def _send(root: Path, push: Push, state: ReplicationState) -> None:
    with the_one(root, LONGEST_PAUSE):
        push.meets_another = False
        try:
            sent = push.send()
        except ForeignReleaseError:
            push.meets_another = True
            raise
    state.reached = time.time()
    state.files, state.size = state.files + sent.files, state.size + sent.size
    if sent.head is not None and sent.head.release != state.release:
        state.succeeded(sent.head.release, sent.head.moved)


def _marks(publication: Publication) -> Iterator[object]:
    """Yield what changes where there is something to send: the link first, then the times of some files."""
    releases = publication.releases_folder
    try:
        yield (releases / CURRENT).readlink().name
    except OSError:
        yield ""
    beside = (publication.root / CONTEXT_FILE, publication.root / FRAMES_FOLDER)
    for path in (releases / LOG_FILE, releases / PURGED_FILE, *beside):
        try:
            yield path.stat().st_mtime_ns
        except OSError:
            yield 0


def send_beside(publication: Publication) -> None:
    """Let a process of its own send what a command has published; nobody waits for it."""
    if publication.is_replicated and publication.origin is None:
        command = [sys.executable, "-m", __name__, str(publication.root), "--once", "--detached"]
        nothing = subprocess.DEVNULL
        subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)  # noqa: S603


def main(arguments: list[str]) -> int:
    """Replicate the publication in a folder until its parent ends; return the exit status."""
    if "--detached" not in arguments:
        end_with_parent(os.getppid())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    log.setLevel(logging.INFO)
    try:
        publication = open_publication(Path(arguments[0]))
        if publication.origin is not None:
            with the_one(publication.root, float("inf")):
                follow(publication, publication.origin.url, once="--once" in arguments)
        elif publication.settings.replication.to:
            push(publication, once="--once" in arguments)
    except HamkorError as problem:
        sys.stderr.write(f"hamkor: replication: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
