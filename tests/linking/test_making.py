"""An index kept up by changes alone finds what one made from nothing finds."""

from __future__ import annotations

import gc
import gzip
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import ReleaseError
from graph.parts.linking import index_builder
from graph.parts.linking.candidate_search import Search, SearchScope
from graph.parts.linking.index_builder import make_index, renew_index
from graph.parts.linking.names_index import DELTA_FILE, INDEX_FILE, NameIndex, id_of, open_index
from graph.sources.batches import GraphChange

BASE = "https://example.org/kb/"
GRAPHS = (f"{BASE}graph/one", f"{BASE}graph/two", f"{BASE}graph/entailed")
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
THINGS = [f"{BASE}id/club/{slug}" for slug in ("termez", "urgench", "samarkand")] + [f"{BASE}id/place/termez"]
FOREIGN = "http://data.example/Q1"
NAMES = ("Club of Termez", "Клуб Термеза", "Самарканд", "Termez", "Parents’ club of the city", 'Umid \\"x\\"')
CLASSES = ("https://schema.org/City", "http://www.w3.org/ns/org#Organization", "http://www.w3.org/ns/org#Membership")
QUERIES = ("club of termez", "Samarkand", "termiz", "umid", "club", "parents city", FOREIGN, THINGS[0], "clb termez")


def line(subject: str, predicate: str, value: str) -> bytes:
    return f"<{subject}> <{predicate}> {value} .".encode()


LINES = [
    *(line(thing, LABEL, f'"{name}"@en') for thing in (*THINGS, FOREIGN) for name in NAMES),
    *(line(thing, TYPE, f"<{each}>") for thing in THINGS for each in CLASSES),
    *(line(thing, "https://schema.org/location", f"<{THINGS[3]}>") for thing in THINGS[:3]),
    *(line(thing, f"{BASE}ns#city", f"<{THINGS[3]}>") for thing in THINGS[:3]),
    *(line(thing, "http://www.w3.org/2002/07/owl#sameAs", f"<{FOREIGN}>") for thing in THINGS[:2]),
    *(line(thing, "http://www.w3.org/2004/02/skos/core#notation", '"T-1"') for thing in THINGS[:2]),
    *(line(thing, f"{BASE}ns#note", '"of no use to the index"') for thing in THINGS),
]
State = dict[str, frozenset[bytes]]
states = st.fixed_dictionaries({graph: st.frozensets(st.sampled_from(LINES), max_size=25) for graph in GRAPHS})


def make(folder: Path, state: State) -> NameIndex:
    folder.mkdir()
    make_index(folder, BASE, members_of(folder, state))
    return opened(folder)


def members_of(folder: Path, state: State) -> dict[str, Path]:
    members = {}
    for number, (graph, lines) in enumerate(state.items()):
        members[graph] = folder / f"{number}.nq.gz"
        quads = b"".join(each.removesuffix(b" .") + f" <{graph}> .\n".encode() for each in sorted(lines))
        members[graph].write_bytes(gzip.compress(quads))
    return members


def opened(folder: Path) -> NameIndex:
    index = open_index(folder)
    assert index is not None
    return index


def store_of(state: State) -> ox.Store:
    store = ox.Store()
    for graph, lines in state.items():
        store.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph))
    return store


def renewed(parent: Path, folder: Path, old: State, new: State) -> NameIndex:
    folder.mkdir()
    changes = [GraphChange(graph, new[graph] - old[graph], old[graph] - new[graph]) for graph in GRAPHS]
    assert renew_index(parent, folder, BASE, store_of(new), changes)
    return opened(folder)


def answers(index: NameIndex) -> Iterable[object]:
    search = Search(index, BASE)
    yield sorted((each.iri, each) for each in index.all_entities())
    for scope in (SearchScope(), SearchScope(kinds=("organisation",)), SearchScope(place=THINGS[3])):
        for query in QUERIES:
            hits = search.hits(query, scope)
            yield query, [(each.entity.iri, each.name, round(each.score, 6), each.is_identified) for each in hits]
            yield query, [entity.iri for entity, _ in search.suggestions(query[:4], scope)]
    yield [index.entity(id_of(each, BASE)) for each in THINGS]


