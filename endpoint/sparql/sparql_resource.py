"""``/sparql`` in Flask: the SPARQL 1.1 Protocol, and for who sends no query the service description or a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import pyoxigraph as ox
from cachetools import LRUCache
from flask import Blueprint, Response, g, request

from endpoint.current import Snapshot, languages, see, snapshot, urls
from endpoint.http.problems import Problem, ProblemError, problem_of
from endpoint.http.responses import answer, negotiated, page, problem_response
from endpoint.http.semantics import (
    AS_CSV,
    AS_HTML,
    AS_TSV,
    OF_QUERIES,
    OFFERS,
    Representation,
    choose,
    entity_tag,
    named,
)
from endpoint.pages.results import CONVERTED, results_page
from endpoint.sparql.protocol import Operation, is_kept, query_reader, read_operation, service_fields
from endpoint.sparql.shelf import POLICY, editor_settings, is_installed, shown, shown_examples
from endpoint.things.representations import check_xml, check_xml_file, rdf_document
from graph.model.errors import HamkorError, QueryLimitError, QuerySyntaxError, ReleaseError, Sentence
from graph.model.formats import (
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    RDF_XML,
    RESULTS_CSV,
    RESULTS_JSON,
    RESULTS_TSV,
    RESULTS_XML,
    TRIG,
    TURTLE,
    Format,
)
from graph.model.rdf_terms import DCT, FORMATS, RDF_TYPE, RDFS_LABEL, SD, VOID, XSD
from graph.query.embedded import syntax_error
from graph.query.engine import EXTENSION_FUNCTIONS, Answer, QueryRequest
from graph.query.saved_queries import example_asked_by
from graph.query.sparql.guard import ReaderOptions, ReadQuery

# The service description of ``/sparql`` (SPARQL 1.1 Service Description), with VoID statistics (VoID 4).
#
# It says only what is true: numbers come from the manifest and the catalogue, features from the engine.

SPARQL = "http://www.w3.org/ns/sparql#"
FORMAT_NAMES = {
    RESULTS_JSON: "SPARQL_Results_JSON", RESULTS_XML: "SPARQL_Results_XML", RESULTS_CSV: "SPARQL_Results_CSV",
    RESULTS_TSV: "SPARQL_Results_TSV", TURTLE: "Turtle", N_TRIPLES: "N-Triples", RDF_XML: "RDF_XML",
    JSON_LD: "JSON-LD", N_QUADS: "N-Quads", TRIG: "TriG",
}  # fmt: skip
LANGUAGES = ("SPARQL10Query", "SPARQL11Query", "SPARQLQuery")
"""The last is that of SPARQL 1.2, with the versions beside it; clients of 1.1 know the others."""
SERVICE = ox.BlankNode("service")
"""As in the specification's example; Comunica passes over a service that has another IRI than its endpoint."""
MOST_TRIPLES, MOST_IN_ALL = 20_000, 100_000
"""Named graphs up to so many triples have partitions, and so many triples are counted for them."""
CLASSES = f"SELECT ?class ?n {{ ?dataset <{VOID}classPartition> [ <{VOID}class> ?class ; <{VOID}entities> ?n ] }}"


