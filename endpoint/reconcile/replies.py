"""Replies of the reconciliation service: JSON, or JSONP where a browser asks for it."""

from __future__ import annotations

import json
import re

from flask import Response, request

from endpoint.problems import ProblemError
from endpoint.responses import entity_tag
from endpoint.sentences import Sentence

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
        response.set_etag(entity_tag(text))
        response.make_conditional(request)
    return response
