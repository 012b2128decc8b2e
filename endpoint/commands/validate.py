"""``hamkor validate``: do files conform to the shapes?"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import click
import msgspec

from endpoint.commands.build import warn_of_files
from endpoint.commands.options import Options, language_option, publication_option
from graph.check import check, file_of_user, publication_files, shape_remarks
from graph.errors import SettingError
from graph.publication import Publication, SourceFile
from graph.settings import Settings
from graph.validation.report import Report, Result

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("validate")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--shapes", multiple=True, type=FILE, help="Validate against this file instead of the publication's.")
@click.option("--format", "form", type=click.Choice(["text", "json", "turtle"]), default="text", show_default=True)
@language_option("The language of the shapes' messages: en, ru, uz.")
@publication_option
def command(options: Options, files: tuple[Path, ...], shapes: tuple[Path, ...], form: str, lang: str) -> None:
    """Check FILES with SHACL; without FILES the publication itself. Nothing is written.

    FILES are judged together with the publication's own data, as they would be if they were part of it; with
    --shapes they are judged alone, against those shapes. The shapes themselves are checked first: what is wrong with
    them, and what stands in them without effect, is said on standard error.

    Exit status: 0 conforms (warnings pass), 1 violations, 2 something could not be read.

    \b
      hamkor validate
      hamkor validate our-clubs.ttl --lang ru
      hamkor validate our.ttl --shapes our-shapes.ttl --format json
    """  # noqa: D301  click reads \b as the sign itself
    publication = _publication(options, needed=not shapes)
    settings = publication.settings if publication is not None else Settings()
    data = [file_of_user(path, settings.base) for path in files]
    judges = [file_of_user(path, settings.base, "shapes") for path in shapes]
    if publication is not None and not shapes:
        warn_of_files(publication)
        own, judges = publication_files(publication)
        named = {path.resolve() for path in files}
        data = [each for each in own if each.path.resolve() not in named] + data
    elif publication is not None and not files:
        data = publication_files(publication)[0]
    for each in shape_remarks(judges, base=settings.base, limits=settings.limits) if judges else ():
        click.echo(f"hamkor: {'error' if each.is_error else 'warning'}: {each}", err=True)
    report = check(data, judges, base=settings.base, limits=settings.limits)
    _show(report, form, (lang, *settings.languages), judges)
    sys.exit(0 if report.conforms else 1)


def _publication(options: Options, *, needed: bool) -> Publication | None:
    try:
        return options.publication()
    except SettingError:
        if needed or options.folder is not None:
            raise
        return None


def _show(report: Report, form: str, languages: tuple[str, ...], shapes: list[SourceFile]) -> None:
    if form == "turtle":
        click.echo(report.turtle().decode(), nl=False)
    elif form == "json":
        names = [each.name for each in fields(Result) if each.compare]
        rows = [{name: getattr(row, name) for name in names} for row in report.results]
        text = msgspec.json.format(msgspec.json.encode({"conforms": report.conforms, "results": rows}), indent=2)
        click.echo(text.decode())
    else:
        for line in report.lines(languages):
            click.echo(line)
        against = "" if shapes else " (there are no shapes)"
        verdict = "conforms" if report.conforms else "does not conform"
        click.echo(f"{verdict}{against}: {report.count('Violation')} violations, {report.warnings} warnings")
