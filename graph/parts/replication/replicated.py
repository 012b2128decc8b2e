"""What of a publication is in object storage: ``current``, a record of each release, and files by their SHA-256.

The layout is a format that others may read (docs/replication.md). It says what there is; it sends and fetches nothing.

``current``: which release is current, with the digest of its record; what else a copy needs to answer as the publisher
does. ``releases/<id>.json``: the files of a release. ``files/ab/ab…zst``: a file by the SHA-256 of its content, packed
with Zstandard. So every digest hangs on ``current``, the one object that ever changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from graph.model.errors import ReleaseError, ReplicationError, Sentence
from graph.model.publication import CONTEXT_FILE, FRAMES_FOLDER, Publication, ReplicaOrigin
from graph.model.settings import PublishedSettings
from graph.parts.replication.object_storage import digest_of
from graph.releases.graph_files import file_sha256
from graph.releases.history import ID, History, Purged, Rollback
from graph.releases.manifest import read_manifest
from graph.releases.release import ReleasesFolder
from graph.releases.verification import read_checksums

CURRENT_NAME = "current"
FORMAT = 1
LISTED, REMEMBERED_MOVES = 50, 1000
"""How many releases ``current`` lists, and how many roll-backs and removals it tells of."""
LARGEST_HEAD, LARGEST_RECORD = 4 << 20, 64 << 20
SHA256 = re.compile(r"[0-9a-f]{64}")
OF_PUBLICATION = re.compile(rf"{re.escape(CONTEXT_FILE)}|{re.escape(FRAMES_FOLDER)}/[^/\x00-\x1f]+")
"""Which files beside the releases a copy answers from."""


class FileDigest(msgspec.Struct, frozen=True):
    """A file by its content: SHA-256 in hexadecimal, and how many bytes."""

    sha256: str
    size: int


class ReleaseRecord(msgspec.Struct, frozen=True):
    """The files of a release.

    Attributes:
        format: of this record.
        id: the release's.
        files: by their path in the release's folder.
    """

    format: int
    id: str
    files: dict[str, FileDigest]


class Head(msgspec.Struct, frozen=True):
    """The object ``current``.

    Attributes:
        format: of the storage.
        release: id of the current release.
        moved: when it became current, ISO 8601, UTC.
        base: the publication's base IRI.
        releases: of the newest releases that can be had, the SHA-256 of the record of each.
        publisher: where the publisher's service is, for those who write; empty where that is not said.
        settings: the settings that answers depend on; what is withheld is not among them.
        files: files beside the releases that answers depend on.
        rollbacks: which older release became current when.
        purged: which releases were removed because they held what must not be published; copies remove them, too.
    """

    format: int
    release: str
    moved: str
    base: str
    releases: dict[str, str]
    publisher: str = ""
    settings: PublishedSettings = PublishedSettings()
    files: dict[str, FileDigest] = {}
    rollbacks: tuple[Rollback, ...] = ()
    purged: tuple[Purged, ...] = ()

    def origin(self, url: str, *, follows: bool) -> ReplicaOrigin:
        """Return what a copy of a URL remembers of its publisher."""
        return ReplicaOrigin(url, self.publisher, self.settings, follows)


def record_name(release_id: str) -> str:
    """Return the name of a release's record."""
    return f"releases/{release_id}.json"


def file_name(sha256: str, *, packed: bool = True) -> str:
    """Return the name of a file; ``packed`` as object storage has it, else as a publisher's service sends it."""
    return f"files/{sha256[:2]}/{sha256}{'.zst' if packed else ''}"


def record_of(folder: Path) -> bytes:
    """Return the record of the release in ``folder``, always the same bytes.

    Raises:
        ReleaseError: it has no checksums, or they cannot be read.
    """
    sums = read_checksums(folder)
    if sums is None:
        raise ReleaseError(
            Sentence("release %(release)s has no checksums: an earlier version made it", release=folder.name),
            Sentence("run hamkor build"),
        )
    files = {name: FileDigest(each.sha256, each.size) for name, each in sorted(sums.files.items())}
    return msgspec.json.encode(ReleaseRecord(FORMAT, folder.name, files))


