"""The answer sheet of a matched table: what each row may mean, under which IRI, by which property."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pyoxigraph as ox
from anyascii import anyascii

from graph.model.errors import Sentence, SourceError
from graph.model.namespaces import DCT, OWL, SCHEMA, SKOS
from graph.parts.linksets.spreadsheets import SpreadsheetRow, open_spreadsheet

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
        relation: what a person says, a key of ``graph.parts.linksets.answer_sheet.RELATIONS``.
        all_holds: whether nothing that the table says of it differs from what is known here.
    """
    if CONCEPT in kinds:
        return OF_CONCEPTS[relation]
    found = OF_THINGS[relation]
    return REFERENCE if found == SAME_AS and not all_holds else found
