"""The records of a CSV file, and the values of their cells: dialects, datatypes and formats (CSVW)."""

from __future__ import annotations

import codecs
import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO
from xml.parsers import expat

from csvw.datatypes import DATATYPES, dt_format_and_regex
from csvw.metadata import Datatype as Constraints
from csvw.metadata import Dialect

from graph.model import rdf_terms
from graph.model.errors import NO_WORDS, Quotation, Said, Sentence, SourceError, said_by
from graph.model.rdf_terms import RDF, XSD, check_day

# A CSV file in, records out, as the dialect says (Model for Tabular Data 8); each knows where in the file it stands.
#
# It knows nothing of columns. It holds one record at a time and refuses what would not fit: lines and cells have a
# limit.

CELL_CHARACTERS = 16 << 20
BLANKS = " \t\r\n\u00a0\u2007\u202f\u200b\ufeff"
"""What surrounds texts that were copied from elsewhere, and is no part of them."""
TOTALS = re.compile(
    r"(?:итого|всего|итог|сумма|жами|барчаси|ҳаммаси|jami|barchasi|hammasi|(?:grand )?totals?|sub-?totals?|sum)"
    r"(?:\s*[:=.]+|\s+(?:по|bo[ʻ'’]yicha|of|for)\b.*)?",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-+]?[\d\s.,%\u00a0\u202f]+")
SAMPLE = 1 << 16
LIKELY = {"cp1251": "windows-1251", "koi8_r": "koi8-r", "cp866": "ibm866", "cp1252": "windows-1252"}
UNDECODED = re.compile("[\udc80-\udcff]")
CSV_PROBLEMS = {
    "unexpected end of data": (
        Sentence("a quotation mark is opened and never closed"),
        Sentence("close it, or double it inside a cell"),
    ),
    "' expected after '": (
        Sentence("text follows a closing quotation mark"),
        Sentence("double each quotation mark inside a cell"),
    ),
    "field larger than field limit": (
        Sentence("a cell is longer than the limit"),
        Sentence("look for a quotation mark left open"),
    ),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file, headers included.

    Attributes:
        line: 1-based line of the file where it begins.
        number: its 1-based position among the file's rows: ``_sourceRow`` of URI templates.
        cells: the texts of its cells, trimmed where the dialect says so; empty for a blank line.
    """

    line: int
    number: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether no cell has a text."""
        return not any(cell.strip(BLANKS) for cell in self.cells)

    def total(self) -> str:
        """Return the word by which the row is one of totals; nothing where it has other texts than that and numbers."""
        return total_of(self.cells)

    def cut(self, width: int) -> Record:
        """Return the row without the empty cells behind the last column."""
        end = len(self.cells)
        while end > width and not self.cells[end - 1].strip(BLANKS):
            end -= 1
        return self if end == len(self.cells) else Record(self.line, self.number, self.cells[:end])


def total_of(cells: Sequence[str]) -> str:
    """Return the word by which cells are a row of totals; nothing where they hold other texts than that and numbers."""
    texts = [text for cell in cells if (text := cell.strip(BLANKS))]
    words = [text for text in texts if not NUMBER.fullmatch(text)]
    return words[0] if len(words) == 1 and TOTALS.fullmatch(words[0]) else ""


def read_records(path: Path, name: str, dialect: Dialect, limit: int = CELL_CHARACTERS) -> Iterator[Record]:
    """Yield the records of a CSV file.

    Args:
        path: the file.
        name: how the user calls it, for messages.
        dialect: delimiter, quotation, encoding and what to skip.
        limit: the most characters that a cell, or a line of the file, may have.

    Raises:
        SourceError: the file cannot be opened or decoded, breaks the dialect, holds a NUL, or passes the limit.
    """
    encoding = str(dialect.python_encoding)
    try:
        if codecs.lookup(encoding).name == "utf-8":
            encoding = _marked(path)
        with path.open(encoding=encoding, newline="") as stream:
            yield from _records(_Lines(stream, name, dialect.commentPrefix, limit), name, dialect, limit)
    except UnicodeError as problem:
        remedy = Sentence('save it as UTF-8, or name its encoding in the metadata: "dialect": {"encoding": …}')
        if encoding == "utf-8-sig" and (likely := likely_encoding(path)):
            remedy = Sentence(
                'save it as "CSV UTF-8", or write "encoding": "%(encoding)s" into the dialect of the metadata',
                encoding=likely,
            )
        problem_text = Sentence("the file is not %(encoding)s", encoding=dialect.encoding.upper())
        raise SourceError(name, problem_text, _undecodable_line(path, encoding), remedy=remedy) from problem
    except OSError as problem:
        raise SourceError(name, Quotation(problem.strerror or str(problem))) from problem
    except LookupError as problem:
        raise SourceError(
            name, said_by(problem), remedy=Sentence("name a text encoding in the metadata's dialect")
        ) from problem


def _marked(path: Path) -> str:
    """Return the encoding that a byte order mark says; else UTF-8. The mark is no part of the first column's name."""
    with path.open("rb") as stream:
        return "utf-16" if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _records(lines: _Lines, name: str, dialect: Dialect, limit: int) -> Iterator[Record]:
    if csv.field_size_limit() < limit:
        csv.field_size_limit(limit)
    try:
        reader = csv.reader(lines, **dialect.as_python_formatting_parameters())
    except (TypeError, ValueError) as problem:
        raise SourceError(
            name,
            Sentence("the dialect is not usable: %(words)s", words=problem),
            remedy=Sentence("correct it in the metadata"),
        ) from None
    lines.skip(dialect.skipRows)
    while True:
        lines.between_records = True
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            unknown: tuple[Said, Said] = (said_by(problem), NO_WORDS)
            text, remedy = next((known for sign, known in CSV_PROBLEMS.items() if sign in str(problem)), unknown)
            raise SourceError(name, text, lines.start or None, remedy=remedy) from problem
        if cells is None:
            return
        if max(map(len, cells), default=0) > limit:
            raise lines.too_long("cell")
        trimmed = [dialect.trimmer(cell) for cell in cells][dialect.skipColumns :]
        if cells or not dialect.skipBlankRows:
            yield Record(lines.start, lines.number, trimmed)


def likely_encoding(path: Path) -> str:
    """Return what people here call the encoding in which a file of one byte a letter may be; or nothing."""
    import charset_normalizer  # noqa: PLC0415  takes 90 ms to load, and most tables are in UTF-8

    with path.open("rb") as stream:
        sample = b"".join(line for line in stream.readlines(SAMPLE) if not line.isascii())[:SAMPLE]
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(LIKELY), threshold=0.5).best()
    return LIKELY[best.encoding] if best is not None and best.encoding in LIKELY else ""


