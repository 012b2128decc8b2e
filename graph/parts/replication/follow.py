"""A copy's part: what a publisher has sent is fetched, verified, and becomes current here as a publish does.

What is here already is linked, not fetched. Nothing is served before every file has the digest that the record says,
the record the one that ``current`` says, and the manifest fits both. Where the storage does not answer, or holds what
is damaged, what is here stays.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import zstandard

from graph.model.errors import ReleaseError, ReplicationError, Sentence, SettingError, StorageError
from graph.model.publication import ORIGIN_FILE, WORK_FOLDER, Publication, ReplicaOrigin, open_publication, read_origin
from graph.model.rdf_terms import CATALOG_GRAPH, graph_iri
from graph.parts.replication.object_storage import PIECE, ObjectStorage, open_storage
from graph.parts.replication.replicated import (
    CURRENT_NAME,
    LARGEST_HEAD,
    LARGEST_RECORD,
    FileDigest,
    Head,
    ReleaseRecord,
    file_name,
    files_beside,
    read_head,
    read_record,
    record_name,
)
from graph.releases.graph_files import file_sha256, link
from graph.releases.history import LOG_FILE, PURGED_FILE, release_time
from graph.releases.manifest import read_manifest, release_digest
from graph.releases.release import ReleasesFolder, is_held
from graph.releases.verification import FileFacts, read_checksums, write_checksums

HANDS = 8
NAMED_SECONDS = 300.0
INCOMING = "incoming"
"""In the work folder: files that have been fetched and verified, until their release is whole."""


@dataclass
class Fetched:
    """What was fetched: how many files, of how many bytes as sent, and how many releases."""

    files: int = 0
    size: int = 0
    releases: int = 0


@dataclass
class Copy:
    """A folder that follows a storage; for one process at a time.

    Attributes:
        root: the folder.
        storage: what it follows.
        keep: how many releases it holds.
        named_seconds: how young a release is that it holds beside these.
        follows: whether it goes on following; else it copies once.
        told: told what is being done.
    """

    root: Path
    storage: ObjectStorage
    keep: int = 5
    named_seconds: float = NAMED_SECONDS
    follows: bool = True
    told: Callable[[str], None] = lambda _: None
    fetched: Fetched = field(default_factory=Fetched)
    head: Head | None = None
    _tag: str = ""
    _taken: Head | None = None
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def releases(self) -> ReleasesFolder:
        """Its releases."""
        return ReleasesFolder(self.root / WORK_FOLDER / "releases", follows=True)

    def look(self) -> Head:
        """Return what is current in the storage now; it is not sent again where that is known.

        Raises:
            ReplicationError: nothing has been sent there, or it is not what Hamkor writes, or of another publication.
            StorageAwayError: the storage does not answer.
        """
        try:
            found = self.storage.read(CURRENT_NAME, LARGEST_HEAD, self._tag if self.head is not None else "")
        except FileNotFoundError as problem:
            raise ReplicationError(
                Sentence("nothing has been sent to %(url)s yet", url=self.storage.url), Sentence("hamkor push does it")
            ) from problem
        if found is not None:
            head = read_head(found.content)
            self._check(head)
            self.head, self._tag = head, found.tag
        if self.head is None:
            raise ReplicationError(Sentence("nothing has been sent to %(url)s yet", url=self.storage.url))
        return self.head

    def _check(self, head: Head) -> None:
        origin = read_origin(self.root)
        base = origin.settings.base if origin is not None else ""
        if base and base != head.base:
            raise ReplicationError(
                Sentence(
                    "%(url)s is of the publication <%(base)s>, and this folder a copy of <%(own)s>",
                    url=self.storage.url,
                    base=head.base,
                    own=base,
                ),
                Sentence("follow it in an empty folder"),
            )

    def has_taken(self, head: Head) -> bool:
        """Whether all that a head says is done here already, but for older releases."""
        return head == self._taken

    def current(self) -> str:
        """Return the id of the release that is current here, or nothing."""
        folder = None if self.releases.fault() else self.releases.current()
        return folder.name if folder is not None else ""

    def take(self, head: Head) -> None:
        """Have what is current in the storage, and make it current here; remove what must not be published any more.

        Raises:
            ReplicationError: something in the storage is not what it should be; what is current here stays.
            StorageAwayError: the storage does not answer.
            StorageError: the disk does not take it.
        """
        with self.releases.writing():
            known = self._known()
            self._bring_beside(head, known)
            if head.release not in self.releases.ids():
                self._bring(head, head.release, known)
            if self.current() != head.release:
                self.releases.make_current(head.release)
            self._note(head)
            for each in {line.release for line in head.purged} & {*self.releases.ids()} - {head.release}:
                self.releases.remove(each)
            self._prune(head)
            shutil.rmtree(self.root / WORK_FOLDER / INCOMING, ignore_errors=True)
        self._taken = head

    def fill(self, head: Head) -> bool:
        """Have one more of the older releases that are to be here, and return whether there was one to be had.

        Raises:
            As ``take``.
        """
        missing = [each for each in self.wanted(head) if each not in self.releases.ids()]  # few names: cheap each time
        if not missing:
            return False
        with self.releases.writing():
            self._bring(head, missing[-1], self._known())
        return True

    def wanted(self, head: Head) -> list[str]:
        """Return the releases that are to be here, oldest first; those just made, too: readers name them still."""
        gone = {each.release for each in head.purged}
        older = [each for each in sorted(head.releases) if each != head.release and each not in gone]
        fresh = sum(time.time() - release_time(each).timestamp() < self.named_seconds for each in older)
        return [*older[max(0, len(older) - max(self.keep - 1, fresh)) :], head.release]

    def _prune(self, head: Head) -> None:
        """Take away what is more than is to be kept, the oldest first, but for what somebody reads."""
        ids = self.releases.ids()
        for each in ids[: max(0, len(ids) - self.keep)]:
            if each != head.release and each not in self.wanted(head) and not is_held(self.releases.path / each):
                self.releases.remove(each)

    def _known(self) -> dict[str, tuple[Path, FileFacts]]:
        """Return the files that are here, by their digests: of the releases, and fetched before."""
        found = dict[str, tuple[Path, FileFacts]]()
        for each in self.releases.ids():
            folder = self.releases.path / each
            with suppress(ReleaseError):
                sums = read_checksums(folder)
                for name, facts in sums.files.items() if sums is not None else ():
                    with suppress(OSError):
                        if facts.looks_like((folder / name).stat()):
                            found[facts.sha256] = folder / name, facts
        return found

    def _bring(self, head: Head, release_id: str, known: Mapping[str, tuple[Path, FileFacts]]) -> None:
        """Have a release, whole and verified; where it is the current one of the storage, it is current here, too."""
        self.told(f"fetching release {release_id}")
        record = self._record(head, release_id)
        places = self._fetch(record.files.values(), known)
        with _on_disk(), self.releases.folder_for_staging() as folder:
            facts = dict[str, FileFacts]()
            for name, file in record.files.items():
                place, read = places[file.sha256]
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                link(place, target)
                status = target.stat()
                facts[name] = FileFacts(file.sha256, status.st_size, status.st_mtime_ns, status.st_ino, read)
            _check_manifest(folder, record, head.base)
            write_checksums(folder, facts)
            (self.releases.commit if release_id == head.release else self.releases.take_in)(folder, release_id)
        self.fetched.releases += 1

    def _record(self, head: Head, release_id: str) -> ReleaseRecord:
        name = record_name(release_id)
        try:
            found = self.storage.read(name, LARGEST_RECORD)
        except FileNotFoundError as problem:
            raise _missing(name) from problem
        return read_record(found.content if found is not None else b"", release_id, head.releases[release_id])

    def _fetch(
        self, files: Iterable[FileDigest], known: Mapping[str, tuple[Path, FileFacts]]
    ) -> dict[str, tuple[Path, int]]:
        """Return where each file is, by its digest, and when it was read and verified; what is not here is fetched."""
        places, fresh = dict[str, tuple[Path, int]](), dict[str, FileDigest]()
        for each in files:
            if each.sha256 in known:
                path, facts = known[each.sha256]
                places[each.sha256] = path, facts.read
            else:
                fresh[each.sha256] = each
        incoming = self.root / WORK_FOLDER / INCOMING
        with _on_disk():
            incoming.mkdir(parents=True, exist_ok=True)
            for left in incoming.glob("*.part"):
                left.unlink()
        with ThreadPoolExecutor(HANDS, "fetch") as hands:
            running = {name: hands.submit(self._fetch_file, each, incoming) for name, each in fresh.items()}
            try:
                places |= {name: (one.result(), int(time.time())) for name, one in running.items()}
            except BaseException:
                hands.shutdown(cancel_futures=True)
                raise
        return places

    def _fetch_file(self, file: FileDigest, incoming: Path) -> Path:
        """Fetch a file, unpack it and compare it, all at once; return where it is."""
        place = incoming / file.sha256
        with _on_disk():
            if place.is_file() and place.stat().st_size == file.size and file_sha256(place) == file.sha256:
                return place  # a process that was killed had fetched it
        name = file_name(file.sha256, packed=not self.storage.is_served)
        part = incoming / f"{file.sha256}.part"
        try:
            with _on_disk(), part.open("wb") as target:
                size = self._receive(name, file, target)
        except FileNotFoundError as problem:
            raise _missing(name) from problem
        with _on_disk():
            part.replace(place)
        with self._counting:
            self.fetched.files, self.fetched.size = self.fetched.files + 1, self.fetched.size + size
        return place

    def _receive(self, name: str, file: FileDigest, target: BinaryIO) -> int:
        """Write a file as it arrives; return how many bytes were sent.

        Raises:
            ReplicationError: it is not the one that was sent.
        """
        source = _Arriving(self.storage.pieces(name))
        reader = (
            source if self.storage.is_served else zstandard.ZstdDecompressor().stream_reader(cast("BinaryIO", source))
        )
        digest, size = sha256(), 0
        try:
            while piece := reader.read(PIECE):  # bounded, however much a packed piece holds
                size += len(piece)
                if size > file.size:
                    raise _damaged(name)
                digest.update(piece)
                target.write(piece)
        except zstandard.ZstdError as problem:
            raise _damaged(name) from problem
        if size != file.size or digest.hexdigest() != file.sha256:
            raise _damaged(name)
        return source.taken

    def _bring_beside(self, head: Head, known: Mapping[str, tuple[Path, FileFacts]]) -> None:
        """Have the files beside the releases that answers depend on, each in its place in one step."""
        publication = Publication(self.root, open_publication(self.root).settings)
        here = dict(files_beside(publication))
        changed = {
            name: each
            for name, each in head.files.items()
            if name not in here or file_sha256(here[name]) != each.sha256
        }
        places = self._fetch(changed.values(), known) if changed else {}
        with _on_disk():
            for name, each in changed.items():
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                fresh = target.with_name(f".{target.name}.fresh")
                shutil.copyfile(places[each.sha256][0], fresh)
                fresh.replace(target)
            for name in here.keys() - head.files.keys():
                here[name].unlink()

    def _note(self, head: Head) -> None:
        """Write down whom the folder follows, and what the publisher's logs say."""
        origin = msgspec.json.encode(head.origin(self.storage.url, follows=self.follows))
        lines = {
            LOG_FILE: b"".join(msgspec.json.encode(each) + b"\n" for each in head.rollbacks),
            PURGED_FILE: b"".join(msgspec.json.encode(each) + b"\n" for each in head.purged),
        }
        with _on_disk():
            _replaced(self.root / WORK_FOLDER / ORIGIN_FILE, origin)
            for name, content in lines.items():
                if content or (self.releases.path / name).exists():
                    _replaced(self.releases.path / name, content)


