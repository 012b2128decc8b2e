"""Who is asking: from the header Authorization to a contributor, or to 401, 403 and 429 (RFC 6750, RFC 9110 11).

Nothing here is ever logged, and no answer says more of a token than whether it is good. Counts of attempts are kept for
so many clients and no more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import cast

from cachetools import LRUCache
from flask import Flask, current_app, request

from endpoint.http.problems import ProblemError
from graph.model.contributors import Contributor, Contributors, contributors_of, may_write
from graph.model.errors import Sentence
from graph.model.publication import Publication

EXTENSION = "hamkor-door"
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)\Z", re.IGNORECASE)
REALM = 'Bearer realm="hamkor"'
WRONG = f'{REALM}, error="invalid_token", error_description="the token is not known, has expired or was revoked"'
TOO_NARROW = f'{REALM}, error="insufficient_scope"'
HOW = Sentence("send Authorization: Bearer and the token that hamkor token create has printed")
MOST_KEYS = 10_000
FAILURES_PER_MINUTE = 10
MINUTE = 60.0


@dataclass
class Rate:
    """How often something may happen for each of many keys (a token bucket each); the least recent keys are forgotten.

    Attributes:
        most: how often in a minute, and at once.
        clock: says the time in seconds.
    """

    most: int
    clock: Callable[[], float] = time.monotonic
    _left: LRUCache[str, tuple[float, float]] = field(default_factory=lambda: LRUCache(MOST_KEYS))
    _lock: Lock = field(default_factory=Lock)

    def wait(self, key: str, *, take: bool = True) -> float:
        """Return 0 where it may happen now, else the seconds until it may; it counts where ``take`` says so."""
        now = self.clock()
        with self._lock:
            left, since = self._left.get(key, (float(self.most), now))
            left = min(float(self.most), left + (now - since) * self.most / MINUTE)
            if left < 1:
                return (1 - left) * MINUTE / self.most
            if take:
                self._left[key] = left - 1, now
            return 0.0


@dataclass
class Authorization:
    """What one application knows of those who want to write."""

    contributors: Contributors
    base: str
    writes: Rate
    failures: Rate = field(default_factory=lambda: Rate(FAILURES_PER_MINUTE))

    def contributor(self, header: str, client: str) -> Contributor:
        """Return who sends this header.

        A good token is let in whatever others at the same address do.

        Raises:
            ProblemError: 401 without a good token, 429 after many attempts with bad ones.
        """
        if not header:
            raise ProblemError(
                "unauthorized", Sentence("writing needs a token"), {"remedy": HOW}, {"WWW-Authenticate": REALM}
            )
        found = BEARER.match(header)
        contributor = self.contributors.of_token(found[1]) if found else None
        if contributor is not None:
            return contributor
        if wait := self.failures.wait(client):
            raise too_many(Sentence("too many attempts with a token that is not good"), wait)
        detail = Sentence("the token is not known, has expired or was revoked")
        raise ProblemError("unauthorized", detail, {"remedy": HOW}, {"WWW-Authenticate": WRONG})

    def count(self, contributor: Contributor) -> None:
        """Count a write.

        Raises:
            ProblemError: 429, there were too many.
        """
        if wait := self.writes.wait(contributor.id):
            raise too_many(Sentence("too many writes"), wait)

    def check(self, contributor: Contributor, graph: str) -> None:
        """Make sure that a contributor may write a graph.

        Raises:
            ProblemError: 403.
        """
        if not may_write(contributor, graph, self.base):
            remedy = Sentence("this token may write %(graphs)s", graphs=", ".join(contributor.graphs))
            detail = Sentence("the token is not for the graph <%(graph)s>", graph=graph)
            raise ProblemError("out-of-scope", detail, {"remedy": remedy}, {"WWW-Authenticate": TOO_NARROW})


def too_many(detail: str, wait: float) -> ProblemError:
    """Return the error that something was asked too often; ``wait`` is in how many seconds it may be asked again."""
    return ProblemError("too-many", detail, {}, {"Retry-After": str(int(wait) + 1)})


def install(app: Flask, publication: Publication) -> None:
    """Give an application a door."""
    writes = Rate(publication.settings.limits.writes_per_minute)
    app.extensions[EXTENSION] = Authorization(contributors_of(publication), publication.base, writes)


def door() -> Authorization:
    """Return the application's door."""
    return cast(Authorization, current_app.extensions[EXTENSION])


def contributor_of_request() -> Contributor:
    """Return who sends this request.

    Raises:
        ProblemError: 401 or 429.
    """
    return door().contributor(request.headers.get("Authorization", ""), request.remote_addr or "")
