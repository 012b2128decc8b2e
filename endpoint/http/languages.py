"""The two languages of a page: which they are, Uzbek in the reader's script, numbers and dates as each writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Any, cast

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_scientific
from flask import Flask, request
from flask_babel import Babel, get_locale, gettext
from markupsafe import Markup

from endpoint.current import kept
from graph.model.description import CONTACTS, Label, script_of
from graph.model.rdf_terms import XSD

# The two languages of a page: that of the interface (``?ui=``) and that of the content (``?lang=``).
#
# Somebody may read Russian headings around Uzbek names, so they are chosen apart. The interface follows ``ui``, else
# Accept-Language (RFC 9110 12.5.4); the content follows ``lang``, else ``ui``, else Accept-Language. What stands in the
# URL stays there while one moves: ``endpoint.urls`` writes it into every link of a page.

INTERFACE = ("en", "ru", "uz")
"""The languages that the interface has catalogues for (``endpoint/translations``), the default first."""
OWN_NAMES = {"en": "English", "ru": "Русский", "uz": "Oʻzbekcha"}
"""What each language calls itself."""


FROM_THE_RIGHT = frozenset((
    "adlm", "arab", "aran", "armi", "avst", "elym", "hatr", "hebr", "hung", "khar", "lydi", "mand", "mani", "mend",
    "merc", "mero", "narb", "nbat", "nkoo", "orkh", "ougr", "palm", "phli", "phlp", "phnx", "prti", "rohg", "samr",
    "sarb", "sogd", "sogo", "syrc", "thaa", "yezi",
))  # fmt: skip
"""The scripts that run from right to left (ISO 15924, Unicode)."""


CYRILLIC_SIGN = re.compile("[\u0400-\u04ff]")


def N_(text: str) -> str:  # noqa: N802  the name by which gettext's tools know it
    """Mark a text for the catalogues without translating it here."""
    return text


def translated(text: str, /, **values: object) -> str:
    """Return a text in the language of the interface; ``%(name)s`` in it stands for a value."""
    return cast(str, gettext(text, **values))


def interface() -> str:
    """Return the language of this request's interface."""
    asked = request.args.get("ui", "").lower()
    return asked if asked in INTERFACE else request.accept_languages.best_match(INTERFACE) or INTERFACE[0]


def page_language() -> str:
    """Return the language in which texts, numbers and dates are written now, also outside a request."""
    locale = get_locale()
    return locale.language if locale else INTERFACE[0]


def own_name(tag: str) -> str:
    """Return what a language calls itself, in the script of the tag; the tag where CLDR does not know that."""
    if tag in OWN_NAMES:
        return OWN_NAMES[tag]
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return tag
    return locale.get_display_name(locale) or tag


def direction(text: str, language: str = "", stated: str = "") -> str:
    """Return the value of HTML's attribute ``dir`` for a text; empty where it runs as the interface does.

    Args:
        text: the text.
        language: its tag, or empty: then a text with letters that run from right to left is left to the browser.
        stated: the direction that the data names (RDF 1.2), or empty.
    """
    runs_left = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text)
    if stated:
        return stated
    if not language:
        return "auto" if runs_left else ""
    if script_of(language) in FROM_THE_RIGHT:
        return "rtl"
    return "ltr" if runs_left else ""


def told(text: str, language: str = "", stated: str = "") -> Markup:
    """Return the attributes ``lang`` and ``dir`` of an element that holds a text, each where it has to be named.

    Of a text whose language is not known, in a script that the page has not, that is said: ``lang=""`` (HTML 3.2.6.1).
    """
    page, runs = interface(), direction(text, language, stated)
    is_unknown = not language and page != "ru" and CYRILLIC_SIGN.search(text) is not None
    named = {"lang": language if is_unknown or language not in ("", page) else None, "dir": runs or None}
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in named.items() if value is not None)


def install(app: Flask) -> None:
    """Let an application speak the languages of its readers."""
    Babel(app, default_locale=INTERFACE[0], locale_selector=interface)
    app.url_defaults(_keep)
    app.add_template_global(told)
    app.add_template_global(direction)


def _keep(endpoint: str, values: dict[str, Any]) -> None:
    """Keep the languages in links that ``url_for`` makes, but for files and data."""
    if endpoint != "static" and "format" not in values:
        for name, language in kept():
            values.setdefault(name, language)


# Uzbek in the reader's script: a name that the data has in the other one alone, letter by letter, and marked as such.
#
# Latin follows the alphabet of 1995, Cyrillic that of 1940. It is mechanical: signs that one script does not write (ь,
# ц of loanwords) are not restored. The language tag says so: ``uz-Cyrl-t-uz-latn`` is Cyrillic that was Latin (RFC
# 6497).

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


# Numbers as a reader writes them: with the digits that they have, however many these are; and those one dials.

LONGEST = 30
"""With more digits a number is written with an exponent, rounded to ``SIGNIFICANT`` digits."""
SIGNIFICANT = 6
UZBEK_NUMBER = re.compile(r"tel:\+998(\d\d)(\d{3})(\d\d)(\d\d)\Z")
"""Written as one says it; other countries' numbers stay as they are."""


