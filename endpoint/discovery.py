"""How a publication is found out about: ``/``, ``/dataset``, ``/downloads``, ``/privacy``; what programs look for."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import cast
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import Snapshot, languages, publication, snapshot, urls
from endpoint.http.jobs import made
from endpoint.http.languages import interface
from endpoint.http.problems import KINDS, ProblemError
from endpoint.http.responses import answer, as_page, negotiated, page, see_other
from endpoint.http.semantics import (
    AS_HTML,
    AS_LINKSET,
    AS_SITEMAP,
    AS_TEXT,
    CITATIONS,
    OFFERS,
    HeaderLink,
    Profile,
    Representation,
    entity_tag,
)
from endpoint.pages.front import citation_body, citation_links, dataset_citation, dataset_page, front_page
from endpoint.pages.term_names import names_for, text_in
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.sparql.shelf import shown_examples
from endpoint.things.classes import class_table_dump, listed_classes
from endpoint.things.release_files import ready_file, sent_file
from endpoint.things.representations import (
    ALT,
    Embedding,
    alternates_body,
    dataset_iri,
    dataset_links,
    in_profile,
    of_dataset,
    profile_links,
    rdf_document,
    selected,
)
from graph.catalogue.contents import graph_named, kinds
from graph.catalogue.dataset_description import DCAT_AP_PROFILE, SCHEMA_PROFILE, dcat_view, schema_view
from graph.model.errors import HamkorError, Sentence
from graph.model.formats import Format
from graph.model.rdf_terms import CATALOG_GRAPH
from graph.releases.dumps import (
    SUBJECTS,
    WHOLE,
    Downloads,
    Dump,
    Subjects,
    class_of_file,
    data_graphs,
    downloads_of,
    dump_named,
    graph_dumps,
    read_list,
    whole_dumps,
)

# ``/dataset``: the landing page of the whole, and its catalogue as RDF: VoID, DCAT-AP, PROV and schema.org.
#
# A profile (``endpoint.things.representations``) narrows the RDF to one vocabulary: ``dcat`` or ``schema``. What is
# said is computed with the release (``graph.catalogue``); it comes from the member, so that sizes keep their datatypes.

dataset = Blueprint("dataset", __name__)


@dataset.get("/dataset", defaults={"suffix": ""})
@dataset.get("/dataset.<suffix>")
def landing(suffix: str) -> Response:
    """The dataset: for people a page, for programs its catalogue."""
    profiles, url = of_dataset(urls().base), _url
    profile, representation = selected(profiles, suffix, url)
    links = dataset_links() + profile_links(profiles, profile, url)
    form = representation.format
    if profile == profiles[0]:
        links += [HeaderLink(SCHEMA_PROFILE, "profile"), HeaderLink(DCAT_AP_PROFILE, "profile")]
    if profile is ALT:
        body = alternates_body(dataset_iri(), profiles, representation, url)
    elif representation in CITATIONS:
        body = citation_body(dataset_citation(dataset_iri()), representation)
    else:
        body = _page(links) if form is None else _rdf(profile.iri, form)
    location = "" if suffix else url(profile, representation)
    tag = entity_tag(representation.name, profile.iri, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def is_for_programs() -> bool:
    """Whether a request for the dataset gets anything but a page.

    Raises:
        ProblemError: it gets nothing.
    """
    profiles = of_dataset(urls().base)
    return selected(profiles, "", _url) != (profiles[0], AS_HTML)


def _url(profile: Profile, representation: Representation) -> str:
    here = urls()
    if profile.is_default:
        return here.absolute(here.route(f"dataset.{representation.suffix}"))
    return here.absolute(in_profile(here.route("dataset"), profile, representation))


def _rdf(profile: str, form: Format) -> bytes:
    """Return the catalogue as RDF; it never changes within a release, and is written once."""
    written = snapshot().once(_written)
    if (profile, form) not in written:
        written[profile, form] = rdf_document(snapshot(), _view(profile), form)
    return written[profile, form]


def _written(_: Snapshot) -> dict[tuple[str, Format], bytes]:
    return {}


def catalogue_triples(here: Snapshot) -> list[ox.Triple]:
    """Return the catalogue of a release, its literals exactly as they were written."""
    chunks = here.release.read_graph(here.publication.graph(CATALOG_GRAPH))
    return [quad.triple for chunk in chunks for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)]


def _view(profile: str) -> list[ox.Triple]:
    triples = snapshot().once(catalogue_triples)
    if profile == SCHEMA_PROFILE:
        return schema_view(triples)
    return dcat_view(triples, dataset_iri()) if profile == DCAT_AP_PROFILE else triples


def _page(links: list[HeaderLink]) -> bytes:
    here, wanted = snapshot(), languages()
    triples = here.once(catalogue_triples)
    classes = [iri for iri, _ in here.release.manifest.statistics.classes.items()]
    graphs = [each.iri for each in here.release.manifest.graphs]
    names = names_for(here, urls(), wanted, [*classes, *graphs, *here.publication.settings.about.spatial])
    script = Embedding(schema_view(triples), wanted).script(dataset_iri())
    downloads = [
        (each.title, urls().route(f"dataset.{each.suffix}")) for each in OFFERS["dataset"] if each.format is not None
    ]
    page = dataset_page(here, triples, names, wanted)
    cite = citation_links(lambda suffix: urls().link(f"dataset.{suffix}"))
    return render_template(
        "dataset.html", page=page, links=links, script=script, downloads=downloads, cite=cite,
        citation=dataset_citation(dataset_iri()),
    ).encode()  # fmt: skip


# Downloads: ``/downloads`` lists the files of a release, ``/downloads/<file>`` sends one, whole or in part.
#
# What the files hold is ``graph.releases.dumps``'s. A file that is not there yet is made: a small one at once, a large
# one in a process of its own, while the client is asked to come back.

downloads = Blueprint("downloads", __name__)
ONE_RANGE = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})\Z")
PIECE = 1 << 18


@downloads.get("/downloads", defaults={"suffix": ""})
@downloads.get("/downloads.<suffix>")
def listed(suffix: str) -> Response:
    """The files there are."""
    here, release = urls(), snapshot().release
    representation = negotiated("list", suffix, lambda each: here.absolute(here.route(f"downloads.{each}")))
    files = downloads_of(publication(), release)
    whole = [_row(files, dump) for dump in whole_dumps(release.manifest)]
    graphs = [(entry, [_row(files, dump) for dump in graph_dumps(entry)]) for entry in release.manifest.graphs]
    classes = listed_classes(snapshot()) if release.manifest.index else []  # an earlier version made none
    tables = [(each, _row(files, class_table_dump(snapshot(), each.name))) for each in classes]
    if representation.suffix == "json":
        rows = [*whole, *(row for _, each in graphs for row in each), *(row for _, row in tables)]
        body = json.dumps({"release": release.id, "files": rows}, indent=1).encode() + b"\n"
    else:
        names = names_for(snapshot(), here, languages())
        named = [(entry, names.thing(entry.iri), rows) for entry, rows in graphs]
        body = render_template("downloads.html", whole=whole, graphs=named, tables=tables).encode()
    links = [
        HeaderLink(f"{publication().base}{WHOLE}", "collection", "text/html"),
        HeaderLink(publication().settings.about.license, "license"),
    ]
    alternates = [
        HeaderLink(here.absolute(here.route(f"downloads.{each.suffix}")), "alternate", each.media_type)
        for each in OFFERS["list"]
    ]
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, links=[*links, *alternates])


@downloads.get("/downloads/<path:name>")
def file(name: str) -> Response:
    """One file: all data or one graph in one format, or the things of a class as a table."""
    release = snapshot().release
    dump = _named_file(name)
    if dump is None:
        detail = Sentence("release %(id)s has no file %(name)s", id=release.id, name=repr(name[:200]))
        raise ProblemError("not-found", detail, {"remedy": Sentence("/downloads lists the files")})
    return sent_file(dump, ready_file(dump), [HeaderLink(publication().settings.about.license, "license")])


def _named_file(name: str) -> Dump | None:
    if of_class := class_of_file(unquote(name)):
        return class_table_dump(snapshot(), of_class)
    manifest = snapshot().release.manifest
    return dump_named(manifest, name) or dump_named(manifest, unquote(name))


def _row(files: Downloads, dump: Dump) -> dict[str, object]:
    """Return what the list says of a file; size and checksum where it is there already."""
    here, ready = urls(), files.ready(dump)
    row: dict[str, object] = {
        "name": dump.name,
        "url": here.absolute(here.route(f"downloads/{dump.name}")),
        "graph": dump.graph.iri if dump.graph else None,
        "format": dump.form.title,
        "mediaType": dump.form.media_type,
    }
    if dump.table is not None:
        row["class"] = dump.table.kind
    return row | ({"byteSize": ready.size, "sha256": ready.sha256} if ready else {})


# ``/health`` and ``/ready``: whether the process lives, and whether queries are answered from a release.

operations = Blueprint("operations", __name__)
EXTENSION, STANDINGS = "hamkor-readiness", "hamkor-standings"
ANSWER_SECONDS, KEPT_SECONDS = 2.0, 1.0
"""How long a query may take until the service is not ready, and how long that is believed."""


@dataclass
class Readiness:
    """Whether queries are answered, found out by asking one; whoever asks meanwhile gets what is known."""

    _lock: Lock = field(default_factory=Lock)
    _known: tuple[str, float, HamkorError | None] = ("", float("-inf"), None)

    def check(self, here: Snapshot) -> None:
        """Make sure that queries are answered from a release.

        Raises:
            HamkorError: what a query meets.
            OSError: the store cannot be read.
        """
        with self._lock:
            release, asked, problem = self._known
            if release != here.release.id or time.monotonic() - asked > KEPT_SECONDS:
                problem = self._asked(here)
                self._known = here.release.id, time.monotonic(), problem
        if problem is not None:
            raise problem

    def _asked(self, here: Snapshot) -> HamkorError | None:
        next(here.release.store.quads_for_pattern(None, None, None, None), None)  # pages are made of it
        try:
            here.engine.check(ANSWER_SECONDS)
        except HamkorError as problem:
            return problem
        return None


@operations.get("/health")
def health() -> Response:
    """The process answers."""
    return _fresh(jsonify(status="ok"))


@operations.get("/ready")
def ready() -> Response:
    """A release is open, and queries are answered from it; 503 with the reason where that is not so."""
    here = snapshot()
    cast(Readiness, current_app.extensions[EXTENSION]).check(here)
    facts: dict[str, object] = {"status": "ready", "release": here.release.id}
    facts |= {"triples": here.release.manifest.triples, "created": here.release.manifest.created}
    for standing in current_app.extensions[STANDINGS]:
        facts |= standing(here.publication).facts
    return _fresh(jsonify(facts))


@operations.record
def _install(state: BlueprintSetupState) -> None:
    state.app.extensions[EXTENSION] = Readiness()


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


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
    "propose?",
    "proposal",
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
