"""Releases go into a folder of objects and out of it again: what is sent, what is refused, who wins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import zstandard

from graph.model.errors import FollowingError, ForeignReleaseError, ReplicationError, SettingError, StorageAwayError
from graph.model.publication import Publication, open_publication
from graph.parts.replication.follow import Copy
from graph.parts.replication.object_storage import ObjectStorage, open_storage
from graph.parts.replication.push import Push
from graph.parts.replication.replicated import record_name
from graph.pipeline.build import build
from graph.pipeline.removal import withhold
from graph.pipeline.write import Put, publish
from graph.releases import store
from graph.releases.history import History
from graph.releases.release import Release, ReleasesFolder, current_release
from graph.releases.verification import prune, verify
from graph.sources.batches import Chunk

GRAPH = "https://w3id.org/hamkor/graph/ngo/a"


def storage_of(place: Path) -> ObjectStorage:
    return open_storage(f"file://{place}")


def written(publication: Publication, number: int) -> str:
    """Publish something; return the id of the release."""
    line = f'<http://e/new> <http://e/p> "{number}" .\n'.encode()
    return publish(publication, [Put(GRAPH, (Chunk(GRAPH, line),))]).release.id


def followed(copy: Copy) -> str:
    """Take what the storage has; return the id of the copy's current release."""
    copy.take(copy.look())
    return copy.current()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def copy(tmp_path: Path, place: Path) -> Copy:
    (tmp_path / "copy").mkdir()
    return Copy(tmp_path / "copy", storage_of(place))


def objects(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file() and path.name[0] != "."}


def test_a_copy_from_an_empty_folder_is_whole_and_answers_as_the_publisher_does(
    contributed: Publication, place: Path, copy: Copy
) -> None:
    Push(contributed, storage_of(place)).send()
    own = current_release(contributed)
    assert followed(copy) == own.id
    opened = open_publication(copy.root)
    assert verify(current_release(opened)) == ()
    assert (opened.base, opened.settings.languages) == (contributed.base, contributed.settings.languages)
    assert {*current_release(opened).store} == {*own.store}


def test_what_stays_is_neither_sent_nor_fetched_again(contributed: Publication, place: Path, copy: Copy) -> None:
    push = Push(contributed, storage_of(place))
    first = push.send()
    followed(copy)
    fetched = copy.fetched.files
    assert (push.send().files, push.send().releases) == (0, 0)
    now = written(contributed, 1)
    second = push.send()
    assert 0 < second.files < first.files / 2
    assert second.releases == 1
    assert followed(copy) == now
    assert copy.fetched.files - fetched <= second.files
    assert verify(current_release(open_publication(copy.root))) == ()


def logs(release: Release) -> list[os.stat_result]:
    return [path.stat() for path in (release.folder / "store").glob("*.log")]


