"""From a publication's files to a new current release, in the order in which data flows; or to a report alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
from pyoxigraph import RdfFormat, Store

from graph.entailment.materialisation import LITERAL_FORM
from graph.export.documents import check_trees
from graph.model.contributors import contributors_of
from graph.model.errors import BusyError, FollowingError, ReleaseError, Sentence, SourceError
from graph.model.formats import OTHER, known_suffixes, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import Publication, Role, SourceFile
from graph.model.rdf_terms import COMPUTED_GRAPHS, ENTAILED_GRAPH, ONTOLOGY_GRAPH, SHAPES_GRAPH, graph_iri
from graph.model.settings import LimitSettings
from graph.pipeline.parts import PARTS, Part, forget_withheld_by, left_out
from graph.pipeline.steps import (
    Progress,
    ReleaseEnding,
    ReleaseOrigin,
    commit,
    conclusions,
    file_of_shape,
    finish,
    on_disk,
    time_of_next,
    usable_shapes,
)
from graph.releases.change import ReleaseRevision
from graph.releases.dumps import Downloads
from graph.releases.exact_forms import open_forms
from graph.releases.graph_files import GRAPHS_FOLDER, read_member
from graph.releases.history import BuildOutcome, count_build
from graph.releases.index_loading import (
    SOURCE,
    LinesFile,
    UnsureLinesError,
    index_in_making,
    lines_in,
    passing_index,
    spooled,
)
from graph.releases.manifest import MANIFEST_FILE, GraphEntry, LastContribution, Manifest
from graph.releases.own_iris import GONE_FILE
from graph.releases.release import AT_ONCE, Patience, Release, ReleasesFolder, open_release
from graph.releases.release_builder import Staged, fingerprint
from graph.releases.store import STORE_FOLDER, Index, reading
from graph.releases.verification import damaged, newest_first, readable_current, whole_graph
from graph.sources.batches import Chunk
from graph.sources.document_checks import DocumentWarning, Told, unheard
from graph.sources.rdf_patches import Patches, patches_of
from graph.sources.reader import lies_in_lines, read_source
from graph.validation.report import Report, ValidationFailedError, empty_report, with_warnings
from graph.withholding.withholding import Judged, Traces, purge, settle, withholding_of

if TYPE_CHECKING:
    from graph.validation.shapes import Remark

# From a publication's files to a new current release: the pipeline, in the order in which data flows.
#
# ``graph.pipeline.write`` makes a release from another one and a write.

LARGE = 20_000
"""From so many triples on, validation asks the index which nodes are in doubt, and reads no more than these."""


@dataclass(frozen=True, slots=True)
class Contributed:
    """A graph that no file fills, and by whom it was written."""

    chunks: Callable[[], Iterable[Chunk]]
    contribution: LastContribution | None


def build(
    publication: Publication,
    progress: Progress = lambda *_: None,
    told: Told = unheard,
    patience: Patience = AT_ONCE,
    mended: Callable[[str], None] = lambda _: None,
    parts: Sequence[Part] = PARTS,
) -> Release:
    """Make a release of the publication's files, and of what contributors wrote, and make it current; return it.

    Where nothing has changed since the current release was made, and it is whole, that one is returned.

    Args:
        publication: what to publish.
        progress: told what is being done.
        told: told what is left out of the files, or doubtful in them.
        patience: how long to wait while somebody else writes.
        mended: told, a sentence each, what is wrong with the current release, and is made anew.
        parts: those that take part.

    Raises:
        SourceError: a file cannot be read.
        SettingError: the publication's settings or files are not usable.
        ShapesError: the shapes are not usable.
        ValidationFailedError: the data violates the shapes.
        BusyError: somebody else is writing.
        ReleaseError: the disk does not take it, or there have been releases and the current one cannot be read.
    """
    begun, outcome = time.monotonic(), cast("BuildOutcome | None", "failed")
    try:
        release, is_new = _built(publication, progress, told, patience, mended, parts)
        outcome = "made" if is_new else "unchanged"
    except (BusyError, FollowingError):
        outcome = None  # none has begun
        raise
    except ValidationFailedError:
        outcome = "refused"
        raise
    finally:
        if outcome is not None:
            count_build(publication.releases_folder.parent, outcome, time.monotonic() - begun)
    return release


def _built(
    publication: Publication, progress: Progress, told: Told, patience: Patience, mended: Callable[[str], None],
    parts: Sequence[Part],
) -> tuple[Release, bool]:  # fmt: skip
    """As ``build``; return whether the release is a new one, too."""
    releases = ReleasesFolder(publication.releases_folder, patience)
    parent = readable_current(releases)
    may_be_none = bool(contributed_graphs(parent) or publication.patches())
    publication.sources(may_be_none=may_be_none)  # what is wrong with the files' names comes first
    if not withholding_of(publication) and _is_of(parent, publication, parts) and not _wrong(parent, lambda _: None):
        return cast(Release, parent), False
    with releases.staging() as folder:
        release = build_in(folder, publication, releases, progress, told, mended, parts)[0]
    return release, parent is None or release.id != parent.id


def build_in(
    folder: Path,
    publication: Publication,
    releases: ReleasesFolder,
    progress: Progress,
    told: Told = unheard,
    mended: Callable[[str], None] = lambda _: None,
    parts: Sequence[Part] = PARTS,
) -> tuple[Release, Judged]:
    """As ``build``, in the staging folder that the one writer has; return which earlier releases had to go, too.

    A list of what is withheld that lies in the folder (``publication.staged_list``) becomes the publication's with the
    release, in the same step.
    """
    settled = replace(publication, staged_list=None)
    settle(settled)
    parent = readable_current(releases)  # somebody may have published in between
    if not _wrong(parent, mended) and _is_of(parent, publication, parts):
        release = cast(Release, parent)
    else:
        inputs = ReleaseInputs(parent, contributed_graphs(parent), told, parts)
        release = make(publication, releases, folder, inputs, progress)
    del parent  # whoever has a release holds it, and it may have to go
    settle(settled)
    return release, purge(releases, withholding_of(settled), forget_withheld_by(settled, parts))


def _is_of(release: Release | None, publication: Publication, parts: Sequence[Part]) -> bool:
    """Whether a release was made of what the publication is now."""
    return release is not None and release.manifest.fingerprint == fingerprint(publication, left_out(parts))


def _wrong(release: Release | None, mended: Callable[[str], None]) -> frozenset[str]:
    """Return the files of a release that are not what was written, telling of each.

    A kept download that is not what was made is removed: it is made when it is asked for.

    Raises:
        ReleaseError: the manifest is one of them.
    """
    if release is None:
        return frozenset()
    for problem in Downloads(release.folder, release.manifest).discard_damaged():
        mended(problem)
    wrong = dict(damaged(release.folder))
    if MANIFEST_FILE in wrong:
        raise ReleaseError(
            Sentence("%(release)s is not whole: %(problem)s", release=release.id, problem=wrong[MANIFEST_FILE]),
            Sentence("hamkor releases recover"),
        )
    for each in wrong.values():
        mended(f"{release.id} is not whole, and is made anew: {each}")
    return frozenset(wrong)


def _before(releases: ReleasesFolder, parent: Release | None) -> Release | None:
    """Return the release with which a new one is compared for what is gone: the one before, or the newest whole one."""
    if parent is None:
        return None
    wrong = dict(damaged(parent.folder))
    if GONE_FILE not in wrong and not any(each.startswith(GRAPHS_FOLDER) for each in wrong):
        return parent
    for each in newest_first(releases):
        if each != parent.id and not next(damaged(releases.path / each), None):
            return open_release(releases.path / each)
    return None


def rebuild(publication: Publication, start: Release, progress: Progress = lambda *_: None) -> Release:
    """Make a release of the publication's files, and of what contributors wrote in ``start``, and make it current.

    It is for when no release is current, or must not be; the writer's part to hold the lock.

    Raises:
        As ``build``.
    """
    releases = ReleasesFolder(publication.releases_folder)
    with releases.folder_for_staging() as folder:
        return make(publication, releases, folder, ReleaseInputs(start, contributed_graphs(start)), progress)


def contributed_graphs(release: Release | None) -> dict[str, Contributed]:
    """Return the graphs that contributors wrote, by IRI."""
    if release is None:
        return {}
    return {each.iri: _carried(release, each) for each in release.manifest.graphs if each.origin == "contributed"}


def _carried(release: Release, entry: GraphEntry) -> Contributed:
    releases = ReleasesFolder(release.folder.parent)
    return Contributed(lambda: whole_graph(releases, release, entry), entry.contribution)


@dataclass(frozen=True, slots=True)
class ReleaseInputs:
    """What goes into a release that is made from nothing, beside the files.

    Attributes:
        parent: the release before it.
        contributed: the graphs that no file fills, by IRI.
        told: told what is left out of the files, or doubtful in them.
        parts: those that take part.
    """

    parent: Release | None
    contributed: Mapping[str, Contributed]
    told: Told = unheard
    parts: Sequence[Part] = PARTS


def make(
    publication: Publication, releases: ReleasesFolder, folder: Path, inputs: ReleaseInputs, progress: Progress
) -> Release:
    """Make a release from nothing in the staging folder, after its parent, and make it current.

    Raises:
        As ``build``.
    """
    parent, made_of = inputs.parent, fingerprint(publication, left_out(inputs.parts))
    origin = ReleaseOrigin(time_of_next(releases), made_of, parent.id if parent is not None else None, {})
    with on_disk():
        manifest, _ = _make(publication, folder, origin, inputs, progress, _before(releases, parent))
        return commit(releases, folder, manifest)


def try_out(publication: Publication, folder: Path, inputs: ReleaseInputs, progress: Progress) -> Report:
    """Return what validation says of a release that is made from nothing in an empty folder, and not committed.

    Raises:
        As ``build``, but for violations, which are in the report.
    """
    try:
        return _make(publication, folder, ReleaseOrigin(datetime.now(UTC), "", None, {}), inputs, progress)[1]
    except ValidationFailedError as problem:
        return problem.report


def _make(
    publication: Publication,
    folder: Path,
    origin: ReleaseOrigin,
    inputs: ReleaseInputs,
    progress: Progress,
    before: Release | None = None,
) -> tuple[Manifest, Report]:
    check_trees(publication)
    with Index(folder / STORE_FOLDER) as index:
        staged, withholding = Staged(folder, publication.base, index), withholding_of(publication)
        traces = Traces.of(withholding.mark, withholding.graphs | withholding.iris)
        _read(publication, staged, inputs, traces, progress)
        if withholding:
            traces.write(folder)
        staged.close()
        staged.merge()
        entries = _concluded(publication, staged, progress)
        progress("validating", staged.read)
        report = _validate(publication, staged, entries, inputs.contributed)
        progress("writing the catalogue", staged.read)
        index.load()
        manifest = _completed(publication, staged, replace(origin, sources=staged.sources()), inputs, before, report)
        if not index.is_sorted or inputs.contributed or contributors_of(publication).all():
            progress("settling the store", staged.read)
            index.settle()
        return manifest, report


def _concluded(publication: Publication, staged: Staged, progress: Progress) -> tuple[GraphEntry, ...]:
    """Draw what follows, and write the triple index: beside the loading where it shows that nothing can follow."""
    if publication.graph(ONTOLOGY_GRAPH) not in {each.iri for each in staged.close()}:
        entries = _counted(staged, progress)
        if not staged.says(LITERAL_FORM.value):
            staged.close_notes()
            return entries
    progress("drawing conclusions", staged.read)
    staged.index.load()
    if (entailed := conclusions(staged.index.store, publication.base)) is not None:
        staged.add_conclusions(entailed)
    staged.close()
    staged.close_notes()
    return _counted(staged, progress)


def _counted(staged: Staged, progress: Progress) -> tuple[GraphEntry, ...]:
    progress("loading the store" if staged.is_little else "writing the triple index", staged.read)
    return staged.count()


def _completed(
    publication: Publication,
    staged: Staged,
    origin: ReleaseOrigin,
    inputs: ReleaseInputs,
    before: Release | None,
    report: Report,
) -> Manifest:
    if inputs.parent is not None:
        staged.link_unchanged(inputs.parent, inputs.contributed)
    entries = {each.iri: _with_origin(publication, each, inputs.contributed) for each in staged.close()}
    revision = ReleaseRevision(staged.folder, publication.base, staged.index.store, staged.book(), entries)
    return finish(publication, revision, origin, report, ReleaseEnding(before, None, inputs.parts))


def _with_origin(publication: Publication, entry: GraphEntry, contributed: Mapping[str, Contributed]) -> GraphEntry:
    if entry.iri in contributed:
        contribution = contributed[entry.iri].contribution
        return msgspec.structs.replace(entry, origin="contributed", contribution=contribution)
    is_computed = entry.iri == publication.graph(ENTAILED_GRAPH)
    return msgspec.structs.replace(entry, origin="computed" if is_computed else "source")


def _read(publication: Publication, staged: Staged, inputs: ReleaseInputs, traces: Traces, progress: Progress) -> None:
    contributed, limits, withholding = inputs.contributed, publication.settings.limits, withholding_of(publication)
    computed = {publication.graph(name) for name in COMPUTED_GRAPHS}
    patches = patches_of(publication, contributed)
    may_be_none = bool(contributed or patches.names)
    for source in publication.sources(may_be_none=may_be_none):
        read = patches.patched(read_source(source, base=publication.base, limits=limits, told=inputs.told))
        for chunk in withholding.passed(read, traces):  # what must not be published stays outside
            if chunk.graph in computed:
                problem = Sentence("the graph <%(graph)s> is computed", graph=chunk.graph)
                raise SourceError(source.name, problem, remedy=Sentence("name it otherwise"))
            if chunk.graph in contributed:
                problem = Sentence("the graph <%(graph)s> has been contributed", graph=chunk.graph)
                raise SourceError(
                    source.name, problem, remedy=Sentence("name it otherwise, or take that back: hamkor withdraw")
                )
            staged.add(chunk, source.name)
            progress(f"reading {source.name}", staged.read)
    _patch(staged, patches, computed, lambda chunks: withholding.passed(chunks, traces))
    patches.tell(inputs.told)
    for iri, graph in contributed.items():
        if not withholding.withholds(iri):
            staged.open(iri)
        for chunk in withholding.passed(graph.chunks(), traces):
            staged.add(chunk)
            progress(f"taking over <{iri}>", staged.read)


def _patch(
    staged: Staged,
    patches: Patches,
    computed: Collection[str],
    passed: Callable[[Iterable[Chunk]], Iterator[Chunk]],
) -> None:
    """Take what patches say besides the files; ``passed`` keeps back what is withheld."""
    for name, added in patches.added():
        if added.graph in computed:
            problem = Sentence("the graph <%(graph)s> is computed", graph=added.graph)
            raise SourceError(name, problem, remedy=Sentence("name it otherwise"))
        for chunk in passed([added]):
            staged.add(chunk, name)


def _validate(
    publication: Publication,
    staged: Staged,
    entries: Sequence[GraphEntry],
    contributed: Mapping[str, Contributed],
) -> Report:
    """Validate what was parsed, and what follows from it, where there are shapes."""
    members = {entry.iri: staged.folder / entry.file for entry in entries}
    shapes = publication.graph(SHAPES_GRAPH)
    if shapes not in members:
        return empty_report()
    from graph.validation.conformance import located, validate  # noqa: PLC0415  takes most of a second to import

    sources, limits = publication.sources(may_be_none=True), publication.settings.limits
    rules = usable_shapes(list(read_member(members[shapes], shapes)), sources, base=publication.base, limits=limits)
    if staged.is_little:
        data = {iri: read_member(path, iri) for iri, path in members.items() if iri != shapes}
        report = validate(data, rules, base=publication.base)
    else:
        report = _validate_much(publication.base, staged, [each for each in entries if each.iri != shapes], rules)
    if not report.conforms:
        raise ValidationFailedError(located(report, _by_file(publication, contributed)))
    return report


MOST_REWRITTEN = 20_000
"""So many literals may be noted because the store rewrites them; with more, validation has an index of its own."""


def _validate_much(base: str, staged: Staged, entries: Sequence[GraphEntry], rules: Sequence[Chunk]) -> Report:
    """Validate by the release's index; where too much of it is not as it was written, by one that is made for this."""
    from graph.validation.incremental import validate_index  # noqa: PLC0415  takes most of a second to import
    from graph.validation.set_validation import can_fetch, validate_passing  # noqa: PLC0415
    from graph.validation.validated_graph import ValidatedData  # noqa: PLC0415

    forms, shapes = open_forms(staged.folder), graph_iri(base, SHAPES_GRAPH)
    has_many = next(islice(forms.rewritten(), MOST_REWRITTEN, None), None) is not None
    if has_many and can_fetch(rules, base=base):
        files = [
            LinesFile(str(staged.folder / each.file), f"{SOURCE}{number}", each.triples, f" <{each.iri}> .")
            for number, each in enumerate(entries)
        ]
        with passing_index(files, staged.folder, "gzip") as index:
            return validate_passing(index, [each.iri for each in entries], rules, base=base)
    staged.index.load()
    with reading(staged.index.store) as store, index_in_making(staged.folder) as known:
        data = ValidatedData(store, forms, frozenset({shapes}), base)
        return validate_index(data, rules, known, base=base)


