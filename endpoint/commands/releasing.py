"""``hamkor init``, ``build``, ``validate``, ``serve``, ``releases``, ``backup``, ``restore`` and ``withhold``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from pkgutil import resolve_name

import click
import msgspec

from endpoint.commands.options import (
    Options,
    language_option,
    progress_shown,
    publication_option,
    readable_errors,
    wait_option,
    warn_of_document,
)
from endpoint.served_parts import SERVED
from graph.catalogue.dataset_description import left_out
from graph.model.errors import ReleaseError, Sentence, SettingError
from graph.model.publication import PATCHES_FOLDER, SETTINGS_FILE, Publication, SourceFile, open_publication
from graph.model.settings import Settings
from graph.pipeline.build import build, check, file_of_user, publication_files, shape_remarks
from graph.pipeline.removal import foresee, resume, withhold
from graph.pipeline.safekeeping import NOTHING_LEFT, Contents, Survey, back_up, begin, recover, restore, survey
from graph.releases.history import History, changed_graphs, difference, patch
from graph.releases.manifest import Manifest
from graph.releases.release import Patience, Release, ReleasesFolder, current_release, open_release
from graph.releases.verification import problems_of, prune
from graph.sources.rdf_patches import patches_of
from graph.sources.reader import read_source
from graph.validation.report import Report, Result, ValidationFailedError
from graph.withholding.withholding import Judged, read_traces, withholding_of

# ``hamkor init``: the files of a new publication.


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--base", required=True, help="The IRI below which its things are named, such as https://example.org/kg/")
@click.option("--title", default="A new publication", show_default=True, help="What it is called.")
@click.option("--lang", default="en", show_default=True, help="The language of its texts.")
def init_command(folder: Path, base: str, title: str, lang: str) -> None:
    """Begin a publication in FOLDER, which is empty: settings, an example of data, and a shape for it.

    What is written can be served at once; change it bit by bit into your own.

    \b
      hamkor init our-data --base https://example.org/kg/ --title 'Our data'
      hamkor serve --publication our-data
    """  # noqa: D301  click reads \b as the sign itself
    for path in begin(folder, base, title, lang):
        click.echo(f"wrote {path}")
    click.echo(f"Next: hamkor serve --publication {folder}")


# ``hamkor build``: sources → a new release, if anything changed.

SHOWN = 50


@click.command("build")
@click.option("--quiet", is_flag=True, help="Print the id of the release and nothing else.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def build_command(options: Options, quiet: bool, lang: str) -> None:
    """Check the sources and make a release of them, if anything changed.

    Reads data/, ontology/ and shapes/, adds what follows from the ontology, validates with SHACL and makes a new
    release below .hamkor/releases, which becomes the current one in one step. Whatever fails, the release that was
    current stays current.

    Shapes are checked before the data: every constraint is made, every query is read. What stands in them and has no
    effect (a term that SHACL does not have, as sh:minCout, or that is not evaluated here) is a warning. Which files
    there are not read, what is left out of a JSON-LD file because its context does not know the key, and where the
    settings name no publisher, it says in one line each.

    Exit status: 0 done, 1 the data violates the shapes, 2 something could not be read or written.

    \b
      hamkor build
      hamkor build --publication ../our-data
    """  # noqa: D301  click reads \b as the sign itself
    if not quiet:
        warn_of_files(options.publication())
    release, fresh = build_release(options.publication(), lang, options.patience)
    if quiet:
        click.echo(release.id)
        return
    manifest = release.manifest
    click.echo(f"{'Release' if fresh else 'Nothing has changed since release'} {release.id}")
    click.echo(f"  {manifest.triples:,} triples in {len(manifest.graphs)} named graphs, {manifest.warnings} warnings")
    click.echo(f"  digest {manifest.digest}")
    warn_of_settings(options.publication())
    if fresh:
        warn_of_shapes(options.publication())


def warn_of_settings(publication: Publication) -> None:
    """Say on standard error, in a line each, which settings the catalogue needs and has not, and what that costs."""
    for warning in left_out(publication.settings):
        click.echo(f"hamkor: warning: {SETTINGS_FILE}: {warning}", err=True)


def warn_of_files(publication: Publication) -> None:
    """Say on standard error, one line each, which files of the publication's folders are not read, and why."""
    unread = publication.unread()
    for each in unread[:SHOWN]:
        click.echo(f"hamkor: not read: {each.name}: {each.reason}", err=True)
    if len(unread) > SHOWN:
        click.echo(f"hamkor: not read: {len(unread) - SHOWN} more files", err=True)


