"""Nothing is lost: publishes that are killed, run out of disk, may not write, or meet another writer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from writing import Write

from graph.model.errors import BusyError, ReleaseError
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish, rehearse
from graph.releases.release import current_release
from graph.releases.verification import verify
from graph.sources.batches import Chunk
from tests.conftest import WHOLE

REPOSITORY = Path(__file__).resolve().parent.parent
BASE = "https://e.org/"
X = f"{BASE}graph/ngo/x"
FILES = {"hamkor.toml": f'base = "{BASE}"\n', "data/a.ttl": "<http://e/a> a <http://e/Club> ; <http://e/p> 01 ."}
KILLS = 200 if WHOLE else 8  # benchmarks.killed kills two hundred times, with far more triples


def lines(count: int, word: str = "x") -> Put:
    text = "".join(f'<http://e/{n}> <http://e/{word}> "{os.urandom(64).hex()}" .\n' for n in range(count))
    return Put(X, (Chunk(X, text.encode()),))


@pytest.fixture
def opened(built: Write) -> Publication:
    return built(FILES)


def is_as_before(opened: Publication, release_id: str) -> None:
    """The current release is that one, whole, nothing is left lying about, and the next publish works."""
    release = current_release(opened)
    assert release.id == release_id
    assert verify(release) == ()
    assert publish(opened, [lines(3)]).changed
    assert {each.name for each in opened.releases_folder.iterdir() if each.name.startswith(".")} <= {".lock"}


def test_a_publish_that_is_killed_leaves_the_old_or_the_new_release(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.killed", "--kills", str(KILLS), "--triples", "4000"]
    command += ["--folder", str(tmp_path / "killed")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"| 4000 | {KILLS} | " in done.stdout


FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, "tests")
from test_publish_endures import lines
from graph.model.errors import ReleaseError
from graph.model.publication import open_publication
from graph.pipeline.write import publish
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    publish(open_publication(Path(sys.argv[1])), [lines(20000)])
except ReleaseError as problem:
    print(problem)
"""


@pytest.mark.parametrize("size", [1_000, 30_000, 300_000, 3_000_000])
def test_where_files_cannot_grow_the_current_release_stays(opened: Publication, size: int) -> None:
    before = current_release(opened).id
    command = [sys.executable, "-c", FULL, str(opened.root), str(size)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=120)
    assert (done.returncode, "could not be written" in done.stdout) == (0, True), done.stderr[-2000:]
    is_as_before(opened, before)


def test_on_a_full_disk_the_current_release_stays(small_disk: Path) -> None:
    opened = written(small_disk)
    before = build(opened).id
    with pytest.raises(ReleaseError, match="could not be written"):
        publish(opened, [lines(30_000)])
    with pytest.raises(ReleaseError, match="could not be written"):
        rehearse(opened, [lines(30_000)])
    is_as_before(opened, before)


def test_where_nothing_may_be_written_that_is_said(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(disk)]
    is_root = os.geteuid() == 0  # nothing but a file system that is read-only keeps root from writing
    if is_root and subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("root may not mount a disk here")
    try:
        opened = written(disk)
        before = build(opened).id
        _set(opened, is_root=is_root, writable=False)
        for attempt in (publish, rehearse):
            with pytest.raises(ReleaseError, match=r"cannot be written: (Read-only|Permission)"):
                attempt(opened, [lines(3)])
        _set(opened, is_root=is_root, writable=True)
        is_as_before(opened, before)
    finally:
        if is_root:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def _set(opened: Publication, *, is_root: bool, writable: bool) -> None:
    if is_root:
        subprocess.run(["mount", "-o", f"remount,{'rw' if writable else 'ro'}", str(opened.root)], check=True)
    else:
        opened.releases_folder.chmod(0o755 if writable else 0o555)


def written(folder: Path) -> Publication:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return open_publication(folder)


def test_of_writers_at_once_each_is_published_or_told_that_another_is_writing(opened: Publication) -> None:
    outcomes: list[str] = []

    def write(number: int) -> None:
        graph = f"{X}{number}"
        try:
            publish(opened, [Put(graph, (Chunk(graph, b"<http://e/a> <http://e/b> <http://e/c> .\n"),))])
            outcomes.append("published")
        except BusyError:
            outcomes.append("busy")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    release = current_release(opened)
    assert sorted(set(outcomes)) in (["busy", "published"], ["published"])
    assert sum(each.iri.startswith(X) for each in release.manifest.graphs) == outcomes.count("published")
    is_as_before(opened, release.id)
