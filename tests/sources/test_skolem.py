"""Blank nodes become IRIs: the same graph, the same IRIs whatever the labels and the order, and in bounded time."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import BNode, Graph
from rdflib.compare import isomorphic
from rdflib.term import Node, URIRef

from graph.model.errors import SourceError
from graph.sources.batches import blank_nodes, skolemise

BASE = "https://example.org/"
GENID = f"{BASE}.well-known/genid/"
P, Q = ox.NamedNode("http://e/p"), ox.NamedNode("http://e/q")
REPOSITORY = Path(__file__).resolve().parent.parent.parent


def skolem(quads: Sequence[ox.Quad], source: str = "a.ttl") -> set[str]:
    return {str(quad) for quad in skolemise(quads, BASE, source)}


def edges(*pairs: tuple[int, int], predicate: ox.NamedNode = P) -> list[ox.Quad]:
    return [ox.Quad(ox.BlankNode(f"b{a}"), predicate, ox.BlankNode(f"b{b}")) for a, b in pairs]


def disguised(quads: Sequence[ox.Quad], seed: int) -> list[ox.Quad]:
    """The same graph under other labels and in another order."""
    shuffle = random.Random(seed)  # noqa: S311
    labels = sorted({node.value for quad in quads for node in blank_nodes(quad.triple)})
    others = [f"x{number}" for number in range(len(labels))]
    shuffle.shuffle(others)
    names = dict(zip(labels, others, strict=True))

    def renamed(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> object:
        if isinstance(term, ox.Triple):
            return ox.Triple(renamed(term.subject), term.predicate, renamed(term.object))
        return ox.BlankNode(names[term.value]) if isinstance(term, ox.BlankNode) else term

    fresh = [ox.Quad(renamed(each.subject), each.predicate, renamed(each.object), each.graph_name) for each in quads]
    shuffle.shuffle(fresh)
    return fresh


def as_rdflib(quads: Sequence[ox.Quad]) -> Graph:
    """The graph with its blank nodes, and with the IRIs made from them, as rdflib's blank nodes."""
    graph = Graph()

    def node(term: object) -> Node:
        if isinstance(term, ox.BlankNode):
            return BNode(term.value)
        value = term.value  # type: ignore[attr-defined]
        return BNode(value.removeprefix(GENID)) if value.startswith(GENID) else URIRef(value)

    for each in quads:
        graph.add((node(each.subject), URIRef(each.predicate.value), node(each.object)))
    return graph


NODES = st.sampled_from([ox.BlankNode(f"b{number}") for number in range(5)])
TERMS = st.one_of(NODES, NODES, st.just(ox.NamedNode("http://e/a")))
QUADS = st.builds(ox.Quad, TERMS, st.sampled_from([P, Q]), TERMS)
GRAPHS = st.lists(QUADS.filter(lambda quad: any(blank_nodes(quad.triple))), min_size=1, max_size=10)


@given(GRAPHS)
@settings(max_examples=150, deadline=None)
def test_the_graph_stays_the_same_up_to_the_names_of_its_nodes(quads: list[ox.Quad]) -> None:
    assert isomorphic(as_rdflib(quads), as_rdflib(list(skolemise(quads, BASE, "a.ttl"))))


