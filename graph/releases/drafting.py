"""What writes to the graphs of a release come to, in their order: a change of each graph, down to the lexical form.

It reads the release and changes nothing. A graph that is put or deleted is read from its member, once; to see whether
single lines are there, the index and its notes are asked, so that a small change of a large graph stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graph.change import GraphChange
from graph.releases.lexical import LexicalForms, open_forms
from graph.releases.release import Release


@dataclass
class GraphDraft:
    """One graph, as the writes so far leave it.

    Attributes:
        iri: the graph.
        release: what it is compared with, or None where there is no release yet.
        forms: the notes of that release.
        exists: whether it is there.
        added: lines that the release does not have.
        removed: lines that it has and that are to go.
    """

    iri: str
    release: Release | None
    forms: LexicalForms
    exists: bool
    added: set[bytes] = field(default_factory=set)
    removed: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Remember whether it was there."""
        self._was_there = self.exists

    def put(self, lines: Iterable[bytes]) -> None:
        """Let it hold these lines and no others."""
        self.exists, self.added, self.removed = True, set(lines), set()
        for line in self._before():
            if line in self.added:
                self.added.discard(line)
            else:
                self.removed.add(line)

    def post(self, lines: Iterable[bytes]) -> None:
        """Let it hold these lines, too."""
        self.exists = True
        for line in lines:
            if line in self.removed:
                self.removed.discard(line)
            elif line not in self.added and not self._was_stated(line):
                self.added.add(line)

    def take(self, lines: Iterable[bytes]) -> None:
        """Let it hold none of these lines."""
        for line in lines:
            if line in self.added:
                self.added.discard(line)
            elif line not in self.removed and self._was_stated(line):
                self.removed.add(line)

    def delete(self) -> None:
        """Let it be no longer."""
        self.put(())
        self.exists = False

    def change(self) -> GraphChange:
        """Return what it comes to."""
        return GraphChange(
            iri=self.iri,
            added=frozenset(self.added),
            removed=frozenset(self.removed),
            created=self.exists and not self._was_there,
            dropped=self._was_there and not self.exists,
        )

    def _before(self) -> Iterator[bytes]:
        if self.release is not None and self._was_there:
            for chunk in self.release.read_graph(self.iri):
                yield from chunk.lines()

    def _was_stated(self, line: bytes) -> bool:
        if self.release is None or not self._was_there:
            return False
        return self.iri in self.forms.graphs(self.release.store, line)


class Draft:
    """The graphs that writes touch."""

    def __init__(self, release: Release | None) -> None:
        """Compare with ``release``; None is one without graphs. ``forms`` are its notes."""
        self._release = release
        self._there = frozenset() if release is None else frozenset(each.iri for each in release.manifest.graphs)
        self.forms = LexicalForms() if release is None else open_forms(release.folder)
        self._graphs: dict[str, GraphDraft] = {}

    def graph(self, iri: str) -> GraphDraft:
        """Return the draft of a graph."""
        if iri not in self._graphs:
            self._graphs[iri] = GraphDraft(iri, self._release, self.forms, iri in self._there)
        return self._graphs[iri]

    def changes(self) -> tuple[GraphChange, ...]:
        """Return what changes, ordered by graph."""
        found = (self._graphs[iri].change() for iri in sorted(self._graphs))
        return tuple(each for each in found if each)
