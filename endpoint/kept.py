"""Queries that are kept: ``POST /query`` keeps one with its release, ``/query/~<name>`` is its page and its answer.

The page shows the query, how programs ask it, and links to its answer in that release and today. A program that asks
there for results is sent to them. What examples the publication itself has is another matter (``endpoint.examples``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.authorization import Rate, too_many
from endpoint.current import EXTENSION, Current, publication, snapshot, urls
from endpoint.negotiation import choose
from endpoint.problems import ProblemError
from endpoint.reading import query_reader
from endpoint.representations import AS_HTML, OFFERS
from endpoint.responses import page, see_other
from endpoint.sentences import Sentence
from endpoint.urls import memento, with_parameters
from graph.publication import WORK_FOLDER
from graph.query.guard import ReaderOptions, read_query
from graph.query.kept import KeptQuery, check_length, keep, kept_query

kept = Blueprint("kept", __name__)
RATE = "hamkor-kept-rate"
LONGEST_CODING = 12
"""Bytes of a form that one character takes at the most: four bytes, percent-encoded."""
DATA = {"SELECT": "csv", "ASK": "json", "CONSTRUCT": "turtle", "DESCRIBE": "turtle"}
"""The format that the programs on the page ask for, by query form."""


@kept.post("/query")
def keep_one() -> Response:
    """Keep a query; the answer is a 303 to its page."""
    check_length((request.content_length or 0) // LONGEST_CODING)
    text = request.form.get("query", "").replace("\r\n", "\n").strip()
    if not text:
        raise ProblemError(
            "bad-request", Sentence("query= is missing: the query to be kept, as a form"), {"parameter": "query"}
        )
    check_length(len(text))
    now = snapshot()
    if wait := _rate().wait(request.remote_addr or ""):
        raise too_many(Sentence("too many queries are to be kept"), wait)
    base = f"{now.publication.base}sparql"
    query_reader().read(text, request.remote_addr or "", ReaderOptions(_services(), base))
    found = keep(_folder(), text, now.release.id, publication().settings.limits.kept_queries_mb)
    response = see_other(urls().absolute(urls().link(f"query/~{found.name}")))
    response.headers["Cache-Control"] = "no-store"
    return response


@kept.get("/query/~<name>")
def one(name: str) -> Response:
    """The page of a kept query; who asks for results gets them, as they were in its release."""
    found = kept_query(_folder(), name)
    if found is None:
        raise ProblemError(
            "not-found",
            Sentence("no query is kept as ~%(name)s", name=name),
            {"remedy": Sentence("POST it to /query once more")},
        )
    if choose(request.headers.get("Accept"), OFFERS["SELECT"]) is not AS_HTML or "format" in request.args:
        return see_other(
            _answer_then(found, {each: request.args[each] for each in ("format",) if each in request.args})
        )
    here, form = urls(), read_query(found.text, functions=None, services=_services()).form
    address = here.absolute(here.route(f"query/~{name}"))
    return page(
        "kept.html",
        kept=found,
        form=form,
        address=address,
        data=with_parameters(address, {"format": DATA[form]}),
        then=_answer_then(found),
        now=here.absolute(here.link("sparql", query=found.text)),
        endpoint=here.absolute(here.route("sparql")),
    )


def _answer_then(found: KeptQuery, more: dict[str, str] | None = None) -> str:
    """Return where the answer of its release is."""
    here = urls()
    parameters = urlencode({"query": found.text} | (more or {}))
    return here.absolute(memento(here.root, found.release, f"/sparql?{parameters}"))


@kept.record
def _install(state: BlueprintSetupState) -> None:
    current: Current = state.app.extensions[EXTENSION]
    state.app.extensions[RATE] = Rate(current.publication.settings.limits.kept_queries_per_minute)


def _rate() -> Rate:
    return cast(Rate, current_app.extensions[RATE])


def _services() -> Mapping[str, str]:
    return snapshot().engine.services


def _folder() -> Path:
    return publication().root / WORK_FOLDER
