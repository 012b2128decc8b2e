"""The IRIs below the base: which a release knows by their fragments, and which an earlier one spoke of (withdrawn)."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import duckdb
import pyoxigraph as ox

from graph.model.description import is_described
from graph.model.rdf_terms import COMPUTED_GRAPHS, graph_iri
from graph.releases.change import ReleaseRevision
from graph.releases.graph_files import read_member
from graph.releases.history import DifferencePart, graph_difference
from graph.releases.release import Release
from graph.releases.triple_index import stated_below
from graph.sources.batches import GraphChange

# What was published once and is not any more: the IRIs below the base that an earlier release spoke of.
#
# A release keeps them in one sorted file, a line each with the last release that had it, so that an answer of 410 costs
# a search in that file and no look into older stores. A release that loses nothing links its parent's file.

GONE_FILE = "gone.tsv"
SKOLEM = b".well-known/genid/"


@dataclass(frozen=True, slots=True)
class GoneChange:
    """Which IRIs below the base lines speak of, that have gone or come.

    Attributes:
        left: in lines that are no longer there; whether the release still speaks of them is not known yet.
        back: in lines that are new.
    """

    left: frozenset[bytes]
    back: frozenset[bytes]

    @classmethod
    def of(cls, parts: Iterable[DifferencePart], base: str) -> GoneChange:
        """Return what some differences, of graphs that are not computed, speak of."""
        start, sides = b"<" + base.encode(), (set[bytes](), set[bytes]())
        for part in parts:
            sides[part.added].update(_iris(part.lines, start))
        return cls(frozenset(sides[0]), frozenset(sides[1]))


def _iris(lines: Iterable[bytes], start: bytes) -> Iterator[bytes]:
    """Yield the subjects and objects of lines that begin so, but for those of blank nodes."""
    for line in lines:
        subject, _, rest = line.partition(b" ")
        value = rest.partition(b" ")[2][:-2]
        for term in (subject, value):
            if term.startswith(start) and b" " not in term and not term.startswith(SKOLEM, len(start)):
                yield term[1:-1]


def gone_after_build(revision: ReleaseRevision, parent: Release | None, is_withheld: Callable[[str], bool]) -> None:
    """Write what is gone in a release that has been made from nothing: members that differ are read, before and after.

    Args:
        revision: the release that is made.
        parent: the release before it, or None.
        is_withheld: whether an IRI must not be named, not even among what is gone.
    """
    if parent is None:
        return
    folder, entries, base = revision.folder, revision.entries, revision.base
    computed = {graph_iri(base, name) for name in COMPUTED_GRAPHS}
    before = {each.iri: each for each in parent.manifest.graphs if each.iri not in computed}

    def parts() -> Iterator[DifferencePart]:
        for iri in sorted((before.keys() | entries.keys()) - computed):
            old, new = before.get(iri), entries.get(iri)
            if old is None or new is None or old.digest != new.digest:
                removed = parent.read_graph(iri) if old is not None else iter(())
                added = read_member(folder / new.file, iri) if new is not None else iter(())
                yield from graph_difference(iri, removed, added)

    change, dropped = GoneChange.of(parts(), base), before.keys() - entries.keys()
    change = GoneChange(change.left, change.back | {iri.encode() for iri in entries.keys() - before.keys()})
    left = frozenset(iri for iri in change.left if not is_withheld(iri.decode()))
    dropped = {iri for iri in dropped if not is_withheld(iri)}
    known = parent.folder / GONE_FILE
    hidden = {iri for iri, _ in Gone.read(known).rows() if is_withheld(iri.decode())}
    change = GoneChange(left, change.back | hidden)
    write_gone(folder, parent.folder, change, dropped, lambda iri: is_described(revision.store, iri))


def gone_after_change(revision: ReleaseRevision, parent: Release, changes: Iterable[GraphChange]) -> None:
    """Write what is gone in a release that has been made of its parent by some changes."""
    base, store = revision.base, revision.store
    computed = {graph_iri(base, name) for name in COMPUTED_GRAPHS}
    stated = [each for each in changes if each.iri not in computed]
    parts = [DifferencePart(each.iri, False, tuple(each.removed)) for each in stated]
    parts += [DifferencePart(each.iri, True, tuple(each.added)) for each in stated]
    dropped = [each.iri for each in stated if each.dropped]
    change = GoneChange.of(parts, base)
    change = GoneChange(change.left, change.back | {each.iri.encode() for each in stated if each.created})
    write_gone(revision.folder, parent.folder, change, dropped, lambda iri: is_described(store, iri))


def write_gone(
    folder: Path, parent: Path | None, change: GoneChange, graphs: Iterable[str], is_there: Callable[[str], bool]
) -> None:
    """Write what is gone in the release that is made in ``folder``.

    Args:
        folder: where it is made.
        parent: the folder of the release before, or None.
        change: what the lines that differ speak of.
        graphs: the graphs that the parent had and this release has not.
        is_there: whether this release speaks of an IRI.
    """
    left = change.left | {iri.encode() for iri in graphs}
    fresh = {iri for iri in left if not is_there(iri.decode())}
    before = parent / GONE_FILE if parent is not None else folder / GONE_FILE
    known = Gone.read(before)
    back = {iri for iri in change.back if iri.decode() in known}
    if not fresh and not back:
        if before.exists() and parent is not None:
            os.link(before, folder / GONE_FILE)
        return
    last = (parent.name if parent is not None else "").encode()
    rows = dict(known.rows())
    for iri in back:
        del rows[iri]
    rows |= dict.fromkeys(fresh, last)
    write_rows(folder / GONE_FILE, rows.items())


def write_rows(path: Path, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Write IRIs with the release that had them last, in order."""
    path.write_bytes(b"".join(b"%s\t%s\n" % row for row in sorted(rows)))


