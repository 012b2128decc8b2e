"""Labels in the reader's language, descriptions of things, and JSON-LD that fetches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.export.documents import compacted, prefixes, read_context
from graph.model.description import (
    MOST_INCOMING,
    Label,
    describe,
    describing_triples,
    is_described,
    labels,
    language_chain,
    replacement,
)
from graph.model.errors import QueryLimitError, SettingError
from graph.model.publication import Publication
from graph.model.settings import Settings

EX = "https://example.org/"
SKOLEM = "https://example.org/.well-known/genid/"
PREFIXES = f"@prefix ex: <{EX}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix g: <{SKOLEM}> ."


def store_of(text: str, *graphs: str) -> ox.Store:
    """A store as a release has it: every triple in its graphs, and once in the default graph."""
    store = ox.Store()
    for quad in ox.parse(f"{PREFIXES}\n{text}", ox.RdfFormat.TURTLE):
        for graph in graphs or (f"{EX}g",):
            store.add(ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(graph)))
        store.add(ox.Quad(quad.subject, quad.predicate, quad.object))
    return store


@pytest.mark.parametrize(
    ("preferred", "chain"),
    [
        (("ru",), ("ru", "ru-cyrl", "en", "en-latn")),
        (("uz",), ("uz", "uz-latn", "en", "en-latn")),
        (("uz-Cyrl",), ("uz-cyrl", "uz", "uz-latn", "en", "en-latn")),
        (("pt-BR",), ("pt-br", "pt-latn-br", "pt-latn", "pt", "en", "en-latn")),
        (("zh-TW",), ("zh-tw", "zh-hant-tw", "zh-hant", "zh", "zh-hans", "en", "en-latn")),
        ((), ("en", "en-latn")),
    ],
)
def test_languages_fall_back(preferred: tuple[str, ...], chain: tuple[str, ...]) -> None:
    assert language_chain(preferred) == chain


LABELLED = (
    'ex:a rdfs:label "Latin"@uz-Latn , "Cyrillic"@uz-Cyrl , "English"@en , "British"@en-GB , "none" , "Deutsch"@de .'
)


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("uz",), Label("Latin", "uz-latn")),
        (("uz-Cyrl",), Label("Cyrillic", "uz-cyrl")),
        (("en-GB",), Label("British", "en-gb")),
        (("en",), Label("English", "en")),
        (("ru",), Label("English", "en")),
        (("de", "en"), Label("Deutsch", "de")),
    ],
)
def test_the_best_label_is_chosen(languages: tuple[str, ...], expected: Label) -> None:
    assert labels(store_of(LABELLED), [f"{EX}a"], languages) == {f"{EX}a": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ex:a rdfs:label "plain" , "Deutsch"@de .', Label("plain")),
        ('ex:a rdfs:label "Deutsch"@de .', Label("Deutsch", "de")),
        (
            'ex:a <http://www.w3.org/2004/02/skos/core#prefLabel> "pref"@en ; rdfs:label "label"@en .',
            Label("label", "en"),
        ),
        ('ex:a <http://xmlns.com/foaf/0.1/name> "Name" .', Label("Name")),
        ("ex:a rdfs:label ex:b .", None),
    ],
)
def test_what_is_taken_for_a_label(text: str, expected: Label | None) -> None:
    assert labels(store_of(text), [f"{EX}a"], ("en",)).get(f"{EX}a") == expected


@pytest.mark.parametrize("blank", ["", " ", "\u00a0\n", "\u200e\u202e", "\ufeff"])
def test_a_name_of_which_nothing_is_seen_is_none(blank: str) -> None:
    text = ox.Literal(blank)
    said = f'ex:a rdfs:label {text}, {text}@en, "Ташкент"@ru . ex:b rdfs:label {text} .'
    assert labels(store_of(said), [f"{EX}a", f"{EX}b"], ("en",)) == {f"{EX}a": Label("Ташкент", "ru")}


def test_many_labels_come_at_once_and_what_is_no_iri_has_none() -> None:
    text = "\n".join(f'ex:n{n} rdfs:label "{n}"@en .' for n in range(450))
    found = labels(store_of(text), [*(f"{EX}n{n}" for n in range(450)), "no iri", "a:> } #"], ("en",))
    assert len(found) == 450


def test_a_description_says_which_graphs_state_what() -> None:
    found = describe(store_of("ex:a ex:p ex:b .", f"{EX}g1", f"{EX}g2"), f"{EX}a")
    assert found is not None
    (statement,) = found.statements
    assert statement.graphs == (f"{EX}g1", f"{EX}g2")


def test_incoming_links_are_counted_and_their_list_is_limited() -> None:
    text = "\n".join(f"ex:n{n} ex:p ex:a ." for n in range(MOST_INCOMING + 5)) + " ex:x ex:q ex:a ."
    found = describe(store_of(text), f"{EX}a")
    assert found is not None
    assert [(each.predicate, each.total, len(each.subjects)) for each in found.incoming] == [
        (f"{EX}p", MOST_INCOMING + 5, MOST_INCOMING),
        (f"{EX}q", 1, 1),
    ]


def test_nothing_is_said_of_the_unknown() -> None:
    store = store_of("ex:a ex:p ex:b .")
    assert describe(store, f"{EX}none") is None
    assert [is_described(store, f"{EX}{name}") for name in ("a", "b", "p", "none", " ")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_document_holds_what_was_blank_and_the_labels_of_neighbours() -> None:
    store = store_of('ex:a ex:p g:1 . g:1 ex:q g:2 . g:2 ex:r "deep" . ex:c ex:p ex:a . ex:c rdfs:label "C"@en .')
    description = describe(store, f"{EX}a")
    assert description is not None
    triples = describing_triples(store, description, SKOLEM, 100)
    assert triples[0].subject == ox.NamedNode(f"{EX}a")
    assert {str(each.object) for each in triples} >= {'"deep"', '"C"@en'}
    assert len(triples) == len(set(triples))


RDF = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@pytest.mark.parametrize(("text", "count"), [
    ("ex:a ex:p g:0 . " + " ".join(f"g:{n} {RDF}first> {n} ; {RDF}rest> g:{n + 1} ." for n in range(60)), 121),
    ("ex:a ex:p g:0 . " + " ".join(f"g:{n} ex:p g:{n + 1} ." for n in range(300)), 301),
    ("ex:a ex:p g:0 . g:0 ex:p g:1 . g:1 ex:p g:0 , ex:b . ex:b ex:p g:2 .", 4),
], ids=["a list", "nested nodes", "a circle, and what another thing has"])  # fmt: skip
def test_what_hangs_on_a_thing_by_blank_nodes_is_there_to_its_end(text: str, count: int) -> None:
    store = store_of(text)
    description = describe(store, f"{EX}a")
    assert description is not None
    assert len(describing_triples(store, description, SKOLEM, count)) == count
    with pytest.raises(QueryLimitError, match=rf"more than {count - 1} statements \(limits\.document_statements"):
        describing_triples(store, description, SKOLEM, count - 1)


def test_blank_nodes_that_are_linked_crosswise_are_read_once() -> None:
    links = [f"g:{level}-{one} ex:p g:{level + 1}-{other} ." for level in range(5) for one in range(30)
             for other in range(30)]  # fmt: skip
    store = store_of("ex:a ex:p " + " , ".join(f"g:0-{one}" for one in range(30)) + " . " + "\n".join(links))
    description = describe(store, f"{EX}a")
    assert description is not None
    assert len(describing_triples(store, description, SKOLEM, 10_000)) == 30 + 5 * 900


def publication(folder: Path, context: str | None) -> Publication:
    (folder / "ontology").mkdir()
    if context is not None:
        (folder / "ontology/context.jsonld").write_text(context)
    return Publication(folder, Settings(base=EX))


def test_prefixes_come_from_the_context(tmp_path: Path) -> None:
    here = publication(
        tmp_path, '{"@context": {"ex": "https://example.org/", "label": "rdfs:label", "schema": "http://schema.org/"}}'
    )
    found = prefixes(here, read_context(here))
    assert (found["ex"], found["schema"], "label" in found) == (EX, "http://schema.org/", False)


def test_a_publication_may_have_no_context(tmp_path: Path) -> None:
    assert read_context(publication(tmp_path, None)) is None


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", '{"@context": "http://x.example/"}', '{"@context": []}'])
def test_a_context_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"context\.jsonld"):
        read_context(publication(tmp_path, text))


TRIPLE = ox.Triple(ox.NamedNode(f"{EX}a"), ox.NamedNode(f"{EX}p"), ox.Literal("o", language="en"))


def test_json_ld_is_compacted() -> None:
    document = json.loads(compacted([TRIPLE], {"p": {"@id": f"{EX}p", "@language": "en"}}))
    assert document["@graph"] == [{"@id": f"{EX}a", "p": "o"}]


@pytest.mark.parametrize(
    "context",
    [{"@import": "http://127.0.0.1:9/"}, {"a": {"@id": f"{EX}p", "@context": "http://127.0.0.1:9/"}}],
)
def test_no_context_is_fetched(context: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="not fetched"):
        compacted([TRIPLE], context)


REPLACED = """@prefix dct: <http://purl.org/dc/terms/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
ex:a dct:isReplacedBy ex:b . ex:b dct:isReplacedBy ex:c ; owl:deprecated true . ex:c rdfs:comment "it stands" .
ex:d dct:isReplacedBy ex:e . ex:e dct:isReplacedBy ex:d .
ex:f dct:isReplacedBy ex:g . ex:g dct:isReplacedBy ex:h . ex:h dct:isReplacedBy ex:i . ex:i dct:isReplacedBy ex:g .
ex:j dct:isReplacedBy ex:j . ex:k dct:isReplacedBy ex:j . ex:l dct:isReplacedBy ex:a , ex:c .
ex:m dct:isReplacedBy ex:a ; rdfs:comment "still described" .
"""


@pytest.mark.parametrize(
    ("name", "end"),
    [("a", "c"), ("b", "c"), ("c", None), ("d", None), ("e", None), ("f", "g"), ("g", None), ("i", None), ("j", None),
     ("k", "j"), ("l", None), ("m", None)],
)  # fmt: skip
def test_what_replaces_a_thing_is_what_is_left_in_the_end_and_nothing_in_a_circle(name: str, end: str | None) -> None:
    assert replacement(store_of(REPLACED), EX + name) == (end and EX + end)
