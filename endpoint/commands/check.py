"""``hamkor check``: what validation does not see. ``links``: are the identifiers of others sound?"""

from __future__ import annotations

import sys

import click
import msgspec
from rich.console import Console

from endpoint.commands.build import warn_of_files, warn_of_settings
from endpoint.commands.options import Options, publication_option
from graph.linksets.answering import Reply, ask_all
from graph.linksets.checks import Finding, check_links, foreign
from graph.publication import Publication
from graph.releases.release import Release, current_release


@click.group("check")
def command() -> None:
    """Check what validation does not see.

    \b
      hamkor check links
      hamkor check links --online
    """  # noqa: D301  click reads \b as the sign itself


@command.command("links")
@click.option("--online", is_flag=True, help="Also ask for each identifier of others whether it still answers.")
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@publication_option
def links(options: Options, online: bool, as_json: bool) -> None:
    """Check the links of the current release to others: malformed, shared by two, pointing two ways, merging.

    Nothing is fetched without --online; with it, HEAD requests go to the public addresses of others, a few at a time.

    Exit status: 0 nothing is wrong (other spellings and silence are only told), 1 something is, 2 it could not be read.
    """
    publication = options.publication()
    warn_of_files(publication)
    warn_of_settings(publication)
    release = current_release(publication)
    findings = check_links(release.store, release.manifest.base)
    if online:
        findings += _unanswered(publication, release)
    serious = sum(each.is_serious for each in findings)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=1).decode())
    else:
        for each in findings:
            graphs = ", ".join(iri.removeprefix(f"{publication.base}graph/") for iri in each.graphs)
            click.echo(f"{each.kind}: {each.message}" + (f" [{graphs}]" if graphs else ""))
        click.echo(f"{serious} mistakes, {len(findings) - serious} remarks")
    sys.exit(1 if serious else 0)


def _unanswered(publication: Publication, release: Release) -> list[Finding]:
    iris = foreign(release.store, release.manifest.base)
    console, asked = Console(stderr=True, highlight=False), 0

    def told(reply: Reply) -> None:
        nonlocal asked
        asked += 1
        if console.is_terminal:
            console.print(f"{asked:,} of {len(iris):,}: {reply.iri}", end="\r", soft_wrap=True)

    replies = ask_all(iris, told, allow_private=publication.settings.federation.allow_private)
    return [
        Finding("unanswered", (each.iri,), f"<{each.iri}> does not answer: {each.problem or each.status}", ())
        for each in replies
        if not each.is_there
    ]
