"""A release is whole, or not: whatever file of it is missing, cut, garbage or off by one bit is named."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyoxigraph as ox
import pytest

from graph.model.errors import ReleaseError
from graph.model.publication import Publication
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.manifest import read_manifest, write_manifest
from graph.releases.release import ReleasesFolder, current_release
from graph.releases.verification import damaged, problems_of
from graph.sources.batches import Chunk
from tests.conftest import WHOLE

THIRD = "https://w3id.org/hamkor/graph/ngo/c"
Damage = Callable[[Path], None]
NUMBER = re.compile(r"[0-9]+")


def missing(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size + 1))


def flipped(path: Path) -> None:
    """One bit, with the time of modification as before: as a disk does it by itself."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES = [missing, cut, garbage, flipped]


def current(publication: Publication) -> Path:
    folder = ReleasesFolder(publication.releases_folder).current()
    assert folder is not None
    return folder


def files(folder: Path) -> list[Path]:
    """Return the files of a release, but for empty ones and those of nobody's concern."""
    every = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size)
    return [path for path in every if path.name not in {"LOG", "LOCK"}]


def write(publication: Publication) -> None:
    publish(publication, [Put(THIRD, (Chunk(THIRD, b"<http://e/1> <http://e/p> <http://e/2> .\n"),))])


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_every_file_is_looked_at(contributed: Publication, damage: Damage) -> None:
    """Each is named; of those of a kind the first is verified with all that reads it, too (HAMKOR_WHOLE: each)."""
    folder, kinds = current(contributed), set[Path]()
    assert problems_of(folder) == ()
    for path in files(folder):
        aside = folder.parent / ".aside"
        path.rename(aside)
        path.write_bytes(aside.read_bytes())
        os.utime(path, ns=(aside.stat().st_atime_ns, aside.stat().st_mtime_ns))
        damage(path)
        named = path.relative_to(folder)
        assert str(named) in {name for name, _ in damaged(folder)}
        kind = named.with_name(NUMBER.sub("", named.name)) if len(named.parts) > 1 else named
        if kind not in kinds or WHOLE:
            assert problems_of(folder), path
        kinds.add(kind)
        aside.replace(path)
    assert problems_of(folder) == ()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_no_publish_carries_it_on(contributed: Publication, damage: Damage) -> None:
    folder = current(contributed)
    for path in files(folder):
        aside = folder.parent / ".aside"
        path.rename(aside)
        path.write_bytes(aside.read_bytes())
        damage(path)
        with pytest.raises(ReleaseError, match=r"hamkor (build|releases recover)"):
            write(contributed)
        aside.replace(path)
    write(contributed)
    assert problems_of(current(contributed)) == ()


def test_a_file_too_many_is_named(contributed: Publication) -> None:
    (current(contributed) / "store" / "999999.log").write_bytes(b"x")
    assert problems_of(current(contributed)) == ("store/999999.log is no file of this release",)


def test_a_download_that_is_not_as_it_was_made_is_named(contributed: Publication) -> None:
    folder = current(contributed) / "downloads"
    folder.mkdir()
    (folder / "dataset.ttl.gz").write_bytes(b"x")
    (folder / "dataset.ttl.gz.sha256").write_text("0" * 64)
    assert problems_of(folder.parent) == ("downloads/dataset.ttl.gz: the file is not the one that was made",)


def without_checksums(folder: Path) -> None:
    """Let a release be as an earlier version made it."""
    (folder / "checksums.json").unlink()
    write_manifest(msgspec.structs.replace(read_manifest(folder), checksums=False), folder)


@pytest.mark.parametrize(
    ("graph", "words"),
    [(None, "of the merge of all graphs"), (THIRD, f"of <{THIRD}>")],
    ids=["the merge", "a graph"],
)
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_the_store_holds_what_the_members_state(
    contributed: Publication, graph: str | None, words: str, step: int
) -> None:
    write(contributed)
    folder = current(contributed)
    without_checksums(folder)
    assert problems_of(folder) == ()
    store = ox.Store(str(folder / "store"))
    place = ox.NamedNode(graph) if graph else ox.DefaultGraph()
    quad = next(store.quads_for_pattern(None, None, None, place))
    if step < 1:
        store.remove(quad)
    if step > -1:
        store.add(ox.Quad(quad.subject, quad.predicate, ox.Literal("other"), place))
    store.flush()
    del store
    assert len(found := problems_of(folder)) == 1
    assert words in found[0]


def test_the_lexical_forms_are_those_of_the_members(contributed: Publication) -> None:
    folder = current(contributed)
    without_checksums(folder)
    notes = ox.Store(str(folder / "lexical"))
    notes.remove(next(iter(notes)))
    notes.flush()
    del notes
    assert [each[:17] for each in problems_of(folder)] == ["the lexical forms"]


def test_a_publish_reads_again_what_was_moved_and_is_the_same(contributed: Publication) -> None:
    for path in files(current(contributed)):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    write(contributed)
    assert problems_of(current(contributed)) == ()


def test_what_is_not_whole_is_built_anew(contributed: Publication) -> None:
    held = {each.iri: each.digest for each in current_release(contributed).manifest.graphs}
    (current(contributed) / "store" / "CURRENT").unlink()
    build(contributed)
    assert problems_of(current(contributed)) == ()
    after = {each.iri: each.digest for each in current_release(contributed).manifest.graphs}
    assert {iri for iri in held if held[iri] != after[iri]} <= {"https://w3id.org/hamkor/graph/catalog"}
