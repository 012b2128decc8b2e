"""Dumps: the files in which a release can be taken home, made once, in a process of their own, and kept beside it."""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, cast

import msgspec
from isal import isal_zlib

from graph.export.documents import SYNTAX_NAMES, prefixes, read_context, write_chunks, write_graph
from graph.model.errors import (
    BusyError,
    Failure,
    FormatError,
    HamkorError,
    ReleaseError,
    Sentence,
    StorageError,
    WorkEndedError,
    WorkKilledError,
    packed,
    unpacked,
    unreadable,
)
from graph.model.formats import (
    DATASET_FORMATS,
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    PARQUET,
    RDF_XML,
    TRIG,
    TURTLE,
    Format,
    format_named,
)
from graph.model.processes import Descriptor
from graph.model.publication import Publication, open_publication
from graph.model.rdf_terms import CATALOG_GRAPH, RELEASE, genid_iri, graph_iri
from graph.releases.graph_files import GRAPHS_FOLDER, GZIP_WINDOW, file_sha256, read_member
from graph.releases.index_loading import LinesFile
from graph.releases.manifest import GraphEntry, Manifest
from graph.releases.parquet_files import ClassContent, write_class_table, write_statements_table
from graph.releases.release import Release, ReleasesFolder, open_release
from graph.releases.store import merged
from graph.sources.batches import Chunk

# The files in which a release can be taken home: everything or one named graph, in each RDF format, gzip, and Parquet.
#
# It says which there are and writes them; where they are kept is ``graph.releases.dumps``. Everything but N-Quads is
# written from the members in one go, in bounded memory, the same bytes for the same release. N-Quads are the members
# themselves, one behind the other: gzip members may be concatenated (RFC 1952 2.2). Parquet says what N-Quads say, of
# each statement its graph; it is compressed by itself.
#
# The computed catalogue is in no file of the whole: so these hold what the content digest covers, and the catalogue can
# hold their checksums. It has files of its own, as every graph.

