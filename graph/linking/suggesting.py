"""Suggestions: what a name may become while it is being typed. Fast before all else; spelling is not corrected."""

from __future__ import annotations

import numpy as np

from graph.linking.candidates import EVERYTHING, Candidates, Scope
from graph.linking.entity import Entity, Name, rank_of
from graph.linking.folding import STOP_WORDS, words
from graph.linking.reader import NameIndex, Numbers

CONSIDERED = 48
MOST_WORDS_OF_A_START = 400


def suggested(candidates: Candidates, text: str, scope: Scope, most: int) -> list[tuple[Entity, Name]]:
    """Return things of which a name goes on as ``text`` begins, and that name; best first.

    Every word of the text but the last is a whole word of the name, and the last one is the beginning of one.
    """
    typed = words(text)
    if not typed:
        return []
    index = candidates.index
    numbers = _matching(index, typed)
    named = candidates.identified(text) + index.names_from(" ".join(sorted(typed)), CONSIDERED)
    if scope != EVERYTHING:
        numbers = numbers[candidates.mask(scope)[numbers]]
    border = int(np.searchsorted(numbers, index.whole.count))
    first = [*numbers[:border][:CONSIDERED].tolist(), *numbers[border:][:CONSIDERED].tolist()]
    order = list(dict.fromkeys((*candidates.within(named, scope), *first)))
    found = [(_suiting(entity, typed), entity) for entity in index.entities(order)]
    beginning = " ".join(typed)
    found.sort(key=lambda each: (_place(each[0].fold, beginning), rank_of(each[1].kinds, each[1].linked, each[1].iri)))
    return [(entity, name) for name, entity in found[:most]]


def _matching(index: NameIndex, typed: list[str]) -> Numbers:
    *whole, last = typed
    telling = [each for each in whole if each not in STOP_WORDS]
    if not telling:
        return index.starting(last)
    numbers = index.posting(telling[0])
    for word in telling[1:]:
        numbers = numbers[index.having((word,))[numbers]]
    if last in STOP_WORDS or not len(numbers):
        return numbers
    return numbers[index.having(index.words_from(last, MOST_WORDS_OF_A_START))[numbers]]


def _suiting(entity: Entity, typed: list[str]) -> Name:
    """Return the name of a thing that has what was typed, at its beginning if there is one."""
    beginning = " ".join(typed)
    return min(entity.names, key=lambda name: (_place(name.fold, beginning), -_held(name.fold, typed), name.rank))


def _held(fold: str, typed: list[str]) -> int:
    return sum(f" {each}" in f" {fold}" for each in typed)


def _place(fold: str, beginning: str) -> int:
    """Return 0 for just this name, 1 for one that the last word makes whole, 2 for one that begins so, 3 for others."""
    if fold == beginning:
        return 0
    if not fold.startswith(beginning):
        return 3
    return 2 if " " in fold[len(beginning) :] else 1