def _by_file(publication: Publication, contributed: Mapping[str, Contributed]) -> dict[str, Iterable[Chunk]]:
    """Return everything that was validated by the name of its file, read once more: several may fill one graph."""
    limits, shapes = publication.settings.limits, publication.graph(SHAPES_GRAPH)
    files: dict[str, SourceFile] = {
        each.name: each for each in publication.sources(may_be_none=True) if each.graph != shapes
    }
    patches = patches_of(publication, contributed)
    base = publication.base
    read = {name: patches.patched(read_source(each, base=base, limits=limits)) for name, each in files.items()}
    patched = {name: [chunk for each, chunk in patches.added() if each == name] for name in patches.names}
    return {**read, **patched, **{f"<{iri}>": each.chunks() for iri, each in contributed.items()}}


# Validation without a release: do these files conform to these shapes? Nothing is written.


def check(
    data: Sequence[SourceFile],
    shapes: Sequence[SourceFile],
    *,
    base: str,
    limits: LimitSettings,
    patches: Patches | None = None,
) -> Report:
    """Validate the union of the data files, and what follows from it, against the shapes; without these all conforms.

    Args:
        data: the files, and the ontology.
        shapes: the files of the shapes.
        base: the publication's base.
        limits: within which files are read.
        patches: what is applied to what the files say.

    Raises:
        SourceError: a file cannot be read.
        ShapesError: the shapes are not usable.
        ReleaseError: the system's folder for temporary files is full.
    """
    warnings, judge = list[DocumentWarning](), Judge(shapes, base, limits)
    with HeldFolder() as folder:
        report = judge.as_they_lie(_lying(data, folder, base, patches), folder)
        if report is None:
            read = _spooled(data, folder, base, limits, warnings.append, patches or Patches((), {}))
            report = judge.of(read, folder, warnings.append)
    for source in (*data, *shapes):
        report = with_warnings(report, [each for each in warnings if each.path == source.name], source.graph)
    return report


