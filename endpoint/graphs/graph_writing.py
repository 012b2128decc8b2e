"""Named graphs, written: PUT, POST, DELETE, PATCH (Graph Store Protocol), ``/update``; and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from urllib.parse import parse_qsl

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Response, request
from werkzeug.http import parse_options_header

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.graphs.graph_store import entry_of, graph_of, no_graph, wanted_graph
from endpoint.graphs.uploads import ACCEPTED, documents, received
from endpoint.http.authorization import contributor_of_request, door
from endpoint.http.jobs import works
from endpoint.http.problems import Problem, ProblemError, document_problem
from endpoint.http.responses import Expected, expected, page
from endpoint.http.semantics import (
    AS_HTML,
    AS_JSON_LD,
    AS_REPORT,
    AS_REPORT_TABLE,
    AS_TURTLE,
    OFFERS,
    Representation,
    choose,
    named,
)
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.term_names import names_for
from endpoint.sparql.protocol import FORM, LONGEST_URL, MOST_FIELDS, UPDATE
from graph.model.contributors import EVERY_GRAPH, Contributor
from graph.model.errors import GraphNameError, OutOfScopeError, Sentence, SourceError
from graph.model.rdf_terms import unfit_name
from graph.parts.contribution.contributed_document import (
    Action,
    Contribution,
    FoundResult,
    Outcome,
    ReportFormat,
    ReportPart,
    SentDocument,
    Update,
)

# What validation found, for a page: findings that are alike are one entry with the places where it was found.
#
# Alike are those that one shape makes of one property in the same words; nodes, values and what mends them may differ.

OPEN = 3
"""So many places of an entry are seen at once; the others unfold."""
UNNAMED = SentDocument("", "").name
"""What a document is called that has no name: a page need not say so."""


@dataclass(frozen=True, slots=True)
class FindingPlace:
    """Where something was found.

    Attributes:
        document: the name of the document, or an empty string where it has none.
        line: in it, where that is known.
        focus: the node, in N-Triples syntax; below the base as a relative IRI.
        value: the offending value, or None.
    """

    document: str
    line: int | None
    focus: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of a report.

    Attributes:
        said: what is said once: the first of the results.
        remedies: how to mend it, by language, each once.
        places: where, each once, from the first line of each document on.
    """

    said: FoundResult
    remedies: tuple[dict[str, str], ...]
    places: tuple[FindingPlace, ...]

    @property
    def shown(self) -> Sequence[FindingPlace]:
        """The places that are seen at once; never all but one."""
        return self.places if len(self.places) <= OPEN + 1 else self.places[:OPEN]

    @property
    def further(self) -> Sequence[FindingPlace]:
        """The places that unfold."""
        return self.places[len(self.shown) :]


def folded(results: Iterable[FoundResult], base: str) -> list[Finding]:
    """Return results as entries, each where its first place stands."""
    alike = dict[tuple[object, ...], list[FoundResult]]()
    for each in results:
        alike.setdefault((each.severity, each.shape, each.path, *sorted(each.messages.items())), []).append(each)
    return [_finding(found, base) for found in alike.values()]


def _finding(found: Sequence[FoundResult], base: str) -> Finding:
    remedies = {tuple(each.remedy.items()): each.remedy for each in found if each.remedy}
    places = dict.fromkeys(_place(each, base) for each in found)
    in_order = sorted(places, key=lambda each: (each.document, each.line or 0))
    return Finding(found[0], tuple(remedies.values()), tuple(in_order))


def _place(result: FoundResult, base: str) -> FindingPlace:
    document = "" if result.document == UNNAMED else result.document
    value = None if result.value == result.focus else result.value
    return FindingPlace(document, result.line, result.focus.replace(f"<{base}", "<", 1), value)


# Validation reports as responses: Turtle, JSON-LD, JSON or a page, by Accept (SHACL 3.6).
#
# They are written by the process that validates; here they are only sent.

KIND = "not-conforming"
FORMATS: dict[str, ReportFormat] = {
    AS_TURTLE.name: "turtle",
    AS_JSON_LD.name: "jsonld",
    AS_REPORT.name: "json",
    AS_HTML.name: "page",
    AS_REPORT_TABLE.name: "csv",
}


