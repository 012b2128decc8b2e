"""Tables as files: CSV (RFC 4180, UTF-8) and a workbook (.xlsx), the same bytes for the same release.

A CSV file holds every text exactly as the data has it, so that it can be read back; a program that takes a text such as
``=1+1`` for a formula has to be told that columns are text. In the workbook texts are texts, whatever they begin with.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyoxigraph as ox

from graph.literals import is_legal, whole_number
from graph.namespaces import XSD
from graph.tabulation.columns import Column, Table, kind_of, said_of

Names = Callable[[str], str]
"""What a thing is called, or an empty string."""
CHARACTERS = 32_767
"""So many hold in a cell of a workbook."""
NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EPOCH = (1980, 1, 1, 0, 0, 0)
DIGITS = 15
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
Values = dict[str, tuple[ox.NamedNode | ox.Literal, ...]]


def rows(store: ox.Store, table: Table, names: Names) -> Iterator[list[str]]:
    """Yield the cells of each row, the IRI of its thing first."""
    predicates = {each.property.predicate for each in table.columns}
    for thing in table.things:
        values = said_of(store, thing, predicates)
        yield [thing, *(_cell(each, values, names) for each in table.columns)]


def _cell(column: Column, values: Values, names: Names) -> str:
    kind = ("", "") if column.kind != "text" else (column.language, "" if column.language else column.datatype)
    terms = [each for each in values.get(column.property.predicate, ()) if kind_of(each) == kind]
    if column.kind == "name":
        return column.separator.join(filter(None, (names(each.value) for each in terms)))
    if column.place < 0:
        return column.separator.join(each.value for each in terms)
    return terms[column.place].value if column.place < len(terms) else ""


def write_csv(header: Sequence[str], lines: Iterable[Sequence[str]], stream: IO[bytes]) -> None:
    """Write a table as CSV; the stream stays open."""
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    text.detach()


def write_workbook(
    table: Table, header: Sequence[str], lines: Iterable[Sequence[str]], stream: IO[bytes], created: datetime
) -> None:
    """Write a table as a workbook of one sheet: whole numbers and days as such, all else as text.

    Args:
        table: its columns.
        header: their headings.
        lines: its rows.
        stream: where to; it stays open.
        created: the time of the release, which is that of the workbook.
    """
    from openpyxl import Workbook  # noqa: PLC0415  most answers need none
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.freeze_panes = "B2"
    kinds = [""] + [each.datatype if each.place == 0 else "" for each in table.columns]

    def cell(text: str, datatype: str) -> object:
        value = _native(text, datatype)
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type = "s"  # never a formula
        elif isinstance(value, date):
            made.number_format = "yyyy-mm-dd"
        return made

    book.properties.created = book.properties.modified = created.replace(tzinfo=None)
    book.properties.creator = "Hamkor"
    try:
        sheet.append([cell(text, "") for text in header])
        for line in lines:
            sheet.append([cell(text, kind) if text else None for text, kind in zip(line, kinds, strict=True)])
        with io.BytesIO() as whole:
            book.save(whole)
            _same_every_time(whole, stream, created)
    except BaseException:
        _discard(sheet)
        raise


def _discard(sheet: Any) -> None:  # noqa: ANN401  openpyxl has no types
    """Remove the temporary file of a sheet that was not finished: openpyxl would do so when the process ends."""
    with suppress(Exception):
        sheet.close()  # it writes what is missing, and may fail as before
    with suppress(OSError, AttributeError, ValueError):
        sheet._writer.cleanup()  # it has no other name


def _native(text: str, datatype: str) -> str | int | date:
    """Return a value as a spreadsheet has it; what it could not hold exactly stays text."""
    if len(text) < DIGITS and re.fullmatch(r"0|-?[1-9][0-9]*", text) and whole_number(text, datatype) is not None:
        return int(text)
    if datatype == XSD + "date" and re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", text) and is_legal(text, datatype):
        return date.fromisoformat(text)
    text = NO_XML.sub("\ufffd", text)
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"


def _same_every_time(whole: IO[bytes], stream: IO[bytes], created: datetime) -> None:
    """Copy a workbook without the time at which it was written."""
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with ZipFile(whole) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            entry = ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
            content = source.read(name)
            target.writestr(entry, MODIFIED.sub(rb"\g<1>" + moment, content) if name.endswith("core.xml") else content)
