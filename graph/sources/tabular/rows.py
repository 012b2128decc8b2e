"""A CSV file in, records out, as the dialect says (Model for Tabular Data 8); each knows where in the file it stands.

It knows nothing of columns. It holds one record at a time and refuses what would not fit: lines and cells have a limit.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from csvw.metadata import Dialect

from graph.errors import SourceError

CELL_CHARACTERS = 16 << 20
UNDECODED = re.compile("[\udc80-\udcff]")
CSV_PROBLEMS = {
    "unexpected end of data": ("a quotation mark is opened and never closed", "close it, or double it inside a cell"),
    "' expected after '": ("text follows a closing quotation mark", "double each quotation mark inside a cell"),
    "field larger than field limit": ("a cell is longer than the limit", "look for a quotation mark left open"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file, headers included.

    Attributes:
        line: 1-based line of the file where it begins.
        number: its 1-based position among the file's rows: ``_sourceRow`` of URI templates.
        cells: the texts of its cells, trimmed where the dialect says so; empty for a blank line.
    """

    line: int
    number: int
    cells: list[str]


def read_records(path: Path, name: str, dialect: Dialect, limit: int = CELL_CHARACTERS) -> Iterator[Record]:
    """Yield the records of a CSV file.

    Args:
        path: the file.
        name: how the user calls it, for messages.
        dialect: delimiter, quotation, encoding and what to skip.
        limit: the most characters that a cell, or a line of the file, may have.

    Raises:
        SourceError: the file cannot be opened or decoded, breaks the dialect, holds a NUL, or passes the limit.
    """
    encoding = str(dialect.python_encoding)
    try:
        if codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"  # a byte order mark is no part of the first column's name
        with path.open(encoding=encoding, newline="") as stream:
            yield from _records(_Lines(stream, name, dialect.commentPrefix, limit), name, dialect, limit)
    except UnicodeError as problem:
        raise SourceError(
            name,
            f"the file is not {dialect.encoding.upper()}",
            _undecodable_line(path, encoding),
            remedy='save it as UTF-8, or name its encoding in the metadata: "dialect": {"encoding": …}',
        ) from problem
    except OSError as problem:
        raise SourceError(name, problem.strerror or str(problem)) from problem
    except LookupError as problem:
        raise SourceError(name, str(problem), remedy="name a text encoding in the metadata's dialect") from problem


def _records(lines: _Lines, name: str, dialect: Dialect, limit: int) -> Iterator[Record]:
    if csv.field_size_limit() < limit:
        csv.field_size_limit(limit)
    try:
        reader = csv.reader(lines, **dialect.as_python_formatting_parameters())
    except (TypeError, ValueError) as problem:
        raise SourceError(name, f"the dialect is not usable: {problem}", remedy="correct it in the metadata") from None
    lines.skip(dialect.skipRows)
    while True:
        lines.between_records = True
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            text, remedy = next((known for sign, known in CSV_PROBLEMS.items() if sign in str(problem)), (problem, ""))
            raise SourceError(name, str(text), lines.start or None, remedy=remedy) from problem
        if cells is None:
            return
        if max(map(len, cells), default=0) > limit:
            raise lines.too_long("cell")
        trimmed = [dialect.trimmer(cell) for cell in cells][dialect.skipColumns :]
        if cells or not dialect.skipBlankRows:
            yield Record(lines.start, lines.number, trimmed)


class _Lines:
    """The decoded lines of a file, one at a time; counts lines and records, and leaves comments out."""

    def __init__(self, stream: TextIO, name: str, comment_prefix: str | None, limit: int) -> None:
        self.stream, self.name, self.comment_prefix, self.limit = stream, name, comment_prefix, limit
        self.line = self.start = self.number = 0
        self.between_records = True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while text := self._read():
            if not self.between_records:
                return text
            self.start, self.number = self.line, self.number + 1
            if not (self.comment_prefix and text.startswith(self.comment_prefix)):
                self.between_records = False
                return text
        raise StopIteration

    def skip(self, count: int) -> None:
        """Pass over the first lines of the file."""
        for _ in range(count):
            self.number += bool(self._read())

    def too_long(self, what: str) -> SourceError:
        problem = f"a {what} is longer than the limit of {self.limit:,} characters"
        line = self.start if what == "cell" else self.line
        return SourceError(self.name, problem, line, remedy="look for a quotation mark left open")

    def _read(self) -> str:
        text = self.stream.readline(self.limit + 1)
        self.line += bool(text)
        if len(text) > self.limit:
            raise self.too_long("line")
        if "\0" in text:
            raise SourceError(self.name, "the file holds the character NUL (U+0000)", self.line, remedy="remove it")
        return text


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Return the line of the first bytes that the encoding does not have; None where the codec cannot tell."""
    line = 1
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
            while part := stream.readline(1 << 20):
                if UNDECODED.search(part):
                    return line
                line += part.endswith(("\n", "\r"))
    except UnicodeError:
        pass
    return None
