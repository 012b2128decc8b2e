"""schema.org in a page: statements as one JSON-LD tree for a ``<script>`` element, in the language of the reader.

Search engines read texts, not tables of languages, so that of several only the best is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pyoxigraph as ox

from graph.labels import preferred_tag
from graph.literals import truth_value, whole_number
from graph.namespaces import RDF_TYPE, SCHEMA, XSD

CONTEXT = "https://schema.org"
DEPTH = 3
LARGEST = 2**53
"""Below it readers of JSON hold every whole number exactly (RFC 8259 section 6)."""
Value = str | bool | int | dict[str, object]


class Embedding:
    """Statements of schema.org, by subject."""

    def __init__(self, triples: Iterable[ox.Triple], languages: Sequence[str]) -> None:
        self._languages = tuple(languages)
        self._nodes: dict[str, dict[str, list[ox.Triple]]] = {}
        for each in triples:
            if isinstance(each.subject, ox.NamedNode):
                self._nodes.setdefault(each.subject.value, {}).setdefault(each.predicate.value, []).append(each)

    def script(self, iri: str) -> str:
        """Return the text of the element for a thing; nothing in it can end the element."""
        text = json.dumps({"@context": CONTEXT, **self._node(iri, ())}, ensure_ascii=False, indent=1)
        return text.replace("<", "\\u003c")

    def _node(self, iri: str, above: tuple[str, ...]) -> dict[str, object]:
        node: dict[str, object] = {"@id": iri}
        for predicate, triples in sorted(self._nodes.get(iri, {}).items()):
            values = [found for found in self._values(triples, (*above, iri)) if found is not None]
            if values:
                key = "@type" if predicate == RDF_TYPE else predicate.removeprefix(SCHEMA)
                node[key] = values[0] if len(values) == 1 else values
        return node

    def _values(self, triples: Sequence[ox.Triple], above: tuple[str, ...]) -> list[Value]:
        tags = {each.object.language for each in triples if isinstance(each.object, ox.Literal)} - {None}
        best = preferred_tag(sorted(filter(None, tags)), self._languages)
        return [
            self._value(each, above)
            for each in triples
            if not isinstance(each.object, ox.Literal) or each.object.language in (None, best)
        ]

    def _value(self, triple: ox.Triple, above: tuple[str, ...]) -> Value:
        term = triple.object
        if isinstance(term, ox.Literal):
            return _plain(term)
        if isinstance(term, ox.NamedNode):
            if triple.predicate.value == RDF_TYPE:
                return term.value.removeprefix(SCHEMA)
            is_below = term.value in self._nodes and term.value not in above and len(above) < DEPTH
            return self._node(term.value, above) if is_below else term.value
        return str(term)


def _plain(literal: ox.Literal) -> Value:
    """Return a literal as JSON has it where that means the same to every reader of JSON, else its text."""
    if literal.datatype.value == XSD + "boolean":
        truth = truth_value(literal.value)
        return literal.value if truth is None else truth
    number = whole_number(literal.value, literal.datatype.value)
    return literal.value if number is None or abs(number) >= LARGEST else number
