"""Making a whole release current again, where nobody can tell which is, or the current one is damaged.

Nothing that may hold something is removed: what stands in the place of the link is set aside. A release in which
something is missing that can be made anew is not made current itself: a new one is made of what contributors wrote in
it, and of the files, and so is one that was made when less was withheld.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from graph.build import Progress, rebuild
from graph.errors import ReleaseError
from graph.privacy.traces import read_traces
from graph.privacy.withholding import withholding_of
from graph.publication import CURRENT, Publication
from graph.releases.checksums import mend_manifest, proven_manifest
from graph.releases.folder import ReleasesFolder
from graph.releases.history import ID
from graph.releases.holding import Hold
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.release import Release, open_release
from graph.releases.verify import newest_first, problems_of, whole_graph

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
        whole: id of the newest that is, or can be made anew; empty where none is.
        anew: what contributors wrote in it is whole, and something else is not, which can be made anew.
        is_current: whether it is whole and the current one already.
        lost: the graphs that contributors wrote which a newer release names and this one does not hold so.
    """

    fault: str
    damaged: tuple[Damaged, ...]
    whole: str
    anew: bool
    is_current: bool
    lost: tuple[str, ...]


def survey(releases: ReleasesFolder, *, mend: bool = False) -> Survey:
    """Return what there is; every file is read of the current release, or of all from the newest to a whole one.

    Args:
        releases: the releases.
        mend: whether a manifest is written again from its copy.
    """
    fault, damaged = releases.fault(), list[Damaged]()
    order = newest_first(releases)
    current = None if fault else releases.current()
    if current is not None:
        order = (current.name, *(each for each in order if each != current.name))
    whole, anew = "", False
    for each in order:
        folder = releases.path / each
        if mend:
            mend_manifest(folder)
        problems = problems_of(folder)
        anew = bool(problems) and _can_be_made_anew(releases, folder)
        if problems:
            damaged.append(Damaged(each, problems))
        if anew or not problems:
            whole = each
            break
    is_current = current is not None and current.name == whole and not anew
    lost = () if anew else _lost(releases, damaged, whole)
    return Survey(fault, tuple(damaged), whole, anew, is_current, lost)


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
        found = survey(releases, mend=True)
        if found.is_current:
            return found, found.whole, aside
        if not found.whole and not found.damaged and not found.fault:
            raise ReleaseError("there is no release yet", "run hamkor build")
        if not found.whole:
            raise ReleaseError("no release is whole", NOTHING_LEFT)
        aside = releases.set_aside() or aside
        folder = releases.path / found.whole
        if not found.anew and read_traces(folder).mark == withholding_of(publication).mark:
            releases.make_current(found.whole)
            return found, found.whole, aside
        return found, rebuild(publication, _opened(folder), progress).id, aside


def _opened(folder: Path) -> Release:
    """Return a release that can be trusted as far as its manifest goes, or its copy."""
    manifest = proven_manifest(folder)
    return Release(folder, manifest, Hold(folder)) if manifest is not None else open_release(folder)


def _can_be_made_anew(releases: ReleasesFolder, folder: Path) -> bool:
    """Whether everything that contributors wrote in a damaged release is whole somewhere."""
    manifest = proven_manifest(folder)
    if manifest is None or manifest.id != folder.name:
        return False
    release = Release(folder, manifest, Hold(folder))
    try:
        for entry in manifest.graphs:
            if entry.origin == "contributed":
                deque(whole_graph(releases, release, entry), maxlen=0)
    except ReleaseError:
        return False
    return True


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
