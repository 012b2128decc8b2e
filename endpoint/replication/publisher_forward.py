"""A request that only the publisher can answer, handed on to it by a copy, and its answer handed back.

It is for copies with ``replication.forward``; which requests these are, ``endpoint.gateway`` says. Nothing is kept of
them, and nothing is logged: they hold tokens, and the secret addresses of proposals. Bodies go through piece by piece,
bounded in size and time; header fields as RFC 9110 7.6 wants it of who stands between.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from secrets import token_hex
from urllib.parse import urlsplit

import h11

from endpoint.http.problems import ProblemError
from endpoint.sparql.exchanges import ClientGoneError, Delivery, Exchange, Headers, Message, Receive, Send, TooSlowError
from graph.model.errors import EngineUnavailableError, QueryLimitError, Sentence
from graph.model.publication import Publication

AT_A_TIME = 256
"""How many requests are with the publisher at a time."""
CONNECT_SECONDS = 5.0
PIECE, LONGEST_HEAD = 1 << 16, 1 << 16
RETRY = {"Retry-After": "5"}
MOST_COPIES = 4
"""So many copies may have handed a request on; more of them hand it to one another."""
OF_ONE_HOP = frozenset({
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
MADE_ANEW = frozenset({"host", "via", "expect", "content-length"})
COPIES = re.compile(r"(?:\A|,)\s*\S+\s+(hamkor-[0-9a-f]{8})(?=\s|,|\Z)")
"""The names of copies in a header Via (RFC 9110 7.6.3)."""

log = logging.getLogger("hamkor")


class PublisherForward:
    """The way from one copy to its publisher."""

    def __init__(self, publication: Publication, delivery: Delivery) -> None:
        """Hand on to ``replication.publisher`` of the copy's own settings; ``delivery`` takes answers to clients."""
        self._delivery, self._limits = delivery, publication.settings.limits
        self._publisher = publication.settings.replication.publisher
        self._name, self._places = f"hamkor-{token_hex(4)}", asyncio.Semaphore(AT_A_TIME)
        self._authorities: ssl.SSLContext | None = None
        self._is_away = False

    async def answer(self, exchange: Exchange, receive: Receive, send: Send) -> int:
        """Let the publisher answer; return the status.

        Args:
            exchange: the request, as its client sent it.
            receive: gives its body, within a time.
            send: takes the response.

        Raises:
            ProblemError: the publisher is away, or gives no answer (503, 502), or the way leads in a circle (508).
            QueryLimitError: the body is larger than ``limits.upload_mb``.
            EngineUnavailableError: too many requests are with the publisher already.
            ClientGoneError: the answer breaks off when a part of it has been sent.
        """
        self._check_way(exchange.headers.get("via", ""))
        if self._places.locked():
            raise EngineUnavailableError(Sentence("too many requests are with the publisher already"))
        body = _ForwardedBody(receive, self._limits.upload_mb)
        async with self._places:
            request = self._request(exchange, await body.begun())
            connection = await self._connected()
            try:
                return await self._answered(connection, request, body, send)
            finally:
                connection.close()

    def _check_way(self, via: str) -> None:
        copies = COPIES.findall(via)
        if self._name in copies or len(copies) >= MOST_COPIES:
            said = Sentence("the address of the publisher, %(url)s, leads back to a copy", url=self._publisher)
            remedy = Sentence("let replication.publisher of the copies name the publisher's own address")
            raise ProblemError("forwarding-loop", said, {"remedy": remedy})

    def _request(self, exchange: Exchange, small: bytes | None) -> h11.Request:
        """Return the request that the publisher gets; its target is the client's, byte by byte.

        Args:
            exchange: what the client asks.
            small: the body, where it has arrived at once.

        Raises:
            ProblemError: 400, what the client sent cannot be said in HTTP/1.1.
        """
        scope, parts = exchange.scope, urlsplit(self._publisher)
        root: bytes = scope.get("root_path", "").encode()
        target = parts.path.rstrip("/").encode() + scope["raw_path"].removeprefix(root)
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        headers = [(b"host", parts.netloc.encode()), (b"connection", b"close"), *_end_to_end(scope["headers"])]
        headers += [(b"via", self._via(exchange.headers.get("via", ""))), *_forwarded(exchange, root)]
        length = exchange.headers.get("content-length", "") if small is None else str(len(small))
        if length != "0" or scope["method"] in ("POST", "PUT", "PATCH"):
            named = (b"content-length", length.encode())
            headers.append(named if length else (b"transfer-encoding", b"chunked"))
        try:
            return h11.Request(method=scope["method"], target=target, headers=headers)
        except h11.LocalProtocolError as problem:
            said = Sentence("the request cannot be handed on to the publisher: %(words)s", words=str(problem))
            raise ProblemError("bad-request", said) from problem

    def _via(self, via: str) -> bytes:
        return ", ".join(filter(None, (via, f"1.1 {self._name}"))).encode("latin-1")

    async def _connected(self) -> _Connection:
        """Return a fresh connection: one that had waited might have been ended just now, and a write would be lost."""
        parts = urlsplit(self._publisher)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            if parts.scheme == "https" and self._authorities is None:
                self._authorities = ssl.create_default_context()  # the system's, or those of SSL_CERT_FILE
            async with asyncio.timeout(CONNECT_SECONDS):
                streams = await asyncio.open_connection(parts.hostname, port, ssl=self._authorities)
        except OSError as problem:  # no time is one, too
            raise self._away(problem) from problem
        self._is_away = False
        return _Connection(*streams)

    def _away(self, problem: OSError) -> ProblemError:
        if not self._is_away:  # said once, until it is there again
            log.warning("the publisher, %s, cannot be reached: %s", self._publisher, problem or type(problem).__name__)
        self._is_away = True
        said = Sentence("this is a copy, and its publisher cannot be reached now")
        return ProblemError("publisher-away", said, {}, RETRY)

    async def _answered(self, connection: _Connection, request: h11.Request, body: _ForwardedBody, send: Send) -> int:
        # as long for what is done with the body as it has to arrive
        seconds = CONNECT_SECONDS + 2 * self._limits.upload_seconds
        try:
            async with asyncio.timeout(seconds):
                response = await connection.asked(request, body)
        except (OSError, h11.ProtocolError) as problem:
            said = Sentence("this is a copy; its publisher was sent the request, and gave no whole answer")
            raise ProblemError("publisher-silent", said, {}, RETRY) from problem
        try:
            async with asyncio.timeout(seconds):
                await self._hand_back(response, connection, body, send)
        except TooSlowError:
            raise
        except (OSError, h11.ProtocolError) as problem:
            raise ClientGoneError("the publisher's answer breaks off") from problem
        return response.status_code

    async def _hand_back(
        self, response: h11.Response, connection: _Connection, body: _ForwardedBody, send: Send
    ) -> None:
        """Send the answer on as it arrives; redirects are the client's to follow."""
        came = [(bytes(name), bytes(value)) for name, value in response.headers]
        via = ", ".join(value.decode("latin-1") for name, value in came if name == b"via")
        headers = [*_end_to_end(came, MADE_ANEW - {"content-length"}), (b"via", self._via(via))]
        if not body.is_read:  # the server ends a connection on which a body is left; who is told makes another
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        async for part in connection.parts():
            await self._delivery.send(send, {"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class _Connection:
    """One request to the publisher and its answer, which may come before the request has ended: 401, or 413."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)

    async def asked(self, request: h11.Request, body: _ForwardedBody) -> h11.Response:
        """Send a request and return the beginning of the answer.

        Raises:
            HamkorError: as the body.
            OSError: the connection ends.
            h11.RemoteProtocolError: the answer is none.
        """
        tasks = sending, answering = (
            asyncio.ensure_future(self._send(request, body)),
            asyncio.ensure_future(self._head()),
        )
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                await sending
            return await answering
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, request: h11.Request, body: _ForwardedBody) -> None:
        """Send until all is sent or nobody takes more; where the body breaks off, it never ends for the publisher."""
        with suppress(ConnectionError):  # why it has ended the connection, its answer says
            await self._write(request)
            async for part in body.parts():
                await self._write(h11.Data(data=part))
            await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()

    async def _head(self) -> h11.Response:
        while not isinstance(event := await self._event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError
        return event

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body of the answer as it arrives.

        Raises:
            h11.RemoteProtocolError: it breaks off.
        """
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(PIECE))
        return event

    def close(self) -> None:
        """End the connection at once, whatever is left on it."""
        self._writer.transport.abort()


class _ForwardedBody:
    """The body of a request on its way; no more than a piece of it is here at a time.

    Attributes:
        is_read: whether its end has arrived.
    """

    def __init__(self, receive: Receive, most_mb: int) -> None:
        self._receive, self._most_mb, self._size = receive, most_mb, 0
        self._first: Message = {}
        self.is_read = False

    async def begun(self) -> bytes | None:
        """Return the body where it has arrived at once, or None where more is to come."""
        self._first = await self._next()
        return bytes(self._first.get("body", b"")) if self.is_read else None

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield what has arrived and what arrives; where it breaks off, the publisher's connection does."""
        message = self._first
        while True:
            if part := message.get("body", b""):
                yield part
            if self.is_read:
                return
            message = await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most_mb << 20:
            problem = Sentence("the body is larger than %(number)s MiB", number=str(self._most_mb))
            raise QueryLimitError("limits.upload_mb", self._most_mb, problem, Sentence("divide it"))
        self.is_read = not message.get("more_body", False)
        return message


def forwarding(publication: Publication, delivery: Delivery) -> PublisherForward | None:
    """Return the way to the publisher of a copy that hands on what only the publisher can answer; None for others."""
    is_copy = publication.origin is not None
    return PublisherForward(publication, delivery) if is_copy and publication.settings.replication.forward else None


def _end_to_end(headers: Headers, anew: frozenset[str] = MADE_ANEW) -> Headers:
    """Return the fields that are not for one connection alone: neither by their name nor named in Connection."""
    named = [value.decode("latin-1").lower() for name, value in headers if name == b"connection"]
    left = OF_ONE_HOP | anew | {each.strip() for value in named for each in value.split(",")}
    return [(name, value) for name, value in headers if name.decode("latin-1") not in left]


def _forwarded(exchange: Exchange, root: bytes) -> Headers:
    """Return how the client sees this service, for a publisher that believes its copies (``proxy.addresses``)."""
    fields = {
        b"x-forwarded-for": exchange.client.encode(),
        b"x-forwarded-proto": exchange.scope.get("scheme", "http").encode(),
        b"x-forwarded-host": exchange.headers.get("host", "").encode("latin-1"),
        b"x-forwarded-prefix": root,
    }
    return [(name, value) for name, value in fields.items() if value]
