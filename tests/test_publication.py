"""A publication: which files there are, in which order, and which named graph each one fills."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from writing import Write

from graph.model.errors import HamkorError, SettingError
from graph.model.publication import Publication, find_publication, open_publication
from graph.pipeline.build import build

BASE = "https://w3id.org/hamkor/graph/"
TRIPLE = "<http://e/a> <http://e/p> <http://e/b> .\n"
QUAD = "<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n"


def graphs(publication: Publication) -> dict[str, str]:
    return {source.name: source.graph for source in publication.sources()}


def test_files_come_in_a_fixed_order(publication: Write) -> None:
    names = ["data/b.ttl", "data/a.nt", "shapes/z.ttl", "ontology/z.ttl", "ontology/schemes/a.ttl", "ontology/a.ttl"]
    found = [source.name for source in publication(dict.fromkeys(names, TRIPLE)).sources()]
    assert found == [
        "ontology/a.ttl", "ontology/schemes/a.ttl", "ontology/z.ttl", "shapes/z.ttl", "data/a.nt", "data/b.ttl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "graph"),
    [
        ("data/clubs.ttl", "clubs"),
        ("data/clubs.csv", "clubs"),
        ("data/clubs.2014.ttl", "clubs.2014"),
        ("data/CLUBS.NT", "CLUBS"),
        ("data/context.jsonld", "context"),
        ("data/two words.nt", "two%20words"),
        ("data/дети.rdf", "%D0%B4%D0%B5%D1%82%D0%B8"),
        ("data/a#b?c.trig", "a%23b%3Fc"),
        ("data/2014/clubs.ttl", "2014/clubs"),
        ("data/a/b c/clubs.ttl", "a/b%20c/clubs"),
        ("data/clubs.ttl.gz", "clubs"),
        ("data/2014/clubs.csv.ZST", "2014/clubs"),
        ("shapes/deeper/any.ttl", "shapes"),
        ("ontology/any.ttl", "ontology"),
        ("ontology/deeper/any.ttl", "ontology"),
        ("ontology/schemes/any.ttl", "schemes"),
        ("shapes/any.ttl", "shapes"),
    ],
)
def test_a_file_fills_the_graph_of_its_name_or_its_role(publication: Write, name: str, graph: str) -> None:
    assert graphs(publication({name: TRIPLE})) == {name: BASE + graph}


def test_the_base_of_the_settings_is_the_base_of_the_graphs(publication: Write) -> None:
    opened = publication({"data/a.ttl": TRIPLE, "hamkor.toml": 'base = "http://localhost/kg/"'})
    assert graphs(opened) == {"data/a.ttl": "http://localhost/kg/graph/a"}


@pytest.mark.parametrize(
    "name",
    ["data/README.md", "data/a.ttl~", "data/.a.ttl.swp", "data/.deeper/a.ttl", "ontology/context.jsonld", "a.ttl"],
)
def test_passes_over_what_is_no_source(publication: Write, name: str) -> None:
    assert graphs(publication({name: TRIPLE, "data/b.ttl": TRIPLE})) == {"data/b.ttl": f"{BASE}b"}


def test_passes_over_hidden_files_and_csvw_metadata(publication: Write) -> None:
    files = {"data/.a.ttl": TRIPLE, "data/b.csv-metadata.json": "{}", "data/b.csv": "a\n1\n"}
    assert list(graphs(publication(files))) == ["data/b.csv"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("data/clubs.xlsx", "a workbook; save each sheet as CSV"),
        ("data/2014/clubs.zip", "unpack it"),
        ("data/clubs.ttl.bz2", "unpack it"),
        ("data/clubs.xlsx.gz", "a workbook"),
        ("data/notes.txt", "no format that is read here"),
        ("data/clubs", "no format that is read here"),
        ("data/clubs.ttl~", "no format that is read here"),
        ("data/package.json", "no JSON-LD"),
        ("data/page.xml", "neither XML nor Turtle"),
        ("data/club.csv-metadata.json", "there is no table of its name"),
        ("shapes/clubs.shex", "no format that is read here"),
        ("ontology/schemes/topic.xlsx", "a workbook"),
    ],
)
def test_what_is_not_read_is_named_with_its_reason(publication: Write, name: str, reason: str) -> None:
    content = '{"@context": "http://www.w3.org/ns/csvw", "url": "club.csv"}' if "metadata" in name else "{}"
    (unread,) = publication({name: content, "data/b.ttl": TRIPLE}).unread()
    assert unread.name == name
    assert reason in unread.reason


@pytest.mark.parametrize(
    "files",
    [
        ("data/README.md", "data/LICENSE", "ontology/README.txt", "data/.hidden", "data/.git/x", "data/~$clubs.xlsx"),
        ("ontology/context.jsonld", "ontology/frames/club.jsonld"),
        ("data/c.csv", "data/c.csv-metadata.json"),
        ("data/c.csv.gz", "data/c.csv-metadata.json"),
        ("data/c.csv", "data/csv-metadata.json"),
    ],
)
def test_what_is_for_people_or_belongs_to_another_file_is_not_named(publication: Write, files: tuple[str, ...]) -> None:
    assert publication(dict.fromkeys(files, "{}") | {"data/b.ttl": TRIPLE}).unread() == ()


def test_a_schema_that_metadata_names_is_not_named(publication: Write) -> None:
    files = {
        "data/c.csv": "a\n",
        "data/c.csv-metadata.json": '{"tableSchema": "schema.json"}',
        "data/schema.json": "{}",
    }
    assert publication(files).unread() == ()


def test_where_nothing_can_be_read_the_error_names_what_is_there(publication: Write) -> None:
    with pytest.raises(SettingError, match=r"not read: data/a\.xlsx \(a workbook.* and 1 more"):
        publication({"data/a.xlsx": "", "data/b.zip": ""}).sources()


def test_a_link_to_a_folder_is_followed_once(publication: Write, tmp_path: Path) -> None:
    opened = publication({"data/a.ttl": TRIPLE})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.ttl").write_text(TRIPLE)
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "elsewhere")
    (opened.root / "data" / "more").symlink_to(tmp_path / "elsewhere")
    assert graphs(opened) == {"data/a.ttl": f"{BASE}a", "data/more/b.ttl": f"{BASE}more/b"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data/clubs.ttl", "data/clubs.csv"),
        ("data/clubs.ttl", "data/clubs.nt.gz"),
        ("data/a/clubs.ttl", "data/a/clubs.csv"),
        ("data/ontology.ttl", "ontology/hamkor.ttl"),
        ("data/shapes.ttl", "shapes/clubs.ttl"),
        ("data/schemes.ttl", "ontology/schemes/topic.ttl"),
    ],
)
def test_two_files_that_fill_one_graph_are_refused(publication: Write, one: str, other: str) -> None:
    with pytest.raises(SettingError, match=r"fills the same graph <.*> as .*; rename one of them") as caught:
        publication({one: TRIPLE, other: TRIPLE}).sources()
    assert one in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize("name", ["data/entailed.ttl", "data/catalog.nq"])
def test_a_file_of_a_computed_graph_s_name_is_refused(publication: Write, name: str) -> None:
    with pytest.raises(SettingError, match=f"{name}: the graph .* is computed; give the file another name"):
        publication({name: TRIPLE}).sources()


@pytest.mark.parametrize("name", ["data/my-entailed.ttl", "data/catalog.2014.ttl"])
def test_a_name_that_only_looks_like_a_computed_one_is_taken(publication: Write, name: str) -> None:
    assert list(graphs(publication({name: TRIPLE}))) == [name]


@pytest.mark.parametrize("graph", ["entailed", "catalog"])
def test_quads_that_name_a_computed_graph_are_refused(publication: Write, graph: str) -> None:
    opened = publication({"data/a.nq": QUAD.replace("http://e/g", BASE + graph)})
    with pytest.raises(HamkorError, match=rf"data/a\.nq: .*<{BASE}{graph}> is computed"):
        build(opened)


@pytest.mark.parametrize("files", [{}, {"data/README.md": "none"}, {"hamkor.toml": ""}])
def test_nothing_to_publish_is_an_error_with_its_remedy(publication: Write, files: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"nothing to publish: put .* into a folder 'data'"):
        publication(files).sources()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nowhere: no such folder"):
        open_publication(tmp_path / "nowhere")


def test_the_nearest_folder_with_settings_is_found(publication: Write) -> None:
    opened = publication({"hamkor.toml": "", "data/deeper/notes.md": ""})
    assert find_publication(opened.root / "data" / "deeper") == opened


def test_no_folder_with_settings_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no hamkor\.toml here or above; name the folder with --publication DIR"):
        find_publication(tmp_path)


def test_a_folder_without_ontology_shapes_or_settings_is_published(publication: Write) -> None:
    metadata = '{"@context": "http://www.w3.org/ns/csvw", "url": "b.csv"}'
    files = {"data/a.ttl": TRIPLE, "data/b.csv": "name\nTermez\n", "data/b.csv-metadata.json": metadata}
    release = build(publication(files))
    assert [entry.iri for entry in release.manifest.graphs] == [f"{BASE}a", f"{BASE}b", f"{BASE}catalog"]
    assert (release.folder / "search.sqlite").exists()


def test_quads_keep_their_own_graph_names(publication: Write) -> None:
    files = {"data/a.nq": QUAD + TRIPLE, "data/b.trig": "<http://e/h> { <http://e/a> <http://e/p> <http://e/b> }"}
    release = build(publication(files))
    assert {entry.iri: entry.triples for entry in release.manifest.graphs if "catalog" not in entry.iri} == {
        "http://e/g": 1,
        "http://e/h": 1,
        f"{BASE}a": 1,
    }
    assert release.manifest.sources == {"data/a.nq": ("http://e/g", f"{BASE}a"), "data/b.trig": ("http://e/h",)}
    assert release.manifest.triples == release.manifest.quads - 2


def test_two_files_may_write_to_the_same_graph_of_their_own_naming(publication: Write) -> None:
    release = build(publication({"data/a.nq": QUAD, "data/b.nq": QUAD + QUAD.replace("/b", "/c")}))
    assert release.entry("http://e/g").triples == 2


def test_links_to_files_and_folders_elsewhere_are_followed(publication: Write, tmp_path: Path) -> None:
    opened = publication({"data/a.ttl": TRIPLE})
    (tmp_path / "elsewhere").mkdir()
    (opened.root / "data").rename(tmp_path / "elsewhere" / "data")
    (opened.root / "data").symlink_to(tmp_path / "elsewhere" / "data")
    assert graphs(open_publication(opened.root)) == {"data/a.ttl": f"{BASE}a"}
    assert build(opened).manifest.triples > 1


@pytest.mark.parametrize("name", ["data/b.ttl", "ontology/b.ttl", "shapes/b.ttl"])
def test_a_broken_link_is_an_error_and_not_passed_over(publication: Write, name: str) -> None:
    opened = publication({"data/a.ttl": TRIPLE})
    (opened.root / name).parent.mkdir(exist_ok=True)
    (opened.root / name).symlink_to("nowhere.ttl")
    with pytest.raises(HamkorError, match=rf"{name}: .*[Nn]o such file"):
        build(opened)


def test_a_folder_called_like_a_file_is_an_error(publication: Write) -> None:
    opened = publication({"data/a.ttl": TRIPLE, "data/b.ttl/notes.md": ""})
    with pytest.raises(HamkorError, match=r"data/b\.ttl: .*[Dd]irectory"):
        build(opened)


def test_a_name_that_is_no_text_is_an_error(publication: Write) -> None:
    opened = publication({"data/a.ttl": TRIPLE})
    program = "import sys; open(sys.argv[1].encode() + b'/data/\\xff.ttl', 'w').write('<http://e/a> <http://e/p> 1 .')"
    subprocess.run([sys.executable, "-c", program, str(opened.root)], check=True)
    with pytest.raises(HamkorError, match="name is no UTF-8"):
        build(opened)
