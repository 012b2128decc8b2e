"""Packed sources: what they hold, and within which bounds."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from graph.model.errors import SourceError
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.sources.reader import read_source

LINE = b"<http://e/a> <http://e/p> <http://e/b> .\n"
PACKED = {"a.nt.gz": gzip.compress, "a.nt.zst": zstandard.compress}
FRAMES = zstandard.ZstdCompressor(write_content_size=False)


def read(path: Path, content: bytes, most_mb: int = 1) -> bytes:
    path.write_bytes(content)
    source = SourceFile(path, path.name, "data", "http://e/g")
    limits = LimitSettings(unpacked_mb=most_mb)
    return b"".join(each.triples for each in read_source(source, base="http://e/", limits=limits))


@pytest.mark.parametrize("name", PACKED)
def test_several_members_are_one_file(tmp_path: Path, name: str) -> None:
    pack = PACKED[name]
    assert read(tmp_path / name, pack(LINE) + pack(LINE.replace(b"/b", b"/c"))).count(b"\n") == 2


@pytest.mark.parametrize("name", PACKED)
def test_what_grows_without_end_is_refused_within_memory(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"unpacked, it is more than 1 MiB \(divide it, or raise limits\.unpacked_mb"):
        read(tmp_path / name, PACKED[name](b" " * 30_000_000))


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("cut", [-1, -5, 10])
def test_a_file_that_breaks_off_is_an_error(tmp_path: Path, name: str, cut: int) -> None:
    with pytest.raises(SourceError, match=f"{name}: (the file breaks off|it is no)"):
        read(tmp_path / name, PACKED[name](LINE)[:cut])


@pytest.mark.parametrize("name", PACKED)
def test_what_is_not_packed_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=f"{name}: it is no (gzip|zstd) file"):
        read(tmp_path / name, LINE)


@pytest.mark.parametrize("name", PACKED)
def test_an_error_names_the_line_of_what_is_packed(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=f"{name}:2:"):
        read(tmp_path / name, PACKED[name](LINE + b"what\n"))


def test_the_rows_of_tables_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    found = set()
    for inner in ("t.csv", "x/t.csv"):
        path = tmp_path / inner
        path.parent.mkdir(exist_ok=True)
        path.write_text("a\n1\n")
        path.with_name("t.csv-metadata.json").write_text('{"@context": "http://www.w3.org/ns/csvw", "url": "t.csv"}')
        source = SourceFile(path, f"data/{inner}", "data", "http://e/g", inner=inner)
        found |= {each.triples for each in read_source(source, base="http://e/", limits=LimitSettings())}
    assert len(found) == 2
