"""Whether a release is whole: checksums of every file, and whether store and counts say what the graph files say.

Which old ones may go is told here too: never one whose successor is not whole.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Quotation, ReleaseError, Said, Sentence, said_by
from graph.model.processes import HeldFolder
from graph.model.publication import SUPPRESSION_FILE
from graph.model.rdf_terms import CATALOG_GRAPH, graph_iri
from graph.releases.dumps import Downloads
from graph.releases.exact_forms import LEXICAL_FOLDER, index_line, open_forms, rewritten
from graph.releases.graph_files import file_sha256, is_member, read_member
from graph.releases.history import History
from graph.releases.index_loading import index_written, memory_of_process, threads_of_process
from graph.releases.manifest import (
    MANIFEST_FILE,
    GraphEntry,
    Lanes,
    Manifest,
    first_of_each,
    graph_digest,
    joined,
    read_manifest,
    release_digest,
    sum_of,
    triple_hashes,
)
from graph.releases.release import (
    CATALOG_FILE,
    REPORT_FILE,
    UNCOMMITTED,
    Release,
    ReleasesFolder,
    is_held,
    open_release,
)
from graph.releases.store import STORE_FOLDER
from graph.releases.triple_index import INDEX_FILES, content_sums, counted, open_index
from graph.sources.batches import Chunk

# The checksums of every file of a release, written last before its commit, and how each file looked when it was read.
#
# ``verify`` and ``build`` read every file and compare. A publish links most files of the release before and cannot read
# them all: it looks whether size, time and inode are those of the last reading, and reads what looks otherwise, what it
# has not read for longest up to ``READ_AGAIN`` bytes, and a larger file once a day. So a change is seen at once, and a
# bit that the disk has turned by itself after some writes, at a price that does not follow the data.
#
# Beside the checksums stands a copy of the manifest, which alone says what the members are.

CHECKSUMS_FILE = "checksums.json"
NOT_OF_THE_RELEASE = (
    SUPPRESSION_FILE, CHECKSUMS_FILE, UNCOMMITTED,
    "store/LOCK", "store/LOG", "lexical/LOCK", "lexical/LOG", "downloads",
)  # fmt: skip
READ_AGAIN, DAY_SECONDS = 8 << 20, 86_400


class FileFacts(msgspec.Struct, frozen=True):
    """One file.

    Attributes:
        sha256: of its content, in hexadecimal.
        size: in bytes.
        modified: its time of modification when it was read, in nanoseconds since 1970.
        inode: its number in the file system then.
        read: when it was read whole and compared, in seconds since 1970.
    """

    sha256: str
    size: int
    modified: int
    inode: int
    read: int

    def looks_like(self, status: os.stat_result) -> bool:
        """Whether a file still looks as it did when it was read."""
        return (self.size, self.modified, self.inode) == (status.st_size, status.st_mtime_ns, status.st_ino)


class Checksums(msgspec.Struct, frozen=True):
    """What is written: the files by their path in the release, and the text of the manifest."""

    files: dict[str, FileFacts]
    manifest: str


Known = Mapping[str, FileFacts]
NOTHING_KNOWN: Known = {}


def write_checksums(folder: Path, known: Known = NOTHING_KNOWN) -> None:
    """Write the checksums of what is in ``folder``, which changes no more.

    Args:
        folder: where the release is made.
        known: the files of the release before; one that is the same file is not read again.
    """
    files = dict[str, FileFacts]()
    for name, path in _files(folder):
        before = known.get(name)
        files[name] = before if before is not None and before.looks_like(path.stat()) else _facts(path)
    body = msgspec.json.encode(Checksums(files, (folder / MANIFEST_FILE).read_text("utf-8")))
    (folder / CHECKSUMS_FILE).write_bytes(sha256(body).hexdigest().encode() + b"\n" + body)


def read_checksums(folder: Path) -> Checksums | None:
    """Return the checksums of the release in ``folder``, or None where it has none: an earlier version made it.

    Raises:
        ReleaseError: they are not what was written.
    """
    try:
        head, _, body = (folder / CHECKSUMS_FILE).read_bytes().partition(b"\n")
        if head.decode() == sha256(body).hexdigest():
            return msgspec.json.decode(body, type=Checksums)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        pass  # said below
    raise ReleaseError(
        Sentence("%(name)s: %(file)s is not what was written", name=folder.name, file=CHECKSUMS_FILE),
        Sentence("run hamkor build"),
    )


def damaged(folder: Path) -> Iterator[tuple[str, Said]]:
    """Yield each file of a release that is not what was written, and what is wrong with it; every file is read."""
    try:
        sums = read_checksums(folder)
    except ReleaseError as problem:
        yield CHECKSUMS_FILE, problem.problem
        return
    if sums is None:
        if _should_have(folder):
            yield CHECKSUMS_FILE, Sentence("%(name)s is missing", name=CHECKSUMS_FILE)
        return
    found = dict(_files(folder))
    for name, facts in sums.files.items():
        if wrong := _problem(found.get(name), name, facts):
            yield name, wrong
    for name in sorted(found.keys() - sums.files.keys()):
        yield name, Sentence("%(name)s is no file of this release", name=name)


def examined(folder: Path) -> Known:
    """Return what is known of the files of a release that the next one is made of, once they look as they should.

    Raises:
        ReleaseError: one is not what was written, as far as was looked.
    """
    sums = read_checksums(folder)
    if sums is None:
        if _should_have(folder):
            raise ReleaseError(
                Sentence("%(name)s: %(file)s is missing", name=folder.name, file=CHECKSUMS_FILE),
                Sentence("run hamkor build"),
            )
        return NOTHING_KNOWN
    found, now, left = dict(_files(folder)), int(time.time()), READ_AGAIN
    known = dict(sums.files)
    for name, facts in sorted(sums.files.items(), key=lambda each: (each[1].read, each[0])):
        path = found.get(name)
        if path is not None and facts.looks_like(path.stat()):
            if facts.size > left and (facts.size <= READ_AGAIN or now - facts.read < DAY_SECONDS):
                continue
            left -= facts.size
        if (wrong := _problem(path, name, facts)) or path is None:
            raise ReleaseError(
                Sentence("%(release)s is not whole: %(problem)s", release=folder.name, problem=wrong),
                Sentence("run hamkor build"),
            )
        known[name] = _facts_of(path.stat(), facts.sha256, now)
    return known


def proven_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the release in ``folder``, or its copy; None where neither can be told to be right."""
    try:
        sums = read_checksums(folder)
        if sums is not None:
            return msgspec.json.decode(sums.manifest, type=Manifest)
        manifest = read_manifest(folder)
    except (ReleaseError, msgspec.DecodeError):
        return None
    return None if manifest.checksums else manifest


