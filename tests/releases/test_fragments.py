"""Which things below the base are named by a fragment (test_publish_equals_build: changes keep them up)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writing import Write

from graph.pipeline.build import build
from graph.releases.index_loading import LITTLE
from graph.releases.own_iris import FRAGMENTS_FILE, Fragments, stated_in

BASE = "https://e.org/"


@given(
    st.sets(st.tuples(st.sampled_from(["a", "a/b", "ab", "б"]), st.text("xyz#é", max_size=3))), st.sampled_from("abб")
)
def test_a_document_finds_its_own(things: set[tuple[str, str]], document: str) -> None:
    iris = sorted(f"{BASE}{name}#{fragment}".encode() for name, fragment in things)
    found = Fragments(b"".join(each + b"\n" for each in iris))
    own = sorted((f"{BASE}{name}#{rest}" for name, rest in things if name == document), key=str.encode)
    assert found.of(BASE + document, 100) == own
    assert (BASE + document in found) is bool(own)


def test_only_subjects_below_the_base_count() -> None:
    lines = f'<{BASE}a#1> <{BASE}p#2> <{BASE}b#3> .\n<http://other/#4> <{BASE}p> "<{BASE}c#5> " .\n'
    lines += f'<{BASE}d> <{BASE}p> "#" .'
    assert stated_in([lines.encode()], BASE) == {f"{BASE}a#1".encode()}


@pytest.mark.parametrize("little", [LITTLE, 0])
def test_a_build_finds_them_in_the_files_or_in_the_index(
    publication: Write, monkeypatch: pytest.MonkeyPatch, little: int
) -> None:
    monkeypatch.setattr("graph.releases.release_builder.LITTLE", little)
    stated = "<ns#a> <p#1> <ns#b> ; <p> <other/#c> . <other/x#é> a <t> . <x> <p> 'ns#d' . <http://e.org/#f> <p> <x> ."
    ontology = "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . <p> rdfs:range <ns#K> ; rdfs:domain <ns#L> ."
    release = build(publication({"data/a.ttl": stated, "ontology/o.ttl": ontology}))
    base = release.manifest.base
    expected = sorted(f"{base}{name}" for name in ("ns#a", "other/x#é"))
    assert (release.folder / FRAGMENTS_FILE).read_text("utf-8").splitlines() == expected
