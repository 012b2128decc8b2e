"""The types of things that can be reconciled: every kind that the release has, but persons."""

from __future__ import annotations

from endpoint.finding import Finder, Tongue
from endpoint.reconcile.properties import begins
from graph.linking.entity import Entity
from graph.linking.index import KIND
from graph.linking.kinds import DOCUMENT, KINDS, PERSON, TERMS, UNTYPED, weight

MOST_TYPES = 500


def types(finds: Finder) -> list[str]:
    """Return the ids of the types that there are, weightiest first."""
    found = {each.removeprefix(KIND) for each in finds.search.index.words_from(KIND, MOST_TYPES)} - {PERSON}
    return sorted(found, key=lambda each: (-weight(each), each))


def default_types(finds: Finder) -> list[str]:
    """Return those that one most likely has a column of."""
    return [each for each in types(finds) if each not in (DOCUMENT, UNTYPED, *TERMS) and each in KINDS] or types(finds)[
        :10
    ]


def suggested(prefix: str, finds: Finder, reader: Tongue) -> list[str]:
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
