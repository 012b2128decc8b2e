"""A publication: a folder with data, and perhaps an ontology, shapes and settings.

It knows which files there are, what each is for and which named graph each one fills. It reads none of them: that is
``graph.sources``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graph.errors import SettingError
from graph.namespaces import COMPUTED_GRAPHS, ONTOLOGY_GRAPH, SCHEMES_GRAPH, SHAPES_GRAPH, graph_iri
from graph.settings import Settings, read_settings

SETTINGS_FILE = "hamkor.toml"
SUPPRESSION_FILE = "withheld.json"
WORK_FOLDER = ".hamkor"
CONTEXT_FILE = "ontology/context.jsonld"
FRAMES_FOLDER = "ontology/frames"
SOURCE_SUFFIXES = frozenset({".ttl", ".nt", ".nq", ".trig", ".jsonld", ".rdf", ".csv"})

Role = Literal["data", "ontology", "shapes"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a publication.

    Attributes:
        path: where it is.
        name: its path relative to the publication, for messages and the manifest.
        role: which part of the publication it belongs to.
        graph: IRI of the named graph that takes the triples which the file puts in no graph of its own.
    """

    path: Path
    name: str
    role: Role
    graph: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A folder that can be published."""

    root: Path
    settings: Settings

    @property
    def base(self) -> str:
        """The IRI below which everything of this publication is named."""
        return self.settings.base

    @property
    def releases_folder(self) -> Path:
        """Where its releases are kept."""
        return self.root / WORK_FOLDER / "releases"

    def graph(self, name: str) -> str:
        """Return the IRI of its named graph ``name``."""
        return graph_iri(self.base, name)

    def sources(self, *, may_be_none: bool = False) -> tuple[SourceFile, ...]:
        """Return its files in a fixed order: ontology, shapes, data, each by name.

        Args:
            may_be_none: there is something to publish without files, such as what contributors wrote.

        Raises:
            SettingError: there is no file, or two files claim the same named graph.
        """
        found = (*self._ontology(), *self._files("shapes", "shapes"), *self._files("data", "data"))
        if not found and not may_be_none:
            raise SettingError(str(self.root), "nothing to publish: put .ttl, .nq, .csv … files into a folder 'data'")
        _refuse_clashes(found)
        return found

    def _ontology(self) -> Iterator[SourceFile]:
        for source in self._files("ontology", "ontology"):
            in_schemes = source.path.parent.name == "schemes"
            yield SourceFile(
                source.path, source.name, "ontology", self.graph(SCHEMES_GRAPH if in_schemes else ONTOLOGY_GRAPH)
            )

    def _files(self, folder: str, role: Role) -> Iterator[SourceFile]:
        top = self.root / folder
        for path in sorted(top.rglob("*") if role == "ontology" else top.glob("*")):
            place = path.relative_to(self.root)
            if path.suffix.lower() not in SOURCE_SUFFIXES or any(part.startswith(".") for part in place.parts):
                continue
            if place.as_posix() != CONTEXT_FILE and place.parent.as_posix() != FRAMES_FOLDER:
                _check_file(path, place.as_posix())
                name = SHAPES_GRAPH if role == "shapes" else path.name.removesuffix(path.suffix)
                yield SourceFile(path, place.as_posix(), role, self.graph(name))


def _check_file(path: Path, name: str) -> None:
    """Refuse what looks like a source and is none: passing it over would lose data in silence."""
    if not name.isprintable():
        raise SettingError(name.encode(errors="backslashreplace").decode(), "the file's name is no UTF-8; rename it")
    if path.is_dir():
        raise SettingError(name, "a directory bears the name of a source file; rename it")
    if not path.is_file():
        raise SettingError(name, "no such file: a link that leads nowhere" if path.is_symlink() else "no regular file")


def _refuse_clashes(sources: tuple[SourceFile, ...]) -> None:
    taken: dict[str, str] = {}
    for source in sources:
        if source.role != "data":
            taken.setdefault(source.graph, source.name)
            continue
        if source.graph.endswith(tuple(f"/graph/{name}" for name in COMPUTED_GRAPHS)):
            raise SettingError(source.name, f"the graph <{source.graph}> is computed; give the file another name")
        if source.graph in taken:
            raise SettingError(
                source.name, f"fills the same graph <{source.graph}> as {taken[source.graph]}; rename one of them"
            )
        taken[source.graph] = source.name


def open_publication(folder: Path) -> Publication:
    """Return the publication in ``folder``.

    Raises:
        SettingError: it is no folder, or its settings are not usable.
    """
    if not folder.is_dir():
        raise SettingError(str(folder), "no such folder")
    return Publication(folder.resolve(), read_settings(folder / SETTINGS_FILE))


def find_publication(start: Path) -> Publication:
    """Return the publication of the nearest folder, from ``start`` upwards, that has a ``hamkor.toml``.

    Raises:
        SettingError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / SETTINGS_FILE).is_file():
            return open_publication(folder)
    raise SettingError(str(start), f"no {SETTINGS_FILE} here or above; name the folder with --publication DIR")