def service_description(snapshot: Snapshot, endpoint: str) -> list[ox.Triple]:
    """Return the triples that describe the service.

    Args:
        snapshot: the release that it answers from.
        endpoint: the URL that was dereferenced, exactly (Service Description 2).
    """
    publication, manifest = snapshot.publication, snapshot.release.manifest
    service, default = SERVICE, f"{endpoint}#default-graph"
    dataset = f"{publication.base}dataset"
    return [
        _link(service, RDF_TYPE, f"{SD}Service"),
        _link(service, f"{SD}endpoint", endpoint),
        _text(service, RDFS_LABEL, f"SPARQL service of {publication.settings.about.title.get('en', publication.base)}"),
        *(_link(service, f"{SD}supportedLanguage", f"{SD}{name}") for name in LANGUAGES),
        *(_link(service, f"{SD}supportedVersion", f"{SPARQL}{name}") for name in ("version-1.1", "version-1.2")),
        *(_link(service, f"{SD}resultFormat", FORMATS + name) for name in FORMAT_NAMES.values()),
        *_features(snapshot, service),
        *(_link(service, f"{SD}extensionFunction", iri) for iri in sorted(EXTENSION_FUNCTIONS)),
        *(_link(iri, RDF_TYPE, f"{SD}Function") for iri in sorted(EXTENSION_FUNCTIONS)),
        _link(service, f"{SD}defaultEntailmentRegime", "http://www.w3.org/ns/entailment/Simple"),
        _link(service, f"{SD}defaultDataset", dataset),
        _link(dataset, RDF_TYPE, f"{SD}Dataset"),
        _link(dataset, f"{SD}defaultGraph", default),
        _link(default, RDF_TYPE, f"{SD}Graph"),
        _link(default, RDF_TYPE, f"{VOID}Dataset"),
        _number(default, f"{VOID}triples", manifest.triples),
        _text(default, f"{VOID}uriSpace", publication.base, None),
        _number(default, f"{VOID}distinctSubjects", manifest.statistics.subjects),
        _number(default, f"{VOID}distinctObjects", manifest.statistics.objects),
        _number(default, f"{VOID}properties", len(manifest.statistics.properties)),
        *_classes(snapshot, default),
        *_properties(snapshot, default),
        *(_link(default, f"{VOID}vocabulary", iri) for iri in _vocabularies(snapshot)),
        *_named_graphs(snapshot, dataset, endpoint),
        _link(dataset, f"{DCT}license", publication.settings.about.license),
    ]


def _features(snapshot: Snapshot, service: ox.BlankNode) -> Iterator[ox.Triple]:
    """The default graph is the union of the named graphs; federation is there where the settings allow a service."""
    yield _link(service, f"{SD}feature", f"{SD}UnionDefaultGraph")
    if snapshot.publication.settings.federation.services:
        yield _link(service, f"{SD}feature", f"{SD}BasicFederatedQuery")


def _named_graphs(snapshot: Snapshot, dataset: str, endpoint: str) -> Iterator[ox.Triple]:
    partitions = snapshot.once(graph_counts)
    for number, entry in enumerate(snapshot.release.manifest.graphs, 1):
        named, graph = f"{endpoint}#named-graph-{number}", f"{endpoint}#graph-{number}"
        yield _link(dataset, f"{SD}namedGraph", named)
        yield _link(named, RDF_TYPE, f"{SD}NamedGraph")
        yield _link(named, f"{SD}name", entry.iri)
        yield _link(named, f"{SD}graph", graph)
        yield _link(graph, RDF_TYPE, f"{SD}Graph")
        yield _link(graph, RDF_TYPE, f"{VOID}Dataset")
        yield _number(graph, f"{VOID}triples", entry.triples)
        if (counts := partitions.get(entry.iri)) is not None:
            yield from _partitions(graph, counts)


@dataclass(slots=True)
class _Uses:
    """How a property is used: in how many triples, of which subjects, with which objects."""

    triples: int = 0
    subjects: set[object] = field(default_factory=set)
    objects: set[object] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """What one named graph holds: the things of each class, and of each property triples, subjects and objects."""

    classes: Mapping[str, int]
    properties: Mapping[str, tuple[int, int, int]]
    subjects: int
    objects: int


def graph_counts(snapshot: Snapshot) -> dict[str, GraphCounts]:
    """Return the counts of each named graph that is small.

    Who plans a query over the union default graph adds up what is said of the named graphs (Comunica does).
    """
    left, found = MOST_IN_ALL, dict[str, GraphCounts]()
    for entry in snapshot.release.manifest.graphs:
        if entry.triples <= min(MOST_TRIPLES, left):
            left -= entry.triples
            found[entry.iri] = _counted(snapshot.release.store, entry.iri)
    return found


