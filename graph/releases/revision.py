"""A release in the making that can still change, graph by graph: store, members, notes and counts go together.

It begins as the one before (``graph.releases.checkpoint``) or as what has been read anew, and knows nothing of what
its graphs are for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyoxigraph as ox

from graph.change import GraphChange
from graph.namespaces import XSD
from graph.releases.amendment import amended_member
from graph.releases.bookkeeping import Bookkeeping, StoreChange, positive
from graph.releases.checkpoint import Checkpoint, copy_store, reading, tidy
from graph.releases.lexical import LEXICAL_FOLDER, LexicalForms, Notes
from graph.releases.manifest import Contribution, GraphEntry, Origin
from graph.releases.members import GRAPHS_FOLDER, link, member_name
from graph.sources.chunks import Chunk
from graph.sources.stored import Term, stored

XSD_STRING = XSD + "string"


@dataclass
class Revision:
    """A release in the making.

    Attributes:
        folder: where it is made.
        base: the publication's base.
        store: its index, open for writing.
        book: its counts.
        entries: its graphs.
        parent: the folder of the release that it began as, where the members are that have not changed.
    """

    folder: Path
    base: str
    store: ox.Store
    book: Bookkeeping
    entries: dict[str, GraphEntry]
    parent: Path | None = None
    _notes: ox.Store | None = field(default=None, init=False)
    _noting: Checkpoint | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Open the notes for reading, where there are any; for writing they are opened at the first change."""
        (self.folder / GRAPHS_FOLDER).mkdir(exist_ok=True)
        place = (self.parent or self.folder) / LEXICAL_FOLDER
        if place.is_dir():
            self._notes = ox.Store.read_only(str(place))

    def apply(
        self,
        change: GraphChange,
        origin: Origin,
        contribution: Contribution | None = None,
        computed: Collection[str] = (),
    ) -> StoreChange:
        """Change a graph everywhere.

        Args:
            change: what changes, as compared with what the graph holds now.
            origin: of the graph from now on.
            contribution: by whom it is written.
            computed: the graphs that state nothing, for what is returned.
        """
        iri, forms = change.iri, self.forms
        notes = forms.noted(self.store, iri, change.added, change.removed)
        leaving = forms.removable(self.store, iri, change.added, change.removed)
        graph = ox.NamedNode(iri)
        added = {each for each in index_triples(change.added) if _quad(each, graph) not in self.store}
        found = self.book.write(self.store, iri, added, index_triples(leaving), computed)
        self._note(notes)
        self._member(change, origin, contribution)
        if change.dropped:
            self.store.remove_graph(graph)
        elif change.created:
            self.store.add_graph(graph)
        return found

    @property
    def forms(self) -> LexicalForms:
        """The lexical forms as they are now."""
        return LexicalForms(self._notes)

    @contextmanager
    def reading_forms(self) -> Iterator[LexicalForms]:
        """Give the lexical forms to somebody who may keep them longer than their store is open."""
        if self._notes is None:
            yield LexicalForms()
        else:
            with reading(self._notes) as notes:
                yield LexicalForms(notes)

    def hide(self, iri: str) -> None:
        """Let a computed graph not be there until it is filled anew, or dropped."""
        self.book.hide(self.store, iri)
        self._member(GraphChange(iri, dropped=True), "computed", None)

    def fill(self, chunk: Chunk) -> None:
        """Let a computed graph, hidden or new, hold this; nothing is noted of such a graph."""
        lines = frozenset(chunk.lines())
        self.book.show(self.store, chunk.graph, index_triples(lines))
        self._member(GraphChange(chunk.graph, added=lines, created=True), "computed", None)

    def drop(self, iri: str) -> None:
        """Let a hidden graph be gone."""
        self.book.show(self.store, iri, ())
        self.book.indexed.pop(iri, None)
        self.store.remove_graph(ox.NamedNode(iri))

    def _member(self, change: GraphChange, origin: Origin, contribution: Contribution | None) -> None:
        old = self.place(change.iri) if change.iri in self.entries else None
        entry = self.entries.pop(change.iri, None)
        if not change.dropped:
            name = f"{GRAPHS_FOLDER}/{member_name(change.iri, self.base)}"
            fresh = self.folder / f"{name}.fresh"
            made = amended_member(old, entry, change, fresh)
            if old is not None and old.parent == fresh.parent:
                old.unlink()
            fresh.replace(self.folder / name)
            indexed = self.book.indexed[change.iri]
            self.entries[change.iri] = msgspec.structs.replace(
                made, file=name, indexed=indexed, origin=origin, contribution=contribution
            )
        else:
            self.book.indexed.pop(change.iri, None)
            if old is not None and self.folder in old.parents:
                old.unlink()

    def place(self, iri: str) -> Path:
        """Return where the member of a graph is at the moment."""
        name = self.entries[iri].file
        own = self.folder / name
        return own if self.parent is None or own.exists() else self.parent / name

    def _note(self, notes: Notes) -> None:
        if not notes.added and not notes.removed:
            return
        before = self.parent / LEXICAL_FOLDER if self.parent is not None else None
        if self._noting is None and before is not None and before.is_dir():
            self._noting = Checkpoint(before, self.folder / LEXICAL_FOLDER)
            self._notes = self._noting.store
        elif self._notes is None:
            self._notes = ox.Store(self.folder / LEXICAL_FOLDER)
        notes.write(self._notes)
        if self._noting is not None:
            witness = next(iter(notes.added or notes.removed))
            self._noting.keep(witness, is_there=bool(notes.added))

    def without_a_trace(self, iri: str, make: Callable[[ox.Store], Chunk | None]) -> Chunk | None:
        """Return a computed graph that is made by writing it into the store; the store is then as before."""
        chunk = make(self.store)
        for triple in index_triples(chunk.lines() if chunk is not None else ()):
            for place in (ox.DefaultGraph(), ox.NamedNode(iri)):
                self.store.remove(ox.Quad(triple.subject, triple.predicate, triple.object, place))
        return chunk

    def take_over(self) -> None:
        """Link the members that have not changed."""
        for each in self.entries.values():
            if self.parent is not None and not (self.folder / each.file).exists():
                link(self.parent / each.file, self.folder / each.file)

    def close(self) -> None:
        """Close the notes, and take them over where they have not changed; nothing may be changed afterwards."""
        place, parent = self.folder / LEXICAL_FOLDER, self.parent
        is_new = self._noting is None and self._notes is not None and place.is_dir()
        if is_new and parent is not None and self._notes is not None:
            self._notes.flush()
        self._notes = None
        if self._noting is not None:
            self._noting.finish()
        elif is_new and parent is not None:
            tidy(place, reopen=True)
        elif parent is not None and (parent / LEXICAL_FOLDER).is_dir():
            copy_store(parent / LEXICAL_FOLDER, place)

    def graphs(self) -> tuple[GraphEntry, ...]:
        """Return the entries, ordered by IRI."""
        return tuple(self.entries[iri] for iri in sorted(self.entries))

    def shared(self) -> dict[str, int]:
        """Return how many triples each graph shares with others."""
        return positive(self.book.shared)


def index_triples(lines: Iterable[bytes]) -> set[ox.Triple]:
    """Return the triples of some lines as the index has them."""
    found = ox.parse(b"".join(line + b"\n" for line in lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return {ox.Triple(each.subject, each.predicate, _stored(each.object)) for each in found}


def _stored(term: Term) -> Term:
    """Return an object as the index has it; only literals of XML Schema's types may differ, strings do not."""
    if isinstance(term, ox.Literal):
        kind = term.datatype.value
        return stored(term) if kind.startswith(XSD) and kind != XSD_STRING else term
    return stored(term) if isinstance(term, ox.Triple) else term


def _quad(triple: ox.Triple, graph: ox.NamedNode) -> ox.Quad:
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)
