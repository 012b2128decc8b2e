"""The SPARQL 1.1 Protocol's query operation, read from a request; long ones in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from typing import cast
from urllib.parse import parse_qsl, unquote_to_bytes

from cachetools import LRUCache
from flask import Flask, current_app

from endpoint.http.problems import ProblemError
from endpoint.http.semantics import Fields, HeaderLink, Representation, named
from graph.model.errors import (
    EngineUnavailableError,
    HamkorError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    Quotation,
    Sentence,
)
from graph.model.formats import Format
from graph.model.processes import Bounds, run
from graph.model.settings import LimitSettings
from graph.query.engine import Dataset, QueryRequest
from graph.query.sparql.guard import ReaderOptions, ReadQuery

# The SPARQL 1.1 Protocol's query operation (section 2.1), read from a request: one query, its dataset, its version.
#
# A pure module: bytes in, a value or a problem out. It reads strictly, since a query that was changed on its way is not
# the query that was asked: the encoding is UTF-8 or it is an error, and nothing is decoded twice.

FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"
READ_TYPES = f"{FORM}, {DIRECT}"
VOLATILE_WORDS = ("NOW", "RAND", "UUID", "STRUUID", "BNODE")
VOLATILE = re.compile(rf"\b(?:{'|'.join(VOLATILE_WORDS)})\b", re.IGNORECASE)
"""Functions by which the same query has another answer each time."""
VERSIONS = ("1.1", "1.2", "1.2-basic")
FORMAT_PARAMETERS = ("format", "output", "results")
PAGE_PARAMETERS = frozenset({*FORMAT_PARAMETERS, "lang", "ui"})
"""What may stand in the URL of the service itself, beside a query."""
MOST_FIELDS = 10_000
LONGEST_URL = 60_000
"""The web server itself ends a little above, without a word (RFC 9110 4.1 asks for 8,000 at least)."""

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks of the service.

    Attributes:
        query: the text, or None where the request is for the service itself.
        dataset: what default-graph-uri and named-graph-uri name.
        formats: the values of format=, output= and results=, in order.
    """

    query: str | None
    dataset: Dataset = field(default_factory=Dataset)
    formats: tuple[str, ...] = ()

    def wished(self, offered: Sequence[Representation]) -> Representation | None:
        """Return the first of those offered that format= names, or None."""
        return next((found for name in self.formats if (found := named(name, offered)) is not None), None)

    def request(self, query: ReadQuery, form: Format, base: str) -> QueryRequest:
        """Return what an engine is asked, once the query has been read: its answer in a format."""
        clauses, uses_graphs = query.clauses, query.uses_graph_clause
        return QueryRequest(query.text, query.form, form, base, self.dataset, clauses, uses_graphs)


def read_operation(method: str, query_string: bytes, content_type: str, body: bytes) -> Operation:
    """Return what a request asks for.

    Args:
        method: GET, HEAD, POST or QUERY.
        query_string: of the URL, as sent.
        content_type: the header as sent; empty where there is none.
        body: as sent.

    Raises:
        ProblemError: 400 without exactly one query, with a bad parameter or for an update, 414 for a URL that is
            too long, 415 for a body that is neither of the protocol's two, or not UTF-8.
    """
    if len(query_string) > LONGEST_URL:
        raise ProblemError(
            "uri-too-long",
            Sentence("the URL is longer than %(most)s bytes", most=LONGEST_URL),
            {"remedy": Sentence("send it by POST")},
        )
    pairs, queries = list(_pairs(query_string, "URL")), list[str]()
    if method not in ("GET", "HEAD"):
        media_type, parameters = _media_type(content_type)
        if media_type == FORM:
            pairs += _pairs(body, "body")
        elif media_type == DIRECT:
            queries.append(_text(body, "body"))
            pairs += [("version", parameters["version"])] if "version" in parameters else []
        elif media_type == UPDATE:
            raise _no_updates()
        else:
            raise _unread(
                Sentence(
                    "%(media_type)s is not read here", media_type=media_type or Sentence("a body without a media type")
                )
            )
    if any(name == "update" for name, _ in pairs):
        raise _no_updates()
    queries += [value for name, value in pairs if name == "query"]
    if len(queries) > 1 or (not queries and (method == "POST" or not _is_for_the_service(pairs))):
        raise ProblemError(
            "bad-request", Sentence("exactly one query is needed; there are %(count)s", count=len(queries))
        )
    _check_version(pairs)
    formats = tuple(value for name, value in pairs if name in FORMAT_PARAMETERS)
    return Operation(queries[0] if queries else None, _dataset(pairs), formats)


