"""The content digest: the same for the same set of triples on every machine, another for any change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.releases.digest import graph_digest, release_digest, sum_of, triple_hashes

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LINES = st.lists(st.binary(min_size=1, max_size=20), unique=True, max_size=30)
BUILD = """
import sys
from pathlib import Path
from graph.build import build
from graph.publication import open_publication
print(build(open_publication(Path(sys.argv[1]))).manifest.digest)
"""
FILES = {
    "ontology/terms.ttl": "@prefix owl: <http://www.w3.org/2002/07/owl#> . <http://e/p> owl:inverseOf <http://e/q> .",
    "data/a.ttl": "<http://e/a> <http://e/p> <http://e/b> , [ <http://e/p> [ <http://e/p> 1 , 01 , 1.0 ] ] .",
    "data/b.nq": "<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n_:a <http://e/p> _:b .\n",
}


def digest(lines: list[bytes]) -> str:
    return graph_digest(sum_of(triple_hashes(lines)), len(lines))


@given(LINES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_does_not_matter(lines: list[bytes], random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert digest(shuffled) == digest(lines)


@given(LINES, st.integers(0, 30))
@settings(deadline=None)
def test_parts_add_up(lines: list[bytes], border: int) -> None:
    lanes = sum_of(triple_hashes(lines[:border])) + sum_of(triple_hashes(lines[border:]))
    assert graph_digest(lanes, len(lines)) == digest(lines)


@given(LINES, LINES)
@settings(deadline=None)
def test_other_triples_have_another_digest(one: list[bytes], other: list[bytes]) -> None:
    assert (digest(one) == digest(other)) == (set(one) == set(other))


def test_a_triple_of_which_there_are_two_is_another_graph() -> None:
    assert digest([b"a", b"a"]) != digest([b"a"])


def test_no_triples_have_a_digest() -> None:
    assert len(digest([])) == 64


def test_the_digest_of_a_release_depends_on_names_and_contents_but_not_on_order() -> None:
    one = release_digest({"http://e/a": "1", "http://e/b": "2"})
    assert one == release_digest({"http://e/b": "2", "http://e/a": "1"})
    assert one != release_digest({"http://e/a": "2", "http://e/b": "1"})
    assert one != release_digest({"http://e/a": "1"})


def built(folder: Path, seed: str) -> str:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", BUILD, str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env=environment)
    return answer.stdout.strip()


def test_the_same_files_have_the_same_digest_in_every_folder_and_process(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "somewhere" / "else"
    other.parent.mkdir()
    assert built(one, "0") == built(other, "1")
