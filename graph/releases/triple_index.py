"""The triple index of a release: its triples as sorted numbers and the terms they stand for, in one DuckDB file.

It answers what is asked of many triples at once: heavy queries, candidates of the gate, counts. It is made from the
graph files (``graph.releases.index_loading``), holds terms as the store gives them back, and can be made anew at any
time. It knows no SPARQL.

A publish leaves the file as it is, and writes beside it how the triples differ from those that it holds
(``graph.releases.index_revision``); whoever opens an index sees both through views that have the tables' names.

Tables:

``terms(id, text, tag, exact, approximate)``
    Each term once. ``id`` is 8 × rank + kind (``TermKind``); the ranks begin with those of the terms in the order of
    their N-Triples, bytewise, and what comes later gets the next ones: two equal ids are one term, and their order says
    nothing. ``text`` is an IRI or a lexical form, without escapes; ``tag`` a language tag in small letters, a
    datatype's IRI, or NULL for IRIs and xsd:string; ``exact`` the value of integers and decimals, ``approximate`` that
    of doubles. Of a triple term or a directional string ``text`` is the N-Triples, and ``tag`` is NULL.
``term_hashes(hash, id)``
    By which a constant is found: ``hash`` is ``md5_number_lower`` of the term's canonical N-Triples. What is found is
    to be compared with the term, since two terms may have one hash.
``by_subject(p, s, o, g)``, ``by_object(p, o, s, g)``
    Each triple of the merge once, in the order of its first three columns; ``g`` is the set of graphs that state it.
``graph_sets(g, graph)``
    The graphs of each set, as ids of terms. A graph without triples is in none.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import duckdb
import pyoxigraph as ox

from graph.model.errors import OF_STORAGE, ReleaseError, Sentence, StorageError
from graph.model.processes import HeldFolder
from graph.model.rdf_terms import RDF_TYPE, Term
from graph.releases.manifest import Statistics

INDEX_FILE = "index.duckdb"
DELTA_FILE = "index-delta.duckdb"
INDEX_FILES = (INDEX_FILE, DELTA_FILE)
TABLES = ("terms", "term_hashes", "by_subject", "by_object", "graph_sets")
# To read a text that is compressed costs its whole block: some megabytes more buy a third of the time
TERM_COLUMNS = (
    "id BIGINT, text VARCHAR USING COMPRESSION uncompressed, tag VARCHAR, exact DECIMAL(38, 18), approximate DOUBLE"
)
FILE_OPTIONS = "ROW_GROUP_SIZE 16384"
"""Groups of rows are left out by their least and largest values: in small ones a term is found in half the time."""


NOT_TAKEN = frozenset("*[]{}%\\\ufffd")
"""What a path of DuckDB's must not have in it; the last stands for what is no UTF-8."""


class TermKind(IntEnum):
    """What a term is, as far as comparing it depends on that; it stands in the last three bits of its id."""

    IRI = 0
    STRING = 1
    LANGUAGE_STRING = 2
    INTEGER = 3
    """An xsd:integer of at most 64 bits."""
    DECIMAL = 4
    """An xsd:decimal with at most 20 digits before the point and 18 behind it."""
    DOUBLE = 5
    TIME = 6
    """An xsd:date without a zone, or an xsd:dateTime to the microsecond, of the years 1 to 9999 of the calendar."""
    OTHER = 7
    """Whatever else there is: other datatypes, ill-typed literals, directional strings, triple terms."""


def open_index(
    folder: Path, *, memory_mb: int, threads: int, temporary: Path | None = None, may_write: bool = False
) -> duckdb.DuckDBPyConnection | None:
    """Return a connection that reads the index of a release by the names of its tables, and can do nothing else.

    It has threads of its own, so whoever forks opens it afterwards.

    Args:
        folder: the release's.
        memory_mb: what it may take; beyond that it writes to ``temporary``.
        threads: how many work for it.
        temporary: a folder for what does not fit into memory; None: a query that needs more fails.
        may_write: whether it may write other files, for whoever asks it nothing that others have said.

    Returns:
        None where the release has no index, since an earlier version made it.

    Raises:
        ReleaseError: it cannot be read.
    """
    if not (folder / INDEX_FILE).is_file():
        return None
    spilled = os.fsencode(temporary).decode(errors="replace") if temporary is not None else None
    try:
        connection = connected(None, memory_mb=memory_mb, threads=threads, temporary=spilled)
        with reachable(folder) as place:
            connection.execute(f"ATTACH {sql_string(f'{place}/{INDEX_FILE}')} AS base (READ_ONLY)")
            if (folder / DELTA_FILE).is_file():
                connection.execute(f"ATTACH {sql_string(f'{place}/{DELTA_FILE}')} AS delta (READ_ONLY)")
                see_through(connection)
            else:
                connection.execute("USE base")
        if not may_write:
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
    except duckdb.Error as problem:
        raise index_error(Sentence("%(name)s: the triple index cannot be read", name=folder.name), problem) from problem
    return connection


