"""The work that a writing request or an update means, in a process of its own, and the report its sender gets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import msgspec
import pyoxigraph as ox
from rdflib import SH, BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS
from rdflib.term import Node

from graph.catalogue.contents import personal_graphs
from graph.export.documents import prefixes, read_context
from graph.model.contributors import EVERY_GRAPH, Contributor, may_write
from graph.model.errors import PreconditionError, QuerySyntaxError, ReleaseError, Sentence, SourceError
from graph.model.publication import Publication, open_publication
from graph.model.rdf_terms import RDF_TYPE
from graph.parts.contribution.contributed_document import (
    Contribution,
    FoundResult,
    Outcome,
    ReportFormat,
    ReportPart,
    SentDocument,
    Update,
    read_documents,
)
from graph.parts.contribution.evaluation import UpdateScope, UpdateState, carry_out, check_scope
from graph.parts.contribution.update_reading import Operation, read_update
from graph.parts.templates.advice import Advice, Adviser
from graph.parts.templates.fields import TemplateShapes
from graph.pipeline.write import Delete, GraphEdit, Post, Published, Put, Write, publish, rehearse
from graph.releases.release import Patience, Release, current_release
from graph.sources.batches import Chunk
from graph.sources.csvw.conversion import TableFile, read_rows
from graph.sources.document_checks import DocumentWarning
from graph.validation.report import READING, Report, Result, ValidationFailedError, with_warnings

# The report that a contributor gets: what validation says of what they sent, and not of the rest of the release.
#
# It is written to a file in the format that they want, by the process that has it; a few results go along as values.

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

    found: Callable[[Result], FoundResult]
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
        _write_report(report, results, path, form, telling)
    except OSError:
        path.unlink(missing_ok=True)
    conforms = not violations
    shown = tuple(telling.found(each) for each in results[:SHOWN])
    return ReportPart(conforms, violations, len(results) - violations, shown, telling.checked)


def _write_report(report: Report, results: Sequence[Result], path: Path, form: ReportFormat, telling: Telling) -> None:
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


def _table(results: Iterable[FoundResult], languages: Sequence[str]) -> bytes:
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


def _found(result: Result) -> FoundResult:
    return FoundResult(result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape)


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


# Where a document speaks of a thing: the line of its subject, and that of a property of it.
#
# A reading for people's sake, beside the parser, which gives no positions: it follows prefixes, subjects and predicates
# of Turtle and its kin, finds names in JSON-LD and RDF/XML, and rows of tables. What it does not find has no line.

MOST_READ = 8 << 20
TOKEN = re.compile(
    r"""(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)|(?P<comment>\#[^\n]*)
    |(?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<directive>@prefix\b|@base\b|\bprefix\b|\bbase\b)|(?P<tag>@[A-Za-z][\w-]*)
    |(?P<name>[^\W\d_]?[\w.·-]*:(?:[\w:%·-]|\\.|\.(?=[\w:%·\\-]))*)|(?P<a>\ba\b)|(?P<sign>[.;,\[\](){}])|(?P<other>[\w+-]+|\S)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
OPENING, CLOSING = "[({", "])}"
SUBJECT, PREDICATE, OBJECT = range(3)
"""What is due."""


@dataclass
class Positions:
    """Lines by subject, and by subject and predicate; the first of each."""

    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, line: int, subject: str, predicate: str = "") -> None:
        """Take down where something stands, if it is its first time."""
        self.lines.setdefault((subject, predicate), line)

    def line(self, subject: str, predicate: str | None) -> int | None:
        """Return the line of a statement about a thing, else that where the thing begins."""
        return self.lines.get((subject, predicate or "")) or self.lines.get((subject, ""))


def positions(document: SentDocument, nodes: Iterable[str], base: str, graph: str) -> Positions:
    """Return where a document speaks of some things.

    Args:
        document: one that has been read without an error.
        nodes: their IRIs.
        base: the publication's base, for tables.
        graph: the IRI against which relative ones are resolved.
    """
    found, wanted = Positions(), frozenset(nodes)
    if document.format == "csv":
        for line, triple in read_rows(TableFile(Path(document.path), base, document.name)):
            subject = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
            if subject in wanted:
                found.note(line, subject)
                found.note(line, subject, triple.predicate.value)
        return found
    with Path(document.path).open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        text = stream.read(MOST_READ)
    if document.format in ("turtle", "trig", "ntriples", "nquads"):
        _Turtle(text, document.base or graph, wanted, found).read()
    else:
        _named(text, wanted, found)
    return found


