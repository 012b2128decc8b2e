"""``/sparql`` in Flask: the SPARQL 1.1 Protocol, and for who sends no query the service description or a form."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, cast

from cachetools import LRUCache
from flask import Blueprint, Response, g, request

from endpoint.current import Snapshot, languages, see, snapshot, urls
from endpoint.http.negotiation import AS_CSV, AS_HTML, AS_TSV, OFFERS, Representation, choose, named
from endpoint.http.problems import Problem, ProblemError, problem_of
from endpoint.http.responses import answer, negotiated, page, problem_response
from endpoint.http.semantics import OF_QUERIES, entity_tag
from endpoint.pages.results import CONVERTED, results_page
from endpoint.sparql.protocol import Operation, is_kept, query_reader, read_operation, service_fields
from endpoint.sparql.service_description import service_description
from endpoint.sparql.shelf import POLICY, editor_settings, is_installed, shown, shown_examples
from endpoint.things.rdf_documents import check_xml, check_xml_file, rdf_document
from graph.model.errors import HamkorError, QueryLimitError, QuerySyntaxError, ReleaseError, Sentence
from graph.model.formats import Format
from graph.query.embedded import syntax_error
from graph.query.engine import Answer, QueryRequest
from graph.query.saved_queries import example_asked_by
from graph.query.sparql.guard import ReaderOptions, ReadQuery

sparql = Blueprint("sparql", __name__)

MIB = 1 << 20
PIECE = 1 << 16
MOST_DESCRIPTIONS = 16


@sparql.route("/sparql", methods=["GET", "POST", "QUERY"])
def service() -> Response:
    """Answer a query, or describe the service."""
    response, here = _served(), urls()
    if response.status_code < 400 or response.mimetype == AS_HTML.media_type:
        for name, value in service_fields(here.absolute(here.root)):
            response.headers.add(name, value)
    return response


def _served() -> Response:
    body = _body()
    operation = read_operation(request.method, request.query_string, request.headers.get("Content-Type", ""), body)
    if operation.query is None:
        return _without_query(operation)
    try:
        return _answered(operation, operation.query)
    except HamkorError as error:
        problem = problem_of(error)
        return _form(operation, problem) if _prefers_page(operation) else problem_response(problem, pages=False)


def _body() -> bytes:
    """Return the body, at most as large as a query may be."""
    if request.method in ("GET", "HEAD"):
        return b""
    limit = snapshot().publication.settings.limits.query_mb
    most = int(limit * MIB)
    length = request.content_length
    body = request.stream.read(most + 1) if length is None or length <= most else b""
    if (length or 0) > most or len(body) > most:
        raise _too_large(limit)
    return body


def _too_large(limit: float) -> QueryLimitError:
    return QueryLimitError(
        "limits.query_mb",
        limit,
        Sentence("the query is larger than %(number)s MiB", number=f"{limit:g}"),
        Sentence("divide it"),
    )


def _prefers_page(operation: Operation) -> bool:
    """Whether a person waits for the answer: decided before the query form is known."""
    offered = OFFERS["SELECT"]
    return (operation.wished(offered) or choose(request.headers.get("Accept"), offered)) is AS_HTML


def _without_query(operation: Operation) -> Response:
    representation = operation.wished(OFFERS["service"]) or negotiated("service")
    form = representation.format
    if form is None:
        return _form(operation)
    here = urls().absolute(f"{urls().root}/sparql")
    kept, key = snapshot().once(_descriptions), (here, form.name)
    body = kept.get(key)
    if body is None:
        body = kept[key] = rdf_document(snapshot(), service_description(snapshot(), here), form)
    return answer(representation, lambda: body, tag=entity_tag(representation.name, body))


def _descriptions(_: Snapshot) -> LRUCache[tuple[str, str], bytes]:
    """What has been written of the service of a release, by its address and format: JSON-LD takes half a second."""
    return LRUCache(MOST_DESCRIPTIONS)


def _form(operation: Operation, problem: Problem | None = None) -> Response:
    examples, status = shown_examples(), problem.status if problem else 200
    if problem is not None or not is_installed():
        return page("sparql.html", query=operation.query, problem=problem, examples=examples, status=status)
    response = page("sparql.html", query=operation.query, examples=examples, editor=editor_settings(examples))
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _answered(operation: Operation, text: str) -> Response:
    here = snapshot()
    limits, base = here.publication.settings.limits, f"{here.publication.base}sparql"
    if len(text.encode()) > limits.query_mb * MIB:
        raise _too_large(limits.query_mb)

    how = ReaderOptions(here.engine.services, base, limits.query_tokens, limits.query_nesting)
    query = query_reader().read(text, request.remote_addr or "", how)
    representation = _representation(operation, query)
    form = representation.format
    wanted = operation.request(query, form or CONVERTED[query.form], base)
    try:
        if form is None:
            return _page_of(operation, wanted)
        return _sent(_asked(wanted), representation, is_kept=is_kept(query) and request.method in ("GET", "HEAD"))
    except HamkorError as error:
        told = explained(error, query)
        if form is None:
            raise told from error
        return problem_response(problem_of(told), pages=False)


def explained(error: HamkorError, query: ReadQuery) -> HamkorError:
    """Return what the engine says of a query's syntax as an error with a place in the query as it was written."""
    if isinstance(error, QuerySyntaxError) and error.line is None and error.problem.startswith("error at"):
        return syntax_error(SyntaxError(error.problem), query)
    return error


