"""The steps that every way to a release shares: what follows, which shapes are usable, and how a release ends.

``graph.pipeline.build`` comes from files, ``graph.pipeline.write`` from a change of the release before, and
``graph.pipeline.build`` judges files without a release. Where one of them does a step otherwise, it says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
from msgspec.structs import replace

from graph.catalogue.dataset_description import catalogue
from graph.entailment.materialisation import entail
from graph.export.documents import OLD_NAMES
from graph.model.errors import Sentence, StorageError
from graph.model.publication import Publication, SourceFile
from graph.model.rdf_terms import CATALOG_GRAPH, ENTAILED_GRAPH, ONTOLOGY_GRAPH, PREFIXES, RDF_TYPE, graph_iri
from graph.model.settings import LimitSettings
from graph.pipeline.parts import Part
from graph.query.sparql.guard import read_query
from graph.releases.change import ReleaseRevision
from graph.releases.dumps import is_element_name
from graph.releases.manifest import Manifest, release_digest, write_manifest
from graph.releases.own_iris import fragments_after_build, fragments_after_change, gone_after_build, gone_after_change
from graph.releases.release import CATALOG_FILE, REPORT_FILE, Release, ReleasesFolder, open_release
from graph.releases.release_builder import tool_versions
from graph.releases.verification import NOTHING_KNOWN, Known, write_checksums
from graph.sources.batches import Chunk, GraphChange
from graph.sources.reader import read_source
from graph.validation.report import Report
from graph.withholding.withholding import hand_on, read_traces, withholding_of

Progress = Callable[[str, int], None]
"""Called with what is being done and how many triples have been taken so far."""

# What follows, and what shapes must be.


def may_run(text: str) -> str:
    """Return the query of a publication's own rule as it may run: it must not dial out."""
    return read_query(text).text


def conclusions(store: ox.Store, base: str) -> Chunk | None:
    """Write all that follows into a store that has everything else, and return it; None where nothing follows.

    Raises:
        SourceError: a rule in the ontology cannot be used.
    """
    return entail(store, graph_iri(base, ENTAILED_GRAPH), graph_iri(base, ONTOLOGY_GRAPH), may_run)


def usable_shapes(chunks: list[Chunk], files: Sequence[SourceFile], *, base: str, limits: LimitSettings) -> list[Chunk]:
    """Return the shapes, once they are known to be usable; the files are those that they may have been read from.

    Raises:
        ShapesError: one is not.
    """
    from graph.validation.shapes import refuse_malformed  # noqa: PLC0415  takes most of a second to import

    refuse_malformed(chunks, file_of_shape(files, base=base, limits=limits), base=base)
    return chunks


def file_of_shape(sources: Sequence[SourceFile], *, base: str, limits: LimitSettings) -> Callable[[str], str]:
    """Return what names the file that speaks of a shape, by the shape's IRI; empty where none does."""

    def file_of(iri: str) -> str:
        start = f"<{iri}> ".encode()
        for source in sources:
            chunks = read_source(source, base=base, limits=limits)
            if any(line.startswith(start) for chunk in chunks for line in chunk.lines()):
                return source.name
        return ""

    return file_of


# What every release gets at its end, however it was made: what parts add, what is gone, report, catalogue, manifest.

ID_TIME = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class ReleaseOrigin:
    """From what a release is made.

    Attributes:
        created: when; the time that its id bears.
        fingerprint: of the files and settings.
        parent: id of the release before it.
        sources: the files, and the graphs that each fills.
    """

    created: datetime
    fingerprint: str
    parent: str | None
    sources: Mapping[str, tuple[str, ...]]


def time_of_next(releases: ReleasesFolder) -> datetime:
    """Return the time of a release made now: whole seconds, and later than every other's, whatever the clock says."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = [time for each in releases.ids() if (time := _time_of(each)) is not None]
    return max(now, max(times) + timedelta(seconds=1)) if times else now


def _time_of(release_id: str) -> datetime | None:
    try:
        return datetime.strptime(release_id[:18], ID_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ReleaseEnding:
    """What the end of a release depends on.

    Attributes:
        before: the release with which it is compared for what is gone.
        changes: by which it differs from ``before``, that it was made of; None where it was made from nothing.
        parts: those that take part.
    """

    before: Release | None
    changes: Sequence[GraphChange] | None
    parts: Sequence[Part]


def finish(
    publication: Publication,
    revision: ReleaseRevision,
    origin: ReleaseOrigin,
    report: Report,
    ending: ReleaseEnding,
    told: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Write all that a release in the making still lacks: what parts add, what is gone, report, catalogue, manifest.

    Raises:
        SettingError: a setting that the catalogue needs is not usable.
        ReleaseError: a graph file cannot be read.
    """
    with ExitStack() as beside:
        for part in ending.parts:
            if part.step is not None:
                told(part.doing)
                beside.enter_context(part.step(revision, ending.changes))
        _own_iris(publication, revision, ending)
        told("writing the catalogue")
        return _complete(publication, revision, origin, report)


