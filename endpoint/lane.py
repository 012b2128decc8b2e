"""The short way of a query: from the bytes of a request to the pool of workers and back, on the event loop.

It takes what the SPARQL protocol asks of ``/sparql`` and what programs send; pages, forms and every error of the
request itself are left to the Flask application (``endpoint.sparql``), which says the same in more words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from cachetools import LRUCache
from isal import isal_zlib

from endpoint.documents import check_xml
from endpoint.negotiation import choose
from endpoint.protocol import Operation, read_operation
from endpoint.representations import OFFERS, Representation, named
from endpoint.sparql import VOLATILE, explained
from graph.errors import HamkorError, QuerySyntaxError
from graph.publication import Publication
from graph.query.cache import AnswerCache, AnswerKey
from graph.query.engine import Answer, QueryRequest
from graph.query.guard import ReadQuery, read_query
from graph.query.service import QueryService

MIB = 1 << 20
PREPARED = 4096
LONGEST_PREPARED = 16_384
GZIP_FROM = 1024
GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that has been read: what is to be run, and how its answer is to be written."""

    query: ReadQuery
    operation: Operation
    representation: Representation
    cacheable: bool


@dataclass(frozen=True, slots=True)
class LaneAnswer:
    """A whole answer.

    Attributes:
        representation: what it is.
        release: which release was asked.
        tag: its entity tag, or an empty string for one that is not to be kept.
        body: the bytes, or the spool file, which the receiver removes.
        outcome: for metrics: cached or answered.
    """

    representation: Representation
    release: str
    tag: str
    body: bytes | Path
    outcome: str


class SparqlLane:
    """Answers queries of programs."""

    def __init__(self, publication: Publication, service: QueryService) -> None:
        """Answer from the service, within the publication's settings."""
        self._settings = publication.settings
        self._base = f"{publication.base}sparql"
        self._service = service
        self.cache = AnswerCache(publication.settings.engine.cache_mb * MIB)
        self._prepared: LRUCache[tuple[bytes, str, str, bytes], Prepared] = LRUCache(PREPARED)

    def prepare(self, method: str, query_string: bytes, headers: Mapping[str, str], body: bytes) -> Prepared | None:
        """Return the request as read, or None where it is for the Flask application (a page, or an error).

        The same request is read once and remembered.
        """
        accept, content_type = headers.get("accept", ""), headers.get("content-type", "")
        key = (query_string, accept, content_type, body)
        found = self._prepared.get(key)
        if found is None:
            try:
                found = self._read(method, query_string, accept, content_type, body)
            except HamkorError:
                return None
            if found is not None and len(query_string) + len(body) + len(accept) < LONGEST_PREPARED:
                self._prepared[key] = found
        return found

    def _read(self, method: str, query_string: bytes, accept: str, content_type: str, body: bytes) -> Prepared | None:
        operation = read_operation(method, query_string, content_type, body)
        if operation.query is None or len(operation.query) > self._settings.limits.query_mb * MIB:
            return None
        query = read_query(operation.query, services=self._settings.federation.services, base=self._base)
        wanted = [each for name in operation.formats if (each := named(name, OFFERS[query.form])) is not None]
        representation = wanted[0] if wanted else choose(accept or None, OFFERS[query.form])
        if representation is None or representation.format is None or (operation.formats and not wanted):
            return None
        cacheable = not query.services and VOLATILE.search(query.normalised) is None
        return Prepared(query, operation, representation, cacheable)

    def known(self, prepared: Prepared) -> LaneAnswer | None:
        """Return the answer without asking anybody, where the cache has it."""
        if not prepared.cacheable:
            return None
        key = self._key(prepared, self._service.release)
        body = self.cache.get(key)
        if body is None:
            return None
        return LaneAnswer(prepared.representation, key.release, entity_tag(key), body, "cached")

    def tag(self, prepared: Prepared) -> str:
        """Return the entity tag that the answer would have now."""
        return entity_tag(self._key(prepared, self._service.release)) if prepared.cacheable else ""

    async def answer(self, prepared: Prepared, client: str) -> LaneAnswer:
        """Ask the pool.

        Raises:
            HamkorError: the query hit a limit, the engine refuses it or is away, or XML cannot hold the answer.
        """
        form = prepared.representation.format
        assert form is not None  # noqa: S101  see _read
        query = prepared.query
        request = QueryRequest(
            query.text,
            query.form,
            form,
            self._base,
            prepared.operation.dataset,
            uses_graphs=query.uses_graph_clause,
        )
        try:
            found: Answer = await self._service.pool.answer(request, client)
        except QuerySyntaxError as error:
            raise explained(error, query) from error
        tag = ""
        if isinstance(found.body, bytes):
            check_xml(found.body, form)
        if prepared.cacheable:
            key = self._key(prepared, found.release)
            tag = entity_tag(key)
            if isinstance(found.body, bytes):
                self.cache.put(key, found.body)
        return LaneAnswer(prepared.representation, found.release, tag, found.body, "answered")

    def _key(self, prepared: Prepared, release: str) -> AnswerKey:
        representation = prepared.representation
        return AnswerKey(release, prepared.query.normalised, prepared.operation.dataset, representation.name)


def entity_tag(key: AnswerKey) -> str:
    """Return the strong entity tag of the answer that the key determines (RFC 9110 8.8.3)."""
    return blake2b(repr(key).encode(), digest_size=12).hexdigest()


async def compressed(body: bytes) -> bytes:
    """Return the body as gzip; large ones are compressed beside the event loop."""
    if len(body) < MIB:
        return _gzip(body)
    return await asyncio.get_running_loop().run_in_executor(None, _gzip, body)


def _gzip(body: bytes) -> bytes:
    packed: bytes = isal_zlib.compress(body, 1, GZIP_WINDOW)
    return packed
