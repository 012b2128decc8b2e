"""The files of a release: which there are, that a merge holds each triple once, and how long they are kept."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writing import Write

from graph.model.errors import BusyError, FormatError
from graph.model.formats import JSON_LD, RDF_XML, Format
from graph.model.publication import open_publication
from graph.model.rdf_terms import RDF
from graph.pipeline.build import build
from graph.pipeline.write import Delete, GraphEdit, Post, Put, publish
from graph.releases.dumps import (
    FOLDER,
    NICENESS,
    Downloads,
    dump_named,
    forget,
    graph_dumps,
    is_busy,
    making,
    whole_dumps,
    write_dump,
)
from graph.releases.release import Release, current_release
from graph.releases.store import merged
from graph.sources.batches import Chunk

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {
    "data/a.nt": "".join(f"<http://e/{n}> <http://e/p> <http://e/x> .\n" for n in range(50)),
    "data/b.nt": "".join(f"<http://e/{n}> <http://e/p> <http://e/x> .\n" for n in range(25, 75)),
    "data/c.ttl": "<http://e/c> <http://e/p> 01 , 1 .",
}


@pytest.fixture
def release(built: Write) -> Release:
    return current_release(built(FILES))


def test_a_merge_holds_each_triple_once_in_the_order_of_the_graphs(release: Release) -> None:
    entries = [each for each in release.manifest.graphs if "catalog" not in each.iri]
    lines = [line for chunk in merged(release.folder, release.manifest, entries) for line in chunk.lines()]
    assert len(lines) == len(set(lines)) == 77
    assert lines[:50] == [f"<http://e/{n}> <http://e/p> <http://e/x> .".encode() for n in range(50)]


SETS = [{*range(13)}, {*range(0, 13, 2)}, {*range(0, 13, 3)}, {3}, {3, 4}, {*range(5)}, {*range(5, 13)}, {*range(5)}]
"""The triples of some graphs, by number: equal, disjoint, one within another, overlapping."""


@pytest.fixture(scope="module")
def of_sets(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("sets")
    (folder / "data").mkdir()
    for place, numbers in enumerate(SETS):
        lines = [f"<http://e/{number}> <http://e/p> <http://e/x> .\n" for number in sorted(numbers)]
        (folder / "data" / f"g{place}.nt").write_text("".join(lines))
    return build(open_publication(folder))


@settings(max_examples=100, deadline=None)
@given(chosen=st.lists(st.sampled_from(range(len(SETS))), min_size=1, unique=True))
def test_a_merge_of_any_graphs_is_their_union(of_sets: Release, chosen: list[int]) -> None:
    entries = {each.iri.rpartition("/")[2]: each for each in of_sets.manifest.graphs}
    merge = merged(of_sets.folder, of_sets.manifest, [entries[f"g{place}"] for place in chosen])
    found = [line.decode() for chunk in merge for line in chunk.lines()]
    union = {f"<http://e/{number}> <http://e/p> <http://e/x> ." for place in chosen for number in SETS[place]}
    assert sorted(found) == sorted(union)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs=st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=4))
def test_a_merge_of_a_whole_release_is_the_union_of_its_graphs(publication: Write, graphs: list[set[int]]) -> None:
    opened = publication({"hamkor.toml": ""})
    for old in (opened.root / "data").glob("*.nt"):
        old.unlink()
    lines = [[f"<http://e/{n}> <http://e/p> <http://e/x> .\n" for n in sorted(each)] for each in graphs]
    built = build(publication({f"data/g{place}.nt": "".join(each) for place, each in enumerate(lines)}))
    entries = [each for each in built.manifest.graphs if "catalog" not in each.iri]
    found = [line.decode() for chunk in merged(built.folder, built.manifest, entries) for line in chunk.lines()]
    assert sorted(found) == sorted({line.rstrip("\n") for each in lines for line in each})


@pytest.mark.parametrize("name", ["dataset.ttl.gz", "dataset.trig.gz", "dataset.jsonld.gz", "dataset.nt.gz",
                                  "dataset.rdf.gz", "graphs/a.ttl.gz"])  # fmt: skip
def test_a_file_is_the_same_bytes_every_time(release: Release, name: str) -> None:
    dump = dump_named(release.manifest, name)
    assert dump is not None
    written = []
    for _ in range(2):
        stream = BytesIO()
        write_dump(release.folder, release.manifest, dump, stream, {"e": "http://e/"})
        written.append(stream.getvalue())
    assert written[0] == written[1]
    assert gzip.decompress(written[0])


def test_a_file_is_made_once_and_kept(release: Release) -> None:
    files = Downloads(release.folder, release.manifest)
    dump = dump_named(release.manifest, "dataset.ttl.gz")
    assert dump is not None
    assert files.ready(dump) is None
    first = files.make(dump, {})
    ((path, size),) = first.parts
    moment = path.stat().st_mtime_ns
    assert files.ready(dump) == files.make(dump, {}) == first
    assert path.stat().st_mtime_ns == moment
    assert size == path.stat().st_size


def test_one_file_is_made_at_a_time(release: Release) -> None:
    dump = dump_named(release.manifest, "dataset.ttl.gz")
    assert dump is not None
    with making(release.folder):
        assert is_busy(release.folder)
        with pytest.raises(BusyError, match="another file"):
            Downloads(release.folder, release.manifest).make(dump, {})
    assert not is_busy(release.folder)


def test_what_was_left_half_made_is_no_file(release: Release) -> None:
    dump = dump_named(release.manifest, "dataset.ttl.gz")
    assert dump is not None
    with making(release.folder) as folder:
        (folder / ".making").write_bytes(b"half")
    files = Downloads(release.folder, release.manifest)
    assert files.ready(dump) is None
    assert gzip.decompress(files.make(dump, {}).parts[0][0].read_bytes())


def test_the_files_made_longest_ago_go_first(release: Release) -> None:
    files = Downloads(release.folder, release.manifest, most=1)
    first, second = (dump_named(release.manifest, f"dataset.{suffix}.gz") for suffix in ("ttl", "trig"))
    assert first is not None
    assert second is not None
    files.make(first, {})
    os.utime(release.folder / FOLDER / first.name, (0, 0))
    files.make(second, {})
    assert files.ready(first) is None
    assert files.ready(second) is not None


def test_what_was_made_can_be_forgotten(release: Release) -> None:
    dump = dump_named(release.manifest, "dataset.ttl.gz")
    assert dump is not None
    files = Downloads(release.folder, release.manifest)
    files.make(dump, {})
    forget(release.folder)
    assert files.ready(dump) is None


NICE = "import os, sys; from graph.releases.dumps import main; sys.exit(main(sys.argv[1:]) or os.nice(0))"


def test_a_process_of_its_own_makes_the_same_file(release: Release) -> None:
    root, dump = release.folder.parent.parent.parent, dump_named(release.manifest, "dataset.trig.gz")
    assert dump is not None
    # never in this process: it would give way to all others until the end of the tests
    made = subprocess.run([sys.executable, "-c", NICE, str(root), release.id, dump.name], cwd=REPOSITORY, check=False)
    assert made.returncode == min(19, os.nice(0) + NICENESS)
    found = Downloads(release.folder, release.manifest).ready(dump)
    assert found is not None
    quads = list(ox.parse(gzip.decompress(found.parts[0][0].read_bytes()), ox.RdfFormat.TRIG))
    assert len(quads) == 102


@pytest.mark.parametrize("name", ["nothing.ttl.gz", "../manifest.json", "graphs/a.nq.gz/../../manifest.json"])
def test_no_other_file_is_made(release: Release, name: str, tmp_path: Path) -> None:
    assert dump_named(release.manifest, name) is None


def test_what_xml_cannot_hold_is_an_error_and_no_file(publication: Write) -> None:
    built = build(publication({"data/a.nt": "<http://e/a> <http://e/1> <http://e/b> .\n",
                               "data/b.ttl": r'<http://e/a> <http://e/p> "\u0001" .',
                               "data/c.nt": f"<http://e/a> <{RDF}aboutEach> <http://e/b> .\n",
                               "data/d.nt": f"<http://e/a> <{RDF}type> <{RDF}bagID> .\n"}))  # fmt: skip
    assert "dataset.rdf.gz" not in [each.name for each in whole_dumps(built.manifest)]
    offered = [each.name for entry in built.manifest.graphs for each in graph_dumps(entry)]
    assert [each for each in offered if each.endswith(".rdf.gz")] == ["graphs/catalog.rdf.gz"]
    files = Downloads(built.folder, built.manifest)
    for name, fault in (
        ("graphs/a.rdf.gz", "predicate"),
        ("graphs/b.rdf.gz", "control character"),
        ("graphs/c.rdf.gz", "predicate"),
        ("graphs/d.rdf.gz", "class"),
        ("dataset.rdf.gz", "predicate"),
    ):
        dump = dump_named(built.manifest, name)
        assert dump is not None
        with pytest.raises(FormatError, match=fault):
            files.make(dump, {})
        assert files.ready(dump) is None
        with pytest.raises(FormatError, match=fault):
            files.refuse_impossible(dump)


GRAPH = "http://kg.example.org/graph/t"


def _lines(*texts: str) -> tuple[Chunk, ...]:
    return (Chunk(GRAPH, "".join(f'<http://e/a> <http://e/p> "{each}" .\n' for each in texts).encode()),)


def _edit(removed: str) -> GraphEdit:
    return GraphEdit(GRAPH, removed=frozenset(_lines(removed)[0].lines()))


ODD = (Chunk(GRAPH, b"<http://e/a> <http://e/1> <http://e/b> .\n"),)
WRITES: dict[str, tuple[list[Put | Post | Delete | GraphEdit], bool]] = {
    "what XML has": ([Put(GRAPH, _lines(r"\t\n\r\"\\u0001 \\b \\\\f \u007F"))], True),
    "a form feed": ([Put(GRAPH, _lines(r"\f"))], False),
    "a backspace behind a backslash": ([Put(GRAPH, _lines(r"\\\b"))], False),
    "no character": ([Put(GRAPH, _lines("\uffff"))], False),
    "a number for a property": ([Put(GRAPH, ODD)], False),
    "added later": ([Put(GRAPH, _lines("x")), Post(GRAPH, _lines(r"\u0001"))], False),
    "taken away": ([Put(GRAPH, _lines(r"\u0001", "x")), _edit(r"\u0001")], True),
    "another one goes": ([Put(GRAPH, _lines(r"\u0001", "x")), _edit("x")], False),
    "put anew": ([Put(GRAPH, ODD), Put(GRAPH, _lines("x"))], True),
}  # fmt: skip


TERM = b"<http://e/a> <http://e/p> <<( <http://e/a> <http://e/p> <http://e/b> )>> ."
TERM_WRITES: dict[str, tuple[list[Put | Post | Delete | GraphEdit], bool]] = {
    "a triple as a term": ([Put(GRAPH, (Chunk(GRAPH, TERM + b"\n"),))], False),
    "a text that looks like one": ([Put(GRAPH, _lines(r"\n<x:a> <x:b> <<( <x:c>"))], True),
    "one that goes": (
        [Put(GRAPH, (Chunk(GRAPH, TERM + b"\n"), *_lines("x"))), GraphEdit(GRAPH, removed=frozenset([TERM]))],
        True,
    ),
}
CASES = [(RDF_XML, *each) for each in WRITES.values()] + [(JSON_LD, *each) for each in TERM_WRITES.values()]


@pytest.mark.parametrize(("form", "writes", "fits"), CASES, ids=[*WRITES, *TERM_WRITES])
def test_a_format_is_offered_where_it_can_express_a_graph(
    built: Write, publication: Write, form: Format, writes: list[Put | Post | Delete | GraphEdit], *, fits: bool
) -> None:
    written = built({"data/a.nt": "<http://e/a> <http://e/p> <http://e/b> .\n"})
    release = [publish(written, [each]).release for each in writes][-1]
    manifests = (
        release.manifest,
        build(publication({"data/b.nt": "<http://e/b> <http://e/p> <http://e/a> .\n"})).manifest,
    )
    for manifest in manifests:  # a publish and a build say the same
        (entry,) = (each for each in manifest.graphs if each.iri == GRAPH)
        offered = [form in [each.form for each in some] for some in (graph_dumps(entry), whole_dumps(manifest))]
        assert offered == [fits, fits]
