"""Kept queries: one name for one query of one release, on a bounded shelf."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph.model.errors import QueryLimitError, ReleaseError
from graph.query import saved_queries
from graph.query.saved_queries import KeptQuery, kept_query, name_of

QUERY, RELEASE = "SELECT * { ?s ?p ?o }", "2026-11-22T170525Z-3f9a1c07"


def keep(folder: Path, text: str, release: str, most_mb: float = 64) -> KeptQuery:
    return saved_queries.keep(folder, text, release, most_mb)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    found = keep(tmp_path, QUERY, RELEASE)
    assert kept_query(tmp_path, found.name) == found
    assert (found.text, found.release) == (QUERY, RELEASE)


def test_a_name_is_short_and_the_same_everywhere() -> None:
    assert name_of(QUERY, RELEASE) == name_of(QUERY, RELEASE)
    assert len(name_of(QUERY, RELEASE)) == 12
    assert name_of(QUERY, RELEASE).isalnum()


def test_another_release_is_another_name() -> None:
    assert name_of(QUERY, RELEASE) != name_of(QUERY, RELEASE.replace("3f", "40"))


def test_keeping_it_twice_changes_nothing(tmp_path: Path) -> None:
    assert keep(tmp_path, QUERY, RELEASE) == keep(tmp_path, QUERY, RELEASE)


def test_many_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(lambda n: keep(tmp_path, f"ASK {{ <x:{n}> ?p ?o }}", RELEASE).name, range(40)))
    assert all(kept_query(tmp_path, name) for name in names)


@pytest.mark.parametrize("name", ["", "nothing", "a' OR 1=1", "../../etc/passwd"])
def test_an_unknown_name_is_none(tmp_path: Path, name: str) -> None:
    assert kept_query(tmp_path, name) is None
    keep(tmp_path, QUERY, RELEASE)
    assert kept_query(tmp_path, name) is None


def test_a_long_query_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryLimitError, match="characters"):
        keep(tmp_path, "#" * 20_001, RELEASE)


def test_a_full_shelf_takes_new_ones_and_keeps_what_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = keep(tmp_path, QUERY, RELEASE)
    monkeypatch.setattr(saved_queries, "_today", lambda: 30_000)
    assert kept_query(tmp_path, old.name) == old
    for number in range(300):
        last = keep(tmp_path, f"ASK {{ <x:{number}> ?p '{'x' * 10_000}' }}", RELEASE, 1)
    assert kept_query(tmp_path, old.name) == old
    assert kept_query(tmp_path, last.name) == last
    assert (tmp_path / saved_queries.FILE).stat().st_size <= 1 << 20


def test_a_shelf_of_before_is_read_and_goes_on(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / saved_queries.FILE) as shelf:
        shelf.execute(saved_queries.TABLE)
        shelf.execute("INSERT INTO kept VALUES (?, ?, ?)", (name_of(QUERY, RELEASE), RELEASE, QUERY))
    assert kept_query(tmp_path, name_of(QUERY, RELEASE)) == KeptQuery(name_of(QUERY, RELEASE), QUERY, RELEASE)
    assert keep(tmp_path, "ASK {}", RELEASE).text == "ASK {}"


def test_a_folder_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="could not be kept"):
        keep(tmp_path / "file", QUERY, RELEASE)
