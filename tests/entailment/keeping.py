"""What is stated and what follows, changed step by step: kept up, and compared with what is made from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.entailment.materialisation import entail, entail_change
from graph.sources.batches import UNION, Chunk, GraphChange

E = "http://e/"
ENTAILED, ONTOLOGY = E + "entailed", E + "ontology"
PREFIXES = """
PREFIX : <http://e/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
Stated = dict[str, frozenset[bytes]]


def lines(turtle: str) -> frozenset[bytes]:
    """The triples as lines; the usual prefixes are declared."""
    return lines_of(quad.triple for quad in ox.parse((PREFIXES + turtle).encode(), ox.RdfFormat.TURTLE))


def lines_of(triples: Iterable[ox.Triple]) -> frozenset[bytes]:
    return frozenset((ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").split(b"\n")[:-1])


def rule(query: str) -> str:
    """One of the publication's own rules, as Turtle."""
    return f':rule a sh:SPARQLRule ; sh:construct """{PREFIXES}{query}""" .'


def store_of(graphs: Stated) -> ox.Store:
    """A store as a release has it: each graph, and all of them in the default graph."""
    store = ox.Store()
    for iri, content in graphs.items():
        chunk = Chunk(iri, b"".join(line + b"\n" for line in content))
        store.load(chunk.quads(), ox.RdfFormat.N_QUADS)
        store.load(chunk.triples, ox.RdfFormat.N_TRIPLES)
    return store


@dataclass
class Kept:
    """What is stated, graph by graph, and what follows from it."""

    stated: Stated
    entailed_graph: str = ENTAILED
    ontology: str = ONTOLOGY
    read: Callable[[str], str] = str
    entailed: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.entailed = self.from_nothing()

    def from_nothing(self) -> frozenset[bytes]:
        chunk = entail(store_of(self.stated), self.entailed_graph, self.ontology, self.read)
        return frozenset() if chunk is None else frozenset(chunk.lines())

    def change(self, graph: str, added: Iterable[bytes] = (), removed: Iterable[bytes] = ()) -> GraphChange | None:
        """Change a graph; what it does to what follows is what it does to what is made from nothing."""
        before = frozenset[bytes]().union(*self.stated.values())
        content = (self.stated.get(graph, frozenset()) - frozenset(removed)) | frozenset(added)
        self.stated = {**self.stated, graph: content}
        after = frozenset[bytes]().union(*self.stated.values())
        store = store_of({**self.stated, self.entailed_graph: self.entailed})
        found = set(store)
        merge = GraphChange(UNION, after - before, before - after)
        kept = entail_change(store, self.entailed_graph, self.ontology, merge, self.read)
        assert set(store) == found
        expected, known = self.from_nothing(), self.entailed
        if kept is not None:
            assert (kept.added, kept.removed) == (expected - known, known - expected)
            assert (kept.created, kept.dropped) == (not known and bool(expected), bool(known) and not expected)
        self.entailed = expected
        return kept
