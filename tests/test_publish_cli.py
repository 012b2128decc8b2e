"""``hamkor publish`` and ``hamkor withdraw``: what they write, say and return."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

import pytest
import zstandard
from click.testing import CliRunner, Result
from writing import Write

from endpoint.cli import main
from graph.model.publication import Publication
from graph.pipeline.build import build
from graph.releases.release import current_release

BASE = "https://e.org/"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "data/a.ttl": "@prefix : <http://e/> . :a a :Club ; :name 'Termez' .",
    "shapes/club.ttl": """
        @prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        :Shape a sh:NodeShape ; sh:targetClass :Club ; sh:property :NameShape .
        :NameShape a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ;
            sh:message "The name is missing."@en , "Названия нет."@ru .
    """,
}
NUKUS = "<http://e/n> <http://e/name> 'Nukus' .".replace("'", '"')
CLUB = "@prefix : <http://e/> . :c a :Club ."


KEYS = '{"@context": {"name": "http://e/name"}, "@id": "http://e/n", "name": "Nukus", "phone": "1"}'


@pytest.fixture
def opened(built: Write) -> Publication:
    return built(FILES)


def called(opened: Publication, *arguments: str, text: str | None = None) -> Result:
    where = ["--publication", str(opened.root)]
    return CliRunner().invoke(main, [*where, *arguments], input=text, prog_name="hamkor", catch_exceptions=False)


def published(opened: Publication, name: str, content: str, *arguments: str) -> Result:
    path = opened.root / name
    path.write_text(content, encoding="utf-8")
    return called(opened, "publish", str(path), "--graph", "ngo/x", *arguments)


def triples(opened: Publication, name: str = "ngo/x") -> int:
    return current_release(opened).entry(f"{BASE}graph/{name}").triples


CONTENTS: Mapping[str, tuple[str, int]] = {
    "x.ttl": ("<http://e/n> a <http://e/T>, <http://e/U> .", 2),
    "x.nt": (NUKUS, 1),
    "x.nq": (NUKUS, 1),
    "x.trig": (f"<{BASE}graph/ngo/x> {{ {NUKUS} }}", 1),
    "x.jsonld": ('{"@id": "http://e/n", "http://e/name": "Nukus"}', 1),
    "x.rdf": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
        '<rdf:Description rdf:about="http://e/n"><e:name>Nukus</e:name></rdf:Description></rdf:RDF>',
        1,
    ),
    "x.csv": ("id,name\n1,Nukus\n2,Xiva\n", 4),
}


CONTENTS |= {"x.owl": CONTENTS["x.rdf"], "x.xml": CONTENTS["x.rdf"], "x.json": CONTENTS["x.jsonld"], "x.n3": (NUKUS, 1)}
METADATA = '{"@context": "http://www.w3.org/ns/csvw", "url": "x.csv"}'


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_is_published_by_its_suffix(opened: Publication, name: str) -> None:
    content, expected = CONTENTS[name]
    (opened.root / "x.csv-metadata.json").write_text(METADATA)
    result = published(opened, name, content)
    assert (result.exit_code, result.stdout.split()[0]) == (0, "Release"), result.stderr
    assert triples(opened) == expected


def test_a_table_has_the_metadata_beside_it(opened: Publication) -> None:
    metadata = '{"@context": "http://www.w3.org/ns/csvw", "url": "t.csv", "tableSchema": {"aboutUrl": "id/t/{id}"}}'
    (opened.root / "t.csv-metadata.json").write_text(metadata)
    assert published(opened, "t.csv", "id,name\n1,Nukus\n").exit_code == 0
    content = b"".join(chunk.triples for chunk in current_release(opened).read_graph(f"{BASE}graph/ngo/x"))
    assert f"<{BASE}id/t/1> ".encode() in content


def test_a_table_without_metadata_is_refused_and_a_near_miss_is_named(opened: Publication) -> None:
    (opened.root / "xs.csv-metadata.json").write_text(METADATA)
    result = published(opened, "x.csv", "id,name\n1,Nukus\n")
    assert result.exit_code == 2
    assert (
        "there is no CSVW metadata x.csv-metadata.json (rename xs.csv-metadata.json to x.csv-metadata" in result.stderr
    )


@pytest.mark.parametrize("coding", ["gz", "zst"])
@pytest.mark.parametrize("name", CONTENTS)
def test_a_packed_file_is_published_as_it_is_unpacked(opened: Publication, name: str, coding: str) -> None:
    content, expected = CONTENTS[name]
    (opened.root / "x.csv-metadata.json").write_text(METADATA)
    compress = gzip.compress if coding == "gz" else zstandard.compress
    path = opened.root / f"{name}.{coding}"
    path.write_bytes(compress(content.encode()))
    result = called(opened, "publish", str(path), "--graph", "ngo/x", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert expected


def test_standard_input_is_published_in_the_format_that_is_named(opened: Publication) -> None:
    assert called(opened, "publish", "-", "--format", "ntriples", "--graph", "ngo/x", text=NUKUS).exit_code == 0
    assert triples(opened) == 1
    refused = called(opened, "publish", "-", "--graph", "ngo/x", text=NUKUS)
    assert (refused.exit_code, "standard input: " in refused.stderr, "--format" in refused.stderr) == (2, True, True)


def test_the_same_again_is_no_release(opened: Publication) -> None:
    published(opened, "x.nt", NUKUS)
    before = current_release(opened).id
    assert published(opened, "x.nt", NUKUS).stdout.startswith(f"Nothing has changed since release {before}\n")
    assert published(opened, "x.nt", NUKUS, "--quiet").stdout == f"{before}\n"


def test_add_keeps_what_is_there(opened: Publication) -> None:
    published(opened, "x.nt", NUKUS)
    assert published(opened, "x.ttl", "<http://e/n> a <http://e/T> .", "--add").exit_code == 0
    assert triples(opened) == 2


@pytest.mark.parametrize("dry", [True, False])
def test_violations_are_listed_and_nothing_is_published(opened: Publication, dry: bool) -> None:
    before = current_release(opened).id
    result = published(opened, "c.ttl", CLUB, "--lang", "ru", *(["--dry-run"] if dry else []))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "<http://e/c>" in result.stderr
    assert "Названия нет." in result.stderr
    assert "hamkor: 1 violations" in result.stderr
    assert current_release(opened).id == before


def test_only_warnings_about_what_is_written_are_shown(publication: Write) -> None:
    shape = """
        @prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        :Shape a sh:NodeShape ; sh:targetClass :Club ; sh:severity sh:Warning ; sh:property :SiteShape .
        :SiteShape a sh:PropertyShape ; sh:path :site ; sh:minCount 1 ;
            sh:severity sh:Warning ; sh:message "No site."@en .
    """
    opened = publication({**FILES, "shapes/club.ttl": shape})
    build(opened)
    result = published(opened, "c.ttl", CLUB, "--dry-run")
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if "No site." in line] == [
        f"<{BASE}graph/ngo/x>: Warning: <http://e/c> <http://e/site>: No site."
    ]
    assert "conforms: 2 warnings in the whole release" in result.stdout


def test_a_dry_run_writes_nothing(opened: Publication) -> None:
    before = current_release(opened).id
    result = published(opened, "x.nt", NUKUS, "--dry-run")
    assert (result.exit_code, result.stdout) == (
        0,
        "conforms: 0 warnings in the whole release; nothing was written\n",
    )
    assert current_release(opened).id == before


REFUSED: Mapping[str, tuple[str, str, str]] = {
    "a file that cannot be read": ("x.ttl", "no turtle", "x.ttl:1:"),
    "quads of another graph": ("x.nq", f"{NUKUS[:-1]} <http://e/g> .", "the graph <http://e/g>"),
    "a suffix of no format": ("x.txt", NUKUS, "--format"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_one_line(opened: Publication, what: str) -> None:
    name, content, said = REFUSED[what]
    result = published(opened, name, content)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("graph", ["a", "shapes", "catalog", f"{BASE}graph/entailed"])
def test_graphs_that_are_not_contributed_are_refused(opened: Publication, graph: str) -> None:
    for arguments in (("publish", "-", "--format", "ntriples"), ("withdraw",)):
        result = called(opened, *arguments, "--graph", graph, text=NUKUS)
        assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_keys_that_are_left_out_are_named(opened: Publication, arguments: tuple[str, ...]) -> None:
    told = published(opened, "x.jsonld", KEYS, *arguments)
    assert told.exit_code == 0
    assert 'x.jsonld:1:79: the key "phone" stands for no IRI' in told.stderr


@pytest.mark.parametrize("content", ["# <http://e/n> <http://e/name> 1 .", "", "@prefix e: <http://e/> ."])
def test_a_file_without_a_triple_empties_nothing(opened: Publication, content: str) -> None:
    assert published(opened, "x.ttl", NUKUS).exit_code == 0
    assert published(opened, "x.ttl", content).exit_code == 2
    assert triples(opened) == 1


def test_keys_that_are_left_out_are_named_by_build_and_validate(publication: Write) -> None:
    made = publication({**FILES, "data/b.jsonld": KEYS})
    for command in ("build", "validate"):
        told = called(made, command)
        assert told.exit_code == 0
        assert "data/b.jsonld:1:79: " in told.output
        assert 'the key "phone" stands for no IRI' in told.output


def test_a_graph_is_withdrawn(opened: Publication) -> None:
    published(opened, "x.nt", NUKUS)
    before = current_release(opened)
    assert called(opened, "withdraw", "--graph", "ngo/x", "--dry-run").exit_code == 0
    assert current_release(opened).id == before.id
    assert called(opened, "withdraw", "--graph", "ngo/x").exit_code == 0
    assert "ngo/x" not in {each.iri.removeprefix(f"{BASE}graph/") for each in current_release(opened).manifest.graphs}
    assert before.entry(f"{BASE}graph/ngo/x").triples == 1
    again = called(opened, "withdraw", "--graph", "ngo/x")
    assert (again.exit_code, "there is no graph" in again.stderr) == (2, True)


def test_a_name_that_is_none_is_refused(opened: Publication) -> None:
    result = called(opened, "publish", "-", "--format", "ntriples", "--graph", "a b", text=NUKUS)
    assert (result.exit_code, "is no name of a graph" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", ["../x", "a//b", "a/./b", "https://e.org/graph/%2e%2e/x", "http://e/a?b"])
def test_a_name_that_nobody_could_ask_for_is_refused(opened: Publication, name: str) -> None:
    (opened.root / "n.nt").write_text(NUKUS)
    answer = called(opened, "publish", str(opened.root / "n.nt"), "--graph", name)
    assert answer.exit_code == 2
    assert "is no name of a graph: it holds " in answer.stderr


@pytest.mark.parametrize("command", ["releases", "token"])
def test_the_publication_may_stand_behind_the_name_of_a_group(opened: Publication, command: str) -> None:
    arguments = [command, "--publication", str(opened.root), "list"]
    assert CliRunner().invoke(main, arguments, catch_exceptions=False).exit_code == 0
