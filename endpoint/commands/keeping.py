"""``hamkor backup``, ``restore`` and ``withhold``: copies of a publication, and what must never be in one again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from endpoint.commands.options import (
    Options,
    language_option,
    progress_shown,
    publication_option,
    readable_errors,
    wait_option,
    warn_of_document,
)
from endpoint.commands.releasing import violations_shown
from graph.model.publication import Publication
from graph.pipeline.removal import foresee, withhold
from graph.pipeline.safekeeping import Contents, back_up, restore
from graph.sources.reader import read_source
from graph.withholding.withholding import Judged, withholding_of

# ``hamkor backup``: a copy of a publication in one file, beside a running service.


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@publication_option
def backup_command(options: Options, file: Path) -> None:
    """Copy the publication into FILE, a compressed tar archive, while it is served and written to.

    It holds the settings, the sources, the current release with what contributors wrote, who may write, what is
    withheld, and the queries that are kept; no older releases. hamkor restore makes a publication of it.

    \b
      hamkor backup ../hamkor-2026-03-01.tar.gz
    """  # noqa: D301  click reads \b as the sign itself
    click.echo(f"{file}: {told(back_up(options.publication(), file))}")


def told(contents: Contents) -> str:
    """Return in words what a copy holds."""
    release = f"release {contents.release}" if contents.release is not None else "no release yet"
    return f"{len(contents.files):,} files, {release}, copied {contents.made}"


# ``hamkor restore``: a publication made of a copy, and proven.


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@readable_errors
def restore_command(file: Path, folder: Path) -> None:
    """Make a publication of FILE, which hamkor backup has made, in FOLDER, which is empty or not there.

    Every file is compared with its digest, and the release is read whole, as by hamkor releases verify. Where anything
    is not as it was copied, nothing is restored. What has been withheld since the copy was made has to be withheld
    again: put a newer withheld.json in its place and run hamkor build.

    \b
      hamkor restore hamkor-2026-03-01.tar.gz /srv/hamkor
    """  # noqa: D301  click reads \b as the sign itself
    click.echo(f"{folder}: whole: {told(restore(file, folder))}")


# ``hamkor withhold``: take a person, or any thing, out of everything that is and was published, and keep it out.

SHOWN = 20
DOUBT = (
    "of which nobody can show that they are free of it: they were made of one that held it or is not here any more, "
    "or cannot be read"
)


@click.command("withhold")
@click.argument("iris", metavar="IRI...", nargs=-1)
@click.option(
    "--name", "names", multiple=True, help="A name, or another spelling of it, to be withheld wherever it stands."
)
@click.option("--dry-run", is_flag=True, help="Only say which statements and releases would go, and why.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def withhold_command(options: Options, iris: tuple[str, ...], names: tuple[str, ...], dry_run: bool, lang: str) -> None:
    """Withhold things: from the data, the downloads, the search, all pages and all earlier releases.

    Of a person, the names, telephone numbers and e-mail addresses go wherever they stand, in texts and in IRIs. What
    is withheld is kept in withheld.json beside hamkor.toml, as hashes that nobody can read; keep that file, and keep
    it to yourself. A new release is made, and earlier ones that held it are removed, as are those of which nobody can
    show that they are free of it. An IRI that no release and no file knows is refused. All of this is done, or none.

    Exit status: 0 done, 1 what is left would violate the shapes, 2 it could not be done; then nothing has changed.

    \b
      hamkor withhold https://w3id.org/hamkor/id/person/… --dry-run
      hamkor withhold https://w3id.org/hamkor/id/person/…
    """  # noqa: D301  click reads \b as the sign itself
    if not iris and not names:
        raise click.UsageError("give an IRI, or --name")
    publication = options.publication()
    if dry_run:
        _foretell(publication, iris, names)
        return
    with progress_shown() as progress, violations_shown(publication, lang):
        done = withhold(publication, iris, names, progress, warn_of_document, options.patience)
    click.echo(f"Release {done.release.id} holds nothing of it.")
    click.echo(f"{len(done.gone.holding)} earlier releases that held it were removed.")
    if done.gone.doubtful:
        click.echo(f"{len(done.gone.doubtful)} more were removed {DOUBT}.")
    _warn_of_sources(publication)


def _foretell(publication: Publication, iris: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Say what would go: statements of the current release by graph, then releases, first those that hold it."""
    found = foresee(publication, iris, names)
    for graph, count in sorted(found.statements.items()):
        click.echo(f"{count}\t{graph}")
    if not found.statements:
        click.echo("no statement of the current release would go", err=True)
    _tell_releases(found.releases)
    click.echo("nothing was changed", err=True)


def _tell_releases(releases: Judged) -> None:
    for ids, why in ((releases.holding, "that hold it"), (releases.doubtful, DOUBT)):
        if ids:
            click.echo(f"{len(ids)} releases would be removed {why}:", err=True)
        for each in ids[:SHOWN]:
            click.echo(f"  {each}", err=True)
        if len(ids) > SHOWN:
            click.echo(f"  … and {len(ids) - SHOWN} more", err=True)


def _warn_of_sources(publication: Publication) -> None:
    """Say which files still hold what is withheld: that is for their owner to take out."""
    withholding, limits = withholding_of(publication), publication.settings.limits
    for source in publication.sources(may_be_none=True):
        chunks = read_source(source, base=publication.base, limits=limits)
        count = sum(1 for chunk in chunks for line in chunk.lines() if withholding.holds(line))
        if count:
            click.echo(f"{source.name} still holds {count} statements of what is withheld: take them out", err=True)
    sys.stderr.flush()
