"""Searching an index of names: from what somebody typed to things, best first, with how alike their names are.

Candidates come from exact names and from the rarest words; then names are compared word by word. Whom one may take
without asking is decided in ``graph.linking.reconciliation``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from graph.linking.candidates import EVERYTHING, Candidates, Scope
from graph.linking.certainty import Difference, difference
from graph.linking.entity import ACRONYM, ALTERNATIVE, LOCAL_NAME, Entity, Name, rank_of
from graph.linking.folding import words
from graph.linking.kinds import words_of_kinds
from graph.linking.reader import NameIndex
from graph.linking.similarity import SAME, Alikeness, alikeness
from graph.linking.suggesting import suggested

MOST_WORDS, LONGEST_QUERY = 40, 400
COMPARED, COMPARED_NAMES = 12, 2
MARKDOWN = {ALTERNATIVE: 1.0, ACRONYM: 15.0, LOCAL_NAME: 20.0}
"""What a hit loses by being found under an alternative name, or under an acronym that nobody has written down."""
SEARCHED, NAMESAKES = 10, 24
BEST = 100.0
OTHER_LETTERS, WITHOUT_ITS_KIND = 2.0, 2.0
"""What a hit loses whose name folds to what was asked for and is spelt otherwise in the same script: another word; and
one whose name has not the *city* or *region* that was asked for, so that one that has it is first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found.

    Attributes:
        entity: the thing.
        name: the name by which it was found.
        alike: what that name and the query have in common.
        score: from 0 to 100.
        is_identified: whether the query was an identifier of it, and no name.
        difference: in what the name and the query differ as they are written; None where words are missing in either.
    """

    entity: Entity
    name: Name
    alike: Alikeness
    score: float
    is_identified: bool = False
    difference: Difference | None = None

    @property
    def order(self) -> tuple[float, bool, tuple[int, int, str]]:
        """Where it stands among hits: of those that score the same, a name in just these letters is first."""
        is_equal = self.difference is not None and self.difference.is_equal
        return -self.score, not is_equal, rank_of(self.entity.kinds, self.entity.linked, self.entity.iri)


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
        text = text[:LONGEST_QUERY]
        asked = words(text)[:MOST_WORDS]
        identified = set(self.candidates.identified(text))
        terms = self.candidates.terms(asked)
        numbers = self.candidates.named(asked, terms)
        exact = self.candidates.within([*identified, *numbers[:NAMESAKES]], scope)
        meant = {token for term in terms for token, _ in term.tokens} | set(asked)
        query = _Query(text, asked, meant)
        found = self._found(exact, identified, query)
        if not (exact_is_enough and any(each.score == BEST for each in found)):
            known = set(exact)
            rest = [n for n in self.candidates.by_words(terms, scope, max(most, COMPARED)) if n not in known]
            found += self._found(rest, identified, query)
        return sorted(found, key=lambda each: each.order)[:most]

    def _found(self, numbers: list[int], identified: set[int], query: _Query) -> list[Hit]:
        hits = list[Hit]()
        for n, entity in zip(numbers, self.index.entities(numbers), strict=True):
            if n in identified:
                hits.append(Hit(entity, entity.names[0], SAME, BEST, is_identified=True))
            elif (hit := self._compared(query, entity)) is not None:
                hits.append(hit)
        return hits

    def _compared(self, query: _Query, entity: Entity) -> Hit | None:
        """Return the hit that the best name of a thing makes."""
        best: Hit | None = None
        idle = words_of_kinds(entity.kinds)
        telling = [each for each in query.asked if each not in idle] if not idle.isdisjoint(query.asked) else []
        for name, folded in _likeliest(entity.names, query.meant):
            for asked in (query.asked, telling) if telling else (query.asked,):
                alike = alikeness(asked, folded, self.candidates.rarity)
                score = 100 * alike.value - MARKDOWN.get(name.rank, 0.0)
                score -= WITHOUT_ITS_KIND if asked is telling else 0.0
                if best is None or score > best.score:
                    best = Hit(entity, name, alike, score)
        if best is None or best.score <= 0:
            return None
        return best if best.alike.left or best.alike.further else _as_written(best, query.text, idle)

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


@dataclass(frozen=True, slots=True)
class _Query:
    """What was asked for: the text, its folded words, and all words that these may stand for."""

    text: str
    asked: list[str]
    meant: set[str]


def _as_written(hit: Hit, text: str, idle: frozenset[str]) -> Hit:
    """Return a hit with what sets the query apart from that of its equally folded names which is nearest."""
    same = {name.text for name in hit.entity.names if name.fold == hit.name.fold}
    compared = (difference(text, name, idle) for name in sorted(same))
    found = min(compared, key=lambda each: (not each.is_equal, not each.is_none, each.is_other))
    is_same_fold = not hit.alike.misspelt
    score = hit.score - (OTHER_LETTERS if is_same_fold and not found.is_none else 0.0)
    return replace(hit, score=score, difference=found)


def _likeliest(names: Iterable[Name], meant: set[str]) -> list[tuple[Name, list[str]]]:
    """Return the names that have the most of the words, with their words; each wording once, the best rank of it."""
    once = {name.fold: name for name in reversed(tuple(names))}
    split = [(name, fold.split()) for fold, name in once.items()]
    order = sorted([(-len(meant.intersection(found)), len(found), at) for at, (_, found) in enumerate(split)])
    return [split[at] for shared, _, at in order[:COMPARED_NAMES] if shared <= order[0][0] + 1]
