"""What follows from an ontology: each rule on a tiny one, the publication's own rules, and nothing that is false."""

from __future__ import annotations

import re
from socket import create_server

import pyoxigraph as ox
import pytest
from writing import Write

from graph.entailment.materialisation import entail
from graph.model.errors import HamkorError, SourceError
from graph.pipeline.build import build
from graph.sources.batches import Origin, chunks

GRAPH, ONTOLOGY = "http://e/entailed", "http://e/ontology"
PROLOGUE = """
PREFIX : <http://e/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sh: <http://www.w3.org/ns/shacl#>
"""


def entailed(turtle: str) -> set[str]:
    """What follows, as triples written with local names."""
    store = ox.Store()
    quads = ox.parse((PROLOGUE + turtle).encode(), ox.RdfFormat.TURTLE, base_iri="http://e/")
    for chunk in chunks(quads, Origin("a.ttl", ONTOLOGY, "http://e/")):
        store.load(chunk.triples, ox.RdfFormat.N_TRIPLES)
        store.load(chunk.quads(), ox.RdfFormat.N_QUADS)
    found = entail(store, GRAPH, ONTOLOGY)
    lines = [] if found is None else found.triples.decode().splitlines()
    assert lines == sorted(lines)
    assert len(list(store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH)))) == len(lines)
    return {re.sub(r"<[^>]*?([\w]+)>", r"\1", line).removesuffix(" .") for line in lines}