def is_kept(query: ReadQuery) -> bool:
    """Whether its answer is the same as long as the release is; no other service and not the hour has a part in it."""
    if query.services:
        return False
    capitals = query.normalised.upper()  # to look for words takes a twentieth of the expression, which decides
    return not (any(word in capitals for word in VOLATILE_WORDS) and VOLATILE.search(query.normalised))


@lru_cache(maxsize=64)
def service_fields(root: str) -> Fields:
    """Return the header fields of every answer of the service at a root: what it reads, and what describes it."""
    links = (
        HeaderLink(f"{root}/sparql?format=turtle", "service-desc", "text/turtle"),
        HeaderLink(f"{root}/queries", "service-doc", "text/html"),
    )
    return (("accept-post", READ_TYPES), *(("link", str(each)) for each in links))


def _is_for_the_service(pairs: Pairs) -> bool:
    return all(name in PAGE_PARAMETERS for name, _ in pairs)


def _pairs(encoded: bytes, place: str) -> list[tuple[str, str]]:
    try:
        return _decoded(encoded)
    except UnicodeDecodeError as problem:
        raise ProblemError(
            "bad-request", Sentence("the parameters in the %(place)s are not percent-encoded UTF-8", place=place)
        ) from problem
    except ValueError as problem:
        raise ProblemError(
            "bad-request",
            Sentence(
                "the parameters in the %(place)s cannot be read: %(problem)s", place=place, problem=Quotation(problem)
            ),
        ) from problem


def _decoded(encoded: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a form, as ``parse_qsl`` does, which takes twice the time for one short query."""
    if encoded.count(b"&") >= MOST_FIELDS or not encoded.isascii():
        return parse_qsl(encoded.decode("ascii"), max_num_fields=MOST_FIELDS)  # which says what is wrong
    plain = encoded.replace(b"+", b" ")
    parts = [each.partition(b"=") for each in plain.split(b"&") if each]
    return [(unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()) for name, _, value in parts]


def _text(body: bytes, place: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ProblemError(
            "bad-request",
            Sentence("the %(place)s is not UTF-8, from byte %(start)s on", place=place, start=problem.start),
        ) from problem


def _media_type(header: str) -> tuple[str, dict[str, str]]:
    name, *rest = header.split(";")
    pairs = (each.partition("=") for each in rest)
    parameters = {key.strip().lower(): value.strip().strip('"') for key, equals, value in pairs if equals}
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise _unread(
            Sentence(
                "the character set %(charset)s is not read here; SPARQL is UTF-8 (SPARQL 1.1 Protocol 2.1.3)",
                charset=charset,
            )
        )
    return name.strip().lower(), parameters


def _unread(detail: str) -> ProblemError:
    return ProblemError(
        "media-type",
        detail,
        {"remedy": Sentence("send %(form)s or %(other)s", form=FORM, other=DIRECT)},
        {"Accept-Post": READ_TYPES},
    )


def _no_updates() -> ProblemError:
    return ProblemError(
        "bad-request",
        Sentence("this service answers queries; updates are not executed here"),
        {"remedy": Sentence("send it to /update, with a token")},
    )


def _check_version(pairs: Pairs) -> None:
    for name, value in pairs:
        if name == "version" and value not in VERSIONS:
            raise ProblemError(
                "bad-request",
                Sentence("version=%(value)s is not known", value=value[:50]),
                {"remedy": Sentence("send one of %(known)s", known=", ".join(VERSIONS))},
            )


def _dataset(pairs: Pairs) -> Dataset:
    default = tuple(value for name, value in pairs if name == "default-graph-uri")
    named = tuple(value for name, value in pairs if name == "named-graph-uri")
    for iri in (*default, *named):
        scheme, colon, rest = iri.partition(":")
        if not (colon and rest and scheme[:1].isalpha()) or any(sign in iri for sign in ' <>"{}|\\^`'):
            raise ProblemError(
                "bad-request", Sentence("%(iri)s names no graph: an absolute IRI is needed", iri=repr(iri[:200]))
            )
    return Dataset(tuple(dict.fromkeys(default)), tuple(dict.fromkeys(named)))


# Long queries are read in turn: one at a time, one of each client, in a process of their own, and not twice.
#
# The guard takes about a second for a megabyte, and threads of Python share one interpreter: read all at once, and
# here, the long queries of one client would stop everybody's pages. Short ones are read where they arrive. What a query
# means is ``graph.query.sparql.guard``'s.

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
                raise EngineUnavailableError(Sentence("the client has gone"), 0.0)
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
                "graph.query.sparql.guard:read_as",
                (text, replace(how, services=dict(how.services))),
                ReadQuery,
                self.bounds,
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
