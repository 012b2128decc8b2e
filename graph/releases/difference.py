"""The difference of two releases: which lines each named graph has lost and gained, read from their members.

Only graphs whose digest differs are read, both members side by side. What stands in both cancels out as soon as it has
been seen twice, so that memory holds what differs and what has moved; beyond a bound that goes to temporary files. It
compares; it changes nothing and opens no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from zlib import crc32

from graph.releases.release import Release
from graph.sources.chunks import Chunk
from graph.temporary import HeldFolder

MOST_HELD = 200_000
MOST_FILES = 256
LINES_A_PART = 10_000
PATCH_MEDIA_TYPE = "application/rdf-patch"


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the difference of one graph.

    Attributes:
        graph: its IRI.
        added: whether the lines have come; otherwise they have gone.
        lines: canonical N-Triples lines without their ends, sorted.
    """

    graph: str
    added: bool
    lines: tuple[bytes, ...]

    def quads(self) -> bytes:
        """Return the lines as N-Quads."""
        return Chunk(self.graph, b"".join(line + b"\n" for line in self.lines)).quads()

    def patch(self) -> bytes:
        """Return the lines as rows of an RDF Patch: ``A`` for added quads, ``D`` for deleted ones."""
        sign = b"A " if self.added else b"D "
        return b"".join(sign + line for line in self.quads().splitlines(keepends=True))


def changed_graphs(old: Release | None, new: Release) -> tuple[str, ...]:
    """Return the IRIs of the graphs whose content differs, in order; no old release is an empty one."""
    before = {} if old is None else {each.iri: each.digest for each in old.manifest.graphs}
    after = {each.iri: each.digest for each in new.manifest.graphs}
    return tuple(sorted(iri for iri in before.keys() | after.keys() if before.get(iri) != after.get(iri)))


def difference(old: Release | None, new: Release, graphs: Iterable[str] | None = None) -> Iterator[Part]:
    """Yield what has to be taken from ``old`` and added to it to make ``new``, graph by graph, removals first.

    Args:
        old: the release to start from; None is an empty one.
        new: the release to arrive at.
        graphs: only these; by default all that differ.

    Raises:
        ReleaseError: a member cannot be read.
    """
    before = set() if old is None else {each.iri for each in old.manifest.graphs}
    after = {each.iri for each in new.manifest.graphs}
    for iri in changed_graphs(old, new) if graphs is None else graphs:
        removed = old.read_graph(iri) if old is not None and iri in before else iter(())
        added = new.read_graph(iri) if iri in after else iter(())
        yield from graph_difference(iri, removed, added)


def graph_difference(
    iri: str, before: Iterable[Chunk], after: Iterable[Chunk], most_held: int = MOST_HELD
) -> Iterator[Part]:
    """Yield the difference of one graph, given its triples before and after, each once.

    Args:
        iri: the graph.
        before: what it held.
        after: what it holds now.
        most_held: how many lines are held in memory.
    """
    with _Unmatched(most_held) as unmatched:
        for one, other in zip_longest(before, after):
            if one is None or other is None or one.triples != other.triples:
                unmatched.add(one.lines() if one else (), other.lines() if other else ())
        for removed, lines in unmatched.left():
            for start in range(0, len(lines), LINES_A_PART):
                yield Part(iri, not removed, tuple(lines[start : start + LINES_A_PART]))


@dataclass
class _Unmatched:
    """Lines that have been seen on one side and not on the other, so far."""

    most: int
    removed: set[bytes] = field(default_factory=set)
    added: set[bytes] = field(default_factory=set)
    _folder: Path | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> _Unmatched:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the temporary files, where there are any."""
        self._stack.close()

    def add(self, before: Iterable[bytes], after: Iterable[bytes]) -> None:
        """Take lines of either side; those that stand on both cancel out."""
        gone, come = set(before), set(after)
        both = gone & come
        gone -= both
        come -= both
        back, met = self.removed & come, self.added & gone
        self.removed -= back
        self.added -= met
        self.removed |= gone - met
        self.added |= come - back
        if len(self.removed) + len(self.added) > self.most:
            self._spill()

    def _spill(self) -> None:
        """Move what is held to files, equal lines to the same one."""
        if self._folder is None:
            self._folder = self._stack.enter_context(HeldFolder())
        for side, lines in (("removed", self.removed), ("added", self.added)):
            parts: dict[int, list[bytes]] = {}
            for line in lines:
                parts.setdefault(crc32(line) % MOST_FILES, []).append(line + b"\n")
            for number, part in parts.items():
                with (self._folder / f"{number}.{side}").open("ab") as file:
                    file.writelines(part)
        self.removed, self.added = set(), set()

    def left(self) -> Iterator[tuple[bool, list[bytes]]]:
        """Yield what was never matched: whether it was removed, and the lines in order."""
        if self._folder is None:
            yield True, sorted(self.removed)
            yield False, sorted(self.added)
            return
        self._spill()
        for number in range(MOST_FILES):
            removed, added = (_lines(self._folder / f"{number}.{side}") for side in ("removed", "added"))
            yield True, sorted(removed - added)
            yield False, sorted(added - removed)


def _lines(path: Path) -> set[bytes]:
    return set(path.read_bytes().split(b"\n")[:-1]) if path.exists() else set()


def patch(old: Release | None, new: Release) -> Iterator[bytes]:
    """Yield the difference as an RDF Patch (https://afs.github.io/rdf-delta/rdf-patch.html), one transaction."""
    yield f"H id <{_iri(new)}> .\n".encode()
    if old is not None:
        yield f"H prev <{_iri(old)}> .\n".encode()
    yield b"TX .\n"
    for part in difference(old, new):
        yield part.patch()
    yield b"TC .\n"


def _iri(release: Release) -> str:
    return f"{release.manifest.base}release/{release.id}"
