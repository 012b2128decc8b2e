"""SPARQL Update over HTTP: ``/update`` (SPARQL 1.1 Protocol 2.2), and PATCH of one graph.

It reads the request; what an update means is ``graph.update``'s, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import pyoxigraph as ox
from flask import Blueprint, Response, request
from werkzeug.http import parse_options_header

from endpoint.authorization import contributor_of_request, door
from endpoint.current import publication, refresh, snapshot
from endpoint.outcomes import answered
from endpoint.preconditions import Expected
from endpoint.problems import ProblemError, document_problem
from endpoint.protocol import FORM, LONGEST_URL, MOST_FIELDS, UPDATE
from endpoint.reports import report_format
from endpoint.sentences import Sentence
from endpoint.uploads import received
from endpoint.works import works
from graph.contribution.values import Outcome, Update
from graph.contributors import Contributor
from graph.errors import OutOfScopeError, SourceError

updating = Blueprint("updating", __name__)

READ_TYPES = f"{FORM}, {UPDATE}"
USING, USING_NAMED = "using-graph-uri", "using-named-graph-uri"


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What the update operation of the protocol asks for."""

    text: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


@updating.get("/update")
def no_update() -> Response:
    """Say that an update is posted (SPARQL 1.1 Protocol 2.2): a link that is followed must change nothing."""
    raise ProblemError("method-not-allowed", Sentence("an update is sent by POST"), {}, {"Allow": "POST, OPTIONS"})


@updating.post("/update")
def update() -> Response:
    """Carry out an update."""
    contributor = contributor_of_request()
    refresh()
    door().count(contributor)
    with received() as folder:
        wanted = read_request(request.query_string, request.headers.get("Content-Type", ""), folder / "body")
        response = _updated(folder, wanted, contributor)
    response.headers["Accept-Post"] = READ_TYPES
    return response


def patched(iri: str, contributor: Contributor, expected: Expected) -> Response:
    """Change one graph by an update; that graph is the update's default graph.

    Raises:
        ProblemError: 415 for anything but an update, 422 for one that changes another graph.
    """
    with received() as folder:
        media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
        if media_type != UPDATE:
            detail = Sentence("a graph is patched by %(update)s", update=UPDATE)
            raise ProblemError("media-type", detail, {}, {"Accept-Patch": UPDATE})
        wanted = UpdateRequest(_text((folder / "body").read_bytes(), parameters))
        return _updated(folder, wanted, contributor, iri, expected)


def _updated(
    folder: Path, wanted: UpdateRequest, contributor: Contributor, only: str = "", expected: Expected | None = None
) -> Response:
    report, base = folder / "report", publication().base
    work = Update(
        str(publication().root), wanted.text, only or f"{base}update", contributor, str(report), report_format(),
        only, wanted.using, wanted.using_named, dict(snapshot().engine.services), expected or {},
    )  # fmt: skip
    try:
        outcome = works().write("graph.contribution.updating:update", work, Outcome)
    except SourceError as problem:
        raise document_problem(problem) from problem
    except OutOfScopeError as problem:
        raise ProblemError("other-graphs" if only else "out-of-scope", str(problem)) from problem
    return answered(outcome, report)


def read_request(query_string: bytes, content_type: str, body: Path) -> UpdateRequest:
    """Return what a request to ``/update`` asks for.

    Raises:
        ProblemError: 400 without exactly one update or with a bad parameter, 415 for another body.
    """
    if len(query_string) > LONGEST_URL:
        raise ProblemError(
            "uri-too-long",
            Sentence("the URL is longer than %(most)s bytes", most=LONGEST_URL),
            {"remedy": Sentence("use the body")},
        )
    media_type, parameters = parse_options_header(content_type)
    content = body.read_bytes()
    if media_type == UPDATE:
        pairs, updates = _pairs(query_string), [_text(content, parameters)]
    elif media_type == FORM:
        # a form may carry the dataset, too; the URL of the form's request has no part in it (Protocol 2.2.1)
        pairs, updates = _pairs(_text(content, parameters).encode()), []
        updates = [value for name, value in pairs if name == "update"]
    else:
        detail = Sentence(
            "%(media_type)s is not read here", media_type=media_type[:100] or Sentence("a body without a media type")
        )
        raise ProblemError(
            "media-type",
            detail,
            {"remedy": Sentence("send %(types)s", types=READ_TYPES)},
            {"Accept-Post": READ_TYPES},
        )
    if len(updates) != 1 or any(name == "query" for name, _ in pairs):
        raise ProblemError(
            "bad-request", Sentence("exactly one update is needed; there are %(count)s", count=len(updates))
        )
    return UpdateRequest(updates[0], _graphs(pairs, USING), _graphs(pairs, USING_NAMED))


def _text(body: bytes, parameters: Mapping[str, str]) -> str:
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise ProblemError(
            "media-type",
            Sentence("the character set %(charset)s is not read here; SPARQL is UTF-8", charset=charset[:50]),
        )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ProblemError(
            "bad-request", Sentence("the body is not UTF-8, from byte %(start)s on", start=problem.start)
        ) from problem


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict",
            max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError as problem:
        raise ProblemError("bad-request", Sentence("the parameters are not percent-encoded UTF-8")) from problem


def _graphs(pairs: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value for name, value in pairs if name == wanted))
    for iri in found:
        try:
            ox.NamedNode(iri)
        except ValueError as problem:
            detail = Sentence(
                "%(wanted)s=%(iri)s names no graph: an absolute IRI is needed", wanted=wanted, iri=iri[:200]
            )
            raise ProblemError("bad-request", detail) from problem
    return found
