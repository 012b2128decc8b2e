"""``hamkor proposals``: what people have proposed, accepted or declined at the command line; and as patches."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import cast

import click

from endpoint.commands.options import Options, publication_option, wait_option
from graph.model.errors import ReleaseError, Sentence, in_a_line
from graph.model.publication import PATCHES_FOLDER, Publication
from graph.parts.proposals.decisions import accept_proposal, check, decline_proposal, resume_proposals
from graph.parts.proposals.folding import FoldedFile, PatchFolding, difference
from graph.parts.proposals.proposal_store import (
    Content,
    Decision,
    KeptProposal,
    ProposalCheck,
    State,
    proposals_of,
)
from graph.parts.proposals.proposed_rows import patch_text, stale, touched
from graph.releases.release import current_release
from graph.sources.rdf_patches import patch_file, read_patch
from graph.validation.report import ValidationFailedError

STATES = ("waiting", "accepted", "declined", "withdrawn", "erased")
LONGEST, MOST_PAGES = 60, 1_000_000


@click.group("proposals")
@publication_option
def proposals_command(_: Options) -> None:
    """See what people have proposed on the pages, and accept or decline it.

    What is accepted becomes a release. Of graphs that files fill it is a patch in patches/ besides, which every build
    applies until somebody has folded it into the file.

    \b
      hamkor proposals list
      hamkor proposals show k7mwp3xq
      hamkor proposals accept k7mwp3xq --only 0,2
      hamkor proposals decline k7mwp3xq --because 'The list is of 2013.'
      hamkor proposals export k7mwp3xq --git | git apply
      hamkor proposals export --fold | git apply
    """  # noqa: D301  click reads \b as the sign itself


@proposals_command.command("list")
@click.option("--state", type=click.Choice(STATES), default="waiting", show_default=True,
              help="Which: `waiting`, `accepted`, `declined`, `withdrawn` or `erased`.")  # fmt: skip
@click.option("--page", type=click.IntRange(1, MOST_PAGES), default=1, show_default=True, help="Which fifty.")
@publication_option
def list_proposals(options: Options, state: str, page: int) -> None:
    """List proposals: id, kind, time, marks, and what each is about; wishes to be taken out first."""
    wanted: tuple[State, ...] = ("waiting", "accepting") if state == "waiting" else (cast("State", state),)
    for each in proposals_of(options.publication()).queue(wanted, page):
        content = each.content
        about = (content.label or content.thing)[:LONGEST] if content is not None else ""
        kind, marks = (content.kind, ",".join(content.marks)) if content is not None else ("", "")
        click.echo("\t".join([each.id, each.state, kind, f"{each.made:%Y-%m-%dT%H:%MZ}", marks, in_a_line(about)]))


def _found(publication: Publication, name: str) -> tuple[KeptProposal, Content]:
    found = proposals_of(publication).get(name)
    if found is None or found.content is None:
        raise ReleaseError(
            Sentence("there is no proposal %(name)s", name=repr(name[:50])),
            Sentence("hamkor proposals list shows them"),
        )
    return found, found.content


@proposals_command.command("show")
@click.argument("name", metavar="ID")
@publication_option
def show_proposal(options: Options, name: str) -> None:
    """Show a proposal: before and after, what the shapes say, who else is touched, what has changed since."""
    publication = options.publication()
    proposal, content = _found(publication, name)
    _line(f"{proposal.id}  {proposal.state}  {content.kind}  {proposal.made:%Y-%m-%dT%H:%MZ}  <{content.thing}>")
    for title, text in (
        ("about", content.label), ("marks", ", ".join(content.marks)), ("reason", content.reason),
        ("source", content.source), ("answer to", proposal.address),
    ):  # fmt: skip
        if text:
            _line(f"{title}: {' '.join(text.split())}")
    if proposal.decision is not None and proposal.decision.words:
        _line(f"decision: {' '.join(proposal.decision.words.split())} {proposal.decision.release}".rstrip())
    _show_changes(publication, content, is_open=proposal.is_open)
    if content.kind == "removal" and proposal.is_open:
        _line(f"to take it out: hamkor withhold {quote(content.thing)}")


def _show_changes(publication: Publication, content: Content, *, is_open: bool) -> None:
    if not content.changes:
        return
    release = current_release(publication)
    gone = set(stale(release, content.thing, content.changes)) if is_open else set()
    for number, each in enumerate(content.changes):
        _line(f"{number}  <{each.predicate}>{'  has changed since' if number in gone else ''}")
        _line(f"   - {each.removed or 'nothing'}")
        _line(f"   + {each.added or 'nothing'}")
    if is_open:
        for found in check(ProposalCheck(str(publication.root), content.thing, content.changes)).results:
            message = found.messages.get("en") or next(iter(found.messages.values()), "")
            _line(f"{found.severity}: {message}")
    for thing in touched(release.store, content.thing, content.changes, 10):
        _line(f"touches <{thing}>")


def _line(text: str) -> None:
    click.echo(in_a_line(text))  # whoever proposes something writes to the terminal of whoever reviews it


def _numbers(text: str, content: Content) -> tuple[int, ...]:
    if not text:
        return tuple(range(len(content.changes)))
    parts = [each.strip() for each in text.split(",")]
    if not all(each.isdecimal() for each in parts):
        raise click.BadParameter(f"{text!r} is no list of numbers such as 0,2", param_hint="--only")
    return tuple(sorted({int(each) for each in parts}))


@proposals_command.command("accept")
@click.argument("name", metavar="ID")
@click.option("--only", default="", help="The numbers of the changes that are accepted, such as 0,2. Default: all.")
@click.option("--words", default="", help="The reason as it is published. Default: as it was given.")
@click.option("--name", "reviewer", default="", help="Who accepts it; shown in the provenance.")
@wait_option
@publication_option
def accept_command(options: Options, name: str, only: str, words: str, reviewer: str) -> None:
    """Accept a proposal: one release, with its provenance.

    Exit status: 0 done, 1 the release would violate the shapes, 2 it cannot be accepted.
    """
    publication = options.publication()
    for finished in resume_proposals(publication, options.patience):
        click.echo(f"{finished} was about to be accepted, and is now", err=True)
    _, content = _found(publication, name)
    decision = Decision("", reviewer, _numbers(only, content), words or content.reason)
    try:
        made = accept_proposal(publication, name, decision, options.patience)
    except ValidationFailedError as problem:
        for each in problem.report.results:
            if each.severity == "Violation":
                click.echo(each.text(("en",)), err=True)
        click.echo(f"hamkor: {problem}", err=True)
        sys.exit(1)
    click.echo(f"{name} is accepted: release {made.release}")


@proposals_command.command("decline")
@click.argument("name", metavar="ID")
@click.option("--because", required=True, help="Why: its author reads it.")
@click.option("--name", "reviewer", default="", help="Who declines it.")
@publication_option
def decline_command(options: Options, name: str, because: str, reviewer: str) -> None:
    """Decline a proposal, and tell its author why."""
    decline_proposal(options.publication(), name, Decision("", reviewer, (), because))
    click.echo(f"{name} is declined")


@proposals_command.command("export")
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--git", is_flag=True, help="As a difference for git, which adds the patch to patches/.")
@click.option("--fold", is_flag=True, help="As a difference for git, which writes what the patches say into the files "
              "themselves and takes the patches away; what stays in them is told.")  # fmt: skip
@publication_option
def export_command(options: Options, names: Sequence[str], git: bool, fold: bool) -> None:
    """Write proposals as RDF Patches; without an ID all patches that have been accepted, as they lie in patches/.

    With --fold nothing is changed either: `git apply` does that, and the next build says what it said before.
    """
    publication = options.publication()
    if fold:
        _fold(publication, names)
        return
    paths = publication.patches()
    for path in paths:
        read_patch(path, f"{PATCHES_FOLDER}/{path.name}")
    texts = {path.name: path.read_bytes().decode() for path in paths}
    if names:
        kept = {_label_of(path): path.name for path in paths}
        written, texts = texts, dict[str, str]()
        for each in names:
            text = written[kept[each]] if each in kept else patch_text(_found(publication, each)[0])
            texts[kept[each] if each in kept else patch_file(publication, each, ()).path.name] = text
    for file, text in texts.items():
        shown = "".join(difference(FoldedFile(f"{PATCHES_FOLDER}/{file}", None, text))) if git else text
        click.echo(shown.encode(), nl=False)  # as bytes: line ends stay what they are


def _label_of(path: Path) -> str:
    return path.stem.partition("-")[2] or path.stem


def _fold(publication: Publication, names: Sequence[str]) -> None:
    """Write the difference that folds patches into the files, and on standard error what cannot be folded."""
    paths = publication.patches()
    if unknown := next((each for each in names if each not in map(_label_of, paths)), ""):
        raise ReleaseError(
            Sentence("there is no patch of the proposal %(name)s", name=repr(unknown[:50])),
            Sentence("hamkor proposals list --state accepted shows them"),
        )
    folded = PatchFolding(publication).fold([path for path in paths if not names or _label_of(path) in names])
    for each in folded.files:
        # as bytes: what stands in a file is written as it stands there, line ends included
        click.echo("".join(difference(each)).encode("utf-8", errors="surrogateescape"), nl=False)
    for patch, rows in folded.left.items():
        for row in rows:
            click.echo(f"{patch}: cannot be folded, and stays: {row.text().strip()}", err=True)
