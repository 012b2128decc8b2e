"""Keys that order as values do, for the literals whose order the engine does not know (SPARQL 1.1 Query 15.1, 17.3).

The engine orders numbers of 64 bits, texts, and dates with a zone as the specification wants. Of all other literals it
compares some by value and some by their letters, which is no order. Here each has one key: a double where it is a
number, else a string; keys that are strings compare as strings do. Where ``<`` is defined, keys follow it; where it
leaves the order open (a time without a zone beside one that has one), they take UTC, and durations as from one day.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import pyoxigraph as ox

from graph.namespaces import XSD

KEY, TIE = "urn:x-hamkor:order-key", "urn:x-hamkor:order-tie"
NUMBERS = frozenset(
    {"integer", "decimal", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger", "long"}
    | {"int", "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"}
)
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?|\.\d+)S)?)?"
)
DURATIONS = frozenset({"duration", "dayTimeDuration", "yearMonthDuration"})
YEAR, MONTH, DAY = r"(?P<year>-?\d{4,})", r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
MOMENTS = {
    name: re.compile(pattern + r"(?P<zone>Z|[+-]\d\d:\d\d)?")
    for name, pattern in {
        "time": r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d+)?)",
        "gYear": YEAR,
        "gYearMonth": f"{YEAR}-{MONTH}",
        "gMonthDay": f"--{MONTH}-{DAY}",
        "gMonth": f"--{MONTH}",
        "gDay": f"---{DAY}",
    }.items()
}
COMPLEMENT = str.maketrans("0123456789", "9876543210")
REFERENCE = 1696 * 12 + 8
"""September 1696 in months: one of the four from which durations are compared (XSD 1.1 Datatypes 3.3.6.2)."""


def key(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Literal:
    """Return the key of a term; a double if it is a number that is too large for the engine, else a string."""
    if not isinstance(term, ox.Literal):
        return ox.Literal(f"~{term}")
    if (number := _number(term)) is not None:
        return ox.Literal(float(number))
    return ox.Literal(_text(term.datatype.value, term.value))


def tie(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Literal | None:
    """Return what decides between terms of equal keys: None where nothing has to."""
    if not isinstance(term, ox.Literal):
        return None
    number = _number(term)
    if number is None:
        return ox.Literal(term.value)
    return ox.Literal(sortable(number))


def sortable(number: Decimal) -> str:
    """Return a string that compares with others of this function as the finite numbers do."""
    if not number:
        return "1"
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    exponent = number.adjusted()
    size = f"{'1' if exponent >= 0 else '0'}{exponent % 10**12:012d}" if abs(exponent) < 10**12 else "2"
    text = f"{size}{digits}"
    return f"2{text}" if number > 0 else f"0{text.translate(COMPLEMENT)}~"


def _number(literal: ox.Literal) -> Decimal | None:
    name, text = literal.datatype.value.removeprefix(XSD), literal.value.strip(" \t\r\n")
    if name not in NUMBERS or NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@lru_cache(maxsize=1_000)
def _text(datatype: str, value: str) -> str:
    name, text = datatype.removeprefix(XSD), value.strip(" \t\r\n")
    if name in DURATIONS and (found := DURATION.fullmatch(text)):
        return f"1{sortable(_seconds(found))}"
    if name in MOMENTS and (found := MOMENTS[name].fullmatch(text)):
        return f"2{name} {sortable(_moment(found))}"
    return f"3{datatype} {value}"


def _seconds(duration: re.Match[str]) -> Decimal:
    sign, years, months, days, hours, minutes, seconds = duration.groups("0")
    factor = -1 if sign == "-" else 1
    month = REFERENCE + factor * (int(years) * 12 + int(months))
    passed = _days(month // 12, month % 12 + 1) - _days(REFERENCE // 12, REFERENCE % 12 + 1)
    rest = Decimal(int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60) + Decimal(seconds)
    return passed * 86400 + factor * rest


def _moment(moment: re.Match[str]) -> Decimal:
    """Return the seconds from some day to where a time, a year, a month or a day of any year begins."""
    told = {"year": "1972", "month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0", **_told(moment)}
    days = _days(int(told["year"]), int(told["month"])) + int(told["day"])
    seconds = Decimal(days * 86400 + int(told["hour"]) * 3600 + int(told["minute"]) * 60) + Decimal(told["second"])
    zone = told.get("zone", "Z")
    if zone == "Z":
        return seconds
    offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return seconds - offset if zone[0] == "+" else seconds + offset


def _told(moment: re.Match[str]) -> dict[str, str]:
    return {name: text for name, text in moment.groupdict().items() if text is not None}


def _days(year: int, month: int) -> int:
    """Return the days from a fixed day to the first of a month of the proleptic Gregorian calendar."""
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5
