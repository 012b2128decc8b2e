"""Tables as people have them, CSV or Excel, and the answer sheet that they get back: what each row may mean."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

import pyoxigraph as ox
from anyascii import anyascii

from graph.model.errors import Quotation, Sentence, SourceError
from graph.model.rdf_terms import DCT, OWL, SCHEMA, SKOS

# In which encoding somebody's table is written, and what stands between its cells; what is no text is refused.
#
# UTF-8 is proved by reading the whole file. Only where it is not, the encodings that are likely here are compared.

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
LIKELY = ("cp1251", "koi8_r", "cp866", "cp1252", "cp1254")
"""Encodings of one byte a letter that people here still have."""
DELIMITERS = (",", ";", "\t", "|")
SAMPLE, PIECE, COMPARED = 1 << 16, 1 << 20, 20
EXPECTED = re.compile(r"[\t\r\n\x20-\u02ff\u0400-\u052f\u2010-\u203a\u2116]")
"""Signs of the languages of here: of text that is read in a wrong encoding, few are."""
LIKELY_SHARE = 0.95
CONTROLS = bytes(each for each in range(0x20) if each not in b"\t\n\r\f\x1a")


def encoding_of(path: Path, name: str) -> str:
    """Return the encoding of a file of text.

    Raises:
        SourceError: it is empty, or no text.
    """
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE)
    if not sample.strip():
        raise SourceError(
            name, Sentence("the file is empty"), remedy=Sentence("it needs a row with the names of its columns")
        )
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    if sample.startswith(OLD_EXCEL):
        raise SourceError(name, Sentence("this is an Excel file of before 2007"), remedy=Sentence("save it as .xlsx"))
    if wide := _without_mark(sample):
        return wide
    if sample.translate(None, CONTROLS) != sample:
        raise SourceError(
            name, Sentence("this is no text"), remedy=Sentence("save the table as CSV in UTF-8, or as .xlsx")
        )
    return "utf-8" if _is_utf8(path) else _guessed(path, name)


def _without_mark(sample: bytes) -> str:
    """Return which UTF-16 it is, where it has no mark and reads as text of here in one of them; else nothing."""
    if 0 not in sample:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        if sum(bool(EXPECTED.match(each)) for each in text) > LIKELY_SHARE * len(text):
            return encoding
    return ""


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(path: Path, name: str) -> str:
    """Return the likeliest encoding, judged by the lines that tell: those with letters beyond ASCII."""
    import charset_normalizer  # noqa: PLC0415  takes 90 ms to load, and most tables are in UTF-8

    telling = b""
    with path.open("rb") as stream:
        while len(telling) < SAMPLE and (line := stream.readline(SAMPLE)):
            telling += line if not line.isascii() else b""
    best = charset_normalizer.from_bytes(telling, cp_isolation=list(LIKELY), threshold=0.5).best()
    if best is None:
        remedy = Sentence("save the table as CSV in UTF-8, or as .xlsx")
        raise SourceError(
            name, Sentence("its encoding is neither UTF-8, UTF-16 nor one of Windows or DOS"), remedy=remedy
        )
    return best.encoding


def delimiter_of(path: Path, encoding: str, *, has_titles: bool = False) -> tuple[str, int]:
    """Return what stands between the cells, and how many lines come before the header.

    Excel may say so itself, in a line such as ``sep=;``. Else it is what divides the first rows most evenly; where
    ``has_titles``, titles may come before the header, which nothing divides.
    """
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="") as stream:
        text = stream.read(SAMPLE)
    lines = text.splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in DELIMITERS:
        return lines[0][4], 1
    complete = lines if len(text) < SAMPLE or len(lines) < 2 else lines[:-1]
    return max(DELIMITERS, key=lambda each: _evenness(complete, each, has_titles=has_titles)), 0


def _evenness(lines: list[str], delimiter: str, *, has_titles: bool) -> tuple[float, int]:
    """Return the share of rows that are as wide as the header, and that width; nothing where it divides nothing."""
    try:
        widths = [len(row) for row in islice(csv.reader(lines, delimiter=delimiter), COMPARED) if row]
    except csv.Error:
        return 0.0, 0
    while has_titles and widths and widths[0] < 2:
        del widths[0]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(each == widths[0] for each in widths) / len(widths), widths[0]


# What is to become RDF by CSVW metadata is read by ``graph.sources.csvw.conversion``, which guesses nothing; here
# nobody has written metadata, so encoding and delimiter are found out, and what is no table is refused in one line.

MOST_COLUMNS = 2000
LONGEST_CELL = 16 << 20
LARGEST_WORKBOOK = 1 << 30
"""How many bytes a workbook may hold, unpacked."""
SAVE_IT = Sentence("save it as CSV in UTF-8, or as .xlsx")


@dataclass(frozen=True, slots=True)
class SpreadsheetRow:
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

    def rows(self) -> Iterator[SpreadsheetRow]:
        """Yield its rows; those without any text are left out, but counted.

        Raises:
            SourceError: the rest of the file cannot be read, or a row has cells without a column.
        """
        for number, cells in enumerate(self._rows, 1):
            texts = [each.strip() for each in cells]
            if any(texts[len(self.columns) :]):
                problem = Sentence(
                    "row %(row)s has %(number)s cells, the table %(columns)s columns",
                    row=str(number),
                    number=str(len(cells)),
                    columns=str(len(self.columns)),
                )
                raise SourceError(
                    self.name, problem, remedy=Sentence("put quotation marks around cells that hold the delimiter")
                )
            if any(texts):
                yield SpreadsheetRow(
                    number, dict(zip(self.columns, chain(texts, [""] * len(self.columns)), strict=False))
                )

    def require(self, columns: Iterable[str]) -> None:
        """Make sure that it has some columns.

        Raises:
            SourceError: it has not, or has one of them twice.
        """
        for each in columns:
            if (count := self.columns.count(each)) != 1:
                shown = ", ".join(name for name in self.columns[:20] if name)
                problem = (
                    Sentence("there is no column %(name)s", name=repr(each))
                    if not count
                    else Sentence("%(number)s columns are called %(name)s", number=str(count), name=repr(each))
                )
                raise SourceError(self.name, problem, remedy=Sentence("its columns are: %(names)s", names=shown))


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
            raise SourceError(
                name, Sentence("the table is empty"), remedy=Sentence("it needs a row with the names of its columns")
            )
        if len(header) > MOST_COLUMNS:
            raise SourceError(
                name,
                Sentence("it has %(number)s columns", number=len(header)),
                remedy=Sentence("at most %(number)s are read", number=MOST_COLUMNS),
            )
        yield Spreadsheet(name, tuple(header), lines)


def _lines(path: Path, name: str) -> Generator[list[str], None, None]:
    try:
        with path.open("rb") as stream:
            is_workbook = stream.read(len(ZIP)) == ZIP
        yield from _workbook(path, name) if is_workbook else records_of(path, name)
    except (zipfile.BadZipFile, KeyError, ParseError, EOFError) as problem:
        raise SourceError(name, Sentence("this is no Excel workbook that can be read"), remedy=SAVE_IT) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def records_of(path: Path, name: str, *, has_titles: bool = False, limit: int = LONGEST_CELL) -> Iterator[list[str]]:
    """Yield the rows of a file of text, blank ones included, as ``encoding_of`` and ``delimiter_of`` find them.

    Raises:
        SourceError: it is no table of text, or a cell is longer than ``limit``.
    """
    from csvw.metadata import Dialect  # noqa: PLC0415  csvw takes a quarter of a second to import

    from graph.sources.csvw.records import read_records  # noqa: PLC0415

    encoding = encoding_of(path, name)
    delimiter, skipped = delimiter_of(path, encoding, has_titles=has_titles)
    dialect = Dialect(encoding=encoding, delimiter=delimiter, skipRows=skipped, skipBlankRows=False)
    try:
        yield from (each.cells for each in read_records(path, name, dialect, limit))
    except SourceError as problem:  # what it advises is for who writes metadata
        remedy = SAVE_IT if "metadata" in problem.remedy else problem.remedy
        raise SourceError(name, problem.problem, problem.line, problem.column, remedy) from problem


def _workbook(path: Path, name: str) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415  most tables are no workbooks, and it takes a tenth of a second to import

    with zipfile.ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    if size > LARGEST_WORKBOOK:
        raise SourceError(
            name, Sentence("unpacked, the workbook has %(number)s MiB", number=size >> 20), remedy=SAVE_IT
        )
    with path.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        try:
            if not book.worksheets:
                raise SourceError(name, Sentence("the workbook has no sheet with cells"), remedy=SAVE_IT)
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


# The answer sheet: for each row of a table the things that it may mean, for a person to check and to fill in.
#
# A CSV file, so that any spreadsheet program opens it. What is decided stands in the columns ``match`` and
# ``relation``; everything else is there to decide by. It holds all that accepting it needs, so that the table itself is
# not read again.

SHOWN = 3
"""How many candidates a row of the sheet has."""
ROW, NAME, IRI, TYPE, GIVEN, MATCH, RELATION, SURE = "row", "name", "iri", "type", "given ", "match", "relation", "sure"
YES = "yes"
PARTS = ("id", "label", "description", "score")
RELATIONS = MappingProxyType({
    "": "the rule decides", "same": "the very same thing", "exact": "the same concept", "close": "almost the same",
    "broad": "ours is broader", "narrow": "ours is narrower", "related": "has to do with it", "not": "it is not this",
})  # fmt: skip
"""What may stand in the column ``relation``, and what it means."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One candidate as the sheet shows it."""

    id: str
    label: str
    description: str
    score: float


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One row of the sheet.

    Attributes:
        row: the number of the table's row.
        name: what was looked for.
        iri: the IRI of the row's own thing; empty where none is known yet.
        types: the kinds among which it was looked for.
        given: property → what the table says of it besides.
        match: the id of the thing that it is; empty where it is none, or nobody has decided.
        relation: a key of ``RELATIONS``.
        is_sure: whether the match of the first candidate was safe.
        proposals: the candidates, best first.
    """

    row: int
    name: str
    iri: str
    types: tuple[str, ...]
    given: Mapping[str, str]
    match: str
    relation: str
    is_sure: bool
    proposals: tuple[Proposal, ...]

    @property
    def is_automatic(self) -> bool:
        """Whether nobody has changed what was found."""
        best = self.proposals[0].id if self.proposals else ""
        return self.is_sure and self.match == best and not self.relation


def header(given: Iterable[str]) -> list[str]:
    """Return the names of the columns of a sheet with some further properties."""
    proposals = [f"{part} {n}" if n > 1 else part for n in range(1, SHOWN + 1) for part in PARTS]
    return [ROW, NAME, IRI, TYPE, *(GIVEN + each for each in given), MATCH, RELATION, SURE, *proposals]


def line(cells: Iterable[str]) -> bytes:
    """Return a line of the sheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def cells_of(answer: AnswerRow) -> list[str]:
    """Return an answer as the cells of a line."""
    decided = [answer.match, answer.relation, YES if answer.is_sure else ""]
    cells = [str(answer.row), answer.name, answer.iri, " ".join(answer.types), *answer.given.values(), *decided]
    for each in answer.proposals[:SHOWN]:
        cells += (each.id, each.label, each.description, f"{each.score:g}")
    return cells


