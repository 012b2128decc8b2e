"""Words that somebody may have meant: near in spelling to one that no name has, or abbreviated by it.

Two words that differ in k letters share one of any k+1 parts into which one of them is cut. So the index is asked for
the parts, and only what has one of them is compared letter by letter.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA

from graph.linking.index import padded
from graph.linking.reader import NameIndex

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
