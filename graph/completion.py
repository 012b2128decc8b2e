"""What every release gets at its end, however it was made: report, catalogue, manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyoxigraph as ox

from graph.catalogue.metadata import catalogue
from graph.namespaces import CATALOG_GRAPH, PREFIXES
from graph.publication import Publication
from graph.releases.digest import release_digest
from graph.releases.fingerprint import tool_versions
from graph.releases.folder import ReleasesFolder
from graph.releases.manifest import Manifest, write_manifest
from graph.releases.release import CATALOG_FILE, REPORT_FILE
from graph.releases.revision import Revision
from graph.sources.chunks import Chunk
from graph.validation.report import Report

ID_TIME = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Origin:
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


def complete(publication: Publication, revision: Revision, origin: Origin, report: Report) -> Manifest:
    """Write report, catalogue and manifest of a release in the making, which holds everything but these.

    Raises:
        SettingError: a setting that the catalogue needs is not usable.
    """
    revision.take_over()
    without = _manifest(publication, revision, origin, report)
    chunk = catalogue(publication, revision.store, without, revision.folder)
    revision.fill(chunk)
    (revision.folder / CATALOG_FILE).write_bytes(_turtle(chunk, publication.base))
    (revision.folder / REPORT_FILE).write_bytes(report.turtle())
    revision.close()
    manifest = _manifest(publication, revision, origin, report)
    write_manifest(manifest, revision.folder)
    return manifest


def _turtle(chunk: Chunk, base: str) -> bytes:
    triples = (quad.triple for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True))
    prefixes = {"hk": f"{base}ns#", **PREFIXES}
    return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes, base_iri=base) or b""


def _manifest(publication: Publication, revision: Revision, origin: Origin, report: Report) -> Manifest:
    entries, catalog = revision.graphs(), publication.graph(CATALOG_GRAPH)
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
