"""Queries that are kept: each with the release that it was asked of, under a short name that is made of both.

Equal text and release give the same name on every machine, so keeping one twice changes nothing. The shelf is bounded:
anybody may put something there. It runs none of them.
"""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from graph.errors import QueryLimitError, ReleaseError

FILE = "queries.sqlite"
MOST_CHARACTERS = 20_000
MOST_QUERIES = 200_000
NAME_CHARACTERS = 12
BUSY_SECONDS = 2.0
TABLE = (
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, release TEXT NOT NULL, query TEXT NOT NULL) WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True)
class KeptQuery:
    """One query that is kept: its name, its text, and the id of the release that it was asked of."""

    name: str
    text: str
    release: str


def name_of(text: str, release: str) -> str:
    """Return the name of a query that is asked of a release: twelve letters and digits, in small letters."""
    digest = sha256(f"{release}\n{text}".encode()).digest()
    return base64.b32encode(digest).decode()[:NAME_CHARACTERS].lower()


def keep(folder: Path, text: str, release: str) -> KeptQuery:
    """Keep a query in a publication's work folder, and return it.

    Raises:
        QueryLimitError: it is too long, or too many are kept already.
        ReleaseError: the folder cannot be written.
    """
    if len(text) > MOST_CHARACTERS:
        problem = f"a query that is kept has at most {MOST_CHARACTERS} characters"
        raise QueryLimitError("kept-query-characters", MOST_CHARACTERS, problem, "send it with each request instead")
    name = name_of(text, release)
    try:
        with _shelf(folder) as shelf, shelf:
            if shelf.execute("SELECT count(*) FROM kept").fetchone()[0] >= MOST_QUERIES:
                problem = f"{MOST_QUERIES:,} queries are kept already"
                raise QueryLimitError("kept-queries", MOST_QUERIES, problem, "send it with each request instead")
            shelf.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", (name, release, text))
    except (sqlite3.Error, OSError) as problem:
        raise ReleaseError(f"the query could not be kept: {problem}", "try again") from problem
    return KeptQuery(name, text, release)


def kept_query(folder: Path, name: str) -> KeptQuery | None:
    """Return the query of a name, or None where none is kept under it."""
    if not (folder / FILE).exists():
        return None
    try:
        with _shelf(folder) as shelf:
            row = shelf.execute("SELECT query, release FROM kept WHERE name = ?", (name,)).fetchone()
    except sqlite3.Error:
        return None
    return KeptQuery(name, *row) if row else None


@contextmanager
def _shelf(folder: Path) -> Iterator[sqlite3.Connection]:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS)) as shelf:
        shelf.execute(TABLE)
        yield shelf
