"""Tables as people have them: CSV in whatever encoding and with whatever delimiter, or a workbook of Excel."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from xml.etree.ElementTree import ParseError

import charset_normalizer

from graph.model.errors import Quotation, Sentence, SourceError

# In which encoding somebody's table is written, and what stands between its cells; what is no text is refused.
#
# UTF-8 is proved by reading the whole file. Only where it is not, the encodings that are likely here are compared.

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
LIKELY = ("cp1251", "koi8_r", "cp866", "cp1252", "cp1254")
"""Encodings of one byte a letter that people here still have."""
DELIMITERS = (",", ";", "\t", "|")
SAMPLE, PIECE, COMPARED = 1 << 16, 1 << 20, 20
EXPECTED = re.compile(r"[\t\r\n\x20-\u02ff\u0400-\u052f\u2010-\u203a\u2116]")
"""Signs of the languages of here: of text that is read in a wrong encoding, few are."""
LIKELY_SHARE = 0.95
CONTROLS = bytes(each for each in range(0x20) if each not in b"\t\n\r\f\x1a")


def encoding_of(path: Path, name: str) -> str:
    """Return the encoding of a file of text.

    Raises:
        SourceError: it is empty, or no text.
    """
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE)
    if not sample.strip():
        raise SourceError(
            name, Sentence("the file is empty"), remedy=Sentence("it needs a row with the names of its columns")
        )
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    if sample.startswith(OLD_EXCEL):
        raise SourceError(name, Sentence("this is an Excel file of before 2007"), remedy=Sentence("save it as .xlsx"))
    if wide := _without_mark(sample):
        return wide
    if sample.translate(None, CONTROLS) != sample:
        raise SourceError(
            name, Sentence("this is no text"), remedy=Sentence("save the table as CSV in UTF-8, or as .xlsx")
        )
    return "utf-8" if _is_utf8(path) else _guessed(path, name)


def _without_mark(sample: bytes) -> str:
    """Return which UTF-16 it is, where it has no mark and reads as text of here in one of them; else nothing."""
    if 0 not in sample:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        if sum(bool(EXPECTED.match(each)) for each in text) > LIKELY_SHARE * len(text):
            return encoding
    return ""


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(path: Path, name: str) -> str:
    """Return the likeliest encoding, judged by the lines that tell: those with letters beyond ASCII."""
    telling = b""
    with path.open("rb") as stream:
        while len(telling) < SAMPLE and (line := stream.readline(SAMPLE)):
            telling += line if not line.isascii() else b""
    best = charset_normalizer.from_bytes(telling, cp_isolation=list(LIKELY), threshold=0.5).best()
    if best is None:
        remedy = Sentence("save the table as CSV in UTF-8, or as .xlsx")
        raise SourceError(
            name, Sentence("its encoding is neither UTF-8, UTF-16 nor one of Windows or DOS"), remedy=remedy
        )
    return best.encoding


def delimiter_of(path: Path, encoding: str) -> tuple[str, int]:
    """Return what stands between the cells, and how many lines come before the header.

    Excel may say so itself, in a line such as ``sep=;``. Else it is what divides the first rows most evenly.
    """
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="") as stream:
        text = stream.read(SAMPLE)
    lines = text.splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in DELIMITERS:
        return lines[0][4], 1
    complete = lines if len(text) < SAMPLE or len(lines) < 2 else lines[:-1]
    return max(DELIMITERS, key=lambda each: _evenness(complete, each)), 0


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Return the share of rows that are as wide as the header, and that width; nothing where it divides nothing."""
    try:
        widths = [len(row) for row in islice(csv.reader(lines, delimiter=delimiter), COMPARED) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(each == widths[0] for each in widths) / len(widths), widths[0]


# What is to become RDF by CSVW metadata is read by ``graph.sources.csvw.conversion``, which guesses nothing; here
# nobody has written metadata, so encoding and delimiter are found out, and what is no table is refused in one line.

MOST_COLUMNS = 2000
LONGEST_CELL = 16 << 20
LARGEST_WORKBOOK = 1 << 30
"""How many bytes a workbook may hold, unpacked."""
SAVE_IT = Sentence("save it as CSV in UTF-8, or as .xlsx")


@dataclass(frozen=True, slots=True)
class SpreadsheetRow:
    """One row below the header: its 1-based number, and its cells by the name of the column."""

    number: int
    cells: dict[str, str]


@dataclass
class Spreadsheet:
    """A table whose rows are read as they are asked for, once.

    Attributes:
        name: how the user calls it.
        columns: the names of its columns.
    """

    name: str
    columns: tuple[str, ...]
    _rows: Iterator[list[str]] = field(repr=False)

    def rows(self) -> Iterator[SpreadsheetRow]:
        """Yield its rows; those without any text are left out, but counted.

        Raises:
            SourceError: the rest of the file cannot be read, or a row has cells without a column.
        """
        for number, cells in enumerate(self._rows, 1):
            texts = [each.strip() for each in cells]
            if any(texts[len(self.columns) :]):
                problem = Sentence(
                    "row %(row)s has %(number)s cells, the table %(columns)s columns",
                    row=str(number),
                    number=str(len(cells)),
                    columns=str(len(self.columns)),
                )
                raise SourceError(
                    self.name, problem, remedy=Sentence("put quotation marks around cells that hold the delimiter")
                )
            if any(texts):
                yield SpreadsheetRow(
                    number, dict(zip(self.columns, chain(texts, [""] * len(self.columns)), strict=False))
                )

    def require(self, columns: Iterable[str]) -> None:
        """Make sure that it has some columns.

        Raises:
            SourceError: it has not, or has one of them twice.
        """
        for each in columns:
            if (count := self.columns.count(each)) != 1:
                shown = ", ".join(name for name in self.columns[:20] if name)
                problem = (
                    Sentence("there is no column %(name)s", name=repr(each))
                    if not count
                    else Sentence("%(number)s columns are called %(name)s", number=str(count), name=repr(each))
                )
                raise SourceError(self.name, problem, remedy=Sentence("its columns are: %(names)s", names=shown))


@contextmanager
def open_spreadsheet(path: Path) -> Iterator[Spreadsheet]:
    """Give the table of a file: CSV, or the first sheet of an Excel workbook.

    Raises:
        SourceError: it is no table, or too wide; or, while it is read, whatever is wrong further down.
    """
    name = str(path)
    with closing(_lines(path, name)) as lines:
        header = [each.strip() for each in next(lines, [])]
        while header and not header[-1]:
            header.pop()
        if not header:
            raise SourceError(
                name, Sentence("the table is empty"), remedy=Sentence("it needs a row with the names of its columns")
            )
        if len(header) > MOST_COLUMNS:
            raise SourceError(
                name,
                Sentence("it has %(number)s columns", number=len(header)),
                remedy=Sentence("at most %(number)s are read", number=MOST_COLUMNS),
            )
        yield Spreadsheet(name, tuple(header), lines)


def _lines(path: Path, name: str) -> Generator[list[str], None, None]:
    try:
        with path.open("rb") as stream:
            is_workbook = stream.read(len(ZIP)) == ZIP
        yield from _workbook(path, name) if is_workbook else _records(path, name)
    except (zipfile.BadZipFile, KeyError, ParseError, EOFError) as problem:
        raise SourceError(name, Sentence("this is no Excel workbook that can be read"), remedy=SAVE_IT) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def _records(path: Path, name: str) -> Iterator[list[str]]:
    from csvw.metadata import Dialect  # noqa: PLC0415  csvw takes a quarter of a second to import

    from graph.sources.csvw.records import read_records  # noqa: PLC0415

    encoding = encoding_of(path, name)
    delimiter, skipped = delimiter_of(path, encoding)
    dialect = Dialect(encoding=encoding, delimiter=delimiter, skipRows=skipped, skipBlankRows=False)
    try:
        yield from (each.cells for each in read_records(path, name, dialect, LONGEST_CELL))
    except SourceError as problem:  # what it advises is for who writes metadata
        remedy = SAVE_IT if "metadata" in problem.remedy else problem.remedy
        raise SourceError(name, problem.problem, problem.line, problem.column, remedy) from problem


def _workbook(path: Path, name: str) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415  most tables are no workbooks, and it takes a tenth of a second to import

    with zipfile.ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    if size > LARGEST_WORKBOOK:
        raise SourceError(
            name, Sentence("unpacked, the workbook has %(number)s MiB", number=size >> 20), remedy=SAVE_IT
        )
    with path.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        try:
            if not book.worksheets:
                raise SourceError(name, Sentence("the workbook has no sheet with cells"), remedy=SAVE_IT)
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield [_text(each) for each in row]
        finally:
            book.close()


def _text(value: object) -> str:
    """Return a cell as one would type it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
