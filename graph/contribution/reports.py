"""The report that a contributor gets: what validation says of what they sent, and not of the rest of the release.

It is written to a file in the format that they want, by the process that has it; a few results go along as values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
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
    listed = results[:MOST]
    if form == "json":
        rows: dict[str, object] = {"conforms": report.conforms, "results": [_found(each) for each in listed]}
        if len(listed) < len(results):
            rows["results_in_all"] = len(results)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")
    elif form != "page":
        graph = _part(report, {each.focus for each in listed}, len(results))
        graph.serialize(path, format={"turtle": "turtle", "jsonld": "json-ld"}[form], encoding="utf-8")
    violations = report.count("Violation")
    shown = tuple(_found(each) for each in results[:SHOWN])
    return ReportPart(report.conforms, violations, len(results) - violations, shown)


def _found(result: Result) -> Found:
    return Found(result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape)


def _part(report: Report, focuses: set[str], count: int) -> Graph:
    """Return the report graph with the results about some nodes only (SHACL 3.6), of ``count`` in all."""
    part, whole = Graph(), report.graph
    part.bind("sh", SH)
    node = next(whole.subjects(RDF.type, SH.ValidationReport), URIRef("urn:x-hamkor:report"))
    part.add((node, RDF.type, SH.ValidationReport))
    part.add((node, SH.conforms, Literal(report.conforms)))
    if count > MOST:
        part.add((node, RDFS.comment, Literal(f"The first {MOST} of {count} results.", lang="en")))
    listed = (each for each in whole.objects(node, SH.result) if _n3(whole.value(each, SH.focusNode)) in focuses)
    for result in islice(listed, MOST):
        part.add((node, SH.result, result))
        for triple in _below(whole, result):
            part.add(triple)
    return part


def _n3(node: Node | None) -> str:
    return node.n3() if isinstance(node, URIRef | BNode | Literal) else ""


def _below(graph: Graph, node: Node) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples of a node and of the blank nodes below it, each node once."""
    waiting, seen = [node], {node}
    while waiting:
        for triple in graph.triples((waiting.pop(), None, None)):
            yield triple
            if isinstance(triple[2], BNode) and triple[2] not in seen:
                seen.add(triple[2])
                waiting.append(triple[2])
