"""Evidence beside the name: whether what a table says of a thing (city, region, founding, identifier) agrees with it.

It judges one thing at a time; what the judgement counts is ``graph.linking.reconciliation``'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import eq
from types import MappingProxyType

from graph.linking.candidates import Scope, spellings_of
from graph.linking.certainty import difference, is_sure
from graph.linking.entity import Entity, id_of
from graph.linking.folding import words
from graph.linking.kinds import words_of_kinds
from graph.linking.reader import remember
from graph.linking.search import Hit, Search
from graph.linking.similarity import SAME, alikeness

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
class Evidence:
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

    def placed(self, constraints: Iterable[Constraint], scope: Scope, most: int) -> list[Hit]:
        """Return things in the places that constraints name, weightiest first: where nothing else is known."""
        found = dict[str, Entity]()
        for each in constraints:
            for value in each.values if each.property in PLACES else ():
                places = self.search.hits(value, Scope(("place",)), 1)
                if places and places[0].alike.value >= SURE_PLACE:
                    inside = Scope(scope.kinds, places[0].entity.iri, scope.without)
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
