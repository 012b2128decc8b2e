"""Proposals on a full disk, or among many: a clear error and nothing half; pages of the queue with each once."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from graph.model.errors import QueryLimitError, StorageError
from graph.model.publication import PROPOSALS_FILE
from graph.parts.proposals.proposal_store import PAGE, Content, ProposalStore, ValueChange

LONG = Content(
    "change",
    "https://e.example/a",
    "A",
    (ValueChange("https://e.example/p", "", f'"{"x" * 100_000}"', ("https://e/g",)),),
)


def kept(store: ProposalStore) -> list[str]:
    return [each.id for each in store.queue()]


def added(store: ProposalStore) -> str:
    return store.add(LONG, most=100, keep_days=10)[0]


def in_child(work: Callable[[], None]) -> int:
    """Do something in a process of its own, whose files cannot grow beyond a size."""
    if process := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(BaseException):
        work()
        os._exit(0)
    os._exit(1)


@pytest.mark.parametrize("size", [1, 10_000, 50_000, 100_000])
def test_where_files_cannot_grow_a_proposal_is_refused_and_those_before_stay(tmp_path: Path, size: int) -> None:
    store = ProposalStore(tmp_path)
    before = added(store)
    grown = (tmp_path / PROPOSALS_FILE).stat().st_size if size > 1 else 0

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        with pytest.raises(StorageError, match="the proposal could not be kept"):
            added(store)

    assert in_child(full) == 0
    assert kept(store) == [before]
    assert grown <= (tmp_path / PROPOSALS_FILE).stat().st_size
    after = added(store)
    assert kept(store) == [before, after]


def test_on_a_full_disk_nothing_is_half_kept_and_with_room_all_goes_on(small_disk: Path) -> None:
    store = ProposalStore(small_disk)
    before = added(store)
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(StorageError, match="the proposal could not be kept: No space left on device"):
        added(store)
    # reading takes a little room, too
    with pytest.raises(StorageError, match="the proposals cannot be read: No space left on device"):
        kept(store)
    filler.unlink()
    after = added(store)
    assert kept(store) == [before, after]


def test_pages_of_the_queue_hold_each_proposal_once_wishes_to_be_taken_out_first(tmp_path: Path) -> None:
    store = ProposalStore(tmp_path)
    kinds = ("removal" if number == PAGE + 5 else "comment" for number in range(PAGE + 10))
    names = [store.add(Content(each, LONG.thing), most=1_000, keep_days=1)[0] for each in kinds]  # type: ignore[arg-type]
    pages = [[each.id for each in store.queue(page=number)] for number in (1, 2, 3)]
    urgent = names.pop(PAGE + 5)
    assert pages == [[urgent, *names[: PAGE - 1]], names[PAGE - 1 :], []]


def test_what_belongs_together_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    store = ProposalStore(tmp_path)
    with pytest.raises(QueryLimitError):
        store.add_all([LONG, LONG, LONG], most=2, keep_days=1)
    assert kept(store) == []
    made = store.add_all([LONG, LONG], most=2, keep_days=1)
    assert [name for name, _ in made] == kept(store)


def test_one_that_comes_twice_is_one(tmp_path: Path) -> None:
    store = ProposalStore(tmp_path)
    first = store.add(LONG, most=1, keep_days=1, secret="s" * 32)
    assert store.add(LONG, most=1, keep_days=1, secret="s" * 32) == first
    store.withdraw(first[1])
    assert store.add(LONG, most=1, keep_days=1, secret="s" * 32)[1] != first[1]
