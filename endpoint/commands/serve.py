"""``hamkor serve``: the current release over HTTP; built first where something changed."""

from __future__ import annotations

import click

from endpoint.commands.build import build_release, warn_of_files
from endpoint.commands.options import Options, publication_option, wait_option
from graph.errors import ReleaseError
from graph.releases.release import current_release
from graph.removal import resume


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, envvar="HOST", help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer. Default: engine.workers.")
@click.option("--no-build", is_flag=True, help="Serve the current release even if the sources have changed.")
@wait_option
@publication_option
def command(options: Options, host: str, port: int, workers: int | None, no_build: bool) -> None:
    """Serve the publication at http://HOST:PORT, building a release first if the sources have changed.

    Stop it with Ctrl-C. A release that is made while it runs is picked up by itself.

    \b
      hamkor serve
      hamkor serve --host 0.0.0.0 --port 8080
      hamkor serve --publication ../our-data
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    if no_build:
        current_release(publication)
        try:
            resume(publication, options.patience)
        except ReleaseError as problem:  # where nothing can be written, what is there can be read still
            click.echo(f"hamkor: warning: {problem}", err=True)
    else:
        warn_of_files(publication)
        build_release(publication, publication.settings.languages[0], options.patience)
    from endpoint.editor import is_installed  # noqa: PLC0415
    from endpoint.server import serve  # noqa: PLC0415  after the build, whose errors come first

    if not is_installed():
        click.echo(
            "The SPARQL editor is not installed (it needs npm, then make serve); /sparql has a plain form.", err=True
        )
    serve(publication, host, port, workers or publication.settings.engine.workers)
