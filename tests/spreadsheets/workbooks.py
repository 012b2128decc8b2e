"""Workbooks as people and attackers make them, in memory; shared by the tests of spreadsheets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import openpyxl

OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
EMPTY_REST = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)
"""What LibreOffice writes behind the last row."""


def xlsx(
    sheets: Mapping[str, Iterable[Sequence[object]]], merged: Iterable[str] = (), hidden: Sequence[int] = ()
) -> bytes:
    """Return an .xlsx workbook; cells of the first sheet are merged, rows of it (from 1) hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for each in merged:
        book.worksheets[0].merge_cells(each)
    for each in hidden:
        book.worksheets[0].row_dimensions[each].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def ods(tables: str, **others: str) -> bytes:
    """Return an .ods workbook of some XML of tables; ``others`` are further files."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{OFFICE}:office:1.0" '
        f'xmlns:table="{OFFICE}:table:1.0" xmlns:text="{OFFICE}:text:1.0"><office:body><office:spreadsheet>{tables}'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    files = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0"/>',
        "content.xml": content,
    }
    return packed(files | others)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """Return a ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def ods_cell(value: object) -> str:
    """Return a cell as LibreOffice writes it."""
    if value == "":
        return "<table:table-cell/>"
    if isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def ods_table(name: str, rows: Iterable[Sequence[object]], rest: str = EMPTY_REST) -> str:
    """Return the XML of one sheet."""
    lines = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    return f'<table:table table:name="{name}">{lines}{rest}</table:table>'


def with_entry(content: bytes, name: str, text: str | bytes) -> bytes:
    """Return an archive in which one file is another, or there besides."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files: dict[str, str | bytes] = {each: archive.read(each) for each in archive.namelist()}
    return packed(files | {name: text})


def entry(content: bytes, name: str) -> str:
    """Return a file of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()