def mend_manifest(folder: Path) -> bool:
    """Write the manifest of a release again where it is not what was written and its copy is; return whether it was."""
    try:
        sums = read_checksums(folder)
    except ReleaseError:
        return False
    path = folder / MANIFEST_FILE
    if sums is None or not _problem(path, MANIFEST_FILE, sums.files[MANIFEST_FILE]):
        return False
    fresh = path.with_name(f"{CHECKSUMS_FILE}.fresh")
    with fresh.open("wb") as stream:
        stream.write(sums.manifest.encode())
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    return True


def _should_have(folder: Path) -> bool:
    try:
        return read_manifest(folder).checksums
    except ReleaseError:
        return False


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a release by their path in it, but for what comes and goes."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not (path.is_dir() and not path.is_symlink()) and not name.startswith(NOT_OF_THE_RELEASE):
            yield name, path


def _problem(path: Path | None, name: str, facts: FileFacts) -> Said:
    """Return what is wrong with a file, read whole, or an empty string."""
    try:
        if path is None or not path.is_file():
            return Sentence("%(name)s is missing", name=name)
        if path.stat().st_size != facts.size or file_sha256(path) != facts.sha256:
            return Sentence("%(name)s: the file is not the one that was written (SHA-256)", name=name)
    except OSError as problem:
        return Sentence("%(name)s: %(problem)s", name=name, problem=Quotation(problem.strerror or problem))
    return NO_WORDS


def _facts(path: Path) -> FileFacts:
    status = path.stat()
    return _facts_of(status, file_sha256(path), int(time.time()))


def _facts_of(status: os.stat_result, digest: str, now: int) -> FileFacts:
    return FileFacts(digest, status.st_size, status.st_mtime_ns, status.st_ino, now)


# Whether a release is whole: every file is the one that was written, and says what the members, the truth, say.
#
# The files are compared with their checksums; the store (each graph, their merge), its notes of lexical forms and the
# manifest's counts with what the members state, made anew. It reads everything and changes nothing.

BATCH = 50_000
NAMES_FILE = "search.sqlite"
RESTORE = Sentence("hamkor restore a back-up that has it, or hamkor releases rollback to a release without it")
RECOVER = Sentence("no release is whole: hamkor releases recover says what can be done")


def verify(
    release: Release, progress: Callable[[str, int], None] = lambda *_: None, name: str = ""
) -> tuple[Said, ...]:
    """Return what is wrong with a release, a sentence each; nothing where it is whole.

    Args:
        release: the release.
        progress: told what is being read.
        name: what its folder would be called, where it stands in another.
    """
    return tuple(_problems(release, progress, name or release.folder.name))


