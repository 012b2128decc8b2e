"""A publication: a folder with data, and perhaps an ontology, shapes and settings.

It knows which files there are, what each is for and which named graph each one fills. It reads none of them, but for
the beginning of those whose names leave open what they are: that is ``graph.sources``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from graph.model.errors import Said, Sentence, SettingError
from graph.model.formats import CERTAIN, CODINGS, GROUP_FILE, METADATA_SUFFIX, recognised
from graph.model.rdf_terms import COMPUTED_GRAPHS, ONTOLOGY_GRAPH, SCHEMES_GRAPH, SHAPES_GRAPH, graph_iri
from graph.model.settings import PublishedSettings, Settings, read_settings

SETTINGS_FILE = "hamkor.toml"
SUPPRESSION_FILE = "withheld.json"
LARGEST_METADATA = 1 << 20
WORK_FOLDER, UPLOADS_FOLDER = ".hamkor", ".hamkor/uploads"
ORIGIN_FILE = "origin.json"
"""In the work folder of a copy: whom it follows."""
CURRENT = "current"
"""The link to the current release, in the folder of the releases."""
CONTEXT_FILE = "ontology/context.jsonld"
FRAMES_FOLDER = "ontology/frames"
FOLDERS = ("ontology", "shapes", "data")
PATCHES_FOLDER = "patches"
"""Where corrections lie that are applied to what the files say (``graph.sources.rdf_patches``)."""
PROPOSALS_FILE = "proposals.sqlite"
"""In the work folder: what people have proposed, which is in no release (``graph.parts.proposals``)."""
FOR_PEOPLE = re.compile(r"(?:readme|licen[cs]e|notice|changelog)\b.*|.*\.md|~\$.*", re.I)
"""Files beside the data of which nobody expects that they are read."""

Role = Literal["data", "ontology", "shapes"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a publication.

    Attributes:
        path: where it is.
        name: its path relative to the publication, for messages and the manifest.
        role: which part of the publication it belongs to.
        graph: IRI of the named graph that takes the triples which the file puts in no graph of its own.
        form: its format, as ``graph.model.formats`` has it; empty where its name is to say it.
        inner: its path below its folder, after which the rows of tables are named; empty for its name.
    """

    path: Path
    name: str
    role: Role
    graph: str
    form: str = ""
    inner: str = ""


class ReplicaOrigin(msgspec.Struct, frozen=True):
    """Of whom a folder is a copy: nothing is published in it.

    Attributes:
        url: where its releases come from; it holds no credentials.
        publisher: where the publisher's service is; empty where nobody says.
        settings: the publisher's settings that answers depend on.
        follows: whether it goes on following whoever publishes there; else it was copied once.
    """

    url: str
    publisher: str = ""
    settings: PublishedSettings = PublishedSettings()
    follows: bool = True


@dataclass(frozen=True, slots=True)
class Publication:
    """A folder that can be published.

    Attributes:
        root: the folder.
        settings: what its settings say.
        staged_list: the list of what is withheld that a release is being made with, before it is anybody else's.
        origin: where the folder is a copy, whose.
    """

    root: Path
    settings: Settings
    staged_list: Path | None = None
    origin: ReplicaOrigin | None = None

    @property
    def is_replicated(self) -> bool:
        """Whether its releases come from elsewhere, or go there, while it is served."""
        return self.origin.follows if self.origin is not None else bool(self.settings.replication.to)

    @property
    def base(self) -> str:
        """The IRI below which everything of this publication is named."""
        return self.settings.base

    @property
    def releases_folder(self) -> Path:
        """Where its releases are kept."""
        return self.root / WORK_FOLDER / "releases"

    @property
    def brought_list(self) -> Path:
        """Where the list of what is withheld lies in the current release, before it is moved to its place."""
        return self.releases_folder / CURRENT / SUPPRESSION_FILE

    @property
    def suppression_files(self) -> tuple[Path, ...]:
        """Where the list of what is withheld may be: the first that is there holds, and there may be none."""
        if self.staged_list is not None:
            return (self.staged_list,)
        # In this order: it may be moved from there to here meanwhile, and never back.
        return self.brought_list, self.root / SUPPRESSION_FILE

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
        found = tuple(each for each in self._all() if isinstance(each, SourceFile))
        if not found and not may_be_none:
            problem = Sentence("nothing to publish: put .ttl, .nq, .csv … files into a folder 'data'")
            if unread := self.unread():
                problem = Sentence("%(problem)s; not read: %(file)s", problem=problem, file=unread[0])
            if more := len(unread[1:]):
                problem = Sentence("%(problem)s and %(number)s more", problem=problem, number=str(more))
            raise SettingError(str(self.root), problem)
        _refuse_clashes(found)
        return found

    def patches(self) -> tuple[Path, ...]:
        """Return the patches of what its files say, in the order in which they are applied: that of their numbers."""
        found = (each for each in files_below(self.root / PATCHES_FOLDER) if each.suffix == ".rdfp" and each.is_file())
        return tuple(sorted(found, key=lambda each: (len(each.name.partition("-")[0]), each.name)))

    def unread(self) -> tuple[UnreadFile, ...]:
        """Return the files of its folders that are not read, but for those that are written for people."""
        return tuple(each for each in self._all() if isinstance(each, UnreadFile))

    def _all(self) -> Iterator[SourceFile | UnreadFile]:
        for folder in FOLDERS:
            yield from self._files(folder)

    def _files(self, folder: str) -> Iterator[SourceFile | UnreadFile]:
        top = self.root / folder
        for path in files_below(top):
            place = path.relative_to(self.root)
            if place.as_posix() == CONTEXT_FILE or place.parent.as_posix() == FRAMES_FOLDER:
                continue
            found = recognised(path)
            if found.form:
                _check_file(path, place.as_posix())
                inner = path.relative_to(top)
                name = (inner.parent / found.name).as_posix()
                yield SourceFile(path, place.as_posix(), *self._part(place, name), found.form, inner.as_posix())
            elif path.is_file() and not FOR_PEOPLE.fullmatch(path.name) and not _is_metadata(path):
                yield UnreadFile(place.as_posix().encode(errors="backslashreplace").decode(), found.reason)

    def _part(self, place: Path, name: str) -> tuple[Role, str]:
        """Return for what a file is, and the graph that it fills."""
        match place.parts[0]:
            case "ontology":
                is_scheme = place.parent.name == "schemes"
                return "ontology", self.graph(SCHEMES_GRAPH if is_scheme else ONTOLOGY_GRAPH)
            case "shapes":
                return "shapes", self.graph(SHAPES_GRAPH)
        return "data", self.graph(name)


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file in a publication's folders that is not read: its name there, and why not."""

    name: str
    reason: Said

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


