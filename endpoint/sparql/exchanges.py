"""One ASGI exchange: what was asked, and what goes back, piece by piece, each within a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from endpoint.http.negotiation import Coding
from endpoint.http.problems import problem_of
from endpoint.http.semantics import (
    ALWAYS,
    OF_QUERIES,
    Fields,
    coding_of,
    known,
    problem_body,
    problem_fields,
    problem_form,
    validators,
)
from endpoint.sparql.protocol import service_fields
from endpoint.sparql.short_way import LaneAnswer
from endpoint.urls import own_address
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
# It decides nothing about the answer; what HTTP wants of one, ``endpoint.http.semantics`` says.

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Headers = list[tuple[bytes, bytes]]

RELEASE = "x-hamkor-release"
made_at = lru_cache(maxsize=64)(release_time)
FILE_PIECE = 1 << 18
COMPRESSED_BESIDE = 1 << 20


def _encoded(fields: Fields) -> Headers:
    return [(name.encode(), value.encode("latin-1")) for name, value in fields]


BESIDE = _encoded(ALWAYS)


@lru_cache(maxsize=64)
def _of_service(root: str) -> Headers:
    """Return what every answer of the service at a root carries: made once, since a look-up costs little more."""
    return _encoded(service_fields(root)) + BESIDE


class Exchange:
    """A request to ``/sparql`` and its response."""

    __slots__ = ("_delivery", "_receive", "_send", "body", "has_gone", "headers", "scope", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send, delivery: Delivery) -> None:
        """Take up an exchange; header names are in small letters, fields of one name are one list (RFC 9110 5.3)."""
        self.scope, self._receive, self._send, self._delivery = scope, receive, send, delivery
        self.headers = dict[str, str]()
        for key, said in scope["headers"]:
            name, value = key.decode("latin-1"), said.decode("latin-1")
            self.headers[name] = f"{self.headers[name]},{value}" if name in self.headers else value
        self.body, self.status, self.has_gone = b"", 0, False

    @property
    def client(self) -> str:
        """Who asks, for fairness."""
        peer: str = (self.scope.get("client") or ("",))[0]
        return peer

    @property
    def _here(self) -> str:
        """The root of the service as the client sees it."""
        root: str = self.scope.get("root_path", "")
        return own_address(self.scope.get("scheme", "http"), self.headers.get("host", "")) + root

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

    async def answer(self, found: LaneAnswer) -> None:
        """Send a whole answer, or a 304 to a client that has it; a spool file is removed, whatever happens."""
        body, release, asked = found.answer.body, found.answer.release, self.headers.get
        tag, made = found.tag if self.scope["method"] != "POST" else "", made_at(release)
        service = _of_service(self._here)
        own: Fields = ((RELEASE, release),)
        if held := known(tag, made, asked):
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            await self._start(304, (*own, *validators(held, made, OF_QUERIES, is_known=True)), service)
            await self._send({"type": "http.response.body", "body": b""})
            return
        own += (("content-type", found.representation.content_type),)
        if isinstance(body, Path):
            await self._send_file((*own, *validators(tag, made, OF_QUERIES)), body, service)
            return
        coding = coding_of(len(body), asked)
        tag = coding.tag(tag) if coding is not None and tag else tag
        await self._whole(200, (*own, *validators(tag, made, OF_QUERIES)), body, coding, service)

    async def problem(self, error: HamkorError, release: str = "", *, closes: bool = False) -> None:
        """Send an error as a problem (RFC 9457), or as text to those who do not read JSON.

        Args:
            error: what happened.
            release: the id of the release that is current.
            closes: whether the connection ends, since the body of the request has not been read to its end.
        """
        problem, asked = problem_of(error), self.headers.get
        form = problem_form(asked, pages=False)
        body = problem_body(problem, form, f"{self._here}/problems#{problem.kind}").encode()
        fields = problem_fields(problem, form)
        fields += ((RELEASE, release),) if release else ()
        fields += (("connection", "close"),) if closes else ()
        await self._whole(problem.status, fields, body, coding_of(len(body), asked))

    async def plain(self, content_type: str, body: bytes) -> None:
        """Send some bytes with status 200."""
        await self._whole(200, (("content-type", content_type),), body)

    async def _start(self, status: int, fields: Fields, always: Headers) -> None:
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": _encoded(fields) + always})

    async def _whole(
        self, status: int, fields: Fields, body: bytes, coding: Coding | None = None, always: Headers = BESIDE
    ) -> None:
        if coding is not None:
            body = await _compressed(body, coding)
            fields += (("content-encoding", coding.name),)
        await self._start(status, (*fields, ("content-length", str(len(body)))), always)
        body = b"" if self.scope["method"] == "HEAD" else body
        await self._delivery.send(self._send, {"type": "http.response.body", "body": body})

    async def _send_file(self, fields: Fields, path: Path, always: Headers) -> None:
        loop = asyncio.get_running_loop()
        try:
            with path.open("rb") as file:
                fields += (("content-length", str(path.stat().st_size)),)
                path.unlink()
                await self._start(200, fields, always)
                while self.scope["method"] != "HEAD" and (
                    piece := await loop.run_in_executor(None, file.read, FILE_PIECE)
                ):
                    message = {"type": "http.response.body", "body": piece, "more_body": True}
                    await self._delivery.send(self._send, message)
            await self._send({"type": "http.response.body", "body": b""})
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


async def _compressed(body: bytes, coding: Coding) -> bytes:
    """Return the body in a coding; large ones are compressed beside the event loop."""
    if len(body) < COMPRESSED_BESIDE:
        return coding.compress(body)
    return await asyncio.get_running_loop().run_in_executor(None, coding.compress, body)
