"""``hamkor publish``, ``withdraw`` and ``token``: graphs that others contribute, and who may."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from endpoint.commands.options import (
    Options,
    language_option,
    progress_shown,
    publication_option,
    wait_option,
    warn_of_document,
)
from graph.model.contributors import contributors_of
from graph.model.errors import Sentence, SourceError
from graph.model.formats import OTHER, TABLE, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import Publication, SourceFile
from graph.model.rdf_terms import unfit_name
from graph.parts.contribution.contributed_document import FORMATS, SentDocument, read_documents
from graph.pipeline.write import ANY, Delete, Post, Published, Put, Write, publish, rehearse
from graph.releases.release import Patience
from graph.sources.batches import Chunk
from graph.sources.reader import read_source, unpacked
from graph.validation.report import Report, ValidationFailedError

# What ``hamkor publish`` and ``hamkor withdraw`` have in common: one write is made, or rehearsed, and told of.

SHOWN = 50
NOTHING: Mapping[str, str | None] = {}


def graph_named(publication: Publication, name: str) -> str:
    """Return the IRI of the graph that a user calls by name or by IRI."""
    if not name or not name.isprintable() or any(sign in name for sign in ' <>"{}|\\^`'):
        raise click.BadParameter(f"{name!r} is no name of a graph", param_hint="--graph")
    return name if ":" in name else publication.graph(name)


def rehearsed(
    publication: Publication, write: Write, languages: tuple[str, ...], expected: Mapping[str, str | None] = NOTHING
) -> None:
    """Say whether a write would be published; ends the process with 1 where it would not."""
    with progress_shown() as progress:
        report = rehearse(publication, [write], expected=expected, progress=progress)
    if not report.conforms:
        _refuse(report, languages, f"{report.count('Violation')} violations; this would not be published")
    _list(report, languages)
    click.echo(f"conforms: {report.warnings} warnings in the whole release; nothing was written")


def written(
    publication: Publication,
    write: Write,
    languages: tuple[str, ...],
    patience: Patience,
    expected: Mapping[str, str | None] = NOTHING,
) -> Published:
    """Publish a write, showing progress; ends the process with 1 on violations."""
    try:
        with progress_shown() as progress:
            return publish(publication, [write], expected=expected, progress=progress, patience=patience)
    except ValidationFailedError as problem:
        _refuse(problem.report, languages, str(problem))


def told(published: Published, *, quiet: bool) -> None:
    """Say which release is the current one now."""
    release = published.release
    if quiet:
        click.echo(release.id)
        return
    click.echo(f"{'Release' if published.changed else 'Nothing has changed since release'} {release.id}")
    manifest = release.manifest
    click.echo(f"  {manifest.triples:,} triples in {len(manifest.graphs)} named graphs, {manifest.warnings} warnings")


def _refuse(report: Report, languages: tuple[str, ...], verdict: str) -> NoReturn:
    _list(report, languages)
    click.echo(f"hamkor: {verdict}", err=True)
    sys.exit(1)


def _list(report: Report, languages: tuple[str, ...]) -> None:
    """Show what is wrong, and the warnings about what is written; those about all the rest are known already."""
    shown = [each for each in report.results if each.files or each.severity == "Violation"]
    for each in shown[:SHOWN]:
        click.echo(each.text(languages), err=True)
    if len(shown) > SHOWN:
        click.echo(f"… and {len(shown) - SHOWN} more", err=True)


# ``hamkor publish``: a file becomes a contributed graph of a new release.

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
def publish_command(  # noqa: PLR0913, PLR0917  an argument for each option
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
        reason = Sentence("its name says no format that can be read") if known else found.reason
        raise SourceError(shown, reason, remedy=Sentence("say which with --format"))
    if wanted == TABLE:
        if name == STANDARD_INPUT:
            remedy = Sentence("name a file that has its CSVW metadata beside it")
            raise SourceError(shown, Sentence("nothing says what the columns of the table mean"), remedy=remedy)
        source = SourceFile(path, shown, "data", graph, TABLE)
        if not (chunks := tuple(read_source(source, base=publication.base, limits=limits))):
            problem = Sentence("its metadata says that the table gives no triples (suppressOutput)")
            raise SourceError(shown, problem, remedy=Sentence("hamkor withdraw takes a graph away"))
        return chunks
    limits = msgspec.structs.replace(limits, upload_mb=ANY_SIZE_MB)
    with unpacked(path, shown, found.coding, limits.unpacked_mb) as content:
        documents = [SentDocument(str(content), wanted, shown)]
        return read_documents(documents, graph, base=publication.base, limits=limits, told=warn_of_document)


# ``hamkor withdraw``: a contributed graph is no longer in the next release.


@click.command("withdraw")
@click.option("--graph", "graph_name", required=True, help="The named graph: its name (ngo-x/clubs) or its IRI.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--quiet", is_flag=True, help="Print the id of the release and nothing else.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def withdraw_command(options: Options, graph_name: str, dry_run: bool, quiet: bool, lang: str) -> None:
    """Take a contributed graph out, in a new release. Releases made before still have it.

    Exit status: 0 done, 1 what is left would violate the shapes, 2 there is no such graph, or it cannot be written.

    \b
      hamkor withdraw --graph ngo-x/clubs
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    graph = graph_named(publication, graph_name)
    write, languages = Delete(graph), (lang, *publication.settings.languages)
    if dry_run:
        rehearsed(publication, write, languages, {graph: ANY})
    else:
        told(written(publication, write, languages, options.patience, {graph: ANY}), quiet=quiet)


