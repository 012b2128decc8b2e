"""The index of a release in the making: whole at a build, by the change alone at a publish."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pyoxigraph as ox
from isal import igzip
from numpy.typing import NDArray

from graph.model.errors import HamkorError, Quotation, ReleaseError, Sentence, unreadable
from graph.model.rdf_terms import ENTAILED_GRAPH, RDF_TYPE, graph_iri
from graph.parts.linking.name_comparison import Folds
from graph.parts.linking.names_index import (
    CLASS,
    DELTA_FILE,
    DESCRIBED,
    INDEX_FILE,
    IS_DESCRIBED,
    MATCHES,
    TERMS_GRAPH,
    Entity,
    EntityDescription,
    NameIndex,
    Statement,
    entities_of,
    entity_of,
    id_of,
    iri_of,
    is_name_of_ours,
    is_searched,
    kinds_by,
    links_to,
    open_index,
    rank_of,
    roles,
    statements_of,
    write_index,
)
from graph.releases.graph_files import UNREADABLE
from graph.sources.batches import GraphChange

# Lines of N-Quads as arrays: where subject, predicate and object of each begin and end, found by numpy.
#
# All lines are canonical and of one named graph, as members have them. It makes Python objects only of the lines that
# are asked for.

BLOCK = 4 << 20
BLANK, NEWLINE, LESS_THAN = 32, 10, 60
WORD, WORDS = 8, 8
PRIME = np.uint64(0x9E3779B97F4A7C15)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def read_lines(path: Path, graph: str, size: int = BLOCK) -> Iterator[Lines]:
    """Yield the lines of a member file, so many bytes at a time.

    Raises:
        ReleaseError: the file cannot be read or is not whole.
    """
    ending, rest = f" <{graph}> .".encode(), b""
    try:
        with igzip.open(path, "rb") as stream:  # type: ignore[no-untyped-call]
            while part := stream.read(size):
                block, newline, rest = (rest + part).rpartition(b"\n")
                if newline:
                    yield Lines(block + newline, len(ending))
    except UNREADABLE as problem:
        raise unreadable(path.name, problem) from problem


class Lines:
    """Some whole lines of N-Quads.

    Attributes:
        text: the lines, each with its end.
    """

    def __init__(self, text: bytes, ending: int) -> None:
        """Find where the parts of each line are; ``ending``: the length of blank, graph, blank and full stop."""
        self.text = text
        signs = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(signs == NEWLINE)
        self._starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        blanks = np.flatnonzero(signs == BLANK)
        first = np.searchsorted(blanks, self._starts)
        self._first, self._second = blanks[first], blanks[first + 1]
        self._ends = ends - ending
        self._signs = signs

    @cached_property
    def _predicates(self) -> Hashes:
        return hashed(self.text, self._second, self._second - self._first - 1, words=2)

    def _with(self, predicates: Collection[bytes]) -> Iterator[tuple[int, int, int, int]]:
        """Yield where the lines begin that most likely have one of some predicates, and where their parts end."""
        wanted = np.unique(hashes_of(tuple(predicates), words=2))
        at = np.minimum(np.searchsorted(wanted, self._predicates), len(wanted) - 1)
        found = np.flatnonzero(wanted[at] == self._predicates)
        places = (self._starts[found], self._first[found], self._second[found], self._ends[found])
        return zip(*(each.tolist() for each in places), strict=True)

    def targets(self, predicates: Collection[bytes]) -> Iterator[bytes]:
        """Yield the objects of the lines that have one of some predicates."""
        text = self.text
        for _, first, second, end in self._with(predicates):
            if text[first + 1 : second] in predicates:
                yield text[second + 1 : end]

    def said(self, role_of: Mapping[bytes, tuple[int, int]]) -> Iterator[tuple[bytes, list[Statement]]]:
        """Yield subjects with what is said of them by some properties; one may come more than once."""
        text, known, subject, found, role = self.text, -1, b"", list[Statement](), role_of.get
        for start, first, second, end in self._with(role_of):
            if (property_ := role(text[first + 1 : second])) is None:
                continue
            if first - start != known or not text.startswith(subject, start):  # its lines mostly follow each other
                if found:
                    yield subject, found
                subject, known, found = text[start:first], first - start, []
            kind, rank = property_
            found.append((kind, rank, text[second + 1 : end]))
        if found:
            yield subject, found

    def subjects(self) -> Iterator[bytes]:
        """Yield the subjects; one that has several lines, which mostly follow each other, mostly once."""
        hashes = hashed(self.text, self._first, self._first - self._starts)
        changes = np.flatnonzero(np.concatenate([np.ones(min(1, len(hashes)), bool), hashes[1:] != hashes[:-1]]))
        for start, end in zip(self._starts[changes].tolist(), self._first[changes].tolist(), strict=True):
            yield self.text[start:end]

    def hashes_of_targets(self, without: bytes) -> Hashes:
        """Return a hash of each object that is an IRI, as often as it stands there; not where the predicate is this."""
        is_iri = self._signs[self._second + 1] == LESS_THAN
        is_iri &= self._predicates != hashes_of((without,), words=2)[0]
        ends = self._ends[is_iri]
        return hashed(self.text, ends, ends - self._second[is_iri] - 1)


def hashes_of(terms: Sequence[bytes], words: int = WORDS) -> Hashes:
    """Return the hashes of terms as ``hashed`` makes them."""
    lengths = np.fromiter((len(each) for each in terms), np.int64, len(terms))
    return hashed(b"".join(terms), np.cumsum(lengths), lengths, words)


def hashed(text: bytes, ends: Places, lengths: Places, words: int = WORDS) -> Hashes:
    """Return a hash of each stretch of a text: of its length and its last eight bytes so many times.

    Eight times eight bytes tell IRIs apart for counting; who needs to be sure compares the bytes.
    """
    padding = WORD * words
    padded = bytes(padding) + text
    view: NDArray[np.uint64] = np.ndarray((len(padded) - WORD + 1,), "<u8", padded, strides=(1,))
    found = lengths.astype(np.uint64) * PRIME
    for number in range(1, words + 1):
        missing = np.clip(WORD * number - lengths, 0, WORD)
        part = view[ends + padding - WORD * number] >> (8 * np.minimum(missing, WORD - 1)).astype(np.uint64)
        part[missing == WORD] = 0
        found = (found ^ part) * PRIME
        found ^= found >> np.uint64(29)
    return found


# From the members of a release to entities: every statement is looked at, and what the index keeps is kept.
#
# Members are large and most of their lines are nothing to the index. So lines are told apart by numpy, a few megabytes
# at a time, and only those with a property that counts become Python objects.

TYPE = f"<{RDF_TYPE}>".encode()
BATCH = 512
"""How many things are named at a time."""


def entities(members: Mapping[str, Path], base: str) -> Iterator[Entity]:
    """Yield everything in some named graphs that is found by its name, weightiest first.

    Args:
        members: the member file of each named graph, computed ones included; each is read once, and again where a graph
            names the class of a thing for which an earlier one had only auxiliary classes.
        base: the publication's base.

    Raises:
        ReleaseError: a member cannot be read.
    """
    wanted, harvest = {iri: path for iri, path in members.items() if is_searched(iri, base)}, Harvest(base)
    for iri, path in wanted.items():
        only = _with_class(path, iri, base) if iri == graph_iri(base, TERMS_GRAPH) else None
        for lines in read_lines(path, iri):
            harvest.take(lines, counted=iri != graph_iri(base, ENTAILED_GRAPH), only=only)
    if harvest.missed:
        for iri, path in wanted.items():
            only = _with_class(path, iri, base) if iri == graph_iri(base, TERMS_GRAPH) else None
            for lines in read_lines(path, iri):
                harvest.take_missed(lines, only)
    yield from harvest.entities()


def _with_class(path: Path, iri: str, base: str) -> set[bytes]:
    """Return the things of which a graph says a class."""
    return {subject for lines in read_lines(path, iri) for subject, said in lines.said(roles(base)) if _classes(said)}


@dataclass
class Harvest:
    """What has been read of things.

    Of a thing that only has auxiliary classes, as far as has been read, nothing but these is kept.

    Attributes:
        base: the publication's base.
        missed: things of which something was not kept that is wanted after all, as N-Triples.
    """

    base: str
    missed: set[bytes] = field(default_factory=set)
    _barred: set[bytes] = field(default_factory=set)
    _others: set[bytes] = field(default_factory=set)
    _read: dict[bytes, list[Statement]] = field(default_factory=dict)
    _targets: list[Hashes] = field(default_factory=list)

    def take(self, lines: Lines, *, counted: bool, only: Container[bytes] | None = None) -> None:
        """Take triples.

        Args:
            lines: the triples.
            counted: whether they are anybody's, so that they describe things and link to others.
            only: things of which they tell; None for all.
        """
        read, barred, own = self._read, self._barred, f"<{self.base}".encode()
        for subject, fresh in lines.said(roles(self.base)):
            if only is not None and subject not in only:
                continue
            known = read.get(subject)
            classes = _classes(fresh)
            if not classes and subject in barred:
                continue
            if known is None:
                read[subject] = known = fresh
            else:
                known += fresh
            if classes:
                self._bar(subject, known)
        # what others call a thing of ours is no thing besides: one finds ours by that
        self._others.update(each for each in lines.targets(MATCHES) if not each.startswith(own))
        if counted:
            for subject in lines.subjects():
                if only is not None and subject not in only:
                    continue
                read.setdefault(subject, []).append(IS_DESCRIBED)
            self._targets.append(lines.hashes_of_targets(TYPE))

    def take_missed(self, lines: Lines, only: Container[bytes] | None = None) -> None:
        """Take triples again, for what was missed the first time."""
        for subject, fresh in lines.said(roles(self.base)):
            if subject in self.missed and (only is None or subject in only):
                self._read[subject] = list({*self._read[subject], *fresh})

    def _bar(self, subject: bytes, found: list[Statement]) -> None:
        """Keep only the classes of a thing where these say that it is not found by name."""
        if not kinds_by(_classes(found), self.base):
            self._barred.add(subject)
            self.missed.discard(subject)
            found[:] = [each for each in found if each[0] in (CLASS, DESCRIBED)]
        elif subject in self._barred:
            self._barred.remove(subject)
            self.missed.add(subject)

    def entities(self) -> Iterator[Entity]:
        """Yield the things that have a name, weightiest first; what was read is gone afterwards."""
        for each in self._barred | self._others:
            self._read.pop(each, None)
        linked, folds, order = self._linked(), Folds(), list[tuple[int, int, bytes, tuple[str, ...]]]()
        for subject, found in self._read.items():
            kinds = kinds_by(_classes(found), self.base)
            weight, links, _ = rank_of(kinds, linked[subject], "")
            order.append((weight, links, subject, kinds))
        order.sort()
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            said = [EntityDescription(iri_of(it), self._read.pop(it), linked[it], kinds) for _, _, it, kinds in batch]
            yield from entities_of(said, self.base, folds)

    def _linked(self) -> Mapping[bytes, int]:
        """Return how many statements point to each thing."""
        hashes, counts = np.unique(np.concatenate([*self._targets, np.zeros(0, np.uint64)]), return_counts=True)
        if not len(hashes):
            return dict.fromkeys(self._read, 0)
        wanted = hashes_of(tuple(self._read))
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        return dict(zip(self._read, np.where(hashes[at] == wanted, counts[at], 0).tolist(), strict=True))


def _classes(found: Iterable[Statement]) -> frozenset[bytes]:
    return frozenset([value for role, _, value in found if role == CLASS])


# The index of an unchanged release is a hard link. Beside it lies a delta: what has changed since it was made, and the
# numbers that this takes out of it. A delta that grows is folded in. A delta hides what it takes out and does not erase
# it: where something is withheld, make a whole index.

LARGE = 200_000
"""From so many triples on an index is made by a process of its own; below, starting one would take longer."""
FOLDED_SHARE, FOLDED_LEAST = 0.1, 500


def make_index(folder: Path, base: str, members: Mapping[str, Path]) -> int:
    """Write the whole index of a release in the making; return how many things it has.

    Args:
        folder: the release's.
        base: the publication's base.
        members: the member file of each named graph.

    Raises:
        ReleaseError: a member cannot be read, or the disk does not take the index.
    """
    (folder / DELTA_FILE).unlink(missing_ok=True)
    (folder / INDEX_FILE).unlink(missing_ok=True)
    with _without_search_for_cycles():
        return write_index(entities(members, base), folder / INDEX_FILE)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Make no garbage collection: what is read has no cycles, and to search it for them takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def index_beside(folder: Path, base: str, members: Mapping[str, Path], triples: int) -> Iterator[None]:
    """Write the whole index of a release in the making while the block runs; it is there at the block's end.

    A large one is made by a process of its own: it takes as long as half of the loading, and other processors are idle.

    Args:
        folder: as ``make_index``.
        base: as ``make_index``.
        members: as ``make_index``.
        triples: how many all members hold.

    Raises:
        ReleaseError: as ``make_index``.
    """
    if triples < LARGE:
        make_index(folder, base, members)
        yield
        return
    job = json.dumps([str(folder), base, {iri: str(path) for iri, path in members.items()}])
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    maker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        if maker.stdin is not None:
            maker.stdin.write(job)
            maker.stdin.close()
            maker.stdin = None
        yield
        _, said = maker.communicate()
    finally:
        maker.kill()
        maker.wait()
    if maker.returncode:
        last = (said.strip().splitlines() or ["it was killed"])[-1]
        raise ReleaseError(
            Sentence("the index of names could not be made: %(words)s", words=Quotation(last)),
            Sentence("is there enough memory and disk?"),
        )


def renew_index(parent: Path, folder: Path, base: str, store: ox.Store, changes: Iterable[GraphChange]) -> bool:
    """Make the index of a release from its parent's and what has changed; return whether the parent has one.

    Args:
        parent: the parent's folder.
        folder: the new release's.
        base: the publication's base.
        store: the new release's store.
        changes: what has changed in each named graph, the entailed one included.

    Raises:
        ReleaseError: an index cannot be read or written.
    """
    index = open_index(parent)
    if index is None:
        return False
    fresh = _renewed(index, base, store, [each for each in changes if is_searched(each.iri, base)])
    if not fresh:
        for name in (INDEX_FILE, DELTA_FILE):
            if (parent / name).exists():
                os.link(parent / name, folder / name)
        return True
    delta = {each.iri: each for _, each in index.delta.all_entities()} if index.delta else {}
    dead = set(index.delta.dead.tolist()) if index.delta else set[int]()
    for iri, entity in fresh.items():
        delta.pop(iri, None)
        if entity is not None:
            delta[iri] = entity
        if (n := index.whole.number(id_of(iri, base))) is not None:
            dead.add(n)
    if len(delta) + len(dead) > max(FOLDED_LEAST, FOLDED_SHARE * index.whole.count):
        kept = (each for n, each in index.whole.all_entities() if n not in dead)
        write_index(_ranked((*kept, *delta.values())), folder / INDEX_FILE)
    else:
        os.link(parent / INDEX_FILE, folder / INDEX_FILE)
        write_index(_ranked(delta.values()), folder / DELTA_FILE, sorted(dead))
    return True


def _ranked(every: Iterable[Entity]) -> list[Entity]:
    return sorted(every, key=lambda each: rank_of(each.kinds, each.linked, each.iri))


def _renewed(index: NameIndex, base: str, store: ox.Store, changes: list[GraphChange]) -> dict[str, Entity | None]:
    """Return what has become of everything that a change speaks of: the entity that it is now, or None."""
    spoken_of, links = _touched(base, changes)
    fresh: dict[str, Entity | None] = {}
    for iri in spoken_of | links.keys():
        old = index.entity(id_of(iri, base))
        linked = old.linked + links[iri] if old is not None else None
        if iri in spoken_of:
            found = statements_of(store, iri, base)
            new = entity_of(iri, found, links_to(store, iri, base) if linked is None else linked, base)
            new = None if is_name_of_ours(store, iri, base) else new
        else:
            new = msgspec.structs.replace(old, linked=linked) if old is not None and linked is not None else None
        if new != old:
            fresh[iri] = new
    return fresh


def _touched(base: str, changes: Iterable[GraphChange]) -> tuple[set[str], Counter[str]]:
    """Return the things of which a change says something, and how many links each wins."""
    spoken_of, links = set[str](), Counter[str]()
    type_mark = f"<{RDF_TYPE}>".encode()
    for change in changes:
        for lines, step in ((change.added, 1), (change.removed, -1)):
            for line in lines:
                subject, predicate, target = line.split(b" ", 2)
                spoken_of.add(subject[1:-1].decode())
                if predicate in MATCHES:
                    spoken_of.add(target[1:-3].decode())
                if target.startswith(b"<") and predicate != type_mark and change.iri != graph_iri(base, ENTAILED_GRAPH):
                    links[target[1:-3].decode()] += step
    return spoken_of, links


def main() -> int:
    """Make the index that standard input describes; return the exit status."""
    folder, base, members = json.load(sys.stdin)
    try:
        make_index(Path(folder), base, {iri: Path(path) for iri, path in members.items()})
    except (HamkorError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
