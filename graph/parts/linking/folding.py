"""Folded names: one spelling for what Uzbek Latin, Uzbek Cyrillic, Russian and English write each in their own way.

Самарканд, Samarqand and Samarkand become one word, Oʻzbekiston, O'zbekiston, Ozbekiston and Ўзбекистон another. What
remains different (Toshkent and Ташкент, or a misspelling) is near enough for ``graph.parts.linking.candidate_search``.
A fold is for comparing, never for showing: it loses letters on purpose.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import MappingProxyType

from anyascii import anyascii

APOSTROPHES = "'’‘ʻʼ`´ʹʽ′"
"""They stand inside words (oʻ, taʼlim, parent's) and are left out."""
WORD = re.compile(r"\w+")
WORD_OR_LINE = re.compile(r"\n|\w+")

CYRILLIC = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "j", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "s", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    "ў": "o", "қ": "k", "ғ": "g", "ҳ": "h", "і": "i", "ї": "i", "є": "e", "ґ": "g", "җ": "j", "ң": "n", "ө": "o",
    "ү": "u", "ә": "a", "һ": "h",
})  # fmt: skip
"""The letters of Uzbek Cyrillic, Russian and their neighbours, each as the one letter that all spellings share."""

LATIN = (
    *(("shch", "sh"), ("tch", "ch"), ("dzh", "j"), ("dj", "j"), ("zh", "j"), ("kh", "h"), ("gh", "g"), ("ts", "s")),
    *(("ph", "f"), ("ck", "k"), ("ce", "se"), ("ci", "si"), ("cy", "si"), ("yo", "e"), ("ye", "e"), ("yya", "ya")),
    *(("yyu", "yu"), ("iy", "i"), ("yi", "i"), ("yy", "i"), ("q", "k"), ("x", "h"), ("w", "v")),
)  # fmt: skip
"""Spellings in Latin letters of one sound, as romanisations differ in them; in this order."""
ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})\Z")
ROMAN_DIGITS = MappingProxyType({"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000})
ROMAN_SIGNS, LONG_NUMERAL = frozenset("ivx"), 4
"""Of I, V and X alone any numeral is one; with L, C, D and M a long one: *li*, *mi*, *cd*, *mix* are words as well."""
CYRILLIC_NUMERALS = str.maketrans("хіӏ", "xii")
"""Cyrillic letters that stand in numerals for the Latin ones they look like: ХХІ, ХIV."""
HARD_C = re.compile(r"c(?!h)")
DOUBLED = re.compile(r"([a-z])\1+")

STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with", "no", "nr"),
        *("i", "v", "vo", "na", "po", "pri", "dlya", "iz", "ot", "do", "s", "so", "k", "o", "ob", "g"),
        *("va", "uchun", "bilan", "sonli", "ning"),
    )
)
"""Words of English, Russian and Uzbek that say little: they never decide between two names."""


def fold(text: str) -> str:
    """Return the folded words of a name, in their order, with single blanks between them."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """Return the folded words of a name, in their order; those of which nothing is left are left out."""
    return [found for each in WORD.findall(_plain(text)) if (found := fold_word(each))]


class Folds:
    """Folds of many names: as ``fold`` of each, several times as fast, for what stands between blanks is folded once.

    Words and signs that blanks part fold by themselves: no rule looks across a blank.
    """

    def __init__(self, most: int = 1 << 17) -> None:
        """Remember at most about so many pieces."""
        self._known: dict[str, str] = {}
        self._most = most

    def of(self, texts: Sequence[str]) -> list[str]:
        """Return the fold of each text."""
        pieces, known = [each.split() for each in texts], self._known
        if len(known) > self._most:
            known.clear()
        fresh = list(set[str]().union(*pieces).difference(known))
        known.update(zip(fresh, _fold_pieces(fresh), strict=True))
        fold_of = known.__getitem__
        joined = [" ".join(map(fold_of, each)) for each in pieces]
        # a piece without words leaves a blank too many
        return [
            " ".join(each.split()) if "  " in each or each[:1] == " " or each[-1:] == " " else each for each in joined
        ]


def _fold_pieces(pieces: Sequence[str]) -> list[str]:
    """Return the folds of texts without line breaks."""
    if not pieces:
        return []
    folded = " ".join(filter(None, map(fold_word, WORD_OR_LINE.findall(_plain("\n".join(pieces))))))
    return [each.strip() for each in folded.split("\n")]


def plain(text: str) -> str:
    """Return a text without apostrophes, and with no sign written in two ways (Unicode NFKC); capitals stay."""
    for sign in APOSTROPHES if not text.isascii() else ("'", "`"):
        text = text.replace(sign, "")
    if not text.isascii():
        text = text.replace("№", " ")
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
    return text.replace("_", " ")


def _plain(text: str) -> str:
    return plain(text).casefold()


@lru_cache(maxsize=1 << 16)
def fold_word(word: str) -> str:
    """Return one word, in small letters already, folded to ASCII letters and digits; a Roman numeral as its number."""
    if number := roman(word):
        return str(number)
    latin = word
    if not word.isascii():
        latin = word.translate(CYRILLIC)
        if not latin.isascii():
            latin = "".join(sign for sign in anyascii(latin).lower() if sign.isalnum())
    elif word.isdigit():
        return word
    for spelling, shared in LATIN:
        if spelling in latin:
            latin = latin.replace(spelling, shared)
    return DOUBLED.sub(r"\1", HARD_C.sub("k", latin))


def roman(word: str) -> int:
    """Return the number that a word in small letters is as a Roman numeral of two letters or more; 0 for any other.

    A single letter is none: it may be an initial, a preposition, a mark.
    """
    if len(word) < 2:
        return 0
    latin = word.translate(CYRILLIC_NUMERALS)
    if not ROMAN.match(latin) or not (ROMAN_SIGNS.issuperset(latin) or len(latin) >= LONG_NUMERAL):
        return 0
    digits = [ROMAN_DIGITS[each] for each in latin]
    return sum(-one if one < following else one for one, following in zip(digits, [*digits[1:], 0], strict=True))


def key(folded: Iterable[str]) -> str:
    """Return what two names have in common that differ in the order of their words, or in words that say little."""
    return " ".join(sorted(significant(folded)))


def significant(folded: Iterable[str]) -> list[str]:
    """Return the words that say something; all, where none does."""
    every = list(folded)
    return [each for each in every if each not in STOP_WORDS] or every


def acronym(text: str) -> str:
    """Return the acronym that a name's words make, without those that say little; in small letters, not folded."""
    found = (each for each in WORD.findall(_plain(text)) if fold_word(each) not in STOP_WORDS)
    return "".join(each[0] for each in found if not each[0].isdigit())
