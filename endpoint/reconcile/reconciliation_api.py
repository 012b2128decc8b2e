"""``/reconcile`` speaks 0.2 of the Reconciliation Service API as OpenRefine does, ``/reconcile/v1`` the 1.0 draft."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from endpoint.current import languages, publication, snapshot, urls
from endpoint.http.problems import ProblemError
from endpoint.http.responses import as_page
from endpoint.http.semantics import entity_tag, held
from endpoint.pages.term_names import text_in
from endpoint.reconcile.reconciled_properties import (
    BATCH,
    LIMIT,
    LONGEST_TEXT,
    MOST_CANDIDATES,
    MOST_CONSTRAINTS,
    bad,
    body,
    default_types,
    described_type,
    number,
    parsed,
    proposed,
    suggested_properties,
    suggested_types,
    table,
    texts,
    type_of,
    types_of,
)
from endpoint.things.search import Finder, Tongue, finder, main_kind, tongue, view_of
from graph.model.description import PERSON
from graph.model.errors import Quotation, Sentence
from graph.parts.linking.candidate_search import SearchScope
from graph.parts.linking.names_index import Entity
from graph.parts.linking.reconciliation import ALL, ANY, FEATURES, NONE, Candidate, Constraint, Question

# What the service can do, as its manifests say; and queries of both versions, read into questions.

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


# ``/reconcile`` speaks 0.2 of the Reconciliation Service API as OpenRefine does, ``/reconcile/v1`` the 1.0 draft.

# Replies of the reconciliation service: JSON, or JSONP where a browser asks for it.

CALLBACK = re.compile(r"[A-Za-z_$][\w.$]{0,127}\Z", re.ASCII)
UNSAFE_IN_SCRIPTS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "<": "\\u003c"})


def reply(document: object, language: str = "") -> Response:
    """Return a document as JSON; within ``callback=`` as a script that calls it.

    Raises:
        ProblemError: 400, the callback is no plain name.
    """
    callback = request.args.get("callback", "")
    if callback and not CALLBACK.match(callback):
        raise ProblemError(
            "bad-request", Sentence("callback=%(callback)s is no name of a function", callback=repr(callback[:50]))
        )
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    kind = "application/json"
    if callback:
        text, kind = f"/**/{callback}({text.translate(UNSAFE_IN_SCRIPTS)});", "application/javascript; charset=utf-8"
    response = Response(text.encode(), content_type=kind)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Language"
    if language:
        response.headers["Content-Language"] = language
    if request.method in ("GET", "HEAD"):
        tag = entity_tag(text)
        response.set_etag(tag)
        if held(request.method, tag, None, request.headers.get):
            response.status_code = 304
            response.set_data(b"")
    return response


# ``/reconcile``: version 0.2 of the Reconciliation Service API, as OpenRefine calls it.
#
# Its quirks are met where they arise: a type as a text, ids as they are in URLs, leftovers of Freebase in the
# parameters of suggestions, JSONP where it could not read JSON.

reconcile = Blueprint("reconcile", __name__, url_prefix="/reconcile")

FORM = "application/x-www-form-urlencoded"
SUGGESTED, MOST_SUGGESTED, FARTHEST = 20, 50, 10_000
PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors *"
FARTHEST_PROPOSED = 1000
MOST_FIELDS = 100


@reconcile.route("", methods=["GET", "POST"])
def service() -> Response:
    """Answer queries, extend a table, or say what the service can do."""
    finds, reader, fields = finder(), tongue(), _fields()
    if "queries" in fields:
        return reply(_answers(parsed(fields["queries"], "queries"), finds, reader))
    if "extend" in fields:
        return reply(_extended(parsed(fields["extend"], "extend"), finds, reader))
    if request.method == "POST":
        raise ProblemError(
            "bad-request",
            Sentence("a POST needs queries= or extend="),
            {"remedy": Sentence("send them as %(form)s", form=FORM)},
        )
    return reply(manifest_of_02(finds, reader))


def _fields() -> dict[str, str]:
    """Return the parameters of the URL, and of the form where there is one."""
    found = dict(request.args.items())
    if request.method != "POST":
        return found
    if request.mimetype != FORM:
        given = request.mimetype or Sentence("a body without a media type")
        raise ProblemError(
            "media-type", Sentence("%(media_type)s is not read here", media_type=given),
            {"remedy": Sentence("send %(form)s, or JSON to /reconcile/v1/match", form=FORM)}, {"Accept-Post": FORM},
        )  # fmt: skip
    try:
        return found | dict(parse_qsl(body().decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as problem:
        raise ProblemError(
            "bad-request", Sentence("the form cannot be read: %(problem)s", problem=Quotation(problem))
        ) from problem


def _answers(queries: dict[str, object], finds: Finder, reader: Tongue) -> dict[str, object]:
    if len(queries) > BATCH:
        remedy = Sentence("send %(batch)s at a time, as batchSize of the manifest says", batch=BATCH)
        raise ProblemError(
            "too-large",
            Sentence("%(count)s queries are more than %(batch)s", count=len(queries), batch=BATCH),
            {"remedy": remedy},
        )
    questions = {key: question_of_02(key, query) for key, query in queries.items()}
    return {
        key: {"result": [_candidate(each, finds, reader) for each in finds.reconciler.candidates(question)]}
        for key, question in questions.items()
    }


def _candidate(found: Candidate, finds: Finder, reader: Tongue) -> dict[str, object]:
    return {
        "id": found.entity.id,
        "name": reader.label(found.entity)[0],
        "description": reader.description(found.entity, finds),
        "score": found.score,
        "match": found.match,
        "type": types_of(found.entity, reader),
        "features": [{"id": name, "value": value} for name, value in found.features.items()],
    }


def _extended(query: dict[str, object], finds: Finder, reader: Tongue) -> dict[str, object]:
    found = table(query, finds, reader)
    return {"meta": [{"id": each.id, "name": each.name} for each in found.properties], "rows": found.rows}


# Suggestions


@reconcile.get("/suggest/<what>")
def suggest(what: str) -> Response:
    """Return what a name may become: of an entity, a property or a type. Whatever else is asked is passed over."""
    finds, reader = finder(), tongue()
    prefix = request.args.get("prefix", "").strip()
    first = number(request.args.get("cursor"), "cursor", 0, FARTHEST)
    if what == "entity":
        return reply({"result": [suggested_entity(each, finds, reader) for each in entities(prefix, first, finds)]})
    found = _suggested(what, prefix, finds, reader)
    return reply({"result": found[first : first + MOST_SUGGESTED]})


def _suggested(what: str, prefix: str, finds: Finder, reader: Tongue) -> list[dict[str, object]]:
    """Return the properties or types that a prefix suggests, in the words of both versions."""
    if what == "property":
        return [{"id": each.id, "name": each.name} for each in suggested_properties(prefix, reader)]
    if what == "type":
        return [described_type(each, reader) for each in suggested_types(prefix, finds, reader)]
    raise ProblemError(
        "not-found",
        Sentence("nothing is suggested as %(what)s: entity, property and type are", what=repr(what[:50])),
    )


def entities(prefix: str, first: int, finds: Finder, most: int = SUGGESTED) -> list[Entity]:
    """Return the things that a prefix suggests, from the one after the first so many on; no persons."""
    scope = SearchScope(without=(PERSON,))
    if not prefix:
        return finds.search.all_in(scope, most, first)
    return [each for each, _ in finds.search.suggestions(prefix, scope, first + most)][first:]


def suggested_entity(entity: Entity, finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return a suggestion as it is written."""
    return {
        "id": entity.id,
        "name": reader.label(entity)[0],
        "description": reader.description(entity, finds),
        "notable": types_of(entity, reader),
    }


