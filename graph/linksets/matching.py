"""Matching a table: every row is asked of the index, and what it may mean goes into an answer sheet, as it is found.

The sheet is written piece by piece, and beside it how far it has come; so a run that was interrupted goes on where it
stopped, with the release that it began with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

import msgspec

from graph.errors import SourceError
from graph.linking.evidence import Constraint
from graph.linking.reconciliation import Candidate, Question, Reconciler
from graph.linksets.naming import RowNames
from graph.linksets.sheet import SHOWN, Answer, Proposal, cells_of, header, line
from graph.linksets.spreadsheet import Row, open_spreadsheet

PIECE = 200
MOST_REMEMBERED = 20_000
LONGEST_NAME = 400
STATE_SUFFIX = ".unfinished"
Progress = Callable[[int, int], None]
"""Called with how many rows have been asked, and for how many of them a match was safe."""


class Matching(msgspec.Struct, frozen=True):
    """What is asked of a table.

    Attributes:
        column: the column with the names.
        types: ids of kinds; any where there are none.
        given: property of ``graph.linking.evidence.PROPERTIES`` → column.
        iri: the column with the rows' own IRIs, or empty.
        base: below which their IRIs are made, or empty.
        own: the base of the publication.
        release: the id of the release that is asked.
    """

    column: str
    types: tuple[str, ...]
    given: dict[str, str]
    iri: str
    base: str
    own: str
    release: str


class State(msgspec.Struct, frozen=True):
    """How far a sheet has come: what is asked, of which table, and how many rows and bytes of it are written."""

    matching: Matching
    table: str
    rows: int = 0
    size: int = 0
    safe: int = 0


@dataclass
class Labels:
    """How candidates are called and described in the sheet."""

    label: Callable[[Candidate], str]
    description: Callable[[Candidate], str]


def unfinished(sheet: Path) -> State | None:
    """Return how far a sheet has come, or None where it is finished or not begun.

    Raises:
        SourceError: what says so cannot be read.
    """
    path = _state_path(sheet)
    try:
        return msgspec.json.decode(path.read_bytes(), type=State) if path.exists() else None
    except (msgspec.DecodeError, OSError) as problem:
        remedy = f"remove it and {sheet.name}, and begin anew"
        raise SourceError(str(path), "this does not say how far the sheet has come", remedy=remedy) from problem


def _state_path(sheet: Path) -> Path:
    return sheet.with_name(sheet.name + STATE_SUFFIX)


@dataclass
class Matcher:
    """Asks the rows of tables; what was asked once is not asked again."""

    matching: Matching
    reconciler: Reconciler
    labels: Labels
    _known: dict[tuple[str, ...], list[Candidate]] = field(default_factory=dict)

    def match(self, table: Path, sheet: Path, progress: Progress) -> State:
        """Write the answer sheet of a table, or the rest of it; return what it has come to.

        Raises:
            SourceError: the table cannot be read, or the sheet was begun for something else.
            OSError: the disk does not take it.
        """
        with table.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        state = self._begun(sheet, digest)
        with open_spreadsheet(table) as spreadsheet:
            asked = [self.matching.column, *self.matching.given.values()]
            spreadsheet.require([*asked, self.matching.iri] if self.matching.iri else asked)
            names = RowNames(spreadsheet.name, self.matching.base, self.matching.own)
            with sheet.open("r+b" if state.size else "wb") as file:
                file.truncate(state.size)
                file.seek(state.size)
                if not state.size:
                    file.write(line(header(self.matching.given)))
                for piece in _pieces(spreadsheet.rows()):
                    state = self._write(piece, state, names, file.write)
                    file.flush()
                    os.fsync(file.fileno())
                    state = msgspec.structs.replace(state, size=file.tell())
                    _keep(state, sheet)
                    progress(state.rows, state.safe)
        with suppress(FileNotFoundError):
            _state_path(sheet).unlink()
        return state

    def _begun(self, sheet: Path, digest: str) -> State:
        """Return how far the sheet has come."""
        found = unfinished(sheet)
        if found is None:
            return State(self.matching, digest)
        if found.table != digest or found.matching != self.matching:
            raise SourceError(
                str(sheet),
                "it was begun for another table, other columns or another release",
                remedy=f"remove {sheet.name} and {_state_path(sheet).name}, or name another with --output",
            )
        return found if sheet.exists() and sheet.stat().st_size >= found.size else State(self.matching, digest)

    def _write(self, piece: list[Row], state: State, names: RowNames, write: Callable[[bytes], object]) -> State:
        """Write the answers to some rows; those that the sheet has already only get their IRIs."""
        safe = state.safe
        for row in piece:
            name = row.cells[self.matching.column]
            iri = names.name(row.number, row.cells[self.matching.iri] if self.matching.iri else "", name)
            if row.number > state.rows:
                answer = self.answer(row, name, iri)
                safe += bool(answer.match)
                write(line(cells_of(answer)))
        return msgspec.structs.replace(state, rows=max(piece[-1].number, state.rows), safe=safe)

    def answer(self, row: Row, name: str, iri: str) -> Answer:
        """Return what a row may mean; one of totals means nothing."""
        from graph.sources.tabular.rows import total_of  # noqa: PLC0415  csvw takes a quarter of a second to import

        asked = "" if total_of(tuple(row.cells.values())) else name
        given = {each: row.cells[column] for each, column in self.matching.given.items()}
        found = self._candidates(asked[:LONGEST_NAME], given) if asked else []
        is_sure = bool(found) and found[0].match
        proposals = tuple(
            Proposal(each.entity.id, self.labels.label(each), self.labels.description(each), each.score)
            for each in found
        )  # fmt: skip
        match = found[0].entity.id if is_sure else ""
        return Answer(
            row.number, row.cells[self.matching.column], iri, self.matching.types, given, match, "", is_sure, proposals
        )

    def _candidates(self, name: str, given: dict[str, str]) -> list[Candidate]:
        key = (name, *given.values())
        found = self._known.get(key)
        if found is None:
            question = Question(name, self.matching.types, constraints=constraints(given), limit=SHOWN)
            found = self.reconciler.candidates(question)
            if len(self._known) < MOST_REMEMBERED:
                self._known[key] = found
        return found


def constraints(given: dict[str, str]) -> tuple[Constraint, ...]:
    """Return what a table says of a thing besides its name; empty cells say nothing."""
    return tuple(Constraint(name, (text,)) for name, text in given.items() if text)


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    piece = list[Row]()
    for row in rows:
        piece.append(row)
        if len(piece) == PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _keep(state: State, sheet: Path) -> None:
    path = _state_path(sheet)
    fresh = path.with_name(path.name + "-new")
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(path)
