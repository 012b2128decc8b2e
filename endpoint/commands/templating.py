"""``hamkor template``: a file to start from, made of the shapes, with an example that passes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from endpoint.commands.options import Options, publication_option
from graph.catalogue.contents import graph_named
from graph.export.documents import prefixes, read_context
from graph.model.errors import Sentence, SourceError
from graph.model.formats import METADATA_SUFFIX
from graph.model.publication import Publication
from graph.parts.templates.fields import Examples, TemplateShapes
from graph.parts.templates.template_files import Library
from graph.releases.release import current_release

SUFFIXES = {"csv": "csv", "turtle": "ttl", "jsonld": "jsonld"}


@click.command("template")
@click.argument("name", required=False, metavar="CLASS")
@click.option("--format", "form", type=click.Choice([*SUFFIXES]), default="csv", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Where. Default: CLASS.csv …")
@click.option("--lang", default="en", show_default=True, help="The language of the comments in Turtle: en, ru, uz.")
@publication_option
def template_command(options: Options, name: str | None, form: str, output: Path | None, lang: str) -> None:
    """Write a template for things of CLASS, filled with an example that passes; without CLASS list the classes.

    A table has its CSVW metadata beside it.

    \b
      hamkor template
      hamkor template ParentsClub --format turtle --lang uz
    """  # noqa: D301  click reads \b as the sign itself
    library = library_of(options.publication())
    if name is None:
        for each, iri in library.classes().items():
            click.echo(f"{each}\t{iri}")
        return
    text = library.text(name, SUFFIXES[form], lang)
    if text is None:
        raise SourceError(
            name,
            Sentence("there is no template for this class"),
            remedy=Sentence("hamkor template lists those that are"),
        )
    target = output or Path(f"{name}.{SUFFIXES[form]}")
    target.write_bytes(text)
    written = [target]
    if form == "csv":
        beside = target.with_name(target.name + METADATA_SUFFIX)
        described = library.text(name, "metadata", lang) or b""
        # its url is a reference: a blank, a sign of JSON or a number sign in a file's name would make it another one
        beside.write_bytes(described.replace(f'"{name}.csv"'.encode(), f'"{quote(target.name)}"'.encode()))
        written.append(beside)
    click.echo(", ".join(str(each) for each in written))


def library_of(publication: Publication) -> Library:
    """Return the templates of a publication's current release.

    Raises:
        ReleaseError: there is none.
    """
    store = current_release(publication).store
    personal = frozenset(graph_named(publication, each) for each in publication.settings.privacy.personal_graphs)
    context = read_context(publication)
    return Library(Examples(TemplateShapes(store, publication.base), personal), prefixes(publication, context), context)
