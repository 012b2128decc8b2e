"""The triple index made from the graph files of a release, in SQL; ``graph.releases.triple_index`` says what is in it.

It reads each graph file once, in bounded memory. The engine is asked only how it gives back the literals that it may
rewrite, each once.
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyoxigraph as ox

from graph.model.errors import ReleaseError, Sentence, StorageError
from graph.model.rdf_terms import XSD, Term
from graph.releases.manifest import GraphEntry
from graph.releases.triple_index import (
    FILE_OPTIONS,
    INDEX_FILE,
    TERM_COLUMNS,
    TermKind,
    connected,
    index_error,
    open_index,
    reachable,
    sql_string,
)
from graph.sources.batches import Chunk

TEMPORARY_SUFFIX = ".spilled"
MEMORY_MB, LEAST_MB, MOST_THREADS = 1024, 128, 4
"""What making an index may take; less where the process has a bound of its own."""
LITTLE = 20_000
"""So many triples are read in a tenth of a second; what is saved for larger indexes costs time here."""
BATCH = 50_000
PIECE = 8 << 20
LINE_BYTES, LONGEST_LINE = 512 << 10, 48 << 20
"""How long lines are taken to be at first, which costs little memory, and where a file has a longer one."""

# What is told of terms by their N-Triples alone. Texts are cut by position: a regular expression over whole lines
# would cost more than all else; those here see numbers and dates only.

SUFFIX = """CASE WHEN t[1] = '"' AND t[-1] <> '"' THEN split_part(t, '"', -1) END"""
"""The language or datatype behind a literal, with its sign; no tag and no IRI has a quotation mark."""
TEXT = """CASE WHEN t[1:2] = '<<' THEN t WHEN t[1] = '<' OR t[-1] = '"' THEN t[2:-2]
    WHEN t[1] = '"' THEN left(t, -length(suffix) - 1)[2:] ELSE t END"""
ZONE = "(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
TIME = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
KIND = f"""CASE
    WHEN t[1:2] = '<<' THEN {TermKind.OTHER}
    WHEN t[1] = '<' THEN {TermKind.IRI}
    WHEN t[1] <> '"' THEN {TermKind.OTHER}
    WHEN suffix IS NULL THEN {TermKind.STRING}
    WHEN suffix[1] = '@' THEN CASE WHEN contains(suffix, '--') THEN {TermKind.OTHER} ELSE {TermKind.LANGUAGE_STRING} END
    WHEN NOT starts_with(suffix, '^^<{XSD}') THEN {TermKind.OTHER}
    WHEN suffix = '^^<{XSD}integer>' AND TRY_CAST(text AS BIGINT)::VARCHAR = text THEN {TermKind.INTEGER}
    WHEN suffix = '^^<{XSD}decimal>' AND length(text) <= 40
        AND regexp_full_match(text, '-?(0|[1-9][0-9]*)(\\.[0-9]{{1,18}})?')
        AND TRY_CAST(text AS DECIMAL(38, 18)) IS NOT NULL THEN {TermKind.DECIMAL}
    WHEN suffix = '^^<{XSD}double>' AND length(text) <= 400
        AND regexp_full_match(text, '[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN')
        AND TRY_CAST(text AS DOUBLE) IS NOT NULL THEN {TermKind.DOUBLE}
    WHEN suffix = '^^<{XSD}date>' AND length(text) = 10 AND regexp_full_match(text, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')
        AND text >= '0001' AND TRY_CAST(text AS DATE) IS NOT NULL THEN {TermKind.TIME}
    WHEN suffix = '^^<{XSD}dateTime>' AND length(text) <= 32 AND text >= '0001'
        AND regexp_full_match(text, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{TIME}(\\.[0-9]{{1,6}})?{ZONE}')
        AND TRY_CAST(text[1:10] AS DATE) IS NOT NULL THEN {TermKind.TIME}
    ELSE {TermKind.OTHER} END"""
TAG = f"""CASE WHEN suffix[1] = '@' THEN CASE WHEN kind = {TermKind.LANGUAGE_STRING} THEN suffix[2:] END
    ELSE suffix[4:-2] END"""
ESCAPED = "contains(t, chr(92))"
ANY = "<x:> <x:> "
"""What stands before a term that is to be parsed."""
DOUBTFUL = f"""{ESCAPED} OR t[1:2] = '<<'
    OR (suffix[1] = '@' AND suffix <> lower(suffix))
    OR (starts_with(suffix, '^^<{XSD}') AND NOT CASE suffix
        WHEN '^^<{XSD}string>' THEN true
        WHEN '^^<{XSD}anyURI>' THEN true
        WHEN '^^<{XSD}boolean>' THEN text IN ('true', 'false')
        WHEN '^^<{XSD}integer>' THEN coalesce(TRY_CAST(text AS BIGINT)::VARCHAR = text, false)
        WHEN '^^<{XSD}decimal>'
            THEN length(text) <= 20 AND regexp_full_match(text, '-?(0|[1-9][0-9]*)\\.[0-9]*[1-9]')
        WHEN '^^<{XSD}date>' THEN regexp_full_match(text, '[0-9]{{4}}-[01][0-9]-[0-3][0-9]')
        WHEN '^^<{XSD}dateTime>' THEN regexp_full_match(text, '[0-9]{{4}}-[01][0-9]-[0-3][0-9]{TIME}Z?')
        WHEN '^^<{XSD}gYear>' THEN regexp_full_match(text, '[0-9]{{4}}')
        WHEN '^^<{XSD}gYearMonth>' THEN regexp_full_match(text, '[0-9]{{4}}-[01][0-9]')
        ELSE false END)"""
"""Of terms that may be escaped, or that the store may give back otherwise: the engine is asked what they are."""


def described(source: str) -> str:
    """Return a query for the rows of ``terms`` for some terms, and for their N-Triples ``t``.

    Args:
        source: a query for ``t``, for the ``rank`` of each, and for ``plain``: its text where ``t`` may be escaped, or
            NULL.
    """
    return f"""SELECT 8 * rank + kind AS id, text, {TAG} AS tag,
            CASE WHEN kind IN ({TermKind.INTEGER}, {TermKind.DECIMAL}) THEN CAST(text AS DECIMAL(38, 18)) END AS exact,
            CASE WHEN kind = {TermKind.DOUBLE} THEN CAST(text AS DOUBLE) END AS approximate, t
        FROM (SELECT t, rank, suffix, kind,
                CASE WHEN kind = {TermKind.OTHER} AND coalesce(suffix[1] = '@', true) THEN t ELSE text END AS text
            FROM (SELECT *, {KIND} AS kind
                FROM (SELECT t, rank, suffix, coalesce(plain, {TEXT}) AS text
                    FROM (SELECT t, rank, plain, {SUFFIX} AS suffix FROM ({source})))))"""


def given_back(terms: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """Return some terms as the store gives them back, in N-Triples, and the texts of literals, without escapes."""
    store, start = ox.Store(), "<x:"
    lines = "".join(f"{start}{place}> <x:> {each} .\n" for place, each in enumerate(terms))
    store.load(lines.encode(), ox.RdfFormat.N_TRIPLES, lenient=True)
    triples = [quad.triple for quad in store]
    text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    spelt, plain = list(terms), list[str | None]([None] * len(terms))
    for triple, line in zip(triples, text.split("\n")[:-1], strict=True):
        place = line[len(start) : line.index(">")]
        spelt[int(place)] = line[len(f"{start}{place}> <x:> ") : -len(" .")]
        plain[int(place)] = _text(triple.object)
    return spelt, plain


def unescaped(terms: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """Return some terms in canonical N-Triples, and the texts of literals, without escapes."""
    lines = "".join(f"{ANY}{each} .\n" for each in terms)
    triples = [quad.triple for quad in ox.parse(lines, ox.RdfFormat.N_TRIPLES, lenient=True)]
    text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    spelt = [line[len(ANY) : -len(" .")] for line in text.split("\n")[:-1]]
    return spelt, [_text(each.object) for each in triples]


def _text(found: Term) -> str | None:
    return found.value if isinstance(found, ox.Literal) and found.direction is None else None


# The index of a release in the making. Temporary tables hold what is not kept, and go to the disk where memory ends.

READ = """INSERT INTO lines SELECT n, s, p, CASE WHEN ends_with(line, ' .')
        THEN substring(line, length(s) + length(p) + 3, length(line) - length(s) - length(p) - 2 - ending) END
    FROM (SELECT n, ending, line, split_part(line, ' ', 1) AS s, split_part(line, ' ', 2) AS p
        FROM read_csv($files, delim = chr(1), quote = '', escape = '', header = false, new_line = '\\n',
            filename = true, columns = {'line': 'VARCHAR'}, auto_detect = false, strict_mode = true,
            compression = $packed, max_line_size = $longest, buffer_size = $buffer)
        JOIN files USING (filename))"""
"""Canonical N-Quads have no control character, and a space between their terms only before the object ends."""


@contextmanager
def index_written(
    folder: Path, entries: Iterable[GraphEntry], release: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Make the index of a release from its graph files, and give it as it is written.

    Args:
        folder: where to write it; files for what memory does not hold lie there, too, for so long.
        entries: the graphs.
        release: where their files are, if not there.

    Raises:
        ReleaseError: a graph file cannot be read, or the disk does not take it.
        MemoryError: the process has too little.
    """
    found = [each for each in entries if each.triples]
    triples, temporary = sum(each.triples for each in found), f"{INDEX_FILE}{TEMPORARY_SUFFIX}"
    memory, threads = memory_of_process(), threads_of_process(triples)
    try:
        with (
            reachable(folder) as place,
            reachable(release or folder) as source,
            connected(None, memory_mb=memory, threads=threads, temporary=f"{place}/{temporary}") as connection,
        ):
            connection.execute(f"ATTACH {sql_string(f'{place}/{INDEX_FILE}')} AS made ({FILE_OPTIONS})")
            connection.execute("USE made")
            _load(
                connection,
                [LinesFile(f"{source}/{each.file}", each.iri, each.triples, f" <{each.iri}> .") for each in found],
                is_small=triples <= LITTLE,
            )
            connection.execute("CHECKPOINT")
            yield connection
    except duckdb.Error as problem:
        (folder / INDEX_FILE).unlink(missing_ok=True)
        raise index_error(Sentence("the triple index could not be written"), problem) from problem
    finally:
        shutil.rmtree(folder / temporary, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class LinesFile:
    """A file of canonical N-Triples or N-Quads.

    Attributes:
        path: where it is.
        graph: the IRI of the graph that its triples are of.
        triples: how many they are.
        ending: what stands behind the object of each line.
    """

    path: str
    graph: str
    triples: int
    ending: str

    def chunks(self) -> Iterator[Chunk]:
        """Yield its triples; it holds N-Triples, and is not packed."""
        with Path(self.path).open("rb") as stream:
            while lines := stream.readlines(PIECE):
                yield Chunk(self.graph, b"".join(lines))


@contextmanager
def index_in_making(folder: Path) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """Give the index of a release in the making to who makes it; None where it has none.

    Args:
        folder: where it is; files for what memory does not hold lie there, too, for so long.

    Raises:
        ReleaseError: it cannot be read.
        MemoryError: the process has too little.
    """
    temporary = folder / f"{INDEX_FILE}{TEMPORARY_SUFFIX}"
    found = open_index(folder, memory_mb=memory_of_process(), threads=threads_of_process(), temporary=temporary)
    try:
        yield found
    except duckdb.Error as problem:
        raise index_error(Sentence("the triple index cannot be read"), problem) from problem
    finally:
        if found is not None:
            found.close()
        shutil.rmtree(temporary, ignore_errors=True)


# An index that nobody keeps, of what has no release. Terms are as they are written: no store will give them back.

SOURCE = "urn:x-hamkor:source:"


class UnsureLinesError(Exception):
    """Some lines are no triples, or not for sure: a parser has to read them."""


@contextmanager
def passing_index(
    sources: Sequence[LinesFile], folder: Path, packed: str = "none", longest: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an index in memory that goes with the block.

    Nothing in it is sorted: a few queries go through all of it in less time than sorting takes.

    Args:
        sources: what is in it.
        folder: where these are; what does not fit into memory lies there, too, for so long.
        packed: how they are, as DuckDB calls it.
        longest: how many bytes a line may have, of sources that nobody has parsed; None: all are canonical N-Triples.

    Raises:
        UnsureLinesError: what nobody has parsed is no N-Triples, or not for sure.
        ReleaseError: the disk does not take it.
        MemoryError: the process has too little.
    """
    if longest is not None and not all(each.triples for each in sources):
        raise UnsureLinesError  # a file without a line is an error
    memory, temporary = memory_of_process(), f"passing{TEMPORARY_SUFFIX}"
    threads = threads_of_process(sum(each.triples for each in sources))
    try:
        with (
            reachable(folder) as place,
            connected(None, memory_mb=memory, threads=threads, temporary=f"{place}/{temporary}") as connection,
        ):
            names = {each: os.path.relpath(each.path, folder) for each in sources if each.triples}
            files = [replace(each, path=f"{place}/{name}") for each, name in names.items()]
            _load(connection, files, packed=packed, as_written=True, longest=longest)
            yield connection
    except duckdb.Error as problem:
        raise index_error(Sentence("the triple index could not be made"), problem) from problem
    finally:
        shutil.rmtree(folder / temporary, ignore_errors=True)


def spooled(chunks: Iterable[Chunk], path: Path, graph: str) -> LinesFile:
    """Write triples into a file, as lines of one graph, whatever graphs they are of; return it.

    Raises:
        StorageError: the disk does not take it.
    """
    count = 0
    try:
        with path.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk.triples)
                count += chunk.triples.count(b"\n")
    except OSError as problem:
        raise StorageError.of(Sentence("the data could not be put on the disk"), problem) from problem
    return LinesFile(str(path), graph, count, " .")


def lines_in(path: Path) -> int:
    """Return how many lines a file has, the last without an end among them."""
    count, last = 0, b"\n"
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            count, last = count + piece.count(b"\n"), piece[-1:]
    return count + (last != b"\n")


def memory_of_process() -> int:
    """Return how much memory work on an index may take here, in MiB: a quarter of what the process may still map.

    A bound on address space counts what is reserved and what lies between, too.
    """
    bound, _ = resource.getrlimit(resource.RLIMIT_AS)
    if bound == resource.RLIM_INFINITY:
        return MEMORY_MB
    try:
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:
        mapped = 0
    return max(LEAST_MB, min(MEMORY_MB, (bound - mapped) // 4 >> 20))


def threads_of_process(triples: int | None = None) -> int:
    """Return how many threads may work on an index here: each of them reserves some address space.

    Args:
        triples: how many triples there are, where that is known: of few, one thread is done before others are at work.
    """
    if (triples is not None and triples <= LITTLE) or resource.getrlimit(resource.RLIMIT_AS)[
        0
    ] != resource.RLIM_INFINITY:
        return 1
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1))


def _load(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[LinesFile],
    *,
    packed: str = "gzip",
    as_written: bool = False,
    is_small: bool = False,
    longest: int | None = None,
) -> None:
    connection.execute("CREATE TEMP TABLE lines (n INTEGER, s VARCHAR, p VARCHAR, o VARCHAR)")
    connection.execute("CREATE TEMP TABLE files (n INTEGER, filename VARCHAR, ending INTEGER, iri VARCHAR)")
    if files:
        _read(connection, files, packed)
    # one transaction saves a quarter of the time of a small index; of a large one, tables would stay to its end. The
    # reading is before it: it may fail and be tried again with larger buffers, and a failure ends a transaction
    if is_small:
        connection.execute("BEGIN")
    _spell(connection, longest)
    _number_terms(connection, as_written=as_written)
    _write_triples(connection, is_sorted=not as_written)
    if is_small:
        connection.execute("COMMIT")


def _read(connection: duckdb.DuckDBPyConnection, files: Sequence[LinesFile], packed: str) -> None:
    names = [each.path for each in files]
    connection.execute(
        """INSERT INTO files SELECT unnest($1::INTEGER[]), unnest($2::VARCHAR[]), unnest($3::INTEGER[]),
            unnest($4::VARCHAR[])""",
        [
            list(range(len(files))),
            names,
            [len(each.ending) for each in files],
            [f"<{each.graph}>" for each in files],
        ],
    )
    expected = {place: each.triples for place, each in enumerate(files)}
    for longest, buffer in ((LINE_BYTES, 4 * LINE_BYTES), (LONGEST_LINE, LONGEST_LINE)):
        with suppress(duckdb.InvalidInputException):  # a longer line, whose buffers need memory that others do without
            connection.execute(READ, {"files": names, "longest": longest, "buffer": buffer, "packed": packed})
        if dict(connection.execute("SELECT n, count(*) FROM lines GROUP BY n").fetchall()) == expected:
            return
        connection.execute("DELETE FROM lines")
    raise ReleaseError(Sentence("the graph files do not hold what the manifest says"), Sentence("run hamkor build"))


def _spell(connection: duckdb.DuckDBPyConnection, longest: int | None) -> None:
    """Write ``spelt(t)``, each term once; ``differing(t)`` are those that canonical N-Triples spell otherwise.

    Args:
        connection: the index in the making.
        longest: how long lines may be that nobody has parsed; None: all are canonical N-Triples.

    Raises:
        UnsureLinesError: one of these is no triple, or not for sure.
    """
    connection.execute(
        """CREATE TEMP TABLE spelt AS SELECT s AS t FROM lines UNION SELECT p FROM lines UNION SELECT o FROM lines
            UNION SELECT iri FROM files"""
    )
    connection.execute("CREATE TEMP TABLE differing (t VARCHAR)")
    if longest is None:
        return
    unsure = f"""o IS NULL OR s[1] <> '<' OR p[1] <> '<' OR strlen(s) + strlen(p) + strlen(o) > {longest}"""
    if number_of(connection, f"SELECT count(*) FROM lines WHERE {unsure}"):
        raise UnsureLinesError
    # most terms stand in several lines: to parse each once takes a third of the time that parsing the lines takes
    left = number = number_of(connection, "SELECT count(*) FROM spelt")
    for start in range(0, number, BATCH):
        batch = f"FROM spelt WHERE rowid BETWEEN {start} AND {start + BATCH - 1}"
        ((text,),) = connection.execute(f"SELECT string_agg('{ANY}' || t || ' .', chr(10)) {batch}").fetchall()
        lines = f"{text}\n".encode()
        connection.execute("INSERT INTO differing SELECT unnest($1::VARCHAR[])", [_differing(lines)])
        left -= lines.count(b"\n")
    if left:
        raise UnsureLinesError


NESTED, UNSURE = b"<<", (b"_:", b"\\u0000")
"""What triple terms, and what blank nodes and the character NUL have in them, and perhaps other things, too."""


def _differing(lines: bytes) -> list[str]:
    """Return the objects of lines that canonical N-Triples spell otherwise.

    If each term of a line can be parsed by itself, the line can be, too, and says the same.

    Raises:
        UnsureLinesError: a line has none, or one that needs more than to be parsed.
    """
    if NESTED in lines:  # before they are parsed: ten thousand in each other overflow the parser's stack
        raise UnsureLinesError
    try:
        form = ox.RdfFormat.N_TRIPLES
        canonical = ox.serialize((quad.triple for quad in ox.parse(lines, form)), format=form) or b""
    except (SyntaxError, MemoryError) as problem:
        raise UnsureLinesError from problem
    # an object with a full stop in it may be two triples; what is behind it may be a comment, which is no matter
    if canonical.count(b"\n") != lines.count(b"\n") or any(each in canonical for each in UNSURE):
        raise UnsureLinesError
    if canonical == lines:
        return []
    pairs = zip(lines.split(b"\n"), canonical.split(b"\n"), strict=True)
    return [line[len(ANY) : -len(" .")].decode() for line, other in pairs if line != other]


def _number_terms(connection: duckdb.DuckDBPyConnection, *, as_written: bool) -> None:
    """Write ``terms`` and ``term_hashes``; ``numbered(t, id)`` says which term each text of ``lines`` is."""
    _ask_the_engine(connection, as_written=as_written)
    order = "" if as_written else "ORDER BY t"
    connection.execute(
        f"""CREATE TEMP TABLE ranked AS SELECT t, plain, row_number() OVER ({order}) - 1 AS rank FROM (
            SELECT t, any_value(plain) AS plain FROM (
                SELECT t, NULL AS plain FROM spelt WHERE NOT EXISTS (FROM asked WHERE spelling = spelt.t)
                UNION ALL SELECT t, plain FROM asked) GROUP BY t)"""
    )
    connection.execute(f"CREATE TABLE terms ({TERM_COLUMNS})")
    order = "" if as_written else "ORDER BY id"
    connection.execute(
        f"""INSERT INTO terms SELECT id::BIGINT AS id, text, tag, exact, approximate
            FROM ({described("FROM ranked")}) {order}"""
    )
    connection.execute(
        """CREATE TEMP TABLE numbered AS SELECT t, id
            FROM ranked JOIN (SELECT id, id >> 3 AS rank FROM terms) USING (rank)"""
    )
    connection.execute("DROP TABLE ranked")
    order = "" if as_written else "ORDER BY hash, id"
    connection.execute(f"CREATE TABLE term_hashes AS SELECT md5_number_lower(t) AS hash, id FROM numbered {order}")
    connection.execute(
        """INSERT INTO numbered SELECT spelling, id FROM asked JOIN numbered USING (t)
            WHERE spelling NOT IN (SELECT t FROM numbered)"""
    )


def _ask_the_engine(connection: duckdb.DuckDBPyConnection, *, as_written: bool) -> None:
    """Write ``asked(spelling, t, plain)``: how the engine gives back what it may rewrite, or what is escaped."""
    ask, which = (unescaped, f"{ESCAPED} OR t IN (FROM differing)") if as_written else (given_back, DOUBTFUL)
    connection.execute("CREATE TEMP TABLE asked (spelling VARCHAR, t VARCHAR, plain VARCHAR)")
    connection.execute(
        f"""CREATE TEMP TABLE doubtful AS SELECT t, row_number() OVER () AS place
            FROM (SELECT *, {TEXT} AS text FROM (SELECT t, {SUFFIX} AS suffix FROM spelt)) WHERE {which}"""
    )
    number = number_of(connection, "SELECT count(*) FROM doubtful")
    for start in range(0, number, BATCH):
        # no rowid: what its own transaction has written has other ones
        rows = connection.execute("SELECT t FROM doubtful WHERE place BETWEEN ? AND ?", [start + 1, start + BATCH])
        terms = [row[0] for row in rows.fetchall()]
        connection.execute(
            "INSERT INTO asked SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[])",
            [terms, *ask(terms)],
        )


def _write_triples(connection: duckdb.DuckDBPyConnection, *, is_sorted: bool) -> None:
    """Write ``by_subject``, ``by_object`` and ``graph_sets``: a set of one graph has the number of that graph."""
    connection.execute(
        """CREATE TEMP TABLE stated AS SELECT n, a.id AS s, b.id AS p, c.id AS o FROM lines
            JOIN numbered AS a ON a.t = lines.s JOIN numbered AS b ON b.t = lines.p
            JOIN numbered AS c ON c.t = lines.o"""
    )
    connection.execute("CREATE TABLE graph_sets AS SELECT n AS g, id AS graph FROM files JOIN numbered ON t = iri")
    connection.execute("DROP TABLE lines; DROP TABLE numbered; DROP TABLE spelt; DROP TABLE asked; DROP TABLE doubtful")
    connection.execute("DROP TABLE differing")
    connection.execute(
        """CREATE TEMP TABLE merge AS SELECT p, s, o, min(n) AS g, max(n) AS last FROM stated GROUP BY p, s, o"""
    )
    connection.execute("CREATE TEMP TABLE shared AS SELECT p, s, o FROM merge WHERE g <> last")
    if number_of(connection, "SELECT count(*) FROM shared"):
        _write_sets(connection)
    if is_sorted:
        connection.execute("CREATE TABLE by_subject AS SELECT p, s, o, g FROM merge ORDER BY p, s, o")
        connection.execute("CREATE TABLE by_object AS SELECT p, o, s, g FROM merge ORDER BY p, o, s")
        connection.execute("DROP TABLE merge")
    else:
        # sorting both ways took a quarter of the time of a whole validation, and its queries are no slower without
        for name in ("by_subject", "by_object"):
            connection.execute(f"CREATE TEMP VIEW {name} AS FROM merge")
    connection.execute("DROP TABLE shared; DROP TABLE stated; DROP TABLE files")


def _write_sets(connection: duckdb.DuckDBPyConnection) -> None:
    """Number the sets of several graphs after those of one, and let ``merge`` say which triples have which."""
    connection.execute(
        """CREATE TEMP TABLE stating AS SELECT p, s, o, list_sort(list(DISTINCT n)) AS members
            FROM stated SEMI JOIN shared USING (p, s, o) GROUP BY p, s, o"""
    )
    connection.execute(
        """CREATE TEMP TABLE sets AS SELECT members, (SELECT count(*) FROM files)
                + row_number() OVER (ORDER BY members) - 1 AS g
            FROM (SELECT DISTINCT members FROM stating)"""
    )
    connection.execute(
        """INSERT INTO graph_sets SELECT sets.g, graph FROM (SELECT g, unnest(members) AS n FROM sets) AS sets
            JOIN graph_sets AS single ON single.g = n"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE merge AS
            SELECT p, s, o, g FROM merge WHERE g = last
            UNION ALL SELECT p, s, o, sets.g::INTEGER FROM stating JOIN sets USING (members)"""
    )
    connection.execute("DROP TABLE stating; DROP TABLE sets")


def number_of(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the whole number that a query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row is not None else 0