def problems_of(
    folder: Path, name: str = "", progress: Callable[[str, int], None] = lambda *_: None
) -> tuple[Said, ...]:
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
        remedy = (
            Sentence("the newest whole release is %(release)s: run hamkor releases recover", release=whole)
            if whole
            else RECOVER
        )
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
    problem = Sentence("%(release)s: %(file)s, which is damaged, is nowhere whole", release=release.id, file=entry.file)
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


def _problems(release: Release, progress: Callable[[str, int], None], name: str) -> Iterator[Said]:
    manifest, read = release.manifest, 0
    if manifest.id != name:
        yield Sentence("the folder %(name)s says that it is release %(id)s", name=name, id=manifest.id)
    catalog = graph_iri(manifest.base, CATALOG_GRAPH)
    if release_digest({each.iri: each.digest for each in manifest.graphs if each.iri != catalog}) != manifest.digest:
        yield Sentence("manifest.json: the digest of the release is not that of its graphs")
    progress("reading every file", 0)
    wrong = dict(damaged(release.folder))
    yield from wrong.values()
    for file in (REPORT_FILE, CATALOG_FILE, NAMES_FILE, *manifest.index):
        if file not in wrong and not (release.folder / file).is_file():
            yield Sentence("%(name)s is missing", name=file)
    yield from Downloads(release.folder, manifest).damaged()
    index = _IndexAsStated()
    for entry in manifest.graphs:
        progress(f"verifying {entry.file}", read)
        yield from _of_member(release, entry, index, entry.file in wrong)
        read += entry.triples
    if index.is_whole and not any(each.startswith((f"{STORE_FOLDER}/", f"{LEXICAL_FOLDER}/")) for each in wrong):
        progress("verifying the store", read)
        yield from _of_store(release, index)
    if index.is_whole:
        progress("verifying the triple index", read)
        yield from _of_triple_index(release, bool(wrong.keys() & {*INDEX_FILES}))


@dataclass
class _IndexAsStated:
    """What the store has to hold, made of the members.

    Attributes:
        keys: of each graph's triples as the index has them, by its IRI; a triple may be there twice.
        notes: of each graph that is stated, the lines that the index rewrites, with the plain ones beside them.
        is_whole: whether every member could be read.
    """

    keys: dict[str, list[Lanes]] = field(default_factory=dict)
    notes: dict[str, set[bytes]] = field(default_factory=dict)
    is_whole: bool = True

    def add(self, iri: str, lines: Sequence[bytes], given_back: Mapping[bytes, bytes]) -> None:
        """Take lines of a graph, and what the index makes of those that it rewrites."""
        plain = [given_back.get(line, line) for line in lines] if given_back else lines
        self.keys.setdefault(iri, []).append(triple_hashes(plain)[:, :2].copy())
        self.notes.setdefault(iri, set()).update(given_back)


def _of_member(release: Release, entry: GraphEntry, index: _IndexAsStated, is_known: bool) -> Iterator[Said]:
    path = release.folder / entry.file
    try:
        if not is_known and (path.stat().st_size != entry.size or file_sha256(path) != entry.sha256):
            yield Sentence("%(name)s: the file is not the one that was written (SHA-256)", name=entry.file)
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
            said = (
                said_by(problem)
                if isinstance(problem, ReleaseError)
                else Quotation(getattr(problem, "strerror", None) or problem)
            )
            yield Sentence("%(name)s: %(problem)s", name=entry.file, problem=said)
        return
    if (graph_digest(lanes, triples), triples) != (entry.digest, entry.triples):
        index.is_whole = False
        yield Sentence("%(name)s: its content is not what the manifest says", name=entry.file)


def _of_store(release: Release, index: _IndexAsStated) -> Iterator[Said]:
    """Compare the store, its notes and the manifest's counts of graphs with what the members state."""
    manifest = release.manifest
    every = joined(each for parts in index.keys.values() for each in parts)
    merge = every[first_of_each(every)]
    try:
        store, forms = release.store, open_forms(release.folder)
        yield from _of_graph(store, None, merge)
        for entry in manifest.graphs:
            keys = joined(index.keys.get(entry.iri, ()))
            keys = keys[first_of_each(keys)]
            if len(keys) != entry.indexed:
                yield Sentence(
                    "manifest.json: the store's count of <%(iri)s> is not that of its triples", iri=entry.iri
                )
            yield from _of_graph(store, entry.iri, keys)
            if entry.origin != "computed" and forms.noted_lines(entry.iri) != index.notes.get(entry.iri, set()):
                yield Sentence("the lexical forms of <%(iri)s> are not those of its triples", iri=entry.iri)
    except (OSError, RuntimeError, ReleaseError) as problem:  # RuntimeError is RocksDB's word for corruption
        yield Sentence("the store cannot be read: %(words)s", words=problem)


