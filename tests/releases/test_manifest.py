"""The manifest: written and read back, and an error that says which one and what to do."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from graph.model.errors import ReleaseError
from graph.releases.manifest import GraphEntry, Manifest, read_manifest, write_manifest

MANIFEST = Manifest(
    id="2026-01-02T030405Z-0123abcd",
    created="2026-01-02T03:04:05Z",
    parent=None,
    base="https://example.org/",
    digest="0123abcd",
    fingerprint="f",
    triples=3,
    quads=4,
    graphs=(GraphEntry("https://example.org/graph/дети", "graphs/a.nq.gz", 4, "d", "s", 17),),
    shared={},
    sources={"data/дети.ttl": ("https://example.org/graph/дети",)},
    warnings=0,
    tools={"hamkor": "0.1.0"},
)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write_manifest(MANIFEST, tmp_path)
    assert read_manifest(tmp_path) == MANIFEST


def test_it_is_json_that_people_can_read(tmp_path: Path) -> None:
    write_manifest(MANIFEST, tmp_path)
    text = (tmp_path / "manifest.json").read_text(encoding="utf-8")
    assert '"id": "2026-01-02T030405Z-0123abcd"' in text
    assert "data/дети.ttl" in text
    assert text.endswith("}\n")


def test_unknown_keys_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    content = {**msgspec.to_builtins(MANIFEST), "later": 1}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(content))
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize("content", [None, b"", b"{", b"{}", b'{"id": 1}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "2026-01-02T030405Z-0123abcd"
    folder.mkdir()
    if content is not None:
        (folder / "manifest.json").write_bytes(content)
    with pytest.raises(
        ReleaseError, match=r"2026-01-02T030405Z-0123abcd: the manifest cannot be read.*hamkor releases recover"
    ):
        read_manifest(folder)
