"""The triple index follows a change: rows of a release in the making, or a delta beside the file of the release before.

What a triple's graphs are now is the store's to say; here the index is told. ``graph.releases.triple_index`` says what
is in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import pyoxigraph as ox

from graph.model.errors import Sentence
from graph.releases.graph_files import link
from graph.releases.index_loading import TEMPORARY_SUFFIX, described, memory_of_process, number_of, threads_of_process
from graph.releases.triple_index import (
    DELTA_FILE,
    FILE_OPTIONS,
    INDEX_FILE,
    TERM_COLUMNS,
    connected,
    index_error,
    reachable,
    see_through,
    sql_string,
)

Stating = Mapping[ox.Triple, Collection[str]]
"""Triples as the store gives them back, and the IRIs of the graphs that state each now; of one that is gone, none."""
FOLDED_SHARE, FOLDED_ROWS = 100, 20_000
"""A delta is folded in when it has more rows than a hundredth of the file's triples, and than these.

At ten million triples a join over two properties takes 45 ms without one, 66 with as much as that, 133 with twice and
420 with ten times as much; folding takes 0.4 s a million triples.
"""
SMALL_FILE = 4 << 20
"""In bytes: in an index of so much one thread has found what it looks for before others are at work."""
SMALL_BLOCK = 16384
"""In bytes: the least that DuckDB writes of anything; its own would make a delta of a hundred rows 2 MB large."""

NEW_DELTA = """
    CREATE TABLE delta.terms (id BIGINT, text VARCHAR, tag VARCHAR, exact DECIMAL(38, 18), approximate DOUBLE);
    CREATE TABLE delta.term_hashes (hash UBIGINT, id BIGINT);
    CREATE TABLE delta.graph_sets (g INTEGER, graph BIGINT);
    CREATE TABLE delta.added_by_subject (p BIGINT, s BIGINT, o BIGINT, g INTEGER);
    CREATE TABLE delta.added_by_object (p BIGINT, o BIGINT, s BIGINT, g INTEGER);
    CREATE TABLE delta.removed (p BIGINT, s BIGINT, o BIGINT);
