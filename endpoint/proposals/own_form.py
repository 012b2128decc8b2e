"""``/my-data/thing``: a thing of one's own graph as a form, or a new one; ``/my-data/delete``: a thing, or all, goes.

What is saved is an edit of the graph that holds only as long as nobody has changed what the form was about (If-Match):
who comes second sees what it has become, with what they have written beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import sha256
from secrets import token_hex

import pyoxigraph as ox
from flask import Blueprint, Response, request

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.http.authorization import door
from endpoint.http.jobs import works
from endpoint.http.problems import Problem, ProblemError, problem_of
from endpoint.http.responses import as_page, see_other
from endpoint.pages.term_names import text_in
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.proposals.filled_form import (
    FormFiller,
    FormLeads,
    FormSubject,
    first_rows,
    lexical_forms,
    shown_changes,
    subject_of,
    subject_of_class,
)
from endpoint.proposals.own_data import (
    DELETION,
    GRAPH,
    MOST_KB,
    PLACE,
    THING,
    graph_name,
    own_graph,
    saved_release,
    sign_in_page,
)
from endpoint.proposals.placing import PlaceReader, given_places, place_inputs
from endpoint.proposals.proposing import (
    POLICY,
    UNKNOWN_CLASS,
    check_origin,
    class_named,
    not_kept,
    posted_fields,
    private_page,
)
from endpoint.proposals.signed_in import (
    SignedInSession,
    begin_session,
    check_csrf,
    of_token,
    signed_in,
    whoever_signed_in,
)
from endpoint.things.resources import not_found
from graph.model.contributors import Contributor
from graph.model.errors import NO_WORDS, HamkorError, PreconditionError, Said, Sentence
from graph.model.rdf_terms import is_absolute_iri
from graph.parts.contribution.contributed_document import Contribution, LineEdit, Outcome
from graph.parts.proposals.graph_things import changes_by_thing, lines_about, state_of
from graph.parts.proposals.new_things import as_new, minted, own_space
from graph.parts.proposals.proposal_store import CheckedProposal, ValueChange
from graph.parts.proposals.proposed_rows import rows_of, touched
from graph.parts.proposals.shape_form import PostedRow, ReadForm, label_among, posted_rows
from graph.releases.history import DifferencePart
from graph.releases.manifest import GraphEntry

own_form = Blueprint("own_form", __name__)
own_form.after_request(not_kept)
EDIT = "graph.parts.contribution.graph_editing:edit"
ATTEMPTS, MOST_NAMED_ALIKE, MOST_TOUCHED, LONGEST_WORD = 3, 100, 20, 50
CHANGED = Sentence("it has changed meanwhile: this is how it is now, with what you have written; look, and save again")
DELETED = Sentence("it was taken out meanwhile; what you have written is kept here, and is added anew if you save it")
AGAIN = Sentence("you are signed in again; look, and save what you have written")


@dataclass(frozen=True)
class OwnThing:
    """What a form is about.

    Attributes:
        graph: the graph.
        entry: its entry in the release; None while it is not there.
        subject: the thing, or a new one.
        lines: what the graph says of it.
        word: what the form is known by, if it comes twice.
    """

    graph: str
    entry: GraphEntry | None
    subject: FormSubject
    lines: frozenset[bytes] = frozenset()
    word: str = ""

    @property
    def state(self) -> str:
        """What stands for what the graph says of it; empty for a new one."""
        return state_of(self.lines) if self.lines else ""

    @property
    def expected(self) -> dict[str, str | None]:
        """What the graph must be when it is written."""
        return {self.graph: self.entry.digest if self.entry is not None else None}


def _lines_of(graph: str, iri: str) -> frozenset[bytes]:
    return lines_about(snapshot().release.store, lexical_forms(), publication().base, graph, iri)


def _own_thing(contributor: Contributor, fields: Mapping[str, str]) -> OwnThing:
    """Return what a form is about, by ``graph=`` and ``iri=`` or ``class=``; what is gone is as a new one of its class.

    Raises:
        ProblemError: 403 for a graph of others, 404 where nothing is known of it there.
    """
    graph, iri = fields.get("graph", ""), fields.get("iri", "")
    entry, word = own_graph(contributor, graph), fields.get("word", "")[:LONGEST_WORD] or token_hex(8)
    if iri:
        if not is_absolute_iri(iri):
            raise ProblemError("not-found", Sentence("nothing is known of <%(iri)s>", iri=iri[:200]))
        if snapshot().withholds(iri):
            raise not_found(iri)
        if lines := _lines_of(graph, iri) if entry is not None else frozenset():
            return OwnThing(graph, entry, subject_of(iri, graph), lines, word)
        if not fields.get("kind"):
            raise ProblemError("not-found", Sentence("this graph says nothing of <%(iri)s>", iri=iri[:200]))
    class_iri = class_named(fields.get("class", "") or fields.get("kind", ""))
    if not class_iri:
        raise ProblemError("not-found", UNKNOWN_CLASS)
    subject = subject_of_class(class_iri, iri, graph)
    if not subject.reader.fields:
        raise ProblemError("not-found", UNKNOWN_CLASS)
    return OwnThing(graph, entry, subject, word=word)


def _leads(graph: str) -> FormLeads:
    """Return where a form leads to others: in the same graph to their forms here, and else to a proposal."""
    here, store = urls(), snapshot().release.store

    def correcting(iri: str) -> str:
        if next(store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.NamedNode(graph)), None) is not None:
            return here.link(THING, graph=graph, iri=iri)
        is_open = publication().settings.proposals.by != "nobody"
        return here.link("propose", iri=iri) if is_open else here.page(iri)

    return FormLeads(correcting, lambda given: here.link(THING, graph=graph, **given))


@own_form.get(f"/{THING}")
def thing() -> Response:
    """A thing of one's own graph as a form, or an empty one for a new thing of a class."""
    as_page()
    found = signed_in("write")
    if found is None:
        return sign_in_page()
    own = _own_thing(found[0], request.args)
    args = request.args
    rows = first_rows(own.subject, args.get("by", ""), args.get("to", "")) if own.subject.class_iri else []
    return _form_page(
        own,
        found[1],
        FormFiller(own.subject, rows, leads=_leads(own.graph), places=place_inputs(own.subject, {}, None)),
    )


