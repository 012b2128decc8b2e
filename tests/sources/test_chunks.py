"""Chunks: what is read, part by part, by its graph, in canonical N-Triples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import SourceError
from graph.sources.batches import Chunk, Origin, chunks

ORIGIN = Origin("a.nq", "http://e/default", "http://e/")
A, P = ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p")


def quads(*graphs: str) -> Iterator[ox.Quad]:
    for number, graph in enumerate(graphs):
        yield ox.Quad(A, P, ox.Literal(number), ox.NamedNode(f"http://e/{graph}") if graph else ox.DefaultGraph())


def read(*graphs: str, size: int = 50_000) -> list[tuple[str, int]]:
    found = chunks(quads(*graphs), ORIGIN, size)
    return [(chunk.graph.removeprefix("http://e/"), len(chunk.lines())) for chunk in found]


@pytest.mark.parametrize(
    ("graphs", "size", "expected"),
    [
        ("ggg", 10, [("g", 3)]),
        ("ggg", 2, [("g", 2), ("g", 1)]),
        ("ghg", 10, [("g", 2), ("h", 1)]),
        ("ghg", 1, [("g", 1), ("h", 1), ("g", 1)]),
        (["", "g", ""], 10, [("default", 2), ("g", 1)]),
        (["default", ""], 10, [("default", 2)]),
    ],
)
def test_a_part_is_a_chunk_for_each_of_its_graphs(graphs: str, size: int, expected: list[tuple[str, int]]) -> None:
    assert read(*graphs, size=size) == expected


IRIS = st.sampled_from([ox.NamedNode(f"http://e/{name}") for name in ("a", "b", "default", "é")])
TEXTS = st.text(st.sampled_from('a <>"@^.\\\n\t_:é'), max_size=8) | st.sampled_from(
    ["<http://e/a>", 'x" <http://e/a> .', '"^^<http://e/a>', "a <http://e/a>", "_:a"]
)
LITERALS = st.builds(ox.Literal, TEXTS) | st.builds(
    lambda text, kind: ox.Literal(text, **kind), TEXTS, st.sampled_from([{"datatype": P}, {"language": "en"}])
)
TERMS = IRIS | LITERALS | st.builds(ox.Triple, IRIS, st.just(P), IRIS | LITERALS)
QUADS = st.builds(ox.Quad, IRIS, st.just(P) | IRIS, TERMS, IRIS | st.just(ox.DefaultGraph()))


@given(given_quads=st.lists(QUADS, min_size=1, max_size=8), size=st.integers(1, 9))
@settings(max_examples=300)
def test_each_quad_is_in_the_chunks_of_its_graph(given_quads: list[ox.Quad], size: int) -> None:
    expected = Counter(
        (quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ORIGIN.graph, f"{quad.triple} .")
        for quad in given_quads
    )
    found = Counter(
        (chunk.graph, line.decode()) for chunk in chunks(given_quads, ORIGIN, size) for line in chunk.lines()
    )
    assert found == expected


def test_it_holds_no_more_than_a_part_at_a_time() -> None:
    taken = 0

    def counted() -> Iterator[ox.Quad]:
        nonlocal taken
        for quad in quads(*"g" * 100):
            taken += 1
            yield quad

    found = chunks(counted(), ORIGIN, 10)
    next(found)
    assert taken == 10


def test_blank_nodes_come_last_and_are_one_component_over_all_parts() -> None:
    node = ox.BlankNode("b")
    given = [ox.Quad(node, P, ox.Literal(n)) if n % 2 else ox.Quad(A, P, ox.Literal(n)) for n in range(10)]
    found = list(chunks(given, ORIGIN, 3))
    assert [b"genid" in chunk.triples for chunk in found] == [False] * (len(found) - 1) + [True]
    assert len({line.split()[0] for line in found[-1].lines()}) == 1


def test_a_literal_that_looks_like_a_blank_node_is_none() -> None:
    (chunk,) = chunks([ox.Quad(A, P, ox.Literal("_:b"))], ORIGIN)
    assert chunk.triples == b'<http://e/a> <http://e/p> "_:b" .\n'


def test_a_chunk_as_n_quads() -> None:
    text = b'<http://e/a> <http://e/p> " .\\n" .\n<http://e/a> <http://e/p> "b" .\n'
    quad = Chunk("http://e/g", text).quads()
    assert [str(each.graph_name) for each in ox.parse(quad, ox.RdfFormat.N_QUADS)] == ["<http://e/g>"] * 2
    assert {each.triple for each in ox.parse(quad, ox.RdfFormat.N_QUADS)} == {
        each.triple for each in ox.parse(text, ox.RdfFormat.N_TRIPLES)
    }


def test_a_backslash_before_u0000_is_no_nul() -> None:
    (chunk,) = chunks([ox.Quad(A, P, ox.Literal("\\u0000"))], ORIGIN)
    assert chunk.triples == b'<http://e/a> <http://e/p> "\\\\u0000" .\n'
    with pytest.raises(SourceError, match="NUL"):
        list(chunks([ox.Quad(A, P, ox.Literal("\\\0"))], ORIGIN))


def test_nothing_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"a\.nq: the file holds no triple \(write at least one"):
        list(chunks([], ORIGIN))
