"""``hamkor releases``: what was published when, what differs, and how to go back, recover, clear away and verify."""

from __future__ import annotations

import sys

import click
import msgspec

from endpoint.commands.options import Options, publication_option, wait_option
from endpoint.commands.progress import progress_shown
from graph.errors import ReleaseError
from graph.privacy.traces import read_traces
from graph.privacy.withholding import withholding_of
from graph.recovery import NOTHING_LEFT, Survey, recover, survey
from graph.releases.difference import changed_graphs, difference, patch
from graph.releases.folder import ReleasesFolder
from graph.releases.history import History
from graph.releases.manifest import Manifest
from graph.releases.pruning import prune
from graph.releases.release import Release, open_release
from graph.releases.verify import problems_of
from graph.removal import resume

FORMATS = ("patch", "added", "removed", "counts")


@click.group("releases")
@publication_option
def command(_: Options) -> None:
    """Releases: list and show them, compare two, go back to one, recover, clear old ones away, verify.

    A release is named by its id, by the beginning of it, or by a word: current, parent (that of the current one).

    \b
      hamkor releases list
      hamkor releases diff parent current
      hamkor releases rollback parent
    """  # noqa: D301  click reads \b as the sign itself


def _history(options: Options) -> History:
    return History(ReleasesFolder(options.publication().releases_folder, options.patience))


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@publication_option
def list_releases(options: Options, as_json: bool) -> None:
    """List all releases, newest first; * marks the current one."""
    history = _history(options)
    rows = [_row(each, history) for each in reversed(history.manifests)]
    if as_json:
        click.echo(_json(rows))
        return
    if not rows:
        raise ReleaseError("there is no release yet", "run hamkor build")
    for row in rows:
        by = f"  by {', '.join(row.contributors)}" if row.contributors else ""
        click.echo(
            f"{'*' if row.current else ' '} {row.id}  {row.triples:>12,} triples  {row.graphs:>4} graphs  "
            f"{row.warnings:>4} warnings{by}"
        )
    for each in history.rollbacks:
        click.echo(f"  {each.time:%Y-%m-%d %H:%M:%S}Z rolled back from {each.before} to {each.current}", err=True)


class Row(msgspec.Struct, frozen=True):
    """One release, as the list has it."""

    id: str
    created: str
    parent: str | None
    current: bool
    triples: int
    graphs: int
    warnings: int
    contributors: tuple[str, ...]


def _row(manifest: Manifest, history: History) -> Row:
    return Row(
        manifest.id, manifest.created, manifest.parent, manifest.id == history.current,
        manifest.triples, len(manifest.graphs), manifest.warnings, history.contributors(manifest),
    )  # fmt: skip


@command.command("show")
@click.argument("release", default="current")
@click.option("--json", "as_json", is_flag=True, help="The whole manifest, as JSON.")
@publication_option
def show(options: Options, release: str, as_json: bool) -> None:
    """Show one release (the current one if none is named): its digest, counts, graphs and who contributed them."""
    manifest = open_release(_history(options).find(release)).manifest
    if as_json:
        click.echo(_json(manifest))
        return
    click.echo(f"Release {manifest.id}, made {manifest.created}, parent {manifest.parent or 'none'}")
    click.echo(f"  {manifest.triples:,} triples in {len(manifest.graphs)} named graphs, {manifest.warnings} warnings")
    click.echo(f"  digest {manifest.digest}")
    for each in manifest.graphs:
        by = (
            f"  {each.contribution.name or each.contribution.id}, {each.contribution.time}" if each.contribution else ""
        )
        click.echo(f"  {each.triples:>12,}  {each.origin:<11}  {each.iri}{by}")


@command.command("diff")
@click.argument("a")
@click.argument("b")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="patch", show_default=True,
    help="An RDF Patch (A added, D deleted), the added or the removed N-Quads, or only how many.",
)  # fmt: skip
@publication_option
def diff(options: Options, a: str, b: str, form: str) -> None:
    """Write what makes release B of release A, graph by graph, literals exactly as they were put in."""
    history = _history(options)
    old, new = open_release(history.find(a)), open_release(history.find(b))
    if form == "counts":
        _counts(old, new)
        return
    stream = sys.stdout.buffer
    if form == "patch":
        for piece in patch(old, new):
            stream.write(piece)
        return
    for part in difference(old, new):
        if part.added == (form == "added"):
            stream.write(part.quads())


