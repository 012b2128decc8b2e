"""``/propose``: a thing as a form, checked by its shapes before it is sent; ``/proposal/~…``: what became of it.

No account and no script is needed, and no third party asked. What programs send is kept away by a field that people do
not see, a time that filling in takes, and limits; nothing of the sender is kept but what they wrote.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import cast

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge

from endpoint.current import EXTENSION, Current, languages, publication, snapshot, urls
from endpoint.http.authorization import BEARER, Rate, door, too_many
from endpoint.http.jobs import works
from endpoint.http.languages import interface
from endpoint.http.problems import ProblemError
from endpoint.http.responses import POLICY as OF_PAGES
from endpoint.http.responses import as_page, see_other
from endpoint.http.semantics import AS_HTML
from endpoint.pages.front import class_called, class_name
from endpoint.pages.term_names import text_in
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.proposals.filled_form import (
    FormFiller,
    FormSubject,
    addable_classes,
    first_rows,
    shown_changes,
    subject_of,
    subject_of_class,
)
from endpoint.proposals.placing import PlaceReader, place_inputs
from endpoint.things.resources import not_found, of_withheld
from graph.catalogue.contents import personal_graphs
from graph.model.errors import NO_WORDS, HamkorError, Said, Sentence
from graph.model.rdf_terms import is_absolute_iri
from graph.model.settings import ProposalSettings
from graph.parts.proposals.new_things import as_new, minted, personal_home
from graph.parts.proposals.proposal_store import (
    CheckedProposal,
    Content,
    Kind,
    ProposalCheck,
    ValueChange,
    proposals_of,
)
from graph.parts.proposals.proposed_rows import links_in, marked
from graph.parts.proposals.shape_form import MOST_ROWS, ROW, ReadForm, label_among, posted_rows
from graph.withholding.withholding import withholding_of

proposing = Blueprint("proposing", __name__)
STATE = "hamkor-proposing"
POLICY = f"script-src 'self'; connect-src 'self'; {OF_PAGES}"
"""What the form may do: add rows and suggest names, with the one script, from this host."""
NOT_SAID = frozenset(("action", "checked", "token"))
"""Fields that say nothing of what is proposed."""
HONEYPOT = "website"
"""A field that people do not see; programs fill it in."""
VALID_SECONDS = 86_400
LONGEST_TEXTS = MappingProxyType({"reason": 5_000, "source": 1_000, "address": 300})
UNKNOWN_CLASS = Sentence("no shape is for things of this class")


@dataclass
class ProposingState:
    """What one application keeps for proposals: how often who sends some, and the key of its tickets."""

    settings: ProposalSettings
    of_one: Rate
    of_all: Rate
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def ticket(self, nonce: str = "") -> str:
        """Return what a form carries: when it was opened, and a word of its own."""
        said = f"{int(time.time())}.{nonce or secrets.token_hex(2)}"
        return f"{said}.{self.signed(said)}"

    def opened(self, ticket: str) -> tuple[float, str] | None:
        """Return how many seconds ago a form was opened, and its word; None for a ticket that is none, or too old."""
        said, _, mac = ticket.rpartition(".")
        when, _, nonce = said.partition(".")
        if not hmac.compare_digest(mac.encode(), self.signed(said).encode()) or not when.isdecimal():
            return None
        seconds = time.time() - int(when)
        return (seconds, nonce) if seconds <= VALID_SECONDS else None

    def secret(self, fields: Mapping[str, str]) -> str:
        """Return the secret of what a form says: the same where it comes twice, as by two clicks."""
        said = msgspec.json.encode(sorted((name, text) for name, text in fields.items() if name not in NOT_SAID))
        return urlsafe_b64encode(hmac.new(self.key, said, sha256).digest()[:24]).decode()

    def signed(self, text: str) -> str:
        """Return what nobody else can make of a text."""
        return hmac.new(self.key, text.encode(), sha256).hexdigest()[:32]


@proposing.record
def _install(setup: BlueprintSetupState) -> None:
    app = cast("Flask", setup.app)
    current: Current = app.extensions[EXTENSION]
    settings = current.publication.settings.proposals
    state = ProposingState(settings, Rate(settings.per_minute), Rate(settings.per_minute_in_all))
    app.extensions[STATE] = state


def proposing_state() -> ProposingState:
    """Return what the application keeps for proposals."""
    return cast("ProposingState", current_app.extensions[STATE])


@proposing.after_request
def not_kept(response: Response) -> Response:
    """No form and no page behind a secret address is kept by anybody, or found by a search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def private_page(template: str, status: int = 200, policy: str = OF_PAGES, **view: object) -> Response:
    """Return a page that nobody may keep."""
    response = Response(render_template(template, **view), status, content_type=AS_HTML.content_type)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    return response


