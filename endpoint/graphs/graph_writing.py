"""Named graphs, written: PUT, POST, DELETE, PATCH (Graph Store Protocol), ``/update``; and what came of it."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import IO
from urllib.parse import parse_qsl

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Response, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.graphs.graph_store import entry_of, graph_of, graphs, no_graph, wanted_graph
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
from endpoint.pages.term_names import names_for, text_in
from endpoint.sparql.protocol import FORM, LONGEST_URL, MOST_FIELDS, UPDATE
from graph.model.contributors import EVERY_GRAPH, Contributor
from graph.model.errors import GraphNameError, OutOfScopeError, QueryLimitError, Quotation, Sentence, SourceError
from graph.model.formats import GROUP_FILE, METADATA_SUFFIX, TABLE, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import UPLOADS_FOLDER
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

# Bodies that are sent: into files of the work folder, piece by piece, never larger than they may be.
#
# Content codings are undone here (gzip, RFC 9110 8.4), multipart forms taken apart, media types turned into formats.
# What the documents say is none of its business.

PIECE = 1 << 16
GZIP_WINDOW = 31
MULTIPART = "multipart/form-data"
LONGEST_NAME = 200
"""Bytes of a table's name: with that of its metadata it is to be a file's."""
MOST_PARTS, MOST_TYPED = 100, 1 << 21
TABLES = "text/csv"
UNREAD_CSV = Sentence(
    "CSV needs its CSVW metadata: send a form with both files, clubs.csv and clubs.csv-metadata.json, or RDF"
)
READ: tuple[Representation, ...] = tuple(each for each in OFFERS["graph"] if each.format is not None)
ACCEPTED = ", ".join((*(each.media_type for each in READ), TABLES, MULTIPART))
"""The value of Accept-Post."""
CHARSETS = ("", "utf-8", "utf8", "us-ascii")


@contextmanager
def received() -> Iterator[Path]:
    """Give a folder of its own, in which ``body`` is what this request has sent; it is gone afterwards.

    Raises:
        ProblemError: 400 where it breaks off or is no gzip, 415 for another coding.
        QueryLimitError: it is larger than ``limits.upload_mb``.
    """
    uploads = publication().root / UPLOADS_FOLDER
    uploads.mkdir(parents=True, exist_ok=True)
    with HeldFolder(uploads) as folder:
        with (folder / "body").open("wb") as file:
            _receive(file)
        yield folder


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request has sent: documents, and the fields of a form."""

    documents: tuple[SentDocument, ...]
    fields: dict[str, str] = field(default_factory=dict)


def documents(folder: Path) -> tuple[SentDocument, ...]:
    """Return the documents that this request has sent, a multipart form's each by itself.

    Raises:
        ProblemError: 400 for a form that cannot be read, 415 for a media type that is none of ``ACCEPTED``.
    """
    found = sent(folder)
    if found.fields:
        remedy = {"remedy": Sentence("send each document with a file name")}
        raise ProblemError("bad-request", Sentence("a field of the form is no file"), remedy)
    if not all(is_described(each) for each in found.documents):
        raise _unread(UNREAD_CSV)
    return found.documents


def is_described(document: SentDocument) -> bool:
    """Whether a document says what it means: a table does by its CSVW metadata alone."""
    path = Path(document.path)
    beside = (path.with_name(path.name + METADATA_SUFFIX), path.with_name(GROUP_FILE))
    return document.format != TABLE or any(each.exists() for each in beside)


def sent(folder: Path) -> Sent:
    """Return what this request has sent, the fields of a multipart form included.

    Raises:
        ProblemError: as ``documents``.
    """
    media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    if media_type == MULTIPART:
        return _parts(folder, parameters.get("boundary", ""))
    if media_type == TABLES:
        return Sent((table(folder, "table.csv", folder / "body", None),))
    # without a type RDF/XML is to be tried (SPARQL 1.1 Graph Store HTTP Protocol 5.3)
    form = _format(media_type, parameters.get("charset", "")) if media_type else "rdfxml"
    return Sent((SentDocument(str(folder / "body"), form),))


