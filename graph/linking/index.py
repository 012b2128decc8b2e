"""The index of names of one release: a SQLite file made from entities, and nothing but them.

Five tables, each for one question. ``entity``: what is there to show. ``name``: which things bear exactly this name, in
whatever order of words, or this identifier. ``posting``: which things have this word, kind or place; a thing's number
is its rank, so the first numbers are the best. ``spelling``: which words hold these letters (FTS5, trigrams; a word
stands there once, however many names have it). ``start``: the best things with a word that starts with these letters.
Reading is ``graph.linking.reader``'s.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np

from graph.errors import StorageError
from graph.linking.entity import Entity, Name
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
        raise StorageError.of(f"{path.name} could not be written", problem, "is the disk full?") from problem
    return count


class Writing:
    """An index while it is written: rows of things go out as they come, all else when they have all been seen."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._codes = _Codes()
        self._tokens, self._of_each = array("I"), array("I")
        self._names: list[tuple[str, int, int]] = []

    def write(self, entities: Iterable[Entity]) -> int:
        """Write all tables; return how many things there are."""
        insert = self._database.executemany
        insert("INSERT INTO entity VALUES (?, ?, ?)", self._entities(entities))
        self._database.execute("CREATE UNIQUE INDEX entity_id ON entity (id)")
        self._names.sort()
        insert("INSERT INTO name VALUES (?, ?, ?)", self._names)
        postings = self._postings()
        insert("INSERT INTO posting VALUES (?, ?)", postings)
        insert("INSERT INTO start VALUES (?, ?)", _starts(postings))
        insert("INSERT INTO spelling (word) VALUES (?)", ((padded(each),) for each, _ in postings if is_spelt(each)))
        count = len(self._of_each)
        insert("INSERT INTO meta VALUES (?, ?)", (("format", FORMAT), ("count", count)))
        return count

    def _entities(self, entities: Iterable[Entity]) -> Iterator[tuple[int, str, bytes]]:
        codes, of_each, encode = self._tokens, self._of_each, _ENCODER.encode
        code_of, take, before = self._codes.__getitem__, self._names.append, 0
        for n, entity in enumerate(entities):
            codes.extend([code_of(KIND + each) for each in entity.kinds])
            codes.extend([code_of(PLACE + each) for each in entity.places])
            keys: dict[str, int] = {IDENTIFIER + each.casefold(): 0 for each in entity.identifiers}
            for fold, rank in _ranks(entity.names).items():
                found = fold.split()
                telling = [each for each in found if each not in STOP_WORDS] or found
                codes.extend(map(code_of, telling))
                telling.sort()
                keys.setdefault(" ".join(telling), rank)
            for key, rank in keys.items():
                take((key, n, rank))
            of_each.append(len(codes) - before)
            before = len(codes)
            yield n, entity.id, encode(entity)

    def _postings(self) -> list[tuple[str, bytes]]:
        """Return all tokens, in order, with the things that have them, in order."""
        lengths = np.frombuffer(self._of_each, np.uint32)
        pairs = np.frombuffer(self._tokens, np.uint32).astype(np.uint64) << np.uint64(32)
        pairs |= np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
        pairs.sort()
        pairs = pairs[np.concatenate([np.ones(1, np.bool_), pairs[1:] != pairs[:-1]])] if len(pairs) else pairs
        bounds = (
            4 * np.searchsorted(pairs >> np.uint64(32), np.arange(len(self._codes) + 1, dtype=np.uint64))
        ).tolist()
        things = pairs.astype(np.uint32).tobytes()
        return [(token, things[bounds[code] : bounds[code + 1]]) for token, code in sorted(self._codes.items())]


class _Codes(dict[str, int]):
    """A number for each token, in the order in which they come."""

    def __missing__(self, token: str) -> int:
        code = self[token] = len(self)
        return code


def _ranks(names: Iterable[Name]) -> dict[str, int]:
    """Return the folds of names, each with its best rank."""
    ranks: dict[str, int] = {}
    for name in names:
        ranks.setdefault(name.fold, name.rank)
    return ranks


def _starts(postings: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield each start of one to three letters with the best things that have a word with it."""
    best: dict[str, list[bytes]] = {}
    for token, things in postings:
        if token[0] not in (KIND, PLACE):
            first = things[: 4 * BEST_OF_A_START]
            for length in range(1, min(LONGEST_START, len(token)) + 1):
                best.setdefault(token[:length], []).append(first)
    for start, parts in sorted(best.items()):
        yield start, np.unique(np.frombuffer(b"".join(parts), np.uint32))[:BEST_OF_A_START].tobytes()


def is_spelt(token: str) -> bool:
    """Whether a token is a word that one can misspell: no number, none of the shortest."""
    return len(token) >= SHORTEST_SPELT and token.isalpha()


def padded(word: str) -> str:
    """Return a word with its beginning and its end marked, so that trigrams know them."""
    return f"_{word}_"
