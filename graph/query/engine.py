"""What an engine is asked and what it answers; answers written to memory or a file, and kept for who asks again."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from cachetools import LRUCache
from pyoxigraph import NamedNode, RdfFormat, parse

from graph.model.errors import QuerySyntaxError, Sentence
from graph.model.formats import RESULTS_JSON, Format

# The interface of everything that answers queries: one read query in, one complete answer out.
#
# It evaluates nothing itself. The embedded engine and a remote SPARQL 1.1 endpoint both fulfil it, so that what stands
# above (HTTP, command line, pages) does not know which one it talks to.

QueryForm = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The RDF dataset that a protocol request names (SPARQL 1.1 Protocol 2.1.4).

    Both tuples empty means: not named, the query sees the release's own default graph and named graphs, or what its
    FROM clauses say. As soon as either holds an IRI, the two together are the whole dataset.
    """

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether the request named any graph."""
        return bool(self.default_graphs or self.named_graphs)


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One query to be answered.

    Attributes:
        text: the query, already accepted by the guard.
        form: its query form, as the guard read it.
        format: in which format the answer is wanted; it fits the form.
        base: the IRI against which relative IRIs in the query are resolved.
        dataset: the dataset that the protocol request names.
        clauses: the dataset that the query's own FROM and FROM NAMED clauses name.
        uses_graphs: whether the query says GRAPH, so that it may look into named graphs.
    """

    text: str
    form: QueryForm
    format: Format
    base: str
    dataset: Dataset = field(default_factory=Dataset)
    clauses: Dataset = field(default_factory=Dataset)
    uses_graphs: bool = True

    @property
    def effective_dataset(self) -> Dataset:
        """The dataset that counts: the protocol's overrides the query's own (SPARQL 1.1 Protocol 2.1.4)."""
        return self.dataset if self.dataset.is_named else self.clauses


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, serialised.

    Attributes:
        body: the bytes, or the spool file that holds them (the receiver deletes it).
        release: the id of the release that was asked.
        digest: of the bytes.
    """

    body: bytes | Path
    release: str
    digest: str

    @property
    def tag(self) -> str:
        """The strong entity tag of these bytes (RFC 9110 8.8.3); it says which release they are from."""
        return f"{self.release.rpartition('-')[2]}-{self.digest}"


PROBE = QueryRequest("SELECT * WHERE { ?s ?p ?o } LIMIT 1", "SELECT", RESULTS_JSON, "http://localhost/")
"""A query that every release answers at once: whoever asks it wants to know whether queries are answered."""


class Engine(Protocol):
    """Whatever answers queries."""

    @property
    def services(self) -> Mapping[str, str]:
        """The endpoints that its queries may call, and what the guard writes in place of each."""

    def answer(self, request: QueryRequest) -> Answer:
        """Answer completely, or raise one of the query errors of ``graph.model.errors``."""

    def check(self, seconds: float) -> None:
        """Make sure that queries are answered, within some seconds; raise what a query would meet."""


# The functions that the engine can call by IRI, and what it says of others.
#
# It calls nothing itself. pyoxigraph 0.5.13 has the XPath constructor functions of SPARQL 1.1 section 17.5 with those
# of the calendar types, and most of GeoSPARQL 1.1; custom aggregates it has none. The test calls each of them, so that
# a new version of the engine cannot pass unnoticed.


def _iris(namespace: str, names: str) -> frozenset[str]:
    return frozenset(namespace + name for name in names.split())


_XSD = "http://www.w3.org/2001/XMLSchema#"
_GEOF = "http://www.opengis.net/def/function/geosparql/"

CASTS = _iris(
    _XSD,
    "string boolean double float integer decimal date time dateTime duration yearMonthDuration dayTimeDuration "
    "gYear gYearMonth gMonth gMonthDay gDay",
)

GEOSPARQL = _iris(
    _GEOF,
    "area asGeoJSON centroid convexHull coordinateDimension difference dimension distance ehContains ehCoveredBy "
    "ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope getSRID intersection isEmpty isSimple length "
    "perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses "
    "sfDisjoint sfEquals sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union",
)

EXTENSION_FUNCTIONS = CASTS | GEOSPARQL

_UNSUPPORTED = re.compile(
    r"The custom function <(?P<iri>[^>]*)> (?:is not supported|requires (?P<arity>.*))", re.DOTALL
)


def unsupported(error: Exception) -> QuerySyntaxError | None:
    """Return the syntax error for what the engine raises in mid-evaluation about a function, or None for all else.

    The guard has refused unknown functions by then; what remains is a wrong number of arguments.
    """
    found = _UNSUPPORTED.search(str(error))
    if found is None:
        return None
    if found["arity"]:
        return QuerySyntaxError(
            Sentence("the function <%(iri)s> takes another number of arguments", iri=found["iri"]), token=found["iri"]
        )
    return unknown_function(found["iri"])


def unknown_function(iri: str) -> QuerySyntaxError:
    """Return the error for a call of a function that the engine does not have, without a place."""
    return QuerySyntaxError(
        Sentence("the engine has no function <%(iri)s>; the service description lists those it has", iri=iri)
    )


# IRIs as a query writes them: relative ones, prefixed names, and what its prologue declares for them.
#
# It reads no tokens. Relative IRIs are resolved by the engine's own library, so that the guard and the engine can never
# mean two different IRIs by the same text.


class Declarations:
    """The BASE and PREFIX declarations of one query, as far as it has been read."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._namespaces: dict[str, str] = {}

    def declare_base(self, reference: str) -> None:
        """Take the IRI reference of a BASE declaration, which may itself be relative."""
        self._base = self.resolve(reference)

    def declare_prefix(self, prefix: str, reference: str) -> None:
        """Take a PREFIX declaration; a later one of the same prefix replaces the earlier (SPARQL 1.2 section 4.1.1).

        Args:
            prefix: the prefix without its colon, the empty one included.
            reference: the IRI reference without its angle brackets.
        """
        self._namespaces[prefix] = self.resolve(reference)

    def has_prefix(self, prefix: str) -> bool:
        """Whether the prefix is declared."""
        return prefix in self._namespaces

    def resolve(self, reference: str) -> str:
        """Return the IRI that a reference means here.

        What cannot be resolved (no base, no legal IRI) comes back as it is: the engine refuses it, no list holds it.
        """
        return resolved(reference, self._base) or reference

    def is_legal(self, reference: str) -> bool:
        """Whether a reference gives a legal absolute IRI here."""
        return resolved(reference, self._base) is not None

    def expand(self, name: str) -> str:
        """Return the IRI that a prefixed name means; its prefix must be declared (SPARQL 1.1 section 4.1.1)."""
        prefix, _, local = name.partition(":")
        return self._namespaces[prefix] + local.replace("\\", "")


