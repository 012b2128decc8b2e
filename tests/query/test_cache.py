"""The cache of answers: by what determines them, bounded in bytes, and of the present release only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.query.engine import LARGEST_SHARE, OVERHEAD_BYTES, Answer, AnswerCache, AnswerKey

KIB = 1 << 10


def whole(body: bytes) -> Answer:
    return Answer(body, "2026-11-22T000000Z-00000000", "digest")


def test_an_answer_is_found_again_by_release_and_digest() -> None:
    cache = AnswerCache(100 * KIB)
    cache.put(AnswerKey("one", "a"), whole(b"answer"))
    assert cache.get(AnswerKey("one", "a")) == whole(b"answer")
    assert cache.get(AnswerKey("two", "a")) is None
    assert cache.get(AnswerKey("one", "b")) is None
    assert (cache.counts.hits, cache.counts.misses) == (1, 2)


def test_an_empty_answer_is_an_answer() -> None:
    cache = AnswerCache(100 * KIB)
    cache.put(AnswerKey("one", "a"), whole(b""))
    assert cache.get(AnswerKey("one", "a")) == whole(b"")


def test_the_least_recently_used_goes_first() -> None:
    cache = AnswerCache(8 * (KIB + OVERHEAD_BYTES))
    for number in range(8):
        cache.put(AnswerKey("one", str(number)), whole(b"x" * KIB))
    cache.get(AnswerKey("one", "0"))
    cache.put(AnswerKey("one", "8"), whole(b"x" * KIB))
    assert cache.get(AnswerKey("one", "0")) is not None
    assert cache.get(AnswerKey("one", "1")) is None


def test_an_answer_that_would_drive_out_many_is_not_held() -> None:
    cache = AnswerCache(80 * KIB)
    cache.put(AnswerKey("one", "small"), whole(b"x"))
    cache.put(AnswerKey("one", "large"), whole(b"x" * (80 * KIB // LARGEST_SHARE)))
    assert cache.get(AnswerKey("one", "large")) is None
    assert cache.get(AnswerKey("one", "small")) is not None


@pytest.mark.parametrize("size", [0, 1, OVERHEAD_BYTES])
def test_a_cache_without_room_holds_nothing(size: int) -> None:
    cache = AnswerCache(size)
    cache.put(AnswerKey("one", "a"), whole(b"answer"))
    assert cache.get(AnswerKey("one", "a")) is None
    assert cache.size == 0


def test_the_answers_of_other_releases_are_forgotten() -> None:
    cache = AnswerCache(100 * KIB)
    cache.put(AnswerKey("one", "a"), whole(b"old"))
    cache.put(AnswerKey("two", "a"), whole(b"new"))
    cache.keep("two")
    assert cache.get(AnswerKey("one", "a")) is None
    assert cache.get(AnswerKey("two", "a")) == whole(b"new")
    assert cache.size == 3 + OVERHEAD_BYTES


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20)), max_size=60))
def test_it_never_holds_more_than_it_may_and_never_another_answer(puts: list[tuple[str, int]]) -> None:
    cache, last = AnswerCache(16 * KIB), dict[AnswerKey, bytes]()
    for release, number in puts:
        key, body = AnswerKey(release, str(number)), f"{release} {number} ".encode() * number * 30
        last[key] = body
        cache.put(key, whole(body))
        assert cache.size <= 16 * KIB
        assert all(cache.get(each) in (None, whole(held)) for each, held in last.items())


def test_a_spool_file_is_never_held(tmp_path: Path) -> None:
    cache = AnswerCache(100 * KIB)
    cache.put(AnswerKey("one", "a"), Answer(tmp_path / "spooled", "one", "digest"))
    assert cache.get(AnswerKey("one", "a")) is None
