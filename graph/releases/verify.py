"""Whether a release is whole: every file is the one that was written, and says what the members, the truth, say.

The files are compared with their checksums; the store (each graph, their merge), its notes of lexical forms and the
manifest's counts with what the members state, made anew. It reads everything and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from graph.errors import ReleaseError
from graph.namespaces import CATALOG_GRAPH, graph_iri
from graph.releases.checksums import damaged
from graph.releases.digest import Lanes, graph_digest, joined, release_digest, sum_of, triple_hashes
from graph.releases.downloads import Downloads
from graph.releases.folder import ReleasesFolder
from graph.releases.history import History
from graph.releases.index import STORE_FOLDER
from graph.releases.lexical import LEXICAL_FOLDER, index_line, open_forms, rewritten
from graph.releases.manifest import GraphEntry
from graph.releases.members import file_sha256, is_member, read_member
from graph.releases.overlap import first_of_each, overlap
from graph.releases.release import CATALOG_FILE, REPORT_FILE, Release, open_release
from graph.releases.statistics import TermHashes, statistics
from graph.sources.chunks import Chunk

BATCH = 50_000
NAMES_FILE = "search.sqlite"
RESTORE = "hamkor restore a back-up that has it, or hamkor releases rollback to a release without it"
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


def whole_graph(releases: ReleasesFolder, release: Release, entry: GraphEntry) -> Iterator[Chunk]:
    """Yield a graph of a release, proven: from its member, an equal one of another release, or the store and its notes.

    Raises:
        ReleaseError: it is nowhere whole.
    """
    for folder, same in ((release.folder, entry), *_equal_entries(releases, entry)):
        if is_member(folder / same.file, same):
            yield from read_member(folder / same.file, entry.iri)
            return
    yield Chunk(entry.iri, b"".join(line + b"\n" for line in _from_store(release, entry)))


def _equal_entries(releases: ReleasesFolder, entry: GraphEntry) -> Iterator[tuple[Path, GraphEntry]]:
    for manifest in reversed(History(releases).manifests):
        for each in manifest.graphs:
            if (each.iri, each.digest) == (entry.iri, entry.digest):
                yield releases.path / manifest.id, each


def _from_store(release: Release, entry: GraphEntry) -> list[bytes]:
    problem = f"{release.id}: {entry.file}, which is damaged, is nowhere whole"
    try:
        forms, found = open_forms(release.folder), set[bytes]()
        for quad in release.store.quads_for_pattern(None, None, None, ox.NamedNode(entry.iri)):
            found |= forms.lines(release.store, quad.triple, entry.iri)
    except (OSError, RuntimeError, ReleaseError) as error:
        raise ReleaseError(problem, RESTORE) from error
    lines = sorted(found)
    if graph_digest(sum_of(triple_hashes(lines)), len(lines)) != entry.digest:
        raise ReleaseError(problem, RESTORE)
    return lines


def _problems(release: Release, progress: Callable[[str, int], None], name: str) -> Iterator[str]:
    manifest, read = release.manifest, 0
    if manifest.id != name:
        yield f"the folder {name} says that it is release {manifest.id}"
    catalog = graph_iri(manifest.base, CATALOG_GRAPH)
    if release_digest({each.iri: each.digest for each in manifest.graphs if each.iri != catalog}) != manifest.digest:
        yield "manifest.json: the digest of the release is not that of its graphs"
    progress("reading every file", 0)
    wrong = dict(damaged(release.folder))
    yield from wrong.values()
    for file in (REPORT_FILE, CATALOG_FILE, NAMES_FILE):
        if file not in wrong and not (release.folder / file).is_file():
            yield f"{file} is missing"
    yield from Downloads(release.folder, manifest).damaged()
    index = _IndexAsStated()
    for entry in manifest.graphs:
        progress(f"verifying {entry.file}", read)
        yield from _of_member(release, entry, index, entry.file in wrong)
        read += entry.triples
    if index.is_whole and not any(each.startswith((f"{STORE_FOLDER}/", f"{LEXICAL_FOLDER}/")) for each in wrong):
        progress("verifying the store", read)
        yield from _of_store(release, index)


@dataclass
class _IndexAsStated:
    """What the store has to hold, made of the members.

    Attributes:
        keys: of each graph's triples as the index has them, by its IRI; a triple may be there twice.
        terms: of the same triples, for the statistics.
        notes: of each graph that is stated, the lines that the index rewrites, with the plain ones beside them.
        is_whole: whether every member could be read.
    """

    keys: dict[str, list[Lanes]] = field(default_factory=dict)
    terms: dict[str, TermHashes] = field(default_factory=dict)
    notes: dict[str, set[bytes]] = field(default_factory=dict)
    is_whole: bool = True

    def add(self, iri: str, lines: Sequence[bytes], given_back: Mapping[bytes, bytes]) -> None:
        """Take lines of a graph, and what the index makes of those that it rewrites."""
        plain = [given_back.get(line, line) for line in lines] if given_back else lines
        self.keys.setdefault(iri, []).append(triple_hashes(plain)[:, :2].copy())
        self.terms.setdefault(iri, TermHashes()).add(plain)
        self.notes.setdefault(iri, set()).update(given_back)


def _of_member(release: Release, entry: GraphEntry, index: _IndexAsStated, is_known: bool) -> Iterator[str]:
    path = release.folder / entry.file
    try:
        if not is_known and (path.stat().st_size != entry.size or file_sha256(path) != entry.sha256):
            yield f"{entry.file}: the file is not the one that was written (SHA-256)"
        lanes, triples, plain = np.zeros(4, np.uint64), 0, set[bytes]()
        for chunk in read_member(path, entry.iri):
            lines, given_back = chunk.lines(), {line: index_line(line) for line in rewritten(chunk.triples)}
            index.add(entry.iri, lines, given_back)
            plain.update(given_back.values())
            lanes, triples = lanes + sum_of(triple_hashes(lines)), triples + len(lines)
        if plain:
            for chunk in read_member(path, entry.iri):
                index.notes[entry.iri].update(plain.intersection(chunk.lines()))
    except (OSError, ReleaseError) as problem:
        index.is_whole = False
        if not is_known:
            yield f"{entry.file}: {getattr(problem, 'strerror', None) or problem}"
        return
    if (graph_digest(lanes, triples), triples) != (entry.digest, entry.triples):
        index.is_whole = False
        yield f"{entry.file}: its content is not what the manifest says"


def _of_store(release: Release, index: _IndexAsStated) -> Iterator[str]:
    """Compare the store, its notes and the manifest's counts with what the members state."""
    manifest, shared = release.manifest, overlap(index.keys)
    every = joined(each for parts in index.keys.values() for each in parts)
    merge = every[first_of_each(every)]
    counted = statistics({iri: (index.keys[iri], index.terms[iri]) for iri in index.keys})
    if (shared.distinct, shared.shared, counted) != (manifest.triples, manifest.shared, manifest.statistics):
        yield "manifest.json: the counts are not those of the graphs"
    try:
        store, forms = release.store, open_forms(release.folder)
        yield from _of_graph(store, None, merge)
        for entry in manifest.graphs:
            keys = joined(index.keys.get(entry.iri, ()))
            keys = keys[first_of_each(keys)]
            if len(keys) != entry.indexed:
                yield f"manifest.json: the store's count of <{entry.iri}> is not that of its triples"
            yield from _of_graph(store, entry.iri, keys)
            if entry.origin != "computed" and forms.noted_lines(entry.iri) != index.notes.get(entry.iri, set()):
                yield f"the lexical forms of <{entry.iri}> are not those of its triples"
    except (OSError, RuntimeError, ReleaseError) as problem:  # RuntimeError is RocksDB's word for corruption
        yield f"the store cannot be read: {problem}"


def _of_graph(store: ox.Store, iri: str | None, keys: Lanes) -> Iterator[str]:
    place = ox.DefaultGraph() if iri is None else ox.NamedNode(iri)
    quads = store.quads_for_pattern(None, None, None, place)
    count, total = 0, np.zeros(2, np.uint64)
    while part := [quad.triple for quad in islice(quads, BATCH)]:
        text = ox.serialize(part, format=ox.RdfFormat.N_TRIPLES) or b""
        hashes = triple_hashes(text.split(b"\n")[:-1])
        count, total = count + len(hashes), total + hashes[:, :2].sum(axis=0, dtype=np.uint64)
    named = "the merge of all graphs" if iri is None else f"<{iri}>"
    if count != len(keys):
        yield f"the store has {count:,} of the {len(keys):,} triples of {named}"
    elif not np.array_equal(total, keys.sum(axis=0, dtype=np.uint64)):
        yield f"the store has other triples of {named} than its members"
