"""Where sources disagree about a thing: every answer side by side, each with where it comes from.

A disagreement is what the publication's vocabulary says it is: ``ns#discrepancyAbout`` leads to the thing, ``ns#claim``
to the statements (``rdf:Statement``) of which not all can be true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Step, follow
from graph.description import Term
from graph.namespaces import DCT, PROV, RDF, SKOS

MOST = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says: the value, the statement, its sources, how sure it is, and notes."""

    value: Shown
    statement: Shown
    parts: tuple[Shown, ...]
    confidence: Shown | None
    notes: tuple[Shown, ...]


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
        self._store, self._names = store, names
        self.about, self.claim, self._sure = (
            f"{base}ns#{name}" for name in ("discrepancyAbout", "claim", "confidence")
        )

    def of(self, iri: str) -> tuple[Disagreement, ...]:
        """Return those about a thing; of one itself, it."""
        found = [iri] if self._values(iri, self.claim) else []
        quads = self._store.quads_for_pattern(None, ox.NamedNode(self.about), ox.NamedNode(iri), ox.DefaultGraph())
        found += sorted(quad.subject.value for quad in islice(quads, MOST) if isinstance(quad.subject, ox.NamedNode))
        return tuple(each for each in (self._read(one) for one in found) if each.claims)

    def _read(self, iri: str) -> Disagreement:
        claims = tuple(claim for each in self._things(iri, self.claim) for claim in self._claim(each))
        summary = self._names.best([self._names.term(each) for each in self._values(iri, DCT + "description")])
        ordered = sorted(claims, key=lambda each: each.value.datetime or each.value.text)
        return Disagreement(self._names.thing(iri), summary[0] if summary else None, tuple(ordered))

    def _claim(self, iri: str) -> Iterator[Claim]:
        for value in self._names.best([self._names.term(each) for each in self._values(iri, RDF + "object")])[:1]:
            notes = [self._names.term(each) for each in self._values(iri, SKOS + "note")]
            yield Claim(
                value,
                self._names.thing(iri),
                tuple(self._names.term(each) for each in self._values(iri, PROV + "wasDerivedFrom")),
                next((self._names.term(each) for each in self._values(iri, self._sure)), None),
                tuple(self._names.best(notes)),
            )

    def _values(self, iri: str, predicate: str) -> list[Term]:
        return [each.term for each in follow(self._store, iri, Step(predicate))]

    def _things(self, iri: str, predicate: str) -> list[str]:
        return [each.value for each in self._values(iri, predicate)[:MOST] if isinstance(each, ox.NamedNode)]
