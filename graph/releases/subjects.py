"""The own things of a release, as lists of IRIs: what a sitemap lists. Made once, kept beside the release.

A thing of its own is a subject in some graph, below the base, that is no fragment of a document, no skolem IRI, and no
part of the computed catalogue.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from graph.errors import BusyError, StorageError, unreadable
from graph.namespaces import genid_iri
from graph.releases.downloads import FOLDER, SUBJECTS, making
from graph.releases.dumps import data_graphs
from graph.releases.manifest import Manifest
from graph.releases.members import read_member

READY = ".ready"
MOST = 49_000
"""How many IRIs stand in one list: a sitemap takes 50,000 URLs (sitemaps.org)."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The own things of the release in ``folder``."""

    folder: Path
    manifest: Manifest

    def lists(self) -> tuple[Path, ...] | None:
        """Return the lists, or None where they have not been made yet."""
        folder = self.folder / FOLDER / SUBJECTS
        return tuple(sorted(folder.glob("*.gz"))) if (folder / READY).exists() else None

    def make(self) -> tuple[Path, ...]:
        """Make the lists, unless somebody has meanwhile.

        Raises:
            BusyError: something else is being made of this release.
            ReleaseError: a member cannot be read, or the lists cannot be kept.
        """
        try:
            with making(self.folder) as top:
                if (found := self.lists()) is not None:
                    return found
                folder, iris = top / SUBJECTS, self._iris()
                folder.mkdir(exist_ok=True)
                for number in range(1, 1_000_000):
                    part = list(islice(iris, MOST))
                    if not part:
                        break
                    text = "".join(f"{iri}\n" for iri in part)
                    (folder / f"{number:06}.gz").write_bytes(gzip.compress(text.encode(), 6, mtime=0))
                (folder / READY).touch()
        except BusyError:
            raise
        except OSError as problem:
            raise StorageError.of("the lists cannot be kept", problem) from problem
        return self.lists() or ()

    def _iris(self) -> Iterator[str]:
        base = self.manifest.base
        start, unnamed, seen = f"<{base}".encode(), f"<{genid_iri(base, '')}".encode(), set[int]()
        for entry in data_graphs(self.manifest):
            for chunk in read_member(self.folder / entry.file, entry.iri):
                subjects = dict.fromkeys(line.partition(b" ")[0] for line in chunk.lines())
                for each in subjects:
                    if each.startswith(start) and not each.startswith(unnamed) and b"#" not in each:
                        key = hash(each)
                        if key not in seen:
                            seen.add(key)
                            yield each[1:-1].decode()


def read_list(path: Path) -> Iterator[str]:
    """Yield the IRIs of a list.

    Raises:
        ReleaseError: it cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                yield line.rstrip("\n")
    except (OSError, EOFError) as problem:
        raise unreadable(path.name, problem, "ask again") from problem
