"""The store of a release: named graphs as they are, and their merge, a set, as the default graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.errors import ReleaseError, Sentence
from graph.releases import store as index_module
from graph.releases.store import Index
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
from graph.releases.store import Index
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
