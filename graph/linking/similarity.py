"""How alike two names are: word by word, the rare words counting most. It knows no index, only how rare a word is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graph.linking.folding import STOP_WORDS
from graph.linking.spelling import likeness

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
