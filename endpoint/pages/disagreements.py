"""Where sources disagree about a thing: every answer side by side, each with where it comes from.

A disagreement is what the publication's vocabulary says it is: ``ns#discrepancyAbout`` leads to the thing, ``ns#claim``
to the statements (``rdf:Statement``) of which not all can be true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.pages.backing import Backing, Statements
from endpoint.pages.counted import stated
from endpoint.pages.names import Names, Shown
from graph.literals import RANGES
from graph.namespaces import DCT, RDF, XSD

MOST = 20
NUMBERS = frozenset(XSD + name for name in (*RANGES, "decimal", "double", "float"))


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says: the value, the statement, and what backs it.

    ``property`` is what a bare number is the number of; None where the value says enough.
    """

    value: Shown
    statement: Shown
    backing: Backing
    property: Shown | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One question to which sources give several answers."""

    thing: Shown
    summary: Shown | None
    claims: tuple[Claim, ...]


class Disagreements:
    """Reads them from a release."""

    def __init__(self, store: ox.Store, base: str, names: Names) -> None:
        """Read with the terms of the vocabulary below ``base``."""
        self._statements, self._names = Statements(store, base), names
        self._store, self._base = store, base
        self.about, self.claim = (f"{base}ns#{name}" for name in ("discrepancyAbout", "claim"))

    def of(self, iri: str) -> tuple[Disagreement, ...]:
        """Return those about a thing; of one itself, it."""
        found = [iri] if any(self._statements.values(iri, self.claim)) else []
        found += sorted(self._statements.of_which(self.about, iri, MOST))
        return tuple(each for each in (self._read(one) for one in found) if each.claims)

    def _read(self, iri: str) -> Disagreement:
        claims = tuple(claim for each in self._things(iri, self.claim) for claim in self._claim(each))
        ordered = sorted(claims, key=lambda each: each.value.datetime or each.value.text)
        summary = next(iter(self._best(iri, DCT + "description")), None)
        return Disagreement(self._names.thing(iri), summary, tuple(ordered))

    def _claim(self, iri: str) -> Iterator[Claim]:
        sentence = stated(self._store, self._base, iri)
        for value in [Shown(sentence)] if sentence else self._best(iri, RDF + "object")[:1]:
            backing = self._statements.backing([iri]).shown(self._names)
            yield Claim(value, self._names.thing(iri), backing, None if sentence else self._counted_by(iri))

    def _counted_by(self, iri: str) -> Shown | None:
        """Return the property of a statement whose value is a number; None where it is none."""
        value = next(iter(self._statements.values(iri, RDF + "object")), None)
        is_number = isinstance(value, ox.Literal) and value.datatype.value in NUMBERS
        return (
            next((self._names.thing(each) for each in self._things(iri, RDF + "predicate")), None)
            if is_number
            else None
        )

    def _best(self, iri: str, predicate: str) -> list[Shown]:
        return self._names.best([self._names.term(each) for each in self._statements.values(iri, predicate)])

    def _things(self, iri: str, predicate: str) -> list[str]:
        values = islice(self._statements.values(iri, predicate), MOST)
        return [each.value for each in values if isinstance(each, ox.NamedNode)]
