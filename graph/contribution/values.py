"""What goes to a process that works for a request, and what comes back: values, written as MessagePack.

They carry no library with them, so that who only asks for work need not load what does it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from graph.contributors import Contributor

Action = Literal["put", "post", "delete"]
ReportFormat = Literal["turtle", "jsonld", "json", "page"]


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
    """One result: how bad it is, of which node, path and value it speaks (N-Triples), and its messages by language."""

    severity: str
    focus: str
    path: str | None
    value: str | None
    messages: dict[str, str]
    shape: str


class ReportPart(msgspec.Struct, frozen=True):
    """What a report says of a contribution.

    Attributes:
        conforms: whether there is no violation.
        violations: how many there are.
        others: how many warnings and remarks there are.
        shown: the first results, worst first.
    """

    conforms: bool
    violations: int
    others: int
    shown: tuple[Found, ...]


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
    """

    root: str
    action: Action
    graph: str
    documents: tuple[Document, ...]
    report: str
    report_format: ReportFormat
    contributor: Contributor | None = None
    expected: dict[str, str | None] = {}


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
