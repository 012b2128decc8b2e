"""The things below the base that are named by a fragment: of which ``<base>people`` is asked when ``people#alice`` is.

A release keeps their IRIs in one sorted file, a line each, so that a document finds its own by a search in that file:
the store finds no IRI by its beginning. A release in which none has come or gone links its parent's file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

from graph.change import GraphChange
from graph.namespaces import COMPUTED_GRAPHS, graph_iri
from graph.releases.gone import MappedFile
from graph.releases.members import read_member
from graph.releases.revision import Revision

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


def fragments_after_build(revision: Revision) -> None:
    """Write the file of a release that has been made from nothing: its members are read."""
    _write(revision, _of_members(revision))


def fragments_after_change(revision: Revision, parent: Path, changes: Iterable[GraphChange]) -> None:
    """Write the file of a release that has been made of its parent, in the folder ``parent``, by some changes."""
    known, base = parent / FRAGMENTS_FILE, revision.base
    if not known.exists():  # a release of an earlier version
        _write(revision, _of_members(revision))
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
        _write(revision, after)


def _of_members(revision: Revision) -> set[bytes]:
    stated = sorted(revision.entries.keys() - _computed(revision.base))
    chunks = (chunk for iri in stated for chunk in read_member(revision.place(iri), iri))
    return stated_in((each.triples for each in chunks), revision.base)


def _computed(base: str) -> set[str]:
    return {graph_iri(base, name) for name in COMPUTED_GRAPHS}


def _is_stated(revision: Revision, iri: str) -> bool:
    computed = _computed(revision.base)
    quads = revision.store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
    return any(isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in computed for each in quads)


def _write(revision: Revision, iris: Iterable[bytes]) -> None:
    (revision.folder / FRAGMENTS_FILE).write_bytes(b"".join(each + b"\n" for each in sorted(iris)))
