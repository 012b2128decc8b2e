"""The header of a table against its metadata: which columns the table has, in which order.

Columns are matched by position, and their titles have to agree (Metadata Vocabulary 5.5.1); nothing is reordered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from graph.errors import SourceError
from graph.sources.tabular.columns import Column
from graph.sources.tabular.metadata import TableDescription
from graph.sources.tabular.rows import BLANKS, Record, read_records

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
        _check_titles(described, texts, description.language, SourceError(name, "", line))
        if headers and width != len(described):
            extra = width > len(described)
            problem = "the metadata does not know this column" if extra else "the table lacks this column"
            where = " ".join(texts[len(described)]) if extra else described[width].name
            raise SourceError(name, problem, line, where, f"make the table and {description.source} agree")
        return description.columns
    found = [description.column(number, (text or [""])[0]) for number, text in enumerate(texts, 1)]
    names = [column.name for column in (*found, *description.columns)]
    if twice := [each for each in names if names.count(each) > 1]:
        raise SourceError(name, "two columns have this name", line, twice[0], "rename one of them")
    return (*found, *description.columns)


def _check_delimiter(described: Sequence[Column], texts: Sequence[Sequence[str]], name: str, line: int | None) -> None:
    text = " ".join(texts[0]) if len(texts) == 1 < len(described) else ""
    if sign := next((each for each in DELIMITERS if each in text), ""):
        problem = f"its header is one cell, which holds {DELIMITERS[sign]}"
        remedy = f'write "delimiter": {json.dumps(sign)} into the dialect of the metadata'
        raise SourceError(name, problem, line, remedy=remedy)


def _check_titles(
    described: Sequence[Column], texts: Sequence[Sequence[str]], language: str, place: SourceError
) -> None:
    for column, text in zip(described, texts, strict=False):
        if text and column.titles and not column.may_be_headed(text, language):
            place.problem = f"column {column.number} is headed {text[0]!r}, the metadata has {column.name} here"
            place.column = column.name
            place.remedy = "put the columns in the order of the metadata, or correct its titles"
            if others := sorted(tag for tag, title in column.titles if title in text):
                place.problem += f"; that is its title in {others[0]}, and the table's language is {language}"
            raise place
