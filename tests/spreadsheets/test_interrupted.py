"""Uploads and imports that are killed, or find no room: nothing half, nothing lost, and it is said."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
import pyoxigraph as ox
import pytest
from writing import Write

from endpoint.spreadsheets.kept_uploads import KeptUpload, UploadShelf
from graph.model.errors import QueryLimitError, StorageError
from graph.model.publication import WORK_FOLDER, Publication
from graph.parts.proposals.proposal_store import Content, ValueChange, proposals_of
from graph.parts.spreadsheets.import_memory import FOLDER, forget_withheld, memory_of, recall
from graph.parts.spreadsheets.import_preview import ImportRequest
from graph.parts.spreadsheets.import_writing import ImportProposal, propose_import, publish_import
from graph.pipeline.build import build
from graph.releases.release import current_release
from graph.releases.verification import verify
from graph.withholding.withholding import withholding_of
from tests.conftest import WHOLE

BASE = "https://example.org/"
GRAPH, CLUB = f"{BASE}graph/ngo/clubs", f"{BASE}ns#Club"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "shapes/s.ttl": f"""@prefix sh: <http://www.w3.org/ns/shacl#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        <{BASE}shape/c> a sh:NodeShape ; sh:targetClass <{CLUB}> ; sh:property <{BASE}shape/l> .
        <{BASE}shape/l> sh:path rdfs:label ; sh:name "name"@en ; sh:minCount 1 .""",
    "data/a.ttl": f'<{BASE}id/a> a <{CLUB}> ; <http://www.w3.org/2000/01/rdf-schema#label> "A club"@en .',
}
ROWS = 40
KILLS = 20 if WHOLE else 3
CONTENT = os.urandom(200_000)


def in_child(work: Callable[[], object], killed: Callable[[], object] | None = None) -> int:
    """Do something in a process of its own, killed when something else has been done; return how it has ended."""
    if process := os.fork():
        if killed is not None:
            killed()
            os.kill(process, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(BaseException):
        work()
        os._exit(0)
    os._exit(1)


# ---- a file that is sent


def kept(shelf: UploadShelf, folder: Path) -> str:
    path = folder / f"sent-{os.getpid()}"
    path.write_bytes(CONTENT)
    return shelf.keep(path, "clubs.csv", "Club", "somebody")


def is_whole(shelf: UploadShelf) -> bool:
    """Whether each file that is kept is whole, with all that is known of it."""
    sheets = [*shelf.folder.glob("*.sheet")]
    known = [msgspec.json.decode(each.with_suffix(".json").read_bytes(), type=KeptUpload) for each in sheets]
    return all(each.read_bytes() == CONTENT for each in sheets) and all(each.class_name == "Club" for each in known)


def test_a_service_that_is_killed_while_files_are_kept_has_none_half(publication: Write, tmp_path: Path) -> None:
    shelf = UploadShelf(publication(FILES))

    def many() -> None:
        while True:
            kept(shelf, tmp_path)

    for number in range(KILLS):
        before = {*shelf.folder.glob("*.sheet")}

        def some(before: set[Path] = before, more: int = number) -> None:
            while len({*shelf.folder.glob("*.sheet")} - before) < 1 + more:
                time.sleep(0.001)

        assert in_child(many, some) == -signal.SIGKILL
        assert is_whole(shelf)
    path, about = shelf.get(kept(shelf, tmp_path))
    assert (path.read_bytes(), about.name) == (CONTENT, "clubs.csv")


def test_on_a_full_disk_nothing_of_a_file_is_kept_and_with_room_it_goes_on(
    publication: Write, small_disk: Path, tmp_path: Path
) -> None:
    opened = publication(FILES)
    (opened.root / WORK_FOLDER).symlink_to(small_disk)
    shelf = UploadShelf(opened)
    before = kept(shelf, tmp_path)
    there = {each.name for each in shelf.folder.iterdir()}
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    for room in (0, 4096, 100_000):  # not even what is known of it, that alone, half of it
        os.truncate(filler, filler.stat().st_size - room)
        with pytest.raises(OSError, match="No space left on device"):
            kept(shelf, tmp_path)
        assert {each.name for each in shelf.folder.iterdir()} == there
    assert shelf.get(before)[0].read_bytes() == CONTENT
    filler.unlink()
    assert shelf.get(kept(shelf, tmp_path))[0].read_bytes() == CONTENT


# ---- an import that is published


def table(folder: Path, *, label: str = "Club") -> Path:
    path = folder / "clubs.csv"
    path.write_text("ID,Name\n" + "".join(f"{n},{label} {n}\n" for n in range(ROWS)))
    return path


def asked(opened: Publication, path: Path, memory: Path | None = None) -> ImportRequest:
    known = str(memory or memory_of(opened, GRAPH, CLUB))
    return ImportRequest(str(opened.root), str(path), path.name, CLUB, GRAPH, memory=known)


def lines(opened: Publication) -> list[str]:
    quads = current_release(opened).store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH))
    return sorted(str(each.triple) for each in quads)


def test_an_import_that_is_killed_is_published_whole_or_not_at_all_and_once(publication: Write, tmp_path: Path) -> None:
    opened = publication(FILES)
    build(opened)
    expected, states = [2 * ROWS, 0], set[int]()
    for number in range(KILLS):
        request = asked(opened, table(tmp_path))
        in_child(lambda request=request: publish_import(request), partial(time.sleep, 0.05 + 0.25 * number))
        states.add(len(lines(opened)))
        assert verify(current_release(opened)) == ()
    assert states <= {*expected}
    publish_import(asked(opened, table(tmp_path)))
    done = lines(opened)
    assert len(done) == 2 * ROWS
    assert not publish_import(asked(opened, table(tmp_path))).changed
    publish_import(asked(opened, table(tmp_path, label="New name")))  # by their keys they are the same things
    assert len(lines(opened)) == 2 * ROWS
    assert len(recall(memory_of(opened, GRAPH, CLUB)).rows) == ROWS


def test_what_was_published_is_not_called_a_failure_where_only_its_memory_finds_no_room(
    publication: Write, small_disk: Path, tmp_path: Path
) -> None:
    opened = publication(FILES)
    build(opened)
    with suppress(OSError), (small_disk / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    outcome = publish_import(asked(opened, table(tmp_path), small_disk / "memory.json"))
    assert (outcome.release, outcome.changed) == (current_release(opened).id, True)
    assert "could not be kept for the next time" in str(outcome.forgotten)
    assert [each.name for each in small_disk.iterdir()] == ["filler"]


# ---- one that is proposed


def waiting(opened: Publication) -> int:
    return sum(proposals_of(opened).counts().values())


def proposed(text: str) -> Content:
    change = ValueChange("https://e.example/p", "", f'"{text}"', (GRAPH,))
    return Content("change", f"{BASE}id/a", "A", (change,))


def test_where_the_disk_has_room_for_some_proposals_none_is_kept(publication: Write) -> None:
    store = proposals_of(publication(FILES))

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
        with pytest.raises(StorageError, match="could not be kept"):
            store.add_all([proposed("x" * 100_000)] * 5, most=10, keep_days=1)

    assert in_child(full) == 0
    assert store.counts() == {}
    assert len(store.add_all([proposed("x" * 100_000)] * 5, most=10, keep_days=1)) == 5


def test_of_a_table_all_things_are_proposed_or_none(publication: Write, tmp_path: Path) -> None:
    """Of half of them nobody would have the addresses, and the other half would come twice the next time."""
    opened = publication({**FILES, "hamkor.toml": f'base = "{BASE}"\n[proposals]\nmost_waiting = {ROWS}\n'})
    build(opened)
    what = ImportProposal(asked(opened, table(tmp_path)))

    proposals_of(opened).add(proposed("x"), most=10, keep_days=1)
    with pytest.raises(QueryLimitError, match="too many proposals wait"):
        propose_import(what)
    assert waiting(opened) == 1


def test_what_a_killed_process_has_left_beside_the_memory_goes_with_what_is_withheld(publication: Write) -> None:
    opened = publication(FILES)
    folder = opened.root / WORK_FOLDER / FOLDER
    folder.mkdir(parents=True)
    (folder / "abc.json.4711").write_text("half")
    forget_withheld(opened, withholding_of(opened))
    assert not [*folder.iterdir()]
