"""To which focus nodes a change can matter: those that read it along the paths of their shapes, and no others."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from validation_material import BASE, COMMON, PROLOGUE, read_shapes, state

from graph.sources.batches import Origin, chunks
from graph.validation.incremental import Affected
from graph.validation.report import empty_report
from graph.validation.shapes import load_shapes

DATA = """
:a a :C ; :p :b . :b :q :c ; :r "x" . :c a :E . :d a :C ; :p :e ; :s 1 . :f :q :a . :E rdfs:subClassOf :D . :g :t :d .
"""
EVERY = {"a", "d"}


def lines(turtle: str) -> frozenset[bytes]:
    quads = ox.parse((PROLOGUE + turtle).encode(), ox.RdfFormat.TURTLE, base_iri=BASE)
    return frozenset(line for chunk in chunks(quads, Origin("a", BASE, BASE)) for line in chunk.lines())


@pytest.mark.parametrize(
    ("shape", "change", "affected"),
    [
        ("sh:property [ sh:path :p ; sh:minCount 1 ]", ":a :p :d .", {"a"}),
        ("sh:property [ sh:path :p ; sh:minCount 1 ]", ":a :s 1 . :z :s 2 .", set()),
        ("sh:property [ sh:path ( :p :q ) ; sh:minCount 1 ]", ":b :q :z .", {"a"}),
        ("sh:property [ sh:path ( :p :q ) ; sh:minCount 1 ]", ":d :q :z . :f :q :z .", set()),
        ("sh:property [ sh:path [ sh:inversePath :q ] ; sh:maxCount 1 ]", ":z :q :d .", {"d"}),
        ("sh:property [ sh:path [ sh:zeroOrMorePath :q ] ; sh:nodeKind sh:IRI ]", ":c :q :z .", set()),
        ("sh:property [ sh:path ( :p [ sh:zeroOrMorePath :q ] ) ; sh:nodeKind sh:IRI ]", ":c :q :z .", {"a"}),
        ("sh:property [ sh:path :p ; sh:class :D ]", ":b a :D .", {"a"}),
        ("sh:property [ sh:path ( :p :q ) ; sh:class :D ]", ":E rdfs:subClassOf :Z .", {"a"}),
        ("sh:property [ sh:path :p ; sh:node [ sh:property [ sh:path :r ; sh:minCount 1 ] ] ]", ":b :r 5 .", {"a"}),
        ("sh:property [ sh:path :p ; sh:node :Recursive ]", ":e :r :z .", {"d"}),
        ("sh:not [ sh:property [ sh:path :s ; sh:hasValue 1 ] ]", ":d :s 2 .", {"d"}),
        ("sh:property [ sh:path :p ; sh:lessThan :s ]", ":a :s 2 .", {"a"}),
        ("sh:closed true", ":a :anything 2 . :b :anything 2 .", {"a"}),
        ('sh:sparql [ sh:select "SELECT $this { $this <http://e/p>/<http://e/q> ?x . ?y <http://e/t> $this }" ]',
         ":z :t :d . :b :q :z . :z :q :z . :z :p :z .", {"a", "d"}),
        ('sh:sparql [ sh:select "SELECT $this { $this <http://e/p> ?x . FILTER NOT EXISTS { ?x <http://e/r> ?y } }" ]',
         ":b :r 2 . :f :r 2 .", {"a"}),
        ('sh:sparql [ sh:select "SELECT $this { $this <http://e/p> ?x . ?other <http://e/s> ?n }" ]',
         ":z :z 2 .", EVERY),
        (":least 1", ":z :z 2 .", EVERY),
        ("sh:nodeKind sh:IRI", ":z a :C .", {"z"}),
    ],
)  # fmt: skip
def test_a_change_matters_to_those_who_read_it(shape: str, change: str, affected: set[str]) -> None:
    shapes = read_shapes(f"{COMMON} :S a sh:NodeShape ; sh:targetClass :C ; {shape} .")
    data = state(lines(DATA) | lines(change), frozenset(), shapes).data
    usable = load_shapes(shapes, base=BASE)
    found = Affected.by(lines(change), data, data, usable, empty_report())
    assert found is not None
    with data.graph() as graph:
        (targeted,) = (each for each in usable.compiled.shapes if any(each.target_classes()))
        assert {str(node).removeprefix(BASE) for node in found.focus_nodes(graph)(targeted)} == affected
