"""The short way of a query: from the bytes of a request to the pool of workers and back, on the event loop.

It takes what the SPARQL protocol asks of ``/sparql`` and what programs send; pages, forms and every error of the
request itself are left to the Flask application (``endpoint.sparql.sparql_resource``), which says the same in more
words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cachetools import LRUCache

from endpoint.http.semantics import OFFERS, Representation, choose
from endpoint.sparql.protocol import Operation, QueryReader, is_kept, read_operation
from endpoint.sparql.sparql_resource import check_spooled, explained
from endpoint.things.representations import check_xml
from graph.model.errors import EngineUnavailableError, HamkorError, QuerySyntaxError
from graph.model.formats import RESULTS_XML
from graph.model.publication import Publication
from graph.query.engine import Answer, AnswerCache, AnswerKey, QueryForm, QueryRequest
from graph.query.forwarder import Forwarder
from graph.query.frames import ask
from graph.query.service import QueryService
from graph.query.short_cuts import QueryShapes, looked_up
from graph.query.sparql.guard import ReaderOptions, ReadQuery

MIB = 1 << 20
PREPARED_BYTES, COPIES, OVERHEAD_BYTES = 32 << 20, 8, 2_000
LONGEST_PREPARED = 16_384
LONGEST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that has been read.

    Attributes:
        query: what the guard read.
        representation: how the answer is to be written; it is a serialisation.
        request: the request as an engine takes it.
        subject: the only subject that it looks at, or None where it is no lookup.
        digest: of what determines the answer beside the release; empty for one that is not to be kept.
    """

    query: ReadQuery
    representation: Representation
    request: QueryRequest
    subject: str | None
    digest: str

    @property
    def size(self) -> int:
        """About how many bytes it takes, with what it is found by."""
        return COPIES * len(self.request.text) + OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class LaneAnswer:
    """A whole answer.

    Attributes:
        representation: what it is.
        answer: the bytes, or the spool file, which the receiver removes; and their release.
        tag: its entity tag, or an empty string for one that is not to be kept.
        outcome: for metrics: cached, looked up or answered.
    """

    representation: Representation
    answer: Answer
    tag: str
    outcome: str


def is_long(query_string: bytes, body: bytes) -> bool:
    """Whether it takes more than some milliseconds to read a request."""
    return len(query_string) + len(body) > LONGEST_PREPARED


def _suitable(accept: str, form: QueryForm) -> Representation | None:
    """Return what suits a client best; the headers of programs are few, so what they want is remembered."""
    return _remembered(accept, form) if len(accept) <= LONGEST_REMEMBERED else choose(accept, OFFERS[form])


@lru_cache(maxsize=1024)
def _remembered(accept: str, form: QueryForm) -> Representation | None:
    return choose(accept or None, OFFERS[form])


class SparqlLane:
    """Answers queries of programs."""

    def __init__(
        self, publication: Publication, service: QueryService, forwarder: Forwarder, reader: QueryReader
    ) -> None:
        """Answer from the service, within the publication's settings; SERVICE calls go through the forwarder."""
        self._forwarder, self._reader = forwarder, reader
        self._settings = publication.settings
        self._base = f"{publication.base}sparql"
        self._service = service
        self._shapes = QueryShapes()
        self.cache = AnswerCache(publication.settings.engine.cache_mb * MIB)
        self._prepared: LRUCache[tuple[bool, bytes, str, str, bytes], Prepared] = LRUCache(
            PREPARED_BYTES, getsizeof=lambda prepared: prepared.size
        )

    def prepare(
        self, method: str, query_string: bytes, headers: Mapping[str, str], body: bytes, client: str,
        has_gone: Callable[[], bool] = lambda: False,
    ) -> Prepared | None:  # fmt: skip
        """Return the request as read, or None where it is for the Flask application (a page, or an error).

        The same request is read once and remembered, unless it is long (``is_long``): that takes up to a second, and
        may be done in a thread.
        """
        accept, content_type = headers.get("accept", ""), headers.get("content-type", "")
        key = (method == "POST", query_string, accept, content_type, body)
        remembered = not is_long(query_string, body) and len(accept) + len(content_type) <= LONGEST_REMEMBERED
        found = self._prepared.get(key) if remembered else None
        if found is None:
            try:
                operation = read_operation(method, query_string, content_type, body)
                found = self._read(operation, accept, client, has_gone)
            except HamkorError:
                return None
            if found is not None and remembered:
                self._prepared[key] = found
        return found

    def _read(self, operation: Operation, accept: str, client: str, has_gone: Callable[[], bool]) -> Prepared | None:
        if operation.query is None or len(operation.query.encode()) > self._settings.limits.query_mb * MIB:
            return None
        query = self._shapes.read(
            operation.query, lambda text: self._reader.read(text, client, self._how(), has_gone=has_gone)
        )
        wished = operation.wished(OFFERS[query.form])
        representation = wished or _suitable(accept, query.form)
        if representation is None or representation.format is None or (operation.formats and wished is None):
            return None
        request = operation.request(query, representation.format, self._base)
        facts = repr((query.normalised, operation.dataset, representation.name)).encode()
        digest = blake2b(facts, digest_size=12).hexdigest() if is_kept(query) else ""
        return Prepared(query, representation, request, looked_up(query, request), digest)

    def _how(self) -> ReaderOptions:
        limits = self._settings.limits
        return ReaderOptions(self._forwarder.addresses, self._base, limits.query_tokens, limits.query_nesting)

    def known(self, prepared: Prepared) -> LaneAnswer | None:
        """Return the answer without asking anybody: where the cache has it, or it is but a lookup.

        Raises:
            HamkorError: as ``answer``.
        """
        release, lookup = self._service.release, self._service.lookup
        found = self.cache.get(AnswerKey(release, prepared.digest)) if prepared.digest else None
        if found is not None:
            return self._lane_answer(prepared, found, "cached")
        if prepared.subject is not None and lookup is not None and lookup.release == release:
            found = lookup.answer(prepared.subject, prepared.request)
            if found is not None:
                return self._lane_answer(prepared, self._checked(prepared, found), "looked up")
        return None

    async def answer(self, prepared: Prepared, client: str, slow: Callable[[], None]) -> LaneAnswer:
        """Ask the pool; ``slow`` is called once where the answer takes longer than a moment.

        Raises:
            HamkorError: the query hit a limit, the engine refuses it or is away, or XML cannot hold the answer.
        """
        try:
            found = await self._service.pool.answer(ask(prepared.request), client, slow)
        except QuerySyntaxError as error:
            raise explained(error, prepared.query) from error
        except EngineUnavailableError as error:
            raise self._forwarder.failure(str(error)) or error from error
        form = prepared.representation.format
        if isinstance(found.body, Path) and form is RESULTS_XML:
            await asyncio.to_thread(check_spooled, found.body, form)
        return self._lane_answer(prepared, self._checked(prepared, found), "answered")

    def _checked(self, prepared: Prepared, found: Answer) -> Answer:
        """Check an answer that has just been made, and hold it."""
        form = prepared.representation.format
        if form is RESULTS_XML and isinstance(found.body, bytes):
            check_xml(found.body, form)
        if prepared.digest:
            self.cache.put(AnswerKey(found.release, prepared.digest), found)
        return found

    def _lane_answer(self, prepared: Prepared, found: Answer, outcome: str) -> LaneAnswer:
        return LaneAnswer(prepared.representation, found, found.tag if prepared.digest else "", outcome)
