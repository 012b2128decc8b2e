"""``/``, ``/problems``, ``/privacy``, and what programs look for: ``/robots.txt``, the sitemap, ``/.well-known/``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from flask import Blueprint, Response, current_app

from endpoint.current import languages, publication, snapshot, urls
from endpoint.discovery.dataset import is_for_programs, landing
from endpoint.http.jobs import made
from endpoint.http.languages import interface
from endpoint.http.negotiation import AS_LINKSET, AS_SITEMAP, AS_TEXT
from endpoint.http.problems import KINDS, ProblemError
from endpoint.http.responses import answer, as_page, negotiated, page, see_other
from endpoint.http.semantics import HeaderLink, entity_tag
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.front import front_page
from endpoint.pages.term_names import names_for
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.sparql.shelf import shown_examples
from graph.catalogue.contents import graph_named, kinds
from graph.model.errors import Sentence
from graph.releases.dumps import SUBJECTS, Subjects, data_graphs, read_list

# ``/``: what is here at a glance, and how to use it; and ``/problems``, what each type of error means.

home = Blueprint("home", __name__)


@home.get("/")
def front() -> Response:
    """What the publication holds, and how to use it: for people a page, for programs the dataset's catalogue."""
    if is_for_programs():
        return landing("")
    here, manifest = snapshot(), snapshot().release.manifest
    view = front_page(here, content_names(), interface_names())
    about, wanted = here.publication.settings.about, languages()
    links = [
        HeaderLink(urls().absolute(urls().route("dataset.ttl")), "describedby", "text/turtle"),
        HeaderLink(urls().absolute(urls().route("sparql", format="turtle")), "service-desc", "text/turtle"),
        HeaderLink(urls().absolute(urls().route(".well-known/api-catalog")), "api-catalog"),
    ]
    return page(
        "home.html",
        links=links,
        manifest=manifest,
        view=view,
        title=text_in(about.title, wanted),
        summary=text_in(about.description, wanted),
        examples=shown_examples(),
        endpoint=urls().absolute(urls().route("sparql")),
        sample=_sample(view.sample),
    )


def _sample(class_iri: str) -> str:
    """Return a first query that has an answer here."""
    what = f"a <{class_iri}> ;\n         ?property ?value" if class_iri else "?property ?value"
    return f"SELECT * WHERE {{\n  ?thing {what}\n}} LIMIT 10"


@home.get("/problems")
def problems() -> Response:
    """The types of problem that errors name."""
    as_page()
    return page("problems.html", kinds=KINDS)


# ``/privacy``: what personal data is here, why, and how to ask for its removal, in the language of the interface.

privacy = Blueprint("privacy", __name__)


@privacy.get("/privacy")
def notice() -> Response:
    """What personal data is here, why, and how to ask for its removal."""
    own, here = publication(), snapshot()
    settings = own.settings
    withheld = {graph_named(own, name) for name in settings.privacy.withhold_graphs}
    there = {each.iri for each in here.release.manifest.graphs}
    personal = list(dict.fromkeys(graph_named(own, name) for name in settings.privacy.personal_graphs))
    names = names_for(here, urls(), languages(), personal)
    graphs = [
        (
            names.thing(iri) if iri in there else None, iri.removeprefix(own.graph("")),
            tuple(kinds(here.release.store, iri)), iri not in there,
        )
        for iri in personal
    ]  # fmt: skip
    as_page()
    return page(
        "privacy.html",
        graphs=graphs,
        withheld=[iri.removeprefix(own.graph("")) for iri in sorted(withheld)],
        purpose=_chosen(settings.privacy.purpose),
        publisher=_chosen(settings.about.publisher),
        contact=settings.about.contact_iri,
        shown_contact=settings.about.contact.removeprefix("mailto:").removeprefix("tel:"),
    )


def _chosen(texts: dict[str, str]) -> tuple[str, str]:
    """Return a text and its language, best for the interface; both empty where there is none."""
    return text_in(texts, (interface(),))


# How programs find what is here: ``/robots.txt``, the sitemap, and ``/.well-known/``.
#
# Addresses are those of the host that was asked: a sitemap may only list its own (sitemaps.org), and robots do not
# follow names elsewhere.

discovery = Blueprint("discovery", __name__)
PAGES = ("", "dataset", "class", "queries", "graphs", "downloads", "releases", "privacy", "ns")
"""The service's own pages that a search engine may list, as far as they are there."""
NOT_FOR_ROBOTS = (
    "sparql?",
    "query?",
    "search?",
    "resource?",
    "graphs?",
    "reconcile",
    "validate",
    "timemap/",
    "release/",
)
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
VALID_DAYS = 180
API_CATALOG = "https://www.rfc-editor.org/info/rfc9727"


