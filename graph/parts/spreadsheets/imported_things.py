"""Rows become things: each with its IRI, the same as the last time, and with what changes of it by its cells.

A cell that says what is stated already changes nothing, in whatever spelling it is stated; a cell that could not be
read takes nothing away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

import pyoxigraph as ox

from graph.export.views import SEPARATORS
from graph.model.description import LABEL_PROPERTIES
from graph.model.errors import Sentence
from graph.model.rdf_terms import RDF_TYPE, RDFS_LABEL, XSD, Term, finite_number
from graph.parts.linking.name_comparison import fold
from graph.parts.proposals.new_things import WITHIN, lies_at_a_point
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import ThingStatements
from graph.parts.spreadsheets.cell_values import CellMatch, CellProblem, CellReader, LikelyThing
from graph.parts.spreadsheets.column_recognition import ColumnUse
from graph.parts.spreadsheets.import_memory import ImportMemory, RememberedRow, hash_of
from graph.parts.spreadsheets.import_space import COORDINATES, ImportSpace, NamedThing, PlaceDoubt, position_in
from graph.parts.spreadsheets.sheet_cells import Cell, is_blank, shown
from graph.parts.spreadsheets.table_layout import TableLayout
from graph.parts.templates.fields import Value

NEAR = Decimal("0.000001")
"""Degrees that are the same: a tenth of a metre."""
LEAST_ALIKE = 2
"""So many cells of a row whose key has changed must be as they were, for it to be the same thing."""


@dataclass(frozen=True, slots=True)
class PlacedProblem:
    """What is wrong at a place of the sheet: row and column from 0, the column None for the whole row."""

    row: int
    column: int | None
    problem: CellProblem


@dataclass(frozen=True, slots=True)
class PlacedMatch:
    """A name in a cell that was taken for a thing."""

    row: int
    column: int
    match: CellMatch


@dataclass
class RowThing:
    """The thing of a row.

    Attributes:
        row: the number of the row, from 0.
        iri: the thing.
        label: what the row calls it.
        is_new: whether nothing is stated of it yet.
        values: all that its cells say.
        changes: what changes of it.
        key: by what it is known again.
        named: new things that its cells name.
    """

    row: int
    iri: str
    label: str
    is_new: bool
    values: list[tuple[str, Value]] = field(default_factory=list)
    changes: list[ValueChange] = field(default_factory=list)
    key: str = ""
    named: list[NamedThing] = field(default_factory=list)


@dataclass
class ThingMaker:
    """Makes things of the rows of a table.

    Attributes:
        table: the table.
        uses: what its columns mean.
        reader: reads its cells.
        space: names things, and knows what is stated.
        memory: what is remembered of the last time.
    """

    table: TableLayout
    uses: Sequence[ColumnUse]
    reader: CellReader
    space: ImportSpace
    memory: ImportMemory
    problems: list[PlacedProblem] = field(default_factory=list)
    matches: list[PlacedMatch] = field(default_factory=list)
    things: list[RowThing] = field(default_factory=list)

    @cached_property
    def valued(self) -> list[ColumnUse]:
        """The columns that hold values of properties."""
        return [each for each in self.uses if each.target.role == "values"]

    def make(self) -> None:
        """Make all of them; what is wrong is in ``problems`` then, what was matched in ``matches``."""
        for use in self.valued:
            self.reader.look_at(use, self.table.cells(use.column))
        keys = {row: self._key(row) for row in self.table.rows}
        iris = self._iris(keys)
        for row in self.table.rows:
            if (iri := iris.get(row)) is not None:
                self.things.append(self._thing(row, iri, keys[row]))
        for doubt in self.reader.named.settle((each.row, each.values) for each in self.things):
            self._tell_doubt(doubt)
        for each in self.things:
            each.named = self.reader.named.among(each.values)

    def _tell_doubt(self, doubt: PlaceDoubt) -> None:
        column = next((use.column for use in self.valued if doubt.path in use.target.paths), None)
        likely = tuple(LikelyThing(each, self.reader.things.label(each), 0.0) for each in doubt.likely)
        problem = CellProblem(doubt.problem, doubt.remedy, doubt.is_fault, likely, asks=doubt.asks)
        self.problems.append(PlacedProblem(doubt.row, column, problem))

    def _cell(self, row: int, column: int) -> Cell:
        return self.table.sheet.rows[row][column]

    def _of_role(self, role: str) -> ColumnUse | None:
        return next((each for each in self.uses if each.target.role == role), None)

    def _labels(self) -> list[ColumnUse]:
        labelled = [each for each in self.valued if each.target.paths[0] in LABEL_PROPERTIES]
        return sorted(labelled, key=lambda each: LABEL_PROPERTIES.index(each.target.paths[0]))

    def label(self, row: int) -> str:
        """Return what a row calls its thing; empty where it does not."""
        texts = (shown(self._cell(row, each.column)).strip() for each in self._labels())
        return next((" ".join(each.split()) for each in texts if each), "")

    def _key(self, row: int) -> str:
        """Return by what the thing of a row is known again: its key, or what it is called."""
        column = self._of_role("key")
        text = shown(self._cell(row, column.column)).strip() if column is not None else ""
        return f"key {text}" if text else f"name {fold(self.label(row))}" if self.label(row) else ""

    # Which thing a row is

    def _iris(self, keys: Mapping[int, str]) -> dict[int, str]:
        found, first = dict[int, str](), dict[str, int]()
        count = Counter[str]()
        unknown = list[tuple[int, str]]()
        for row, key in keys.items():
            count[key] += bool(key)
            own_key = f"{key} {count[key]}" if count[key] > 1 else key
            if (iri := self._given(row)) is not None:
                if iri:
                    found[row] = iri
            elif not key:
                self._tell_nameless(row)
            elif self._is_told_alike(row, first.setdefault(key, row)):
                continue
            elif (known := self.memory.rows.get(hash_of(own_key))) is not None:
                found[row] = known.iri
            else:
                unknown.append((row, key))
        self._similar(unknown, found)
        taken = Counter(found.values())
        for row, key in unknown:
            if row not in found:
                found[row] = self._new_iri(row, key, taken)
                taken[found[row]] += 1
        self._tell_twice(found)
        return found

    def _given(self, row: int) -> str | None:
        """Return the IRI that a row says its thing has; None where it says none, empty where it is no IRI."""
        column = self._of_role("iri")
        text = shown(self._cell(row, column.column)).strip() if column is not None else ""
        if not text or column is None:
            return None
        try:
            if ":" in text:
                return ox.NamedNode(text).value
        except ValueError:
            pass
        problem = CellProblem(
            Sentence("%(text)s is no address (IRI)", text=repr(text[:100])),
            Sentence("write one that begins with https://, or leave the cell empty"),
        )
        self.problems.append(PlacedProblem(row, column.column, problem))
        return ""

    def _tell_nameless(self, row: int) -> None:
        labels = self._labels()
        remedy = Sentence("write a name") if labels else Sentence("say which column holds the names")
        self.problems.append(
            PlacedProblem(
                row, labels[0].column if labels else None, CellProblem(Sentence("the row has no name"), remedy)
            )
        )

    def _similar(self, unknown: Sequence[tuple[int, str]], found: dict[int, str]) -> None:
        """Find out which rows are known but for their key: exactly one remembered row says else just the same."""
        left = [each for each in self.memory.rows.values() if each.iri not in found.values()]
        if not left or not unknown:
            return
        for row, _ in unknown:
            cells = self._hashes(row)
            alike = [
                (sum(cells.get(path) == said for path, said in each.cells.items()), each)
                for each in left
                if each.iri not in found.values()
            ]
            best = max((score for score, _ in alike), default=0)
            same = [each for score, each in alike if score == best]
            enough = len(same) == 1 and best >= LEAST_ALIKE and best * 2 >= len(same[0].cells)
            if enough:
                found[row] = same[0].iri
                problem = Sentence("taken for <%(iri)s>, which was called otherwise the last time", iri=same[0].iri)
                self.problems.append(PlacedProblem(row, None, CellProblem(problem, is_fault=False)))

    def _hashes(self, row: int) -> dict[str, str]:
        """Return, by what a column means, what stands for its cell."""
        found = dict[str, str]()
        for use in self.valued:
            cell = self._cell(row, use.column)
            if not is_blank(cell):
                found[f"{use.target.paths[0]}@{use.target.language}"] = hash_of(shown(cell).strip())
        return found

    def _new_iri(self, row: int, key: str, taken: Mapping[str, int]) -> str:
        text = key.removeprefix("key ") if key.startswith("key ") else self.label(row)
        number = 1
        while taken.get(iri := self.space.named(text, number), 0):
            number += 1
        return iri

    def _is_told_alike(self, row: int, first: int) -> bool:
        """Tell of a row whose key or name is that of another, and return whether nothing is made of it therefore."""
        if row == first:
            return False
        column, labels = self._of_role("key"), self._labels()
        if column is not None and not is_blank(self._cell(row, column.column)):
            problem = Sentence("this is the key of row %(row)s, too", row=str(first + 1))
            fault = CellProblem(problem, Sentence("give each row a key of its own"))
            self.problems.append(PlacedProblem(row, column.column, fault))
            return True
        problem = Sentence("row %(row)s is called so, too: only their order tells them apart", row=str(first + 1))
        remedy = Sentence("give the table a column of keys, so that each is known again")
        self.problems.append(
            PlacedProblem(row, labels[0].column if labels else None, CellProblem(problem, remedy, is_fault=False))
        )
        return False

    def _tell_twice(self, found: dict[int, str]) -> None:
        first = dict[str, int]()
        for row, iri in list(found.items()):
            if (other := first.setdefault(iri, row)) != row:
                del found[row]
                problem = Sentence("the row is the same thing as row %(row)s: <%(iri)s>", row=str(other + 1), iri=iri)
                remedy = Sentence("leave one of them, or give each its own IRI")
                self.problems.append(PlacedProblem(row, None, CellProblem(problem, remedy)))

    # What is said of it

    def _thing(self, row: int, iri: str, key: str) -> RowThing:
        stated = self.space.stated(iri)
        made = RowThing(row, iri, self.label(row), is_new=not stated.values, key=key)
        kept, unread = set[tuple[str, Term]](), set[str]()
        for use in self.valued:
            cell = self._cell(row, use.column)
            if (reason := self._unusable(row, use.column)) is not None:
                self.problems.append(PlacedProblem(row, use.column, reason))
                unread.update(use.target.paths)
                continue
            if (same := self._as_stated(cell, use, stated)) is not None:
                kept.update(same)
                continue
            read = self.reader.read(cell, use)
            made.values += read.values
            self.matches += (PlacedMatch(row, use.column, each) for each in read.matches)
            self.problems += (PlacedProblem(row, use.column, each) for each in read.problems)
            if any(each.is_fault for each in read.problems):
                unread.update(use.target.paths)
        made.values = list(dict.fromkeys(made.values))
        self._tell_region(made)
        self._check_most(made)
        made.changes = list(self._changes(made, stated, kept, unread))
        made.values += [(path, term) for path, term in kept if isinstance(term, ox.NamedNode | ox.Literal)]
        return made

    def _tell_region(self, made: RowThing) -> None:
        """Say in which region a new thing lies that is a place itself, where its coordinates tell it and no column."""
        named, at, kind = self.reader.named, position_in(made.values), self.space.class_iri
        has_column = any(WITHIN in each.target.paths for each in self.valued)
        if made.is_new and at is not None and not has_column and lies_at_a_point(kind, self.space.base):
            region, doubts = named.region(kind, at, made.row)
            made.values += [(WITHIN, ox.NamedNode(region))] if region else []
            for each in doubts:
                self._tell_doubt(each)

    def _unusable(self, row: int, column: int) -> CellProblem | None:
        marks = self.table.sheet.marks
        if (text := marks.errors.get((row, column))) is not None:
            return CellProblem(
                Sentence("the formula comes to the error %(text)s", text=text),
                Sentence("correct it, or write the value"),
            )
        if (row, column) in marks.valueless:
            remedy = Sentence("open the file in a spreadsheet program, and save it")
            return CellProblem(Sentence("the formula has never been computed"), remedy)
        return None

    def _as_stated(self, cell: Cell, use: ColumnUse, stated: ThingStatements) -> set[tuple[str, Term]] | None:
        """Return the values that a cell shows as a table of the class does; None where it shows others, or nothing."""
        if is_blank(cell) or not stated.values:
            return None
        if set(use.target.paths) & set(COORDINATES):
            return self._as_stated_point(cell, use, stated)
        path, text = use.target.paths[0], shown(cell).strip()
        terms = [each.term for each in stated.values.values() if each.predicate == path]
        by_kind = dict[str, list[Value]]()
        for each in sorted(terms, key=str):
            if isinstance(each, ox.NamedNode | ox.Literal):
                if each.value.strip() == text and self._may_be(each, use):
                    return {(path, each)}
                by_kind.setdefault(_kind(each), []).append(each)
        for kind in by_kind.values():
            texts = [each.value for each in kind]
            may_be = all(self._may_be(each, use) for each in kind)
            if len(kind) > 1 and may_be and any(sep.join(texts).strip() == text for sep in (*SEPARATORS, " ")):
                return {(path, each) for each in kind}
        return None

    def _as_stated_point(self, cell: Cell, use: ColumnUse, stated: ThingStatements) -> set[tuple[str, Term]] | None:
        """Return the coordinates that a cell shows in whatever notation; None where it shows others."""
        known = [each for each in stated.values.values() if each.predicate in use.target.paths]
        read = self.reader.read(cell, use).values
        same: set[tuple[str, Term]] = {
            (path, each.term)
            for path, term in read
            for each in known
            if each.predicate == path and isinstance(each.term, ox.Literal) and _is_near(each.term, term)
        }
        return same if read and len({path for path, _ in same}) == len(read) else None

    def _may_be(self, term: Term, use: ColumnUse) -> bool:
        if isinstance(term, ox.Literal) and use.target.language:
            return (term.language or "").lower() == use.target.language
        return True

    def _check_most(self, made: RowThing) -> None:
        """Tell of more values than there may be: one column would silently win over another."""
        for path, of in self.reader.fields.items():
            values = [term for each, term in made.values if each == path]
            if of.most is not None and len(values) > of.most:
                column = next((each.column for each in self.valued if path in each.target.paths), None)
                problem = Sentence("there are %(number)s values, and may be %(most)s", number=len(values), most=of.most)
                self.problems.append(
                    PlacedProblem(made.row, column, CellProblem(problem, Sentence("leave out the others")))
                )

    def _changes(
        self, made: RowThing, stated: ThingStatements, kept: set[tuple[str, Term]], unread: set[str]
    ) -> Iterator[ValueChange]:
        """Yield what changes: values that come, and those that a column of this table would show and does not."""
        there = {(each.predicate, each.term): each for each in stated.values.values()}
        coming = [each for each in made.values if each not in there]
        said = {*made.values, *kept}
        going = [
            each
            for each in stated.values.values()
            if not each.fixed and (each.predicate, each.term) not in said and each.predicate not in unread
            and self._is_covered(each.predicate, each.term)
        ]  # fmt: skip
        graph = (self.space.graph or stated.main_graph,)
        if made.is_new:
            yield ValueChange(RDF_TYPE, "", f"<{self.space.class_iri}>", graph)
            yield from self._given_values(made, graph)
        for path, term in coming:
            old = next((each for each in going if each.predicate == path), None)
            if old is not None:
                going.remove(old)
            yield ValueChange(path, str(old.term) if old else "", str(term), old.graphs if old else graph)
        for each in going:
            yield ValueChange(each.predicate, str(each.term), "", each.graphs)

    def _given_values(self, made: RowThing, graph: tuple[str, ...]) -> Iterator[ValueChange]:
        """Yield the values that there must be in any case, where no column says others."""
        mapped = {path for each in self.valued for path in each.target.paths}
        for path, of in self.reader.fields.items():
            if path not in mapped and not of.classes:
                for term in (each for each in of.given if isinstance(each, ox.NamedNode | ox.Literal)):
                    made.values.append((path, term))
                    yield ValueChange(path, "", str(term), graph)

    def _is_covered(self, path: str, term: Term) -> bool:
        """Whether a column would show this value, if the thing still had it."""
        uses = [each for each in self.valued if path in each.target.paths]
        if not isinstance(term, ox.Literal) or not term.language:
            return bool(uses)
        tags = {each.target.language for each in uses}
        return term.language.lower() in tags or "" in tags

    def memory_after(self, columns: Mapping[str, str], answers: Mapping[str, str]) -> ImportMemory:
        """Return what is to be remembered of this import."""
        count, rows = Counter[str](), dict[str, RememberedRow]()
        for each in self.things:
            count[each.key] += 1
            key = f"{each.key} {count[each.key]}" if count[each.key] > 1 else each.key
            rows[hash_of(key)] = RememberedRow(each.iri, self._hashes(each.row))
        return ImportMemory(dict(columns), {**self.memory.answers, **answers}, rows)


def _is_near(one: Value, other: Value) -> bool:
    numbers = [finite_number(each.value, XSD + "double") for each in (one, other)]
    return numbers[0] is not None and numbers[1] is not None and abs(numbers[0] - numbers[1]) <= NEAR


def _kind(term: ox.NamedNode | ox.Literal) -> str:
    if isinstance(term, ox.NamedNode):
        return ""
    return f"@{term.language.lower()}" if term.language else term.datatype.value


def named_alike(store: ox.Store, things: Iterable[RowThing], class_iri: str) -> Iterator[tuple[RowThing, str]]:
    """Yield new things that are called just as one of their class that is there already, with that one."""
    merge, kind = ox.DefaultGraph(), ox.NamedNode(class_iri)
    for each in things:
        names = [term for path, term in each.values if path == RDFS_LABEL] if each.is_new else []
        for name in names:
            quads = store.quads_for_pattern(None, ox.NamedNode(RDFS_LABEL), name, merge)
            same = [quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)]
            of_class = [
                one.value
                for one in same
                if next(store.quads_for_pattern(one, ox.NamedNode(RDF_TYPE), kind, merge), None) is not None
            ]
            if of_class and of_class[0] != each.iri:
                yield each, of_class[0]
                break