# What a form is about, and who may send one.


def _check_open() -> None:
    if publication().settings.proposals.by == "nobody":
        raise ProblemError("not-found", Sentence("proposals are not taken here"))


def check_origin() -> None:
    """Make sure that a form was sent from a page of this host.

    Raises:
        ProblemError: 403.
    """
    origin = request.headers.get("Origin")
    is_own = origin is None or origin.rstrip("/") == urls().host
    if not is_own or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        remedy = {"remedy": Sentence("open the form here and send it from there")}
        raise ProblemError("refused", Sentence("the form was sent from another site"), remedy)


def posted_fields(most_kb: int = 0) -> Mapping[str, str]:
    """Return the fields that were posted, of which there may be so much and no more.

    Args:
        most_kb: how many KiB; by default, what a proposal may have.

    Raises:
        ProblemError: 413 or 415.
    """
    most = (most_kb or publication().settings.proposals.size_kb) << 10
    request.max_content_length = most
    request.max_form_memory_size = most
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ProblemError("media-type", Sentence("send it as a form: application/x-www-form-urlencoded"))
    try:
        fields = {name: values[0] for name, values in request.form.lists()}
    except RequestEntityTooLarge as problem:
        said = Sentence("this is larger than %(most)s KiB", most=str(most >> 10))
        raise ProblemError("too-large", said, {} if most_kb else {"limit": "proposals.size_kb"}) from problem
    if sum(ROW.fullmatch(name) is not None for name in fields) > MOST_ROWS:  # what came behind them would be lost
        raise ProblemError("too-large", Sentence("the form has more than %(most)s rows", most=str(MOST_ROWS)))
    return fields


def asked_page() -> int:
    """Return which page of a list is asked for, from 1."""
    asked = request.args.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1


def _subject(fields: Mapping[str, str], nonce: str = "") -> FormSubject:
    """Return what a form is about, by ``iri=`` or ``class=``.

    Raises:
        ProblemError: 404, nothing is known of it.
    """
    here, name = snapshot(), fields.get("class", "")
    if name:
        class_iri = class_named(name)
        if not class_iri:
            raise ProblemError("not-found", UNKNOWN_CLASS)
        # what is said of persons is kept apart, so that it can be withheld
        home = personal_home(here.release.store, publication().base, class_iri, personal_graphs(publication()))
        subject = subject_of_class(class_iri, graph=home)
        if not subject.reader.fields:
            raise ProblemError("not-found", UNKNOWN_CLASS)
        if nonce:
            label = label_among(subject.reader.read(posted_rows(fields)).changes)
            return subject_of_class(class_iri, minted(publication().base, class_iri, label, nonce), home)
        return subject
    iri = fields.get("iri", "")
    if not is_absolute_iri(iri):
        raise ProblemError("not-found", Sentence("nothing is known of <%(iri)s>", iri=iri[:200]))
    if here.withholds(iri) or not here.speaks_of(iri):
        raise not_found(iri)
    return subject_of(iri)


def class_named(name: str) -> str:
    """Return the IRI of a class by its name, as ``/class/<name>`` has it, or by its IRI; empty where it is none."""
    found = name if "://" in name else class_called(snapshot(), name)
    return found if is_absolute_iri(found) else ""


@proposing.get("/propose")
def form() -> Response:
    """A thing as a form, filled in with what is stated; or an empty one of a class; or what can be added."""
    _check_open()
    as_page()
    if not (request.args.get("iri") or request.args.get("class")):
        return private_page("adding.html", addable=addable_classes())
    subject = _subject(request.args)
    rows = first_rows(subject, request.args.get("by", ""), request.args.get("to", "")) if subject.class_iri else []
    return _form_page(FormFiller(subject, rows), {})


@dataclass(frozen=True)
class SentForm:
    """A form that was sent.

    Attributes:
        subject: what it is about.
        read: what its rows mean.
        kind: what it is.
        fields: all that was posted.
    """

    subject: FormSubject
    read: ReadForm
    kind: Kind
    fields: Mapping[str, str]

    @property
    def changes(self) -> tuple[ValueChange, ...]:
        """What would become of the thing; nothing with a comment alone."""
        if self.kind == "removal":
            return ()
        subject = self.subject
        if subject.class_iri and self.read.changes:
            return as_new(subject.class_iri, self.read.changes, publication().base, subject.reader.stated.home)
        return self.read.changes

    def text(self, name: str) -> str:
        """Return a field in the reader's own words."""
        return self.fields.get(name, "").replace("\r\n", "\n").strip()

    def digest(self) -> str:
        """Return what stands for the changes."""
        in_order = sorted(self.changes, key=repr)  # rows that a script has added stand elsewhere when they come back
        return sha256(msgspec.json.encode((self.subject.iri, in_order))).hexdigest()