@contextmanager
def open_sheet(path: Path) -> Iterator[Iterator[AnswerRow]]:
    """Give the answers of a sheet, in whatever encoding it has come back.

    Raises:
        SourceError: it is no answer sheet; or, while it is read, a cell holds what it may not.
    """
    with open_spreadsheet(path) as table:
        missing = [each for each in (ROW, NAME, MATCH, "id") if each not in table.columns]
        if missing:
            problem = Sentence("this is no answer sheet: it has no column %(name)s", name=repr(missing[0]))
            raise SourceError(str(path), problem, remedy=Sentence("make one with hamkor link FILE --column …"))
        table.require((ROW, NAME, MATCH))
        yield (_answer(each, str(path)) for each in table.rows())


def _answer(row: SpreadsheetRow, name: str) -> AnswerRow:
    cells, line_number = row.cells, row.number + 1
    relation = cells.get(RELATION, "").lower()
    if relation not in RELATIONS:
        known = ", ".join(each for each in RELATIONS if each)
        raise SourceError(
            name,
            Sentence("%(relation)s is no relation", relation=repr(relation)),
            line_number,
            RELATION,
            Sentence("write one of %(names)s, or none", names=known),
        )
    given = {each.removeprefix(GIVEN): text for each, text in cells.items() if each.startswith(GIVEN)}
    ends = [f" {n}" if n > 1 else "" for n in range(1, SHOWN + 1)]
    proposals = (
        Proposal(cells["id" + end], cells.get("label" + end, ""), "", _score(cells.get("score" + end, "")))
        for end in ends
        if cells.get("id" + end)
    )
    number = int(cells[ROW]) if cells[ROW].isdecimal() and len(cells[ROW]) < 12 else row.number
    types = tuple(cells.get(TYPE, "").split())
    is_sure = cells.get(SURE, "").lower() == YES
    return AnswerRow(
        number, cells[NAME], cells.get(IRI, ""), types, given, cells[MATCH], relation, is_sure, tuple(proposals)
    )  # fmt: skip


