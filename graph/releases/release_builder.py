"""A release in the making, from nothing: triples go in, graph files and store grow, manifest entries come out.

A release that is made from another by a change is a matter of ``graph.releases.change``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b, file_digest, sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType

import msgspec
import pyoxigraph as ox

from graph.model.errors import ReleaseError, Sentence
from graph.model.publication import FOLDERS, SETTINGS_FILE, SUPPRESSION_FILE, Publication, files_below
from graph.model.rdf_terms import RDF_TYPE
from graph.releases.change import Bookkeeping, positive
from graph.releases.exact_forms import Noting
from graph.releases.graph_files import GRAPHS_FOLDER, Member, is_member, link, member_name, read_member
from graph.releases.index_loading import LITTLE, index_written
from graph.releases.manifest import GraphEntry, Statistics
from graph.releases.own_iris import write_fragments
from graph.releases.release import Release
from graph.releases.store import Index
from graph.releases.triple_index import INDEX_FILE, IndexCounts, counted
from graph.sources.batches import Chunk

# A release in the making: triples go in, members and index grow, entries come out.
#
# It decides nothing about what is released; ``graph.pipeline.build`` does. A change to nothing would come to the same
# (``graph.releases.change``), and a test says so; but a change looks each triple up in store and notes, where
# this loads in bulk and counts over the hashes of all. What is made here can be changed from then on (``book``).


@dataclass
class Staged:
    """What is being made in a staging folder.

    Attributes:
        folder: the staging folder.
        base: the publication's base.
        index: the store that is being filled.
        graphs_of: the graphs that each source file fills.
        read: how many triples have been taken so far.
        notes: what is noted of lines that the index rewrites.
    """

    folder: Path
    base: str
    index: Index
    graphs_of: dict[str, set[str]] = field(default_factory=dict)
    read: int = 0
    notes: Noting = field(init=False)
    _members: dict[str, Member] = field(default_factory=dict)
    _entries: dict[str, GraphEntry] = field(default_factory=dict)
    _counts: IndexCounts = field(default_factory=lambda: IndexCounts(0, {}, {}, Statistics()))

    def __post_init__(self) -> None:
        """Make the folder of the members."""
        self.notes = Noting(self.folder)
        (self.folder / GRAPHS_FOLDER).mkdir()

    def add(self, chunk: Chunk, source: str | None = None) -> None:
        """Take triples into their graph's member and into the store.

        Raises:
            ReleaseError: the graph has been closed already, or the store could not be written.
        """
        self.index.add(self._taken(chunk))
        if source is not None:
            self.graphs_of.setdefault(source, set()).add(chunk.graph)

    def add_conclusions(self, chunk: Chunk) -> None:
        """Take what follows, which is in the store already."""
        self._taken(chunk)

    def _taken(self, chunk: Chunk) -> Chunk:
        if chunk.graph in self._entries:
            raise ReleaseError(Sentence("<%(graph)s> is closed", graph=chunk.graph))
        self.open(chunk.graph)
        member = self._members[chunk.graph]
        before = member.triples
        self.notes.add(chunk.graph, member.write(chunk))
        self.read += member.triples - before
        return chunk

    def close(self) -> tuple[GraphEntry, ...]:
        """Finish every open member; return the entries of all, ordered by IRI."""
        for iri, member in self._members.items():
            if iri not in self._entries:
                self._entries[iri] = member.close()
        return tuple(self._entries[iri] for iri in sorted(self._entries))

    def merge(self) -> None:
        """Let the store hold the merge of the closed members, too, after it has been flushed.

        Raises:
            ReleaseError: the store could not be written.
        """
        entries = tuple(self._entries.values())
        self.index.merge(chunk for each in entries for chunk in read_member(self.folder / each.file, each.iri))

    def says(self, predicate: str) -> bool:
        """Whether a triple with this predicate has been counted."""
        return predicate in self._counts.statistics.properties

    @property
    def is_little(self) -> bool:
        """Whether it is so little that nothing asks the triple index before all of the release is there."""
        return self.read < LITTLE

    def count(self) -> tuple[GraphEntry, ...]:
        """Count over the closed members; return the entries with what is counted of each.

        Of much, the triple index is written and counts. Of little, it is written once, when the catalogue is there.

        Raises:
            ReleaseError: the disk does not take it.
        """
        (self.folder / INDEX_FILE).unlink(missing_ok=True)
        if self.is_little:
            self.index.load()
            self._counts = counted_in(self.index.store)
        else:
            with index_written(self.folder, self._entries.values()) as index:
                self._counts = counted(index)
                write_fragments(index, self.folder, self.base)
        for iri, entry in self._entries.items():
            self._entries[iri] = msgspec.structs.replace(entry, indexed=self._counts.indexed.get(iri, 0))
        return self.close()

    def close_notes(self) -> None:
        """Finish the notes of the closed members."""
        self.notes.close({iri: self._members[iri].keys for iri in self._entries})

    def open(self, iri: str) -> None:
        """Let a graph be there, even if no triple is added to it."""
        if iri not in self._members:
            path = self.folder / GRAPHS_FOLDER / member_name(iri, self.base)
            self._members[iri] = Member(iri, path)
            self.index.store.add_graph(ox.NamedNode(iri))

    def link_unchanged(self, parent: Release, carried: Collection[str]) -> None:
        """Let closed members be those of the release before, where they are the same.

        Args:
            parent: the release before.
            carried: the graphs that were read from it; of others the files must be equal, not their digests only.
        """
        for old in parent.manifest.graphs:
            new = self._entries.get(old.iri)
            if (
                new is not None
                and (new.digest, new.triples) == (old.digest, old.triples)
                and (new.sha256 == old.sha256 or old.iri in carried)
                and is_member(parent.folder / old.file, old)
            ):
                (self.folder / new.file).unlink()
                link(parent.folder / old.file, self.folder / new.file)
                self._entries[old.iri] = msgspec.structs.replace(new, sha256=old.sha256, size=old.size)

    def sources(self) -> dict[str, tuple[str, ...]]:
        """Return the source files, and the graphs that each fills."""
        return {name: tuple(graphs) for name, graphs in self.graphs_of.items()}

    def book(self) -> Bookkeeping:
        """Return the counts over the members that are in the triple index."""
        counts, indexed = self._counts, {iri: each.indexed for iri, each in self._entries.items()}
        return Bookkeeping.from_counts(counts.triples, counts.shared, indexed, counts.statistics)


def counted_in(store: ox.Store) -> IndexCounts:
    """Return what the triple index would count, of a little store that holds the merge, too."""
    merge = [quad.triple for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())]
    types = (each.object for each in merge if each.predicate.value == RDF_TYPE)
    statistics = Statistics(
        len({each.subject for each in merge}),
        len({each.object for each in merge}),
        positive(Counter(each.predicate.value for each in merge)),
        positive(Counter(each.value for each in types if isinstance(each, ox.NamedNode))),
    )
    named = [quad for quad in store if isinstance(quad.graph_name, ox.NamedNode)]
    indexed = Counter(quad.graph_name.value for quad in named)
    stated = Counter(quad.triple for quad in named) if len(named) > len(merge) else Counter[ox.Triple]()
    shared = Counter(quad.graph_name.value for quad in named if stated[quad.triple] > 1)
    return IndexCounts(len(merge), positive(shared), positive(indexed), statistics)


# The fingerprint of everything that a release is made from: equal fingerprint, nothing to build.

TOOLS = ("hamkor", "pyoxigraph", "duckdb", "pyshacl", "rdflib", "csvw")


@cache
def tool_versions() -> Mapping[str, str]:
    """Return the versions of what makes a release, which do not change while it runs."""
    return {name: _version(name) for name in TOOLS}


AS_THEY_ARE: Mapping[str, bytes | None] = MappingProxyType({})


def fingerprint(
    publication: Publication, without: Iterable[str] = (), foreseen: Mapping[str, bytes | None] = AS_THEY_ARE
) -> str:
    """Return the fingerprint of the publication's files, settings and of the tools, and of the parts left out.

    Args:
        publication: whose.
        without: the names of the parts left out.
        foreseen: what patches will hold that are about to be written, by name; None: as if there were none of it.
    """
    lines = [f"{name} {number}" for name, number in tool_versions().items()]
    lines += [f"without {part}" for part in without]
    lines += [f"{name} {_digest(path)}" for name, path in _files(publication)]
    patches = {path.relative_to(publication.root).as_posix(): path for path in publication.patches()}
    for name in sorted({*patches, *(name for name, body in foreseen.items() if body is not None)}):
        if name not in foreseen:
            lines.append(f"{name} {_digest(patches[name])}")
        elif (body := foreseen[name]) is not None:
            lines.append(f"{name} {blake2b(body).hexdigest()}")
    return sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _files(publication: Publication) -> Iterator[tuple[str, Path]]:
    lists = next((path for path in publication.suppression_files if path.is_file()), None)
    for name, path in ((SETTINGS_FILE, publication.root / SETTINGS_FILE), (SUPPRESSION_FILE, lists)):
        if path is not None and path.is_file():
            yield name, path
    for folder in FOLDERS:
        for path in files_below(publication.root / folder):
            if path.is_file():
                yield str(path.relative_to(publication.root)), path


def _digest(path: Path) -> str:
    """Return a digest of a file; BLAKE2 reads three times as fast as SHA-256 where the processor has no help for it."""
    with path.open("rb") as stream:
        return file_digest(stream, "blake2b").hexdigest()


def _version(package: str) -> str:
    """Return the version of a package that is installed; of what is said of it no more is read than that line.

    ``importlib.metadata.version`` reads all of it as a letter, which takes ten times as long, and each process that
    writes asks for all of these.
    """
    try:
        said = distribution(package).read_text("METADATA") or ""
    except PackageNotFoundError:
        said = ""
    lines = (line.partition(": ") for line in said.splitlines())
    return next((text.strip() for name, _, text in lines if name == "Version"), "unknown")
