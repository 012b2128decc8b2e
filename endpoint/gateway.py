"""The ASGI application: queries of programs take the short way, everything else is Flask's.

It starts and ends the query service with the server, follows ``current``, and notices when a client goes away. It
knows no page and no negotiation of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from endpoint.app import create_app
from endpoint.bridge import PooledEngine
from endpoint.headers import EXPOSED
from endpoint.lane import GZIP_FROM, LaneAnswer, Prepared, SparqlLane, compressed
from endpoint.metrics import CONTENT_TYPE, Metrics, access
from endpoint.negotiation import choose
from endpoint.problems import KINDS, problem_of
from endpoint.protocol import READ_TYPES
from endpoint.representations import AS_PROBLEM, OFFERS
from endpoint.responses import CACHE
from graph.errors import HamkorError
from graph.publication import Publication
from graph.query.service import QueryService
from graph.releases.folder import ReleasesFolder
from graph.releases.release import current_release, open_release

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 0.05
PIECE = 256 << 10
THREADS = 8
log = logging.getLogger("hamkor")


class Gateway:
    """One publication as an ASGI application."""

    def __init__(self, publication: Publication) -> None:
        """Prepare to serve; nothing is started before the server says so (ASGI lifespan)."""
        self._publication = publication
        self._service = QueryService(publication.settings)
        self._lane = SparqlLane(publication, self._service)
        self._metrics = Metrics(self._service, self._lane, publication.settings.log.slow_seconds)
        self._log_access = publication.settings.log.access
        self._engine = PooledEngine(self._service.pool)
        self._pages = WSGIMiddleware(cast("Any", create_app(publication, self._engine)), workers=THREADS)
        self._follower: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection or request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    # The life of the service

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except HamkorError as problem:
                    await send({"type": "lifespan.startup.failed", "message": str(problem)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> None:
        self._engine.loop = asyncio.get_running_loop()
        await self._service.start(current_release(self._publication))
        self._follower = asyncio.create_task(self._follow())

    async def _stop(self) -> None:
        if self._follower is not None:
            self._follower.cancel()
        await self._service.close()

    async def _follow(self) -> None:
        """Hold whatever release is current."""
        releases = ReleasesFolder(self._publication.releases_folder)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                folder = releases.current()
                if folder is not None and folder.name != self._service.release:
                    await self._service.replace(open_release(folder))
                    self._lane.cache.keep(folder.name)
            except HamkorError as problem:
                log.warning("the new release cannot be held: %s", problem)

    # One request

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if path == "/sparql" and scope["method"] in ("GET", "HEAD", "POST"):
            await self._sparql(scope, receive, counted, began)
        elif path == "/metrics" and scope["method"] in ("GET", "HEAD"):
            await _send(counted, 200, [(b"content-type", CONTENT_TYPE.encode())], self._metrics.text())
        else:
            await self._pages(scope, receive, counted)  # type: ignore[arg-type]
        self._metrics.response(status)
        if self._log_access:
            facts = {"method": scope["method"], "path": path, "status": status}
            access.info(json.dumps(facts | {"ms": round((time.perf_counter() - began) * 1000, 1)}))

    async def _sparql(self, scope: Scope, receive: Receive, send: Send, began: float) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body, whole = b"", True
        if scope["method"] == "POST":
            body, whole = await self._body(receive)
        prepared = self._lane.prepare(scope["method"], scope["query_string"], headers, body) if whole else None
        if prepared is None:
            await self._pages(scope, _replayed(body, receive, whole=whole), send)  # type: ignore[arg-type]
            return
        links = _links(scope, headers)
        if (tag := self._lane.tag(prepared)) and _matches(headers.get("if-none-match", ""), tag):
            await _send(send, 304, [*self._common(tag, self._service.release), *links], b"")
            return
        try:
            found = self._lane.known(prepared) or await self._asked(prepared, _client(scope, headers), receive)
        except HamkorError as error:
            self._metrics.query(_outcome(error), time.perf_counter() - began, prepared.query.normalised)
            await _send_problem(send, error, headers.get("accept", ""), scope)
            return
        except asyncio.CancelledError:
            self._metrics.query("abandoned", time.perf_counter() - began, prepared.query.normalised)
            raise
        self._metrics.query(found.outcome, time.perf_counter() - began, prepared.query.normalised)
        await self._send_answer(send, found, scope, headers, links)

    async def _body(self, receive: Receive) -> tuple[bytes, bool]:
        """Return the body, and whether that is all of it; one that is too large is not read to its end."""
        parts, size = list[bytes](), 0
        most = int(self._publication.settings.limits.query_mb * (1 << 20)) * 3 + PIECE  # percent-encoded
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body"):
                return b"".join(parts), True
            if size > most:
                return b"".join(parts), False

    async def _asked(self, prepared: Prepared, client: str, receive: Receive) -> LaneAnswer:
        """Ask; where that takes longer than a moment, see whether the client is still there."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        watch = list[asyncio.Task[None]]()

        async def leave() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            if task is not None:
                task.cancel()

        timer = loop.call_later(PATIENCE_SECONDS, lambda: watch.append(loop.create_task(leave())))
        try:
            return await self._lane.answer(prepared, client)
        finally:
            timer.cancel()
            for each in watch:
                each.cancel()

    async def _send_answer(
        self, send: Send, found: LaneAnswer, scope: Scope, headers: dict[str, str], links: Headers
    ) -> None:
        own = [(b"content-type", found.representation.content_type.encode()), *self._common(found.tag, found.release)]
        if isinstance(found.body, Path):
            await _send_file(send, [*own, *links], found.body, scope)
            return
        body, tag = found.body, found.tag
        if len(body) >= GZIP_FROM and "gzip" in headers.get("accept-encoding", ""):
            body = await compressed(body)
            own = [(b"content-type", found.representation.content_type.encode())]
            own += [*self._common(f"{tag}-gzip" if tag else "", found.release), (b"content-encoding", b"gzip")]
        await _send(send, 200, [*own, *links], body, head=scope["method"] == "HEAD")

    def _common(self, tag: str, release: str) -> Headers:
        kept: Headers = [(b"etag", f'"{tag}"'.encode()), (b"cache-control", CACHE.encode())]
        return [
            *(kept if tag else [(b"cache-control", b"no-store")]),
            (b"vary", b"Accept, Accept-Encoding"),
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", EXPOSED.encode()),
            (b"x-hamkor-release", release.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"accept-post", READ_TYPES.encode()),
        ]