def _counts(old: Release, new: Release) -> None:
    for iri in changed_graphs(old, new):
        counts = {True: 0, False: 0}
        for part in difference(old, new, (iri,)):
            counts[part.added] += len(part.lines)
        click.echo(f"+{counts[True]}\t-{counts[False]}\t{iri}")


@command.command("rollback")
@click.argument("release")
@wait_option
@publication_option
def rollback(options: Options, release: str) -> None:
    """Make an older release current again, in one step. A running service serves it within a second.

    The files in data/ stay as they are: the next hamkor build publishes them again.
    """
    resume(options.publication(), options.patience)
    history = _history(options)
    found = history.find(release).name
    before = history.roll_back(found)
    if read_traces(history.releases.path / found).mark != withholding_of(options.publication()).mark:
        remedy = "run hamkor build, or every write is refused"
        click.echo(f"hamkor: warning: what is withheld has changed since {found} was made: {remedy}", err=True)
    click.echo(f"Current is {found}. To undo: hamkor releases rollback {before}")


@command.command("recover")
@click.option("--dry-run", is_flag=True, help="Say what was found and what would be done; change nothing.")
@publication_option
def recover_releases(options: Options, dry_run: bool) -> None:
    """Make the newest whole release current, where the current one is damaged or nobody can tell which it is.

    A back-up made file by file leaves a link "current" that leads nowhere, or a folder in its place. Then nothing is
    made until this is done, since what contributors wrote stands in releases only. Nothing is removed; it says which
    releases are not whole, and which contributed graphs of these the whole one does not hold in the same state.
    """
    publication = options.publication()
    if dry_run:
        _tell(found := survey(ReleasesFolder(publication.releases_folder)))
        click.echo(_outlook(found))
        return
    with progress_shown() as progress:
        found, current, aside = recover(publication, progress)
    _tell(found)
    if aside is not None:
        click.echo(f"set aside: {aside} (remove it when you no longer need it)", err=True)
    click.echo(f"Current is {current}" + (", as before: nothing had to be done" if found.is_current else ""))


def _tell(found: Survey) -> None:
    """Say on standard error what was found, a line each."""
    if found.fault:
        click.echo(f"hamkor: {found.fault}", err=True)
    for each in found.damaged:
        click.echo(f"hamkor: {each.release} is not whole: {'; '.join(each.problems)}", err=True)
    for iri in found.lost:
        click.echo(
            f"hamkor: warning: <{iri}> was contributed and is not so in {found.whole or 'any release'}", err=True
        )


def _outlook(found: Survey) -> str:
    if found.is_current:
        return f"Current is {found.whole}, which is whole: nothing has to be done"
    if found.anew:
        return f"Of {found.whole} what is damaged would be made anew, and what contributors wrote be kept"
    return f"{found.whole} would be made current" if found.whole else f"No release is whole: {NOTHING_LEFT}"


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=1), required=True, help="How many of the newest releases stay.")
@wait_option
@publication_option
def prune_releases(options: Options, keep: int) -> None:
    """Remove old releases; the current one stays, and so does any that a running service reads."""
    done = prune(_history(options).releases, keep)
    for each in done.removed:
        click.echo(f"removed {each}")
    for each in done.held:
        click.echo(f"kept {each}: it is being read", err=True)
    click.echo(f"{len(done.removed)} removed, {done.freed / 1e6:,.1f} MB freed")


@command.command("verify")
@click.argument("release", required=False)
@publication_option
def verify_releases(options: Options, release: str | None) -> None:
    """Read a release whole, or all of them, and compare it with its digests. Exit status 2 where one is not whole."""
    history = _history(options)
    wanted = [history.find(release).name] if release is not None else list(history.releases.ids())
    if not wanted:
        raise ReleaseError("there is no release yet", "run hamkor build")
    broken = 0
    for each in wanted:
        with progress_shown() as progress:
            problems = problems_of(history.releases.release(each), progress=progress)
        click.echo(f"{each}: {'whole' if not problems else '; '.join(problems)}")
        broken += bool(problems)
    if broken:
        raise ReleaseError(
            f"{broken} of {len(wanted)} releases are not whole", "hamkor releases recover, where the current one is"
        )