def _representation(operation: Operation, query: ReadQuery) -> Representation:
    """Return the representation of the answer: the first known format= that fits the query form, else by Accept."""
    for name in operation.formats:
        if (found := named(name, OFFERS[query.form])) is not None:
            return found
        if query.form == "ASK" and named(name, (AS_CSV, AS_TSV)) is not None:
            raise ProblemError(
                "not-acceptable",
                Sentence("%(name)s has no form for true and false", name=name),
                {"remedy": Sentence("take JSON or XML")},
            )
    return negotiated(query.form)


def _asked(wanted: QueryRequest) -> Answer:
    """Return the answer; from then on the request sees the release that was asked, whichever became current."""
    found: Answer = snapshot().engine.answer(wanted)
    try:
        see(found.release)
    except ReleaseError:
        if isinstance(found.body, Path):
            found.body.unlink(missing_ok=True)
        raise
    return found


def _sent(found: Answer, representation: Representation, *, is_kept: bool) -> Response:
    """Return the response with the whole answer, which then has its length; to a client that has it, 304."""
    body, tag = found.body, found.tag if is_kept else ""
    if isinstance(body, bytes):
        check_xml(body, cast("Format", representation.format))
        return answer(representation, lambda: body, tag=tag, vary=OF_QUERIES)
    check_spooled(body, cast("Format", representation.format))
    response = answer(representation, bytes, tag=tag, vary=OF_QUERIES)
    if response.status_code == 304:
        body.unlink(missing_ok=True)
        return response
    response.headers["Content-Length"] = str(body.stat().st_size)
    response.response = _pieces(body)
    response.call_on_close(lambda: body.unlink(missing_ok=True))
    return response


def _opened(body: bytes | Path) -> IO[bytes]:
    """Return an answer as a file; one in the spool is removed, and there until the file is closed."""
    if isinstance(body, bytes):
        return BytesIO(body)
    file = body.open("rb")
    body.unlink()
    return file


def check_spooled(path: Path, form: Format) -> None:
    """Make sure that an answer in a file is XML, where it is to be; it is removed where it is not.

    Raises:
        ProblemError: it is not.
    """
    try:
        with path.open("rb") as file:
            check_xml_file(file, form)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _page_of(operation: Operation, wanted: QueryRequest) -> Response:
    """Return the answer as a page, with links to it in the other formats."""
    found = _asked(wanted)
    question = g.question = example_asked_by(operation.query or "", snapshot().examples)
    with _opened(found.body) as body:
        view = results_page(wanted.form, body, snapshot(), urls(), languages(), question)
    downloads = [
        (each.title, urls().route(
            "sparql", query=operation.query or "", format=each.name,
            default_graph_uri=operation.dataset.default_graphs, named_graph_uri=operation.dataset.named_graphs,
        ))
        for each in OFFERS[wanted.form] if each.format is not None
    ]  # fmt: skip
    return page(
        "results.html", query=operation.query, results=view, downloads=downloads,
        question=shown(question) if question else None,
    )  # fmt: skip
