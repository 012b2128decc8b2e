"""Triples as documents: a few triples, or a whole named graph, in one of the RDF formats.

What a format cannot express is an error that says so; nothing is written that a parser would not read.
"""

from __future__ import annotations

import io
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Lock
from typing import IO, cast

import pyoxigraph as ox
from cachetools import LRUCache

from endpoint.current import Snapshot
from endpoint.problems import ProblemError
from endpoint.sentences import Sentence
from graph.errors import FormatError, HamkorError, SettingError
from graph.export import write_graph, write_statements, xml_fault
from graph.formats import JSON_LD, RESULTS_XML, Format
from graph.jsonld import compacted
from graph.releases.dumping import Document
from graph.releases.manifest import GraphEntry
from graph.sandbox import Bounds, Descriptor, run

log = logging.getLogger("hamkor")
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
WRITTEN_HERE, KEPT_BYTES = 1_000, 256 << 20
"""Documents of more triples are written by processes; so many bytes of these are kept with the release."""
AT_A_TIME, LONGEST_SECONDS = 2, 24 * 3600.0
"""So many documents of a release are written at a time; what they may take is bounded by their graph alone."""
PIECE, LONGEST_FAULT = 1 << 20, 4096


def rdf_document(snapshot: Snapshot, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return a few triples as a document, JSON-LD compacted with the publication's context.

    Raises:
        FormatError: the format cannot express them.
    """
    if any(isinstance(triple.object, ox.Triple) for triple in triples) and form is JSON_LD:
        raise FormatError(form.title, "a triple as a term")
    prefixes = _used(triples, snapshot.prefixes)
    if form is JSON_LD:
        return _compacted(snapshot, triples, prefixes)
    output = BytesIO()
    write_statements(triples, output, form, prefixes, directions=False)
    return output.getvalue()


def _compacted(snapshot: Snapshot, triples: Sequence[ox.Triple], prefixes: dict[str, str]) -> bytes:
    try:
        return compacted(triples, snapshot.context or prefixes)
    except SettingError as problem:  # a build tries contexts and frames; this one was edited since, or is odd in parts
        log.warning("a document goes without the publication's context: %s", problem)
        return compacted(triples, prefixes)


def graph_document(snapshot: Snapshot, graph: str, form: Format) -> IO[bytes]:
    """Return a whole named graph, its literals exactly as they were put in, as a file at its beginning.

    It is a graph and not a dataset, so N-Quads and TriG do not name it (Graph Store Protocol 5.2).

    Raises:
        FormatError: the format cannot express it.
        ReleaseError: the release has no such graph, or its member cannot be read.
    """
    # the caller sends it, and it is closed with the response
    return snapshot.once(GraphDocuments).document(graph, form)


class GraphDocuments:
    """The documents of a release's graphs: a large one is written once, however many ask for it at a time.

    It is written by a process of its own, since lookups and pages wait for this one's interpreter, and so cost what one
    costs; others wait for it a little. Large documents lie in files without a name, which go with this process.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Keep none yet; they are kept as long as the release is."""
        self._release, self._prefixes = snapshot.release, _valid(snapshot.prefixes)
        limits = snapshot.publication.settings.limits
        self._seconds, self._bounds = limits.query_seconds, Bounds(LONGEST_SECONDS, limits.upload_memory_mb)
        self._guard, self._at_work = Lock(), BoundedSemaphore(AT_A_TIME)
        self._writing: dict[tuple[str, Format], Lock] = {}
        self._kept: LRUCache[tuple[str, Format], IO[bytes]] = LRUCache(KEPT_BYTES, getsizeof=size_of)

    def document(self, graph: str, form: Format) -> IO[bytes]:
        """Return a document as a file of its own, at its beginning; it waits where it is being written for others.

        Raises:
            ProblemError: that takes longer than a client will wait.
        """
        entry = self._release.entry(graph)
        if entry.triples <= WRITTEN_HERE:
            return self._written_here(graph, form)
        key = graph, form
        with self._guard:
            writing = self._writing.setdefault(key, Lock())
        with self._taken(writing, graph):
            with self._guard:
                found = self._kept.get(key)
            if found is not None:
                return cast(IO[bytes], SharedFile(found))
            with self._taken(self._at_work, graph):
                file = self._written(entry, form)
            with self._guard:
                if size_of(file) <= KEPT_BYTES:
                    self._kept[key] = file
            return cast(IO[bytes], SharedFile(file))

    @contextmanager
    def _taken(self, lock: Lock | BoundedSemaphore, graph: str) -> Iterator[None]:
        if not lock.acquire(timeout=self._seconds):
            retry = {"Retry-After": f"{self._seconds:.0f}"}
            said = Sentence("%(name)s is being made; ask again in a moment", name=graph)
            raise ProblemError("unavailable", said, {}, retry)
        try:
            yield
        finally:
            lock.release()

    def _written_here(self, graph: str, form: Format) -> IO[bytes]:
        file = BytesIO()
        write_graph(self._release.read_graph(graph), file, form, self._prefixes, directions=False)
        file.seek(0)
        return file

    def _written(self, entry: GraphEntry, form: Format) -> IO[bytes]:
        file = TemporaryFile()  # noqa: SIM115  who reads it last closes it
        member = self._release.folder / entry.file
        wanted = Document(member, entry.iri, form.name, self._prefixes, Descriptor(file.fileno()))
        try:
            run("graph.releases.dumping:write_document", wanted, int, self._bounds)
        except HamkorError:
            file.close()
            raise
        return file


class PlacedFile(io.RawIOBase):
    """Bytes of a known size that are read from a place; what they are read of, those say that are made of it."""

    def __init__(self, size: int) -> None:
        """Begin at the beginning of ``size`` bytes."""
        super().__init__()
        self._place, self._size = 0, size

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place


class SharedFile(PlacedFile):
    """A file that others read, too, each from a place of their own (POSIX pread); nobody closes it for the others."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read a file that has a descriptor; it stays open as long as somebody reads it."""
        super().__init__(size_of(file))
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end."""
        data = os.pread(self._file.fileno(), self._size - self._place if size < 0 else size, self._place)
        self._place += len(data)
        return data


def size_of(file: IO[bytes]) -> int:
    """Return how many bytes a file has, from wherever it is read."""
    place = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(place)
    return size


def check_xml(body: bytes, form: Format) -> None:
    """Make sure that solutions in XML are XML: no control character. RDF/XML is checked as it is written.

    Raises:
        FormatError: it is not; other formats can express it.
    """
    if form is RESULTS_XML and (fault := xml_fault(body)):
        raise FormatError(form.title, fault)


def check_xml_file(file: IO[bytes], form: Format) -> None:
    """Make sure that a file from here to its end is XML, as ``check_xml`` does.

    Raises:
        FormatError: it is not.
    """
    end = b""
    while form is RESULTS_XML and (part := file.read(PIECE)):
        part = end + part
        check_xml(part, form)
        end = part[-LONGEST_FAULT:]


def _used(triples: Sequence[ox.Triple], prefixes: dict[str, str]) -> dict[str, str]:
    text = "\n".join(dict.fromkeys(str(term) for triple in triples for term in (triple.predicate, triple.object)))
    text += "\n".join(dict.fromkeys(str(triple.subject) for triple in triples))
    return {prefix: iri for prefix, iri in _valid(prefixes).items() if f"<{iri}" in text}


def _valid(prefixes: dict[str, str]) -> dict[str, str]:
    return {prefix: iri for prefix, iri in prefixes.items() if PREFIX.match(prefix)}
