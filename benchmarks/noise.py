"""Names as people write them: the same name in another script, misspelt, turned round, shortened.

Every kind of distortion is a function from a name and a source of chance to a distorted name, or None where the name
has nothing to distort. It knows no index and no registry.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

_LATIN_TO_CYRILLIC: Final = (
    *(("sh", "ш"), ("ch", "ч"), ("yo", "ё"), ("yu", "ю"), ("ya", "я"), ("oʻ", "ў"), ("gʻ", "ғ"), ("ts", "ц")),
    *zip("abvgdejziyklmnoprstufxhqʼ", "абвгдежзийклмнопрстуфхҳқъ", strict=True),
)
_CYRILLIC_TO_LATIN: Final = MappingProxyType({
    **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
    "ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu",
    "я": "ya", "ў": "oʻ", "қ": "q", "ғ": "gʻ", "ҳ": "h",
})  # fmt: skip
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC_LETTERS: Final = "абвгдежзийклмнопрстуфхцчшыэюя"
LONG_WORD: Final = 5
SMALL_WORDS: Final = frozenset("of the and for in at on в и по va".split())  # noqa: SIM905

Distortion = Callable[[str, random.Random], "str | None"]


def in_other_script(name: str, _: random.Random) -> str | None:
    """Return a Cyrillic name in Latin letters."""
    small = name.lower()
    if not any(sign in _CYRILLIC_TO_LATIN for sign in small):
        return None
    return "".join(_CYRILLIC_TO_LATIN.get(sign, sign) for sign in small).title()


def in_uzbek_cyrillic(name: str, _: random.Random) -> str | None:
    """Return an Uzbek Latin name in Uzbek Cyrillic letters."""
    small = name.lower()
    if any(sign in small for sign in _CYRILLIC_LETTERS):
        return None
    for latin, cyrillic in _LATIN_TO_CYRILLIC:
        small = small.replace(latin, cyrillic)
    return None if any(sign in _LETTERS for sign in small) else small.title()


def with_other_apostrophes(name: str, chance: random.Random) -> str | None:
    """Return a name with the apostrophes that keyboards have, or with none."""
    if not any(sign in name for sign in "ʻʼ’"):
        return None
    other = chance.choice(("'", "`", "‘", "’", ""))
    return "".join(other if sign in "ʻʼ’" else sign for sign in name)


def misspelt(name: str, chance: random.Random) -> str | None:
    """Return a name with one letter of a longer word left out, doubled, swapped or replaced."""
    words = name.split(" ")
    long = [number for number, word in enumerate(words) if len(word) >= LONG_WORD and word.isalpha()]
    if not long:
        return None
    at = chance.choice(long)
    words[at] = _misspelt_word(words[at], chance)
    return " ".join(words)


def _misspelt_word(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    letters = _LETTERS if word.isascii() else _CYRILLIC_LETTERS
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + chance.choice(letters) + word[at + 1 :],
        )
    )


def twice_misspelt(name: str, chance: random.Random) -> str | None:
    """Return a name with two misspellings, which may be in one word."""
    once = misspelt(name, chance)
    return misspelt(once, chance) if once else None


def turned_round(name: str, chance: random.Random) -> str | None:
    """Return a name with its words in another order."""
    words = name.replace(",", "").split(" ")
    if len(words) < 2:
        return None
    at = chance.randrange(1, len(words))
    return " ".join((*words[at:], *words[:at]))


def with_a_word_shortened(name: str, chance: random.Random) -> str | None:
    """Return a name with a long word cut to its beginning, with a full stop."""
    words = name.split(" ")
    long = [number for number, word in enumerate(words) if len(word) >= LONG_WORD + 2 and word.isalpha()]
    if not long or len(words) < 3:
        return None
    at = chance.choice(long)
    words[at] = words[at][: chance.randrange(3, 6)] + "."
    return " ".join(words)


def with_a_word_missing(name: str, chance: random.Random) -> str | None:
    """Return a name of four telling words or more without one of them; numbers stay."""
    words = name.split(" ")
    telling = [n for n, word in enumerate(words) if word.lower() not in SMALL_WORDS and not any(map(str.isdigit, word))]
    if len(telling) < 4:
        return None
    del words[chance.choice(telling)]
    return " ".join(words)


def in_capitals(name: str, _: random.Random) -> str | None:
    """Return a name in capitals, without punctuation."""
    return "".join(sign for sign in name.upper() if sign.isalnum() or sign in " -ʻʼ’'")


DISTORTIONS: Final = MappingProxyType({
    "as it is": lambda name, _: name,
    "Cyrillic in Latin letters": in_other_script,
    "Uzbek Latin in Cyrillic": in_uzbek_cyrillic,
    "other apostrophes": with_other_apostrophes,
    "misspelt": misspelt,
    "twice misspelt": twice_misspelt,
    "other order": turned_round,
    "a word shortened": with_a_word_shortened,
    "a word missing": with_a_word_missing,
    "capitals": in_capitals,
})  # fmt: skip
"""What it is called → the function."""
