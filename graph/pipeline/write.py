"""The write path: some writes to contributed graphs become one new release, or none; all go through the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyoxigraph as ox

from graph.entailment.materialisation import entail_change
from graph.model.contributors import Contributor, may_write
from graph.model.errors import (
    GraphNameError,
    PreconditionError,
    ReleaseError,
    Sentence,
    StorageError,
    WriteRefusedError,
)
from graph.model.publication import PATCHES_FOLDER, Publication
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    PROVENANCE_GRAPH,
    SHAPES_GRAPH,
    graph_iri,
    unfit_name,
)
from graph.pipeline.build import Contributed, ReleaseInputs, make, try_out
from graph.pipeline.parts import PARTS, Part, forget_withheld_by, left_out
from graph.pipeline.steps import (
    Progress,
    ReleaseEnding,
    ReleaseOrigin,
    commit,
    conclusions,
    finish,
    may_run,
    on_disk,
    time_of_next,
)
from graph.releases.change import Bookkeeping, Draft, ReleaseRevision, added
from graph.releases.manifest import LastContribution, Manifest, Origin
from graph.releases.release import AT_ONCE, REPORT_FILE, Hold, Patience, Release, ReleasesFolder
from graph.releases.release_builder import fingerprint
from graph.releases.store import STORE_FOLDER, Checkpoint, reading
from graph.releases.verification import NOTHING_KNOWN, examined, readable_current
from graph.sources.batches import NONE, UNION, Chunk, GraphChange, Lines
from graph.sources.rdf_patches import PatchFile, write_patch
from graph.validation.overreach import overreach
from graph.validation.report import Report, ValidationFailedError, empty_report, parse_report, with_results
from graph.withholding.withholding import is_purged, purge, read_traces, settle, withholding_of

# From a release and a change to the next release, in a staging folder: the gate that every write goes through.
#
# change → what follows from it → validation of what it touches → catalogue and manifest. Each step costs what the
# change costs; where a step cannot tell what a change touches, it is done anew for everything.

NOT_VALIDATED = (SHAPES_GRAPH, CATALOG_GRAPH, PROVENANCE_GRAPH)


@dataclass(frozen=True)
class Gate:
    """One attempt to change a release.

    Attributes:
        publication: whose.
        parent: the release that is changed.
        draft: what is to change.
        created: the time of the new release.
        contribution: who writes.
        progress: told what is being done.
        is_others: whether a graph belongs to somebody else than who writes, who may then not describe its things.
        parts: those that take part.
        patched: the graphs among those that change which files fill, and go on filling.
        origin: from what the new release is made; None: from what its parent is.
    """

    publication: Publication
    parent: Release
    draft: Draft
    created: datetime
    contribution: LastContribution | None
    progress: Progress
    is_others: Callable[[str], bool] = lambda _: False
    parts: Sequence[Part] = PARTS
    patched: Collection[str] = ()
    origin: ReleaseOrigin | None = None

    def rehearse(self, folder: Path) -> Report:
        """Return what validation says of the changed release, using an empty folder for it.

        Raises:
            SourceError: a rule in the ontology cannot be used.
            ShapesError: the shapes are not usable.
        """
        with self._copy(folder) as checkpoint:
            return self._judged(self._revision(folder, checkpoint.store))[0]

    def revise(self, folder: Path) -> tuple[Manifest, Report]:
        """Make the changed release in an empty folder; return its manifest and what validation says of it.

        Raises:
            ValidationFailedError: it violates the shapes.
            SourceError, ShapesError: as ``rehearse``.
            SettingError: a setting that the catalogue needs is not usable.
        """
        with self._copy(folder) as checkpoint:
            revision = self._revision(folder, checkpoint.store)
            made = self._completed(revision)
            checkpoint.keep(self._fresh(checkpoint.store), revision.book.touched)
            return made

    def _fresh(self, store: ox.Store) -> ox.Quad:
        """Return something that only the new release says: its catalogue has a date."""
        catalog = ox.NamedNode(self.publication.graph(CATALOG_GRAPH))
        found = store.quads_for_pattern(None, None, None, catalog)
        return next(quad for quad in found if quad not in self.parent.store)

    def _copy(self, folder: Path) -> Checkpoint:
        self.progress("taking over the release", 0)
        return Checkpoint(self.parent.folder / STORE_FOLDER, folder / STORE_FOLDER)

    def _revision(self, folder: Path, store: ox.Store) -> ReleaseRevision:
        book = Bookkeeping.of(self.parent.manifest)
        entries = {each.iri: each for each in self.parent.manifest.graphs}
        before = self.parent.folder, self.parent.manifest.index
        return ReleaseRevision(folder, self.publication.base, store, book, entries, *before)

    def _completed(self, revision: ReleaseRevision) -> tuple[Manifest, Report]:
        report, changes = self._judged(revision)
        if not report.conforms:
            raise ValidationFailedError(report)
        known = self.parent.manifest
        origin = self.origin or ReleaseOrigin(self.created, known.fingerprint, known.id, known.sources)
        ending = ReleaseEnding(self.parent, changes, self.parts)
        manifest = finish(self.publication, revision, origin, report, ending, lambda what: self._told(what, revision))
        return manifest, report

    def _told(self, what: str, revision: ReleaseRevision) -> None:
        self.progress(what, revision.book.triples)

    def _judged(self, revision: ReleaseRevision) -> tuple[Report, Sequence[GraphChange]]:
        """Make the changes and all that follows from them; return the report, and all changes."""
        entailed = self.publication.graph(ENTAILED_GRAPH)
        if (catalog := self.publication.graph(CATALOG_GRAPH)) in revision.entries:
            revision.hide(catalog)
        stated, changes = GraphChange(UNION), list(self.draft.changes())
        for each in changes:
            self.progress(f"writing <{each.iri}>", len(each.added) + len(each.removed))
            who: tuple[Origin, LastContribution | None] = (
                ("source", None) if each.iri in self.patched else ("contributed", self.contribution)
            )
            stated = stated.then(revision.apply(each, *who, (entailed,)))
        self._told("drawing conclusions", revision)
        if (followed := self._entailed(revision, stated)) is not None:
            changes.append(followed)
        self._told("validating", revision)
        report = self._validated(revision, changes)
        known, base = self.parent.store, self.publication.base
        beyond = overreach(revision.store, self.draft.changes(), self.is_others, base=base, published=known)
        return with_results(report, beyond), changes

    def _entailed(self, revision: ReleaseRevision, stated: GraphChange) -> GraphChange | None:
        """Keep the entailed graph up; return how it changes.

        A build draws every conclusion; here only those are looked at that the change can matter to, where that can be
        told.
        """
        entailed, ontology = self.publication.graph(ENTAILED_GRAPH), self.publication.graph(ONTOLOGY_GRAPH)
        if ontology not in revision.entries:
            return None
        change = entail_change(revision.store, entailed, ontology, stated, may_run)
        if change is None:
            return self._entailed_anew(revision)
        entry = revision.entries.get(entailed)
        left = (entry.triples if entry is not None else 0) + len(change.added) - len(change.removed)
        change = replace(change, created=entry is None and left > 0, dropped=entry is not None and left == 0)
        if change:
            revision.apply(change, "computed")
        return change

    def _entailed_anew(self, revision: ReleaseRevision) -> GraphChange:
        entailed, before = self.publication.graph(ENTAILED_GRAPH), NONE
        if entailed in revision.entries:
            before = frozenset(line for chunk in self.parent.read_graph(entailed) for line in chunk.lines())
            revision.hide(entailed)
        chunk = revision.without_a_trace(entailed, lambda store: conclusions(store, self.publication.base))
        if chunk is None:
            revision.drop(entailed)
            return GraphChange(entailed, removed=before, dropped=bool(before))
        revision.fill(chunk)
        after = frozenset(chunk.lines())
        return GraphChange(entailed, after - before, before - after, created=not before)

    def _validated(self, revision: ReleaseRevision, changes: Sequence[GraphChange]) -> Report:
        """Validate what the changes can affect; say which results are about what is written.

        The parent's other results stay, where a build has none to keep. That the shapes are usable was seen when the
        parent was built: no write reaches them.
        """
        shapes, base = self.publication.graph(SHAPES_GRAPH), self.publication.base
        if shapes not in revision.entries:
            return empty_report()
        from graph.validation.conformance import located  # noqa: PLC0415  takes most of a second to import
        from graph.validation.incremental import validate_change  # noqa: PLC0415
        from graph.validation.validated_graph import ValidatedData  # noqa: PLC0415

        without = frozenset(self.publication.graph(name) for name in NOT_VALIDATED)
        before = ValidatedData(self.parent.store, self.draft.forms, without, base)
        chunks, known = list(self.parent.read_graph(shapes)), stored_report(self.parent, base)
        with reading(revision.store) as index, revision.reading_forms() as forms:
            after = ValidatedData(index, forms, without, base)
            report = validate_change(before, after, changes, chunks, known, revision.present_index, base=base)
        return located(report, {f"<{each.iri}>": added(each) for each in self.draft.changes()})


def stored_report(release: Release, base: str) -> Report:
    """Return what validation said of a release."""
    shapes = graph_iri(base, SHAPES_GRAPH)
    if all(each.iri != shapes for each in release.manifest.graphs):
        return empty_report()
    from graph.validation.shapes import load_shapes  # noqa: PLC0415  takes most of a second to import

    return parse_report(
        (release.folder / REPORT_FILE).read_bytes(), load_shapes(release.read_graph(shapes), base=base).graph
    )


# The write path: some writes to contributed graphs become one new release, or none.
#
# Who may write is decided before (``graph.model.contributors``); what arrives here has been parsed. The cost follows
# the change, not the data: the parent's store and members are hard links, and everything else is counted on from the
# parent.

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
class GraphEdit:
    """The graph loses some lines, then gets some; what is not there is not removed, what is there is not added."""

    graph: str
    added: Lines = NONE
    removed: Lines = NONE


Write = Put | Post | Delete | GraphEdit


@dataclass(frozen=True, slots=True)
class SourcePatch:
    """Changes of graphs that files fill, which the publisher alone makes.

    Attributes:
        graphs: those graphs, among the ones that are written.
        file: the patch beside the files that keeps the changes for the next build, asked for while nobody else writes.
            It is written when the release is known to conform and is not current yet: whoever is killed in between has
            a patch that a build can apply.
    """

    graphs: frozenset[str] = frozenset()
    file: Callable[[], PatchFile | None] = lambda: None


NO_PATCH = SourcePatch()


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


def publish(  # noqa: PLR0913  all but two have what they mostly are
    publication: Publication,
    writes: Sequence[Write],
    *,
    contributor: Contributor | None = None,
    expected: Mapping[str, str | None] = NOBODY_EXPECTS,
    progress: Progress = lambda *_: None,
    patience: Patience = AT_ONCE,
    parts: Sequence[Part] = PARTS,
    patch: SourcePatch = NO_PATCH,
) -> Published:
    """Make one release of all writes, in their order, and make it current; or none, where nothing changes.

    Args:
        publication: where.
        writes: what is to change.
        contributor: who writes, for the provenance; None is the publisher.
        expected: by graph, the digest that its manifest entry must have now; None: it must not exist; "*": it must.
        progress: told what is being done.
        patience: how long to wait while somebody else writes.
        parts: those that take part.
        patch: what of the writes goes to graphs that files fill, and how that is kept for the next build.

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
    with on_disk(), releases.staging() as folder:
        settle(publication)
        parent = _current(publication, releases)
        known = examined(parent.folder) if parent is not None else NOTHING_KNOWN
        draft, time = _draft(publication, parent, writes, expected, patched=patch.graphs), time_of_next(releases)
        if not is_purged(releases, withholding_of(publication)):  # a writer that was killed has not come so far
            with suppress(StorageError):  # the next command says it; writes go on
                purge(releases, withholding_of(publication), forget_withheld_by(publication, parts))
        changes, contribution = draft.changes(), _contribution(contributor, time)
        created = frozenset(each.iri for each in changes if each.created)
        if parent is not None and not changes:
            return Published(parent, stored_report(parent, publication.base), created, changed=False)
        if parent is None:
            first = ReleaseInputs(None, _first(changes, contribution), parts=parts)
            release = make(publication, releases, folder, first, progress)
            return Published(release, stored_report(release, publication.base), created, changed=True)
        is_others = _belongs_to_others(publication, contributor)
        file = patch.file()
        filled = [each.iri for each in changes if each.added and each.iri in patch.graphs]
        origin = _patched_origin(publication, parent, file, filled, time, parts) if file is not None else None
        gate = Gate(publication, parent, draft, time, contribution, progress, is_others, parts, patch.graphs, origin)
        manifest, report = gate.revise(folder)
        if file is not None:
            write_patch(file)
        return Published(commit(releases, folder, manifest, known), report, created, changed=True)


