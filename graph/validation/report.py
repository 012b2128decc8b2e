"""The outcome of validation as values: what is wrong with which node, in which words, in which file.

It reads pySHACL's report graph (SHACL 3.6) and writes text; it validates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Literal as Choice

import pyoxigraph as ox
from rdflib import SH, Graph, URIRef
from rdflib.namespace import RDF
from rdflib.plugins.serializers.turtle import TurtleSerializer
from rdflib.term import BNode, Literal, Node

from graph.model.description import preferred_tag
from graph.model.errors import HamkorError, Said, Sentence
from graph.model.rdf_terms import XSD
from graph.sources.document_checks import DocumentWarning
from graph.validation.exact_terms import from_oxigraph, quiet_rdflib

Severity = Choice["Violation", "Warning", "Info"]
SEVERITIES: tuple[Severity, ...] = ("Violation", "Warning", "Info")
TEXT_LIMIT = 200
COMPONENT = "urn:x-hamkor:constraint"
"""The constraint component of results that no shape of the publication gives."""
READING = "urn:x-hamkor:shape:reading"
"""The source shape of results about how a document was read."""
DEEPEST = 50
"""So far blank nodes within a result are compared by what they say; a path of SHACL is never as deep."""


class Messages(dict[str, str]):
    """Messages by language tag; a value of a result, so two are equal, and hash equal, by what they say."""

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash what they say."""
        return hash(frozenset(self.items()))


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result.

    Attributes:
        severity: how bad it is.
        focus: the focus node, in N-Triples syntax.
        path: the result path's predicate as an IRI, or None where it is no single predicate or there is none.
        value: the offending value in N-Triples syntax, or None.
        messages: the shape's messages by language tag ("" for none).
        shape: IRI (or blank node label) of the source shape.
        component: IRI of the constraint component.
        files: the source files that speak of the focus node, the ones that state the value first.
        node: what it is called in the report graph; two results are equal whatever they are called.
    """

    severity: Severity
    focus: str
    path: str | None
    value: str | None
    messages: Messages
    shape: str
    component: str
    files: tuple[str, ...] = ()
    node: Node | None = field(default=None, compare=False)

    @property
    def signature(self) -> tuple[str | None, ...]:
        """What two reports have in common where they find the same fault, whatever their texts are."""
        return self.severity, self.focus, self.path, self.value, self.shape, self.component

    def message(self, languages: Sequence[str]) -> str:
        """Return the message in the first of the languages that it has, else in any."""
        exact = next((each for each in languages[:1] if each in self.messages), None)
        return self.messages.get(preferred_tag(self.messages, languages) if exact is None else exact, "")

    def text(self, languages: Sequence[str]) -> str:
        """Return one line: file, severity, node, path, value, message."""
        parts = (f"{self.severity}: {self.focus}", self.path and f"<{self.path}>", self.value and _short(self.value))
        place = f"{', '.join(self.files)}: " if self.files else ""
        return f"{place}{' '.join(part for part in parts if part)}: {self.message(languages)}"


@dataclass
class ValidationFailedError(HamkorError):
    """The data does not conform to the shapes; nothing was released."""

    report: Report

    @property
    def sentence(self) -> Said:
        """How many violations there are, and what stays."""
        return Sentence(
            "%(count)s violations; nothing was released, the current release stays",
            count=str(self.report.count("Violation")),
        )


Locate = Callable[[str, str | None, str | None], tuple[str, ...]]
"""Which files speak of a focus node (in N-Triples syntax), a path (an IRI) and a value (in N-Triples syntax)."""


@dataclass(frozen=True)
class Report:
    """All results, worst first, and the report graph that pySHACL wrote: each result stands once in both."""

    results: tuple[Result, ...]
    graph: Graph

    @property
    def conforms(self) -> bool:
        """Whether nothing of severity sh:Violation was found (warnings pass)."""
        return not self.count("Violation")

    def count(self, severity: Severity) -> int:
        """Return how many results have the severity."""
        return sum(result.severity == severity for result in self.results)

    @property
    def warnings(self) -> int:
        """How many results keep no data out: those of every severity below sh:Violation."""
        return len(self.results) - self.count("Violation")

    def new_since(self, before: Report, about: Container[str]) -> list[Result]:
        """Return what an earlier report does not say: of some nodes all of it, of others what keeps data out."""
        known = {each.signature for each in before.results}
        fresh = (each for each in self.results if each.signature not in known)
        return [each for each in fresh if each.focus in about or each.severity == "Violation"]

    def located(self, locate: Locate) -> Report:
        """Return the same report with other files."""
        found = [replace(each, files=locate(each.focus, each.path, each.value)) for each in self.results]
        return Report(tuple(sorted(found, key=_order)), self.graph)

    def merged(self, dropped: Collection[Node], more: Graph) -> Graph:
        """Return the report graph without some results and with those of another one."""
        graph, report = Graph(namespace_manager=self.graph.namespace_manager), BNode()
        for source, without in ((self.graph, frozenset(dropped)), (more, frozenset[Node]())):
            for result in source.objects(None, SH.result):
                if result not in without:
                    graph.add((report, SH.result, result))
                    _copy(source, result, graph)
        graph.add((report, RDF.type, SH.ValidationReport))
        graph.add((report, SH.conforms, Literal((report, SH.result, None) not in graph)))
        return graph

    def turtle(self) -> bytes:
        """Return the report graph as Turtle, with every literal in the form in which it was written."""
        stream = BytesIO()
        _ExactTurtle(self.graph).serialize(stream, encoding="utf-8")
        return stream.getvalue()

    def lines(self, languages: Sequence[str]) -> Iterator[str]:
        """Yield the results as text, a line each."""
        return (result.text(languages) for result in self.results)


def parse_report(turtle: bytes, shapes: Graph) -> Report:
    """Return a report that ``Report.turtle`` wrote, without files."""
    quiet_rdflib()
    graph = Graph()
    for triple in ox.parse(turtle, ox.RdfFormat.TURTLE, lenient=True):
        graph.add((from_oxigraph(triple.subject), from_oxigraph(triple.predicate), from_oxigraph(triple.object)))
    return read_report(graph, shapes)


def read_report(graph: Graph, shapes: Graph, locate: Locate = lambda *_: ()) -> Report:
    """Return the report that pySHACL wrote into ``graph``.

    Args:
        graph: the report graph.
        shapes: the shapes graph; pySHACL drops the languages of a SPARQL constraint's messages, it still has them.
        locate: says which files speak of a statement.
    """
    graph = _each_once(graph)
    tags = {str(each): each.language or "" for each in shapes.objects(None, SH.message) if isinstance(each, Literal)}
    found = [_result(graph, node, tags, locate) for node in graph.objects(None, SH.result)]
    return Report(tuple(sorted(found, key=_order)), graph)


def _each_once(graph: Graph) -> Graph:
    """Return a report graph in which no two results say the same, as where a node is the target of a shape twice."""
    results = list(graph.objects(None, SH.result))
    distinct = {_said(graph, each): each for each in results}
    if len(distinct) == len(results):
        return graph
    once = Graph(namespace_manager=graph.namespace_manager)
    for report in graph.subjects(RDF.type, SH.ValidationReport):
        for predicate, object_ in graph.predicate_objects(report):
            if predicate != SH.result:
                once.add((report, predicate, object_))
        for each in distinct.values():
            once.add((report, SH.result, each))
            _copy(graph, each, once)
    return once


def _said(graph: Graph, node: Node, within: frozenset[Node] = frozenset()) -> Node | frozenset[object]:
    """Return what is said of a node and of the blank nodes below it, whatever these are called."""
    inside = within | {node}
    if len(inside) > DEEPEST:
        return node
    said = frozenset(
        (predicate, _said(graph, each, inside) if isinstance(each, BNode) and each not in inside else each)
        for predicate, each in graph.predicate_objects(node)
    )
    return said or node


class _ExactTurtle(TurtleSerializer):
    """Turtle without abbreviated literals: rdflib writes ``"1"^^xsd:boolean`` as 1 and ``"4"^^xsd:decimal`` as 4.0."""

    def label(self, node: Node, position: int) -> str:
        """Return a term in Turtle."""
        if isinstance(node, Literal):
            return node.n3()
        return super().label(node, position)


def _copy(source: Graph, node: Node, target: Graph) -> None:
    """Copy what is said of a node, and of the blank nodes within it."""
    waiting = [node]
    while waiting:
        subject = waiting.pop()
        for predicate, object_ in source.predicate_objects(subject):
            if isinstance(object_, BNode) and (object_, None, None) not in target:
                waiting.append(object_)
            target.add((subject, predicate, object_))


def _order(result: Result) -> tuple[int, tuple[str, ...], str, str, str, str, str]:
    where = SEVERITIES.index(result.severity)
    return where, result.files, result.focus, result.path or "", result.value or "", result.shape, result.component


def _result(graph: Graph, node: Node, tags: Mapping[str, str], locate: Locate) -> Result:
    focus, path, value = (graph.value(node, each) for each in (SH.focusNode, SH.resultPath, SH.value))
    severity = str(graph.value(node, SH.resultSeverity)).removeprefix(str(SH))
    predicate = path if isinstance(path, URIRef) else None
    result = Result(
        severity=next((each for each in SEVERITIES if each == severity), "Violation"),
        focus=_n3(focus),
        path=str(predicate) if predicate is not None else None,
        value=_n3(value) if value is not None else None,
        messages=Messages(
            (getattr(each, "language", None) or tags.get(str(each), ""), str(each))
            for each in sorted(graph.objects(node, SH.resultMessage), key=str)
        ),
        shape=str(graph.value(node, SH.sourceShape)),
        component=str(graph.value(node, SH.sourceConstraintComponent)),
        node=node,
    )
    return replace(result, files=locate(result.focus, result.path, result.value))


def _n3(node: Node | None) -> str:
    return node.n3() if node is not None and hasattr(node, "n3") else str(node)


def _short(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}…"


def empty_report() -> Report:
    """Return the report of a publication that has no shapes: it conforms."""
    graph = Graph()
    node = URIRef("urn:x-hamkor:report")
    graph.add((node, RDF.type, SH.ValidationReport))
    graph.add((node, SH.conforms, Literal(True)))
    return Report((), graph)


def with_results(report: Report, more: Iterable[Result]) -> Report:
    """Return a report with more results, in its graph, too (SHACL 3.6)."""
    more = tuple(replace(each, node=BNode()) for each in more)
    if not more:
        return report
    graph = Graph()
    for triple in report.graph:
        graph.add(triple)
    node = next(graph.subjects(RDF.type, SH.ValidationReport), URIRef("urn:x-hamkor:report"))
    graph.set((node, SH.conforms, Literal(False)))  # no result at all may be there (SHACL 3.6.1.1)
    for each in more:
        _add(graph, node, each)
    return Report(tuple(sorted((*more, *report.results), key=lambda each: SEVERITIES.index(each.severity))), graph)


def with_warnings(report: Report, warnings: Iterable[DocumentWarning], graph: str) -> Report:
    """Return a report with what is told of documents that were read, as warnings about the graph that they are for."""
    return with_results(report, (
        Result("Warning", f"<{graph}>", None, None, Messages(each.messages()), READING, COMPONENT, (each.place,))
        for each in warnings
    ))  # fmt: skip


def _add(graph: Graph, report: Node, result: Result) -> None:
    if (node := result.node) is None:
        return
    graph.add((report, SH.result, node))
    graph.add((node, RDF.type, SH.ValidationResult))
    graph.add((node, SH.resultSeverity, SH[result.severity]))
    graph.add((node, SH.focusNode, URIRef(result.focus[1:-1])))
    graph.add((node, SH.sourceShape, URIRef(result.shape)))
    graph.add((node, SH.sourceConstraintComponent, URIRef(result.component)))
    if result.path is not None:
        graph.add((node, SH.resultPath, URIRef(result.path)))
    if result.value is not None:
        graph.add((node, SH.value, _term(result.value)))
    for language, text in result.messages.items():
        graph.add((node, SH.resultMessage, Literal(text, lang=language)))


def _term(text: str) -> URIRef | Literal:
    """Return a term in N-Triples syntax as rdflib's; of a triple term its text."""
    if text.startswith("<<"):
        return Literal(text)
    quad = next(ox.parse(f"<x:s> <x:p> {text} .", format=ox.RdfFormat.N_TRIPLES, lenient=True))
    term = quad.object
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if not isinstance(term, ox.Literal):
        return Literal(text)
    if term.language:
        return Literal(term.value, lang=term.language)
    datatype = None if term.datatype.value == f"{XSD}string" else URIRef(term.datatype.value)
    return Literal(term.value, datatype=datatype, normalize=False)
