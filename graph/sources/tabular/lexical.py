"""The text of a cell in, a lexical form of XML Schema out, by the datatype's format (Model for Tabular Data 6.4).

The csvw library knows the formats of dates; it also reads texts that only begin like a date, which a publisher must
not: everything here matches whole texts and ASCII digits. Patterns of numbers are read here: the library counts no
leading zeros, and knows neither a sign nor a percentage before the digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from csvw.datatypes import dt_format_and_regex

from graph import literals

Reader = Callable[[str], str]
"""Takes a cell's text with its white space normalised, gives a lexical form, raises ValueError."""

_NAME = r"[^\W\d][\w.\-\u00b7]*"
UNICODE_SPACES = {"Name": rf"(?:{_NAME}|:)(?:{_NAME}|:)*", "NCName": _NAME, "NMTOKEN": r"[\w.:\-\u00b7]+"}
UNICODE_SPACES["QName"] = f"{_NAME}(?::{_NAME})?"
SPACES = " \u00a0\u202f\u2009"
LONGEST_PATTERN = 100
NUMBER_PATTERN = re.compile(
    r"(?P<before>[+-]?[%‰]?|[%‰][+-])(?P<integer>(?=.)#*(?:,#+)*0*(?:,0+)*)"
    r"(?:\.(?P<fraction>0*(?:,0+)*#*(?:,#+)*))?(?:E(?P<exponent>\+?#*0*))?(?P<after>[%‰]?)"
)
_ZONES = {"X": r"[+-]\d\d(?:\d\d)?", "XX": r"[+-]\d{4}", "XXX": r"[+-]\d\d:\d\d"}


def lexical_space(base: str) -> re.Pattern[str] | None:
    """Return what a whole lexical form of the datatype matches (XML Schema 2), or None where any text will do."""
    return re.compile(UNICODE_SPACES[base]) if base in UNICODE_SPACES else literals.lexical_space(base)


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
    group = options.get("groupChar", "," if pattern and point != "," else "")
    _check_signs(point, group, has_group="groupChar" in options)
    shape = _number_pattern(pattern, point, group) if pattern else None
    foreign = {".", ","} - {point, group}

    def read(text: str) -> str:
        if group in SPACES:  # people type one, programs write another
            text = text.translate(dict.fromkeys(map(ord, SPACES), group))
        if any(each in text for each in foreign) or (group and group * 2 in text):
            raise ValueError
        form = text.replace(group, "\0").replace(point, ".").replace("\0", ",") if group else text.replace(point, ".")
        if shape and form.lstrip("+-") not in ("NaN", "INF") and not shape.fullmatch(form):
            raise ValueError
        return _scaled(form.replace(",", ""))

    return read


def _check_signs(point: object, group: object, *, has_group: bool) -> None:
    """Refuse signs that cannot be told from the rest of a number."""
    for name, sign in (("decimalChar", point), ("groupChar", group)):
        if sign == "" and name == "groupChar" and not has_group:
            continue
        if not isinstance(sign, str) or not sign or re.search(r"[\dEe%‰+-]", sign):
            raise ValueError(f"{name} is a sign that no number has otherwise")
    if point == group:
        raise ValueError("decimalChar and groupChar differ")


def _number_pattern(pattern: Any, point: str, group: str) -> re.Pattern[str]:  # noqa: ANN401  as found in the metadata
    """Return what numbers of a pattern match (UAX 35, Number Format Patterns), written with ``.`` and ``,``.

    A pattern is written with the format's own signs (6.4.2); many write it as UAX 35 does, which is taken where the
    other reading makes no sense.
    """
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"the pattern is no string of at most {LONGEST_PATTERN} signs")
    own = pattern.replace(group, "\0") if group else pattern
    own = own.replace(point, "\1")
    if point == "." or "." not in own:
        own = own.replace("\1", ".")
    if group == "," or "," not in own:
        own = own.replace("\0", ",")
    for text in (own, pattern):
        if found := NUMBER_PATTERN.fullmatch(text):
            return re.compile(_number_regex(found), re.ASCII)
    raise ValueError(f"{pattern} is no number pattern")


def _number_regex(found: re.Match[str]) -> str:
    """Return the regular expression of a number pattern's parts."""
    signs = {"+": "[+-]", "-": "-"}
    before, after = found["before"] or "", found["after"] or ""
    prefix = re.escape(before.strip("+-")) + signs.get(before.strip("%‰"), "[+-]?")
    exponent = ""
    if found["exponent"]:
        digits = found["exponent"].lstrip("+")
        sign = "[+-]" if found["exponent"].startswith("+") else "[+-]?"
        exponent = rf"[Ee]{sign}\d{{{max(1, digits.count('0'))},{len(digits) if '#' in digits else ''}}}"
    return prefix + _integer_regex(found["integer"]) + _fraction_regex(found["fraction"]) + exponent + re.escape(after)


def _integer_regex(pattern: str) -> str:
    """Return what stands before the point: as many digits as there are zeros, in groups as wide as the pattern's."""
    groups, least = pattern.split(","), pattern.count("0")
    if len(groups) == 1:
        return rf"\d{{{least},}}"
    primary, secondary = len(groups[-1]), len(groups[-2] if len(groups) > 2 else groups[-1])
    enough = rf"(?=(?:\d,?){{{least}}})"
    return rf"{enough}(?:\d{{1,{secondary}}}(?:,\d{{{secondary}}})*,\d{{{primary}}}|\d{{1,{primary}}})"


def _fraction_regex(pattern: str | None) -> str:
    """Return what stands behind the point: the zeros' digits always, the others at most."""
    if not pattern:
        return ""
    regex, is_needed = "", False
    for place in reversed(re.findall(",?[0#]", pattern)):
        digit = place[:-1] + r"\d"
        is_needed = is_needed or place.endswith("0")
        regex = digit + regex if is_needed else f"(?:{digit}{regex})?"
    return rf"\.{regex}" if is_needed else rf"(?:\.(?=\d){regex})?"


def _scaled(form: str) -> str:
    """Return a percentage or permillage as the plain number that it is."""
    scales = {"%": Decimal("0.01"), "‰": Decimal("0.001")}
    sign = form[:1] if form[:1] in scales else form[-1:]
    if sign not in scales:
        return form
    number = form.removeprefix(sign) if form.startswith(sign) else form.removesuffix(sign)
    if not re.fullmatch(literals.LEXICAL_SPACES["decimal"], number, re.ASCII):
        raise ValueError
    return f"{Decimal(number) * scales[sign]:f}"


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