def _patched_origin(
    publication: Publication,
    parent: Release,
    file: PatchFile,
    changed: Iterable[str],
    created: datetime,
    parts: Sequence[Part],
) -> ReleaseOrigin:
    """Return from what a release is made that a patch changes, so that the next build sees that nothing has changed.

    Where files have changed since the parent was made, the release is not made of them, with or without the patch: it
    keeps the parent's fingerprint, and the next build makes another.
    """
    known, name, without = parent.manifest, file.path.relative_to(publication.root).as_posix(), left_out(parts)
    is_of_files = fingerprint(publication, without, {name: None}) == known.fingerprint
    made_of = fingerprint(publication, without, {name: file.body}) if is_of_files else known.fingerprint
    return ReleaseOrigin(created, made_of, known.id, {**known.sources, name: tuple(changed)})


def rehearse(
    publication: Publication,
    writes: Sequence[Write],
    *,
    contributor: Contributor | None = None,
    expected: Mapping[str, str | None] = NOBODY_EXPECTS,
    progress: Progress = lambda *_: None,
    tells_withheld: bool = True,
    patch: SourcePatch = NO_PATCH,
) -> Report:
    """Return what validation would say of a release with these writes; nothing is published.

    It waits for nobody and keeps nobody waiting. Where ``tells_withheld`` is false, what is withheld is judged as any
    other statement: it comes into no release, and who must not know what is withheld cannot find out by trying.

    Raises:
        As ``publish``, but for violations, which are in the report.
    """
    releases, time = ReleasesFolder(publication.releases_folder), datetime.now(UTC)
    with on_disk(), releases.rehearsal() as folder:
        parent = _current(publication, releases)
        draft = _draft(publication, parent, writes, expected, tells_withheld=tells_withheld, patched=patch.graphs)
        contribution = _contribution(contributor, time)
        changes = draft.changes()
        if parent is None:
            return try_out(publication, folder, ReleaseInputs(None, _first(changes, contribution)), progress)
        hold = Hold(parent.folder)
        try:
            if not changes:
                return stored_report(parent, publication.base)
            is_others = _belongs_to_others(publication, contributor)
            gate = Gate(publication, parent, draft, time, contribution, progress, is_others, patched=patch.graphs)
            return gate.rehearse(folder)
        finally:
            hold.let_go()


