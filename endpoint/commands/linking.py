"""``hamkor link`` and ``check``: tables matched with the release, and links to others checked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
from rich.console import Console

from endpoint.commands.options import Options, publication_option
from endpoint.commands.releasing import warn_of_files, warn_of_settings
from endpoint.things.search import Finder, Tongue
from graph.model.description import KINDS, PERSON, language_chain
from graph.model.errors import ReleaseError, Sentence, SourceError
from graph.model.publication import Publication
from graph.model.rdf_terms import PREFIXES
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.names_index import KIND_CODE, open_index
from graph.parts.linking.reconciliation import PROPERTIES, Reconciler
from graph.parts.linksets.answer_sheet import SEPARATORS, RowNames
from graph.parts.linksets.link_checks import LinkFinding, Reply, ask_all, check_links, foreign
from graph.parts.linksets.linkset import Linkset, sssom, turtle
from graph.parts.linksets.matching import Acceptance, CheckedMapping, Labels, Matcher, Matching, Progress, unfinished
from graph.releases.release import Release, ReleasesFolder, current_release, open_release

# ``hamkor link --accept``: the linkset of a checked answer sheet, as two files beside it.

SSSOM_SUFFIX = ".sssom.tsv"
DEFAULT_TARGET = "Hamkor"


def accept(  # noqa: PLR0913  what the command's options say
    publication: Publication, finder: Finder, sheet: Path, output: Path | None, author: str, base: str,
    license_iri: str, *, same: bool,
) -> None:  # fmt: skip
    """Write the linkset of an answer sheet, and say what is in it.

    Raises:
        SourceError: the sheet cannot be used.
    """
    names = RowNames(str(sheet), base, publication.base)
    mappings = Acceptance(sheet, finder.search, finder.reconciler, names, everything_same=same).mappings()
    linked = [each for each in mappings if not each.is_negative]
    if not linked:
        raise SourceError(
            str(sheet), Sentence("no row has a match"), remedy=Sentence("write ids into the column match")
        )
    stem = sheet.stem.removesuffix("-answers")
    target = output or sheet.with_name(f"{stem}-links.ttl")
    linkset = _linkset(publication, mappings, stem, author, base, license_iri)
    target.write_bytes(turtle(linkset))
    beside = target.with_name(target.stem + SSSOM_SUFFIX)
    beside.write_bytes(sssom(linkset))
    for each in mappings:
        if each.remark:
            click.echo(f"row {each.row}: {each.remark}, so it is {_short(each.predicate)}", err=True)
    counts = Counter(_short(each.predicate) for each in linked)
    shown = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    click.echo(f"{len(linked)} links ({shown}): {target}, {beside}")


def _linkset(
    publication: Publication, mappings: list[CheckedMapping], stem: str, author: str, base: str, license_iri: str
) -> Linkset:
    space = base or _space([each.subject for each in mappings])
    about = publication.settings.about
    slug = SEPARATORS.sub("-", stem.lower()).strip("-") or "table"
    return Linkset(
        iri=f"{space}linkset-{slug}", subjects=f"{space}dataset", subject_space=space,
        objects=f"{publication.base}dataset", object_space=publication.base, table=stem,
        target=about.title.get("en", DEFAULT_TARGET).partition(":")[0], author=author,
        license=license_iri or about.license, date=f"{datetime.now(UTC):%Y-%m-%d}", mappings=mappings,
    )  # fmt: skip


def _space(iris: list[str]) -> str:
    """Return the folder in which all IRIs are; where they share none, that of the first one's host.

    What the first and the last one, sorted, have in common, all have.
    """
    shared, last = min(iris), max(iris)
    while not last.startswith(shared):
        shared = shared[:-1]
    folder = shared[: max(shared.rfind("/"), shared.rfind("#")) + 1]
    parts = urlsplit(iris[0])
    return folder if folder.count("/") > 2 else f"{parts.scheme}://{parts.netloc}/"


def _short(iri: str) -> str:
    found = next(((prefix, space) for prefix, space in PREFIXES.items() if iri.startswith(space)), ("", ""))
    return f"{found[0]}:{iri.removeprefix(found[1])}" if found[0] else iri


# ``hamkor link``: a table is matched with the release, and what was checked becomes a linkset.

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
ANSWERS = "-answers.csv"


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(each.partition("=")[::2] for each in values)
    for name, column in pairs.items():
        if name not in PROPERTIES or not column:
            known = ", ".join(PROPERTIES)
            raise click.BadParameter(f"{name}={column} is none; write PROPERTY=COLUMN, with a property of {known}")
    return pairs


def _base(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not (value.startswith(("http://", "https://")) and value.endswith(("/", "#"))):
        raise click.BadParameter(f"{value!r} is no web address that ends in / or #")
    return value


def _output(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and not value.name:
        raise click.BadParameter("name a file")
    return value


@click.command("link")
@click.argument("file", type=FILE, required=False)
@click.option("--column", help="The column with the names.")
@click.option("--type", "types", multiple=True, help="What the names mean: club, organisation, place …; several times.")
@click.option("--with", "given", multiple=True, callback=_pairs, help="PROPERTY=COLUMN: what else the table says.")
@click.option("--iri", default="", help="The column with the rows' own IRIs, or with what comes behind --base.")
@click.option("--base", default="", callback=_base, help="Your own web address, below which rows get their IRIs.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), callback=_output, help="Where to write."
)
@click.option("--force", is_flag=True, help="Write the answer sheet anew, though there is one.")
@click.option("--accept", "sheet", type=FILE, help="Make a linkset of this answer sheet.")
@click.option("--author", default="", help="With --accept: who answers for the links.")
@click.option("--same", is_flag=True, help="With --accept: every match is the very same thing.")
@click.option("--license", "license_iri", default="", help="With --accept: IRI of the licence. Default: the data's.")
@click.option("--lang", default="en", show_default=True, help="The language of labels in the answer sheet.")
@publication_option
def link_command(  # noqa: PLR0913, PLR0917  an argument for each option
    options: Options, file: Path | None, column: str | None, types: tuple[str, ...], given: dict[str, str], iri: str,
    base: str, output: Path | None, force: bool, sheet: Path | None, author: str, same: bool, license_iri: str,
    lang: str,
) -> None:  # fmt: skip
    """Match the names in a column of FILE (CSV or .xlsx) with this publication, and make links of what fits.

    First an answer sheet is written beside FILE: for each row its candidates, and the match where it is safe. Check it,
    fill the column "match" with ids, say more in the column "relation". Then --accept makes a linkset of it, as Turtle
    and as SSSOM. A run that was interrupted goes on where it stopped.

    \b
      hamkor link clubs.csv --column Name --type club --with city=City --base https://ngo-x.example/club/
      hamkor link --accept clubs-answers.csv --author 'NGO X' -o clubs-links.ttl
      hamkor publish clubs-links.ttl --graph ngo-x/clubs-links
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    if sheet is not None:
        if not author:
            raise click.UsageError("say who answers for the links: --author 'NGO X'")
        accept(
            publication, finder_of(current_release(publication)), sheet, output, author, base, license_iri, same=same
        )
        return
    if file is None or not column:
        raise click.UsageError("name a table and its column, as in hamkor link clubs.csv --column Name")
    if not file.is_file():
        raise SourceError(
            str(file), Sentence("no regular file"), remedy=Sentence("save the table in one: it is read more than once")
        )
    target = output or file.with_name(file.stem + ANSWERS)
    release = _release(publication, target, force=force)
    finder = finder_of(release)
    _check(types, finder)
    matching = Matching(column, types, given, iri, base, publication.base, release.id)
    tongue = Tongue(language_chain((lang, *publication.settings.languages)))
    labels = Labels(lambda each: tongue.label(each.entity)[0], lambda each: tongue.description(each.entity, finder))
    _match(Matcher(matching, finder.reconciler, labels), file, target)


