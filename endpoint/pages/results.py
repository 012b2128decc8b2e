"""The page of a query's answer: a table of solutions, yes or no, or triples as Turtle.

It shows the beginning of a long answer and says so; the whole is one link away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import IO

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.http.languages import translated
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.term_names import Names, Shown, names_for
from endpoint.urls import Urls
from graph.model.description import CONTACTS, contact_published
from graph.model.formats import RESULTS_JSON, TURTLE
from graph.query.engine import QueryForm
from graph.query.saved_queries import ExampleQuery

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
