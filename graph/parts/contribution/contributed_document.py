"""Documents that others send, read as batches of the one graph that they are for; and as values between processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Literal

import msgspec
import pyoxigraph as ox

from graph.model.contributors import Contributor
from graph.model.errors import QueryLimitError, Said, Sentence, SourceError
from graph.model.formats import TABLE
from graph.model.settings import LimitSettings
from graph.sources.batches import Chunk, Origin, chunks
from graph.sources.document_checks import Told, unheard
from graph.sources.reader import RDF_FORMATS, read_rdf_stream

# What goes to a process that works for a request, and what comes back: values, written as MessagePack.
#
# They carry no library with them, so that who only asks for work need not load what does it.

Action = Literal["put", "post", "delete"]
ReportFormat = Literal["turtle", "jsonld", "json", "csv", "page"]


class SentDocument(msgspec.Struct, frozen=True):
    """A document that has been sent.

    Attributes:
        path: the file that holds it.
        format: its format's name, as ``graph.model.formats`` has it.
        name: how whoever sent it calls it, for messages.
        base: against which its relative IRIs are resolved, where that is not the graph.
    """

    path: str
    format: str
    name: str = "the document"
    base: str = ""


class LineEdit(msgspec.Struct, frozen=True):
    """Lines that come to one graph and go from it.

    Attributes:
        root: the publication's folder.
        graph: the IRI of the graph.
        added: the lines that come, as canonical N-Triples.
        removed: the lines that go.
        contributor: who writes.
        expected: as ``graph.pipeline.write.publish`` has it.
        about: the thing of which one wants to know what the shapes say.
        is_tried: whether it is only tried, and nothing published.
    """

    root: str
    graph: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    contributor: Contributor
    expected: dict[str, str | None] = {}
    about: str = ""
    is_tried: bool = False


class EarlierState(msgspec.Struct, frozen=True):
    """What one graph was in an earlier release, to be published again.

    Attributes:
        root: the publication's folder.
        graph: the IRI of the graph.
        release: the id of the release; in one that does not have the graph, it was not there, and is taken away.
        contributor: who writes.
        expected: as ``graph.pipeline.write.publish`` has it.
    """

    root: str
    graph: str
    release: str
    contributor: Contributor
    expected: dict[str, str | None] = {}


class FoundResult(msgspec.Struct, frozen=True):
    """One result.

    Attributes:
        severity: how bad it is.
        focus: of which node it speaks, in N-Triples syntax, as are path and value.
        messages: what is wrong, by language.
        shape: the shape that says so.
        document: the document that speaks of the node, and line: where; where it is known.
        why: why the shape asks for it, by language.
        remedy: how to mend it, by language.
        example: a statement that passes, in Turtle.
    """

    severity: str
    focus: str
    path: str | None
    value: str | None
    messages: dict[str, str]
    shape: str
    document: str = ""
    line: int | None = None
    why: dict[str, str] = {}
    remedy: dict[str, str] = {}
    example: str = ""


class ReportPart(msgspec.Struct, frozen=True):
    """What a report says of a contribution.

    Attributes:
        conforms: whether there is no violation.
        violations: how many there are.
        others: how many warnings and remarks there are.
        shown: the first results, worst first.
        checked: how many things of which class were looked at; none where that was not asked for.
    """

    conforms: bool
    violations: int
    others: int
    shown: tuple[FoundResult, ...]
    checked: dict[str, int] = {}


class Contribution(msgspec.Struct, frozen=True):
    """What is to become of one graph.

    Attributes:
        root: the publication's folder.
        action: what is to be done.
        graph: the IRI of the graph.
        documents: what it is to hold.
        report: the file that takes the report.
        report_format: how the report is written there.
        contributor: who writes; None in a rehearsal.
        expected: as ``graph.pipeline.write.publish`` has it.
        languages: in which languages a report of one language is written, the best first.
        only: of which classes results are wanted; of all where there are none.
    """

    root: str
    action: Action
    graph: str
    documents: tuple[SentDocument, ...]
    report: str
    report_format: ReportFormat
    contributor: Contributor | None = None
    expected: dict[str, str | None] = {}
    languages: tuple[str, ...] = ("en",)
    only: tuple[str, ...] = ()


class Update(msgspec.Struct, frozen=True):
    """A SPARQL update.

    Attributes:
        root: the publication's folder.
        text: the update.
        address: the IRI against which its relative IRIs are resolved.
        contributor: who sends it.
        report: the file that takes the report.
        report_format: how the report is written there.
        only: the graph that it may write, which is its default graph; "" for those of the contributor.
        using: the graphs of using-graph-uri.
        using_named: the graphs of using-named-graph-uri.
        services: the endpoints that it may call, with what is written in place of each.
        expected: as ``graph.pipeline.write.publish`` has it.
    """

    root: str
    text: str
    address: str
    contributor: Contributor
    report: str
    report_format: ReportFormat
    only: str = ""
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    services: dict[str, str] = {}
    expected: dict[str, str | None] = {}


class Outcome(msgspec.Struct, frozen=True):
    """What became of it.

    Attributes:
        report: what validation says about it.
        release: the release that is current now; empty where nothing was published.
        created: whether the graph is new.
        changed: whether there is a new release.
    """

    report: ReportPart
    release: str = ""
    created: bool = False
    changed: bool = False


# Documents that others send, read as chunks of the one graph that they are for.
#
# They are read as files of a publication are, with the same limits and the same names for blank nodes; but relative
# IRIs are resolved against the graph (SPARQL 1.1 Graph Store HTTP Protocol 4), and quads of another graph are an error.

EXPANSION = 8
"""How many times larger than what was sent the same may be as N-Triples; prefixes can make it grow without end."""
CHUNK_QUADS = 10_000
FORMATS = RDF_FORMATS
LINES = frozenset({"turtle", "ntriples", "nquads", "trig"})
LOOKED_AT = 1 << 16
SENT_AS_FORM = Sentence("curl -d takes line ends out, so that all is one comment: send it with --data-binary")
EMPTYING = Sentence("DELETE, or hamkor withdraw, takes a graph away; PUT without a body empties it")


def read_documents(
    documents: Sequence[SentDocument],
    graph: str,
    *,
    base: str,
    limits: LimitSettings,
    told: Told = unheard,
    may_be_empty: bool = False,
) -> tuple[Chunk, ...]:
    """Return the chunks of some documents that are to be one graph; their blank nodes stay apart.

    Args:
        documents: in the order in which they were sent.
        graph: the IRI of the graph.
        base: the publication's base.
        limits: the publication's limits.
        told: told what is left out of them, or doubtful in them.
        may_be_empty: whether one document without a single byte is an empty graph.

    Raises:
        SourceError: one cannot be read, holds no triple, or quads of another graph.
        QueryLimitError: what they say is too long.
    """
    if may_be_empty and len(documents) == 1 and not Path(documents[0].path).stat().st_size:
        return ()
    found, size, most = list[Chunk](), 0, (limits.upload_mb << 20) * EXPANSION
    for number, document in enumerate(documents):
        salt = graph if not number else f"{graph} {number}"
        for chunk in _chunks(document, graph, Origin(salt, graph, base, limits.literal_mb << 20), told):
            if chunk.graph != graph:
                problem = Sentence(
                    "it speaks of the graph <%(other)s>, and this is about <%(graph)s>", other=chunk.graph, graph=graph
                )
                raise SourceError(document.name, problem, remedy=Sentence("send each graph by itself"))
            size += len(chunk.triples)
            if size > most:
                problem = Sentence("written out, it takes more than %(number)s MiB", number=str(most >> 20))
                raise QueryLimitError("limits.upload_mb", limits.upload_mb, problem, Sentence("divide it"))
            found.append(chunk)
    return tuple(found)


def _chunks(document: SentDocument, graph: str, origin: Origin, told: Told) -> Iterator[Chunk]:
    with Path(document.path).open("rb") as stream:
        quads = _quads(document, stream, graph, origin, told)
        first = next(quads, None)
        if first is None:
            raise SourceError(document.name, Sentence("it holds no triple"), remedy=_remedy(stream, document.format))
        try:
            yield from chunks(chain((first,), quads), origin, CHUNK_QUADS)
        except SourceError as problem:
            if problem.path != origin.name:
                raise
            raise SourceError(document.name, problem.problem, problem.line, problem.column, problem.remedy) from problem


def _remedy(stream: IO[bytes], form: str) -> Said:
    """Return what to do about a document without a triple: often its line ends were taken out on the way."""
    stream.seek(0)
    start = stream.read(LOOKED_AT)
    if form in LINES and b"#" in start and b"\n" not in start.rstrip():
        return SENT_AS_FORM
    return EMPTYING


def _quads(document: SentDocument, stream: IO[bytes], graph: str, origin: Origin, told: Told) -> Iterator[ox.Quad]:
    if document.format != TABLE:
        yield from read_rdf_stream(
            stream, document.name, form=FORMATS[document.format], base=document.base or graph, told=told
        )
        return
    from graph.sources.csvw.conversion import TableFile, read_described  # noqa: PLC0415  csvw takes a while to import

    limit = origin.literal_bytes
    yield from read_described(TableFile(Path(document.path), origin.base, document.name, cell_limit=limit))
