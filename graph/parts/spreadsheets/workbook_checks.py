"""What a workbook is looked at for before a library opens it: bombs, macros, encryption; and what cells do not say.

A workbook is a ZIP archive of XML. It is unpacked piece by piece and counted, never trusted to be as large as it says;
XML has no document type (so no entities), and cells stand where a table has room for them: the library makes room for
all cells between the first and the last, and as often as a cell says that it is repeated.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from graph.model.errors import Sentence, SourceError

MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 50_000, 300, 2_000_000
MOST_ENTRIES, MOST_SHEETS = 2_000, 100
MOST_UNPACKED = 256 << 20
"""Bytes that a workbook may hold, unpacked; programs write some fifty of them a cell."""
PIECE = 1 << 16
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
SAVE_ANEW = Sentence("open it, and save it as .xlsx, .ods or CSV")
ERROR_TEXT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|Err:\d+")
Place = tuple[int, int]
"""Row and column of a cell, from 0."""


@dataclass
class SheetMarks:
    """What the file says of a sheet, and its cells do not.

    Attributes:
        name: of the sheet.
        hidden_rows: the rows that are hidden, from 0.
        hidden_columns: likewise.
        valueless: cells with a formula whose value was never computed.
        errors: cells whose formula came to an error → the error.
        merged: of several cells that are one, the first and the last.
        last: the last row and column that hold something; -1 for none.
        cells: how many cells between the first and the last the library has to make.
    """

    name: str
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    valueless: set[Place] = field(default_factory=set)
    errors: dict[Place, str] = field(default_factory=dict)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    last: Place = (-1, -1)

    @property
    def is_too_large(self) -> bool:
        """Whether the library is not to open it."""
        rows, columns = self.last[0] + 1, self.last[1] + 1
        return rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS

    def note(self, row: int, column: int) -> None:
        """Take down that a cell holds something."""
        self.last = max(self.last[0], row), max(self.last[1], column)


def check_workbook(path: Path, name: str) -> dict[str, SheetMarks]:
    """Return what is known of the sheets of a workbook by their names, before a library opens it.

    Args:
        path: a file that begins as a ZIP archive.
        name: how the user calls it.

    Raises:
        SourceError: it is broken, no workbook, encrypted, a bomb, too large, or holds macros.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, name)
            names = {each.filename for each in entries}
            if "mimetype" in names and archive.open("mimetype").read(200).strip().startswith(OPEN_DOCUMENT):
                return _open_document(archive, names, name)
            if any(each.startswith("xl/") for each in names):
                return _office_open(archive, names, name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        EOFError,
        NotImplementedError,
        expat.ExpatError,
        ValueError,
    ) as problem:
        raise SourceError(name, Sentence("the workbook is broken"), remedy=SAVE_ANEW) from problem
    except RuntimeError as problem:  # the archive itself asks for a password
        raise _encrypted(name) from problem
    raise SourceError(name, Sentence("this is no workbook"), remedy=SAVE_ANEW)


def check_old_workbook(path: Path, name: str) -> None:
    """Refuse what is in the format that Excel had before 2007, in which encrypted workbooks still are.

    Raises:
        SourceError: it is one of them.
    """
    with path.open("rb") as stream:
        if stream.read(len(OLE2)) != OLE2:
            return
        stream.seek(0)
        if ENCRYPTED in stream.read(1 << 20):
            raise _encrypted(name)
    raise SourceError(name, Sentence("this is an Excel file of before 2007"), remedy=Sentence("save it as .xlsx"))


def _encrypted(name: str) -> SourceError:
    return SourceError(name, Sentence("the workbook is encrypted"), remedy=Sentence("save it without a password"))


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MOST_ENTRIES or sum(each.file_size for each in entries) > MOST_UNPACKED:
        raise _bomb(name)
    if any(each.flag_bits & 1 for each in entries):
        raise _encrypted(name)
    if len({each.filename.lower().lstrip("/") for each in entries}) < len(entries):
        raise SourceError(name, Sentence("the workbook is broken"), remedy=SAVE_ANEW)  # which of two would be read?
    for each in entries:
        if each.filename.endswith("vbaProject.bin") or each.filename.startswith(("Basic/", "Scripts/")):
            raise SourceError(
                name, Sentence("the workbook holds macros"), remedy=Sentence("save it without them, as .xlsx or .ods")
            )
    if any(each.filename == "xl/workbook.bin" for each in entries):
        raise SourceError(name, Sentence("this is a binary workbook (.xlsb)"), remedy=Sentence("save it as .xlsx"))


def _bomb(name: str) -> SourceError:
    problem = Sentence("unpacked, the workbook has more than %(number)s MiB", number=MOST_UNPACKED >> 20)
    return SourceError(name, problem, remedy=Sentence("save the one sheet as CSV"))


