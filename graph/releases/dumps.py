"""The files in which a release can be taken home: everything or one named graph, in each RDF format, gzip.

It says which there are and writes them; where they are kept is ``graph.releases.downloads``. Everything but N-Quads is
written from the members in one go, in bounded memory, the same bytes for the same release. N-Quads are the members
themselves, one behind the other: gzip members may be concatenated (RFC 1952 2.2).

The computed catalogue is in no file of the whole: so these hold what the content digest covers, and the catalogue can
hold their checksums. It has files of its own, as every graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, cast

from isal import isal_zlib

from graph.errors import unreadable
from graph.export import SYNTAX_NAMES, write_chunks
from graph.formats import DATASET_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from graph.namespaces import CATALOG_GRAPH, graph_iri
from graph.releases.manifest import GraphEntry, Manifest
from graph.releases.members import GRAPHS_FOLDER, GZIP_WINDOW, read_member
from graph.releases.merge import merged
from graph.sources.chunks import Chunk

WHOLE = "dataset"
FORMS = (N_QUADS, TRIG, TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
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
    """

    name: str
    form: Format
    graph: GraphEntry | None = None


def whole_dumps(manifest: Manifest) -> tuple[Dump, ...]:
    """Return the files of everything; without RDF/XML where a property has no name that XML takes (RDF/XML 5.1)."""
    forms = FORMS if all(map(_is_qname, manifest.statistics.properties)) else FORMS[:-1]
    return tuple(Dump(f"{WHOLE}.{form.suffix}.gz", form) for form in forms)


def graph_dumps(entry: GraphEntry) -> tuple[Dump, ...]:
    """Return the files of one named graph."""
    stem = entry.file.removesuffix(ENDING)
    return tuple(Dump(f"{stem}.{form.suffix}.gz", form, entry) for form in FORMS)


def dump_named(manifest: Manifest, name: str) -> Dump | None:
    """Return the file of this name, or None where there is none; also one that cannot be made, which its maker says."""
    candidates: Iterable[Dump] = (Dump(f"{WHOLE}.{form.suffix}.gz", form) for form in FORMS)
    if name.startswith(f"{GRAPHS_FOLDER}/"):
        stems = {f"{name.removesuffix(f'.{form.suffix}.gz')}{ENDING}" for form in FORMS}
        candidates = (each for entry in manifest.graphs if entry.file in stems for each in graph_dumps(entry))
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
    """Write the file, compressed, to a stream.

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


def _is_qname(iri: str) -> bool:
    """Whether an element of XML can bear the name of a property: at its end stands what may be a local name."""
    return iri not in SYNTAX_NAMES and LOCAL_NAME.search(iri) is not None
