"""Which nodes of a large index pySHACL has to look at: those in doubt, and few others."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from validation_material import BASE, PROLOGUE, read_shapes, state, told

from graph.sources.batches import Origin, chunks
from graph.validation.incremental import Doubtful, validate_change
from graph.validation.shapes import load_shapes

FIRST = {"0"}
"""One focus node is always looked at, so that what is wrong with a shape is told."""
GOOD = ':p 5 ; :q "x"@en , "y"@uz ; :r :0 ; :d "2014-11-30"^^xsd:date ; :e "2015-01-01"^^xsd:date .'


@pytest.mark.parametrize(
    ("constraint", "bad"),
    [
        (":p ; sh:minCount 1", ":r :0"),
        (":p ; sh:minCount 1", ':p "05"^^xsd:integer'),  # the index has rewritten it
        (":q ; sh:minCount 2", ':q "x"@en'),
        (":p ; sh:maxCount 1", ":p 5 , 6"),
        (":p ; sh:maxCount 2", ":p 5 , 6 , 7"),
        ("[ sh:inversePath :r ] ; sh:maxCount 900", None),
        ("( :r :p ) ; sh:minCount 1", ":p 5"),
        (":p ; sh:datatype xsd:integer", ":p 5.0"),
        (":d ; sh:datatype xsd:date", ':d "2014-02-31"^^xsd:date'),
        (":p ; sh:minInclusive 5", ":p 4"),
        (":p ; sh:maxExclusive 5.5", ":p 6"),
        (":q ; sh:uniqueLang true", ':q "a"@en , "b"@en'),
        (':q ; sh:languageIn ( "en" "uz" )', ':q "a"@ru'),
        (':q ; sh:pattern "^[xy]$"', ':q "xx"'),
        (":q ; sh:maxLength 1", ':q "xx"'),
        (":r ; sh:nodeKind sh:IRI", ":r 5"),
        (":r ; sh:class :C", ":r :nobody"),
        (":r ; sh:in ( :0 :1 )", ":r :2"),
        (":p ; sh:hasValue 5", ":p 6"),
        (":d ; sh:lessThan :e", ':d "2016-01-01"^^xsd:date ; :e "2015-01-01"^^xsd:date'),
        (":p ; sh:disjoint :q", ":p 5 ; :q 5"),
        (":r ; sh:node [ sh:property [ sh:path :p ; sh:minCount 1 ] ]", ":r :nobody"),
        (":r ; sh:not [ sh:hasValue :1 ]", ":r :1"),
        (":q ; sh:or ( [ sh:datatype rdf:langString ] [ sh:datatype xsd:date ] )", ':q "a"'),
        (':r ; sh:or ( [ sh:nodeKind sh:IRI ; sh:not [ sh:pattern "^http://e/9" ] ] [ sh:pattern "x$" ] )', ":r :9"),
        (
            ':r ; sh:or ( [ sh:not [ sh:pattern "^http://e/9" ] ] [ sh:property [ sh:path :p ; sh:minCount 1 ] ] )',
            ":r :9",
        ),
        (':q ; sh:qualifiedValueShape [ sh:languageIn ( "en" ) ] ; sh:qualifiedMinCount 1', ':q "a"@uz'),
        (":r ; sh:qualifiedValueShape [ sh:hasValue :1 ] ; sh:qualifiedMaxCount 0", ":r :1"),
        (":r ; sh:qualifiedValueShape [ sh:class :C ] ; sh:qualifiedMinCount 1", ":r :nobody"),
        (":r ; sh:or ( [ sh:path :p ; sh:minCount 1 ] [ sh:path :nothing ; sh:minCount 1 ] )", ":r :nobody"),
        (":r ; sh:not [ sh:not [ sh:property [ sh:path :p ; sh:maxCount 1 ] ] ]", ":r :0 , :bad ; :p 1 , 2"),
        (":q ; sh:xone ( [ sh:datatype rdf:langString ] [ sh:datatype xsd:date ] )", ':q "a"'),
        (":q ; sh:xone ( [ sh:nodeKind sh:Literal ] [ sh:class :C ] )", ":q :nobody"),
        (":r ; sh:and ( [ sh:class :C ] [ sh:nodeKind sh:IRI ] )", ":r 5"),
        ("[ sh:zeroOrMorePath :r ] ; sh:class :C", ":r :nobody"),
        ("[ sh:alternativePath ( :p :q ) ] ; sh:minCount 3", ":p 5"),
        ("( :r :r ) ; sh:equals :r", ":r :1"),
        (':q ; sh:pattern "^(x|y)$"', ':q "xx"'),
    ],
)
def test_only_nodes_in_doubt_are_candidates(constraint: str, bad: str | None) -> None:
    nodes = "".join(f":{number} a :C ; {GOOD}\n" for number in range(9)) + (f":bad a :C ; {bad} ." if bad else "")
    quads = ox.parse((PROLOGUE + nodes).encode(), ox.RdfFormat.TURTLE, base_iri=BASE)
    lines = frozenset(line for chunk in chunks(quads, Origin("a", BASE, BASE)) for line in chunk.lines())
    shapes = read_shapes(f":S a sh:NodeShape ; sh:targetClass :C ; sh:property [ sh:path {constraint} ] .")
    large = state(lines, frozenset(), shapes)
    with large.index() as index:
        doubtful = Doubtful.by(large.data, load_shapes(shapes, base=BASE), index)
    assert doubtful is not None
    found = {each for some in doubtful.candidates.values() for each in some.values()} | doubtful.affected.nodes
    names = {str(each).strip("<>").removeprefix(BASE) for each in found} & {*map(str, range(9)), "bad"}
    assert "bad" in names or bad is None
    assert len(names) <= 2


@pytest.mark.parametrize("written", ['"05"^^xsd:integer', '"5"^^xsd:int', '"5.0"^^xsd:decimal', '"+5"^^xsd:integer'])
@pytest.mark.parametrize("constraint", ["sh:in ( :0 :1 5 )", "sh:not [ sh:nodeKind sh:Literal ]", 'sh:pattern "^5?$"'])
def test_a_literal_that_is_a_target_is_judged_as_it_was_written(written: str, constraint: str) -> None:
    shapes = read_shapes(f":S a sh:NodeShape ; sh:targetNode :0 , :1 , {written} ; {constraint} .")
    large = state(frozenset(), frozenset(), shapes)
    assert told(large.by_index(shapes)) == told(large.by_sets(shapes)) == told(large.report(shapes))


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        ("sh:nodeKind sh:BlankNode", True),
        ("sh:nodeKind sh:BlankNodeOrIRI", True),
        ("sh:nodeKind sh:BlankNodeOrLiteral", True),
        ("sh:nodeKind sh:IRI", False),
        ("sh:nodeKind sh:IRIOrLiteral", False),
        ('sh:pattern "."', False),
        ("sh:minLength 1", False),
        ("sh:class :D", True),
        ("sh:node [ sh:property [ sh:path :q ; sh:minCount 1 ] ]", True),
        ("sh:not [ sh:nodeKind sh:IRI ]", True),
        ("sh:not [ sh:class :D ]", False),
        ("sh:lessThan :q", False),
        ("sh:closed true ; sh:ignoredProperties ( rdf:type )", False),
    ],
)
def test_blank_nodes_are_blank_nodes_to_every_way_of_validating(constraint: str, fits: bool) -> None:
    data = "".join(f":{number} a :C ; :p [ a :D ; :q {number} ] ; :q 1 .\n" for number in range(3))
    lines = frozenset(line for chunk in read_shapes(data) for line in chunk.lines())
    shapes = read_shapes(f":S a sh:NodeShape ; sh:targetClass :C ; sh:property [ sh:path :p ; {constraint} ] .")
    large, nothing = state(lines, frozenset(), shapes), state(frozenset(), frozenset(), shapes)
    whole = large.report(shapes)
    assert whole.conforms is fits
    assert all(each.focus.startswith("<http://e/") for each in whole.results)
    assert told(large.by_index(shapes)) == told(large.by_sets(shapes)) == told(whole)
    changes, before = nothing.changes(large), nothing.report(shapes)
    assert told(validate_change(nothing.data, large.data, changes, shapes, before, base=BASE)) == told(whole)


def test_blank_nodes_are_focus_nodes_under_the_iri_of_the_release() -> None:
    lines = frozenset(line for chunk in read_shapes(":0 :p [ a :C ; :q 1 ] .") for line in chunk.lines())
    query = "SELECT $this { FILTER isBlank($this) }"
    shapes = read_shapes(f':S a sh:NodeShape ; sh:targetClass :C ; sh:sparql [ sh:select "{query}" ] .')
    large = state(lines, frozenset(), shapes)
    for report in (large.report(shapes), large.by_index(shapes), large.by_sets(shapes)):
        (result,) = report.results
        assert result.focus.startswith(f"<{BASE}.well-known/genid/")