def _own_iris(publication: Publication, revision: ReleaseRevision, ending: ReleaseEnding) -> None:
    """Note what is gone, and which things are fragments: from all graph files, or from what has changed."""
    if ending.changes is None or ending.before is None:
        # what is withheld may have been public, and must not be named now; a change cannot alter the list
        withholding, traces = withholding_of(publication), read_traces(revision.folder)
        gone_after_build(revision, ending.before, lambda iri: withholding.withholds(iri) or iri in traces)
        fragments_after_build(revision)
    else:
        gone_after_change(revision, ending.before, ending.changes)
        fragments_after_change(revision, ending.before.folder, ending.changes)
        hand_on(ending.before.folder, revision.folder)


def _complete(publication: Publication, revision: ReleaseRevision, origin: ReleaseOrigin, report: Report) -> Manifest:
    """Write report, catalogue and manifest of a release in the making, which holds everything but these.

    Raises:
        SettingError: a setting that the catalogue needs is not usable.
    """
    revision.take_over()
    _note_element_names(revision)
    without = _manifest(publication, revision, origin, report)
    chunk = catalogue(publication, revision.store, without, revision.folder)
    revision.fill(chunk)
    (revision.folder / CATALOG_FILE).write_bytes(_turtle(chunk, publication.base))
    (revision.folder / REPORT_FILE).write_bytes(report.turtle())
    revision.close()
    manifest = replace(_manifest(publication, revision, origin, report), index=revision.follow_index())
    write_manifest(manifest, revision.folder)
    return manifest


def _turtle(chunk: Chunk, base: str) -> bytes:
    triples = (quad.triple for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True))
    prefixes = {"hk": f"{base}ns#", **PREFIXES}
    return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes, base_iri=base) or b""


def _manifest(publication: Publication, revision: ReleaseRevision, origin: ReleaseOrigin, report: Report) -> Manifest:
    entries, catalog = revision.graphs(), publication.graph(CATALOG_GRAPH)
    # The catalogue is computed, and its dates differ from run to run.
    digest = release_digest({each.iri: each.digest for each in entries if each.iri != catalog})
    return Manifest(
        id=f"{origin.created:{ID_TIME}}-{digest[:8]}",
        created=origin.created.isoformat().replace("+00:00", "Z"),
        parent=origin.parent,
        base=publication.base,
        digest=digest,
        fingerprint=origin.fingerprint,
        triples=revision.book.triples,
        quads=sum(each.indexed for each in entries),
        graphs=entries,
        shared=revision.shared(),
        sources={name: tuple(sorted(graphs)) for name, graphs in sorted(origin.sources.items())},
        warnings=report.warnings,
        tools=dict(tool_versions()),
        statistics=revision.book.statistics(),
        checksums=True,
    )


def _note_element_names(revision: ReleaseRevision) -> None:
    """Let the graphs with a property or a class by which no element of XML can be named say so."""
    counts, a = revision.book.statistics(), ox.NamedNode(RDF_TYPE)
    unnamed: list[tuple[ox.NamedNode, ox.NamedNode | None]] = [
        *((ox.NamedNode(each), None) for each in counts.properties if not is_element_name(each)),
        *((a, ox.NamedNode(each)) for each in counts.classes.keys() & OLD_NAMES),
    ]

    def has_some(graph: str) -> bool:
        found = (revision.store.quads_for_pattern(None, one, two, ox.NamedNode(graph)) for one, two in unnamed)
        return any(next(quads, None) is not None for quads in found)

    for each in revision.graphs():
        if each.fits_xml and has_some(each.iri):
            revision.entries[each.iri] = replace(each, fits_xml=False)


def commit(releases: ReleasesFolder, folder: Path, manifest: Manifest, known: Known = NOTHING_KNOWN) -> Release:
    """Make a finished release the current one.

    Args:
        releases: where; the one writer has them.
        folder: the staging folder that holds it.
        manifest: its manifest.
        known: what is known of its files that are those of the release before.
    """
    write_checksums(folder, known)
    return open_release(releases.commit(folder, manifest.id))


@contextmanager
def on_disk() -> Iterator[None]:
    """Say of an error of the system inside the block that the release could not be written."""
    try:
        yield
    except OSError as problem:
        raise StorageError.of(
            Sentence("the release could not be written"), problem, Sentence("the current one stays")
        ) from problem