@proposing.post("/propose")
def propose() -> Response:
    """Check what was filled in by the shapes, and show it; or keep it, where that has been shown."""
    _check_open()
    check_origin()
    fields, state = posted_fields(), proposing_state()
    opened = state.opened(fields.get("ticket", ""))
    nonce = opened[1] if opened else secrets.token_hex(2)
    subject = _subject(fields, nonce)
    places = PlaceReader(subject, partial(_minted, nonce))
    read = places.read(fields, subject.reader.read(posted_rows(fields)))
    kind: Kind = "removal" if "removal" in fields else "new" if subject.class_iri else "change"
    sent = SentForm(subject, read, kind if kind == "removal" or read.changes else "comment", fields)
    if fields.get("action") == "find":  # names are looked up, and the form comes back with what they may mean
        said = _Said(NO_WORDS, is_checked=False, nonce=nonce, places=places)
        return _form_page(FormFiller(subject, posted_rows(fields), read), fields, sent, said)
    problem, checked, violations = _problem(sent), CheckedProposal(), _violations_of(sent, state, nonce)
    is_ready = not problem and opened is not None and not read.unread and not read.lost
    if fields.get("action") == "send" and is_ready and violations is not None:
        return _kept(sent, violations, opened[0] if opened else 0.0)
    if not problem and not read.unread and sent.changes:
        _count_check(state)
        checked = _checked(sent)
    filler = FormFiller(subject, posted_rows(fields), read, checked)
    return _form_page(filler, fields, sent, _Said(problem, not problem and not read.unread, nonce, places))


def _minted(nonce: str, class_iri: str, label: str) -> str:
    return minted(publication().base, class_iri, label, nonce)


def _problem(sent: SentForm) -> Said:
    """Return what is wrong with the whole form, or nothing."""
    says_something = sent.changes or sent.read.unread or sent.kind == "removal"
    is_nameless = sent.subject.class_iri and sent.kind == "comment" and not sent.read.unread
    most_links = publication().settings.proposals.links
    problems = (
        (sent.fields.get(HONEYPOT), Sentence("leave the field empty that is to stay empty")),
        (sent.read.lost, Sentence("a value has changed since you opened the form; look at it again")),
        (not says_something and not sent.text("reason"), Sentence("nothing is changed, and nothing said")),
        (is_nameless, Sentence("fill in at least a name")),
        (
            links_in(sent.text("reason"), sent.text("source")) > most_links,
            Sentence("there are more than %(most)s web addresses in it", most=str(most_links)),
        ),
        *(
            (len(sent.text(name)) > most, Sentence("a text is longer than %(most)s characters", most=str(most)))
            for name, most in LONGEST_TEXTS.items()
        ),
    )
    found = next((problem for is_so, problem in problems if is_so), None)
    return found or _problem_of_token(sent)


def _problem_of_token(sent: SentForm) -> Said:
    """Return what is wrong with the token, where one is needed."""
    if publication().settings.proposals.by == "everybody":
        return NO_WORDS
    bearer = BEARER.match(request.headers.get("Authorization", ""))
    token = sent.fields.get("token", "").strip() or (bearer[1] if bearer else "")
    client = request.remote_addr or ""
    if wait := door().failures.wait(client, take=False):
        raise too_many(Sentence("too many attempts with a token that is not good"), wait)
    if door().contributors.of_token(token) is None:
        door().failures.wait(client)
        return Sentence("a token of the publisher's is needed to propose something here")
    return NO_WORDS


def _count_check(state: ProposingState) -> None:
    """Count that shapes are asked: anybody may, and it costs a process."""
    if wait := state.of_one.wait(f"check {request.remote_addr or ''}"):
        raise too_many(Sentence("too many proposals from your address"), wait)


def _checked(sent: SentForm) -> CheckedProposal:
    what = ProposalCheck(str(publication().root), sent.subject.iri, sent.changes)
    client = request.remote_addr or ""
    return works().rehearse("graph.parts.proposals.decisions:check", what, CheckedProposal, client)


