"""``/upload``: a spreadsheet of somebody who knows no RDF, looked at column by column, then published or proposed.

A file is sent once and kept for an hour behind a secret address. What its columns mean and what was answered stands in
the form; no script is needed, and nothing is published that has not been shown.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import dump_options_header, parse_options_header

from endpoint.current import EXTENSION, Current, languages, publication, snapshot, urls
from endpoint.graphs.graph_writing import MULTIPART, multipart, received
from endpoint.http.authorization import door, too_many
from endpoint.http.jobs import works
from endpoint.http.languages import interface, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import as_page, see_other
from endpoint.http.semantics import AS_CSV, AS_JSON_LD, AS_TURTLE
from endpoint.pages.front import class_name
from endpoint.pages.term_names import Shown, text_in
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.proposals.filled_form import ShownChange, offered, shown_changes
from endpoint.proposals.proposing import HONEYPOT, check_origin, not_kept, private_page, proposing_state
from endpoint.proposals.signed_in import check_csrf, install_sessions, signed_in
from endpoint.spreadsheets.kept_uploads import MOST_BYTES, KeptUpload, UploadShelf
from endpoint.things.starting_files import templates
from graph.catalogue.contents import personal_graphs
from graph.model.contributors import Contributor, may_write
from graph.model.description import PERSON, kinds_of
from graph.model.errors import NO_WORDS, HamkorError, Said, Sentence, SourceError, unpacked
from graph.model.rdf_terms import unfit_name
from graph.parts.proposals.new_things import personal_home
from graph.parts.proposals.proposed_rows import links_in
from graph.parts.proposals.shape_form import term_of
from graph.parts.spreadsheets.import_files import SUFFIXES, import_files
from graph.parts.spreadsheets.import_memory import memory_of
from graph.parts.spreadsheets.import_preview import (
    ImportFinding,
    ImportOutcome,
    ImportPreview,
    ImportRequest,
    ImportRow,
)
from graph.parts.spreadsheets.import_writing import ImportProposal, ProposedImport

uploading = Blueprint("uploading", __name__)
STATE = "hamkor-uploading"
MOST_FIELD_BYTES, MOST_FIELDS = 1 << 20, 2_000
ROWS_SHOWN, FINDINGS_SHOWN, LEFT_OUT_SHOWN, VALUES_SHOWN = 50, 200, 100, 12
LONGEST_REASON = 5_000
WORK = "graph.parts.spreadsheets.import_writing"
DOWNLOADS = {"turtle": AS_TURTLE, "jsonld": AS_JSON_LD, "csv": AS_CSV}


@uploading.record
def _install(setup: BlueprintSetupState) -> None:
    app = cast("Flask", setup.app)
    current: Current = app.extensions[EXTENSION]
    app.extensions[STATE] = UploadShelf(current.publication)
    app.extensions[STATE].take_away_old()
    install_sessions(app)


uploading.after_request(not_kept)


def shelf() -> UploadShelf:
    """Return where the application keeps what was sent."""
    return cast("UploadShelf", current_app.extensions[STATE])


@uploading.get("/upload")
def choosing() -> Response:
    """Choose a file, and what its rows are."""
    as_page()
    return _choice(request.args.get("class", ""))


def _choice(wanted: str, problem: Said = NO_WORDS, status: int = 200) -> Response:
    names = interface_names()
    shown = {*offered(_classes().values()), _classes().get(wanted, "")}
    classes = [(slug, names.thing(iri)) for slug, iri in _classes().items() if iri in shown]
    classes.sort(key=lambda each: each[1].text.casefold())
    return private_page("upload.html", status, classes=classes, wanted=wanted, problem=problem, most=MOST_BYTES >> 20)


def _classes() -> dict[str, str]:
    """Return the names of the classes that a row may be → their IRIs; persons are not imported."""
    base, personal, store = publication().base, personal_graphs(publication()), snapshot().release.store
    known = templates().classes().items()
    others = ((name, iri) for name, iri in known if PERSON not in kinds_of((iri,), base))
    return {name: iri for name, iri in others if not personal_home(store, base, iri, personal)}


@uploading.post("/upload")
def send() -> Response:
    """Keep a file that was sent; its sender goes on at its secret address."""
    check_origin()
    if wait := proposing_state().of_one.wait(f"upload {request.remote_addr or ''}"):
        raise too_many(Sentence("too many files from your address"), wait)
    with received() as folder:
        path, name, fields = _parts(folder)
        class_wanted = fields.get("class", "")
        if path is None:
            return _choice(class_wanted, Sentence("no file was chosen"), 422)
        if class_wanted not in _classes():
            return _choice(class_wanted, Sentence("say what a row of the table is"), 422)
        secret = shelf().keep(path, name, class_wanted, request.remote_addr or "")
    return see_other(urls().absolute(urls().link(f"upload/~{secret}")))


def _parts(folder: Path) -> tuple[Path | None, str, dict[str, str]]:
    """Return the file of a multipart form, how its sender calls it, and the fields.

    Raises:
        ProblemError: 400 or 415, it is no such form.
    """
    media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    if media_type != MULTIPART:
        raise ProblemError("media-type", Sentence("send it as a form: multipart/form-data"))
    files, fields = multipart(folder, parameters.get("boundary", ""))
    if len(files) > 1:  # which of them is meant?
        raise ProblemError("bad-request", Sentence("the form has several files"), {"remedy": Sentence("send one")})
    path, name = (files[0][0], files[0][1].filename or "") if files else (None, "")
    return path, name, fields


# What was understood, and what the form says of it.


@dataclass(frozen=True)
class UploadForm:
    """The form of a file that is kept.

    Attributes:
        path: the file.
        about: what is known of it.
        fields: what was posted; nothing at first.
    """

    path: Path
    about: KeptUpload
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a field without the blanks around it."""
        return self.fields.get(name, "").replace("\r\n", "\n").strip()

    @property
    def graph(self) -> str:
        """The IRI of the graph that is named; empty for none."""
        name = self.text("graph")
        return "" if not name else name if ":" in name else publication().graph(name)

    @property
    def base(self) -> str:
        """The sender's own address, below which new things are named; empty for none, or one that cannot be."""
        return "" if _fault_of_base(self.text("base")) else self.text("base")

    def request(self, who: Contributor | None = None) -> ImportRequest:
        """Return what is asked of the import."""
        is_other_sheet = self.text("sheet") != self.text("shown")
        columns = {
            f"#{name[2:]}": text
            for name, text in self.fields.items()
            if name.startswith("c.") and text != self.fields.get(f"w.{name[2:]}") and not is_other_sheet
        }
        answers = {
            self.fields.get(f"t.{name[2:]}", ""): text
            for name, text in self.fields.items()
            if name.startswith("a.") and text
        }
        graph = self.graph if who is not None else ""
        class_iri = _classes()[self.about.class_name]
        memory = memory_of(publication(), graph, class_iri) if graph else ""
        return ImportRequest(
            str(publication().root), str(self.path), self.about.name, class_iri, graph, self.text("sheet"),
            columns, answers, self.base, self.text("language"), tuple(languages()), str(memory),
            "adds" in self.fields, "leaves_out" in self.fields, who,
        )  # fmt: skip


