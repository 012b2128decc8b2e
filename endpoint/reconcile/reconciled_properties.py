"""What can be reconciled, within limits: types, and properties as constraints, proposals and cells of a table."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox
from flask import request

from endpoint.current import Snapshot, languages, snapshot
from endpoint.http.problems import ProblemError
from endpoint.things.search import Finder, Tongue
from graph.model.description import DOCUMENT, KINDS, PERSON, TERMS, UNTYPED, Rank, labels, language_rank, weight
from graph.model.errors import Quotation, Sentence
from graph.model.rdf_terms import OWL, RDF, RDFS, SD, SH, VOID, XSD, finite_number, is_legal, whole_number
from graph.parts.linking.candidate_search import SearchScope
from graph.parts.linking.name_comparison import fold
from graph.parts.linking.names_index import KIND_CODE, Entity, id_of
from graph.parts.linking.reconciliation import CITY, FOUNDED, IDENTIFIER, PLACE, PROPERTIES, REGION

# What one request may ask of reconciliation, and how what is wrong with one is said.

BATCH = 50
"""How many questions one request may hold."""
MOST_EXTENDED, MOST_PROPERTIES = 1000, 50
MOST_BYTES = 4 << 20
LONGEST_TEXT = 2000
MOST_CONSTRAINTS, MOST_VALUES = 20, 50
LIMIT, MOST_CANDIDATES = 5, 50
LARGEST_NUMBER = 1_000_000


def body() -> bytes:
    """Return the body of the request.

    Raises:
        ProblemError: 413, it is too large.
    """
    length = request.content_length or 0
    read = request.stream.read(MOST_BYTES + 1) if length <= MOST_BYTES else b""
    if max(length, len(read)) > MOST_BYTES:
        raise ProblemError(
            "too-large",
            Sentence("the request is larger than %(most)s bytes", most=MOST_BYTES),
            {"remedy": Sentence("send less at a time")},
        )
    return read


def parsed(text: str | bytes, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ProblemError: 400, it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise bad(what, f"is no JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise bad(what, "is no JSON object")
    return found


def bad(what: str, problem: str) -> ProblemError:
    """Return the error that a part of a request is not understood."""
    return ProblemError("bad-request", Sentence("%(what)s %(problem)s", what=what, problem=Quotation(problem)))


def texts(value: object, what: str) -> tuple[str, ...]:
    """Return the values of a property as texts: a text, a number, a boolean, an entity, or a list of these.

    Raises:
        ProblemError: 400, it is something else, or too much.
    """
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_VALUES:
        raise bad(what, f"has more than {MOST_VALUES} values")
    return tuple(each for each in (_text(value, what) for value in values) if each)


def _text(value: object, what: str) -> str:
    if isinstance(value, dict):
        value = value.get("id") or value.get("name") or ""
        if not isinstance(value, str):
            raise bad(what, "has an id that is no text")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(what, "has a value that is no text, number, boolean or entity")
    return value.strip()[:LONGEST_TEXT]


def number(value: object, what: str, default: int, most: int) -> int:
    """Return a whole number above 0, at most ``most``; the default for 0 and where there is none.

    Raises:
        ProblemError: 400, it is no number, or below 0.
    """
    if value is None or value == "":
        return default
    try:
        found = int(float(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= LARGEST_NUMBER:
        raise bad(what, "is no number from 0 on")
    return min(found or default, most)


# The properties that one can give as constraints, ask for and be proposed, each with an id that OpenRefine can bear.
#
# City, region, place, founding and identifier are understood by name; every other property of the data can be fetched
# by its short form, as ``schema.foundingDate``.

VALID = re.compile(r"[A-Za-z0-9._~-]+\Z")
SAMPLED = 200
NEVER = (
    *("http://www.w3.org/2006/vcard/ns#has", "https://schema.org/telephone", "https://schema.org/email"),
    *(SH, VOID, SD, OWL + "versionInfo", RDFS, RDF),
)
"""Beginnings of properties that lead to people, who are not handed out row by row, or say nothing of things."""
NAME = "name"


@dataclass(frozen=True, slots=True)
class ReconciledProperty:
    """A property as reconciliation names it; ``iri`` is empty for one that is understood by name."""

    id: str
    name: str
    iri: str = ""


def by_name(reader: Tongue) -> list[ReconciledProperty]:
    """Return the properties that are understood by name."""
    return [ReconciledProperty(each, reader.of(names)) for each, names in PROPERTIES.items()]


def of_the_data(here: Snapshot) -> dict[str, str]:
    """Return id → IRI of the data's own properties, as far as a prefix makes them short."""
    found: dict[str, str] = {}
    prefixes = sorted(here.prefixes.items(), key=lambda each: -len(each[1]))
    for iri in here.release.manifest.statistics.properties:
        short = next((f"{prefix}.{iri[len(start) :]}" for prefix, start in prefixes if iri.startswith(start)), "")
        if VALID.match(short) and not iri.startswith(NEVER):
            found.setdefault(short, iri)
    return found


