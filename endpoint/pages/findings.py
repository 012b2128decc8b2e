"""What two releases differ in, and what validation said of one, for a page: a piece of each, named for one reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from endpoint.http.languages import N_
from endpoint.pages.term_names import Names, Shown
from graph.releases.history import changed_graphs, difference
from graph.releases.release import Release

if TYPE_CHECKING:
    from graph.validation.report import Report, Severity


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
