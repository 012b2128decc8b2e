"""What validation found, and what two releases differ in, for a page: a piece of each, named for one reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from endpoint.http.languages import N_
from endpoint.pages.term_names import Names, Shown
from graph.parts.contribution.contributed_document import FoundResult, SentDocument
from graph.releases.history import changed_graphs, difference
from graph.releases.release import Release

if TYPE_CHECKING:
    from graph.validation.report import Report, Severity


# What validation found, for a page: findings that are alike are one entry with the places where it was found.
#
# Alike are those that one shape makes of one property in the same words; nodes, values and what mends them may differ.

OPEN = 3
"""So many places of an entry are seen at once; the others unfold."""
UNNAMED = SentDocument("", "").name
"""What a document is called that has no name: a page need not say so."""


@dataclass(frozen=True, slots=True)
class FindingPlace:
    """Where something was found.

    Attributes:
        document: the name of the document, or an empty string where it has none.
        line: in it, where that is known.
        focus: the node, in N-Triples syntax; below the base as a relative IRI.
        value: the offending value, or None.
    """

    document: str
    line: int | None
    focus: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of a report.

    Attributes:
        said: what is said once: the first of the results.
        remedies: how to mend it, by language, each once.
        places: where, each once, from the first line of each document on.
    """

    said: FoundResult
    remedies: tuple[dict[str, str], ...]
    places: tuple[FindingPlace, ...]

    @property
    def shown(self) -> Sequence[FindingPlace]:
        """The places that are seen at once; never all but one."""
        return self.places if len(self.places) <= OPEN + 1 else self.places[:OPEN]

    @property
    def further(self) -> Sequence[FindingPlace]:
        """The places that unfold."""
        return self.places[len(self.shown) :]


def folded(results: Iterable[FoundResult], base: str) -> list[Finding]:
    """Return results as entries, each where its first place stands."""
    alike = dict[tuple[object, ...], list[FoundResult]]()
    for each in results:
        alike.setdefault((each.severity, each.shape, each.path, *sorted(each.messages.items())), []).append(each)
    return [_finding(found, base) for found in alike.values()]


def _finding(found: Sequence[FoundResult], base: str) -> Finding:
    remedies = {tuple(each.remedy.items()): each.remedy for each in found if each.remedy}
    places = dict.fromkeys(_place(each, base) for each in found)
    in_order = sorted(places, key=lambda each: (each.document, each.line or 0))
    return Finding(found[0], tuple(remedies.values()), tuple(in_order))


def _place(result: FoundResult, base: str) -> FindingPlace:
    document = "" if result.document == UNNAMED else result.document
    value = None if result.value == result.focus else result.value
    return FindingPlace(document, result.line, result.focus.replace(f"<{base}", "<", 1), value)


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
