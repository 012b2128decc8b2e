"""Nothing is made where nobody can tell which release is current: what contributors wrote stands in releases only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from endpoint.cli import main
from graph.model.publication import Publication
from graph.releases.release import ReleasesFolder, current_release

BASE = "https://w3id.org/hamkor/"
OURS, THEIRS = f"{BASE}graph/ngo/a", f"{BASE}graph/ngo/b"
LINE = b"<http://e/1> <http://e/p> <http://e/2> .\n"

Fault = Callable[[ReleasesFolder], None]


def unlinked(releases: ReleasesFolder) -> None:
    (releases.path / "current").unlink()


def dangling(releases: ReleasesFolder) -> None:
    (releases.path / "current").unlink()
    (releases.path / "current").symlink_to("2999-01-01T000000Z-aaaaaaaa")


def copied(releases: ReleasesFolder) -> None:
    whole = releases.path.with_name("copied")
    subprocess.run(["cp", "-rL", str(releases.path), str(whole)], check=True)
    shutil.rmtree(releases.path)
    whole.rename(releases.path)


def copied_alone(releases: ReleasesFolder) -> None:
    current = releases.current()
    assert current is not None
    copied(releases)
    shutil.rmtree(releases.path / current.name)


def a_file(releases: ReleasesFolder) -> None:
    (releases.path / "current").unlink()
    (releases.path / "current").write_text("2999-01-01T000000Z-aaaaaaaa")


def cut(releases: ReleasesFolder) -> None:
    manifest = releases.path / "current" / "manifest.json"
    text = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(text[: len(text) // 2])


def cut_twice(releases: ReleasesFolder) -> None:
    cut(releases)
    (releases.path / "current" / "checksums.json").write_bytes(b"")


def marked(releases: ReleasesFolder) -> None:
    (releases.path / "current" / "uncommitted").touch()
    dangling(releases)


FAULTS = [unlinked, dangling, copied, copied_alone, a_file, cut, marked]
DAMAGED = [["graphs/*ngo-b*.nq.gz"], ["store/CURRENT"], ["search.sqlite", "report.ttl"], ["gone.tsv", "graphs/a.nq.gz"]]
COMMANDS = [
    ["build"],
    ["publish", "{file}", "--graph", "ngo/c"],
    ["withdraw", "--graph", "ngo/a"],
    ["releases", "prune", "--keep", "1"],
    ["withhold", "http://e/1"],
    ["query", "ASK {}"],
]


@pytest.fixture
def releases(contributed: Publication) -> ReleasesFolder:
    """Its releases."""
    return ReleasesFolder(contributed.releases_folder)


def hamkor(publication: Publication, *arguments: str) -> Result:
    """Return what a command says."""
    file = publication.root / "c.nt"
    file.write_bytes(LINE)
    words = [each.replace("{file}", str(file)) for each in arguments]
    return CliRunner().invoke(main, ["--publication", str(publication.root), *words], catch_exceptions=False)


def state(releases: ReleasesFolder) -> list[tuple[str, int]]:
    """Return every file, but for locks."""
    files = sorted(releases.path.rglob("*"))
    return [(str(each), each.lstat().st_ino) for each in files if each.name != ".lock"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.__name__)
def test_nothing_is_made_and_the_way_back_is_named(
    contributed: Publication, releases: ReleasesFolder, fault: Fault
) -> None:
    fault(releases)
    before = state(releases)
    for arguments in COMMANDS:
        answer = hamkor(contributed, *arguments)
        assert answer.exit_code == 2, answer.output
        assert "hamkor releases recover" in answer.stderr
    assert state(releases) == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.__name__)
def test_a_build_names_the_newest_whole_release_and_recovering_makes_it_current(
    contributed: Publication, releases: ReleasesFolder, fault: Fault
) -> None:
    ids = releases.ids()
    fault(releases)
    expected = ids[2]
    if fault is not copied_alone:
        assert (ids[1] if fault is cut else expected) in hamkor(contributed, "build").stderr
    before = state(releases)
    assert expected in hamkor(contributed, "releases", "recover", "--dry-run").output or fault is copied_alone
    assert state(releases) == before
    answer = hamkor(contributed, "releases", "recover")
    assert answer.exit_code == 0, answer.output
    assert (current := releases.current()) is not None
    assert current.name == expected
    held = {each.iri for each in current_release(contributed).manifest.graphs}
    assert {OURS, THEIRS} <= held
    assert hamkor(contributed, "build").exit_code == 0
    assert hamkor(contributed, "publish", "{file}", "--graph", "ngo/c").exit_code == 0


def test_what_a_release_has_lost_for_good_is_named(contributed: Publication, releases: ReleasesFolder) -> None:
    ids = releases.ids()
    cut_twice(releases)
    answer = hamkor(contributed, "releases", "recover")
    assert f"{ids[2]} is not whole" in answer.stderr
    assert answer.stdout == f"Current is {ids[1]}\n"


@pytest.mark.parametrize("damaged", DAMAGED, ids=",".join)
def test_what_is_damaged_is_made_anew_and_what_was_contributed_is_kept(
    contributed: Publication, releases: ReleasesFolder, damaged: list[str]
) -> None:
    before = {each.iri: each.digest for each in current_release(contributed).manifest.graphs}
    for pattern in damaged:
        for path in (releases.path / "current").glob(pattern):
            path.unlink()
    assert hamkor(contributed, "releases", "verify", "current").exit_code == 2
    assert hamkor(contributed, "releases", "prune", "--keep", "1").exit_code == 2
    command = ["build"] if len(damaged) == 1 else ["releases", "recover"]
    assert hamkor(contributed, *command).exit_code == 0
    assert hamkor(contributed, "releases", "verify", "current").exit_code == 0
    after = {each.iri: each.digest for each in current_release(contributed).manifest.graphs}
    assert {iri for iri in before if before[iri] != after[iri]} <= {f"{BASE}graph/catalog", f"{BASE}graph/provenance"}


def test_a_contributed_graph_that_is_nowhere_whole_stops_the_build(
    contributed: Publication, releases: ReleasesFolder
) -> None:
    for path in (releases.path / "current").glob("graphs/*ngo-b*.nq.gz"):
        path.unlink()
    (releases.path / "current" / "store" / "CURRENT").unlink()
    before = state(releases)
    answer = hamkor(contributed, "build")
    assert answer.exit_code == 2
    assert "is nowhere whole (hamkor restore" in answer.stderr
    assert state(releases) == before
    answer = hamkor(contributed, "releases", "recover")
    assert f"<{THEIRS}> was contributed and is not so in {releases.ids()[1]}" in answer.stderr