def _named(text: str, wanted: frozenset[str], found: Positions) -> None:
    """Find names in quotation marks: whole, or as what is left of them behind a prefix or base."""
    ends = {each: each for each in wanted} | {re.split(r"[/#]", each)[-1]: each for each in wanted}
    for number, line in enumerate(text.split("\n"), 1):
        for quoted in QUOTED.findall(line):
            value = _unquoted(quoted)
            iri = ends.get(value) or ends.get(re.split(r"[/#:]", value)[-1])
            if iri is not None and iri.endswith(value.rpartition(":")[2]):
                found.note(number, iri)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


class _Turtle:
    """Follows Turtle, TriG and N-Triples, statement by statement."""

    def __init__(self, text: str, base: str, wanted: frozenset[str], found: Positions) -> None:
        self._text, self._base, self._wanted, self._found = text, base, wanted, found
        self._prefixes: dict[str, str] = {}
        self._subject, self._place = "", SUBJECT

    def read(self) -> None:
        """Take down every line."""
        depth, tokens = 0, self._tokens()
        for kind, text, line in tokens:
            if kind == "directive":
                self._directive(text, tokens)
            elif kind == "sign" and text in OPENING and (text != "{" or depth):
                depth += 1
                self._place = self._place or OBJECT
            elif kind == "sign" and text in CLOSING and depth:
                depth -= 1
            elif not depth:
                self._take(kind, text, line)

    def _take(self, kind: str, text: str, line: int) -> None:
        """Take a token that is in no brackets."""
        if kind == "sign":
            self._place = PREDICATE if text == ";" else self._place if text == "," else SUBJECT
        elif self._place == SUBJECT:
            self._subject, self._place = self._iri(kind, text), PREDICATE
            if self._subject in self._wanted:
                self._found.note(line, self._subject)
        elif self._place == PREDICATE:
            self._place = OBJECT
            if self._subject in self._wanted:
                self._found.note(line, self._subject, RDF_TYPE if kind == "a" else self._iri(kind, text))

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        line, seen = 1, 0
        for found in TOKEN.finditer(self._text):
            line += self._text.count("\n", seen, found.start())
            seen = found.start()
            if found.lastgroup not in ("comment", "tag"):
                yield found.lastgroup or "", found[0], line

    def _directive(self, text: str, tokens: Iterator[tuple[str, str, int]]) -> None:
        is_prefix = "prefix" in text.lower()
        name = next(tokens, ("", "", 0))[1] if is_prefix else ""
        kind, iri, _ = next(tokens, ("", "", 0))
        if kind == "iri" and is_prefix:
            self._prefixes[name.removesuffix(":")] = self._iri(kind, iri)
        elif kind == "iri":
            self._base = self._iri(kind, iri)
        if text.startswith("@"):
            next(tokens, None)

    def _iri(self, kind: str, text: str) -> str:
        if kind == "iri":
            return urljoin(self._base, text[1:-1])
        prefix, _, local = text.partition(":")
        return self._prefixes.get(prefix, "?") + local.replace("\\", "")


# Results of validation as their sender understands them: the line, why, how to mend it, an example that passes.

EXPLAINED = 1000
"""How many results get a line; a report that is longer is read by programs."""
NONE = Advice({}, {}, "")


@dataclass(frozen=True)
class Explanation:
    """What is known beside the report itself."""

    adviser: Adviser | None
    places: Sequence[tuple[str, Positions]]
    warnings: Mapping[str, DocumentWarning] = field(default_factory=dict)
    """What is told of how the documents were read, by its place."""

    def found(self, result: Result) -> FoundResult:
        """Return a result with all that helps."""
        if result.shape == READING and result.files and (told := self.warnings.get(result.files[0])) is not None:
            messages = dict(result.messages)
            return FoundResult(result.severity, result.focus, None, None, messages, READING, told.path, told.line)
        advice = self.adviser.advice(result.shape, result.component) if self.adviser else NONE
        name, line = self._place(result)
        return FoundResult(
            result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape, name, line,
            advice.why, advice.remedy, advice.example,
        )  # fmt: skip

    def _place(self, result: Result) -> tuple[str, int | None]:
        for name, found in self.places:
            if (line := found.line(result.focus[1:-1], result.path)) is not None:
                return name, line
        return "", None


