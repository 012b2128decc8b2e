"""The datatypes of CSVW (Metadata Vocabulary 5.11): which texts they take, which literals they give.

Bounds and lengths are the csvw library's to check; the lexical forms are checked here, since the library takes many
texts that XML Schema does not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csvw.datatypes import DATATYPES
from csvw.metadata import Datatype as Constraints

from graph.literals import check_day
from graph.namespaces import RDF, XSD
from graph.sources.tabular import lexical
from graph.sources.tabular.rows import BLANKS

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

    def remedy(self) -> str:
        """Say how a value of this datatype is written."""
        if self.form:
            return f"its format is {self.form}"
        example = EXAMPLES.get(self.base) or (
            "142" if self.base not in UNKNOWN_TO_LIBRARY and _is_integer(self.base) else ""
        )
        return f"write it such as {example}" if example else ""


def datatype(description: str | dict[str, Any] | None) -> Datatype:
    """Return the datatype that the metadata's ``datatype`` property describes.

    Raises:
        ValueError: it describes none.
    """
    facts = dict(description) if isinstance(description, dict) else {"base": description or "string"}
    iri = facts.pop("@id", None)
    facts = {name: value for name, value in facts.items() if not name.startswith("@") and ":" not in name}
    if unknown := set(facts) - PROPERTIES:
        raise ValueError(f"a datatype has no property {', '.join(sorted(unknown))}")
    named = facts.pop("base", "string")
    base = ALIASES.get(named, named)
    if not isinstance(base, str) or base not in DATATYPES.keys() | UNKNOWN_TO_LIBRARY:
        raise ValueError(f"there is no datatype {named}")
    form = facts.pop("format", None)
    readers = (_reader(base, form), _space(base), _constraints(base, facts))
    iri = iri or OTHER_IRIS.get(base, XSD + base)
    shown = form if isinstance(form, str) else str(form or "")
    return Datatype(base, iri, shown, lambda text: readers[2](readers[1](readers[0](text))))


def _is_integer(base: str) -> bool:
    return base in DATATYPES and issubclass(DATATYPES[base], DATATYPES["integer"])


def _reader(base: str, form: Any) -> lexical.Reader:  # noqa: ANN401  as found in the metadata
    if base in REALS or _is_integer(base):
        return lexical.number_reader(form)
    if form is not None and not isinstance(form, str):
        raise ValueError("the format is no string")
    if base == "boolean":
        if form and form.count("|") != 1:
            raise ValueError("the format of a boolean is such as yes|no")
        return lexical.boolean_reader(form)
    if base in MOMENTS and form:
        try:
            return lexical.moment_reader(base, form)
        except (ValueError, KeyError) as problem:
            raise ValueError(f"{form} is no format of {base} that CSVW knows") from problem
    try:
        return lexical.text_reader(form)
    except re.error as problem:
        raise ValueError(f"the format is no regular expression: {problem}") from problem


def _space(base: str) -> lexical.Reader:
    """Return a check that the lexical form is one of the datatype's."""
    space = lexical.lexical_space("integer" if _is_integer(base) else base)
    least, most = _range(base)

    def check(form: str) -> str:
        if space and not space.fullmatch(form.replace(" ", "") if base == "base64Binary" else form):
            raise ValueError
        if base in MOMENTS:
            check_day(form)
        elif base == "json":
            lexical.check_json(form)
        elif base == "xml":
            lexical.check_xml(form)
        elif (least, most) != (-math.inf, math.inf) and not least <= int(form) <= most:
            raise ValueError
        return form

    return check


def _range(base: str) -> tuple[float, float]:
    if base == "int":  # an alias of integer in the library
        return -(2**31), 2**31 - 1
    return (_is_integer(base) and DATATYPES[base].range) or (-math.inf, math.inf)


def _constraints(base: str, facts: dict[str, Any]) -> lexical.Reader:
    """Return a check of bounds and lengths."""
    if not facts:
        return str
    kind = DATATYPES["normalizedString" if base in UNKNOWN_TO_LIBRARY else base]
    if facts.keys() & BOUNDS and not kind.minmax:
        raise ValueError(f"{base} takes no bounds here")
    limits = Constraints.fromvalue({"base": kind.name, **facts})
    parsed = kind.minmax or base in ("hexBinary", "base64Binary")

    def check(form: str) -> str:
        try:
            limits.validate(limits.parse(form) if parsed else form)
        except TypeError as problem:  # Python does not compare moments with and without a time zone
            raise ValueError("it cannot be compared with the bound: only one of them has a time zone") from problem
        return form

    return check
