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
from graph.linking.reader import NOTHING, NameIndex, Numbers, remember
from graph.linking.similarity import Rarity
from graph.linking.spelling import meant

FEW, ENOUGH, FOURFOLD = 4096, 64, 4
MOST_LOOKED_UP = 16
"""How many words of a query are looked up; the rarest are enough."""
STEPS = 1000
MOST_POSTINGS = 200_000
MOST_CORRECTIONS, MOST_UNKNOWN = 8, 12
SCOPES_REMEMBERED = 64
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


@dataclass(frozen=True, slots=True)
class Posting:
    """The things that have a word, or one that it may stand for.

    Attributes:
        word: the word that was asked for.
        numbers: the things, in order.
        likely: how likely each has the word that was meant; None where that is ``most`` for all.
        most: the greatest of these.
    """

    word: str
    numbers: Numbers
    likely: NDArray[np.float64] | None
    most: float

    def add(self, numbers: Numbers, scores: NDArray[np.float64], weight: float) -> None:
        """Add the weight of the word to the scores of those things that have it."""
        if not len(self.numbers) or not len(numbers):
            return
        at = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        has = self.numbers[at] == numbers
        scores[has] += weight * (self.most if self.likely is None else self.likely[at[has]])


class Rarities(dict[str, float]):
    """How much each word says, from almost 0 to 1.3: the fewer things have it, the more."""

    def __init__(self, index: NameIndex) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, word: str) -> float:
        count = max(2, self._index.count)
        rarity = LEAST_RARITY + math.log(1 + count / max(1, len(self._index.posting(word)))) / math.log(1 + count)
        remember(self, word, STOP_RARITY if word in STOP_WORDS else rarity)
        return STOP_RARITY if word in STOP_WORDS else rarity


@dataclass
class Candidates:
    """Candidates from one index; it may be used from several threads."""

    index: NameIndex
    base: str
    rarity: Rarity = field(init=False)
    _terms: dict[str, Term] = field(default_factory=dict)
    _scopes: LRUCache[Scope, NDArray[np.bool_]] = field(default_factory=lambda: LRUCache(SCOPES_REMEMBERED))
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        """Look rarities up as one looks into a dictionary: it is done for every word of every name that is compared."""
        self.rarity = Rarities(self.index).__getitem__

    def terms(self, asked: Iterable[str]) -> list[Term]:
        """Return the telling words that were asked for, each with what it may stand for.

        Only the first of those that nobody has are looked up: a page of text is no name.
        """
        found, unknown = list[Term](), 0
        for word in dict.fromkeys(significant(asked)):
            term = self._term(word) if unknown < MOST_UNKNOWN or len(self.index.posting(word)) else Term(word, ())
            unknown += not term.is_known
            found.append(term)
        return found

    def _term(self, word: str) -> Term:
        known = self._terms.get(word)
        if known is None:
            is_known = len(self.index.posting(word)) > 0
            tokens = [(word, 1.0)] if is_known else meant(self.index, word)
            known = Term(word, tuple(each for each in tokens if len(self.index.posting(each[0]))))
            remember(self._terms, word, known)
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

    def by_words(self, terms: Sequence[Term], scope: Scope, most: int) -> list[int]:
        """Return the things that have the most and the rarest of the words.

        The rarest words are looked up first. What has none of them can at most have all others; as soon as something
        found has more than that, the common words need not be looked up.
        """
        postings = sorted((self._posting(term) for term in terms), key=lambda each: (len(each.numbers), each.word))
        weights = [self.rarity(each.word) * each.most for each in postings]
        postings, weights = postings[:MOST_LOOKED_UP], weights[:MOST_LOOKED_UP]
        numbers, scores, total, enough = NOTHING, np.zeros(0), 0, ENOUGH
        for taken, posting in enumerate(postings, 1):
            total += len(posting.numbers)
            is_last = taken == len(postings)
            if total < enough and not is_last:
                continue
            enough = FOURFOLD * total
            numbers = self._united(postings[:taken], total)
            if scope != EVERYTHING:
                numbers = numbers[self.mask(scope)[numbers]]
            scores = np.zeros(len(numbers))
            for each in postings:
                each.add(numbers, scores, self.rarity(each.word))
            if total > MOST_POSTINGS or (len(scores) and scores.max() >= sum(weights[taken:])):
                break
        return self._best(numbers, scores, most)

    def _united(self, postings: Sequence[Posting], total: int) -> Numbers:
        if len(postings) == 1:
            return postings[0].numbers
        if total < FEW:
            return np.unique(np.concatenate([each.numbers for each in postings]))
        found = np.zeros(self.index.size, np.bool_)
        for each in postings:
            found[each.numbers] = True
        return np.flatnonzero(found).astype(np.uint32)

    def _posting(self, term: Term) -> Posting:
        parts = [self.index.posting(token) for token, _ in term.tokens]
        if not parts:
            return Posting(term.word, NOTHING, None, 0.0)
        most = term.tokens[0][1]
        if len(parts) == 1:
            return Posting(term.word, parts[0], None, most)
        likely = np.repeat([score for _, score in term.tokens], [len(each) for each in parts])
        numbers, first = np.unique(np.concatenate(parts), return_index=True)
        return Posting(term.word, numbers, likely[first].astype(np.float64), most)

    def _best(self, numbers: Numbers, scores: NDArray[np.float64], most: int) -> list[int]:
        """Return the best; of those that score the same, the weightiest: those are first in each file."""
        border = int(np.searchsorted(numbers, self.index.whole.count))
        first = _top(numbers[:border], scores[:border], most)
        second = _top(numbers[border:], scores[border:], most)
        if not second:
            return [n for _, n in first]
        found = [*first, *second]
        entities = self.index.entities([n for _, n in found])
        ranks = [rank_of(each.kinds, each.linked, each.iri) for each in entities]
        order = sorted(range(len(found)), key=lambda at: (-found[at][0], ranks[at]))
        return [found[at][1] for at in order[:most]]

    def within(self, numbers: Iterable[int], scope: Scope) -> list[int]:
        """Return those of the things that are in the scope."""
        if scope == EVERYTHING:
            return list(numbers)
        inside = self.mask(scope)
        return [n for n in numbers if inside[n]]

    def mask(self, scope: Scope) -> NDArray[np.bool_]:
        """Return for each number whether that thing is in a scope."""
        with self._lock:
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


def _top(numbers: Numbers, scores: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Return score, in thousandths, and number of the best; of those that score the same, the first."""
    steps = np.rint(scores * STEPS).astype(np.int64)
    if len(numbers) > most:
        at_least = np.cumsum(np.bincount(steps)[::-1])[::-1]
        border = int(np.flatnonzero(at_least >= most)[-1])
        above = np.flatnonzero(steps > border)
        kept = np.concatenate([above, np.flatnonzero(steps == border)[: most - len(above)]])
        numbers, steps = numbers[kept], steps[kept]
    order = np.lexsort((numbers, -steps))
    return list(zip(steps[order].tolist(), numbers[order].tolist(), strict=True))


def spellings_of(identifier: str) -> tuple[str, ...]:
    """Return an identifier as others may have written it: http or https, with a slash at its end or without."""
    scheme, mark, rest = identifier.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return (identifier,)
    rest = rest.rstrip("/")
    return tuple(f"{each}://{rest}{end}" for each in ("http", "https") for end in ("", "/"))
