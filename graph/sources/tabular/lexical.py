"""The text of a cell in, a lexical form of XML Schema out, by the datatype's format (Model for Tabular Data 6.4).

The csvw library knows the formats (patterns of numbers and dates); it also reads texts that only begin like a date or
number, which a publisher must not: everything here matches whole texts and ASCII digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from csvw.datatypes import NumberPattern, dt_format_and_regex

Reader = Callable[[str], str]
"""Takes a cell's text with its white space normalised, gives a lexical form, raises ValueError."""

_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_YEAR = r"-?(?:[1-9]\d{3,}|0\d{3})"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_DATE = f"{_YEAR}-{_MONTH}-{_DAY}"
_DECIMAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_SECONDS = r"(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?"
_NAME = r"[^\W\d][\w.\-\u00b7]*"

LEXICAL_SPACES = {
    "decimal": _DECIMAL,
    "integer": r"[+-]?\d+",
    "double": rf"{_DECIMAL}(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "date": f"{_DATE}{_ZONE}?",
    "dateTime": f"{_DATE}T{_TIME}{_ZONE}?",
    "dateTimeStamp": f"{_DATE}T{_TIME}{_ZONE}",
    "time": f"{_TIME}{_ZONE}?",
    "duration": rf"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.){_SECONDS})?",
    "dayTimeDuration": rf"-?P(?=.)(?:\d+D)?(?:T(?=.){_SECONDS})?",
    "yearMonthDuration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?",
    "gDay": f"---{_DAY}{_ZONE}?",
    "gMonth": f"--{_MONTH}{_ZONE}?",
    "gMonthDay": f"--(?!02-3|(?:0[469]|11)-31){_MONTH}-{_DAY}{_ZONE}?",
    "gYear": f"{_YEAR}{_ZONE}?",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}?",
    "hexBinary": r"(?:[\da-fA-F]{2})*",
    "base64Binary": r"(?:[a-zA-Z\d+/]{4})*(?:[a-zA-Z\d+/]{2}==|[a-zA-Z\d+/]{3}=)?",
    "anyURI": r"(?:[^\x00-\x20<>\"{}|\\^`%]|%[\da-fA-F]{2})+",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z\d]{1,8})*",
}
UNICODE_SPACES = {"Name": rf"(?:{_NAME}|:)(?:{_NAME}|:)*", "NCName": _NAME, "NMTOKEN": r"[\w.:\-\u00b7]+"}
UNICODE_SPACES["QName"] = f"{_NAME}(?::{_NAME})?"
_ZONES = {"X": r"[+-]\d\d(?:\d\d)?", "XX": r"[+-]\d{4}", "XXX": r"[+-]\d\d:\d\d"}


def lexical_space(base: str) -> re.Pattern[str] | None:
    """Return what a whole lexical form of the datatype matches (XML Schema 2), or None where any text will do."""
    if base in UNICODE_SPACES:
        return re.compile(UNICODE_SPACES[base])
    return re.compile(LEXICAL_SPACES[base], re.ASCII) if base in LEXICAL_SPACES else None


def check_day(form: str) -> None:
    """Refuse a date whose month has no such day; the Gregorian calendar repeats every 400 years."""
    found = re.match(r"(-?\d+)-(\d\d)-(\d\d)", form)
    if found:
        date(2000 + int(found[1]) % 400, int(found[2]), int(found[3]))


def boolean_reader(form: str | None) -> Reader:
    """Read booleans (6.4.3); ``form`` is such as ``YES|NO``."""
    true, false = form.split("|") if form else ("true", "false")
    meanings = {true: "true", false: "false"} | ({} if form else {"1": "true", "0": "false"})

    def read(text: str) -> str:
        if text not in meanings:
            raise ValueError
        return meanings[text]

    return read


def number_reader(form: str | dict[str, Any] | None) -> Reader:
    """Read numbers (6.4.2); ``form`` is a pattern, or an object of ``pattern``, ``decimalChar`` and ``groupChar``."""
    options: dict[str, Any] = form if isinstance(form, dict) else {"pattern": form}
    if unknown := set(options) - {"pattern", "decimalChar", "groupChar"}:
        raise ValueError(f"a number format has no {', '.join(sorted(unknown))}")
    pattern, point = options.get("pattern"), options.get("decimalChar", ".")
    group = options.get("groupChar", "," if pattern else None)
    if len(point) != 1 or (group is not None and len(group) != 1) or point == group:
        raise ValueError("decimalChar and groupChar are one character each, and differ")
    if pattern and not set(pattern) <= set("#0.,;%‰E-+"):
        raise ValueError(f"{pattern} is no number pattern")
    template = NumberPattern(pattern) if pattern else None
    foreign = {".", ","} - {point, group}
    usual = str.maketrans(point + (group or ""), ".," if group else ".")

    def read(text: str) -> str:
        if foreign & set(text) or (group and group * 2 in text):
            raise ValueError
        form = text.translate(usual)
        if template and form.lstrip("+-") not in ("NaN", "INF") and not template.is_valid(form):
            raise ValueError
        return _scaled(form.replace(",", ""))

    return read


def _scaled(form: str) -> str:
    """Return a percentage or permillage as the plain number that it is."""
    scale = {"%": Decimal("0.01"), "‰": Decimal("0.001")}.get(form[-1:])
    if scale is None:
        return form
    if not re.fullmatch(_DECIMAL, form[:-1], re.ASCII):
        raise ValueError
    return f"{Decimal(form[:-1]) * scale:f}"


def moment_reader(base: str, form: str) -> Reader:
    """Read dates and times (6.4.4) of a format such as ``d.M.yyyy HH:mm``."""
    known = dt_format_and_regex(form, no_date=base == "time")
    marker = (known["tz_marker"] or "").strip()
    zone = _ZONES.get(marker.upper(), "") + ("|Z" if marker.isupper() else "")
    gap = " ?" if (known["tz_marker"] or "").startswith(" ") else ""
    regex = re.compile(known["regex"].pattern + (f"{gap}(?P<zone>{zone})" if marker else ""), re.ASCII)

    def read(text: str) -> str:
        found = regex.fullmatch(text)
        if not found or found.groupdict().get("extramicroseconds"):
            raise ValueError
        return _moment({name: part for name, part in found.groupdict().items() if part})

    return read


def _moment(parts: dict[str, str]) -> str:
    form = f"{parts['year']}-{parts['month']:0>2}-{parts['day']:0>2}" if "year" in parts else ""
    if "hour" in parts:
        form += f"{'T' if form else ''}{parts['hour']}:{parts['minute']}:{parts.get('second', '00')}"
    if "microsecond" in parts:
        form += f".{parts['microsecond']}"
    zone = parts.get("zone", "")
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        zone = f"{zone[0]}{digits[:2]}:{digits[2:]}"
    return form + zone


def text_reader(form: str | None) -> Reader:
    """Read everything else (6.4.6); ``form`` is a regular expression that the whole text has to match."""
    regex = re.compile(form) if form else None

    def read(text: str) -> str:
        if regex and not regex.fullmatch(text):
            raise ValueError
        return text

    return read


def check_json(text: str) -> None:
    """Refuse what is no JSON text (RFC 8259)."""
    try:
        json.loads(text)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem


def check_xml(text: str) -> None:
    """Refuse what is no XML content (rdf:XMLLiteral); a document type cannot stand inside an element."""
    try:
        expat.ParserCreate().Parse(f"<_>{text}</_>", True)
    except expat.ExpatError as problem:
        raise ValueError(str(problem)) from problem
