"""What goes to a process that works for a request, and what comes back: values, written as MessagePack.

They carry no library with them, so that who only asks for work need not load what does it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from graph.contributors import Contributor

Action = Literal["put", "post", "delete"]
ReportFormat = Literal["turtle", "jsonld", "json", "csv", "page"]


class Document(msgspec.Struct, frozen=True):
    """A document that has been sent.

    Attributes:
        path: the file that holds it.
        format: its format's name, as ``graph.formats`` has it.
        name: how whoever sent it calls it, for messages.
    """

    path: str
    format: str
    name: str = "the document"


class Found(msgspec.Struct, frozen=True):
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
    shown: tuple[Found, ...]
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
        expected: as ``graph.publish.publish`` has it.
        languages: in which languages a report of one language is written, the best first.
        only: of which classes results are wanted; of all where there are none.
    """

    root: str
    action: Action
    graph: str
    documents: tuple[Document, ...]
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
        expected: as ``graph.publish.publish`` has it.
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