def _counted(store: ox.Store, graph: str) -> GraphCounts:
    classes, uses, subjects, objects = Counter[str](), dict[str, _Uses](), set[object](), set[object]()
    for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
        use = uses.setdefault(quad.predicate.value, _Uses())
        use.triples += 1
        use.subjects.add(quad.subject)
        use.objects.add(quad.object)
        subjects.add(quad.subject)
        objects.add(quad.object)
        if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
            classes[quad.object.value] += 1
    properties = {iri: (use.triples, len(use.subjects), len(use.objects)) for iri, use in sorted(uses.items())}
    return GraphCounts(dict(sorted(classes.items())), properties, len(subjects), len(objects))


def _partitions(graph: str, counts: GraphCounts) -> Iterator[ox.Triple]:
    yield _number(graph, f"{VOID}distinctSubjects", counts.subjects)
    yield _number(graph, f"{VOID}distinctObjects", counts.objects)
    yield _number(graph, f"{VOID}classes", len(counts.classes))
    for place, (iri, entities) in enumerate(counts.classes.items(), 1):
        partition = f"{graph}-class-{place}"
        yield _link(graph, f"{VOID}classPartition", partition)
        yield _link(partition, f"{VOID}class", iri)
        yield _number(partition, f"{VOID}entities", entities)
    for place, (iri, (triples, subjects, objects)) in enumerate(counts.properties.items(), 1):
        partition = f"{graph}-property-{place}"
        yield _link(graph, f"{VOID}propertyPartition", partition)
        yield _link(partition, f"{VOID}property", iri)
        yield _number(partition, f"{VOID}triples", triples)
        yield _number(partition, f"{VOID}distinctSubjects", subjects)
        yield _number(partition, f"{VOID}distinctObjects", objects)


def class_counts(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Return the classes of the release and how many things each has, as its catalogue says; most first."""
    found = snapshot.release.store.query(CLASSES)
    if not isinstance(found, ox.QuerySolutions):
        return []
    counts = {
        term.value: int(number.value)
        for term, number in found
        if isinstance(term, ox.NamedNode) and isinstance(number, ox.Literal)
    }
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _properties(snapshot: Snapshot, default: str) -> Iterator[ox.Triple]:
    for place, (iri, count) in enumerate(snapshot.release.manifest.statistics.properties.items(), 1):
        partition = f"{default}-property-{place}"
        yield _link(default, f"{VOID}propertyPartition", partition)
        yield _link(partition, f"{VOID}property", iri)
        yield _number(partition, f"{VOID}triples", count)


def _vocabularies(snapshot: Snapshot) -> list[str]:
    """Return the namespaces of the properties in use, by their known prefixes."""
    used = snapshot.release.manifest.statistics.properties
    return sorted({iri for iri in snapshot.prefixes.values() if any(name.startswith(iri) for name in used)})


def _classes(snapshot: Snapshot, default: str) -> Iterator[ox.Triple]:
    yield _number(default, f"{VOID}classes", len(class_counts(snapshot)))
    for place, (iri, count) in enumerate(class_counts(snapshot), 1):
        partition = f"{default}-class-{place}"
        yield _link(default, f"{VOID}classPartition", partition)
        yield _link(partition, f"{VOID}class", iri)
        yield _number(partition, f"{VOID}entities", count)


def _node(subject: str | ox.BlankNode) -> ox.NamedNode | ox.BlankNode:
    return ox.NamedNode(subject) if isinstance(subject, str) else subject


def _link(subject: str | ox.BlankNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(_node(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str | ox.BlankNode, predicate: str, text: str, language: str | None = "en") -> ox.Triple:
    return ox.Triple(_node(subject), ox.NamedNode(predicate), ox.Literal(text, language=language))


def _number(subject: str, predicate: str, number: int) -> ox.Triple:
    literal = ox.Literal(str(number), datatype=ox.NamedNode(f"{XSD}integer"))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


# ``/sparql`` in Flask: the SPARQL 1.1 Protocol, and for who sends no query the service description or a form.

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
    try:
        response = answer(representation, bytes, tag=tag, vary=OF_QUERIES)
    except ProblemError:
        body.unlink(missing_ok=True)
        raise
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