@dataclass(frozen=True)
class OwnFormSent:
    """A form that was sent: what it is about, what its rows and new places mean, by whom it was sent, and all of it."""

    own: OwnThing
    read: ReadForm
    rows: Sequence[PostedRow]
    contributor: Contributor
    places: PlaceReader
    fields: Mapping[str, str]

    @cached_property
    def iri(self) -> str:
        """The thing; of a new one, the name that it is to have."""
        own = self.own
        return own.subject.iri or _new_name(own, own.subject.class_iri, label_among(self.read.changes))

    @property
    def changes(self) -> tuple[ValueChange, ...]:
        """What becomes of the thing."""
        subject = self.own.subject
        if subject.class_iri and self.read.changes:
            return as_new(subject.class_iri, self.read.changes, publication().base, self.own.graph)
        return self.read.changes

    @property
    def digest(self) -> str:
        """What stands for all that is filled in."""
        rows = [
            (each.key, each.predicate, each.text, each.language or "") for each in self.rows if each.key or each.text
        ]
        return sha256(repr((rows, given_places(self.fields))).encode()).hexdigest()

    def edit(self, *, is_tried: bool) -> LineEdit:
        """Return the edit that it means."""
        rows = rows_of(self.iri, self.changes)
        return LineEdit(
            str(publication().root), self.own.graph, tuple(each.line.decode() for each in rows if each.is_added),
            tuple(each.line.decode() for each in rows if not each.is_added), self.contributor, self.own.expected,
            self.iri, is_tried,
        )  # fmt: skip


def _new_name(own: OwnThing, class_iri: str, label: str) -> str:
    """Return the name of a new thing, in the space of whose graph it is, that nothing else bears."""
    here, base = snapshot(), publication().base
    nonces = ["" if label else token_hex(2), *(str(each) for each in range(2, MOST_NAMED_ALIKE)), token_hex(4)]
    names = (minted(base, class_iri, label, each, own_space(base, own.graph)) for each in nonces)
    return next(each for each in names if not here.speaks_of(each) and not here.withholds(each))


