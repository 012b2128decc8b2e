"""URI templates of the metadata (RFC 6570; Metadata Vocabulary 5.1.3): expanded, prefixes resolved, made absolute.

The expansion is the uritemplate library's. One rule is our own: a template that writes a null value into the middle of
an IRI (``id/club/{city}`` without a city) gives no IRI, since it would give the same wrong one for every such row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from urllib.parse import urljoin

import pyoxigraph as ox
from csvw.metadata_utils import NAMESPACES
from uritemplate import URITemplate
from uritemplate.variable import Operator

ROW_VARIABLES = frozenset({"_row", "_sourceRow"})
COLUMN_VARIABLES = frozenset({"_column", "_sourceColumn", "_name"})
OPAQUE_SCHEMES = frozenset({"did", "doi", "geo", "info", "mailto", "sms", "tag", "tel", "urn"})
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!//)")
Variables = Mapping[str, str | int | list[str]]


class Template:
    """One URI template of one column.

    Attributes:
        variables: the names that it uses, those of its column left out: they are filled in already.
        needed: those that must not be null.
        is_the_column_s_own: whether the result depends on the column, so that other columns cannot share it.
    """

    def __init__(self, text: str, base: str, own: Variables) -> None:
        """Prepare a template.

        Args:
            text: as the metadata has it.
            base: the IRI against which its results are resolved: the table's URL.
            own: the values of ``_column``, ``_sourceColumn`` and ``_name``.

        Raises:
            ValueError: it is no template, or it has no variables and gives no IRI.
        """
        self.text, self.base, self.own = text, base, own
        if (scheme := SCHEME.match(text)) and scheme[1] not in OPAQUE_SCHEMES | NAMESPACES.keys():
            raise ValueError(f"{scheme[1]}: in {text} is no prefix that CSVW predefines; write the IRI in full")
        self._template = URITemplate(text)
        self.variables = frozenset(self._template.variable_names) - COLUMN_VARIABLES
        self.is_the_column_s_own = not COLUMN_VARIABLES.isdisjoint(self._template.variable_names)
        plain = [each for each in self._template.variables if each.operator in (Operator.default, Operator.reserved)]
        self.needed = self.variables.intersection(chain.from_iterable(each.variable_names for each in plain))
        self._values: list[str | int | list[str] | None] = []
        self._latest = None if self.variables else self._iri({})

    def expand(self, variables: Variables) -> ox.NamedNode | None:
        """Return the IRI for these variables, null ones absent; None where a needed one is absent.

        Raises:
            ValueError: the result is no IRI.
        """
        values = [variables.get(name) for name in self.variables]
        if self._latest and values == self._values:  # the columns of a row mostly share their subject
            return self._latest
        if not self.needed <= variables.keys():
            return None
        self._values, self._latest = values, self._iri(variables)
        return self._latest

    def _iri(self, variables: Variables) -> ox.NamedNode:
        text = self._template.expand({**variables, **self.own})
        prefix, colon, local = text.partition(":")
        if colon and prefix in NAMESPACES:
            text = NAMESPACES[prefix] + local
        try:
            return ox.NamedNode(text if ABSOLUTE.match(text) else urljoin(self.base, text))
        except ValueError as problem:
            raise ValueError(f"{self.text} gives {text[:200]}, which is no IRI: {problem}") from problem
