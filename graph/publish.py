"""The write path: some writes to contributed graphs become one new release, or none.

Who may write is decided before (``graph.contributors``); what arrives here has been parsed. The cost follows the
change, not the data: the parent's store and members are hard links, and everything else is counted on from the parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from graph.build import Contributed, make, try_out
from graph.change import NONE, GraphChange, Lines
from graph.completion import time_of_next
from graph.contributors import Contributor, may_write
from graph.errors import GraphNameError, PreconditionError, ReleaseError, StorageError, WriteRefusedError
from graph.gate import Gate, stored_report
from graph.namespaces import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    PROVENANCE_GRAPH,
    SHAPES_GRAPH,
    unfit_name,
)
from graph.privacy.purge import is_purged, purge
from graph.privacy.suppression import settle
from graph.privacy.traces import read_traces
from graph.privacy.withholding import withholding_of
from graph.publication import Publication
from graph.releases.amendment import added
from graph.releases.checksums import NOTHING_KNOWN, examined, write_checksums
from graph.releases.drafting import Draft, GraphDraft
from graph.releases.folder import AT_ONCE, Patience, ReleasesFolder
from graph.releases.holding import Hold
from graph.releases.manifest import Contribution
from graph.releases.release import Release, open_release
from graph.releases.verify import readable_current
from graph.sources.chunks import Chunk
from graph.validation.report import Report

__all__ = [
    "Delete",
    "Edit",
    "GraphNameError",
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
RESERVED_GRAPHS = (CATALOG_GRAPH, ENTAILED_GRAPH, PROVENANCE_GRAPH, ONTOLOGY_GRAPH, SHAPES_GRAPH)
"""No contributor writes these, whether or not they are there."""
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
    patience: Patience = AT_ONCE,
) -> Published:
    """Make one release of all writes, in their order, and make it current; or none, where nothing changes.

    Args:
        publication: where.
        writes: what is to change.
        contributor: who writes, for the provenance; None is the publisher.
        expected: by graph, the digest that its manifest entry must have now; None: it must not exist; "*": it must.
        progress: told what is being done.
        patience: how long to wait while somebody else writes.

    Raises:
        WriteRefusedError: a graph is computed or filled by a file.
        GraphNameError: a graph can bear no such name.
        PreconditionError: a graph is not as expected.
        ValidationFailedError: what would be the release violates the shapes.
        BusyError: somebody else is writing.
        SettingError: the publication's settings or files are not usable.
        SourceError, ShapesError: a rule in the ontology, or the shapes, cannot be used.
        ReleaseError: the disk does not take it, or the current release cannot be read.
    """
    releases = ReleasesFolder(publication.releases_folder, patience)
    with _disk(), releases.staging() as folder:
        settle(publication)
        parent = _current(publication, releases)
        known = examined(parent.folder) if parent is not None else NOTHING_KNOWN
        draft, time = _draft(publication, parent, writes, expected), time_of_next(releases)
        if not is_purged(releases, withholding_of(publication)):  # a writer that was killed has not come so far
            with suppress(StorageError):  # the next command says it; writes go on
                purge(releases, withholding_of(publication))
        changes, contribution = draft.changes(), _contribution(contributor, time)
        created = frozenset(each.iri for each in changes if each.created)
        if parent is not None and not changes:
            return Published(parent, stored_report(parent, publication.base), created, changed=False)
        if parent is None:
            release = make(publication, releases, folder, None, _first(changes, contribution), progress)
            return Published(release, stored_report(release, publication.base), created, changed=True)
        manifest, report = Gate(
            publication, parent, draft, time, contribution, progress, _belongs_to_others(publication, contributor)
        ).revise(folder)
        write_checksums(folder, known)
        release = open_release(releases.commit(folder, manifest.id))
        return Published(release, report, created, changed=True)


def rehearse(
    publication: Publication,
    writes: Sequence[Write],
    *,
    contributor: Contributor | None = None,
    expected: Mapping[str, str | None] = NOBODY_EXPECTS,
    progress: Progress = lambda *_: None,
    tells_withheld: bool = True,
) -> Report:
    """Return what validation would say of a release with these writes; nothing is published.

    It waits for nobody and keeps nobody waiting. Where ``tells_withheld`` is false, what is withheld is judged as any
    other statement: it comes into no release, and who must not know what is withheld cannot find out by trying.

    Raises:
        As ``publish``, but for violations, which are in the report.
    """
    releases, time = ReleasesFolder(publication.releases_folder), datetime.now(UTC)
    with _disk(), releases.rehearsal() as folder:
        parent = _current(publication, releases)
        draft = _draft(publication, parent, writes, expected, tells_withheld=tells_withheld)
        contribution = _contribution(contributor, time)
        changes = draft.changes()
        if parent is None:
            return try_out(publication, folder, _first(changes, contribution), progress)
        hold = Hold(parent.folder)
        try:
            if not changes:
                return stored_report(parent, publication.base)
            is_others = _belongs_to_others(publication, contributor)
            return Gate(publication, parent, draft, time, contribution, progress, is_others).rehearse(folder)
        finally:
            hold.let_go()


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageError.of("the release could not be written", problem, "the current one stays") from problem


def _current(publication: Publication, releases: ReleasesFolder) -> Release | None:
    release = readable_current(releases)
    if release is None:
        return None
    if release.manifest.base != publication.base:
        problem = f"the base is <{publication.base}> now, and was <{release.manifest.base}> in release {release.id}"
        raise ReleaseError(problem, "run hamkor build")
    return release


def _draft(
    publication: Publication,
    parent: Release | None,
    writes: Sequence[Write],
    expected: Mapping[str, str | None],
    *,
    tells_withheld: bool = True,
) -> Draft:
    """Return what the writes come to, once they are known to be allowed and meant for what is there."""
    for iri in {each.graph for each in writes}:
        _check_writable(publication, parent, iri)
    for each in writes:
        _check_name(publication, each)
    digests = {} if parent is None else {each.iri: each.digest for each in parent.manifest.graphs}
    for iri, wanted in expected.items():
        found = digests.get(iri)
        if (found is None) if wanted == ANY else (found != wanted):
            raise PreconditionError(iri, wanted, found)
    draft = Draft(parent)
    for each in writes:
        _take(draft.graph(each.graph), each)
    if tells_withheld:
        _refuse_withheld(publication, parent, draft)
    return draft


def _refuse_withheld(publication: Publication, parent: Release | None, draft: Draft) -> None:
    """Let nothing in that is withheld, and make no release of one that was made when less was."""
    withholding = withholding_of(publication)
    if parent is not None and read_traces(parent.folder).mark != withholding.mark:
        raise ReleaseError("what is withheld has changed since the current release was made", "run hamkor build")
    for change in draft.changes():
        withholding.refuse(change.iri, change.added)


def _check_writable(publication: Publication, parent: Release | None, iri: str) -> None:
    if iri in {publication.graph(name) for name in RESERVED_GRAPHS}:
        raise WriteRefusedError(iri, "computed" if iri != publication.graph(ONTOLOGY_GRAPH) else "source")
    filled = {} if parent is None else {iri: name for name, found in parent.manifest.sources.items() for iri in found}
    filled |= {each.graph: each.name for each in publication.sources(may_be_none=True)}
    if iri in filled:
        raise WriteRefusedError(iri, "source", f"change {filled[iri]} and run hamkor build")


def _check_name(publication: Publication, write: Write) -> None:
    """Make sure that a graph may be named so; one that is only emptied or removed may bear any name."""
    is_filled = isinstance(write, Put | Post) or (isinstance(write, Edit) and write.added)
    if is_filled and (problem := unfit_name(write.graph, publication.base)):
        raise GraphNameError(write.graph, problem)


def _take(graph: GraphDraft, write: Write) -> None:
    match write:
        case Put(chunks=chunks):
            graph.put(line for chunk in chunks for line in chunk.lines())
        case Post(chunks=chunks):
            graph.post(line for chunk in chunks for line in chunk.lines())
        case Delete():
            graph.delete()
        case Edit():
            graph.take(write.removed)
            graph.post(write.added)


def _contribution(contributor: Contributor | None, time: datetime) -> Contribution | None:
    if contributor is None:
        return None
    return Contribution(contributor.id, contributor.name, contributor.contact, f"{time:%Y-%m-%dT%H:%M:%SZ}")


def _belongs_to_others(publication: Publication, contributor: Contributor | None) -> Callable[[str], bool]:
    """Return what says whether a graph belongs to somebody else: one that the contributor may not write.

    What follows and what is recorded of writes belongs to nobody; the catalogue is the publisher's, since what it says
    of the dataset holds for everybody's graphs. The publisher, who bears no token, describes what they like.
    """
    computed = {publication.graph(name) for name in (ENTAILED_GRAPH, PROVENANCE_GRAPH)}
    if contributor is None:
        return lambda _: False
    return lambda graph: graph not in computed and not may_write(contributor, graph, publication.base)


def _first(changes: Sequence[GraphChange], contribution: Contribution | None) -> dict[str, Contributed]:
    """Return what the first release of a publication takes from the writes."""
    return {each.iri: Contributed(partial(added, each), contribution) for each in changes}