@own_form.post(f"/{THING}")
def save() -> Response:
    """Check or save a form; where it cannot be saved it comes back with all that was written, and says why."""
    fields = posted_fields(MOST_KB)
    found = signed_in("write")
    if found is None:
        return _signed_in_again(fields)
    contributor, session = found
    check_csrf(session, fields)
    refresh()
    sent = _sent(contributor, fields)
    if (early := _out_of_date(sent, session)) is not None:
        return early
    problem = _problem(sent)
    if problem or fields.get("action") == "find":
        said = Problem("not-conforming", problem) if fields.get("action") != "find" else None
        return _form_page(sent.own, session, _filler(sent), said)
    try:
        return _saved(sent, session) if fields.get("action") == "save" else _tried(sent, session)
    except PreconditionError:
        refresh()
        return _conflict(_sent(contributor, fields), session)
    except HamkorError as fault:  # it is said above what was written, which must not be lost
        return _form_page(sent.own, session, _filler(sent), problem_of(fault))


def _out_of_date(sent: OwnFormSent, session: SignedInSession) -> Response | None:
    """Return what becomes of a form that is about what is not so any more; None for one that can be saved."""
    saved, digest = session.saved.get(sent.own.word, ("", ""))
    is_old = _has_changed(sent.own, sent.fields)
    # sent twice, or once more from the page before: it is saved already, as long as nobody has taken that back
    if digest == sent.digest and (is_old or not sent.own.subject.iri) and _lines_of(sent.own.graph, saved):
        return _leading_to(sent.own.graph, saved)
    return _conflict(sent, session) if is_old else None


def _is_done(edit: LineEdit) -> bool:
    """Whether a graph says what an edit would make of it: the same form was sent twice at once."""
    subjects = {each.split(" ", 1)[0][1:-1] for each in (*edit.added, *edit.removed)}
    held = frozenset[bytes]().union(*(_lines_of(edit.graph, each) for each in subjects))
    return held.issuperset(each.encode() for each in edit.added) and held.isdisjoint(
        each.encode() for each in edit.removed
    )


def _leading_to(graph: str, iri: str, release: str = "") -> Response:
    """Lead to the form of a thing that was saved; where that was just now, it says so."""
    here = urls()
    return see_other(here.absolute(here.link(THING, graph=graph, iri=iri, saved=release)))


def _sent(contributor: Contributor, fields: Mapping[str, str]) -> OwnFormSent:
    own, rows = _own_thing(contributor, fields), posted_rows(fields)
    if own.subject.class_iri:  # nothing is stated of it yet, or any more: every row is one that comes
        rows = [_without_key(own.subject, each) for each in rows]
    places = PlaceReader(own.subject, partial(_new_name, own))
    read = places.read(fields, own.subject.reader.read(rows))
    return OwnFormSent(own, read, rows, contributor, places, fields)


def _without_key(subject: FormSubject, row: PostedRow) -> PostedRow:
    if not row.key:
        return row
    predicate = next((each.path for each in subject.reader.fields if row.was_of(each.path)), "")
    return PostedRow(row.number, row.text if predicate else "", "", predicate, row.language)


def _has_changed(own: OwnThing, fields: Mapping[str, str]) -> bool:
    """Whether the graph says something else of the thing than it did when the form was opened."""
    return fields.get("state", "") != own.state


def _conflict(sent: OwnFormSent, session: SignedInSession) -> Response:
    said = DELETED if sent.fields.get("iri") and not sent.own.lines else CHANGED
    return _form_page(sent.own, session, _filler(sent), Problem("precondition-failed", said))


def _problem(sent: OwnFormSent) -> Said:
    problems = (
        (sent.read.lost, CHANGED),
        (sent.read.unread, Sentence("something cannot be read; it is said beside it")),
        (sent.own.subject.class_iri and not sent.read.changes, Sentence("fill in at least a name")),
        (not sent.read.changes, Sentence("nothing is changed")),
    )
    return next((problem for is_so, problem in problems if is_so), NO_WORDS)


def _filler(sent: OwnFormSent) -> FormFiller:
    places = place_inputs(sent.own.subject, sent.fields, sent.places)
    return FormFiller(sent.own.subject, sent.rows, sent.read, leads=_leads(sent.own.graph), places=places)


