"""What is counted and timed, in Prometheus' text format; and the log of slow queries, by their digest.

A query's text is nowhere in the log: it may hold personal data. Its digest tells the same query from another.
"""

from __future__ import annotations

import json
import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import accumulate

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from endpoint.page_cache import PageCache
from endpoint.sparql.short_way import SparqlLane
from graph.query.service import QueryService

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
CONTENT_TYPE = CONTENT_TYPE_LATEST

slow = logging.getLogger("hamkor.slow")
access = logging.getLogger("hamkor.access")


class Metrics:
    """The figures of one serving process; counted as plain numbers, and given their form when they are asked for."""

    def __init__(self, service: QueryService, lane: SparqlLane, pages: PageCache, slow_seconds: float) -> None:
        """Count for a service; queries that take ``slow_seconds`` or longer are logged."""
        self._service, self._lane, self._pages, self._slow_seconds = service, lane, pages, slow_seconds
        self._queries: Counter[str] = Counter()
        self._responses: Counter[int] = Counter()
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

    def response(self, status: int) -> None:
        """Count one response."""
        self._responses[status] += 1

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
        yield from (queries, responses, seconds, *self._gauges())

    def _gauges(self) -> Iterator[Metric]:
        pool, cache, service, pages = self._service.pool, self._lane.cache, self._service, self._pages
        for name, text, value in (
            ("workers_busy", "Workers that run a query", pool.busy),
            ("queue_length", "Queries that wait for a worker", pool.waiting),
            ("workers_started", "Workers forked since the start", pool.counts.started),
            ("workers_ended", "Workers ended after a long, large or failed query", pool.counts.killed),
            ("queries_by_columns", "Queries that columns answered, and not the engine", pool.counts.columns),
            ("queries_timed_out", "Queries stopped at the deadline", pool.counts.timeouts),
            ("queries_turned_away", "Queries that found the queue full", pool.counts.refusals),
            ("cache_bytes", "Bytes of answers held", cache.size),
            ("cache_hits", "Answers given from the cache", cache.counts.hits),
            ("cache_misses", "Answers that the cache did not have", cache.counts.misses),
            ("pages_bytes", "Bytes of pages and documents held", pages.size),
            ("pages_hits", "Pages and documents that had been made before", pages.hits),
            ("pages_misses", "Pages and documents that had to be made", pages.misses),
            ("in_memory", "Whether the release is held in memory", service.mode == "memory"),
        ):
            yield GaugeMetricFamily(f"hamkor_{name}", text, float(value))