def wanted_report() -> Representation:
    """Return the representation of the report that this request gets: Turtle where none of them is acceptable."""
    offered = OFFERS["validation"]
    wished = (named(name, offered) for name in request.args.getlist("format"))
    found = next((each for each in wished if each is not None), None)
    return found or choose(request.headers.get("Accept"), offered) or AS_TURTLE


def report_format() -> ReportFormat:
    """Return how the report has to be written for this request."""
    return FORMATS[wanted_report().name]


def report_response(report: ReportPart, file: Path, status: int, *, only: tuple[str, ...] = ()) -> Response:
    """Return a report; one that refuses (422) is a problem, too, where it is JSON.

    Args:
        report: what it says, in short.
        file: what has been written for ``report_format``.
        status: of the response.
        only: the classes as which it was checked; of all where there are none.
    """
    representation = wanted_report()
    if representation is AS_HTML:
        names = names_for(snapshot(), urls(), languages(), (*report.checked, *only))
        checked = [(names.thing(iri), count) for iri, count in report.checked.items()]
        wanted = [names.thing(iri) for iri in only]
        return page(
            "validation.html", report=report, refused=status == 422, names=names,
            chosen=lambda texts: text_in(texts, languages()),
            checked=checked, wanted=wanted, findings=folded(report.shown, publication().base), status=status,
        )  # fmt: skip
    try:
        body = file.read_bytes()
    except FileNotFoundError:  # the disk took no report: what is known of it goes out as JSON
        representation, body = AS_REPORT, _in_short(report)
    if representation is AS_REPORT and status == 422:
        problem = Problem(
            KIND, Sentence("%(violations)s violations; nothing was published", violations=report.violations)
        )
        members = problem.document(urls().absolute(urls().route("problems")) + f"#{KIND}")
        body = json.dumps(members, ensure_ascii=False).encode()[:-1] + b",\n" + body.lstrip(b"{ \n")
    response = Response(body, status=status, content_type=representation.content_type)
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept"})
    return response


def _in_short(report: ReportPart) -> bytes:
    """Return a report as JSON: the results that are known, and how many there are."""
    rows: dict[str, object] = {"conforms": report.conforms, "results": report.shown}
    if (count := report.violations + report.others) > len(report.shown):
        rows["results_in_all"] = count
    return msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"


# What came of a write as a response: published, or the report of why not.
#
# From then on the request sees the release that the write has made, and so does whoever reads next.


def answered(outcome: Outcome, report: Path, iri: str = "") -> Response:
    """Return the answer to a write: what has been published, or the report of why not.

    Args:
        outcome: what came of it.
        report: the file with the report.
        iri: the graph, where there is one; its URL is the Location of one that is new.
    """
    if not outcome.report.conforms:
        return report_response(outcome.report, report, 422)
    refresh(outcome.release)
    created = outcome.created and bool(iri)
    if outcome.report.others:
        response = report_response(outcome.report, report, 201 if created else 200)
    else:
        response = Response(status=201 if created else 204)
        response.headers.pop("Content-Type", None)
    if created:
        response.headers["Location"] = location(iri)
    return response


def location(iri: str) -> str:
    """Return the URL at which a graph is read."""
    here = urls()
    if iri.startswith(f"{publication().base}graph/"):
        return here.absolute(here.document(iri))
    return here.absolute(here.route("graphs", graph=iri))


# Named graphs, written and updated: PUT, POST, DELETE, PATCH of a graph (Graph Store Protocol), and ``/update``.
#
# It looks at requests; what a document or an update means decides ``graph.parts.contribution``, in a process of its
# own.

# SPARQL Update over HTTP: ``/update`` (SPARQL 1.1 Protocol 2.2), and PATCH of one graph.
#
# It reads the request; what an update means is ``graph.parts.contribution``'s, in a process of its own.

updating = Blueprint("updating", __name__)