def warn_of_shapes(publication: Publication) -> None:
    """Say on standard error, a line each, what stands in the shapes and has no effect here."""
    sources = [each for each in publication.sources(may_be_none=True) if each.role == "shapes"]
    if sources:
        for each in shape_remarks(sources, base=publication.base, limits=publication.settings.limits):
            click.echo(f"hamkor: warning: {each}", err=True)


def warn_of_release(problem: str) -> None:
    """Say on standard error, in one line, what is wrong with the current release and is made anew."""
    click.echo(f"hamkor: warning: {problem}", err=True)


def build_release(publication: Publication, language: str, patience: Patience) -> tuple[Release, bool]:
    """Build, showing progress; return the release and whether it is new. Ends the process with 1 on violations."""
    before = History(ReleasesFolder(publication.releases_folder)).current
    with progress_shown() as progress, violations_shown(publication, language):
        release = build(publication, progress, warn_of_document, patience, warn_of_release)
    return release, before != release.id


@contextmanager
def violations_shown(publication: Publication, language: str) -> Iterator[None]:
    """Say on standard error how what would be a release violates the shapes, and end the process with 1."""
    try:
        yield
    except ValidationFailedError as problem:
        lines = list(problem.report.lines((language, *publication.settings.languages)))
        for line in lines[:SHOWN]:
            click.echo(line, err=True)
        if len(lines) > SHOWN:
            click.echo(f"… and {len(lines) - SHOWN} more: hamkor validate shows all", err=True)
        click.echo(f"hamkor: {problem}", err=True)
        sys.exit(1)


# ``hamkor validate``: do files conform to the shapes?

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("validate")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--shapes", multiple=True, type=FILE, help="Validate against this file instead of the publication's.")
@click.option("--format", "form", type=click.Choice(["text", "json", "turtle"]), default="text", show_default=True)
@language_option("The language of the shapes' messages: en, ru, uz.")
@publication_option
def validate_command(options: Options, files: tuple[Path, ...], shapes: tuple[Path, ...], form: str, lang: str) -> None:
    """Check FILES with SHACL; without FILES the publication itself. Nothing is written.

    FILES are judged together with the publication's own data, as they would be if they were part of it; with
    --shapes they are judged alone, against those shapes. The shapes themselves are checked first: what is wrong with
    them, and what stands in them without effect, is said on standard error.

    Exit status: 0 conforms (warnings pass), 1 violations, 2 something could not be read.

    \b
      hamkor validate
      hamkor validate our-clubs.ttl --lang ru
      hamkor validate our.ttl --shapes our-shapes.ttl --format json
    """  # noqa: D301  click reads \b as the sign itself
    publication = _publication(options, needed=not shapes)
    settings = publication.settings if publication is not None else Settings()
    data, patches = [file_of_user(path, settings.base) for path in files], None
    judges = [file_of_user(path, settings.base, "shapes") for path in shapes]
    if publication is not None and not shapes:
        warn_of_files(publication)
        own, judges = publication_files(publication)
        patches = patches_of(publication)
        named = {path.resolve() for path in files}
        data = [each for each in own if each.path.resolve() not in named] + data
    elif publication is not None and not files:
        data = publication_files(publication)[0]
    for each in shape_remarks(judges, base=settings.base, limits=settings.limits) if judges else ():
        click.echo(f"hamkor: {'error' if each.is_error else 'warning'}: {each}", err=True)
    report = check(data, judges, base=settings.base, limits=settings.limits, patches=patches)
    _show(report, form, (lang, *settings.languages), judges)
    sys.exit(0 if report.conforms else 1)