RULES = {
    "a subclass": (":A rdfs:subClassOf :B . :x a :A .", {"x type B"}),
    "subclasses in three steps": (
        ":A rdfs:subClassOf :B . :B rdfs:subClassOf :C . :C rdfs:subClassOf :D . :x a :A .",
        {"x type B", "x type C", "x type D"},
    ),
    "classes in a circle": (":A rdfs:subClassOf :B . :B rdfs:subClassOf :A . :x a :A .", {"x type B"}),
    "a class below two": (":A rdfs:subClassOf :B , :C . :x a :A .", {"x type B", "x type C"}),
    "a subproperty": (":p rdfs:subPropertyOf :q . :x :p :y .", {"x q y"}),
    "a subproperty of text": (':p rdfs:subPropertyOf :q . :x :p "text"@uz .', {'x q "text"@uz'}),
    "subproperties in three steps": (
        ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r . :r rdfs:subPropertyOf :s . :x :p :y .",
        {"x q y", "x r y", "x s y"},
    ),
    "an inverse": (":p owl:inverseOf :q . :x :p :y . :u :q :v .", {"y q x", "v p u"}),
    "an inverse said on both sides": (":p owl:inverseOf :q . :q owl:inverseOf :p . :x :p :y .", {"y q x"}),
    "a symmetric property": (":p a owl:SymmetricProperty . :x :p :y .", {"y p x"}),
    "a transitive property": (
        ":p a owl:TransitiveProperty . :a :p :b . :b :p :c . :c :p :d .", {"a p c", "a p d", "b p d"},
    ),
    "a chain of two": (":r owl:propertyChainAxiom ( :p :q ) . :x :p :y . :y :q :z .", {"x r z"}),
    "a chain of three": (
        ":r owl:propertyChainAxiom ( :p :q :p ) . :a :p :b . :b :q :c . :c :p :d .", {"a r d"},
    ),
    "a chain of one": (":r owl:propertyChainAxiom ( :p ) . :x :p :y .", {"x r y"}),
    "a chain of a property with itself": (":p owl:propertyChainAxiom ( :p :p ) . :a :p :b . :b :p :c .", {"a p c"}),
    "a chain that ends in text": (':r owl:propertyChainAxiom ( :p :q ) . :x :p :y . :y :q "z" .', {'x r "z"'}),
    "two chains of a property": (
        ":r owl:propertyChainAxiom ( :p :q ) , ( :q :p ) . :x :p :y . :y :q :z . :z :p :w .", {"x r z", "y r w"},
    ),
    "a chain on a chain": (
        ":r owl:propertyChainAxiom ( :p :q ) . :s owl:propertyChainAxiom ( :r :q ) . :a :p :b . :b :q :c . :c :q :d .",
        {"a r c", "a s d"},
    ),
    "rules that need each other": (
        ":p rdfs:subPropertyOf :q . :q owl:inverseOf :r . :t a owl:TransitiveProperty . :r rdfs:subPropertyOf :t ."
        " :x :p :y . :y :p :z .",
        {"x q y", "y q z", "y r x", "z r y", "y t x", "z t y", "z t x"},
    ),
    "a rule of its own": (
        '[] a sh:SPARQLRule ; sh:construct "PREFIX : <http://e/> CONSTRUCT { ?x :big true } WHERE { ?x :n ?n '
        'FILTER(?n > 5) }" . :a :n 9 . :b :n 1 .',
        {'a big "true"^^boolean'},
    ),
    "a rule on what a rule says": (
        '[] a sh:SPARQLRule ; sh:construct "PREFIX : <http://e/> CONSTRUCT { ?x a :Big } WHERE { ?x :n 9 }" .'
        " :Big rdfs:subClassOf :Thing . :a :n 9 .",
        {"a type Big", "a type Thing"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("turtle", "expected"), RULES.values(), ids=RULES.keys())
def test_follows_from(turtle: str, expected: set[str]) -> None:
    assert entailed(turtle) == expected


NOTHING = {
    "no ontology": ":x a :A ; :p :y .",
    "an ontology without data": ":A rdfs:subClassOf :B . :p owl:inverseOf :q . :r owl:propertyChainAxiom ( :p :q ) .",
    "a superclass": ":A rdfs:subClassOf :B . :x a :B .",
    "a superproperty": ":p rdfs:subPropertyOf :q . :x :q :y .",
    "a domain or a range": ":p rdfs:domain :A ; rdfs:range :B . :x :p :y .",
    "an inverse of text": ':p owl:inverseOf :q . :x :p "text" .',
    "a symmetric property of text": ':p a owl:SymmetricProperty . :x :p "text" .',
    "a chain that breaks off": ":r owl:propertyChainAxiom ( :p :q ) . :x :p :y . :w :q :z .",
    "a chain in the wrong order": ":r owl:propertyChainAxiom ( :p :q ) . :x :q :y . :y :p :z .",
    "an empty chain": ":r owl:propertyChainAxiom ( ) . :x :p :y .",
    "what is there already": ":A rdfs:subClassOf :B . :x a :A , :B . :p a owl:SymmetricProperty . :x :p :x .",
    "an anonymous superclass": ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ] . :x a :A .",
    "equal things": ":x owl:sameAs :y . :x :p :z .",
    "a rule without its query": ":rule a sh:SPARQLRule . :x :p :y .",
}


@pytest.mark.parametrize("turtle", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_follows_from(turtle: str) -> None:
    assert entailed(turtle) == set()


def test_a_list_that_runs_in_a_circle_does_not_hang() -> None:
    text = ":r owl:propertyChainAxiom :l . :l rdf:first :p ; rdf:rest :m . :m rdf:first :q ; rdf:rest :l . :x :p :y ."
    assert entailed(text) == set()


def rule(query: str) -> str:
    return f':rule a sh:SPARQLRule ; sh:construct """{query}""" . :x :p :y , 1 .'


BAD = {
    "no SPARQL": (rule("CONSTRUCT { ?x ?p"), "is no SPARQL"),
    "an unknown prefix": (rule("CONSTRUCT { ?x ex:p 1 } WHERE { ?x ?p ?o }"), "is no SPARQL"),
    "a SELECT": (rule("SELECT * { ?x ?p ?o }"), "is no CONSTRUCT query"),
    "an update": (rule("DELETE WHERE { ?x ?p ?o }"), "is no SPARQL"),
    "blank nodes without end": (rule("CONSTRUCT { ?x <http://e/q> [] } WHERE { ?x ?p ?o }"), "makes blank nodes"),
    "numbers without end": (
        rule("CONSTRUCT { ?x <http://e/p> ?m } WHERE { ?x <http://e/p> ?n BIND(?n + 1 AS ?m) FILTER(bound(?m)) }"),
        "still draw new conclusions",
    ),
    "a chain of text": (
        ':r owl:propertyChainAxiom ( :p "q" ) .',
        'the property chain of <http://e/r> names "q", which is no property',
    ),
}


@pytest.mark.parametrize(("turtle", "words"), BAD.values(), ids=BAD.keys())
def test_refuses_a_rule_that_is(turtle: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        entailed(turtle)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_error_of_a_rule_names_it() -> None:
    with pytest.raises(SourceError, match=r"^ontology: the rule <http://e/rule> is no SPARQL"):
        entailed(BAD["no SPARQL"][0])


def test_a_rule_never_dials_out(publication: Write) -> None:
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/sparql"
        query = f"CONSTRUCT {{ ?x ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?x ?p ?o }} }}"
        opened = publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 .", "ontology/r.ttl": PROLOGUE + rule(query)})
        with pytest.raises(HamkorError, match="SERVICE"):
            build(opened)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(("turtle", "words"), [BAD["no SPARQL"], BAD["an update"], BAD["an unknown prefix"]])
def test_a_build_refuses_a_bad_rule_and_names_it(publication: Write, turtle: str, words: str) -> None:
    files = {"data/a.ttl": "<http://e/a> <http://e/p> 1 .", "ontology/r.ttl": PROLOGUE + turtle}
    with pytest.raises(SourceError, match="ontology: the rule <http://e/rule> cannot be used: "):
        build(publication(files))


def test_axioms_in_data_draw_no_conclusions(publication: Write) -> None:
    axiom = "@prefix owl: <http://www.w3.org/2002/07/owl#> . <http://e/p> owl:inverseOf <http://e/q> ."
    release = build(publication({"data/a.ttl": axiom, "data/b.ttl": "<http://e/a> <http://e/p> <http://e/b> ."}))
    assert not [entry for entry in release.manifest.graphs if entry.iri.endswith("entailed")]


def test_what_follows_is_in_a_graph_of_its_own_and_in_the_merge(publication: Write) -> None:
    ontology = "@prefix owl: <http://www.w3.org/2002/07/owl#> . <http://e/p> owl:inverseOf <http://e/q> ."
    files = {"ontology/o.ttl": ontology, "data/a.ttl": "<http://e/a> <http://e/p> <http://e/b> ."}
    release = build(publication(files))
    graph = "https://w3id.org/hamkor/graph/entailed"
    assert [chunk.triples for chunk in release.read_graph(graph)] == [b"<http://e/b> <http://e/q> <http://e/a> .\n"]
    assert release.store.query("ASK { <http://e/b> <http://e/q> <http://e/a> }")
    assert release.manifest.sources.keys() == {"ontology/o.ttl", "data/a.ttl"}
