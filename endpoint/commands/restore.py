"""``hamkor restore``: a publication made of a copy, and proven."""

from __future__ import annotations

from pathlib import Path

import click

from endpoint.commands.backup import told
from endpoint.commands.options import readable_errors
from graph.backup import restore


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@readable_errors
def command(file: Path, folder: Path) -> None:
    """Make a publication of FILE, which hamkor backup has made, in FOLDER, which is empty or not there.

    Every file is compared with its digest, and the release is read whole, as by hamkor releases verify. Where anything
    is not as it was copied, nothing is restored. What has been withheld since the copy was made has to be withheld
    again: put a newer withheld.json in its place and run hamkor build.

    \b
      hamkor restore hamkor-2026-03-01.tar.gz /srv/hamkor
    """  # noqa: D301  click reads \b as the sign itself
    click.echo(f"{folder}: whole: {told(restore(file, folder))}")
