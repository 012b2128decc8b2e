"""Searching an index of names: which things may be meant, best first, and what a name may become while it is typed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, pairwise, product
from threading import RLock

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from graph.model.description import words_of_kinds
from graph.parts.linking.name_comparison import STOP_WORDS, Difference, difference, key, significant, words
from graph.parts.linking.names_index import (
    ACRONYM,
    ALTERNATIVE,
    IDENTIFIER_CODE,
    KIND_CODE,
    LOCAL_NAME,
    NOTHING,
    PLACE_CODE,
    VALID_ID,
    Entity,
    Name,
    NameIndex,
    Numbers,
    id_of,
    padded,
    rank_of,
    remember,
)

# A query in other words of the index: words in another case form, and abbreviations of first syllables written out.
#
# Russian and Uzbek names are asked for in whatever case a sentence has them (*Термезе*, *Toshkentda*), and offices by
# what their names begin with (*минздрав*). It is for people who search; what machines match is matched as it is
# written.

ENDINGS = frozenset((
    "", "a", "e", "i", "o", "u", "ya", "yu", "ey", "oy", "om", "em", "am", "yam", "ami", "yami", "ah", "yah", "ov",
    "ih", "im", "imi", "ogo", "ego", "omu", "emu", "aya", "oe", "ev", "ie", "iya", "iyu", "iem", "uyu", "mi", "m", "h",
    "ni", "ning", "ga", "ka", "da", "dan", "dagi", "lar", "lari", "larni", "larning", "si", "sini", "sining",
))  # fmt: skip
"""Case endings of Russian and Uzbek, folded."""
LONGEST_ENDING, SHORTEST_STEM = 7, 4
MOST_FORMS, MOST_STATED, MOST_FORMED_WORDS, MOST_WORDS_FROM = 3, 6, 8, 60
SHORTEST_SYLLABLE, LONGEST_CONTRACTION, SHORTEST_CONTRACTION = 3, 14, 6


def restated(index: NameIndex, text: str) -> list[str]:
    """Return what a query says in other words that names have; at most six texts, the likeliest first."""
    asked = words(text)[:MOST_FORMED_WORDS]
    if not asked:
        return []
    choices = [_choices(index, word) for word in asked]
    found = dict.fromkeys(" ".join(each) for each in islice(product(*choices), MOST_STATED + 1))
    found.pop(" ".join(asked), None)
    return list(found)[:MOST_STATED]


def _choices(index: NameIndex, word: str) -> list[str]:
    """Return a word and what may stand in its place."""
    if not word.isalpha() or word in STOP_WORDS:
        return [word]
    found = list[str]()
    if not len(index.posting(word)):
        found = next(filter(None, (written_out(index, each) for each in stems_of(word))), [])
    return [*found, word, *forms(index, word)][: MOST_FORMS + 1]


def forms(index: NameIndex, word: str) -> list[str]:
    """Return the words of an index that differ from a folded word in their case endings alone, the shortest first."""
    stems = stems_of(word)
    if not stems:
        return []
    near = index.words_from(stems[-1], MOST_WORDS_FROM)
    found = [
        each for each in near if each != word and any(each[len(s) :] in ENDINGS for s in stems if each.startswith(s))
    ]
    return sorted(found, key=lambda each: (len(each), each))[:MOST_FORMS]


def stems_of(word: str) -> list[str]:
    """Return a folded word without each of the case endings that it may have, the longest first."""
    cuts = (cut for cut in range(LONGEST_ENDING + 1) if word[len(word) - cut :] in ENDINGS)
    return [word[: len(word) - cut] for cut in cuts if len(word) - cut >= SHORTEST_STEM]


def written_out(index: NameIndex, word: str) -> list[str]:
    """Return the pairs of words whose beginnings make a folded word: *ministerstvo zdravohraneniya* for *minzdrav*.

    Both stand in one name, in this order; those first that most things have.
    """
    if not SHORTEST_CONTRACTION <= len(word) <= LONGEST_CONTRACTION:
        return []
    pairs: dict[str, int] = {}
    for at in range(SHORTEST_SYLLABLE, len(word) - SHORTEST_SYLLABLE + 1):
        first, second = (index.words_from(part, MOST_WORDS_FROM) for part in (word[:at], word[at:]))
        for one, other in product(first, second):
            both = np.intersect1d(index.posting(one), index.posting(other), assume_unique=True)
            if len(one) > at and len(other) > len(word) - at and len(both):
                pairs[f"{one} {other}"] = pairs.get(f"{one} {other}", 0) + _in_order(index, both, one, other)
    return sorted((pair for pair, count in pairs.items() if count), key=lambda pair: (-pairs[pair], pair))[:MOST_FORMS]


def _in_order(index: NameIndex, things: Numbers, one: str, other: str) -> int:
    """Count the things, of the first eight, that have a name with one word before the other."""
    folds = (name.fold.split() for entity in index.entities(things[:8].tolist()) for name in entity.names)
    return sum(one in each and other in each[each.index(one) + 1 :] for each in folds)


# Words that somebody may have meant: near in spelling to one that no name has, or abbreviated by it.
#
# Two words that differ in k letters share one of any k+1 parts into which one of them is cut. So the index is asked for
# the parts, and only what has one of them is compared letter by letter.

SHORTEST, LONG = 4, 6
MOST_COMPARED, MOST_MEANT = 3000, 6
SHORTEST_ABBREVIATION, ABBREVIATED = 3, 0.8
SHORTEST_PART = 3


def errors_allowed(word: str) -> int:
    """Return in how many letters a word may be misspelt: none in short ones, two in long ones."""
    if len(word) < SHORTEST or not word.isalpha():
        return 0
    return 2 if len(word) >= LONG else 1


@lru_cache(maxsize=1 << 16)
def likeness(one: str, other: str) -> float:
    """Return from 0 to 1 how likely two folded words are the same word, misspelt or abbreviated."""
    if one == other:
        return 1.0
    if not (one.isalpha() and other.isalpha()):
        return 0.0
    short, long = sorted((one, other), key=len)
    distance = OSA.distance(one, other, score_cutoff=2)
    if distance <= errors_allowed(short) or (distance == 1 and len(long) > SHORTEST and len(short) >= SHORTEST):
        return 1.0 - 0.9 * distance / len(long)
    if len(short) >= SHORTEST_ABBREVIATION and long.startswith(short):
        return ABBREVIATED
    return 0.0


def meant(index: NameIndex, word: str) -> list[tuple[str, float]]:
    """Return the words of an index that ``word`` may stand for, with how likely that is, likeliest first."""
    if not word.isalpha() or len(word) < SHORTEST_ABBREVIATION:
        return []
    found = set(index.words_from(word, MOST_COMPARED // 10))
    if errors := errors_allowed(word):
        found.update(index.words_with(parts(padded(word), errors + 1), MOST_COMPARED))
    scored = [(other, score) for other in found if (score := likeness(word, other))]
    return sorted(scored, key=lambda each: (-each[1], each[0]))[:MOST_MEANT]


def parts(word: str, count: int) -> list[str]:
    """Cut a padded word into so many parts as equal as may be, each long enough for a trigram; fewer if need be.

    And again with the cuts one letter on: two letters that have changed places may be one on either side of a cut.
    """
    count = max(1, min(count, len(word) // SHORTEST_PART))
    cuts = [len(word) * number // count for number in range(count + 1)]
    moved = [0, *(cut - 1 for cut in cuts[1:-1]), len(word)]
    found = [word[start:end] for ends in (cuts, moved) for start, end in pairwise(ends)]
    return [each for each in dict.fromkeys(found) if len(each) >= SHORTEST_PART]


# How alike two names are: word by word, the rare words counting most. It knows no index, only how rare a word is.

Rarity = Callable[[str], float]
"""How much a word says: the fewer things have it, the more."""
ASKED_SHARE = 0.6
"""What the words that were asked for count, against those that the name has beside them."""
ORDER_PENALTY = 0.01


@dataclass(frozen=True, slots=True)
class Alikeness:
    """What two names have in common.

    Attributes:
        value: from 0 to 1.
        asked: the share of what was asked for that the name has, from 0 to 1.
        had: the share of the name that was asked for, from 0 to 1.
        misspelt: words that are alike and not equal, as asked for.
        left: words that were asked for and are not in the name.
        further: words of the name that were not asked for.
    """

    value: float
    asked: float
    had: float
    misspelt: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    further: tuple[str, ...] = ()


SAME = Alikeness(1.0, 1.0, 1.0)


def alikeness(asked: Sequence[str], name: Sequence[str], rarity: Rarity) -> Alikeness:
    """Compare the words that were asked for with those of a name; both folded, in their order."""
    if asked == name:
        return SAME
    left, further, found_asked, found_name = list[str](), list(name), 0.0, 0.0
    all_asked = all_name = 0.0
    for word in asked:
        weight = rarity(word)
        all_asked += weight
        if word in further:
            further.remove(word)
            found_asked += weight
            found_name += weight
        else:
            left.append(word)
    all_name = found_name + sum(map(rarity, further))
    misspelt = list[str]()
    pairs = [(score, one, other) for one in left for other in further if (score := likeness(one, other))]
    for score, one, other in sorted(pairs, reverse=True):
        if one in left and other in further:
            left.remove(one)
            further.remove(other)
            misspelt.append(one)
            found_asked += score * rarity(one)
            found_name += score * rarity(other)
    had_asked, had_name = found_asked / (all_asked or 1.0), found_name / (all_name or 1.0)
    value = ASKED_SHARE * had_asked + (1 - ASKED_SHARE) * had_name
    in_order = not misspelt and not left and not further
    return Alikeness(
        value - (ORDER_PENALTY if in_order else 0.0), had_asked, had_name,
        tuple(misspelt), _telling(left), _telling(further),
    )  # fmt: skip


def _telling(words: Sequence[str]) -> tuple[str, ...]:
    return tuple([word for word in words if word not in STOP_WORDS])


# Candidates: which things may be meant at all, found through exact names, identifiers and the rarest words.
#
# It weighs words and counts them; names it does not compare.

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
class SearchScope:
    """To which things a search is limited.

    Attributes:
        kinds: any of these; all, where empty.
        place: IRI of a place: in it, or in one that lies in it; everywhere, where empty.
        without: none of these kinds.
    """

    kinds: tuple[str, ...] = ()
    place: str = ""
    without: tuple[str, ...] = ()


EVERYTHING = SearchScope()


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
    _scopes: LRUCache[SearchScope, NDArray[np.bool_]] = field(default_factory=lambda: LRUCache(SCOPES_REMEMBERED))
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
            found += (n for n, _ in self.index.named(IDENTIFIER_CODE + each.casefold()))
        return list(dict.fromkeys(found))

    def named(self, asked: Sequence[str], terms: Sequence[Term]) -> list[int]:
        """Return the things that bear just this name, in whatever order of words; or this name rightly spelt."""
        found = [n for n, _ in self.index.named(key(asked))] if asked else []
        if all(term.is_known for term in terms) or not all(term.tokens for term in terms):
            return found
        for choice in islice(product(*(term.tokens for term in terms)), MOST_CORRECTIONS):
            found += (n for n, _ in self.index.named(" ".join(sorted(token for token, _ in choice))))
        return list(dict.fromkeys(found))

    def by_words(self, terms: Sequence[Term], scope: SearchScope, most: int) -> list[int]:
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

    def within(self, numbers: Iterable[int], scope: SearchScope) -> list[int]:
        """Return those of the things that are in the scope."""
        if scope == EVERYTHING:
            return list(numbers)
        inside = self.mask(scope)
        return [n for n in numbers if inside[n]]

    def mask(self, scope: SearchScope) -> NDArray[np.bool_]:
        """Return for each number whether that thing is in a scope."""
        with self._lock:
            known = self._scopes.get(scope)
        if known is None:
            known = np.full(self.index.size, not scope.kinds)
            for kind in scope.kinds:
                known[self.index.posting(KIND_CODE + kind)] = True
            for kind in scope.without:
                known[self.index.posting(KIND_CODE + kind)] = False
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
            numbers = self.index.posting(PLACE_CODE + todo.pop()).tolist()
            found += numbers
            places = np.intersect1d(np.array(numbers, np.uint32), self.index.posting(KIND_CODE + "place"))
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


# Suggestions: what a name may become while it is being typed. Fast before all else; spelling is not corrected.

CONSIDERED = 48
MOST_WORDS_OF_A_START = 400


def suggested(candidates: Candidates, text: str, scope: SearchScope, most: int) -> list[tuple[Entity, Name]]:
    """Return things of which a name goes on as ``text`` begins, and that name; best first.

    Every word of the text but the last is a whole word of the name, and the last one is the beginning of one.
    """
    typed = words(text)
    if not typed:
        return []
    index = candidates.index
    numbers = _matching(index, typed)
    named = candidates.identified(text) + index.names_from(" ".join(sorted(typed)), CONSIDERED)
    if scope != EVERYTHING:
        numbers = numbers[candidates.mask(scope)[numbers]]
    border = int(np.searchsorted(numbers, index.whole.count))
    first = [*numbers[:border][:CONSIDERED].tolist(), *numbers[border:][:CONSIDERED].tolist()]
    order = list(dict.fromkeys((*candidates.within(named, scope), *first)))
    found = [(_suiting(entity, typed), entity) for entity in index.entities(order)]
    beginning = " ".join(typed)
    found.sort(key=lambda each: (_place(each[0].fold, beginning), rank_of(each[1].kinds, each[1].linked, each[1].iri)))
    return [(entity, name) for name, entity in found[:most]]


def _matching(index: NameIndex, typed: list[str]) -> Numbers:
    *whole, last = typed
    telling = [each for each in whole if each not in STOP_WORDS]
    if not telling:
        return index.starting(last)
    numbers = index.posting(telling[0])
    for word in telling[1:]:
        numbers = numbers[index.having((word,))[numbers]]
    if last in STOP_WORDS or not len(numbers):
        return numbers
    return numbers[index.having(index.words_from(last, MOST_WORDS_OF_A_START))[numbers]]


def _suiting(entity: Entity, typed: list[str]) -> Name:
    """Return the name of a thing that has what was typed, at its beginning if there is one."""
    beginning = " ".join(typed)
    return min(entity.names, key=lambda name: (_place(name.fold, beginning), -_held(name.fold, typed), name.rank))


def _held(fold: str, typed: list[str]) -> int:
    return sum(f" {each}" in f" {fold}" for each in typed)


def _place(fold: str, beginning: str) -> int:
    """Return 0 for just this name, 1 for one that the last word makes whole, 2 for one that begins so, 3 for others."""
    if fold == beginning:
        return 0
    if not fold.startswith(beginning):
        return 3
    return 2 if " " in fold[len(beginning) :] else 1


# Searching an index of names: from what somebody typed to things, best first, with how alike their names are.
#
# Candidates come from exact names and from the rarest words; then names are compared word by word. Whom one may take
# without asking is decided in ``graph.parts.linking.reconciliation``.

MOST_WORDS, LONGEST_QUERY = 40, 400
COMPARED, COMPARED_NAMES = 12, 2
MARKDOWN = {ALTERNATIVE: 1.0, ACRONYM: 15.0, LOCAL_NAME: 20.0}
"""What a hit loses by being found under an alternative name, or under an acronym that nobody has written down."""
SEARCHED, NAMESAKES = 10, 24
BEST = 100.0
OTHER_LETTERS, WITHOUT_ITS_KIND = 2.0, 2.0
"""What a hit loses whose name folds to what was asked for and is spelt otherwise in the same script: another word; and
one whose name has not the *city* or *region* that was asked for, so that one that has it is first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found.

    Attributes:
        entity: the thing.
        name: the name by which it was found.
        alike: what that name and the query have in common.
        score: from 0 to 100.
        is_identified: whether the query was an identifier of it, and no name.
        difference: in what the name and the query differ as they are written; None where words are missing in either.
    """

    entity: Entity
    name: Name
    alike: Alikeness
    score: float
    is_identified: bool = False
    difference: Difference | None = None

    @property
    def order(self) -> tuple[float, bool, tuple[int, int, str]]:
        """Where it stands among hits: of those that score the same, a name in just these letters is first."""
        is_equal = self.difference is not None and self.difference.is_equal
        return -self.score, not is_equal, rank_of(self.entity.kinds, self.entity.linked, self.entity.iri)


@dataclass
class Search:
    """Searching one index; it may be used from several threads.

    Attributes:
        index: the index.
        base: the publication's base.
    """

    index: NameIndex
    base: str
    candidates: Candidates = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to find candidates."""
        self.candidates = Candidates(self.index, self.base)

    def hits(
        self, text: str, scope: SearchScope = EVERYTHING, most: int = SEARCHED, *, exact_is_enough: bool = False
    ) -> list[Hit]:
        """Return the things that ``text`` most likely means, best first.

        It is a name, in whatever script and order of words; misspellings, abbreviations and missing words are
        forgiven. Or it is an identifier: an id, an IRI, a code. ``exact_is_enough``: where something has just this
        label, nothing else is looked for.
        """
        text = text[:LONGEST_QUERY]
        asked = words(text)[:MOST_WORDS]
        identified = set(self.candidates.identified(text))
        terms = self.candidates.terms(asked)
        numbers = self.candidates.named(asked, terms)
        exact = self.candidates.within([*identified, *numbers[:NAMESAKES]], scope)
        meant = {token for term in terms for token, _ in term.tokens} | set(asked)
        query = _Query(text, asked, meant)
        found = self._found(exact, identified, query)
        if not (exact_is_enough and any(each.score == BEST for each in found)):
            known = set(exact)
            rest = [n for n in self.candidates.by_words(terms, scope, max(most, COMPARED)) if n not in known]
            found += self._found(rest, identified, query)
        return sorted(found, key=lambda each: each.order)[:most]

    def _found(self, numbers: list[int], identified: set[int], query: _Query) -> list[Hit]:
        hits = list[Hit]()
        for n, entity in zip(numbers, self.index.entities(numbers), strict=True):
            if n in identified:
                hits.append(Hit(entity, entity.names[0], SAME, BEST, is_identified=True))
            elif (hit := self._compared(query, entity)) is not None:
                hits.append(hit)
        return hits

    def _compared(self, query: _Query, entity: Entity) -> Hit | None:
        """Return the hit that the best name of a thing makes."""
        best: Hit | None = None
        idle = words_of_kinds(entity.kinds)
        telling = [each for each in query.asked if each not in idle] if not idle.isdisjoint(query.asked) else []
        for name, folded in _likeliest(entity.names, query.meant):
            for asked in (query.asked, telling) if telling else (query.asked,):
                alike = alikeness(asked, folded, self.candidates.rarity)
                score = 100 * alike.value - MARKDOWN.get(name.rank, 0.0)
                score -= WITHOUT_ITS_KIND if asked is telling else 0.0
                if best is None or score > best.score:
                    best = Hit(entity, name, alike, score)
        if best is None or best.score <= 0:
            return None
        return best if best.alike.left or best.alike.further else _as_written(best, query.text, idle)

    def count(self, scope: SearchScope) -> int:
        """Return how many things are in a scope."""
        return int(np.count_nonzero(self.candidates.mask(scope) & self.index.is_there))

    def all_in(self, scope: SearchScope, most: int, offset: int = 0) -> list[Entity]:
        """Return all things in a scope, weightiest first, from the one after the first ``offset`` on."""
        numbers = np.flatnonzero(self.candidates.mask(scope) & self.index.is_there)
        if self.index.delta is None:
            return self.index.entities(numbers[offset : offset + most].tolist())
        entities = self.index.entities(numbers.tolist())
        entities.sort(key=lambda each: rank_of(each.kinds, each.linked, each.iri))
        return entities[offset : offset + most]

    def suggestions(
        self, text: str, scope: SearchScope = EVERYTHING, most: int = SEARCHED
    ) -> list[tuple[Entity, Name]]:
        """Return things whose names go on as ``text`` begins, with that name, best first; else what it may mean."""
        found = suggested(self.candidates, text[:LONGEST_QUERY], scope, most)
        return found or [(each.entity, each.name) for each in self.hits(text, scope, most)]


