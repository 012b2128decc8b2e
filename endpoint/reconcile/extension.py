"""Data extension: the values of properties of things, as cells of a table.

A value is a text, a number, a date or a thing with an id. Persons, telephones and addresses of letters are no values:
whoever has matched a column gets nobody with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.current import snapshot
from endpoint.finding import Finder, Tongue
from endpoint.reconcile.limits import MOST_EXTENDED, MOST_PROPERTIES, bad, number
from endpoint.reconcile.properties import Property, known
from graph.labels import Rank, language_rank
from graph.linking.entity import Entity, id_of
from graph.linking.evidence import CITY, FOUNDED, IDENTIFIER, PLACE, REGION
from graph.linking.kinds import PERSON
from graph.literals import finite_number, is_legal, whole_number
from graph.namespaces import XSD

Value = dict[str, object]
DATE = re.compile(r"-?[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
DATE_TIME = re.compile(
    r"-?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?\Z"
)
LARGEST = 10**15
"""Whole numbers below it are numbers to every reader of JSON; others are given as texts."""
BROKEN = frozenset(XSD + name for name in ("decimal", "double", "float"))
PRIVATE = ("tel:", "mailto:")
MOST_A_CELL = 100


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a request for data: properties, and for each thing its values by property."""

    properties: list[Property]
    rows: dict[str, dict[str, list[Value]]]


def table(query: dict[str, object], finds: Finder, reader: Tongue) -> Table:
    """Return what a data extension query asks for; every id has a row, and every row every property.

    Raises:
        ProblemError: 400 for a query that is not understood, 413 for one that asks for too much.
    """
    ids, wanted = query.get("ids"), query.get("properties")
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise bad("ids", "is no list of texts")
    if not isinstance(wanted, list) or not all(isinstance(each, dict) and _id(each) for each in wanted):
        raise bad("properties", "is no list of objects with an id")
    if len(ids) > MOST_EXTENDED or len(wanted) > MOST_PROPERTIES:
        raise bad("extend", f"has more than {MOST_EXTENDED} ids or {MOST_PROPERTIES} properties")
    limits = {_id(each): _limit(each) for each in wanted}
    properties = known(list(limits), reader)
    rows = {}
    for entity_id in dict.fromkeys(ids):
        entity = finds.search.index.entity(entity_id)
        if entity is not None and PERSON in entity.kinds:
            entity = None
        rows[entity_id] = {each.id: _cell(entity, each, limits[each.id], finds, reader) for each in properties}
    return Table(properties, rows)


def _id(wanted: dict[str, object]) -> str:
    found = wanted.get("id")
    return found if isinstance(found, str) else ""


def _limit(wanted: dict[str, object]) -> int:
    settings = wanted.get("settings")
    value = settings.get("limit") if isinstance(settings, dict) else None
    return number(value, f"the limit of {_id(wanted)}", MOST_A_CELL, MOST_A_CELL)


def _cell(entity: Entity | None, wanted: Property, limit: int, finds: Finder, reader: Tongue) -> list[Value]:
    if entity is None:
        return []
    found = _stated(entity, wanted, finds, reader) if wanted.iri else _understood(entity, wanted.id, finds, reader)
    unique = {tuple(each.items()): each for each in found}
    return list(unique.values())[:limit]


def _understood(entity: Entity, name: str, finds: Finder, reader: Tongue) -> Iterator[Value]:
    """Yield the values of a property that is understood by name."""
    if name in (CITY, REGION, PLACE):
        for place in finds.reconciler.evidence.around(entity):
            if name == PLACE or name in place.kinds:
                yield _thing(place, reader)
    elif name == FOUNDED and entity.founded:
        yield _date(entity.founded)
    elif name == IDENTIFIER:
        for each in entity.identifiers:
            yield {"str": each}


def _stated(entity: Entity, wanted: Property, finds: Finder, reader: Tongue) -> Iterable[Value]:
    """Return what the data states, in a fixed order, texts in the reader's languages first."""
    store = snapshot().release.store
    quads = store.quads_for_pattern(ox.NamedNode(entity.iri), ox.NamedNode(wanted.iri), None, ox.DefaultGraph())
    terms = sorted((quad.object for quad in quads), key=lambda term: (_place(term, reader.chain), str(term)))
    return [value for term in terms if (value := _value(term, finds, reader)) is not None]


def _place(term: object, chain: tuple[str, ...]) -> Rank:
    return language_rank(term.language, chain) if isinstance(term, ox.Literal) and term.language else (0, 0, 0)


def _value(term: object, finds: Finder, reader: Tongue) -> Value | None:
    if isinstance(term, ox.NamedNode):
        entity = finds.search.index.entity(id_of(term.value, finds.search.base))
        if entity is not None:
            return None if PERSON in entity.kinds else _thing(entity, reader)
        return None if term.value.startswith(PRIVATE) else {"str": term.value}
    if not isinstance(term, ox.Literal):
        return None
    return _plain(term.value, term.datatype.value)


def _plain(text: str, datatype: str) -> Value:
    """Return a literal as JSON has it, or as a text where JSON cannot say it (INF, long numbers) or it is ill-typed."""
    if (whole := whole_number(text, datatype)) is not None:
        return {"int": whole} if abs(whole) < LARGEST else {"str": text}
    if datatype in BROKEN:
        number = finite_number(text, datatype)
        return {"str": text} if number is None else {"float": float(number)}
    return _date(text) if datatype in (XSD + "date", XSD + "dateTime") and is_legal(text, datatype) else {"str": text}


def _thing(entity: Entity, reader: Tongue) -> Value:
    return {"id": entity.id, "name": reader.label(entity)[0]}


def _date(text: str) -> Value:
    """Return a date; the specification has none without a day, so those are texts."""
    if DATE.match(text):
        return {"date": f"{text}T00:00:00Z"}
    return {"date": text} if DATE_TIME.match(text) else {"str": text}
