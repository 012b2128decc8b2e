"""The Flask application over one publication: its blueprints, what every answer carries, and how errors end.

It holds no route of its own. ``endpoint.server`` runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pkgutil import resolve_name

from flask import Blueprint, Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from endpoint.current import EXTENSION, Current, ReleasePrefix
from endpoint.discovery import STANDINGS, dataset, discovery, downloads, home, operations, privacy
from endpoint.graphs.graph_store import graphs
from endpoint.http import authorization, jobs, languages, responses
from endpoint.http.problems import Problem, problem_of, problem_of_status, problem_of_system
from endpoint.http.responses import problem_response
from endpoint.pages import frame
from endpoint.served_parts import SERVED, ServedPart
from endpoint.sparql import protocol
from endpoint.sparql.exchanges import SpeltPath
from endpoint.sparql.shelf import editor, examples, kept
from endpoint.sparql.sparql_resource import sparql
from endpoint.things.classes import classes, vocabulary
from endpoint.things.representations import alternates, signposting
from endpoint.things.resources import resources
from endpoint.versions import install_memento, versions
from graph.model.errors import HamkorError, Sentence
from graph.model.publication import Publication
from graph.query.engine import Engine
from graph.releases.release import Release

log = logging.getLogger("hamkor")
CORE = (
    home, sparql, editor, kept, examples, graphs, versions, privacy, vocabulary, operations, dataset, discovery,
    downloads, signposting, alternates, classes, resources,
)  # fmt: skip
"""The routes that are always there; those of the parts are in ``endpoint.served_parts``."""


def create_app(
    publication: Publication,
    engine: Engine | None = None,
    engine_for: Callable[[Release], Engine] | None = None,
    parts: Iterable[ServedPart] = SERVED,
) -> Flask:
    """Return the application that serves the publication's current release, whichever that is at each request.

    Args:
        publication: what is served.
        engine: what answers queries; by default this process, over the release's own store.
        engine_for: makes what answers queries over an older release; by default this process, too.
        parts: what is there beside the core.
    """
    parts = tuple(parts)
    app = Flask("endpoint", static_url_path="/static")
    # paths are names here: two slashes are not one, and a slash at the end is another name
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = current = Current(publication, engine)
    app.extensions[STANDINGS] = [resolve_name(f"endpoint.{each.standing}") for each in parts if each.standing]
    if engine_for is not None:
        current.past.engine_for = engine_for
    for blueprint in (*CORE, *_blueprints(parts)):
        app.register_blueprint(blueprint)
    app.register_error_handler(HamkorError, _own)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    authorization.install(app, publication)
    jobs.install(app, publication.settings.limits)
    protocol.install(app, publication.settings.limits)
    languages.install(app)
    responses.install_problems(app)
    frame.install(app)
    responses.install_headers(app)
    install_memento(app)
    responses.install_compression(app)
    app.wsgi_app = SpeltPath(ReleasePrefix(app.wsgi_app))  # type: ignore[method-assign]
    return app


def _blueprints(parts: Iterable[ServedPart]) -> Iterator[Blueprint]:
    for part in parts:
        for name in part.blueprints:
            blueprint: Blueprint = resolve_name(f"endpoint.{name}")
            yield blueprint


def _own(error: Exception) -> Response:
    return problem_response(problem_of(error) if isinstance(error, HamkorError) else problem_of_status(500))


def _http(error: Exception) -> Response:
    if not isinstance(error, HTTPException) or error.code is None:
        return _unexpected(error)
    if error.code < 400:
        response = error.get_response()
        return Response(response.get_data(), response.status, list(response.headers))
    methods = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else {}
    usual = error.description == type(error).description
    return problem_response(problem_of_status(error.code, "" if usual else error.description or "", methods))


def _unexpected(error: Exception) -> Response:
    """Log what should not have happened; the client learns no more, unless it was the disk."""
    log.error("unexpected error", exc_info=error)
    if (found := problem_of_system(error)) is not None:
        return problem_response(found)
    return problem_response(Problem("internal", Sentence("what went wrong is in the server's log")))