def _score(text: str) -> float:
    """Return a score, however a spreadsheet program has rewritten it."""
    try:
        return max(0.0, min(100.0, float(text.replace(",", "."))))
    except ValueError:
        return 0.0


# The IRIs of the rows of somebody's table: from a column, or made from their names below a base that they give.

SEPARATORS = re.compile(r"[^a-z0-9]+")
LONGEST_SLUG = 80
SAFE = "/:@!$&'()*+,;=-._~?#%"


@dataclass
class RowNames:
    """Gives each row an IRI, and no two rows the same.

    Attributes:
        table: how the user calls the table, for messages.
        base: below which IRIs are made; empty where the column holds whole IRIs.
        own: the base of the publication, below which others name nothing.
    """

    table: str
    base: str
    own: str
    _rows: dict[str, int] = field(default_factory=dict)

    def name(self, row: int, cell: str, text: str) -> str:
        """Return the IRI of a row; empty where it cannot have one.

        Args:
            row: its number.
            cell: what the column for IRIs holds; empty where there is no such column.
            text: the name in the row, of which an IRI is made where there is nothing else.

        Raises:
            SourceError: the cell is no IRI, one of the publication's own, or another row's, too.
        """
        if not cell and not (self.base and text):
            return ""
        iri = self._made(row, text) if not cell else cell if "://" in cell else self.base + quote(cell, safe=SAFE)
        self._check(iri, row)
        if (other := self._rows.setdefault(iri, row)) != row:
            raise SourceError(
                self.table,
                Sentence("<%(iri)s> is the IRI of row %(other)s already", iri=iri, other=str(other)),
                row + 1,
            )
        return iri

    def _made(self, row: int, text: str) -> str:
        slug = SEPARATORS.sub("-", re.sub("['`]", "", anyascii(text)).lower())[:LONGEST_SLUG].strip("-")
        iri = self.base + (slug or f"row-{row}")
        return iri if self._rows.get(iri, row) == row else f"{iri}-{row}"

    def _check(self, iri: str, row: int) -> None:
        try:
            ox.NamedNode(iri)
        except ValueError:
            raise SourceError(
                self.table,
                Sentence("%(text)s is no IRI", text=repr(iri[:200])),
                row + 1,
                remedy=Sentence("give --base, too"),
            ) from None
        if not iri.startswith(("http://", "https://")):
            raise SourceError(
                self.table,
                Sentence("%(iri)s is no web address", iri=repr(iri[:200])),
                row + 1,
                remedy=Sentence("give --base, too"),
            )
        if iri.startswith(self.own):
            problem = Sentence("<%(iri)s> is named by this publication", iri=iri)
            raise SourceError(
                self.table, problem, row + 1, remedy=Sentence("name your own things below a base of your own")
            )


