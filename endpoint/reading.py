"""Long queries are read in turn: one at a time, one of each client, in a process of their own, and not twice.

The guard takes about a second for a megabyte, and threads of Python share one interpreter: read all at once, and here,
the long queries of one client would stop everybody's pages. Short ones are read where they arrive. What a query means
is ``graph.query.guard``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from threading import Lock
from typing import cast

from cachetools import LRUCache
from flask import Flask, current_app

from graph.errors import EngineUnavailableError, HamkorError, QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query.guard import ReaderOptions, ReadQuery
from graph.sandbox import Bounds, run
from graph.settings import LimitSettings

EXTENSION = "hamkor-query-reader"
LONG = 20_000
"""Characters; so many take some ten milliseconds."""
REMEMBERED, FAULTS_REMEMBERED = 8, 256
"""How many are remembered: from the short way to the page that tells what is wrong with a query."""

QUERY_FAULTS = (QuerySyntaxError, QueryRefusedError, QueryLimitError)
"""What is wrong with a query itself, and will be again; that a process was ended, for one, is not."""


@dataclass
class QueryReader:
    """Whoever reads queries within one service."""

    bounds: Bounds
    _turn: Lock = field(default_factory=Lock)
    _guard: Lock = field(default_factory=Lock)
    _clients: dict[str, tuple[Lock, int]] = field(default_factory=dict)
    _known: LRUCache[bytes, ReadQuery] = field(default_factory=lambda: LRUCache(REMEMBERED))
    _faults: LRUCache[bytes, HamkorError] = field(default_factory=lambda: LRUCache(FAULTS_REMEMBERED))

    def read(
        self, text: str, client: str, how: ReaderOptions, *, has_gone: Callable[[], bool] = lambda: False
    ) -> ReadQuery:
        """Return a query as read; waits where it is long, so that is never done on the event loop.

        Args:
            text: the query.
            client: who sends it.
            how: how it is to be read.
            has_gone: says whether the client has left meanwhile; then it is not read.

        Raises:
            HamkorError: as ``read_query``; EngineUnavailableError: the client has gone.
        """
        if len(text) <= LONG:
            return how.of(text)
        key = blake2b(f"{how}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if (found := self._found(key)) is not None:
            return found
        with self._in_turn(client):
            if (found := self._found(key)) is not None:
                return found
            if has_gone():
                raise EngineUnavailableError("the client has gone", 0.0)
            return self._read(key, text, how)

    def _found(self, key: bytes) -> ReadQuery | None:
        with self._guard:
            found, fault = self._known.get(key), self._faults.get(key)
        if fault is not None:
            raise fault.with_traceback(None)
        return found

    def _read(self, key: bytes, text: str, how: ReaderOptions) -> ReadQuery:
        try:
            found = run(
                "graph.query.guard:read_as", (text, replace(how, services=dict(how.services))), ReadQuery, self.bounds
            )
        except QUERY_FAULTS as error:
            with self._guard:
                self._faults[key] = error
            raise
        with self._guard:
            self._known[key] = found
        return found

    @contextmanager
    def _in_turn(self, client: str) -> Iterator[None]:
        """Let one of a client's queries wait for the turn at a time, so that nobody is behind many of another's."""
        with self._guard:
            own, waiting = self._clients.get(client, (Lock(), 0))
            self._clients[client] = own, waiting + 1
        try:
            with own, self._turn:
                yield
        finally:
            with self._guard:
                own, waiting = self._clients.pop(client)
                if waiting > 1:
                    self._clients[client] = own, waiting - 1


def install(app: Flask, limits: LimitSettings) -> QueryReader:
    """Give an application its reader, and return it."""
    reader = QueryReader(Bounds(limits.query_seconds, limits.query_memory_mb))
    app.extensions[EXTENSION] = reader
    return reader


def query_reader() -> QueryReader:
    """Return the application's reader."""
    return cast(QueryReader, current_app.extensions[EXTENSION])