class MappedFile:
    """A sorted file of a release, open for looking up; what its lines say, those know that are made of it."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        """Look up in the content of a file."""
        self._content = content

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what the file at ``path`` says; nothing where there is none. It is not read, but mapped."""
        if not path.exists() or path.stat().st_size == 0:
            return cls(b"")
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class Gone(MappedFile):
    """A file of what is gone, open for looking up."""

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all, in order."""
        for line in bytes(self._content).splitlines():
            iri, _, release = line.partition(b"\t")
            yield iri, release

    def __contains__(self, iri: str) -> bool:
        """Whether an IRI is gone."""
        return self.last_release(iri) is not None

    def last_release(self, iri: str) -> str | None:
        """Return the id of the last release that spoke of an IRI, or None where it is not gone."""
        wanted, low, high = iri.encode(), 0, len(self._content)
        while low < high:  # the line that a byte in the middle belongs to halves what is left
            middle = (low + high) // 2
            begin = self._content.rfind(b"\n", 0, middle) + 1
            end = self._content.find(b"\n", begin)
            found, _, release = self._content[begin:end].partition(b"\t")
            if found == wanted:
                return release.decode()
            if found < wanted:
                low = end + 1
            else:
                high = begin
        return None


# The things below the base that are named by a fragment: of which ``<base>people`` is asked when ``people#alice`` is.
#
# A release keeps their IRIs in one sorted file, a line each, so that a document finds its own by a search in that file:
# the store finds no IRI by its beginning. A release in which none has come or gone links its parent's file.

FRAGMENTS_FILE = "fragments.txt"


class Fragments(MappedFile):
    """A file of such IRIs, open for looking up."""

    def of(self, document: str, most: int) -> list[str]:
        """Return the IRIs of a document with a fragment, in order, at most so many."""
        start = f"{document}#".encode()
        return [each.decode() for each in islice(self._from(start), most)]

    def __contains__(self, document: str) -> bool:
        """Whether a document has any."""
        return bool(self.of(document, 1))

    def _from(self, start: bytes) -> Iterator[bytes]:
        """Yield the lines that begin so."""
        low, high = 0, len(self._content)
        while low < high:  # the line that a byte in the middle belongs to halves what is left
            middle = (low + high) // 2
            begin = self._content.rfind(b"\n", 0, middle) + 1
            end = self._content.find(b"\n", begin)
            if self._content[begin:end] < start:
                low = end + 1
            else:
                high = begin
        while low < len(self._content):
            end = self._content.find(b"\n", low)
            line = self._content[low:end]
            if not line.startswith(start):
                return
            yield line
            low = end + 1


def stated_in(texts: Iterable[bytes], base: str) -> set[bytes]:
    """Return the subjects below a base, with a fragment, of some texts of N-Triples."""
    subject = re.compile(rb"^<(" + re.escape(base.encode()) + rb"[^>\n]*#[^>\n]*)> ", re.MULTILINE)
    return {each for text in texts for each in subject.findall(text)}


def write_fragments(index: duckdb.DuckDBPyConnection, folder: Path, base: str) -> None:
    """Write the file of a large release that is made from nothing, of its triple index, and read no member."""
    _write(folder, (each.encode() for each in stated_below(index, base, _computed(base))))


def fragments_after_build(revision: ReleaseRevision) -> None:
    """Write the file of a release that is made from nothing, and has none yet: its members are read."""
    if not (revision.folder / FRAGMENTS_FILE).exists():
        _write(revision.folder, _of_members(revision))


def fragments_after_change(revision: ReleaseRevision, parent: Path, changes: Iterable[GraphChange]) -> None:
    """Write the file of a release that has been made of its parent, in the folder ``parent``, by some changes."""
    known, base = parent / FRAGMENTS_FILE, revision.base
    if not known.exists():  # a release of an earlier version
        _write(revision.folder, _of_members(revision))
        return
    stated = [each for each in changes if each.iri not in _computed(base)]
    come = stated_in((b"\n".join(each.added) for each in stated), base)
    gone = stated_in((b"\n".join(each.removed) for each in stated), base) - come
    gone = {each for each in gone if not _is_stated(revision, each.decode())}
    if not come and not gone:
        os.link(known, revision.folder / FRAGMENTS_FILE)
        return
    before = set(known.read_bytes().splitlines())
    if (after := (before | come) - gone) == before:
        os.link(known, revision.folder / FRAGMENTS_FILE)
    else:
        _write(revision.folder, after)


def _of_members(revision: ReleaseRevision) -> set[bytes]:
    stated = sorted(revision.entries.keys() - _computed(revision.base))
    chunks = (chunk for iri in stated for chunk in read_member(revision.place(iri), iri))
    return stated_in((each.triples for each in chunks), revision.base)


def _computed(base: str) -> set[str]:
    return {graph_iri(base, name) for name in COMPUTED_GRAPHS}


def _is_stated(revision: ReleaseRevision, iri: str) -> bool:
    computed = _computed(revision.base)
    quads = revision.store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
    return any(isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in computed for each in quads)


def _write(folder: Path, iris: Iterable[bytes]) -> None:
    (folder / FRAGMENTS_FILE).write_bytes(b"".join(each + b"\n" for each in sorted(iris)))