def _publication(options: Options, *, needed: bool) -> Publication | None:
    try:
        return options.publication()
    except SettingError:
        if needed or options.folder is not None:
            raise
        return None


def _show(report: Report, form: str, languages: tuple[str, ...], shapes: list[SourceFile]) -> None:
    if form == "turtle":
        click.echo(report.turtle().decode(), nl=False)
    elif form == "json":
        names = [each.name for each in fields(Result) if each.compare]
        rows = [{name: getattr(row, name) for name in names} for row in report.results]
        text = msgspec.json.format(msgspec.json.encode({"conforms": report.conforms, "results": rows}), indent=2)
        click.echo(text.decode())
    else:
        for line in report.lines(languages):
            click.echo(line)
        against = "" if shapes else " (there are no shapes)"
        verdict = "conforms" if report.conforms else "does not conform"
        click.echo(f"{verdict}{against}: {report.count('Violation')} violations, {report.warnings} warnings")


# ``hamkor serve``: the current release over HTTP; built first where something changed.


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, envvar="HOST", help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer. Default: engine.workers.")
@click.option("--no-build", is_flag=True, help="Serve the current release even if the sources have changed.")
@click.option("--follow", metavar="URL", help="Be a copy of what a publisher sends to this storage, or serves there.")
@wait_option
@publication_option
def serve_command(
    options: Options, host: str, port: int, workers: int | None, no_build: bool, follow: str | None
) -> None:
    """Serve the publication at http://HOST:PORT, building a release first if the sources have changed.

    Stop it with Ctrl-C. A release that is made while it runs is picked up by itself.

    With --follow the folder, which may be empty, is a copy: it fetches what is current in the storage (s3://…, gs://…,
    az://…, file:///… or a publisher's own https://…/), verifies it and serves it, and goes on so whenever it is served.
    Credentials are taken from the environment. Nothing is built or published there: who writes is told where the
    publisher is, or, with the setting replication.forward, what is written is handed on to it.

    \b
      hamkor serve
      hamkor serve --host 0.0.0.0 --port 8080
      hamkor serve --publication ../our-data
      hamkor serve --publication ./copy --follow s3://bucket/our-data
    """  # noqa: D301  click reads \b as the sign itself
    if follow is not None:
        begin_to_follow(options.folder or Path.cwd(), follow)
    publication = options.publication()
    if publication.origin is not None:
        publication = first_release(publication)
    elif no_build:
        current_release(publication)
        try:
            resume(publication, options.patience)
        except ReleaseError as problem:  # where nothing can be written, what is there can be read still
            click.echo(f"hamkor: warning: {problem}", err=True)
    else:
        warn_of_files(publication)
        build_release(publication, publication.settings.languages[0], options.patience)
    from endpoint.server import serve  # noqa: PLC0415  after the build, whose errors come first
    from endpoint.sparql.shelf import is_installed  # noqa: PLC0415

    if not is_installed():
        click.echo(
            "The SPARQL editor is not installed (it needs npm, then make serve); /sparql has a plain form.", err=True
        )
    serve(publication, host, port, workers or publication.settings.engine.workers)


def begin_to_follow(folder: Path, url: str) -> None:
    """Let a folder be a copy.

    Raises:
        SettingError: the URL is none that can be followed, or the folder holds a publication of its own.
    """
    for each in SERVED:
        if each.begins_copy:
            resolve_name(f"graph.{each.begins_copy}")(folder, url)
            return
    raise SettingError("--follow", Sentence("replication is left out of this Hamkor"))