class _Lines:
    """The decoded lines of a file, one at a time; counts lines and records, and leaves comments out."""

    def __init__(self, stream: TextIO, name: str, comment_prefix: str | None, limit: int) -> None:
        self.stream, self.name, self.comment_prefix, self.limit = stream, name, comment_prefix, limit
        self.line = self.start = self.number = 0
        self.between_records = True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while text := self._read():
            if not self.between_records:
                return text
            self.start, self.number = self.line, self.number + 1
            if not (self.comment_prefix and text.startswith(self.comment_prefix)):
                self.between_records = False
                return text
        raise StopIteration

    def skip(self, count: int) -> None:
        """Pass over the first lines of the file."""
        for _ in range(count):
            self.number += bool(self._read())

    def too_long(self, what: str) -> SourceError:
        line, problem = (
            self.line,
            Sentence("a line is longer than the limit of %(number)s characters", number=self.limit),
        )
        if what == "cell":
            line = self.start
            problem = Sentence("a cell is longer than the limit of %(number)s characters", number=self.limit)
        return SourceError(self.name, problem, line, remedy=Sentence("look for a quotation mark left open"))

    def _read(self) -> str:
        text = self.stream.readline(self.limit + 1)
        self.line += bool(text)
        if len(text) > self.limit:
            raise self.too_long("line")
        if "\0" in text:
            raise SourceError(
                self.name,
                Sentence("the file holds the character NUL (U+0000)"),
                self.line,
                remedy=Sentence("remove it"),
            )
        return text


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Return the line of the first bytes that the encoding does not have; None where the codec cannot tell."""
    line = 1
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
            while part := stream.readline(1 << 20):
                if UNDECODED.search(part):
                    return line
                line += part.endswith(("\n", "\r"))
    except UnicodeError:
        pass
    return None


# The datatypes of CSVW: which texts they take, by which formats, and which literals these give (5.11).
#
# Nothing is known here of tables and rows.

# The datatypes of CSVW (Metadata Vocabulary 5.11): which texts they take, which literals they give.
#
# Bounds and lengths are the csvw library's to check; the lexical forms are checked here, since the library takes many
# texts that XML Schema does not.

CSVW = "http://www.w3.org/ns/csvw#"
ALIASES = {"number": "double", "binary": "base64Binary", "datetime": "dateTime", "any": "anyAtomicType"}
UNKNOWN_TO_LIBRARY = {"anyAtomicType", "token", "language", "Name", "NCName"}
OTHER_IRIS = {"xml": RDF + "XMLLiteral", "html": RDF + "HTML", "json": CSVW + "JSON"}
VERBATIM = {"string", "anyAtomicType", "xml", "html", "json"}
REALS = {"decimal", "double", "float"}
MOMENTS = {"date", "dateTime", "dateTimeStamp", "time"}
BOUNDS = {"minimum", "maximum", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive"}
LENGTHS = {"length", "minLength", "maxLength"}
PROPERTIES = {"base", "format"} | BOUNDS | LENGTHS
EXAMPLES = {
    "boolean": "true or false",
    "date": "2015-09-30",
    "dateTime": "2015-09-30T09:00:00",
    "dateTimeStamp": "2015-09-30T09:00:00+05:00",
    "time": "09:00:00",
    "gYear": "2015",
    "gYearMonth": "2015-09",
    "gMonthDay": "--09-30",
    "gMonth": "--09",
    "gDay": "---30",
    "duration": "P1Y2M or PT30M",
    "integer": "142",
    "decimal": "12.5",
    "double": "12.5 or 1.25E1",
    "anyURI": "https://example.org/page",
    "language": "uz-Latn",
}


@dataclass(frozen=True, slots=True)
class Datatype:
    """A datatype as a column uses it.

    Attributes:
        base: the built-in datatype's name, aliases resolved.
        iri: IRI of the literals' datatype.
        form: the format as the metadata gives it, for messages; or an empty string.
        read: takes a normalised text and gives the lexical form; raises ValueError, with or without a reason.
    """

    base: str
    iri: str
    form: str
    read: Callable[[str], str]

    def normalised(self, text: str) -> str:
        """Return the text with the white space that this datatype sees (Model for Tabular Data 6.4, steps 1 and 2).

        Beyond that, blanks of other kinds around it are taken away, which come from texts that were copied; also around
        strings that have a format.
        """
        if self.base in VERBATIM:
            return text.strip(BLANKS) if self.form and self.base == "string" else text
        text = text.translate({9: " ", 10: " ", 13: " "})
        return text if self.base == "normalizedString" else re.sub(" +", " ", text).strip(BLANKS)

    def remedy(self) -> Said:
        """Say how a value of this datatype is written."""
        if self.form:
            return Sentence("its format is %(form)s", form=self.form)
        example = EXAMPLES.get(self.base) or (
            "142" if self.base not in UNKNOWN_TO_LIBRARY and _is_integer(self.base) else ""
        )
        return Sentence("write it such as %(example)s", example=example) if example else NO_WORDS


def datatype(description: str | dict[str, Any] | None) -> Datatype:
    """Return the datatype that the metadata's ``datatype`` property describes.

    Raises:
        ValueError: it describes none.
    """
    facts = dict(description) if isinstance(description, dict) else {"base": description or "string"}
    iri = facts.pop("@id", None)
    facts = {name: value for name, value in facts.items() if not name.startswith("@") and ":" not in name}
    if unknown := set(facts) - PROPERTIES:
        raise ValueError(Sentence("a datatype has no property %(names)s", names=", ".join(sorted(unknown))))
    named = facts.pop("base", "string")
    base = ALIASES.get(named, named)
    if not isinstance(base, str) or base not in DATATYPES.keys() | UNKNOWN_TO_LIBRARY:
        raise ValueError(Sentence("there is no datatype %(datatype)s", datatype=named))
    form = facts.pop("format", None)
    readers = (_reader(base, form), _space(base), _constraints(base, facts))
    iri = iri or OTHER_IRIS.get(base, XSD + base)
    shown = form if isinstance(form, str) else str(form or "")
    return Datatype(base, iri, shown, lambda text: readers[2](readers[1](readers[0](text))))


def _is_integer(base: str) -> bool:
    return base in DATATYPES and issubclass(DATATYPES[base], DATATYPES["integer"])


def _reader(base: str, form: Any) -> Reader:  # noqa: ANN401  as found in the metadata
    if base in REALS or _is_integer(base):
        return number_reader(form)
    if form is not None and not isinstance(form, str):
        raise ValueError(Sentence("the format is no string"))
    if base == "boolean":
        if form and form.count("|") != 1:
            raise ValueError(Sentence("the format of a boolean is such as yes|no"))
        return boolean_reader(form)
    if base in MOMENTS and form:
        try:
            return moment_reader(base, form)
        except (ValueError, KeyError) as problem:
            raise ValueError(
                Sentence("%(form)s is no format of %(datatype)s that CSVW knows", form=form, datatype=base)
            ) from problem
    try:
        return text_reader(form)
    except re.error as problem:
        raise ValueError(Sentence("the format is no regular expression: %(words)s", words=problem)) from problem


def _space(base: str) -> Reader:
    """Return a check that the lexical form is one of the datatype's."""
    space = lexical_space("integer" if _is_integer(base) else base)
    least, most = _range(base)

    def check(form: str) -> str:
        if space and not space.fullmatch(form.replace(" ", "") if base == "base64Binary" else form):
            raise ValueError
        if base in MOMENTS:
            check_day(form)
        elif base == "json":
            check_json(form)
        elif base == "xml":
            check_xml(form)
        elif (least, most) != (-math.inf, math.inf) and not least <= int(form) <= most:
            raise ValueError
        return form

    return check


