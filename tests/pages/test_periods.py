"""Telephones and addresses of mail say of which years they are, by the dates of their sources alone."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph.model.description import contact_published, is_contact, published
from tests.endpoint.serving import Served

PROLOGUE = """
@prefix : <http://e/> . @prefix prov: <http://www.w3.org/ns/prov#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix schema: <https://schema.org/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
:phone vcard:hasValue <tel:+998915803065> ; prov:wasDerivedFrom :page .
"""
DATED = {
    "a period as text": (':page schema:temporalCoverage "2015-09-01/2016-09-22" .', "2015–2016"),
    "a period with two ends": (
        ':page dct:temporal :p . :p dcat:startDate "2013-01-01"^^xsd:date ; dcat:endDate "2016"^^xsd:gYear .',
        "2013–2016",
    ),
    "a day": (':page dct:date "2019-05-04"^^xsd:date .', "2019"),
    "a month of issue": (':page dct:issued "2012-05"^^xsd:gYearMonth .', "2012"),
    "what it is a part of": (':page dct:isPartOf :book . :book schema:datePublished "2011"^^xsd:gYear .', "2011"),
    "two sources": (':phone prov:wasDerivedFrom :b . :page dct:date "2019" . :b dct:date "2021" .', "2019–2021"),
    "no date": (":page dct:isPartOf :book .", "None"),
    "a part of itself": (":page dct:isPartOf :page .", "None"),
    "no year": (':page dct:date "soon", "12345678" .', "None"),
}


@pytest.mark.parametrize(("said", "expected"), DATED.values(), ids=DATED)
def test_the_period_is_that_of_the_sources(said: str, expected: str) -> None:
    store = ox.Store()
    store.load((PROLOGUE + said).encode(), ox.RdfFormat.TURTLE)
    assert str(published(store, "http://e/phone")) == expected
    assert str(contact_published(store, "tel:+998915803065")) == expected


@pytest.mark.parametrize(
    ("predicate", "value", "expected"),
    [
        ("http://e/p", ox.NamedNode("tel:+1"), True),
        ("http://e/p", ox.NamedNode("mailto:a@e"), True),
        ("https://schema.org/telephone", ox.Literal("12 34"), True),
        ("http://e/p", ox.NamedNode("http://e/tel:1"), False),
        ("http://e/p", ox.Literal("tel:+1"), False),
    ],
)
def test_what_is_a_contact(predicate: str, value: ox.NamedNode | ox.Literal, expected: bool) -> None:
    assert is_contact(predicate, value) is expected


TOLD = {
    "en": "as published 2015–2016; may have changed",
    "ru": "по публикации 2015–2016; могло измениться",
    "uz": "2015–2016-yillarda eʼlon qilingan; oʻzgargan boʻlishi mumkin",
}
PAGES = (
    "/doc/club/termez", "/doc/office/inclusive-education", "/doc/contact-point/inclusive-education-office",
    "/doc/telephone/termez", "/doc/person/maya-ganieva",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", TOLD)
def test_wherever_a_telephone_stands_it_is_told(flagship_served: Served, path: str, language: str) -> None:
    html = flagship_served.get(path, "text/html", params={"ui": language}).text
    assert "+998 " in html
    assert TOLD[language] in html


def test_a_table_of_telephones_says_it_in_its_header(flagship_served: Served) -> None:
    header = flagship_served.get("/class/vcard:Voice.csv", "text/csv", params={"lang": "ru"}).text.splitlines()[0]
    assert "Номер (по публикации 2015–2016)" in header
