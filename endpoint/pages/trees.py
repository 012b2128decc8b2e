"""Concept schemes as trees (SKOS 8): what is narrower stands below what is broader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.incoming import by_name
from endpoint.pages.names import Names, Shown
from endpoint.pages.paths import Alternative, Path, Step, follow
from endpoint.urls import with_parameters
from graph.namespaces import SKOS

MOST_CONCEPTS, DEEPEST = 600, 12
TOPS, MOST_READ = 200, 20_000
"""So many concepts stand at the top of a page, so many of one property are read and sorted."""
TOP = Alternative((Step(SKOS + "hasTopConcept"), Step(SKOS + "topConceptOf", is_inverse=True)))
CONCEPTS = "concepts"
"""The parameter that asks for a page of a scheme that has many concepts."""
MEMBERS = Step(SKOS + "inScheme", is_inverse=True)
NARROWER = Alternative((Step(SKOS + "narrower"), Step(SKOS + "broader", is_inverse=True)))
BROADER = Alternative((Step(SKOS + "broader"), Step(SKOS + "narrower", is_inverse=True)))
SCHEME = Alternative((Step(SKOS + "inScheme"), Step(SKOS + "topConceptOf")))


@dataclass(frozen=True, slots=True)
class Branch:
    """A concept, what it means, and the concepts below it; ``more`` is how many of these are not shown."""

    concept: Shown
    definition: Shown | None
    branches: tuple[Branch, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """The concepts of a scheme, or those of one page where they are many.

    Attributes:
        branches: those at the top.
        first: the number of the first of these.
        total: how many there are at the top.
        before: the page before, or empty.
        after: the page after, or empty.
    """

    branches: tuple[Branch, ...]
    first: int
    total: int
    before: str
    after: str


class Trees:
    """Reads schemes and concepts of a release."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        """Read from a release."""
        self._snapshot, self._store, self._names = snapshot, snapshot.release.store, names
        self._seen: set[str] = set()
        self._left = MOST_CONCEPTS

    def _reached(self, iri: str, path: Path) -> list[str]:
        things = (each.term for each in follow(self._store, iri, path, MOST_READ))
        iris = dict.fromkeys(each for each in things if isinstance(each, ox.NamedNode))
        ordered = by_name(self._snapshot, iris, self._names)
        return [each.value for each in ordered if isinstance(each, ox.NamedNode)]

    def of(self, scheme: str, number: int = 1) -> Tree | None:
        """Return a page of the concepts of a scheme, those at the top first; each once, whatever the data says.

        None where there is no such page.
        """
        tops = self._tops(scheme)
        start = (number - 1) * TOPS
        if number < 1 or (not tops[start:] and number != 1):
            return None
        self._seen = set()
        shown = tops[start : start + TOPS]
        self._left = MOST_CONCEPTS - len(shown)
        branches = tuple(branch for each in shown for branch in self._branch(each, DEEPEST))
        return Tree(
            branches,
            start + 1,
            len(tops),
            self._page(scheme, number - 1) if start else "",
            self._page(scheme, number + 1) if tops[start + TOPS :] else "",
        )

    def _page(self, scheme: str, number: int) -> str:
        page = self._names.urls.page(scheme).partition("#")[0]
        return with_parameters(page, {CONCEPTS: str(number)})

    def _tops(self, scheme: str) -> list[str]:
        """Return what stands at the top: the top concepts, then those that are below nothing of the scheme."""
        roots = self._reached(scheme, TOP)
        members = self._reached(scheme, MEMBERS)
        if len(members) > MOST_CONCEPTS:
            known = set(roots)
            strays = [each for each in members if each not in known and not follow(self._store, each, BROADER, 1)]
            return roots + strays
        self._seen, self._left = set(), MOST_CONCEPTS
        for each in roots:
            list(self._branch(each, DEEPEST))
        strays = []
        for each in members:
            if each not in self._seen:
                strays.append(each)
                list(self._branch(each, DEEPEST))
        return roots + strays

    def _branch(self, iri: str, depth: int) -> Iterator[Branch]:
        if iri in self._seen or depth == 0:
            return
        self._seen.add(iri)
        texts = self._names.best([self._names.term(each.term) for each in follow(
            self._store, iri, Step(SKOS + "definition"))])  # fmt: skip
        narrower = [each for each in self._reached(iri, NARROWER) if each not in self._seen]
        shown = narrower[: max(0, self._left)] if depth > 1 else []
        self._left -= len(shown)
        below = tuple(branch for each in shown for branch in self._branch(each, depth - 1))
        yield Branch(self._names.thing(iri), texts[0] if texts else None, below, len(narrower) - len(shown))

    def trail(self, concept: str) -> tuple[Shown, ...]:
        """Return the way to a concept: its scheme, then what is broader, the nearest last."""
        way: list[str] = []
        above = self._reached(concept, BROADER)[:1]
        while above and above[0] not in (*way, concept) and len(way) < DEEPEST:
            way.insert(0, above[0])
            above = self._reached(above[0], BROADER)[:1]
        scheme = list(islice(self._reached(concept, SCHEME), 1))
        return tuple(self._names.thing(each) for each in (*scheme, *way))
