"""A publication's folder as a whole: begun, copied beside a running service, made again of a copy, or gone back in."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import IO, cast

import msgspec
from isal import igzip

from graph.model.contributors import CONTRIBUTORS_FILE
from graph.model.errors import Quotation, ReleaseError, Sentence, SettingError, said_by
from graph.model.publication import (
    CURRENT,
    FOLDERS,
    PATCHES_FOLDER,
    PROPOSALS_FILE,
    SETTINGS_FILE,
    SUPPRESSION_FILE,
    WORK_FOLDER,
    Publication,
    files_below,
)
from graph.model.settings import settings_of
from graph.pipeline.build import rebuild
from graph.pipeline.steps import Progress
from graph.query.saved_queries import FILE as QUERIES_FILE
from graph.releases.graph_files import link
from graph.releases.history import ID, LOG_FILE, PURGED_FILE
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.release import AT_ONCE, Hold, Patience, Release, ReleasesFolder, open_release
from graph.releases.verification import (
    CHECKSUMS_FILE,
    examined,
    mend_manifest,
    newest_first,
    problems_of,
    proven_manifest,
    read_checksums,
    readable_current,
    whole_graph,
)
from graph.withholding.withholding import read_traces, withholding_of

# A new publication: the files to begin with, in an empty folder. It builds and publishes nothing.

SETTINGS = """\
# All settings and their defaults: docs/settings.md of Hamkor.
base = {base}
languages = [{language}]

[about]
title = {{ {language} = {title} }}
# description = {{ {language} = "…" }}
# publisher = {{ {language} = "…" }}
# contact = "mailto:…"
"""
DATA = """\
# One file, one named graph: <{base}graph/organisations>.
@prefix id: <{base}id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<{base}id/organisation/example> a org:Organization ;
    rdfs:label "An example organisation"@{tag} .
"""
SHAPES = """\
# What a valid graph is, and how pages show it: one property shape for each property.
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <{base}shape/> .

shape:Organization a sh:NodeShape ;
    rdfs:label "Organisation"@{tag} ;
    sh:targetClass org:Organization ;
    sh:property shape:Organization-label .

shape:Organization-label a sh:PropertyShape ;
    rdfs:label "Name of an organisation"@{tag} ;
    sh:path rdfs:label ;
    sh:name "Name"@{tag} ;
    sh:order 1 ;
    sh:minCount 1 ;
    sh:datatype rdf:langString ;
    sh:message "An organisation has a name with a language."@{tag} .
