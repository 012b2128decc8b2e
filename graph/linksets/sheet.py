"""The answer sheet: for each row of a table the things that it may mean, for a person to check and to fill in.

A CSV file, so that any spreadsheet program opens it. What is decided stands in the columns ``match`` and ``relation``;
everything else is there to decide by. It holds all that accepting it needs, so that the table itself is not read again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from graph.errors import SourceError
from graph.linksets.spreadsheet import Row, open_spreadsheet

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
class Answer:
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


def cells_of(answer: Answer) -> list[str]:
    """Return an answer as the cells of a line."""
    decided = [answer.match, answer.relation, YES if answer.is_sure else ""]
    cells = [str(answer.row), answer.name, answer.iri, " ".join(answer.types), *answer.given.values(), *decided]
    for each in answer.proposals[:SHOWN]:
        cells += (each.id, each.label, each.description, f"{each.score:g}")
    return cells


@contextmanager
def open_sheet(path: Path) -> Iterator[Iterator[Answer]]:
    """Give the answers of a sheet, in whatever encoding it has come back.

    Raises:
        SourceError: it is no answer sheet; or, while it is read, a cell holds what it may not.
    """
    with open_spreadsheet(path) as table:
        missing = [each for each in (ROW, NAME, MATCH, "id") if each not in table.columns]
        if missing:
            problem = f"this is no answer sheet: it has no column {missing[0]!r}"
            raise SourceError(str(path), problem, remedy="make one with hamkor link FILE --column …")
        table.require((ROW, NAME, MATCH))
        yield (_answer(each, str(path)) for each in table.rows())


def _answer(row: Row, name: str) -> Answer:
    cells, line_number = row.cells, row.number + 1
    relation = cells.get(RELATION, "").lower()
    if relation not in RELATIONS:
        known = ", ".join(each for each in RELATIONS if each)
        raise SourceError(name, f"{relation!r} is no relation", line_number, RELATION, f"write one of {known}, or none")
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
    return Answer(
        number, cells[NAME], cells.get(IRI, ""), types, given, cells[MATCH], relation, is_sure, tuple(proposals)
    )  # fmt: skip


def _score(text: str) -> float:
    """Return a score, however a spreadsheet program has rewritten it."""
    try:
        return max(0.0, min(100.0, float(text.replace(",", "."))))
    except ValueError:
        return 0.0
