"""The cost of a change: a hundred triples published to publications of very different sizes.

    python -m benchmarks.publish [--large] [--changes 12] [--profile] [--write]

The data is the registry; a contributor's graph of its own gets clubs in the registry's words, a hundred triples at a
time, and loses those of the time before. With an ontology, that of this repository, what follows is kept up, too.
Goals: below a second each; the largest size takes at most three times as long as the smallest; the files that a release
does not share with the one before take less than 5 % of the store.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.build import Places, generate
from benchmarks.machine import head
from benchmarks.section import RESULTS, WORK, table
from benchmarks.section import publish as write_section
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.write import GraphEdit, publish
from graph.releases.release import ReleasesFolder, current_release
from graph.releases.store import STORE_FOLDER
from graph.releases.verification import verify

SECONDS, RATIO, SHARE = 1.0, 3.0, 5.0
TRIPLES: Final = 100
GRAPH: Final = "ngo-x/clubs"
ONTOLOGY: Final = Path(__file__).resolve().parent.parent / "ontology"
CLUB: Final = """<{base}id/club/x-{n}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{base}ns#ParentsClub> .
<{base}id/club/x-{n}> <http://www.w3.org/2000/01/rdf-schema#label> "Club {n} of NGO X"@en .
<{base}id/club/x-{n}> <{base}ns#region> <{base}id/place/samarkand-region> .
<{base}id/club/x-{n}> <https://schema.org/foundingDate> "2018-10"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> ."""


@dataclass(frozen=True, slots=True)
class Change:
    """One publish: how long it took, in seconds, and how much disk it took, in bytes and in % of the store."""

    seconds: float
    disk: int
    share: float


def clubs(base: str, turn: int) -> frozenset[bytes]:
    """Return the hundred triples of a turn."""
    count = TRIPLES // (CLUB.count("\n") + 1)
    text = "\n".join(CLUB.format(base=base, n=turn * count + n) for n in range(count))
    return frozenset(text.encode().split(b"\n"))


def prepared(triples: int, *, with_ontology: bool) -> Publication:
    """Return a publication of this size with a release of its own."""
    data = generate(Places(triples))
    root = WORK / f"publish-{triples}{'-ontology' if with_ontology else ''}"
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    changed(open_publication(root), 0)  # a build settles the store of a publication to which somebody contributes
    links = {root / "data" / data.name: data} | ({root / "ontology": ONTOLOGY} if with_ontology else {})
    for link, target in links.items():
        link.symlink_to(target)
    publication = open_publication(root)
    print(f"building {root.name}", file=sys.stderr)
    build(publication)
    return publication


def size_of(folder: Path, without: Path | None = None) -> int:
    """Return how many bytes of the disk a folder takes, without the files that it shares with another."""
    shared = {path.stat().st_ino for path in without.rglob("*")} if without is not None else set()
    return sum(each.st_blocks * 512 for path in folder.rglob("*") if (each := path.stat()).st_ino not in shared)


def changed(publication: Publication, turn: int) -> Change:
    """Publish a hundred triples in place of those of the turn before."""
    before = ReleasesFolder(publication.releases_folder).current()
    removed = clubs(publication.base, turn - 1) if turn else frozenset()
    edit = GraphEdit(publication.graph(GRAPH), clubs(publication.base, turn), removed)
    begun = time.perf_counter()
    release = publish(publication, [edit]).release
    seconds = time.perf_counter() - begun
    disk = size_of(release.folder, before)
    return Change(seconds, disk, 100 * disk / size_of((before or release.folder) / STORE_FOLDER))


def measure(triples: int, changes: int, *, with_ontology: bool, profile: bool) -> list[Change]:
    """Return what each of some changes cost at this size."""
    publication = prepared(triples, with_ontology=with_ontology)
    found = [changed(publication, turn) for turn in range(1, changes + 1)]
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(changed, publication, changes + 1)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(50)
    if problems := verify(current_release(publication)):
        raise SystemExit("\n".join(problems))
    shutil.rmtree(publication.root)
    return found


def row(name: str, found: Sequence[Change]) -> tuple[str, ...]:
    """The figures of one size."""
    times = [each.seconds for each in found]
    return (
        name,
        f"{statistics.median(times):.2f}",
        f"{max(times):.2f}",
        f"{statistics.median(each.disk for each in found) / 1e6:,.1f}",
        f"{statistics.median(each.share for each in found):.1f}",
        f"{max(each.share for each in found):.1f}",
    )


def verdicts(found: dict[str, list[Change]]) -> str:
    """Goals, and whether they are met."""
    medians = [statistics.median(each.seconds for each in of) for of in found.values()]
    shares = [statistics.median(each.share for each in of) for of in found.values()]
    rows = [
        ("the slowest size, seconds", max(medians), SECONDS),
        ("largest / smallest size", medians[-1] / medians[0], RATIO),
        ("extra disk, % of the store", max(shares), SHARE),
    ]
    return table(
        ("median", "", "goal", ""),
        ((what, f"{value:.2f}", f"≤ {goal}", "met" if value <= goal else "**missed**") for what, value, goal in rows),
    )


def section(sizes: Sequence[int], changes: int, *, with_ontology: bool, profile: bool) -> str:
    """Measure; return the Markdown."""
    found = {
        f"{size:,}": measure(size, changes, with_ontology=with_ontology, profile=profile) for size in sorted(sizes)
    }
    columns = ("triples", "seconds, median", "longest", "extra disk, MB", "% of the store", "largest %")
    title = f"### {'With' if with_ontology else 'Without'} an ontology, {changes} changes"
    return "\n\n".join([title, table(columns, (row(*each) for each in found.items())), verdicts(found)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, action="append", help="a size; can be repeated (default 100 k and 1 M)")
    parser.add_argument("--large", action="store_true", help="10 M triples too, without an ontology")
    parser.add_argument("--changes", type=int, default=12, help="how many changes are measured at each size")
    parser.add_argument("--only", choices=["with", "without"], help="only with, or only without, an ontology")
    parser.add_argument("--profile", action="store_true", help="show where the time of one more change goes")
    parser.add_argument("--write", action="store_true", help="put the tables into RESULTS.md")
    options = parser.parse_args()
    sizes = options.triples or [100_000, 1_000_000]
    parts = []
    for with_ontology in (False, True):
        if options.only not in {None, "with" if with_ontology else "without"}:
            continue
        more = [10_000_000] if options.large and not with_ontology else []
        parts.append(section(sizes + more, options.changes, with_ontology=with_ontology, profile=options.profile))
    write_section("publish", "\n\n".join([head(), *parts]), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
