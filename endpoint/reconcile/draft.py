"""``/reconcile/v1``: the 1.0 draft of the Reconciliation Service API. JSON in, JSON out, a language to every text."""

from __future__ import annotations

from flask import Blueprint, Response, request

from endpoint.finding import Finder, Tongue, finder, tongue
from endpoint.problems import ProblemError
from endpoint.reconcile.extension import table
from endpoint.reconcile.limits import BATCH, bad, body, number, parsed
from endpoint.reconcile.manifest import manifest_of_draft
from endpoint.reconcile.properties import suggested as suggested_properties
from endpoint.reconcile.queries import question_of_draft
from endpoint.reconcile.replies import reply
from endpoint.reconcile.stable import (
    FARTHEST,
    MOST_SUGGESTED,
    SUGGESTED,
    entities,
    previewed,
    proposal,
    suggested_entity,
)
from endpoint.reconcile.types import described_type, types_of
from endpoint.reconcile.types import suggested as suggested_types
from endpoint.sentences import Sentence
from graph.linking.entity import Entity
from graph.linking.reconciliation import FEATURES, Candidate

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
            {"candidates": [_candidate(each, finds, reader) for each in finds.reconciler.candidates(question)]}
            for question in questions
        ]
    })  # fmt: skip


def _candidate(found: Candidate, finds: Finder, reader: Tongue) -> dict[str, object]:
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
def suggest(what: str) -> Response:
    """Return what a name may become: of an entity, a property or a type."""
    finds, reader = finder(), tongue()
    prefix = request.args.get("prefix", "").strip()
    first = number(request.args.get("offset"), "offset", 0, FARTHEST)
    most = number(request.args.get("limit"), "limit", SUGGESTED, MOST_SUGGESTED)
    if what == "entity":
        found = [
            suggested_entity(each, finds, reader) | _named(each, reader)
            for each in entities(prefix, first, finds, most)
        ]
        return _reply({"result": found})
    if what == "property":
        found = [{"id": each.id, "name": each.name} for each in suggested_properties(prefix, reader)]
    elif what == "type":
        found = [described_type(each, reader) for each in suggested_types(prefix, finds, reader)]
    else:
        raise ProblemError(
            "not-found",
            Sentence("nothing is suggested as %(what)s: entity, property and type are", what=repr(what[:50])),
        )
    return _reply({"result": found[first : first + most]})


@draft.get("/preview")
def preview() -> Response:
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
def propose() -> Response:
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
