"""Every fact of the source document is in the graph, and nothing that could not be verified is.

The facts are rows of ``facts.tsv``: the line of the document, the fact in words, and a pattern that the graph matches.
The rows of ``not_verified.tsv`` are patterns that it must not match.
"""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from source_document import source_lines

TESTS = Path(__file__).parent
PROLOGUE = """BASE <https://w3id.org/hamkor/>
PREFIX cv: <http://data.europa.eu/m8g/>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX hk: <https://w3id.org/hamkor/ns#>
PREFIX locn: <http://www.w3.org/ns/locn#>
PREFIX lode: <http://linkedevents.org/ontology/>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX person: <http://www.w3.org/ns/person#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX qb: <http://purl.org/linked-data/cube#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX vcard: <http://www.w3.org/2006/vcard/ns#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""


def table(name: str) -> list[list[str]]:
    """The rows of a table of tab-separated values, without its header."""
    lines = (TESTS / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [line.split("\t") for line in lines[1:]]


FACTS = table("facts.tsv")
NOT_VERIFIED = table("not_verified.tsv")


@pytest.mark.parametrize(("line", "fact", "pattern"), FACTS, ids=[f"{row[0]}: {row[1]}" for row in FACTS])
def test_fact_of_the_source_document(flagship: ox.Store, line: str, fact: str, pattern: str) -> None:
    assert asks(flagship, pattern), f"line {line}, {fact}"


@pytest.mark.parametrize(("what", "pattern"), NOT_VERIFIED, ids=[row[0] for row in NOT_VERIFIED])
def test_left_out_because_not_verified(flagship: ox.Store, what: str, pattern: str) -> None:
    assert not asks(flagship, pattern), what


def test_every_line_with_content_has_a_fact() -> None:
    written = {number for number, line in enumerate(source_lines(), 1) if line.strip()}
    assert {int(line) for line, _, _ in FACTS} == written


def asks(store: ox.Store, pattern: str) -> bool:
    """Whether the default graph matches the pattern."""
    answer = store.query(f"{PROLOGUE} ASK {{ {pattern} }}")
    assert isinstance(answer, ox.QueryBoolean)
    return bool(answer)
