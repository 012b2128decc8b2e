"""The difference of two releases: exact, in order, whatever the order of the lines and however little is held."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st
from writing import Write

from graph.pipeline.build import build
from graph.releases.history import DifferencePart, changed_graphs, difference, graph_difference, patch
from graph.releases.release import Release, ReleasesFolder, open_release
from graph.sources.batches import Chunk

GRAPH = "http://example.org/g"
LINES = st.lists(st.integers(0, 60).map(lambda n: f"<http://e/{n}> <http://e/p> <http://e/o> .".encode()), unique=True)


def chunks(lines: list[bytes], size: int) -> list[Chunk]:
    parts = [lines[start : start + size] for start in range(0, len(lines), size)]
    return [Chunk(GRAPH, b"".join(line + b"\n" for line in part)) for part in parts]


def joined(parts: list[DifferencePart], *, added: bool) -> list[bytes]:
    return [line for part in parts if part.added is added for line in part.lines]


@given(LINES, LINES, st.integers(1, 9), st.sampled_from([3, 10, 1000]))
def test_it_is_the_difference_of_the_sets_of_lines(
    before: list[bytes], after: list[bytes], size: int, held: int
) -> None:
    parts = list(graph_difference(GRAPH, chunks(before, size), chunks(after, size), held))
    assert sorted(joined(parts, added=False)) == sorted(set(before) - set(after))
    assert sorted(joined(parts, added=True)) == sorted(set(after) - set(before))


FIRST = {
    "data/a.nt": '<http://e/1> <http://e/p> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .\n',
    "data/b.nt": "<http://e/1> <http://e/p> <http://e/2> .\n<http://e/1> <http://e/p> <http://e/3> .\n",
    "data/c.nt": "<http://e/9> <http://e/p> <http://e/9> .\n",
}
SECOND = {
    "data/b.nt": "<http://e/1> <http://e/p> <http://e/3> .\n<http://e/1> <http://e/p> <http://e/4> .\n",
    "data/d.nt": "<http://e/5> <http://e/p> <http://e/6> .\n",
}


def two_releases(publication: Write) -> tuple[Release, Release]:
    """The second has lost a graph and gained one; of the third a triple has changed; the fourth is the same."""
    first = build(publication(FIRST))
    written = publication(SECOND)
    (written.root / "data" / "a.nt").unlink()
    return first, build(written)


def test_only_graphs_whose_content_differs_are_named(publication: Write) -> None:
    first, second = two_releases(publication)
    names = [iri.rpartition("/")[2] for iri in changed_graphs(first, second)]
    assert names == ["a", "b", "catalog", "d"]
    assert changed_graphs(second, second) == ()


def test_a_patch_makes_the_new_release_of_the_old_one_and_its_reverse_the_old_one(publication: Write) -> None:
    first, second = two_releases(publication)

    def statements(release: Release) -> set[ox.Quad]:
        return {quad for chunk in release.read_all() for quad in ox.parse(chunk.quads(), ox.RdfFormat.N_QUADS)}

    for old, new in ((first, second), (second, first)):
        held = statements(old)
        rows = b"".join(patch(old, new)).splitlines()
        for row in rows:
            if row[:2] in (b"A ", b"D "):
                (quad,) = ox.parse(row[2:], ox.RdfFormat.N_QUADS)
                (held.add if row[:1] == b"A" else held.remove)(quad)
        assert held == statements(new)
        assert rows[0] == f"H id <https://w3id.org/hamkor/release/{new.id}> .".encode()


def test_literals_are_those_of_the_members(publication: Write) -> None:
    first, second = two_releases(publication)
    lines = [line for part in difference(first, second) if part.graph.endswith("/a") for line in part.lines]
    assert lines == [b'<http://e/1> <http://e/p> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .']


def test_the_difference_to_nothing_is_everything(publication: Write) -> None:
    first, _ = two_releases(publication)
    assert sum(len(part.lines) for part in difference(None, first)) == first.manifest.quads


def test_old_releases_are_still_there(publication: Write) -> None:
    first, second = two_releases(publication)
    releases = ReleasesFolder(second.folder.parent)
    assert [open_release(releases.release(each)).id for each in releases.ids()] == [first.id, second.id]
