"""The store of a release: named graphs as they are, and their merge, a set, as the default graph."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import pyoxigraph as ox
import pytest

from graph.model.errors import ReleaseError, Sentence
from graph.releases import store as index_module
from graph.releases.store import Checkpoint, Index, copy_store
from graph.sources.batches import Chunk


def line(number: int) -> bytes:
    return f"<http://e/{number}> <http://e/p> <http://e/b> .\n".encode()


def filled(folder: Path, chunks: Sequence[Chunk]) -> ox.Store:
    with Index(folder) as index:
        for chunk in chunks:
            index.add(chunk)
        index.merge(chunks)
    return ox.Store.read_only(str(folder))


def count(store: ox.Store, pattern: str) -> int:
    answer = store.query(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
    assert isinstance(answer, ox.QuerySolutions)
    return int(next(answer)["n"].value)


THREE = [Chunk(f"http://e/g{number}", line(1) + line(10 + number)) for number in range(3)]


def test_a_triple_in_three_graphs_counts_once_without_a_dataset(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", THREE)
    assert count(store, "<http://e/1> ?p ?o") == 1
    assert count(store, "?s ?p ?o") == 4
    assert count(store, "<http://e/1> ?p ?o . <http://e/1> ?q ?o") == 1


def test_and_three_times_over_the_graphs(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", THREE)
    assert count(store, "GRAPH ?g { <http://e/1> ?p ?o }") == 3
    assert count(store, "GRAPH <http://e/g2> { ?s ?p ?o }") == 2


def test_what_is_inserted_and_what_is_loaded_in_bulk_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [Chunk(f"http://e/g{n % 3}", b"".join(line(m) for m in range(n, n + 20))) for n in range(0, 100, 5)]
    small = set(filled(tmp_path / "small", chunks))
    monkeypatch.setattr(index_module, "SMALL_BYTES", 100)
    assert set(filled(tmp_path / "bulk", chunks)) == small


def test_what_was_added_is_there_after_a_flush(tmp_path: Path) -> None:
    with Index(tmp_path / "store") as index:
        index.add(THREE[0])
        index.flush()
        assert len(index.store) == 2
        index.add(THREE[1])
    assert len(ox.Store.read_only(str(tmp_path / "store"))) == 4


def test_what_was_added_before_a_merge_and_after_it_is_in_its_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SMALL_BYTES", 100)
    with Index(tmp_path / "store") as index:
        index.add(THREE[0])
        index.merge(THREE)
        index.add(THREE[1])
        index.add(THREE[2])
    store = ox.Store.read_only(str(tmp_path / "store"))
    assert count(store, "GRAPH ?g { ?s ?p ?o }") == 6
    assert count(store, "?s ?p ?o") == 4


def test_up_to_a_million_triples_are_one_file_for_each_order(tmp_path: Path) -> None:
    chunks = [Chunk("http://e/g", b"".join(line(m) for m in range(n, n + 20_000))) for n in range(0, 120_000, 20_000)]
    with Index(tmp_path / "store") as index:
        for chunk in chunks:
            index.add(chunk)
        index.merge(chunks)
        index.flush()
        files = [path.stat().st_size for path in (tmp_path / "store").glob("*.sst")]
    assert sum(size > 100_000 for size in files) == 3 + 6 + 2  # those of the merge, of the graphs, and of the terms


def test_the_store_is_closed_at_the_end_and_its_folder_at_rest(tmp_path: Path) -> None:
    with Index(tmp_path / "store") as index:
        index.add(THREE[0])
    ox.Store(tmp_path / "store").flush()  # the lock is free


@pytest.mark.parametrize("small", [1 << 20, 10], ids=["inserted", "loaded in bulk"])
def test_the_store_is_closed_after_an_error_and_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(index_module, "SMALL_BYTES", small)

    def fail() -> None:
        with Index(tmp_path / "store") as index:
            index.add(THREE[0])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not len(ox.Store(tmp_path / "store"))


def test_a_store_that_cannot_be_made_is_an_error_with_its_cause(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    with pytest.raises((ReleaseError, OSError)):
        Index(tmp_path / "store")


def test_what_a_merge_cannot_read_is_said_by_the_flush(tmp_path: Path) -> None:
    def unreadable() -> Iterator[Chunk]:
        yield THREE[0]
        raise ReleaseError(Sentence("the graph file is gone"))

    def fill() -> None:
        with Index(tmp_path / "store") as index:
            index.add(THREE[0])
            index.merge(unreadable())

    with pytest.raises(ReleaseError, match="the graph file is gone"):
        fill()
    ox.Store(tmp_path / "store").flush()  # the lock is free


FULL = """
import resource, sys
from pathlib import Path
from graph.model.errors import StorageError
from graph.releases.store import Checkpoint, Index, copy_store
from graph.sources.batches import Chunk
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
text = b"".join(b"<http://e/%d> <http://e/p> <http://e/%x> .\\n" % (n, n * 7919) for n in range(100_000))
try:
    with Index(Path(sys.argv[1])) as index:
        index.add(Chunk("http://e/g", text))
        index.add(Chunk("http://e/h", text))
