"""The made-up registry: deterministic, of the size asked for, and legal N-Quads."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from benchmarks import names
from benchmarks.knowledge import Registry
from benchmarks.quads import BASE, GRAPHS, PREFIXES
from benchmarks.registry import write

ROOT = Path(__file__).resolve().parents[2]
HK, RDF_TYPE, LABEL = PREFIXES["hk"], NamedNode(PREFIXES["rdf"] + "type"), NamedNode(PREFIXES["rdfs"] + "label")


@cache
def text(triples: int, seed: int = 1, share: Fraction = Fraction(0)) -> bytes:
    file = io.BytesIO()
    write(Registry.of(triples, seed), file, share)
    return file.getvalue()


@cache
def quads(triples: int = 10_000, share: Fraction = Fraction(0)) -> tuple[Quad, ...]:
    return tuple(parse(text(triples, 1, share), RdfFormat.N_QUADS))


def of_class(name: str) -> set[object]:
    return {quad.subject for quad in quads() if quad.predicate == RDF_TYPE and quad.object == NamedNode(HK + name)}


def values(predicate: str) -> dict[object, list[str]]:
    found: dict[object, list[str]] = defaultdict(list)
    for quad in quads():
        if quad.predicate.value == predicate:
            found[quad.subject].append(quad.object.value)
    return found


def test_the_same_seed_writes_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    digests = set()
    for hash_seed in ("0", "1", "4711"):
        file = tmp_path / f"{hash_seed}.nq"
        command = [
            sys.executable,
            "-m",
            "benchmarks.registry",
            "--triples",
            "5000",
            "--seed",
            "7",
            "--output",
            str(file),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
        digests.add(hashlib.sha256(file.read_bytes()).hexdigest())
    assert digests == {hashlib.sha256(text(5000, 7)).hexdigest()}


def test_another_seed_writes_other_bytes_of_the_same_size() -> None:
    one, other = text(5000, 1), text(5000, 2)
    assert one != other
    assert one.count(b"\n") == other.count(b"\n")


@pytest.mark.parametrize("triples", [4_000, 4_001, 4_321, 10_000, 12_345, 30_000])
def test_the_number_of_distinct_triples_is_the_number_asked_for(triples: int) -> None:
    distinct = {(quad.subject, quad.predicate, quad.object) for quad in quads(triples)}
    assert len(distinct) == len(quads(triples)) == triples == Registry.of(triples).triples


def test_too_small_a_registry_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4000"):
        Registry.of(100)


@pytest.mark.parametrize("share", [Fraction(1, 100), Fraction(1, 3), Fraction(1)])
def test_the_shared_part_stands_in_two_graphs(share: Fraction) -> None:
    graphs = Counter((quad.subject, quad.predicate, quad.object) for quad in quads(10_000, share))
    assert len(graphs) == 10_000
    assert Counter(graphs.values())[2] == int(10_000 * share)
    assert set(graphs.values()) <= {1, 2}
    assert len(set(quads(10_000, share))) == len(quads(10_000, share))


def test_the_graphs_come_in_their_order_and_all_hold_something() -> None:
    order = list(dict.fromkeys(quad.graph_name.value for quad in quads()))
    assert order == [f"{BASE}graph/{name}" for name in GRAPHS]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Forum", "forum"),
        ("Participation", "participation"),
        ("Project", "project"),
        ("ParentsClub", "club"),
        ("MemberCount", "member-count"),
    ],
)
def test_there_are_as_many_things_as_the_registry_says(name: str, kind: str) -> None:
    assert len(of_class(name)) == Registry.of(10_000).counts[kind]


def test_there_are_no_blank_nodes_and_no_labels_without_language() -> None:
    assert not any(isinstance(term, BlankNode) for quad in quads() for term in (quad.subject, quad.object))
    assert all(isinstance(q.object, Literal) and q.object.language for q in quads() if q.predicate == LABEL)


def test_everything_described_has_one_label_a_language() -> None:
    labels = Counter((quad.subject, quad.object.language) for quad in quads() if quad.predicate == LABEL)
    assert {subject for subject, _ in labels} == {quad.subject for quad in quads()}
    assert set(labels.values()) == {1}
    assert {language for _, language in labels} == {"en", "ru", "uz-latn"}


def test_everything_pointed_at_is_described() -> None:
    described = {quad.subject for quad in quads()}
    own = [q.object for q in quads() if isinstance(q.object, NamedNode) and q.object.value.startswith(BASE)]
    assert {node for node in own if not node.value.startswith(HK)} <= described


def test_a_founding_month_has_its_own_first_and_last_day() -> None:
    months, first, last = (
        values(p) for p in (PREFIXES["schema"] + "foundingDate", HK + "foundedEarliest", HK + "foundedLatest")
    )
    for club in of_class("ParentsClub"):
        assert first[club] == [f"{months[club][0]}-01"]
        assert last[club][0][:7] == months[club][0]
        assert last[club][0][8:] in {"28", "29", "30", "31"}


def test_the_members_of_a_club_are_its_latest_count() -> None:
    members, counted, number, date = (
        values(HK + p) for p in ("numberOfMembers", "countedClub", "memberCount", "countEarliest")
    )
    latest: dict[str, tuple[str, str]] = {}
    for count, (club,) in counted.items():
        latest[club] = max(latest.get(club, ("", "")), (date[count][0], number[count][0]))
    assert {club.value: value for club, (value,) in members.items()} == {club: n for club, (_, n) in latest.items()}


def test_a_club_lies_in_the_region_of_its_city_and_of_its_project() -> None:
    regions, cities, projects = (values(HK + p) for p in ("region", "city", "project"))
    inside, pilot = values(PREFIXES["schema"] + "containedInPlace"), values(HK + "pilotRegion")
    for club, region in regions.items():
        assert inside[NamedNode(cities[club][0])] == region == pilot[NamedNode(projects[club][0])]


def test_each_pilot_region_has_about_fifteen_percent_of_the_clubs() -> None:
    registry = Registry.of(300_000)
    clubs = Counter(names.REGIONS[registry.club(n).region].slug for n in range(registry.clubs))
    shares = {region.slug: clubs[region.slug] / registry.clubs for region in names.REGIONS}
    assert all(0.13 < shares[region.slug] < 0.17 for region in names.REGIONS if region.pilot)
    assert all(0.01 < shares[region.slug] < 0.05 for region in names.REGIONS if not region.pilot)


def test_what_the_registry_knows_is_what_the_file_says() -> None:
    registry = Registry.of(10_000)
    members, regions = values(HK + "numberOfMembers"), values(HK + "region")
    for n in range(registry.clubs):
        club, node = registry.club(n), NamedNode(f"{BASE}id/club/club-{n}")
        assert members[node] == [str(club.members)]
        assert regions[node] == [f"{BASE}id/place/{names.REGIONS[club.region].slug}"]
