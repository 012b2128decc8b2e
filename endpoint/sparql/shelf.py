"""Saved queries as pages: the examples of a publication, what readers keep, and the editor that both open in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import pyoxigraph as ox
from flask import Blueprint, Response, abort, current_app, render_template, request, send_file
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import EXTENSION, Current, Snapshot, languages, publication, snapshot, urls
from endpoint.http.authorization import Rate, too_many
from endpoint.http.languages import page_language, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, as_page, document_links, negotiated, page, see_other
from endpoint.http.semantics import AS_HTML, OFFERS, choose, entity_tag
from endpoint.pages.term_names import text_in
from endpoint.sparql.protocol import query_reader
from endpoint.things.resources import describing, downloads, find
from endpoint.urls import memento, with_parameters
from graph.model import locations
from graph.model.errors import Sentence
from graph.model.publication import WORK_FOLDER
from graph.model.rdf_terms import OWL, RDF_TYPE, RDFS
from graph.query.saved_queries import ExampleQuery, KeptQuery, check_length, keep, kept_query
from graph.query.sparql.guard import ReaderOptions, read_query

# Queries that are kept: ``POST /query`` keeps one with its release, ``/query/~<name>`` is its page and its answer.
#
# The page shows the query, how programs ask it, and links to its answer in that release and today. A program that asks
# there for results is sent to them. What examples the publication itself has is another matter
# (``endpoint.sparql.sparql_resource.shelf``).

kept = Blueprint("kept", __name__)
RATE = "hamkor-kept-rate"
LONGEST_CODING = 12
"""Bytes of a form that one character takes at the most: four bytes, percent-encoded."""
DATA = {"SELECT": "csv", "ASK": "json", "CONSTRUCT": "turtle", "DESCRIBE": "turtle"}
"""The format that the programs on the page ask for, by query form."""


@kept.post("/query")
def keep_one() -> Response:
    """Keep a query; the answer is a 303 to its page."""
    check_length((request.content_length or 0) // LONGEST_CODING)
    text = request.form.get("query", "").replace("\r\n", "\n").strip()
    if not text:
        raise ProblemError(
            "bad-request", Sentence("query= is missing: the query to be kept, as a form"), {"parameter": "query"}
        )
    check_length(len(text))
    now = snapshot()
    if wait := _rate().wait(request.remote_addr or ""):
        raise too_many(Sentence("too many queries are to be kept"), wait)
    base = f"{now.publication.base}sparql"
    query_reader().read(text, request.remote_addr or "", ReaderOptions(_services(), base))
    found = keep(_folder(), text, now.release.id, publication().settings.limits.kept_queries_mb)
    response = see_other(urls().absolute(urls().link(f"query/~{found.name}")))
    response.headers["Cache-Control"] = "no-store"
    return response


@kept.get("/query/~<name>")
def kept_query_page(name: str) -> Response:
    """The page of a kept query; who asks for results gets them, as they were in its release."""
    found = kept_query(_folder(), name)
    if found is None:
        raise ProblemError(
            "not-found",
            Sentence("no query is kept as ~%(name)s", name=name),
            {"remedy": Sentence("POST it to /query once more")},
        )
    if choose(request.headers.get("Accept"), OFFERS["SELECT"]) is not AS_HTML or "format" in request.args:
        return see_other(
            _answer_then(found, {each: request.args[each] for each in ("format",) if each in request.args})
        )
    here, form = urls(), read_query(found.text, functions=None, services=_services()).form
    address = here.absolute(here.route(f"query/~{name}"))
    return page(
        "kept.html",
        kept=found,
        form=form,
        address=address,
        data=with_parameters(address, {"format": DATA[form]}),
        then=_answer_then(found),
        now=here.absolute(here.link("sparql", query=found.text)),
        endpoint=here.absolute(here.route("sparql")),
    )


def _answer_then(found: KeptQuery, more: dict[str, str] | None = None) -> str:
    """Return where the answer of its release is."""
    here = urls()
    parameters = urlencode({"query": found.text} | (more or {}))
    return here.absolute(memento(here.root, found.release, f"/sparql?{parameters}"))


@kept.record
def _install(state: BlueprintSetupState) -> None:
    current: Current = state.app.extensions[EXTENSION]
    state.app.extensions[RATE] = Rate(current.publication.settings.limits.kept_queries_per_minute)


def _rate() -> Rate:
    return cast(Rate, current_app.extensions[RATE])


def _services() -> Mapping[str, str]:
    return snapshot().engine.services


def _folder() -> Path:
    return publication().root / WORK_FOLDER


# The example queries: ``/queries`` lists them, ``/query/<slug>`` shows one and describes it as RDF.

examples = Blueprint("examples", __name__)


@examples.get("/queries")
def listed() -> Response:
    """All example queries."""
    as_page()
    return page("queries.html", examples=shown_examples())


@examples.get("/query/<path:path>")
def example_query_page(path: str) -> Response:
    """One example query: its text and a link that runs it, or its description as RDF."""
    iri, suffix = find(f"query/{path}")
    example = next((each for each in snapshot().examples if each.iri == iri), None)
    if example is None or negotiated("description", suffix) is not AS_HTML:
        return describing(iri, suffix)
    links = document_links(iri, OFFERS["description"])
    body = render_template(
        "query.html", example=shown(example), links=links, downloads=downloads(iri)
    ).encode()  # fmt: skip
    representation = negotiated("description", suffix)
    location = "" if suffix else urls().absolute(urls().document(iri, representation.suffix))
    return answer(representation, lambda: body, tag=entity_tag(body), location=location, links=links)


def shown_examples() -> list[dict[str, str]]:
    """Return the examples as pages show them, in order."""
    return [shown(each) for each in snapshot().examples]


def shown(example: ExampleQuery) -> dict[str, str]:
    """Return label, comment, text and links of one example, as it is asked in the reader's language."""
    label, language = text_in(example.labels, languages())
    comment, spoken = text_in(example.comments, languages())
    text = example.asked(languages())
    return {
        "label": label or example.slug,
        "language": language,
        "comment": comment,
        "comment_language": spoken,
        "text": text,
        "href": urls().page(example.iri),
        "run": urls().link("sparql", query=text),
    }


