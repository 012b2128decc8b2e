"""A column of a table: what its metadata says, and how the text of a cell becomes its value.

The csvw library checks the description; the properties that a column inherits are in it already (see ``metadata``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from csvw.metadata import Column as Description

from graph.sources.tabular.datatypes import Datatype, datatype

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
        titles: the texts that its header may have; empty where any will do.
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
    titles: frozenset[str]
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


def column(number: int, properties: Mapping[str, Any]) -> Column:
    """Return the column that a column description describes (Metadata Vocabulary 5.6).

    Args:
        number: its 1-based position.
        properties: the description, inherited properties included.

    Raises:
        ValueError, TypeError, AttributeError: it is not usable; these are the csvw library's.
    """
    facts = Description.fromvalue({name: value for name, value in properties.items() if name != "datatype"})
    if facts.required not in (None, True, False):
        raise ValueError(f"Invalid value for property required: {facts.required}")
    titles = [title for each in (facts.titles or {}).values() for title in each]
    name = facts.name or (quote(titles[0], safe="") if titles else f"_col.{number}")
    return Column(
        name=name,
        number=number,
        titles=frozenset((*titles, facts.name) if facts.name else titles),
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


def _template(value: Any) -> str | None:  # noqa: ANN401  the library's own type
    return None if value is None else str(value.uri)
