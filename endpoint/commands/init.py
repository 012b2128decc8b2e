"""``hamkor init``: the files of a new publication."""

from __future__ import annotations

from pathlib import Path

import click

from graph.beginning import begin


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--base", required=True, help="The IRI below which its things are named, such as https://example.org/kg/")
@click.option("--title", default="A new publication", show_default=True, help="What it is called.")
@click.option("--lang", default="en", show_default=True, help="The language of its texts.")
def command(folder: Path, base: str, title: str, lang: str) -> None:
    """Begin a publication in FOLDER, which is empty: settings, an example of data, and a shape for it.

    What is written can be served at once; change it bit by bit into your own.

    \b
      hamkor init our-data --base https://example.org/kg/ --title 'Our data'
      hamkor serve --publication our-data
    """  # noqa: D301  click reads \b as the sign itself
    for path in begin(folder, base, title, lang):
        click.echo(f"wrote {path}")
    click.echo(f"Next: hamkor serve --publication {folder}")
