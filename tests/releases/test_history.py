"""The history of a publication: ids in short, what was current when, roll-back, and pruning that harms no reader."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.errors import BusyError, ReleaseError
from graph.model.publication import Publication
from graph.releases.history import LOG_FILE, History
from graph.releases.manifest import read_manifest
from graph.releases.release import ReleasesFolder, open_release
from graph.releases.verification import disk_given_back, prune

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def releases(after_builds: Callable[[int], Publication]) -> ReleasesFolder:
    """Four releases; the last is the current one."""
    return ReleasesFolder(after_builds(4).releases_folder)


def test_a_release_is_found_by_its_id_the_beginning_of_it_or_a_word(releases: ReleasesFolder) -> None:
    history, ids = History(releases), releases.ids()
    assert history.find(ids[0]).name == ids[0]
    assert history.find(ids[0][:-3]).name == ids[0]
    assert history.find("current").name == ids[3]
    assert history.find("parent").name == ids[2]


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("2", "may be any of .* \\(write more"),
        ("3999", "no release '3999'"),
        ("", "no release"),
        ("../x", "no release"),
    ],
)
def test_a_word_that_means_no_release_or_several_is_refused(releases: ReleasesFolder, word: str, problem: str) -> None:
    with pytest.raises(ReleaseError, match=problem):
        History(releases).find(word)


def test_the_parent_of_the_first_one_is_none(releases: ReleasesFolder) -> None:
    releases.make_current(releases.ids()[0])
    with pytest.raises(ReleaseError, match="has no parent"):
        History(releases).find("parent")


def test_before_the_first_release_there_is_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="run hamkor build"):
        History(ReleasesFolder(tmp_path)).find("current")
    with pytest.raises(ReleaseError, match="run hamkor build"):
        History(ReleasesFolder(tmp_path)).at(datetime.now(UTC))


def test_a_roll_back_says_what_was_current_and_that_undoes_it(releases: ReleasesFolder) -> None:
    first, *_, last = releases.ids()
    assert History(releases).roll_back(first) == last
    assert History(releases).current == first
    assert History(releases).roll_back(last) == first
    assert History(releases).current == last


def test_a_roll_back_to_the_current_release_or_to_none_changes_nothing(releases: ReleasesFolder) -> None:
    history, last = History(releases), releases.ids()[-1]
    for wrong in (last, "2011-01-01T000000Z-00000000"):
        with pytest.raises(ReleaseError):
            history.roll_back(wrong)
    assert history.current == last
    assert not (releases.path / LOG_FILE).exists()


def test_a_roll_back_waits_for_no_writer(releases: ReleasesFolder) -> None:
    with releases.writing(), pytest.raises(BusyError):
        History(releases).roll_back(releases.ids()[0])


def test_what_was_current_at_a_time_is_known_roll_backs_included(releases: ReleasesFolder) -> None:
    times = [datetime.fromisoformat(read_manifest(releases.path / each).created) for each in releases.ids()]
    history, second = History(releases), timedelta(seconds=1)
    assert history.at(times[0] - second * 100) == releases.ids()[0]
    assert [history.at(each) for each in times] == list(releases.ids())
    assert history.at(times[1] + second / 2) == releases.ids()[1]
    assert history.at(times[3] + second * 100) == releases.ids()[3]
    later = times[3] + second * 50
    line = f'{{"time":"{later.isoformat()}","current":"{releases.ids()[1]}","before":"x"}}\nhalf a li'
    (releases.path / LOG_FILE).write_text(line)
    assert History(releases).at(later - second) == releases.ids()[3]
    assert History(releases).at(later) == releases.ids()[1]


def test_a_release_that_cannot_be_read_is_passed_over(releases: ReleasesFolder) -> None:
    (releases.path / releases.ids()[0] / "manifest.json").write_text("{}")
    assert [each.id for each in History(releases).manifests] == list(releases.ids()[1:])


def test_pruning_keeps_the_newest_and_the_current_one(releases: ReleasesFolder) -> None:
    first, second, third, last = releases.ids()
    History(releases).roll_back(first)
    done = prune(releases, 1)
    assert done.removed == (second, third)
    assert releases.ids() == (first, last)
    assert open_release(releases.path / first).store


def test_pruning_says_how_much_of_the_disk_came_back(releases: ReleasesFolder) -> None:
    old = [releases.path / each for each in releases.ids()[:3]]
    wanted = disk_given_back(old)
    done = prune(releases, 1)
    assert done.freed == wanted > 0
    assert prune(releases, 1).freed == 0


def test_what_is_linked_elsewhere_is_not_given_back(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x" * 10_000)
    (tmp_path / "b" / "file").hardlink_to(tmp_path / "a" / "file")
    assert disk_given_back([tmp_path / "a"]) == 0
    assert disk_given_back([tmp_path / "a", tmp_path / "b"]) >= 10_000


def test_a_release_that_somebody_reads_is_not_pruned(releases: ReleasesFolder) -> None:
    first, second, third, _ = releases.ids()
    reader = open_release(releases.path / first)
    program = (
        "import sys; from pathlib import Path; from graph.releases.release import open_release\n"
        "release = open_release(Path(sys.argv[1])); print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(releases.path / second)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=REPOSITORY) as other:
        assert other.stdout is not None
        other.stdout.readline()
        done = prune(releases, 1)
        other.kill()
    assert (done.removed, done.held) == ((third,), (first, second))
    assert list(reader.store.quads_for_pattern(None, None, ox.NamedNode("http://e/0")))
    del reader
    assert prune(releases, 1).removed == (first, second)


def test_pruning_waits_for_no_writer(releases: ReleasesFolder) -> None:
    with releases.writing(), pytest.raises(BusyError):
        prune(releases, 1)
    assert len(releases.ids()) == 4
