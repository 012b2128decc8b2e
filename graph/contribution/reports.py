"""The report that a contributor gets: what validation says of what they sent, and not of the rest of the release.

It is written to a file in the format that they want, by the process that has it; a few results go along as values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from graph.contribution.values import Found, ReportFormat, ReportPart
from graph.sources.chunks import Chunk
from graph.validation.report import Report, Result

SHOWN = 200


def subjects_of(chunks: Iterable[Chunk]) -> frozenset[str]:
    """Return the subjects of some chunks, in N-Triples syntax."""
    return frozenset(line[: line.index(b" ")].decode() for chunk in chunks for line in chunk.lines())


def write_report(report: Report, about: frozenset[str], path: Path, form: ReportFormat) -> ReportPart:
    """Write what a report says about some nodes, and all violations, to a file; return it in short.

    Args:
        report: of a whole release.
        about: the nodes, in N-Triples syntax.
        path: the file; nothing is written for a page.
        form: how to write it.
    """
    results = [each for each in report.results if each.severity == "Violation" or each.focus in about]
    if form == "json":
        rows = {"conforms": report.conforms, "results": [_found(each) for each in results]}
        path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
    elif form != "page":
        graph = _part(report, {each.focus for each in results})
        graph.serialize(path, format={"turtle": "turtle", "jsonld": "json-ld"}[form], encoding="utf-8")
    violations = report.count("Violation")
    shown = tuple(_found(each) for each in results[:SHOWN])
    return ReportPart(report.conforms, violations, len(results) - violations, shown)


def _found(result: Result) -> Found:
    return Found(result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape)


def _part(report: Report, focuses: set[str]) -> Graph:
    """Return the report graph with the results about some nodes only (SHACL 3.6)."""
    part, whole = Graph(), report.graph
    part.bind("sh", SH)
    node = next(whole.subjects(RDF.type, SH.ValidationReport), URIRef("urn:x-hamkor:report"))
    part.add((node, RDF.type, SH.ValidationReport))
    part.add((node, SH.conforms, Literal(report.conforms)))
    for result in whole.objects(node, SH.result):
        focus = whole.value(result, SH.focusNode)
        if focus is not None and focus.n3() in focuses:
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
