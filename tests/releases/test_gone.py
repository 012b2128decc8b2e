"""What is gone: known from one small file, whatever came and went in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.releases.history import DifferencePart
from graph.releases.own_iris import GONE_FILE, Gone, GoneChange, write_gone, write_rows

BASE = "https://e.example/"
WORDS = st.text("abcé/~", min_size=1, max_size=6)


def line(subject: str, value: str) -> bytes:
    return f"<{BASE}{subject}> <http://e/p> {value} .".encode()


@given(st.dictionaries(WORDS, st.text("0123", max_size=3), max_size=40), WORDS)
def test_a_look_up_finds_what_is_in_the_file_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str], other: str
) -> None:
    path = tmp_path_factory.mktemp("gone") / GONE_FILE
    write_rows(path, ((iri.encode(), release.encode()) for iri, release in rows.items()))
    gone = Gone.read(path)
    assert {iri: gone.last_release(iri) for iri in rows} == rows
    assert (other in gone) == (other in rows)
    assert dict(gone.rows()) == {iri.encode(): release.encode() for iri, release in rows.items()}


def test_subjects_and_objects_below_the_base_count_and_nothing_else() -> None:
    lines = (
        line("s", f"<{BASE}o>"), line("s2", f'"<{BASE}text> x"@en'), line("s3", "<http://elsewhere/>"),
        line(".well-known/genid/1", f"<{BASE}.well-known/genid/2>"), f"<http://e/1> <{BASE}p> <http://e/2> .".encode(),
        line("s4", f'"5"^^<{BASE}type>'),
    )  # fmt: skip
    found = GoneChange.of([DifferencePart("g", False, lines)], BASE)
    assert found.left == {f"{BASE}{name}".encode() for name in ("s", "o", "s2", "s3", "s4")}
    assert not found.back


def after(parent: Path | None, folder: Path, left: set[str], back: set[str], described: set[str]) -> Gone:
    folder.mkdir()
    change = GoneChange(frozenset(each.encode() for each in left), frozenset(each.encode() for each in back))
    write_gone(folder, parent, change, (), described.__contains__)
    return Gone.read(folder / GONE_FILE)


def test_things_go_stay_gone_and_come_back(tmp_path: Path) -> None:
    first = after(None, tmp_path / "1", set(), set(), set())
    assert list(first.rows()) == []
    second = after(tmp_path / "1", tmp_path / "2", {"a", "b", "c"}, set(), {"c"})
    assert [second.last_release(each) for each in "abc"] == ["1", "1", None]
    third = after(tmp_path / "2", tmp_path / "3", set(), {"x"}, set())
    assert dict(third.rows()) == dict(second.rows())
    assert (tmp_path / "3" / GONE_FILE).samefile(tmp_path / "2" / GONE_FILE)
    fourth = after(tmp_path / "3", tmp_path / "4", {"d"}, {"a"}, set())
    assert dict(fourth.rows()) == {b"b": b"1", b"d": b"3"}