def finder_of(release: Release) -> Finder:
    """Return what finds things in a release.

    Raises:
        ReleaseError: it has no index of names.
    """
    index = open_index(release.folder)
    if index is None:
        raise ReleaseError(
            Sentence("release %(id)s has no index of names", id=release.id), Sentence("run hamkor build")
        )
    search = Search(index, release.manifest.base)
    return Finder(search, Reconciler(search))


def _release(publication: Publication, sheet: Path, *, force: bool) -> Release:
    """Return the release to ask: the one with which the sheet was begun, or the current one."""
    begun = None if force else unfinished(sheet)
    if begun is None:
        if sheet.exists() and not force:
            raise click.UsageError(
                f"{sheet} is there already: --accept it, write it anew with --force, or name another"
            )
        return current_release(publication)
    releases = ReleasesFolder(publication.releases_folder)
    if begun.matching.release not in releases.ids():
        problem = Sentence(
            "release %(release)s, with which %(sheet)s was begun, is no longer there",
            release=begun.matching.release,
            sheet=sheet,
        )
        raise ReleaseError(problem, Sentence("begin anew with --force"))
    click.echo(f"going on behind row {begun.rows:,}", err=True)
    return open_release(releases.release(begun.matching.release))


def _check(types: tuple[str, ...], finder: Finder) -> None:
    if PERSON in types:
        raise click.BadParameter("persons are not linked: a table of names must not become a table of people")
    for each in types:
        if not len(finder.search.index.posting(KIND_CODE + each)):
            known = ", ".join(
                kind for kind in KINDS if kind != PERSON and len(finder.search.index.posting(KIND_CODE + kind))
            )
            raise click.BadParameter(f"nothing here is of the type {each!r}; there are {known}", param_hint="--type")


def _match(matcher: Matcher, file: Path, sheet: Path) -> None:
    begun = datetime.now(UTC)
    try:
        with _shown() as progress:
            state = matcher.match(file, sheet, progress)
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from there", err=True)
        sys.exit(2)
    seconds = (datetime.now(UTC) - begun).total_seconds()
    rows = "row" if state.rows == 1 else "rows"
    click.echo(f"{state.rows:,} {rows}, {state.safe:,} with a safe match; the others are for you to check: {sheet}")
    if seconds > 1:
        click.echo(f"{seconds:.0f} s", err=True)


@contextmanager
def _shown() -> Iterator[Progress]:
    """Show on a terminal how far it has come; elsewhere say nothing."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with console.status("") as status:
        yield lambda rows, safe: status.update(f"{rows:,} rows, {safe:,} with a safe match")


# ``hamkor check``: what validation does not see. ``links``: are the identifiers of others sound?


@click.group("check")
def check_command() -> None:
    """Check what validation does not see.

    \b
      hamkor check links
      hamkor check links --online
    """  # noqa: D301  click reads \b as the sign itself


@check_command.command("links")
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


def _unanswered(publication: Publication, release: Release) -> list[LinkFinding]:
    iris = foreign(release.store, release.manifest.base)
    console, asked = Console(stderr=True, highlight=False), 0

    def told(reply: Reply) -> None:
        nonlocal asked
        asked += 1
        if console.is_terminal:
            console.print(f"{asked:,} of {len(iris):,}: {reply.iri}", end="\r", soft_wrap=True)

    replies = ask_all(iris, told, allow_private=publication.settings.federation.allow_private)
    return [
        LinkFinding("unanswered", (each.iri,), f"<{each.iri}> does not answer: {each.problem or each.status}", ())
        for each in replies
        if not each.is_there
    ]
