"""The report that a contributor gets: what validation says of what they sent, and not of the rest of the release.

It is written to a file in the format that they want, by the process that has it; a few results go along as values.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

from graph.contribution.values import Found, ReportFormat, ReportPart
from graph.sources.chunks import Chunk
from graph.validation.report import Report, Result

SHOWN = 200
MOST = 5000
"""So many results are listed; how many there are is said."""
COLUMNS = ("severity", "document", "line", "node", "property", "value", "message", "why", "remedy", "example")
FORMULAS = tuple("=+-@")
"""Cells that begin so are not to be calculated by spreadsheet programs: what is in them was sent by somebody."""


def subjects_of(chunks: Iterable[Chunk]) -> frozenset[str]:
    """Return the subjects of some chunks, in N-Triples syntax."""
    return frozenset(line[: line.index(b" ")].decode() for chunk in chunks for line in chunk.lines())


def results_about(report: Report, about: frozenset[str], *, only: bool = False) -> list[Result]:
    """Return what a report says about some nodes, in N-Triples syntax; also all violations, unless ``only`` these."""
    return [each for each in report.results if each.focus in about or (each.severity == "Violation" and not only)]


@dataclass(frozen=True)
class Telling:
    """How results are told.

    Attributes:
        found: makes of a result what people get of it.
        languages: of a report in one language, the best first.
        checked: how many things of which class were looked at.
    """

    found: Callable[[Result], Found]
    languages: Sequence[str] = ()
    checked: dict[str, int] = field(default_factory=dict)


def write_report(
    report: Report, results: Sequence[Result], path: Path, form: ReportFormat, telling: Telling | None = None
) -> ReportPart:
    """Write some results of a report to a file; return them in short.

    Args:
        report: of a whole release.
        results: those that matter here.
        path: the file; nothing is written for a page, nor where the disk does not take it: what is returned then has
            to do, since a write that was published is not to fail for its report.
        form: how to write it.
        telling: how to tell them.
    """
    telling = telling or Telling(_found)
    violations = sum(each.severity == "Violation" for each in results)
    try:
        _write(report, results, path, form, telling)
    except OSError:
        path.unlink(missing_ok=True)
    conforms = not violations
    shown = tuple(telling.found(each) for each in results[:SHOWN])
    return ReportPart(conforms, violations, len(results) - violations, shown, telling.checked)


def _write(report: Report, results: Sequence[Result], path: Path, form: ReportFormat, telling: Telling) -> None:
    conforms, listed = not any(each.severity == "Violation" for each in results), results[:MOST]
    if form == "json":
        rows: dict[str, object] = {"conforms": conforms, "results": [telling.found(each) for each in listed]}
        rows |= {"checked": telling.checked} if telling.checked else {}
        if len(listed) < len(results):
            rows["results_in_all"] = len(results)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
    elif form == "csv":
        path.write_bytes(_table((telling.found(each) for each in listed), telling.languages))
    elif form != "page":
        graph = _part(report, listed, len(results), conforms=conforms)
        graph.serialize(path, format={"turtle": "turtle", "jsonld": "json-ld"}[form], encoding="utf-8")


def _table(results: Iterable[Found], languages: Sequence[str]) -> bytes:
    """Return results as CSV, in one language."""

    def best(texts: dict[str, str]) -> str:
        return next((texts[each] for each in languages if each in texts), next(iter(texts.values()), ""))

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in results:
        place = (each.document, str(each.line or ""), each.focus, each.path or "", each.value or "")
        cells = (each.severity, *place, best(each.messages), best(each.why), best(each.remedy), each.example)
        writer.writerow([f"'{cell}" if cell.startswith(FORMULAS) else cell for cell in cells])
    return text.getvalue().encode()


def _found(result: Result) -> Found:
    return Found(result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape)


def _part(report: Report, results: Iterable[Result], count: int, *, conforms: bool) -> Graph:
    """Return the report graph with some results only (SHACL 3.6), of ``count`` in all."""
    part, whole = Graph(), report.graph
    part.bind("sh", SH)
    node = next(whole.subjects(RDF.type, SH.ValidationReport), URIRef("urn:x-hamkor:report"))
    part.add((node, RDF.type, SH.ValidationReport))
    part.add((node, SH.conforms, Literal(conforms)))
    if count > MOST:
        part.add((node, RDFS.comment, Literal(f"The first {MOST} of {count} results.", lang="en")))
    for result in (each.node for each in results if each.node is not None):
        part.add((node, SH.result, result))
        for triple in _below(whole, result):
            part.add(triple)
    return part


def _below(graph: Graph, node: Node) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples of a node and of the blank nodes below it, each node once."""
    waiting, seen = [node], {node}
    while waiting:
        for triple in graph.triples((waiting.pop(), None, None)):
            yield triple
            if isinstance(triple[2], BNode) and triple[2] not in seen:
                seen.add(triple[2])
                waiting.append(triple[2])