except StorageError as problem:
    print(problem)
"""


def test_a_loader_that_cannot_write_says_so_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "store")], capture_output=True, text=True, timeout=60, check=True
    )
    assert "the store could not be written" in done.stdout


def quads(numbers: Iterable[int]) -> set[ox.Quad]:
    """Quads of two graphs, with strings as long as to be seen in a log."""
    node, where = ox.NamedNode("http://e/p"), [ox.DefaultGraph(), ox.NamedNode("http://e/g0")]
    return {ox.Quad(node, node, ox.Literal(f"{n}" * 100), graph) for n in numbers for graph in where}


def changed(source: Path, come: set[ox.Quad], gone: set[ox.Quad]) -> Path:
    """Write into a copy of a store; return its folder."""
    folder = source.parent / f"{source.name}x"
    with Checkpoint(source, folder) as copy:
        for quad in gone:
            copy.store.remove(quad)
        copy.store.extend(come)
        witness = min(come or gone, key=str)
        copy.keep(witness, {quad.triple for quad in come | gone}, is_there=bool(come))
    return folder


def logged(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.log"))


@pytest.mark.parametrize(("of_one", "of_all"), [(1 << 20, 1 << 20), (4000, 1 << 20), (4000, 12_000), (0, 0)])
def test_a_store_follows_changes_whatever_becomes_of_its_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_one: int, of_all: int
) -> None:
    monkeypatch.setattr(index_module, "LONGEST_LOG", of_one)
    monkeypatch.setattr(index_module, "LONGEST_LOGS", of_all)
    choose = Random(1)  # noqa: S311  nothing here is secret
    filled(tmp_path / "s", [])
    folder, held = tmp_path / "s", set[ox.Quad]()
    for _ in range(6):
        some = quads(choose.sample(range(12), 4))
        folder, held = changed(folder, some - held, some & held), held ^ some
        assert {*ox.Store.read_only(str(folder))} == held
        assert logged(folder) <= max(of_all, 9000)


def test_what_one_change_adds_and_the_next_removes_is_in_no_log(tmp_path: Path) -> None:
    filled(tmp_path / "s", [])
    folder, sizes = tmp_path / "s", list[int]()
    for turn in range(4):
        folder = changed(folder, quads([turn]), quads([turn - 1] if turn else []))
        sizes.append(logged(folder))
    assert len({*sizes}) == 1


def test_a_log_that_another_version_has_added_is_not_lost(tmp_path: Path) -> None:
    """It knows nothing of the file beside the logs, and takes it along."""
    filled(tmp_path / "s", [])
    one = changed(tmp_path / "s", quads([1]), set())
    two, work = tmp_path / "two", tmp_path / "work"
    copy_store(one, work)
    before = {*work.glob("*.log")}
    ox.Store(work).extend(quads([2]))
    copy_store(one, two)
    for log in {*work.glob("*.log")} - before:
        shutil.copy(log, two)
    three = changed(two, quads([3]), quads([1]))
    assert {*ox.Store.read_only(str(three))} == quads([2, 3])
    assert {*ox.Store.read_only(str(changed(three, quads([4]), quads([3]))))} == quads([2, 4])