"""
DELTA_TABLES = {
    "terms": "id",
    "term_hashes": "hash, id",
    "graph_sets": "g, graph",
    "added_by_subject": "p, s, o",
    "added_by_object": "p, o, s",
    "removed": "p, s, o",
}
"""By name, in which order each is written."""


def complete_index(folder: Path, stating: Stating) -> None:
    """Let the index of a release in the making say of some triples what is so now.

    Args:
        folder: where the release is made; its index was made by ``graph.releases.index_loading``.
        stating: the triples that have come or gone since.

    Raises:
        ReleaseError: the disk does not take it.
    """
    _change(folder, "base", stating)


def index_after_change(parent: Path, folder: Path, stating: Stating) -> None:
    """Make the index of a release of that of the release before, at the price of the change.

    When the delta has grown, it is folded in: once for many releases a new file is written.

    Args:
        parent: the folder of the release before, which has an index.
        folder: where the release is made.
        stating: all triples of which the graphs have changed.

    Raises:
        ReleaseError: the disk does not take it, or the index before cannot be read.
    """
    link(parent / INDEX_FILE, folder / INDEX_FILE)
    if (parent / DELTA_FILE).is_file():
        link(parent / DELTA_FILE, folder / DELTA_FILE)  # until another is written in its place
    _change(folder, "delta", stating)


def _change(folder: Path, target: str, stating: Stating) -> None:
    """Write a change into the file ("base"), or beside it ("delta")."""
    temporary, memory = f"{INDEX_FILE}{TEMPORARY_SUFFIX}", memory_of_process()
    is_small = (folder / INDEX_FILE).stat().st_size <= SMALL_FILE
    threads = threads_of_process(0 if is_small else None)
    try:
        with (
            reachable(folder) as place,
            connected(None, memory_mb=memory, threads=threads, temporary=f"{place}/{temporary}") as connection,
        ):
            connection.execute(
                f"ATTACH {sql_string(f'{place}/{INDEX_FILE}')} AS base "
                f"({'READ_ONLY' if target == 'delta' else FILE_OPTIONS})"
            )
            if target == "delta":
                _begin_delta(connection, f"{place}/{DELTA_FILE}" if (folder / DELTA_FILE).is_file() else None)
            else:
                connection.execute("USE base")
            _name(connection, stating, target)
            _state(connection, target)
            _apply(connection, target)
            if target == "base":
                connection.execute("CHECKPOINT base")
            elif _is_small(connection):
                _write_delta(connection, folder, place)
            else:
                _fold(connection, folder, place)
    except duckdb.Error as problem:
        raise index_error(Sentence("the triple index could not be written"), problem) from problem
    finally:
        shutil.rmtree(folder / temporary, ignore_errors=True)


def _begin_delta(connection: duckdb.DuckDBPyConnection, before: str | None) -> None:
    """Attach a delta in memory, which holds what the one of the release before does."""
    connection.execute("ATTACH ':memory:' AS delta")
    connection.execute(NEW_DELTA)
    if before is not None:
        connection.execute(f"ATTACH {sql_string(before)} AS before (READ_ONLY)")
        for name in DELTA_TABLES:
            connection.execute(f"INSERT INTO delta.{name} FROM before.{name}")
        connection.execute("DETACH before")
    see_through(connection)


def _name(connection: duckdb.DuckDBPyConnection, stating: Stating, target: str) -> None:
    """Number the terms that are not known; ``numbered(t, id)`` has all that the change speaks of."""
    lines = (ox.serialize(stating, format=ox.RdfFormat.N_TRIPLES) or b"").decode().split("\n")[:-1]
    parts = [line[: -len(" .")].split(" ", 2) for line in lines]
    plain: dict[str, str | None] = {}
    for triple, (subject, predicate, object_) in zip(stating, parts, strict=True):
        plain[subject] = plain[predicate] = None
        is_text = isinstance(triple.object, ox.Literal) and triple.object.direction is None
        plain[object_] = triple.object.value if is_text else None  # type: ignore[union-attr]
    connection.execute("CREATE TEMP TABLE touched (n INTEGER, s VARCHAR, p VARCHAR, o VARCHAR)")
    connection.execute(
        """INSERT INTO touched SELECT unnest($1::INTEGER[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[]),
            unnest($4::VARCHAR[])""",
        [list(range(len(parts))), *([each[place] for each in parts] for place in range(3))],
    )
    graphs = [(place, f"<{iri}>") for place, found in enumerate(stating.values()) for iri in found]
    plain.update((iri, None) for _, iri in graphs)
    connection.execute("CREATE TEMP TABLE stated (n INTEGER, t VARCHAR)")
    connection.execute(
        "INSERT INTO stated SELECT unnest($1::INTEGER[]), unnest($2::VARCHAR[])",
        [[place for place, _ in graphs], [iri for _, iri in graphs]],
    )
    _number_terms(connection, plain, target)


def _number_terms(connection: duckdb.DuckDBPyConnection, plain: Mapping[str, str | None], target: str) -> None:
    connection.execute("CREATE TEMP TABLE spelt (t VARCHAR, plain VARCHAR)")
    connection.execute(
        "INSERT INTO spelt SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])", [list(plain), list(plain.values())]
    )
    connection.execute(f"CREATE TEMP TABLE wanted AS {described('SELECT *, 0 AS rank FROM spelt')}")
    connection.execute(
        """CREATE TEMP TABLE numbered AS SELECT wanted.t, terms.id FROM wanted
            JOIN term_hashes ON hash = md5_number_lower(t) JOIN terms ON terms.id = term_hashes.id
            WHERE terms.text = wanted.text AND terms.tag IS NOT DISTINCT FROM wanted.tag
                AND terms.id & 7 = wanted.id"""
    )
    before = number_of(connection, "SELECT coalesce(max(id) >> 3, -1) + 1 FROM terms")
    connection.execute(
        f"""CREATE TEMP TABLE new_terms AS
            SELECT 8 * ({before} + row_number() OVER (ORDER BY t) - 1) + id AS id, text, tag, exact, approximate, t
            FROM wanted ANTI JOIN numbered USING (t)"""
    )
    connection.execute(
        f"INSERT INTO {target}.terms SELECT id, text, tag, exact, approximate FROM new_terms ORDER BY id"
    )
    connection.execute(
        f"INSERT INTO {target}.term_hashes SELECT md5_number_lower(t) AS hash, id FROM new_terms ORDER BY hash"
    )
    connection.execute("INSERT INTO numbered SELECT t, id FROM new_terms")


def _state(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Write ``change(p, s, o, g, before)``: the set that states each triple now, and that of the file, or NULL."""
    connection.execute(
        """CREATE TEMP TABLE stating AS SELECT b.id AS p, a.id AS s, c.id AS o, members FROM touched
            JOIN numbered AS a ON a.t = touched.s JOIN numbered AS b ON b.t = touched.p
            JOIN numbered AS c ON c.t = touched.o
            LEFT JOIN (SELECT n, list_sort(list(DISTINCT id)) AS members FROM stated JOIN numbered USING (t) GROUP BY n)
                USING (n)"""
    )
    connection.execute(
        "CREATE TEMP TABLE sets AS SELECT g, list_sort(list(graph)) AS members FROM graph_sets GROUP BY g"
    )
    next_set = number_of(connection, "SELECT coalesce(max(g) + 1, 0) FROM sets")
    connection.execute(
        f"""CREATE TEMP TABLE new_sets AS SELECT ({next_set} + row_number() OVER (ORDER BY members) - 1)::INTEGER AS g,
            members
            FROM (SELECT DISTINCT members FROM stating WHERE members IS NOT NULL) ANTI JOIN sets USING (members)"""
    )
    connection.execute(f"INSERT INTO {target}.graph_sets SELECT g, unnest(members) FROM new_sets")
    connection.execute("INSERT INTO sets FROM new_sets")
    connection.execute(
        """CREATE TEMP TABLE change AS SELECT stating.p, stating.s, stating.o, sets.g, held.g AS before FROM stating
            LEFT JOIN sets USING (members) LEFT JOIN base.by_subject AS held USING (p, s, o)"""
    )


def _apply(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    tables = {name: ("added_" if target == "delta" else "") + name for name in ("by_subject", "by_object")}
    places = (*tables.values(), "removed") if target == "delta" else tables.values()
    for name in places:
        connection.execute(
            f"""DELETE FROM {target}.{name} AS held USING change
                WHERE held.p = change.p AND held.s = change.s AND held.o = change.o"""
        )
    if target == "delta":
        connection.execute(
            """INSERT INTO delta.removed SELECT p, s, o FROM change
                WHERE before IS NOT NULL AND g IS DISTINCT FROM before"""
        )
    come = "g IS NOT NULL" + (" AND g IS DISTINCT FROM before" if target == "delta" else "")
    connection.execute(
        f"INSERT INTO {target}.{tables['by_subject']} SELECT p, s, o, g FROM change WHERE {come} ORDER BY p, s, o"
    )
    connection.execute(
        f"INSERT INTO {target}.{tables['by_object']} SELECT p, o, s, g FROM change WHERE {come} ORDER BY p, o, s"
    )


def _is_small(connection: duckdb.DuckDBPyConnection) -> bool:
    held = number_of(connection, "SELECT count(*) FROM base.by_subject")
    rows = number_of(
        connection, "SELECT (SELECT count(*) FROM delta.removed) + (SELECT count(*) FROM delta.added_by_subject)"
    )
    return rows <= max(FOLDED_ROWS, held // FOLDED_SHARE)


def _write_delta(connection: duckdb.DuckDBPyConnection, folder: Path, place: str) -> None:
    """Write the delta, without the terms and sets that it uses no more: in place, a file of DuckDB's only grows."""
    fresh = folder / f"{DELTA_FILE}.fresh"
    connection.execute(
        """CREATE TEMP TABLE held_sets AS FROM delta.graph_sets WHERE g IN (SELECT g FROM delta.added_by_subject);
            CREATE TEMP TABLE used AS SELECT p AS id FROM delta.added_by_subject
                UNION SELECT s FROM delta.added_by_subject UNION SELECT o FROM delta.added_by_subject
                UNION SELECT graph FROM held_sets"""
    )
    connection.execute(f"ATTACH {sql_string(f'{place}/{fresh.name}')} AS fresh (BLOCK_SIZE {SMALL_BLOCK})")
    for name, order in DELTA_TABLES.items():
        held = "held_sets" if name == "graph_sets" else f"delta.{name}"
        among = " WHERE id IN (FROM used)" if name in ("terms", "term_hashes") else ""
        connection.execute(f"CREATE TABLE fresh.{name} AS FROM {held}{among} ORDER BY {order}")
    for name in ("fresh", "delta", "base"):
        connection.execute(f"DETACH {name}")
    fresh.replace(folder / DELTA_FILE)


def _fold(connection: duckdb.DuckDBPyConnection, folder: Path, place: str) -> None:
    """Let a new file hold what file and delta say together, without the terms that nobody uses any more."""
    fresh = folder / f"{INDEX_FILE}.fresh"
    connection.execute(f"ATTACH {sql_string(f'{place}/{fresh.name}')} AS fresh ({FILE_OPTIONS})")
    connection.execute("CREATE TABLE fresh.by_subject AS FROM by_subject ORDER BY p, s, o")
    connection.execute("CREATE TABLE fresh.by_object AS FROM by_object ORDER BY p, o, s")
    connection.execute(
        "CREATE TABLE fresh.graph_sets AS FROM graph_sets WHERE g IN (SELECT g FROM fresh.by_subject) ORDER BY g, graph"
    )
    connection.execute(
        """CREATE TEMP TABLE used AS SELECT p AS id FROM fresh.by_subject UNION SELECT s FROM fresh.by_subject
            UNION SELECT o FROM fresh.by_subject UNION SELECT graph FROM fresh.graph_sets"""
    )
    connection.execute(f"CREATE TABLE fresh.terms ({TERM_COLUMNS})")
    connection.execute("INSERT INTO fresh.terms FROM terms WHERE id IN (FROM used) ORDER BY id")
    connection.execute("CREATE TABLE fresh.term_hashes AS FROM term_hashes WHERE id IN (FROM used) ORDER BY hash, id")
    for name in ("fresh", "delta", "base"):
        connection.execute(f"DETACH {name}")
    (folder / DELTA_FILE).unlink(missing_ok=True)
    fresh.replace(folder / INDEX_FILE)
