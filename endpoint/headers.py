"""Headers that every answer carries, errors and redirects included: CORS, the release, and what a browser may do.

Everything here is public, so any page may read it (Fetch standard, CORS protocol). A token for writing is no credential
that a browser sends by itself: a page can only send one that it was given.
"""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, request

from endpoint.current import snapshot, urls
from graph.errors import HamkorError

METHODS = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
REQUEST_HEADERS = (
    "Accept, Content-Type, Content-Encoding, Authorization, Accept-Profile, Accept-Datetime, If-None-Match, If-Match"
)
EXPOSED = "Link, Location, ETag, Content-Location, Memento-Datetime, Retry-After, Vary, Allow, X-Hamkor-Release"
OF_FILES = "Accept-Ranges, Content-Disposition, Content-Range, Repr-Digest"
DAY = "86400"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    """Add them to a response."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = f"{EXPOSED}, {OF_FILES}"
    if request.method == "OPTIONS":
        response.status_code = 204
        response.set_data(b"")
        headers.pop("Content-Type", None)
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        headers["Access-Control-Max-Age"] = DAY
    with suppress(HamkorError):
        headers["X-Hamkor-Release"] = snapshot().release.id
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        with suppress(HamkorError):
            headers.add("Link", f'<{urls().absolute(urls().route("privacy"))}>; rel="privacy-policy"')
        headers.setdefault("Content-Security-Policy", POLICY)
    return response


def install(app: Flask) -> None:
    """Let an application add them to every response."""
    app.after_request(add_headers)
