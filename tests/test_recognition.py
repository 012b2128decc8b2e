"""What a file is, by its name, and by its beginning where the name leaves it open."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from graph.model.formats import recognised

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
ROOT = f'<rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF>'
OPEN = [
    (".owl", ROOT, "rdfxml"),
    (".xml", f'<?xml version="1.0"?>\n<!-- <x> -->\n<!DOCTYPE rdf:RDF [<!ENTITY owl "o#">]>\n{ROOT}', "rdfxml"),
    (".xml", f'<!DOCTYPE r:RDF SYSTEM "x.dtd"><r:RDF xmlns:r="{RDF}"/>', "rdfxml"),
    (".rdfs", f'<RDF xmlns="{RDF}"/>', "rdfxml"),
    (".xml", "\ufeff" + ROOT, "rdfxml"),
    (".owl", "# a comment\n@prefix : <http://e/> . :a a :B .", "turtle"),
    (".owl", "PREFIX : <http://e/>\n:a a :B .", "turtle"),
    (".owl", "<http://e/a> a <http://e/B> .", "turtle"),
    (".owl", "[] a <http://e/B> .", "turtle"),
    (".owl", "Prefix(:=<http://e/>)\nOntology(<http://e/>)", ""),
    (".owl", "Prefix: owl: <http://e/>\nOntology: <http://e/>", ""),
    (".owl", '<Ontology xmlns="http://www.w3.org/2002/07/owl#"/>', ""),
    (".owl", "", ""),
    (".xml", f'<svg><metadata><rdf:RDF xmlns:rdf="{RDF}"/></metadata></svg>', ""),
    (".xml", "<RDF/>", ""),
    (".xml", "what", ""),
    (".json", '{"@context": {}, "@id": "http://e/a"}', "jsonld"),
    (".json", '[{"@id" : "http://e/a"}]', "jsonld"),
    (".json", '{"name": "package", "text": "an @id"}', ""),
    (".json", '{"@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}]}', ""),
    (".json", "[1, 2", ""),
    (".n3", '@prefix : <http://e/> . :a a :B ; :says \'{ x => y }\' , """{""" . # {', "turtle"),
    (".n3", "@prefix : <http://e/> . { ?x a :B } => { ?x a :C } .", ""),
    (".n3", "@forAll :x . :x a :B .", ""),
]


@pytest.mark.parametrize(("suffix", "content", "form"), OPEN)
def test_where_the_name_leaves_it_open_the_beginning_decides(
    tmp_path: Path, suffix: str, content: str, form: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(content, encoding="utf-8")
    found = recognised(path)
    assert (found.form, bool(found.reason)) == (form, not form)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_the_beginning_of_a_packed_file_is_read_unpacked(tmp_path: Path, coding: str) -> None:
    path = tmp_path / ("a.owl.gz" if coding == "gzip" else "a.owl.zst")
    path.write_bytes((gzip.compress if coding == "gzip" else zstandard.compress)(ROOT.encode() + b" " * 1_000_000))
    found = recognised(path)
    assert (found.form, found.coding, found.name) == ("rdfxml", coding, "a")


@pytest.mark.parametrize("name", ["a.owl.gz", "a.owl.zst"])
def test_what_is_not_packed_as_its_name_says_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(ROOT)
    assert "cannot be read" in recognised(tmp_path / name).reason


@pytest.mark.parametrize(
    ("name", "form", "coding", "stem"),
    [
        ("a.TTL", "turtle", "", "a"),
        ("a.b.nq.gz", "nquads", "gzip", "a.b"),
        ("a.csv.Zst", "csv", "zstd", "a"),
        ("a.gz", "", "gzip", "a.gz"),
        (".ttl", "", "", ".ttl"),
        ("a.ttl.gz.gz", "", "gzip", "a.ttl.gz.gz"),
    ],
)
def test_a_name_says_format_and_packing(name: str, form: str, coding: str, stem: str) -> None:
    found = recognised(Path(name))
    assert (found.form, found.coding, found.name) == (form, coding, stem)