@dataclass(frozen=True, slots=True)
class _Query:
    """What was asked for: the text, its folded words, and all words that these may stand for."""

    text: str
    asked: list[str]
    meant: set[str]


def _as_written(hit: Hit, text: str, idle: frozenset[str]) -> Hit:
    """Return a hit with what sets the query apart from that of its equally folded names which is nearest."""
    same = {name.text for name in hit.entity.names if name.fold == hit.name.fold}
    compared = (difference(text, name, idle) for name in sorted(same))
    found = min(compared, key=lambda each: (not each.is_equal, not each.is_none, each.is_other))
    is_same_fold = not hit.alike.misspelt
    score = hit.score - (OTHER_LETTERS if is_same_fold and not found.is_none else 0.0)
    return replace(hit, score=score, difference=found)


def _likeliest(names: Iterable[Name], meant: set[str]) -> list[tuple[Name, list[str]]]:
    """Return the names that have the most of the words, with their words; each wording once, the best rank of it."""
    once = {name.fold: name for name in reversed(tuple(names))}
    split = [(name, fold.split()) for fold, name in once.items()]
    order = sorted([(-len(meant.intersection(found)), len(found), at) for at, (_, found) in enumerate(split)])
    return [split[at] for shared, _, at in order[:COMPARED_NAMES] if shared <= order[0][0] + 1]
