"""Evidence beside the name: whether what a table says of a thing (city, region, founding, identifier) agrees with it.

It judges one thing at a time; what the judgement counts is ``graph.linking.reconciliation``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from graph.linking.candidates import Scope, spellings_of
from graph.linking.entity import Entity, id_of
from graph.linking.folding import words
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


@dataclass
class Evidence:
    """Judges the things of one index; it may be used from several threads."""

    search: Search
    _around: dict[str, tuple[Entity, ...]] = field(default_factory=dict)

    def agreement(self, entity: Entity, constraints: Sequence[Constraint]) -> float | None:
        """Return how well a thing agrees, from 0 to 1, or None where it must and does not."""
        judged = list[float]()
        for each in constraints:
            if each.property not in PROPERTIES or not each.values:
                continue
            value = self._agreement(entity, each)
            if each.required and value <= UNKNOWN:
                return None
            judged.append(value)
        return sum(judged) / len(judged) if judged else 1.0

    def _agreement(self, entity: Entity, constraint: Constraint) -> float:
        found = [self._value(entity, constraint.property, each) for each in constraint.values]
        if constraint.quantifier == NONE:
            return 1.0 - max(found)
        return min(found) if constraint.quantifier == ALL else max(found)

    def _value(self, entity: Entity, name: str, value: str) -> float:
        if name in PLACES:
            return self._in_place(entity, value)
        if name == FOUNDED:
            return _same_time(entity.founded, value.strip())
        theirs = {each.casefold() for each in spellings_of(value.strip())}
        ours = {each.casefold() for each in (*entity.identifiers, entity.id, entity.iri)}
        return 1.0 if theirs & ours else (0.0 if entity.identifiers else UNKNOWN)

    def _in_place(self, entity: Entity, value: str) -> float:
        around = self.around(entity)
        if not around:
            return UNKNOWN
        wanted = words(value)
        best = 0.0
        for place in around:
            if value.strip() in (place.id, place.iri, *place.identifiers):
                return 1.0
            for fold in {name.fold for name in place.names}:
                best = max(best, alikeness(wanted, fold.split(), self.search.candidates.rarity).value)
        return 1.0 if best >= SURE_PLACE else best / 4

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


def _same_time(ours: str, theirs: str) -> float:
    """Return how well two dates agree of which one may be less precise than the other."""
    if not ours:
        return UNKNOWN
    if not theirs[:4].isdecimal():
        return UNKNOWN
    if ours.startswith(theirs) or theirs.startswith(ours):
        return 1.0
    return 0.3 if ours[:4] == theirs[:4] else 0.0