# The SPARQL editor of ``/sparql``: YASGUI, served from here, with what it knows of this publication.
#
# It is a package of npm (``endpoint/yasgui``); where it has not been installed, the page has its plain form, which does
# the same work. Nothing is ever asked of another host.

editor = Blueprint("editor", __name__)

FOLDER = Path(__file__).parent.parent / "yasgui" / "node_modules" / "@zazuko" / "yasgui" / "build"
SCRIPT, STYLE, OUTLINES = "yasgui.min.js", "yasgui.min.css", "outlines.json"
TYPES = {SCRIPT: "text/javascript; charset=utf-8", STYLE: "text/css; charset=utf-8", OUTLINES: "application/json"}
DAY = 86_400
MOST_WORDS = 2_000
HANDLES = "'sha256-zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk='"
"""The one style that YASGUI 4.6.2 writes into the page: the handles between columns."""
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {HANDLES}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page with the editor may do: scripts and connections of this host, and none of any other."""
CLASSES = tuple(ox.NamedNode(iri) for iri in (OWL + "Class", RDFS + "Class"))
PROPERTIES = tuple(ox.NamedNode(OWL + name) for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty"))


def is_installed() -> bool:
    """Whether the editor can be served."""
    return (FOLDER / SCRIPT).is_file() and (FOLDER / STYLE).is_file()


@editor.get("/static/editor/<name>")
def asset(name: str) -> Response:
    """A file of the editor, or the outlines of its maps."""
    path = locations.FILE if name == OUTLINES else FOLDER / name
    if name not in TYPES or not path.is_file():
        abort(404)
    response = send_file(path, mimetype=TYPES[name], max_age=DAY, conditional=True)
    response.headers["Content-Type"] = TYPES[name]
    return response


def editor_settings(examples: list[dict[str, str]]) -> dict[str, object]:
    """Return what the editor is told: where it asks, whose prefixes and words it knows, and its first tabs."""
    here, now = urls(), snapshot()
    classes, properties = _words(now)
    return {
        "endpoint": here.absolute(here.route("sparql")),
        "base": here.base,
        "here": here.absolute(f"{here.root}/"),
        "language": page_language(),
        "prefixes": now.prefixes,
        "classes": classes,
        "properties": properties,
        "outlines": here.route(f"static/editor/{OUTLINES}"),
        "examples": [{"label": each["label"], "text": each["text"]} for each in examples],
        "texts": {
            "table": translated("Table"),
            "response": translated("Response"),
            "chart": translated("Chart"),
            "map": translated("Map"),
            "asked": translated("Your query"),
        },
    }


def _words(now: Snapshot) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return classes and properties for completion: those that are used, and those that the ontology has."""
    statistics, merge = now.release.manifest.statistics, ox.DefaultGraph()

    def declared(kinds: tuple[ox.NamedNode, ...]) -> set[str]:
        quads = (
            q for kind in kinds for q in now.release.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, merge)
        )
        return {each.subject.value for each in quads if isinstance(each.subject, ox.NamedNode)}

    classes = {*statistics.classes, *declared(CLASSES)}
    properties = {*statistics.properties, *declared(PROPERTIES)}
    return tuple(sorted(classes))[:MOST_WORDS], tuple(sorted(properties))[:MOST_WORDS]
