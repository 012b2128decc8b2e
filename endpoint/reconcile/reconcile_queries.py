"""What the service can do, as its manifests say; and queries of both versions, read into questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from endpoint.current import languages, publication, snapshot, urls
from endpoint.pages.facts_of_shapes import text_in
from endpoint.reconcile.reconciled_properties import (
    BATCH,
    LIMIT,
    LONGEST_TEXT,
    MOST_CANDIDATES,
    MOST_CONSTRAINTS,
    bad,
    default_types,
    number,
    texts,
    type_of,
)
from endpoint.things.finder import Finder, Tongue
from graph.parts.linking.reconciliation import ALL, ANY, NONE, Constraint, Question

# The manifests: what the service can do and where, in the words of either version (one cannot serve both).

WIDTH, HEIGHT = 420, 220
LIMIT_HELP = "Most values in one cell; 0 for all"


def manifest_of_02(finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return the manifest of version 0.2 (section 3)."""
    host = urls().absolute(urls().route("reconcile"))

    def service(path: str) -> dict[str, str]:
        return {"service_url": host, "service_path": path}

    setting = {"type": "number", "name": "limit", "label": "Limit", "default": 0, "help_text": LIMIT_HELP}
    return {
        "versions": ["0.1", "0.2"],
        **_both(finds, reader),
        "identifierSpace": f"{publication().base}id/",
        "schemaSpace": f"{publication().base}ns#",
        "view": {"url": f"{host}/view/{{{{id}}}}"},
        "feature_view": {"url": f"{host}/features#{{{{id}}}}"},
        "preview": {"url": f"{host}/preview?id={{{{id}}}}", "width": WIDTH, "height": HEIGHT},
        "suggest": {each: service(f"/suggest/{each}") for each in ("entity", "property", "type")},
        "extend": {"propose_properties": service("/propose"), "property_settings": [setting]},
    }


def manifest_of_draft(finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return the manifest of the 1.0 draft."""
    host = urls().absolute(urls().route("reconcile"))
    setting = {"type": "number", "id": "limit", "name": "Limit", "default": 0, "helpText": LIMIT_HELP}
    return {
        "versions": ["1.0-draft"],
        **_both(finds, reader),
        "lang": reader.chain[0],
        "view": {"url": f"{host}/view/{{id}}"},
        "featureView": {"url": f"{host}/features#{{id}}"},
        "preview": {"width": WIDTH, "height": HEIGHT},
        "suggest": {"entity": True, "property": True, "type": True},
        "extend": {"proposeProperties": True, "propertySettings": [setting]},
        "standardizedScore": True,
    }


def _both(finds: Finder, reader: Tongue) -> dict[str, object]:
    about = publication().settings.about
    name = text_in(about.title, languages())[0] or "Hamkor"
    return {
        "name": name,
        "documentation": urls().absolute(urls().route("")),
        "serviceVersion": snapshot().release.id,
        "defaultTypes": [type_of(each, reader) for each in default_types(finds)],
        "batchSize": BATCH,
    }


# Queries of both versions, read into questions. What is not understood is an error that names the query.

STRICT = ("any", "should", "all")
MOST_TYPES = 20
FIELDS_OF_02 = frozenset({"query", "type", "type_strict", "limit", "properties"})
FIELDS_OF_DRAFT = frozenset({"type", "limit", "lang", "dir", "conditions"})


def question_of_02(key: str, query: object) -> Question:
    """Return the question that a query of version 0.2 asks (section 4.2.1).

    Raises:
        ProblemError: 400, it is not understood.
    """
    found = _object(f"query {key[:50]!r}", query, FIELDS_OF_02)
    what = f"query {key[:50]!r}"
    text, properties = _query_text(found.get("query", ""), what), found.get("properties") or []
    if not isinstance(properties, list) or len(properties) > MOST_CONSTRAINTS:
        raise bad(what, f"has properties that are no list of at most {MOST_CONSTRAINTS}")
    constraints = tuple(_property(what, each) for each in properties)
    if "query" not in found and not constraints:
        raise bad(what, "has neither query nor properties")
    strict = found.get("type_strict") or "any"
    if strict not in STRICT:
        raise bad(what, f"has a type_strict that is none of {', '.join(STRICT)}")
    limit = number(found.get("limit"), f"the limit of {what}", LIMIT, MOST_CANDIDATES)
    return Question(text, _types(what, found.get("type")), strict, constraints, limit)


def _property(what: str, given: object) -> Constraint:
    name = given.get("pid", given.get("p")) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(name, str) or "v" not in given:
        raise bad(what, "has a property without pid or v")
    return Constraint(name, texts(given["v"], what))


def question_of_draft(place: int, query: object) -> Question:
    """Return the question that a query of the 1.0 draft asks; of several names the first.

    Raises:
        ProblemError: 400, it is not understood.
    """
    what = f"query {place}"
    found = _object(what, query, FIELDS_OF_DRAFT)
    conditions = found.get("conditions")
    if not isinstance(conditions, list) or not 0 < len(conditions) <= MOST_CONSTRAINTS:
        raise bad(what, f"has no list of 1 to {MOST_CONSTRAINTS} conditions")
    given = found.get("type")
    if given is not None and not isinstance(given, str):
        raise bad(what, "has a type that is no text")
    names, ids, constraints = list[str](), list[str](), list[Constraint]()
    for condition in conditions:
        if not isinstance(condition, dict) or "propertyValue" not in condition:
            raise bad(what, "has a condition without propertyValue")
        values, kind = texts(condition["propertyValue"], what), condition.get("matchType")
        if kind == "property":
            constraints.append(_condition(what, condition, values))
        elif kind in ("name", "id"):
            (names if kind == "name" else ids).extend(values)
        else:
            raise bad(what, "has a condition whose matchType is none of name, id, property")
    limit = number(found.get("limit"), f"the limit of {what}", LIMIT, MOST_CANDIDATES)
    text = (ids or names or [""])[0]
    return Question(text, (given,) if given else (), "any", tuple(constraints), limit, identifier_only=bool(ids))


def _condition(what: str, condition: Mapping[str, Any], values: tuple[str, ...]) -> Constraint:
    name, quantifier, required = (condition.get(each) for each in ("propertyId", "matchQuantifier", "required"))
    if not isinstance(name, str):
        raise bad(what, "has a condition on a property without propertyId")
    if quantifier not in (None, ANY, ALL, NONE):
        raise bad(what, "has a matchQuantifier that is none of any, all, none")
    if not isinstance(required, bool | None):
        raise bad(what, "has a required that is no boolean")
    return Constraint(name, values, bool(required), quantifier or ANY)


def _object(what: str, query: object, fields: frozenset[str]) -> dict[str, Any]:
    if not isinstance(query, dict):
        raise bad(what, "is no object")
    if unknown := sorted(query.keys() - fields):
        raise bad(what, f"has a field {unknown[0][:50]!r} that is not known; there are {', '.join(sorted(fields))}")
    return query


def _query_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise bad(what, "is no text")
    return value[:LONGEST_TEXT]


def _types(what: str, value: object) -> tuple[str, ...]:
    """Return the types: OpenRefine sends one as a text, others send a list, or objects with an id."""
    given = value if isinstance(value, list) else [value]
    ids = [each.get("id") if isinstance(each, dict) else each for each in given if each not in (None, "")]
    found = tuple(each for each in ids if isinstance(each, str))
    if len(found) > MOST_TYPES or len(found) < len(ids):
        raise bad(what, f"has types that are no list of at most {MOST_TYPES} texts")
    return found