def table(folder: Path, name: str, body: Path, metadata: Path | None, group: Path | None = None) -> SentDocument:
    """Return a table with its CSVW metadata beside it; without metadata it says nothing that shapes know.

    Args:
        folder: the request's.
        name: how whoever sent it calls it, which is what its metadata calls it.
        body: its file, which is moved.
        metadata: that of its metadata, or None.
        group: that of the metadata of several tables, or None.
    """
    safe = "".join("-" if each in '/\\"' or not each.isprintable() else each for each in name).lstrip(".")
    place = folder / f"table-{len(list(folder.glob('table-*')))}"
    place.mkdir()
    target = place / (safe.encode()[-LONGEST_NAME:].decode(errors="ignore") or "table.csv")
    body.rename(target)
    for source, beside in ((metadata, target.name + METADATA_SUFFIX), (group, GROUP_FILE)):
        if source is not None:
            shutil.copyfile(source, target.with_name(beside))
    return SentDocument(str(target), TABLE, name)


def _receive(file: IO[bytes]) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        detail = Sentence("the content coding %(coding)s is not undone here", coding=coding[:50])
        raise ProblemError("media-type", detail, {}, {"Accept-Encoding": "gzip, identity"})
    left = publication().settings.limits.upload_mb << 20
    if (request.content_length or 0) > left:
        raise _too_large()
    for piece in _pieces() if coding == "identity" else _inflated(_pieces()):
        left -= len(piece)
        if left < 0:
            raise _too_large()
        file.write(piece)


