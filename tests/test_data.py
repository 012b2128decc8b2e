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
OURS = ox.NamedNode(f"{BASE}id/source/hamkor")
SKOS = "http://www.w3.org/2004/02/skos/core#"
TEXTS = {"http://www.w3.org/2001/XMLSchema#string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}
OF_OURS = {
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#object"
}  # of a statement: quoted, or "5 parents’ clubs", counted
ENGLISH_ALONE = {
    f"{BASE}id/source/": "a title by which the page can be found",
    f"{BASE}id/person/": "a name as printed; no other spelling of it was seen",
}
"""What has a label in English only, and why."""
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


def test_a_text_under_a_part_of_the_document_stands_in_that_part(flagship: ox.Store, quads: list[ox.Quad]) -> None:
    parts = _printed_parts(flagship)
    assert len(parts) > 12
    wrong = []
    for quad in quads:
        if isinstance(quad.object, ox.Literal) and quad.object.datatype.value in TEXTS:
            origins = {each.object for each in flagship.quads_for_pattern(quad.subject, DERIVED, None, quad.graph_name)}
            text = "\n".join(parts[each] for each in origins if each in parts)
            is_ours = quad.predicate.value in OF_OURS or OURS in origins
            if text and not is_ours and quad.object.value not in text:
                wrong.append((quad.graph_name.value, quad.subject.value, quad.object.value))
    assert not [each for each in wrong if each[0] != GRAPHS["sources"].value]  # there a part's title describes it


def test_our_own_words_are_under_no_source_and_each_name_of_ours_says_how_it_was_made(
    flagship: ox.Store, quads: list[ox.Quad]
) -> None:
    inside = [quad for quad in quads if quad.graph_name == GRAPHS["wording"]]
    statements = {quad.subject for quad in inside if quad.subject.value.startswith(f"{BASE}id/statement/name-")}
    origins = {quad.subject: set(_of(inside, quad.subject, DERIVED)) for quad in inside}
    assert not [each for each, found in origins.items() if each not in statements and found != {OURS}]
    said = {(_one(inside, each, "subject"), _one(inside, each, "object")) for each in statements}
    named = {
        (quad.subject, quad.object)
        for quad in inside
        if quad.predicate == LABEL and quad.subject.value.startswith((f"{BASE}id/body/", f"{BASE}id/change/"))
        and _language(quad.object) != "en"
    }  # fmt: skip
    assert len(named) > 30
    assert not named - said
    assert OURS not in {quad.object for quad in quads if quad.graph_name == GRAPHS["names"]}


def test_a_name_seen_in_public_code_alone_is_marked_as_weak(quads: list[ox.Quad]) -> None:
    code = ox.NamedNode(f"{BASE}id/source/public-code")
    inside = [quad for quad in quads if quad.graph_name == GRAPHS["names"]]
    weak = [quad.subject for quad in inside if quad.object == code and "/statement/" in quad.subject.value]
    assert len(weak) == 4
    for each in weak:
        assert _of(inside, each, ox.NamedNode(f"{BASE}ns#confidence")) == [
            ox.NamedNode(f"{BASE}scheme/confidence/medium")
        ]
        assert any("Weak" in note.value for note in _of(inside, each, ox.NamedNode(f"{SKOS}note")))


def test_whatever_has_a_name_has_it_in_three_languages(flagship: ox.Store, things: set[ox.NamedNode]) -> None:
    languages = {
        thing: {(_language(each) or "").partition("-")[0] for each in _objects(flagship, thing, LABEL)}
        for thing in things
        if not thing.value.startswith(tuple(ENGLISH_ALONE))
    }
    assert len(languages) > 250
    assert not {thing: found for thing, found in languages.items() if not found >= {"en", "ru", "uz"}}


def test_no_eight_words_in_a_row_are_the_documents(quads: list[ox.Quad]) -> None:
    prose = set(_runs(" ".join(source_lines()[2:12])))
    ours = {quad.object.value for quad in quads if isinstance(quad.object, ox.Literal) and quad.predicate != AS_WRITTEN}
    assert not [(text, run) for text in ours for run in _runs(text) if run in prose]


def _printed_parts(store: ox.Store) -> dict[ox.NamedNode, str]:
    """The text of each part of the source document, by the lines that it says it stands on."""
    lines, found = source_lines(), {}
    for quad in store.quads_for_pattern(None, ox.NamedNode("https://schema.org/pagination"), None, GRAPHS["sources"]):
        numbers = [int(each) for each in re.findall(r"\d+", quad.object.value)]
        found[quad.subject] = "\n".join(lines[numbers[0] - 1 : numbers[-1]])
    return found


def _of(quads: list[ox.Quad], subject: object, predicate: ox.NamedNode) -> list[ox.NamedNode | ox.Literal]:
    return [quad.object for quad in quads if quad.subject == subject and quad.predicate == predicate]


def _one(quads: list[ox.Quad], statement: object, name: str) -> ox.NamedNode | ox.Literal:
    (found,) = _of(quads, statement, ox.NamedNode(f"http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}"))
    return found


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
