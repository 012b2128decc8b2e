"""Temporary folders: those of processes that were killed are taken away by whoever makes the next, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graph.model.processes import MARK, PREFIX, HeldFolder, take_away_left

HOLDING = """
import os, signal, sys
from pathlib import Path
from graph.model.processes import HeldFolder
folder = HeldFolder(Path(sys.argv[1])).path
(folder / "much").write_text("much")
print(folder, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


def begun(place: Path, how: str) -> tuple[subprocess.Popen[str], Path]:
    """A process that has made a folder, and that folder."""
    command = [sys.executable, "-c", HOLDING, str(place), how]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_taken_away_and_what_another_holds_is_not(tmp_path: Path) -> None:
    killed, left = begun(tmp_path, "killed")
    killed.wait(10)
    assert (left / "much").exists()
    alive, held = begun(tmp_path, "alive")
    assert not left.exists()
    take_away_left(tmp_path)
    assert (held / "much").exists()
    alive.communicate("")
    with HeldFolder(tmp_path) as own:
        assert not held.exists()
        assert own.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_folders_without_the_mark_and_links_are_nobody_s_to_take_away(tmp_path: Path) -> None:
    mine, elsewhere = tmp_path / f"{PREFIX}my-data", tmp_path / "elsewhere"
    mine.mkdir()
    elsewhere.mkdir()
    (elsewhere / MARK).touch()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    take_away_left(tmp_path)
    assert mine.exists()
    assert (elsewhere / MARK).exists()