def resolved(reference: str, base: str | None) -> str | None:
    """Resolve an IRI reference against a base (RFC 3987 section 6.5), as the engine does; None if that gives no IRI."""
    try:
        quad = next(parse(f"<{reference}> <x:p> <x:o> .", format=RdfFormat.TURTLE, base_iri=base))
    except (SyntaxError, ValueError):
        return None
    return quad.subject.value if isinstance(quad.subject, NamedNode) else None


# Answers that were given before: a release never changes, so neither does its answer to a query.
#
# Bounded in bytes, least recently used first out. It holds whole answers only, and none that calls another service or a
# function whose value changes (that is for its user to decide). It is used from one thread.

OVERHEAD_BYTES = 400
LARGEST_SHARE = 8


class AnswerKey(NamedTuple):
    """What determines an answer, byte for byte: the release, and the digest of query, dataset and format."""

    release: str
    digest: str


@dataclass(slots=True)
class CacheCounts:
    """What the cache has seen, for metrics."""

    hits: int = 0
    misses: int = 0


class AnswerCache:
    """Answers by what determines them."""

    def __init__(self, size: int) -> None:
        """Hold at most ``size`` bytes; 0 holds nothing."""
        self.counts = CacheCounts()
        self._largest = size // LARGEST_SHARE
        self._answers: LRUCache[AnswerKey, Answer] = LRUCache(size, getsizeof=_size)

    @property
    def size(self) -> int:
        """How many bytes are held now."""
        return int(self._answers.currsize)

    def get(self, key: AnswerKey) -> Answer | None:
        """Return the answer, or None where it is not held."""
        found = self._answers.get(key)
        if found is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return found

    def put(self, key: AnswerKey, answer: Answer) -> None:
        """Hold an answer, unless it would take more than its share, or is a spool file."""
        if isinstance(answer.body, bytes) and _size(answer) <= self._largest:
            self._answers[key] = answer

    def keep(self, release: str) -> None:
        """Forget the answers of every other release."""
        for key in [key for key in self._answers if key.release != release]:
            del self._answers[key]


def _size(answer: Answer) -> int:
    return len(answer.body) + OVERHEAD_BYTES if isinstance(answer.body, bytes) else OVERHEAD_BYTES


# Where an answer is written: small ones stay in memory, large ones go to a file, too large ones are refused.
#
# A file belongs to the worker that writes it, whose process id begins its name, until the front takes it by a new name.
# So whoever ends a worker knows what to remove.

KEPT_BYTES = 256 << 10
DIGEST_BYTES = 12


class ResultTooLargeError(Exception):
    """The answer is larger than ``limits.result_mb`` allows."""


class Spool:
    """A file-like object for the engine to write to."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Write at most ``limit`` bytes; a file, where needed, is made in ``folder``."""
        self._folder, self._limit = folder, limit
        self._parts: list[bytes] = []
        self._descriptor: int | None = None
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        self.path: Path | None = None
        self.size = 0

    def write(self, data: bytes) -> int:
        """Take some bytes.

        Raises:
            ResultTooLargeError: the answer has grown beyond the limit.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise ResultTooLargeError
        self._digest.update(data)
        if self._descriptor is None:
            self._parts.append(bytes(data))
            if self.size > KEPT_BYTES:
                self._open()
        else:
            _write_all(self._descriptor, data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is where it belongs."""

    def body(self) -> bytes:
        """Return what is kept in memory: all of it, unless there is a file."""
        return b"" if self.path is not None else b"".join(self._parts)

    def digest(self) -> str:
        """Return the digest of everything that was written."""
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Close and remove the file."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the answer is whole."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        self._descriptor, name = tempfile.mkstemp(prefix=f"{os.getpid()}-", dir=self._folder)
        self.path = Path(name)
        _write_all(self._descriptor, b"".join(self._parts))
        self._parts.clear()


def digest_of(body: bytes) -> str:
    """Return the digest that an answer of these bytes has."""
    return blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def taken(path: Path) -> Path:
    """Take a worker's file: it moves up one folder, and is the caller's from now on.

    Raises:
        FileNotFoundError: the worker has been ended, and the file with it.
    """
    return path.rename(path.parent.parent / path.name)


def remove_left(folder: Path, pid: int) -> None:
    """Remove what a worker that has ended left in the folder."""
    for left in folder.glob(f"{pid}-*"):
        left.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