@given(GRAPHS, st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_labels_and_order_do_not_matter(quads: list[ox.Quad], seed: int) -> None:
    assert skolem(quads) == skolem(disguised(quads, seed))


@given(GRAPHS)
@settings(max_examples=50, deadline=None)
def test_no_blank_node_is_left_and_all_iris_are_ours(quads: list[ox.Quad]) -> None:
    nodes = {node for quad in quads for node in blank_nodes(quad.triple)}
    named = list(skolemise(quads, BASE, "a.ttl"))
    assert not [node for quad in named for node in blank_nodes(quad.triple)]
    ours = {term.value for quad in named for term in (quad.subject, quad.object) if term.value.startswith(GENID)}
    assert len(ours) == len(nodes)


def test_two_triangles_are_no_hexagon() -> None:
    hexagon = edges((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0))
    triangles = edges((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3))
    assert len(skolem(triangles)) == len(skolem(hexagon)) == 6
    assert not skolem(triangles) & skolem(hexagon)


def test_the_iris_are_the_same_on_every_run() -> None:
    program = (
        "import pyoxigraph as ox; from graph.sources.batches import skolemise; p = ox.NamedNode('http://e/p');"
        "b = [ox.BlankNode() for _ in range(6)]; quads = [ox.Quad(b[i], p, b[i * i % 6]) for i in range(6)];"
        "print(sorted(str(quad) for quad in skolemise(quads, 'https://example.org/', 'a.ttl')))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            cwd=REPOSITORY,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1


def test_a_change_elsewhere_leaves_the_others_alone() -> None:
    club = [*edges((0, 1)), ox.Quad(ox.BlankNode("b1"), Q, ox.Literal("Termez"))]
    other = [ox.Quad(ox.BlankNode("c"), Q, ox.Literal("Nukus"))]
    changed = [ox.Quad(ox.BlankNode("c"), Q, ox.Literal("Navoi"))]
    assert skolem(club + other) & skolem(club + changed) == skolem(club)


def test_equal_components_stay_apart() -> None:
    quads = [ox.Quad(ox.NamedNode("http://e/a"), P, ox.BlankNode(f"b{number}")) for number in range(3)]
    assert len(skolem(quads)) == 3


def test_blank_nodes_of_two_files_are_never_the_same() -> None:
    assert not skolem(edges((0, 1)), "a.ttl") & skolem(edges((0, 1)), "b.ttl")


def test_a_blank_node_in_two_graphs_of_a_file_is_one_node() -> None:
    node = ox.BlankNode("b")
    quads = [ox.Quad(node, P, Q, ox.NamedNode("http://e/g")), ox.Quad(node, P, Q, ox.NamedNode("http://e/h"))]
    assert len({quad.subject for quad in skolemise(quads, BASE, "a.trig")}) == 1


def test_a_quad_that_is_said_twice_counts_once() -> None:
    assert skolem(edges((0, 1), (0, 1))) == skolem(edges((0, 1)))


def test_blank_nodes_in_triple_terms_are_found_and_named() -> None:
    inner = ox.Triple(ox.BlankNode("a"), P, ox.Triple(ox.BlankNode("b"), P, ox.BlankNode("c")))
    quads = [ox.Quad(ox.BlankNode("r"), Q, inner), ox.Quad(ox.BlankNode("c"), Q, ox.Literal("leaf"))]
    named = skolem(quads)
    assert not [line for line in named if "_:" in line]
    assert len({part for line in named for part in line.split() if GENID in part}) == 4
    assert named == skolem(disguised(quads, 7))


def ring(size: int) -> list[ox.Quad]:
    return edges(*((number, (number + 1) % size) for number in range(size)))


def clique(size: int) -> list[ox.Quad]:
    return edges(*((a, b) for a in range(size) for b in range(size) if a != b))


def chain(size: int) -> list[ox.Quad]:
    return edges(*((number, number + 1) for number in range(size)))


def star(size: int) -> list[ox.Quad]:
    return edges(*((0, number + 1) for number in range(size)))


def equal_families(size: int) -> list[ox.Quad]:
    """A parent of many children that all have the same."""
    child_and_toy = [((0, 2 * number + 1), (2 * number + 1, 2 * number + 2)) for number in range(size)]
    return edges(*(pair for pairs in child_and_toy for pair in pairs))


ALIKE = {
    "12 that all know each other": clique(12),
    "40 that all know each other": clique(40),
    "a ring of 500": ring(500),
    "a list of 5000 equal values": chain(5000),
    "a star of 5000": star(5000),
    "2000 equal families": equal_families(2000),
}


@pytest.mark.parametrize("quads", ALIKE.values(), ids=ALIKE.keys())
def test_what_looks_alike_is_named_in_bounded_time(quads: list[ox.Quad]) -> None:
    start = time.process_time()
    named = skolem(quads)
    assert time.process_time() - start < 5
    assert len(named) == len(quads)
    assert named == skolem(disguised(quads, 3))


@pytest.mark.parametrize("quads", [clique(150), ring(8000)], ids=["a clique of 150", "a ring of 8000"])
def test_what_cannot_be_told_apart_in_time_is_refused(quads: list[ox.Quad]) -> None:
    start = time.process_time()
    with pytest.raises(SourceError, match=r"a\.ttl: .* blank nodes cannot be told apart \(give them IRIs\)"):
        skolem(quads)
    assert time.process_time() - start < 15
