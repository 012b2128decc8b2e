"""``hamkor backup`` and ``hamkor restore``: what is copied beside writers is whole, and nothing else is restored."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from endpoint.cli import main
from graph.model.contributors import contributors_of
from graph.model.errors import ReleaseError
from graph.model.publication import Publication, open_publication
from graph.pipeline.safekeeping import back_up, restore
from graph.pipeline.write import Put, publish
from graph.query.saved_queries import keep, kept_query
from graph.releases.release import current_release
from graph.releases.verification import problems_of
from graph.sources.batches import Chunk

THIRD = "https://w3id.org/hamkor/graph/ngo/c"


def hamkor(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_a_copy_is_a_publication_again(contributed: Publication, tmp_path: Path) -> None:
    _, token = contributors_of(contributed).create(["ngo/*"], name="N", contact="n@example.org", days=1)
    work = contributed.root / ".hamkor"
    kept = keep(work, "ASK {}", current_release(contributed).id, 8)
    copied = hamkor("--publication", str(contributed.root), "backup", str(tmp_path / "copy.tar.gz"))
    assert copied.exit_code == 0, copied.output
    assert (tmp_path / "copy.tar.gz").stat().st_mode & 0o077 == 0
    restored = hamkor("restore", str(tmp_path / "copy.tar.gz"), str(tmp_path / "again"))
    assert restored.exit_code == 0, restored.output
    again = open_publication(tmp_path / "again")
    assert current_release(again).manifest == current_release(contributed).manifest
    assert problems_of(current_release(again).folder) == ()
    assert contributors_of(again).of_token(token) is not None
    assert kept_query(again.root / ".hamkor", kept.name) == kept
    assert {each.name for each in again.sources()} == {each.name for each in contributed.sources()}
    publish(again, [Put(THIRD, (Chunk(THIRD, b"<http://e/1> <http://e/p> <http://e/2> .\n"),))])


def test_a_query_that_was_removed_is_in_no_page_of_the_copy(contributed: Publication, tmp_path: Path) -> None:
    work = contributed.root / ".hamkor"
    keep(work, "ASK { ?secretword ?p ?o }", current_release(contributed).id, 8)
    with sqlite3.connect(work / "queries.sqlite") as shelf:
        shelf.execute("DELETE FROM kept")
    shelf.close()
    back_up(contributed, tmp_path / "copy.tar.gz")
    restore(tmp_path / "copy.tar.gz", tmp_path / "again")
    assert b"secretword" not in (tmp_path / "again" / ".hamkor" / "queries.sqlite").read_bytes()


def test_every_copy_beside_a_writer_is_whole(contributed: Publication, tmp_path: Path) -> None:
    done, written = threading.Event(), list[int]()

    def go_on() -> None:
        while not done.is_set():
            line = f'<http://e/1> <http://e/p> "{len(written)}" .\n'.encode()
            publish(contributed, [Put(THIRD, (Chunk(THIRD, line),))])
            written.append(len(written))

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for number in range(4):
            before = len(written)
            back_up(contributed, tmp_path / f"{number}.tar.gz")
            restore(tmp_path / f"{number}.tar.gz", tmp_path / str(number))
            release = current_release(open_publication(tmp_path / str(number)))
            if before:
                (chunk,) = release.read_graph(THIRD)
                assert int(chunk.triples.split(b'"')[1]) >= before - 1
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.95, 0.999])
def test_a_copy_that_breaks_off_or_was_changed_is_not_restored(
    contributed: Publication, tmp_path: Path, place: float
) -> None:
    back_up(contributed, tmp_path / "copy.tar.gz")
    content = (tmp_path / "copy.tar.gz").read_bytes()
    at = int(len(content) * place)
    for number, damaged in enumerate((content[:at], content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])):
        (tmp_path / "damaged.tar.gz").write_bytes(damaged)
        target = tmp_path / "again"
        if number:
            target.mkdir()
        try:
            restore(tmp_path / "damaged.tar.gz", target)
        except ReleaseError:
            assert not target.exists() or not any(target.iterdir())
        else:
            assert damaged == content or problems_of(current_release(open_publication(target)).folder) == ()
            return


def member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", size: int | None = None) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, 1 if size is None else size
    return entry


HOSTILE = [
    member("../evil"),
    member("/evil"),
    member("data/../../evil"),
    member("data//evil"),
    member("./data/evil"),
    member("elsewhere/evil"),
    member("data/link", kind=tarfile.SYMTYPE, link="/etc"),
    member("data/hard", kind=tarfile.LNKTYPE, link="/etc/passwd"),
    member("data/pipe", kind=tarfile.FIFOTYPE),
    member("data/device", kind=tarfile.CHRTYPE),
    member("data", kind=tarfile.DIRTYPE),
    member("data/" + "x/" * 600 + "a"),
    member("data/large", size=1 << 50),
    member("header", kind=tarfile.XHDTYPE, size=1 << 40),
    member("header", kind=tarfile.GNUTYPE_LONGNAME, size=1 << 40),
]


@pytest.mark.parametrize("entry", HOSTILE, ids=lambda each: f"{each.name[:20]}-{each.type.decode()}")
def test_what_is_no_copy_of_ours_writes_nothing(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    packed = io.BytesIO()
    for each in (member("hamkor.toml"), entry):
        packed.write(each.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0"))
    (tmp_path / "hostile.tar.gz").write_bytes(gzip.compress(packed.getvalue() + b"\0" * 1024))
    with pytest.raises(ReleaseError):
        restore(tmp_path / "hostile.tar.gz", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert {each.name for each in tmp_path.iterdir()} == {"hostile.tar.gz"}


def taken(contributed: Publication, tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "copy.tar.gz").write_text("mine")
    return "--publication", str(contributed.root), "backup", str(tmp_path / "copy.tar.gz")


def among_sources(contributed: Publication, _: Path) -> tuple[str, ...]:
    return "--publication", str(contributed.root), "backup", str(contributed.root / "data" / "copy.tar.gz")


def nowhere(contributed: Publication, tmp_path: Path) -> tuple[str, ...]:
    return "--publication", str(contributed.root), "backup", str(tmp_path / "no" / "copy.tar.gz")


def no_current(contributed: Publication, tmp_path: Path) -> tuple[str, ...]:
    (contributed.releases_folder / "current").unlink()
    return "--publication", str(contributed.root), "backup", str(tmp_path / "copy.tar.gz")


def not_empty(contributed: Publication, tmp_path: Path) -> tuple[str, ...]:
    back_up(contributed, tmp_path / "copy.tar.gz")
    return "restore", str(tmp_path / "copy.tar.gz"), str(contributed.root)


@pytest.mark.parametrize("case", [taken, among_sources, nowhere, no_current, not_empty], ids=lambda each: each.__name__)
def test_what_cannot_be_done_is_one_line(
    contributed: Publication, tmp_path: Path, case: Callable[[Publication, Path], tuple[str, ...]]
) -> None:
    answer = hamkor(*case(contributed, tmp_path))
    assert answer.exit_code == 2
    assert answer.stderr.startswith("hamkor: ")
    assert len(answer.stderr.splitlines()) == 1
