"""``hamkor push`` and ``fetch``: releases into object storage, and out of it into a folder."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import click

from endpoint.commands.options import Options, publication_option, wait_option
from graph.model.errors import ReleaseError, Sentence, SettingError
from graph.model.publication import open_publication
from graph.parts.replication.follow import Copy, begin_copy
from graph.parts.replication.object_storage import open_storage
from graph.parts.replication.push import Push
from graph.parts.replication.replication_state import read_state, the_one
from graph.releases.release import current_release
from graph.releases.verification import verify


def _told(what: str) -> None:
    click.echo(f"hamkor: {what}", err=True)


@click.command("push")
@click.argument("url", required=False)
@click.option("--prune", is_flag=True, help="Also remove from the storage what is here no more (releases prune).")
@click.option("--again", is_flag=True, help="Send everything anew, whatever is there: it may be damaged.")
@click.option("--take-over", is_flag=True, help="Replace a release that another publisher has sent.")
@click.option("--status", is_flag=True, help="Only say how replication stands here.")
@wait_option
@publication_option
def push_command(options: Options, url: str | None, prune: bool, again: bool, take_over: bool, status: bool) -> None:
    """Send the current release to the object storage at URL, by default that of the setting replication.to.

    URL is s3://bucket/prefix, gs://…, az://… or file:///folder; credentials are taken from the environment (AWS_…,
    GOOGLE_…, AZURE_…). What is there already is not sent again. Copies (hamkor serve --follow URL) have it a moment
    later. With replication.to set, every command that publishes and every service sends by itself.

    Exit status: 0 done, 2 it could not be sent, or another publisher's release is current there.

    \b
      hamkor push s3://bucket/our-data
      hamkor push --prune
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    if status:
        _show_status(publication.root)
        return
    if publication.origin is not None:
        raise ReleaseError(Sentence("this folder is a copy; it is sent by its publisher"))
    url = url or publication.settings.replication.to
    if not url:
        raise SettingError("replication.to", Sentence("name the storage: hamkor push URL, or set replication.to"))
    push = Push(publication, open_storage(url), take_over, again, _told)
    with the_one(publication.root, options.wait):
        begun = time.monotonic()
        sent = push.send()
        seconds = time.monotonic() - begun
        release = sent.head.release if sent.head is not None else ""
        click.echo(f"Release {release} is current in {push.storage.url}")
        click.echo(f"  sent {sent.files:,} files, {sent.size:,} bytes in {seconds:.1f} s")
        if prune:
            click.echo(f"  removed {push.prune():,} files that no release there has")


def _show_status(root: Path) -> None:
    state = read_state(root)
    if state is None:
        click.echo("Nothing is replicated here")
        return
    direction = "sends to" if state.role == "push" else "follows"
    click.echo(f"This folder {direction} {state.url}")
    click.echo(f"  release {state.release or 'none'}, newest {state.latest or 'not known'}")
    reached = f"{timedelta(seconds=round(time.time() - state.reached))} ago" if state.reached else "never"
    click.echo(f"  the storage answered {reached}; the last release took {state.lag:.1f} s")
    if state.problem:
        click.echo(f"  {state.problem}")


@click.command("fetch")
@click.argument("url")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--all", "everything", is_flag=True, help="Fetch all releases that the storage lists, not only the current."
)
@click.option("--no-verify", is_flag=True, help="Do not read the release once more when it is here.")
def fetch_command(url: str, folder: Path, everything: bool, no_verify: bool) -> None:
    """Copy a publication once from the storage or the publisher at URL into FOLDER: a mirror, a back-up, an archive.

    FOLDER is empty, or a copy that is brought up to date. Every file is compared with its SHA-256 as it arrives; then
    the release is verified as by hamkor releases verify. Serve it with hamkor serve --no-build --publication FOLDER.
    Sources, settings of machines, tokens, kept queries and what is withheld are not in it: hamkor backup has them.

    Exit status: 0 done, 2 it could not be fetched, or is not whole; then FOLDER holds what it held.

    \b
      hamkor fetch s3://bucket/our-data ./mirror
      hamkor releases verify --publication ./mirror
    """  # noqa: D301  click reads \b as the sign itself
    begin_copy(folder, url, follows=False)
    copy = Copy(folder, open_storage(url), 1 << 30, follows=False, told=_told)
    with the_one(folder, 0):
        head = copy.look()
        copy.take(head)
        while everything and copy.fill(head):
            pass
    release = current_release(open_publication(folder))
    if not no_verify and (problems := verify(release)):
        raise ReleaseError(problems[0])
    fetched = copy.fetched
    click.echo(f"Release {release.id} is in {folder}")
    click.echo(f"  fetched {fetched.files:,} files, {fetched.size:,} bytes; {release.manifest.triples:,} triples")