def head_of(publication: Publication, current: Path, releases: Mapping[str, str]) -> Head:
    """Return what ``current`` is to say.

    Args:
        publication: whose.
        current: the folder of its current release.
        releases: the releases that can be had, with the digests of their records; the newest are listed.

    Raises:
        ReleaseError: the manifest cannot be read.
    """
    history = History(ReleasesFolder(publication.releases_folder))
    again = [each.time for each in history.rollbacks if each.current == current.name]
    created = read_manifest(current).created
    moved = max([created, *(f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in again)])
    listed = {*sorted(releases)[-LISTED:], current.name}
    return Head(
        FORMAT,
        current.name,
        moved,
        publication.base,
        {each: releases[each] for each in sorted(listed)},
        publication.settings.replication.publisher,
        PublishedSettings.of(publication.settings),
        {name: FileDigest(file_sha256(path), path.stat().st_size) for name, path in files_beside(publication)},
        history.rollbacks[-REMEMBERED_MOVES:],
        history.removals[-REMEMBERED_MOVES:],
    )


def files_beside(publication: Publication) -> Iterator[tuple[str, Path]]:
    """Yield the files beside the releases that answers depend on, by their path in the publication."""
    frames = publication.root / FRAMES_FOLDER
    for path in (publication.root / CONTEXT_FILE, *(sorted(frames.iterdir()) if frames.is_dir() else ())):
        if path.is_file():
            yield path.relative_to(publication.root).as_posix(), path


def read_head(content: bytes) -> Head:
    """Return what ``current`` says.

    Raises:
        ReplicationError: it is not what a publisher writes.
    """
    problem = Sentence("%(name)s in the storage is not what Hamkor writes", name=CURRENT_NAME)
    try:
        head = msgspec.json.decode(content, type=Head)
    except msgspec.DecodeError as error:
        try:
            known = msgspec.json.decode(content, type=dict[str, object]).get("format")
        except msgspec.DecodeError:
            known = FORMAT
        if known != FORMAT:
            raise _newer() from error
        raise ReplicationError(problem) from error
    if head.format != FORMAT:
        raise _newer()
    ids = {head.release, *head.releases}
    if not all(map(ID.fullmatch, ids)) or head.release not in head.releases:
        raise ReplicationError(problem)
    if not all(map(OF_PUBLICATION.fullmatch, head.files)) or not all(map(_is_digest, head.files.values())):
        raise ReplicationError(problem)
    return head


def read_record(content: bytes, release_id: str, digest: str) -> ReleaseRecord:
    """Return the record of a release, once it is the one that ``current`` names.

    Raises:
        ReplicationError: it is another one, or not what a publisher writes.
    """
    problem = Sentence(
        "the record of release %(release)s in the storage is not the one that was sent", release=release_id
    )
    if digest_of(content) != digest:
        raise ReplicationError(problem)
    try:
        record = msgspec.json.decode(content, type=ReleaseRecord)
    except msgspec.DecodeError as error:
        raise ReplicationError(problem) from error
    if record.format != FORMAT:
        raise _newer()
    if (
        record.id != release_id
        or not all(map(_is_place, record.files))
        or not all(map(_is_digest, record.files.values()))
    ):
        raise ReplicationError(problem)
    return record


def _newer() -> ReplicationError:
    return ReplicationError(
        Sentence("the storage was written by another version of Hamkor"), Sentence("upgrade this one first")
    )


def _is_digest(file: FileDigest) -> bool:
    return SHA256.fullmatch(file.sha256) is not None and file.size >= 0


def _is_place(name: str) -> bool:
    """Whether a path stays within the folder of a release."""
    path = PurePosixPath(name)
    return (
        bool(name)
        and "\0" not in name
        and path.as_posix() == name
        and not path.is_absolute()
        and ".." not in path.parts
    )
