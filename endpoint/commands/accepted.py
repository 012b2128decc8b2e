"""``hamkor link --accept``: the linkset of a checked answer sheet, as two files beside it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from endpoint.finding import Finder
from graph.errors import SourceError
from graph.linksets.linkset import Linkset, turtle
from graph.linksets.mapping import Acceptance, Mapping
from graph.linksets.naming import SEPARATORS, RowNames
from graph.linksets.sssom import sssom
from graph.namespaces import PREFIXES
from graph.publication import Publication

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
        raise SourceError(str(sheet), "no row has a match", remedy="write ids into the column match")
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
    publication: Publication, mappings: list[Mapping], stem: str, author: str, base: str, license_iri: str
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
