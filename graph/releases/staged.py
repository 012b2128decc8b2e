"""A release in the making: triples go in, members and index grow, entries come out.

It decides nothing about what is released; ``graph.build`` does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyoxigraph as ox

from graph.errors import ReleaseError
from graph.releases.bookkeeping import Bookkeeping
from graph.releases.index import Index
from graph.releases.manifest import GraphEntry
from graph.releases.members import GRAPHS_FOLDER, Member, is_member, link, member_name
from graph.releases.noting import Noting
from graph.releases.overlap import overlap
from graph.releases.release import Release
from graph.releases.statistics import statistics
from graph.sources.chunks import Chunk


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

    def __post_init__(self) -> None:
        """Make the folder of the members."""
        self.notes = Noting(self.folder)
        (self.folder / GRAPHS_FOLDER).mkdir()

    def add(self, chunk: Chunk, source: str | None = None) -> None:
        """Take triples into their graph's member and into the index.

        Raises:
            ReleaseError: the graph has been closed already.
        """
        if chunk.graph in self._entries:
            raise ReleaseError(f"<{chunk.graph}> is closed")
        self.open(chunk.graph)
        member = self._members[chunk.graph]
        before = member.triples
        self.notes.add(chunk.graph, member.write(chunk))
        self.read += member.triples - before
        self.index.add(chunk)
        if source is not None:
            self.graphs_of.setdefault(source, set()).add(chunk.graph)

    def close(self) -> tuple[GraphEntry, ...]:
        """Finish every open member; return the entries of all, ordered by IRI."""
        for iri, member in self._members.items():
            if iri not in self._entries:
                self._entries[iri] = member.close()
        return tuple(self._entries[iri] for iri in sorted(self._entries))

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

    def book(self) -> Bookkeeping:
        """Return the counts over the closed members."""
        members = {iri: self._members[iri] for iri in self._entries}
        shared = overlap({iri: each.index_keys for iri, each in members.items()})
        counts = statistics({iri: (each.index_keys, each.terms) for iri, each in members.items()})
        indexed = {iri: each.indexed for iri, each in self._entries.items()}
        return Bookkeeping.from_counts(shared.distinct, shared.shared, indexed, counts)
