"""A release as an update sees it while its operations follow one another: what was, and what has changed since.

Nothing is published here. Only where a pattern has to be matched after a change is a copy of the index made, by hard
links, and the change applied to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from graph.publish import Delete, Edit, Put, Write
from graph.releases.checkpoint import copy_store
from graph.releases.index import STORE_FOLDER
from graph.releases.lexical import LexicalForms, index_line, open_forms, parsed
from graph.releases.release import Release
from graph.sources.chunks import Chunk


@dataclass
class GraphState:
    """What has become of one graph.

    Attributes:
        was_there: whether it was there at the beginning.
        is_there: whether it is there now.
        is_fresh: whether nothing of what it held at the beginning is in it.
        added: lines that it has now, and perhaps had.
        removed: lines that it has no longer, and perhaps never had; empty where it is fresh.
    """

    was_there: bool
    is_there: bool
    is_fresh: bool = False
    added: set[bytes] = field(default_factory=set)
    removed: set[bytes] = field(default_factory=set)


class UpdateState:
    """A release with some changes that are not published."""

    def __init__(self, release: Release, folder: Path) -> None:
        """Begin with a release; a copy of its index would be made in ``folder``, which is empty."""
        self._release, self._folder = release, folder
        self._there = {each.iri: each for each in release.manifest.graphs}
        self._graphs: dict[str, GraphState] = {}
        self._forms: LexicalForms = open_forms(release.folder)
        self._copy: ox.Store | None = None
        self._waiting: list[tuple[str, tuple[bytes, ...]]] = []

    # What is there

    def exists(self, graph: str) -> bool:
        """Whether there is such a graph now."""
        state = self._graphs.get(graph)
        return state.is_there if state is not None else graph in self._there

    def contributed(self) -> list[str]:
        """Return the IRIs of the graphs that can be written and are there now."""
        mine = [iri for iri, each in self._there.items() if each.origin == "contributed" or iri in self._graphs]
        return [iri for iri in dict.fromkeys((*mine, *self._graphs)) if self.exists(iri)]

    def lines(self, graph: str) -> Iterator[bytes]:
        """Yield the lines of a graph."""
        state = self._graphs.get(graph)
        if graph in self._there and not (state is not None and state.is_fresh):
            other = state.removed | state.added if state is not None else set()
            for chunk in self._release.read_graph(graph):
                yield from (line for line in chunk.lines() if line not in other)
        if state is not None:
            yield from state.added

    def stated(self, graph: str, triple: ox.Triple) -> frozenset[bytes]:
        """Return the lines of a graph that a triple of the index stands for."""
        state = self._graphs.get(graph)
        found = frozenset[bytes]()
        if graph in self._there and not (state is not None and state.is_fresh):
            found = self._forms.lines(self._release.store, triple, graph)
        if state is None:
            return found
        wanted = index_line(line_of(triple))
        return (found - state.removed) | {line for line in state.added if index_line(line) == wanted}

    def index(self) -> ox.Store:
        """Return the index as it is now, its named graphs at least; nobody else must write to it."""
        if self._waiting and self._copy is None:
            place = self._folder / "index"
            copy_store(self._release.folder / STORE_FOLDER, place)  # a backup would lack what is in the logs
            self._copy = ox.Store(str(place))
        if self._copy is not None:
            for graph, lines in self._waiting:
                self._apply(self._copy, graph, lines)
        self._waiting.clear()
        return self._copy or self._release.store

    def _apply(self, index: ox.Store, graph: str, lines: Iterable[bytes]) -> None:
        """Bring the copy up to date for some lines; what one form of a literal says may be said by another, too."""
        node = ox.NamedNode(graph)
        for line in lines:
            triple = parsed(line)
            quad = ox.Quad(triple.subject, triple.predicate, triple.object, node)
            if self.stated(graph, triple):
                index.add(quad)
            else:
                index.remove(quad)

    # Changes

    def add(self, graph: str, lines: Iterable[bytes]) -> None:
        """Add lines to a graph, which is there from then on."""
        state, lines = self._changing(graph), set(lines)
        state.is_there = True
        self._waiting.append((graph, tuple(lines)))
        state.added |= lines
        state.removed -= lines

    def remove(self, graph: str, lines: Iterable[bytes]) -> None:
        """Remove lines from a graph, all of which it has."""
        state, lines = self._changing(graph), set(lines)
        if not state.is_fresh:
            state.removed |= lines
        state.added -= lines
        self._waiting.append((graph, tuple(lines)))

    def clear(self, graph: str, *, drop: bool = False) -> None:
        """Empty a graph; with ``drop`` it is no longer there."""
        lines = tuple(self.lines(graph))
        state = self._changing(graph)
        self._waiting.append((graph, lines))
        state.added, state.removed, state.is_fresh, state.is_there = set(), set(), True, not drop

    def create(self, graph: str) -> None:
        """Let a graph be there, empty."""
        self._changing(graph).is_there = True

    def _changing(self, graph: str) -> GraphState:
        there = graph in self._there
        return self._graphs.setdefault(graph, GraphState(there, there))

    def writes(self) -> list[Write]:
        """Return what has to be published for all this; an edit takes care of lines that were there already."""
        found = list[Write]()
        for graph, state in self._graphs.items():
            if not state.is_there:
                found += [Delete(graph)] if state.was_there else []
            elif state.is_fresh or not state.was_there:
                text = b"".join(line + b"\n" for line in sorted(state.added))
                found.append(Put(graph, (Chunk(graph, text),) if text else ()))
            elif state.added or state.removed:
                found.append(Edit(graph, frozenset(state.added), frozenset(state.removed)))
        return found


def line_of(triple: ox.Triple) -> bytes:
    """Return a triple as a line."""
    return (ox.serialize([triple], format=ox.RdfFormat.N_TRIPLES) or b"").rstrip(b"\n")
