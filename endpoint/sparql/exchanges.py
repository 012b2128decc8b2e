"""One ASGI exchange: what was asked, also behind a proxy, and what goes back, piece by piece, each within a time."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from cachetools import LRUCache

from endpoint.http.problems import ProblemError, problem_of
from endpoint.http.semantics import (
    ALWAYS,
    OF_QUERIES,
    Coding,
    Fields,
    coding_of,
    held,
    problem_body,
    problem_fields,
    problem_form,
    validators,
)
from endpoint.sparql.protocol import service_fields
from endpoint.sparql.short_way import LaneAnswer
from endpoint.urls import URI_CHARACTERS, own_address
from graph.model.errors import HamkorError, Sentence
from graph.releases.history import release_time

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# Behind a reverse proxy: which of its words are believed, and what they make of a request.
#
# Forwarded headers count from the proxies of ``[proxy] addresses`` only; from anywhere else they are anybody's words,
# and are taken off the request. It is the one place that reads them: behind it a request has the scheme, host, path
# prefix and client that its sender knows, and nobody else looks at ``X-Forwarded-…``. It makes no URL.

FOR, PROTO, HOST, PREFIX = (f"x-forwarded-{each}".encode() for each in ("for", "proto", "host", "prefix"))
FORWARDED = frozenset({FOR, PROTO, HOST, PREFIX, b"forwarded", b"x-forwarded-port", b"x-forwarded-server"})
VARY = {PROTO: b"X-Forwarded-Proto", HOST: b"X-Forwarded-Host", PREFIX: b"X-Forwarded-Prefix"}
"""The headers that change what an answer says of its own address, as ``Vary`` names them."""
A_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
A_PREFIX = re.compile(rb"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~%@+,=-]+)*/?")
"""A path of plain segments: no empty one, so that no host can stand in it, and none that leads upwards."""
LOCAL = ""
"""What a server says of a peer that came over a socket of this machine which has no address."""

PEERS = 1024
"""Of so many peers and clients it is remembered what their addresses are; to read one takes some microseconds."""
LONGEST_ADDRESS = 100

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proxies:
    """The reverse proxies whose forwarded headers are believed.

    Attributes:
        networks: where they are.
    """

    networks: Networks
    _known: LRUCache[str, bool] = field(default_factory=lambda: LRUCache(PEERS), repr=False, compare=False)

    @classmethod
    def of(cls, addresses: Sequence[str]) -> Proxies:
        """Return the proxies that a setting names: addresses and networks (``10.0.0.0/8``) that were checked before."""
        return cls(tuple(ipaddress.ip_network(each, strict=False) for each in addresses))

    def include(self, peer: str) -> bool:
        """Tell whether the peer of a connection is one of them; few peers ask much, so of those it is remembered."""
        found = self._known.get(peer)
        if found is None:
            found = self._known[peer] = self._have(peer)
        return found

    def _have(self, peer: str) -> bool:
        if peer == LOCAL:
            return bool(self.networks)
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # a socket for both families shows 127.0.0.1 as ::ffff:127.0.0.1
        return any(address in network for network in self.networks if network.version == address.version)

    def seen(self, scope: Scope) -> tuple[Header, ...]:
        """Make the scope of a request (ASGI 3) what its client sent; return what its answer's ``Vary`` has to name.

        Raises:
            ProblemError: 400, a believed header is not what it may be, or ``Host`` is there twice or is no host (RFC
                9112 3.2).
        """
        found, others, hosts = dict[bytes, bytes](), list[Header](), list[bytes]()
        for header in scope["headers"]:
            if header[0] in FORWARDED:
                found[header[0]] = header[1]
                continue
            if header[0] == b"host":
                hosts.append(header[1])
            others.append(header)
        scope["headers"] = others
        _check_host(hosts)
        if not found or not self.include((scope.get("client") or (LOCAL,))[0]):
            return ()
        return _rewrite(scope, found)


def _check_host(hosts: list[bytes]) -> None:
    if len(hosts) > 1:
        raise ProblemError(
            "bad-request", Sentence("exactly one header Host is needed; there are %(count)s", count=len(hosts))
        )
    if hosts and hosts[0] and not A_HOST.fullmatch(hosts[0]):
        raise _no_good("Host", hosts[0])


def _rewrite(scope: Scope, found: dict[bytes, bytes]) -> tuple[Header, ...]:
    """Put what a proxy says where the server had put what it saw; of several values the last is the nearest proxy's."""
    said = {name: value.rpartition(b",")[2].strip() for name, value in found.items()}
    scheme, host, prefix = said.get(PROTO, b""), said.get(HOST, b""), said.get(PREFIX, b"")
    if scheme:
        if scheme.lower() not in (b"http", b"https"):
            raise _no_good("X-Forwarded-Proto", scheme)
        scope["scheme"] = scheme.lower().decode()
    if host:
        if not A_HOST.fullmatch(host):
            raise _no_good("X-Forwarded-Host", host)
        scope["headers"] = [(name, host if name == b"host" else value) for name, value in scope["headers"]]
    if prefix.rstrip(b"/"):
        if not A_PREFIX.fullmatch(prefix):
            raise _no_good("X-Forwarded-Prefix", prefix)
        _below(scope, prefix.rstrip(b"/").decode())
    if (named := said.get(FOR, b"")) and (client := _client(named)):
        scope["client"] = (client, 0)
    return tuple((b"vary", shown) for name, shown in VARY.items() if said.get(name))