def _current(publication: Publication, releases: ReleasesFolder) -> Release | None:
    release = readable_current(releases)
    if release is None:
        return None
    if release.manifest.base != publication.base:
        problem = Sentence(
            "the base is <%(now)s> now, and was <%(base)s> in release %(release)s",
            now=publication.base,
            base=release.manifest.base,
            release=release.id,
        )
        raise ReleaseError(problem, Sentence("run hamkor build"))
    return release


def _draft(
    publication: Publication,
    parent: Release | None,
    writes: Sequence[Write],
    expected: Mapping[str, str | None],
    *,
    tells_withheld: bool = True,
    patched: Collection[str] = (),
) -> Draft:
    """Return what the writes come to, once they are known to be allowed and meant for what is there."""
    for iri in {each.graph for each in writes}:
        _check_writable(publication, parent, iri, is_patched=iri in patched)
    for each in writes:
        _check_name(publication, each)
    digests = {} if parent is None else {each.iri: each.digest for each in parent.manifest.graphs}
    for iri, wanted in expected.items():
        found = digests.get(iri)
        if (found is None) if wanted == ANY else (found != wanted):
            raise PreconditionError(iri, wanted, found)
    draft = Draft(parent)
    for each in writes:
        _take(draft, each)
    if tells_withheld:
        _refuse_withheld(publication, parent, draft)
    return draft


