"""The words, numbers and addresses of mail in a term, by which somebody is found wherever they are: in texts and IRIs.

Two spellings that differ in case, accents, apostrophes or order are the same name here; transliterations are not. A
telephone number is known by its last nine digits, in whichever script and however they are divided, with or without
the codes before them; a shorter, local number is not found. An address of mail is found in any case, also with (at) or
[dot] in brackets; "name at host" is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import combinations
from urllib.parse import unquote

WORD = re.compile(r"[^\W_]+")
UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Soft hyphens, zero-width spaces, marks of direction and the like, which nobody sees."""
DIGIT, MAY_BE_MAIL = re.compile(r"\d"), re.compile("[@\uff20\ufe6b([{\uff08\uff3b\uff5b]")
APOSTROPHES = re.compile("[ʻʼ‘’'`´]")
NUMBER = re.compile(r"[+(]{0,2}\d(?:[\s()./·\u2010-\u2015\u2212-]{0,3}\d){8,}")
MAIL = re.compile(r"([\w.!#$%*+^`{|}~-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){0,9})")
"""Bounded as in RFC 5321 4.5.3.1, also so that no text takes long."""
AT = re.compile(r"\s{0,3}[(\[{]\s{0,3}(?:at|@)\s{0,3}[)\]}]\s{0,3}", re.I)
DOT = re.compile(r"\s{0,3}[(\[{]\s{0,3}(?:dot|\.)\s{0,3}[)\]}]\s{0,3}", re.I)
NATIONAL_DIGITS = 9
"""By how many digits at its end a telephone number is known: with and without the country's."""
COUNTRY_DIGITS = 3
"""A country's code before these has so many at most (ITU-T E.164); what is longer is several numbers."""
LONE, SHORT = 8, 4
"""From how many letters on a single word is a name by itself, and each of two words of a longer one."""
MOST_WORDS = 6


def words(text: str) -> list[str]:
    """Return the words of a text or an IRI, folded, in order."""
    if text.isascii():
        return WORD.findall(APOSTROPHES.sub("", text).casefold())
    plain = unicodedata.normalize("NFKD", UNSEEN.sub("", APOSTROPHES.sub("", text)))
    return WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)).casefold())


def windows(found: list[str], size: int) -> Iterator[str]:
    """Yield every run of so many words, each in alphabetical order, so that the order of a name does not count."""
    for start in range(len(found) - size + 1):
        yield " ".join(sorted(found[start : start + size]))


def numbers(text: str) -> Iterator[str]:
    """Yield the ends of the telephone numbers in a text or an IRI."""
    if len(DIGIT.findall(text)) < NATIONAL_DIGITS:
        return
    for match in NUMBER.finditer(_plain(text)):
        digits = re.sub(r"\D", "", match[0])
        yield digits[-NATIONAL_DIGITS:]
        if len(digits) > NATIONAL_DIGITS + COUNTRY_DIGITS:
            yield from _ends_within(match[0])


def _ends_within(run: str) -> Iterator[str]:
    """Yield the ends of numbers that others, or an extension, follow with nothing but a space between."""
    before = ""
    for group in re.findall(r"\d+", run):
        before = (before + group)[-NATIONAL_DIGITS:]
        if len(before) >= NATIONAL_DIGITS:
            yield before


def mails(text: str) -> Iterator[str]:
    """Yield the addresses of mail in a text or an IRI, in small letters."""
    if not MAY_BE_MAIL.search(text) or "@" not in (plain := DOT.sub(".", AT.sub("@", _plain(text)))):
        return
    for local, host in MAIL.findall(plain):
        yield f"{local.strip('.')}@{_ascii_host(host)}".casefold()


def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _plain(text: str) -> str:
    """Return a text with its digits as ASCII has them, without what nobody sees."""
    if text.isascii():
        return text
    signs = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in signs)


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
