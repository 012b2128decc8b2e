"""The forwarder: a service on loopback through which every SERVICE call of the engine goes, each within limits."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.parsers import expat

import h11
import msgspec
import pyoxigraph as ox

from graph.model.errors import (
    EngineUnavailableError,
    HamkorError,
    QueryLimitError,
    QueryRefusedError,
    Quotation,
    Said,
    Sentence,
    SettingError,
    packed,
    unpacked,
)
from graph.model.settings import FederationSettings, Settings
from graph.query.federation import Address, addresses_allowed, canonical_endpoint

if TYPE_CHECKING:
    import httpx

# One HTTP exchange on a connection that somebody else opened: a request is read, a response is written, no more.
#
# It knows no routes. h11 reads and writes the protocol (RFC 9112); this moves the bytes.

PIECE = 1 << 16


class ForwarderExchange:
    """The answering end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a fresh connection."""
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.SERVER)

    async def request(self) -> h11.Request:
        """Return the request without its body.

        Raises:
            ConnectionResetError: the other side has gone.
            h11.RemoteProtocolError: this is no HTTP.
        """
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError
        return event

    async def body(self, most: int) -> bytes | None:
        """Return the body of the request, or None where it has more than ``most`` bytes."""
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > most:
                return None
        return bytes(body)

    async def gone(self) -> None:
        """Return when the other side does not wait for the response any more."""
        await self._reader.read(1)

    async def respond(self, status: int, content_type: str, body: bytes) -> None:
        """Send the whole response; the connection is of no use after it."""
        length = str(len(body))
        headers = [("Content-Type", content_type), ("Content-Length", length), ("Connection", "close")]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(PIECE))
        return event


# An endpoint's answer to a SERVICE call: its media type and bytes, and whether they can be SPARQL results at all.
#
# It makes no terms. The engine's parser runs in a worker, which may die of a hostile answer; what is looked at here, in
# the process that serves everybody, is what goes wrong in practice: a page instead of results, an answer that breaks
# off. So SERVICE SILENT can pass over such an answer, and the error of any other call names its endpoint.


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What an endpoint answered, whole.

    Attributes:
        content_type: the media type of SPARQL results that the endpoint's means to the engine, or what it said.
        body: the bytes.
    """

    content_type: str
    body: bytes

    def problem(self, endpoint: str) -> Sentence | None:
        """Return what is wrong with it as SPARQL results of a SELECT from an endpoint, or None.

        Takes about 10 ms for 16 MiB of JSON and 100 ms of XML, in which other threads can run.
        """
        check = _CHECKS.get(ox.QueryResultsFormat.from_media_type(self.content_type))
        if check is not None:
            return check(endpoint, self.body)
        if not self.content_type:
            return Sentence(
                "the endpoint <%(endpoint)s> answered with no media type, not with SPARQL results in JSON or XML",
                endpoint=endpoint,
            )
        return Sentence(
            "the endpoint <%(endpoint)s> answered with %(type)s, not with SPARQL results in JSON or XML",
            endpoint=endpoint,
            type=self.content_type,
        )


class _Results(msgspec.Struct):
    bindings: msgspec.Raw


class _Document(msgspec.Struct):
    results: _Results


