"""The store of a release: named graphs as they are, and their merge, a set, as the default graph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.errors import ReleaseError
from graph.releases import store as index_module
from graph.releases.store import Index
from graph.sources.batches import Chunk


def line(number: int) -> bytes:
    return f"<http://e/{number}> <http://e/p> <http://e/b> .\n".encode()


def filled(folder: Path, chunks: Iterable[Chunk]) -> ox.Store:
    with Index(folder) as index:
        for chunk in chunks:
            index.add(chunk)
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


def test_batches_and_the_bulk_loader_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [Chunk(f"http://e/g{n % 3}", b"".join(line(m) for m in range(n, n + 20))) for n in range(0, 100, 5)]
    small = set(filled(tmp_path / "small", chunks))
    monkeypatch.setattr(index_module, "BATCH_BYTES", 2000)
    monkeypatch.setattr(index_module, "SMALL_BYTES", 100)
    assert set(filled(tmp_path / "bulk", chunks)) == small


def test_what_was_added_is_there_after_a_flush(tmp_path: Path) -> None:
    with Index(tmp_path / "store") as index:
        index.add(THREE[0])
        index.flush()
        assert len(index.store) == 4
        index.add(THREE[1])
    assert len(ox.Store.read_only(str(tmp_path / "store"))) == 7


def test_the_store_is_closed_at_the_end_and_its_folder_at_rest(tmp_path: Path) -> None:
    with Index(tmp_path / "store") as index:
        index.add(THREE[0])
    ox.Store(tmp_path / "store").flush()  # the lock is free


def test_the_store_is_closed_after_an_error(tmp_path: Path) -> None:
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
