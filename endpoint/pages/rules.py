"""A node shape as a table that people read: each property, what it is for, how many values of which kind it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Alternative, Path, Step, follow, read_path
from endpoint.pages.shapes import LAST, text_in
from graph.description import Term
from graph.literals import finite_number
from graph.namespaces import SH, XSD

KINDS = ("class", "datatype", "nodeKind", "hasValue", "node")
"""What constrains a value by an IRI."""
TEXTS = MappingProxyType({
    "pattern": "", "minInclusive": "≥ ", "maxInclusive": "≤ ", "minExclusive": "> ", "maxExclusive": "< ",
    "minLength": "… ≥ ", "maxLength": "… ≤ ",
})  # fmt: skip
"""What constrains it by a literal, and the sign before that; dots stand for the length of a text."""
MOST_RULES = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """What a shape says of one property.

    Attributes:
        shape: the property shape, by the name of the property.
        path: the predicates that lead to the values.
        description: what it is for.
        count: how many values there may be, such as ``1``, ``0–1`` or ``≥ 1``, empty where any.
        kinds: of which kinds they are.
        texts: in which bounds they lie.
        severity: how grave it is to break the rule, where that is said.
    """

    shape: Shown
    path: tuple[Shown, ...]
    description: str
    count: str
    kinds: tuple[Shown, ...]
    texts: tuple[str, ...]
    severity: Shown | None


class Rules:
    """Reads the rules of node shapes."""

    def __init__(self, store: ox.Store, terms: Names) -> None:
        """Read from a store."""
        self._store, self._terms = store, terms

    def of(self, shape: str) -> tuple[Rule, ...]:
        """Return the rules of a node shape, in its order; none where it is none."""
        nodes = [each.value for each in self._values(shape, "property") if isinstance(each, ox.NamedNode)][:MOST_RULES]
        return tuple(self._rule(each) for each in sorted(nodes, key=lambda each: (self._order(each), each)))

    def _values(self, iri: str, name: str) -> list[Term]:
        return [each.term for each in follow(self._store, iri, Step(SH + name))]

    def _order(self, iri: str) -> float:
        numbers = (finite_number(each, XSD + "double") for each in self._literals(iri, "order"))
        return next((float(each) for each in numbers if each is not None), LAST)

    def _literals(self, iri: str, name: str) -> list[str]:
        return [each.value for each in self._values(iri, name) if isinstance(each, ox.Literal)]

    def _text(self, iri: str, name: str) -> tuple[str, str]:
        texts = {each.language or "": each.value for each in self._values(iri, name) if isinstance(each, ox.Literal)}
        return text_in(texts, self._terms.languages)

    def _rule(self, iri: str) -> Rule:
        text, language = self._text(iri, "name")
        path = next((read_path(self._store, each) for each in self._values(iri, "path")), None)
        severity = next(iter(self._values(iri, "severity")), None)
        return Rule(
            Shown(text or self._terms.short(iri), language, self._terms.urls.page(iri), iri),
            tuple(self._steps(path)) if path else (),
            self._text(iri, "description")[0],
            self._count(iri),
            tuple(self._terms.term(each) for name in KINDS for each in self._values(iri, name)),
            tuple(sign + text for name, sign in TEXTS.items() for text in self._literals(iri, name)),
            self._terms.term(severity) if severity is not None else None,
        )

    def _count(self, iri: str) -> str:
        least, most = self._literals(iri, "minCount"), self._literals(iri, "maxCount")
        if not most:
            return f"≥ {least[0]}" if least else ""
        return most[0] if least == most else f"{least[0] if least else 0}–{most[0]}"

    def _steps(self, path: Path) -> Iterator[Shown]:
        """Yield the predicates of a path, written as in SPARQL: ``^`` where they are followed backwards."""
        if isinstance(path, Step):
            arrow = "^" if path.is_inverse else ""
            yield Shown(arrow + self._terms.short(path.predicate), "", self._terms.urls.page(path.predicate))
            return
        for place, each in enumerate(path.parts):
            if place and isinstance(path, Alternative):
                yield Shown("|")
            yield from self._steps(each)