@settings(max_examples=40, deadline=None)
@given(states, st.lists(states, min_size=1, max_size=3))
def test_after_any_changes_the_index_answers_as_one_made_from_nothing(first: State, later: list[State]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, old = Path(name), first
        make(folder / "0", first)
        for number, new in enumerate(later, 1):
            index = renewed(folder / str(number - 1), folder / str(number), old, new)
            old = new
        assert list(answers(index)) == list(answers(make(folder / "whole", old)))


TWO: State = {GRAPHS[0]: frozenset(LINES[:4]), GRAPHS[1]: frozenset(LINES[6:8]), GRAPHS[2]: frozenset()}


def test_what_no_change_speaks_of_is_linked_and_not_written(tmp_path: Path) -> None:
    make(tmp_path / "old", TWO)
    renewed(tmp_path / "old", tmp_path / "new", TWO, TWO)
    assert (tmp_path / "old" / INDEX_FILE).samefile(tmp_path / "new" / INDEX_FILE)
    assert not (tmp_path / "new" / DELTA_FILE).exists()


def test_a_change_lies_beside_the_whole_index(tmp_path: Path) -> None:
    make(tmp_path / "old", TWO)
    index = renewed(tmp_path / "old", tmp_path / "new", TWO, {**TWO, GRAPHS[1]: frozenset(LINES[8:9])})
    assert index.delta is not None
    assert (tmp_path / "new" / INDEX_FILE).stat().st_nlink == 2


def test_a_delta_that_has_grown_is_folded_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_builder, "FOLDED_LEAST", 0)
    make(tmp_path / "old", TWO)
    index = renewed(tmp_path / "old", tmp_path / "new", TWO, {**TWO, GRAPHS[1]: frozenset(LINES[8:9])})
    assert index.delta is None


def test_where_the_parent_has_no_index_none_is_made(tmp_path: Path) -> None:
    assert not renew_index(tmp_path, tmp_path, BASE, ox.Store(), [])


def test_a_large_index_is_made_beside_other_work_and_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_builder, "LARGE", 0)
    members = members_of(tmp_path, TWO)
    with index_builder.index_beside(tmp_path, BASE, members, 1):
        pass
    assert list(answers(opened(tmp_path))) == list(answers(make(tmp_path / "whole", TWO)))


def test_an_index_that_cannot_be_made_is_an_error_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_builder, "LARGE", 0)
    broken = tmp_path / "broken.nq.gz"
    broken.write_bytes(b"no gzip")
    with (
        pytest.raises(ReleaseError, match="broken"),
        index_builder.index_beside(tmp_path, BASE, {GRAPHS[0]: broken}, 1),
    ):
        pass


def test_a_thing_that_a_later_graph_gives_a_class_of_its_own_is_found_by_what_an_earlier_one_calls_it(
    tmp_path: Path,
) -> None:
    thing = THINGS[0]
    first = {line(thing, TYPE, f"<{CLASSES[2]}>"), line(thing, LABEL, '"Zarafshan"@en')}
    index = make(tmp_path / "index", {GRAPHS[0]: frozenset(first), GRAPHS[1]: frozenset()})
    assert not Search(index, BASE).hits("Zarafshan")
    second = frozenset({line(thing, TYPE, f"<{CLASSES[1]}>")})
    index = make(tmp_path / "later", {GRAPHS[0]: frozenset(first), GRAPHS[1]: second})
    assert [each.entity.iri for each in Search(index, BASE).hits("Zarafshan")] == [thing]


def test_an_index_is_closed_in_every_thread_with_the_last_reference_to_it(tmp_path: Path) -> None:
    index: NameIndex | None = make(tmp_path / "index", dict.fromkeys(GRAPHS, frozenset(LINES)))
    assert index is not None
    with ThreadPoolExecutor(3) as threads:
        starts = Barrier(3)

        def found(entity_id: str) -> int | None:
            starts.wait(10)  # so that each thread has one of them
            assert index is not None
            return index.number(entity_id)

        assert all(each is not None for each in threads.map(found, map(id_of, [THINGS[0]] * 3, [BASE] * 3)))
        assert open_files(tmp_path) == 4
        gc.disable()  # nobody looks for garbage in a service at rest
        try:
            index = None
            assert open_files(tmp_path) == 0
        finally:
            gc.enable()


def open_files(folder: Path) -> int:
    descriptors = list(Path("/proc/self/fd").iterdir())
    return sum(os.path.realpath(each).startswith(str(folder)) for each in descriptors)
