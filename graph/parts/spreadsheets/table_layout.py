"""Where the table is in a sheet: its heading, of one row or several, its rows; and every row that is none, with why.

Nothing is dropped in silence: titles, totals, sections, notes, empty rows and what is hidden are named one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graph.model.errors import Said, Sentence
from graph.parts.spreadsheets.sheet_cells import Cell, CellSheet, is_blank, shown

MOST_LOOKED_AT = 40
"""In so many of the first rows the heading is looked for."""
LEAST_FIT = 0.8
NOTE = re.compile(
    r"\s*(?:\*|примечани|источник|исполнител|составил|по данным|note|source|prepared by|izoh|manba|изо[ҳх])", re.I
)
TITLE = Sentence("a title above the heading")
TOTAL = Sentence("a row of totals")
EMPTY = Sentence("an empty row")
AGAIN = Sentence("the heading once more")
NUMBERS = Sentence("numbers of the columns")
SECTION = Sentence("one text across the table: a heading of a section, or a note")
Fit = Callable[[str], float]
"""How well a text is the heading of a column, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row of which nothing is made: its number from 0, what it says, and why."""

    row: int
    text: str
    reason: Said


@dataclass(frozen=True)
class TableLayout:
    """The table of a sheet.

    Attributes:
        sheet: the sheet.
        heading_rows: the numbers of the rows of the heading, from 0.
        headings: of each column what stands in the heading, the nearest to the cells first.
        rows: the numbers of the rows of which things are made.
        left_out: the other rows that say something, or stand between.
        fit: how well the heading is one.
    """

    sheet: CellSheet
    heading_rows: tuple[int, ...]
    headings: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]
    left_out: tuple[LeftOutRow, ...]
    fit: float

    def heading(self, column: int) -> str:
        """Return the whole heading of a column."""
        return " / ".join(reversed(self.headings[column]))

    def cells(self, column: int) -> list[Cell]:
        """Return the cells of a column that hold something."""
        found = (self.sheet.rows[row][column] for row in self.rows)
        return [each for each in found if not is_blank(each)]


def find_table(sheet: CellSheet, fit: Fit) -> TableLayout | None:
    """Return the table of a sheet; None where it has no cells."""
    if not sheet.rows:
        return None
    main, score = _main_row(sheet, fit)
    heading = _heading_rows(sheet, main, fit)
    headings = tuple(tuple(_heading_of(sheet, heading, column)) for column in range(sheet.width))
    left_out = list(_titles(sheet, heading[0]))
    rows = list[int]()
    texts = [shown(each) for each in sheet.rows[main]]
    for number in range(heading[-1] + 1, len(sheet.rows)):
        reason = _reason(sheet, number, texts, is_first=number == heading[-1] + 1)
        if reason is None:
            rows.append(number)
        else:
            left_out.append(LeftOutRow(number, _text(sheet, number), reason))
    return TableLayout(sheet, heading, headings, tuple(rows), tuple(left_out), score)


def _main_row(sheet: CellSheet, fit: Fit) -> tuple[int, float]:
    """Return the row whose cells are headings most, or else looks most like one; and how well it fits."""
    best, most = -1, 0.0
    for number, row in enumerate(sheet.rows[:MOST_LOOKED_AT]):
        score = sum(fit(each) for each in row if isinstance(each, str) and not is_blank(each))
        if score > most:
            best, most = number, score
    if most >= LEAST_FIT:
        return best, most
    for number, row in enumerate(sheet.rows[:MOST_LOOKED_AT]):
        filled = [each for each in row if not is_blank(each)]
        if filled and len(filled) * 2 > len(row) and all(isinstance(each, str) for each in filled):
            return number, most
    return next(number for number, row in enumerate(sheet.rows) if any(not is_blank(each) for each in row)), most


def _heading_rows(sheet: CellSheet, main: int, fit: Fit) -> tuple[int, ...]:
    first, last = main, main
    if main and _is_upper(sheet, main - 1):
        first = main - 1
    if main + 1 < len(sheet.rows) and _is_lower(sheet, main, fit):
        last = main + 1
    return tuple(range(first, last + 1))


def _is_upper(sheet: CellSheet, number: int) -> bool:
    """Whether a row above the heading belongs to it: several texts, not one title across the table."""
    row = sheet.rows[number]
    filled = [each for each in row if not is_blank(each)]
    widest = max((last[1] - first[1] + 1 for first, last in _merged(sheet, number)), default=0)
    is_title = len(filled) < 2 or widest * 5 > len(row) * 4
    return not is_title and all(isinstance(each, str) for each in filled)


def _is_lower(sheet: CellSheet, main: int, fit: Fit) -> bool:
    """Whether the row below the heading belongs to it, too: it divides what one text stands over."""
    above, row = sheet.rows[main], sheet.rows[main + 1]
    if not all(isinstance(each, str) for each in row) or all(is_blank(each) for each in row):
        return False
    # a cell of the heading that goes through two rows has nothing below
    if any(first[0] == main and last[0] > main for first, last in sheet.marks.merged):
        return True
    fits = [fit(str(each)) for each in row if not is_blank(each)]
    divides = any(is_blank(upper) and not is_blank(lower) for upper, lower in zip(above, row, strict=True))
    return divides and sum(fits) >= LEAST_FIT


def _merged(sheet: CellSheet, row: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    return (each for each in sheet.marks.merged if each[0][0] <= row <= each[1][0])


def _heading_of(sheet: CellSheet, rows: tuple[int, ...], column: int) -> Iterator[str]:
    """Yield what stands over a column, the lowest first, each text once."""
    seen = set[str]()
    for row in reversed(rows):
        text = " ".join(shown(_over(sheet, row, column, is_upper=row != rows[-1])).split())
        if text and text not in seen:
            seen.add(text)
            yield text


def _over(sheet: CellSheet, row: int, column: int, *, is_upper: bool) -> Cell:
    """Return what stands in a cell of the heading, also where it is merged with others, or goes on to the right."""
    cell = sheet.rows[row][column]
    if not is_blank(cell):
        return cell
    for first, last in _merged(sheet, row):
        if first[1] <= column <= last[1]:
            return sheet.rows[first[0]][first[1]] if first[1] < sheet.width else ""
    if is_upper and sheet.is_text:  # text knows no merged cells: a heading reaches to the next one
        left = (sheet.rows[row][each] for each in range(column - 1, -1, -1))
        return next((each for each in left if not is_blank(each)), "")
    return ""


def _titles(sheet: CellSheet, until: int) -> Iterator[LeftOutRow]:
    for number in range(until):
        if text := _text(sheet, number):
            yield LeftOutRow(number, text, TITLE)


def _text(sheet: CellSheet, row: int) -> str:
    return " | ".join(shown(each).strip() for each in sheet.rows[row] if not is_blank(each))


def _reason(sheet: CellSheet, number: int, heading: list[str], *, is_first: bool) -> Said | None:
    """Return why a row below the heading makes nothing, or None where it makes something."""
    from graph.sources.csvw.records import total_of  # noqa: PLC0415  csvw takes a quarter of a second to import

    row = sheet.rows[number]
    texts = [shown(each) for each in row]
    filled = [each for each in row if not is_blank(each)]
    if not filled:
        return EMPTY
    if texts == heading:
        return AGAIN
    if is_first and len(filled) > 1 and [shown(each) for each in filled] == [str(n) for n in range(1, len(filled) + 1)]:
        return NUMBERS
    if total_of(texts):
        return TOTAL
    if len(filled) == 1 and len(row) > 2:
        widest = max((last[1] - first[1] + 1 for first, last in _merged(sheet, number)), default=0)
        if widest * 2 > len(row) or NOTE.match(str(filled[0])):
            return SECTION
    return None
