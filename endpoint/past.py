"""Older releases, opened for pages: a few at a time, each until nobody has asked for it for some seconds.

A request below ``/release/<id>/`` sees that release and no other. Queries over it are ``endpoint.archive``'s.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Generic, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from endpoint.urls import is_versioned
from graph.errors import ReleaseError
from graph.publication import Publication
from graph.query.engine import Engine
from graph.releases.folder import ReleasesFolder
from graph.releases.history import History
from graph.releases.manifest import MANIFEST_FILE
from graph.releases.release import Release, open_release

S = TypeVar("S")
OPEN = 4
IDLE_SECONDS = 10.0
RELEASE = "hamkor.release"
"""The key of a WSGI environment that names the release which the request sees."""
PREFIX = re.compile(r"(/release/(\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8}))(/.*)", re.DOTALL)
OF_RELEASES = frozenset({"diff", "report"})
"""What ``endpoint.versions`` itself says of a release, with or without a suffix."""


class ReleasePrefix:
    """Takes ``/release/<id>`` from the beginning of a path into the root below which the application answers.

    So every link that is made for such a request stays within the release.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        found = PREFIX.fullmatch(environ.get("PATH_INFO", ""))
        if found is not None and is_versioned(found[3]) and found[3].lstrip("/").partition(".")[0] not in OF_RELEASES:
            environ[RELEASE], environ["PATH_INFO"] = found[2], found[3]
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + found[1]
        return self._application(environ, start_response)


class Past(Generic[S]):
    """The releases of a publication other than the one that is current."""

    def __init__(self, publication: Publication, opened: Callable[[Release, Engine | None], S]) -> None:
        """Open releases of a publication; ``opened`` makes a snapshot of a release and what answers queries over it."""
        self._releases = ReleasesFolder(publication.releases_folder)
        self._opened = opened
        self.engine_for: Callable[[Release], Engine | None] = lambda _: None
        self._lock = Lock()
        self._snapshots: OrderedDict[str, tuple[float, S]] = OrderedDict()
        self._history: tuple[int, History] | None = None

    def snapshot(self, release_id: str) -> S:
        """Return a release by its id.

        Raises:
            ReleaseError: there is no such release, or none any more.
        """
        with self._lock:
            there = (self._releases.path / release_id / MANIFEST_FILE).exists()
            _, found = self._snapshots.pop(release_id, (0.0, None))
            if found is None or not there:
                release = open_release(self._releases.release(release_id))
                found = self._opened(release, self.engine_for(release))
            self._snapshots[release_id] = time.monotonic(), found
            while len(self._snapshots) > OPEN:
                self._snapshots.popitem(last=False)
            return found

    def has(self, release_id: str) -> bool:
        """Whether there is a release of this id, readable or not."""
        return release_id in self._releases.ids()

    def let_go(self, idle_seconds: float = IDLE_SECONDS) -> tuple[S, ...]:
        """Let go of the releases that nobody has asked for in some seconds, and return those that are open still."""
        before = time.monotonic() - idle_seconds
        with self._lock:
            for release_id in [each for each, (asked, _) in self._snapshots.items() if asked < before]:
                del self._snapshots[release_id]
            return tuple(snapshot for _, snapshot in self._snapshots.values())

    def history(self) -> History:
        """Return the history as it is now; read again where a release has come or gone, or was rolled back to.

        Raises:
            ReleaseError: there is no release.
        """
        try:
            mark = self._releases.path.stat().st_mtime_ns  # the link moves by a rename in this folder, always
        except OSError as problem:
            raise ReleaseError("there is no release yet", "run hamkor build") from problem
        held = self._history
        if held is None or held[0] != mark:
            held = self._history = mark, History(self._releases)
        return held[1]