def first_release(publication: Publication) -> Publication:
    """Return a copy as it is when it has a release; the first one is waited for, in a process of its own.

    The service is forked from this one, which therefore fetches nothing itself: that takes threads.
    """
    if not ReleasesFolder(publication.releases_folder).ids():
        for each in SERVED if publication.is_replicated else ():
            if each.begins_copy and each.companion and each.has_work(publication):
                click.echo("hamkor: fetching the first release", err=True)
                command = [sys.executable, "-m", f"graph.{each.companion}", str(publication.root), "--once"]
                subprocess.run(command, check=False)  # noqa: S603  our own module
    opened = open_publication(publication.root)
    current_release(opened)
    return opened


# ``hamkor releases``: what was published when, what differs, and how to go back, recover, clear away and verify.

FORMATS = ("patch", "added", "removed", "counts")


@click.group("releases")
@publication_option
def releases_command(_: Options) -> None:
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


@releases_command.command("list")
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
        raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
    for row in rows:
        by = f"  by {', '.join(row.contributors)}" if row.contributors else ""
        click.echo(
            f"{'*' if row.current else ' '} {row.id}  {row.triples:>12,} triples  {row.graphs:>4} graphs  "
            f"{row.warnings:>4} warnings{by}"
        )
    for each in history.rollbacks:
        click.echo(f"  {each.time:%Y-%m-%d %H:%M:%S}Z rolled back from {each.before} to {each.current}", err=True)


class ReleaseRow(msgspec.Struct, frozen=True):
    """One release, as the list has it."""

    id: str
    created: str
    parent: str | None
    current: bool
    triples: int
    graphs: int
    warnings: int
    contributors: tuple[str, ...]


def _row(manifest: Manifest, history: History) -> ReleaseRow:
    return ReleaseRow(
        manifest.id, manifest.created, manifest.parent, manifest.id == history.current,
        manifest.triples, len(manifest.graphs), manifest.warnings, history.contributors(manifest),
    )  # fmt: skip


@releases_command.command("show")
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


@releases_command.command("diff")
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


@releases_command.command("rollback")
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


@releases_command.command("recover")
@click.option("--dry-run", is_flag=True, help="Say what was found and what would be done; change nothing.")
@wait_option
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
        found, current, aside = recover(publication, progress, options.patience)
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


@releases_command.command("prune")
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


@releases_command.command("verify")
@click.argument("release", required=False)
@publication_option
def verify_releases(options: Options, release: str | None) -> None:
    """Read a release whole, or all of them, and compare it with its digests. Exit status 2 where one is not whole."""
    history = _history(options)
    wanted = [history.find(release).name] if release is not None else list(history.releases.ids())
    if not wanted:
        raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
    broken = 0
    for each in wanted:
        with progress_shown() as progress:
            problems = problems_of(history.releases.release(each), progress=progress)
        click.echo(f"{each}: {'whole' if not problems else '; '.join(problems)}")
        broken += bool(problems)
    if broken:
        raise ReleaseError(
            Sentence("%(count)s of %(number)s releases are not whole", count=str(broken), number=str(len(wanted))),
            Sentence("hamkor releases recover, where the current one is"),
        )


# ``hamkor backup``: a copy of a publication in one file, beside a running service.


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@publication_option
def backup_command(options: Options, file: Path) -> None:
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


# ``hamkor restore``: a publication made of a copy, and proven.


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@readable_errors
def restore_command(file: Path, folder: Path) -> None:
    """Make a publication of FILE, which hamkor backup has made, in FOLDER, which is empty or not there.

    Every file is compared with its digest, and the release is read whole, as by hamkor releases verify. Where anything
    is not as it was copied, nothing is restored. What has been withheld since the copy was made has to be withheld
    again: put a newer withheld.json in its place and run hamkor build.

    \b
      hamkor restore hamkor-2026-03-01.tar.gz /srv/hamkor
    """  # noqa: D301  click reads \b as the sign itself
    click.echo(f"{folder}: whole: {told(restore(file, folder))}")


# ``hamkor withhold``: take a person, or any thing, out of everything that is and was published, and keep it out.

