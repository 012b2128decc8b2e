"""Processes that each make one file of a release: ``python -m graph.releases.dumping PUBLICATION RELEASE FILE``.

Writing ten million triples takes minutes of one processor; the service must not stand still meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from graph.errors import BusyError, Failure, FormatError, HamkorError, WorkEndedError, WorkKilledError
from graph.export import write_graph
from graph.formats import format_named
from graph.jsonld import prefixes, read_context
from graph.publication import Publication, open_publication
from graph.releases.downloads import Downloads, Ready
from graph.releases.dumps import Dump, dump_named
from graph.releases.folder import ReleasesFolder
from graph.releases.members import read_member
from graph.releases.release import Release, open_release
from graph.releases.subjects import Subjects
from graph.sandbox import Descriptor

NICENESS = 15
SUBJECTS = "subjects"
MIB = 1 << 20


def downloads_of(publication: Publication, release: Release) -> Downloads:
    """Return the files of a release, within the bounds that the settings name."""
    return Downloads(release.folder, release.manifest, publication.settings.limits.downloads_mb * MIB)


def make_here(publication: Publication, release: Release, dump: Dump) -> Ready:
    """Make a file in this process.

    Raises:
        As ``Downloads.make``; SettingError: the publication's JSON-LD context cannot be read.
    """
    return downloads_of(publication, release).make(dump, prefixes(publication, read_context(publication)))


def begin(publication: Publication, release: Release, name: str) -> subprocess.Popen[bytes]:
    """Begin to make a file, or ``SUBJECTS``, in a process of its own; it ends with status 0 where that is there.

    Where it ends otherwise, ``fault_of`` says why.
    """
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(  # noqa: S603  nothing of a request is in it but the name of a file that there is
        [sys.executable, "-m", "graph.releases.dumping", str(publication.root), release.id, name],
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
        problem = "the process that made the file was ended from outside, or the machine has no memory left"
        return WorkKilledError(problem, "ask again")
    return WorkEndedError(f"the making of a file ended with status {process.returncode}")


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
        raise FormatError(wanted.form, "anything")
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
