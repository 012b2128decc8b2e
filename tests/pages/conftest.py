"""A publication of odd values: numbers that are none, ill-typed dates, texts in many languages, nodes without names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.endpoint.serving import Served, serving, write

SETTINGS = """
base = "https://example.org/odd/"
languages = ["en", "pt-BR", "uz-Cyrl", "ar"]
[about.title]
en = "Odd values"
"""
PROLOGUE = """
@prefix ex: <https://example.org/odd/ns#> . @prefix id: <https://example.org/odd/id/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix schema: <https://schema.org/> .
@prefix qb: <http://purl.org/linked-data/cube#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> . @prefix dct: <http://purl.org/dc/terms/> .
"""
NUMBERS = ("about 20", "", "9" * 26, "7" * 5_000, "NaN", "٣", "²", "14")
AMOUNTS = ("1.0e30", "5.0e29", '"INF"^^xsd:double', '"about 3"^^xsd:integer', '"NaN"^^xsd:float')
ODD = f"""
id:numbers a schema:Organization ; rdfs:label "Numbers"@en ;
  ex:count {" , ".join(f'"{each}"^^xsd:integer' for each in NUMBERS)} ;
  schema:numberOfEmployees {" , ".join(f'"{each}"^^xsd:integer' for each in NUMBERS)} ;
  ex:size 1.0e30 , "INF"^^xsd:double , "NaN"^^xsd:double , "about 2"^^xsd:decimal ;
  ex:open "True"^^xsd:boolean ; ex:closed "1"^^xsd:boolean ;
  schema:isAccessibleForFree "True"^^xsd:boolean ; schema:publicAccess "1"^^xsd:boolean ;
  ex:began "2014-02-30"^^xsd:date ; ex:lasted "a year"^^xsd:duration ; ex:moment "soon"^^xsd:dateTime ;
  schema:foundingDate "2014-02-30"^^xsd:date ; ex:at "2014-11-25T10:00:00+05:00"^^xsd:dateTime .
ex:of a qb:DimensionProperty . ex:amount a qb:MeasureProperty . ex:set a qb:DataSet ; rdfs:label "Amounts"@en .
""" + "\n".join(
    f'id:o{place} a qb:Observation ; qb:dataSet ex:set ; ex:of id:thing{place} ; ex:amount {amount} .'
    for place, amount in enumerate(AMOUNTS)
)  # fmt: skip


THESAURUS = """
id:concept a skos:Concept ; skosxl:prefLabel id:label , id:russian ; skosxl:altLabel id:other .
id:label a skosxl:Label ; skosxl:literalForm "Kindergarten"@en ; dct:modified "2014-01-01"^^xsd:date .
id:russian a skosxl:Label ; skosxl:literalForm "Детский сад"@ru .
id:other a skosxl:Label ; skosxl:literalForm "Nursery school"@en .
id:broader a skos:Concept ; skos:prefLabel "Education"@en ; skos:narrower id:concept .
"""

TEXTS = {
    "en": "Society", "ar": "جمعية (2014)", "he": "עמותה", "fa": "انجمن", "ur": "تنظیم", "hu": "Egyesület",
    "uz-Cyrl": "Жамият", "pt-BR": "Associação", "pt-PT": "Coletividade", "zh-Hant": "協會", "zh-Hans": "协会",
    "az-Arab": "جمعیت",
}  # fmt: skip
WORDS = f"""
id:words {" ; ".join(f'rdfs:label "{text}"@{tag}' for tag, text in TEXTS.items())} ;
  dct:description "وصف"@ar , "A description"@en ; ex:plain "شركة (plain)" ; ex:note "A note"@en ;
  ex:left "mixed شركة"@en ; ex:named "Acme"@ar--rtl , "نعم"@ar--ltr .
id:kyrgyz rdfs:label "Обшо"@ky , "Company"@en . id:cyrillic rdfs:label "Идора"@uz-Cyrl , "Office"@en .
"""

NODES = f"""
id:book rdfs:label "Book"@en ; ex:authors ( id:ann "Bob" [ ex:name "Cyril" ; ex:town [ ex:name "Termez" ] ] ( 1 2 ) ) ;
  ex:none () ; ex:seq [ a rdf:Seq ; rdf:_10 "tenth" ; rdf:_2 "second" ; rdf:_1 "first" ] ; ex:choice id:choice ;
  ex:deep [ ex:in [ ex:in [ ex:in [ ex:in [ ex:in "too deep" ] ] ] ] ] ; ex:loop id:loop ; ex:twice id:twice .
id:ann rdfs:label "Ann"@en . id:choice a rdf:Alt ; rdfs:label "Choice"@en ; rdf:_2 "Б"@ru ; rdf:_1 "A" .
id:loop rdf:first "round" ; rdf:rest id:loop . id:twice rdf:first "one" , "two" ; rdf:rest () .
id:long ex:items ( {" ".join(f'"item {place}"' for place in range(200))} ) ; ex:seq id:seq .
id:seq a rdf:Seq ; {" ; ".join(f'rdf:_{place} "place {place}"' for place in range(1, 101))} .
id:address ex:at [ a ex:Address ; ex:street "Main 1" ; ex:is [ ex:of id:address ] ] .
"""


@pytest.fixture(scope="session")
def odd_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The publication of odd values, served; one server a session."""
    files = {
        "hamkor.toml": SETTINGS,
        "data/odd.ttl": PROLOGUE + ODD,
        "data/thesaurus.ttl": PROLOGUE + THESAURUS,
        "data/words.ttl": PROLOGUE + WORDS,
        "data/nodes.ttl": PROLOGUE + NODES,
    }
    with serving(write(tmp_path_factory.mktemp("odd"), files)) as running:
        yield running