"""
FILES = {
    "data/organisations.ttl": DATA,
    "shapes/organisations.ttl": SHAPES,
    ".gitignore": ".hamkor/\n",
}


def begin(folder: Path, base: str, title: str, language: str) -> list[Path]:
    """Write the files of a new publication; return them.

    Args:
        folder: empty but for hidden files; made where it is not there.
        base: the IRI below which its things are named; ends in a slash.
        title: what it is called.
        language: the language tag of its texts.

    Raises:
        SettingError: the folder is in use or cannot be written, or what is asked for is not usable; nothing is left
            behind.
    """
    files = _files(base, title, language)
    made: list[Path] = []
    try:
        if _is_in_use(folder):
            raise SettingError(str(folder), Sentence("not an empty folder; begin in a new one"))
        for name, text in files.items():
            path = folder / name
            if not path.exists():
                made += _made_folders(path.parent)
                made.append(path)
                path.write_text(text, encoding="utf-8")
    except OSError as problem:
        _take_away(made)
        raise SettingError(
            str(folder), Sentence("cannot be written: %(words)s", words=Quotation(problem.strerror))
        ) from problem
    except RecursionError as problem:
        raise SettingError(
            f"{str(folder)[:100]}…", Sentence("cannot be written: too many folders in each other")
        ) from problem
    return [each for each in made if each.is_file()]


def _files(base: str, title: str, language: str) -> dict[str, str]:
    """Return what is to be written, by name.

    Raises:
        SettingError: base, title or language are not usable.
    """
    tag = json.dumps(language)
    settings = {"base": json.dumps(base), "title": json.dumps(title, ensure_ascii=False), "language": tag}
    files = {SETTINGS_FILE: SETTINGS.format(**settings)}
    try:
        files[SETTINGS_FILE].encode()
    except UnicodeEncodeError as problem:
        raise SettingError("init", Sentence("the title is not UTF-8")) from problem
    settings_of(files[SETTINGS_FILE], "init")
    values = {"base": base, "tag": language}  # it is a language, as the settings have been found to say
    return files | {name: text.format(**values) for name, text in FILES.items()}


def _is_in_use(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(not each.name.startswith(".") for each in folder.iterdir()))


def _made_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it that are not there; return them, the uppermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


# A copy of a publication in one file, made beside a running service, and a publication made of such a copy.
#
# The copy holds the settings, the sources and what stands nowhere else: the current release with its contributed
# graphs, who may write, what is withheld, and the queries that are kept. Its last member lists the SHA-256 of every
# other, so a copy that breaks off is told from a whole one. What it is made of is linked first: a release never
# changes, and whoever writes or prunes meanwhile takes nothing away from it. The restored publication is proven before
# it is said to be one.

LIST_FILE = f"{WORK_FOLDER}/backup.json"
RELEASES = f"{WORK_FOLDER}/releases"
TRIES = 5
PIECE = 1 << 20
MOST_FILES, LONGEST_NAME, LARGEST_LIST = 1_000_000, 1_000, 512 << 20
LEVEL = 1
TOP = (SETTINGS_FILE, SUPPRESSION_FILE, WORK_FOLDER, *FOLDERS, PATCHES_FOLDER)
NOTHING_RESTORED = Sentence("nothing was restored")


class Contents(msgspec.Struct, frozen=True):
    """The list at the end of a copy.

    Attributes:
        made: when, ISO 8601, UTC.
        base: the publication's.
        release: id of the release that is current in it, or None where there is none yet.
        files: the SHA-256 of each other file, by its name.
    """

    made: str
    base: str
    release: str | None
    files: dict[str, str]


def back_up(publication: Publication, file: Path) -> Contents:
    """Write a copy of a publication; return what is in it.

    Args:
        publication: it may be served and written to meanwhile.
        file: what to write: a tar archive, gzip, for its owner only; it must not exist.

    Raises:
        ReleaseError: the file is there or cannot be written, or the current release is not whole.
    """
    if file.exists():
        raise ReleaseError(Sentence("%(file)s is there already", file=file), Sentence("name another file"))
    inside = [each for each in FOLDERS if file.resolve().is_relative_to((publication.root / each).resolve())]
    if inside:
        raise ReleaseError(
            Sentence("%(file)s would lie among the sources", file=file), Sentence("name a file outside the publication")
        )
    fresh = file.with_name(f".{file.name}-{token_hex(4)}")
    try:
        with _whole_snapshot(publication) as (folder, release):
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                contents = _write(publication, folder, release, stream)
                stream.flush()
                os.fsync(stream.fileno())
        os.link(fresh, file)  # and not a rename, which would replace what has come there meanwhile
    except (OSError, sqlite3.Error) as problem:
        raise ReleaseError(Sentence("the back-up cannot be made: %(words)s", words=problem)) from problem
    finally:
        fresh.unlink(missing_ok=True)
    return contents


@contextlib.contextmanager
def _whole_snapshot(publication: Publication) -> Iterator[tuple[Path, str | None]]:
    """Give a folder with what stands in the work folder, as at one moment, and the id of the release in it.

    What is withheld, and the release that was made with it, are of one time: otherwise it is taken again.
    """
    releases = ReleasesFolder(publication.releases_folder)
    for _ in range(TRIES):
        with releases.rehearsal() as folder:
            release = readable_current(releases)
            if release is not None:
                examined(release.folder)
            try:
                _take(publication, release, folder)
            except FileNotFoundError:  # it has been pruned or purged just now
                continue
            after = readable_current(releases)
            if (after.id if after else None) == (release.id if release else None):
                yield folder, release.id if release is not None else None
                return
    raise ReleaseError(Sentence("the release changes faster than it can be copied"), Sentence("try again"))


def _take(publication: Publication, release: Release | None, folder: Path) -> None:
    work = publication.root / WORK_FOLDER
    top = folder / WORK_FOLDER
    (top / "releases").mkdir(parents=True)
    lists = [each for each in publication.suppression_files if each.exists()]
    if lists:
        shutil.copyfile(lists[0], folder / SUPPRESSION_FILE)
    if (work / CONTRIBUTORS_FILE).exists():
        shutil.copyfile(work / CONTRIBUTORS_FILE, top / CONTRIBUTORS_FILE)
    for name in (QUERIES_FILE, PROPOSALS_FILE):
        if (work / name).exists():
            _copy_table(work / name, top / name)
    for name in (LOG_FILE, PURGED_FILE):
        if (work / "releases" / name).exists():
            shutil.copyfile(work / "releases" / name, top / "releases" / name)
    if release is not None:
        sums = read_checksums(release.folder)
        names = [*sums.files, CHECKSUMS_FILE] if sums is not None else _names(release.folder)
        for name in names:
            target = top / "releases" / release.id / name
            target.parent.mkdir(parents=True, exist_ok=True)
            link(release.folder / name, target)


def _names(folder: Path) -> list[str]:
    """Return the files of a release of an earlier version, which has no checksums."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [each for each in names if not each.startswith("downloads/")]


