"""Memento (RFC 7089): what a resource was at some time, at the granularity of releases.

Every resource is its own TimeGate: ``Accept-Datetime`` redirects to its memento below ``/release/<id>/``, and
``/timemap/<path>`` lists all. A release in which it was not there answers 404 or 410, as it would have then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from flask import Blueprint, Flask, Response, g, request
from werkzeug.http import http_date

from endpoint.current import RELEASE, is_withheld, past, publication, urls
from endpoint.http.negotiation import AS_HTML, AS_LINK_FORMAT
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer
from endpoint.http.semantics import CACHE, HeaderLink, entity_tag
from endpoint.things.resources import meant, not_found
from endpoint.urls import as_requested, is_versioned, memento, original, time_map
from graph.model.errors import ReleaseError, Sentence
from graph.releases.history import ID, release_time

memento_routes = Blueprint("memento", __name__)
IMMUTABLE = "public, max-age=86400, immutable"
"""A memento never changes, but what must not be published any more has to be out of every cache within a day."""
LONGEST = 4_000
"""Bytes of a URL that stands in links; it does so three times, and a proxy has room for some 16 kB of headers."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
QUERIES = frozenset({"sparql", "reconcile"})
"""First segments of paths to which questions are posted."""
PASSING = (301, 302, 303, 307, 308)


def install(app: Flask) -> None:
    """Let an application answer for the past."""
    app.register_blueprint(memento_routes)
    app.before_request(_gate)
    app.after_request(_said)
    app.context_processor(lambda: {"present": _present()})


def _present() -> str:
    """Return the path of this page as it is now, where it shows an older release; else an empty string."""
    return original(urls().root) + _requested() if RELEASE in request.environ and not g.get("withheld") else ""


def _gate() -> Response | None:
    """Send a request that names a time to the memento of that time; let nothing be written into a release."""
    path = request.path.lstrip("/")
    posts = path.partition("/")[0] in QUERIES
    if RELEASE in request.environ:
        _exists(request.environ[RELEASE])
        if request.method not in SAFE and not (posts and request.method in ("POST", "QUERY")):
            raise _not_allowed(Sentence("a release never changes"))
        return None
    if "Accept-Datetime" not in request.headers or not is_versioned(path) or path.startswith("static/"):
        return None
    if request.method not in SAFE:
        if posts:
            raise _not_allowed(Sentence("a time can be chosen by GET and HEAD only (RFC 7089 4.1)"))
        return None
    if request.method == "OPTIONS":
        return None
    _refuse_withheld(path)
    return _redirected(_wanted(request.headers["Accept-Datetime"]))


def _refuse_withheld(path: str) -> None:
    """Make sure that no link names what must not be spoken of."""
    iris = (*meant(path), *request.args.getlist("iri"), *request.args.getlist("graph"))
    if any(is_withheld(iri) for iri in iris):
        raise not_found(*iris)


def _exists(release_id: str) -> None:
    try:
        past().snapshot(release_id)
    except ReleaseError as problem:
        raise no_release(release_id) from problem


def no_release(release_id: str) -> ProblemError:
    """Return the error that a release is not here, or had to be removed."""
    if release_id in past().history().purged:
        return ProblemError(
            "gone",
            Sentence(
                "release %(release_id)s was removed: it held, or may have held, what must not be published any more",
                release_id=release_id,
            ),
        )
    return ProblemError(
        "not-found", Sentence("release %(release_id)s is not here, or not any more", release_id=repr(release_id[:200]))
    )


def _not_allowed(detail: str) -> ProblemError:
    return ProblemError("method-not-allowed", detail, {}, {"Allow": "GET, HEAD, OPTIONS"})


def _wanted(header: str) -> datetime:
    """Return the time that Accept-Datetime names (RFC 7089 2.1.1: as in RFC 1123, GMT).

    Raises:
        ProblemError: it names none.
    """
    try:
        time = parsedate_to_datetime(header)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError) as problem:
        remedy = {"remedy": Sentence("write Accept-Datetime: Fri, 28 Nov 2014 09:00:00 GMT")}
        raise ProblemError(
            "bad-request", Sentence("%(header)s is no date of HTTP", header=repr(header[:100])), remedy
        ) from problem