@dataclass
class _Arriving:
    """The pieces of an object as a file that can be read.

    Attributes:
        pieces: what arrives.
        taken: how many bytes have been read.
    """

    pieces: Iterator[bytes]
    taken: int = 0
    _left: bytes = b""

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        if not self._left:
            self._left = next(self.pieces, b"")
        found = self._left if size < 0 else self._left[:size]
        self._left = self._left[len(found) :]
        self.taken += len(found)
        return found


def _check_manifest(folder: Path, record: ReleaseRecord, base: str) -> None:
    """Make sure that a release is what its record says, and that its manifest fits its files.

    Raises:
        ReplicationError: it does not.
    """
    problem = Sentence("release %(release)s in the storage contradicts itself", release=record.id)
    try:
        manifest = read_manifest(folder)
    except ReleaseError as error:
        raise ReplicationError(problem) from error
    catalog = graph_iri(base, CATALOG_GRAPH)
    digest = release_digest({each.iri: each.digest for each in manifest.graphs if each.iri != catalog})
    said = {each.file: each.sha256 for each in manifest.graphs} | dict(manifest.index)
    found = {name: file.sha256 for name, file in record.files.items() if name in said}
    if (manifest.id, manifest.base, manifest.digest, found) != (record.id, base, digest, said):
        raise ReplicationError(problem)