def _fault_of_base(text: str) -> Said:
    if not text or (re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", text) and text.endswith(("/", "#"))):
        return NO_WORDS
    return Sentence("your own address begins with https:// and ends in / or #")


def _form(secret: str, fields: Mapping[str, str]) -> UploadForm:
    path, about = shelf().get(secret)
    if about.class_name not in _classes():
        raise ProblemError("not-found", Sentence("no shape is for things of this class"))
    return UploadForm(path, about, fields)


@uploading.get("/upload/~<secret>")
def understood(secret: str) -> Response:
    """What was understood of a file."""
    as_page()
    return _shown_form(secret, _form(secret, {}))


@uploading.post("/upload/~<secret>")
def go_on(secret: str) -> Response:
    """Look again, with what was said; or publish it, propose it, take it home, or have it removed."""
    check_origin()
    fields = _posted()
    action = fields.get("action", "check")
    if action == "remove":
        shelf().remove(secret)
        return see_other(urls().absolute(urls().link("upload")))
    done = {"publish": _publish, "propose": _propose}.get(action)
    if done is not None:
        return shelf().once(secret, lambda: _answered(secret, _form(secret, fields), done))
    kind = action.removeprefix("download.")
    return _answered(secret, _form(secret, fields), partial(_download, kind=kind) if kind in DOWNLOADS else _shown_form)


def _answered(secret: str, form: UploadForm, answer: Callable[[str, UploadForm], Response]) -> Response:
    """Return an answer to a form; the form with what is wrong, where it cannot be used as it is."""
    fault = _fault_of_base(form.text("base"))
    return _shown_form(secret, form, fault) if fault else answer(secret, form)


def _posted() -> Mapping[str, str]:
    request.max_content_length = request.max_form_memory_size = MOST_FIELD_BYTES
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ProblemError("media-type", Sentence("send it as a form: application/x-www-form-urlencoded"))
    try:
        found = {name: values[0] for name, values in request.form.lists()}
    except RequestEntityTooLarge as problem:
        said = Sentence("this is larger than %(most)s KiB", most=str(MOST_FIELD_BYTES >> 10))
        raise ProblemError("too-large", said) from problem
    if len(found) > MOST_FIELDS:  # what came behind them would be lost
        raise ProblemError("too-large", Sentence("the form has more than %(most)s fields", most=str(MOST_FIELDS)))
    return found


def _previewed(form: UploadForm, who: Contributor | None = None) -> ImportPreview:
    client = request.remote_addr or ""
    return works().rehearse(f"{WORK}:preview_import", form.request(who), ImportPreview, client)


def _contributor(form: UploadForm) -> Contributor | Said:
    """Return who publishes, by their token or as who has signed in at ``/my-data``; or what is wrong with it.

    Raises:
        ProblemError: 403, the form is not of the session; 429, too many tokens were not good.
    """
    token, client = form.text("token"), request.remote_addr or ""
    if not token and (known := signed_in("write")) is not None:
        check_csrf(known[1], form.fields)
        return _permitted(known[0], form)
    if wait := door().failures.wait(client, take=False):
        raise too_many(Sentence("too many attempts with a token that is not good"), wait)
    found = door().contributors.of_token(token) if token else None
    if found is None:
        if token:
            door().failures.wait(client)
        return Sentence("a token of the publisher's is needed to publish here")
    return _permitted(found, form)


def _permitted(found: Contributor, form: UploadForm) -> Contributor | Said:
    if not form.graph or (fault := unfit_name(form.graph, publication().base)):
        return fault if form.graph else Sentence("say into which graph the things go")
    if not may_write(found, form.graph, publication().base):
        return Sentence("the token is not for the graph <%(graph)s>", graph=form.graph)
    return found


def _publish(secret: str, form: UploadForm) -> Response:
    who = _contributor(form)
    if not isinstance(who, Contributor):
        return _shown_form(secret, form, who)
    door().count(who)
    try:
        outcome = works().write(f"{WORK}:publish_import", form.request(who), ImportOutcome)
    except SourceError as fault:
        return _shown_form(secret, form, fault.sentence)
    if not outcome.release:
        return _shown_form(secret, form, preview=outcome.preview)
    shelf().remove(secret)
    graph, things = form.graph, [each for each in outcome.preview.rows if each.state != "same"]
    return private_page(
        "uploaded.html", release=outcome.release, changed=outcome.changed, graph=interface_names().thing(graph),
        things=[(each.label or each.iri, urls().page(each.iri)) for each in things[:ROWS_SHOWN]], total=len(things),
        class_key=class_name(snapshot(), outcome.preview.class_iri), proposed=(),
        forgotten=unpacked(outcome.forgotten),
    )  # fmt: skip


def _propose(secret: str, form: UploadForm) -> Response:
    settings, state = publication().settings.proposals, proposing_state()
    if problem := _unfit_proposal(form):
        return _shown_form(secret, form, problem)
    opened = state.opened(form.fields.get("ticket", ""))
    if opened is None or opened[0] < settings.seconds:
        raise too_many(Sentence("that was fast: wait a moment and send it again"), settings.seconds)
    for rate, key in ((state.of_one, request.remote_addr or ""), (state.of_all, "")):
        if wait := rate.wait(key):
            raise too_many(Sentence("too many proposals are being sent"), wait)
    what = ImportProposal(form.request(), form.text("reason"), form.text("source"), interface(), form.text("address"))
    try:
        found = works().write(f"{WORK}:propose_import", what, ProposedImport)
    except HamkorError as fault:
        return _shown_form(secret, form, fault.sentence)
    if not found.proposed:
        return _shown_form(secret, form, preview=found.preview)
    shelf().remove(secret)
    proposed = [
        (each.label or each.id, urls().absolute(urls().link(f"proposal/~{each.secret}"))) for each in found.proposed
    ]
    return private_page("uploaded.html", proposed=proposed, release="")


def _unfit_proposal(form: UploadForm) -> Said:
    settings = publication().settings.proposals
    token = form.text("token")
    problems = (
        (settings.by == "nobody", Sentence("proposals are not taken here")),
        (form.fields.get(HONEYPOT), Sentence("leave the field empty that is to stay empty")),
        (
            settings.by == "contributors" and door().contributors.of_token(token) is None,
            Sentence("a token of the publisher's is needed to propose something here"),
        ),
        (
            links_in(form.text("reason"), form.text("source")) > settings.links,
            Sentence("there are more than %(most)s web addresses in it", most=str(settings.links)),
        ),
        (
            max(len(form.text(each)) for each in ("reason", "source", "address")) > LONGEST_REASON,
            Sentence("a text is longer than %(most)s characters", most=str(LONGEST_REASON)),
        ),
    )
    return next((problem for is_so, problem in problems if is_so), NO_WORDS)


def _download(secret: str, form: UploadForm, kind: str) -> Response:
    try:
        preview = _previewed(form)
    except SourceError as fault:
        return _choice(form.about.class_name, fault.sentence, 422)
    if preview.unread:
        return _shown_form(secret, form, UNREAD, preview)
    stem = form.about.name.rpartition(".")[0] or "table"
    files = import_files(preview, kind, f"{stem}{SUFFIXES[kind]}", publication(), interface())
    name, content = next(iter(files.items()))
    content_type = DOWNLOADS[kind].content_type
    if len(files) > 1:  # a table and its metadata belong together
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, text in files.items():
                archive.writestr(each, text)
        name, content, content_type = f"{stem}.zip", stream.getvalue(), "application/zip"
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": _plain(name)})
    return response


UNREAD = Sentence("some cells cannot be read: mend them or answer, or leave them out")


def _plain(name: str) -> str:
    return "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in name)


# How it is shown.


@dataclass(frozen=True, slots=True)
class MeaningOption:
    """What a column may mean: as it is sent, as it is read, and whether it is what it means now."""

    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class UploadColumn:
    """A column as the page shows it."""

    letter: str
    heading: str
    automatic: str
    examples: tuple[str, ...]
    how: str
    reason: Said
    options: tuple[MeaningOption, ...]


@dataclass(frozen=True, slots=True)
class UploadFinding:
    """Something that is wrong, as the page shows it; where it can be answered, ``number`` names the question."""

    finding: ImportFinding
    problem: tuple[str, str]
    remedy: Said
    number: int


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A row as a thing: its values with their properties, or what changes of it."""

    row: ImportRow
    values: tuple[tuple[str, Shown], ...]
    changes: tuple[ShownChange, ...]


def _shown_form(
    secret: str, form: UploadForm, problem: Said = NO_WORDS, preview: ImportPreview | None = None
) -> Response:
    if preview is None:
        try:
            preview = _previewed(form)
        except SourceError as fault:
            return _choice(form.about.class_name, fault.sentence, 422)
    state, nonce = proposing_state(), ""
    ticket = form.fields.get("ticket", "")
    names = interface_names()
    status = 422 if problem else 200
    return private_page(
        "upload_preview.html", status, secret=secret, about=form.about, preview=preview, problem=problem,
        fields=form.fields, kind=names.thing(preview.class_iri), columns=tuple(_columns(form, preview)),
        findings=tuple(_findings(preview)), rows=tuple(_rows(preview)),
        named=tuple(_named(preview)), matches=_uncertain(preview),
        left_out=[(each.row, each.text, unpacked(each.reason)) for each in preview.left_out[:LEFT_OUT_SHOWN]],
        others=[(name, unpacked(reason)) for name, reason in preview.others],
        gone=[content_names().thing(each) for each in preview.gone[:ROWS_SHOWN]],
        ticket=ticket if state.opened(ticket) is not None else state.ticket(nonce), honeypot=HONEYPOT,
        settings=publication().settings.proposals, signed=signed_in("write"), tags=publication().settings.languages,
    )  # fmt: skip


def _columns(form: UploadForm, preview: ImportPreview) -> Iterator[UploadColumn]:
    structural = (
        ("-", translated("nothing: it is not taken")), ("iri", translated("the address (IRI) of the thing")),
        ("key", translated("its key, by which it is known again")),
    )  # fmt: skip
    choices = [*structural, *_meanings(preview)]
    for each in preview.columns:
        target = each.target
        automatic = form.fields.get(f"w.{each.letter}", target)
        known = (
            choices if any(value == target for value, _ in choices) else [*choices, (target, _called(target, preview))]
        )
        options = tuple(MeaningOption(value, text, value == target) for value, text in known)
        yield UploadColumn(
            each.letter, each.heading, automatic, each.examples, each.how, unpacked(each.reason) or NO_WORDS, options
        )


def _meanings(preview: ImportPreview) -> Iterator[tuple[str, str]]:
    """Yield what a column may mean, as it is sent and as it is read: properties in the order of the shapes."""
    for path, texts, has_languages in preview.fields:
        text = text_in(texts, (interface(),))[0] or path
        yield path, text
        for tag in publication().settings.languages if has_languages else ():
            yield f"{path}@{tag}", f"{text} ({tag})"


def _called(target: str, preview: ImportPreview) -> str:
    paths, _, tag = target.partition("@")
    text = " / ".join(_property(each, preview) for each in paths.split("|"))
    return f"{text} ({tag})" if tag else text


def _property(path: str, preview: ImportPreview) -> str:
    """Return what a property is called: by the shapes, or else by its label."""
    for each, texts, _ in preview.fields:
        if each == path and (text := text_in(texts, (interface(),))[0]):
            return text
    prefix, colon, local = path.partition(":")
    iri = snapshot().prefixes.get(prefix, "") + local if colon else path
    return interface_names().thing(iri).text if "://" in iri else path


def _findings(preview: ImportPreview) -> Iterator[UploadFinding]:
    for number, each in enumerate(preview.findings[:FINDINGS_SHOWN]):
        said = unpacked(each.problem)
        problem = text_in(said, languages()) if isinstance(said, dict) else (said, "")
        yield UploadFinding(each, problem, unpacked(each.remedy) or NO_WORDS, number)


def _rows(preview: ImportPreview) -> Iterator[UploadRow]:
    values = _shown_values(preview)
    for each in preview.rows[:ROWS_SHOWN]:
        changes = tuple(shown_changes(each.changes)) if each.state == "changed" else ()
        yield UploadRow(each, values(each.values[:VALUES_SHOWN]), changes)


def _named(preview: ImportPreview) -> Iterator[tuple[str, str, tuple[tuple[str, Shown], ...]]]:
    """Yield the new things that cells name: what each is called, the thing, and what is said of it."""
    values = _shown_values(preview)
    for each in preview.named[:ROWS_SHOWN]:
        yield each.label, each.iri, values(each.values)


def _shown_values(preview: ImportPreview) -> Callable[[Iterable[tuple[str, str]]], tuple[tuple[str, Shown], ...]]:
    """Return what makes values as one reads them: by the names of properties and things, also of new ones."""
    names, called, new = content_names(), dict[str, str](), {f"<{each.iri}>": each.label for each in preview.named}

    def value(path: str, text: str) -> tuple[str, Shown]:
        if path not in called:
            called[path] = _property(path, preview)
        shown = replace(names.term(term_of(text)), href="")
        return called[path], replace(shown, text=new.get(text, shown.text))

    return lambda values: tuple(value(*each) for each in values)


def _uncertain(preview: ImportPreview) -> Sequence[object]:
    """Return the names that were taken for things that are called otherwise, each once."""
    seen = dict[str, object]()
    for each in preview.matches:
        if each.text.casefold() != each.taken.label.casefold() or each.alternatives:
            seen.setdefault(each.text, each)
    return list(seen.values())[:ROWS_SHOWN]
