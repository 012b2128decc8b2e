"""``hamkor withdraw``: a contributed graph is no longer in the next release."""

from __future__ import annotations

import click

from endpoint.commands.options import Options, language_option, publication_option, wait_option
from endpoint.commands.written import graph_named, rehearsed, told, written
from graph.publish import ANY, Delete


@click.command("withdraw")
@click.option("--graph", "graph_name", required=True, help="The named graph: its name (ngo-x/clubs) or its IRI.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--quiet", is_flag=True, help="Print the id of the release and nothing else.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def command(options: Options, graph_name: str, dry_run: bool, quiet: bool, lang: str) -> None:
    """Take a contributed graph out, in a new release. Releases made before still have it.

    Exit status: 0 done, 1 what is left would violate the shapes, 2 there is no such graph, or it cannot be written.

    \b
      hamkor withdraw --graph ngo-x/clubs
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    graph = graph_named(publication, graph_name)
    write, languages = Delete(graph), (lang, *publication.settings.languages)
    if dry_run:
        rehearsed(publication, write, languages, {graph: ANY})
    else:
        told(written(publication, write, languages, options.patience, {graph: ANY}), quiet=quiet)