def _refuse_withheld(publication: Publication, parent: Release | None, draft: Draft) -> None:
    """Let nothing in that is withheld, and make no release of one that was made when less was."""
    withholding = withholding_of(publication)
    if parent is not None and read_traces(parent.folder).mark != withholding.mark:
        raise ReleaseError(
            Sentence("what is withheld has changed since the current release was made"), Sentence("run hamkor build")
        )
    for change in draft.changes():
        withholding.refuse(change.iri, change.added)


def _check_writable(publication: Publication, parent: Release | None, iri: str, *, is_patched: bool) -> None:
    if iri in {publication.graph(name) for name in RESERVED_GRAPHS}:
        raise WriteRefusedError(iri, "computed" if iri != publication.graph(ONTOLOGY_GRAPH) else "source")
    if is_patched:
        return
    filled = {} if parent is None else {iri: name for name, found in parent.manifest.sources.items() for iri in found}
    filled |= {each.graph: each.name for each in publication.sources(may_be_none=True)}
    if iri not in filled and parent is not None and _is_patched(parent, iri):
        filled[iri] = PATCHES_FOLDER
    if iri in filled:
        raise WriteRefusedError(iri, "source", Sentence("change %(file)s and run hamkor build", file=filled[iri]))


def _is_patched(parent: Release, iri: str) -> bool:
    """Whether a graph is one that a patch has made since the last build, of which the manifest names no file."""
    return any(each.iri == iri and each.origin == "source" for each in parent.manifest.graphs)


