"""The rules of the house for the files of data/: names, provenance, links, and whose words they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from source_document import source_lines

BASE = "https://w3id.org/hamkor/"
ROOT = Path(__file__).parents[1]
FILES = sorted(path for path in (ROOT / "data").iterdir() if path.suffix in {".ttl", ".csv"})
GRAPHS = {path.stem: ox.NamedNode(f"{BASE}graph/{path.stem}") for path in FILES}
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
DERIVED = ox.NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")
AS_WRITTEN = ox.NamedNode(f"{BASE}ns#asWritten")
VOID = "http://rdfs.org/ns/void#"
WORD = re.compile(r"\w+(?:['’]\w+)*")


@pytest.fixture(scope="session")
def quads(flagship: ox.Store) -> list[ox.Quad]:
    """What stands in data/, each triple in its graph."""
    return [quad for graph in GRAPHS.values() for quad in flagship.quads_for_pattern(None, None, None, graph)]


@pytest.fixture(scope="session")
def things(quads: list[ox.Quad]) -> set[ox.NamedNode]:
    """The subjects below id/."""
    return {quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode) and _is_thing(quad.subject)}


@pytest.mark.parametrize("name", GRAPHS)
def test_every_file_fills_a_graph(quads: list[ox.Quad], name: str) -> None:
    assert any(quad.graph_name == GRAPHS[name] for quad in quads)


def test_there_are_no_blank_nodes(quads: list[ox.Quad]) -> None:
    assert not [quad for quad in quads for term in (quad.subject, quad.object) if isinstance(term, ox.BlankNode)]


def test_every_label_has_a_language(quads: list[ox.Quad]) -> None:
    assert not [quad for quad in quads if quad.predicate == LABEL and not _language(quad.object)]


def test_every_thing_has_an_english_label(flagship: ox.Store, things: set[ox.NamedNode]) -> None:
    assert not [thing for thing in things if "en" not in {_language(each) for each in _objects(flagship, thing, LABEL)}]


def test_no_thing_has_two_labels_in_a_language(flagship: ox.Store, things: set[ox.NamedNode]) -> None:
    languages = {thing: Counter(_language(each) for each in _objects(flagship, thing, LABEL)) for thing in things}
    assert not {thing: found for thing, found in languages.items() if max(found.values()) > 1}


def test_every_thing_says_where_it_comes_from(flagship: ox.Store, things: set[ox.NamedNode]) -> None:
    ends = f"{BASE}id/source/"  # where provenance ends
    assert not [each for each in things if not each.value.startswith(ends) and not _objects(flagship, each, DERIVED)]


def test_every_graph_says_where_it_comes_from(flagship: ox.Store) -> None:
    own = {"queries", "sources"}
    assert not [name for name, graph in GRAPHS.items() if name not in own and not _objects(flagship, graph, DERIVED)]


def test_every_source_is_used(flagship: ox.Store, things: set[ox.NamedNode]) -> None:
    sources = {thing for thing in things if thing.value.startswith(f"{BASE}id/source/")}
    assert not [each for each in sources if not list(flagship.quads_for_pattern(None, DERIVED, each, None))]


def test_names_below_the_base_are_well_formed(things: set[ox.NamedNode]) -> None:
    assert not [thing for thing in things if not re.fullmatch(rf"{BASE}id/[a-z-]+/[a-z0-9-]+", thing.value)]


def test_whatever_is_referred_to_below_the_base_is_described(flagship: ox.Store, quads: list[ox.Quad]) -> None:
    named = {
        each.object for each in quads if isinstance(each.object, ox.NamedNode) and each.object.value.startswith(BASE)
    }
    assert not [each for each in named if not list(flagship.quads_for_pattern(each, None, None, None))]


def test_uzbek_is_written_with_its_own_letters(quads: list[ox.Quad]) -> None:
    wrong = re.compile(r"[oOgG]['`‘’ʼ]|[a-zA-Z]['`‘’](?!\w*\s*[”»])[a-z]")
    assert not [
        each.object for each in quads if _language(each.object) == "uz-latn" and wrong.search(each.object.value)
    ]


@pytest.mark.parametrize("slug", ["wikidata", "geonames", "eurovoc", "unesco-thesaurus", "unbis-thesaurus"])
def test_a_linkset_counts_its_links(flagship: ox.Store, slug: str) -> None:
    starts = {
        "wikidata": "http://www.wikidata.org/entity/",
        "geonames": "https://sws.geonames.org/",
        "eurovoc": "http://eurovoc.europa.eu/",
        "unesco-thesaurus": "http://vocabularies.unesco.org/thesaurus/",
        "unbis-thesaurus": "http://metadata.un.org/thesaurus/",
    }
    linkset = ox.NamedNode(f"{BASE}id/linkset/{slug}")
    predicates = _objects(flagship, linkset, ox.NamedNode(VOID + "linkPredicate"))
    links = [
        quad
        for predicate in predicates
        for quad in flagship.quads_for_pattern(None, predicate, None, GRAPHS["links"])
        if quad.object.value.startswith(starts[slug])
    ]
    assert {quad.predicate for quad in links} == set(predicates)
    assert [int(each.value) for each in _objects(flagship, linkset, ox.NamedNode(VOID + "triples"))] == [len(links)]


def test_persons_and_their_numbers_stand_in_the_graph_of_contacts_alone(quads: list[ox.Quad]) -> None:
    inside = [quad for quad in quads if quad.graph_name == GRAPHS["contacts"]]
    names = {quad.object.value for quad in inside if quad.predicate.value.startswith("http://xmlns.com/foaf/0.1/")}
    words = {word for name in names for word in WORD.findall(name)} | {"Rozmetov", "Nasiba", "Ganieva", "Hudaykulova"}
    numbers = {quad.object.value for quad in inside if quad.object.value.startswith("tel:")}
    assert len(words) > 8
    assert len(numbers) == 6
    outside = [term.value for quad in quads if quad.graph_name != GRAPHS["contacts"] for term in quad if term]
    assert not [(each, text) for text in outside for each in words | numbers if each.lower() in text.lower()]


def test_what_is_quoted_as_printed_is_printed_so(quads: list[ox.Quad]) -> None:
    text = "\n".join(source_lines())
    elsewhere = {"more than 90 people (families)"}  # printed by the project's site, news 173
    quoted = {quad.object.value for quad in quads if quad.predicate == AS_WRITTEN}
    assert {quote for quote in quoted if quote not in text} == elsewhere


def test_no_eight_words_in_a_row_are_the_documents(quads: list[ox.Quad]) -> None:
    prose = set(_runs(" ".join(source_lines()[2:12])))
    ours = {quad.object.value for quad in quads if isinstance(quad.object, ox.Literal) and quad.predicate != AS_WRITTEN}
    assert not [(text, run) for text in ours for run in _runs(text) if run in prose]


def _is_thing(node: ox.NamedNode) -> bool:
    return node.value.startswith(f"{BASE}id/")


def _objects(store: ox.Store, subject: ox.NamedNode, predicate: ox.NamedNode) -> list[ox.NamedNode | ox.Literal]:
    return [quad.object for quad in store.quads_for_pattern(subject, predicate, None, ox.DefaultGraph())]


def _language(term: object) -> str | None:
    return term.language if isinstance(term, ox.Literal) else None


def _runs(text: str, length: int = 8) -> Iterator[tuple[str, ...]]:
    """Yield every run of so many words."""
    words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
    yield from (tuple(words[at : at + length]) for at in range(len(words) - length + 1))
