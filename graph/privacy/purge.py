"""Older releases that hold what is withheld now: they are removed whole, and their ids are remembered.

They are not rewritten: a release is known by its digest and never changes, and one that had changed in silence would be
a lie to whoever cites it. An id that was removed answers that it was. Releases that hold nothing of it stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from graph.errors import ReleaseError
from graph.privacy.traces import REVISED_FILE, read_traces
from graph.privacy.withholding import Withholding
from graph.releases.folder import ReleasesFolder
from graph.releases.history import PURGED_FILE, Purged
from graph.releases.holding import is_held
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.members import read_member

WAIT_SECONDS, LOOK_SECONDS = 3.0, 0.1
CLEARED_FILE = ".cleared.json"


class Cleared(msgspec.Struct):
    """Releases that have been looked through, and for what.

    Attributes:
        mark: the fingerprint of what is withheld.
        releases: ids of those that hold nothing of it.
    """

    mark: str = ""
    releases: list[str] = []


def purge(releases: ReleasesFolder, withholding: Withholding) -> tuple[str, ...]:
    """Remove every release but the current one that holds what is withheld; return their ids.

    A running service leaves a release within a second of its no longer being current; for that it is waited a moment,
    and then no longer: what is open stays readable to who has it open (POSIX unlink), and to nobody else.

    Raises:
        BusyError: somebody else is writing.
        ReleaseError: the folder cannot be written.
    """
    if not withholding:
        return ()
    with releases.writing():
        cleared = _cleared(releases, withholding)
        current = releases.current()
        others = [each for each in releases.ids() if current is None or each != current.name]
        goes = _Judgement(releases, withholding, frozenset(cleared.releases))
        found = [each for each in others if goes(each)]
        if found:
            _wait(releases, found)
            _remember(releases, found)
        for each in found:
            releases.remove(each)
        cleared.releases = [*releases.ids()]
        _write_cleared(releases, cleared)
    return tuple(found)


@dataclass
class _Judgement:
    """Which releases have to go; asked from the oldest to the newest."""

    releases: ReleasesFolder
    withholding: Withholding
    cleared: frozenset[str]
    _known: dict[str, bool] = field(default_factory=dict)
    _members: dict[str, bool] = field(default_factory=dict)

    def __call__(self, release_id: str) -> bool:
        """Whether a release holds what is withheld, or may: where it was made of one that does, or that is not here."""
        folder = self.releases.path / release_id
        if release_id in self.cleared or read_traces(folder).mark == self.withholding.mark:
            self._known[release_id] = False
        else:
            self._known[release_id] = self._descends(folder) or self._holds(folder)
        return self._known[release_id]

    def _descends(self, folder: Path) -> bool:
        """Deleted rows stay in the files of a store, out of reach, until it merges them."""
        path = folder / REVISED_FILE
        return path.exists() and self._known.get(path.read_text(encoding="utf-8").strip(), True)

    def _holds(self, folder: Path) -> bool:
        try:
            entries = read_manifest(folder).graphs
        except ReleaseError:
            return True  # nobody knows what it holds
        return any(self._member_holds(folder, entry) for entry in entries)

    def _member_holds(self, folder: Path, entry: GraphEntry) -> bool:
        """Equal members are read once."""
        if entry.sha256 not in self._members:
            chunks = read_member(folder / entry.file, entry.iri)
            self._members[entry.sha256] = self.withholding.withholds(entry.iri) or any(
                self.withholding.holds(line) for chunk in chunks for line in chunk.lines()
            )
        return self._members[entry.sha256]


def _wait(releases: ReleasesFolder, found: list[str]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and any(is_held(releases.path / each) for each in found):
        time.sleep(LOOK_SECONDS)


def _remember(releases: ReleasesFolder, found: list[str]) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with (releases.path / PURGED_FILE).open("ab") as log:
        log.writelines(_lines(Purged(now, each) for each in found))


def _lines(found: Iterator[Purged]) -> Iterator[bytes]:
    return (msgspec.json.encode(each) + b"\n" for each in found)


def _cleared(releases: ReleasesFolder, withholding: Withholding) -> Cleared:
    """Return which releases need not be looked through again."""
    fresh = Cleared(withholding.mark.hex())
    try:
        known = msgspec.json.decode((releases.path / CLEARED_FILE).read_bytes(), type=Cleared)
    except (OSError, msgspec.DecodeError):
        return fresh
    return known if known.mark == fresh.mark else fresh


def _write_cleared(releases: ReleasesFolder, cleared: Cleared) -> None:
    path = releases.path / CLEARED_FILE
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(msgspec.json.encode(cleared))
    fresh.replace(path)
