"""Statements as Parquet: every row is a statement of its graph, term by term, whatever stands in the data."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import duckdb
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writing import Write

from graph.model.errors import ReleaseError
from graph.model.publication import open_publication
from graph.model.rdf_terms import RDF, XSD
from graph.pipeline.build import build
from graph.releases.dumps import Downloads, dump_named
from graph.releases.parquet_files import COLUMNS, write_chunks_table
from graph.releases.release import Release
from graph.sources.batches import Chunk

ODD = f"""@prefix ex: <https://example.org/> . @prefix xsd: <{XSD}> .
ex:a ex:p "", ""@en, "a\\tb\\nc\\rd\\u0008e\\u000Cf\\"g\\\\n\\\\u0041",
    "\\u0001\\u001F\\u007F\\u0080", "\\\\/", "\\\\\\\\/",
    "\\U0001F600", "spring"^^xsd:gYearMonth, "abc"^^xsd:integer, "007"^^xsd:int, "1.50"^^xsd:decimal,
    "12345-01-01"^^xsd:date, "-0001-01-01"^^xsd:date, "2014-02-30"^^xsd:date,
    "клуб"@ru, "клуб"@uz-Cyrl, "x@en--rtl", "x^^<y>", "مرحبا"@ar--rtl,
    "left"@en--ltr, <<( ex:s ex:p "q\\"\\\\ \\n" )>>, <<( ex:s ex:p <<( ex:s ex:p ex:o )>> )>>, ex:қишлоқ, [ ex:p [] ] ;
  ex:қ <mailto:a@b>, <urn:x> .
"""
FILES = {
    "data/odd.ttl": ODD,
    "data/again.ttl": ODD,
    "data/long.ttl": f'<https://example.org/l> <https://example.org/p> "{"é" * 900_000}" , "{"x" * 600_000}"@en .',
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of odd literals, twice, and of long ones."""
    folder = tmp_path_factory.mktemp("odd")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return build(open_publication(folder))


def rows(path: Path) -> Counter[ox.Quad]:
    """The statements of a table, as often as they stand there."""
    found = duckdb.sql(f"FROM '{path}'").fetchall()
    return Counter(
        ox.Quad(ox.NamedNode(s), ox.NamedNode(p), term(*rest), ox.NamedNode(graph)) for s, p, *rest, graph in found
    )


def term(
    text: str, kind: str, datatype: str | None, language: str | None, direction: str | None
) -> ox.NamedNode | ox.Literal | ox.Triple:
    if kind == "literal":
        if language is None:
            return ox.Literal(text, datatype=ox.NamedNode(datatype or ""))
        assert datatype == f"{RDF}{'dirLangString' if direction else 'langString'}"
        return ox.Literal(text, language=language, direction=ox.BaseDirection(direction) if direction else None)
    assert (datatype, language, direction) == (None, None, None)
    if kind == "iri":
        return ox.NamedNode(text)
    (statement,) = ox.parse(f"<x:s> <x:p> {text} .", ox.RdfFormat.N_TRIPLES)
    assert isinstance(statement.object, ox.Triple)
    return statement.object


def members(release: Release, names: list[str]) -> Counter[ox.Quad]:
    return Counter(
        quad
        for each in release.manifest.graphs if each.iri.rpartition("/")[2] in names
        for quad in ox.parse(gzip.decompress((release.folder / each.file).read_bytes()), ox.RdfFormat.N_QUADS)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "graphs"),
    [
        ("dataset.parquet", ["odd", "again", "long", "entailed"]),
        ("graphs/odd.parquet", ["odd"]),
        ("graphs/long.parquet", ["long"]),
        ("graphs/catalog.parquet", ["catalog"]),
    ],
)
def test_a_table_holds_each_statement_of_its_graphs_term_by_term(odd: Release, name: str, graphs: list[str]) -> None:
    dump = dump_named(odd.manifest, name)
    assert dump is not None
    ((path, _),) = Downloads(odd.folder, odd.manifest).make(dump, {}).parts
    assert rows(path) == members(odd, graphs)


def test_a_table_is_the_same_bytes_again_and_says_of_which_release_it_is(odd: Release) -> None:
    dump, files = dump_named(odd.manifest, "dataset.parquet"), Downloads(odd.folder, odd.manifest)
    assert dump is not None
    made = files.make(dump, {})
    ((path, _),) = made.parts
    (said,) = duckdb.sql(f"SELECT value FROM parquet_kv_metadata('{path}') WHERE key = 'release'").fetchall()
    assert said[0].decode() == f"{odd.manifest.base}release/{odd.manifest.id}"
    path.unlink()
    assert files.make(dump, {}) == made
    assert not [each.name for each in path.parent.iterdir() if "spilled" in each.name or "making" in each.name]


def test_what_the_manifest_does_not_say_is_no_file(publication: Write) -> None:
    release = build(publication({"data/a.nt": "<http://e/1> <http://e/p> <http://e/x> .\n"}))
    (entry,) = [each for each in release.manifest.graphs if each.iri.endswith("/a")]
    (release.folder / entry.file).chmod(0o644)
    (release.folder / entry.file).write_bytes(gzip.compress(b""))
    dump = dump_named(release.manifest, "graphs/a.parquet")
    assert dump is not None
    with pytest.raises(ReleaseError, match="do not hold what the manifest says"):
        Downloads(release.folder, release.manifest).make(dump, {})


def test_no_statement_is_a_table_without_rows(tmp_path: Path) -> None:
    write_chunks_table([], tmp_path, tmp_path / "none.parquet", {})
    described = duckdb.sql(f"DESCRIBE FROM '{tmp_path / 'none.parquet'}'").fetchall()
    assert [each[:2] for each in described] == [(name, "VARCHAR") for name in COLUMNS]
    assert rows(tmp_path / "none.parquet") == Counter()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ESCAPED = st.text(st.sampled_from('\\/"nrtbfu0041\n\t\x00\x01\x7f^@-<>'), max_size=16)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.one_of(TEXTS, ESCAPED), min_size=1, max_size=20))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder, node = tmp_path_factory.mktemp("texts"), ox.NamedNode("http://e/x")
    literals = [*map(ox.Literal, texts), *(ox.Literal(each, language="en") for each in texts),
                *(ox.Literal(each, datatype=node) for each in texts)]  # fmt: skip
    triples = [ox.Triple(node, node, each) for each in dict.fromkeys(literals)]
    lines = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    write_chunks_table([Chunk("http://e/g", lines)], folder, folder / "t.parquet", {})
    assert rows(folder / "t.parquet") == Counter(ox.Quad(*each, ox.NamedNode("http://e/g")) for each in triples)
