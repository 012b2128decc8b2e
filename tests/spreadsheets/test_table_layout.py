"""The table in a sheet is found, and every row of which nothing is made is named with its reason."""

from __future__ import annotations

import pytest

from graph.parts.spreadsheets.sheet_cells import Cell, CellSheet
from graph.parts.spreadsheets.table_layout import SECTION, TableLayout, find_table
from graph.parts.spreadsheets.workbook_checks import SheetMarks

KNOWN = {"Название", "Город", "Область", "Телефон"}


def fit(text: str) -> float:
    return float(text in KNOWN)


def table(*rows: list[Cell], merged: tuple[tuple[int, int, int, int], ...] = (), is_text: bool = False) -> TableLayout:
    width = max(map(len, rows))
    marks = SheetMarks("S", merged=[((a, b), (c, d)) for a, b, c, d in merged])
    cells = tuple((*row, *[""] * (width - len(row))) for row in rows)
    found = find_table(CellSheet("S", cells, marks, is_text=is_text), fit)
    assert found is not None
    return found


HEAD: list[Cell] = ["Название", "Город", "Телефон"]
LEFT_OUT: dict[str, tuple[list[list[Cell]], list[tuple[int, str]]]] = {
    "titles": ([["Клубы"], [], HEAD, ["а", "б"]], [(0, "a title above the heading")]),
    "totals": (
        [HEAD, ["а", "б"], ["Итого", "", 2], ["Jami:", "", "2"], ["Total", 2.0], ["ВСЕГО"]],
        [(2, "a row of totals"), (3, "a row of totals"), (4, "a row of totals"), (5, "a row of totals")],
    ),
    "empty rows": ([HEAD, ["а"], ["", " "], ["в", "г"]], [(2, "an empty row")]),
    "the heading of the next page": ([HEAD, ["а", "б"], HEAD, ["в"]], [(2, "the heading once more")]),
    "numbers of the columns": ([HEAD, [1.0, 2.0, 3.0], ["а", "б"]], [(1, "numbers of the columns")]),
    "notes": ([HEAD, ["а", "б"], ["* по данным 2016 г."]], [(2, str(SECTION))]),
    "nothing": ([HEAD, ["Итоговый клуб", "б"], ["Total Club", "Termiz"]], []),
}  # fmt: skip


@pytest.mark.parametrize("what", LEFT_OUT)
def test_rows_that_are_no_things_are_named(what: str) -> None:
    rows, expected = LEFT_OUT[what]
    found = table(*rows)
    assert [(each.row, str(each.reason)) for each in found.left_out] == expected
    there = {*found.heading_rows, *found.rows, *(each.row for each in found.left_out)}
    assert there >= {number for number, row in enumerate(rows) if row}  # nothing is lost


HEADINGS: dict[str, tuple[TableLayout, list[tuple[str, ...]]]] = {
    "one row": (table(HEAD, ["а"]), [("Название",), ("Город",), ("Телефон",)]),
    "merged above": (
        table(["Клуб", "Место", ""], [*HEAD[:1], "Город", "Область"], ["а", "б", "в"], merged=((0, 1, 0, 2),)),
        [("Название", "Клуб"), ("Город", "Место"), ("Область", "Место")],
    ),
    "merged downwards": (
        table(["Название", "Место", ""], ["", "Город", "Область"], ["а", "б", "в"], merged=((0, 0, 1, 0),
        (0, 1, 0, 2))),
        [("Название",), ("Город", "Место"), ("Область", "Место")],
    ),
    "text, which knows no merged cells": (
        table(["Название", "Место", ""], ["", "Город", "Область"], ["а", "б", "в"], is_text=True),
        [("Название",), ("Город", "Место"), ("Область", "Место")],
    ),
    "a title across the table": (
        table(["Клубы и их города", "", ""], HEAD, ["а"], merged=((0, 0, 0, 2),)),
        [("Название",), ("Город",), ("Телефон",)],
    ),
    "headings that nobody knows": (table(["Foo", "Bar"], ["1", "2"]), [("Foo",), ("Bar",)]),
}  # fmt: skip


@pytest.mark.parametrize("what", HEADINGS)
def test_a_heading_is_read_over_all_its_rows(what: str) -> None:
    found, expected = HEADINGS[what]
    assert list(found.headings) == expected


def test_a_section_is_told_by_its_merged_cells() -> None:
    found = table(HEAD, ["Хорезмская область", "", ""], ["а", "б"], merged=((1, 0, 1, 2),))
    assert (found.rows, len(found.left_out)) == ((2,), 1)
