"""Where answers are written: small ones in memory, large ones in a file of the worker's, too large ones nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.query.engine import KEPT_BYTES, ResultTooLargeError, Spool, remove_left, taken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "holder").mkdir()
    return tmp_path / "holder"


@pytest.mark.parametrize("size", [0, 1, KEPT_BYTES])
def test_a_small_answer_stays_in_memory(folder: Path, size: int) -> None:
    spool = Spool(folder, 1 << 20)
    spool.write(b"x" * size)
    spool.close()
    assert (spool.path, spool.body(), spool.size) == (None, b"x" * size, size)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("piece", [1000, KEPT_BYTES + 1, 3 * KEPT_BYTES])
def test_a_large_answer_is_a_file_with_every_byte_in_order(folder: Path, piece: int) -> None:
    whole = os.urandom(3 * KEPT_BYTES)
    spool = Spool(folder, len(whole))
    for start in range(0, len(whole), piece):
        assert spool.write(whole[start : start + piece]) == len(whole[start : start + piece])
    spool.flush()
    spool.close()
    assert spool.path is not None
    assert spool.path.read_bytes() == whole
    assert (spool.body(), spool.size) == (b"", len(whole))


@pytest.mark.parametrize("limit", [10, KEPT_BYTES + 10])
def test_an_answer_beyond_the_limit_is_an_error(folder: Path, limit: int) -> None:
    spool = Spool(folder, limit)
    spool.write(b"x" * limit)
    with pytest.raises(ResultTooLargeError):
        spool.write(b"x")
    spool.discard()
    assert not list(folder.iterdir())


def test_the_engine_passes_the_error_on(folder: Path) -> None:
    found = ox.Store().query("SELECT * { VALUES ?x { " + "'some text' " * 100 + "} }")
    assert isinstance(found, ox.QuerySolutions)
    with pytest.raises(ResultTooLargeError):
        found.serialize(Spool(folder, 100), format=ox.QueryResultsFormat.CSV)  # type: ignore[arg-type]


def test_no_descriptor_stays_open(folder: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for ending in (Spool.close, Spool.discard):
        spool = Spool(folder, 1 << 20)
        spool.write(b"x" * (KEPT_BYTES + 1))
        ending(spool)
        ending(spool)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_taken_file_outlives_its_worker(folder: Path) -> None:
    mine, other = folder / f"{os.getpid()}-a", folder / f"{os.getpid()}-b"
    mine.write_bytes(b"whole")
    other.write_bytes(b"half")
    kept = taken(mine)
    remove_left(folder, os.getpid())
    assert kept.read_bytes() == b"whole"
    assert not list(folder.iterdir())


def test_a_worker_s_end_leaves_the_files_of_others(folder: Path) -> None:
    (folder / "12-a").touch()
    (folder / "123-a").touch()
    remove_left(folder, 12)
    assert [each.name for each in folder.iterdir()] == ["123-a"]


def test_what_has_been_removed_cannot_be_taken(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        taken(folder / "12-a")
