"""Saved queries: those that a publication stores as data (SHACL-AF 5), and those that readers keep on a shelf."""

from __future__ import annotations

import base64
import contextlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyoxigraph as ox

from graph.model.description import preferred_tag
from graph.model.errors import QueryLimitError, Sentence, StorageError

# The example queries that a publication stores as data: ``sh:SPARQLSelectExecutable`` and its kin (SHACL-AF 5).
#
# It finds and names them, and puts in the language in which they are asked; it runs none.

FIND = """
PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/> PREFIX dct: <http://purl.org/dc/terms/>
PREFIX csvw: <http://www.w3.org/ns/csvw#>
SELECT ?query ?text ?position ?label ?comment ?variable ?title WHERE {
  ?query sh:select|sh:ask|sh:construct ?text ;
         a ?kind . FILTER(?kind IN (sh:SPARQLExecutable, sh:SPARQLSelectExecutable, sh:SPARQLAskExecutable,
                                    sh:SPARQLConstructExecutable))
  OPTIONAL { ?query schema:position ?position }
  OPTIONAL { { ?query rdfs:label ?label } UNION { ?query rdfs:comment|dct:description ?comment }
             UNION { ?query csvw:column [ csvw:name ?variable ; csvw:title ?title ] } }
} ORDER BY ?position ?query
"""
LANGUAGE = re.compile(r'(\bVALUES\s+\?language\s*\{\s*)"([A-Za-z0-9-]+)"(\s*\})', re.IGNORECASE)
"""Where a query names the language in which it answers."""
MOST_BLANKS = 1_000


@dataclass(frozen=True)
class ExampleQuery:
    """One stored query; labels, comments and, by variable, what its columns are called, by language tag."""

    iri: str
    slug: str
    text: str
    labels: dict[str, str]
    comments: dict[str, str]
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def label(self, languages: Sequence[str]) -> str:
        """Return its label in the first of the languages that it has, else in any, else its slug."""
        return _first(self.labels, languages) or self.slug

    def comment(self, languages: Sequence[str]) -> str:
        """Return its comment likewise, or an empty string."""
        return _first(self.comments, languages)

    def asked(self, languages: Sequence[str]) -> str:
        """Return its text as it is asked in the first of the languages that it has a label in.

        The language stands in the text once, as ``VALUES ?language { "en" }``; a text without that is the same in all.
        """
        tag = preferred_tag(filter(None, self.labels), languages)
        return LANGUAGE.sub(rf'\g<1>"{tag}"\g<3>', self.text, count=1) if tag else self.text

    def column(self, variable: str, languages: Sequence[str]) -> str:
        """Return what a column is called, in the first of the languages that its name is in; else the variable."""
        return _first(self.columns.get(variable, {}), languages) or variable

    def is_asked_by(self, text: str) -> bool:
        """Whether a query is this one, in whatever language."""
        return len(text) < 2 * len(self.text) + MOST_BLANKS and _common(text) == _common(self.text)


def _common(text: str) -> str:
    """Return a text as it is in all languages; line ends are those of forms or of files."""
    return LANGUAGE.sub(r"\g<1>\g<3>", text.replace("\r\n", "\n").strip(), count=1)


def example_asked_by(text: str, examples: Iterable[ExampleQuery]) -> ExampleQuery | None:
    """Return which of the stored queries a query is; None for any other."""
    return next((each for each in examples if each.is_asked_by(text)), None)


def _first(texts: dict[str, str], languages: Sequence[str]) -> str:
    return texts.get(preferred_tag(texts, languages), "")


def read_examples(store: ox.Store, base: str) -> list[ExampleQuery]:
    """Return the stored queries of a release, in the order of ``schema:position``, then of their IRIs."""
    found: dict[str, ExampleQuery] = {}
    answer = store.query(FIND)
    if not isinstance(answer, ox.QuerySolutions):
        return []
    for solution in answer:
        iri = solution["query"].value
        slug = iri.removeprefix(f"{base}query/")
        example = found.setdefault(iri, ExampleQuery(iri, slug, solution["text"].value.strip() + "\n", {}, {}))
        for variable, texts in (("label", example.labels), ("comment", example.comments)):
            if solution[variable] is not None:
                texts[solution[variable].language or ""] = solution[variable].value
        if solution["title"] is not None:
            titles = example.columns.setdefault(solution["variable"].value, {})
            titles[solution["title"].language or ""] = solution["title"].value
    return list(found.values())


# Queries that are kept: each with the release that it was asked of, under a short name that is made of both.
#
# Equal text and release give the same name on every machine, so keeping one twice changes nothing. Anybody may put
# something there, so the shelf is bounded in bytes: where it is full, those go first that nobody has opened. It runs
# none of them, and counts nobody's requests.

