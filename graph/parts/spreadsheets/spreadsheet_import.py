"""An import of a spreadsheet: a file in, things and every fault by its cell out.

Shapes are asked as for any contribution; what they say of a thing is said of its row, and of the cell from which the
value came. What becomes of it is ``import_writing``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyoxigraph as ox

from graph.catalogue.contents import personal_graphs
from graph.export.documents import prefixes, read_context
from graph.model.description import PERSON, kinds_of
from graph.model.errors import NO_WORDS, GraphNameError, Said, Sentence, SourceError, packed
from graph.model.publication import Publication, open_publication
from graph.model.rdf_terms import RDF_TYPE, RDFS_LABEL, unfit_name
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.name_comparison import fold
from graph.parts.linking.names_index import open_index
from graph.parts.linking.reconciliation import Reconciler
from graph.parts.proposals.form_fields import KnownThings
from graph.parts.proposals.new_things import local_name, personal_home
from graph.parts.proposals.proposed_rows import rows_of
from graph.parts.spreadsheets.cell_values import CellReader, LikelyThing
from graph.parts.spreadsheets.column_recognition import (
    COORDINATES,
    EMAIL,
    TELEPHONE,
    ClassVocabulary,
    ColumnRecogniser,
    ColumnUse,
    short,
    target_text,
)
from graph.parts.spreadsheets.import_memory import ImportMemory, hash_of, recall, remember_import
from graph.parts.spreadsheets.import_preview import (
    ImportColumn,
    ImportFinding,
    ImportLeftOut,
    ImportMatch,
    ImportNamed,
    ImportPreview,
    ImportRequest,
    ImportRow,
    Severity,
    ShownAlternative,
)
from graph.parts.spreadsheets.import_space import NEW, ImportSpace, NamedThing, NamedThings
from graph.parts.spreadsheets.imported_things import RowThing, ThingMaker, named_alike
from graph.parts.spreadsheets.sheet_cells import CellSheet, read_sheets, shown
from graph.parts.spreadsheets.table_layout import TableLayout, find_table
from graph.parts.spreadsheets.workbook_checks import address
from graph.parts.templates.fields import TemplateShapes
from graph.pipeline.write import GraphEdit, rehearse, stored_report
from graph.releases.exact_forms import open_forms
from graph.releases.release import Release, current_release
from graph.sources.batches import lines_of
from graph.validation.report import Result

TRIED = "import"
"""The graph in which things are tried out that go into none."""
MOST_FINDINGS, MOST_EXAMPLES, LONGEST_SHOWN = 2_000, 3, 200


@dataclass
class SpreadsheetImport:
    """One import, step by step.

    Attributes:
        request: what is asked for.
    """

    request: ImportRequest
    publication: Publication = field(init=False)
    release: Release = field(init=False)
    memory: ImportMemory = field(init=False)

    def __post_init__(self) -> None:
        """Open the publication, its current release and what is remembered.

        Raises:
            HamkorError: one of them cannot be read.
        """
        self.publication = open_publication(Path(self.request.root))
        self.release = current_release(self.publication)
        self.memory = recall(Path(self.request.memory)) if self.request.memory else ImportMemory()
        if self.request.graph and (fault := unfit_name(self.request.graph, self.publication.base)):
            raise GraphNameError(self.request.graph, fault)

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Prefix → namespace."""
        return prefixes(self.publication, read_context(self.publication))

    @cached_property
    def class_iri(self) -> str:
        """The class of the things.

        Raises:
            SourceError: no shape is for it, or its things are persons.
        """
        shapes, name = TemplateShapes(self.release.store, self.publication.base), self.request.class_name
        prefix, colon, local = name.partition(":")
        targets = shapes.targets()
        by_name = [each for each in targets if each.rstrip("/#").endswith((f"/{name}", f"#{name}"))]
        wanted = [
            name,
            self.prefixes.get(prefix, "") + local if colon else f"{self.publication.base}ns#{name}",
            *by_name,
        ]
        found = next((each for each in wanted if each in targets), "")
        if not found:
            known = ", ".join(short(each, self.prefixes) for each in targets)
            problem = Sentence("no shape is for things of the class %(name)s", name=repr(name[:200]))
            raise SourceError(self.request.name, problem, remedy=Sentence("name one of %(known)s", known=known))
        personal = personal_graphs(self.publication)
        if PERSON in kinds_of((found,), self.publication.base) or personal_home(
            self.release.store, self.publication.base, found, personal
        ):
            raise SourceError(
                self.request.name, Sentence("persons are not imported"),
                remedy=Sentence("a table of names must not become a table of people"),
            )  # fmt: skip
        return found

    @cached_property
    def things(self) -> KnownThings:
        """The things of the release, by name."""
        return KnownThings(self.release.store, self.publication.base, self.request.languages)

    @cached_property
    def vocabulary(self) -> ClassVocabulary:
        """What may be said of the things."""
        shapes = TemplateShapes(self.release.store, self.publication.base)
        return ClassVocabulary(shapes, self.class_iri, self.things, self.prefixes)

    @cached_property
    def sheets(self) -> list[tuple[CellSheet, TableLayout | None]]:
        """The sheets of the file, each with its table."""
        class_fit = self.vocabulary.fit
        found = read_sheets(Path(self.request.path), self.request.name)
        return [(each, find_table(each, class_fit)) for each in found]

    @cached_property
    def table(self) -> TableLayout:
        """The table that is meant: of the sheet that is named, or else whose headings fit best; hidden ones come last.

        Raises:
            SourceError: there is no such sheet, or it cannot be read.
        """
        wanted = self.request.sheet
        names = ", ".join(sheet.name for sheet, _ in self.sheets)
        for sheet, table in self.sheets:
            if wanted and sheet.name == wanted:
                if sheet.problem is not None:
                    raise sheet.problem
                if table is not None:
                    return table
        tables = [table for sheet, table in self.sheets if table is not None and not wanted]
        if not tables:
            problem = Sentence("there is no sheet %(name)s with cells", name=repr(wanted[:100]))
            raise SourceError(
                self.request.name, problem,
                remedy=Sentence("its sheets are: %(names)s", names=names[:1000]) if names.strip(", ") else NO_WORDS,
            )  # fmt: skip
        return max(tables, key=lambda each: (not each.sheet.is_hidden, each.fit))

    @cached_property
    def uses(self) -> tuple[ColumnUse, ...]:
        """What the columns mean."""
        recogniser = ColumnRecogniser(
            self.vocabulary, self.table, self.request.columns, self.memory.columns, self.request.name
        )
        return recogniser.uses()

    @cached_property
    def language(self) -> str:
        """The language of texts that do not say it.

        Raises:
            SourceError: what is said is the tag of none.
        """
        tag = (self.request.language or next(iter(self.publication.settings.languages), "en")).lower()
        try:
            ox.Literal("", language=tag)
        except ValueError as problem:
            said = Sentence("%(tag)s is no language", tag=repr(tag[:30]))
            raise SourceError(self.request.name, said, remedy=Sentence("write its tag, such as ru")) from problem
        return tag

    @cached_property
    def answers(self) -> dict[str, str]:
        """Folded text → IRI of the thing that it means.

        Raises:
            SourceError: an answer is no thing that is known.
        """
        index = open_index(self.release.folder)
        found = dict[str, str]()
        for text, said in self.request.answers.items():
            iri = "" if said.strip() in ("-", "") else said.strip()
            if iri and iri != NEW and "://" not in iri and index is not None:
                entities = Search(index, self.publication.base).candidates.identified(iri)
                iri = index.entities(entities[:1])[0].iri if entities else ""
                if not iri:
                    raise SourceError(
                        self.request.name, Sentence("nothing here has the id %(match)s", match=repr(said[:100])),
                        remedy=Sentence("write an IRI, an id as in place~termez, - for none, or new"),
                    )  # fmt: skip
            try:
                found[fold(text)] = ox.NamedNode(iri).value if iri not in ("", NEW) else iri
            except ValueError as problem:
                said_of_it = Sentence("%(text)s is no address (IRI)", text=repr(iri[:100]))
                raise SourceError(self.request.name, said_of_it) from problem
        return found

    @cached_property
    def made(self) -> ThingMaker:
        """The things, and what is wrong by cell."""
        index = open_index(self.release.folder)
        fields = {path: self.vocabulary.field_of(path) for use in self.uses for path in use.target.paths}
        given = {path: each for path, each in self.vocabulary.fields.items() if each.given}
        graph = self.request.graph
        nonce = local_name(graph.removeprefix(f"{self.publication.base}graph/")) if graph else ""
        space = ImportSpace(
            self.release.store, open_forms(self.release.folder), self.publication.base, self.request.base,
            self.class_iri, graph, nonce,
        )  # fmt: skip
        answers = _Answers(self.answers, self.memory.answers)
        reader = CellReader(
            {**given, **fields}, self.things,
            Reconciler(Search(index, self.publication.base)) if index is not None else None,
            self.language, NamedThings(self.vocabulary.shapes, self.things, space, answers), answers,
        )  # fmt: skip
        maker = ThingMaker(self.table, self.uses, reader, space, self.memory)
        maker.make()
        return maker

    @cached_property
    def gone(self) -> list[str]:
        """The things that the graph loses, as the table has them no more."""
        if self.request.adds:
            return []
        here = {each.iri for each in self.made.things}
        return [each for each in self.made.space.things_there() if each not in here]

    @cached_property
    def named(self) -> list[NamedThing]:
        """The new things that cells name, each once."""
        return list({one.iri: one for each in self.made.things for one in each.named}.values())

    def edit(self, graph: str) -> GraphEdit:
        """Return how a graph is edited, so that it says of the things what the table says."""
        changes = ((each.iri, change) for each in self.made.things for change in each.changes)
        rows = [
            row for iri, change in changes for row in rows_of(iri, [msgspec.structs.replace(change, graphs=(graph,))])
        ]
        going = {each.line for each in rows if not each.is_added}
        for iri in self.gone:
            stated = self.made.space.stated(iri)
            going |= lines_of(
                ox.Triple(ox.NamedNode(iri), ox.NamedNode(each.predicate), each.term)
                for each in stated.values.values()
                if graph in each.graphs
            )
        coming = {each.line for each in rows if each.is_added} | set(self._lines_of_named())
        return GraphEdit(graph, frozenset(coming), frozenset(going))

    def _lines_of_named(self) -> Iterator[bytes]:
        for each in self.named:
            subject = ox.NamedNode(each.iri)
            yield from lines_of(ox.Triple(subject, ox.NamedNode(path), term) for path, term in each.statements())

    def statements(self) -> bytes:
        """Return all that the table says of its things, as N-Triples."""
        kind = ox.NamedNode(self.class_iri)
        triples = [
            triple
            for each in self.made.things
            for triple in (
                ox.Triple(ox.NamedNode(each.iri), ox.NamedNode(RDF_TYPE), kind),
                *(ox.Triple(ox.NamedNode(each.iri), ox.NamedNode(path), term) for path, term in each.values),
            )
        ]
        lines = [*(line for one in triples for line in lines_of([one])), *self._lines_of_named()]
        return b"".join(line + b"\n" for line in dict.fromkeys(lines))

    def preview(self, *, asks_shapes: bool = True) -> ImportPreview:
        """Return what would come of it; the shapes are asked where nothing else is wrong in the whole table.

        Raises:
            HamkorError: the file, or what is said of it, cannot be understood.
        """
        findings = [*self._of_cells(), *self._of_table()]
        if asks_shapes and self.made.things:
            findings += self._of_shapes()
        order = ("fault", "warning", "remark")
        findings.sort(key=lambda each: order.index(each.severity))
        table = self.table
        return ImportPreview(
            self.class_iri, table.sheet.name, tuple(self._others()), tuple(each + 1 for each in table.heading_rows),
            tuple(self._column(each) for each in self.uses), tuple(self._fields()), tuple(findings[:MOST_FINDINGS]),
            tuple(self._left_out()),
            tuple(self._matches()), tuple(map(self._row, self.made.things)), tuple(self.gone), self.language,
            sum(each.severity == "fault" for each in findings),
            sum(each.severity == "fault" and not each.is_of_shapes for each in findings),
            self.statements(), self.release.id, tuple(map(self._named, self.named)),
        )  # fmt: skip

    def _others(self) -> Iterator[tuple[str, Any]]:
        for sheet, table in self.sheets:
            if sheet is self.table.sheet:
                continue
            reason: Said = Sentence("it has no cells")
            if sheet.problem is not None:
                reason = sheet.problem.problem
            elif table is not None:
                reason = Sentence("its headings fit less well")
                if sheet.is_hidden:
                    reason = Sentence("it is hidden")
            yield sheet.name, packed(reason)

    def _left_out(self) -> Iterator[ImportLeftOut]:
        for each in sorted(self.table.left_out, key=lambda one: one.row):
            yield ImportLeftOut(each.row + 1, each.text[:LONGEST_SHOWN], packed(each.reason))

    def _column(self, use: ColumnUse) -> ImportColumn:
        cells = dict.fromkeys(shown(each).strip()[:LONGEST_SHOWN] for each in self.table.cells(use.column))
        return ImportColumn(
            address(0, use.column)[:-1], use.heading, target_text(use.target, self.prefixes), use.how,
            round(use.score, 2), packed(use.reason), tuple(cells)[:MOST_EXAMPLES],
        )  # fmt: skip

    def _fields(self) -> Iterator[tuple[str, dict[str, str], bool]]:
        for path, of in self.vocabulary.fields.items():
            yield short(path, self.prefixes), dict(of.names), of.has_languages
        for path, names in COORDINATES.items():
            if path not in self.vocabulary.fields:
                yield "|".join(short(each, self.prefixes) for each in path.split("|")), dict(names), False

    def _row(self, thing: RowThing) -> ImportRow:
        state: Literal["new", "changed", "same"] = "new" if thing.is_new else "changed" if thing.changes else "same"
        values = tuple((short(path, self.prefixes), str(term)) for path, term in thing.values)
        return ImportRow(thing.row + 1, thing.iri, thing.label[:LONGEST_SHOWN], state, values, tuple(thing.changes))

    def _named(self, each: NamedThing) -> ImportNamed:
        said = [(path, term) for path, term in each.statements() if path != RDFS_LABEL]
        return ImportNamed(
            each.iri, each.name.value, tuple((short(path, self.prefixes), str(term)) for path, term in said)
        )

    def _matches(self) -> Iterator[ImportMatch]:
        for each in self.made.matches:
            yield ImportMatch(
                address(each.row, each.column), each.match.text, _shown(each.match.taken),
                tuple(map(_shown, each.match.alternatives)),
            )  # fmt: skip

    # What is wrong, by cell

    def _of_cells(self) -> Iterator[ImportFinding]:
        for each in self.made.problems:
            severity: Severity = "fault" if each.problem.is_fault and not self.request.leaves_out else "remark"
            if each.problem.is_fault and self.request.leaves_out:
                severity = "warning"
            found = self._finding(severity, each.row, each.column, each.problem.problem, each.problem.remedy)
            yield msgspec.structs.replace(
                found, alternatives=tuple(map(_shown, each.problem.alternatives)), may_be_new=each.problem.may_be_new,
                asks=each.problem.asks,
            )  # fmt: skip
        for thing, other in named_alike(self.release.store, self.made.things, self.class_iri):
            problem = Sentence("a thing that is called so is here already: <%(iri)s>", iri=other)
            remedy = Sentence("if it is the same, write its IRI into a column IRI")
            yield self._finding("warning", thing.row, self._label_column, problem, remedy)
        if self.request.graph:
            yield from self._of_others()

    def _of_others(self) -> Iterator[ImportFinding]:
        """Yield changes of what other graphs say: a contributor proposes them."""
        for thing in self.made.things:
            others = [each for each in thing.changes if each.graphs != (self.request.graph,)]
            if others:
                use = self._use_of(others[0].predicate)
                problem = Sentence("<%(iri)s> is described by others, and the row says it otherwise", iri=thing.iri)
                remedy = Sentence("propose the change, or leave the row out")
                yield self._finding("fault", thing.row, use.column if use is not None else None, problem, remedy)

    def _of_table(self) -> Iterator[ImportFinding]:
        sheet = self.table.sheet
        if not self.made.things and not self.made.problems:
            problem = Sentence("below the heading there is no row of which a thing can be made")
            yield ImportFinding("fault", "", "", "", packed(problem), "")
        for row in sorted(sheet.marks.hidden_rows & {*self.table.rows}):
            yield self._finding("remark", row, None, Sentence("the row is hidden, and is read like the others"))
        for use in self.uses:
            if use.column in sheet.marks.hidden_columns and use.target.role != "none":
                problem = Sentence("the column is hidden, and is read like the others")
                letter = address(0, use.column)[:-1]
                yield ImportFinding("remark", letter, use.heading, "", packed(problem), "")
        for use in self.uses:
            if use.target.paths[:1] and use.target.paths[0] in (TELEPHONE, EMAIL):
                problem = Sentence("this is published with the thing, for everybody to see")
                remedy = Sentence("leave out what is a person's own, unless they have agreed")
                letter = address(0, use.column)[:-1]
                yield ImportFinding("remark", letter, use.heading, "", packed(problem), packed(remedy))
        if sheet.cut[0] > 0 or sheet.cut[1] > 0:
            problem = Sentence(
                "behind the table there are %(rows)s empty rows and %(columns)s empty columns",
                rows=max(sheet.cut[0], 0), columns=max(sheet.cut[1], 0),
            )  # fmt: skip
            yield ImportFinding("remark", "", "", "", packed(problem), "")

    def _finding(
        self, severity: Severity, row: int, column: int | None, problem: Said, remedy: Said = NO_WORDS
    ) -> ImportFinding:
        place = address(row, column) if column is not None else str(row + 1)
        value = shown(self.table.sheet.rows[row][column])[:LONGEST_SHOWN] if column is not None else ""
        heading = self.table.heading(column) if column is not None else ""
        return ImportFinding(severity, place, heading, value, packed(problem), packed(remedy))

    @cached_property
    def _label_column(self) -> int | None:
        return next((use.column for use in self.uses if use.target.paths[:1] == (RDFS_LABEL,)), None)

    def _use_of(self, path: str, value: str | None = None) -> ColumnUse | None:
        """Return the column from which a value of a property came."""
        uses = [each for each in self.uses if path in each.target.paths]
        tag = value.rpartition("@")[2] if value and value.startswith('"') and "@" in value.rpartition('"')[2] else ""
        exact = [each for each in uses if each.target.language == tag]
        return next(iter((*exact, *uses)), None)

    def _of_shapes(self) -> Iterator[ImportFinding]:
        graph = self.request.graph or self.publication.graph(TRIED)
        edit = self.edit(graph)
        if not edit.added and not edit.removed:
            return
        who = self.request.contributor
        report = rehearse(self.publication, [edit], contributor=who, tells_withheld=who is not None)
        rows = {f"<{each.iri}>": each.row for each in self.made.things}
        by_message = dict[tuple[str, ...], list[ImportFinding]]()
        for each in report.new_since(stored_report(self.release, self.publication.base), rows):
            found = self._of_shape(each, rows.get(each.focus))
            is_common = found.severity == "warning"
            key = (found.severity, str(found.problem), "" if is_common else f"{found.cell} {found.value}")
            by_message.setdefault(key, []).append(found)
        for several in by_message.values():
            yield msgspec.structs.replace(several[0], rows=len(several))

    def _of_shape(self, result: Result, row: int | None) -> ImportFinding:
        severity: Severity = "fault" if result.severity == "Violation" else "warning"
        messages = dict(result.messages)
        if row is None:
            return ImportFinding(severity, "", "", result.focus[:LONGEST_SHOWN], messages, is_of_shapes=True)
        use = self._use_of(result.path, result.value) if result.path is not None else None
        column = use.column if use is not None else None
        heading = use.heading if use is not None else ""
        cell = shown(self.table.sheet.rows[row][column])[:LONGEST_SHOWN] if column is not None else ""
        place = address(row, column) if column is not None else str(row + 1)
        return ImportFinding(severity, place, heading, cell, messages, is_of_shapes=True)

    def remember(self) -> None:
        """Remember it for the next time, where that is wanted.

        Raises:
            OSError: the disk does not take it.
        """
        if self.request.memory:
            known = (each for each in self.uses if each.heading)
            wanted = [each for each in known if (each.target.role != "none" or each.how == "hand")]
            columns = {each.heading: target_text(each.target, self.prefixes) for each in wanted}
            answers = {hash_of(text): iri for text, iri in self.answers.items()}
            remember_import(self.made.memory_after(columns, answers), Path(self.request.memory))


class _Answers(dict[str, str]):
    """What was answered: now by the texts, the last time by their hashes."""

    def __init__(self, now: Mapping[str, str], before: Mapping[str, str]) -> None:
        super().__init__(now)
        self._before = before

    def get(self, text: str, otherwise: Any = None) -> Any:  # noqa: ANN401  as dict has it
        """Return the thing that a folded text means."""
        return super().get(text) if text in self.keys() else self._before.get(hash_of(text), otherwise)

    def __contains__(self, text: object) -> bool:
        return super().__contains__(text) or hash_of(str(text)) in self._before


def _shown(each: LikelyThing) -> ShownAlternative:
    return ShownAlternative(each.iri, each.label, round(each.score, 1))
