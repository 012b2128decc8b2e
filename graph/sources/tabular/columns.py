"""A column of a table: what its metadata says, and how the text of a cell becomes its value.

The csvw library checks the description; the properties that a column inherits are in it already (see ``metadata``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from csvw.metadata import Column as Description

from graph.sources.tabular.datatypes import Datatype, datatype

UNDETERMINED = "und"
Value = str | tuple[str, ...] | None
"""The lexical form of a cell's value, those of a list, or null."""


class MissingValueError(ValueError):
    """A cell of a required column is null."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, virtual ones included.

    Attributes:
        name: the name that URI templates and default predicates use, percent-encoded.
        number: its 1-based position in the table.
        titles: the texts that its header may have, each with its language; empty where any will do.
        virtual: whether no cell of the file belongs to it.
        suppressed: whether it gives no triples.
        about: the URI template of the subjects, or None for the row's own node.
        property: the URI template of the predicates, or None for the default.
        value: the URI template of the objects, or None for literals.
        language: the language of its strings, or None.
        ordered: whether a list of values becomes an rdf:List.
    """

    name: str
    number: int
    titles: tuple[tuple[str, str], ...]
    virtual: bool
    suppressed: bool
    about: str | None
    property: str | None
    value: str | None
    language: str | None
    ordered: bool
    required: bool
    separator: str | None
    default: str
    nulls: frozenset[str]
    datatype: Datatype = field(repr=False)

    def may_be_headed(self, texts: Iterable[str], language: str) -> bool:
        """Whether one of these texts in this language is a title of the column (Metadata Vocabulary 5.5.1)."""
        wanted = set(texts)
        return any(text in wanted and same_language(tag, language) for tag, text in self.titles)

    def read(self, text: str) -> Value:
        """Return the value of a cell (Model for Tabular Data 6.4).

        Raises:
            MissingValueError: the value is null, and the column is required.
            ValueError: the text breaks the column's datatype.
        """
        text = self.datatype.normalised(text) or self.datatype.normalised(self.default)
        if not self.separator:
            return self._single(text)
        if not text or text in self.nulls:
            self._refuse_missing()
            return None
        parts = text.split(self.separator)
        if self.datatype.base not in ("string", "anyAtomicType"):
            parts = [part.strip() for part in parts]
        values = (self._single(part or self.default) for part in parts)
        return tuple(value for value in values if value is not None)

    def _single(self, text: str) -> str | None:
        if text not in self.nulls:
            return self.datatype.read(text)
        self._refuse_missing()
        return None

    def _refuse_missing(self) -> None:
        if self.required:
            raise MissingValueError("the cell is empty, and the column is required")


def same_language(one: str, other: str) -> bool:
    """Whether two language tags agree as titles have to: cut to the shorter one they are equal; und is any language."""
    parts = (one.lower().split("-"), other.lower().split("-"))
    return UNDETERMINED in (one, other) or all(first == second for first, second in zip(*parts, strict=False))


def column(number: int, properties: Mapping[str, Any], language: str = UNDETERMINED) -> Column:
    """Return the column that a column description describes (Metadata Vocabulary 5.6).

    Args:
        number: its 1-based position.
        properties: the description, inherited properties included.
        language: the language of titles that have none of their own: the metadata's ``@language``.

    Raises:
        ValueError, TypeError, AttributeError: it is not usable; these are the csvw library's.
    """
    facts = Description.fromvalue({name: value for name, value in properties.items() if name != "datatype"})
    if facts.required not in (None, True, False):
        raise ValueError(f"Invalid value for property required: {facts.required}")
    titles = [(tag or language, text) for tag, texts in (facts.titles or {}).items() for text in texts]
    own = (text for tag, text in titles if tag in (language, UNDETERMINED))
    name = facts.name or next((_name(text) for text in own), f"_col.{number}")
    return Column(
        name=name,
        number=number,
        titles=(*titles, (UNDETERMINED, facts.name)) if facts.name else tuple(titles),
        virtual=facts.virtual,
        suppressed=facts.suppressOutput,
        about=_template(facts.aboutUrl),
        property=_template(facts.propertyUrl),
        value=_template(facts.valueUrl),
        language=None if facts.lang == "und" else facts.lang,
        ordered=bool(facts.ordered),
        required=bool(facts.required),
        separator=facts.separator,
        default=facts.default,
        nulls=frozenset(facts.null),
        datatype=datatype(properties.get("datatype")),
    )


def _name(title: str) -> str:
    """Return the name that a title gives: what a variable of a URI template may be called, which has no - and no ~."""
    return quote(title, safe="").replace("-", "%2D").replace("~", "%7E")


def _template(value: Any) -> str | None:  # noqa: ANN401  the library's own type
    return None if value is None else str(value.uri)