def _found(sent: OwnFormSent, iri: str, outcome: Outcome) -> FormFiller:
    """Return the form with what the shapes find beside its fields; a new thing has a name for them by then."""
    subject = sent.own.subject
    named = replace(subject, reader=replace(subject.reader, stated=replace(subject.reader.stated, iri=iri)))
    checked = CheckedProposal(outcome.report.shown, outcome.report.violations)
    places = place_inputs(subject, sent.fields, sent.places)
    return FormFiller(named, sent.rows, sent.read, checked, _leads(sent.own.graph), places)


def _tried(sent: OwnFormSent, session: SignedInSession) -> Response:
    edit = sent.edit(is_tried=True)
    outcome = works().rehearse(EDIT, edit, Outcome, request.remote_addr or "")
    return _form_page(sent.own, session, _found(sent, edit.about, outcome), changes=sent.changes)


def _saved(sent: OwnFormSent, session: SignedInSession) -> Response:
    """Publish; where somebody else has changed another thing of the graph in this moment, once more.

    Raises:
        PreconditionError: the thing itself has changed.
        HamkorError: as the work.
    """
    door().count(sent.contributor)
    edit = sent.edit(is_tried=False)
    for attempt in range(ATTEMPTS):
        try:
            outcome = works().write(EDIT, edit, Outcome)
            break
        except PreconditionError:
            refresh()
            if _is_done(edit):
                return _leading_to(sent.own.graph, edit.about, snapshot().release.id)
            now = _lines_of(sent.own.graph, edit.about)
            if now != sent.own.lines or attempt == ATTEMPTS - 1:
                raise
            entry = snapshot().graphs.get(sent.own.graph)
            edit = _expecting(edit, entry.digest if entry is not None else None)
    if not outcome.report.conforms:
        filler = _found(sent, edit.about, outcome)
        return _form_page(sent.own, session, filler, Problem("not-conforming", REFUSED))
    refresh(outcome.release)
    session.saved[sent.own.word] = edit.about, sent.digest
    return _leading_to(sent.own.graph, edit.about, outcome.release)


REFUSED = Sentence("it is not saved: the rules of the data find faults; they stand beside their fields")


def _expecting(edit: LineEdit, digest: str | None) -> LineEdit:
    return LineEdit(edit.root, edit.graph, edit.added, edit.removed, edit.contributor, {edit.graph: digest}, edit.about)


def _signed_in_again(fields: Mapping[str, str]) -> Response:
    """Let somebody sign in whose session has ended while they were writing: nothing of it is lost, or saved unseen."""
    check_origin()
    token = fields.get("token", "").strip()
    carried = {name: value for name, value in fields.items() if name not in ("token", "csrf", "action")}
    contributor = of_token(token, "write") if token else None
    if contributor is None:
        problem = Sentence("this is no token that may write a graph, or it has ended") if token else NO_WORDS
        return sign_in_page(problem, carried)
    sent, session = _sent(contributor, fields), begin_session(contributor)
    if _has_changed(sent.own, fields):
        return _conflict(sent, session)
    return _form_page(sent.own, session, _filler(sent), Problem("unauthorized", AGAIN))


def _form_page(
    own: OwnThing,
    session: SignedInSession,
    filler: FormFiller,
    problem: Problem | None = None,
    changes: Sequence[ValueChange] = (),
) -> Response:
    subject, names, terms = own.subject, content_names(), interface_names()
    is_new = bool(subject.class_iri)
    return private_page(
        "own_thing.html", problem.status if problem is not None else 200, POLICY,
        own=own, subject=subject, title=None if is_new else names.thing(subject.iri), csrf=session.csrf,
        kinds=[terms.thing(each) for each in ((subject.class_iri,) if is_new else subject.classes[:3])],
        graph=graph_name(own.graph), parts=filler.parts(), rest=filler.rest(), findings=filler.other_findings(),
        changes=tuple(shown_changes(changes, fields=subject.reader.fields)), notice=problem,
        violations=filler.checked.violations,
        fields={}, saved=saved_release(), places=filler.places,
        kind=subject.class_iri or (subject.classes[0] if subject.classes else ""),
        chosen=lambda texts: text_in(texts, languages()),
    )  # fmt: skip


