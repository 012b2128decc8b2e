"""Parquet: the statements of a release as one table with typed columns, made by DuckDB in bounded memory.

One thread writes them, so that the same release gives the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import duckdb

from graph.model.errors import ReleaseError, Sentence, StorageError
from graph.model.rdf_terms import RDF, XSD
from graph.releases.index_loading import LINE_BYTES, LONGEST_LINE, SUFFIX, TEXT, LinesFile, memory_of_process
from graph.releases.triple_index import connected, index_error, reachable, sql_string
from graph.sources.batches import Chunk

SPILLED = ".spilled"
ROWS = 122_880
"""So many rows have a row group, unless they are large."""
ROW_GROUP = "32MB"
ESCAPES = (("\\\\", "\\/"), ('\\"', '"'), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\b", "\b"), ("\\f", "\f"))
"""What stands for what in canonical N-Triples; a backslash becomes ``\\/`` first, which is none of the others."""
CONTROLS = tuple((f"\\u{code:04X}", chr(code)) for code in (*range(0x20), 0x7F))


def unescaped_text(text: str) -> str:
    """Return an expression of SQL for a text of canonical N-Triples without its escapes."""
    plain, controls = text, text
    for escape, meant in ESCAPES:
        plain = f"replace({plain}, {sql_string(escape)}, {_characters(meant)})"
    controls = plain
    for escape, meant in CONTROLS:
        controls = f"replace({controls}, {sql_string(escape)}, {_characters(meant)})"
    backslash = sql_string("\\")
    rest = f"replace(CASE WHEN contains({text}, {sql_string(chr(92) + 'u')}) THEN {controls} ELSE {plain} END, '\\/', "
    return f"CASE WHEN contains({text}, {backslash}) THEN {rest}{backslash}) ELSE {text} END"


def _characters(text: str) -> str:
    """Return a text as an expression of SQL that holds no control character."""
    return f"chr({ord(text)})" if (len(text) == 1 and ord(text) < 0x20) or text == "\x7f" else sql_string(text)


STATEMENTS = f"""SELECT s[2:-2] AS subject, p[2:-2] AS predicate,
        CASE WHEN t[1] = '"' THEN {unescaped_text("text")} ELSE text END AS object,
        CASE WHEN t[1] = '"' THEN 'literal' WHEN t[1:2] = '<<' THEN 'triple' ELSE 'iri' END AS object_kind,
        CASE WHEN t[1] <> '"' THEN NULL WHEN suffix IS NULL THEN '{XSD}string' WHEN suffix[1] = '^' THEN suffix[4:-2]
            WHEN contains(suffix, '--') THEN '{RDF}dirLangString' ELSE '{RDF}langString' END AS datatype,
        CASE WHEN suffix[1] = '@' THEN split_part(suffix[2:], '--', 1) END AS language,
        CASE WHEN suffix[1] = '@' THEN nullif(split_part(suffix, '--', 2), '') END AS direction,
        graph
    FROM (SELECT *, {TEXT} AS text FROM (SELECT *, {SUFFIX} AS suffix FROM (
        SELECT s, p, graph,
            substring(line, length(s) + length(p) + 3, length(line) - length(s) - length(p) - 2 - ending) AS t
        FROM (SELECT line, split_part(line, ' ', 1) AS s, split_part(line, ' ', 2) AS p, graph, ending
            FROM read_csv($files, delim = chr(1), quote = '', escape = '', header = false, new_line = '\\n',
                filename = true, columns = {{'line': 'VARCHAR'}}, auto_detect = false, strict_mode = true,
                compression = $packed, max_line_size = $longest, buffer_size = $buffer)
            JOIN files USING (filename)))))"""
"""A row for each statement of each graph; canonical N-Quads have a space between their terms."""


def write_statements_table(
    sources: Sequence[LinesFile], source: Path, target: Path, about: Mapping[str, str], packed: str = "gzip"
) -> None:
    """Write the statements of some files as a table: subject, predicate, object and what it is, graph.

    Args:
        sources: the files, by their paths below ``source``.
        source: the folder where they are.
        target: the file to write; what memory does not hold lies beside it for so long.
        about: what the file says of itself, by name.
        packed: how the sources are, as DuckDB calls it.

    Raises:
        ReleaseError: a source cannot be read, or does not hold what it should; the disk or memory does not suffice.
    """
    read = [each for each in sources if each.triples]
    expected = sum(each.triples for each in read)
    with _writing(target) as (connection, path), reachable(source) as place:
        files = [f"{place}/{each.path}" for each in read]
        connection.execute("CREATE TEMP TABLE files (filename VARCHAR, graph VARCHAR, ending INTEGER)")
        connection.execute(
            "INSERT INTO files SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::INTEGER[])",
            [files, [each.graph for each in read], [len(each.ending) for each in read]],
        )
        if not read:
            _copied(connection, NOTHING, path, about)
            return
        for longest, buffer in ((LINE_BYTES, 4 * LINE_BYTES), (LONGEST_LINE, LONGEST_LINE)):
            given = {"files": files, "packed": packed, "longest": longest, "buffer": buffer}
            with suppress(duckdb.InvalidInputException):  # a longer line, whose buffers need memory
                if _copied(connection, STATEMENTS, path, about, given) == expected:
                    return
    raise ReleaseError(Sentence("the graph files do not hold what the manifest says"), Sentence("run hamkor build"))


def write_chunks_table(chunks: Iterable[Chunk], folder: Path, target: Path, about: Mapping[str, str]) -> None:
    """Write statements as ``write_statements_table`` does, whatever order their graphs come in.

    Args:
        chunks: the statements.
        folder: an empty one, for what is written meanwhile.
        target: the file to write.
        about: what the file says of itself, by name.

    Raises:
        ReleaseError: the disk or memory does not suffice.
    """
    counts = dict[str, int]()
    try:
        with ExitStack() as held:
            streams = dict[str, IO[bytes]]()
            for chunk in chunks:
                if chunk.graph not in streams:
                    streams[chunk.graph] = held.enter_context((folder / f"{len(streams)}.nt").open("wb"))
                streams[chunk.graph].write(chunk.triples)
                counts[chunk.graph] = counts.get(chunk.graph, 0) + chunk.triples.count(b"\n")
    except OSError as problem:
        raise StorageError.of(Sentence("the data could not be put on the disk"), problem) from problem
    sources = [LinesFile(f"{place}.nt", graph, count, " .") for place, (graph, count) in enumerate(counts.items())]
    write_statements_table(sources, folder, target, about, packed="none")


COLUMNS = ("subject", "predicate", "object", "object_kind", "datatype", "language", "direction", "graph")
NOTHING = f"SELECT {', '.join(f'NULL::VARCHAR AS {each}' for each in COLUMNS)} WHERE false"


@contextmanager
def _writing(target: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection, and the path of the file to write, as DuckDB takes it; the file is on the disk afterwards."""
    spilled = target.with_name(f"{target.name}{SPILLED}")
    try:
        with (
            reachable(target.parent) as place,
            connected(
                None, memory_mb=memory_of_process(), threads=1, temporary=f"{place}/{spilled.name}"
            ) as connection,
        ):
            yield connection, f"{place}/{target.name}"
    except duckdb.Error as problem:
        raise _error(problem) from problem
    finally:
        shutil.rmtree(spilled, ignore_errors=True)


def _error(problem: duckdb.Error) -> ReleaseError:
    try:
        return index_error(Sentence("the file could not be made"), problem)
    except MemoryError:
        said = Sentence("the file could not be made: one of its rows needs more memory than there is")
        return ReleaseError(said, Sentence("take N-Quads"))


def _copied(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    path: str,
    about: Mapping[str, str],
    given: Mapping[str, object] | None = None,
) -> int:
    """Write what a query gives into a file; return how many rows that are."""
    said = ", ".join(f"{name}: {sql_string(text)}" for name, text in about.items())
    row = connection.execute(
        f"""COPY ({query}) TO {sql_string(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS},
            ROW_GROUP_SIZE_BYTES '{ROW_GROUP}', USE_TMP_FILE false, KV_METADATA {{{said}}})""",
        given,
    ).fetchone()
    return int(row[0]) if row is not None else 0
