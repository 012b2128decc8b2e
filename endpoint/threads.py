"""The Flask application in threads, of which no client holds all; and the pages that they made before, kept."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import heapq
import itertools
import math
import re
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar, cast

from a2wsgi.wsgi import Body, build_environ
from cachetools import LRUCache, TTLCache
from flask import Flask

from endpoint.current import Current, Snapshot
from endpoint.http.problems import ProblemError
from endpoint.http.semantics import CACHE, STALE_SECONDS, coding_for
from endpoint.sparql.exchanges import ClientGoneError, Delivery, Exchange, Headers, Message, Receive, Send
from graph.model.errors import EngineUnavailableError, Sentence

# Pages and documents that were made before: a release never changes, so neither does what is made of it alone.
#
# Bounded in bytes, least recently used first out, and empty again with the next release. It holds whole answers of
# which their own headers say that caches may keep them, and none in which anything else has a part: the time, other
# releases, files that come and go, or who asks. It is used from the event loop.

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


# The Flask application in threads, of which no client holds all, and none while a client reads.
#
# A thread makes a response, or the next piece of a long one; the event loop sends it (``endpoint.sparql.exchanges``).
# So whoever reads slowly, or not at all, holds a seat of their own and nobody's thread. Where all threads work, the
# next turn is of the client that has had the least of them lately, so that who asks now and then does not wait behind a
# flood. It knows no route.

T = TypeVar("T")
COUNT, COUNT_OF_ONE = 32, 8
HALF_LIFE = 2.0
"""Seconds after which half of the time that a client has had is forgotten."""
LEAST_SCORE = -60.0
"""The logarithm of what counts as nothing."""
MOST_CLIENTS = 10_000
MOST_WAITING = 64
RETRY_SECONDS = 5.0
PIECES = 2
"""How many next pieces of long responses are made at a time: were there many at once, others' requests would wait for
the event loop to hand all of them on."""
HELD_BYTES = 1 << 18
"""How much of a response a thread makes at once; most responses are smaller, and whole then."""


class Threads:
    """Some threads in which an application answers."""

    def __init__(
        self, application: Flask, delivery: Delivery, count: int = COUNT, count_of_one: int = COUNT_OF_ONE
    ) -> None:
        """Have so many threads, and so many of them for one client; they start as they are needed."""
        self._application, self._delivery = application, delivery
        self._threads = ThreadPoolExecutor(count, "pages")
        self._seats, self._turns, self._pieces = Seats(count_of_one), Turns(count), Turns(PIECES)

    async def answer(
        self, exchange: Exchange, receive: Receive, send: Send, body_seconds: float, *,
        is_read: bool = False, reuse: Reuse | None = None,
    ) -> int:  # fmt: skip
        """Let the application answer; return the status.

        Args:
            exchange: the request.
            receive: gives its body.
            send: takes the response.
            body_seconds: how long a thread waits for a part of the body, where the event loop does not end that.
            is_read: whether the whole body has been read from the client already.
            reuse: keeps what is made, and may have it by the time that it is this client's turn.

        Raises:
            EngineUnavailableError: too many requests of this client wait already.
            ProblemError: the body does not arrive.
            ClientGoneError: the client has gone by the time that it is its turn.
        """
        async with self._seats.taken(exchange.client):
            body = ArrivingBody(asyncio.get_running_loop(), receive, body_seconds)
            environ = dict(build_environ(cast("Any", exchange.scope), body))
            made = await self._made(exchange, environ, reuse)
            try:
                # the server ends a connection on which a body is left; a client that is not told would use it again
                left = [] if is_read or not body.is_left(exchange) else [(b"connection", b"close")]
                await send({"type": "http.response.start", "status": made.status, "headers": [*made.headers, *left]})
                while True:
                    message: Message = {
                        "type": "http.response.body", "body": made.held, "more_body": made.rest is not None
                    }  # fmt: skip
                    await self._delivery.send(send, message)
                    if made.rest is None:
                        return made.status
                    async with self._pieces.taken(exchange.client):
                        await self._run(made.go_on)
            finally:
                if made.rest is not None:  # the client has gone
                    await asyncio.shield(self._run(made.close))

    async def _made(self, exchange: Exchange, environ: dict[str, Any], reuse: Reuse | None) -> _Made:
        """Make a response in a thread, or take what another request has had made meanwhile; keep it if it is whole."""
        async with self._turns.taken(exchange.client):
            if exchange.has_gone:
                raise ClientGoneError("the client has gone")
            if reuse is not None and (found := reuse.made()) is not None:
                return _Made((), found.status, found.headers, found.body)
            made = await self._run(lambda: _Made.by(self._application, environ))
        if reuse is not None and made.rest is None:
            reuse.keep(MadePage(made.status, made.headers, made.held))
        return made

    async def _run(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)


class ArrivingBody(Body):
    """The body of a request as a thread reads it; it waits for the event loop, but not for one that has stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, seconds: float) -> None:
        """Read from ``receive`` on a loop, each part within some seconds and a little."""
        super().__init__(loop, cast("Any", receive))
        self._seconds = seconds

    def is_left(self, exchange: Exchange) -> bool:
        """Whether there is a body that has not been read to its end."""
        sent = exchange.headers.get("content-length", "0") != "0" or "transfer-encoding" in exchange.headers
        return sent and self._has_more

    def _receive_more_data(self) -> bytes:
        if not self._has_more:
            return b""
        coming = asyncio.run_coroutine_threadsafe(cast("Any", self.receive()), self.loop)
        try:
            message: Message = coming.result(self._seconds + 1)
        except concurrent.futures.TimeoutError:
            coming.cancel()
            raise ProblemError(
                "timeout", Sentence("the body has not arrived within %(number)s seconds", number=f"{self._seconds:g}")
            ) from None
        self._has_more = bool(message.get("more_body", False))
        return bytes(message.get("body", b""))


