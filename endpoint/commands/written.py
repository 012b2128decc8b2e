"""What ``hamkor publish`` and ``hamkor withdraw`` have in common: one write is made, or rehearsed, and told of."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from endpoint.commands.progress import progress_shown
from graph.publication import Publication
from graph.publish import Published, Write, publish, rehearse
from graph.releases.folder import Patience
from graph.validation.report import Report, ValidationFailedError

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
