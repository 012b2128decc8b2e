"""``hamkor export``: a thing, a named graph or everything, in any RDF format."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import click

from endpoint.commands.options import Options, publication_option
from graph.errors import FormatError, ReleaseError, in_a_line
from graph.export import chunks_about, distinct, used_prefixes, write_chunks
from graph.formats import DATASET_FORMATS, TRIPLE_FORMATS, format_named
from graph.namespaces import PREFIXES
from graph.publication import Publication
from graph.releases.merge import merged
from graph.releases.release import Release, current_release
from graph.sources.chunks import Chunk


@click.command("export")
@click.argument("iri", required=False)
@click.option("--graph", "graph_name", help="A named graph: its name (clubs) or its IRI.")
@click.option("--all", "everything", is_flag=True, help="All named graphs.")
@click.option("--format", "form", type=click.Choice([each.name for each in TRIPLE_FORMATS]))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@publication_option
def command(
    options: Options, iri: str | None, graph_name: str | None, everything: bool, form: str | None, output: Path | None
) -> None:
    """Write what the current release holds: about one IRI, one named graph, or everything.

    The default format is Turtle, and N-Quads for everything. Literals come out exactly as they were put in.

    \b
      hamkor export https://w3id.org/hamkor/id/club/termez
      hamkor export --graph clubs --format jsonld
      hamkor export --all -o hamkor.nq
    """  # noqa: D301  click reads \b as the sign itself
    if sum(map(bool, (iri, graph_name, everything))) != 1:
        raise click.UsageError("give one of: an IRI, --graph NAME, --all")
    publication = options.publication()
    release = current_release(publication)
    wanted = format_named(form or ("nquads" if everything else "turtle"))
    if wanted is None:
        raise click.UsageError(f"no format {form!r}")
    once = wanted not in DATASET_FORMATS
    chunks = _chunks(publication, release, iri, graph_name, once=once)
    prefixes = {"hk": f"{publication.base}ns#", **PREFIXES}
    if iri is not None:
        prefixes = used_prefixes(chunks, prefixes)
    try:
        with nullcontext(sys.stdout.buffer) if output is None else output.open("wb") as stream:
            write_chunks(chunks, stream, wanted, prefixes)
    except FormatError:
        if output is not None and output.is_file():
            output.unlink()  # a part of a document would be taken for the whole
        raise


def _chunks(
    publication: Publication, release: Release, iri: str | None, name: str | None, *, once: bool
) -> Iterable[Chunk]:
    """Return what is asked for; ``once``: without the names of graphs, each triple once."""
    if name is not None:
        return release.read_graph(name if ":" in name else publication.graph(name))
    if iri is None:
        return merged(release.folder, release.manifest, release.manifest.graphs) if once else release.read_all()
    found = list(chunks_about(release.read_all(), iri))
    if not found:
        raise ReleaseError(f"nothing is said about <{in_a_line(iri)}> in release {release.id}", "is the IRI complete?")
    return list(distinct(found)) if once else found
