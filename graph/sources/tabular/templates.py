"""URI templates of the metadata (RFC 6570; Metadata Vocabulary 5.1.3): expanded, prefixes resolved, made absolute.

The expansion is the uritemplate library's. One rule is our own: a template that writes a null value into the middle of
an IRI (``id/club/{city}`` without a city) gives no IRI, since it would give the same wrong one for every such row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin

import pyoxigraph as ox
from csvw.metadata_utils import NAMESPACES
from uritemplate import URITemplate
from uritemplate.variable import Operator

ROW_VARIABLES = frozenset({"_row", "_sourceRow"})
COLUMN_VARIABLES = frozenset({"_column", "_sourceColumn", "_name"})
OPAQUE_SCHEMES = frozenset({"did", "doi", "geo", "info", "mailto", "sms", "tag", "tel", "urn"})
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!//)")
Variables = Mapping[str, str | int | list[str]]


class Template:
    """One URI template of one column.

    Attributes:
        variables: the names that it uses, those of its column left out: they are filled in already.
        needed: those that must not be null.
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
        self.needed = (
            frozenset(
                name
                for variable in self._template.variables
                if variable.operator in (Operator.default, Operator.reserved)
                for name in variable.variable_names
            )
            - COLUMN_VARIABLES
        )
        self._constant = None if self.variables else self._iri({})

    def expand(self, variables: Variables) -> ox.NamedNode | None:
        """Return the IRI for these variables, null ones absent; None where a needed one is absent.

        Raises:
            ValueError: the result is no IRI.
        """
        if self._constant:
            return self._constant
        return self._iri(variables) if self.needed <= variables.keys() else None

    def _iri(self, variables: Variables) -> ox.NamedNode:
        text = self._template.expand({**variables, **self.own})
        prefix, colon, local = text.partition(":")
        if colon and prefix in NAMESPACES:
            text = NAMESPACES[prefix] + local
        try:
            return ox.NamedNode(urljoin(self.base, text))
        except ValueError as problem:
            raise ValueError(f"{self.text} gives {text[:200]}, which is no IRI: {problem}") from problem