# By which property a link is made: the strongest that what is known can answer for, and none stronger.
#
# Who states ``owl:sameAs`` states everything of either thing of the other. So it is made only of single things (never
# of concepts), only where somebody says that it is the very same thing, and only where nothing that their table says of
# it differs. ``schema:sameAs`` says that the other is a page by which one can tell what is meant, which a match does
# mean.

SAME_AS = OWL + "sameAs"
REFERENCE = SCHEMA + "sameAs"
RELATED = DCT + "relation"
EXACT, CLOSE = SKOS + "exactMatch", SKOS + "closeMatch"
CONCEPT = "concept"
OF_CONCEPTS = {
    "": CLOSE, "same": EXACT, "exact": EXACT, "close": CLOSE, "broad": SKOS + "broadMatch",
    "narrow": SKOS + "narrowMatch", "related": SKOS + "relatedMatch", "not": CLOSE,
}  # fmt: skip
OF_THINGS = {
    "": REFERENCE, "same": SAME_AS, "exact": SAME_AS, "close": REFERENCE, "broad": RELATED, "narrow": RELATED,
    "related": RELATED, "not": REFERENCE,
}  # fmt: skip
PREDICATES = frozenset({*OF_CONCEPTS.values(), *OF_THINGS.values()})


def predicate_of(kinds: Collection[str], relation: str, *, all_holds: bool) -> str:
    """Return the property that links a row to a thing.

    Args:
        kinds: of the thing.
        relation: what a person says, a key of ``RELATIONS``.
        all_holds: whether nothing that the table says of it differs from what is known here.
    """
    if CONCEPT in kinds:
        return OF_CONCEPTS[relation]
    found = OF_THINGS[relation]
    return REFERENCE if found == SAME_AS and not all_holds else found
