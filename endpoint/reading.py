"""Long queries are read in turn: one at a time, one of each client, and not twice.

The guard takes about a second for a megabyte, and threads of Python share one processor: read all at once, the long
queries of one client would stop everybody's pages. Short ones are read where they arrive. What a query means is
``graph.query.guard``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import cast

from cachetools import LRUCache
from flask import Flask, current_app

from graph.errors import HamkorError
from graph.query.guard import ReadQuery

EXTENSION = "hamkor-query-reader"
LONG = 20_000
"""Characters; so many take some ten milliseconds."""
REMEMBERED = 8
"""How many are remembered: from the short way to the page that tells what is wrong with a query."""


@dataclass
class QueryReader:
    """Whoever reads queries within one service."""

    _turn: Lock = field(default_factory=Lock)
    _guard: Lock = field(default_factory=Lock)
    _clients: dict[str, tuple[Lock, int]] = field(default_factory=dict)
    _known: LRUCache[bytes, ReadQuery | HamkorError] = field(default_factory=lambda: LRUCache(REMEMBERED))

    def read(self, text: str, client: str, how: str, read: Callable[[str], ReadQuery]) -> ReadQuery:
        """Return a query as read; waits where it is long, so that is never done on the event loop.

        Args:
            text: the query.
            client: who sends it.
            how: what else the reading depends on.
            read: reads it.

        Raises:
            HamkorError: as ``read``.
        """
        if len(text) <= LONG:
            return read(text)
        key = blake2b(f"{how}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._in_turn(client):
            found = self._known.get(key)
            if found is None:
                try:
                    found = read(text)
                except HamkorError as error:
                    found = error
                self._known[key] = found
        if isinstance(found, HamkorError):
            raise found.with_traceback(None)
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


def install(app: Flask) -> QueryReader:
    """Give an application its reader, and return it."""
    reader = QueryReader()
    app.extensions[EXTENSION] = reader
    return reader


def query_reader() -> QueryReader:
    """Return the application's reader."""
    return cast(QueryReader, current_app.extensions[EXTENSION])
