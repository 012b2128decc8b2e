"""The checksums of every file of a release, written last before its commit, and how each file looked when it was read.

``verify`` and ``build`` read every file and compare. A publish links most files of the release before and cannot read
them all: it looks whether size, time and inode are those of the last reading, and reads what looks otherwise, what it
has not read for longest up to ``READ_AGAIN`` bytes, and a larger file once a day. So a change is seen at once, and a
bit that the disk has turned by itself after some writes, at a price that does not follow the data.

Beside the checksums stands a copy of the manifest, which alone says what the members are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from graph.errors import ReleaseError
from graph.publication import SUPPRESSION_FILE
from graph.releases.folder import UNCOMMITTED
from graph.releases.manifest import MANIFEST_FILE, Manifest, read_manifest
from graph.releases.members import file_sha256

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
    raise ReleaseError(f"{folder.name}: {CHECKSUMS_FILE} is not what was written", "run hamkor build")


def damaged(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each file of a release that is not what was written, and what is wrong with it; every file is read."""
    try:
        sums = read_checksums(folder)
    except ReleaseError as problem:
        yield CHECKSUMS_FILE, problem.problem
        return
    if sums is None:
        if _should_have(folder):
            yield CHECKSUMS_FILE, f"{CHECKSUMS_FILE} is missing"
        return
    found = dict(_files(folder))
    for name, facts in sums.files.items():
        if wrong := _problem(found.get(name), name, facts):
            yield name, wrong
    for name in sorted(found.keys() - sums.files.keys()):
        yield name, f"{name} is no file of this release"


def examined(folder: Path) -> Known:
    """Return what is known of the files of a release that the next one is made of, once they look as they should.

    Raises:
        ReleaseError: one is not what was written, as far as was looked.
    """
    sums = read_checksums(folder)
    if sums is None:
        if _should_have(folder):
            raise ReleaseError(f"{folder.name}: {CHECKSUMS_FILE} is missing", "run hamkor build")
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
            raise ReleaseError(f"{folder.name} is not whole: {wrong}", "run hamkor build")
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


def _problem(path: Path | None, name: str, facts: FileFacts) -> str:
    """Return what is wrong with a file, read whole, or an empty string."""
    try:
        if path is None or not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != facts.size or file_sha256(path) != facts.sha256:
            return f"{name}: the file is not the one that was written (SHA-256)"
    except OSError as problem:
        return f"{name}: {problem.strerror or problem}"
    return ""


def _facts(path: Path) -> FileFacts:
    status = path.stat()
    return _facts_of(status, file_sha256(path), int(time.time()))


def _facts_of(status: os.stat_result, digest: str, now: int) -> FileFacts:
    return FileFacts(digest, status.st_size, status.st_mtime_ns, status.st_ino, now)