# A thing, or a whole graph, goes.


@own_form.get(f"/{DELETION}")
def deletion() -> Response:
    """What goes with a thing of one's own graph, or with the graph, and what refers to it."""
    as_page()
    found = signed_in("write")
    if found is None:
        return sign_in_page()
    contributor, session = found
    if not request.args.get("iri"):
        entry = own_graph(contributor, graph := request.args.get("graph", ""))
        if entry is None:
            raise ProblemError("not-found", Sentence("there is no graph <%(graph)s>", graph=graph))
        return _deletion_page(OwnThing(graph, entry, subject_of(graph, graph)), session, is_graph=True)
    return _deletion_page(
        _own_thing(contributor, {"graph": request.args.get("graph", ""), "iri": request.args["iri"]}), session
    )


def _deletion_page(
    own: OwnThing,
    session: SignedInSession,
    problem: Problem | None = None,
    checked: CheckedProposal | None = None,
    *,
    is_graph: bool = False,
) -> Response:
    names, here, store = content_names(), urls(), snapshot().release.store
    gone = [DifferencePart(own.graph, added=False, lines=tuple(sorted(own.lines)))]
    things, _ = changes_by_thing(gone)
    referring = [] if is_graph else touched(store, own.subject.iri, (), MOST_TOUCHED)
    leads = _leads(own.graph)
    return private_page(
        "own_deletion.html", problem.status if problem is not None else 200, own=own, is_graph=is_graph,
        graph=graph_name(own.graph), title=names.thing(own.graph if is_graph else own.subject.iri), csrf=session.csrf,
        changes=[each for one in things for each in shown_changes(one.changes, fields=own.subject.reader.fields)],
        problem=problem,
        referring=[(names.thing(each), leads.correcting(each)) for each in referring],
        state=own.entry.digest if is_graph and own.entry is not None else own.state,
        back=here.link(GRAPH, graph=own.graph) if is_graph else here.link(THING, graph=own.graph, iri=own.subject.iri),
        findings=checked.results if checked is not None else (), chosen=lambda texts: text_in(texts, languages()),
    )  # fmt: skip


@own_form.post(f"/{DELETION}")
def delete() -> Response:
    """Take a thing out of one's own graph, or the graph away, as it was seen."""
    fields = posted_fields(MOST_KB)
    contributor, session = whoever_signed_in("write")
    check_csrf(session, fields)
    refresh()
    graph = fields.get("graph", "")
    if is_graph := not fields.get("iri"):
        own = OwnThing(graph, own_graph(contributor, graph), subject_of(graph, graph))
        seen = own.entry.digest if own.entry is not None else ""
    else:
        own = _own_thing(contributor, {"graph": graph, "iri": fields["iri"]})
        seen = own.state
    try:
        if fields.get("state", "") != seen:
            raise PreconditionError(graph, fields.get("state", ""), seen)
        door().count(contributor)
        outcome = _taken_out(own, contributor, is_graph=is_graph)
    except HamkorError as problem:
        return _deletion_page(own, session, problem_of(problem), is_graph=is_graph)
    if not outcome.report.conforms:
        checked = CheckedProposal(outcome.report.shown, outcome.report.violations)
        return _deletion_page(own, session, Problem("not-conforming", STILL_NEEDED), checked, is_graph=is_graph)
    refresh(outcome.release)
    here = urls()
    place = here.link(PLACE) if is_graph else here.link(GRAPH, graph=graph, saved=outcome.release)
    return see_other(here.absolute(place))


STILL_NEEDED = Sentence("it is not taken out: without it, the rules of the data find faults")


def _taken_out(own: OwnThing, contributor: Contributor, *, is_graph: bool) -> Outcome:
    root = str(publication().root)
    if is_graph:
        whole = Contribution(root, "delete", own.graph, (), "", "page", contributor, own.expected)
        return works().write("graph.parts.contribution.work:contribute", whole, Outcome)
    lines = tuple(each.decode() for each in sorted(own.lines))
    return works().write(EDIT, LineEdit(root, own.graph, (), lines, contributor, own.expected), Outcome)
