"""Matching a table: every row is asked of the index; and what a checked answer sheet says then."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path

import msgspec

from graph.model.description import PERSON
from graph.model.errors import Said, Sentence, SourceError
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.names_index import Entity
from graph.parts.linking.reconciliation import Candidate, Constraint, EvidenceJudge, Question, Reconciler
from graph.parts.linksets.answer_sheet import (
    REFERENCE,
    SAME_AS,
    SHOWN,
    AnswerRow,
    Proposal,
    RowNames,
    SpreadsheetRow,
    cells_of,
    header,
    line,
    open_sheet,
    open_spreadsheet,
    predicate_of,
)

# Matching a table: every row is asked of the index, and what it may mean goes into an answer sheet, as it is found.
#
# The sheet is written piece by piece, and beside it how far it has come; so a run that was interrupted goes on where it
# stopped, with the release that it began with.

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
        given: property of ``graph.parts.linking.reconciliation.PROPERTIES`` → column.
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
        remedy = Sentence("remove it and %(name)s, and begin anew", name=sheet.name)
        raise SourceError(
            str(path), Sentence("this does not say how far the sheet has come"), remedy=remedy
        ) from problem


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
                Sentence("it was begun for another table, other columns or another release"),
                remedy=Sentence(
                    "remove %(name)s and %(other)s, or name another with --output",
                    name=sheet.name,
                    other=_state_path(sheet).name,
                ),
            )
        return found if sheet.exists() and sheet.stat().st_size >= found.size else State(self.matching, digest)

    def _write(
        self, piece: list[SpreadsheetRow], state: State, names: RowNames, write: Callable[[bytes], object]
    ) -> State:
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

    def answer(self, row: SpreadsheetRow, name: str, iri: str) -> AnswerRow:
        """Return what a row may mean; one of totals means nothing."""
        from graph.sources.csvw.records import total_of  # noqa: PLC0415  csvw takes a quarter of a second to import

        asked = "" if total_of(tuple(row.cells.values())) else name
        given = {each: row.cells[column] for each, column in self.matching.given.items()}
        found = self._candidates(asked[:LONGEST_NAME], given) if asked else []
        is_sure = bool(found) and found[0].match
        proposals = tuple(
            Proposal(each.entity.id, self.labels.label(each), self.labels.description(each), each.score)
            for each in found
        )  # fmt: skip
        match = found[0].entity.id if is_sure else ""
        return AnswerRow(
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


def _pieces(rows: Iterator[SpreadsheetRow]) -> Iterator[list[SpreadsheetRow]]:
    piece = list[SpreadsheetRow]()
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


# What a checked answer sheet says: mappings from the rows' things to ours, each with how it came about and how sure.
#
# A mapping is a value; as Turtle and as SSSOM it is written elsewhere. Persons are in none: a table of names must not
# become a table of people.

MANUAL, LEXICAL, SIMILAR = "ManualMappingCuration", "LexicalMatching", "LexicalSimilarityThresholdMatching"
"""Why one may believe a mapping, in the terms of SEMAPV."""
AGREED = 1.0
CONSIDERED = 50


@dataclass(frozen=True, slots=True)
class CheckedMapping:
    """One row's thing and ours.

    Attributes:
        row: the number of the row.
        subject: the IRI of the row's thing.
        subject_label: its name in the table.
        predicate: the property that links them.
        entity: ours.
        justification: a term of SEMAPV.
        confidence: how sure, from 0 to 1.
        is_negative: whether it says that they are not so related.
        remark: why the property is weaker than was asked for, or an empty string.
    """

    row: int
    subject: str
    subject_label: str
    predicate: str
    entity: Entity
    justification: str
    confidence: float
    is_negative: bool = False
    remark: str = ""


@dataclass
class Acceptance:
    """Makes mappings of answers."""

    sheet: Path
    search: Search
    reconciler: Reconciler
    names: RowNames
    everything_same: bool = False
    _evidence: EvidenceJudge = field(init=False)

    def __post_init__(self) -> None:
        """Take the evidence that the reconciler has."""
        self._evidence = self.reconciler.evidence

    def mappings(self) -> list[CheckedMapping]:
        """Return what the sheet says, in its order.

        Raises:
            SourceError: a cell holds what it may not, or a row has no IRI.
        """
        with open_sheet(self.sheet) as answers:
            return list(_without_shared(list(self._made(answers))))

    def _made(self, answers: Iterable[AnswerRow]) -> Iterator[CheckedMapping]:
        for answer in answers:
            if answer.match:
                yield self._mapping(answer)

    def _mapping(self, answer: AnswerRow) -> CheckedMapping:
        entity = self._entity(answer)
        subject = self.names.name(answer.row, answer.iri, answer.name)
        if not subject:
            raise self._error(
                answer, Sentence("the row has no IRI"), Sentence("say with --base below which to make one")
            )
        relation = answer.relation or ("same" if self.everything_same else "")
        candidate = self._candidate(answer, entity)
        predicate = predicate_of(entity.kinds, relation, all_holds=self._holds(answer, entity, candidate))
        is_wished = relation in ("same", "exact")
        remark = "not everything in the row agrees" if is_wished and predicate == REFERENCE else ""
        confidence = candidate.score / 100 if answer.is_automatic and candidate is not None else 1.0
        justification = MANUAL
        if answer.is_automatic and candidate is not None:
            is_exact = candidate.features["exact_name"] or candidate.features["identifier"]
            justification = LEXICAL if is_exact else SIMILAR
        return CheckedMapping(
            answer.row, subject, answer.name, predicate, entity, justification, round(confidence, 4),
            is_negative=relation == "not", remark=remark,
        )  # fmt: skip

    def _entity(self, answer: AnswerRow) -> Entity:
        found = self.search.candidates.identified(answer.match)
        if not found:
            problem = Sentence("nothing here has the id %(match)s", match=repr(answer.match[:100]))
            raise self._error(answer, problem, Sentence("write an id of the candidates, or leave it empty"))
        entity = self.search.index.entities(found[:1])[0]
        if PERSON in entity.kinds:
            raise self._error(answer, Sentence("persons are not linked"), Sentence("leave it empty"))
        return entity

    def _candidate(self, answer: AnswerRow, entity: Entity) -> Candidate | None:
        """Return what reconciliation thinks of the thing today; None where it does not think of it."""
        question = Question(answer.name, constraints=constraints(dict(answer.given)), limit=CONSIDERED)
        found = self.reconciler.candidates(question) if answer.name else []
        return next((each for each in found if each.entity.iri == entity.iri), None)

    def _holds(self, answer: AnswerRow, entity: Entity, candidate: Candidate | None) -> bool:
        """Whether the names are surely one, and everything else that the row says agrees."""
        if candidate is None or not candidate.is_sure:
            return False
        each = constraints(dict(answer.given))
        found = [self._evidence.agreement(entity, [one]) for one in each]
        return all(one is not None and one.value == AGREED for one in found)

    def _error(self, answer: AnswerRow, problem: Said, remedy: Said) -> SourceError:
        return SourceError(str(self.sheet), problem, answer.row + 1, "match", remedy)


def _without_shared(found: list[CheckedMapping]) -> Iterator[CheckedMapping]:
    """Yield mappings; no two rows are the very same thing, so of those that would be, none is."""
    shared = Counter(each.entity.iri for each in found if each.predicate == SAME_AS and not each.is_negative)
    for each in found:
        if each.predicate == SAME_AS and shared[each.entity.iri] > 1:
            yield replace(each, predicate=REFERENCE, remark="several rows are matched with it")
        else:
            yield each
