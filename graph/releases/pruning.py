"""Taking old releases away: which may go, and how much of the disk that gives back.

The current release stays, and so does one that somebody reads. What several releases share by hard links is given back
with the last of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from graph.errors import ReleaseError
from graph.releases.checksums import damaged
from graph.releases.folder import ReleasesFolder
from graph.releases.holding import is_held
from graph.releases.manifest import MANIFEST_FILE
from graph.releases.verify import readable_current

BLOCK = 512
"""What st_blocks counts in (POSIX stat)."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was done.

    Attributes:
        removed: ids of the releases that are gone, oldest first.
        held: ids of those that would be, but somebody reads them.
        freed: bytes of the disk that were given back.
    """

    removed: tuple[str, ...]
    held: tuple[str, ...]
    freed: int


def prune(releases: ReleasesFolder, keep: int) -> Pruned:
    """Take all releases away but the ``keep`` newest, the current one, and those that are read.

    Raises:
        BusyError: somebody else is writing.
        ReleaseError: the folder cannot be written, or the current release is not whole: an older one may be needed.
    """
    with releases.writing():
        current = readable_current(releases)
        if current is not None and (wrong := next(damaged(current.folder), None)):
            raise ReleaseError(f"{current.id} is not whole: {wrong[1]}", "run hamkor build")  # older ones may mend it
        ids = [each for each in releases.ids() if (releases.path / each / MANIFEST_FILE).exists()]
        kept = {*ids[max(0, len(ids) - keep) :], current.folder.name if current is not None else ""}
        old = [each for each in ids if each not in kept]
        held = tuple(each for each in old if is_held(releases.path / each))
        removed = tuple(each for each in old if each not in held)
        freed = disk_given_back(releases.path / each for each in removed)
        for each in removed:
            releases.remove(each)
    return Pruned(removed, held, freed)


def disk_given_back(folders: Iterable[Path]) -> int:
    """Return how many bytes of the disk are given back where these folders are removed: files linked elsewhere stay."""
    links, files = Counter[tuple[int, int]](), dict[tuple[int, int], tuple[int, int]]()
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.lstat()
            if path.is_symlink() or not path.is_file():
                continue
            key = (status.st_dev, status.st_ino)
            links[key] += 1
            files[key] = (status.st_nlink, status.st_blocks * BLOCK)
    return sum(size for key, (count, size) in files.items() if links[key] >= count)
