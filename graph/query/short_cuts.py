"""Short cuts: queries that ask for one thing, or whose shape was seen before, need not be read again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import duckdb
import pyoxigraph as ox
from cachetools import LRUCache

from graph.model.errors import ReleaseError
from graph.query.embedded import evaluate_plain, written
from graph.query.engine import Answer, QueryRequest, digest_of
from graph.query.sparql.guard import ReadQuery
from graph.query.sparql.tokens import CONSTANT, QueryShape, filled, mentions_service, shape_of
from graph.releases.release import Release
from graph.releases.triple_index import TermKind, open_index

# Lookups: queries so small that sending them to a worker would cost more than answering them.
#
# Such a query has one triple pattern whose subject is an IRI, and nothing else; or it describes one IRI. It is answered
# from the store on disk, whatever the size of the release. Its work is bounded by what is said of the subject, which is
# looked at first: subjects of which much is said are not looked up here. Everything else goes to the pool.

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
MANY, MUCH = 1_000, 1 << 20
"""How many triples, and characters in their literals, a subject may have that is looked up here."""
COUNTING_MB = 256
"""What counting that for all subjects may take; where that does not do, each is looked at when it is asked for."""
LARGE = f"""SELECT text FROM terms WHERE id & 7 = {TermKind.IRI} AND id IN (
    SELECT s FROM by_subject GROUP BY s HAVING count(*) > {MANY}
    UNION
    SELECT s FROM by_subject JOIN (SELECT id AS o, length(text) AS size FROM terms WHERE strlen(text) > {MUCH // MANY})
        USING (o) GROUP BY s HAVING sum(size) > {MUCH})"""  # noqa: S608
"""Many triples, or many characters in long texts: a thousand short ones have no more than as many again."""


def looked_up(query: ReadQuery, request: QueryRequest) -> str | None:
    """Return the IRI of the only subject that the query looks at, or None where it is no lookup."""
    if request.effective_dataset.is_named or query.clauses.is_named or query.uses_graph_clause or query.services:
        return None
    found = SMALL.fullmatch(query.normalised)
    if found is None or query.text != query.written:
        return None
    return str(found["subject"] or found["described"])[1:-1]


class LookupStore:
    """The store of one release, on disk, read in this process."""

    def __init__(self, release: Release) -> None:
        """Open the store of a release, which is held for so long.

        Raises:
            ReleaseError: it cannot be opened.
        """
        self._release, self._store = release, release.store
        self._large = large_subjects(release)

    @property
    def release(self) -> str:
        """The release's id."""
        return self._release.id

    def answer(self, subject: str, request: QueryRequest) -> Answer | None:
        """Return the answer to a lookup of ``subject``, or None where it is not to be answered here.

        Raises:
            QuerySyntaxError: the engine does not take the query.
        """
        if self._is_large(subject):
            return None
        body = written(evaluate_plain(self._store, request), request.format, directions=False)
        return Answer(body, self.release, digest_of(body))

    def _is_large(self, subject: str) -> bool:
        if self._large is not None:
            return subject in self._large
        quads = self._store.quads_for_pattern(ox.NamedNode(subject), None, None, ox.DefaultGraph())
        sizes = [
            len(quad.object.value) if isinstance(quad.object, ox.Literal) else 0 for quad in islice(quads, MANY + 1)
        ]
        return len(sizes) > MANY or sum(sizes) > MUCH


def large_subjects(release: Release) -> frozenset[str] | None:
    """Return the subjects of which too much is said to look them up; None where the release has no index that tells."""
    try:
        index = open_index(release.folder, memory_mb=COUNTING_MB, threads=1)
        if index is None:
            return None
        with index:
            return frozenset(iri for (iri,) in index.execute(LARGE).fetchall())
    except (duckdb.Error, MemoryError, ReleaseError):  # then each is looked at, which costs half a lookup more
        return None


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
        return known.query.like(text, normalised)


def _pieces(found: ReadQuery, shape: QueryShape) -> tuple[str, ...] | None:
    """Return the normal form around the constants, or None where what was read may hold for this text only."""
    if found.text != found.written or found.services or found.functions or found.clauses.is_named:
        return None
    if "#" in shape.key and not shape.are_tokens(found.text):
        return None  # some stand in a comment
    parts = CONSTANT.split(found.normalised)
    return tuple(parts[::2]) if parts[1::2] == shape.constants else None  # else ``=5`` has become ``= 5``
