"""The write path: some writes to contributed graphs become one new release, or none.

Who may write is decided before (``graph.contributors``); what arrives here has been parsed. The cost follows the
change, not the data: the parent's store and members are hard links, and everything else is counted on from the parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graph.change import NONE, Lines
from graph.contributors import Contributor
from graph.errors import PreconditionError, WriteRefusedError
from graph.publication import Publication
from graph.releases.release import Release
from graph.sources.chunks import Chunk
from graph.validation.report import Report

__all__ = [
    "Delete",
    "Edit",
    "Post",
    "PreconditionError",
    "Published",
    "Put",
    "Write",
    "WriteRefusedError",
    "publish",
    "rehearse",
]

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