def _pieces() -> Iterator[bytes]:
    """Yield the body as it arrives, with or without Content-Length; its end is the end of the request, or an error."""
    stream, length, size = request.environ["wsgi.input"], request.content_length, 0
    while piece := stream.read(PIECE):
        size += len(piece)
        yield piece
    if length is not None and size != length:
        raise ProblemError(
            "bad-request", Sentence("the body breaks off after %(size)s of %(length)s bytes", size=size, length=length)
        )


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip has compressed, never more at a time than a piece, however small it was made."""
    inflater, ended = zlib.decompressobj(GZIP_WINDOW), True
    try:
        for compressed in pieces:
            rest = compressed
            while rest:
                if inflater.eof:  # another member follows (RFC 1952 2.2)
                    inflater = zlib.decompressobj(GZIP_WINDOW)
                yield inflater.decompress(rest, PIECE)
                rest = inflater.unconsumed_tail or inflater.unused_data
            ended = inflater.eof
        while not inflater.eof and (more := inflater.decompress(inflater.unconsumed_tail, PIECE)):
            yield more
            ended = inflater.eof
    except zlib.error as problem:
        raise ProblemError(
            "bad-request", Sentence("the body is no gzip: %(problem)s", problem=Quotation(problem))
        ) from problem
    if not ended:
        raise ProblemError("bad-request", Sentence("the gzip of the body breaks off"))


def _too_large() -> QueryLimitError:
    limit = publication().settings.limits.upload_mb
    return QueryLimitError(
        "limits.upload_mb",
        limit,
        Sentence("the body is larger than %(number)s MiB", number=str(limit)),
        Sentence("divide it"),
    )


def _format(media_type: str, charset: str) -> str:
    if charset.lower() not in CHARSETS:
        raise _unread(Sentence("the character set %(charset)s is not read here; send UTF-8", charset=charset[:50]))
    for each in READ:
        if each.format is not None and media_type in (each.media_type, *each.aliases):
            return each.format.name
    raise _unread(Sentence("%(media_type)s is not read here", media_type=media_type[:100]))


def _unread(detail: str) -> ProblemError:
    return ProblemError(
        "media-type", detail, {"remedy": Sentence("send %(types)s", types=ACCEPTED)}, {"Accept-Post": ACCEPTED}
    )


def multipart(folder: Path, boundary: str) -> tuple[list[tuple[Path, FileStorage]], dict[str, str]]:
    """Read a multipart form (RFC 7578) that was received; return its files, each with where it lies, and its fields.

    Raises:
        ProblemError: 400, it is none, or has more than is read.
    """
    found: list[Path] = []

    def part_file(**_: object) -> IO[bytes]:
        found.append(folder / f"part-{len(found)}")
        return found[-1].open("w+b")

    parser = MultiPartParser(stream_factory=part_file, max_form_memory_size=MOST_TYPED, max_form_parts=MOST_PARTS)  # type: ignore[arg-type]
    body = folder / "body"
    try:
        with body.open("rb") as stream:
            fields, files = parser.parse(stream, boundary.encode("latin-1"), body.stat().st_size)
    except (ValueError, RequestEntityTooLarge) as problem:
        raise ProblemError(
            "bad-request", Sentence("the multipart form cannot be read: %(problem)s", problem=Quotation(problem))
        ) from problem
    parts = [each for _, each in files.items(multi=True)]
    for each in parts:
        each.stream.close()
    given = [(path, each) for path, each in zip(found, parts, strict=True) if each.filename or path.stat().st_size]
    return given, {name: values[-1] for name, values in fields.lists()}


def _parts(folder: Path, boundary: str) -> Sent:
    given, fields = multipart(folder, boundary)
    described = {_shown(each): path for path, each in given if _shown(each).endswith(METADATA_SUFFIX)}
    tables = {_shown(each) for _, each in given if _is_table(each)}
    _check_names(described, tables)
    read = tuple(
        table(folder, name, path, described.get(name + METADATA_SUFFIX), described.get(GROUP_FILE))
        if name in tables
        else SentDocument(str(path), _part_format(each, path), name)
        for path, each, name in ((path, each, _shown(each)) for path, each in given)
        if name not in described
    )
    return Sent(read, fields)


def _check_names(described: Iterable[str], tables: Collection[str]) -> None:
    """Refuse metadata that is of no table: it would be left out in silence, and some table be without."""
    for name in described:
        if name != GROUP_FILE and name.removesuffix(METADATA_SUFFIX) not in tables:
            detail = Sentence("%(name)s is the metadata of no table of the form", name=name)
            wanted = ", ".join(sorted(each + METADATA_SUFFIX for each in tables)) or "clubs.csv" + METADATA_SUFFIX
            remedy = Sentence("call it %(names)s, and send the table too", names=wanted)
            raise ProblemError("bad-request", detail, {"remedy": remedy})


def _is_table(part: FileStorage) -> bool:
    return part.mimetype == TABLES or (part.filename or "").lower().endswith(".csv")


def _part_format(part: FileStorage, path: Path) -> str:
    """Return the format of a part by its type, or where that says none that is read, by its name and beginning."""
    media_type = part.mimetype
    known = any(each.format and media_type in (each.media_type, *each.aliases) for each in READ)
    if not known and (found := recognised(path, Path(part.filename or "").name)).form and not found.coding:
        return found.form
    return _format(media_type or "a part without a media type", part.mimetype_params.get("charset", ""))


def _shown(part: FileStorage) -> str:
    return "".join(sign for sign in (part.filename or "a part")[:100] if sign.isprintable())


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


@writing.record_once
def _install_acceptable(state: BlueprintSetupState) -> None:
    """Let answers about graphs say what is read here, those to readers included."""
    for blueprint in (graphs.name, writing.name):
        state.app.after_request_funcs.setdefault(blueprint, []).append(_acceptable)


def _acceptable(response: Response) -> Response:
    """Say what is read here (W3C LDP 7.1 for Accept-Post, RFC 5789 3.1)."""
    response.headers.setdefault("Accept-Post", ACCEPTED)
    response.headers["Accept-Patch"] = UPDATE
    return response
