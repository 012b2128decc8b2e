"""Older releases that hold what is withheld now, or may: they are removed whole, and their ids are remembered.

Queries that are kept and speak of it go, too.

They are not rewritten: a release is known by its digest and never changes, and one that had changed in silence would be
a lie to whoever cites it. An id that was removed answers that it was. Releases that hold nothing of it stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from graph.errors import ReleaseError
from graph.privacy.traces import REVISED_FILE, read_traces
from graph.privacy.withholding import Withholding
from graph.query.kept import forget
from graph.releases.folder import ASIDE, ReleasesFolder
from graph.releases.gone import GONE_FILE, Gone
from graph.releases.history import PURGED_FILE, Purged
from graph.releases.holding import is_held
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.members import read_member

WAIT_SECONDS, LOOK_SECONDS = 3.0, 0.1
CLEARED_FILE = ".cleared.json"
FREE, HOLDS, DOUBTFUL = "", "holds", "doubtful"
"""What may be found of a release."""


class Cleared(msgspec.Struct):
    """Releases that have been looked through, and for what.

    Attributes:
        mark: the fingerprint of what is withheld.
        releases: ids of those that hold nothing of it.
    """

    mark: str = ""
    releases: list[str] = []


@dataclass(frozen=True, slots=True)
class Judged:
    """Which releases have to go, oldest first.

    Attributes:
        holding: ids of those that hold what is withheld.
        doubtful: ids of those of which nobody can show that they are free of it: they were made of another one that
            held it or is not here any more, so that deleted rows may lie in their stores, or they cannot be read.
    """

    holding: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All of them, oldest first."""
        return tuple(sorted((*self.holding, *self.doubtful)))


def judged(releases: ReleasesFolder, withholding: Withholding) -> Judged:
    """Return which releases would have to go, the current one among them; nothing is written."""
    if not withholding:
        return Judged()
    return _Judgement(releases, withholding, frozenset()).of(_all(releases))


def purge(releases: ReleasesFolder, withholding: Withholding) -> Judged:
    """Remove every release but the current one that holds what is withheld, or may; return which these were.

    Kept queries that speak of it go the first time. It is for the one writer, who holds ``releases.writing()``. A
    running service leaves a release within a second of its no longer being current; for that it is waited a moment, and
    then no longer: what is open stays readable to who has it open (POSIX unlink), and to nobody else.
    """
    if not withholding:
        return Judged()
    if not is_purged(releases, withholding):
        forget(releases.path.parent, withholding.holds_query)
    cleared = _cleared(releases, withholding)
    current = releases.current()
    others = [each for each in _all(releases) if current is None or each != current.name]
    found = _Judgement(releases, withholding, frozenset(cleared.releases)).of(others)
    if found.all:
        _wait(releases, found.all)
        _remember(releases, found.all)
    for each in found.all:
        releases.remove(each)
    is_clean = current is not None and read_traces(current).mark == withholding.mark
    cleared.releases = [each for each in releases.ids() if is_clean or current is None or each != current.name]
    _write_cleared(releases, cleared)
    return found


def _all(releases: ReleasesFolder) -> tuple[str, ...]:
    """Return the names of all releases, also of what was set aside when they were recovered."""
    aside = (each.name for each in releases.path.glob(f"{ASIDE}*") if each.is_dir())
    return *releases.ids(), *sorted(aside)


def is_purged(releases: ReleasesFolder, withholding: Withholding) -> bool:
    """Whether the releases have been looked through for all that is withheld now: a killed writer may have not."""
    return not withholding or _looked_through(releases).mark == withholding.mark.hex()


@dataclass
class _Judgement:
    """Which releases have to go; asked from the oldest to the newest."""

    releases: ReleasesFolder
    withholding: Withholding
    cleared: frozenset[str]
    _known: dict[str, bool] = field(default_factory=dict)
    _members: dict[str, bool] = field(default_factory=dict)

    def of(self, ids: Iterable[str]) -> Judged:
        """Return which of some releases hold what is withheld, and which may."""
        found = {each: self._judge(each) for each in ids}
        return Judged(
            tuple(each for each, verdict in found.items() if verdict == HOLDS),
            tuple(each for each, verdict in found.items() if verdict == DOUBTFUL),
        )

    def _judge(self, release_id: str) -> str:
        folder = self.releases.path / release_id
        if release_id in self.cleared or read_traces(folder).mark == self.withholding.mark:
            verdict = FREE
        else:
            verdict = self._held(folder) or (DOUBTFUL if self._descends(folder) else FREE)
        self._known[release_id] = verdict != FREE
        return verdict

    def _descends(self, folder: Path) -> bool:
        """Deleted rows stay in the files of a store, out of reach, until it merges them."""
        path = folder / REVISED_FILE
        return path.exists() and self._known.get(path.read_text(encoding="utf-8").strip(), True)

    def _held(self, folder: Path) -> str:
        try:
            holds = any(self._member_holds(folder, each) for each in read_manifest(folder).graphs)
        except ReleaseError:
            return DOUBTFUL  # nobody knows what it holds
        return HOLDS if holds or _names_withheld(folder, self.withholding) else FREE

    def _member_holds(self, folder: Path, entry: GraphEntry) -> bool:
        """Equal members are read once."""
        if entry.sha256 not in self._members:
            chunks = read_member(folder / entry.file, entry.iri)
            self._members[entry.sha256] = self.withholding.withholds(entry.iri) or any(
                self.withholding.holds(line) for chunk in chunks for line in chunk.lines()
            )
        return self._members[entry.sha256]


def _names_withheld(folder: Path, withholding: Withholding) -> bool:
    """Whether a release names what is withheld among what was gone when it was made."""
    return any(withholding.withholds(iri.decode()) for iri, _ in Gone.read(folder / GONE_FILE).rows())


def _wait(releases: ReleasesFolder, found: Iterable[str]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and any(is_held(releases.path / each) for each in found):
        time.sleep(LOOK_SECONDS)


def _remember(releases: ReleasesFolder, found: Iterable[str]) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with (releases.path / PURGED_FILE).open("ab") as log:
        log.writelines(_lines(Purged(now, each) for each in found))


def _lines(found: Iterable[Purged]) -> Iterable[bytes]:
    return (msgspec.json.encode(each) + b"\n" for each in found)


def _cleared(releases: ReleasesFolder, withholding: Withholding) -> Cleared:
    """Return which releases need not be looked through again."""
    known, mark = _looked_through(releases), withholding.mark.hex()
    return known if known.mark == mark else Cleared(mark)


def _looked_through(releases: ReleasesFolder) -> Cleared:
    try:
        return msgspec.json.decode((releases.path / CLEARED_FILE).read_bytes(), type=Cleared)
    except (OSError, msgspec.DecodeError):
        return Cleared()


def _write_cleared(releases: ReleasesFolder, cleared: Cleared) -> None:
    path = releases.path / CLEARED_FILE
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(msgspec.json.encode(cleared))
    fresh.replace(path)
