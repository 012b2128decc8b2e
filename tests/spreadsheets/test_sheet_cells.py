"""Files of people are read as sheets of cells, or refused in one clear line before a library opens them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.model.errors import SourceError
from graph.parts.spreadsheets import workbook_checks
from graph.parts.spreadsheets.sheet_cells import CellSheet, read_sheets, shown
from graph.parts.spreadsheets.workbook_checks import OLE2, address
from tests.spreadsheets.workbooks import entry, ods, ods_cell, ods_table, packed, with_entry, xlsx

ROWS = [["Клубы"], [], ["Название", "Телефон"], ["Клуб", 998901234567]]
SHEET = "xl/worksheets/sheet1.xml"


def read(content: bytes, folder: Path, name: str = "table") -> list[CellSheet]:
    path = folder / name
    path.write_bytes(content)
    return read_sheets(path, name)


def text_of(sheet: CellSheet) -> list[list[str]]:
    return [[shown(each) for each in row] for row in sheet.rows]


WRITTEN: dict[str, bytes] = {
    "xlsx": xlsx({"Лист1": ROWS}),
    "ods": ods(ods_table("Лист1", ROWS)),
    "cp1251 with semicolons": "Клубы;\r\n;\r\nНазвание;Телефон\r\nКлуб;998901234567\r\n;\r\n".encode("cp1251"),
    "a title that nothing divides": "Клубы\n\nНазвание;Телефон\nКлуб;998901234567\n".encode(),
    "utf-16 with tabs": "Клубы\t\n\t\nНазвание\tТелефон\nКлуб\t998901234567\n".encode("utf-16"),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_a_file_is_read_cell_by_cell_however_it_is_written(what: str, tmp_path: Path) -> None:
    (sheet,) = read(WRITTEN[what], tmp_path)
    assert text_of(sheet) == [["Клубы", ""], ["", ""], ["Название", "Телефон"], ["Клуб", "998901234567"]]


def test_what_the_file_says_of_cells_is_kept(tmp_path: Path) -> None:
    content = xlsx({"A": [["a", "b"], [1, "=1+1"], [datetime.date(2014, 2, 1), True]], "B": []}, ["A1:B1"], [2])
    first, second = read(content, tmp_path)
    assert first.marks.hidden_rows == {1}
    assert first.marks.valueless == {(1, 1)}
    assert first.marks.merged == [((0, 0), (0, 1))]
    assert text_of(first)[2] == ["2014-02-01", "true"]
    assert not second.rows


def test_hidden_rows_and_errors_of_an_open_document_are_kept(tmp_path: Path) -> None:
    rows = (
        f"<table:table-row>{ods_cell('a')}{ods_cell('b')}</table:table-row>"
        f'<table:table-row table:visibility="collapse">{ods_cell(1)}'
        '<table:table-cell table:formula="of:=1/0" office:value-type="string"><text:p>#DIV/0!</text:p>'
        "</table:table-cell></table:table-row>"
    )
    (sheet,) = read(ods(f'<table:table table:name="S">{rows}</table:table>'), tmp_path)
    assert sheet.marks.hidden_rows == {1}
    assert sheet.marks.errors == {(1, 1): "#DIV/0!"}


def far(content: bytes, place: str) -> bytes:
    """A workbook with one more cell, somewhere."""
    text = entry(content, SHEET)
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    more = f'<row r="{row}"><c r="{place}"><v>1</v></c></row></sheetData>'
    return with_entry(content, SHEET, text.replace("</sheetData>", more))


def repeated(rows: int, columns: int) -> bytes:
    cell = ods_cell("x").replace("<table:table-cell", f'<table:table-cell table:number-columns-repeated="{columns}"')
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    return ods(f'<table:table table:name="S">{row}</table:table>')


PLAIN = xlsx({"Лист1": ROWS})
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst>&b;</sst>'
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "only commas": (lambda: b",,,\n,,,\n", "empty"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\x00\x01\x02", "no text"),
    "a web page": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
    "an old workbook": (lambda: OLE2 + b"x" * 600, "before 2007"),
    "an encrypted workbook": (lambda: OLE2 + "EncryptedPackage".encode("utf-16-le") * 9, "encrypted"),
    "an encrypted open document": (
        lambda: with_entry(WRITTEN["ods"], "META-INF/manifest.xml", "<m><encryption-data/></m>"), "encrypted",
    ),
    "macros": (lambda: with_entry(PLAIN, "xl/vbaProject.bin", b"x"), "macros"),
    "macros of an open document": (lambda: with_entry(WRITTEN["ods"], "Basic/Standard/Module1.xml", "<a/>"), "macros"),
    "a binary workbook": (lambda: packed({"xl/workbook.bin": b"x"}), "xlsb"),
    "a document": (lambda: packed({"word/document.xml": "<a/>"}), "no workbook"),
    "a broken archive": (lambda: PLAIN[: len(PLAIN) // 2], "broken"),
    "a broken sheet": (lambda: with_entry(PLAIN, SHEET, "<worksheet><sheetData>"), "broken"),
    "a workbook without cells": (lambda: xlsx({"A": []}), "no sheet with cells"),
    "entities": (lambda: with_entry(PLAIN, "xl/sharedStrings.xml", ENTITIES), "entities"),
    "entities in a file nobody names": (lambda: with_entry(PLAIN, "xl/other.xml", ENTITIES), "entities"),
    "entities of an open document": (lambda: with_entry(ods(""), "content.xml", ENTITIES), "entities"),
    "a cell at the end of the sheet": (lambda: far(PLAIN, "XFD1048576"), "XFD1048576"),
    "a column without end": (lambda: repeated(1, 16_000), "reaches to the cell"),
    "rows without end": (lambda: repeated(1_000_000, 1), "reaches to the cell"),
    "a million columns": (lambda: ",".join(f"c{n}" for n in range(1_000_000)).encode(), "longer than the limit"),
    "four hundred columns": (lambda: ",".join(f"c{n}" for n in range(400)).encode(), "more than"),
    "an open quotation mark": (lambda: b'a,b\n"x,1\n', "quotation mark"),
    "a cell that is too long": (lambda: b"a,b\n" + b"x" * 40_000 + b",1\n", "longer than the limit"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    make, said = REFUSED[what]
    with pytest.raises(SourceError, match=said) as refused:
        read(make(), tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [SHEET, "xl/other.xml", "xl/sharedStrings.xml"])
def test_a_bomb_is_refused_before_it_is_unpacked(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_checks, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(SourceError, match="more than 1 MiB"):
        read(with_entry(PLAIN, name, b"<a>" + b" " * (2 << 20) + b"</a>"), tmp_path)


def test_one_sheet_that_is_too_large_does_not_hide_the_others(tmp_path: Path) -> None:
    small, large = read(far(xlsx({"Large": [[1]], "Small": ROWS}), "XFD1"), tmp_path)[::-1]
    assert (small.name, small.problem, large.problem is not None) == ("Small", None, True)


@pytest.mark.parametrize(("place", "said"), [((0, 0), "A1"), ((11, 1), "B12"), ((0, 26), "AA1"), ((0, 16_383), "XFD1")])
def test_a_cell_has_the_address_that_programs_show(place: tuple[int, int], said: str) -> None:
    assert address(*place) == said
