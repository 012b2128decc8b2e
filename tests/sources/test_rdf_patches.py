"""Patches beside the sources: what they change at a build, what is told of them, and what they must not do."""

from __future__ import annotations

import shutil

import pytest
from writing import Write

from graph.model.errors import HamkorError, SourceError, WriteRefusedError
from graph.model.publication import Publication
from graph.pipeline.build import build, check, publication_files
from graph.pipeline.write import GraphEdit, Put, SourcePatch, publish
from graph.releases.release import Release
from graph.sources.batches import Chunk
from graph.sources.document_checks import DocumentWarning
from graph.sources.rdf_patches import PatchRow, patch_file, patches_of, remove_patch, write_patch

BASE = "https://w3id.org/hamkor/"
GRAPH, OTHERS = f"{BASE}graph/a", f"{BASE}graph/ngo/a"
SUBJECT = b"<http://e/1> <http://e/p> "
FILES = {"hamkor.toml": "", "data/a.nt": '<http://e/1> <http://e/p> "old" .\n<http://e/1> <http://e/p> "05" .\n'}


def line(value: str) -> bytes:
    return SUBJECT + f'"{value}" .'.encode()


def row(sign: str, value: str, graph: str = GRAPH) -> str:
    return f'{sign} <http://e/1> <http://e/p> "{value}" <{graph}> .\n'


def said(release: Release, graph: str = GRAPH) -> set[bytes]:
    return {each for chunk in release.read_graph(graph) for each in chunk.lines()}


@pytest.mark.parametrize(
    ("patches", "expected"),
    [
        ({"0001-a": row("D", "old") + row("A", "new")}, {"new", "05"}),
        ({"0001-a": row("D", "old") + row("A", "new"), "0002-b": row("D", "new") + row("A", "old")}, {"old", "05"}),
        ({"0002-b": row("D", "new"), "0001-a": row("A", "new")}, {"old", "05"}),
        ({"10000-b": row("D", "new"), "9999-a": row("A", "new")}, {"old", "05"}),
        ({"0001-a": row("A", "old")}, {"old", "05"}),
        ({"0001-a": "# why\nH id <uuid:1> .\nTX .\n" + row("A", "new") + "TC .\n"}, {"old", "05", "new"}),
        ({"0001-a": ""}, {"old", "05"}),
    ],
    ids=["corrects", "later holds", "by number", "by number, longer", "there already", "header", "empty"],
)
def test_a_build_applies_them_in_their_order(publication: Write, patches: dict[str, str], expected: set[str]) -> None:
    own = publication(FILES | {f"patches/{name}.rdfp": text for name, text in patches.items()})
    assert said(build(own)) == {line(each) for each in expected}


def test_a_publication_may_be_of_patches_alone(publication: Write) -> None:
    own = publication({"hamkor.toml": "", "patches/0001-a.rdfp": row("A", "new")})
    release = build(own)
    assert said(release) == {line("new")}
    assert release.manifest.sources == {"patches/0001-a.rdfp": (GRAPH,)}


def test_a_new_patch_is_a_reason_to_build(publication: Write) -> None:
    own = publication(FILES)
    first = build(own)
    write_patch(patch_file(own, "a", [PatchRow(GRAPH, line("old"), is_added=False)], ["Why: it is old\nand wrong"]))
    assert said(build(own)) == {line("05")}
    remove_patch(own, "a")
    assert build(own).manifest.digest == first.manifest.digest


def test_what_is_mended_in_the_file_is_told_and_no_error(publication: Write) -> None:
    own = publication(FILES | {"patches/0001-a.rdfp": row("D", "mended") + row("A", "new") + row("D", "new")})
    told = list[DocumentWarning]()
    build(own, told=told.append)
    assert [(each.path, each.count) for each in told] == [("patches/0001-a.rdfp", 1)]
    assert '"mended"' in str(told[0])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A <http://e/1> <http://e/p> <http://e/2> .\n", "0001-a.rdfp:1: the statement names no graph"),
        ("\nA _:b <http://e/p> <http://e/2> <http://e/g> .\n", "0001-a.rdfp:2: a blank node"),
        ("A nonsense\n", "0001-a.rdfp:1: this is no statement"),
        ("X <http://e/1>\n", "0001-a.rdfp:1: this is no row of a patch"),
        (row("A", "x", f"{BASE}graph/entailed"), "0001-a.rdfp: the graph <https://w3id.org/hamkor/graph/entailed>"),
    ],
)
def test_what_cannot_be_applied_is_told_with_its_place(publication: Write, text: str, problem: str) -> None:
    own = publication(FILES | {"patches/0001-a.rdfp": text})
    with pytest.raises(SourceError, match="patches/") as caught:
        build(own)
    assert problem in str(caught.value)


