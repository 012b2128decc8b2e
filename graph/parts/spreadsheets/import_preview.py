"""What is asked of an import, and what would come of it: values that go from one process to another.

They are made by ``graph.parts.spreadsheets.spreadsheet_import``, and shown by pages and commands.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from graph.model.contributors import Contributor
from graph.parts.proposals.proposal_store import ValueChange

Severity = Literal["fault", "warning", "remark"]


class ImportRequest(msgspec.Struct, frozen=True):
    """What is to be imported.

    Attributes:
        root: the publication's folder.
        path: the file.
        name: how the user calls it.
        class_name: the class of the things: its name in the publication's vocabulary, with a prefix, or its IRI.
        graph: the IRI of the graph into which they go; empty for none.
        sheet: the name of the sheet; empty for the one that fits.
        columns: heading or letter of a column → what it means, as ``column_recognition`` reads it.
        answers: text of a cell → IRI or id of the thing that it means, ``-`` for none, or ``new`` for a new one.
        base: the address below which new things are named; empty for one below the publication's.
        language: of texts that do not say it.
        languages: the reader's, the best first.
        memory: the file with what is remembered; empty for none.
        adds: whether things of the graph that are not in the table stay.
        leaves_out: whether cells that cannot be read are left out.
        contributor: who writes; None for the publisher.
        expected: the digest that the graph must have, or None; empty where that does not matter.
    """

    root: str
    path: str
    name: str
    class_name: str
    graph: str = ""
    sheet: str = ""
    columns: dict[str, str] = {}
    answers: dict[str, str] = {}
    base: str = ""
    language: str = ""
    languages: tuple[str, ...] = ("en",)
    memory: str = ""
    adds: bool = False
    leaves_out: bool = False
    contributor: Contributor | None = None
    expected: dict[str, str | None] = {}


class ShownAlternative(msgspec.Struct, frozen=True):
    """A thing that may be meant."""

    iri: str
    label: str
    score: float


class ImportFinding(msgspec.Struct, frozen=True):
    """What is wrong with a cell or a row, or worth a look.

    Attributes:
        severity: how bad it is: of a fault nothing was made, or the shapes refuse it.
        cell: the address of the cell, or of the row; empty for all of the table.
        column: the heading of its column.
        value: what the cell holds.
        problem: what is wrong, as ``graph.model.errors.packed`` has it; or the messages of a shape, by language.
        remedy: what to do, likewise.
        alternatives: things that may be meant.
        rows: of how many rows it is said.
        is_of_shapes: whether the shapes say it.
        may_be_new: whether a new thing may be made of the cell, if that is answered.
        asks: the text that is answered; that of the cell, where it says nothing else.
    """

    severity: Severity
    cell: str
    column: str
    value: str
    problem: Any
    remedy: Any = ""
    alternatives: tuple[ShownAlternative, ...] = ()
    rows: int = 1
    is_of_shapes: bool = False
    may_be_new: bool = False
    asks: str = ""


class ImportColumn(msgspec.Struct, frozen=True):
    """A column: its letter, its heading, what it is taken for and by what, why not, and some of its cells."""

    letter: str
    heading: str
    target: str
    how: str
    score: float
    reason: Any
    examples: tuple[str, ...]


class ImportRow(msgspec.Struct, frozen=True):
    """A row as a thing: its number from 1, the thing, and what becomes of it, value by value."""

    row: int
    iri: str
    label: str
    state: Literal["new", "changed", "same"]
    values: tuple[tuple[str, str], ...]
    changes: tuple[ValueChange, ...]


class ImportLeftOut(msgspec.Struct, frozen=True):
    """A row of which nothing is made: its number from 1, what it says, and why."""

    row: int
    text: str
    reason: Any


class ImportMatch(msgspec.Struct, frozen=True):
    """A name in a cell, the thing for which it was taken, and what else it may be."""

    cell: str
    text: str
    taken: ShownAlternative
    alternatives: tuple[ShownAlternative, ...]


class ImportNamed(msgspec.Struct, frozen=True):
    """A new thing that cells name: the thing, what it is called, and what else is said of it, value by value."""

    iri: str
    label: str
    values: tuple[tuple[str, str], ...]


class ImportPreview(msgspec.Struct, frozen=True):
    """What would come of an import.

    Attributes:
        class_iri: the class.
        sheet: the sheet that was read; empty for a file of text.
        others: the other sheets, each with how many headings it has that fit, or why it is not read.
        headings: the numbers of the rows of the heading, from 1.
        columns: what the columns mean.
        fields: what they may mean: property, what it is called by language, and whether its texts have languages.
        findings: what is wrong, worst first.
        left_out: the rows of which nothing is made.
        matches: the names that were taken for things.
        rows: the things.
        gone: the things that the graph would lose.
        language: of texts that do not say it.
        faults: how many findings are faults.
        unread: how many of them are cells or rows that could not be read.
        statements: the triples that there are of all things, in N-Triples.
        release: id of the release with which it was made.
        named: the new things that cells name.
    """

    class_iri: str
    sheet: str
    others: tuple[tuple[str, Any], ...]
    headings: tuple[int, ...]
    columns: tuple[ImportColumn, ...]
    fields: tuple[tuple[str, dict[str, str], bool], ...]
    findings: tuple[ImportFinding, ...]
    left_out: tuple[ImportLeftOut, ...]
    matches: tuple[ImportMatch, ...]
    rows: tuple[ImportRow, ...]
    gone: tuple[str, ...]
    language: str
    faults: int
    unread: int
    statements: bytes = b""
    release: str = ""
    named: tuple[ImportNamed, ...] = ()

    @property
    def changed(self) -> int:
        """How many things are new or change."""
        return sum(each.state != "same" for each in self.rows) + len(self.gone)


class ImportOutcome(msgspec.Struct, frozen=True):
    """What became of an import.

    Attributes:
        preview: what would come of it.
        release: the release that has it; empty where there is none.
        changed: whether anything has changed by it.
        triples: how many that release has.
        forgotten: why what was said could not be kept for the next time, as ``graph.model.errors.packed`` has it.
    """

    preview: ImportPreview
    release: str = ""
    changed: bool = False
    triples: int = 0
    forgotten: Any = ""
