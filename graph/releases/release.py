"""A release, opened for reading: its manifest, its members and its store. Nothing here ever changes one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyoxigraph as ox

from graph.errors import ReleaseError, StorageError, storage_code
from graph.publication import Publication
from graph.releases.folder import ReleasesFolder
from graph.releases.holding import Hold
from graph.releases.index import STORE_FOLDER
from graph.releases.manifest import GraphEntry, Manifest, read_manifest
from graph.releases.members import read_member
from graph.sources.chunks import Chunk

REPORT_FILE = "report.ttl"
CATALOG_FILE = "catalog.ttl"
GRAPHS_SHOWN = 20


@dataclass(frozen=True)
class Release:
    """One immutable release.

    Attributes:
        folder: where it is.
        manifest: what it says of itself.
        hold: keeps it from being pruned while it is read.
    """

    folder: Path
    manifest: Manifest
    hold: Hold | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """The release's id."""
        return self.manifest.id

    @cached_property
    def store(self) -> ox.Store:
        """The store, read-only; opened at the first use and kept."""
        try:
            return ox.Store.read_only(str(self.folder / STORE_FOLDER))
        except (OSError, RuntimeError) as problem:  # RuntimeError is RocksDB's word for corruption
            if storage_code(problem):
                raise StorageError.of(f"{self.id}: the store cannot be opened", problem) from problem
            raise ReleaseError(f"{self.id}: the store cannot be opened: {problem}", "run hamkor build") from problem

    def entry(self, iri: str) -> GraphEntry:
        """Return the manifest's entry of a named graph.

        Raises:
            ReleaseError: the release has no such graph.
        """
        for each in self.manifest.graphs:
            if each.iri == iri:
                return each
        base = f"{self.manifest.base}graph/"
        names = ", ".join(each.iri.removeprefix(base) for each in self.manifest.graphs[:GRAPHS_SHOWN])
        more = ", …" if len(self.manifest.graphs) > GRAPHS_SHOWN else ""
        raise ReleaseError(f"no graph <{iri}> in release {self.id}", f"there are {names}{more}")

    def read_graph(self, iri: str) -> Iterator[Chunk]:
        """Yield the triples of a named graph, exactly as they were parsed."""
        yield from read_member(self.folder / self.entry(iri).file, iri)

    def read_all(self) -> Iterator[Chunk]:
        """Yield the triples of all named graphs, graph by graph."""
        for each in self.manifest.graphs:
            yield from self.read_graph(each.iri)


def open_release(folder: Path) -> Release:
    """Return the release in ``folder``; as long as somebody has it, it is not pruned.

    Raises:
        ReleaseError: its manifest cannot be read.
    """
    hold = Hold(folder)
    return Release(folder, read_manifest(folder), hold)


def current_release(publication: Publication) -> Release:
    """Return the publication's current release.

    Raises:
        ReleaseError: there is none yet, or it cannot be read.
    """
    folder = ReleasesFolder(publication.releases_folder).current()
    if folder is None:
        raise ReleaseError("there is no release yet", "run hamkor build")
    return open_release(folder)
