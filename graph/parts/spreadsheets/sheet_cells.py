"""Sheets of cells out of a file, a workbook (.xlsx, .ods) or text (CSV): as they stand, and what the file says of them.

Nothing is understood here: what a heading is and what a row means say ``table_layout`` and ``column_recognition``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from graph.model.errors import Quotation, Sentence, SourceError
from graph.parts.linksets.answer_sheet import ZIP, encoding_of, records_of
from graph.parts.spreadsheets.workbook_checks import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    SAVE_ANEW,
    SheetMarks,
    check_old_workbook,
    check_workbook,
    too_large,
)

LONGEST_CELL = 32_767
"""Characters of a cell: so many Excel has room for."""
LONGEST_LINE = 1 << 20
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"{\\rtf")
Cell = str | int | float | bool | date | time | timedelta
"""What a cell holds; a ``datetime`` is a ``date``, and an empty cell an empty string."""


@dataclass(frozen=True)
class CellSheet:
    """A sheet.

    Attributes:
        name: how the workbook calls it; empty for a file of text.
        rows: its cells, from A1 on, all rows of one width.
        marks: what the file says of it besides.
        is_hidden: whether one sees it.
        is_text: whether it is of a file of text, in which every cell is one.
        problem: why it cannot be read, or None.
        cut: how many rows and columns behind the last that holds something are there, and empty.
    """

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    marks: SheetMarks
    is_hidden: bool = False
    is_text: bool = False
    problem: SourceError | None = None
    cut: tuple[int, int] = (0, 0)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.rows[0]) if self.rows else 0


def read_sheets(path: Path, name: str) -> list[CellSheet]:
    """Return the sheets of a file, in their order.

    Args:
        path: the file.
        name: how the user calls it.

    Raises:
        SourceError: it is no table, or one that is not read; where it has several sheets, only if that is so of all.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
        if head.startswith(ZIP):
            return _workbook(path, name)
        check_old_workbook(path, name)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
            raise SourceError(name, Sentence("this is a web page or a document, and no table"), remedy=SAVE_ANEW)
        return [_text_sheet(path, name)]
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def shown(cell: Cell) -> str:
    """Return a cell as one would type it."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
    return str(cell)


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing that one sees."""
    return isinstance(cell, str) and not cell.strip("\ufeff\u200b\u00a0 \t\r\n")


def _text_sheet(path: Path, name: str) -> CellSheet:
    encoding_of(path, name)
    rows, widest = list[list[str]](), 0
    for each in islice(records_of(path, name, has_titles=True, limit=LONGEST_LINE), MOST_ROWS + 1):
        row = each[: max((number for number, cell in enumerate(each, 1) if not is_blank(cell)), default=0)]
        rows.append(row)
        widest = max(widest, len(each))
        if len(row) > MOST_COLUMNS:
            raise _too_wide(name)
    high = len(rows)
    while rows and not rows[-1]:
        rows.pop()
    width = max(map(len, rows), default=0)
    if len(rows) > MOST_ROWS or len(rows) * width > MOST_CELLS:
        raise _too_wide(name)
    cells = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    sheet = CellSheet("", cells, SheetMarks(""), is_text=True, cut=(high - len(rows), widest - width))
    if not width:
        remedy = Sentence("it needs a row with the names of its columns")
        raise SourceError(name, Sentence("the table is empty"), remedy=remedy)
    _check_cells(sheet, name)
    return sheet


def _too_wide(name: str) -> SourceError:
    problem = Sentence(
        "the table has more than %(rows)s rows or %(columns)s columns", rows=MOST_ROWS, columns=MOST_COLUMNS
    )
    return SourceError(name, problem, remedy=Sentence("divide it"))


def _check_cells(sheet: CellSheet, name: str) -> None:
    for number, row in enumerate(sheet.rows, 1):
        if any(isinstance(each, str) and len(each) > LONGEST_CELL for each in row):
            problem = Sentence("a cell is longer than the limit of %(number)s characters", number=LONGEST_CELL)
            raise SourceError(name, problem, number, remedy=Sentence("shorten it"))


def _workbook(path: Path, name: str) -> list[CellSheet]:
    marks = check_workbook(path, name)
    from python_calamine import CalamineError, PasswordError  # noqa: PLC0415  who reads no workbook need not load it

    try:
        found = list(_sheets(path, name, marks))
    except PasswordError as problem:
        raise SourceError(
            name, Sentence("the workbook is encrypted"), remedy=Sentence("save it without a password")
        ) from problem
    except (CalamineError, OSError, ValueError) as problem:
        raise SourceError(name, Sentence("the workbook is broken"), remedy=SAVE_ANEW) from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":  # what the library's Rust raises where it gives up
            raise
        raise SourceError(name, Sentence("the workbook is broken"), remedy=SAVE_ANEW) from None
    if not any(each.rows for each in found):
        problems = [each.problem for each in found if each.problem is not None]
        if problems:
            raise problems[0]
        remedy = Sentence("it needs a row with the names of its columns")
        raise SourceError(name, Sentence("the workbook has no sheet with cells"), remedy=remedy)
    for each in found:
        _check_cells(each, name)
    return found


def _sheets(path: Path, name: str, known: dict[str, SheetMarks]) -> Iterator[CellSheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415

    with CalamineWorkbook.from_path(path) as book:
        for each in book.sheets_metadata:
            marks = known.get(each.name)
            if each.typ != SheetTypeEnum.WorkSheet or marks is None:
                continue
            is_hidden = each.visible != SheetVisibleEnum.Visible
            if marks.is_too_large:
                yield CellSheet(each.name, (), marks, is_hidden, problem=too_large(name, marks))
                continue
            sheet = book.get_sheet_by_name(each.name)
            rows = sheet.to_python(skip_empty_area=False) if marks.last[0] >= 0 else []
            cells = _trimmed(rows)
            cut = len(rows) - len(cells), len(rows[0]) - len(cells[0]) if cells else 0
            yield CellSheet(each.name, cells, marks, is_hidden, cut=cut)


def _trimmed(rows: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Return rows without what is empty behind the last cell, and below."""
    width = max((number for row in rows for number, each in enumerate(row, 1) if not is_blank(each)), default=0)
    made = [tuple(row[:width]) for row in rows]
    while made and all(is_blank(each) for each in made[-1]):
        made.pop()
    return tuple(made)
