"""Any source file of a publication in, chunks out: the one door through which files become triples.

What is packed with gzip or Zstandard is unpacked into a file that is gone afterwards, within a bound.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.model.errors import Quotation, Sentence, SourceError
from graph.model.formats import TABLE, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.sources.batches import Chunk, Origin, chunks
from graph.sources.document_checks import Told, unheard
from graph.sources.rdf import read_rdf

PIECE = 1 << 20
PIECE_OF_ZSTD = 1 << 10
"""A block of Zstandard may be four bytes and give 128 KiB: this much gives 32 MiB at most."""
NOT_WHOLE = Sentence("the file breaks off")


def read_source(source: SourceFile, *, base: str, limits: LimitSettings, told: Told = unheard) -> Iterator[Chunk]:
    """Yield the triples of a source file; none of a table whose metadata says so (``suppressOutput``).

    Args:
        source: the file.
        base: the publication's base.
        limits: the publication's limits.
        told: told what is left out of the file, or doubtful in it.

    Raises:
        SourceError: it cannot be read.
    """
    found = recognised(source.path)
    form, origin = source.form or found.form, Origin(source.name, source.graph, base, limits.literal_mb << 20)
    if not form:
        raise SourceError(source.name, found.reason)
    with unpacked(source.path, source.name, found.coding, limits.unpacked_mb) as content:
        if form == TABLE:
            yield from _table(source, content, origin)
        else:
            yield from chunks(read_rdf(content, source.name, form=form, base=base, told=told), origin)


def _table(source: SourceFile, content: Path, origin: Origin) -> Iterator[Chunk]:
    from graph.sources.csvw.conversion import TableFile, is_suppressed, read_described  # noqa: PLC0415  csvw is slow to import

    file = TableFile(source.path, origin.base, source.name, content, source.inner, origin.literal_bytes)
    quads = read_described(file)
    if is_suppressed(file):
        for _ in quads:
            """Its cells are checked all the same."""
        return
    yield from chunks(quads, origin)


@contextmanager
def unpacked(path: Path, name: str, coding: str, most_mb: int) -> Iterator[Path]:
    """Give a file that holds what a packed one does; the file itself where it is not packed.

    Args:
        path: the file.
        name: how the user calls it, for messages.
        coding: as ``graph.model.formats`` has it.
        most_mb: how much it may be, unpacked, in MiB.

    Raises:
        SourceError: it is not packed so, breaks off, or is too much.
    """
    if not coding:
        yield path
        return
    with HeldFolder() as folder, (folder / "unpacked").open("wb") as spool:
        left = most_mb << 20
        for piece in _pieces(path, name, coding):
            left -= len(piece)
            if left < 0:
                problem = Sentence("unpacked, it is more than %(number)s MiB", number=most_mb)
                raise SourceError(
                    name, problem, remedy=Sentence("divide it, or raise limits.unpacked_mb in hamkor.toml")
                )
            spool.write(piece)
        spool.flush()
        yield Path(spool.name)


def _pieces(path: Path, name: str, coding: str) -> Iterator[bytes]:
    try:
        yield from _gzip(path) if coding == "gzip" else _zstd(path)
    except EOFError as problem:
        raise SourceError(name, NOT_WHOLE, remedy=Sentence("fetch or pack it again")) from problem
    except (gzip.BadGzipFile, zlib.error, ValueError) as problem:
        raise SourceError(
            name,
            Sentence("it is no %(coding)s file: %(words)s", coding=coding, words=problem),
            remedy=Sentence("pack it again"),
        ) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem


def _gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _zstd(path: Path) -> Iterator[bytes]:
    """Yield what all frames of a file hold; a frame that has no end is an error, which the library's stream is not."""
    import zstandard  # noqa: PLC0415  few files are packed so

    library = zstandard.ZstdDecompressor()
    frame, rest, has_begun = library.decompressobj(), b"", False
    try:
        with path.open("rb") as stream:
            while rest or (rest := stream.read(PIECE_OF_ZSTD)):
                has_begun = True
                yield frame.decompress(rest)
                rest = frame.unused_data
                if frame.eof:
                    frame, has_begun = library.decompressobj(), False
    except zstandard.ZstdError as problem:
        raise ValueError(str(problem)) from problem
    if has_begun:
        raise EOFError