@dataclass
class _Made:
    """A response as far as it has been made."""

    iterable: Iterable[bytes]
    status: int
    headers: Headers
    held: bytes = b""
    rest: Iterator[bytes] | None = None

    @classmethod
    def by(cls, application: Flask, environ: dict[str, Any]) -> _Made:
        """Let an application answer, and take up what is at hand of the body (PEP 3333)."""
        status, headers = 500, list[tuple[bytes, bytes]]()

        def start(line: str, fields: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
            nonlocal status  # nothing has been sent yet: what is said last counts
            status = int(line.split(" ", 1)[0])
            headers[:] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
            return lambda _: None

        iterable = application(environ, cast("Any", start))
        made = cls(iterable, status, headers, rest=iter(iterable))
        try:
            made.go_on()
        except BaseException:
            made.close()
            raise
        made.status = status
        return made

    def go_on(self) -> None:
        """Make the next pieces; let go of what the response was made of after the last."""
        pieces, size = list[bytes](), 0
        while self.rest is not None and size < HELD_BYTES:
            piece = next(self.rest, None)
            if piece is None:
                self.rest = None
            else:
                pieces.append(piece)
                size += len(piece)
        self.held = b"".join(pieces)
        if self.rest is None:
            self.close()

    def close(self) -> None:
        """Let go of what the response was made of."""
        if close := getattr(self.iterable, "close", None):
            close()


class Turns:
    """So many turns at a time, given to who has had least lately; used from one event loop.

    What a client has had is forgotten at the same rate for all, so which of two has had less does not change while both
    wait: ``_score`` grows with what it has had, and says when it had it, and the least is found without looking at all.
    """

    def __init__(self, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Give ``count`` turns at a time; ``clock`` says the time in seconds."""
        self._free, self._clock, self._numbers = count, clock, itertools.count()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._next: list[tuple[float, int, str]] = []  # a heap: an entry for each client that waits
        self._had: LRUCache[str, float] = LRUCache(MOST_CLIENTS)

    @asynccontextmanager
    async def taken(self, client: str) -> AsyncIterator[None]:
        """Have a turn; wait for it where none is free."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        begun = self._clock()
        try:
            yield
        finally:
            self._count(client, self._clock() - begun)
            self._give()

    async def _wait(self, client: str) -> None:
        waiting = asyncio.get_running_loop().create_future()
        if client not in self._waiting:
            self._waiting[client] = deque()
            self._enter(client)
        self._waiting[client].append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled():
                self._give()  # it had just been given
            raise

    def _enter(self, client: str) -> None:
        heapq.heappush(self._next, (self._score(client), next(self._numbers), client))

    def _score(self, client: str) -> float:
        """Return the logarithm of the seconds that a client has had, as they would count at the clock's zero."""
        return float(self._had.get(client, -math.inf))

    def _count(self, client: str, seconds: float) -> None:
        halvings = self._clock() / HALF_LIFE
        lately = 2 ** max(self._score(client) - halvings, LEAST_SCORE) + max(seconds, 0.0)
        self._had[client] = math.log2(lately) + halvings

    def _give(self) -> None:
        while self._next:
            score, _, client = heapq.heappop(self._next)
            queue = self._waiting[client]
            while queue and queue[0].done():  # who waited has gone
                queue.popleft()
            if not queue:
                del self._waiting[client]
            elif score < self._score(client):  # it has had more meanwhile
                self._enter(client)
            else:
                queue.popleft().set_result(None)
                if queue:
                    self._enter(client)
                else:
                    del self._waiting[client]
                return
        self._free += 1


@dataclass
class _Bench:
    seats: asyncio.Semaphore
    people: int = 0


@dataclass
class Seats:
    """So many seats for each client; it is used from one event loop.

    Attributes:
        each: how many requests of one client may go on at a time; the next ones wait.
    """

    each: int
    _benches: dict[str, _Bench] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, client: str) -> AsyncIterator[None]:
        """Hold one of a client's seats; wait for it where none is free.

        Raises:
            EngineUnavailableError: too many requests of this client wait already.
        """
        bench = self._benches.setdefault(client, _Bench(asyncio.Semaphore(self.each)))
        if bench.people >= self.each + MOST_WAITING:
            raise EngineUnavailableError(Sentence("too many requests of yours wait already"), RETRY_SECONDS)
        bench.people += 1
        try:
            async with bench.seats:
                yield
        finally:
            bench.people -= 1
            if not bench.people:
                del self._benches[client]
