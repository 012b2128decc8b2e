"""The ASGI application: queries of programs take the short way, everything else is Flask's; and what it counts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import re
import resource
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from itertools import accumulate
from pathlib import Path
from pkgutil import resolve_name

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from endpoint.app import create_app
from endpoint.current import EXTENSION, Current
from endpoint.http.problems import ProblemError, problem_of
from endpoint.served_parts import SERVED
from endpoint.sparql.exchanges import (
    ClientGoneError,
    Delivery,
    Exchange,
    Message,
    Proxies,
    Receive,
    Scope,
    Send,
    TooSlowError,
)
from endpoint.sparql.protocol import EXTENSION as READER
from endpoint.sparql.query_services import VISITOR, Archive, PooledEngine, Visitor
from endpoint.sparql.short_way import LaneAnswer, Prepared, SparqlLane, is_long
from endpoint.threads import PageCache, Reuse, Seats, Threads, key_of
from endpoint.urls import is_versioned
from graph.model.errors import (
    EngineUnavailableError,
    HamkorError,
    QueryLimitError,
    Sentence,
    StorageError,
    storage_code,
)
from graph.model.publication import Publication, ReplicaOrigin
from graph.query.external.external_service import ExternalQueryService, query_service
from graph.query.forwarder import Forwarder
from graph.query.service import QueryService
from graph.releases.history import ID, BuildCounts, History, read_builds, release_time
from graph.releases.manifest import MANIFEST_FILE
from graph.releases.release import ReleasesFolder, current_release, open_release

# What is counted and timed, in Prometheus' text format; and the log of slow queries, by their digest.
#
# A query's text is nowhere in the log: it may hold personal data. Its digest tells the same query from another.

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
CONTENT_TYPE = CONTENT_TYPE_LATEST

slow = logging.getLogger("hamkor.slow")
access = logging.getLogger("hamkor.access")


class Metrics:
    """The figures of one serving process; counted as plain numbers, and given their form when they are asked for."""

    def __init__(self, publication: Publication, service: QueryService, lane: SparqlLane, pages: PageCache) -> None:
        """Count for a publication's service; queries that take ``log.slow_seconds`` or longer are logged."""
        self._publication, self._service, self._lane, self._pages = publication, service, lane, pages
        self._slow_seconds = publication.settings.log.slow_seconds
        self._standings = [resolve_name(f"endpoint.{each.standing}") for each in SERVED if each.standing]
        self._queries: Counter[str] = Counter()
        self._responses: Counter[int] = Counter()
        self._routes: Counter[str] = Counter()
        self._writes: Counter[int] = Counter()
        self._buckets = [0] * (len(SECONDS) + 1)
        self._total = 0.0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def query(self, outcome: str, seconds: float, normalised: str) -> None:
        """Count one query; log it where it was slow."""
        self._queries[outcome] += 1
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._total += seconds
        if seconds >= self._slow_seconds:
            digest = sha256(normalised.encode()).hexdigest()[:16]
            slow.warning(json.dumps({"query": digest, "seconds": round(seconds, 3), "outcome": outcome}))

    def response(self, status: int, method: str, path: str) -> None:
        """Count one response to a request."""
        self._responses[status] += 1
        route = path.split("/", 2)[1] if path.startswith("/") else ""
        # only names that routes have, or whoever makes up addresses would make up figures without end
        self._routes[route if route in ROUTES and status != HTTPStatus.NOT_FOUND else ""] += 1
        if method not in READING and WRITTEN.fullmatch(path):
            self._writes[status] += 1

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures (prometheus_client's collector interface)."""
        queries = CounterMetricFamily("hamkor_queries", "SPARQL queries by outcome", labels=["outcome"])
        for outcome, count in sorted(self._queries.items()):
            queries.add_metric([outcome], count)
        responses = CounterMetricFamily("hamkor_responses", "HTTP responses by status", labels=["status"])
        for status, count in sorted(self._responses.items()):
            responses.add_metric([str(status)], count)
        sums = list(accumulate(self._buckets))
        bounds = [*(str(float(bound)) for bound in SECONDS), "+Inf"]
        seconds = HistogramMetricFamily(
            "hamkor_query_seconds",
            "Seconds from arrival to whole answer",
            list(zip(bounds, sums, strict=True)),
            self._total,
        )
        routes = CounterMetricFamily("hamkor_requests", "Requests by the first part of the path", labels=["route"])
        for route, count in sorted(self._routes.items()):
            routes.add_metric([f"/{route}"], count)
        writes = CounterMetricFamily("hamkor_writes", "Writes by the status of their answer", labels=["status"])
        for status, count in sorted(self._writes.items()):
            writes.add_metric([str(status)], count)
        built = read_builds(self._publication.releases_folder.parent)
        builds = CounterMetricFamily("hamkor_builds", "Builds of the publication by outcome", labels=["outcome"])
        for outcome, count in sorted(built.outcomes.items()):
            builds.add_metric([outcome], count)
        yield from (queries, responses, routes, writes, builds, seconds, *self._gauges(built))
        for standing in self._standings:
            for (name, text), values in standing(self._publication).by_graph.items():
                figure = GaugeMetricFamily(f"hamkor_{name}", text, labels=["graph"])
                for graph, value in values.items():
                    figure.add_metric([graph], value)
                yield figure

    def _of_release(self, built: BuildCounts) -> Iterator[tuple[str, str, float]]:
        """Yield how old the release is, how many there are, how long the last build took, and what the machine has."""
        folder = self._publication.releases_folder
        if self._service.release:
            age = time.time() - release_time(self._service.release).timestamp()
            yield "release_age_seconds", "Seconds since the release that is served was made", age
        with contextlib.suppress(OSError):
            yield "releases", "Releases that are here", float(len(ReleasesFolder(folder).ids()))
            disk = os.statvfs(folder)
            yield "disk_free_bytes", "Room on the disk of the releases", float(disk.f_bavail * disk.f_frsize)
            yield "disk_bytes", "Size of the disk of the releases", float(disk.f_blocks * disk.f_frsize)
        if built.ended:
            yield "build_seconds", "How long the last build took", built.seconds
            yield "build_age_seconds", "Seconds since the last build ended", max(0.0, time.time() - built.ended)
        with contextlib.suppress(OSError):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            yield "memory_bytes", "What the serving process has in memory", float(pages * resource.getpagesize())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        yield "memory_peak_bytes", "The most that the serving process has had in memory", float(peak)

    def _gauges(self, built: BuildCounts) -> Iterator[Metric]:
        pool, cache, service, pages = self._service.pool, self._lane.cache, self._service, self._pages
        for name, text, value in (
            ("workers_busy", "Workers that run a query", pool.busy),
            ("queue_length", "Queries that wait for a worker", pool.waiting),
            ("workers_started", "Workers forked since the start", pool.counts.started),
            ("workers_ended", "Workers ended after a long, large or failed query", pool.counts.killed),
            ("queries_by_index", "Queries that the index of the release answered", pool.counts.by_index),
            ("queries_timed_out", "Queries stopped at the deadline", pool.counts.timeouts),
            ("queries_turned_away", "Queries that found the queue full", pool.counts.refusals),
            ("cache_bytes", "Bytes of answers held", cache.size),
            ("cache_hits", "Answers given from the cache", cache.counts.hits),
            ("cache_misses", "Answers that the cache did not have", cache.counts.misses),
            ("pages_bytes", "Bytes of pages and documents held", pages.size),
            ("pages_hits", "Pages and documents that had been made before", pages.hits),
            ("pages_misses", "Pages and documents that had to be made", pages.misses),
            *self._of_release(built),
            *(figure for each in self._standings for figure in each(self._publication).gauges),
            ("in_memory", "Whether the release is held in memory", service.mode == "memory"),
        ):
            yield GaugeMetricFamily(f"hamkor_{name}", text, float(value))
        if isinstance(service, ExternalQueryService):
            figures = service.figures
            for name, text, known in (
                ("engine_up", "Whether the SPARQL engine was there when it was looked at last", figures.is_up),
                ("engine_queries", "Queries that it answered", service.pool.counts.by_remote),
                ("engine_switches", "Datasets of the SPARQL engine that were taken up", figures.switches),
                ("engine_switch_seconds", "Seconds that taking up the last one took", figures.seconds),
                ("engine_switch_triples", "Triples that were sent for it", figures.changed),
            ):
                yield GaugeMetricFamily(f"hamkor_{name}", text, float(known))


# The ASGI application: queries of programs take the short way, everything else is Flask's.
#
# It starts and ends the query service with the server, follows ``current``, and notices when a client goes away. It
# knows no page and no negotiation of its own.

MIB = 1 << 20
LOOK_SECONDS, LET_GO_SECONDS = 0.2, 1.0
PAGES, PAGES_OF_ONE = 3, 8
"""Threads that make pages: they share one interpreter, so more of them make none sooner, and each page later."""
WAITED_FOR = re.compile(r"/(?:downloads|class|graph)/|/graphs\Z")
"""What another thread or process may be making, for which a thread waits; so it is none of those that make pages."""
WRITERS, WRITERS_OF_ONE = 256, 3
"""Threads of those who write: each waits for its body, so there are enough for many slow ones; what they have sent is
worked at two at a time (``endpoint.http.jobs``)."""
GAP_SECONDS = 5.0
"""How long nothing of a query may arrive."""
SMALL_BODY, LARGE_BODIES = "65536", 4
"""Bodies of so many bytes arrive at once; of larger ones, or such that do not say, a client sends so many at a time."""
LONGEST_HEADER, LONGEST_HEADERS = 1 << 14, 1 << 16
READERS = 32
"""Threads in which long queries wait for their turn, one of each client."""
TAKE_UP_SECONDS, END_SECONDS = 10.0, 0.5
BODY_SECONDS = 30.0
"""How long a batch of names may take to arrive."""
WRITTEN = re.compile(
    r"/(?:graphs|graph/.*|update|validate|propose|proposals/[^/]*|my-data(?:/[^/]*)?|upload(?:/.*)?)", re.DOTALL
)
VALIDATED = re.compile(r"/(?:validate|propose|upload(?:/~[\w-]*)?)\Z")
"""What is mostly judged and not published: it waits for other places than what is."""
KEPT_BY_PUBLISHER = re.compile(
    r"/(?:graphs|graph/.*|update|validate|query|propose|proposals|proposals/.*|proposal/.*|my-data(?:/.*)?"
    r"|upload(?:/.*)?)",
    re.DOTALL,
)
"""What is written to the publication, judged by what only its publisher knows, or kept there."""
READ_AT_PUBLISHER = re.compile(r"/(?:query/~.*|propose|proposals|proposals/.*|proposal/.*|upload|upload/.*)", re.DOTALL)
"""What of it is read there, too: forms, which are sent where they come from, queries and proposals."""
ROUTES = frozenset({
    "sparql", "query", "queries", "id", "doc", "ns", "graph", "graphs", "class", "classes", "dataset", "downloads",
    "release", "releases", "search", "suggest", "reconcile", "same-as", "templates", "validate", "update", "resource",
    "static", "health", "ready", "metrics", "privacy", "problems", "profiles", "replication",
    "propose", "proposal", "proposals", "my-data", "upload", "shapes",
})  # fmt: skip
"""Beginnings of paths that are counted by name."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
QUERIES = frozenset({"GET", "HEAD", "POST"})
OF_RELEASE = re.compile(r"/release/(\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8})/")
PIN = "hamkor.pin"
"""The key of an ASGI scope for the release that the request names in its header ``Release``."""
PINNED = (b"vary", b"Release")
OLDER = re.compile(r"/release/[^/]+/sparql")
ENCODED = 3
"""How many bytes of a form a byte of a query may take: percent-encoding triples it."""

log = logging.getLogger("hamkor")


class Gateway:
    """One publication as an ASGI application."""

    def __init__(self, publication: Publication) -> None:
        """Prepare to serve; nothing is started before the server says so (ASGI lifespan)."""
        self._publication = publication
        self._service = query_service(publication)
        self._forwarder = Forwarder(publication.settings)
        self._log_access = publication.settings.log.access
        self._proxies = Proxies.of(publication.settings.proxy.addresses)
        self._engine = PooledEngine(self._service.pool, self._forwarder)
        self._archive = Archive(publication.settings)
        self._taking = asyncio.Lock()
        self._fault = ""
        self._readers, self._long = ThreadPoolExecutor(READERS, "reader"), Seats(1)
        self._bodies = Seats(LARGE_BODIES)
        self._followers: tuple[asyncio.Task[None], ...] = ()
        self._most = int(publication.settings.limits.query_mb * MIB) * ENCODED + 4096

    def _prepare(self) -> None:
        """Make what answers pages, and the short way: half a second, in which the holder of the release starts."""
        publication = self._publication
        application = create_app(publication, self._engine, self._archive.engine)
        reader = application.extensions[READER]
        self._shown: Current = application.extensions[EXTENSION]
        self._lane = SparqlLane(publication, self._service, self._forwarder, reader)
        self._made = PageCache(publication.settings.limits.pages_mb * MIB)
        self._metrics = Metrics(publication, self._service, self._lane, self._made)
        self._delivery = delivery = Delivery(publication.settings.limits.send_seconds)
        self._pages = Threads(application, delivery, PAGES, PAGES_OF_ONE)
        self._results = Threads(application, delivery)
        self._writers = Threads(application, delivery, WRITERS, WRITERS_OF_ONE)
        self._validators = Threads(application, delivery, WRITERS, WRITERS_OF_ONE)  # anybody may be slow there
        self._standings = [resolve_name(f"endpoint.{each.standing}") for each in SERVED if each.standing]
        ways = (resolve_name(f"endpoint.{each.forwarding}") for each in SERVED if each.forwarding)
        self._forwarded = Seats(WRITERS_OF_ONE)
        self._forward = next(filter(None, (way(publication, delivery) for way in ways)), None)
        gc.collect()
        gc.freeze()  # modules and tables stay: whoever looks for garbage later need not walk through them

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection or request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._enter(scope, receive, send)
            except (TooSlowError, ClientGoneError) as problem:
                log.info("a connection is given up: %s", problem)
                raise
            except Exception:
                log.exception("unexpected error")  # the server answers 500 where nothing has been sent yet
                raise

    # The life of the service

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except HamkorError as problem:
                    log.error("the service does not start: %s", problem)  # noqa: TRY400  a line says it all
                    await send({"type": "lifespan.startup.failed", "message": str(problem)})
                    return
                except Exception as problem:
                    log.exception("the service does not start")  # granian would go on without what was to be started
                    await send({"type": "lifespan.startup.failed", "message": str(problem)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                threading.Thread(target=_end, daemon=True).start()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> None:
        self._engine.loop = asyncio.get_running_loop()
        await self._forwarder.start()
        self._archive.start()
        started = self._service.start(current_release(self._publication))
        await asyncio.gather(started, asyncio.to_thread(self._prepare))  # the holder is another process
        self._followers = asyncio.create_task(self._follow()), asyncio.create_task(self._let_go())

    async def _stop(self) -> None:
        for each in self._followers:
            each.cancel()
        await self._archive.close()
        await self._service.close()
        await self._forwarder.close()

    async def _follow(self) -> None:
        """Hold whatever release is current."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._take_up()

    async def _let_go(self) -> None:
        """Let go of releases that nobody needs any more."""
        while True:
            await asyncio.sleep(LET_GO_SECONDS)
            with contextlib.suppress(HamkorError, OSError):  # who asks for a page is told
                await asyncio.to_thread(self._shown.let_go)

    async def _take_up(self) -> None:
        """Hold the release that is current now."""
        releases = ReleasesFolder(self._publication.releases_folder)
        async with self._taking:
            try:
                folder = releases.current()
                if folder is not None and folder.name != self._service.release:
                    await self._service.replace(open_release(folder))
                    self._lane.cache.keep(folder.name)
                self._fault = ""
            except (HamkorError, OSError) as problem:
                if self._fault != (said := str(problem)):  # looked at many times a second: said once
                    log.warning("the new release cannot be held: %s", said)
                self._fault = said

    # One request

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as its client sent it, whatever proxy it came through."""
        try:
            varying = (*self._proxies.seen(scope), PINNED)
            check_headers(scope)
            check_path(scope)
            if not self._is_forwarded(scope):
                check_place(scope, self._publication.origin)
                self._pin(scope)
        except ProblemError as error:
            await self._refuse(Exchange(scope, receive, send, self._delivery), error)
            return

        has_begun = False

        async def shown(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *varying]
                has_begun = True
            await send(message)

        try:
            await self._serve(scope, receive, shown)
        except (ProblemError, EngineUnavailableError, QueryLimitError) as error:
            # the body did not arrive whole, or is too large, or there are too many
            await self._refuse(Exchange(scope, receive, shown, self._delivery), error)
        except OSError as error:  # a file of the answer cannot be opened or read, for one
            if has_begun or not storage_code(error):
                raise
            log.exception("a request met an error of the system")
            told = StorageError.of(Sentence("the machine does not do what is needed"), error)
            await self._refuse(Exchange(scope, receive, shown, self._delivery), told)

    def _is_forwarded(self, scope: Scope) -> bool:
        """Whether a request is handed on to the publisher of this copy, which answers it as it would any."""
        return self._forward is not None and is_for_publisher(scope)

    def _pin(self, scope: Scope) -> None:
        """Let a request that names its release be answered from that, or not at all.

        It is one below ``/release/<id>/`` then; a query of a program that names the current release goes the short way,
        as long as that is current (``_sparql``).

        Raises:
            ProblemError: 400, the header is no release's id; 404, there is none, or none any more; 504, a copy does not
                have it yet.
        """
        path: str = scope["raw_path"].decode("latin-1").removeprefix(scope.get("root_path", ""))
        below = OF_RELEASE.match(path)
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"release"]
        if named and (len({*named}) > 1 or not ID.fullmatch(named[0]) or (below and below[1] != named[0])):
            said = Sentence("the header Release names one release by its id, the same as the path does")
            raise ProblemError("bad-request", said)
        pinned = named[0] if named else below[1] if below else ""
        if not pinned or not (below or is_versioned(path)):
            return
        self._have(pinned, is_named=bool(named))
        if not below:
            scope[PIN] = pinned
            if path != "/sparql" or pinned != self._service.release:
                pin(scope)

    def _have(self, release_id: str, *, is_named: bool) -> None:
        """Make sure that a release is here, as far as it is not for pages to say (``endpoint.versions``)."""
        releases = ReleasesFolder(self._publication.releases_folder)
        if (releases.path / release_id / MANIFEST_FILE).exists():
            return
        if self._publication.origin is not None:
            awaited = {each for told in self._standings for each in told(self._publication).awaited}
            if release_id in awaited or release_id > max(releases.ids(), default=""):
                # no 503, after which a balancer would ask everybody what hit a limit here
                said = Sentence("this copy does not have release %(release)s yet", release=release_id)
                raise ProblemError("not-here-yet", said, {}, {"Retry-After": "1"})
        if is_named and release_id not in History(releases).purged:
            said = Sentence("release %(release_id)s is not here, or not any more", release_id=repr(release_id))
            raise ProblemError("not-found", said)

    async def _refuse(self, exchange: Exchange, error: HamkorError) -> None:
        method = exchange.scope["method"]
        status = await self._problem(exchange, error, closes=method not in READING)
        self._metrics.response(status, method, exchange.scope["path"])

    async def _problem(self, exchange: Exchange, error: HamkorError, *, closes: bool = False) -> int:
        """Say what is wrong; return the status."""
        await exchange.problem(error, self._service.release, closes=closes)
        return exchange.status

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        path: str = scope["raw_path"].decode("latin-1").removeprefix(scope.get("root_path", ""))
        exchange = Exchange(scope, receive, send, self._delivery)
        if self._forward is not None and is_for_publisher(scope):
            seconds = self._publication.settings.limits.upload_seconds
            async with self._forwarded.taken(exchange.client):
                status = await self._forward.answer(exchange, arriving(receive, seconds), send)
        elif path == "/sparql" and scope["method"] in QUERIES and "accept-datetime" not in exchange.headers:
            status = await self._sparql(exchange, receive, send, began)
        elif path == "/sparql" or (OLDER.fullmatch(path) and scope["method"] in QUERIES):
            status = await self._result(exchange, receive, send, whole=await self._body(exchange, receive))
        elif scope["method"] not in READING and WRITTEN.fullmatch(path):
            status = await self._write(exchange, receive, send)
        elif path == "/metrics" and scope["method"] in ("GET", "HEAD"):
            await exchange.plain(CONTENT_TYPE, self._metrics.text())
            status = exchange.status
        else:
            status = await self._page(exchange, path, receive, send)
        self._metrics.response(status, scope["method"], path)
        if self._log_access:
            # what is gone may be a person's, and who knows the address of a proposal is taken for its author
            is_secret = status == HTTPStatus.GONE or path.startswith("/proposal/")
            shown = path[: path.find("/", 1) + 1] if is_secret else path
            facts = {"method": scope["method"], "path": shown, "status": status}
            access.info(json.dumps(facts | {"ms": round((time.perf_counter() - began) * 1000, 1)}))

    async def _page(self, exchange: Exchange, path: str, receive: Receive, send: Send) -> int:
        """Answer with what was made before, or let the Flask application make it; return the status."""
        key = key_of(exchange, path)
        reuse = Reuse(self._made, self._shown, key) if key is not None else None
        if reuse is not None and (found := reuse.made()) is not None:
            await found.send(send, self._delivery)
            return found.status
        whole = await self._body(exchange, receive)
        body = replayed(exchange.body, arriving(receive, BODY_SECONDS), whole=whole)
        threads = self._results if WAITED_FOR.search(exchange.scope["path"]) else self._pages
        try:
            async with exchange.watched() if whole else contextlib.nullcontext():
                return await threads.answer(exchange, body, send, BODY_SECONDS, is_read=whole, reuse=reuse)
        except EngineUnavailableError as error:
            return await self._problem(exchange, error)

    async def _write(self, exchange: Exchange, receive: Receive, send: Send) -> int:
        """Let the Flask application publish; the answer goes out when queries see what has been published.

        Its threads wait for bodies and for the disk, so they are not those of pages.
        """

        async def after_take_up(message: Message) -> None:
            if message.get("status", 500) < 400:  # what is accepted on a page is answered with where to look at it
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(self._take_up()), TAKE_UP_SECONDS)
            await send(message)

        seconds = self._publication.settings.limits.upload_seconds
        threads = self._validators if VALIDATED.search(exchange.scope["path"]) else self._writers
        try:
            return await threads.answer(exchange, arriving(receive, seconds), after_take_up, seconds)
        except EngineUnavailableError as error:
            return await self._problem(exchange, error)

    async def _result(self, exchange: Exchange, receive: Receive, send: Send, *, whole: bool) -> int:
        """Let the Flask application answer a query, or say what is wrong with it; end the query of who has gone.

        Its threads wait for workers, so they are not those of other pages.
        """
        visitor = Visitor(exchange.client)
        VISITOR.set(visitor)

        async def watch() -> None:
            await exchange.gone()
            visitor.leave()

        watching = asyncio.ensure_future(watch()) if whole else None
        try:
            body = replayed(exchange.body, receive if whole else arriving(receive, BODY_SECONDS), whole=whole)
            return await self._results.answer(exchange, body, send, BODY_SECONDS, is_read=whole)
        except EngineUnavailableError as error:
            return await self._problem(exchange, error)
        finally:
            if watching is not None:
                watching.cancel()

    async def _sparql(self, exchange: Exchange, receive: Receive, send: Send, began: float) -> int:
        whole = await self._body(exchange, receive)
        prepared = await self._read(exchange) if whole else None
        pinned = exchange.scope.get(PIN, "")
        if prepared is None:
            if pinned:
                pin(exchange.scope)
            return await self._result(exchange, receive, send, whole=whole)
        try:
            found = self._lane.known(prepared) or await self._asked(prepared, exchange)
            outcome = found.outcome
            if pinned and found.answer.release != pinned:  # another one has become current meanwhile
                if isinstance(found.answer.body, Path):
                    found.answer.body.unlink(missing_ok=True)
                pin(exchange.scope)
                return await self._result(exchange, receive, send, whole=whole)
            await exchange.answer(found)
        except HamkorError as error:
            facts = problem_of(error)
            outcome = str(facts.facts.get("limit", facts.kind))
            await self._problem(exchange, error)
        except asyncio.CancelledError:
            self._metrics.query("abandoned", time.perf_counter() - began, prepared.query.normalised)
            raise
        self._metrics.query(outcome, time.perf_counter() - began, prepared.query.normalised)
        return exchange.status

    async def _body(self, exchange: Exchange, receive: Receive) -> bool:
        """Read the body here, so that no thread waits for it; return False where there is more than a query may have.

        Raises:
            ProblemError: it breaks off, or does not arrive in time.
            EngineUnavailableError: too many large ones of this client wait already.
        """
        if exchange.scope["method"] in READING:
            return True
        body = arriving(receive, BODY_SECONDS, GAP_SECONDS)
        if exchange.headers.get("content-length", "").rjust(9) <= SMALL_BODY.rjust(9):
            return await exchange.read_body(self._most, body)
        async with self._bodies.taken(exchange.client):
            return await exchange.read_body(self._most, body)

    async def _read(self, exchange: Exchange) -> Prepared | None:
        """Read a request; a long one in a thread, in turn, so that others have the event loop meanwhile."""
        scope = exchange.scope
        request = scope["method"], scope["query_string"], exchange.headers, exchange.body, exchange.client
        if not is_long(scope["query_string"], exchange.body):
            return self._lane.prepare(*request)
        async with exchange.watched(), self._long.taken(exchange.client):
            prepare = partial(self._lane.prepare, *request, has_gone=lambda: exchange.has_gone)
            return await asyncio.get_running_loop().run_in_executor(self._readers, prepare)

    async def _asked(self, prepared: Prepared, exchange: Exchange) -> LaneAnswer:
        """Ask; where that takes longer than a moment, see whether the client is still there."""
        watch = list[asyncio.Task[None]]()
        task = asyncio.current_task()

        async def leave() -> None:
            await exchange.gone()
            if task is not None:
                task.cancel()

        def slow() -> None:
            if not watch:
                watch.append(asyncio.ensure_future(leave()))

        try:
            return await self._lane.answer(prepared, exchange.client, slow)
        finally:
            for each in watch:
                each.cancel()


def _end() -> None:
    """End this process, in which nothing more is to be done.

    Its interpreter would wait for every thread, also for one that waits for an answer of this event loop.
    """
    time.sleep(END_SECONDS)
    os._exit(0)


def check_headers(scope: Scope) -> None:
    """Make sure that the header fields are of a size that somebody means (RFC 6585 5).

    Raises:
        ProblemError: 431. What chooses by them reads each of a list, more than once.
    """
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    if max(sizes, default=0) > LONGEST_HEADER or sum(sizes) > LONGEST_HEADERS:
        said = Sentence("header fields of more than %(most)s bytes are not read", most=LONGEST_HEADER)
        raise ProblemError("headers-too-large", said)


def check_path(scope: Scope) -> None:
    """Make sure that what is written has an address of its own.

    Raises:
        ProblemError: 404. Werkzeug takes all slashes at the beginning for one, so it would be written past the threads
            of those who write, and nobody would wait until it is seen.
    """
    if scope["method"] not in READING and scope["path"].removeprefix(scope.get("root_path", "")).startswith("//"):
        raise ProblemError("not-found", Sentence("no page has this address; it begins with two slashes"))


def pin(scope: Scope) -> None:
    """Let a request be one below the release that it names."""
    root, below = scope.get("root_path", ""), f"/release/{scope[PIN]}"
    scope["path"] = root + below + scope["path"].removeprefix(root)
    scope["raw_path"] = root.encode() + below.encode() + scope["raw_path"].removeprefix(root.encode())


def is_for_publisher(scope: Scope) -> bool:
    """Whether only the publisher can answer a request: it changes something there, or reads what only it keeps."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope["method"] in CHANGING_METHODS or scope["method"] == "OPTIONS":  # which says what may be changed
        return KEPT_BY_PUBLISHER.fullmatch(path) is not None
    return scope["method"] in READING and READ_AT_PUBLISHER.fullmatch(path) is not None


def check_place(scope: Scope, origin: ReplicaOrigin | None) -> None:
    """Make sure that nobody writes to a copy: what is written there would be lost.

    Raises:
        ProblemError: 405, with where the publisher is. It is no redirection: clients would send their tokens on to
            whatever host the storage names.
    """
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if origin is None or scope["method"] in READING or not KEPT_BY_PUBLISHER.fullmatch(path):
        return
    facts = {"publisher": origin.publisher + path.lstrip("/")} if origin.publisher else {}
    links = {"Link": f'<{facts["publisher"]}>; rel="edit"'} if facts else {}
    said = Sentence("this service is a copy; what is to be written is sent to its publisher")
    raise ProblemError("copy", said, facts, {"Allow": "GET, HEAD, OPTIONS", **links})


def arriving(receive: Receive, seconds: float, gap: float = float("inf")) -> Receive:
    """Return a ``receive`` that raises where a body breaks off or has not arrived after some time.

    Otherwise a part of a document would be taken for the whole.

    Args:
        receive: gives the parts.
        seconds: in which all must have arrived.
        gap: how long nothing may arrive.
    """
    end = asyncio.get_running_loop().time() + seconds

    async def next_part() -> Message:
        left = end - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, min(gap, left)))
        except TimeoutError:
            said = Sentence("the body has not arrived within %(number)s seconds", number=f"{min(gap, seconds):g}")
            raise ProblemError("timeout", said) from None
        if message["type"] == "http.disconnect":
            raise ProblemError("bad-request", Sentence("the body breaks off"))
        return message

    return next_part


def replayed(body: bytes, receive: Receive, *, whole: bool) -> Receive:
    """Return a ``receive`` that first gives a body that has been read already."""
    said = False

    async def again() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": body, "more_body": not whole}

    return again