def _of_triple_index(release: Release, is_known: bool) -> Iterator[Said]:
    """Compare the triple index and the manifest's counts with an index that is made anew of the graph files."""
    manifest = release.manifest
    for name, digest in manifest.index.items():
        if not is_known and (path := release.folder / name).is_file() and file_sha256(path) != digest:
            yield Sentence("%(name)s: the file is not the one that was written (SHA-256)", name=name)
    try:
        with HeldFolder() as folder:
            with index_written(folder, manifest.graphs, release.folder) as anew:
                counts, sums = counted(anew), content_sums(anew) if manifest.index and not is_known else None
            if (counts.triples, counts.shared, counts.statistics) != (
                manifest.triples,
                manifest.shared,
                manifest.statistics,
            ):
                yield Sentence("manifest.json: the counts are not those of the graphs")
            if sums is not None and _sums(release.folder, folder) != sums:
                yield Sentence("the triple index has other triples than the graph files")
    except (duckdb.Error, ReleaseError) as problem:
        yield Sentence("the triple index cannot be read: %(words)s", words=said_by(problem))


def _sums(folder: Path, temporary: Path) -> list[tuple[object, ...]]:
    memory, threads = memory_of_process(), threads_of_process()
    connection = open_index(folder, memory_mb=memory, threads=threads, temporary=temporary)
    if connection is None:
        return []
    with connection:
        return content_sums(connection)


def _of_graph(store: ox.Store, iri: str | None, keys: Lanes) -> Iterator[Said]:
    place = ox.DefaultGraph() if iri is None else ox.NamedNode(iri)
    quads = store.quads_for_pattern(None, None, None, place)
    count, total = 0, np.zeros(2, np.uint64)
    while part := [quad.triple for quad in islice(quads, BATCH)]:
        text = ox.serialize(part, format=ox.RdfFormat.N_TRIPLES) or b""
        hashes = triple_hashes(text.split(b"\n")[:-1])
        count, total = count + len(hashes), total + hashes[:, :2].sum(axis=0, dtype=np.uint64)
    named = Sentence("the merge of all graphs") if iri is None else f"<{iri}>"
    if count != len(keys):
        yield Sentence(
            "the store has %(count)s of the %(number)s triples of %(graph)s", count=count, number=len(keys), graph=named
        )
    elif not np.array_equal(total, keys.sum(axis=0, dtype=np.uint64)):
        yield Sentence("the store has other triples of %(graph)s than its members", graph=named)


# Taking old releases away: which may go, and how much of the disk that gives back.
#
# The current release stays, and so does one that somebody reads. What several releases share by hard links is given
# back with the last of them.

BLOCK = 512
"""What st_blocks counts in (POSIX stat)."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was done.

    Attributes:
        removed: ids of the releases that are gone, oldest first.
        held: ids of those that would be, but somebody reads them.
        freed: bytes of the disk that were given back.
    """

    removed: tuple[str, ...]
    held: tuple[str, ...]
    freed: int


def prune(releases: ReleasesFolder, keep: int) -> Pruned:
    """Take all releases away but the ``keep`` newest, the current one, and those that are read.

    Raises:
        BusyError: somebody else is writing.
        ReleaseError: the folder cannot be written, or the current release is not whole: an older one may be needed.
    """
    with releases.writing():
        current = readable_current(releases)
        if current is not None and (wrong := next(damaged(current.folder), None)):
            raise ReleaseError(
                Sentence("%(release)s is not whole: %(problem)s", release=current.id, problem=wrong[1]),
                Sentence("run hamkor build"),
            )  # older ones may mend it
        ids = [each for each in releases.ids() if (releases.path / each / MANIFEST_FILE).exists()]
        kept = {*ids[max(0, len(ids) - keep) :], current.folder.name if current is not None else ""}
        old = [each for each in ids if each not in kept]
        held = tuple(each for each in old if is_held(releases.path / each))
        removed = tuple(each for each in old if each not in held)
        freed = disk_given_back(releases.path / each for each in removed)
        for each in removed:
            releases.remove(each)
    return Pruned(removed, held, freed)


def disk_given_back(folders: Iterable[Path]) -> int:
    """Return how many bytes of the disk are given back where these folders are removed: files linked elsewhere stay."""
    links, files = Counter[tuple[int, int]](), dict[tuple[int, int], tuple[int, int]]()
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.lstat()
            if path.is_symlink() or not path.is_file():
                continue
            key = (status.st_dev, status.st_ino)
            links[key] += 1
            files[key] = (status.st_nlink, status.st_blocks * BLOCK)
    return sum(size for key, (count, size) in files.items() if links[key] >= count)
