"""A made-up registry of forums, bodies, clubs, persons and places, as N-Quads over several named graphs.

    python -m benchmarks.registry --triples 1000000 --seed 1 --output FILE [--shared 0.01]

A stream in constant memory; the same size and seed give the same bytes on every machine and run. What it says is
drawn in knowledge.py, how it is said stands in quads.py. It measures nothing, and nothing in it is true of a real
club, body or person.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from benchmarks import names
from benchmarks.knowledge import LAST_DAYS, MONTHS, PARTICIPATIONS_A_FORUM, SMALLEST, Draw, Registry
from benchmarks.quads import BASE, GRAPHS, PREFIXES, statement, template

_BLOCKS_A_WRITE: Final = 2_000


def blocks(registry: Registry) -> Iterator[str]:
    """The whole registry as N-Quads text, a few lines at a time, graph after graph."""
    yield from _schemes(registry)
    yield from _places(registry)
    yield from _bodies(registry)
    yield from _projects(registry)
    yield from _forums(registry)
    yield from _clubs(registry)
    yield from _persons(registry)
    yield from _sources()


def _schemes(registry: Registry) -> Iterator[str]:
    concepts = {
        "target-group": names.TARGET_GROUPS,
        "role": names.ROLES,
        "organisation-kind": tuple(dict.fromkeys(names.ORGANISATION_KINDS)),
        "event-kind": ("international-forum",),
        "unit": names.UNITS,
    }
    for scheme, slugs in concepts.items():
        yield template("scheme").format(slug=scheme, label=scheme.replace("-", " "))
        for slug in slugs:
            yield template("concept").format(scheme=scheme, slug=slug, label=slug.replace("-", " "))
    yield template("scheme").format(slug="topic", label="topic")
    for n in range(registry.topics):
        name = names.TOPIC_NAMES[n % len(names.TOPIC_NAMES)]
        tree = f"skos:broader scheme:topic/topic-{(n - 1) // 5}" if n else "skos:topConceptOf scheme:topic"
        yield template("topic").format(n=n, name=name, place_in_tree=statement(tree))


def _places(registry: Registry) -> Iterator[str]:
    yield template("country")
    for region in names.REGIONS:
        yield template("region").format(region=region)
    for n in range(registry.cities):
        region, draw = names.REGIONS[n % len(names.REGIONS)], Draw(registry.seed, "city", n)
        yield template("city").format(
            n=n,
            name=registry.city_name(n),
            region=region.slug,
            longitude=region.longitude + (draw.below(8000) - 4000) / 10000,
            latitude=region.latitude + (draw.below(8000) - 4000) / 10000,
        )


def _bodies(registry: Registry) -> Iterator[str]:
    for n in range(registry.bodies):
        body = registry.body(n)
        extras = (
            f'skos:altLabel "Organisation {n}"@en',
            f'schema:dissolutionDate "{body.year + 25}"^^xsd:gYear',
            f'dct:description "A body of the registry, founded in {body.year}."@en',
        )
        above = (
            f"org:subOrganizationOf id:body/body-{body.above}"
            if body.above >= 0
            else f"schema:url <https://body-{n}.example/>"
        )
        public = body.name in {1, 2, 6}
        yield template("body").format(
            n=n,
            type=f"<{PREFIXES['cv']}PublicOrganisation>" if public else f"<{PREFIXES['org']}FormalOrganization>",
            name=names.BODY_NAMES[body.name],
            city=registry.city_name(body.city),
            city_number=body.city,
            kind=names.ORGANISATION_KINDS[body.name],
            year=body.year,
            above=statement(above),
            extra=statement(extras[body.extra]),
        )


def _projects(registry: Registry) -> Iterator[str]:
    for n in range(registry.projects):
        draw = Draw(registry.seed, "project", n)
        topic = draw.below(registry.topics)
        yield template("project").format(
            n=n,
            topic=names.TOPIC_NAMES[topic % len(names.TOPIC_NAMES)],
            topic_number=topic,
            region=names.REGIONS[n % len(names.REGIONS)].slug,
            year=2004 + draw.below(18),
            funder=draw.below(registry.bodies),
            target=names.TARGET_GROUPS[draw.below(len(names.TARGET_GROUPS))],
        )


def _forums(registry: Registry) -> Iterator[str]:
    for n in range(registry.forums):
        forum = registry.forum(n)
        yield template("forum").format(
            n=n,
            topic=names.TOPIC_NAMES[forum.topics[0] % len(names.TOPIC_NAMES)],
            topic_number=forum.topics[0],
            second_topic=forum.topics[1],
            month=MONTHS[forum.month],
            day=forum.day,
            last_day=forum.day + forum.days,
            city_number=forum.city,
            organiser=registry.participation(n, 0).body,
            target=names.TARGET_GROUPS[forum.target],
        )
        for number in range(PARTICIPATIONS_A_FORUM):
            part = registry.participation(n, number)
            yield template("participation").format(
                forum=n,
                n=number,
                body=part.body,
                role=names.FORUM_ROLES[part.role],
                month=MONTHS[forum.month],
                day=forum.day,
            )


def _clubs(registry: Registry) -> Iterator[str]:
    for n in range(registry.clubs):
        club = registry.club(n)
        name = names.CLUB_NAMES[club.name]
        extras = (
            f'skos:altLabel "{name.uz} {n}"@uz-Latn',
            f'dct:description "A club of parents, counted twice, with {club.members} members at last."@en',
            f"foaf:homepage <https://club-{n}.example/>",
        )
        yield template("club").format(
            n=n,
            name=name,
            city=registry.city_name(club.city),
            month=MONTHS[club.month],
            last_day=LAST_DAYS[club.month],
            city_number=club.city,
            region=names.REGIONS[club.region].slug,
            project=club.project,
            target=names.TARGET_GROUPS[club.target],
            members=club.members,
            topic=club.topics[0],
            second_topic=club.topics[1],
            extra=statement(extras[club.extra]),
        )
        for number, members, month in (
            (1, club.earlier_members, club.month + 6),
            (2, club.members, club.month + club.later),
        ):
            yield template("member-count").format(
                club=n, n=number, members=members, month=MONTHS[month], last_day=LAST_DAYS[month]
            )
    for n in range(registry.further_names):
        name = names.CLUB_NAMES[n % len(names.CLUB_NAMES)]
        yield template("further-name").format(club=n % registry.clubs, n=n, name=name)


def _persons(registry: Registry) -> Iterator[str]:
    for n in range(registry.persons):
        person = registry.person(n)
        extras = (f'schema:endDate "{MONTHS[-1]}-01"^^xsd:date', f'hk:asWritten "{person.family} {person.given[0]}."')
        yield template("person").format(
            n=n,
            given=person.given,
            family=person.family,
            role=person.role,
            club=person.club,
            month=MONTHS[person.month],
            extra=statement(extras[person.extra]),
        )


def _sources() -> Iterator[str]:
    for things in names.REGISTERS:
        yield template("source").format(things=things)
    yield template("data-set")


def repeated(stream: Iterable[str], share: Fraction) -> Iterator[str]:
    """The stream, with that share of its statements (0 to 1) repeated in the graph that follows theirs in GRAPHS.

    Spread evenly: of n statements exactly ``floor(n * share)`` are repeated, each once.
    """
    following = {f"<{BASE}graph/{g}>": f"<{BASE}graph/{GRAPHS[i - len(GRAPHS) + 1]}>" for i, g in enumerate(GRAPHS)}
    parts, whole = share.as_integer_ratio()
    owed = turn = 0
    for block in stream:
        yield block
        owed += block.count("\n") * parts
        if owed < whole:
            continue
        due, owed = divmod(owed, whole)
        lines = block.splitlines(keepends=True)
        turn += 1
        for offset in range(due):
            spo, graph, end = lines[(turn + offset) % len(lines)].rsplit(" ", 2)
            yield f"{spo} {following[graph]} {end}"


def write(registry: Registry, file: BinaryIO, share: Fraction = Fraction(0)) -> tuple[int, int]:
    """Write the registry as N-Quads (UTF-8); returns how many statements and how many bytes."""
    stream = repeated(blocks(registry), share) if share else blocks(registry)
    statements = size = 0
    while batch := "".join(islice(stream, _BLOCKS_A_WRITE)):
        data = batch.encode()
        statements += batch.count("\n")
        size += file.write(data)
    return statements, size


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.registry", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, required=True, help=f"distinct triples, at least {SMALLEST}")
    parser.add_argument("--seed", type=int, default=1, help="any whole number (default 1)")
    parser.add_argument("--output", required=True, help="the file to write, or - for standard output")
    parser.add_argument("--shared", type=Fraction, default=Fraction(0), help="share repeated in a second graph, 0 to 1")
    options = parser.parse_args()
    if options.triples < SMALLEST or not 0 <= options.shared <= 1:
        parser.error(f"--triples is at least {SMALLEST}, --shared from 0 to 1")
    started = time.perf_counter()
    registry = Registry.of(options.triples, options.seed)
    if options.output == "-":
        statements, size = write(registry, sys.stdout.buffer, options.shared)
    else:
        path = Path(options.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            statements, size = write(registry, file, options.shared)
    seconds = time.perf_counter() - started
    print(f"{statements:,} statements, {size:,} bytes, {registry.clubs:,} clubs, {seconds:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
