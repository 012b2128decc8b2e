"""Requests to an engine over HTTP: one connection that is kept, credentials from the environment, trailers read.

It is the asking end, on ``h11`` as the forwarder's answering end is: ``httpx`` reads past trailers, in which some
engines say that an answer is not whole. What a response means is for its callers to say.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import h11

from graph.model.errors import EngineUnavailableError, Quotation, Sentence

if TYPE_CHECKING:
    import httpx

USER, PASSWORD, TOKEN = "HAMKOR_ENGINE_USER", "HAMKOR_ENGINE_PASSWORD", "HAMKOR_ENGINE_TOKEN"
"""The variables of the environment that hold what an engine asks for; nothing else knows it."""
CONNECT_SECONDS, RETRY_SECONDS = 5.0, 5.0
PIECE = 1 << 16
LARGEST_HEAD = 1 << 16
UNAUTHORIZED = 401


class EngineCredentials:
    """Answers the engine's challenge: Basic or Digest with user and password, whichever it asks for; or a token.

    Nothing is sent before it is asked for, but a token.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take what the environment holds; without any of it, challenges stay unanswered."""
        self._user, self._password = environment.get(USER, ""), environment.get(PASSWORD, "")
        self._token = environment.get(TOKEN, "")
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield a request, and again with what is asked for, each to be answered by its response (as httpx.Auth)."""
        import httpx  # noqa: PLC0415  takes 60 ms to load, and few have an engine of others

        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request
            return
        if self._chosen is None:
            response = yield request
            scheme = response.headers.get("WWW-Authenticate", "").partition(" ")[0].lower()
            if response.status_code != UNAUTHORIZED or not self._user:
                return
            is_digest = scheme == "digest"
            chosen = httpx.DigestAuth if is_digest else httpx.BasicAuth
            self._chosen = chosen(self._user, self._password)
        yield from self._chosen.auth_flow(request)


@dataclass
class EngineResponse:
    """What an engine answered: status and headers at once, the body piece by piece, trailers when that is read.

    Attributes:
        status: of HTTP.
        reason: its words.
        headers: by their names in small letters; several of one name are joined by commas.
        trailers: the same of what comes behind the body; empty before it is read.
    """

    status: int
    reason: str
    headers: dict[str, str]
    trailers: dict[str, str] = field(default_factory=dict)
    _pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))

    def pieces(self) -> Iterator[bytes]:
        """Yield the body.

        Raises:
            EngineUnavailableError: it breaks off, or does not come in time.
        """
        return self._pieces

    def text(self, most: int = 2_000) -> str:
        """Return the beginning of the body as a line of text; the rest is read, up to a bound, and thrown away."""
        kept, read = bytearray(), 0
        for piece in self._pieces:
            kept += piece[: most - len(kept)]
            read += len(piece)
            if read > PIECE:
                break
        return " ".join("".join(sign if sign.isprintable() else " " for sign in kept.decode(errors="replace")).split())