# ``hamkor token``: who may write which graphs over HTTP.

DAYS = 365


@click.group("token")
@publication_option
def token_command(_: Options) -> None:
    """Let contributors write their own graphs over HTTP, and take that back.

    Only a hash of a token is kept, in .hamkor/contributors.json. A running service sees a new or a revoked token at
    once.

    \b
      hamkor token create --graph 'ngo-x/*' --name 'NGO X' --contact mailto:data@ngo-x.example
      hamkor token list
      hamkor token revoke 3fa94c
    """  # noqa: D301  click reads \b as the sign itself


@token_command.command("create")
@click.option(
    "--graph", "graphs", multiple=True,
    help="Which graphs: a name below <base>graph/, in which * stands for anything; or an IRI. '*' alone: all.",
)  # fmt: skip
@click.option("--name", default="", help="Who it is; shown in the provenance of what they write.")
@click.option("--contact", default="", help="A mailto: or web address; shown there, too.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), default=DAYS, show_default=True,
    help="How many days it is valid.",
)  # fmt: skip
@click.option("--review", is_flag=True, help="Let them accept and decline what people propose, at /proposals.")
@publication_option
def create(options: Options, graphs: tuple[str, ...], name: str, contact: str, days: float, review: bool) -> None:
    """Make a token. It is printed once, as the last word, and kept nowhere.

    \b
      hamkor token create --graph 'ngo-x/*' --name 'NGO X' --contact mailto:data@ngo-x.example
      hamkor token create --review --name 'R. Reviewer'
    """  # noqa: D301  click reads \b as the sign itself
    found = contributors_of(options.publication()).create(graphs, name=name, contact=contact, days=days, reviews=review)
    contributor, token = found
    may = [f"write {', '.join(contributor.graphs)}"] * bool(graphs) + ["review proposals"] * review
    click.echo(f"{contributor.id} may {' and '.join(may)} until {contributor.expires:%Y-%m-%d}: {token}")


@token_command.command("list")
@publication_option
def list_tokens(options: Options) -> None:
    """Show the tokens, without what is secret of them."""
    for each in contributors_of(options.publication()).all():
        state = "until" if each.expires > datetime.now(UTC) else "expired"
        may = ", ".join((*each.graphs, *["(reviews)"] * each.reviews))
        click.echo("\t".join([each.id, may, f"{state} {each.expires:%Y-%m-%d}", each.name, each.contact]))


@token_command.command("revoke")
@click.argument("token_id", metavar="ID")
@publication_option
def revoke(options: Options, token_id: str) -> None:
    """Take a token away by its ID, the first word of its line in the list."""
    contributor = contributors_of(options.publication()).revoke(token_id)
    click.echo(f"{contributor.id} may write nothing any more")
