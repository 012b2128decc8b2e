"""Conclusions that are kept up are those that are made from nothing, whatever changes; and it costs what changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox
from hypothesis import given, note, settings
from hypothesis import strategies as st

from graph.change import NONE, GraphChange, MergeChange
from graph.entailment import entail, entail_change
from graph.entailment.program import read_program
from graph.sources.chunks import Chunk

E = "http://e/"
ENTAILED, ONTOLOGY = E + "entailed", E + "ontology"
GRAPHS = (E + "g1", E + "g2", E + "g3")
PREFIXES = """
PREFIX : <http://e/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
Stated = dict[str, frozenset[bytes]]


def lines(turtle: str) -> frozenset[bytes]:
    parsed = ox.parse((PREFIXES + turtle).encode(), ox.RdfFormat.TURTLE)
    text = ox.serialize((quad.triple for quad in parsed), format=ox.RdfFormat.N_TRIPLES) or b""
    return frozenset(text.split(b"\n")[:-1])


def store_of(graphs: Stated) -> ox.Store:
    """A store as a release has it: each graph, and all of them in the default graph."""
    store = ox.Store()
    for iri, content in graphs.items():
        chunk = Chunk(iri, b"".join(line + b"\n" for line in content))
        store.load(chunk.quads(), ox.RdfFormat.N_QUADS)
        store.load(chunk.triples, ox.RdfFormat.N_TRIPLES)
    return store


def from_nothing(stated: Stated) -> frozenset[bytes]:
    chunk = entail(store_of(stated), ENTAILED, ONTOLOGY)
    return frozenset() if chunk is None else frozenset(chunk.lines())


@dataclass
class Kept:
    """What is stated and what follows from it, changed step by step."""

    stated: Stated
    entailed: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.entailed = from_nothing(self.stated)

    def change(self, graph: str, added: Iterable[bytes] = (), removed: Iterable[bytes] = ()) -> GraphChange | None:
        """Change a graph; what follows is kept up, and is what is made from nothing."""
        before = frozenset[bytes]().union(*self.stated.values())
        content = (self.stated.get(graph, frozenset()) - frozenset(removed)) | frozenset(added)
        self.stated = {**self.stated, graph: content}
        after = frozenset[bytes]().union(*self.stated.values())
        store = store_of({**self.stated, ENTAILED: self.entailed})
        found = set(store)
        kept = entail_change(store, ENTAILED, ONTOLOGY, MergeChange(after - before, before - after))
        assert set(store) == found
        expected = from_nothing(self.stated)
        if kept is not None:
            assert kept == GraphChange(
                ENTAILED,
                expected - self.entailed,
                self.entailed - expected,
                created=bool(expected) and not self.entailed,
                dropped=bool(self.entailed) and not expected,
            )
        self.entailed = expected
        return kept


def own(query: str) -> str:
    return f'[] a sh:SPARQLRule ; sh:construct """{PREFIXES}{query}""" .'


