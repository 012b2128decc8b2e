"""``hamkor releases`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from writing import Write

from endpoint.cli import main
from graph.model.publication import Publication
from graph.pipeline.build import build
from graph.releases.release import ReleasesFolder
from graph.releases.verification import verify

Command = Callable[..., Result]
LINE = "<http://e/1> <http://e/p> <http://e/{}> .\n"


@pytest.fixture
def releases(after_builds: Callable[[int], Publication]) -> tuple[ReleasesFolder, Command]:
    """Three releases of a publication, and the command over it."""
    written = after_builds(3)

    def run(*arguments: str) -> Result:
        whole = ["--publication", str(written.root), "releases", *arguments]
        return CliRunner().invoke(main, whole, prog_name="hamkor", catch_exceptions=False)

    return ReleasesFolder(written.releases_folder), run


def test_the_list_is_newest_first_and_marks_the_current_one(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    lines = hamkor("list").stdout.splitlines()
    assert [line[2:26] for line in lines] == [each[:24] for each in reversed(folder.ids())]
    assert [line[0] for line in lines] == ["*", " ", " "]
    assert "triples" in lines[0]


def test_the_list_as_json(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    rows = json.loads(hamkor("list", "--json").stdout)
    assert [row["id"] for row in rows] == list(reversed(folder.ids()))
    assert [row["current"] for row in rows] == [True, False, False]
    assert rows[0]["parent"] == rows[1]["id"]


def test_show_names_the_graphs_of_the_current_release_or_another(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    assert "https://w3id.org/hamkor/graph/a" in hamkor("show").stdout
    assert hamkor("show", "parent").stdout.startswith(f"Release {folder.ids()[1]}")
    assert json.loads(hamkor("show", "parent", "--json").stdout)["id"] == folder.ids()[1]


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("patch", "A <http://e/1> <http://e/p> <http://e/2> <https://w3id.org/hamkor/graph/a> ."),
        ("patch", "D <http://e/1> <http://e/p> <http://e/1> <https://w3id.org/hamkor/graph/a> ."),
        ("added", "<http://e/1> <http://e/p> <http://e/2> <https://w3id.org/hamkor/graph/a> ."),
        ("removed", "<http://e/1> <http://e/p> <http://e/1> <https://w3id.org/hamkor/graph/a> ."),
        ("counts", "+1\t-1\thttps://w3id.org/hamkor/graph/a"),
    ],
)
def test_the_difference_of_two(releases: tuple[ReleasesFolder, Command], form: str, line: str) -> None:
    _, hamkor = releases
    assert line in hamkor("diff", "parent", "current", "--format", form).stdout.splitlines()


def test_a_roll_back_says_how_to_undo_it(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    before = folder.ids()[2]
    said = hamkor("rollback", "parent").stdout
    assert (current := folder.current()) is not None
    assert current.name == folder.ids()[1]
    assert said.split("To undo: ")[1].split() == ["hamkor", "releases", "rollback", before]
    assert "rolled back" in hamkor("list").stderr


def test_prune_tells_what_was_removed(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    first, second, third = folder.ids()
    said = hamkor("prune", "--keep", "1").stdout.splitlines()
    assert said[:2] == [f"removed {first}", f"removed {second}"]
    assert said[2].startswith("2 removed, ")
    assert folder.ids() == (third,)


def test_verify_reads_all_and_names_what_is_broken(releases: tuple[ReleasesFolder, Command]) -> None:
    folder, hamkor = releases
    assert [line.endswith(": whole") for line in hamkor("verify").stdout.splitlines()] == [True] * 3
    member = folder.path / folder.ids()[0] / "graphs" / "a.nq.gz"
    member.write_bytes(member.read_bytes()[:-4])
    answer = hamkor("verify")
    assert answer.exit_code == 2
    assert "graphs/a.nq.gz" in answer.stdout
    assert hamkor("verify", "current").exit_code == 0


@pytest.mark.parametrize("broken", ["graphs/a.nq.gz", "report.ttl", "store"])
def test_whatever_is_missing_is_noticed(publication: Write, broken: str) -> None:
    release = build(publication({"data/a.nt": LINE.format(1)}))
    (release.folder / broken).rename(release.folder / "elsewhere")
    assert verify(release)


def test_content_that_is_not_what_the_manifest_says_is_noticed(publication: Write) -> None:
    release = build(publication({"data/a.nt": LINE.format(1), "data/b.nt": LINE.format(2)}))
    (release.folder / "graphs" / "b.nq.gz").replace(release.folder / "graphs" / "a.nq.gz")
    assert len(verify(release)) >= 2


@pytest.mark.parametrize("arguments", [("show", "2999"), ("diff", "current", "x"), ("rollback", "current")])
def test_what_cannot_be_done_is_one_line(releases: tuple[ReleasesFolder, Command], arguments: tuple[str, ...]) -> None:
    _, hamkor = releases
    answer = hamkor(*arguments)
    assert answer.exit_code == 2
    assert answer.stderr.startswith("hamkor: ")
    assert answer.stderr.count("\n") == 1


def test_where_there_is_no_release_the_list_says_how_to_make_one(publication: Write) -> None:
    whole = ["--publication", str(publication({"data/a.nt": LINE.format(1)}).root), "releases", "list"]
    answer = CliRunner().invoke(main, whole, prog_name="hamkor")
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    assert "hamkor build" in answer.stderr
    assert CliRunner().invoke(main, [*whole, "--json"], prog_name="hamkor").stdout == "[]\n"
