"""A release, opened for reading and held: its manifest, its graph files and its store. Nothing changes one here."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyoxigraph as ox

from graph.model.errors import ReleaseError, Sentence, StorageError, storage_code
from graph.model.publication import Publication
from graph.releases.folder import ReleasesFolder
from graph.releases.graph_files import read_member
from graph.releases.manifest import MANIFEST_FILE, GraphEntry, Manifest, read_manifest
from graph.releases.store import STORE_FOLDER
from graph.sources.batches import Chunk

# Who reads a release holds it: a shared lock on its manifest, by which pruning sees that somebody needs it.
#
# The system gives the lock back when its last descriptor is closed, also for a process that is killed; forked children
# share it with their parent. It keeps nobody from reading or writing.


class Hold:
    """A shared lock on a release, held until it is let go or collected."""

    __slots__ = ("_descriptor",)

    def __init__(self, folder: Path) -> None:
        """Hold the release in ``folder``; where the system has no locks or there is no release, hold nothing."""
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._descriptor = os.open(folder / MANIFEST_FILE, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def let_go(self) -> None:
        """Hold it no longer."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Let go at the latest when nobody knows of it any more."""
        self.let_go()


def is_held(folder: Path) -> bool:
    """Whether any process, this one included, holds the release in ``folder``."""
    try:
        descriptor = os.open(folder / MANIFEST_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no locks on this file system: nothing is known, so nothing is taken away
        return True
    finally:
        os.close(descriptor)
    return False


# A release, opened for reading: its manifest, its members and its store. Nothing here ever changes one.

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
                raise StorageError.of(
                    Sentence("%(release)s: the store cannot be opened", release=self.id), problem
                ) from problem
            raise ReleaseError(
                Sentence("%(release)s: the store cannot be opened: %(words)s", release=self.id, words=problem),
                Sentence("run hamkor build"),
            ) from problem

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
        if len(self.manifest.graphs) > GRAPHS_SHOWN:
            names += ", …"
        raise ReleaseError(
            Sentence("no graph <%(graph)s> in release %(release)s", graph=iri, release=self.id),
            Sentence("there are %(names)s", names=names),
        )

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
        raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
    return open_release(folder)