def see_through(connection: duckdb.DuckDBPyConnection) -> None:
    """Name the tables as they are with a delta, given that ``base`` and ``delta`` are attached."""
    for name in ("terms", "term_hashes", "graph_sets"):
        connection.execute(f"CREATE VIEW {name} AS FROM base.{name} UNION ALL FROM delta.{name}")
    for name in ("by_subject", "by_object"):
        connection.execute(
            f"""CREATE VIEW {name} AS FROM base.{name} ANTI JOIN delta.removed USING (p, s, o)
                UNION ALL FROM delta.added_{name}"""
        )


def connected(
    place: str | None, *, memory_mb: int, threads: int, temporary: str | None, mode: str = "automatic"
) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database of DuckDB that loads no extension and keeps to its bounds.

    Args:
        place: a file; None: a database in memory.
        memory_mb: what it may take.
        threads: how many work for it.
        temporary: a folder for what does not fit into memory; it is made when it is needed.
        mode: ``automatic``, or ``read_only``.
    """
    settings: dict[str, str | bool | int] = {
        "memory_limit": f"{memory_mb}MiB",
        "threads": threads,
        "temp_directory": temporary or "",
        "access_mode": mode,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    connection = duckdb.connect(place or ":memory:", config=settings)  # type: ignore[arg-type]
    connection.execute("SET enable_progress_bar = false")  # it would write to standard output
    # DuckDB 2.0.1 forgets a LIMIT over a LEFT JOIN whose right side it knows to be empty, that of EXISTS included
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    return connection


@contextmanager
def reachable(folder: Path) -> Iterator[str]:
    """Give a path to a folder that DuckDB takes as it is, for as long as names in it are opened.

    It takes UTF-8 only, and looks for patterns in names; then a link leads there. A question mark it takes for the end
    of the name, also behind a link.

    Raises:
        ReleaseError: there is one.
    """
    if "?" in str(folder.resolve()):
        raise ReleaseError(
            Sentence("a folder with a question mark in its name cannot hold releases"), Sentence("name it otherwise")
        )
    name = os.fsencode(folder.absolute()).decode(errors="replace")
    if not NOT_TAKEN & {*name}:
        yield name
        return
    with HeldFolder() as place:
        link = place / "release"
        link.symlink_to(folder.absolute())
        yield str(link)


def sql_string(text: str) -> str:
    """Return a text as a string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def term(number: int, text: str, tag: str | None) -> Term:
    """Return the term of a row of ``terms``, whose id is ``number``."""
    match TermKind(number & 7):
        case TermKind.IRI:
            return ox.NamedNode(text)
        case TermKind.STRING:
            return ox.Literal(text)
        case TermKind.LANGUAGE_STRING:
            return ox.Literal(text, language=tag)
        case _ if tag is not None:
            return ox.Literal(text, datatype=ox.NamedNode(tag))
    triple: ox.Triple = next(ox.parse(f"<x:s> <x:p> {text} .", ox.RdfFormat.N_TRIPLES, lenient=True)).triple
    return triple.object


