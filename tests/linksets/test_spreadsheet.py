"""Tables as people have them: understood, or refused with one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from graph.model.errors import SourceError
from graph.parts.linking.reconciliation import Reconciler
from graph.parts.linksets import answer_sheet
from graph.parts.linksets.answer_sheet import SpreadsheetRow, open_spreadsheet
from graph.parts.linksets.matching import Labels, Matcher, Matching

TEXT = "Название;Город\nКлуб родителей в Термезе;Термез\n\nРодительский клуб в Ургенче;Ургенч\n"
CLUBS = [["Клуб родителей в Термезе", "Термез"], ["Родительский клуб в Ургенче", "Ургенч"]]
COMMAS = 'Name,City\n"Oʻzbekiston, klub",Termiz\nKlub,Urganch\n'
READ: dict[str, tuple[bytes, list[list[str]]]] = {
    encoding: (TEXT.encode(encoding), CLUBS)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp866", "koi8-r")
} | {
    "commas": (COMMAS.encode(), [["Oʻzbekiston, klub", "Termiz"], ["Klub", "Urganch"]]),
    "tabs": (b"a\tb\n1\t2\n", [["1", "2"]]),
    "one column": (b"Name\nKlub\n", [["Klub"]]),
    "a line of Excel's": (b"sep=;\na;b\n1,5;2\n", [["1,5", "2"]]),
    "short rows and blank columns behind": (b"a,b,,\n1\n2,3,,\n", [["1", ""], ["2", "3"]]),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_a_table_is_read_however_it_is_written(what: str, tmp_path: Path) -> None:
    content, expected = READ[what]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with open_spreadsheet(path) as table:
        assert [list(row.cells.values()) for row in table.rows()] == expected


def test_the_first_sheet_of_a_workbook_is_read_as_one_would_type_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Name", "Year", "Whole"], ["Клуб", 2015.0, True], [None, None, None], ["Klub", 2.5, ""]):
        book.active.append(row)
    book.save(tmp_path / "table.xlsx")
    with open_spreadsheet(tmp_path / "table.xlsx") as table:
        rows = [(row.number, list(row.cells.values())) for row in table.rows()]
    assert rows == [(1, ["Клуб", "2015", "True"]), (3, ["Klub", "2.5", ""])]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "blank lines": (lambda: b"\n\n \n", "the file is empty"),
    "binary": (lambda: bytes(range(256)) * 9, "no text"),
    "an image": (lambda: b"\x89PNG\r\n\x1a\n\x00\x01\x02", "no text"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0" + b"x" * 99, "before 2007"),
    "a broken workbook": (lambda: b"PK\x03\x04" + b"x" * 99, "no Excel workbook"),
    "a million columns": (lambda: ",".join(f"c{n}" for n in range(1_000_000)).encode(), "1,000,000 columns"),
    "an open quotation mark": (lambda: b'a,b\n"x,1\n', "quotation mark"),
    "more cells than columns": (lambda: b"a,b\n1,2,3\n", "3 cells"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    make, said = REFUSED[what]
    path = tmp_path / "table.csv"
    path.write_bytes(make())
    with pytest.raises(SourceError) as refused, open_spreadsheet(path) as table:
        list(table.rows())
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openpyxl.Workbook().save(tmp_path / "bomb.xlsx")
    monkeypatch.setattr(answer_sheet, "LARGEST_WORKBOOK", 1000)
    with pytest.raises(SourceError, match="unpacked"), open_spreadsheet(tmp_path / "bomb.xlsx"):
        pass


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,b\n1,2,3\n")
    with open_spreadsheet(tmp_path / "t.csv") as table:
        with pytest.raises(SourceError, match=r"no column 'c' \(its columns are: a, b"):
            table.require(["c"])
        with pytest.raises(SourceError, match="2 columns are called 'b'"):
            table.require(["b"])


@pytest.mark.parametrize("name", ["Итого", "Jami:", "Total"])
def test_a_row_of_totals_means_nothing_and_is_not_asked_for(flagship_reconciler: Reconciler, name: str) -> None:
    matching = Matching("Nomi", (), {}, "", "http://e/", "http://o/", "r")
    matcher = Matcher(matching, flagship_reconciler, Labels(lambda _: "", lambda _: ""))
    answer = matcher.answer(SpreadsheetRow(9, {"Nomi": name, "Aʼzolar": "142"}), name, "http://e/9")
    assert (answer.match, answer.proposals) == ("", ())
