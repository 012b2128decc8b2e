"""Answering: which queries the columns answer, and how their rows become an answer in the wanted format.

Whether the engine or the columns are faster for a query, nobody can say from its text for sure; so both are timed, for
queries of one shape together, and the faster one is asked. The engine writes all answers, so that one looks the same
whoever found it.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from graph.model.errors import QuerySyntaxError
from graph.query.columns.plan import GroupPattern, Plan, UnsupportedError, read_plan
from graph.query.columns.solutions import MOST_ROWS, UNIT, Relation
from graph.query.columns.solving import NONE, Row, estimate, solve
from graph.query.columns.table import TIMES_FILE, LearntTimes, Times, TripleTable, open_table
from graph.query.embedded import write_answer
from graph.query.engine import QueryRequest

WORTH = re.compile(r"\b(?:COUNT|SUM|ORDER|CONTAINS|LANGMATCHES|STRSTARTS|STRENDS|DISTINCT)\b", re.IGNORECASE)
CONSTANTS = re.compile(r"<[^<>\s]*>|\"[^\"]*\"|'[^']*'|[0-9]+")
MOST_CHARACTERS = 8_000
LARGE_WORK = 250
SLOW_SECONDS = 0.0015


@dataclass(slots=True)
class Columns:
    """The columns of one release as one worker uses them.

    Attributes:
        folder: where the table is, or will be when it is made.
    """

    folder: Path
    _table: TripleTable | None = None
    _times: LearntTimes | None = None

    def opened(self) -> TripleTable | None:
        """Return the table, once it is made."""
        if self._table is None:
            self._table = open_table(self.folder)
            self._times = LearntTimes(self.folder / TIMES_FILE) if self._table is not None else None
        return self._table

    def answered(self, request: QueryRequest, output: IO[bytes]) -> bool:
        """Write the answer to a query; return False, with nothing written, where the engine has to."""
        times, table = self._times_of(request), self._table
        if times is None or table is None or times.columns == math.inf:
            return False
        if times.engine is not None and times.engine < (SLOW_SECONDS if times.columns is None else times.columns):
            return False
        began = time.perf_counter()
        try:
            plan = read_plan(request.text)
            small = plan.groups is None and plan.where.anything is None and _work(plan.where, table) < LARGE_WORK
            if times.engine is None and small:
                return False
            rows = solve(plan, table)
        except (UnsupportedError, QuerySyntaxError):
            times.learn(columns=math.inf)
            return False
        _write(plan, rows, request, output)
        times.learn(columns=time.perf_counter() - began)
        return True

    def engine_took(self, request: QueryRequest, seconds: float) -> None:
        """Note how long the engine took for a query."""
        times = self._times_of(request)
        if times is not None:
            times.learn(engine=seconds)

    def _times_of(self, request: QueryRequest) -> Times | None:
        """Return the times of queries of the same shape; None where the columns have nothing to say."""
        if self._times is None or request.form != "SELECT" or request.uses_graphs:
            return None
        text = request.text
        if len(text) > MOST_CHARACTERS or request.effective_dataset.is_named or not WORTH.search(text):
            return None
        return self._times.of(CONSTANTS.sub("", text))


def _work(group: GroupPattern, table: TripleTable) -> float:
    """Return about how many solutions one would go through, joining as ``joining`` does."""
    total = sum(_work(arm, table) for arms in group.unions for arm in arms)
    waiting, found = list(group.patterns), UNIT
    if group.unions:
        names = frozenset().union(*(each.variables for arm in group.unions[0] for each in arm.patterns))
        found = Relation(dict.fromkeys(names, NONE), int(total) + 1)
    while waiting:
        sizes = [estimate(each, found, table) for each in waiting]
        size = min(sizes)
        pattern = waiting.pop(sizes.index(size))
        total += size
        found = Relation({**found.columns, **dict.fromkeys(pattern.variables, NONE)}, math.ceil(min(size, MOST_ROWS)))
    return total


def _write(plan: Plan, rows: list[Row], request: QueryRequest, output: IO[bytes]) -> None:
    """Let the engine write a table of values, which it does in their order."""
    head = " ".join(f"?{name}" for name, _ in plan.columns)
    body = b" ".join(b"(" + b" ".join(term or b"UNDEF" for term in row) + b")" for row in rows)
    values = f"SELECT {head} WHERE {{ VALUES ({head}) {{ {body.decode()} }} }}"
    write_answer(ox.Store().query(values), request.format, output, directions=False)
