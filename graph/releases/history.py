"""The history of a publication: which release was current when, how two differ, and how an older one is again."""

from __future__ import annotations

import os
import re
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Literal, TypeVar
from zlib import crc32

import msgspec

from graph.model.errors import ReleaseError, Sentence
from graph.model.processes import HeldFolder
from graph.releases.manifest import Manifest, read_manifest
from graph.releases.release import Release, ReleasesFolder
from graph.sources.batches import Chunk

# The history of a publication: which releases there are, which was current when, and how an older one is again.
#
# A release is current from its making until the next one, or until a roll-back, which leaves a line in a log beside the
# releases. Nothing else is written here, and no store is opened.

LOG_FILE = "rollbacks.jsonl"
PURGED_FILE = "purged.jsonl"
WORDS = ("current", "parent")
SHOWN = 5
ID = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8}")


class Rollback(msgspec.Struct, frozen=True):
    """A line of the log.

    Attributes:
        time: ISO 8601, UTC.
        current: id of the release that became current again.
        before: id of the one that was.
    """

    time: datetime
    current: str
    before: str


class Purged(msgspec.Struct, frozen=True):
    """A line of the list of releases that were removed because they held what must not be published: when, which."""

    time: datetime
    release: str


class BuildCounts(msgspec.Struct, frozen=True):
    """What came of the builds of a publication, whichever process did them.

    Attributes:
        outcomes: how many have made a release, found nothing changed, were refused by the shapes, or failed.
        seconds: how long the last one took.
        ended: when it ended, in seconds since 1970; 0 where there was none.
    """

    outcomes: dict[str, int] = {}
    seconds: float = 0.0
    ended: float = 0.0


BUILDS_FILE = "builds.json"
BuildOutcome = Literal["made", "unchanged", "refused", "failed"]