def _violations_of(sent: SentForm, state: ProposingState, nonce: str) -> int | None:
    """Return how many violations the shapes have found in just this, as the form says; None where nobody has looked."""
    if not sent.changes:
        return 0
    number, _, mac = sent.fields.get("checked", "").partition(".")
    wanted = state.signed(f"{nonce} {sent.digest()} {number}")
    return int(number) if number.isdecimal() and hmac.compare_digest(mac.encode(), wanted.encode()) else None


def _kept(sent: SentForm, violations: int, seconds: float) -> Response:
    """Keep a proposal; its author is sent to its secret address."""
    settings, state = publication().settings.proposals, proposing_state()
    if seconds < settings.seconds:
        raise too_many(Sentence("that was fast: wait a moment and send it again"), settings.seconds - seconds)
    for rate, key in ((state.of_one, request.remote_addr or ""), (state.of_all, "")):
        if wait := rate.wait(key):
            raise too_many(Sentence("too many proposals are being sent"), wait)
    here, subject = snapshot(), sent.subject
    # the list is read anew: the form may have been opened before the thing was withheld
    if withholding_of(publication()).suppression.lists(subject.iri):
        raise of_withheld()
    label = label_among(sent.changes) if subject.class_iri else content_names().thing(subject.iri).text
    content = Content(
        sent.kind, subject.iri, label, sent.changes, sent.text("reason"), sent.text("source"), interface(),
        here.release.id, violations=violations,
    )  # fmt: skip
    store = proposals_of(publication())
    content = marked(publication(), here.release.store, content)
    _, secret = store.add(
        content, sent.text("address"), most=settings.most_waiting, keep_days=settings.keep_days,
        secret=state.secret(sent.fields),
    )  # fmt: skip
    return see_other(urls().absolute(urls().link(f"proposal/~{secret}")))


@dataclass(frozen=True)
class _Said:
    """What is said above a form that came back."""

    problem: Said
    is_checked: bool
    nonce: str
    places: PlaceReader


def _form_page(
    filler: FormFiller, fields: Mapping[str, str], sent: SentForm | None = None, said: _Said | None = None
) -> Response:
    subject, state = filler.subject, proposing_state()
    names, terms = content_names(), interface_names()
    nonce = said.nonce if said is not None else ""
    is_open = state.opened(fields.get("ticket", "")) is not None
    number, shown, checked = filler.checked.violations, False, ""
    if sent is not None and said is not None and said.is_checked:
        shown, checked = True, f"{number}.{state.signed(f'{nonce} {sent.digest()} {number}')}"
    return private_page(
        "propose.html", 200 if said is None or not said.problem else 422, POLICY,
        subject=subject, title=names.thing(subject.iri) if not subject.class_iri else None,
        kinds=[terms.thing(each) for each in ((subject.class_iri,) if subject.class_iri else subject.classes[:3])],
        class_key=class_name(snapshot(), subject.class_iri) if subject.class_iri else "",
        parts=filler.parts(), rest=filler.rest(), findings=filler.other_findings(),
        changes=tuple(shown_changes(sent.changes)) if sent is not None and shown else (), can_send=shown,
        ticket=fields["ticket"] if is_open else state.ticket(nonce), checked=checked, notice=said, fields=fields,
        sent=sent, places=place_inputs(subject, fields, said.places if said is not None else None),
        chosen=lambda texts: text_in(texts, languages()), settings=state.settings, honeypot=HONEYPOT, violations=number,
    )  # fmt: skip


# What became of a proposal, for whoever knows its secret address.


@proposing.get("/proposal/~<secret>")
def outcome(secret: str) -> Response:
    """What became of a proposal."""
    found = proposals_of(publication()).of_secret(secret)
    if found is None:
        raise ProblemError("not-found", Sentence("no proposal has this address"))
    content = found.content
    changes = tuple(shown_changes(content.changes)) if content is not None else ()
    address = urls().absolute(urls().link(f"proposal/~{secret}"))
    thing = content_names().thing(content.thing) if content is not None else None
    return private_page("proposal.html", proposal=found, changes=changes, address=address, thing=thing)


@proposing.post("/proposal/~<secret>")
def take_back(secret: str) -> Response:
    """Take a proposal back; nothing is kept of what it said."""
    check_origin()
    try:
        proposals_of(publication()).withdraw(secret)
    except HamkorError:
        if proposals_of(publication()).of_secret(secret) is None:
            raise ProblemError("not-found", Sentence("no proposal has this address")) from None
        raise
    return see_other(urls().absolute(urls().link(f"proposal/~{secret}")))
