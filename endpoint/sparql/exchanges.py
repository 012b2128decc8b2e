"""One ASGI exchange: what was asked, and what goes back, piece by piece, each within a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from werkzeug.http import http_date

from endpoint.http.negotiation import AS_PROBLEM, OFFERS, SMALLEST, Coding, choose, coding_for, tags_of
from endpoint.http.problems import problem_of
from endpoint.http.responses import CACHE, EXPOSED
from endpoint.sparql.protocol import READ_TYPES
from endpoint.sparql.short_way import LaneAnswer
from graph.model.errors import HamkorError
from graph.releases.history import release_time

# How a response leaves: piece by piece, each within a time, so that who reads slowly holds nothing for long.
#
# A client has some seconds, and one more for each 32 KiB of a piece. It makes no response and knows no request.

PIECE = 1 << 17
LEAST_RATE = 1 << 15
"""Bytes a second: 256 kbit/s, less than a telephone has at the edge of a network."""

log = logging.getLogger("hamkor")
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class TooSlowError(ConnectionError):
    """A client has not taken in time what was sent to it; its connection is given up."""


class ClientGoneError(ConnectionError):
    """A client has gone before anything was made for it; nothing is."""


@dataclass
class Delivery:
    """How patient one service is.

    Attributes:
        seconds: how long a client may take nothing (``limits.send_seconds``).
        given_up: how often a client was too slow.
    """

    seconds: float
    given_up: int = field(default=0)

    async def send(self, send: Send, message: Message) -> None:
        """Send a part of a body, in pieces.

        Raises:
            TooSlowError: the client does not take it at the least rate.
        """
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if len(body) <= PIECE and not more:
            await send(message)  # the server takes a response of one piece at once
            return
        view = memoryview(body)
        for start in range(0, len(body) or 1, PIECE):
            piece = bytes(view[start : start + PIECE])
            is_last = start + PIECE >= len(body)
            part = {"type": "http.response.body", "body": piece, "more_body": more or not is_last}
            try:
                async with asyncio.timeout(self.seconds + len(piece) / LEAST_RATE):
                    await send(part)
            except TimeoutError:
                self.given_up += 1
                raise TooSlowError(f"a client took nothing for {self.seconds:g} seconds") from None


# One ASGI exchange on the short way of a query: what was asked, and what goes back, as cheaply as can be.
#
# It decides nothing about the answer. Headers that never change are made once; those that follow the host, once a host.

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Headers = list[tuple[bytes, bytes]]

FILE_PIECE = 1 << 18
COMPRESSED_BESIDE = 1 << 20
ALWAYS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
    (b"x-content-type-options", b"nosniff"),
]
OF_ANSWERS: Headers = [
    *ALWAYS,
    (b"vary", b"Accept, Accept-Encoding, Accept-Datetime"),
    (b"accept-post", READ_TYPES.encode()),
]
ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]*(?:/[A-Za-z0-9._~/%-]*)?")
KEPT = (b"cache-control", CACHE.encode())
NOT_KEPT = (b"cache-control", b"no-store")


class Exchange:
    """A request to ``/sparql`` and its response."""

    __slots__ = ("_delivery", "_receive", "_send", "body", "has_gone", "headers", "scope", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send, delivery: Delivery) -> None:
        """Take up an exchange; header names are in small letters, the last of equal names counts."""
        self.scope, self._receive, self._send, self._delivery = scope, receive, send, delivery
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.body, self.status, self.has_gone = b"", 0, False

    @property
    def client(self) -> str:
        """Who asks, for fairness."""
        peer: str = (self.scope.get("client") or ("",))[0]
        return peer

    @property
    def _here(self) -> str:
        """The service's own address as the client sees it."""
        here = f"{self.scope.get('scheme', 'http')}://{self.headers.get('host', '')}{self.scope.get('root_path', '')}"
        return here if ADDRESS.fullmatch(here) else ""

    async def read_body(self, most: int, receive: Receive) -> bool:
        """Read the body from ``receive``; return False, having read a part, where it is larger than ``most`` bytes.

        Raises:
            ProblemError: it breaks off, or does not arrive in time, as ``receive`` says.
        """
        parts, size = list[bytes](), 0
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most or not message.get("more_body"):
                self.body = b"".join(parts)
                return size <= most

    async def gone(self) -> None:
        """Return when the client has gone away; to be asked when the whole body has been read, and once at a time."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_gone = True

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Notice meanwhile where the client goes away (``has_gone``), so that what waits for a turn can be given up."""
        watching = asyncio.ensure_future(self.gone())
        try:
            yield
        finally:
            watching.cancel()

    def _known(self, tag: str, release: str) -> str:
        """Return the tag by which If-None-Match names the answer, compressed or not, or an empty string.

        RFC 9110 13.1.2: weak comparison, and only where nothing but reading is asked for. Where it names no tag, just
        the date of the release is as good; a later one says nothing, since an earlier release may be current again.
        """
        header = self.headers.get("if-none-match")
        if not tag or self.scope["method"] == "POST":
            return ""
        if header is None:
            return tag if self.headers.get("if-modified-since", "") == made(release).decode() != "" else ""
        named = {each.strip().removeprefix("W/").strip('"') for each in header.split(",")}
        return next((each for each in tags_of(tag) if each in named), tag if "*" in named else "")

    async def _not_modified(self, tag: str, release: str) -> None:
        """Send a 304."""
        await self._start(304, [*self._of_answer(tag, release)])
        await self._send({"type": "http.response.body", "body": b""})

    async def answer(self, found: LaneAnswer) -> None:
        """Send a whole answer, or a 304 to a client that has it; a spool file is removed, whatever happens."""
        body, release = found.answer.body, found.answer.release
        tag = found.tag if self.scope["method"] != "POST" else ""
        if known := self._known(tag, release):
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            await self._not_modified(known, release)
            return
        headers: Headers = [(b"content-type", found.representation.content_type.encode())]
        if isinstance(body, Path):
            await self._send_file([*headers, *self._of_answer(tag, release)], body)
            return
        coding = coding_for(self.headers.get("accept-encoding", "")) if len(body) >= SMALLEST else None
        if coding is not None:
            body = await _compressed(body, coding)
            tag = coding.tag(tag) if tag else ""
            headers.append((b"content-encoding", coding.name.encode()))
        await self._whole(200, [*headers, *self._of_answer(tag, release)], body)

    async def problem(self, error: HamkorError, *, closes: bool = False) -> None:
        """Send an error as a problem (RFC 9457), or as text to those who do not read JSON.

        ``closes`` says that the connection ends, since the body of the request has not been read to its end.
        """
        problem = problem_of(error)
        if choose(self.headers.get("accept"), OFFERS["problem"]) is AS_PROBLEM:
            document = problem.document(f"{self._here}/problems#{problem.kind}")
            kind, body = AS_PROBLEM.content_type, json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        else:
            kind, body = "text/plain; charset=utf-8", problem.text()
        headers: Headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        if problem.status == 503 and "Retry-After" not in problem.headers:
            headers.append((b"retry-after", b"5"))
        headers += [(b"content-type", kind.encode()), (b"cache-control", b"no-cache"), (b"vary", b"Accept"), *ALWAYS]
        headers += [(b"connection", b"close")] if closes else []
        await self._whole(problem.status, headers, body.encode())

    async def plain(self, content_type: str, body: bytes) -> None:
        """Send some bytes with status 200."""
        await self._whole(200, [(b"content-type", content_type.encode()), *ALWAYS], body)

    def _of_answer(self, tag: str, release: str) -> Headers:
        return [
            *OF_ANSWERS,
            *_links(self._here),
            (b"x-hamkor-release", release.encode()),
            (b"last-modified", made(release)),
            *([(b"etag", f'"{tag}"'.encode()), KEPT] if tag else [NOT_KEPT]),
        ]

    async def _start(self, status: int, headers: Headers) -> None:
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _whole(self, status: int, headers: Headers, body: bytes) -> None:
        headers.append((b"content-length", b"%d" % len(body)))
        await self._start(status, headers)
        body = b"" if self.scope["method"] == "HEAD" else body
        await self._delivery.send(self._send, {"type": "http.response.body", "body": body})

    async def _send_file(self, headers: Headers, path: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            with path.open("rb") as file:
                headers.append((b"content-length", b"%d" % path.stat().st_size))
                path.unlink()
                await self._start(200, headers)
                while self.scope["method"] != "HEAD" and (
                    piece := await loop.run_in_executor(None, file.read, FILE_PIECE)
                ):
                    message = {"type": "http.response.body", "body": piece, "more_body": True}
                    await self._delivery.send(self._send, message)
            await self._send({"type": "http.response.body", "body": b""})
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


@lru_cache(maxsize=64)
def made(release: str) -> bytes:
    """Return when a release was made, as HTTP writes dates (RFC 9110 5.6.7)."""
    return http_date(release_time(release)).encode()


@lru_cache(maxsize=64)
def _links(here: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"link", f'<{here}/sparql?format=turtle>; rel="service-desc"; type="text/turtle"'.encode()),
        (b"link", f'<{here}/queries>; rel="service-doc"; type="text/html"'.encode()),
    )


async def _compressed(body: bytes, coding: Coding) -> bytes:
    """Return the body in a coding; large ones are compressed beside the event loop."""
    if len(body) < COMPRESSED_BESIDE:
        return coding.compress(body)
    return await asyncio.get_running_loop().run_in_executor(None, coding.compress, body)