def test_a_log_says_what_has_changed_and_not_all_that_was_written_meanwhile(
    contributed: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue is taken out of the merge and put back at each publish: that is not to be sent."""

    def logged(number: int) -> int:
        before = {each.st_ino for each in logs(current_release(contributed))}
        written(contributed, number)
        release = current_release(contributed)
        assert verify(release) == ()
        return sum(each.st_size for each in logs(release) if each.st_ino not in before)

    changed = logged(1)
    monkeypatch.setattr(store, "MOST_TOUCHED", 0)  # then it says all
    assert 0 < changed < logged(2) / 2


def test_every_release_since_is_sent_and_older_ones_come_after(
    contributed: Publication, place: Path, copy: Copy
) -> None:
    push = Push(contributed, storage_of(place))
    first = push.send().head
    made = [written(contributed, number) for number in range(3)]
    push.send()
    head = copy.look()
    assert first is not None
    assert {*head.releases} == {first.release, *made}
    copy.take(head)
    assert copy.releases.ids() == (made[-1],)
    while copy.fill(head):
        pass
    assert {*copy.releases.ids()} == {first.release, *made}
    copy.keep, copy.named_seconds = 2, 0
    written(contributed, 9)
    push.send()
    followed(copy)
    assert len(copy.releases.ids()) == 2


def test_a_rollback_is_one_for_copies_too(contributed: Publication, place: Path, copy: Copy) -> None:
    push = Push(contributed, storage_of(place))
    push.send()
    followed(copy)
    before = ReleasesFolder(contributed.releases_folder).ids()[0]
    History(ReleasesFolder(contributed.releases_folder)).roll_back(before)
    push.send()
    assert followed(copy) == before
    assert History(copy.releases).rollbacks[-1].current == before


DAMAGE: dict[str, Callable[[Path, list[Path]], None]] = {
    "a bit of a file": lambda _, files: flip(files[0]),
    "a file cut short": lambda _, files: files[0].write_bytes(files[0].read_bytes()[:-9]),
    "an empty file": lambda _, files: files[0].write_bytes(b""),
    "two files swapped": lambda _, files: swap(files[0], files[1]),
    "a file of another content": lambda _, files: files[0].write_bytes(zstandard.compress(b"other")),
    "a file that grows": lambda _, files: files[0].write_bytes(zstandard.compress(b"\0" * (1 << 26))),
    "a file that is gone": lambda _, files: files[0].unlink(),
    "a bit of a record": lambda place, _: flip(next((place / "releases").iterdir())),
    "another release's record": lambda place, _: other_record(place),
    "a record that is gone": lambda place, _: next((place / "releases").iterdir()).unlink(),
    "a cut head": lambda place, _: (place / "current").write_bytes((place / "current").read_bytes()[:-5]),
    "a head of a later version": lambda place, _: (place / "current").write_bytes(b'{"format": 2}'),
    "no head": lambda place, _: (place / "current").unlink(),
}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def other_record(place: Path) -> None:
    path = next((place / "releases").iterdir())
    record = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(record | {"id": "2020-01-01T000000Z-00000000"}))


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_damaged_is_refused_and_told_and_what_is_here_stays(
    contributed: Publication, place: Path, copy: Copy, what: str
) -> None:
    push = Push(contributed, storage_of(place))
    push.send()
    before, there = followed(copy), objects(place)
    now = written(contributed, 1)
    push.send()
    for each in {*(place / "releases").iterdir()}:
        if each.stem == before:
            each.unlink()
    fresh = sorted(place / each for each in objects(place) - there if each.startswith("files/"))
    DAMAGE[what](place, fresh)
    with pytest.raises(ReplicationError) as told:
        copy.take(copy.look())
    assert "storage" in str(told.value) or "nothing has been sent" in str(told.value)
    assert copy.current() == before
    assert verify(current_release(open_publication(copy.root))) == ()
    if "a cut head" not in what and "later" not in what:
        Push(contributed, storage_of(place), again=True).send()
        assert followed(copy) == now


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "", "a//b", "./a"])
def test_no_name_leads_out_of_the_folder(contributed: Publication, place: Path, copy: Copy, name: str) -> None:
    push = Push(contributed, storage_of(place))
    head = push.send().head
    assert head is not None
    path = place / record_name(head.release)
    record = msgspec.json.decode(path.read_bytes())
    content = msgspec.json.encode(record | {"files": {name: next(iter(record["files"].values()))}})
    path.write_bytes(content)
    swapped = msgspec.json.decode((place / "current").read_bytes())
    swapped["releases"][head.release] = sha256(content).hexdigest()
    (place / "current").write_bytes(msgspec.json.encode(swapped))
    with pytest.raises(ReplicationError):
        copy.take(copy.look())


def test_of_two_publishers_one_wins_and_the_other_is_told(
    contributed: Publication, tmp_path: Path, place: Path
) -> None:
    shutil.copytree(contributed.root, tmp_path / "other", symlinks=True)
    other = open_publication(tmp_path / "other")
    Push(contributed, storage_of(place)).send()
    written(contributed, 1)
    written(other, 2)
    Push(contributed, storage_of(place)).send()
    with pytest.raises(ForeignReleaseError, match=r"another publisher has sent it.*--take-over"):
        Push(other, storage_of(place)).send()
    assert Push(other, storage_of(place), takes_over=True).send().releases


def test_of_two_publishers_at_the_same_moment_one_wins_and_storage_and_copies_are_whole(
    contributed: Publication, tmp_path: Path, place: Path, copy: Copy
) -> None:
    """The other one sends all it has when everything of the first is there but `current`, which both have read."""
    shutil.copytree(contributed.root, tmp_path / "other", symlinks=True)
    other = open_publication(tmp_path / "other")
    Push(contributed, storage_of(place)).send()
    written(contributed, 1)
    won = written(other, 2)

    def meanwhile(what: str) -> None:
        if what.startswith("moving"):
            Push(other, storage_of(place)).send()

    with pytest.raises(ForeignReleaseError, match=r"meanwhile.*one publisher"):
        Push(contributed, storage_of(place), told=meanwhile).send()
    assert followed(copy) == won
    assert verify(current_release(open_publication(copy.root))) == ()
    with pytest.raises(ForeignReleaseError, match="another publisher has sent it"):
        Push(contributed, storage_of(place)).send()


def test_a_swap_is_refused_where_another_one_was_quicker(place: Path) -> None:
    storage = storage_of(place)
    storage.begin()
    first = storage.swap("current", b"1", "")
    with pytest.raises(ForeignReleaseError):
        storage.swap("current", b"2", "")
    storage.swap("current", b"3", first)
    with pytest.raises(ForeignReleaseError):
        storage.swap("current", b"4", first)
    assert (place / "current").read_bytes() == b"3"


def test_pruning_leaves_what_a_record_names(contributed: Publication, place: Path, copy: Copy) -> None:
    push = Push(contributed, storage_of(place))
    push.send()
    for number in range(3):
        written(contributed, number)
        push.send()
    (place / "files" / "ab").mkdir(exist_ok=True)
    (place / "files" / "ab" / ("ab" * 32 + ".zst")).write_bytes(b"left by somebody who was killed")
    prune(ReleasesFolder(contributed.releases_folder), 1)
    assert push.prune() > 0
    assert {*copy.look().releases} == {*ReleasesFolder(contributed.releases_folder).ids()}
    assert len([*(place / "releases").iterdir()]) == 1
    followed(copy)
    assert verify(current_release(open_publication(copy.root))) == ()
    written(contributed, 7)
    push.send()
    followed(copy)
    assert verify(current_release(open_publication(copy.root))) == ()


def test_what_is_withheld_leaves_storage_and_copies(contributed: Publication, place: Path, copy: Copy) -> None:
    push = Push(contributed, storage_of(place))
    push.send()
    written(contributed, 1)
    push.send()
    head = copy.look()
    copy.take(head)
    while copy.fill(head):
        pass
    gone, before = copy.releases.ids(), objects(place)
    withhold(contributed, ["https://w3id.org/hamkor/id/termez"], [])
    push.send()
    now = followed(copy)
    assert copy.releases.ids() == (now,)
    assert {*History(copy.releases).purged} >= {*gone}
    assert not {record_name(each) for each in gone} & objects(place)
    held = [each for each in objects(place) & before if b"termez" in unpacked(place / each).lower()]
    assert held == []
    assert "withheld.json" not in {path.name for path in copy.root.rglob("*")}


def unpacked(path: Path) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()) if path.suffix else b""


def test_nothing_is_published_in_a_copy(contributed: Publication, place: Path, copy: Copy) -> None:
    Push(contributed, storage_of(place)).send()
    followed(copy)
    own = open_publication(copy.root)
    with pytest.raises(FollowingError, match="copy that follows its publisher"):
        publish(own, [Put(GRAPH, (Chunk(GRAPH, b""),))])
    with pytest.raises(FollowingError):
        build(own)


def test_a_copy_keeps_to_its_publication(contributed: Publication, tmp_path: Path, place: Path, copy: Copy) -> None:
    Push(contributed, storage_of(place)).send()
    followed(copy)
    (tmp_path / "other" / "data").mkdir(parents=True)
    (tmp_path / "other" / "hamkor.toml").write_text('base = "https://example.org/"')
    (tmp_path / "other" / "data" / "a.nt").write_text("<http://e/a> <http://e/b> <http://e/c> .")
    other = open_publication(tmp_path / "other")
    build(other)
    with pytest.raises(ForeignReleaseError, match="is of the publication"):
        Push(other, storage_of(place)).send()
    shutil.rmtree(place)
    Push(other, storage_of(place)).send()
    with pytest.raises(ReplicationError, match="a copy of"):
        copy.look()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://key:secret@bucket/x", "no credentials"),
        ("https://user@example.org/", "no credentials"),
        ("s3://bucket/x?token=1", "no query"),
        ("http://example.org/", "write https"),
        ("ftp://example.org/", "this is no storage"),
        ("bucket/x", "this is no storage"),
        ("file:relative", "this is no storage"),
        ("s3://", "this is no storage"),
    ],
)
def test_a_url_that_will_not_do_is_told_without_what_is_secret(url: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as told:
        open_storage(url)
    assert "secret" not in str(told.value)
    assert "token" not in str(told.value)


def test_a_storage_that_cannot_be_reached_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageAwayError):
        storage_of(tmp_path / "file" / "below").read("current", 10)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