def _range(base: str) -> tuple[float, float]:
    if base == "int":  # an alias of integer in the library
        return -(2**31), 2**31 - 1
    return (_is_integer(base) and DATATYPES[base].range) or (-math.inf, math.inf)


def _constraints(base: str, facts: dict[str, Any]) -> Reader:
    """Return a check of bounds and lengths."""
    if not facts:
        return str
    kind = DATATYPES["normalizedString" if base in UNKNOWN_TO_LIBRARY else base]
    if facts.keys() & BOUNDS and not kind.minmax:
        raise ValueError(Sentence("%(datatype)s takes no bounds here", datatype=base))
    limits = Constraints.fromvalue({"base": kind.name, **facts})
    parsed = kind.minmax or base in ("hexBinary", "base64Binary")

    def check(form: str) -> str:
        try:
            limits.validate(limits.parse(form) if parsed else form)
        except TypeError as problem:  # Python does not compare moments with and without a time zone
            raise ValueError(
                Sentence("it cannot be compared with the bound: only one of them has a time zone")
            ) from problem
        return form

    return check


# The text of a cell in, a lexical form of XML Schema out, by the datatype's format (Model for Tabular Data 6.4).
#
# The csvw library knows the formats of dates; it also reads texts that only begin like a date, which a publisher must
# not: everything here matches whole texts and ASCII digits. Patterns of numbers are read here: the library counts no
# leading zeros, and knows neither a sign nor a percentage before the digits.

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
    return re.compile(UNICODE_SPACES[base]) if base in UNICODE_SPACES else rdf_terms.lexical_space(base)


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
        raise ValueError(Sentence("a number format has no %(names)s", names=", ".join(sorted(unknown))))
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
            raise ValueError(Sentence("%(name)s is a sign that no number has otherwise", name=name))
    if point == group:
        raise ValueError(Sentence("decimalChar and groupChar differ"))


