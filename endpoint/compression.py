"""Answers sent smaller to clients that take gzip (RFC 9110 8.4 and 12.5.3).

A compressed answer is another representation, so it has an entity tag of its own. What is streamed from a file is sent
as it is.
"""

from __future__ import annotations

from flask import Flask, Response, request
from isal import isal_zlib

SUFFIX = "-gzip"
SMALLEST = 1024
LEVEL = 1
WINDOW = 31
"""zlib's window bits for a gzip header."""


def compress(response: Response) -> Response:
    """Compress a response where the client takes it and it is worth it."""
    if response.is_streamed or response.status_code in (204, 304) or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    size = response.content_length or 0
    if size < SMALLEST or not request.accept_encodings["gzip"] or "Content-Encoding" in response.headers:
        return response
    response.set_data(isal_zlib.compress(response.get_data(), LEVEL, WINDOW))
    response.headers["Content-Encoding"] = "gzip"
    tag, is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(tag + SUFFIX, weak=bool(is_weak))
    return response


def install(app: Flask) -> None:
    """Let an application compress what it sends."""
    app.after_request(compress)
