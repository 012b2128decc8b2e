"""A CSV file with CSVW metadata in, triples out: the minimal mode of "Generating RDF from Tabular Data on the Web".

The header is held against the metadata here; rows, cells and metadata are read in the modules beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Said, Sentence, SourceError, said_by
from graph.model.rdf_terms import RDF, XSD, genid_iri
from graph.sources.csvw.metadata import (
    ROW_VARIABLES,
    Column,
    MissingValueError,
    TableDescription,
    UriTemplate,
    Value,
    Variables,
    describe_table,
    refusals,
)
from graph.sources.csvw.records import BLANKS, CELL_CHARACTERS, Record, read_records

# The header of a table against its metadata: which columns the table has, in which order.
#
# Columns are matched by position, and their titles have to agree (Metadata Vocabulary 5.5.1); nothing is reordered.

SEP = re.compile(r"sep=([;,\t|])[;,\s]*", re.IGNORECASE)


DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def as_written(description: TableDescription, path: Path, name: str, limit: int) -> TableDescription:
    """Return the description with the delimiter that the file has, where its header proves it.

    Excel of here writes semicolons, whatever the metadata says. They are taken where the header, divided by them, is
    that of the metadata, and is not as the metadata has it; or where the first line says so (``sep=;``).

    Raises:
        SourceError: the file cannot be read, or its header is one cell that holds such signs, and nothing proves it.
    """
    dialect = description.dialect
    first = next(read_records(path, name, replace(dialect, header=False, skipRows=0), limit), None)
    said = SEP.fullmatch(dialect.delimiter.join(first.cells).strip()) if first else None
    if said:
        return replace(description, dialect=replace(dialect, delimiter=said[1], skipRows=dialect.skipRows + 1))
    if not description.header_rows or _is_header(description, path, name, dialect.delimiter, limit):
        return description
    for delimiter in DELIMITERS:
        if delimiter != dialect.delimiter and _is_header(description, path, name, delimiter, limit):
            return replace(description, dialect=replace(dialect, delimiter=delimiter))
    return description


def _is_header(description: TableDescription, path: Path, name: str, delimiter: str, limit: int) -> bool:
    """Whether the header, divided by this delimiter, has the columns of the metadata."""
    described = [column for column in description.columns if not column.virtual]
    dialect = replace(description.dialect, delimiter=delimiter)
    try:
        headers = list(islice(read_records(path, name, dialect, limit), description.header_rows))
        table_columns(description, headers, len(headers[0].cut(len(described)).cells) if headers else 0, name)
    except SourceError:
        return False
    return len(described) > 1


def table_columns(
    description: TableDescription, headers: Sequence[Record], width: int, name: str
) -> tuple[Column, ...]:
    """Return the table's columns, virtual ones last.

    Args:
        description: what the metadata says; where it has no columns, the header's first row names them.
        headers: the rows of the header.
        width: how many cells the table's first row has.
        name: how the user calls the table, for messages.

    Raises:
        SourceError: header and metadata disagree, or two columns have one name.
    """
    line = headers[0].line if headers else None
    texts = [[cell.strip(BLANKS) for header in headers for cell in header.cells[at : at + 1]] for at in range(width)]
    described = [column for column in description.columns if not column.virtual]
    if described:
        _check_delimiter(described, texts, name, line)
        _check_titles(described, texts, description.language, SourceError(name, NO_WORDS, line))
        if headers and width != len(described):
            extra = width > len(described)
            problem = (
                Sentence("the metadata does not know this column") if extra else Sentence("the table lacks this column")
            )
            where = " ".join(texts[len(described)]) if extra else described[width].name
            raise SourceError(
                name, problem, line, where, Sentence("make the table and %(file)s agree", file=description.source)
            )
        return description.columns
    found = [description.column(number, (text or [""])[0]) for number, text in enumerate(texts, 1)]
    names = [column.name for column in (*found, *description.columns)]
    if twice := [each for each in names if names.count(each) > 1]:
        raise SourceError(name, Sentence("two columns have this name"), line, twice[0], Sentence("rename one of them"))
    return (*found, *description.columns)


def _check_delimiter(described: Sequence[Column], texts: Sequence[Sequence[str]], name: str, line: int | None) -> None:
    text = " ".join(texts[0]) if len(texts) == 1 < len(described) else ""
    if sign := next((each for each in DELIMITERS if each in text), ""):
        problem = Sentence("its header is one cell, which holds %(signs)s", signs=DELIMITERS[sign])
        remedy = Sentence('write "delimiter": %(sign)s into the dialect of the metadata', sign=json.dumps(sign))
        raise SourceError(name, problem, line, remedy=remedy)


def _check_titles(
    described: Sequence[Column], texts: Sequence[Sequence[str]], language: str, place: SourceError
) -> None:
    for column, text in zip(described, texts, strict=False):
        if text and column.titles and not column.may_be_headed(text, language):
            place.problem = Sentence(
                "column %(number)s is headed %(title)s, the metadata has %(name)s here",
                number=str(column.number),
                title=repr(text[0]),
                name=column.name,
            )
            place.column = column.name
            place.remedy = Sentence("put the columns in the order of the metadata, or correct its titles")
            if others := sorted(tag for tag, title in column.titles if title in text):
                place.problem = Sentence(
                    "%(problem)s; that is its title in %(other)s, and the table's language is %(language)s",
                    problem=place.problem,
                    other=others[0],
                    language=language,
                )
            raise place


# It reads row by row and holds one row at a time (and 16 bytes of each primary key). Nothing is fetched, nothing is
# guessed: after a cell that breaks its datatype only further mistakes are read. Two things differ from the
# recommendation, because a publication holds no blank nodes and no wrong IRIs: a row's own node and the nodes of lists
# are skolem IRIs made of file name and row number, and a template that needs a null value gives no triple (or an error
# where a value would be lost). A null cell gives no triple, whatever its valueUrl; a row without any text is none, and
# one of totals an error.

MOST_TOLD = 20
"""So many mistakes of a table are told, and how many more there are."""
FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))


@dataclass(frozen=True, slots=True)
class TableFile:
    """Where a table lies and how it is called.

    Attributes:
        path: the file; its metadata lies beside it as ``<file>-metadata.json``, else as ``csv-metadata.json``, else the
            header names the columns and predicates are ``<table's URL>#<column>``.
        base: the IRI of the folder in which the table has its URL: ``<base><file name>`` unless the metadata says
            otherwise. Relative results of URI templates are resolved against the table's URL, so ``id/club/{city}``
            stands below the base.
        name: how the user calls the file, for messages.
        content: the file that holds its text, where it has been unpacked; else None.
        inner: after what its rows' own nodes are named; its file name where empty.
        cell_limit: the most characters of a cell, or of a line of the file.
    """

    path: Path
    base: str
    name: str
    content: Path | None = None
    inner: str = ""
    cell_limit: int = CELL_CHARACTERS


def read_table(
    path: Path, *, base: str, name: str | None = None, cell_limit: int = CELL_CHARACTERS
) -> Iterator[ox.Triple]:
    """Yield the triples of a CSV file; as ``read_rows``, without the lines."""
    return (triple for _, triple in read_rows(TableFile(path, base, name or str(path), cell_limit=cell_limit)))


def read_described(file: TableFile) -> Iterator[ox.Quad]:
    """Yield the triples of a table that is to be published, which needs its metadata.

    Raises:
        SourceError: as ``read_rows``, or there is no metadata.
    """
    describe_table(file.path, file.name, file.base, is_needed=True)
    for _, each in read_rows(file):
        yield ox.Quad(each.subject, each.predicate, each.object)


def is_suppressed(file: TableFile) -> bool:
    """Whether the metadata of a table says that it is to give no triples, though its cells are checked.

    Raises:
        SourceError: the metadata cannot be used.
    """
    return describe_table(file.path, file.name, file.base).suppressed


def read_rows(file: TableFile) -> Iterator[tuple[int, ox.Triple]]:
    """Yield the triples of a CSV file, each with the line of the file in which its row begins.

    Raises:
        SourceError: file or metadata cannot be used; with the line and column's name of the first bad cell.
    """
    path, shown = file.path, file.name
    content = file.content or path
    description = as_written(describe_table(path, shown, file.base), content, shown, file.cell_limit)
    records = read_records(content, shown, description.dialect, file.cell_limit)
    headers = list(islice(records, description.header_rows))
    body = list(islice(records, 1))
    if len(headers) < description.header_rows or not headers + body:
        raise SourceError(
            shown, Sentence("the table is empty"), remedy=Sentence("write a header and rows, or remove the file")
        )
    described = sum(not column.virtual for column in description.columns)
    headers = [each.cut(described) for each in headers]
    columns = table_columns(description, headers, len((headers or [body[0].cut(described)])[0].cells), shown)
    rows = genid_iri(file.base, quote(file.inner or path.name, safe="-._~/"))
    yield from _rows(_Table(shown, description, columns, rows), chain(body, records))


def _rows(table: _Table, records: Iterable[Record]) -> Iterator[tuple[int, ox.Triple]]:
    """Yield the triples of all rows; after the first mistake the others are looked for, and told together."""
    mistakes, count = list[SourceError](), 0
    for number, record in enumerate(records, 1):
        if record.is_blank and not table.has_defaults:  # programs write empty rows behind the last one
            continue
        values, found = table.values(record)
        try:
            triples = [] if found else list(table.triples(record, number, values))
        except SourceError as problem:
            found, triples = [problem], []
        count += len(found)
        mistakes += found[: MOST_TOLD - len(mistakes)]
        if not count:
            for triple in triples:
                yield record.line, triple
    if mistakes:
        first = mistakes[0]
        first.others, first.more = [_told(each) for each in mistakes[1:]], count - len(mistakes)
        raise first


def _told(mistake: SourceError) -> dict[str, str]:
    place: dict[str, str] = {"line": str(mistake.line or ""), "column": str(mistake.column or "")}
    return {**place, "problem": mistake.problem, "remedy": mistake.remedy}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the cells of one column become triples."""

    column: Column
    about: UriTemplate | None
    predicate: UriTemplate
    value: UriTemplate | None
    datatype: ox.NamedNode | None

    def literal(self, form: str) -> ox.Literal:
        if self.datatype:
            return ox.Literal(form, datatype=self.datatype)
        return ox.Literal(form, language=self.column.language)

    def missing(self, variables: Variables) -> str:
        """Name the columns that a template needs and this row has not."""
        templates = (self.about, self.predicate, self.value)
        return ", ".join(sorted({name for each in templates if each for name in each.needed - variables.keys()}))


