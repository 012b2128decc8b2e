"""Reconciliation: which thing a cell of somebody's table means, by its name and what stands beside it, how surely."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from operator import eq
from types import MappingProxyType

from graph.model.description import PERSON, TERMS, words_of_kinds
from graph.parts.linking.candidate_search import SAME, Hit, Search, SearchScope, alikeness, spellings_of
from graph.parts.linking.name_comparison import difference, is_sure, words
from graph.parts.linking.names_index import ACRONYM, LABEL, LOCAL_NAME, Entity, Name, id_of, remember

# Evidence beside the name: whether what a table says of a thing (city, region, founding, identifier) agrees with it.
#
# It judges one thing at a time; what the judgement counts is decided below.

CITY, REGION, PLACE, FOUNDED, IDENTIFIER = "city", "region", "place", "founded", "identifier"
PROPERTIES = MappingProxyType({
    CITY: MappingProxyType({"en": "City", "ru": "Город", "uz": "Shahar"}),
    REGION: MappingProxyType({"en": "Region", "ru": "Регион", "uz": "Hudud"}),
    PLACE: MappingProxyType({"en": "Place", "ru": "Место", "uz": "Joy"}),
    FOUNDED: MappingProxyType({"en": "Founded", "ru": "Дата основания", "uz": "Tashkil etilgan"}),
    IDENTIFIER: MappingProxyType({"en": "Identifier", "ru": "Идентификатор", "uz": "Identifikator"}),
})  # fmt: skip
"""Properties that one may give, and what people call them."""
PLACES = (CITY, REGION, PLACE)
UNKNOWN = 0.6
"""The agreement where nothing is known of the thing: better than a contradiction, worse than a confirmation."""
SURE_PLACE = 0.85
HIGHEST = 8
BREADTH = MappingProxyType({"city": 0, "region": 2, "country": 3})
"""Which places are wider than others; one of unknown breadth is between a city and a region."""
ANY, ALL, NONE = "any", "all", "none"


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a table says of a thing besides its name.

    Attributes:
        property: a key of ``PROPERTIES``; any other says nothing.
        values: texts or ids.
        required: whether a thing that does not agree is out.
        quantifier: whether any, all or none of the values must agree.
    """

    property: str
    values: tuple[str, ...]
    required: bool = False
    quantifier: str = ANY


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a thing agrees with what a table says of it.

    Attributes:
        value: from 0 to 1; 1 where the table says nothing.
        is_confirmed: whether something that the table says is known of the thing as well.
        is_contradicted: whether anything that the table says is known to be otherwise.
    """

    value: float
    is_confirmed: bool
    is_contradicted: bool


@dataclass
class EvidenceJudge:
    """Judges the things of one index; it may be used from several threads."""

    search: Search
    _around: dict[str, tuple[Entity, ...]] = field(default_factory=dict)

    def agreement(self, entity: Entity, constraints: Sequence[Constraint]) -> Agreement | None:
        """Return how well a thing agrees, or None where it must and does not."""
        judged, is_confirmed = list[float](), False
        for each in constraints:
            if each.property not in PROPERTIES or not each.values:
                continue
            value = self._agreement(entity, each)
            if each.required and value <= UNKNOWN:
                return None
            judged.append(value)
            is_confirmed = is_confirmed or (value == 1.0 and each.quantifier != NONE)
        mean = sum(judged) / len(judged) if judged else 1.0
        return Agreement(mean, is_confirmed, is_contradicted=any(each < UNKNOWN for each in judged))

    def _agreement(self, entity: Entity, constraint: Constraint) -> float:
        found = [self._value(entity, constraint.property, each) for each in constraint.values]
        if constraint.quantifier == NONE:
            return 1.0 - max(found)
        return min(found) if constraint.quantifier == ALL else max(found)

    def _value(self, entity: Entity, name: str, value: str) -> float:
        if name in PLACES:
            return self._in_place(entity, name, value)
        if name == FOUNDED:
            return _same_time(read_date(entity.founded), read_date(value))
        theirs = {each.casefold() for each in spellings_of(value.strip())}
        ours = {each.casefold() for each in (*entity.identifiers, entity.id, entity.iri)}
        return 1.0 if theirs & ours else (0.0 if entity.identifiers else UNKNOWN)

    def _in_place(self, entity: Entity, name: str, value: str) -> float:
        around = self.around(entity)
        if not around:
            return UNKNOWN
        wanted = words(value)
        best = 0.0
        for place in around:
            if value.strip() in (place.id, place.iri, *place.identifiers):
                return 1.0
            idle = words_of_kinds(each for each in place.kinds if name != CITY or each == CITY)
            if any(
                is_sure(difference(value, each.text, idle, in_either=True), confirmed=False) for each in place.names
            ):
                return 1.0
            for fold in {name.fold for name in place.names}:
                best = max(best, alikeness(wanted, fold.split(), self.search.candidates.rarity).value)
        return best / 4

    def around(self, entity: Entity) -> tuple[Entity, ...]:
        """Return the places in which a thing is, the narrowest first."""
        known = self._around.get(entity.iri)
        if known is None:
            known = tuple(sorted(self._places(entity), key=_breadth))
            remember(self._around, entity.iri, known)
        return known

    def _places(self, entity: Entity) -> Iterable[Entity]:
        seen, level = {entity.iri}, [entity]
        for _ in range(HIGHEST):
            nearest = dict.fromkeys(iri for each in level for iri in each.places if iri not in seen)
            seen.update(nearest)
            index, base = self.search.index, self.search.base
            level = [found for iri in nearest if (found := index.entity(id_of(iri, base))) is not None]
            yield from level

    def placed(self, constraints: Iterable[Constraint], scope: SearchScope, most: int) -> list[Hit]:
        """Return things in the places that constraints name, weightiest first: where nothing else is known."""
        found = dict[str, Entity]()
        for each in constraints:
            for value in each.values if each.property in PLACES else ():
                places = self.search.hits(value, SearchScope(("place",)), 1)
                if places and places[0].alike.value >= SURE_PLACE:
                    inside = SearchScope(scope.kinds, places[0].entity.iri, scope.without)
                    found |= {one.iri: one for one in self.search.all_in(inside, most)}
        return [Hit(each, each.names[0], SAME, 50.0) for each in found.values()]


def _breadth(place: Entity) -> int:
    return next((BREADTH[each] for each in place.kinds if each in BREADTH), 1)


MONTHS = (
    ("jan", "янв", "yanv"), ("feb", "фев", "fev"), ("mar", "мар"), ("apr", "апр"), ("may", "мая", "май"),
    ("jun", "июн", "iyun"), ("jul", "июл", "iyul"), ("aug", "авг", "avg"), ("sep", "сен", "sen"), ("oct", "окт", "okt"),
    ("nov", "ноя", "noy"), ("dec", "дек", "dek"),
)  # fmt: skip
"""How the names of the months begin in English, Russian and Uzbek, Cyrillic or Latin."""
YEAR_FIRST = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?(?:T.*|Z|[+-]\d\d:\d\d)?\Z")
DAY_FIRST = re.compile(r"(?:(\d\d?)[./])??(\d\d?)[./](\d{4})\Z")
YEAR_WORDS = re.compile(r"(?<=\d{4})[\s-]*(?:г|год[ау]?|й|йил[и]?|yil[i]?|y)?\.?\s*\Z", re.IGNORECASE)
NAMED_MONTH = re.compile(r"(?:(\d\d?)[\s.,-]+)?([^\W\d_]+)[\s.,-]+(?:(\d\d?)(?:st|nd|rd|th)?,?\s+)?(\d{4})\Z")
UZBEK_DATE = re.compile(r"(\d{4})[\s-]*(?:yil|йил)[\s,]+(?:(\d\d?)[\s-]*)?([^\W\d_]+)\Z", re.IGNORECASE)


def read_date(text: str) -> tuple[int, ...]:
    """Return year, month and day of a date as people write it, as far as it says; nothing where it is no date.

    Days come before months (01.02.1990 is in February), as they do where these tables come from. With strokes that is
    certain only where the day is above twelve; else the year alone counts, since others write the month first.
    """
    wanted = YEAR_WORDS.sub("", " ".join(text.split()))
    if found := YEAR_FIRST.match(wanted):
        return _checked(*found.groups())
    if found := DAY_FIRST.match(wanted):
        day, month, year = found.groups()
        is_certain = "/" not in wanted or day is None or int(day) > 12 or day == month
        return _checked(year, month, day) if is_certain else _checked(year)
    if found := UZBEK_DATE.match(wanted):
        return _in_month(found[3], found[1], found[2])
    if found := NAMED_MONTH.match(wanted):
        return _in_month(found[2], found[4], found[1] or found[3])
    return ()


def _in_month(name: str, year: str, day: str | None) -> tuple[int, ...]:
    small = name.casefold()
    month = next((str(n) for n, starts in enumerate(MONTHS, 1) if small.startswith(starts)), None)
    return _checked(year, month, day) if month else ()


def _checked(year: str, month: str | None = None, day: str | None = None) -> tuple[int, ...]:
    """Return the parts that there are; nothing where there is no such month or day."""
    if month is None:
        return (int(year),) if day is None else ()
    if day is None:
        return (int(year), int(month)) if 1 <= int(month) <= 12 else ()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return ()
    return int(year), int(month), int(day)


def _same_time(ours: tuple[int, ...], theirs: tuple[int, ...]) -> float:
    """Return how well two dates agree of which one may be less precise than the other."""
    if not ours or not theirs:
        return UNKNOWN
    if all(map(eq, ours, theirs)):
        return 1.0
    return 0.3 if ours[0] == theirs[0] else 0.0


# Reconciliation: which thing a cell of somebody's table means, how likely, and whether one may take it unasked.
#
# A score is from 0 to 100 and comes from features that go out with it. ``match`` is given only where a name fits in
# every word, fits nothing else as well, and nothing that the table says besides speaks against it. Persons are not
# reconciled: a table of names must not become a table of people (docs/design.md).

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
        self.evidence = EvidenceJudge(search)

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
        scope = SearchScope(question.types, without=(PERSON, *terms))
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