MOST_RELEASES_TOLD = 20
DOUBT = (
    "of which nobody can show that they are free of it: they were made of one that held it or is not here any more, "
    "or cannot be read"
)


@click.command("withhold")
@click.argument("iris", metavar="IRI...", nargs=-1)
@click.option(
    "--name", "names", multiple=True, help="A name, or another spelling of it, to be withheld wherever it stands."
)
@click.option("--dry-run", is_flag=True, help="Only say which statements and releases would go, and why.")
@language_option("The language of the shapes' messages: en, ru, uz.")
@wait_option
@publication_option
def withhold_command(options: Options, iris: tuple[str, ...], names: tuple[str, ...], dry_run: bool, lang: str) -> None:
    """Withhold things: from the data, the downloads, the search, all pages and all earlier releases.

    Of a person, the names, telephone numbers and e-mail addresses go wherever they stand, in texts and in IRIs. What
    is withheld is kept in withheld.json beside hamkor.toml, as hashes that nobody can read; keep that file, and keep
    it to yourself. A new release is made, and earlier ones that held it are removed, as are those of which nobody can
    show that they are free of it. An IRI that no release and no file knows is refused. All of this is done, or none.

    Exit status: 0 done, 1 what is left would violate the shapes, 2 it could not be done; then nothing has changed.

    \b
      hamkor withhold https://w3id.org/hamkor/id/person/… --dry-run
      hamkor withhold https://w3id.org/hamkor/id/person/…
    """  # noqa: D301  click reads \b as the sign itself
    if not iris and not names:
        raise click.UsageError("give an IRI, or --name")
    publication = options.publication()
    if dry_run:
        _foretell(publication, iris, names)
        return
    with progress_shown() as progress, violations_shown(publication, lang):
        done = withhold(publication, iris, names, progress, warn_of_document, options.patience)
    click.echo(f"Release {done.release.id} holds nothing of it.")
    click.echo(f"{len(done.gone.holding)} earlier releases that held it were removed.")
    if done.gone.doubtful:
        click.echo(f"{len(done.gone.doubtful)} more were removed {DOUBT}.")
    _warn_of_sources(publication)


def _foretell(publication: Publication, iris: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Say what would go: statements of the current release by graph, then releases, first those that hold it."""
    found = foresee(publication, iris, names)
    for graph, count in sorted(found.statements.items()):
        click.echo(f"{count}\t{graph}")
    if not found.statements:
        click.echo("no statement of the current release would go", err=True)
    _tell_releases(found.releases)
    click.echo("nothing was changed", err=True)


def _tell_releases(releases: Judged) -> None:
    for ids, why in ((releases.holding, "that hold it"), (releases.doubtful, DOUBT)):
        if ids:
            click.echo(f"{len(ids)} releases would be removed {why}:", err=True)
        for each in ids[:MOST_RELEASES_TOLD]:
            click.echo(f"  {each}", err=True)
        if len(ids) > MOST_RELEASES_TOLD:
            click.echo(f"  … and {len(ids) - MOST_RELEASES_TOLD} more", err=True)


def _warn_of_sources(publication: Publication) -> None:
    """Say which files still hold what is withheld: that is for their owner to take out."""
    withholding, limits = withholding_of(publication), publication.settings.limits
    for source in publication.sources(may_be_none=True):
        chunks = read_source(source, base=publication.base, limits=limits)
        count = sum(1 for chunk in chunks for line in chunk.lines() if withholding.holds(line))
        if count:
            click.echo(f"{source.name} still holds {count} statements of what is withheld: take them out", err=True)
    for path in publication.patches():
        # comments, too: an accepted proposal's says what its thing is called, and why
        rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
        count = sum(1 for row in rows if withholding.holds(row.encode()) or withholding.holds_words(row))
        if count:
            name = f"{PATCHES_FOLDER}/{path.name}"
            click.echo(f"{name} still holds {count} lines of what is withheld: take them out", err=True)
    sys.stderr.flush()
