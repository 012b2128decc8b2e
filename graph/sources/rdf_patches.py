"""Patches beside the sources (RDF Patch): what of the files is no longer said, and what is said besides.

A patch corrects a graph that a file fills, for whoever cannot change the file: it lies in ``patches/`` and is applied
at each build, in the order of the numbers, until somebody has folded it into the file. It changes no file, and no graph
that others write.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from graph.model.errors import Sentence, SourceError, StorageError
from graph.model.publication import PATCHES_FOLDER, Publication
from graph.sources.batches import Chunk, has_blank_node, lines_of
from graph.sources.document_checks import DocumentWarning, Told

LARGEST_BYTES = 16 << 20
MOST_TOLD = 300
SUFFIX = ".rdfp"
ASIDE = ("H ", "TX", "TC", "PA ", "PD ", "#")
"""Rows without statements: header, transaction, prefixes (which N-Quads has no use for), comments."""
NUMBER = re.compile(r"(\d+)-")
SYNTAX = Sentence("write A or D, then a statement of N-Quads with its graph")


@dataclass(frozen=True, slots=True)
class PatchRow:
    """One statement that comes to a graph, or goes; ``line`` is in canonical N-Triples."""

    graph: str
    line: bytes
    is_added: bool

    def text(self) -> str:
        """Return it as it stands in a patch."""
        return f"{'A' if self.is_added else 'D'} {self.line.decode().removesuffix(' .')} <{self.graph}> .\n"


def read_patch(path: Path, name: str) -> list[PatchRow]:
    """Return the rows of a patch, in their order.

    Args:
        path: the file.
        name: how the user calls it, for messages.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SourceError(name, Sentence("the patch is larger than %(most)s MiB", most=str(LARGEST_BYTES >> 20)))
        text = path.read_bytes().decode()
    except UnicodeDecodeError as problem:
        raise SourceError(name, Sentence("the file is not UTF-8; save it as UTF-8")) from problem
    except OSError as problem:
        raise StorageError.of(Sentence("%(name)s cannot be read", name=name), problem) from problem
    return [row for _, row in patch_lines(text, name) if row is not None]


def patch_lines(text: str, name: str) -> Iterator[tuple[str, PatchRow | None]]:
    """Yield the lines of a patch as they are written, line ends included, each with its row; None for one that is none.

    Raises:
        SourceError: one says nothing.
    """
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), 1):
        is_aside = not line.strip() or line.startswith(ASIDE)
        yield line, None if is_aside else _row(line.rstrip("\r\n"), name, number)


def _row(line: str, name: str, number: int) -> PatchRow:
    if line[:2] not in ("A ", "D "):
        raise SourceError(name, Sentence("this is no row of a patch"), number, remedy=SYNTAX)
    try:
        (quad,) = ox.parse(line[2:].encode(), ox.RdfFormat.N_QUADS, lenient=True)
    except (ValueError, SyntaxError) as problem:
        raise SourceError(name, Sentence("this is no statement: %(words)s", words=problem), number) from problem
    if not isinstance(quad.graph_name, ox.NamedNode):
        raise SourceError(name, Sentence("the statement names no graph"), number, remedy=SYNTAX)
    if has_blank_node(quad.triple):
        raise SourceError(
            name, Sentence("a blank node is another one in each file"), number, remedy=Sentence("name it by an IRI")
        )
    (line_of_it,) = lines_of([quad.triple])
    return PatchRow(quad.graph_name.value, line_of_it, line[0] == "A")


@dataclass
class _PatchedGraph:
    """What the patches come to for one graph.

    Attributes:
        gone: the lines that its files no longer say.
        come: the lines that are said besides, and which patch says each.
        asked: which patch takes each of the lines away that must be there: those that no earlier patch has added.
    """

    gone: set[bytes] = field(default_factory=set)
    come: dict[bytes, str] = field(default_factory=dict)
    asked: dict[bytes, str] = field(default_factory=dict)

    def take(self, row: PatchRow, name: str) -> None:
        """Take one more row: what comes later holds."""
        if row.is_added:
            self.gone.discard(row.line)
            self.come[row.line] = name
            return
        if row.line not in self.come:
            self.asked.setdefault(row.line, name)
        self.come.pop(row.line, None)
        self.gone.add(row.line)