@reconcile.get("/propose")
def propose() -> Response:
    """Return the properties that things of a type have."""
    return reply(proposal())


def proposal() -> dict[str, object]:
    """Return the properties that things of the wanted type have, as both versions of the API write them."""
    kind = request.args.get("type", "")
    limit = number(request.args.get("limit"), "limit", SUGGESTED, FARTHEST_PROPOSED)
    found = proposed(kind, finder(), tongue())[:limit]
    properties = [{"id": each.id, "name": each.name} for each in found]
    return ({"type": kind} if kind else {}) | {"limit": limit, "properties": properties}


# Views


@reconcile.get("/view/<path:entity_id>")
def view(entity_id: str) -> AnyResponse:
    """Go to the document about a thing."""
    return redirect(view_of(entity_of(unquote(entity_id))), 303)


@reconcile.get("/preview")
def preview() -> Response:
    """Return a small page about a thing, for a frame on any other page: no script, no cookie."""
    return previewed(request.args.get("id", ""))


def previewed(entity_id: str) -> Response:
    """Return the preview of a thing."""
    as_page()
    entity, finds, reader = entity_of(entity_id), finder(), tongue()
    label, language = reader.label(entity)
    names = list(dict.fromkeys(each.text for each in entity.names if each.rank < 2 and each.text != label))[:6]
    page = render_template(
        "preview.html", label=label, language=language, description=reader.description(entity, finds),
        names=names, kind=reader.kind(main_kind(entity)), href=view_of(entity), id=entity.id,
    )  # fmt: skip
    response = Response(page.encode(), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def entity_of(entity_id: str) -> Entity:
    """Return the thing with an id, which is no person.

    Raises:
        ProblemError: 404, there is none.
    """
    found = finder().search.index.entity(entity_id)
    if found is None or PERSON in found.kinds:
        raise ProblemError("not-found", Sentence("nothing has the id %(entity_id)s", entity_id=repr(entity_id[:200])))
    return found


@reconcile.get("/features")
def features() -> str:
    """Say what each feature of a candidate means."""
    as_page()
    return render_template("features.html", features=FEATURES)


# ``/reconcile/v1``: the 1.0 draft of the Reconciliation Service API. JSON in, JSON out, a language to every text.

draft = Blueprint("draft", __name__, url_prefix="/reconcile/v1")

JSON = "application/json"


@draft.get("")
def manifest() -> Response:
    """Say what the service can do."""
    return _reply(manifest_of_draft(finder(), tongue()))


@draft.post("/match")
def match() -> Response:
    """Answer a batch of queries, in their order."""
    finds, reader, queries = finder(), tongue(), _json("queries").get("queries")
    if not isinstance(queries, list):
        raise bad("queries", "is no list")
    if len(queries) > BATCH:
        remedy = Sentence("send %(batch)s at a time, as batchSize of the manifest says", batch=BATCH)
        raise ProblemError(
            "too-large",
            Sentence("%(count)s queries are more than %(batch)s", count=len(queries), batch=BATCH),
            {"remedy": remedy},
        )
    questions = [question_of_draft(place, query) for place, query in enumerate(queries)]
    return _reply({
        "results": [
            {"candidates": [_draft_candidate(each, finds, reader) for each in finds.reconciler.candidates(question)]}
            for question in questions
        ]
    })  # fmt: skip


def _draft_candidate(found: Candidate, finds: Finder, reader: Tongue) -> dict[str, object]:
    return {
        **_named(found.entity, reader),
        "description": reader.description(found.entity, finds),
        "score": found.score,
        "match": found.match,
        "type": types_of(found.entity, reader),
        "features": [
            {"id": name, "name": FEATURES[name], "lang": "en", "value": value}
            for name, value in found.features.items()
        ],
    }  # fmt: skip


def _named(entity: Entity, reader: Tongue) -> dict[str, object]:
    name, language = reader.label(entity)
    named: dict[str, object] = {"id": entity.id, "name": name}
    return named | ({"lang": written(language)} if language else {})


def written(tag: str) -> str:
    """Return a language tag as one writes it (RFC 5646 2.1.1): scripts with a capital letter."""
    language, *rest = tag.split("-")
    return "-".join((language, *(each.capitalize() if len(each) == 4 else each.upper() for each in rest)))


@draft.get("/suggest/<what>")
def draft_suggest(what: str) -> Response:
    """Return what a name may become: of an entity, a property or a type."""
    finds, reader = finder(), tongue()
    prefix = request.args.get("prefix", "").strip()
    first = number(request.args.get("offset"), "offset", 0, FARTHEST)
    most = number(request.args.get("limit"), "limit", SUGGESTED, MOST_SUGGESTED)
    if what == "entity":
        things = entities(prefix, first, finds, most)
        return _reply({"result": [suggested_entity(each, finds, reader) | _named(each, reader) for each in things]})
    found = _suggested(what, prefix, finds, reader)
    return _reply({"result": found[first : first + most]})


@draft.get("/preview")
def draft_preview() -> Response:
    """Return a small page about a thing, for a frame on any other page."""
    return previewed(request.args.get("id", ""))


@draft.post("/extend")
def extend() -> Response:
    """Return the values of properties of things."""
    found = table(_json("extend"), finder(), tongue())
    return _reply({
        "meta": [{"id": each.id, "name": each.name} for each in found.properties],
        "rows": [
            {"id": entity, "properties": [{"id": name, "values": values} for name, values in row.items()]}
            for entity, row in found.rows.items()
        ],
    })  # fmt: skip


@draft.get("/extend/propose")
def draft_propose() -> Response:
    """Return the properties that things of a type have."""
    return _reply(proposal())


def _json(what: str) -> dict[str, object]:
    if request.mimetype not in (JSON, "text/json", ""):
        problem = Sentence("%(media_type)s is not read here", media_type=request.mimetype)
        raise ProblemError(
            "media-type", problem, {"remedy": Sentence("send %(types)s", types=JSON)}, {"Accept-Post": JSON}
        )
    return parsed(body(), what)


def _reply(document: object) -> Response:
    return reply(document, written(tongue().chain[0]))
