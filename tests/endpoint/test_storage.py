"""Where the disk is full, or a process is killed: each answer says so, nothing is half, and it goes on after.

A real small disk, with the publication, its work folder and the folder for temporary files on it.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph.model.processes import NICENESS
from graph.model.publication import open_publication
from graph.model.settings import LimitSettings
from graph.releases.release import current_release
from graph.releases.verification import verify
from tests.endpoint.contributing import BASE, CLUB, SETTINGS, Writer, publication, writer
from tests.endpoint.watching import Watched, until, watched

THINGS = 2_600
MANY = "".join(
    f'<{BASE}id/thing/{n}> a <{BASE}ns#Thing> ; <{BASE}ns#code> "{os.urandom(450).hex()}" .\n' for n in range(THINGS)
)
MUCH = MANY[:600_000].rpartition("\n")[0].replace("id/thing", "id/mine")
TURTLE = {"Content_Type": "text/turtle"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
UPDATE = {"Content_Type": "application/sparql-update"}
ALL = "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D"
SHEET = (
    '--b\r\nContent-Disposition: form-data; name="class"\r\n\r\nClub\r\n--b\r\nContent-Disposition: form-data; '
    'name="file"; filename="clubs.csv"\r\n\r\nName\nClub 1\n\r\n--b--\r\n'
)
INSERT = f"INSERT DATA {{ GRAPH <{BASE}graph/ngo-x/a> {{ <{BASE}id/x> <{BASE}ns#p> 1 }} }}"
PATCHED = f"INSERT DATA {{ <{BASE}id/x> <{BASE}ns#p> 1 }}"


@dataclass(frozen=True)
class Disk:
    """A small disk with a publication on it that is being served."""

    served: Watched
    ngo: Writer

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let the disk be full until the block ends."""
        filler = self.served.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass
        try:
            yield
        finally:
            filler.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A publication with a class of many things, on a disk of 128 megabytes."""
    place = tmp_path_factory.mktemp("small")
    mount = ["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        publication(place, settings=f"{SETTINGS}kept_queries_per_minute = 1000\n")
        (place / "data" / "things.ttl").write_text(MANY)
        with watched(place) as served:
            yield Disk(served, writer(served, "ngo-x/*"))
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


ASKED: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "PUT": ("PUT", "/graph/ngo-x/a", CLUB.format(name="a"), TURTLE),
    "PUT of much": ("PUT", "/graph/ngo-x/a", MUCH, TURTLE),
    "POST": ("POST", "/graph/ngo-x/a", CLUB.format(name="a"), TURTLE),
    "PATCH": ("PATCH", "/graph/ngo-x/there", PATCHED, UPDATE),
    "an update": ("POST", "/update", INSERT, UPDATE),
    "a document to be checked": ("POST", "/validate", CLUB.format(name="a"), TURTLE),
    "a large download": ("GET", "/downloads/dataset.ttl.gz", "", {}),
    "a small download": ("GET", "/downloads/graphs/clubs.ttl.gz", "", {}),
    "a workbook": ("GET", "/class/Thing.xlsx", "", {}),
    "a table": ("GET", "/class/Thing.parquet", "", {}),
    "all statements as a table": ("GET", "/downloads/dataset.parquet", "", {}),
    "a spreadsheet": ("POST", "/upload", SHEET, {"Content_Type": "multipart/form-data; boundary=b"}),
    "a query that is kept": ("POST", "/query", "query=ASK%7B%7D", FORM),
    "a large answer": ("GET", ALL, "", {"Accept": "application/sparql-results+json"}),
    "a large answer for a page": ("GET", ALL, "", {"Accept": "text/html"}),
    "a list of all things": ("GET", "/sitemap.xml", "", {}),
    "a large graph": ("GET", "/graph/things", "", {"Accept": "text/turtle"}),
}  # fmt: skip


def test_all_that_needs_room_is_507_where_the_disk_is_full_and_goes_on_after(disk: Disk) -> None:
    assert disk.ngo.put("/graph/ngo-x/there", CLUB.format(name="there")).status_code == 201
    before = current_release(open_publication(disk.served.folder)).id
    # what answers for the release before is ended some seconds after, and would make room on the full disk
    until(lambda: len(list(disk.served.temporary.rglob("holder-*.npy"))) == 1)
    with disk.full():
        found = {name: disk.ngo.send(method, path, body, **head) for name, (method, path, body, head) in ASKED.items()}
        said = {name: (each.status_code, "No space left on device" in each.text) for name, each in found.items()}
        assert said == dict.fromkeys(ASKED, (507, True))
        assert [name for name, each in found.items() if str(disk.served.folder) in each.text] == []
        quiet = {path: disk.served.get(path, "text/html").status_code for path in ("/", "/ready", "/graph/clubs")}
        assert quiet == dict.fromkeys(quiet, 200)
        assert disk.ngo.ask(f"<{BASE}id/club/there> ?p ?o")
    release = current_release(open_publication(disk.served.folder))
    assert (release.id, verify(release)) == (before, ())
    after = {name: disk.ngo.send(method, path, body, **head) for name, (method, path, body, head) in ASKED.items()}
    assert {name: each.status_code // 100 for name, each in after.items() if each.status_code >= 400} == {}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let a folder be one that nobody can write, until the block ends."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


WRITTEN = ("PUT", "POST", "PATCH", "an update", "a document to be checked", "a query that is kept")
NOT_WRITTEN = re.compile("Read-only file system|readonly database|unable to open database file")
NOT_OPENED = re.compile("Too many open files|file descriptors")


def test_what_writes_says_so_where_the_disk_is_read_only_and_what_reads_goes_on(disk: Disk) -> None:
    assert disk.ngo.put("/graph/ngo-x/there", CLUB.format(name="there")).is_success
    with read_only(disk.served.folder / ".hamkor"):
        asked = {name: ASKED[name] for name in WRITTEN}
        found = {name: disk.ngo.send(method, path, body, **head) for name, (method, path, body, head) in asked.items()}
        said = {name: (each.status_code, bool(NOT_WRITTEN.search(each.text))) for name, each in found.items()}
        assert said == dict.fromkeys(WRITTEN, (503, True))
        quiet = {
            path: disk.served.get(path, "text/html").status_code for path in ("/", "/ready", "/graph/clubs", "/class")
        }
        assert quiet == dict.fromkeys(quiet, 200)
    assert disk.ngo.put("/graph/ngo-x/there", CLUB.format(name="again")).is_success


def test_where_no_more_files_can_be_opened_it_says_so_and_goes_on_after(disk: Disk) -> None:
    front = max(disk.served.service.processes(), key=lambda each: len(list(Path(f"/proc/{each}/task").iterdir())))
    opened = len(list(Path(f"/proc/{front}/fd").iterdir()))
    soft, hard = resource.prlimit(front, resource.RLIMIT_NOFILE)
    assert soft > opened
    resource.prlimit(front, resource.RLIMIT_NOFILE, (opened, hard))
    try:
        answer = disk.ngo.put("/graph/ngo-x/there", CLUB.format(name="unseen"))
        assert answer.status_code == 503, answer.text
        assert NOT_OPENED.search(answer.text)
        assert "hamkor build" not in answer.text, "nothing is wrong with the release"
    finally:
        resource.prlimit(front, resource.RLIMIT_NOFILE, (soft, hard))
    assert disk.ngo.put("/graph/ngo-x/there", CLUB.format(name="more")).is_success


def test_a_write_that_is_answered_on_a_nearly_full_disk_has_been_done(disk: Disk) -> None:
    statuses = set()
    for room in range(0, 1200, 200):
        with disk.full():
            filler = disk.served.folder / "filler"
            os.truncate(filler, filler.stat().st_size - room * 1024)
            answer = disk.ngo.put("/graph/ngo-x/room", CLUB.format(name=f"r{room}") + "# " + "x" * 500)
        statuses.add(answer.status_code)
        assert answer.status_code in {201, 204, 507}, answer.text
        there = f"id/club/r{room}>" in disk.ngo.send("GET", "/graph/ngo-x/room", Accept="application/n-triples").text
        assert there == (answer.status_code != 507)
    assert statuses >= {507}


def is_at_work(pid: int) -> bool:
    """Whether a process does the work of a request: it has made itself nicer than all others."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16] == str(NICENESS)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("path", ["/graph/ngo-x/killed", "/validate"])
