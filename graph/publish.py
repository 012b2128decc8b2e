"""The write path: some writes to contributed graphs become one new release, or none.

Who may write is decided before (``graph.contributors``); what arrives here has been parsed. The cost follows the
change, not the data: the parent's store and members are hard links, and everything else is counted on from the parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graph.change import NONE, Lines
from graph.contributors import Contributor
from graph.errors import HamkorError
from graph.publication import Publication
from graph.releases.release import Release
from graph.sources.chunks import Chunk
from graph.validation.report import Report

Progress = Callable[[str, int], None]
NOBODY_EXPECTS: Mapping[str, str | None] = {}
ANY = "*"
"""What ``expected`` says of a graph that must exist, whatever it holds."""


@dataclass(frozen=True, slots=True)
class Put:
    """The graph holds these triples and no others; no chunk makes it an empty graph."""

    graph: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """The graph holds these triples, too."""

    graph: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """The graph is no longer; one that is not there stays so."""

    graph: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The graph loses some lines, then gets some; what is not there is not removed, what is there is not added."""

    graph: str
    added: Lines = NONE
    removed: Lines = NONE


Write = Put | Post | Delete | Edit


@dataclass(frozen=True, slots=True)
class Published:
    """What became of some writes.

    Attributes:
        release: the current release; the one that was current before, where nothing changed.
        report: what validation said of the release.
        created: the graphs that were not there before.
        changed: whether there is a new release.
    """

    release: Release
    report: Report
    created: frozenset[str]
    changed: bool


@dataclass
class WriteRefusedError(HamkorError):
    """A graph is not writable.

    Attributes:
        graph: its IRI.
        reason: "computed" (the engine writes it), "source" (a file fills it), "base" (settings have changed since).
        remedy: what to do instead.
    """

    graph: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        why = {"computed": "is computed", "source": "is filled by a file"}.get(self.reason, self.reason)
        return f"the graph <{self.graph}> {why} and cannot be written" + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class PreconditionError(HamkorError):
    """A graph is not what the writer took it for.

    Attributes:
        graph: its IRI.
        wanted: the digest that it should have had; None: it should not exist; "*": it should.
        found: the digest that it has, or None where it does not exist.
    """

    graph: str
    wanted: str | None
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"there is no graph <{self.graph}>"
        return f"the graph <{self.graph}> {'exists already' if self.wanted is None else 'has changed meanwhile'}"


def publish(
    publication: Publication,
    writes: Sequence[Write],
    *,
    contributor: Contributor | None = None,
    expected: Mapping[str, str | None] = NOBODY_EXPECTS,
    progress: Progress = lambda *_: None,
) -> Published:
    """Make one release of all writes, in their order, and make it current; or none, where nothing changes.

    Args:
        publication: where.
        writes: what is to change.
        contributor: who writes, for the provenance; None is the publisher.
        expected: by graph, the digest that its manifest entry must have now; None: it must not exist; "*": it must.
        progress: told what is being done.

    Raises:
        WriteRefusedError: a graph is computed or filled by a file.
        PreconditionError: a graph is not as expected.
        ValidationFailedError: what would be the release violates the shapes.
        BusyError: somebody else is writing.
        ReleaseError: the disk does not take it, or the current release cannot be read.
    """
    raise NotImplementedError


def rehearse(
    publication: Publication,
    writes: Sequence[Write],
    *,
    contributor: Contributor | None = None,
    expected: Mapping[str, str | None] = NOBODY_EXPECTS,
    progress: Progress = lambda *_: None,
) -> Report:
    """Return what validation would say of a release with these writes; nothing is published.

    Raises:
        As ``publish``, but for violations, which are in the report.
    """
    raise NotImplementedError
