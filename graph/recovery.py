"""Making a whole release current again, where nobody can tell which is, or the current one is damaged.

Nothing that may hold something is removed: what stands in the place of the link is set aside. A release in which
something is missing that can be made anew is not made current itself: a new one is made of what contributors wrote in
it, and of the files, and so is one that was made when less was withheld.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.build import Progress, rebuild
from graph.errors import ReleaseError
from graph.privacy.traces import read_traces
from graph.privacy.withholding import withholding_of
from graph.publication import CURRENT, Publication
from graph.releases.folder import ReleasesFolder
from graph.releases.history import ID
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.release import open_release
from graph.releases.verify import newest_first, problems_of

NOTHING_LEFT = (
    "restore a back-up (hamkor restore), or move the folder .hamkor/releases away and run hamkor build: "
    "what contributors wrote is then gone"
)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A release that is not whole: its id, and what is wrong with it, a sentence each."""

    release: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found among the releases.

    Attributes:
        fault: why nobody can tell which release is current, in words; empty where one can.
        damaged: the releases that are not whole, newest first, as far as they were looked at.
        whole: id of the newest that is; empty where none is.
        is_current: whether that is the current one already.
        lost: the graphs that contributors wrote which a newer release names and the whole one does not hold so.
    """

    fault: str
    damaged: tuple[Damaged, ...]
    whole: str
    is_current: bool
    lost: tuple[str, ...]


def survey(releases: ReleasesFolder) -> Survey:
    """Return what there is; every file is read of the current release, or of all from the newest to a whole one."""
    fault, damaged = releases.fault(), list[Damaged]()
    order = newest_first(releases)
    current = None if fault else releases.current()
    if current is not None:
        order = (current.name, *(each for each in order if each != current.name))
    whole = ""
    for each in order:
        if not (problems := problems_of(releases.path / each)):
            whole = each
            break
        damaged.append(Damaged(each, problems))
    is_current = current is not None and current.name == whole
    return Survey(fault, tuple(damaged), whole, is_current, _lost(releases, damaged, whole))


def recover(publication: Publication, progress: Progress = lambda *_: None) -> tuple[Survey, str, Path | None]:
    """Make the newest whole release current; return what was found, the id of the current one, and what was set aside.

    Raises:
        BusyError: somebody else is writing.
        ReleaseError: no release is whole.
        Others: as ``build``, where a release has to be made anew.
    """
    releases = ReleasesFolder(publication.releases_folder)
    with releases.writing():
        aside = _as_release(releases)
        found = survey(releases)
        if found.is_current:
            return found, found.whole, aside
        if not found.whole and not found.damaged and not found.fault:
            raise ReleaseError("there is no release yet", "run hamkor build")
        if not found.whole:
            raise ReleaseError("no release is whole", NOTHING_LEFT)
        aside = releases.set_aside() or aside
        folder = releases.path / found.whole
        if read_traces(folder).mark == withholding_of(publication).mark:
            releases.make_current(found.whole)
            return found, found.whole, aside
        return found, rebuild(publication, open_release(folder), progress).id, aside


def _as_release(releases: ReleasesFolder) -> Path | None:
    """Let a folder in the place of the link be the release that it is a copy of, where that is not here."""
    place = releases.path / CURRENT
    if place.is_symlink() or not place.is_dir():
        return None
    try:
        release_id = read_manifest(place).id
    except ReleaseError:
        return None
    is_known = release_id in releases.ids()
    if not ID.fullmatch(release_id) or (is_known and not problems_of(releases.path / release_id)):
        return None
    return None if problems_of(place, release_id) else releases.as_release(release_id)


def _lost(releases: ReleasesFolder, damaged: list[Damaged], whole: str) -> tuple[str, ...]:
    held = _contributed(releases.path / whole) if whole else {}
    newer = [_contributed(releases.path / each.release) for each in damaged]
    return tuple(sorted({iri for each in newer for iri, digest in each.items() if held.get(iri) != digest}))


def _contributed(folder: Path) -> dict[str, str]:
    """Return the digests of the graphs that contributors wrote, as far as the manifest can be read."""
    try:
        entries: tuple[GraphEntry, ...] = read_manifest(folder).graphs
    except ReleaseError:
        return {}
    return {each.iri: each.digest for each in entries if each.origin == "contributed"}