def test_graphs_that_others_write_are_left_alone(built: Write) -> None:
    own = built(FILES)
    publish(own, [Put(OTHERS, (Chunk(OTHERS, line("theirs") + b"\n"),))])
    (own.root / "patches").mkdir()
    (own.root / "patches" / "0001-a.rdfp").write_text(row("D", "theirs", OTHERS) + row("A", "ours", OTHERS))
    assert said(build(own), OTHERS) == {line("theirs")}


def test_validation_without_a_release_sees_them(publication: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . <http://e/s> a sh:NodeShape ; sh:targetNode <http://e/1> ;
        sh:property [ sh:path <http://e/p> ; sh:maxCount 1 ] ."""
    own = publication(FILES | {"shapes/s.ttl": shape, "patches/0001-a.rdfp": row("D", "old")})
    files = publication_files(own)
    limits = own.settings.limits
    assert not check(*files, base=BASE, limits=limits).conforms
    assert check(*files, base=BASE, limits=limits, patches=patches_of(own)).conforms


def corrected(own: Publication) -> Release:
    rows = [PatchRow(GRAPH, line("old"), is_added=False), PatchRow(GRAPH, line("new"), is_added=True)]
    edit = GraphEdit(GRAPH, frozenset({line("new")}), frozenset({line("old")}))
    patch = SourcePatch(frozenset({GRAPH}), lambda: patch_file(own, "one", rows))
    return publish(own, [edit], patch=patch).release


def test_the_publisher_corrects_a_graph_of_a_file_at_once_and_the_next_build_says_the_same(built: Write) -> None:
    own = built(FILES)
    release = corrected(own)
    assert said(release) == {line("new"), line("05")}
    assert [each.origin for each in release.manifest.graphs if each.iri == GRAPH] == ["source"]
    assert build(own).id == release.id
    shutil.rmtree(own.releases_folder)
    again = build(own)
    assert again.manifest.digest == release.manifest.digest
    assert again.manifest.sources == release.manifest.sources
    assert again.manifest.fingerprint == release.manifest.fingerprint


def test_a_release_that_a_patch_changes_is_not_of_files_that_have_changed_before(built: Write) -> None:
    own = built(FILES)
    (own.root / "data" / "more.nq").write_text(f"<http://e/9> <http://e/p> <http://e/2> <{BASE}graph/more> .\n")
    release = corrected(own)
    assert f"{BASE}graph/more" not in {each.iri for each in release.manifest.graphs}
    assert f"{BASE}graph/more" in {each.iri for each in build(own).manifest.graphs}


def test_without_a_patch_nobody_writes_what_a_file_or_a_patch_fills(built: Write) -> None:
    own = built(FILES)
    fresh = f"{BASE}graph/fresh"
    rows = [PatchRow(fresh, line("x"), is_added=True)]
    patch = SourcePatch(frozenset({fresh}), lambda: patch_file(own, "one", rows))
    publish(own, [GraphEdit(fresh, frozenset({line("x")}))], patch=patch)
    for graph in (GRAPH, fresh):
        with pytest.raises(WriteRefusedError):
            publish(own, [GraphEdit(graph, frozenset({line("y")}))])


def test_what_does_not_conform_leaves_no_patch(built: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . <http://e/s> a sh:NodeShape ; sh:targetNode <http://e/1> ;
        sh:property [ sh:path <http://e/p> ; sh:not [ sh:hasValue "new" ] ] ."""
    own = built(FILES | {"shapes/s.ttl": shape})
    with pytest.raises(HamkorError):
        corrected(own)
    assert not own.patches()


def test_a_disk_that_takes_nothing_leaves_no_half_patch(publication: Write) -> None:
    own = publication(FILES)
    (own.root / "patches").write_text("a file where the folder should be")
    with pytest.raises(HamkorError, match="the patch cannot be written"):
        write_patch(patch_file(own, "a", []))
