"""A release in the making: triples go in, members and index grow, entries come out.

It decides nothing about what is released; ``graph.build`` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from graph.errors import ReleaseError
from graph.releases.index import Index
from graph.releases.manifest import GraphEntry, Statistics
from graph.releases.members import GRAPHS_FOLDER, Member, member_name
from graph.releases.overlap import Overlap, overlap
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
    """

    folder: Path
    base: str
    index: Index
    graphs_of: dict[str, set[str]] = field(default_factory=dict)
    read: int = 0
    _members: dict[str, Member] = field(default_factory=dict)
    _entries: dict[str, GraphEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the folder of the members."""
        (self.folder / GRAPHS_FOLDER).mkdir()

    def add(self, chunk: Chunk, source: str | None = None) -> None:
        """Take triples into their graph's member and into the index.

        Raises:
            ReleaseError: the graph has been closed already.
        """
        if chunk.graph in self._entries:
            raise ReleaseError(f"<{chunk.graph}> is closed")
        member = self._members.get(chunk.graph)
        if member is None:
            path = self.folder / GRAPHS_FOLDER / member_name(chunk.graph, self.base)
            member = self._members[chunk.graph] = Member(chunk.graph, path)
        self.read += member.write(chunk)
        self.index.add(chunk)
        if source is not None:
            self.graphs_of.setdefault(source, set()).add(chunk.graph)

    def close(self) -> tuple[GraphEntry, ...]:
        """Finish every open member; return the entries of all, ordered by IRI."""
        for iri, member in self._members.items():
            if iri not in self._entries:
                self._entries[iri] = member.close()
        return tuple(self._entries[iri] for iri in sorted(self._entries))

    def overlap(self) -> Overlap:
        """Return what the closed members have in common."""
        return overlap({iri: self._members[iri].keys for iri in self._entries})

    def statistics(self) -> Statistics:
        """Return the statistics of the closed members."""
        return statistics({iri: (self._members[iri].keys, self._members[iri].terms) for iri in self._entries})
