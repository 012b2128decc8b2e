"""The Flask application over one publication: its blueprints, what every answer carries, and how errors end.

It holds no route of its own. ``endpoint.server`` runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from endpoint import authorization, compression, headers, language, memento, reading, telling, works
from endpoint.alternates import alternates
from endpoint.classes import classes
from endpoint.current import EXTENSION, Current
from endpoint.dataset import dataset
from endpoint.discovery import discovery
from endpoint.downloads import downloads
from endpoint.editor import editor
from endpoint.examples import examples
from endpoint.graphs import graphs
from endpoint.home import home
from endpoint.kept import kept
from endpoint.operations import operations
from endpoint.pages import frame
from endpoint.past import ReleasePrefix
from endpoint.privacy import privacy
from endpoint.problems import Problem, problem_of, problem_of_status, problem_of_system
from endpoint.reconcile.draft import draft
from endpoint.reconcile.stable import reconcile
from endpoint.resources import resources
from endpoint.responses import problem_response
from endpoint.same_as import same_as
from endpoint.search import search
from endpoint.sentences import Sentence
from endpoint.signposting import signposting
from endpoint.sparql import sparql
from endpoint.spelling import SpeltPath
from endpoint.starting import starting
from endpoint.updating import updating
from endpoint.validate import validating
from endpoint.versions import versions
from endpoint.vocabulary import vocabulary
from endpoint.writing import writing
from graph.errors import HamkorError
from graph.publication import Publication
from graph.query.engine import Engine
from graph.releases.release import Release

log = logging.getLogger("hamkor")


def create_app(
    publication: Publication, engine: Engine | None = None, engine_for: Callable[[Release], Engine] | None = None
) -> Flask:
    """Return the application that serves the publication's current release, whichever that is at each request.

    Args:
        publication: what is served.
        engine: what answers queries; by default this process, over the release's own store.
        engine_for: makes what answers queries over an older release; by default this process, too.
    """
    app = Flask("endpoint", static_url_path="/static")
    # paths are names here: two slashes are not one, and a slash at the end is another name
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = current = Current(publication, engine)
    if engine_for is not None:
        current.past.engine_for = engine_for
    for blueprint in (
        home,
        search,
        same_as,
        reconcile,
        draft,
        sparql,
        editor,
        kept,
        examples,
        graphs,
        writing,
        updating,
        validating,
        starting,
        versions,
        privacy,
        vocabulary,
        operations,
        dataset,
        discovery,
        downloads,
        signposting,
        alternates,
        classes,
        resources,
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(HamkorError, _own)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    authorization.install(app, publication)
    works.install(app, publication.settings.limits)
    reading.install(app, publication.settings.limits)
    language.install(app)
    telling.install(app)
    frame.install(app)
    headers.install(app)
    memento.install(app)
    compression.install(app)
    app.wsgi_app = SpeltPath(ReleasePrefix(app.wsgi_app))  # type: ignore[method-assign]
    return app


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