# XML, read as a stream: what is no plain XML is refused.


@dataclass
class _Scan:
    """Reads the files of one archive; all that they hold together is bounded, whatever the archive says of it."""

    archive: zipfile.ZipFile
    name: str
    left: int = MOST_UNPACKED

    def pieces(self, entry: str) -> Iterator[bytes]:
        with self.archive.open(entry) as stream:
            while piece := stream.read(PIECE):
                self.left -= len(piece)
                if self.left < 0:
                    raise _bomb(self.name)
                yield piece

    def read(
        self,
        entry: str,
        begin: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] = lambda _: None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Tell of the elements of a file by their local names."""
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def refuse(*_: object) -> None:
            raise SourceError(self.name, Sentence("the workbook defines entities of XML"), remedy=SAVE_ANEW)

        def begun(element: str, attributes: dict[str, str]) -> None:
            begin(element.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()})

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = begun
        parser.EndElementHandler = lambda element: end(element.rpartition(":")[2])
        if text is not None:
            parser.CharacterDataHandler = text
        for piece in self.pieces(entry):
            parser.Parse(piece, False)
        parser.Parse(b"", True)


def _office_open(archive: zipfile.ZipFile, names: set[str], name: str) -> dict[str, SheetMarks]:
    scan, sheets, targets = _Scan(archive, name), dict[str, str](), dict[str, str]()

    def sheet(element: str, given: Mapping[str, str]) -> None:
        if element == "sheet" and len(sheets) < MOST_SHEETS:
            sheets[given.get("name", "")] = given.get("id", "")

    def relation(element: str, given: Mapping[str, str]) -> None:
        if element == "Relationship":
            target = given.get("Target", "")
            inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[given.get("Id", "")] = inside

    scan.read("xl/workbook.xml", sheet)
    scan.read("xl/_rels/workbook.xml.rels", relation)
    found, known = dict[str, SheetMarks](), set[str]()
    for title, reference in sheets.items():
        found[title] = SheetMarks(title)
        if (entry := targets.get(reference, "")) in names:
            known.add(entry)
            _SheetReading(found[title]).of(scan, entry)
    for entry in sorted(names - known):
        if entry.endswith((".xml", ".rels")):
            other = SheetMarks(entry)  # whatever it is, the library may take it for a sheet
            _SheetReading(other).of(scan, entry)
            if other.is_too_large:
                raise too_large(name, other)
    return found


@dataclass
class _SheetReading:
    """Follows one sheet of an .xlsx file."""

    marks: SheetMarks
    row: int = -1
    column: int = -1
    kind: str = ""
    has_formula: bool = False
    has_value: bool = False
    text: str = ""
    in_value: bool = False

    def of(self, scan: _Scan, entry: str) -> None:
        """Read it."""
        scan.read(entry, self.begin, self.end, self.take)

    def begin(self, element: str, given: Mapping[str, str]) -> None:
        """Take an element that begins."""
        marks = self.marks
        if element == "row":
            self.row, self.column = _number(given.get("r"), self.row + 2) - 1, -1
            if given.get("hidden") in ("1", "true"):
                marks.hidden_rows.add(self.row)
        elif element == "c":
            place = REFERENCE.fullmatch(given.get("r", ""))
            self.row, self.column = _place(place) if place else (self.row, self.column + 1)
            self.kind, self.has_formula, self.has_value, self.text = given.get("t", ""), False, False, ""
        elif element in ("v", "is", "f"):
            self.has_formula = self.has_formula or element == "f"
            self.has_value = self.has_value or element != "f"
            self.in_value = element == "v"
        elif element == "col" and given.get("hidden") in ("1", "true"):
            last = min(_number(given.get("max"), 0), MOST_COLUMNS)
            marks.hidden_columns.update(range(_number(given.get("min"), 1) - 1, last))
        elif element == "mergeCell":
            first, _, last_place = given.get("ref", "").partition(":")
            ends = REFERENCE.fullmatch(first), REFERENCE.fullmatch(last_place)
            if ends[0] and ends[1] and len(marks.merged) < MOST_ROWS:
                marks.merged.append((_place(ends[0]), _place(ends[1])))

    def take(self, text: str) -> None:
        """Take a piece of text."""
        if self.in_value and len(self.text) < 50:
            self.text += text

    def end(self, element: str) -> None:
        """Take an element that ends."""
        if element == "v":
            self.in_value = False
            self.has_value = self.has_value and bool(self.text)
        elif element == "c":
            if self.has_value or self.has_formula:
                self.marks.note(self.row, self.column)
            if self.kind == "e":
                self.marks.errors[self.row, self.column] = self.text
            elif self.has_formula and not self.has_value and self.kind != "str":
                self.marks.valueless.add((self.row, self.column))


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 9 else otherwise


def _place(found: re.Match[str]) -> Place:
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def address(row: int, column: int) -> str:
    """Return how spreadsheet programs call a cell: A1 is the first."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _open_document(archive: zipfile.ZipFile, names: set[str], name: str) -> dict[str, SheetMarks]:
    scan, encrypted = _Scan(archive, name), False

    def manifest(element: str, _: Mapping[str, str]) -> None:
        nonlocal encrypted
        encrypted = encrypted or element == "encryption-data"

    if "META-INF/manifest.xml" in names:
        scan.read("META-INF/manifest.xml", manifest)
    if encrypted:
        raise _encrypted(name)
    reading = _ContentReading()
    reading.of(scan)
    for entry in names - {"content.xml", "META-INF/manifest.xml"}:
        if entry.endswith(".xml"):
            scan.read(entry, lambda *_: None)
    if any(each.is_too_large for each in reading.sheets.values()):  # the library opens all sheets at once
        raise too_large(name, next(each for each in reading.sheets.values() if each.is_too_large))
    return reading.sheets