def content_sums(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Return sums over what an index says: equal for equal triples, graphs and terms, however these are numbered.

    Terms that no triple uses do not count: a delta keeps some.
    """
    connection.execute(
        "CREATE TEMP TABLE said AS SELECT id, hash(text, tag, id & 7, exact, approximate) AS sum FROM terms"
    )
    connection.execute(
        """CREATE TEMP TABLE stating AS SELECT g, hash(list_sort(list(sum))) AS sum
            FROM graph_sets JOIN said ON id = graph GROUP BY g"""
    )
    sums = "SELECT count(*), sum(hash(a.sum, b.sum, c.sum, stating.sum)::HUGEINT)"
    said = "JOIN said AS a ON a.id = s JOIN said AS b ON b.id = p JOIN said AS c ON c.id = o JOIN stating USING (g)"
    used = "SELECT s FROM by_subject UNION SELECT p FROM by_subject UNION SELECT o FROM by_subject"
    found = (
        *(connection.execute(f"{sums} FROM {name} {said}").fetchall() for name in ("by_subject", "by_object")),
        connection.execute(
            f"SELECT count(*), sum(hash(hash, sum)::HUGEINT) FROM term_hashes JOIN said USING (id) WHERE id IN ({used})"
        ).fetchall(),
    )
    connection.execute("DROP TABLE said; DROP TABLE stating")
    return [tuple(row) for rows in found for row in rows]


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """What SPARQL counts over a release.

    Attributes:
        triples: of the merge.
        shared: how many triples each graph has in common with others, by its IRI; without those that have none.
        indexed: how many triples each graph has, by its IRI; without those that have none.
        statistics: for those who plan queries.
    """

    triples: int
    shared: dict[str, int]
    indexed: dict[str, int]
    statistics: Statistics


def counted(connection: duckdb.DuckDBPyConnection) -> IndexCounts:
    """Return the counts of an index."""
    numbers = "SELECT count(*), count(DISTINCT s), count(DISTINCT o) FROM by_subject"
    triples, subjects, objects = connection.execute(numbers).fetchall()[0]
    a = f"SELECT id FROM terms WHERE id & 7 = {TermKind.IRI} AND text = '{RDF_TYPE}'"
    of_classes = f"by_object WHERE p = ({a}) AND o & 7 = {TermKind.IRI}"
    several = "SELECT g FROM graph_sets GROUP BY g HAVING count(*) > 1"
    return IndexCounts(
        triples,
        _by_name(connection, "graph", f"by_subject JOIN graph_sets USING (g) WHERE g IN ({several})"),
        _by_name(connection, "graph", "by_subject JOIN graph_sets USING (g)"),
        Statistics(subjects, objects, _by_name(connection, "p", "by_subject"), _by_name(connection, "o", of_classes)),
    )


def stated_below(connection: duckdb.DuckDBPyConnection, base: str, without: Iterable[str]) -> list[str]:
    """Return the IRIs that begin with ``base``, go on with a fragment, and are subjects.

    Args:
        connection: the index.
        base: the beginning.
        without: graphs whose triples do not count.
    """
    left_out = ", ".join(map(sql_string, without)) or "NULL"
    stating = f"SELECT g FROM graph_sets JOIN terms ON terms.id = graph WHERE coalesce(text NOT IN ({left_out}), true)"
    found = connection.execute(
        f"""SELECT text FROM terms SEMI JOIN (SELECT s FROM by_subject WHERE g IN ({stating})) ON s = id
            WHERE id & 7 = {TermKind.IRI} AND starts_with(text, $1) AND contains(text, '#')""",
        [base],
    )
    return [iri for (iri,) in found.fetchall() if "#" in iri[len(base) :]]


def _by_name(connection: duckdb.DuckDBPyConnection, column: str, rows: str) -> dict[str, int]:
    """Return how many rows have each term, an IRI, in a column, in the order of the IRIs."""
    found = connection.execute(
        f"""SELECT text, n FROM (SELECT {column} AS id, count(*) AS n FROM {rows} GROUP BY {column})
            JOIN terms USING (id)"""
    )
    return dict(sorted(found.fetchall()))


def index_error(problem: Sentence, error: duckdb.Error) -> ReleaseError:
    """Return our error for one of DuckDB's, which says in words only what the system has told it.

    Raises:
        MemoryError: it is that memory does not suffice.
    """
    words = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        if "max_temp_directory_size" not in words:
            raise MemoryError(words) from error
        return StorageError.of(problem, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    for code in OF_STORAGE:
        if os.strerror(code) in words:
            return StorageError.of(problem, OSError(code, os.strerror(code)))
    said = Sentence("%(problem)s: %(words)s", problem=problem, words=words.splitlines()[0])
    return ReleaseError(said, Sentence("run hamkor build"))