def _damaged(name: str) -> ReplicationError:
    return ReplicationError(
        Sentence("%(name)s in the storage is not what was sent: its SHA-256 is another one", name=name),
        Sentence("hamkor push --again sends everything anew"),
    )


def _missing(name: str) -> ReplicationError:
    return ReplicationError(
        Sentence("%(name)s is missing in the storage", name=name), Sentence("hamkor push --again sends everything anew")
    )


@contextmanager
def _on_disk() -> Iterator[None]:
    """Say of an error of this machine's disk that it is one, and not the storage's."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise StorageError.of(Sentence("the copy cannot be written"), problem) from problem


def begin_copy(root: Path, url: str, *, follows: bool = True) -> None:
    """Let a folder be a copy of what is at a URL: a new one, an empty one, or a copy already.

    Raises:
        SettingError: the URL is none that can be followed, or the folder holds a publication of its own.
        StorageError: the folder cannot be written.
    """
    storage = open_storage(url)
    origin = read_origin(root)
    if origin is None and ReleasesFolder(root / WORK_FOLDER / "releases").ids():
        raise SettingError(str(root), Sentence("this folder holds a publication of its own; follow in an empty one"))
    with _on_disk():
        (root / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
        fresh = msgspec.structs.replace(origin or ReplicaOrigin(storage.url), url=storage.url, follows=follows)
        _replaced(root / WORK_FOLDER / ORIGIN_FILE, msgspec.json.encode(fresh))


def _replaced(path: Path, content: bytes) -> None:
    """Write a file in one step, unless it says that already."""
    with suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    fresh = path.with_name(f".{path.name}.fresh")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
