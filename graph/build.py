"""From a publication's files to a new current release: the pipeline, in the order in which data flows.

read → members and index → entailment → validation → catalogue → manifest → commit. Whatever fails, fails before the
commit, and the release that was current stays current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from graph.catalogue.metadata import catalogue
from graph.entailment import entail
from graph.errors import ReleaseError, SettingError, SourceError
from graph.namespaces import CATALOG_GRAPH, COMPUTED_GRAPHS, ENTAILED_GRAPH, ONTOLOGY_GRAPH, SHAPES_GRAPH
from graph.publication import SETTINGS_FILE, Publication
from graph.query.guard import read_query
from graph.releases.digest import release_digest
from graph.releases.fingerprint import fingerprint, tool_versions
from graph.releases.folder import ReleasesFolder
from graph.releases.index import STORE_FOLDER, Index
from graph.releases.manifest import GraphEntry, Manifest, write_manifest
from graph.releases.members import read_member
from graph.releases.release import CATALOG_FILE, REPORT_FILE, Release, open_release
from graph.releases.staged import Staged
from graph.settings import PrivacySettings
from graph.sources.chunks import Chunk
from graph.sources.reader import read_source
from graph.validation.report import Report, ValidationFailedError, empty_report

Progress = Callable[[str, int], None]
"""Called with what is being done and how many triples have been taken so far."""


@dataclass(frozen=True, slots=True)
class Origin:
    """From what a release is made: when, from which files, after which release."""

    created: datetime
    fingerprint: str
    parent: str | None


def build(publication: Publication, progress: Progress = lambda *_: None) -> Release:
    """Make a release of the publication's files and make it current; return it.

    Where nothing has changed since the current release was made, that one is returned.

    Raises:
        SourceError: a file cannot be read.
        SettingError: the publication's settings or files are not usable.
        ShapesError: the shapes are not usable.
        ValidationFailedError: the data violates the shapes.
        ReleaseError: somebody else is writing, or the disk does not take it.
    """
    _refuse_withholding(publication)
    publication.sources()  # what is wrong with the files' names comes first
    releases, mark = ReleasesFolder(publication.releases_folder), fingerprint(publication)
    parent = releases.current()
    if parent is not None and (release := _unchanged(parent, mark)) is not None:
        return release
    origin = Origin(_time_after(parent), mark, parent.name if parent else None)
    with releases.staging() as folder:
        try:
            manifest = _make(publication, folder, origin, progress)
            return open_release(releases.commit(folder, manifest.id))
        except OSError as problem:
            raise ReleaseError(f"the release could not be written: {problem}", "the current one stays") from problem


def _refuse_withholding(publication: Publication) -> None:
    """Refuse what cannot be kept: a promise of privacy must not be passed over in silence."""
    if publication.settings.privacy != PrivacySettings():
        problem = "privacy: withholding is not there yet; take what must not be published out of data/"
        raise SettingError(SETTINGS_FILE, problem)


def _time_after(parent: Path | None) -> datetime:
    """Return the time of a release made now: whole seconds, and later than its parent's, whatever the clock says."""
    now = datetime.now(UTC).replace(microsecond=0)
    if parent is None:
        return now
    earlier = datetime.strptime(parent.name[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
    return max(now, earlier + timedelta(seconds=1))


def _unchanged(folder: Path, mark: str) -> Release | None:
    try:
        release = open_release(folder)
    except ReleaseError:
        return None
    return release if release.manifest.fingerprint == mark else None


def _make(publication: Publication, folder: Path, origin: Origin, progress: Progress) -> Manifest:
    with Index(folder / STORE_FOLDER) as index:
        staged = Staged(folder, publication.base, index)
        _read(publication, staged, progress)
        progress("drawing conclusions", staged.read)
        index.flush()
        graphs = publication.graph(ENTAILED_GRAPH), publication.graph(ONTOLOGY_GRAPH)
        entailed = entail(index.store, *graphs, lambda text: read_query(text).text)
        if entailed is not None:
            staged.add(entailed)
        entries = staged.close()
        progress("validating", staged.read)
        report = _validate(publication, staged, entries)
        progress("writing the catalogue", staged.read)
        index.flush()
        chunk = catalogue(publication, index.store, _manifest(publication, staged, origin, report), folder)
        staged.add(chunk)
        (folder / CATALOG_FILE).write_bytes(chunk.triples)
        (folder / REPORT_FILE).write_bytes(report.graph.serialize(format="turtle", encoding="utf-8"))
        manifest = _manifest(publication, staged, origin, report)
    write_manifest(manifest, folder)
    return manifest


def _read(publication: Publication, staged: Staged, progress: Progress) -> None:
    computed = {publication.graph(name) for name in COMPUTED_GRAPHS}
    for source in publication.sources():
        for chunk in read_source(source, base=publication.base, limits=publication.settings.limits):
            if chunk.graph in computed:
                raise SourceError(source.name, f"the graph <{chunk.graph}> is computed", remedy="name it otherwise")
            staged.add(chunk, source.name)
            progress(f"reading {source.name}", staged.read)


def _validate(publication: Publication, staged: Staged, entries: tuple[GraphEntry, ...]) -> Report:
    """Validate what was parsed, and what follows from it, where there are shapes."""
    members = {entry.iri: staged.folder / entry.file for entry in entries}
    shapes = publication.graph(SHAPES_GRAPH)
    if shapes not in members:
        return empty_report()
    from graph.validation.gate import located, validate  # noqa: PLC0415  takes most of a second to import

    data = {iri: read_member(path, iri) for iri, path in members.items() if iri != shapes}
    report = validate(data, read_member(members[shapes], shapes), base=publication.base)
    if not report.conforms:
        raise ValidationFailedError(located(report, _by_file(publication)))
    return report


def _by_file(publication: Publication) -> dict[str, Iterable[Chunk]]:
    """Return everything that was validated by the name of its file, read once more: several may fill one graph."""
    limits, shapes = publication.settings.limits, publication.graph(SHAPES_GRAPH)
    files = {each.name: each for each in publication.sources() if each.graph != shapes}
    return {name: read_source(each, base=publication.base, limits=limits) for name, each in files.items()}


def _manifest(publication: Publication, staged: Staged, origin: Origin, report: Report) -> Manifest:
    entries = staged.close()
    shared = staged.overlap()
    catalog = publication.graph(CATALOG_GRAPH)
    digest = release_digest({each.iri: each.digest for each in entries if each.iri != catalog})
    return Manifest(
        id=f"{origin.created:%Y-%m-%dT%H%M%SZ}-{digest[:8]}",
        created=origin.created.isoformat().replace("+00:00", "Z"),
        parent=origin.parent,
        base=publication.base,
        digest=digest,
        fingerprint=origin.fingerprint,
        triples=shared.distinct,
        quads=sum(each.triples for each in entries),
        graphs=entries,
        shared=shared.shared,
        sources={name: tuple(sorted(graphs)) for name, graphs in sorted(staged.graphs_of.items())},
        warnings=len(report.results),
        tools=tool_versions(),
        statistics=staged.statistics(),
    )
