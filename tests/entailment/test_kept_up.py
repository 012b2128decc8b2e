"""Conclusions that are kept up are those that are made from nothing, whatever changes."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from keeping import ENTAILED, ONTOLOGY, E, Kept, lines, lines_of, rule, store_of

from graph.entailment.materialisation import read_program
from graph.model.errors import SourceError
from graph.model.publication import Publication
from graph.model.rdf_terms import CATALOG_GRAPH, ENTAILED_GRAPH, ONTOLOGY_GRAPH
from graph.query.sparql.guard import read_query
from graph.releases.release import Release
from graph.sources.batches import NONE, GraphChange

GRAPHS = (E + "g1", E + "g2", E + "g3")

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
    "the latest, otherwise said": "CONSTRUCT { ?x :final ?n } WHERE { ?c :q ?x ; :n ?n OPTIONAL {"
    " ?later :q ?x ; :n ?m FILTER(?m > ?n) } FILTER(!BOUND(?later)) }",
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


def ontology_of(program: tuple[list[str], list[str]]) -> frozenset[bytes]:
    axioms, names = program
    rules = [rule(RULES[name]).replace(":rule", f":rule{number}") for number, name in enumerate(names)]
    return lines("".join(axioms + rules))


@settings(max_examples=100, deadline=None)
@given(PROGRAMS, st.lists(TRIPLES, max_size=25), st.lists(CHANGES, min_size=1, max_size=5), st.data())
def test_what_is_kept_up_is_what_is_made_from_nothing(
    program: tuple[list[str], list[str]], data: list[str], changes: list[tuple[str, list[str], list[str]]],
    more: st.DataObject,
) -> None:  # fmt: skip
    ontology = ontology_of(program)
    shared = lines("".join(data))
    kept = Kept({ONTOLOGY: ontology, GRAPHS[0]: shared, GRAPHS[1]: frozenset(sorted(shared)[::3]), GRAPHS[2]: NONE})
    stratified = read_program(store_of({ONTOLOGY: ontology}), ONTOLOGY, str).is_stratified
    for graph, added, removed in changes:
        there = sorted(kept.stated[graph])
        lost = more.draw(st.lists(st.sampled_from(there), max_size=4)) if there else []
        note(f"{graph} + {added} - {removed} - {lost}; stratified {stratified}")
        change = kept.change(graph, lines("".join(added)), lines("".join(removed)) | set(lost))
        assert (change is not None) == stratified


@settings(max_examples=100, deadline=None)
@given(PROGRAMS, st.lists(TRIPLES, max_size=25))
def test_what_is_made_from_nothing_is_what_the_queries_say_stratum_by_stratum(
    program: tuple[list[str], list[str]], data: list[str]
) -> None:
    stated = {ONTOLOGY: ontology_of(program), GRAPHS[0]: lines("".join(data))}
    store, before = store_of(stated), -1
    known, read = set(store), read_program(store, ONTOLOGY, str)
    assume(read.is_stratified)
    for stratum in read.strata:
        while before != len(store):
            before = len(store)
            for each in stratum:
                store.update(each.query.replace("CONSTRUCT", "INSERT", 1))
        before = -1
    assert Kept(stated).entailed == lines_of(each.triple for each in set(store) - known)


STEPS = {
    "what is no longer stated but still follows": (
        ":A rdfs:subClassOf :B .", ":x a :A , :B .", [("", ":x a :B ."), (":x a :B .", "")],
        [{b"<http://e/x> %s <http://e/B> ."}, set()],
    ),
    "what has two reasons and loses one, then both": (
        ":A rdfs:subClassOf :B . :C rdfs:subClassOf :B .", ":x a :A , :C .", [("", ":x a :A ."), ("", ":x a :C .")],
        [{b"<http://e/x> %s <http://e/B> ."}, set()],
    ),
    "what would hold itself up": (
        ":p a owl:SymmetricProperty . :q rdfs:subPropertyOf :p . :p rdfs:subPropertyOf :r .", ":x :q :y .",
        [("", ":x :q :y ."), (":y :q :x .", "")],
        [set(), {b"<http://e/%s> <http://e/%s> <http://e/%s> ." % each
                 for each in ((b"y", b"p", b"x"), (b"x", b"p", b"y"), (b"y", b"r", b"x"), (b"x", b"r", b"y"))}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("ontology", "data", "changes", "expected"), STEPS.values(), ids=STEPS.keys())
def test_keeps_up(ontology: str, data: str, changes: list[tuple[str, str]], expected: list[set[bytes]]) -> None:
    kept = Kept({ONTOLOGY: lines(ontology), GRAPHS[0]: lines(data)})
    type_ = b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    for (added, removed), after in zip(changes, expected, strict=True):
        assert kept.change(GRAPHS[0], lines(added), lines(removed)) is not None
        assert kept.entailed == {line.replace(b"%s", type_) for line in after}


def test_a_line_that_stands_in_two_graphs_goes_when_both_lose_it() -> None:
    line = lines(":x a :A .")
    kept = Kept({ONTOLOGY: lines(":A rdfs:subClassOf :B ."), GRAPHS[0]: line, GRAPHS[1]: line})
    first, last = (kept.change(graph, removed=line) for graph in GRAPHS[:2])
    assert first == GraphChange(ENTAILED)
    assert last == GraphChange(ENTAILED, removed=lines(":x a :B ."), dropped=True)


ANEW = {
    "a rule on what it concludes": "CONSTRUCT { ?x :q ?y } WHERE { ?x :p ?y FILTER NOT EXISTS { ?x :q ?y } }",
    "the time": "CONSTRUCT { ?x a :Old } WHERE { ?x :p ?y FILTER(NOW() > ?y) }",
    "named graphs": "CONSTRUCT { ?x a :Named } WHERE { ?x :p ?y GRAPH ?g { ?x :p ?y } }",
    "a rule on anything": "CONSTRUCT { ?x a :Odd } WHERE { ?x ?p ?y MINUS { ?x :p ?y } }",
}


@pytest.mark.parametrize("query", ANEW.values(), ids=ANEW.keys())
def test_asks_for_all_to_be_made_anew_because_of(query: str) -> None:
    kept = Kept({ONTOLOGY: lines(rule(query)), GRAPHS[0]: lines(":x :p :y .")})
    assert kept.change(GRAPHS[0], lines(":z :p :y .")) is None


@pytest.mark.parametrize(("added", "removed"), [(":A rdfs:subClassOf :C .", ""), ("", ":A rdfs:subClassOf :B .")])
def test_asks_for_all_to_be_made_anew_when_axioms_change(added: str, removed: str) -> None:
    kept = Kept({ONTOLOGY: lines(":A rdfs:subClassOf :B ."), GRAPHS[0]: lines(":x a :A .")})
    assert kept.change(ONTOLOGY, lines(added), lines(removed)) is None


def test_a_rule_without_end_or_with_blank_nodes_is_an_error_when_data_sets_it_off() -> None:
    endless = "CONSTRUCT { ?x :n ?m } WHERE { ?x :n ?n BIND(?n + 1 AS ?m) FILTER(bound(?m)) }"
    blank = "CONSTRUCT { ?x :q [] } WHERE { ?x :n ?y }"
    for query, words in ((endless, "still draw new conclusions"), (blank, "makes blank nodes")):
        kept = Kept({ONTOLOGY: lines(rule(query)), GRAPHS[0]: lines(":x :p :y .")})
        with pytest.raises(SourceError, match=words):
            kept.change(GRAPHS[0], lines(":x :n 1 ."))


def test_the_flagship_is_kept_up_when_its_clubs_change(
    flagship_release: Release, flagship_publication: Publication
) -> None:
    entailed, catalog, ontology = map(flagship_publication.graph, (ENTAILED_GRAPH, CATALOG_GRAPH, ONTOLOGY_GRAPH))
    graphs = [entry.iri for entry in flagship_release.manifest.graphs if entry.iri not in (entailed, catalog)]
    stated = {iri: frozenset(line for chunk in flagship_release.read_graph(iri) for line in chunk.lines())
              for iri in graphs}  # fmt: skip
    kept = Kept(stated, entailed, ontology, lambda text: read_query(text).text)
    clubs = max((iri for iri in graphs if "club" in iri), key=lambda iri: len(stated[iri]))
    for start in range(3):
        lost = sorted(stated[clubs])[start::20]
        away = kept.change(clubs, removed=lost)
        assert away is not None
        assert away.removed
        assert kept.change(clubs, added=lost) is not None