class EngineClient:
    """Asks one engine, one request after the other; used from one thread.

    Attributes:
        has_connected: set whenever a new connection has been made: behind it may be an engine that was started anew.
        product: what the engine called itself in its last response (Server).
    """

    def __init__(self, agent: str, environment: Mapping[str, str] | None = None) -> None:
        """Make one that is not connected.

        Args:
            agent: how it introduces itself (User-Agent).
            environment: where credentials are; that of this process where it is None.
        """
        self._agent = agent
        self._auth = EngineCredentials(os.environ if environment is None else environment)
        self._socket: socket.socket | None = None
        self._place: tuple[str, str, int] = ("", "", 0)
        self._protocol = h11.Connection(h11.CLIENT)
        self._deadline = float("inf")
        self.has_connected = False
        self.product = ""

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def connect(self, url: str) -> None:
        """Have a connection to the host of a URL, an open one where there is.

        Raises:
            EngineUnavailableError: it cannot be reached.
        """
        parts = urlsplit(url)
        place = parts.scheme, parts.hostname or "", parts.port or {"https": 443}.get(parts.scheme, 80)
        if self._socket is not None and place == self._place and self._protocol.our_state is h11.IDLE:
            return
        self.close()
        try:
            plain = socket.create_connection(place[1:], CONNECT_SECONDS)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            is_secret = parts.scheme == "https"
            context = ssl.create_default_context() if is_secret else None
            self._socket = context.wrap_socket(plain, server_hostname=place[1]) if context else plain
        except OSError as problem:
            raise unreachable(problem) from problem
        self._place, self._protocol = place, h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        self.has_connected = True

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", seconds: float = float("inf")
    ) -> EngineResponse:
        """Send a request and return the response; the body of the one before it must have been read, or is lost.

        Args:
            method: of HTTP.
            url: of the engine, with its query string.
            headers: beside those that every request has.
            body: whole.
            seconds: in which all of it must be done, the reading of the body included.

        Raises:
            EngineUnavailableError: the engine cannot be reached, breaks off or takes too long.
        """
        import httpx  # noqa: PLC0415  as in ``EngineCredentials.auth_flow``

        self._deadline = time.monotonic() + seconds
        flow = self._auth.auth_flow(httpx.Request(method, url))
        request = next(flow)
        while True:
            own = {name: value for name, value in request.headers.items() if name.lower() == "authorization"}
            response = self._sent(method, url, {**headers, **own}, body)
            if response.status == UNAUTHORIZED:
                challenge = httpx.Response(response.status, headers=response.headers, request=request)
            else:
                challenge = httpx.Response(response.status, request=request)
            try:
                request = flow.send(challenge)
            except StopIteration:
                return response
            response.text()

    def form(
        self, url: str, fields: Iterable[tuple[str, str]], accept: str, seconds: float = float("inf")
    ) -> EngineResponse:
        """Send a form by POST, as the SPARQL protocol has it; as ``send``."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
        return self.send("POST", url, headers, urlencode(list(fields)).encode(), seconds)

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> EngineResponse:
        was_open = self._socket is not None
        self.connect(url)
        try:
            return self._exchanged(method, url, headers, body)
        except (OSError, h11.RemoteProtocolError) as problem:
            self.close()
            # The engine may have closed a connection that nobody used, in the moment in which it was used again: all
            # that is sent here does the same when it comes twice
            if not was_open or isinstance(problem, TimeoutError):
                raise unreachable(problem) from problem
        self.connect(url)
        try:
            return self._exchanged(method, url, headers, body)
        except (OSError, h11.RemoteProtocolError) as problem:
            self.close()
            raise unreachable(problem) from problem

    def _exchanged(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> EngineResponse:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        named = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": self._agent,
            "Accept-Encoding": "identity",
            "TE": "trailers",
            "Connection": "keep-alive, TE",
            "Content-Length": str(len(body)),
            **headers,
        }
        events = (h11.Request(method=method, target=target, headers=list(named.items())), h11.Data(data=body))
        try:
            for event in (*events, h11.EndOfMessage()):
                self._put(self._protocol.send(event) or b"")
        except (BrokenPipeError, ConnectionResetError):  # it may have answered before it had read everything
            self._protocol.send_failed()
        return self._response()

    def _response(self) -> EngineResponse:
        while isinstance(event := self._event(), h11.InformationalResponse):
            pass
        if not isinstance(event, h11.Response):
            raise ConnectionResetError("the engine closed the connection")
        response = EngineResponse(event.status_code, event.reason.decode("latin-1"), _joined(event.headers))
        self.product = response.headers.get("server", "").strip()
        response._pieces = self._body(response)
        return response

    def _body(self, response: EngineResponse) -> Iterator[bytes]:
        try:
            while isinstance(event := self._event(), h11.Data):
                yield bytes(event.data)
        except (OSError, h11.RemoteProtocolError) as problem:
            self.close()
            raise unreachable(problem) from problem
        if not isinstance(event, h11.EndOfMessage):
            self.close()
            raise unreachable(ConnectionResetError("it broke off"))
        response.trailers.update(_joined(event.headers))
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
        else:
            self.close()

    def _put(self, data: bytes) -> None:
        assert self._socket is not None  # noqa: S101  it is connected
        self._wait()
        self._socket.sendall(data)

    def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            assert self._socket is not None  # noqa: S101  it is connected
            self._wait()
            self._protocol.receive_data(self._socket.recv(PIECE))
        return event

    def _wait(self) -> None:
        """Let the socket wait for as long as there is time."""
        assert self._socket is not None  # noqa: S101  it is connected
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(None if left == float("inf") else left)


def unreachable(problem: Exception) -> EngineUnavailableError:
    """Return the error that an engine does not answer, or not to the end; its address is the operator's, not shown."""
    words = Quotation(getattr(problem, "strerror", None) or str(problem) or type(problem).__name__)
    return EngineUnavailableError(
        Sentence("the SPARQL engine cannot be reached, or broke off: %(words)s", words=words), RETRY_SECONDS
    )


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
