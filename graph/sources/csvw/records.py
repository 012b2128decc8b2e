"""A CSV file in, records out, as the dialect says (Model for Tabular Data 8); each knows where in the file it stands.

It knows nothing of columns. It holds one record at a time and refuses what would not fit: lines and cells have a limit.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import charset_normalizer
from csvw.metadata import Dialect

from graph.model.errors import NO_WORDS, Quotation, Said, Sentence, SourceError, said_by

CELL_CHARACTERS = 16 << 20
BLANKS = " \t\r\n\u00a0\u2007\u202f\u200b\ufeff"
"""What surrounds texts that were copied from elsewhere, and is no part of them."""
TOTALS = re.compile(
    r"(?:итого|всего|итог|сумма|жами|барчаси|ҳаммаси|jami|barchasi|hammasi|(?:grand )?totals?|sub-?totals?|sum)"
    r"(?:\s*[:=.]+|\s+(?:по|bo[ʻ'’]yicha|of|for)\b.*)?",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-+]?[\d\s.,%\u00a0\u202f]+")
SAMPLE = 1 << 16
LIKELY = {"cp1251": "windows-1251", "koi8_r": "koi8-r", "cp866": "ibm866", "cp1252": "windows-1252"}
UNDECODED = re.compile("[\udc80-\udcff]")
CSV_PROBLEMS = {
    "unexpected end of data": (
        Sentence("a quotation mark is opened and never closed"),
        Sentence("close it, or double it inside a cell"),
    ),
    "' expected after '": (
        Sentence("text follows a closing quotation mark"),
        Sentence("double each quotation mark inside a cell"),
    ),
    "field larger than field limit": (
        Sentence("a cell is longer than the limit"),
        Sentence("look for a quotation mark left open"),
    ),
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

    @property
    def is_blank(self) -> bool:
        """Whether no cell has a text."""
        return not any(cell.strip(BLANKS) for cell in self.cells)

    def total(self) -> str:
        """Return the word by which the row is one of totals; nothing where it has other texts than that and numbers."""
        return total_of(self.cells)

    def cut(self, width: int) -> Record:
        """Return the row without the empty cells behind the last column."""
        end = len(self.cells)
        while end > width and not self.cells[end - 1].strip(BLANKS):
            end -= 1
        return self if end == len(self.cells) else Record(self.line, self.number, self.cells[:end])


def total_of(cells: Sequence[str]) -> str:
    """Return the word by which cells are a row of totals; nothing where they hold other texts than that and numbers."""
    texts = [text for cell in cells if (text := cell.strip(BLANKS))]
    words = [text for text in texts if not NUMBER.fullmatch(text)]
    return words[0] if len(words) == 1 and TOTALS.fullmatch(words[0]) else ""


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
            encoding = _marked(path)
        with path.open(encoding=encoding, newline="") as stream:
            yield from _records(_Lines(stream, name, dialect.commentPrefix, limit), name, dialect, limit)
    except UnicodeError as problem:
        remedy = Sentence('save it as UTF-8, or name its encoding in the metadata: "dialect": {"encoding": …}')
        if encoding == "utf-8-sig" and (likely := likely_encoding(path)):
            remedy = Sentence(
                'save it as "CSV UTF-8", or write "encoding": "%(encoding)s" into the dialect of the metadata',
                encoding=likely,
            )
        problem_text = Sentence("the file is not %(encoding)s", encoding=dialect.encoding.upper())
        raise SourceError(name, problem_text, _undecodable_line(path, encoding), remedy=remedy) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem
    except LookupError as problem:
        raise SourceError(
            name, said_by(problem), remedy=Sentence("name a text encoding in the metadata's dialect")
        ) from problem


def _marked(path: Path) -> str:
    """Return the encoding that a byte order mark says; else UTF-8. The mark is no part of the first column's name."""
    with path.open("rb") as stream:
        return "utf-16" if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _records(lines: _Lines, name: str, dialect: Dialect, limit: int) -> Iterator[Record]:
    if csv.field_size_limit() < limit:
        csv.field_size_limit(limit)
    try:
        reader = csv.reader(lines, **dialect.as_python_formatting_parameters())
    except (TypeError, ValueError) as problem:
        raise SourceError(
            name,
            Sentence("the dialect is not usable: %(words)s", words=problem),
            remedy=Sentence("correct it in the metadata"),
        ) from None
    lines.skip(dialect.skipRows)
    while True:
        lines.between_records = True
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            unknown: tuple[Said, Said] = (said_by(problem), NO_WORDS)
            text, remedy = next((known for sign, known in CSV_PROBLEMS.items() if sign in str(problem)), unknown)
            raise SourceError(name, text, lines.start or None, remedy=remedy) from problem
        if cells is None:
            return
        if max(map(len, cells), default=0) > limit:
            raise lines.too_long("cell")
        trimmed = [dialect.trimmer(cell) for cell in cells][dialect.skipColumns :]
        if cells or not dialect.skipBlankRows:
            yield Record(lines.start, lines.number, trimmed)


def likely_encoding(path: Path) -> str:
    """Return what people here call the encoding in which a file of one byte a letter may be; or nothing."""
    with path.open("rb") as stream:
        sample = b"".join(line for line in stream.readlines(SAMPLE) if not line.isascii())[:SAMPLE]
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(LIKELY), threshold=0.5).best()
    return LIKELY[best.encoding] if best is not None and best.encoding in LIKELY else ""


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
        line, problem = (
            self.line,
            Sentence("a line is longer than the limit of %(number)s characters", number=self.limit),
        )
        if what == "cell":
            line = self.start
            problem = Sentence("a cell is longer than the limit of %(number)s characters", number=self.limit)
        return SourceError(self.name, problem, line, remedy=Sentence("look for a quotation mark left open"))

    def _read(self) -> str:
        text = self.stream.readline(self.limit + 1)
        self.line += bool(text)
        if len(text) > self.limit:
            raise self.too_long("line")
        if "\0" in text:
            raise SourceError(
                self.name,
                Sentence("the file holds the character NUL (U+0000)"),
                self.line,
                remedy=Sentence("remove it"),
            )
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
