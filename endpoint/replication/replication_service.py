"""``/replication/…``: a publisher's releases for its copies, without object storage; and how replication stands.

What object storage would hold is read from the releases that are here, under the same names
(``graph.parts.replication.replicated``), but files as they are: so nothing is there that is in no release, and what is
withheld leaves with the releases that held it. Who has no token gets nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from hmac import compare_digest
from pathlib import Path

import msgspec
from flask import Blueprint, Response, request, send_file

from endpoint.current import publication, snapshot
from endpoint.http.problems import ProblemError
from endpoint.served_parts import Standing
from graph.model.errors import ReleaseError, Sentence
from graph.model.publication import Publication
from graph.parts.replication.object_storage import SERVED, TOKEN_VARIABLE, digest_of
from graph.parts.replication.replicated import LISTED, SHA256, files_beside, head_of, record_of
from graph.parts.replication.replication_state import read_state
from graph.releases.graph_files import file_sha256
from graph.releases.history import ID
from graph.releases.release import ReleasesFolder
from graph.releases.verification import read_checksums

replicating = Blueprint("replicating", __name__, url_prefix=f"/{SERVED.rstrip('/')}")


@replicating.before_request
def _may() -> None:
    """Let copies in, and nobody else.

    Raises:
        ProblemError: 404 where nothing is served to copies, 401 without the token.
    """
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not publication().settings.replication.serve or not token:
        raise ProblemError("not-found", Sentence("this service gives its releases to no copies"))
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(said.strip().encode(), token.encode()):
        said_no = Sentence("releases are for copies that have the token")
        raise ProblemError("unauthorized", said_no, {}, {"WWW-Authenticate": "Bearer"})


@replicating.get("/current")
def current() -> Response:
    """Which release is current, and what else copies need; an unchanged one is not sent again."""
    own = publication()
    listed = {each: digest_of(content) for each, content in _records(own)}
    content = msgspec.json.encode(head_of(own, snapshot().release.folder, listed))
    response = Response(content, content_type="application/json")
    response.set_etag(digest_of(content))
    response.make_conditional(request)
    return _private(response)


def _records(own: Publication) -> Iterator[tuple[str, bytes]]:
    """Yield the newest releases that can be had, with their records."""
    releases = ReleasesFolder(own.releases_folder)
    for each in {*releases.ids()[-LISTED:], snapshot().release.id}:
        try:
            yield each, record_of(releases.path / each)
        except ReleaseError:  # an earlier version made it, or it has just been pruned
            if each == snapshot().release.id:
                raise


@replicating.get("/releases/<name>")
def record(name: str) -> Response:
    """The record of a release that is here."""
    release_id = name.removesuffix(".json")
    releases = ReleasesFolder(publication().releases_folder)
    if not ID.fullmatch(release_id) or release_id not in releases.ids():
        raise ProblemError("not-found", Sentence("no release %(release)s", release=repr(release_id[:100])))
    return _private(Response(record_of(releases.path / release_id), content_type="application/json"))


@replicating.get("/files/<_>/<sha256>")
def file(_: str, sha256: str) -> Response:
    """A file of a release that is here, by its SHA-256; parts of it, too."""
    place = _place(publication(), sha256) if SHA256.fullmatch(sha256) else None
    if place is None:
        raise ProblemError("not-found", Sentence("no release that is here has such a file"))
    response = send_file(place, "application/octet-stream", conditional=True, etag=sha256)
    return _private(response)


def _place(own: Publication, sha256: str) -> Path | None:
    releases = ReleasesFolder(own.releases_folder)
    for each in reversed(releases.ids()):
        try:
            sums = read_checksums(releases.path / each)
        except ReleaseError:
            continue
        for name, facts in sums.files.items() if sums is not None else ():
            if facts.sha256 == sha256:
                return releases.path / each / name
    return next((path for _, path in files_beside(own) if file_sha256(path) == sha256), None)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache, no-transform"
    return response


# How it stands: for ``/ready`` and ``/metrics``.


def standing(own: Publication) -> Standing:
    """Return how replication of a publication stands; nothing where it is not replicated."""
    state = read_state(own.root) if own.is_replicated else None
    if state is None:
        return Standing()
    stale = state.is_stale(own.settings.replication.stale_hours)
    facts = {
        "role": "copy" if state.role == "follow" else "publisher",
        "storage": state.url,
        "release": state.release,
        "latest": state.latest,
        "behind_seconds": round(state.behind(), 1),
        "lag_seconds": round(state.lag, 2),
        "reached": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.reached)) if state.reached else None,
        "problem": state.problem or None,
        "stale": stale,
    }
    gauges = (
        ("replication_behind_seconds", "Since when a newer release has not arrived; 0 where none is", state.behind()),
        ("replication_lag_seconds", "How long the last release took from its publisher until here", state.lag),
        ("replication_reached_seconds", "Seconds since the storage answered", time.time() - state.reached),
        ("replication_failures", "Attempts that have failed since the last that did not", float(state.failures)),
        ("replication_bytes", "Bytes sent or fetched since the process began", float(state.size)),
        ("replication_files", "Files sent or fetched since the process began", float(state.files)),
        ("replication_releases", "Releases that became current here, or in the storage", float(state.commits)),
        ("replication_stale", "Whether the storage has not answered for replication.stale_hours", float(stale)),
    )
    return Standing(
        {"replication": facts} | ({"status": "stale"} if stale else {}), gauges, awaited=tuple(state.awaited)
    )