WHOLE, CLASSES_FOLDER = "dataset", "classes"
GZIP = "application/gzip"
FORMS = (N_QUADS, TRIG, TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
"""The forms of RDF, in which files are packed."""
ENDING = ".nq.gz"
LEVEL = 3
LOCAL_NAME = re.compile(r"[^\W\d][\w.-]*\Z")
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Dump:
    """One file.

    Attributes:
        name: its path below ``/downloads/<release>/``.
        form: the serialisation inside.
        graph: the named graph that it holds, or None: all but the catalogue.
        table: the class of which it is a table, where it is one.
    """

    name: str
    form: Format
    graph: GraphEntry | None = None
    table: ClassContent | None = None

    @property
    def ending(self) -> str:
        """What stands behind the point in its name."""
        return _ending(self.form)

    @property
    def media_type(self) -> str:
        """The media type of the file, which is mostly a packed one."""
        return self.form.media_type if self.form is PARQUET else GZIP


def whole_dumps(manifest: Manifest) -> tuple[Dump, ...]:
    """Return the files of everything; without RDF/XML and JSON-LD where these cannot express it."""
    # releases of earlier versions do not say it of their graphs, but have counted their properties
    fits = all(map(is_element_name, manifest.statistics.properties))
    fits = fits and all(each.fits_xml for each in data_graphs(manifest))
    unfit = {RDF_XML: not fits, JSON_LD: not all(each.fits_json_ld for each in data_graphs(manifest))}
    return tuple(Dump(f"{WHOLE}.{_ending(form)}", form) for form in _forms(unfit))


def graph_dumps(entry: GraphEntry) -> tuple[Dump, ...]:
    """Return the files of one named graph; without RDF/XML and JSON-LD where these cannot express it."""
    unfit = {RDF_XML: not entry.fits_xml, JSON_LD: not entry.fits_json_ld}
    return tuple(_dump_of(entry, form) for form in _forms(unfit))


def _forms(unfit: Mapping[Format, bool]) -> tuple[Format, ...]:
    return (*(each for each in FORMS if not unfit.get(each)), PARQUET)


def _dump_of(entry: GraphEntry, form: Format) -> Dump:
    return Dump(f"{entry.file.removesuffix(ENDING)}.{_ending(form)}", form, entry)


def class_dump(name: str, content: ClassContent) -> Dump:
    """Return the file with the table of a class, given the name of the class as ``class_path_name`` says it."""
    return Dump(class_file(name), PARQUET, table=content)


def class_file(name: str) -> str:
    """Return the path of the file with the table of a class below ``/downloads/<release>/``."""
    return f"{CLASSES_FOLDER}/{name}.{_ending(PARQUET)}"


def class_of_file(name: str) -> str:
    """Return the name of the class whose table a file is, or an empty string where it is none."""
    start, end = f"{CLASSES_FOLDER}/", f".{_ending(PARQUET)}"
    return name[len(start) : -len(end)] if name.startswith(start) and name.endswith(end) else ""


def _ending(form: Format) -> str:
    return form.suffix if form is PARQUET else f"{form.suffix}.gz"


def dump_named(manifest: Manifest, name: str) -> Dump | None:
    """Return the file of this name, or None where there is none; also one that cannot be made, which its maker says."""
    forms = _forms({})
    candidates: Iterable[Dump] = (Dump(f"{WHOLE}.{_ending(form)}", form) for form in forms)
    if name.startswith(f"{GRAPHS_FOLDER}/"):
        stems = {f"{name.removesuffix(f'.{_ending(form)}')}{ENDING}" for form in forms}
        entries = [each for each in manifest.graphs if each.file in stems]
        candidates = (_dump_of(entry, form) for entry in entries for form in forms)
    return next((each for each in candidates if each.name == name), None)


def data_graphs(manifest: Manifest) -> tuple[GraphEntry, ...]:
    """Return the graphs that a file of the whole holds, in their order: all but the catalogue."""
    catalog = graph_iri(manifest.base, CATALOG_GRAPH)
    return tuple(each for each in manifest.graphs if each.iri != catalog)


def dumped_graphs(manifest: Manifest, dump: Dump) -> tuple[GraphEntry, ...]:
    """Return the graphs that a file holds, in their order."""
    return data_graphs(manifest) if dump.graph is None else (dump.graph,)


def members_sha256(folder: Path, entries: Iterable[GraphEntry]) -> str:
    """Return the SHA-256 of some members of the release in ``folder``, one behind the other.

    Raises:
        ReleaseError: a member cannot be read.
    """
    digest = sha256()
    try:
        for entry in entries:
            with (folder / entry.file).open("rb") as stream:
                while part := stream.read(PIECE):
                    digest.update(part)
    except OSError as problem:
        raise unreadable(f"release {folder.name}", problem) from problem
    return digest.hexdigest()


def write_dump(folder: Path, manifest: Manifest, dump: Dump, stream: IO[bytes], prefixes: Mapping[str, str]) -> None:
    """Write a file of RDF, compressed, to a stream.

    Raises:
        ReleaseError: a member cannot be read.
        FormatError: RDF/XML cannot express what the graphs hold.
    """
    entries = dumped_graphs(manifest, dump)
    if dump.form is N_QUADS:
        for entry in entries:
            with (folder / entry.file).open("rb") as member:
                while part := member.read(PIECE):
                    stream.write(part)
        return
    compressed = _Compressed(stream)
    if dump.form in DATASET_FORMATS or dump.graph is not None:
        chunks: Iterator[Chunk] = (chunk for entry in entries for chunk in read_member(folder / entry.file, entry.iri))
    else:
        chunks = merged(folder, manifest, entries)
    write_chunks(chunks, cast("IO[bytes]", compressed), dump.form, prefixes, directions=False)
    compressed.finish()


def write_parquet(folder: Path, manifest: Manifest, entries: Iterable[GraphEntry], target: Path) -> None:
    """Write the statements of some graphs of the release in ``folder`` as a table.

    Raises:
        ReleaseError: a member cannot be read, or the disk or memory does not suffice.
    """
    sources = [LinesFile(each.file, each.iri, each.triples, f" <{each.iri}> .") for each in entries]
    write_statements_table(sources, folder, target, _about(manifest))


def _about(manifest: Manifest) -> dict[str, str]:
    """Return what a table says of itself."""
    return {"release": f"{manifest.base}{RELEASE}/{manifest.id}"}


class _Compressed:
    """A stream that compresses what passes; its header holds no time, so that equal content is equal bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._gzip = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._stream.write(self._gzip.compress(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is not yet compressed comes with the end."""

    def finish(self) -> None:
        """Write what is left."""
        self._stream.write(self._gzip.flush())


def is_element_name(iri: str) -> bool:
    """Whether an element of XML can bear the name of a property: at its end stands a local name (RDF/XML 5.1)."""
    return iri not in SYNTAX_NAMES and LOCAL_NAME.search(iri) is not None


# The files of a release that have been made, kept beside it: each is written once, whole or not at all.
#
# What is kept is no part of the release: its manifest knows nothing of it, and whoever removes the folder loses nothing
# but time. N-Quads are never kept, being the members themselves.

FOLDER = "downloads"
SUBJECTS = "subjects"
"""The folder of the lists of ``graph.releases.dumps``."""
LOCK, MAKING, DIGEST, FAULT = ".lock", ".making", ".sha256", ".fault"


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A file that can be sent: parts, one behind the other, and the SHA-256 of the whole in hexadecimal."""

    parts: tuple[tuple[Path, int], ...]
    sha256: str

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(size for _, size in self.parts)


@dataclass(frozen=True, slots=True)
class Downloads:
    """The files of one release.

    Attributes:
        folder: the release's.
        manifest: the release's.
        most: how many bytes of made files are kept; the oldest go first.
    """

    folder: Path
    manifest: Manifest
    most: int = 2 << 30

    def ready(self, dump: Dump) -> ReadyFile | None:
        """Return a file that need not be made, or None.

        Raises:
            ReleaseError: a member cannot be read.
        """
        if dump.form is N_QUADS:
            entries = dumped_graphs(self.manifest, dump)
            digest = dump.graph.sha256 if dump.graph is not None else self._digest_of_members(dump)
            return ReadyFile(tuple((self.folder / each.file, each.size) for each in entries), digest)
        path = self._path(dump)
        try:
            return ReadyFile(((path, path.stat().st_size),), _beside(path).read_text("ascii"))
        except OSError:
            return None

    def refuse_impossible(self, dump: Dump) -> None:
        """Make sure that nobody has tried yet in vain to make a file.

        Raises:
            FormatError: the format cannot express what the graphs hold.
        """
        with suppress(OSError, msgspec.DecodeError):
            raise FormatError(dump.form.title, unpacked(msgspec.msgpack.decode(self._fault(dump).read_bytes())))

    def size(self, dump: Dump) -> int:
        """Return about how many bytes of members have to be read to make a file."""
        return sum(each.size for each in dumped_graphs(self.manifest, dump))

    def make(self, dump: Dump, prefixes: Mapping[str, str]) -> ReadyFile:
        """Make a file, unless somebody has meanwhile; one is made at a time.

        Raises:
            BusyError: another file of this release is being made.
            FormatError: the format cannot express what the graphs hold.
            ReleaseError: a member cannot be read, or the file cannot be kept.
        """
        try:
            with making(self.folder) as folder:
                if (found := self.ready(dump)) is not None:
                    return found
                self.refuse_impossible(dump)
                self._make_room()
                fresh = folder / MAKING
                try:
                    self._write(dump, fresh, prefixes)
                    path = self._path(dump)
                    path.parent.mkdir(exist_ok=True)
                    _beside(path).write_text(file_sha256(fresh), "ascii")
                    fresh.replace(path)
                finally:
                    fresh.unlink(missing_ok=True)  # where the disk is full, it is this that fills it
        except OSError as problem:
            raise StorageError.of(
                Sentence("the file cannot be kept"), problem, Sentence("take N-Quads, or use hamkor export")
            ) from problem
        ready = self.ready(dump)
        if ready is None:
            raise ReleaseError(Sentence("the file is gone already"), Sentence("ask again"))
        return ready

    def damaged(self) -> Iterator[Sentence]:
        """Yield what is wrong with the files that are kept, a sentence each; every file is read."""
        return (_named(each, self.folder) for each in self._damaged())

    def discard_damaged(self) -> Iterator[Sentence]:
        """Remove what is not as it was made, yielding what was: it is made again when it is asked for."""
        for path in list(self._damaged()):
            if path.parent.name == SUBJECTS:
                shutil.rmtree(path.parent)
            else:
                path.unlink(missing_ok=True)
                _beside(path).unlink(missing_ok=True)
            yield _named(path, self.folder)

    def _damaged(self) -> Iterator[Path]:
        top = self.folder / FOLDER
        for beside in sorted(top.rglob(f"*{DIGEST}")):
            path = beside.with_name(beside.name.removesuffix(DIGEST))
            try:
                known = beside.read_bytes()
                if path.name.endswith(ENDING):
                    dump = dump_named(self.manifest, path.relative_to(top).as_posix())
                    is_whole = dump is not None and known.decode() == self._sha256_of_members(dump)
                else:
                    is_whole = known.decode() == file_sha256(path)
            except (OSError, ValueError, ReleaseError):
                is_whole = False
            if not is_whole:
                yield path
        yield from (each for each in sorted((top / SUBJECTS).glob("*.gz")) if not _is_whole_gzip(each))

    def _write(self, dump: Dump, path: Path, prefixes: Mapping[str, str]) -> None:
        """Write a file; that it cannot be written, is remembered: a release never changes, and trying takes minutes."""
        try:
            if dump.table is not None:
                write_class_table(self.folder, dump.table, path, _about(self.manifest))
            elif dump.form is PARQUET:
                write_parquet(self.folder, self.manifest, dumped_graphs(self.manifest, dump), path)
            else:
                with path.open("wb") as stream:
                    write_dump(self.folder, self.manifest, dump, stream, prefixes)
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        except FormatError as problem:
            fault = self._fault(dump)
            try:
                fault.parent.mkdir(exist_ok=True)
                fault.write_bytes(msgspec.msgpack.encode(packed(problem.fault)))
            except OSError:  # then it is tried again
                fault.unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """Remove the files that were made longest ago until what is kept is within bounds."""
        made = ((self.folder / FOLDER).rglob(f"*.{each}") for each in ("gz", PARQUET.suffix))
        kept = [path for found in made for path in found if path.is_file()]
        total = 0
        for path in sorted(kept, key=lambda each: each.stat().st_mtime, reverse=True):
            total += path.stat().st_size
            if total > self.most:
                path.unlink()
                _beside(path).unlink(missing_ok=True)

    def _path(self, dump: Dump) -> Path:
        return self.folder / FOLDER / dump.name

    def _fault(self, dump: Dump) -> Path:
        path = self._path(dump)
        return path.with_name(path.name + FAULT)

    def _sha256_of_members(self, dump: Dump) -> str:
        return members_sha256(self.folder, dumped_graphs(self.manifest, dump))

    def _digest_of_members(self, dump: Dump) -> str:
        """Return the SHA-256 of several members, computed once and kept where that can be."""
        beside = _beside(self._path(dump))
        try:
            return beside.read_text("ascii")
        except OSError:
            digest = self._sha256_of_members(dump)
            fresh = beside.with_name(f"{beside.name}.{os.getpid()}")
            try:
                beside.parent.mkdir(exist_ok=True)
                fresh.write_text(digest, "ascii")
                fresh.replace(beside)
            except OSError:  # a read-only folder, or a full disk: it is computed again next time
                with suppress(OSError):
                    fresh.unlink(missing_ok=True)
            return digest


@contextmanager
def making(release: Path) -> Iterator[Path]:
    """Give the folder of what is made of the release in ``release``, to one process at a time.

    Raises:
        BusyError: something is being made of it.
        OSError: the folder cannot be written.
    """
    folder = release / FOLDER
    folder.mkdir(exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise BusyError(
                Sentence("another file of this release is being made"), Sentence("ask again in a moment")
            ) from problem
        yield folder


def is_busy(release: Path) -> bool:
    """Whether something is being made of the release in ``release``.

    Raises:
        ReleaseError: its folder cannot be written.
    """
    try:
        with making(release):
            return False
    except BusyError:
        return True
    except OSError as problem:
        raise StorageError.of(
            Sentence("nothing can be kept"), problem, Sentence("take N-Quads, or use hamkor export")
        ) from problem


def forget(folder: Path) -> None:
    """Remove every file that was made of the release in ``folder``: what it holds is no longer to be had."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _named(path: Path, folder: Path) -> Sentence:
    return Sentence("%(name)s: the file is not the one that was made", name=path.relative_to(folder).as_posix())


def _is_whole_gzip(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as stream:
            while stream.read(PIECE):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}{DIGEST}")


# The own things of a release, as lists of IRIs: what a sitemap lists. Made once, kept beside the release.
#
# A thing of its own is a subject in some graph, below the base, that is no fragment of a document, no skolem IRI, and
# no part of the computed catalogue.

READY = ".ready"
MOST = 49_000
"""How many IRIs stand in one list: a sitemap takes 50,000 URLs (sitemaps.org)."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The own things of the release in ``folder``."""

    folder: Path
    manifest: Manifest

    def lists(self) -> tuple[Path, ...] | None:
        """Return the lists, or None where they have not been made yet."""
        folder = self.folder / FOLDER / SUBJECTS
        return tuple(sorted(folder.glob("*.gz"))) if (folder / READY).exists() else None

    def make(self) -> tuple[Path, ...]:
        """Make the lists, unless somebody has meanwhile.

        Raises:
            BusyError: something else is being made of this release.
            ReleaseError: a member cannot be read, or the lists cannot be kept.
        """
        try:
            with making(self.folder) as top:
                if (found := self.lists()) is not None:
                    return found
                folder, iris = top / SUBJECTS, self._iris()
                folder.mkdir(exist_ok=True)
                for number in range(1, 1_000_000):
                    part = list(islice(iris, MOST))
                    if not part:
                        break
                    text = "".join(f"{iri}\n" for iri in part)
                    (folder / f"{number:06}.gz").write_bytes(gzip.compress(text.encode(), 6, mtime=0))
                (folder / READY).touch()
        except BusyError:
            raise
        except OSError as problem:
            raise StorageError.of(Sentence("the lists cannot be kept"), problem) from problem
        return self.lists() or ()

    def _iris(self) -> Iterator[str]:
        base = self.manifest.base
        start, unnamed, seen = f"<{base}".encode(), f"<{genid_iri(base, '')}".encode(), set[int]()
        for entry in data_graphs(self.manifest):
            for chunk in read_member(self.folder / entry.file, entry.iri):
                subjects = dict.fromkeys(line.partition(b" ")[0] for line in chunk.lines())
                for each in subjects:
                    if each.startswith(start) and not each.startswith(unnamed) and b"#" not in each:
                        key = hash(each)
                        if key not in seen:
                            seen.add(key)
                            yield each[1:-1].decode()


def read_list(path: Path) -> Iterator[str]:
    """Yield the IRIs of a list.

    Raises:
        ReleaseError: it cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                yield line.rstrip("\n")
    except (OSError, EOFError) as problem:
        raise unreadable(path.name, problem, Sentence("ask again")) from problem


# Processes that each make one file of a release: ``python -m graph.releases.dumps PUBLICATION RELEASE FILE [CONTENT]``.
#
# Writing ten million triples takes minutes of one processor; the service must not stand still meanwhile.

NICENESS = 15
MIB = 1 << 20


def downloads_of(publication: Publication, release: Release) -> Downloads:
    """Return the files of a release, within the bounds that the settings name."""
    return Downloads(release.folder, release.manifest, publication.settings.limits.downloads_mb * MIB)


def make_here(publication: Publication, release: Release, dump: Dump) -> ReadyFile:
    """Make a file in this process.

    Raises:
        As ``Downloads.make``; SettingError: the publication's JSON-LD context cannot be read.
    """
    return downloads_of(publication, release).make(dump, prefixes(publication, read_context(publication)))


def begin(publication: Publication, release: Release, name: str, content: str = "") -> subprocess.Popen[bytes]:
    """Begin to make a file, or ``SUBJECTS``, in a process of its own; it ends with status 0 where that is there.

    Where it ends otherwise, ``fault_of`` says why.

    Args:
        publication: whose release it is.
        release: the release.
        name: of the file.
        content: of the table of a class, what is in it, as JSON.
    """
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(  # noqa: S603  nothing of a request is in it but the name of a file that there is
        [sys.executable, "-m", "graph.releases.dumps", str(publication.root), release.id, name, content],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the service; the file is finished, or is not there
    )


def fault_of(process: subprocess.Popen[bytes]) -> HamkorError:
    """Return why a process of ``begin`` has ended with another status than 0."""
    said = process.stdout.read() if process.stdout is not None else b""
    if said:
        return msgspec.msgpack.decode(said, type=Failure).error()
    if process.returncode < 0:
        problem = Sentence("the process that made the file was ended from outside, or the machine has no memory left")
        return WorkKilledError(problem, Sentence("ask again"))
    return WorkEndedError(Sentence("the making of a file ended with status %(code)s", code=str(process.returncode)))


@dataclass(frozen=True, slots=True)
class Document:
    """What a document is to be made of, and where it goes.

    Attributes:
        member: the file with the graph's triples.
        graph: its IRI.
        form: the name of the document's format.
        prefixes: prefix → IRI.
        output: the file into which it is written, from its beginning.
    """

    member: Path
    graph: str
    form: str
    prefixes: dict[str, str]
    output: Descriptor


def write_document(wanted: Document) -> int:
    """Write one graph as a document, without its name and its texts' directions; return how many bytes it has.

    Raises:
        FormatError: the format cannot express it.
        ReleaseError: the member cannot be read.
    """
    form = format_named(wanted.form)
    if form is None:
        raise FormatError(wanted.form, Sentence("anything"))
    with os.fdopen(wanted.output.number, "wb") as output:
        write_graph(read_member(wanted.member, wanted.graph), output, form, wanted.prefixes, directions=False)
        return output.tell()


def main(arguments: list[str]) -> int:
    """Make the file; return the exit status, 0 also where somebody else is making one."""
    os.nice(NICENESS)
    try:
        publication = open_publication(Path(arguments[0]))
        release = open_release(ReleasesFolder(publication.releases_folder).release(arguments[1]))
        if arguments[2] == SUBJECTS:
            Subjects(release.folder, release.manifest).make()
            return 0
        dump = dump_named(release.manifest, arguments[2])
        if content := "".join(arguments[3:]):
            dump = Dump(arguments[2], PARQUET, table=msgspec.json.decode(content, type=ClassContent))
        if dump is None:
            return 2
        make_here(publication, release, dump)
    except BusyError:
        return 0
    except HamkorError as problem:
        _tell(arguments[2], problem)
        return 1
    return 0


def _tell(name: str, problem: HamkorError) -> None:
    """Tell an error to whoever waits, and to the log."""
    with suppress(OSError):  # nobody waits any more
        sys.stdout.buffer.write(msgspec.msgpack.encode(Failure.of(problem)))
        sys.stdout.buffer.flush()
    with suppress(OSError):  # the log lies on a disk that may be full, too
        sys.stderr.write(f"{name}: {problem}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
