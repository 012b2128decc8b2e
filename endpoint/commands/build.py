"""``hamkor build``: sources → a new release, if anything changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from endpoint.commands.options import Options, language_option, publication_option, wait_option
from endpoint.commands.progress import progress_shown
from graph.build import build
from graph.catalogue.dataset import left_out
from graph.publication import SETTINGS_FILE, Publication
from graph.releases.folder import Patience, ReleasesFolder
from graph.releases.history import History
from graph.releases.release import Release
from graph.sources.document_warnings import DocumentWarning
from graph.validation.report import ValidationFailedError

SHOWN = 50


@click.command("build")
@click.option("--quiet", is_flag=True, help="Print the id of the release and nothing else.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def command(options: Options, quiet: bool, lang: str) -> None:
    """Check the sources and make a release of them, if anything changed.

    Reads data/, ontology/ and shapes/, adds what follows from the ontology, validates with SHACL and makes a new
    release below .hamkor/releases, which becomes the current one in one step. Whatever fails, the release that was
    current stays current.

    Shapes are checked before the data: every constraint is made, every query is read. What stands in them and has no
    effect (a term that SHACL does not have, as sh:minCout, or that is not evaluated here) is a warning. Which files
    there are not read, what is left out of a JSON-LD file because its context does not know the key, and where the
    settings name no publisher, it says in one line each.

    Exit status: 0 done, 1 the data violates the shapes, 2 something could not be read or written.

    \b
      hamkor build
      hamkor build --publication ../our-data
    """  # noqa: D301  click reads \b as the sign itself
    if not quiet:
        warn_of_files(options.publication())
    release, fresh = build_release(options.publication(), lang, options.patience)
    if quiet:
        click.echo(release.id)
        return
    manifest = release.manifest
    click.echo(f"{'Release' if fresh else 'Nothing has changed since release'} {release.id}")
    click.echo(f"  {manifest.triples:,} triples in {len(manifest.graphs)} named graphs, {manifest.warnings} warnings")
    click.echo(f"  digest {manifest.digest}")
    warn_of_settings(options.publication())
    if fresh:
        warn_of_shapes(options.publication())


def warn_of_settings(publication: Publication) -> None:
    """Say on standard error, in a line each, which settings the catalogue needs and has not, and what that costs."""
    for warning in left_out(publication.settings):
        click.echo(f"hamkor: warning: {SETTINGS_FILE}: {warning}", err=True)


def warn_of_files(publication: Publication) -> None:
    """Say on standard error, one line each, which files of the publication's folders are not read, and why."""
    unread = publication.unread()
    for each in unread[:SHOWN]:
        click.echo(f"hamkor: not read: {each.name}: {each.reason}", err=True)
    if len(unread) > SHOWN:
        click.echo(f"hamkor: not read: {len(unread) - SHOWN} more files", err=True)


def warn_of_shapes(publication: Publication) -> None:
    """Say on standard error, a line each, what stands in the shapes and has no effect here."""
    sources = [each for each in publication.sources(may_be_none=True) if each.role == "shapes"]
    if sources:
        from graph.check import shape_remarks  # noqa: PLC0415  takes most of a second to import

        for each in shape_remarks(sources, base=publication.base, limits=publication.settings.limits):
            click.echo(f"hamkor: warning: {each}", err=True)


def warn_of_document(warning: DocumentWarning) -> None:
    """Say on standard error, in one line, what is left out of a file, or doubtful in it."""
    click.echo(f"hamkor: warning: {warning}", err=True)


def warn_of_release(problem: str) -> None:
    """Say on standard error, in one line, what is wrong with the current release and is made anew."""
    click.echo(f"hamkor: warning: {problem}", err=True)


def build_release(publication: Publication, language: str, patience: Patience) -> tuple[Release, bool]:
    """Build, showing progress; return the release and whether it is new. Ends the process with 1 on violations."""
    before = History(ReleasesFolder(publication.releases_folder)).current
    with progress_shown() as progress, violations_shown(publication, language):
        release = build(publication, progress, warn_of_document, patience, warn_of_release)
    return release, before != release.id


@contextmanager
def violations_shown(publication: Publication, language: str) -> Iterator[None]:
    """Say on standard error how what would be a release violates the shapes, and end the process with 1."""
    try:
        yield
    except ValidationFailedError as problem:
        lines = list(problem.report.lines((language, *publication.settings.languages)))
        for line in lines[:SHOWN]:
            click.echo(line, err=True)
        if len(lines) > SHOWN:
            click.echo(f"… and {len(lines) - SHOWN} more: hamkor validate shows all", err=True)
        click.echo(f"hamkor: {problem}", err=True)
        sys.exit(1)
