"""Names compared: folded to one spelling, so that they are found, and letter by letter, whether two are surely one."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import takewhile
from types import MappingProxyType

from anyascii import anyascii
from rapidfuzz.distance import OSA

# Folded names: one spelling for what Uzbek Latin, Uzbek Cyrillic, Russian and English write each in their own way.
#
# Самарканд, Samarqand and Samarkand become one word, Oʻzbekiston, O'zbekiston, Ozbekiston and Ўзбекистон another. What
# remains different (Toshkent and Ташкент, or a misspelling) is near enough for
# ``graph.parts.linking.candidate_search``. A fold is for comparing, never for showing: it loses letters on purpose.

APOSTROPHES = "'’‘ʻʼ`´ʹʽ′"
"""They stand inside words (oʻ, taʼlim, parent's) and are left out."""
WORD = re.compile(r"\w+")
WORD_OR_LINE = re.compile(r"\n|\w+")

TO_LATIN = str.maketrans({
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
        latin = word.translate(TO_LATIN)
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


# Whether two names are surely one: what speaks against it in their letters as they are written, not in their folds.
#
# Folds forgive on purpose: doubled letters, small words, capitals. Two names that may be taken for each other unasked
# must not differ in what was forgiven: an initial, the number of a forum, the letter of a wing, the one letter that
# makes
# *careers* of *carers*. It finds and ranks nothing, and knows no index.

SHORTEST_CUT = 3
"""An abbreviation has so many letters before its full stop; fewer are an initial."""
WORDS_A_DOUBT = 2
LONG_NAME, VERY_LONG_NAME, LETTERS_OF_A_PAIR = 3, 4, 12
"""Telling words of a name in which one misspelt word makes no doubt, and of one that may have two; a name of fewer
words must have so many letters."""
LONG_WORD, SHORTEST_RARE, SHORTEST_COMMON, VERY_LONG_WORD = 7, 6, 5, 9
START_OF_RARE, START_OF_COMMON = 3, 2
"""Where words differ in one letter and mean different things, it is mostly among the first: *north* and *south*,
*девятый* and *десятый*, *micro* and *macro*. People misspell what comes after."""
SURNAME = re.compile(r"[eo]va?\Z|[её]ва?\Z|ова?\Z")
"""How surnames end; Salihov is no misspelling of Salimov."""
LEXICON = ("en", "ru")
NUMBER_SIGNS = frozenset({"no", "nr"})
BEFORE_NUMBERS = frozenset({"do", "ot", "po", "s", "so", "from", "to", "by", "na"})
"""Small words that say much before a number: up to 7 is not from 7 on."""
CITY_MARK = "г"
CYRILLIC = re.compile(r"[Ѐ-ԯ]")
SAME_CYRILLIC = str.maketrans("ёқғҳ", "екгх")
"""Letters that keyboards lack, by those that people type for them."""
SAME_LATIN = (
    *(("shch", "sh"), ("dzh", "j"), ("zh", "j"), ("dj", "j"), ("kh", "h"), ("gh", "g"), ("x", "h"), ("q", "k")),
    *(("iy", "i"), ("yy", "i")),
)  # fmt: skip
"""Romanisations of one sound of Uzbek or Russian; what folding takes together besides differs in English."""
LOOKALIKES = str.maketrans("авекмнорстухі", "abekmhopctyxi")
"""Cyrillic letters by the Latin ones that look the same as capitals."""
ROMANISED = MappingProxyType({"х": "x", "қ": "q", "ҳ": "h"})
"""Cyrillic letters by their Latin ones where folding takes them for another's."""
BRITISH = (
    (re.compile(r"(?<=\w{3})iz(?=(?:e[drs]?|ers|ing|ations?|ational)\Z)"), "is"),
    (re.compile(r"\b(cent|theat)er(?=s?\Z)"), r"\1re"),
    (re.compile(r"(?<=\w{3})or(?=s?\Z)"), "our"),
    (re.compile(r"gramme(?=s?\Z)"), "gram"),
    (re.compile(r"(?<=\w{4})nse(?=s?\Z)"), "nce"),
)
"""American and British spellings of one word."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name as it is written.

    Attributes:
        letters: in small letters, without apostrophes.
        fold: folded (``fold``).
        is_cut: whether a full stop follows it.
        is_small: whether it may be left out: a preposition or an article, by its form and by its place.
        is_surname: whether it has a capital and ends as surnames do.
    """

    letters: str
    fold: str
    is_cut: bool
    is_small: bool
    is_surname: bool = False

    @property
    def is_sign(self) -> bool:
        """Whether it is a number or a single letter: each counts, and so does their order."""
        return not self.is_small and (len(self.letters) == 1 or any(map(str.isdigit, self.fold)))

    @property
    def is_cyrillic(self) -> bool:
        """Whether it is written in Cyrillic letters."""
        return CYRILLIC.search(self.letters) is not None


@dataclass(frozen=True, slots=True)
class Misspelling:
    """Two words that are one but for their spelling.

    Attributes:
        shorter: how many letters the shorter one has.
        errors: how many letters are wrong; swapped neighbours count once.
        start: how many letters are the same at their beginning.
        ends_alike: whether their last letters are the same.
        is_swapped: whether it is only two letters that have changed places.
        is_doubled: whether it is only letters that stand once in one of them and twice in the other.
        is_word: whether what was asked for is a word of its own in a lexicon, or either is a surname.
        is_common: whether the word of the name is in the English lexicon: what misses it by a letter and is not there
            itself means it. The Russian one has no more than every fifth form of a word.
    """

    shorter: int
    errors: int
    start: int
    ends_alike: bool
    is_swapped: bool
    is_doubled: bool
    is_word: bool
    is_common: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """In what two names differ.

    Attributes:
        is_equal: whether they are the same words in the same order, letter by letter.
        is_other: whether one has a word, a number, an initial that the other has not.
        telling: how many words of the one that was asked for say something.
        letters: how many letters these have together.
        misspellings: words that are one but for their spelling.
        cut: words that stand abbreviated, with a full stop, in one of them.
    """

    is_equal: bool
    is_other: bool
    telling: int
    letters: int = 0
    misspellings: tuple[Misspelling, ...] = ()
    cut: int = 0

    @property
    def is_none(self) -> bool:
        """Whether they are one name, in whatever script and order of words."""
        return not (self.is_other or self.misspellings or self.cut)


def difference(asked: str, name: str, idle: Collection[str] = (), *, in_either: bool = False) -> Difference:
    """Compare what was asked for with a name.

    Args:
        asked: as somebody typed it.
        name: as the data has it.
        idle: folded words that say nothing of this thing, such as *city* of a city: the name need not have them.
        in_either: whether the name may have them beside what was asked for, too.
    """
    ours, theirs = words_as_written(asked), words_as_written(name)
    telling = sum(not each.is_small for each in ours)
    if [each.letters for each in ours] == [each.letters for each in theirs]:
        return Difference(is_equal=True, is_other=not telling, telling=telling)
    if not _same_signs(ours, theirs):
        return Difference(is_equal=False, is_other=True, telling=telling)
    left = [each for each in ours if not each.is_sign]
    misspellings, cut = list[Misspelling](), 0
    further = [each for each in theirs if not each.is_sign]
    for same in (_is_just_the_same, _is_same, _has_same_fold, _is_cut, _is_near):
        for one, other in _paired(left, further, same):
            cut += same is _is_cut
            if same in (_has_same_fold, _is_near) and (found := _misspelling(one, other)) is not None:
                misspellings.append(found)
    left = [each for each in left if each.fold not in idle]
    further = [each for each in further if not in_either or each.fold not in idle]
    is_other = any(not each.is_small for each in (*left, *further))
    letters = sum(len(each.letters) for each in ours if not each.is_small)
    return Difference(False, is_other or not telling, telling, letters, tuple(misspellings), cut)


def is_sure(found: Difference, *, confirmed: bool) -> bool:
    """Whether two names that differ so may be taken for one unasked.

    A misspelling may make another word. So one letter in a long name is forgiven, where it is not among the first of
    a word and no word of its own comes of it; as in a long name where something else agrees (``confirmed``).
    """
    if found.is_other or (len(found.misspellings) + found.cut) * WORDS_A_DOUBT > found.telling:
        return False
    wrong = [
        each for each in found.misspellings if not (each.is_doubled and each.shorter >= LONG_WORD and not each.is_word)
    ]
    if not all(_is_slip(each, max(found.telling, LONG_NAME if confirmed else 0)) for each in wrong):
        return False
    if confirmed or not wrong:
        return True
    is_long = found.telling >= LONG_NAME or found.letters >= LETTERS_OF_A_PAIR
    return is_long and len(wrong) <= (2 if found.telling >= VERY_LONG_NAME else 1)


def _is_slip(found: Misspelling, telling: int) -> bool:
    if found.errors != 1 or not found.start or found.is_word:
        return False
    if found.is_swapped:
        return found.shorter >= SHORTEST_COMMON
    shortest, start = (SHORTEST_RARE if telling >= LONG_NAME else LONG_WORD), START_OF_RARE
    if found.is_common or found.shorter >= VERY_LONG_WORD:
        start = START_OF_COMMON
    if found.is_common:
        shortest = SHORTEST_COMMON
    if found.shorter < shortest:
        return False
    return found.is_doubled or (found.start >= start and found.ends_alike)


@lru_cache(maxsize=1 << 14)
def words_as_written(text: str) -> tuple[Word, ...]:
    """Return the words of a name, in their order."""
    written = plain(text)
    found = [each for each in WORD.finditer(written) if fold_word(each[0].casefold())]
    is_shouted = written.isupper()
    folds = [*(fold_word(each[0].casefold()) for each in found), ""]
    return tuple(
        Word(
            each[0].casefold(),
            folds[at],
            written[each.end() : each.end() + 1] == ".",
            folds[at] in STOP_WORDS
            and _is_small(each[0], folds[at], folds[at + 1], written[each.end() :][:2], is_shouted=is_shouted),
            each[0][:1].isupper() and SURNAME.search(each[0].casefold()) is not None,
        )
        for at, each in enumerate(found)
    )


def _is_small(word: str, fold: str, following: str, after: str, *, is_shouted: bool) -> bool:
    """Whether a word that says little is one here: not an initial, the letter of a wing, an acronym."""
    is_numbered = following[:1].isdigit()
    if fold in NUMBER_SIGNS:
        return is_numbered
    if word == CITY_MARK and after.startswith("."):
        return True
    if is_numbered and fold in BEFORE_NUMBERS:
        return False
    if len(word) > 1 and not is_shouted:
        return word.islower() or word.istitle()
    return (word.islower() or is_shouted) and bool(following) and after[:1].isspace()


def _same_signs(ours: Sequence[Word], theirs: Sequence[Word]) -> bool:
    one, other = _signs(ours, theirs), _signs(theirs, ours)
    are_cyrillic = [any(each.is_cyrillic for each in words if not each.is_sign) for words in (ours, theirs)]
    other_script = are_cyrillic[0] != are_cyrillic[1]
    return len(one) == len(other) and all(
        _is_same_sign(*each, other_script=other_script) for each in zip(one, other, strict=True)
    )


def _signs(words: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    """Return numbers and single letters, without capitals that are a small word of the other name: *Klub V Termeze*."""
    small = Counter(each.fold for each in others if each.is_small)
    small.subtract(each.fold for each in words if each.is_small)
    found = list[Word]()
    for each in words:
        if each.is_sign and not each.is_cut and small[each.fold] > 0:
            small[each.fold] -= 1
        elif each.is_sign:
            found.append(each)
    return found


def _is_same_sign(one: Word, other: Word, *, other_script: bool) -> bool:
    if len(one.letters) > 1 or len(other.letters) > 1 or one.letters.isdigit() or other.letters.isdigit():
        return one.fold == other.fold
    if one.is_cyrillic == other.is_cyrillic:
        return one.letters == other.letters  # folding makes one letter of x and h, of q, k and c
    latin, cyrillic = (other, one) if one.is_cyrillic else (one, other)
    if not other_script:  # a letter of the other keyboard is the one that looks the same
        return latin.letters == cyrillic.letters.translate(LOOKALIKES)
    return latin.letters in (cyrillic.fold, ROMANISED.get(cyrillic.letters))


def _paired(left: list[Word], further: list[Word], same: Callable[[Word, Word], bool]) -> list[tuple[Word, Word]]:
    """Take the words that a test finds to be one out of both lists, and return them."""
    found = list[tuple[Word, Word]]()
    for one in tuple(left):
        other = next((each for each in further if same(one, each)), None)
        if other is not None:
            left.remove(one)
            further.remove(other)
            found.append((one, other))
    return found


def _is_just_the_same(one: Word, other: Word) -> bool:
    return one.letters == other.letters and one.is_small == other.is_small


def _is_same(one: Word, other: Word) -> bool:
    return one.letters == other.letters


def _has_same_fold(one: Word, other: Word) -> bool:
    return one.fold == other.fold


def _is_cut(one: Word, other: Word) -> bool:
    short, long = sorted((one, other), key=lambda each: len(each.letters))
    if not short.is_cut or len(short.letters) < SHORTEST_CUT:
        return False
    return long.letters.startswith(short.letters) or long.fold.startswith(short.fold)


def _is_near(one: Word, other: Word) -> bool:
    if one.is_small or other.is_small:
        return False
    short, long = sorted(_spellings(one, other), key=len)
    return short == long or OSA.distance(short, long, score_cutoff=2) <= 2 < len(short)


def _spellings(one: Word, other: Word) -> tuple[str, str]:
    if one.is_cyrillic == other.is_cyrillic:
        return _spelling(one), _spelling(other)
    return _across(one.fold), _across(other.fold)


def _across(fold: str) -> str:
    """Return a fold with one spelling for what romanisations of й and ы make of them."""
    return _once(fold.replace("y", "i").replace("ie", "e"))


def _spelling(word: Word) -> str:
    """Return the letters of a word, with one spelling for what keyboards, romanisations and the English differ in."""
    if word.is_cyrillic:
        return word.letters.translate(SAME_CYRILLIC)
    latin = word.letters
    if not latin.isascii():
        latin = "".join(sign for sign in anyascii(latin).lower() if sign.isalnum())
    for spelling, shared in SAME_LATIN:
        latin = latin.replace(spelling, shared)
    for american, british in BRITISH:
        latin = american.sub(british, latin)
    return latin


def _misspelling(one: Word, other: Word) -> Misspelling | None:
    """Return in what the spellings of two words differ; None where they do not."""
    ours, theirs = _spellings(one, other)
    if ours == theirs:
        return None
    errors = OSA.distance(ours, theirs)
    is_doubled = _once(ours) == _once(theirs)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    is_swapped = errors == 1 and len(ours) == len(theirs) and sorted(ours) == sorted(theirs)
    known = lexicon()
    return Misspelling(
        shorter=min(len(ours), len(theirs)),
        errors=errors,
        start=start,
        ends_alike=ours[-1:] == theirs[-1:],
        is_swapped=is_swapped,
        is_doubled=is_doubled,
        is_word=one.letters in known or one.is_surname or other.is_surname,
        is_common=not other.is_cyrillic and other.letters in known,
    )


ONCE = re.compile(r"(\w)\1+")


@cache
def lexicon() -> frozenset[str]:
    """Return words of English and Russian, in small letters: what is among them is rightly spelt.

    These are the lists of pyspellchecker; its checker itself counts and corrects, which is not asked for here and
    takes ten times as long to load.
    """
    folder = files("spellchecker") / "resources"
    found = (json.loads(gzip.decompress((folder / f"{each}.json.gz").read_bytes())) for each in LEXICON)
    return frozenset(word for words in found for word in words)


def _once(letters: str) -> str:
    return ONCE.sub(r"\1", letters)