def too_large(name: str, marks: SheetMarks) -> SourceError:
    """Return the error of a sheet for which there is no room."""
    problem = Sentence(
        "the sheet %(sheet)s reaches to the cell %(cell)s", sheet=marks.name[:100], cell=address(*marks.last)
    )
    remedy = Sentence(
        "at most %(rows)s rows and %(columns)s columns are read: delete what stands beyond the table",
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
    )
    return SourceError(name, problem, remedy=remedy)


@dataclass
class _ContentReading:
    """Follows the sheets of an .ods file."""

    sheets: dict[str, SheetMarks] = field(default_factory=dict)
    marks: SheetMarks = field(default_factory=lambda: SheetMarks(""))
    row: int = 0
    rows: int = 1
    column: int = 0
    columns: int = 1
    defined: int = 0
    in_cell: bool = False
    in_text: bool = False
    has_formula: bool = False
    has_value: bool = False
    text: str = ""
    depth: int = 0

    def of(self, scan: _Scan) -> None:
        """Read them."""
        scan.read("content.xml", self.begin, self.end, self.take)

    def begin(self, element: str, given: Mapping[str, str]) -> None:
        """Take an element that begins."""
        hidden = given.get("visibility", "visible") != "visible"
        if element == "table":
            self.depth += 1
            if self.depth == 1 and len(self.sheets) < MOST_SHEETS:
                self.marks = SheetMarks(given.get("name", ""))
                self.sheets[self.marks.name] = self.marks
                self.row, self.defined = 0, 0
        elif element == "table-column":
            count = _number(given.get("number-columns-repeated"), 1)
            if hidden:
                self.marks.hidden_columns.update(range(self.defined, min(self.defined + count, MOST_COLUMNS)))
            self.defined += count
        elif element == "table-row":
            self.rows, self.column = _number(given.get("number-rows-repeated"), 1), 0
            if hidden:
                self.marks.hidden_rows.update(range(self.row, min(self.row + self.rows, MOST_ROWS)))
        elif element in ("table-cell", "covered-table-cell"):
            self._cell(given)
        elif element == "p":
            self.in_text = self.in_cell

    def _cell(self, given: Mapping[str, str]) -> None:
        self.columns = _number(given.get("number-columns-repeated"), 1)
        self.in_cell, self.text = True, ""
        self.has_formula, self.has_value = "formula" in given, "value-type" in given
        wide, high = (_number(given.get(f"number-{each}-spanned"), 1) for each in ("columns", "rows"))
        if (wide > 1 or high > 1) and len(self.marks.merged) < MOST_ROWS:
            last = min(self.row + high, MOST_ROWS) - 1, min(self.column + wide, MOST_COLUMNS) - 1
            self.marks.merged.append(((self.row, self.column), last))

    def take(self, text: str) -> None:
        """Take a piece of text."""
        if self.in_text and len(self.text) < 50:
            self.text += text

    def end(self, element: str) -> None:
        """Take an element that ends."""
        marks = self.marks
        if element in ("table-cell", "covered-table-cell"):
            if self.has_value or self.text:
                marks.note(self.row + self.rows - 1, self.column + self.columns - 1)
                if self.has_formula and ERROR_TEXT.fullmatch(self.text):
                    marks.errors[self.row, self.column] = self.text
            elif self.has_formula:
                marks.note(self.row, self.column)
                marks.valueless.add((self.row, self.column))
            self.column += self.columns
            self.in_cell = self.in_text = False
        elif element == "table-row":
            self.row += self.rows
        elif element == "p":
            self.in_text = False
        elif element == "table":
            self.depth -= 1