def explanation(
    publication: Publication,
    documents: Iterable[SentDocument],
    graph: str,
    results: Sequence[Result],
    warnings: Iterable[DocumentWarning] = (),
) -> Explanation:
    """Return what helps with some results.

    Args:
        publication: against whose shapes they are.
        documents: what was sent.
        graph: the graph for which it was sent.
        results: what is wrong.
        warnings: what is told of how the documents were read.
    """
    if not results:
        return Explanation(None, ())
    nodes = {each.focus[1:-1] for each in results[:EXPLAINED] if each.focus.startswith("<")}
    places = []
    for each in documents:
        try:
            places.append((each.name, positions(each, nodes, publication.base, graph)))
        except (OSError, SourceError):  # it was read a moment ago; without lines the report is still right
            continue
    return Explanation(_adviser(publication), tuple(places), {each.place: each for each in warnings})


def _adviser(publication: Publication) -> Adviser | None:
    try:
        store = current_release(publication).store
    except ReleaseError:  # there is none yet, so nothing can be said by example
        return None
    personal = frozenset(personal_graphs(publication))
    names = prefixes(publication, read_context(publication))
    return Adviser(TemplateShapes(store, publication.base), names, personal)


def nodes_of_classes(chunks: Iterable[Chunk]) -> dict[str, set[str]]:
    """Return the classes that are stated in some chunks → the nodes that have them, in N-Triples syntax."""
    found, mark = dict[str, set[str]](), f" <{RDF_TYPE}> <".encode()
    for chunk in chunks:
        for line in chunk.lines():
            if mark in line:
                subject, _, target = line.partition(mark)
                found.setdefault(target.removesuffix(b"> .").decode(), set()).add(subject.decode())
    return found


def counted(nodes: dict[str, set[str]]) -> dict[str, int]:
    """Return how many nodes there are of each class, most first."""
    return dict(Counter({each: len(found) for each, found in nodes.items()}).most_common())


# The work that one writing request means, done in a process of its own (``graph.model.processes``): read, then publish.
#
# It decides nothing about who may; that has been decided. What it gets and what it gives back are values.


def contribute(contribution: Contribution) -> Outcome:
    """Publish a contribution; the outcome says whether it conforms, and nothing is published where it does not.

    Raises:
        SourceError: a document cannot be read.
        QueryLimitError: a document is too large, written out.
        HamkorError: as ``graph.pipeline.write.publish``, but for violations.
    """
    publication = open_publication(Path(contribution.root))
    read = _read(contribution, publication, may_be_empty=True)
    try:
        published = _published(publication, _write(contribution, read.chunks), contribution)
    except ValidationFailedError as problem:
        return Outcome(_reported(publication, problem.report, read, contribution))
    created = contribution.graph in published.created
    report = _reported(publication, published.report, read, contribution)
    return Outcome(report, published.release.id, created, published.changed)


def rehearse_contribution(contribution: Contribution) -> Outcome:
    """Return what would become of a contribution; nothing is published.

    Raises:
        HamkorError: as ``contribute``.
    """
    publication = open_publication(Path(contribution.root))
    read = _read(contribution, publication)
    who = contribution.contributor
    write = _write(contribution, read.chunks)
    is_known = who is None or bool(who.id)  # whoever sends no token has no id
    report = rehearse(publication, [write], contributor=who, tells_withheld=is_known)
    return Outcome(_reported(publication, report, read, contribution))


@dataclass(frozen=True, slots=True)
class _Read:
    """What documents say, and what is told of them."""

    chunks: tuple[Chunk, ...]
    warnings: tuple[DocumentWarning, ...]


def _read(contribution: Contribution, publication: Publication, *, may_be_empty: bool = False) -> _Read:
    settings, warnings = publication.settings, list[DocumentWarning]()
    chunks = read_documents(
        contribution.documents, contribution.graph, base=settings.base, limits=settings.limits, told=warnings.append,
        may_be_empty=may_be_empty,
    )  # fmt: skip
    return _Read(chunks, tuple(warnings))


def _write(contribution: Contribution, chunks: tuple[Chunk, ...]) -> Write:
    if contribution.action == "put":
        return Put(contribution.graph, chunks)
    return Post(contribution.graph, chunks) if contribution.action == "post" else Delete(contribution.graph)


def _reported(publication: Publication, report: Report, read: _Read, contribution: Contribution) -> ReportPart:
    """Write the report on what was sent, or on the things of some classes in it, with all that helps to mend it."""
    nodes, only = nodes_of_classes(read.chunks), contribution.only
    about = frozenset(node for each in only for node in nodes.get(each, ())) if only else subjects_of(read.chunks)
    report = with_warnings(report, read.warnings, contribution.graph)
    results = results_about(report, about, only=bool(only))
    results += [each for each in report.results if each.shape == READING and each not in results]
    helps = explanation(publication, contribution.documents, contribution.graph, results, read.warnings)
    checked = {each: count for each, count in counted(nodes).items() if not only or each in only}
    telling = Telling(helps.found, contribution.languages, checked)
    return write_report(report, results, Path(contribution.report), contribution.report_format, telling)


