"""``hamkor backup``: a copy of a publication in one file, beside a running service."""

from __future__ import annotations

from pathlib import Path

import click

from endpoint.commands.options import Options, publication_option
from graph.backup import Contents, back_up


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@publication_option
def command(options: Options, file: Path) -> None:
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
