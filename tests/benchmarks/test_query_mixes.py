"""The query mixes of the benchmarks: every query has an answer, and the runaways run away."""

from __future__ import annotations

import io
import resource
import subprocess
import sys

import pytest
from pyoxigraph import DefaultGraph, Quad, QueryBoolean, RdfFormat, Store, parse

from benchmarks import explore, queries
from benchmarks.knowledge import Registry
from benchmarks.registry import write
from benchmarks.runaways import LENGTH, RUNAWAYS, long_query, runaways

REGISTRY = Registry.of(10_000)
ROUNDS = 5
#: Runaways that need data to run away.
HARMLESS_OVER_NOTHING = sorted(RUNAWAYS.keys() - {"huge-values", "deep-nesting"})

IN_A_CHILD = """
import sys
from pyoxigraph import Store
answer = Store().query(sys.stdin.read())
print(sum(1 for _ in answer))
"""


@pytest.fixture(scope="module")
def store() -> Store:
    """The registry in its named graphs, and their merge in the default graph."""
    file = io.BytesIO()
    write(REGISTRY, file)
    loaded = Store()
    for quad in parse(file.getvalue(), RdfFormat.N_QUADS):
        loaded.add(quad)
        loaded.add(Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()))
    return loaded


def answers(store: Store, text: str) -> list[object]:
    result = store.query(text)
    assert not isinstance(result, QueryBoolean)
    return list(result)


@pytest.mark.parametrize("name", queries.TEMPLATES)
def test_every_query_of_the_registry_mix_has_an_answer(store: Store, name: str) -> None:
    for query in queries.mix(REGISTRY, ROUNDS, templates={name: queries.TEMPLATES[name]}):
        assert answers(store, query.text), query.text


@pytest.mark.parametrize("name", explore.TEMPLATES)
def test_every_query_of_the_explore_mix_has_an_answer(store: Store, name: str) -> None:
    for query in explore.mix(REGISTRY, ROUNDS):
        if query.name == name:
            assert answers(store, query.text), query.text


def test_counts_over_everything_are_not_zero(store: Store) -> None:
    for query in queries.mix(REGISTRY, ROUNDS, templates={"count-over-join": queries.count_over_join}):
        (row,) = answers(store, query.text)
        assert int(row["n"].value) > 0  # type: ignore[index]


def test_the_sums_by_region_are_those_that_the_registry_knows(store: Store) -> None:
    text = queries.prefixed(queries.clubs_by_region(REGISTRY, queries.random.Random(1)))
    rows = answers(store, text)
    clubs = [REGISTRY.club(n) for n in range(REGISTRY.clubs)]
    assert sum(int(row["members"].value) for row in rows) == sum(club.members for club in clubs)  # type: ignore[index]
    assert sum(int(row["clubs"].value) for row in rows) == len(clubs)  # type: ignore[index]


@pytest.mark.parametrize("mix", [queries.mix, explore.mix])
def test_the_same_seed_asks_the_same_and_another_asks_otherwise(mix: object) -> None:
    assert mix(REGISTRY, 3, 1) == mix(REGISTRY, 3, 1)  # type: ignore[operator]
    assert mix(REGISTRY, 3, 1) != mix(REGISTRY, 3, 2)  # type: ignore[operator]


def test_a_round_has_each_of_the_twelve_templates_once() -> None:
    assert len(queries.TEMPLATES) == 12
    assert sorted(query.name for query in queries.mix(REGISTRY, 1)) == sorted(queries.TEMPLATES)
    assert queries.TEMPLATES.keys() > queries.HEAVY


def test_the_explore_sequence_has_every_template() -> None:
    assert set(explore.SEQUENCE) == set(explore.TEMPLATES)


def test_there_are_twelve_runaways_and_one_of_ten_megabytes() -> None:
    sizes = {query.name: len(query.text.encode()) for query in runaways()}
    assert len(sizes) == 12
    assert sizes["long-query"] >= LENGTH
    assert all(size < 1_000_000 for name, size in sizes.items() if name != "long-query")


@pytest.mark.parametrize("name", HARMLESS_OVER_NOTHING)
def test_a_runaway_is_legal_over_nothing(name: str) -> None:
    text = long_query(100_000) if name == "long-query" else RUNAWAYS[name]()

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    done = subprocess.run(
        [sys.executable, "-c", IN_A_CHILD],
        check=False,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limits,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) <= 1