def _json(endpoint: str, body: bytes) -> Sentence | None:
    try:
        msgspec.json.decode(body, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Sentence(
            "the endpoint <%(endpoint)s> answered with what is no SPARQL JSON: %(words)s",
            endpoint=endpoint,
            words=error,
        )
    except RecursionError:
        return Sentence("the endpoint <%(endpoint)s> answered with JSON that nests too deeply", endpoint=endpoint)
    return None


def _xml(endpoint: str, body: bytes) -> Sentence | None:
    parser = expat.ParserCreate(namespace_separator=" ")
    names: list[str] = []

    def begin(name: str, _: dict[str, str]) -> None:
        names.append(name.rpartition(" ")[2])
        if names[-1] == "results":
            parser.StartElementHandler = None

    parser.StartElementHandler = begin
    try:
        for start in range(0, len(body), PIECE):
            parser.Parse(body[start : start + PIECE], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        return Sentence(
            "the endpoint <%(endpoint)s> answered with what is no XML: %(words)s", endpoint=endpoint, words=error
        )
    if names[:1] == ["sparql"] and names[-1] == "results":
        return None
    return Sentence("the endpoint <%(endpoint)s> answered with XML that is no result of a SELECT", endpoint=endpoint)


_CHECKS: dict[ox.QueryResultsFormat | None, Callable[[str, bytes], Sentence | None]] = {
    ox.QueryResultsFormat.JSON: _json,
    ox.QueryResultsFormat.XML: _xml,
}


# One call of a SPARQL endpoint for a SERVICE clause (SPARQL 1.1 Federated Query): to one address, within limits.
#
# The host is looked up once, its addresses are judged, and the connection goes to the very address that was judged; TLS
# still names and checks the host. No redirect is followed, no proxy used, no connection kept: what two hosts share is
# at most an address. It decides not which endpoints may be called (``graph.query.sparql.guard``) and runs no query.

MIB = 1 << 20
QUOTED = 300
TOO_LATE, TOO_LARGE, FAILED = 504, 413, 502


@dataclass
class ServiceCallError(HamkorError):
    """A call came to nothing.

    Attributes:
        problem: what happened, with the endpoint.
        status: 504 where the time was up, 413 where the answer was too large, 502 for all else.
    """

    problem: Sentence
    status: int = FAILED

    @property
    def sentence(self) -> Said:
        """What happened."""
        return self.problem


@dataclass(frozen=True, slots=True)
class ServiceQuery:
    """What the engine asks an endpoint: the query, its media type, and the media types it can read."""

    body: bytes
    content_type: str
    accept: str


class ServiceCaller:
    """Calls endpoints within the limits of ``[federation]``."""

    def __init__(self, settings: FederationSettings, agent: str, tls: ssl.SSLContext | None = None) -> None:
        """Make one that has called nobody yet.

        Args:
            settings: the limits, and whether addresses that are not public may be called.
            agent: how the calls introduce themselves (User-Agent).
            tls: which certificates are trusted; the usual public ones where it is None.
        """
        import httpx  # noqa: PLC0415  takes 60 ms to load, and few publications allow services

        self._settings = settings
        self._agent = agent
        self._client = httpx.AsyncClient(
            verify=tls if tls is not None else True,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113  ``call`` limits the whole
            # A kept connection is found again by its address, whichever host it was opened for.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def call(self, endpoint: str, query: ServiceQuery) -> ServiceAnswer:
        """Ask an endpoint and return its answer, whole.

        Raises:
            ServiceCallError: it cannot be reached or may not be, or did not answer with results within the limits.
        """
        import httpx  # noqa: PLC0415  as in ``__init__``

        seconds = self._settings.seconds
        try:
            async with asyncio.timeout(seconds):
                answer = await self._called(endpoint, query)
                problem = await asyncio.to_thread(answer.problem, endpoint)
        except TimeoutError as late:
            said = Sentence(
                "the endpoint <%(endpoint)s> did not answer within %(seconds)s seconds",
                endpoint=endpoint,
                seconds=f"{seconds:g}",
            )
            raise ServiceCallError(said, TOO_LATE) from late
        except QueryRefusedError as refused:
            said = Sentence(
                "the endpoint <%(endpoint)s> cannot be called: %(problem)s", endpoint=endpoint, problem=refused
            )
            raise ServiceCallError(said) from refused
        except httpx.HTTPError as failed:
            said = Sentence(
                "the endpoint <%(endpoint)s> cannot be reached, or broke off: %(words)s",
                endpoint=endpoint,
                words=Quotation(str(failed) or type(failed).__name__),
            )
            raise ServiceCallError(said) from failed
        if problem is not None:
            raise ServiceCallError(problem)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _called(self, endpoint: str, query: ServiceQuery) -> ServiceAnswer:
        import httpx  # noqa: PLC0415  as in ``__init__``

        *others, last = await self._addresses(httpx.URL(endpoint).raw_host.decode("ascii"))
        for address in others:
            try:
                return await self._posted(endpoint, address, query)
            except httpx.ConnectError:
                continue
        return await self._posted(endpoint, last, query)

    async def _addresses(self, host: str) -> tuple[Address, ...]:
        """Return where the host is; an address that the allow-list itself spells out needs no further permission.

        Raises:
            QueryRefusedError: it has no address, or one that may not be called.
        """
        try:
            return (ip_address(host),)
        except ValueError:
            return await asyncio.to_thread(addresses_allowed, host, allow_private=self._settings.allow_private)

    async def _posted(self, endpoint: str, address: Address, query: ServiceQuery) -> ServiceAnswer:
        import httpx  # noqa: PLC0415  as in ``__init__``

        url = httpx.URL(endpoint)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": query.content_type,
            "Accept": query.accept,
            "Accept-Encoding": "identity",
            "User-Agent": self._agent,
        }
        async with self._client.stream(
            "POST",
            url.copy_with(host=str(address)),
            content=query.body,
            headers=headers,
            extensions={"sni_hostname": url.raw_host.decode("ascii").removesuffix(".")},
        ) as response:
            if response.status_code != HTTPStatus.OK or "Content-Encoding" in response.headers:
                raise ServiceCallError(await _refusal(endpoint, response))
            content_type = response.headers.get("Content-Type", "")
            form = ox.QueryResultsFormat.from_media_type(content_type)
            return ServiceAnswer(form.media_type if form else content_type, await self._body(endpoint, response))

    async def _body(self, endpoint: str, response: httpx.Response) -> bytes:
        most = self._settings.result_mb
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most * MIB:
                said = Sentence(
                    "the endpoint <%(endpoint)s> answered with more than %(most)s MiB",
                    endpoint=endpoint,
                    most=str(most),
                )
                raise ServiceCallError(said, TOO_LARGE)
        return bytes(body)


async def _refusal(endpoint: str, response: httpx.Response) -> Sentence:
    """Return what an answer that is not taken says, with the beginning of its text where it has one."""
    if response.has_redirect_location:
        return Sentence(
            "the endpoint <%(endpoint)s> redirects to <%(address)s>, which is not followed",
            endpoint=endpoint,
            address=response.headers["Location"][:QUOTED],
        )
    status = Quotation(f"{response.status_code} {response.reason_phrase}")
    if "Content-Encoding" in response.headers:
        return Sentence(
            "the endpoint <%(endpoint)s> answered %(status)s in the encoding %(encoding)s, which was not asked for",
            endpoint=endpoint,
            status=status,
            encoding=response.headers["Content-Encoding"][:QUOTED],
        )
    text = bytearray()
    if response.headers.get("Content-Type", "").startswith(("text/plain", "application/problem+json")):
        async for piece in response.aiter_raw():
            text += piece
            if len(text) > QUOTED:
                break
    quoted = "".join(sign if sign.isprintable() else " " for sign in text.decode(errors="replace"))
    if not quoted:
        return Sentence("the endpoint <%(endpoint)s> answered %(status)s", endpoint=endpoint, status=status)
    words = Quotation(" ".join(quoted.split())[:QUOTED])
    return Sentence(
        "the endpoint <%(endpoint)s> answered %(status)s: %(words)s", endpoint=endpoint, status=status, words=words
    )


# The forwarder: a service on loopback through which every SERVICE call of the engine goes.
#
# The engine would look the host up again after any check, and wait for it for ever. So what it is given instead of an
# allowed endpoint is an address here, with a token that nobody else knows (``addresses``, which the guard writes into
# the query); what it asks there is asked of the endpoint within limits (``ServiceCaller``), and the whole
# answer, or the reason why there is none, goes back. An engine that gives up ends the call. Where no endpoint is
# allowed, there is no such service.

HOST = "127.0.0.1"
LARGEST_QUERY = 64 * MIB
RECEIVE_SECONDS = 10.0
TEXT, JSON = "text/plain; charset=utf-8", "application/json"
REMEDY = Sentence("ask that endpoint for less, or query it yourself")


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
        status, text = int(found[1]), _told(found[2])
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
            await self._forward(ForwarderExchange(reader, writer))
        except (OSError, h11.ProtocolError):  # gone, too slow, or no HTTP: nobody waits for words
            pass
        finally:
            writer.close()

    async def _forward(self, exchange: ForwarderExchange) -> None:
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
            # The engine hands it on in its own words, as text: so it is one that still knows what it is made of.
            await exchange.respond(answer.status, JSON, msgspec.json.encode(packed(answer.problem)))

    def _unwritten(self, query: bytes) -> bytes:
        """Put the endpoints of SERVICE clauses within the call back: they are for the endpoint to reach."""
        for iri, address in self.addresses.items():
            query = query.replace(f"<{address}>".encode(), f"<{iri}>".encode())
        return query

    async def _unless_gone(
        self, exchange: ForwarderExchange, endpoint: str, query: ServiceQuery
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


def _told(payload: str) -> Said:
    """Return what the forwarder has said to the engine of a failed call."""
    try:
        told = unpacked(msgspec.json.decode(payload))
    except msgspec.DecodeError:
        return Quotation(payload)
    return told if isinstance(told, Sentence) else Quotation(payload)


def _checked(iri: str) -> str:
    import httpx  # noqa: PLC0415  as in ``ServiceCaller.__init__``

    try:
        usable = canonical_endpoint(iri) is not None and bool(httpx.URL(iri).host)
    except httpx.InvalidURL:
        usable = False
    if not usable:
        raise SettingError(
            "federation.services", Sentence("%(iri)s is no http or https address of an endpoint", iri=repr(iri))
        )
    return iri
