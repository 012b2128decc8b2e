"""The content digest: the same for the same set of triples on every machine, another for any change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.releases.manifest import graph_digest, release_digest, sum_of, triple_hashes
from graph.releases.release import Release

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LINES = st.lists(st.binary(min_size=1, max_size=20), unique=True, max_size=30)
BUILD = """
import sys
from pathlib import Path
from graph.pipeline.build import build
from graph.model.publication import open_publication
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


MACHINES: dict[str, tuple[dict[str, str], int]] = {
    "one": ({"PYTHONHASHSEED": "0", "TZ": "Asia/Tashkent", "LC_ALL": "C.UTF-8", "LANG": "ru_RU.UTF-8"}, 0o022),
    "other": (
        {
            "PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0", "SOURCE_DATE_EPOCH": "0", "COLUMNS": "20",
        },
        0o077,
    ),
}  # fmt: skip
"""What differs from machine to machine: seed of hashes, time zone, locale (texts are ASCII by default), permissions."""


def built(folder: Path, machine: str) -> str:
    environment, umask = MACHINES[machine]
    command = [sys.executable, "-c", BUILD, str(folder)]
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env={**os.environ, **environment},
        umask=umask,
    )  # fmt: skip
    return answer.stdout.strip()


def written(folder: Path, files: dict[str, bytes], *, is_reversed: bool = False) -> Path:
    """Files in a new folder, the last of them first if so wished, as old as the order says."""
    for place, (name, content) in enumerate(sorted(files.items(), reverse=is_reversed)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        os.utime(folder / name, (place * 86_400, place * 86_400))
    return folder


def test_the_same_files_have_the_same_digest_in_every_folder_and_process(tmp_path: Path) -> None:
    files = {name: content.encode() for name, content in FILES.items()}
    one, other = tmp_path / "one", tmp_path / "somewhere" / "else"
    assert built(written(one, files), "one") == built(written(other, files, is_reversed=True), "other")


def test_the_flagship_has_the_same_digest_on_another_machine(tmp_path: Path, flagship_release: Release) -> None:
    """As near to another machine as one comes here: another time zone, locale, folder, order and age of files."""
    parts = (REPOSITORY / part for part in ("ontology", "shapes", "data"))
    paths = [REPOSITORY / "hamkor.toml", *(path for part in parts for path in part.rglob("*") if path.is_file())]
    files = {str(path.relative_to(REPOSITORY)): path.read_bytes() for path in paths}
    folder = written(tmp_path / "Ўзбекистон 2" / "x", files, is_reversed=True)
    assert built(folder, "other") == flagship_release.manifest.digest
