"""A change of a release: what writes come to, and how store, graph files and counts follow it.

A release that is made from nothing is a matter of ``graph.releases.release_builder``.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import msgspec
import pyoxigraph as ox
from isal import isal_zlib

from graph.model.processes import HeldFolder
from graph.model.rdf_terms import RDF_TYPE, XSD, Term, matching, stored
from graph.releases.exact_forms import LEXICAL_FOLDER, LexicalForms, Notes, open_forms
from graph.releases.graph_files import (
    GRAPHS_FOLDER,
    GZIP_WINDOW,
    LEVEL,
    file_sha256,
    fits_json_ld,
    fits_xml,
    link,
    member_name,
    read_member,
)
from graph.releases.index_loading import index_in_making, index_written
from graph.releases.index_revision import complete_index, index_after_change
from graph.releases.manifest import (
    GraphEntry,
    LastContribution,
    Manifest,
    Origin,
    Statistics,
    graph_digest,
    lanes_of,
    lanes_text,
    sum_of,
    triple_hashes,
)
from graph.releases.release import Release
from graph.releases.store import Checkpoint, copy_store, reading, tidy
from graph.releases.triple_index import INDEX_FILE, INDEX_FILES
from graph.sources.batches import UNION, Chunk, GraphChange, Lines, lines_of

# What writes to the graphs of a release come to, in their order: a change of each graph, down to the lexical form.
#
# It reads the release and changes nothing. A graph that is put or deleted is read from its member, once; to see whether
# single lines are there, the index and its notes are asked, so that a small change of a large graph stays small.


class Draft:
    """The changes of the graphs that writes touch, as compared with a release."""

    def __init__(self, release: Release | None) -> None:
        """Compare with ``release``; None is one without graphs. ``forms`` are its notes."""
        self._release = release
        self._there = frozenset() if release is None else frozenset(each.iri for each in release.manifest.graphs)
        self.forms = LexicalForms() if release is None else open_forms(release.folder)
        self._changes: dict[str, GraphChange] = {}

    def put(self, iri: str, lines: Iterable[bytes]) -> None:
        """Let a graph hold these lines and no others."""
        added, removed = self._apart(iri, lines)
        self._changes[iri] = GraphChange(iri, added, removed, created=iri not in self._there)

    def post(self, iri: str, lines: Iterable[bytes]) -> None:
        """Let a graph hold these lines, too."""
        so_far = self._so_far(iri)
        fresh = frozenset(line for line in lines if not self._holds(so_far, line))
        self._changes[iri] = so_far.then(GraphChange(iri, fresh, created=not self._exists(so_far)))

    def take(self, iri: str, lines: Iterable[bytes]) -> None:
        """Let a graph hold none of these lines."""
        so_far = self._so_far(iri)
        held = frozenset(line for line in lines if self._holds(so_far, line))
        self._changes[iri] = so_far.then(GraphChange(iri, removed=held))

    def delete(self, iri: str) -> None:
        """Let a graph be no longer."""
        self._changes[iri] = GraphChange(iri, removed=self._apart(iri, ())[1], dropped=iri in self._there)

    def changes(self) -> tuple[GraphChange, ...]:
        """Return what changes, ordered by graph."""
        return tuple(self._changes[iri] for iri in sorted(self._changes) if self._changes[iri])

    def _so_far(self, iri: str) -> GraphChange:
        return self._changes.get(iri) or GraphChange(iri)

    def _apart(self, iri: str, lines: Iterable[bytes]) -> tuple[Lines, Lines]:
        """Return which of some lines a graph of the release lacks, and which it has beside them."""
        added, removed = set(lines), set[bytes]()
        for chunk in self._release.read_graph(iri) if self._release is not None and iri in self._there else ():
            for line in chunk.lines():
                if line in added:
                    added.discard(line)
                else:
                    removed.add(line)
        return frozenset(added), frozenset(removed)

    def _exists(self, so_far: GraphChange) -> bool:
        return so_far.created or (so_far.iri in self._there and not so_far.dropped)

    def _holds(self, so_far: GraphChange, line: bytes) -> bool:
        if line in so_far.added or line in so_far.removed:
            return line in so_far.added
        if self._release is None or so_far.iri not in self._there:
            return False
        return so_far.iri in self.forms.graphs(self._release.store, line)


# The member of a graph after a change, made from the one before: the digest follows at the price of the change.
#
# The file itself is copied and lengthened where lines were only added and it is large; otherwise it is written anew.

REWRITTEN_BYTES = 1 << 20
"""Smaller members are written anew also where lines are only added: a gzip stream for a few lines packs badly."""


def amended_member(old: Path | None, entry: GraphEntry | None, change: GraphChange, new: Path) -> GraphEntry:
    """Write the member of a graph after a change; return its entry, without what the file does not say.

    Args:
        old: the member before, or None where the graph is new.
        entry: its entry, or None where the graph is new.
        change: what changes: all removed lines are there, no added one is.
        new: the file to write.
    """
    if old is not None and not change.removed and old.stat().st_size > REWRITTEN_BYTES:
        shutil.copyfile(old, new)
        fits = _write(new, added(change), "ab")
        if entry is not None:
            fits = fits[0] and entry.fits_xml, fits[1] and entry.fits_json_ld
    else:
        fits = _write(new, _all(old, change))
    lanes = lanes_of(entry.lanes if entry is not None else "")
    lanes = lanes + sum_of(triple_hashes(change.added)) - sum_of(triple_hashes(change.removed))
    triples = (entry.triples if entry is not None else 0) + len(change.added) - len(change.removed)
    return GraphEntry(
        iri=change.iri,
        file=f"{GRAPHS_FOLDER}/{new.name}",
        triples=triples,
        digest=graph_digest(lanes, triples),
        sha256=file_sha256(new),
        size=new.stat().st_size,
        lanes=lanes_text(lanes),
        fits_xml=fits[0],
        fits_json_ld=fits[1],
    )


def added(change: GraphChange) -> Iterator[Chunk]:
    """Yield the lines that come, sorted."""
    if change.added:
        yield Chunk(change.iri, b"\n".join(sorted(change.added)) + b"\n")


def _all(old: Path | None, change: GraphChange) -> Iterator[Chunk]:
    """Yield what stays of a member, in its order, and what comes."""
    for chunk in read_member(old, change.iri) if old is not None else ():
        kept = [line for line in chunk.lines() if line not in change.removed]
        if kept:
            yield Chunk(change.iri, b"\n".join(kept) + b"\n")
    yield from added(change)


def _write(path: Path, chunks: Iterable[Chunk], mode: str = "wb") -> tuple[bool, bool]:
    """Write chunks to a file; return whether XML can express all their characters, and JSON-LD all their terms."""
    xml = json_ld = True
    stream = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    with path.open(mode) as file:
        for chunk in chunks:
            file.write(stream.compress(chunk.quads()))
            xml, json_ld = xml and fits_xml(chunk.triples), json_ld and fits_json_ld(chunk.triples)
        file.write(stream.flush())
    return xml, json_ld


# The counts of a release, kept up by what changes: they equal those of a release that is made from nothing.
#
# What is counted is what SPARQL counts: the triples of the store, where ``"01"^^xsd:integer`` and ``1`` are one. Each
# change costs a few look-ups in the store, however large that is.

DEFAULT = ox.DefaultGraph()


@dataclass
class Bookkeeping:
    """The counts over a store, as the manifest has them; ``write`` changes both together.

    ``touched`` are the triples of which some graph has got or lost one, whatever has become of them since.
    """

    triples: int
    subjects: int
    objects: int
    properties: Counter[str]
    classes: Counter[str]
    shared: Counter[str]
    indexed: Counter[str]
    hidden: set[str] = field(default_factory=set)
    touched: set[ox.Triple] = field(default_factory=set, compare=False)

    @classmethod
    def of(cls, manifest: Manifest) -> Bookkeeping:
        """Return the counts of a release, to count on from."""
        indexed = {each.iri: each.indexed for each in manifest.graphs}
        return cls.from_counts(manifest.triples, manifest.shared, indexed, manifest.statistics)

    @classmethod
    def from_counts(
        cls, triples: int, shared: Mapping[str, int], indexed: Mapping[str, int], statistics: Statistics
    ) -> Bookkeeping:
        """Return counts that were made from nothing; the names are those of ``Manifest`` and ``GraphEntry``."""
        properties, classes = Counter(statistics.properties), Counter(statistics.classes)
        subjects, objects = statistics.subjects, statistics.objects
        return cls(triples, subjects, objects, properties, classes, Counter(shared), Counter(indexed))

    def statistics(self) -> Statistics:
        """Return the statistics as they are now."""
        return Statistics(
            subjects=self.subjects,
            objects=self.objects,
            properties=positive(self.properties),
            classes=positive(self.classes),
        )

    def write(
        self,
        store: ox.Store,
        iri: str,
        added: Collection[ox.Triple],
        removed: Collection[ox.Triple],
        computed: Collection[str] = (),
    ) -> GraphChange:
        """Change a named graph and the merge of a store, and count.

        Args:
            store: the store.
            iri: the named graph.
            added: triples that the graph does not have.
            removed: triples that it has.
            computed: the graphs that state nothing.

        Returns:
            The change of the union of what is stated.
        """
        going = {each: self._share(store, each, iri, -1) for each in removed}
        coming = {each: self._share(store, each, iri, 1) for each in added}
        appeared = [each for each, others in coming.items() if not others]
        disappeared = [each for each, others in going.items() if not others]
        self._merge(store, appeared, disappeared)
        _change(store, ox.NamedNode(iri), added, removed)
        self.touched.update(added, removed)
        self.indexed[iri] += len(added) - len(removed)
        return GraphChange(
            UNION,
            lines_of(each for each, others in coming.items() if not others.difference(computed)),
            lines_of(each for each, others in going.items() if not others.difference(computed)),
        )

    def hide(self, store: ox.Store, iri: str) -> None:
        """Let a named graph count no longer, and the merge be without it; in the store it stays.

        It costs a third of taking the graph out, and nothing for what it holds when it is shown again.
        """
        graph = ox.NamedNode(iri)
        self.hidden.add(iri)
        triples = [quad.triple for quad in store.quads_for_pattern(None, None, None, graph)]
        # where none is shared, as of a catalogue, nothing is asked of each
        others = bool(self.shared[iri])
        self._merge(store, (), [each for each in triples if not (others and self._share(store, each, iri, -1))])
        self.indexed.pop(iri, None)

    def show(self, store: ox.Store, iri: str, triples: Collection[ox.Triple]) -> None:
        """Let a hidden or new named graph count, with these triples."""
        graph, wanted = ox.NamedNode(iri), set(triples)
        self._merge(store, [each for each in wanted if not self._share(store, each, iri, 1)], ())
        held = {quad.triple for quad in store.quads_for_pattern(None, None, None, graph)}
        _change(store, graph, wanted - held, held - wanted)
        self.touched.update(wanted ^ held)
        self.indexed[iri] = len(wanted)
        self.hidden.discard(iri)

    def stating(self, store: ox.Store) -> dict[ox.Triple, list[str]]:
        """Return the triples that have been touched, and which graphs state each now."""
        return {triple: [*self._graphs_of(store, triple)] for triple in self.touched}

    def _graphs_of(self, store: ox.Store, triple: ox.Triple) -> set[str]:
        found = matching(store, triple.subject, triple.predicate, triple.object)
        graphs = (quad.graph_name for quad in found)
        return {each.value for each in graphs if isinstance(each, ox.NamedNode)} - self.hidden

    def _merge(self, store: ox.Store, appeared: Collection[ox.Triple], disappeared: Collection[ox.Triple]) -> None:
        """Change the merge and count; what disappears was used before, and what appears is used after."""
        come, gone = _terms(appeared), _terms(disappeared)
        new = [terms - others for terms, others in zip(come, gone, strict=True)]
        old = [terms - others for terms, others in zip(gone, come, strict=True)]
        fresh = [len(each) for each in new]
        fresh[0] -= _used(store, new[0])
        fresh[1] -= _used(store, (), new[1])
        _change(store, DEFAULT, appeared, disappeared)
        self.subjects += fresh[0] - len(old[0]) + _used(store, old[0])
        self.objects += fresh[1] - len(old[1]) + _used(store, (), old[1])
        self._count(appeared, 1)
        self._count(disappeared, -1)

    def _share(self, store: ox.Store, triple: ox.Triple, iri: str, step: int) -> set[str]:
        """Count a triple that comes to or goes from a graph as shared with others; return which others have it."""
        if step > 0 and ox.Quad(triple.subject, triple.predicate, triple.object, DEFAULT) not in store:
            return set()  # the merge has what any graph has that counts; to ask all graphs takes ten times as long
        others = self._graphs_of(store, triple) - {iri}
        if others:
            self.shared[iri] += step
        if len(others) == 1:
            self.shared.update(dict.fromkeys(others, step))
        return others

    def _count(self, triples: Collection[ox.Triple], step: int) -> None:
        self.triples += step * len(triples)
        for triple in triples:
            self.properties[triple.predicate.value] += step
            if triple.predicate.value == RDF_TYPE and isinstance(triple.object, ox.NamedNode):
                self.classes[triple.object.value] += step


def positive(counts: Counter[str]) -> dict[str, int]:
    """Return the counts above nought, in the order of their names."""
    return {name: count for name, count in sorted(counts.items()) if count > 0}


def _used(store: ox.Store, subjects: Iterable[Term] = (), objects: Iterable[Term] = ()) -> int:
    """Return how many of some subjects, or objects, the merge has."""
    patterns = (*((each, None) for each in subjects), *((None, each) for each in objects))
    return sum(
        next(matching(store, subject, None, target, DEFAULT), None) is not None  # type: ignore[arg-type]
        for subject, target in patterns
    )


def _terms(triples: Iterable[ox.Triple]) -> tuple[set[Term], set[Term]]:
    """Return the subjects and the objects."""
    return {each.subject for each in triples}, {each.object for each in triples}


def _change(
    store: ox.Store,
    graph: ox.NamedNode | ox.DefaultGraph,
    added: Iterable[ox.Triple],
    removed: Iterable[ox.Triple],
) -> None:
    for each in removed:
        store.remove(ox.Quad(each.subject, each.predicate, each.object, graph))
    store.extend([ox.Quad(each.subject, each.predicate, each.object, graph) for each in added])


# A release in the making that can still change, graph by graph: store, members, notes and counts go together.
#
# It begins as the one before (``graph.releases.store``) or as what has been read anew, and knows nothing of what
# its graphs are for.

XSD_STRING = XSD + "string"


@dataclass
class ReleaseRevision:
    """A release in the making.

    Attributes:
        folder: where it is made.
        base: the publication's base.
        store: its index, open for writing.
        book: its counts.
        entries: its graphs.
        parent: the folder of the release that it began as, where the members are that have not changed.
        indexes: the files of that release's triple index, and the SHA-256 of each.
    """

    folder: Path
    base: str
    store: ox.Store
    book: Bookkeeping
    entries: dict[str, GraphEntry]
    parent: Path | None = None
    indexes: Mapping[str, str] = field(default_factory=dict)
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
        contribution: LastContribution | None = None,
        computed: Collection[str] = (),
    ) -> GraphChange:
        """Change a graph everywhere.

        Args:
            change: what changes, as compared with what the graph holds now.
            origin: of the graph from now on.
            contribution: by whom it is written.
            computed: the graphs that state nothing, for what is returned: the change of the union.
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

    def _member(self, change: GraphChange, origin: Origin, contribution: LastContribution | None) -> None:
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
            witness, touched = next(iter(notes.added or notes.removed)), notes.added | notes.removed
            self._noting.keep(witness, (quad.triple for quad in touched), is_there=bool(notes.added))

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

    def follow_index(self) -> dict[str, str]:
        """Let the triple index say what the store does; return its files and the SHA-256 of each.

        Nothing may be changed afterwards. A release that was made of one without an index has none, until a build.
        """
        if self.parent is None and not (self.folder / INDEX_FILE).is_file():
            with index_written(self.folder, self.entries.values()):
                pass
        elif self.parent is None:
            complete_index(self.folder, self.book.stating(self.store))
        elif self.indexes:
            index_after_change(self.parent, self.folder, self.book.stating(self.store))
        names = [name for name in INDEX_FILES if (self.folder / name).is_file()]
        return {name: self._index_digest(name) for name in names}

    @contextmanager
    def present_index(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """Give a triple index of what the store says now, for as long as the block takes; None where there is none."""
        if self.parent is None or not self.indexes:
            yield None
            return
        with HeldFolder(self.folder) as folder:
            index_after_change(self.parent, folder, self.book.stating(self.store))
            with index_in_making(folder) as found:
                yield found

    def _index_digest(self, name: str) -> str:
        before = self.parent / name if self.parent is not None and name in self.indexes else None
        path = self.folder / name
        return self.indexes[name] if before is not None and path.samefile(before) else file_sha256(path)

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
