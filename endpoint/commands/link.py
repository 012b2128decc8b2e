"""``hamkor link``: a table is matched with the release, and what was checked becomes a linkset."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from endpoint.commands.accepted import accept
from endpoint.commands.options import Options, publication_option
from endpoint.finding import Finder, Tongue
from graph.errors import ReleaseError, SourceError
from graph.labels import language_chain
from graph.linking.evidence import PROPERTIES
from graph.linking.index import KIND
from graph.linking.kinds import KINDS, PERSON
from graph.linking.reader import open_index
from graph.linking.reconciliation import Reconciler
from graph.linking.search import Search
from graph.linksets.matching import Labels, Matcher, Matching, Progress, unfinished
from graph.publication import Publication
from graph.releases.folder import ReleasesFolder
from graph.releases.release import Release, current_release, open_release

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
ANSWERS = "-answers.csv"


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(each.partition("=")[::2] for each in values)
    for name, column in pairs.items():
        if name not in PROPERTIES or not column:
            known = ", ".join(PROPERTIES)
            raise click.BadParameter(f"{name}={column} is none; write PROPERTY=COLUMN, with a property of {known}")
    return pairs


def _base(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not (value.startswith(("http://", "https://")) and value.endswith(("/", "#"))):
        raise click.BadParameter(f"{value!r} is no web address that ends in / or #")
    return value


def _output(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and not value.name:
        raise click.BadParameter("name a file")
    return value


@click.command("link")
@click.argument("file", type=FILE, required=False)
@click.option("--column", help="The column with the names.")
@click.option("--type", "types", multiple=True, help="What the names mean: club, organisation, place …; several times.")
@click.option("--with", "given", multiple=True, callback=_pairs, help="PROPERTY=COLUMN: what else the table says.")
@click.option("--iri", default="", help="The column with the rows' own IRIs, or with what comes behind --base.")
@click.option("--base", default="", callback=_base, help="Your own web address, below which rows get their IRIs.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), callback=_output, help="Where to write."
)
@click.option("--force", is_flag=True, help="Write the answer sheet anew, though there is one.")
@click.option("--accept", "sheet", type=FILE, help="Make a linkset of this answer sheet.")
@click.option("--author", default="", help="With --accept: who answers for the links.")
@click.option("--same", is_flag=True, help="With --accept: every match is the very same thing.")
@click.option("--license", "license_iri", default="", help="With --accept: IRI of the licence. Default: the data's.")
@click.option("--lang", default="en", show_default=True, help="The language of labels in the answer sheet.")
@publication_option
def command(  # noqa: PLR0913, PLR0917  an argument for each option
    options: Options, file: Path | None, column: str | None, types: tuple[str, ...], given: dict[str, str], iri: str,
    base: str, output: Path | None, force: bool, sheet: Path | None, author: str, same: bool, license_iri: str,
    lang: str,
) -> None:  # fmt: skip
    """Match the names in a column of FILE (CSV or .xlsx) with this publication, and make links of what fits.

    First an answer sheet is written beside FILE: for each row its candidates, and the match where it is safe. Check it,
    fill the column "match" with ids, say more in the column "relation". Then --accept makes a linkset of it, as Turtle
    and as SSSOM. A run that was interrupted goes on where it stopped.

    \b
      hamkor link clubs.csv --column Name --type club --with city=City --base https://ngo-x.example/club/
      hamkor link --accept clubs-answers.csv --author 'NGO X' -o clubs-links.ttl
      hamkor publish clubs-links.ttl --graph ngo-x/clubs-links
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    if sheet is not None:
        if not author:
            raise click.UsageError("say who answers for the links: --author 'NGO X'")
        accept(
            publication, finder_of(current_release(publication)), sheet, output, author, base, license_iri, same=same
        )
        return
    if file is None or not column:
        raise click.UsageError("name a table and its column, as in hamkor link clubs.csv --column Name")
    if not file.is_file():
        raise SourceError(str(file), "no regular file", remedy="save the table in one: it is read more than once")
    target = output or file.with_name(file.stem + ANSWERS)
    release = _release(publication, target, force=force)
    finder = finder_of(release)
    _check(types, finder)
    matching = Matching(column, types, given, iri, base, publication.base, release.id)
    tongue = Tongue(language_chain((lang, *publication.settings.languages)))
    labels = Labels(lambda each: tongue.label(each.entity)[0], lambda each: tongue.description(each.entity, finder))
    _match(Matcher(matching, finder.reconciler, labels), file, target)


def finder_of(release: Release) -> Finder:
    """Return what finds things in a release.

    Raises:
        ReleaseError: it has no index of names.
    """
    index = open_index(release.folder)
    if index is None:
        raise ReleaseError(f"release {release.id} has no index of names", "run hamkor build")
    search = Search(index, release.manifest.base)
    return Finder(search, Reconciler(search))


def _release(publication: Publication, sheet: Path, *, force: bool) -> Release:
    """Return the release to ask: the one with which the sheet was begun, or the current one."""
    begun = None if force else unfinished(sheet)
    if begun is None:
        if sheet.exists() and not force:
            raise click.UsageError(
                f"{sheet} is there already: --accept it, write it anew with --force, or name another"
            )
        return current_release(publication)
    releases = ReleasesFolder(publication.releases_folder)
    if begun.matching.release not in releases.ids():
        problem = f"release {begun.matching.release}, with which {sheet} was begun, is no longer there"
        raise ReleaseError(problem, "begin anew with --force")
    click.echo(f"going on behind row {begun.rows:,}", err=True)
    return open_release(releases.release(begun.matching.release))


def _check(types: tuple[str, ...], finder: Finder) -> None:
    if PERSON in types:
        raise click.BadParameter("persons are not linked: a table of names must not become a table of people")
    for each in types:
        if not len(finder.search.index.posting(KIND + each)):
            known = ", ".join(
                kind for kind in KINDS if kind != PERSON and len(finder.search.index.posting(KIND + kind))
            )
            raise click.BadParameter(f"nothing here is of the type {each!r}; there are {known}", param_hint="--type")


def _match(matcher: Matcher, file: Path, sheet: Path) -> None:
    begun = datetime.now(UTC)
    try:
        with _shown() as progress:
            state = matcher.match(file, sheet, progress)
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from there", err=True)
        sys.exit(2)
    seconds = (datetime.now(UTC) - begun).total_seconds()
    rows = "row" if state.rows == 1 else "rows"
    click.echo(f"{state.rows:,} {rows}, {state.safe:,} with a safe match; the others are for you to check: {sheet}")
    if seconds > 1:
        click.echo(f"{seconds:.0f} s", err=True)


@contextmanager
def _shown() -> Iterator[Progress]:
    """Show on a terminal how far it has come; elsewhere say nothing."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with console.status("") as status:
        yield lambda rows, safe: status.update(f"{rows:,} rows, {safe:,} with a safe match")