FOLLOWS = "what follows from the ontology"


def _spooled(
    data: Sequence[SourceFile], folder: Path, base: str, limits: LimitSettings, told: Told, patches: Patches
) -> dict[str, LinesFile]:
    """Read the files once; return their triples, and what follows from them, as files by their names."""
    ontology, axioms = graph_iri(base, ONTOLOGY_GRAPH), list[Chunk]()

    def noticed(source: SourceFile) -> Iterator[Chunk]:
        for chunk in patches.patched(read_source(source, base=base, limits=limits, told=told)):
            if chunk.graph == ontology:
                axioms.append(chunk)
            yield chunk

    def take(name: str, chunks: Iterable[Chunk]) -> None:
        read[name] = spooled(chunks, folder / f"{len(read)}.nt", f"{SOURCE}{len(read)}")

    read = dict[str, LinesFile]()
    for source in {each.name: each for each in data}.values():
        take(source.name, noticed(source))
    for name, chunk in patches.added():
        take(f"{name} <{chunk.graph}>", [chunk])
    patches.tell(told)
    if axioms and (entailed := _entailed(read.values(), axioms, base)) is not None:
        take(FOLLOWS, [entailed])
    return read


def _entailed(read: Iterable[LinesFile], axioms: Sequence[Chunk], base: str) -> Chunk | None:
    """Return what follows, as a build would have it.

    Unlike a build this keeps nothing: of the named graphs only the ontology is asked for, and the store is in memory.
    """
    store = Store()
    for each in read:
        store.load(path=each.path, format=RdfFormat.N_TRIPLES, lenient=True)
    for chunk in axioms:
        store.load(chunk.quads(), RdfFormat.N_QUADS, lenient=True)
    return conclusions(store, base)


