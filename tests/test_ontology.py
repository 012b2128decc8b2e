"""What ontology/ holds is what docs/model.md says, in three languages: terms, schemes, labels, rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from model_page import MODEL, NAMED, PREFIXES, RDF_TYPE, ROOT, ROWS, Graph, iri

ONTOLOGY = ROOT / "ontology"
HK, BASE = PREFIXES["hk"], "https://w3id.org/hamkor/"
LANGUAGES = ["en", "ru", "uz"]
FILES = sorted(ONTOLOGY.rglob("*.ttl"))
SCHEMES = sorted((ONTOLOGY / "schemes").glob("*.ttl"))
KINDS = {"object": "ObjectProperty", "datatype": "DatatypeProperty"}
LABEL, COMMENT, PLURAL = iri("rdfs:label"), iri("rdfs:comment"), "http://purl.org/net/vocab/2004/03/label#plural"
PREF_LABEL, DEFINITION = iri("skos:prefLabel"), iri("skos:definition")
CLASS_ROWS = [(term, re.findall(r"`([\w:]+)`", cells[0])) for term, cells in ROWS if len(cells) == 1]
PROPERTY_ROWS = [(term, cells) for term, cells in ROWS if len(cells) > 1]
VOCABULARY = Graph([ONTOLOGY / "hamkor.ttl"])
EXTERNAL = Graph([ONTOLOGY / "external.ttl"])
CONCEPTS = Graph(SCHEMES)
LITERALS = [
    (path.name, each.object)
    for path in FILES
    for each in Graph([path]).triples
    if isinstance(each.object, ox.Literal) and each.object.language
]


def scheme_bullets() -> dict[str, set[str]]:
    """The slugs of the concepts of each scheme, as the model lists them."""
    section = MODEL[MODEL.index("\n- `target-group`:") :]
    parts = re.split(r"`([a-z-]+)`: ", section)
    return {name: set(re.findall(r"`([a-z-]+)`", text)) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


BULLETS = scheme_bullets()


# ---- Files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_two_parsers_read_the_same_number_of_triples(path: Path) -> None:
    assert len(rdflib.Graph().parse(path)) == len(Graph([path]).triples)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_blank_nodes_stand_only_in_lists(path: Path) -> None:
    in_lists = {iri("rdf:first"), iri("rdf:rest")}
    used = {each.predicate.value for each in Graph([path]).triples if isinstance(each.subject, ox.BlankNode)}
    assert used <= in_lists


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_label_and_text_has_a_language(path: Path) -> None:
    texts = {LABEL, COMMENT, PREF_LABEL, DEFINITION, *map(iri, ("skos:altLabel", "skos:note", "dct:title"))}
    texts.add(iri("dct:description"))
    bare = [
        each.object
        for each in Graph([path]).triples
        if each.predicate.value in texts and not (isinstance(each.object, ox.Literal) and each.object.language)
    ]
    assert bare == []


def test_texts_are_in_the_three_languages_only() -> None:
    assert {literal.language for _, literal in LITERALS} == set(LANGUAGES)


def test_each_language_is_written_in_its_own_script() -> None:
    cyrillic, latin = re.compile("[А-Яа-яЁё]"), re.compile("[A-Za-z]")
    wrong = [
        (name, each.value)
        for name, each in LITERALS
        if (each.language == "ru" and not cyrillic.search(each.value))
        or (each.language != "ru" and (cyrillic.search(each.value) or not latin.search(each.value)))
    ]
    assert wrong == []


def test_uzbek_letters_are_the_right_characters() -> None:
    """Oʻ and gʻ with U+02BB, the apostrophe of taʼlim with U+02BC, and no other sign in their place."""
    wrong = re.compile("['`´‘’]|[OoGg]\u02bc|(?<![OoGg])\u02bb")
    assert [(name, each.value) for name, each in LITERALS if each.language == "uz" and wrong.search(each.value)] == []


# ---- The vocabulary --------------------------------------------------------------------------------------------------


def test_the_vocabulary_has_exactly_the_terms_of_the_model() -> None:
    defined = {subject for subject, _ in VOCABULARY.index if subject.startswith(HK)}
    assert defined == {iri(term) for term, _ in ROWS}


@pytest.mark.parametrize("term", [term for term, _ in ROWS])
def test_a_term_is_explained_in_three_languages(term: str) -> None:
    assert VOCABULARY.languages(iri(term), LABEL) == LANGUAGES
    assert VOCABULARY.languages(iri(term), COMMENT) == LANGUAGES
    assert VOCABULARY.values(iri(term), iri("rdfs:isDefinedBy")) == {"https://w3id.org/hamkor/ns"}


@pytest.mark.parametrize(("term", "parents"), CLASS_ROWS)
def test_a_class_has_the_superclasses_of_the_model(term: str, parents: list[str]) -> None:
    assert VOCABULARY.values(iri(term), RDF_TYPE) == {iri("owl:Class")}
    assert VOCABULARY.values(iri(term), iri("rdfs:subClassOf")) == {iri(parent) for parent in parents}


@pytest.mark.parametrize(("term", "cells"), PROPERTY_ROWS)
def test_a_property_is_what_the_model_says(term: str, cells: list[str]) -> None:
    kind, ends, notes = cells[0], cells[1], cells[2].strip(" |") if len(cells) > 2 else ""
    roles = set()
    for clause in notes.split("; "):  # "`hk:countEarliest` is a qb:DimensionProperty" is about one term of the row
        named = re.match(r"`(hk:\w+)` is", clause)
        if named is None or named[1] == term:
            roles |= set(re.findall(r"qb:\w+Property", clause))
    assert VOCABULARY.values(iri(term), RDF_TYPE) == {iri(f"owl:{KINDS[kind]}"), *map(iri, roles)}
    assert VOCABULARY.values(iri(term), iri("rdfs:subPropertyOf")) == set(map(iri, re.findall(r"⊑ `([\w:]+)`", notes)))
    for inverse in re.findall(r"inverse of `(hk:\w+)`", notes):
        assert VOCABULARY.values(iri(term), iri("owl:inverseOf")) == {iri(inverse)}
        assert VOCABULARY.values(iri(inverse), iri("owl:inverseOf")) == {iri(term)}
    if datatype := re.search(r"→ (xsd:\w+)", ends):
        assert VOCABULARY.values(iri(term), iri("rdfs:range")) == {iri(datatype[1])}


@pytest.mark.parametrize(
    ("term", "steps"),
    [
        ("hk:region", ["hk:city", "schema:containedInPlace"]),
        ("hk:country", ["hk:region", "schema:containedInPlace"]),
    ],
)
def test_places_are_chained_up_to_the_country(term: str, steps: list[str]) -> None:
    (head,) = VOCABULARY.values(iri(term), iri("owl:propertyChainAxiom"))
    assert VOCABULARY.list_items(head) == [iri(step) for step in steps]


def test_domains_and_ranges_of_our_own_are_classes_of_the_vocabulary() -> None:
    ends = {iri("rdfs:domain"), iri("rdfs:range")}
    named = {str(each.object).strip("<>") for each in VOCABULARY.triples if each.predicate.value in ends}
    assert {each for each in named if each.startswith(HK)} <= {iri(term) for term, _ in CLASS_ROWS}


def test_the_ontology_describes_itself() -> None:
    ontology = "https://w3id.org/hamkor/ns"
    assert VOCABULARY.subjects(iri("owl:Ontology")) == {ontology}
    for text in ("rdfs:label", "dct:title", "dct:description", "dc:creator"):
        assert VOCABULARY.languages(ontology, iri(text)) == LANGUAGES
    assert VOCABULARY.values(ontology, iri("dct:license")) == {"https://creativecommons.org/licenses/by/4.0/"}
    assert VOCABULARY.values(ontology, iri("owl:versionInfo"))


# ---- Concept schemes -------------------------------------------------------------------------------------------------


def test_there_is_one_file_for_each_scheme_of_the_model() -> None:
    assert {path.stem for path in SCHEMES} == set(BULLETS)


@pytest.mark.parametrize("path", SCHEMES, ids=lambda path: path.stem)
def test_a_scheme_has_exactly_the_concepts_of_the_model(path: Path) -> None:
    graph, scheme = Graph([path]), f"{BASE}scheme/{path.stem}"
    assert graph.subjects(iri("skos:ConceptScheme")) == {scheme}
    assert graph.subjects(iri("skos:Concept")) == {f"{scheme}/{slug}" for slug in BULLETS[path.stem]}
    for text in ("rdfs:label", "dct:title", "dct:description"):
        assert graph.languages(scheme, iri(text)) == LANGUAGES


@pytest.mark.parametrize("concept", sorted(CONCEPTS.subjects(iri("skos:Concept"))))
def test_a_concept_is_named_and_defined_in_three_languages(concept: str) -> None:
    assert CONCEPTS.languages(concept, PREF_LABEL) == LANGUAGES
    assert CONCEPTS.values(concept, PREF_LABEL) == CONCEPTS.values(concept, LABEL)
    assert CONCEPTS.languages(concept, DEFINITION) == LANGUAGES
    assert CONCEPTS.values(concept, iri("skos:inScheme")) == {concept.rsplit("/", 1)[0]}
    assert not CONCEPTS.values(concept, iri("skos:altLabel")) & CONCEPTS.values(concept, PREF_LABEL)


@pytest.mark.parametrize("path", SCHEMES, ids=lambda path: path.stem)
def test_every_concept_is_reached_from_a_top_concept(path: Path) -> None:
    graph, scheme = Graph([path]), f"{BASE}scheme/{path.stem}"
    concepts = graph.subjects(iri("skos:Concept"))
    top = graph.values(scheme, iri("skos:hasTopConcept"))
    assert top == {each for each in concepts if scheme in graph.values(each, iri("skos:topConceptOf"))}
    assert all(not graph.values(each, iri("skos:broader")) for each in top)
    reached = set(top)
    while more := {each for each in concepts - reached if graph.values(each, iri("skos:broader")) & reached}:
        reached |= more
    assert reached == concepts


@pytest.mark.parametrize("path", SCHEMES, ids=lambda path: path.stem)
def test_no_two_concepts_of_a_scheme_have_the_same_name(path: Path) -> None:
    names = Counter(str(each.object) for each in Graph([path]).triples if each.predicate.value == PREF_LABEL)
    assert [name for name, count in names.items() if count > 1] == []


# ---- Terms of other vocabularies -------------------------------------------------------------------------------------


def external_terms(paths: Iterable[Path]) -> set[str]:
    """Predicates, classes and what axioms name, in the files, that are not of this publication."""
    axioms = {"rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range", "owl:inverseOf", "rdf:first"}
    naming = {RDF_TYPE, *map(iri, axioms)}
    terms = set()
    for each in Graph(paths).triples:
        terms.add(each.predicate.value)
        if each.predicate.value in naming and isinstance(each.object, ox.NamedNode):
            terms.add(each.object.value)
    return {term for term in terms if not term.startswith(BASE)}


@pytest.mark.parametrize("folder", ["ontology", "data"])
def test_every_external_term_in_use_is_labelled(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.ttl"))
    if not paths:
        pytest.skip(f"{folder}/ holds no Turtle yet")
    missing = external_terms(paths) - {subject for subject, _ in EXTERNAL.index}
    assert not missing, "give each an rdfs:label in en, ru and uz in ontology/external.ttl"


def test_external_terms_get_labels_and_plurals_and_nothing_else() -> None:
    assert {each.predicate.value for each in EXTERNAL.triples} == {LABEL, PLURAL}
    assert not [subject for subject, _ in EXTERNAL.index if subject.startswith(BASE)]
    assert [each for each, _ in EXTERNAL.index if EXTERNAL.languages(each, LABEL) != LANGUAGES] == []


@pytest.mark.parametrize("terms", [VOCABULARY, EXTERNAL], ids=["own", "external"])
def test_what_has_a_plural_has_it_in_three_languages(terms: Graph) -> None:
    plural = {each.subject.value for each in terms.triples if each.predicate.value == PLURAL}
    assert plural
    assert [each for each in plural if terms.languages(each, PLURAL) != LANGUAGES] == []


def test_every_term_of_the_model_is_labelled() -> None:
    labelled = {subject for subject, _ in chain(EXTERNAL.index, VOCABULARY.index)}
    assert {iri(name) for name in NAMED} - labelled == set()


# ---- The rule --------------------------------------------------------------------------------------------------------

COUNTS = """
PREFIX hk: <https://w3id.org/hamkor/ns#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
PREFIX unit: <https://w3id.org/hamkor/scheme/unit/>
"""
COUNT = (
    '<urn:{}> hk:countedClub <urn:{}> ; hk:countUnit unit:{} ; hk:memberCount {} ; hk:countLatest "{}"^^xsd:date .\n'
)
COUNTS += "".join(
    COUNT.format(*each)
    for each in [
        ("older", "urgench", "parents", 142, "2015-12-31"),
        ("newer", "urgench", "parents", 150, "2016-09-22"),
        ("newest-but-families", "urgench", "families", 90, "2017-01-01"),
        ("only", "termez", "parents", 14, "2015-12-31"),
        ("only-families", "namangan", "families", 7, "2015-12-31"),
    ]
)


def test_the_rule_takes_each_clubs_latest_count_of_parents() -> None:
    rules = Graph([ONTOLOGY / "rules.ttl"])
    rule = HK + "CurrentMemberCountRule"
    assert rules.subjects(iri("sh:SPARQLRule")) == {rule}
    assert rules.languages(rule, LABEL) == LANGUAGES
    (query,) = rules.index[rule, iri("sh:construct")]
    assert isinstance(query, ox.Literal)
    store = ox.Store()
    store.load(COUNTS, format=ox.RdfFormat.TURTLE)
    results = store.query(query.value)
    assert isinstance(results, ox.QueryTriples)
    made = {(str(each.subject), each.predicate.value, str(each.object)) for each in results}
    number, integer = HK + "numberOfMembers", f"^^<{iri('xsd:integer')}>"
    assert made == {("<urn:urgench>", number, f'"150"{integer}'), ("<urn:termez>", number, f'"14"{integer}')}
