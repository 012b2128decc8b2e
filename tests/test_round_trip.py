"""Nothing false: what is PUT is what GET gives, to the literal, from every format into every format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from graph.contribution.document import FORMATS
from graph.export import SERIALISATIONS
from graph.formats import Format
from graph.publication import open_publication
from graph.publish import Put, publish
from tests.round_trip import BASE, Triples, canonical, got, graphs, is_held, lines_of, put, read_back, written

EXAMPLES = 100


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
