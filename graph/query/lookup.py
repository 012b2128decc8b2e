"""Lookups: queries so small that sending them to a worker would cost more than answering them.

Such a query has one triple pattern whose subject is an IRI, and nothing else; or it describes one IRI. Its work is
bounded by the number of triples that the subject has, which is counted when the release is loaded: subjects that have
many are not looked up here. Everything else goes to the pool. The store holds the merge only, so what names graphs or
a dataset goes there, too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pyoxigraph as ox

from graph.query.embedded import evaluate, written
from graph.query.engine import Answer, QueryRequest
from graph.query.guard import ReadQuery
from graph.query.spool import digest_of
from graph.releases.release import Release

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
