"""``hamkor publish``: a file becomes a contributed graph of a new release."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from endpoint.commands.build import warn_of_document
from endpoint.commands.options import Options, language_option, publication_option, wait_option
from endpoint.commands.written import graph_named, rehearsed, told, written
from graph.contribution.document import FORMATS, read_documents
from graph.contribution.values import Document
from graph.errors import SourceError
from graph.namespaces import unfit_name
from graph.publication import Publication, SourceFile
from graph.publish import Post, Put
from graph.recognition import OTHER, TABLE, recognised
from graph.sources.chunks import Chunk
from graph.sources.reader import read_source, unpacked
from graph.temporary import HeldFolder

STANDARD_INPUT = "-"
ANY_SIZE_MB = 1 << 20
"""What the publisher publishes is bounded by nothing but memory; ``limits.upload_mb`` is for others."""


@click.command("publish")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, exists=True, dir_okay=False))
@click.option("--graph", "graph_name", required=True, help="The named graph: its name (ngo-x/clubs) or its IRI.")
@click.option("--format", "form", type=click.Choice([*FORMATS, TABLE]), help="Default: what the file's suffix says.")
@click.option("--add", is_flag=True, help="Add to what the graph holds instead of replacing it.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--quiet", is_flag=True, help="Print the id of the release and nothing else.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def command(  # noqa: PLR0913, PLR0917  an argument for each option
    options: Options, file: Path, graph_name: str, form: str | None, add: bool, dry_run: bool, quiet: bool, lang: str
) -> None:
    """Make FILE (- is standard input) the content of a named graph, in a new release.

    The graph is checked with all the rest and comes along from release to release until it is withdrawn. FILE is
    read once; a file that shall be read at each build belongs into data/. A CSV file has its CSVW metadata beside it;
    any file may be packed with gzip (.gz) or Zstandard (.zst).

    Exit status: 0 done, 1 the data would violate the shapes, 2 something could not be read or written.

    \b
      hamkor publish clubs.ttl --graph ngo-x/clubs
      hamkor publish clubs.csv --graph ngo-x/clubs --dry-run
      curl … | hamkor publish - --format ntriples --graph harvested --add
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    graph = graph_named(publication, graph_name)
    if fault := unfit_name(graph, publication.base):
        raise click.BadParameter(f"{graph_name!r} is no name of a graph: {fault}", param_hint="--graph")
    with _as_file(file) as path:
        chunks = _read(path, str(file), form, graph, publication)
    write = Post(graph, chunks) if add else Put(graph, chunks)
    languages = (lang, *publication.settings.languages)
    if dry_run:
        rehearsed(publication, write, languages)
    else:
        told(written(publication, write, languages, options.patience), quiet=quiet)


@contextmanager
def _as_file(file: Path) -> Iterator[Path]:
    """Give a file that can be read twice."""
    if str(file) != STANDARD_INPUT:
        yield file
        return
    with HeldFolder() as folder, (folder / "input.csv").open("wb") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        yield Path(spool.name)


def _read(path: Path, name: str, form: str | None, graph: str, publication: Publication) -> tuple[Chunk, ...]:
    limits, shown = publication.settings.limits, "standard input" if name == STANDARD_INPUT else name
    found = recognised(Path(name))
    wanted = form or found.form
    if not wanted:
        known = name == STANDARD_INPUT or found.reason == OTHER
        reason = "its name says no format that can be read" if known else found.reason
        raise SourceError(shown, reason, remedy="say which with --format")
    if wanted == TABLE:
        if name == STANDARD_INPUT:
            remedy = "name a file that has its CSVW metadata beside it"
            raise SourceError(shown, "nothing says what the columns of the table mean", remedy=remedy)
        source = SourceFile(path, shown, "data", graph, TABLE)
        if not (chunks := tuple(read_source(source, base=publication.base, limits=limits))):
            problem = "its metadata says that the table gives no triples (suppressOutput)"
            raise SourceError(shown, problem, remedy="hamkor withdraw takes a graph away")
        return chunks
    limits = msgspec.structs.replace(limits, upload_mb=ANY_SIZE_MB)
    with unpacked(path, shown, found.coding, limits.unpacked_mb) as content:
        documents = [Document(str(content), wanted, shown)]
        return read_documents(documents, graph, base=publication.base, limits=limits, told=warn_of_document)
