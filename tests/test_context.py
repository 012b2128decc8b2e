"""The JSON-LD context: short keys for every term of docs/model.md, and nothing lost by writing with them."""

from __future__ import annotations

import json
import re
from itertools import chain

import pyoxigraph as ox
import pytest
import rdflib
from model_page import MODEL, NAMED, PREFIXES, ROOT, ROWS, Graph, iri
from pyld import jsonld

CONTEXT = json.loads((ROOT / "ontology" / "context.jsonld").read_text("utf-8"))["@context"]
REVERSED = {key: term["@reverse"] for key, term in CONTEXT.items() if isinstance(term, dict) and "@reverse" in term}
TERMS = {
    key: definition if isinstance(definition, dict) else {"@id": definition}
    for key, definition in CONTEXT.items()
    if key not in {*PREFIXES, *REVERSED} and not key.startswith("@") and not str(definition).startswith("@")
}
CLASS_KEYS = [key for key in TERMS if key[0].isupper()]
PROPERTY_KEYS = [key for key in TERMS if key[0].islower()]


def usual_keys(name: str) -> set[str]:
    """The keys that ``prefix:name`` may have: its local name, or with the prefix before it."""
    prefix, local = name.split(":")
    joined = prefix + local[0].upper() + local[1:]
    return {local, joined[0].upper() + joined[1:] if local[0].isupper() else joined}


def sample(definition: dict[str, str | list[str]]) -> object:
    """A value as a developer would write it under a key that is defined like this."""
    if "@language" in definition.get("@container", []):
        return {"uz": ["a", "b"]} if "@set" in definition["@container"] else {"uz": "a"}
    return "https://example.org/a" if definition.get("@type") == "@id" else "2015-09-01"


def triples_of(graph: rdflib.Graph) -> set[ox.Triple]:
    """What rdflib read, as the other parsers' triples."""
    text = graph.serialize(format="nt", encoding="utf-8")
    return {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}


def test_the_prefixes_of_the_context_are_those_of_the_model() -> None:
    assert {key: CONTEXT.get(key) for key in PREFIXES} == PREFIXES


def test_the_context_needs_no_other_context() -> None:
    assert not [key for key in re.findall(r'"(@[a-z]+)":', json.dumps(CONTEXT)) if key in ("@context", "@import")]


@pytest.mark.parametrize("key", PROPERTY_KEYS)
def test_a_property_key_expands_to_the_models_term(key: str) -> None:
    name = str(TERMS[key]["@id"])
    assert key in usual_keys(name)
    assert f"`{name}" in MODEL or f" {name}" in MODEL
    (node,) = jsonld.expand({"@context": CONTEXT, "id": "urn:a", key: sample(TERMS[key])})
    assert set(node) == {"@id", iri(name)}


@pytest.mark.parametrize("key", CLASS_KEYS)
def test_a_class_key_expands_to_the_models_term(key: str) -> None:
    name = str(TERMS[key]["@id"])
    assert key in usual_keys(name)
    assert f"`{name}" in MODEL or f" {name}" in MODEL
    assert jsonld.expand({"@context": CONTEXT, "id": "urn:a", "type": key}) == [{"@id": "urn:a", "@type": [iri(name)]}]


@pytest.mark.parametrize("key", REVERSED)
def test_a_key_from_the_other_end_is_a_term_of_the_model(key: str) -> None:
    name = REVERSED[key]
    assert f"`{name}" in MODEL or f" {name}" in MODEL
    (node,) = jsonld.expand({"@context": CONTEXT, "id": "urn:a", key: ["urn:b"]})
    assert node["@reverse"] == {iri(name): [{"@id": "urn:b"}]}


def test_every_term_of_the_vocabulary_has_its_local_name_as_key() -> None:
    assert [term for term, _ in ROWS if TERMS.get(term.removeprefix("hk:"), {}).get("@id") != term] == []


def test_every_class_and_property_of_the_model_has_a_key() -> None:
    datatypes = {"geo:wktLiteral"} | {name for name in NAMED if name.startswith("xsd:")}
    assert NAMED - datatypes - {definition["@id"] for definition in TERMS.values()} == set()


@pytest.mark.parametrize("folder", ["ontology", "data"])
def test_json_ld_says_the_same_with_short_keys_only(folder: str) -> None:
    """Lists apart, since they hang on blank nodes."""
    nodes = ox.NamedNode | ox.Literal
    triples = {
        each
        for each in Graph(sorted((ROOT / folder).rglob("*.ttl"))).triples
        if isinstance(each.subject, ox.NamedNode) and isinstance(each.object, nodes)
    }
    if not triples:
        pytest.skip(f"{folder}/ holds no Turtle yet")
    quads = (ox.serialize(triples, format=ox.RdfFormat.N_QUADS) or b"").decode()
    document = jsonld.compact(jsonld.from_rdf(quads, {"useNativeTypes": True}), CONTEXT)
    keys = set(chain.from_iterable(document["@graph"]))
    assert sorted(key for key in keys if ":" in key) == [], "give each a key in ontology/context.jsonld"
    text = json.dumps(document)
    assert {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.JSON_LD)} == triples
    assert triples_of(rdflib.Graph().parse(data=text, format="json-ld")) == triples
