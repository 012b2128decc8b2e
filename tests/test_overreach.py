"""Contributions that overreach: describing what others describe, making two of our things one."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from rdflib.namespace import SH

from graph.sources.batches import GraphChange
from graph.validation.overreach import MERGED, REDESCRIBED, overreach
from graph.validation.report import empty_report, with_results

BASE = "https://example.org/kb/"
OURS, THEIRS = f"{BASE}graph/ngo-x/clubs", f"{BASE}graph/clubs"
PREFIXES = f"""
@prefix : <{BASE}id/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix wd: <http://www.wikidata.org/entity/> .
"""


CATALOGUE = f"{BASE}graph/catalog"


def found(before: str, added: str, *, trusted: bool = False) -> list[tuple[str, str, str]]:
    """What is wrong with adding triples to our graph, when those of ``before`` stand in another's."""
    store = ox.Store()
    lines = [
        f"{triple} ." for triple in ox.parse(PREFIXES + added, format=ox.RdfFormat.TURTLE) for triple in [triple.triple]
    ]
    for text, graph in ((before, THEIRS), (added, OURS)):
        triples = [quad.triple for quad in ox.parse(PREFIXES + text, format=ox.RdfFormat.TURTLE)]
        for each in triples:
            store.add(ox.Quad(each.subject, each.predicate, each.object, ox.NamedNode(graph)))
            store.add(ox.Quad(each.subject, each.predicate, each.object))
    change = GraphChange(OURS, frozenset(line.encode() for line in lines))
    published = ox.Store()
    for quad in ox.parse(PREFIXES + CATALOGUED, format=ox.RdfFormat.TURTLE):
        published.add(ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(CATALOGUE)))
    others = (THEIRS, CATALOGUE, f"{BASE}graph/ngo-y/a", "urn:graph:theirs")
    results = overreach(store, [change], lambda graph: graph in others and not trusted, base=BASE, published=published)
    assert all(each.severity == "Violation" and set(each.messages) == {"en", "ru", "uz"} for each in results)
    short = [(each.shape, each.focus.strip("<>"), (each.value or "").strip("<>")) for each in results]
    return [
        (shape, focus.replace(f"{BASE}id/", ":"), value.replace(f"{BASE}id/", ":")) for shape, focus, value in short
    ]


CATALOGUED = f"""
<https://licences.example/by> rdfs:label "A licence"@en .
<{BASE}sparql> rdfs:label "The service"@en .
wd:Q3 owl:sameAs :termez .
<{OURS}> rdfs:label "A graph"@en .
"""
CLUBS = ':termez rdfs:label "Termez"@en . :urgench rdfs:label "Urgench"@en .'
ALLOWED = {
    "one's own things": ':new rdfs:label "New"@en .',
    "a link to another's thing": ":new rdfs:seeAlso :termez ; :partner :termez .",
    "a link from another's thing": ":termez owl:sameAs wd:Q1 ; skos:closeMatch :new ; rdfs:seeAlso <http://x/> .",
    "things elsewhere": 'wd:Q2 rdfs:label "Somewhere"@en .',
    "one's own graph": f'<{OURS}> rdfs:label "Clubs"@en .',
    "what the catalogue only links from": 'wd:Q3 rdfs:label "Termez"@en .',
    "our thing is the same as one elsewhere": ":new owl:sameAs wd:Q1 .",
}
REFUSED = {
    "a label for another's thing": (':termez rdfs:label "Our own"@en .', REDESCRIBED),
    "a type for another's thing": (":termez a :Evil .", REDESCRIBED),
    "a link property with a text": (':termez rdfs:seeAlso "buy here" .', REDESCRIBED),
    "the dataset's title": (f'<{BASE}dataset> rdfs:label "Ours now"@en .', REDESCRIBED),
    "a part of the dataset": (f'<{BASE}dataset#publisher> rdfs:label "Us"@en .', REDESCRIBED),
    "a release": (f'<{BASE}release/1> rdfs:label "Withdrawn"@en .', REDESCRIBED),
    "another's graph": (f'<{BASE}graph/ngo-y/a> rdfs:label "By us"@en .', REDESCRIBED),
    "the catalogue": (f'<{CATALOGUE}> rdfs:label "By us"@en .', REDESCRIBED),
    "the licence": ('<https://licences.example/by> rdfs:label "Free"@en .', REDESCRIBED),
    "the service": (f'<{BASE}sparql> rdfs:comment "Moved"@en .', REDESCRIBED),
    "two of ours are the same": (":termez owl:sameAs :urgench .", MERGED),
    "two of ours by way of one elsewhere": (":termez owl:sameAs wd:Q1 . wd:Q1 owl:sameAs :urgench .", MERGED),
    "two of ours against the direction": (":termez owl:sameAs wd:Q1 . :urgench owl:sameAs wd:Q1 .", MERGED),
    "two of ours along a chain": (
        ":termez owl:sameAs wd:Q1 . wd:Q1 owl:sameAs wd:Q2 . wd:Q3 owl:sameAs wd:Q2 , :urgench .", MERGED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ALLOWED)
def test_one_may(what: str) -> None:
    assert found(CLUBS, ALLOWED[what]) == []


@pytest.mark.parametrize("what", REFUSED)
def test_one_may_not(what: str) -> None:
    added, shape = REFUSED[what]
    assert [each[0] for each in found(CLUBS, added)] == [shape]


def test_a_chain_may_end_in_what_was_there_before() -> None:
    linked = f"{CLUBS} :termez owl:sameAs wd:Q1 . wd:Q1 owl:sameAs wd:Q2 ."
    assert found(linked, ":urgench owl:sameAs wd:Q2 .") == [(MERGED, ":termez", ":urgench")]
    assert found(linked, "wd:Q3 owl:sameAs wd:Q2 .") == []


def test_what_was_one_before_is_nobody_s_fault() -> None:
    linked = f"{CLUBS} :termez owl:sameAs :urgench ."
    assert found(linked, ":termez owl:sameAs wd:Q1 .") == []
    assert found(linked, ":termez owl:sameAs :new .") == [(MERGED, ":new", ":termez")]


def test_who_may_write_the_other_graph_may_describe_its_things() -> None:
    assert found(CLUBS, ':termez rdfs:label "Our own"@en .', trusted=True) == []


def test_a_thing_that_others_only_link_to_is_not_theirs() -> None:
    assert found(":termez :partner :new . :new owl:sameAs :newer .", ':new rdfs:label "New"@en .') == []


def test_the_results_are_part_of_the_report() -> None:
    store = ox.Store()
    term = ox.NamedNode(f"{BASE}id/termez")
    quad = ox.Quad(term, ox.NamedNode(f"{BASE}p"), ox.Literal("01", datatype=ox.NamedNode("http://e/d")))
    for graph in (ox.DefaultGraph(), ox.NamedNode(OURS), ox.NamedNode(THEIRS)):
        store.add(ox.Quad(quad.subject, quad.predicate, quad.object, graph))
    change = GraphChange(OURS, frozenset({f"{quad.triple} .".encode()}))
    report = with_results(empty_report(), overreach(store, [change], lambda graph: graph == THEIRS, base=BASE))
    assert not report.conforms
    (node,) = report.graph.objects(None, SH.result)
    assert str(report.graph.value(node, SH.focusNode)) == term.value
    assert report.graph.value(node, SH.value).n3() == '"01"^^<http://e/d>'  # type: ignore[union-attr]
    assert [str(each) for each in report.graph.objects(None, SH.conforms)] == ["false"]
