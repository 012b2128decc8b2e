"""Parquet: the statements of a release as a table, and the things of a class, made by DuckDB in bounded memory.

One thread writes them, so that the same release gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import duckdb
import msgspec

from graph.export.views import MOST_COLUMNS, ClassColumn, TableProperty, column_name, named_apart
from graph.model.description import LABEL_PROPERTIES, language_chain, language_rank
from graph.model.errors import FormatError, ReleaseError, Sentence, StorageError
from graph.model.formats import PARQUET
from graph.model.rdf_terms import RDF, RDF_TYPE, XSD
from graph.releases.index_loading import LINE_BYTES, LONGEST_LINE, SUFFIX, TEXT, LinesFile, memory_of_process
from graph.releases.triple_index import TermKind, connected, index_error, open_index, reachable, sql_string
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
def _writing(target: Path, release: Path | None = None) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection, to the index of a release where one is named, and the path of the file as DuckDB takes it."""
    spilled = target.with_name(f"{target.name}{SPILLED}")
    try:
        with ExitStack() as held:
            place, memory = held.enter_context(reachable(target.parent)), memory_of_process()
            beside = f"{place}/{spilled.name}"
            if release is None:
                found = connected(None, memory_mb=memory, threads=1, temporary=beside)
            else:
                found = _index(release, memory, Path(beside))
            yield held.enter_context(found), f"{place}/{target.name}"
    except duckdb.Error as problem:
        raise _error(problem) from problem
    finally:
        shutil.rmtree(spilled, ignore_errors=True)


def _index(release: Path, memory_mb: int, temporary: Path) -> duckdb.DuckDBPyConnection:
    found = open_index(release, memory_mb=memory_mb, threads=1, temporary=temporary, may_write=True)
    if found is None:
        said = Sentence("release %(id)s was made by an earlier version and has no triple index", id=release.name)
        raise ReleaseError(said, Sentence("run hamkor build"))
    return found


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


# The things of a class as a table, made of the index: columns as those of its CSV, but with types, and lists.
#
# A column has the type of its datatype where each of its values fits it, else it is text, so that nothing is lost.

INTEGER, DECIMAL, DOUBLE, TEXT_TYPE = "BIGINT", "DECIMAL", "DOUBLE", "VARCHAR"
FLOAT = "[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN"
"""Forms of xsd:float that are read exactly as DuckDB reads them."""
TRIPLE = "triple"
"""What stands for a datatype where a property leads to triples, which are written as N-Triples."""
CELLS_AT_ONCE, MOST_ROWS_AT_ONCE = 2_000_000, 50_000
DIRECTIONAL = f"terms.id & 7 = {TermKind.OTHER} AND tag IS NULL AND text[1] = '\"'"
LANGUAGE = f"""CASE WHEN terms.id & 7 = {TermKind.LANGUAGE_STRING} THEN tag
    WHEN {DIRECTIONAL} THEN split_part(text, '"', -1)[2:] ELSE '' END"""
DATATYPE = f"""CASE WHEN terms.id & 7 = {TermKind.STRING} THEN '{XSD}string'
    WHEN terms.id & 7 < {TermKind.INTEGER} THEN ''
    WHEN tag IS NOT NULL THEN tag WHEN text[1] = '"' THEN '' ELSE '{TRIPLE}' END"""
VALUE = f"""CASE WHEN {DIRECTIONAL} THEN {unescaped_text('''left(text, -length(split_part(text, '"', -1)) - 1)[2:]''')}
    ELSE text END"""
FITTING = f"""CASE o & 7 WHEN {TermKind.INTEGER} THEN '{INTEGER}' WHEN {TermKind.DECIMAL} THEN '{DECIMAL}'
    WHEN {TermKind.DOUBLE} THEN '{DOUBLE}'
    WHEN {TermKind.TIME} THEN CASE WHEN datatype = '{XSD}date' THEN 'DATE' WHEN value[-1] = 'Z' THEN 'TIMESTAMPTZ'
        WHEN value[-6:] SIMILAR TO '[+-][0-9][0-9]:[0-9][0-9]' THEN '{TEXT_TYPE}' ELSE 'TIMESTAMP' END
    ELSE CASE WHEN datatype = '{XSD}boolean' AND value IN ('true', 'false') THEN 'BOOLEAN'
        WHEN datatype = '{XSD}float' AND regexp_full_match(value, '{FLOAT}') AND TRY_CAST(value AS FLOAT) IS NOT NULL
            THEN 'FLOAT' ELSE '{TEXT_TYPE}' END END"""
"""The type that a value fits, by its kind in the index. Of a time with a zone other than UTC the zone would be lost."""


