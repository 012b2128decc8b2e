"""Uzbek in the reader's script: a name that the data has in the other one alone, letter by letter, and marked as such.

Latin follows the alphabet of 1995, Cyrillic that of 1940. It is mechanical: signs that one script does not write (ь, ц
of loanwords) are not restored. The language tag says so: ``uz-Cyrl-t-uz-latn`` is Cyrillic that was Latin (RFC 6497).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

from graph.labels import Label, script_of

PAIRS = (
    ("oʻ", "ў"), ("gʻ", "ғ"), ("sh", "ш"), ("ch", "ч"), ("yo", "ё"), ("yu", "ю"), ("ya", "я"), ("ye", "е"),
    ("a", "а"), ("b", "б"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "ҳ"), ("i", "и"), ("j", "ж"),
    ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "қ"), ("r", "р"), ("s", "с"),
    ("t", "т"), ("u", "у"), ("v", "в"), ("x", "х"), ("y", "й"), ("z", "з"), ("ʼ", "ъ"),
)  # fmt: skip
TO_CYRILLIC = MappingProxyType(dict(PAIRS))
TO_LATIN = MappingProxyType({
    **{cyrillic: latin for latin, cyrillic in PAIRS if latin != "ye"},
    "э": "e", "ц": "s", "щ": "sh", "ы": "i", "ь": "",
})  # fmt: skip
LATIN_LETTER = re.compile("yoʻ|[og]ʻ|sʼh|[sc]h|y[oeua]|[a-zʼ]", re.IGNORECASE)
LATIN_WORD = re.compile("[A-Za-zʻʼ]+")
CYRILLIC_LETTER = re.compile("[а-яёўқғҳ]", re.IGNORECASE)
FOREIGN = re.compile("w|c(?!h)", re.IGNORECASE)
"""What no Uzbek word has: such words stay as they are, as Roman numerals do."""
NUMERAL = re.compile("[IVXLCDM]+\\Z")
VOWELS = frozenset("aeiouаеёиоуыэюяў")
OPENING = frozenset("aeiouаеёиоуыэюяўъь")
"""After these, and at the beginning of a word, е is read *ye* and *e* is written э."""
LATIN, CYRILLIC = "uz-Latn-t-uz-cyrl", "uz-Cyrl-t-uz-latn"


def in_script(label: Label, languages: Sequence[str]) -> Label:
    """Return a label in the script in which its reader wants Uzbek; any other label as it is.

    Args:
        label: what was found for the reader.
        languages: what the reader prefers, the best first.
    """
    wanted = next((each for each in languages if is_uzbek(each)), "")
    if not is_uzbek(label.language) or not wanted or script_of(wanted) == script_of(label.language):
        return label
    if script_of(wanted) == "cyrl":
        return Label(to_cyrillic(label.text), CYRILLIC.lower())
    return Label(to_latin(label.text), LATIN.lower())


def in_both_scripts(languages: Sequence[str]) -> tuple[str, ...]:
    """Return the languages of a publication with Uzbek in both of its scripts, if it is one of them."""
    is_there = any(is_uzbek(each) and script_of(each) == "cyrl" for each in languages)
    return tuple(
        tag for each in languages for tag in (each, "uz-Cyrl") if tag == each or (is_uzbek(each) and not is_there)
    )


def is_uzbek(tag: str) -> bool:
    """Whether a tag is one of Uzbek, in whatever script."""
    return tag.lower().partition("-")[0] == "uz"


def to_cyrillic(text: str) -> str:
    """Return Uzbek in Latin letters in Cyrillic ones."""
    return LATIN_WORD.sub(lambda word: _word_in_cyrillic(word[0]), text)


def _word_in_cyrillic(word: str) -> str:
    if FOREIGN.search(word) or NUMERAL.match(word):
        return word
    return LATIN_LETTER.sub(lambda found: _cased(found[0], _cyrillic(found), word), word)


def _cyrillic(found: re.Match[str]) -> str:
    letter, before = found[0].lower(), found.string[: found.start()][-1:].lower()
    if letter == "yoʻ":
        return "йў"
    if letter == "sʼh":
        return "сҳ"
    if letter == "e" and (not before or before in VOWELS or before == "ʻ"):
        return "э"
    return TO_CYRILLIC.get(letter, letter)


def to_latin(text: str) -> str:
    """Return Uzbek in Cyrillic letters in Latin ones."""
    return CYRILLIC_LETTER.sub(lambda found: _cased(found[0], _latin(found), _around(found)), text)


def _latin(found: re.Match[str]) -> str:
    letter, before = found[0].lower(), found.string[: found.start()][-1:].lower()
    is_first = not before.isalpha()
    if letter == "е":
        return "ye" if is_first or before in OPENING else "e"
    if letter == "ц":
        return "ts" if before in VOWELS else "s"
    return TO_LATIN[letter]


def _around(found: re.Match[str]) -> str:
    """Return a letter with those beside it."""
    return found.string[max(0, found.start() - 1) : found.end() + 1]


def _cased(letter: str, written: str, word: str) -> str:
    """Return letters in capitals where the letter was one: all of them in a word of capitals."""
    if not letter[:1].isupper():
        return written
    return written.upper() if len(word) > 1 and word.isupper() else written[:1].upper() + written[1:]
