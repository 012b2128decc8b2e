"""A publisher's part: releases go into object storage, what is there already is not sent again, old ones leave it.

Nothing that is current in the storage is ever half there: files come before the record of their release, and that
before ``current``, which moves by compare and swap. Whoever is killed leaves at most files that nothing names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from graph.model.errors import ForeignReleaseError, ReleaseError, ReplicationError, Sentence, StorageError
from graph.model.processes import HeldFolder
from graph.model.publication import Publication
from graph.parts.replication.object_storage import ObjectStorage, digest_of
from graph.parts.replication.replicated import (
    CURRENT_NAME,
    LARGEST_HEAD,
    LARGEST_RECORD,
    FileDigest,
    Head,
    ReleaseRecord,
    file_name,
    files_beside,
    head_of,
    read_head,
    read_record,
    record_name,
    record_of,
)
from graph.releases.graph_files import file_sha256
from graph.releases.history import History, Purged
from graph.releases.release import Hold, ReleasesFolder
from graph.releases.verification import readable_current

LEVEL, LEVEL_OF_SMALL = 3, 12
HANDS = 8
"""How many files go at a time."""
SMALL = 8 << 20
"""Files of so many bytes are packed in memory, larger ones on disk."""


@dataclass
class SentFiles:
    """What has been sent: how many files, of how many bytes as sent, and how many releases."""

    files: int = 0
    size: int = 0
    releases: int = 0
    head: Head | None = None


@dataclass
class Push:
    """One publication's way into one storage.

    Attributes:
        publication: whose releases.
        storage: where to.
        takes_over: whether a release of another publisher may be replaced there.
        again: whether everything is sent again, whatever is there: it may be damaged.
        told: told what is being done.
        meets_another: whether the last attempt found another publisher's release.
    """

    publication: Publication
    storage: ObjectStorage
    takes_over: bool = False
    again: bool = False
    told: Callable[[str], None] = lambda _: None
    meets_another: bool = False
    _there: set[str] = field(default_factory=set)
    _record: tuple[str, frozenset[str]] = "", frozenset()
    _purged: tuple[Purged, ...] = ()
    _ours: str = ""
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def send(self) -> SentFiles:
        """Let the storage have the current release, and those since the one that it has; say what was sent.

        Raises:
            ForeignReleaseError: another publisher's release is current there.
            StorageAwayError: the storage does not answer.
            ReplicationError: what is in the storage is not what Hamkor writes.
            ReleaseError: there is no release, or one is not whole.
        """
        if not self._ours:
            self.storage.begin()
        found = self._head()
        known, tag = found if found is not None else (None, "")
        if known is not None:
            self._check(known)
        release = readable_current(ReleasesFolder(self.publication.releases_folder))
        if release is None:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
        sent, releases = SentFiles(), self._had(known)
        self._learn(known)
        due = [each for each in self._due(known, release.id) if each not in releases]
        for each in due:
            with self._held(each) as folder:
                releases[each] = self._send_release(folder, sent)
        with self._held(release.id) as folder:
            head = head_of(self.publication, folder, releases)
        sent.head = head
        if head != known:
            self._send_files(dict(files_beside(self.publication)), head.files, sent)
            self.told("moving `current`")
            self.storage.swap(CURRENT_NAME, msgspec.json.encode(head), tag)
            sent.releases = len(due)
        self._ours = head.release
        self._remove_purged(head)
        return sent

    def _head(self) -> tuple[Head, str] | None:
        try:
            found = self.storage.read(CURRENT_NAME, LARGEST_HEAD)
        except FileNotFoundError:
            return None
        return (read_head(found.content), found.tag) if found is not None else None

    def _check(self, known: Head) -> None:
        """Make sure that what is current in the storage was ours.

        Raises:
            ForeignReleaseError: it was not.
        """
        remedy = Sentence(
            "one publication has one publisher: stop one of them, or push with --take-over to replace what is there"
        )
        if known.base != self.publication.base:
            problem = Sentence("%(url)s is of the publication <%(base)s>", url=self.storage.url, base=known.base)
            raise ForeignReleaseError(problem, Sentence("choose another prefix"))
        if not self.takes_over and known.release != self._ours and known.release not in self._known():
            problem = Sentence(
                "%(url)s has release %(release)s, which this publication does not know: another publisher has sent it",
                url=self.storage.url,
                release=known.release,
            )
            raise ForeignReleaseError(problem, remedy)

    def _known(self) -> set[str]:
        """Return the ids of all releases that this publication has, had, or made others of."""
        history = History(ReleasesFolder(self.publication.releases_folder))
        moved = {each for line in history.rollbacks for each in (line.current, line.before)}
        parents = {each.parent for each in history.manifests if each.parent}
        return {*history.releases.ids(), *history.purged, *moved, *parents}

    def _had(self, known: Head | None) -> dict[str, str]:
        """Return which releases the storage has that may stay: those that were removed here as personal may not."""
        if known is None or self.again:
            return {}
        purged = History(ReleasesFolder(self.publication.releases_folder)).purged
        return {each: digest for each, digest in known.releases.items() if each not in purged}

    def _due(self, known: Head | None, current: str) -> list[str]:
        """Return which releases to send, oldest first: all since the one that is current there, as readers may ask."""
        ids = ReleasesFolder(self.publication.releases_folder).ids()
        since = [each for each in ids if known is not None and known.release < each < current]
        keep = self.publication.settings.replication.keep
        return [*since[max(0, len(since) - keep + 1) :], current]

    @contextmanager
    def _held(self, release_id: str) -> Iterator[Path]:
        """Give the folder of a release, which is not pruned meanwhile."""
        folder = ReleasesFolder(self.publication.releases_folder).release(release_id)
        hold = Hold(folder)
        try:
            yield folder
        finally:
            hold.let_go()

    def _send_release(self, folder: Path, sent: SentFiles) -> str:
        """Send the files and the record of a release; return the digest of the record."""
        content = record_of(folder)
        record = msgspec.json.decode(content, type=ReleaseRecord)
        self.told(f"sending release {folder.name}")
        self._send_files({name: folder / name for name in record.files}, record.files, sent)
        self.storage.write(record_name(folder.name), content)
        sent.size += len(content)
        return digest_of(content)

    def _learn(self, known: Head | None) -> None:
        """Note which files the storage has: those of the release that is current there, which no pruning takes away."""
        self._there = set()
        if known is None or self.again:
            return
        if self._record[0] != known.release:
            self._record = "", frozenset()
            with suppress(FileNotFoundError, ReplicationError):  # it is damaged: then each file is sent, or asked for
                found = self.storage.read(record_name(known.release), LARGEST_RECORD)
                if found is not None:
                    record = read_record(found.content, known.release, known.releases[known.release])
                    self._record = known.release, frozenset(each.sha256 for each in record.files.values())
        self._there = {*self._record[1], *(each.sha256 for each in known.files.values())}

    def _send_files(self, places: dict[str, Path], files: dict[str, FileDigest], sent: SentFiles) -> None:
        fresh = {each.sha256: (places[name], each) for name, each in files.items() if each.sha256 not in self._there}
        with HeldFolder() as folder, ThreadPoolExecutor(HANDS, "push") as hands:
            running = [hands.submit(self._send_file, path, each, folder, sent) for path, each in fresh.values()]
            try:
                for one in running:
                    one.result()
            except BaseException:
                hands.shutdown(cancel_futures=True)
                raise

    def _send_file(self, path: Path, file: FileDigest, folder: Path, sent: SentFiles) -> None:
        """Send a file, once it is the one that was written."""
        name = file_name(file.sha256)
        if self.again or file.size <= SMALL or not self.storage.has(name):
            size = self._send_packed(path, file, name, folder)
            with self._counting:
                sent.files, sent.size = sent.files + 1, sent.size + size
        with self._counting:
            self._there.add(file.sha256)

    def _send_packed(self, path: Path, file: FileDigest, name: str, folder: Path) -> int:
        problem = Sentence("%(name)s: the file is not the one that was written (SHA-256)", name=path.name)
        try:
            if file.size <= SMALL:
                content = path.read_bytes()
                if digest_of(content) != file.sha256:
                    raise ReleaseError(problem, Sentence("run hamkor build"))
                packed = zstandard.ZstdCompressor(LEVEL_OF_SMALL).compress(content)
                self.storage.write(name, packed)
                return len(packed)
            if file_sha256(path) != file.sha256:
                raise ReleaseError(problem, Sentence("run hamkor build"))
            place = folder / file.sha256
            with path.open("rb") as source, place.open("wb") as target:
                zstandard.ZstdCompressor(LEVEL).copy_stream(source, target, size=file.size)
        except OSError as error:
            raise StorageError.of(Sentence("%(name)s cannot be read", name=path.name), error) from error
        self.storage.write(name, place)
        size = place.stat().st_size
        place.unlink()
        return size

    def _remove_purged(self, head: Head) -> None:
        """Take from the storage what held what must not be published: releases, and files that no other one has."""
        if head.purged == self._purged:
            return
        purged = {record_name(each.release) for each in head.purged}
        if purged and (gone := [each for each in self.storage.names("releases/") if each in purged]):
            self.told("removing what is withheld")
            self.storage.remove(gone)
            self._clear(head)
        self._purged = head.purged

    def prune(self) -> int:
        """Take from the storage the releases that are here no more, and files that no release there has; say how many.

        Raises:
            ForeignReleaseError: another publisher's release is current there.
            StorageAwayError, ReplicationError: as ``send``.
        """
        found = self._head()
        if found is None:
            return 0
        head, tag = found
        self._check(head)
        here = {*ReleasesFolder(self.publication.releases_folder).ids(), head.release}
        left = {each: digest for each, digest in head.releases.items() if each in here}
        if left != head.releases:
            head = msgspec.structs.replace(head, releases=left)
            self.storage.swap(CURRENT_NAME, msgspec.json.encode(head), tag)  # nobody is told of what is going
        names = {record_name(each) for each in here}
        self.storage.remove([each for each in self.storage.names("releases/") if each not in names])
        return self._clear(head)

    def _clear(self, head: Head) -> int:
        """Remove the files that no record names; return how many."""
        named = {file_name(each.sha256) for each in head.files.values()}
        for name in list(self.storage.names("releases/")):
            with suppress(FileNotFoundError):
                found = self.storage.read(name, LARGEST_RECORD)
                content = found.content if found is not None else b""
                named |= {file_name(each.sha256) for each in _files_of(name, content)}
        gone = [each for each in self.storage.names("files/") if each not in named]
        self.storage.remove(gone)
        return len(gone)


def _files_of(name: str, content: bytes) -> Iterable[FileDigest]:
    """Return the files that a record names.

    Raises:
        ReplicationError: it cannot be read: nobody knows what would be removed too much.
    """
    try:
        return msgspec.json.decode(content, type=ReleaseRecord).files.values()
    except msgspec.DecodeError as problem:
        raise ReplicationError(
            Sentence("%(name)s in the storage is not what Hamkor writes; nothing is removed", name=name)
        ) from problem
