"""The folder of releases: one writer, a clean staging folder, and a current release whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from graph.model.errors import BusyError, ReleaseError
from graph.releases import release as folder_module
from graph.releases.release import Patience, ReleasesFolder

ONE, OTHER = "2026-01-01T000000Z-aaaaaaaa", "2026-01-02T000000Z-bbbbbbbb"
REPOSITORY = Path(__file__).resolve().parent.parent.parent


def commit(releases: ReleasesFolder, release_id: str, text: str = "content") -> Path:
    with releases.staging() as staged:
        (staged / "file").write_text(text)
        return releases.commit(staged, release_id)


def hidden(releases: ReleasesFolder) -> list[str]:
    return [path.name for path in releases.path.iterdir() if path.name.startswith(".") and path.name != ".lock"]


def test_there_is_nothing_before_the_first(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path / "releases")
    assert releases.current() is None
    assert releases.ids() == ()


def test_a_commit_makes_it_the_current_one(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path / "releases")
    assert commit(releases, ONE) == releases.path / ONE
    assert releases.current() == (releases.path / ONE).resolve()
    commit(releases, OTHER)
    assert releases.current() == (releases.path / OTHER).resolve()
    assert releases.ids() == (ONE, OTHER)
    assert hidden(releases) == []


def test_current_is_a_relative_link_so_that_the_folder_can_be_moved(tmp_path: Path) -> None:
    commit(ReleasesFolder(tmp_path / "releases"), ONE)
    (tmp_path / "releases").rename(tmp_path / "moved")
    assert ReleasesFolder(tmp_path / "moved").current() == (tmp_path / "moved" / ONE).resolve()


def test_an_older_release_can_be_made_current_again(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path)
    commit(releases, ONE)
    commit(releases, OTHER)
    releases.make_current(ONE)
    assert releases.current() == (tmp_path / ONE).resolve()


def test_the_staging_folder_is_gone_after_a_failure(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path)
    commit(releases, ONE)

    def fail() -> None:
        with releases.staging() as staged:
            (staged / "half").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert hidden(releases) == []
    assert releases.current() == (tmp_path / ONE).resolve()


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path)
    (tmp_path / ".staging-1" / "graphs").mkdir(parents=True)
    commit(releases, ONE)
    assert hidden(releases) == []


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path)
    with releases.staging() as staged:
        (staged / "file").write_text("first")
        with pytest.raises(ReleaseError, match=r"another process is making a release \(wait"), releases.staging():
            pass
        releases.commit(staged, ONE)
    assert (tmp_path / ONE / "file").read_text() == "first"
    commit(releases, OTHER)


def test_a_writer_in_another_process_is_noticed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from graph.releases.release import ReleasesFolder\n"
        "with ReleasesFolder(Path(sys.argv[1])).staging(): print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=REPOSITORY) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(ReleaseError, match="another process"), ReleasesFolder(tmp_path).staging():
            pass
        writer.kill()
    commit(ReleasesFolder(tmp_path), ONE)


@pytest.mark.parametrize("name", ["", ".", "..", ".lock", "current", "../releases", "2026", f"{ONE}/file"])
def test_only_a_release_is_found_by_its_id(tmp_path: Path, name: str) -> None:
    releases = ReleasesFolder(tmp_path)
    commit(releases, ONE)
    assert releases.release(ONE) == tmp_path / ONE
    with pytest.raises(ReleaseError, match="no release"):
        releases.release(name)


def test_a_link_to_a_release_that_is_gone_is_an_error(tmp_path: Path) -> None:
    releases = ReleasesFolder(tmp_path)
    releases.make_current(ONE)
    with pytest.raises(ReleaseError, match="leads to no release"):
        releases.current()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    releases = ReleasesFolder(tmp_path / "file" / "releases")
    with pytest.raises(ReleaseError, match="cannot be written: Not a directory"), releases.staging():
        pass


KILLED = """
import os, signal, sys
from pathlib import Path
from graph.releases import release
step, count = sys.argv[2], [0]
for name in ("fsync", "rename", "replace", "symlink"):
    def watched(*args, _call=getattr(os, name), _name=name, **rest):
        if count[0] == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1
        return _call(*args, **rest)
    setattr(os, name, watched)
releases = release.ReleasesFolder(Path(sys.argv[1]))
with releases.staging() as staged:
    (staged / "file").write_text("whole")
    releases.commit(staged, sys.argv[3])
print("done")
"""


@pytest.mark.parametrize("step", range(9))
def test_a_kill_between_any_two_steps_leaves_a_whole_current_release(tmp_path: Path, step: int) -> None:
    releases = ReleasesFolder(tmp_path)
    commit(releases, ONE, "whole")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(step), OTHER]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY)
    assert answer.returncode in (0, -signal.SIGKILL), answer.stderr
    current = releases.current()
    assert current is not None
    assert (current / "file").read_text() == "whole"
    assert current.name == (OTHER if answer.returncode == 0 or step == 7 else ONE)
    if current.name == ONE:
        with releases.writing():
            assert releases.ids() == (ONE,), "what never was current is cleared away"
    commit(releases, OTHER)
    assert hidden(releases) == []
    assert sorted(each.name for each in (tmp_path / OTHER).iterdir()) == ["file"]


def test_everything_is_on_disk_before_the_link_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        real(descriptor)

    monkeypatch.setattr(folder_module.os, "fsync", watched)
    commit(ReleasesFolder(tmp_path / "releases"), ONE)
    assert sorted(synced[:2]) == ["file", "uncommitted"]
    assert synced[2].startswith(".staging-")
    assert synced[3:] == ["releases", "releases"]


def test_a_patient_writer_waits_says_so_once_and_gives_up_in_the_end(tmp_path: Path) -> None:
    said = list[str]()
    other = ReleasesFolder(tmp_path)
    with other.writing():
        impatient = ReleasesFolder(tmp_path, Patience(0.2, lambda: said.append("waiting")))
        with pytest.raises(BusyError), impatient.writing():
            pass
        assert said == ["waiting"]
        waiting, done = Event(), Event()
        patient = ReleasesFolder(tmp_path, Patience(30, waiting.set))

        def write() -> None:
            with patient.writing():
                done.set()

        thread = Thread(target=write)
        thread.start()
        assert waiting.wait(10)
        assert not done.is_set()
    thread.join(10)
    assert done.is_set()
