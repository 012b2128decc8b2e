"""A query in other words of the index: words in another case form, and abbreviations of first syllables written out.

Russian and Uzbek names are asked for in whatever case a sentence has them (*Термезе*, *Toshkentda*), and offices by
what their names begin with (*минздрав*). It is for people who search; what machines match is matched as it is written.
"""

from __future__ import annotations

from itertools import islice, product

import numpy as np

from graph.linking.folding import STOP_WORDS, words
from graph.linking.reader import NameIndex, Numbers

ENDINGS = frozenset((
    "", "a", "e", "i", "o", "u", "ya", "yu", "ey", "oy", "om", "em", "am", "yam", "ami", "yami", "ah", "yah", "ov",
    "ih", "im", "imi", "ogo", "ego", "omu", "emu", "aya", "oe", "ev", "ie", "iya", "iyu", "iem", "uyu", "mi", "m", "h",
    "ni", "ning", "ga", "ka", "da", "dan", "dagi", "lar", "lari", "larni", "larning", "si", "sini", "sining",
))  # fmt: skip
"""Case endings of Russian and Uzbek, folded."""
LONGEST_ENDING, SHORTEST_STEM = 7, 4
MOST_FORMS, MOST_STATED, MOST_WORDS, MOST_WORDS_FROM = 3, 6, 8, 60
SHORTEST_SYLLABLE, LONGEST_CONTRACTION, SHORTEST_CONTRACTION = 3, 14, 6


def restated(index: NameIndex, text: str) -> list[str]:
    """Return what a query says in other words that names have; at most six texts, the likeliest first."""
    asked = words(text)[:MOST_WORDS]
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