def read_builds(folder: Path) -> BuildCounts:
    """Return what came of the builds; ``folder`` is the publication's work folder. What cannot be read is nothing."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / BUILDS_FILE).read_bytes(), type=BuildCounts)
    return BuildCounts()


def count_build(folder: Path, outcome: BuildOutcome, seconds: float) -> None:
    """Count a build that has just ended; of two at the same moment one may be left out."""
    known = read_builds(folder)
    outcomes = known.outcomes | {outcome: known.outcomes.get(outcome, 0) + 1}
    fresh = folder / f".{BUILDS_FILE}-{os.getpid()}"
    with suppress(OSError):  # the build itself says what the disk does not take
        fresh.write_bytes(msgspec.json.encode(BuildCounts(outcomes, seconds, time.time())) + b"\n")
        fresh.replace(folder / BUILDS_FILE)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """From ``time`` on, the release of this id was current."""

    time: datetime
    release: str


def release_time(release_id: str) -> datetime:
    """Return when a release was made; its id begins with that, to the second."""
    return datetime.strptime(release_id[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class History:
    """The releases of one folder, as they are now."""

    releases: ReleasesFolder

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests of all releases that can be read, oldest first."""
        return tuple(sorted(self._readable(), key=lambda each: (each.created, each.id)))

    def _readable(self) -> Iterator[Manifest]:
        for release_id in self.releases.ids():
            try:
                yield read_manifest(self.releases.path / release_id)
            except ReleaseError:
                continue

    @property
    def current(self) -> str:
        """Id of the current release; an empty string before the first one, and where nobody can tell which it is."""
        folder = self.releases.current() if not self.releases.fault() else None
        return folder.name if folder is not None else ""

    def find(self, word: str) -> Path:
        """Return the folder of the release that a word means: ``current``, ``parent`` (its), an id or its beginning.

        Raises:
            ReleaseError: it means none, or several.
        """
        if word in WORDS:
            return self._named(word)
        ids = self.releases.ids()
        found = [word] if word in ids else [each for each in ids if word and each.startswith(word)]
        if len(found) > 1:
            raise ReleaseError(
                Sentence("%(text)s may be any of %(names)s", text=repr(word), names=_listed(found)),
                Sentence("write more of the id"),
            )
        if not found:
            raise ReleaseError(
                Sentence("no release %(release)s", release=repr(word[:200])),
                Sentence("hamkor releases list shows what there is"),
            )
        return self.releases.release(found[0])

    def _named(self, word: str) -> Path:
        current = self.releases.current()
        if current is None:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
        if word == "current":
            return current
        parent = read_manifest(current).parent
        if parent is None or parent not in self.releases.ids():
            problem = (
                Sentence("release %(release)s has no parent", release=current.name)
                if parent is None
                else Sentence("release %(release)s is gone", release=parent)
            )
            raise ReleaseError(problem, Sentence("hamkor releases list shows what there is"))
        return self.releases.release(parent)

    def contributors(self, manifest: Manifest) -> tuple[str, ...]:
        """Return the names of those who wrote a graph of a release since its parent, in order.

        Where the parent is gone, everybody whose graph is in the release.
        """
        parent = next((each for each in self.manifests if each.id == manifest.parent), None)
        known = {} if parent is None else {each.iri: each.contribution for each in parent.graphs}
        fresh = [each.contribution for each in manifest.graphs if each.contribution != known.get(each.iri)]
        return tuple(sorted({each.name or each.id for each in fresh if each is not None}))

    @cached_property
    def rollbacks(self) -> tuple[Rollback, ...]:
        """What the log says, oldest first; a line that a killed process left unfinished is passed over."""
        return tuple(self._log(LOG_FILE, Rollback))

    @cached_property
    def removals(self) -> tuple[Purged, ...]:
        """Which releases were removed because they held what must not be published, and when."""
        return tuple(self._log(PURGED_FILE, Purged))

    @property
    def purged(self) -> frozenset[str]:
        """Ids of the releases that were removed because they held what must not be published."""
        return frozenset(each.release for each in self.removals)

    def _log(self, name: str, kind: type[T]) -> Iterator[T]:
        path = self.releases.path / name
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                yield msgspec.json.decode(line, type=kind)
            except msgspec.DecodeError:
                continue

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """When which release became current, oldest first; only releases that are still there."""
        made = [Moment(release_time(each), each) for each in self.releases.ids() if ID.fullmatch(each)]
        there = {each.release for each in made}
        again = [Moment(each.time, each.current) for each in self.rollbacks if each.current in there]
        return tuple(sorted((*made, *again), key=lambda each: each.time))

    def at(self, time: datetime) -> str:
        """Return the id of the release that was current at a time; of the first one before that (RFC 7089 4.5.3).

        Raises:
            ReleaseError: there is no release at all.
        """
        if not self.moments:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
        place = bisect_right(self.moments, time, key=lambda each: each.time)
        return self.moments[max(0, place - 1)].release

    def roll_back(self, release_id: str) -> str:
        """Make a release current again, in one step; return the id of the one that was.

        Raises:
            ReleaseError: there is no such release, or it is current already.
            BusyError: somebody else is writing.
        """
        with self.releases.writing():
            before = self.current
            folder = self.releases.release(release_id)
            if before == release_id:
                raise ReleaseError(Sentence("release %(release)s is the current one already", release=release_id))
            read_manifest(folder)
            self.releases.make_current(release_id)
            line = msgspec.json.encode(Rollback(datetime.now(UTC).replace(microsecond=0), release_id, before))
            with (self.releases.path / LOG_FILE).open("ab") as log:
                log.write(line + b"\n")
        return before


def _listed(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")


# The difference of two releases: which lines each named graph has lost and gained, read from their members.
#
# Only graphs whose digest differs are read, both members side by side. What stands in both cancels out as soon as it
# has been seen twice, so that memory holds what differs and what has moved; beyond a bound that goes to temporary
# files. It compares; it changes nothing and opens no store.

MOST_HELD = 200_000
MOST_FILES = 256
LINES_A_PART = 10_000


@dataclass(frozen=True, slots=True)
class DifferencePart:
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


def difference(old: Release | None, new: Release, graphs: Iterable[str] | None = None) -> Iterator[DifferencePart]:
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
) -> Iterator[DifferencePart]:
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
                yield DifferencePart(iri, not removed, tuple(lines[start : start + LINES_A_PART]))


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