RULES = {
    "a plain one": "CONSTRUCT { ?x :near ?y . ?y :near ?x } WHERE { ?x :p ?y . ?y a :A }",
    "one with what nobody names": "CONSTRUCT { ?x :near ?y } WHERE { ?x :p [ :q ?y ] }",
    "a filter": "CONSTRUCT { ?x a :B } WHERE { ?x :n ?n FILTER(?n > 1) }",
    "a filter in a circle": "CONSTRUCT { ?y a :A } WHERE { ?x a :A ; :p ?y FILTER(?x != :b) }",
    "a number": "CONSTRUCT { ?x a :C } WHERE { ?x :n 1 }",
    "a new IRI": "CONSTRUCT { ?u :made ?x } WHERE { ?x :p ?y BIND(IRI(CONCAT(STR(?y), '-u')) AS ?u) }",
    "a spelling": "CONSTRUCT { ?x :flag '05'^^xsd:int , 1.50 } WHERE { ?x a :A }",
    "the latest": "CONSTRUCT { ?x :last ?n } WHERE { ?c :q ?x ; :n ?n FILTER NOT EXISTS {"
    " ?later :q ?x ; :n ?m FILTER(?m > ?n) } }",
    "what has": "CONSTRUCT { ?x :has true } WHERE { ?x a :A FILTER EXISTS { ?x :p ?y . ?y :q ?z } }",
    "what may be": "CONSTRUCT { ?x :seen ?z . ?x :maybe ?y } WHERE { ?x a :A OPTIONAL { ?x :q ?y } ?x :p ?z }",
    "a count": "CONSTRUCT { ?x :count ?k } WHERE { SELECT ?x (COUNT(*) AS ?k) { ?x :p ?y } GROUP BY ?x }",
    "a path": "CONSTRUCT { ?x :reach ?y } WHERE { ?x :p/(:q|^:r)+ ?y }",
    "a difference": "CONSTRUCT { ?x :alone ?y } WHERE { ?x :r ?y MINUS { ?x :p ?y } }",
    "an alternative": "CONSTRUCT { ?x :either ?y } WHERE { { ?x :s ?y } UNION { ?y :r ?x } }",
    "values": "CONSTRUCT { ?x :valued ?y } WHERE { VALUES ?y { :a :b } ?x :s ?y }",
    "a rule on what is not": "CONSTRUCT { ?x :p ?y } WHERE { ?x :s ?y FILTER NOT EXISTS { ?x :r ?y } }",
    "a rule on itself": "CONSTRUCT { ?x :s ?y } WHERE { ?y :s ?x FILTER NOT EXISTS { ?y :s ?y } }",
}
PROPERTIES = st.sampled_from("pqrst")
AXIOMS = st.one_of(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD")).map(lambda ab: ":{} rdfs:subClassOf :{} .".format(*ab)),
    st.tuples(PROPERTIES, st.sampled_from(("rdfs:subPropertyOf", "owl:inverseOf")), PROPERTIES)
    .map(lambda each: ":{} {} :{} .".format(*each)),
    st.tuples(PROPERTIES, st.sampled_from(("Symmetric", "Transitive")))
    .map(lambda each: ":{} a owl:{}Property .".format(*each)),
    st.tuples(PROPERTIES, st.lists(PROPERTIES, min_size=2, max_size=3))
    .map(lambda each: f":{each[0]} owl:propertyChainAxiom ( {' '.join(':' + link for link in each[1])} ) ."),
)  # fmt: skip
PROGRAMS = st.tuples(st.lists(AXIOMS, max_size=6), st.lists(st.sampled_from(sorted(RULES)), max_size=3, unique=True))
THINGS = st.sampled_from([f":{each}" for each in "abcde"])
NUMBERS = st.sampled_from(["1", "01", "2", "1.0", '"1"^^xsd:byte', '"3"^^xsd:nonNegativeInteger', '"x"', '"x"@uz'])
TRIPLES = st.one_of(
    st.tuples(THINGS, st.sampled_from([f":{each}" for each in "pqrst"]), THINGS),
    st.tuples(THINGS, st.just("a"), st.sampled_from([":A", ":B", ":C", ":D"])),
    st.tuples(THINGS, st.sampled_from([":n", ":p"]), NUMBERS),
    st.tuples(THINGS, st.sampled_from([":last", ":flag", ":count"]), NUMBERS),  # what may be concluded, too
).map(lambda each: "{} {} {} .".format(*each))
CHANGES = st.tuples(st.sampled_from(GRAPHS), st.lists(TRIPLES, max_size=4), st.lists(TRIPLES, max_size=4))


@settings(max_examples=100, deadline=None)
@given(PROGRAMS, st.lists(TRIPLES, max_size=25), st.lists(CHANGES, min_size=1, max_size=5), st.data())
def test_what_is_kept_up_is_what_is_made_from_nothing(
    program: tuple[list[str], list[str]], data: list[str], changes: list[tuple[str, list[str], list[str]]],
    more: st.DataObject,
) -> None:  # fmt: skip
    ontology = lines("".join([*program[0], *(own(RULES[name]) for name in program[1])]))
    shared = lines("".join(data))
    kept = Kept({ONTOLOGY: ontology, GRAPHS[0]: shared, GRAPHS[1]: frozenset(sorted(shared)[::3]), GRAPHS[2]: NONE})
    stratified = read_program(store_of({ONTOLOGY: ontology}), ONTOLOGY, str).is_stratified
    for graph, added, removed in changes:
        there = sorted(kept.stated[graph])
        lost = more.draw(st.lists(st.sampled_from(there), max_size=4)) if there else []
        note(f"{graph} + {added} - {removed} - {lost}; stratified {stratified}")
        change = kept.change(graph, lines("".join(added)), lines("".join(removed)) | set(lost))
        assert (change is not None) == stratified
