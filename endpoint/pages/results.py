"""What was found, for a page: the answer of a query, the results of a validation, what two releases differ in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.http.languages import N_, translated
from endpoint.pages.term_names import Names, Shown, names_for, text_in
from endpoint.urls import Urls
from graph.model.description import CONTACTS, contact_published
from graph.model.formats import RESULTS_JSON, TURTLE
from graph.query.engine import QueryForm
from graph.query.saved_queries import ExampleQuery
from graph.releases.history import changed_graphs, difference
from graph.releases.release import Release

if TYPE_CHECKING:
    from graph.validation.report import Report, Severity


# The page of a query's answer: a table of solutions, yes or no, or triples as Turtle.
#
# It shows the beginning of a long answer and says so; the whole is one link away.

MOST_ROWS = 1_000
MOST_CHARACTERS = 200_000
CONVERTED = MappingProxyType({
    "SELECT": RESULTS_JSON, "ASK": RESULTS_JSON, "CONSTRUCT": TURTLE, "DESCRIBE": TURTLE,
})  # fmt: skip
"""The format from which the page of an answer is made, by query form."""


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """What the page of an answer shows; one of ``rows``, ``truth`` and ``turtle`` is there.

    Attributes:
        columns: what the columns are called: in a stored question's answer by its own names for them, else by the
            variables.
        rows: the solutions that are shown; None where a variable is unbound.
        total: how many solutions there are.
        truth: the answer of an ASK.
        turtle: the triples of a CONSTRUCT or DESCRIBE.
        is_cut: whether the answer goes on.
    """

    columns: tuple[Shown, ...] = ()
    rows: tuple[tuple[Shown | None, ...], ...] = ()
    total: int = 0
    truth: bool | None = None
    turtle: str | None = None
    is_cut: bool = False


def results_page(
    form: QueryForm,
    body: IO[bytes],
    snapshot: Snapshot,
    urls: Urls,
    languages: tuple[str, ...],
    question: ExampleQuery | None = None,
) -> ResultsPage:
    """Return the page of an answer in the format that ``CONVERTED`` names for its form.

    Args:
        form: the query's.
        body: the answer.
        snapshot: the release.
        urls: where one reads on.
        languages: what the reader prefers.
        question: the stored query that was asked, if it is one.
    """
    if form in ("CONSTRUCT", "DESCRIBE"):
        text = body.read(4 * MOST_CHARACTERS + 1).decode(errors="ignore")
        return ResultsPage(turtle=text[:MOST_CHARACTERS], is_cut=len(text) > MOST_CHARACTERS)
    results = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    if isinstance(results, ox.QueryBoolean):
        return ResultsPage(truth=bool(results))
    variables = tuple(each.value for each in results.variables)
    rows, total = [], 0
    for solution in results:
        total += 1
        if total <= MOST_ROWS:
            rows.append(tuple(solution))
    iris = (term.value for row in rows for term in row if isinstance(term, ox.NamedNode))
    names = names_for(snapshot, urls, languages, iris)
    shown = tuple(tuple(None if term is None else _cell(term, names, snapshot) for term in row) for row in rows)
    columns = tuple(_column(each, question, languages) for each in variables)
    return ResultsPage(columns, shown, total, is_cut=total > MOST_ROWS)


def _cell(term: object, names: Names, snapshot: Snapshot) -> Shown:
    """Return a term; with a telephone or an address of mail, when it was published."""
    shown = names.term(term)
    if isinstance(term, ox.NamedNode) and term.value.startswith(CONTACTS):
        period = contact_published(snapshot.release.store, term.value)
        text = translated("as published %(period)s; may have changed", period=str(period))
        return replace(shown, note=text) if period else shown
    return shown


def _column(variable: str, question: ExampleQuery | None, languages: tuple[str, ...]) -> Shown:
    text, language = text_in(question.columns.get(variable, {}), languages) if question else ("", "")
    return Shown(text or variable, language)


# What a page shows of two releases' difference, and of what validation said: a piece of each, by names.
#
# It takes as much as fits a page; the whole is to be had as data. It compares nothing and validates nothing.

MOST_LINES, LEAST_LINES = 200, 5
"""How many lines all graphs of a difference show together, and each of them where there are very many."""
LONGEST_LINE = 400
SEVERITIES = (N_("Violation"), N_("Warning"), N_("Info"))
"""What templates write of a result's severity."""


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed in one graph.

    Attributes:
        graph: the graph.
        added: how many statements have come.
        removed: how many have gone.
        sample: some of them as N-Triples, each with whether it has come.
    """

    graph: Shown
    added: int
    removed: int
    sample: tuple[tuple[bool, str], ...]

    @property
    def more(self) -> int:
        """How many are not in the sample."""
        return self.added + self.removed - len(self.sample)


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """One validation result: how grave, about what, along which path, of which value (N-Triples), in which words."""

    severity: Severity
    focus: Shown
    path: Shown | None
    value: str
    message: Shown


def changes(old: Release | None, new: Release, names: Names) -> Iterator[Change]:
    """Yield what is different, graph by graph.

    Raises:
        ReleaseError: a graph cannot be read.
    """
    graphs = changed_graphs(old, new)
    most = max(LEAST_LINES, MOST_LINES // max(1, len(graphs)))
    for iri in graphs:
        counts, sample = {True: 0, False: 0}, list[tuple[bool, str]]()
        for part in difference(old, new, (iri,)):
            counts[part.added] += len(part.lines)
            shown = part.lines[: max(0, most - len(sample))]
            sample += [(part.added, _cut(line.decode())) for line in shown]
        yield Change(names.thing(iri), counts[True], counts[False], tuple(sample))


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def findings(report: Report, most: int, names: Names, languages: Sequence[str]) -> Iterator[ChangedFinding]:
    """Yield the first results of a report, worst first.

    Args:
        report: what was found.
        most: how many results.
        names: what nodes and properties are called.
        languages: in which the messages are preferred.
    """
    for each in report.results[:most]:
        is_iri = each.focus.startswith("<")
        focus = names.thing(each.focus[1:-1]) if is_iri else Shown(each.focus)
        path = names.thing(each.path) if each.path else None
        text = each.message(languages)
        tag = next((tag for tag, said in each.messages.items() if said == text), "")
        yield ChangedFinding(each.severity, focus, path, each.value or "", Shown(text, tag))
