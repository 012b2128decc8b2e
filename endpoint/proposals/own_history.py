"""``/my-data/history``: the releases in which one's own graph has changed, what changed, and the way back to each.

To go back is to publish an earlier state of the graph again, as a new release; no release is taken away by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from endpoint.current import languages, past, publication, refresh, snapshot, urls
from endpoint.http.authorization import door
from endpoint.http.jobs import works
from endpoint.http.problems import Problem, ProblemError, problem_of
from endpoint.http.responses import as_page, see_other
from endpoint.pages.term_names import Shown, text_in
from endpoint.pages.thing_page import content_names
from endpoint.proposals.filled_form import ShownChange, shown_changes
from endpoint.proposals.own_data import GRAPH, HISTORY, MOST_KB, graph_name, own_graph, sign_in_page
from endpoint.proposals.proposing import asked_page, not_kept, posted_fields, private_page
from endpoint.proposals.signed_in import SignedInSession, check_csrf, signed_in, whoever_signed_in
from graph.model.errors import HamkorError, PreconditionError, ReleaseError, Sentence
from graph.parts.contribution.contributed_document import EarlierState, Outcome
from graph.parts.proposals.graph_things import changes_by_thing
from graph.parts.proposals.proposal_store import CheckedProposal
from graph.releases.history import DifferencePart, difference
from graph.releases.manifest import GraphEntry, Manifest

own_history = Blueprint("own_history", __name__)
own_history.after_request(not_kept)
PAGE, MOST_SHOWN = 50, 200


@dataclass(frozen=True, slots=True)
class PastState:
    """What a graph was from one release on, until the next one in this list.

    Attributes:
        release: the manifest of the first release that has it so.
        entry: the graph's entry in it; None where it is not in it, or not any more.
    """

    release: Manifest
    entry: GraphEntry | None

    @property
    def digest(self) -> str | None:
        """What stands for the state; None where there was no such graph."""
        return self.entry.digest if self.entry is not None else None


def states_of(graph: str) -> list[PastState]:
    """Return the states of a graph, newest first, each with the release that made it; of those that are still there."""
    found = list[PastState]()
    for manifest in past().history().manifests:
        entry = next((each for each in manifest.graphs if each.iri == graph), None)
        digest = entry.digest if entry is not None else None
        if (found[-1].digest if found else None) != digest or not found:
            found.append(PastState(manifest, entry))
    return found[::-1]


def _changed(graph: str, old: str, new: str) -> tuple[list[tuple[Shown, list[ShownChange]]], int]:
    """Return what differs in a graph between two releases, thing by thing, and how many lines are left out."""
    try:
        before, after = (past().snapshot(each).release for each in (old, new))
    except ReleaseError as problem:
        raise _gone() from problem
    has = [any(each.iri == graph for each in one.manifest.graphs) for one in (before, after)]
    parts: list[DifferencePart] = list(difference(before, after, [graph])) if any(has) else []
    things, more = changes_by_thing(parts, MOST_SHOWN)
    names = content_names()
    return [(names.thing(each.iri), list(shown_changes(each.changes))) for each in things], more


def _gone() -> ProblemError:
    return ProblemError("not-found", Sentence("this graph had no such state, or it is not kept any more"))


@own_history.get(f"/{HISTORY}")
def history() -> Response:
    """The states of a graph; or one of them, with what going back to it would change."""
    as_page()
    found = signed_in("write")
    if found is None:
        return sign_in_page()
    contributor, session = found
    graph, name, here = request.args.get("graph", ""), request.args.get("release", ""), urls()
    own_graph(contributor, graph)
    states = states_of(graph)
    if name:
        return _state_page(graph, name, session)
    number = asked_page()
    start = (number - 1) * PAGE
    rows = [
        (each, here.link(HISTORY, graph=graph, release=each.release.id), start + place == 0)
        for place, each in enumerate(states[start : start + PAGE])
    ]
    return private_page(
        "own_history.html", graph=graph_name(graph), iri=graph, rows=rows,
        undo=here.link(HISTORY, graph=graph, release=states[1].release.id) if len(states) > 1 else "",
        before=here.link(HISTORY, graph=graph, page=str(number - 1)) if number > 1 else "",
        after=here.link(HISTORY, graph=graph, page=str(number + 1)) if start + PAGE < len(states) else "",
    )  # fmt: skip


def _state_page(
    graph: str,
    name: str,
    session: SignedInSession,
    problem: Problem | None = None,
    checked: CheckedProposal | None = None,
) -> Response:
    states = states_of(graph)
    place = next((place for place, each in enumerate(states) if each.release.id == name), None)
    if place is None:
        raise _gone()
    state, current = states[place], snapshot()
    entry = current.graphs.get(graph)
    digest = entry.digest if entry is not None else None
    is_now = state.digest == digest
    made = _changed(graph, states[place + 1].release.id, name) if place + 1 < len(states) else ([], 0)
    back = _changed(graph, current.release.id, name) if not is_now else ([], 0)
    return private_page(
        "own_state.html", problem.status if problem is not None else 200, graph=graph_name(graph), iri=graph,
        state=state, is_first=place + 1 == len(states), made=made, back=back, is_now=is_now, csrf=session.csrf,
        seen=digest or "", problem=problem, findings=checked.results if checked is not None else (),
        chosen=lambda texts: text_in(texts, languages()),
    )  # fmt: skip


@own_history.post(f"/{HISTORY}")
def go_back() -> Response:
    """Publish an earlier state of a graph again, as long as the graph is what was seen."""
    fields = posted_fields(MOST_KB)
    contributor, session = whoever_signed_in("write")
    check_csrf(session, fields)
    refresh()
    graph, name = fields.get("graph", ""), fields.get("release", "")
    entry = own_graph(contributor, graph)
    if all(each.release.id != name for each in states_of(graph)):
        raise _gone()
    seen, digest = fields.get("state", ""), entry.digest if entry is not None else None
    try:
        if seen != (digest or ""):
            raise PreconditionError(graph, seen, digest)
        door().count(contributor)
        state = EarlierState(str(publication().root), graph, name, contributor, {graph: digest})
        outcome = works().write("graph.parts.contribution.graph_editing:restore", state, Outcome)
    except HamkorError as problem:
        refresh()
        return _state_page(graph, name, session, problem_of(problem))
    if not outcome.report.conforms:
        checked = CheckedProposal(outcome.report.shown, outcome.report.violations)
        return _state_page(graph, name, session, Problem("not-conforming", NOT_BACK), checked)
    refresh(outcome.release)
    here = urls()
    return see_other(here.absolute(here.link(GRAPH, graph=graph, saved=outcome.release)))


NOT_BACK = Sentence("it is not brought back: the rules of the data, as they are now, find faults in it")