def files_below(top: Path) -> list[Path]:
    """Return the files below a folder in a fixed order, hidden ones left out; links to folders are followed, once.

    A folder that bears the name of a source file is among them.
    """
    found, waiting, seen = list[Path](), [top], set[Path]()
    while waiting:
        folder = waiting.pop()
        if not folder.is_dir() or folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        for path in folder.iterdir():
            if not path.name.startswith("."):
                is_folder = path.is_dir() and path.suffix.lower() not in CERTAIN
                (waiting if is_folder else found).append(path)
    return sorted(found)


def _is_metadata(path: Path) -> bool:
    """Whether a file is the metadata of a table that is there, or is named in such."""
    if path.name == GROUP_FILE:
        return True
    table = path.with_name(path.name.removesuffix(METADATA_SUFFIX))
    if table != path and any(path.with_name(table.name + packed).is_file() for packed in ("", *CODINGS)):
        return True
    if path.suffix != ".json":
        return False
    described = (each for each in path.parent.glob(f"*{METADATA_SUFFIX}") if each != path and each.is_file())
    return any(f'"{path.name}"'.encode() in _beginning(each) for each in described)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST_METADATA)


def _check_file(path: Path, name: str) -> None:
    """Refuse what looks like a source and is none: passing it over would lose data in silence."""
    if not name.isprintable():
        raise SettingError(
            name.encode(errors="backslashreplace").decode(), Sentence("the file's name is no UTF-8; rename it")
        )
    if path.is_dir():
        raise SettingError(name, Sentence("a directory bears the name of a source file; rename it"))
    if not path.is_file():
        leads_nowhere = Sentence("no such file: a link that leads nowhere")
        raise SettingError(name, leads_nowhere if path.is_symlink() else Sentence("no regular file"))


def _refuse_clashes(sources: tuple[SourceFile, ...]) -> None:
    taken: dict[str, str] = {}
    for source in sources:
        if source.role != "data":
            taken.setdefault(source.graph, source.name)
            continue
        if source.graph.endswith(tuple(f"/graph/{name}" for name in COMPUTED_GRAPHS)):
            computed = Sentence("the graph <%(graph)s> is computed; give the file another name", graph=source.graph)
            raise SettingError(source.name, computed)
        if source.graph in taken:
            raise SettingError(
                source.name,
                Sentence(
                    "fills the same graph <%(graph)s> as %(file)s; rename one of them",
                    graph=source.graph,
                    file=taken[source.graph],
                ),
            )
        taken[source.graph] = source.name


def open_publication(folder: Path) -> Publication:
    """Return the publication in ``folder``.

    Raises:
        SettingError: it is no folder, or its settings are not usable.
    """
    if not folder.is_dir():
        raise SettingError(str(folder), Sentence("no such folder"))
    own, origin = read_settings(folder / SETTINGS_FILE), read_origin(folder)
    settings = origin.settings.over(own) if origin is not None and origin.settings.base else own
    return Publication(folder.resolve(), settings, origin=origin)


def read_origin(folder: Path) -> ReplicaOrigin | None:
    """Return of whom the publication in ``folder`` is a copy, or None where it is none.

    Raises:
        SettingError: that cannot be read.
    """
    path = folder / WORK_FOLDER / ORIGIN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=ReplicaOrigin)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as problem:
        raise SettingError(
            f"{WORK_FOLDER}/{ORIGIN_FILE}", Sentence("whom this copy follows cannot be read: %(words)s", words=problem)
        ) from problem


def find_publication(start: Path) -> Publication:
    """Return the publication of the nearest folder, from ``start`` upwards, that has a ``hamkor.toml``.

    Raises:
        SettingError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / SETTINGS_FILE).is_file() or (folder / WORK_FOLDER / ORIGIN_FILE).is_file():
            return open_publication(folder)
    raise SettingError(
        str(start),
        Sentence("no %(file)s here or above; name the folder with --publication DIR", file=SETTINGS_FILE),
    )
