"""``hamkor withhold``: take a person, or any thing, out of everything that is and was published, and keep it out."""

from __future__ import annotations

import sys
from collections import Counter

import click
import pyoxigraph as ox

from endpoint.commands.build import build_release
from endpoint.commands.options import Options, language_option, publication_option
from graph.errors import ReleaseError, SettingError
from graph.privacy.request import Identity, identity
from graph.privacy.suppression import Suppression, read_suppression
from graph.privacy.withholding import Withholding, withholding_of
from graph.publication import SUPPRESSION_FILE, Publication
from graph.releases.folder import ReleasesFolder
from graph.releases.release import Release, current_release
from graph.sources.reader import read_source


@click.command("withhold")
@click.argument("iris", metavar="IRI...", nargs=-1)
@click.option(
    "--name", "names", multiple=True, help="A name, or another spelling of it, to be withheld wherever it stands."
)
@click.option("--dry-run", is_flag=True, help="Only say how many statements that would withhold.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@publication_option
def command(options: Options, iris: tuple[str, ...], names: tuple[str, ...], dry_run: bool, lang: str) -> None:
    """Withhold things: from the data, the downloads, the search, all pages and all earlier releases.

    Of a person, the names, telephone numbers and e-mail addresses go wherever they stand, in texts and in IRIs. What
    is withheld is kept in withheld.json beside hamkor.toml, as hashes that nobody can read; keep that file, and keep
    it to yourself. A new release is made, and earlier ones that held it are removed.

    \b
      hamkor withhold https://w3id.org/hamkor/id/person/… --dry-run
      hamkor withhold https://w3id.org/hamkor/id/person/…
    """  # noqa: D301  click reads \b as the sign itself
    if not iris and not names:
        raise click.UsageError("give an IRI, or --name")
    publication = options.publication()
    release = _current(publication)
    suppression = _extended(publication, release, iris, names)
    if dry_run:
        withholding = Withholding(publication.base, frozenset(), frozenset(), suppression)
        for graph, count in _counts(release, withholding).items():
            click.echo(f"{count}\t{graph}")
        return
    suppression.write(publication.root / SUPPRESSION_FILE)
    before = ReleasesFolder(publication.releases_folder).ids()
    del release  # whoever has it holds it
    built, _ = build_release(publication, lang)
    removed = set(before) - set(ReleasesFolder(publication.releases_folder).ids())
    click.echo(f"Release {built.id} holds nothing of it; {len(removed)} earlier releases that did were removed.")
    _warn_of_sources(publication)


def _current(publication: Publication) -> Release | None:
    try:
        return current_release(publication)
    except ReleaseError:
        return None


def _extended(
    publication: Publication, release: Release | None, iris: tuple[str, ...], names: tuple[str, ...]
) -> Suppression:
    """Return the list with what identifies the things."""
    suppression = read_suppression(publication.root / SUPPRESSION_FILE).extended((), names, names)
    for iri in iris:
        try:
            found = identity(release.store if release is not None else ox.Store(), iri)
        except ValueError as problem:
            raise SettingError("IRI", f"{iri!r} is no absolute IRI") from problem
        suppression = _with(suppression, found)
    return suppression


def _with(suppression: Suppression, found: Identity) -> Suppression:
    return suppression.extended(found.iris, found.names, found.numbers)


def _counts(release: Release | None, withholding: Withholding) -> Counter[str]:
    counts = Counter[str]()
    for chunk in release.read_all() if release is not None else ():
        counts[chunk.graph] += sum(1 for line in chunk.lines() if withholding.holds(line))
    return +counts


def _warn_of_sources(publication: Publication) -> None:
    """Say which files still hold what is withheld: that is for their owner to take out."""
    withholding, limits = withholding_of(publication), publication.settings.limits
    for source in publication.sources(may_be_none=True):
        chunks = read_source(source, base=publication.base, limits=limits)
        count = sum(1 for chunk in chunks for line in chunk.lines() if withholding.holds(line))
        if count:
            click.echo(f"{source.name} still holds {count} statements of what is withheld: take them out", err=True)
    sys.stderr.flush()