def reached(iri: str) -> str:
    """Return what one dials or writes to as one writes it: an IRI without its scheme, a number in groups."""
    if (number := UZBEK_NUMBER.match(iri)) is not None:
        return "+998 " + " ".join(number.groups())
    return iri.partition(":")[2] if iri.startswith(CONTACTS) else iri


def grouped(number: int | Decimal, language: str) -> str:
    """Return a number with its digits in groups, none rounded away; a very long one as a power of ten.

    Args:
        number: a finite one.
        language: a locale that babel knows.
    """
    exact = Decimal(number)
    with localcontext() as context:
        context.prec = 3 * LONGEST  # babel computes in the context of the caller, which has 28 digits
        if max(exact.adjusted(), -int(exact.as_tuple().exponent)) < LONGEST:
            return format_decimal(exact, locale=language, decimal_quantization=False)
        context.prec = SIGNIFICANT
        return format_scientific(+exact, format=f"0.{(SIGNIFICANT - 1) * '#'}E0", locale=language)


# Dates and times as a reader of a language writes them; never more precise than they are.

DAY = MappingProxyType({"en": "d MMMM y", "ru": "d MMMM y 'года'", "uz": "y-'yil' d-MMMM"})
MONTH = MappingProxyType({"en": "MMMM y", "ru": "LLLL y 'года'", "uz": "y-'yil' MMMM"})
"""Patterns (UTS 35) as one writes in running text; CLDR's own abbreviate the year in Russian."""
PARTS = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
TIME = re.compile(r"(\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
IN_HTML = re.compile(
    r"((?!0000)\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)?)?)?)?|\d\d:\d\d:\d\d)\Z", re.ASCII
)
"""What HTML's element ``time`` takes: a day has no time zone there, and a second no more than thousandths."""
DATES = frozenset(XSD + name for name in ("date", "gYear", "gYearMonth"))
MOMENTS = frozenset(XSD + name for name in ("dateTime", "dateTimeStamp"))


def readable(lexical: str, datatype: str, language: str) -> str:
    """Return a date, month, year or time as one writes it in a language of the interface; what is none, as it is.

    Args:
        lexical: the literal's own form (XSD 1.1 part 2, 3.3).
        datatype: its datatype's IRI.
        language: a key of ``DAY``.
    """
    try:
        if datatype in MOMENTS and (found := MOMENT.match(lexical)) is not None:
            return _moment(lexical, language) + _zone(found[1])
        if datatype in DATES and (found := PARTS.match(lexical)) is not None:
            return _date(int(found[1]), found[2], found[3], language) + _zone(found[4])
        if datatype == XSD + "time" and (found := TIME.match(lexical)) is not None:
            return found[1] + _zone(found[2])
    except ValueError:
        return lexical  # no day of our calendar, such as the 30th of February
    return lexical


def partial(text: str, language: str) -> str:
    """Return a date of any precision (``2015``, ``2015-02``, ``2015-02-01``) as one writes it; what is none, as it is.

    Args:
        text: the date, whose precision is its datatype's.
        language: a key of ``DAY``.
    """
    kinds = {4: "gYear", 7: "gYearMonth", 10: "date"}
    return readable(text, XSD + kinds[len(text)], language) if len(text) in kinds else text


def _date(year: int, month: str | None, day: str | None, language: str) -> str:
    if month is None:
        return str(year)
    if day is None:
        return format_date(date(year, int(month), 1), MONTH[language], language)
    return format_date(date(year, int(month), int(day)), DAY[language], language)


def _moment(lexical: str, language: str) -> str:
    moment = datetime.fromisoformat(lexical).replace(tzinfo=None)
    return format_datetime(moment, f"{DAY[language]}, HH:mm", locale=language)


def _zone(offset: str | None) -> str:
    """Return a time zone as it stands behind a date or time: the offset is part of what the data says."""
    if offset is None:
        return ""
    return " (UTC)" if offset in ("Z", "+00:00", "-00:00") else f" (UTC{offset.replace('-', '−')})"


def is_time(lexical: str) -> bool:
    """Whether a date or time can stand in the attribute ``datetime`` of HTML's element ``time``."""
    return IN_HTML.match(lexical) is not None


def interval(first: str, last: str, language: str) -> str:
    """Return two days as one writes them in a row, the month only once where they are in the same one.

    Args:
        first: the first day as ``xsd:date``.
        last: the last day.
        language: a key of ``DAY``.
    """
    begins, ends = (PARTS.match(each) for each in (first, last))
    texts = readable(first, XSD + "date", language), readable(last, XSD + "date", language)
    if begins is None or ends is None or not (begins[3] and ends[3]) or first[:7] != last[:7]:
        return " – ".join(dict.fromkeys(texts))
    if first == last:
        return texts[0]
    return re.sub(rf"\b{int(ends[3])}\b", f"{int(begins[3])}–{int(ends[3])}", texts[1], count=1)