@dataclass
class Patches:
    """The patches of a publication, as one whole; while files are read through it, it sees what they say.

    Attributes:
        names: the patches, in their order.
    """

    names: tuple[str, ...]
    _graphs: dict[str, _PatchedGraph]
    _seen: dict[str, set[bytes]] = field(default_factory=dict)

    @property
    def graphs(self) -> dict[str, str]:
        """The graphs that patches speak of, and the first patch that does."""
        return {
            iri: next(iter((*each.come.values(), *each.asked.values())), "") or self.names[0]
            for iri, each in self._graphs.items()
        }

    def patched(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield what files say without what no longer is said."""
        for chunk in chunks:
            found = self._graphs.get(chunk.graph)
            if found is None or not found.gone:
                yield chunk
                continue
            lines = chunk.lines()
            if here := found.gone.intersection(lines):
                self._seen.setdefault(chunk.graph, set()).update(here)
                kept = [line for line in lines if line not in here]
                chunk = Chunk(chunk.graph, b"".join(line + b"\n" for line in kept))  # noqa: PLW2901
            if chunk.triples:
                yield chunk

    def added(self) -> Iterator[tuple[str, Chunk]]:
        """Yield what is said besides, with the name of the patch that says it."""
        for iri, each in self._graphs.items():
            by_patch = dict[str, list[bytes]]()
            for line, name in sorted(each.come.items()):
                by_patch.setdefault(name, []).append(line)
            for name, lines in by_patch.items():
                yield name, Chunk(iri, b"".join(line + b"\n" for line in lines))

    def tell(self, told: Told) -> None:
        """Tell of what patches take away and no file says any more; to be called when all files have been read."""
        for iri, each in self._graphs.items():
            missing = dict[str, list[bytes]]()
            for line, name in each.asked.items():
                if line not in self._seen.get(iri, ()):
                    missing.setdefault(name, []).append(line)
            for name, lines in missing.items():
                first = PatchRow(iri, min(lines), is_added=False).text()[2:].strip()
                told(DocumentWarning(name, "patch", first[:MOST_TOLD], len(lines)))


def patches_of(publication: Publication, without: Iterable[str] = ()) -> Patches:
    """Return the patches of a publication; those of graphs that others write (``without``) are left out.

    Raises:
        SourceError: one cannot be read.
    """
    graphs, aside, names = dict[str, _PatchedGraph](), frozenset(without), list[str]()
    for path in publication.patches():
        names.append(name := f"{PATCHES_FOLDER}/{path.name}")
        for row in read_patch(path, name):
            if row.graph not in aside:
                graphs.setdefault(row.graph, _PatchedGraph()).take(row, name)
    return Patches(tuple(names), graphs)


@dataclass(frozen=True, slots=True)
class PatchFile:
    """A patch as a file: where it lies, or will, and what it holds."""

    path: Path
    body: bytes


def patch_file(
    publication: Publication, label: str, rows: Sequence[PatchRow], heading: Sequence[str] = ()
) -> PatchFile:
    """Return a patch as the last one of a publication, or in the place of the one of the same label.

    Args:
        publication: where.
        label: what its name ends with.
        rows: what it says.
        heading: lines of comment.
    """
    comments = "".join(f"# {' '.join(each.split())}\n" for each in heading)
    body = f"{comments}TX .\n{''.join(each.text() for each in rows)}TC .\n".encode()
    return PatchFile(_place(publication, publication.root / PATCHES_FOLDER, label), body)


def write_patch(patch: PatchFile) -> None:
    """Write a patch, whole or not at all.

    Raises:
        StorageError: the disk does not take it.
    """
    path, folder = patch.path, patch.path.parent
    try:
        folder.mkdir(exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=".patch-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(patch.body)
                file.flush()
                os.fsync(file.fileno())
            Path(fresh).chmod(0o644)  # what is published may be read; mkstemp lets nobody else
            Path(fresh).replace(path)
        finally:
            Path(fresh).unlink(missing_ok=True)
        _sync(folder)
    except OSError as problem:
        raise StorageError.of(Sentence("the patch cannot be written"), problem) from problem


def _place(publication: Publication, folder: Path, label: str) -> Path:
    """Return the file of a label, or the next one: numbers say the order."""
    found = publication.patches()
    if same := next((each for each in found if each.stem.partition("-")[2] == label), None):
        return same
    numbers = (NUMBER.match(each.name) for each in found)
    return folder / f"{max((int(each[1]) for each in numbers if each), default=0) + 1:04}-{label}{SUFFIX}"


def remove_patch(publication: Publication, label: str) -> None:
    """Take the patch of a label away, where there is one.

    Raises:
        StorageError: the disk does not take it.
    """
    try:
        for path in publication.patches():
            if path.stem.partition("-")[2] == label:
                path.unlink(missing_ok=True)
                _sync(path.parent)
    except OSError as problem:
        raise StorageError.of(Sentence("the patch cannot be taken away"), problem) from problem


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
