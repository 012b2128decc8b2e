"""What is counted and timed, in Prometheus' text format; and the log of slow queries, by their digest.

A query's text is nowhere in the log: it may hold personal data. Its digest tells the same query from another.
"""

from __future__ import annotations

import json
import logging
from hashlib import sha256

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from endpoint.lane import SparqlLane
from graph.query.service import QueryService

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
CONTENT_TYPE = CONTENT_TYPE_LATEST

slow = logging.getLogger("hamkor.slow")
access = logging.getLogger("hamkor.access")


class Metrics:
    """The figures of one serving process."""

    def __init__(self, service: QueryService, lane: SparqlLane, slow_seconds: float) -> None:
        """Count for a service; queries that take ``slow_seconds`` or longer are logged."""
        self._slow_seconds = slow_seconds
        disable_created_metrics()
        self._registry = CollectorRegistry()
        self._queries = Counter("hamkor_queries", "SPARQL queries by outcome", ["outcome"], registry=self._registry)
        self._seconds = Histogram(
            "hamkor_query_seconds", "Seconds from arrival to whole answer", buckets=SECONDS, registry=self._registry
        )
        self._responses = Counter("hamkor_responses", "HTTP responses by status", ["status"], registry=self._registry)
        pool, cache = service.pool, lane.cache
        for name, text, value in (
            ("hamkor_workers_busy", "Workers that run a query", lambda: pool.busy),
            ("hamkor_queue_length", "Queries that wait for a worker", lambda: pool.waiting),
            ("hamkor_workers_started", "Workers forked since the start", lambda: pool.counts.started),
            ("hamkor_workers_ended", "Workers ended after a long, large or failed query", lambda: pool.counts.killed),
            ("hamkor_queries_timed_out", "Queries stopped at the deadline", lambda: pool.counts.timeouts),
            ("hamkor_queries_turned_away", "Queries that found the queue full", lambda: pool.counts.refusals),
            ("hamkor_cache_bytes", "Bytes of answers held", lambda: cache.size),
            ("hamkor_cache_hits", "Answers given from the cache", lambda: cache.counts.hits),
            ("hamkor_cache_misses", "Answers that the cache did not have", lambda: cache.counts.misses),
            ("hamkor_in_memory", "Whether the release is held in memory", lambda: service.mode == "memory"),
        ):
            Gauge(name, text, registry=self._registry).set_function(value)

    def query(self, outcome: str, seconds: float, normalised: str) -> None:
        """Count one query; log it where it was slow."""
        self._queries.labels(outcome).inc()
        self._seconds.observe(seconds)
        if seconds >= self._slow_seconds:
            digest = sha256(normalised.encode()).hexdigest()[:16]
            slow.warning(json.dumps({"query": digest, "seconds": round(seconds, 3), "outcome": outcome}))

    def response(self, status: int) -> None:
        """Count one response."""
        self._responses.labels(str(status)).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