@dataclass(slots=True)
class _Replay:
    """A body that has been read already, to be read again."""

    body: bytes
    receive: Receive
    whole: bool
    said: bool = False

    async def __call__(self) -> Message:
        if self.said:
            return await self.receive()
        self.said = True
        return {"type": "http.request", "body": self.body, "more_body": not self.whole}


def _replayed(body: bytes, receive: Receive, *, whole: bool) -> Receive:
    return _Replay(body, receive, whole)


def _matches(header: str, tag: str) -> bool:
    """Whether If-None-Match names the tag, compressed or not (RFC 9110 13.1.2: weak comparison)."""
    named = {each.strip().removeprefix("W/").strip('"') for each in header.split(",")}
    return bool(header) and ("*" in named or tag in named or f"{tag}-gzip" in named)


def _client(scope: Scope, headers: dict[str, str]) -> str:
    """Return who asks, for fairness: behind a proxy on this machine, the address that it names."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = headers.get("x-forwarded-for", "")
    return forwarded.rpartition(",")[2].strip() if forwarded and peer in ("127.0.0.1", "::1", "") else peer


def _links(scope: Scope, headers: dict[str, str]) -> Headers:
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http"))
    here = f"{scheme}://{headers.get('host', '')}{scope.get('root_path', '')}"
    return [
        (b"link", f'<{here}/sparql?format=turtle>; rel="service-desc"; type="text/turtle"'.encode()),
        (b"link", f'<{here}/queries>; rel="service-doc"; type="text/html"'.encode()),
    ]


def _outcome(error: HamkorError) -> str:
    problem = problem_of(error)
    return str(problem.facts.get("limit", problem.kind))


async def _send(send: Send, status: int, headers: Headers, body: bytes, *, head: bool = False) -> None:
    if status != 304:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def _send_file(send: Send, headers: Headers, path: Path, scope: Scope) -> None:
    """Send a spool file and remove it, whatever happens."""
    loop = asyncio.get_running_loop()
    try:
        size = path.stat().st_size
        headers = [*headers, (b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        with path.open("rb") as file:
            path.unlink()
            while piece := await loop.run_in_executor(None, file.read, PIECE * 4):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


async def _send_problem(send: Send, error: HamkorError, accept: str, scope: Scope) -> None:
    problem = problem_of(error)
    representation = choose(accept or None, OFFERS["problem"])
    if representation is AS_PROBLEM:
        document = problem.document(f"{scope.get('root_path', '')}/problems#{problem.kind}")
        kind, body = AS_PROBLEM.content_type, json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    else:
        kind, body = "text/plain; charset=utf-8", problem.text()
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    if KINDS[problem.kind].status == 503 and not any(name == b"retry-after" for name, _ in headers):
        headers.append((b"retry-after", b"5"))
    headers += [
        (b"content-type", kind.encode()),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept"),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", EXPOSED.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await _send(send, problem.status, headers, body.encode(), head=scope["method"] == "HEAD")
