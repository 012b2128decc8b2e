"""Nothing false: what is PUT is what GET gives, to the literal, from every format into every format."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.export.documents import NO_XML, SERIALISATIONS
from graph.model.formats import RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, Format
from graph.model.publication import open_publication
from graph.parts.contribution.contributed_document import FORMATS
from graph.pipeline.write import Put, publish
from graph.query.embedded import write_answer
from graph.query.embedded import written as results_written
from tests.round_trip import (
    BASE,
    Triples,
    canonical,
    got,
    graphs,
    is_held,
    lines_of,
    put,
    read_back,
    texts,
    written,
)

EXAMPLES = 100
SPARQL_XML = "{http://www.w3.org/2005/sparql-results#}"


@settings(max_examples=EXAMPLES, deadline=None)
@given(graphs)
@pytest.mark.parametrize("form", FORMATS)
def test_a_document_is_read_as_it_was_written(
    form: str, tmp_path_factory: pytest.TempPathFactory, graph: Triples
) -> None:
    text = written(graph, form)
    if text is None:
        return
    chunks = put(text, form, f"{BASE}graph/g", tmp_path_factory.getbasetemp())
    assert canonical(b"".join(chunk.triples for chunk in chunks)) == canonical(lines_of(graph))
    again = put(text, form, f"{BASE}graph/g", tmp_path_factory.getbasetemp())
    assert again == chunks, "blank nodes have the same names each time"


@settings(max_examples=EXAMPLES, deadline=None)
@given(graphs)
@pytest.mark.parametrize("form", SERIALISATIONS, ids=lambda form: form.name)
def test_a_graph_is_written_as_it_was_read(
    form: Format, tmp_path_factory: pytest.TempPathFactory, graph: Triples
) -> None:
    chunks = put(lines_of(graph), "ntriples", f"{BASE}graph/g", tmp_path_factory.getbasetemp())
    text = got(chunks, form)
    if text is None:
        assert not is_held(graph, form)
        return
    assert canonical(read_back(text, form)) == canonical(lines_of(graph))


READERS = {
    RESULTS_XML: lambda body: [each.text or "" for each in ElementTree.fromstring(body).iter(f"{SPARQL_XML}literal")],  # noqa: S314  ours
    RESULTS_JSON: lambda body: [row["o"]["value"] for row in json.loads(body)["results"]["bindings"]],
    RESULTS_CSV: lambda body: [row[0] for row in csv.reader(StringIO(body.decode(), newline=""))][1:],
    RESULTS_TSV: lambda body: [json.loads(line, strict=False) for line in body.decode().split("\n")[1:-1]],
}  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(texts.filter(lambda text: text and not NO_XML.search(text.encode())), min_size=1, max_size=5))
@pytest.mark.parametrize("form", READERS, ids=lambda form: form.name)
def test_texts_in_results_are_what_other_readers_read(form: Format, found: list[str]) -> None:
    values = " ".join(f"({ox.Literal(text)})" for text in found)
    query, streamed = f"SELECT ?o {{ VALUES (?o) {{ {values} }} }}", BytesIO()
    body = results_written(ox.Store().query(query), form)
    write_answer(ox.Store().query(query), form, streamed)
    assert READERS[form](body) == found
    assert streamed.getvalue() == body


def test_a_release_holds_what_was_put(tmp_path: Path) -> None:
    found: list[Triples] = []

    @settings(max_examples=150, deadline=None, database=None)
    @given(graphs)
    def collect(graph: Triples) -> None:
        found.append(graph)

    collect()
    (tmp_path / "hamkor.toml").write_text(f'base = "{BASE}"')
    names = [f"{BASE}graph/odd/{number}" for number in range(len(found))]
    writes = [
        Put(name, put(lines_of(graph), "ntriples", name, tmp_path)) for name, graph in zip(names, found, strict=True)
    ]
    publish(open_publication(tmp_path), writes[: len(writes) // 2])
    release = publish(open_publication(tmp_path), writes[len(writes) // 2 :]).release
    for name, graph in zip(names, found, strict=True):
        lines = b"".join(chunk.triples for chunk in release.read_graph(name))
        assert canonical(lines) == canonical(lines_of(graph))