def known(ids: list[str], reader: Tongue) -> list[ReconciledProperty]:
    """Return the properties with these ids; one that nobody knows is called by its id and has no values."""
    named, data = {each.id: each for each in by_name(reader)}, snapshot().once(of_the_data)
    called = _called([data[each] for each in ids if each in data])
    return [
        named[each]
        if each in named
        else ReconciledProperty(each, called.get(data.get(each, ""), each), data.get(each, ""))
        for each in ids
    ]


def suggested_properties(prefix: str, reader: Tongue) -> list[ReconciledProperty]:
    """Return the properties of which the name or the id begins so, or has a word that does."""
    data = snapshot().once(of_the_data)
    called = _called(list(data.values()))
    every = [
        *by_name(reader),
        *(ReconciledProperty(id_, called.get(iri, id_), iri) for id_, iri in sorted(data.items())),
    ]
    return [each for each in every if begins(prefix, each.name, each.id)]


def begins(prefix: str, *names: str) -> bool:
    """Whether a word of some names begins with a prefix, in whatever script."""
    wanted = fold(prefix)
    return not prefix or any(
        name.lower().startswith(prefix.lower()) or (wanted != "" and f" {wanted}" in f" {fold(name)}") for name in names
    )


def proposed(kind: str, finds: Finder, reader: Tongue) -> list[ReconciledProperty]:
    """Return the properties that things of a kind have, the commonest first."""
    if kind == PERSON:
        return []
    scope = SearchScope((kind,) if kind else (), without=(PERSON,))
    store, counts = snapshot().release.store, Counter[str]()
    for entity in finds.search.all_in(scope, SAMPLED):
        counts.update(set(_predicates(store, entity.iri)))
    data = {iri: id_ for id_, iri in snapshot().once(of_the_data).items()}
    common = sorted((iri for iri in counts if iri in data), key=lambda iri: (-counts[iri], iri))
    called = _called(common)
    return [*by_name(reader), *(ReconciledProperty(data[iri], called.get(iri, data[iri]), iri) for iri in common)]


def _predicates(store: ox.Store, iri: str) -> Iterator[str]:
    for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()):
        if isinstance(quad.predicate, ox.NamedNode):
            yield quad.predicate.value


def _called(iris: list[str]) -> dict[str, str]:
    return {iri: label.text for iri, label in labels(snapshot().release.store, iris, languages()).items()}


# The types of things that can be reconciled: every kind that the release has, but persons.

MOST_TYPES = 500


def types(finds: Finder) -> list[str]:
    """Return the ids of the types that there are, weightiest first."""
    found = {each.removeprefix(KIND_CODE) for each in finds.search.index.words_from(KIND_CODE, MOST_TYPES)} - {PERSON}
    return sorted(found, key=lambda each: (-weight(each), each))


def default_types(finds: Finder) -> list[str]:
    """Return those that one most likely has a column of."""
    return [each for each in types(finds) if each not in (DOCUMENT, UNTYPED, *TERMS) and each in KINDS] or types(finds)[
        :10
    ]


def suggested_types(prefix: str, finds: Finder, reader: Tongue) -> list[str]:
    """Return the types of which a name in any language, or the id, begins so."""
    return [
        each
        for each in types(finds)
        if begins(prefix, each, *(KINDS[each].names.values() if each in KINDS else (reader.kind(each),)))
    ]


def type_of(kind: str, reader: Tongue) -> dict[str, object]:
    """Return a type as it is written."""
    return {"id": kind, "name": reader.kind(kind)}


def described_type(kind: str, reader: Tongue) -> dict[str, object]:
    """Return a type with the one that it is part of."""
    broader = KINDS[kind].broader if kind in KINDS else ""
    return type_of(kind, reader) | ({"broader": [type_of(broader, reader)]} if broader else {})


def types_of(entity: Entity, reader: Tongue) -> list[dict[str, object]]:
    """Return the types of a thing as they are written, the most telling first."""
    broader = {KINDS[each].broader for each in entity.kinds if each in KINDS}
    ordered = sorted(entity.kinds, key=lambda each: each in broader)
    return [type_of(each, reader) for each in ordered]


# Data extension: the values of properties of things, as cells of a table.
#
# A value is a text, a number, a date or a thing with an id. Persons, telephones and addresses of letters are no values:
# whoever has matched a column gets nobody with it.

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
class ExtensionTable:
    """The answer to a request for data: properties, and for each thing its values by property."""

    properties: list[ReconciledProperty]
    rows: dict[str, dict[str, list[Value]]]


def table(query: dict[str, object], finds: Finder, reader: Tongue) -> ExtensionTable:
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
    return ExtensionTable(properties, rows)


def _id(wanted: dict[str, object]) -> str:
    found = wanted.get("id")
    return found if isinstance(found, str) else ""


def _limit(wanted: dict[str, object]) -> int:
    settings = wanted.get("settings")
    value = settings.get("limit") if isinstance(settings, dict) else None
    return number(value, f"the limit of {_id(wanted)}", MOST_A_CELL, MOST_A_CELL)


def _cell(entity: Entity | None, wanted: ReconciledProperty, limit: int, finds: Finder, reader: Tongue) -> list[Value]:
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


def _stated(entity: Entity, wanted: ReconciledProperty, finds: Finder, reader: Tongue) -> Iterable[Value]:
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