def test_work_that_is_ended_from_outside_is_no_fault_of_what_was_sent(disk: Disk, number: int, path: str) -> None:
    method = "POST" if path == "/validate" else "PUT"
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(disk.ngo.send, method, path, MUCH, **TURTLE)
        at_work = list[int]()

        def found() -> bool:
            with suppress(OSError):
                at_work[:] = filter(is_at_work, disk.served.service.processes())
            return bool(at_work)

        until(found)
        os.kill(at_work[0], number)
        answer = sent.result()
    assert answer.status_code == 503
    assert "ended from outside" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert disk.ngo.send(method, path, MUCH, **TURTLE).status_code in {200, 201, 204}
    if method == "PUT":
        assert disk.ngo.send("DELETE", path).status_code == 204


def test_a_service_whose_queries_are_not_answered_is_not_ready_and_says_why(disk: Disk) -> None:
    engines = [each for each in disk.served.service.processes() if b"graph.query.holder" in command_of(each)]
    for each in engines:
        os.kill(each, signal.SIGSTOP)
    try:
        time.sleep(1.1)  # so long an answer is believed
        began = time.monotonic()
        answer = disk.served.get("/ready")
        assert (answer.status_code, "no query is answered within 2 seconds" in answer.text) == (503, True)
        assert int(answer.headers["Retry-After"]) > 0
        assert disk.served.get("/ready").status_code == 503
        assert time.monotonic() - began < LimitSettings().query_seconds, "it is asked as any query is"
        assert disk.served.get("/health").status_code == 200
    finally:
        for each in engines:
            os.kill(each, signal.SIGCONT)
    until(lambda: disk.served.get("/ready").status_code == 200)


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
