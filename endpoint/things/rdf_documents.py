"""Triples as documents: in the RDF formats, as one JSON-LD tree, as schema.org in a page."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Lock
from typing import IO, Any, cast

import pyoxigraph as ox
from cachetools import LRUCache
from flask import request

from endpoint.current import Snapshot, snapshot, urls
from endpoint.http.problems import ProblemError
from graph.child_process import Bounds, Descriptor, run
from graph.export.documents import write_graph, write_statements, xml_fault
from graph.export.json_ld_compaction import CONTEXT_NAME, Frame, compacted, frame_for, framed, read_frames, written
from graph.model.errors import FormatError, HamkorError, Sentence, SettingError
from graph.model.formats import JSON_LD, RESULTS_XML, Format
from graph.model.labels import preferred_tag
from graph.model.literals import truth_value, whole_number
from graph.model.namespaces import RDF_TYPE, SCHEMA, XSD
from graph.releases.dumps import Document
from graph.releases.manifest import GraphEntry

# Triples as documents: a few triples, or a whole named graph, in one of the RDF formats.
#
# What a format cannot express is an error that says so; nothing is written that a parser would not read.

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
        raise FormatError(form.title, Sentence("a triple as a term"))
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
            run("graph.releases.dumps:write_document", wanted, int, self._bounds)
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


# Documents as developers like them: the JSON-LD about a thing as one tree, where the publication has a frame for it.
#
# The tree names its context by URL, on the host that was asked; ``context=inline`` writes it into the document. What no
# frame is for is compacted (``endpoint.things.rdf_documents``), and holds its context.

INLINE = "inline"
MOST_FRAMED = 5_000
"""Of more triples no tree is made: framing takes a second for so many, and longer than in proportion."""
MOST_KEPT = 256
"""So many trees are kept with a release: framing takes longer than all else that makes a document."""


def thing_document(iri: str, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return the document about a thing.

    Raises:
        FormatError: the format cannot express it.
    """
    here = snapshot()
    if form is not JSON_LD or any(isinstance(each.object, ox.Triple) for each in triples):
        return rdf_document(here, triples, form)
    frame = frame_of(here, iri, triples) if len(triples) <= MOST_FRAMED else None
    if frame is None or here.context is None:
        return rdf_document(here, triples, form)
    kept = here.once(_kept)
    key = urls().absolute(urls().document(iri))  # where the rest is to be had depends on the host that was asked
    tree = kept.get(key)
    try:
        if tree is None:
            tree = kept[key] = framed(triples, iri, frame, here.context)
    except SettingError as problem:  # as in endpoint.things.rdf_documents; or what is nested too deeply for PyLD
        log.warning("a document goes without its frame: %s", problem)
        return rdf_document(here, triples, form)
    is_inline = request.args.get("context") == INLINE
    return written(tree, "" if is_inline else urls().absolute(urls().route(CONTEXT_NAME)))


def frame_of(here: Snapshot, iri: str, triples: Sequence[ox.Triple]) -> Frame | None:
    """Return the frame for a thing that is described by these triples, where there is one."""
    classes = {
        each.object.value
        for each in triples
        if each.subject == ox.NamedNode(iri)
        and each.predicate.value == RDF_TYPE
        and isinstance(each.object, ox.NamedNode)
    }
    return frame_for(here.once(_frames), classes, here.release.manifest.statistics.classes)


def _frames(here: Snapshot) -> tuple[Frame, ...]:
    try:
        return read_frames(here.publication, here.context)
    except SettingError as problem:
        log.warning("documents go without frames: %s", problem)
        return ()


def _kept(_: Snapshot) -> LRUCache[str, dict[str, Any]]:
    return LRUCache(MOST_KEPT)


# schema.org in a page: statements as one JSON-LD tree for a ``<script>`` element, in the language of the reader.
#
# Search engines read texts, not tables of languages, so that of several only the best is taken.

CONTEXT = "https://schema.org"
DEPTH = 3
LARGEST = 2**53
"""Below it readers of JSON hold every whole number exactly (RFC 8259 section 6)."""
Value = str | bool | int | dict[str, object]


class Embedding:
    """Statements of schema.org, by subject."""

    def __init__(self, triples: Iterable[ox.Triple], languages: Sequence[str]) -> None:
        self._languages = tuple(languages)
        self._nodes: dict[str, dict[str, list[ox.Triple]]] = {}
        for each in triples:
            if isinstance(each.subject, ox.NamedNode):
                self._nodes.setdefault(each.subject.value, {}).setdefault(each.predicate.value, []).append(each)

    def script(self, iri: str) -> str:
        """Return the text of the element for a thing; nothing in it can end the element."""
        text = json.dumps({"@context": CONTEXT, **self._node(iri, ())}, ensure_ascii=False, indent=1)
        return text.replace("<", "\\u003c")

    def _node(self, iri: str, above: tuple[str, ...]) -> dict[str, object]:
        node: dict[str, object] = {"@id": iri}
        for predicate, triples in sorted(self._nodes.get(iri, {}).items()):
            values = [found for found in self._values(triples, (*above, iri)) if found is not None]
            if values:
                key = "@type" if predicate == RDF_TYPE else predicate.removeprefix(SCHEMA)
                node[key] = values[0] if len(values) == 1 else values
        return node

    def _values(self, triples: Sequence[ox.Triple], above: tuple[str, ...]) -> list[Value]:
        tags = {each.object.language for each in triples if isinstance(each.object, ox.Literal)} - {None}
        best = preferred_tag(sorted(filter(None, tags)), self._languages)
        return [
            self._value(each, above)
            for each in triples
            if not isinstance(each.object, ox.Literal) or each.object.language in (None, best)
        ]

    def _value(self, triple: ox.Triple, above: tuple[str, ...]) -> Value:
        term = triple.object
        if isinstance(term, ox.Literal):
            return _plain(term)
        if isinstance(term, ox.NamedNode):
            if triple.predicate.value == RDF_TYPE:
                return term.value.removeprefix(SCHEMA)
            is_below = term.value in self._nodes and term.value not in above and len(above) < DEPTH
            return self._node(term.value, above) if is_below else term.value
        return str(term)


def _plain(literal: ox.Literal) -> Value:
    """Return a literal as JSON has it where that means the same to every reader of JSON, else its text."""
    if literal.datatype.value == XSD + "boolean":
        truth = truth_value(literal.value)
        return literal.value if truth is None else truth
    number = whole_number(literal.value, literal.datatype.value)
    return literal.value if number is None or abs(number) >= LARGEST else number