def _number_pattern(pattern: Any, point: str, group: str) -> re.Pattern[str]:  # noqa: ANN401  as found in the metadata
    """Return what numbers of a pattern match (UAX 35, Number Format Patterns), written with ``.`` and ``,``.

    A pattern is written with the format's own signs (6.4.2); many write it as UAX 35 does, which is taken where the
    other reading makes no sense.
    """
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise ValueError(Sentence("the pattern is no string of at most %(number)s signs", number=str(LONGEST_PATTERN)))
    own = pattern.replace(group, "\0") if group else pattern
    own = own.replace(point, "\1")
    if point == "." or "." not in own:
        own = own.replace("\1", ".")
    if group == "," or "," not in own:
        own = own.replace("\0", ",")
    for text in (own, pattern):
        if found := NUMBER_PATTERN.fullmatch(text):
            return re.compile(_number_regex(found), re.ASCII)
    raise ValueError(Sentence("%(text)s is no number pattern", text=pattern))


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
    if not re.fullmatch(rdf_terms.LEXICAL_SPACES["decimal"], number, re.ASCII):
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
        raise ValueError(Sentence("nested too deeply")) from problem


def check_xml(text: str) -> None:
    """Refuse what is no XML content (rdf:XMLLiteral); a document type cannot stand inside an element."""
    try:
        expat.ParserCreate().Parse(f"<_>{text}</_>", True)
    except expat.ExpatError as problem:
        raise ValueError(Quotation(problem)) from problem
