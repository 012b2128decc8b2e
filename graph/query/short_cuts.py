"""Short cuts: queries that ask for one thing, or whose shape was seen before, need not be read again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyoxigraph as ox
from cachetools import LRUCache

from graph.query.answers import digest_of
from graph.query.embedded import evaluate, written
from graph.query.engine import Answer, QueryRequest
from graph.query.federation import mentions_service
from graph.query.sparql.guard import ReadQuery
from graph.query.sparql.tokens import CONSTANT, QueryShape, filled, shape_of
from graph.releases.release import Release

# Lookups: queries so small that sending them to a worker would cost more than answering them.
#
# Such a query has one triple pattern whose subject is an IRI, and nothing else; or it describes one IRI. Its work is
# bounded by the number of triples that the subject has, which is counted when the release is loaded: subjects that have
# many are not looked up here. Everything else goes to the pool. The store holds the merge only, so what names graphs or
# a dataset goes there, too.

IRI = r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\s]*>"
NAME = r"[A-Za-z][\w-]*:[A-Za-z][\w-]*"
VARIABLE = r"\?[A-Za-z_]\w*"
SMALL = re.compile(
    rf"(?:PREFIX [A-Za-z][\w-]*: ?<[^<>\s]*> ?)*"
    rf"(?:DESCRIBE ?(?P<described>{IRI})"
    rf"|(?:ASK|SELECT(?: DISTINCT)?(?: ?\*| ?(?:{VARIABLE} ?)+)) ?(?:WHERE ?)?"
    rf"{{ ?(?P<subject>{IRI}) ?(?:a|{IRI}|{NAME}|{VARIABLE}) ?(?:{IRI}|{NAME}|{VARIABLE}) ?\.? ?}}"
    r"(?: ?LIMIT \d+)?)",
    re.ASCII,
)
MANY = 1_000


def looked_up(query: ReadQuery, request: QueryRequest) -> str | None:
    """Return the IRI of the only subject that the query looks at, or None where it is no lookup."""
    if request.effective_dataset.is_named or query.clauses.is_named or query.uses_graph_clause or query.services:
        return None
    found = SMALL.fullmatch(query.normalised)
    if found is None or query.text != query.written:
        return None
    return str(found["subject"] or found["described"])[1:-1]


@dataclass(frozen=True, slots=True)
class LookupStore:
    """The merge of one release in this process.

    Attributes:
        release: its id.
        store: the merge as the default graph.
        large: the subjects that have too many triples to be looked up here.
    """

    release: str
    store: ox.Store
    large: frozenset[str]

    def answer(self, subject: str, request: QueryRequest) -> Answer | None:
        """Return the answer to a lookup of ``subject``, or None where it is not to be answered here.

        Raises:
            QuerySyntaxError: the engine does not take the query.
        """
        if subject in self.large:
            return None
        body = written(evaluate(self.store, request, frozenset()), request.format, directions=False)
        return Answer(body, self.release, digest_of(body))


def load_lookup(release: Release) -> LookupStore:
    """Load the merge of a release into memory; takes seconds a million triples, most of them outside the GIL."""
    store, counts = ox.Store(), Counter[bytes]()
    for chunk in release.read_all():
        store.bulk_load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
        counts.update(line[1 : line.index(b">")] for line in chunk.lines())
    large = frozenset(subject.decode() for subject, count in counts.items() if count > MANY)
    return LookupStore(release.id, store, large)


# Shapes of queries (``graph.query.sparql.tokens``): what the guard found out of one query holds for all of its shape.
#
# What the guard says does not depend on plain constants, as long as no dataset, service or function is named by an IRI,
# and nothing had to be written differently. Everything else is read by the guard every time, and so is every text with
# the letters of SERVICE: of such a text this module says nothing.

MOST_BYTES, COPIES, OVERHEAD_BYTES = 8 << 20, 6, 1_000


@dataclass(frozen=True, slots=True)
class _KnownShape:
    """What a query of some shape was read as, and its normal form without the constants."""

    query: ReadQuery
    pieces: tuple[str, ...]

    @property
    def size(self) -> int:
        """About how many bytes it takes, with its shape."""
        return COPIES * len(self.query.text) + OVERHEAD_BYTES


class QueryShapes:
    """What was read before, by shape: for one set of rules of the guard, the same at each call."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: LRUCache[str, _KnownShape] = LRUCache(MOST_BYTES, getsizeof=lambda known: known.size)

    def read(self, text: str, read: Callable[[str], ReadQuery]) -> ReadQuery:
        """Return what ``read`` (``graph.query.sparql.guard.read_query``) returns, where possible without asking it.

        Raises:
            HamkorError: as ``read``.
        """
        shape = None if mentions_service(text) else shape_of(text)
        if shape is None:
            return read(text)
        known = self._known.get(shape.key)
        if known is None:
            found = read(text)
            if (pieces := _pieces(found, shape)) is not None:
                self._known[shape.key] = _KnownShape(found, pieces)
            return found
        normalised = filled(known.pieces, shape.constants)
        return replace(known.query, text=text, written=text, normalised=normalised)


def _pieces(found: ReadQuery, shape: QueryShape) -> tuple[str, ...] | None:
    """Return the normal form around the constants, or None where what was read may hold for this text only."""
    if found.text != found.written or found.services or found.functions or found.clauses.is_named:
        return None
    if "#" in shape.key and not shape.are_tokens(found.text):
        return None  # some stand in a comment
    parts = CONSTANT.split(found.normalised)
    return tuple(parts[::2]) if parts[1::2] == shape.constants else None  # else ``=5`` has become ``= 5``
