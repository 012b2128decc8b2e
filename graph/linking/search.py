"""Searching an index of names: from what somebody typed to things, best first, with how alike their names are.

Candidates come from exact names and from the rarest words; then names are compared word by word. Whom one may take
without asking is decided in ``graph.linking.reconciliation``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from graph.linking.candidates import EVERYTHING, Candidates, Scope
from graph.linking.entity import ACRONYM, ALTERNATIVE, LOCAL_NAME, Entity, Name, rank_of
from graph.linking.folding import words
from graph.linking.reader import NameIndex
from graph.linking.similarity import SAME, Alikeness, alikeness
from graph.linking.suggesting import suggested

MOST_WORDS, LONGEST_QUERY = 40, 400
COMPARED, COMPARED_NAMES = 12, 2
MARKDOWN = {ALTERNATIVE: 1.0, ACRONYM: 15.0, LOCAL_NAME: 20.0}
"""What a hit loses by being found under an alternative name, or under an acronym that nobody has written down."""
SEARCHED, NAMESAKES = 10, 24
BEST = 100.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found.

    Attributes:
        entity: the thing.
        name: the name by which it was found.
        alike: what that name and the query have in common.
        score: from 0 to 100.
        is_identified: whether the query was an identifier of it, and no name.
    """

    entity: Entity
    name: Name
    alike: Alikeness
    score: float
    is_identified: bool = False

    @property
    def order(self) -> tuple[float, tuple[int, int, str]]:
        """Where it stands among hits."""
        return -self.score, rank_of(self.entity.kinds, self.entity.linked, self.entity.iri)


@dataclass
class Search:
    """Searching one index; it may be used from several threads.

    Attributes:
        index: the index.
        base: the publication's base.
    """

    index: NameIndex
    base: str
    candidates: Candidates = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to find candidates."""
        self.candidates = Candidates(self.index, self.base)

    def hits(
        self, text: str, scope: Scope = EVERYTHING, most: int = SEARCHED, *, exact_is_enough: bool = False
    ) -> list[Hit]:
        """Return the things that ``text`` most likely means, best first.

        It is a name, in whatever script and order of words; misspellings, abbreviations and missing words are
        forgiven. Or it is an identifier: an id, an IRI, a code. ``exact_is_enough``: where something has just this
        label, nothing else is looked for.
        """
        asked = words(text[:LONGEST_QUERY])[:MOST_WORDS]
        identified = set(self.candidates.identified(text))
        terms = self.candidates.terms(asked)
        numbers = self.candidates.named(asked, terms)
        exact = self.candidates.within([*identified, *numbers[:NAMESAKES]], scope)
        meant = {token for term in terms for token, _ in term.tokens} | set(asked)
        found = self._found(exact, identified, asked, meant)
        if not (exact_is_enough and any(each.score == BEST for each in found)):
            known = set(exact)
            rest = [n for n in self.candidates.by_words(terms, scope, max(most, COMPARED)) if n not in known]
            found += self._found(rest, identified, asked, meant)
        return sorted(found, key=lambda each: each.order)[:most]

    def _found(self, numbers: list[int], identified: set[int], asked: list[str], meant: set[str]) -> list[Hit]:
        hits = list[Hit]()
        for n, entity in zip(numbers, self.index.entities(numbers), strict=True):
            if n in identified:
                hits.append(Hit(entity, entity.names[0], SAME, BEST, is_identified=True))
            elif (hit := self._compared(asked, meant, entity)) is not None:
                hits.append(hit)
        return hits

    def _compared(self, asked: list[str], meant: set[str], entity: Entity) -> Hit | None:
        """Return the hit that the best name of a thing makes."""
        best: Hit | None = None
        for name, folded in _likeliest(entity.names, meant):
            alike = alikeness(asked, folded, self.candidates.rarity)
            score = 100 * alike.value - MARKDOWN.get(name.rank, 0.0)
            if best is None or score > best.score:
                best = Hit(entity, name, alike, score)
        return best if best is not None and best.score > 0 else None

    def count(self, scope: Scope) -> int:
        """Return how many things are in a scope."""
        return int(np.count_nonzero(self.candidates.mask(scope) & self.index.is_there))

    def all_in(self, scope: Scope, most: int, offset: int = 0) -> list[Entity]:
        """Return all things in a scope, weightiest first, from the one after the first ``offset`` on."""
        numbers = np.flatnonzero(self.candidates.mask(scope) & self.index.is_there)
        if self.index.delta is None:
            return self.index.entities(numbers[offset : offset + most].tolist())
        entities = self.index.entities(numbers.tolist())
        entities.sort(key=lambda each: rank_of(each.kinds, each.linked, each.iri))
        return entities[offset : offset + most]

    def suggestions(self, text: str, scope: Scope = EVERYTHING, most: int = SEARCHED) -> list[tuple[Entity, Name]]:
        """Return things whose names go on as ``text`` begins, with that name, best first; else what it may mean."""
        found = suggested(self.candidates, text[:LONGEST_QUERY], scope, most)
        return found or [(each.entity, each.name) for each in self.hits(text, scope, most)]


def _likeliest(names: Iterable[Name], meant: set[str]) -> list[tuple[Name, list[str]]]:
    """Return the names that have the most of the words, with their words; each wording once, the best rank of it."""
    once = {name.fold: name for name in reversed(tuple(names))}
    split = [(name, fold.split()) for fold, name in once.items()]
    order = sorted([(-len(meant.intersection(found)), len(found), at) for at, (_, found) in enumerate(split)])
    return [split[at] for shared, _, at in order[:COMPARED_NAMES] if shared <= order[0][0] + 1]