FILE = "queries.sqlite"
MOST_CHARACTERS = 20_000
NAME_CHARACTERS = 12
BUSY_SECONDS = 2.0
DAY_SECONDS = 86_400
TABLE = (
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, release TEXT NOT NULL, query TEXT NOT NULL) WITHOUT ROWID"
)
ADDED = {"made": "INTEGER NOT NULL DEFAULT 0", "opened": "INTEGER NOT NULL DEFAULT 0"}
"""Columns that shelves did not always have: the days, since 1970, on which it was kept and last opened; 0 is never."""
FEWEST_GONE = 16
"""How many go at a time: what is freed is then enough for any query (32 pages of 4 KiB at the least)."""


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


def check_length(characters: int) -> None:
    """Make sure that a query is short enough to be kept, which is to be known before it is read.

    Raises:
        QueryLimitError: it is too long.
    """
    if characters > MOST_CHARACTERS:
        problem = Sentence("a query that is kept has at most %(number)s characters", number=str(MOST_CHARACTERS))
        raise QueryLimitError(
            "kept-query-characters", MOST_CHARACTERS, problem, Sentence("send it with each request instead")
        )


def keep(folder: Path, text: str, release: str, most_mb: float) -> KeptQuery:
    """Keep a query in a publication's work folder, and return it.

    Args:
        folder: the work folder.
        text: the query.
        release: the id of the release that it is asked of.
        most_mb: how many MiB the shelf may take; where it is full, those that were never opened go first, then those
            that were opened longest ago.

    Raises:
        QueryLimitError: it is too long.
        ReleaseError: the folder cannot be written.
    """
    check_length(len(text))
    name = name_of(text, release)
    try:
        with _shelf(folder) as shelf, shelf:
            shelf.execute("BEGIN IMMEDIATE")
            _make_room(shelf, int(most_mb * (1 << 20)))
            row = name, release, text, _today()
            shelf.execute("INSERT OR IGNORE INTO kept (name, release, query, made) VALUES (?, ?, ?, ?)", row)
    except (sqlite3.Error, OSError) as problem:
        raise StorageError.of(Sentence("the query could not be kept"), problem, Sentence("try again")) from problem
    return KeptQuery(name, text, release)


def kept_query(folder: Path, name: str) -> KeptQuery | None:
    """Return the query of a name, or None where none is kept under it.

    Raises:
        ReleaseError: what is kept cannot be read.
    """
    if not (folder / FILE).exists():
        return None
    try:
        with _shelf(folder) as shelf:
            row = shelf.execute("SELECT query, release FROM kept WHERE name = ?", (name,)).fetchone()
            with contextlib.suppress(sqlite3.Error), shelf:  # a disk that takes nothing shall not hide what it has
                shelf.execute("UPDATE kept SET opened = ? WHERE name = ? AND opened < ?", (_today(), name, _today()))
    except (sqlite3.Error, OSError) as problem:
        raise StorageError.of(Sentence("the kept queries cannot be read"), problem, Sentence("try again")) from problem
    return KeptQuery(name, *row) if row else None


def forget(folder: Path, is_meant: Callable[[str], bool]) -> int:
    """Take away the queries whose texts are meant, so that the file holds nothing of them; return how many these were.

    Raises:
        StorageError: the file cannot be read or written.
    """
    if not (folder / FILE).exists():
        return 0
    try:
        with _shelf(folder) as shelf:
            shelf.execute("PRAGMA secure_delete = ON")
            with shelf:
                shelf.execute("BEGIN IMMEDIATE")
                rows = shelf.execute("SELECT name, query FROM kept")
                gone = [(name,) for name, text in rows if is_meant(text)]
                shelf.executemany("DELETE FROM kept WHERE name = ?", gone)
            shelf.execute("VACUUM")  # pages that were free before still have what stood there
    except (sqlite3.Error, OSError) as problem:
        raise StorageError.of(
            Sentence("the kept queries cannot be looked through"),
            problem,
            Sentence("remove %(file)s if it is damaged, and run hamkor build", file=FILE),
        ) from problem
    return len(gone)


@contextmanager
def _shelf(folder: Path) -> Iterator[sqlite3.Connection]:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS)) as shelf:
        shelf.execute(TABLE)
        known = {row[1] for row in shelf.execute("PRAGMA table_info(kept)")}
        for column, kind in ADDED.items():
            if column not in known:
                with contextlib.suppress(sqlite3.OperationalError):  # another process has just added it
                    shelf.execute(f"ALTER TABLE kept ADD COLUMN {column} {kind}")
        yield shelf


def _make_room(shelf: sqlite3.Connection, most: int) -> None:
    """Let go of queries until the shelf has room; pages that are free count as room."""
    size, pages, free = (
        shelf.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_size", "page_count", "freelist_count")
    )
    needed = MOST_CHARACTERS * 4
    if (pages - free) * size + needed <= most:
        return
    count = shelf.execute("SELECT count(*) FROM kept").fetchone()[0]
    order = "SELECT name FROM kept ORDER BY opened > made, max(opened, made), name LIMIT ?"
    shelf.execute(f"DELETE FROM kept WHERE name IN ({order})", (max(FEWEST_GONE, count // 50),))  # noqa: S608  no value


def _today() -> int:
    return int(time.time()) // DAY_SECONDS
