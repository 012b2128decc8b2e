"""``/health`` and ``/ready``: whether the process lives, and whether it can answer from a release."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from endpoint.current import snapshot

operations = Blueprint("operations", __name__)


@operations.get("/health")
def health() -> Response:
    """The process answers."""
    return _fresh(jsonify(status="ok"))


@operations.get("/ready")
def ready() -> Response:
    """A release is open; 503 with the reason where there is none."""
    release = snapshot().release
    return _fresh(jsonify(status="ready", release=release.id, triples=release.manifest.triples))


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