def _lying(data: Sequence[SourceFile], folder: Path, base: str, patches: Patches | None) -> dict[str, LinesFile] | None:
    """Return much N-Triples as it lies, by the names of the files; None where these have to be read as any other."""
    files = {each.name: each for each in data}.values()
    has_lines = all(each.graph != graph_iri(base, ONTOLOGY_GRAPH) and lies_in_lines(each) for each in files)
    if not has_lines or (patches is not None and patches.names):
        return None
    found = dict[str, LinesFile]()
    for number, each in enumerate(files):
        link = folder / f"lying-{number}.nt"  # DuckDB finds patterns in names of other people's
        link.symlink_to(each.path.resolve())
        found[each.name] = LinesFile(str(link), f"{SOURCE}{number}", lines_in(link), " .")
    return found if sum(each.triples for each in found.values()) >= LARGE else None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges what was read by the shapes in some files.

    Attributes:
        shapes: the files; where there are none, all conforms.
        base: the publication's base.
        limits: within which they are read.
    """

    shapes: Sequence[SourceFile]
    base: str
    limits: LimitSettings

    def of(self, read: Mapping[str, LinesFile], folder: Path, told: Told) -> Report:
        """Return what is to be said of canonical N-Triples.

        Args:
            read: they, in files, by the names of their sources.
            folder: where the files are.
            told: told what is doubtful in the shapes.
        """
        if not self.shapes:
            return empty_report()
        from graph.validation.conformance import validate  # noqa: PLC0415  takes most of a second to import

        rules = self._rules(told)
        if sum(each.triples for each in read.values()) < LARGE or not self._can_fetch(rules, folder):
            return validate({name: each.chunks() for name, each in read.items()}, rules, base=self.base)
        return self._of_much(read, folder, rules)

    def as_they_lie(self, files: Mapping[str, LinesFile] | None, folder: Path) -> Report | None:
        """Return what is to be said of N-Triples that nobody has parsed; None where that has to be done before."""
        if files is None or not self.shapes:
            return None
        rules = self._rules(unheard)
        if not self._can_fetch(rules, folder):
            return None
        try:
            return self._of_much(files, folder, rules, self.limits.literal_mb << 20)
        except (UnsureLinesError, ReleaseError):
            return None

    def _rules(self, told: Told) -> list[Chunk]:
        base, limits = self.base, self.limits
        chunks = [chunk for each in self.shapes for chunk in read_source(each, base=base, limits=limits, told=told)]
        return usable_shapes(chunks, self.shapes, base=base, limits=limits)

    def _can_fetch(self, rules: Sequence[Chunk], folder: Path) -> bool:
        from graph.validation.set_validation import can_fetch  # noqa: PLC0415  takes most of a second to import

        # DuckDB opens no file below a folder with a question mark in its name, and the system's may have one
        return "?" not in str(folder) and can_fetch(rules, base=self.base)

    def _of_much(
        self, read: Mapping[str, LinesFile], folder: Path, rules: Sequence[Chunk], longest: int | None = None
    ) -> Report:
        from graph.validation.set_validation import validate_passing  # noqa: PLC0415  takes most of a second to import

        with passing_index(list(read.values()), folder, longest=longest) as index:
            return validate_passing(index, list(read), rules, base=self.base)


def shape_remarks(sources: Sequence[SourceFile], *, base: str, limits: LimitSettings) -> list[Remark]:
    """Return what is to be said of the shapes in some files, with the file of each.

    Raises:
        SourceError: a file cannot be read.
    """
    if not sources:
        return []
    from graph.validation.shapes import remarks  # noqa: PLC0415  takes most of a second to import

    chunks = [chunk for source in sources for chunk in read_source(source, base=base, limits=limits)]
    file_of = file_of_shape(sources, base=base, limits=limits)
    return [replace(each, file=file_of(each.subject)) for each in remarks(chunks, base=base)]


def file_of_user(path: Path, publication_base: str, role: str = "data") -> SourceFile:
    """Return a file that the user named as a source.

    Raises:
        SourceError: its suffix says no format that can be read.
    """
    found = recognised(path)
    if not found.form:
        reason = (
            Sentence("the suffix %(suffix)s says no format", suffix=repr(path.suffix))
            if found.reason == OTHER
            else found.reason
        )
        raise SourceError(str(path), reason, remedy=Sentence("known are %(names)s", names=known_suffixes()))
    part: Role = "shapes" if role == "shapes" else "data"
    return SourceFile(path, str(path), part, graph_iri(publication_base, found.name), found.form)


def publication_files(publication: Publication) -> tuple[list[SourceFile], list[SourceFile]]:
    """Return the publication's files as (data and ontology, shapes)."""
    sources = publication.sources()
    return [each for each in sources if each.role != "shapes"], [each for each in sources if each.role == "shapes"]
