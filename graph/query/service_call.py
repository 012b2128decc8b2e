"""One call of a SPARQL endpoint for a SERVICE clause (SPARQL 1.1 Federated Query): to one address, within limits.

The host is looked up once, its addresses are judged, and the connection goes to the very address that was judged; TLS
still names and checks the host. No redirect is followed, no proxy used, no connection kept: what two hosts share is at
most an address. It decides not which endpoints may be called (``graph.query.guard``) and runs no query.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from ipaddress import ip_address

import httpx
import pyoxigraph as ox

from graph.errors import HamkorError, QueryRefusedError
from graph.query.federation import Address, addresses_allowed
from graph.query.service_answer import ServiceAnswer
from graph.settings import FederationSettings

MIB = 1 << 20
QUOTED = 300
TOO_LATE, TOO_LARGE, FAILED = 504, 413, 502


@dataclass
class ServiceCallError(HamkorError):
    """A call came to nothing.

    Attributes:
        endpoint: its IRI.
        problem: what happened, as the rest of a sentence that begins with the endpoint.
        status: 504 where the time was up, 413 where the answer was too large, 502 for all else.
    """

    endpoint: str
    problem: str
    status: int = FAILED

    def __str__(self) -> str:
        return f"the endpoint <{self.endpoint}> {self.problem}"


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
        seconds = self._settings.seconds
        try:
            async with asyncio.timeout(seconds):
                answer = await self._called(endpoint, query)
                problem = await asyncio.to_thread(answer.problem)
        except TimeoutError as late:
            raise ServiceCallError(endpoint, f"did not answer within {seconds:g} seconds", TOO_LATE) from late
        except QueryRefusedError as refused:
            raise ServiceCallError(endpoint, f"cannot be called: {refused}") from refused
        except httpx.HTTPError as failed:
            reason = str(failed) or type(failed).__name__
            raise ServiceCallError(endpoint, f"cannot be reached, or broke off: {reason}") from failed
        if problem:
            raise ServiceCallError(endpoint, problem)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _called(self, endpoint: str, query: ServiceQuery) -> ServiceAnswer:
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
            if response.status_code != httpx.codes.OK or "Content-Encoding" in response.headers:
                raise ServiceCallError(endpoint, await _refusal(response))
            content_type = response.headers.get("Content-Type", "")
            form = ox.QueryResultsFormat.from_media_type(content_type)
            return ServiceAnswer(form.media_type if form else content_type, await self._body(endpoint, response))

    async def _body(self, endpoint: str, response: httpx.Response) -> bytes:
        most = self._settings.result_mb
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most * MIB:
                raise ServiceCallError(endpoint, f"answered with more than {most} MiB", TOO_LARGE)
        return bytes(body)


async def _refusal(response: httpx.Response) -> str:
    """Return what an answer that is not taken says, with the beginning of its text where it has one."""
    if response.has_redirect_location:
        return f"redirects to <{response.headers['Location'][:QUOTED]}>, which is not followed"
    said = f"answered {response.status_code} {response.reason_phrase}"
    if "Content-Encoding" in response.headers:
        return f"{said} in the encoding {response.headers['Content-Encoding'][:QUOTED]}, which was not asked for"
    text = bytearray()
    if response.headers.get("Content-Type", "").startswith(("text/plain", "application/problem+json")):
        async for piece in response.aiter_raw():
            text += piece
            if len(text) > QUOTED:
                break
    quoted = "".join(sign if sign.isprintable() else " " for sign in text.decode(errors="replace"))
    return f"{said}: {' '.join(quoted.split())[:QUOTED]}" if quoted else said