def _check_name(publication: Publication, write: Write) -> None:
    """Make sure that a graph may be named so; one that is only emptied or removed may bear any name."""
    is_filled = isinstance(write, Put | Post) or (isinstance(write, GraphEdit) and write.added)
    if is_filled and (problem := unfit_name(write.graph, publication.base)):
        raise GraphNameError(write.graph, problem)


def _take(draft: Draft, write: Write) -> None:
    match write:
        case Put(graph=iri, chunks=chunks):
            draft.put(iri, (line for chunk in chunks for line in chunk.lines()))
        case Post(graph=iri, chunks=chunks):
            draft.post(iri, (line for chunk in chunks for line in chunk.lines()))
        case Delete(graph=iri):
            draft.delete(iri)
        case GraphEdit(graph=iri, added=lines, removed=going):
            draft.take(iri, going)
            draft.post(iri, lines)


def _contribution(contributor: Contributor | None, time: datetime) -> LastContribution | None:
    if contributor is None:
        return None
    said = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    return LastContribution(contributor.id, contributor.name, contributor.contact, said, contributor.source)


def _belongs_to_others(publication: Publication, contributor: Contributor | None) -> Callable[[str], bool]:
    """Return what says whether a graph belongs to somebody else: one that the contributor may not write.

    What follows and what is recorded of writes belongs to nobody; the catalogue is the publisher's, since what it says
    of the dataset holds for everybody's graphs. The publisher, who bears no token, describes what they like.
    """
    computed = {publication.graph(name) for name in (ENTAILED_GRAPH, PROVENANCE_GRAPH)}
    if contributor is None:
        return lambda _: False
    return lambda graph: graph not in computed and not may_write(contributor, graph, publication.base)


def _first(changes: Sequence[GraphChange], contribution: LastContribution | None) -> dict[str, Contributed]:
    """Return what the first release of a publication takes from the writes."""
    return {each.iri: Contributed(partial(added, each), contribution) for each in changes}
