"""Candidates: which things may be meant at all, found through exact names, identifiers and the rarest words.

It weighs words and counts them; names it does not compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from threading import RLock

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from graph.linking.entity import VALID_ID, id_of, rank_of
from graph.linking.folding import STOP_WORDS, key, significant
from graph.linking.index import IDENTIFIER, KIND, PLACE
from graph.linking.reader import NOTHING, NameIndex, Numbers
from graph.linking.spelling import meant

MOST = 16
FEW = 4096
MOST_POSTINGS = 200_000
MOST_CORRECTIONS = 8
MOST_REMEMBERED, SCOPES_REMEMBERED = 1 << 15, 64
STOP_RARITY, LEAST_RARITY = 0.05, 0.3
LONGEST_ID = 2048


@dataclass(frozen=True, slots=True)
class Scope:
    """To which things a search is limited.

    Attributes:
        kinds: any of these; all, where empty.
        place: IRI of a place: in it, or in one that lies in it; everywhere, where empty.
        without: none of these kinds.
    """

    kinds: tuple[str, ...] = ()
    place: str = ""
    without: tuple[str, ...] = ()


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Term:
    """A word that was asked for.

    Attributes:
        word: the word.
        tokens: the words of the index that it may stand for, and how likely each is from 0 to 1; likeliest first.
    """

    word: str
    tokens: tuple[tuple[str, float], ...]

    @property
    def is_known(self) -> bool:
        """Whether the index has the word itself."""
        return self.tokens[:1] == ((self.word, 1.0),)


@dataclass
class Candidates:
    """Candidates from one index; it may be used from several threads."""

    index: NameIndex
    base: str
    _rarities: LRUCache[str, float] = field(default_factory=lambda: LRUCache(MOST_REMEMBERED))
    _terms: LRUCache[str, Term] = field(default_factory=lambda: LRUCache(MOST_REMEMBERED))
    _scopes: LRUCache[Scope, NDArray[np.bool_]] = field(default_factory=lambda: LRUCache(SCOPES_REMEMBERED))
    _lock: RLock = field(default_factory=RLock)

    def rarity(self, word: str) -> float:
        """Return how much a word says, from almost 0 to 1.3: the fewer things have it, the more."""
        if word in STOP_WORDS:
            return STOP_RARITY
        known = self._rarities.get(word)
        if known is None:
            count = max(2, self.index.count)
            known = LEAST_RARITY + math.log(1 + count / max(1, len(self.index.posting(word)))) / math.log(1 + count)
            with self._lock:
                self._rarities[word] = known
        return known

    def terms(self, asked: Iterable[str]) -> list[Term]:
        """Return the telling words that were asked for, each with what it may stand for."""
        return [self._term(word) for word in dict.fromkeys(significant(asked))]

    def _term(self, word: str) -> Term:
        known = self._terms.get(word)
        if known is None:
            is_known = len(self.index.posting(word)) > 0
            tokens = [(word, 1.0)] if is_known else meant(self.index, word)
            known = Term(word, tuple(each for each in tokens if len(self.index.posting(each[0]))))
            with self._lock:
                self._terms[word] = known
        return known

    def identified(self, text: str) -> list[int]:
        """Return the things of which ``text`` is an id, an IRI or another identifier."""
        wanted = text.strip()
        if not wanted or len(wanted) > LONGEST_ID:
            return []
        ids = [wanted] if VALID_ID.match(wanted) else []
        if "://" in wanted:
            ids.append(id_of(wanted, self.base))
        found = [n for each in ids if (n := self.index.number(each)) is not None]
        for each in spellings_of(wanted):
            found += (n for n, _ in self.index.named(IDENTIFIER + each.casefold()))
        return list(dict.fromkeys(found))

    def named(self, asked: Sequence[str], terms: Sequence[Term]) -> list[int]:
        """Return the things that bear just this name, in whatever order of words; or this name rightly spelt."""
        found = [n for n, _ in self.index.named(key(asked))] if asked else []
        if all(term.is_known for term in terms) or not all(term.tokens for term in terms):
            return found
        for choice in islice(product(*(term.tokens for term in terms)), MOST_CORRECTIONS):
            found += (n for n, _ in self.index.named(" ".join(sorted(token for token, _ in choice))))
        return list(dict.fromkeys(found))

    def by_words(self, terms: Sequence[Term], scope: Scope) -> list[int]:
        """Return the things that have the most and the rarest of the words."""
        things, weights = self._weighed(terms)
        if len(things) < FEW:
            numbers, places = np.unique(things, return_inverse=True)
            scores = np.bincount(places, weights, minlength=len(numbers))
        else:
            every = np.bincount(things, weights, minlength=self.index.size)
            numbers = np.flatnonzero(every).astype(np.uint32)
            scores = every[numbers]
        if scope != EVERYTHING:
            inside = self.mask(scope)[numbers]
            numbers, scores = numbers[inside], scores[inside]
        return self._best(numbers, scores.astype(np.float64))

    def _weighed(self, terms: Sequence[Term]) -> tuple[Numbers, NDArray[np.float64]]:
        """Return the things that have one of the words, once a word, and what the word weighs; the rarest words."""
        postings = sorted(
            ((self._posting(term), term.word) for term in terms), key=lambda each: (len(each[0][0]), each[1])
        )
        parts, total = list[tuple[Numbers, NDArray[np.float64]]](), 0
        for (numbers, likely), word in postings:
            if total > MOST_POSTINGS and len(parts) > 1:
                break
            total += len(numbers)
            parts.append((numbers, likely * self.rarity(word)))
        if not parts:
            return NOTHING, np.zeros(0)
        return np.concatenate([each for each, _ in parts]), np.concatenate([each for _, each in parts])

    def _posting(self, term: Term) -> tuple[Numbers, NDArray[np.float64]]:
        parts = [self.index.posting(token) for token, _ in term.tokens]
        if len(parts) == 1:
            return parts[0], np.full(len(parts[0]), term.tokens[0][1])
        every = np.concatenate([NOTHING, *parts])
        likely = np.repeat([score for _, score in term.tokens], [len(each) for each in parts])
        numbers, first = np.unique(every, return_index=True)
        return numbers, likely[first].astype(np.float64)

    def _best(self, numbers: Numbers, scores: NDArray[np.float64]) -> list[int]:
        """Return the best; of those that score the same, the weightiest: those are first in each file."""
        border = int(np.searchsorted(numbers, self.index.whole.count))
        first = _top(numbers[:border], scores[:border])
        second = _top(numbers[border:], scores[border:])
        if not second:
            return [n for _, n in first]
        found = [*first, *second]
        entities = self.index.entities([n for _, n in found])
        ranks = [rank_of(each.kinds, each.linked, each.iri) for each in entities]
        order = sorted(range(len(found)), key=lambda at: (-found[at][0], ranks[at]))
        return [found[at][1] for at in order[:MOST]]

    def within(self, numbers: Iterable[int], scope: Scope) -> list[int]:
        """Return those of the things that are in the scope."""
        if scope == EVERYTHING:
            return list(numbers)
        inside = self.mask(scope)
        return [n for n in numbers if inside[n]]

    def mask(self, scope: Scope) -> NDArray[np.bool_]:
        """Return for each number whether that thing is in a scope."""
        known = self._scopes.get(scope)
        if known is None:
            known = np.full(self.index.size, not scope.kinds)
            for kind in scope.kinds:
                known[self.index.posting(KIND + kind)] = True
            for kind in scope.without:
                known[self.index.posting(KIND + kind)] = False
            if scope.place:
                inside = np.zeros(self.index.size, np.bool_)
                inside[self.within_place(scope.place)] = True
                known &= inside
            with self._lock:
                self._scopes[scope] = known
        return known

    def within_place(self, place: str) -> list[int]:
        """Return a place and everything that is in it, or in a place that lies in it."""
        itself = self.index.number(id_of(place, self.base))
        found, seen, todo = ([] if itself is None else [itself]), {place}, [place]
        while todo:
            numbers = self.index.posting(PLACE + todo.pop()).tolist()
            found += numbers
            places = np.intersect1d(np.array(numbers, np.uint32), self.index.posting(KIND + "place"))
            fresh = [each.iri for each in self.index.entities(places.tolist()) if each.iri not in seen]
            seen.update(fresh)
            todo += fresh
        return found


def _top(numbers: Numbers, scores: NDArray[np.float64]) -> list[tuple[float, int]]:
    if len(numbers) > MOST:
        border = np.partition(scores, -MOST)[-MOST]
        above = np.flatnonzero(scores > border)
        kept = np.concatenate([above, np.flatnonzero(scores == border)[: MOST - len(above)]])
        numbers, scores = numbers[kept], scores[kept]
    order = np.lexsort((numbers, -scores))
    return list(zip(scores[order].tolist(), numbers[order].tolist(), strict=True))


def spellings_of(identifier: str) -> tuple[str, ...]:
    """Return an identifier as others may have written it: http or https, with a slash at its end or without."""
    scheme, mark, rest = identifier.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return (identifier,)
    rest = rest.rstrip("/")
    return tuple(f"{each}://{rest}{end}" for each in ("http", "https") for end in ("", "/"))
