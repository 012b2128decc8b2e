"""Whether a release is whole: every member has the digests that the manifest names, and the store holds its graphs.

It reads everything once and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from graph.errors import ReleaseError
from graph.namespaces import CATALOG_GRAPH, graph_iri
from graph.releases.digest import graph_digest, release_digest, sum_of, triple_hashes
from graph.releases.folder import ReleasesFolder
from graph.releases.history import History
from graph.releases.manifest import GraphEntry
from graph.releases.members import file_sha256, read_member
from graph.releases.release import CATALOG_FILE, REPORT_FILE, Release, open_release

RECOVER = "no release is whole: hamkor releases recover says what can be done"


def verify(release: Release, progress: Callable[[str, int], None] = lambda *_: None, name: str = "") -> tuple[str, ...]:
    """Return what is wrong with a release, a sentence each; nothing where it is whole.

    Args:
        release: the release.
        progress: told what is being read.
        name: what its folder would be called, where it stands in another.
    """
    return tuple(_problems(release, progress, name or release.folder.name))


def problems_of(
    folder: Path, name: str = "", progress: Callable[[str, int], None] = lambda *_: None
) -> tuple[str, ...]:
    """Return what is wrong with the release in a folder, also where it cannot be opened; arguments as ``verify``."""
    try:
        return verify(open_release(folder), progress, name)
    except ReleaseError as problem:
        return (problem.problem,)


def newest_first(releases: ReleasesFolder) -> tuple[str, ...]:
    """Return the ids of all releases, that first which was current last, as far as the log of roll-backs knows."""
    times = {each: moment for moment, each in enumerate(each.release for each in History(releases).moments)}
    return tuple(sorted(releases.ids(), key=lambda each: (times.get(each, -1), each), reverse=True))


def newest_whole(releases: ReleasesFolder) -> str:
    """Return the id of the newest release that is whole, or an empty string."""
    return next((each for each in newest_first(releases) if not problems_of(releases.path / each)), "")


def readable_current(releases: ReleasesFolder) -> Release | None:
    """Return the current release, or None before the first one.

    Raises:
        ReleaseError: there is one, or has been, and it cannot be read: what contributors wrote may stand nowhere else,
            so nothing may be made without it. The error names the newest release that is whole.
    """
    try:
        folder = releases.current()
        return open_release(folder) if folder is not None else None
    except ReleaseError as problem:
        whole = newest_whole(releases)
        remedy = f"the newest whole release is {whole}: run hamkor releases recover" if whole else RECOVER
        raise ReleaseError(problem.problem, remedy) from problem


def _problems(release: Release, progress: Callable[[str, int], None], name: str) -> Iterator[str]:
    manifest, read = release.manifest, 0
    if manifest.id != name:
        yield f"the folder {name} says that it is release {manifest.id}"
    catalog = graph_iri(manifest.base, CATALOG_GRAPH)
    if release_digest({each.iri: each.digest for each in manifest.graphs if each.iri != catalog}) != manifest.digest:
        yield "manifest.json: the digest of the release is not that of its graphs"
    for file in (REPORT_FILE, CATALOG_FILE):
        if not (release.folder / file).is_file():
            yield f"{file} is missing"
    try:
        store: ox.Store | None = release.store
    except ReleaseError as problem:
        store = None
        yield str(problem)
    for entry in manifest.graphs:
        progress(f"verifying {entry.file}", read)
        yield from _of_member(release, entry, store)
        read += entry.triples


def _of_member(release: Release, entry: GraphEntry, store: ox.Store | None) -> Iterator[str]:
    path = release.folder / entry.file
    try:
        if path.stat().st_size != entry.size or file_sha256(path) != entry.sha256:
            yield f"{entry.file}: the file is not the one that was written (SHA-256)"
        lanes, triples, first = np.zeros(4, np.uint64), 0, b""
        for chunk in read_member(path, entry.iri):
            lines = chunk.lines()
            first = first or lines[0]
            lanes, triples = lanes + sum_of(triple_hashes(lines)), triples + len(lines)
    except (OSError, ReleaseError) as problem:
        yield f"{entry.file}: {getattr(problem, 'strerror', None) or problem}"
        return
    if (graph_digest(lanes, triples), triples) != (entry.digest, entry.triples):
        yield f"{entry.file}: its content is not what the manifest says"
    elif store is not None and first and not _holds(store, entry.iri, first):
        yield f"the store lacks <{entry.iri}>"


def _holds(store: ox.Store, graph: str, line: bytes) -> bool:
    """Whether the store has a triple of a graph, by subject and predicate: it may write the literal otherwise."""
    (quad,) = ox.parse(line + b"\n", ox.RdfFormat.N_TRIPLES, lenient=True)
    found = store.quads_for_pattern(quad.subject, quad.predicate, None, ox.NamedNode(graph))
    return next(found, None) is not None
