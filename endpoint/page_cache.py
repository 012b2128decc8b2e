"""Pages and documents that were made before: a release never changes, so neither does what is made of it alone.

Bounded in bytes, least recently used first out, and empty again with the next release. It holds whole answers of which
their own headers say that caches may keep them, and none in which anything else has a part: the time, other releases,
files that come and go, or who asks. It is used from the event loop.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from cachetools import TTLCache

from endpoint.current import Current, Snapshot
from endpoint.http.negotiation import coding_for
from endpoint.http.semantics import CACHE, STALE_SECONDS
from endpoint.sparql.exchanges import Delivery, Exchange, Headers, Send

KEYED = frozenset({
    b"host", b"accept", b"accept-language", b"accept-profile", b"if-none-match", b"if-modified-since",
})  # fmt: skip
"""The fields of a request by which what is made of a release alone differs, beside its coding."""
PASSED_BY = frozenset({
    b"authorization", b"accept-datetime", b"range", b"if-range", b"if-match", b"if-unmodified-since", b"upgrade",
    b"content-length", b"transfer-encoding",
})  # fmt: skip
"""A request that has any of these is answered anew: it is somebody's own, of another time, or asks for a part."""
VARYING = frozenset({"accept", "accept-language", "accept-profile", "accept-encoding", "accept-datetime"})
"""What an answer may name in Vary: all that the two sets above see to."""
CHANGING = re.compile(r"/(?:releases?|timemap|downloads|\.well-known/security\.txt)(?:[/.]|\Z)|/query/~")
"""Below these addresses there is more than the current release: history, files that are made, kept queries, today."""
KEPT_STATUSES = frozenset({HTTPStatus.OK, HTTPStatus.SEE_OTHER, HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.NOT_MODIFIED})
OVERHEAD_BYTES, LARGEST_SHARE = 1000, 8
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class MadePage:
    """A whole answer as it was sent, without what a proxy's headers add to it."""

    status: int
    headers: Headers
    body: bytes

    @property
    def size(self) -> int:
        """How many bytes it takes, about."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers) + OVERHEAD_BYTES

    async def send(self, send: Send, delivery: Delivery) -> None:
        """Send it once more."""
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers]})
        await delivery.send(send, {"type": "http.response.body", "body": self.body})

    def may_be_kept(self, snapshot: Snapshot) -> bool:
        """Whether its headers say so, that it is of this release, and varies by nothing but what a key holds."""
        said = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        varies = {each.strip().lower() for name, value in said if name == "vary" for each in value.split(",")}
        fields = dict(said)
        return (
            self.status in KEPT_STATUSES
            and fields.get("cache-control") == CACHE
            and fields.get("x-hamkor-release") == snapshot.release.id
            and varies <= VARYING
            and "set-cookie" not in fields
        )


def key_of(exchange: Exchange, path: str) -> Key | None:
    """Return all that determines the answer to a request beside the release, or None where it is to be made anew.

    Args:
        exchange: the request, as its client sent it.
        path: its path below the root, undecoded.
    """
    scope = exchange.scope
    if scope["method"] not in ("GET", "HEAD") or CHANGING.match(path) or "host" not in exchange.headers:
        return None
    fields: Headers = scope["headers"]
    if any(name in PASSED_BY for name, _ in fields):
        return None
    coding = coding_for(exchange.headers.get("accept-encoding", ""))
    keyed = tuple((name, value) for name, value in fields if name in KEYED)
    place = scope.get("scheme"), scope.get("root_path"), scope["raw_path"], scope["query_string"]
    return scope["method"], *place, coding.name if coding else "", keyed


class PageCache:
    """The answers of one release by what determines them.

    Each for no longer than its own headers let any cache send it that asks meanwhile whether it has changed; here it is
    asked each time whether the release is the same.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold at most ``size`` bytes; 0 holds nothing. ``clock`` says the time in seconds."""
        self._size, self._clock = size, clock
        self._release: Callable[[], Snapshot | None] = lambda: None
        self._held = self._nothing()
        self.hits = self.misses = 0

    @property
    def size(self) -> int:
        """How many bytes are held now."""
        return int(self._held.currsize)

    def get(self, snapshot: Snapshot, key: Key) -> MadePage | None:
        """Return what was made of a release, or None; what was made of another one is dropped."""
        self._keep(snapshot)
        found = self._held.get(key)
        self.hits += found is not None
        return found[0] if found is not None else None

    def put(self, snapshot: Snapshot, key: Key, made: MadePage) -> None:
        """Hold an answer that was made of a release, if it may be kept and does not take more than its share."""
        self._keep(snapshot)
        size = made.size + len(repr(key))
        if made.may_be_kept(snapshot) and size <= self._size // LARGEST_SHARE:
            self._held[key] = made, size

    def _keep(self, snapshot: Snapshot) -> None:
        if self._release() is not snapshot:
            self._held, self._release = self._nothing(), weakref.ref(snapshot)

    def _nothing(self) -> TTLCache[Key, tuple[MadePage, int]]:
        return TTLCache(self._size, STALE_SECONDS, self._clock, lambda held: held[1])


@dataclass
class Reuse:
    """One request that may be answered by what was made before, and whose answer may be kept.

    Attributes:
        cache: where answers are kept.
        current: which release is current.
        key: what determines the answer.
    """

    cache: PageCache
    current: Current
    key: Key
    _seen: Snapshot | None = None

    def made(self) -> MadePage | None:
        """Return what was made of the release that is current now; to be asked just before it would be made."""
        self._seen = self.current.held()
        return self.cache.get(self._seen, self.key) if self._seen is not None else None

    def keep(self, made: MadePage) -> None:
        """Keep what has been made, where the release has been the same all the time."""
        self.cache.misses += 1
        if self._seen is not None and self.current.held() is self._seen:
            self.cache.put(self._seen, self.key, made)
