"""The workbook that people send: a title, a merged heading, totals, telephones as numbers, a city misspelt."""

from __future__ import annotations

from tests.spreadsheets.workbooks import ods, ods_table, xlsx

TITLE = "Список родительских клубов на 01.09.2016"
UPPER = ["№", "Клуб", "Место", "", "Дата основания", "Телефон", "Членов"]
LOWER = ["", "", "Город", "Область", "", "", ""]
MERGED = ("A1:G1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4", "G3:G4")
CLUBS: list[list[object]] = [
    [1, "Клуб родителей «Умид»", "Термез", "Сурхандарьинская область", "01.02.2014", 998901234567, 12],
    [2, "Клуб родителей «Мехр»", "Самаркнад", "Самаркандская область", "05.2015", "+998 90 123-45-68", "12 чел."],
]
TOTAL: list[object] = ["Итого", "", "", "", "", "", 24]
ROWS: list[list[object]] = [[TITLE], [], UPPER, LOWER, *CLUBS, TOTAL, [], ["", "", ""]]
FAULTS = {"C6": "Самаркнад", "G6": "12 чел."}


def mended() -> list[list[object]]:
    """The rows as their author has corrected them, by what they were told."""
    return [*ROWS[:5], [2, "Клуб родителей «Мехр»", "Самарканд", *CLUBS[1][3:6], 12], *ROWS[6:]]


def as_xlsx(rows: list[list[object]]) -> bytes:
    """The rows as an Excel workbook."""
    return xlsx({"Лист1": rows, "Лист2": [["Заметки"]]}, MERGED)


def as_csv(rows: list[list[object]]) -> bytes:
    """The rows as a Russian Excel writes CSV: in cp1251, divided by semicolons, numbers with a comma."""

    def cell(value: object) -> str:
        return f"{value},0" if isinstance(value, int) and value > 10**9 else str(value)

    width = max(map(len, rows))
    lines = (";".join([*map(cell, row), *[""] * (width - len(row))]) for row in rows)
    return "".join(f"{line}\r\n" for line in lines).encode("cp1251")


def as_ods(rows: list[list[object]]) -> bytes:
    """The rows as LibreOffice saves them, without merged cells."""
    return ods(ods_table("Лист1", rows))


WRITTEN = {"clubs.xlsx": as_xlsx, "clubs.csv": as_csv}
