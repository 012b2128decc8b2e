"""Reconciliation: which thing a cell of somebody's table means, how likely, and whether one may take it unasked.

A score is from 0 to 100 and comes from features that go out with it. ``match`` is given only where a name fits in
every word, fits nothing else as well, and nothing that the table says besides speaks against it. Persons are not
reconciled: a table of names must not become a table of people (docs/design.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from graph.linking.candidates import Scope
from graph.linking.certainty import is_sure
from graph.linking.entity import ACRONYM, LABEL, LOCAL_NAME, Entity, Name
from graph.linking.evidence import Agreement, Constraint, Evidence
from graph.linking.kinds import PERSON, TERMS
from graph.linking.search import Hit, Search

MARGIN = 4.0
"""By how many points the best candidate must be ahead where its name is not just the one asked for."""
CONSTRAINED = 0.3
"""The share that constraints have in a score."""
SAFE_SCORE = 88.0
MOST_CANDIDATES, LIMIT = 50, 5
OUT_OF_TYPE = 25.0
FEATURES = {
    "name_similarity": "How alike the names are, from 0 to 100; rare words count most",
    "exact_name": "Whether it is just this name, in whatever script and order of words",
    "all_words": "Whether both names have the same words, misspellings forgiven",
    "misspelt_words": "How many words are misspelt or abbreviated",
    "identifier": "Whether the query is an identifier of the candidate",
    "type_match": "Whether the candidate has a type that was asked for",
    "property_match": "How well the candidate's properties agree with those given, from 0 to 100",
    "links": "How many statements point to the candidate; decides between equal scores",
}
"""The features of a candidate, and what each means."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one cell.

    Attributes:
        text: a name or an identifier; may be empty where there are constraints.
        types: ids of kinds; any where there are none.
        strict: "any" or "all" of the types, or "should": others too, if none of these fits.
        constraints: what else is known of the thing.
        limit: how many candidates are wanted.
        identifier_only: whether the text is an identifier and no name.
    """

    text: str
    types: tuple[str, ...] = ()
    strict: str = "any"
    constraints: tuple[Constraint, ...] = ()
    limit: int = LIMIT
    identifier_only: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that may be meant.

    Attributes:
        entity: the thing.
        name: its name that fits.
        score: from 0 to 100.
        match: whether it is safe to take it unasked.
        features: name in ``FEATURES`` → value.
        is_sure: whether nothing in its name and properties speaks against it, whatever others there are.
        is_equal: whether its name is what was asked for, letter by letter.
    """

    entity: Entity
    name: Name
    score: float
    match: bool = False
    features: dict[str, float | bool] = field(default_factory=dict)
    is_sure: bool = False
    is_equal: bool = False


class Reconciler:
    """Answers questions from one index; it may be used from several threads."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.evidence = Evidence(search)

    def candidates(self, question: Question) -> list[Candidate]:
        """Return who may be meant, likeliest first."""
        most = max(1, min(question.limit, MOST_CANDIDATES))
        found = self._judged(question, self._hits(question, most))
        if question.strict == "should" and question.types and (not found or found[0].score < OUT_OF_TYPE * 2):
            anything = Question(question.text, (), "any", question.constraints, question.limit)
            known = {each.entity.iri for each in found}
            rest = self._judged(anything, self._hits(anything, most))
            found += [_out_of_type(each) for each in rest if each.entity.iri not in known]
        found.sort(key=lambda each: (-each.score, not each.is_equal, -each.features["links"], each.entity.iri))
        return _decided(found)[:most]

    def _hits(self, question: Question, most: int) -> list[Hit]:
        if PERSON in question.types:
            return []
        terms = (each for each in TERMS if each not in question.types)
        scope = Scope(question.types, without=(PERSON, *terms))
        hits = [
            each
            for text in self._texts(question)
            for each in self._search.hits(text, scope, max(most, LIMIT), exact_is_enough=not question.constraints)
        ]
        if question.identifier_only or not question.text.strip():
            hits = [each for each in hits if each.is_identified]
        if not hits and not question.text.strip():
            hits = self.evidence.placed(question.constraints, scope, MOST_CANDIDATES)
        if question.strict == "all":
            hits = [each for each in hits if set(question.types) <= set(each.entity.kinds)]
        return hits

    def _texts(self, question: Question) -> Iterable[str]:
        if question.text.strip():
            yield question.text
        else:
            yield from (
                value for each in question.constraints if each.property == "identifier" for value in each.values
            )

    def _judged(self, question: Question, hits: Sequence[Hit]) -> list[Candidate]:
        judged = []
        for hit in hits:
            agreement = self.evidence.agreement(hit.entity, question.constraints)
            if agreement is None:
                continue
            score = hit.score
            if question.constraints:
                score = (1 - CONSTRAINED) * hit.score + CONSTRAINED * 100 * agreement.value
            safe = self._is_safe(hit, agreement)
            features = _features(hit, agreement, question)
            is_equal = hit.difference is not None and hit.difference.is_equal
            judged.append(Candidate(hit.entity, hit.name, round(score, 2), safe, features, safe, is_equal))
        return judged

    def _is_safe(self, hit: Hit, agreement: Agreement) -> bool:
        """Whether nothing in the candidate itself speaks against it; what others there are is not looked at."""
        if agreement.is_contradicted:
            return False
        if hit.is_identified:
            return True
        if hit.difference is None or hit.name.rank in (ACRONYM, LOCAL_NAME) or hit.score < SAFE_SCORE:
            return False
        is_known = any(len(self._search.index.posting(each)) for each in hit.alike.misspelt)
        return hit.difference.is_none or (not is_known and is_sure(hit.difference, confirmed=agreement.is_confirmed))


def _features(hit: Hit, agreement: Agreement, question: Question) -> dict[str, float | bool]:
    found = hit.difference
    return {
        "name_similarity": round(100 * hit.alike.value, 1),
        "exact_name": found is not None and found.is_none,
        "all_words": hit.is_identified or (found is not None and not found.is_other),
        "misspelt_words": len(found.misspellings) + found.cut if found is not None else len(hit.alike.misspelt),
        "identifier": hit.is_identified,
        "type_match": not question.types or bool(set(question.types) & set(hit.entity.kinds)),
        "property_match": round(100 * agreement.value, 1),
        "links": hit.entity.linked,
    }


def _decided(found: list[Candidate]) -> list[Candidate]:
    """Leave ``match`` to the first alone, and to it only where it is ahead of all others."""
    if not found:
        return found
    best, *others = found
    is_exact = bool(best.features["exact_name"]) and best.name.rank == LABEL
    least = best.score if is_exact else best.score - MARGIN
    has_rival = any(
        each.score >= least or (best.features["identifier"] and each.features["identifier"]) for each in others
    )
    return [_with_match(best, match=best.match and not has_rival), *(_with_match(each, match=False) for each in others)]


def _with_match(candidate: Candidate, *, match: bool) -> Candidate:
    return candidate if candidate.match == match else replace(candidate, match=match)


def _out_of_type(candidate: Candidate) -> Candidate:
    """Return a candidate that has none of the types asked for, as one that comes after those that have."""
    features = candidate.features | {"type_match": False}
    return replace(candidate, score=max(0.0, candidate.score - OUT_OF_TYPE), match=False, features=features)
