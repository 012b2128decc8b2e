"""The index of names of one release: a SQLite file made from entities, and nothing but them.

Five tables, each for one question. ``entity``: what is there to show. ``name``: which things bear exactly this name, in
whatever order of words, or this identifier. ``posting``: which things have this word, kind or place; a thing's number
is its rank, so the first numbers are the best. ``spelling``: which words hold these letters (FTS5, trigrams; a word
stands there once, however many names have it). ``start``: the best things with a word that starts with these letters.
Reading is ``graph.linking.reader``'s.
"""

from __future__ import annotations

import heapq
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from graph.errors import ReleaseError
from graph.linking.entity import Entity
from graph.linking.folding import STOP_WORDS

INDEX_FILE = "search.sqlite"
FORMAT = 1
SCHEMA = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE entity (n INTEGER PRIMARY KEY, id TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE name (key TEXT, n INTEGER, rank INTEGER, PRIMARY KEY (key, n)) WITHOUT ROWID;
CREATE TABLE posting (token TEXT PRIMARY KEY, things BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE start (prefix TEXT PRIMARY KEY, things BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE dead (n INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE spelling USING fts5 (word, tokenize = 'trigram case_sensitive 1');
"""
KIND, PLACE, IDENTIFIER = "=", ">", "#"
"""What begins the tokens that are no words."""
BEST_OF_A_START, LONGEST_START = 64, 3
SHORTEST_SPELT = 3
_ENCODER = msgspec.msgpack.Encoder()

Rows = Iterable[tuple[object, ...]]


def write_index(entities: Iterable[Entity], path: Path, dead: Iterable[int] = ()) -> int:
    """Write the index of some things; return how many.

    Args:
        entities: weightiest first.
        path: the file, which must not be there.
        dead: for a delta, the numbers of what it takes out of the whole index beside it.

    Raises:
        ReleaseError: the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.executescript(SCHEMA)
            database.execute("BEGIN")
            count = Writing(database).write(entities)
            database.executemany("INSERT INTO dead VALUES (?)", ((each,) for each in dead))
            database.execute("COMMIT")
    except sqlite3.Error as problem:
        raise ReleaseError(f"{path.name} could not be written: {problem}", "is the disk full?") from problem
    return count


class Writing:
    """An index while it is written: rows of things go out as they come, all else when they have all been seen."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._postings: dict[str, array[int]] = {}
        self._names: list[tuple[str, int, int]] = []

    def write(self, entities: Iterable[Entity]) -> int:
        """Write all tables; return how many things there are."""
        insert = self._database.executemany
        insert("INSERT INTO entity VALUES (?, ?, ?)", self._entities(entities))
        count = int(self._database.execute("SELECT count(*) FROM entity").fetchone()[0])
        self._database.execute("CREATE UNIQUE INDEX entity_id ON entity (id)")
        self._names.sort()
        insert("INSERT OR IGNORE INTO name VALUES (?, ?, ?)", self._names)
        tokens = sorted(self._postings)
        insert("INSERT INTO posting VALUES (?, ?)", ((each, self._postings[each].tobytes()) for each in tokens))
        insert("INSERT INTO start VALUES (?, ?)", self._starts(tokens))
        insert("INSERT INTO spelling (word) VALUES (?)", ((padded(each),) for each in tokens if is_spelt(each)))
        insert("INSERT INTO meta VALUES (?, ?)", (("format", FORMAT), ("count", count)))
        return count

    def _entities(self, entities: Iterable[Entity]) -> Iterator[tuple[int, str, bytes]]:
        postings, names, encode = self._postings, self._names, _ENCODER.encode
        for n, entity in enumerate(entities):
            tokens = {KIND + each for each in entity.kinds}
            tokens.update([PLACE + each for each in entity.places])
            ranks: dict[str, int] = {}
            for name in entity.names:
                ranks.setdefault(name.fold, name.rank)
            for fold, rank in ranks.items():
                found = fold.split()
                telling = [each for each in found if each not in STOP_WORDS] or found
                tokens.update(telling)
                telling.sort()
                names.append((" ".join(telling), n, rank))
            for identifier in entity.identifiers:
                names.append((IDENTIFIER + identifier.casefold(), n, 0))
            for token in tokens:
                if (things := postings.get(token)) is None:
                    things = postings[token] = array("I")
                things.append(n)
            yield n, entity.id, encode(entity)

    def _starts(self, tokens: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each start of one to three letters with the best things that have a word with it."""
        best: dict[str, list[int]] = {}
        for token in tokens:
            if token[0] not in (KIND, PLACE):
                first = self._postings[token][:BEST_OF_A_START]
                for length in range(1, min(LONGEST_START, len(token)) + 1):
                    best.setdefault(token[:length], []).extend(first)
        for start, things in sorted(best.items()):
            yield start, array("I", heapq.nsmallest(BEST_OF_A_START, set(things))).tobytes()


def is_spelt(token: str) -> bool:
    """Whether a token is a word that one can misspell: no number, none of the shortest."""
    return len(token) >= SHORTEST_SPELT and token.isalpha()


def padded(word: str) -> str:
    """Return a word with its beginning and its end marked, so that trigrams know them."""
    return f"_{word}_"