class ClassContent(msgspec.Struct, frozen=True):
    """What the table of a class shows.

    Attributes:
        kind: the IRI of the class.
        properties: the properties that it shows, in order; where there are none, all that its things have, by IRI.
        languages: in which things are called, beside the columns that lead to them, best first.
    """

    kind: str
    properties: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a table: what stands in it, and how it is gathered from the cells of a thing.

    Attributes:
        column: its name, and what it shows.
        p: the property, by its id.
        type: that of DuckDB which all its values fit.
    """

    column: ClassColumn
    p: int
    type: str

    @property
    def gathered(self) -> str:
        """The expression of SQL for its cell."""
        which = f"p = {self.p} AND language = {sql_string(self.column.language)} AND datatype = "
        which += sql_string(self.column.datatype)
        of = "name" if self.column.kind == "name" else "value"
        if self.column.place < 0:
            return f"CAST(list({of} ORDER BY value) FILTER ({which}) AS {self.type}[])"
        return f"CAST(any_value({of}) FILTER ({which}) AS {self.type})"

    @property
    def described(self) -> dict[str, str]:
        """What the file says of it."""
        found = {"property": self.column.property.predicate, "shows": self.column.kind}
        said = {"language": self.column.language, "datatype": self.column.datatype}
        return found | {name: text for name, text in said.items() if text}


def write_class_table(release: Path, content: ClassContent, target: Path, about: Mapping[str, str]) -> None:
    """Write the things of a class as a table: a row a thing, in the order of their IRIs.

    Args:
        release: the folder of the release.
        content: what to show.
        target: the file to write; what memory does not hold lies beside it for so long.
        about: what the file says of itself, by name.

    Raises:
        FormatError: it would have too many columns.
        ReleaseError: the release has no index, or it cannot be read; the disk or memory does not suffice.
    """
    with _writing(target, release) as (connection, path):
        number = _gather(connection, content)
        columns = _typed_columns(connection, content)
        if len(columns) > MOST_COLUMNS:
            said = Sentence(
                "a table of %(number)s columns; %(most)s are the most", number=len(columns), most=MOST_COLUMNS
            )
            raise FormatError(PARQUET.title, said)
        defined = [f"{sql_name(each.column.name)} {_stored_type(each)}" for each in columns]
        connection.execute(f"CREATE TEMP TABLE made ({', '.join(['id VARCHAR', *defined])})")
        step = max(1, min(MOST_ROWS_AT_ONCE, CELLS_AT_ONCE // (len(columns) + 1)))
        shown = "".join(f", {each.gathered} AS c{place}" for place, each in enumerate(columns))
        numbered = "".join(f", c{place}" for place in range(len(columns)))
        for start in range(0, number, step):
            which = f"n BETWEEN {start} AND {start + step - 1}"
            gathered = f"(SELECT n{shown} FROM cells WHERE {which} GROUP BY n)"
            connection.execute(
                f"""INSERT INTO made SELECT text{numbered} FROM things LEFT JOIN {gathered} USING (n)
                    WHERE {which} ORDER BY n"""
            )
        described = {each.column.name: each.described for each in columns}
        said_of_it = {**about, "class": content.kind, "columns": json.dumps(described, ensure_ascii=False)}
        _copied(connection, "FROM made", path, said_of_it)


def sql_name(text: str) -> str:
    """Return a text as a name of SQL."""
    return '"' + text.replace('"', '""') + '"'


def _stored_type(column: TypedColumn) -> str:
    return f"{column.type}[]" if column.column.place < 0 else column.type


def _gather(connection: duckdb.DuckDBPyConnection, content: ClassContent) -> int:
    """Write ``things`` in their order, and ``cells``: what is said of each, term by term; return how many things."""
    kind, a = (_id_of(connection, each) for each in (content.kind, RDF_TYPE))
    connection.execute(
        f"""CREATE TEMP TABLE things AS SELECT row_number() OVER (ORDER BY text) - 1 AS n, id AS s, text FROM terms
            WHERE id IN (SELECT s FROM by_object WHERE p = {a} AND o = {kind}) AND id & 7 = {TermKind.IRI}"""
    )
    wanted = [str(_id_of(connection, each)) for each in content.properties]
    which = f"p IN ({', '.join(wanted)})" if wanted else f"p <> {a}"
    connection.execute(f"CREATE TEMP TABLE said AS SELECT n, p, o FROM by_subject JOIN things USING (s) WHERE {which}")
    _name(connection, content.languages)
    connection.execute(
        f"""CREATE TEMP TABLE cells AS SELECT n, p, o, name, {LANGUAGE} AS language, {DATATYPE} AS datatype,
                {VALUE} AS value
            FROM said JOIN terms ON terms.id = o LEFT JOIN names USING (o) ORDER BY n, p, language, datatype, value"""
    )
    connection.execute("DROP TABLE said; DROP TABLE names")
    ((number,),) = connection.execute("SELECT count(*) FROM things").fetchall()
    return int(number)


def _id_of(connection: duckdb.DuckDBPyConnection, iri: str) -> int:
    """Return the id of an IRI; one that no term has where the index does not know it."""
    row = connection.execute(f"SELECT id FROM terms WHERE id & 7 = {TermKind.IRI} AND text = $1", [iri]).fetchone()
    return int(row[0]) if row is not None else -1


def _name(connection: duckdb.DuckDBPyConnection, languages: Sequence[str]) -> None:
    """Write ``names``: what the things are called to which others lead, as ``graph.model.description.labels`` says."""
    places = {_id_of(connection, each): place for place, each in enumerate(LABEL_PROPERTIES)}
    connection.execute(
        f"""CREATE TEMP TABLE called AS SELECT s AS o, p, {LANGUAGE} AS language, {VALUE} AS value
            FROM by_subject JOIN terms ON terms.id = by_subject.o
            WHERE s IN (SELECT o FROM said WHERE o & 7 = {TermKind.IRI}) AND p IN ({", ".join(map(str, places))})
                AND {DATATYPE} <> '{TRIPLE}' AND terms.id & 7 <> {TermKind.IRI}
                AND regexp_matches({VALUE}, '[^\\p{{Z}}\\p{{Cc}}\\p{{Cf}}]')"""
    )
    chain = language_chain(languages)
    tags = [tag for (tag,) in connection.execute("SELECT DISTINCT language FROM called").fetchall()]
    ranks = {tag: language_rank(tag.partition("--")[0], chain) for tag in tags}
    order = {rank: place for place, rank in enumerate(sorted({*ranks.values()}))}
    connection.execute(
        """CREATE TEMP TABLE names AS SELECT o, first(value ORDER BY rank, place, value) AS name FROM called
            JOIN (SELECT unnest($1::VARCHAR[]) AS language, unnest($2::INTEGER[]) AS rank) USING (language)
            JOIN (SELECT unnest($3::BIGINT[]) AS p, unnest($4::INTEGER[]) AS place) USING (p) GROUP BY o""",
        [tags, [order[ranks[each]] for each in tags], [*places], [*places.values()]],
    )
    connection.execute("DROP TABLE called")


def _typed_columns(connection: duckdb.DuckDBPyConnection, content: ClassContent) -> list[TypedColumn]:
    """Return the columns that the cells have, in their order."""
    found = connection.execute(
        f"""SELECT text, p, language, datatype, max(many), min(least), max(most), max(whole), max(fraction)
            FROM (SELECT n, p, language, datatype, count(*) AS many, min({FITTING}) AS least, max({FITTING}) AS most,
                    max(length(ltrim(split_part(value, '.', 1), '-'))) AS whole,
                    max(length(split_part(value, '.', 2))) AS fraction FROM cells GROUP BY n, p, language, datatype)
            JOIN terms ON terms.id = p GROUP BY text, p, language, datatype"""
    ).fetchall()
    place = {each: number for number, each in enumerate(dict.fromkeys(content.properties))}
    datatypes = Counter(row[0] for row in found if row[3])
    columns = list[TypedColumn]()
    for predicate, p, language, datatype, many, *fit in sorted(found, key=lambda row: (place.get(row[0], 0), *row[:4])):
        name = column_name(predicate, language, datatype if datatypes[predicate] > 1 else "")
        of, where = TableProperty(predicate, {}), -1 if many > 1 else 0
        if language or datatype:
            column = ClassColumn(name, of, "text", language, datatype, where)
            columns.append(TypedColumn(column, p, _type(*fit)))
        else:
            for each, kind in ((name, "thing"), (f"{name}_name", "name")):
                columns.append(TypedColumn(ClassColumn(each, of, kind, place=where), p, TEXT_TYPE))
    apart = named_apart([each.column for each in columns])
    return [replace(each, column=column) for each, column in zip(columns, apart, strict=True)]


def _type(least: str, most: str, whole: int, fraction: int) -> str:
    """Return the type of a column, given the first and the last that its values fit, and the digits of decimals."""
    if least != most:
        return TEXT_TYPE
    return f"{DECIMAL}({max(1, whole + fraction)}, {fraction})" if least == DECIMAL else least
