"""Who has signed in with a token, to review what people propose or to edit their own data; the tokens are not kept.

The token is pasted once; what the browser keeps is a cookie that no script and no other site can use, for an hour. Each
form has a word of the session's own besides.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from types import MappingProxyType
from typing import Literal, cast

from cachetools import LRUCache, TTLCache
from flask import Flask, Response, after_this_request, current_app, request

from endpoint.current import urls
from endpoint.http.authorization import door, too_many
from endpoint.http.problems import ProblemError
from endpoint.proposals.proposing import check_origin
from graph.model.contributors import Contributor
from graph.model.errors import Sentence

Role = Literal["review", "write"]
PLACES: Mapping[Role, str] = MappingProxyType({"review": "proposals", "write": "my-data"})
"""Where one signs in for what; the cookie is sent to nothing that stands below neither these nor ``ALSO``."""
ALSO: Mapping[Role, tuple[str, ...]] = MappingProxyType({"review": (), "write": ("upload",)})
"""Where else who has signed in for something is known: a spreadsheet is published into their graphs."""
ONLY: Mapping[Role, Sentence] = MappingProxyType({
    "review": Sentence("only who has signed in to review sees this"),
    "write": Sentence("only who has signed in with their token sees this"),
})  # fmt: skip
COOKIE = EXTENSION = "hamkor-session"
SECONDS, MOST_SESSIONS, MOST_SAVED = 3600, 1_000, 200


@dataclass(frozen=True, slots=True)
class SignedInSession:
    """Who has signed in, by the id of their token, and the word that their forms carry.

    ``saved`` holds which thing was saved, and what stands for what was filled in, by the word of the form: so one that
    comes twice is known.
    """

    contributor: str
    csrf: str
    saved: LRUCache[str, tuple[str, str]] = field(default_factory=lambda: LRUCache(MOST_SAVED), compare=False)


@dataclass
class SignedInSessions:
    """Who has signed in to one application, by the hash of what their browsers keep; each for an hour."""

    _known: TTLCache[str, SignedInSession] = field(default_factory=lambda: TTLCache(MOST_SESSIONS, SECONDS))
    _lock: Lock = field(default_factory=Lock)

    def begin(self, contributor: str) -> str:
        """Begin a session; return what the browser is to keep."""
        word = secrets.token_urlsafe(32)
        with self._lock:
            self._known[_hash(word)] = SignedInSession(contributor, secrets.token_urlsafe(24))
        return word

    def of(self, word: str) -> SignedInSession | None:
        """Return the session of what a browser has kept; None where there is none, or none any more."""
        with self._lock:
            return self._known.get(_hash(word)) if word else None

    def end(self, word: str) -> None:
        """End a session."""
        with self._lock:
            self._known.pop(_hash(word), None)


def _hash(word: str) -> str:
    return sha256(word.encode()).hexdigest()


def install_sessions(app: Flask) -> None:
    """Let an application know who has signed in, whichever of its blueprints asks first."""
    app.extensions.setdefault(EXTENSION, SignedInSessions())


def _sessions() -> SignedInSessions:
    return cast("SignedInSessions", current_app.extensions[EXTENSION])


def has_role(contributor: Contributor, role: Role) -> bool:
    """Whether a token is good for something: to review, or to write graphs."""
    return contributor.reviews if role == "review" else bool(contributor.graphs)


def signed_in(role: Role) -> tuple[Contributor, SignedInSession] | None:
    """Return who asks, and their session; None for anybody else. A token that was revoked ends it at once."""
    session = _sessions().of(request.cookies.get(COOKIE, ""))
    contributor = door().contributors.of_id(session.contributor) if session is not None else None
    if session is None or contributor is None or not has_role(contributor, role):
        return None
    return contributor, session


def whoever_signed_in(role: Role) -> tuple[Contributor, SignedInSession]:
    """Return who asks, and their session.

    Raises:
        ProblemError: 403, nobody has signed in.
    """
    found = signed_in(role)
    if found is None:
        remedy = {"remedy": Sentence("sign in at %(address)s", address=urls().absolute(urls().route(PLACES[role])))}
        raise ProblemError("refused", ONLY[role], remedy)
    return found


def check_csrf(session: SignedInSession, fields: Mapping[str, str]) -> None:
    """Make sure that a form was sent from a page of this session.

    Raises:
        ProblemError: 403.
    """
    check_origin()
    if not hmac.compare_digest(fields.get("csrf", "").encode(), session.csrf.encode()):
        remedy = {"remedy": Sentence("open the form here and send it from there")}
        raise ProblemError("refused", Sentence("the form is not of this session"), remedy)


def of_token(token: str, role: Role) -> Contributor | None:
    """Return whose token this is, where it is good for a role; attempts with bad ones are counted, as everywhere.

    Raises:
        ProblemError: 429 after many.
    """
    found, client = door().contributors.of_token(token), request.remote_addr or ""
    if found is not None and has_role(found, role):
        return found
    if wait := door().failures.wait(client):
        raise too_many(Sentence("too many attempts with a token that is not good"), wait)
    return None


def begin_session(contributor: Contributor) -> SignedInSession:
    """Sign somebody in with the answer to this request, wherever their token is good for something."""
    word, secure = _sessions().begin(contributor.id), request.is_secure
    roles = [role for role in PLACES if has_role(contributor, role)]
    paths = [urls().route(place) for role in roles for place in (PLACES[role], *ALSO[role])]

    @after_this_request
    def keep(response: Response) -> Response:
        for path in paths:
            response.set_cookie(
                COOKIE, word, max_age=SECONDS, path=path, httponly=True, samesite="Strict", secure=secure
            )
        return response

    return cast("SignedInSession", _sessions().of(word))


def end_session(response: Response) -> None:
    """Let a response sign out whoever asks, everywhere."""
    _sessions().end(request.cookies.get(COOKIE, ""))
    for place in (*PLACES.values(), *(each for places in ALSO.values() for each in places)):
        response.delete_cookie(COOKIE, path=urls().route(place))
