"""Concept schemes as trees (SKOS 8): what is narrower stands below what is broader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Alternative, Path, Step, follow
from graph.namespaces import SKOS

MOST_CONCEPTS, DEEPEST = 600, 12
TOP = Alternative((Step(SKOS + "hasTopConcept"), Step(SKOS + "topConceptOf", is_inverse=True)))
MEMBERS = Step(SKOS + "inScheme", is_inverse=True)
NARROWER = Alternative((Step(SKOS + "narrower"), Step(SKOS + "broader", is_inverse=True)))
BROADER = Alternative((Step(SKOS + "broader"), Step(SKOS + "narrower", is_inverse=True)))
SCHEME = Alternative((Step(SKOS + "inScheme"), Step(SKOS + "topConceptOf")))


@dataclass(frozen=True, slots=True)
class Branch:
    """A concept, what it means, and the concepts below it."""

    concept: Shown
    definition: Shown | None
    branches: tuple[Branch, ...]


class Trees:
    """Reads schemes and concepts of a release."""

    def __init__(self, store: ox.Store, names: Names) -> None:
        """Read from a store."""
        self._store, self._names = store, names
        self._seen: set[str] = set()

    def _reached(self, iri: str, path: Path) -> list[str]:
        things = (each.term.value for each in follow(self._store, iri, path) if isinstance(each.term, ox.NamedNode))
        return sorted(dict.fromkeys(things), key=lambda each: self._names.thing(each).text.casefold())

    def of(self, scheme: str) -> tuple[Branch, ...]:
        """Return the concepts of a scheme, those at the top first; each once, whatever the data says."""
        self._seen = set()
        roots = self._reached(scheme, TOP)
        found = tuple(branch for each in roots for branch in self._branch(each, DEEPEST))
        strays = (each for each in self._reached(scheme, MEMBERS) if each not in self._seen)
        return found + tuple(branch for each in strays for branch in self._branch(each, DEEPEST))

    def _branch(self, iri: str, depth: int) -> Iterator[Branch]:
        if iri in self._seen or len(self._seen) >= MOST_CONCEPTS or depth == 0:
            return
        self._seen.add(iri)
        texts = self._names.best([self._names.term(each.term) for each in follow(
            self._store, iri, Step(SKOS + "definition"))])  # fmt: skip
        below = tuple(branch for each in self._reached(iri, NARROWER) for branch in self._branch(each, depth - 1))
        yield Branch(self._names.thing(iri), texts[0] if texts else None, below)

    def trail(self, concept: str) -> tuple[Shown, ...]:
        """Return the way to a concept: its scheme, then what is broader, the nearest last."""
        way: list[str] = []
        above = self._reached(concept, BROADER)[:1]
        while above and above[0] not in (*way, concept) and len(way) < DEEPEST:
            way.insert(0, above[0])
            above = self._reached(above[0], BROADER)[:1]
        scheme = list(islice(self._reached(concept, SCHEME), 1))
        return tuple(self._names.thing(each) for each in (*scheme, *way))
