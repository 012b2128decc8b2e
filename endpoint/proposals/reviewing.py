"""``/proposals``: who has signed in with a reviewer's token sees the queue, and accepts or declines."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from types import MappingProxyType
from typing import Any, cast

from flask import Blueprint, Flask, Response, request
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.http.jobs import works
from endpoint.http.languages import N_, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import as_page, see_other
from endpoint.pages.term_names import text_in
from endpoint.pages.thing_page import content_names
from endpoint.proposals.filled_form import shown_changes
from endpoint.proposals.proposing import asked_page, check_origin, not_kept, posted_fields, private_page
from endpoint.proposals.signed_in import (
    SignedInSession,
    begin_session,
    check_csrf,
    end_session,
    install_sessions,
    of_token,
    signed_in,
    whoever_signed_in,
)
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
MOST_TOUCHED = 20
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


DECIDED = MappingProxyType({"accept": "accepted", "decline": "declined"})


@reviewing.record
def _install(setup: BlueprintSetupState) -> None:
    install_sessions(cast("Flask", setup.app))


reviewing.after_request(not_kept)


@reviewing.get("/proposals")
def queue() -> Response:
    """The queue, for who has signed in; for others where to do that."""
    as_page()
    found = signed_in("review")
    if found is None:
        return private_page("proposals.html", reviewer="", problem=NO_WORDS)
    reviewer, session = found
    state = request.args.get("state", "waiting")
    number = asked_page()
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
    fields, here = posted_fields(), urls()
    response = see_other(here.absolute(here.link("proposals")))
    if fields.get("action") == "sign-out":
        _, session = whoever_signed_in("review")
        check_csrf(session, fields)
        end_session(response)
        return response
    check_origin()
    reviewer = of_token(fields.get("token", "").strip(), "review")
    if reviewer is None:
        problem = Sentence("this is no token of a reviewer, or it has ended")
        return private_page("proposals.html", 403, reviewer="", problem=problem)
    begin_session(reviewer)
    return response


@reviewing.get("/proposals/<name>")
def one(name: str) -> Response:
    """A proposal: before and after, what the shapes say, who else is touched, what has changed since."""
    _, session = whoever_signed_in("review")
    return _review_page(_proposal(name), session)


def _proposal(name: str) -> KeptProposal:
    found = proposals_of(publication()).get(name)
    if found is None:
        raise ProblemError("not-found", Sentence("there is no proposal %(name)s", name=repr(name[:50])))
    return found


def _review_page(
    proposal: KeptProposal, session: SignedInSession, problem: HamkorError | None = None, words: str | None = None
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
        quoted=quote(content.thing) if content is not None else "",  # what is copied into a shell stays one word
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
    reviewer, session = whoever_signed_in("review")
    fields = posted_fields()
    check_csrf(session, fields)
    proposal = _proposal(name)
    words = fields.get("words", "").replace("\r\n", "\n").strip()
    numbers = [each for each in request.form.getlist("chosen") if each.isdecimal() and len(each) < 6]
    decision = Decision(reviewer.id, reviewer.name, tuple(sorted({int(each) for each in numbers})), words)
    action = fields.get("action", "")
    if action not in DECIDED:
        raise ProblemError("bad-request", Sentence("nothing says whether to accept or to decline"))
    what = ProposalAcceptance(str(publication().root), proposal.id, decision)
    try:
        made = works().write(f"graph.parts.proposals.decisions:{action}", what, Decision)
    except HamkorError as problem:
        now = _proposal(name)
        by = now.decision.reviewer if now.decision is not None else ""
        if now.state == DECIDED[action] and by == reviewer.id:  # by the first of two clicks
            return see_other(urls().absolute(urls().link(f"proposals/{proposal.id}")))
        # it goes on waiting; the reviewer reads why, beside what they wrote
        return _review_page(now, session, problem, words)
    refresh(made.release)
    return see_other(urls().absolute(urls().link(f"proposals/{proposal.id}")))
