"""The words and numbers of a term, by which a name is found wherever it stands: in texts and in IRIs.

Two spellings that differ in case, accents, apostrophes or order are the same name here; transliterations are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import combinations
from urllib.parse import unquote

WORD = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile("[ʻʼ‘’'`´]")
NUMBER = re.compile(r"[+(]{0,2}\d(?:[\s().-]{0,3}\d){8,}")
NATIONAL_DIGITS = 9
"""By how many digits at its end a telephone number is known: with and without the country's."""
LONE, SHORT = 8, 4
"""From how many letters on a single word is a name by itself, and each of two words of a longer one."""
MOST_WORDS = 6


def words(text: str) -> list[str]:
    """Return the words of a text or an IRI, folded, in order."""
    plain = unicodedata.normalize("NFKD", APOSTROPHES.sub("", text))
    return WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)).casefold())


def windows(found: list[str], size: int) -> Iterator[str]:
    """Yield every run of so many words, each in alphabetical order, so that the order of a name does not count."""
    for start in range(len(found) - size + 1):
        yield " ".join(sorted(found[start : start + size]))


def numbers(text: str) -> Iterator[str]:
    """Yield the ends of the telephone numbers in a text or an IRI."""
    for match in NUMBER.finditer(text):
        yield re.sub(r"\D", "", match[0])[-NATIONAL_DIGITS:]


def readings(name: str) -> set[str]:
    """Return what a name is looked for by: all its words, and of three any two, since a patronymic is often left out.

    A single word counts only where it is long, and a pair only where neither word is short.
    """
    found = words(name)[:MOST_WORDS]
    if len(found) < 2:
        return {each for each in found if len(each) >= LONE}
    pairs = combinations(found, 2) if len(found) == 3 else ()
    fitting = (pair for pair in pairs if min(map(len, pair)) >= SHORT)
    return {" ".join(sorted(each)) for each in (found, *fitting)}


def decoded(iri: str) -> str:
    """Return an IRI with its percent-encoded letters as letters."""
    return unquote(iri)


def sizes_of(found: Iterable[str]) -> frozenset[int]:
    """Return how many words the readings have."""
    return frozenset(each.count(" ") + 1 for each in found)