def _redirected(time: datetime) -> Response:
    here = _requested()
    release_id = past().history().at(time)
    place = urls().absolute(memento(urls().root, release_id, here))
    response = Response(status=302, headers={"Location": place, "Cache-Control": CACHE, "Vary": "Accept-Datetime"})
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _requested() -> str:
    """Return path and query of the request, below the root, as they can stand in a URL."""
    return as_requested(request.path, request.query_string)


def _said(response: Response) -> Response:
    """Say of an answer which time it is of, or that it can be had of other times."""
    if request.method not in ("GET", "HEAD") or not is_versioned(request.path) or request.path.startswith("/static/"):
        return response
    if g.get("withheld"):
        return response  # its links would name it
    if (release_id := request.environ.get(RELEASE)) is not None:
        return _of_the_past(response, release_id)
    if response.status_code < 400 or response.status_code in (404, 410):
        _add_vary(response)
        is_result = request.path == "/sparql" and "query" in request.args and response.status_code in (200, 304)
        if is_result and response.mimetype != AS_HTML.media_type:
            return response  # three links as long as the query would be longer than most answers of programs
        here = _requested()
        gate = urls().absolute(urls().root + here)
        _links(response, gate, urls().absolute(time_map(urls().root, here)))
    return response


def _of_the_past(response: Response, release_id: str) -> Response:
    root, here = original(urls().root), _requested()
    _links(response, urls().absolute(root + here), urls().absolute(time_map(root, here)))
    if response.status_code < 400 and response.status_code not in PASSING:
        response.headers["Memento-Datetime"] = http_date(release_time(release_id))
    if response.status_code < 400 and "no-store" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = IMMUTABLE
    return response


def _add_vary(response: Response) -> None:
    known = response.headers.get("Vary", "")
    if "accept-datetime" not in known.lower():
        response.headers["Vary"] = f"{known}, Accept-Datetime" if known else "Accept-Datetime"


def _links(response: Response, gate: str, times: str) -> None:
    """One relation a link: that is how most readers read them; none that is too long for proxies to pass on."""
    if len(gate) > LONGEST:
        return
    for link in (
        HeaderLink(gate, "original"),
        HeaderLink(gate, "timegate"),
        HeaderLink(times, "timemap", AS_LINK_FORMAT.media_type),
    ):
        response.headers.add("Link", str(link))


@memento_routes.get("/timemap/", defaults={"path": ""})
@memento_routes.get("/timemap/<path:path>")
def listed(path: str) -> Response:
    """All mementos of what is at this path (RFC 7089 section 5)."""
    if not is_versioned(path):
        raise ProblemError("not-found", Sentence("/%(path)s is of the present only", path=path[:200]))
    _refuse_withheld(path)
    here, moments = urls(), past().history().moments
    asked = as_requested(f"/{path}", request.query_string)
    resource = here.absolute(here.root + asked)
    times = [http_date(each.time) for each in moments]
    own = HeaderLink(here.absolute(time_map(here.root, asked)), "self", AS_LINK_FORMAT.media_type)
    lines = [
        str(HeaderLink(resource, "original")),
        str(HeaderLink(resource, "timegate")),
        f'{own}; from="{times[0]}"; until="{times[-1]}"',
    ]
    made = sorted({each.release for each in moments if ID.fullmatch(each.release)})
    for place, release_id in enumerate(made):
        name = " ".join((*(["first"] if place == 0 else []), *(["last"] if place == len(made) - 1 else []), "memento"))
        target = here.absolute(memento(here.root, release_id, asked))
        lines.append(f'{HeaderLink(target, name)}; datetime="{http_date(release_time(release_id))}"')
    body = ",\n".join(lines).encode() + b"\n"
    return answer(AS_LINK_FORMAT, lambda: body, tag=entity_tag(publication().base, body))