def _copy_table(source: Path, target: Path) -> None:
    """Copy kept queries, or proposals, as at one moment, without the pages of those that have been removed."""
    with contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as shelf:
        shelf.execute("VACUUM INTO ?", (str(target),))


def _write(publication: Publication, folder: Path, release: str | None, stream: IO[bytes]) -> Contents:
    files = dict[str, str]()
    with (
        igzip.open(stream, "wb", compresslevel=LEVEL) as packed,  # type: ignore[no-untyped-call]
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, path in (*_sources(publication), *_below(folder, folder)):
            files[name] = _add(archive, name, path)
        _check(folder, release, files)
        contents = Contents(datetime.now(UTC).isoformat(timespec="seconds"), publication.base, release, files)
        body = msgspec.json.encode(contents)
        entry = tarfile.TarInfo(LIST_FILE)
        entry.size, entry.mode = len(body), 0o600
        archive.addfile(entry, BytesIO(body))
    return contents


def _check(folder: Path, release: str | None, files: dict[str, str]) -> None:
    """Make sure that what was copied of the release is what was written into it."""
    sums = read_checksums(folder / RELEASES / release) if release is not None else None
    for name, facts in sums.files.items() if sums is not None else ():
        if files[f"{RELEASES}/{release}/{name}"] != facts.sha256:
            raise ReleaseError(
                Sentence("%(release)s is not whole: %(name)s is not what was written", release=release, name=name),
                Sentence("run hamkor build"),
            )


def _sources(publication: Publication) -> Iterator[tuple[str, Path]]:
    """Yield the settings and all files of the folders with sources, also what is not read; links are followed."""
    settings = publication.root / SETTINGS_FILE
    if settings.is_file():
        yield SETTINGS_FILE, settings
    for name in (*FOLDERS, PATCHES_FOLDER):
        yield from _below(publication.root / name, publication.root)


def _below(folder: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the regular files below a folder; hidden ones are nobody's sources, but for the work folder."""
    found = files_below(folder) if folder != root else sorted(folder.rglob("*"))
    for path in found:
        if path.is_file():
            yield path.relative_to(root).as_posix(), path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file as it is now; return the SHA-256 of what was added."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = status.st_size, int(status.st_mtime), 0o600
        read = _Hashed(file)
        archive.addfile(entry, cast("IO[bytes]", read))
    return read.digest.hexdigest()


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        """Return some bytes."""
        part = self._file.read(size)
        self.digest.update(part)
        return part


def restore(file: Path, folder: Path) -> Contents:
    """Make a publication of a copy, in a folder that is empty or not there; return what is in it.

    Nothing is written outside the folder, no link is made but the one to the current release, and where the copy is not
    whole or not one of ours, the folder is as it was.

    Raises:
        ReleaseError: the file cannot be read or is not whole, the folder is not empty, or the disk does not take it.
    """
    try:
        was_there = folder.exists()
        if was_there and any(folder.iterdir()):
            raise ReleaseError(
                Sentence("%(folder)s is not empty", folder=folder), Sentence("name a folder that is empty or not there")
            )
        folder.mkdir(parents=True, exist_ok=True)
        try:
            contents = _unpacked(file, folder)
            _prove(contents, folder)
        except BaseException:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            if not was_there:
                folder.rmdir()
            raise
    except (OSError, EOFError, zlib.error, ValueError, tarfile.TarError) as problem:
        words = Quotation(getattr(problem, "strerror", "")) or said_by(problem)
        raise ReleaseError(
            Sentence("%(file)s cannot be restored: %(words)s", file=file, words=words), NOTHING_RESTORED
        ) from problem
    return contents


def _unpacked(file: Path, folder: Path) -> Contents:
    """Unpack a copy; return its list, with which it has been compared."""
    found, listed, left = dict[str, str](), b"", shutil.disk_usage(folder).free
    with (
        gzip.open(file, "rb") as packed,
        tarfile.open(fileobj=cast("IO[bytes]", _Bounded(cast("IO[bytes]", packed))), mode="r:") as archive,
    ):
        for entry in archive:
            archive.members = []  # type: ignore[attr-defined]  # it would remember all, of which there may be millions
            _check_entry(entry, file)
            if (left := left - entry.size) < 0 or len(found) >= MOST_FILES:
                raise ReleaseError(
                    Sentence("%(file)s holds more than the disk can take", file=file), Sentence("free some space")
                )
            stream = cast("IO[bytes]", archive.extractfile(entry))
            if entry.name == LIST_FILE:
                listed = _all_of(stream) if entry.size <= LARGEST_LIST else b""
            else:
                found[entry.name] = _unpack(stream, folder / entry.name)
    try:
        contents = msgspec.json.decode(listed, type=Contents)
    except msgspec.DecodeError as problem:
        raise ReleaseError(
            Sentence("%(file)s is no whole back-up of hamkor: its list is missing", file=file), NOTHING_RESTORED
        ) from problem
    differing = sorted(contents.files.items() ^ found.items())
    if differing:
        raise ReleaseError(
            Sentence("%(file)s is not whole: %(name)s is not what was copied", file=file, name=differing[0][0]),
            NOTHING_RESTORED,
        )
    return contents


def _all_of(stream: IO[bytes]) -> bytes:
    return b"".join(iter(lambda: stream.read(PIECE), b""))


def _check_entry(entry: tarfile.TarInfo, file: Path) -> None:
    """Make sure that a member is a plain file at a place where a publication has one."""
    parts = PurePosixPath(entry.name).parts
    is_plain = entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not entry.issparse()
    is_ours = parts[:1] in {(name,) for name in TOP} and "/".join(parts) == entry.name and ".." not in parts
    if not is_plain or not is_ours or len(entry.name) > LONGEST_NAME or "\0" in entry.name:
        raise ReleaseError(
            Sentence("%(file)s is no back-up of hamkor: it holds %(name)s", file=file, name=repr(entry.name[:200])),
            NOTHING_RESTORED,
        )


def _unpack(stream: IO[bytes], path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(path)), "wb") as target:
        while part := stream.read(PIECE):
            digest.update(part)
            target.write(part)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _mode(path: Path) -> int:
    return 0o600 if path.name in (CONTRIBUTORS_FILE, PROPOSALS_FILE, QUERIES_FILE, SUPPRESSION_FILE) else 0o644


def _prove(contents: Contents, folder: Path) -> None:
    """Make the release current and make sure that it is whole."""
    if contents.release is None:
        return
    release = folder / RELEASES / contents.release
    if not ID.fullmatch(contents.release) or not release.is_dir():
        raise ReleaseError(
            Sentence("the back-up lacks its release %(release)s", release=repr(contents.release[:100])),
            NOTHING_RESTORED,
        )
    if problems := problems_of(release):
        raise ReleaseError(
            Sentence("the release of the back-up is not whole: %(problem)s", problem=problems[0]), NOTHING_RESTORED
        )
    ReleasesFolder(folder / RELEASES).make_current(contents.release)


class _Bounded:
    """A stream of which nobody reads much at once, as tarfile would for a header that says so."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return some bytes.

        Raises:
            TarError: they are too many.
        """
        if not 0 <= size <= PIECE:
            raise tarfile.ReadError(Sentence("a header is too large"))
        return self._stream.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell()


# Making a whole release current again, where nobody can tell which is, or the current one is damaged.
#
# Nothing that may hold something is removed: what stands in the place of the link is set aside. A release in which
# something is missing that can be made anew is not made current itself: a new one is made of what contributors wrote in
# it, and of the files, and so is one that was made when less was withheld.

NOTHING_LEFT = Sentence(
    "restore a back-up (hamkor restore), or move the folder .hamkor/releases away "
    "and run hamkor build: what contributors wrote is then gone"
)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A release that is not whole: its id, and what is wrong with it, a sentence each."""

    release: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found among the releases.

    Attributes:
        fault: why nobody can tell which release is current, in words; empty where one can.
        damaged: the releases that are not whole, newest first, as far as they were looked at.
        whole: id of the newest that is, or can be made anew; empty where none is.
        anew: what contributors wrote in it is whole, and something else is not, which can be made anew.
        is_current: whether it is whole and the current one already.
        lost: the graphs that contributors wrote which a newer release names and this one does not hold so.
    """

    fault: str
    damaged: tuple[Damaged, ...]
    whole: str
    anew: bool
    is_current: bool
    lost: tuple[str, ...]


def survey(releases: ReleasesFolder, *, mend: bool = False) -> Survey:
    """Return what there is; every file is read of the current release, or of all from the newest to a whole one.

    Args:
        releases: the releases.
        mend: whether a manifest is written again from its copy.
    """
    fault, damaged = releases.fault(), list[Damaged]()
    order = newest_first(releases)
    current = None if fault else releases.current()
    if current is not None:
        order = (current.name, *(each for each in order if each != current.name))
    whole, anew = "", False
    for each in order:
        folder = releases.path / each
        if mend:
            mend_manifest(folder)
        problems = problems_of(folder)
        anew = bool(problems) and _can_be_made_anew(releases, folder)
        if problems:
            damaged.append(Damaged(each, problems))
        if anew or not problems:
            whole = each
            break
    is_current = current is not None and current.name == whole and not anew
    lost = () if anew else _lost(releases, damaged, whole)
    return Survey(fault, tuple(damaged), whole, anew, is_current, lost)


def recover(
    publication: Publication, progress: Progress = lambda *_: None, patience: Patience = AT_ONCE
) -> tuple[Survey, str, Path | None]:
    """Make the newest whole release current; return what was found, the id of the current one, and what was set aside.

    Raises:
        BusyError: somebody else is writing, for longer than the caller's patience.
        ReleaseError: no release is whole.
        Others: as ``build``, where a release has to be made anew.
    """
    releases = ReleasesFolder(publication.releases_folder, patience)
    with releases.writing():
        aside = _as_release(releases)
        found = survey(releases, mend=True)
        if found.is_current:
            return found, found.whole, aside
        if not found.whole and not found.damaged and not found.fault:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
        if not found.whole:
            raise ReleaseError(Sentence("no release is whole"), NOTHING_LEFT)
        aside = releases.set_aside() or aside
        folder = releases.path / found.whole
        if not found.anew and read_traces(folder).mark == withholding_of(publication).mark:
            releases.make_current(found.whole)
            return found, found.whole, aside
        return found, rebuild(publication, _opened(folder), progress).id, aside


def _opened(folder: Path) -> Release:
    """Return a release that can be trusted as far as its manifest goes, or its copy."""
    manifest = proven_manifest(folder)
    return Release(folder, manifest, Hold(folder)) if manifest is not None else open_release(folder)


def _can_be_made_anew(releases: ReleasesFolder, folder: Path) -> bool:
    """Whether everything that contributors wrote in a damaged release is whole somewhere."""
    manifest = proven_manifest(folder)
    if manifest is None or manifest.id != folder.name:
        return False
    release = Release(folder, manifest, Hold(folder))
    try:
        for entry in manifest.graphs:
            if entry.origin == "contributed":
                deque(whole_graph(releases, release, entry), maxlen=0)
    except ReleaseError:
        return False
    return True


def _as_release(releases: ReleasesFolder) -> Path | None:
    """Let a folder in the place of the link be the release that it is a copy of, where that is not here."""
    place = releases.path / CURRENT
    if place.is_symlink() or not place.is_dir():
        return None
    try:
        release_id = read_manifest(place).id
    except ReleaseError:
        return None
    is_known = release_id in releases.ids()
    if not ID.fullmatch(release_id) or (is_known and not problems_of(releases.path / release_id)):
        return None
    return None if problems_of(place, release_id) else releases.as_release(release_id)


def _lost(releases: ReleasesFolder, damaged: list[Damaged], whole: str) -> tuple[str, ...]:
    held = _contributed(releases.path / whole) if whole else {}
    newer = [_contributed(releases.path / each.release) for each in damaged]
    return tuple(sorted({iri for each in newer for iri, digest in each.items() if held.get(iri) != digest}))


def _contributed(folder: Path) -> dict[str, str]:
    """Return the digests of the graphs that contributors wrote, as far as the manifest can be read."""
    try:
        entries: tuple[GraphEntry, ...] = read_manifest(folder).graphs
    except ReleaseError:
        return {}
    return {each.iri: each.digest for each in entries if each.origin == "contributed"}
