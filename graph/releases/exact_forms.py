"""Exact forms: the lexical forms that the store rewrites, noted on writing, put back on reading."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from graph.model.errors import ReleaseError, Sentence
from graph.model.rdf_terms import ReadableStore, Term, matching, stored
from graph.releases.manifest import Lanes, triple_hashes

# The lexical forms that the index rewrites: which lines it stands for when it says ``"5"^^xsd:integer``.
#
# The index gives ``"05"^^xsd:integer`` and ``"5"^^xsd:int`` back as ``"5"^^xsd:integer``. The members hold what was
# written, but are read from end to end. So every line that does not come back from the index as it went in is noted
# here, by graph, subject and predicate, in a second store beside the index; a release without such lines has none.
# Where a graph has notes for a triple of the index they are all the forms that it states, the plain one included;
# where it has none, it states the plain one. The notes follow a change at the price of the change, as the index does.

LEXICAL_FOLDER = "lexical"
TYPED = b'"^^<http://www.w3.org/2001/XMLSchema#'
NO_NUMBER = tuple(b'"^^<http://www.w3.org/2001/XMLSchema#' + name + b"> ." for name in (b"string", b"anyURI"))
PLAIN = re.compile(
    rb'"(?:(?:0|-?[1-9][0-9]{0,17})"\^\^<http://www\.w3\.org/2001/XMLSchema#integer'
    rb'|[0-9]{4}-[01][0-9]-[0-3][0-9]"\^\^<http://www\.w3\.org/2001/XMLSchema#date'
    rb'|[0-9]{4}"\^\^<http://www\.w3\.org/2001/XMLSchema#gYear'
    rb'|[0-9]{4}-[01][0-9]"\^\^<http://www\.w3\.org/2001/XMLSchema#gYearMonth)> \.$'
)
"""Endings of lines that are known to come back as they went in: most of those that are typed."""


def rewritten(triples: bytes) -> list[bytes]:
    """Return those of some N-Triples lines that the index does not give back as they are."""
    if TYPED not in triples:
        return []
    typed = (
        line for line in triples.split(b"\n") if TYPED in line
    )  # one expression over all would take ten times as long
    doubtful = [line for line in typed if not line.endswith(NO_NUMBER) and not PLAIN.search(line)]
    given_back = index_lines(doubtful)
    return [line for line in doubtful if line not in given_back]


def index_lines(lines: Iterable[bytes]) -> set[bytes]:
    """Return what the index gives back for some lines."""
    store = ox.Store()
    store.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return set((store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph()) or b"").split(b"\n")[:-1])


def index_line(line: bytes) -> bytes:
    """Return a line as the index gives it back."""
    if TYPED not in line:
        return line
    triple = parsed(line)
    return _line(triple.subject, triple.predicate, stored(triple.object))


def parsed(line: bytes) -> ox.Triple:
    """Return the triple of a canonical N-Triples line."""
    triple: ox.Triple = next(ox.parse(line, ox.RdfFormat.N_TRIPLES, lenient=True)).triple
    return triple


@dataclass(frozen=True)
class LexicalForms:
    """The notes of one release, None where it has none."""

    notes: ReadableStore | None = None

    def objects(self, quad: ox.Quad) -> Iterator[Term]:
        """Yield the objects, as they were written, that a quad of the index stands for in its named graph."""
        if self.notes is None or not _doubtful(quad.object) or not isinstance(quad.graph_name, ox.NamedNode):
            yield quad.object
        else:
            yield from (parsed(line).object for line in self._stated(quad.graph_name, quad.triple))

    def rewritten(self) -> Iterator[ox.Triple]:
        """Yield all triples that were noted."""
        for quad in self.notes.quads_for_pattern(None, None, None) if self.notes is not None else ():
            if isinstance(quad.object, ox.Literal):
                yield parsed(quad.object.value.encode())

    def lines(self, index: ReadableStore, pattern: ox.Triple, graph: str | None = None) -> frozenset[bytes]:
        """Return the lines that one triple of the index stands for, in one graph or in any.

        Args:
            index: the release's index.
            pattern: the triple, as the index has it or in any of its forms.
            graph: the named graph; None for all of them.
        """
        places = ox.NamedNode(graph) if graph is not None else None
        found = matching(index, pattern.subject, pattern.predicate, pattern.object, places)
        graphs = {quad.graph_name for quad in found if isinstance(quad.graph_name, ox.NamedNode)}
        return frozenset(line for each in graphs for line in self._stated(each, pattern))

    def noted_lines(self, graph: str) -> set[bytes]:
        """Return all lines that are noted of a named graph."""
        if self.notes is None:
            return set()
        quads = self.notes.quads_for_pattern(None, None, None, ox.NamedNode(graph))
        return {quad.object.value.encode() for quad in quads if isinstance(quad.object, ox.Literal)}

    def graphs(self, index: ReadableStore, line: bytes) -> frozenset[str]:
        """Return the named graphs that state exactly this line."""
        triple = parsed(line)
        found = matching(index, triple.subject, triple.predicate, triple.object, None)
        graphs = {quad.graph_name for quad in found if isinstance(quad.graph_name, ox.NamedNode)}
        if TYPED not in line:
            return frozenset(each.value for each in graphs)
        return frozenset(each.value for each in graphs if line in self._stated(each, triple))

    def removable(self, index: ReadableStore, graph: str | None, added: Collection[bytes], removed: Iterable[bytes]
                  ) -> frozenset[bytes]:  # fmt: skip
        """Return which removed lines have to leave the index: those of which no other form stays.

        Args:
            index: the index before the change.
            graph: the named graph that changes; None for the merge, with what appears and disappears there.
            added: the lines that are added; none is removed at the same time.
            removed: the lines that are removed; all are there.
        """
        removed, staying = frozenset(removed), {index_line(line) for line in added}
        return frozenset(
            line
            for line in removed
            if TYPED not in line
            or (index_line(line) not in staying and not self.lines(index, parsed(line), graph) - removed)
        )

    def noted(self, index: ReadableStore, graph: str, added: Iterable[bytes], removed: Iterable[bytes]) -> Notes:
        """Return how the notes change when lines of a named graph do.

        Args:
            index: the index before the change.
            graph: the named graph.
            added: the lines that are added.
            removed: the lines that are removed.
        """
        added, removed = frozenset(added), frozenset(removed)
        drop, note = set[ox.Quad](), set[ox.Quad]()
        alike: dict[bytes, set[bytes]] = {}
        for line in added | removed:
            if TYPED in line:
                alike.setdefault(index_line(line), set()).add(line)
        for plain, here in alike.items():
            before = self.lines(index, parsed(plain), graph)
            after = (before - (removed & here)) | (added & here)
            drop |= _notes(graph, plain, before)
            note |= _notes(graph, plain, after)
        return Notes(frozenset(note - drop), frozenset(drop - note))

    def _stated(self, graph: ox.NamedNode, triple: ox.Triple) -> Iterator[bytes]:
        """Yield the lines that a named graph states, given that the index has the triple there."""
        subject, predicate, plain = triple.subject, triple.predicate, stored(triple.object)
        found = False
        if self.notes is not None and isinstance(plain, ox.Literal | ox.Triple):
            for quad in self.notes.quads_for_pattern(subject, predicate, None, graph):
                line = quad.object.value.encode()  # type: ignore[union-attr]  # notes are literals
                if stored(parsed(line).object) == plain:
                    found = True
                    yield line
        if not found:
            yield _line(subject, predicate, plain)


@dataclass(frozen=True, slots=True)
class Notes:
    """What a change of a graph adds to the notes and takes from them."""

    added: frozenset[ox.Quad]
    removed: frozenset[ox.Quad]

    def write(self, notes: ox.Store) -> None:
        """Write the change into the notes of a release in the making."""
        for quad in self.removed:
            notes.remove(quad)
        notes.extend(self.added)


def open_forms(folder: Path) -> LexicalForms:
    """Return the notes of the release in ``folder``, for reading.

    Raises:
        ReleaseError: they cannot be read.
    """
    place = folder / LEXICAL_FOLDER
    try:
        return LexicalForms(ox.Store.read_only(str(place)) if place.is_dir() else None)
    except (OSError, RuntimeError) as problem:  # RuntimeError is RocksDB's word for corruption
        raise ReleaseError(
            Sentence("%(name)s: the lexical forms cannot be read: %(words)s", name=folder.name, words=problem),
            Sentence("run hamkor build"),
        ) from problem


def _doubtful(term: Term) -> bool:
    """Whether an object that the index gives back may have been written otherwise."""
    return not isinstance(term, ox.NamedNode | ox.BlankNode) and TYPED in str(term).encode()


def _notes(graph: str, plain: bytes, lines: Iterable[bytes]) -> set[ox.Quad]:
    stated = set(lines)
    return {note(graph, line) for line in stated} if stated - {plain} else set()


def note(graph: str, line: bytes) -> ox.Quad:
    """Return the note of a line of a named graph."""
    triple = parsed(line)
    return ox.Quad(triple.subject, triple.predicate, ox.Literal(line.decode()), ox.NamedNode(graph))


def _line(subject: ox.NamedNode | ox.BlankNode | ox.Triple, predicate: ox.NamedNode, term: Term) -> bytes:
    return (ox.serialize([ox.Triple(subject, predicate, term)], format=ox.RdfFormat.N_TRIPLES) or b"").rstrip(b"\n")


# The notes of a whole release being written: which lines of its members the index rewrites.
#
# It reads every chunk once while the members are written. What a change adds is noted by
# ``LexicalForms.noted`` of ``graph.releases.exact_forms``.

BATCH = 50_000


@dataclass
class Noting:
    """Takes chunks; the store of notes is there from the first line on that needs it.

    Attributes:
        release: the folder of the release in the making.
    """

    release: Path
    _store: ox.Store | None = None
    _waiting: list[ox.Quad] = field(default_factory=list)

    def add(self, graph: str, lines: Iterable[bytes]) -> None:
        """Note lines of a graph that the index will not give back: those of which ``rewritten`` says so."""
        self._waiting += [note(graph, line) for line in lines]
        if len(self._waiting) >= BATCH:
            self._write()

    def close(self, keys: Mapping[str, Sequence[Lanes]]) -> None:
        """Note the plain forms, too, that stand beside a noted one in the same graph, and close the store.

        Args:
            keys: by each graph's IRI, the first two lanes of the SHA-256 of each of its lines.
        """
        self._write()
        if self._store is not None:
            for graph in [iri for iri in keys if self._has(iri)]:
                held = np.concatenate([*keys[graph], np.zeros((0, 2), dtype=np.uint64)])
                lanes = np.sort(held[:, 0]), np.sort(held[:, 1])
                for lines in self._batches(graph):
                    plain = list(index_lines(lines))
                    hashes = triple_hashes(plain)
                    there = _among(lanes[0], hashes[:, 0]) & _among(lanes[1], hashes[:, 1])
                    self._waiting += [note(graph, plain[place]) for place in np.flatnonzero(there)]
            self._write()
            self._store.flush()
            self._store = None

    def _has(self, graph: str) -> bool:
        quads = self._quads(graph)
        return next(quads, None) is not None

    def _quads(self, graph: str) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(None, None, None, ox.NamedNode(graph)) if self._store else iter(())

    def _batches(self, graph: str) -> Iterator[list[bytes]]:
        quads = self._quads(graph)
        while part := list(islice(quads, BATCH)):
            yield [quad.object.value.encode() for quad in part if isinstance(quad.object, ox.Literal)]

    def _write(self) -> None:
        if self._waiting:
            if self._store is None:
                self._store = ox.Store(str(self.release / LEXICAL_FOLDER))
            self._store.bulk_extend(self._waiting)
            self._waiting = []


def _among(held: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    found: np.ndarray = held[places] == wanted
    return found
