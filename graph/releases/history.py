"""The history of a publication: which releases there are, which was current when, and how an older one is again.

A release is current from its making until the next one, or until a roll-back, which leaves a line in a log beside the
releases. Nothing else is written here, and no store is opened.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from graph.errors import ReleaseError
from graph.releases.folder import ReleasesFolder
from graph.releases.manifest import Manifest, read_manifest

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
            raise ReleaseError(f"{word!r} may be any of {_listed(found)}", "write more of the id")
        if not found:
            raise ReleaseError(f"no release {word[:200]!r}", "hamkor releases list shows what there is")
        return self.releases.release(found[0])

    def _named(self, word: str) -> Path:
        current = self.releases.current()
        if current is None:
            raise ReleaseError("there is no release yet", "run hamkor build")
        if word == "current":
            return current
        parent = read_manifest(current).parent
        if parent is None or parent not in self.releases.ids():
            problem = f"release {current.name} has no parent" if parent is None else f"release {parent} is gone"
            raise ReleaseError(problem, "hamkor releases list shows what there is")
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
    def purged(self) -> frozenset[str]:
        """Ids of the releases that were removed because they held what must not be published."""
        return frozenset(each.release for each in self._log(PURGED_FILE, Purged))

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
            raise ReleaseError("there is no release yet", "run hamkor build")
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
                raise ReleaseError(f"release {release_id} is the current one already")
            read_manifest(folder)
            self.releases.make_current(release_id)
            line = msgspec.json.encode(Rollback(datetime.now(UTC).replace(microsecond=0), release_id, before))
            with (self.releases.path / LOG_FILE).open("ab") as log:
                log.write(line + b"\n")
        return before


def _listed(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
