"""``/health`` and ``/ready``: whether the process lives, and whether queries are answered from a release."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import cast

from flask import Blueprint, Response, current_app, jsonify
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import Snapshot, snapshot
from graph.model.errors import HamkorError

operations = Blueprint("operations", __name__)
EXTENSION = "hamkor-readiness"
ANSWER_SECONDS, KEPT_SECONDS = 2.0, 1.0
"""How long a query may take until the service is not ready, and how long that is believed."""


@dataclass
class Readiness:
    """Whether queries are answered, found out by asking one; whoever asks meanwhile gets what is known."""

    _lock: Lock = field(default_factory=Lock)
    _known: tuple[str, float, HamkorError | None] = ("", float("-inf"), None)

    def check(self, here: Snapshot) -> None:
        """Make sure that queries are answered from a release.

        Raises:
            HamkorError: what a query meets.
            OSError: the store cannot be read.
        """
        with self._lock:
            release, asked, problem = self._known
            if release != here.release.id or time.monotonic() - asked > KEPT_SECONDS:
                problem = self._asked(here)
                self._known = here.release.id, time.monotonic(), problem
        if problem is not None:
            raise problem

    def _asked(self, here: Snapshot) -> HamkorError | None:
        next(here.release.store.quads_for_pattern(None, None, None, None), None)  # pages are made of it
        try:
            here.engine.check(ANSWER_SECONDS)
        except HamkorError as problem:
            return problem
        return None


@operations.get("/health")
def health() -> Response:
    """The process answers."""
    return _fresh(jsonify(status="ok"))


@operations.get("/ready")
def ready() -> Response:
    """A release is open, and queries are answered from it; 503 with the reason where that is not so."""
    here = snapshot()
    cast(Readiness, current_app.extensions[EXTENSION]).check(here)
    return _fresh(jsonify(status="ready", release=here.release.id, triples=here.release.manifest.triples))


@operations.record
def _install(state: BlueprintSetupState) -> None:
    state.app.extensions[EXTENSION] = Readiness()


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