class _Table:
    """The rows of one table, turned into triples one after the other."""

    def __init__(self, name: str, description: TableDescription, columns: Sequence[Column], genid: str) -> None:
        self.name, self.description, self.genid = name, description, genid
        self.physical = [column for column in columns if not column.virtual]
        self.has_defaults = any(column.default for column in self.physical)
        self.templates: dict[str, UriTemplate] = {}
        self.defaults = {column.name: self._default(column) for column in columns if column.virtual}
        known = ROW_VARIABLES | {column.name for column in columns}
        plans = [self._plan(column, known) for column in columns if not column.suppressed]
        self.plans = [] if description.suppressed else plans
        self.lines_by_key: dict[bytes, int] = {}

    def _default(self, column: Column) -> Value:
        """Return the value that all cells of a virtual column have."""
        with refusals(self.description.source, column.name):
            return column.read("") if column.default else None

    def _plan(self, column: Column, known: frozenset[str]) -> _Plan:
        skipped = int(self.description.dialect.skipColumns)
        own: Variables = {"_name": column.name, "_column": column.number, "_sourceColumn": column.number + skipped}

        def template(text: str | None) -> UriTemplate | None:
            if text is None:
                return None
            if text in self.templates:
                return self.templates[text]
            made = UriTemplate(text, self.description.url, own)
            if unknown := made.variables - known:
                raise ValueError(
                    Sentence(
                        "the template %(text)s uses %(unknown)s, which is no column", text=text, unknown=min(unknown)
                    )
                )
            return made if made.is_the_column_s_own else self.templates.setdefault(text, made)

        with refusals(self.description.source, column.name):
            default = f"{self.description.url}#{quote(column.name, safe='%-._~')}"
            predicate = template(column.property) or UriTemplate(default, self.description.url, {})
            plain = column.datatype.iri == XSD + "string"
            datatype = None if plain else ox.NamedNode(column.datatype.iri)
            return _Plan(column, template(column.about), predicate, template(column.value), datatype)

    def values(self, record: Record) -> tuple[dict[str, Value], list[SourceError]]:
        """Return the values of all cells by column name, of virtual columns those of their defaults; and mistakes."""
        cells = record.cut(len(self.physical)).cells
        if word := record.total():
            problem = Sentence("the row is one of totals (%(word)s), and no thing of its own", word=_short(word))
            return {}, [SourceError(self.name, problem, record.line, remedy=Sentence("take it out of the table"))]
        if len(cells) != len(self.physical):
            return {}, [self._wrong_width(record, cells)]
        found, mistakes = dict[str, Value](), list[SourceError]()
        for column, text in zip(self.physical, cells, strict=True):
            try:
                found[column.name] = column.read(text)
            except (ValueError, ArithmeticError) as problem:
                mistakes.append(self._refused(record, column, text, problem))
        return found | self.defaults, mistakes

    def triples(self, record: Record, number: int, values: dict[str, Value]) -> Iterator[ox.Triple]:
        """Yield the triples of row ``number``, which has these values and no mistakes."""
        self._check_key(values, record)
        variables: dict[str, str | int | list[str]] = {"_row": number, "_sourceRow": record.number}
        for name, value in values.items():
            if value is not None and value != ():
                stripped = [each.strip(BLANKS) for each in value] if isinstance(value, tuple) else value.strip(BLANKS)
                if stripped:
                    variables[name] = stripped
        for plan in self.plans:
            try:
                yield from self._cell(plan, values[plan.column.name], variables, f"{self.genid}/row-{number}")
            except ValueError as problem:
                raise self._error(record, plan.column, said_by(problem)) from None

    def _refused(self, record: Record, column: Column, text: str, problem: Exception) -> SourceError:
        if isinstance(problem, MissingValueError):
            return self._error(record, column, said_by(problem), Sentence("fill it in"))
        cell, datatype = _short(text), column.datatype.base
        refusal = Sentence("%(text)s is no %(datatype)s", text=cell, datatype=datatype)
        if column.datatype.form:
            refusal = Sentence("%(text)s is no %(datatype)s of this column's format", text=cell, datatype=datatype)
        if words := said_by(problem):
            refusal = Sentence("%(problem)s: %(words)s", problem=refusal, words=words)
        return self._error(record, column, refusal, column.datatype.remedy())

    def _wrong_width(self, record: Record, cells: Sequence[str]) -> SourceError:
        expected = len(self.physical)
        problem = Sentence(
            "the row has %(number)s cells, the table %(columns)s columns", number=str(len(cells)), columns=str(expected)
        )
        if len(cells) < expected:
            remedy = Sentence("write the delimiters of empty cells too")
            return SourceError(self.name, problem, record.line, self.physical[len(cells)].name, remedy)
        problem = Sentence(
            "the row has %(number)s cells, the table %(columns)s columns; the first too many is %(cell)s",
            number=str(len(cells)),
            columns=str(expected),
            cell=_short(cells[expected]),
        )
        remedy = Sentence("put quotation marks around a cell that holds the delimiter")
        return SourceError(self.name, problem, record.line, remedy=remedy)

    def _check_key(self, values: dict[str, Value], record: Record) -> None:
        key = self.description.primary_key
        if not key:
            return
        parts = [str(values.get(name)).strip(BLANKS) for name in key]
        digest = blake2b(repr(parts).encode(), digest_size=16).digest()
        first = self.lines_by_key.setdefault(digest, record.line)
        if first != record.line:
            problem = Sentence(
                "the key %(key)s stands in line %(line)s already", key=_short(", ".join(parts)), line=str(first)
            )
            raise SourceError(
                self.name, problem, record.line, ", ".join(key), Sentence("give each row a key of its own")
            )

    def _cell(self, plan: _Plan, value: Value, variables: Variables, row: str) -> Iterator[ox.Triple]:
        """Yield the triples of one cell (csv2rdf 4.4); ``row`` is the node of a row that has no aboutUrl."""
        is_filled = value is not None and value != ()
        if not is_filled and not (plan.column.virtual and plan.value):
            return
        subject = plan.about.expand(variables) if plan.about else ox.NamedNode(row)
        predicate = plan.predicate.expand(variables)
        target = plan.value.expand(variables) if plan.value else None
        if subject is None or predicate is None or (plan.value and target is None):
            if is_filled:
                raise ValueError(
                    Sentence("its triple needs %(name)s, which is empty in this row", name=plan.missing(variables))
                )
        elif target:
            yield ox.Triple(subject, predicate, target)
        elif isinstance(value, tuple) and plan.column.ordered:
            yield from _list(subject, predicate, [plan.literal(each) for each in value], f"{row}/{plan.column.number}")
        else:
            for each in value if isinstance(value, tuple) else (value or "",):
                yield ox.Triple(subject, predicate, plan.literal(each))

    def _error(self, record: Record, column: Column, problem: Said, remedy: Said = NO_WORDS) -> SourceError:
        return SourceError(self.name, problem, record.line, column.name, remedy)


def _list(
    subject: ox.NamedNode, predicate: ox.NamedNode, items: Sequence[ox.Literal], prefix: str
) -> Iterator[ox.Triple]:
    nodes = [ox.NamedNode(f"{prefix}/{position}") for position in range(1, len(items) + 1)]
    yield ox.Triple(subject, predicate, nodes[0])
    for node, item, rest in zip(nodes, items, [*nodes[1:], NIL], strict=True):
        yield ox.Triple(node, FIRST, item)
        yield ox.Triple(node, REST, rest)


def _short(text: str) -> str:
    """Return a value as a message shows it."""
    return repr(text if len(text) <= 60 else text[:59] + "…")
