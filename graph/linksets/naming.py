"""The IRIs of the rows of somebody's table: from a column, or made from their names below a base that they give."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

import pyoxigraph as ox
from anyascii import anyascii

from graph.errors import SourceError

SEPARATORS = re.compile(r"[^a-z0-9]+")
LONGEST_SLUG = 80
SAFE = "/:@!$&'()*+,;=-._~?#%"


@dataclass
class RowNames:
    """Gives each row an IRI, and no two rows the same.

    Attributes:
        table: how the user calls the table, for messages.
        base: below which IRIs are made; empty where the column holds whole IRIs.
        own: the base of the publication, below which others name nothing.
    """

    table: str
    base: str
    own: str
    _rows: dict[str, int] = field(default_factory=dict)

    def name(self, row: int, cell: str, text: str) -> str:
        """Return the IRI of a row; empty where it cannot have one.

        Args:
            row: its number.
            cell: what the column for IRIs holds; empty where there is no such column.
            text: the name in the row, of which an IRI is made where there is nothing else.

        Raises:
            SourceError: the cell is no IRI, one of the publication's own, or another row's, too.
        """
        if not cell and not (self.base and text):
            return ""
        iri = self._made(row, text) if not cell else cell if "://" in cell else self.base + quote(cell, safe=SAFE)
        self._check(iri, row)
        if (other := self._rows.setdefault(iri, row)) != row:
            raise SourceError(self.table, f"<{iri}> is the IRI of row {other} already", row + 1)
        return iri

    def _made(self, row: int, text: str) -> str:
        slug = SEPARATORS.sub("-", re.sub("['`]", "", anyascii(text)).lower())[:LONGEST_SLUG].strip("-")
        iri = self.base + (slug or f"row-{row}")
        return iri if self._rows.get(iri, row) == row else f"{iri}-{row}"

    def _check(self, iri: str, row: int) -> None:
        try:
            ox.NamedNode(iri)
        except ValueError:
            raise SourceError(self.table, f"{iri[:200]!r} is no IRI", row + 1, remedy="give --base, too") from None
        if not iri.startswith(("http://", "https://")):
            raise SourceError(self.table, f"{iri[:200]!r} is no web address", row + 1, remedy="give --base, too")
        if iri.startswith(self.own):
            problem = f"<{iri}> is named by this publication"
            raise SourceError(self.table, problem, row + 1, remedy="name your own things below a base of your own")
