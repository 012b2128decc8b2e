"""Texts that name their direction (RDF 1.2): what is written can be read by those who know RDF 1.1 only."""

from __future__ import annotations

from io import BytesIO

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph

from graph.export.documents import undirected, write_statements
from graph.model.formats import JSON_LD, N_TRIPLES, RDF_XML, RESULTS_TSV, TURTLE, Format
from graph.query.embedded import written

TURTLE_TEXTS = (
    '"مرحبا"@ar--rtl', r'"\\"@en--ltr', '"@ar--rtl ."', r'"a\"@ar--rtl , \""', r'"\n--rtl"@en-x-rtl',
)  # fmt: skip
DATA = "".join(f"<http://e/a> <http://e/p> {text} .\n" for text in TURTLE_TEXTS)
TEXTS = {("مرحبا", "ar"), ("\\", "en"), ("@ar--rtl .", ""), ('a"@ar--rtl , "', ""), ("\n--rtl", "en-x-rtl")}
TRIPLES = [quad.triple for quad in ox.parse(DATA, ox.RdfFormat.TURTLE)]


def document(form: Format) -> bytes:
    output = BytesIO()
    write_statements(TRIPLES, output, form, {"e": "http://e/"}, directions=False)
    return output.getvalue()


@pytest.mark.parametrize("form", [TURTLE, N_TRIPLES, RDF_XML], ids=lambda each: each.name)
def test_readers_of_rdf_1_1_get_each_text_with_its_language(form: Format) -> None:
    read = Graph().parse(document(form), format={"ntriples": "nt", "rdfxml": "xml"}.get(form.name, form.name))
    assert {(str(each), getattr(each, "language", None) or "") for each in read.objects()} == TEXTS


def test_json_ld_keeps_the_direction() -> None:
    assert set(TRIPLES) == {quad.triple for quad in ox.parse(document(JSON_LD), ox.RdfFormat.JSON_LD)}


def test_a_triple_as_a_term_keeps_none_either() -> None:
    inner = ox.Triple(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), TRIPLES[0].object)
    output = BytesIO()
    write_statements(
        [ox.Triple(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/says"), inner)],
        output,
        TURTLE,
        {},
        directions=False,
    )
    assert b"--rtl" not in output.getvalue()


def test_solutions_as_tsv_have_none() -> None:
    store = ox.Store()
    store.extend(ox.Quad(*each) for each in TRIPLES)
    solutions = store.query("SELECT ?o { ?s ?p ?o FILTER(isLiteral(?o)) }")
    assert isinstance(solutions, ox.QuerySolutions)
    lines = written(solutions, RESULTS_TSV, directions=False).decode().splitlines()
    assert '"مرحبا"@ar' in lines
    assert '"@ar--rtl ."' in lines


TEXT = st.text(st.sampled_from('a\\"@-rtl \n'), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXT, st.sampled_from([None, "rtl", "ltr"])), min_size=1, max_size=4))
def test_only_directions_go(texts: list[tuple[str, str | None]]) -> None:
    """Whatever stands in a text, it stays, and so does its language."""
    lines, plain = b"", b""
    for text, direction in texts:
        bare = str(ox.Literal(text, language="ar")).encode()
        plain += bare + b" .\n"
        lines += bare + (f"--{direction}".encode() if direction else b"") + b" .\n"
    assert undirected(lines) == plain