@discovery.get("/robots.txt")
def robots() -> Response:
    """What robots may read, and where the sitemap is (RFC 9309)."""
    here = urls()
    lines = [
        "User-agent: *",
        *(f"Disallow: {here.route('')}{each}" for each in NOT_FOR_ROBOTS),
        f"Allow: {here.route('release')}/*/downloads/",
        "Allow: /",
        "",
    ]
    body = "\n".join([*lines, f"Sitemap: {here.absolute(here.route('sitemap.xml'))}", ""]).encode()
    return answer(AS_TEXT, lambda: body, tag=entity_tag(body))


@discovery.get("/sitemap.xml")
def sitemap() -> Response:
    """The index of the sitemaps: one of the service's pages, and one for each list of things."""
    here = urls()
    names = ["sitemap-0.xml", *(f"sitemap-{number}.xml" for number in range(1, len(_lists()) + 1))]
    items = (_entry("sitemap", here.absolute(here.route(name))) for name in names)
    return _xml("sitemapindex", items)


@discovery.get("/sitemap-<int:number>.xml")
def part(number: int) -> Response:
    """One sitemap: at most 50,000 addresses."""
    here, lists = urls(), _lists()
    if number > len(lists):
        raise ProblemError("not-found", Sentence("there are %(count)s sitemaps", count=len(lists)))
    if number == 0:
        return _xml("urlset", (_entry("url", here.absolute(here.route(name))) for name in _pages()))
    paths = (here.document(iri) for iri in read_list(lists[number - 1]))
    pages = {here.route(name) for name in _pages()}
    own = (here.absolute(path) for path in paths if "?" not in path and path not in pages)
    return _xml("urlset", (_entry("url", each) for each in own))


@discovery.get("/.well-known/void")
def void() -> Response:
    """The description of the dataset (VoID 7.1), as RDF unless a page is preferred."""
    here = urls()
    representation = negotiated("vocabulary", "", lambda each: here.absolute(here.route(f"dataset.{each}")))
    return see_other(here.absolute(here.route(f"dataset.{representation.suffix}")))


@discovery.get("/.well-known/api-catalog")
def api_catalog() -> Response:
    """The interfaces that programs find here (RFC 9727), as a linkset (RFC 9264)."""
    here, routes = urls(), {rule.rule for rule in current_app.url_map.iter_rules()}

    def url(name: str, **parameters: str) -> str:
        return here.absolute(here.route(name, **parameters))

    metadata = [{"href": url(f"dataset.{suffix}"), "type": kind} for suffix, kind in
                (("ttl", "text/turtle"), ("jsonld", "application/ld+json"))]  # fmt: skip
    sparql = {
        "anchor": url("sparql"),
        "service-desc": [{"href": url("sparql", format="turtle"), "type": "text/turtle"}],
        "service-doc": [{"href": url("queries"), "type": "text/html"}],
        "service-meta": metadata,
    }
    others = [{"anchor": url(name), "service-meta": metadata} for name in ("graphs", "reconcile", "search", "validate")
              if f"/{name}" in routes]  # fmt: skip
    items = [{"href": each["anchor"]} for each in (sparql, *others)]
    catalogue = {"anchor": url(".well-known/api-catalog"), "item": items, "describedby": metadata}
    body = json.dumps({"linkset": [catalogue, sparql, *others]}, indent=1).encode() + b"\n"
    response = answer(AS_LINKSET, lambda: body, tag=entity_tag(body))
    response.headers["Content-Type"] = f'{AS_LINKSET.media_type}; profile="{API_CATALOG}"'
    response.headers.add("Link", f'<{url(".well-known/api-catalog")}>; rel="api-catalog"')
    return response


@discovery.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a weakness (RFC 9116); only where the settings name somebody."""
    here, settings = urls(), publication().settings
    if not settings.about.contact:
        raise ProblemError("not-found", Sentence("the publisher has named no contact"))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.about.contact_iri}",
        f"Expires: {today + timedelta(days=VALID_DAYS):%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(settings.languages)}",
        f"Canonical: {here.absolute(here.route('.well-known/security.txt'))}",
        "",
    ]
    body = "\n".join(lines).encode()
    return answer(AS_TEXT, lambda: body, tag=entity_tag(body))


def _lists() -> tuple[Path, ...]:
    subjects = Subjects(snapshot().release.folder, snapshot().release.manifest)
    size = sum(each.size for each in data_graphs(subjects.manifest))
    return made(SUBJECTS, size, subjects.lists, subjects.make)


def _pages() -> Iterator[str]:
    routes = {rule.rule for rule in current_app.url_map.iter_rules()}
    yield from (name for name in PAGES if f"/{name}" in routes and (name != "ns" or snapshot().has_vocabulary))


def _entry(kind: str, url: str) -> str:
    modified = snapshot().release.manifest.created
    return f"<{kind}><loc>{escape(url)}</loc><lastmod>{modified}</lastmod></{kind}>\n"


def _xml(root: str, items: Iterable[str]) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{SITEMAP}">\n{"".join(items)}</{root}>\n'.encode()
    return answer(AS_SITEMAP, lambda: body, tag=entity_tag(body))
