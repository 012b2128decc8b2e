"""The table: every triple twice, by predicate and subject and by predicate and object, as sorted 64-bit numbers.

It is made once a release, by a process of its own, in a folder that all workers map into memory. It answers which
pairs a predicate has; joining them is another matter (``relation``).
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pyoxigraph as ox

from graph.query.columns import times
from graph.query.columns.terms import Ids, Terms, describe, lowered, sort_key

FILES = ("texts", "ends", "kinds", "numbers", "tags", "lowered", "lowered_ends", "by_subject", "by_object")
INDEX_FILE = "index.json"
TIMES_FILE = "times.npy"
HALF = 32
LOW = (1 << HALF) - 1


class Predicate(msgspec.Struct, frozen=True):
    """Where the pairs of a predicate stand, and how many different subjects and objects they have."""

    start: int
    end: int
    subjects: int
    objects: int


class _Index(msgspec.Struct, frozen=True):
    subjects: int
    objects: int
    predicates: dict[int, Predicate]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The triples of one release's merge.

    Attributes:
        terms: their terms.
        by_subject: for each predicate its pairs as ``subject << 32 | object``, sorted.
        by_object: for each predicate its pairs as ``object << 32 | subject``, sorted.
        predicates: where each predicate's pairs stand in both.
        subjects: how many different subjects there are.
        objects: how many different objects there are.
    """

    terms: Terms
    by_subject: Ids
    by_object: Ids
    predicates: dict[int, Predicate]
    subjects: int
    objects: int

    def pairs(self, predicate: int, *, inverse: bool = False) -> Ids:
        """Return the sorted pairs of a predicate, those of objects and subjects where ``inverse``."""
        place = self.predicates.get(predicate)
        whole = self.by_object if inverse else self.by_subject
        return whole[place.start : place.end] if place is not None else whole[:0]

    @cached_property
    def size(self) -> int:
        """How many triples there are."""
        return len(self.by_subject)


def build(store: ox.Store, folder: Path) -> None:
    """Write the table of a store's default graph into ``folder``, which appears only when it is whole."""
    staged = folder.with_name(f"{folder.name}.making")
    staged.mkdir()
    text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    triples, texts = _numbered(text or b"")
    del text
    order = sorted(range(len(texts)), key=lambda number: sort_key(texts[number]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    subjects, predicates, objects = (place[np.frombuffer(each, np.int64)] for each in triples)
    languages = _write_terms([texts[number] for number in order], staged)
    found = _write_pairs(subjects, predicates, objects, staged)
    (staged / INDEX_FILE).write_bytes(
        msgspec.json.encode(_Index(_different(subjects), _different(objects), found, languages))
    )
    times.prepare(staged / TIMES_FILE)
    staged.rename(folder)


def open_table(folder: Path) -> Table | None:
    """Return the table in a folder, mapped into memory; None where there is none (yet)."""
    if not os.path.exists(folder):  # noqa: PTH110  asked before every query
        return None
    index = msgspec.json.decode((folder / INDEX_FILE).read_bytes(), type=_Index)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in FILES}
    by_subject, by_object = arrays.pop("by_subject"), arrays.pop("by_object")
    terms = Terms(**arrays, languages=index.languages)
    return Table(terms, by_subject, by_object, index.predicates, index.subjects, index.objects)


def _numbered(text: bytes) -> tuple[tuple[array[int], ...], list[bytes]]:
    """Return subjects, predicates and objects by number, and what the numbers mean."""
    numbers: dict[bytes, int] = {}
    subjects, predicates, objects = array("q"), array("q"), array("q")
    for line in BytesIO(text):
        subject, predicate, rest = line.split(b" ", 2)
        subjects.append(numbers.setdefault(subject, len(numbers)))
        predicates.append(numbers.setdefault(predicate, len(numbers)))
        objects.append(numbers.setdefault(rest[:-3], len(numbers)))
    return (subjects, predicates, objects), list(numbers)


def _write_terms(texts: list[bytes], folder: Path) -> tuple[str, ...]:
    described = [describe(text) for text in texts]
    languages = {"": 0}
    tags = [languages.setdefault(tag, len(languages)) for _, _, tag in described]
    _write_texts(texts, "texts", "ends", folder)
    _write_texts([lowered(text) for text in texts], "lowered", "lowered_ends", folder)
    np.save(folder / "kinds.npy", np.array([kind for kind, _, _ in described], np.uint8))
    np.save(folder / "numbers.npy", np.array([number for _, number, _ in described], np.int64))
    np.save(folder / "tags.npy", np.array(tags, np.uint16))
    return tuple(languages)


def _write_texts(texts: list[bytes], name: str, name_of_ends: str, folder: Path) -> None:
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=ends[1:])
    np.save(folder / f"{name}.npy", np.frombuffer(b"".join(texts), np.uint8))
    np.save(folder / f"{name_of_ends}.npy", ends)


def _write_pairs(subjects: Ids, predicates: Ids, objects: Ids, folder: Path) -> dict[int, Predicate]:
    forward = (subjects << HALF) | objects
    backward = (objects << HALF) | subjects
    by_subject = forward[np.lexsort((forward, predicates))]
    by_object = backward[np.lexsort((backward, predicates))]
    np.save(folder / "by_subject.npy", by_subject)
    np.save(folder / "by_object.npy", by_object)
    names, counts = np.unique(predicates, return_counts=True)
    found, start = {}, 0
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        end = start + count
        found[name] = Predicate(start, end, _distinct(by_subject[start:end]), _distinct(by_object[start:end]))
        start = end
    return found


def _different(numbers: Ids) -> int:
    return int(np.count_nonzero(np.bincount(numbers)))


def _distinct(pairs: Ids) -> int:
    first = pairs >> HALF
    return 1 + int(np.count_nonzero(first[1:] != first[:-1])) if len(first) else 0