def _below(scope: Scope, prefix: str) -> None:
    """Put the application below a path; ASGI's ``path`` includes ``root_path``."""
    scope["root_path"] = prefix
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    scope["path"], scope["raw_path"] = prefix + scope["path"], prefix.encode() + raw


def _client(named: bytes) -> str:
    return _known_address(named) if len(named) <= LONGEST_ADDRESS else _address(named)


def _address(named: bytes) -> str:
    """Return the address that X-Forwarded-For names last, without a port; empty where it is none (``unknown``)."""
    said = named.decode("latin-1")
    bare = re.sub(r"^\[(.*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$", r"\1\2", said)
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


_known_address = lru_cache(maxsize=PEERS)(_address)


def _no_good(name: str, value: bytes) -> ProblemError:
    shown = value[:80].decode("latin-1")
    return ProblemError(
        "bad-request", Sentence("this cannot be the value of the header %(name)s: %(value)s", name=name, value=shown)
    )


# The path of a request as its client spelt it, percent-encoding included: what IRIs are told apart by.
#
# WSGI hands paths over decoded (PEP 3333), after which ``/id/a%2Fb`` and ``/id/a/b`` are one. Which IRI a path means is
# decided in ``endpoint.urls``.


class SpeltPath:
    """A WSGI application whose PATH_INFO is never decoded: whoever needs a decoded name decodes it."""

    def __init__(self, application: WSGIApplication) -> None:
        """Wrap an application."""
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        environ["PATH_INFO"] = spelt_path(environ)
        return self._application(environ, start_response)


def spelt_path(environ: WSGIEnvironment) -> str:
    """Return the path of a request below SCRIPT_NAME as it was spelt; as it may have been, where no server tells."""
    scope = environ.get("asgi.scope")  # a2wsgi tells no REQUEST_URI, but hands over what it was given
    raw: str = scope["raw_path"].decode("latin-1") if scope and scope.get("raw_path") else ""
    raw = raw or environ.get("REQUEST_URI", "") or environ.get("RAW_URI", "")
    path = raw.partition("?")[0] if raw.startswith("/") else urlsplit(raw).path
    if not path:
        return quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=URI_CHARACTERS.replace("%", ""))
    return path.removeprefix(environ.get("SCRIPT_NAME", ""))


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
        """Send a whole answer, or a 304 to a client that has it; a spool file is removed, whatever happens.

        Raises:
            ProblemError: 412, it is not what the client demands.
        """
        body, release, asked = found.answer.body, found.answer.release, self.headers.get
        tag, made = found.tag if self.scope["method"] != "POST" else "", made_at(release)
        service = _of_service(self._here)
        own: Fields = ((RELEASE, release),)
        try:
            theirs = held(self.scope["method"], tag, made, asked)
        except ProblemError:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            raise
        if theirs:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            await self._start(304, (*own, *validators(theirs, made, OF_QUERIES, is_known=True)), service)
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
