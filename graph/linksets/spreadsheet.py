"""Tables as people have them: CSV in whatever encoding and with whatever delimiter, or a workbook of Excel.

What is to become RDF by CSVW metadata is read by ``graph.sources.table``, which guesses nothing; here nobody has
written metadata, so encoding and delimiter are found out, and what is no table is refused in one line.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from xml.etree.ElementTree import ParseError

from graph.errors import SourceError
from graph.linksets.encoding import ZIP, delimiter_of, encoding_of

MOST_COLUMNS = 2000
LONGEST_CELL = 16 << 20
LARGEST_WORKBOOK = 1 << 30
"""How many bytes a workbook may hold, unpacked."""
SAVE_IT = "save it as CSV in UTF-8, or as .xlsx"


@dataclass(frozen=True, slots=True)
class Row:
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

    def rows(self) -> Iterator[Row]:
        """Yield its rows; those without any text are left out, but counted.

        Raises:
            SourceError: the rest of the file cannot be read, or a row has cells without a column.
        """
        for number, cells in enumerate(self._rows, 1):
            texts = [each.strip() for each in cells]
            if any(texts[len(self.columns) :]):
                problem = f"row {number} has {len(cells)} cells, the table {len(self.columns)} columns"
                raise SourceError(self.name, problem, remedy="put quotation marks around cells that hold the delimiter")
            if any(texts):
                yield Row(number, dict(zip(self.columns, chain(texts, [""] * len(self.columns)), strict=False)))

    def require(self, columns: Iterable[str]) -> None:
        """Make sure that it has some columns.

        Raises:
            SourceError: it has not, or has one of them twice.
        """
        for each in columns:
            if (count := self.columns.count(each)) != 1:
                shown = ", ".join(name for name in self.columns[:20] if name)
                problem = f"there is no column {each!r}" if not count else f"{count} columns are called {each!r}"
                raise SourceError(self.name, problem, remedy=f"its columns are: {shown}")


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
            raise SourceError(name, "the table is empty", remedy="it needs a row with the names of its columns")
        if len(header) > MOST_COLUMNS:
            raise SourceError(name, f"it has {len(header):,} columns", remedy=f"at most {MOST_COLUMNS:,} are read")
        yield Spreadsheet(name, tuple(header), lines)


def _lines(path: Path, name: str) -> Generator[list[str], None, None]:
    try:
        with path.open("rb") as stream:
            is_workbook = stream.read(len(ZIP)) == ZIP
        yield from _workbook(path, name) if is_workbook else _records(path, name)
    except (zipfile.BadZipFile, KeyError, ParseError, EOFError) as problem:
        raise SourceError(name, "this is no Excel workbook that can be read", remedy=SAVE_IT) from problem
    except OSError as problem:
        raise SourceError(name, problem.strerror or str(problem)) from problem


def _records(path: Path, name: str) -> Iterator[list[str]]:
    from csvw.metadata import Dialect  # noqa: PLC0415  csvw takes a quarter of a second to import

    from graph.sources.tabular.rows import read_records  # noqa: PLC0415

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
        raise SourceError(name, f"unpacked, the workbook has {size >> 20:,} MiB", remedy=SAVE_IT)
    with path.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        try:
            if not book.worksheets:
                raise SourceError(name, "the workbook has no sheet with cells", remedy=SAVE_IT)
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
