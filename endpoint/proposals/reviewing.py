"""``/proposals``: who holds a reviewer's token signs in, sees the queue, and accepts or declines.

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
from typing import Any, cast

from cachetools import TTLCache
from flask import Blueprint, Response, current_app, request
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.http.authorization import door, too_many
from endpoint.http.jobs import works
from endpoint.http.languages import N_, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import as_page, see_other
from endpoint.pages.term_names import text_in
from endpoint.pages.thing_page import content_names
from endpoint.proposals.filled_form import shown_changes
from endpoint.proposals.proposing import check_origin, not_kept, posted_fields, private_page
from graph.model.contributors import Contributor
from graph.model.errors import NO_WORDS, HamkorError, ReleaseError, Said, Sentence
from graph.parts.proposals.proposal_store import (
    PAGE,
    CheckedProposal,
    Decision,
    KeptProposal,
    ProposalAcceptance,
    ProposalCheck,
    State,
    proposals_of,
)
from graph.parts.proposals.proposed_rows import stale, touched

reviewing = Blueprint("reviewing", __name__)
EXTENSION = "hamkor-review"
COOKIE = "hamkor-review"
SECONDS, MOST_SESSIONS, MOST_TOUCHED = 3600, 1_000, 20
STATES: Mapping[State, str] = {
    "waiting": N_("waiting"), "accepting": N_("being accepted"), "accepted": N_("accepted"), "declined": N_("declined"),
    "withdrawn": N_("taken back"), "erased": N_("erased"),
}  # fmt: skip
KINDS = {
    "change": N_("a change"), "new": N_("something new"), "comment": N_("a comment"), "removal": N_("to be taken out"),
}  # fmt: skip
MARKS = {
    "person": N_("about a person"), "number": N_("a number or address"), "links": N_("many links"),
    "removal": N_("take it out"),
}  # fmt: skip
SHOWN: Mapping[str, tuple[State, ...]] = {
    "waiting": ("waiting", "accepting"), "accepted": ("accepted",), "declined": ("declined",),
    "withdrawn": ("withdrawn", "erased"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReviewSession:
    """Who has signed in, and the word that their forms carry."""

    reviewer: str
    csrf: str


@dataclass
class ReviewSessions:
    """Who has signed in to one application, by the hash of what their browsers keep; each for an hour."""

    _known: TTLCache[str, ReviewSession] = field(default_factory=lambda: TTLCache(MOST_SESSIONS, SECONDS))
    _lock: Lock = field(default_factory=Lock)

    def begin(self, reviewer: str) -> str:
        """Begin a session of a reviewer; return what the browser is to keep."""
        word = secrets.token_urlsafe(32)
        with self._lock:
            self._known[_hash(word)] = ReviewSession(reviewer, secrets.token_urlsafe(24))
        return word

    def of(self, word: str) -> ReviewSession | None:
        """Return the session of what a browser has kept; None where there is none, or none any more."""
        with self._lock:
            return self._known.get(_hash(word)) if word else None

    def end(self, word: str) -> None:
        """End a session."""
        with self._lock:
            self._known.pop(_hash(word), None)


def _hash(word: str) -> str:
    return sha256(word.encode()).hexdigest()


@reviewing.record
def _install(setup: BlueprintSetupState) -> None:
    setup.app.extensions[EXTENSION] = ReviewSessions()


def _sessions() -> ReviewSessions:
    return cast("ReviewSessions", current_app.extensions[EXTENSION])


reviewing.after_request(not_kept)


def _signed_in() -> tuple[Contributor, ReviewSession] | None:
    """Return who asks, and their session; None for anybody else. A token that was revoked ends it at once."""
    session = _sessions().of(request.cookies.get(COOKIE, ""))
    if session is None:
        return None
    found = (each for each in door().contributors.reviewers() if each.id == session.reviewer)
    reviewer = next(found, None)
    return (reviewer, session) if reviewer is not None else None


def _reviewer() -> tuple[Contributor, ReviewSession]:
    """Return who asks.

    Raises:
        ProblemError: 403, nobody has signed in.
    """
    found = _signed_in()
    if found is None:
        remedy = {"remedy": Sentence("sign in at %(address)s", address=urls().absolute(urls().route("proposals")))}
        raise ProblemError("refused", Sentence("only who has signed in to review sees this"), remedy)
    return found


def _check_csrf(session: ReviewSession, fields: Mapping[str, str]) -> None:
    check_origin()
    if not hmac.compare_digest(fields.get("csrf", "").encode(), session.csrf.encode()):
        remedy = {"remedy": Sentence("open the form here and send it from there")}
        raise ProblemError("refused", Sentence("the form is not of this session"), remedy)


@reviewing.get("/proposals")
def queue() -> Response:
    """The queue, for who has signed in; for others where to do that."""
    as_page()
    found = _signed_in()
    if found is None:
        return private_page("proposals.html", 403, reviewer="", problem=NO_WORDS)
    reviewer, session = found
    state = request.args.get("state", "waiting")
    asked = request.args.get("page", "1")
    number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1
    store, here = proposals_of(publication()), urls()
    counts = store.counts()
    listed = store.queue(SHOWN.get(state, SHOWN["waiting"]), number)
    states = [(each, translated(STATES[of[0]]), sum(counts.get(one, 0) for one in of)) for each, of in SHOWN.items()]
    return private_page(
        "proposals.html", reviewer=reviewer.name or reviewer.id, csrf=session.csrf, states=states, current=state,
        queue=listed, start=(number - 1) * PAGE + 1, **_words(),
        before=here.link("proposals", state=state, page=str(number - 1)) if number > 1 else "",
        after=here.link("proposals", state=state, page=str(number + 1)) if len(listed) == PAGE else "",
    )  # fmt: skip


def _words() -> dict[str, Any]:
    return {
        "kinds": {name: translated(text) for name, text in KINDS.items()},
        "marks": {name: translated(text) for name, text in MARKS.items()},
    }


@reviewing.post("/proposals")
def sign() -> Response:
    """Sign in with a token, or out."""
    fields = posted_fields()
    here = urls()
    if fields.get("action") == "sign-out":
        _, session = _reviewer()
        _check_csrf(session, fields)
        _sessions().end(request.cookies.get(COOKIE, ""))
        response = see_other(here.absolute(here.link("proposals")))
        response.delete_cookie(COOKIE, path=here.route("proposals"))
        return response
    check_origin()
    reviewer = _of_token(fields.get("token", "").strip())
    if reviewer is None:
        problem = Sentence("this is no token of a reviewer, or it has ended")
        return private_page("proposals.html", 403, reviewer="", problem=problem)
    response = see_other(here.absolute(here.link("proposals")))
    response.set_cookie(
        COOKIE, _sessions().begin(reviewer.id), max_age=SECONDS, path=here.route("proposals"), httponly=True,
        samesite="Strict", secure=request.is_secure,
    )  # fmt: skip
    return response


def _of_token(token: str) -> Contributor | None:
    """Return the reviewer of a token; attempts with bad ones are counted, as everywhere.

    Raises:
        ProblemError: 429 after many.
    """
    contributors, client = door().contributors, request.remote_addr or ""
    found = contributors.of_token(token)
    if found is not None and found.reviews:
        return found
    if wait := door().failures.wait(client):
        raise too_many(Sentence("too many attempts with a token that is not good"), wait)
    return None


@reviewing.get("/proposals/<name>")
def one(name: str) -> Response:
    """A proposal: before and after, what the shapes say, who else is touched, what has changed since."""
    _, session = _reviewer()
    return _review_page(_proposal(name), session)


def _proposal(name: str) -> KeptProposal:
    found = proposals_of(publication()).get(name)
    if found is None:
        raise ProblemError("not-found", Sentence("there is no proposal %(name)s", name=repr(name[:50])))
    return found


def _review_page(
    proposal: KeptProposal, session: ReviewSession, problem: HamkorError | None = None, words: str | None = None
) -> Response:
    content, here = proposal.content, snapshot()
    checked, unchecked = CheckedProposal(), cast("Said", NO_WORDS)
    gone = stale(here.release, content.thing, content.changes) if content is not None and proposal.is_open else []
    if content is not None and content.changes and proposal.is_open:
        checked, unchecked = _checked(proposal)
    names = content_names()
    beside = touched(here.release.store, content.thing, content.changes, MOST_TOUCHED) if content is not None else []
    said: Said = problem.problem if isinstance(problem, ReleaseError) else Sentence("%(words)s", words=problem)
    remedy: Said = problem.remedy if isinstance(problem, ReleaseError) else NO_WORDS
    return private_page(
        "review.html", 200 if problem is None else 409, proposal=proposal, content=content, csrf=session.csrf,
        state=translated(STATES[proposal.state]), stale=gone, findings=checked.results, unchecked=unchecked,
        thing=names.thing(content.thing) if content is not None else None, **_words(),
        changes=tuple(shown_changes(content.changes, gone)) if content is not None else (),
        touched=[names.thing(each) for each in beside], problem=said if problem is not None else NO_WORDS,
        problem_remedy=remedy, chosen=lambda texts: text_in(texts, languages()),
        words=words if words is not None else content.reason if content is not None else "",
    )  # fmt: skip


def _checked(proposal: KeptProposal) -> tuple[CheckedProposal, Said]:
    """Return what the shapes say of a proposal now, or why they could not be asked."""
    content = proposal.content
    if content is None:
        return CheckedProposal(), NO_WORDS
    what = ProposalCheck(str(publication().root), content.thing, content.changes)
    try:
        client = request.remote_addr or ""
        return works().rehearse("graph.parts.proposals.decisions:check", what, CheckedProposal, client), NO_WORDS
    except HamkorError as problem:
        return CheckedProposal(), Sentence("the shapes could not be asked: %(words)s", words=problem)


@reviewing.post("/proposals/<name>")
def decide(name: str) -> Response:
    """Accept what is chosen of a proposal, as one release, or decline it."""
    reviewer, session = _reviewer()
    fields = posted_fields()
    _check_csrf(session, fields)
    proposal = _proposal(name)
    words = fields.get("words", "").replace("\r\n", "\n").strip()
    numbers = [each for each in request.form.getlist("chosen") if each.isdecimal() and len(each) < 6]
    decision = Decision(reviewer.id, reviewer.name, tuple(sorted({int(each) for each in numbers})), words)
    action = fields.get("action", "")
    if action not in ("accept", "decline"):
        raise ProblemError("bad-request", Sentence("nothing says whether to accept or to decline"))
    what = ProposalAcceptance(str(publication().root), proposal.id, decision)
    try:
        made = works().write(f"graph.parts.proposals.decisions:{action}", what, Decision)
    except HamkorError as problem:  # it goes on waiting; the reviewer reads why, beside what they wrote
        return _review_page(_proposal(name), session, problem, words)
    refresh(made.release)
    return see_other(urls().absolute(urls().link(f"proposals/{proposal.id}")))
