"""Answers of the pages sent smaller to clients that take it; what is streamed from a file is sent as it is."""

from __future__ import annotations

from flask import Flask, Response, request

from endpoint.coding import SMALLEST, coding_for


def compress(response: Response) -> Response:
    """Compress a response where the client takes it and it is worth it."""
    response.vary.add("Accept-Encoding")  # always: a 304 names what the 200 would (RFC 9110 15.4.5)
    if response.is_streamed or response.status_code in (204, 304) or response.direct_passthrough:
        return response
    coding = coding_for(request.headers.get("Accept-Encoding", ""))
    if (response.content_length or 0) < SMALLEST or coding is None or "Content-Encoding" in response.headers:
        return response
    response.set_data(coding.compress(response.get_data()))
    response.headers["Content-Encoding"] = coding.name
    tag, is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(coding.tag(tag), weak=bool(is_weak))
    return response


def install(app: Flask) -> None:
    """Let an application compress what it sends."""
    app.after_request(compress)
