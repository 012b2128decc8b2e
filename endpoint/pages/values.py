"""Numbers, dates and times as a reader of a language writes them; never more precise than they are."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, localcontext
from types import MappingProxyType

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_scientific

from graph.model.description import CONTACTS
from graph.model.namespaces import XSD

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
