"""JSON-LD: what a parser would leave out in silence is refused with its place, or told by name."""

from __future__ import annotations

import json
from io import BytesIO

import pyoxigraph as ox
import pytest

from graph.model.errors import SourceError
from graph.sources.document_checks import DocumentWarning
from graph.sources.reader import read_rdf_stream

BASE = "https://e.org/graph/g"
ARABIC = {"@value": "A", "@language": "ar", "@direction": "rtl"}
RAW = {"@id": "http://e/raw", "@type": "@json"}
BY = {"@id": "http://e/by", "@container": "@id"}
CONTEXT = {"name": "http://e/name", "tel": {"@id": "http://e/tel", "@type": "@id"}}
NODE = {"@context": CONTEXT, "@id": "http://e/a", "name": "A"}


def read(document: object) -> tuple[set[str], list[DocumentWarning]]:
    """What a document says, and what is told of it."""
    text = document if isinstance(document, bytes) else json.dumps(document, indent=1, ensure_ascii=False).encode()
    told = list[DocumentWarning]()
    quads = read_rdf_stream(BytesIO(text), "d.jsonld", form=ox.RdfFormat.JSON_LD, base=BASE, told=told.append)
    return {str(quad.triple) for quad in quads}, told


REFUSED = {
    "a language with _": ({**NODE, "name": {"@value": "A", "@language": "ru_RU"}}, '"ru_RU"', "/name/@language"),
    "one in the context": (
        {**NODE, "@context": {**CONTEXT, "@language": "uz_Latn"}}, '"uz_Latn"', "/@context/@language",
    ),
    "one in a language map": (
        {**NODE, "@context": {"name": {"@id": "http://e/name", "@container": "@language"}}, "name": {"uz_L": "A"}},
        '"uz_L"', "/name/uz_L",
    ),
    "a blank in a coerced IRI": ({**NODE, "tel": "tel:+998 90 1"}, "<tel:+998 90 1>", "/tel"),
    "% in @id": ({**NODE, "@id": "http://e/a%"}, "<http://e/a%>", "/@id"),
    "[ in @id": ({**NODE, "@id": "http://e/a[1]"}, "<http://e/a[1]>", "/@id"),
    "a second #": ({**NODE, "tel": {"@id": "http://e/a#b#c", "name": "B"}}, "<http://e/a#b#c>", "/tel/@id"),
    "one in a compact IRI": ({**NODE, "@context": {**CONTEXT, "e": "http://e/#"}, "@id": "e:b#c"}, "b#c>", "/@id"),
    "a relative IRI with a blank": ({**NODE, "@id": "a b"}, "/a b>", "/@id"),
    "a class with a blank": ({**NODE, "@type": ["http://e/C", "http://e/C D"]}, "<http://e/C D>", "/@type/1"),
    "a class that is a number": ({**NODE, "@type": ["http://e/C", 5]}, "5 is no value of @type", "/@type/1"),
    "a datatype with a blank": ({**NODE, "name": {"@value": "A", "@type": "http://e/d t"}}, "d t>", "/name/@type"),
    "a term that stands for no IRI": ({**NODE, "@context": {"name": "http://e/na me"}}, "na me>", "/@context/name"),
    "a key that @vocab makes none": (
        {**NODE, "@context": {**CONTEXT, "@vocab": "http://e/v/"}, "long name": "A"}, "long name>", "/long name",
    ),
    "a graph with a blank": ({"@context": CONTEXT, "@id": "http://e/g h", "@graph": [NODE]}, "g h>", "/@id"),
    "an id in an id map": (
        {"@context": {**CONTEXT, "by": BY}, "by": {"http://e/x y": {"name": "A"}}},
        "x y>", "/by/http:~1~1e~1x y",
    ),
    "@id that is a number": ({**NODE, "@id": 5}, "5 is no value of @id", "/@id"),
    "@id that looks like a keyword": ({**NODE, "@id": "@foo"}, '"@foo" is no IRI', "/@id"),
    "a direction that is none": (
        {**NODE, "name": {"@value": "A", "@language": "ar", "@direction": "up"}}, '"up"', "/name/@direction",
    ),
    "a direction without a language": (
        {**NODE, "name": {"@value": "A", "@direction": "rtl"}}, "would lose its direction", "/name/@direction",
    ),
    "a direction of all texts": (
        {**NODE, "@context": {**CONTEXT, "@direction": "rtl"}}, "would lose its direction", "/@context/@direction",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_is_refused_with_its_place(case: str) -> None:
    document, said, pointer = REFUSED[case]
    with pytest.raises(SourceError) as caught:
        read(document)
    assert said in caught.value.problem
    assert caught.value.pointer == pointer
    assert caught.value.line
    assert caught.value.remedy


def test_the_column_is_counted_in_characters() -> None:
    text = '{"@context":{"имя":"http://e/n"},"@id":"http://e/a","имя":{"@id":"b c"}}'
    with pytest.raises(SourceError) as caught:
        read(text.encode())
    assert (caught.value.line, caught.value.column) == (1, text.index('"b c"') + 1)


TOLD = {
    "a key that the context does not know": ({**NODE, "phone": "1", "tags": ["a", "b"]}, ["key phone 1", "key tags 2"]),
    "one in a nested node": ({**NODE, "tel": {"@id": "http://e/b", "phone": "1"}}, ["key phone 1"]),
    "a reverse one": ({**NODE, "@reverse": {"of": {"@id": "http://e/b"}}}, ["key of 1"]),
    "a blank node as a key": ({**NODE, "_:b": "1"}, ["key _:b 1"]),
    "a keyword that is none": ({**NODE, "@foo": "1"}, ["keyword @foo 0"]),
    "a text outside of nodes": ({"@context": CONTEXT, "@graph": [NODE, "stray"]}, ["loose stray 0"]),
    "a prefix that is not declared": ({**NODE, "schema:name": "A"}, ["prefix schema:name 0"]),
    "a class that the context does not know": ({**NODE, "@type": "Club"}, ["term Club 0"]),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_left_out_or_doubtful_is_told_by_name(case: str) -> None:
    document, wanted = TOLD[case]
    said, told = read(document)
    assert '<http://e/a> <http://e/name> "A"' in said
    assert [f"{each.kind} {each.what} {each.count}" for each in told] == wanted
    assert all(each.line and each.pointer for each in told)


def test_many_unknown_keys_are_named_up_to_a_bound() -> None:
    _, told = read({**NODE, **{f"k{number}": "x" for number in range(150)}})
    assert len(told) == 101
    assert (told[-1].kind, told[-1].count) == ("keys", 50)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"name": "A", "@id": "http://e/a"}, "it has no @context, and its keys stand for no IRIs: name"),
        ({"@context": CONTEXT, "@id": "http://e/a", "nom": "A"}, "its keys stand for no IRIs in its @context: nom"),
    ],
)
def test_a_document_of_which_nothing_is_left_is_an_error(document: object, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(document)


KEPT = {
    "languages, directions and numbers": {
        **NODE, "name": [ARABIC, 5, True, {"@value": "B", "@language": "uz"}],
    },
    "a context at the end": {"@id": "http://e/a", "name": "A", "@context": CONTEXT},
    "null": {**NODE, "tel": None},
    "a key that the context forgets": {**NODE, "@context": {**CONTEXT, "note": None}, "note": "A"},
    "JSON with anything in it": {
        **NODE, "@context": {**CONTEXT, "raw": RAW}, "raw": {"@id": 5, "@foo": "x y"},
    },
    "terms with scopes": {
        "@context": {"C": {"@id": "http://e/C", "@context": {"inner": "http://e/inner"}}}, "@type": "C", "inner": "A",
    },
    "keywords under other names": {"@context": {**CONTEXT, "id": "@id"}, "id": "http://e/a", "name": "A"},
    "relative IRIs": {**NODE, "@id": "a", "tel": "../b"},
    "lists and indexes": {
        **NODE, "@context": {"name": {"@id": "http://e/name", "@container": "@list"}}, "name": ["A", "@foo", "B"],
    },
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_is_said_arrives_and_nothing_is_told(case: str) -> None:
    said, told = read(KEPT[case])
    strict = ox.parse(json.dumps(KEPT[case]), ox.RdfFormat.JSON_LD, base_iri=BASE)
    assert len(said) == len(list(strict)) > 0
    assert told == []