def _published(publication: Publication, write: Write, contribution: Contribution) -> Published:
    return patiently(publication, [write], contributor=contribution.contributor, expected=contribution.expected)


def patiently(
    publication: Publication, writes: list[Write], *, contributor: Contributor | None, expected: dict[str, str | None]
) -> Published:
    """Publish; where somebody else is writing, wait for ``limits.queue_seconds`` at most.

    Raises:
        HamkorError: as ``graph.pipeline.write.publish``.
    """
    patience = Patience(publication.settings.limits.queue_seconds)
    return publish(publication, writes, contributor=contributor, expected=expected, patience=patience)


# The work that one SPARQL update means, done in a process of its own (``graph.model.processes``): read, match, publish.
#
# It is carried out on the release that is current then; where that has changed before it is published, once more.

ATTEMPTS = 3
ALL_COMMENT = Sentence("all of the update is a comment: curl -d takes line ends out, send it with --data-binary")


def update(wanted: Update) -> Outcome:
    """Carry out an update and publish what comes of it, as one release.

    Raises:
        OutOfScopeError: it writes what it must not.
        QuerySyntaxError: it is no update, or nothing but a comment.
        HamkorError: as ``graph.parts.contribution`` and ``graph.pipeline.write.publish``, but for violations.
    """
    publication = open_publication(Path(wanted.root))
    limits = publication.settings.limits
    operations = read_update(wanted.text, base=wanted.address, max_tokens=limits.query_tokens)
    if not operations and "#" in wanted.text:  # without a comment, an update that does nothing is legal
        raise QuerySyntaxError(ALL_COMMENT)
    check_scope(operations, _scope(wanted, publication, ""))
    for attempt in range(ATTEMPTS):
        folder = Path(wanted.report).parent / f"update-{attempt}"  # whoever waits for this process removes it
        folder.mkdir()
        try:
            return _attempt(operations, wanted, publication, folder)
        except PreconditionError:
            if wanted.expected or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError  # the loop returns or raises


def _attempt(operations: tuple[Operation, ...], wanted: Update, publication: Publication, folder: Path) -> Outcome:
    release = current_release(publication)
    state = UpdateState(release, folder)
    carry_out(operations, state, _scope(wanted, publication, release.id))
    writes = state.writes()
    about = frozenset(focus for each in writes for focus in _subjects(each))
    try:
        published = patiently(
            publication, writes, contributor=wanted.contributor, expected=_expected(release, writes) | wanted.expected
        )
    except ValidationFailedError as problem:
        return Outcome(
            write_report(
                problem.report, results_about(problem.report, about), Path(wanted.report), wanted.report_format
            )
        )
    report = _update_reported(published.report, about, wanted)
    return Outcome(report, published.release.id, bool(published.created), published.changed)


def _scope(wanted: Update, publication: Publication, salt: str) -> UpdateScope:
    base, contributor = publication.base, wanted.contributor

    def may(graph: str) -> bool:
        return graph == wanted.only if wanted.only else may_write(contributor, graph, base)

    return UpdateScope(
        default=wanted.only or publication.graph("default"),
        may_write=may,
        is_everything=not wanted.only and EVERY_GRAPH in contributor.graphs,
        base=base,
        address=wanted.address,
        services=wanted.services,
        limits=publication.settings.limits,
        salt=salt,
        using=wanted.using,
        using_named=wanted.using_named,
    )


def _expected(release: Release, writes: list[Write]) -> dict[str, str | None]:
    """Return what the graphs that are written must be when they are written: what they were when they were read."""
    digests = {each.iri: each.digest for each in release.manifest.graphs}
    return {each.graph: digests.get(each.graph) for each in writes}


def _subjects(write: Write) -> set[str]:
    match write:
        case GraphEdit(added=added):
            lines = [*added]
        case Put(chunks=chunks) | Post(chunks=chunks):
            lines = [line for chunk in chunks for line in chunk.lines()]
        case _:
            lines = []
    return {line[: line.index(b" ")].decode() for line in lines}


def _update_reported(report: Report, about: frozenset[str], wanted: Update) -> ReportPart:
    return write_report(report, results_about(report, about), Path(wanted.report), wanted.report_format)