READ_TYPES = f"{FORM}, {UPDATE}"
USING, USING_NAMED = "using-graph-uri", "using-named-graph-uri"


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What the update operation of the protocol asks for."""

    text: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


@updating.get("/update")
def no_update() -> Response:
    """Say that an update is posted (SPARQL 1.1 Protocol 2.2): a link that is followed must change nothing."""
    raise ProblemError("method-not-allowed", Sentence("an update is sent by POST"), {}, {"Allow": "POST, OPTIONS"})


@updating.post("/update")
def update() -> Response:
    """Carry out an update."""
    contributor = contributor_of_request()
    refresh()
    door().count(contributor)
    with received() as folder:
        wanted = read_request(request.query_string, request.headers.get("Content-Type", ""), folder / "body")
        response = _updated(folder, wanted, contributor)
    response.headers["Accept-Post"] = READ_TYPES
    return response


def patched(iri: str, contributor: Contributor, expected: Expected) -> Response:
    """Change one graph by an update; that graph is the update's default graph.

    Raises:
        ProblemError: 415 for anything but an update, 422 for one that changes another graph.
    """
    with received() as folder:
        media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
        if media_type != UPDATE:
            detail = Sentence("a graph is patched by %(update)s", update=UPDATE)
            raise ProblemError("media-type", detail, {}, {"Accept-Patch": UPDATE})
        wanted = UpdateRequest(_text((folder / "body").read_bytes(), parameters))
        return _updated(folder, wanted, contributor, iri, expected)


def _updated(
    folder: Path, wanted: UpdateRequest, contributor: Contributor, only: str = "", expected: Expected | None = None
) -> Response:
    report, base = folder / "report", publication().base
    work = Update(
        str(publication().root), wanted.text, only or f"{base}update", contributor, str(report), report_format(),
        only, wanted.using, wanted.using_named, dict(snapshot().engine.services), expected or {},
    )  # fmt: skip
    try:
        calls = bool(work.services)
        outcome = works().write("graph.parts.contribution.work:update", work, Outcome, calls=calls)
    except SourceError as problem:
        raise document_problem(problem) from problem
    except OutOfScopeError as problem:
        raise ProblemError("other-graphs" if only else "out-of-scope", str(problem)) from problem
    return answered(outcome, report)


def read_request(query_string: bytes, content_type: str, body: Path) -> UpdateRequest:
    """Return what a request to ``/update`` asks for.

    Raises:
        ProblemError: 400 without exactly one update or with a bad parameter, 415 for another body.
    """
    if len(query_string) > LONGEST_URL:
        raise ProblemError(
            "uri-too-long",
            Sentence("the URL is longer than %(most)s bytes", most=LONGEST_URL),
            {"remedy": Sentence("use the body")},
        )
    media_type, parameters = parse_options_header(content_type)
    content = body.read_bytes()
    if media_type == UPDATE:
        pairs, updates = _pairs(query_string), [_text(content, parameters)]
    elif media_type == FORM:
        # a form may carry the dataset, too; the URL of the form's request has no part in it (Protocol 2.2.1)
        pairs, updates = _pairs(_text(content, parameters).encode()), []
        updates = [value for name, value in pairs if name == "update"]
    else:
        detail = Sentence(
            "%(media_type)s is not read here", media_type=media_type[:100] or Sentence("a body without a media type")
        )
        raise ProblemError(
            "media-type",
            detail,
            {"remedy": Sentence("send %(types)s", types=READ_TYPES)},
            {"Accept-Post": READ_TYPES},
        )
    if len(updates) != 1 or any(name == "query" for name, _ in pairs):
        raise ProblemError(
            "bad-request", Sentence("exactly one update is needed; there are %(count)s", count=len(updates))
        )
    return UpdateRequest(updates[0], _graphs(pairs, USING), _graphs(pairs, USING_NAMED))


def _text(body: bytes, parameters: Mapping[str, str]) -> str:
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise ProblemError(
            "media-type",
            Sentence("the character set %(charset)s is not read here; SPARQL is UTF-8", charset=charset[:50]),
        )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ProblemError(
            "bad-request", Sentence("the body is not UTF-8, from byte %(start)s on", start=problem.start)
        ) from problem


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict",
            max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError as problem:
        raise ProblemError("bad-request", Sentence("the parameters are not percent-encoded UTF-8")) from problem


def _graphs(pairs: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value for name, value in pairs if name == wanted))
    for iri in found:
        try:
            ox.NamedNode(iri)
        except ValueError as problem:
            detail = Sentence(
                "%(wanted)s=%(iri)s names no graph: an absolute IRI is needed", wanted=wanted, iri=iri[:200]
            )
            raise ProblemError("bad-request", detail) from problem
    return found


# Named graphs, written: PUT, POST, DELETE, PATCH on ``/graph/<name>`` and ``/graphs?graph=`` (Graph Store Protocol).
#
# It looks at who asks and what for, in the order in which one may learn it: token, scope, name, graph, preconditions,
# body. What a document means for the release, ``graph.parts.contribution`` decides in a process of its own.

writing = Blueprint("writing", __name__)

METHODS = ("PUT", "POST", "DELETE", "PATCH")
FRESH = 8


@dataclass(frozen=True, slots=True)
class Target:
    """The graph that a request writes, who writes, and what they expect of it."""

    iri: str
    contributor: Contributor
    expected: Expected


@writing.route("/graph/<path:path>", methods=METHODS)
def write_direct(path: str) -> Response:
    """Write a named graph of ours by its path."""
    return _written(graph_of(path))


@writing.route("/graphs", methods=METHODS)
def write_indirect() -> Response:
    """Write any named graph by its IRI; POST without one makes a new graph."""
    iri = wanted_graph()
    if iri is not None:
        return _written(iri)
    if request.method != "POST":
        raise ProblemError("bad-request", Sentence("which graph? graph= and its IRI are missing"))
    return _created(contributor_of_request())


def _written(iri: str) -> Response:
    contributor = contributor_of_request()
    door().check(contributor, iri)
    check_name(iri, publication().base)
    refresh()
    entry = entry_of(iri)
    if entry is None and request.method in ("DELETE", "PATCH"):
        raise no_graph(iri)
    target = Target(iri, contributor, expected(iri, entry))
    door().count(contributor)
    if request.method == "PATCH":
        return patched(target.iri, contributor, target.expected)
    actions: dict[str, Action] = {"PUT": "put", "POST": "post", "DELETE": "delete"}
    return _contributed(target, actions[request.method])


def _created(contributor: Contributor) -> Response:
    """Make a graph where the contributor may have one; its name is ours to choose (Graph Store Protocol 5.5)."""
    pattern = next((each for each in contributor.graphs if EVERY_GRAPH in each and ":" not in each), None)
    if pattern is None:
        remedy = Sentence("PUT to the graph that the token is for")
        raise ProblemError("out-of-scope", Sentence("the token is not for graphs of new names"), {"remedy": remedy})
    refresh()
    door().count(contributor)
    iri = publication().graph(pattern.replace(EVERY_GRAPH, token_hex(FRESH)))
    door().check(contributor, iri)
    return _contributed(Target(iri, contributor, {iri: None}), "post", is_named=False)


def _contributed(target: Target, action: Action, *, is_named: bool = True) -> Response:
    with received() as folder:
        sent = documents(folder) if action != "delete" else ()
        if not is_named and all(not Path(each.path).stat().st_size for each in sent):
            return Response(status=204)
        report = folder / "report"
        contribution = Contribution(
            str(publication().root), action, target.iri, sent, str(report), report_format(),
            target.contributor, target.expected,
        )  # fmt: skip
        try:
            outcome = works().write("graph.parts.contribution.work:contribute", contribution, Outcome)
        except SourceError as problem:
            raise document_problem(problem) from problem
        return answered(outcome, report, target.iri)


def check_name(iri: str, base: str) -> None:
    """Make sure that a graph can bear a name: an absolute IRI that is the same for every reader.

    Raises:
        GraphNameError: 400.
    """
    if problem := unfit_name(iri, base):
        raise GraphNameError(iri, problem)


@writing.after_request
def _not_kept(response: Response) -> Response:
    """No answer to a write is kept by anybody."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@writing.after_app_request
def _acceptable(response: Response) -> Response:
    """Say, of graphs that are read, too, what is read here (W3C LDP 7.1 for Accept-Post, RFC 5789 3.1)."""
    if request.blueprint in ("graphs", writing.name):
        response.headers.setdefault("Accept-Post", ACCEPTED)
        response.headers["Accept-Patch"] = UPDATE
    return response
