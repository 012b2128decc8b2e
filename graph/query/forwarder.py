"""The forwarder: a service on loopback through which every SERVICE call of the engine goes.

The engine would look the host up again after any check, and wait for it for ever. So what it is given instead of an
allowed endpoint is an address here, with a token that nobody else knows (``addresses``, which the guard writes into
the query); what it asks there is asked of the endpoint within limits (``graph.query.service_call``), and the whole
answer, or the reason why there is none, goes back. An engine that gives up ends the call. Where no endpoint is allowed,
there is no such service.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import Mapping
from types import MappingProxyType

import h11
import httpx

from graph.errors import EngineUnavailableError, HamkorError, QueryLimitError, SettingError
from graph.query.exchange import Exchange
from graph.query.federation import canonical_endpoint
from graph.query.service_answer import ServiceAnswer
from graph.query.service_call import MIB, TOO_LARGE, TOO_LATE, ServiceCaller, ServiceCallError, ServiceQuery
from graph.settings import Settings

HOST = "127.0.0.1"
LARGEST_QUERY = 64 * MIB
RECEIVE_SECONDS = 10.0
TEXT = "text/plain; charset=utf-8"
REMEDY = "ask that endpoint for less, or query it yourself"


class Forwarder:
    """Stands between the engine and the endpoints that ``federation.services`` allows.

    Attributes:
        addresses: what to write into a query in place of each allowed endpoint; empty unless it is running.
    """

    addresses: Mapping[str, str]

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        """Make one that does not run yet.

        Args:
            settings: whose ``[federation]`` says what may be called, and within which limits.
            tls: which certificates are trusted; the usual public ones where it is None.

        Raises:
            SettingError: an allowed service is no http or https address.
        """
        self._settings, self._tls = settings, tls
        self._endpoints = {f"/{secrets.token_hex(32)}": _checked(iri) for iri in settings.federation.services}
        self.addresses = MappingProxyType({})
        self._caller: ServiceCaller | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure = re.compile(r"(?!)")

    async def start(self) -> None:
        """Listen, where there is anything to forward to; from now on ``addresses`` holds."""
        if not self._endpoints:
            return
        self._caller = ServiceCaller(self._settings.federation, f"Hamkor (+{self._settings.base})", self._tls)
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        here = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        self.addresses = MappingProxyType({iri: here + target for target, iri in self._endpoints.items()})
        self._failure = re.compile(rf"Error (\d+) [^\n]*{re.escape(here)}/\S* with payload:\n(.*)", re.DOTALL)

    async def close(self) -> None:
        """Stop listening and end all calls."""
        self.addresses = MappingProxyType({})
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._caller is not None:
            await self._caller.close()

    def failure(self, message: str) -> HamkorError | None:
        """Return the error that the engine's words about a failed call mean, or None where they are about other things.

        Clients are to see this one: the engine's own words hold the address of the forwarder.
        """
        found = self._failure.match(message)
        if found is None:
            return None
        status, text = int(found[1]), found[2]
        federation = self._settings.federation
        if status == TOO_LATE:
            return QueryLimitError("federation.seconds", federation.seconds, text, REMEDY)
        if status == TOO_LARGE:
            return QueryLimitError("federation.result_mb", federation.result_mb, text, REMEDY)
        return EngineUnavailableError(text, federation.seconds)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of an engine, and close the connection."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a task runs this
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._forward(Exchange(reader, writer))
        except (OSError, h11.ProtocolError):  # gone, too slow, or no HTTP: nobody waits for words
            pass
        finally:
            writer.close()

    async def _forward(self, exchange: Exchange) -> None:
        async with asyncio.timeout(RECEIVE_SECONDS):
            request = await exchange.request()
            endpoint = self._endpoints.get(request.target.decode("ascii"))
            body = await exchange.body(LARGEST_QUERY) if endpoint and request.method == b"POST" else None
        if endpoint is None or body is None:
            await exchange.respond(404, TEXT, b"there is nothing here")
            return
        headers = {name: value.decode("latin-1") for name, value in request.headers}
        query = ServiceQuery(self._unwritten(body), headers.get(b"content-type", ""), headers.get(b"accept", ""))
        answer = await self._unless_gone(exchange, endpoint, query)
        if isinstance(answer, ServiceAnswer):
            await exchange.respond(200, answer.content_type, answer.body)
        else:
            await exchange.respond(answer.status, TEXT, str(answer).encode())

    def _unwritten(self, query: bytes) -> bytes:
        """Put the endpoints of SERVICE clauses within the call back: they are for the endpoint to reach."""
        for iri, address in self.addresses.items():
            query = query.replace(f"<{address}>".encode(), f"<{iri}>".encode())
        return query

    async def _unless_gone(
        self, exchange: Exchange, endpoint: str, query: ServiceQuery
    ) -> ServiceAnswer | ServiceCallError:
        """Call the endpoint, as long as the engine waits for it."""
        call = asyncio.ensure_future(self._call(endpoint, query))
        gone = asyncio.ensure_future(exchange.gone())
        try:
            await asyncio.wait({call, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                raise ConnectionResetError
            return call.result()
        finally:
            call.cancel()
            gone.cancel()
            await asyncio.gather(call, gone, return_exceptions=True)

    async def _call(self, endpoint: str, query: ServiceQuery) -> ServiceAnswer | ServiceCallError:
        assert self._caller is not None  # noqa: S101  it runs
        try:
            return await self._caller.call(endpoint, query)
        except ServiceCallError as failure:
            return failure


def _checked(iri: str) -> str:
    try:
        usable = canonical_endpoint(iri) is not None and bool(httpx.URL(iri).host)
    except httpx.InvalidURL:
        usable = False
    if not usable:
        raise SettingError("federation.services", f"{iri!r} is no http or https address of an endpoint")
    return iri
